"""Ways through a term, of any depth and without recursion.

``walk`` meets every part of a term, ``fold`` makes something of a term from what it made
of the parts, and ``trampoline`` runs what has no such shape. They keep what is still to be done
on a stack of their own, so how deep a term may be does not depend on how deep the caller
stands in Python's stack, nor on the thread it runs in.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

from .exceptions import StackOverflowError
from .nodes import parts

#: How many terms with parts one ``fold`` enters; a term of a run may contain itself.
MAX_FOLDED = 1_000_000
#: How deep ``fold`` goes.
MAX_FOLD_DEPTH = 200_000

_R = t.TypeVar("_R")
#: A computation for ``trampoline``: it yields others and is sent what they give.
Computation = Generator[t.Any, t.Any, _R]
_Look = Callable[[t.Any], tuple[t.Any, Sequence[t.Any]]]


def walk(
    roots: Iterable[t.Any], inside: Callable[[t.Any], Sequence[t.Any]] = parts
) -> Iterator[t.Any]:
    """Give some terms and all that is in them: each before its parts, the leftmost first.

    :param inside: gives what is directly in a term and shall be given too.
    """
    stack = [*roots][::-1]
    while stack:
        term = stack.pop()
        yield term
        stack.extend(reversed(inside(term)))


def fold(root: t.Any, look: _Look, make: Callable[[t.Any, list[t.Any]], t.Any]) -> t.Any:
    """Make something of a term from what is made of its parts, the leftmost first.

    :param look: gives what stands for a term, and what to go into first; where that is
        nothing, the former is what is made of the term.
    :param make: makes it of what stands for a term and what was made of what is inside.
    :raises StackOverflowError: for a term that has no end.
    """
    term, inside = look(root)
    if not inside:
        return term
    waiting: list[tuple[t.Any, Iterator[t.Any], list[t.Any]]] = []
    done: list[t.Any] = []
    rest, entered = iter(inside), 1
    while True:
        for part in rest:
            part, inside = look(part)
            if inside:
                entered += 1
                if entered > MAX_FOLDED or len(waiting) > MAX_FOLD_DEPTH:
                    raise StackOverflowError("A term has no end, or is nested too deep.")
                waiting.append((term, rest, done))
                term, rest, done = part, iter(inside), []
                break
            done.append(part)
        else:
            made = make(term, done)
            if not waiting:
                return made
            term, rest, done = waiting.pop()
            done.append(made)


def fold_once(root: t.Any, look: _Look, make: Callable[[t.Any, list[t.Any]], t.Any]) -> t.Any:
    """Do what ``fold`` does; what stands in several places is made once for all of them.

    Terms of a run share what their variables are bound to, and doubling is quickly said.

    :raises StackOverflowError: for a term that contains itself, where it is met again.
    """
    # The terms are kept, so that no other term gets their ids meanwhile.
    known: dict[int, tuple[t.Any, t.Any]] = {}
    under_way: dict[int, t.Any] = {}

    def look_up(part: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
        term, inside = look(part)
        if not inside:
            return term, inside
        if id(term) in known:
            return known[id(term)][1], ()
        if id(term) in under_way:
            raise StackOverflowError("A term has no end: it contains itself.")
        under_way[id(term)] = term
        return term, inside

    def keep(term: t.Any, done: list[t.Any]) -> t.Any:
        under_way.pop(id(term), None)
        made = make(term, done)
        known[id(term)] = (term, made)
        return made

    return fold(root, look_up, keep)


def trampoline(steps: Computation[_R]) -> _R:
    """Run a computation that yields the computations whose results it needs.

    ``length = 1 + (yield length_of(rest))`` is a call that takes no room in Python's stack.
    """
    stack: list[Computation[t.Any]] = [steps]
    result: t.Any = None
    while stack:
        try:
            needed = stack[-1].send(result)
        except StopIteration as end:
            stack.pop()
            result = end.value
        else:
            stack.append(needed)
            result = None
    return t.cast(_R, result)
