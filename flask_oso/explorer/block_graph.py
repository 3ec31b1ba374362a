"""What follows from what in resource blocks: roles, permissions, relations.

In go the blocks of a policy; out come terms, such as the role ``owner`` of ``Organization``, and
which of them gives which. Rules that are written out beside the blocks are not in it.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator

from ..polar.nodes import Block, Shorthand
from ..polar.policy.policy import Policy


@dataclasses.dataclass(frozen=True, order=True)
class BlockTerm:
    """A declared name of a block.

    :param kind: ``role``, ``permission`` or ``relation``.
    """

    block: str
    kind: str
    name: str


class Grant(t.NamedTuple):
    """One term gives another one, through a relation if that is not empty.

    :param is_conditional: the rule has a further condition.
    """

    giver: BlockTerm
    given: BlockTerm
    relation: str = ""
    is_conditional: bool = False


@dataclasses.dataclass(frozen=True)
class BlockGraph:
    """The terms of the blocks of a policy, by block, and the grants among them."""

    blocks: dict[str, list[BlockTerm]]
    grants: list[Grant]

    def given_by(self, term: BlockTerm) -> set[BlockTerm]:
        """Give all that follows from a term, itself included."""
        found, waiting = {term}, [term]
        while waiting:
            giver = waiting.pop()
            new = {each.given for each in self.grants if each.giver == giver} - found
            found |= new
            waiting += new
        return found


def block_graph(policy: Policy) -> BlockGraph:
    """Take the graph from the blocks of a policy."""
    blocks: dict[str, list[BlockTerm]] = {}
    related: dict[tuple[str, str], str] = {}
    for block in policy.blocks:
        known = blocks.setdefault(block.resource.text, [])
        known += [each for each in _terms(block) if each not in known]
        related |= _related(block)
    grants = [
        grant
        for block in policy.blocks
        for shorthand in block.shorthands
        if (grant := _grant(block.resource.text, shorthand, blocks, related)) is not None
    ]
    return BlockGraph({name: terms for name, terms in blocks.items() if terms}, grants)


def _terms(block: Block) -> Iterator[BlockTerm]:
    name = block.resource.text
    for declaration in block.declarations:
        kind = declaration.name.text.removesuffix("s")
        for each in declaration.strings:
            yield BlockTerm(name, kind, each.text)


def _related(block: Block) -> dict[tuple[str, str], str]:
    return {
        (block.resource.text, key.text): cls.text
        for declaration in block.declarations
        for key, cls in declaration.pairs
    }


def _grant(
    block: str,
    shorthand: Shorthand,
    blocks: dict[str, list[BlockTerm]],
    related: dict[tuple[str, str], str],
) -> Grant | None:
    """Give the grant of a shorthand rule; ``None`` for a condition that is no term."""
    condition, relation = shorthand.condition, shorthand.relation
    given = _find(blocks.get(block, ()), shorthand.head.text)
    if condition is None or given is None:
        return None
    other = block if relation is None else related.get((block, relation.text), "")
    giver = _find(blocks.get(other, ()), condition.text)
    if giver is None and relation is None and (block, condition.text) in related:
        # "close" if "author": whoever is related.
        giver = BlockTerm(block, "relation", condition.text)
        if giver not in blocks[block]:
            blocks[block].append(giver)
    if giver is None:
        return None
    is_conditional = shorthand.further is not None
    return Grant(giver, given, "" if relation is None else relation.text, is_conditional)


def _find(terms: Iterable[BlockTerm], name: str) -> BlockTerm | None:
    return next((each for each in terms if each.name == name), None)
