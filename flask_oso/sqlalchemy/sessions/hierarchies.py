"""Guarded classes, their tables, and those which a statement names.

In go the classes that a policy knows; out come their hierarchies. A hierarchy has one condition,
that of its topmost class: rows of a class are rows of the class above it.
"""

from __future__ import annotations

import collections
import typing as t
from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.orm.util import LoaderCriteriaOption

from ..mapped.tables import mapper_of
from ..read_conditions import ListCondition

_Mapper = orm.Mapper[t.Any]
#: Schemas by the names that statements have for them.
SchemaNames = Mapping[str | None, str | None]
#: Another object when a class was mapped: it may add tables, and relations of other classes.
_mappings = [object()]


def mappings() -> object:
    """Give what is another object when more classes are mapped."""
    return _mappings[0]


def listen_to_mappings() -> None:
    """Notice from now on when classes are mapped."""
    for name in ("instrument_class", "after_configured"):
        if not event.contains(orm.Mapper, name, _note_mapping):
            event.listen(orm.Mapper, name, _note_mapping)


def _note_mapping(*_: object) -> None:
    _mappings[0] = object()


class Hierarchies:
    """The hierarchies of guarded classes.

    :param classes: what is registered with a policy; what is not mapped does not count.
    :param unguarded: classes whose rows everybody may read.
    """

    def __init__(self, classes: Iterable[type], unguarded: Iterable[type]) -> None:
        self._known = {mapper for cls in classes if (mapper := mapper_of(cls)) is not None}
        exempt = {each for cls in unguarded if (each := mapper_of(cls)) is not None}
        tops = {self._top(mapper) for mapper in self._known}
        #: The topmost classes, by mapper.
        self.roots = {each: each.class_ for each in tops if self._top(each) not in exempt}
        #: The topmost mapper of each table of a guarded class, by its names in lower case.
        self.tables: dict[tuple[str, str], _Mapper] = {
            table_key(table): root
            for root in self.roots
            for mapper in root.self_and_descendants
            for table in mapper.tables
        }
        self._related: dict[_Mapper, frozenset[_Mapper]] = {}
        self._eager: dict[_Mapper, frozenset[_Mapper]] = {}

    def root_of(self, mapper: t.Any) -> _Mapper | None:
        """Return the top of the hierarchy of a mapper; ``None`` if it is not guarded."""
        top = self._top(mapper)
        return top if top in self.roots else None

    def root_of_table(
        self, table: t.Any, default: str | None, translated: SchemaNames
    ) -> _Mapper | None:
        """Return the topmost mapper of a table; ``None`` if it is not guarded.

        :param default: the schema of tables that name none.
        :param translated: schemas that have another name when the statement is executed.
        """
        schema, name = table_key(table)
        usual = (default or "").lower()
        schemas = {schema}
        if translated:
            # Of both tables it is not asked whether SQLAlchemy translates the schema.
            names = {_schema_key(one): _schema_key(other) for one, other in translated.items()}
            schemas.add(names.get(schema, schema))
            same = schemas | {"", usual} if schemas & {"", usual} else schemas
            schemas = schemas | {one for one, other in names.items() if other in same}
        # To a database the two names are one.
        if schemas & {"", usual}:
            schemas |= {"", usual}
        found = (self.tables.get((each, name)) for each in schemas)
        return next((each for each in found if each is not None), None)

    def has_table(self, name: str) -> bool:
        """Tell whether a guarded table has a name, in any schema."""
        return any(name.lower() == each for _, each in self.tables)

    def named_in(self, statement: t.Any) -> frozenset[_Mapper]:
        """Return the hierarchies that a statement may select from."""
        only = _only_mapper(statement)
        if only is not None:
            return self.reach_of(only)
        parts = [*_parts_of(statement)]
        mappers = set(_mappers_of(parts))
        options = getattr(statement, "_with_options", ())
        for option in options:
            mappers.update(_of_path(getattr(option, "context", ())))
        is_open = any(map(_names_any_relation, options))
        named = (each for each in parts if isinstance(each, sa.TableClause))
        tables = {self.tables.get(table_key(each)) for each in named}
        roots = {each for each in tables if each is not None}
        for mapper in mappers:
            roots |= self.reach_of(mapper)
            if is_open:
                roots |= self._related_to(mapper)
        return frozenset(roots)

    def reach_of(self, mapper: _Mapper) -> frozenset[_Mapper]:
        """Return the hierarchies of a mapper and of what is always joined to its rows."""
        known = self._eager.get(mapper)
        if known is None:
            near = _joined_to(mapper)
            near |= {
                each
                for one in near
                for part in _expressions(one)
                for each in _mappers_of(_parts_of(part))
            }
            tops = {self.root_of(each) for each in near}
            known = self._eager[mapper] = frozenset(each for each in tops if each is not None)
        return known

    def selected_by(self, attribute: t.Any) -> frozenset[_Mapper]:
        """Return the hierarchies from which an attribute selects that is no column of its row."""
        parts = [*_parts_of(attribute.expression)]
        if not any(isinstance(each, sa.SelectBase) for each in parts):
            return frozenset()
        return self.named_in(attribute.expression)

    def _related_to(self, mapper: _Mapper) -> frozenset[_Mapper]:
        known = self._related.get(mapper)
        if known is None:
            near = [each.mapper for each in mapper.relationships]
            found = (self.reach_of(each) for each in near)
            known = self._related[mapper] = frozenset().union(*found)
        return known

    def _top(self, mapper: _Mapper) -> _Mapper:
        """Return the topmost registered mapper that shares its table with a mapper."""
        top = mapper
        for each in mapper.iterate_to_root():
            if each in self._known:
                top = each
            if each.concrete:
                break
        return top


