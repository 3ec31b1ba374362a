"""Templates of residuals: made once for a class of actors, and filled in for each actor.

Most of a residual depends only on the class of the actor. In a template, attributes of the actor
are columns of a placeholder row. ``make_template`` makes one where that is possible;
``ResidualTemplate.fill`` replaces the columns by values and simplifies.
"""

from __future__ import annotations

import datetime
import decimal
import math
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from ..characters import is_unicode
from ..exceptions import PolarRuntimeError
from ..host.conversion import result_to_term
from ..policy.garbage import without_collector
from .algebra.ir import (
    FALSE,
    ITSELF,
    TRUE,
    AmongGiven,
    Arithmetic,
    CaseMapped,
    Column,
    Comparison,
    DecidedLater,
    Exists,
    HasCharacter,
    InValues,
    IsNan,
    IsNull,
    IsObject,
    KnownRow,
    Literal,
    OfClass,
    Position,
    RowCondition,
    RowPath,
    RowValue,
    SameLink,
    SameRow,
    Substring,
    ToMany,
    ToOne,
    Unlinked,
    chain_of,
    columns_of,
    constant,
    is_of_object,
    relation_chains,
    walk_condition,
)
from .algebra.outcomes import Residual
from .algebra.schema import LoadedList, Schema, ValueKind
from .algebra.simplify import conjunction, disjunction, exists, in_values, negation, rewrite
from .attributes.direct_values import direct_part
from .attributes.given_values import (
    GIVEN_LIST,
    NotFillable,
    Values,
    is_made,
    made_of,
    made_row,
    parameters,
    side_of,
    with_value,
)
from .attributes.object_columns import ObjectColumn, is_other_number, offset_of
from .database_semantics import is_exact
from .evaluator import PartialEvaluator
from .host_questions import (
    FILLABLE,
    FIRST_GIVEN,
    GivenValue,
    HostQuestion,
    Moments,
    Placeholder,
    Recorder,
    Replay,
    given_object,
)
from .search import SearchTimeoutError
from .symbolic_terms import Given, SymbolicRow
from .template_keys import is_host_object

#: Kinds of which a value is compared as it is.
_PLAIN_KINDS = (
    ValueKind.INTEGER, ValueKind.TEXT, ValueKind.DATE, ValueKind.DATETIME, ValueKind.ZONED,
    ValueKind.TIME, ValueKind.UUID, ValueKind.FLOAT, ValueKind.DECIMAL,
)  # fmt: skip
#: The most filled-in residuals that one template keeps.
_MAX_FILLED = 100
#: The most ways through what one question asks of objects.
_MAX_TEMPLATES = 200

#: Makes what asks objects again, given those that placeholder rows stand for, and the times that
#: other questions of the same statement were told.
Begin = Callable[[Mapping[KnownRow, t.Any], Moments], Replay]


def make_template(
    name: str,
    args: Sequence[t.Any],
    at: int,
    cls: type,
    models: Schema,
    make: Callable[[Recorder], PartialEvaluator],
    begin: Begin,
    *,
    is_given: bool = False,
) -> PreparedResiduals:
    """Prepare templates for all objects of the classes of some arguments.

    :param is_given: whether the first argument is a value that may be another one.
    :param make: makes an evaluator that asks objects by way of a recorder.
    :param begin: makes what asks objects again.
    """
    objects = {n: type(arg) for n, arg in enumerate(args) if n != at and is_host_object(arg)}
    # INVARIANT: only rows have placeholders. Another object, such as a number of a type that
    # Polar does not have, may equal a column: it is a value that is given.
    rows = {n: placeholder(n, args[n]) for n, of in objects.items() if models.model(of) is not None}
    given = (*([0] if is_given else []), *(n for n in objects if n not in rows))
    return PreparedResiduals((name, at, cls), rows, given, make, begin)


class _Step:
    """A point on the way through what is asked of objects: a question, or a template."""

    def __init__(self) -> None:
        self.question: HostQuestion | None = None
        self.ways: dict[t.Any, _Step] = {}
        self.is_end = False
        self.template: ResidualTemplate | None = None


