"""What is known while a function is written: values, variables, and pending goals.

A ``Ref`` is a value with its Python name, a ``VariableCell`` a variable of a rule, a
``Scope`` all variables at one point; a ``Site`` has the goals that enclose a point.
"""

from __future__ import annotations

import ast
import enum
import itertools
import typing as t
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from ..host.registry import RESERVED_NAMES, Host
from ..nodes import Expression, List, Operator, Pattern, Term, Value
from ..solver.class_index import Lineage
from ..solver.clause_index import ClauseIndex
from ..solver.clauses import Clause
from ..sources import Span
from ..traversal import is_operation
from ..value_objects import Record
from .binding_analysis import ArgumentFacts, Dispatch, KnownArguments, NotCompilable
from .classes.equality import SideEffectFreeEquality
from .classes.found_values import FoundValues
from .classes.virtual_subclasses import VirtualSubclasses
from .snippets import call, load


class Site(Record):
    """The goals that enclose a goal, outermost first, each with the name of its rule."""

    steps: tuple[tuple[Term | None, str | None], ...]

    def within(self, goal: Term | None, rule: str | None = None) -> Site:
        """Return the site of a goal within this one."""
        name = self.steps[-1][1] if rule is None and self.steps else rule
        return Site((*self.steps, (goal, name)))


class OpenList(Record):
    """A list that contains variables of a clause."""

    clause: int
    term: List


class Among(t.NamedTuple):
    """The elements of a collection that is searched, or what relations of these lead to.

    :param collection: the name of the collection.
    :param path: the relations, from an element on.
    """

    collection: str
    path: tuple[str, ...] = ()


class Elsewhere(enum.Enum):
    """The place of a value that another function found: it may be written in any rule."""

    FOUND = "found"


class Ref(Record):
    """What is known of a value: the Python name it has, or the literal it is.

    ``cls`` is a plain class that it is an instance of, if one is known; ``read`` is the place of
    the attribute that it was read from, until it passed the sandbox check; ``origin`` is the name
    of the collection whose element it is; ``written`` is the span of a number, a text, a list
    or a dictionary, or the parameter through which it came; ``shape`` is a list with variables,
    which has no name; ``listed`` is a list literal whose elements are all literals; ``is_nil``
    tells the constant ``nil``; ``is_unread`` tells that it may be a relation that has not been
    read yet, which only another relation is compared with; ``lineage`` is what is known of the
    class of an argument; ``is_found`` tells that another function found it: if it is a number
    or a text that the policy writes, its place is not known; ``among`` tells which values it is
    one of.

    INVARIANT: in one function, each term of the solver has one name. A term equals itself without
    a call, while comparing an object with itself may call its ``__eq__``.
    """

    name: str
    literal: Value | None = None
    cls: type | None = None
    read: Span | None = None
    origin: str | None = None
    written: Span | int | None = None
    shape: OpenList | None = None
    listed: List | None = None
    is_nil: bool = False
    lineage: Lineage | None = None
    is_unread: bool = False
    is_found: bool = False
    among: Among | None = None

    @property
    def place(self) -> Span | int | Elsewhere | None:
        """Where a message says that it is written."""
        return Elsewhere.FOUND if self.is_found else self.written


class VariableCell(Record, frozen=False):
    """A variable of a clause: its value, or the goals that wait for one."""

    ref: Ref | None = None
    waiting: tuple[tuple[Term, int, Site], ...] = ()
    #: Whether it is a variable outside of a negation, which cannot bind it.
    is_outside: bool = False


