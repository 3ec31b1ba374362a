"""Mapped classes as tables, for the subqueries of a policy.

In goes a mapped class; out comes its ``TableSource``: tables to select from, and an expression for
each attribute. INVARIANT: no expression refers to the class. An option of the caller, such as
``with_loader_criteria``, or a listener for ``do_orm_execute`` applies to classes in a statement,
and would remove rows within a ``NOT EXISTS``.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql import operators, visitors

from ...polar.exceptions import OsoError, UnsupportedError

#: Functions that are NULL for NULL alone.
_OF_LETTERS = ("lower", "upper")


class TableSource:
    """The tables of a class, or an alias of them.

    :param entity: the class or the alias with these tables, for its attributes.
    """

    def __init__(self, entity: t.Any, selectable: t.Any) -> None:
        self.entity = entity
        self.selectable = selectable
        self._columns: dict[str, t.Any] = {}

    def column(self, name: str) -> t.Any:
        """Return the expression of an attribute."""
        known = self._columns.get(name)
        if known is None:
            expression = core_expression(getattr(self.entity, name).expression)
            known = self._columns[name] = with_own_tables(expression, self.entity)
        return known

    def criterion(self) -> t.Any:
        """Return the condition on the class of a row; ``None`` if the table has no others."""
        mapper: orm.Mapper[t.Any] = sa.inspect(self.entity).mapper
        if not mapper.single or mapper.inherits is None or mapper.polymorphic_on is None:
            return None
        names = [
            each.polymorphic_identity
            for each in mapper.self_and_descendants
            if not getattr(each, "polymorphic_abstract", False)
        ]
        return named_class(self.column(discriminator(mapper)), names)

    def restricted(self, statement: t.Any) -> t.Any:
        """Restrict a statement to rows of the class."""
        criterion = self.criterion()
        return statement if criterion is None else statement.where(criterion)


class SeenSource(TableSource):
    """The tables of an entity of the enclosing statement, seen as those of a subclass.

    :param seen: the class that the statement selects from.
    """

    def __init__(self, entity: t.Any, selectable: t.Any, seen: t.Any) -> None:
        super().__init__(entity, selectable)
        self.seen = seen

    def column(self, name: str) -> t.Any:
        """Return the expression of an attribute, as one of the class that is selected from."""
        return as_of_entity(super().column(name), self.seen)


def mapper_of(cls: type) -> orm.Mapper[t.Any] | None:
    """Return the mapper of a class, or of the one that an alias is of; ``None`` without one."""
    mapper: t.Any = sa.inspect(cls, raiseerr=False)
    return mapper if isinstance(mapper, orm.Mapper) else None


class DerivedClasses:
    """The mapped classes that derive from some others, while no further one is mapped."""

    def __init__(self) -> None:
        self._noted: set[type] = set()
        # Another thread may add to a list that is gone through.
        self._known: list[tuple[orm.Mapper[t.Any], t.Any]] = []

    def note(self, cls: type) -> None:
        """Note what derives from a class now."""
        mapper = None if cls in self._noted else mapper_of(cls)
        if mapper is not None:
            self._noted.add(cls)
            self._known.append((mapper, mapper.self_and_descendants))

    def are_all(self) -> bool:
        """Tell whether no class was mapped since that derives from one that was noted.

        SQLAlchemy makes the collection of these anew then, and where a mapper gets an attribute.
        """
        return all(mapper.self_and_descendants is known for mapper, known in self._known)


def bind_key(cls: type) -> str | None:
    """Return the database of a class by the name that Flask-SQLAlchemy has for it."""
    mapper = mapper_of(cls)
    tables = () if mapper is None else mapper.tables
    return next((_bind_key(each) for each in tables if isinstance(each, sa.Table)), None)


def bind_keys(clause: t.Any) -> set[str | None]:
    """Return the databases of the tables that a clause reads."""
    return {_bind_key(each) for each in visitors.iterate(clause) if isinstance(each, sa.Table)}


def _bind_key(table: sa.Table) -> str | None:
    return t.cast("str | None", table.metadata.info.get("bind_key"))


def named_class(column: t.Any, names: list[t.Any]) -> t.Any:
    """Return the condition that a discriminator has one of some names."""
    # Of one name it is an equation: a list is written out anew each time a statement is executed.
    return column == names[0] if len(names) == 1 else column.in_(names)


def column_of(entity: t.Any, name: str) -> t.Any:
    """Return the expression of an attribute of an entity of the enclosing statement.

    :raises UnsupportedError: if it is an alias of a subquery without this attribute.
    """
    attribute = getattr(entity, name)
    expression = attribute.expression
    check_selected(expression, entity)
    if isinstance(expression, sa.ColumnClause):
        return attribute
    if has_subquery(expression):
        expression = with_own_tables(core_expression(expression, entity), entity)
    elif all(_ENTITY in each._annotations for each in _columns_of(expression)):
        return attribute
    return as_of_entity(expression, entity)


def check_selected(expression: t.Any, entity: t.Any) -> None:
    """Refuse an alias of a subquery that does not select all columns of an expression.

    SQLAlchemy leaves these as they are: they would be those of any row of the table.

    :raises UnsupportedError: if so.
    """
    inspected: t.Any = sa.inspect(entity)
    if not isinstance(inspected.selectable, sa.Subquery | sa.CTE):
        return
    tables = {table for each in inspected.mapper.self_and_descendants for table in each.tables}
    for column in _columns_of(expression):
        if column.table in tables:
            raise UnsupportedError(
                f"The policy reads {column.name!r}, which the subquery of an alias of"
                f" {inspected.mapper.class_.__name__!r} does not select. Select the whole class"
                " there."
            )


def check_name(entity: t.Any, clause: t.Any) -> None:
    """Refuse an alias with a name that a subquery of a clause may give to another table.

    The subquery would then read a row of its own in place of the one that is listed.

    :raises OsoError: if so.
    """
    inspected: t.Any = sa.inspect(entity)
    name = getattr(inspected.selectable, "name", "")
    # A name that SQLAlchemy makes is a pattern until then.
    if inspected.is_mapper or "%(" in name or not has_subquery(clause):
        return
    read = (each for each in inspected.mapper.tables if isinstance(each, sa.Table))
    tables = {each.name for table in read for each in table.metadata.tables.values()}
    if re.sub(r"_\d+$", "", name) in {*tables, "anon"} or name in tables:
        raise OsoError(
            f"The alias {name!r} has a name that a subquery of the policy may have, too. Give it"
            " another one, or none."
        )


def as_of_entity(expression: t.Any, entity: t.Any) -> t.Any:
    """Mark columns as those of a class that the enclosing statement selects from.

    INVARIANT: where SQLAlchemy selects from an alias for a class, as for a joined relation, it puts
    the columns of that in the places of marked ones alone. A column that it left would be that of
    another row.
    """
    mapper = sa.inspect(entity)
    if not mapper.is_mapper:
        return expression
    tables = {table for each in mapper.self_and_descendants for table in each.tables}

    def replace(element: t.Any, **_: t.Any) -> t.Any:
        if isinstance(element, sa.Column) and element.table in tables:
            return element._annotate({_ENTITY: mapper, "parentmapper": mapper})
        return element if isinstance(element, sa.SelectBase) else None

    return visitors.replacement_traverse(expression, {}, replace)


#: By what SQLAlchemy marks the columns of an entity.
_ENTITY = "parententity"


def _columns_of(expression: t.Any) -> Iterator[t.Any]:
    return (each for each in visitors.iterate(expression) if isinstance(each, sa.ColumnClause))


def source_of(cls: type, *, aliased: bool, is_own: bool = False) -> TableSource:
    """Return the tables of a class, or a new alias of them.

    :param is_own: whether the table of the class itself is enough, without those of its bases.
    """
    mapper: t.Any = sa.inspect(cls)
    tables = mapper.local_table if is_own else mapper.persist_selectable
    if not aliased:
        return TableSource(cls, tables)
    alias = new_alias(tables)
    return TableSource(orm.aliased(cls, alias), alias)


def new_alias(tables: t.Any) -> t.Any:
    """Return a new alias of a table, or of the tables of a join, that threads may share.

    INVARIANT: all its columns are found. SQLAlchemy notes them when it looks for the first, and a
    thread that looks meanwhile would read the column of another row, with a warning alone.
    """
    alias: t.Any = orm.aliased(tables, flat=True)
    alias.corresponding_column(next(iter(tables.c)))
    return alias


def seen_as(cls: type, entity: t.Any) -> TableSource | None:
    """Return the tables of an entity, seen as those of a subclass that has no table of its own.

    ``None`` if the subclass has one, or the name of a class is no column.

    :param entity: the tables, or an entity of the enclosing statement.
    """
    is_source = isinstance(entity, TableSource)
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    inspected: t.Any = sa.inspect(entity.entity if is_source else entity)
    tables = inspected.mapper.persist_selectable
    if (
        not mapper.single
        or mapper.polymorphic_on is None
        or mapper.persist_selectable is not tables
    ):
        return None
    selectable = entity.selectable if is_source else inspected.selectable
    if inspected.is_mapper and not is_source:
        return SeenSource(cls, tables, entity)
    if selectable is tables:
        return TableSource(cls, tables)
    if any(selectable.corresponding_column(each) is None for each in mapper.columns):
        # It is a subquery of the base class, which does not select what a subclass adds.
        return None
    return TableSource(orm.aliased(cls, selectable), selectable)


def attribute_name(mapper: orm.Mapper[t.Any], column: t.Any) -> str | None:
    """Return the attribute of a column; ``None`` if the column is not mapped."""
    try:
        return mapper.get_property_by_column(column).key
    except orm.exc.UnmappedColumnError:
        return None


def key_properties(cls: t.Any) -> list[t.Any]:
    """Return the mapped attributes of the primary key of a class, or of its mapper."""
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    return [mapper.get_property_by_column(column) for column in mapper.primary_key]


def is_nullable_column(mapper: orm.Mapper[t.Any], column: t.Any) -> bool:
    """Tell whether a column may be NULL in a row of a class.

    In a row of an outer join it may be, even if it is NOT NULL in its table.
    """
    if not isinstance(column, sa.Column) or column.nullable:
        return True
    return column.table not in firm_tables(mapper.persist_selectable)


def firm_tables(selectable: t.Any) -> set[t.Any]:
    """Return the tables that have a row in each row of a selectable."""
    if isinstance(selectable, sa.Table):
        return {selectable}
    if not isinstance(selectable, sa.Join) or selectable.full:
        return set()
    left = firm_tables(selectable.left)
    return left if selectable.isouter else left | firm_tables(selectable.right)


def is_unique(columns: list[t.Any]) -> bool:
    """Tell whether columns are unique in their table."""
    tables = {getattr(column, "table", None) for column in columns}
    table = next(iter(tables)) if len(tables) == 1 else None
    if not isinstance(table, sa.Table):
        return False
    wanted = set(columns)
    keys: list[set[t.Any]] = [set(table.primary_key.columns)]
    keys += [set(c.columns) for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    keys += [_told_apart(each) for each in table.indexes if each.unique]
    keys += [{column} for column in columns if column.unique]
    return any(key and key <= wanted for key in keys)


def _told_apart(index: sa.Index) -> set[t.Any]:
    """Return the columns whose values are unique together by a unique index; none if others are."""
    wheres = (value for name, value in index.dialect_kwargs.items() if name.endswith("_where"))
    if any(each is not None for each in wheres):
        # It has some rows of its table only.
        return set()
    columns = set(map(_indexed_column, index.expressions))
    return columns if all(isinstance(each, sa.Column) for each in columns) else set()


def _indexed_column(part: t.Any) -> t.Any:
    """Return the column that a part of an index has in another order, collation or case.

    Any other expression may be NULL for many rows that have the same values.
    """
    while True:
        if isinstance(part, sa.UnaryExpression):
            part = part.element
        elif _is_collated(part):
            part = part.left
        elif isinstance(part, sa.Function) and part.name.lower() in _OF_LETTERS:
            part = next(iter(part.clauses), None)
        else:
            return part


def _is_collated(part: t.Any) -> bool:
    """Tell whether a column without a collation of its own has one in an index."""
    is_collated = isinstance(part, sa.BinaryExpression) and part.operator is operators.collate
    return is_collated and getattr(part.left.type, "collation", None) is None


def discriminator(mapper: orm.Mapper[t.Any]) -> str:
    """Return the attribute of the discriminator column.

    :raises UnsupportedError: if that is not a mapped column.
    """
    name = attribute_name(mapper, mapper.polymorphic_on)
    # An expression that the mapper adds itself is not an attribute.
    if name is None or name not in mapper.all_orm_descriptors:
        raise no_discriminator(mapper)
    return name


def no_discriminator(mapper: orm.Mapper[t.Any]) -> UnsupportedError:
    """Return the error for a class without a discriminator column."""
    return UnsupportedError(
        f"Rows of {mapper.class_.__name__!r} do not tell their class by a column with a name for"
        " each. Map the column, and give each class a 'polymorphic_identity'."
    )


def core_expression(clause: t.Any, keep: t.Any = None) -> t.Any:
    """Return an expression on mapped classes as one on tables.

    :param keep: a mapped class, or an alias, of the enclosing statement, whose columns are left as
        they are; but not within a subquery.
    """
    kept = None if keep is None else sa.inspect(keep)
    # The originals are kept alive: their identities are the keys.
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
    """Copy an element and its parts, without the annotations of the mapper."""
    new = element._deannotate()._clone()
    new._propagate_attrs = {}
    new._copy_internals(clone=clone)
    return new


def with_own_tables(expression: t.Any, entity: t.Any) -> t.Any:
    """Give the subqueries of an attribute aliases of the tables that they read.

    INVARIANT: a table of the enclosing statement never takes the place of one that an attribute of
    a class reads: SQLAlchemy would leave that out of the FROM of the subquery, and correlate it.

    :param entity: the class of the attribute, or an alias, whose own tables stay.
    """
    selects = [each for each in visitors.iterate(expression) if isinstance(each, sa.Select)]
    sources = [source for each in selects for source in each.get_final_froms()]
    read = {table for source in sources for table in _joined_tables(source)}
    read.difference_update(sa.inspect(entity).mapper.tables)
    return _with_aliases(expression, read) if read else expression


def with_further_tables(joined: t.Any, relation: orm.RelationshipProperty[t.Any]) -> t.Any:
    """Give the tables that a relation reads beside those of its classes aliases, too.

    INVARIANT: what such a condition reads is a row of its own, also where the enclosing statement
    selects from the same table.
    """
    columns = (each for each in _columns_of(joined) if isinstance(each, sa.Column))
    read = {each.table for each in columns if isinstance(each.table, sa.Table)}
    for own in (relation.parent, relation.mapper):
        read.difference_update(*(each.tables for each in own.base_mapper.self_and_descendants))
    return _with_aliases(joined, read) if read else joined


def _with_aliases(expression: t.Any, tables: set[t.Any]) -> t.Any:
    """Replace tables by aliases that nothing else has."""
    aliases: dict[t.Any, t.Any] = {table: table.alias() for table in tables}

    def replace(element: t.Any, **_: t.Any) -> t.Any:
        if isinstance(element, sa.Table):
            return aliases.get(element)
        if isinstance(element, sa.Alias):
            return element
        alias = aliases.get(getattr(element, "table", None))
        return None if alias is None else alias.c.get(element.key)

    return visitors.replacement_traverse(expression, {}, replace)


def _joined_tables(source: t.Any) -> Iterator[sa.Table]:
    if isinstance(source, sa.Join):
        yield from _joined_tables(source.left)
        yield from _joined_tables(source.right)
    elif isinstance(source, sa.Table):
        yield source


def has_subquery(clause: t.Any) -> bool:
    """Tell whether an expression contains a SELECT."""
    return any(isinstance(each, sa.SelectBase) for each in visitors.iterate(clause))
