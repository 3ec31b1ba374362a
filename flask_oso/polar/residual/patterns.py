"""Patterns on unknown rows: classes, and the fields of rows, records and documents.

In go a value, which may be unknown, and a pattern; out come the condition under which they match,
and goals for the fields.
"""

from __future__ import annotations

import typing as t

from ..exceptions import UnregisteredClassError
from ..host.registry import RESERVED_NAMES
from ..nodes import Expression, List, Operator, Pattern, Unknown, Value
from ..solver.class_tests import is_subclass, members_of_tag
from ..sources import located
from ..spelling import meant_class
from .algebra.ir import (
    FALSE,
    TRUE,
    Exists,
    Not,
    OfClass,
    RowCondition,
    RowPath,
    ToOne,
    is_nullable,
    rows_of,
)
from .algebra.outcomes import SearchOutcome
from .algebra.schema import ValueKind
from .algebra.simplify import disjunction, negation, where_rows_exist
from .attributes.documents import DocumentReader, is_document
from .database_semantics import field_of, is_null
from .equations import EquationSolver
from .row_reads import RowReader
from .search import ClauseFrame, GoalResult, Search
from .symbolic_terms import SYMBOLIC, Given, SymbolicRecord, SymbolicRow, SymbolicValue, show_term

_TYPES: dict[ValueKind, str] = {
    ValueKind.BOOLEAN: "Boolean",
    ValueKind.INTEGER: "Integer",
    ValueKind.FLOAT: "Float",
    ValueKind.TEXT: "String",
    ValueKind.LIST: "List",
    ValueKind.DICTIONARY: "Dictionary",
}


