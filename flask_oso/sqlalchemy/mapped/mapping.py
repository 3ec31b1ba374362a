"""The schema of mapped classes, for questions about rows that are not loaded.

In goes a mapped class; out comes its ``Model``: its columns, its relations, and the classes of its
rows. A column that a database would compare in another way than Python is opaque, with the reason.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import typing as t
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy
from sqlalchemy.ext.hybrid import hybrid_property

from ...polar.exceptions import OsoError, UnsupportedError
from ...polar.host.data_adapter import Relation
from ...polar.residual.algebra.schema import (
    Field,
    Formula,
    Link,
    Member,
    Model,
    Proxy,
    Record,
    ValueKind,
)
from .column_types import describe_type, has_operators
from .hybrids import attribute_of, formula_of
from .loaded import explaining_unloaded, is_stored
from .tables import attribute_name

_PYTHON = "it is computed in Python"
_COMPARATOR = "a comparator of its own says what it equals"


class MappedSchema:
    """The models of mapped classes, each made when it is first used.

    :param fields: the fields that were declared with ``register_class``; a ``Relation`` among
        them replaces a mapped attribute, as it does in a decision.
    :param classes: the registered classes by name, for these relations.
    """

    def __init__(
        self, fields: Mapping[type, Mapping[str, t.Any]], classes: Mapping[str, type]
    ) -> None:
        self._fields = fields
        self._classes = classes
        self._models: dict[type, Model | None] = {}

    def model(self, cls: type) -> Model | None:
        """Return the model of a mapped class; ``None`` if it is not mapped."""
        if cls not in self._models:
            mapper: t.Any = sa.inspect(cls, raiseerr=False)
            is_mapped = isinstance(mapper, orm.Mapper)
            self._models[cls] = self._made(cls, mapper) if is_mapped else None
        return self._models[cls]

    def is_stored(self, value: t.Any, names: Sequence[str] = ()) -> bool:
        """Tell whether the database has an object as it is in Python.

        :param names: a chain of relations. The loaded rows may be a selection; a statement can
            then be restricted to the loaded list of the object itself, and to no other list.
        """
        return is_stored(value, names)

    def reading(self, objects: Sequence[t.Any]) -> contextlib.AbstractContextManager[None]:
        """Turn an error of an asynchronous session into one that says what to refresh."""
        return explaining_unloaded(objects)

    def has_key(self, value: t.Any) -> bool:
        """Tell whether an object has a primary key, with changes or without."""
        state: t.Any = sa.inspect(value, raiseerr=False)
        return isinstance(state, orm.InstanceState) and state.identity is not None

    def leads_somewhere(self, value: t.Any, name: str) -> bool | None:
        """Tell whether a relation of a row is loaded and not nil; without a key, it is nil."""
        state: t.Any = sa.inspect(value)
        declared = self._fields.get(type(value), {}).get(name)
        if isinstance(declared, Relation):
            keys = [declared.my_field]
        else:
            relation = state.mapper.attrs[name]
            while isinstance(relation, orm.SynonymProperty):
                relation = state.mapper.attrs[relation.name]
            if relation.key in state.dict:
                return state.dict[relation.key] is not None
            if relation.direction is not orm.MANYTOONE:
                return None
            find = state.mapper.get_property_by_column
            keys = [find(column).key for column in relation.local_columns]
        return False if any(state.dict.get(key, key) is None for key in keys) else None

    def _made(self, cls: type, mapper: orm.Mapper[t.Any]) -> Model:
        if any(each.concrete for each in mapper.base_mapper.self_and_descendants):
            raise UnsupportedError(
                f"Rows of {cls.__name__!r} are in a table for each class, with columns of its"
                " own. Use joined or single-table inheritance."
            )
        if isinstance(mapper.persist_selectable, sa.Join) and not _has_firm_key(mapper):
            raise UnsupportedError(
                f"Rows of {cls.__name__!r} are read from an outer join, and a part of their key may"
                " be NULL. Map the class to a table, or give a 'primary_key' of the first one."
            )
        if any(has_operators(column.type) for column in mapper.primary_key):
            raise UnsupportedError(
                f"The key of {cls.__name__!r} has a type with a comparison of its own, which may"
                " differ from that of Python. Use one of SQLAlchemy's."
            )
        classes = _classes_of(mapper)
        if any(_has_own(each, "__getattribute__") for each in classes):
            raise UnsupportedError(
                f"{cls.__name__!r} decides by a '__getattribute__' of its own what its attributes"
                " are, and a list does not call it. Remove it."
            )
        members: dict[str, Member] = {}
        refused: dict[str, str] = {}
        names = mapper.all_orm_descriptors.keys()
        for name in names:
            found = _member(mapper, name)
            if isinstance(found, str):
                refused[name] = found
            elif any(not _is_inherited(mapper, each, name) for each in classes):
                refused[name] = "a subclass says something else"
            else:
                members[name] = found
        for name, declared in self._fields.get(cls, {}).items():
            if isinstance(declared, Relation):
                found = self._declared(mapper, declared)
                if any(self._fields.get(each, {}).get(name) != declared for each in classes):
                    # A check reads a relation only of the class itself that declares it.
                    found = "not each subclass declares it, too"
                members.pop(name, None)
                refused.pop(name, None)
                if isinstance(found, str):
                    refused[name] = found
                else:
                    members[name] = found
        for name in dir(cls):
            if not name.startswith("_") and name not in members and name not in refused:
                found = _property(mapper.class_, classes, name)
                if isinstance(found, str):
                    refused[name] = found
                else:
                    members[name] = found
        if any(_has_own(each, "__getattr__") for each in classes):
            refused = _Everything(refused)
        own, shares = own_equality(classes)
        return Model(cls, classes, members, refused, own, shares)

    def _declared(self, mapper: orm.Mapper[t.Any], relation: Relation) -> Link | str:
        cls = self._classes.get(relation.other_type)
        other = sa.inspect(cls, raiseerr=False) if cls is not None else None
        if not isinstance(other, orm.Mapper):
            return f"it leads to {relation.other_type!r}, which is not registered as a model"
        if relation.kind not in ("one", "many"):
            return f"its kind is {relation.kind!r}, and neither 'one' nor 'many'"
        column = other.columns.get(relation.other_field)
        if column is None or relation.my_field not in mapper.columns:
            return "it compares what is no column"
        if not _compare_alike((mapper.columns[relation.my_field], column)):
            return "it compares columns with different collations"
        if relation.kind == "one" and not is_unique([column]):
            return "it leads to one row, but the column it compares is not unique"
        return Link(other.class_, relation.kind == "many")


def _has_firm_key(mapper: orm.Mapper[t.Any]) -> bool:
    firm = _firm_tables(mapper.persist_selectable)
    return all(getattr(column, "table", None) in firm for column in mapper.primary_key)


def _classes_of(mapper: orm.Mapper[t.Any]) -> tuple[type, ...]:
    if mapper.polymorphic_on is None:
        return (mapper.class_,)
    return tuple(
        each.class_
        for each in mapper.self_and_descendants
        if not getattr(each, "polymorphic_abstract", False)
    )


def _has_own(cls: type, name: str) -> bool:
    return any(name in vars(base) for base in cls.__mro__[:-1])


class _Everything(dict[str, str]):
    """Reasons why attributes are unknown; a class with a ``__getattr__`` may have any."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: t.Any = None) -> t.Any:
        return self[name] if name in self.keys() else "a '__getattr__' may answer it"


