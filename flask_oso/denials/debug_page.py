"""Why a request was denied, for its developer: the proof, and the page that shows it.

In go a denied question and the request that asked it; out come a page and the members of
problem details. The page loads nothing and runs nothing. ``problems.py`` asks for it in
debug mode, and never otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
import typing as t
from collections.abc import Iterator
from importlib import resources

from flask import Flask, Request
from jinja2 import Environment

from ..app_state import find_state
from ..callables.view_functions import locate
from .explained_decision import explain_decision

if t.TYPE_CHECKING:
    from types import TracebackType

    from .denial import Denial

_STYLE = resources.files(__package__).joinpath("debug_page.css").read_text("utf-8")
_TEMPLATE = Environment(autoescape=True).from_string(
    resources.files(__package__).joinpath("debug_page.html").read_text("utf-8")
)
# All texts are escaped: the first end of an element is its own.
_POLICY_TEXT = re.compile(r'(<code class="oso-policy">)(.*?)</code>', re.DOTALL)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)


class Explanation:
    """What a developer is told of one denied request.

    :param status: the status of the answer, ``403 Forbidden``.
    :param denial: what was asked.
    :param traceback: the way to where the denial was raised.
    """

    def __init__(
        self,
        app: Flask,
        request: Request,
        status: str,
        denial: Denial,
        traceback: TracebackType | None = None,
    ) -> None:
        state = find_state(app)
        redact = state.config["OSO_REDACT"] if state is not None else ()
        self.proof = explain_decision(
            denial.oso, denial.actor, denial.action, denial.resource, redact
        )
        self._status = status
        self._facts = tuple(_facts(app, request, traceback))
        self._warning = state.reload_problem if state is not None else None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers of the page and of the problem details."""
        return [
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", _POLICY),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        ]

    def members(self) -> dict[str, t.Any]:
        """Give the members of problem details that say why."""
        members: dict[str, t.Any] = {"proof": self.proof.to_dict(), **dict(self._facts)}
        if self._warning is not None:
            members["warning"] = self._warning
        return members

    def page(self) -> str:
        """Give the whole page."""
        return _TEMPLATE.render(
            status=self._status,
            style=_STYLE,
            proof=self.proof,
            reasons=highlighted_reasons(self.proof.to_html()),
            facts=self._facts,
            warning=self._warning,
        )


def highlighted_reasons(page: str) -> str:
    """Give colours to what is text of the policy, if Pygments is installed."""
    try:
        from ..consoles.highlighting import highlight_html
    except ImportError:  # the extra 'highlight' is not installed
        return page
    return _POLICY_TEXT.sub(lambda m: f"{m[1]}{highlight_html(html.unescape(m[2]))}</code>", page)


def _facts(
    app: Flask, request: Request, traceback: TracebackType | None
) -> Iterator[tuple[str, str]]:
    """Say which request it was, which view it is for, and where the question was asked."""
    # Without the query, which may hold secrets.
    yield "request", f"{request.method} {request.path}"
    rule, endpoint = request.url_rule, request.endpoint
    if rule is not None:
        yield "route", rule.rule
    view = app.view_functions.get(endpoint) if endpoint is not None else None
    if view is not None:
        place = locate(view, request.method)
        where = f" ({_relative(app, place.file)}:{place.line})" if place is not None else ""
        yield "view", f"{endpoint}{where}"
    asked = _asked_at(app, traceback)
    if asked is not None:
        yield "asked", asked


def _asked_at(app: Flask, traceback: TracebackType | None) -> str | None:
    """Give the line of the application that asked, if it is one."""
    found = None
    own = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if _relative(app, file) != file and not file.startswith(own):
            found = f"{_relative(app, file)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found


def _relative(app: Flask, file: str) -> str:
    """Give the name of a file from the root of the app, if it is inside."""
    root = os.path.join(app.root_path, "")
    is_inside = file.startswith(root) and "site-packages" not in file
    return file.removeprefix(root) if is_inside else file
