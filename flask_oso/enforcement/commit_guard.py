"""The veto: a request in which nothing was authorized does not commit.

In go sessions of SQLAlchemy; from then on a commit that would write raises, unless the
request was allowed something before, or is exempt for a reason. Whatever a view does
before it authorizes is lost with its transaction. A commit after the request, when the
context of the app is torn down, is judged by the request in which its transaction began.
Elsewhere outside of requests, in commands and workers, nobody is judged.

A session may outlive a request, or serve another one inside of it. Then the requests that
wrote what would be committed are judged as well.
"""

from __future__ import annotations

import contextlib
import contextvars
import typing as t
import weakref
from collections.abc import Iterable, Iterator, Sequence

from flask import Flask, Request, request_started, request_tearing_down

from ..app_state import AppState, find_state
from ..callables.view_functions import describe_request
from ..polar.exceptions import OsoError
from ..request_state import RequestState, request_state_of, this_app, this_request

if t.TYPE_CHECKING:
    from ..sqlalchemy.commits import Leave, Watch

#: Stands in ``_exempt`` for no request: commits outside of requests are exempt.
_NOWHERE = object()
#: The request whose commits are exempt now. Tasks of one request have each its own.
_exempt: contextvars.ContextVar[object | None] = contextvars.ContextVar(
    "flask_oso_exempt", default=None
)


class Place(t.NamedTuple):
    """A request, or the part of it whose commits are exempt."""

    app: Flask
    request: Request
    is_exempt: bool = False


class VetoedCommitError(OsoError):
    """A request may not commit: nothing was authorized in it, or something was denied.

    Nothing is written. Authorize before the commit, or write what has to be written all the same
    within ``oso.exempt_commits(reason)``.
    """


def veto_commits(sessions: t.Any) -> None:
    """Let requests commit only what was authorized, in all apps that use these sessions.

    ``OSO_VETO_COMMITS = True`` does so with the sessions of Flask-SQLAlchemy, for one app.

    :param sessions: a ``sessionmaker``, a ``scoped_session``, a subclass of SQLAlchemy's
        ``Session``, or one session; or one of ``sqlalchemy.ext.asyncio``.
    :raises OsoError: if it is none of these.
    """
    from ..sqlalchemy.commits import Check, watch_commits

    watch = watch_commits(sessions, Check(this_place, note_visit, check_commit))
    if watch is not None:
        _follow_requests(sessions, watch)


def veto_configured(app: Flask, state: AppState) -> str | None:
    """Find the sessions of Flask-SQLAlchemy, if they are to be watched.

    :return: what is wrong if there are none.
    """
    if not state.config.get("OSO_VETO_COMMITS"):
        return None
    from ..sqlalchemy.commits import Check, watch_commits
    from ..sqlalchemy.sessions.sources import is_session_source

    sessions = getattr(app.extensions.get("sqlalchemy"), "session", None)
    if not is_session_source(sessions):
        return (
            "'OSO_VETO_COMMITS' is on, but the app has no Flask-SQLAlchemy. Initialize it, or give"
            " your sessions to 'veto_commits' instead."
        )
    watch = watch_commits(sessions, Check(this_place, note_visit, check_configured_commit))
    if watch is not None:
        _follow_requests(sessions, watch)
    return None


@contextlib.contextmanager
def exempting_commits(reason: str) -> Iterator[None]:
    """Let commits pass that write nothing but what is written meanwhile.

    :raises OsoError: there is no reason.
    """
    if not isinstance(reason, str) or not reason.strip():
        raise OsoError(
            "'exempt_commits' was given no reason. Say why: 'exempt_commits(reason=\"…\")'."
        )
    outside = this_place()
    inside = outside._replace(is_exempt=True) if outside is not None else None
    _end_visits(outside, inside)
    token = _exempt.set(_NOWHERE if outside is None else outside.request)
    try:
        yield
    finally:
        _exempt.reset(token)
        _end_visits(inside, outside)


def this_place() -> Place | None:
    """Give the current app and request; ``None`` outside of requests."""
    try:
        app, current = this_app(), this_request()
    except RuntimeError:
        return None
    return Place(app, current, _exempt.get() is current)