class PreparedResiduals:
    """The templates of one question: one for each way through what it asks of objects.

    :param question: the rule, the position of the row, and its class.
    :param rows: the placeholder rows for arguments, by position.
    :param given: the positions of other objects, and values.
    :param make: makes an evaluator.
    :param begin: makes what asks objects again.
    """

    def __init__(
        self,
        question: tuple[str, int, type],
        rows: Mapping[int, KnownRow],
        given: Sequence[int],
        make: Callable[[Recorder], PartialEvaluator],
        begin: Begin,
    ) -> None:
        self._question = question
        self._rows = rows
        self._given = given
        self._terms = {
            **{position: SymbolicRow(row) for position, row in rows.items()},
            **{position: Given(number) for number, position in enumerate(given)},
        }
        self._make = make
        self._begin = begin
        # Two threads may make the same steps.
        self._first = _Step()
        self._count = 0

    def fill(self, args: Sequence[t.Any], models: Schema, moments: Moments) -> Residual | None:
        """Ask the objects among the arguments, and fill in what they say.

        The placeholder rows stay in the condition; the residual maps them to the objects.

        :param moments: what clocks have answered for the same statement.
        :return: ``None`` if no template says what the policy means for these objects, as where
            one of them raises.
        """
        try:
            residual = self._filled(args, models, moments)
        except NotFillable:
            return None
        # An empty result may be due to an error, which must be raised.
        may_fail = residual.condition == FALSE and residual.fails != FALSE
        return None if may_fail else residual

    def _filled(self, args: Sequence[t.Any], models: Schema, moments: Moments) -> Residual:
        objects = {row: args[position] for position, row in self._rows.items()}
        _check_keys(objects, models)
        given = [result_to_term(args[position]) for position in self._given]
        replay = self._begin(objects, moments)
        replay.values.extend(given)
        step: _Step | None = self._first
        while step is not None and step.question is not None:
            step = step.ways.get(_way(replay, step.question))
        if step is None or not step.is_end:
            replay = self._begin(objects, moments)
            replay.values.extend(given)
            step = self._recorded(args, replay)
        if step.template is None:
            raise NotFillable
        return step.template.fill(objects, replay.values, models)

    def _recorded(self, args: Sequence[t.Any], replay: Replay) -> _Step:
        """Evaluate the question, and keep the template with the way that led to it.

        :raises SearchTimeoutError: if that takes too long. Nothing is kept then.
        """
        recorder, (name, at, cls) = Recorder(replay), self._question
        template = None
        try:
            with without_collector():
                residual = self._make(recorder).residual(name, args, at, cls, self._terms)
                _check_fillable(residual)
                template = ResidualTemplate(residual, recorder.columns)
        except SearchTimeoutError:
            raise
        except (PolarRuntimeError, NotFillable):
            # It may still be possible for one object.
            pass
        if self._count >= _MAX_TEMPLATES:
            self._first, self._count = _Step(), 0
        self._count += 1
        step = self._first
        for question, way in recorder.way:
            if step.question is None:
                step.question = question
            step = step.ways.setdefault(way, _Step())
        step.template, step.is_end = template, True
        return step


def _way(replay: Replay, question: HostQuestion) -> t.Any:
    try:
        return replay.ask(question).way
    except Exception:
        # The evaluation with the object itself decides whether a check gets here, and raises there.
        raise NotFillable from None


def _check_keys(objects: Mapping[KnownRow, t.Any], models: Schema) -> None:
    for row, value in objects.items():
        model = models.model(row.cls)
        if model is not None and model.shares_equality and not models.has_key(value):
            raise NotFillable


def placeholder(position: int, value: t.Any) -> KnownRow:
    """Return the placeholder row for an argument."""
    return KnownRow(type(value), Literal(Placeholder(position)))


def _check_fillable(residual: Residual) -> None:
    """Refuse a residual that does more with values of objects than to compare them.

    :raises NotFillable: if so, or if it follows a relation of a constant, which may change.
    """
    parts = [*walk_condition(residual.condition), *walk_condition(residual.fails)]
    owners = (owner.value.value for owner, _ in relation_chains(parts))
    if not all(map(_is_fillable, parts)) or any(type(each) is not Placeholder for each in owners):
        raise NotFillable


def _is_fillable(part: t.Any) -> bool:
    if isinstance(part, Arithmetic):
        found = filter(is_of_object, columns_of(part))
        return all(each.field.kind is ValueKind.INTEGER for each in found)
    if isinstance(part, Substring | CaseMapped | Position):
        return not any(map(is_of_object, columns_of(part)))
    if isinstance(part, HasCharacter):
        return not any(map(is_of_object, columns_of(part.text)))
    if isinstance(part, DecidedLater):
        return not any(map(is_of_object, columns_of(part.operand)))
    if isinstance(part, IsObject | OfClass):
        return not isinstance(part.row, KnownRow)
    if isinstance(part, SameRow):
        return not isinstance(part.left, KnownRow) or not isinstance(part.right, KnownRow)
    if not isinstance(part, Column) or not is_of_object(part) or part.field is GIVEN_LIST:
        return True
    return part.field.kind in FILLABLE


