"""``make docs`` builds the site without a warning, and nothing in it leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import flask_oso
from flask_oso import exceptions
from flask_oso.polar import exceptions as polar_exceptions
from tests.docs.examples import DOCS

pytestmark = [pytest.mark.slow, pytest.mark.full]

#: Pages that Sphinx makes itself: their links are those of the others.
MADE = {"genindex.html", "py-modindex.html", "search.html"}


class Page(HTMLParser):
    """What a page has: its anchors, its links, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.inline_scripts = 0
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given["id"]} if "id" in given else set()
        if tag == "a" and {"href", "xlink:href"} & given.keys():
            self.links.append(given.get("href", given.get("xlink:href", "")))
        elif tag == "link" and given.get("rel") == "stylesheet":
            self.loaded.append(given["href"])
        elif tag in ("script", "img", "iframe", "source"):
            self.inline_scripts += tag == "script" and "src" not in given
            self.loaded += [given["src"]] if "src" in given else []


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """All pages, by their paths; that of an error 404 may be shown anywhere."""
    paths = set(site.rglob("*.html")) - {site / "404.html"}
    return {path.resolve(): Page(path) for path in sorted(paths)}


def broken_links(pages: dict[Path, Page]) -> Iterator[tuple[str, str]]:
    """Yield links that lead to no page, and to no anchor of a page."""
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            is_known = target not in pages or unquote(parts.fragment) in {
                "",
                *pages[target].anchors,
            }
            if not parts.scheme and not (target.exists() and is_known):
                yield path.name, link


def test_links_lead_somewhere(pages: dict[Path, Page]) -> None:
    """Each link between pages has its page, and the anchor on it."""
    assert [*broken_links(pages)] == []


def test_links_to_others_are_encrypted(pages: dict[Path, Page]) -> None:
    """What leads away leads away over https."""
    links = {link for page in pages.values() for link in page.links if urlsplit(link).scheme}

    assert {urlsplit(link).scheme for link in links} <= {"https"}


def test_pages_load_only_what_is_there(pages: dict[Path, Page]) -> None:
    """No page asks another server for a script, a font, a style or a picture."""
    loaded = [(page.path, each) for page in pages.values() for each in page.loaded]

    assert loaded
    assert [each for path, each in loaded if not (path.parent / urlsplit(each).path).exists()] == []


def test_pages_have_no_script_of_their_own(pages: dict[Path, Page]) -> None:
    """A strict Content-Security-Policy can stand before the site."""
    found = [page.path.name for page in pages.values() if page.inline_scripts]

    assert set(found) <= MADE


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for module in (polar_exceptions, exceptions)
        for name, cls in vars(module).items()
        if isinstance(cls, type) and issubclass(cls, flask_oso.OsoError)
    ),
)
def test_error_has_a_place_on_its_page(pages: dict[Path, Page], site: Path, name: str) -> None:
    """Each error can be linked to, but for those that are never raised."""
    page = (DOCS / "reference" / "errors.md").read_text("utf-8")
    kept = page.partition("## Kept for old programs")[2]

    anchors = pages[(site / "reference" / "errors.html").resolve()].anchors
    assert (name.lower() in anchors) != (f"`{name}`" in kept)


@pytest.mark.parametrize("name", [*flask_oso.__all__])
def test_public_name_has_a_place_in_the_reference(
    pages: dict[Path, Page], site: Path, name: str
) -> None:
    """What a program imports is described."""
    anchors = pages[(site / "reference" / "api.html").resolve()].anchors

    assert {f"flask_oso.{name}", f"flask_oso.polar.exceptions.{name}"} & anchors


def test_each_page_is_there_as_plain_text(site: Path) -> None:
    """A reader without a browser has every page, and finds it in the list."""
    names = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    listed = (site / "llms.txt").read_text("utf-8")

    plain = {name: (site / name).read_text("utf-8") for name in names}

    assert [name for name in names if name != "index.md" and f"({name})" not in listed] == []
    assert [name for name, text in plain.items() if "```{" in text or "\n:::" in text] == []
    assert "= head (" in plain["reference/polar/grammar.md"]
    assert "flask_oso.Oso(" in plain["reference/api.md"]


def test_grammar_is_drawn(site: Path) -> None:
    """The page of the grammar has a picture of each rule, made from the grammar."""
    page = (site / "reference" / "polar" / "grammar.html").read_text("utf-8")

    assert page.count("<svg") > 30
    assert page.count('<figure class="grammar"') == page.count("<svg")