def _is_inherited(mapper: orm.Mapper[t.Any], cls: type, name: str) -> bool:
    """Tell whether a subclass inherits an attribute of the class of a mapper unchanged."""
    attribute = inspect.getattr_static(cls, name, None)
    if isinstance(attribute, hybrid_property | AssociationProxy):
        return attribute is inspect.getattr_static(mapper.class_, name)
    if not isinstance(attribute, orm.QueryableAttribute):
        return False
    mine, other = (t.cast(t.Any, sa.inspect(each)).attrs.get(name) for each in (mapper.class_, cls))
    if isinstance(mine, orm.ColumnProperty) and isinstance(other, orm.ColumnProperty):
        # A joined table adds its own key.
        return set(mine.columns) <= set(other.columns)
    return mine is other


def _member(mapper: orm.Mapper[t.Any], name: str) -> Member | str:
    """Return an attribute as a field or a link, or the reason why it is neither."""
    attribute = mapper.attrs.get(name)
    if isinstance(attribute, orm.SynonymProperty):
        is_plain = _is_generated_synonym(attribute) and attribute.comparator_factory is None
        return _member(mapper, attribute.name) if is_plain else _PYTHON
    if isinstance(attribute, orm.RelationshipProperty):
        is_plain = attribute.comparator_factory is orm.RelationshipProperty.Comparator
        return _link(attribute) if is_plain else _COMPARATOR
    if isinstance(attribute, orm.ColumnProperty):
        if attribute.comparator_factory is not orm.ColumnProperty.Comparator:
            return _COMPARATOR
        column = attribute.columns[0]
        return describe_type(column.type, is_nullable_column(mapper, column))
    if isinstance(attribute, orm.CompositeProperty):
        return _record(mapper, attribute)
    descriptor = mapper.all_orm_descriptors[name]
    if isinstance(descriptor, hybrid_property):
        return _hybrid(mapper, descriptor)
    if isinstance(descriptor, AssociationProxy):
        return _proxy(mapper, descriptor)
    return _PYTHON


