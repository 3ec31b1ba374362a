"""The playground in a real browser: the library of this checkout answers in the page."""

from __future__ import annotations

import contextlib
import io
import json
import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browsers import served_folder
from tests.support.cases import CASES, Case, read_cases, run_case
from tests.support.children import ROOT

if t.TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

#: WebAssembly is compiled, and nothing else that a page could be made to run.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self';"
    " connect-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: How bright what is behind an element is, and its text, from 0 to 765.
_BRIGHTNESS = """name => {
  let element = document.querySelector(name), found = "rgba(0, 0, 0, 0)";
  while (element && found === "rgba(0, 0, 0, 0)") {
    found = getComputedStyle(element).backgroundColor;
    element = element.parentElement;
  }
  return found.match(/\\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b);
}"""
_INK = """name => getComputedStyle(document.querySelector(name)).color
  .match(/\\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b)"""
#: Milliseconds: the machine may have other things to do.
PATIENCE = 120_000


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the site under a strict policy."""
    if not (site / "_static" / "pyodide").exists():
        pytest.skip("The site was built without Pyodide, which npm fetches.")
    with served_folder(site, POLICY) as address:
        yield address


class Visit:
    """A page that is open, and what it asked for and complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def ask(self, **texts: str) -> str:
        """Fill in texts, ask, and give the answer."""
        for name, text in texts.items():
            self.page.fill(f"textarea[name={name}]", text)
        self.page.click("button:text('Ask')")
        return self.answer()

    def answer(self) -> str:
        """Wait for the answer that is shown."""
        self.page.wait_for_selector(".playground-answer:not([aria-busy]) h3")
        return re.sub(r"\n+", "\n", self.page.inner_text(".playground-answer"))


@pytest.fixture(scope="module")
def playground(browser: Browser, address: str) -> Iterator[Visit]:
    """Open the playground, with Python loaded."""
    with contextlib.closing(browser.new_context()) as context:
        visit = Visit(context.new_page())
        visit.page.goto(f"{address}/playground.html")
        visit.answer()
        yield visit


@pytest.fixture
def window(browser: Browser) -> Iterator[Visit]:
    """Open a window of its own."""
    with contextlib.closing(browser.new_context()) as context:
        yield Visit(context.new_page())


def test_playground_answers_its_example(window: Visit, address: str) -> None:
    """Whoever opens the page sees an answer and its reason."""
    window.page.goto(f"{address}/playground.html")

    answer = window.answer()

    assert "Answer\nFalse" in answer
    assert "note.author" in window.page.inner_text(".oso-proof")


def test_playground_asks_nobody_else(playground: Visit, address: str) -> None:
    """All of it comes from the site, and the policy of the page forbids nothing of it."""
    asked = [url for url in playground.requests if not url.startswith((address, "data:", "blob:"))]
    complaints = [each for each in playground.complaints if "style" not in each]

    assert (asked, complaints) == ([], [])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ('allow(ben, "edit", draft)', "Answer\nTrue"),
        ("allow(ben, action, draft)", "action = 'edit'\naction = 'read'"),
        ('allow(ben, "read", Note)', "Condition on rows\nexists(note.author:"),
        ('allow(ben, "edit", Note)', "WHERE note.author_id = 2 AND note.locked != 1"),
        ("x in [1, 2]", "x = 1\nx = 2"),
        ('alow(ben, "edit", draft)', "Did you mean `allow`?"),
        ("x = draft.__class__", "'__class__' is not for policies"),
        ("1 +", "UnrecognizedEOF"),
    ],
)
def test_question_is_answered(playground: Visit, question: str, expected: str) -> None:
    """Answers, conditions and errors are those of the library."""
    assert expected in playground.ask(question=question)


def test_wrong_policy_is_told(playground: Visit) -> None:
    """A mistake has its place; the next question is answered again."""
    usual = playground.page.input_value("textarea[name=policy]")

    wrong = playground.ask(policy="allow(_, _, _", question="1 = 1")
    right = playground.ask(policy=usual, question="1 = 1")

    assert "at line 1" in wrong
    assert "True" in right


def test_markup_in_values_is_text(playground: Visit) -> None:
    """What is typed is never taken for markup."""
    playground.ask(policy='allow(_, "<img src=x>", _);', question='allow("<b>", "<img>", "<i>")')

    assert playground.page.locator(".playground-answer :is(img, b, i)").count() == 0


