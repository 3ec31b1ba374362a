"""The pages about the internals say what is true: names, numbers, tests and output."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import itertools
import re
import typing as t
from collections import Counter
from pathlib import Path

import pytest

import flask_oso
from flask_oso import Limits
from flask_oso.polar.residual.algebra.ir import FALSE, TRUE
from flask_oso.polar.residual.algebra.outcomes import SearchOutcome, and_then, no_solution, or_else
from tests.docs.one_rule import MAKERS
from tests.docs.pages import FOLDER, PAGES, made_names, written_anew

ROOT = Path(__file__).parents[2]
PACKAGE = Path(flask_oso.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
#: The maps of folders are checked as the pages are.
MAPS = [PACKAGE / "README.md", PACKAGE / "sqlalchemy" / "README.md", ROOT / "tests" / "README.md"]
CHECKED = [*PAGES, *MAPS]
#: Names of others that pages speak of.
FOREIGN = {"None", "True", "False", "Select", "SYMBOL", "POLAR_LOG", "OSO_COMPILED"}
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PATH = re.compile(r"[\w/.*-]+\.(?:py|lark|json|md)|[\w/]+/")
_TEST = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")


def page(name: str) -> str:
    """Give the text of a page."""
    return (FOLDER / name).read_text("utf-8")


def prose(text: str) -> str:
    """Give a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def rows_of(text: str, *headings: str) -> list[list[str]]:
    """Give the rows of all tables of a page that have these headings."""
    lines = text.splitlines()
    found = []
    for at, line in enumerate(lines):
        if cells_of(line) == [*headings]:
            rows = itertools.takewhile(lambda each: each.startswith("|"), lines[at + 2 :])
            found += [cells_of(row) for row in rows]
    assert found, headings
    return found


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@functools.cache
def names_in_code() -> set[str]:
    """Give the names of all classes, functions, attributes and constants of the package."""
    names: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
    return names


def named_paths(text: str) -> list[str]:
    """Give the paths that a page names."""
    return [code for code in _CODE.findall(prose(text)) if _PATH.fullmatch(code)]


def named_symbols(text: str) -> list[str]:
    """Give the names of the code on a page: ``Engine``, ``Oso.query``, ``fold()``."""
    codes = _CODE.findall(prose(text))
    camel = [
        code
        for code in codes
        if re.fullmatch(r"_?[A-Z]\w+(?:\.\w+)*", code) and not code.endswith(".md")
    ]
    called = [code[:-2] for code in codes if re.fullmatch(r"\w+\(\)", code)]
    return sorted({part for code in [*camel, *called] for part in code.split(".")} - FOREIGN)


def shown(path: Path) -> str:
    """Name a page."""
    return path.relative_to(ROOT).as_posix()


def is_there(path: str, folder: Path) -> bool:
    """Tell whether a path leads somewhere, from its page, the package or the root."""
    plain = path.rstrip("/")
    return any(
        [
            *PACKAGE.glob(plain),
            *ROOT.glob(plain),
            *PACKAGE.rglob(f"syntax/{plain}"),
            *folder.glob(plain),
        ]
    )


def has_test(file: str, name: str) -> bool:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(tree))


# -- all pages --------------------------------------------------------------------------------


def test_index_lists_every_page() -> None:
    """Who begins at the index misses nothing."""
    listed = re.findall(r"^\| \[([\w.-]+)\]\(\1\)", page("README.md"), re.MULTILINE)

    assert sorted(listed) == sorted(each.name for each in PAGES if each.name != "README.md")


@pytest.mark.parametrize("path", CHECKED, ids=shown)
def test_paths_are_there(path: Path) -> None:
    """A module that is renamed is renamed on the page."""
    named = named_paths(path.read_text("utf-8"))

    assert [each for each in named if not is_there(each, path.parent)] == []


@pytest.mark.parametrize("path", CHECKED, ids=shown)
def test_names_are_those_of_the_code(path: Path) -> None:
    """A class or function that is renamed is renamed on the page."""
    named = named_symbols(path.read_text("utf-8"))

    assert [each for each in named if each not in names_in_code()] == []


@pytest.mark.parametrize("path", CHECKED, ids=shown)
def test_tests_are_there(path: Path) -> None:
    """A test that a page relies on exists."""
    named = _TEST.findall(path.read_text("utf-8"))

    missing = [(file, test) for file, test in named if not (ROOT / file).exists()]
    unknown = [(file, test) for file, test in named if test and not has_test(file, test)]
    assert missing + unknown == []


