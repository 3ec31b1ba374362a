"""The conditions on rows that partial evaluation makes: the nodes, and how to walk them.

A condition is true or false of each row. Atoms compare columns with values; ``And``, ``Or`` and
``Not`` join them; ``Exists`` says that a related row exists. A condition does not depend on a
database: what NULL means is fixed here, and each translator has to keep it. ``simplify`` makes
conditions, ``show`` prints them.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import functools
import operator
import typing as t
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .schema import Field

_Node = t.TypeVar("_Node")


@t.dataclass_transform(frozen_default=True, field_specifiers=(field,))
def _node(cls: type[_Node]) -> type[_Node]:
    """Make a frozen dataclass that keeps its hash: nodes are looked up often, and may be large.

    It is frozen for type checkers alone: what Python does to freeze one takes most of the time to
    make it, and thousands are made for a list.
    """
    made: t.Any = dataclass(unsafe_hash=True)(cls)
    compute = made.__hash__

    def __hash__(self: t.Any) -> int:
        known: int | None = self.__dict__.get("_hash")
        if known is None:
            known = self.__dict__["_hash"] = compute(self)
        return known

    made.__hash__ = __hash__
    return t.cast(type[_Node], made)


# -- rows and values -----------------------------------------------------------------


@_node
class Root:
    """The row that a condition is about; ``number`` tells several apart."""

    cls: type
    number: int = 0


@_node
class KnownRow:
    """The row of a known object. A statement reads its relations; Python does not."""

    cls: type
    value: Literal


#: The name of the relation from a row to itself, as a row of a subclass.
ITSELF = ""


@_node
class ToOne:
    """The row at the end of a to-one relation, if there is one."""

    owner: RowPath
    relation: str
    cls: type


@_node
class ToMany:
    """One of the rows of a to-many relation."""

    owner: RowPath
    relation: str
    cls: type
    number: int


RowPath = Root | KnownRow | ToOne | ToMany


@_node
class Column:
    """An attribute of a row that holds a value."""

    row: RowPath
    name: str
    field: Field


#: The types whose values are equal by what they hold, and may be printed.
VALUE_TYPES = (
    bool, int, float, str, decimal.Decimal, uuid.UUID, enum.Enum,
    datetime.date, datetime.time, datetime.timedelta,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Literal:
    """A known value. It equals one of the same type and value: 1 is not true."""

    value: t.Any

    @functools.cached_property
    def _key(self) -> t.Any:
        if isinstance(self.value, VALUE_TYPES):
            return type(self.value), self.value
        return type(self.value), id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@_node
class Arithmetic:
    """``left sign right`` with ``+``, ``-``, ``*``, ``mod`` or ``rem`` on integers."""

    sign: str
    left: RowValue
    right: RowValue


@_node
class Substring:
    """The first or the last characters of a text.

    :param size: the length in bytes of UTF-8 of the text that it is compared with.
    """

    text: RowValue
    length: int
    at_end: bool = False
    size: int = 0


@_node
class CaseMapped:
    """A text as a method of Python makes it: ``lower``, ``upper`` or ``casefold``.

    No database knows all letters that Python knows. Where it meets a text it becomes ``Replaced``.
    """

    text: RowValue
    method: str


@_node
class Replaced:
    """A text in which some characters are replaced, each as a method of Python does."""

    text: RowValue
    method: str
    pairs: tuple[tuple[str, str], ...]


@_node
class Position:
    """The number of characters before the first place of a text in another; -1 without one."""

    text: RowValue
    wanted: str


@_node
class Entry:
    """What JSON in a column has under keys, one within the other; without keys, all of it."""

    document: Column
    keys: tuple[str, ...] = ()


@_node
class MemberPart:
    """``name`` or ``value`` of a member of an enumeration; it meets values that are known only."""

    column: Column
    name: str


RowValue = (
    Column
    | Literal
    | Arithmetic
    | Substring
    | CaseMapped
    | Replaced
    | Position
    | Entry
    | MemberPart
)


def columns_of(operand: RowValue) -> Iterator[Column]:
    """Yield the columns that an operand is computed from, from left to right."""
    if isinstance(operand, Column):
        yield operand
    else:
        for part in children_of(operand):
            yield from columns_of(part)


def rows_of(*operands: RowValue) -> list[RowPath]:
    """Return the rows that operands are read from."""
    return [column.row for each in operands for column in columns_of(each)]


def is_nullable(operand: RowValue) -> bool:
    """Tell whether an operand may be NULL where its rows exist."""
    return any(column.field.is_nullable for column in columns_of(operand))


def relation_chains(parts: Iterable[t.Any]) -> tuple[tuple[KnownRow, tuple[str, ...]], ...]:
    """Return the chains of relations by which parts of a condition start from known objects.

    Who follows a chain to its end comes by the ends of those that are its beginning.
    """
    found = dict.fromkeys(filter(None, map(chain_of, parts)))
    begun = {(owner, names[:end]) for owner, names in found for end in range(len(names))}
    return tuple(each for each in found if each[1] and each not in begun)


def chain_of(part: t.Any) -> tuple[KnownRow, tuple[str, ...]] | None:
    """Return the known object that a row starts from, and the relations that lead to the row."""
    names: list[str] = []
    while isinstance(part, ToOne | ToMany):
        if part.relation != ITSELF:
            names.insert(0, part.relation)
        part = part.owner
    return (part, tuple(names)) if isinstance(part, KnownRow) else None


# -- conditions ----------------------------------------------------------------------


@_node
class Constant:
    """True of every row, or of none. There are two, so that they are compared with ``is``."""

    value: bool


@_node
class And:
    """All of several conditions."""

    parts: tuple[RowCondition, ...]


@_node
class Or:
    """At least one of several conditions."""

    parts: tuple[RowCondition, ...]


@_node
class Not:
    """The negation of a condition."""

    part: RowCondition


@_node
class Comparison:
    """``left sign right`` with ``=``, ``<`` or ``<=``.

    Two values of one kind may be equal, and NULL equals NULL. An ordering with NULL is false.
    """

    sign: str
    left: RowValue
    right: RowValue
    #: Whether the policy has the sides the other way round: ``right > left``.
    is_turned: bool = field(default=False, compare=False)


@_node
class InValues:
    """A column has one of several values, none of which is NULL."""

    column: RowValue
    values: tuple[Literal, ...]


@_node
class AmongGiven:
    """A column has one of the values of a list that an object gives, none of which is NULL."""

    column: RowValue
    given: Column


@_node
class IsNull:
    """A column is NULL."""

    column: RowValue


@_node
class IsNan:
    """A column is NaN."""

    column: RowValue


@_node
class HasCharacter:
    """A text contains a character."""

    text: RowValue
    character: str


class PartPlace(enum.Enum):
    """Where in a text another one has to be; the value is the method that asks."""

    START = "startswith"
    END = "endswith"
    ANYWHERE = "__contains__"


@_node
class HasPart:
    """A text begins with another, ends with it, or contains it; both are known of a row only."""

    text: RowValue
    part: RowValue
    place: PartPlace


class EntryKind(enum.Enum):
    """What JSON may be; the value is its name."""

    RECORD = "object"
    TEXT = "string"
    BOOLEAN = "boolean"
    NOTHING = "null"
    LIST = "array"


@_node
class HasEntry:
    """There is an entry of one of several kinds, or of any kind if there are none; never NULL."""

    entry: Entry
    kinds: tuple[EntryKind, ...] = ()


@_node
class EntryEquals:
    """There is an entry, and it is a text or a boolean that is known; never NULL."""

    entry: Entry
    value: RowValue


@_node
class EntryHasValue:
    """A text, an integer or nil that is known is in a list, or in a text; never NULL."""

    entry: Entry
    value: RowValue


@_node
class HasElement:
    """A list contains a known element."""

    collection: RowValue
    element: Literal


@_node
class HasResult:
    """A calculation raises nothing, which is known once a template has the value of an object."""

    calculated: RowValue


@_node
class DecidedLater:
    """A condition that is made once a template has the value of an object.

    :param make: makes it of the operand and the value.
    """

    operand: RowValue
    value: Column
    make: t.Callable[[RowValue, t.Any], RowCondition]


@_node
class IsObject:
    """A row is that of one of several objects."""

    row: RowPath
    objects: tuple[Literal, ...]


@_node
class SameRow:
    """Two rows are the same one."""

    left: RowPath
    right: RowPath


@_node
class SameLink:
    """Two to-one relations have the same foreign key, which is not NULL.

    They lead to the same row, or, where there is no row with this key, both to none.
    """

    left: ToOne
    right: ToOne


@_node
class Unlinked:
    """The foreign key of a to-one relation is NULL."""

    row: ToOne


@_node
class OfClass:
    """A row is of exactly one of several classes."""

    row: RowPath
    classes: tuple[type, ...]


@_node
class Exists:
    """A related row exists for which a condition holds."""

    row: ToOne | ToMany
    part: RowCondition


@_node
class SelfReference:
    """The condition of the recursion with this number, for another row."""

    number: int
    row: RowPath


@_node
class Closure:
    """A row is in the smallest set of rows that a recursive condition defines.

    :param row: the row that is in the set.
    :param variable: stands for a row in ``first`` and ``next``.
    :param first: holds for the rows that are in the set without recursion.
    :param before: stands for a row of the set in ``next``.
    :param next: holds for a row and ``before`` if the row is then in the set, too.
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
    | AmongGiven
    | IsNull
    | IsNan
    | HasCharacter
    | HasPart
    | HasElement
    | HasEntry
    | EntryEquals
    | EntryHasValue
    | HasResult
    | DecidedLater
    | IsObject
    | SameRow
    | SameLink
    | Unlinked
    | OfClass
    | Exists
    | SelfReference
    | Closure
)

