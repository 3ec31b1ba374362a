"""Make conditions, and simplify them on the way.

``conjunction``, ``disjunction``, ``negation``, ``exists`` and ``closure`` make what a condition is
composed of; ``rewrite`` makes a whole condition anew. Each rewriting is an equation in a docstring.
"""

from __future__ import annotations

import operator
import typing as t
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from .ir import (
    FALSE,
    TRUE,
    And,
    Closure,
    Comparison,
    Constant,
    Exists,
    InValues,
    IsNan,
    IsNull,
    IsObject,
    KnownRow,
    Literal,
    Not,
    Or,
    Root,
    RowCondition,
    RowPath,
    RowValue,
    ToMany,
    ToOne,
    Unlinked,
    children_of,
    columns_of,
    conjuncts_of,
    contains,
    disjuncts_of,
    is_renumbered,
    map_parts,
    mentions_row,
    shape_of,
)
from .schema import NAN_KINDS

#: With more disjunctions than this around recursions, none of these is brought outside: each may
#: double the conditions.
MAX_TAKEN_APART = 4


def conjunction(*parts: RowCondition) -> RowCondition:
    """Return the conjunction of several conditions.

    ``exists(p: a) and exists(p: b)  =>  exists(p: a and b)``
    ``exists(p: a) and not exists(p: b)  =>  exists(p: a and not b)``
    ``exists(p: a) and exists(q: exists(p: b))  =>  exists(p: a and exists(q: b))``
    for the row ``p`` of a to-one relation, which is not one of ``q``.

    ``the key of p is nil and exists(p: a)  =>  false``
    """
    told = [part for part in parts if part is not TRUE]
    # Most are asked for about errors, of which there are none.
    for part in told:
        if part is FALSE:
            return FALSE
    if len(told) < 2:
        return told[0] if told else TRUE
    found = _each_once(told, And)
    if found is None or _has_row_without_key(found):
        return FALSE
    merged = _merged_rows(_with_rows_outside(found), conjunction)
    return _made(_without_nulls(merged), And, TRUE)


def disjunction(*parts: RowCondition) -> RowCondition:
    """Return the disjunction of several conditions.

    ``exists(p: a) or exists(p: b)  =>  exists(p: a or b)``, also for to-many relations;
    ``(a and c) or (b and c)  =>  (a or b) and c``; ``c = 1 or c = 2  =>  c in [1, 2]``.
    What differs in the names of its rows only is the same.
    """
    told = [part for part in parts if part is not FALSE]
    for part in told:
        if part is TRUE:
            return TRUE
    if len(told) < 2:
        return told[0] if told else FALSE
    found = _each_once(_with_common_names([*_flat(told, Or)]), Or)
    if found is None:
        return TRUE
    merged = _merged_rows(_merged_values(_merged_elements(found)), disjunction)
    alternatives = _absorbed(merged)
    shared = _shared(alternatives)
    if shared:
        rest = (conjunction(*(c for c in conjuncts_of(p) if c not in shared)) for p in alternatives)
        return conjunction(disjunction(*rest), *shared)
    return _made(alternatives, Or, FALSE)


def negation(part: RowCondition) -> RowCondition:
    """Return the negation of a condition.

    ``not (a and b)  =>  not a or not b``; ``not a < b  =>  b <= a`` if neither is NULL or NaN.
    """
    if isinstance(part, Constant):
        return FALSE if part.value else TRUE
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
    """Return the condition that a related row exists for which a condition holds.

    ``exists(p: a and b)  =>  a and exists(p: b)`` if ``p`` does not occur in ``a``, or if it is a
    row of an object for which ``a`` asks itself, in a recursion.
    """
    if part is FALSE:
        return FALSE
    parts = conjuncts_of(part)
    is_about = _needs_row if contains(part, Closure) and _is_one_of_object(row) else mentions_row
    inside = [each for each in parts if is_about(each, row)]
    outside = [each for each in parts if not is_about(each, row)]
    if isinstance(part, Constant):
        return Exists(row, TRUE)
    held: RowCondition | None = None
    if isinstance(row, ToMany) and _alternatives_around_recursions(inside) <= MAX_TAKEN_APART:
        held = _with_recursion_outside(row, inside, [])
    if held is None:
        held = Exists(row, conjunction(*inside))
    return conjunction(*outside, held) if outside else held


