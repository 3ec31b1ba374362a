"""Denials as HTTP errors: a page for browsers, problem details for programs.

In goes a denied question; out comes an exception of werkzeug. A handler of the app answers
it, ``errorhandler(403)``, ``errorhandler(Forbidden)`` or ``errorhandler(HTTPException)``.
Without one it answers itself: HTML, or ``application/problem+json`` (RFC 9457) where the
client prefers JSON. What the policy says, and about whom, is in neither, but for debug mode:
there both say why, for the developer.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable
from urllib.parse import quote

from flask import has_request_context
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, NotFound, Unauthorized
from werkzeug.http import parse_accept_header

from ..oso import DenialReason
from ..request_state import this_app, this_request
from .denial import Denial

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from .debug_page import Explanation

_JSON = ("application/problem+json", "application/json")
_PROBLEM = "application/problem+json"


class Answer(HTTPException):
    """An HTTP error that is the answer itself, where no handler of the app answers it."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        answered = super().__call__(environ, start_response)
        # Flask has the error in a frame of this traceback: a circle, which would keep all that the
        # request had, its rows and its actor, until the garbage collector comes.
        self.__traceback__ = None
        return answered


class Problem(Answer):
    """A refusal that answers in the format that its client prefers.

    :param denial: what was asked; ``None`` where nothing was.
    """

    #: What problem details say happened; the page says ``description``.
    detail: str

    def __init__(self, denial: Denial | None = None, **options: t.Any) -> None:
        super().__init__(**options)
        self.denial = denial
        self._explained: tuple[Explanation | None] | None = None
        #: The ``Accept`` header that was read last, and whether it prefers JSON.
        self._preferred: tuple[t.Any, bool] | None = None

    def as_response(self, environ: WSGIEnvironment) -> t.Any:
        """Give the answer to a request as a response, as Flask would make it of a call of this.

        Flask has no other way for what is no response: it calls it as an application of its own,
        and reads status, headers and body of what that sends. That takes as long as a request.
        """
        response = self.get_response(environ)
        # As in '__call__'.
        self.__traceback__ = None
        return response

    def get_body(
        self, environ: WSGIEnvironment | None = None, scope: dict[str, t.Any] | None = None
    ) -> str:
        """Give the body: problem details, or the page."""
        if self._is_for_program(environ):
            return self._details(environ or {})
        return self._page(environ, scope)

    def get_headers(
        self, environ: WSGIEnvironment | None = None, scope: dict[str, t.Any] | None = None
    ) -> list[tuple[str, str]]:
        """Give the headers; a cache learns that the answer depends on ``Accept``."""
        headers = [*super().get_headers(environ, scope), ("Vary", "Accept")]
        explanation = self._explanation()
        if explanation is not None:
            headers += explanation.headers
        if not self._is_for_program(environ):
            return headers
        others = [header for header in headers if header[0] != "Content-Type"]
        return [("Content-Type", _PROBLEM), *others]

    def _is_for_program(self, environ: WSGIEnvironment | None) -> bool:
        """Tell whether the client prefers JSON; the body and the headers both ask that."""
        header = (environ or {}).get("HTTP_ACCEPT")
        if self._preferred is None or self._preferred[0] != header:
            self._preferred = header, prefers_json(environ)
        return self._preferred[1]

    def _page(self, environ: WSGIEnvironment | None, scope: dict[str, t.Any] | None) -> str:
        explanation = self._explanation()
        return super().get_body(environ, scope) if explanation is None else explanation.page()

    def _details(self, environ: WSGIEnvironment) -> str:
        details: dict[str, t.Any] = {
            "type": "about:blank",
            "title": self.name,
            "status": self.code,
            "detail": self.detail,
            "instance": _path(environ),
        }
        details |= self._members()
        explanation = self._explanation()
        if explanation is not None:
            details |= explanation.members()
        return f"{json.dumps(details)}\n"

    def _members(self) -> dict[str, t.Any]:
        """Give further members of the problem details."""
        return {}

    def _explanation(self) -> Explanation | None:
        """Give what the developer is told besides; ``None`` but for debug mode."""
        if self.denial is None or self.denial.is_missing or self.denial.field is not None:
            return None
        if not has_request_context() or not this_app().debug:
            return None
        if self._explained is None:
            self._explained = (_explain(self, self.denial),)
        return self._explained[0]


def _explain(problem: Problem, denial: Denial) -> Explanation | None:
    app = this_app()
    status = f"{problem.code} {problem.name}"
    try:
        # Imported late: production has no use for it.
        from .debug_page import Explanation

        made = Explanation(app, this_request(), status, denial, problem.__traceback__)
        made.page()
    except Exception:
        # The answer is the denial all the same, as plain as in production.
        app.logger.exception("The page that explains a denial could not be made.")
        return None
    return made


class ForbiddenProblem(Problem, Forbidden):
    """The actor may not do this.

    :param reason: what the policy says about it; it is the description then.
    """

    # Programs written for flask-oso rely on this word.
    description = "Unauthorized"
    detail = "You are not allowed to do this."

    def __init__(
        self, denial: Denial | None = None, reason: DenialReason | None = None, **options: t.Any
    ) -> None:
        super().__init__(denial, **options)
        self.reason = reason
        if reason is not None:
            self.description = self.detail = reason.text

    def _members(self) -> dict[str, t.Any]:
        is_coded = self.reason is not None and self.reason.code is not None
        return {"code": t.cast(DenialReason, self.reason).code} if is_coded else {}


class NotFoundProblem(Problem, NotFound):
    """There is no such object, or the actor may not read it: nobody can tell which."""

    detail = "There is nothing here for you."


class UnauthorizedProblem(Problem, Unauthorized):
    """Nobody is logged in, and the one who logs in may be allowed to do this."""

    description = "You have to log in to do this."
    detail = "You have to log in to do this."


class ContradictionProblem(Problem, BadRequest):
    """The client is two people at once: it sent a session and a token, say."""

    description = "You sent two logins, and they do not agree. Send one of them."
    detail = "You sent two logins, and they do not agree. Send one of them."


#: What answers itself; a subclass may do so in another way.
PROBLEMS: t.Final[frozenset[type]] = frozenset(
    {ForbiddenProblem, NotFoundProblem, UnauthorizedProblem, ContradictionProblem}
)


def prefers_json(environ: WSGIEnvironment | None) -> bool:
    """Tell whether a client rather reads JSON than HTML; whoever does not care gets HTML."""
    header = (environ or {}).get("HTTP_ACCEPT", "")
    if _prefers_page(header):
        return False
    accept = parse_accept_header(header, MIMEAccept)
    preferences = [_preference(accept, kind) for kind in _JSON]
    # Those of a vendor, such as 'application/vnd.api+json', are JSON as well.
    preferences += [(each, each > 0) for kind, each in accept if kind.endswith("+json")]
    return max(preferences) > _preference(accept, "text/html")


def _prefers_page(header: str) -> bool:
    """Tell of the headers of most clients at once that they prefer HTML, or do not care.

    To read the header of a browser takes longer than to judge its request. It begins with HTML,
    which nothing can then be preferred to, unless another type is named as well.
    """
    if not header or header == "*/*":
        return True
    return header.startswith("text/html,") and "json" not in header.lower()


def _preference(accept: MIMEAccept, kind: str) -> tuple[float, bool]:
    """Rate a media type; of two that are as welcome, the one that is named comes first."""
    quality = accept.quality(kind)
    return quality, quality > 0 and kind in accept.values()


def _path(environ: WSGIEnvironment) -> str:
    """Give the path of the request as a reference; its query may hold secrets."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return quote(path.encode("latin-1"))
