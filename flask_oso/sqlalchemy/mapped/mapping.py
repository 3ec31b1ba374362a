"""The schema of mapped classes, for questions about rows that are not loaded.

In goes a mapped class; out comes its ``Model``: its columns, its relations, and the classes of its
rows. A column that a database would compare in another way than Python is opaque, with the reason.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import types
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
    LoadedList,
    Member,
    Model,
    Proxy,
    Record,
    ValueKind,
)
from .calculated_columns import describe_column
from .column_types import as_watched, has_operators
from .hybrids import attribute_of, calculation_in, formula_of
from .loaded import Followed, explaining_unloaded, is_stored, is_unread, loaded_lists
from .relationships import OWN_COMPARATOR, describe_relation, have_one_collation
from .row_equality import is_generated, own_equality
from .tables import DerivedClasses, firm_tables, is_nullable_column, is_unique, mapper_of

_PYTHON = "it is computed in Python"


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
        # Two threads may add the same relation.
        self._followed: Followed = {}
        #: The classes that derive from these.
        self.derived = DerivedClasses()

    def model(self, cls: type) -> Model | None:
        """Return the model of a mapped class; ``None`` if it is not mapped."""
        if cls not in self._models:
            mapper = mapper_of(cls)
            # Noted first: a class that is mapped meanwhile is found out.
            self.derived.note(cls)
            self._models[cls] = None if mapper is None else self._made(cls, mapper)
        return self._models[cls]

    def is_stored(self, value: t.Any, names: Sequence[str] = ()) -> bool:
        """Tell whether the database has an object as it is in Python.

        :param names: a chain of relations. The loaded rows may be a selection; a statement can
            then be restricted to the loaded list of the object itself, and to no other list.
        """
        return is_stored(value, names, self._followed)

    def loaded_lists(self, value: t.Any, names: Sequence[str]) -> Sequence[LoadedList] | None:
        """Return the loaded lists along a chain of relations, behind the first one."""
        return loaded_lists(value, names, self._followed)

    def reading(self, objects: Sequence[t.Any]) -> contextlib.AbstractContextManager[None]:
        """Turn an error of an asynchronous session into one that says what to refresh."""
        return explaining_unloaded(objects)

    def is_unread(self, error: Exception) -> bool:
        """Tell whether an error says that a row cannot be read now."""
        return is_unread(error)

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
        return False if any(_stored(state, key) is None for key in keys) else None

    def _made(self, cls: type, mapper: orm.Mapper[t.Any]) -> Model:
        classes = _classes_of(mapper)
        _check_listable(mapper, classes)
        found: dict[str, Member | str] = {}
        names = mapper.all_orm_descriptors.keys()
        for name in names:
            found[name] = _member(mapper, name)
            is_same = all(_is_inherited(mapper, each, name) for each in classes)
            if not is_same and not isinstance(found[name], str):
                found[name] = "a subclass says something else"
        for name, declared in self._fields.get(cls, {}).items():
            if isinstance(declared, Relation):
                # A check reads a relation only of the class itself that declares it.
                is_same = all(self._fields.get(c, {}).get(name) == declared for c in classes)
                reason = "not each subclass declares it, too"
                found[name] = self._declared(mapper, declared) if is_same else reason
        for name in dir(cls):
            if not name.startswith("_") and name not in found:
                found[name] = _property(mapper.class_, classes, name)
        members = {name: each for name, each in found.items() if not isinstance(each, str)}
        refused = {name: each for name, each in found.items() if isinstance(each, str)}
        if any(_has_own(each, "__getattr__") for each in classes):
            refused = _Everything(refused)
        own, shares = own_equality(classes)
        # The source of a method is read when a policy calls it.
        method = functools.cache(functools.partial(_method, mapper.class_, classes))
        guards = _guards(mapper, members)
        return Model(cls, classes, members, refused, own, shares, guards, method)

    def _declared(self, mapper: orm.Mapper[t.Any], relation: Relation) -> Link | str:
        cls = self._classes.get(relation.other_type)
        other = None if cls is None else mapper_of(cls)
        if other is None:
            return f"it leads to {relation.other_type!r}, which is not registered as a model"
        if relation.kind not in ("one", "many"):
            return f"its kind is {relation.kind!r}, and neither 'one' nor 'many'"
        column = other.columns.get(relation.other_field)
        if column is None or relation.my_field not in mapper.columns:
            return "it compares what is no column"
        if not have_one_collation((mapper.columns[relation.my_field], column)):
            return "it compares columns with different collations"
        if relation.kind == "one" and not is_unique([column]):
            return "it leads to one row, but the column it compares is not unique"
        return Link(other.class_, relation.kind == "many")


def _stored(state: t.Any, key: str) -> t.Any:
    """Return the value of a column of an object; what cannot be loaded counts as not nil.

    That of an expired object is loaded: SQL does not find out that two keys are both NULL.
    """
    if key in state.dict or key not in state.mapper.column_attrs:
        return state.dict.get(key, key)
    try:
        return getattr(state.obj(), key)
    except sa.exc.SQLAlchemyError:
        # The statement reads the key, too, and says why it cannot.
        return key


def _check_listable(mapper: orm.Mapper[t.Any], classes: tuple[type, ...]) -> None:
    """Refuse a class whose rows cannot be listed.

    :raises UnsupportedError: if so.
    """
    name = mapper.class_.__name__
    if any(each.concrete for each in mapper.base_mapper.self_and_descendants):
        raise UnsupportedError(
            f"Rows of {name!r} are in a table for each class, with columns of its own. Use joined"
            " or single-table inheritance."
        )
    if isinstance(mapper.persist_selectable, sa.Join) and not _has_firm_key(mapper):
        raise UnsupportedError(
            f"Rows of {name!r} are read from an outer join, and a part of their key may be NULL."
            " Map the class to a table, or give a 'primary_key' of the first one."
        )
    if any(has_operators(column.type) for column in mapper.primary_key):
        raise UnsupportedError(
            f"The key of {name!r} has a type with a comparison of its own, which may differ from"
            " that of Python. Use one of SQLAlchemy's."
        )
    if any(_has_own(each, "__getattribute__") for each in classes):
        raise UnsupportedError(
            f"{name!r} decides by a '__getattribute__' of its own what its attributes are, and a"
            " list does not call it. Remove it."
        )


def _has_firm_key(mapper: orm.Mapper[t.Any]) -> bool:
    firm = firm_tables(mapper.persist_selectable)
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
        return describe_relation(attribute) if is_plain else OWN_COMPARATOR
    if isinstance(attribute, orm.ColumnProperty):
        if attribute.comparator_factory is not orm.ColumnProperty.Comparator:
            return OWN_COMPARATOR
        if _QUERY_EXPRESSION in attribute.strategy_key:
            return "each statement says what it is, by 'with_expression'"
        column = attribute.columns[0]
        field = describe_column(column, is_nullable_column(mapper, column))
        return as_watched(field, attribute)
    if isinstance(attribute, orm.CompositeProperty):
        return _record(mapper, attribute)
    descriptor = mapper.all_orm_descriptors[name]
    if isinstance(descriptor, hybrid_property):
        return _hybrid(mapper, descriptor)
    if isinstance(descriptor, AssociationProxy):
        return _proxy(mapper, descriptor)
    return _PYTHON


#: A part of the key of a ``query_expression``.
_QUERY_EXPRESSION = ("query_expression", True)


def _record(mapper: orm.Mapper[t.Any], composite: orm.CompositeProperty[t.Any]) -> Member | str:
    """Return a composite whose class is a dataclass, with the column of each attribute."""
    reason = "it is composed of several columns. Compare these, or make its class a dataclass"
    cls: t.Any = composite.composite_class
    if not isinstance(cls, type) or not dataclasses.is_dataclass(cls):
        return reason
    fields = dataclasses.fields(cls)
    own = {name for each in cls.__mro__[:-1] for name in vars(each)}
    is_plain = is_generated(cls.__init__) and own.isdisjoint(_READING)
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


def _hybrid(mapper: orm.Mapper[t.Any], descriptor: hybrid_property[t.Any]) -> Member | str:
    if descriptor.custom_comparator is not None:
        return OWN_COMPARATOR
    if descriptor.expr is None:
        return _renamed(mapper, descriptor)
    found = getattr(mapper.class_, descriptor.__name__)
    expression = getattr(found, "expression", found)
    return describe_column(expression, True) if hasattr(expression, "type") else _PYTHON


def _guards(mapper: orm.Mapper[t.Any], members: Mapping[str, Member]) -> dict[str, Formula]:
    """Return what Python calculates for hybrids that a list takes the expression of.

    It may raise where the expression is NULL.
    """
    found = {}
    for name, member in members.items():
        descriptor = mapper.all_orm_descriptors.get(name)
        if isinstance(member, Field) and isinstance(descriptor, hybrid_property):
            found[name] = None if descriptor.expr is None else calculation_in(descriptor.fget)
    return {name: formula for name, formula in found.items() if formula is not None}


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


def _method(cls: type, classes: Sequence[type], name: str) -> Formula | None:
    """Return what a method without arguments calculates, the same for each class of the rows."""
    found = inspect.getattr_static(cls, name, None)
    if type(found) is not types.FunctionType:
        return None
    is_same = all(inspect.getattr_static(each, name, None) is found for each in classes)
    return formula_of(found) if is_same else None


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
        registry = registry_of(models)
        if registry is None:
            raise OsoError(f"{models.__name__!r} is neither a declarative base nor a mapped class.")
        return _classes_in(registry)
    if not isinstance(models, type | Iterable):
        raise OsoError(
            f"{models!r} is no models. Give the declarative base, a registry, or a list of mapped"
            " classes."
        )
    classes = [models] if isinstance(models, type) else list(models)
    for cls in classes:
        if mapper_of(cls) is None:
            raise OsoError(f"{_name_of(cls)!r} is not mapped. Derive it from the declarative base.")
    return classes


def registry_of(base: type) -> orm.registry | None:
    """Return the registry of a declarative base, also of SQLModel, which calls it otherwise."""
    found = (getattr(base, name, None) for name in ("registry", "_sa_registry"))
    return next((each for each in found if isinstance(each, orm.registry)), None)


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
