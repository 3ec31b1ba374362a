"""From clauses to Python functions: the everyday question, all of whose arguments are bound.

In goes an engine; out come functions that answer a call as the solver does. For each
call with its known strings there is one function, a sequence of blocks, one for each
clause: what is bound becomes a test, ``in`` becomes a loop, a call becomes a call. A
block that fails is left with ``break``, an element of a loop with ``continue``. What
waits for a variable in the solver is written where the variable is bound here, so the
order of everything that Python can observe is the same.

Functions are built as ``ast`` nodes that carry the policy's own places; no text of a
policy becomes part of a program, and no name of a policy a name in it. What cannot be
followed raises ``Unfollowable``, and the solver answers.
"""

from __future__ import annotations

import ast
import itertools
import typing as t
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from . import attributes
from .clauses import Candidates, Clause, Slot, Template
from .host import RESERVED_NAMES, Host, to_python
from .modes import (
    Known,
    Order,
    Unfollowable,
    check_class,
    check_head,
    has_cut,
    in_order,
    is_plain,
    is_string,
    matching,
)
from .nodes import (
    COMPARISONS,
    Call,
    Expression,
    Instance,
    List,
    Operator,
    Pattern,
    Term,
    Value,
)
from .snippets import (
    Position,
    assign,
    block,
    call,
    compared,
    function_of,
    load,
    negated,
    position_of,
    returned,
    tick,
    typed,
)
from .sources import Span

#: How many goals one function may hold: alternatives repeat what stands behind them.
MAX_OPERATIONS = 400
#: How many loops may stand in each other; CPython allows 20 blocks.
MAX_LOOPS = 12
#: After how many calls in each other Python's stack is looked at: before it is used up the
#: solver takes over, which does not need it.
DEPTH_INTERVAL = 32
#: And after how many for the first time: the caller may have used most of it.
FIRST_DEPTH = 8
#: Rules below which fewer calls stand in each other do not look at the clock themselves.
LOW = 2
#: How many calls may stand in each other where generators do: those use the stack of C.
MAX_GENERATORS = 64


@dataclass(frozen=True)
class Site:
    """Where a goal stands: the goals around it, outermost first, each with its rule's name."""

    steps: tuple[tuple[Term | None, str | None], ...]

    def within(self, goal: Term | None, rule: str | None = None) -> Site:
        """Give the site of a goal that stands in this one."""
        name = self.steps[-1][1] if rule is None and self.steps else rule
        return Site((*self.steps, (goal, name)))

    @property
    def rule(self) -> str | None:
        """The rule whose body this is in."""
        return self.steps[-1][1] if self.steps else None


@dataclass(frozen=True)
class Ref:
    """What is known of a value: the Python name it has, or the literal it is.

    ``cls`` is a plain class that it is an instance of, if one is known; ``read`` the place
    of the attribute it was read from, as long as nobody made sure what it is; ``origin`` the
    name of the collection whose element it is.

    INVARIANT: in one function, what the solver has one term for has one name. A term equals
    itself and nobody is asked, while an object may be asked whether it equals itself.
    """

    name: str
    literal: Value | None = None
    cls: type | None = None
    read: Span | None = None
    origin: str | None = None


@dataclass
class Cell:
    """A variable of the clauses: what it is bound to, or what waits for that."""

    ref: Ref | None = None
    waiting: tuple[tuple[Term, int, Site], ...] = ()
    #: Whether it belongs to what stands around a negation, which cannot bind it.
    is_outside: bool = False


@dataclass
class Scope:
    """The variables of the clauses that one function is made of."""

    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    #: The names that say whether the attributes of a value can be read as they are.
    plain: dict[str, str] = field(default_factory=dict)
    #: The names of collections whose elements variables have.
    searched: set[str] = field(default_factory=set)

    def copy(self) -> Scope:
        """Give a scope in which the same variables can get other values."""
        copies: dict[int, Cell] = {}
        for cell in self.cells.values():
            copies.setdefault(id(cell), replace(cell))
        cells = {key: copies[id(cell)] for key, cell in self.cells.items()}
        return Scope(cells, dict(self.plain), set(self.searched))

    def cell(self, clause: int, index: int) -> Cell:
        """Give the cell of a variable."""
        return self.cells.setdefault((clause, index), Cell())

    def unite(self, one: Cell, other: Cell) -> Cell:
        """Make one variable of two that are not bound."""
        if one.is_outside or other.is_outside:
            raise Unfollowable("a negation that binds a variable", None)
        one.waiting = (*one.waiting, *other.waiting)
        for key, cell in self.cells.items():
            if cell is other:
                self.cells[key] = one
        return one


