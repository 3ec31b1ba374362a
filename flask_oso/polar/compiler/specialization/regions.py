"""What a function for plain data is made of: stretches of it, and the values known there.

In goes what the rules ask, region by region; out come the statements of the function.
A region is reached under one condition, or once for each element of a list. It holds what
is read, what is asked about it, and the regions further in.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...nodes import Pattern, Value
from ...solver.clauses import Clause
from ...sources import Span
from ..snippets import assign, compared, load, negate, position_of


@dataclass(frozen=True)
class KnownValue:
    """What is known of a value.

    :param name: its name in the function.
    :param literal: what it is, if that is known.
    :param choices: it is any of these strings: whichever fits.
    :param others: it is a string, and none of these.
    :param exact: its class, neither more nor less.
    :param region: where it became known.
    :param source: the value and the attribute that it was read from.
    """

    name: str
    literal: Value | None = None
    choices: frozenset[str] | None = None
    others: frozenset[str] = frozenset()
    exact: type | None = None
    region: Region | None = field(default=None, compare=False, repr=False)
    source: tuple[str, str] | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> tuple[t.Any, ...]:
        """What tells it from other values in this function."""
        if self.literal is not None:
            return ("literal", type(self.literal.value), self.literal.value)
        return (self.name, self.exact)


#: How many elements and links of chains are looked at. The rules have a deadline, which a
#: function has not: that many take milliseconds.
MAX_STEPS = 100_000
#: The name that says whether there is a solution.
FOUND = "found"
#: Ends a function that cannot tell.
GIVE_UP: ast.stmt = ast.Return(ast.Constant(None))
RuleQuestion = tuple[str, tuple[KnownValue, ...]]
FactKey = tuple[t.Any, ...]


@dataclass(frozen=True)
class ChainRepetition:
    """How a region is passed again for the next value in a chain.

    :param flag: the name that says whether there is a next one.
    :param following: its name.
    :param kept: the name under which the first one is kept.
    :param levels: the constant that has a member for each time, at most.
    """

    flag: str
    following: str
    kept: str
    levels: str


@dataclass(eq=False)
class Region:
    """A stretch of the function that is reached under one condition, or for each element.

    :param found: the name of the variable that says that there is a solution.
    :param is_barrier: whether it is passed more than once, or has an answer of its own.
    """

    found: str
    above: Region | None = None
    is_barrier: bool = False
    #: The number of the alternative that it was made for, in the order of the rules.
    alternative: int = 0
    header: ast.stmt | None = None
    #: The name of the list whose elements it is passed for.
    over: str = ""
    body: list[ast.stmt] = field(default_factory=list)
    reads: list[ast.stmt] = field(default_factory=list)
    #: What was read here, by which alternative, and the test that it leads nowhere.
    unchecked: list[tuple[str, int, ast.stmt]] = field(default_factory=list)
    items: list[Region] = field(default_factory=list)
    loops: list[Region] = field(default_factory=list)
    inside: dict[FactKey, Region] = field(default_factory=dict)
    known: dict[FactKey, KnownValue] = field(default_factory=dict)
    nodes: dict[FactKey, RuleQuestion] = field(default_factory=dict)
    waiting: list[RuleQuestion] = field(default_factory=list)
    leaves: list[tuple[Clause, RuleQuestion]] = field(default_factory=list)
    #: The value whose class was tested here, read from the value of the region above.
    subject: KnownValue | None = None
    flag: str | None = None
    is_flagged: bool = False
    #: The alternatives that have a solution here.
    successes: list[int] = field(default_factory=list)
    #: The value that is one of these strings here.
    texts: tuple[str, frozenset[str]] | None = None
    #: How the same begins anew with another value.
    again: ChainRepetition | None = None

    def around(self) -> t.Iterator[Region]:
        """Return this region and those that it is in, up to one that is passed more than once."""
        region: Region | None = self
        while region is not None:
            yield region
            region = None if region.is_barrier else region.above

    def is_live(self) -> bool:
        """Tell whether this is still a part of the function."""
        inner, above = self, self.above
        while above is not None:
            if not any(each is inner for each in (*above.items, *above.loops)):
                return False
            inner, above = above, above.above
        return True

    def looks_at(self, name: str, alternative: int | None) -> bool:
        """Tell whether a value is looked at wherever this region is passed.

        :param alternative: the one that has to do it, if that matters.
        """
        if any((fact, name) in self.known for fact in ("checked", "simple", "quiet")):
            return True
        return any(
            name in key and getattr(inner.header, "orelse", None)
            for key, inner in self.inside.items()
            if alternative is None or inner.alternative == alternative
        )

    def lookup(self, key: FactKey) -> KnownValue | None:
        """Return a value that is known here."""
        region: Region | None = self
        while region is not None:
            if key in region.known:
                return region.known[key]
            region = region.above
        return None

    def holds(self, key: FactKey) -> Region | None:
        """Return the region around, or this one, where a condition holds already."""
        region: Region | None = self
        while region is not None:
            if region.above is not None and region.above.inside.get(key) is region:
                return region
            region = region.above
        return None


class VariableBindings:
    """The variables of clauses: what they are bound to, and classes that wait for it."""

    def __init__(self) -> None:
        self.names: dict[tuple[int, int], int] = {}
        self.values: dict[int, KnownValue] = {}
        self.waiting: dict[int, tuple[Pattern, ...]] = {}

    def copy(self) -> VariableBindings:
        """Return one that can be bound otherwise."""
        other = VariableBindings()
        other.names, other.values = dict(self.names), dict(self.values)
        other.waiting = dict(self.waiting)
        return other

    def variable(self, clause: int, index: int) -> int:
        """Return the number of a variable."""
        return self.names.setdefault((clause, index), len(self.names))

    def unite(self, one: int, other: int) -> None:
        """Make two variables that are not bound one."""
        for key, number in self.names.items():
            if number == other:
                self.names[key] = one
        self.waiting[one] = self.waiting.get(one, ()) + self.waiting.pop(other, ())


# -- writing it down ----------------------------------------------------------------------


def alternatives(region: Region) -> Iterator[int]:
    """Return the numbers of the alternatives in the order in which they are written down."""
    yield region.alternative
    yield from region.successes
    for inner in [*region.items, *region.loops]:
        yield from alternatives(inner)


def region_statements(region: Region, success: list[ast.stmt] | None = None) -> list[ast.stmt]:
    """Write down a region: values first, then what depends on them, loops last.

    :param success: what is done at the first solution of the whole, instead of noting it.
    """
    is_start = region.above is None or region.is_barrier
    flags = _flags_of(region) if is_start else []
    out = [assign(flag, ast.Constant(False)) for flag in flags]
    out += region.reads
    if region.successes:
        note = [assign(region.found, ast.Constant(True))]
        out += success if success is not None and region.found == FOUND else note
    for inner in [*region.items, *region.loops]:
        _append(out, _enclosed(inner, success))
    if region.flag is not None:
        out.append(assign(region.flag, ast.Constant(True)))
    if region.again is not None:
        out = _repeated(region, out)
    return out


def loops_within(statements: list[ast.stmt]) -> int:
    """Tell how many loops stand in each other."""
    deepest, stack = 0, [(statement, 0) for statement in statements]
    while stack:
        statement, depth = stack.pop()
        depth += isinstance(statement, ast.For)
        deepest = max(deepest, depth)
        inside = [*getattr(statement, "body", ()), *getattr(statement, "orelse", ())]
        stack += [(inner, depth) for inner in inside]
    return deepest


def _enclosed(inner: Region, success: list[ast.stmt] | None) -> list[ast.stmt]:
    body = region_statements(inner, success)
    header: t.Any = inner.header
    if header is None:
        return [assign(inner.found, ast.Constant(False)), *body]
    if isinstance(header, ast.If):
        header.body = body or [ast.Pass()]
        header.texts = inner.texts  # type: ignore[attr-defined]
        return [header] if body or header.orelse else []
    header.body = body
    # A list without elements is the usual one, and need not be copied.
    return [ast.If(load(inner.over), [*inner.body, header], [])] if body else []


def step_limit(steps: ast.expr) -> list[ast.stmt]:
    """Write that steps are counted, and that the function gives up where they are many."""
    more = ast.BinOp(load("count"), ast.Add(), steps)
    is_over = compared(load("count"), ast.Gt(), ast.Constant(MAX_STEPS))
    return [assign("count", more), ast.If(is_over, [GIVE_UP], [])]


def _repeated(region: Region, body: list[ast.stmt]) -> list[ast.stmt]:
    """Write that a region is passed again for the next in a chain, so often at most."""
    again, subject = t.cast(ChainRepetition, region.again), t.cast(KnownValue, region.subject).name
    go_on = ast.If(negate(load(again.flag)), [ast.Break()], [])
    step = assign(subject, load(again.following))
    over = ast.Name("level", ast.Store())
    # Chains may stand in each other, and in lists.
    counted = step_limit(ast.Constant(1))
    return [
        assign(again.kept, load(subject)),
        ast.For(over, load(again.levels), [*counted, *body, go_on, step], [GIVE_UP]),
        # Where the chain begins, the value has the same name.
        assign(subject, load(again.kept)),
    ]


def _flags_of(region: Region) -> list[str]:
    """Return the flags of the regions inside one that are passed as often as it is."""
    flags, stack = [], [*region.items]
    while stack:
        inner = stack.pop(0)
        if inner.flag is not None:
            flags.append(inner.flag)
        if not inner.is_barrier:
            stack = [*inner.items, *stack]
    return flags


def _append(out: list[ast.stmt], following: list[ast.stmt]) -> None:
    """Append statements; as ``elif`` where the tests before exclude theirs, each of them."""
    last = out[-1] if out else None
    tests = [last]
    while isinstance(last, ast.If) and len(last.orelse) == 1:
        last = last.orelse[0]
        tests.append(last)
    if isinstance(last, ast.If) and not last.orelse and len(following) == 1:
        behind = getattr(following[0], "texts", None)
        if behind and all(_excludes(getattr(test, "texts", None), behind) for test in tests):
            last.orelse = following
            return
    out += following


def _excludes(
    before: tuple[str, frozenset[str]] | None, behind: tuple[str, frozenset[str]]
) -> bool:
    return before is not None and before[0] == behind[0] and not before[1] & behind[1]


def with_span(node: t.Any, span: Span | None) -> t.Any:
    """Return a statement its place in the policy."""
    node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = position_of(span)
    return node
