"""Who gains and who loses which rows, from one policy to another.

In go two policies with the same registered names, and a session; out come changes: an action, a
class, the condition under which rows are gained or lost, whose they are, and how many. Actors for
whom the same is left of both policies are one group, and a group takes one statement:
``new and not old``, the difference of the two lists. What no statement can tell is compared by
asking about each pair, up to a limit, and what is beyond that is named and not left out.
"""

from __future__ import annotations

import functools
import itertools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from sqlalchemy import orm

from ...polar.exceptions import UnsupportedError
from ...polar.residual.algebra.ir import (
    FALSE,
    Exists,
    IsObject,
    KnownRow,
    Literal,
    RowCondition,
    SameRow,
    disjuncts_of,
)
from ...polar.residual.algebra.outcomes import Residual
from ...polar.residual.algebra.show import show
from ...polar.residual.algebra.simplify import disjunction, rewrite
from ...polar.residual.templates import with_objects
from ...polar.tools.relevant_rules import relevant_rules
from ..queries import Selects
from .row_counts import NotCounted, RowCounts, batched

if t.TYPE_CHECKING:
    from ...oso import Oso

#: How many actors a statement counts the rows of.
_AT_ONCE = 40
#: From how many groups of actors on the rows of all are counted together.
LEAST_GROUPED = 8
#: How many pairs of an actor and a row are compared by asking, for an action and a class.
MOST_ASKED = 20_000
#: How many pairs show what a change means.
WITNESSES = 3


@dataclass(frozen=True)
class Pair:
    """An actor who may do to a row under one policy what they may not under the other."""

    actor: t.Any
    row: t.Any


@dataclass
class Change:
    """What a group of actors gains or loses.

    :param gains: whether it is allowed under the new policy, or under the old one.
    :param condition: what has to hold of a row; ``None`` where pairs were compared by asking.
    :param count: the pairs of an actor and a row.
    :param witnesses: some of the pairs.
    """

    action: str
    cls: type
    gains: bool
    condition: str | None
    actors: list[t.Any] = field(default_factory=list)
    count: int = 0
    witnesses: list[Pair] = field(default_factory=list)


@dataclass(frozen=True)
class NotCompared:
    """A question that was not, or not fully, compared.

    :param reason: why, with the place in the policy.
    """

    action: str
    cls: type
    reason: str


@dataclass
class PolicyDiff:
    """All changes from one policy to another."""

    changes: list[Change] = field(default_factory=list)
    not_compared: list[NotCompared] = field(default_factory=list)

    @property
    def gains(self) -> bool:
        """Whether anybody gains something."""
        return any(change.gains for change in self.changes)


class Comparer:
    """Compares two policies for the rows of a database.

    :param witnesses: how many pairs a change names.
    :param most_asked: how many pairs are compared by asking where no statement tells.
    :param least_grouped: from how many groups of actors on their rows are counted together.
    """

    def __init__(
        self,
        old: Oso,
        new: Oso,
        session: orm.Session,
        *,
        witnesses: int = WITNESSES,
        most_asked: int = MOST_ASKED,
        least_grouped: int = LEAST_GROUPED,
    ) -> None:
        self.old, self.new = old, new
        self.session = session
        self.witnesses = witnesses
        self.most_asked = most_asked
        self.least_grouped = least_grouped
        # So that a column of the table itself is one of the row.
        self.selects = Selects(only_aliases=True)

    def changed_questions(
        self, actions: Iterable[str], classes: Iterable[type], actors: Iterable[type | None]
    ) -> list[tuple[str, type]]:
        """Give the actions and classes whose rules differ; for all others nothing changes.

        :param actors: the classes of who acts; ``None`` for nobody.
        """
        kinds = [*actors]
        return [
            (action, cls)
            for cls in classes
            for action in actions
            if any(self._differs(action, cls, kind) for kind in kinds)
        ]

    def _differs(self, action: str, cls: type, actor: type | None) -> bool:
        old, new = self.old.engine, self.new.engine
        # Not the class of ``None``: rules for any object apply to it, too.
        kinds = (actor, action, cls)
        if {*old.policy.actors} != {*new.policy.actors}:
            return True
        if {*old.policy.resources} != {*new.policy.resources}:
            return True
        return relevant_rules(old, "allow", kinds) != relevant_rules(new, "allow", kinds)

    def compare(
        self,
        questions: Iterable[tuple[str, type]],
        actors: Sequence[t.Any],
        on_progress: Callable[[], object] = lambda: None,
    ) -> PolicyDiff:
        """Compare the answers to questions for all actors and all rows.

        :param questions: actions and mapped classes.
        :param actors: who acts; ``None`` for nobody.
        :param on_progress: is called after each question.
        """
        diff = PolicyDiff()
        for action, cls in questions:
            _Question(self, action, cls, diff).compare(actors)
            on_progress()
        return diff