def table_key(table: t.Any) -> tuple[str, str]:
    """Return the schema and the name of a table, as databases compare them."""
    return _schema_key(getattr(table, "schema", None)), table.name.lower()


def _schema_key(schema: str | None) -> str:
    return (schema or "").lower()


def _only_mapper(statement: t.Any) -> _Mapper | None:
    """Return the mapper of a plain statement: one entity, and comparisons with values.

    Most are; to walk through all parts of each takes longer than to add conditions. What is missed
    here the tripwire finds.
    """
    if type(statement) is not sa.Select or statement._setup_joins or statement._with_options:
        return None
    if statement._from_obj or statement._group_by_clauses or statement._having_criteria:
        return None
    found: set[t.Any] = set()
    waiting = [*statement._raw_columns, *statement._where_criteria, *statement._order_by_clauses]
    for part in waiting:
        entity = part._annotations.get("parententity")
        if entity is not None:
            found.add(entity)
        elif type(part) is sa.BinaryExpression:
            waiting += (part.left, part.right)
        elif type(part) is sa.sql.elements.UnaryExpression:
            waiting.append(part.element)
        elif not isinstance(part, sa.BindParameter):
            return None
    only = found.pop() if len(found) == 1 else None
    return only if isinstance(only, orm.Mapper) else None


def _parts_of(statement: t.Any) -> Iterator[t.Any]:
    """Return the parts of a statement; of the condition of a list what it adds to FROM.

    What else a list reads has no conditions of its own: the policy has to see all of it.
    """
    waiting = collections.deque([statement])
    while waiting:
        part = waiting.popleft()
        yield part
        is_list = isinstance(part, ListCondition)
        waiting.extend(part._from_objects if is_list else part.get_children())


def _mappers_of(parts: Iterable[t.Any]) -> Iterator[_Mapper]:
    for part in parts:
        entity = getattr(part, "_annotations", {}).get("parententity")
        if entity is not None:
            yield entity.mapper
        for target, *_ in getattr(part, "_setup_joins", ()):
            relation = getattr(target, "property", None)
            if isinstance(relation, orm.RelationshipProperty):
                yield relation.mapper


def _of_path(loads: t.Any) -> Iterator[_Mapper]:
    """Return the mappers in the paths of options."""
    for load in loads:
        for step in getattr(load, "path", None) or ():
            mapper = getattr(step, "mapper", None)
            if isinstance(mapper, orm.Mapper):
                yield mapper


def _names_any_relation(option: t.Any) -> bool:
    """Tell whether an option, such as ``joinedload("*")``, may join what its path does not name."""
    if isinstance(option, orm.Load):
        paths: list[t.Any] = [each.path for each in option.context]
        return any(isinstance(step, str) for path in paths for step in path)
    return not isinstance(option, LoaderCriteriaOption)


def _expressions(mapper: _Mapper) -> list[t.Any]:
    """Return what is selected with the rows of a mapper and is no column."""
    parts = [each.expression for one in mapper.self_and_descendants for each in one.column_attrs]
    return [each for each in parts if not isinstance(each, sa.Column)]


def _joined_to(mapper: _Mapper) -> set[_Mapper]:
    """Return a mapper and those that are joined to its rows by their mapping."""
    found: set[_Mapper] = set()
    waiting = [mapper]
    while waiting:
        near = waiting.pop()
        if near in found:
            continue
        found.add(near)
        for each in near.self_and_descendants:
            waiting += [
                relation.mapper
                for relation in each.relationships
                if relation.lazy in ("joined", False)
            ]
    return found
