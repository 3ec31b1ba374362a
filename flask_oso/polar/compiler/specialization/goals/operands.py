"""The operands of a goal in a specialization: what is known of them, and how they are bound.

In go the terms of a goal; out come their values, or the region where they have one.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence

from ....host import sandbox
from ....host.conversion import to_python
from ....nodes import Dictionary, Instance, List, Operator, Slot, Term, Value
from ....solver.clauses import Clause
from ....sources import Span
from ....traversal import is_operation
from ....value_objects import Record
from ...binding_analysis import NotCompilable, is_constant, is_string
from ...goal_forms import written_term
from ...scopes import Pending, pending_goals, prepend
from ..clauses.chains import numbers_in
from ..clauses.clause_forms import PutOff
from ..clauses.delegations import Delegation
from ..guards import Guards
from ..kept_searches import KeptSearches
from ..patterns import PatternGuards
from ..regions import Fact, Known, Region, RuleCall, Variables
from ..value_tests import check_constant
from ..values import ValueGuards

#: How often a goal may be put off behind the one that follows it.
MAX_WAITS = 8


#: Writes a clause into a region: with goals in the place of its body, if there are some, and with
#: those that follow it, or without.
WriteClause = Callable[[Region, Clause, Sequence[Term] | None, bool], None]


class SpecializationInterface(t.Protocol):
    """What a goal needs of the writer of its function."""

    guards: Guards
    values: ValueGuards
    patterns: PatternGuards
    delegation: Delegation
    kept: KeptSearches | None

    def delegates(self, region: Region, node: RuleCall, asking: Fact) -> bool: ...
    def next_clause(self) -> int: ...
    def leave_order(self) -> None: ...
    def ask(self, region: Region, node: RuleCall, asking: Fact | None) -> None: ...
    def part_of(self, asking: Fact) -> Fact: ...
    def put_behind(
        self, region: Region, goal: Term | PutOff, write: t.Callable[[], None]
    ) -> None: ...
    def enter(self, clause: Clause) -> None: ...
    def leave(self, clause: Clause) -> None: ...
    def run(
        self,
        region: Region,
        goals: Pending,
        env: Variables,
        asking: Fact,
        before: Region | None = None,
    ) -> None: ...
    def written_once(
        self,
        region: Region,
        key: Fact,
        asking: Fact,
        write: t.Callable[[Region], None],
        *,
        is_negated: bool = False,
    ) -> Region: ...
    def unless(self, region: Region, inner: Region, span: Span | None) -> Region: ...
    def clauses_with_cuts(
        self,
        region: Region,
        clauses: list[Clause],
        args: Sequence[Known | None],
        write: WriteClause,
        opened: t.Mapping[int, int],
    ) -> None: ...


class Operands(Record, eq=False, frozen=False):
    """One goal of a clause, given the goals that follow."""

    writer: SpecializationInterface
    region: Region
    rest: Pending
    env: Variables
    clause: int
    goal: t.Any
    asking: Fact
    #: How often the goal was put off, and whether the solver does not put it off.
    waits: int = 0
    of_all: bool = False
    is_ahead: bool = False

    @property
    def guards(self) -> Guards:
        """What writes regions and what is known in them."""
        return self.writer.guards

    @property
    def values(self) -> ValueGuards:
        """What reads and compares values."""
        return self.writer.values

    @property
    def patterns(self) -> PatternGuards:
        """What tests heads and patterns."""
        return self.writer.patterns

    def _at(
        self, region: Region | None, rest: Pending | None = None
    ) -> tuple[Region, Pending] | None:
        return None if region is None else (region, self.rest if rest is None else rest)

    def _variable(self, term: Term) -> int | None:
        return self.env.variable(self.clause, term.index) if isinstance(term, Slot) else None

    def _unbound(self, term: Term) -> int:
        """Return the number of a variable that has no value."""
        return self.env.variable(self.clause, t.cast(Slot, term).index)

    def _value(self, term: Term) -> Known | None:
        """Return the value of an operand; ``None`` if it is unbound."""
        if isinstance(term, Slot):
            return self.env.values.get(self.env.variable(self.clause, term.index))
        if isinstance(term, Value):
            return Known("", literal=term)
        inner = written_term(term)
        if isinstance(inner, Instance):
            return self._constant(inner)
        if isinstance(inner, (Dictionary, List)) and is_constant(inner):
            made = to_python(inner, str)
            constant = made if type(made) is dict else None
            name = self.guards.names.constant(made)
            is_empty = type(made) is list and not made
            has_texts = (
                isinstance(inner, List) and not is_empty and all(map(is_string, inner.items))
            )
            texts = t.cast(List, inner) if has_texts else None
            kind = type(made)
            return Known(name, exact=kind, constant=constant, is_empty=is_empty, texts=texts)
        raise NotCompilable("a list, a dictionary or a pattern", term.span)

    def _constant(self, term: Instance) -> Known:
        value = term.value
        name = self.guards.names.constant(value)
        if isinstance(value, type):
            return Known(name, exact=type(value), constant=value)
        check_constant(value, self.goal.span)
        return Known(name, exact=type(value))

    def _bound(self, term: Term) -> Known:
        value = self._value(term)
        if value is None:
            raise NotCompilable("a variable that is not bound yet", self.goal.span)
        return value

    def _is_computed(self, owner: Known, name: str) -> bool:
        """Tell whether an attribute is known to be computed, by code of the application."""
        cls = owner.exact
        if cls is None or cls is dict or owner.constant is not None or owner.literal is not None:
            return False
        host = self.guards.names.host
        if host.has_keys(cls):
            return False
        if host.identities is not None and host.identities.stored_attribute(cls, name) is not None:
            # A row with an equality of its own, such as a user of Flask-Login.
            return False
        if self.values.rows.calculation(owner, name) is not None:
            return False
        return not sandbox.is_silent_read(cls, name)

    def _bind(self, variable: int, value: Known, region: Region) -> tuple[Region, Pending] | None:
        return self._at(self._bound_in(self.env, variable, value, region))

    def _bound_in(
        self, env: Variables, variable: int, value: Known, region: Region
    ) -> Region | None:
        """Bind a variable; return the region where the value passes the tests that wait for it."""
        here: Region | None = region
        patterns = env.waiting.pop(variable, ())
        if patterns and self._put_off_about():
            # The solver may look at one that waits longer before it tests the class.
            raise NotCompilable("a class behind what a goal waits for", self.goal.span)
        for pattern in patterns:
            here, value = self.patterns.class_test(
                t.cast(Region, here), value, pattern, pattern.span
            )
            if here is None:
                return None
        env.values[variable] = value
        return here

    def _result(self, region: Region, made: Known, result: Term) -> tuple[Region, Pending] | None:
        """Write that a result equals an operand, or bind the operand to it."""
        known = self._value(result)
        if known is not None:
            return self._at(self.values.equal(region, known, made, self.goal.span))
        return self._bind(self._unbound(result), made, region)

    def woken(self) -> tuple[list[t.Any], Pending]:
        """Return the goals that wait for what a call binds, and those that follow them.

        The solver looks at them once a head or a goal of the body binds their variable, and not
        behind the body: what they raise comes before what fails in it.
        """
        waiting, rest = list[t.Any](), self.rest
        while rest and isinstance(rest[0][0], PutOff) and not rest[0][0].of_all:
            waiting.append(rest[0])
            rest = rest[1]
        return waiting, rest

    def _put_off_about(self) -> set[int]:
        """Return the variables of goals that wait for one: in the solver, conditions of these."""
        return {
            number
            for waiting, clause in pending_goals(self.rest)
            if isinstance(waiting, PutOff)
            for number in numbers_in(((waiting.goal, clause), ()), self.env.copy())
        }

    def _put_off(self) -> tuple[Region, Pending]:
        """Write the goal that follows first: it may bind the variable that this one needs.

        In the solver, too, this goal waits for the variable.
        """
        if not self.rest or self.waits >= MAX_WAITS:
            raise NotCompilable("a variable that is not bound yet", self.goal.span)
        self.guards.leave_place()
        following, rest = self.rest
        while is_operation(following[0], Operator.AND):
            # One goal of several is passed, and not all of them.
            parts = [(each, following[1]) for each in following[0].args]
            following, rest = prepend(parts, rest)
        waiting = PutOff(self.goal, self.waits + 1, self.of_all, self.is_ahead), self.clause
        return self.region, (following, (waiting, rest))
