"""Changes that would allow what was denied.

In goes the record of a run without a solution; out come a few changes, the smallest first:
a role, a value of an attribute, a condition. None is given on trust: each is taken for
granted in another run, wherever the policy looks for it, and named only if that run has a
solution. What a property or a method computes is not known to follow from an attribute.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t
from collections.abc import Callable, Iterator, Sequence

from .clauses import Frame, Slot
from .descriptions import Describer
from .explaining import Explainer, value_of
from .host import follow
from .limits import Limits
from .machine import Program
from .nodes import Call, Expression, Instance, List, Operator, Term, Unknown, Value, is_ground
from .proving import Asking, Attempt, Failure, ProvingSolver, Record, Snapshot
from .reasons import Place, Seen, Suggestion, place_of
from .sources import Span
from .traces import Step
from .written import (
    Operand,
    call_of,
    condition_span,
    condition_text,
    is_shorthand,
    main_of,
    operands,
)

#: How many suggestions are given, and how many changes are tried for them.
MAX_SUGGESTIONS = 3
MAX_TRIED = 12
#: Of how many changes that are not enough alone a second one is looked for.
_MAX_FIRST = 4
#: How deep candidates are looked for.
_MAX_DEPTH = 12
#: How many seconds all of it may take, besides the limit for each run.
_MAX_SECONDS = 2.0

_EQUATIONS = (Operator.UNIFY, Operator.EQ)


@dataclasses.dataclass(frozen=True, eq=False)
class Change:
    """Something taken for granted, and how it is said.

    :param seen: what the names in the text stand for.
    :param place: the condition that fails without it.
    """

    text: str
    seen: tuple[Seen, ...]
    place: Place | None


@dataclasses.dataclass(frozen=True, eq=False)
class GivenCall(Change):
    """A rule call that shall hold."""

    name: str
    args: tuple[t.Any, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class GivenAttribute(Change):
    """What an attribute of an object shall be."""

    owner: object
    name: str
    value: Term


@dataclasses.dataclass(frozen=True, eq=False)
class GivenCondition(Change):
    """A condition of a rule that shall hold with these values of its variables."""

    goal: Term
    values: tuple[tuple[int, t.Any], ...]


class AssumingSolver(ProvingSolver):
    """One run in which some things are taken for granted.

    :param changes: those things.
    """

    def __init__(
        self, program: Program, limits: Limits, record: Record, changes: Sequence[Change]
    ) -> None:
        super().__init__(program, limits, record)
        self._changes = changes

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        for change in self._changes:
            if isinstance(change, GivenCall) and change.name == call.name:
                args = [follow(self._operand(arg, frame)) for arg in call.args]
                if _are_same(args, change.args):
                    return True
        return super()._solve_call(call, frame, step)

    def _solve_goal(self, payload: tuple[Term, Frame], around: Step) -> bool:
        goal, frame = payload
        for change in self._changes:
            if isinstance(change, GivenCondition) and change.goal is goal:
                values = [follow(frame[index]) for index, _ in change.values]
                if _are_same(values, [value for _, value in change.values]):
                    return True
        return super()._solve_goal(payload, around)

    def _get_attribute(self, value: Term, name: str, goal: Expression) -> Term:
        return self._given(value, name) or super()._get_attribute(value, name, goal)

    def _field(self, value: t.Any, name: str, span: Span | None) -> t.Any:
        return self._given(value, name) or super()._field(value, name, span)

    def _given(self, value: t.Any, name: str) -> Term | None:
        owner = getattr(follow(value), "value", None)
        for change in self._changes:
            if isinstance(change, GivenAttribute) and change.name == name and owner is change.owner:
                return change.value
        return None


def _are_same(left: Sequence[t.Any], right: Sequence[t.Any]) -> bool:
    return len(left) == len(right) and all(map(_is_same, left, right))


def _is_same(left: t.Any, right: t.Any) -> bool:
    """Tell whether two values are the same, without asking objects."""
    if isinstance(left, Value) and isinstance(right, Value):
        return type(left.value) is type(right.value) and left.value == right.value
    if isinstance(left, Instance) and isinstance(right, Instance):
        return left.value is right.value
    return left is right


class Advisor:
    """Finds changes for one question.

    :param ask: runs the question with some changes; gives the record.
    :param describer: shows the values.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Change]], Record | None],
        program: Program,
        describer: Describer,
    ) -> None:
        self._ask = ask
        self._program = program
        self._describer = describer
        self._tries_left = MAX_TRIED
        self._until = time.monotonic() + _MAX_SECONDS

    def suggest(self, record: Record) -> tuple[Suggestion, ...]:
        """Give changes that would allow it; two at a time, if no single one would."""
        found: list[Suggestion] = []
        not_enough: list[tuple[Change, Record]] = []
        for change in self._candidates(record):
            after = self._try([change])
            if after is None:
                continue
            if after.solution is None:
                not_enough.append((change, after))
                continue
            found.append(_suggestion([change]))
            if len(found) == MAX_SUGGESTIONS:
                break
        return tuple(found or self._pairs(not_enough[:_MAX_FIRST]))

    def _pairs(self, firsts: Sequence[tuple[Change, Record]]) -> list[Suggestion]:
        self._tries_left = MAX_TRIED
        for first, record in firsts:
            for second in self._candidates(record):
                after = self._try([first, second])
                if after is not None and after.solution is not None:
                    return [_suggestion([first, second])]
        return []

    def _try(self, changes: Sequence[Change]) -> Record | None:
        if self._tries_left <= 0 or time.monotonic() > self._until:
            return None
        self._tries_left -= 1
        return self._ask(changes)

    # -- candidates ---------------------------------------------------------------------

    def _candidates(self, record: Record) -> list[Change]:
        """Give changes that might be enough, those for the nearest miss first."""
        if record.root is None:
            return []
        self._ranker = Explainer(self._program, self._describer)
        actor = record.root.args[0] if record.root.args else None
        by_text = {(c.text, c.seen): c for c in self._in_question(record.root, actor, 0)}
        return list(by_text.values())[: 2 * MAX_TRIED]

    def _in_question(self, asking: Asking, actor: t.Any, depth: int) -> Iterator[Change]:
        if depth > _MAX_DEPTH:
            return
        is_role = asking.call.name == "has_role"
        for attempt in self._ranker.ranked(asking):
            # How roles are looked up is no news: what they imply is.
            if is_role and not is_shorthand(attempt.clause):
                continue
            for failure in attempt.failures:
                yield from self._in_failure(attempt, failure, actor, depth)

    def _in_failure(
        self, attempt: Attempt, failure: Failure, actor: t.Any, depth: int
    ) -> Iterator[Change]:
        asking = failure.asking
        if failure.waiting is not None:
            return
        if asking is None or asking.call is not call_of(failure.goal):
            yield from self._of_condition(failure)
            return
        place = place_of(condition_span(failure.goal))
        is_role = asking.call.name == "has_role"
        given = list(self._of_call(asking, actor, place))
        inner = list(self._in_question(asking, actor, depth + 1))
        # The attribute that makes a relation says more than the relation.
        yield from [*given, *inner] if is_role else inner or given

    def _of_call(self, asking: Asking, actor: t.Any, place: Place | None) -> Iterator[Change]:
        name, args = asking.call.name, asking.args
        if len(args) != 3 or not all(map(is_ground, args)):
            return
        subject, word, thing = map(self._describer.term, args)
        if name == "has_role":
            holder = "" if _is_same(args[0], actor) else f" for {subject}"
            yield GivenCall(f"role {word} on {thing}{holder}", (), place, name, args)
        elif name == "has_relation":
            yield GivenCall(f"relation {word} of {thing} to {subject}", (), place, name, args)

    def _of_condition(self, failure: Failure) -> Iterator[Change]:
        goal, snapshot = failure.goal, failure.snapshot
        main = main_of(goal)
        place = place_of(condition_span(goal))
        by_slot = {operand.slot: operand for operand in operands(goal)}
        if all(each.computed is None for each in by_slot.values()):
            # Nothing of an object is looked at.
            return
        made: Change | None = None
        if isinstance(main, Slot):
            made = self._attribute(by_slot.get(main.index), Value(True), snapshot, goal, place)
        elif isinstance(main, Expression) and main.operator is Operator.NOT:
            made = self._negated(main, by_slot, snapshot, place)
        elif isinstance(main, Expression) and main.operator in _EQUATIONS:
            made = self._equation(main, by_slot, snapshot, place)
        elif isinstance(main, Expression) and main.operator is Operator.IN:
            made = self._membership(main, by_slot, snapshot, place)
        made = made or self._condition(goal, snapshot, place)
        if made is not None:
            yield made

    def _negated(
        self,
        main: Expression,
        by_slot: dict[int, Operand],
        snapshot: Snapshot,
        place: Place | None,
    ) -> Change | None:
        """Suggest that a truth value is not, for ``not post.closed``."""
        inner = main_of(main.args[0])
        if not isinstance(inner, Slot):
            return None
        operand = by_slot.get(inner.index)
        return self._attribute(operand, Value(False), snapshot, main, place)

    def _equation(
        self,
        main: Expression,
        by_slot: dict[int, Operand],
        snapshot: Snapshot,
        place: Place | None,
    ) -> Change | None:
        """Suggest that an attribute is what it is compared with: ``post.author = User:1``."""
        for written, other in (main.args, main.args[::-1]):
            operand = by_slot.get(written.index) if isinstance(written, Slot) else None
            value = self._value(other, by_slot, snapshot)
            if operand is None or operand.computed is None or not _is_known(value):
                continue
            shown = self._describer.term(value)
            text = operand.text if shown == "true" else f"{operand.text} = {shown}"
            made = self._attribute(operand, value, snapshot, None, place, text)
            if made is not None:
                return made
        return None

    def _membership(
        self,
        main: Expression,
        by_slot: dict[int, Operand],
        snapshot: Snapshot,
        place: Place | None,
    ) -> Change | None:
        """Suggest that a list has an element more: ``User:1 in post.editors``."""
        written = main.args[1]
        operand = by_slot.get(written.index) if isinstance(written, Slot) else None
        item = self._value(main.args[0], by_slot, snapshot)
        if operand is None or not _is_known(item):
            return None
        found = value_of(operand, snapshot)
        if not isinstance(found, List) or found.rest is not None:
            return None
        value = List((*found.items, item), ground=found.ground)
        text = f"{self._describer.term(item)} in {operand.text}"
        return self._attribute(operand, value, snapshot, None, place, text)

    def _value(self, term: Term, by_slot: dict[int, Operand], snapshot: Snapshot) -> t.Any:
        if not isinstance(term, Slot):
            return term
        operand = by_slot.get(term.index)
        return None if operand is None else value_of(operand, snapshot)

    def _attribute(
        self,
        operand: Operand | None,
        value: t.Any,
        snapshot: Snapshot,
        goal: Term | None,
        place: Place | None,
        text: str = "",
    ) -> Change | None:
        """Suggest a value for an attribute.

        :param goal: the condition that this is, if its text says it.
        """
        computed = operand.computed if operand is not None else None
        if computed is None or computed.operator is not Operator.DOT:
            return None
        owner, key = computed.args[:2]
        holder = follow(snapshot.values[owner.index]) if isinstance(owner, Slot) else owner
        is_attribute = isinstance(key, Value) and type(key.value) is str
        if not is_attribute or not isinstance(holder, Instance) or holder.value is None:
            return None
        if goal is not None and not _is_truth(snapshot.results.get(id(computed))):
            return None
        shown = text or condition_text(t.cast(Term, goal))
        seen = self._holder(owner, snapshot)
        name = str(t.cast(Value, key).value)
        return GivenAttribute(shown, seen, place, holder.value, name, value)

    def _holder(self, owner: Term, snapshot: Snapshot) -> tuple[Seen, ...]:
        if not isinstance(owner, Slot) or owner.span is None:
            return ()
        value = follow(snapshot.values[owner.index])
        return (Seen(owner.span.text, self._describer.term(value)),)

    def _condition(self, goal: Term, snapshot: Snapshot, place: Place | None) -> Change | None:
        """Suggest the condition as it is, with the values of its variables."""
        plain = [each for each in operands(goal) if each.computed is None]
        values = tuple((each.slot, follow(snapshot.values[each.slot])) for each in plain)
        if not all(_is_known(value) for _, value in values):
            return None
        seen = tuple(
            Seen(each.text, self._describer.term(snapshot.values[each.slot])) for each in plain
        )
        return GivenCondition(condition_text(goal), seen, place, goal, values)


def _is_known(value: t.Any) -> bool:
    return (
        value is not None
        and type(value) is not Unknown
        and isinstance(value, Term)
        and (is_ground(value) or isinstance(value, List))
    )


def _is_truth(term: t.Any) -> bool:
    return isinstance(term, Value) and type(term.value) is bool


def _suggestion(changes: Sequence[Change]) -> Suggestion:
    text = " and ".join(change.text for change in changes)
    seen = dict.fromkeys(each for change in changes for each in change.seen)
    return Suggestion(text, tuple(seen), changes[0].place)