class ResidualTemplate:
    """A residual with placeholder rows, and the residuals filled in so far.

    A value that only stands beside a column is left in the condition as a column of a placeholder
    row; the others are filled in.

    :param read: the columns that were read on the way. A comparison that no value of a column's
        kind decides is not in the condition, and an object may hold a value of another kind.
    """

    def __init__(self, residual: Residual, read: Iterable[Column]) -> None:
        parts = [*walk_condition(residual.condition), *walk_condition(residual.fails)]
        starts = [start[0] for column in read if (start := chain_of(column.row)) is not None]
        self._residual = residual
        self._columns = _each_once(filter(is_of_object, parts))
        self._reads = tuple(map(ObjectColumn, self._columns))
        self._given = _each_once(
            part
            for part in (*parts, *starts)
            if isinstance(part, KnownRow) and part.value.value >= FIRST_GIVEN
        )
        self._decided = tuple(map(_DecidedPart, _each_once(filter(_is_decided, parts))))
        self._made = tuple(
            _MadePart(part) for part in _each_once(filter(is_made, parts)) if not _is_decided(part)
        )
        self._chains = relation_chains([*parts, *(column.row for column in read)])
        self._left_out = tuple(
            ObjectColumn(each) for each in read if is_of_object(each) and each not in self._columns
        )
        self._ones = _each_once(
            part
            for part in parts
            if isinstance(part, ToOne)
            and part.relation != ITSELF
            and isinstance(part.owner, KnownRow)
        )
        # Two threads may make the same entry.
        self._filled: dict[t.Any, tuple[RowCondition, RowCondition]] = {}

    def fill(
        self, known: Mapping[KnownRow, t.Any], values: Sequence[t.Any], models: Schema
    ) -> Residual:
        """Fill in what objects say.

        :param known: the objects that placeholder rows of arguments stand for.
        :param values: what else was read of objects.
        :raises NotFillable: if a value does not have the kind of its column, or an object has
            changes that the database does not know.
        """
        given = {row: given_object(row, values) for row in self._given}
        _check_keys(given, models)
        objects = {**known, **given}
        lists = self._loaded_lists(objects, models)
        for column in self._left_out:
            column.value(objects)
        found = {each.column: each.value(objects) for each in self._reads}
        rows = tuple(
            models.leads_somewhere(objects[t.cast(KnownRow, one.owner)], one.relation)
            for one in self._ones
        )
        # Not the values: those of another actor, or moment, mostly decide the same.
        decided = tuple([each.decision(found) for each in self._decided])
        made, values_of = self._made_of(found)
        key = (rows, decided, tuple(value is None for value in found.values()), made)
        filled = self._filled.get(key)
        if filled is None:
            if len(self._filled) >= _MAX_FILLED:
                self._filled.clear()
            filled = self._filled[key] = _filled(
                self._residual,
                found,
                dict(zip(self._ones, rows, strict=True)),
                {
                    **{
                        part.part: constant(each)
                        for part, each in zip(self._decided, decided, strict=True)
                    },
                    **{each.part: new for each, new in zip(self._made, made, strict=True)},
                },
            )
        objects.update((made_row(n), GivenValue(value)) for n, value in enumerate(values_of))
        if lists:
            # Not kept: it names rows.
            filled = _among_loaded(filled[0], lists), _among_loaded(filled[1], lists)
        return Residual(
            self._residual.cls, self._residual.root, *filled, objects, is_lasting=not lists
        )

    def _made_of(self, found: Values) -> tuple[tuple[RowCondition, ...], list[t.Any]]:
        """Return what becomes of the parts that values make, and the values that stand in it.

        :raises NotFillable: if only a search with the objects can tell.
        """
        made: list[RowCondition] = []
        values: list[t.Any] = []
        for part in self._made:
            if part.column is not None and _is_plain(part.column, found[part.column]):
                made.append(part.plain)
                continue
            new, more = part.made(found, len(values))
            made.append(new)
            values += more
        return tuple(made), values

    def _loaded_lists(self, objects: Mapping[KnownRow, t.Any], models: Schema) -> _Lists:
        """Return the lists that were loaded along relations of the objects.

        :raises NotFillable: if an object has changes that the database does not know.
        """
        lists: _Lists = {}
        for owner, names in self._chains:
            found = models.loaded_lists(objects[owner], names)
            if found is None:
                raise NotFillable
            lists.update({(owner, names[: each.depth + 1]): each for each in found})
        return lists


