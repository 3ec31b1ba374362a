"""What is known while a function is written: values, variables, and goals to come.

A ``Ref`` is a value and the Python name it has, a ``VariableCell`` a variable of a rule, a
``VariableScope`` all of them at one place; a ``Site`` says which goals stand around a place.
"""

from __future__ import annotations

import ast
import itertools
import typing as t
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from ..host.registry import Host
from ..nodes import Expression, List, Operator, Pattern, Term, Value
from ..solver.clause_index import ClauseIndex
from ..sources import Span
from .binding_analysis import KnownArguments, NotCompilable


@dataclass(frozen=True)
class Site:
    """Where a goal stands: the goals around it, outermost first, each with its rule's name."""

    steps: tuple[tuple[Term | None, str | None], ...]

    def within(self, goal: Term | None, rule: str | None = None) -> Site:
        """Return the site of a goal that stands in this one."""
        name = self.steps[-1][1] if rule is None and self.steps else rule
        return Site((*self.steps, (goal, name)))

    @property
    def rule(self) -> str | None:
        """The rule whose body this is in."""
        return self.steps[-1][1] if self.steps else None


@dataclass(frozen=True)
class OpenList:
    """A list that has variables of a clause in it."""

    clause: int
    term: List


@dataclass(frozen=True)
class Ref:
    """What is known of a value: the Python name it has, or the literal it is.

    ``cls`` is a plain class that it is an instance of, if one is known; ``read`` the place
    of the attribute it was read from, as long as nobody made sure what it is; ``origin`` the
    name of the collection whose element it is; ``written`` where a number or a text was
    written, or the parameter through which it came; ``shape`` a list with variables, which has
    no name; ``listed`` the list as it is written whose elements are all written there.

    INVARIANT: in one function, what the solver has one term for has one name. A term equals
    itself and nobody is asked, while an object may be asked whether it equals itself.
    """

    name: str
    literal: Value | None = None
    cls: type | None = None
    read: Span | None = None
    origin: str | None = None
    written: Span | int | None = None
    shape: OpenList | None = None
    listed: List | None = None


@dataclass
class VariableCell:
    """A variable of the clauses: what it is bound to, or what waits for that."""

    ref: Ref | None = None
    waiting: tuple[tuple[Term, int, Site], ...] = ()
    #: Whether it belongs to what stands around a negation, which cannot bind it.
    is_outside: bool = False


@dataclass
class VariableScope:
    """The variables of the clauses that one function is made of."""

    cells: dict[tuple[int, int], VariableCell] = field(default_factory=dict)
    #: The names that say whether the attributes of a value can be read as they are.
    plain: dict[str, str] = field(default_factory=dict)
    #: The names of collections whose elements variables have.
    searched: set[str] = field(default_factory=set)

    def copy(self) -> VariableScope:
        """Return a scope in which the same variables can get other values."""
        copies: dict[int, VariableCell] = {}
        for cell in self.cells.values():
            copies.setdefault(id(cell), replace(cell))
        cells = {key: copies[id(cell)] for key, cell in self.cells.items()}
        return VariableScope(cells, dict(self.plain), set(self.searched))

    def cell(self, clause: int, index: int) -> VariableCell:
        """Return the cell of a variable."""
        return self.cells.setdefault((clause, index), VariableCell())

    def forget(self, goal: Goal) -> None:
        """Let a goal no longer wait for any variable."""
        for cell in self.cells.values():
            if cell.waiting:
                waiting = [
                    each for each in cell.waiting if each[0] is not goal[0] or each[1] != goal[1]
                ]
                cell.waiting = tuple(waiting)

    def unite(self, one: VariableCell, other: VariableCell) -> VariableCell:
        """Make one variable of two that are not bound."""
        if one.is_outside or other.is_outside:
            raise NotCompilable("a negation that binds a variable", None)
        if one.waiting and other.waiting:
            # The solver orders them by age, and looks again at those that ask for a class.
            raise NotCompilable("two variables that conditions wait for", None)
        if len(one.waiting) + len(other.waiting) > 1 and any(awaited_classes(one, other)):
            raise NotCompilable("two variables, one of which has to be of a class", None)
        one.waiting = (*one.waiting, *other.waiting)
        for key, cell in self.cells.items():
            if cell is other:
                self.cells[key] = one
        return one


class GoalPart(Term):
    """A part of a goal that is written in its turn, such as one field of a pattern.

    :param goal: the goal; ``None`` in the head of the function's own rule.
    :param write: writes it, given what a goal is given.
    """

    __slots__ = __match_args__ = ("goal", "write")

    def __init__(self, goal: Term | None, write: Callable[[t.Any], t.Any]) -> None:
        self.goal: t.Final = goal
        self.write: t.Final = write
        self.span = None if goal is None else goal.span


class Passed(Term):
    """An argument of a call, for messages: a value from the place ``span``, or a parameter."""

    __slots__ = __match_args__ = ("parameter",)

    def __init__(self, parameter: int | None, span: Span | None = None) -> None:
        self.parameter: t.Final = parameter
        self.span = span


Goal = tuple[Term, int, Site]
#: Goals that are still to be written, the first one in front.
PendingGoals = tuple[t.Any, ...]
Success = Callable[[VariableScope, list[ast.stmt]], None]


@dataclass(frozen=True)
class Variant:
    """One function to be made: a rule, the strings that are known, and what it gives.

    A ``test`` returns whether there is a solution; the other kind is a generator that
    yields once for each.
    """

    name: str
    arity: int
    known: tuple[tuple[int, str | None], ...]
    is_test: bool

    @property
    def values(self) -> KnownArguments:
        """What is known of the arguments, as terms."""
        return {position: None if text is None else Value(text) for position, text in self.known}


class ProgramInterface(t.Protocol):
    """What a function writer needs of the program it writes for."""

    host: Host
    #: Functions give the rule to which a solution is owed, where they give ``True`` otherwise.
    names_rules: bool

    def candidates(self, name: str, arity: int) -> ClauseIndex | None: ...
    def function(self, variant: Variant) -> str: ...
    def table(self, variant: Variant) -> tuple[int, str] | None: ...
    def constant(self, value: t.Any) -> str: ...
    def members(self, union: str) -> tuple[type, ...]: ...
    def is_single(self, variant: Variant) -> bool: ...
    def height(self, name: str) -> float: ...
    def is_relation(self, name: str) -> bool: ...


def awaited_classes(*cells: VariableCell) -> Iterator[str]:
    """Return the names of the classes that variables will have to be of."""
    for term, _, _ in itertools.chain.from_iterable(cell.waiting for cell in cells):
        if isinstance(term, Expression) and term.operator is Operator.ISA:
            yield t.cast(str, t.cast(Pattern, term.args[1]).tag)


def conjunct_goals(term: Expression, clause: int, site: Site) -> list[Goal]:
    return [(arg, clause, site) for arg in term.args]


def prepend_goals(goals: Iterable[tuple[t.Any, ...]], rest: PendingGoals) -> PendingGoals:
    """Put goals in front of others."""
    for goal in reversed(list(goals)):
        rest = (goal, rest)
    return rest


def concatenate_goals(goals: PendingGoals, rest: PendingGoals) -> PendingGoals:
    """Put goals that are chained in front of others."""
    listed = []
    while goals:
        goal, goals = goals
        listed.append(goal)
    return prepend_goals(listed, rest)
