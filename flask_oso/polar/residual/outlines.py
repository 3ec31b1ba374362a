"""The text that ``POLAR_EXPLAIN`` prints for a list, in the layout of oso 0.27.3.

In goes a residual; out come its alternatives, relations and conditions. Objects are shown by
their class, never by what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from .ir import ITSELF, TRUE, And, Exists, Or, RowCondition, walk_condition
from .outcomes import Residual
from .show import show
from .templates import with_objects


def outline(residual: Residual) -> str:
    """Return the text for a residual."""
    condition = with_objects(residual).condition
    alternatives = condition.parts if isinstance(condition, Or) else (condition,)
    return "\n".join(
        [
            "",
            "===Data Filtering Query===",
            "",
            "==Bindings==",
            *(show(each) for each in alternatives),
            "",
            "==Filter==",
            f"query {residual.cls.__name__}",
            *_joins(condition),
            "where",
            "\n  OR\n".join(map(_block, alternatives)),
            "",
        ]
    )


def _joins(condition: RowCondition) -> Iterator[str]:
    rows = [each.row for each in walk_condition(condition) if isinstance(each, Exists)]
    lines = {
        f"    {row.owner.cls.__name__}.{row.relation} -> {row.cls.__name__}": None
        for row in rows
        if row.relation != ITSELF
    }
    if lines:
        yield "join"
        yield from sorted(lines)


def _block(alternative: RowCondition) -> str:
    parts = alternative.parts if isinstance(alternative, And) else (alternative,)
    if alternative == TRUE:
        return ""
    return " AND\n".join(f"    {show(each)}" for each in parts)
