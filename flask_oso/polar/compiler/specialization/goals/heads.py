"""The head of a clause, which the arguments of a call match: values, or variables without one.

In go a clause and the arguments; out come the region where its head matches, and the goals that
follow: those about fields that the head leaves open, those of its body, and the equations of lists
that it builds for variables.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ....nodes import Expression, Instance, Operator, Parameter, Slot, Term
from ....solver.clauses import Clause
from ...binding_analysis import NotCompilable, is_constant
from ...goal_forms import written_term
from ...scopes import Pending, prepend
from ..patterns import has_open_fields, is_literal, keep
from ..regions import Known, Region
from .compounds import is_open_compound
from .methods import Methods


class Heads(Methods, frozen=False):
    """Matches heads; its ``env`` and ``clause`` are those of the clause."""

    def head_matched(
        self,
        clause: Clause,
        values: Sequence[Known | None],
        opened: Mapping[int, int] = MappingProxyType({}),
        goals: Sequence[Term] | None = None,
    ) -> tuple[Region, Pending] | None:
        """Write what a head asks of the arguments.

        Return the region where it matches, and all goals that follow there; ``None`` if it does
        not match.

        :param values: the arguments; ``None`` for one without a value.
        :param opened: the variables that these are, by position.
        :param goals: the goals of the clause, if they are not those of its body.
        """
        here, is_read_behind = t.cast("Region | None", self.region), False
        fields, following = list[Term](), [clause.body] if goals is None else [*goals]
        is_awaited = bool(opened) and bool(self.woken()[0])
        for at, (parameter, value) in enumerate(zip(clause.parameters, values, strict=True)):
            variable, before, span = opened.get(at), t.cast(Region, here), parameter.span
            is_bound = is_awaited and not self.env.values.keys().isdisjoint(opened.values())
            if variable is not None and self._is_built_later(parameter, variable):
                # It is made behind the body, once its own variables have values.
                slot = Slot(-1 - at, "_")
                self.env.names[self.clause, slot.index] = variable
                following.append(Expression(Operator.UNIFY, (slot, parameter.term), span=span))
                continue
            if variable is not None:
                # The variable of two arguments may have a value by now.
                value = self.env.values.get(variable)
            here, value = self._class_matched(before, parameter, value, variable)
            if here is not None:
                here = self._term_matched(here, parameter, value, variable)
            if is_read_behind and here is not before:
                # Fields of an object are read behind the head. The solver reads them before this
                # test, and that may be an error.
                raise NotCompilable("a test behind the fields of an object", span)
            if is_bound and here is not before:
                # The solver looks at the goal that waits before this test.
                raise NotCompilable("a test behind what a goal waits for", span)
            if here is None:
                keep(before, self.guards.origin)
                return None
            if has_open_fields(parameter.specializer):
                pattern = t.cast(Term, parameter.specializer)
                fields.append(Expression(Operator.ISA, (parameter.term, pattern), span))
                is_read_behind |= value is not None and value.exact is not dict
        return t.cast(Region, here), self._behind_head(fields, following)

    def _behind_head(self, fields: Sequence[Term], body: Sequence[Term | None]) -> Pending:
        """Return the goals behind a head: of open fields, those that wait for it, and the body."""
        woken, rest = self.woken()
        if woken and len(fields) > 1:
            raise NotCompilable("fields behind what a goal waits for", self.goal.span)
        written = [(goal, self.clause) for goal in body if goal is not None]
        return prepend([*((goal, self.clause) for goal in fields), *woken, *written], rest)

    def _is_built_later(self, parameter: Parameter, variable: int) -> bool:
        """Tell whether a head has a list or dictionary with variables for one that is open."""
        is_open = variable not in self.env.values
        is_compound = is_open_compound(parameter.term)
        return is_open and is_compound and parameter.specializer is None

    def _class_matched(
        self, region: Region, parameter: Parameter, value: Known | None, variable: int | None
    ) -> tuple[Region | None, Known | None]:
        """Test the class that a head wants of an argument; return what is then known of it.

        A variable without a value is tested once it has one.
        """
        if parameter.specializer is None:
            return region, value
        if value is None:
            pattern = self.patterns.pattern(parameter.specializer)
            self.env.wait(t.cast(int, variable), pattern)
            return region, value
        known = self.patterns.class_of(parameter.specializer)
        if known is None:
            return region, value
        return self.patterns.class_test(region, value, known, parameter.span)

    def _term_matched(
        self, region: Region, parameter: Parameter, value: Known | None, variable: int | None
    ) -> Region | None:
        """Unify a term of a head with an argument: with its value, or with a free variable."""
        term, span, env = parameter.term, parameter.span, self.env
        if isinstance(term, Slot) and (self.clause, term.index) not in env.names:
            if value is not None:
                env.values[env.variable(self.clause, term.index)] = value
            else:
                env.names[self.clause, term.index] = t.cast(int, variable)
            return region
        mine, known = -1, None
        if isinstance(term, Slot):
            mine = env.variable(self.clause, term.index)
            # Of two that are equal, the solver goes on with the first.
            known = env.values.get(mine)
        elif is_literal(term):
            known = self.patterns.literal(term)
        else:
            is_known = isinstance(term, Instance) or is_constant(term)
            known = self._value(term) if is_known else None
            if known is None and value is None:
                raise NotCompilable("a list or dictionary in a head", span)
            if value is not None and not isinstance(term, Instance):
                taken = self.replaced(region=region).taken_apart(written_term(term), value)
                return None if taken is None else taken[0]
        if known is not None and value is not None:
            return self.values.equal(region, known, value, span)
        if known is not None:
            return self._bound_in(env, t.cast(int, variable), known, region)
        if value is not None:
            return self._bound_in(env, mine, value, region)
        if mine != variable:
            env.unite(mine, t.cast(int, variable))
        return region
