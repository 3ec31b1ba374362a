"""What ``app.extensions["oso"]`` holds, and how to reach it.

What a room above keeps of an app is found by its class: ``state.part(DecisionPublisher)``. So
the state names none of them, and they may all name it.
"""

from __future__ import annotations

import dataclasses
import re
import threading
import typing as t
import weakref
from collections.abc import Callable, Iterable, Sequence

from flask import Flask, Request, has_app_context
from werkzeug.local import LocalProxy

from .config import Enforcement, PolicyPaths, find_files, without_absent
from .oso import Oso
from .polar.exceptions import (
    OsoError,
    PolarFileNotFoundError,
    PolarRuntimeError,
    ValidationError,
)
from .polar.spelling import FOREIGN_LITERALS
from .polar.value_objects import Record
from .request_state import this_app

#: So long an app that is served compiles a policy before it is asked.
SECONDS_TO_PREPARE = 2.0
_MOST_WORDS = 100
_LONGEST_WORD = 100
_OTHER_FILES = (
    "Two apps share an Oso and name different files: {}, and {}. Give each app an Oso of its own,"
    " as in 'init_app(app, Oso())'."
)

_LATE_MODELS = (
    "'models' registers the classes of a list, or those of a base that are mapped by now. Add the"
    " class to the list, 'models=[…, {}]', or import the modules of your models before"
    " 'init_app'."
)
_NO_POLICY = (
    "Name the policy: 'FlaskOso(policy=\"policy.polar\")', or 'OSO_POLICIES', before 'init_app'; or"
    " pass an Oso."
)
_NO_EXTENSION = (
    "Give the app to a FlaskOso where it is made: 'FlaskOso(app, …)', or 'oso.init_app(app)'."
)
_NOT_INITIALIZED = (
    "'init_app' of this FlaskOso was not called for the app. Call it where the app is made:"
    " 'oso.init_app(app)'."
)
_NO_MODELS = (
    "'FlaskOso' was given no 'models'. Give it the base of your mapped classes, or a list of"
    " classes: 'models=db.Model'."
)
#: How a load names the first class that it does not know. `None` and `True` are meant as values.
_UNKNOWN_CLASS = (
    r"(?:Unregistered class: |register_class\("
    rf"|Singleton variable (?=[A-Z])(?!(?:{'|'.join(FOREIGN_LITERALS)})\b))(\w+)"
)

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_Part = t.TypeVar("_Part")


