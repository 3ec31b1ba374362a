"""Hints: each row of the table has an example in ``errors/``, and says what to write instead."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from flask_oso.polar.exceptions import ParserError
from flask_oso.polar.sources import Source
from flask_oso.polar.spelling import nearest
from flask_oso.polar.syntax import diagnostics
from flask_oso.polar.syntax.diagnostics import HINTS, Hint
from flask_oso.polar.syntax.parser import parse_policy, parse_query

_EXAMPLES = sorted((Path(__file__).parents[1] / "errors").glob("*.polar"))


@pytest.fixture(scope="module")
def said() -> list[Hint]:
    """Give the rows that the examples are answered with."""
    rows: list[Hint] = []
    say = diagnostics._say

    def record(hint: Hint, mistake: diagnostics.Mistake) -> str:
        rows.append(hint)
        return say(hint, mistake)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnostics, "_say", record)
        for path in _EXAMPLES:
            parse_policy(Source(path.read_bytes().decode()))
        with pytest.raises(ParserError):
            parse_query(Source("1 = 1;"))
    return rows


@pytest.mark.parametrize("number", range(len(HINTS)), ids=lambda number: HINTS[number].help[:40])
def test_row_has_an_example(said: list[Hint], number: int) -> None:
    """No row of the table is dead: an example is answered with it."""
    assert HINTS[number] in said


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("allow(1, 2, 3);", "A query has no semicolon. Remove it."),
        ("x = 1 && y = 2", "Write `and` in place of `&&`."),
        ("x not in [1]", "Write `not x in …`."),
        ("f(1", "A `)` is missing: `(` is open since line 1, column 2."),
        ("x = 'a'", 'Strings stand in double quotes. Write `"a"`.'),
    ],
)
def test_query_has_the_help_of_a_policy(query: str, line: str) -> None:
    """A mistake in a query is answered like one in a policy."""
    with pytest.raises(ParserError) as caught:
        parse_query(Source(query))

    assert str(caught.value).splitlines()[-1] == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("f(x) if x and", "A condition is missing behind `and`."),
        ("f(x) if", "A condition is missing behind `if`."),
        ("f(x) if x =", "A value is missing behind `=`."),
        ("f(x) if x in", "A value is missing behind `in`."),
        ("f(x) if x.", "A name is missing behind the dot."),
        ("f(x) if (x and", "A `)` is missing: `(` is open since line 1, column 9."),
    ],
)
def test_end_in_a_condition_is_told_what_is_missing(text: str, line: str) -> None:
    """A text that ends behind an operator lacks more than the semicolon."""
    (problem,) = parse_policy(Source(text)).problems

    assert str(problem).splitlines()[-1] == line


def test_long_quotation() -> None:
    """A hint quotes a long token in part."""
    parsed = parse_policy(Source(f'f("{"x" * 100}" "y");'))

    help_line = str(parsed.problems[0]).splitlines()[-1]

    assert help_line == f'A comma is missing between `"{"x" * 39}…` and `"y"`.'


def test_nothing_is_quoted_that_deceives() -> None:
    """A hint shows characters that are not seen as escapes."""
    parsed = parse_policy(Source('f("\u200d" "y");'))

    assert 'between `"\\u{200d}"` and' in str(parsed.problems[0])


def test_words_are_compared_once_for_all_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong token and its neighbours: to compare a word takes longer than to try a hint."""
    compared: list[str] = []

    def noted(word: str, known: t.Iterable[str]) -> str | None:
        compared.append(word)
        return nearest(word, known)

    monkeypatch.setattr(diagnostics, "nearest", noted)

    assert parse_policy(Source("type is_tameif animal.tame;")).problems

    assert sorted(compared) == ["animal", "is_tameif"]
