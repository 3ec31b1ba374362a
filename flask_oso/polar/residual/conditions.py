"""What the operators say of rows that are not known.

Comparison, arithmetic, membership, lookups and patterns: each becomes the condition under
which the solver would succeed for a row, together with that under which it would raise.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ..exceptions import UnregisteredClassError, with_help
from ..host import numbers, sandbox
from ..host.conversion import follow, list_elements, to_python
from ..host.registry import RESERVED_NAMES
from ..nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Origin,
    Pattern,
    Term,
    Unknown,
    Value,
)
from ..solver.backtrace import Step
from ..solver.class_tests import class_names
from ..sources import located
from ..spelling import did_you_mean, meant_class
from .database_semantics import (
    Unfaithful,
    check_equation,
    check_equation_of_columns,
    equal,
    field_of,
    is_text,
    mirrored,
    no_order,
    null,
    ordered,
    ordered_columns,
    same_number,
)
from .equations import Equations
from .ir import (
    FALSE,
    ITSELF,
    TRUE,
    Arithmetic,
    Column,
    Comparison,
    Condition,
    Each,
    HasCharacter,
    HasElement,
    Having,
    Known,
    Literal,
    Not,
    OfClass,
    One,
    Operand,
    Part,
    Row,
    columns_of,
    conjunction,
    disjunction,
    having,
    is_nullable,
    negation,
    on_rows,
    show,
)
from .outcomes import Outcome, opposite
from .schema import Field, Kind, Link
from .search import Branches, Frame, Result
from .symbolic_terms import OPEN, Cell, Collection, Entity, Truth, has_unknown_rows, rows_of, shown

#: Operands of arithmetic beyond these could leave 64 bits.
_HALF = 2**62
_ROOT = 2**31

_TYPES: dict[Kind, str] = {
    Kind.BOOLEAN: "Boolean",
    Kind.INTEGER: "Integer",
    Kind.FLOAT: "Float",
    Kind.TEXT: "String",
    Kind.LIST: "List",
    Kind.DICTIONARY: "Dictionary",
}
_SIGNS = {Operator.ADD: "+", Operator.SUB: "-", Operator.MUL: "*"}


class Conditions(Equations):
    """Solves one operator; each method is the handler of one kind of goal."""

    # -- comparison and arithmetic --------------------------------------------------------

    def _solve_comparison(self, payload: tuple[Expression, Frame]) -> Result:
        goal, frame = payload
        left, right = (self._operand(arg, frame) for arg in goal.args)
        unknown = next((side for side in (left, right) if type(side) is Unknown), None)
        if unknown is None:
            return self._compare(left, right, goal)
        is_result = any(type(side) is Unknown and _is_result(side) for side in (left, right))
        return self._defer(unknown, self._compare_later, (left, right, goal, is_result))

    def _compare_later(self, payload: tuple[t.Any, t.Any, Expression, bool]) -> Result:
        """Compare what had no value before; of an equation binding is asked, as in the solver."""
        left, right, goal, is_result = payload
        left, right, self._goal = follow(left), follow(right), goal
        unknown = next((side for side in (left, right) if type(side) is Unknown), None)
        if unknown is not None:
            return self._defer(unknown, self._compare_later, (left, right, goal, is_result))
        if goal.operator is Operator.EQ:
            return self._unified(left, right)
        if goal.operator is not Operator.NEQ or is_result:
            return self._compare(left, right, goal)
        found = self._unified(left, right)
        return opposite(found) if isinstance(found, Outcome) else not found

    def _compare(self, left: t.Any, right: t.Any, goal: Expression) -> Result:
        if not has_unknown_rows(left) and not has_unknown_rows(right):
            return self._ask(Expression(goal.operator, (left, right), span=goal.span))
        try:
            if goal.operator in (Operator.EQ, Operator.NEQ):
                return self._compare_equal(goal.operator, left, right)
            return self._compare_order(goal.operator, left, right)
        except Unfaithful as reason:
            raise self._refusal(reason.fact, reason.remedy) from None

    def _compare_equal(self, operator: Operator, left: t.Any, right: t.Any) -> Result:
        if isinstance(right, Cell) and not isinstance(left, OPEN):
            left, right = right, left
        if not isinstance(left, OPEN) and not isinstance(right, OPEN):
            raise Unfaithful("lists with columns cannot be compared", "Compare the elements.")
        if isinstance(left, Cell) and not isinstance(right, OPEN):
            value = self._value(right)
            check_equation(left.operand, value)
            condition = equal(left.operand, same_number(left.operand, value))
            condition = on_rows(condition, rows_of(left.operand))
        else:
            if isinstance(left, Cell) and isinstance(right, Cell):
                check_equation_of_columns(left.operand, right.operand)
            condition = self._equation(left, right)
        if operator is Operator.NEQ:
            # That the rows exist, whoever read them said before.
            condition = negation(condition)
        return Outcome(condition)

    def _compare_order(self, operator: Operator, left: t.Any, right: t.Any) -> Result:
        for side in (left, right):
            if isinstance(side, OPEN) and not isinstance(side, Cell):
                raise Unfaithful(f"`{shown(side)}` has no order", "Compare a column.")
        if isinstance(left, Cell) and isinstance(right, Cell):
            condition = ordered_columns(operator, left.operand, right.operand)
            refused = disjunction(no_order(left.operand), no_order(right.operand))
            return self._outcome(condition, refused, left.operand, right.operand)
        is_mirrored = not isinstance(left, Cell)
        if is_mirrored:
            left, right, operator = right, left, mirrored(operator)
        if not isinstance(left, Cell):
            raise Unfaithful("lists with columns have no order", "Compare the elements.")
        value = self._value(right)
        condition = ordered(operator, left.operand, value)
        if is_mirrored and isinstance(condition, Comparison):
            condition = replace(condition, is_turned=not condition.is_turned)
        return self._outcome(condition, no_order(left.operand, value), left.operand)

    def _outcome(self, holds: Condition, fails: Condition, *operands: Operand) -> Outcome:
        """Give the rows for which a test holds, and those with a value that it refuses."""
        rows = rows_of(*operands)
        refused = on_rows(fails, rows)
        columns = [column for each in operands for column in columns_of(each)]
        if columns and all(column.field.is_declared for column in columns):
            return Outcome(on_rows(holds, rows), lacks=refused)
        return Outcome(on_rows(holds, rows), refused)

    def _solve_arithmetic(self, payload: tuple[Expression, Frame]) -> Result:
        goal, frame = payload
        left, right, result = (self._operand(arg, frame) for arg in goal.args)
        for side in (left, right):
            if type(side) is Unknown:
                return self._defer(side, self._solve_arithmetic, payload)
        if not has_unknown_rows(left) and not has_unknown_rows(right):
            made = Unknown("result")
            self._push(self._unify_later, (result, made, goal))
            return self._ask(
                Expression(goal.operator, (left, right, t.cast(Term, made)), span=goal.span)
            )
        operands = self._integer(left, goal), self._integer(right, goal)
        sign = _SIGNS.get(goal.operator)
        if sign is None:
            raise self._refusal(
                "databases divide integers in different ways", "Multiply the other side."
            )
        made_of = Cell(Arithmetic(sign, *operands))
        self._push(self._unify_later, (result, made_of, goal))
        guard = conjunction(*_in_range(sign, *operands))
        return self._outcome(guard, negation(guard), made_of.operand)

    def _integer(self, term: t.Any, goal: Expression) -> Operand:
        if isinstance(term, Cell) and field_of(term.operand).kind is Kind.INTEGER:
            return term.operand
        if isinstance(term, Value) and type(term.value) is int:
            return Literal(term.value)
        raise self._refusal(
            "databases calculate alike only with integers", "Calculate with integers."
        )

    def _unify_later(self, payload: tuple[t.Any, t.Any, Term]) -> Result:
        left, right, self._goal = payload
        return self._unified(left, right)

    # -- membership -----------------------------------------------------------------------

    def _solve_in(self, payload: tuple[Expression, Frame]) -> Result:
        goal, frame = payload
        item, collection = (self._operand(arg, frame) for arg in goal.args)
        if type(collection) is Unknown:
            return self._defer(collection, self._solve_in, payload)
        if isinstance(collection, Collection):
            return self._in_relation(item, collection)
        if isinstance(collection, Cell):
            return self._in_column(item, collection.operand)
        if isinstance(collection, OPEN):
            raise self._refusal(
                f"`{shown(collection)}` is no collection", "Write a list or a relation."
            )
        is_open = type(collection) is List and not self._is_closed(collection)
        if not is_open and not has_unknown_rows(item) and not has_unknown_rows(collection):
            return self._ask(Expression(Operator.IN, (item, collection), span=goal.span))
        return self._in_elements(item, self._elements(collection, goal))

    def _elements(self, collection: t.Any, goal: Expression) -> Iterable[t.Any]:
        if type(collection) is List:
            elements, rest = list_elements(collection)
            if rest is not None:
                raise self._refusal("a list of unknown length", "Write the list out.")
            return elements
        solver = self._known()
        solver.stand_at(Step(goal, [], None, None, 0))
        with self._asking():
            return list(solver.elements(collection, goal))

    def _in_elements(self, item: t.Any, elements: Iterable[t.Any]) -> Result:
        def alternative(element: t.Any) -> Callable[[], Result]:
            return lambda: self._unified(item, element)

        elements = list(elements)
        if not self._is_closed(item) or not all(map(self._is_closed, elements)):
            return Branches(map(alternative, elements))
        try:
            return Outcome(disjunction(*(self._unify(item, each) for each in elements)))
        except Unfaithful as reason:
            raise self._refusal(reason.fact, reason.remedy) from None

    def _in_relation(self, item: t.Any, collection: Collection) -> Result:
        self._number += 1
        cls = collection.link.cls
        each = Each(collection.owner, collection.name, cls, self._number)
        if self._is_closed(item):
            found = self._unified(item, Entity(each))
            condition = found.holds if isinstance(found, Outcome) else FALSE
            return Outcome(on_rows(having(each, condition), [collection.owner]))
        return Branches([lambda: self._unified(item, Entity(each))], row=each)

    def _in_column(self, item: t.Any, column: Operand) -> Result:
        kind = field_of(column).kind
        if kind not in (Kind.TEXT, Kind.LIST, Kind.ANY):
            raise self._refusal(f"`{show(column)}` is no collection", "Write a list or a relation.")
        if type(item) is Unknown and kind is not Kind.TEXT:
            return self._defer(item, self._in_column_later, (item, column, self._goal))
        if not self._is_closed(item) or has_unknown_rows(item):
            what = "a character" if kind is Kind.TEXT else "a value"
            raise self._refusal(
                f"only {what} that is known can be looked for in a column", "Write it out."
            )
        value = to_python(item, str)
        if kind is Kind.TEXT:
            return self._in_text(value, column)
        # What is no list holds nothing, or is for whoever reads the rows to refuse.
        return Outcome(on_rows(HasElement(column, Literal(value)), rows_of(column)))

    def _in_column_later(self, payload: tuple[t.Any, Operand, Term]) -> Result:
        item, column, self._goal = payload
        return self._in_column(follow(item), column)

    def _in_text(self, value: t.Any, text: Operand) -> Result:
        if value == "\0":
            raise self._refusal(
                "databases end a text at NUL, in ways of their own", "Leave it out."
            )
        is_character = type(value) is str and len(value) == 1 and is_text(value)
        holds: Condition = HasCharacter(text, value) if is_character else FALSE
        return self._outcome(holds, null(text), text)

    # -- lookups --------------------------------------------------------------------------

    def _solve_dot(self, payload: tuple[Expression, Frame]) -> Result:
        goal, frame = payload
        value, key, result = (self._operand(arg, frame) for arg in goal.args)
        if type(value) is Unknown:
            return self._defer(value, self._solve_dot, payload)
        if isinstance(value, OPEN):
            return self._look_up(value, key, result, goal)
        if has_unknown_rows(key):
            raise self._refusal(
                "a method of an object that is known cannot be asked about rows that are not",
                "Say it with columns and relations of the row.",
            )
        if type(value) is Dictionary and has_unknown_rows(value):
            return self._look_up_entry(value, key, result)
        if has_unknown_rows(value):
            raise self._refusal("a list with rows has nothing to look up", "Use `in`.")
        made = Unknown("value")
        if type(value) is Instance and isinstance(key, Value):
            rows = self._rows_of_known(value.value, key.value)
            found: t.Any = rows
            if rows is None:
                asker = self._known()
                with self._asking():
                    found = asker.attribute(value, key, goal)
            return self._unified(result, found)
        self._push(self._unify_later, (result, made, goal))
        return self._ask(Expression(Operator.DOT, (value, key, t.cast(Term, made)), span=goal.span))

    def _rows_of_known(self, value: t.Any, name: t.Any) -> Collection | None:
        """Give the rows of a relation to many of an object that is known, without reading them.

        One statement can look for them as well: an actor may have many roles, and each leads
        to further rows.
        """
        model = self._models.model(type(value)) if self._follows else None
        link = None if model is None else model.members.get(name)
        if not isinstance(link, Link) or not link.is_many:
            return None
        if name.startswith("_") and not self._host.opens(value, name):
            return None
        if not self._models.is_stored(value, (t.cast(str, name),)):
            return None
        return Collection(Known(type(value), Literal(value)), name, link)

    def _look_up_entry(self, value: Dictionary, key: t.Any, result: t.Any) -> Result:
        if not isinstance(key, Value) or type(key.value) is not str:
            raise self._refusal("a key that is not known", "Write the key out.")
        found = value.get(key.value)
        return False if found is None else self._unified(result, found)

    def _look_up(self, value: t.Any, key: t.Any, result: t.Any, goal: Expression) -> Result:
        if isinstance(key, Call):
            return self._call_method(value, key, result, goal)
        if not isinstance(key, Value) or type(key.value) is not str:
            raise self._refusal("a name of a column that is not known", "Write the name out.")
        if not isinstance(value, Entity):
            raise self._refusal(
                f"`{shown(value)}` has no attributes in a list",
                "Bind its elements with `in`."
                if isinstance(value, Collection)
                else "Compare it as it is.",
            )
        row = self._narrowed(value.row, key.value, self._classes_of(value.row))
        self._push(self._unify_later, (result, self._attribute(row, key.value), goal))
        if row is not value.row:
            self._push(self._is_narrow, row)
        return self._exists(value.row)

    def _narrowed(self, row: Row, name: str, classes: tuple[type, ...]) -> Row:
        """Give what has an attribute: the row, or the row as one of a subclass.

        :param classes: those that the row may have.
        """
        model = self._model(row.cls)
        if not self._host.opens(row.cls, name):
            sandbox.check_public(row.cls, name, self._span())
        if model.members.get(name) is not None or name in model.refused:
            return row
        models = [self._model(cls) for cls in classes]
        owners = [each.cls for each in models if each.members.get(name) is not None]
        first = [cls for cls in owners if not any(base in owners for base in cls.__mro__[1:])]
        if len(first) > 1 or any(name in each.refused for each in models):
            raise self._refusal(
                f"'{name}' is not one column or relation for all classes of '{row.cls.__name__}'",
                "List the rows of one subclass.",
            )
        return One(row, ITSELF, first[0]) if first else row

    def _is_narrow(self, row: One) -> Outcome:
        """Say that a row is of a subclass; an error of the policy where it is not."""
        of_class = OfClass(row.owner, self._classes_of(row))
        owner = [row.owner]
        return Outcome(on_rows(of_class, owner), on_rows(negation(of_class), owner))

    def _exists(self, row: Row) -> Result:
        """Say that a row is there to be read; an error of the policy where it is not."""
        if not isinstance(row, One):
            return True
        link = self._model(row.owner.cls).members[row.relation]
        there = on_rows(TRUE, [row])
        missing = on_rows(Not(Having(row, TRUE)), [row.owner])
        if t.cast(Link, link).is_required:
            return Outcome(there, lacks=missing)
        return Outcome(there, missing)

    def _attribute(self, row: Row, name: str) -> t.Any:
        model = self._model(row.cls)
        member = model.members.get(name)
        if isinstance(member, Field):
            return Cell(Column(row, name, member))
        if isinstance(member, Link):
            if member.is_many:
                return Collection(row, name, member)
            self._model(member.cls)
            return Entity(One(row, name, member.cls))
        reason = model.refused.get(name)
        if reason is not None:
            raise self._refusal(
                f"'{name}' of '{row.cls.__name__}' is unknown without a row: {reason}",
                "Say it with columns and relations.",
            )
        error = self._refusal(f"'{row.cls.__name__}' has no column and no relation '{name}'", "")
        raise with_help(error, did_you_mean(name, model.members, quote="`"))

    def _call_method(self, value: t.Any, call: Call, result: t.Any, goal: Expression) -> Result:
        is_cell = isinstance(value, Cell) and field_of(value.operand).kind is Kind.TEXT
        args = [follow(arg) for arg in call.args]
        if not is_cell or call.name not in ("startswith", "endswith") or call.kwargs:
            raise self._refusal(
                f"the method '{call.name}' needs a row, and a list has none",
                "Say it with columns and relations. Of a text, `startswith` and `endswith` work.",
            )
        if len(args) != 1 or not isinstance(args[0], Value) or type(args[0].value) is not str:
            raise self._refusal(f"'{call.name}' needs one text that is known", "Write it out.")
        text, wanted = value.operand, args[0].value
        if "\0" in wanted:
            raise self._refusal(
                "databases end a text at NUL, in ways of their own", "Leave it out."
            )
        size = len(wanted.encode("utf-8", "surrogatepass"))
        part = Part(text, len(wanted), call.name == "endswith", size)
        condition = equal(part, wanted) if wanted else TRUE
        truth = Truth(on_rows(condition, rows_of(text)))
        self._push(self._unify_later, (result, truth, goal))
        return self._outcome(negation(null(text)), null(text), text)

    def _solve_new(self, payload: tuple[Expression, Frame]) -> Result:
        goal, frame = payload
        made, result = (self._operand(arg, frame) for arg in goal.args)
        if has_unknown_rows(made):
            raise self._refusal("an object cannot be made of rows", "Make it of known values.")
        value = Unknown("instance")
        self._push(self._unify_later, (result, value, goal))
        return self._ask(Expression(Operator.NEW, (made, t.cast(Term, value)), span=goal.span))

    # -- patterns -------------------------------------------------------------------------

    def _solve_isa(self, payload: tuple[Expression, Frame]) -> Result:
        goal, frame = payload
        return self._isa((goal.args[0], goal.args[1], frame, goal))

    def _isa(self, payload: tuple[t.Any, t.Any, t.Any, t.Any]) -> Result:
        term, pattern, frame, self._goal = payload
        value, pattern = self._operand(term, frame), self._operand(pattern, frame)
        if type(value) is Unknown:
            if type(pattern) is not Pattern:
                return self._unified(value, pattern)
            return self._defer(value, self._isa, (value, pattern, None, self._goal))
        if isinstance(value, OPEN):
            return self._isa_unknown(value, pattern)
        if has_unknown_rows(value):
            raise self._refusal("a list with rows in a pattern", "Match the elements.")
        if has_unknown_rows(pattern):
            return self._isa_known(value, pattern)
        return self._ask(Expression(Operator.ISA, (value, pattern), span=self._span()))

    def _isa_known(self, value: t.Any, pattern: t.Any) -> Result:
        """Match an object with a pattern that has unknown rows in it."""
        if type(pattern) is not Pattern:
            return self._unified(value, pattern)
        for name, inner in pattern.fields:
            self._push(self._match_known_field, (value, name, inner, self._goal))
        if pattern.tag is None:
            return True
        bare = Pattern(pattern.tag, span=pattern.span)
        return self._ask(Expression(Operator.ISA, (value, bare), span=self._span()))

    def _match_known_field(self, payload: tuple[t.Any, str, t.Any, t.Any]) -> Result:
        value, name, inner, self._goal = payload
        asker = self._known()
        with self._asking():
            found = asker.pattern_field(value, name, self._span())
        return False if found is None else self._isa((found, inner, None, self._goal))

    def _isa_unknown(self, value: t.Any, pattern: t.Any) -> Result:
        if type(pattern) is not Pattern:
            if type(pattern) is List:
                raise self._refusal("a column in a pattern of a list", "Compare it alone.")
            return self._unified(value, pattern)
        if isinstance(value, Entity):
            return self._isa_row(value.row, pattern)
        if not isinstance(value, Cell) or pattern.fields or pattern.tag is None:
            raise self._refusal(
                f"`{shown(value)}` in this pattern cannot be told without a row",
                "Compare columns.",
            )
        kind = field_of(value.operand).kind
        if kind not in _TYPES or pattern.tag not in self._host.classes:
            raise self._refusal(
                f"the class of `{shown(value)}` cannot be told without a row", "Compare it."
            )
        cls = self._host.classes[_TYPES[kind]]
        if not issubclass(cls, self._host.classes[pattern.tag]):
            if is_nullable(value.operand) and isinstance(None, self._host.classes[pattern.tag]):
                raise self._refusal("nil is of this class", "Test for nil.")
            return False
        return Outcome(on_rows(negation(null(value.operand)), rows_of(value.operand)))

    def _isa_row(self, row: Row, pattern: Pattern) -> Result:
        for name, inner in pattern.fields:
            self._push(self._match_field, (row, name, inner, pattern.tag, self._goal))
        return Outcome(self._class_test(row, pattern))

    def _class_test(self, row: Row, pattern: Pattern) -> Condition:
        tag = pattern.tag
        if tag is None:
            # Everything matches `{}`, and nil has none of the fields that rows have.
            return on_rows(TRUE, [row]) if pattern.fields else TRUE
        if tag not in RESERVED_NAMES and tag not in self._host.classes:
            message = located(tag, pattern.span) + meant_class(tag, self._host.classes)
            raise UnregisteredClassError(message)
        classes = self._classes_of(row)
        matching = tuple(cls for cls in classes if self._is_one(cls, tag))
        if tag not in RESERVED_NAMES and isinstance(None, self._host.classes[tag]):
            return TRUE if matching == classes else on_rows(TRUE, [row])
        if not matching:
            return FALSE
        test: Condition = TRUE if matching == classes else OfClass(row, matching)
        return on_rows(test, [row])

    def _is_one(self, cls: type, tag: str) -> bool:
        """Tell whether instances of exactly one class match a class or a union."""
        names = class_names(tag, self._program)
        return any(issubclass(cls, self._host.classes[name]) for name in names)

    def _match_field(self, payload: tuple[Row, str, t.Any, str | None, t.Any]) -> Result:
        row, name, inner, tag, self._goal = payload
        classes = self._classes_of(row)
        if tag is not None:
            classes = tuple(cls for cls in classes if self._is_one(cls, tag))
        narrow = self._narrowed(row, name, classes)
        model = self._model(narrow.cls)
        if model.members.get(name) is None and name not in model.refused:
            # A pattern takes no notice of what an object does not have.
            return False
        self._push(self._isa, (self._attribute(narrow, name), inner, None, self._goal))
        if narrow is row:
            return True
        return Outcome(on_rows(OfClass(row, self._classes_of(narrow)), [row]))


def _is_result(unknown: Unknown) -> bool:
    """Tell whether rewriting made a variable for the result of a lookup."""
    return unknown.origin is Origin.LOOKUP


def _in_range(sign: str, left: Operand, right: Operand) -> Iterator[Condition]:
    """Say that the result has 64 bits, and that nothing is NULL."""
    for mine, other in ((left, right), (right, left)):
        if isinstance(mine, Literal):
            continue
        least, most = _bounds(sign, other, mine is right)
        yield Comparison("<=", Literal(least), mine)
        yield Comparison("<=", mine, Literal(most))


def _bounds_of_factor(other: int) -> tuple[int, int]:
    least, most = numbers.INTEGER_MIN, numbers.INTEGER_MAX
    if other == 0:
        return least, most
    low, high = -(-least // abs(other)), most // abs(other)
    return (low, high) if other > 0 else (-high, min(most, -low))


def _bounds(sign: str, other: Operand, is_right: bool) -> tuple[int, int]:
    """Give the least and the greatest operand for which a result has 64 bits."""
    least, most = numbers.INTEGER_MIN, numbers.INTEGER_MAX
    if not isinstance(other, Literal):
        limit = _ROOT if sign == "*" else _HALF
        return -limit, limit
    number = other.value
    if sign == "*":
        return _bounds_of_factor(number)
    if sign == "+":
        return max(least, least - number), min(most, most - number)
    if is_right:
        return max(least, number - most), min(most, number - least)
    return max(least, least + number), min(most, most + number)
