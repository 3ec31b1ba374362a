"""Residuals as ``DataFilter``s, for data adapters written for oso 0.27.

In goes a ``Residual`` about classes whose fields were declared with ``register_class``; out
comes a ``DataFilter``: alternatives of comparisons, and inner joins. A filter has one row of each
class: more is refused. Where a to-one relation is nil, it may omit a row that a check allows.
``outline`` is the text that ``POLAR_EXPLAIN`` prints for a list, in the layout of oso 0.27.3.
"""

from __future__ import annotations

import contextlib
import itertools
import typing as t
from collections.abc import Container, Iterator, Sequence

from ..exceptions import OperationalError, OsoError, UnsupportedError
from ..host.data_adapter import Condition as Test
from ..host.data_adapter import DataAdapter, DataFilter, Join, Projection, Relation
from ..host.registry import Host
from ..solver.class_tests import derives
from .algebra.ir import (
    FALSE,
    ITSELF,
    TRUE,
    And,
    Column,
    Comparison,
    Constant,
    Exists,
    HasCharacter,
    HasElement,
    InValues,
    IsNull,
    IsObject,
    Literal,
    Not,
    Or,
    RowCondition,
    RowPath,
    RowValue,
    SameRow,
    ToMany,
    ToOne,
    conjuncts_of,
    disjuncts_of,
    walk_condition,
)
from .algebra.outcomes import Residual
from .algebra.schema import Field, Link, LoadedList, Model, ValueKind
from .algebra.show import show
from .algebra.simplify import conjunction, negation
from .templates import with_objects

#: The most alternatives of one filter.
MAX_ALTERNATIVES = 1_000
#: With more alternatives than this, they are not compared with each other.
_FEW = 40

_KINDS: dict[t.Any, ValueKind] = {
    bool: ValueKind.BOOLEAN,
    int: ValueKind.INTEGER,
    float: ValueKind.FLOAT,
    str: ValueKind.TEXT,
    list: ValueKind.LIST,
    dict: ValueKind.DICTIONARY,
}
_OPPOSITES = {"Eq": "Neq", "In": "Nin"}
_MIRRORED = {"Lt": "Gt", "Leq": "Geq"}