def _record(mapper: orm.Mapper[t.Any], composite: orm.CompositeProperty[t.Any]) -> Member | str:
    """Return a composite whose class is a dataclass, with the column of each attribute."""
    reason = "it is composed of several columns. Compare these, or make its class a dataclass"
    cls: t.Any = composite.composite_class
    if not isinstance(cls, type) or not dataclasses.is_dataclass(cls):
        return reason
    fields = dataclasses.fields(cls)
    own = {name for each in cls.__mro__[:-1] for name in vars(each)}
    is_plain = _is_generated(cls.__init__) and own.isdisjoint(_READING)
    is_plain = is_plain and not any(isinstance(vars(cls).get(f.name), property) for f in fields)
    names = [each.key for each in composite.props]
    members = [_member(mapper, name) for name in names]
    is_plain = is_plain and all(each.init and not each.kw_only for each in fields)
    if not is_plain or len(fields) != len(names) or not all(isinstance(m, Field) for m in members):
        return reason
    # Before version 2.1 of SQLAlchemy, it is never nil.
    nothing = getattr(composite, "return_none_on", None)
    may_be_nil = getattr(nothing, "__module__", "") == "sqlalchemy.orm.descriptor_props"
    if callable(nothing) and not may_be_nil:
        return reason
    columns = dict(zip((each.name for each in fields), names, strict=True))
    return Record(cls, columns, may_be_nil)


#: Methods of a class that change what it holds, or how it is read.
_READING = {"__post_init__", "__new__", "__getattr__", "__getattribute__"}


def _proxy(mapper: orm.Mapper[t.Any], proxy: AssociationProxy[t.Any]) -> Member | str:
    name = proxy.target_collection
    is_plain = proxy.getset_factory is None and proxy.proxy_factory is None
    if not is_plain or not isinstance(mapper.attrs.get(name), orm.RelationshipProperty):
        return _PYTHON
    link = _member(mapper, name)
    return Proxy(name, proxy.value_attr) if isinstance(link, Link) else str(link)


def _is_generated_synonym(synonym: t.Any) -> bool:
    """Tell whether a synonym reads the attribute itself, and not a property of its own."""
    getter = getattr(synonym.descriptor, "fget", None)
    return getattr(getter, "__module__", "") == "sqlalchemy.orm.descriptor_props"


