"""Conditions as they are written in the policy.

In go goals of a clause, which desugaring took apart; out come the condition that they form, its
text, and its operands: ``post.author`` and ``user`` of ``post.author = user``, each with the
variable that has its value in a run.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator

from ..nodes import (
    ARITHMETIC,
    Call,
    Expression,
    Operator,
    Origin,
    Slot,
    Term,
    is_ground,
    parts,
)
from ..printer import to_polar
from ..solver.backtrace import in_run
from ..solver.clauses import Clause, Template
from ..sources import Span
from ..spelling import shortened
from ..traversal import is_control, is_operation, walk

#: How many characters of a condition or of the head of a rule are shown.
MAX_TEXT = 160

_COMPUTED = ARITHMETIC | {Operator.DOT, Operator.NEW}
_SPACE = re.compile(r"\s+")


class Operand(t.NamedTuple):
    """One operand of a condition.

    :param text: its text in the policy.
    :param slot: the number of the variable that has its value.
    :param computed: the goal that computes the value, unless the operand is a variable.
    """

    text: str
    slot: int
    computed: Expression | None = None


def conditions_of(clause: Clause) -> tuple[Term, ...]:
    """Return the conditions of a rule in their order."""
    body = clause.body
    if body is None:
        return ()
    is_conjunction = is_operation(body, Operator.AND)
    return t.cast(Expression, body).args if is_conjunction else (body,)


def is_condition_with_operands(goal: t.Any) -> bool:
    """Return whether desugaring made this conjunction of a condition and an operand's goal."""
    return (
        is_operation(goal, Operator.AND)
        and len(goal.args) == 2
        and goal.span is not None
        and goal.span == goal.args[0].span
    )


def main_condition(goal: Term) -> Term:
    """Return the condition itself, without the goals that compute its operands."""
    return _apart(goal)[0]


def _apart(goal: Term) -> tuple[Term, list[Expression]]:
    computed: list[Expression] = []
    while is_condition_with_operands(goal):
        first, second = t.cast(Expression, goal).args
        is_first = computes_operand(first)
        computed.append(t.cast(Expression, first if is_first else second))
        goal = second if is_first else first
    return goal, computed


def computes_operand(goal: Term) -> t.TypeGuard[Expression]:
    """Return whether a goal computes an operand of another goal, or a parameter."""
    return isinstance(goal, Expression) and goal.operator in _COMPUTED


def result_of(computed: Expression) -> Term:
    """Return the term for the result of a goal that computes one."""
    return computed.args[-1]


def call_of(goal: Term) -> Call | None:
    """Return the rule call if a condition is one."""
    main = main_condition(goal)
    inner = main.term if isinstance(main, Template) else main
    return inner if isinstance(inner, Call) else None


def condition_span(goal: Term) -> Span | None:
    """Return the span of a condition."""
    return main_condition(goal).span


def condition_text(goal: Term) -> str:
    """Return the text of a condition."""
    span = condition_span(goal)
    return shortened_source(to_polar(spelled(goal)) if span is None else span.text)


def shortened_source(text: str) -> str:
    """Return a text of the policy as one line of bounded length."""
    return shortened(_SPACE.sub(" ", text).strip(), MAX_TEXT)


def spelled(term: t.Any) -> t.Any:
    """Return a term of a clause with the names of its variables in place of their numbers."""
    return in_run(term, [])


def operands_of(goal: Term) -> list[Operand]:
    """Return the operands of a condition that have values, without duplicates."""
    found: dict[int, Operand] = {}
    for main, computed in _conditions_in(goal):
        if computes_operand(main):
            # A parameter that is computed: only its result is shown.
            computed, main = [main], result_of(main)
        by_result = {
            result.index: each for each in computed if isinstance(result := result_of(each), Slot)
        }
        for slot in _slots_in(main):
            each = by_result.get(slot.index)
            if each is not None:
                found.setdefault(slot.index, Operand(condition_text(each), slot.index, each))
            elif slot.origin is Origin.WRITTEN:
                found.setdefault(slot.index, Operand(slot.name, slot.index))
    return list(found.values())


def _conditions_in(goal: Term) -> Iterator[tuple[Term, list[Expression]]]:
    for part in walk([goal], _parts_of_control):
        if is_condition_with_operands(part) or not is_control(part):
            yield _apart(part)


def _parts_of_control(goal: t.Any) -> tuple[Term, ...]:
    return goal.args if is_control(goal) and not is_condition_with_operands(goal) else ()


def _slots_in(term: Term) -> Iterator[Slot]:
    for part in walk([term], _inside):
        if isinstance(part, Slot):
            yield part


def _inside(term: t.Any) -> t.Sequence[t.Any]:
    if isinstance(term, Template):
        return (term.term,)
    return () if is_ground(term) else parts(term)


# -- rules -----------------------------------------------------------------------------


def is_shorthand(clause: Clause) -> bool:
    """Return whether a rule is in a resource block, where its head is a string."""
    span = clause.rule.span
    return span is not None and span.text[:1] in ('"', "'")


def rule_text(clause: Clause) -> str:
    """Return the text of the head of a rule; of a rule in a resource block, all of it."""
    span = clause.rule.span
    if span is None:
        return shortened_source(_printed_head(clause))
    if not is_shorthand(clause):
        return shortened_source(f"{span.text}{'' if clause.body is None else ' if'}")
    return shortened_source(rule_span(clause, span).text)


def rule_span(clause: Clause, span: Span) -> Span:
    """Return the span of a rule in a resource block, from its head to its end."""
    ends = [
        goal.span.end
        for goal in conditions_of(clause)
        if goal.span is not None and goal.span.source is span.source
    ]
    return span.source.span(span.start, max([span.end, *ends]))


def _printed_head(clause: Clause) -> str:
    rule = clause.rule
    shown = (
        to_polar(spelled(each.term))
        + ("" if each.specializer is None else f": {pattern_text(each.specializer)}")
        for each in rule.parameters
    )
    return f"{rule.name}({', '.join(shown)})"


def pattern_text(specializer: t.Any) -> str:
    """Return the text of a specializer: ``User`` for ``User{}``."""
    return to_polar(spelled(specializer)).removesuffix("{}")