def _is_one_of_object(row: RowPath) -> bool:
    """Tell whether a row is that of a to-one relation of an object, or of such a row."""
    begin = row
    while isinstance(begin, ToOne):
        begin = begin.owner
    return begin is not row and isinstance(begin, KnownRow)


def with_rows_of_object(row: RowPath, first: RowCondition) -> RowCondition:
    """Ask for the rows that lead from an object to where a recursion begins, in it.

    A statement has nothing of the rows around a recursion in it.
    """
    while isinstance(row, ToOne) and _is_one_of_object(row):
        first, row = exists(row, first), row.owner
    return first


def _needs_row(condition: t.Any, row: RowPath) -> bool:
    """Tell whether a row occurs in a condition that does not ask for it itself."""
    if not mentions_row(condition, row):
        return False
    if condition == row:
        return True
    if isinstance(condition, Exists) and condition.row == row:
        return False
    return any(_needs_row(each, row) for each in children_of(condition))


def _alternatives_around_recursions(parts: Iterable[RowCondition]) -> int:
    """Count the disjunctions with a recursion in them, each that stands in two places once."""
    seen: dict[int, RowCondition] = {}
    stack = [each for each in parts if contains(each, Closure)]
    while stack:
        part = stack.pop()
        if id(part) not in seen:
            seen[id(part)] = part
            stack += [each for each in children_of(part) if contains(each, Closure)]
    return sum(isinstance(each, Or) for each in seen.values())


def _with_recursion_outside(
    row: ToOne | ToMany, parts: Sequence[RowCondition], others: Sequence[RowCondition]
) -> RowCondition | None:
    """Bring a recursion outside whose steps are not about a row: one set for all rows.

    ``exists(m: x in closure(a; next) and b)  =>  x in closure(exists(m: a and b); next)``

    ``exists(m: exists(p: x in closure(a; next)) and b)  =>  exists(p: exists(m: … and b))``

    ``exists(m: exists(m.p: x in closure(a)))  =>  exists(m: x in closure(exists(m.p: a)))``

    ``exists(m: (… or c) and b)  =>  exists(m: … and b) or exists(m: c and b)``

    if ``m`` does not occur in ``x``, ``p`` and ``next``, and ``b`` has no row with a name that the
    recursion has for its own: what is done once, such as two calls about ``m``, has it twice.

    :param parts: where a recursion is looked for, once in each.
    :param others: other conditions on the row.
    """
    for at, each in enumerate(parts):
        if contains(each, Closure):
            made = _with_one_outside(row, each, [*parts[:at], *parts[at + 1 :], *others])
            if made is not None:
                return made
    return None


def _with_one_outside(
    row: ToOne | ToMany, part: RowCondition, others: list[RowCondition]
) -> RowCondition | None:
    """Bring the recursion of one of several conditions on a row outside, if it may be."""
    if isinstance(part, Or):
        return _with_alternative_outside(row, part, others)
    if isinstance(part, Closure):
        if mentions_row(part.row, row) or mentions_row(part.next, row):
            return None
        names = part.variable, part.before
        if any(mentions_row(each, name) for each in (row, *others) for name in names):
            return None
        first = with_rows_of_object(row.owner, exists(row, conjunction(part.first, *others)))
        return closure(Closure(part.row, part.variable, first, part.before, part.next))
    if not isinstance(part, Exists) or not isinstance(part.row, ToOne):
        return None
    if mentions_row(part.row, row):
        found = _with_one_inside(part.row, part, [])
        return None if found is None else _with_recursion_outside(row, conjuncts_of(found), others)
    found = _with_one_inside(row, part, others)
    return None if found is None else exists(part.row, found)