class _Question:
    """Compares one action on the rows of one class."""

    def __init__(self, comparer: Comparer, action: str, cls: type, diff: PolicyDiff) -> None:
        self._comparer = comparer
        self._action, self._cls = action, cls
        self._diff = diff
        self._key = [*sa.inspect(cls).primary_key]

    def compare(self, actors: Sequence[t.Any]) -> None:
        """Find and record what changes for these actors."""
        groups: dict[t.Any, _Group] = {}
        asked: list[tuple[t.Any, str]] = []
        for actor in actors:
            try:
                old, new = self._residuals(actor)
            except UnsupportedError as error:
                asked.append((actor, _first_line(error)))
                continue
            except sa.exc.SQLAlchemyError:
                raise
            except Exception as error:
                # Methods of the application that the policy calls may raise anything.
                self._leave_out(f"The policy raises for {named(actor)}: {_first_line(error)}")
                continue
            for gains, first, second in ((True, old, new), (False, new, old)):
                only = _without(second.condition, first.condition)
                if only != FALSE:
                    group = _Group(gains, replace(second, condition=only), first)
                    groups.setdefault(group.key, group).actors.append(actor)
        self._count([*groups.values()])
        if asked:
            self._ask(asked)

    def _residuals(self, actor: t.Any) -> tuple[Residual, Residual]:
        """Give what is left of both policies, with the same objects under the same numbers."""
        old, new = (
            oso.residual_with_objects(actor, self._action, self._cls)
            for oso in (self._comparer.old, self._comparer.new)
        )
        shared = old.objects.keys() & new.objects.keys()
        if all(old.objects[row] is new.objects[row] for row in shared):
            return old, new
        return with_objects(old), with_objects(new)

    # -- by statements

    def _count(self, groups: Sequence[_Group]) -> None:
        """Count the rows of some groups, and record what there is."""
        for group, count in zip(groups, self._counted(groups), strict=True):
            if count:
                self._record(group, count)

    def _counted(self, groups: Sequence[_Group]) -> list[int]:
        if len(groups) >= self._comparer.least_grouped:
            counts = RowCounts(self._comparer.session, self._cls, self._clause)
            try:
                return counts.count([(group.only, group.other) for group in groups])
            except NotCounted:
                pass
        return self._counted_apart(groups)

    def _counted_apart(self, groups: Sequence[_Group]) -> list[int]:
        """Count the rows of each group by themselves.

        The rows of "only" are counted for groups with the same one together, and those of them
        that the other policy has, too, are taken away: both are found by indexes, where
        ``only and not other`` would look at each row of each group.
        """
        every = self._counts({group.only_key: self._rows(group.only) for group in groups})
        shared = self._counts(
            {
                group.key: self._rows(group.only, group.other)
                for group in groups
                if every[group.only_key] and group.other.condition != FALSE
            }
        )
        return [every[group.only_key] - shared.get(group.key, 0) for group in groups]

    def _counts(self, asked: Mapping[t.Any, list[t.Any]]) -> dict[t.Any, int]:
        """Count the rows that satisfy clauses, many in one statement."""
        found: dict[t.Any, int] = {}
        for batch in batched(asked.items(), _AT_ONCE):
            counts = [
                sa.select(sa.literal(number), sa.func.count())
                .select_from(self._cls)
                .where(*clauses)
                for number, (_, clauses) in enumerate(batch)
            ]
            counted = counts[0] if len(counts) == 1 else sa.union_all(*counts)
            for number, count in self._comparer.session.execute(counted).all():
                found[batch[number][0]] = count
        return found

    def _rows(self, *residuals: Residual) -> list[t.Any]:
        return [*map(self._clause, residuals)]

    def _clause(self, residual: Residual) -> t.Any:
        return self._comparer.selects.clause(self._comparer.new.host, residual, self._cls)

    def _differing(self, group: _Group) -> t.Any:
        """Select the rows of which one condition holds and the other does not."""
        only, other = self._rows(group.only, group.other)
        # A condition that is NULL does not hold, and 'NOT NULL' would leave its row out.
        is_excluded = sa.case((other, sa.literal(1)), else_=sa.literal(0))
        return sa.select(self._cls).where(only, is_excluded == 0)

    def _record(self, group: _Group, count: int) -> None:
        change = self._change(group.gains, _described(group.only, group.actors[0]))
        change.actors += group.actors
        change.count += count * len(group.actors)
        missing = self._comparer.witnesses - len(change.witnesses)
        if missing > 0:
            statement = self._differing(group).order_by(*self._key).limit(missing)
            rows = self._comparer.session.scalars(statement).unique().all()
            pairs = (Pair(actor, row) for actor in group.actors for row in rows)
            change.witnesses += itertools.islice(pairs, missing)

    def _change(self, gains: bool, condition: str | None) -> Change:
        """Give the change of this question with a condition; a new one if there is none."""
        for change in self._diff.changes:
            known = change.action, change.cls, change.gains, change.condition
            if known == (self._action, self._cls, gains, condition):
                return change
        change = Change(self._action, self._cls, gains, condition)
        self._diff.changes.append(change)
        return change

    # -- by asking

    def _ask(self, asked: Sequence[tuple[t.Any, str]]) -> None:
        """Compare pair by pair, for actors for whom there is no statement."""
        session, most = self._comparer.session, self._comparer.most_asked
        reason = asked[0][1]
        total = session.scalar(sa.select(sa.func.count()).select_from(self._cls)) or 0
        if total * len(asked) > most:
            self._leave_out(
                f"{len(asked)} actors and {total} rows are too many to ask about one by one, and"
                f" there is no statement: {reason}"
            )
            return
        rows = every(session, self._cls)
        errors: list[Exception] = []
        for (actor, _), row in itertools.product(asked, rows):
            try:
                old, new = (
                    oso.is_allowed(actor, self._action, row)
                    for oso in (self._comparer.old, self._comparer.new)
                )
            except sa.exc.SQLAlchemyError:
                raise
            except Exception as error:
                errors.append(error)
                continue
            if old is not new:
                self._add_pair(new, Pair(actor, row))
        if errors:
            self._leave_out(
                f"The policy raises for {len(errors)} pairs of an actor and a row, first:"
                f" {_first_line(errors[0])}"
            )

    def _add_pair(self, gains: bool, pair: Pair) -> None:
        change = self._change(gains, None)
        if not any(pair.actor is each for each in change.actors):
            change.actors.append(pair.actor)
        change.count += 1
        if len(change.witnesses) < self._comparer.witnesses:
            change.witnesses.append(pair)

    def _leave_out(self, reason: str) -> None:
        found = NotCompared(self._action, self._cls, reason)
        if found not in self._diff.not_compared:
            self._diff.not_compared.append(found)


