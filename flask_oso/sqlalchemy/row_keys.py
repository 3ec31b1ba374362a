"""Rows as plain data: which objects are the same row, and what is read without a statement.

Objects of one class with one primary key are the same row, in any session. A class with an
``__eq__`` of its own decides itself. The ``__eq__`` that SQLAlchemy's dataclass mapping generates
compares the key with all other fields, and does not count as one.

An instrumented attribute that is loaded is the value in the ``__dict__`` of the object, and reading
it does nothing else: SQLAlchemy has no event for it. What is expired or deferred is not there.
"""

from __future__ import annotations

import functools
import operator
import types
import typing as t
import weakref
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import attributes, collections
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.instrumentation import ClassManager

from ..polar.host.registry import (
    Calculation,
    ProxiedAttribute,
    RelationsOfQuestions,
    RowTest,
)
from ..polar.host.value_classes import KEY_KINDS
from .mapped.calculations import calculation_of, proxied_of
from .mapped.loaded import LoadPlan, chooses_rows, load_among, load_relations
from .mapped.relationships import is_held, key_pairs
from .mapped.row_equality import own_equality
from .mapped.tables import attribute_name, is_nullable_column, mapper_of
from .unloaded_rows import UnloadedRows

_Facts = weakref.WeakKeyDictionary[type, dict[str, t.Any]]


