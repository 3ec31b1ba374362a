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
from collections.abc import Callable, Iterator, Mapping

from . import terms
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
)
from .numbers import INTEGER_MAX, INTEGER_MIN
from .relations import DataAdapter, RegisteredType, Relation

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


def to_polar(value: t.Any) -> Term:
    """Make a term of a Python value.

    :raises OperationalError: for what Polar has no value for: an integer beyond 64
        bits, a string with lone surrogates.
    :raises TypeError: for a dictionary key that is no string, number, Boolean or ``None``.
    """
    kind = type(value)
    if kind is list or kind is dict:
        return _tree_to_polar(value)
    return _leaf_to_polar(value)


def unrepresentable(value: t.Any) -> str | None:
    """Say why a Python value cannot be a Polar value; ``None`` if it can."""
    if type(value) not in (int, str, list, dict):
        return None
    try:
        to_polar(value)
    except (OperationalError, TypeError) as error:
        return str(error)
    return None


def result_to_polar(value: t.Any) -> Term:
    """Make a term of what a method or an attribute of the host gave.

    Unlike an argument, a number or string without a Polar value is not refused: it
    stays a Python object, compared as Python compares it. A client whose JSON holds
    such a number is then denied or allowed like any other, and causes no error.
    """
    if type(value) not in (int, str, list, dict):
        return to_polar(value)
    try:
        return to_polar(value)
    except (OperationalError, TypeError):
        return Instance(value)


def _leaf_to_polar(value: t.Any) -> Term:
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
    convert = _SPECIAL.get(kind)
    if convert is not None:
        return convert(value)
    return Instance(value)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise OperationalError(
            "Serialization error: the string contains a surrogate, which is no character."
        ) from None


def _tree_to_polar(value: t.Any) -> Term:
    # An explicit stack: data from JSON may be nested deeper than Python recurses. What is
    # shared becomes one term, so it is not copied as often as it can be reached, and what
    # contains itself gets a variable there that is bound to the whole.
    made: dict[int, Term | Unknown] = {}
    stack: list[tuple[t.Any, Iterator[t.Any], list[Term]]] = []

    def enter(container: t.Any) -> None:
        children = container if type(container) is list else container.values()
        made[id(container)] = Unknown("_self")
        stack.append((container, iter(list(children)), []))

    enter(value)
    while True:
        container, children, done = stack[-1]
        for child in children:
            if type(child) is not list and type(child) is not dict:
                done.append(_leaf_to_polar(child))
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


def _close(container: t.Any, done: list[t.Any]) -> Term:
    # The only variables that are no terms of the host's are those for what contains itself.
    ground = all(is_ground(child) or isinstance(child, Unknown) for child in done)
    if type(container) is list:
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


def _expression_to_polar(value: terms.Expression) -> Term:
    return Expression(Operator(value.operator), tuple(map(to_polar, value.args)))


def _pattern_to_polar(value: terms.Pattern) -> Term:
    fields = sorted((key, to_polar(item)) for key, item in value.fields.items())
    return Pattern(value.tag, tuple(fields))


def _call_to_polar(value: terms.Predicate) -> Term:
    if type(value.name) is not str:
        raise OperationalError("Serialization error: a predicate's name must be a string.")
    return Call(value.name, tuple(map(to_polar, value.args)))


_SPECIAL: dict[type, Callable[[t.Any], Term]] = {
    terms.Variable: lambda value: Variable(str.__str__(value)),
    terms.Predicate: _call_to_polar,
    terms.Expression: _expression_to_polar,
    terms.TypeConstraint: _expression_to_polar,
    terms.Pattern: _pattern_to_polar,
}


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
    result: list[t.Any] = []
    # Data of the host may share parts, and contain itself: each part is made once.
    made: dict[int, t.Any] = {}
    # Each entry: a term, the function that puts its value where it belongs, and the
    # variables on the way to it, since a term may contain itself.
    stack: list[tuple[t.Any, Callable[[t.Any], t.Any], _Path]] = [(root, result.append, ())]
    while stack:
        written, put, path = stack.pop()
        term = follow(written)
        if id(term) in made:
            put(made[id(term)])
            continue
        if type(written) is Unknown and type(term) in (List, Dictionary):
            if any(variable is written for variable in path):
                put(terms.Variable(name_variable(written)))
                continue
            path = (*path, written)
        if isinstance(term, List):
            elements, rest = list_elements(term)
            if rest is not None:
                raise UnexpectedPolarTypeError("RestVariable")
            items: list[t.Any] = [None] * len(elements)
            put(items)
            if term.ground:
                made[id(term)] = items
            stack.extend((item, _setter(items, i), path) for i, item in enumerate(elements))
        elif isinstance(term, Dictionary):
            fields: dict[str, t.Any] = {}
            put(fields)
            if term.ground:
                made[id(term)] = fields
            for key, item in term.fields:
                fields[key] = None
                stack.append((item, _setter(fields, key), path))
        else:
            put(_leaf_to_python(term, name_variable))
    return result[0]


