"""Which strings a parameter may be, such as the action of ``allow``.

In go the clauses of rules; out come the strings for which there may be a solution, where they are
known.
"""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable, Iterator, Sequence

from ...nodes import Call, Expression, List, Operator, Slot, Term, Value
from ...solver.class_index import Lineage
from ...solver.clauses import Clause
from ...traversal import conjuncts_in, is_operation
from ...value_objects import Record
from ..binding_analysis import ArgumentFacts, Lineages, is_class_only, is_string
from ..goal_forms import call_of, is_variable, mentions

#: The clauses of a rule that what is known of its arguments does not exclude; ``None`` if there is
#: no such rule.
SelectClauses = Callable[[str, int, ArgumentFacts], "Sequence[Clause] | None"]


class Parameter(t.NamedTuple):
    """A parameter of a rule, and the classes of the arguments around it.

    :param is_searched: whether it may have been found in data before, and be no string.
    """

    name: str
    arity: int
    at: int
    classes: tuple[tuple[int, Lineage], ...]
    is_searched: bool = False


class Strings(Record):
    """What a parameter may be in a solution.

    :param texts: the strings; there may be no solution for some.
    :param is_free: whether it may also be anything, which a solution leaves open.
    :param is_restricted: whether a clause says which strings it is not, before one binds it.
    """

    texts: frozenset[str]
    is_free: bool
    is_restricted: bool


class _Way(Record):
    """What a clause does with a parameter.

    :param bindings: the strings that it binds it to, or the parameters that bind it.
    :param is_unused: whether nothing in the clause is about it.
    :param passed: the parameter that it is passed on to, if nothing else is about it.
    :param is_restricted: whether it says which strings the parameter is not.
    :param denied: the strings that rules name of which it says that they do not hold.
    """

    bindings: list[frozenset[str] | Parameter]
    is_unused: bool
    passed: Parameter | None
    is_restricted: bool = False
    denied: frozenset[str] = frozenset()


_Ways = dict[Parameter, list[_Way]]


def possible_strings(
    select: SelectClauses,
    name: str,
    arity: int,
    position: int,
    lineages: Lineages = types.MappingProxyType({}),
) -> Strings | None:
    """Return what a parameter may be in a solution; ``None`` if that is not known.

    A parameter is closed if each clause has a string there, or has in its body a list of
    strings that it is in, or a call whose parameter is closed. Before, it may be searched for in
    other lists, as ``action in user.scopes`` does. It is free in a clause that does not use it, or
    only passes it on to a call whose parameter is free, as in ``allow(user, _, _) if user.admin``.

    :param lineages: the classes of other arguments, where they are known.
    """
    start = Parameter(name, arity, position, tuple(sorted(lineages.items())))
    known: _Ways = {}
    waiting = [start]
    while waiting:
        parameter = waiting.pop()
        if parameter in known:
            continue
        name, arity, position, classes, is_searched = parameter
        facts = ArgumentFacts({}, dict(classes), text=position)
        clauses = select(name, arity, facts) or ()
        known[parameter] = [
            _way(each, position, facts.lineages, select, is_searched) for each in clauses
        ]
        for way in known[parameter]:
            waiting += (each for each in way.bindings if not isinstance(each, frozenset))
    return _strings_below(start, known)


def _strings_below(start: Parameter, known: _Ways) -> Strings | None:
    """Return what a parameter may be."""
    unclosed = _grown(known, lambda way, found: found.issuperset(way.bindings))

    def is_open(way: _Way, found: set[Parameter]) -> bool:
        is_closed = not unclosed.issuperset(way.bindings)
        return not is_closed and not way.is_unused and way.passed in {None, *found}

    opened = _grown(known, is_open)
    if start in opened:
        return None
    texts: set[str] = set()
    waiting, seen, is_free = [start], {start}, False
    while waiting:
        for way in known[waiting.pop()]:
            is_free = is_free or way.is_unused
            texts |= way.denied
            binding = next((each for each in way.bindings if each not in unclosed), way.passed)
            if isinstance(binding, frozenset):
                texts |= binding
            elif binding is not None and binding not in seen:
                seen.add(binding)
                waiting.append(binding)
    is_restricted = any(way.is_restricted for ways in known.values() for way in ways)
    return Strings(frozenset(texts), is_free, is_restricted)


