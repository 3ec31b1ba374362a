"""A policy as the engine uses it: rules and rule types by name, and what its blocks say.

Made by ``load_policy`` in ``loading.py`` and immutable from then on: a reload makes a
new one. Rules stand here in the form the solver evaluates (``rewriting.py``).
"""

from __future__ import annotations

import types
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .nodes import Block, InlineQuery, Rule, RuleType
from .sources import Source

_N = t.TypeVar("_N", Rule, RuleType)


@dataclass(frozen=True, eq=False)
class Policy:
    """Everything that one or more loads put together. ``Policy()`` is the empty policy.

    :param rules: rewritten rules by name; those written by hand in the order of the
        sources, then those made from blocks.
    :param types: rule types by name, the written ones first; the built-in ones are not
        among them.
    :param actors: the classes that have an actor block, in source order.
    :param resources: the classes that have a block, in source order.
    :param inline_queries: those of all loads; whoever runs them keeps the account.
    :param sources: the texts it was loaded from.
    :param written_types: the rule types that were written by hand.
    """

    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=lambda: by_name(()))
    types: Mapping[str, tuple[RuleType, ...]] = field(default_factory=lambda: by_name(()))
    actors: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    inline_queries: tuple[InlineQuery, ...] = ()
    sources: tuple[Source, ...] = ()
    written_types: tuple[RuleType, ...] = ()

    @property
    def has_rules(self) -> bool:
        """Whether there is any rule: if so, nothing more can be loaded."""
        return bool(self.rules)


def by_name(nodes: Iterable[_N]) -> Mapping[str, tuple[_N, ...]]:
    """Group rules or rule types by name, in their order."""
    groups: dict[str, list[_N]] = {}
    for node in nodes:
        groups.setdefault(node.name, []).append(node)
    return types.MappingProxyType({name: tuple(group) for name, group in groups.items()})
