"""Which strings of an argument all rules treat alike, so that one answer is that for all of them.

In go the clauses of rules, and the strings to ask about; out come groups of strings. With ::

    allow(user, action, doc) if has_permission(user, action, doc);
    has_permission(user, "read", doc) if has_role(user, "viewer", doc);
    has_permission(user, "list", doc) if has_role(user, "viewer", doc);

whoever may ``"read"`` a document may ``"list"`` it. Two strings are alike for a rule if their
clauses are, one by one: the same clause, which does nothing with the string but pass it on to rules
for which the two are alike, or look for it among strings that have both or none; or clauses that
differ in that string alone. So the same is read, called and raised for both, in the same order.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from ...nodes import Expression, Operator, Slot, Term, Value, label_of
from ...solver.clauses import Clause, Template
from ...traversal import goals_in
from ..binding_analysis import ArgumentFacts, Lineages, is_class_only, is_string
from ..goal_forms import call_of, is_variable, mentions, terms_in
from .closed_strings import (
    Parameter,
    SelectClauses,
    is_search,
    lists_by_rule,
    passed_lineages,
    texts_of,
)

#: What a clause has to do with one string. Of a parameter that it is passed on to, it has that.
_Trait = tuple[t.Any, ...]
#: What is known of one string and one parameter: the traits of its clauses.
_Place = tuple[Parameter, str]


def alike_strings(
    select: SelectClauses, parameter: Parameter, texts: Sequence[str]
) -> list[list[str]]:
    """Return the strings in groups that all clauses treat alike, each in the order of ``texts``.

    :param texts: what the argument of the rule may be.
    """
    traits = _traits(select, parameter, texts)
    # All are alike, until something tells two of them apart.
    groups: dict[_Place, int] = dict.fromkeys(traits, 0)
    count = 1
    while True:
        numbers: dict[t.Any, int] = {}
        told = {
            place: numbers.setdefault(
                (place[0], groups[place], *_told(place[1], each, groups)), len(numbers)
            )
            for place, each in traits.items()
        }
        if len(numbers) == count:
            break
        groups, count = told, len(numbers)
    alike: dict[int, list[str]] = {}
    for text in texts:
        alike.setdefault(groups[parameter, text], []).append(text)
    return [*alike.values()]


def _told(text: str, traits: list[_Trait], groups: dict[_Place, int]) -> Iterator[t.Any]:
    """Yield what tells strings apart: of a string that is passed on, the group it is in there."""
    for trait in traits:
        yield tuple([groups[part, text] if type(part) is Parameter else part for part in trait])


def _traits(
    select: SelectClauses, start: Parameter, texts: Sequence[str]
) -> dict[_Place, list[_Trait]]:
    """Return what clauses have to do with each string, also those of rules that get it."""
    found: dict[_Place, list[_Trait]] = {}
    forms: dict[tuple[int, int], _Trait] = {}
    waiting, seen = [start], {start}
    while waiting:
        parameter = waiting.pop()
        uses: dict[int, _Trait | None] = {}
        for text in texts:
            facts = ArgumentFacts({parameter.at: Value(text)}, dict(parameter.classes))
            clauses = select(parameter.name, parameter.arity, facts) or ()
            found[parameter, text] = [("ascii", text.isascii())]
            for clause in clauses:
                if clause.parameters[parameter.at].term == Value(text):
                    key = id(clause), parameter.at
                    if key not in forms:
                        forms[key] = _form(clause, parameter.at)
                    found[parameter, text].append(forms[key])
                    continue
                if id(clause) not in uses:
                    uses[id(clause)] = _uses(clause, parameter.at, facts.lineages, select)
                found[parameter, text].append(_trait(clause, uses[id(clause)], text))
        passed = {use for each in uses.values() for use in each or () if type(use) is Parameter}
        waiting += passed - seen
        seen |= passed
    return found


def _form(clause: Clause, position: int) -> _Trait:
    """Return what is equal for clauses that differ in the string at a position alone."""
    terms: list[Term | None] = [
        each.term for at, each in enumerate(clause.parameters) if at != position
    ]
    terms += [*(each.specializer for each in clause.parameters), clause.body]
    parts = [part for term in terms for part in _terms(term)]
    return ("a form", *map(_label, parts))


def _terms(term: Term | None) -> Iterator[Term | None]:
    yield None
    yield from terms_in(term)


def _label(term: t.Any) -> t.Any:
    if isinstance(term, Slot):
        # Its name does not matter.
        return term.index, term.origin
    return Template if isinstance(term, Template) else term and label_of(term)


def _trait(clause: Clause, uses: _Trait | None, text: str) -> _Trait:
    """Return what a clause has to do with a string that it has as a variable."""
    if uses is None:
        return "this one alone", text
    told = [use if type(use) is Parameter else tuple(text in each for each in use) for use in uses]
    return ("the clause", id(clause), *told)


def _uses(
    clause: Clause, position: int, lineages: Lineages, select: SelectClauses
) -> _Trait | None:
    """Return what a clause does with a parameter: lists of strings among which it is searched, or
    the parameters that it passes it on to.

    ``None`` if it does anything else, which may tell any two strings apart.
    """
    parameter = clause.parameters[position]
    term, wanted = parameter.term, parameter.specializer
    is_any = wanted is None or (is_class_only(wanted) and wanted.tag == "String")
    heads = [part for each in clause.parameters for part in (each.term, each.specializer)]
    if not isinstance(term, Slot) or not is_any or sum(mentions(each, term) for each in heads) > 1:
        return None
    goals = [goal for goal in goals_in(clause.body) if mentions(goal, term)]
    uses = [_use(clause, goal, term, lineages, select) for goal in goals]
    return None if None in uses else tuple(uses)


def _use(
    clause: Clause, goal: Term, variable: Slot, lineages: Lineages, select: SelectClauses
) -> t.Any:
    called = call_of(goal)
    if called is not None:
        places = [at for at, arg in enumerate(called.args) if mentions(arg, variable)]
        if called.kwargs or len(places) != 1 or not is_variable(called.args[places[0]], variable):
            return None
        passed = passed_lineages(clause, called, lineages)
        return Parameter(called.name, len(called.args), places[0], passed)
    if is_search(goal, variable):
        texts = texts_of(goal.args[1])
        return lists_by_rule(clause, goal.args[1], select, goal) if texts is None else [texts]
    if isinstance(goal, Expression) and goal.operator in _EQUATIONS:
        others = [arg for arg in goal.args if not is_variable(arg, variable)]
        is_text = len(others) == 1 and is_string(others[0])
        return [{t.cast(Value, others[0]).value}] if is_text else None
    return None


_EQUATIONS = frozenset({Operator.UNIFY, Operator.EQ, Operator.NEQ})
