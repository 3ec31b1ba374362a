"""The alternatives of a rule: what holds together in each way in which it can apply.

In go desugared rules; out come alternatives: heads with a list of goals. ``a and (b or c)`` has
two, ``a and b`` and ``a and c``. Lookups stand where they are read, as they were written, and a
variable that is only another name for a term is replaced by it, so that
``owner = doc.owner and owner = user`` becomes ``doc.owner = user``.
"""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Container, Iterable, Iterator, Sequence

from ...host import numbers
from ...nodes import (
    ARITHMETIC,
    Call,
    Expression,
    Operator,
    Origin,
    Parameter,
    Pattern,
    PlacedParameter,
    Rule,
    Term,
    Value,
    Variable,
    parts,
    with_parts,
)
from ...traversal import conjuncts_in, fold, is_operation, is_text, terms_of, walk

#: The most alternatives of one rule.
_MOST = 32
#: The longest body that is looked at.
_LONGEST = 200
#: The name of the goal that a term has a value, which no rule has.
EXISTS = "a value"
_COMPUTED = ARITHMETIC | {Operator.DOT}
_TURNED = {Operator.GT: Operator.LT, Operator.GEQ: Operator.LEQ}
_TRUE = Value(True)


class Alternative(t.NamedTuple):
    """One way in which a rule can apply: all goals hold."""

    rule: Rule
    parameters: tuple[Parameter, ...]
    goals: tuple[Term, ...]
    #: The attributes and rules that it names.
    names: frozenset[str] = frozenset()

    @property
    def head_variables(self) -> frozenset[str]:
        """The names of the variables in the head."""
        return variables_in(terms_of(self.parameters))


def alternatives_of(rule: Rule, constants: Container[str]) -> tuple[Alternative, ...] | None:
    """Give the alternatives of a rule; ``None`` if they are too many.

    :param constants: names that are no variables.
    """
    values = {
        term.args[-1].name: Expression(term.operator, term.args[:-1], term.span)
        for term in walk([] if rule.body is None else [rule.body])
        if _is_computed(term)
    }
    body = [] if rule.body is None else conjuncts(_inlined(rule.body, values))
    choices = _choices(body)
    if choices is None:
        return None
    parameters = tuple(_parameter(each, values) for each in rule.parameters)
    made = [_normalized(Alternative(rule, parameters, each), constants) for each in choices]
    return tuple(each._replace(names=_names_in(each)) for each in made)


def _names_in(alternative: Alternative) -> frozenset[str]:
    """Give the attributes and rules that an alternative names, in patterns too."""
    found: set[str] = set()
    specializers = [each.specializer for each in alternative.parameters]
    for term in walk([*alternative.goals, *(each for each in specializers if each is not None)]):
        if isinstance(term, Pattern):
            found.update(name for name, _ in term.fields)
        elif isinstance(term, Call) and term.name != EXISTS:
            found.add(term.name)
        elif is_operation(term, Operator.DOT):
            found.update(str(each.value) for each in term.args[1:2] if isinstance(each, Value))
    return frozenset(found)


def variables_in(terms: Iterable[t.Any]) -> frozenset[str]:
    """Give the names of all variables in terms."""
    return frozenset(each.name for each in walk(terms) if isinstance(each, Variable))


def is_repeatable(term: Term) -> bool:
    """Tell whether a term has the same value each time: it calls no method and makes nothing."""
    return not any(
        isinstance(each, Call) or is_operation(each, Operator.NEW) for each in walk([term])
    )


# -- lookups in their places ------------------------------------------------------------


def _is_computed(term: t.Any) -> bool:
    return (
        isinstance(term, Expression)
        and term.operator in _COMPUTED
        and len(term.args) == 3
        and isinstance(term.args[2], Variable)
        and term.args[2].origin in (Origin.LOOKUP, Origin.COMPUTED)
    )


def _inlined(term: Term, values: dict[str, Expression]) -> Term:
    """Replace results by the lookups that give them, and the lookups' goals by ``true``."""

    def look(part: Term) -> tuple[Term, Sequence[Term]]:
        # A result may be an operand of the next lookup.
        while isinstance(part, Variable) and part.name in values:
            part = values[part.name]
        return (_TRUE, ()) if _is_computed(part) else (part, parts(part))

    return t.cast(Term, fold(term, look, with_parts))