Goal = tuple[Term, int, Site]
#: Goals that are still to be written, the first one in front.
Goals = tuple[t.Any, ...]
Success = Callable[[Scope, list[ast.stmt]], None]


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
    def values(self) -> Known:
        """What is known of the arguments, as terms."""
        return {position: None if text is None else Value(text) for position, text in self.known}


class Names(t.Protocol):
    """What a function writer needs of the program it writes for."""

    host: Host

    def candidates(self, name: str, arity: int) -> Candidates | None: ...
    def function(self, variant: Variant) -> str: ...
    def table(self, variant: Variant) -> tuple[int, str] | None: ...
    def constant(self, value: t.Any) -> str: ...
    def members(self, union: str) -> tuple[type, ...]: ...
    def is_single(self, variant: Variant) -> bool: ...
    def height(self, name: str) -> float: ...
    def is_relation(self, name: str) -> bool: ...


_COMPARE: dict[Operator, type[ast.cmpop]] = {
    Operator.EQ: ast.Eq,
    Operator.NEQ: ast.NotEq,
    Operator.LT: ast.Lt,
    Operator.LEQ: ast.LtE,
    Operator.GT: ast.Gt,
    Operator.GEQ: ast.GtE,
}


class Writer:
    """Writes one function.

    What can raise, or let the solver take over, has a place of its own in the function:
    that of its goal in the policy, or near it where several stand at one.
    """

    def __init__(self, names: Names, variant: Variant) -> None:
        self._names = names
        self._variant = variant
        self._numbers = itertools.count()
        self._clauses = itertools.count()
        self._operations = 0
        #: The goals that places of the function stand for, by line and columns.
        self.sites: dict[Position, Site] = {}

    # -- functions

    def write(self) -> ast.FunctionDef:
        """Write the function.

        :raises Unfollowable: if the solver has to answer instead.
        """
        variant = self._variant
        parameters = [f"a{n}" for n in range(variant.arity)]
        candidates = self._names.candidates(variant.name, variant.arity)
        clauses = [] if candidates is None else matching(candidates, variant.values)
        for clause in clauses:
            check_head(clause, self._names.host)
            if has_cut(clause):
                raise Unfollowable("a cut", clause.rule.span)
        order = in_order(clauses, self._names.host)
        body = self._guard(parameters)
        body += self._heads(order.clauses, parameters)
        for first, second in order.exclusive:
            both = ast.BoolOp(ast.And(), [load(f"m{first}"), load(f"m{second}")])
            body.append(ast.If(both, self._hand_over(parameters), []))
        for number, clause in enumerate(order.clauses):
            body.append(ast.If(load(f"m{number}"), [self._body(clause, parameters)], []))
        return function_of("answer", [*parameters, "depth", "clock"], [*body, *self._end()])

    def _end(self) -> list[ast.stmt]:
        if self._variant.is_test:
            return [returned(False)]
        # It is a generator even if it has nothing to give.
        return [ast.If(ast.Constant(False), [ast.Expr(ast.Yield(None))], [])]

    def _hand_over(self, parameters: list[str]) -> list[ast.stmt]:
        """Write that the solver answers this very call."""
        args = ast.Tuple([load(name) for name in parameters], ast.Load())
        name = self._names.constant(self._variant.name)
        if self._variant.is_test:
            return [ast.Return(call("hand_over", load(name), args, load("clock")))]
        rest = call("hand_over_each", load(name), args, load("clock"))
        return [ast.Expr(ast.YieldFrom(rest)), ast.Return(None)]

    def _guard(self, parameters: list[str]) -> list[ast.stmt]:
        """Write that a rule from which calls go deep has a depth and a deadline."""
        height = self._names.height(self._variant.name)
        if height < LOW:
            return []
        if height < DEPTH_INTERVAL:
            return tick()
        depth = load("depth")
        is_first = compared(depth, ast.Eq(), ast.Constant(FIRST_DEPTH))
        if self._variant.is_test:
            now_and_then = negated(ast.BinOp(depth, ast.BitAnd(), ast.Constant(DEPTH_INTERVAL - 1)))
            is_due = ast.BoolOp(ast.Or(), [ast.BoolOp(ast.And(), [now_and_then, depth]), is_first])
            too_deep: ast.expr = ast.BoolOp(ast.And(), [is_due, call("is_deep")])
        else:
            is_over = compared(depth, ast.Gt(), ast.Constant(MAX_GENERATORS))
            is_deep = ast.BoolOp(ast.And(), [is_first, call("is_deep")])
            too_deep = ast.BoolOp(ast.Or(), [is_over, is_deep])
        return [ast.If(too_deep, self._hand_over(parameters), []), *tick()]

    # -- heads

    def _heads(self, clauses: list[Clause], parameters: list[str]) -> list[ast.stmt]:
        """Write which clauses match: ``m0 = isinstance(a0, K1) and …``."""
        body: list[ast.stmt] = []
        known = self._variant.values
        strings = sorted({p for c in clauses for p, _ in c.literals if p not in known})
        for position in strings:
            # An object may equal a string, by a method of its own.
            other = negated(typed(parameters[position], "str"))
            body.append(ast.If(other, self._hand_over(parameters), []))
        for number, clause in enumerate(clauses):
            tests = list(self._tests(clause, parameters))
            test = ast.BoolOp(ast.And(), tests) if len(tests) > 1 else None
            body.append(assign(f"m{number}", test or (tests or [ast.Constant(True)])[0]))
        return body

    def _tests(self, clause: Clause, parameters: list[str]) -> Iterable[ast.expr]:
        known = self._variant.values
        for position, parameter in enumerate(clause.parameters):
            name = parameters[position]
            if isinstance(parameter.term, Value):
                if position not in known:
                    yield compared(load(name), ast.Eq(), ast.Constant(parameter.term.value))
            elif parameter.specializer is not None:
                pattern = t.cast(Pattern, parameter.specializer)
                if position not in known or pattern.tag != "String":
                    yield self._instance_test(name, pattern)

    def _instance_test(self, name: str, pattern: Pattern) -> ast.expr:
        if pattern.tag in RESERVED_NAMES:
            classes: t.Any = self._names.members(pattern.tag)
        else:
            classes = self._names.host.classes[t.cast(str, pattern.tag)]
        return call("isinstance", load(name), load(self._names.constant(classes)))

    def _class_of(self, pattern: Term | None) -> type | None:
        """Give the plain class that what matches a pattern is an instance of."""
        if not isinstance(pattern, Pattern) or pattern.tag in RESERVED_NAMES:
            return None
        cls = self._names.host.classes.get(t.cast(str, pattern.tag))
        return cls if cls is not None and is_plain(cls) else None

    # -- bodies

    def _body(self, clause: Clause, parameters: list[str]) -> ast.stmt:
        scope, number = Scope(), next(self._clauses)
        known = self._variant.values
        for position, parameter in enumerate(clause.parameters):
            if isinstance(parameter.term, Slot):
                literal = known.get(position)
                ref = Ref(parameters[position], literal, self._class_of(parameter.specializer))
                scope.cell(number, parameter.term.index).ref = ref
        goals = self._body_goals(clause, number, Site(()))
        return block(self._block(goals, scope, self._succeed))

    def _body_goals(self, clause: Clause, number: int, site: Site) -> Goals:
        body = clause.body
        if body is None:
            return ()
        inside = site.within(body, clause.rule.name)
        if isinstance(body, Expression) and body.operator is Operator.AND:
            return _in_front(_conjuncts(body, number, inside), ())
        return ((body, number, inside), ())

    def _succeed(self, scope: Scope, out: list[ast.stmt]) -> None:
        out.append(returned(True) if self._variant.is_test else ast.Expr(ast.Yield(None)))

    def _block(self, goals: Goals, scope: Scope, success: Success) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        self._goals(goals, scope, out, _Place(ast.Break, 0, success))
        return out

    def _goals(self, goals: Goals, scope: Scope, out: list[ast.stmt], place: _Place) -> None:
        """Write goals one after the other; each may leave a place further in for the rest."""
        while goals:
            (term, clause, site), rest = goals
            self._operations += 1
            if self._operations > MAX_OPERATIONS:
                raise Unfollowable("a rule with too many alternatives", term.span)
            following = self._goal(term, clause, site, rest, scope, out, place)
            if following is None:
                return
            goals, out, place = following
        for cell in scope.cells.values():
            if cell.waiting and cell.ref is None:
                where = cell.waiting[0][0].span
                raise Unfollowable("a condition on a variable that is never bound", where)
            if cell.ref is not None and cell.ref.read is not None:
                self._make_sure(cell.ref, out)
        place.success(scope, out)

    def _goal(
        self,
        term: Term,
        clause: int,
        site: Site,
        rest: Goals,
        scope: Scope,
        out: list[ast.stmt],
        place: _Place,
    ) -> tuple[Goals, list[ast.stmt], _Place] | None:
        """Write one goal; give what is left and where it goes, or ``None`` if all is written."""
        at = _At(self, clause, site, rest, scope, out, place, term)
        if isinstance(term, Template) and isinstance(term.term, Call):
            return at.rule_call(term.term)
        if isinstance(term, Call):
            return at.rule_call(term)
        if isinstance(term, Expression):
            method = _OPERATORS.get(term.operator)
            if method is None:
                raise Unfollowable(f"'{term.operator.value.lower()}'", term.span)
            return method(at, term)
        return at.condition(term)

    # -- values

    def fresh(self) -> str:
        """Give a name that the function does not have yet."""
        return f"v{next(self._numbers)}"

    def _make_sure(self, ref: Ref, out: list[ast.stmt]) -> None:
        """Write that a value that was read leads nowhere it must not."""
        unknown = compared(call("type", load(ref.name)), ast.NotIn(), load("harmless"))
        check = call("make_sure", load(ref.name), load(self._names.constant(ref.read)))
        out.append(ast.If(unknown, [ast.Expr(check)], []))


