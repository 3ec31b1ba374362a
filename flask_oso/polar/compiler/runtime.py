"""The runtime of compiled functions: what they call, of the host and of the solver.

Where a function cannot go on, the solver does, from the current goal and with the goals around it,
so that depths, backtraces and places are those of the solver.
"""

from __future__ import annotations

import contextlib
import sys
import time
import types
import typing as t
from collections.abc import Callable, Iterator

from ..environment import STORED_ENVIRONMENT
from ..exceptions import OsoError, UnexpectedPolarTypeError
from ..host import attribute_access, numbers, sandbox, terms
from ..host.awaitables import is_awaitable
from ..host.comparison import compare_values
from ..host.conversion import result_to_term, to_python, to_term
from ..host.iterators import IteratorUse
from ..host.numbers import INTEGER_MAX, INTEGER_MIN
from ..host.registry import Host, Identities, UnreadRelation
from ..nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Term,
    Unknown,
    Value,
    is_ground,
)
from ..output import STORED_VARIABLE
from ..solver.clauses import Clause
from ..solver.operators import not_constructed
from ..solver.rule_order import sort_clauses
from ..solver.solver import Solver
from ..solver.tabling import EXHAUSTED, RESUMED, TabledSolver, key_of
from ..sources import Span
from .binding_analysis import compares_by_identity, is_plain
from .entry_points import CLOCK_INTERVAL, SolverNeeded
from .scopes import HandedGoal, Site
from .source_map import (
    GoalSteps,
    argument_span,
    chain,
    entry_call,
    frames_of,
    until_next_entry,
    with_spans,
)

#: The steps until the next check of the clock, when the question began, its ``IteratorUse``, and
#: its ``Table``; ``None`` for what it did not need yet.
Clock = list[t.Any]
#: The frames that have to be left on Python's stack for a recursive call.
_HEADROOM = 250
#: Seconds since the beginning of a question, after which each call of Python checks the clock.
_BRIEF = 0.005
_MISSING = object()
_UNLOADED = object()
_HARMLESS = (bool, int, float, str, list, dict, type(None), types.MethodType, UnreadRelation)
_SCALARS = frozenset({bool, int, float, str})
_NO_OBJECT = Value(False)
#: The globals of compiled functions that are the same for all engines.
_SHARED: dict[str, t.Any] = {
    "unread": (None, None),
    "missing": _MISSING,
    "unloaded": _UNLOADED,
    "once": (None,),
    "never": (),
    "is_searched": False,
    "scalars": _SCALARS,
    "variable": terms.Variable("_"),
    "copied_kinds": frozenset({list, dict}),
    "environment": STORED_ENVIRONMENT,
    "log_variable": STORED_VARIABLE,
    "unforeseen": SolverNeeded,
    "exhausted": EXHAUSTED,
    "resumed": RESUMED,
    "key_of": key_of,
}
#: The members of ``Runtime`` that functions use: methods and sets of classes.
_ASKED = (
    *("plain", "simple", "decided", "harmless"),
    *("equal", "matches", "read", "read_key", "field", "no_field", "in_order", "call_method"),
    *("construct", "calculate", "split", "elements", "compare", "condition", "check_sandbox"),
    *(
        "check_clock",
        "hand_over",
        "hand_over_each",
        "solve_goal",
        "is_simple",
        "by_solver",
        "problem_of",
    ),
)


