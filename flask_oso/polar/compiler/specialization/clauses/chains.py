"""Chains of objects, such as the parents of a folder: what is asked of each of them.

In go the regions of a specialization, and goals with their variables; out comes whether the goals
are a question about the next object of a chain, which is the same for each of its objects.
"""

from __future__ import annotations

import collections
import graphlib
import itertools
import typing as t
from collections.abc import Iterator, Sequence

from ....nodes import Call, Slot, Term
from ....traversal import conjuncts_in, goals_in
from ...binding_analysis import NotCompilable
from ...goal_forms import call_of, variables_in
from ...scopes import Pending, ProgramInterface, pending_goals
from ..regions import Fact, Known, Region, RuleCall, Variables
from .clause_forms import PutOff


def links_before(here: Region, before: Region, *, in_place: bool) -> set[str]:
    """Name the objects of a chain before the next one, for which a region was just entered.

    :param in_place: whether goals stand in place of a call: they may be about the object of the
        region where the call stands.
    """
    subject = here.subject
    if subject is None or subject.source is None or here.above is None:
        return set()
    if here is before and not in_place:
        return set()
    outer = here.above if here is before else before
    last = [around.subject for around in outer.around() if around.subject is not None]
    return {
        each.name
        for each in last
        if each.exact is subject.exact
        and each.source is not None
        and each.source[1] == subject.source[1]
    }


def is_question(links: set[str], goals: Pending, env: Variables) -> bool:
    """Tell whether goals depend on their variables alone, and begin with no question.

    :param links: the objects of the chain before the next one: what looks back at one of them
        is no question about the next one.
    """
    listed = [*pending_goals(goals)]
    if env.is_watched or any(isinstance(goal, PutOff) for goal, _ in listed):
        return False
    numbers = numbers_in(goals, env.copy())
    if any(env.values[each].name in links for each in numbers if each in env.values):
        return False
    if any(number not in numbers for number, waiting in env.waiting.items() if waiting):
        return False
    first = next(((each, at) for goal, at in listed for each in conjuncts_in(goal)), None)
    if first is None:
        return False
    called = call_of(first[0])
    return called is None or _is_open(called, first[1], env)


def _is_open(called: Call, clause: int, env: Variables) -> bool:
    """Tell whether a call leaves a variable open: it is written in place, and is no question."""
    named = env.copy()
    return any(
        isinstance(arg, Slot) and named.variable(clause, arg.index) not in env.values
        for arg in called.args
    )


def has_grown(goals: Pending, before: Pending) -> bool:
    """Tell whether goals are all of others, in their order, and more behind the first one."""
    now, earlier = ([id(goal) for goal, _ in pending_goals(each)] for each in (goals, before))
    following = iter(now)
    return len(now) > len(earlier) and now[0] == earlier[0] and all(g in following for g in earlier)


def asks_again(names: ProgramInterface, body: Term | None) -> bool:
    """Tell whether goals call a rule that may call itself."""
    called = map(call_of, goals_in(body))
    return any(each is not None and names.is_recursive(each.name) for each in called)


def link_in(values: Sequence[Known | None]) -> Known | None:
    """Return the argument of a call that may be the next object of a chain of unknown classes."""
    found = [each for each in values if each is not None and _is_link(each)]
    return found[0] if len(found) == 1 else None


def _is_link(value: Known) -> bool:
    return value.is_unknown and value.source is not None and value.source[1] != "[]"


def numbers_in(goals: Pending, env: Variables) -> list[int]:
    """Return the numbers of the variables of goals, in order.

    :param env: a copy of the variables: a look at what is free gives none of them its number.
    """
    return [
        env.variable(clause, slot.index)
        for goal, clause in pending_goals(goals)
        for slot in variables_in(goal.goal if isinstance(goal, PutOff) else goal)
    ]