class Explorer(t.Protocol):
    """Answers some requests in place of an app, at its WSGI border."""

    def is_asked(self, environ: WSGIEnvironment) -> bool:
        """Tell whether a request is for it, and may be."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""


class Binding(Record, eq=False, frozen=False):
    """One reference to an ``Oso``; apps that were not given one of their own share it."""

    oso: Oso | None = None
    #: The reference was replaced since the last ``init_app``, so the next app gets another.
    settled: bool = False


class PolicyBinder:
    """Gives the apps of one FlaskOso their ``Oso``, and loads the policies that they name.

    :param watch: hears of each load.
    :param policy: the policy files of apps whose configuration names none.
    :param has_classes: apps without an Oso are given one, since there are classes for it.
    """

    def __init__(
        self, watch: Callable[..., None], policy: PolicyPaths | None, *, has_classes: bool
    ) -> None:
        #: The policy files of apps whose configuration names none.
        self.policy = policy
        self._has_classes = has_classes
        #: The Oso of the apps that were not given one of their own.
        self.shared = Binding()
        self._watch = watch
        #: An app was given one.
        self.has_apps = False
        self._latest: weakref.ref[Oso] | None = None
        # A receiver of a signal may call back while a policy loads.
        self.lock = threading.RLock()
        #: What loads the policy of an Oso again; see ``reloading``.
        self.reloaders: weakref.WeakKeyDictionary[Oso, t.Any] = weakref.WeakKeyDictionary()
        self._known: weakref.WeakSet[Oso] = weakref.WeakSet()
        self._loaded: weakref.WeakKeyDictionary[Oso, tuple[str, ...]] = weakref.WeakKeyDictionary()

    def bind(
        self, oso: Oso | None, policies: Sequence[str], register: Callable[[Oso], object]
    ) -> Binding:
        """Give an app its Oso, with its policies loaded.

        :param register: registers the classes of the app, before policies name them.
        """
        self.has_apps = True
        binding = self.shared
        if oso is not None or ((policies or self._has_classes) and binding.oso is None):
            binding = Binding(oso or Oso())
        elif binding.settled:
            binding = self.shared = Binding(binding.oso)
        if binding.oso is not None:
            self.adopt(binding.oso)
            register(binding.oso)
            self._load(binding.oso, tuple(policies))
            self._latest = weakref.ref(binding.oso)
        return binding

    @property
    def latest(self) -> Oso | None:
        """The Oso that apps share, or else that of the app which was initialized last."""
        return self.shared.oso or (None if self._latest is None else self._latest())

    def bind_named(
        self, app: Flask, oso: Oso | None, named: PolicyPaths, register: Callable[[Oso], object]
    ) -> Binding:
        """Give an app its Oso, with the policies that its configuration or the program names."""
        try:
            files = without_absent(find_files(app.root_path, named))
            return self.bind(oso, files, register)
        except PolarFileNotFoundError as error:
            key = "OSO_POLICIES" if self.policy is None else "policy"
            error.add_note(
                f"From {key!r}; relative names start at the root of the app,"
                f" {app.root_path}, or in the working directory."
            )
            raise
        except ValidationError as error:
            unknown = re.search(_UNKNOWN_CLASS, str(error))
            if unknown is not None and self._has_classes:
                error.add_note(_LATE_MODELS.format(unknown[1]))
            elif unknown is not None and oso is None:
                error.add_note(_NO_MODELS)
            raise

    def replace(self, oso: Oso, state: AppState | None, authorizer: object) -> None:
        """Put an Oso in the place of another one: that of an app, or the one that apps share."""
        self.adopt(oso)
        if state is not None and authorizer in state.bindings:
            state.bindings[authorizer] = Binding(oso)
            return
        self.shared.settled = True
        self.shared.oso = oso

    def adopt(self, oso: Oso) -> None:
        """Tell an Oso of requests, and listen to its loads, once."""
        with self.lock:
            if oso not in self._known:
                # Another FlaskOso may know it, too.
                if oso.host.classes.get("Request") is not Request:
                    oso.register_class(Request)
                oso.watch_loads(self._watch)
                self._known.add(oso)

    def _load(self, oso: Oso, policies: tuple[str, ...]) -> None:
        """Load policies, unless an app that shares the Oso has loaded the same."""
        with self.lock:
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


class FewWords:
    """Remembers words that came before, within bounds: they may come from requests."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._lock = threading.Lock()

    def adds(self, word: str) -> bool:
        """Tell whether a word is new and there is room for it; remember it then."""
        if word in self._words or len(word) > _LONGEST_WORD:
            return False
        with self._lock:
            is_added = len(self._words) < _MOST_WORDS and word not in self._words
            if is_added:
                self._words.add(word)
            return is_added


