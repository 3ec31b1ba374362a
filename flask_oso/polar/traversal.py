"""Traversals of terms of any depth, without recursion.

``walk`` visits every subterm of terms, such as ``terms_of`` a rule, and ``goals_in`` the goals of a
body; ``fold`` computes a value of a term from the values of its subterms, and ``trampoline`` runs
other recursive computations. Each keeps an explicit stack, so the depth they can reach depends
neither on Python's stack nor on the thread.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence

from .exceptions import StackOverflowError
from .nodes import CONTROL, Expression, Operator, Parameter, Term, Value, parts

#: How many terms with subterms one ``fold`` enters; a term of a run may contain itself.
MAX_FOLDED = 1_000_000
#: How deep ``fold`` descends.
MAX_FOLD_DEPTH = 200_000

_R = t.TypeVar("_R")
#: A computation for ``trampoline``: it yields other computations and is sent their results.
Computation = Generator[t.Any, t.Any, _R]
_Look = Callable[[t.Any], tuple[t.Any, Sequence[t.Any]]]


def walk(
    roots: Iterable[t.Any], inside: Callable[[t.Any], Sequence[t.Any]] = parts
) -> Iterator[t.Any]:
    """Give terms with all their subterms in preorder, from left to right.

    :param inside: gives the direct subterms to visit.
    """
    stack = [*roots][::-1]
    while stack:
        term = stack.pop()
        yield term
        stack.extend(reversed(inside(term)))


def terms_of(parameters: Iterable[Parameter], body: Term | None = None) -> list[Term]:
    """Give the terms of a rule: of its head, with the specializers, and its body."""
    heads = [part for each in parameters for part in (each.term, each.specializer)]
    return [term for term in (*heads, body) if term is not None]


def goals_in(body: Term | None, control: Collection[Operator] = CONTROL) -> Iterator[Term]:
    """Give the goals of a body in order: the operands of control operators, at any depth.

    :param control: the operators to enter.
    """
    stack = [] if body is None else [body]
    while stack:
        goal = stack.pop()
        if isinstance(goal, Expression) and goal.operator in control:
            stack += goal.args[::-1]
        else:
            yield goal


def is_operation(term: t.Any, operator: Operator) -> t.TypeGuard[Expression]:
    """Tell whether a term is an expression with an operator."""
    return isinstance(term, Expression) and term.operator is operator


def is_control(term: t.Any) -> t.TypeGuard[Expression]:
    """Tell whether the operands of a term are conditions."""
    return isinstance(term, Expression) and term.operator in CONTROL


def is_text(term: t.Any) -> t.TypeGuard[Value]:
    """Tell whether a term is a string."""
    return isinstance(term, Value) and isinstance(term.value, str)


def conjuncts_in(body: Term | None) -> Iterator[Term]:
    """Give the goals of a body that hold in each of its solutions, in order."""
    return goals_in(body, (Operator.AND,))


def fold(root: t.Any, look: _Look, make: Callable[[t.Any, list[t.Any]], t.Any]) -> t.Any:
    """Compute a value of a term from the values of its subterms, in postorder.

    :param look: gives a replacement for a term and the subterms to fold first; if there are
        none, the replacement is the value.
    :param make: computes the value from the replacement and the values of the subterms.
    :raises StackOverflowError: for a term that contains itself.
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
    """Fold a term, and each subterm that occurs in several places only once.

    Terms of a run share the bindings of variables, so a short policy can make a term whose size
    doubles with each level.

    :raises StackOverflowError: for a term that contains itself.
    """
    # The terms are kept alive, so that no other term gets their ids.
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

    ``length = 1 + (yield length_of(rest))`` is a recursive call without a frame on Python's
    stack.
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