def _parameter(parameter: Parameter, values: dict[str, Expression]) -> Parameter:
    specializer = parameter.specializer
    return PlacedParameter(
        _inlined(parameter.term, values),
        None if specializer is None else _inlined(specializer, values),
        parameter.span,
    )


# -- and, or -----------------------------------------------------------------------------


def conjuncts(term: Term) -> list[Term]:
    """Give the goals of nested conjunctions in order, without ``true``."""
    return [goal for goal in conjuncts_in(term) if goal != _TRUE]


def _choices(goals: Sequence[Term]) -> list[tuple[Term, ...]] | None:
    """Give each way to choose one side of every ``or``; ``None`` if there are too many."""
    done: list[tuple[Term, ...]] = []
    waiting: list[list[Term]] = [[*goals]]
    while waiting:
        goals = waiting.pop()
        if len(goals) > _LONGEST or len(done) + len(waiting) >= _MOST:
            return None
        found = (at for at, each in enumerate(goals) if is_operation(each, Operator.OR))
        at = next(found, None)
        if at is None:
            done.append(tuple(goals))
            continue
        sides = t.cast(Expression, goals[at]).args
        before, after = goals[:at], goals[at + 1 :]
        waiting += [[*before, *conjuncts(side), *after] for side in reversed(sides)]
    return done


# -- one form for goals that mean the same -------------------------------------------------


def _normalized(alternative: Alternative, constants: Container[str]) -> Alternative:
    typed = _typed(alternative.parameters)
    goals = [*_specializer_goals(alternative.parameters)]
    goals += [turned(goal, typed) for goal in alternative.goals]
    parameters = tuple(
        Parameter(each.term, None if isinstance(each.specializer, Value) else each.specializer)
        for each in alternative.parameters
    )
    made = Alternative(alternative.rule, parameters, tuple(goals))
    made = _with_literals(_without_names(made, constants), constants)
    return made._replace(goals=tuple(each for each in made.goals if not _is_trivial(each, made)))


def _specializer_goals(parameters: Iterable[Parameter]) -> Iterator[Term]:
    """``f(x: "a")  =>  f(x) if x = "a"``"""
    for each in parameters:
        if isinstance(each.specializer, Value):
            yield Expression(Operator.UNIFY, (each.term, each.specializer), each.span)


#: Classes whose values `==` and `=` compare differently: 1 == true, but not 1 = true.
_COMPARED_TWICE = frozenset({"Boolean", "Integer", "Float"})


def _typed(parameters: Iterable[Parameter]) -> frozenset[str]:
    """Give the variables whose class says that they are no numbers."""
    return frozenset(
        each.term.name
        for each in parameters
        if isinstance(each.term, Variable)
        and isinstance(each.specializer, Pattern)
        and each.specializer.tag is not None
        and each.specializer.tag not in _COMPARED_TWICE
    )


def turned(goal: Term, typed: Container[str] = ()) -> Term:
    """``a > b  =>  b < a``, ``a == b  =>  a = b``, ``a.b  =>  a.b = true``, also under ``not``.

    :param typed: variables that are no numbers, so that ``==`` and ``=`` are the same.
    """
    if not isinstance(goal, Expression):
        return goal
    if goal.operator in _TURNED:
        left, right = goal.args
        return Expression(_TURNED[goal.operator], (right, left), goal.span)
    if goal.operator is Operator.NOT:
        inside = [turned(each, typed) for each in conjuncts(goal.args[0])]
        one = inside[0] if len(inside) == 1 else Expression(Operator.AND, tuple(inside))
        return Expression(Operator.NOT, (one,), goal.span)
    if goal.operator is Operator.DOT:
        return Expression(Operator.UNIFY, (goal, _TRUE), goal.span)
    if goal.operator is Operator.EQ and any(_is_no_number(each, typed) for each in goal.args):
        return Expression(Operator.UNIFY, goal.args, goal.span)
    return goal