def is_nullable_column(mapper: orm.Mapper[t.Any], column: t.Any) -> bool:
    """Tell whether a column may be NULL in a row of a class.

    In a row of an outer join it may be, even if it is NOT NULL in its table.
    """
    if not isinstance(column, sa.Column) or column.nullable:
        return True
    return column.table not in _firm_tables(mapper.persist_selectable)


def _firm_tables(selectable: t.Any) -> set[t.Any]:
    """Return the tables that have a row in each row of a selectable."""
    if isinstance(selectable, sa.Table):
        return {selectable}
    if not isinstance(selectable, sa.Join) or selectable.full:
        return set()
    left = _firm_tables(selectable.left)
    return left if selectable.isouter else left | _firm_tables(selectable.right)


def _hybrid(mapper: orm.Mapper[t.Any], descriptor: hybrid_property[t.Any]) -> Member | str:
    if descriptor.custom_comparator is not None:
        return _COMPARATOR
    if descriptor.expr is None:
        return _renamed(mapper, descriptor)
    expression = getattr(mapper.class_, descriptor.__name__)
    kind = getattr(expression, "type", None)
    return _PYTHON if kind is None else describe_type(kind, True)


def _renamed(mapper: orm.Mapper[t.Any], descriptor: hybrid_property[t.Any]) -> Member | str:
    """Return what the only function of a hybrid calculates, or the column that it gives."""
    formula = formula_of(descriptor.fget)
    if formula is None:
        return "it is a hybrid without an expression. Give it one"
    return _as_column(mapper, formula)


def _as_column(mapper: orm.Mapper[t.Any], formula: Formula) -> Member:
    """Return the column that a formula gives as it is, if it does."""
    name = attribute_of(formula)
    if name is None or not isinstance(mapper.attrs.get(name), orm.ColumnProperty):
        return formula
    member = _member(mapper, name)
    return member if isinstance(member, Field) else formula


def _property(cls: type, classes: Sequence[type], name: str) -> Formula | str:
    """Return what a property of Python calculates, the same for each class of the rows."""
    found = inspect.getattr_static(cls, name)
    if any(inspect.getattr_static(each, name, None) is not found for each in classes):
        return _PYTHON
    formula = formula_of(found.fget) if type(found) is property else None
    return formula or _PYTHON


# -- relations -----------------------------------------------------------------------


def _link(relation: orm.RelationshipProperty[t.Any]) -> Link | str:
    cls = relation.mapper.class_
    if sa.inspect(relation.entity).is_aliased_class:
        return "it leads to an alias, which may have some rows of its class only"
    if any(attribute_name(relation.parent, column) is None for column in relation.local_columns):
        return "it compares a column that is not mapped"
    if not _compares_alike(relation):
        return "it compares columns with different collations"
    if any(has_operators(each.type) for pair in relation.local_remote_pairs for each in pair):
        return _COMPARATOR
    if relation.lazy in ("write_only", "noload"):
        return f"it is not read from an object: its loading is {relation.lazy!r}"
    if relation.uselist:
        if (relation.collection_class or list) in (list, set):
            return Link(cls, True)
        key = _key_of_rows(relation)
        return Link(cls, True, key=key) if key else "its collection is not a list of its rows"
    if relation.direction is not orm.MANYTOONE:
        remote = [column for _, column in relation.local_remote_pairs or ()]
        if relation.secondary is not None or not is_unique(remote):
            return "it leads to one row, but the columns it compares are not unique"
        return Link(cls, False)
    has_key = direct_pairs(relation) is not None and all(
        isinstance(column, sa.Column) and column.foreign_keys for column in relation.local_columns
    )
    is_filled = not any(
        is_nullable_column(relation.parent, column) for column in relation.local_columns
    )
    return Link(cls, False, has_key and is_filled, has_key)


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
    pairs = compared_pairs(relation)
    is_direct = relation.direction is orm.MANYTOONE
    keys = set(relation.mapper.primary_key)
    return pairs if pairs and is_direct and {far for _, far in pairs} == keys else None


