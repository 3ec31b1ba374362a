"""Roles that go on along a relation: ``role if role on "folder";``.

In go the blocks of a policy and their declarations; out come the same blocks, in which a shorthand
rule for each role stands in the place of that one, and the problems. A role is inherited if both
classes declare it, as in Oso Cloud.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..exceptions import OsoError, ValidationError, error_at, with_help
from ..nodes import Block, Name, Shorthand
from .resource_blocks import DeclarationKind, Declarations


def with_each_role(
    blocks: Sequence[Block], declarations: Declarations
) -> tuple[list[Block], list[OsoError]]:
    """Give the blocks with a shorthand rule for each role, and the problems."""
    problems: list[OsoError] = []
    found = []
    for block in blocks:
        if any(each.is_of_each_role for each in block.shorthands):
            rules = [
                rule
                for each in block.shorthands
                for rule in _rules(block.resource.text, each, declarations, problems)
            ]
            block = block.replaced(shorthands=tuple(rules))
        found.append(block)
    return found, problems


def _rules(
    resource: str, shorthand: Shorthand, declarations: Declarations, problems: list[OsoError]
) -> Iterator[Shorthand]:
    if not shorthand.is_of_each_role:
        yield shorthand
        return
    own = _roles(resource, declarations)
    related = _related(resource, shorthand, declarations)
    if related is None or related not in declarations:
        # The expansion of the rule says what is wrong with the relation.
        inherited = own[:1]
    else:
        others = _roles(related, declarations)
        inherited = [role for role in own if role in others]
    if not inherited:
        problems.append(_without_roles(resource, related, shorthand))
    for role in inherited:
        name = Name(role, shorthand.head.span)
        yield Shorthand(
            *(name, name, shorthand.keyword, shorthand.relation, shorthand.further),
            span=shorthand.span,
        )


def _roles(resource: str, declarations: Declarations) -> list[str]:
    declared = declarations.get(resource, {}).items()
    return [name for name, each in declared if each.kind is DeclarationKind.ROLE]


def _related(resource: str, shorthand: Shorthand, declarations: Declarations) -> str | None:
    assert shorthand.relation is not None
    relation = declarations.get(resource, {}).get(shorthand.relation.text)
    return None if relation is None or relation.related is None else relation.related.text


def _without_roles(resource: str, related: str | None, shorthand: Shorthand) -> OsoError:
    where = f"'{resource}'" if related is None else f"both '{resource}' and '{related}'"
    message = f"No role is declared in {where}, so this rule gives none"
    error = error_at(ValidationError, message, shorthand.span)
    return with_help(error, 'Declare them: `roles = ["name"];`\n')
