"""Counterfactuals: changes that would allow what was denied.

In goes the provenance of a run without a solution; out come a few changes, the smallest first: a
role, a value of an attribute, the result of a method. Each one is tested: another run assumes it,
wherever the policy looks for it, and it is suggested only if that run has a solution. That a
property or a method computes its value from an attribute is not known here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import time
import typing as t
from collections.abc import Callable, Iterator, Sequence

from ..host.conversion import follow, result_to_term
from ..host.sandbox import iterates_itself
from ..limits import Limits
from ..nodes import Call, Expression, Instance, List, Operator, Slot, Term, Value, is_ground
from ..solver.backtrace import Step
from ..solver.clauses import Frame, Template
from ..solver.machine import KnowledgeBase, Machine
from ..solver.matcher import Matcher
from ..solver.observation import (
    Announcer,
    ObservedMatcher,
    ObservedOperators,
    ObservedSolver,
)
from ..solver.operators import Operators
from ..sources import Span
from ..traversal import is_operation
from .proof_builder import ProofBuilder, value_of
from .proof_tree import Seen, SourcePlace, Suggestion, source_place
from .provenance import Failure, Provenance, ProvenanceObserver, Subgoal
from .redaction import MAX_NAME, REDACTED, Describer
from .source_form import (
    Operand,
    call_of,
    condition_span,
    condition_text,
    is_shorthand,
    main_condition,
    operands_of,
)

#: How many suggestions are made, and how many changes are tried for them.
MAX_SUGGESTIONS = 3
MAX_TRIED = 12
#: For how many changes that are not sufficient a second one is searched.
_MAX_FIRST = 4
#: How deep candidates are searched.
_MAX_DEPTH = 12
#: How many seconds the whole search may take, besides the limit of each run.
_MAX_SECONDS = 2.0

#: The rules that say who has a role, today's and those of oso 0.15.
_ROLES = ("has_role", "actor_has_role_for_resource")
_EQUATIONS = (Operator.UNIFY, Operator.EQ)
#: By how much a value has to differ from the other operand, so that a comparison holds.
_ORDER = {Operator.GT: 1, Operator.GEQ: 0, Operator.LT: -1, Operator.LEQ: 0}


@dataclasses.dataclass(frozen=True, eq=False)
class Change:
    """An assumption, and its text.

    :param seen: the values of the names in the text.
    :param place: the condition that fails without it.
    """

    text: str
    seen: tuple[Seen, ...]
    place: SourcePlace | None

    def is_like(self, other: Change) -> bool:
        """Return whether both changes are the same, possibly of different objects."""
        return (self.text, self.place) == (other.text, other.place)

    def is_about(self, other: Change) -> bool:
        """Return whether both change the same thing."""
        return False


@dataclasses.dataclass(frozen=True, eq=False)
class GivenCall(Change):
    """The assumption that a rule call holds."""

    name: str
    args: tuple[t.Any, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class GivenAttribute(Change):
    """The assumption that an attribute of an object has a value."""

    owner: object
    name: str
    value: Term

    def is_about(self, other: Change) -> bool:
        """Return whether both change the same attribute."""
        is_same = isinstance(other, GivenAttribute) and other.owner is self.owner
        return is_same and t.cast(GivenAttribute, other).name == self.name


@dataclasses.dataclass(frozen=True, eq=False)
class GivenResult(Change):
    """The assumption that a method of an object returns true for some arguments."""

    owner: object
    name: str
    args: tuple[t.Any, ...]

    def is_of(self, call: Call) -> bool:
        """Return whether the assumption is about this call."""
        is_named = call.name == self.name and not call.kwargs
        return is_named and _are_same([*map(follow, call.args)], self.args)


class CounterfactualSolver(ObservedSolver):
    """One run with some assumptions, whose provenance is kept.

    Unlike an observer it changes results, so it overrides the solver and its parts.

    :param changes: the assumptions.
    """

    def __init__(
        self, program: KnowledgeBase, limits: Limits, record: Provenance, changes: Sequence[Change]
    ) -> None:
        self._changes = changes
        super().__init__(program, limits, [ProvenanceObserver(record)])

    def _make_matcher(self) -> Matcher:
        return _CounterfactualMatcher(self.machine, self.announcer, self._changes)

    def _make_operators(self) -> Operators:
        return _CounterfactualOperators(self.machine, self.announcer, self._changes)

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        for change in self._changes:
            if isinstance(change, GivenCall) and change.name == call.name:
                args = [follow(self.machine.operand(arg, frame)) for arg in call.args]
                if _are_same(args, change.args):
                    return True
        return super()._solve_call(call, frame, step)


class _CounterfactualMatcher(ObservedMatcher):
    def __init__(self, machine: Machine, announcer: Announcer, changes: Sequence[Change]) -> None:
        super().__init__(machine, announcer)
        self._changes = changes

    def field(self, value: t.Any, name: str, span: Span | None) -> t.Any:
        return _given(self._changes, value, name) or super().field(value, name, span)


class _CounterfactualOperators(ObservedOperators):
    def __init__(self, machine: Machine, announcer: Announcer, changes: Sequence[Change]) -> None:
        super().__init__(machine, announcer)
        self._changes = changes

    def get_attribute(self, value: Term, name: str, goal: Expression) -> Term:
        return _given(self._changes, value, name) or super().get_attribute(value, name, goal)

    def call_method(self, value: Term, call: Call, goal: Expression) -> Term:
        owner = getattr(follow(value), "value", None)
        for change in self._changes:
            if isinstance(change, GivenResult) and change.owner is owner and change.is_of(call):
                return Value(True)
        return super().call_method(value, call, goal)


def _given(changes: Sequence[Change], value: t.Any, name: str) -> Term | None:
    """Return the value that an attribute is assumed to have, if there is an assumption."""
    owner = getattr(follow(value), "value", None)
    for change in changes:
        if isinstance(change, GivenAttribute) and change.name == name and owner is change.owner:
            return change.value
    return None


def _are_same(left: Sequence[t.Any], right: Sequence[t.Any]) -> bool:
    return len(left) == len(right) and all(map(_is_same, left, right))


def _is_same(left: t.Any, right: t.Any) -> bool:
    """Return whether two values are the same. No code of objects runs."""
    if isinstance(left, Value) and isinstance(right, Value):
        return type(left.value) is type(right.value) and left.value == right.value
    if isinstance(left, Instance) and isinstance(right, Instance):
        return left.value is right.value
    return left is right


class CounterfactualSearch:
    """Finds changes that would allow one query.

    :param ask: runs the query with some changes and returns the provenance.
    :param describer: prints values.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Change]], Provenance | None],
        program: KnowledgeBase,
        describer: Describer,
    ) -> None:
        self._ask = ask
        self._program = program
        self._describer = describer
        self._tries_left = MAX_TRIED
        self._until = time.monotonic() + _MAX_SECONDS

    def suggest(self, record: Provenance) -> tuple[Suggestion, ...]:
        """Return changes that would allow the query; pairs if no single one would."""
        found: list[Change] = []
        not_enough: list[tuple[Change, Provenance]] = []
        for change in self._candidates(record):
            if any(map(change.is_like, found)):
                continue
            after = self._try([change])
            if after is None:
                continue
            if after.solution is None:
                not_enough.append((change, after))
                continue
            found.append(change)
            if len(found) == MAX_SUGGESTIONS:
                break
        suggestions = [_suggestion([change]) for change in found]
        return tuple(suggestions or self._pairs(not_enough[:_MAX_FIRST]))

    def _pairs(self, firsts: Sequence[tuple[Change, Provenance]]) -> list[Suggestion]:
        self._tries_left = MAX_TRIED
        for first, record in firsts:
            for second in self._candidates(record):
                if second.is_about(first):
                    # The second change would undo the first.
                    continue
                after = self._try([first, second])
                if after is not None and after.solution is not None:
                    return [_suggestion([first, second])]
        return []

    def _try(self, changes: Sequence[Change]) -> Provenance | None:
        if self._tries_left <= 0 or time.monotonic() > self._until:
            return None
        self._tries_left -= 1
        return self._ask(changes)

    # -- candidates ---------------------------------------------------------------------

    def _candidates(self, record: Provenance) -> list[Change]:
        """Return changes that may be sufficient, those for the nearest miss first."""
        if record.root is None:
            return []
        self._ranker = ProofBuilder(self._program, self._describer)
        actor = record.root.args[0] if record.root.args else None
        found: dict[t.Any, Change] = {}
        for change in self._in_question(record.root, actor, 0):
            found.setdefault((change.text, change.seen), change)
        return list(found.values())[: 2 * MAX_TRIED]

    def _in_question(self, subgoal: Subgoal, actor: t.Any, depth: int) -> Iterator[Change]:
        if depth > _MAX_DEPTH:
            return
        is_role = subgoal.call.name in _ROLES
        for attempt in self._ranker.ranked(subgoal):
            # How the application looks roles up is not shown; implied roles are.
            if is_role and not is_shorthand(attempt.clause):
                continue
            for failure in attempt.failures:
                yield from self._in_failure(failure, actor, depth)

    def _in_failure(self, failure: Failure, actor: t.Any, depth: int) -> Iterator[Change]:
        subgoal = failure.subgoal
        if failure.waiting is not None:
            return
        if subgoal is None or subgoal.call is not call_of(failure.goal):
            yield from self._of_condition(failure)
            return
        place = source_place(condition_span(failure.goal))
        is_role = subgoal.call.name in _ROLES
        given = list(self._of_call(subgoal, actor, place))
        inner = list(self._in_question(subgoal, actor, depth + 1))
        # The attribute that a relation comes from says more than the relation.
        yield from [*given, *inner] if is_role else inner or given

    def _of_call(
        self, subgoal: Subgoal, actor: t.Any, place: SourcePlace | None
    ) -> Iterator[Change]:
        name, args = subgoal.call.name, subgoal.args
        if len(args) != 3 or not all(map(is_ground, args)):
            return
        subject, word, thing = (self._describer.term(arg, MAX_NAME) for arg in args)
        if name in _ROLES:
            holder = "" if _is_same(args[0], actor) else f" for {subject}"
            yield GivenCall(f"role {word} on {thing}{holder}", (), place, name, args)
        elif name == "has_relation":
            yield GivenCall(f"relation {word} of {thing} to {subject}", (), place, name, args)

    def _of_condition(self, failure: Failure) -> Iterator[Change]:
        made = Proposal(failure, self._describer).change()
        if made is not None:
            yield made


