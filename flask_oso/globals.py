"""What the current app and the current request hold, and how to reach it.

Of an app, ``app.extensions["oso"]`` keeps an :class:`OsoState`. Of a request, the
request object itself keeps a :class:`RequestMark` for each app. Nothing is kept on the
application context, on ``g`` or in the WSGI environment, since those are shared with
nested, outer and later requests.
"""

from __future__ import annotations

import dataclasses
import enum
import sys
import threading
import typing as t
import weakref
from collections.abc import Callable

from flask import Flask, Request, Response, current_app, request
from werkzeug.local import LocalProxy

from .polar.exceptions import OsoError

if t.TYPE_CHECKING:
    from .current_actor import NamedActor
    from .enforcement.route_audit import Census
    from .extension import FlaskOso
    from .guards.receivers import Gift
    from .observability.publisher import Audience
    from .oso import Oso
    from .testing.assertions import StandIn

# To read one attribute of a proxy takes longer than to find its object.
_find_app: Callable[[], Flask] = current_app._get_current_object  # type: ignore[attr-defined]
#: Give the current request itself, or raise the ``RuntimeError`` of Flask's proxy.
this_request: Callable[[], Request] = request._get_current_object  # type: ignore[attr-defined]

_MARK = "_flask_oso"
#: Where the client of a test puts who is to be the current actor; see ``flask_oso.testing``.
STAND_IN = "flask_oso.stand_in"
_MOST_WORDS = 100
_LONGEST_WORD = 100


class UnboundError(OsoError, RuntimeError):
    """There is no app context. A ``RuntimeError`` too, as Flask's own proxies raise it."""


class NotGiven(enum.Enum):
    """Tell an argument that was left out from one that is ``None``."""

    NOT_GIVEN = enum.auto()


NOT_GIVEN = NotGiven.NOT_GIVEN


class Requirement(enum.IntEnum):
    """What is demanded of the views of an app; a larger one includes the smaller."""

    NOTHING = 0
    #: No response leaves unless the view authorized.
    BEFORE_RESPONSE = 1
    #: Besides, no view is entered unless it says how it authorizes.
    BEFORE_VIEW = 2


class Unguarded(enum.Enum):
    """What becomes of routes that are not guarded, where an app must not have any."""

    #: The app does not serve.
    REFUSE = "refuse"
    #: They answer 403, and the others are served.
    FORBID = "forbid"


@dataclasses.dataclass(eq=False)
class Binding:
    """One reference to an ``Oso``; apps that were not given one of their own share it."""

    oso: Oso | None = None
    #: The reference was replaced since the last ``init_app``, so the next app gets another.
    settled: bool = False


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


#: So long an app that is served compiles a policy before it is asked.
SECONDS_TO_PREPARE = 2.0


@dataclasses.dataclass(eq=False)
class OsoState:
    """What ``app.extensions["oso"]`` keeps.

    ``extension`` is the first FlaskOso that was initialized: decorators and proxies use
    it. ``bindings`` has an entry for each FlaskOso of the app.
    """

    extension: FlaskOso
    bindings: dict[FlaskOso, Binding] = dataclasses.field(default_factory=dict)
    requirement: Requirement = Requirement.NOTHING
    unguarded: Unguarded = Unguarded.REFUSE
    route_authorizers: list[FlaskOso] = dataclasses.field(default_factory=list)
    #: Route authorization runs as the last ``before_request`` function of the app.
    judges_last: bool = False
    census: Census | None = None
    #: Who ``OSO_ACTOR`` says acts.
    named_actor: NamedActor | None = None
    #: The configuration as it was read.
    config: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    #: Makes the decisions, and tells of them.
    audience: Audience | None = None
    #: Lines of templates that ask for many rows one by one, and were reported.
    lines_of_many: set[tuple[str, int]] = dataclasses.field(default_factory=set)
    #: The actions of denials that were looked at for misspellings.
    denied_actions: FewWords = dataclasses.field(default_factory=FewWords)
    #: An actor that is no object was reported.
    has_told_of_actor: bool = False
    #: Why the policy files as they are now are not in force; see ``OSO_RELOAD``.
    reload_problem: str | None = None
    #: Policies are compiled before the first request, since the app is served.
    prepares: bool = False

    @property
    def oso(self) -> Oso | None:
        """The Oso of the first extension, or ``None``."""
        return self.bindings[self.extension].oso

    def prepare(self) -> None:
        """Compile the policies of the app, if they are to be compiled before they are asked."""
        if self.prepares:
            for binding in self.bindings.values():
                if binding.oso is not None:
                    binding.oso.prepare(SECONDS_TO_PREPARE)


