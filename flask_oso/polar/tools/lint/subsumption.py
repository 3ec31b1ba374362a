"""Rules that another rule makes superfluous: whatever they answer, the other one answers.

In go two rules of one name; out comes whether each alternative of one is an instance of an
alternative of the other with further goals. This is theta-subsumption (Plotkin 1970) with classes,
literals and bounds. The answer "yes" is certain for questions whose arguments are known; "no" may
be wrong.
"""

from __future__ import annotations

import collections
import itertools
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from ...host import numbers
from ...nodes import (
    Call,
    Expression,
    List,
    Operator,
    Parameter,
    Pattern,
    Term,
    Value,
    Variable,
    parts,
    with_parts,
)
from ...traversal import fold, is_operation, walk
from .alternatives import EXISTS, Alternative, variables_in
from .class_facts import ClassFacts
from .facts import equal_values

#: The most steps of one comparison.
_MOST = 5_000
#: What the variables of the general rule stand for in the special one.
Names = Mapping[str, Term]
_SYMMETRIC = frozenset({Operator.UNIFY, Operator.EQ, Operator.NEQ})
#: Goals with effects that a solution less or more would change.
_NOT_COMPARED = frozenset({Operator.CUT, Operator.PRINT, Operator.DEBUG})
#: Goals that hold if something does not: variables of their own have to be bound in the same way.
_NEGATIVE = frozenset({Operator.NOT, Operator.FORALL})


class _TooMuchError(Exception):
    """The comparison took too many steps."""


def subsumes(
    general: Sequence[Alternative],
    special: Sequence[Alternative],
    classes: ClassFacts,
    constants: Collection[str],
) -> bool:
    """Tell whether each alternative of one rule is an instance of one of another."""
    return all(
        any(
            _may_be_instance(one, each)
            and not has_effects(one)
            and not has_effects(each)
            and Comparison(one, each, classes, constants).holds()
            for one in general
        )
        for each in special
    )


def _may_be_instance(general: Alternative, special: Alternative) -> bool:
    """Tell quickly that one alternative is no instance of another one, as most are not."""
    pairs = zip(general.parameters, special.parameters, strict=True)
    return general.names <= special.names and all(
        one.term == other.term
        for one, other in pairs
        if isinstance(one.term, Value) and isinstance(other.term, Value)
    )


def is_cut_off(
    earlier: Sequence[Alternative],
    later: Sequence[Alternative],
    classes: ClassFacts,
    constants: Collection[str],
) -> bool:
    """Tell whether a rule cuts off another one, which is tried after it, whenever that applies.

    They have the same head, and the goals in front of the ``cut`` are among those of the other.
    """
    if len(earlier) != 1:
        return False
    before = _until_cut(earlier[0])
    return before is not None and all(
        _have_one_head(before, each, classes, constants)
        and not has_effects(before)
        and Comparison(before, each, classes, constants).holds()
        for each in later
    )


def _until_cut(alternative: Alternative) -> Alternative | None:
    """Give the goals in front of the first ``cut``."""
    for at, goal in enumerate(alternative.goals):
        if is_operation(goal, Operator.CUT):
            return alternative._replace(goals=alternative.goals[:at])
    return None


def _have_one_head(
    one: Alternative, other: Alternative, classes: ClassFacts, constants: Collection[str]
) -> bool:
    heads = [each._replace(goals=()) for each in (one, other)]
    return all(
        Comparison(first, second, classes, constants).holds()
        for first, second in (heads, heads[::-1])
    )


def has_effects(alternative: Alternative) -> bool:
    """Tell whether a solution less or more would be seen."""
    return any(
        isinstance(each, Expression) and each.operator in _NOT_COMPARED
        for each in walk(alternative.goals)
    )


def _is_negative(goal: Term) -> bool:
    return any(isinstance(each, Expression) and each.operator in _NEGATIVE for each in walk([goal]))


def _closed(alternative: Alternative) -> frozenset[str]:
    """Give the variables that are in one negative goal and nowhere else."""
    found = collections.Counter(name for goal in alternative.goals for name in variables_in([goal]))
    return frozenset(
        name
        for goal in alternative.goals
        if _is_negative(goal)
        for name in variables_in([goal]) - alternative.head_variables
        if found[name] == 1
    )