class AppState(Record, eq=False, frozen=False):
    """What ``app.extensions["oso"]`` keeps.

    ``bindings`` has an entry for the authorizer of each FlaskOso of the app. The first one
    serves the decorators and proxies.
    """

    bindings: dict[object, Binding] = dataclasses.field(default_factory=dict)
    #: The first FlaskOso itself, for programs that reach it through the app. Nothing here asks it.
    extension: t.Any = None
    enforcement: Enforcement = Enforcement.OFF
    #: The authorizers that judge every request that matches a route.
    route_authorizers: list[object] = dataclasses.field(default_factory=list)
    #: Route authorization runs as the last ``before_request`` function of the app.
    judges_last: bool = False
    #: The configuration as it was read.
    config: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    #: What other modules keep of the app, each object under its class.
    parts: dict[type, t.Any] = dataclasses.field(default_factory=dict)
    #: What finds the current actor in the app, by the ``ActorFinder`` of a FlaskOso.
    actor_finders: dict[object, Callable[[], t.Any]] = dataclasses.field(default_factory=dict)
    #: What judges requests to the app, by the authorizer of a FlaskOso.
    judges: dict[object, Callable[..., None]] = dataclasses.field(default_factory=dict)
    #: Lines of templates that ask for many rows one by one, and were reported.
    lines_of_many: set[tuple[str, int]] = dataclasses.field(default_factory=set)
    #: The actions of denials that were looked at for misspellings.
    denied_actions: FewWords = dataclasses.field(default_factory=FewWords)
    #: What denials were about that no rule is about, and was reported.
    denied_for_ever: FewWords = dataclasses.field(default_factory=FewWords)
    #: The texts that were asked about, in the place of an object, and denied.
    denied_texts: FewWords = dataclasses.field(default_factory=FewWords)
    #: An actor that is no object was reported.
    has_told_of_actor: bool = False
    #: Why the policy files as they are now are not in force; see ``OSO_RELOAD``.
    reload_problem: str | None = None
    #: Policies are compiled before the first request, since the app is served.
    prepares: bool = False
    #: Judges a request whose view is entered, and which has not passed the guards before it.
    ask_guards: Callable[[Request, t.Any], object] | None = None
    #: Gives what answers below ``/_oso``. It is called once the app serves in debug mode.
    make_explorer: Callable[[], Explorer] | None = None

    @property
    def first(self) -> object:
        """The authorizer of the FlaskOso that was initialized first."""
        return next(iter(self.bindings))

    @property
    def oso(self) -> Oso | None:
        """The Oso of the FlaskOso that was initialized first, or ``None``."""
        return self.bindings[self.first].oso

    def add(self, *parts: object) -> None:
        """Keep objects that belong to the app, one of each class; ``None`` is none."""
        self.parts.update({type(part): part for part in parts if part is not None})

    def part(self, kind: type[_Part]) -> _Part:
        """Give the object of a class that belongs to the app."""
        part: _Part = self.parts[kind]
        return part

    def prepare(self) -> None:
        """Compile the policies of the app, if they are to be compiled before they are asked."""
        if self.prepares:
            for binding in self.bindings.values():
                if binding.oso is not None:
                    binding.oso.prepare(SECONDS_TO_PREPARE)


def find_state(app: Flask) -> AppState | None:
    """Give what the app keeps, or ``None`` if no FlaskOso was initialized for it."""
    return app.extensions.get("oso")


def state_of(app: Flask) -> AppState:
    """Give what the app keeps.

    :raises OsoError: no FlaskOso was initialized for it.
    """
    state: AppState | None = app.extensions.get("oso")
    if state is None:
        error = OsoError("No oso instance on current application. Did you forget to call init_app?")
        error.add_note(_NO_EXTENSION)
        raise error
    return state


def bound_oso(binding: Binding | None) -> Oso:
    """Give the Oso that a binding of an app leads to.

    :raises OsoError: the app has none, or another FlaskOso than the one that asks.
    """
    if binding is None:
        raise OsoError(
            "The app has another FlaskOso than this one, whose policy it does not know. Ask the"
            " FlaskOso of the app, or call 'init_app' of this one, too."
        )
    if binding.oso is None:
        error = OsoError("Cannot perform authorization without oso instance")
        is_forgotten = has_app_context() and find_state(this_app()) is None
        error.add_note(_NOT_INITIALIZED if is_forgotten else _NO_POLICY)
        raise error
    return binding.oso


def first_oso(state: AppState) -> Oso:
    """Give the Oso that decorators ask.

    :raises OsoError: there is none.
    """
    return bound_oso(state.bindings[state.first])


#: The Oso of the current app.
current_oso: Oso = LocalProxy(lambda: first_oso(state_of(this_app())))  # type: ignore[assignment]