@dataclasses.dataclass(init=False, eq=False)
class RequestMark:
    """What is known about the authorization of one request by one app.

    A new mark has nothing of its own, and shows what the class says: that is made faster,
    and most requests change two values.
    """

    #: A decision was made, whatever it was, or the request was exempted.
    authorized: bool = False
    skip_reason: str | None = None
    #: Something was allowed, or the request was exempted for a reason.
    allowed: bool = False
    #: Something was denied, and the request was not exempted since.
    denied: bool = False
    #: The route that the request matched at first demands authorization.
    due: bool = False
    #: A guard has begun and not come to a decision: no answer may look like a success.
    undecided: bool = False
    #: It was refused before its view, so that whatever answers is an error page.
    forbidden: bool = False
    #: Route authorization that has to be done before a response leaves.
    pending: tuple[FlaskOso, ...] = ()
    #: "Authorize not called." was raised; the next response is the error page for it.
    reported: bool = False
    #: Whom the token of the request names; ``None`` is nobody.
    token_actor: t.Any = NOT_GIVEN
    #: Whom its header names to Flask-Login, which asks its session only.
    header_actor: t.Any = NOT_GIVEN
    #: The URL variables that guards of the view have used, while further ones come.
    used_variables: frozenset[str] = frozenset()
    #: The arguments for which these guards found objects, each with class and identity.
    judged: tuple[tuple[str, type, t.Any], ...] = ()
    #: What the guards of blueprints give the view.
    gift: Gift | None = None
    #: Who stands in for the actor of this request, as its session has the row.
    stand_in: t.Any = NOT_GIVEN
    #: What ends the visits of this request to sessions that are watched.
    visits: weakref.WeakKeyDictionary[t.Any, list[Callable[..., None]]] | None = None
    #: The status of a response that carries nothing of the view, and replaced one that did.
    withheld_as: int | None = None
    #: A function before the view answered in its place, and this one if it is known.
    is_early: bool = False
    answered_by: Callable[..., t.Any] | None = None
    #: An exception reached Flask: an error handler answers.
    is_handled: bool = False
    #: What the program answers to a denial, and whether it does.
    refusal: Response | None = None
    is_refusal: bool = False
    #: The view was not entered, and the client is sent elsewhere, or refused something.
    is_turned_away: bool = False
    #: A view was entered that authorizes inside.
    is_entered: bool = False


def unwrap(value: t.Any) -> t.Any:
    """Replace a proxy such as ``flask.request`` or ``current_user`` by what it stands for."""
    # Not isinstance: that would believe an object which only claims to be a proxy.
    while issubclass(type(value), LocalProxy):
        value = value._get_current_object()
    return value


def this_app() -> Flask:
    """Give the current app itself.

    :raises OsoError: there is none.
    """
    try:
        return _find_app()
    except RuntimeError:
        raise UnboundError(
            "Application context doesn't exist. Did you use oso outside the context of a request?"
            " Push one with 'with app.app_context():'."
        ) from None


def find_state(app: Flask) -> OsoState | None:
    """Give what the app keeps, or ``None`` if no FlaskOso was initialized for it."""
    return app.extensions.get("oso")


def state_of(app: Flask) -> OsoState:
    """Give what the app keeps.

    :raises OsoError: no FlaskOso was initialized for it.
    """
    state = find_state(app)
    if state is None:
        raise OsoError("No oso instance on current application. Did you forget to call init_app?")
    return state


def mark_of(app: Flask, subject: Request) -> RequestMark:
    """Give the mark of a request for an app.

    INVARIANT: a mark is reached through the request object alone, and a decision of one
    app's policy marks the request for that app alone.
    """
    marks: dict[Flask, RequestMark] | None = subject.__dict__.get(_MARK)
    if marks is None:
        marks = subject.__dict__.setdefault(_MARK, {})
    mark = marks.get(app)
    return marks.setdefault(app, RequestMark()) if mark is None else mark


def this_mark(app: Flask) -> RequestMark | None:
    """Give the mark of the current request for an app; ``None`` outside requests."""
    try:
        current = this_request()
    except RuntimeError:
        return None
    return mark_of(app, current)


def find_stand_in() -> StandIn | None:
    """Give who stands in for the current actor: in a test, and in no other request.

    INVARIANT: it has a class that only ``flask_oso.testing`` makes objects of, and no text of
    a request becomes one. What else a server may put there has no effect, and where nobody
    imported that module nothing is looked at.
    """
    testing = sys.modules.get("flask_oso.testing")
    if testing is None:
        return None
    try:
        found = this_request().environ.get(STAND_IN)
    except RuntimeError:
        return None
    return found if type(found) is testing.StandIn else None


def _find_oso() -> Oso:
    state = state_of(this_app())
    return state.extension.oso_of(state)


def _find_actor() -> t.Any:
    return state_of(this_app()).extension.current_actor


#: The Oso of the current app.
current_oso: Oso = LocalProxy(_find_oso)  # type: ignore[assignment]

#: The actor of the current request, as the current app's FlaskOso finds it.
current_actor: t.Any = LocalProxy(_find_actor)
