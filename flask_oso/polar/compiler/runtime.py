"""The runtime of compiled functions: what they call, of the host and of the solver.

In go values and goals; out come answers, and the errors that the solver raises.
"""

from __future__ import annotations

import abc
import contextlib
import functools
import sys
import time
import types
import typing as t
from collections.abc import Callable

from ..environment import STORED_ENVIRONMENT
from ..exceptions import OsoError, UnexpectedPolarTypeError
from ..host import attribute_access, numbers, sandbox
from ..host.comparison import Comparison, compare_values, failed_comparison
from ..host.conversion import (
    copied_for_python,
    copied_list,
    list_for_policy,
    result_to_term,
    values_read,
)
from ..host.dictionaries import MISSING, READING, find_entry, key_in
from ..host.registry import Host, Identities, UnreadRelation
from ..host.value_classes import MOMENTS, NUMBERS
from ..nodes import (
    Expression,
    Instance,
    List,
    Operator,
    Term,
    Unknown,
    Value,
)
from ..output import STORED_VARIABLE
from ..solver.clauses import Clause
from ..solver.machine import EQUALITY, MOST_CALLS
from ..solver.operators import not_constructed
from ..solver.rule_order import sort_clauses
from ..solver.solver import Solver
from ..solver.tabling import (
    EXHAUSTED,
    READ_ALONE,
    RESUMED,
    SHARED,
    key_of,
    shared_solutions,
)
from .classes.known_classes import SCALARS, SolverNeeded, is_number
from .elements import ITSELF, Elements
from .entry_points import BRIEF, CALLS, CLOCK_INTERVAL, FIRST, Clock
from .takeovers import OPEN, Takeovers, ground

#: The frames that have to be left on Python's stack for a recursive call.
_HEADROOM = 250
#: Seconds that no limit is shorter than.
_SHORTEST = 0.001
#: What Python gets copies of.
_COPIED = frozenset({list, dict})
_UNLOADED = object()
_NO_OBJECT = Value(False)
#: The globals of compiled functions that are the same for all engines.
_SHARED: dict[str, t.Any] = {
    "unread": (None, None),
    "missing": MISSING,
    "unloaded": _UNLOADED,
    "is_searched": False,
    "is_first": False,
    "scalars": SCALARS,
    "variable": OPEN,
    "read_alone": READ_ALONE,
    "numbers": NUMBERS,
    "moments": MOMENTS,
    "environment": STORED_ENVIRONMENT,
    "log_variable": STORED_VARIABLE,
    "unforeseen": SolverNeeded,
    "exhausted": EXHAUSTED,
    "resumed": RESUMED,
    "shared": SHARED,
    "key_of": key_of,
    "shared_solutions": shared_solutions,
}
#: The members of ``Runtime`` that functions use: methods and sets of classes.
_ASKED = (
    *("equal", "read", "read_key", "field", "no_field", "in_order", "call_method"),
    *("call_directly", "construct"),
    *("calculate", "split", "compare", "condition", "check_clock", "hand_over", "hand_over_each"),
    *("solve_goal", "by_solver", "problem_of", "stop_of", "as_data", "copied", "check_taken"),
)
#: Those of ``Elements``.
_OF_ELEMENTS = ("elements", "kept_elements", "found_in", "pairs_at", "pairs_ahead", "texts_ahead")
#: Those of ``KnownClasses``.
_OF_CLASSES = (
    *("plain", "readable", "simple", "alone", "ordered", "decided", "harmless", "told", "rows"),
    *("collections", "gone_through", "sets", "check_sandbox", "is_simple"),
)
_ROWS, _PYTHON, _OF_SCALARS, _LISTS, _SOLVER = Comparison
#: What most methods of objects are: they can be called.
_METHOD = types.MethodType
_GENERATOR = types.GeneratorType
_FUNCTIONS = frozenset({types.FunctionType, types.BuiltinMethodType})


