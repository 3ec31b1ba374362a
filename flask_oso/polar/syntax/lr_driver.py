"""Follows the tables of the parser, token by token.

In go ``Tables``, the actions of the grammar and tokens; out comes what the actions made
of the tokens. A token that can stand nowhere or not here is refused: what to say about it
is not known here.
"""

from __future__ import annotations

import operator
import typing as t
from collections.abc import Callable, Mapping, Sequence

from .lexer import CHECKED, Token, check
from .lr_tables import Production, Tables

_END = "$END"
#: Makes something of things.
_Make = Callable[[t.Any], t.Any]


class Settled(t.NamedTuple):
    """Where a reading is behind something that was made, and what is made of that first."""

    state: int
    makers: tuple[_Make, ...]


class Row(t.NamedTuple):
    """What each state does with a kind of token.

    ``settled`` has what ``settle`` found, by the state below and the production.
    """

    acting: list[int | None]
    settled: dict[tuple[int, int], Settled]


class Automaton:
    """The tables with the actions put in; shared by all that is read.

    ``rows`` are by kind of token, since a token is met in many states.

    :param actions: has a method for each action of the grammar, which gets the parts.
    """

    def __init__(self, tables: Tables, actions: object) -> None:
        self.starts = tables.starts
        self._gotos = tables.gotos
        self.productions = [
            (each.length, _chooser(each), _maker(each, actions)) for each in tables.productions
        ]
        self._origins = [each.origin for each in tables.productions]
        self._is_step = [each.length == 1 and each.parts == [0] for each in tables.productions]
        self._has_action = [each.action is not None for each in tables.productions]
        self.rows = {kind: Row(acting, {}) for kind, acting in _by_kind(tables.actions).items()}

    def settle(self, below: int, production: int, row: Row) -> Settled:
        """Tell what comes behind what a production made, with a token of a kind to come.

        A sum that turns out to be a product, a path and an atom passes through a state for
        each, mostly without being changed: these steps, most of all, are taken at once.
        """
        acting = row.acting
        state = self._gotos[below][self._origins[production]]
        makers = []
        while True:
            action = acting[state]
            if action is None or action >= 0 or not self._is_step[~action]:
                break
            if self._has_action[~action]:
                makers.append(self.productions[~action][2])
            state = self._gotos[below][self._origins[~action]]
        # Two threads may both find the same.
        settled = row.settled[below, production] = Settled(state, tuple(makers))
        return settled


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
        #: The index of the token that is looked at.
        self.at = 0

    def read(self, tokens: Sequence[Token], at: int, last: str) -> bool:
        """Go on with tokens from an index on, and tell whether what is read has ended.

        It ends with a token of the type ``last``. Otherwise ``at`` is then the index of the
        token that cannot stand here, or the number of the tokens.

        :raises ParserError: if something is wrong with a token itself, or an action finds
            something wrong with what ends before it; ``at`` is the token's index.
        """
        states, values, rows = self._states, self._values, self._automaton.rows
        for self.at in range(at, len(tokens)):
            token = tokens[self.at]
            kind = token[0]
            if kind in CHECKED:
                check(token)
            row = rows.get(kind)
            if row is None:
                return False
            action = row[0][states[-1]]
            if action is not None and action < 0:
                action = self._apply(row, action)
            if action is None:
                return False
            states.append(action)
            values.append(token)
            if kind == last and self.end():
                return True
        self.at = len(tokens)
        return False

    def end(self) -> bool:
        """Go on with the end of the text, if it may be here, and tell whether it may.

        :raises ParserError: as ``read`` does.
        """
        row = self._automaton.rows[_END]
        action = row.acting[self._states[-1]]
        if action is not None and action < 0:
            self._apply(row, action)
        return self._states[-1] == self._last

    def made(self) -> t.Any:
        """Give what was made of the whole text, behind its end."""
        return self._values[-1]

    def _apply(self, row: Row, action: int) -> int | None:
        """Apply the productions that end before a token; give the state behind the token."""
        acting, settled = row
        states, values, productions = self._states, self._values, self._automaton.productions
        while True:
            # No production of this grammar is empty, and most have one part.
            length, choose, make = productions[~action]
            parts = values[-length:]
            made = make(parts if choose is None else choose(parts))
            if length > 1:
                del values[-length:], states[1 - length :]
                values.append(made)
            below = states[-2]
            found = settled.get((below, ~action))
            state, makers = found or self._automaton.settle(below, ~action, row)
            for each in makers:
                made = each([made])
            values[-1] = made
            states[-1] = state
            next_action = acting[state]
            if next_action is None or next_action >= 0:
                return next_action
            action = next_action


def _maker(production: Production, actions: object) -> _Make:
    if production.action is not None:
        return t.cast(_Make, getattr(actions, production.action))
    return _as_they_are if production.origin.startswith("_") else _only


def _chooser(production: Production) -> _Make | None:
    """Give what chooses, of the things that a production takes, the parts for its action."""
    parts = production.parts
    if parts == [*range(production.length)]:
        return None
    if len(parts) > 1 and all(isinstance(part, int) for part in parts):
        # Faster, with a tuple for a list.
        return operator.itemgetter(*parts)
    return lambda things: _chosen(things, parts)


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
