"""FlaskOso: what a program holds, to authorize the requests of its apps.

The object itself keeps defaults only. What belongs to one app is in ``app.extensions["oso"]``,
what belongs to one request is on the request object.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t
from collections.abc import Callable, Sequence

from flask import Blueprint, Flask, has_app_context

from . import templating
from .app_state import AppState, Binding, Explorer, PolicyBinder, Requirement, find_state
from .callables.sync_callable import SyncCallable
from .callables.view_functions import SourceLocation
from .config import is_run_by_flask, read_config
from .current_actor import named_actor_of
from .denials.denial_styles import DenialStyle
from .enforcement import response_gates
from .enforcement.authorizer import Authorizer
from .enforcement.commit_guard import exempting_commits
from .enforcement.route_audit import check_routes
from .guards.blueprints import guard_blueprint
from .guards.view_checks import make_view_check
from .observability.publisher import DecisionPublisher
from .observability.signals import send_load
from .oso import Oso
from .polar.exceptions import OsoError
from .request_state import NOT_GIVEN, exempt_request, find_request_state, this_app

if t.TYPE_CHECKING:
    from .polar.proof.proof import Proof

_Loader = t.TypeVar("_Loader", bound=Callable[..., t.Any])
_Object = t.TypeVar("_Object")


class FlaskOso:
    """Authorize the requests of Flask apps.

    :param oso: the Oso of the apps that are not given one of their own.
    :param app: an app to initialize at once.
    :raises TypeError: an app was given as the first argument.
    """

    def __init__(self, oso: Oso | None = None, app: Flask | None = None) -> None:
        if isinstance(oso, Flask):
            raise TypeError(
                "The first argument of 'FlaskOso' is an Oso. Pass the app by name:"
                " FlaskOso(app=app)."
            )
        self._app = app
        self._binder = PolicyBinder(send_load)
        self._authorizer = Authorizer(self._binder)
        if oso is not None:
            self._binder.adopt(oso)
            self._binder.shared = Binding(oso)
        if app is not None:
            self.init_app(app)
            self._binder.shared.settled = oso is not None

    def init_app(self, app: Flask, oso: Oso | None = None) -> None:
        """Prepare an app: read its ``OSO_*`` configuration and load its policies.

        ``OSO_POLICIES`` names Polar files, relative to the root of the app; a name with ``*`` is
        a pattern. Classes must be registered before: pass the Oso that has them. Without any, the
        app gets a new one. ``OSO_REQUIRE_AUTHORIZATION`` stands for strict
        :meth:`require_authorization`, ``OSO_ROUTE_AUTHORIZATION`` for
        :meth:`perform_route_authorization`. ``OSO_RELOAD`` loads policies again when their files
        change, in debug mode. Under ``flask run`` policies are compiled, see ``Oso.prepare``.

        Of several FlaskOso of an app, the first one reads the configuration and serves the
        decorators. A second call for the same app has no effect.

        :param oso: the Oso of this app alone.
        :raises OsoError: the configuration is wrong, a policy does not load, or the app has an Oso.
        """
        state = find_state(app)
        if state is None:
            self._init_first(app, oso)
        elif self._authorizer not in state.bindings:
            state.bindings[self._authorizer] = self._binder.bind(oso)
        elif oso is not None and oso is not state.bindings[self._authorizer].oso:
            raise OsoError(
                "This app already has an Oso. Call 'set_oso' inside its app context to replace it."
            )

    def set_oso(self, oso: Oso) -> None:
        """Make this the Oso of the current app.

        Outside of an app context it is the Oso of the apps that were initialized since the last
        call and were not given one of their own, and of later ones. Requests under way finish with
        the one that they have asked already.

        :raises DuplicateClassAliasError: the Oso has a class named ``Request`` already.
        """
        state = find_state(this_app()) if has_app_context() else None
        self._binder.replace(oso, state, self._authorizer)

    def set_get_actor(self, get_actor: Callable[[], t.Any]) -> None:
        """Find the current actor with this function, in all apps of this object.

        Without one it is what ``OSO_ACTOR`` names, or else whom Flask-Login, Flask-Security,
        Flask-JWT-Extended, Flask-HTTPAuth, ``g.user`` or ``g.current_user`` know. Those that know
        somebody have to mean the same user: otherwise the answer is 400.
        """
        self._authorizer.actors.get_actor = SyncCallable(get_actor)

    def loader(self, cls: type) -> Callable[[_Loader], _Loader]:
        """Find the objects of a class with the decorated function, in all apps of this object.

        It is given the values of the URL variables that identify the object, and gives the object,
        or ``None``. It may be ``async``. Without one, objects of a mapped class are read by their
        primary key, from the session of Flask-SQLAlchemy or that of :meth:`set_get_session`.
        """
        return self._authorizer.loaders.registration_of(cls)

    def set_get_session(self, get_session: Callable[[], t.Any]) -> None:
        """Read mapped objects from the SQLAlchemy session that this function gives."""
        self._authorizer.loaders.set_get_session(get_session)

    def set_unauthorized_action(self, action: Callable[[], t.Any]) -> None:
        """Call this function when a request is denied, in all apps of this object.

        What it returns is the response, ``None`` the usual one; what it raises is raised.
        """
        self._authorizer.unauthorized_action = SyncCallable(action)

    def require_authorization(self, app: Flask | None = None, strict: bool = False) -> None:
        """Withhold the response of a view that did not authorize.

        Views may authorize with a decorator, with :meth:`authorize` inside, or be exempted. One
        that answers without raises ``OsoError``, status 500; one that fails before keeps its
        status, and is answered with the app's own page for it. That is noticed after the view has
        run. A ``before_request`` function may redirect in its place.

        :param strict: every view must have a decorator: ``@authorize``, ``@skip_authorization``
            or ``@authorizes_inside``; route authorization counts as one. An app in which a view
            has none does not serve: each request raises an ``OsoError`` that names all of them.
            With ``OSO_UNGUARDED_ROUTES = "forbid"`` these answer 403 before they run, and the
            others are served. Where something was denied and nothing allowed, a success is
            answered 403, also if the view caught the denial.
        """
        target = self._initialized(app, "Cannot require authorization without Flask app object")
        wanted = Requirement.BEFORE_VIEW if strict else Requirement.BEFORE_RESPONSE
        response_gates.require(target, wanted)

    def perform_route_authorization(self, app: Flask | None = None) -> None:
        """Judge every request that matches a route, with the request as the resource.

        The action is the method; ``HEAD`` counts as ``GET``, and automatic ``OPTIONS`` is not
        judged. Functions that load the user may be registered with ``before_request`` earlier or
        later, but on the app: those of blueprints run after the judgement.
        """
        complaint = "Cannot perform route authorization without Flask app object"
        response_gates.judge_routes(self._initialized(app, complaint), self._authorizer)

    def check_routes(self, app: Flask | None = None) -> None:
        """Raise if a route of the app is not guarded: the last line of a factory.

        The first request checks the same where authorization is required; here a mistake keeps the
        server, the tests and the deployment from starting.

        :raises OsoError: a view has no decorator, unless the app is to answer 403 there; a
            decorator stands where it has no effect; guards do not fit together, or to their route;
            nothing finds the objects of a class that one names; or there is no app.
        """
        check_routes(self._initialized(app, "Cannot check the routes without Flask app object"))

    def guard(
        self,
        blueprint: Blueprint,
        action: t.Any,
        resource: t.Any,
        *,
        actor: t.Any = NOT_GIVEN,
        key: str | Sequence[str] | None = None,
        load: bool | None = None,
        name: str | None = None,
    ) -> None:
        """Guard every view of a blueprint, and of those inside of it, also of later ones.

        It demands what ``@authorize(action, resource)`` demands, before the view and its own
        decorators, and of static files as well. A view is exempt with
        ``@skip_authorization(blueprint=True)`` and not otherwise.

        :param action: what is judged, a mapping of methods to actions, or ``None`` for the method.
        :param resource: a class, for the object that the route names, or a constant.
        :raises OsoError: the blueprint is registered already, or two guards give one argument.
        """
        check = make_view_check(
            action, resource, actor=actor, key=key, load=load, name=name, serves_view=False
        )
        guard_blueprint(self._authorizer, blueprint, check, SourceLocation.of_caller(1))

    def authorize(
        self,
        resource: t.Any,
        *,
        actor: t.Any = NOT_GIVEN,
        action: t.Any = None,
        check_read: bool = False,
    ) -> None:
        """Return if the actor may, and otherwise raise.

        Proxies such as ``flask.request`` are replaced by what they stand for. A value that cannot
        be expressed in Polar, say a number beyond 64 bits, is denied.

        :param actor: the current actor if left out. ``None`` is the anonymous actor.
        :param action: the method of the request if ``None``; ``HEAD`` counts as ``GET``.
        :param check_read: answer 404 where the actor may not even read the resource, and 401
            where nobody is logged in and the app has a login.
        :raises HTTPException: denied; 403 unless ``set_unauthorized_action`` says otherwise.
        :raises OsoError: no decision could be made.
        """
        style = DenialStyle.HIDE if check_read else DenialStyle.PLAIN
        self._authorizer.enforce(resource, actor=actor, action=action, style=style)

    def load(
        self, cls: type[_Object], identity: t.Any, *, action: t.Any, actor: t.Any = NOT_GIVEN
    ) -> _Object:
        """Give an object to an actor who may do this, as ``@authorize(action, cls)`` does.

        :param identity: what the loader is given, or the primary key; a tuple of several.
        :raises HTTPException: 404 if there is none or the actor may not read it, 403 if only this
            is denied, 401 if nobody is logged in and the app has a login; unless
            ``set_unauthorized_action`` says otherwise.
        :raises OsoError: no decision could be made, or nothing finds objects of the class.
        """
        return self._authorizer.load(cls, identity, action=action, actor=actor)

    def explain(self, resource: t.Any, *, actor: t.Any = NOT_GIVEN, action: t.Any = None) -> Proof:
        """Say why :meth:`authorize` returns, or raises, with the same arguments.

        Nothing is decided: a view that only explains has not authorized. Values of attributes
        that ``OSO_REDACT`` names are not shown.
        """
        return self._authorizer.explain(resource, actor=actor, action=action)

    def skip_authorization(self, reason: str | None = None) -> None:
        """Exempt the current request from ``require_authorization``.

        :param reason: why; kept with the request. With one, the request may commit.
        """
        exempt_request(find_request_state(this_app()), reason)

    def exempt_commits(self, reason: str) -> contextlib.AbstractContextManager[None]:
        """Let commits within a ``with`` block pass, for what is written there.

        For records of a request that is not, or not yet, authorized; ``reason`` says why. It is no
        exemption from ``require_authorization``. What was written before is judged as ever.
        """
        return exempting_commits(reason)

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

    def _init_first(self, app: Flask, oso: Oso | None) -> None:
        config = read_config(app)
        publisher, named_actor = DecisionPublisher(app, app.config), named_actor_of(config)
        # Nothing of the app is touched before its policies are in force.
        bindings: dict[object, Binding] = {self._authorizer: self._binder.bind_named(app, oso)}
        state = AppState(bindings, self, unguarded=config.unguarded, config=config.values)
        state.add(self._authorizer, self._authorizer.actors, publisher, named_actor)
        if config.seen and state.oso is not None:
            # Imported late: an application that serves in production does not reload.
            from .reloading import follow_files

            follow_files(app, state, config, self._binder)
        state.prepares = is_run_by_flask(app)
        if app.config["OSO_EXPLORER"]:
            state.make_explorer = functools.partial(_make_explorer, app, state)
        state.prepare()
        response_gates.install(app, state)
        templating.install_templating(app)
        app.extensions["oso"] = state
        response_gates.require_configured(app, config, self._authorizer)

    def _initialized(self, app: Flask | None, complaint: str) -> Flask:
        target = app or self._app
        if target is None:
            raise OsoError(complaint)
        self.init_app(target)
        return target


def _make_explorer(app: Flask, state: AppState) -> Explorer:
    # Imported late: only debug mode has it.
    from .explorer.explorer import PolicyExplorer

    return PolicyExplorer(app, state)