class Comparison:
    """One comparison of two alternatives.

    :param heads: what the head of the general one is to answer; the head of the special one by
        default.
    :param derive: tells whether a call of terms of the special one is answered by other rules.
    """

    def __init__(
        self,
        general: Alternative,
        special: Alternative,
        classes: ClassFacts,
        constants: Collection[str],
        *,
        heads: Sequence[Parameter] | None = None,
        derive: Callable[[Call], bool] | None = None,
    ) -> None:
        self._general = general
        self._special = special
        self._asked = special.parameters if heads is None else heads
        self._derive = derive
        self._classes = classes
        self._constants = constants
        self._left = _MOST
        #: What holds in the special one: its goals, and what patterns in its head say of fields.
        self._facts = (*special.goals, *_fields_of(special.parameters))
        self._subterms = [*walk(self._facts)]
        #: Variables of the general alternative that are in one negative goal alone.
        self._closed = _closed(general)
        self._is_ordered = self._has_free_negation()

    def holds(self) -> bool:
        """Tell whether the special alternative is an instance of the general one."""
        try:
            return any(map(self._keeps_closed, self._ways()))
        except _TooMuchError:
            return False

    def _has_free_negation(self) -> bool:
        """Tell whether what a negative goal means depends on the order of the goals.

        That is so if it shares a variable with other goals that the head does not bind.
        """
        own = self._general.head_variables | {*self._constants}
        return any(
            variables_in([goal]) - own - self._closed
            for goal in self._general.goals
            if _is_negative(goal)
        )

    def _keeps_closed(self, names: Names) -> bool:
        """Tell whether variables of one negative goal alone are such in both alternatives."""
        found = [names[name] for name in self._closed if name in names]
        closed = _closed(self._special)
        return all(isinstance(each, Variable) and each.name in closed for each in found)

    def _ways(self) -> Iterator[Names]:
        """Give the ways to read the general alternative as the special one."""
        goals = self._general.goals
        for names in self._heads():
            yield from self._goals(goals, 0, names)
            # A call is derived once other goals say what its variables are.
            if self._derive is not None and not self._is_ordered and len(goals) > 1:
                yield from self._goals(goals[::-1], 0, names)

    def _heads(self) -> Iterator[Names]:
        ways: list[Names] = [{}]
        pairs = [*zip(self._general.parameters, self._asked, strict=True)]
        for general, special in pairs:
            ways = [
                found for names in ways for found in self._match(general.term, special.term, names)
            ]
        for names in ways:
            found = [names]
            for general, special in pairs:
                found = [
                    each for one in found for each in self._specializers(general, special, one)
                ]
            yield from found

    def _specializers(
        self, general: Parameter, special: Parameter, names: Names
    ) -> Iterator[Names]:
        if general.specializer is None:
            yield names
        elif isinstance(general.specializer, Pattern):
            yield from self._of_pattern(special.term, general.specializer, names)
        elif special.specializer is not None:
            yield from self._match(general.specializer, special.specializer, names)

    # -- goals ------------------------------------------------------------------------------

    def _goals(self, goals: Sequence[Term], at: int, names: Names) -> Iterator[Names]:
        if at == len(goals):
            yield names
            return
        for found in self._goal(at, goals[at], names):
            yield from self._goals(goals, at + 1, found)

    def _goal(self, at: int, goal: Term, names: Names) -> Iterator[Names]:
        """Give the ways in which the special alternative implies a goal of the general one."""
        if self._is_ordered:
            for each in self._special.goals[at : at + 1]:
                yield from self._match(goal, each, names)
            return
        for each in self._facts:
            yield from self._match(goal, each, names)
        if isinstance(goal, Call):
            yield from (
                self._exists(goal, names) if goal.name == EXISTS else self._derived(goal, names)
            )
        elif isinstance(goal, Expression):
            if goal.operator is Operator.EQ:
                # What unifies is equal; 1 equals true, but does not unify with it.
                equation = Expression(Operator.UNIFY, goal.args)
                for each in self._facts:
                    yield from self._match(equation, each, names)
            yield from self._implied(goal, names)

    def _derived(self, goal: Call, names: Names) -> Iterator[Names]:
        if self._derive is None or not variables_in([goal]) <= {*names, *self._constants}:
            return
        if self._derive(t.cast(Call, _with_terms(goal, names))):
            yield names

    def _exists(self, goal: Call, names: Names) -> Iterator[Names]:
        for each in self._subterms:
            if isinstance(each, Expression):
                yield from self._match(goal.args[0], each, names)

    def _implied(self, goal: Expression, names: Names) -> Iterator[Names]:
        if goal.operator is Operator.ISA and isinstance(goal.args[1], Pattern):
            for term in self._special_terms(goal.args[0], names):
                yield from self._of_pattern(term, goal.args[1], names)
        test = _test_of(goal)
        if test is None:
            return
        for term in self._special_terms(test.term, names):
            if self._passes(term, test):
                yield names

    def _special_terms(self, term: Term, names: Names) -> Iterator[Term]:
        """Give the terms of the special alternative that a term is known to stand for."""
        if isinstance(term, Variable) and term.name in names:
            yield names[term.name]
            return
        for each in self._subterms:
            if isinstance(each, Expression) and not isinstance(term, Variable):
                for found in self._match(term, each, names):
                    if found == names:
                        yield each
                        return

    def _passes(self, term: Term, test: _Test) -> bool:
        """Tell whether a term of the special alternative passes a test with values."""
        if isinstance(term, Value):
            return test.passes(term)
        for goal in self._facts:
            other = _test_of(goal) if isinstance(goal, Expression) else None
            if other is not None and other.term == term and test.follows_from(other):
                return True
        return False

    # -- patterns ---------------------------------------------------------------------------

    def _of_pattern(self, term: Term, pattern: Pattern, names: Names) -> Iterator[Names]:
        """Give the ways in which a term of the special alternative is known to fit a pattern."""
        for known in self._patterns_of(term):
            if pattern.tag is None or (
                known.tag is not None and self._classes.is_part_of(known.tag, pattern.tag)
            ):
                yield from self._fields(term, pattern.fields, known, names)
        is_plain = pattern.tag is not None and not pattern.fields
        if isinstance(term, Value) and is_plain and self._classes.holds_for(str(pattern.tag), term):
            yield names

    def _patterns_of(self, term: Term) -> Iterator[Pattern]:
        for each in self._special.parameters:
            if each.term == term and isinstance(each.specializer, Pattern):
                yield each.specializer
        for goal in self._special.goals:
            if not is_operation(goal, Operator.ISA):
                continue
            if goal.args[0] == term and isinstance(goal.args[1], Pattern):
                yield goal.args[1]

    def _fields(
        self,
        term: Term,
        fields: Sequence[tuple[str, Term]],
        known: Pattern,
        names: Names,
    ) -> Iterator[Names]:
        ways = [names]
        for name, value in fields:
            lookup = Expression(Operator.DOT, (term, Value(name)))
            given = [own for key, own in known.fields if key == name]
            given += [*self._values_of(lookup)]
            ways = [
                found for one in ways for own in given for found in self._match(value, own, one)
            ]
        yield from ways

    def _values_of(self, lookup: Term) -> Iterator[Term]:
        for goal in self._special.goals:
            if is_operation(goal, Operator.UNIFY):
                for one, other in itertools.permutations(goal.args):
                    if one == lookup:
                        yield other

    # -- terms ------------------------------------------------------------------------------

    def _match(self, general: Term, special: Term, names: Names) -> Iterator[Names]:
        """Give the ways to read one term as another one."""
        self._left -= 1
        if self._left < 0:
            raise _TooMuchError
        if isinstance(general, Variable) and general.name not in self._constants:
            if general.name not in names:
                yield {**names, general.name: special}
            elif names[general.name] == special:
                yield names
            return
        if _kind(general) != _kind(special):
            return
        yield from self._match_all(parts(general), parts(special), names)
        if isinstance(general, Expression) and general.operator in _SYMMETRIC:
            yield from self._match_all(parts(general), parts(special)[::-1], names)

    def _match_all(
        self, general: Sequence[Term], special: Sequence[Term], names: Names
    ) -> Iterator[Names]:
        if not general:
            yield names
            return
        for found in self._match(general[0], special[0], names):
            yield from self._match_all(general[1:], special[1:], found)


