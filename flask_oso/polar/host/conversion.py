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
from ..exceptions import (
    OperationalError,
    PolarRuntimeError,
    PolarTypeError,
    StackOverflowError,
    UnexpectedPolarTypeError,
    error_at,
)
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
from .dictionaries import MISSING, call_reading, check_text, find_entry, sorted_entries, with_texts
from .numbers import INTEGER_MAX, INTEGER_MIN
from .value_classes import EQUATED

_DATA = frozenset({list, dict})
_SCALARS: frozenset[type] = frozenset({bool, int, float, str, type(None)})
#: Classes of values that need no copy.
_FLAT = _SCALARS | EQUATED
_REPRESENTED = frozenset({int, str, list, dict})
#: The bits of the integers of Polar, without their signs: the least of them has one more.
_BITS = INTEGER_MAX.bit_length()
#: Python compares the integers between these fast.
_LEAST, _MOST = 1 - 2**30, 2**30 - 1
#: The most objects that are looked at one by one.
_FEW = 8
#: The deepest nesting of data that is not converted to terms.
_DEEP = 20


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
    if kind not in _REPRESENTED:
        return True
    try:
        to_term(value)
    except (OperationalError, TypeError):
        return False
    return True


def is_data(value: list[t.Any], objects: Collection[type], depth: int = 0) -> bool:
    """Return whether a list becomes a list of Polar as it is.

    What it contains are values of Polar, objects of known classes, dictionaries, and again such
    lists, each of them once. What dictionaries have is looked at when it is read.

    :param objects: classes whose values need no sandbox check.
    """
    # A copy: another thread may change what is looked through.
    items = value.copy()
    if len(items) > _FEW and type(items[0]) not in _REPRESENTED:
        kinds = {*map(type, items)}
        if len(kinds) == 1 and not kinds.isdisjoint(objects):
            return True
    inner: list[t.Any] | None = None
    # A set of their classes takes longer, for few.
    for item in items:
        kind = type(item)
        if kind is str:
            if not item.isascii() and not is_representable(item):
                return False
        elif kind is int:
            # Most are small, which is seen in half of the time. Comparing with a number of 64 bits
            # takes longer than both.
            if not _LEAST < item < _MOST and item.bit_length() > _BITS and item != INTEGER_MIN:
                return False
        elif kind is list:
            inner = inner or []
            inner.append(item)
        elif kind is not dict and kind is not bool and kind is not float and kind not in objects:
            return False
    if inner is None:
        return True
    # What is there twice stays one object, which a copy would not show.
    is_tree = depth < _DEEP and (len(inner) == 1 or len({*map(id, inner)}) == len(inner))
    if not is_tree:
        return False
    for each in inner:  # noqa: SIM110 - without a generator it takes half of the time
        if not is_data(each, objects, depth + 1):
            return False
    return True


def copied_list(value: list[t.Any]) -> list[t.Any]:
    """Return a copy of a list that ``is_data`` accepts. Dictionaries in it are the same ones."""
    return [copied_list(item) if type(item) is list else item for item in value]


def list_for_policy(value: list[t.Any]) -> list[t.Any]:
    """Return a list as a copy; what dictionaries in it have is read later."""
    return copied_list(value) if is_data(value, EQUATED) else copied_for_python(value)


class _NoTree(Exception):
    """Data are not a small tree of plain values."""


def copied_for_python(value: t.Any) -> t.Any:
    """Return a value for Python: a list or a dictionary as a copy, the keys sorted."""
    if type(value) not in _DATA:
        return value
    try:
        return _copied_tree(value, 0, set())
    except _NoTree:
        return to_python(result_to_term(value), str)


def _copied_tree(value: t.Any, depth: int, met: set[int]) -> t.Any:
    if depth > _DEEP or id(value) in met:
        raise _NoTree
    met.add(id(value))
    made: t.Any = value.copy() if type(value) is list else with_texts(value)
    if type(value) is list and _FLAT.issuperset(map(type, made)):
        # Most lists have texts and numbers alone.
        return made
    for key, item in enumerate(made) if type(made) is list else made.items():
        kind = type(item)
        if kind in _DATA:
            made[key] = _copied_tree(item, depth + 1, met)
        elif kind not in _SCALARS and kind not in EQUATED:
            raise _NoTree
    return made


_Made = dict[int, Dictionary]
_INSIDE = frozenset({list, dict, tuple, type({}.values()), type({}.items())})
_NO_QUESTION = (
    "A dictionary has values, not a variable or another question. Use 'query_rule' for these."
)


