"""Sessions that select only what the current actor may read, in the requests of an app.

In go sessions of SQLAlchemy; who reads is the current actor. What the guards of views, and what
finds the current actor, load of the database is not filtered: the former is judged, and the latter
comes before anybody is known.
"""

from __future__ import annotations

import contextlib
import sys
import typing as t
import weakref
from collections.abc import Callable, Iterable

from flask import Flask, g, has_app_context

from ..app_state import Binding, find_state
from ..polar.exceptions import OsoError
from ..polar.value_objects import Record
from ..request_state import UnboundError, find_request, find_request_state, this_app
from ..row_access.reads import Access, Reader, ReadRecord, Reads
from ..row_access.waivers import Waiver, Waiving

if t.TYPE_CHECKING:
    from ..oso import Oso
    from .authorizer import Authorizer

#: The functions of login libraries that call back to find the user, by module and name. What
#: calls a view is not among them.
_LOGIN_FUNCTIONS = {
    ("flask_login.login_manager", "_load_user"),
    ("flask_jwt_extended.view_decorators", "_load_user"),
    ("flask_httpauth", "authenticate"),
    ("flask_httpauth", "get_user_roles"),
}
_NOBODY = (
    "Nobody is known who reads, so rows cannot be filtered. Say who with '@oso.actor_loader', or"
    " read within 'with oso.unfiltered(reason=…)', as commands, jobs and what finds the actor do."
)
_FINDS_ACTOR = "it finds the current actor"


def protect_sessions(
    authorizer: Authorizer, oso: Oso | None, sessions: t.Any, unguarded: Iterable[type]
) -> None:
    """Have sessions select only what the current actor may read.

    :raises OsoError: there is no Oso, or these are no sessions.
    """
    if oso is None:
        raise OsoError("There is no policy to filter rows by. Call 'init_app' or 'set_oso' before.")
    from ..sqlalchemy.sessions.row_filter import filter_rows

    row_filter = filter_rows(sessions, AppReaders(authorizer, oso, frozenset(unguarded)))
    authorizer.loaders.reading = lambda: Waiving(
        Waiver(Access.JUDGED, "a guard judges it", is_own=True), row_filter.begin
    )
    authorizer.actors.reading = lambda: Waiving(Waiver(Access.WAIVED, _FINDS_ACTOR, is_own=True))


def unfiltered_reads(reason: str) -> contextlib.AbstractContextManager[None]:
    """Read, and change in bulk, all rows within a ``with`` block.

    :raises OsoError: there is no reason.
    """
    if not isinstance(reason, str) or not reason.strip():
        raise OsoError("'unfiltered' was given no reason. Say why: 'unfiltered(reason=\"…\")'.")
    return Waiving(Waiver(Access.WAIVED, reason, is_here=_place()))


def _place() -> Callable[[], bool]:
    """Give what tells whether the same request is current, or none as now."""
    begun = find_request()
    if begun is None:
        return lambda: find_request() is None
    # A request that is gone is not the same as none.
    known = weakref.ref(begun)
    return lambda: (now := find_request()) is not None and now is known()


def read_records() -> list[ReadRecord]:
    """Give how the current request has read rows of guarded classes.

    :raises OsoError: there is no request.
    """
    state = find_request_state(this_app())
    if state is None:
        raise OsoError("There is no request, and so nothing that it has read.")
    return [] if state.reads is None else state.reads.records()


class AppReaders(Record):
    """Says who reads in the apps of one FlaskOso.

    :param own: the policy where the current app has none, or none of this FlaskOso.
    :param unguarded: classes whose rows everybody may read.
    """

    authorizer: Authorizer
    own: Oso
    unguarded: frozenset[type]

    @property
    def oso(self) -> Oso:
        """The policy, whose registered classes are guarded."""
        binding = self._binding()
        return self.own if binding is None or binding.oso is None else binding.oso

    def is_of_app(self) -> bool:
        """Tell whether the current app has this FlaskOso."""
        return self._binding() is not None

    def _binding(self) -> Binding | None:
        state = find_state(this_app()) if has_app_context() else None
        return None if state is None else state.bindings.get(self.authorizer)

    def place(self) -> object:
        """Give the current request, or else ``g`` of the current context, or ``None``."""
        current = find_request()
        if current is not None or not has_app_context():
            return current
        return g._get_current_object()

    def find(self) -> Reader | Waiver:
        """Give the current actor with the policy, or why all is read.

        :raises OsoError: neither is known.
        """
        try:
            app = this_app()
        except UnboundError:
            raise OsoError(_NOBODY) from None
        reads = _reads_of(app)
        if reads.conditions is None and _is_finding_user():
            return Waiver(Access.WAIVED, _FINDS_ACTOR)
        try:
            actor = self.authorizer.actors.current(app)
        except (OsoError, RuntimeError) as error:
            raise OsoError(_NOBODY) from error
        return Reader(self.oso, actor, reads)

    def note(self, cls: type | None, access: Access, reason: str | None) -> None:
        """Count a statement, or a look-up, of the current request."""
        if has_app_context():
            _reads_of(this_app()).note(cls, access, reason)


def _reads_of(app: Flask) -> Reads:
    """Give what the current request has read; nothing is kept outside of one."""
    state = find_request_state(app)
    if state is None:
        return Reads()
    if state.reads is None:
        state.reads = Reads()
    return state.reads


def _is_finding_user() -> bool:
    """Tell whether a login library is calling what finds the user."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_name, frame.f_globals.get("__name__")
        if (name[1], name[0]) in _LOGIN_FUNCTIONS:
            return True
        if name[1] == "flask.app":
            return False
        frame = t.cast(t.Any, frame.f_back)
    return False