@dataclass(frozen=True)
class _Place:
    """Where statements are written: how to fail there, how many loops around, what success is."""

    fail: type[ast.stmt]
    loops: int
    success: Success


_Next = tuple[Goals, list[ast.stmt], _Place] | None


@dataclass
class _At:
    """One goal that is being written, with everything around it."""

    writer: Writer
    clause: int
    site: Site
    rest: Goals
    scope: Scope
    out: list[ast.stmt]
    place: _Place
    goal: Term

    # -- going on

    def go_on(self, *goals: Goal) -> _Next:
        """Go on with some goals, then with the rest."""
        return _in_front(goals, self.rest), self.out, self.place

    def fail_unless(self, test: ast.expr) -> None:
        """Write that this place is left unless a test holds."""
        self.out.append(ast.If(negated(test), [self.place.fail()], []))

    def fail(self) -> _Next:
        """Write that this place is left: nothing behind it can be reached."""
        self.out.append(self.place.fail())
        return None

    def loop(self, target: str, over: ast.expr) -> _Next:
        """Go on inside a loop."""
        if self.place.loops >= MAX_LOOPS:
            raise Unfollowable("too many nested searches", self.goal.span)
        body = tick()
        self.out.append(ast.For(ast.Name(target, ast.Store()), over, body, []))
        return self.rest, body, _Place(ast.Continue, self.place.loops + 1, self.place.success)

    def mark(self, node: t.Any) -> t.Any:
        """Note what a piece of Python stands for, so that an error in it finds its way back."""
        sites, position = self.writer.sites, position_of(self.goal.span)
        while position in sites:
            position = (*position[:3], position[3] + 1)
        sites[position] = self.site.within(self.goal)
        node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = position
        return node

    def unfollowable(self, reason: str) -> Unfollowable:
        """Make the error for this goal."""
        return Unfollowable(reason, self.goal.span)

    # -- operands

    def cell(self, term: Term) -> Cell | None:
        """Give the variable of an operand; ``None`` if it is a value."""
        return self.scope.cell(self.clause, term.index) if isinstance(term, Slot) else None

    def ref(self, term: Term) -> Ref | None:
        """Give what an operand stands for; ``None`` if it is not bound."""
        if isinstance(term, Slot):
            return self.scope.cell(self.clause, term.index).ref
        if isinstance(term, Value):
            return Ref(self.writer._names.constant(term.value), term)
        if isinstance(term, Instance):
            cls = type(term.value) if is_plain(type(term.value)) else None
            name = self.writer._names.constant(term.value)
            # Wherever a constant is named, the solver has the same term.
            own: t.Any = type(term.value).__eq__
            return Ref(name, None, cls, origin=None if own is object.__eq__ else name)
        if isinstance(term, List) and term.rest is None and all(map(is_string, term.items)):
            return Ref(self.writer._names.constant(to_python(term, str)))
        raise self.unfollowable("a list, a dictionary or a pattern with variables in it")

    def bind(self, cell: Cell, ref: Ref) -> _Next:
        """Bind a variable; what waited for it comes next."""
        if cell.is_outside:
            raise self.unfollowable("a negation that binds a variable")
        waiting, cell.waiting, cell.ref = cell.waiting, (), ref
        here = self.site.within(self.goal)
        return self.go_on(*((term, clause, here) for term, clause, _ in waiting))

    def wait(self, cell: Cell) -> _Next:
        """Let the goal wait for a variable."""
        if cell.is_outside:
            raise self.unfollowable("a negation that binds a variable")
        cell.waiting = (*cell.waiting, (self.goal, self.clause, self.site))
        return self.go_on()

    def sure(self, ref: Ref) -> ast.expr:
        """Write a value, having made sure that it leads nowhere it must not."""
        if ref.read is not None:
            self.writer._make_sure(ref, self.out)
            for cell in self.scope.cells.values():
                if cell.ref is ref:
                    cell.ref = replace(ref, read=None)
        return self.value(ref)

    def value(self, ref: Ref) -> ast.expr:
        """Write a value."""
        return ast.Constant(ref.literal.value) if ref.literal is not None else load(ref.name)

    # -- equality

    def equal(self, left: Ref, right: Ref) -> _Next:
        """Write that two values are equal."""
        if left.literal is not None and right.literal is not None:
            same = left.literal == right.literal and is_string(left.literal)
            if not same and not (is_string(left.literal) and is_string(right.literal)):
                raise self.unfollowable("two literals that are compared")
            return self.go_on() if same else self.fail()
        if left.name == right.name:
            return self.go_on()
        self.fail_unless(self._equality(left, right))
        return self.go_on()

    def _equality(self, left: Ref, right: Ref) -> ast.expr:
        name = self.writer._names.constant
        spans = load(name((left.read, right.read)))
        slow = call("equal", self.value(left), self.value(right), spans)
        for one, other in ((left, right), (right, left)):
            if other.literal is not None:
                kind = type(other.literal.value)
                if kind is float:
                    return slow
                quick = compared(load(one.name), ast.Eq(), self.value(other))
                return ast.IfExp(typed(one.name, kind.__name__), quick, slow)
        quick = compared(load(left.name), ast.Eq(), load(right.name))
        both = [
            compared(call("type", self.value(ref)), ast.In(), load("simple"))
            for ref in (left, right)
            if ref.literal is None
        ]
        if len(both) < 2:
            return slow
        return ast.IfExp(ast.BoolOp(ast.And(), both), quick, slow)

    # -- operators

    def all_of(self, term: Expression) -> _Next:
        """Write a conjunction."""
        return self.go_on(*_conjuncts(term, self.clause, self.site.within(term)))

    def any_of(self, term: Expression) -> _Next:
        """Write each alternative with everything that stands behind it."""
        inside = self.site.within(term)
        for arg in term.args:
            body: list[ast.stmt] = []
            goals = _in_front([(arg, self.clause, inside)], self.rest)
            place = _Place(ast.Break, self.place.loops + 1, self.place.success)
            if self.place.loops >= MAX_LOOPS:
                raise self.unfollowable("too many nested searches")
            self.writer._goals(goals, self.scope.copy(), body, place)
            self.out.append(block(body))
        return self.fail()

    def negation(self, term: Expression) -> _Next:
        """Write that a goal has no solution. All of it is searched: an error comes out."""
        inside = self.site.within(term).within(None).within(None)
        return self._none_of([(term.args[0], self.clause, inside)])

    def for_all(self, term: Expression) -> _Next:
        """Write ``forall(c, a)``, which is ``not (c and not a)``."""
        condition, action = term.args
        opposite = Expression(Operator.NOT, (action,), span=action.span)
        both = Expression(Operator.AND, (condition, opposite), span=term.span)
        inside = self.site.within(term).within(None).within(None)
        return self._none_of([(both, self.clause, inside)])

    def _none_of(self, goals: list[Goal]) -> _Next:
        if self.place.loops >= MAX_LOOPS:
            raise self.unfollowable("too many nested searches")
        found = self.writer.fresh()
        body: list[ast.stmt] = []

        def note(scope: Scope, out: list[ast.stmt]) -> None:
            out.append(assign(found, ast.Constant(True)))

        inside = self.scope.copy()
        for cell in inside.cells.values():
            # What is learnt of it inside would be a condition on it outside.
            cell.is_outside = cell.ref is None
        self.writer._goals(
            _in_front(goals, ()), inside, body, _Place(ast.Break, self.place.loops + 1, note)
        )
        self.out.append(assign(found, ast.Constant(False)))
        self.out.append(block(body))
        self.fail_unless(negated(load(found)))
        return self.go_on()

    def unification(self, term: Expression) -> _Next:
        """Write ``a = b``: a test, or a binding."""
        left, right = term.args
        left_ref, right_ref = self.ref(left), self.ref(right)
        if left_ref is not None and right_ref is not None:
            return self.equal(left_ref, right_ref)
        left_cell, right_cell = self.cell(left), self.cell(right)
        if left_ref is None and right_ref is None:
            one, other = t.cast(Cell, left_cell), t.cast(Cell, right_cell)
            if one is not other:
                self.scope.unite(one, other)
            return self.go_on()
        if left_ref is None:
            return self.bind(t.cast(Cell, left_cell), t.cast(Ref, right_ref))
        return self.bind(t.cast(Cell, right_cell), left_ref)

    def lookup(self, term: Expression) -> _Next:
        """Write ``x.a = v`` or ``x.m(…) = v``."""
        owner, key, result = term.args
        value = self.ref(owner)
        if value is None or value.literal is not None:
            raise self.unfollowable("a lookup on a variable that is not bound yet")
        name = self.writer.fresh()
        inner = key.term if isinstance(key, Template) else key
        if isinstance(inner, Call):
            self._method(name, value, inner)
        elif isinstance(inner, Value) and type(inner.value) is str:
            self._attribute(name, value, inner.value)
        else:
            raise self.unfollowable("a lookup of a field that is computed")
        read = None if isinstance(inner, Call) else term.span
        made, known = Ref(name, read=read), self.ref(result)
        if known is not None:
            return self.equal(known, made)
        cell = t.cast(Cell, self.cell(result))
        if sum(other is cell for other in self.scope.cells.values()) > 1:
            # It has a name in the policy, and may be used after a method changed the object.
            copied = call("copied", load(name))
            is_copied = compared(call("type", load(name)), ast.In(), load("copied_kinds"))
            self.out.append(ast.If(is_copied, [assign(name, copied)], []))
        return self.bind(cell, made)

    def _attribute(self, name: str, value: Ref, attribute: str) -> None:
        owner = self.sure(value)
        span = load(self.writer._names.constant(self.goal.span))
        found = call("read", owner, ast.Constant(attribute), span)
        is_missing = compared(load(name), ast.Is(), load("missing"))
        slowly = [self.mark(assign(name, found)), ast.If(is_missing, [self.place.fail()], [])]
        is_relation = self.writer._names.is_relation(attribute)
        if is_relation or not attributes.is_unrestricted(attribute):
            self.out.extend(slowly)
            return
        quickly = self.mark(assign(name, ast.Attribute(owner, attribute, ast.Load())))
        if value.cls is not None:
            self.out.append(quickly)
            return
        self.out.append(ast.If(self._is_plain(value), [quickly], slowly))

    def _is_plain(self, ref: Ref) -> ast.expr:
        """Write whether attributes can be read as they are: found out once for each value."""
        known = self.scope.plain.get(ref.name)
        if known is not None:
            return load(known)
        known = self.scope.plain[ref.name] = self.writer.fresh()
        test = compared(call("type", load(ref.name)), ast.In(), load("plain"))
        self.out.append(assign(known, test))
        return load(known)

    def _method(self, name: str, value: Ref, key: Call) -> None:
        args = [self._argument(arg) for arg in key.args]
        names = tuple(keyword for keyword, _ in key.kwargs)
        kwargs = [self._argument(arg) for _, arg in key.kwargs]
        made = call(
            "call_method",
            self.sure(value),
            load(self.writer._names.constant((key.name, self.goal.span, names))),
            ast.Tuple([*args, *kwargs], ast.Load()),
            load("clock"),
        )
        self.out.append(self.mark(assign(name, made)))

    def _argument(self, term: Term) -> ast.expr:
        ref = self.ref(term)
        if ref is None:
            raise self.unfollowable("an argument that is not bound yet")
        return self.sure(ref)

    def membership(self, term: Expression) -> _Next:
        """Write ``x in xs`` as a loop, or as a test where the strings are known."""
        item, collection = term.args
        if isinstance(collection, List):
            return self._among(item, collection)
        cell = self.cell(collection)
        elements = self.ref(collection)
        if elements is None:
            return self.wait(t.cast(Cell, cell))
        if elements.literal is not None:
            raise self.unfollowable("a search in a literal")
        name = self.writer.fresh()
        goal = load(self.writer._names.constant(self.goal))
        source = self.value(elements)
        span = load(self.writer._names.constant(elements.read))
        over = ast.IfExp(
            typed(elements.name, "list"),
            ast.Subscript(source, ast.Slice(None, None, None), ast.Load()),
            call("elements", source, goal, span, load("clock")),
        )
        following = self.loop(name, self.mark(over))
        assert following is not None
        inside = replace(self, out=following[1], place=following[2])
        known, made = self.ref(item), Ref(name, origin=elements.name)
        if elements.name in (self.scope.searched if known is None else {known.origin}):
            raise self.unfollowable("a collection that is searched for two variables")
        if known is not None:
            return inside.equal(known, made)
        self.scope.searched.add(elements.name)
        return inside.bind(t.cast(Cell, self.cell(item)), made)

    def _among(self, item: Term, collection: List) -> _Next:
        known = self.ref(item)
        texts = [part.value for part in collection.items if isinstance(part, Value)]
        if known is None or known.literal is not None or collection.rest is not None:
            raise self.unfollowable("a search in a list with variables")
        strings = all(map(is_string, collection.items)) and len(set(texts)) == len(texts)
        if not strings or len(texts) != len(collection.items):
            raise self.unfollowable("a search in a list that has more than strings")
        constant = self.writer._names.constant
        among = compared(load(known.name), ast.In(), load(constant(frozenset(texts))))
        once = ast.IfExp(among, load("once"), load("never"))
        slow = call("matches", self.sure(known), load(constant(tuple(texts))))
        return self.loop(self.writer.fresh(), ast.IfExp(typed(known.name, "str"), once, slow))

    def instance(self, term: Expression) -> _Next:
        """Write ``x matches Class``."""
        left, pattern = term.args
        if not isinstance(pattern, Pattern) or pattern.tag is None or pattern.fields:
            raise self.unfollowable("a pattern with fields")
        check_class(pattern, self.writer._names.host)
        ref = self.ref(left)
        if ref is None:
            return self.wait(t.cast(Cell, self.cell(left)))
        if ref.literal is not None:
            raise self.unfollowable("a literal that is matched")
        tested = self._tested(ref, pattern)
        for cell in self.scope.cells.values():
            if cell.ref is not None and cell.ref.name == ref.name:
                cell.ref = tested
        return self.go_on()

    def _tested(self, ref: Ref, pattern: Pattern) -> Ref:
        """Write a class test, unless it is known to hold; give what is known then."""
        cls = self.writer._class_of(pattern)
        if cls is not None and ref.cls is not None and issubclass(ref.cls, cls):
            return ref
        missed: list[ast.stmt] = []
        if ref.read is not None:
            # What leads out of the object is no instance of a plain class.
            self.writer._make_sure(ref, self.out if cls is None else missed)
        test = self.writer._instance_test(ref.name, pattern)
        self.out.append(ast.If(negated(test), [*missed, self.place.fail()], []))
        return replace(ref, cls=cls or ref.cls, read=None)

    def comparison(self, term: Expression) -> _Next:
        """Write a comparison: at once for two integers or two strings, else as the solver."""
        refs = [self.ref(arg) for arg in term.args]
        if any(ref is None for ref in refs):
            raise self.unfollowable("a comparison with a variable that is not bound yet")
        left, right = t.cast("list[Ref]", refs)
        values = [self.sure(left), self.sure(right)]
        quick = compared(values[0], _COMPARE[term.operator](), values[1])
        goal = load(self.writer._names.constant(term))
        slow = self.mark(call("compare", *values, goal))
        kinds = [ref.literal for ref in (left, right) if ref.literal is not None]
        if len(kinds) == 2 or any(type(kind.value) not in (int, str) for kind in kinds):
            self.fail_unless(slow)
            return self.go_on()
        kind = "str" if kinds and is_string(kinds[0]) else "int"
        tests = [typed(ref.name, kind) for ref in (left, right) if ref.literal is None]
        test = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)
        self.fail_unless(ast.IfExp(test, quick, slow))
        return self.go_on()

    def condition(self, term: Term) -> _Next:
        """Write a value that stands as a condition."""
        if isinstance(term, Value) and type(term.value) is bool:
            return self.go_on() if term.value else self.fail()
        ref = self.ref(term)
        if ref is None or ref.literal is not None:
            raise self.unfollowable("a condition that is not bound")
        goal = load(self.writer._names.constant(term))
        span = load(self.writer._names.constant(ref.read))
        doubt = self.mark(call("condition", load(ref.name), goal, span))
        holds = compared(load(ref.name), ast.Is(), ast.Constant(True))
        fails = compared(load(ref.name), ast.IsNot(), ast.Constant(False))
        self.fail_unless(ast.BoolOp(ast.Or(), [holds, ast.BoolOp(ast.And(), [fails, doubt])]))
        return self.go_on()

    # -- calls

    def rule_call(self, called: Call) -> _Next:
        """Write a rule call: a call of a function, or the rule itself where it binds something."""
        if called.kwargs:
            raise self.unfollowable("keyword arguments")
        refs = [self.ref(arg) for arg in called.args]
        if any(ref is None for ref in refs):
            return self._in_place(called, refs)
        bound = t.cast("list[Ref]", refs)
        if any(ref.literal is not None and not is_string(ref.literal) for ref in bound):
            # Its place shows in errors, and a function would not know it.
            raise self.unfollowable("a number or a Boolean that is passed to a rule")
        self._check_apart([ref for ref in bound if ref.literal is None])
        known = tuple(
            (position, str(ref.literal.value))
            for position, ref in enumerate(bound)
            if ref.literal is not None and is_string(ref.literal)
        )
        names = self.writer._names
        variant = Variant(called.name, len(bound), known, True)
        args = [self.sure(ref) for ref in bound]
        deeper = ast.BinOp(load("depth"), ast.Add(), ast.Constant(1))
        at_end = not self.rest and self.writer._variant.is_test
        at_end = at_end and self.place.success == self.writer._succeed
        is_test = at_end or names.is_single(variant)
        function = self._chosen(replace(variant, is_test=is_test), bound)
        made = self.mark(ast.Call(function, [*args, deeper, load("clock")], []))
        if not is_test:
            return self.loop(self.writer.fresh(), made)
        self.fail_unless(made)
        return self.go_on()

    def _check_apart(self, passed: list[Ref]) -> None:
        """Refuse arguments that would be one term under several names in another function."""
        names = [ref.name for ref in passed]
        if len(set(names)) < len(names):
            raise self.unfollowable("a variable that is passed to a rule twice")
        if any(ref.origin == ref.name for ref in passed):
            raise self.unfollowable("a constant that is passed to a rule and compares itself")
        if any(ref.origin in names for ref in passed):
            raise self.unfollowable("a collection that is passed to a rule with its element")

    def _chosen(self, variant: Variant, refs: list[Ref]) -> ast.expr:
        """Write which function answers: for a string that is not known, by a table."""
        names = self.writer._names
        general = load(names.function(variant))
        table = names.table(variant)
        if table is None:
            return general
        position, strings = table
        arg = load(refs[position].name)
        chosen = ast.Subscript(load(strings), arg, ast.Load())
        return ast.IfExp(typed(refs[position].name, "str"), chosen, general)

    def _in_place(self, called: Call, refs: list[Ref | None]) -> _Next:
        """Write the clauses of a rule where it is called, since it has variables to bind."""
        names = self.writer._names
        candidates = names.candidates(called.name, len(refs))
        if candidates is None:
            raise self.unfollowable("a rule that is not defined")
        known = {
            position: ref.literal
            for position, ref in enumerate(refs)
            if ref is not None and ref.literal is not None
        }
        clauses = matching(candidates, known)
        for clause in clauses:
            check_head(clause, names.host)
            if has_cut(clause):
                raise self.unfollowable("a cut")
        if len(self.site.steps) > 40:
            raise self.unfollowable("a rule that binds variables and calls itself")
        order = in_order(clauses, names.host)
        if len(clauses) == 1:
            return self._clause_in_place(called, clauses[0], refs)
        self._one_at_most(order, refs)
        for clause in order.clauses:
            body: list[ast.stmt] = []
            place = _Place(ast.Break, self.place.loops + 1, self.place.success)
            if place.loops > MAX_LOOPS:
                raise self.unfollowable("too many nested searches")
            # The goal's own variables, in a scope of their own for each clause.
            inside = replace(self, scope=self.scope.copy(), out=body, place=place)
            following = inside._clause_in_place(called, clause, refs)
            if following is not None:
                goals, out, where = following
                self.writer._goals(goals, inside.scope, out, where)
            self.out.append(block(body))
        return self.fail()

    def _one_at_most(self, order: Order, refs: list[Ref | None]) -> None:
        """Write that two clauses whose order depends on a class do not both match."""
        for pair in order.exclusive:
            tests = [
                self.writer._instance_test(ref.name, t.cast(Pattern, parameter.specializer))
                for number in pair
                for ref, parameter in zip(refs, order.clauses[number].parameters, strict=True)
                if ref is not None and ref.literal is None and parameter.specializer is not None
            ]
            if tests:
                both = ast.BoolOp(ast.And(), tests) if len(tests) > 1 else tests[0]
                self.out.append(ast.If(both, [ast.Raise(load("unforeseen"), None)], []))

    def _clause_in_place(self, called: Call, clause: Clause, refs: list[Ref | None]) -> _Next:
        number = next(self.writer._clauses)
        for position, parameter in enumerate(clause.parameters):
            ref, pattern = refs[position], parameter.specializer
            term = parameter.term
            if not isinstance(term, Slot):
                if ref is None or ref.literal is None:
                    raise self.unfollowable("a literal that a variable has to become")
                continue
            if ref is None:
                cell = t.cast(Cell, self.cell(called.args[position]))
                self.scope.cells[number, term.index] = cell
                if pattern is not None:
                    isa = Expression(Operator.ISA, (term, pattern), span=parameter.span)
                    cell.waiting = (*cell.waiting, (isa, number, self.site))
                continue
            if pattern is not None:
                if ref.literal is not None:
                    raise self.unfollowable("a literal that is matched")
                ref = self._tested(ref, t.cast(Pattern, pattern))
            self.scope.cell(number, term.index).ref = ref
        inside = self.site.within(self.goal)
        goals = self.writer._body_goals(clause, number, inside)
        return _joined(goals, self.rest), self.out, self.place


_OPERATORS: dict[Operator, Callable[[_At, Expression], _Next]] = {
    Operator.AND: _At.all_of,
    Operator.OR: _At.any_of,
    Operator.NOT: _At.negation,
    Operator.FORALL: _At.for_all,
    Operator.UNIFY: _At.unification,
    Operator.DOT: _At.lookup,
    Operator.IN: _At.membership,
    Operator.ISA: _At.instance,
    **dict.fromkeys(COMPARISONS, _At.comparison),
}


def _conjuncts(term: Expression, clause: int, site: Site) -> list[Goal]:
    return [(arg, clause, site) for arg in term.args]


def _in_front(goals: Iterable[Goal], rest: Goals) -> Goals:
    for goal in reversed(list(goals)):
        rest = (goal, rest)
    return rest


def _joined(goals: Goals, rest: Goals) -> Goals:
    listed = []
    while goals:
        goal, goals = goals
        listed.append(goal)
    return _in_front(listed, rest)
