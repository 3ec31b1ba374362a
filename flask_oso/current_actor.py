"""Who acts: the current user, where the login libraries of an app keep it.

In goes an app, out comes the actor of the current request. A library is asked only if the
app uses it, and is never imported for that. Whatever goes wrong in one is raised: an error
is not an anonymous actor. Where two of them know somebody, it has to be the same user.
"""

from __future__ import annotations

import contextlib
import inspect
import pkgutil
import sys
import types
import typing as t
from collections.abc import Callable

from flask import Flask, g, has_request_context, request, session
from flask.globals import app_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy

from .app_state import AppState, state_of
from .callables.sync_callable import GENERATORS, SyncCallable
from .config import Config
from .denials.login_libraries import is_anonymous, login_manager_of, uses_jwt
from .polar.exceptions import OsoError
from .polar.host.awaitables import described, dispose, is_awaitable
from .polar.host.value_classes import KEY_KINDS
from .polar.value_objects import Record
from .request_state import (
    NOT_GIVEN,
    context_finder,
    find_request_state,
    find_stand_in,
    request_state_of,
    this_app,
    this_request,
    unwrap,
)

_find_g: Callable[[], t.Any] = g._get_current_object

_app_context = context_finder("_cv_app", app_ctx)
_request_context = context_finder("_cv_request", request)
#: Of so many classes of actors it is known how they are found.
_MOST_CLASSES = 100
_NOTHING: t.Mapping[str, t.Any] = types.MappingProxyType({})
_NO_ACTOR = (
    "Set 'g.user' in a 'before_request' function (None for nobody), or find the actor in a function"
    " below '@oso.actor_loader'."
)
_FAILED_ACTOR = "The function that finds the actor raised AttributeError: {}."


class ActorFinder:
    """Finds the current actor, in all apps of one FlaskOso.

    :param find_again: gives a row as the session of the request has it.
    """

    def __init__(self, find_again: Callable[[Flask, t.Any], t.Any]) -> None:
        #: What the program says finds the actor; it comes before anything else.
        self.get_actor: SyncCallable | None = None
        #: It is called until it finds somebody, and no more in the same request.
        self.is_found_once = False
        self._find_again = find_again
        #: Within what it gives, actors are found; ``None`` if no session is protected.
        self.reading: Callable[[], contextlib.AbstractContextManager[None]] | None = None

    def current(self, app: Flask) -> t.Any:
        """Give the actor of the current request; ``None`` is nobody.

        :raises OsoError: the function that finds it raised ``AttributeError``.
        """
        state: AppState | None = app.extensions.get("oso")
        if state is None:
            return self._within(app)
        find = state.actor_finders.get(self)
        return self.finder(app, state)() if find is None else find()

    def finder(self, app: Flask, state: AppState) -> Callable[[], t.Any]:
        """Give a function that does in an app as :meth:`current` does, made once for the app.

        The usual place is looked at first, and in one step, where nothing else may say who acts.

        :param state: what the app keeps.
        """
        return state.actor_finders.setdefault(self, self._new_finder(app, state))

    def _new_finder(self, app: Flask, state: AppState) -> Callable[[], t.Any]:
        if NamedActor in state.parts:
            return lambda: self._within(app)
        modules, of_app, extensions, usual = sys.modules, vars(app), app.extensions, _UsualClasses()

        def find() -> t.Any:
            if (
                self.get_actor is None
                and self.reading is None
                and "flask_oso.testing" not in modules
                and "flask_httpauth" not in modules
                and "login_manager" not in of_app
                and "flask-jwt-extended" not in extensions
            ):
                try:
                    values = _app_context(None).g.__dict__
                except AttributeError:  # There is no context, or 'g' has values of its own.
                    values = getattr(_find_g(), "__dict__", _NOTHING)
                if "user" not in values:
                    actor = values.get("current_user")
                else:
                    # Where both are set they have to agree.
                    actor = None if "current_user" in values else values["user"]
                if usual[type(actor)]:
                    return actor
            return self._within(app)

        return find

    def _within(self, app: Flask) -> t.Any:
        if self.reading is None:
            return self._current(app)
        with self.reading():
            return self._current(app)

    def _current(self, app: Flask) -> t.Any:
        stand_in = find_stand_in() if "flask_oso.testing" in sys.modules else None
        if stand_in is not None:
            return self._standing_in(app, stand_in.actor)
        state: AppState | None = app.extensions.get("oso")
        named: NamedActor | None = None if state is None else state.parts.get(NamedActor)
        try:
            if self.get_actor is not None:
                find = _found_once if self.is_found_once else _found_now
                actor = find(app, self.get_actor)
            else:
                actor = find_actor(app) if named is None else named.of(app)
            # Most classes say at once that there is nothing to wait for.
            may_wait = hasattr(type(actor), "__await__") or type(actor) in GENERATORS
            return _awaited(actor) if may_wait else actor
        except AttributeError as error:
            failure = OsoError(
                "Getting the current actor failed. You may need to override the current actor"
                " function with FlaskOso#set_get_actor"
            )
            is_unset = self.get_actor is None and named is None and str(error) == "current_user"
            failure.add_note(_NO_ACTOR if is_unset else _FAILED_ACTOR.format(error))
            raise failure from error

    def sighting(self, app: Flask, actor: t.Any) -> Sighting | None:
        """Give what tells whether this is the current actor still; ``None``: it has to be found.

        A proxy may lead to somebody else at any time, and a function that is asked each time may
        find somebody else. Whom one finds once in a request stays.
        """
        try:
            values = _values_of_g()
        except RuntimeError:
            return None
        if values is None or find_stand_in() is not None:
            return None
        state: AppState | None = app.extensions.get("oso")
        named: NamedActor | None = None if state is None else state.parts.get(NamedActor)
        if self.get_actor is not None or named is not None:
            function = self.get_actor or (named and named.function)
            request_state = find_request_state(app)
            found = () if request_state is None else request_state.found_actors
            if not any(known is function and each is actor for known, each, _ in found):
                return None
        names = (values.get(name) for name in ("user", "current_user"))
        if any(issubclass(type(each), LocalProxy) for each in names):
            return None
        return Sighting(actor, values)

    def _standing_in(self, app: Flask, actor: t.Any) -> t.Any:
        """Give who stands in for the actor, as the session of the request has the row."""
        state = request_state_of(app, this_request())
        if state.stand_in is NOT_GIVEN:
            state.stand_in = self._find_again(app, actor)
        return state.stand_in


