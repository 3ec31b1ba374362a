"""The link of a relation, and the columns that it compares."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql import visitors

from ...polar.residual.algebra.schema import Link
from .column_types import has_operators
from .tables import attribute_name, is_nullable_column, is_unique

OWN_COMPARATOR = "a comparator of its own says what it equals"


def describe_relation(relation: orm.RelationshipProperty[t.Any]) -> Link | str:
    """Return the link of a relation, or the reason why lists do not follow it."""
    cls = relation.mapper.class_
    if sa.inspect(relation.entity).is_aliased_class:
        return "it leads to an alias, which may have some rows of its class only"
    if any(attribute_name(relation.parent, column) is None for column in relation.local_columns):
        return "it compares a column that is not mapped"
    if not all(map(have_one_collation, relation.local_remote_pairs or ())):
        return "it compares columns with different collations"
    if any(has_operators(each.type) for pair in relation.local_remote_pairs for each in pair):
        return OWN_COMPARATOR
    if isinstance(relation.secondary, sa.Join) and not _is_apart(relation):
        return "its 'secondary' has an outer join, or a table of the classes that it relates"
    if relation.lazy in ("write_only", "noload"):
        return f"it is not read from an object: its loading is {relation.lazy!r}"
    if relation.uselist:
        is_list = (relation.collection_class or list) in (list, set)
        key = "" if is_list else _key_of_rows(relation)
        if key is None:
            return "its collection is not a list of its rows"
        return Link(cls, True, key=key, is_collection=relation.lazy != "dynamic")
    if not _leads_to_one(relation):
        return "it leads to one row, but the columns it compares are not unique"
    if relation.direction is not orm.MANYTOONE:
        return Link(cls, False)
    has_key = key_pairs(relation) is not None and holds_class(relation)
    is_filled = not any(
        is_nullable_column(relation.parent, column) for column in relation.local_columns
    )
    return Link(cls, False, has_key and is_filled, has_key)


def _leads_to_one(relation: orm.RelationshipProperty[t.Any]) -> bool:
    """Tell whether no two rows have what a relation compares: a check would read either."""
    if relation.secondary is not None:
        return False
    # A foreign key does not tell: SQLite takes one that refers to any column.
    remote = list(_equated_columns(relation))
    return is_unique(remote) or set(relation.mapper.primary_key) <= set(remote)


def _equated_columns(relation: orm.RelationshipProperty[t.Any]) -> Iterator[t.Any]:
    """Yield the columns of related rows that a relation equates with something else."""
    for clause in _clauses(relation.primaryjoin):
        if getattr(clause, "operator", None) is not _EQUALS:
            continue
        for near, far in ((clause.left, clause.right), (clause.right, clause.left)):
            is_far = isinstance(far, sa.Column) and _REMOTE in far._annotations
            if is_far and not any(_REMOTE in each._annotations for each in visitors.iterate(near)):
                yield far._deannotate()


def _key_of_rows(relation: orm.RelationshipProperty[t.Any]) -> str | None:
    """Return the attribute by which a dictionary has the related rows, all of them.

    ``None`` if it is no such dictionary, or if two rows of one owner may have the same key.
    """
    kind: t.Any = relation.collection_class
    is_plain = isinstance(kind, type) and kind.__module__.partition(".")[0] == "sqlalchemy"
    made = kind() if is_plain and issubclass(kind, orm.KeyFuncDict) else None
    name = getattr(getattr(made, "keyfunc", None), "attr_name", None)
    prop = relation.mapper.attrs.get(name) if isinstance(name, str) else None
    if not isinstance(prop, orm.ColumnProperty) or not compared_pairs(relation):
        return None
    column = prop.columns[0]
    far = [each for _, each in compared_pairs(relation)]
    is_firm = not is_nullable_column(relation.mapper, column) and is_unique([*far, column])
    return prop.key if is_firm else None


def direct_pairs(relation: orm.RelationshipProperty[t.Any]) -> list[tuple[t.Any, t.Any]] | None:
    """Return the pairs of foreign key and primary key that a relation compares.

    ``None`` if it compares other columns, or has other conditions.
    """
    return key_pairs(relation) if leads_to_all(relation) else None


def key_pairs(relation: orm.RelationshipProperty[t.Any]) -> list[tuple[t.Any, t.Any]] | None:
    """Return the same pairs of a relation that leads to no row of another class, too."""
    equated = equated_pairs(relation)
    is_direct = relation.direction is orm.MANYTOONE and all(map(have_one_collation, equated))
    pairs = [(near, key_column(relation.mapper, far)) for near, far in equated]
    keys = set(relation.mapper.primary_key)
    return pairs if pairs and is_direct and {far for _, far in pairs} == keys else None


def key_column(mapper: orm.Mapper[t.Any], column: t.Any) -> t.Any:
    """Return the column of the primary key that another column equals in each row of a class.

    It is that of a base class, whose table is joined with that of the column. Any other column is
    returned itself.
    """
    for each in mapper.iterate_to_root():
        for clause in [] if each.inherit_condition is None else _clauses(each.inherit_condition):
            sides = _equated_sides(clause)
            # Equal numbers are one key; equal texts may differ in case, or in spaces.
            if column in sides and all(isinstance(side.type, _EXACT) for side in sides):
                (column,) = sides - {column}
    return column


def _equated_sides(clause: t.Any) -> set[t.Any]:
    """Return the two columns that a clause equates; none if it does not."""
    sides = clause.get_children() if getattr(clause, "operator", None) is _EQUALS else ()
    columns = {side._deannotate() for side in sides if isinstance(side, sa.Column)}
    return columns if len(columns) == 2 else set()


def compared_pairs(relation: orm.RelationshipProperty[t.Any]) -> list[tuple[t.Any, t.Any]]:
    """Return the pairs of columns that are equal if rows are related.

    None of them if the relation has other conditions, or a secondary table.
    """
    pairs = equated_pairs(relation) if leads_to_all(relation) else []
    return pairs if all(map(have_one_collation, pairs)) else []


def joined_pairs(relation: orm.RelationshipProperty[t.Any]) -> list[tuple[t.Any, t.Any]]:
    """Return the pairs of columns that a relation equates, whatever else it asks.

    None of them if it asks more than that the related row is of its class, and
    ``related_clauses``, or if it has a secondary table.
    """
    pairs = list(relation.local_remote_pairs or ())
    if relation.secondary is not None or relation.mapper.concrete:
        return []
    join = _clauses(relation.primaryjoin)
    equations = [each for each in join if _count_equations(each) == 1]
    others = [each for each in join if each not in equations]
    is_split = len(equations) == len(pairs) and all(map(_is_of_related, others))
    return pairs if is_split and all(map(have_one_collation, pairs)) else []


def related_clauses(relation: orm.RelationshipProperty[t.Any]) -> list[t.Any]:
    """Return what a relation with ``joined_pairs`` asks of the columns of related rows."""
    return [each for each in _clauses(relation.primaryjoin) if _count_equations(each) != 1]


def _clauses(join: t.Any) -> list[t.Any]:
    """Return the conditions of a join, each once.

    SQLAlchemy finds that of a relation from a joined subclass to itself twice.
    """
    found: list[t.Any] = []
    for clause in _all_clauses(join):
        if not any(clause.compare(each, compare_annotations=True) for each in found):
            found.append(clause)
    return found


def _all_clauses(join: t.Any) -> Iterator[t.Any]:
    if isinstance(join, sa.BooleanClauseList) and join.operator is _AND:
        for each in join.clauses:
            yield from _all_clauses(each)
    else:
        yield join


def _is_of_related(clause: t.Any) -> bool:
    """Tell whether a condition is about columns of the related row alone."""
    parts = list(visitors.iterate(clause))
    columns = [each for each in parts if isinstance(each, sa.ColumnClause)]
    is_known = all(isinstance(each, sa.Column) and _REMOTE in each._annotations for each in columns)
    return bool(columns) and is_known and not any(isinstance(each, _UNKNOWN) for each in parts)


def equated_pairs(relation: orm.RelationshipProperty[t.Any]) -> list[tuple[t.Any, t.Any]]:
    """Return the pairs of columns that a relation equates, whatever the class it leads to."""
    pairs = list(relation.local_remote_pairs or ())
    if relation.secondary is not None or _count_equations(relation.primaryjoin) != len(pairs):
        return []
    return pairs


def leads_to_all(relation: orm.RelationshipProperty[t.Any]) -> bool:
    """Tell whether any row of the table may be a related row, whatever its class."""
    mapper = relation.mapper
    # Of a class that is mapped to a join, or to a SELECT, not each row of a table is one.
    is_of_table = isinstance(mapper.local_table, sa.Table)
    return is_of_table and not mapper.single and mapper.inherits is None


def holds_class(relation: orm.RelationshipProperty[t.Any]) -> bool:
    """Tell whether constraints say that a foreign key leads to a row of the class, or is NULL.

    Of a joined subclass it does if it is one to the table of the subclass, each row of which has
    one in the table of each base class.
    """
    mapper = relation.mapper
    if leads_to_all(relation):
        return is_held(relation)
    far = {column.table for _, column in relation.local_remote_pairs or ()}
    return far == {mapper.local_table} and is_held(relation) and _holds_bases(mapper)


def _holds_bases(mapper: orm.Mapper[t.Any]) -> bool:
    """Tell whether constraints say that each row of a subclass has a row of each base class."""
    for each in mapper.iterate_to_root():
        base, table = each.inherits, each.local_table
        if not isinstance(table, sa.Table) or each.single or each.concrete:
            return False
        if base is None:
            return True
        if table is base.local_table or not _refers_to_base(each, table):
            return False
    return False


def _refers_to_base(mapper: orm.Mapper[t.Any], table: sa.Table) -> bool:
    """Tell whether a constraint says what the join of a subclass with its base class asks."""
    joined = {frozenset(_equated_sides(each)) for each in _clauses(mapper.inherit_condition)}
    return any(
        {frozenset((each.parent, each.column)) for each in constraint.elements} == joined
        for constraint in table.foreign_key_constraints
        if _holds_always(constraint)
    )


def is_held(relation: orm.RelationshipProperty[t.Any]) -> bool:
    """Tell whether one constraint says that there are rows with what a relation compares."""
    pairs = {(near, far) for near, far in relation.local_remote_pairs or ()}
    constraints = {key.constraint for near, _ in pairs for key in getattr(near, "foreign_keys", ())}
    return any(
        {(each.parent, each.column) for each in constraint.elements} == pairs
        for constraint in constraints
        if constraint is not None and _holds_always(constraint)
    )


def _holds_always(constraint: sa.ForeignKeyConstraint) -> bool:
    """Tell whether a constraint holds for all rows, and at the end of each statement.

    INVARIANT: a key may lead nowhere until the end of a transaction that may defer its constraint,
    and for as long as PostgreSQL has not validated it: such a key tells of no row.
    """
    is_deferrable = bool(constraint.deferrable) or constraint.initially is not None
    return not is_deferrable and not constraint.dialect_kwargs.get("postgresql_not_valid")


def _count_equations(join: t.Any) -> int | None:
    """Count the equations in a join of columns; ``None`` if it has other conditions."""
    clauses = _clauses(join)
    if not all(getattr(each, "operator", None) is _EQUALS for each in clauses):
        return None
    columns = [side for each in clauses for side in each.get_children()]
    return len(clauses) if all(isinstance(side, sa.Column) for side in columns) else None


class LinkTable(t.NamedTuple):
    """The secondary table of a relation.

    :param near: the pairs of a column of the owner and one of the table that are equal.
    :param far: those of a column of the related row and one of the table.
    """

    near: list[tuple[t.Any, t.Any]]
    far: list[tuple[t.Any, t.Any]]


def link_table(relation: orm.RelationshipProperty[t.Any]) -> LinkTable | None:
    """Return the secondary table of a relation, if it compares nothing but columns."""
    if not isinstance(relation.secondary, sa.Table) or relation.mapper.concrete:
        return None
    near, far = relation.synchronize_pairs, relation.secondary_synchronize_pairs or []
    for join, pairs in ((relation.primaryjoin, near), (relation.secondaryjoin, far)):
        if not pairs or _count_equations(join) != len(pairs):
            return None
        if not all(map(have_one_collation, pairs)):
            return None
    return LinkTable(list(near), list(far))


def link_clauses(relation: orm.RelationshipProperty[t.Any]) -> list[t.Any]:
    """Return how the tables of a secondary join belong together; none for a secondary table."""
    secondary = relation.secondary
    return [] if not isinstance(secondary, sa.Join) else list(_join_clauses(secondary))


def _join_clauses(join: t.Any) -> Iterator[t.Any]:
    if isinstance(join, sa.Join):
        yield from _join_clauses(join.left)
        yield from _join_clauses(join.right)
        yield join.onclause


def _is_apart(relation: orm.RelationshipProperty[t.Any]) -> bool:
    """Tell whether a secondary join is one of inner joins of tables that neither class has."""
    own = {*relation.parent.tables, *relation.mapper.tables}
    tables = linked_tables(relation.secondary)
    return bool(tables) and own.isdisjoint(tables) and len(set(tables)) == len(tables)


def linked_tables(join: t.Any) -> list[t.Any]:
    """Return the tables of inner joins; none if anything else is joined."""
    if isinstance(join, sa.Table):
        return [join]
    if not isinstance(join, sa.Join) or join.isouter or join.full:
        return []
    left, right = linked_tables(join.left), linked_tables(join.right)
    return left + right if left and right else []


def have_one_collation(pair: tuple[t.Any, t.Any]) -> bool:
    """Tell whether two columns declare the same collation, or none.

    Loading compares a column with a value, by the collation of the column; a join compares two
    columns, by the collation of either.
    """
    near, far = (getattr(column.type, "collation", None) for column in pair)
    return bool(near == far)


#: Types of columns whose equal values are equal in Python.
_EXACT = (sa.Integer, sa.Uuid)
#: What SQLAlchemy notes of the columns of the related row.
_REMOTE = "remote"
#: What may read more than the columns that it contains.
_UNKNOWN = (sa.SelectBase, sa.TextClause)
_AND: t.Any = sa.and_(sa.literal_column("1"), sa.literal_column("1")).operator
_EQUALS: t.Any = sa.literal_column("1").__eq__(1).operator
