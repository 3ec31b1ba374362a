"""Which relations of rows the rules of a question read, as far as their classes are known.

In go a rule, strings and the classes of its arguments; out come names of relations by class. The
rules are walked with classes in place of values: a parameter has the class of its argument or of
its specializer, a relation that of its rows. Relations that are compared with a row by keys are
left out, and so is one of two that are compared, if the other one is loaded and leads to a row. The
answer is for loading in advance: it may have too many names, or too few.

The actor is kept apart from other objects of its class: a rule that reads the roles of the actor
reads none of the author of each comment.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..engine import Engine
from ..host.registry import Identities
from ..nodes import Call, Expression, Instance, Operator, Origin, Pattern, Slot, Term, Value
from ..solver.clauses import Clause
from ..traversal import conjuncts_in, goals_in


class Actor(t.NamedTuple):
    """The actor, of a class."""

    cls: type


#: What is known of a value: that it is the actor, its class, the string itself, or nothing.
Kind = Actor | type | str | None
#: Names of relations by the class that has them, and by the actor.
Found = dict[Actor | type | str, set[str]]
#: A relation: what has it, and its name.
Relation = tuple[Actor | type | str, str]
#: The most questions of rules that are looked at.
_MOST = 2_000


class ReadTogether:
    """The relations that several questions about one actor read.

    :param found: what each of the questions reads.
    """

    def __init__(self, found: Sequence[Mapping[Actor | type | str, set[str]]]) -> None:
        self._found = found
        own = (names for each in found for of, names in each.items() if not isinstance(of, type))
        #: The relations of the actor.
        self.own: Iterable[str] = frozenset[str]().union(*own)
        #: For who loads them.
        self.plan: t.Any = None
        #: Whether there are any.
        self.are_some = any(names for each in found for names in each.values())

    def of(self, cls: type) -> set[str]:
        """Return the relations of other objects of a class."""
        bases = cls.__mro__
        found = (names for each in self._found for of, names in each.items() if of in bases)
        return set[str]().union(*found)


class RelationsRead:
    """The relations that the questions of one engine read."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._known: dict[tuple[str, tuple[Kind, ...]], Found] = {}
        self._together: dict[t.Any, ReadTogether] = {}

    def together(
        self,
        rule: str,
        actor: type | str | None,
        others: tuple[tuple[type | str | None, ...], ...],
    ) -> ReadTogether:
        """Return the relations that several questions read: one object for the same questions.

        :param others: the kinds of the arguments behind the actor, of each question.
        """
        key = (rule, actor, others)
        known = self._together.get(key)
        if known is None:
            if len(self._together) >= _MOST:
                self._together.clear()
            known = ReadTogether([self.of(rule, actor, each) for each in others])
            self._together[key] = known
        return known

    def of(
        self, rule: str, actor: type | str | None, others: Sequence[type | str | None]
    ) -> Mapping[Actor | type | str, set[str]]:
        """Return the names of relations by the class that has them, and by the actor."""
        kinds: tuple[Kind, ...] = (Actor(actor) if isinstance(actor, type) else actor, *others)
        key = (rule, kinds)
        if key not in self._known:
            if len(self._known) >= _MOST:
                # Strings may come from requests.
                self._known.clear()
            walk = _Walk(self.engine)
            walk.call(rule, kinds)
            walk.note_compared()
            self._known[key] = walk.found
        return self._known[key]


