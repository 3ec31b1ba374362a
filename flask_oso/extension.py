"""FlaskOso: what a program holds, to authorize the requests of its apps.

The object itself keeps defaults only. What belongs to one app is in ``app.extensions["oso"]``,
what belongs to one request is on the request object. Its methods stand where they belong: those
here set an app up and guard views, ``api.questions`` has what is asked about the current actor,
``api.legacy_api`` the calls of flask-oso 0.27.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, Flask, has_app_context, has_request_context

from .api.arguments import Defaults, read_policy, read_positions, read_session
from .api.guarding import Guarding
from .api.legacy_api import LegacyApi
from .api.questions import Questions
from .app_state import Binding, PolicyBinder, find_state, state_of
from .config import PolicyPaths, policies_of
from .current_actor import actor_function
from .enforcement.authorizer import Authorizer
from .enforcement.mistaken_questions import check_class
from .enforcement.policy_classes import PolicyClasses
from .guards.object_loaders import make_loading
from .guards.parents import belonging_to
from .oso import Oso
from .polar.exceptions import OsoError
from .request_state import NOT_GIVEN, this_app, unwrap

if t.TYPE_CHECKING:
    from .polar.polar import LoadReport, Polar
    from .row_access.reads import ReadRecord

_Function = t.TypeVar("_Function", bound=Callable[..., t.Any])
_Object = t.TypeVar("_Object")


class FlaskOso(Questions, Guarding, LegacyApi):
    """Authorize the requests of Flask apps: ``FlaskOso(app)``, or :meth:`init_app` in a factory.

    By position it takes an app, an Oso, or both in either order, as ``FlaskOso(oso, app)`` of 0.27.

    :param app: an app to initialize at once.
    :param oso: the Oso of the apps that are not given one of their own. Without one, each app that
        has a policy or models gets its own.
    :param policy: Polar files, relative to the root of each app: ``OSO_POLICIES`` of apps whose
        configuration has none. Two that differ are an error.
    :param models: a declarative base, such as ``db.Model``, or a list of bases and classes, for
        policies to name. They are registered when an app is initialized, and those that came
        later before its first request. So are classes that guards name.
    :param session: a ``scoped_session``, or a function that gives the session of SQLAlchemy; by
        default ``db.session`` of Flask-SQLAlchemy.
    :raises TypeError: an argument is something else.
    """

    @t.overload
    def __init__(
        self, app: Flask | None = None, /, *, oso: Oso | None = None, **defaults: t.Unpack[Defaults]
    ) -> None: ...
    @t.overload
    def __init__(
        self, *, app: Flask, oso: Oso | None = None, **defaults: t.Unpack[Defaults]
    ) -> None: ...
    @t.overload
    def __init__(
        self, oso: Oso | None, /, app: Flask | None = None, **defaults: t.Unpack[Defaults]
    ) -> None: ...
    def __init__(
        self,
        *positional: t.Any,
        app: Flask | None = None,
        oso: Oso | None = None,
        policy: PolicyPaths | None = None,
        models: t.Any = None,
        session: Callable[[], t.Any] | None = None,
    ) -> None:
        given = read_positions(positional, app, oso)
        classes, get_session = PolicyClasses(models), read_session(session)
        self._app = given.app
        self._binder = PolicyBinder(_send_load, read_policy(policy), has_classes=models is not None)
        super().__init__(Authorizer(self._binder, classes.register))
        if get_session is not None:
            self.set_get_session(get_session)
        own = Oso() if given.is_app_first else given.oso
        if own is not None:
            self._binder.adopt(own)
            classes.register(own)
            self._binder.shared = Binding(own)
        if self._app is not None:
            self.init_app(self._app)
            self._binder.shared.settled = given.oso is not None

    def init_app(self, app: Flask, oso: Oso | None = None) -> None:
        """Prepare an app: read its ``OSO_*`` configuration and load its policies.

        ``OSO_POLICIES``, or ``policy`` of the constructor, names Polar files, relative to the root
        of the app; a name with ``*`` is a pattern. Under ``flask run`` policies are compiled, see
        ``Oso.prepare``.

        Of several FlaskOso of an app, the first one reads the configuration and serves the
        decorators. A second call for the same app has no effect.

        :param oso: the Oso of this app alone.
        :raises OsoError: the configuration is wrong, a policy does not load, or the app has an Oso.
        """
        state = find_state(app)
        if state is None:
            # Imported late: what serves requests is more than what declares guards.
            from .api.initialization import initialize

            initialize(app, self, self._authorizer, self._binder, oso)
        elif self._authorizer not in state.bindings:
            policies = policies_of(app, self._binder.policy or ())
            register = self._authorizer.register_classes
            state.bindings[self._authorizer] = self._binder.bind(oso, policies, register)
        elif oso is not None and oso is not state.bindings[self._authorizer].oso:
            raise OsoError(
                "This app already has an Oso. Call 'set_oso' inside its app context to replace it."
            )

    def actor_loader(self, function: _Function) -> _Function:
        """Find the current actor with the decorated function, in all apps of this object.

        It is called once in a request, until it finds somebody, and may be ``async``. Without one
        the actor is what ``OSO_ACTOR`` names, or else whom Flask-Login, Flask-Security,
        Flask-JWT-Extended, Flask-HTTPAuth, ``g.user`` or ``g.current_user`` know. Those that know
        somebody have to mean the same user: otherwise the answer is 400.

        :raises OsoError: it is no function, or takes arguments.
        """
        actors = self._authorizer.actors
        actors.get_actor, actors.is_found_once = actor_function(function), True
        return function

    @t.overload
    def denial_handler(
        self, function: Blueprint | None = None
    ) -> Callable[[_Function], _Function]: ...
    @t.overload
    def denial_handler(self, function: _Function) -> _Function: ...
    def denial_handler(self, function: t.Any = None) -> t.Any:
        """Answer denials with the decorated function, in all apps of this object.

        ``@oso.denial_handler(blueprint)`` is for the requests of a blueprint. The function may take
        the error, which is what ``errorhandler(403)`` would be given. What it returns is the
        response, ``None`` the usual one; what it raises is raised.

        :raises OsoError: it is no function, or takes more.
        """
        return self._authorizer.denial_handlers.decorator(function)

    def loader(self, cls: type) -> Callable[[_Function], _Function]:
        """Find the objects of a class with the decorated function, in all apps of this object.

        It is given the values of the URL variables that identify the object, and gives the object,
        or ``None``. It may be ``async``. Without one, objects of a mapped class are read by their
        primary key, from the session of Flask-SQLAlchemy or the ``session`` of the constructor.
        """
        return self._authorizer.loaders.registration_of(cls)

    def set_get_session(self, get_session: Callable[[], t.Any]) -> None:
        """Read mapped objects from the SQLAlchemy session that this function gives.

        It may be an ``AsyncSession``: guards load, and decide, in a coroutine then. Its engine
        needs the ``NullPool``, since Flask runs each coroutine in a loop of its own.
        """
        self._authorizer.loaders.set_get_session(get_session)

    def check_routes(self, app: Flask | None = None) -> None:
        """Raise if a route of the app is not guarded: the last line of a factory.

        The first request checks the same where authorization is required; here a mistake keeps the
        server, the tests and the deployment from starting.

        :raises OsoError: a view has no decorator, unless the app is to answer 403 there; a
            decorator stands where it has no effect; guards do not fit together, or to their route;
            nothing finds the objects of a class that one names; there is no app, or ``init_app``
            was not called for it.
        """
        # Here as above: it looks at what an app has once it is initialized.
        from .enforcement.audit.route_audit import check_routes

        target = self._named(app, "Cannot check the routes without Flask app object")
        # To initialize it here would hide that nothing does where the app is served.
        state_of(target)
        check_routes(target)

    def lists(
        self,
        action: str | Mapping[str, t.Any],
        cls: type,
        *,
        actor: t.Any = NOT_GIVEN,
        name: str | None = None,
    ) -> Callable[[_Function], _Function]:
        """Give the decorated view what :meth:`scope` gives: ``def index(notes): …``.

        It is the guard of the view, and stands below ``@app.route``.

        :param action: the action, or a mapping of HTTP methods to actions.
        :param name: the argument of the view; by default the one without a default that is no URL
            variable.
        :raises OsoError: the arguments are swapped, or the view has no such argument.
        """

        # Here as in 'protect', 'unfiltered' and 'audit': many programs have no lists of rows.
        from .guards.list_guards import ListGuard

        def select(wanted: t.Any) -> t.Any:
            return self.scope(wanted, cls, actor=actor)

        return ListGuard(self._authorizer, select, action, cls, name)

    def load(
        self,
        cls: type[_Object],
        identity: t.Any,
        *,
        action: t.Any,
        actor: t.Any = NOT_GIVEN,
        within: t.Any = NOT_GIVEN,
        options: Sequence[t.Any] = (),
        for_update: t.Any = False,
    ) -> _Object:
        """Give an object to an actor who may do this, as ``@authorize(action, cls)`` does.

        :param identity: what the loader is given, or the primary key; a tuple of several.
        :param within: the object that it has to belong to, by the one relation that the mappers
            know; otherwise there is none.
        :param options: loader options of SQLAlchemy, for a row.
        :param for_update: lock the row; what is judged is the row as it was locked.
        :raises HTTPException: 404 if there is none or the actor may not read it, 403 if only this
            is denied, 401 if nobody is logged in and the app has a login; unless a denial handler
            says otherwise.
        :raises OsoError: no decision could be made, it is no class, or nothing finds its objects.
        """
        check_class("load", cls)
        who = actor if has_request_context() else self._who(this_app(), actor)
        loading = make_loading(options, for_update)
        is_in_place = None if within is NOT_GIVEN else belonging_to(cls, unwrap(within))
        return self._authorizer.load(
            cls, identity, action=action, actor=who, loading=loading, is_in_place=is_in_place
        )

    def repl(
        self, constants: Mapping[str, t.Any] | None = None, *, actor: t.Any = NOT_GIVEN
    ) -> None:
        """Ask the policy at a prompt, as in ``flask shell``.

        :param constants: further names of the session.
        :param actor: what the session knows as ``actor``.
        """
        names = dict(constants or {})
        if actor is not NOT_GIVEN:
            names["actor"] = unwrap(actor)
        self._authorizer.oso_of(this_app()).repl(constants=names)

    def exempt_commits(self, reason: str) -> contextlib.AbstractContextManager[None]:
        """Let commits within a ``with`` block pass, for what is written there.

        For records of a request that is not, or not yet, authorized; ``reason`` says why. It is no
        exemption from ``require_authorization``. What was written before is judged as ever.
        """
        # Here: few programs watch commits.
        from .enforcement.commit_guard import exempting_commits

        return exempting_commits(reason)

    def protect(self, sessions: t.Any, *, unguarded: Sequence[type] = ()) -> None:
        """Have sessions select only rows that the current actor may read.

        All mapped classes that are registered with the policy are guarded. What cannot be filtered
        raises ``UnfilteredRowsError``: texts, tables without their class, bulk statements.

        :param sessions: ``db.session`` of Flask-SQLAlchemy, a ``sessionmaker``, ``scoped_session``,
            ``Session`` class or session, or one of ``sqlalchemy.ext.asyncio``.
        :param unguarded: classes whose rows everybody may read.
        :raises OsoError: there is no Oso, or these are no sessions.
        """
        from .enforcement.row_filters import protect_sessions

        protect_sessions(self._authorizer, self.oso or self._binder.latest, sessions, unguarded)

    def unfiltered(self, reason: str) -> contextlib.AbstractContextManager[None]:
        """Read all rows of protected sessions within a ``with`` block; ``reason`` says why.

        It holds in the request that gave it. In a generator it does not hold for what its caller
        does between two steps.
        """
        from .enforcement.row_filters import unfiltered_reads

        return unfiltered_reads(reason)

    def audit(self) -> list[ReadRecord]:
        """Give how the current request has read rows of guarded classes.

        One record for each class and way: ``FILTERED``, ``JUDGED`` or ``WAIVED``, with the reason.
        """
        from .enforcement.row_filters import read_records

        return read_records()

    @property
    def app(self) -> Flask:
        """The app that was given to the constructor, or else the current one."""
        return self._app if self._app is not None else this_app()

    @property
    def oso(self) -> Oso | None:
        """The Oso of the current app, or ``None``."""
        app = this_app() if has_app_context() else self._app
        state = find_state(app) if app is not None else None
        return (self._authorizer.binding_in(state) or self._binder.shared).oso

    @property
    def current_actor(self) -> t.Any:
        """The actor of the current request."""
        return self._authorizer.actors.current(this_app())

    def _initialized(self, app: Flask | None, complaint: str) -> Flask:
        target = self._named(app, complaint)
        self.init_app(target)
        return target

    def _named(self, app: Flask | None, complaint: str) -> Flask:
        target = app or self._app
        if target is None:
            error = OsoError(complaint)
            error.add_note("Give it the app: 'init_app' keeps none.")
            raise error
        return target


def _send_load(oso: Polar, report: LoadReport) -> None:
    """Tell the receivers of a signal of a load."""
    # Imported late: it comes with the first load.
    from .observability.signals import send_load

    send_load(oso, report)
