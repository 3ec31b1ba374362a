"""The LR driver: reads tokens with the parse tables.

In go the parse tables, the AST builder and tokens; out comes what the builder made of the
tokens. The driver stops at a token that no action of the current state accepts; what to say
about it is not decided here.
"""

from __future__ import annotations

import operator
import typing as t
from collections.abc import Callable, Mapping, Sequence

from .lexer import CHECKED, Token, check_token
from .lr_tables import Production, Tables

_END = "$END"
#: Builds the value of a production from the values of its parts.
_Make = Callable[[t.Any], t.Any]


class Goto(t.NamedTuple):
    """The state after a reduction, and the builders of the unit productions on the way to it."""

    state: int
    makers: tuple[_Make, ...]


class TokenColumn(t.NamedTuple):
    """The column of the action table for one type of token.

    ``gotos`` caches what ``BoundTables.goto`` found, by the state below and the production.
    """

    actions: list[int | None]
    gotos: dict[tuple[int, int], Goto]


class BoundTables:
    """The parse tables with the methods of an AST builder; shared by all parses.

    The action table is stored by type of token, since a token is met in many states.

    :param builder: has a method for each action of the grammar, which gets the parts.
    """

    def __init__(self, tables: Tables, builder: object) -> None:
        self.starts = tables.starts
        self._gotos = tables.gotos
        self.productions = [
            (each.length, _chooser(each), _maker(each, builder)) for each in tables.productions
        ]
        self._origins = [each.origin for each in tables.productions]
        self._is_unit = [each.length == 1 and each.parts == [0] for each in tables.productions]
        self._has_action = [each.action is not None for each in tables.productions]
        self.columns = {
            kind: TokenColumn(actions, {}) for kind, actions in _by_kind(tables.actions).items()
        }

    def goto(self, below: int, production: int, column: TokenColumn) -> Goto:
        """Give the state after a reduction, with the unit reductions that follow it done.

        An expression passes through a state for each level of precedence, mostly without a
        change: these unit reductions are most of the work, so they are taken at once.

        :param below: the state below the reduced parts.
        :param column: that of the next token.
        """
        actions = column.actions
        state = self._gotos[below][self._origins[production]]
        makers = []
        while True:
            action = actions[state]
            if action is None or action >= 0 or not self._is_unit[~action]:
                break
            if self._has_action[~action]:
                makers.append(self.productions[~action][2])
            state = self._gotos[below][self._origins[~action]]
        # Two threads may both find the same.
        found = column.gotos[below, production] = Goto(state, tuple(makers))
        return found

    def accepts_end(self, states: Sequence[int], last: int) -> bool:
        """Tell whether the text may end here, without a change."""
        actions, states = self.columns[_END].actions, [*states]
        while (action := actions[states[-1]]) is not None and action < 0:
            del states[-self.productions[~action][0] :]
            states.append(self._gotos[states[-1]][self._origins[~action]])
        return states[-1] == last


def _by_kind(actions: Sequence[Mapping[str, int]]) -> dict[str, list[int | None]]:
    kinds = {kind for row in actions for kind in row}
    by_kind: dict[str, list[int | None]] = {kind: [None] * len(actions) for kind in kinds}
    for state, row in enumerate(actions):
        for kind, action in row.items():
            by_kind[kind][state] = action
    return by_kind


class LRDriver:
    """The parse of one statement or query.

    :param start: the start symbol, by its name in the grammar.
    """

    def __init__(self, tables: BoundTables, start: str) -> None:
        self._tables = tables
        first, self._last = tables.starts[start]
        self._states = [first]
        self._values: list[t.Any] = []
        #: The index of the current token.
        self.at = 0

    def read(self, tokens: Sequence[Token], at: int, last: str) -> bool:
        """Read tokens from an index on, and tell whether the statement has ended.

        It ends with a token of the type ``last``. Otherwise ``at`` is then the index of the
        token that cannot stand here, or the number of the tokens.

        :raises ParserError: if a token is wrong in itself, or the builder rejects the expression
            that ends before it; ``at`` is the token's index.
        """
        states, values, columns = self._states, self._values, self._tables.columns
        for self.at in range(at, len(tokens)):
            token = tokens[self.at]
            kind = token[0]
            if kind in CHECKED:
                check_token(token)
            column = columns.get(kind)
            if column is None:
                return False
            action = column[0][states[-1]]
            if action is not None and action < 0:
                action = self._reduce(column, action)
            if action is None:
                return False
            states.append(action)
            values.append(token)
            # A brace inside of a block may end a condition there: nothing is reduced for it.
            if kind == last and self._tables.accepts_end(states, self._last):
                return self.end()
        self.at = len(tokens)
        return False

    def end(self) -> bool:
        """Read the end of the text, if it is accepted here, and tell whether it is.

        :raises ParserError: as ``read`` does.
        """
        column = self._tables.columns[_END]
        action = column.actions[self._states[-1]]
        if action is not None and action < 0:
            self._reduce(column, action)
        return self._states[-1] == self._last

    def result(self) -> t.Any:
        """Give what was built of the whole text, after its end."""
        return self._values[-1]

    def _reduce(self, column: TokenColumn, action: int) -> int | None:
        """Reduce until the next token can be shifted; give the state to shift to."""
        actions, gotos = column
        states, values, productions = self._states, self._values, self._tables.productions
        while True:
            # No production of this grammar is empty, and most have one part.
            length, choose, make = productions[~action]
            parts = values[-length:]
            value = make(parts if choose is None else choose(parts))
            if length > 1:
                del values[-length:], states[1 - length :]
                values.append(value)
            below = states[-2]
            found = gotos.get((below, ~action))
            state, makers = found or self._tables.goto(below, ~action, column)
            for each in makers:
                value = each([value])
            values[-1] = value
            states[-1] = state
            next_action = actions[state]
            if next_action is None or next_action >= 0:
                return next_action
            action = next_action


def _maker(production: Production, builder: object) -> _Make:
    if production.action is not None:
        return t.cast(_Make, getattr(builder, production.action))
    return _all_parts if production.origin.startswith("_") else operator.itemgetter(0)


def _chooser(production: Production) -> _Make | None:
    """Give the function that selects the parts for the builder; ``None`` if it gets them all."""
    parts = production.parts
    if parts == [*range(production.length)]:
        return None
    if len(parts) > 1 and all(isinstance(part, int) for part in parts):
        # Faster, with a tuple for a list.
        return operator.itemgetter(*parts)
    return lambda values: _chosen(values, parts)


def _chosen(values: Sequence[t.Any], parts: Sequence[int | list[int] | None]) -> list[t.Any]:
    chosen: list[t.Any] = []
    for part in parts:
        if isinstance(part, list):
            chosen += values[part[0]]
        else:
            chosen.append(None if part is None else values[part])
    return chosen


def _all_parts(parts: Sequence[t.Any]) -> Sequence[t.Any]:
    return parts
