"""The stack of goals of a run, and how error messages print it.

A ``Step`` is made for each goal that is solved and refers to the goal around it: a rule call, its
body, nested operators. It has what the trace of an error shows, the depth of the run, and which
choices a ``cut`` discards.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..characters import with_escapes
from ..host.conversion import follow
from ..nodes import (
    Call,
    Expression,
    Instance,
    List,
    Operator,
    Slot,
    Unknown,
    Value,
    Variable,
    is_ground,
    parts,
    with_parts,
)
from ..printer import float_in_message, to_polar
from ..sources import Span
from ..traversal import fold
from .clauses import Frame, Template, bound
from .constraints import without_aliases

ClassName = t.Callable[[object], str | None]

#: How many characters of one goal a trace shows.
MAX_TEXT = 1_000


class Step:
    """One goal that is being solved.

    ``first_choice`` is the number that the next choice point had when the goal began.
    """

    __slots__ = ("depth", "first_choice", "frame", "goal", "parent", "rule")

    def __init__(
        self,
        goal: t.Any,
        frame: Frame,
        parent: Step | None,
        rule: str | None,
        first_choice: int,
    ) -> None:
        self.goal = goal
        self.frame = frame
        self.parent = parent
        self.rule = rule
        self.first_choice = first_choice
        self.depth: int = 0 if parent is None else parent.depth + 1


def stack_trace(step: Step | None, class_name: ClassName) -> str:
    """Print the steps, outermost first, in oso's layout.

    A conjunction of one has a number and no line, so the last number need not be 0.
    """
    steps: list[Step] = []
    while step is not None:
        if _is_traced(step.goal):
            steps.append(step)
        step = step.parent
    lines = ["trace (most recent evaluation last):"]
    number = len(steps) - 1
    for step in reversed(steps):
        if is_single(step.goal):
            continue
        lines.extend(_frame_lines(number, step, class_name))
        number -= 1
    return "\n".join(lines) + "\n\n"


def _is_traced(goal: t.Any) -> bool:
    # The outermost step of a query or of a negation has no goal.
    return goal is not None and not (isinstance(goal, Expression) and goal.operator is Operator.OR)


def is_single(goal: t.Any) -> bool:
    """Return whether a goal is a conjunction of one goal, which adds nothing to a trace."""
    return isinstance(goal, Expression) and goal.operator is Operator.AND and len(goal.args) == 1


def _frame_lines(number: int, step: Step, class_name: ClassName) -> list[str]:
    span = span_in_run(step.goal, step.frame)
    if span is None:
        return [
            f"  {number:03}: {with_escapes(to_polar(in_run(step.goal, step.frame), class_name))}"
        ]
    where = "query" if step.rule is None else f"rule {step.rule}"
    return [f"  {number:03}: {_shortened(span.text)}", f"    in {where} {span.place()}"]


def _shortened(text: str) -> str:
    # Goals are nested: without a bound, the text of a long one would be shown at each level.
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def span_in_run(goal: t.Any, frame: Frame) -> Span | None:
    """Return the span of a goal; of a variable as goal, the span of its value."""
    span: Span | None = getattr(in_run(goal, frame) if type(goal) is Slot else goal, "span", None)
    return span


def in_run(term: t.Any, frame: Frame) -> t.Any:
    """Return a term with the values of its variables; variables without one keep their names."""

    def look(part: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
        if type(part) is Slot:
            value = frame[part.index] if part.index < len(frame) else None
            unbound = Variable(part.name, part.origin, part.span)
            return unbound if value is None else bound(value), ()
        if type(part) is Template:
            part = part.term
        return part, () if is_ground(part) else parts(part)

    return fold(term, look, with_parts)


def rule_in_a_circle(step: Step | None, times: int) -> str | None:
    """Return a rule that calls itself so many times with the same arguments, or ``None``.

    The arguments are the same values and the same unbound variables. Such a call has the same
    solutions each time, unless an object changes meanwhile, so it calls itself without end.
    """
    counts: dict[tuple[t.Any, ...], int] = {}
    while step is not None:
        key = _key_of_call(step)
        if key is not None:
            counts[key] = counts.get(key, 0) + 1
        step = step.parent
    if max(counts.values(), default=0) < times:
        return None
    # Several rules may form the circle. The choice does not depend on where the look is made.
    return min(str(key[0]) for key, count in counts.items() if count >= times - 1)


def _key_of_call(step: Step) -> tuple[t.Any, ...] | None:
    """Return a key that equal calls share; ``None`` if the goal is no call or has no such key."""
    goal = step.goal.term if type(step.goal) is Template else step.goal
    if type(goal) is not Call:
        return None
    key: list[t.Any] = [goal.name]
    arg: t.Any
    for arg in goal.args:
        is_slot = type(arg) is Slot and arg.index < len(step.frame)
        term = follow(step.frame[arg.index] if is_slot else arg)
        if type(term) is Value:
            key.append((type(term.value), term.value))
        elif is_ground(term) or (type(term) is Unknown and not without_aliases(term.constraints)):
            key.append(id(term.value if type(term) is Instance else term))
        else:
            return None
    return tuple(key)


def debug_form(term: t.Any) -> str:
    """Print a term as oso's messages dump it: ``Number(Integer(5))``."""
    text: str = fold(term, _look_into_list, lambda _, items: f"List([{', '.join(items)}])")
    return text


def _look_into_list(term: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
    if isinstance(term, List) and term.items:
        return term, term.items
    return _debug_form_of_leaf(term), ()


def _debug_form_of_leaf(term: t.Any) -> str:
    if isinstance(term, Value):
        if type(term.value) is bool:
            return f"Boolean({to_polar(term)})"
        if type(term.value) is str:
            return f'String("{with_escapes(term.value)}")'
        if isinstance(term.value, float):
            return f"Number(Float({float_in_message(term.value)}))"
        return f"Number(Integer({term.value}))"
    if isinstance(term, (Unknown, Slot, Variable)):
        return f'Variable(Symbol("{term.name}"))'
    if isinstance(term, List):
        return "List([])"
    if isinstance(term, Instance):
        return f"ExternalInstance({type(term.value).__name__})"
    return to_polar(term)
