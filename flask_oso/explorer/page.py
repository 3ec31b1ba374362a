"""What a page of the explorer is made of, and how it becomes HTML.

A module for a page has a function from a :class:`Visit` to a :class:`Page`: a template and its
facts. Everything that a template prints is escaped, and values are words or redacted texts by then.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from functools import cached_property
from urllib.parse import urlencode

from flask import Flask, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ..app_state import AppState
from ..denials.debug_page import highlighted_reasons
from ..denials.explained_decision import explain_decision
from ..enforcement.authorizer import Authorizer
from ..oso import Oso
from ..polar.proof.redaction import DEFAULT_REDACTED, REDACTED, Redaction
from ..polar.residual.algebra.ir import Literal, walk_condition
from .objects import AppObjects

if t.TYPE_CHECKING:
    from ..polar.proof.proof import Proof
    from ..polar.residual.algebra.outcomes import Residual

#: The pages in the order of the navigation, each with the key that opens it after ``g``.
NAVIGATION = (
    ("routes", "Routes", "r"),
    ("ask", "Ask", "a"),
    ("matrix", "Matrix", "m"),
    ("decisions", "Decisions", "d"),
    ("policy", "Policy", "p"),
    ("who", "Who", "w"),
    ("graph", "Graph", "g"),
    ("draft", "Draft", "t"),
)


@dataclasses.dataclass(frozen=True)
class Page:
    """A template with what it shows.

    :param name: the page of the navigation, whose template has its name.
    """

    name: str
    title: str
    facts: dict[str, t.Any]
    status: int = 200


@dataclasses.dataclass
class Visit:
    """One request for a page, and what the page may look at.

    :param root: where the explorer is, ``/_oso`` for an app at the root of its server.
    :param token: what a form has to hold.
    """

    app: Flask
    state: AppState
    oso: Oso
    request: Request
    root: str
    token: str
    stack: contextlib.ExitStack

    @property
    def redact(self) -> tuple[str, ...]:
        """The words of ``OSO_REDACT``."""
        return tuple(self.state.config["OSO_REDACT"] or ())

    @cached_property
    def redaction(self) -> Redaction:
        """Knows what is not shown."""
        return Redaction([*DEFAULT_REDACTED, *self.redact])

    @cached_property
    def authorizer(self) -> Authorizer:
        """The authorizer of the app."""
        return self.state.part(Authorizer)

    @cached_property
    def objects(self) -> AppObjects:
        """The objects of the app."""
        return AppObjects(self.app, self.oso, self.authorizer, self.redaction, self.stack)

    def asked(self, name: str) -> str:
        """Give a value of the query, without spaces around it; empty if there is none."""
        return self.request.args.get(name, "").strip()

    def explain(self, actor: t.Any, action: t.Any, resource: t.Any) -> Proof:
        """Give the proof of one question, with redacted values."""
        return explain_decision(self.oso, actor, action, resource, self.redact)

    @cached_property
    def reads_secrets(self) -> bool:
        """Whether the policy has the name of an attribute whose value is redacted."""
        sources = self.oso.engine.policy.sources
        return any(self.redaction.hides_part(source.text) for source in sources)

    def residual_text(self, residual: Residual) -> str:
        """Give a condition on rows as text.

        Texts of objects are left out where the policy reads redacted attributes: a condition
        does not say where a value in it came from.
        """
        text = str(residual)
        if not self.reads_secrets:
            return self.redaction.cleaned(text)
        found = {
            part.value
            for part in walk_condition(residual.condition)
            if isinstance(part, Literal) and type(part.value) is str
        }
        for value in sorted(found, key=len, reverse=True):
            text = text.replace(f'"{value}"', REDACTED)
        return text


# -- HTML ----------------------------------------------------------------------------


def highlighted(text: str) -> Markup:
    """Give the text of a policy with colors, if Pygments is installed."""
    try:
        from ..consoles.highlighting import highlight_html
    except ImportError:  # the extra 'highlight' is not installed
        return escape(text)
    return Markup(highlight_html(text))


def highlighted_python(text: str) -> Markup:
    """Give generated Python with colors, if Pygments is installed."""
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers.python import PythonLexer
    except ImportError:
        return escape(text)
    return Markup(highlight(text, PythonLexer(), HtmlFormatter(nowrap=True)))


def time_text(seconds: float) -> str:
    """Give a time in the unit that fits it."""
    if seconds < 0.001:
        return f"{seconds * 1_000_000:.1f} µs"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


_ENVIRONMENT = Environment(
    autoescape=True,
    loader=PackageLoader("flask_oso.explorer", "templates"),
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
_ENVIRONMENT.filters.update(
    highlighted=highlighted,
    highlighted_python=highlighted_python,
    proof_html=lambda proof: Markup(highlighted_reasons(proof.to_html())),
    time_text=time_text,
)


def render(page: Page, visit: Visit) -> str:
    """Give the HTML of a page."""

    def url(name: str, **query: str) -> str:
        return f"{visit.root}/{name}" + (f"?{urlencode(query)}" if query else "")

    return _ENVIRONMENT.get_template(f"{page.name}.html").render(
        page.facts,
        app_name=visit.app.name,
        navigation=NAVIGATION,
        page=page,
        reload_problem=visit.state.reload_problem,
        token=visit.token,
        url=url,
    )
