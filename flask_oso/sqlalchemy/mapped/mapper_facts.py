"""Facts about mapped classes, cached for translations: keys, columns of relations, tables."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql import visitors

from ...polar.host.data_adapter import Relation
from ...polar.residual.algebra.ir import ITSELF, RowPath, ToMany, ToOne
from .relationships import (
    compared_pairs,
    direct_pairs,
    holds_class,
    joined_pairs,
    key_pairs,
    leads_to_all,
    link_clauses,
    link_table,
    linked_tables,
    related_clauses,
)
from .tables import (
    SeenSource,
    TableSource,
    as_of_entity,
    attribute_name,
    check_selected,
    core_expression,
    is_nullable_column,
    is_unique,
    key_properties,
    new_alias,
    source_of,
    with_further_tables,
)


class LinkStep(t.NamedTuple):
    """A relation through a secondary table that compares nothing but columns.

    :param table: the secondary table.
    :param near: the attributes of the owner, in the order of its key if they are the key.
    :param link_near: the columns of the secondary table that equal them.
    :param far: the attributes of the related row, in the same way.
    :param link_far: the columns of the secondary table that equal them.
    :param leads_to_all: whether each row of the other table may be related, whatever its class.
    """

    table: t.Any
    near: tuple[str, ...]
    link_near: tuple[str, ...]
    far: tuple[str, ...]
    link_far: tuple[str, ...]
    leads_to_all: bool = True


class MapperFacts:
    """Facts about mapped classes, each asked of a mapper once.

    :param relations: the declared relations of a class, by name.
    :param only_aliases: no statement reads a table but by an alias of it; see
        ``read_conditions``.
    """

    def __init__(
        self,
        relations: t.Callable[[type], t.Mapping[str, t.Any]],
        *,
        only_aliases: bool = False,
    ) -> None:
        self._relations = relations
        self._only_aliases = only_aliases
        self._keys: dict[type, list[str]] = {}
        self._foreign: dict[tuple[type, str], list[tuple[str, bool]] | None] = {}
        self._class_keys: dict[tuple[type, str], list[tuple[str, bool]] | None] = {}
        self._steps: dict[tuple[type, str], LinkStep | None] = {}
        self._pairs: dict[tuple[type, str, type], list[tuple[str, str]] | None] = {}
        self._indexed: dict[tuple[type, str], bool] = {}
        self._unique: dict[tuple[type, str], bool] = {}
        self._tables: dict[type, frozenset[t.Any]] = {}
        self._own: dict[type, frozenset[str]] = {}
        self._sources: dict[tuple[type, int | None, bool], TableSource] = {}
        self._link_sources: dict[tuple[t.Any, int | None], t.Any] = {}
        self._joins: dict[tuple[t.Any, str, TableSource], t.Any] = {}
        self._criteria: dict[tuple[type, str, TableSource], list[t.Any]] = {}
        self._kept: dict[t.Any, tuple[t.Any, t.Any]] = {}

    def declared(self, cls: type, name: str) -> Relation | None:
        """Return a relation that was declared by hand."""
        found = self._relations(cls).get(name)
        return found if isinstance(found, Relation) else None

    def key(self, cls: type) -> list[str]:
        """Return the attributes that are the primary key of a class."""
        if cls not in self._keys:
            self._keys[cls] = [each.key for each in key_properties(cls)]
        return self._keys[cls]

    def foreign_key(self, cls: type, name: str) -> list[tuple[str, bool]] | None:
        """Return the attributes with the primary key of the related row, the foreign key.

        They are in the order of that key, each with whether it may be NULL. ``None`` if the
        relation compares other columns, or more.
        """
        if (cls, name) not in self._foreign:
            self._foreign[cls, name] = self._found_key(cls, name, direct_pairs)
        return self._foreign[cls, name]

    def key_of_class(self, cls: type, name: str) -> list[tuple[str, bool]] | None:
        """Return the same of a relation that leads to no row of another class, too.

        INVARIANT: it may be the key of such a row, for which the relation is nil. So it equals keys
        of rows of the class alone.
        """
        if (cls, name) not in self._class_keys:
            self._class_keys[cls, name] = self._found_key(cls, name, key_pairs)
        return self._class_keys[cls, name]

    def _found_key(self, cls: type, name: str, pairs_of: t.Any) -> list[tuple[str, bool]] | None:
        if name == ITSELF or self.declared(cls, name) is not None:
            return None
        relation = getattr(cls, name).property
        pairs = pairs_of(relation)
        if pairs is None:
            return None
        mapper: orm.Mapper[t.Any] = sa.inspect(cls)
        near = {far: column for column, far in pairs}
        columns = [near[far] for far in relation.mapper.primary_key]
        names = [attribute_name(mapper, column) for column in columns]
        if None in names:
            return None
        empty = (is_nullable_column(mapper, column) for column in columns)
        return list(zip(t.cast(list[str], names), empty, strict=True))

    def held_key(self, cls: type, name: str) -> list[tuple[str, bool]] | None:
        """Return the foreign key of a relation that constraints hold.

        Where it is not NULL, there is a row. ``None`` if there are no such constraints.
        """
        found = self.key_of_class(cls, name)
        return found if found is not None and holds_class(getattr(cls, name).property) else None

    def compared(self, row: ToOne | ToMany) -> list[str]:
        """Return the attributes of the owner that the relation compares."""
        cls = row.owner.cls
        mapper: orm.Mapper[t.Any] = sa.inspect(cls)
        pairs = compared_pairs(getattr(cls, row.relation).property)
        names = (attribute_name(mapper, near) for near, _ in pairs)
        return [name for name in names if name is not None]

    def step(self, cls: type, name: str) -> LinkStep | None:
        """Return the secondary table of a relation; ``None`` without one, or if it asks more."""
        if (cls, name) not in self._steps:
            self._steps[cls, name] = self._found_step(cls, name)
        return self._steps[cls, name]

    def _found_step(self, cls: type, name: str) -> LinkStep | None:
        if name == ITSELF or self.declared(cls, name) is not None:
            return None
        relation = getattr(cls, name).property
        linked = link_table(relation)
        if linked is None:
            return None
        near, far = self._named(cls, linked.near), self._named(relation.mapper.class_, linked.far)
        if near is None or far is None:
            return None
        here, link_near = zip(*near, strict=True)
        there, link_far = zip(*far, strict=True)
        is_any = leads_to_all(relation)
        return LinkStep(relation.secondary, here, link_near, there, link_far, is_any)

    def _named(self, cls: type, pairs: list[tuple[t.Any, t.Any]]) -> list[tuple[str, str]] | None:
        """Return pairs of an attribute and a column of a table, a key in the order of the class.

        ``None`` if a column is not mapped.
        """
        mapper: orm.Mapper[t.Any] = sa.inspect(cls)
        named = [(attribute_name(mapper, own), link.key) for own, link in pairs]
        if any(own is None for own, _ in named):
            return None
        found, key = t.cast(list[tuple[str, str]], named), self.key(cls)
        is_key = {own for own, _ in found} == {*key}
        return sorted(found, key=lambda each: key.index(each[0])) if is_key else found

    def link_table(self, row: ToOne | ToMany) -> t.Any:
        """Return the secondary table of a relation that has a ``step``."""
        return t.cast(LinkStep, self.step(row.owner.cls, row.relation)).table

    def pairs(self, row: ToOne | ToMany) -> list[tuple[str, str]] | None:
        """Return the attributes of the owner and of the related row that a relation compares.

        ``None`` if it has a secondary table, or asks more than that, the class of the related row
        and ``related_criteria``.
        """
        key = row.owner.cls, row.relation, row.cls
        if key not in self._pairs:
            self._pairs[key] = self._found_pairs(row)
        return self._pairs[key]

    def _found_pairs(self, row: ToOne | ToMany) -> list[tuple[str, str]] | None:
        cls = row.owner.cls
        if row.relation == ITSELF:
            return list(zip(self.key(cls), self.key(row.cls), strict=True))
        declared = self.declared(cls, row.relation)
        if declared is not None:
            return [(declared.my_field, declared.other_field)]
        relation = getattr(cls, row.relation).property
        mapper: orm.Mapper[t.Any] = sa.inspect(cls)
        found = [
            (attribute_name(mapper, near), attribute_name(relation.mapper, far))
            for near, far in joined_pairs(relation)
        ]
        if not found or any(None in pair for pair in found):
            return None
        return t.cast(list[tuple[str, str]], found)

    def related_criteria(self, row: RowPath, target: TableSource) -> list[t.Any]:
        """Return what a relation with ``pairs`` asks of the columns of a related row."""
        if not isinstance(row, ToOne | ToMany) or row.relation == ITSELF:
            return []
        cls = row.owner.cls
        if self.declared(cls, row.relation) is not None or self.pairs(row) is None:
            return []
        key = cls, row.relation, target
        if key not in self._criteria:
            relation = getattr(cls, row.relation).property
            found = related_clauses(relation)
            self._criteria[key] = [_of_target(each, relation.mapper, target) for each in found]
        return self._criteria[key]

    def is_key(self, cls: type, name: str) -> bool:
        """Tell whether a column is a key, or the first one of an index."""
        key = cls, name
        if key not in self._indexed:
            self._indexed[key] = _is_indexed(cls, name)
        return self._indexed[key]

    def is_one_key(self, cls: type, name: str) -> bool:
        """Tell whether a column alone is a key, or a foreign key."""
        key = cls, name
        if key not in self._unique:
            self._unique[key] = _is_one_key(cls, name)
        return self._unique[key]

    def may_be_null(self, cls: type, name: str) -> bool:
        """Tell whether an attribute may be NULL."""
        mapper: orm.Mapper[t.Any] = sa.inspect(cls)
        prop = mapper.attrs.get(name)
        if not isinstance(prop, orm.ColumnProperty):
            return True
        return is_nullable_column(mapper, prop.columns[0])

    def tables(self, cls: type) -> frozenset[t.Any]:
        """Return the tables that rows of a class are read from."""
        if cls not in self._tables:
            self._tables[cls] = frozenset(sa.inspect(cls).tables)
        return self._tables[cls]

    def own_columns(self, cls: type) -> frozenset[str]:
        """Return the attributes that a subclass has in a table of its own, its key included."""
        if cls not in self._own:
            self._own[cls] = _own_columns(sa.inspect(cls))
        return self._own[cls]

    def source(self, cls: type, number: int | None = None, *, is_own: bool = False) -> TableSource:
        """Return the tables of a class, or one of the aliases of them.

        Statements share the aliases, and each takes one once.

        :param is_own: whether only ``own_columns`` are read.
        """
        key = cls, number, is_own
        if key not in self._sources:
            is_aliased = number is not None or self._only_aliases or self._have_namesakes(cls)
            # INVARIANT: of what two threads make, the first is kept: a statement that took both
            # would read two rows where the policy speaks of one.
            self._sources.setdefault(key, source_of(cls, aliased=is_aliased, is_own=is_own))
        return self._sources[key]

    def _have_namesakes(self, cls: type) -> bool:
        return any(isinstance(each, sa.Table) and _has_namesake(each) for each in self.tables(cls))

    def link_source(self, table: t.Any, number: int | None = None) -> t.Any:
        """Return a secondary table, or one of its aliases; a statement takes each once."""
        if number is None and not self._only_aliases and not _has_namesake(table):
            return table
        key = table, number
        if key not in self._link_sources:
            self._link_sources.setdefault(key, new_alias(table))
        return self._link_sources[key]

    def joined(self, owner: t.Any, name: str, target: TableSource) -> t.Any:
        """Return the join condition of a relation.

        :param owner: the entity of the owner: tables, a mapped class, or its alias.
        """
        if not isinstance(owner, TableSource | type):
            return _joined(owner, name, target)
        key = owner, name, target
        if key not in self._joins:
            self._joins.setdefault(key, _joined(owner, name, target))
        return self._joins[key]

    def kept(self, condition: t.Any, about: t.Any, make: t.Callable[[], t.Any]) -> t.Any:
        """Return what was made of a condition for an earlier statement, or make it.

        :param about: what else it depends on: a mapped class, or rows.
        """
        # INVARIANT: an entry keeps its condition alive, so that no other gets the same identity.
        key = id(condition), about
        known = self._kept.get(key)
        if known is None:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            known = self._kept[key] = condition, make()
        return known[1]


#: The most entries that are kept, of about 1 kB each. One list by 60 rules makes 500 and more; a
#: condition may also be a new one for each statement.
_MAX_KEPT = 5_000


def _has_namesake(table: t.Any) -> bool:
    """Tell whether another schema has a table of the same name.

    Of two in a statement, SQLAlchemy gives one another name, and does so for a subquery alone.
    """
    others = table.metadata.tables.values()
    return any(each is not table and each.name == table.name for each in others)


def _is_indexed(cls: type, name: str) -> bool:
    column = _column_of(cls, name)
    if column is None:
        return False
    if (
        column.index
        or column.unique
        or column.foreign_keys
        or not isinstance(column.table, sa.Table)
    ):
        return bool(column.index or column.unique or column.foreign_keys)
    table = column.table
    lists: list[t.Any] = [table.primary_key.columns]
    lists += [each.columns for each in table.indexes]
    lists += [each.columns for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    return any(next(iter(each), None) is column for each in lists)


def _is_one_key(cls: type, name: str) -> bool:
    column = _column_of(cls, name)
    return column is not None and (bool(column.foreign_keys) or is_unique([column]))


def _column_of(cls: type, name: str) -> sa.Column[t.Any] | None:
    """Return the column of a plain attribute; ``None`` for any other attribute."""
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    prop = mapper.attrs.get(name)
    if not isinstance(prop, orm.ColumnProperty) or not isinstance(prop.columns[0], sa.Column):
        return None
    return prop.columns[0]


def _own_columns(mapper: orm.Mapper[t.Any]) -> frozenset[str]:
    table = mapper.local_table
    if mapper.inherits is None or mapper.single or mapper.concrete:
        return frozenset()
    return frozenset(
        each.key
        for each in mapper.column_attrs
        if isinstance(each.columns[0], sa.Column) and each.columns[0].table is table
    )


def _joined(owner: t.Any, name: str, target: TableSource) -> t.Any:
    # INVARIANT: not with `has` and `any`. In a criterion of an alias they mistake columns of the
    # class for those of the alias, and so one row for another; and they may test the subclass
    # of the wrong row.
    entity = owner.entity if isinstance(owner, TableSource) else owner
    attribute = getattr(entity, name)
    joined = _with_links(attribute.of_type(target.entity).expression, attribute.property)
    keep = None if isinstance(owner, TableSource) else owner
    if keep is not None:
        # SQLAlchemy does not say so where an alias of a subquery lacks one.
        for column in attribute.property.local_columns:
            name = sa.inspect(keep).mapper.get_property_by_column(column).key
            check_selected(getattr(keep, name).expression, keep)
    joined = with_further_tables(core_expression(joined, keep), attribute.property)
    return as_of_entity(joined, owner.seen) if isinstance(owner, SeenSource) else joined


def _with_links(joined: t.Any, relation: orm.RelationshipProperty[t.Any]) -> t.Any:
    """Add how the tables of a secondary join belong together.

    SQLAlchemy compares columns of their aliases, and leaves the join to the FROM of the statement.
    """
    clauses = link_clauses(relation)
    if not clauses:
        return joined
    aliases = {table: table.alias() for table in linked_tables(relation.secondary)}
    read = (getattr(each, "table", None) for each in visitors.iterate(joined))
    aliases |= {each.element: each for each in read if isinstance(each, sa.Alias)}

    def column(element: t.Any, **_: t.Any) -> t.Any:
        alias = aliases.get(getattr(element, "table", None))
        return None if alias is None else alias.c[element.key]

    added = (visitors.replacement_traverse(each, {}, column) for each in clauses)
    return sa.and_(joined, *added)


def _of_target(clause: t.Any, mapper: orm.Mapper[t.Any], target: TableSource) -> t.Any:
    """Return a condition on the columns of a mapper as one on those of a target."""

    def column(element: t.Any, **_: t.Any) -> t.Any:
        if not isinstance(element, sa.ColumnClause):
            return None
        return target.column(mapper.get_property_by_column(element).key)

    return visitors.replacement_traverse(core_expression(clause), {}, column)