def note_visit(place: Place | None, session: t.Any, leave: Leave) -> None:
    """Note that a request uses a session."""
    if place is not None:
        request_state = request_state_of(place.app, place.request)
        if request_state.visits is None:
            request_state.visits = weakref.WeakKeyDictionary()
        # The functions do not hold on to the session, nor may anything else here.
        known = request_state.visits.setdefault(session, [])
        if leave not in known:
            known.append(leave)


def check_configured_commit(begun: Place | None, writers: Sequence[Place | None]) -> None:
    """Judge a commit by those requests whose app wants it.

    :param begun: where the transaction began.
    :param writers: where was written what would be committed.
    :raises VetoedCommitError: one of the requests may not commit.
    """
    _judge(filter(_is_configured, _judged(begun, writers)))


def check_commit(begun: Place | None, writers: Sequence[Place | None]) -> None:
    """Judge a commit.

    :param begun: where the transaction began.
    :param writers: where was written what would be committed.
    :raises VetoedCommitError: one of the requests may not commit.
    """
    _judge(_judged(begun, writers))


def _judged(begun: Place | None, writers: Sequence[Place | None]) -> Iterator[Place]:
    """Give what is judged: first the request that commits."""
    committing = this_place()
    if committing is None and _exempt.get() is not _NOWHERE:
        committing = begun
    places = dict.fromkeys([committing, *writers])
    return (place for place in places if place is not None and not place.is_exempt)


def _is_configured(place: Place) -> bool:
    state = find_state(place.app)
    return state is not None and bool(state.config.get("OSO_VETO_COMMITS"))


def _judge(places: Iterable[Place]) -> None:
    here = this_place()
    for place in places:
        problem = _problem(request_state_of(place.app, place.request))
        if problem is None:
            continue
        name = _name(place.app, place.request)
        if here is None or here.request is place.request:
            raise VetoedCommitError(f"{name} may not commit: {problem}")
        raise VetoedCommitError(
            f"{_name(here.app, here.request)} may not commit what {name[0].lower()}{name[1:]}"
            f" wrote: {problem}"
        )


def _problem(request_state: RequestState) -> str | None:
    if request_state.denied or request_state.denied_before:
        return (
            "it was denied. To write all the same, say a record of the denial, commit within 'with"
            " oso.exempt_commits(reason=…):'."
        )
    if request_state.check_running:
        return "its authorization came to no decision."
    if request_state.allowed or request_state.allowed_before:
        return None
    if request_state.is_exempt and request_state.skip_reason:
        # In the function that is exempt, which another view has called.
        return None
    if request_state.checked:
        return "it is exempt without a reason. Give one: '@skip_authorization(reason=…)'."
    return (
        "nothing was authorized. Call 'authorize' before, or exempt the view with"
        " '@skip_authorization(reason=…)'."
    )


def _name(app: Flask, current: Request) -> str:
    endpoint = current.endpoint or ""
    view = app.view_functions.get(endpoint)
    if view is None:
        return f"The request {current.method} {current.path}"
    return describe_request(endpoint, view, current.method)


# -- sessions that outlive a request ---------------------------------------------------


class _Scope:
    """Looks at the session of the current scope when a request begins.

    What it holds then, an earlier request has left there.
    """

    def __init__(self, sessions: t.Any, watch: Watch) -> None:
        self._sessions = sessions
        self._watch = watch

    def look(self, _app: Flask, **_: t.Any) -> None:
        from ..sqlalchemy.sessions.sources import session_of_scope

        session = session_of_scope(self._sessions)
        if session is not None:
            self._watch.arrive(session)


def _follow_requests(sessions: t.Any, watch: Watch) -> None:
    scope = _Scope(sessions, watch)
    watch.companions.append(scope)
    request_started.connect(scope.look)
    request_tearing_down.connect(_end_request)


def _end_request(_app: Flask, **_: t.Any) -> None:
    """Put down what sessions hold at the end of a request to it."""
    _end_visits(this_place(), None)


def _end_visits(place: Place | None, onward: Place | None) -> None:
    if place is None:
        return
    visits = request_state_of(place.app, place.request).visits
    for session, leaves in [*visits.items()] if visits is not None else ():
        for leave in leaves:
            leave(session, place, onward)