TRUE: t.Final = Constant(True)
FALSE: t.Final = Constant(False)


def constant(value: bool) -> Constant:
    """Return the condition that is true of every row, or of none."""
    return TRUE if value else FALSE


# -- walking -------------------------------------------------------------------------

#: What fields are annotated with that hold a condition, a row or a value, and are walked into.
_WALKED = frozenset(
    {"RowCondition", "RowPath", "RowValue", "Column", "Entry", "ToOne", "ToOne | ToMany"}
)
#: The fields of each node, and whether they are such; ``And`` and ``Or`` have many parts.
_FIELDS = {
    cls: [(each.name, each.type in _WALKED) for each in dataclasses.fields(cls)]
    for cls in (*t.get_args(RowCondition), *t.get_args(RowValue), ToOne, ToMany)
    if cls not in (And, Or, Constant, Literal)
}


def _getter(names: list[str]) -> t.Callable[[t.Any], tuple[t.Any, ...]]:
    """Return what gives the values of some attributes, in one step where these are several."""
    if len(names) == 1:
        (name,) = names
        return lambda node: (getattr(node, name),)
    return operator.attrgetter(*names) if names else lambda node: ()


#: What gives the conditions, rows and values directly in a node.
_CHILDREN = {
    cls: _getter([name for name, is_child in _FIELDS[cls] if is_child]) for cls in _FIELDS
} | dict.fromkeys((And, Or), operator.attrgetter("parts"))
_ROWS = frozenset({Root, KnownRow, ToOne, ToMany})
#: What conditions are compared by, without the numbers of rows.
_SHAPED = {
    cls: [
        (each.name, each.type in _WALKED)
        for each in dataclasses.fields(cls)
        if each.compare and each.type != "Root" and (cls is not ToMany or each.name != "number")
    ]
    for cls in _FIELDS
}


