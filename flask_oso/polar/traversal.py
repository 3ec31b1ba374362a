"""Traversals of terms of any depth, without recursion.

``compared_next`` looks at the goals behind a search.
``walk`` visits every subterm of terms, such as ``terms_of`` a rule, and ``goals_in`` the goals of a
body; ``fold`` computes a value of a term from the values of its subterms, and ``trampoline`` runs
other recursive computations. Each keeps an explicit stack, so the depth they can reach depends
neither on Python's stack nor on the thread.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence

from .exceptions import StackOverflowError
from .nodes import CONTROL, Expression, Operator, Origin, Parameter, Slot, Term, Value, parts

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


def compared_next(goals: Iterable[Term], name: Slot) -> tuple[Slot, tuple[str, ...]] | None:
    """Return what a variable is compared with by the goals that come next: ``x = user.team.id``.

    That is a variable, and the names of the attributes that are read of it, one of the other.
    ``None`` if they do anything else before.

    :param goals: the goals behind the one that gives the variable a value, of one clause.
    """
    owner, made, other = None, None, None
    names: list[str] = []
    for goal in goals_in_order(goals):
        if is_operation(goal, Operator.DOT):
            read, field, result = goal.args
            is_plain = isinstance(field, Value) and type(field.value) is str
            if not (is_plain and isinstance(read, Slot) and isinstance(result, Slot)):
                return None
            if read.index == name.index or (made is not None and read.index != made):
                return None
            owner, made = owner or read, result.index
            names.append(str(t.cast(Value, field).value))
        elif is_operation(goal, Operator.UNIFY) and other is None:
            other = _compared(goal, name)
            if other is None:
                return None
        else:
            return None
        if other is not None and made == other.index:
            return t.cast(Slot, owner), tuple(names)
        if other is not None and made is None and other.origin is not Origin.LOOKUP:
            return other, ()
    return None


def _compared(goal: Expression, name: Slot) -> Slot | None:
    """Return the variable that equals another one in a goal, if it is about two."""
    sides = [each for each in goal.args if isinstance(each, Slot)]
    others = [each for each in sides if each.index != name.index]
    return others[0] if len(sides) == len(goal.args) and len(others) == 1 else None


def goals_in_order(goals: Iterable[Term]) -> Iterator[Term]:
    """Give goals, those of conjunctions one by one, as far as they are asked for."""
    for goal in goals:
        if is_operation(goal, Operator.AND):
            yield from goals_in(goal, (Operator.AND,))
        else:
            yield goal