_Part = t.TypeVar("_Part")


def _each_once(parts: Iterable[_Part]) -> tuple[_Part, ...]:
    return tuple(dict.fromkeys(parts))


class _MadePart:
    """A part that values of objects make.

    ``column`` is the one whose values are compared as they are, if they are plain, and ``plain``
    what then becomes of the part.
    """

    def __init__(self, part: t.Any) -> None:
        self.part = part
        self.column, self.plain = _plainly(part)
        self._columns = tuple(filter(is_of_object, columns_of(part)))
        self._constants = frozenset(
            each for each in walk_condition(part) if isinstance(each, Literal)
        )
        self._direct = direct_part(part, self._constants)
        # Two threads may make the same entry.
        self._known: dict[t.Any, tuple[RowCondition, list[t.Any]]] = {}

    def made(self, found: Values, first: int) -> tuple[RowCondition, list[t.Any]]:
        """Return what becomes of the part, and the values that stand in it.

        :param first: the number of values that stand in other parts.
        :raises NotFillable: if only a search with the objects can tell.
        """
        if self._direct is not None and (stand := self._direct.find(found)) is not None:
            return self._direct.condition(first), stand
        values = [found[column] for column in self._columns]
        if any(type(value) is list for value in values):
            return parameters(made_of(self.part, found), self._constants, first)
        key = (first, *((type(value), value) for value in values))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MAX_FILLED:
                self._known.clear()
            made = parameters(made_of(self.part, found), self._constants, first)
            known = self._known[key] = made
        return known


class _DecidedPart:
    """A part that values of objects decide."""

    def __init__(self, part: Comparison | InValues) -> None:
        self.part = part
        operand: t.Any = part
        columns: set[Column] = set(filter(is_of_object, columns_of(operand)))
        self._column = columns.pop() if len(columns) == 1 else None
        #: What its only column decides, where that is true, false or nil. Two threads may add it.
        self._known: dict[bool | None, bool] = {}

    def decision(self, found: Values) -> bool:
        """Return whether the part holds."""
        value = found[self._column] if self._column is not None else ...
        # By identity, since 1 equals true.
        if value is not True and value is not False and value is not None:
            return _decision(self.part, found)
        known = self._known.get(value)
        if known is None:
            known = self._known[value] = _decision(self.part, found)
        return known


#: Loaded lists by the known object and the relations that lead to them.
_Lists = dict[tuple[KnownRow, tuple[str, ...]], LoadedList]


def _among_loaded(condition: RowCondition, lists: _Lists) -> RowCondition:
    """Restrict related rows to those that objects have loaded.

    ``exists(g.members: c)  =>  exists(g.members: c and (it is loaded or g has loaded none))``
    """

    def change(part: t.Any) -> t.Any:
        found = _loaded(part, lists)
        if found is None:
            return None
        is_loaded = IsObject(part.row, tuple(map(Literal, found.rows))) if found.rows else FALSE
        is_other = negation(IsObject(part.row.owner, tuple(map(Literal, found.owners))))
        among = is_loaded if _is_single(part.row.owner) else disjunction(is_loaded, is_other)
        return exists(part.row, conjunction(among, rewrite(part.part, change)))

    return t.cast(RowCondition, rewrite(condition, change))


def _is_single(row: RowPath) -> bool:
    """Tell whether no other row than this one is on the way from the known object."""
    while isinstance(row, ToOne):
        row = row.owner
    return isinstance(row, KnownRow)


def _loaded(part: t.Any, lists: _Lists) -> LoadedList | None:
    is_of_many = isinstance(part, Exists) and isinstance(part.row, ToMany)
    chain = chain_of(part.row) if is_of_many else None
    return None if chain is None else lists.get(chain)


def _is_decided(part: t.Any) -> bool:
    """Tell whether the values of objects decide a comparison: no column of a row is in it."""
    if isinstance(part, InValues):
        return is_of_object(part.column)
    return isinstance(part, Comparison) and all(
        is_of_object(side) or isinstance(side, Literal) for side in (part.left, part.right)
    )


def _decision(part: Comparison | InValues, values: Values) -> bool:
    if isinstance(part, InValues):
        return side_of(part.column, values) in part.values
    left, right = (t.cast(Literal, side_of(side, values)) for side in (part.left, part.right))
    return _holds(part.sign, left.value, right.value)


