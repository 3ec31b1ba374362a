"""Blocks that extend others: ``resource Repository extends Project { … }``.

In go the blocks of a policy; out come blocks with what the classes inherit, and the problems. A
class inherits the declarations and the shorthand rules of all blocks of its parent, and what that
inherits. It says nothing of Python's classes: written rules are inherited as those are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..exceptions import OsoError, ValidationError, error_at, with_help
from ..nodes import Block, Name
from ..spelling import Guesses


def inherited_blocks(blocks: Sequence[Block]) -> tuple[list[Block], list[OsoError]]:
    """Give a block for each class and each of its ancestors, and the problems."""
    by_class: dict[str, list[Block]] = {}
    for block in blocks:
        by_class.setdefault(block.resource.text, []).append(block)
    found: list[Block] = []
    problems: list[OsoError] = []
    guesses = Guesses()
    for block in blocks:
        if block.parent is None:
            continue
        if block.parent.text not in by_class:
            problems.append(_unknown(block, block.parent, by_class, guesses))
        elif block.resource.text in _ancestors(block.parent.text, by_class):
            problems.append(_circular(block, block.parent))
        else:
            names = dict.fromkeys(_ancestors(block.parent.text, by_class))
            found += [_inherited(block, each) for name in names for each in by_class[name]]
    return found, problems


def _ancestors(name: str, by_class: Mapping[str, Sequence[Block]]) -> Iterator[str]:
    """Give a class and what it extends, the nearest first, each once."""
    waiting, seen = [name], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name
        waiting += [
            block.parent.text for block in by_class.get(name, ()) if block.parent is not None
        ]


def _inherited(block: Block, of_parent: Block) -> Block:
    return Block(
        block.keyword,
        block.resource,
        of_parent.declarations,
        of_parent.shorthands,
        span=of_parent.span,
    )


def _unknown(
    block: Block, parent: Name, by_class: Mapping[str, object], guesses: Guesses
) -> OsoError:
    message = f"'{block.resource.text}' extends '{parent.text}', which has no block."
    error = error_at(ValidationError, message, parent.span)
    near = guesses.did_you_mean(parent.text, by_class)
    return with_help(error, near or f"Write one: `resource {parent.text} {{ … }}`\n")


def _circular(block: Block, parent: Name) -> OsoError:
    message = f"'{block.resource.text}' extends '{parent.text}', which extends it."
    error = error_at(ValidationError, message, parent.span)
    return with_help(error, "Remove one 'extends'.\n")
