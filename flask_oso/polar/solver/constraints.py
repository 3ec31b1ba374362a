"""Constraints on variables that are not bound yet, and how they are shown.

When an operand of an operation is unbound, the solver keeps the operation as a ``Constraint`` on
each of its variables. This module finds connected constraints, eliminates helper variables, and
makes the expression that a query returns::

    _value_1 = x.k and _value_1 > 1   =>  And(Gt(Dot(_this, "k"), 1))
    not (x.k = 1)                     =>  And(Neq(1, Dot(_this, "k")))

It reads variables and never binds them.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..host.conversion import follow
from ..nodes import (
    Expression,
    Lookup,
    Operator,
    Term,
    Unknown,
    Variable,
    is_ground,
    parts,
    with_parts,
)
from ..traversal import fold, fold_once
from .clauses import bound

_INVERSE = {
    Operator.EQ: Operator.NEQ,
    Operator.NEQ: Operator.EQ,
    Operator.LT: Operator.GEQ,
    Operator.GEQ: Operator.LT,
    Operator.GT: Operator.LEQ,
    Operator.LEQ: Operator.GT,
    Operator.UNIFY: Operator.NEQ,
}
_DUAL = {Operator.AND: Operator.OR, Operator.OR: Operator.AND}


class Constraint:
    """An operation that waits for the value of a variable.

    :param age: the number of the constraint, in the order in which a run made them.
    """

    __slots__ = ("age", "expression")

    def __init__(self, expression: Expression, age: int) -> None:
        self.expression: t.Final = expression
        self.age: t.Final = age


class Alias:
    """Two unbound variables were unified. It tells aliases from variables without constraints."""

    __slots__ = ("age", "left", "right")

    def __init__(self, left: Unknown, right: Unknown, age: int) -> None:
        self.left: t.Final = left
        self.right: t.Final = right
        self.age: t.Final = age


Constraints = tuple[Constraint | Alias, ...]


def without_aliases(constraints: Iterable[Constraint | Alias]) -> list[Constraint]:
    """Return the constraints without the aliases."""
    return [constraint for constraint in constraints if isinstance(constraint, Constraint)]


def unknowns_in(term: t.Any) -> Iterator[Unknown]:
    """Yield the unbound variables in a term, also in the values of its variables."""
    stack = [term]
    seen: set[int] = set()
    while stack:
        current = bound(stack.pop())
        if type(current) is Unknown:
            yield current
        elif not is_ground(current):
            # A term may contain itself: there is no occurs check.
            if id(current) in seen:
                continue
            seen.add(id(current))
            stack.extend(reversed(parts(current)))


def component(start: Iterable[Unknown]) -> list[Constraint | Alias]:
    """Return all constraints connected with some variables through shared variables."""
    found: dict[int, Constraint | Alias] = {}
    roots: set[int] = set()
    stack = [follow(unknown) for unknown in start]
    while stack:
        root = stack.pop()
        if type(root) is not Unknown or id(root) in roots:
            continue
        roots.add(id(root))
        for constraint in root.constraints:
            if id(constraint) not in found:
                found[id(constraint)] = constraint
                if isinstance(constraint, Constraint):
                    stack.extend(map(follow, unknowns_in(constraint.expression)))
    return sorted(found.values(), key=lambda constraint: constraint.age)


def without_helpers(
    constraints: Iterable[Constraint],
    is_helper: Callable[[Unknown], bool],
    see: Callable[[t.Any], t.Any] = bound,
) -> list[Expression]:
    """Replace the helper variables that hold results of lookups by the lookups.

    ``helper = x.k and helper > 1  =>  x.k > 1``. Equal constraints are merged.

    :param see: dereferences a variable: ``bound`` keeps an alias under its own name, ``follow``
        returns the variable that represents it.
    """
    lookups: dict[int, Expression] = {}
    kept: list[Expression] = []
    for constraint in reversed(list(constraints)):
        helper, lookup = _definition(constraint.expression)
        is_new = lookup is not None and id(helper) not in lookups and is_helper(helper)
        if lookup is not None and is_new and not _mentions(lookup, helper, lookups):
            lookups[id(helper)] = lookup
        else:
            kept.append(constraint.expression)
    merged: list[Expression] = []
    for expression in reversed(kept):
        term = t.cast(Expression, substitute(expression, lookups, see))
        if term not in merged:
            merged.append(term)
    return merged


def _definition(expression: Expression) -> tuple[t.Any, Expression | None]:
    """Return the variable and the lookup of a constraint ``variable = lookup``."""
    if expression.operator is Operator.UNIFY:
        left, right = expression.args
        for one, other in ((left, right), (right, left)):
            variable = follow(one)
            if type(variable) is Unknown and _is_lookup(other):
                return variable, t.cast(Expression, other)
    return None, None


def _mentions(lookup: Expression, helper: Unknown, lookups: dict[int, Expression]) -> bool:
    """Return whether a variable occurs in its own lookup, as in ``x = x.owner``, which stays."""
    stack, seen = [lookup], {id(lookup)}
    while stack:
        for unknown in map(follow, unknowns_in(stack.pop())):
            if unknown is helper:
                return True
            behind = lookups.get(id(unknown))
            if behind is not None and id(behind) not in seen:
                seen.add(id(behind))
                stack.append(behind)
    return False


def _is_lookup(term: t.Any) -> bool:
    return isinstance(term, Lookup)


def substitute(term: t.Any, lookups: dict[int, Expression], see: Callable[[t.Any], t.Any]) -> t.Any:
    """Replace variables by their values and lookups."""

    def look(part: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
        part = see(part)
        if type(part) is Unknown:
            part = lookups.get(id(follow(part)), part)
        return part, () if is_ground(part) else parts(part)

    return fold_once(term, look, with_parts)


def simplified(expression: Expression) -> Expression:
    """Push a negation inwards.

    ::

        not (a and b)  =>  not a or not b
        not (a or b)   =>  not a and not b
        not not a      =>  a
        not a > b      =>  a <= b          and so on for all comparisons
        not a = b      =>  a != b
    """
    return t.cast(Expression, fold(expression, _look_at_negation, _dual))


def _look_at_negation(term: Term) -> tuple[Term, Sequence[Term]]:
    inner = _negated(term)
    while inner is not None and (doubled := _negated(inner)) is not None:
        term, inner = doubled, _negated(doubled)
    if inner is None:
        return _look_below(term)
    if inner.operator in (Operator.AND, Operator.OR):
        return inner, [
            Expression(Operator.NOT, (arg,)) if isinstance(arg, Expression) else arg
            for arg in inner.args
        ]
    inverse = _INVERSE.get(inner.operator)
    return term if inverse is None else Expression(inverse, inner.args), ()


def _look_below(term: Term) -> tuple[Term, Sequence[Term]]:
    """Go on below what is not negated, or no longer."""
    if not isinstance(term, Expression) or term.operator not in _DUAL:
        return term, ()
    # '_dual' turns it around again.
    return Expression(_DUAL[term.operator], term.args), term.args


def _negated(term: Term) -> Expression | None:
    """Return the expression under a ``not``; ``None`` for any other term."""
    if not isinstance(term, Expression) or term.operator is not Operator.NOT:
        return None
    inner = term.args[0]
    return inner if isinstance(inner, Expression) else None


def _dual(term: Expression, args: list[Term]) -> Term:
    if len(args) == 1:
        return args[0]
    return Expression(_DUAL[term.operator], tuple(args))


class Naming:
    """The names of variables in the result for one variable of a query.

    :param visible: the query's variables by name.
    :param this: the variable whose constraints are shown; it is written ``_this``.
    """

    def __init__(self, visible: dict[str, Unknown], this: Unknown | None = None) -> None:
        self._visible = visible
        self._own = {id(unknown): name for name, unknown in visible.items()}
        self._this = this

    def name(self, unknown: Unknown) -> str:
        """Return the name of a variable in the query, or its name in the run if it has none."""
        if unknown is self._this:
            return "_this"
        own = self._own.get(id(unknown))
        if own is not None:
            return own
        root = follow(unknown)
        if self._this is not None and root is follow(self._this):
            return "_this"
        others = (name for name, other in self._visible.items() if follow(other) is root)
        return next(others, root.name if type(root) is Unknown else unknown.name)

    def visit(self, term: t.Any) -> t.Any:
        """Replace variables by their names."""
        return fold_once(term, self._look, with_parts)

    def _look(self, term: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
        term = bound(term)
        if type(term) is Unknown:
            return Variable(self.name(term)), ()
        return term, () if is_ground(term) else parts(term)


def describe_constraints(unknown: Unknown, visible: dict[str, Unknown]) -> Expression:
    """Return the constraints on a variable as one ``and``, the variable written ``_this``."""
    naming = Naming(visible, unknown)
    found = component([unknown])
    roots = {id(follow(other)) for other in visible.values()}
    expressions = without_helpers(
        [_as_constraint(constraint) for constraint in found],
        lambda helper: id(helper) not in roots,
    )
    shown: list[Term] = []
    for expression in map(simplified, expressions):
        named = naming.visit(expression)
        is_equality = named.operator in (Operator.UNIFY, Operator.EQ)
        trivial = is_equality and named.args[0] == named.args[1]
        if not trivial and named not in shown:
            shown.append(named)
    return Expression(Operator.AND, tuple(shown))


def _as_constraint(constraint: Constraint | Alias) -> Constraint:
    if isinstance(constraint, Constraint):
        return constraint
    return Constraint(
        Expression(Operator.UNIFY, (t.cast(Term, constraint.left), t.cast(Term, constraint.right))),
        constraint.age,
    )
