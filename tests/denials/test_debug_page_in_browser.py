"""The page of a denial in a real browser: it opens, folds, and asks nobody for anything."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

import pytest
from flask import Flask, g

from flask_oso import FlaskOso, Oso, authorizes_inside
from tests.support.browsers import Visit, served_app
from tests.support.models.people import Role, Thing, User
from tests.support.sites import make_app

if t.TYPE_CHECKING:
    from playwright.sync_api import Browser

POLICY = """
actor User {}

resource Org {
  roles = ["reader", "editor"];
  "reader" if "editor";
}

resource Note {
  permissions = ["edit"];
  relations = { org: Org };
  "edit" if "editor" on "org";
}

has_role(user: User, name: String, org: Org) if
  role in user.roles and
  role.org = org and
  role.name = name;

has_relation(org: Org, "org", note: Note) if
  note.org = org;

allow(actor, action, resource) if
  has_permission(actor, action, resource);

allow(_user: User, "read", note: Note) if
  note.public;
"""


class Org(Thing):
    """What notes belong to."""


class Note(Thing):
    """Something written."""


def make_shop() -> Flask:
    """Make an app in debug mode, in which a reader wants to edit a note."""
    oso = Oso()
    for cls in (User, Org, Note, Role):
        oso.register_class(cls)
    oso.load_str(POLICY)
    app = make_app("shop", DEBUG=True)
    guard = FlaskOso(oso, app)
    org = Org(id=7)
    reader = User(id=1, roles=[Role(id=1, name="reader", org=org)])

    def load_user() -> None:
        g.current_user = reader

    def edit(number: int) -> str:
        guard.authorize(Note(id=number, org=org, public=False), action="edit")
        return "edited"

    app.before_request(load_user)
    app.add_url_rule("/notes/<int:number>/edit", "edit", authorizes_inside(edit))
    return app


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the app on this machine; give the address of a page that is denied."""
    with served_app(make_shop()) as root:
        yield f"{root}/notes/3/edit"


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Open the page in a window of its own."""
    with contextlib.closing(browser.new_context(color_scheme="light")) as context:
        yield Visit(context.new_page(), address)


def test_page_shows_the_nearest_miss(visit: Visit) -> None:
    """A developer sees who asked for what, the way out, and the condition that failed."""
    page = visit.page

    assert visit.status == 403
    assert page.inner_text("h1") == "403 Forbidden"
    assert page.inner_text(".oso-summary") == 'Denied User:1 may not "edit" Note:3.'
    assert 'role "editor" on Org:7' in page.inner_text(".oso-suggestions")
    assert page.inner_text("mark:visible") == "role.name = name"
    assert 'role.name is "reader"' in page.inner_text("p.oso-values:visible")


def test_page_asks_for_itself_only(visit: Visit, address: str) -> None:
    """One request, and one line in the console: that the page has the status 403."""
    visit.page.wait_for_load_state("networkidle")

    assert visit.requests == [address]
    assert visit.complaints == [
        "Failed to load resource: the server responded with a status of 403 (FORBIDDEN)"
    ]


def test_rule_folds_and_unfolds_by_click(visit: Visit) -> None:
    """A click on a rule hides what is inside, and another one shows it."""
    summary = visit.page.locator(".oso-proof > .oso-rules summary").first
    marked = visit.page.locator("mark")

    first = marked.is_visible()
    summary.click()
    folded = marked.is_visible()
    summary.click()

    assert (first, folded, marked.is_visible()) == (True, False, True)


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_rule_folds_and_unfolds_by_keyboard(visit: Visit, key: str) -> None:
    """The first thing that the tabulator comes to is the first rule."""
    marked = visit.page.locator("mark")
    visit.page.keyboard.press("Tab")

    first = marked.is_visible()
    visit.page.keyboard.press(key)
    folded = marked.is_visible()
    visit.page.keyboard.press(key)

    assert (first, folded, marked.is_visible()) == (True, False, True)


def test_rules_that_do_not_apply_are_folded(visit: Visit) -> None:
    """Rules that do not apply can be unfolded, and show the parameter that does not match."""
    others = visit.page.locator(".oso-others").last
    reason = others.get_by_text('action is "edit", the rule wants "read"')

    before = reason.is_visible()
    others.locator("summary").click()

    assert (before, reason.is_visible()) == (False, True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_has_the_colors_of_the_system(browser: Browser, address: str, scheme: str) -> None:
    """Its background is light or dark, as everything else there."""
    with contextlib.closing(browser.new_context(color_scheme=scheme)) as context:  # type: ignore[arg-type]  # one of two words
        page = Visit(context.new_page(), address).page
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert color == {"light": "rgb(246, 246, 244)", "dark": "rgb(22, 24, 26)"}[scheme]


@pytest.mark.parametrize("width", [320, 390, 1600])
def test_page_fits_the_window(browser: Browser, address: str, width: int) -> None:
    """Nothing sticks out at the side of the page, on a telephone or on a screen."""
    viewport: t.Any = {"width": width, "height": 800}
    with contextlib.closing(browser.new_context(viewport=viewport)) as context:
        page = Visit(context.new_page(), address).page
        needed = page.evaluate("document.documentElement.scrollWidth")

    assert needed <= width