class Runtime:
    """The state and the operations that the functions of one engine share.

    :param engine: the engine whose rules they are.
    """

    def __init__(self, engine: t.Any) -> None:
        self._engine = engine
        self.host: Host = engine.host
        # The goals of the instructions of each function.
        self._sites: dict[types.CodeType, dict[int, Site]] = {}
        # Classes whose values need no sandbox check and are no variables; more are learnt.
        self._harmless: set[type] = {*_HARMLESS}
        self._plain: set[type] = set()
        # Classes whose values Python compares without running code of a class.
        self._simple: set[type] = {str, int, float, type(None)}
        # Classes whose objects are equal if they are the same row.
        self._rows: set[type] = set()
        # Collections of rows that are iterated over without running code.
        rows = self.host.identities
        self._collections = frozenset({list}) | (rows.collections if rows else frozenset())
        self._harmless |= self._collections
        # Classes whose values compare with literals without running code.
        self._decided: set[type] = {*self._simple, bool}
        for cls in self.host.classes.values():
            self._learn(cls)

    def shared_names(self) -> dict[str, t.Any]:
        """Return the globals of compiled functions, except constants."""
        return {
            **_SHARED,
            **{name: getattr(self, f"_{name}") for name in _ASKED},
            "excludes": _excludes,
            "is_deep": is_deep,
            "copied": _copied,
            "leads_to": self.host.leads_to,
            "unread_relation": self.host.unread,
            "read_relation": _read_relation,
            "rows": self._rows,
            "collections": self._collections,
        }

    # -- what is known of classes -----------------------------------------------------------

    def _is_simple(self, arg: t.Any) -> bool:
        """Tell whether an argument can be used directly; learn its class if it can."""
        if type(arg) in self._plain:
            return True
        kind = type(arg)
        if kind in (list, dict) or sandbox.is_internal(kind) or is_awaitable(arg):
            return False
        term = to_term(arg)
        if type(term) is Instance:
            self._learn(type(arg))
            return True
        return type(term) is Value

    def _learn(self, cls: type) -> None:
        if not is_plain(cls) or issubclass(cls, type) or sandbox.is_internal(cls):
            return
        if not self.host.keeps(cls):
            # A class that the host does not keep is tested each time, and not remembered.
            return
        self._plain.add(cls)
        if not sandbox.passes_sandbox(cls):
            return
        if self.host.has_keys(cls):
            self._rows.add(cls)
            self._decided.add(cls)
            self._harmless.add(cls)
        elif compares_by_identity(cls):
            self._simple.add(cls)
            self._decided.add(cls)

    def _check_sandbox(self, value: t.Any, span: t.Any) -> None:
        """Check a value in the sandbox; learn the class of one that passes."""
        sandbox.check_reachable(value, span)
        kind = type(value)
        if kind is terms.Variable:
            raise SolverNeeded
        if sandbox.passes_sandbox(kind) and self.host.keeps(kind):
            self._harmless.add(kind)

    def _by_solver(self, name: str, args: tuple[t.Any, ...]) -> bool:
        return bool(self._engine.solve_call(name, args))

    # -- what functions ask for -----------------------------------------------------------

    def _equal(self, left: t.Any, right: t.Any, spans: tuple[t.Any, t.Any]) -> bool:
        if type(left) in self._rows and type(left) is type(right):
            return left is right or t.cast(Identities, self.host.identities).is_same(left, right)
        for value, span in zip((left, right), spans, strict=True):
            if span is not None:
                self._check_sandbox(value, span)
            self._learn(type(value))
        if self._are_compared_by_python(type(left), type(right)):
            return self.host.compare(Operator.EQ, left, right)
        return bool(self._engine.solver().equal(_ground(left), _ground(right)))

    def _are_compared_by_python(self, left: type, right: type) -> bool:
        """Tell whether Python compares values of two classes."""
        if left in self._plain:
            return right in self._plain or right in _SCALARS
        return right in self._plain and left in _SCALARS

    def _matches(self, item: t.Any, texts: tuple[str, ...]) -> Iterator[None]:
        for text in texts:
            if self._equal(item, text, (None, None)):
                yield

    def _read(self, value: t.Any, name: str, span: t.Any, written: t.Any) -> t.Any:
        kind = type(value)
        if kind is dict:
            term = result_to_term(value)
            if type(term) is Dictionary:
                found = term.get(name)
                return _MISSING if found is None else to_python(found, str)
        if kind is bool:
            raise self._here().operators.no_lookup(self._placed(value, written), span)
        found = self._attribute(value, name, span, self._here)
        self._learn(kind)
        if type(found) not in self._harmless:
            self._check_sandbox(found, span)
        return found

    def _field(self, value: t.Any, name: str, span: t.Any) -> t.Any:
        """Read a field of a value that is matched with a pattern, if there is one."""
        kind = type(value)
        if kind is dict:
            term = result_to_term(value)
            if type(term) is Dictionary:
                found = term.get(name)
                return _MISSING if found is None else to_python(found, str)
        try:
            found = attribute_access.read_attribute(self.host, _copied(value), name, span)
        except AttributeError as error:
            return self._no_field(value, name, error, span)
        except attribute_access.UnreadableRelation as error:
            raise self._here().machine.unreadable(error, span) from error
        self._learn(kind)
        if type(found) not in self._harmless:
            self._check_sandbox(found, span)
        return found

    def _no_field(self, value: t.Any, name: str, error: AttributeError, span: t.Any) -> t.Any:
        if sandbox.is_computed(_copied(value), name):
            raise self._here().matcher.failed_field(error, span) from error
        return _MISSING

    def _in_order(
        self, clauses: list[Clause], matched: tuple[bool, ...], args: tuple[t.Any, ...]
    ) -> list[int]:
        """Return the indices of the matching clauses, in the order in which they are tried."""
        chosen = [number for number, is_match in enumerate(matched) if is_match]
        if len(chosen) < 2:
            return chosen
        numbers = {id(clauses[number]): number for number in chosen}
        # The order depends only on the classes of objects.
        terms = [_NO_OBJECT if type(arg) in (list, dict) else result_to_term(arg) for arg in args]
        ordered = sort_clauses([clauses[number] for number in chosen], terms, self.host)
        return [numbers[id(clause)] for clause in ordered]

    def _attribute(self, value: t.Any, name: str, span: t.Any, here: Callable[[], Solver]) -> t.Any:
        try:
            return attribute_access.read_attribute(self.host, _copied(value), name, span)
        except AttributeError as error:
            raise here().operators.no_attribute(result_to_term(value), name, error, span) from error
        except attribute_access.UnreadableRelation as error:
            raise here().machine.unreadable(error, span) from error

    def _call_method(
        self, value: t.Any, key: t.Any, args: tuple[t.Any, ...], clock: Clock
    ) -> t.Any:
        if clock[1] is None:
            clock[1] = time.monotonic()
        name, span, keywords, written = key
        if type(value) is bool:
            raise self._here().operators.no_lookup(self._placed(value, written), span)
        method = self._attribute(value, name, span, self._here)
        if not callable(method):
            raise self._here().operators.not_callable(name, span)
        found = self._called(method, args, keywords, clock)
        if type(found) not in self._harmless:
            self._check_sandbox(found, span)
        return found

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
        if type(made) not in self._plain:
            self._learn(type(made))
        return made

    def _called(
        self, function: t.Any, args: tuple[t.Any, ...], keywords: tuple[str, ...], clock: Clock
    ) -> t.Any:
        """Call something of the host; after a long call, check the clock."""
        if clock[1] is None:
            clock[1] = time.monotonic()
        plain = [_copied(arg) for arg in args]
        count = len(plain) - len(keywords)
        found = function(*plain[:count], **dict(zip(keywords, plain[count:], strict=True)))
        if time.monotonic() - clock[1] > _BRIEF:
            self._check_clock(clock)
        return found

    def _split(
        self, value: t.Any, what: tuple[int, bool], shown: t.Any = None, is_left: bool = True
    ) -> t.Any:
        """Return the elements of a list of this length, and the rest where one is allowed."""
        count, is_open = what
        term = _ground(value)
        if type(term) is List:
            length = len(term.items)
            if length != count and not (is_open and length > count):
                return _MISSING
            return [*value[:count], value[count:]] if is_open else [*value]
        if type(term) is Instance and shown is not None:
            if is_open:
                # A list with an unknown rest cannot be passed to `__eq__`.
                raise UnexpectedPolarTypeError("RestVariable")
            sides = (shown, value) if is_left else (value, shown)
            if compare_values(Operator.EQ, *sides):
                # Only the solver can go on with unbound variables.
                raise SolverNeeded
        return _MISSING

    def _calculate(self, left: t.Any, right: t.Any, goal: Expression, result: t.Any) -> t.Any:
        if _is_number(left) and _is_number(right):
            with contextlib.suppress(ArithmeticError):
                return numbers.calculate(goal.operator, left, right)
        name = getattr(goal.args[2], "name", "")
        shown = Unknown(f"_{name}_1") if result is _MISSING else result_to_term(result)
        # This raises the error of the solver.
        return self._at(goal).operators.calculate(goal, _ground(left), _ground(right), shown).value

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

    def _elements(
        self, collection: t.Any, goal: Expression, span: t.Any, written: t.Any, clock: Clock
    ) -> Iterator[t.Any]:
        if span is not None:
            self._check_sandbox(collection, span)
        if sandbox.iterates_itself(type(collection)):
            yield from self._members(collection, goal)
            return
        term = result_to_term(collection)
        # Only the error for a value that is no collection needs a backtrace, which is slow to make.
        is_collection = type(term) is not Value or type(term.value) is str
        solver = self._at(goal) if is_collection else self._here()
        if not is_collection:
            term = self._placed(collection, written)
        solver.machine.begun = _begun(clock)
        if clock[1] is None:
            clock[1] = time.monotonic()
        for element in solver.operators.elements(term, goal):
            if time.monotonic() - clock[1] > _BRIEF:
                self._check_clock(clock)
            yield to_python(element, str)

    def _members(self, collection: t.Iterable[t.Any], goal: Expression) -> Iterator[t.Any]:
        """Yield the elements of a collection whose iterator runs no Python code."""
        for element in collection:
            kind = type(element)
            if kind not in self._plain and kind not in _SCALARS:
                # A list or a dictionary is copied; the sandbox checks the element.
                alone = Instance((element,))
                (found,) = self._at(goal).operators.elements(alone, goal)
                yield to_python(found, str)
            else:
                yield element

    def _compare(self, left: t.Any, right: t.Any, goal: Expression) -> bool:
        kinds = type(left), type(right)
        if self._are_compared_by_python(*kinds):
            return self.host.compare(goal.operator, left, right)
        if _SCALARS.issuperset(kinds) and (kinds[0] is str) is (kinds[1] is str):
            return numbers.COMPARISON_FUNCTIONS[goal.operator](left, right)
        sides = _ground(left), _ground(right)
        expression = Expression(goal.operator, sides, span=goal.span)
        return bool(self._at(goal).compare_terms(expression))

    def _condition(self, value: t.Any, goal: Term, span: t.Any, written: t.Any) -> bool:
        """Raise the error for a condition that is neither true nor false."""
        self._check_sandbox(value, span)
        term = self._placed(value, written)
        return bool(self._here(term).condition(term, goal))

    def _placed(self, value: t.Any, written: Span | int | None) -> Term:
        """Return a value as a term, with its span if it was a literal."""
        term = result_to_term(value)
        if isinstance(written, int):
            # The current goal comes first, then the call with the parameter.
            written = argument_span(self._goals(sys._getframe(2))[1:], written)
        return Value(term.value, span=written) if type(term) is Value else term

    def _goals(self, frame: types.FrameType) -> list[Term | None]:
        """Return the current goals of the compiled functions, innermost first."""
        found = frames_of(frame, self._sites)
        sites = (self._sites[code].get(offset) for code, offset in reversed(found))
        return [site.steps[-1][0] for site in sites if site is not None and site.steps]

    # -- time -----------------------------------------------------------------------------

    def _check_clock(self, clock: Clock) -> None:
        clock[0] = CLOCK_INTERVAL
        if clock[1] is None:
            clock[1] = time.monotonic()
            return
        timeout = self._engine.limits.timeout
        if timeout is not None and time.monotonic() - clock[1] > timeout:
            self._engine.solver().check_time(clock[1])

    # -- the solver takes over -------------------------------------------------------------

    def _hand_over(
        self, name: str, args: tuple[t.Any, ...], clock: Clock, labels: t.Any = None
    ) -> bool:
        for _ in self._hand_over_each(name, args, clock, labels):
            return True
        return False

    def _hand_over_each(
        self, name: str, args: tuple[t.Any, ...], clock: Clock, labels: t.Any = None
    ) -> Iterator[None]:
        """Let the solver find the solutions of a call.

        :param labels: one label for each term among the arguments: two may have the same value.
        """
        if clock[1] is None:
            clock[1] = time.monotonic()
        steps = self._steps(frames_of(sys._getframe(1), self._sites))
        named = dict(zip(labels or range(len(args)), map(result_to_term, args), strict=True))
        goal = Call(name, tuple(named[label] for label in labels or named))
        around = None
        if steps:
            # The last step is the call itself, which the solver adds.
            around = chain(steps[:-1], entry_call(sys._getframe(1)))
            goal = with_spans(goal, self._goals(sys._getframe(1)))
        solver = self._tabled_solver(clock)
        for is_decided in solver.go_on(goal, around, clock[1]):
            if not is_decided:
                # An error unless a later goal fails, which only the solver knows.
                raise SolverNeeded
            yield

    def _solve_goal(
        self, what: HandedGoal, values: tuple[t.Any, ...], clock: Clock
    ) -> Iterator[None]:
        """Let the solver solve a goal."""
        if clock[1] is None:
            clock[1] = time.monotonic()
        frame: list[t.Any] = [None] * what.size
        terms: dict[str, Term] = {}
        for (index, name), value in zip(what.bound, values, strict=True):
            frame[index] = terms.get(name) or terms.setdefault(name, result_to_term(value))
        for index, literal in what.literals:
            frame[index] = literal
        steps = self._steps(frames_of(sys._getframe(1), self._sites))
        # The last step is the goal itself, which the solver adds.
        around = chain(steps[:-1], entry_call(sys._getframe(1)))
        solver = self._tabled_solver(clock)
        for is_decided in solver.go_on(what.goal, around, clock[1], frame):
            if not is_decided:
                raise SolverNeeded
            yield

    def _tabled_solver(self, clock: Clock) -> Solver:
        """Return a solver that goes on with the table of the question."""
        if clock[3] is None:
            clock[3] = {}
        solver = TabledSolver(self._engine, self._engine.limits, clock[3], self.is_recursive)
        solver.machine.begun = _begun(clock)
        return solver

    def is_recursive(self, name: str) -> bool:
        """Tell whether a rule may call itself."""
        raise NotImplementedError

    def _at(self, goal: Term) -> Solver:
        """Return a solver at a goal, without the backtrace."""
        solver: Solver = self._engine.solver()
        solver.stand_at(chain([(goal, None)], None))
        return solver

    def _here(self, goal: Term | None = None) -> Solver:
        """Return a solver at the current goal of the calling function, with the backtrace.

        :param goal: the value of the current goal, if that is a variable.
        """
        solver: Solver = self._engine.solver()
        steps = self._steps(frames_of(sys._getframe(2), self._sites))
        if goal is not None:
            steps[-1] = (goal, steps[-1][1])
        solver.stand_at(chain(steps, entry_call(sys._getframe(2))))
        return solver

    def _steps(self, frames: list[tuple[types.CodeType, int]]) -> GoalSteps:
        steps: GoalSteps = []
        for code, offset in frames:
            site = self._sites[code].get(offset)
            if site is not None:
                steps.extend(site.steps)
        return steps

    def _problem_of(
        self, error: AttributeError, name: str, args: tuple[t.Any, ...]
    ) -> OsoError | None:
        """Return the error of the policy for an attribute that a function did not find.

        ``None`` if the error comes from elsewhere: from within a method, or from a comparison.
        """
        frames = list(until_next_entry(error.__traceback__, self._sites))
        code, offset = frames[-1]
        site = self._sites[code].get(offset)
        if site is None:
            return None
        goal = site.steps[-1][0]
        if not isinstance(goal, Expression) or goal.operator is not Operator.DOT:
            return None
        key = goal.args[1]
        if not isinstance(key, Value):
            return None
        solver: Solver = self._engine.solver()
        solver.stand_at(chain(self._steps(frames), Call(name, tuple(map(to_term, args)))))
        # An error raised within a property has no owner, and then no proposal.
        value = Instance(error.obj)
        return solver.operators.no_attribute(value, str(key.value), error, goal.span)


