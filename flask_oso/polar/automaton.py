"""Follows the tables of the parser, token by token.

In go ``Tables``, the actions of the grammar and tokens; out comes what the actions made
of the tokens. A token that can stand nowhere or not here is refused: what to say about it
is not known here.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .tables import Production, Tables
from .tokens import Token

_END = "$END"
#: Makes something of the things that a production takes.
_Build = Callable[[list[t.Any]], t.Any]


class Automaton:
    """The tables with the actions put in; shared by all that is read.

    :param actions: has a method for each action of the grammar, which gets a list of parts.
    """

    def __init__(self, tables: Tables, actions: object) -> None:
        self.starts = tables.starts
        self.actions = tables.actions
        self.gotos = tables.gotos
        self.productions = [
            (each.origin, each.length, _build(each, actions)) for each in tables.productions
        ]
        self._passes_on = [
            each.length == 1 and each.action is None and each.parts == [0]
            for each in tables.productions
        ]
        # Found when first needed. Two threads may both find a state; it is the same.
        self.settled: dict[tuple[int, str, str], int] = {}

    def settle(self, below: int, origin: str, kind: str) -> int:
        """Give the state behind something that was made, with a token of a kind to come.

        A sum that turns out to be a product, a path and an atom passes through a state
        for each without being changed: these steps, most of all, are taken at once.
        """
        state = self.gotos[below][origin]
        while True:
            action = self.actions[state].get(kind, 0)
            if action >= 0 or not self._passes_on[~action]:
                break
            state = self.gotos[below][self.productions[~action][0]]
        self.settled[below, origin, kind] = state
        return state


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
        state = self._apply(token.type)
        if state is None:
            return False
        self._states.append(state)
        self._values.append(token)
        return True

    def can_end(self) -> bool:
        """Tell whether the text may end here."""
        return _END in self._automaton.actions[self._states[-1]]

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
        actions, productions, settled = automaton.actions, automaton.productions, automaton.settled
        while True:
            action = actions[states[-1]].get(kind)
            if action is None or action >= 0:
                return action
            origin, length, build = productions[~action]
            # No production of this grammar is empty.
            parts = values[-length:]
            del values[-length:], states[-length:]
            values.append(build(parts))
            key = states[-1], origin, kind
            state = settled.get(key)
            states.append(automaton.settle(*key) if state is None else state)


def _build(production: Production, actions: object) -> _Build:
    action: _Build = _as_they_are
    if production.action is not None:
        action = getattr(actions, production.action)
    elif not production.origin.startswith("_"):
        action = _only
    if production.parts == [*range(production.length)]:
        return action
    parts = production.parts
    return lambda things: action(_chosen(things, parts))


def _chosen(things: list[t.Any], parts: list[int | list[int] | None]) -> list[t.Any]:
    chosen: list[t.Any] = []
    for part in parts:
        if isinstance(part, list):
            chosen += things[part[0]]
        else:
            chosen.append(None if part is None else things[part])
    return chosen


def _as_they_are(parts: list[t.Any]) -> list[t.Any]:
    return parts


def _only(parts: list[t.Any]) -> t.Any:
    return parts[0]
