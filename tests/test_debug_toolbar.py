"""The panel of Flask-DebugToolbar: which decisions it lists, and for whom."""

from __future__ import annotations

import html
import re
import typing as t

import pytest
from flask import Flask
from flask_debugtoolbar import DebugToolbarExtension

from flask_oso import authorize
from tests.support.sites import Site, make_app, make_site

PAGE = "<html><body>page</body></html>"
PANEL = "flask_oso.debug_toolbar.DecisionsPanel"
CONFIG: dict[str, t.Any] = {"DEBUG": True, "SECRET_KEY": "of a test"}


def with_toolbar(app: Flask) -> Flask:
    """Give an app the toolbar with the panel beside its own, and a view that asks nothing."""
    DebugToolbarExtension(app)
    app.config["DEBUG_TB_PANELS"] = [*app.config["DEBUG_TB_PANELS"], PANEL]
    app.add_url_rule("/open", "open", lambda: PAGE)
    return app


@pytest.fixture
def site() -> Site:
    """A site in debug mode with the panel, and a guarded page."""
    site = make_site(**CONFIG)
    with_toolbar(site.app)
    site.app.add_url_rule("/", "page", authorize("read", "page")(lambda: PAGE))
    return site


def panel_of(app: Flask, path: str, **options: t.Any) -> str:
    """Give the HTML of the panel in a response: its line in the list of panels, and its content."""
    page = app.test_client().get(path, **options).text
    in_list = page.partition('<li id="flDebugFlaskOsoPanel">')[2].partition("</li>")[0]
    return in_list + page.partition('id="flDebugFlaskOsoPanel-content"')[2]


def words_of(panel: str) -> str:
    """Give the text of a toolbar, without its tags."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", panel)))


def test_panel_lists_the_decisions_of_the_request(site: Site) -> None:
    """It has the question and how it ended."""
    words = words_of(panel_of(site.app, "/?user=ann"))

    assert "1 allowed" in words
    assert 'allowed "ann" read "page"' in words


def test_panel_lists_no_decision_of_another_request(site: Site) -> None:
    """A request that asked nothing has none, whatever was asked before."""
    panel_of(site.app, "/?user=ann")

    words = words_of(panel_of(site.app, "/open"))

    assert "the request asked the policy nothing" in words
    assert "ann" not in words


def test_panel_leads_to_the_proof(site: Site) -> None:
    """The link of a decision opens it in the explorer."""
    panel = panel_of(site.app, "/?user=ann")
    (link,) = re.findall(r'href="(/_oso/[^"]+)"', panel)

    page = site.app.test_client().get(link)

    assert (page.status_code, "proof" in page.text) == (200, True)


def test_link_has_the_root_of_the_app(site: Site) -> None:
    """Below a prefix, the explorer is below it, too."""
    panel = panel_of(site.app, "/?user=ann", environ_overrides={"SCRIPT_NAME": "/below"})

    assert 'href="/below/_oso/decisions?number=1"' in panel


def test_words_of_a_decision_are_escaped(site: Site) -> None:
    """An actor from the request is no HTML."""
    site.guard.oso.load_str('allow(_, "read", "page");', replace=True)

    panel = panel_of(site.app, "/?user=<i>ann</i>")

    assert "&lt;i&gt;ann" in panel
    assert "<i>ann" not in panel


@pytest.mark.parametrize(
    "request_of",
    [
        {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}},
        {"headers": {"X-Forwarded-For": "192.0.2.1"}},
        {"headers": {"Host": "evil.example"}},
    ],
)
def test_panel_hides_from_whom_the_explorer_hides(site: Site, request_of: t.Any) -> None:
    """The toolbar itself is shown to everybody; what was decided is not."""
    words = words_of(panel_of(site.app, "/?user=ann", **request_of))

    assert "There is no explorer for this browser" in words
    assert '"ann"' not in words


def test_panel_without_an_explorer_says_so() -> None:
    """Where the explorer is turned off, the panel is empty, and the page is served."""
    app = with_toolbar(make_site(OSO_EXPLORER=False, **CONFIG).app)

    assert "There is no explorer for this browser" in words_of(panel_of(app, "/open"))


def test_panel_without_an_extension_says_so() -> None:
    """An app that names the panel and has no FlaskOso is served all the same."""
    app = with_toolbar(make_app(**CONFIG))

    assert "It needs a FlaskOso" in words_of(panel_of(app, "/open"))