def test_link_holds_all_that_was_typed(playground: Visit, window: Visit) -> None:
    """A link opens the same policy and question elsewhere, and answers."""
    playground.ask(policy='f("é", 1);', question="f(x, y)")
    link = playground.page.get_attribute("a:text('Link to this')", "href")

    window.page.goto(playground.page.url.partition("#")[0] + str(link))

    assert "x = 'é'\ny = 1" in window.answer()
    assert window.page.input_value("textarea[name=policy]") == 'f("é", 1);'


def test_program_of_a_link_is_not_run_by_itself(playground: Visit, window: Visit) -> None:
    """A link that brings Python waits for a click."""
    usual = playground.page.input_value("textarea[name=data]")
    playground.ask(policy="f(1);", question="x = here", data="here = 'from a link'")
    link = str(playground.page.get_attribute("a:text('Link to this')", "href"))
    playground.ask(data=usual)

    window.page.goto(playground.page.url.partition("#")[0] + link)
    shown = window.page.inner_text(".playground-answer")

    assert shown == "The link brought its own data. Ask runs it."
    assert "from a link" in window.ask()


def test_example_of_a_page_leads_to_the_playground(window: Visit, address: str) -> None:
    """An example is opened with its policy and its question."""
    window.page.goto(f"{address}/reference/polar/rules.html")

    window.page.click("a.try-it >> nth=0")

    assert "Answer\nTrue" in window.answer()
    assert window.page.input_value("textarea[name=question]") == 'allow(ben, "edit", draft)'


def test_policy_of_the_tutorial_leads_to_the_playground(window: Visit, address: str) -> None:
    """A policy that stands alone is opened with the notes of the tutorial, and answered."""
    window.page.goto(f"{address}/tutorial/2-roles.html")

    window.page.click("a.try-it >> nth=0")

    assert "Answer\nFalse" in window.answer()
    assert "Lighthouse keepers" in window.page.input_value("textarea[name=data]")


def test_first_answer_needs_no_database(window: Visit, address: str) -> None:
    """Python begins with its memory of the package; what makes SQL comes when it is asked for."""
    window.page.goto(f"{address}/playground.html")
    window.answer()
    first = {url.rpartition("/")[2] for url in window.requests}
    window.ask(question='allow(ben, "edit", Note)')
    second = {url.rpartition("/")[2] for url in window.requests} - first

    assert "snapshot.dat" in first
    assert second == {"sqlalchemy.zip", "typing_extensions.zip"}


def test_python_is_loaded_without_its_memory(window: Visit, address: str) -> None:
    """A browser that cannot use the snapshot loads Python from its parts."""
    window.page.context.route("**/snapshot.dat", lambda route: route.abort())
    window.page.goto(f"{address}/playground.html")

    assert "Answer\nFalse" in window.answer()
    assert [each for each in window.complaints if "loaded from its parts" in each]


def test_playground_works_by_keyboard(playground: Visit) -> None:
    """Ctrl and Enter ask, wherever one types."""
    playground.page.fill("textarea[name=question]", "x = 41 + 1")

    playground.page.press("textarea[name=question]", "Control+Enter")
    playground.page.wait_for_selector("pre:text('x = 42')")

    assert "x = 42" in playground.answer()


@pytest.mark.parametrize("width", [360, 1200])
def test_playground_fits_the_window(browser: Browser, address: str, width: int) -> None:
    """Nothing sticks out, on a phone neither."""
    with contextlib.closing(
        browser.new_context(viewport={"width": width, "height": 800})
    ) as context:
        page = context.new_page()
        page.goto(f"{address}/playground.html")
        page.wait_for_selector("form.playground")

        inner = page.evaluate("document.querySelector('form.playground').scrollWidth")
        assert inner <= page.evaluate("document.documentElement.clientWidth")


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_page_has_the_colors_of_the_system(
    browser: Browser, address: str, scheme: t.Literal["light", "dark"], dark: bool
) -> None:
    """By night the page is dark, its code and its fields, too."""
    with contextlib.closing(browser.new_context(color_scheme=scheme)) as context:
        page = context.new_page()
        page.goto(f"{address}/playground.html")
        page.wait_for_selector("form.playground")

        found = [page.evaluate(_BRIGHTNESS, each) for each in ("body", "pre", "textarea")]
        inks = [page.evaluate(_INK, each) for each in ("body", "pre", "textarea")]
        assert [ground < ink for ground, ink in zip(found, inks, strict=True)] == [dark] * 3


