"""The explorer: pages about the policy of an app, for its developer, in debug mode.

It answers below ``/_oso`` at the WSGI border of the app, inside of a request context and without
the app's own functions before and after requests: its pages are no routes, and nothing that the
app requires of routes counts for them. It asks the policy about rows of the app's database, and
takes back whatever happened in the session.
"""

from __future__ import annotations

import contextlib
import mimetypes
import typing as t
from collections.abc import Callable, Iterable, Mapping
from importlib import resources

from flask import Flask, Request, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.utils import redirect

from ..app_state import AppState, first_oso
from ..observability.publisher import DecisionPublisher
from ..polar.exceptions import OsoError
from . import door
from .page import Page, Visit, render
from .pages.ask import show_ask
from .pages.decisions import DecisionRing, show_decisions
from .pages.draft import show_draft
from .pages.graph import show_graph
from .pages.matrix import show_matrix
from .pages.policy import show_policy
from .pages.routes import show_routes
from .pages.who import show_who

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROOT = "/_oso"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:;"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # With none at all, forms would not say where they come from.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_OWN = resources.files(__package__).joinpath("static")
#: The files that pages load. A proof has the style that it has on the page of a denial.
_FILES = {
    "explorer.css": (
        resources.files("flask_oso.denials").joinpath("debug_page.css"),
        _OWN.joinpath("explorer.css"),
    ),
    "explorer.js": (_OWN.joinpath("explorer.js"),),
}
#: The pages that have forms which are sent with POST.
_FORMS = frozenset({"draft"})
_Show = Callable[[Visit], Page]
_PAGES: Mapping[str, _Show] = {
    "routes": show_routes,
    "ask": show_ask,
    "matrix": show_matrix,
    "who": show_who,
    "decisions": show_decisions,
    "policy": show_policy,
    "graph": show_graph,
    "draft": show_draft,
}


class PolicyExplorer:
    """Answers below ``/_oso`` for one app, in debug mode and for clients on this machine."""

    def __init__(self, app: Flask, state: AppState) -> None:
        self._app = app
        self._state = state
        self._token = door.make_token()
        self._told: set[str] = set()
        ring = DecisionRing(app, state.config["OSO_REDACT"] or ())
        state.add(ring, self)
        state.part(DecisionPublisher).recorder = ring.record

    def is_asked(self, environ: WSGIEnvironment) -> bool:
        """Tell whether a request is for the explorer, and there is one for its client."""
        path = environ.get("PATH_INFO", "")
        if not (path == ROOT or path.startswith(f"{ROOT}/")) or not self._app.debug:
            return False
        reason = self._reason_to_hide(environ)
        if reason is not None and reason not in self._told:
            self._told.add(reason)
            self._app.logger.info("The explorer did not answer a request: %s.", reason)
        return reason is None

    def address_for(self, request: Request) -> str | None:
        """Give where the explorer is; ``None`` if it hides from the client of a request."""
        is_hidden = not self._app.debug or self._reason_to_hide(request.environ) is not None
        return None if is_hidden else f"{request.script_root}{ROOT}"

    def _reason_to_hide(self, environ: WSGIEnvironment) -> str | None:
        server_name = self._app.config.get("SERVER_NAME") or ""
        return door.reason_to_hide(environ, {server_name.partition(":")[0].lower()} - {""})

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        with self._app.request_context(environ) as context:
            response = self._respond(context.request)
            response.headers.update(_HEADERS)
            return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        try:
            refused = door.reason_to_refuse(request, self._token)
            if refused is not None:
                return Response(f"{refused}\n", 403, mimetype="text/plain")
            path = request.path.removeprefix(ROOT).strip("/")
            if path.startswith("static/"):
                return _static(path.removeprefix("static/"))
            if not path:
                return t.cast(
                    Response,
                    redirect(
                        f"{request.script_root}{ROOT}/{next(iter(_PAGES))}", Response=Response
                    ),
                )
            return self._show(path, request)
        except HTTPException as error:
            return Response(f"{error.code} {error.name}\n", error.code, mimetype="text/plain")

    def _show(self, name: str, request: Request) -> Response:
        show = _PAGES.get(name)
        if show is None:
            raise NotFound
        if request.method == "POST" and name not in _FORMS:
            raise MethodNotAllowed
        with contextlib.ExitStack() as stack:
            visit = Visit(
                app=self._app,
                state=self._state,
                oso=first_oso(self._state),
                request=request,
                root=f"{request.script_root}{ROOT}",
                token=self._token,
                stack=stack,
            )
            page = self._made(show, visit)
            return Response(render(page, visit), page.status, mimetype="text/html")

    def _made(self, show: _Show, visit: Visit) -> Page:
        try:
            return show(visit)
        except HTTPException:
            raise
        # A page asks code of the app, which may raise anything. Nothing is decided by a page.
        except Exception as error:
            if not isinstance(error, OsoError):
                self._app.logger.exception("A page of the explorer could not be made.")
            text = visit.redaction.cleaned_sentence(str(error))
            return Page("problem", "Problem", {"kind": type(error).__name__, "text": text}, 500)


def _static(name: str) -> Response:
    if name not in _FILES:
        raise NotFound
    text = "\n".join(file.read_text("utf-8") for file in _FILES[name])
    kind, _ = mimetypes.guess_type(name)
    return Response(text, mimetype=kind)
