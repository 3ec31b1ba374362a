"""Follows the tables of the parser, token by token.

In go ``Tables``, the actions of the grammar and tokens; out comes what the actions made
of the tokens. A token that can stand nowhere or not here is refused: what to say about it
is not known here.
"""

from __future__ import annotations

import operator
import typing as t
from collections.abc import Callable, Mapping, Sequence

from .tables import Production, Tables
from .tokens import Token

_END = "$END"
#: Makes something of the things that a production takes.
_Build = Callable[[t.Any], t.Any]


class Automaton:
    """The tables with the actions put in; shared by all that is read.

    Rows are by token, since a token is met in many states: ``acting`` has for each kind of
    token what a state does with it, ``settled`` the states that ``settle`` found.

    :param actions: has a method for each action of the grammar, which gets the parts.
    """

    def __init__(self, tables: Tables, actions: object) -> None:
        self.starts = tables.starts
        self._gotos = tables.gotos
        self.productions = [
            (number, each.length, _build(each, actions))
            for number, each in enumerate(tables.productions)
        ]
        self._origins = [each.origin for each in tables.productions]
        self._passes_on = [
            each.length == 1 and each.action is None and each.parts == [0]
            for each in tables.productions
        ]
        self.acting = _by_kind(tables.actions)
        # Two threads may both find a state; it is the same.
        self.settled: dict[str, dict[tuple[int, int], int]] = {kind: {} for kind in self.acting}

    def settle(self, below: int, production: int, kind: str) -> int:
        """Give the state behind what a production made, with a token of a kind to come.

        A sum that turns out to be a product, a path and an atom passes through a state
        for each without being changed: these steps, most of all, are taken at once.
        """
        acting = self.acting[kind]
        state = self._gotos[below][self._origins[production]]
        while True:
            action = acting[state]
            if action is None or action >= 0 or not self._passes_on[~action]:
                break
            state = self._gotos[below][self._origins[~action]]
        self.settled[kind][below, production] = state
        return state


def _by_kind(actions: Sequence[Mapping[str, int]]) -> dict[str, list[int | None]]:
    kinds = {kind for row in actions for kind in row}
    by_kind: dict[str, list[int | None]] = {kind: [None] * len(actions) for kind in kinds}
    for state, row in enumerate(actions):
        for kind, action in row.items():
            by_kind[kind][state] = action
    return by_kind


class Reading:
    """One statement or query while it is read.

    :param start: what is to be read, by its name in the grammar.
    """

    def __init__(self, automaton: Automaton, start: str) -> None:
        self._automaton = automaton
        first, self._last = automaton.starts[start]
        self._states = [first]
        self._values: list[t.Any] = []

    def feed(self, token: Token) -> bool:
        """Go on with a token; tell whether it can stand here.

        :raises ParserError: if an action finds something wrong with what ends before it.
        """
        state = self._apply(token[0])
        if state is None:
            return False
        self._states.append(state)
        self._values.append(token)
        return True

    def can_end(self) -> bool:
        """Tell whether the text may end here."""
        return self._automaton.acting[_END][self._states[-1]] is not None

    def end(self) -> bool:
        """Go on with the end of the text; tell whether it can be here.

        :raises ParserError: as ``feed`` does.
        """
        self._apply(_END)
        return self._states[-1] == self._last

    def made(self) -> t.Any:
        """Give what was made of the whole text, behind its end."""
        return self._values[-1]

    def _apply(self, kind: str) -> int | None:
        """Apply the productions that end before a token; give the state behind the token."""
        states, values, automaton = self._states, self._values, self._automaton
        acting = automaton.acting.get(kind)
        if acting is None:
            return None
        productions, settled = automaton.productions, automaton.settled[kind]
        while True:
            action = acting[states[-1]]
            if action is None or action >= 0:
                return action
            # No production of this grammar is empty, and most have one part.
            number, length, build = productions[~action]
            if length == 1:
                states.pop()
                values[-1] = build(values[-1:])
            else:
                parts = values[-length:]
                del values[-length:], states[-length:]
                values.append(build(parts))
            below = states[-1]
            state = settled.get((below, number))
            states.append(automaton.settle(below, number, kind) if state is None else state)


def _build(production: Production, actions: object) -> _Build:
    action: _Build = _as_they_are
    if production.action is not None:
        action = getattr(actions, production.action)
    elif not production.origin.startswith("_"):
        action = _only
    parts = production.parts
    if parts == [*range(production.length)]:
        return action
    if len(parts) > 1 and all(isinstance(part, int) for part in parts):
        # Faster, with a tuple for a list.
        choose = operator.itemgetter(*parts)
        return lambda things: action(choose(things))
    return lambda things: action(_chosen(things, parts))


def _chosen(things: Sequence[t.Any], parts: Sequence[int | list[int] | None]) -> list[t.Any]:
    chosen: list[t.Any] = []
    for part in parts:
        if isinstance(part, list):
            chosen += things[part[0]]
        else:
            chosen.append(None if part is None else things[part])
    return chosen


def _as_they_are(parts: Sequence[t.Any]) -> Sequence[t.Any]:
    return parts


def _only(parts: Sequence[t.Any]) -> t.Any:
    return parts[0]
