"""The order of the solver: which solutions end a function, since all before them was looked at.

The solver ends with its first solution. A function looks at the alternatives of a question in an
order of its own: it goes through a list once for several rules, and writes what a helper rule asks
where that stands cheapest. Each alternative has a place here: the way that the solver takes to it,
from clause to clause, with a number for each call, which grows from goal to goal::

    allow(u, d) if d.owner = u;                          (0,)
    allow(u, d) if member(u, d) and listed(d);           (1,)
    member(u, d) if m in d.members and m = u;            (1, 2, 0)
    member(u, d) if m in d.guests and m = u and m.paid;  (1, 2, 1)
    listed(d) if d.listed;                               (1, 3, 0)

Before a solution the solver has looked at the alternatives with smaller places, and at the elements
of lists before this one. Where the function has done so, too, it ends. A clause that is written
once for several texts, such as the roles that give a permission, has the place of the text for
which the solver tries it first: it ends the function for that text alone. In go the regions of a
function; out come those whose solution ends it.
"""

from __future__ import annotations

import ast
import itertools
import typing as t
from collections.abc import Container, Iterator, Sequence

from ....value_objects import Record
from ...passes.names import FOUND
from ...snippets import assign, compared, load
from ..regions import OneOf, Place, Region

#: With more alternatives, a function has no such ends.
MAX_PLACES = 60


class End(Record):
    """A region at whose solution a function may end, and under which condition."""

    region: Region
    test: ast.expr | None

    def written(self, ended: list[ast.stmt], found: str = FOUND) -> None:
        """Have a solution end the function.

        :param ended: the statements that end it.
        :param found: the name of what a solution notes otherwise.
        """
        if self.test is not None:
            ended = [ast.If(self.test, ended, []), assign(found, ast.Constant(True))]
        self.region.first = ended


class SolverOrder:
    """The order in which the solver comes to the alternatives of a function.

    :param places: the places of the alternatives, by their indices.
    :param texts: the texts of those that are written for several: the place is that for the first.
    """

    def __init__(self, places: Sequence[Place], texts: t.Mapping[int, OneOf]) -> None:
        self._places, self._texts = places, texts

    def ends(self, root: Region, calling: Region | None = None, found: str = FOUND) -> list[End]:
        """Return the regions at whose solution the function may end.

        INVARIANT: all that the solver looks at before that solution, the function has looked at:
        an alternative with a smaller place stands before the region in the code. It shares no loop
        with it, unless the solver searches that list once for both.

        :param calling: the region where a call of the function itself has a solution: it comes
            last, and none in it is returned.
        :param found: the name of what their solutions note.
        """
        if len(self._places) > MAX_PLACES:
            return []
        around = [] if calling is None else [id(each) for each in calling.enclosing()]
        order = [*_in_code_order(root, around)]
        number = {id(region): at for at, region in enumerate(order)}
        last: dict[int, int] = {}
        for region in order:
            written = {region.alternative, *region.users, *region.searched, *region.successes}
            for each in written:
                last[each] = number[id(region)]
        ends: list[End] = []
        # Along a chain, few solutions are the first one.
        is_chain = any(each.again is not None for each in order)
        for region in itertools.takewhile(lambda each: each is not calling, order):
            if region.found != found:
                continue
            first = [n for n in region.successes if self._is_first(region, n, number, last)]
            if any(each not in self._texts for each in first):
                ends.append(End(region, None))
            elif is_chain:
                continue
            elif first and (test := _is_text(region, *self._texts[first[0]])) is not None:
                ends.append(End(region, test))
        return ends

    def _is_first(
        self, region: Region, mine: int, number: dict[int, int], last: dict[int, int]
    ) -> bool:
        """Tell whether all that comes before an alternative was looked at before its solution."""
        before = [each for each in last if each != mine and self._may_precede(each, mine)]
        if self._places[mine] is None or any(last[each] > number[id(region)] for each in before):
            return False
        for around in region.enclosing():
            if not around.searched.isdisjoint(before):
                return False
            if any(self._precedes(each, self._places[mine]) for each in around.goes_on):
                # The next objects of a chain come first.
                return False
        return True

    def _may_precede(self, other: int, mine: int) -> bool:
        """Tell whether the solver may look at another alternative before one.

        An alternative that leads to it is looked at on the way, also by the function.
        """
        return self._precedes(self._places[other], self._places[mine])

    def _precedes(self, theirs: Place, place: Place) -> bool:
        if theirs is None or place is None:
            return True
        return theirs < place and theirs != place[: len(theirs)]


def _is_text(region: Region, texts: frozenset[str], first: str) -> ast.expr | None:
    """Write that the value which was found to be one of some texts is the first of them."""
    for around in region.enclosing():
        if around.texts is not None and around.texts[1] == texts:
            return compared(load(around.texts[0]), ast.Eq(), ast.Constant(first))
    return None


def place_behind(place: Place, step: int) -> Place:
    """Return the place of one of several alternatives of a goal of another one."""
    return None if place is None else (*place, step)


def _in_code_order(region: Region, last: Container[int] = ()) -> Iterator[Region]:
    """Yield a region and all inner ones, in the order of their code.

    :param last: the identities of regions that come behind those beside them.
    """
    yield region
    for each in sorted(region.in_order(), key=lambda each: id(each) in last):
        yield from _in_code_order(each, last)
