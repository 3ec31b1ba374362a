"""The Python side of a policy: registered classes, constants, and work on Python values.

Terms become Python values and Python values terms here, by exact type and nothing
else (specification 5.1): a subclass of ``str`` or a tuple stays the object it is. A
``Host`` is immutable; registering makes another one, so a query that runs keeps the
names it began with.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import operator
import types
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from . import attributes, terms
from .awaitables import refuse_awaitable
from .characters import normalized
from .exceptions import (
    DuplicateClassAliasError,
    OperationalError,
    PolarRuntimeError,
    StackOverflowError,
    UnexpectedPolarTypeError,
    UnregisteredClassError,
)
from .nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Pattern,
    Term,
    Unknown,
    Value,
    Variable,
    is_ground,
    parts,
)
from .numbers import INTEGER_MAX, INTEGER_MIN
from .relations import DataAdapter, RegisteredType, Relation
from .sources import Span
from .traversal import fold

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
_COMPARISONS: dict[Operator, Callable[[t.Any, t.Any], t.Any]] = {
    Operator.EQ: operator.eq,
    Operator.NEQ: operator.ne,
    Operator.LT: operator.lt,
    Operator.LEQ: operator.le,
    Operator.GT: operator.gt,
    Operator.GEQ: operator.ge,
}
_JSON_KEYS: dict[t.Any, str] = {True: "true", False: "false", None: "null"}


# -- Python values to terms ----------------------------------------------------------


def to_polar(value: t.Any, span: Span | None = None) -> Term:
    """Make a term of a Python value.

    :param span: the place in the policy where it came in, if there is one.
    :raises PolarRuntimeError: if it is, or has in it, a session, a connection or an engine.
    :raises OperationalError: for what Polar has no value for: an integer beyond 64
        bits, a string with lone surrogates.
    :raises TypeError: for a dictionary key that is no string, number, Boolean or ``None``.
    """
    if type(value) in _CONTAINERS:
        return _tree_to_polar(value, span)
    return _leaf_to_polar(value, span)


def is_representable(value: t.Any) -> bool:
    """Tell whether a Python value can be a Polar value."""
    kind = type(value)
    if kind is str and value.isascii():
        return True
    if kind not in (int, str, list, dict):
        return True
    try:
        to_polar(value)
    except (OperationalError, TypeError):
        return False
    return True


def result_to_polar(value: t.Any, span: Span | None = None) -> Term:
    """Make a term of what a method or an attribute of the host gave.

    Unlike an argument, a number or string without a Polar value is not refused: it
    stays a Python object, compared as Python compares it. A client whose JSON holds
    such a number is then denied or allowed like any other, and causes no error.
    """
    if type(value) not in (int, str, list, dict):
        return to_polar(value, span)
    try:
        return to_polar(value, span)
    except (OperationalError, TypeError):
        return Instance(value)


def _leaf_to_polar(value: t.Any, span: Span | None, *, is_checked: bool = False) -> Term:
    kind = type(value)
    if kind is str:
        if not value.isascii():
            _check_text(value)
        return Value(value)
    if kind is int:
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise OperationalError(
                "Serialization error: number out of range, integers have 64 bits."
            )
        return Value(value)
    if kind is bool or kind is float:
        return Value(value)
    if kind is terms.Variable:
        return Variable(str.__str__(value))
    if kind is types.CoroutineType:
        refuse_awaitable(value, "value")
    if value is not None and not is_checked:
        attributes.check_no_database(kind, span)
    return Instance(value)


def _check_element(value: t.Any, known: set[type], span: Span | None) -> None:
    """Refuse a part of a list or a dictionary that leads to the process or the database.

    :param known: the classes whose objects do not; another one is added.
    """
    # A module is refused where it is taken out: a search may end in front of it.
    if isinstance(value, types.ModuleType):
        return
    attributes.check_reachable(value, span)
    if attributes.is_candid(type(value)):
        known.add(type(value))


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise OperationalError(
            "Serialization error: the string contains a surrogate, which is no character."
        ) from None


def _tree_to_polar(value: t.Any, span: Span | None) -> Term:
    # An explicit stack: data from JSON may be nested deeper than Python recurses. What is
    # shared becomes one term, so it is not copied as often as it can be reached, and what
    # contains itself gets a variable there that is bound to the whole.
    made: dict[int, Term | Unknown] = {}
    # The containers are kept, so that no other object gets their ids meanwhile.
    kept: list[t.Any] = []
    known: set[type] = {*_SCALARS}
    stack: list[tuple[t.Any, Iterator[t.Any], list[Term]]] = []

    def enter(container: t.Any) -> None:
        made[id(container)] = Unknown("_self")
        kept.append(container)
        stack.append((container, iter(_children(container)), []))

    enter(value)
    while True:
        container, children, done = stack[-1]
        for child in children:
            if type(child) not in _CONTAINERS:
                if type(child) not in known:
                    _check_element(child, known, span)
                done.append(_leaf_to_polar(child, span, is_checked=True))
            elif id(child) in made:
                done.append(t.cast(Term, made[id(child)]))
            else:
                enter(child)
                break
        else:
            stack.pop()
            term = _close(container, done)
            t.cast(Unknown, made[id(container)]).value = term
            made[id(container)] = term
            if not stack:
                return term
            stack[-1][2].append(term)


_SCALARS: frozenset[type] = frozenset({bool, int, float, str, type(None)})
_CONTAINERS = frozenset(
    {list, dict, terms.Predicate, terms.Expression, terms.TypeConstraint, terms.Pattern}
)


def _children(container: t.Any) -> list[t.Any]:
    kind = type(container)
    if kind is list:
        return [*container]
    if kind is dict:
        return list(container.values())
    return list(container.fields.values() if kind is terms.Pattern else container.args)


def _close(container: t.Any, done: list[t.Any]) -> Term:
    kind = type(container)
    if kind is not list and kind is not dict:
        return _close_special(container, tuple(done))
    # The only variables that are no terms of the host's are those for what contains itself.
    ground = all(is_ground(child) or isinstance(child, Unknown) for child in done)
    if kind is list:
        return List(tuple(done), ground=ground)
    pairs = {_key(key): item for key, item in zip(container, done, strict=True)}
    return Dictionary(tuple(sorted(pairs.items())), ground=ground)


def _key(key: t.Any) -> str:
    if type(key) is str:
        if not key.isascii():
            _check_text(key)
        return key
    if key is None or isinstance(key, bool):
        return _JSON_KEYS[key]
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, (int, float)):
        return repr(key)
    raise TypeError(
        f"Dictionary keys must be str, int, float, bool or None, not {type(key).__name__}."
    )


_Special = terms.Predicate | terms.Expression | terms.Pattern


def _close_special(value: _Special, done: tuple[Term, ...]) -> Term:
    if isinstance(value, terms.Expression):
        return Expression(Operator(value.operator), done)
    if isinstance(value, terms.Pattern):
        return Pattern(value.tag, tuple(sorted(zip(value.fields, done, strict=True))))
    if type(value.name) is not str:
        raise OperationalError("Serialization error: a predicate's name must be a string.")
    return Call(normalized(value.name), done)


# -- terms to Python values ----------------------------------------------------------

NameVariable = Callable[[t.Any], str]


def to_python(term: Term | Unknown, name_variable: NameVariable) -> t.Any:
    """Make a Python value of a term; lists and dictionaries are new ones.

    :param name_variable: gives the name under which an unbound variable is handed out.
    """
    if type(term) is Value:
        return term.value
    if type(term) is Instance:
        return term.value
    return _tree_to_python(term, name_variable)


def follow(term: t.Any) -> t.Any:
    """Follow the bindings of a variable to what it stands for now."""
    while type(term) is Unknown:
        value = term.value
        if value is None:
            return term
        term = value
    return term


def _tree_to_python(root: t.Any, name_variable: NameVariable) -> t.Any:
    return _Conversion(name_variable).convert(root)


def list_elements(term: List) -> tuple[list[t.Any], t.Any]:
    """Give the elements of a list through bound rests, and the rest that is not bound.

    :raises StackOverflowError: if the list is its own rest.
    """
    elements: list[t.Any] = list(term.items)
    rest = follow(term.rest) if term.rest is not None else None
    seen = {id(term)}
    while type(rest) is List:
        if id(rest) in seen:
            raise StackOverflowError("A list has no end: it is its own rest.")
        seen.add(id(rest))
        elements.extend(rest.items)
        rest = follow(rest.rest) if rest.rest is not None else None
    return elements, rest


class _Conversion:
    """Makes a Python value of one term."""

    def __init__(self, name_variable: NameVariable) -> None:
        self._name_variable = name_variable
        # Terms share parts, and data of the host may contain itself: each is made once.
        self._made: dict[int, t.Any] = {}
        # The variables on the way to the term at hand: another term may contain itself too.
        self._way: list[t.Any] = []
        self._open: set[int] = set()

    def convert(self, root: t.Any) -> t.Any:
        return fold(root, self._look, self._make)

    def _look(self, written: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
        term = follow(written)
        kind = type(term)
        if kind is Value or kind is Instance:
            return term.value, ()
        if kind is Unknown or kind is Variable:
            return terms.Variable(self._name_variable(term)), ()
        if id(term) in self._made:
            return self._made[id(term)], ()
        if id(written) in self._open:
            return terms.Variable(self._name_variable(written)), ()
        if is_ground(term):
            self._made[id(term)] = [] if kind is List else {}
        inside = _parts_for_python(term)
        self._way.append(written)
        if type(written) is Unknown:
            self._open.add(id(written))
        return (term, inside) if inside else (self._make(term, []), ())

    def _make(self, term: t.Any, values: list[t.Any]) -> t.Any:
        self._open.discard(id(self._way.pop()))
        value = _compound_to_python(term, values)
        if not is_ground(term):
            self._made[id(term)] = value
            return value
        made = self._made[id(term)]
        if type(term) is List:
            made.extend(value)
        else:
            made.update(value)
        return made


def _parts_for_python(term: Term) -> Sequence[t.Any]:
    if not isinstance(term, List):
        return parts(term)
    elements, rest = list_elements(term)
    if rest is not None:
        raise UnexpectedPolarTypeError("RestVariable")
    return elements


def _compound_to_python(term: Term, values: list[t.Any]) -> t.Any:
    if isinstance(term, List):
        return values
    if isinstance(term, Dictionary):
        return {key: value for (key, _), value in zip(term.fields, values, strict=True)}
    if isinstance(term, Call):
        return terms.Predicate(term.name, values[: len(term.args)])
    if isinstance(term, Expression):
        return terms.Expression(term.operator.value, values)
    if isinstance(term, Pattern):
        fields = {key: value for (key, _), value in zip(term.fields, values, strict=True)}
        return terms.Pattern(term.tag, fields)
    raise AssertionError(f"A {type(term).__name__} has no Python value.")


# -- registration --------------------------------------------------------------------


class Identities(t.Protocol):
    """What is known of objects that stand for rows: two of them may stand for one."""

    def has_keys(self, cls: type) -> bool:
        """Tell whether instances of a class are rows, and say nothing themselves of equality."""

    def is_same(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether two instances of one such class are one row, or the same object."""


