"""The machine under the solver: goals, choice points, the clock, and conversion of values.

A loop over explicit stacks, so the depth of a policy does not use up Python's stack:

``goals``
    what is still to be solved, a linked list of ``(handler, payload, step, rest)``. A handler
    returns whether it succeeded; it may push further goals.
``choices``
    where to continue when a goal fails. Each has the goals and the length of the trail at its
    time.

Variables, their constraints and the trail are in ``unification.py``. Errors leave the loop as
exceptions: an error never becomes a solution.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..characters import with_escapes
from ..exceptions import OsoError, PolarRuntimeError, PolarTypeError, StackOverflowError, with_help
from ..host import attribute_access, sandbox
from ..host.conversion import check_object, follow, result_to_term, to_python
from ..host.iterators import IteratorUse
from ..host.registry import Host
from ..host.value_classes import differs_from_data
from ..limits import Limits
from ..nodes import (
    Dictionary,
    Instance,
    List,
    Operator,
    Term,
    Unknown,
    Variable,
    is_ground,
    parts,
    with_parts,
)
from ..printer import reveal, to_polar
from ..sources import Span, located
from ..traversal import fold
from .backtrace import Step, rule_in_a_circle, span_in_run, stack_trace
from .clause_index import ClauseIndex
from .clauses import Frame, bound, operand
from .unification import Bindings

#: How many goals are solved between two checks of the clock.
_CLOCK_INTERVAL = 64
#: How many goals below the start of a run an endless recursion is first looked for.
_FIRST_LOOK = 64
#: How often a rule has to call itself with the same arguments to be an endless recursion.
_CIRCLES = 4
#: What a ``StopIteration`` becomes: it must end no loop of the caller.
STOPPED = "A Python object that the policy reads raised StopIteration."

Handler = Callable[[t.Any, Step], bool]
# (handler, payload, step, rest); recursive, so spelled with Any.
Goals = t.Any
NO_FRAME: Frame = []


class KnowledgeBase(t.Protocol):
    """A policy as a run needs it."""

    @property
    def host(self) -> Host:
        """The registered names."""

    @property
    def actors(self) -> tuple[str, ...]:
        """The members of the union ``Actor``."""

    @property
    def resources(self) -> tuple[str, ...]:
        """The members of the union ``Resource``."""

    def clauses(self, name: str) -> Mapping[int, ClauseIndex] | None:
        """The clauses of a name by number of parameters; ``None`` for an undefined rule."""

    def hint(self, name: str) -> str:
        """A remedy for a call of an undefined rule, after a full stop; empty if there is none."""


class Choice:
    """A choice point.

    ``resume`` takes the choice after the state of the run is restored, and returns whether there
    was another alternative. It removes the choice when there is none.
    """

    __slots__ = ("goals", "number", "resume", "state", "step", "trail")

    def __init__(
        self,
        number: int,
        trail: int,
        goals: Goals,
        step: Step,
        resume: Callable[[Choice], bool],
        state: t.Any,
    ) -> None:
        self.number = number
        self.trail = trail
        self.goals = goals
        self.step = step
        self.resume = resume
        self.state = state


#: A call of the application: the object, the name of its method or of a computed attribute, the
#: arguments, ``None`` for an attribute, and what it gave.
HostCall = tuple[t.Any, str, tuple[t.Any, ...] | None, t.Any]
#: How many of them are kept of a question that takes long.
MOST_CALLS = 10_000
#: Its name where an object is compared with a list.
EQUALITY = "__eq__"


class MadeCall(t.Protocol):
    """A method that was called, or a computed attribute that was read, and what it gave."""

    def is_of(self, owner: t.Any, name: str, args: tuple[t.Any, ...] | None, /) -> bool:
        """Tell whether it is this call; the arguments are ``None`` for an attribute."""

    def take(self) -> t.Any:
        """Return the result, or raise the error."""


class Machine:
    """The state of one run, and the operations on it.

    :param program: the policy.
    :param limits: the limits of the run; those of the environment by default.
    :param recheck: the handler that evaluates a constraint again.
    """

    def __init__(self, program: KnowledgeBase, limits: Limits | None, recheck: Handler) -> None:
        self.program = program
        self._recheck = recheck
        self.host = program.host
        self.limits = Limits() if limits is None else limits
        self._timeout = self.limits.timeout
        self._max_depth = self.limits.goals
        self._next_look = 0
        self._looked_from: int | None = None
        self.used = 0.0
        self.resumed = 0.0
        self.until_clock = _CLOCK_INTERVAL
        self.bindings = Bindings(self.compare_objects, self.limits.comparisons, self.check_element)
        self.choice_number = 0
        self.goals: Goals = None
        self.step = Step(None, NO_FRAME, None, None, 0)
        self.choices: list[Choice] = []
        #: Set when the run reads an iterator.
        self.begun: IteratorUse | None = None
        #: A call of the application that was made before the run, which comes to it, too.
        self.made: MadeCall | None = None
        #: Notes each call of the application, if somebody wants to know of them.
        self.calls: list[HostCall] | None = None
        #: The variables that the host knows by name: those of the query and of results.
        self.known: dict[str, Unknown] = {}

    def push(self, handler: Handler, payload: t.Any, step: Step) -> None:
        self.goals = (handler, payload, step, self.goals)

    def advance(self) -> bool:
        """Solve goals until none is left; return ``False`` if that is not possible."""
        try:
            while (goals := self.goals) is not None:
                handler, payload, step, self.goals = goals
                self.step = step
                self.until_clock -= 1
                if not self.until_clock:
                    self.check_clock()
                if not handler(payload, step) and not self.backtrack():
                    return False
        except StopIteration as error:
            raise RuntimeError(STOPPED) from error
        return True

    def check_clock(self) -> None:
        self.until_clock = _CLOCK_INTERVAL
        if self._timeout is None:
            return
        used = self.used + time.monotonic() - self.resumed
        if used > self._timeout:
            raise PolarRuntimeError(
                f"Query timeout: Query running for {used * 1000:.0f}ms, which exceeds the timeout"
                f" of {self._timeout * 1000:.0f}ms. To disable timeouts, set the"
                " POLAR_TIMEOUT_MS environment variable to 0."
            )

    def backtrack(self) -> bool:
        while self.choices:
            choice = self.choices[-1]
            self.bindings.undo(choice.trail)
            self.goals = choice.goals
            self.step = choice.step
            if choice.resume(choice):
                return True
        return False

    def choose(self, resume: Callable[[Choice], bool], state: t.Any, step: Step) -> Choice:
        if len(self.choices) >= self.limits.choices:
            raise StackOverflowError(f"Too many choices! MAX_CHOICES = {self.limits.choices}")
        choice = Choice(self.choice_number, self.bindings.mark(), self.goals, step, resume, state)
        self.choice_number += 1
        self.choices.append(choice)
        return choice

    def branch(self, handler: Handler, payloads: Iterable[t.Any], step: Step) -> bool:
        """Try a handler on each of some payloads, which are produced one at a time."""
        choice = self.choose(self._next_alternative, (handler, iter(payloads)), step)
        return self._next_alternative(choice)

    def _next_alternative(self, choice: Choice) -> bool:
        handler, payloads = choice.state
        for payload in payloads:
            self.goals = (handler, payload, choice.step, choice.goals)
            return True
        self.discard(choice.number)
        return False

    def branch_over(self, handler: Handler, payloads: list[t.Any], step: Step) -> bool:
        """Try a handler on each of some payloads; no choice is left for the last one."""
        if len(payloads) > 1:
            self.choose(self._next_of_list, (handler, payloads, 1), step)
        elif not payloads:
            return False
        self.push(handler, payloads[0], step)
        return True

    def _next_of_list(self, choice: Choice) -> bool:
        handler, payloads, at = choice.state
        if at + 1 == len(payloads):
            self.discard(choice.number)
        else:
            choice.state = (handler, payloads, at + 1)
        self.goals = (handler, payloads[at], choice.step, choice.goals)
        return True

    def discard(self, number: int) -> None:
        """Discard the choice with this number and all younger ones."""
        choices = self.choices
        while choices and choices[-1].number >= number:
            choices.pop()

    def check_depth(self, step: Step) -> None:
        if step.depth >= self._next_look:
            self._look_for_circle(step)
        if step.depth > self._max_depth:
            raise self._overflow()

    def _look_for_circle(self, step: Step) -> None:
        """Raise the error for an endless recursion before the limit of goals is reached.

        The distance between two looks grows with the depth, so they take a small part of the
        time of a run.
        """
        if self._looked_from is None:
            self._looked_from = step.depth
            self._next_look = step.depth + _FIRST_LOOK
            if step.depth > _FIRST_LOOK:
                # The run continues deep below compiled rules and sees only its own goals. It may
                # go as far as the first look, so that the error is the same.
                self._max_depth = max(self._max_depth, self._next_look)
            return
        self._next_look += step.depth - self._looked_from
        rule = rule_in_a_circle(step, _CIRCLES)
        if rule is not None:
            raise self.circle(rule)

    def circle(self, rule: str) -> OsoError:
        """Make the error for an endless recursion of a rule."""
        return with_help(
            self._overflow(),
            f"`{rule}` calls itself with the same arguments, and would again. Look for a"
            " circle in the data, such as a folder that is inside of itself, or in the rules.",
        )

    def _overflow(self) -> StackOverflowError:
        return StackOverflowError(f"Goal stack overflow! MAX_GOALS = {self.limits.goals}")

    # -- unification --------------------------------------------------------------------

    def unify(self, left: t.Any, right: t.Any) -> bool:
        """Unify two terms; the constraints of variables that are bound become the next goals."""
        unified = self.bindings.unify(left, right)
        self.wake()
        return unified

    def wake(self) -> None:
        for constraint in reversed(self.bindings.take_woken()):
            self.push(self._recheck, constraint, self.step)

    def operand(self, term: Term, frame: Frame) -> t.Any:
        return operand(term, frame, self.bindings.fresh)

    def compare_objects(
        self, left: Term, right: Term, kind: Operator = Operator.EQ, span: Span | None = None
    ) -> bool:
        self.until_clock = 1
        is_equality = kind is Operator.EQ or kind is Operator.NEQ
        if is_equality and (_is_apart(left, right) or _is_apart(right, left)):
            return kind is Operator.NEQ
        sides = self.to_python(left), self.to_python(right)
        for value in sides:
            # It may be an element of a list that was taken apart.
            check_object(value, None)
        if self.made is not None and kind is Operator.EQ:
            for value, other in (sides, sides[::-1]):
                if type(other) is list and self.made.is_of(value, EQUALITY, (other,)):
                    return bool(self.made.take())
        return self.host.compare(kind, *sides, span)

    def check_element(self, element: t.Any) -> None:
        """Refuse an element of a list that the sandbox does not let through, when it is read."""
        if type(element) is Instance and element.value is not None:
            sandbox.check_reachable(element.value, self.step_span())

    # -- Python values ------------------------------------------------------------------

    def know(self, name: str) -> Unknown:
        known = self.known.get(name)
        if known is None:
            known = self.known[name] = Unknown(name, 0)
        return known

    def _name_for_host(self, unknown: Unknown) -> str:
        # A variable of the query may have the name of one of the run.
        name = unknown.name
        while self.known.setdefault(name, unknown) is not unknown:
            name += "_"
        return name

    def to_python(self, term: t.Any) -> t.Any:
        return to_python(follow(term), self._name_for_host)

    def read(self, value: Term, name: str, span: Span | None) -> t.Any:
        """Read an attribute or a relation of a value; check the clock after it."""
        self.until_clock = 1
        owner, made = self.to_python(value), self.made
        if made is not None and made.is_of(owner, name, None):
            return made.take()
        try:
            found = attribute_access.read_attribute(self.host, owner, name, span)
        except attribute_access.UnreadableRelation as error:
            raise self.unreadable(error, span) from error
        self.note_call(owner, name, None, found)
        return found

    def note_call(self, *call: t.Any) -> None:
        """Note a call of the application, as a ``HostCall``, if somebody wants to know of it."""
        if self.calls is not None and len(self.calls) < MOST_CALLS:
            self.calls.append(t.cast("HostCall", call))

    def unreadable(
        self, error: attribute_access.UnreadableRelation, span: Span | None
    ) -> PolarRuntimeError:
        """Make the error for a relation that cannot be read."""
        problem = self.traced(
            PolarRuntimeError, f"Application error: {with_escapes(error.fact)}", span
        )
        return with_help(problem, error.remedy)

    def from_python(self, value: t.Any, span: Span | None) -> Term:
        kind = type(value)
        if kind is not str and kind is not int and kind is not bool:
            sandbox.check_reachable(value, span)
        term = result_to_term(value, span)
        if is_ground(term):
            return term
        return t.cast(Term, self.with_variables(term, {}))

    def with_variables(self, term: t.Any, names: Mapping[str, Unknown]) -> t.Any:
        """Replace the variables that the host named by those of the run."""

        def look(part: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
            if type(part) is Variable:
                return names.get(part.name) or self.know(part.name), ()
            return part, () if is_ground(part) else parts(part)

        return fold(term, look, with_parts)

    # -- messages -----------------------------------------------------------------------

    def show(self, term: t.Any) -> str:
        # A string may contain line ends: escapes keep it from forging lines of a message.
        return with_escapes(to_polar(bound(term), self.host.class_name))

    def reveal(self, term: t.Any) -> str:
        """Print a term with the ``repr`` of its objects, for the author of the policy."""
        return with_escapes(to_polar(bound(term), self.host.class_name, reveal))

    def step_span(self) -> Span | None:
        return span_in_run(self.step.goal, self.step.frame)

    def type_error(self, message: str, span: Span | None, help_line: str = "") -> PolarTypeError:
        error = self.traced(PolarTypeError, f"Type error: {message}", span)
        return with_help(error, help_line)

    _E = t.TypeVar("_E", bound=OsoError)

    def traced(self, kind: type[_E], message: str, span: Span | None) -> _E:
        trace = stack_trace(self.step, self.host.class_name)
        return kind(trace + located(message, span), {"stack_trace": trace})


def _is_apart(term: Term, other: Term) -> bool:
    """Tell whether an object differs from a list or a dictionary, whatever that contains."""
    is_data = (type(other) is List or type(other) is Dictionary) and is_ground(other)
    return is_data and type(term) is Instance and differs_from_data(type(term.value))