def _with_one_inside(
    row: ToOne | ToMany, part: Exists, others: list[RowCondition]
) -> RowCondition | None:
    """Bring the recursion in what is asked of a row outside of the conditions on another one."""
    parts = conjuncts_of(part.part)
    inside = [each for each in parts if mentions_row(each, row)]
    outside = [each for each in parts if not mentions_row(each, row)]
    within = _with_recursion_outside(row, inside, others)
    return None if within is None else conjunction(within, *outside)


def _with_alternative_outside(
    row: ToOne | ToMany, part: Or, others: list[RowCondition]
) -> RowCondition | None:
    for each in part.parts:
        made = _with_recursion_outside(row, conjuncts_of(each), others)
        if made is not None:
            rest = disjunction(*(other for other in part.parts if other is not each))
            return disjunction(made, exists(row, conjunction(rest, *others)))
    return None


def where_rows_exist(atom: RowCondition, rows: Iterable[RowPath]) -> RowCondition:
    """Return a condition on columns, and that the related rows of these columns exist."""
    if atom is FALSE:
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


def rewrite(condition: t.Any, change: Callable[[t.Any], t.Any]) -> t.Any:
    """Make a condition anew, simplified.

    :param change: returns what replaces a part, or ``None`` to rewrite the parts of the part.
    """
    new = change(condition)
    if new is not None:
        return new

    def again(part: t.Any) -> t.Any:
        return rewrite(part, change)

    kind = type(condition)
    if kind is And or kind is Or:
        parts = [again(part) for part in condition.parts]
        if all(map(operator.is_, parts, condition.parts)):
            return condition
        return conjunction(*parts) if kind is And else disjunction(*parts)
    made = map_parts(condition, again)
    if made is condition:
        return made
    if kind is Not:
        return negation(made.part)
    if kind is Exists:
        return exists(made.row, made.part)
    return closure(made) if kind is Closure else made


def closure(made: Closure) -> RowCondition:
    """Simplify a recursion.

    ``x in closure(false, next)  =>  false``

    ``closure(a or y in closure(b, next), next)  =>  closure(a or b, next)``, since the outer one
    makes all steps of the inner one. So are roles that imply each other along one relation.

    ``closure(a and g, next and g)  =>  closure(a and g, next)`` if ``g`` is about neither row of
    a step. So is what each rule asks of an argument that it passes on.
    """
    if made.first is FALSE:
        return FALSE
    parts = disjuncts_of(made.first)
    flat = [_first_of_same(part, made) for part in parts]
    if all(one is other for one, other in zip(flat, parts, strict=True)):
        return _with_shorter_steps(made)
    first = disjunction(*flat)
    return closure(Closure(made.row, made.variable, first, made.before, made.next))


def _with_shorter_steps(made: Closure) -> Closure:
    """Leave out of the steps of a recursion what holds wherever it begins."""
    begins = disjuncts_of(made.first)

    def is_new(part: RowCondition) -> bool:
        is_own = mentions_row(part, made.variable) or mentions_row(part, made.before)
        return is_own or not all(_includes(begin, part) for begin in begins)

    steps = disjuncts_of(made.next)
    kept = [[*filter(is_new, conjuncts_of(step))] for step in steps]
    if all(len(one) == len(conjuncts_of(step)) for one, step in zip(kept, steps, strict=True)):
        return made
    following = disjunction(*(conjunction(*each) for each in kept))
    return Closure(made.row, made.variable, made.first, made.before, following)


def _includes(condition: RowCondition, part: RowCondition) -> bool:
    """Tell whether a part is one of the conditions of a conjunction, or one that these imply."""
    conjuncts = conjuncts_of(condition)
    if part in conjuncts:
        return True
    is_there = isinstance(part, Exists) and part.part == TRUE
    return is_there and any(
        isinstance(each, Exists) and each.row == t.cast(Exists, part).row for each in conjuncts
    )


