"""Goals that hold in several ways in a specialization: ``or``, and ``x in [a, b]``.

In go a goal and those that follow it; out come its alternatives, each with these goals, or the
region where one of them holds.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from ....nodes import Dictionary, Expression, List, Operator, Term
from ...binding_analysis import NotCompilable
from ...goal_forms import has_operator, variables_in, written_term
from ...scopes import Pending, pending_goals, prepend
from ...snippets import load
from ..clauses.chains import asks_again, numbers_in
from ..clauses.clause_forms import PutOff
from ..clauses.solver_order import place_behind
from ..clauses.turns import Turns, may_take_turns
from ..regions import Fact, Region
from .relations import Relations

#: The most elements of a list in a policy that are compared one after the other.
MAX_LISTED = 32


class Alternatives(Relations, frozen=False):
    """Writes goals that hold in several ways."""

    def disjunction(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write each alternative, together with the goals that follow.

        Before another ``or``, they become a condition: the goals would be written 2, 4, 8 times.
        """
        if self._is_condition(term):
            return self._condition_of(term.args, term)
        turns = None
        if not self.rest and may_take_turns(self.region, term.args):
            turns = Turns(self.guards, len(term.args), term.span)

        def write(here: t.Self, goal: Term) -> None:
            with nullcontext(here.region) if turns is None else turns.next(here.region) as region:
                here.replaced(region=region)._alternative(goal)

        self._each(write, [(arg, arg) for arg in term.args])
        return None

    def among_terms(
        self, item: Term, collection: List, term: Expression
    ) -> tuple[Region, Pending] | None:
        """Write ``x in [a, b]``, where nothing is bound by it: it is ``x = a or x = b``.

        ``[x, y] in [[a, b], [c, d]]``, too, is compared part by part.
        """
        if collection.rest is not None or len(collection.items) > MAX_LISTED:
            raise NotCompilable("a search in a list of more than literals", term.span)
        if any(self._value(slot) is None for slot in variables_in(term)):
            raise NotCompilable("a variable that is not bound yet", term.span)
        equations = [equation(item, each, term) for each in collection.items]
        return self._condition_of([each for each in equations if each is not None], term)

    def _condition_of(
        self, goals: Sequence[Term], term: Expression
    ) -> tuple[Region, Pending] | None:
        """Write that one of several goals holds, which bind nothing for those that follow."""
        inner = self.guards.apart(self.region)
        for goal in goals:
            pending = prepend([(goal, self.clause)], ())
            self.writer.run(inner, pending, self.env.copy(), self.asking)
        holds: Fact = ("found", inner.found)
        return self._at(self.guards.under(self.region, holds, load(inner.found), [], term.span))

    def _alternative(self, goal: Term) -> None:
        woken, rest = self.woken()
        goals = prepend([*woken, (goal, self.clause)], rest)
        self.writer.run(self.region, goals, self.env.copy(), self.asking)

    def _each(
        self,
        write: Callable[[t.Self, t.Any], None],
        ways: Sequence[tuple[t.Any, Term | None]],
        *,
        is_in_order: bool = True,
    ) -> None:
        """Write alternatives: first those that may repeat a region, where some do.

        :param write: writes one of them.
        :param ways: what it gets, and the goals that it begins with.
        :param is_in_order: whether the solver tries them in this order.
        """
        # Where functions answer, no region is repeated. One that gathers all solutions goes on with
        # the next link first: a list that is summed is then gone through at once.
        may_repeat = self.guards.functions is None or self.guards.gathers
        asking_again = [may_repeat and asks_again(self.guards.names, each) for _, each in ways]
        place = self.guards.next_place() if is_in_order else None
        text = self.guards.texts.get(self.guards.alternative)
        for at, ((way, _), is_repeated) in enumerate(zip(ways, asking_again, strict=True)):
            if is_repeated or not any(asking_again):
                if len(ways) > 1:
                    self.guards.next_alternative(place_behind(place, at), text)
                write(self, way)
                continue
            part = self.writer.part_of(self.asking)
            here = self.replaced(env=self.env.copy(), asking=part)
            self.writer.put_behind(self.region, self.goal, functools.partial(write, here, way))

    def _is_condition(self, term: Expression) -> bool:
        """Tell whether an ``or`` binds nothing for the goals that follow, with another ``or``."""
        goals = [
            goal.goal if isinstance(goal, PutOff) else goal for goal, _ in pending_goals(self.rest)
        ]
        if not any(has_operator(goal, Operator.OR) for goal in goals):
            return False
        env = self.env.copy()
        later, used = {*numbers_in(self.rest, env)}, numbers_in(((term, self.clause), ()), env)
        free = {*used} - self.env.values.keys()
        is_awaited = any(self.env.waiting.get(number) for number in free)
        return not free & later and not is_awaited


def equation(one: Term, other: Term, goal: Expression) -> Term | None:
    """Return the goal that two terms are equal; ``None`` if they are lists that never are.

    Nor are dictionaries with different keys.
    """
    forms = written_term(one), written_term(other)
    parts: list[Sequence[Term]]
    if all(isinstance(each, Dictionary) for each in forms):
        parts = [[part for _, part in each.fields] for each in forms]
        keys = [[key for key, _ in each.fields] for each in forms]
        are_alike = keys[0] == keys[1]
    elif all(isinstance(each, List) and each.rest is None for each in forms):
        parts = [each.items for each in forms]
        are_alike = len(parts[0]) == len(parts[1])
    else:
        return Expression(Operator.UNIFY, (one, other), span=goal.span)
    if not are_alike:
        return None
    pairs = [equation(mine, theirs, goal) for mine, theirs in zip(*parts, strict=True)]
    if None in pairs:
        return None
    return Expression(Operator.AND, tuple(t.cast("list[Term]", pairs)), span=goal.span)
