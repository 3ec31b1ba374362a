"""Which related rows of a condition are found by no key, although rows in scope would be.

``d.project.lead = u or d.project.public`` asks of many projects whether they are public. Each
document of a page can be asked for its project, and the page stops at its limit. A count has no
limit: for it SQLite is better told which projects are meant, and finds their documents by an index.

In goes the condition of a statement; out comes the ``Exists`` in it that is asked in both ways.
"""

from __future__ import annotations

import typing as t

from sqlalchemy.ext.compiler import compiles

from ....polar.residual.algebra.ir import (
    Column,
    Comparison,
    Exists,
    InValues,
    IsNull,
    KnownRow,
    Literal,
    Or,
    RowCondition,
    RowPath,
    ToOne,
    Unlinked,
    conjuncts_of,
    disjuncts_of,
    walk_condition,
)
from ...mapped.mapper_facts import MapperFacts
from ..dialects import SQLITE, ByHeldKey
from .read_rows import sorts_all
from .semijoins import could_be_list, is_anchored, semijoins


def broad_rows(condition: RowCondition, root: RowPath, names: MapperFacts) -> Exists | None:
    """Return what asks for rows that no key finds, beside other rows that keys find.

    ``None`` where keys find few rows in scope anyway, or where nothing would find them.
    """
    conjuncts = conjuncts_of(condition)
    if any(is_anchored(each, names) for each in conjuncts):
        return None
    for conjunct in conjuncts:
        parts = disjuncts_of(conjunct)
        broad = [each for each in parts if not _has_anchor(each, names)]
        sought = [each for part in broad for each in conjuncts_of(part) if isinstance(each, Exists)]
        if len(broad) != 1 or len(sought) != 1:
            continue
        is_sought = len(parts) > 1 or _has_anchored_part(sought[0], names)
        is_found = is_sought or _has_indexed(sought[0], names)
        if is_found and _is_of_parents(sought[0], names) and _has_one_end(sought[0], root, names):
            return sought[0]
    return None


def _has_anchor(condition: RowCondition, names: MapperFacts) -> bool:
    return any(is_anchored(each, names) for each in conjuncts_of(condition))


def _has_anchored_part(condition: Exists, names: MapperFacts) -> bool:
    """Tell whether some of the rows are found by a key."""
    return any(
        isinstance(each, Or) and any(_has_anchor(part, names) for part in each.parts)
        for each in walk_condition(condition)
    )


def _has_indexed(condition: Exists, names: MapperFacts) -> bool:
    """Tell whether an index finds the rows that have a value which the policy names, or no link."""
    for each in walk_condition(condition):
        if isinstance(each, Unlinked) and not isinstance(each.row.owner, KnownRow):
            return True
        column = each.column if isinstance(each, InValues) else None
        if isinstance(each, Comparison) and each.sign == "=" and isinstance(each.right, Literal):
            column = each.left
        if isinstance(column, Column) and names.is_key(column.row.cls, column.name):
            return True
        if isinstance(each, IsNull) and _is_foreign_key(each.column, names):
            return True
    return False


def _is_foreign_key(column: t.Any, names: MapperFacts) -> bool:
    return isinstance(column, Column) and names.is_one_key(column.row.cls, column.name)


def _is_of_parents(condition: Exists, names: MapperFacts) -> bool:
    """Tell whether all rows are those that many others lead to, so that there are few of them.

    Those of the actor are few anyway.
    """
    return all(
        isinstance(each.row, ToOne) or is_anchored(each, names)
        for each in walk_condition(condition)
        if isinstance(each, Exists)
    )


def _has_one_end(condition: Exists, root: RowPath, names: MapperFacts) -> bool:
    joins = semijoins(condition, (root,), names)
    return joins is not None and len(joins) == 1 and could_be_list(joins[0])


class SoughtOrListed(ByHeldKey):
    """Whether a row is there: sought for each row of a page, or looked up in a list of all.

    The arguments are EXISTS, and IN with the list, that say the same; IN may be NULL in place of
    false. SQLite cannot look for one, and makes the list of a statement that needs one row of it.
    """

    name = "sought_or_listed"


@compiles(SoughtOrListed)
def _sought(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.process(next(iter(element.clauses)), **keywords))


@compiles(SoughtOrListed, *SQLITE)
def _sought_or_listed(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    sought, in_list = element.clauses
    found = in_list if _wants_all_rows(compiler) else sought
    return str(compiler.process(found, **keywords))


def _wants_all_rows(compiler: t.Any) -> bool:
    """Tell whether a statement reads, counts or sorts all that a policy allows."""
    within = [each["selectable"] for each in compiler.stack]
    if not within:
        return False
    *around, inner = within
    if getattr(inner, "_has_row_limiting_clause", False):
        if not sorts_all(inner):
            return False
    elif any(getattr(each, "_has_row_limiting_clause", False) for each in around):
        return False
    return len(getattr(inner, "_where_criteria", ())) == 1