def _first_of_same(part: RowCondition, around: Closure) -> RowCondition:
    """Return what holds without recursion of a recursion that makes no other steps."""
    if not isinstance(part, Closure) or part.row != around.variable:
        return part
    renamed = {part.variable: around.variable, part.before: around.before}
    if any(one.cls is not other.cls for one, other in renamed.items()):
        return part
    # It may itself be about a row of the outer one, as in ``within(team, team)``.
    outer = [name for name in renamed.values() if name not in renamed]
    if any(mentions_row(each, name) for each in (part.first, part.next) for name in outer):
        return part

    def change(each: t.Any) -> t.Any:
        return renamed.get(each) if isinstance(each, Root) else None

    steps = disjuncts_of(around.next)
    if not all(each in steps for each in disjuncts_of(rewrite(part.next, change))):
        return part
    return t.cast(RowCondition, rewrite(part.first, change))


_Joined = type[And] | type[Or]


def _flat(parts: Iterable[RowCondition], kind: _Joined) -> Iterator[RowCondition]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _each_once(parts: Iterable[RowCondition], kind: _Joined) -> list[RowCondition] | None:
    """Return the parts of some conditions; ``None`` if one of them is the negation of another."""
    found: dict[RowCondition, None] = {}
    denied: set[RowCondition] = set()
    for part in _flat(parts, kind):
        if part is TRUE or part is FALSE:
            if (part is TRUE) is (kind is Or):
                return None
            continue
        if isinstance(part, Not):
            if part.part in found:
                return None
            denied.add(part.part)
        elif part in denied:
            return None
        found[part] = None
    return list(found)


def _made(parts: list[RowCondition], kind: _Joined, empty: RowCondition) -> RowCondition:
    if len(parts) < 2:
        return parts[0] if parts else empty
    return t.cast(RowCondition, kind(tuple(parts)))


def _merged_rows(
    parts: list[RowCondition], join: Callable[..., RowCondition]
) -> list[RowCondition]:
    """Merge the conditions on the row of one to-one relation."""
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


def _with_rows_outside(parts: list[RowCondition]) -> list[RowCondition]:
    """Bring the rows of to-one relations outside that other conditions are about, too."""
    rows = {each.row for each in parts if isinstance(each, Exists) and isinstance(each.row, ToOne)}
    if not rows or len(parts) == 1:
        return parts
    return [_with_row_outside(each, rows) for each in parts]


def _with_row_outside(part: RowCondition, rows: set[ToOne]) -> RowCondition:
    if not isinstance(part, Exists):
        return part
    conjuncts = conjuncts_of(part.part)
    for each in conjuncts:
        if not isinstance(each, Exists) or each.row not in rows or mentions_row(each.row, part.row):
            continue
        others = [other for other in conjuncts if other is not each]
        return exists(each.row, exists(part.row, conjunction(each.part, *others)))
    return part


def _has_row_without_key(parts: list[RowCondition]) -> bool:
    """Tell whether a row has to be there of which another condition says that its key is nil."""
    without = [part.row for part in parts if type(part) is Unlinked]
    return bool(without) and any(type(each) is Exists and each.row in without for each in parts)


def _absent(parts: Iterable[RowCondition]) -> Iterator[Exists]:
    """Yield what negated conditions say not to exist."""
    for part in parts:
        if isinstance(part, Not) and isinstance(part.part, Exists):
            yield part.part


def _merged_elements(parts: list[RowCondition]) -> list[RowCondition]:
    """Merge what exists in one to-many relation: one row has to meet any of the conditions."""
    by_relation: dict[t.Any, list[Exists]] = {}
    group_of: dict[int, list[Exists]] = {}
    for part in parts:
        if isinstance(part, Exists) and isinstance(part.row, ToMany):
            group = by_relation.setdefault((part.row.owner, part.row.relation), [])
            # One that asks for the first row anew, within, would take its own row for that.
            if not group or part.row == group[0].row or not mentions_row(part.part, group[0].row):
                group.append(part)
                group_of[id(part)] = group
    if all(len(group) == 1 for group in by_relation.values()):
        return parts
    made: list[RowCondition] = []
    for part in parts:
        group = group_of.get(id(part), [])
        if not group:
            made.append(part)
        elif part is group[0]:
            row = t.cast(ToMany, group[0].row)
            made.append(exists(row, disjunction(*(_of(each, row) for each in group))))
    return made


