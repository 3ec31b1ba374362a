"""The operators: comparison, arithmetic, membership, lookups, calls of Python.

If an operand is unbound, the operation becomes a constraint.
"""

from __future__ import annotations

import datetime
import typing as t
from collections.abc import Callable, Iterable, Iterator

from ..characters import with_escapes
from ..exceptions import (
    InvalidCallError,
    InvalidIteratorError,
    OsoError,
    PolarRuntimeError,
    PolarTypeError,
    UnregisteredClassError,
    UnsupportedError,
    error_at,
    with_help,
)
from ..host import numbers
from ..host.attribute_access import silent_text
from ..host.conversion import HostEntries, follow, list_elements
from ..host.dictionaries import MISSING, READING, entry_of_text
from ..host.iterators import READ, USED_UP, IteratorUse, what_is_read
from ..host.sandbox import attribute_names, check_reachable, is_computed, passes_sandbox
from ..host.value_classes import (
    find_by_hash,
    find_in_network,
    find_text,
    finds_by_hash,
    has_own_hash,
    is_hashed,
    is_hashed_tuple,
)
from ..nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Lookup,
    Operator,
    Slot,
    Term,
    Unknown,
    Value,
    key_span,
)
from ..printer import nameless
from ..sources import Span, located
from ..spelling import did_you_mean, meant_class
from ..traversal import compared_next
from .backtrace import Step, debug_form
from .clauses import Frame
from .machine import NO_FRAME, Machine

_COMPARABLE = "Numbers are compared with numbers, strings with strings.\n"
_NUMBERS = "Both sides of an arithmetic operator are numbers.\n"
_MOMENTS = (
    "Both sides of an arithmetic operator are numbers. Let a method of a registered class give the"
    " time: `note.at > Clock.hour_ago()`.\n"
)
#: A ``datetime`` is a ``date``.
_TIMES = (datetime.date, datetime.time, datetime.timedelta)
_ITERABLE = (
    "Behind `in` stands a list, a dictionary, a string or an iterable object. One object stands"
    " behind `=`.\n"
)
_NO_ATTRIBUTES = "true and false have no attributes.\n"
#: The length of what a dictionary has as elements.
_PAIR = 2
_BIND_FIRST = "Write what gives the variable a value in front of the call.\n"

#: Names that other languages have for `in`.
_CONTAINS = frozenset(("contains", "has", "include", "includes"))


