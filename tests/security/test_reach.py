"""Everything that a policy can reach from a value, step by step.

From each kind of value every attribute is read, every method called, every element taken,
three steps deep, by the functions that the solver uses. None of it may lead to a module, a
frame, code, the names of a module, or a class that nobody registered.
"""

from __future__ import annotations

import builtins
import datetime
import types
import typing as t
from collections.abc import Iterator

import pytest

from flask_oso.polar.exceptions import PolarRuntimeError
from flask_oso.polar.host import sandbox

DEPTH = 3
#: What may be read of each value, so that wide objects do not multiply.
WIDTH = 400


class User:
    """An object with a method and a value."""

    name = "ana"

    def method(self) -> int:
        """Answer."""
        return 1


def generate() -> Iterator[int]:
    yield 1


def fail() -> ValueError:
    try:
        raise ValueError("x")
    except ValueError as error:
        return error


STARTS: dict[str, t.Callable[[], t.Any]] = {
    "str": lambda: "text",
    "int": lambda: 7,
    "float": lambda: 1.5,
    "bool": lambda: True,
    "None": lambda: None,
    "list": lambda: [1, "a"],
    "dict": lambda: {"a": 1},
    "bytes": lambda: b"x",
    "tuple": lambda: (1,),
    "set": lambda: {1},
    "datetime": lambda: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    "timedelta": lambda: datetime.timedelta(1),
    "object": User,
    "bound method": lambda: User().method,
    "function": lambda: generate,
    "built-in function": lambda: len,
    "generator": generate,
    "exception": fail,
    "class": lambda: User,
    "built-in class": lambda: str,
}
FAILURES = (ArithmeticError, LookupError, StopIteration, TypeError, ValueError)
ARGUMENTS: list[tuple[t.Any, ...]] = [(), (0,), ("a",), ("a", "b")]


def reads(value: t.Any) -> Iterator[t.Any]:
    """Read every attribute there is, and those that are usual on the way out."""
    for name in sorted({*dir(value), "__dict__", "__globals__"}):
        try:
            found = sandbox.checked_getattr(value, name, None)
            sandbox.check_reachable(found, None)
        except (PolarRuntimeError, AttributeError):
            continue
        yield found


def calls(value: t.Any) -> Iterator[t.Any]:
    """Call a method with nothing, one or two arguments."""
    if not callable(value) or getattr(value, "__name__", "") in ("input", "breakpoint"):
        return
    for arguments in ARGUMENTS:
        try:
            found = value(*arguments)
            sandbox.check_reachable(found, None)
        except (PolarRuntimeError, *FAILURES):
            continue
        yield found


def elements(value: t.Any) -> Iterator[t.Any]:
    """Take the elements of a collection, not of an iterator that may have no end."""
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        for element in list(value)[:10]:
            sandbox.check_reachable(element, None)
            yield element
            if isinstance(value, dict):
                yield value[element]


def reachable(start: t.Any) -> Iterator[tuple[str, t.Any]]:
    """Go through everything within reach, each kind of thing once for each way to it."""
    front, seen = [("", start)], set()
    for _ in range(DEPTH):
        following = []
        for path, value in front:
            for kind, step in {"read": reads, "call": calls, "element": elements}.items():
                for found in step(value):
                    key = (kind, type(found), getattr(found, "__qualname__", None))
                    if key not in seen:
                        seen.add(key)
                        following.append((f"{path}.{kind} {type(found).__name__}", found))
        yield from following
        front = following[:WIDTH]


@pytest.mark.parametrize("make", STARTS.values(), ids=STARTS)
@pytest.mark.filterwarnings("ignore")
def test_nothing_leads_out_of_a_value(make: t.Callable[[], t.Any]) -> None:
    """Within three steps there is no module, frame, code, class or dictionary of names."""
    start = make()
    known = {User, str, type(start)}

    out = [path for path, found in reachable(start) if leads_out(found, known)]

    assert out == []


def leads_out(found: t.Any, known: set[type]) -> bool:
    if isinstance(found, (types.ModuleType, types.FrameType, types.CodeType)):
        return True
    if isinstance(found, dict):
        return "__builtins__" in found or found is vars(builtins)
    return isinstance(found, type) and found not in known