def _is_no_number(term: Term, typed: Container[str]) -> bool:
    return is_text(term) or (isinstance(term, Variable) and term.name in typed)


def _without_names(alternative: Alternative, constants: Container[str]) -> Alternative:
    """Replace variables of the body whose first goal says what they are."""
    goals = [*alternative.goals]
    seen = set(alternative.head_variables)
    for at, goal in enumerate(goals):
        named = _named(goal, seen, constants)
        seen |= variables_in([goal])
        if named is None:
            continue
        name, value = named
        goals = [_replaced(each, name, value) for each in goals]
        goals[at] = Call(EXISTS, (value,), span=goal.span)
    kept = [goal for goal in goals if not _exists_anyway(goal)]
    return alternative._replace(goals=tuple(kept))


def _named(goal: Term, seen: set[str], constants: Container[str]) -> tuple[str, Term] | None:
    """Give the variable that a goal is the first to mention, and what it is."""
    if not isinstance(goal, Expression) or goal.operator not in (Operator.UNIFY, Operator.ASSIGN):
        return None
    for one, other in itertools.permutations(goal.args):
        # A variable that is not bound yet is no value.
        is_known = variables_in([other]) <= seen and is_repeatable(other)
        if not is_known or not isinstance(one, Variable):
            continue
        if one.name not in seen and one.name not in constants:
            return one.name, other
    return None


def _exists_anyway(goal: Term) -> bool:
    return (
        isinstance(goal, Call)
        and goal.name == EXISTS
        and not any(isinstance(each, Expression) for each in walk(goal.args))
    )


def _with_literals(alternative: Alternative, constants: Container[str]) -> Alternative:
    """``f(x) if x = "a"  =>  f("a")``, if no attribute of it is read."""
    for name in alternative.head_variables:
        value = _literal_of(alternative.goals, name)
        if value is None or name in constants or _is_entered(alternative.goals, name):
            continue
        parameters = tuple(
            PlacedParameter(_replaced(each.term, name, value), each.specializer, each.span)
            for each in alternative.parameters
        )
        goals = (_replaced(goal, name, value) for goal in alternative.goals)
        kept = tuple(goal for goal in goals if not _is_same_value(goal))
        alternative = alternative._replace(parameters=parameters, goals=kept)
    return alternative


def _literal_of(goals: Iterable[Term], name: str) -> Value | None:
    for goal in goals:
        if is_operation(goal, Operator.UNIFY):
            for one, other in itertools.permutations(goal.args):
                if isinstance(one, Variable) and one.name == name and is_text(other):
                    return other
    return None


def _is_entered(goals: Iterable[Term], name: str) -> bool:
    return any(
        isinstance(each, Expression)
        and each.operator in (Operator.DOT, Operator.ISA)
        and name in variables_in(each.args[:1])
        for each in walk(goals)
    )


def _is_same_value(goal: Term) -> bool:
    return (
        is_operation(goal, Operator.UNIFY)
        and isinstance(goal.args[0], Value)
        and goal.args[0] == goal.args[1]
    )


def _is_trivial(goal: Term, alternative: Alternative) -> bool:
    """Tell whether something is compared with itself: ``actor = actor``, ``1 = 1``."""
    if _is_same_value(goal):
        return True
    if not isinstance(goal, Expression) or len(goal.args) != 2:
        return False
    left, right = goal.args
    if isinstance(left, Value) and isinstance(right, Value):
        compare = numbers.COMPARISON_FUNCTIONS.get(goal.operator)
        are_numbers = type(left.value) is int and type(right.value) is int
        return compare is not None and are_numbers and compare(left.value, right.value)
    is_own = isinstance(left, Variable) and left.name in alternative.head_variables
    # An object may not equal itself by ``==``.
    return is_own and left == right and goal.operator is Operator.UNIFY


def _replaced(term: Term, name: str, value: Term) -> Term:
    def look(part: Term) -> tuple[Term, Sequence[Term]]:
        if isinstance(part, Variable) and part.name == name:
            return value, ()
        return part, parts(part)

    return t.cast(Term, fold(term, look, with_parts))