class Scope(Record, frozen=False):
    """The variables of the clauses that one function is made of."""

    cells: dict[tuple[int, int], VariableCell] = field(default_factory=dict)
    #: The names of collections whose elements are bound to variables.
    searched: set[str] = field(default_factory=set)

    def copy(self) -> Scope:
        """Return a copy, in which the variables can be bound to other values."""
        copies: dict[int, VariableCell] = {}
        for cell in self.cells.values():
            copies.setdefault(id(cell), cell.replaced())
        cells = {key: copies[id(cell)] for key, cell in self.cells.items()}
        return Scope(cells, set(self.searched))

    def cell(self, clause: int, index: int) -> VariableCell:
        """Return the cell of a variable."""
        return self.cells.setdefault((clause, index), VariableCell())

    def count_names(self, cell: VariableCell) -> int:
        """Count the variables of clauses that a cell stands for."""
        return sum(each is cell for each in self.cells.values())

    def is_kept_by(self, other: Scope, clause: int, used: set[int]) -> bool:
        """Tell whether a copy, after some goals, has bound none of the variables of this scope.

        :param used: the variables of a clause that may not have been met either.
        """
        for key, cell in self.cells.items():
            if cell.ref is None and other.cells[key].ref is not None:
                return False
        copies = {id(other.cells[key]) for key in self.cells}
        met = {
            index for number, index in other.cells.keys() - self.cells.keys() if number == clause
        }
        return len(copies) == len({id(cell) for cell in self.cells.values()}) and not met & used

    def forget(self, goal: Goal) -> None:
        """Remove a goal from all variables that it waits for."""
        for cell in self.cells.values():
            if cell.waiting:
                waiting = [
                    each for each in cell.waiting if each[0] is not goal[0] or each[1] != goal[1]
                ]
                cell.waiting = tuple(waiting)

    def unite(self, one: VariableCell, other: VariableCell) -> VariableCell:
        """Unify two unbound variables."""
        if one.is_outside or other.is_outside:
            raise NotCompilable("a negation that binds a variable", None)
        if one.waiting and other.waiting:
            # The solver orders them by age, and repeats the class tests among them.
            raise NotCompilable("two variables that conditions wait for", None)
        if len(one.waiting) + len(other.waiting) > 1 and any(awaited_classes(one, other)):
            raise NotCompilable("two variables, one of which has to be of a class", None)
        one.waiting = (*one.waiting, *other.waiting)
        for key, cell in self.cells.items():
            if cell is other:
                self.cells[key] = one
        return one


class GoalPart(Term):
    """A part of a goal that is compiled later, such as one field of a pattern.

    :param goal: the goal; ``None`` in the head of the function's own rule.
    :param write: writes it, given what a goal is given.
    """

    __slots__ = __match_args__ = ("goal", "write")

    def __init__(self, goal: Term | None, write: Callable[[t.Any], t.Any]) -> None:
        self.goal: t.Final = goal
        self.write: t.Final = write
        self.span = None if goal is None else goal.span


class HandedGoal(Record, eq=False):
    """A goal that is handed to the solver.

    :param size: the number of variables that its frame needs.
    :param bound: the variables that have a value, each with the name of the value, and the place
        of one that the clause itself writes or calculates.
    :param literals: the variables that have a literal as value.
    """

    goal: Term
    size: int
    bound: tuple[tuple[int, str, Span | None], ...]
    literals: tuple[tuple[int, Value], ...]


class Passed(Term):
    """An argument of a call in messages: a value with its span, or a parameter."""

    __match_args__ = ("parameter",)
    __slots__ = ("is_found", "parameter")

    def __init__(
        self, parameter: int | None, span: Span | None = None, *, is_found: bool = False
    ) -> None:
        self.parameter: t.Final = parameter
        self.is_found: t.Final = is_found
        self.span = span


Goal = tuple[Term, int, Site]
#: The goals that follow, as a linked list.
Pending = tuple[t.Any, ...]
Success = Callable[[Scope, list[ast.stmt]], None]


