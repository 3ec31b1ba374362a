"""Printing: what was printed parses to the nodes it was printed from."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Iterable, Iterator

from flask_oso.polar.nodes import Rule, RuleType, Value
from flask_oso.polar.printer import MAX_PIECES, rule_to_polar, rule_type_to_polar
from flask_oso.polar.value_objects import ValueObject
from tests.support.policies import parse

from ..choices import decoded
from ..seeds import policies

IS_TEXT = True


def seeds() -> Iterable[bytes]:
    """Give policies."""
    return policies()


def target(data: bytes) -> None:
    """Print each rule, as far as its values have a text of their own, and parse it."""
    for statement in parse(decoded(data)).statements:
        if isinstance(statement, Rule | RuleType) and _is_faithful(statement):
            text = _print(statement)
            again = parse(text)
            assert not again.problems, f"{text!r}: {again.problems[0]}"
            assert again.statements == (statement,), f"{text!r} is something else"


def _print(statement: Rule | RuleType) -> str:
    if isinstance(statement, Rule):
        return rule_to_polar(statement)
    return f"type {rule_type_to_polar(statement)}"


def _is_faithful(statement: t.Any) -> bool:
    """Tell whether everything inside is printed as one writes it, and not cut off."""
    values = list(_leaves(statement))
    return len(values) < MAX_PIECES / 20 and all(map(_has_text, values))


def _has_text(value: t.Any) -> bool:
    # Strings are printed without escapes, floats without an exponent and a needless point.
    if isinstance(value, str):
        return '"' not in value and "\\" not in value and "\n" not in value
    if isinstance(value, float):
        return math.isfinite(value) and not value.is_integer()
    return True


def _leaves(node: t.Any) -> Iterator[t.Any]:
    todo = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, Value):
            yield part.value
        elif isinstance(part, ValueObject):
            todo += [getattr(part, name) for name in part.__match_args__]
        elif isinstance(part, tuple):
            todo += part