def _plainly(part: t.Any) -> tuple[Column | None, RowCondition]:
    """Return the column of an object that a part compares with one of its kind, and how.

    Where its value is plain, it stands in the condition as a column that is not NULL.
    """
    sides = (part.left, part.right) if isinstance(part, Comparison) else ()
    for child, other in zip(sides, reversed(sides), strict=True):
        if not isinstance(child, Column) or not is_of_object(child):
            continue
        if _is_beside(child, other, part.sign):
            left, right = (with_value(child) if side is child else side for side in sides)
            if part.sign == "=" and child is part.left:
                left, right = right, left
            return child, t.cast(RowCondition, replace(part, left=left, right=right))
    return None, FALSE


def _is_beside(column: Column, other: RowValue, sign: str) -> bool:
    """Tell whether an operand is a column of a row whose values are of the same kind."""
    field = column.field
    return (
        isinstance(other, Column)
        and not is_of_object(other)
        and other.field.kind is field.kind
        and other.field.scale == field.scale
        and field.kind in _PLAIN_KINDS
        # Whether such times are equal depends on their zones.
        and (field.kind is not ValueKind.ZONED or sign != "=")
    )


def _is_plain(column: Column, value: t.Any) -> bool:
    """Tell whether a value is compared with a column of its kind as any other of its type."""
    field = column.field
    if is_other_number(column, value):
        return False
    if type(value) is int:
        return -(2**63) <= value < 2**63
    if type(value) is str:
        return "\0" not in value and is_unicode(value)
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is decimal.Decimal:
        return is_exact(field, value)
    if field.kind is ValueKind.ZONED:
        # Others are converted, and a database may refuse one without a zone.
        return value is not None and offset_of(value.tzinfo) == datetime.timedelta()
    return value is not None


def _filled(
    residual: Residual,
    values: Values,
    rows: Mapping[ToOne, bool | None],
    made: Mapping[t.Any, RowCondition],
) -> tuple[RowCondition, RowCondition]:
    """Replace columns by values, and relations that are known to be nil, or not to be.

    :param made: what values make of the parts with columns of objects.
    """

    def change(part: t.Any) -> t.Any:
        if _is_decided(part) or is_made(part):
            return made[part]
        if isinstance(part, Exists) and isinstance(part.row, ToOne):
            is_there = rows.get(part.row)
            if is_there is None:
                return None
            return TRUE if is_there and part.part == TRUE else None if is_there else FALSE
        if isinstance(part, SameLink) and False in (rows.get(part.left), rows.get(part.right)):
            return FALSE
        if isinstance(part, Unlinked) and part.row in rows:
            return constant(rows[part.row] is False)
        if isinstance(part, IsNull) and is_of_object(part.column):
            return constant(values[t.cast(Column, part.column)] is None)
        if isinstance(part, IsNan) and is_of_object(part.column):
            # A value that is NaN is never filled in.
            return FALSE
        return None

    return rewrite(residual.condition, change), rewrite(residual.fails, change)


def with_objects(residual: Residual) -> Residual:
    """Replace placeholder rows by the objects."""
    objects = residual.objects

    def change(part: t.Any) -> t.Any:
        if isinstance(part, SameRow):
            rows = part.left, part.right
            for known, other in (rows, rows[::-1]):
                if isinstance(known, KnownRow):
                    return IsObject(other, (Literal(objects[known]),))
        if isinstance(part, AmongGiven):
            listed = getattr(objects[t.cast(KnownRow, part.given.row)], part.given.name)
            return in_values(rewrite(part.column, change), tuple(map(Literal, listed)))
        if isinstance(part, Column) and part.row in objects:
            return Literal(getattr(objects[t.cast(KnownRow, part.row)], part.name))
        if isinstance(part, KnownRow) and part in objects:
            return KnownRow(part.cls, Literal(objects[part]))
        return None

    if not objects:
        return residual
    condition, fails = rewrite(residual.condition, change), rewrite(residual.fails, change)
    return Residual(residual.cls, residual.root, condition, fails)


def _holds(sign: str, left: t.Any, right: t.Any) -> bool:
    if sign == "=":
        return Literal(left) == Literal(right)
    if left is None or right is None:
        return False
    try:
        return bool(left < right if sign == "<" else left <= right)
    except TypeError:
        # Of two times one has a zone. The evaluation with the object itself raises, if it is asked.
        raise NotFillable from None
