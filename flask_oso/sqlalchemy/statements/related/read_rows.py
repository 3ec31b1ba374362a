"""Which rows of its table a statement reads, as far as it tells: all of them, or a few.

In goes the compiler, when it comes to a condition of a policy.
"""

from __future__ import annotations

import itertools
import operator
import typing as t

import sqlalchemy as sa
from sqlalchemy.sql import operators

#: The constraints of columns that have an index, or should have one.
_WITH_INDEX = (sa.PrimaryKeyConstraint, sa.UniqueConstraint, sa.ForeignKeyConstraint)


def needs_all_rows(compiler: t.Any, kind: type) -> bool:
    """Tell whether a statement reads, counts or sorts rows of one table that no index finds.

    :param compiler: compiles a condition of the statement.
    :param kind: tells the condition of a policy from those of the caller.
    """
    within = [each["selectable"] for each in compiler.stack]
    if not within or not all(isinstance(each, sa.Select) for each in within):
        return False
    *around, inner = within
    of_policies = [_has(each, kind) for each in inner._where_criteria]
    others = itertools.compress(inner._where_criteria, map(operator.not_, of_policies))
    table = _source(inner)
    if not any(of_policies) or any(map(may_find, others)) or not _is_table(table):
        return False
    if inner._has_row_limiting_clause:
        return sorts_all(inner)
    return all(_takes_all(each, table) and not each._has_row_limiting_clause for each in around)


def sorts_all(statement: t.Any) -> bool:
    """Tell whether the first rows of a statement are known when all have been read."""
    first = next(iter(statement._order_by_clauses), None)
    if first is None or may_find(first):
        return False
    columns = {each for each in elements_of(first) if isinstance(each, sa.ColumnClause)}
    return bool(columns) and columns.isdisjoint(_compared(statement))


def _compared(statement: t.Any) -> t.Iterator[t.Any]:
    """Yield what is equal in all rows, so that there is nothing to sort."""
    stack = list(statement._where_criteria)
    while stack:
        each = stack.pop()
        if getattr(each, "operator", None) in (operators.eq, operators.is_):
            yield from elements_of(each.left)
        elif getattr(each, "operator", None) is not operators.or_:
            stack.extend(() if isinstance(each, sa.SelectBase) else each.get_children())


def _takes_all(statement: t.Any, table: t.Any) -> bool:
    """Tell whether a statement around a list of the rows of a table needs all of them."""
    source, where = _source(statement), statement._where_criteria
    if not where:
        return isinstance(source, sa.Subquery | sa.CTE)
    # `Task.id.in_(…)`, and nothing else.
    return (
        isinstance(source, sa.Table)
        and isinstance(table, sa.Table)
        and source.fullname == table.fullname
        and len(where) == 1
        and getattr(where[0], "operator", None) is operators.in_op
        and isinstance(where[0].left, sa.ColumnClause)
    )


def _has(condition: t.Any, kind: type) -> bool:
    return any(isinstance(each, kind) for each in elements_of(condition))


def may_find(condition: t.Any) -> bool:
    """Tell whether an index may give the rows of a condition, or the order, of the caller."""
    return any(
        isinstance(each, sa.SelectBase | sa.TextClause)
        or (isinstance(each, sa.ColumnClause) and _is_indexed(each))
        for each in elements_of(condition)
    )


def elements_of(clause: t.Any) -> t.Iterator[t.Any]:
    """Yield the elements of a clause, and none of subqueries."""
    stack = [clause]
    while stack:
        each = stack.pop()
        yield each
        if not isinstance(each, sa.SelectBase):
            stack.extend(each.get_children())


def _is_indexed(column: t.Any) -> bool:
    """Tell whether an index may have a column, as far as its table tells."""
    table = column.table
    if not isinstance(column, sa.Column) or not isinstance(table, sa.Table):
        return True
    found: set[t.Any] = {
        each.name
        for constraint in table.constraints
        if isinstance(constraint, _WITH_INDEX)
        for each in constraint.columns
    }
    for part in (part for index in table.indexes for part in index.expressions):
        found |= {getattr(each, "name", None) for each in elements_of(part)}
    return column.name in found


def _source(statement: t.Any) -> t.Any:
    """Return what a statement selects from; ``None`` if that is not one."""
    froms = statement.get_final_froms()
    return froms[0] if len(froms) == 1 else None


def _is_table(source: t.Any) -> bool:
    return isinstance(source.element if isinstance(source, sa.Alias) else source, sa.TableClause)