class DeclaredSchema:
    """The schema that ``register_class(fields=...)`` declares.

    An attribute that is not declared may have any value.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def model(self, cls: type) -> Model | None:
        """Return the model of a registered class."""
        if cls not in self._host.fields:
            return None
        registered = self._host.classes.values()
        classes = [cls, *(each for each in registered if each is not cls and derives(each, cls))]
        refused: dict[str, str] = {}
        members = _Members(refused)
        for name, declared in self._host.fields[cls].items():
            if isinstance(declared, Relation):
                other = self._host.classes.get(declared.other_type)
                if other is None or declared.kind not in ("one", "many"):
                    refused[name] = "its relation leads to no registered class"
                else:
                    members[name] = Link(other, declared.kind == "many")
            else:
                members[name] = _declared(declared)
        return Model(cls, tuple(dict.fromkeys(classes)), members, refused)

    def is_stored(self, value: t.Any, names: Sequence[str] = ()) -> bool:
        """Return ``False``: relations of objects are read in Python."""
        return False

    def loaded_lists(self, value: t.Any, names: Sequence[str]) -> Sequence[LoadedList] | None:
        """Return ``None``: relations of objects are read in Python."""
        return None

    def reading(self, objects: Sequence[t.Any]) -> contextlib.AbstractContextManager[None]:
        """Return a context without effect."""
        return contextlib.nullcontext()

    def is_unread(self, error: Exception) -> bool:
        """Return ``False``: an adapter reads no objects."""
        return False

    def has_key(self, value: t.Any) -> bool:
        """Return ``True``: each object is taken for a row."""
        return True

    def leads_somewhere(self, value: t.Any, name: str) -> bool | None:
        """Return ``None``: what is related is not known."""
        return None


class _Members(dict[str, Field | Link]):
    """Members by name; an undeclared one is a field of any kind.

    :param refused: declared relations to classes that are not registered.
    """

    def __init__(self, refused: Container[str]) -> None:
        super().__init__()
        self._refused = refused

    def get(self, name: str, default: t.Any = None) -> t.Any:
        if name in self._refused:
            return default
        return self[name] if name in self else _declared(None)


def _declared(cls: t.Any) -> Field:
    """Return the field that is declared with a class; of any kind, without one."""
    kind = _KINDS.get(cls, ValueKind.ANY) if isinstance(cls, type) else ValueKind.ANY
    return Field(kind, is_declared=True)


class FilterBuilder:
    """Makes the queries of a data adapter.

    :param adapter: the adapter.
    """

    def __init__(self, adapter: DataAdapter) -> None:
        self._adapter = adapter

    def models(self, host: Host) -> DeclaredSchema:
        """Return the schema of the declared fields."""
        return DeclaredSchema(host)

    def class_of(self, entity: t.Any) -> type:
        """Return the class itself.

        :raises OsoError: if it is not a class.
        """
        if not isinstance(entity, type):
            raise OsoError(f"A list needs a class, not {type(entity).__name__}.")
        return entity

    def query(self, host: Host, residual: Residual, entity: t.Any) -> t.Any:
        """Have the adapter make a query."""
        return self._adapter.build_query(make_filter(host, residual))

    def columns(self, host: Host, residuals: Sequence[Residual], entity: t.Any) -> list[t.Any]:
        """Refuse: a filter is about whole rows.

        :raises UnsupportedError: always.
        """
        raise UnsupportedError("This adapter makes no columns. Use 'register_models'.")


def make_filter(host: Host, residual: Residual) -> DataFilter:
    """Make a filter of a residual.

    :raises UnsupportedError: if a condition is more than comparisons and joins.
    :raises OperationalError: if a class would have to stand for several rows.
    """
    residual = with_objects(residual)
    maker = _Maker(host)
    conditions = [maker.alternative(each) for each in _distinct(residual.condition)]
    if not conditions:
        conditions = [[Test(True, "Eq", False)]]
    maker.check(residual.cls)
    return DataFilter(residual.cls, maker.joins(), conditions, host.types)


def _distinct(condition: RowCondition) -> list[list[RowCondition]]:
    """Return the alternatives that may hold, without those that another one covers."""
    possible = (each for each in _alternatives(condition) if conjunction(*each) != FALSE)
    found = {frozenset(needed): needed for needed in map(_needed, possible)}
    if len(found) > _FEW:
        return list(found.values())
    return [needed for whole, needed in found.items() if not any(other < whole for other in found)]


def _alternatives(condition: RowCondition) -> list[tuple[RowCondition, ...]]:
    """Return the disjunctive normal form of a condition.

    ``a and (b or c)  =>  (a and b) or (a and c)``
    """
    if isinstance(condition, Constant):
        return [()] if condition.value else []
    if isinstance(condition, Or):
        return list(itertools.chain(*map(_alternatives, condition.parts)))
    if isinstance(condition, And):
        factors = list(map(_alternatives, condition.parts))
        count = 1
        for factor in factors:
            count *= len(factor)
        if count > MAX_ALTERNATIVES:
            raise UnsupportedError(f"A filter has at most {MAX_ALTERNATIVES} alternatives.")
        return [tuple(itertools.chain(*each)) for each in itertools.product(*factors)]
    if isinstance(condition, Exists):
        inner = (conjunction(*each) for each in _alternatives(condition.part))
        return [(Exists(condition.row, each),) for each in inner if each != FALSE]
    if isinstance(condition, InValues):
        return [(Comparison("=", condition.column, value),) for value in condition.values]
    if isinstance(condition, IsObject):
        return [(IsObject(condition.row, (each,)),) for each in condition.objects]
    return _negated(condition.part) if isinstance(condition, Not) else [(condition,)]


def _negated(part: RowCondition) -> list[tuple[RowCondition, ...]]:
    if isinstance(part, Comparison) and part.sign != "=":
        sign = "<=" if part.sign == "<" else "<"
        # Where a side is nil, a check raises and a filter finds nothing.
        return [(Comparison(sign, part.right, part.left, not part.is_turned),)]
    if isinstance(part, InValues):
        return [tuple(Not(Comparison("=", part.column, value)) for value in part.values)]
    if isinstance(part, IsObject):
        return [tuple(Not(IsObject(part.row, (each,))) for each in part.objects)]
    if isinstance(part, Exists) and isinstance(part.row, ToOne) and part.part != TRUE:
        # A filter cannot test that no row exists, only that the row is a different one.
        return _alternatives(Exists(part.row, negation(part.part)))
    return [(Not(part),)]


class _Maker:
    """Makes the tests of a filter, and collects the joins that they need."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._joins: dict[tuple[type, str, type], Join] = {}

    def joins(self) -> list[Join]:
        """Return the joins, each after those that it depends on."""
        return list(self._joins.values())

    def check(self, model: type) -> None:
        """Refuse a filter with several rows of one class."""
        found = {model}
        for join in self._joins.values():
            if join.right in found:
                raise _occurs_twice(join.right)
            found.add(join.right)

    def alternative(self, parts: list[RowCondition]) -> list[Test]:
        """Make the tests of one alternative."""
        rows: dict[type, RowPath] = {}
        return [test for part in parts for test in self._tests(part, rows)]

    def _tests(self, part: RowCondition, rows: dict[type, RowPath]) -> Iterator[Test]:
        if isinstance(part, Exists):
            self._join(part.row, rows)
            for each in _needed(conjuncts_of(part.part)):
                if each != TRUE:
                    yield from self._tests(each, rows)
        elif isinstance(part, Not):
            yield self._opposite(part.part)
        else:
            yield self._test(part)

    def _join(self, row: ToOne | ToMany, rows: dict[type, RowPath]) -> None:
        if rows.setdefault(row.cls, row) != row:
            raise _occurs_twice(row.cls)
        key = (row.owner.cls, row.relation, row.cls)
        self._joins.setdefault(key, Join(*key))

    def _test(self, part: RowCondition) -> Test:
        if isinstance(part, Comparison):
            return self._comparison(part)
        if isinstance(part, IsNull):
            return Test(self._side(part.column), "Eq", None)
        if isinstance(part, IsObject):
            return Test(Projection(part.row.cls), "Eq", part.objects[0].value)
        if isinstance(part, SameRow) and part.left.cls is not part.right.cls:
            return Test(Projection(part.left.cls), "Eq", Projection(part.right.cls))
        if isinstance(part, HasCharacter):
            return Test(part.character, "In", self._side(part.text))
        if isinstance(part, HasElement):
            _check_is_list(part.collection)
            return self._membership(part, "In")
        raise _unfilterable(part)

    def _comparison(self, part: Comparison) -> Test:
        left, right = self._side(part.left), self._side(part.right)
        if part.sign == "=":
            return Test(left, "Eq", right)
        sign = "Lt" if part.sign == "<" else "Leq"
        return Test(right, _MIRRORED[sign], left) if part.is_turned else Test(left, sign, right)

    def _membership(self, part: HasElement, sign: str) -> Test:
        return Test(part.element.value, sign, self._side(part.collection))

    def _opposite(self, part: RowCondition) -> Test:
        if isinstance(part, Exists) and part.part == TRUE and isinstance(part.row, ToOne):
            return self._nowhere(part.row)
        if isinstance(part, HasElement):
            # In a text or a dictionary an adapter finds more than a check: `Nin` excludes too much.
            return self._membership(part, "Nin")
        test = self._test(part)
        opposite = _OPPOSITES.get(test.cmp)
        if opposite is None:
            raise _unfilterable(Not(part))
        return Test(test.left, opposite, test.right)

    def _nowhere(self, row: ToOne) -> Test:
        relation = self._host.fields[row.owner.cls][row.relation]
        return Test(Projection(row.owner.cls, relation.my_field), "Eq", None)

    def _side(self, operand: RowValue) -> t.Any:
        if isinstance(operand, Literal):
            return operand.value
        if isinstance(operand, Column):
            return Projection(operand.row.cls, operand.name)
        raise _unfilterable(operand)