class HostEntries:
    """A dictionary of the host that is read entry by entry.

    :param source: the dictionary; the object keeps it, and its id, alive.
    """

    __slots__ = ("_made", "_source")

    def __init__(self, source: dict[t.Any, t.Any], made: _Made) -> None:
        self._source = source
        self._made = made

    @property
    def source(self) -> dict[t.Any, t.Any]:
        """The dictionary itself."""
        return self._source

    def get(self, key: str, span: Span | None) -> Term | None:
        """Give the value of a key as a term; ``None`` if there is none."""
        found = find_entry(self._source, key)
        return None if found is MISSING else _read_entry(found, span, self._made)

    def each(self, span: Span | None) -> Iterator[tuple[str, Term]]:
        """Give keys and values, in ascending order of the keys."""
        for key, value in sorted_entries(self._source):
            yield key, _read_entry(value, span, self._made)

    def shown(self) -> tuple[tuple[tuple[str, Term], ...], bool]:
        """Give keys and values for printing, and whether they are those that a rule reads.

        A dictionary that no rule could read is printed all the same, with its values as objects.
        """
        try:
            return tuple(self.each(None)), True
        except (TypeError, OperationalError, PolarRuntimeError):
            # It is printed nevertheless.
            entries = [(_shown_key(key), value) for key, value in self._source.copy().items()]
            entries.sort(key=lambda pair: pair[0])
            return tuple((key, Instance(value)) for key, value in entries), False

    def call_reading(self, name: str, args: tuple[t.Any, ...]) -> t.Any:
        """Call a method that reads; ``MISSING`` for what has to be called on a copy of it all."""
        return values_read(self._source, name, args)

    def for_python(self) -> list[tuple[t.Any, Term]]:
        """Return keys and values to hand back: where JSON refuses a key, all keys as they are."""
        return [
            # An object goes back as it is.
            (key, _read_entry(each, None, self._made) if type(each) in _DATA else Instance(each))
            for key, each in with_texts(self._source).items()
        ]


def values_read(source: dict[t.Any, t.Any], name: str, args: tuple[t.Any, ...]) -> t.Any:
    """Call a method of a dictionary that reads it, as ``call_reading`` does.

    :raises PolarTypeError: for a variable or another question in what it gives.
    """
    found = call_reading(source, name, args)
    if _holds_question(found):
        raise PolarTypeError(_NO_QUESTION)
    return found


def _shown_key(key: t.Any) -> str:
    return str.__str__(key) if issubclass(type(key), str) else f"<{type(key).__name__} object>"


def result_to_term(
    value: t.Any,
    span: Span | None = None,
    made: _Made | None = None,
) -> Term:
    """Convert an argument, the value of an attribute, or the result of a method to a term.

    A dictionary is not looked at: what it has is converted when it is read. A number or a string
    that Polar does not have is not refused: it stays a Python object and is compared as Python
    compares it. A client whose JSON has such a number is denied or allowed like any other client,
    and causes no error.

    :param made: the terms of the dictionaries that were met before, by their ids.
    """
    kind = type(value)
    if kind is dict:
        return _dictionary(value, {} if made is None else made)
    if kind is list:
        return _tree_to_term(value, span, {} if made is None else made, is_argument=False)
    if kind is int or kind is str:
        return _result_to_term(value, span)
    return to_term(value, span)


def _result_to_term(value: t.Any, span: Span | None, *, is_checked: bool = False) -> Term:
    try:
        return _leaf_to_term(value, span, is_checked=is_checked)
    except OperationalError:
        return Instance(value)


def argument_to_term(value: t.Any) -> Term:
    """Convert an argument of a decision: as ``to_term``, but what dictionaries have is read later.

    One that is an argument itself is copied: a method that a rule calls may change it.
    """
    kind = type(value)
    if kind is dict:
        return _dictionary(value.copy(), {})
    return _tree_to_term(value, None, {}) if kind is list else to_term(value)


def _read_entry(value: t.Any, span: Span | None, made: _Made) -> Term:
    """Convert what a dictionary has: a value.

    :raises PolarTypeError: for a variable, or what may have one in it.
    """
    if type(value) in terms.QUESTIONS:
        raise error_at(PolarTypeError, _NO_QUESTION, span)
    sandbox.check_reachable(value, span)
    term = result_to_term(value, span, made)
    if not is_ground(term):
        raise error_at(PolarTypeError, _NO_QUESTION, span)
    return term


def _holds_question(value: t.Any) -> bool:
    """Tell whether there is a question in a value, at any depth."""
    # The parts are kept alive, so that no other one gets their ids: the entries of a view of a
    # dictionary are made for this alone.
    todo, met = [value], dict[int, t.Any]()
    while todo:
        part = todo.pop()
        kind = type(part)
        if kind in terms.QUESTIONS:
            return True
        if kind in _INSIDE and id(part) not in met:
            met[id(part)] = part
            todo += part.values() if kind is dict else part
    return False


def _dictionary(source: dict[t.Any, t.Any], made: _Made) -> Dictionary:
    # The term keeps the dictionary alive, so that no other object gets its id.
    term = made.get(id(source))
    if term is None:
        entries = HostEntries(source, made)
        term = made[id(source)] = Dictionary(None, ground=True, entries=entries)
    return term


def _leaf_to_term(value: t.Any, span: Span | None, *, is_checked: bool = False) -> Term:
    kind = type(value)
    if kind is str:
        if not value.isascii():
            check_text(value)
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
    if value is not None and not is_checked:
        check_object(value, span)
    return Instance(value)