def is_of_object(operand: t.Any) -> bool:
    """Tell whether an operand is the value of a known object."""
    return isinstance(operand, Column) and isinstance(operand.row, KnownRow)


def conjuncts_of(part: RowCondition) -> tuple[RowCondition, ...]:
    """Return the conjuncts of a condition."""
    return part.parts if isinstance(part, And) else (part,)


def disjuncts_of(part: RowCondition) -> tuple[RowCondition, ...]:
    """Return the alternatives of a condition."""
    return part.parts if isinstance(part, Or) else (part,)


def children_of(node: t.Any) -> tuple[t.Any, ...]:
    """Return the conditions, rows and values directly in a node."""
    children = _CHILDREN.get(type(node))
    return () if children is None else children(node)


def walk_condition(condition: t.Any) -> Iterator[t.Any]:
    """Yield a condition and everything in it."""
    stack = [condition]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(children_of(part))


def contains(condition: t.Any, kind: type) -> bool:
    """Tell whether a part of a condition is of a class of nodes."""
    return kind in kinds_in(condition)


def kinds_in(node: t.Any) -> frozenset[type]:
    """Return the classes of a condition and of all in it. They are kept with it."""
    kept: frozenset[type] | None = node.__dict__.get("_kinds")
    if kept is None:
        own = frozenset((type(node),))
        kept = node.__dict__["_kinds"] = own.union(*map(kinds_in, children_of(node)))
    return kept