class _UsualClasses(dict[type, bool]):
    """Tells of the classes of actors whether these are what they are, and not to be awaited."""

    def __missing__(self, cls: type) -> bool:
        is_usual = not (
            cls is type(None)
            or issubclass(cls, LocalProxy)
            or cls in GENERATORS
            or hasattr(cls, "__await__")
        )
        if len(self) < _MOST_CLASSES:
            self[cls] = is_usual
        return is_usual


def _found_now(app: Flask, function: SyncCallable) -> t.Any:
    return unwrap(function.of(app)())


def _found_once(app: Flask, function: SyncCallable) -> t.Any:
    """Give whom a function of the program finds; it is called until it finds somebody.

    A proxy is asked each time: it knows when somebody else logs in.
    """
    state = find_request_state(app)
    if state is None:
        return _found_now(app, function)
    for known, actor, login in state.found_actors:
        # Somebody may log in or out meanwhile.
        if known is function and _login_in(app) is login:
            return actor
    found = function.of(app)()
    if issubclass(type(found), LocalProxy):
        return unwrap(found)
    if found is not None and not is_awaitable(found) and not is_anonymous(app, found):
        others = (each for each in state.found_actors if each[0] is not function)
        state.found_actors = (*others, (function, found, _login_in(app)))
    return found


def _login_in(app: Flask) -> t.Any:
    """Give whom Flask-Login has found for the request by now; ``None`` if it was not asked."""
    if "login_manager" not in vars(app):
        return None
    return getattr(_find_g(), "__dict__", _NOTHING).get("_login_user")


def _awaited(actor: t.Any) -> t.Any:
    """Give the current actor.

    :raises OsoError: nobody has awaited it.
    """
    if is_awaitable(actor):
        dispose(actor)
        raise OsoError(
            f"What finds the current actor gave {described(actor)}, and not what that gives."
            " Give the 'async def' function itself to '@oso.actor_loader' or 'OSO_ACTOR', or"
            " await it before the actor is put on 'g'."
        )
    return actor


