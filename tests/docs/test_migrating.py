"""``docs/migrating.md``: what is to change is found, what it became is not, and programs run."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from flask_oso.migration.findings import Code
from flask_oso.migration.migration_check import check_program
from tests.support.children import ROOT, run_python

PAGE = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
_PART = re.compile(
    r"^## [^\n]*?(?:\((M\d+)\))?$|^<!-- ([^\n]*) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


class Snippet(t.NamedTuple):
    """A fenced block with a note above it, and the code of its section."""

    code: str
    note: str
    text: str


def read_snippets() -> t.Iterator[Snippet]:
    """Give all blocks with a note."""
    code = ""
    for found in _PART.finditer(PAGE):
        code = found[1] or code
        if found[2]:
            yield Snippet(code, found[2], found[3])


SNIPPETS = [*read_snippets()]
BEFORE = [each for each in SNIPPETS if each.note.startswith("before: ")]
AFTER = [each for each in SNIPPETS if each.note.startswith("after: ")]
PROGRAMS = [each for each in SNIPPETS if each.note == "program"]
OUTPUTS = [each for each in SNIPPETS if each.note == "output"]


def codes_of(snippet: Snippet, folder: Path) -> set[str]:
    """Give the codes of what is found in a snippet as a file."""
    path = folder / snippet.note.partition(": ")[2]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(snippet.text, encoding="utf-8")
    return {each.code for each in check_program([str(folder)]).findings}


def test_page_has_a_section_for_each_code() -> None:
    """A code that is printed can be looked up, and has an example."""
    assert sorted(re.findall(r"^## .*\((M\d+)\)$", PAGE, re.MULTILINE)) == [*Code]
    assert {each.code for each in BEFORE} == {*Code}


@pytest.mark.parametrize(
    "snippet",
    [each for each in BEFORE if each.code != Code.NOT_INSTALLED_IN_TESTS],
    ids=lambda each: f"{each.code} {each.note}",
)
def test_what_is_to_change_is_found(snippet: Snippet, tmp_path: Path) -> None:
    """``flask oso migrate-check`` finds what the section is about."""
    assert snippet.code in codes_of(snippet, tmp_path)


def test_line_that_tests_miss_is_found(tmp_path: Path) -> None:
    """Where the program has the line, its tests need it, too."""
    (tmp_path / "wsgi.py").write_text("import flask_oso\nflask_oso.install_as_oso()\n")
    (snippet,) = (each for each in BEFORE if each.code == Code.NOT_INSTALLED_IN_TESTS)

    assert codes_of(snippet, tmp_path) == {Code.NOT_INSTALLED_IN_TESTS}


@pytest.mark.parametrize("snippet", AFTER, ids=lambda each: f"{each.code} {each.note}")
def test_what_it_became_is_not_found(snippet: Snippet, tmp_path: Path) -> None:
    """The cure leaves nothing to change."""
    assert codes_of(snippet, tmp_path) == set()


@pytest.mark.parametrize(("program", "output"), [*zip(PROGRAMS, OUTPUTS, strict=True)])
def test_program_prints_what_is_shown(program: Snippet, output: Snippet) -> None:
    """A program of the page can be copied and run."""
    assert run_python(program.text) == output.text