def compared_pairs(relation: orm.RelationshipProperty[t.Any]) -> list[tuple[t.Any, t.Any]]:
    """Return the pairs of columns that are equal if rows are related.

    None of them if the relation has other conditions, or a secondary table.
    """
    pairs = equated_pairs(relation) if _leads_to_all(relation) else []
    return pairs if all(map(_compare_alike, pairs)) else []


def equated_pairs(relation: orm.RelationshipProperty[t.Any]) -> list[tuple[t.Any, t.Any]]:
    """Return the pairs of columns that a relation equates, whatever the class it leads to."""
    pairs = list(relation.local_remote_pairs or ())
    if relation.secondary is not None or _count_equations(relation.primaryjoin) != len(pairs):
        return []
    return pairs


def _leads_to_all(relation: orm.RelationshipProperty[t.Any]) -> bool:
    """Tell whether any row of the table may be a related row, whatever its class."""
    return not relation.mapper.single and relation.mapper.inherits is None


def _count_equations(join: t.Any) -> int | None:
    """Count the equations in a join of columns; ``None`` if it has other conditions."""
    clauses = list(join.clauses) if isinstance(join, sa.BooleanClauseList) else [join]
    if not all(getattr(each, "operator", None) is _EQUALS for each in clauses):
        return None
    columns = [side for each in clauses for side in each.get_children()]
    return len(clauses) if all(isinstance(side, sa.Column) for side in columns) else None


class LinkTable(t.NamedTuple):
    """The secondary table of a relation, with the columns that are equal on each side."""

    near: t.Any
    link_near: t.Any
    link_far: t.Any
    far: t.Any


def link_table(relation: orm.RelationshipProperty[t.Any]) -> LinkTable | None:
    """Return the secondary table of a relation, if it compares one column on each side."""
    if not isinstance(relation.secondary, sa.Table) or not _leads_to_all(relation):
        return None
    joins = relation.primaryjoin, relation.secondaryjoin
    near, far = relation.synchronize_pairs, relation.secondary_synchronize_pairs
    if any(_count_equations(join) != 1 for join in joins) or len(near) != 1 or len(far or ()) != 1:
        return None
    ((here, link_near),), ((there, link_far),) = near, t.cast(t.Any, far)
    if not _compare_alike((here, link_near)) or not _compare_alike((there, link_far)):
        return None
    return LinkTable(here, link_near, link_far, there)


def _compares_alike(relation: orm.RelationshipProperty[t.Any]) -> bool:
    """Tell whether a relation compares texts in the same way when loaded and in a join.

    Loading compares a column with a value, by the collation of the column; a join compares two
    columns, by the collation of either.
    """
    return all(map(_compare_alike, relation.local_remote_pairs or ()))


def _compare_alike(pair: tuple[t.Any, t.Any]) -> bool:
    """Tell whether two columns declare the same collation, or none."""
    near, far = (getattr(column.type, "collation", None) for column in pair)
    return bool(near == far)


_EQUALS: t.Any = sa.literal_column("1").__eq__(1).operator


