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
from collections.abc import Iterable

from .clauses import Clause, Slot
from .goals import GoalWriter
from .modes import Unfollowable, check_head, has_cut, in_order, matching
from .nodes import Expression, Operator, Pattern, Value
from .patterns import class_of, instance_test, one_at_most
from .places import Place
from .scopes import Goals, Names, Ref, Scope, Site, Success, Variant, conjuncts, in_front
from .snippets import (
    Position,
    assign,
    block,
    call,
    compared,
    function_of,
    load,
    negated,
    returned,
    tick,
    typed,
)

#: How many goals one function may hold: alternatives repeat what stands behind them.
MAX_OPERATIONS = 400
#: After how many calls in each other Python's stack is looked at: before it is used up the
#: solver takes over, which does not need it.
DEPTH_INTERVAL = 32
#: And after how many for the first time: the caller may have used most of it.
FIRST_DEPTH = 8
#: Rules below which fewer calls stand in each other do not look at the clock themselves.
LOW = 2
#: How many calls may stand in each other where generators do: those use the stack of C.
MAX_GENERATORS = 64


class Writer:
    """Writes one function.

    What can raise, or let the solver take over, has a place of its own in the function:
    that of its goal in the policy, or near it where several stand at one.
    """

    def __init__(self, names: Names, variant: Variant) -> None:
        self.names = names
        self.variant = variant
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
        variant = self.variant
        parameters = [f"a{n}" for n in range(variant.arity)]
        candidates = self.names.candidates(variant.name, variant.arity)
        clauses = [] if candidates is None else matching(candidates, variant.values)
        for clause in clauses:
            check_head(clause, self.names.host)
            if has_cut(clause):
                raise Unfollowable("a cut", clause.rule.span)
        order = in_order(clauses, self.names.host)
        body = self._guard(parameters)
        body += self._heads(order.clauses, parameters)
        matched = {number: f"m{number}" for number in range(len(order.clauses))}
        body += one_at_most(order, matched, self._hand_over(parameters))
        for number, clause in enumerate(order.clauses):
            body.append(ast.If(load(f"m{number}"), [self._body(clause, parameters)], []))
        return function_of("answer", [*parameters, "depth", "clock"], [*body, *self._end()])

    def _end(self) -> list[ast.stmt]:
        if self.variant.is_test:
            return [returned(False)]
        # It is a generator even if it has nothing to give.
        return [ast.If(ast.Constant(False), [ast.Expr(ast.Yield(None))], [])]

    def _hand_over(self, parameters: list[str]) -> list[ast.stmt]:
        """Write that the solver answers this very call."""
        args = ast.Tuple([load(name) for name in parameters], ast.Load())
        name = self.names.constant(self.variant.name)
        if self.variant.is_test:
            return [ast.Return(call("hand_over", load(name), args, load("clock")))]
        rest = call("hand_over_each", load(name), args, load("clock"))
        return [ast.Expr(ast.YieldFrom(rest)), ast.Return(None)]

    def _guard(self, parameters: list[str]) -> list[ast.stmt]:
        """Write that a rule from which calls go deep has a depth and a deadline."""
        height = self.names.height(self.variant.name)
        if height < LOW:
            return []
        if height < DEPTH_INTERVAL:
            return tick()
        depth = load("depth")
        is_first = compared(depth, ast.Eq(), ast.Constant(FIRST_DEPTH))
        if self.variant.is_test:
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
        known = self.variant.values
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
        known = self.variant.values
        for position, parameter in enumerate(clause.parameters):
            name = parameters[position]
            if isinstance(parameter.term, Value):
                if position not in known:
                    yield compared(load(name), ast.Eq(), ast.Constant(parameter.term.value))
            elif parameter.specializer is not None:
                pattern = t.cast(Pattern, parameter.specializer)
                if position not in known or pattern.tag != "String":
                    yield instance_test(self.names, name, pattern)

    # -- bodies

    def _body(self, clause: Clause, parameters: list[str]) -> ast.stmt:
        scope, number = Scope(), self.next_clause()
        known = self.variant.values
        for position, parameter in enumerate(clause.parameters):
            if isinstance(parameter.term, Slot):
                literal = known.get(position)
                ref = Ref(
                    parameters[position], literal, class_of(self.names, parameter.specializer)
                )
                scope.cell(number, parameter.term.index).ref = ref
        goals = self.body_goals(clause, number, Site(()))
        return block(self._block(goals, scope, self.succeed))

    def body_goals(self, clause: Clause, number: int, site: Site) -> Goals:
        body = clause.body
        if body is None:
            return ()
        inside = site.within(body, clause.rule.name)
        if isinstance(body, Expression) and body.operator is Operator.AND:
            return in_front(conjuncts(body, number, inside), ())
        return ((body, number, inside), ())

    def succeed(self, scope: Scope, out: list[ast.stmt]) -> None:
        out.append(returned(True) if self.variant.is_test else ast.Expr(ast.Yield(None)))

    def _block(self, goals: Goals, scope: Scope, success: Success) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        self.write_goals(goals, scope, out, Place(ast.Break, 0, success))
        return out

    def write_goals(self, goals: Goals, scope: Scope, out: list[ast.stmt], place: Place) -> None:
        """Write goals one after the other; each may leave a place further in for the rest."""
        while goals:
            (term, clause, site), rest = goals
            self._operations += 1
            if self._operations > MAX_OPERATIONS:
                raise Unfollowable("a rule with too many alternatives", term.span)
            following = GoalWriter(self, clause, site, rest, scope, out, place, term).write()
            if following is None:
                return
            goals, out, place = following
        for cell in scope.cells.values():
            if cell.waiting and cell.ref is None:
                where = cell.waiting[0][0].span
                raise Unfollowable("a condition on a variable that is never bound", where)
            if cell.ref is not None and cell.ref.read is not None:
                self.make_sure(cell.ref, out)
        place.success(scope, out)

    # -- values

    def next_clause(self) -> int:
        """Give a number for the variables of one more clause."""
        return next(self._clauses)

    def fresh(self) -> str:
        """Give a name that the function does not have yet."""
        return f"v{next(self._numbers)}"

    def make_sure(self, ref: Ref, out: list[ast.stmt]) -> None:
        """Write that a value that was read leads nowhere it must not."""
        unknown = compared(call("type", load(ref.name)), ast.NotIn(), load("harmless"))
        check = call("make_sure", load(ref.name), load(self.names.constant(ref.read)))
        out.append(ast.If(unknown, [ast.Expr(check)], []))