class _Walk:
    """One walk through the rules that a question may ask."""

    def __init__(self, engine: Engine) -> None:
        self.found: Found = {}
        self._engine = engine
        self._host = engine.host
        self._results: dict[tuple[str, tuple[Kind, ...]], tuple[Kind, ...]] = {}
        #: Relations that need not be loaded if another one is, with which they are compared.
        self._compared: list[tuple[Relation, Relation]] = []

    def note_compared(self) -> None:
        """Note the relations of which each is compared with one that nothing else loads."""
        for (of, name), (other, read) in self._compared:
            # Of two that are not loaded, different keys tell nothing: both rows may be missing.
            if read not in self.found.get(other, ()):
                self.found.setdefault(of, set()).add(name)

    def call(self, name: str, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        """Walk the rules of a call; return what is known of its arguments behind it."""
        key = (name, kinds)
        if key in self._results or len(self._results) >= _MOST:
            return self._results.get(key, kinds)
        self._results[key] = kinds
        candidates = (self._engine.clauses(name) or {}).get(len(kinds))
        ends = [end for each in candidates or () if (end := self._clause(each, kinds)) is not None]
        # What is not the same at the end of all rules is not known.
        known = tuple(_common(each) for each in zip(*ends, strict=True)) if ends else kinds
        self._results[key] = known
        return known

    def _clause(self, clause: Clause, kinds: tuple[Kind, ...]) -> tuple[Kind, ...] | None:
        values = _Values()
        for parameter, kind in zip(clause.parameters, kinds, strict=True):
            term = parameter.term
            if isinstance(term, Value):
                if isinstance(kind, str) and term.value != kind:
                    return None
            elif isinstance(term, Slot):
                wanted = self._class_of(parameter.specializer)
                cls = _class_of(kind)
                if wanted is not None and cls is not None and not _may_be(cls, wanted):
                    return None
                # A class alone says what a variable will be: it has no value yet.
                values.learn(
                    term.index, wanted if kind is None else kind, has_value=kind is not None
                )
        certain = {*map(id, conjuncts_in(clause.body))}
        for goal in goals_in(clause.body):
            self._goal(getattr(goal, "term", goal), values)
            if id(goal) in certain:
                self._note_row(goal, values)
        for of, name in values.unmatched():
            self.found.setdefault(of, set()).add(name)
        return tuple(
            values.kind(each.term) or kind
            for each, kind in zip(clause.parameters, kinds, strict=True)
        )

    def _goal(self, goal: t.Any, values: _Values) -> None:
        if isinstance(goal, Call):
            ends = self.call(goal.name, tuple(map(values.kind_of_value, goal.args)))
            for arg, end in zip(goal.args, ends, strict=True):
                if isinstance(arg, Slot):
                    values.learn(arg.index, end)
        elif isinstance(goal, Expression):
            if goal.operator is Operator.DOT:
                self._lookup(goal.args, values)
            elif goal.operator is Operator.UNIFY or goal.operator is Operator.IN:
                # A relation and its rows are of one class here.
                values.unite(*goal.args)
                if goal.operator is Operator.UNIFY:
                    values.compare(*goal.args)
            elif goal.operator is Operator.ISA and isinstance(goal.args[0], Slot):
                wanted, kind = self._class_of(goal.args[1]), values.kind(goal.args[0])
                self._fields(goal.args[1], kind if type(kind) is Actor else wanted or kind)
                values.learn(goal.args[0].index, wanted)

    def _lookup(self, args: Sequence[Term], values: _Values) -> None:
        owner, key, result = args
        of, rows = values.kind(owner), self._host.identities
        cls = _class_of(of)
        if rows is None or of is None or cls is None or not isinstance(key, Value):
            return
        found, name = self.found.setdefault(of, set()), str(key.value)
        proxied = rows.proxied(cls, name)
        if proxied is not None:
            found.add(proxied.relation)
        related = rows.related_class(cls, name)
        if related is None:
            return
        known = _class_of(values.kind_of_value(result))
        by_key = rows.row_test(cls, name) is not None
        if known is None and by_key and values.is_compared(result):
            values.wait(result, (of, name))
        elif known is None or not by_key:
            found.add(name)
        else:
            self._compare(owner, (of, name), result, values)
        if isinstance(result, Slot):
            values.lookups[result.index] = owner, name
            values.learn(result.index, related)

    def _compare(self, owner: Term, relation: Relation, result: Term, values: _Values) -> None:
        """Note with which relation of a row another one is compared, if that need not be loaded."""
        first, rows = values.compared_with(result), t.cast(Identities, self._host.identities)
        if first is None:
            return
        one, other = (t.cast(type, _class_of(of)) for of, _ in (first, relation))
        related = rows.related_class(one, first[1])
        is_row = rows.is_never_nil(other, relation[1]) or values.is_row(owner, relation[1])
        if (
            is_row
            and values.kind_of_value(owner) is not None
            and related is not None
            and self._host.has_keys(related)
            and not any(map(rows.is_extended, (one, other)))
        ):
            self._compared.append((first, relation))
        else:
            self.found.setdefault(first[0], set()).add(first[1])

    def _note_row(self, goal: t.Any, values: _Values) -> None:
        """Note a relation of which a goal says that it leads to a row, and is not ``nil``."""
        operator = getattr(goal, "operator", None)
        if operator is Operator.NEQ:
            slot, other = goal.args
            says = isinstance(other, Instance) and other.value is None
        elif operator is Operator.ISA:
            slot, says = goal.args[0], self._class_of(goal.args[1]) is not None
        else:
            return
        if says and isinstance(slot, Slot) and slot.index in values.lookups:
            values.rows.append(values.lookups[slot.index])

    def _fields(self, matched: t.Any, of: Kind) -> None:
        """Note the relations among the fields of a pattern that are not compared by keys."""
        pattern, rows = getattr(matched, "term", matched), self._host.identities
        cls = _class_of(of)
        if not isinstance(pattern, Pattern) or rows is None or of is None or cls is None:
            return
        for name, part in pattern.fields:
            inner, related = getattr(part, "term", part), rows.related_class(cls, name)
            is_compared = isinstance(inner, Slot) and rows.row_test(cls, name) is not None
            if related is not None and not is_compared:
                self.found.setdefault(of, set()).add(name)
                self._fields(inner, self._class_of(inner) or related)

    def _class_of(self, specializer: t.Any) -> type | None:
        tag = specializer.tag if isinstance(specializer, Pattern) else None
        return self._host.classes.get(tag) if tag is not None else None


class _Values:
    """What is known of the variables of one clause; those that are united are one."""

    def __init__(self) -> None:
        self._kinds: dict[int, Kind] = {}
        self._same: dict[int, int] = {}
        #: The variables that have a value when they are looked at.
        self._with_value: set[int] = set()
        #: What was looked up, by the variable of the result.
        self.lookups: dict[int, tuple[Term, str]] = {}
        #: Relations that lead to a row.
        self.rows: list[tuple[Term, str]] = []
        #: By the variable that two lookups share, as in 'x.a = y.b', the first one that was seen.
        self._shared: dict[int, Relation | None] = {}

    def _end(self, index: int) -> int:
        while index in self._same:
            index = self._same[index]
        return index

    def kind(self, term: t.Any) -> Kind:
        if isinstance(term, Slot):
            return self._kinds.get(self._end(term.index))
        return term.value if isinstance(term, Value) and type(term.value) is str else None

    def kind_of_value(self, term: t.Any) -> Kind:
        """Return what is known of a value; nothing is of a variable that has none yet."""
        has_value = not isinstance(term, Slot) or self._end(term.index) in self._with_value
        return self.kind(term) if has_value else None

    def learn(self, index: int, kind: Kind, *, has_value: bool = True) -> None:
        if kind is not None:
            self._kinds.setdefault(self._end(index), kind)
            if has_value:
                self._with_value.add(self._end(index))

    def unite(self, one: Term, other: Term) -> None:
        kinds = self.kind(one), self.kind(other)
        kind = next((each for each in kinds if type(each) is Actor), kinds[0] or kinds[1])
        slots = [self._end(each.index) for each in (one, other) if isinstance(each, Slot)]
        has_value = len(slots) < 2 or not self._with_value.isdisjoint(slots)
        if len(slots) == 2 and slots[0] != slots[1]:
            self._same[slots[0]] = slots[1]
        for index in slots:
            if type(kind) is Actor:
                self._kinds[self._end(index)] = kind
            self.learn(index, kind, has_value=has_value)

    def compare(self, one: Term, other: Term) -> None:
        """Note that two values are the same, of which nothing else is asked if both are lookups."""
        slots = [each for each in (one, other) if isinstance(each, Slot)]
        if len(slots) == 2 and all(each.origin is Origin.LOOKUP for each in slots):
            self._shared[self._end(slots[0].index)] = None

    def is_compared(self, result: Term) -> bool:
        """Tell whether a result is only compared with that of another lookup."""
        return isinstance(result, Slot) and self._end(result.index) in self._shared

    def wait(self, result: Term, relation: Relation) -> None:
        """Keep a relation until it is seen what it is compared with."""
        self._shared[self._end(t.cast(Slot, result).index)] = relation

    def compared_with(self, result: Term) -> Relation | None:
        """Return the relation that was kept, which is kept no longer."""
        index = self._end(result.index) if isinstance(result, Slot) else None
        return None if index is None else self._shared.pop(index, None)

    def unmatched(self) -> Iterable[Relation]:
        """Return the relations that are compared with something else."""
        return [each for each in self._shared.values() if each is not None]

    def is_row(self, owner: Term, name: str) -> bool:
        """Tell whether a relation of a value is known to lead to a row."""
        return any(read == name and self._are_one(owner, of) for of, read in self.rows)

    def _are_one(self, one: Term, other: Term) -> bool:
        if not (isinstance(one, Slot) and isinstance(other, Slot)):
            return False
        return self._end(one.index) == self._end(other.index)


def _common(kinds: Iterable[Kind]) -> Kind:
    known = {*kinds}
    return known.pop() if len(known) == 1 else None


def _class_of(kind: Kind) -> type | None:
    if type(kind) is Actor:
        return kind.cls
    return kind if isinstance(kind, type) else None


def _may_be(kind: type, wanted: type) -> bool:
    return wanted in kind.__mro__ or kind in wanted.__mro__