def rows_in(node: t.Any) -> frozenset[RowPath]:
    """Return the rows that occur in a condition, a value or a row. They are kept with it."""
    kept: frozenset[RowPath] | None = node.__dict__.get("_rows")
    if kept is None:
        own = (node,) if type(node) in _ROWS else ()
        kept = node.__dict__["_rows"] = frozenset(own).union(*map(rows_in, children_of(node)))
    return kept


def asked_rows(node: t.Any) -> frozenset[RowPath]:
    """Return the rows that a condition asks for itself, at any depth. They are kept with it."""
    kept = node.__dict__.get("_asked")
    if kept is None:
        own: tuple[RowPath, ...] = (node.row,) if isinstance(node, Exists) else ()
        if isinstance(node, Closure):
            own = node.variable, node.before
        kept = node.__dict__["_asked"] = frozenset(own).union(*map(asked_rows, children_of(node)))
    return t.cast(frozenset[RowPath], kept)


def mentions_row(condition: t.Any, row: RowPath) -> bool:
    """Tell whether a row occurs in a condition."""
    return row in rows_in(condition)


def is_of_outer_rows(node: Closure) -> bool:
    """Tell whether a recursion depends on rows around it, so that it has a set for each of them."""
    own = {node.variable, node.before} | asked_rows(node.first) | asked_rows(node.next)
    return any(
        isinstance(each, Root | ToMany) and each not in own
        for each in rows_in(node.first) | rows_in(node.next)
    )


def map_parts(node: t.Any, change: t.Callable[[t.Any], t.Any]) -> t.Any:
    """Return an atom, a row or a value with each of its parts changed; itself if none is."""
    fields = _FIELDS.get(type(node))
    if fields is None:
        return node
    values, is_changed = [], False
    for name, is_child in fields:
        value = getattr(node, name)
        new = change(value) if is_child else value
        is_changed = is_changed or new is not value
        values.append(new)
    return type(node)(*values) if is_changed else node


def separated(node: t.Any) -> t.Any:
    """Copy a condition, so that no part of it stands in two places.

    One that does has one parameter in a statement, where another column has two for the same: what
    both look up would be no common list.
    """
    kind = type(node)
    if kind is And or kind is Or:
        return kind(tuple(map(separated, node.parts)))
    values = [
        separated(getattr(node, name)) if is_child else getattr(node, name)
        for name, is_child in _FIELDS.get(kind, ())
    ]
    return kind(*values) if values else node


