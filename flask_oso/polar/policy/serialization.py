"""Serialization: a loaded policy to plain data and back.

In goes the result of a load; out come lines of JSON, from which, with the texts, the same result
is read again. The data are numbers, strings and lists of them: nothing in them can run code. A
policy that cannot be serialized and invalid lines raise ``ValueError``.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping, Sequence

from .. import nodes
from ..nodes import Operator, Origin
from ..sources import Source, Span
from ..syntax import policy_test_nodes
from .garbage import without_collector
from .policy import LazyRules, LoadResult, Policy

#: The classes of nodes by number: a node is a list that begins with the number of its class.
_KINDS: tuple[type[t.Any], ...] = (
    nodes.Value,
    nodes.List,
    nodes.Dictionary,
    nodes.Variable,
    nodes.Slot,
    nodes.Call,
    nodes.Pattern,
    nodes.Expression,
    nodes.Parameter,
    nodes.Rule,
    nodes.RuleType,
    nodes.InlineQuery,
    nodes.Name,
    nodes.Declaration,
    nodes.Shorthand,
    nodes.Block,
    nodes.DeclaredRule,
    nodes.Stub,
    policy_test_nodes.Fact,
    policy_test_nodes.NamedStub,
    policy_test_nodes.UsedFixture,
    policy_test_nodes.FrozenClock,
    policy_test_nodes.Fixture,
    policy_test_nodes.Assertion,
    policy_test_nodes.PolicyTest,
)
_TUPLE = len(_KINDS)
_OPERATOR = _TUPLE + 1
_ORIGIN = _TUPLE + 2
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_OPERATORS = {operator.value: operator for operator in Operator}
_ORIGINS = {origin.value: origin for origin in Origin}
_SCALARS = frozenset((bool, int, float, str, type(None)))
#: Terms that are nested deeper are not serialized, since reading them is recursive.
_DEEPEST = 40
#: The parts of a policy beside its rules and sources.
_PARTS = (
    *("types", "actors", "resources", "blocks", "everywhere", "declared", "tests", "fixtures"),
    *("inline_queries", "written_types"),
)


def to_lines(loaded: LoadResult) -> list[str]:
    """Serialize a policy and its warnings: a header line, and a line for each name of a rule.

    :raises ValueError: if the policy cannot be serialized.
    """
    policy = loaded.policy
    writer = _Writer(policy.sources)
    rules = {name: writer.line(group) for name, group in policy.rules.items()}
    parts = {name: writer.line(_plain(getattr(policy, name))) for name in _PARTS}
    about = {
        "rules": {name: len(group) for name, group in policy.rules.items()},
        "parts": parts,
        "warnings": loaded.warnings,
        # Sources of spans beside the loaded texts: those of the built-in rules of roles.
        "sources": [(source.text, source.name) for source in writer.sources[len(policy.sources) :]],
    }
    return [json.dumps(about), *rules.values()]


def _plain(part: t.Any) -> t.Any:
    return tuple(part.items()) if isinstance(part, Mapping) else part


def from_lines(lines: Sequence[str], sources: Sequence[Source]) -> LoadResult:
    """Read the policy that was loaded from these sources.

    The rules of a name are read on first use: few questions need all rules.

    :raises ValueError: if the lines are not those of ``to_lines``.
    """
    try:
        about = json.loads(lines[0])
        texts = [*sources, *(Source(*each) for each in about["sources"])]
        reader = _Reader(texts)
        parts = {name: reader.read(about["parts"][name]) for name in _PARTS}
        types = {name: tuple(group) for name, group in parts.pop("types")}
        groups = dict(zip(about["rules"], lines[1:], strict=True))
        rules = LazyRules(about["rules"], lambda name: reader.read(groups[name]))
        policy = Policy(rules=rules, types=types, sources=tuple(sources), **parts)
        return LoadResult(policy, tuple(about["warnings"]))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
        raise ValueError("These lines hold no policy.") from error


# -- nodes -----------------------------------------------------------------------------


class _Writer:
    """Writes nodes as lines, and collects the sources of their spans."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = list(sources)
        self._places = {id(source): place for place, source in enumerate(sources)}

    def line(self, part: t.Any) -> str:
        return json.dumps(self._data(part, 0), separators=(",", ":"))

    def _data(self, part: t.Any, depth: int) -> t.Any:
        kind = type(part)
        if kind in _SCALARS:
            return part
        if depth > _DEEPEST:
            raise ValueError("A policy is not kept whose terms are nested so deep.")
        if kind is tuple:
            return [_TUPLE, *[self._data(each, depth + 1) for each in part]]
        if kind is Operator:
            return [_OPERATOR, part.value]
        if kind is Origin:
            return [_ORIGIN, part.value]
        if kind not in _NUMBERS or getattr(part, "ground", False):
            # A ground list holds data of the host.
            raise ValueError(f"A policy is not kept that has a {kind.__name__} in it.")
        values = [self._data(getattr(part, name), depth + 1) for name in kind.__match_args__]
        # The place of a parameter is that of its terms.
        span = None if kind is nodes.Parameter else part.span
        return [_NUMBERS[kind], *self._span(span), *values]

    def _span(self, span: Span | None) -> tuple[int, int, int]:
        """Give the number of the source, counted from 1, and the offsets; zeros for no span."""
        if span is None:
            return 0, 0, 0
        place = self._places.setdefault(id(span.source), len(self.sources))
        if place == len(self.sources):
            self.sources.append(span.source)
        return place + 1, span.start, span.end


class _Reader:
    """Reads nodes from lines."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        #: Rules have the same names and texts again and again.
        self._strings: dict[str, str] = {}
        self._keys: dict[str, nodes.Value] = {}

    def read(self, line: str) -> t.Any:
        with without_collector():
            return self._part(json.loads(line))

    def _part(self, data: t.Any) -> t.Any:
        if type(data) is str:
            return self._strings.setdefault(data, data)
        if type(data) is not list:
            return data
        kind = data[0]
        if kind == _TUPLE:
            return tuple(map(self._part, data[1:]))
        if kind == _OPERATOR:
            return _OPERATORS[data[1]]
        if kind == _ORIGIN:
            return _ORIGINS[data[1]]
        _, place, start, end, *parts = data
        made = map(self._part, parts)
        if not place:
            return self._without_place(_KINDS[kind], *made)
        return _KINDS[kind](*made, span=self._sources[place - 1].span(start, end))

    def _without_place(self, kind: type[t.Any], *parts: t.Any) -> t.Any:
        if kind is nodes.Value and type(parts[0]) is str:
            # The names of attributes share a node each.
            return self._keys.setdefault(parts[0], kind(*parts))
        return kind(*parts)
