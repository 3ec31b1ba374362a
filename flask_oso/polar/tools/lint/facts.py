"""What one alternative of a rule says of each term, and whether it contradicts itself.

In goes an alternative; out come the values and classes of its terms, and the goals that cannot hold
together: ``x = 1 and x = 2``, ``x < 1 and x > 2``, ``doc matches Folder`` where it is a ``Doc``.
A lookup has one value in one question; what a method returns may change, so nothing is said of it.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ...host import numbers
from ...nodes import (
    Call,
    Expression,
    List,
    Operator,
    Parameter,
    Pattern,
    Scalar,
    Term,
    Value,
    Variable,
)
from ...traversal import is_operation, walk
from .alternatives import Alternative, conjuncts, is_repeatable
from .class_facts import ClassFacts


class Kind(t.NamedTuple):
    """What is known of an argument: its value, and classes that it is of."""

    value: Value | None = None
    tags: frozenset[str] = frozenset()


ANYTHING = Kind()


class Contradiction(t.NamedTuple):
    """Goals that do not hold together; for a class in the head its pattern. One may be enough."""

    goals: tuple[Term, ...]


class _Says(enum.Enum):
    """What a claim says of a term."""

    AMONG = enum.auto()
    DIFFERS = enum.auto()
    BELOW = enum.auto()
    AT_MOST = enum.auto()
    ABOVE = enum.auto()
    AT_LEAST = enum.auto()
    OF_CLASS = enum.auto()


class _Claim(t.NamedTuple):
    says: _Says
    #: Values; for a class its name.
    values: tuple[Value, ...]
    goal: Term
    tag: str = ""


_ORDERS = {
    Operator.LT: (_Says.BELOW, _Says.ABOVE),
    Operator.LEQ: (_Says.AT_MOST, _Says.AT_LEAST),
}
_UPPER = frozenset({_Says.BELOW, _Says.AT_MOST})
_LOWER = frozenset({_Says.ABOVE, _Says.AT_LEAST})


class Facts:
    """What is known of the terms of an alternative.

    :param given: what is known of variables of the head.
    """

    def __init__(
        self,
        alternative: Alternative,
        classes: ClassFacts,
        given: Mapping[str, Kind],
    ) -> None:
        self._classes = classes
        self._goals = alternative.goals
        self._end: dict[Term, Term] = {}
        self._claims: dict[Term, list[_Claim]] = {}
        self._orders: list[tuple[Term, Term, Expression]] = []
        self._false: list[Term] = []
        for goal in alternative.goals:
            if is_operation(goal, Operator.UNIFY) or is_operation(goal, Operator.EQ):
                self._unite(goal)
        for goal in alternative.goals:
            self._learn(goal)
        for parameter in alternative.parameters:
            self._learn_head(parameter)
        for name, kind in given.items():
            self._learn_kind(Variable(name), kind)
        self._learn_attributes()

    def kind(self, term: Term) -> Kind:
        """Give what is known of a term."""
        if isinstance(term, Value):
            return Kind(term)
        claims = self._claims.get(self._root(term), ())
        values = [each.values[0] for each in claims if _is_one(each)]
        tags = frozenset(each.tag for each in claims if each.says is _Says.OF_CLASS)
        return Kind(values[0] if values else None, tags)

    def contradiction(self) -> Contradiction | None:
        """Give goals that do not hold together, if there are some."""
        return next(self._contradictions(), None)

    # -- learning ---------------------------------------------------------------------------

    def _root(self, term: Term) -> Term:
        while term in self._end:
            term = self._end[term]
        return term

    def _unite(self, goal: Expression) -> None:
        left, right = goal.args
        if isinstance(left, Value) or isinstance(right, Value):
            return
        if not is_repeatable(left) or not is_repeatable(right):
            return
        one, other = self._root(left), self._root(right)
        if one != other:
            self._end[one] = other

    def _claim(
        self, term: Term, says: _Says, values: Sequence[Value], goal: Term, tag: str = ""
    ) -> None:
        if is_repeatable(term):
            claim = _Claim(says, tuple(values), goal, tag)
            self._claims.setdefault(self._root(term), []).append(claim)

    def _learn(self, goal: Term) -> None:
        if isinstance(goal, Value):
            self._false += [goal] if goal.value is False else []
        if not isinstance(goal, Expression):
            return
        if goal.operator in _SAYS:
            self._learn_equation(goal, _SAYS[goal.operator])
        elif is_operation(goal, Operator.NOT):
            self._learn_negation(goal)
        elif goal.operator in _ORDERS:
            self._learn_order(goal)
        elif goal.operator is Operator.IN:
            self._learn_choice(goal)
        elif goal.operator is Operator.ISA and isinstance(goal.args[1], Pattern):
            self._learn_pattern(goal.args[0], goal.args[1], goal)

    def _learn_equation(self, goal: Expression, says: _Says) -> None:
        left, right = goal.args
        if isinstance(left, Value) and isinstance(right, Value):
            is_equal = any(equal_values(left, each) for each in _equals(right, goal))
            self._false += [goal] if is_equal is (says is _Says.DIFFERS) else []
        elif isinstance(right, Value):
            self._claim(left, says, _equals(right, goal), goal)
        elif isinstance(left, Value):
            self._claim(right, says, _equals(left, goal), goal)

    def _learn_negation(self, goal: Expression) -> None:
        inside = goal.args[0]
        if is_operation(inside, Operator.UNIFY):
            for one, other in (inside.args, inside.args[::-1]):
                if isinstance(other, Value) and not isinstance(one, Value):
                    self._claim(one, _Says.DIFFERS, [other], goal)

    def _learn_order(self, goal: Expression) -> None:
        left, right = goal.args
        above, below = _ORDERS[goal.operator]
        if isinstance(left, Value) and isinstance(right, Value):
            self._false += [goal] if not _allows(above, (right,), left) else []
        elif isinstance(right, Value):
            self._claim(left, above, [right], goal)
        elif isinstance(left, Value):
            self._claim(right, below, [left], goal)
        elif is_repeatable(left) and is_repeatable(right):
            self._orders.append((self._root(left), self._root(right), goal))

    def _learn_choice(self, goal: Expression) -> None:
        left, right = goal.args
        if not isinstance(right, List) or right.rest is not None:
            return
        if not right.items:
            self._false.append(goal)
        values = [each for each in right.items if isinstance(each, Value)]
        if len(values) < len(right.items):
            return
        if not isinstance(left, Value):
            self._claim(left, _Says.AMONG, values, goal)
        elif values and not any(equal_values(left, each) for each in values):
            self._false.append(goal)

    def _learn_head(self, parameter: Parameter) -> None:
        if isinstance(parameter.specializer, Pattern):
            self._learn_pattern(parameter.term, parameter.specializer, parameter.specializer)

    def _learn_pattern(self, term: Term, pattern: Pattern, goal: Term) -> None:
        stack = [(term, pattern)]
        while stack:
            term, pattern = stack.pop()
            if pattern.tag is not None:
                self._learn_class(term, pattern.tag, goal)
            for name, value in pattern.fields:
                field = Expression(Operator.DOT, (term, Value(name)))
                if isinstance(value, Pattern):
                    stack.append((field, value))
                elif isinstance(value, Value):
                    self._claim(field, _Says.AMONG, [value], goal)

    def _learn_class(self, term: Term, tag: str, goal: Term) -> None:
        if isinstance(term, Value):
            self._false += [goal] if self._classes.excludes(tag, term) else []
        else:
            self._claim(term, _Says.OF_CLASS, (), goal, tag)

    def _learn_kind(self, term: Variable, kind: Kind) -> None:
        if kind.value is not None:
            self._claim(term, _Says.AMONG, [kind.value], term)
        for tag in kind.tags:
            self._claim(term, _Says.OF_CLASS, (), term, tag)

    def _learn_attributes(self) -> None:
        """Learn the classes of attributes of rows, each after what it is an attribute of."""
        terms = dict.fromkeys(each for each in (*walk(self._goals), *self._claims) if _is_dot(each))
        loops = [goal for goal in self._goals if is_operation(goal, Operator.IN)]
        for _ in range(1 + len(loops)):
            for term in sorted(terms, key=_depth):
                self._learn_attribute(term)
            for goal in loops:
                self._learn_element(goal)

    def _learn_attribute(self, term: Expression) -> None:
        # Also what may not be nil in the database may be so in an object that is new.
        if self._is_nil(term):
            return
        for tag in self._classes_of(term, self._classes.attribute_class):
            pattern = Expression(Operator.ISA, (term, Pattern(tag, ())))
            self._claim(term, _Says.OF_CLASS, (), pattern, tag)

    def _learn_element(self, goal: Expression) -> None:
        element, relation = goal.args
        if isinstance(element, Variable) and _is_dot(relation):
            for tag in self._classes_of(relation, self._classes.element_class):
                self._claim(element, _Says.OF_CLASS, (), goal, tag)

    def _classes_of(
        self, term: Expression, find: Callable[[str, str], str | None]
    ) -> frozenset[str]:
        """Give the classes of an attribute by those of its owner."""
        owner, name = term.args[:2]
        if not isinstance(name, Value):
            return frozenset()
        found = (find(tag, str(name.value)) for tag in self.kind(owner).tags)
        return frozenset(each for each in found if each is not None) - self.kind(term).tags

    def _is_nil(self, term: Term) -> bool:
        return self._root(term) == self._root(_NIL)

    # -- contradictions ---------------------------------------------------------------------

    def _contradictions(self) -> Iterator[Contradiction]:
        yield from (Contradiction((goal,)) for goal in self._false)
        for claims in self._claims.values():
            yield from self._in_group(claims)
        yield from self._in_orders()
        yield from self._in_negations()
        yield from self._of_nil()

    def _in_group(self, claims: Sequence[_Claim]) -> Iterator[Contradiction]:
        for at, claim in enumerate(claims):
            for other in claims[:at]:
                if self._excludes(claim, other):
                    yield Contradiction((other.goal, claim.goal))
        # No two of x in ["a", "b"], x != "a", x != "b" exclude each other.
        for claim in claims:
            if claim.says is _Says.AMONG and not any(
                all(self._allows(each, value) for each in claims) for value in claim.values
            ):
                yield Contradiction(tuple(each.goal for each in claims))

    def _allows(self, claim: _Claim, value: Value) -> bool:
        if claim.says is _Says.OF_CLASS:
            return not self._classes.excludes(claim.tag, value)
        return _allows(claim.says, claim.values, value)

    def _excludes(self, claim: _Claim, other: _Claim) -> bool:
        for one, another in ((claim, other), (other, claim)):
            if one.says is _Says.AMONG:
                return not any(self._allows(another, value) for value in one.values)
        if claim.says is _Says.OF_CLASS and other.says is _Says.OF_CLASS:
            return self._classes.is_disjoint(claim.tag, other.tag)
        for one, another in ((claim, other), (other, claim)):
            if one.says in _UPPER and another.says in _LOWER:
                return _is_empty(one, another)
        return False

    def _in_orders(self) -> Iterator[Contradiction]:
        for at, (left, right, goal) in enumerate(self._orders):
            if left == right and goal.operator is Operator.LT:
                yield Contradiction((goal,))
            for one, another, other in self._orders[:at]:
                is_turned = (one, another) == (right, left)
                if is_turned and Operator.LT in (goal.operator, other.operator):
                    yield Contradiction((other, goal))

    def _of_nil(self) -> Iterator[Contradiction]:
        """``x = nil and x.name = "a"``: nobody has no name."""
        equations = [goal for goal in self._goals if is_operation(goal, Operator.UNIFY)]
        for claim in self._claims.get(self._root(_NIL), ()):
            if self._excludes_nil(claim):
                found = [each for each in equations if _NIL in each.args]
                yield Contradiction((*found[:1], claim.goal))
        for goal in self._goals:
            if is_operation(goal, Operator.NOT) or is_operation(goal, Operator.FORALL):
                continue
            for term in walk([goal]):
                if _is_dot(term) and self._is_nil(term.args[0]):
                    found = [each for each in equations if _NIL in each.args]
                    yield Contradiction((*found[:1], goal))

    def _excludes_nil(self, claim: _Claim) -> bool:
        if claim.says is _Says.OF_CLASS:
            return self._classes.excludes_nil(claim.tag)
        return claim.says is _Says.AMONG

    def _in_negations(self) -> Iterator[Contradiction]:
        for goal in self._goals:
            if not isinstance(goal, Expression):
                continue
            if goal.operator is Operator.NOT:
                inside = conjuncts(goal.args[0])
                if inside and all(map(self._is_known, inside)):
                    yield Contradiction((*inside, goal))
            elif goal.operator is Operator.NEQ and goal.args[0] != goal.args[1]:
                for operator in (Operator.UNIFY, Operator.EQ):
                    equation = Expression(operator, goal.args)
                    if self._is_known(equation):
                        yield Contradiction((equation, goal))

    def _is_known(self, goal: Term) -> bool:
        """Tell whether a goal is one of those that have to hold."""
        if not _is_stable(goal):
            return False
        forms = [goal]
        if isinstance(goal, Expression) and goal.operator in (Operator.UNIFY, Operator.EQ):
            forms.append(Expression(goal.operator, goal.args[::-1]))
        return any(each in forms for each in self._goals)


#: The name of nobody and nothing is a constant.
_NIL = Variable("nil")
_SAYS = {
    Operator.UNIFY: _Says.AMONG,
    Operator.EQ: _Says.AMONG,
    Operator.NEQ: _Says.DIFFERS,
}


def _equals(value: Value, goal: Expression) -> tuple[Value, ...]:
    """Give the values that equal one: 1 == true, but not 1 = true."""
    number: t.Any = value.value
    if goal.operator is Operator.UNIFY or isinstance(number, str) or number not in (0, 1):
        return (value,)
    return Value(bool(number)), Value(int(number))


def _is_dot(term: t.Any) -> t.TypeGuard[Expression]:
    return is_operation(term, Operator.DOT) and len(term.args) == 2


def _depth(term: Term) -> int:
    """Count the lookups of a chain."""
    return 1 + _depth(term.args[0]) if _is_dot(term) else 0


def _is_one(claim: _Claim) -> bool:
    return claim.says is _Says.AMONG and len(claim.values) == 1


def _is_stable(goal: Term) -> bool:
    """Tell whether a goal asked twice has one answer: a rule call counts, a method does not."""
    args: Iterable[Term] = goal.args if isinstance(goal, (Call, Expression)) else (goal,)
    return all(map(is_repeatable, args))


def equal_values(left: Value, right: Value) -> bool:
    """Tell whether two values are equal in the language."""
    return numbers.equal_scalars(left.value, right.value)


def _allows(says: _Says, values: Sequence[Value], value: Value) -> bool:
    if says is _Says.AMONG:
        return any(equal_values(each, value) for each in values)
    if says is _Says.DIFFERS:
        return not any(equal_values(each, value) for each in values)
    bound = values[0].value
    if not _is_comparable(value.value, bound):
        return True
    mine: t.Any = value.value
    if says is _Says.BELOW:
        return bool(mine < bound)
    if says is _Says.AT_MOST:
        return bool(mine <= bound)
    return bool(mine > bound) if says is _Says.ABOVE else bool(mine >= bound)


def _is_comparable(left: Scalar, right: Scalar) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    return isinstance(left, str) is isinstance(right, str)


def _is_empty(upper: _Claim, lower: _Claim) -> bool:
    most, least = t.cast(t.Any, upper.values[0].value), t.cast(t.Any, lower.values[0].value)
    if not _is_comparable(most, least):
        return False
    is_open = upper.says is _Says.BELOW or lower.says is _Says.ABOVE
    return bool(most <= least if is_open else most < least)
