"""The parts of a list: one for each way through an ``or`` that asks for other rows.

An index finds the rows of each part, where SQLite would search all rows for those of an ``or``.

In goes an ``Exists`` whose rows have a list; out come the joins whose lists together are that list.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from ....polar.residual.algebra.ir import And, Exists, Or, RowCondition, ToOne, conjuncts_of
from ...mapped.mapper_facts import MapperFacts
from .semijoins import SemiJoin, outer_rows, parted, semijoins

#: The most parts of one list.
_MOST_PARTS = 16


def list_parts(
    condition: Exists, join: SemiJoin, rows: tuple[t.Any, ...], names: MapperFacts
) -> list[SemiJoin]:
    """Return the joins whose lists together are the list of a join."""
    for atom in join.filters:
        if not isinstance(atom, Or) or not _asks_rows(atom):
            continue
        nested = _with_nested_list(condition, atom, rows, names)
        if nested is not None:
            return [nested]
        if _ways(join.filters) > _MOST_PARTS:
            return [join]
        found: list[SemiJoin] = []
        for each in parted(condition, atom):
            joins = semijoins(each, rows, names) or []
            if len(joins) != 1 or not joins[0].has_list:
                return [join]
            found += list_parts(each, joins[0], rows, names)
        near = {tuple(each.left for each in part.outer) for part in found}
        is_plain = not any(e.comparison for part in found for e in part.outer)
        return found if len(near) == 1 and is_plain and len(found) <= _MOST_PARTS else [join]
    return [join]


def _ways(conjuncts: Iterable[t.Any]) -> int:
    """Count the parts of a list, one for each way through each ``or`` that asks other rows."""
    ways = 1
    for each in conjuncts:
        if isinstance(each, Or) and _asks_rows(each):
            ways *= sum(_ways(conjuncts_of(part)) for part in each.parts)
        elif isinstance(each, Exists):
            ways *= _ways(conjuncts_of(each.part))
    return ways


def _asks_rows(condition: Or) -> bool:
    """Tell whether an ``or`` asks for rows that an index may find: it finds none for ``not``."""
    stack: list[t.Any] = [condition]
    while stack:
        each = stack.pop()
        if isinstance(each, Exists):
            return True
        if isinstance(each, And | Or):
            stack.extend(each.parts)
    return False


def _with_nested_list(
    condition: Exists, atom: Or, rows: tuple[t.Any, ...], names: MapperFacts
) -> SemiJoin | None:
    """Return a join that finds its rows on a list in parts; ``None`` if it is in parts itself.

    What the parts have in common then stands once, and a database can tell how many rows there are.

    ``exists(p: a and exists(p.q: b or c))``: the list of p has those whose q is on a list
    """
    holder = _holder(condition, atom)
    if holder is None or holder is condition or not isinstance(holder.row, ToOne):
        return None
    scope = outer_rows(holder)
    inner = semijoins(holder, scope, names) or []
    if scope != (holder.row.owner,) or len(inner) != 1 or not inner[0].has_list:
        return None
    if len(list_parts(holder, inner[0], scope, names)) == 1:
        return None
    joins = semijoins(condition, rows, names, holder) or []
    return joins[0] if len(joins) == 1 and joins[0].has_list else None


def _holder(condition: Exists, atom: RowCondition) -> Exists | None:
    """Return the ``Exists`` in a condition that has an atom as a conjunct."""
    for part in conjuncts_of(condition.part):
        if part is atom:
            return condition
        found = _holder(part, atom) if isinstance(part, Exists) else None
        if found is not None:
            return found
    return None