def _needed(parts: tuple[RowCondition, ...]) -> list[RowCondition]:
    """Drop the tests of one alternative that other tests imply.

    ``a = false and not a = true  =>  a = false``; an ordering, or a test for a character, implies
    that the column is not nil.
    """
    implied: set[RowCondition] = set()
    for part in parts:
        if isinstance(part, Not) and isinstance(part.part, HasCharacter):
            implied.add(Not(IsNull(part.part.text)))
        if not isinstance(part, Comparison):
            continue
        if part.sign != "=":
            implied.update(Not(IsNull(side)) for side in (part.left, part.right))
        elif isinstance(part.right, Literal) and type(part.right.value) is bool:
            other = Literal(not part.right.value)
            implied.add(Not(Comparison("=", part.left, other)))
    return [part for part in parts if part not in implied]


def _check_is_list(operand: RowValue) -> None:
    """Refuse to look for an element in a column that may be a text or a dictionary.

    :raises UnsupportedError: an adapter would find a substring, or a key.
    """
    if isinstance(operand, Column) and operand.field.kind is not ValueKind.LIST:
        cls = operand.row.cls.__name__
        raise UnsupportedError(
            f"'{operand.name}' of {cls!r} may be a list, a text or a dictionary, and filters ask"
            " each in another way. Declare it when the class is registered:"
            f" 'fields={{\"{operand.name}\": list}}'."
        )


def _unfilterable(part: t.Any) -> UnsupportedError:
    return UnsupportedError(
        f"Not supported by a filter: {show(part)}. Use 'register_models' with SQLAlchemy."
    )


def _occurs_twice(cls: type) -> OperationalError:
    return OperationalError(
        f"Invalid state: Type `{cls.__name__}` occurs more than once as the target of a relation"
    )


# -- the text of POLAR_EXPLAIN ---------------------------------------------------------


def outline(residual: Residual) -> str:
    """Return the text for a residual."""
    condition = with_objects(residual).condition
    alternatives = disjuncts_of(condition)
    return "\n".join(
        [
            "",
            "===Data Filtering Query===",
            "",
            "==Bindings==",
            *(show(each) for each in alternatives),
            "",
            "==Filter==",
            f"query {residual.cls.__name__}",
            *_outline_joins(condition),
            "where",
            "\n  OR\n".join(map(_outline_block, alternatives)),
            "",
        ]
    )


def _outline_joins(condition: RowCondition) -> Iterator[str]:
    rows = [each.row for each in walk_condition(condition) if isinstance(each, Exists)]
    lines = {
        f"    {row.owner.cls.__name__}.{row.relation} -> {row.cls.__name__}": None
        for row in rows
        if row.relation != ITSELF
    }
    if lines:
        yield "join"
        yield from sorted(lines)


def _outline_block(alternative: RowCondition) -> str:
    if alternative == TRUE:
        return ""
    return " AND\n".join(f"    {show(each)}" for each in conjuncts_of(alternative))