_Path = tuple[Unknown, ...]


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


def _setter(container: t.Any, key: t.Any) -> Callable[[t.Any], None]:
    def put(value: t.Any) -> None:
        container[key] = value

    return put


def _leaf_to_python(term: t.Any, name_variable: NameVariable) -> t.Any:
    def convert(part: t.Any) -> t.Any:
        return to_python(follow(part), name_variable)

    if isinstance(term, (Value, Instance)):
        return term.value
    if isinstance(term, Call):
        return terms.Predicate(term.name, [convert(arg) for arg in term.args])
    if isinstance(term, Expression):
        return terms.Expression(term.operator.value, [convert(arg) for arg in term.args])
    if isinstance(term, Pattern):
        return terms.Pattern(term.tag, {key: convert(part) for key, part in term.fields})
    return terms.Variable(name_variable(term))


# -- registration --------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Host:
    """The names a policy may use.

    ``constants`` maps every registered name, classes included, to its term; ``classes``
    maps the names of classes; ``fields`` maps a class to its declared fields. ``adapter``
    reads those of them that are relations.
    """

    classes: Mapping[str, type]
    constants: Mapping[str, Term]
    fields: Mapping[type, Mapping[str, t.Any]]
    adapter: DataAdapter | None = None

    def with_class(self, cls: type, name: str | None, fields: Mapping[str, t.Any] | None) -> Host:
        """Give a host that knows one class more.

        :raises TypeError: if it is not a class.
        :raises DuplicateClassAliasError: if the name is a class's already.
        :raises PolarRuntimeError: if the name is reserved.
        """
        if not isinstance(cls, type):
            raise TypeError(
                f"'register_class' takes a class, not {type(cls).__name__}. "
                "Use 'register_constant' for other values."
            )
        name = cls.__name__ if name is None else name
        check_not_reserved(name)
        if name in self.classes:
            raise DuplicateClassAliasError(name, self.classes[name], cls)
        return dataclasses.replace(
            self,
            classes=types.MappingProxyType({**self.classes, name: cls}),
            constants=types.MappingProxyType({**self.constants, name: Instance(cls)}),
            fields=types.MappingProxyType({**self.fields, cls: dict(fields or {})}),
        )

    def with_constant(self, value: t.Any, name: str) -> Host:
        """Give a host that knows one constant more, or another value for one.

        :raises PolarRuntimeError: if the name is reserved.
        """
        check_not_reserved(name)
        constants = {**self.constants, name: to_polar(value)}
        return dataclasses.replace(self, constants=types.MappingProxyType(constants))

    def with_adapter(self, adapter: DataAdapter | None) -> Host:
        """Give a host that reads relations through an adapter."""
        return dataclasses.replace(self, adapter=adapter)

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
            return self.classes[name]
        except KeyError:
            raise UnregisteredClassError(name) from None

    def class_name(self, value: t.Any) -> str | None:
        """Give the name that the exact class of a value is registered under, or ``None``."""
        kind = type(value)
        return next((name for name, cls in self.classes.items() if cls is kind), None)

    def is_subclass(self, name: str, of: str) -> bool:
        """Tell whether one registered class is another or derives from it."""
        return self.classes[of] in self.classes[name].__mro__


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

    :raises PolarRuntimeError: where Python raises ``TypeError``.
    """
    try:
        return bool(_COMPARISONS[kind](left, right))
    except TypeError as error:
        raise PolarRuntimeError(
            f"External operation '{type(left)} {kind.value} {type(right)}' failed."
        ) from error