class PatternMatcher:
    """Matches values with patterns.

    :param rows: reads the fields of rows.
    """

    def __init__(self, search: Search, equations: EquationSolver, rows: RowReader) -> None:
        self._search = search
        self._equations = equations
        self._rows = rows
        self._documents = DocumentReader(search, equations)

    def solve_isa(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        """Solve ``a matches B``."""
        goal, frame = payload
        return self.isa((goal.args[0], goal.args[1], frame, goal))

    def isa(self, payload: tuple[t.Any, t.Any, t.Any, t.Any]) -> GoalResult:
        """Match a value with a pattern or a value."""
        term, pattern, frame, self._search.goal = payload
        value, pattern = self._search.operand(term, frame), self._search.operand(pattern, frame)
        if type(value) is Unknown:
            if type(pattern) is not Pattern:
                return self._equations.unified(value, pattern)
            return self._search.defer(value, self.isa, (value, pattern, None, self._search.goal))
        if isinstance(value, SYMBOLIC) and type(value) is not Given:
            return self._isa_unknown(value, pattern)
        if not self._search.is_known(value):
            raise self._search.refusal("a list with rows in a pattern", "Match the elements.")
        if not self._search.is_known(pattern) or (
            type(value) is Given and not self._search.is_closed(pattern)
        ):
            return self._isa_known(value, pattern)
        return self._equations.ask(
            Expression(Operator.ISA, (value, pattern), span=self._search.span())
        )

    def _isa_known(self, value: t.Any, pattern: t.Any) -> GoalResult:
        """Match a known value with a pattern that contains symbolic terms."""
        if type(pattern) is not Pattern:
            return self._equations.unified(value, pattern)
        for name, inner in pattern.fields:
            self._search.push(self._match_known_field, (value, name, inner, self._search.goal))
        if pattern.tag is None:
            return True
        bare = Pattern(pattern.tag, span=pattern.span)
        return self._equations.ask(
            Expression(Operator.ISA, (value, bare), span=self._search.span())
        )

    def _match_known_field(self, payload: tuple[t.Any, str, t.Any, t.Any]) -> GoalResult:
        value, name, inner, self._search.goal = payload
        found = self._search.pattern_field(value, name)
        return False if found is None else self.isa((found, inner, None, self._search.goal))

    def _isa_unknown(self, value: t.Any, pattern: t.Any) -> GoalResult:
        if type(pattern) is not Pattern:
            if type(pattern) is List:
                raise self._search.refusal("a column in a pattern of a list", "Compare it alone.")
            return self._equations.unified(value, pattern)
        if isinstance(value, SymbolicRow):
            return self._isa_row(value.row, pattern)
        if pattern.tag is None and not pattern.fields:
            return True
        if isinstance(value, SymbolicRecord):
            return self._isa_record(value, pattern)
        if is_document(value) and pattern.tag in (None, "Dictionary"):
            return self._documents.match(value.operand, pattern, self.isa)
        if not isinstance(value, SymbolicValue) or pattern.fields or pattern.tag is None:
            raise self._search.refusal(
                f"`{show_term(value)}` in this pattern cannot be told without a row",
                "Compare columns.",
            )
        kind, is_sum = field_of(value.operand).kind, field_of(value.operand).is_calculated
        is_sum = is_sum and kind is ValueKind.INTEGER
        if is_sum or kind not in _TYPES or pattern.tag not in self._search.host.classes:
            raise self._search.refusal(
                f"the class of `{show_term(value)}` cannot be told without a row", "Compare it."
            )
        cls = self._search.host.classes[_TYPES[kind]]
        may_be_nil = is_nullable(value.operand)
        is_of_nil = may_be_nil and isinstance(None, self._search.host.classes[pattern.tag])
        if not self.is_one(cls, pattern.tag):
            if is_of_nil:
                raise self._search.refusal("nil is of this class", "Test for nil.")
            return False
        condition = TRUE if is_of_nil else negation(is_null(value.operand))
        return SearchOutcome(where_rows_exist(condition, rows_of(value.operand)))

    def _isa_record(self, value: SymbolicRecord, pattern: Pattern) -> GoalResult:
        tag, classes = pattern.tag, self._search.host.classes
        if tag is not None and tag not in classes:
            raise self._search.refusal(
                f"the class of `{show_term(value)}` cannot be told without a row", "Compare it."
            )
        if tag is not None and not self.is_one(value.record.cls, tag):
            return False
        goal = self._search.goal
        for name, inner in reversed(pattern.fields):
            column = value.record.columns.get(name)
            if column is None:
                raise self._search.refusal(f"'{name}' is no column of it", "Leave it out.")
            found = Unknown("field")
            self._search.push(self.isa, (found, inner, None, goal))
            self._rows.read(value.row, column, found, goal)
        missing = self._equations.record_is_nil(value)
        return SearchOutcome(where_rows_exist(negation(missing), [value.row]))

    def _isa_row(self, row: RowPath, pattern: Pattern) -> GoalResult:
        for name, inner in pattern.fields:
            self._search.push(self._match_field, (row, name, inner, pattern.tag, self._search.goal))
        return SearchOutcome(self._class_test(row, pattern))

    def _class_test(self, row: RowPath, pattern: Pattern) -> RowCondition:
        tag = pattern.tag
        if tag is None:
            # `{}` matches everything; with fields, nil does not match.
            return where_rows_exist(TRUE, [row]) if pattern.fields else TRUE
        if tag not in RESERVED_NAMES and tag not in self._search.host.classes:
            message = located(tag, pattern.span) + meant_class(tag, self._search.host.classes)
            raise UnregisteredClassError(message)
        classes = self._search.classes_of(row)
        matching = tuple(cls for cls in classes if self.is_one(cls, tag))
        has_nil = tag not in RESERVED_NAMES and isinstance(None, self._search.host.classes[tag])
        if has_nil and matching == classes:
            return TRUE
        is_nil: RowCondition = FALSE
        if has_nil and isinstance(row, ToOne):
            is_nil = where_rows_exist(Not(Exists(row, TRUE)), [row.owner])
        if not matching:
            return is_nil
        test: RowCondition = TRUE if matching == classes else OfClass(row, matching)
        return disjunction(where_rows_exist(test, [row]), is_nil)

    def is_one(self, cls: type, tag: str) -> bool:
        """Tell whether instances of exactly this class match a class or a union.

        :raises UnsupportedError: if only an instance tells.
        """
        answer = self.knows_one(cls, tag)
        if answer is None:
            raise self._search.refusal(
                f"'{tag}' has a test of its own for each object", "Match a class of rows."
            )
        return answer

    def knows_one(self, cls: type, tag: str) -> bool | None:
        """Tell the same; ``None`` if only an instance tells."""
        classes = self._search.host.classes
        names = members_of_tag(tag, self._search.program)
        answers = [is_subclass(cls, classes[name]) for name in names]
        return True if True in answers else None if None in answers else False

    def _match_field(self, payload: tuple[RowPath, str, t.Any, str | None, t.Any]) -> GoalResult:
        row, name, inner, tag, self._search.goal = payload
        if self._rows.is_host_attribute(SymbolicRow(row), Value(name)):
            return self._match_known_field((SymbolicRow(row), name, inner, self._search.goal))
        classes = self._search.classes_of(row)
        if tag is not None:
            classes = tuple(cls for cls in classes if self.is_one(cls, tag))
        narrow = self._rows.narrowed(row, name, classes)
        model = self._search.model(narrow.cls)
        if model.members.get(name) is None and name not in model.refused:
            # A pattern with a field that the object does not have fails without an error.
            return False
        goal, value = self._search.goal, Unknown("field")
        self._search.push(self.isa, (value, inner, None, goal))
        self._rows.read(narrow, name, value, goal)
        if narrow is row:
            return True
        return SearchOutcome(where_rows_exist(OfClass(row, self._search.classes_of(narrow)), [row]))
