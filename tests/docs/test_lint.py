"""``docs/reference/lint.md``: each code has an example that gets it, and one that gets nothing."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_oso import FlaskOso, authorize
from flask_oso.enforcement.audit.asked_actions import findings_about_app
from flask_oso.polar.tools.lint.codes import Code
from tests.support.children import ROOT
from tests.support.lint_cases import Doc, make_lint_oso
from tests.support.sites import make_app

PAGE = (ROOT / "docs" / "reference" / "lint.md").read_text(encoding="utf-8")
_PART = re.compile(
    r"^### (OSO\d+) ([a-z-]+)$|^<!-- (wrong|right)[^\n]* -->\n```polar\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
#: Codes that these classes and policies cannot have.
_WITHOUT_EXAMPLES = {"OSO023", "OSO099"}


class Snippet(t.NamedTuple):
    """An example, and the code of its section."""

    code: str
    is_wrong: bool
    text: str


def read_snippets() -> Iterator[Snippet]:
    """Give all examples."""
    code = ""
    for found in _PART.finditer(PAGE):
        code = found[1] or code
        if found[3]:
            yield Snippet(code, found[3] == "wrong", found[4])


SNIPPETS = [*read_snippets()]


def codes_of(text: str, folder: Path) -> list[str]:
    """Lint a text as the policy of an app with one route."""
    (folder / "policy.polar").write_text(text, encoding="utf-8")
    (folder / "templates").mkdir()
    words = "read delete report edit praise"
    (folder / "templates" / "words.html").write_text(words, encoding="utf-8")
    app = make_app(folder=folder, static=None)
    oso = make_lint_oso()
    FlaskOso().init_app(app, oso)

    @app.route("/docs/<int:doc_id>")
    @authorize("edit", Doc)
    def edit(doc: Doc) -> str:
        return str(doc)

    result = oso.lint_files([folder / "policy.polar"])
    found = result.with_findings(findings_about_app(app, result)).settled()
    return [each.code.number for each in found]


def test_page_has_a_section_for_each_code() -> None:
    """A code that is printed can be looked up under its name."""
    sections = [(found[1], found[2]) for found in _PART.finditer(PAGE) if found[1]]

    assert sorted(sections) == sorted((code.number, code.title) for code in Code)


def test_page_has_two_examples_for_each_code() -> None:
    """Each is shown wrong and right."""
    wanted = {code.number for code in Code} - _WITHOUT_EXAMPLES

    assert {each.code for each in SNIPPETS if each.is_wrong} == wanted
    assert {each.code for each in SNIPPETS if not each.is_wrong} == wanted


@pytest.mark.each(3)
@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda each: f"{each.code}-{each.is_wrong}")
def test_example_has_the_code_or_not(snippet: Snippet, tmp_path: Path) -> None:
    """The wrong example gets the code of its section, the right one does not."""
    assert (snippet.code in codes_of(snippet.text, tmp_path)) is snippet.is_wrong


@pytest.mark.each(3, 1)
@pytest.mark.parametrize(
    "snippet",
    [each for each in SNIPPETS if not each.is_wrong and each.code not in ("OSO301", "OSO302")],
    ids=lambda each: each.code,
)
def test_right_example_is_silent(snippet: Snippet, tmp_path: Path) -> None:
    """Nothing else is wrong with a right example, apart from what its application lacks."""
    found = [each for each in codes_of(snippet.text, tmp_path) if each[:4] != "OSO3"]

    assert found == []
