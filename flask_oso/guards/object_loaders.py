"""Where the objects come from that requests name: functions of the program, or SQLAlchemy.

In goes a class with an identity, out comes the object, or ``None`` where there is none.
Whether anybody may see it is not decided here.
"""

from __future__ import annotations

import contextlib
import inspect
import typing as t
from collections.abc import Callable

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.local import LocalProxy

from ..callables.sync_callable import GENERATORS, SyncCallable
from ..polar.exceptions import OsoError
from ..polar.host.awaitables import dispose, is_awaitable
from ..request_state import unwrap
from ..row_access.async_sessions import AsyncSessionError

if t.TYPE_CHECKING:
    from ..oso import Oso
    from ..sqlalchemy.identities import Loading
    from ..sqlalchemy.sessions.plans import PrintedStatement

_T = t.TypeVar("_T")
_Loader = t.TypeVar("_Loader", bound=Callable[..., t.Any])


class Loaders:
    """What finds the objects of each class, in all apps of a FlaskOso."""

    def __init__(self) -> None:
        #: The functions of the program that find objects, by class.
        self.functions: dict[type, SyncCallable] = {}
        self._get_session: SyncCallable | None = None
        #: Within what it gives, objects are found; ``None`` if no session is protected.
        self.reading: Callable[[], contextlib.AbstractContextManager[None]] | None = None

    def registration_of(self, cls: type) -> Callable[[_Loader], _Loader]:
        """Give a decorator of the function that finds the objects of a class; the last counts."""
        if not isinstance(cls, type):
            raise OsoError("'loader' takes the class that is loaded. Write '@oso.loader(Post)'.")

        def register(function: _Loader) -> _Loader:
            self.functions[cls] = SyncCallable(function)
            return function

        return register

    def has_function(self, cls: type) -> bool:
        """Tell whether a function finds the objects of a class."""
        return cls in self.functions

    def key_order(self, cls: type) -> tuple[str, ...]:
        """Give the names of what identifies an object of a class, in the order that counts.

        They are the arguments of a function, or the columns of a primary key; none are known of
        other classes.
        """
        registered = self.functions.get(cls)
        if registered is not None:
            return _arguments_of(registered.function)
        if not hasattr(cls, "__mapper__"):
            return ()
        # Imported late: an app without a database need not have SQLAlchemy.
        from ..sqlalchemy.identities import key_names

        return key_names(cls)

    def can_find(self, app: Flask, cls: type) -> bool:
        """Tell whether anything finds objects of a class in an app."""
        if cls in self.functions:
            return True
        extension = app.extensions.get("sqlalchemy")
        if self._get_session is None and getattr(extension, "session", None) is None:
            return False
        from ..sqlalchemy.mapped.tables import mapper_of

        return mapper_of(cls) is not None

    def set_get_session(self, get_session: Callable[[], t.Any]) -> None:
        """Find the objects of mapped classes in the session that a function gives.

        It may be an ``AsyncSession``.
        """
        self._get_session = SyncCallable(get_session)

    def find(
        self,
        app: Flask,
        cls: type,
        identity: t.Any,
        *,
        calls_plainly: bool = False,
        loading: Loading | None = None,
    ) -> t.Any:
        """Give the object of a class with an identity; ``None`` if there is none.

        :param calls_plainly: the app calls functions as they are; see ``SyncCallable``.
        :param loading: how a row is read.
        :raises OsoError: nothing says how to find it, or a function does, and not how it is read.
        """
        if self.reading is None:
            return self._find(app, cls, identity, calls_plainly, loading)
        with self.reading():
            return self._find(app, cls, identity, calls_plainly, loading)

    def _find(
        self, app: Flask, cls: type, identity: t.Any, calls_plainly: bool, loading: Loading | None
    ) -> t.Any:
        registered = self.functions.get(cls)
        if registered is None:
            return self._find_row(app, cls, identity, loading)
        if loading is not None:
            raise OsoError(
                f"A function finds the objects of {cls.__name__!r}, which is given neither"
                " 'options' nor 'for_update'. Leave them out, and have the function do it."
            )
        is_plain = calls_plainly and registered.is_plain
        function = registered.function if is_plain else registered.of(app)
        try:
            found = function(*identity) if isinstance(identity, tuple) else function(identity)
            return found_itself(found, cls)
        except NotFound:
            # As 'get_or_404' says it. The answer must be that to what is hidden.
            return None

    def row_finder(self, app: Flask, cls: type) -> Callable[[t.Any], t.Any]:
        """Give a function that finds rows of a class as :meth:`find` does, made for a guard.

        No session may be protected, and no function find these objects.
        """
        if not self.can_find(app, cls):
            return lambda identity: self.find(app, cls, identity)
        from ..sqlalchemy.identities import make_row_finder

        find_in = make_row_finder(cls)

        def find(identity: t.Any) -> t.Any:
            session = self.session_of(app)
            if session is None:
                return self.find(app, cls, identity)
            return find_in(session, identity)

        return find

    def _find_row(self, app: Flask, cls: type, identity: t.Any, loading: Loading | None) -> t.Any:
        session = self.session_of(app)
        if session is None:
            raise OsoError(
                f"Nothing says how to find an object of {cls.__name__!r}. Register a function:"
                f" '@oso.loader({cls.__name__})', or give 'FlaskOso' the session of"
                " SQLAlchemy: 'session=…'."
            )
        # Imported late: an app without a database need not have SQLAlchemy.
        from ..sqlalchemy.identities import find_row

        return find_row(session, cls, identity, loading)

    def find_again(self, app: Flask, row: t.Any) -> t.Any:
        """Give a row as the session has it that reads for the app; anything else as it is.

        :raises OsoError: the session has no such row.
        """
        state: t.Any = getattr(row, "_sa_instance_state", None)
        if not type(state).__module__.startswith("sqlalchemy.") or state.key is None:
            return row
        session = self.session_of(app)
        if session is None or state.session is session:
            return row
        cls, identity, token = state.key
        with self.reading() if self.reading is not None else contextlib.nullcontext():
            found = session.get(cls, identity, identity_token=token)
        if is_awaitable(found):
            dispose(found)
            return row
        if found is None:
            raise OsoError(
                f"The session of the request has no {type(row).__name__!r} with the key"
                f" {', '.join(map(repr, identity))}. Commit the row before the request."
            )
        return found

    def read(self, app: Flask, oso: Oso, query: t.Any, most: int) -> list[t.Any]:
        """Give the first rows of a query, from the adapter that built it or from the session.

        :raises OsoError: there is neither.
        """
        limited = query.limit(most) if hasattr(query, "limit") else query
        if oso.host.adapter is not None:
            return list(oso.host.adapter.execute_query(limited))[:most]
        session = self.session_of(app)
        if session is None:
            raise OsoError(
                "Nothing says how to read rows. Give 'FlaskOso' the session of SQLAlchemy:"
                " 'session=…'."
            )
        from ..sqlalchemy.sessions.asynchronous import readable

        def read() -> list[t.Any]:
            with self.reading() if self.reading is not None else contextlib.nullcontext():
                return list(readable(session).scalars(limited))

        return self.waiting(app, read)

    def printed(
        self, app: Flask, statement: t.Any, dialect: str | None, *, has_plan: bool
    ) -> PrintedStatement:
        """Give a statement as text, with the plan of the database of the session.

        :param dialect: its name; by default that of the session.
        :raises OsoError: there is no such dialect, or it has no statement for the policy.
        """
        from ..sqlalchemy.sessions.asynchronous import readable
        from ..sqlalchemy.sessions.plans import print_statement

        session = self.session_of(app)

        def read() -> PrintedStatement:
            with self.reading() if self.reading is not None else contextlib.nullcontext():
                return print_statement(statement, readable(session), dialect, has_plan=has_plan)

        return self.waiting(app, read)

    def waiting(self, app: Flask, function: Callable[[], _T]) -> _T:
        """Call a function that reads in the session; in a coroutine if that is asynchronous."""
        try:
            return function()
        except AsyncSessionError as error:
            return self.run_within(app, error.session, function)

    def run_within(self, app: Flask, session: t.Any, function: Callable[[], _T]) -> _T:
        """Call a function in a coroutine, in which it may read an ``AsyncSession``."""
        from ..sqlalchemy.sessions.asynchronous import run_within

        return t.cast(_T, SyncCallable(run_within).of(app)(session, function))

    def session_of(self, app: Flask) -> t.Any:
        """Give the session of an app, or ``None`` where nothing says which one it is."""
        if self._get_session is not None:
            return self._get_session.of(app)()
        return getattr(app.extensions.get("sqlalchemy"), "session", None)


def make_loading(options: t.Any, for_update: t.Any) -> Loading | None:
    """Give how a row is read, where a program says that.

    :raises OsoError: it makes no sense.
    """
    if options == () and for_update is False:
        return None
    # Imported late: an app without a database need not have SQLAlchemy.
    from ..sqlalchemy.identities import read_loading

    return read_loading(options, for_update)


def _arguments_of(function: Callable[..., t.Any]) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # It is not written in Python.
        return ()


def found_itself(found: t.Any, cls: type) -> t.Any:
    """Give the object that a function found, which may have given a proxy of it.

    :raises OsoError: it is to be waited for.
    """
    if issubclass(type(found), LocalProxy):
        found = unwrap(found)
    # Most classes say at once that there is nothing to wait for.
    return _awaited(found, cls) if may_wait(type(found)) else found


def may_wait(kind: type) -> bool:
    """Tell whether objects of a class may have to be awaited."""
    return hasattr(kind, "__await__") or kind in GENERATORS


def _awaited(found: t.Any, cls: type) -> t.Any:
    if is_awaitable(found):
        dispose(found)
        raise OsoError(
            f"The loader of {cls.__name__!r} gave an awaitable in place of an object. Make it"
            " an 'async def' function."
        )
    return found