#: Texts whose color is too near to what is behind them: their tag, class and contrast.
_FAINT = """() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const found = parse(getComputedStyle(element).backgroundColor);
      if (found.length < 4 || found[3] > 0.5) return found;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  const faint = new Map();
  for (const each of document.querySelectorAll("body *")) {
    const has = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!has || each.closest("svg, .headerlink") || !each.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(each).color)), light(behind(each))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 3) faint.set(`${each.tagName} ${each.className}`, contrast.toFixed(1));
  }
  return [...faint].map((pair) => pair.join(": "));
}"""


@pytest.fixture(scope="module")
def names_of_pages(site: Path) -> list[str]:
    """Give the names of all pages."""
    return [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"))]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read(
    browser: Browser, address: str, names_of_pages: list[str], scheme: t.Literal["light", "dark"]
) -> None:
    """No text of any page is as bright as what is behind it, nor nearly so."""
    with contextlib.closing(browser.new_context(color_scheme=scheme)) as context:
        page, faint = context.new_page(), {}
        for name in names_of_pages:
            page.goto(f"{address}/{name}")
            faint[name] = page.evaluate(_FAINT)

    assert {name: found for name, found in faint.items() if found} == {}


def test_pages_fit_a_phone(browser: Browser, address: str, names_of_pages: list[str]) -> None:
    """No page is wider than a phone: code and tables scroll by themselves."""
    size: t.Any = {"width": 380, "height": 800}
    with contextlib.closing(browser.new_context(viewport=size)) as context:
        page, widths = context.new_page(), {}
        for name in names_of_pages:
            page.goto(f"{address}/{name}")
            widths[name] = page.evaluate("document.documentElement.scrollWidth")

    assert {name: width for name, width in widths.items() if width > 380} == {}


def test_page_is_whole_without_scripts(browser: Browser, address: str) -> None:
    """Without JavaScript the example and its answer are there."""
    with contextlib.closing(browser.new_context(java_script_enabled=False)) as context:
        page = context.new_page()
        page.goto(f"{address}/playground.html")

        assert "The playground needs JavaScript" in page.inner_text("#playground-place")
        assert "action = 'edit'" in page.inner_text(".highlight-console")


#: How many cases one question runs: an answer that takes long looks like none.
_BATCH = 80
#: Python for the field of the data: what the tests of cases are made of, and their outcomes.
_RUN_CASES = """
import contextlib, io, json, pathlib, sys
for name, text in FILES.items():
    path = pathlib.Path("/checks", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
if "/checks" not in sys.path:
    sys.path.insert(0, "/checks")
    import types
    from flask_oso.polar.exceptions import OsoError
    sys.modules["flask_oso"].OsoError = OsoError
from tests.support.cases import read_cases, run_case

def outcome_of(case):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        results, error = run_case(case)
    return [results, error and type(error).__name__, str(error), printed.getvalue()]

print(json.dumps({case.name: outcome_of(case) for case in read_cases()[START:END]}))
"""


def outcome_of(case: Case) -> list[t.Any]:
    """Give the results, the error and the output of a case, as the page gives them."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        results, error = run_case(case)
    return [results, error and type(error).__name__, str(error), printed.getvalue()]


def test_cases_are_answered_in_the_page_as_elsewhere(playground: Visit) -> None:
    """All results, errors and outputs of the language's cases are those that they are here."""
    cases, found = read_cases(), {}
    paths = ["tests/support/cases.py", "tests/support/models/world.py"]
    paths += [path.relative_to(ROOT).as_posix() for path in sorted(CASES.glob("*.polar"))]
    files = {path: (ROOT / path).read_text("utf-8") for path in paths}

    for start in range(0, len(cases), _BATCH):
        given = f"FILES, START, END = {files!r}, {start}, {start + _BATCH}\n"
        answer = playground.ask(policy="", question="", data=given + _RUN_CASES)
        found.update(json.loads(answer.rpartition("Printed\n")[2]))

    assert found == {case.name: outcome_of(case) for case in cases}