def _grown(known: _Ways, belongs: Callable[[_Way, set[Parameter]], bool]) -> set[Parameter]:
    """Return the parameters with a clause that belongs to a set, which is that of the result."""
    found: set[Parameter] = set()
    while True:
        more = {
            parameter
            for parameter, ways in known.items()
            if parameter not in found and any(belongs(way, found) for way in ways)
        }
        if not more:
            return found
        found |= more


def _way(
    clause: Clause, position: int, lineages: Lineages, select: SelectClauses, is_searched: bool
) -> _Way:
    bindings = [*_bindings(clause, position, lineages, select, is_searched)]
    parameter = clause.parameters[position]
    slot = parameter.term
    if not isinstance(slot, Slot) or parameter.specializer is not None:
        return _Way(bindings, False, None)
    uses = [goal for goal in conjuncts_in(clause.body) if mentions(goal, slot)]
    denied = [each for goal in uses if (each := _denied(goal, slot, select, is_searched))]
    is_restricted = bool(denied) or any(is_restriction(goal, slot) for goal in uses)
    if is_restricted or len(uses) > 1 or _is_in_head_again(clause, position):
        texts = frozenset[str]().union(*(each.texts for each in denied))
        return _Way(bindings, False, None, is_restricted, texts)
    if not uses:
        return _Way(bindings, True, None)
    passed = next((each for each in bindings if not isinstance(each, frozenset)), None)
    return _Way(bindings, False, passed if _only_passes_on(uses[0], slot) else None)


def _is_in_head_again(clause: Clause, position: int) -> bool:
    """Tell whether a head has the variable of a parameter in another place, too."""
    slot = t.cast(Slot, clause.parameters[position].term)
    others = [each for at, each in enumerate(clause.parameters) if at != position]
    return any(mentions(part, slot) for each in others for part in (each.term, each.specializer))


def _only_passes_on(goal: Term, slot: Slot) -> bool:
    """Tell whether a goal is a call with a variable as one argument."""
    called = call_of(goal)
    if called is None or called.kwargs:
        return False
    places = [arg for arg in called.args if mentions(arg, slot)]
    return len(places) == 1 and is_variable(places[0], slot)


def _bindings(
    clause: Clause, position: int, lineages: Lineages, select: SelectClauses, is_searched: bool
) -> Iterator[frozenset[str] | Parameter]:
    """Yield the strings that a clause binds a parameter to, or the parameters that bind it."""
    term = clause.parameters[position].term
    if isinstance(term, Value) and isinstance(term.value, str):
        yield frozenset({term.value})
    if not isinstance(term, Slot):
        return
    for goal in conjuncts_in(clause.body):
        called = call_of(goal)
        if called is not None:
            for at, arg in enumerate(called.args):
                if is_variable(arg, term):
                    passed = passed_lineages(clause, called, lineages)
                    yield Parameter(called.name, len(called.args), at, passed, is_searched)
                    found = _searched(called, at, select, is_searched)
                    if found is None:
                        return
                    is_searched = is_searched or found.is_of_data
        elif is_search(goal, term):
            texts = texts_of(goal.args[1])
            if texts is None:
                lists = lists_by_rule(clause, goal.args[1], select)
                texts = None if lists is None else frozenset[str]().union(*lists)
            if texts is not None:
                yield texts
            is_searched = is_searched or texts is None
        elif mentions(goal, term) and not is_restriction(goal, term, is_searched):
            text = _equal_text(goal, term)
            if text is not None:
                yield frozenset({text})
            if text is None and _denied(goal, term, select, is_searched) is not None:
                continue
            # A query, in which the parameter has no value yet or another one, may have an error
            # here or behind this goal, which questions about strings do not have.
            return


