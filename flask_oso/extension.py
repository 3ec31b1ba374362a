"""FlaskOso: asks the Oso of the current app, and answers denials for it.

The object itself keeps defaults only. What belongs to one app is in
``app.extensions["oso"]``, what belongs to one request is on the request object.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import threading
import typing as t
import warnings
import weakref
from collections.abc import Callable, Sequence

from flask import Blueprint, Flask, Request, has_app_context

from . import templating
from .current_actor import NamedActor, find_actor
from .denials.denial_styles import Manner, Refusal, refusal
from .denials.problems import Denial
from .enforcement import response_gates
from .enforcement.commit_guard import exempting_commits
from .enforcement.route_audit import check_routes
from .globals import (
    NOT_GIVEN,
    Binding,
    OsoState,
    Requirement,
    Unguarded,
    find_stand_in,
    find_state,
    mark_of,
    this_app,
    this_mark,
    this_request,
    unwrap,
)
from .guards.blueprints import guard_blueprint
from .guards.object_loaders import Loaders
from .guards.sync_callable import Callee
from .guards.view_checks import make_demand
from .guards.view_guards import Guard, GuardKind, Statement
from .observability.decision import MissingObject
from .observability.publisher import Audience
from .observability.signals import send_load
from .oso import Oso
from .polar.exceptions import OsoError, PolarFileNotFoundError, PolarRuntimeError
from .polar.host.awaitables import described, dispose, is_awaitable, refuse_awaitable
from .polar.spelling import nearest
from .policy_files import Look, find_files, look_at
from .serving import is_run_by_flask

if t.TYPE_CHECKING:
    from .polar.proof.proof import Proof
    from .reloading import Reloader

_CONFIG_DEFAULTS: dict[str, t.Any] = {
    "OSO_ACTOR": None,
    "OSO_LOG_DESCRIBE": None,
    "OSO_LOG_REQUEST_ID": "X-Request-ID",
    "OSO_LOG_RULE": True,
    "OSO_LOG_SAMPLE": 1.0,
    "OSO_OPENTELEMETRY": None,
    "OSO_POLICIES": None,
    "OSO_REDACT": (),
    "OSO_RELOAD": False,
    "OSO_REQUIRE_AUTHORIZATION": False,
    "OSO_ROUTE_AUTHORIZATION": False,
    "OSO_UNGUARDED_ROUTES": "refuse",
    "OSO_VETO_COMMITS": False,
}

_OTHER_FILES = (
    "Two apps share an Oso and name different files: {}, and {}. Give each app an Oso of its own,"
    " as in 'init_app(app, Oso())'."
)

_Loader = t.TypeVar("_Loader", bound=Callable[..., t.Any])
_Object = t.TypeVar("_Object")

GetActor = Callable[[], t.Any]
UnauthorizedAction = Callable[[], t.Any]
_Choice = t.TypeVar("_Choice", bound=enum.Enum)


class FlaskOso:
    """Authorize the requests of Flask apps.

    .. code-block:: python

        oso = FlaskOso()

        def create_app():
            app = Flask(__name__)
            app.config["OSO_POLICIES"] = ["policy.polar"]
            oso.init_app(app)
            return app

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
        self._shared = Binding()
        # A receiver of a signal may call back while a policy loads.
        self._lock = threading.RLock()
        self._knows_request: weakref.WeakSet[Oso] = weakref.WeakSet()
        self._loaded: weakref.WeakKeyDictionary[Oso, tuple[str, ...]] = weakref.WeakKeyDictionary()
        self._reloaders: weakref.WeakKeyDictionary[Oso, Reloader] = weakref.WeakKeyDictionary()
        self._get_actor: Callee | None = None
        #: What finds objects of the classes that requests name.
        self.loaders = Loaders()
        self._unauthorized_action: Callee | None = None
        if oso is not None:
            self._register_request(oso)
            self._shared = Binding(oso)
        if app is not None:
            self.init_app(app)
            self._shared.settled = oso is not None

    def init_app(self, app: Flask, oso: Oso | None = None) -> None:
        """Prepare an app: read its ``OSO_*`` configuration and load its policies.

        ``OSO_POLICIES`` names Polar files, relative to the root of the app; a name with
        ``*`` is a pattern. Classes must be registered before: pass the Oso that has them.
        Without any, the app gets a new one. ``OSO_REQUIRE_AUTHORIZATION = True`` stands for strict
        :meth:`require_authorization`, ``OSO_ROUTE_AUTHORIZATION = True`` for
        :meth:`perform_route_authorization`. ``OSO_RELOAD = True`` loads policies again when
        their files change, in debug mode. Under ``flask run``, but for debug mode, policies are
        compiled, too: see ``Oso.prepare``.

        Where an app has several FlaskOso, the first one reads the configuration and
        serves the decorators. A second call for the same app has no effect.

        :param oso: the Oso of this app alone.
        :raises OsoError: the configuration is wrong, a policy does not load, or the app
            was already initialized with another Oso.
        """
        state = find_state(app)
        if state is None:
            self._init_first(app, oso)
        elif self not in state.bindings:
            state.bindings[self] = self._bind(oso, ())
        elif oso is not None and oso is not state.bindings[self].oso:
            raise OsoError(
                "This app already has an Oso. Call 'set_oso' inside its app context to replace it."
            )

    def set_oso(self, oso: Oso) -> None:
        """Make this the Oso of the current app.

        Outside of an app context it is the Oso of the apps that were initialized since
        the last call and were not given one of their own, and of those initialized
        later. Requests under way finish with the one that they have asked already.

        :raises DuplicateClassAliasError: the Oso has a class named ``Request`` already.
        """
        self._register_request(oso)
        state = find_state(this_app()) if has_app_context() else None
        if state is not None and self in state.bindings:
            state.bindings[self] = Binding(oso)
            return
        self._shared.settled = True
        self._shared.oso = oso

    def set_get_actor(self, get_actor: GetActor) -> None:
        """Find the current actor with this function, in all apps of this object.

        Without one it is what ``OSO_ACTOR`` names, or else whom Flask-Login,
        Flask-Security, Flask-JWT-Extended, Flask-HTTPAuth, ``g.user`` or ``g.current_user``
        know. Those that know somebody have to mean the same user: otherwise the answer is 400.
        """
        self._get_actor = Callee(get_actor)

    def loader(self, cls: type) -> Callable[[_Loader], _Loader]:
        """Find the objects of a class with the decorated function, in all apps of this object.

        It is given the values of the URL variables that identify the object, and gives the
        object, or ``None``. It may be ``async``. Without one, objects of a mapped class are
        read by their primary key, from the session of Flask-SQLAlchemy or that of
        :meth:`set_get_session`.

        .. code-block:: python

            @oso.loader(Post)
            def load_post(post_id):
                return POSTS.get(post_id)
        """

        if not isinstance(cls, type):
            raise OsoError("'loader' takes the class that is loaded. Write '@oso.loader(Post)'.")

        def register(function: _Loader) -> _Loader:
            self.loaders.add(cls, function)
            return function

        return register

    def set_get_session(self, get_session: Callable[[], t.Any]) -> None:
        """Read mapped objects from the SQLAlchemy session that this function gives."""
        self.loaders.set_get_session(get_session)

    def set_unauthorized_action(self, action: UnauthorizedAction) -> None:
        """Call this function when a request is denied, in all apps of this object.

        What it returns is the response; what it raises is raised. If it returns ``None``
        the response is 403, as it is without such a function.
        """
        self._unauthorized_action = Callee(action)

    def require_authorization(self, app: Flask | None = None, strict: bool = False) -> None:
        """Withhold the response of a view that did not authorize.

        Views may authorize with a decorator, with :meth:`authorize` inside, or be
        exempted. One that answers without raises ``OsoError``, status 500; one that fails
        before keeps its status, and is answered with the app's own page for it. That is
        noticed after the view has run. A ``before_request`` function may redirect in its place.

        :param strict: every view must have a decorator: ``@authorize``,
            ``@skip_authorization`` or ``@authorizes_inside``. Route authorization counts as
            one. An app in which a view has none does not serve: each request raises an
            ``OsoError`` that names all of them. With ``OSO_UNGUARDED_ROUTES = "forbid"`` these
            answer 403 before they run, and the others are served. Where something was denied
            and nothing allowed, a success is answered 403, also if the view caught the denial.
        :raises OsoError: there is no app.
        """
        state = self._state_of(app, "Cannot require authorization without Flask app object")
        wanted = Requirement.BEFORE_VIEW if strict else Requirement.BEFORE_RESPONSE
        state.requirement = max(state.requirement, wanted)
        state.census = None

    def perform_route_authorization(self, app: Flask | None = None) -> None:
        """Judge every request that matches a route, with the request as the resource.

        The action is the method; ``HEAD`` counts as ``GET``, and automatic ``OPTIONS`` is
        not judged. Functions that load the user may be registered with
        ``before_request`` earlier or later, but on the app: those of blueprints run after
        the judgement.

        :raises OsoError: there is no app.
        """
        target = app or self._app
        state = self._state_of(
            target, "Cannot perform route authorization without Flask app object"
        )
        if target is not None and self not in state.route_authorizers:
            response_gates.judge_routes(target, state, self)
            state.route_authorizers.append(self)
            state.census = None

    def check_routes(self, app: Flask | None = None) -> None:
        """Raise if a route of the app is not guarded: the last line of a factory.

        The first request checks the same where authorization is required; here a mistake
        keeps the server, the tests and the deployment from starting.

        :raises OsoError: a view has no decorator, unless the app is to answer 403 there; a
            decorator stands where it has no effect; guards do not fit together, or to their
            route; nothing finds the objects of a class that one names; or there is no app.
        """
        target = app or self._app
        self._state_of(target, "Cannot check the routes without Flask app object")
        problem = check_routes(t.cast(Flask, target))
        if problem is not None:
            raise OsoError(problem)

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

        :param action: what is judged, a mapping of HTTP methods to actions, or ``None`` for
            the method of the request.
        :param resource: a class, for the object that the route names, or a constant.
        :raises OsoError: the blueprint is registered already, or has another guard that gives
            its views the same argument.
        """
        demand = make_demand(
            action, resource, actor=actor, key=key, load=load, name=name, serves_view=False
        )
        guard = Guard(
            GuardKind.AUTHORIZE,
            Statement.of_caller(1),
            action=action,
            resource=resource,
            key=demand.key,
            is_class_meant=demand.key is None and isinstance(resource, type),
            blueprint=blueprint.name,
            extension=self,
        )
        guard_blueprint(self, blueprint, demand, guard)

    def authorize(
        self,
        resource: t.Any,
        *,
        actor: t.Any = NOT_GIVEN,
        action: t.Any = None,
        check_read: bool = False,
    ) -> None:
        """Return if the actor may, and otherwise raise.

        Proxies such as ``flask.request`` are replaced by what they stand for. A value that
        cannot be expressed in Polar, say a number beyond 64 bits, is denied.

        :param actor: the current actor if left out. ``None`` is the anonymous actor.
        :param action: the method of the request if ``None``; ``HEAD`` counts as ``GET``.
        :param check_read: answer 404 where the actor may not even read the resource, and 401
            where nobody is logged in and the app has a login.
        :raises HTTPException: denied; 403 unless ``set_unauthorized_action`` says otherwise.
        :raises OsoError: no decision could be made.
        """
        manner = Manner.HIDE if check_read else Manner.FORBID
        self.judge(resource, actor=actor, action=action, manner=manner)

    def load(
        self,
        cls: type[_Object],
        identity: t.Any,
        *,
        action: t.Any,
        actor: t.Any = NOT_GIVEN,
    ) -> _Object:
        """Give an object to an actor who may do this, as ``@authorize(action, cls)`` does.

        :param identity: what the loader is given, or the primary key; a tuple of several.
        :raises HTTPException: 404 if there is none or the actor may not read it, 403 if only
            this is denied, 401 if nobody is logged in and the app has a login; unless
            ``set_unauthorized_action`` says otherwise.
        :raises OsoError: no decision could be made, or nothing finds objects of the class.
        """
        app = this_app()
        found = self.loaders.find(app, cls, identity)
        if found is None:
            self._refuse_missing(app, MissingObject(cls, identity), actor, action)
        self.judge(found, actor=actor, action=action, manner=Manner.HIDE)
        return t.cast(_Object, found)

    def judge(self, resource: t.Any, *, actor: t.Any, action: t.Any, manner: Manner) -> None:
        """Return if the actor may, and otherwise answer in a manner; see :meth:`authorize`."""
        app = this_app()
        oso = self.oso_of(find_state(app))
        who = self._who(actor)
        action = _default_action() if action is None else unwrap(action)
        resource = unwrap(resource)
        if not self._decide(app, oso, who, action, resource):
            denial = Denial(oso, who, action, resource)
            self._refuse(app, denial, manner, is_current=actor is NOT_GIVEN)

    def explain(self, resource: t.Any, *, actor: t.Any = NOT_GIVEN, action: t.Any = None) -> Proof:
        """Say why :meth:`authorize` returns, or raises, with the same arguments.

        Nothing is decided: a view that only explains has not authorized. Values of attributes
        that ``OSO_REDACT`` names are not shown.
        """
        # Imported late: a request that is decided needs no explanation.
        from .denials.debug_page import explain_decision

        state = find_state(this_app())
        redact = _CONFIG_DEFAULTS["OSO_REDACT"] if state is None else state.config["OSO_REDACT"]
        action = _default_action() if action is None else unwrap(action)
        oso = self.oso_of(state)
        return explain_decision(oso, self._who(actor), action, unwrap(resource), redact)

    def skip_authorization(self, reason: str | None = None) -> None:
        """Exempt the current request from ``require_authorization``.

        :param reason: why; kept with the request. With one, the request may commit.
        """
        mark = this_mark(this_app())
        if mark is not None:
            mark.authorized = True
            mark.skip_reason = reason
            if reason:
                mark.allowed, mark.denied = True, False

    def exempt_commits(self, reason: str) -> contextlib.AbstractContextManager[None]:
        """Let commits within a ``with`` block pass, for what is written there.

        For records of a request that is not, or not yet, authorized. It is no exemption from
        ``require_authorization``, and what was written before is judged as ever.

        .. code-block:: python

            with oso.exempt_commits(reason="The use of a token is recorded."):
                token.used_at = now()
                db.session.commit()

        :param reason: why, for those who read the code.
        :raises OsoError: there is no reason.
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
        return self._binding(find_state(app) if app is not None else None).oso

    @property
    def current_actor(self) -> t.Any:
        """The actor of the current request.

        :raises OsoError: the function that finds it raised ``AttributeError``.
        """
        stand_in = find_stand_in()
        if stand_in is not None:
            return self._standing_in(stand_in.actor)
        try:
            return _awaited(self._find_actor(this_app()))
        except AttributeError as error:
            failure = OsoError(
                "Getting the current actor failed. You may need to override the current actor"
                " function with FlaskOso#set_get_actor"
            )
            failure.add_note(
                "Set 'g.current_user' in a 'before_request' function (None for nobody), or call"
                " 'set_get_actor'."
            )
            raise failure from error

    def oso_of(self, state: OsoState | None) -> Oso:
        """Give the Oso of the app that keeps this; ``None`` is an app that keeps nothing.

        :raises OsoError: it has none, or another FlaskOso.
        """
        binding = self._shared if state is None else state.bindings.get(self)
        if binding is None:
            raise OsoError(
                "The app has another FlaskOso than this one, whose policy it does not know. Ask the"
                " FlaskOso of the app, or call 'init_app' of this one, too."
            )
        if binding.oso is None:
            raise OsoError("Cannot perform authorization without oso instance")
        return binding.oso

    def _init_first(self, app: Flask, oso: Oso | None) -> None:
        for key, default in _CONFIG_DEFAULTS.items():
            app.config.setdefault(key, default)
        _warn_of_unknown_keys(app)
        strict = _flag(app, "OSO_REQUIRE_AUTHORIZATION")
        judges_routes = _flag(app, "OSO_ROUTE_AUTHORIZATION")
        _flag(app, "OSO_VETO_COMMITS")
        _words(app, "OSO_REDACT")
        unguarded = _choice(app, "OSO_UNGUARDED_ROUTES", Unguarded)
        seen = look_at(_policies(app)) if _flag(app, "OSO_RELOAD") else ()
        audience = Audience(app, app.config)
        named = app.config["OSO_ACTOR"]
        named_actor = NamedActor(named) if named is not None else None
        # Nothing of the app is touched before its policies are in force.
        binding = self._bind_configured(app, oso)
        config = {key: app.config[key] for key in _CONFIG_DEFAULTS}
        state = OsoState(
            self,
            {self: binding},
            unguarded=unguarded,
            named_actor=named_actor,
            config=config,
            audience=audience,
            prepares=is_run_by_flask(app),
        )
        if seen and binding.oso is not None:
            self._reload(app, state, binding.oso, seen)
        state.prepare()
        response_gates.install(app, state)
        templating.install(app)
        app.extensions["oso"] = state
        if strict:
            self.require_authorization(app, strict=True)
        if judges_routes:
            self.perform_route_authorization(app)

    def _bind_configured(self, app: Flask, oso: Oso | None) -> Binding:
        try:
            return self._bind(oso, _policies(app))
        except PolarFileNotFoundError as error:
            error.add_note(
                "From 'OSO_POLICIES'; relative names start at the root of the app,"
                f" {app.root_path}."
            )
            raise

    def _bind(self, oso: Oso | None, policies: Sequence[str]) -> Binding:
        binding = self._shared
        if oso is not None or (policies and binding.oso is None):
            binding = Binding(oso or Oso())
        elif binding.settled:
            binding = self._shared = Binding(binding.oso)
        if binding.oso is not None:
            self._register_request(binding.oso)
            self._load(binding.oso, tuple(policies))
        return binding

    def _register_request(self, oso: Oso) -> None:
        with self._lock:
            if oso not in self._knows_request:
                oso.register_class(Request)
                oso.watch_loads(send_load)
                self._knows_request.add(oso)

    def _load(self, oso: Oso, policies: tuple[str, ...]) -> None:
        """Load policies, unless an app that shares the Oso has loaded the same."""
        with self._lock:
            loaded = self._loaded.get(oso)
            if not policies or loaded == policies:
                return
            try:
                oso.load_files(list(policies))
            except PolarRuntimeError as error:
                if loaded is not None:
                    error.add_note(_OTHER_FILES.format(", ".join(loaded), ", ".join(policies)))
                raise
            self._loaded[oso] = policies

    def _reload(self, app: Flask, state: OsoState, oso: Oso, seen: tuple[Look, ...]) -> None:
        """Keep a policy as its files are; see ``OSO_RELOAD``."""
        # Imported late: an application that serves in production does not reload.
        from .reloading import Reloader, reload_in_requests

        find = functools.partial(find_files, app.root_path, app.config["OSO_POLICIES"])
        with self._lock:
            reloader = self._reloaders.setdefault(oso, Reloader(oso, find, seen))
        reload_in_requests(app, state, reloader)

    def _state_of(self, app: Flask | None, complaint: str) -> OsoState:
        target = app or self._app
        if target is None:
            raise OsoError(complaint)
        self.init_app(target)
        return t.cast(OsoState, find_state(target))

    def _binding(self, state: OsoState | None) -> Binding:
        return self._shared if state is None else state.bindings.get(self, self._shared)

    def _who(self, actor: t.Any) -> t.Any:
        if actor is NOT_GIVEN:
            return self.current_actor
        given = unwrap(actor)
        if is_awaitable(given):
            refuse_awaitable(given, "actor")
        return given

    def _standing_in(self, actor: t.Any) -> t.Any:
        """Give who stands in for the actor, as the session of the request has the row."""
        app = this_app()
        mark = mark_of(app, this_request())
        if mark.stand_in is NOT_GIVEN:
            mark.stand_in = self.loaders.find_again(app, actor)
        return mark.stand_in

    def _find_actor(self, app: Flask) -> t.Any:
        if self._get_actor is not None:
            return unwrap(self._get_actor.of(app)())
        state = find_state(app)
        if state is not None and state.named_actor is not None:
            return state.named_actor.of(app)
        return find_actor(app)

    def _decide(self, app: Flask, oso: Oso, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
        """Make the decision about a request; what is asked besides goes to ``ask``."""
        state = find_state(app)
        # What a receiver of a signal raises comes before anything is noted.
        allowed = _audience(app, state).decide(oso, actor, action, resource)
        if allowed:
            _note_decision(app, allowed=True)
        else:
            _note_denial(app, state, oso, actor, action)
        return allowed

    def _refuse_missing(
        self, app: Flask, missing: MissingObject, actor: t.Any, action: t.Any
    ) -> t.NoReturn:
        """Answer a request for what is not there, and tell of it, as if it were hidden."""
        state = find_state(app)
        oso, who = self.oso_of(state), self._who(actor)
        action = _default_action() if action is None else unwrap(action)
        _audience(app, state).deny(oso, who, action, missing)
        _note_denial(app, state, oso, who, action)
        denial = Denial(oso, who, action, missing, is_missing=True)
        self._refuse(app, denial, Manner.HIDE, is_current=actor is NOT_GIVEN)

    def _refuse(
        self, app: Flask, denial: Denial, manner: Manner, *, is_current: bool
    ) -> t.NoReturn:
        """Answer a denial as the program wants, or else in a manner."""
        action = self._unauthorized_action
        answer = action.of(app)() if action is not None else None
        if answer is None:
            raise refusal(app, denial, manner, is_current=is_current)
        raise Refusal(app, app.make_response(answer))


def _awaited(actor: t.Any) -> t.Any:
    """Give the current actor.

    :raises OsoError: nobody has awaited it.
    """
    if is_awaitable(actor):
        dispose(actor)
        raise OsoError(
            f"What finds the current actor gave {described(actor)}, and not what that gives."
            " Give the 'async def' function itself to 'set_get_actor' or 'OSO_ACTOR', or await"
            " it before the actor is put on 'g'."
        )
    return actor


def _audience(app: Flask, state: OsoState | None) -> Audience:
    """Give who hears of the decisions of an app, also of one that was never initialized."""
    known = None if state is None else state.audience
    return known or Audience(app, _CONFIG_DEFAULTS)


def _note_decision(app: Flask, *, allowed: bool) -> None:
    mark = this_mark(app)
    if mark is not None:
        mark.authorized = True
        mark.allowed = mark.allowed or allowed
        mark.denied = mark.denied or not allowed
        mark.undecided = False


def _note_denial(app: Flask, state: OsoState | None, oso: Oso, actor: t.Any, action: t.Any) -> None:
    _note_decision(app, allowed=False)
    response_gates.log_unknown_action(app, state, oso, action)
    response_gates.log_plain_actor(app, state, oso, actor)


def _default_action() -> str:
    method = this_request().method
    return "GET" if method == "HEAD" else method


def _policies(app: Flask) -> list[str]:
    """Give the paths of the policy files that the configuration names."""
    return find_files(app.root_path, app.config["OSO_POLICIES"] or ())


def _flag(app: Flask, key: str) -> bool:
    value = app.config[key]
    if value is None:
        return False
    if not isinstance(value, bool):
        raise OsoError(f"{key!r} must be True or False, not {value!r}.")
    return value


def _words(app: Flask, key: str) -> tuple[str, ...]:
    """Give the words that the configuration lists."""
    value = app.config[key]
    is_list = isinstance(value, (list, tuple, set, frozenset))
    if not is_list or not all(isinstance(each, str) for each in value):
        raise OsoError(f"{key!r} must be a list of names, not {value!r}.")
    return tuple(value)


def _choice(app: Flask, key: str, choices: type[_Choice]) -> _Choice:
    """Give the member of an enumeration that the configuration names by its value."""
    value = app.config[key]
    names = [each.value for each in choices]
    if value in names:
        return choices(value)
    near = nearest(value, names) if isinstance(value, str) else None
    meant = f" Did you mean {near!r}?" if near else ""
    raise OsoError(f"{key!r} must be {' or '.join(map(repr, names))}, not {value!r}.{meant}")


def _warn_of_unknown_keys(app: Flask) -> None:
    for key in app.config:
        if key.startswith("OSO_") and key not in _CONFIG_DEFAULTS:
            near = nearest(key, _CONFIG_DEFAULTS)
            meant = f" Did you mean {near!r}?" if near else ""
            warnings.warn(f"Unknown configuration key {key!r}.{meant}", UserWarning, stacklevel=4)