class RowKeys:
    """Compares the objects of mapped classes, and knows what they have loaded."""

    #: The collections that SQLAlchemy makes, whose methods that change something it replaced.
    collections: frozenset[type] = frozenset(
        {collections.InstrumentedList, collections.InstrumentedSet}
    )
    key_path: tuple[str, ...] = ("_sa_instance_state", "key")

    def __init__(self) -> None:
        # Two threads may compute the same entry.
        self._known: weakref.WeakKeyDictionary[type, bool] = weakref.WeakKeyDictionary()
        self._ids: weakref.WeakKeyDictionary[type, bool] = weakref.WeakKeyDictionary()
        self._usual: weakref.WeakKeyDictionary[type, bool] = weakref.WeakKeyDictionary()
        self._tests: _Facts = weakref.WeakKeyDictionary()
        self._calculations: _Facts = weakref.WeakKeyDictionary()

    def anew(self) -> RowKeys:
        """Return one that knows nothing of the classes yet."""
        return type(self)()

    def has_keys(self, cls: type) -> bool:
        """Tell whether a class is mapped, and has no equality of its own."""
        known = self._known.get(cls)
        if known is None:
            known = self._known[cls] = _has_keys(cls)
        return known

    def follows_keys(self, cls: type) -> bool:
        """Tell whether stored objects of a class are equal exactly if their keys are.

        That is so of users of Flask-Login, which compare the text of their key.
        """
        return self.has_keys(cls) or self._compares_id(cls)

    def _compares_id(self, cls: type) -> bool:
        known = self._ids.get(cls)
        if known is None:
            known = self._ids[cls] = _compares_id(cls)
        return known

    def is_same(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether two objects of one class are one row; without a key, one object."""
        if left is right:
            return True
        # The identity key has the class, the values, and the identity token (the shard).
        mine = instance_state(left).key
        return mine is not None and bool(mine == instance_state(right).key)

    def stored_attribute(self, cls: type, name: str) -> t.Any:
        """Return the attribute of a column or a relation whose loaded values are in a dictionary.

        ``None`` for synonyms, hybrids, composites, proxies and properties, for relations that are
        never loaded, such as ``dynamic``, and for classes that are instrumented in another way.
        """
        mapper = _mapper_of(cls)
        attribute = vars(cls).get(name)
        if mapper is None or type(attribute) is not orm.InstrumentedAttribute:
            return None
        is_usual = self._usual.get(cls)
        if is_usual is None:
            is_usual = self._usual[cls] = _is_usual(cls, mapper)
        is_itself = attribute.key == name and mapper.attrs.get(name) is attribute.property
        return attribute if is_usual and is_itself and attribute.impl.supports_population else None

    def calculation(self, cls: type, name: str) -> Calculation | None:
        """Return how a property, or a hybrid, is calculated from columns of the class."""
        facts = self._calculations.setdefault(cls, {})
        if name not in facts:
            facts[name] = calculation_of(cls, name, lambda each: self._is_column(cls, each))
        return t.cast("Calculation | None", facts[name])

    def proxied(self, cls: type, name: str) -> ProxiedAttribute | None:
        """Return the relation of an association proxy, and the attribute of its rows."""
        found = None if _mapper_of(cls) is None else proxied_of(cls, name)
        if found is None or self.stored_attribute(cls, found.relation) is None:
            return None
        return found

    def _is_column(self, cls: type, name: str) -> bool:
        attribute = self.stored_attribute(cls, name)
        return attribute is not None and isinstance(attribute.property, orm.ColumnProperty)

    def related_class(self, cls: type, name: str) -> type | None:
        """Return the class that a relation leads to."""
        attribute = self.stored_attribute(cls, name)
        relation = None if attribute is None else attribute.property
        return relation.mapper.class_ if isinstance(relation, orm.RelationshipProperty) else None

    def is_extended(self, cls: type) -> bool:
        """Tell whether other mapped classes derive from a class."""
        mapper = _mapper_of(cls)
        return mapper is None or len(list(mapper.self_and_descendants)) > 1

    def relations_to_one(self, cls: type) -> t.Iterable[str]:
        """Return the names of the relations of a class that lead to one row."""
        mapper = _mapper_of(cls)
        relations = () if mapper is None else mapper.relationships
        return [each.key for each in relations if each.uselist is False]

    def row_test(self, cls: type, name: str) -> RowTest | None:
        """Return the test for a relation that compares a foreign key with a primary key."""
        foreign = self._foreign_key(cls, name)
        return None if foreign is None else foreign.test

    def is_never_nil(self, cls: type, name: str) -> bool:
        """Tell whether a constraint says that there is a row for each foreign key, never NULL."""
        mapper: orm.Mapper[t.Any] = sa.inspect(cls)
        relation = mapper.relationships[name]
        columns = relation.local_columns
        return is_held(relation) and not any(is_nullable_column(mapper, c) for c in columns)

    def unloaded_rows(
        self, cls: type, name: str
    ) -> Callable[[list[t.Any], list[t.Any]], UnloadedRows]:
        """Return what takes rows of a class whose relation is not loaded."""
        return functools.partial(UnloadedRows, t.cast(_ForeignKey, self._foreign_key(cls, name)))

    def related_key(self, row: t.Any, name: str) -> t.Any:
        """Return the class, the session and the foreign key of a relation that is not loaded."""
        foreign = self._foreign_key(type(row), name)
        return None if foreign is None else foreign.key_of(row)

    def _foreign_key(self, cls: type, name: str) -> _ForeignKey | None:
        known = self._tests.get(cls)
        if known is None:
            known = self._tests[cls] = {}
        if name not in known:
            known[name] = self._make_foreign_key(cls, name)
        return t.cast("_ForeignKey | None", known[name])

    def load_relations(
        self, actor: t.Any, objects: t.Iterable[t.Any], read: RelationsOfQuestions
    ) -> None:
        """Load relations of many rows with a few statements."""
        # Two threads may make the same plan.
        if read.plan is None:
            read.plan = LoadPlan(read.own, read.of)
        load_relations(actor, objects, read.plan)

    def load_among(
        self, row: t.Any, name: str, rows: t.Iterable[t.Any], path: tuple[str, ...]
    ) -> None:
        """Load a relation of a row, and of some of those that follow it."""
        load_among(row, name, rows, path)

    def _make_foreign_key(self, cls: type, name: str) -> _ForeignKey | None:
        related = self.related_class(cls, name)
        if related is None:
            return None
        # A row of a subclass may be found, too, and may have an equality of its own.
        mapper: orm.Mapper[t.Any] = sa.inspect(related)
        found = [each.class_ for each in mapper.self_and_descendants]
        if all(map(self.has_keys, found)):
            return _foreign_key(cls, name)
        foreign = _foreign_key(cls, name) if all(map(self._compares_id, found)) else None
        return None if foreign is None else foreign.to_unchanged("id")


class LoadedRows(RowKeys):
    """Knows what rows have loaded, and compares them as Python does: each equals itself alone.

    For mapped classes that are registered one by one, as in a program for oso, without
    ``register_models``.
    """

    def has_keys(self, cls: type) -> bool:
        return False

    def follows_keys(self, cls: type) -> bool:
        return False

    def relations_to_one(self, cls: type) -> t.Iterable[str]:
        return ()

    def related_key(self, row: t.Any, name: str) -> t.Any:
        return None

    def row_test(self, cls: type, name: str) -> RowTest | None:
        return None

    def load_relations(self, *rows_and_relations: t.Any) -> None:
        """Leave relations to those who read them."""

    def load_among(self, *rows_and_relations: t.Any) -> None:
        """Leave relations to those who read them."""


def _mapper_of(cls: type) -> orm.Mapper[t.Any] | None:
    mapper = mapper_of(cls)
    return mapper if mapper is not None and mapper.class_ is cls else None


def _has_keys(cls: type) -> bool:
    return _mapper_of(cls) is not None and own_equality((cls,)) == (None, False)


def _compares_id(cls: type) -> bool:
    """Tell whether a class is mapped, and compares its key, ``id``, as Flask-Login does."""
    return _mapper_of(cls) is not None and own_equality((cls,)) == (None, True)


def _is_usual(cls: type, mapper: orm.Mapper[t.Any]) -> bool:
    """Tell whether the attributes of a class read the usual dictionary of a row."""
    return (
        type(mapper.class_manager) is ClassManager
        and type(attributes.instance_dict) is operator.attrgetter
        and not any("__getattribute__" in vars(base) for base in cls.__mro__[:-1])
        and all(_has_usual_dictionary(base) for base in cls.__mro__)
    )


def _has_usual_dictionary(base: type) -> bool:
    return type(vars(base).get("__dict__")) in (types.GetSetDescriptorType, types.NoneType)


# -- relations by their foreign keys ---------------------------------------------------------

#: Strategies of relations that read the row with the foreign key, and no other.
_READING = frozenset({True, "select", "joined", "selectin", "subquery", "immediate"})
_RAISING = frozenset({"raise", "raise_on_sql"})
#: Leaves letters and digits of ASCII, all of them in lower case.
_LETTERS = {n: chr(n).lower() if chr(n).isalnum() else None for n in range(128)}


def _foreign_key(cls: type, name: str) -> _ForeignKey | None:
    """Return the foreign key of a relation; ``None`` if it does not tell which row that leads to.

    It does if it is the primary key of the other class, all of it, and its values
    are compared in Python as in the database. It may also lead to a row of a base class, which the
    relation leaves out: then it equals no row, and two such relations are both ``None``.
    """
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    relation = mapper.relationships[name]
    pairs = key_pairs(relation)
    if pairs is None or relation.uselist or relation.lazy not in _READING | _RAISING:
        return None
    if any(isinstance(column.type, sa.types.TypeDecorator) for pair in pairs for column in pair):
        return None
    near = {far: column for column, far in pairs}
    names = [attribute_name(mapper, near[far]) for far in relation.mapper.primary_key]
    if None in names or len(names) != len(pairs):
        return None
    return _ForeignKey(name, t.cast("list[str]", names), relation.mapper.class_)


class _ForeignKey:
    """Compares the foreign key of a row with the key of another row.

    :param relation: the relation that would be read.
    :param names: the attributes of the foreign key, in the order of the other primary key.
    :param cls: the class of the other rows.
    """

    def __init__(self, relation: str, names: list[str], cls: type) -> None:
        self._relation = relation
        self._names = names
        # Weak: what is known of a class must not keep it alive.
        self.cls = weakref.ref(cls)
        #: Whether rows are equal exactly if their keys are.
        self.is_exact = True
        is_single = len(names) == 1
        self.test: RowTest = _for_one_column(relation, names[0], self) if is_single else self.is_row

    def to_unchanged(self, name: str) -> _ForeignKey:
        """Let only rows be compared whose attribute is as it is stored; return this."""
        test, cls = self.test, self.cls

        def is_row(row: t.Any, other: t.Any) -> bool | None:
            state: t.Any = instance_state(other)
            if name not in state.dict or name in state.committed_state:
                return None
            answer = test(row, other)
            if answer is not False:
                return answer
            # The row that is found may have another value by now.
            session = instance_state(row).session
            return None if session is None or _is_changed(session, cls(), name) else False

        self.test, self.is_exact = is_row, False
        return self

    def key_of(self, row: t.Any) -> t.Any:
        """Return the class, the session and the key of the row that a relation leads to.

        ``None`` if it has to be read, or there is no such row.
        """
        state: t.Any = instance_state(row)
        changed = state.committed_state
        if self._relation in state.dict or not _can_be_followed(state):
            return None
        if any(name in changed for name in (self._relation, *self._names)):
            return None
        key = tuple(state.dict.get(name) for name in self._names)
        if any(type(value) not in KEY_KINDS for value in key):
            return None
        # A text is not a number that it equals.
        return self.cls, state.session_id, [*map(type, key)], key

    def is_row(self, row: t.Any, other: t.Any) -> bool | None:
        if not isinstance(other, t.cast(type, self.cls())):
            return None
        state: t.Any = instance_state(row)
        far: t.Any = instance_state(other)
        loaded, changed = state.dict, state.committed_state
        if self._relation in loaded or self._relation in changed:
            return None
        if far.key is not None and state.session_id is not None:
            for name, key in zip(self._names, far.key[1], strict=True):
                if _is_other_key(loaded.get(name), key):
                    # Whatever is found, or nothing, has another key.
                    return False
        if not _can_be_read(state, far):
            return None
        for name, key in zip(self._names, far.key[1], strict=True):
            value = loaded.get(name, far)
            if name in changed or key is None:
                return None
            answer = False if value is None else _is_same_key(value, key)
            if answer is not True:
                return answer
        return True


def _is_changed(session: t.Any, cls: t.Any, name: str) -> bool:
    """Tell whether an attribute of some row of a class is changed, and not stored yet."""
    return session.identity_map.check_modified() and any(
        isinstance(row, cls) and name in instance_state(row).committed_state
        for row in session.dirty
    )


def _for_one_column(relation: str, name: str, foreign: _ForeignKey) -> RowTest:
    """Return a test that is fast for what is most frequent: another key, the same one, or none.

    :param name: the foreign key.
    :param foreign: has the test for everything else.
    """
    cls: t.Any = foreign.cls

    def is_row(row: t.Any, other: t.Any) -> bool | None:
        # What is not there is of no such kind.
        value = row.__dict__.get(name, row)
        kind = type(value)
        if (value is None or kind in KEY_KINDS) and isinstance(other, cls()):
            state: t.Any = instance_state(row)
            far: t.Any = instance_state(other)
            if (
                far.key is not None
                and (value is None or type(far.key[1][0]) is kind)
                and state.session_id is not None
                and relation not in row.__dict__
                and relation not in (changed := state.committed_state)
            ):
                key = far.key[1][0]
                if value is None or value == key:
                    # Both as they were stored, and nothing chooses other rows.
                    is_usual = name not in changed and not state.load_options and key is not None
                    if is_usual and _can_be_read(state, far):
                        return value is not None
                elif kind is not str or _is_other_text(value, key):
                    # Whatever is found, or nothing, has another key.
                    return False
        return foreign.is_row(row, other)

    return is_row


def _can_be_read(state: t.Any, far: t.Any) -> bool:
    """Tell whether reading a relation of a row would find another row, if it has its key.

    Both are stored, and in one session, which knows the other row by its key.
    """
    return (
        state.session_id == far.session_id
        and far.key is not None
        and far.key[2] is None
        and not (far._deleted or far.expired)
        and _can_be_followed(state)
    )


def _can_be_followed(state: t.Any) -> bool:
    """Tell whether a row is stored, and its options leave its relations as they are."""
    return (
        state.session_id is not None
        and state.key is not None
        and state.key[2] is None
        and not state._deleted
        and not any(map(chooses_rows, state.load_options))
    )


def _is_same_key(value: t.Any, key: t.Any) -> bool | None:
    """Tell whether two values are one key to each database; ``None`` if that is not known.

    Databases may equate texts that differ in case, accents, or spaces at the end.
    """
    kind = type(value)
    if kind is not type(key) or kind not in KEY_KINDS:
        return None
    if kind is not str or value == key:
        return bool(value == key)
    return False if _is_other_text(value, key) else None


def _is_other_key(value: t.Any, key: t.Any) -> bool:
    """Tell whether two values are different keys to each database."""
    kind = type(value)
    if kind is not type(key) or kind not in KEY_KINDS or value == key:
        return False
    return kind is not str or _is_other_text(value, key)


def _is_other_text(value: str, key: str) -> bool:
    """Tell whether two texts differ in more than case and signs, and have no accents."""
    if not (value.isascii() and key.isascii()):
        return False
    return value.translate(_LETTERS) != key.translate(_LETTERS)
