"""Rows of relations, read from tables and not from mapped classes.

In goes a mapped class; out comes its ``TableSource``: what a subquery of a policy selects from, and
an expression for each attribute. INVARIANT: nothing in it names the class. What a caller adds
to the statement, an option such as ``with_loader_criteria`` or a listener for
``do_orm_execute``, looks for classes, and would take rows away from under a ``NOT EXISTS``.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql import visitors

from ..polar.exceptions import UnsupportedError


class TableSource:
    """The tables of a class, or an alias of them.

    :param entity: the class or the alias of it that has these tables, for its attributes.
    """

    def __init__(self, entity: t.Any, selectable: t.Any) -> None:
        self.entity = entity
        self.selectable = selectable
        self._columns: dict[str, t.Any] = {}

    def column(self, name: str) -> t.Any:
        """Give what an attribute is in SQL."""
        known = self._columns.get(name)
        if known is None:
            known = self._columns[name] = core_expression(getattr(self.entity, name).expression)
        return known

    def criterion(self) -> t.Any:
        """Say that a row is of the class, if its table has others, too; ``None`` if not."""
        mapper: orm.Mapper[t.Any] = sa.inspect(self.entity).mapper
        if not mapper.single or mapper.inherits is None or mapper.polymorphic_on is None:
            return None
        names = [
            each.polymorphic_identity
            for each in mapper.self_and_descendants
            if not getattr(each, "polymorphic_abstract", False)
        ]
        return self.column(discriminator(mapper)).in_(names)


def column_of(entity: t.Any, name: str) -> t.Any:
    """Give what an attribute of an entity of the statement around is in SQL."""
    attribute = getattr(entity, name)
    expression = attribute.expression
    if isinstance(expression, sa.ColumnClause) or not has_subquery(expression):
        return attribute
    return core_expression(expression, entity)


def source_of(cls: type, *, aliased: bool) -> TableSource:
    """Give the tables of a class, or a new alias of them."""
    tables: t.Any = sa.inspect(cls).persist_selectable
    if not aliased:
        return TableSource(cls, tables)
    alias: t.Any = orm.aliased(tables, flat=True)
    return TableSource(orm.aliased(cls, alias), alias)


def attribute_name(mapper: orm.Mapper[t.Any], column: t.Any) -> str | None:
    """Give the attribute that holds a column; ``None`` if the mapper leaves the column out."""
    try:
        return mapper.get_property_by_column(column).key
    except orm.exc.UnmappedColumnError:
        return None


def discriminator(mapper: orm.Mapper[t.Any]) -> str:
    """Give the attribute that tells of which class a row is.

    :raises UnsupportedError: if that is no mapped column.
    """
    name = attribute_name(mapper, mapper.polymorphic_on)
    # What a mapper computes for itself is no attribute.
    if name is None or name not in mapper.all_orm_descriptors:
        raise no_discriminator(mapper)
    return name


def no_discriminator(mapper: orm.Mapper[t.Any]) -> UnsupportedError:
    """Make the error about rows of which no column tells the class."""
    return UnsupportedError(
        f"Rows of {mapper.class_.__name__!r} do not tell their class by a column with a name for"
        " each. Map the column, and give each class a 'polymorphic_identity'."
    )


def core_expression(clause: t.Any, keep: t.Any = None) -> t.Any:
    """Give an expression on tables that means what one on mapped classes does.

    :param keep: a mapped class, or an alias, whose columns are left as they are: those of the
        statement around. Within a subquery none is.
    """
    kept = None if keep is None else sa.inspect(keep)
    # With what they were made of, so that no other gets its id.
    cloned: dict[int, tuple[t.Any, t.Any]] = {}

    def clone(element: t.Any, **_: t.Any) -> t.Any:
        known = cloned.get(id(element))
        if known is None:
            known = cloned[id(element)] = element, made(element)
        return known[1]

    def made(element: t.Any) -> t.Any:
        is_kept = kept is not None and element._annotations.get("parententity") is kept
        if isinstance(element, sa.ColumnClause):
            return element if is_kept else element._deannotate()
        if isinstance(element, sa.SelectBase) and kept is not None:
            return core_expression(element)
        if isinstance(element, sa.FromClause) and not isinstance(element, sa.SelectBase):
            return element._deannotate()
        return _copied(element, clone)

    return clone(clause)


def _copied(element: t.Any, clone: t.Any) -> t.Any:
    """Copy an element without what the mapper noted on it, and what is in it."""
    new = element._deannotate()._clone()
    new._propagate_attrs = {}
    new._copy_internals(clone=clone)
    return new


def has_subquery(clause: t.Any) -> bool:
    """Tell whether an expression selects from other tables."""
    return any(isinstance(each, sa.SelectBase) for each in visitors.iterate(clause))
