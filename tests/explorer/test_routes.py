"""The page of routes."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from flask_oso import authorize, skip_authorization
from tests.support.sites import Site


def open_page(site: Site) -> str:
    site.app.debug = True
    return site.app.test_client().get("/_oso/routes").text


def test_routes_that_are_not_protected_come_first(site: Site) -> None:
    """What has to be mended is on top, then what is open on purpose, then the rest."""
    site.app.add_url_rule("/a", "guarded", authorize("read", "page")(lambda: "a"))
    site.app.add_url_rule("/b", "open", skip_authorization(reason="A lobby.")(lambda: "b"))
    site.app.add_url_rule("/c", "forgotten", lambda: "c")

    page = open_page(site)

    assert re.findall(r"<code>(/[a-c])</code>", page) == ["/c", "/b", "/a"]
    assert "1 route is not protected." in page
    assert "A lobby." in page


def test_guard_is_shown_with_what_it_asks(site: Site) -> None:
    """The action, the resource, and the line of the view."""
    site.app.add_url_rule("/a", "guarded", authorize("read", "page")(lambda: "a"))

    page = open_page(site)

    assert "<code>&#39;read&#39;</code>" in page
    assert "<code>&#39;page&#39;</code>" in page
    assert "test_routes.py:" in page


def test_text_of_the_app_is_escaped(site: Site) -> None:
    """A reason is text, whatever is in it."""
    site.app.add_url_rule("/b", "open", skip_authorization(reason="<script>x")(lambda: "b"))

    page = open_page(site)

    assert "&lt;script&gt;x" in page
    assert "<script>x" not in page


def test_protected_app_is_told_so(visitor: FlaskClient) -> None:
    """An app without gaps gets a good word, and is told what is required."""
    page = visitor.get("/_oso/routes").text

    assert "Every route says how it is guarded." in page
    assert "the app does not serve while a route is not guarded" in page
