"""The names a policy may use: registered classes, constants and relations.

A ``Host`` is immutable. Registering a name makes another one, so a query under way keeps the
names it began with. What programs assign to ``host.get_field`` is in a part that all hosts of one
policy share.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import types
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ..characters import nfc_name
from ..exceptions import DuplicateClassAliasError, PolarRuntimeError, UnregisteredClassError
from ..nodes import Instance, Operator, Term
from ..sources import Span
from ..value_objects import Record
from . import sandbox
from .comparison import compare_values
from .conversion import to_term
from .data_adapter import DataAdapter, RegisteredType, Relation

RESERVED_NAMES = ("Actor", "Resource")

_BUILT_IN_CLASSES: dict[str, type] = {
    "Boolean": bool,
    "Integer": int,
    "Float": float,
    "List": list,
    "Dictionary": dict,
    "String": str,
    "Datetime": datetime.datetime,
    "Timedelta": datetime.timedelta,
}


class RowTest(t.Protocol):
    """Tells, without reading a relation of a row, whether it leads to another row."""

    def __call__(self, row: t.Any, other: t.Any) -> bool | None:
        """Return ``None`` if only reading the relation can tell."""


class UnloadedRows(t.Protocol):
    """Rows with a relation that is not loaded."""

    def holds(self, other: t.Any) -> bool | None:
        """Tell whether the relation of a chosen one leads to a row; ``None`` as ``RowTest``."""


class UnreadRelation:
    """Stands for the row that a relation leads to, while only keys are compared."""

    __slots__ = ("name", "row")

    def __init__(self, row: t.Any, name: str) -> None:
        self.row: t.Final = row
        self.name: t.Final = name

    def read(self) -> t.Any:
        """Return the row, or ``None``."""
        return getattr(self.row, self.name)


class Calculation(Record):
    """An attribute of rows whose function reads columns of the row, and does nothing else.

    :param owner: the class that has it, which rows derive from.
    :param found: what that class has under its name.
    :param columns: the stored attributes that the function reads.
    :param kinds: the classes of their values of which it asks nobody else.
    """

    owner: type
    found: t.Any
    columns: tuple[str, ...]
    kinds: frozenset[type]


class ProxiedAttribute(Record):
    """An attribute of rows that has an attribute of each row to which a relation leads.

    :param owner: the class that has it, which rows derive from.
    :param found: what that class has under its name.
    """

    owner: type
    found: t.Any
    relation: str
    attribute: str


class RelationsOfQuestions(t.Protocol):
    """The relations that some questions about one actor read.

    ``plan`` is for who loads them: what it found out of the classes. It lives as long as they do.
    """

    own: Iterable[str]
    plan: t.Any

    def of(self, cls: type) -> Iterable[str]:
        """Return the relations of a class; ``own`` are those of the actor."""


class Identities(t.Protocol):
    """Knows which objects stand for the same row of a database, and what they have loaded.

    ``collections`` has the classes of loaded relations whose iterators run no Python code;
    ``key_path`` the attributes that lead from a row to its key, which is ``None`` if it has none.
    """

    collections: frozenset[type]
    key_path: tuple[str, ...]

    def anew(self) -> Identities:
        """Return one that knows nothing of the classes yet."""

    def has_keys(self, cls: type) -> bool:
        """Return whether instances of a class are rows without an ``__eq__`` of their own."""

    def follows_keys(self, cls: type) -> bool:
        """Return whether stored instances of a class are equal exactly if their keys are."""

    def is_same(self, left: t.Any, right: t.Any) -> bool:
        """Return whether two instances of one such class are one row, or the same object."""

    def stored_attribute(self, cls: type, name: str) -> t.Any:
        """Return what a class has under a name, if it only reads the ``__dict__`` of its instances.

        Where that dictionary has no such key, the attribute has to be read. ``None`` for any other
        attribute.
        """

    def calculation(self, cls: type, name: str) -> Calculation | None:
        """Return how an attribute is calculated from stored ones; ``None`` if it does more."""

    def proxied(self, cls: type, name: str) -> ProxiedAttribute | None:
        """Return what an attribute has of related rows, if it does nothing else."""

    def related_class(self, cls: type, name: str) -> type | None:
        """Return the class of the rows that a stored relation leads to; subclasses count."""

    def is_extended(self, cls: type) -> bool:
        """Return whether rows may be instances of a subclass of a class of rows."""

    def relations_to_one(self, cls: type) -> Iterable[str]:
        """Return the names of the relations of a class that lead to one row."""

    def related_key(self, row: t.Any, name: str) -> t.Any:
        """Return what says which row a relation leads to: two relations with one lead to one row.

        ``None`` if only reading the relation can tell, or there is no such row.
        """

    def load_relations(
        self, actor: t.Any, objects: Iterable[t.Any], read: RelationsOfQuestions
    ) -> None:
        """Load what is missing of the relations that will be read of rows, many at once."""

    def load_among(
        self, row: t.Any, name: str, rows: Iterable[t.Any], path: tuple[str, ...]
    ) -> None:
        """Load a relation of a row, and of some of those that follow it on a loaded relation.

        :param path: the loaded relations that lead from the elements to such rows.
        """

    def row_test(self, cls: type, name: str) -> RowTest | None:
        """Return the test for a relation to one row whose foreign key says which one it is."""

    def is_never_nil(self, cls: type, name: str) -> bool:
        """Return whether a relation with such a test leads to a row, whatever its owner is."""

    def unloaded_rows(
        self, cls: type, name: str
    ) -> Callable[[list[t.Any], list[t.Any]], UnloadedRows]:
        """Return what takes rows, and those that are chosen, for a relation with such a test."""


class TextEquality(Record):
    """An ``__eq__`` that compares the text of an attribute, with objects of one base class alone.

    For any other object it returns ``NotImplemented``, and ``__ne__`` is its opposite. An attribute
    that is missing is an error.
    """

    base: type
    attribute: str


#: Returns the equality of a class, if it is such a one.
TextEqualities = Callable[[type], "TextEquality | None"]


#: Returns the class of a field of a class. ``list`` is a relation to many.
FieldLookup = Callable[[type, str], t.Any]


class FieldTypes(Record, eq=False, frozen=False):
    """Where the types of fields come from, if not from ``register_class``.

    :param noticed: hears of classes that caches hold, of an engine that several objects share.
    """

    assigned: FieldLookup | None = None
    noticed: Callable[[type], None] | None = None


def _is_declared_field(value: object) -> bool:
    """Return whether a value is what ``get_field`` is without an assignment.

    It belongs to the host that it was read from: put back later, it would know nothing of what
    has been registered since.
    """
    return getattr(value, "__func__", None) is Host.declared_field


class Host(Record):
    """The names a policy may use.

    :param classes: the registered classes by name.
    :param constants: the term of every registered name, classes included.
    :param fields: the declared fields of each class.
    :param adapter: reads the fields that are relations.
    :param identities: knows which objects are the same row.
    :param text_equalities: knows the classes whose equality compares a text.
    :param private: by class, the names with a leading underscore that policies may read.
    :param field_types: what programs assigned to ``get_field``; shared with the hosts that are made
        of this one.
    """

    classes: Mapping[str, type]
    constants: Mapping[str, Term]
    fields: Mapping[type, Mapping[str, t.Any]]
    adapter: DataAdapter | None = None
    identities: Identities | None = None
    text_equalities: TextEqualities | None = None
    # Python 3.11 takes such a mapping for a mutable default.
    private: Mapping[type, frozenset[str]] = dataclasses.field(
        default_factory=lambda: types.MappingProxyType({})
    )
    field_types: FieldTypes = dataclasses.field(default_factory=FieldTypes)

    def __setattr__(self, name: str, value: t.Any) -> None:
        """Let programs assign ``get_field``, as oso does, and nothing else once it is made."""
        if name == "get_field":
            if self.field_types.noticed is not None:
                raise PolarRuntimeError(
                    "Other objects share the policy, as tests asked for. Assign 'get_field' before"
                    " the policy is loaded."
                )
            self.field_types.assigned = None if _is_declared_field(value) else value
            return
        if name in vars(self) or name not in self.__match_args__:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def with_class(
        self,
        cls: type,
        name: str | None,
        fields: Mapping[str, t.Any] | None,
        private: Iterable[str] = (),
    ) -> Host:
        """Return a host with one more class.

        :raises TypeError: if it is not a class, the name is no str, ``fields`` is no dictionary of
            names, or ``private`` has a name that cannot be opened.
        :raises DuplicateClassAliasError: if another class has the name.
        :raises PolarRuntimeError: if the name is reserved.
        """
        if not isinstance(cls, type):
            raise TypeError(
                f"'register_class' takes a class, not {type(cls).__name__}. "
                "Use 'register_constant' for other values."
            )
        name = _checked_name(cls.__name__ if name is None else name, "register_class")
        if name in self.classes:
            raise DuplicateClassAliasError(name, self.classes[name], cls)
        opened = self.private.get(cls, frozenset()) | _checked_private(private)
        return self.replaced(
            classes=types.MappingProxyType({**self.classes, name: cls}),
            constants=types.MappingProxyType({**self.constants, name: Instance(cls)}),
            fields=types.MappingProxyType({**self.fields, cls: _checked_fields(fields)}),
            private=types.MappingProxyType({**self.private, cls: opened}),
        )

    def opens(self, owner: t.Any, name: str) -> bool:
        """Return whether policies may read a private name of an object or of a class."""
        if not name.startswith("_"):
            return False
        bases = (owner if isinstance(owner, type) else type(owner)).__mro__
        return any(name in self.private.get(base, ()) for base in bases)

    def keeps(self, cls: type) -> bool:
        """Return whether a cache may hold a class: it is registered, or never collected."""
        if cls in self.types:
            return True
        is_kept = sandbox.is_permanent(cls)
        if is_kept and self.field_types.noticed is not None:
            self.field_types.noticed(cls)
        return is_kept

    def anew(self) -> Host:
        """Return a host with the same names, which knows nothing of the classes yet."""
        rows = self.identities
        return self.replaced(
            field_types=FieldTypes(), identities=None if rows is None else rows.anew()
        )

    def opens_module(self, value: t.Any) -> bool:
        """Return whether a value is a module that was registered as a constant."""
        return isinstance(value, types.ModuleType) and any(
            isinstance(term, Instance) and term.value is value for term in self.constants.values()
        )

    def with_constant(self, value: t.Any, name: str) -> Host:
        """Return a host with one more constant, or with another value of one.

        :raises TypeError: if the name is no str.
        :raises PolarRuntimeError: if the name is reserved, or the sandbox refuses the value.
        """
        name = _checked_name(name, "register_constant")
        if not isinstance(value, types.ModuleType):
            sandbox.check_reachable(value, None)
        constants = {**self.constants, name: to_term(value)}
        return self.replaced(constants=types.MappingProxyType(constants))

    def text_equality(self, cls: type) -> TextEquality | None:
        """Return the equality of a class that compares a text; ``None`` for any other."""
        return None if self.text_equalities is None else self.text_equalities(cls)

    def has_keys(self, cls: type) -> bool:
        """Return whether instances of a class are compared by the keys of their rows."""
        return self.identities is not None and self.identities.has_keys(cls)

    def compare(self, kind: Operator, left: t.Any, right: t.Any, span: Span | None = None) -> bool:
        """Compare two Python values: rows by their keys, others as ``compare_values`` does."""
        if (
            self.identities is not None
            and type(left) is type(right)
            and (kind is Operator.EQ or kind is Operator.NEQ)
            and self.identities.has_keys(type(left))
        ):
            return self.identities.is_same(left, right) is (kind is Operator.EQ)
        return compare_values(kind, left, right, span)

    def leads_to(self, row: t.Any, name: str, other: t.Any) -> bool | None:
        """Return whether a relation of a row leads to another row, where their keys tell that.

        ``None`` where the relation has to be read, and for everything else.
        """
        rows, kind = self.identities, type(row)
        if rows is None:
            return None
        if type(other) is UnreadRelation:
            return self._is_one_row(other, row, name) if self._is_own_relation(kind, name) else None
        test = rows.row_test(kind, name)
        # What is loaded is read.
        if test is None or name in row.__dict__ or not self._is_own_relation(kind, name):
            return None
        return test(row, other) if rows.follows_keys(type(other)) else None

    def unread(self, row: t.Any, name: str) -> UnreadRelation | None:
        """Return what stands for a relation of a row that is not loaded, and may stay so."""
        rows, kind = self.identities, type(row)
        if rows is None or rows.row_test(kind, name) is None or name in row.__dict__:
            return None
        if not self._is_own_relation(kind, name) or rows.related_key(row, name) is None:
            return None
        return UnreadRelation(row, name)

    def load_among(self, row: t.Any, name: str, rows: t.Any, path: tuple[str, ...]) -> None:
        """Load a relation that is going to be read of a row, together with that of others.

        :param rows: a collection; where it is a loaded relation, its elements are the others.
        :param path: the relations that lead from an element to such a row.
        """
        identities = self.identities
        if identities is None or type(rows) not in identities.collections:
            return
        if name not in getattr(row, "__dict__", (name,)) and self._is_own_relation(type(row), name):
            identities.load_among(row, name, rows, path)

    def _is_own_relation(self, cls: type, name: str) -> bool:
        declared = self.fields.get(cls, {}).get(name)
        return sandbox.is_unrestricted(name) and not isinstance(declared, Relation)

    def _is_one_row(self, unread: UnreadRelation, row: t.Any, name: str) -> bool | None:
        """Tell whether two relations lead to one row; ``None`` if they have to be read."""
        rows = t.cast(Identities, self.identities)
        attribute = rows.stored_attribute(type(row), name)
        loaded = row.__dict__.get(name) if attribute is not None else None
        if loaded is not None:
            return self.leads_to(unread.row, unread.name, loaded)
        mine = rows.related_key(row, name)
        # Where the keys differ, both rows may be missing, and then nil equals nil.
        same = mine is not None and mine == rows.related_key(unread.row, unread.name)
        return True if same else None

    @functools.cached_property
    def row_relations(self) -> frozenset[str]:
        """The names of the relations of registered classes for which ``leads_to`` may tell."""
        rows = self.identities
        if rows is None:
            return frozenset()
        known = {*self.classes.values()}
        names = ((cls, name) for cls in known for name in rows.relations_to_one(cls))
        return frozenset(name for cls, name in names if rows.row_test(cls, name) is not None)

    @functools.cached_property
    def types(self) -> Mapping[t.Any, RegisteredType]:
        """The registered classes as adapters see them, by name and by class."""
        types: dict[t.Any, RegisteredType] = {}
        for name, cls in self.classes.items():
            types[name] = types[cls] = RegisteredType(name, cls, self.fields.get(cls, {}))
        return types

    @property
    def get_field(self) -> FieldLookup:
        """What returns the type of a field: ``declared_field``, or what a program assigned.

        An assignment is in force for the policy that the host belongs to, whatever is registered
        later. It is asked where a condition is about a field of an object that is not known yet.
        """
        return self.field_types.assigned or self.declared_field

    @get_field.setter
    def get_field(self, lookup: FieldLookup) -> None:
        # Only mypy comes here: see '_accepts_field_lookup'.
        raise NotImplementedError

    def class_of_field(self, cls: type, name: str) -> type:
        """Return what ``get_field`` returns.

        :raises TypeError: if it is no class.
        """
        found = self.get_field(cls, name)
        if not isinstance(found, type):
            raise TypeError(
                f"'get_field' returned a {type(found).__name__} for {cls.__name__}.{name}."
                " Return a class."
            )
        return found

    def declared_field(self, cls: type, name: str) -> type:
        """Return the declared type of a field; ``list`` for a relation to many.

        :raises PolarRuntimeError: if there is no declaration, or it is not valid.
        """
        if cls not in self.types:
            raise PolarRuntimeError(f"No type information for Python class {cls.__name__}")
        fields = self.fields.get(cls, {})
        if name not in fields:
            raise PolarRuntimeError(f"No field {name} on {cls.__name__}")
        declared = fields[name]
        if isinstance(declared, type):
            return declared
        if not isinstance(declared, Relation):
            raise PolarRuntimeError(f"Field {name} on {cls.__name__} is no class and no Relation")
        if declared.kind not in ("one", "many"):
            raise PolarRuntimeError(f"Invalid kind {declared.kind}")
        return self.get_class(declared.other_type) if declared.kind == "one" else list

    def get_class(self, name: str) -> type:
        """Return a registered class.

        :raises UnregisteredClassError: if there is none of this name.
        """
        try:
            return self.classes[nfc_name(name)]
        except KeyError:
            raise UnregisteredClassError(name) from None

    def class_name(self, value: t.Any) -> str | None:
        """Return the name that the exact class of a value is registered under, or ``None``."""
        return self.name_of(type(value))

    def name_of(self, cls: type) -> str | None:
        """Return the first name that a class is registered under, or ``None``."""
        return next((name for name, known in self.classes.items() if known is cls), None)

    def is_subclass(self, name: str, of: str) -> bool:
        """Return whether one registered class is another or derives from it."""
        return self.classes[of] in self.classes[name].__mro__


def _checked_fields(fields: t.Any) -> dict[str, t.Any]:
    if fields is None:
        return {}
    if not isinstance(fields, Mapping):
        raise TypeError(
            "'fields' takes a dictionary of the types of fields, such as '{\"name\": str}', and not"
            f" {type(fields).__name__!r}."
        )
    wrong = [each for each in fields if not isinstance(each, str)]
    if wrong:
        raise TypeError(f"'fields' has the names of fields as its keys, and not {wrong[0]!r}.")
    return dict(fields)


def _checked_private(names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        raise TypeError(f"'private' takes a list of names. Write 'private=[{names!r}]'.")
    names = frozenset(names)
    for name in sorted(names, key=str):
        if not isinstance(name, str) or not sandbox.is_openable(name):
            raise TypeError(
                f"'private' takes names that begin with one underscore, not {name!r}. Other names"
                " are open anyway, and those with two underscores are Python's own."
            )
    return names


def _checked_name(name: str, method: str) -> str:
    """Give the name that a class or a constant gets; refuse those of actors and resources."""
    if not isinstance(name, str):
        order = ", behind the value" if method == "register_constant" else ""
        raise TypeError(f"'{method}' takes the name as a str{order}, not {type(name).__name__}.")
    name = nfc_name(name)
    if name in RESERVED_NAMES:
        raise PolarRuntimeError(
            f"Invalid attempt to register '{name}': '{name}' is a built-in specializer."
        )
    return name


def make_host() -> Host:
    """Make the host that every policy starts with: the built-in classes and ``nil``."""
    constants: dict[str, Term] = {name: Instance(cls) for name, cls in _BUILT_IN_CLASSES.items()}
    constants["nil"] = Instance(None)
    return Host(
        classes=types.MappingProxyType(dict(_BUILT_IN_CLASSES)),
        constants=types.MappingProxyType(constants),
        fields=types.MappingProxyType({}),
    )