def find_actor(app: Flask) -> t.Any:
    """Give the actor of the current request; ``None`` is nobody.

    Flask-Login (and Flask-Security, which builds on it), Flask-JWT-Extended,
    Flask-HTTPAuth and ``g`` are asked, all of them: who sends a session of one user and a
    token of another is neither.

    :raises HTTPException: they know different people, or one refuses what the client sent.
    :raises AttributeError: nothing says who acts, not even that it is nobody.
    """
    if _is_alone(app):
        values = getattr(_find_g(), "__dict__", {})
        actor = values.get("current_user", NOT_GIVEN)
        # The usual place, told from others without a call.
        if "user" in values or actor is NOT_GIVEN or issubclass(type(actor), LocalProxy):
            actor = _of_g()
        return _find_g().current_user if actor is NOT_GIVEN else actor
    is_known, known = False, []
    for source in _SOURCES:
        actor = source.find(app)
        if actor is None:
            is_known = True
        elif actor is not NOT_GIVEN:
            known.append((source, actor))
    if known:
        return _agreed(app, known)
    return None if is_known else _find_g().current_user


class Sighting:
    """The current actor, for as long as what says who acts is as it was.

    That is the request, which keeps what is found in its session and its headers, and the values
    of ``g``, where libraries put whom they let in.
    """

    __slots__ = ("_app_context", "_number", "_request_context", "_seen", "_values", "actor")

    def __init__(self, actor: t.Any, values: dict[str, t.Any]) -> None:
        self.actor = actor
        self._app_context = _app_context(None)
        self._request_context = _request_context(None)
        self._values = values
        # They are held, so that no other value gets the identity of one.
        self._seen = tuple(values.items())
        self._number = len(values)

    def holds(self) -> bool:
        """Tell whether the same request has the same values on ``g``."""
        # Written out: a page asks it with each question, and each call takes as long as the rest.
        context, values = _app_context(None), self._values
        try:
            if (
                context is not self._app_context
                or _request_context(None) is not self._request_context
                or context.g.__dict__ is not values
                or len(values) != self._number
            ):
                return False
            for name, value in self._seen:
                if values[name] is not value:
                    return False
        except (AttributeError, KeyError):  # 'g' is another object by now, or has other values.
            return False
        return True


def _values_of_g() -> dict[str, t.Any] | None:
    """Give the values of ``g``; ``None`` if its class may have others.

    :raises RuntimeError: there is no app context.
    """
    found = _find_g()
    return found.__dict__ if type(found) is Flask.app_ctx_globals_class else None


def _is_alone(app: Flask) -> bool:
    """Tell whether no login library may know who acts."""
    return (
        "login_manager" not in vars(app)
        and "flask-jwt-extended" not in app.extensions
        and "flask_httpauth" not in sys.modules
    )


class NamedActor:
    """The actor as ``OSO_ACTOR`` says it is found.

    A name is looked up when it is first needed: the module may be importing the app now.

    :param named: a function, a proxy, or the name of one: ``"package.module:name"``.
    :raises OsoError: it is neither.
    """

    def __init__(self, named: t.Any) -> None:
        # Not isinstance: a proxy claims to be what it stands for.
        self._name = named if issubclass(type(named), str) else None
        #: What finds the actor; ``None`` while nobody was looked for.
        self.function: SyncCallable | None = None
        if self._name is None:
            self.function = _function_of(named, named)
        elif not all(part.strip() for part in self._name.partition(":")):
            raise OsoError(f"'OSO_ACTOR' is {named!r}. Write 'package.module:function'.")

    def of(self, app: Flask) -> t.Any:
        """Give the actor of the current request; ``None`` is nobody."""
        function = self.function
        if function is None:
            function = self.function = self._looked_up()
        actor = _found_once(app, function)
        return None if is_anonymous(app, actor) else actor

    def _looked_up(self) -> SyncCallable:
        try:
            found = pkgutil.resolve_name(self._name or "")
        except (ImportError, AttributeError, ValueError) as error:
            raise OsoError(
                f"'OSO_ACTOR' is {self._name!r}, and there is no such function. Write"
                " 'package.module:function'."
            ) from error
        return _function_of(found, self._name)


