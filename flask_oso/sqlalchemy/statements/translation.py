"""Translate conditions on rows to SQLAlchemy expressions.

In goes a condition and the entity that its rows are selected from; out comes a WHERE clause.
Related rows are found with correlated EXISTS, which neither drops nor repeats a row. INVARIANT:
NULL never counts as true; under NOT, the translation is the opposite comparison or an explicit
test for NULL.
"""

from __future__ import annotations

import operator
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm

from ...polar.residual.algebra.ir import (
    ITSELF,
    TRUE,
    AmongGiven,
    And,
    Closure,
    Comparison,
    Constant,
    EntryEquals,
    EntryHasValue,
    Exists,
    HasCharacter,
    HasEntry,
    HasPart,
    InValues,
    IsNan,
    IsNull,
    IsObject,
    KnownRow,
    Not,
    OfClass,
    Or,
    RowCondition,
    RowPath,
    SameLink,
    SameRow,
    ToMany,
    ToOne,
    Unlinked,
    children_of,
    conjuncts_of,
)
from ...polar.residual.algebra.simplify import negation as opposite
from ..mapped.loaded import explaining_unloaded
from ..mapped.mapper_facts import MapperFacts
from ..mapped.tables import (
    TableSource,
    core_expression,
    discriminator,
    named_class,
    no_discriminator,
    seen_as,
    with_further_tables,
)
from .aliases import Aliases
from .comparisons import RowScope, only_row
from .dialects import ByHeldKey, FoundOnce
from .key_clauses import conjunction, has_nil, joined, listed, named_key, negation, with_values
from .key_equations import KeyColumns, KeyEquations
from .known_values import KnownKeys, KnownObjects, among_keys
from .related.broad_rows import SoughtOrListed, broad_rows
from .related.foreign_keys import equal_key, selected_keys
from .related.hashed_lists import (
    KEY,
    SoughtOrHashed,
    has_hashed_list,
    keys_of,
    keys_with,
    reads_all,
)
from .related.held_joins import HeldJoin, without_held_rows
from .related.list_parts import list_parts
from .related.listed_keys import ListedKey, UnitedKeys, united_lists
from .related.page_rows import PageRow
from .related.semijoins import (
    Equation,
    LinkRow,
    Node,
    SemiJoin,
    Side,
    Tie,
    alternatives,
    connected,
    is_apart,
    is_given,
    is_in_own_table,
    outside,
    reads_rows,
    semijoins,
)
from .related.shared_lists import SharedLists

_ONE: t.Any = sa.literal_column("1")
SqlCondition = sa.ColumnElement[bool]


class _Source(t.NamedTuple):
    """What a ``SemiJoin`` selects from in each statement: joined tables, and which rows of them.

    :param left: the equations that are not part of it.
    """

    source: t.Any
    own: list[t.Any]
    criteria: list[t.Any]
    left: list[Equation]


class _Subquery(t.NamedTuple):
    """What a ``SemiJoin`` selects from, and where.

    :param where: what depends on known objects, too.
    """

    join: SemiJoin
    made: _Source
    entities: tuple[t.Any, ...]
    where: list[t.Any]
    scope: RowScope


#: So many conditions of one statement may come of distributing others over an ``or``; each
#: further ``or`` would double them. What is left stands in a subquery of its own.
MAX_DISTRIBUTED = 100