def is_search(goal: Term, variable: Slot) -> t.TypeGuard[Expression]:
    """Tell whether a goal does nothing with a variable but search for it in a collection."""
    return (
        is_operation(goal, Operator.IN)
        and is_variable(goal.args[0], variable)
        and not mentions(goal.args[1], variable)
    )


def is_restriction(goal: Term, variable: Slot, is_searched: bool = False) -> bool:
    """Tell whether a goal does nothing but say which known strings a variable is not.

    As ``action != "edit"`` and ``not action in ["edit", "delete"]``. A query keeps that until the
    variable has a value, so that the goals behind it are met as about a string that no rule names.

    :param is_searched: whether the variable may have a value that is no string: to compare it with
        ``!=`` is an error then.
    """
    said, operator = goal, Operator.NEQ
    if is_operation(goal, Operator.NOT):
        said, operator = goal.args[0], Operator.UNIFY
        if is_search(said, variable):
            return texts_of(said.args[1]) is not None
    if not is_operation(said, operator) or (is_searched and operator is Operator.NEQ):
        return False
    others = [arg for arg in said.args if not is_variable(arg, variable)]
    return len(others) == 1 and is_string(others[0])


def lists_by_rule(
    clause: Clause, collection: Term, select: SelectClauses, before: Term | None = None
) -> list[frozenset[str]] | None:
    """Return the strings of each list that a rule may give for a variable, in its heads.

    As of ``fields`` in ``fields(user, list) and field in list``, where ``fields(_, ["a", "b"])``.

    :param before: the goal in front of which the rule is called, if that matters.
    """
    for goal in conjuncts_in(clause.body):
        if goal is before:
            break
        called = call_of(goal)
        if called is None or not isinstance(collection, Slot):
            continue
        places = [at for at, arg in enumerate(called.args) if is_variable(arg, collection)]
        if not places:
            continue
        clauses = select(called.name, len(called.args), ArgumentFacts({}, {})) or ()
        listed = [texts_of(each.parameters[places[0]].term) for each in clauses]
        if listed and None not in listed:
            return t.cast("list[frozenset[str]]", listed)
    return None


def _equal_text(goal: Term, variable: Slot) -> str | None:
    """Return the string that a goal says a variable is."""
    if not is_operation(goal, Operator.UNIFY):
        return None
    others = [arg for arg in goal.args if not is_variable(arg, variable)]
    is_text = len(others) == 1 and is_string(others[0])
    return str(t.cast(Value, others[0]).value) if is_text else None


class _Searched(Record):
    """What a rule does with an argument that it only searches for, or restricts.

    :param texts: the strings that its heads and lists name.
    :param is_of_data: whether it may be found in a collection that is no list of strings.
    :param has_class: whether a head says that it is a string.
    """

    texts: frozenset[str]
    is_of_data: bool
    has_class: bool


def _denied(
    goal: Term, variable: Slot, select: SelectClauses, is_searched: bool
) -> _Searched | None:
    """Return what a goal says a variable is not, by a rule that names strings; ``None`` otherwise.

    As ``not denied(actor, action, resource)``, where that only has heads and lists of strings, and
    restrictions. A query keeps the negation of these until the variable has a value.
    """
    called = call_of(goal.args[0]) if is_operation(goal, Operator.NOT) else None
    if called is None or called.kwargs:
        return None
    places = [at for at, arg in enumerate(called.args) if is_variable(arg, variable)]
    if len(places) != 1 or sum(mentions(arg, variable) for arg in called.args) != 1:
        return None
    found = _searched(called, places[0], select, is_searched)
    # What has a value under the negation alone is no string of the policy; and to be a string is
    # nothing that a query takes from a variable without a value.
    return None if found is None or found.is_of_data or found.has_class else found