def _with_terms(goal: Term, names: Names) -> Term:
    """Read the variables of a goal as what they stand for."""

    def look(part: Term) -> tuple[Term, Sequence[Term]]:
        if isinstance(part, Variable) and part.name in names:
            return names[part.name], ()
        return part, parts(part)

    return t.cast(Term, fold(goal, look, with_parts))


def _fields_of(parameters: Sequence[Parameter]) -> Iterator[Term]:
    """``f(x: Doc{open: true})  =>  x.open = true``, of fields with values."""
    for each in parameters:
        if isinstance(each.specializer, Pattern):
            for name, value in each.specializer.fields:
                if isinstance(value, Value):
                    field = Expression(Operator.DOT, (each.term, Value(name)))
                    yield Expression(Operator.UNIFY, (field, value))


def _kind(term: Term) -> tuple[t.Any, ...]:
    """Give what two terms have in common that differ in their parts alone."""
    kind = type(term)
    if isinstance(term, Value):
        return kind, type(term.value), term.value
    if isinstance(term, Variable):
        return kind, term.name
    if isinstance(term, List):
        return kind, len(term.items), term.rest is None
    if isinstance(term, Call):
        return kind, term.name, len(term.args), tuple(key for key, _ in term.kwargs)
    if isinstance(term, Pattern):
        return kind, term.tag, tuple(key for key, _ in term.fields)
    if isinstance(term, Expression):
        return kind, term.operator, len(term.args)
    return kind, tuple(key for key, _ in getattr(term, "fields", ()))


