"""What a load does with texts that no person would write."""

from __future__ import annotations

import pytest

from flask_oso.oso import Oso
from flask_oso.polar.exceptions import ParserError

DEPTH = 3000


@pytest.mark.parametrize(
    "condition",
    [
        "not (" * DEPTH + "x" + ")" * DEPTH,
        "x = " + "[" * DEPTH + "]" * DEPTH,
        "x = " + "{a: " * DEPTH + "1" + "}" * DEPTH,
        "x" + ".a" * DEPTH,
        "x = " + " + ".join(["1"] * DEPTH),
    ],
    ids=["not", "list", "dictionary", "lookup", "sum"],
)
def test_load_nested_too_deep_is_an_error_with_a_place(condition: str) -> None:
    """What is nested deeper than Python recurses is refused at its place, not a crash."""
    oso = Oso()

    with pytest.raises(ParserError, match=r"nested too deep.* at line 1, column 1:"):
        oso.load_str(f"f(x) if {condition};")


@pytest.mark.parametrize("operator", ["and", "or"])
def test_load_long_chain_loads(operator: str) -> None:
    """A chain of thousands of conditions is no nesting."""
    oso = Oso()

    oso.load_str(f"f(x) if {f' {operator} '.join(['x = 1'] * DEPTH)};")

    assert oso.query_rule_once("f", 1)


def test_query_nested_too_deep_is_an_error() -> None:
    """A query text is held to the same limit."""
    with pytest.raises(ParserError, match="nested too deep"):
        next(Oso().query("x = " + "[" * DEPTH + "]" * DEPTH))
