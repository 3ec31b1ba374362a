"""What each kind of goal becomes: an operator, a rule call, a value that is a condition.

What is bound becomes a test, ``in`` a loop, a call a call, or the rule itself where it
binds something.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable
from dataclasses import replace

from .clauses import Clause, Slot, Template
from .modes import (
    Order,
    Unfollowable,
    has_cut,
    in_order,
    is_bare,
    is_string,
    matching,
)
from .nodes import COMPARISONS, Call, Expression, List, Operator, Term, Value
from .patterns import Argument, Matches, instance_test, one_at_most, takes_one_look
from .places import MAX_LOOPS, Next, Place
from .scopes import Cell, Goal, Part, Passed, Ref, Scope, Variant, conjuncts, in_front, joined
from .snippets import assign, block, both, call, compared, load, negated, typed

_COMPARE: dict[Operator, type[ast.cmpop]] = {
    Operator.EQ: ast.Eq,
    Operator.NEQ: ast.NotEq,
    Operator.LT: ast.Lt,
    Operator.LEQ: ast.LtE,
    Operator.GT: ast.Gt,
    Operator.GEQ: ast.GtE,
}


class GoalWriter(Matches):
    """One goal; each method writes one kind."""

    def write(self) -> Next:
        """Write the goal; give what is left and where it goes, or ``None`` if all is written."""
        term = self.goal
        if isinstance(term, Part):
            return t.cast("Next", term.write(replace(self, goal=term.goal)))
        if isinstance(term, Template) and isinstance(term.term, Call):
            return self.rule_call(term.term)
        if isinstance(term, Call):
            return self.rule_call(term)
        if isinstance(term, Expression):
            method = _OPERATORS.get(term.operator)
            if method is None:
                raise Unfollowable(f"'{term.operator.value.lower()}'", term.span)
            return method(self, term)
        return self.condition(term)

    # -- operators

    def all_of(self, term: Expression) -> Next:
        """Write a conjunction."""
        return self.go_on(*conjuncts(term, self.clause, self.site.within(term)))

    def any_of(self, term: Expression) -> Next:
        """Write each alternative with everything that stands behind it."""
        inside = self.site.within(term)
        for arg in term.args:
            body: list[ast.stmt] = []
            goals = in_front([(arg, self.clause, inside)], self.rest)
            place = Place(ast.Break, self.place.loops + 1, self.place.success)
            if self.place.loops >= MAX_LOOPS:
                raise self.unfollowable("too many nested searches")
            self.writer.write_goals(goals, self.scope.copy(), body, place)
            self.out.append(block(body))
        return self.fail()

    def negation(self, term: Expression) -> Next:
        """Write that a goal has no solution. All of it is searched: an error comes out."""
        inside = self.site.within(term).within(None).within(None)
        return self._none_of([(term.args[0], self.clause, inside)])

    def for_all(self, term: Expression) -> Next:
        """Write ``forall(c, a)``, which is ``not (c and not a)``."""
        condition, action = term.args
        opposite = Expression(Operator.NOT, (action,), span=action.span)
        both = Expression(Operator.AND, (condition, opposite), span=term.span)
        inside = self.site.within(term).within(None).within(None)
        return self._none_of([(both, self.clause, inside)])

    def _none_of(self, goals: list[Goal]) -> Next:
        if self.place.loops >= MAX_LOOPS:
            raise self.unfollowable("too many nested searches")
        found = self.writer.fresh()
        body: list[ast.stmt] = []

        def note(scope: Scope, out: list[ast.stmt]) -> None:
            self.writer.finish(scope, out)
            out.append(assign(found, ast.Constant(True)))

        inside = self.scope.copy()
        for cell in inside.cells.values():
            # What is learnt of it inside would be a condition on it outside.
            cell.is_outside = cell.ref is None
        self.writer.write_goals(
            in_front(goals, ()), inside, body, Place(ast.Break, self.place.loops + 1, note)
        )
        self.out.append(assign(found, ast.Constant(False)))
        self.out.append(block(body))
        self.fail_unless(negated(load(found)))
        return self.go_on()

    def unification(self, term: Expression) -> Next:
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

    def lookup(self, term: Expression) -> Next:
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
            self.attribute(name, value, inner.value)
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

    def _method(self, name: str, value: Ref, key: Call) -> None:
        args = [self._argument(arg) for arg in key.args]
        names = tuple(keyword for keyword, _ in key.kwargs)
        kwargs = [self._argument(arg) for _, arg in key.kwargs]
        made = call(
            "call_method",
            self.sure(value),
            load(self.writer.names.constant((key.name, self.span, names, value.written))),
            ast.Tuple([*args, *kwargs], ast.Load()),
            load("clock"),
        )
        self.out.append(self.mark(assign(name, made)))

    def _argument(self, term: Term) -> ast.expr:
        ref = self.ref(term)
        if ref is None:
            raise self.unfollowable("an argument that is not bound yet")
        return self.sure(ref)

    def membership(self, term: Expression) -> Next:
        """Write ``x in xs`` as a loop, or as a test where the strings are known."""
        item, collection = term.args
        if isinstance(collection, List):
            return self._among(item, collection)
        cell = self.cell(collection)
        elements = self.ref(collection)
        if elements is None:
            unbound = [] if self.ref(item) is not None else [t.cast(Cell, self.cell(item))]
            return self.wait(t.cast(Cell, cell), *unbound)
        name = self.writer.fresh()
        source = load(elements.name)
        known_to_be = self._known(self.goal, elements.read, elements.written)
        over = ast.IfExp(
            typed(elements.name, "list"),
            ast.Subscript(source, ast.Slice(None, None, None), ast.Load()),
            call("elements", source, *known_to_be, load("clock")),
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

    def _known(self, *values: t.Any) -> list[ast.expr]:
        return [load(self.writer.names.constant(value)) for value in values]

    def _among(self, item: Term, collection: List) -> Next:
        known = self.ref(item)
        texts = [part.value for part in collection.items if isinstance(part, Value)]
        if known is None or known.literal is not None or collection.rest is not None:
            raise self.unfollowable("a search in a list with variables")
        strings = all(map(is_string, collection.items)) and len(set(texts)) == len(texts)
        if not strings or len(texts) != len(collection.items):
            raise self.unfollowable("a search in a list that has more than strings")
        constant = self.writer.names.constant
        among = compared(load(known.name), ast.In(), load(constant(frozenset(texts))))
        once = ast.IfExp(among, load("once"), load("never"))
        slow = call("matches", self.sure(known), load(constant(tuple(texts))))
        return self.loop(self.writer.fresh(), ast.IfExp(typed(known.name, "str"), once, slow))

    def instance(self, term: Expression) -> Next:
        """Write ``x matches …``."""
        left, pattern = term.args
        ref = self.ref(left)
        if ref is not None:
            return self.match(ref, pattern)
        if not is_bare(pattern):
            raise self.unfollowable("a pattern for a variable that is not bound yet")
        goal = (self.goal, self.clause, self.site)
        return self.await_class(t.cast(Cell, self.cell(left)), pattern, goal)

    def comparison(self, term: Expression) -> Next:
        """Write a comparison: at once for two integers or two strings, else as the solver."""
        refs = [self.ref(arg) for arg in term.args]
        if any(ref is None for ref in refs):
            raise self.unfollowable("a comparison with a variable that is not bound yet")
        left, right = t.cast("list[Ref]", refs)
        values = [self.sure(left), self.sure(right)]
        quick = compared(values[0], _COMPARE[term.operator](), values[1])
        goal = load(self.writer.names.constant(term))
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

    def condition(self, term: Term) -> Next:
        """Write a value that stands as a condition."""
        if isinstance(term, Value) and type(term.value) is bool:
            return self.go_on() if term.value else self.fail()
        ref = self.ref(term)
        if ref is None:
            raise self.unfollowable("a condition that is not bound")
        goal, *places = self._known(term, ref.read, ref.written)
        doubt = self.mark(call("condition", load(ref.name), goal, *places))
        holds = compared(load(ref.name), ast.Is(), ast.Constant(True))
        fails = compared(load(ref.name), ast.IsNot(), ast.Constant(False))
        self.fail_unless(ast.BoolOp(ast.Or(), [holds, ast.BoolOp(ast.And(), [fails, doubt])]))
        return self.go_on()

    # -- calls

    def rule_call(self, called: Call) -> Next:
        """Write a rule call: a call of a function, or the rule itself where it binds something."""
        if called.kwargs:
            raise self.unfollowable("keyword arguments")
        refs = [self.ref(arg) for arg in called.args]
        if any(ref is None for ref in refs):
            return self._in_place(called, refs)
        bound = t.cast("list[Ref]", refs)
        self._check_apart([ref for ref in bound if ref.literal is None])
        known = tuple(
            (position, str(ref.literal.value))
            for position, ref in enumerate(bound)
            if ref.literal is not None and is_string(ref.literal)
        )
        names = self.writer.names
        variant = Variant(called.name, len(bound), known, True)
        args = [self.sure(ref) for ref in bound]
        deeper = ast.BinOp(load("depth"), ast.Add(), ast.Constant(1))
        at_end = not self.rest and self.writer.variant.is_test
        at_end = at_end and self.place.success == self.writer.succeed
        is_test = at_end or names.is_single(variant)
        function = self._chosen(replace(variant, is_test=is_test), bound)
        passed = replace(self, goal=_as_passed(called, bound))
        made = passed.mark(ast.Call(function, [*args, deeper, load("clock")], []))
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
        names = self.writer.names
        general = load(names.function(variant))
        table = names.table(variant)
        if table is None:
            return general
        position, strings = table
        arg = load(refs[position].name)
        chosen = ast.Subscript(load(strings), arg, ast.Load())
        return ast.IfExp(typed(refs[position].name, "str"), chosen, general)

    def _in_place(self, called: Call, refs: list[Ref | None]) -> Next:
        """Write the clauses of a rule where it is called, since it has variables to bind."""
        names = self.writer.names
        candidates = names.candidates(called.name, len(refs))
        if candidates is None:
            raise self.unfollowable("a rule that is not defined")
        literals = {at: ref.literal for at, ref in enumerate(refs) if ref and ref.literal}
        clauses = matching(candidates, literals)
        if any(map(has_cut, clauses)):
            raise self.unfollowable("a cut")
        if len(self.site.steps) > 40:
            raise self.unfollowable("a rule that binds variables and calls itself")
        unbound = [at for at, ref in enumerate(refs) if ref is None]
        order = in_order(clauses, names.host, unbound)
        if order.is_open:
            raise self.unfollowable("rules whose order depends on others")
        args = [
            (self.clause, t.cast(Slot, term)) if ref is None else ref
            for term, ref in zip(called.args, refs, strict=True)
        ]
        numbers = {id(clause): self.writer.next_clause() for clause in order.clauses}
        found = {
            id(clause): self._found(clause, numbers[id(clause)], args)
            for clause in clauses
            if not self._takes_one_look(clause, refs)
        }
        if len(clauses) == 1:
            return self._clause_in_place(clauses[0], numbers, found, args)
        self._one_at_most(order, refs)
        for clause in order.clauses:
            body: list[ast.stmt] = []
            place = Place(ast.Break, self.place.loops + 1, self.place.success)
            if place.loops > MAX_LOOPS:
                raise self.unfollowable("too many nested searches")
            # The goal's own variables, in a scope of their own for each clause.
            inside = replace(self, scope=self.scope.copy(), out=body, place=place)
            following = inside._clause_in_place(clause, numbers, found, args)
            assert following is not None
            goals, out, where = following
            self.writer.write_goals(goals, inside.scope, out, where)
            self.out.append(block(body))
        return self.fail()

    def _takes_one_look(self, clause: Clause, refs: list[Ref | None]) -> bool:
        return takes_one_look(clause) and all(
            isinstance(parameter.term, Slot) or ref is None or ref.literal is not None
            for parameter, ref in zip(clause.parameters, refs, strict=True)
        )

    def _found(self, clause: Clause, number: int, args: list[Argument]) -> str:
        """Write a search for a rule that applies; give the name of what was found."""
        found, body = self.writer.fresh(), list[ast.stmt]()
        if self.place.loops >= MAX_LOOPS:
            raise self.unfollowable("too many nested searches")

        def note(scope: Scope, out: list[ast.stmt]) -> None:
            out.append(assign(found, ast.Constant(True)))

        place = Place(ast.Break, self.place.loops + 1, note)
        inside = replace(self, clause=number, scope=self.scope.copy(), out=body, place=place)
        inside.fail_if_excluded(clause, args)
        goals = in_front(inside.head(clause, args), ())
        self.writer.write_goals(goals, inside.scope, body, place)
        self.out.extend([assign(found, ast.Constant(False)), block(body)])
        return found

    def _one_at_most(self, order: Order, refs: list[Ref | None]) -> None:
        """Write that two clauses whose order depends on a class do not both match."""
        matched = {}
        for number in sorted({number for pair in order.exclusive for number in pair}):
            tests = [
                instance_test(self.writer.names, ref.name, parameter.specializer)
                for ref, parameter in zip(refs, order.clauses[number].parameters, strict=True)
                if ref is not None and ref.literal is None and is_bare(parameter.specializer)
            ]
            matched[number] = self.writer.fresh()
            self.out.append(assign(matched[number], both(tests or [ast.Constant(True)])))
        self.out += one_at_most(order, matched, [ast.Raise(load("unforeseen"), None)])

    def _clause_in_place(
        self,
        clause: Clause,
        numbers: dict[int, int],
        found: dict[int, str],
        args: list[Argument],
    ) -> Next:
        number = numbers[id(clause)]
        if id(clause) in found:
            self.fail_unless(load(found[id(clause)]))
        head = replace(self, clause=number).head(clause, args)
        body = self.writer.body_goals(clause, number, self.site.within(self.goal))
        return in_front(head, joined(body, self.rest)), self.out, self.place


def _as_passed(called: Call, refs: list[Ref]) -> Call:
    """Give a call that says where its arguments were written, for errors further down."""
    if called.span is None:
        return called
    args = [
        Passed(ref.written) if isinstance(ref.written, int) else Passed(None, span=ref.written)
        for ref in refs
    ]
    return Call(called.name, tuple(args), span=called.span)


_OPERATORS: dict[Operator, Callable[[GoalWriter, Expression], Next]] = {
    Operator.AND: GoalWriter.all_of,
    Operator.OR: GoalWriter.any_of,
    Operator.NOT: GoalWriter.negation,
    Operator.FORALL: GoalWriter.for_all,
    Operator.UNIFY: GoalWriter.unification,
    Operator.DOT: GoalWriter.lookup,
    Operator.IN: GoalWriter.membership,
    Operator.ISA: GoalWriter.instance,
    **dict.fromkeys(COMPARISONS, GoalWriter.comparison),
}