@pytest.mark.parametrize("path", CHECKED, ids=shown)
def test_links_lead_to_files(path: Path) -> None:
    """No link is dead."""
    links = re.findall(r"\]\(([^)#]+)\)", prose(path.read_text("utf-8")))

    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_output_is_that_of_the_code(path: Path) -> None:
    """What a page shows is what the code gives; 'python -m tests.docs.pages' writes it anew."""
    text = path.read_text("utf-8")

    assert written_anew(text) == text


def test_page_of_one_rule_shows_all_stages() -> None:
    """No stage is made that the page leaves out."""
    assert made_names(page("one-rule.md")) == [*MAKERS]


# -- limits -----------------------------------------------------------------------------------


def test_limits_of_a_question_have_their_defaults() -> None:
    """The table has each limit of ``Limits``."""
    rows = rows_of(page("limits.md"), "limit", "default", "guards")

    assert {row[0].strip("`"): int(row[1].replace(",", "")) for row in rows} == {
        name: default for name, (_, default) in Limits.KNOWN.items()
    }


@pytest.mark.parametrize(
    "row",
    rows_of(page("limits.md"), "loop", "limit", "value", "when it is reached"),
    ids=lambda row: row[1],
)
def test_limit_has_its_value(row: list[str]) -> None:
    """The number is that of the constant."""
    path, name = re.findall(r"`([^`]+)`", row[1])
    module = importlib.import_module(f"flask_oso.{path.removesuffix('.py').replace('/', '.')}")

    assert getattr(module, name) == int(row[2].replace(",", ""))


# -- outcomes ---------------------------------------------------------------------------------

OUTCOMES = {
    "yes": SearchOutcome(TRUE),
    "yes, `fails_later`": SearchOutcome(TRUE, fails_later=TRUE),
    "no": SearchOutcome(FALSE),
    "no, `missing`": SearchOutcome(FALSE, missing=TRUE),
    "error": SearchOutcome(FALSE, fails=TRUE),
    "endless": SearchOutcome(FALSE, endless=TRUE),
    "anything": SearchOutcome(TRUE),
}


def described(outcome: SearchOutcome) -> str:
    """Name what an outcome is for a row."""
    if outcome.fails == TRUE:
        return "error"
    if outcome.holds == TRUE:
        return "yes, and `fails_later`" if outcome.fails_later == TRUE else "yes"
    return "in no list" if outcome.missing == TRUE else "no"


@pytest.mark.parametrize(
    ("first", "second", "both", "either"),
    rows_of(page("outcomes.md"), "A", "B", "`A and B`", "`A or B`"),
)
def test_table_of_and_and_or(first: str, second: str, both: str, either: str) -> None:
    """The table is what the functions compute."""
    left, right = OUTCOMES[first], OUTCOMES[second]

    assert described(and_then(left, right)) == both
    assert described(or_else(left, right)) == either


@pytest.mark.parametrize(("inner", "negated"), rows_of(page("outcomes.md"), "A", "`not A`"))
def test_table_of_not(inner: str, negated: str) -> None:
    """The table is what the function computes."""
    assert described(no_solution(OUTCOMES[inner])) == negated


def test_table_of_outcomes_has_every_part() -> None:
    """A new condition of an outcome is explained."""
    heading = "true of a row if the check", "may be true of too many rows", "why"
    rows = rows_of(page("outcomes.md"), "condition", *heading)

    assert [row[0].strip("`") for row in rows] == [
        each.name for each in dataclasses.fields(SearchOutcome)
    ]


# -- invariants -------------------------------------------------------------------------------


INVARIANTS = Counter(
    path.relative_to(ROOT).as_posix()
    for path in SOURCES
    for _ in re.findall(r"\bINVARIANT:", path.read_text("utf-8"))
)
LISTED = rows_of(page("invariants.md"), "file", "what holds", "test")


def test_each_invariant_of_the_code_is_listed() -> None:
    """Each comment has a row, whatever its words: as many for a file as it has comments."""
    assert Counter(row[0].strip("`") for row in LISTED) == INVARIANTS


@pytest.mark.parametrize("row", LISTED, ids=lambda row: row[1])
def test_invariant_has_a_test(row: list[str]) -> None:
    """What nothing holds does not hold for long."""
    assert _TEST.search(row[2])


def test_row_is_one_of_the_page() -> None:
    """The helper of these tests reads tables: a heading that no page has is an error."""
    with pytest.raises(AssertionError):
        rows_of("| a |\n| --- |\n| 1 |\n", "b")


def test_makers_are_functions_of_nothing() -> None:
    """A page can be made anywhere."""
    results: list[t.Any] = [MAKERS["tokens"](), MAKERS["tokens"]()]

    assert results[0] == results[1]
