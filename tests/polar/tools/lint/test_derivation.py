"""Rules that several others make superfluous can be removed: random roles and relations."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Iterator

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.engine import Engine
from flask_oso.polar.sources import Source
from flask_oso.polar.tools.lint.codes import Code
from flask_oso.polar.tools.lint.linter import lint_policy
from tests.support.choices import Choices, seeded
from tests.support.policies import Policy
from tests.support.sizes import part_of

_ROLES = ("r1", "r2", "r3")
_PERMISSIONS = ("p1", "p2")


class User:
    """An actor, who has roles on things by the number of each."""

    def __init__(self, held: set[tuple[int, str]]) -> None:
        self.held = held

    def has(self, number: int, role: str) -> bool:
        return (number, role) in self.held


class Folder:
    """A thing that others lie in."""

    def __init__(self, number: int) -> None:
        self.number = number


class Doc:
    """A thing in a folder."""

    def __init__(self, number: int, folder: Folder) -> None:
        self.number, self.folder = number, folder


def make_policy(choices: Choices) -> str:
    """Make two blocks with random shorthand rules, and rules that give some roles."""
    rules = [
        "allow(actor, action, resource) if has_permission(actor, action, resource);",
        "actor User {}",
        _block(choices, "Folder", ""),
        _block(choices, "Doc", "relations = { folder: Folder };"),
        'has_relation(folder: Folder, "folder", doc: Doc) if doc.folder = folder;',
    ]
    for name, kind in itertools.product(_ROLES, ("Folder", "Doc")):
        if choices.often(60):
            rules.append(f'has_role(u: User, "{name}", x: {kind}) if u.has(x.number, "{name}");')
    if choices.often(40):
        more = choices.pick(['u.has(x.number, "r1")', 'has_role(u, "r1", x)', "u.held != x.number"])
        rules.append(f'has_permission(u: User, "p1", x: Doc) if {more};')
    return "\n".join(rules)


def _block(choices: Choices, name: str, relations: str) -> str:
    lines = []
    for head in (*_PERMISSIONS, *_ROLES):
        for _ in range(choices.below(4)):
            condition = choices.pick(_ROLES)
            on = ' on "folder"' if relations and choices.often(40) else ""
            if on or condition > head:
                lines.append(f'  "{head}" if "{condition}"{on};')
    words = [", ".join(f'"{word}"' for word in some) for some in (_PERMISSIONS, _ROLES)]
    head = f"resource {name} {{ permissions = [{words[0]}]; roles = [{words[1]}]; {relations}"
    return "\n".join([head, *dict.fromkeys(lines), "}"])


def answers(engine: Engine, removed: set[tuple[int, int]]) -> list[bool | None]:
    """Ask about every role and permission, without the rules at some places."""
    rules = {
        name: tuple(
            each
            for each in group
            if each.span is None or (each.span.line, each.span.column) not in removed
        )
        for name, group in engine.policy.rules.items()
    }
    old = engine.policy
    less = Policy(rules=rules, actors=old.actors, resources=old.resources, blocks=old.blocks)
    asked = Engine(less, engine.host, compiled=False)
    folder = Folder(1)
    things = [folder, Doc(2, folder)]
    held = [(number, role) for number in (1, 2) for role in _ROLES]
    users = [User({*some}) for some in ([each] for each in held)]
    return [
        _answer(asked, name, (user, word, thing))
        for user, thing in itertools.product(users, things)
        for name, words in (("has_role", _ROLES), ("has_permission", _PERMISSIONS))
        for word in words
    ]


def _answer(engine: Engine, name: str, args: tuple[t.Any, ...]) -> bool | None:
    try:
        return engine.ask(name, *args)
    except OsoError:
        return None


def make_oso() -> Oso:
    """Make an Oso that knows the classes."""
    oso = Oso()
    for cls in (User, Folder, Doc):
        oso.register_class(cls)
    return oso


def superfluous(text: str) -> Iterator[tuple[int, int]]:
    """Give the places of rules that add nothing."""
    for found in lint_policy([Source(text)], make_oso().engine).findings:
        if found.code is Code.SUBSUMED_RULE and found.line and found.column:
            yield found.line, found.column


@pytest.mark.random
@pytest.mark.parametrize("seed", range(part_of(240)))
def test_rules_that_add_nothing_can_all_be_removed(seed: int) -> None:
    """Each role and each permission is held by whom it was."""
    text = make_policy(seeded(seed))
    removed = {*superfluous(text)}
    engine = make_oso().with_policy([Source(text)]).engine

    assert answers(engine, removed) == answers(engine, set()), text


@pytest.mark.full
def test_random_policies_have_such_rules() -> None:
    """The comparison is worth something."""
    found = [len({*superfluous(make_policy(seeded(seed)))}) for seed in range(30)]

    assert sum(found) > 30
