"""The explorer in a real browser: each page opens, fits, and asks nobody else for anything."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.support.browsers import Visit, served_app

if t.TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = (
    "routes",
    "ask",
    "ask?actor=User:2&action=edit&resource=Issue:3",
    "matrix",
    "decisions",
    "policy",
    "who?action=edit&resource=Issue:1",
    "graph",
    "draft?file=policies/issues.polar",
)


@pytest.fixture(scope="module")
def root(shown: Flask) -> Iterator[str]:
    """Serve the example application on this machine."""
    with served_app(shown) as address:
        yield address


@contextlib.contextmanager
def visiting(browser: Browser, address: str, **options: t.Any) -> Iterator[Visit]:
    """Open a page in a window of its own."""
    with contextlib.closing(browser.new_context(**options)) as context:
        yield Visit(context.new_page(), address)


@pytest.mark.parametrize("path", PAGES)
def test_page_opens_without_complaints(browser: Browser, root: str, path: str) -> None:
    """The console is empty: nothing breaks, and the policy for content is kept."""
    with visiting(browser, f"{root}/_oso/{path}") as visit:
        visit.page.wait_for_load_state("networkidle")

        assert (visit.status, visit.complaints) == (200, [])
        assert {urlsplit(each).netloc for each in visit.requests} == {urlsplit(root).netloc}
        assert visit.page.locator("nav a[aria-current=page]").count() == 1


@pytest.mark.parametrize("width", [320, 390, 1600])
@pytest.mark.parametrize("path", PAGES)
def test_page_fits_the_window(browser: Browser, root: str, path: str, width: int) -> None:
    """Nothing sticks out at the side of the page, on a telephone or on a screen."""
    viewport = {"width": width, "height": 800}
    with visiting(browser, f"{root}/_oso/{path}", viewport=viewport) as visit:
        needed = visit.page.evaluate("document.documentElement.scrollWidth")

    assert needed <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_has_the_colors_of_the_system(browser: Browser, root: str, scheme: str) -> None:
    """Its background is light or dark, as everything else there."""
    with visiting(browser, f"{root}/_oso/routes", color_scheme=scheme) as visit:
        color = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert color == {"light": "rgb(246, 246, 244)", "dark": "rgb(22, 24, 26)"}[scheme]


def test_question_is_asked_with_the_keyboard(browser: Browser, root: str) -> None:
    """A key opens the page, another one the form, and Enter asks."""
    with visiting(browser, f"{root}/_oso/routes") as visit:
        page = visit.page
        page.keyboard.press("g")
        page.keyboard.press("a")
        page.wait_for_url("**/ask")
        page.keyboard.press("/")
        page.keyboard.type("User:2")
        page.keyboard.press("Tab")
        page.keyboard.type("edit")
        page.keyboard.press("Tab")
        page.keyboard.type("Issue:3")
        page.keyboard.press("Enter")
        page.wait_for_selector(".oso-summary")

        assert page.inner_text(".oso-summary") == 'Denied User:2 may not "edit" Issue:3.'


def test_routes_are_filtered_while_typing(browser: Browser, root: str) -> None:
    """Only rows with all words stay."""
    with visiting(browser, f"{root}/_oso/routes") as visit:
        visit.page.fill("[data-filter]", "issues edit")

        shown = visit.page.locator("#routes tbody tr:visible code").all_inner_texts()

    assert "/repositories/<int:repository_id>/issues/<int:issue_id>/edit" in shown
    assert "/repositories/" not in shown


def test_matrix_changes_with_its_class(browser: Browser, root: str) -> None:
    """Choosing another class shows its rows, and a button leads to why."""
    with visiting(browser, f"{root}/_oso/matrix") as visit:
        page = visit.page
        page.select_option("select[name=class]", "Organization")
        page.wait_for_url("**class=Organization*")
        page.click(".x-is-allowed >> nth=0")
        page.wait_for_selector(".oso-summary")

        assert "may" in page.inner_text(".oso-summary")


def test_draft_is_checked_in_a_browser(browser: Browser, root: str) -> None:
    """A mistake is shown with its place, and cannot be saved."""
    with visiting(browser, f"{root}/_oso/draft?file=policies/issues.polar") as visit:
        page = visit.page
        page.fill("textarea", "allow(")
        page.click("button[value=check]")
        page.wait_for_selector(".x-is-error")

        assert page.locator("button[value=save]").count() == 0
        assert "allow(" in page.input_value("textarea")