def _of(part: Exists, row: ToMany) -> RowCondition:
    """Return the condition on a row of a relation, for another row of it."""
    return t.cast(RowCondition, rewrite(part.part, lambda p: row if p == part.row else None))


def _with_common_names(parts: list[RowCondition]) -> list[RowCondition]:
    """Write conditions of several alternatives in one way that have rows under other names."""
    if len(parts) < 2:
        return parts
    first: dict[int, list[RowCondition]] = {}

    def in_one_way(part: RowCondition) -> RowCondition:
        known = first.setdefault(shape_of(part), [])
        same = next((each for each in known if is_renumbered(each, part)), None)
        if same is None:
            known.append(part)
        return part if same is None else same

    made: list[RowCondition] = []
    for part in parts:
        conjuncts = conjuncts_of(part)
        named = [*map(in_one_way, conjuncts)]
        is_same = all(one is other for one, other in zip(named, conjuncts, strict=True))
        made.append(part if is_same else conjunction(*named))
    return made


def _shared(parts: list[RowCondition]) -> list[RowCondition]:
    """Return the conditions that all alternatives have in common."""
    if len(parts) < 2:
        return []
    others = [set(conjuncts_of(part)) for part in parts[1:]]
    return [each for each in conjuncts_of(parts[0]) if all(each in other for other in others)]


def _merged_values(parts: list[RowCondition]) -> list[RowCondition]:
    """Merge the equations of one column, or of one row, with values."""
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


def in_values(column: RowValue, values: tuple[Literal, ...]) -> RowCondition:
    """Return the condition that a column has one of several values, none of which is NULL."""
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
    """Drop an alternative that another one covers: ``a or (a and b)  =>  a``."""
    if len(parts) > _FEW:
        return parts
    whole = [set(part.parts) if isinstance(part, And) else {part} for part in parts]
    return [
        part
        for number, part in enumerate(parts)
        if not any(other < whole[number] for at, other in enumerate(whole) if at != number)
    ]


#: With more alternatives than this, they are not compared with each other.
_FEW = 40


def _is_total(comparison: Comparison, numbers: Container[RowValue] = ()) -> bool:
    """Tell whether an ordering is total for values that are not NULL.

    :param numbers: the columns that are known not to be NaN.
    """
    columns = [*columns_of(comparison.left), *columns_of(comparison.right)]
    return comparison.sign != "=" and all(
        column.field.kind not in NAN_KINDS or column in numbers for column in columns
    )


def _nullable(comparison: Comparison) -> Iterator[RowValue]:
    """Yield the columns of a comparison that may be NULL."""
    for side in (comparison.left, comparison.right):
        yield from (each for each in columns_of(side) if each.field.is_nullable)


def _turned(comparison: Comparison) -> Comparison:
    sign = "<=" if comparison.sign == "<" else "<"
    return Comparison(sign, comparison.right, comparison.left, not comparison.is_turned)


def _without_nulls(parts: list[RowCondition]) -> list[RowCondition]:
    """Simplify with what is known not to be NULL: ``not a < b and not a = NULL  =>  b <= a``.

    An ordering implies that its columns are neither NULL nor NaN.
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


def _said(parts: list[RowCondition], kind: type[IsNull] | type[IsNan]) -> set[RowValue]:
    """Return the columns that are known not to be NULL, or not to be NaN."""
    return {
        part.part.column for part in parts if isinstance(part, Not) and isinstance(part.part, kind)
    }


def _has_values(comparison: Comparison) -> bool:
    """Tell whether a comparison implies that its columns are not NULL."""
    if comparison.sign != "=":
        return True
    return isinstance(comparison.left, Literal) or isinstance(comparison.right, Literal)


def _turned_if(part: RowCondition, filled: set[RowValue], numbers: set[RowValue]) -> RowCondition:
    if not isinstance(part, Not) or not isinstance(part.part, Comparison):
        return part
    is_filled = all(column in filled for column in _nullable(part.part))
    return _turned(part.part) if is_filled and _is_total(part.part, numbers) else part