def region_before(here: Region) -> Region | None:
    """Return the outer region that asks the same of the previous object of a chain.

    ``None`` if there is none, or if it asks something else, too.
    """
    if here.subject is None or not here.nodes:
        return None
    sources = {here.subject.name: here.subject.source}
    for around in itertools.islice(here.around(), 1, None):
        subject = around.subject
        if subject is None or subject.source is None:
            continue
        sources[subject.name] = subject.source
        is_next = _is_reached(here.subject.name, subject.name, subject.source[1], sources)
        if here.subject.exact is not subject.exact or not is_next:
            continue
        if around.again is not None or not _ask_alike(here, around):
            continue
        if any(inner.flag is not None for inner in around.within()):
            # A loop outside looks at the object of the chain, which is another one there.
            raise NotCompilable("a search on each object of a chain", None)
        # INVARIANT: only what is asked of each object of a chain is repeated. What an outer region
        # asks of the first one stands in the region of that one, too.
        if not around.is_foreign and around.flag is None:
            return around
    return None


def _is_reached(
    name: str, start: str, attribute: str, sources: t.Mapping[str, tuple[str, str] | None]
) -> bool:
    """Tell whether a value is read from another one by one attribute, in one step or in several.

    :param sources: what values are read from.
    """
    while name != start:
        source = sources.get(name)
        if source is None or source[1] != attribute:
            return False
        name = source[0]
    return True


def _ask_alike(here: Region, around: Region) -> bool:
    """Tell whether two regions ask the same questions, each about its object."""
    mine, theirs = t.cast(Known, here.subject).name, t.cast(Known, around.subject).name

    def renamed(part: t.Any) -> t.Any:
        return (theirs, *part[1:]) if isinstance(part, tuple) and part[0] == mine else part

    return {tuple(map(renamed, key)) for key in here.nodes} == around.nodes.keys()


def check_ends(asked: t.Mapping[Fact, set[Fact]]) -> None:
    """Refuse rules that ask themselves the same question, for which the solver raises.

    :param asked: which questions each question asks.
    """
    try:
        graphlib.TopologicalSorter(asked).prepare()
    except graphlib.CycleError:
        raise NotCompilable("a rule that asks itself", None) from None


class Askers:
    """Which question asked which one first, and how often rules are asked within themselves."""

    def __init__(self) -> None:
        #: The kind of each question, and which one asked it.
        self._known: dict[Fact, tuple[Fact, Fact | None]] = {}
        self._repeated: collections.Counter[Fact] = collections.Counter()

    def note(self, key: Fact, node: RuleCall, asking: Fact | None) -> None:
        """Note which question asks a rule."""
        self._known.setdefault(key, (_kind_of(node), asking))

    def note_start(self, question: Fact) -> None:
        """Note a question that no other one asks."""
        self._known[question] = question, None

    def note_part(self, part: Fact, asking: Fact) -> None:
        """Note which question another one is a part of."""
        self._known[part] = part, asking

    def above(self, key: Fact | None) -> Iterator[Fact]:
        """Yield a question, and those that it comes from."""
        while key is not None:
            yield key
            _, key = self._known[key]

    def depth(self, node: RuleCall) -> int:
        """Count the questions of its kind that a question comes from, about something else.

        Only this may go on without an end.
        """
        name, args = node
        _, asking = self._known[name, *(arg.key for arg in args)]
        return self.count_within(node, asking)

    def count_within(self, node: RuleCall, asking: Fact | None) -> int:
        """Count the questions of the same kind that lead to one which another is about to ask."""
        kind = _kind_of(node)
        return sum(self._known[each][0] == kind for each in self.above(asking))

    def repeats(self, node: RuleCall) -> int:
        """Count a question that is asked; return how often its kind was asked within itself."""
        kind = _kind_of(node)
        self._repeated[kind] += self.depth(node) > 0
        return self._repeated[kind]


def _kind_of(node: RuleCall) -> Fact:
    """Return what a question has in common with others: its rule, its literals and classes."""
    name, args = node
    return (name, *(arg.exact if arg.literal is None else arg.literal for arg in args))
