"""Operators on unknown rows: comparison, arithmetic, membership and lookups.

Each becomes the condition under which the solver would succeed for a row, together with the one
under which it would raise.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..host import sandbox
from ..host.conversion import follow, list_elements, to_python
from ..host.value_classes import finds_by_hash, has_from_c, inverts_equality
from ..nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Origin,
    Term,
    Unknown,
    Value,
)
from .algebra.ir import (
    FALSE,
    Arithmetic,
    Column,
    Comparison,
    DecidedLater,
    Entry,
    HasElement,
    HasResult,
    KnownRow,
    Literal,
    MemberPart,
    RowCondition,
    RowValue,
    ToMany,
    columns_of,
    is_of_object,
    rows_of,
)
from .algebra.outcomes import SearchOutcome, no_solution, test_outcome
from .algebra.refusals import NotTranslatable
from .algebra.schema import TIME_KINDS, Link, ValueKind
from .algebra.show import show
from .algebra.simplify import disjunction, exists, negation, where_rows_exist
from .attributes.documents import DocumentReader, compared, is_document
from .attributes.given_values import GIVEN_LIST, among
from .attributes.integers import has_result
from .attributes.text_methods import TextMethods, among_characters, character_in
from .database_semantics import (
    check_equation,
    check_equation_of_columns,
    column_ordering,
    equals_plainly,
    field_of,
    has_no_order,
    is_null,
    mirrored,
    same_number,
    value_equality,
    value_ordering,
)
from .equations import EquationSolver
from .host_questions import FILLABLE, GivenValue, given_row
from .row_reads import RowReader
from .search import Branches, ClauseFrame, GoalResult, Search
from .symbolic_terms import (
    SYMBOLIC,
    Given,
    SymbolicDictionary,
    SymbolicElements,
    SymbolicRecord,
    SymbolicRow,
    SymbolicRows,
    SymbolicValue,
    has_unknown_rows,
    is_settled,
    show_term,
)

_SIGNS = {
    Operator.ADD: "+",
    Operator.SUB: "-",
    Operator.MUL: "*",
    Operator.MOD: "mod",
    Operator.REM: "rem",
}


class OperatorEvaluator:
    """Solves one operator; each ``solve_*`` method is the handler of one kind of goal.

    :param rows: reads attributes of rows.
    """

    def __init__(self, search: Search, equations: EquationSolver, rows: RowReader) -> None:
        self._search = search
        self._equations = equations
        self._methods = TextMethods(search, equations)
        self._documents = DocumentReader(search, equations)
        self._rows = rows

    # -- comparison and arithmetic --------------------------------------------------------

    def solve_comparison(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        """Solve ``a < b`` and the other comparisons."""
        goal, frame = payload
        left, right = (self._search.operand(arg, frame) for arg in goal.args)
        unknown = next((side for side in (left, right) if type(side) is Unknown), None)
        if unknown is None:
            return self._compare(left, right, goal)
        is_result = any(type(side) is Unknown and _is_result(side) for side in (left, right))
        return self._search.defer(unknown, self._compare_later, (left, right, goal, is_result))

    def _compare_later(self, payload: tuple[t.Any, t.Any, Expression, bool]) -> GoalResult:
        """Compare operands that were unbound before; an equation then unifies, as in the solver."""
        left, right, goal, is_result = payload
        left, right, self._search.goal = follow(left), follow(right), goal
        unknown = next((side for side in (left, right) if type(side) is Unknown), None)
        if unknown is not None:
            return self._search.defer(unknown, self._compare_later, (left, right, goal, is_result))
        if goal.operator is Operator.EQ:
            return self._equations.unified(left, right)
        if goal.operator is not Operator.NEQ or is_result:
            return self._compare(left, right, goal)
        found = self._equations.unified(left, right)
        return no_solution(found) if isinstance(found, SearchOutcome) else not found

    def _compare(self, left: t.Any, right: t.Any, goal: Expression) -> GoalResult:
        if self._search.is_known(left) and self._search.is_known(right):
            return self._equations.ask(Expression(goal.operator, (left, right), span=goal.span))
        left, right = self._search.as_column(left, right), self._search.as_column(right, left)
        if goal.operator in (Operator.EQ, Operator.NEQ):
            return self._compare_equal(goal.operator, left, right)
        return self._compare_order(goal.operator, left, right)

    def _compare_equal(self, operator: Operator, left: t.Any, right: t.Any) -> GoalResult:
        if isinstance(right, SymbolicValue) and not isinstance(left, SYMBOLIC):
            left, right = right, left
        if not isinstance(left, SYMBOLIC) and not isinstance(right, SYMBOLIC):
            raise NotTranslatable("lists with columns cannot be compared", "Compare the elements.")
        if isinstance(left, SymbolicValue) and not isinstance(right, SYMBOLIC):
            value = self._equations.value(right)
            if operator is Operator.NEQ and not inverts_equality(type(value)):
                raise _own_inequality(value)
            if isinstance(left.operand, Entry):
                equal = compared(left.operand, value)
                return no_solution(equal) if operator is Operator.NEQ else equal
            check_equation(left.operand, value)
            condition = value_equality(left.operand, same_number(left.operand, value))
            condition = where_rows_exist(condition, rows_of(left.operand))
        else:
            if isinstance(left, SymbolicValue) and isinstance(right, SymbolicValue):
                check_equation_of_columns(left.operand, right.operand)
            if operator is Operator.NEQ:
                self._check_inequality(left, right)
            equal = self._equations.equation(left, right)
            return no_solution(equal) if operator is Operator.NEQ else equal
        if operator is Operator.NEQ:
            # The lookup of the operands has already tested that their rows exist.
            condition = negation(condition)
        return SearchOutcome(condition)

    def _check_inequality(self, *sides: t.Any) -> None:
        """Refuse an object that is no row and has a ``!=`` of its own, beside a row."""
        for side in sides:
            cls = type(side.value) if type(side) is Instance else None
            if cls is None or self._search.schema.model(cls) is not None:
                continue
            if not inverts_equality(cls):
                raise _own_inequality(side.value)

    def _compare_order(self, operator: Operator, left: t.Any, right: t.Any) -> GoalResult:
        for side in (left, right):
            if isinstance(side, SYMBOLIC) and not isinstance(side, SymbolicValue):
                raise NotTranslatable(f"`{show_term(side)}` has no order", "Compare a column.")
        if isinstance(left, SymbolicValue) and isinstance(right, SymbolicValue):
            condition = column_ordering(operator, left.operand, right.operand)
            refused = disjunction(
                has_no_order(left.operand, right.operand), has_no_order(right.operand, left.operand)
            )
            return test_outcome(condition, refused, left.operand, right.operand)
        is_mirrored = not isinstance(left, SymbolicValue)
        if is_mirrored:
            left, right, operator = right, left, mirrored(operator)
        if not isinstance(left, SymbolicValue):
            raise NotTranslatable("lists with columns have no order", "Compare the elements.")
        value = self._equations.value(right)
        condition = value_ordering(operator, left.operand, value)
        if is_mirrored and isinstance(condition, Comparison):
            condition = replace(condition, is_turned=not condition.is_turned)
        return test_outcome(condition, has_no_order(left.operand, value), left.operand)

    def solve_arithmetic(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        """Solve ``a + b = c`` and the other operations."""
        goal, frame = payload
        left, right, result = (self._search.operand(arg, frame) for arg in goal.args)
        for side in (left, right):
            if type(side) is Unknown:
                return self._search.defer(side, self.solve_arithmetic, payload)
        known = [self._search.settled(side, goal) for side in (left, right)]
        if all(map(self._search.is_known, known)):
            return self._ask(goal, known, result)
        left, right = self._search.as_column(left, right), self._search.as_column(right, left)
        operands = self._integer(left), self._integer(right)
        sign = _SIGNS.get(goal.operator)
        if sign is None:
            raise self._search.refusal(
                "databases divide integers in different ways",
                "Multiply the other side. `mod` and `rem` work.",
            )
        made_of = Arithmetic(sign, *operands)
        self._search.push(self._equations.unify_later, (result, SymbolicValue(made_of), goal))
        # The limits of a template are those of the value that is put in.
        is_template = any(map(is_of_object, columns_of(made_of)))
        guard = HasResult(made_of) if is_template else has_result(made_of)
        return test_outcome(guard, negation(guard), made_of)

    def _integer(self, term: t.Any) -> RowValue:
        field = field_of(term.operand) if isinstance(term, SymbolicValue) else None
        if field is not None and field.kind is ValueKind.INTEGER and not field.is_calculated:
            return t.cast(RowValue, term.operand)
        if isinstance(term, Value) and type(term.value) is int:
            return Literal(term.value)
        raise self._search.refusal(
            "databases calculate alike only with integers", "Calculate with integers."
        )

    # -- membership -----------------------------------------------------------------------

    def solve_in(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        """Solve ``a in b``."""
        goal, frame = payload
        item, collection = (self._search.operand(arg, frame) for arg in goal.args)
        if type(collection) is Unknown:
            return self._search.defer(collection, self.solve_in, payload)
        if isinstance(collection, SymbolicRows):
            return self._in_relation(item, collection)
        if isinstance(collection, SymbolicValue):
            return self._in_column(item, collection.operand)
        if isinstance(collection, SYMBOLIC) and type(collection) is not Given:
            raise self._search.refusal(
                f"`{show_term(collection)}` is no collection", "Write a list or a relation."
            )
        if self._search.recorder is not None and self._is_of_given(item, collection):
            return self._in_given(item, collection, goal)
        is_open = type(collection) is List and not self._search.is_closed(collection)
        if not is_open and self._search.is_known(item) and self._search.is_known(collection):
            return self._equations.ask(Expression(Operator.IN, (item, collection), span=goal.span))
        elements = [*self._elements(collection, goal)]
        if isinstance(item, SymbolicValue) and any(_may_hide(collection, e) for e in elements):
            raise self._search.refusal(
                "a set has an object with an equality of its own", "Give a list of them."
            )
        return self._in_elements(item, elements)

    def _is_of_given(self, item: t.Any, collection: t.Any) -> bool:
        """Tell whether a column is looked for in a collection of an object."""
        is_column = isinstance(item, SymbolicValue) and isinstance(item.operand, Column)
        if not is_column or is_of_object(item.operand) or type(collection) in (List, Dictionary):
            return False
        return field_of(item.operand).kind in FILLABLE and self._search.is_of_objects(collection)

    def _in_given(self, item: SymbolicValue, collection: t.Any, goal: Expression) -> GoalResult:
        """Look for a column in a collection of any length, of which a template asks an object."""
        found = self._search.listed(collection, goal)
        if not isinstance(found, Given):
            return self._in_elements(item, found)
        given = Column(given_row(GivenValue, found.number), "value", GIVEN_LIST)
        condition = DecidedLater(item.operand, given, among)
        return SearchOutcome(where_rows_exist(condition, rows_of(item.operand)))

    def _elements(self, collection: t.Any, goal: Expression) -> Iterable[t.Any]:
        if type(collection) is List:
            elements, rest = list_elements(collection)
            if rest is not None:
                raise self._search.refusal("a list of unknown length", "Write the list out.")
            return elements
        return self._search.elements(collection, goal)

    def _in_elements(self, item: t.Any, elements: Iterable[t.Any]) -> GoalResult:
        def alternative(element: t.Any) -> Callable[[], GoalResult]:
            def unify() -> GoalResult:
                # Where a check comes to this element, it raises.
                self._search.check_element(element)
                return self._equations.unified(item, element)

            return unify

        elements = list(elements)
        is_plain = all(map(self._search.is_closed, elements)) and not any(map(_is_odd, elements))
        if not self._search.is_closed(item) or not is_plain:
            return Branches(map(alternative, elements))
        found = [self._equations.unify(item, each) for each in elements]
        return SearchOutcome(
            disjunction(*(each.holds for each in found)),
            missing=disjunction(*(each.missing for each in found)),
        )

    def _in_relation(self, item: t.Any, collection: SymbolicRows) -> GoalResult:
        cls = collection.link.cls
        each = ToMany(collection.owner, collection.name, cls, self._search.fresh_number())
        if isinstance(collection, SymbolicElements):
            return self._in_elements_of(item, collection.attribute, each)
        if self._search.is_closed(item):
            found = self._equations.unified(item, SymbolicRow(each))
            condition = found.holds if isinstance(found, SearchOutcome) else FALSE
            return SearchOutcome(where_rows_exist(exists(each, condition), [collection.owner]))
        return Branches([lambda: self._equations.unified(item, SymbolicRow(each))], row=each)

    def _in_elements_of(self, item: t.Any, attribute: str, each: ToMany) -> GoalResult:
        """Find a row of a relation with an attribute."""
        goal, value = self._search.goal, Unknown("element")

        def alternative() -> GoalResult:
            self._search.push(self._equations.unify_later, (item, value, goal))
            self._rows.read(each, attribute, value, goal)
            return True

        return Branches([alternative], row=each)

    def _in_column(self, item: t.Any, column: RowValue) -> GoalResult:
        kind, has_json = field_of(column).kind, field_of(column).is_document
        if not has_json and kind not in (ValueKind.TEXT, ValueKind.LIST, ValueKind.ANY):
            raise self._search.refusal(
                f"`{show(column)}` is no collection", "Write a list or a relation."
            )
        if type(item) is Unknown and kind is not ValueKind.TEXT:
            return self._search.defer(
                item, self._in_column_later, (item, column, self._search.goal)
            )
        if has_json:
            return self._documents.has_element(column, item)
        if kind is ValueKind.TEXT and (given := self._search.of_object(item, column)) is not None:
            return self._in_text(given, column)
        if isinstance(column, Column) and is_of_object(column) and self._is_text_of_row(item):
            return self._in_given_text(item, column)
        if not self._search.is_closed(item) or has_unknown_rows(item):
            what = "a character" if kind is ValueKind.TEXT else "a value"
            raise self._search.refusal(
                f"only {what} that is known can be looked for in a column", "Write it out."
            )
        value = to_python(item, str)
        if kind is ValueKind.TEXT:
            return self._in_text(value, column)
        # The column may hold no list; the translator decides whether it refuses that.
        return SearchOutcome(where_rows_exist(HasElement(column, Literal(value)), rows_of(column)))

    def _is_text_of_row(self, item: t.Any) -> bool:
        """Tell whether a template looks for a column with a text."""
        operand = item.operand if isinstance(item, SymbolicValue) else None
        is_column = self._search.recorder is not None and isinstance(operand, Column)
        is_text = is_column and t.cast(Column, operand).field.kind is ValueKind.TEXT
        return is_text and not is_of_object(t.cast(Column, operand))

    def _in_given_text(self, item: SymbolicValue, text: Column) -> GoalResult:
        """Look for a column among the characters of the text of an object, in a template."""
        if text.field.kind is not ValueKind.TEXT:
            raise self._search.refusal(f"`{show(text)}` is no text", "Look into a text.")
        condition = DecidedLater(item.operand, text, among_characters)
        return SearchOutcome(where_rows_exist(condition, rows_of(item.operand)))

    def _in_column_later(self, payload: tuple[t.Any, RowValue, Term]) -> GoalResult:
        item, column, self._search.goal = payload
        return self._in_column(follow(item), column)

    def _in_text(self, value: t.Any, text: RowValue) -> GoalResult:
        if isinstance(value, Column):
            holds: RowCondition = DecidedLater(text, value, character_in)
        else:
            holds = character_in(text, value)
        return test_outcome(holds, is_null(text), text)

    # -- lookups --------------------------------------------------------------------------

    def solve_dot(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        """Solve ``a.b = c``."""
        goal, frame = payload
        value, key, result = (self._search.operand(arg, frame) for arg in goal.args)
        if type(value) is Unknown:
            return self._search.defer(value, self.solve_dot, payload)
        value = self._search.settled(value, goal)
        if is_settled(value):
            key = self._search.settled(key, goal)
        if self._rows.is_host_attribute(value, key):
            return self._look_up_in_host(value, key, result, goal)
        if isinstance(value, SYMBOLIC):
            return self._look_up(value, key, result, goal)
        if not is_settled(key):
            if isinstance(key, Call) and type(value) is Value and type(value.value) is str:
                return self._methods.call(value, key, result, goal)
            raise self._search.refusal(
                "a method of an object that is known cannot be asked about rows that are not",
                "Say it with columns and relations of the row.",
            )
        if type(value) is Dictionary and has_unknown_rows(value):
            return self._look_up_entry(value, key, result)
        if has_unknown_rows(value):
            raise self._search.refusal("a list with rows has nothing to look up", "Use `in`.")
        if type(value) is Instance and isinstance(key, Value):
            rows = self._rows_of_known(value.value, key.value)
            found: t.Any = rows
            if rows is None:
                found = self._search.attribute(value, key, goal)
            return self._equations.unified(result, found)
        return self._ask(goal, (value, key), result)

    def _ask(self, goal: Expression, known: Sequence[t.Any], result: t.Any) -> GoalResult:
        """Ask Python for the result of an operation on known terms, and unify it."""
        made = Unknown("value")
        self._search.push(self._equations.unify_later, (result, made, goal))
        return self._equations.ask(
            Expression(goal.operator, (*known, t.cast(Term, made)), span=goal.span)
        )

    def _look_up_in_host(
        self, value: t.Any, key: t.Any, result: t.Any, goal: Expression
    ) -> GoalResult:
        if isinstance(key, Value):
            found = self._search.attribute(value, key, goal)
            return False if found is None else self._equations.unified(result, found)
        if self._search.is_closed(key):
            return self._equations.unified(result, self._search.called(value, key, goal))
        return self._ask(goal, (value, key), result)

    def _rows_of_known(self, value: t.Any, name: t.Any) -> SymbolicRows | None:
        """Return a to-many relation of a known object as symbolic rows, without reading it.

        The statement can then join them: an actor may have many roles, each with related rows.
        """
        model = self._search.schema.model(type(value)) if self._search.follows else None
        link = None if model is None else model.members.get(name)
        if not isinstance(link, Link) or not link.is_many or link.key:
            return None
        if name.startswith("_") and not self._search.host.opens(value, name):
            return None
        if not self._search.schema.is_stored(value, (t.cast(str, name),)):
            return None
        return SymbolicRows(KnownRow(type(value), Literal(value)), name, link)

    def _look_up_entry(self, value: Dictionary, key: t.Any, result: t.Any) -> GoalResult:
        if not isinstance(key, Value) or type(key.value) is not str:
            raise self._search.refusal("a key that is not known", "Write the key out.")
        found = value.get(key.value)
        return False if found is None else self._equations.unified(result, found)

    def _look_up(self, value: t.Any, key: t.Any, result: t.Any, goal: Expression) -> GoalResult:
        if isinstance(value, SymbolicDictionary):
            return self._look_up_in_dictionary(value, key, result)
        if isinstance(key, Call):
            is_row = isinstance(value, SymbolicRow)
            found = self._rows.called(value.row, key, result, goal) if is_row else None
            return self._methods.call(value, key, result, goal) if found is None else found
        if not isinstance(key, Value) or type(key.value) is not str:
            raise self._search.refusal(
                "a name of a column that is not known", "Write the name out."
            )
        if isinstance(value, SymbolicRecord):
            return self._look_up_in_record(value, key.value, result, goal)
        if is_document(value):
            return self._documents.look_up(value.operand, key.value, result, goal)
        if isinstance(value, SymbolicValue) and field_of(value.operand).kind is ValueKind.OPAQUE:
            raise self._search.refusal(
                f"`{show_term(value)}` cannot be looked into: {field_of(value.operand).reason}",
                "Keep what the policy asks for in a column, or in a property with an SQL"
                " expression.",
            )
        if _is_member(value) and key.value in ("name", "value"):
            part = MemberPart(value.operand, key.value)
            return self._methods.result(part, [value.operand], result, goal)
        if not isinstance(value, SymbolicRow):
            raise self._search.refusal(
                f"`{show_term(value)}` has no attributes in a list", _instead_of_attribute(value)
            )
        row = self._rows.narrowed(value.row, key.value, self._search.classes_of(value.row))
        self._rows.read(row, key.value, result, goal)
        if row is not value.row:
            self._search.push(self._rows.is_narrow, row)
        return self._rows.exists(value.row)

    def _look_up_in_dictionary(
        self, value: SymbolicDictionary, key: t.Any, result: t.Any
    ) -> GoalResult:
        """Call ``keys`` or ``values`` of the rows of a relation by one of their attributes."""
        rows = value.owner, value.name, value.link
        is_call = isinstance(key, Call) and not key.args and not key.kwargs
        if is_call and key.name == "values":
            return self._equations.unified(result, SymbolicRows(*rows))
        if is_call and key.name == "keys":
            elements = SymbolicElements(*rows, value.attribute)
            return self._equations.unified(result, elements)
        raise self._search.refusal(
            f"`{show_term(value)}` is a dictionary of rows", "Go through its `values()`."
        )

    def _look_up_in_record(
        self, value: SymbolicRecord, name: str, result: t.Any, goal: t.Any
    ) -> GoalResult:
        column = value.record.columns.get(name)
        if column is None:
            raise self._search.refusal(
                f"'{name}' is no column that `{show_term(value)}` is made of",
                "Say it with columns and relations.",
            )
        self._rows.read(value.row, column, result, goal)
        missing = self._equations.record_is_nil(value)
        there = where_rows_exist(negation(missing), [value.row])
        return SearchOutcome(there, missing)

    def solve_new(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        """Solve ``new A() = b``."""
        goal, frame = payload
        made, result = (self._search.operand(arg, frame) for arg in goal.args)
        if not self._search.is_known(made):
            raise self._search.refusal(
                "an object cannot be made of rows", "Make it of known values."
            )
        return self._ask(goal, (made,), result)


def _instead_of_attribute(value: t.Any) -> str:
    """Say what to write in the place of an attribute of what is no row."""
    if isinstance(value, SymbolicRows):
        return "Bind its elements with `in`."
    kind = field_of(value.operand).kind if isinstance(value, SymbolicValue) else None
    if kind in (ValueKind.DATE, *TIME_KINDS):
        return f"Compare it with bounds, as in `{show_term(value)} >= start`."
    return "Compare it as it is."


def _is_member(value: t.Any) -> bool:
    """Tell whether a value is a member of an enumeration of Python, and not its text."""
    operand = value.operand if isinstance(value, SymbolicValue) else None
    choices = operand.field.choices if isinstance(operand, Column) else ()
    return bool(choices) and all(isinstance(each, enum.Enum) for each in choices)


def _is_result(unknown: Unknown) -> bool:
    """Tell whether desugaring introduced a variable for the result of a lookup."""
    return unknown.origin is Origin.LOOKUP


def _own_inequality(value: t.Any) -> NotTranslatable:
    return NotTranslatable(
        f"a {type(value).__name__} has a `!=` of its own, which a list cannot call",
        "Compare an attribute of it.",
    )


def _may_hide(collection: t.Any, element: t.Any) -> bool:
    """Tell whether a set may not find an element that equals what is looked for: by its hash."""
    is_set = type(collection) is Instance and finds_by_hash(type(collection.value))
    if not is_set or type(element) is not Instance or equals_plainly(element.value):
        return False
    return not has_from_c(type(element.value), "__eq__", "__hash__")


def _is_odd(element: t.Any) -> bool:
    """Tell whether the sandbox may refuse an element."""
    return type(element) is Instance and not sandbox.passes_sandbox(type(element.value))