@dataclass(frozen=True)
class _Group:
    """Actors who gain or lose the same rows.

    :param only: what is left of one policy, without what is left of the other one, too.
    :param other: what is left of the other policy.
    """

    gains: bool
    only: Residual
    other: Residual
    actors: list[t.Any] = field(default_factory=list)

    @functools.cached_property
    def only_key(self) -> t.Any:
        """What is the same for groups of which "only" selects the same rows."""
        return with_objects(self.only).condition

    @functools.cached_property
    def key(self) -> t.Any:
        """What is the same for actors of one group."""
        return self.gains, self.only_key, with_objects(self.other).condition


def every(session: orm.Session, cls: type) -> list[t.Any]:
    """Give all rows of a class, in the order of their keys."""
    ordered: t.Any = sa.select(cls).order_by(*sa.inspect(cls).primary_key)
    return list(session.scalars(ordered).unique())


def has_rows(session: orm.Session, cls: type) -> bool:
    """Tell whether there is any row of a class."""
    return session.scalar(sa.select(sa.literal(1)).select_from(cls).limit(1)) is not None


def _without(condition: RowCondition, other: RowCondition) -> RowCondition:
    """Give a condition without the alternatives that another one has, too.

    ``a or b, without a or c  =>  b``: a simpler statement finds the same rows, since those of the
    shared alternatives are excluded anyway.
    """
    if condition == other:
        return FALSE
    shared = {*disjuncts_of(other)}
    return disjunction(*(each for each in disjuncts_of(condition) if each not in shared))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def named(thing: t.Any) -> str:
    """Give a short name of an actor or a row: its class and key."""
    if thing is None:
        return "nobody"
    mapper = getattr(type(thing), "__mapper__", None)
    if mapper is None:
        return f"<{type(thing).__name__} object>"
    key = ",".join(map(str, mapper.primary_key_from_instance(thing)))
    return f"{type(thing).__name__}:{key}"


#: Names of objects stand between these in a condition, until it is a text.
_OPEN, _CLOSE = "\N{LEFT WHITE SQUARE BRACKET}", "\N{RIGHT WHITE SQUARE BRACKET}"


def _described(residual: Residual, actor: t.Any) -> str:
    """Print a condition that says "the actor" for who acts."""

    def mark(thing: t.Any) -> Literal:
        return Literal(f"{_OPEN}{'the actor' if thing is actor else named(thing)}{_CLOSE}")

    def change(part: t.Any) -> t.Any:
        if isinstance(part, KnownRow) and part in residual.objects:
            return KnownRow(part.cls, mark(residual.objects[part]))
        if isinstance(part, Literal) and hasattr(type(part.value), "__mapper__"):
            return mark(part.value)
        if isinstance(part, SameRow) and isinstance(part.left, KnownRow):
            return rewrite(SameRow(part.right, part.left), change)
        if isinstance(part, Exists) and part.row in _compared(part.part):
            return rewrite(part.part, change)
        return None

    shown = show(rewrite(residual.condition, change))
    return shown.replace(f'"{_OPEN}', "").replace(f'{_CLOSE}"', "")


def _compared(part: RowCondition) -> tuple[t.Any, ...]:
    """Give the rows that a condition compares, if that is all that it does."""
    if isinstance(part, IsObject):
        return (part.row,)
    return (part.left, part.right) if isinstance(part, SameRow) else ()
