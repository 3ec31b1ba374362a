"""The code for searches: a loop over a collection, or a test where that is equivalent."""

from __future__ import annotations

import ast
import itertools
import typing as t

from ...nodes import Expression, List, Origin, Slot, Term
from ...traversal import compared_next
from ..goal_forms import pair_in, slots_in, written_term
from ..quotations import expr
from ..scopes import Among, Goal, GoalPart, Ref, Scope, Site, pending_goals, prepend
from ..snippets import assign, block, call, compared, is_type, load, tuple_of
from .lookups import LookupGoals
from .places import Continuation, Output


class SearchGoals(LookupGoals, frozen=False):
    """Writes goals that may have several solutions."""

    def any_of(self, term: Expression) -> Continuation:
        """Write alternatives: as a search of their own if they bind nothing for what follows."""
        inside = self.site.within(term)
        goals: list[Goal] = [(arg, self.clause, inside) for arg in term.args]
        # Alternatives repeat the goals that follow them.
        body = self._apart(goals) if self.rest else None
        if body is None:
            return self.alternatives(goals)
        return self.once(self.writer.fresh(), self.mark_as(Site(()), self.writer.lifted(body)))

    def _apart(self, goals: list[Goal]) -> list[ast.stmt] | None:
        """Write alternatives as the body of a generator; ``None`` if they bind a variable."""
        if any(cell.waiting for cell in self.scope.cells.values()):
            return None
        used = self.used_later()
        if used is None:
            return None
        sites, is_free = dict(self.writer.sites), True

        def note(scope: Scope, out: list[ast.stmt]) -> None:
            nonlocal is_free
            self.writer.finish(scope, out)
            is_free = is_free and self.scope.is_kept_by(scope, self.clause, used)
            out.append(ast.Expr(ast.Yield(None)))

        body: list[ast.stmt] = []
        for goal in goals:
            inside: list[ast.stmt] = []
            place = Output(ast.Break, 1, note)
            self.writer.write_goals(prepend([goal], ()), self.scope.copy(), inside, place)
            body.append(block(inside))
        if is_free:
            return body
        self.writer.sites.clear()
        self.writer.sites.update(sites)
        return None

    def used_later(self) -> set[int] | None:
        """Return the variables of this clause in the goals that follow; ``None`` if unknown."""
        used: set[int] = set()
        for term, clause, _ in pending_goals(self.rest):
            if clause == self.clause:
                if isinstance(term, GoalPart):
                    return None
                used |= slots_in(term)
        return used

    def alternatives(self, goals: list[Goal]) -> Continuation:
        """Write alternative goals, each together with the goals that follow."""
        for goal in goals:
            inside = self.alternative()
            following = prepend([goal], self.rest)
            self.writer.write_goals(following, inside.scope, inside.out, inside.place)
            self.out.append(block(inside.out))
        return self.fail()

    def once(self, target: str, over: ast.expr) -> Continuation:
        """Continue behind the first of some solutions that bind nothing.

        The goals that follow would fail again, so the other solutions are searched for only since
        that may raise an error.
        """
        found = self.writer.fresh()
        self.out.append(assign(found, ast.Constant(False)))
        rest, body, place = self.loop(target, over)
        body += [ast.If(load(found), [place.fail()], []), assign(found, ast.Constant(True))]
        return rest, body, place

    def unified(self, left: Term, right: Term) -> Continuation:
        """Write that two operands are equal: a test, or a binding."""
        left_ref, right_ref = self.operand(left), self.operand(right)
        if left_ref is not None:
            return self.unify(left_ref, right)
        cell = self.unbound(left)
        if right_ref is not None:
            return self.bind(cell, right_ref)
        other = self.unbound(right)
        if cell is not other:
            self.scope.unite(cell, other)
        return self.go_on()

    # -- collections

    def membership(self, term: Expression) -> Continuation:
        """Write ``x in xs`` as a loop, or as a test where the elements are literals."""
        item, collection = term.args
        inner = written_term(collection)
        if isinstance(inner, List):
            return self._among(item, inner)
        written = self.operand(collection)
        shape = None if written is None else written.shape
        if shape is not None and shape.clause == self.clause:
            return self._among(item, shape.term)
        listed = None if written is None else written.listed
        if listed is not None and self.operand(item) is None:
            # The variable is bound to a literal, whose place errors show.
            return self._among(item, listed)
        elements = self.ref(collection)
        if elements is None:
            return self.wait_for_any(item, collection)
        sought, key = self.operand(item), self._sought_key(item)
        over = self._elements(elements, collection, item, sought, key)
        name = self.writer.fresh()
        inside = self._inside(name, self.mark(over))
        self.note_checked(elements)
        known, among = self.operand(item), Among(elements.name)
        made = Ref(name, origin=elements.name, read=self.span, among=among)
        is_open = known is None or known.shape is not None
        if elements.name in (self.scope.searched if known is None or is_open else {known.origin}):
            raise self.not_compilable("a collection that is searched for two variables")
        if is_open:
            self.scope.searched.add(elements.name)
        if known is not None:
            return inside.equal(known, made)
        return inside.bind(self.unbound(item), made)

    def _elements(
        self, elements: Ref, collection: Term, item: Term, sought: Ref | None, key: Ref | None
    ) -> ast.expr:
        """Write the elements of a collection, or those of them that may be what is sought.

        :param item: what is sought, as it is written.
        :param key: the first of two elements of what is sought, where it is such a list.
        """
        self.check_placed(elements)
        source: ast.expr = load(elements.name)
        what = self.constants((self.goal, elements.read, elements.written))
        known_to_be = [*what, load("clock")]
        is_immediate = compared(call("type", source), ast.In(), load("gone_through"))
        each, listed = source, expr("X[:]", X=elements.name)
        pair = pair_in(item)
        is_open = key is None and (sought is None or sought.shape is not None)
        ahead = self._compared_ahead(item if pair is None else pair[0]) if is_open else None
        if ahead is not None and pair is None:
            is_set = compared(call("type", source), ast.In(), load("sets"))
            each = ast.IfExp(is_set, call("texts_ahead", source, ahead), source)
        if sought is not None and sought.shape is None:
            # The collection may be empty, and a set finds a value by its hash.
            known, found = self.checked(sought), call("found_in", self.checked(sought), source)
            known_to_be.append(self.value(sought))
            # In a list, values of other classes are compared one by one.
            is_simple = compared(call("type", known), ast.In(), load("simple"))
            each, listed = found, ast.IfExp(is_simple, found, listed)
            is_set = compared(call("type", source), ast.In(), load("sets"))
            each = ast.IfExp(is_set, each, source)
        function = "elements" if self._is_searched_once(collection, elements) else "kept_elements"
        over = ast.IfExp(is_immediate, each, call(function, source, *known_to_be))
        over = ast.IfExp(is_type(elements.name, "list"), listed, over)
        wanted = ahead if key is None else self.checked(key)
        if wanted is None or pair is None:
            return over
        # A dictionary finds the entry of a text.
        function = "pairs_ahead" if key is None else "pairs_at"
        by_key = call(function, source, wanted, *self.constants(self.goal))
        return ast.IfExp(is_type(elements.name, "dict"), by_key, over)

    def _compared_ahead(self, name: Term) -> ast.expr | None:
        """Write the text with which the next goal compares a variable that has no value yet.

        It is ``None`` where reading it could be observed, or where that is no text.
        """
        if not isinstance(name, Slot) or self.operand(name) is not None:
            return None
        if self.unbound(name).waiting:
            return None
        goals = itertools.takewhile(self._is_written_here, pending_goals(self.rest))
        found = compared_next((goal for goal, *_ in goals), name)
        owner = None if found is None else self.operand(found[0])
        if found is None or owner is None or owner.shape is not None or owner.listed is not None:
            return None
        return call("silent_text", self.value(owner), *self.constants(found[1]))

    def _is_written_here(self, goal: tuple[t.Any, ...]) -> bool:
        """Tell whether a goal is one of the same clause, as it stands there."""
        return goal[1] == self.clause and not isinstance(goal[0], GoalPart)

    def _is_searched_once(self, collection: Term, found: Ref) -> bool:
        """Tell whether the policy has no other name for a collection, which it may search again."""
        if not isinstance(collection, Slot) or collection.origin is not Origin.LOOKUP:
            return False
        names = [cell.ref.name for cell in self.scope.cells.values() if cell.ref is not None]
        return names.count(found.name) == 1

    def _sought_key(self, item: Term) -> Ref | None:
        """Return the key in ``[key, value] in xs``, if it has a value."""
        pair = pair_in(item)
        key = None if pair is None else self.ref(pair[0])
        return None if key is None or key.shape is not None else key

    def _inside(self, name: str, over: ast.expr) -> SearchGoals:
        """Write the head of a loop; return the same goal within the loop."""
        _, out, place = self.loop(name, over)
        return self.replaced(out=out, place=place)

    # -- lists that are written where they are searched

    def _among(self, item: Term, collection: List) -> Continuation:
        if collection.rest is not None:
            raise self.not_compilable("a search in a list with a rest")
        known = self.operand(item)
        if known is not None and not collection.items:
            # No comparison looks at it.
            self.checked(known)
            return self.fail()
        refs = [self.operand(part) for part in collection.items]
        if any(ref is None or ref.shape is not None for ref in (known, *refs)):
            return self.alternatives([self._one_of(item, part) for part in collection.items])
        return self._among_values(t.cast(Ref, known), t.cast("list[Ref]", refs))

    def _one_of(self, item: Term, part: Term) -> Goal:
        return self.part(lambda here: here.unified(item, part))

    def _among_values(self, known: Ref, elements: list[Ref]) -> Continuation:
        """Write a search in a list of values, none of which is the same term as the item."""
        if any(ref.name == known.name and ref.literal is None for ref in elements):
            raise self.not_compilable("a search in a list that has what is searched for")
        listed = tuple_of([self.checked(ref) for ref in elements])
        name = self.writer.fresh()
        return self._inside(name, listed).equal(known, Ref(name))
