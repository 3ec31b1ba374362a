"""How an ``Exists`` is asked: which tables a subquery reads, and how they are tied to a row.

``EXISTS (SELECT 1 FROM roles WHERE roles.post_id = posts.id AND roles.user_id = 7)`` says the
same as ``posts.id IN (SELECT roles.post_id FROM roles WHERE roles.user_id = 7)``. For IN, databases
find the short list by an index and start from it, while for EXISTS SQLite searches for a role of
each post. Without a key of a known object the list may be as long as the table; EXISTS is then
better, since it stops at a LIMIT.

In goes an ``Exists`` and the rows in scope; out comes a ``SemiJoin``: the related rows at any depth
as one join, the equations of keys among them and with the rows in scope, and other conditions. A
to-one row of which only the key is needed is not read: its foreign key is compared.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ....polar.residual.algebra.ir import (
    ITSELF,
    TRUE,
    AmongGiven,
    And,
    Closure,
    Column,
    Comparison,
    Exists,
    InValues,
    IsObject,
    KnownRow,
    Literal,
    Or,
    Replaced,
    Root,
    RowCondition,
    RowPath,
    SameLink,
    SameRow,
    ToMany,
    ToOne,
    Unlinked,
    asked_rows,
    children_of,
    conjuncts_of,
    is_nullable,
    is_of_object,
    rows_in,
    walk_condition,
)
from ....polar.residual.algebra.schema import NAN_KINDS, ValueKind
from ...mapped.mapper_facts import LinkStep, MapperFacts


@dataclass(frozen=True)
class LinkRow:
    """The row of the secondary table that relates a row to its owner."""

    row: ToOne | ToMany


#: A row that a subquery reads.
Node = RowPath | LinkRow
_ROWS = (Root, KnownRow, ToOne, ToMany)


@dataclass(frozen=True)
class Side:
    """Columns of a row: attributes, or columns of a secondary table."""

    node: Node
    columns: tuple[t.Any, ...]


@dataclass(frozen=True)
class Equation:
    """Columns of two rows are equal, and not NULL unless the comparison is of two such columns.

    :param comparison: what the policy compares, if it compares columns.
    :param is_relation: whether it is part of the relation from an owner to a row.
    """

    left: Side
    right: Side
    comparison: Comparison | None = None
    is_relation: bool = False

    @property
    def is_null_safe(self) -> bool:
        """Tell whether NULL equals NULL."""
        return self.comparison is not None and (
            is_nullable(self.comparison.left) and is_nullable(self.comparison.right)
        )

    @property
    def nodes(self) -> set[Node]:
        """Return the two rows."""
        return {self.left.node, self.right.node}


@dataclass(frozen=True)
class Tie:
    """The key of a row, or a foreign key with it, that a condition on the row is about."""

    side: Side
    condition: IsObject | Closure


class SemiJoin(t.NamedTuple):
    """One join of related rows.

    :param nodes: what is read.
    :param inner: the equations among them, and with known objects.
    :param outer: the equations with rows in scope, which stand on the left.
    :param ties: which of their keys are those of known objects, or of a closure.
    :param filters: conditions on them.
    :param mixed: conditions on them and on rows in scope.
    :param around: conditions on rows in scope only.
    :param is_anchored: whether keys tie the rows to a known object.
    :param lead: some of the rows, if these have a list and all of them have none.
    :param links: the rows of which nothing but equations among the rows says anything.
    """

    nodes: tuple[Node, ...]
    inner: tuple[Equation, ...]
    outer: tuple[Equation, ...]
    ties: tuple[Tie, ...]
    filters: tuple[RowCondition, ...]
    mixed: tuple[RowCondition, ...]
    around: tuple[RowCondition, ...]
    is_anchored: bool
    lead: SemiJoin | None = None
    links: frozenset[Node] = frozenset()

    @property
    def has_list(self) -> bool:
        """Tell whether rows in scope are found on a list that does not depend on them."""
        if not self.is_anchored or self.mixed or not self.outer:
            return False
        ends = {(each.left.node, each.right.node) for each in self.outer}
        return len(ends) == 1 and (
            len(self.outer) == 1 or not any(each.is_null_safe for each in self.outer)
        )

    @property
    def is_of_one_column(self) -> bool:
        """Tell whether the list has one column, for which NULL equals nothing."""
        first = self.outer[0]
        return len(self.outer) == len(first.left.columns) == 1 and not first.is_null_safe


def semijoins(
    condition: Exists,
    scope: Collection[RowPath],
    names: MapperFacts,
    whole: Exists | None = None,
) -> list[SemiJoin] | None:
    """Return the joins that a condition asks for, each independent of the others.

    ``None`` if a relation compares more than columns.

    :param whole: an ``Exists`` in it that is not taken apart.
    """
    if whole is not None:
        return _Analysis(scope, names, whole).joins(condition)
    rows = tuple(scope)
    return t.cast(
        list[SemiJoin] | None,
        names.kept(condition, ("joins", rows), lambda: _Analysis(rows, names).joins(condition)),
    )


def could_be_list(join: SemiJoin) -> bool:
    """Tell whether a list of one column would find rows in scope, were it short."""
    could = join._replace(is_anchored=True)
    return bool(join.nodes) and could.has_list and could.is_of_one_column


def alternatives(condition: Exists, scope: Collection[Node]) -> list[Exists] | None:
    """Distribute ``Exists`` over an ``or`` that mentions rows in scope; ``None`` if there is none.

    ``exists(p: (a or b) and c)  =>  exists(p: a and c) or exists(p: b and c)``
    """
    rows: set[RowPath] = set()
    for atom in list(_flat(condition, rows)):
        mentioned = _mentioned(atom, {*rows, *scope})
        is_mixed = not rows.isdisjoint(mentioned) and not mentioned.isdisjoint(scope)
        if isinstance(atom, Or) and is_mixed:
            return parted(condition, atom)
    return None


def parted(condition: Exists, atom: Or) -> list[Exists]:
    """Distribute ``Exists`` over one of its conjuncts, so that each part has a list of its own.

    ``exists(p: (a or b) and c)  =>  exists(p: a and c) or exists(p: b and c)``
    """
    return [t.cast(Exists, _with_atom(condition, atom, part)) for part in atom.parts]


def _with_atom(condition: t.Any, atom: RowCondition, new: RowCondition) -> t.Any:
    """Return a conjunction with one of its atoms replaced."""
    if condition is atom:
        return new
    if isinstance(condition, And):
        parts: list[RowCondition] = []
        for part in condition.parts:
            parts.extend(conjuncts_of(_with_atom(part, atom, new)))
        return And(tuple(parts))
    if isinstance(condition, Exists):
        return Exists(condition.row, _with_atom(condition.part, atom, new))
    return condition


def _flat(
    condition: Exists, rows: set[RowPath], whole: Exists | None = None
) -> Iterator[RowCondition]:
    """Yield the conjuncts of an ``Exists`` at any depth, and collect its rows.

    Where two of them ask for some row of a list, these may be two rows: one is not taken apart.

    :param whole: one of them that is not taken apart.
    """
    rows.add(condition.row)
    for part in conjuncts_of(condition.part):
        if isinstance(part, Exists) and part is not whole and not _is_another(part.row, rows):
            yield from _flat(part, rows, whole)
        elif part != TRUE:
            yield part


def _is_another(row: RowPath, rows: set[RowPath]) -> bool:
    return isinstance(row, ToMany) and row in rows


def _mentioned(part: t.Any, rows: set[Node]) -> set[RowPath]:
    """Return which of some rows, such as those in scope, a condition is about."""
    return {*_mentioned_in_turn(part, rows)}


def _mentioned_in_turn(part: t.Any, rows: set[Node]) -> Iterator[RowPath]:
    """Yield these rows, some of them twice.

    INVARIANT: a foreign key is a column of the owner. A subquery that reads it from a row in scope
    is no list of its own, even where it also has the row to which the key leads.
    """
    stack = [part]
    while stack:
        each = stack.pop()
        # Two sets: nothing is hashed.
        if rows.isdisjoint(rows_in(each)):
            continue
        if isinstance(each, Exists) and isinstance(each.row, ToMany):
            inner = _mentioned_in_turn(each.part, rows)
            yield from (row for row in inner if not _begins_at(row, each.row))
            stack.append(each.row.owner)
            continue
        if isinstance(each, SameLink):
            stack += [each.left.owner, each.right.owner]
        elif isinstance(each, Unlinked):
            stack.append(each.row.owner)
        if isinstance(each, _ROWS) and each in rows:
            yield each
            continue
        stack.extend(children_of(each))


def _begins_at(node: t.Any, row: RowPath) -> bool:
    """Tell whether a row is another one, or a relation leads from that to it."""
    node = node.row if isinstance(node, LinkRow) else node
    while node != row and isinstance(node, ToOne | ToMany):
        node = node.owner
    return bool(node == row)


def outside(condition: Exists, scope: Mapping[Node, t.Any]) -> Mapping[Node, t.Any]:
    """Return the rows in scope that a condition may be about.

    INVARIANT: where a condition asks for some row of a list anew, that is another row than the one
    in scope, and so is each to which relations lead from it.
    """
    if not any(isinstance(row, ToMany) for row in scope):
        return scope
    again = [row for row in _ordered(condition) if isinstance(row, ToMany) and row in scope]
    if not again:
        return scope
    return {
        row: entity
        for row, entity in scope.items()
        if not any(_begins_at(row, each) for each in again)
    }


def is_apart(part: RowCondition, scope: Collection[Node]) -> bool:
    """Tell whether a condition is about no row in scope."""
    return next(_mentioned_in_turn(part, {*scope}), None) is None


def is_anchored(part: RowCondition, names: MapperFacts) -> bool:
    """Tell whether a condition ties rows to a known object by keys."""
    return _Analysis((), names).anchors(part)


def reads_rows(part: RowCondition, names: MapperFacts) -> bool:
    """Tell whether a condition is a subquery, and no comparison of a foreign key."""
    if isinstance(part, Closure):
        return True
    if not isinstance(part, Exists):
        return False
    joins = semijoins(part, outer_rows(part), names)
    return joins is None or any(each.nodes or each.ties for each in joins)


class _Analysis:
    """Sorts the conjuncts of one ``Exists``.

    :param whole: an ``Exists`` in it that is not taken apart.
    """

    def __init__(
        self, scope: Collection[RowPath], names: MapperFacts, whole: Exists | None = None
    ) -> None:
        self._scope = set(scope)
        self._names = names
        self._whole = whole
        self._rows: dict[RowPath, None] = {}
        #: Those, and those in scope.
        self._known: set[Node] = {*self._scope}
        self._atoms: list[RowCondition] = []
        self._equations: list[Equation] = []
        self._ties: list[Tie] = []
        self._links: dict[LinkRow, None] = {}
        self._rest: list[tuple[RowCondition, set[RowPath]]] = []
        self._dropped: set[RowPath] = set()

    def joins(self, condition: Exists) -> list[SemiJoin] | None:
        rows: set[RowPath] = set()
        self._atoms = list(_flat(condition, rows, self._whole))
        self._rows = dict.fromkeys(each for each in _ordered(condition) if each in rows)
        self._known.update(self._rows)
        self._drop_rows()
        for row in self._rows:
            if row not in self._dropped and not self._relate(t.cast(t.Any, row)):
                return None
        for atom in self._atoms:
            self._sort(atom)
        return list(self._components())

    # -- rows of which only the key is needed ---------------------------------------------

    def _drop_rows(self) -> None:
        """Find the rows that need not be read.

        Another row with the same key, which is known to be there, takes their place.
        """
        owners = {row.owner for row in self._rows if isinstance(row, ToOne | ToMany)}
        uses: dict[RowPath, list[RowCondition]] = {}
        for atom in self._atoms:
            for row in _mentioned(atom, self._known):
                uses.setdefault(row, []).append(atom)
        for row in self._rows:
            if row in owners or not uses.get(row) or not self._has_other_key(row):
                continue
            if all(self._is_other_there(atom, row) for atom in uses[row]):
                self._dropped.add(row)

    def _has_other_key(self, row: RowPath) -> bool:
        """Tell whether another table has the key of a row."""
        if isinstance(row, ToOne):
            return self._names.key_of_class(row.owner.cls, row.relation) is not None
        if not isinstance(row, ToMany):
            return False
        step = self._names.step(row.owner.cls, row.relation)
        return (
            step is not None
            and step.leads_to_all
            and not isinstance(row.owner, KnownRow)
            and [*step.far] == self._names.key(row.cls)
        )

    def _is_other_there(self, atom: RowCondition, row: RowPath) -> bool:
        if isinstance(row, ToOne) and self._names.foreign_key(row.owner.cls, row.relation) is None:
            return isinstance(atom, SameRow) and self._is_known(atom, row)
        if isinstance(atom, IsObject | Closure):
            return atom.row == row
        if not isinstance(atom, SameRow) or row not in (atom.left, atom.right):
            return False
        other = atom.right if atom.left == row else atom.left
        if isinstance(row, ToOne) and other == row.owner:
            # `d.parent = d` compares two columns of one row, which is no equation of two.
            return False
        return other != row and other not in self._dropped

    def _is_known(self, atom: SameRow, row: ToOne) -> bool:
        """Tell whether a row is compared with a known object of its class, in the same tables."""
        other = atom.right if atom.left == row else atom.left
        return (
            row in (atom.left, atom.right)
            and isinstance(other, KnownRow)
            and issubclass(other.cls, row.cls)
            and self._names.tables(row.cls) <= self._names.tables(other.cls)
        )

    def _key(self, row: RowPath) -> Side:
        """Return the columns with the key of a row."""
        if row not in self._dropped:
            return Side(row, tuple(self._names.key(row.cls)))
        if isinstance(row, ToMany):
            link = LinkRow(row)
            if link not in self._links:
                self._link(row)
            return Side(link, self._step(row).link_far)
        return self._foreign_key(t.cast(ToOne, row))

    def _foreign_key(self, row: ToOne) -> Side:
        keys = self._names.key_of_class(row.owner.cls, row.relation) or []
        return Side(row.owner, tuple(name for name, _ in keys))

    # -- equations ------------------------------------------------------------------------

    def _relate(self, row: ToOne | ToMany) -> bool:
        """Add what relates a row to its owner; tell whether these are columns."""
        step = self._names.step(row.owner.cls, row.relation)
        if step is not None:
            link = self._link(row)
            self._equations.append(
                Equation(Side(link, step.link_far), Side(row, step.far), is_relation=True)
            )
            return True
        pairs = self._names.pairs(row)
        if not pairs:
            return False
        near, far = (tuple(each) for each in zip(*pairs, strict=True))
        self._equations.append(Equation(Side(row.owner, near), Side(row, far), is_relation=True))
        return True

    def _link(self, row: ToOne | ToMany) -> LinkRow:
        """Add the row of a secondary table, and what relates it to the owner."""
        step, link = self._step(row), LinkRow(row)
        self._links[link] = None
        self._equations.append(
            Equation(Side(row.owner, step.near), Side(link, step.link_near), is_relation=True)
        )
        return link

    def _step(self, row: ToOne | ToMany) -> LinkStep:
        return t.cast(LinkStep, self._names.step(row.owner.cls, row.relation))

    def _sort(self, atom: RowCondition) -> None:
        if isinstance(atom, SameRow | SameLink):
            key_of: t.Any = self._key if isinstance(atom, SameRow) else self._foreign_key
            sides = key_of(atom.left), key_of(atom.right)
            if sides[0].node != sides[1].node:
                self._equations.append(Equation(*sides))
                return
        elif isinstance(atom, IsObject | Closure) and atom.row in self._dropped:
            self._ties.append(Tie(self._key(atom.row), atom))
            return
        elif isinstance(atom, Comparison) and _is_of_columns(atom):
            left, right = t.cast(Column, atom.left), t.cast(Column, atom.right)
            self._equations.append(
                Equation(Side(left.row, (left.name,)), Side(right.row, (right.name,)), atom)
            )
            return
        self._rest.append((atom, _mentioned(atom, self._known)))

    # -- components -----------------------------------------------------------------------

    def _components(self) -> Iterator[SemiJoin]:
        """Yield the groups of rows that conditions connect."""
        nodes: list[Node] = [row for row in self._rows if row not in self._dropped]
        nodes += self._links
        group = {node: number for number, node in enumerate(nodes)}

        def unite(members: list[t.Any]) -> None:
            known = [each for each in members if each in group]
            numbers = {group[each] for each in known}
            for each, number in group.items():
                if number in numbers:
                    group[each] = min(numbers)

        for equation in self._equations:
            unite([equation.left.node, equation.right.node])
        for _, mentioned in self._rest:
            unite([*mentioned])
        for number in sorted(set(group.values())):
            yield self._component([node for node in nodes if group[node] == number])
        apart = self._apart()
        if apart.inner or apart.ties or apart.around:
            yield apart

    def _apart(self) -> SemiJoin:
        """Return the conditions for which no row is read."""
        read = {*self._rows} - self._dropped
        inner = [
            each
            for each in self._equations
            if not any(side.node in read or side.node in self._links for side in _sides(each))
        ]
        ties = [
            each
            for each in self._ties
            if each.side.node not in read and each.side.node not in self._links
        ]
        around = [atom for atom, mentioned in self._rest if read.isdisjoint(mentioned)]
        join = SemiJoin((), tuple(inner), (), tuple(ties), (), (), tuple(around), False)
        return join._replace(is_anchored=self._is_anchored(join))

    def _component(self, nodes: list[Node]) -> SemiJoin:
        mine = set(nodes)
        inner: list[Equation] = []
        outer: list[Equation] = []
        for equation in self._equations:
            left, right = (side.node for side in _sides(equation))
            if left not in mine and right not in mine:
                continue
            if left in self._scope:
                outer.append(equation)
            elif right in self._scope:
                outer.append(Equation(equation.right, equation.left, equation.comparison))
            else:
                inner.append(equation)
        about = [each for each in self._rest if not mine.isdisjoint(each[1])]
        filters = [atom for atom, mentioned in about if self._scope.isdisjoint(mentioned)]
        mixed = [atom for atom, mentioned in about if not self._scope.isdisjoint(mentioned)]
        ties = [each for each in self._ties if each.side.node in mine]
        asked = {side.node for each in outer for side in _sides(each)}
        asked.update(*(mentioned for _, mentioned in about), (each.side.node for each in ties))
        join = SemiJoin(
            tuple(connected(nodes, inner)),
            tuple(inner),
            tuple(outer),
            tuple(ties),
            tuple(filters),
            tuple(mixed),
            (),
            False,
        )
        join = join._replace(is_anchored=self._is_anchored(join))
        return join._replace(lead=self._lead(join), links=frozenset(mine - asked))

    def _lead(self, join: SemiJoin) -> SemiJoin | None:
        """Return the fewest rows of a join that lead from rows in scope to a known object.

        A row in scope that is not on their list has no row of the join.
        """
        if join.has_list or not join.is_anchored:
            return None
        ends = dict.fromkeys(
            (each.left.node, each.right.node) for each in join.outer if not each.is_null_safe
        )
        found = [self._shortest(join, *end) for end in ends]
        # An index finds rows by a key, and seldom by another column.
        return min(
            filter(None, found),
            key=lambda each: (all(e.comparison for e in each.outer), len(each.nodes)),
            default=None,
        )

    def _shortest(self, join: SemiJoin, near: Node, far: Node) -> SemiJoin | None:
        """Return the rows from one that is compared with a row in scope to a known object."""
        paths: list[tuple[Node, ...]] = [(far,)]
        seen = {far}
        for path in paths:
            part = self._part_of(join, near, path)
            if self._is_anchored(part):
                return part._replace(is_anchored=True)
            nexts = [each.nodes for each in join.inner if path[-1] in each.nodes]
            for node in join.nodes:
                if node not in seen and any(node in each for each in nexts):
                    seen.add(node)
                    paths.append((*path, node))
        return None

    def _part_of(self, join: SemiJoin, near: Node, path: tuple[Node, ...]) -> SemiJoin:
        """Return what a join says of some of its rows alone, and of one in scope and the first."""
        others = {*join.nodes}.difference(path)

        def is_apart_from_others(part: RowCondition) -> bool:
            # A subquery may ask for one of the rows anew, and then begins at its owner.
            owners = {
                each.row.owner
                for each in walk_condition(part)
                if isinstance(each, Exists) and isinstance(each.row, ToOne | ToMany)
            }
            return others.isdisjoint(owners | _mentioned(part, self._known))

        def is_about(part: RowCondition) -> bool:
            mentioned = _mentioned(part, self._known)
            return not mentioned.isdisjoint(path) and is_apart_from_others(part)

        return SemiJoin(
            path,
            tuple(
                each
                for each in join.inner
                if not each.nodes.isdisjoint(path) and others.isdisjoint(each.nodes)
            ),
            tuple(
                each
                for each in join.outer
                if (each.left.node, each.right.node) == (near, path[0]) and not each.is_null_safe
            ),
            tuple(
                each
                for each in join.ties
                if each.side.node in path and is_apart_from_others(each.condition)
            ),
            tuple(filter(is_about, join.filters)),
            (),
            (),
            False,
        )

    def _is_anchored(self, join: SemiJoin) -> bool:
        for equation in join.inner:
            if any(isinstance(side.node, KnownRow) for side in _sides(equation)):
                return True
        for tie in join.ties:
            if isinstance(tie.condition, IsObject) or self.anchors(tie.condition):
                return True
        return any(map(self.anchors, join.filters))

    def anchors(self, part: RowCondition) -> bool:
        """Tell whether a condition ties rows to a known object by keys."""
        if isinstance(part, Or):
            return all(any(map(self.anchors, conjuncts_of(each))) for each in part.parts)
        if isinstance(part, IsObject):
            return True
        if isinstance(part, SameRow | SameLink):
            sides = (part.left, part.right)
            return any(
                isinstance(each, KnownRow)
                or (isinstance(each, ToOne) and isinstance(each.owner, KnownRow))
                for each in sides
            )
        if isinstance(part, Closure):
            return any(map(self.anchors, conjuncts_of(part.first)))
        if isinstance(part, Comparison):
            is_known = isinstance(part.right, Literal) or is_of_object(part.right)
            is_equation = part.sign == "=" and is_known
            return is_equation and self._is_found(part.left, isinstance(part.right, Literal))
        if isinstance(part, InValues | AmongGiven):
            return self._is_found(part.column, isinstance(part, InValues))
        if not isinstance(part, Exists):
            return False
        joins = semijoins(part, outer_rows(part), self._names)
        return joins is not None and any(
            each.is_anchored and (each.outer or not each.nodes) for each in joins
        )

    def _is_found(self, column: t.Any, is_named: bool) -> bool:
        """Tell whether an index finds few rows by a column.

        Where letters are mapped first, no index does; the rows are few all the same.

        :param is_named: whether the policy names the values. Those that a column shares with many
            rows, such as ``"public"``, are what it names.
        """
        column = column.text if isinstance(column, Replaced) else column
        if not isinstance(column, Column) or column.field.kind in (
            ValueKind.BOOLEAN,
            ValueKind.ENUM,
        ):
            return False
        names = self._names
        is_found = names.is_one_key if is_named else names.is_key
        return is_found(column.row.cls, column.name)


def connected(nodes: list[Node], equations: list[Equation]) -> Iterator[Node]:
    """Yield rows so that each is tied to one before it, where possible."""
    left, read = list(nodes), set[Node]()
    while left:
        tied = {
            side.node
            for each in equations
            if not read.isdisjoint(side.node for side in _sides(each))
            for side in _sides(each)
        }
        node = next((each for each in left if each in tied), left[0])
        left.remove(node)
        read.add(node)
        yield node


def _sides(equation: Equation) -> tuple[Side, Side]:
    return equation.left, equation.right


def _ordered(condition: Exists) -> Iterator[RowPath]:
    """Yield the rows of an ``Exists`` from the outer ones to the inner ones."""
    yield condition.row
    for part in conjuncts_of(condition.part):
        if isinstance(part, Exists):
            yield from _ordered(part)


def outer_rows(condition: Exists) -> tuple[RowPath, ...]:
    """Return the rows that a condition is about, and does not ask for itself. They are kept."""
    kept = condition.__dict__.get("_outer")
    if kept is None:
        kept = condition.__dict__["_outer"] = _outer_rows(condition)
    return t.cast(tuple[RowPath, ...], kept)


def _outer_rows(condition: Exists) -> tuple[RowPath, ...]:
    asked = asked_rows(condition)
    seen = {*asked}
    found: dict[RowPath, None] = {}
    stack: list[t.Any] = [condition]
    while stack:
        each = stack.pop()
        if seen.issuperset(rows_in(each)):
            continue
        if isinstance(each, SameLink):
            # Foreign keys are columns of the owners: the rows to which they lead are not read.
            stack += [each.left.owner, each.right.owner]
            continue
        if isinstance(each, _ROWS) and each not in asked:
            seen.add(each)
            if not isinstance(each, KnownRow):
                found[each] = None
            continue
        stack.extend(children_of(each))
    return tuple(found)


def _is_of_columns(comparison: Comparison) -> bool:
    """Tell whether a comparison is an equation of columns of two rows, neither of which is NaN."""
    sides = comparison.left, comparison.right
    if comparison.sign != "=" or not all(isinstance(side, Column) for side in sides):
        return False
    left, right = t.cast(Column, comparison.left), t.cast(Column, comparison.right)
    is_number = (*NAN_KINDS, ValueKind.ANY)
    if is_of_object(left) or is_of_object(right):
        return False
    return left.row != right.row and not {left.field.kind, right.field.kind} & {*is_number}


def is_in_own_table(node: Node, join: SemiJoin, names: MapperFacts) -> bool:
    """Tell whether the table of a subclass has all that a join reads of a row.

    The row is one in scope, or another of the join, seen as one of the subclass. So the rows of the
    tables of its base classes are there.
    """
    if not isinstance(node, ToOne) or node.relation != ITSELF:
        return False
    own = names.own_columns(node.cls)
    sides = [side for each in (*join.inner, *join.outer) for side in _sides(each)]
    read = {name for side in sides if side.node == node for name in side.columns}
    stack: list[t.Any] = [*join.filters, *join.mixed, *(each.condition for each in join.ties)]
    while stack:
        each = stack.pop()
        if isinstance(each, Column) and each.row == node:
            read.add(each.name)
        elif each == node:
            return False
        else:
            stack.extend(children_of(each))
    return own.issuperset(read) and own.issuperset(names.key(node.cls))


def is_given(equation: Equation, given: set[Node]) -> bool:
    """Tell whether the loaded rows of an object already say what an equation says."""
    nodes = equation.nodes
    if any(isinstance(node, LinkRow) and node in given for node in nodes):
        return True
    is_owner = any(isinstance(node, KnownRow) for node in nodes)
    return equation.is_relation and is_owner and not nodes.isdisjoint(given)