def with_row(node: t.Any, old: RowPath, new: RowPath) -> t.Any:
    """Return a simplified condition about another row, which it did not mention: as simple."""
    if node == old:
        return new
    if old not in rows_in(node):
        return node
    if isinstance(node, And | Or):
        return type(node)(tuple([with_row(part, old, new) for part in node.parts]))
    if isinstance(node, Closure) and node.row == old and not _is_about(node, old):
        # Its own rows have names that are known within it alone.
        return dataclasses.replace(node, row=new)
    return map_parts(node, lambda part: with_row(part, old, new))


def _is_about(node: Closure, row: RowPath) -> bool:
    """Tell whether the set itself depends on a row around it. One of its own may have its name."""
    return row != node.variable and (mentions_row(node.first, row) or mentions_row(node.next, row))


def renumbered(condition: RowCondition) -> RowCondition:
    """Number the rows that a condition names itself by how many names are around each.

    Two conditions that differ in these numbers only give the same. It is kept with the condition,
    as its hash is.
    """
    if not isinstance(condition, Or | And | Not | Exists | Closure):
        return condition
    kept = condition.__dict__.get("_renumbered")
    if kept is None:
        has_names = any(map(_is_naming, walk_condition(condition)))
        kept = _renamed(condition, {}, 0) if has_names else condition
        condition.__dict__["_renumbered"] = kept
    return t.cast(RowCondition, kept)


def is_renumbered(one: RowCondition, other: RowCondition) -> bool:
    """Tell whether two conditions differ in nothing, or in the numbers of rows that they name.

    Two of which ``shape_of`` gives different numbers differ in more.
    """
    return one == other or renumbered(one) == renumbered(other)


def shape_of(node: t.Any) -> int:
    """Return a number that conditions share which differ in numbers of rows only.

    It is kept with the condition, as its hash is.
    """
    kind = type(node)
    if kind is Root:
        return hash(node.cls)
    fields = _SHAPED.get(kind)
    if fields is None and kind is not And and kind is not Or:
        return hash(node)
    kept: int | None = node.__dict__.get("_shape")
    if kept is None:
        if fields is None:
            values = [*map(shape_of, node.parts)]
        else:
            named = [(getattr(node, name), is_child) for name, is_child in fields]
            values = [shape_of(value) if is_child else hash(value) for value, is_child in named]
        kept = node.__dict__["_shape"] = hash((type(node), *values))
    return kept


def _is_naming(part: t.Any) -> bool:
    return isinstance(part, Closure) or (isinstance(part, Exists) and isinstance(part.row, ToMany))


def _renamed(node: t.Any, names: t.Mapping[t.Any, int], depth: int) -> t.Any:
    """Copy a part of a condition with other numbers.

    :param names: the new numbers of rows that are named around it.
    :param depth: how many names are around it.
    """

    def again(part: t.Any) -> t.Any:
        return _renamed(part, names, depth)

    if isinstance(node, And | Or):
        return type(node)(tuple(map(again, node.parts)))
    if isinstance(node, Root | ToMany):
        made = map_parts(node, again) if isinstance(node, ToMany) else node
        return dataclasses.replace(made, number=names[node]) if node in names else made
    # No row that the evaluator names has a number below zero.
    if isinstance(node, Exists) and isinstance(node.row, ToMany):
        inner = {**names, node.row: -1 - depth}
        row = dataclasses.replace(map_parts(node.row, again), number=-1 - depth)
        return Exists(row, _renamed(node.part, inner, depth + 1))
    if isinstance(node, Closure):
        inner = {**names, node.variable: -1 - depth, node.before: -2 - depth}
        roots = [
            dataclasses.replace(each, number=inner[each]) for each in (node.variable, node.before)
        ]
        first, following = (_renamed(each, inner, depth + 2) for each in (node.first, node.next))
        return Closure(again(node.row), roots[0], first, roots[1], following)
    return map_parts(node, again)