@dataclasses.dataclass(frozen=True)
class Host:
    """The names a policy may use.

    ``constants`` maps every registered name, classes included, to its term; ``classes``
    maps the names of classes; ``fields`` maps a class to its declared fields. ``adapter``
    reads those of them that are relations. ``identities`` knows which objects are one row.
    ``private`` has the names that begin with an underscore and are open to policies all the
    same, by class.
    """

    classes: Mapping[str, type]
    constants: Mapping[str, Term]
    fields: Mapping[type, Mapping[str, t.Any]]
    adapter: DataAdapter | None = None
    identities: Identities | None = None
    private: Mapping[type, frozenset[str]] = types.MappingProxyType({})

    def with_class(
        self,
        cls: type,
        name: str | None,
        fields: Mapping[str, t.Any] | None,
        private: Iterable[str] = (),
    ) -> Host:
        """Give a host that knows one class more.

        :raises TypeError: if it is not a class, or ``private`` has what cannot be opened.
        :raises DuplicateClassAliasError: if the name is a class's already.
        :raises PolarRuntimeError: if the name is reserved.
        """
        if not isinstance(cls, type):
            raise TypeError(
                f"'register_class' takes a class, not {type(cls).__name__}. "
                "Use 'register_constant' for other values."
            )
        name = normalized(cls.__name__ if name is None else name)
        check_not_reserved(name)
        if name in self.classes:
            raise DuplicateClassAliasError(name, self.classes[name], cls)
        opened = self.private.get(cls, frozenset()) | _checked_private(private)
        return dataclasses.replace(
            self,
            classes=types.MappingProxyType({**self.classes, name: cls}),
            constants=types.MappingProxyType({**self.constants, name: Instance(cls)}),
            fields=types.MappingProxyType({**self.fields, cls: dict(fields or {})}),
            private=types.MappingProxyType({**self.private, cls: opened}),
        )

    def opens(self, owner: t.Any, name: str) -> bool:
        """Tell whether a private name of an object, or of a class, is open to policies."""
        if not name.startswith("_"):
            return False
        bases = (owner if isinstance(owner, type) else type(owner)).__mro__
        return any(name in self.private.get(base, ()) for base in bases)

    def keeps(self, cls: type) -> bool:
        """Tell whether a class may be remembered: it is registered, or lives on anyway."""
        return cls in self.types or attributes.is_lasting(cls)

    def opens_module(self, value: t.Any) -> bool:
        """Tell whether a value is a module that was registered as a constant."""
        return isinstance(value, types.ModuleType) and any(
            isinstance(term, Instance) and term.value is value for term in self.constants.values()
        )

    def with_constant(self, value: t.Any, name: str) -> Host:
        """Give a host that knows one constant more, or another value for one.

        :raises PolarRuntimeError: if the name is reserved, or the value is not for policies.
        """
        name = normalized(name)
        check_not_reserved(name)
        if not isinstance(value, types.ModuleType):
            attributes.check_reachable(value, None)
        constants = {**self.constants, name: to_polar(value)}
        return dataclasses.replace(self, constants=types.MappingProxyType(constants))

    def with_adapter(self, adapter: DataAdapter | None) -> Host:
        """Give a host that reads relations through an adapter."""
        return dataclasses.replace(self, adapter=adapter)

    def with_identities(self, identities: Identities) -> Host:
        """Give a host that knows which objects are one row."""
        return dataclasses.replace(self, identities=identities)

    def has_keys(self, cls: type) -> bool:
        """Tell whether instances of a class are compared by the keys of their rows."""
        return self.identities is not None and self.identities.has_keys(cls)

    def compare(self, kind: Operator, left: t.Any, right: t.Any) -> bool:
        """Compare two Python values: rows by their keys, others as ``compare`` does."""
        if (
            self.identities is not None
            and type(left) is type(right)
            and (kind is Operator.EQ or kind is Operator.NEQ)
            and self.identities.has_keys(type(left))
        ):
            return self.identities.is_same(left, right) is (kind is Operator.EQ)
        return compare(kind, left, right)

    @functools.cached_property
    def types(self) -> Mapping[t.Any, RegisteredType]:
        """What adapters and other libraries know of the classes, by name and by class."""
        types: dict[t.Any, RegisteredType] = {}
        for name, cls in self.classes.items():
            types[name] = types[cls] = RegisteredType(name, cls, self.fields.get(cls, {}))
        return types

    def get_field(self, cls: type, name: str) -> type:
        """Give the declared type of a field; ``list`` for a relation to many.

        :raises PolarRuntimeError: if nothing is declared, or not what it should be.
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
        """Give a registered class.

        :raises UnregisteredClassError: if there is none of this name.
        """
        try:
            return self.classes[normalized(name)]
        except KeyError:
            raise UnregisteredClassError(name) from None

    def class_name(self, value: t.Any) -> str | None:
        """Give the name that the exact class of a value is registered under, or ``None``."""
        kind = type(value)
        return next((name for name, cls in self.classes.items() if cls is kind), None)

    def is_subclass(self, name: str, of: str) -> bool:
        """Tell whether one registered class is another or derives from it."""
        return self.classes[of] in self.classes[name].__mro__


def _checked_private(names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        raise TypeError(f"'private' takes a list of names. Write 'private=[{names!r}]'.")
    names = frozenset(names)
    for name in sorted(names, key=str):
        if not isinstance(name, str) or not attributes.is_openable(name):
            raise TypeError(
                f"'private' takes names that begin with one underscore, not {name!r}. Other names"
                " are open anyway, and those with two underscores are Python's own."
            )
    return names


def check_not_reserved(name: str) -> None:
    """Refuse the names of the unions of actors and resources."""
    if name in RESERVED_NAMES:
        raise PolarRuntimeError(
            f"Invalid attempt to register '{name}': '{name}' is a built-in specializer."
        )


def make_host() -> Host:
    """Make the host every policy starts with: the built-in classes, and ``nil``."""
    constants: dict[str, Term] = {name: Instance(cls) for name, cls in _BUILT_IN_CLASSES.items()}
    constants["nil"] = Instance(None)
    return Host(
        classes=types.MappingProxyType(dict(_BUILT_IN_CLASSES)),
        constants=types.MappingProxyType(constants),
        fields=types.MappingProxyType({}),
    )


# -- work on Python values -----------------------------------------------------------


def compare(kind: Operator, left: t.Any, right: t.Any) -> bool:
    """Compare two Python values with a Python operator; its truth value decides.

    Lists and dictionaries are compared here, for Python's own comparison recurses: it may
    end the process where they are deep. As in Polar, neither of two is less.

    :raises PolarRuntimeError: where Python raises ``TypeError``.
    """
    try:
        if type(left) is type(right) in (list, dict):
            return _compare_data(kind, left, right)
        return bool(_COMPARISONS[kind](left, right))
    except TypeError as error:
        raise PolarRuntimeError(
            f"External operation '{type(left)} {kind.value} {type(right)}' failed."
        ) from error


def _compare_data(kind: Operator, left: t.Any, right: t.Any) -> bool:
    if kind not in (Operator.EQ, Operator.NEQ):
        raise TypeError("Lists and dictionaries have no order.")
    return _is_same_data(left, right) is (kind is Operator.EQ)


def _is_same_data(left: t.Any, right: t.Any) -> bool:
    pairs = [(left, right)]
    seen: set[tuple[int, int]] = set()
    while pairs:
        left, right = pairs.pop()
        if left is right or (id(left), id(right)) in seen:
            continue
        kind = type(left)
        if kind is not type(right) or kind not in (list, dict):
            if not left == right:  # noqa: SIM201 - an object may answer the two differently
                return False
            continue
        if len(left) != len(right) or (kind is dict and left.keys() != right.keys()):
            return False
        seen.add((id(left), id(right)))
        keys = [*left] if kind is dict else range(len(left))
        # The first elements end on top and are compared first.
        pairs.extend((left[key], right[key]) for key in reversed(keys))
    return True