def is_unique(columns: list[t.Any]) -> bool:
    """Tell whether columns are unique in their table."""
    tables = {getattr(column, "table", None) for column in columns}
    table = next(iter(tables)) if len(tables) == 1 else None
    if not isinstance(table, sa.Table):
        return False
    wanted = set(columns)
    keys: list[set[t.Any]] = [set(table.primary_key.columns)]
    keys += [set(c.columns) for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    keys += [set(index.columns) for index in table.indexes if index.unique]
    keys += [{column} for column in columns if column.unique]
    return any(key and key <= wanted for key in keys)


# -- equality of rows ----------------------------------------------------------------


def own_equality(classes: tuple[type, ...]) -> tuple[type | None, bool]:
    """Return the first class with an ``__eq__`` that may not compare keys, and whether any has one.

    The ``__eq__`` of a dataclass, of pydantic, and that of Flask-Login, compare the key, as a
    session does.
    """
    shares = False
    for cls in classes:
        if t.cast(t.Any, cls).__eq__ is object.__eq__ or _is_dataclass_equality(cls):
            continue
        if _is_pydantic_equality(cls):
            continue
        if not _is_login_equality(cls):
            return cls, True
        shares = True
    return None, shares


def _is_dataclass_equality(cls: type) -> bool:
    if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.eq:  # type: ignore[attr-defined]
        return False
    compared = {field.name for field in dataclasses.fields(cls) if field.compare}
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    is_made = "__eq__" in vars(cls) and cls.__eq__.__qualname__.endswith("__eq__")
    keys = {mapper.get_property_by_column(column).key for column in mapper.primary_key}
    return is_made and _is_generated(cls.__eq__) and keys <= compared


def _is_pydantic_equality(cls: t.Any) -> bool:
    """Tell whether a class, such as one of SQLModel, compares the key with its other fields."""
    where = getattr(cls.__eq__, "__module__", ""), getattr(cls.__eq__, "__qualname__", "")
    if where != ("pydantic.main", "BaseModel.__eq__") or not hasattr(cls, "model_fields"):
        return False
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    keys = {mapper.get_property_by_column(column).key for column in mapper.primary_key}
    return keys <= set(cls.model_fields)


def _is_generated(function: t.Any) -> bool:
    return getattr(getattr(function, "__code__", None), "co_filename", "") in ("<string>", "")


def _is_login_equality(cls: t.Any) -> bool:
    owners = [base for base in cls.__mro__ if "__eq__" in vars(base)]
    names = [base for base in cls.__mro__ if "get_id" in vars(base)]
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    return all(
        found and found[0].__module__ == "flask_login.mixins" for found in (owners, names)
    ) and keys == ["id"]


# -- registering ---------------------------------------------------------------------


def mapped_classes(models: t.Any) -> list[type]:
    """Return the mapped classes of a declarative base, a registry or a list.

    :raises OsoError: for a class that is not mapped.
    """
    try:
        orm.configure_mappers()
    except sa.exc.SQLAlchemyError as error:
        raise OsoError(f"The models cannot be registered: {error}") from error
    if isinstance(models, orm.registry):
        return _classes_in(models)
    if isinstance(models, type) and not isinstance(sa.inspect(models, False), orm.Mapper):
        registry = getattr(models, "registry", None)
        if not isinstance(registry, orm.registry):
            raise OsoError(f"{models.__name__!r} is neither a declarative base nor a mapped class.")
        return _classes_in(registry)
    if not isinstance(models, type | Iterable):
        raise OsoError(
            f"{models!r} is no models. Give the declarative base, a registry, or a list of mapped"
            " classes."
        )
    classes = [models] if isinstance(models, type) else list(models)
    for cls in classes:
        if not isinstance(sa.inspect(cls, raiseerr=False), orm.Mapper):
            raise OsoError(f"{_name_of(cls)!r} is not mapped. Derive it from the declarative base.")
    return classes


def _classes_in(registry: orm.registry) -> list[type]:
    return sorted((each.class_ for each in registry.mappers), key=_name_of)


def opaque_attributes(classes: Iterable[type], models: MappedSchema) -> dict[str, str]:
    """Return the mapped attributes that lists cannot compare, with the reason, by class and name.

    A class whose rows cannot be listed at all is there by its name alone.
    """
    found: dict[str, str] = {}
    for cls in classes:
        try:
            model = models.model(cls)
        except UnsupportedError as error:
            found[cls.__name__] = str(error)
            continue
        mapper: orm.Mapper[t.Any] = sa.inspect(cls)
        for name in [each.key for each in mapper.attrs]:
            reason = _reason(t.cast(Model, model), name)
            if reason is not None:
                found[f"{cls.__name__}.{name}"] = reason
    return found


def _reason(model: Model, name: str) -> str | None:
    member = model.members.get(name)
    if isinstance(member, Field):
        return member.reason if member.kind is ValueKind.OPAQUE else None
    return None if member is not None else model.refused.get(name)


def _name_of(cls: t.Any) -> str:
    return str(getattr(cls, "__qualname__", cls))
