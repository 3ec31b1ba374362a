"""How a run got where it is: the steps around the goal at hand, and how they print.

A ``Step`` is made for each goal that is solved and points to the goal around it:
rule call, its body, nested operators. It says what an error's trace shows, how deep a
run is, and which choices a ``cut`` discards.
"""

from __future__ import annotations

import typing as t

from .clauses import Frame, Slot, Template, bound
from .constraints import rebuild
from .nodes import Expression, Instance, List, Operator, Unknown, Value, Variable
from .printer import to_polar

ClassName = t.Callable[[object], str | None]


class Step:
    """One goal under way.

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
    # The ground that a query or a negation stands on has no goal of its own.
    return goal is not None and not (isinstance(goal, Expression) and goal.operator is Operator.OR)


def is_single(goal: t.Any) -> bool:
    """Tell whether a goal is a conjunction of one, which says no more than that one."""
    return isinstance(goal, Expression) and goal.operator is Operator.AND and len(goal.args) == 1


def _frame_lines(number: int, step: Step, class_name: ClassName) -> list[str]:
    goal = in_run(step.goal, step.frame)
    if goal.span is None:
        return [f"  {number:03}: {to_polar(goal, class_name)}"]
    where = "query" if step.rule is None else f"rule {step.rule}"
    return [f"  {number:03}: {goal.span.text}", f"    in {where} {goal.span.place()}"]


def in_run(term: t.Any, frame: Frame) -> t.Any:
    """Give what a goal stands for, without making variables that it does not have yet."""
    if type(term) is Slot:
        value = frame[term.index] if term.index < len(frame) else None
        return Variable(term.name, span=term.span) if value is None else bound(value)
    if type(term) is Template:
        return in_run(term.term, frame)
    return rebuild(term, lambda part: in_run(part, frame))


def debug_form(term: t.Any) -> str:
    """Print a term as oso's messages dump it: ``Number(Integer(5))``."""
    if isinstance(term, Value):
        if type(term.value) is bool:
            return f"Boolean({to_polar(term)})"
        if type(term.value) is str:
            return f'String("{term.value}")'
        kind = "Integer" if type(term.value) is int else "Float"
        return f"Number({kind}({term.value!r}))"
    if isinstance(term, (Unknown, Slot, Variable)):
        return f'Variable(Symbol("{term.name}"))'
    if isinstance(term, List):
        return f"List([{', '.join(map(debug_form, term.items))}])"
    if isinstance(term, Instance):
        return f"ExternalInstance({type(term.value).__name__})"
    return to_polar(term)
