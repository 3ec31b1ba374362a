"""What is left of a policy once only one argument is unknown: a condition on rows.

A small algebra of true and false: comparisons of columns, joined by and, or, not, and by
rows that have to exist. The functions ``conjunction``, ``disjunction``, ``negation`` and
``exists`` make conditions and simplify them as they do. What a database does with NULL is
not here: each condition is true or false of each row, and its translator keeps it so.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import typing as t
import uuid
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .schema import Field, ValueKind

# -- rows and values -----------------------------------------------------------------


@dataclass(frozen=True)
class Root:
    """The row that a condition is about; ``number`` tells several apart."""

    cls: type
    number: int = 0


@dataclass(frozen=True)
class KnownRow:
    """The row of an object that is known, whose relations are not read."""

    cls: type
    value: Literal


#: In the place of a relation: it leads from a row to itself, if that is of a subclass.
ITSELF = ""


@dataclass(frozen=True)
class ToOne:
    """The row that a relation to one leads to, if there is one."""

    owner: RowPath
    relation: str
    cls: type


@dataclass(frozen=True)
class ToMany:
    """A row among those that a relation to many leads to."""

    owner: RowPath
    relation: str
    cls: type
    number: int


RowPath = Root | KnownRow | ToOne | ToMany


@dataclass(frozen=True)
class Column:
    """An attribute of a row that holds a value."""

    row: RowPath
    name: str
    field: Field


#: Kinds of values that are compared by what they hold.
_VALUES = (bool, int, float, str, decimal.Decimal, uuid.UUID, enum.Enum)
_TIMES = (datetime.date, datetime.time, datetime.timedelta)


@dataclass(frozen=True, eq=False)
class Literal:
    """A value that is known. Equal to another of the same type and value: 1 is not true."""

    value: t.Any

    @functools.cached_property
    def _key(self) -> t.Any:
        if isinstance(self.value, _VALUES + _TIMES):
            return type(self.value), self.value
        return type(self.value), id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@dataclass(frozen=True)
class Arithmetic:
    """``left sign right`` with ``+``, ``-`` or ``*`` on integers."""

    sign: str
    left: Operand
    right: Operand


@dataclass(frozen=True)
class Substring:
    """The first, or the last, characters of a text.

    :param size: how many bytes those take, in UTF-8, that they are compared with.
    """

    text: Operand
    length: int
    at_end: bool = False
    size: int = 0


Operand = Column | Literal | Arithmetic | Substring


def relation_chains(parts: Iterable[t.Any]) -> tuple[tuple[KnownRow, tuple[str, ...]], ...]:
    """Give the relations that lead from objects to rows, one behind the other."""
    found: dict[tuple[KnownRow, tuple[str, ...]], None] = {}
    for part in parts:
        names: list[str] = []
        while isinstance(part, ToOne | ToMany):
            if part.relation != ITSELF:
                names.insert(0, part.relation)
            part = part.owner
        if names and isinstance(part, KnownRow):
            found[part, tuple(names)] = None
    return tuple(found)


# -- conditions ----------------------------------------------------------------------


@dataclass(frozen=True)
class Constant:
    """True of every row, or of none."""

    value: bool


@dataclass(frozen=True)
class And:
    """All of several conditions."""

    parts: tuple[RowCondition, ...]


@dataclass(frozen=True)
class Or:
    """At least one of several conditions."""

    parts: tuple[RowCondition, ...]


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    part: RowCondition


@dataclass(frozen=True)
class Comparison:
    """``left sign right`` with ``=``, ``<`` or ``<=``.

    Equal are two values of one kind, and NULL and NULL. Nothing is less than NULL, and
    NULL less than nothing.
    """

    sign: str
    left: Operand
    right: Operand
    #: Whether the policy has the sides the other way round, ``right > left``.
    is_turned: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class InValues:
    """A column has one of several values, none of which is NULL."""

    column: Operand
    values: tuple[Literal, ...]


@dataclass(frozen=True)
class IsNull:
    """A column has no value."""

    column: Operand


@dataclass(frozen=True)
class IsNan:
    """A column holds a number that is none."""

    column: Operand


@dataclass(frozen=True)
class HasCharacter:
    """A text has a character in it."""

    text: Operand
    character: str


@dataclass(frozen=True)
class HasElement:
    """A list has an element that is known."""

    collection: Operand
    element: Literal


@dataclass(frozen=True)
class IsObject:
    """A row is one of several objects."""

    row: RowPath
    objects: tuple[Literal, ...]


@dataclass(frozen=True)
class SameRow:
    """Two rows are one."""

    left: RowPath
    right: RowPath


@dataclass(frozen=True)
class OfClass:
    """A row is of exactly one of several classes."""

    row: RowPath
    classes: tuple[type, ...]


@dataclass(frozen=True)
class Exists:
    """There is a row, reached by a relation, for which a condition holds."""

    row: ToOne | ToMany
    part: RowCondition


@dataclass(frozen=True)
class SelfReference:
    """The condition that a closure of this number defines holds for another row."""

    number: int
    row: RowPath


@dataclass(frozen=True)
class Closure:
    """A row is in the smallest set that a condition defines in terms of itself.

    :param row: the row that is in the set.
    :param variable: stands for a row in ``first`` and ``next``.
    :param first: holds for the rows that begin the set.
    :param before: stands for a row of the set in ``next``.
    :param next: holds for a row and ``before`` if the row belongs to the set, too.
    """

    row: RowPath
    variable: Root
    first: RowCondition
    before: Root
    next: RowCondition


RowCondition = (
    Constant
    | And
    | Or
    | Not
    | Comparison
    | InValues
    | IsNull
    | IsNan
    | HasCharacter
    | HasElement
    | IsObject
    | SameRow
    | OfClass
    | Exists
    | SelfReference
    | Closure
)

TRUE = Constant(True)
FALSE = Constant(False)


@dataclass(frozen=True)
class Residual:
    """The rows of a class for which a question has the answer yes.

    :param cls: the class.
    :param root: what stands for a row in the condition.
    :param condition: what holds for exactly those rows.
    :param fails: what holds for the rows for which the question is an error, and may hold for
        others.
    :param objects: what is known of the rows that stand for objects in the condition.
    """

    cls: type
    root: Root
    condition: RowCondition
    fails: RowCondition = FALSE
    objects: Mapping[KnownRow, t.Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return show(self.condition)


# -- making conditions ---------------------------------------------------------------


def conjunction(*parts: RowCondition) -> RowCondition:
    """Make a condition of several that all have to hold.

    ``having(p, a) and having(p, b)  =>  having(p, a and b)``
    ``having(p, a) and not having(p, b)  =>  having(p, a and not b)``
    for a row ``p`` of which there is one at most.
    """
    found: dict[RowCondition, None] = {}
    for part in _flat(parts, And):
        if part == FALSE or _contrary(part) in found:
            return FALSE
        if part != TRUE:
            found.setdefault(part)
    return _made(_without_nulls(_merged_rows(list(found), conjunction)), And, TRUE)


def disjunction(*parts: RowCondition) -> RowCondition:
    """Make a condition of several of which one has to hold.

    ``having(p, a) or having(p, b)  =>  having(p, a or b)``, also for rows that a relation to
    many leads to; ``(a and c) or (b and c)  =>  (a or b) and c``; and equations of one column
    with values become one membership.
    """
    found: dict[RowCondition, None] = {}
    for part in _flat(parts, Or):
        if part == TRUE or _contrary(part) in found:
            return TRUE
        if part != FALSE:
            found.setdefault(part)
    merged = _merged_rows(_merged_values(_merged_elements(list(found))), disjunction)
    alternatives = _absorbed(merged)
    shared = _shared(alternatives)
    if shared:
        rest = (conjunction(*(c for c in _conjuncts(p) if c not in shared)) for p in alternatives)
        return conjunction(disjunction(*rest), *shared)
    return _made(alternatives, Or, FALSE)


def negation(part: RowCondition) -> RowCondition:
    """Make the opposite of a condition.

    ``not (a and b)  =>  not a or not b``; ``not a < b  =>  b <= a`` if neither is NULL or NaN.
    """
    if isinstance(part, Constant):
        return Constant(not part.value)
    if isinstance(part, Not):
        return part.part
    if isinstance(part, And):
        return disjunction(*map(negation, part.parts))
    if isinstance(part, Or):
        return conjunction(*map(negation, part.parts))
    if isinstance(part, Comparison) and _is_total(part) and not any(_nullable(part)):
        return _turned(part)
    return Not(part)


def exists(row: ToOne | ToMany, part: RowCondition) -> RowCondition:
    """Say that a row exists for which a condition holds.

    What does not speak of the row stands beside it:
    ``having(p, a and b)  =>  a and having(p, b)`` if ``a`` has no ``p`` in it.
    """
    if part == FALSE:
        return FALSE
    parts = part.parts if isinstance(part, And) else (part,)
    inside = [each for each in parts if mentions_row(each, row)]
    outside = [each for each in parts if not mentions_row(each, row)]
    if isinstance(part, Constant):
        return Exists(row, TRUE)
    held: RowCondition = Exists(row, conjunction(*inside))
    return conjunction(*outside, held) if outside else held


def where_rows_exist(atom: RowCondition, rows: Iterable[RowPath]) -> RowCondition:
    """Say that the rows which a condition reads exist, down from those that surely do."""
    if atom == FALSE:
        return FALSE
    needed: dict[ToOne, None] = {}
    for row in rows:
        chain: list[ToOne] = []
        while isinstance(row, ToOne):
            chain.append(row)
            row = row.owner
        needed.update(dict.fromkeys(reversed(chain)))
    for one in reversed(needed):
        atom = Exists(one, atom)
    return atom


def is_nullable(operand: Operand) -> bool:
    """Tell whether an operand may be NULL where its rows exist."""
    if isinstance(operand, Column):
        return operand.field.is_nullable
    if isinstance(operand, Arithmetic):
        return is_nullable(operand.left) or is_nullable(operand.right)
    if isinstance(operand, Substring):
        return is_nullable(operand.text)
    return False


def _contrary(part: RowCondition) -> RowCondition:
    """Give what surely contradicts a condition, without a look at what it consists of."""
    return part.part if isinstance(part, Not) else Not(part)


_Joined = type[And] | type[Or]


def _flat(parts: Iterable[RowCondition], kind: _Joined) -> Iterator[RowCondition]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _made(parts: list[RowCondition], kind: _Joined, empty: RowCondition) -> RowCondition:
    if len(parts) < 2:
        return parts[0] if parts else empty
    return t.cast(RowCondition, kind(tuple(parts)))


def _merged_rows(
    parts: list[RowCondition], join: Callable[..., RowCondition]
) -> list[RowCondition]:
    """Put what is said of one row at the end of a relation together."""
    by_row: dict[ToOne, list[RowCondition]] = {}
    for part in parts:
        if isinstance(part, Exists) and isinstance(part.row, ToOne):
            by_row.setdefault(part.row, []).append(part.part)
    if join is conjunction:
        for absent in _absent(parts):
            if absent.row in by_row:
                by_row[absent.row].append(negation(absent.part))
    if all(len(conditions) == 1 for conditions in by_row.values()):
        return parts
    made: list[RowCondition] = []
    for part in parts:
        plain = part.part if isinstance(part, Not) and join is conjunction else part
        row = plain.row if isinstance(plain, Exists) else None
        if row not in by_row:
            made.append(part)
        elif by_row[row]:
            made.append(exists(row, join(*by_row[row])))
            by_row[row] = []
    again = join(*made)
    kind = And if join is conjunction else Or
    return list(again.parts) if isinstance(again, kind) else [again]


def _absent(parts: Iterable[RowCondition]) -> Iterator[Exists]:
    """Give the rows of which conditions say that there is none."""
    for part in parts:
        if isinstance(part, Not) and isinstance(part.part, Exists):
            yield part.part


def _merged_elements(parts: list[RowCondition]) -> list[RowCondition]:
    """Ask once for a row of a relation to many where any of several conditions holds."""
    by_relation: dict[t.Any, list[Exists]] = {}
    for part in parts:
        if isinstance(part, Exists) and isinstance(part.row, ToMany):
            by_relation.setdefault((part.row.owner, part.row.relation), []).append(part)
    if all(len(group) == 1 for group in by_relation.values()):
        return parts
    made: list[RowCondition] = []
    for part in parts:
        if not isinstance(part, Exists) or not isinstance(part.row, ToMany):
            made.append(part)
            continue
        group = by_relation.pop((part.row.owner, part.row.relation), [])
        if group:
            made.append(exists(part.row, disjunction(*(_of(each, part.row) for each in group))))
    return made


def _of(part: Exists, row: ToMany) -> RowCondition:
    """Say of another row of the relation what holds for one."""
    return t.cast(RowCondition, rewrite(part.part, lambda p: row if p == part.row else None))


def _conjuncts(part: RowCondition) -> tuple[RowCondition, ...]:
    return part.parts if isinstance(part, And) else (part,)


def _shared(parts: list[RowCondition]) -> list[RowCondition]:
    """Give what all of several alternatives say."""
    if len(parts) < 2:
        return []
    others = [set(_conjuncts(part)) for part in parts[1:]]
    return [each for each in _conjuncts(parts[0]) if all(each in other for other in others)]


def _merged_values(parts: list[RowCondition]) -> list[RowCondition]:
    """Make one membership of the equations of a column, and of a row, with values."""
    values: dict[t.Any, dict[Literal, None]] = {}
    for part in parts:
        subject, literals = _equations(part)
        if subject is not None:
            values.setdefault(subject, {}).update(dict.fromkeys(literals))
    made: list[RowCondition] = []
    for part in parts:
        subject, _ = _equations(part)
        if subject is None:
            made.append(part)
        elif literals := tuple(values.pop(subject, ())):
            made.append(_membership(subject, literals))
    return made


def _membership(subject: t.Any, literals: tuple[Literal, ...]) -> RowCondition:
    if isinstance(subject, Root | KnownRow | ToOne | ToMany):
        return IsObject(subject, literals)
    return in_values(subject, literals)


def in_values(column: Operand, values: tuple[Literal, ...]) -> RowCondition:
    """Say that a column has one of several values, none of which is NULL."""
    if len(values) > 1:
        return InValues(column, values)
    return Comparison("=", column, values[0]) if values else FALSE


def _equations(part: RowCondition) -> tuple[t.Any, tuple[Literal, ...]]:
    if isinstance(part, InValues):
        return part.column, part.values
    if isinstance(part, IsObject):
        return part.row, part.objects
    if not isinstance(part, Comparison) or part.sign != "=":
        return None, ()
    is_known = isinstance(part.right, Literal) and not isinstance(part.left, Literal)
    return (part.left, (t.cast(Literal, part.right),)) if is_known else (None, ())


def _absorbed(parts: list[RowCondition]) -> list[RowCondition]:
    """Leave out what another alternative covers: ``a or (a and b)  =>  a``."""
    if len(parts) > _FEW:
        return parts
    whole = [set(part.parts) if isinstance(part, And) else {part} for part in parts]
    return [
        part
        for number, part in enumerate(parts)
        if not any(other < whole[number] for at, other in enumerate(whole) if at != number)
    ]


#: Among so many alternatives, at most, each is compared with each.
_FEW = 40


#: What may be NaN, which is neither less than a number nor not.
NAN_KINDS = (ValueKind.FLOAT, ValueKind.DECIMAL)


def _is_total(comparison: Comparison, numbers: Container[Operand] = ()) -> bool:
    """Tell whether values without NULL are in one order or the other.

    :param numbers: the columns that are known to hold no NaN.
    """
    columns = [*columns_of(comparison.left), *columns_of(comparison.right)]
    return comparison.sign != "=" and all(
        column.field.kind not in NAN_KINDS or column in numbers for column in columns
    )


def _nullable(comparison: Comparison) -> Iterator[Operand]:
    """Give the columns of a comparison that may be NULL."""
    for side in (comparison.left, comparison.right):
        yield from (each for each in columns_of(side) if each.field.is_nullable)


def columns_of(operand: Operand) -> Iterator[Column]:
    """Give the columns that a value is computed from."""
    if isinstance(operand, Column):
        yield operand
    elif isinstance(operand, Arithmetic):
        yield from columns_of(operand.left)
        yield from columns_of(operand.right)
    elif isinstance(operand, Substring):
        yield from columns_of(operand.text)


def _turned(comparison: Comparison) -> Comparison:
    sign = "<=" if comparison.sign == "<" else "<"
    return Comparison(sign, comparison.right, comparison.left, not comparison.is_turned)


def _without_nulls(parts: list[RowCondition]) -> list[RowCondition]:
    """Use that a column has a value: ``not a < b and not a = NULL  =>  b <= a``.

    An ordering says itself that its columns have values, and are numbers.
    """
    filled, numbers = _said(parts, IsNull), _said(parts, IsNan)
    if not filled and not numbers:
        return parts
    turned = [_turned_if(part, filled, numbers) for part in parts]
    implied = {
        column
        for part in turned
        if isinstance(part, Comparison) and _has_values(part)
        for side in (part.left, part.right)
        for column in columns_of(side)
    }
    kept = [
        part
        for part in turned
        if not (
            isinstance(part, Not)
            and isinstance(part.part, IsNull | IsNan)
            and part.part.column in implied
        )
    ]
    return kept


def _said(parts: list[RowCondition], kind: type[IsNull] | type[IsNan]) -> set[Operand]:
    """Give the columns of which something is denied."""
    return {
        part.part.column for part in parts if isinstance(part, Not) and isinstance(part.part, kind)
    }


def _has_values(comparison: Comparison) -> bool:
    """Tell whether a comparison that holds says that its columns have values."""
    if comparison.sign != "=":
        return True
    return isinstance(comparison.left, Literal) or isinstance(comparison.right, Literal)


def _turned_if(part: RowCondition, filled: set[Operand], numbers: set[Operand]) -> RowCondition:
    if not isinstance(part, Not) or not isinstance(part.part, Comparison):
        return part
    is_filled = all(column in filled for column in _nullable(part.part))
    return _turned(part.part) if is_filled and _is_total(part.part, numbers) else part


# -- looking into conditions ---------------------------------------------------------


def parts_of(condition: t.Any) -> tuple[t.Any, ...]:
    """Give the conditions, rows and values directly in one of them."""
    if isinstance(condition, And | Or):
        return condition.parts
    if isinstance(condition, Not):
        return (condition.part,)
    if isinstance(condition, Comparison | SameRow):
        return condition.left, condition.right
    if isinstance(condition, Arithmetic):
        return condition.left, condition.right
    if isinstance(condition, InValues | IsNull | IsNan):
        return (condition.column,)
    if isinstance(condition, HasCharacter | Substring):
        return (condition.text,)
    if isinstance(condition, HasElement):
        return (condition.collection,)
    if isinstance(condition, IsObject | OfClass | SelfReference | Column):
        return (condition.row,)
    if isinstance(condition, Exists):
        return condition.row, condition.part
    if isinstance(condition, ToOne | ToMany):
        return (condition.owner,)
    if isinstance(condition, Closure):
        return condition.row, condition.first, condition.next
    return ()


def walk_condition(condition: t.Any) -> Iterator[t.Any]:
    """Give a condition and all that is in it."""
    stack = [condition]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(parts_of(part))


def mentions_row(condition: t.Any, row: RowPath) -> bool:
    """Tell whether a condition speaks of a row."""
    return any(part == row for part in walk_condition(condition))


def rewrite(condition: t.Any, change: Callable[[t.Any], t.Any]) -> t.Any:
    """Make a condition anew.

    :param change: gives what stands for a part of it, or ``None`` to go into the part.
    """
    new = change(condition)
    if new is not None:
        return new

    def again(part: t.Any) -> t.Any:
        return rewrite(part, change)

    if isinstance(condition, And):
        return conjunction(*map(again, condition.parts))
    if isinstance(condition, Or):
        return disjunction(*map(again, condition.parts))
    if isinstance(condition, Not):
        return negation(again(condition.part))
    if isinstance(condition, Exists):
        return exists(again(condition.row), again(condition.part))
    return _rebuilt(condition, again)


def _rebuilt(condition: t.Any, again: Callable[[t.Any], t.Any]) -> t.Any:
    if isinstance(condition, Comparison):
        sides = again(condition.left), again(condition.right)
        return Comparison(condition.sign, *sides, condition.is_turned)
    if isinstance(condition, Arithmetic):
        return Arithmetic(condition.sign, again(condition.left), again(condition.right))
    if isinstance(condition, Substring):
        return Substring(again(condition.text), condition.length, condition.at_end, condition.size)
    if isinstance(condition, InValues):
        return InValues(again(condition.column), condition.values)
    if isinstance(condition, IsNull):
        return IsNull(again(condition.column))
    if isinstance(condition, IsNan):
        return IsNan(again(condition.column))
    if isinstance(condition, HasCharacter):
        return HasCharacter(again(condition.text), condition.character)
    if isinstance(condition, HasElement):
        return HasElement(again(condition.collection), condition.element)
    if isinstance(condition, IsObject):
        return IsObject(again(condition.row), condition.objects)
    if isinstance(condition, SameRow):
        return SameRow(again(condition.left), again(condition.right))
    if isinstance(condition, OfClass):
        return OfClass(again(condition.row), condition.classes)
    if isinstance(condition, SelfReference):
        return SelfReference(condition.number, again(condition.row))
    if isinstance(condition, Column):
        return Column(again(condition.row), condition.name, condition.field)
    if isinstance(condition, ToOne):
        return ToOne(again(condition.owner), condition.relation, condition.cls)
    if isinstance(condition, ToMany):
        owner = again(condition.owner)
        return ToMany(owner, condition.relation, condition.cls, condition.number)
    if isinstance(condition, Closure):
        row, first = again(condition.row), again(condition.first)
        return Closure(row, condition.variable, first, condition.before, again(condition.next))
    return condition


# -- printing ------------------------------------------------------------------------


def show(condition: t.Any) -> str:
    """Print a condition, or a part of one."""
    return _show(condition, 0)


def _show(part: t.Any, level: int) -> str:
    if isinstance(part, And | Or):
        mine, word = (2, " and ") if isinstance(part, And) else (1, " or ")
        text = word.join(_show(each, mine) for each in part.parts)
        return f"({text})" if level > mine else text
    if isinstance(part, Not):
        return f"not {_show(part.part, 3)}"
    text = _show_atom(part)
    return f"({text})" if level > 2 and isinstance(part, Comparison | InValues | IsNull) else text


def _show_atom(part: t.Any) -> str:
    if isinstance(part, Constant):
        return "true" if part.value else "false"
    if isinstance(part, Comparison | Arithmetic):
        return f"{_show(part.left, 3)} {part.sign} {_show(part.right, 3)}"
    if isinstance(part, InValues):
        return f"{show(part.column)} in [{_listed(part.values)}]"
    if isinstance(part, IsNull):
        return f"{show(part.column)} = nil"
    if isinstance(part, IsNan):
        return f"{show(part.column)} is no number"
    if isinstance(part, HasCharacter):
        return f"{_show_literal(part.character)} in {show(part.text)}"
    if isinstance(part, HasElement):
        return f"{show(part.element)} in {show(part.collection)}"
    if isinstance(part, IsObject):
        word = "=" if len(part.objects) == 1 else "in"
        listed = _listed(part.objects)
        return f"{show(part.row)} {word} {listed if word == '=' else f'[{listed}]'}"
    if isinstance(part, SameRow):
        return f"{show(part.left)} = {show(part.right)}"
    if isinstance(part, OfClass):
        return f"{show(part.row)} is a {' or '.join(cls.__name__ for cls in part.classes)}"
    if isinstance(part, Exists) and part.row.relation == ITSELF:
        return f"exists({show(part.row)} as {part.row.cls.__name__}{_show_where(part)})"
    if isinstance(part, Exists):
        return f"exists({show(part.row)}{_show_where(part)})"
    if isinstance(part, SelfReference):
        return f"set_{part.number}({show(part.row)})"
    if isinstance(part, Closure):
        return (
            f"{show(part.row)} in closure({show(part.variable)}: {show(part.first)};"
            f" {show(part.before)}: {show(part.next)})"
        )
    return _show_value(part)


def _show_where(part: Exists) -> str:
    among_rows = f" in {show(part.row.owner)}.{part.row.relation}"
    where = "" if part.part == TRUE else f": {show(part.part)}"
    return f"{among_rows if isinstance(part.row, ToMany) else ''}{where}"


def _show_value(part: t.Any) -> str:
    if isinstance(part, Root):
        return f"{part.cls.__name__.lower()}{part.number or ''}"
    if isinstance(part, KnownRow):
        return show(part.value)
    if isinstance(part, ToOne) and part.relation == ITSELF:
        return show(part.owner)
    if isinstance(part, ToOne):
        return f"{show(part.owner)}.{part.relation}"
    if isinstance(part, ToMany):
        return f"{part.cls.__name__.lower()}_{part.number}"
    if isinstance(part, Column):
        return f"{show(part.row)}.{part.name}"
    if isinstance(part, Substring):
        return f"{'last' if part.at_end else 'first'}({show(part.text)}, {part.length})"
    if isinstance(part, Literal):
        return _show_literal(part.value)
    raise AssertionError(f"A {type(part).__name__} is no part of a condition.")


def _listed(literals: tuple[Literal, ...]) -> str:
    return ", ".join(map(show, literals))


def _show_literal(value: t.Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and type(value) is str:
        return f'"{value}"'
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, _VALUES + _TIMES):
        return str(value)
    # INVARIANT: never the repr of an object, which may hold secrets.
    return f"<{type(value).__name__} object>"
