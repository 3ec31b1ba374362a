"""Methods of texts that rows hold: ``startswith``, ``lower`` and the others that databases know.

In goes a call of a method of a column; its result becomes a condition, or another operand.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Sequence

from ...exceptions import UnsupportedError
from ...host.conversion import follow
from ...nodes import Call, Expression, Value
from ..algebra.ir import (
    FALSE,
    TRUE,
    CaseMapped,
    Column,
    DecidedLater,
    HasCharacter,
    HasPart,
    KnownRow,
    Literal,
    MemberPart,
    PartPlace,
    Position,
    RowCondition,
    RowValue,
    Substring,
    rows_of,
)
from ..algebra.letters import as_stored, check_letters, is_mapped
from ..algebra.outcomes import test_outcome
from ..algebra.refusals import NotTranslatable
from ..algebra.schema import ValueKind
from ..algebra.simplify import disjunction, negation, where_rows_exist
from ..database_semantics import field_of, is_null, same_texts, value_equality
from ..equations import EquationSolver
from ..search import GoalResult, Search
from ..symbolic_terms import SymbolicTruth, SymbolicValue
from .given_values import among

_CASES = ("lower", "upper", "casefold")
_PLACES = {place.value: place for place in PartPlace}
#: The longest known text whose beginnings, or ends, are looked up in a column.
_LONGEST_TEXT = 500


class TextMethods:
    """Solves calls of the methods of texts in one search."""

    def __init__(self, search: Search, equations: EquationSolver) -> None:
        self._search = search
        self._equations = equations

    def call(self, value: t.Any, call: Call, result: t.Any, goal: Expression) -> GoalResult:
        """Solve ``value.method(…) = result``."""
        args = [follow(arg) for arg in call.args]
        given = self._given(value, args) if call.name in _PLACES and not call.kwargs else None
        if given is not None:
            found = DecidedLater(value.operand, given, _PART_MAKERS[call.name])
            return self.result(found, [value.operand], result, goal)
        known = self._known(value, args) if call.name in _END_MAKERS and not call.kwargs else None
        if known is not None:
            ends = DecidedLater(*known, _END_MAKERS[call.name])
            return self.result(ends, [ends.operand], result, goal)
        texts = _texts_of(value, *args)
        is_known = call.name in (*_CASES, *_PLACES, "find")
        if call.kwargs or not is_known or not _texts_of(value):
            raise self._no_method(call.name)
        if len(texts) != 1 + (call.name not in _CASES):
            what = "no arguments" if call.name in _CASES else "one text"
            raise self._search.refusal(f"'{call.name}' needs {what}", "Correct the arguments.")
        text, *others = texts
        if not others:
            check_letters(text)
            return self.result(CaseMapped(text, call.name), [text], result, goal)
        wanted = others[0]
        if isinstance(text, Literal):
            return self._part_of_known(text.value, wanted, call.name, result, goal)
        if isinstance(wanted, Literal):
            return self.result(_part_of(call.name, text, wanted.value), [text], result, goal)
        if call.name == "find":
            raise self._search.refusal("'find' needs one text that is known", "Write it out.")
        check_letters(text)
        check_letters(wanted)
        condition = HasPart(text, wanted, _PLACES[call.name])
        return self.result(condition, [text, wanted], result, goal)

    def _given(self, value: t.Any, args: list[t.Any]) -> Column | None:
        """Return the text of an object that is looked for in a column, in a template."""
        if len(args) != 1 or not isinstance(value, SymbolicValue) or not _texts_of(value):
            return None
        given = self._search.of_object(args[0], value.operand)
        return given if given is not None and given.field.kind is ValueKind.TEXT else None

    def _known(self, value: t.Any, args: list[t.Any]) -> tuple[Column, Column] | None:
        """Return a column that is looked for in the text of an object, in a template, and that."""
        wanted = args[0].operand if len(args) == 1 and isinstance(args[0], SymbolicValue) else None
        if not isinstance(wanted, Column) or not _texts_of(args[0]):
            return None
        given = self._search.of_object(value, wanted)
        return (wanted, given) if given is not None and given.field.kind is ValueKind.TEXT else None

    def _no_method(self, name: str) -> UnsupportedError:
        return self._search.refusal(
            f"the method '{name}' needs a row, and a list has none",
            "Say it with columns and relations. Of a text, `startswith`, `endswith`, `find`,"
            " `lower`, `upper` and `casefold` work, with other texts.",
        )

    def result(
        self, found: t.Any, texts: Sequence[RowValue], result: t.Any, goal: Expression
    ) -> GoalResult:
        """Unify the result of a method, which raises where one of its texts is nil."""
        rows = rows_of(*texts)
        if isinstance(found, Literal):
            term: t.Any = Value(found.value)
        elif isinstance(found, CaseMapped | MemberPart | Position):
            term = SymbolicValue(found)
        else:
            term = SymbolicTruth(where_rows_exist(found, rows))
        self._search.push(self._equations.unify_later, (result, term, goal))
        refused = disjunction(*map(is_null, texts))
        return test_outcome(negation(refused), refused, *texts)

    def _part_of_known(
        self, text: str, wanted: RowValue, name: str, result: t.Any, goal: Expression
    ) -> GoalResult:
        """Look up a column among the beginnings, or the ends, of a known text."""
        if name not in ("startswith", "endswith") or len(text) > _LONGEST_TEXT:
            raise self._search.refusal(
                f"'{name}' of a known text has too many results", "Ask it of the column."
            )
        found = disjunction(*(value_equality(wanted, part) for part in _ends_of(name, text)))
        return self.result(found, [wanted], result, goal)


def _ends_of(name: str, text: str) -> list[str]:
    """Return the beginnings of a text, or its ends."""
    numbers = range(len(text) + 1)
    return [text[:n] if name == "startswith" else text[n:] for n in numbers]


def _among_ends(name: str, operand: RowValue, text: t.Any) -> RowCondition:
    """Return the condition that a column is a beginning, or an end, of a text.

    :raises NotTranslatable: if it is no text, or a long one.
    """
    if type(text) is not str or len(text) > _LONGEST_TEXT:
        raise NotTranslatable("this is no text, or one of too many parts", "Ask the column.")
    return among(operand, _ends_of(name, text))


def among_characters(operand: RowValue, text: t.Any) -> RowCondition:
    """Return the condition that a column is a character of a text.

    :raises NotTranslatable: if it is none.
    """
    if type(text) is not str:
        raise NotTranslatable("only a text has characters", "Test for nil.")
    return among(operand, list(text)) if text else FALSE


def _texts_of(*terms: t.Any) -> list[RowValue]:
    """Return terms as operands that hold texts; none if one of them is no text of a row."""
    found: list[RowValue] = []
    for term in terms:
        if isinstance(term, Value) and type(term.value) is str:
            found.append(Literal(term.value))
        elif isinstance(term, SymbolicValue) and field_of(term.operand).kind is ValueKind.TEXT:
            if any(isinstance(row, KnownRow) for row in rows_of(term.operand)):
                # The value itself says more; without a template it is read.
                return []
            found.append(term.operand)
        else:
            return []
    return found


def _part_of(name: str, text: RowValue, wanted: t.Any) -> t.Any:
    """Return the condition that a known text is in a column; for ``find``, its position.

    :raises NotTranslatable: if no condition means the same, or what is looked for is no text.
    """
    if type(wanted) is not str:
        raise NotTranslatable("only a text is a part of a text", "Test for nil.")
    _check_end(wanted)
    if isinstance(text, CaseMapped) and not is_mapped(text, wanted):
        return Literal(-1) if name == "find" else FALSE
    text = as_stored(text, wanted)
    if name == "find":
        return Position(text, wanted)
    if not wanted:
        return TRUE
    if name == "__contains__":
        return HasPart(text, Literal(wanted), PartPlace.ANYWHERE)
    size = len(wanted.encode("utf-8", "surrogatepass"))
    return value_equality(Substring(text, len(wanted), name == "endswith", size), wanted)


#: What makes a condition of a column and a text, by the method; one is equal to itself alone.
_PART_MAKERS = {name: functools.partial(_part_of, name) for name in _PLACES}


#: What makes a condition of a column and the text that it is looked for in, by the method.
_END_MAKERS = {name: functools.partial(_among_ends, name) for name in ("startswith", "endswith")}


def character_in(text: RowValue, value: t.Any) -> RowCondition:
    """Return the condition that a column with a text contains a character.

    :raises NotTranslatable: if databases do not agree on it.
    """
    found = same_texts(field_of(text), value)
    if not found or len(found[0]) != 1:
        return FALSE
    (value,) = found
    _check_end(value)
    if isinstance(text, CaseMapped) and not is_mapped(text, value):
        return FALSE
    return HasCharacter(as_stored(text, value), value)


def _check_end(text: str) -> None:
    if "\0" in text:
        raise NotTranslatable("databases end a text at NUL, in ways of their own", "Leave it out.")
