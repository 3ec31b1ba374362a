"""Positions, lines and excerpts."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from flask_oso.polar.sources import WIDEST, Source, Span, located
from tests.support.policies import parse


@pytest.mark.parametrize(
    ("text", "offset", "position"),
    [("", 0, (1, 1)), ("ab\ncd", 0, (1, 1)), ("ab\ncd", 4, (2, 2)), ("a\r\nb", 3, (2, 1))],
)
def test_position_counts_from_one(text: str, offset: int, position: tuple[int, int]) -> None:
    """Lines and columns count from 1; a line ends at its line feed."""
    assert Source(text).position(offset) == position


def test_position_counts_characters() -> None:
    """Text that is not ASCII does not move a column."""
    source = Source("💯💯 x")

    assert source.position(3) == (1, 4)


def test_line_has_no_line_end() -> None:
    """The text of a line is shown without its line feed or carriage return."""
    assert Source("a\r\nb").line(1) == "a"


def test_located_names_file_and_shows_a_caret() -> None:
    """A message ends in its place, the line, and a caret below the column."""
    span = Source("f(x) if\n  y;", "page.polar").span(10, 11)

    text = located("Wrong", span)

    assert text == "Wrong at line 2, column 3 of file page.polar:\n\t002:   y;\n\t       ^\n"


def test_located_shows_a_part_of_a_long_line() -> None:
    """A line that is too long is shown around the place, with the caret below it."""
    span = Source("f;\n" + "x" * 1000 + "!" + "y" * 1000 + "\ng;").span(1003, 1004)

    text = located("Wrong", span)

    assert text == (
        "Wrong at line 2, column 1001:\n"
        f"\t002: {'x' * WIDEST}!{'y' * (WIDEST - 1)}\n"
        f"\t     {' ' * WIDEST}^\n"
    )


def test_problems_of_one_line_do_not_add_up() -> None:
    """A line of many mistakes is not shown whole for each of them."""
    text = ");" * 2000

    problems = parse(text).problems

    assert sum(len(str(problem)) for problem in problems) < 4 * WIDEST * len(problems)


def test_located_without_a_place_is_the_message() -> None:
    """What has no place in a text is shown without one."""
    assert located("Wrong", None) == "Wrong"


def test_span_knows_its_offsets_and_its_source() -> None:
    """What is read of a span is what it was made of."""
    source = Source("allow(_, _, _);")

    span = source.span(6, 10)

    assert (span.source, span.start, span.end, span.text) == (source, 6, 10, "_, _")


@pytest.mark.parametrize(
    ("length", "size"),
    [(200_000, 0), (200_000, 4_095), (200_000, 4_096), (200_000, 200_000), (1 << 26, 16)],
)
def test_span_of_any_size_has_its_offsets(length: int, size: int) -> None:
    """A span may be longer than the bits that its number usually has for the length."""
    span = Source("x" * length).span(length - size, length)

    assert (span.start, span.end) == (length - size, length)


def test_most_spans_take_one_digit() -> None:
    """In a text of a megabyte, the span of a word takes as much memory as a small number."""
    span = Source("x" * 1_000_000).span(999_000, 999_100)

    assert span.__sizeof__() == Source("").span(0, 0).__sizeof__()


def test_span_at_the_start_of_a_text_is_true() -> None:
    """An empty span is a place, too, and not the lack of one."""
    assert Source("").span(0, 0)


def test_spans_of_two_sources_differ() -> None:
    """The same offsets of another text are another place."""
    one, other = Source("f(1);"), Source("f(1);")

    assert one.span(0, 1) != other.span(0, 1)
    assert len({one.span(0, 1), other.span(0, 1)}) == 2
    assert one.span(0, 1) == one.span(0, 1)


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda span: pickle.loads(pickle.dumps(span))],
    ids=["copied", "pickled"],
)
def test_copy_of_a_span_has_its_source(copied: Callable[[Span], Span]) -> None:
    """A copy of a span is a place in a copy of its text."""
    span = copied(Source("f(1);", "page.polar").span(2, 3))

    assert (span.text, span.source.name, span.column) == ("1", "page.polar", 3)