def _read_relation(value: t.Any) -> t.Any:
    """Return the row of a relation that was not read so far."""
    return value.read() if type(value) is UnreadRelation else value


def _copied(value: t.Any) -> t.Any:
    """Return a value for Python: a list or a dictionary as a copy."""
    if type(value) is list or type(value) is dict:
        return to_python(result_to_term(value), str)
    return value


def _ground(value: t.Any) -> Term:
    """Return a value as a term.

    :raises SolverNeeded: if it contains a variable, which only the solver can bind.
    """
    term = result_to_term(value)
    if not is_ground(term):
        raise SolverNeeded
    return term


def _begun(clock: Clock) -> IteratorUse:
    """Return the state of the iterators that the question reads."""
    if clock[2] is None:
        clock[2] = IteratorUse()
    return t.cast(IteratorUse, clock[2])


def is_deep() -> bool:
    """Tell whether little is left of Python's stack."""
    try:
        sys._getframe(sys.getrecursionlimit() - _HEADROOM)
    except ValueError:
        return False
    return True


def _is_number(value: t.Any) -> bool:
    """Tell whether a value is a number of Polar: a float, or an integer of 64 bits."""
    kind = type(value)
    return kind is float or (kind is int and INTEGER_MIN <= value <= INTEGER_MAX)


def _excludes(literal: t.Any, value: t.Any) -> bool:
    """Tell whether a literal of a head excludes a native value of Polar."""
    term = result_to_term(value)
    if type(term) is Value:
        return not numbers.equal_scalars(literal, term.value)
    return type(term) is not Instance
