"""The veto: a request in which nothing was authorized does not commit.

In go sessions of SQLAlchemy; from then on a commit that would write raises, unless the
request was allowed something before, or is exempt for a reason. Whatever a view does
before it authorizes is lost with its transaction. A commit after the request, when the
context of the app is torn down, is judged by the request in which its transaction began.
Elsewhere outside of requests, in commands and workers, nobody is judged.
"""

from __future__ import annotations

import typing as t

from flask import Flask, Request

from .globals import OsoState, RequestMark, find_state, mark_of, this_app, this_request
from .polar.exceptions import OsoError
from .routes import describe_request

_Place = tuple[Flask, Request]


class VetoedCommitError(OsoError):
    """A request may not commit."""


def veto_commits(sessions: t.Any) -> None:
    """Let requests commit only what was authorized, in all apps that use these sessions.

    ``OSO_VETO_COMMITS = True`` does so with the sessions of Flask-SQLAlchemy, for one app.

    :param sessions: a ``sessionmaker``, a ``scoped_session``, a subclass of SQLAlchemy's
        ``Session``, or one session.
    :raises OsoError: if it is none of these.
    """
    from .sqlalchemy.commits import Check, watch_commits

    watch_commits(sessions, Check(this_place, check_commit))


def veto_configured(app: Flask, state: OsoState) -> str | None:
    """Find the sessions of Flask-SQLAlchemy, if they are to be watched.

    :return: what is wrong if there are none.
    """
    if not state.config.get("OSO_VETO_COMMITS"):
        return None
    from .sqlalchemy.commits import Check, is_session_source, watch_commits

    sessions = getattr(app.extensions.get("sqlalchemy"), "session", None)
    if not is_session_source(sessions):
        return (
            "'OSO_VETO_COMMITS' is on, but the app has no Flask-SQLAlchemy. Initialize it, or give"
            " your sessions to 'veto_commits' instead."
        )
    watch_commits(sessions, Check(this_place, check_configured_commit))
    return None


def this_place() -> _Place | None:
    """Give the current app and request; ``None`` outside of requests."""
    try:
        return this_app(), this_request()
    except RuntimeError:
        return None


def check_configured_commit(begun: _Place | None) -> None:
    """Judge a commit if the app wants it.

    :param begun: where the transaction began.
    :raises VetoedCommitError: the request may not commit.
    """
    place = this_place() or begun
    if place is not None:
        state = find_state(place[0])
        if state is not None and state.config.get("OSO_VETO_COMMITS"):
            _judge(*place)


def check_commit(begun: _Place | None) -> None:
    """Judge a commit.

    :param begun: where the transaction began.
    :raises VetoedCommitError: the request may not commit.
    """
    place = this_place() or begun
    if place is not None:
        _judge(*place)


def _judge(app: Flask, current: Request) -> None:
    mark = mark_of(app, current)
    problem = _problem(mark)
    if problem is not None:
        raise VetoedCommitError(f"{_name(app, current)} may not commit: {problem}")


def _problem(mark: RequestMark) -> str | None:
    if mark.denied:
        return (
            "it was denied. To write all the same, say a record of the denial, call"
            " 'skip_authorization' with a reason."
        )
    if mark.undecided:
        return "its authorization came to no decision."
    if mark.allowed:
        return None
    if mark.authorized:
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
