"""Attributes that Python calculates from other attributes of a row, such as a hybrid.

In goes an expression of Python; out comes a condition or a value of the row that means the same.
What Python would raise, such as ``None > 1``, is an error of the policy.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import typing as t
from dataclasses import replace

from ...nodes import Operator, Value
from ..algebra.ir import (
    FALSE,
    TRUE,
    Arithmetic,
    Column,
    Comparison,
    Exists,
    Literal,
    Not,
    RowCondition,
    RowPath,
    RowValue,
    ToMany,
    ToOne,
    rows_of,
)
from ..algebra.outcomes import SUCCESS, SearchOutcome, and_then, or_else, test_outcome
from ..algebra.refusals import NotTranslatable
from ..algebra.schema import Field, Formula, Link, ValueKind
from ..algebra.simplify import conjunction, disjunction, exists, negation, where_rows_exist
from ..database_semantics import (
    column_equality,
    column_ordering,
    field_of,
    has_no_order,
    is_null,
    mirrored,
    same_number,
    value_equality,
    value_ordering,
)
from ..equations import EquationSolver
from ..search import GoalResult, Search
from ..symbolic_terms import SymbolicTruth, SymbolicValue
from .integers import in_range

_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_ORDERS: dict[type[ast.cmpop], Operator] = {
    ast.Lt: Operator.LT,
    ast.LtE: Operator.LEQ,
    ast.Gt: Operator.GT,
    ast.GtE: Operator.GEQ,
}
#: Kinds whose order is the same in Python and in a policy.
_ORDERED = (
    ValueKind.INTEGER, ValueKind.FLOAT, ValueKind.DECIMAL, ValueKind.TEXT, ValueKind.DATE,
    ValueKind.DATETIME,
)  # fmt: skip
#: Kinds of which one value is false, besides nil.
_FALSE: dict[ValueKind, t.Any] = {
    ValueKind.INTEGER: 0,
    ValueKind.FLOAT: 0,
    ValueKind.DECIMAL: 0,
    ValueKind.TEXT: "",
}
#: Kinds whose values are all true.
_TRUE = (
    ValueKind.DATE, ValueKind.DATETIME, ValueKind.ZONED, ValueKind.TIME, ValueKind.UUID,
)  # fmt: skip


#: The most attributes that are calculated from each other.
_DEEPEST = 8


class _Constant(t.NamedTuple):
    value: t.Any


_Operand = RowValue | _Constant


def path_of(formula: Formula) -> list[str]:
    """Return ``[a, b]`` of a formula that gives ``row.a.b``; no names for another one."""
    node, names = formula.expression, list[str]()
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return names if isinstance(node, ast.Name) and node.id == formula.row else []


def _is_nil_where_null(field: Field) -> bool:
    return field.kind is not ValueKind.OPAQUE or field.tells_nil


def _always_calculated(node: ast.expr) -> list[tuple[ast.expr, bool]]:
    """Return the parts of an expression that Python calculates first, and which must not be nil."""
    if isinstance(node, ast.BoolOp):
        return [(node.values[0], False)]
    if isinstance(node, ast.IfExp):
        return [(node.test, False)]
    if isinstance(node, ast.UnaryOp):
        return [(node.operand, not isinstance(node.op, ast.Not))]
    if isinstance(node, ast.Compare):
        sign = node.ops[0]
        is_order, is_search = type(sign) in _ORDERS, isinstance(sign, ast.In | ast.NotIn)
        return [(node.left, is_order), (node.comparators[0], is_order or is_search)]
    if isinstance(node, ast.BinOp):
        # A text takes nil by `%`, too.
        return [(node.left, True), (node.right, not isinstance(node.op, ast.Mod))]
    if isinstance(node, ast.Subscript | ast.Attribute):
        return [(node.value, True)]
    if isinstance(node, ast.Call):
        return [(node.func, False), *((each, False) for each in node.args)]
    return []


class FormulaEvaluator:
    """Solves lookups of attributes that are calculated, in one search."""

    def __init__(self, search: Search, equations: EquationSolver) -> None:
        self._search = search
        self._equations = equations

    def solve(self, payload: tuple[RowPath, str, t.Any, t.Any]) -> GoalResult:
        """Unify an attribute of a row, which is there, with a result."""
        row, name, result, self._search.goal = payload
        term, fails = _Calculation(self._search, row, name).result()
        self._search.push(self._equations.unify_later, (result, term, self._search.goal))
        return SearchOutcome(negation(fails), fails)

    def guard(self, payload: tuple[RowPath, str]) -> GoalResult:
        """Test that Python gives a value for a column that is a hybrid, and raises no error."""
        fails = _Calculation(self._search, *payload).fails()
        return SearchOutcome(negation(fails), fails)


class _Calculation:
    """Calculates one attribute of a row.

    :param above: the attributes that are calculated from it.
    """

    def __init__(
        self, search: Search, row: RowPath, name: str, above: tuple[tuple[RowPath, str], ...] = ()
    ) -> None:
        self._search = search
        self._row = row
        self._name = name
        self._above = above
        model = search.model(row.cls)
        own = model.guards.get(name) or model.members.get(name)
        self._formula = t.cast(Formula, own or model.method(name))

    def result(self) -> tuple[t.Any, RowCondition]:
        """Return the value as a term, and when Python raises an error instead."""
        node = self._formula.expression
        if self._is_boolean(node):
            outcome = self._truth(node)
            return SymbolicTruth(outcome.holds), outcome.fails
        value, fails = self._value(node)
        term = Value(value.value) if isinstance(value, _Constant) else SymbolicValue(value)
        return term, fails

    def fails(self) -> RowCondition:
        """Return when Python raises an error, as far as that is known."""
        if self._formula.is_followed:
            with contextlib.suppress(NotTranslatable):
                return self.result()[1]
        return self._fails_of_nil(self._formula.expression, False)

    def _fails_of_nil(self, node: ast.expr, is_used: bool) -> RowCondition:
        """Return when what is always calculated uses nil, as a sum, an order or a method does.

        :param is_used: whether Python refuses nil here.
        """
        path = path_of(replace(self._formula, expression=node))
        if path:
            return self._fails_of_read(path, is_used)
        return disjunction(*(self._fails_of_nil(*each) for each in _always_calculated(node)))

    def _fails_of_read(self, path: list[str], is_used: bool) -> RowCondition:
        """Return when reading ``row.a.b`` meets nil, or gives it where it is used."""
        row, fails = self._row, disjunction()
        for at, name in enumerate(path, 1):
            member = self._member(row, name)
            refuses_nil = is_used or at < len(path)
            if isinstance(member, Field) and refuses_nil and _is_nil_where_null(member):
                holds = is_null(Column(row, name, member))
                return disjunction(fails, where_rows_exist(holds, [row]))
            if not isinstance(member, Link) or member.is_many or not refuses_nil:
                break
            there = ToOne(row, name, member.cls)
            fails = disjunction(fails, where_rows_exist(Not(Exists(there, TRUE)), [row]))
            row = there
        return fails

    def _is_boolean(self, node: ast.expr) -> bool:
        """Tell whether a value is true or false, and nothing else, whatever the row."""
        if isinstance(node, ast.BoolOp):
            return all(map(self._is_boolean, node.values))
        if isinstance(node, ast.Compare):
            return True
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.Not)
        if isinstance(node, ast.IfExp):
            return self._is_boolean(node.body) and self._is_boolean(node.orelse)
        is_part = node is not self._formula.expression
        if isinstance(node, ast.Constant):
            return is_part and type(node.value) is bool
        if isinstance(node, ast.Call):
            # Only `bool` is called.
            return True
        row, member, _ = self._attribute(node)
        if isinstance(member, Formula):
            other = self._of_other(row, t.cast(ast.Attribute, node).attr)
            return other._is_boolean(member.expression)
        # A column alone is a value; in a longer expression it is a truth if it is never nil.
        is_boolean = isinstance(member, Field) and member.kind is ValueKind.BOOLEAN
        return is_part and is_boolean and not t.cast(Field, member).is_nullable

    # -- truths ---------------------------------------------------------------------------

    def _truth(self, node: ast.expr) -> SearchOutcome:
        if isinstance(node, ast.BoolOp):
            return self._joined(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            found = self._truth(node.operand)
            holds = conjunction(negation(found.holds), negation(found.fails))
            return SearchOutcome(holds, found.fails)
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.IfExp):
            return self._chosen(node)
        if isinstance(node, ast.Call):
            return self._truth(node.args[0])
        row, member, fails = self._attribute(node)
        if isinstance(member, Formula):
            other = self._of_other(row, t.cast(ast.Attribute, node).attr)
            return and_then(SearchOutcome(negation(fails), fails), other._truth(member.expression))
        if isinstance(member, Link):
            holds = self._has_rows(row, t.cast(ast.Attribute, node).attr, member)
        else:
            value, fails = self._value(node)
            holds = self._is_true(value)
        return SearchOutcome(conjunction(holds, negation(fails)), fails)

    def _chosen(self, node: ast.IfExp) -> SearchOutcome:
        """Return the truth of ``a if b else c``  =>  ``(b and a) or (not b and c)``."""
        test = self._truth(node.test)
        is_other = conjunction(negation(test.holds), negation(test.fails))
        found = and_then(test, self._truth(node.body))
        other = and_then(SearchOutcome(is_other, test.fails), self._truth(node.orelse))
        return or_else(found, other)

    def _has_rows(self, row: RowPath, name: str, link: Link) -> RowCondition:
        if not link.is_many:
            classes = self._search.model(link.cls).classes
            if any(hasattr(each, own) for each in classes for own in ("__bool__", "__len__")):
                raise self._refused("whether a row is true, which its class decides")
            return where_rows_exist(TRUE, [ToOne(row, name, link.cls)])
        if not link.is_collection:
            raise self._refused("whether what is no list is true")
        each = ToMany(row, name, link.cls, self._search.fresh_number())
        return where_rows_exist(exists(each, TRUE), [row])

    def _is_true(self, value: _Operand) -> RowCondition:
        """Return the condition that Python takes a value for true."""
        if isinstance(value, _Constant):
            return TRUE if value.value else FALSE
        kind = field_of(value).kind
        if kind is ValueKind.BOOLEAN:
            holds: RowCondition = Comparison("=", value, Literal(True))
        elif kind is ValueKind.ENUM:
            choices = [each for each in field_of(value).choices if each]
            holds = disjunction(*(value_equality(value, each) for each in choices))
        elif kind in _FALSE:
            is_false = value_equality(value, _FALSE[kind])
            holds = conjunction(negation(is_null(value)), negation(is_false))
        elif kind in _TRUE:
            holds = negation(is_null(value))
        else:
            raise self._refused("what is neither true nor false")
        return where_rows_exist(holds, rows_of(value))

    def _joined(self, node: ast.BoolOp) -> SearchOutcome:
        is_and = isinstance(node.op, ast.And)
        join, found = (and_then, SUCCESS) if is_and else (or_else, SearchOutcome(FALSE))
        for each in node.values:
            found = join(found, self._truth(each))
        return SearchOutcome(found.holds, found.fails)

    def _compared(self, node: ast.Compare) -> SearchOutcome:
        sides = itertools.pairwise((node.left, *node.comparators))
        found = SUCCESS
        for sign, (left, right) in zip(node.ops, sides, strict=True):
            found = and_then(found, self._comparison(sign, left, right))
        return found

    def _comparison(self, sign: ast.cmpop, one: ast.expr, other: ast.expr) -> SearchOutcome:
        if isinstance(sign, ast.Is | ast.IsNot) and isinstance(self._attribute(one)[1], Link):
            return self._is_missing(sign, t.cast(ast.Attribute, one))
        left, fails = self._value(one)
        if isinstance(sign, ast.In | ast.NotIn):
            return self._listed(left, t.cast(ast.Tuple, other), sign, fails)
        right, fails_then = self._value(other)
        fails = disjunction(fails, fails_then)
        if type(sign) in _ORDERS:
            found = self._ordered(_ORDERS[type(sign)], left, right)
        else:
            if isinstance(sign, ast.Is | ast.IsNot):
                self._check_identity(left, right)
            equal = self._equal(left, right)
            found = SearchOutcome(equal if isinstance(sign, ast.Eq | ast.Is) else negation(equal))
        return and_then(SearchOutcome(negation(fails), fails), found)

    def _check_identity(self, left: _Operand, right: _Operand) -> None:
        """Refuse ``is`` of values of which there may be several that are equal."""
        value = t.cast(_Constant, right).value
        kind = left.field.kind if isinstance(left, Column) else None
        is_one = kind is ValueKind.BOOLEAN
        if kind is ValueKind.ENUM:
            is_one = any(value is each for each in t.cast(Column, left).field.choices)
        if value is not None and not is_one:
            raise self._refused("whether values are one object")

    def _is_missing(self, sign: ast.cmpop, node: ast.Attribute) -> SearchOutcome:
        row, fails = self._row_of(node.value)
        link = t.cast(Link, self._member(row, node.attr))
        there = where_rows_exist(TRUE, [ToOne(row, node.attr, link.cls)])
        holds = negation(there) if isinstance(sign, ast.Is) else there
        return SearchOutcome(conjunction(holds, negation(fails)), fails)

    def _listed(
        self, item: _Operand, among: ast.Tuple, sign: ast.cmpop, fails: RowCondition
    ) -> SearchOutcome:
        holds = disjunction(*(self._equal(item, self._value(each)[0]) for each in among.elts))
        if isinstance(sign, ast.NotIn):
            holds = negation(holds)
        return SearchOutcome(conjunction(holds, negation(fails)), fails)

    def _equal(self, left: _Operand, right: _Operand) -> RowCondition:
        if isinstance(left, _Constant):
            left, right = right, left
        if isinstance(left, _Constant):
            raise self._refused("what no attribute says")
        if isinstance(right, _Constant):
            condition = value_equality(left, same_number(left, right.value))
            return where_rows_exist(condition, rows_of(left))
        return where_rows_exist(column_equality(left, right), rows_of(left, right))

    def _ordered(self, sign: Operator, left: _Operand, right: _Operand) -> SearchOutcome:
        if isinstance(left, _Constant):
            left, right, sign = right, left, mirrored(sign)
        if isinstance(left, _Constant):
            raise self._refused("what no attribute says")
        operands = [each for each in (left, right) if not isinstance(each, _Constant)]
        if any(field_of(each).kind not in _ORDERED for each in operands):
            raise self._refused("an order of such values")
        if isinstance(right, _Constant):
            holds = value_ordering(sign, left, right.value)
            return test_outcome(holds, has_no_order(left, right.value), left)
        holds = column_ordering(sign, left, right)
        return test_outcome(holds, disjunction(*map(has_no_order, operands)), left, right)

    # -- values ---------------------------------------------------------------------------

    def _value(self, node: ast.expr) -> tuple[_Operand, RowCondition]:
        """Return a value, and when Python raises an error instead."""
        if isinstance(node, ast.Constant):
            return _Constant(node.value), FALSE
        if isinstance(node, ast.BinOp):
            return self._calculated(node)
        if not isinstance(node, ast.Attribute):
            raise self._refused("more than a comparison or a sum")
        if ast.unparse(node) in self._formula.values:
            return _Constant(self._formula.values[ast.unparse(node)]), FALSE
        row, member, fails = self._attribute(node)
        if isinstance(member, Formula):
            value, fails_then = self._of_other(row, node.attr)._value(member.expression)
            return value, disjunction(fails, fails_then)
        if not isinstance(member, Field):
            raise self._refused(f"'{node.attr}', which is no column")
        if node.attr in self._search.model(row.cls).guards:
            own = self._of_other(row, node.attr).fails()
            fails = disjunction(fails, where_rows_exist(own, [row]))
        return Column(row, node.attr, member), fails

    def _attribute(self, node: ast.expr) -> tuple[RowPath, t.Any, RowCondition]:
        """Return the row of an attribute, what it is, and when reading the row fails."""
        if not isinstance(node, ast.Attribute) or ast.unparse(node) in self._formula.values:
            return self._row, None, FALSE
        row, fails = self._row_of(node.value)
        return row, self._member(row, node.attr), fails

    def _row_of(self, node: ast.expr) -> tuple[RowPath, RowCondition]:
        """Return the row that an expression leads to, and when there is none."""
        if not isinstance(node, ast.Attribute):
            return self._row, FALSE
        owner, fails = self._row_of(node.value)
        link = self._member(owner, node.attr)
        if not isinstance(link, Link) or link.is_many:
            raise self._refused(f"'{node.attr}', which is no row")
        row = ToOne(owner, node.attr, link.cls)
        missing = where_rows_exist(Not(Exists(row, TRUE)), [owner])
        return row, disjunction(fails, missing)

    def _calculated(self, node: ast.BinOp) -> tuple[_Operand, RowCondition]:
        sides = [self._value(each) for each in (node.left, node.right)]
        left, right = (self._integer(value) for value, _ in sides)
        sign = _SIGNS[type(node.op)]
        made = Arithmetic(sign, left, right)
        refused = negation(conjunction(*in_range(sign, left, right)))
        own = where_rows_exist(refused, rows_of(made))
        return made, disjunction(*(fails for _, fails in sides), own)

    def _integer(self, value: _Operand) -> RowValue:
        if isinstance(value, _Constant):
            if type(value.value) is int:
                return Literal(value.value)
        elif field_of(value).kind is ValueKind.INTEGER:
            return value
        raise NotTranslatable(
            "databases calculate alike only with integers",
            "Say it in the policy, or give the hybrid an expression.",
        )

    def _member(self, row: RowPath, name: str) -> t.Any:
        return self._search.model(row.cls).members.get(name)

    def _of_other(self, row: RowPath, name: str) -> _Calculation:
        """Return the calculation of another attribute."""
        above = (*self._above, (self._row, self._name))
        if (row, name) in above or len(above) > _DEEPEST:
            raise self._refused("itself")
        return _Calculation(self._search, row, name, above)

    def _refused(self, what: str) -> NotTranslatable:
        return NotTranslatable(
            f"'{self._name}' calculates {what}",
            "Say it in the policy, or give the hybrid an expression.",
        )
