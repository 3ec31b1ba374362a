"""One goal that is being written: where its Python goes, and what its operands are.

``GoalContext`` has what all kinds of goals need: to go on, to fail, to bind a variable, to read an
attribute, to write that two values are equal. What each kind writes is in ``goals.py``.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ..host import numbers, sandbox
from ..host.conversion import to_python
from ..nodes import Instance, List, Term, Value
from ..solver.clauses import Clause, Slot
from ..sources import Span
from .binding_analysis import NotCompilable, compares_by_identity, is_constant, is_plain
from .scopes import (
    Goal,
    GoalPart,
    PendingGoals,
    ProgramInterface,
    Ref,
    Site,
    Success,
    VariableCell,
    VariableScope,
    Variant,
    prepend_goals,
)
from .snippets import (
    Position,
    assign,
    call,
    clock_check,
    compared,
    load,
    negate,
    position_of,
    type_test,
)

#: How many loops may stand in each other; CPython allows 20 blocks.
MAX_LOOPS = 12
#: How many elements a list may have that is searched for each in its place.
MAX_WRITTEN = 30


@dataclass(frozen=True)
class OutputPosition:
    """Where statements are written: how to fail there, how many loops around, what success is."""

    fail: Callable[[], ast.stmt]
    loops: int
    success: Success


Continuation = tuple[PendingGoals, list[ast.stmt], OutputPosition] | None


class FunctionWriter(t.Protocol):
    """What a goal needs of the writer of its function."""

    names: ProgramInterface
    variant: Variant
    sites: dict[Position, Site]
    success: Success
    passed_on: Term | None

    def fresh(self) -> str: ...
    def next_clause(self) -> int: ...
    def check_sandbox(self, ref: Ref, out: list[ast.stmt]) -> None: ...
    def write_goals(
        self, goals: PendingGoals, scope: VariableScope, out: list[ast.stmt], place: OutputPosition
    ) -> None: ...
    def body_goals(self, clause: Clause, number: int, site: Site) -> PendingGoals: ...
    def finish(self, scope: VariableScope, out: list[ast.stmt]) -> None: ...
    def give_up(self) -> ast.stmt: ...
    def succeed(self, scope: VariableScope, out: list[ast.stmt]) -> None: ...
    def succeed_with(self, rule: ast.expr) -> Success: ...


@dataclass
class GoalContext:
    """One goal that is being written, with everything around it."""

    writer: FunctionWriter
    clause: int
    site: Site
    rest: PendingGoals
    scope: VariableScope
    out: list[ast.stmt]
    place: OutputPosition
    #: ``None`` in the head of the function's own rule, which is no goal of the solver's.
    goal: t.Any

    # -- going on

    def go_on(self, *goals: Goal) -> Continuation:
        """Go on with some goals, then with the rest."""
        return prepend_goals(goals, self.rest), self.out, self.place

    def fail_unless(self, test: ast.expr) -> None:
        """Write that this place is left unless a test holds."""
        self.out.append(ast.If(negate(test), [self.place.fail()], []))

    def fail(self) -> Continuation:
        """Write that this place is left: nothing behind it can be reached."""
        self.out.append(self.place.fail())
        return None

    def loop(self, target: str, over: ast.expr) -> Continuation:
        """Go on inside a loop."""
        if self.place.loops >= MAX_LOOPS:
            raise self.not_compilable("too many nested searches")
        body = clock_check()
        self.out.append(ast.For(ast.Name(target, ast.Store()), over, body, []))
        return (
            self.rest,
            body,
            OutputPosition(ast.Continue, self.place.loops + 1, self.place.success),
        )

    @property
    def span(self) -> Span | None:
        """Where the goal stands."""
        return None if self.goal is None else t.cast("Span | None", self.goal.span)

    def part(self, write: Callable[[t.Any], Continuation]) -> Goal:
        """Return a part of this goal that is written later."""
        return GoalPart(self.goal, write), self.clause, self.site

    def mark(self, node: t.Any) -> t.Any:
        """Note what a piece of Python stands for, so that an error in it finds its way back."""
        if self.goal is None:
            return node
        sites, position = self.writer.sites, position_of(self.span)
        while position in sites:
            position = (*position[:3], position[3] + 1)
        sites[position] = self.site.within(self.goal)
        node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = position
        return node

    def not_compilable(self, reason: str) -> NotCompilable:
        """Make the error for this goal."""
        return NotCompilable(reason, self.span)

    # -- operands

    def cell(self, term: Term) -> VariableCell | None:
        """Return the variable of an operand; ``None`` if it is a value."""
        return self.scope.cell(self.clause, term.index) if isinstance(term, Slot) else None

    def ref(self, term: Term) -> Ref | None:
        """Return what an operand stands for; ``None`` if it is not bound."""
        if isinstance(term, Slot):
            known = self.scope.cell(self.clause, term.index).ref
            if known is not None and known.shape is not None:
                raise self.not_compilable("a list with variables in it")
            return known
        name = self.writer.names.constant
        if isinstance(term, Value):
            if term.value != term.value:
                # It equals nothing, but the solver finds that it is the same term.
                raise self.not_compilable("a literal that is no number")
            return Ref(name(term.value), term, written=term.span)
        if isinstance(term, Instance):
            cls = type(term.value) if is_plain(type(term.value)) else None
            # Wherever a constant is named, the solver has the same term.
            constant = name(term.value)
            origin = None if compares_by_identity(type(term.value)) else constant
            return Ref(constant, None, cls, origin=origin)
        if is_constant(term):
            return Ref(name(to_python(term, str)), listed=term if _is_written(term) else None)
        raise self.not_compilable("a list, a dictionary or a pattern with variables in it")

    def bind(self, cell: VariableCell, ref: Ref) -> Continuation:
        """Bind a variable; what waited for it comes next."""
        if cell.is_outside:
            raise self.not_compilable("a negation that binds a variable")
        waiting, cell.ref = cell.waiting, ref
        for goal in waiting:
            self.scope.forget(goal)
        here = self.site.within(self.goal)
        return self.go_on(*((term, clause, here) for term, clause, _ in waiting))

    def wait(self, *cells: VariableCell) -> Continuation:
        """Let the goal wait until one of some variables is bound, behind what waits for them."""
        goal = self.goal, self.clause, self.site
        self.scope.forget(goal)
        for cell in {id(cell): cell for cell in cells}.values():
            if cell.is_outside:
                raise self.not_compilable("a negation that binds a variable")
            cell.waiting = (*cell.waiting, goal)
        return self.go_on()

    def checked(self, ref: Ref) -> ast.expr:
        """Write a value, having made sure that it leads nowhere it must not."""
        if ref.read is not None:
            self.writer.check_sandbox(ref, self.out)
            self.note_checked(ref)
        return self.value(ref)

    def note_checked(self, ref: Ref) -> None:
        """Note that it was made sure what a value is."""
        for cell in self.scope.cells.values():
            if cell.ref is ref:
                cell.ref = replace(ref, read=None)

    def check_others(self, terms: Iterable[Term]) -> None:
        """Write that values which were read, and are not these, lead nowhere they must not."""
        spared = [self.cell(term) for term in terms]
        for cell in [*self.scope.cells.values()]:
            is_spared = any(cell is other for other in spared)
            if cell.ref is not None and cell.ref.read is not None and not is_spared:
                self.checked(cell.ref)

    def value(self, ref: Ref) -> ast.expr:
        """Write a value."""
        return ast.Constant(ref.literal.value) if ref.literal is not None else load(ref.name)

    # -- equality

    def equal(self, left: Ref, right: Ref) -> Continuation:
        """Write that two values are equal."""
        if left.literal is not None and right.literal is not None:
            same = numbers.equal_scalars(left.literal.value, right.literal.value)
            return self.go_on() if same else self.fail()
        if left.name == right.name:
            return self.go_on()
        self.fail_unless(self.equality(left, right))
        return self.known_equal(left, right)

    def known_equal(self, left: Ref, right: Ref) -> Continuation:
        """Go on where two values were compared, and so made sure."""
        self.note_checked(left)
        self.note_checked(right)
        return self.go_on()

    def equality(self, left: Ref, right: Ref) -> ast.expr:
        """Write whether two values are equal; of two objects, the left one is asked."""
        name = self.writer.names.constant
        read = (left.read, right.read)
        spans = load("unread" if read == (None, None) else name(read))
        slow = call("equal", self.value(left), self.value(right), spans)
        for one, other in ((left, right), (right, left)):
            if other.literal is not None:
                kind = type(other.literal.value)
                quick = compared(load(one.name), ast.Eq(), self.value(other))
                if kind is not float:
                    return ast.IfExp(type_test(one.name, kind.__name__), quick, slow)
                is_simple = compared(call("type", load(one.name)), ast.In(), load("simple"))
                return ast.IfExp(is_simple, quick, slow)
        quick = compared(load(left.name), ast.Eq(), load(right.name))
        both: list[ast.expr] = [
            compared(call("type", load(ref.name)), ast.In(), load("simple"))
            for ref in (left, right)
        ]
        return ast.IfExp(ast.BoolOp(ast.And(), both), quick, slow)

    def unify(self, left: Ref, right: Term) -> Continuation:
        """Write that a value equals an operand, or bind that."""
        known = self.ref(right)
        if known is not None:
            return self.equal(left, known)
        return self.bind(t.cast(VariableCell, self.cell(right)), left)

    # -- attributes

    def attribute(self, name: str, value: Ref, attribute: str) -> None:
        """Write that an attribute is read."""
        owner = self.checked(value)
        name_of = self.writer.names.constant
        places = load(name_of(self.span)), load(name_of(value.written))
        found = call("read", owner, ast.Constant(attribute), *places)
        is_missing = compared(load(name), ast.Is(), load("missing"))
        slowly = [self.mark(assign(name, found)), ast.If(is_missing, [self.place.fail()], [])]
        is_relation = self.writer.names.is_relation(attribute)
        if is_relation or not sandbox.is_unrestricted(attribute):
            self.out.extend(slowly)
            return
        quickly = self.mark(assign(name, ast.Attribute(owner, attribute, ast.Load())))
        if value.cls is not None:
            self.out.append(quickly)
            return
        self.out.append(ast.If(self.is_plain(value), [quickly], slowly))

    def is_plain(self, ref: Ref) -> ast.expr:
        """Write whether attributes can be read as they are: found out once for each value."""
        known = self.scope.plain.get(ref.name)
        if known is not None:
            return load(known)
        known = self.scope.plain[ref.name] = self.writer.fresh()
        test = compared(call("type", load(ref.name)), ast.In(), load("plain"))
        self.out.append(assign(known, test))
        return load(known)


def _is_written(term: Term) -> t.TypeGuard[List]:
    """Tell whether a term is a list that a policy has, whose elements have places."""
    return (
        isinstance(term, List) and 0 < len(term.items) <= MAX_WRITTEN and bool(term.items[0].span)
    )