def actor_function(function: t.Any) -> SyncCallable:
    """Give the function that finds the current actor.

    :raises OsoError: it is none, or takes arguments.
    """
    if not callable(function) or isinstance(function, type):
        raise OsoError(
            f"'actor_loader' decorates a function that gives the current actor, and was given"
            f" {function!r}."
        )
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise OsoError(
            f"The actor loader {getattr(function, '__name__', function)!r} takes arguments, and is"
            " given none. It finds the actor of the current request itself, as in 'g' or 'session'."
        ) from error
    except ValueError:  # It is not written in Python.
        pass
    return SyncCallable(function)


def named_actor_of(config: Config) -> NamedActor | None:
    """Give the actor that ``OSO_ACTOR`` names, if it does."""
    named = config.values["OSO_ACTOR"]
    return None if named is None else NamedActor(named)


def _function_of(found: t.Any, named: t.Any) -> SyncCallable:
    # A proxy can be called, too: that would call the user.
    if issubclass(type(found), LocalProxy):
        return SyncCallable(lambda: found)
    if not callable(found):
        raise OsoError(f"'OSO_ACTOR' is {named!r}, which cannot be called. Name a function.")
    return SyncCallable(found)


def _of_flask_login(app: Flask) -> t.Any:
    if login_manager_of(app) is None or not has_request_context():
        return NOT_GIVEN
    user = unwrap(sys.modules["flask_login"].current_user)
    return user if user.is_authenticated else None


def _of_request_loader(app: Flask) -> t.Any:
    """Give whom the request itself names where Flask-Login knows somebody by the session.

    It does not ask its ``request_loader`` then, and so would not know that it is another. That
    may look into any header, the query string or the body.
    """
    load = getattr(login_manager_of(app), "_request_callback", None)
    if load is None or not has_request_context() or "_user_id" not in session:
        return NOT_GIVEN
    current = this_request()
    request_state = request_state_of(app, current)
    if request_state.header_actor is NOT_GIVEN:
        user = unwrap(app.ensure_sync(load)(current))
        request_state.header_actor = None if is_anonymous(app, user) else user
    return request_state.header_actor


def _of_jwt(app: Flask) -> t.Any:
    if not uses_jwt(app) or not has_request_context():
        return NOT_GIVEN
    # The library keeps what it finds on 'g', which nested requests share.
    request_state = request_state_of(app, this_request())
    if request_state.token_actor is NOT_GIVEN:
        request_state.token_actor = _actor_of_token(sys.modules["flask_jwt_extended"])
    return request_state.token_actor


def _actor_of_token(jwt: t.Any) -> t.Any:
    if not _verify_token(jwt):
        return None
    try:
        return jwt.get_current_user()
    except RuntimeError:  # The app has no 'user_lookup_loader'.
        return jwt.get_jwt_identity()


def _verify_token(jwt: t.Any) -> bool:
    """Verify the token of the request, and tell whether it has one.

    Refresh tokens are for views that have a decorator for them, which was there before.
    """
    try:
        known = jwt.get_jwt()
    except RuntimeError:
        known = None
    try:
        return jwt.verify_jwt_in_request(optional=True) is not None
    except jwt.exceptions.WrongTokenError:
        if not known or jwt.verify_jwt_in_request(refresh=True)[1] != known:
            raise
        return True


def _of_http_auth(app: Flask) -> t.Any:
    # It leaves the user on 'g', in views that it protects, and no other trace in the app.
    if "flask_httpauth" not in sys.modules:
        return NOT_GIVEN
    user = getattr(_find_g(), "flask_httpauth_user", NOT_GIVEN)
    return None if user is False else user


def _of_any_g(app: Flask) -> t.Any:
    # An application may put there what Flask-Login has for nobody.
    actor = _of_g()
    if actor is NOT_GIVEN or actor is None:
        return actor
    return None if is_anonymous(app, actor) else actor