class Operators:
    """Evaluates operators; each ``solve_…`` is the handler of one kind of goal.

    :param machine: the run.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        #: The handler that goes on with a conjunction, by which a search finds what comes next.
        self.conjunction: t.Any = None

    # -- comparison and arithmetic ------------------------------------------------------

    def solve_comparison(self, goal: Expression, frame: Frame, step: Step) -> bool:
        """Compare two values; with a variable that is unbound, record the comparison."""
        left = self.machine.operand(goal.args[0], frame)
        right = self.machine.operand(goal.args[1], frame)
        if type(left) is Unknown or type(right) is Unknown:
            return self.machine.bindings.record(
                Expression(goal.operator, (left, right), span=goal.span)
            )
        if type(left) is Value and type(right) is Value:
            if numbers.comparable(left.value, right.value):
                return numbers.COMPARISON_FUNCTIONS[goal.operator](left.value, right.value)
        elif type(left) is Instance or type(right) is Instance:
            return self.machine.compare_objects(left, right, goal.operator, goal.span)
        shown = Expression(goal.operator, (left, right))
        error = error_at(UnsupportedError, f"Not supported: {self.machine.show(shown)}", goal.span)
        raise with_help(error, _COMPARABLE)

    def solve_arithmetic(self, goal: Expression, frame: Frame, step: Step) -> bool:
        """Unify the result of a calculation; with an unbound operand, record it."""
        left = self.machine.operand(goal.args[0], frame)
        right = self.machine.operand(goal.args[1], frame)
        result = self.machine.operand(goal.args[2], frame)
        if type(left) is Unknown or type(right) is Unknown:
            return self.machine.bindings.record(
                Expression(goal.operator, (left, right, result), span=goal.span)
            )
        return self.machine.unify(result, self.calculate(goal, left, right, result))

    def calculate(self, goal: Expression, left: t.Any, right: t.Any, result: t.Any) -> Value:
        """Calculate with two terms.

        :param result: the term that the result is unified with, for messages: a variable has the
            name that it has in the clause, or in the question, but not that of another rule.
        :raises PolarRuntimeError: for an arithmetic error.
        :raises UnsupportedError: if the operands are not numbers.
        """
        value: int | float | None = None
        if type(left) is Value and type(right) is Value:
            try:
                value = numbers.calculate(goal.operator, left.value, right.value)
            except ArithmeticError as error:
                shown = self._shown_calculation(goal, left, right, result)
                raise error_at(
                    PolarRuntimeError, f"Arithmetic error: {shown}", goal.span
                ) from error
        if value is None:
            shown = self._shown_calculation(goal, left, right, result)
            message = f"Not supported: unsupported arithmetic operands: {shown}"
            advice = _MOMENTS if _is_moment(left) or _is_moment(right) else _NUMBERS
            raise with_help(error_at(UnsupportedError, message, goal.span), advice)
        return Value(value, span=goal.span)

    def _shown_calculation(self, goal: Expression, left: t.Any, right: t.Any, result: t.Any) -> str:
        end = follow(result)
        # Those of a question have no age, and are known to whoever asks.
        if type(end) is Unknown and end is not result and end.age:
            result = Unknown(result.name, result.age, result.origin)
        return self.machine.show(Expression(goal.operator, (left, right, result)))

    # -- membership ---------------------------------------------------------------------

    def solve_in(self, goal: Expression, frame: Frame, step: Step) -> bool:
        """Unify an item with each element of a collection in turn."""
        item = self.machine.operand(goal.args[0], frame)
        collection = self.machine.operand(goal.args[1], frame)
        kind = type(collection)
        if kind is Unknown:
            return self.machine.bindings.record(
                Expression(Operator.IN, (item, collection), span=goal.span)
            )
        if kind is List:
            return self._in_list(item, collection, goal, step)
        if kind is Dictionary:
            entry = self._entry_at(item, collection, goal, frame)
            if entry is not None:
                return self._in_elements(item, entry, step)
        found = self.find_in_set(item, collection)
        if found is None and kind is Instance and finds_by_hash(type(collection.value)):
            found = self._found_ahead(item, collection.value, goal, frame)
        if found is not None:
            return self._in_elements(item, found, step)
        return self._in_elements(item, self.elements(collection, goal), step)

    def _found_ahead(
        self, item: t.Any, collection: t.Any, goal: Expression, frame: Frame
    ) -> tuple[Term, ...] | None:
        """Return what of a set of texts is the one that the next goal compares."""
        text = self._compared_with(follow(item), goal.args[0], frame)
        found = None if text is None else find_text(text, collection)
        return None if text is None or found is None else (Value(text),) * found

    def _compared_with(self, item: t.Any, written: t.Any, frame: Frame) -> str | None:
        """Return the text with which the next goal compares a variable that has no value yet.

        ``None`` if there is no such goal, if reading what it compares could be observed, or if that
        is no text. What a dictionary or a set has besides this text is not looked at.
        """
        if type(item) is not Unknown or item.constraints or not isinstance(written, Slot):
            return None
        compared = compared_next(self._goals_behind(frame), written)
        if compared is None:
            return None
        owner = follow(self.machine.operand(compared[0], frame))
        if type(owner) is Dictionary and owner.entries is not None:
            return silent_text(self.machine.host, owner.entries.source, compared[1])
        is_known = type(owner) is Instance or type(owner) is Value
        return silent_text(self.machine.host, owner.value, compared[1]) if is_known else None

    def _goals_behind(self, frame: Frame) -> Iterator[Term]:
        """Yield the goals of a clause that come next."""
        goals = self.machine.goals
        while goals is not None and goals[0] == self.conjunction and goals[1][2] is frame:
            args, at, _ = goals[1]
            yield from args[at:]
            goals = goals[3]

    def _entry_at(
        self, item: t.Any, collection: Dictionary, goal: Expression, frame: Frame
    ) -> tuple[Term, ...] | None:
        """Return the entry of a dictionary that ``[key, value]`` may be, for a key that is a text.

        ``None`` if all entries have to be looked at.
        """
        pair = follow(item)
        if collection.entries is None or type(pair) is not List:
            return None
        if pair.rest is not None or len(pair.items) != _PAIR:
            return None
        key = follow(pair.items[0])
        if type(key) is Unknown:
            written: t.Any = getattr(goal.args[0], "term", goal.args[0])
            # A variable may stand for the pair, as the argument of a rule does.
            name = written.items[0] if isinstance(written, List) else None
            text = self._compared_with(key, name, frame)
            if text is None or entry_of_text(collection.entries.source, text) is None:
                return None
            key = Value(text)
        if type(key) is not Value or type(key.value) is not str:
            return None
        found = collection.get(key.value, self.machine.step_span())
        return () if found is None else (List((key, found)),)

    def find_in_set(self, item: t.Any, collection: t.Any) -> tuple[Term, ...] | None:
        """Return the elements of a set that equal a value that a set finds by its hash.

        Also the addresses of a network. ``None`` if elements have to be compared one by one.
        """
        end = follow(item)
        if type(collection) is not Instance or type(end) not in (Value, Instance):
            return None
        is_there = find_in_network(end.value, collection.value)
        if is_there is not None:
            return (end,) * is_there
        kind = type(end.value)
        if not finds_by_hash(type(collection.value)):
            return None
        if not (is_hashed(kind) or is_hashed_tuple(end.value) or has_own_hash(kind)):
            return None
        if self.machine.host.has_keys(kind):
            return None
        found = find_by_hash(end.value, collection.value)
        return None if found is None else (end,) * found

    def elements(self, collection: t.Any, goal: Expression) -> Iterable[t.Any]:
        """Return the elements of a collection that is not a list with an unbound rest."""
        kind = type(collection)
        if kind is List:
            return t.cast("tuple[Term, ...]", collection.items)
        if kind is Dictionary:
            span = self.machine.step_span()
            return (List((Value(key), value)) for key, value in collection.each(span))
        if kind is Value and type(collection.value) is str:
            return map(Value, collection.value)
        if kind is Instance:
            return self._iterate(collection)
        raise self.machine.type_error(
            f"can only use `in` on an iterable value, this is {debug_form(collection)}",
            collection.span or goal.span,
            _ITERABLE,
        )

    def _in_list(self, item: t.Any, collection: List, goal: Expression, step: Step) -> bool:
        if collection.rest is None:
            return self._in_elements(item, collection.items, step)
        elements, rest = list_elements(collection)
        if rest is None:
            return self._in_elements(item, elements, step)
        # The rest may be unbound, or bound to a term that is no list, which is an error.
        in_rest = Expression(Operator.IN, (item, t.cast(Term, rest)), span=goal.span)
        alternatives = [(item, element) for element in elements]
        return self.machine.branch(self._unify_or_go_on, [*alternatives, in_rest], step)

    def _unify_or_go_on(self, payload: t.Any, step: Step) -> bool:
        if isinstance(payload, Expression):
            return self.solve_in(payload, NO_FRAME, step)
        return self.machine.unify(*payload)

    def _in_elements(self, item: t.Any, elements: Iterable[t.Any], step: Step) -> bool:
        end = follow(item)
        if type(end) is Value:
            # An element that is another scalar needs no goal.
            elements = (e for e in elements if not _plainly_differ(end, follow(e)))
        return self.machine.branch(
            self._unify_pair, ((item, element) for element in elements), step
        )

    def _unify_pair(self, pair: tuple[t.Any, t.Any], step: Step) -> bool:
        self.machine.check_element(pair[1])
        return self.machine.unify(*pair)

    def _iterate(self, collection: Instance) -> Iterator[t.Any]:
        value = collection.value
        if not isinstance(value, Iterable):
            message = f"{nameless(value)} is not iterable"
            raise with_help(
                error_at(InvalidIteratorError, message, self.machine.step_span()), _ITERABLE
            )
        iterator = iter(value)
        self._begin(what_is_read(value, iterator))
        return self._elements(iterator)

    def _begin(self, iterator: Iterator[t.Any]) -> None:
        """Refuse an iterator that was read before: some of its elements are gone."""
        if self.machine.begun is None:
            self.machine.begun = IteratorUse()
        if not READ.begin(iterator):
            raise error_at(
                InvalidIteratorError,
                f"The {type(iterator).__name__} {USED_UP} Give a list, or a method that makes a"
                " new one.",
                self.machine.step_span(),
            )

    def _elements(self, iterator: Iterator[t.Any]) -> Iterator[t.Any]:
        span = self.machine.step_span()
        for value in iterator:
            self.machine.check_clock()
            yield self.machine.from_python(value, span)

    # -- lookups and calls --------------------------------------------------------------

    def solve_dot(self, goal: Expression, frame: Frame, step: Step) -> bool:
        """Read an attribute, a field or an item, or call a method: ``result = value.key``."""
        value = self.machine.operand(goal.args[0], frame)
        key = self.machine.operand(goal.args[1], frame)
        result = self.machine.operand(goal.args[2], frame)
        return self.lookup(value, key, result, goal)

    def lookup(self, value: t.Any, key: t.Any, result: t.Any, goal: Expression) -> bool:
        """Look a key up in a value, or call a method, and unify the result."""
        kind = type(value)
        if kind is Unknown:
            return self._lookup_later(value, key, result, goal)
        if kind is Value and type(value.value) is bool:
            raise self.no_lookup(value, goal.span)
        if type(key) is Call:
            return self.machine.unify(result, self.call_method(value, key, goal))
        if kind is Dictionary:
            if type(key) is Unknown:
                pairs = [(key, Value(name), result, item) for name, item in value.each(goal.span)]
                return self.machine.branch_over(self._unify_field, pairs, self.machine.step)
            found = value.get(self.key_name(key, goal), goal.span)
            return found is not None and self.machine.unify(found, result)
        name = self.key_name(key, goal)
        answer = self.leads_to(value, name, follow(result))
        if answer is not None:
            return answer
        return self.machine.unify(result, self.get_attribute(value, name, goal))

    def leads_to(self, value: t.Any, name: str, result: t.Any) -> bool | None:
        """Tell whether a relation leads to a row, where keys tell that without reading it."""
        if type(value) is not Instance or type(result) is not Instance:
            return None
        return self.machine.host.leads_to(value.value, name, result.value)

    def no_lookup(self, value: Term, span: Span | None) -> PolarTypeError:
        """Make the error for a lookup in a Boolean."""
        return self.machine.type_error(
            f"can only perform lookups on dicts and instances, this is {self.machine.show(value)}",
            value.span or span,
            _NO_ATTRIBUTES,
        )

    def _unify_field(self, payload: tuple[t.Any, ...], step: Step) -> bool:
        key, name, result, item = payload
        return self.machine.unify(key, name) and self.machine.unify(result, item)

    def _lookup_later(self, value: Unknown, key: t.Any, result: t.Any, goal: Expression) -> bool:
        if type(key) is Call:
            message = f"Not supported: cannot call method on unbound variable {value.name}"
            raise with_help(error_at(UnsupportedError, message, goal.span), _BIND_FIRST)
        if type(key) is Unknown:
            operands = (t.cast(Term, value), t.cast(Term, key), result)
            return self.machine.bindings.record(Expression(Operator.DOT, operands, span=goal.span))
        lookup = Lookup(Operator.DOT, (t.cast(Term, value), key))
        return self.machine.bindings.record(
            Expression(Operator.UNIFY, (result, lookup), span=goal.span)
        )

    def key_name(self, key: t.Any, goal: Expression) -> str:
        """Return a key as a string.

        :raises PolarTypeError: if it is not a string.
        """
        if type(key) is Value and type(key.value) is str:
            return key.value
        raise self.machine.type_error(
            f"cannot look up field {debug_form(key)} on an external instance",
            key.span or key_span(goal),
        )

    def get_attribute(self, value: Term, name: str, goal: Expression) -> Term:
        """Give an attribute of an object as a term."""
        return self.machine.from_python(self._attribute(value, name, goal.span), goal.span)

    def _attribute(self, value: Term, name: str, span: Span | None) -> t.Any:
        try:
            return self.machine.read(value, name, span)
        except AttributeError as error:
            raise self.no_attribute(value, name, error, span) from error

    def no_attribute(
        self, value: Term, name: str, error: AttributeError, span: Span | None
    ) -> PolarRuntimeError:
        """Make the error for an attribute that raised ``AttributeError``."""
        problem = self.machine.traced(
            PolarRuntimeError, f"Application error: {with_escapes(str(error))}", span
        )
        return with_help(problem, self._meant_attribute(value, name, error))

    def _meant_attribute(self, value: Term, name: str, error: AttributeError) -> str:
        """Return a line of help if the attribute itself is missing, not one that its code reads."""
        owner = self.machine.to_python(value)
        if error.name != name or type(error.obj) is not type(owner):
            return ""
        if is_computed(owner, name):
            # It is there, and its own code raised. Python does not always say so.
            return ""
        if owner is None:
            matched = f"`x matches {{{with_escapes(name)}: y}}`"
            return f"It is `nil` here, which a pattern asks about without failing: {matched}.\n"
        if isinstance(owner, (list, str)) and name in _CONTAINS:
            return "Write `x in y` to ask whether y contains x.\n"
        if issubclass(type(owner), dict) and type(owner) is not dict:
            shown = f'`.get("{with_escapes(name)}")`'
            return f"{type(owner).__name__!r} is an object here: write {shown} for its entry.\n"
        fields = self.machine.host.fields.get(type(owner), {})
        return did_you_mean(name, [*attribute_names(owner), *fields], quote="`")

    def call_method(self, value: Term, call: Call, goal: Expression) -> Term:
        """Give what a method of an object returns as a term."""
        read = self._call_reading(value, call)
        if read is not MISSING:
            return self.machine.from_python(read, goal.span)
        made = self.machine.made
        if made is not None and not call.kwargs:
            args = tuple(map(self.machine.to_python, call.args))
            if made.is_of(self.machine.to_python(value), call.name, args):
                self.machine.until_clock = 1
                return self.machine.from_python(made.take(), goal.span)
        method = self._attribute(value, call.name, goal.span)
        if not callable(method):
            raise self.not_callable(call.name, goal.span)
        found = self._call_host(method, call)
        if self.machine.calls is not None and not call.kwargs:
            args = tuple(map(self.machine.to_python, call.args))
            self.machine.note_call(self.machine.to_python(value), call.name, args, found)
        return self.machine.from_python(found, goal.span)

    def _call_reading(self, value: Term, call: Call) -> t.Any:
        """Call a method that reads a dictionary of the host, without a copy of all of it."""
        if type(value) is not Dictionary or call.name not in READING or call.kwargs:
            return MISSING
        if not isinstance(value.entries, HostEntries):
            return MISSING
        return value.entries.call_reading(call.name, tuple(map(self.machine.to_python, call.args)))

    def not_callable(self, name: str, span: Span | None) -> InvalidCallError:
        """Make the error for a call of an attribute that is not callable."""
        return with_help(
            error_at(InvalidCallError, f"tried to call '{name}' but it is not callable", span),
            f"It is no method. Write `{name}` without parentheses.\n",
        )

    def _call_host(self, function: Callable[..., t.Any], call: Call) -> t.Any:
        args = [self.machine.to_python(arg) for arg in call.args]
        kwargs = {key: self.machine.to_python(arg) for key, arg in call.kwargs}
        self._check_contents([*call.args, *(arg for _, arg in call.kwargs)])
        self.machine.until_clock = 1
        return function(*args, **kwargs)

    def _check_contents(self, args: list[t.Any]) -> None:
        """Refuse lists for Python that hold what no policy may read.

        A dictionary of the host is passed as it is: its entries are not looked at.
        """
        # Parts may be shared, and each is looked at once.
        stack, met, passed = [*map(follow, args)], set[int](), set[type]()
        while stack:
            whole = stack.pop()
            if id(whole) in met:
                continue
            met.add(id(whole))
            for part in map(follow, _parts_given(whole)):
                if type(part) is not Instance:
                    stack.append(part)
                elif (kind := type(part.value)) not in passed:
                    if passes_sandbox(kind):
                        passed.add(kind)
                    else:
                        self.machine.check_element(part)

    def solve_new(self, goal: Expression, frame: Frame, step: Step) -> bool:
        """Make an object of a registered class: ``result = new Class(…)``."""
        call = t.cast(Call, self.machine.operand(goal.args[0], frame))
        cls = self.machine.host.classes.get(call.name)
        if cls is None:
            message = located(call.name, call.span)
            raise UnregisteredClassError(
                message + meant_class(call.name, self.machine.host.classes)
            )
        try:
            made = self._call_host(cls, call)
        except OsoError:
            raise
        except Exception as error:
            # An error of any class is raised again, with the place in the policy.
            raise not_constructed(call.name, error, call.span) from error
        check_reachable(made, call.span)
        instance = Instance(made, self.machine.show(call), span=call.span)
        return self.machine.unify(self.machine.operand(goal.args[1], frame), instance)


def not_constructed(name: str, error: Exception, span: Span | None) -> PolarRuntimeError:
    """Make the error for a constructor that raised an exception."""
    return error_at(PolarRuntimeError, f"Error constructing instance of {name}: {error}", span)


def _plainly_differ(left: Value, right: t.Any) -> bool:
    return type(right) is Value and not numbers.equal_scalars(left.value, right.value)


def _parts_given(arg: t.Any) -> list[t.Any]:
    """Return the parts of a list, and of a dictionary that a policy writes."""
    if type(arg) is List:
        return [*arg.items, *(() if arg.rest is None else (arg.rest,))]
    if type(arg) is Dictionary and not isinstance(arg.entries, HostEntries):
        return [value for _, value in arg.fields]
    return []


def _is_moment(term: t.Any) -> bool:
    return isinstance(term, Instance) and isinstance(term.value, _TIMES)
