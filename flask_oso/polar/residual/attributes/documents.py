"""Entries of JSON that rows hold: ``doc.settings.kind``.

In goes a column with JSON and a key; out comes what is under the key, if it is there. As in a
check, a key that an object does not have fails quietly, and only an object has keys.
"""

from __future__ import annotations

import re
import typing as t

from ...characters import is_unicode
from ...nodes import Pattern, Term
from ..algebra.ir import (
    Column,
    DecidedLater,
    Entry,
    EntryHasValue,
    EntryKind,
    HasEntry,
    Literal,
    RowCondition,
    RowValue,
    rows_of,
)
from ..algebra.outcomes import SearchOutcome
from ..algebra.refusals import NotTranslatable
from ..algebra.schema import ValueKind
from ..algebra.simplify import negation, where_rows_exist
from ..database_semantics import field_of, has_64_bits, value_equality
from ..equations import EquationSolver
from ..search import Search
from ..symbolic_terms import SymbolicValue

#: What `in` goes through.
_WITH_ELEMENTS = (EntryKind.LIST, EntryKind.RECORD, EntryKind.TEXT)
#: Keys that each database takes as they are, without quotes.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def is_document(term: t.Any) -> bool:
    """Tell whether a term is JSON, or an entry of it."""
    return isinstance(term, SymbolicValue) and field_of(term.operand).is_document


class DocumentReader:
    """Solves lookups of entries in one search."""

    def __init__(self, search: Search, equations: EquationSolver) -> None:
        self._search = search
        self._equations = equations

    def look_up(self, operand: RowValue, key: str, result: t.Any, goal: Term) -> SearchOutcome:
        """Unify an entry with a result; what is no object raises."""
        whole = _entry(operand)
        entry = self._within(whole, key)
        self._search.push(self._equations.unify_later, (result, SymbolicValue(entry), goal))
        rows = rows_of(operand)
        is_record = where_rows_exist(HasEntry(whole, (EntryKind.RECORD,)), rows)
        found = where_rows_exist(HasEntry(entry), rows)
        return SearchOutcome(found, where_rows_exist(negation(is_record), rows))

    def match(self, operand: RowValue, pattern: Pattern, isa: t.Any) -> SearchOutcome:
        """Match JSON with a pattern; what is no object matches no field.

        :param isa: the handler for the fields.
        """
        whole = _entry(operand)
        for name, inner in reversed(pattern.fields):
            entry = SymbolicValue(self._within(whole, name))
            self._search.push(isa, (entry, inner, None, self._search.goal))
        holds = where_rows_exist(HasEntry(whole, (EntryKind.RECORD,)), rows_of(operand))
        for name, _ in pattern.fields:
            self._search.push(self._is_there, (operand, name))
        return SearchOutcome(holds)

    def has_element(self, operand: RowValue, item: t.Any) -> SearchOutcome:
        """Look for a value in a list, or in a text; what has no elements raises."""
        whole, rows = _entry(operand), rows_of(operand)
        given = self._search.of_object(item, whole)
        if given is not None and given.field.kind is ValueKind.TEXT:
            holds: RowCondition = DecidedLater(whole, given, _has_value)
        else:
            holds = _has_value(whole, self._equations.value(item))
        # Through an object, `in` goes by pairs, of which none is such a value.
        has_elements = HasEntry(whole, _WITH_ELEMENTS)
        fails = where_rows_exist(negation(has_elements), rows)
        return SearchOutcome(where_rows_exist(holds, rows), fails)

    def _is_there(self, payload: tuple[RowValue, str]) -> SearchOutcome:
        operand, name = payload
        entry = self._within(_entry(operand), name)
        return SearchOutcome(where_rows_exist(HasEntry(entry), rows_of(operand)))

    def _within(self, whole: Entry, key: str) -> Entry:
        if not _PLAIN.match(key):
            raise self._search.refusal(
                "a key of JSON with other characters than letters, digits and `_`",
                "Keep what is under it in a column.",
            )
        return Entry(whole.document, (*whole.keys, key))


def _has_value(entry: RowValue, value: t.Any) -> RowCondition:
    """Return the condition that a list of JSON has a value, or a text has a character.

    :raises NotTranslatable: for a value that databases do not find alike.
    """
    is_integer = type(value) is int and has_64_bits(value)
    if type(value) is not str and not is_integer and value is not None:
        raise NotTranslatable(
            "only a text, an integer and nil can be looked for in JSON",
            "Keep the values in a table of their own.",
        )
    if type(value) is str and (not is_unicode(value) or "\0" in value):
        raise NotTranslatable(
            "databases read NUL and half letters in JSON in ways of their own", "Leave them out."
        )
    return EntryHasValue(t.cast(Entry, entry), Literal(value))


def compared(entry: Entry, value: t.Any) -> SearchOutcome:
    """Return when ``==`` holds; it raises for values without a common order."""
    kind = EntryKind.TEXT if type(value) is str else EntryKind.BOOLEAN
    if type(value) is bool:
        raise NotTranslatable("a boolean of JSON equals numbers, too", "Write `=`.")
    rows = rows_of(entry)
    holds = where_rows_exist(value_equality(entry, value), rows)
    has_kind = where_rows_exist(HasEntry(entry, (kind, EntryKind.NOTHING)), rows)
    return SearchOutcome(holds, where_rows_exist(negation(has_kind), rows))


def is_no_boolean(operand: RowValue) -> t.Any:
    """Return the condition that an entry is neither true nor false."""
    return negation(HasEntry(_entry(operand), (EntryKind.BOOLEAN,)))


def _entry(operand: RowValue) -> Entry:
    return operand if isinstance(operand, Entry) else Entry(t.cast(Column, operand))
