"""The regions of a specialization: parts of the function, and the values that are known there.

In go the reads and tests of the rules, region by region; ``region_statements.py`` writes them. A
region is reached under one condition, or once for each element of a list. It has the values that
are read in it, the rules that are asked about them, and inner regions.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import field

from ...nodes import List, Pattern, Value
from ...solver.clauses import Clause
from ...sources import Span
from ...value_objects import Record
from ..passes.names import CHAIN, COUNT, FOUND, KIND, Names, written_name
from ..snippets import (
    any_of,
    assign,
    is_more_than,
    load,
    negate,
    position_of,
)


class Known(Record):
    """What is known of a value.

    :param name: its name in the function.
    :param literal: what it is, if that is known.
    :param choices: it may be any of these strings.
    :param others: it is a string other than these.
    :param exact: its exact class.
    :param region: the region where it was read.
    :param source: the value and the attribute that it was read from.
    :param constant: the dictionary or the class that it is, if it is a constant.
    :param expected: the class of rows that it, or each of its elements, most likely is of.
    :param is_many: whether it is a relation of many rows.
    :param is_own: whether it is a list that nothing else has.
    :param is_of_texts: whether it is a list that has texts and nothing else.
    :param is_empty: whether it is the empty list of a policy.
    :param texts: the list that it is, if that is one of the policy that has texts alone.
    """

    name: str
    literal: Value | None = None
    choices: frozenset[str] | None = None
    others: frozenset[str] = frozenset()
    exact: type | None = None
    region: Region | None = None
    source: tuple[str, str] | None = None
    constant: t.Any = None
    expected: type | None = None
    is_many: bool = False
    is_own: bool = False
    is_of_texts: bool = False
    is_empty: bool = False
    texts: List | None = None

    def __eq__(self, other: object) -> bool:
        # By what tells values apart: tables are asked again and again.
        return self is other or (type(other) is Known and self._parts == other._parts)

    def __hash__(self) -> int:
        return hash((self.name, self.exact))

    @property
    def _parts(self) -> tuple[t.Any, ...]:
        return self.name, self.exact, self.literal, self.choices, self.others

    @property
    def is_literal(self) -> bool:
        """Whether it is a literal, or one of several strings of the policy."""
        return self.literal is not None or self.choices is not None

    @property
    def is_unknown(self) -> bool:
        """Whether nothing tells its class."""
        return self.exact is None and not self.is_literal

    @property
    def key(self) -> tuple[t.Any, ...]:
        """A key that identifies the value in this function."""
        if self.literal is not None:
            return ("literal", type(self.literal.value), self.literal.value)
        return (self.name, self.exact)


#: The most elements and links of chains that a function visits, which takes milliseconds. Unlike
#: the compiled rules, it does not check the clock.
MAX_STEPS = 100_000
#: Returns ``None``: fall back to the compiled rules. All functions share it, so it has a position:
#: it would get one in the first function, and keep it in all others.
GIVE_UP: ast.stmt = ast.fix_missing_locations(ast.Return(ast.Constant(None)))
#: What is written and read anywhere: it does not matter which comes first. A class is always
#: written just before it is read.
_ANYWHERE = frozenset({FOUND, COUNT, CHAIN, KIND})
#: The facts that tell that a value has passed a sandbox check.
_CHECKS = ("checked", "simple", "quiet")


def give_up_if(test: ast.expr) -> ast.If:
    """Write that the function gives up where a test holds."""
    return ast.If(test, [GIVE_UP], [])


RuleCall = tuple[str, tuple[Known, ...]]
Fact = tuple[t.Any, ...]
#: The way of the solver to an alternative, from choice to choice; ``None`` if it is not known.
Place = tuple[int, ...] | None
#: Several texts for which one alternative is written, and the one that the solver tries first.
OneOf = tuple[frozenset[str], str]


#: The parts of a list by their places, or of a dictionary by their keys.
Parts = t.Mapping[t.Any, Known]


class Built(Record):
    """A list or a dictionary that a function builds, of values that have names.

    :param parts: these values.
    :param statements: build it, which is in vain where nothing needs it as a whole.
    """

    parts: Parts
    statements: list[ast.stmt]


class ChainRepetition(Record):
    """The repetition of a region for the next object in a chain, such as a parent folder.

    :param flag: the name of the flag for a next object.
    :param following: the name of the next object.
    :param kept: the name under which the first object is kept.
    :param levels: the name of the range that limits the repetitions.
    """

    flag: str
    following: str
    kept: str
    levels: str


class Region(Record, eq=False, frozen=False):
    """A part of the function that is reached under one condition, or for each element of a list.

    :param found: the name of the flag for a solution.
    :param is_barrier: whether it is repeated, or has a flag of its own for a solution.
    """

    found: str
    above: Region | None = None
    is_barrier: bool = False
    #: Whether the goal in it must not hold.
    is_negated: bool = False
    #: The index of the alternative that it was made for, in the order of the rules.
    alternative: int = 0
    #: The alternatives that wrote something in it.
    users: set[int] = field(default_factory=set)
    #: The alternatives that search the list over which it is repeated.
    searched: set[int] = field(default_factory=set)
    header: ast.stmt | None = None
    #: The name of the list over whose elements it is repeated.
    over: str = ""
    body: list[ast.stmt] = field(default_factory=list)
    reads: list[ast.stmt] = field(default_factory=list)
    #: The values read here, the alternative of each, and its sandbox check.
    unchecked: list[tuple[str, int, ast.stmt]] = field(default_factory=list)
    items: list[Region] = field(default_factory=list)
    loops: list[Region] = field(default_factory=list)
    inside: dict[Fact, Region] = field(default_factory=dict)
    #: The regions apart for goals that others depend on, and which rules each of them asks.
    conditions: dict[Fact, tuple[Region, set[Fact]]] = field(default_factory=dict)
    known: dict[Fact, Known] = field(default_factory=dict)
    nodes: dict[Fact, RuleCall] = field(default_factory=dict)
    waiting: list[RuleCall] = field(default_factory=list)
    leaves: list[tuple[Clause, RuleCall]] = field(default_factory=list)
    #: Writes what follows here, once it is known which regions are repeated.
    put_behind: list[Callable[[], None]] = field(default_factory=list)
    #: The value whose class is tested here.
    subject: Known | None = None
    flag: str | None = None
    is_flagged: bool = False
    #: What is tested here, if the test may be moved behind another one.
    late: Fact | None = None
    #: What such a test compares with a literal: it may be a number that has no order.
    ordered: Known | None = None
    #: The alternatives that have a solution here.
    successes: list[int] = field(default_factory=list)
    #: Where the solver comes to the rules that are asked here.
    places: dict[Fact, Place] = field(default_factory=dict)
    #: The flags of the alternatives that have a solution here, for those that follow them.
    marks: list[str] = field(default_factory=list)
    #: The flag of the alternatives before this one, which is tried where none of them holds.
    unless: str = ""
    #: The value that was tested to be one of some strings.
    texts: tuple[str, frozenset[str]] | None = None
    #: The value that was tested to equal an integer.
    number: tuple[str, int] | None = None
    #: Whether what leads here has to be looked at although nothing may follow.
    is_kept: bool = False
    #: The values whose class the condition of this region looks at, whether it holds or not.
    tested: tuple[str, ...] = ()
    #: Whether a clause for a question of an outer region tests something here.
    is_foreign: bool = False
    #: The repetition for the next object in a chain, and where the solver goes on with that.
    again: ChainRepetition | None = None
    goes_on: list[Place] = field(default_factory=list)
    #: Whether it leads to the next object of a chain.
    leads_on: bool = False
    #: What is done at a solution here, if it may be the first one of the solver.
    first: list[ast.stmt] = field(default_factory=list)
    #: What is done at a solution besides.
    solved: list[ast.stmt] = field(default_factory=list)

    def around(self) -> t.Iterator[Region]:
        """Yield this region and its outer ones, up to one that is repeated."""
        region: Region | None = self
        while region is not None:
            yield region
            region = None if region.is_barrier else region.above

    def is_within(self, other: Region) -> bool:
        """Tell whether this is another region, or inside of it."""
        return any(region is other for region in self.enclosing())

    def enclosing(self) -> t.Iterator[Region]:
        """Yield this region and all outer ones."""
        region: Region | None = self
        while region is not None:
            yield region
            region = region.above

    def within(self) -> t.Iterator[Region]:
        """Yield this region and all inner ones."""
        stack = [self]
        while stack:
            inner = stack.pop()
            yield inner
            stack += [*inner.items, *inner.loops]

    def in_order(self) -> list[Region]:
        """Return the inner regions in the order of their code.

        What leads to the next object of a chain comes last, as the solver mostly comes to it.

        INVARIANT: nothing beside it depends on what is found there: see ``keep_order_of_use()``.
        """
        return sorted([*self.items, *self.loops], key=lambda each: each.leads_on)

    def asks_others(self) -> bool:
        """Tell whether a list is gone through for each object of a chain that is not its own.

        There is an index for such a list, where the chain is followed to its end.
        """
        inside = [*self.within()]
        read = {written_name(each) for region in inside for each in region.reads}
        return any(region.over and region.over not in read for region in inside)

    def keep_order_of_use(self) -> None:
        """Leave what leads on before the regions beside it that read what it writes."""
        inner = [*self.items, *self.loops]
        if not any(each.leads_on for each in inner):
            return
        names = [Names([*each.parts()]) for each in inner]
        for at in reversed(range(len(inner))):
            written = {*names[at].written, *filter(None, inner[at].flags())} - _ANYWHERE
            if any(
                not other.leads_on and written & {*used.read, *other.conditions_read()}
                for other, used in zip(inner[at + 1 :], names[at + 1 :], strict=True)
            ):
                inner[at].leads_on = False

    def parts(self) -> Iterator[ast.AST]:
        """Yield what is written in this region and all inner ones."""
        for each in self.within():
            yield from (*each.reads, *each.body, *each.first, *each.solved)
            if each.header is not None:
                yield each.header

    def flags(self) -> Iterator[str | None]:
        """Yield the names that this region and all inner ones set where they are reached."""
        for each in self.within():
            yield from (each.flag, each.found, *each.marks)

    def conditions_read(self) -> Iterator[str]:
        """Yield the flags of what this region and all inner ones follow."""
        return (each.unless for each in self.within() if each.unless)

    def put_last(self, is_last: bool = True) -> None:
        """Note that this region leads to the next object of a chain, and so do those around it."""
        region: Region | None = self
        while region is not None:
            region.leads_on = is_last
            region = region.above
            if region is None or region.is_barrier or region.flag is not None:
                break

    def is_empty(self) -> bool:
        """Tell whether nothing was written in this region, and no rule is asked there."""
        parts = self.reads, self.items, self.loops, self.successes
        return not any((*parts, self.nodes, self.leaves, self.put_behind, self.is_kept))

    def clear(self) -> None:
        """Drop what was written in this region. Nothing later relies on what was read here."""
        for part in (self.reads, self.unchecked, self.known, self.items, self.loops):
            part.clear()
        for asked in (self.inside, self.conditions, self.leaves, self.put_behind):
            asked.clear()

    def is_live(self) -> bool:
        """Tell whether the region is still part of the function."""
        return all(
            region.above is None
            or any(each is region for each in (*region.above.items, *region.above.loops))
            for region in self.enclosing()
        )

    def checks(self, name: str) -> bool:
        """Tell whether a value has passed a sandbox check in this region."""
        return any((fact, name) in self.known for fact in _CHECKS)

    def note_checked(self, *values: Known) -> None:
        """Note that values have passed the sandbox check here."""
        for value in values:
            self.known["checked", value.name] = value

    def note_list(self, value: Known) -> None:
        """Note that a value is a list that nothing else has, of elements that were looked at."""
        for fact in ("checked", "iterable", "elements", "list", "itself"):
            self.known[fact, value.name] = value

    def tested_values(self, end: Region | None = None) -> dict[t.Any, set[int]]:
        """Return the values that are always tested in this region, and the alternatives that do it.

        :param end: a region at whose solution the function may end: it is tested before.
        """
        found: dict[t.Any, set[int]] = {}
        reached = {id(inner): inner for inner in self._items_before(end)}
        for key, inner in self.inside.items():
            if id(inner) in reached and getattr(inner.header, "orelse", None):
                for part in key:
                    found.setdefault(part, set()).add(inner.alternative)
        for inner in reached.values():
            for name in inner.tested:
                found.setdefault(name, set()).add(inner.alternative)
            if inner.is_guard or inner.header is None:
                for fact, *names in inner.known:
                    if fact in _CHECKS:
                        found.setdefault(names[0], set()).add(inner.alternative)
                for name, tested in inner.tested_values(end).items():
                    found.setdefault(name, set()).update(tested & {inner.alternative})
        return found

    @property
    def is_guard(self) -> bool:
        """Whether the function gives up where the condition of the region does not hold."""
        return getattr(self.header, "orelse", None) == [GIVE_UP]

    def _items_before(self, end: Region | None) -> list[Region]:
        """Return the inner regions that the function reaches before the end of another one."""
        if end is self:
            return []
        found: list[Region] = []
        for inner in self.in_order():
            if any(inner is each for each in self.items):
                found.append(inner)
            if end is not None and end.is_within(inner):
                break
        return found

    def give_up_if(self, test: ast.expr) -> None:
        """Write that the function gives up here where a test holds."""
        self.reads.append(give_up_if(test))

    def lookup(self, key: Fact) -> Known | None:
        """Return the value for a fact that is known here."""
        return next((each.known[key] for each in self.enclosing() if key in each.known), None)

    def lookup_of(self, name: str, key: Fact) -> Known | None:
        """Return the value for a fact that is known here of one value.

        What was read before the class of the value was tested counts no longer: the test may be
        repeated for the next object of a chain, which gets the same name.
        """
        for region in self.enclosing():
            if key in region.known:
                return region.known[key]
            if region.subject is not None and region.subject.name == name:
                break
        return None

    def holds(self, key: Fact) -> Region | None:
        """Return this region, or the outer one, where a condition already holds."""
        for region in self.enclosing():
            if region.above is not None and region.above.inside.get(key) is region:
                return region
        return None


class Variables:
    """The variables of clauses: their values, and the class tests that wait for one."""

    def __init__(self) -> None:
        self.names: dict[tuple[int, int], int] = {}
        self.values: dict[int, Known] = {}
        self.waiting: dict[int, tuple[Pattern, ...]] = {}
        #: Whether it is asked, once goals were written, which variables they have bound.
        self.is_watched = False

    def copy(self) -> Variables:
        """Return a copy that can be bound differently."""
        other = Variables()
        other.names, other.values = dict(self.names), dict(self.values)
        other.waiting = dict(self.waiting)
        return other

    def variable(self, clause: int, index: int) -> int:
        """Return the number of a variable."""
        return self.names.setdefault((clause, index), len(self.names))

    def wait(self, number: int, pattern: Pattern) -> None:
        """Have a pattern tested once a variable has a value: once, however often rules want it."""
        waiting = self.waiting.get(number, ())
        if pattern not in waiting:
            self.waiting[number] = (*waiting, pattern)

    def unite(self, one: int, other: int) -> None:
        """Unify two unbound variables."""
        for key, number in self.names.items():
            if number == other:
                self.names[key] = one
        for pattern in self.waiting.pop(other, ()):
            self.wait(one, pattern)


# -- writing it down ----------------------------------------------------------------------


def try_in_turn(root: Region) -> None:
    """Write that an alternative is tried where none before it holds, or all are searched for.

    Until then all are looked at. It is for functions whose solutions are not in the order of the
    solver, and end nothing.
    """
    regions = [*root.within()]
    for region in regions:
        if region.unless:
            is_open = negate(load(region.unless))
            t.cast(ast.If, region.header).test = any_of([load("is_searched"), is_open])
            t.cast(Region, region.above).reads.append(assign(region.unless, ast.Constant(False)))
    used = {region.unless for region in regions}
    for region in regions:
        marks = [assign(flag, ast.Constant(True)) for flag in region.marks if flag in used]
        region.solved = marks


def alternatives(region: Region) -> Iterator[int]:
    """Yield the indices of the alternatives in the order of their code."""
    yield region.alternative
    yield from region.successes
    for inner in region.in_order():
        yield from alternatives(inner)


def step_limit(steps: ast.expr) -> list[ast.stmt]:
    """Write that steps are counted, and that the function gives up after too many."""
    more = ast.BinOp(load(COUNT), ast.Add(), steps)
    return [assign(COUNT, more), give_up_if(is_more_than(load(COUNT), MAX_STEPS))]


def with_span(node: t.Any, span: Span | None) -> t.Any:
    """Set the position of a statement to that of a span."""
    node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = position_of(span)
    return node
