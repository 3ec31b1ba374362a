"""Why a request was denied, for its developer: the proof, and the page that shows it.

In go a denied question and the request that asked it; out come a page and the members of
problem details. The page loads nothing and runs nothing. ``problems.py`` asks for it in
debug mode, and never otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import os
import typing as t
from collections.abc import Iterable, Iterator
from html import escape

from flask import Flask, Request

from ..app_state import find_state
from ..callables.view_functions import locate
from ..polar.host.conversion import is_representable
from ..polar.proof.proof import Outcome, Proof

if t.TYPE_CHECKING:
    from types import TracebackType

    from ..oso import Oso
    from .denial import Denial

_UNREPRESENTABLE = (
    "The {} is a value that no policy can be asked about, such as a number beyond 64 bits: such"
    " a question is denied without asking the policy."
)
_NOT_LOADED = "The policy files changed and did not load. The policy from before is in force."
_ONLY_HERE = (
    "This page is for developers: it is shown because the application runs in debug mode. In"
    " production the answer is a plain {}."
)


def explain_decision(
    oso: Oso, actor: t.Any, action: t.Any, resource: t.Any, redact: Iterable[str] = ()
) -> Proof:
    """Say why ``FlaskOso`` allows or denies: as ``Oso.explain``, but for one thing.

    A value that cannot be expressed in Polar is denied here, since it may come from a request.
    """
    question = {"actor": actor, "action": action, "resource": resource}
    odd = [name for name, value in question.items() if not is_representable(value)]
    if odd:
        shown = tuple("?" if name in odd else _shown(question[name]) for name in question)
        return Proof(Outcome.DENIED, "allow", shown, notes=(_UNREPRESENTABLE.format(odd[0]),))
    return oso.explain(actor, action, resource, redact=redact)


def _shown(value: t.Any) -> str:
    return f'"{value}"' if type(value) is str else f"<{type(value).__name__} object>"


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
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield "<!doctype html>"
        yield '<html lang="en"><head><meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield '<meta name="color-scheme" content="light dark">'
        yield '<link rel="icon" href="data:,">'
        yield f"<title>{escape(self._status)}: {escape(self.proof.summary)}</title>"
        yield f"<style>{_STYLE}</style></head><body><main>"
        yield f'<header><h1>{escape(self._status)}</h1><p class="badge">debug mode</p></header>'
        if self._warning is not None:
            yield f'<section class="warning"><p>{_NOT_LOADED}</p>'
            yield f"<pre>{escape(self._warning)}</pre></section>"
        yield self.proof.to_html()
        yield "<dl>"
        for name, value in self._facts:
            yield f"<dt>{name.capitalize()}</dt><dd><code>{escape(value)}</code></dd>"
        yield "</dl>"
        yield f"<footer><p>{escape(_ONLY_HERE.format(self._status))}</p></footer>"
        yield "</main></body></html>"


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


_STYLE = """
:root { --page: #f6f6f4; --card: #fff; --ink: #1e2022; --soft: #62676c; --line: #dedfdc;
  --bad: #b42318; --bad-back: #fdecea; --good: #17703a; --good-back: #e7f4eb; --odd: #8a5a00;
  --odd-back: #fdf3dc; --code: #f1f1ee; --link: #234f9e; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16181a; --card: #1f2225; --ink: #e6e7e8; --soft: #9ca2a8; --line: #34383c;
    --bad: #ff8a7a; --bad-back: #40201d; --good: #6fd08f; --good-back: #1b3323; --odd: #f0c060;
    --odd-back: #3a2f17; --code: #2a2d31; --link: #9dbcff; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
header { display: flex; align-items: center; gap: .75rem; color: var(--soft); }
h1 { font-size: 1rem; font-weight: 600; margin: 0; }
h2 { font-size: .95rem; font-weight: 600; margin: 1.5rem 0 .5rem; }
p { margin: .25rem 0; }
ul { list-style: none; margin: 0; padding: 0; }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono",
  monospace; overflow-wrap: anywhere; }
pre { margin: .4rem 0; padding: .6rem .8rem; background: var(--code); border-radius: 6px;
  white-space: pre-wrap; }
.badge { margin: 0; padding: 0 .5rem; border: 1px solid var(--line); border-radius: 1rem;
  font-size: .8rem; }
.oso-summary { font-size: 1.35rem; line-height: 1.35; margin: .9rem 0 1rem; }
.oso-outcome { padding: .05em .4em; border-radius: 6px; margin-right: .3em; }
.oso-denied .oso-outcome { color: var(--bad); background: var(--bad-back); }
.oso-allowed .oso-outcome { color: var(--good); background: var(--good-back); }
.oso-broken .oso-outcome { color: var(--odd); background: var(--odd-back); }
.oso-suggestions { background: var(--good-back); border-radius: 8px; padding: .8rem 1rem; }
.oso-suggestions h2 { margin: 0 0 .35rem; color: var(--good); }
.oso-suggestions li { padding: .1rem 0; }
.warning { background: var(--odd-back); border-radius: 8px; padding: .8rem 1rem;
  margin-top: 1rem; }
.warning p { color: var(--odd); font-weight: 600; }
.oso-place, .oso-number { color: var(--soft); font-size: .82em; margin-left: .35em;
  overflow-wrap: anywhere; }
.oso-number { margin-left: 0; }
.oso-proof > .oso-rules > li { background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .5rem .75rem; margin: .5rem 0; }
.oso-conditions, details .oso-rules { border-left: 2px solid var(--line); margin: .15rem 0 .3rem
  .45rem; padding-left: .7rem; }
.oso-conditions > li, .oso-rules > li { padding: .12rem 0; }
summary { cursor: pointer; border-radius: 4px; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: ""; display: inline-block; margin-right: .4em;
  border: .32em solid transparent; border-left-color: var(--soft); border-right-width: 0; }
details[open] > summary::before { border-left-color: transparent; border-right-width: .32em;
  border-top-color: var(--soft); border-bottom-width: 0; margin-right: .1em; }
summary:hover { background: var(--code); }
summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.oso-mark { font-weight: 700; display: inline-block; min-width: 1em; margin: 0 .15em;
  color: var(--soft); }
.oso-holds > .oso-mark, .oso-holds > details > summary > .oso-mark { color: var(--good); }
.oso-fails > .oso-mark, .oso-fails > details > summary > .oso-mark { color: var(--bad); }
.oso-broken > .oso-mark, .oso-broken > details > summary > .oso-mark { color: var(--odd); }
.oso-values, .oso-note, .oso-asked { color: var(--soft); font-size: .92em; }
p.oso-values { color: var(--ink); }
.oso-others { color: var(--soft); margin: .3rem 0; }
.oso-others ul { margin-left: 1.1rem; }
.oso-others li { padding: .2rem 0; }
mark { background: var(--bad-back); color: var(--bad); font-weight: 700; border-radius: 3px;
  padding: .1em 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 2rem 0 1rem;
  padding-top: 1rem; border-top: 1px solid var(--line); font-size: .92em; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
footer { color: var(--soft); font-size: .85em; }
@media (max-width: 34rem) {
  main { padding: 1rem .75rem 3rem; }
  .oso-summary { font-size: 1.15rem; }
  .oso-conditions, details .oso-rules { margin-left: .1rem; padding-left: .45rem; }
  .oso-proof > .oso-rules > li { padding: .4rem .5rem; }
}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