def _searched(
    called: Call, position: int, select: SelectClauses, is_searched: bool
) -> _Searched | None:
    """Return how a rule searches for an argument, or restricts it; ``None`` if it does more."""
    waiting, seen = [(called.name, len(called.args), position)], set()
    texts, is_of_data, has_class = frozenset[str](), False, False
    while waiting:
        asked = waiting.pop()
        if asked in seen:
            continue
        seen.add(asked)
        name, arity, at = asked
        clauses = select(name, arity, ArgumentFacts({}, {}, text=at))
        if clauses is None:
            return None
        for clause in clauses:
            passed = _searches(clause, at, is_searched)
            if passed is None:
                return None
            waiting += passed
            is_searched = is_searched or bool(passed)
            here = _searched_in(clause, at)
            texts |= here.texts
            is_of_data = is_of_data or here.is_of_data
            has_class = has_class or here.has_class
    return _Searched(texts, is_of_data, has_class)


def _searched_in(clause: Clause, position: int) -> _Searched:
    """Return the same of one clause that does nothing else with a parameter."""
    parameter = clause.parameters[position]
    slot = parameter.term
    if not isinstance(slot, Slot):
        return _Searched(frozenset({str(t.cast(Value, slot).value)}), False, False)
    goals = [goal for goal in conjuncts_in(clause.body) if is_search(goal, slot)]
    lists = [texts_of(goal.args[1]) for goal in goals]
    texts = frozenset[str]().union(*(each for each in lists if each is not None))
    return _Searched(texts, None in lists, parameter.specializer is not None)


def _searches(
    clause: Clause, position: int, is_searched: bool
) -> list[tuple[str, int, int]] | None:
    """Return where a clause passes on a parameter that it only searches for; or ``None``."""
    parameter = clause.parameters[position]
    slot, specializer = parameter.term, parameter.specializer
    if is_string(slot) and specializer is None:
        return []
    if not isinstance(slot, Slot) or _is_in_head_again(clause, position):
        return None
    if specializer is not None and not (is_class_only(specializer) and specializer.tag == "String"):
        return None
    passed: list[tuple[str, int, int]] = []
    for goal in conjuncts_in(clause.body):
        called = call_of(goal)
        others: Sequence[Term] = [goal]
        if called is not None and not called.kwargs:
            places = [at for at, arg in enumerate(called.args) if is_variable(arg, slot)]
            passed += [(called.name, len(called.args), at) for at in places]
            others = [arg for at, arg in enumerate(called.args) if at not in places]
        elif is_operation(goal, Operator.IN):
            is_sought = is_variable(goal.args[0], slot)
            others = goal.args[1:] if is_sought else goal.args
            is_searched = is_searched or is_sought
        elif is_restriction(goal, slot, is_searched or bool(passed)):
            continue
        if any(mentions(other, slot) for other in others):
            return None
    return passed


def passed_lineages(
    clause: Clause, called: Call, lineages: Lineages
) -> tuple[tuple[int, Lineage], ...]:
    """Return the known classes of the arguments of a call in a clause."""
    by_slot = {
        term.index: lineages[at]
        for at, parameter in enumerate(clause.parameters)
        if at in lineages and isinstance(term := parameter.term, Slot)
    }
    return tuple(
        (at, by_slot[arg.index])
        for at, arg in enumerate(called.args)
        if isinstance(arg, Slot) and arg.index in by_slot
    )


def texts_of(collection: t.Any) -> frozenset[str] | None:
    """Return the strings of a list that has nothing else; ``None`` for any other term."""
    if not isinstance(collection, List) or collection.rest is not None:
        return None
    texts = [part.value for part in collection.items if isinstance(part, Value)]
    strings = frozenset(text for text in texts if isinstance(text, str))
    return strings if len(texts) == len(collection.items) == len(strings) else None