class Translator:
    """Translates the conditions of one statement.

    :param names: the facts about the mapped classes.
    :param known: the objects of placeholder rows.
    :param shared: the lists of other conditions of the statement.
    """

    def __init__(
        self,
        names: MapperFacts,
        known: KnownObjects,
        shared: SharedLists | None = None,
    ) -> None:
        self._names = names
        self._known = known
        self._shared = shared
        self._keys = KeyEquations(names, known)
        self._compare = self._keys.compare
        self._sources = Aliases(names)
        #: Whether there are subqueries in conditions, by their identities, which are kept so.
        self._reading: dict[int, tuple[RowCondition, bool]] = {}
        #: How many conditions became of those that were distributed over an ``or``.
        self._distributed = 0
        #: What is asked in one way for a page, and in another for all rows.
        self._broad: Exists | None = None
        #: The scope in which all rows of a table are asked for others; the same beside an ``or``.
        self._of_all: RowScope | None = None
        self._beside: RowScope | None = None

    def clause(self, condition: RowCondition, scope: RowScope) -> SqlCondition:
        """Translate a condition."""
        if self._shared is None:
            self._broad = self._broad_rows(condition, t.cast(RowPath, next(iter(scope))))
            find = lambda: reads_all(condition, self._names)  # noqa: E731
            self._of_all = scope if self._names.kept(condition, "reads all", find) else None
        with explaining_unloaded(self._known.all()):
            return t.cast(SqlCondition, self._translate(condition, scope))

    def _broad_rows(self, condition: RowCondition, root: RowPath) -> Exists | None:
        find = lambda: (broad_rows(condition, root, self._names),)  # noqa: E731
        return t.cast(tuple[Exists | None], self._names.kept(condition, ("broad", root), find))[0]

    def _translate(self, condition: t.Any, scope: RowScope) -> t.Any:
        row = only_row(condition)
        entity = None if row is None else scope.get(row)
        if not isinstance(entity, type | TableSource):
            return self._translate_anew(condition, scope)
        return self._names.kept(condition, entity, lambda: self._translate_anew(condition, scope))

    def _translate_anew(self, condition: t.Any, scope: RowScope) -> t.Any:
        return _TRANSLATIONS[type(condition)](self, condition, scope)

    def _constant(self, condition: Constant, scope: RowScope) -> t.Any:
        return sa.true() if condition.value else sa.false()

    def _and(self, condition: And, scope: RowScope) -> t.Any:
        return sa.and_(*(self._translate(part, scope) for part in condition.parts))

    def _or(self, condition: Or, scope: RowScope) -> t.Any:
        # A database finds once, and first, what does not depend on the row. Where a column of the
        # row is enough, it looks for no other row.
        def rank(part: t.Any) -> tuple[bool, bool]:
            return not is_apart(part, scope), self._reads_rows(part)

        parts = sorted(condition.parts, key=rank)
        before, self._beside = self._beside, self._of_all
        ways = [self._translate(part, scope) for part in parts]
        self._beside = before
        # Lists that columns share stand once anyway.
        return sa.or_(*(united_lists(ways) if self._shared is None else ways))

    def _reads_rows(self, condition: RowCondition) -> bool:
        """Tell whether there is a subquery in a condition."""
        known = self._reading.get(id(condition))
        if known is None:
            reads = reads_rows(condition, self._names)
            reads = reads or any(map(self._reads_rows, children_of(condition)))
            known = self._reading[id(condition)] = condition, reads
        return known[1]

    def _not(self, condition: Not, scope: RowScope) -> t.Any:
        part = condition.part
        if isinstance(part, Comparison):
            return self._compare.not_compared(part, scope)
        if isinstance(part, InValues):
            others = self._compare.among_values(part, scope, is_among=False)
            return self._compare.or_null(others, [part.column], scope)
        if isinstance(part, AmongGiven):
            others = self._compare.among_given(part, scope, is_among=False)
            return self._compare.or_null(others, [part.column], scope)
        if isinstance(part, IsNull):
            return self._compare.is_not_null(part, scope)
        if isinstance(part, Exists):
            return self._not_having(part, scope)
        if isinstance(part, SameLink):
            return self._keys.not_equal(self._keys.link_equation(part), scope)
        if isinstance(part, HasCharacter | HasPart):
            texts = [part.text] if isinstance(part, HasCharacter) else [part.text, part.part]
            return self._compare.or_null(sa.not_(self._translate(part, scope)), texts, scope)
        # The remaining conditions are never NULL: keys, classes, IN on keys.
        return sa.not_(self._translate(part, scope))

    # -- rows -----------------------------------------------------------------------------

    def _is(self, condition: IsObject, scope: RowScope) -> t.Any:
        named = self._known.keys_of([each.value for each in condition.objects])
        return among_keys(self._keys.key(condition.row, scope), named)

    def _same(self, condition: SameRow, scope: RowScope) -> t.Any:
        for row, other in ((condition.left, condition.right), (condition.right, condition.left)):
            if isinstance(other, KnownRow):
                return among_keys(self._keys.key(row, scope), self._known.keys(other))
        left, right = self._keys.key(condition.left, scope), self._keys.key(condition.right, scope)
        return sa.and_(*map(operator.eq, left, right))

    def _of_class(self, condition: OfClass, scope: RowScope) -> t.Any:
        mapper: t.Any = sa.inspect(condition.row.cls)
        names: list[t.Any] = [sa.inspect(cls).polymorphic_identity for cls in condition.classes]
        name = discriminator(mapper)
        if None in names:
            raise no_discriminator(mapper)
        return named_class(self._keys.column(condition.row, name, scope), names)

    def _same_link(self, condition: SameLink, scope: RowScope) -> t.Any:
        return self._keys.equal(self._keys.link_equation(condition), scope)

    def _unlinked(self, condition: Unlinked, scope: RowScope) -> t.Any:
        row = condition.row
        names = [name for name, _ in self._names.key_of_class(row.owner.cls, row.relation) or ()]
        if isinstance(row.owner, KnownRow):
            known = [self._known.attribute(row.owner, name) for name in names]
            return sa.true() if has_nil(known) else sa.false()
        return sa.or_(*(self._keys.column(row.owner, name, scope).is_(None) for name in names))

    # -- related rows ---------------------------------------------------------------------

    def _having(self, condition: Exists, scope: RowScope) -> t.Any:
        scope = t.cast(RowScope, outside(condition, scope))
        if _is_read(condition.row, scope):
            return self._translate(condition.part, scope)
        same = _seen_as_subclass(condition.row, scope)
        if same is not None:
            inner = {**scope, condition.row: same}
            return sa.and_(same.criterion(), self._translate(condition.part, inner))
        found = self._having_rows(condition, scope)
        keys = self._held_keys(condition, scope)
        return (
            found
            if keys is None
            else ByHeldKey(sa.and_(sa.true(), *(k.is_not(None) for k in keys)), found)
        )

    def _having_rows(self, condition: Exists, scope: RowScope) -> t.Any:
        joins = self._joins(condition, scope)
        if joins is None:
            return self._having_row(condition, scope)
        if self._distributed < MAX_DISTRIBUTED and any(
            join.mixed and join.is_anchored for join in joins
        ):
            others = alternatives(condition, scope)
            if others is not None:
                self._distributed += len(others)
                return sa.or_(*(self._translate(each, scope) for each in others))
        if len(joins) == 1 and joins[0].has_list:
            joins = self._lists(condition, joins[0], scope)
            if len(joins) > 1:
                return self._listed_in_parts(joins, scope)
        if condition is self._broad:
            return self._sought_or_listed(joins[0], scope)
        return conjunction([self._semijoin(join, scope) for join in joins])

    def _lists(self, condition: Exists, join: SemiJoin, scope: RowScope) -> list[SemiJoin]:
        """Return the joins for a list in parts, each of which an index finds."""
        rows = tuple(scope)
        return t.cast(
            list[SemiJoin],
            self._names.kept(
                condition, ("lists", *rows), lambda: list_parts(condition, join, rows, self._names)
            ),
        )

    def _listed_in_parts(self, joins: list[SemiJoin], scope: RowScope) -> t.Any:
        """Test for a row with IN and a union of uncorrelated subqueries."""
        selects = []
        for join in joins:
            found = self._subquery(join, scope)
            far = [pair[1] for each in join.outer for pair in self._keys.pairs(each, found.scope)]
            named = [column.label(f"key_{number}") for number, column in enumerate(far)]
            selects.append(self._select("part", named, found))
        near = [value for each in joins[0].outer for value in self._keys.values(each.left, scope)]
        united = UnitedKeys(*selects)
        return _on_list(near, united if self._shared is None else self._shared.of(united))

    def _joins(self, condition: Exists, scope: RowScope) -> list[SemiJoin] | None:
        rows = t.cast(tuple[RowPath, ...], tuple(scope))
        joins = self._names.kept(
            condition, rows, lambda: semijoins(condition, rows, self._names) or ()
        )
        return joins or None

    def _not_having(self, condition: Exists, scope: RowScope) -> t.Any:
        scope = t.cast(RowScope, outside(condition, scope))
        if _is_read(condition.row, scope):
            return self._translate(opposite(condition.part), scope)
        same = _seen_as_subclass(condition.row, scope)
        if same is not None:
            inner = {**scope, condition.row: same}
            return sa.or_(
                sa.not_(same.criterion()), self._translate(opposite(condition.part), inner)
            )
        found = self._not_having_rows(condition, scope)
        keys = self._held_keys(condition, scope)
        return (
            found
            if keys is None
            else ByHeldKey(sa.or_(sa.false(), *(k.is_(None) for k in keys)), found)
        )

    def _held_keys(self, condition: Exists, scope: RowScope) -> list[t.Any] | None:
        """Return what is NULL if a relation leads to no row, as far as a constraint tells.

        ``None`` if none does, or more is asked than whether there is a row.

        INVARIANT: no column of the owner is read where a row in scope is asked for anew: it may be
        a row of a list, which does not depend on the owner.
        """
        row = condition.row
        if condition.part != TRUE or not isinstance(row, ToOne) or row in scope:
            return None
        owner = row.owner
        is_known = isinstance(owner, KnownRow)
        if not is_known and isinstance(scope.get(owner), KeyColumns | None):
            return None
        keys = self._names.held_key(owner.cls, row.relation)
        if keys is None:
            return None
        if isinstance(owner, KnownRow):
            return [] if self._known.holds(owner, tuple(name for name, _ in keys)) else None
        return [self._keys.column(owner, name, scope) for name, is_nullable in keys if is_nullable]

    def _not_having_rows(self, condition: Exists, scope: RowScope) -> t.Any:
        joins = self._joins(condition, scope)
        if joins is None:
            return sa.not_(self._having_row(condition, scope))
        is_of_keys = not joins[0].nodes and not any(each.comparison for each in joins[0].inner)
        if len(joins) == 1 and is_of_keys and not joins[0].around:
            return self._not_any(joins[0], scope)
        if len(joins) == 1 and joins[0].has_list and joins[0].is_of_one_column:
            return self._not_listed(joins[0], scope)
        if len(joins) == 1 and joins[0].has_list and self._keys.is_firm(joins[0]):
            return sa.not_(self._listed(joins[0], scope))
        found = sa.and_(*(self._semijoin(join, scope, is_exact=True) for join in joins))
        return sa.not_(found) if all(join.nodes for join in joins) else negation(found)

    def _not_any(self, join: SemiJoin, scope: RowScope) -> t.Any:
        """Negate comparisons of keys for which no row is read."""
        return sa.or_(
            *(self._keys.not_equal(each, scope) for each in join.inner),
            *(self._not_tied(each, scope) for each in join.ties),
        )

    def _semijoin(self, join: SemiJoin, scope: RowScope, *, is_exact: bool = False) -> t.Any:
        """Test for a row of a join.

        :param is_exact: whether the result must not be NULL.
        """
        if not join.nodes:
            return conjunction(
                [
                    *(self._keys.equal(each, scope) for each in join.inner),
                    *(self._tied(each, scope) for each in join.ties),
                    *(self._translate(each, scope) for each in join.around),
                ]
            )
        if not is_exact and join.has_list:
            return self._listed(join, scope)
        found = self._subquery(join, scope)
        one = self._sought(join, found, scope)
        if scope is self._beside and has_hashed_list(join):
            return self._sought_or_hashed(one, join, found)
        if is_exact or join.lead is None:
            return one
        # Databases start from the list, where they would look for a row of the join for each row.
        return sa.and_(self._listed(join.lead, scope), one)

    def _sought(self, join: SemiJoin, found: _Subquery, scope: RowScope) -> t.Any:
        """Test for a row with EXISTS and a correlated subquery."""
        where = [self._keys.equal(each, found.scope) for each in join.outer]
        where += [self._translate(each, found.scope) for each in join.mixed]
        # Beside the lists of other columns, a row in scope alone is one of which a column tells.
        is_column = self._shared is not None and len(scope) == 1
        return self._there(found, where, PageRow if is_column else sa.Select)

    def _there(self, found: _Subquery, where: list[t.Any], kind: t.Any = sa.Select) -> t.Any:
        made = found.made
        statement = kind(_ONE).select_from(made.source)
        statement = statement.where(*where, *made.criteria, *found.where)
        return statement.correlate_except(*made.own).exists()

    def _sought_or_hashed(self, one: t.Any, join: SemiJoin, found: _Subquery) -> t.Any:
        """Test for a row with EXISTS, and where all rows are read with a list by a hash table."""
        (equation,) = join.outer
        ((near, far),) = self._keys.pairs(equation, found.scope)
        source = self._sources.alias(t.cast(RowPath, equation.left.node).cls)
        (mine,) = self._keys.values(equation.left, {equation.left.node: source})
        if isinstance(equation.right.node, ToOne):
            rows = self._select("hashed", [far.label(KEY)], found)
            keys = keys_of(rows, source.selectable, mine, far)
        else:
            keys = keys_with(source.selectable, mine, self._there(found, [mine == far]))
        return SoughtOrHashed(one, near, keys.scalar_subquery())

    def _sought_or_listed(self, join: SemiJoin, scope: RowScope) -> t.Any:
        """Test for a row with EXISTS where a statement ends early, and else with IN."""
        found = self._subquery(join, scope)
        ((near, far),) = [
            pair for each in join.outer for pair in self._keys.pairs(each, found.scope)
        ]
        keys = self._select("list", [far], found)
        one = self._sought(join, found, scope)
        if scope is self._beside and has_hashed_list(join):
            one = self._sought_or_hashed(one, join, found)
        return SoughtOrListed(one, listed([near], keys))

    def _listed(self, join: SemiJoin, scope: RowScope) -> t.Any:
        """Test for a row with IN and an uncorrelated subquery."""
        found = self._subquery(join, scope)
        if join.outer[0].is_null_safe:
            mine, other = self._keys.compared(join.outer[0], found.scope)
            none = self._select("one", [_ONE], found).where(other.is_(None))
            return sa.or_(
                mine.in_(self._list([other], found)), sa.and_(mine.is_(None), none.exists())
            )
        pairs = [pair for each in join.outer for pair in self._keys.pairs(each, found.scope)]
        near, far = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return _on_list(near, self._list(far, found))

    def _list(self, columns: list[t.Any], found: _Subquery) -> t.Any:
        """Select columns, uncorrelated with the enclosing statement."""
        if self._shared is None:
            return self._select("list", columns, found)
        named = [column.label(f"key_{number}") for number, column in enumerate(columns)]
        return self._shared.of(self._select("part", named, found))

    def _not_listed(self, join: SemiJoin, scope: RowScope) -> t.Any:
        """Test for no row with NOT IN: no NULL is on the list, and NULL is not on it, either."""
        found, (equation,) = self._subquery(join, scope), join.outer
        ((mine, other),) = self._keys.pairs(equation, found.scope)
        if self._keys.may_be_null(equation.right):
            found.where.append(other.is_not(None))
        missing = mine.not_in(self._list([other], found))
        if not self._keys.may_be_null(equation.left):
            return missing
        return sa.or_(mine.is_(None), missing)

    def _subquery(self, join: SemiJoin, scope: RowScope) -> _Subquery:
        """Join the rows, and translate what is asked of them without the rows in scope."""
        inner, where = dict(scope), list[t.Any]()
        loaded = {node: rows for node in join.nodes if (rows := self._loaded(node)) is not None}
        given = {*loaded, *(LinkRow(t.cast(ToMany, node)) for node in loaded)}
        nodes = [each for each in join.nodes if not isinstance(each, LinkRow) or each not in given]
        for node in nodes:
            if isinstance(node, LinkRow):
                inner[node] = self._sources.link_alias(node, inner)
            else:
                _, inner = self._sources.entity(
                    node, inner, is_own=self._is_in_own_table(node, join)
                )
        entities = tuple(inner[node] for node in nodes)
        made = self._names.kept(
            join, (*entities, *loaded), lambda: self._source(join, nodes, given, inner)
        )
        where += [
            among_keys(self._keys.key(t.cast(RowPath, row), inner), rows)
            for row, rows in loaded.items()
        ]
        where += [self._keys.equal(each, inner) for each in made.left]
        where += [self._tied(each, inner) for each in join.ties]
        for each in join.filters:
            where += [self._translate(part, inner) for part in conjuncts_of(each)]
        return _Subquery(join, made, entities, where, inner)

    def _source(
        self, join: SemiJoin, nodes: list[Node], given: set[Node], scope: RowScope
    ) -> _Source:
        """Join the tables of rows, which is the same for each statement."""
        equations = [each for each in join.inner if not is_given(each, given)]
        own = [_selectable(node, scope) for node in nodes]
        source, left = self._joined(nodes, equations, scope)
        others, linked = without_held_rows(join, nodes, self._names)
        if len(others) < len(nodes):
            linked = [each for each in linked if not is_given(each, given)]
            held, rest = self._joined([*connected(others, linked)], linked, scope)
            if rest == left:
                source = HeldJoin(source, held)
        criteria = [scope[node].criterion() for node in nodes if not isinstance(node, LinkRow)]
        criteria = [each for each in criteria if each is not None]
        for node in nodes:
            if not isinstance(node, LinkRow) and node not in given:
                criteria += self._names.related_criteria(node, scope[node])
        return _Source(source, own, criteria, left)

    def _joined(
        self, nodes: list[Node], left: list[Equation], scope: RowScope
    ) -> tuple[t.Any, list[Equation]]:
        """Join the tables of rows by equations, and return those that are not part of the join."""
        source, read = _selectable(nodes[0], scope), {nodes[0]}
        for node in nodes[1:]:
            read.add(node)
            on = [each for each in left if node in each.nodes and each.nodes <= read]
            left = [each for each in left if each not in on]
            clause = conjunction([self._keys.equal(each, scope) for each in on])
            source = source.join(_selectable(node, scope), clause)
        return source, left

    def _select(self, kind: str, columns: list[t.Any], found: _Subquery) -> t.Any:
        """Select columns, uncorrelated with the enclosing statement.

        :param kind: tells the columns from others of the same join.
        """
        made = found.made
        base = self._names.kept(
            found.join,
            (kind, *found.entities),
            lambda: (
                sa.select(*columns).select_from(made.source).where(*made.criteria).correlate(None)
            ),
        )
        return base.where(*found.where) if found.where else base

    # -- equations of keys ----------------------------------------------------------------

    def _tied(self, tie: Tie, scope: RowScope) -> t.Any:
        key = self._keys.values(tie.side, scope)
        if has_nil(key):
            return sa.false()
        if isinstance(tie.condition, IsObject):
            named = self._known.keys_of([each.value for each in tie.condition.objects])
            return among_keys(key, named)
        return listed(key, self._members(tie.condition))

    def _not_tied(self, tie: Tie, scope: RowScope) -> t.Any:
        key = self._keys.values(tie.side, scope)
        if has_nil(key):
            return sa.true()
        is_known = isinstance(tie.side.node, KnownRow)
        empty = (
            [] if is_known or not self._keys.may_be_null(tie.side) else [c.is_(None) for c in key]
        )
        return sa.or_(sa.not_(self._tied(tie, scope)), *empty)

    def _having_row(self, condition: Exists, scope: RowScope) -> t.Any:
        """Test for a row with EXISTS, which is never NULL, where a relation has an own join."""
        row = condition.row
        if isinstance(row.owner, KnownRow):
            return self._having_known(condition, scope)
        target, inner = self._sources.entity(row, scope)
        if self._names.pairs(row) is None:
            joined = self._names.joined(scope[row.owner], row.relation, target)
        else:
            near, far = zip(*(self._names.pairs(row) or ()), strict=True)
            joined = self._keys.equal(Equation(Side(row.owner, near), Side(row, far)), inner)
            joined = sa.and_(joined, *self._names.related_criteria(row, target))
        return self._exists(target, joined, condition.part, inner)

    def _loaded(self, row: Node) -> KnownKeys | None:
        """Return the keys of a loaded to-many relation of an object; ``None`` if not loaded."""
        if not isinstance(row, ToMany) or not isinstance(row.owner, KnownRow):
            return None
        return self._known.loaded(row.owner, row.relation)

    def _having_known(self, condition: Exists, scope: RowScope) -> t.Any:
        """Test for a row that is related to an object."""
        row = condition.row
        owner = self._known.object(t.cast(KnownRow, row.owner))
        attribute = getattr(row.owner.cls, row.relation)
        target, inner = self._sources.entity(row, scope)
        loaded = self._loaded(row)
        if loaded is not None:
            among = among_keys(self._keys.key(row, inner), loaded)
            return self._exists(target, among, condition.part, inner)
        names = self._names.foreign_key(row.owner.cls, row.relation)
        if names is not None:
            values = [getattr(owner, name) for name, _ in names]
            if None in values:
                return sa.false()
            joined = sa.and_(*map(operator.eq, self._keys.key(row, inner), values))
            return self._exists(target, joined, condition.part, inner)
        if any(getattr(owner, name) is None for name in self._names.compared(row)):
            # Nothing equals NULL, and SQLAlchemy warns about such a comparison.
            return sa.false()
        related = core_expression(
            with_values(orm.with_parent(owner, attribute.of_type(target.entity)))
        )
        related = with_further_tables(related, attribute.property)
        return self._exists(target, related, condition.part, inner)

    def _exists(
        self, target: TableSource, joined: t.Any, part: RowCondition, inner: RowScope
    ) -> t.Any:
        """Test for a row of a target, correlated with all of the enclosing statement.

        A secondary table has an alias of its own in what SQLAlchemy makes of a relation. The table
        itself may be one that the enclosing statement selects from.
        """
        found = target.restricted(sa.select(_ONE).select_from(target.selectable)).where(joined)
        if part != TRUE:
            found = found.where(self._translate(part, inner))
        return found.correlate_except(target.selectable).exists()

    def _is_in_own_table(self, row: RowPath, join: SemiJoin) -> bool:
        return t.cast(
            bool,
            self._names.kept(join, ("own", row), lambda: is_in_own_table(row, join, self._names)),
        )

    # -- closures -------------------------------------------------------------------------

    def _closure(self, condition: Closure, scope: RowScope) -> t.Any:
        return listed(self._keys.key(condition.row, scope), self._members(condition))

    def _members(self, condition: Closure) -> t.Any:
        """Select the keys of a recursive set in one recursive query."""
        shared, self._shared = self._shared, None
        # MariaDB finds no other common table expression from within a recursive one.
        members = self._recursive_query(condition)
        self._shared = shared
        return members if shared is None else shared.of(members)

    def _recursive_query(self, condition: Closure) -> t.Any:
        cls = condition.variable.cls
        first, following = self._sources.alias(cls), self._sources.alias(cls)
        outer: RowScope = {condition.variable: first}
        key = self._keys.key(condition.variable, outer)
        begin = self._first_keys(first, key, self._translate(condition.first, outer))
        # Within the subquery: MariaDB has no WITH before UPDATE and DELETE.
        found = begin.cte(recursive=True, nesting=True)
        inner: RowScope = {condition.variable: following, condition.before: KeyColumns(found.c)}
        step = self._next_keys(condition, following, found, inner)
        return sa.select(*map(FoundOnce, found.union(step).c))

    def _first_keys(self, target: TableSource, key: list[t.Any], where: t.Any) -> t.Any:
        """Select the keys with which a recursive query begins."""
        known = selected_keys(target, key, where)
        if known is not None:
            return known
        begin = sa.select(*(named_key(column, number) for number, column in enumerate(key)))
        return target.restricted(begin.select_from(target.selectable)).where(where)

    def _next_keys(
        self, condition: Closure, target: TableSource, found: t.Any, scope: RowScope
    ) -> t.Any:
        """Select the keys that a recursive query finds from those before."""
        sources, where = list[t.Any](), list[t.Any]()
        for part in conjuncts_of(condition.next):
            joins = self._joins(part, scope) if isinstance(part, Exists) else None
            if joins is None:
                where.append(self._translate(part, scope))
                continue
            # The union drops rows that are found twice.
            for join in joins:
                if not join.nodes:
                    where.append(self._semijoin(join, scope))
                    continue
                more = self._subquery(join, scope)
                where += [*more.made.criteria, *more.where]
                sources.append(more.made.source)
                where += [self._keys.equal(each, more.scope) for each in join.outer]
                where += [self._translate(each, more.scope) for each in join.mixed]
        key = self._keys.key(condition.variable, scope)
        foreign = equal_key(target, key, where)
        if foreign is not None and sources:
            other, where = foreign
            source = joined([*sources, found], where)
            return sa.select(other.label("key_0")).select_from(source)
        source = joined([target.selectable, *sources, found], where)
        return target.restricted(sa.select(*key)).select_from(source)


