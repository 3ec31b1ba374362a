"""The bindings of the variables of one run, and the trail that undoes them.

``unify`` makes two terms equal by binding variables. An operation on an unbound variable is
recorded on it as a constraint. A binding wakes the constraints of its variable, and the solver
evaluates them again. Each change is put onto the trail with the state before it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable

from ..exceptions import PolarTypeError, StackOverflowError, error_at
from ..host import numbers
from ..host.conversion import follow
from ..nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Origin,
    Pattern,
    Term,
    Unknown,
    Value,
)
from ..printer import to_polar
from .constraints import Alias, Constraint, Constraints, unknowns_in, without_aliases

#: After how many compound pairs a unification remembers the pairs that it compares.
_MANY = 1_000
#: Stands before an element, and the variable that is going to be bound to it.
_TAKEN = object()

Change = tuple[Unknown, t.Any, Constraints]
_Pairs = list[tuple[t.Any, t.Any]]


class Trail:
    """The changes of variables, each with the state before, so that they can be undone."""

    def __init__(self) -> None:
        self._trail: list[Change] = []

    def mark(self) -> int:
        """Return the length of the trail, for ``undo``."""
        return len(self._trail)

    def undo(self, mark: int) -> None:
        """Undo all changes since a mark."""
        trail = self._trail
        while len(trail) > mark:
            unknown, value, constraints = trail.pop()
            unknown.value = value
            unknown.constraints = constraints

    def changes(self, mark: int) -> list[Change]:
        """Return the variables that changed since a mark, each with its state before."""
        return self._trail[mark:]

    def assign(self, unknown: Unknown, value: t.Any, constraints: tuple[t.Any, ...]) -> None:
        """Set the value and the constraints of a variable."""
        self._trail.append((unknown, unknown.value, unknown.constraints))
        unknown.value = value
        unknown.constraints = constraints


class Bindings(Trail):
    """The state of the variables of a run.

    ``age`` is the number of the youngest constraint.

    :param compare_objects: returns whether two terms are equal; one is an object of the host.
    :param comparisons: how many lists, dictionaries and objects one unification may compare.
    :param check_element: refuses an element that is taken out of a list.
    """

    def __init__(
        self,
        compare_objects: Callable[[Term, Term], bool],
        comparisons: int,
        check_element: Callable[[Term], None],
    ) -> None:
        super().__init__()
        self.age = 0
        self._comparisons = comparisons
        self._compare_objects = compare_objects
        self._check_element = check_element
        self._variables = 0
        self._woken: list[Constraint] = []

    def fresh(self, name: str, origin: Origin = Origin.WRITTEN) -> Unknown:
        """Make a variable of the run for the variable ``name`` of the policy."""
        self._variables += 1
        number = self._variables
        shown = f"_{number}" if origin is Origin.ANONYMOUS else f"_{name}_{number}"
        return Unknown(shown, number, origin)

    # -- unification -----------------------------------------------------------------

    def unify(self, left: t.Any, right: t.Any) -> bool:
        """Make two terms equal; the pairs of their parts are on an explicit stack.

        Terms may contain themselves or share parts: no pair is compared twice. If a pair
        differs, its first comparison shows that.
        """
        pairs: _Pairs = [(left, right)]
        compounds = 0
        # The terms are kept alive, so that no other term gets their ids.
        entered: dict[tuple[int, int], tuple[t.Any, t.Any]] = {}
        while pairs:
            left, right = pairs.pop()
            if left is _TAKEN:
                part, element = right
                if type(follow(part)) is Unknown:
                    self._check_element(element)
                continue
            left_end, right_end = follow(left), follow(right)
            if left_end is right_end:
                continue
            if type(left_end) is Unknown:
                self._bind(left_end, right_end, left, right)
            elif type(right_end) is Unknown:
                self._bind(right_end, left_end, right, left)
            elif type(left_end) is Value and type(right_end) is Value:
                if not numbers.equal_scalars(left_end.value, right_end.value):
                    return False
            else:
                compounds += 1
                if compounds > self._comparisons:
                    raise StackOverflowError(
                        f"Unification goes too deep! MAX_COMPARISONS = {self._comparisons}"
                    )
                if compounds > _MANY:
                    pair = (id(left_end), id(right_end))
                    if pair in entered:
                        continue
                    entered[pair] = (left_end, right_end)
                if not self._unify_compound(left_end, right_end, pairs):
                    return False
        return True

    def _unify_compound(self, left: Term, right: Term, pairs: _Pairs) -> bool:
        if isinstance(left, Instance) or isinstance(right, Instance):
            return self._compare_objects(left, right)
        if isinstance(left, List) and isinstance(right, List):
            return _unify_lists(left, right, pairs)
        if isinstance(left, Dictionary) and isinstance(right, Dictionary):
            return _unify_dictionaries(left, right, pairs)
        for term in (left, right):
            if isinstance(term, Pattern):
                message = f"cannot unify patterns directly `{to_polar(term)}`"
                raise error_at(PolarTypeError, message, term.span)
        # A call or an expression that the host passed as an argument is a value.
        return isinstance(left, (Call, Expression)) and left == right

    def _bind(self, unknown: Unknown, value: t.Any, written: t.Any, other: t.Any) -> None:
        if type(value) is Unknown:
            self.alias(written, other)
            return
        constraints = unknown.constraints
        self.assign(unknown, value, constraints)
        self._woken.extend(without_aliases(constraints))

    def alias(self, left: Unknown, right: Unknown) -> None:
        """Unify two unbound variables; the younger one becomes an alias of the older one."""
        older, younger = follow(left), follow(right)
        if older is younger:
            return
        if older.age > younger.age:
            older, younger = younger, older
        self.age += 1
        alias = Alias(left, right, self.age)
        inherited = [c for c in younger.constraints if c not in older.constraints]
        merged = sorted((*older.constraints, *inherited, alias), key=lambda c: c.age)
        self.assign(younger, older, younger.constraints)
        self.assign(older, None, tuple(merged))
        # The classes that both variables have to be of may exclude each other.
        self._woken.extend(
            c for c in without_aliases(inherited) if c.expression.operator is Operator.ISA
        )

    # -- constraints -----------------------------------------------------------------

    def record(self, expression: Expression) -> bool:
        """Record an operation as a constraint on each of its variables."""
        self.age += 1
        constraint = Constraint(expression, self.age)
        for unknown in _distinct(unknowns_in(expression)):
            root = follow(unknown)
            known: Constraints = root.constraints
            if constraint in known:
                continue
            if not without_aliases(known):
                known = tuple(_facing(alias, unknown) for alias in known)
            self.assign(root, None, (*known, constraint))
        return True

    def forget(self, constraint: Constraint) -> None:
        """Remove a constraint from the variables that are still unbound."""
        for unknown in _distinct(map(follow, unknowns_in(constraint.expression))):
            kept = tuple(c for c in unknown.constraints if c is not constraint)
            if len(kept) < len(unknown.constraints):
                self.assign(unknown, None, kept)

    def take_woken(self) -> list[Constraint]:
        """Return the constraints that have to be evaluated again, in their order."""
        if not self._woken:
            return []
        woken, self._woken = self._woken, []
        return woken


def _distinct(unknowns: Iterable[Unknown]) -> Iterable[Unknown]:
    return {id(unknown): unknown for unknown in unknowns}.values()


def _facing(alias: Alias | Constraint, unknown: Unknown) -> Alias | Constraint:
    """Turn an alias so that the variable that is constrained first stands on the left."""
    if isinstance(alias, Alias) and alias.right is unknown:
        return Alias(alias.right, alias.left, alias.age)
    return alias


def _unify_dictionaries(left: Dictionary, right: Dictionary, pairs: _Pairs) -> bool:
    if [key for key, _ in left.fields] != [key for key, _ in right.fields]:
        return False
    # The last key ends on top and is unified first.
    pairs.extend(
        (mine, other) for (_, mine), (_, other) in zip(left.fields, right.fields, strict=True)
    )
    return True


def _unify_lists(left: List, right: List, pairs: _Pairs) -> bool:
    """Push the pairs that have to be equal for two lists, the first elements on top.

    The ``__eq__`` that is called is that of the object in the left list, or in the list whose
    rest is the longer one.
    """
    if right.rest is not None and (left.rest is None or len(left.items) >= len(right.items)):
        left, right = right, left
    common = len(left.items)
    if common > len(right.items) or (left.rest is None and common < len(right.items)):
        return False
    if left.rest is not None:
        tail: t.Any = List(right.items[common:], right.rest)
        if common == len(right.items) and right.rest is not None:
            tail = right.rest
        pairs.append((left.rest, tail))
    for mine, other in reversed(list(zip(left.items, right.items, strict=False))):
        pairs.append((mine, other))
        for part, element in ((mine, other), (other, mine)):
            if type(element) is Instance and type(follow(part)) is Unknown:
                pairs.append((_TAKEN, (part, element)))
    return True