class Variant(Record):
    """A function to compile: a rule, what is known of its arguments, and the kind.

    A test returns whether there is a solution; the other kind is a generator that yields once for
    each solution.

    :param known: the strings and integers.
    :param lineages: the classes of arguments.
    :param objects: the arguments that are classes themselves.
    :param odd: the positions of arguments that choose no other function.
    :param asked: the positions of arguments that may run code when they are compared with literals.
    :param open: the positions of arguments without a value: the function yields what they become.
    """

    name: str
    arity: int
    known: tuple[tuple[int, str | int | None], ...]
    is_test: bool
    lineages: tuple[tuple[int, Lineage], ...] = ()
    objects: tuple[tuple[int, type | None], ...] = ()
    odd: tuple[int, ...] = ()
    asked: tuple[int, ...] = ()
    open: tuple[int, ...] = ()

    @property
    def parameters(self) -> list[str]:
        """The names of its arguments."""
        return [f"a{n}" for n in range(self.arity)]

    @property
    def values(self) -> KnownArguments:
        """The known literals, as terms."""
        return {position: None if text is None else Value(text) for position, text in self.known}

    @property
    def facts(self) -> ArgumentFacts:
        """What is known of the arguments."""
        return ArgumentFacts(self.values, dict(self.lineages), dict(self.objects))

    def at_odd(self, position: int) -> Variant:
        """Return the variant that an argument does not narrow further."""
        return self.replaced(odd=(*self.odd, position))

    def asking(self, position: int) -> Variant:
        """Return the variant that asks an argument whether it equals the literals of heads."""
        return self.replaced(asked=(*self.asked, position))


class ClassSet(t.Protocol):
    """A set of classes with attributes that are read without side effects."""

    kinds: set[type]
    names: set[str]

    @property
    def admits(self) -> Callable[[type], bool]: ...


class ProgramInterface(t.Protocol):
    """What the writers of functions need of the program."""

    host: Host
    equality: SideEffectFreeEquality
    found: FoundValues
    virtual_subclasses: VirtualSubclasses
    #: Whether functions return the rule that decided, instead of ``True``.
    names_rules: bool

    def candidates(self, name: str, arity: int) -> ClauseIndex | None: ...
    def function(self, variant: Variant) -> str: ...
    def table(self, variant: Variant) -> tuple[Dispatch, str] | None: ...
    def clauses_for(self, name: str, arity: int, facts: ArgumentFacts) -> list[Clause]: ...
    def constant(self, value: t.Any) -> str: ...
    def constant_value(self, name: str) -> t.Any: ...
    def lifted_name(self) -> str: ...
    def members(self, union: str) -> tuple[type, ...]: ...
    def height(self, name: str) -> float: ...
    def is_recursive(self, name: str) -> bool: ...
    def is_relation(self, name: str) -> bool: ...
    def known(self, variant: Variant) -> Callable[..., bool] | None: ...
    def later(self, variant: Variant) -> Callable[..., bool]: ...
    def lineage(self, cls: type) -> Lineage | None: ...
    def quiet(self, *, are_rows: bool = False) -> tuple[str, ClassSet]: ...
    def class_dictionary(self, cls: type) -> str: ...
    def text_table(self, table: dict[str, t.Any]) -> str: ...


def classes_of(names: ProgramInterface, pattern: Pattern) -> tuple[type, ...]:
    """Return the classes whose instances match a pattern with a tag, as far as classes tell."""
    if pattern.tag in RESERVED_NAMES:
        return names.members(pattern.tag)
    return (names.host.classes[t.cast(str, pattern.tag)],)


def instance_test(names: ProgramInterface, name: str, pattern: Pattern) -> ast.expr:
    """Write whether a value is an instance of the class of a pattern."""
    classes = classes_of(names, pattern)
    one = classes[0] if len(classes) == 1 else classes
    return call("isinstance", load(name), load(names.constant(one)))


def awaited_classes(*cells: VariableCell) -> Iterator[str]:
    """Yield the names of the classes in the class tests that wait for variables."""
    for term, _, _ in itertools.chain.from_iterable(cell.waiting for cell in cells):
        if is_operation(term, Operator.ISA):
            yield t.cast(str, t.cast(Pattern, term.args[1]).tag)


def conjunct_goals(term: Expression, clause: int, site: Site) -> list[Goal]:
    return [(arg, clause, site) for arg in term.args]


def prepend(goals: Iterable[tuple[t.Any, ...]], rest: Pending) -> Pending:
    """Prepend goals to others."""
    for goal in reversed(list(goals)):
        rest = (goal, rest)
    return rest


def pending_goals(goals: Pending) -> Iterator[tuple[t.Any, ...]]:
    """Yield linked goals in order."""
    while goals:
        goal, goals = goals
        yield goal


def concatenate(goals: Pending, rest: Pending) -> Pending:
    """Prepend linked goals to others."""
    return prepend(pending_goals(goals), rest)