def _selectable(node: Node, scope: RowScope) -> t.Any:
    entity = scope[node]
    return entity.selectable if isinstance(entity, TableSource) else entity


def _on_list(near: list[t.Any], keys: t.Any) -> t.Any:
    """Test for columns with IN, or with EXISTS in a statement that asks for few of them."""
    return ListedKey(near[0], keys) if len(near) == 1 else listed(near, keys)


def _is_read(row: RowPath, scope: RowScope) -> bool:
    """Tell whether the row of a to-one relation is in scope: it is the only one, and it is there.

    So a subquery that joins it for one condition does not look for it again for another. To do so
    by way of its owner would be wrong in a list, which has no row of the owner.
    """
    return isinstance(row, ToOne) and row in scope


def _seen_as_subclass(row: RowPath, scope: RowScope) -> TableSource | None:
    """Return the tables of a row in scope, where a row is the same one, seen as of a subclass.

    ``None`` for another row, or if the columns of the subclass are in a table of its own.
    """
    if not isinstance(row, ToOne) or row.relation != ITSELF or row in scope:
        return None
    entity = scope.get(row.owner)
    is_entity = entity is not None and not isinstance(entity, KeyColumns)
    return seen_as(row.cls, entity) if is_entity else None


_TRANSLATIONS: dict[type, t.Callable[[Translator, t.Any, RowScope], t.Any]] = {
    Constant: Translator._constant,
    And: Translator._and,
    Or: Translator._or,
    Not: Translator._not,
    Comparison: lambda self, condition, scope: self._compare.comparison(condition, scope),
    InValues: lambda self, condition, scope: self._compare.among(condition, scope),
    AmongGiven: lambda self, condition, scope: self._compare.among_given(condition, scope),
    IsNull: lambda self, condition, scope: self._compare.is_null(condition, scope),
    IsNan: lambda self, condition, scope: self._compare.is_nan(condition, scope),
    HasCharacter: lambda self, condition, scope: self._compare.has_character(condition, scope),
    HasPart: lambda self, condition, scope: self._compare.has_part(condition, scope),
    HasEntry: lambda self, condition, scope: self._compare.has_entry(condition, scope),
    EntryEquals: lambda self, condition, scope: self._compare.entry_equals(condition, scope),
    EntryHasValue: lambda self, condition, scope: self._compare.entry_has_value(condition, scope),
    IsObject: Translator._is,
    SameRow: Translator._same,
    SameLink: Translator._same_link,
    Unlinked: Translator._unlinked,
    OfClass: Translator._of_class,
    Exists: Translator._having,
    Closure: Translator._closure,
}
