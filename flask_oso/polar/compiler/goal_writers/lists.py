"""The code for destructuring a list: ``[first, second] = x.pair``.

A list that contains variables has no Python value. It is kept as a term until it is compared with
a value; then the elements are compared one by one.
"""

from __future__ import annotations

import ast

from ...nodes import List, Slot, Term
from ..goal_forms import written_term
from ..quotations import stmt
from ..scopes import Goal, OpenList, Ref, prepend
from ..snippets import assign, assign_parts, call, compared, load
from .places import Continuation, GoalContext


class ListGoals(GoalContext, frozen=False):
    """Writes goals that destructure lists."""

    def operand(self, term: Term) -> Ref | None:
        """Return the value of an operand, or the list with variables; ``None`` if unbound."""
        if isinstance(term, Slot):
            return self.scope.cell(self.clause, term.index).ref
        inner = written_term(term)
        if isinstance(inner, List) and (inner is not term or inner.rest is not None):
            return Ref("", shape=OpenList(self.clause, inner))
        return self.ref(term)

    def unify(self, left: Ref, right: Term) -> Continuation:
        """Write that a value equals an operand, or bind the operand to it."""
        known = self.operand(right)
        if known is not None:
            return self.equal(left, known)
        return self.bind(self.unbound(right), left)

    def equal(self, left: Ref, right: Ref) -> Continuation:
        """Write that two values are equal."""
        if left.shape is None and right.shape is None:
            return super().equal(left, right)
        if left.shape is not None and right.shape is not None:
            raise self.not_compilable("two lists with variables that are compared")
        if left.shape is not None:
            return self._take_apart(left.shape, right, is_left=True)
        assert right.shape is not None
        return self._take_apart(right.shape, left, is_left=False)

    def _take_apart(self, shape: OpenList, value: Ref, *, is_left: bool) -> Continuation:
        """Write that the parts of a list equal the elements of a value."""
        if value.literal is not None:
            return self.fail()
        here = self.replaced(clause=shape.clause)
        made = here._compared(shape.term, value, is_left=is_left)
        parts = list(zip(shape.term.items, made, strict=False))
        if shape.term.rest is not None:
            parts.append((shape.term.rest, made[-1]))
        # The list with a rest is on the left of the comparison.
        is_left = is_left or shape.term.rest is not None
        goals = [here.pair(part, element, is_left=is_left) for part, element in parts]
        return prepend(goals, self.rest), self.out, self.place

    def pair(self, part: Term, element: Ref, *, is_left: bool) -> Goal:
        """Return the goal that a part of a list equals an element."""

        def write(here: ListGoals) -> Continuation:
            known = here.operand(part)
            if known is not None:
                return here.equal(known, element) if is_left else here.equal(element, known)
            cell = here.unbound(part)
            if cell.waiting:
                # The solver resumes the waiting goals only after all parts are bound.
                raise here.not_compilable("a part of a list that conditions wait for")
            here.check_taken(element)
            return here.bind(cell, element)

        return self.part(write)

    def check_taken(self, element: Ref) -> None:
        """Write the sandbox check of an element that a variable is going to be bound to."""
        check = self.mark(stmt("check_taken(X)", X=element.name))
        self.out.append(stmt("if type(X) not in harmless: CHECK", X=element.name, CHECK=check))

    def _compared(self, term: List, value: Ref, *, is_left: bool) -> list[Ref]:
        if term.rest is not None and self.operand(term.rest) is not None:
            raise self.not_compilable("a list whose rest is known before")
        shown = ast.List([self._shown(part) for part in term.items], ast.Load())
        return self.split(term, value, [shown, ast.Constant(is_left)])

    def split(self, term: List, value: Ref, shown: list[ast.expr]) -> list[Ref]:
        """Write that a value is a list of some length; return its elements, and the rest.

        :param shown: the list that an object is compared with by its ``__eq__``, and the side; an
            object that is not compared is no match.
        """
        if value.name in self.scope.searched:
            raise self.not_compilable("a collection that is searched for two variables")
        self.scope.searched.add(value.name)
        source, made = self.checked(value), self.writer.fresh()
        what = load(self.writer.names.constant((len(term.items), term.rest is not None)))
        self.out.append(assign(made, call("split", source, what, load("clock"), *shown)))
        self.fail_unless(compared(load(made), ast.IsNot(), load("missing")))
        count = len(term.items) + (term.rest is not None)
        parts = [Ref(self.writer.fresh(), origin=value.name) for _ in range(count)]
        if parts:
            self.out.append(assign_parts([ref.name for ref in parts], load(made)))
        return parts

    def _shown(self, part: Term) -> ast.expr:
        """Write an element of the list that an object is compared with."""
        known = self.operand(part)
        if known is None:
            return load("variable")
        if known.shape is not None:
            raise self.not_compilable("a list with variables in a list")
        return self.checked(known)
