"""Conversion between Python values and terms.

Python values become terms and terms become Python values by exact type and nothing else: a
subclass of ``str`` or a tuple stays the object it is. Nothing here recurses, so data may be
nested deeper than Python's stack allows.
"""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable, Collection, Iterator, Sequence

from ..characters import nfc_name
from ..exceptions import OperationalError, StackOverflowError, UnexpectedPolarTypeError
from ..nodes import (
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
from ..sources import Span
from ..traversal import fold
from . import sandbox, terms
from .awaitables import refuse_awaitable
from .numbers import INTEGER_MAX, INTEGER_MIN

_DATA = frozenset({list, dict})
_STRINGS, _INTEGERS = frozenset({str}), frozenset({int})
_TEXT = (_STRINGS,)
#: Classes of which all values of a container often are.
_ALIKE = (_STRINGS, _INTEGERS, frozenset({float}), frozenset({bool}))
#: Up to so many values are looked at one by one.
_FEW = 4
#: Containers of up to so many values are looked at in one pass.
_SMALL = 16
#: The deepest nesting of data that is not converted to terms.
_DEEP = 20
_PLAIN_KEYS = (bool, int, float, type(None))
_JSON_KEYS: dict[t.Any, str] = {True: "true", False: "false", None: "null"}


# -- Python values to terms ----------------------------------------------------------


def to_term(value: t.Any, span: Span | None = None) -> Term:
    """Convert a Python value to a term.

    :param span: the place in the policy that the value comes from, if there is one.
    :raises PolarRuntimeError: if the value is or contains a session, a connection or an engine.
    :raises OperationalError: for a value that Polar does not have: an integer beyond 64 bits, a
        string with lone surrogates.
    :raises TypeError: for a dictionary key that is no string, number, Boolean or ``None``.
    """
    if type(value) in _CONTAINERS:
        return _tree_to_term(value, span)
    return _leaf_to_term(value, span)


def is_representable(value: t.Any) -> bool:
    """Return whether a Python value can be a Polar value."""
    kind = type(value)
    if kind is str and value.isascii():
        return True
    if kind not in (int, str, list, dict):
        return True
    try:
        to_term(value)
    except (OperationalError, TypeError):
        return False
    return True


def is_data(
    value: t.Any, objects: Collection[type], depth: int = 0, *, any_keys: bool = False
) -> bool:
    """Return whether a list or a dictionary becomes a list or a dictionary of Polar as it is.

    Its keys are strings, and what it contains are values of Polar, objects of known classes, and
    again such lists and dictionaries, each of them once.

    :param objects: classes whose values need no sandbox check.
    :param any_keys: whether keys may also be numbers, Booleans and ``None``, which become strings.
    """
    if is_small_data(value, objects):
        return True
    # A copy: another thread may change what is looked through.
    items = value.copy()
    if type(value) is dict:
        for key in () if len(items) > _FEW and _are_plain(items, _TEXT) else items:
            if type(key) is not str or not key.isascii():
                if any_keys and type(key) in _PLAIN_KEYS:
                    continue
                return False
        items = items.values()
    inner: list[t.Any] | None = None
    for item in () if len(items) > _FEW and _are_plain(items) else items:
        kind = type(item)
        if kind is str:
            if not item.isascii() and not is_representable(item):
                return False
        elif kind is int:
            if not INTEGER_MIN <= item <= INTEGER_MAX:
                return False
        elif kind is list or kind is dict:
            inner = inner or []
            inner.append(item)
        elif kind is not bool and kind is not float and kind not in objects:
            return False
    if inner is None:
        return True
    # What is there twice stays one object, which a copy would not show.
    is_tree = depth < _DEEP and (len(inner) == 1 or len({*map(id, inner)}) == len(inner))
    if not is_tree:
        return False
    for each in inner:  # noqa: SIM110 - without a generator it takes half of the time
        if not is_data(each, objects, depth + 1, any_keys=any_keys):
            return False
    return True


def is_small_data(value: t.Any, objects: Collection[type], depth: int = 0) -> bool:
    """Tell in one pass that a list or a dictionary has few plain values and one container at most.

    Where it does not, ``is_data`` has to be asked.
    """
    if len(value) > _SMALL:
        return False
    inner = None
    try:
        if type(value) is dict:
            for key in value:
                if type(key) is not str or not key.isascii():
                    return False
            value = value.values()
        for item in value:
            kind = type(item)
            if kind is str:
                if not item.isascii():
                    return False
            elif kind is int:
                if not INTEGER_MIN <= item <= INTEGER_MAX:
                    return False
            elif kind is list or kind is dict:
                if inner is not None:
                    return False
                inner = item
            elif kind is not bool and kind is not float and kind not in objects:
                return False
    except RuntimeError:
        # Another thread changes it.
        return False
    return inner is None or (depth < _FEW and is_small_data(inner, objects, depth + 1))


def _are_plain(values: Collection[t.Any], kinds: Collection[frozenset[type]] = _ALIKE) -> bool:
    """Return whether all values are strings of ASCII, or all small numbers, told at once for many.

    :param kinds: what they may be.
    """
    kind = {*map(type, values)}
    if kind not in kinds:
        return False
    if kind == _STRINGS:
        return "".join(values).isascii()
    return kind != _INTEGERS or (min(values) >= INTEGER_MIN and max(values) <= INTEGER_MAX)


def copied_data(value: t.Any) -> t.Any:
    """Return a copy of what ``is_data`` accepts, as the solver makes it: keys are sorted."""
    if type(value) is list:
        return [copied_data(item) if type(item) in _DATA else item for item in value]
    if type(value) is not dict:
        return value
    # Another thread may change it.
    value = value.copy()
    if not _STRINGS.issuperset(map(type, value)):
        value = {_key(key): item for key, item in value.items()}
    keys = sorted(value)
    if _DATA.isdisjoint(map(type, value.values())):
        return value if keys == [*value] else {key: value[key] for key in keys}
    return {
        key: copied_data(item) if type(item) in _DATA else item
        for key, item in ((key, value[key]) for key in keys)
    }


def result_to_term(value: t.Any, span: Span | None = None) -> Term:
    """Convert the value of an attribute or the result of a method to a term.

    Unlike in an argument, a number or a string that Polar does not have is not refused: it stays
    a Python object and is compared as Python compares it. A client whose JSON has such a number
    is denied or allowed like any other client, and causes no error.
    """
    if type(value) not in (int, str, list, dict):
        return to_term(value, span)
    try:
        return to_term(value, span)
    except (OperationalError, TypeError):
        return Instance(value)


def _leaf_to_term(value: t.Any, span: Span | None, *, is_checked: bool = False) -> Term:
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
        sandbox.check_no_database(kind, span)
    return Instance(value)


def _check_element(value: t.Any, known: set[type], span: Span | None) -> None:
    """Refuse an element of a list or a dictionary that the sandbox does not let through.

    :param known: the classes that passed the sandbox check; the class of the element is added.
    """
    # A module is refused when it is read: a search may end before it.
    if isinstance(value, types.ModuleType):
        return
    sandbox.check_reachable(value, span)
    if sandbox.passes_sandbox(type(value)):
        known.add(type(value))


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise OperationalError(
            "Serialization error: the string contains a surrogate, which is no character."
        ) from None


def _tree_to_term(value: t.Any, span: Span | None) -> Term:
    # An explicit stack: data from JSON may be nested deeper than Python recurses. A container
    # that is shared becomes one term, not one for each path to it. Where a container contains
    # itself, a variable stands that is bound to the whole term.
    made: dict[int, Term | Unknown] = {}
    # INVARIANT: the containers are kept alive, so that no other object gets their ids.
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
                done.append(_leaf_to_term(child, span, is_checked=True))
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
    # An unknown here stands for a container that contains itself: it is bound, and not free.
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
    return Call(nfc_name(value.name), done)


# -- terms to Python values ----------------------------------------------------------

NameVariable = Callable[[t.Any], str]


def to_python(term: Term | Unknown, name_variable: NameVariable) -> t.Any:
    """Convert a term to a Python value; lists and dictionaries are new objects.

    :param name_variable: returns the name that an unbound variable has in the result.
    """
    if type(term) is Value:
        return term.value
    if type(term) is Instance:
        return term.value
    return _TermConverter(name_variable).convert(term)


def follow(term: t.Any) -> t.Any:
    """Dereference a variable: follow its bindings to a value or to an unbound variable."""
    while type(term) is Unknown:
        value = term.value
        if value is None:
            return term
        term = value
    return term


def list_elements(term: List) -> tuple[list[t.Any], t.Any]:
    """Return the elements of a list, also of rests that are bound, and the unbound rest.

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


class _TermConverter:
    """Converts one term to a Python value."""

    def __init__(self, name_variable: NameVariable) -> None:
        self._name_variable = name_variable
        # Terms share parts, and data of the host may contain itself: each is converted once.
        self._made: dict[int, t.Any] = {}
        # The variables on the path to the current term: other terms may contain themselves too.
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