# -- tests with values -----------------------------------------------------------------------


class _Test(t.NamedTuple):
    """A goal that compares a term with values that are written out."""

    term: Term
    operator: Operator
    values: tuple[Value, ...]
    #: Whether the term stands on the right: ``1 < x``.
    is_turned: bool = False

    def passes(self, value: Value) -> bool:
        """Tell whether a value passes it for certain."""
        if self.operator in (Operator.UNIFY, Operator.IN):
            return any(equal_values(value, each) for each in self.values)
        if self.operator is Operator.NEQ:
            return value.value != self.values[0].value
        if self.operator is Operator.NOT:
            return not equal_values(value, self.values[0])
        left, right = value.value, self.values[0].value
        if isinstance(left, bool) or isinstance(right, bool):
            return False
        if isinstance(left, str) is not isinstance(right, str):
            return False
        pair = (right, left) if self.is_turned else (left, right)
        return numbers.COMPARISON_FUNCTIONS[self.operator](*pair)

    def follows_from(self, other: _Test) -> bool:
        """Tell whether a term that passes another test passes this one."""
        if other.operator in (Operator.UNIFY, Operator.IN):
            return all(map(self.passes, other.values))
        if self.operator not in _ORDERS or other.operator not in _ORDERS:
            return False
        if self.is_turned is not other.is_turned:
            return False
        is_stricter = self.operator is Operator.LEQ or other.operator is Operator.LT
        limit = other.values[0]
        return self.passes(limit) or (is_stricter and equal_values(limit, self.values[0]))


_ORDERS = frozenset({Operator.LT, Operator.LEQ})
_TESTS = frozenset({Operator.UNIFY, Operator.NEQ, *_ORDERS})


def _test_of(goal: Expression) -> _Test | None:
    if goal.operator is Operator.NOT:
        inside = goal.args[0]
        if not is_operation(inside, Operator.UNIFY):
            return None
        found = _test_of(inside)
        return None if found is None else found._replace(operator=Operator.NOT, is_turned=False)
    if goal.operator is Operator.IN:
        left, right = goal.args
        if isinstance(right, List) and right.rest is None and _are_values(right.items):
            return _Test(left, goal.operator, t.cast("tuple[Value, ...]", right.items))
        return None
    if goal.operator not in _TESTS:
        return None
    left, right = goal.args
    if isinstance(right, Value):
        return _Test(left, goal.operator, (right,))
    return _Test(right, goal.operator, (left,), True) if isinstance(left, Value) else None


def _are_values(terms: Sequence[Term]) -> bool:
    return all(isinstance(each, Value) for each in terms)
