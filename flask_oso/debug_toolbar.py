"""A panel of Flask-DebugToolbar: what a request asked the policy, with links to the explorer.

Named in ``DEBUG_TB_PANELS`` of the configuration; only the toolbar imports this module. It shows
what the explorer knows, and hides from the same clients.
"""

from __future__ import annotations

import collections
import typing as t

from flask_debugtoolbar.panels import DebugPanel
from markupsafe import Markup
from werkzeug import Request

from .app_state import find_state
from .explorer.explorer import PolicyExplorer
from .explorer.pages.decisions import DecisionRing, KeptDecision
from .polar.spelling import with_count
from .request_state import this_app, this_request

__all__ = ["DecisionsPanel"]

_TABLE = Markup(
    "<table><thead><tr><th>Outcome</th><th>Question</th><th>Milliseconds</th></tr></thead>"
    "<tbody>{}</tbody></table>"
)
_ROW = Markup(
    '<tr><td>{0.outcome}</td><td><a href="{1}/decisions?number={0.number}">'
    "{0.actor} {0.action} {0.resource}</a></td><td>{2:.2f}</td></tr>"
)
_NOTHING = Markup("<p>Until the toolbar was drawn, the request asked the policy nothing.</p>")
_HIDDEN = Markup(
    "<p>There is no explorer for this browser, so nothing is shown. It needs a FlaskOso, debug mode"
    " and OSO_EXPLORER, and a browser on the machine of the application.</p>"
)


class DecisionsPanel(DebugPanel):
    """List the decisions about a request, each with a link to its proof."""

    name = "FlaskOso"
    has_content = True

    def nav_title(self) -> str:
        """Give the title in the toolbar."""
        return "Authorization"

    def nav_subtitle(self) -> str:
        """Count the decisions by their outcome."""
        counts = collections.Counter(each.outcome for each in self._decisions())
        return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())

    def title(self) -> str:
        """Give the title of the panel."""
        return f"Authorization: {with_count(len(self._decisions()), 'decision')}"

    def url(self) -> str:
        """Give no address: the panel has content."""
        return ""

    def process_request(self, request: Request) -> None:
        """Keep the request, and where the explorer is for its client."""
        state = find_state(this_app())
        parts: dict[type, t.Any] = {} if state is None else state.parts
        explorer: PolicyExplorer | None = parts.get(PolicyExplorer)
        self._ring: DecisionRing | None = parts.get(DecisionRing)
        self._request = this_request()
        self._root = None if explorer is None else explorer.address_for(self._request)

    def content(self) -> str:
        """Give the HTML of the panel."""
        if self._root is None:
            return _HIDDEN
        decisions = self._decisions()
        rows = [_ROW.format(each, self._root, each.seconds * 1000) for each in decisions]
        return _TABLE.format(Markup().join(rows)) if rows else _NOTHING

    def _decisions(self) -> list[KeptDecision]:
        if self._root is None or self._ring is None:
            return []
        return self._ring.of_request(self._request)