class Runtime(Takeovers):
    """The state and the operations that the functions of one engine share.

    :param engine: the engine whose rules they are.
    """

    def __init__(self, engine: t.Any) -> None:
        super().__init__(engine)
        self.host: Host = engine.host
        self._objects, self._harmless = self._classes.objects, self._classes.harmless
        self._by_python, self._alike = self._classes.by_python, self._classes.alike_by_python
        self._elements = Elements(
            self._classes, self._at, self._here, self._placed, self._check_clock
        )

    def shared_names(self) -> dict[str, t.Any]:
        """Return the globals of compiled functions, except constants."""
        return {
            **_SHARED,
            **{name: getattr(self, f"_{name}") for name in _ASKED},
            **{name: getattr(self._elements, name) for name in _OF_ELEMENTS},
            **{name: getattr(self._classes, name) for name in _OF_CLASSES},
            "check_found": self.found.checked,
            "silent_text": functools.partial(attribute_access.silent_text, self.host),
            "subclass_token": abc.get_cache_token,
            "excludes": _excludes,
            "equals_itself": _equals_itself,
            "is_deep": is_deep,
            "copied_list": list_for_policy,
            "key_in": key_in,
            "leads_to": self.host.leads_to,
            "load_among": self.host.load_among,
            "unread_relation": self.host.unread,
            "read_relation": _read_relation,
            "read_once": _read_once,
        }

    # -- what is known of classes -----------------------------------------------------------

    def _as_data(self, args: tuple[t.Any, ...]) -> tuple[t.Any, ...] | None:
        """Return arguments with copies of lists and dictionaries, which the question may change.

        ``None`` where the solver has to answer.
        """
        if STORED_VARIABLE in STORED_ENVIRONMENT:
            return None
        taken = []
        for arg in args:
            kind = type(arg)
            if kind is dict:
                taken.append(arg.copy())
            elif kind is list:
                if not self._classes.takes_list(arg):
                    return None
                taken.append(copied_list(arg))
            elif kind in self._classes.plain or self._classes.is_simple(arg):
                taken.append(arg)
            else:
                return None
        return tuple(taken)

    # -- what functions ask for -----------------------------------------------------------

    def _equal(self, left: t.Any, right: t.Any, spans: tuple[t.Any, t.Any]) -> bool:
        if right is ITSELF:
            return True
        kind, other = type(left), type(right)
        # Most are of one class, which is found in less time than two.
        if kind in self._alike if kind is other else (kind, other) in self._by_python:
            try:
                return True if left == right else False  # noqa: SIM210 - in less time than `bool`
            except TypeError as error:
                raise failed_comparison(Operator.EQ, left, right) from error
        kinds = kind, other
        how = self._classes.pairs.get(kinds)
        if how is None:
            for value, span in zip((left, right), spans, strict=True):
                if span is not None:
                    self._classes.check_sandbox(value, span)
                self._classes.learn(type(value))
            how = self._classes.comparison_of(*kinds)
        if how is _PYTHON:
            try:
                return bool(copied_for_python(left) == copied_for_python(right))
            except TypeError as error:
                raise failed_comparison(Operator.EQ, left, right) from error
        if how is _OF_SCALARS:
            return numbers.equal_scalars(left, right)
        if how is _ROWS:
            return left is right or t.cast(Identities, self.host.identities).is_same(left, right)
        if how is _LISTS:
            answer = self._equal_lists(left, right)
            if answer is not None:
                return answer
        for value, span in zip((left, right), spans, strict=True):
            if span is not None:
                self._classes.check_sandbox(value, span)
        return bool(self._engine.solver().equal(ground(left), ground(right)))

    def _equal_lists(self, left: list[t.Any], right: list[t.Any]) -> bool | None:
        """Compare two lists of values that compare without calls; ``None`` for others."""
        if not self._classes.takes_list(left) or not self._classes.takes_list(right):
            return None
        answer = len(left) == len(right)
        for one, other in zip(left, right, strict=False):
            kinds = type(one), type(other)
            if SCALARS.issuperset(kinds):
                answer = answer and numbers.equal_scalars(one, other)
            elif self._classes.simple.issuperset(kinds):
                answer = answer and one == other
            else:
                return None
        return answer

    def _read(self, value: t.Any, name: str, span: t.Any, written: t.Any) -> t.Any:
        kind = type(value)
        if kind is dict:
            return self._entry_of(value, name, span)
        if kind is bool:
            raise self._here().operators.no_lookup(self._placed(value, written), span)
        found = self._attribute(value, name, span, self._here)
        self._classes.learn(kind)
        self._classes.is_object(kind)
        return self._checked(found, span)

    def _checked(self, found: t.Any, span: t.Any) -> t.Any:
        """Return a value that was read, once it has passed the sandbox check."""
        if type(found) not in self._classes.harmless:
            self._classes.check_sandbox(found, span)
        return found

    def _entry_of(self, value: dict[t.Any, t.Any], name: str, span: t.Any) -> t.Any:
        """Return what a dictionary has under a text, if it has something."""
        found = find_entry(value, name)
        return found if found is MISSING else self._checked(found, span)

    def _field(self, value: t.Any, name: str, span: t.Any) -> t.Any:
        """Read a field of a value that is matched with a pattern, if there is one."""
        kind = type(value)
        if kind is dict:
            return self._entry_of(value, name, span)
        try:
            found = attribute_access.read_attribute(self.host, copied_for_python(value), name, span)
        except AttributeError as error:
            return self._no_field(value, name, error, span)
        except attribute_access.UnreadableRelation as error:
            raise self._here().machine.unreadable(error, span) from error
        self._classes.learn(kind)
        return self._checked(found, span)

    def _no_field(self, value: t.Any, name: str, error: AttributeError, span: t.Any) -> t.Any:
        if sandbox.is_computed(value, name):
            raise self._here().matcher.failed_field(error, span) from error
        return MISSING

    def _in_order(
        self, clauses: list[Clause], matched: tuple[bool, ...], args: tuple[t.Any, ...]
    ) -> list[int]:
        """Return the indices of the matching clauses, in the order in which they are tried."""
        chosen = [number for number, is_match in enumerate(matched) if is_match]
        if len(chosen) < 2:
            return chosen
        numbers = {id(clauses[number]): number for number in chosen}
        # The order depends only on the classes of objects.
        terms = [_NO_OBJECT if type(arg) in _COPIED else result_to_term(arg) for arg in args]
        ordered = sort_clauses([clauses[number] for number in chosen], terms, self.host)
        return [numbers[id(clause)] for clause in ordered]

    def _attribute(self, value: t.Any, name: str, span: t.Any, here: Callable[[], Solver]) -> t.Any:
        kind = type(value)
        try:
            if self._reads_directly(kind) and sandbox.is_unrestricted(name):
                return getattr(value, name)
            return attribute_access.read_attribute(self.host, copied_for_python(value), name, span)
        except AttributeError as error:
            raise here().operators.no_attribute(result_to_term(value), name, error, span) from error
        except attribute_access.UnreadableRelation as error:
            raise here().machine.unreadable(error, span) from error

    def _reads_directly(self, kind: type) -> bool:
        return not self.host.fields.get(kind) and self._classes.is_object(kind)

    def _call_directly(
        self, value: t.Any, name: str, args: tuple[t.Any, ...], clock: Clock, key: t.Any
    ) -> t.Any:
        """Call a method of an object with arguments of which none is copied: as below, in less."""
        if clock[4] is not None or type(value) not in self._objects:
            return self._call_method(value, key, args, clock)
        if clock[1] is None:
            clock[1] = time.monotonic()
        try:
            method = getattr(value, name)
        except AttributeError as error:
            owner = result_to_term(value)
            raise self._here().operators.no_attribute(owner, name, error, key[1]) from error
        kind = type(method)
        if kind is not _METHOD and kind not in _FUNCTIONS and not callable(method):
            raise self._here().operators.not_callable(name, key[1])
        found = method(*args) if args else method()
        if type(found) is not _GENERATOR:
            # Whoever refers to one that begins makes it take longer.
            clock[CALLS].append((value, name, args, found))
        if time.monotonic() - clock[1] > BRIEF:
            self._check_clock(clock)
        return found if type(found) in self._harmless else self._checked(found, key[1])

    def _call_method(
        self, value: t.Any, key: t.Any, args: tuple[t.Any, ...], clock: Clock
    ) -> t.Any:
        if clock[1] is None:
            clock[1] = time.monotonic()
        name, span, keywords, written, is_unrestricted, is_direct = key
        kind = type(value)
        made = clock[4]
        if made is not None and not keywords and made.is_of(value, name, args):
            found = made.take()
            self._check_clock(clock)
            return self._checked(found, span)
        if is_unrestricted and (kind in self._objects or kind is str):
            try:
                method = getattr(value, name)
            except AttributeError as error:
                owner = result_to_term(value)
                raise self._here().operators.no_attribute(owner, name, error, span) from error
        else:
            if kind is bool:
                raise self._here().operators.no_lookup(self._placed(value, written), span)
            if kind is dict and name in READING and not keywords:
                found = values_read(value, name, args)
                if found is not MISSING:
                    return self._checked(found, span)
            method = self._attribute(value, name, span, self._here)
        # A method of Python need not be looked at.
        if type(method) is not types.MethodType and not callable(method):
            raise self._here().operators.not_callable(name, span)
        if not is_direct:
            found = self._called(method, args, keywords, clock)
        else:
            found = method(*args)
            if time.monotonic() - clock[1] > BRIEF:
                self._check_clock(clock)
        if not keywords and type(found) is not _GENERATOR:
            clock[CALLS].append((value, name, args, found))
        return found if type(found) in self._harmless else self._checked(found, span)

    def _construct(self, cls: type, what: t.Any, args: tuple[t.Any, ...], clock: Clock) -> t.Any:
        """Make an object of the host."""
        name, span, keywords = what
        try:
            made = self._called(cls, args, keywords, clock)
        except OsoError:
            raise
        except Exception as error:
            # Any exception becomes an error with the place in the policy.
            raise not_constructed(name, error, span) from error
        sandbox.check_reachable(made, span)
        if not isinstance(made, cls):
            raise SolverNeeded
        if type(made) not in self._classes.plain:
            self._classes.learn(type(made))
        return made

    def _called(
        self, function: t.Any, args: tuple[t.Any, ...], keywords: tuple[str, ...], clock: Clock
    ) -> t.Any:
        """Call something of the host; after a long call, check the clock."""
        if clock[1] is None:
            clock[1] = time.monotonic()
        plain = args
        for arg in args:
            if type(arg) is list or type(arg) is dict:
                plain = tuple(map(self._copied, args))
                break
        if keywords:
            count = len(plain) - len(keywords)
            named = {name: plain[at] for at, name in enumerate(keywords, count)}
            found = function(*plain[:count], **named)
        else:
            found = function(*plain)
        if time.monotonic() - clock[1] > BRIEF:
            self._check_clock(clock)
        return found

    def _check_taken(self, element: t.Any) -> None:
        """Check an element of a list, to which a variable is bound, in the sandbox."""
        self._classes.check_sandbox(element, self._here().machine.step_span())

    def _copied(self, value: t.Any) -> t.Any:
        """Return a value for a method of the application: a list or a dictionary as a copy."""
        if type(value) is list and not self._classes.takes_list(value):
            sandbox.check_contents(value, lambda: self._here().machine.step_span())
        return copied_for_python(value)

    def _split(
        self,
        value: t.Any,
        what: tuple[int, bool],
        clock: Clock,
        shown: t.Any = None,
        is_left: bool = True,
    ) -> t.Any:
        """Return the elements of a list of this length, and the rest where one is allowed."""
        count, is_open = what
        is_data = type(value) is list and self._classes.takes_list(value)
        term = None if is_data else ground(value)
        if is_data or type(term) is List:
            length = len(value)
            if length != count and not (is_open and length > count):
                return MISSING
            return [*value[:count], value[count:]] if is_open else [*value]
        if type(term) is Instance and shown is not None:
            if is_open:
                # A list with an unknown rest cannot be passed to `__eq__`.
                raise UnexpectedPolarTypeError("RestVariable")
            sides = (shown, value) if is_left else (value, shown)
            is_equal = compare_values(Operator.EQ, *sides)
            clock[CALLS].append((value, EQUALITY, (shown,), is_equal))
            if is_equal:
                # Only the solver can go on with unbound variables.
                ground(shown)
                # What is known is compared with itself.
                return self.found.compared_by_nobody(shown)
        return MISSING

    def _calculate(self, left: t.Any, right: t.Any, goal: Expression, result: t.Any) -> t.Any:
        if is_number(left) and is_number(right):
            with contextlib.suppress(ArithmeticError):
                return numbers.calculate(goal.operator, left, right)
        name = getattr(goal.args[2], "name", "")
        shown = Unknown(f"_{name}_1") if result is MISSING else result_to_term(result)
        # This raises the error of the solver.
        return self._at(goal).operators.calculate(goal, ground(left), ground(right), shown).value

    def _read_key(
        self, value: t.Any, key: t.Any, goal: Expression, written: t.Any, key_written: t.Any
    ) -> t.Any:
        """Read a field whose name is computed."""
        if type(value) is bool:
            raise self._here().operators.no_lookup(self._placed(value, written), goal.span)
        if type(key) is not str or not key.isascii():
            term = self._placed(key, key_written)
            key = self._here().operators.key_name(term, goal)
        return self._read(value, key, goal.span, written)

    def _compare(
        self, left: t.Any, right: t.Any, goal: Expression, function: Callable[..., t.Any]
    ) -> bool:
        """Compare two values.

        :param function: the function of Python for the operator.
        """
        kinds = type(left), type(right)
        if kinds in self._by_python:
            try:
                return True if function(left, right) else False  # noqa: SIM210 - as above
            except TypeError as error:
                raise failed_comparison(goal.operator, left, right, goal.span) from error
        how = self._classes.pairs.get(kinds) or self._classes.comparison_of(*kinds)
        if how is _PYTHON:
            try:
                return bool(function(copied_for_python(left), copied_for_python(right)))
            except TypeError as error:
                raise failed_comparison(goal.operator, left, right, goal.span) from error
        if how is _OF_SCALARS and (kinds[0] is str) is (kinds[1] is str):
            return bool(function(left, right))
        if how is _ROWS:
            return self.host.compare(goal.operator, left, right, goal.span)
        sides = ground(left), ground(right)
        expression = Expression(goal.operator, sides, span=goal.span)
        return bool(self._at(goal).compare_terms(expression))

    def _condition(self, value: t.Any, goal: Term, span: t.Any, written: t.Any) -> bool:
        """Raise the error for a condition that is neither true nor false."""
        self._classes.check_sandbox(value, span)
        term = self._placed(value, written)
        return bool(self._here(term).condition(term, goal))

    # -- time -----------------------------------------------------------------------------

    def _check_clock(self, clock: Clock) -> None:
        clock[0] = CLOCK_INTERVAL
        if len(clock) > FIRST:
            clock[FIRST].look(clock)
        if clock[1] is None:
            clock[1] = time.monotonic()
            return
        passed = time.monotonic() - clock[1]
        if passed < _SHORTEST:
            # The limits of the environment take longer to read than all else here.
            return
        del clock[CALLS][MOST_CALLS:]
        timeout = self._engine.limits.timeout
        if timeout is not None and passed > timeout:
            self._engine.solver().check_time(clock[1])


def _read_once(value: t.Any, name: str, clock: Clock) -> t.Any:
    """Read a computed attribute, unless that was done before."""
    made = clock[4]
    if made is not None and made.is_of(value, name, None):
        return made.take()
    found = getattr(value, name)
    clock[CALLS].append((value, name, None, found))
    return found


def _read_relation(value: t.Any) -> t.Any:
    """Return the row of a relation that was not read so far."""
    return value.read() if type(value) is UnreadRelation else value


def is_deep() -> bool:
    """Tell whether little is left of Python's stack."""
    try:
        sys._getframe(sys.getrecursionlimit() - _HEADROOM)
    except ValueError:
        return False
    return True


def _equals_itself(value: t.Any) -> bool:
    """Tell whether a value that compares without calls equals itself: NaN does not."""
    try:
        return bool(value == value)
    except ArithmeticError:
        # A signalling NaN of `decimal` raises.
        return False


def _excludes(literal: t.Any, value: t.Any) -> bool:
    """Tell whether a literal of a head excludes a native value of Polar."""
    if type(value) is str is type(literal) and value.isascii():
        return bool(literal != value)
    term = result_to_term(value)
    if type(term) is Value:
        return not numbers.equal_scalars(literal, term.value)
    return type(term) is not Instance