def _suggestion(changes: Sequence[Change]) -> Suggestion:
    text = " and ".join(change.text for change in changes)
    seen = dict.fromkeys(each for change in changes for each in change.seen)
    return Suggestion(text, tuple(seen), changes[0].place)


class Proposal:
    """Proposes a value of one attribute with which one condition would hold.

    :param failure: the failure of the condition.
    """

    def __init__(self, failure: Failure, describer: Describer) -> None:
        self._goal = failure.goal
        self._snapshot = failure.snapshot
        self._describer = describer
        self._operands = {operand.slot: operand for operand in operands_of(failure.goal)}

    def change(self) -> Change | None:
        """Return the change; ``None`` if no suitable value is known."""
        main = main_condition(self._goal)
        is_negated = is_operation(main, Operator.NOT)
        if is_negated:
            main = main_condition(t.cast(Expression, main).args[0])
        if isinstance(main, Slot):
            return self._truth(main, not is_negated)
        if not isinstance(main, Expression):
            return None
        if main.operator in _EQUATIONS:
            return self._opposite(main) if is_negated else self._equation(main)
        if main.operator is Operator.IN:
            return self._membership(main, not is_negated)
        if main.operator in _ORDER and not is_negated:
            return self._comparison(main)
        return None

    def _truth(self, main: Slot, wanted: bool) -> Change | None:
        """Propose a truth value, for ``post.published`` and ``not post.closed``."""
        operand = self._operands.get(main.index)
        found = None if operand is None else value_of(operand, self._snapshot)
        if operand is None or not _is_truth(found):
            return None
        text = condition_text(self._goal)
        made = self._result(operand, text) if wanted else None
        return made or self._attribute(operand, Value(wanted), text)

    def _opposite(self, main: Expression) -> Change | None:
        """Propose the other truth value, for ``not post.closed = true``."""
        for written, other in (main.args, main.args[::-1]):
            value = self._value(other)
            if isinstance(written, Slot) and isinstance(value, Value) and _is_truth(value):
                operand = self._operands.get(written.index)
                opposite = Value(not value.value)
                return self._attribute(operand, opposite, condition_text(self._goal))
        return None

    def _equation(self, main: Expression) -> Change | None:
        """Propose the value that an attribute is compared with: ``post.author = User:1``."""
        for written, other in (main.args, main.args[::-1]):
            operand = self._operands.get(written.index) if isinstance(written, Slot) else None
            value = self._value(other)
            if operand is None or not _is_known(value):
                continue
            shown = REDACTED if self._hides(operand) else self._describer.term(value)
            text = operand.text if shown == "true" else f"{operand.text} = {shown}"
            made = self._attribute(operand, value, text)
            if made is not None:
                return made
        return None

    def _membership(self, main: Expression, wanted: bool) -> Change | None:
        """Propose to add or remove an element: ``User:1 in post.editors``."""
        written = main.args[1]
        operand = self._operands.get(written.index) if isinstance(written, Slot) else None
        item = self._value(main.args[0])
        if operand is None or not _is_known(item):
            return None
        found = _elements(value_of(operand, self._snapshot))
        if found is None:
            return None
        if not wanted:
            found = [each for each in found if not _is_same(follow(each), item)]
        value = List((*found, item) if wanted else tuple(found))
        # An element is not the secret: that "edit" is among the scopes of a token may be said.
        is_hidden = self._hides(operand) and not self._describer.is_asked(item)
        shown = REDACTED if is_hidden else self._describer.term(item)
        text = f"{'' if wanted else 'not '}{shown} in {operand.text}"
        return self._attribute(operand, value, text)

    def _comparison(self, main: Expression) -> Change | None:
        """Propose a value adjacent to the one that an attribute is compared with."""
        for number, (written, other) in enumerate((main.args, main.args[::-1])):
            operand = self._operands.get(written.index) if isinstance(written, Slot) else None
            direction = _ORDER[main.operator] * (-1 if number else 1)
            value = _next_to(self._value(other), direction)
            if operand is not None and operand.computed is not None and value is not None:
                return self._attribute(operand, value, condition_text(self._goal))
        return None

    def _hides(self, operand: Operand) -> bool:
        return self._describer.redaction.hides_part(operand.text)

    def _value(self, term: Term) -> t.Any:
        if not isinstance(term, Slot):
            return term
        operand = self._operands.get(term.index)
        return None if operand is None else value_of(operand, self._snapshot)

    def _attribute(self, operand: Operand | None, value: Term, text: str) -> Change | None:
        found = self._lookup(operand)
        if found is None:
            return None
        holder, key = found
        if not isinstance(key, Value):
            return None
        return GivenAttribute(text, *self._where(operand), holder, str(key.value), value)

    def _result(self, operand: Operand | None, text: str) -> Change | None:
        found = self._lookup(operand)
        if found is None:
            return None
        holder, key = found
        call = key.term if isinstance(key, Template) else key
        if not isinstance(call, Call):
            return None
        args = tuple(map(self._argument, call.args))
        if not all(map(_is_known, args)):
            return None
        return GivenResult(text, *self._where(operand), holder, call.name, args)

    def _argument(self, term: Term) -> t.Any:
        return follow(self._snapshot.values[term.index]) if isinstance(term, Slot) else term

    def _lookup(self, operand: Operand | None) -> tuple[object, Term] | None:
        """Return the object of a lookup, and the name or the call that is looked up."""
        computed = operand.computed if operand is not None else None
        if computed is None or computed.operator is not Operator.DOT:
            return None
        owner, key = computed.args[:2]
        holder = self._argument(owner)
        is_object = isinstance(holder, Instance) and holder.value is not None
        return (t.cast(Instance, holder).value, key) if is_object else None

    def _where(self, operand: Operand | None) -> tuple[tuple[Seen, ...], SourcePlace | None]:
        """Return the value of the name of the object, and the place of the condition."""
        place = source_place(condition_span(self._goal))
        owner = t.cast(Expression, t.cast(Operand, operand).computed).args[0]
        if owner.span is None or not isinstance(owner, Slot):
            return (), place
        shown = self._describer.term(self._snapshot.values[owner.index], MAX_NAME)
        return (Seen(owner.span.text, shown),), place


def _is_known(value: t.Any) -> bool:
    return isinstance(value, (Value, Instance)) or (isinstance(value, List) and value.rest is None)


def _is_truth(term: t.Any) -> bool:
    return isinstance(term, Value) and type(term.value) is bool


def _elements(term: t.Any) -> Sequence[t.Any] | None:
    """Return the elements of a list or collection; ``None`` if iterating may run any code."""
    if isinstance(term, List):
        return term.items if term.rest is None else None
    value: t.Any = getattr(term, "value", None)
    kind = type(value)
    if not issubclass(kind, (list, tuple, set, frozenset)) or not iterates_itself(kind):
        return None
    return [result_to_term(each) for each in value]


def _next_to(term: t.Any, direction: int) -> Term | None:
    """Return a number or a date, plus the direction; ``None`` for other values."""
    value: t.Any = getattr(term, "value", None)
    if type(value) is int or type(value) is float:
        return Value(value + direction)
    if issubclass(type(value), datetime.date):
        with contextlib.suppress(OverflowError):
            return Instance(value + datetime.timedelta(days=direction))
    return None
