"""Who acts: the current user, where the login libraries of an app keep it.

In goes an app, out comes the actor of the current request. A library is asked only if the
app uses it, and is never imported for that. Whatever goes wrong in one is raised: an error
is not an anonymous actor.
"""

from __future__ import annotations

import importlib
import sys
import typing as t
from collections.abc import Callable

from flask import Flask, g, has_request_context
from werkzeug.local import LocalProxy

from .callees import Callee
from .globals import NOT_GIVEN, mark_of, this_request, unwrap
from .polar.exceptions import OsoError

_find_g: Callable[[], t.Any] = g._get_current_object


def find_actor(app: Flask) -> t.Any:
    """Give the actor of the current request; ``None`` is nobody.

    Flask-Login (and Flask-Security, which builds on it), Flask-JWT-Extended,
    Flask-HTTPAuth and ``g`` are asked in this order. The first that knows somebody wins.

    :raises AttributeError: nothing says who acts, not even that it is nobody.
    """
    is_known = False
    for find in _SOURCES if _uses_library(app) else _PLAIN:
        actor = find(app)
        if actor is not None and actor is not NOT_GIVEN:
            return actor
        is_known = is_known or actor is None
    return None if is_known else _find_g().current_user


def is_anonymous(app: Flask, actor: t.Any) -> bool:
    """Tell whether an actor is nobody, also as the object that Flask-Login has for that."""
    if actor is None:
        return True
    manager = login_manager_of(app)
    if manager is None:
        return False
    mixin = sys.modules["flask_login"].AnonymousUserMixin
    return isinstance(actor, mixin) or type(actor) is manager.anonymous_user


def login_manager_of(app: Flask) -> t.Any:
    """Give the ``LoginManager`` of an app that uses Flask-Login; ``None`` for others."""
    manager = getattr(app, "login_manager", None)
    if manager is None:
        return None
    flask_login = sys.modules.get("flask_login")
    is_ours = flask_login is not None and isinstance(manager, flask_login.LoginManager)
    return manager if is_ours else None


def uses_jwt(app: Flask) -> bool:
    """Tell whether an app uses Flask-JWT-Extended."""
    return "flask-jwt-extended" in app.extensions


class NamedActor:
    """The actor as ``OSO_ACTOR`` says it is found.

    A name is looked up when it is first needed: the module may be importing the app now.

    :param named: a function, a proxy, or the name of one: ``"package.module:name"``.
    :raises OsoError: it is neither.
    """

    def __init__(self, named: t.Any) -> None:
        # Not isinstance: a proxy claims to be what it stands for.
        self._name = named if issubclass(type(named), str) else None
        self._callee: Callee | None = None
        if self._name is None:
            self._callee = _callee_of(named, named)
        elif not all(part.strip() for part in self._name.partition(":")):
            raise OsoError(f"'OSO_ACTOR' is {named!r}. Write 'package.module:function'.")

    def of(self, app: Flask) -> t.Any:
        """Give the actor of the current request; ``None`` is nobody."""
        callee = self._callee
        if callee is None:
            callee = self._callee = self._looked_up()
        actor = unwrap(callee.of(app)())
        return None if is_anonymous(app, actor) else actor

    def _looked_up(self) -> Callee:
        module_name, _, path = (self._name or "").partition(":")
        try:
            found: t.Any = importlib.import_module(module_name)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as error:
            raise OsoError(
                f"'OSO_ACTOR' is {self._name!r}, and there is no such function. Write"
                " 'package.module:function'."
            ) from error
        return _callee_of(found, self._name)


def _callee_of(found: t.Any, named: t.Any) -> Callee:
    # A proxy can be called, too: that would call the user.
    if issubclass(type(found), LocalProxy):
        return Callee(lambda: found)
    if not callable(found):
        raise OsoError(f"'OSO_ACTOR' is {named!r}, which cannot be called. Name a function.")
    return Callee(found)


def _uses_library(app: Flask) -> bool:
    return (
        "login_manager" in vars(app)
        or "flask-jwt-extended" in app.extensions
        or "flask_httpauth" in sys.modules
    )


def _of_flask_login(app: Flask) -> t.Any:
    if login_manager_of(app) is None or not has_request_context():
        return NOT_GIVEN
    user = unwrap(sys.modules["flask_login"].current_user)
    return user if user.is_authenticated else None


def _of_jwt(app: Flask) -> t.Any:
    if not uses_jwt(app) or not has_request_context():
        return NOT_GIVEN
    # The library keeps what it finds on 'g', which nested requests share.
    mark = mark_of(app, this_request())
    if mark.token_actor is NOT_GIVEN:
        mark.token_actor = _actor_of_token(sys.modules["flask_jwt_extended"])
    return mark.token_actor


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


def _of_g(app: Flask) -> t.Any:
    # 'g' itself looks for what is missing in a way that takes longer than a decision.
    values = getattr(_find_g(), "__dict__", {})
    current_user = unwrap(values.get("current_user", NOT_GIVEN))
    if "user" not in values:
        return current_user
    user = unwrap(values["user"])
    if current_user is NOT_GIVEN or user is current_user:
        return user
    raise OsoError(
        "'g.user' and 'g.current_user' are not the same, so it is not clear who acts. Say it with"
        " 'OSO_ACTOR' or 'set_get_actor'."
    )


_PLAIN = (_of_g,)
_SOURCES = (_of_flask_login, _of_jwt, _of_http_auth, *_PLAIN)
