"""Write a difference as a case of ``tests/polar/cases``, which fails until it is mended.

The case expects what the other engine gives. Its format is that of
``tests/support/cases.py``.
"""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

from .comparison import Difference, Json

FILE = "found.polar"


def write_case(difference: Difference, cases: Path) -> str:
    """Append a case to ``found.polar``; give the name of the case."""
    name = hashlib.sha256(difference.polar.encode()).hexdigest()[:10]
    path = cases / FILE
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(_lines(name, difference)) + "\n\n")
    return f"{path.stem}-{name}"


def _lines(name: str, difference: Difference) -> t.Iterator[str]:
    theirs = difference.theirs
    yield f"## {name}: the {difference.aspect} as oso gives them"
    yield from difference.policy.splitlines()
    if difference.query is not None:
        yield f"#? {_query(difference.query)}"
        if difference.query.get("partial"):
            yield "#@ accept_expression"
    yield from (f"#= {_result(result)}" for result in theirs.results)
    if theirs.error is not None:
        first, *rest = f"{theirs.error.kind}: {_message(difference)}".split("\n")
        yield f"#! {first}"
        yield from (f"#| {line}" for line in rest)


def _query(query: Json) -> str:
    if "decide" not in query:
        return t.cast(str, query["text"])
    actor, action, resource = query["decide"]
    return f'allow({actor}, "{action}", {resource})'


def _message(difference: Difference) -> str:
    error = difference.theirs.error
    assert error is not None
    # An inner variable has another number every time: the text ends in front of it.
    text = error.text.partition("#")[0]
    if difference.aspect != "place" or error.place is None:
        return text
    return f"{text} at line {error.place[0]}, column {error.place[1]}"


def _result(result: Json) -> str:
    if not result:
        return "yes"
    return ", ".join(f"{name}: {_value(result[name])}" for name in sorted(result))


def _value(value: Json) -> str:
    """Write a value as ``tests.support.cases.show`` does."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_value(item)}' for key, item in sorted(value.items()))}}}"
    if isinstance(value, list):
        kind, *parts = value
        return _WRITERS[kind](*parts)
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _list(items: list[Json]) -> str:
    return f"[{', '.join(map(_value, items))}]"


def _expression(operator: str, args: list[Json]) -> str:
    return f"{operator}({', '.join(map(_value, args))})"


def _pattern(tag: str | None, fields: dict[str, Json]) -> str:
    return f"{tag or ''}{{{', '.join(f'{key}: {_value(item)}' for key, item in fields.items())}}}"


_WRITERS: dict[str, t.Callable[..., str]] = {
    "list": _list,
    "expression": _expression,
    "pattern": _pattern,
    "variable": lambda name: f"?{name}",
    "class": lambda name: name,
    "object": lambda name, label: f"<{name}>",
}
