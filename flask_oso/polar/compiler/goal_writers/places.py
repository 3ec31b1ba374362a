"""The context of one goal that is being written: where its Python goes, and its operands.

``GoalContext`` has what all kinds of goals need: to go on, to fail, to bind a variable, to read an
attribute, to compare two values. ``goals.py`` has the kinds.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Iterable

from ...host import numbers, sandbox
from ...host.conversion import to_python
from ...nodes import Instance, List, Slot, Term, Value
from ...solver.clauses import Clause
from ...sources import Span
from ...value_objects import Record
from ..binding_analysis import NotCompilable, is_constant
from ..classes.plain_classes import compares_by_identity, is_plain
from ..entry_points import CALLS
from ..quotations import code, stmt
from ..scopes import (
    Goal,
    GoalPart,
    Pending,
    ProgramInterface,
    Ref,
    Scope,
    Site,
    Success,
    VariableCell,
    Variant,
    prepend,
)
from ..snippets import (
    Position,
    all_of,
    assign,
    call,
    clock_check,
    compared,
    for_each,
    is_of,
    is_type,
    load,
    negate,
    position_of,
)

#: The deepest nesting of loops; CPython allows 20 blocks.
MAX_LOOPS = 12
#: The most elements of a list literal that are tried one by one.
MAX_WRITTEN = 30


class Output(Record):
    """A point in the output: how to fail there, the enclosing loops, what follows a success."""

    fail: Callable[[], ast.stmt]
    loops: int
    success: Success


#: The goals that follow, and where they are written.
Following = tuple[Pending, list[ast.stmt], Output]
Continuation = Following | None


class FunctionWriter(t.Protocol):
    """What a goal needs of the writer of its function."""

    names: ProgramInterface
    variant: Variant
    sites: dict[Position, Site]
    success: Success
    passed_on: Term | None
    open_variables: list[tuple[int, int]]
    left: dict[int, NotCompilable]
    handed: dict[int, NotCompilable]

    def fresh(self) -> str: ...
    def next_clause(self) -> int: ...
    def lifted(self, body: list[ast.stmt]) -> ast.expr: ...
    def check_sandbox(self, ref: Ref, out: list[ast.stmt]) -> None: ...
    def write_goals(
        self, goals: Pending, scope: Scope, out: list[ast.stmt], place: Output
    ) -> None: ...
    def body_goals(self, clause: Clause, number: int, site: Site) -> Pending: ...
    def finish(self, scope: Scope, out: list[ast.stmt]) -> None: ...
    def give_up(self) -> ast.stmt: ...
    def succeed(self, scope: Scope, out: list[ast.stmt]) -> None: ...
    def succeed_with(self, rule: ast.expr) -> Success: ...


class GoalContext(Record, eq=False, frozen=False):
    """One goal that is being written, with everything around it."""

    writer: FunctionWriter
    clause: int
    site: Site
    rest: Pending
    scope: Scope
    out: list[ast.stmt]
    place: Output
    #: ``None`` in the head of the function's own rule, which is not a goal of the solver.
    goal: t.Any

    # -- going on

    def go_on(self, *goals: Goal) -> Following:
        """Continue with some goals, then with the rest."""
        return prepend(goals, self.rest), self.out, self.place

    def fail_unless(self, test: ast.expr) -> None:
        """Write that the goal fails unless a test holds."""
        self.out.append(ast.If(negate(test), [self.place.fail()], []))

    def fail(self) -> Continuation:
        """Write that the goal fails; what follows is unreachable."""
        self.out.append(self.place.fail())
        return None

    def loop(self, target: str, over: ast.expr) -> Following:
        """Continue within a loop."""
        place, body = self.nested(leave=ast.Continue), clock_check()
        self.out.append(for_each(target, over, body))
        return self.rest, body, place

    def nested(
        self, success: Success | None = None, leave: Callable[[], ast.stmt] = ast.Break
    ) -> Output:
        """Return the output within one more loop."""
        if self.place.loops >= MAX_LOOPS:
            raise self.not_compilable("too many nested searches")
        return Output(leave, self.place.loops + 1, success or self.place.success)

    def alternative(self) -> t.Self:
        """Return this goal in a block of its own, with a copy of the scope."""
        return self.replaced(scope=self.scope.copy(), out=[], place=self.nested())

    @property
    def span(self) -> Span | None:
        """The place of the goal."""
        return None if self.goal is None else t.cast("Span | None", self.goal.span)

    def part(self, write: Callable[[t.Any], Continuation]) -> Goal:
        """Return a part of this goal, to be written later."""
        return GoalPart(self.goal, write), self.clause, self.site

    def mark(self, node: t.Any) -> t.Any:
        """Record the goal of a node, so that an error in it can be traced to the policy."""
        return node if self.goal is None else self.mark_as(self.site.within(self.goal), node)

    def mark_as(self, site: Site, node: t.Any) -> t.Any:
        """Record a site of a node."""
        sites, position = self.writer.sites, position_of(self.span or _span_around(site))
        while position in sites:
            position = (*position[:3], position[3] + 1)
        sites[position] = site
        node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = position
        return node

    def not_compilable(self, reason: str) -> NotCompilable:
        """Return the error that this goal cannot be compiled."""
        return NotCompilable(reason, self.span)

    # -- operands

    def cell(self, term: Term) -> VariableCell | None:
        """Return the variable of an operand; ``None`` if it is a value."""
        return self.scope.cell(self.clause, term.index) if isinstance(term, Slot) else None

    def unbound(self, term: Term) -> VariableCell:
        """Return the variable of an operand that has no value."""
        return self.scope.cell(self.clause, t.cast(Slot, term).index)

    def ref(self, term: Term) -> Ref | None:
        """Return the value of an operand; ``None`` if it is unbound."""
        if isinstance(term, Slot):
            known = self.scope.cell(self.clause, term.index).ref
            if known is not None and known.shape is not None:
                raise self.not_compilable("a list with variables in it")
            return known
        name = self.writer.names.constant
        if isinstance(term, Value):
            if term.value != term.value:
                # NaN equals nothing, but in the solver the same term equals itself.
                raise self.not_compilable("a literal that is no number")
            return Ref(name(term.value), term, written=term.span)
        if isinstance(term, Instance):
            cls = type(term.value) if is_plain(type(term.value)) else None
            # In the solver, a constant is one term wherever it occurs.
            constant = name(term.value)
            origin = None if compares_by_identity(type(term.value)) else constant
            return Ref(constant, None, cls, origin=origin, is_nil=term.value is None)
        if is_constant(term):
            listed = term if _is_written(term) else None
            return Ref(name(to_python(term, str)), listed=listed, written=term.span)
        raise self.not_compilable("a list, a dictionary or a pattern with variables in it")

    def bind(self, cell: VariableCell, ref: Ref) -> Continuation:
        """Bind a variable; the goals that waited for it come next."""
        if cell.is_outside:
            raise self.not_compilable("a negation that binds a variable")
        waiting, cell.ref = cell.waiting, ref
        for goal in waiting:
            self.scope.forget(goal)
        here = self.site.within(self.goal)
        return self.go_on(*((term, clause, here) for term, clause, _ in waiting))

    def wait(self, *cells: VariableCell) -> Continuation:
        """Suspend the goal until one of some variables is bound, after those that wait already."""
        goal = self.goal, self.clause, self.site
        self.scope.forget(goal)
        for cell in {id(cell): cell for cell in cells}.values():
            if cell.is_outside:
                raise self.not_compilable("a negation that binds a variable")
            cell.waiting = (*cell.waiting, goal)
        return self.go_on()

    def checked(self, ref: Ref) -> ast.expr:
        """Write a value that has passed the sandbox check."""
        if ref.read is not None:
            self.writer.check_sandbox(ref, self.out)
            self.note_checked(ref)
        return self.value(ref)

    def check_placed(self, ref: Ref) -> None:
        """Refuse a value whose place an error of the goal may show, and that has none here."""
        if ref.is_found:
            raise self.not_compilable("a variable that a rule binds which may call itself")

    def note_checked(self, ref: Ref) -> None:
        """Note that a value has passed the sandbox check."""
        for cell in self.scope.cells.values():
            if cell.ref is ref:
                cell.ref = ref.replaced(read=None)

    def check_others(self, terms: Iterable[Term]) -> None:
        """Write the sandbox check for the values that were read, except the operands."""
        spared = [self.cell(term) for term in terms]
        for cell in [*self.scope.cells.values()]:
            # Few of many cells have a value that is still to be checked: that is asked first.
            if cell.ref is None or cell.ref.read is None:
                continue
            if not any(cell is other for other in spared):
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
        """Continue after a comparison, which includes the sandbox check."""
        self.note_checked(left)
        self.note_checked(right)
        return self.go_on()

    def equality(self, left: Ref, right: Ref) -> ast.expr:
        """Write whether two values are equal; the ``__eq__`` of the left object is called."""
        name = self.writer.names.constant
        read = (left.read, right.read)
        spans = load("unread" if read == (None, None) else name(read))
        values = self.value(left), self.value(right)
        quick = compared(values[0], ast.Eq(), values[1])
        slow = call("equal", self.value(left), self.value(right), spans)
        return ast.IfExp(compares_silently(left, right, "simple"), quick, slow)

    # -- attributes

    def attribute(self, name: str, value: Ref, attribute: str) -> None:
        """Write that an attribute is read."""
        owner = self.checked(value)
        if value.among is not None and attribute in self.writer.names.host.row_relations:
            # Otherwise each element of a list would be a statement.
            path = load(self.writer.names.constant(value.among.path))
            rows = load(value.among.collection)
            loaded = call("load_among", load(value.name), ast.Constant(attribute), rows, path)
            self.out.append(self.mark(ast.Expr(loaded)))
        name_of = self.writer.names.constant
        places = load(name_of(self.span)), load(name_of(value.place))
        found = self.mark(assign(name, call("read", owner, ast.Constant(attribute), *places)))
        slowly = code("FOUND\nif X is missing: FAIL", FOUND=found, X=name, FAIL=self.place.fail())
        read = "X = OWNER.NAME"
        if self._is_computed(value, attribute):
            # The value is noted, as that of a call is.
            read = """
                if clock[4] is None:
                    X = OWNER.NAME
                    clock[CALLS].append((VALUE, TEXT, None, X))
                else: X = read_once(VALUE, TEXT, clock)
            """
        elif _may_be_read_before(value):
            read = "X = OWNER.NAME if clock[4] is None else read_once(VALUE, TEXT, clock)"
        text, of_value = ast.Constant(attribute), value.name
        quickly = stmt(
            read, X=name, OWNER=owner, NAME=attribute, VALUE=of_value, TEXT=text, CALLS=CALLS
        )
        self.read_by_class(value, attribute, self.mark(quickly), slowly)

    def read_by_class(
        self, value: Ref, attribute: str, quickly: ast.stmt, slowly: list[ast.stmt]
    ) -> None:
        """Write that Python reads an attribute where the class of the value allows it."""
        if self.writer.names.is_relation(attribute) or not sandbox.is_unrestricted(attribute):
            self.out += slowly
        elif value.cls is not None:
            self.out.append(quickly)
        else:
            self.out.append(ast.If(is_of(value.name, "readable"), [quickly], slowly))

    def _is_computed(self, owner: Ref, attribute: str) -> bool:
        """Tell whether an attribute is known to be computed, so that each value is noted."""
        classes = _classes_of(owner)
        return any(not sandbox.is_silent_read(cls, attribute) for cls in classes)


def _may_be_read_before(owner: Ref) -> bool:
    """Tell whether a specialization may have read a computed attribute of a parameter."""
    is_parameter = owner.written is not None and not isinstance(owner.written, Span)
    return is_parameter and owner.literal is None and not _classes_of(owner)


def _classes_of(owner: Ref) -> list[type]:
    """Return the classes that a value is known to be of."""
    classes = [owner.cls] if owner.cls is not None else []
    return [*classes, *(owner.lineage.classes[:1] if owner.lineage is not None else ())]


def _span_around(site: Site) -> Span | None:
    """Return the place of the goal around a constant, which has none of its own."""
    spans = (getattr(goal, "span", None) for goal, _ in reversed(site.steps))
    return next(filter(None, spans), None)


def _is_written(term: Term) -> t.TypeGuard[List]:
    """Tell whether a term is a short list literal of a policy, whose elements have spans."""
    return (
        isinstance(term, List) and 0 < len(term.items) <= MAX_WRITTEN and bool(term.items[0].span)
    )


def compares_silently(left: Ref, right: Ref, known: str, *, alike: bool = False) -> ast.expr:
    """Write whether Python compares two values as the solver does, without calls.

    Not both are literals.

    :param known: the name of the classes whose values compare so.
    :param alike: whether values of different classes are left to the solver.
    """
    for one, other in ((left, right), (right, left)):
        if other.is_nil and known == "simple":
            return is_of(one.name, "told")
        if other.literal is not None:
            return is_type(one.name, type(other.literal.value).__name__)
    kinds = [call("type", load(ref.name)) for ref in (left, right)]
    if alike:
        same = compared(kinds[0], ast.Is(), kinds[1])
        return all_of([same, is_of(left.name, known)])
    return all_of([compared(kind, ast.In(), load(known)) for kind in kinds])
