"""Compare the outcomes of one program on two engines.

In go two outcomes as ``runner.py`` gives them, out come the ``Difference``\\ s: for the load
and for each query the first aspect that is not the same. What a caller cannot rely on is
left out: the numbers of inner variables, the addresses of objects, links.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field

Json = t.Any

_INNER_NUMBER = re.compile(r"\b(_\w*?)(?:_?\d+)+\b")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_PLACE = re.compile(r" at line (\d+), column (\d+)(?: of file [^\n]*)?:\n(?:\t[^\n]*\n?)*")
#: The ends of oso's warnings that link to its pages.
_LINK = re.compile(r"\s*For more information about [\w ]+, see:?\s+https://\S+")
_TRACE = re.compile(r"\Atrace \(most recent evaluation last\):\n(.*?)\n?\n(?=\S)", re.DOTALL)
#: A line that ends differently every time, or tells how long something took.
_SLOW = ("Query timeout",)


@dataclass(frozen=True)
class Error:
    """An error in its parts.

    :param text: what it says, without trace and place.
    :param place: line and column, or ``None``.
    :param message: all of it; ours may go on with further problems.
    """

    kind: str
    text: str
    place: tuple[int, int] | None
    trace: str
    message: str = field(repr=False)


@dataclass(frozen=True)
class Step:
    """What a load or a query came to."""

    results: list[Json]
    error: Error | None
    output: list[str]

    @property
    def is_slow(self) -> bool:
        """Whether a limit of time ended it, which says nothing about the engines."""
        return self.error is not None and self.error.text.startswith(_SLOW)


@dataclass(frozen=True)
class Difference:
    """One load or query that is not the same on both sides.

    :param query: as the program has it; ``None`` for the load.
    :param aspect: ``results``, ``error``, ``text``, ``place``, ``trace`` or ``output``.
    """

    policy: str
    query: Json
    aspect: str
    ours: Step = field(repr=False)
    theirs: Step = field(repr=False)

    @property
    def text(self) -> str:
        """The text of the query; empty for the load, and for a decision."""
        return t.cast(str, self.query.get("text", "")) if self.query else ""

    @property
    def polar(self) -> str:
        """All Polar that has to do with it."""
        return f"{self.policy}\n{self.text}" if self.query else self.policy


def compare(program: Json, ours: Json, theirs: Json) -> Iterator[Difference]:
    """Give what differs in two outcomes of a program, at most one for each step."""
    pairs = [(None, ours["load"], theirs["load"])]
    pairs += zip(program["queries"], ours["queries"], theirs["queries"], strict=True)
    for query, mine, other in pairs:
        left, right = read_step(mine), read_step(other)
        aspect = _first_difference(left, right)
        if aspect and not (left.is_slow or right.is_slow):
            yield Difference(program["policy"], query, aspect, left, right)


def read_step(step: Json) -> Step:
    """Take a step of an outcome apart."""
    error = None if step["error"] is None else _read_error(*step["error"])
    output = _LINK.sub("", _plain(step["output"])).splitlines()
    return Step([_plain_value(result) for result in step["results"]], error, output)


def _read_error(kind: str, message: str) -> Error:
    trace = _TRACE.match(message)
    rest = message[trace.end() :] if trace else message
    place = _PLACE.search(rest)
    text = rest[: place.start()] if place else rest
    where = (int(place[1]), int(place[2])) if place else None
    shown = _plain(trace[1]) if trace else ""
    return Error(kind, _plain(text).rstrip("\n"), where, shown, _plain(message))


def _plain(text: str) -> str:
    return _ADDRESS.sub("", _INNER_NUMBER.sub(r"\1#", text))


def _plain_value(value: Json) -> Json:
    """Leave the numbers of inner variables out of a result."""
    if isinstance(value, dict):
        return {key: _plain_value(item) for key, item in value.items()}
    if isinstance(value, list):
        if value and value[0] == "variable" and len(value) == 2:
            return ["variable", _plain(value[1])]
        return [_plain_value(item) for item in value]
    if isinstance(value, float) and value != value:
        return "a float that is not a number"
    return value


def same(left: Json, right: Json) -> bool:
    """Tell whether two values are the same, kinds included: 1 is neither true nor 1.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return bool(left == right)


def _first_difference(ours: Step, theirs: Step) -> str | None:
    if not same(ours.results, theirs.results):
        return "results"
    mine, other = ours.error, theirs.error
    if (mine and mine.kind) != (other and other.kind):
        return "error"
    if mine and other:
        # Behind theirs there may be more of ours: help, and the other problems of a load.
        if not mine.text.startswith(other.text):
            return "text"
        if mine.place != other.place:
            return "place"
        if mine.trace != other.trace:
            return "trace"
    return None if _says_all(ours.output, theirs.output) else "output"


def _says_all(ours: list[str], theirs: list[str]) -> bool:
    """Tell whether what they print is printed here, in order; there may be help beside it."""
    lines = iter(ours)
    return all(line in lines for line in theirs)