def check_object(value: t.Any, span: Span | None) -> None:
    """Refuse what may not even be compared: what nobody awaited, sessions and the like."""
    if type(value) is types.CoroutineType:
        refuse_awaitable(value, "value")
    sandbox.check_no_database(type(value), span)


def _check_element(value: t.Any, known: set[type], span: Span | None) -> None:
    """Refuse an element of an argument that the sandbox does not let through.

    :param known: the classes that passed the sandbox check; the class of the element is added.
    """
    # A module is refused when it is read: a search may end before it.
    if isinstance(value, types.ModuleType):
        return
    sandbox.check_reachable(value, span)
    if sandbox.passes_sandbox(type(value)):
        known.add(type(value))


def _tree_to_term(
    value: t.Any, span: Span | None, met: _Made | None = None, *, is_argument: bool = True
) -> Term:
    """Convert a container with all it contains.

    :param met: the terms of the dictionaries that were met before. Without it, all that is in a
        dictionary is converted, and not when it is read.
    :param is_argument: whether numbers and strings that Polar does not have are refused.
    """
    # An explicit stack: data may be nested deeper than Python recurses. What is shared becomes one
    # term. Where a container contains itself, a variable stands that is bound to its term.
    made: dict[int, Term | Unknown] = {}
    # INVARIANT: the containers are kept alive, so that no other object gets their ids.
    kept: list[t.Any] = []
    known: set[type] = {*_SCALARS}
    convert = _leaf_to_term if is_argument else _result_to_term
    stack: list[tuple[t.Any, Unknown, Iterator[t.Any], list[Term]]] = []

    def enter(container: t.Any) -> None:
        made[id(container)] = itself = Unknown("_self")
        kept.append(container)
        stack.append((container, itself, iter(_children(container)), []))

    enter(value)
    while True:
        container, itself, children, done = stack[-1]
        for child in children:
            if met is not None and type(child) is dict:
                done.append(_dictionary(child, met))
            elif type(child) not in _CONTAINERS:
                # What an attribute or a method gave is checked element by element, when it is read.
                if is_argument and type(child) not in known:
                    _check_element(child, known, span)
                done.append(convert(child, span, is_checked=True))
            elif id(child) in made:
                done.append(t.cast(Term, made[id(child)]))
            else:
                enter(child)
                break
        else:
            stack.pop()
            made[id(container)] = itself.value = term = _close(container, done)
            if not stack:
                return term
            stack[-1][-1].append(term)


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
    pairs = dict(zip(container, done, strict=True))
    return Dictionary(tuple(sorted_entries(pairs)), ground=ground)


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
        # Terms are kept alive, so that no other term gets their ids: those of the entries of
        # dictionaries are made for this alone.
        self._kept: list[Term] = []
        # The variables on the path to the current term: other terms may contain themselves too.
        self._way: list[t.Any] = []
        self._open: set[int] = set()
        # The keys of dictionaries of the host, by the ids of their terms.
        self._keys: dict[int, list[t.Any]] = {}

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
        self._kept.append(term)
        inside = self._parts_for_python(term)
        self._way.append(written)
        if type(written) is Unknown:
            self._open.add(id(written))
        return (term, inside) if inside else (self._make(term, []), ())

    def _make(self, term: t.Any, values: list[t.Any]) -> t.Any:
        self._open.discard(id(self._way.pop()))
        value = self._compound_to_python(term, values)
        if not is_ground(term):
            self._made[id(term)] = value
            return value
        made = self._made[id(term)]
        if type(term) is List:
            made.extend(value)
        else:
            made.update(value)
        return made

    def _parts_for_python(self, term: Term) -> Sequence[t.Any]:
        if isinstance(term, Dictionary) and isinstance(term.entries, HostEntries):
            pairs = term.entries.for_python()
            self._keys[id(term)] = [key for key, _ in pairs]
            return [value for _, value in pairs]
        if not isinstance(term, List):
            return parts(term)
        elements, rest = list_elements(term)
        if rest is not None:
            raise UnexpectedPolarTypeError("RestVariable")
        return elements

    def _compound_to_python(self, term: Term, values: list[t.Any]) -> t.Any:
        if isinstance(term, Dictionary):
            keys = self._keys.get(id(term)) or [key for key, _ in term.fields]
            return dict(zip(keys, values, strict=True))
        return _compound_to_python(term, values)


def _compound_to_python(term: Term, values: list[t.Any]) -> t.Any:
    if isinstance(term, List):
        return values
    if isinstance(term, Call):
        return terms.Predicate(term.name, values[: len(term.args)])
    if isinstance(term, Expression):
        return terms.Expression(term.operator.value, values)
    if isinstance(term, Pattern):
        fields = {key: value for (key, _), value in zip(term.fields, values, strict=True)}
        return terms.Pattern(term.tag, fields)
    raise AssertionError(f"A {type(term).__name__} has no Python value.")
