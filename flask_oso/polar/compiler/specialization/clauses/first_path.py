"""The first solution of the solver: where the function may end with it, and look at nothing more.

The solver tries the first clause of a rule first. Where that calls one rule as its last goal, it
tries the first clause of that one next, and so on. If the last of these clauses has no alternatives
but the elements of lists, its first solution is the first one of all. Up to there the function has
looked at all that the solver looks at: at what leads to the region of the solution, and at all
elements before this one.

In go the questions and clauses, as they are written; out comes the region of that solution.
"""

from __future__ import annotations

import ast
import contextlib
import typing as t
from collections.abc import Iterator, Sequence

from ....host.registry import Host
from ....solver.clauses import Clause
from ...binding_analysis import order_clauses
from ...passes.names import FOUND
from ...snippets import assign, compared, load, returned
from ..regions import Fact, Region, RuleCall
from .clause_forms import calls_at_last, is_one_way, is_passed_on

_Leaves = Sequence[tuple[Clause, RuleCall]]


class FirstPath:
    """The clauses that the solver tries first.

    :param root: the region of the whole function.
    """

    def __init__(self, root: Region) -> None:
        self._root = root
        self._is_followed = True
        #: The question whose clauses come next.
        self._question: tuple[Region, Fact] | None = None
        #: The last clause, the region in which it is written, and its question.
        self.leaf: tuple[Region, Clause, RuleCall] | None = None
        self._solution: Region | None = None
        #: The strings for which the last clause is written, and the one of the first solution.
        self._texts: tuple[frozenset[str], str] | None = None

    @contextlib.contextmanager
    def followed(self, is_first: bool) -> Iterator[None]:
        """Note whether the clause that is written meanwhile is on the path."""
        self._is_followed = is_first
        try:
            yield
        finally:
            self._is_followed = False

    def leave(self) -> None:
        """Note that what comes next is not written in the order of the solver."""
        self._is_followed, self._question = False, None

    def note_question(self, region: Region, key: Fact) -> None:
        """Note that a question is asked, which was not asked before."""
        if self._is_followed:
            self._question, self._is_followed = (region, key), False

    def first_clause(
        self, region: Region, key: Fact, clauses: list[Clause], host: Host
    ) -> Clause | None:
        """Return the clause of a question with which the path goes on, if it does."""
        if self._question is None or self._question[0] is not region or self._question[1] != key:
            return None
        self._question = None
        order = order_clauses(clauses, host)
        if not order.is_known or not order.clauses:
            return None
        first = order.clauses[0]
        goes_on = calls_at_last(first) if is_passed_on(first) else is_one_way(first.body)
        return first if goes_on else None

    def is_leaf(self, region: Region, alike: _Leaves) -> bool:
        """Tell whether the last clause is one of those that are written as one."""
        if self.leaf is None or self.leaf[0] is not region:
            return False
        _, clause, node = self.leaf
        if not any(each is clause and other == node for each, other in alike):
            return False
        texts = [
            (str(arg.literal.value), str(own.literal.value))
            for _, other in alike
            for arg, own in zip(other[1], node[1], strict=True)
            if arg.key != own.key and arg.literal is not None and own.literal is not None
        ]
        if texts:
            self._texts = frozenset({*texts[0], *(text for text, _ in texts)}), texts[0][1]
        return True

    def note_solution(self, region: Region) -> None:
        """Note a solution of the clause that is written."""
        if self._is_followed and self.leaf is not None and region.found == FOUND:
            self._solution = region

    def end(self) -> Region | None:
        """Return the region of the first solution; ``None`` if it is not known.

        A region that is repeated for the objects of a chain has other solutions, too.
        """
        region = self._solution
        if region is None or not region.is_live():
            return None
        is_repeated = any(each.again is not None for each in self._root.within())
        return None if is_repeated or (self._texts and self._compared() is None) else region

    def _compared(self) -> str | None:
        """Return the name of the value that is one of several strings."""
        region, texts = t.cast(Region, self._solution), t.cast(t.Any, self._texts)[0]
        for around in region.enclosing():
            if around.texts is not None and around.texts[1] == texts:
                return around.texts[0]
        return None

    def ended(self) -> list[ast.stmt]:
        """Write what is done at the solution. A search for all solutions goes on."""
        note = assign(FOUND, ast.Constant(True))
        end: ast.stmt = ast.If(load("is_searched"), [note], [returned(True)])
        if self._texts is None:
            return [end]
        is_first = compared(
            load(t.cast(str, self._compared())), ast.Eq(), ast.Constant(self._texts[1])
        )
        return [ast.If(is_first, [end], []), assign(FOUND, ast.Constant(True))]