def _of_g() -> t.Any:
    # 'g' itself looks for what is missing in a way that takes longer than a decision.
    values = getattr(_find_g(), "__dict__", {})
    current_user = values.get("current_user", NOT_GIVEN)
    if issubclass(type(current_user), LocalProxy):
        current_user = unwrap(current_user)
    if "user" not in values:
        return current_user
    user = unwrap(values["user"])
    if current_user is NOT_GIVEN or user is current_user:
        return user
    raise OsoError(
        "'g.user' and 'g.current_user' are not the same, so it is not clear who acts. Say it with"
        " 'OSO_ACTOR' or '@oso.actor_loader'."
    )


# -- agreement -------------------------------------------------------------------------


class _Source(Record, eq=False):
    """What may know who acts."""

    name: str
    find: Callable[[Flask], t.Any]
    #: The attributes of a user of another source that are names of whom this one knows.
    keys: tuple[str, ...] = ()


_HTTP_AUTH = _Source("Flask-HTTPAuth", _of_http_auth, ("username", "name", "email"))
_REQUEST_LOADER = _Source("the 'request_loader' of Flask-Login", _of_request_loader)
_SOURCES = (
    _Source("Flask-Login", _of_flask_login),
    _REQUEST_LOADER,
    _Source("Flask-JWT-Extended", _of_jwt, ("id",)),
    _HTTP_AUTH,
    _Source("'g'", _of_any_g),
)


def _agreed(app: Flask, known: list[tuple[_Source, t.Any]]) -> t.Any:
    """Give the actor that all who know somebody mean.

    :raises HTTPException: they mean different people, or one was sent what it refuses.
    """
    first, actor = known[0]
    for source, other in known[1:]:
        if not (_is_same(actor, other) or _names(source, other, actor)):
            raise _contradiction(app, f"{first.name} and {source.name} know different people")
    refusing = _refusing(app, {source for source, _ in known})
    if refusing is not None:
        raise _contradiction(app, f"{first.name} knows somebody, and {refusing.name} refuses")
    return actor


def _is_same(one: t.Any, other: t.Any) -> bool:
    """Tell whether two values are one user, say one row that was read by two sessions."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    key = _row_key(one)
    return key == _row_key(other) if key is not None else (one == other) is True


def _row_key(value: t.Any) -> t.Any:
    state: t.Any = getattr(value, "_sa_instance_state", None)
    return state.key if type(state).__module__.startswith("sqlalchemy.") else None


def _names(source: _Source, name: t.Any, user: t.Any) -> bool:
    """Tell whether a source that knows a name means a user."""
    if (type(name) is not str and type(name) is not int) or not source.keys:
        return False
    keys = [getattr(user, each, None) for each in source.keys]
    if hasattr(user, "get_id"):
        keys.append(user.get_id())
    return str(name) in [str(each) for each in keys if type(each) in KEY_KINDS]


def _refusing(app: Flask, knowing: set[_Source]) -> _Source | None:
    """Give who was sent something in the 'Authorization' header, and knows nobody by it.

    A token is for Flask-JWT-Extended where the app has that.
    """
    # As it was sent: of what cannot be read, such as a garbled password, Flask tells nothing.
    sent = this_request().environ.get("HTTP_AUTHORIZATION") if has_request_context() else None
    if not sent or _HTTP_AUTH in knowing or _REQUEST_LOADER in knowing:
        return None
    if sent.strip().lower().startswith("bearer") and uses_jwt(app):
        return None
    refusing = (each for each in (_HTTP_AUTH, _REQUEST_LOADER) if each.find(app) is None)
    return next(refusing, None)


def _contradiction(app: Flask, fact: str) -> HTTPException:
    # Imported late: it comes with what is imported when an app is initialized.
    from .denials.problems import ContradictionProblem

    app.logger.warning(
        "%s, so it is not clear who acts: the request was answered 400. Say it with 'OSO_ACTOR' or"
        " '@oso.actor_loader'.",
        fact,
    )
    return ContradictionProblem()


def _find_current() -> t.Any:
    app = this_app()
    return state_of(app).part(ActorFinder).current(app)


#: The actor of the current request, as the current app's FlaskOso finds it.
current_actor: t.Any = LocalProxy(_find_current)
