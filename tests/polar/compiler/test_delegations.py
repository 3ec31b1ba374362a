"""Rules that ask themselves about an object of another class: tokens, leads, groups."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.specialization.questions import Manner
from flask_oso.polar.compiler.specialization.specialization import SpecializationWriter
from flask_oso.polar.compiler.specialization.tables.drafts import Asked, Drafts
from tests.support.answers import outcome_of, specialized
from tests.support.policies import make_oso
from tests.support.sizes import each_of

from .test_chains import instructions_of


class Thing:
    """An object with some attributes."""

    def __init__(self, **fields: t.Any) -> None:
        vars(self).update(fields)


class User(Thing):
    """Who acts."""

    roles: list[t.Any]
    groups: list[t.Any]


class Token(Thing):
    """What acts for a user, or for another token."""

    user: t.Any


class Pair(Thing):
    """What acts for one, with the right of another."""


class Team(Thing):
    """What has the roles of its lead."""


class Group(Thing):
    """What gives its roles to its members."""


class Doc(Thing):
    """What is read."""


class Folder(Thing):
    """What documents lie in."""


CLASSES = (User, Token, Pair, Team, Group, Doc, Folder)
_OWNERS = """
    allow(user: User, "read", doc: Doc) if doc.owner = user;
    allow(user: User, _action, _doc: Doc) if user.admin;
"""
_TOKENS = """
    allow(token: Token, action, resource) if
        action in token.scopes and allow(token.user, action, resource);
"""
_ROLES = """
    actor User {} actor Team {} actor Group {}
    resource Doc {
        permissions = ["read", "write"];
        roles = ["reader", "writer"];
        "read" if "reader"; "write" if "writer"; "reader" if "writer";
    }
    allow(actor, action, resource) if has_permission(actor, action, resource);
    has_role(user: User, role: String, doc: Doc) if
        r in user.roles and r.name = role and r.doc = doc;
"""
_GROUPS = """
    has_role(user: User, role: String, doc: Doc) if g in user.groups and has_role(g, role, doc);
    has_role(group: Group, role: String, doc: Doc) if
        r in group.roles and r.name = role and r.doc = doc;
"""
_FOLDERS = """
    actor User {} resource Doc { permissions = ["read", "write"]; }
    resource Folder { permissions = ["read"]; }
    allow(actor, action, resource) if has_permission(actor, action, resource);
    has_permission(user: User, "read", doc: Doc) if has_permission(user, "read", doc.folder);
    has_permission(user: User, "read", folder: Folder) if folder.owner = user;
    has_permission(user: User, "read", folder: Folder) if
        has_permission(user, "read", folder.parent);
"""
SHAPES = {
    "a token": _OWNERS + _TOKENS,
    "a token without scopes": _OWNERS
    + "allow(token: Token, action, resource) if allow(token.user, action, resource);",
    "scopes behind the call": _OWNERS
    + """allow(token: Token, action, resource) if
        allow(token.user, action, resource) and action in token.scopes;""",
    "the class of a token's user": _OWNERS
    + """allow(token: Token, action, resource) if
        user = token.user and user matches User and action in token.scopes
        and allow(user, action, resource);""",
    "nobody": _OWNERS
    + _TOKENS
    + """allow(nil, "read", doc: Doc) if doc.public;
        allow(nil, "read", folder: Folder) if folder.owner = nil;""",
    "not": _OWNERS
    + """allow(token: Token, action, resource) if
        not allow(token.other, action, resource) and allow(token.user, action, resource);""",
    "two at once": _OWNERS
    + _TOKENS
    + """allow(pair: Pair, action, resource) if
        allow(pair.user, action, resource) and allow(pair.by, "read", resource);""",
    "a token for roles": _ROLES + _TOKENS,
    "a team's lead": _ROLES
    + "has_role(team: Team, role: String, doc: Doc) if has_role(team.lead, role, doc);",
    "groups": _ROLES + _GROUPS,
    "groups in groups": _ROLES
    + _GROUPS
    + "has_role(group: Group, role: String, doc: Doc) if has_role(group.parent, role, doc);",
    "folders": _FOLDERS,
    "a token for folders": _FOLDERS + _TOKENS,
    "users of a team": _OWNERS
    + """allow(team: Team, action, resource) if
        user in team.users and allow(user, action, resource);""",
}


def oso_of(shape: str, *, compiled: bool = True) -> Oso:
    """Give an Oso with the rules of a shape."""
    return make_oso(SHAPES[shape], *CLASSES, compiled=compiled)


def world(levels: int) -> tuple[list[t.Any], list[t.Any]]:
    """Make actors and resources, where what leads to another does so through some levels."""
    ana, ben, cleo = (User(admin=admin, roles=[], groups=[]) for admin in (False, False, True))
    folder = Folder(owner=ana, parent=None)
    for _ in range(levels):
        folder = Folder(owner=ben, parent=folder)
    docs = [
        Doc(owner=ana, public=False, folder=folder),
        Doc(owner=ben, public=True, folder=None),
    ]
    ana.roles.append(Thing(name="reader", doc=docs[0]))
    group = Group(roles=[Thing(name="writer", doc=docs[0])], parent=None)
    for _ in range(levels):
        group = Group(roles=[], parent=group)
    ben.groups.append(group)

    def token(of: t.Any, *scopes: str) -> Token:
        return Token(user=of, scopes=list(scopes), other=ben)

    long = token(ana, "read")
    team = Team(lead=ben, users=[ben, ana])
    for _ in range(levels):
        long, team = token(long, "read"), Team(lead=team, users=[team, ben])
    tokens = [token(ana, "read"), token(ana), token(cleo, "write"), token(None, "read"), long]
    odd = [Token(scopes=["read"]), Token(user=ana, scopes=None, other=ben), Team(users=None)]
    pairs = [Pair(user=ana, by=cleo), Pair(user=long, by=ana), Pair(user=cleo, by=None)]
    return [ana, ben, cleo, None, *tokens, *pairs, team, group, *odd], [*docs, folder]


@pytest.mark.each(3)
@pytest.mark.parametrize("levels", [0, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_delegation_is_answered_as_by_the_solver(shape: str, levels: int) -> None:
    """Whatever leads to another object, the answer is that of the solver, also where it raises."""
    oso, solver = oso_of(shape), oso_of(shape, compiled=False)
    actors, resources = world(levels)
    for question in each_of(itertools.product(actors, ("read", "write"), resources), 5):
        assert outcome_of(oso, *question) == outcome_of(solver, *question)


#: The shapes in which no token leads to another object, and the actor that is asked about.
_OTHERS = {"two at once": Pair, "a team's lead": Team, "users of a team": Team}


@pytest.mark.parametrize("shape", SHAPES)
def test_delegation_is_answered_by_a_specialization(shape: str) -> None:
    """One that leads to a user needs no rules in order, for an allow and for a denial."""
    oso = oso_of(shape)
    actors, (doc, other, _) = world(1 if "folders" in shape else 0)
    ana, ben = actors[:2]
    cls = User if "group" in shape or shape == "folders" else _OTHERS.get(shape, Token)
    actor = cls(user=ana, by=ana, lead=ana, users=[ana], scopes=["read"], other=User(admin=False))
    if cls is User:
        actor = ben if "group" in shape else ana

    assert specialized(oso.engine, actor, "read", doc) is True
    if "folder" not in shape:
        assert specialized(oso.engine, actor, "read", other) is False


def test_token_of_itself_is_left_to_the_solver() -> None:
    """A ring of tokens raises what the solver raises."""
    oso, solver = (oso_of("a token", compiled=compiled) for compiled in (True, False))
    token = Token(scopes=["read"])
    token.user = token
    doc = Doc(owner=None)

    assert specialized(oso.engine, token, "read", doc) is None
    assert outcome_of(oso, token, "read", doc) == outcome_of(solver, token, "read", doc)


def test_what_no_function_can_answer_is_left_to_the_rules() -> None:
    """Where a function cannot be called, a token of a token goes to the rules; a token does not."""

    class Note(Doc):
        """A document of a class that may go, which no shared function is made for."""

    oso, ana = oso_of("a token"), User(admin=False)
    token, doc = Token(user=ana, scopes=["read"]), Note(owner=ana)
    outer = Token(user=token, scopes=["read"])

    assert specialized(oso.engine, token, "read", doc) is True
    assert specialized(oso.engine, outer, "read", doc) is None
    assert oso.is_allowed(outer, "read", doc)


@pytest.mark.full
@pytest.mark.parametrize("shape", ["a team's lead", "groups"])
def test_delegation_costs_little_more_than_two_questions(shape: str) -> None:
    """The rules for what is led to are written in place, and call no function."""
    oso = oso_of(shape)
    actors, (doc, *_) = world(0)
    ana, ben = actors[:2]
    actor = ben if shape == "groups" else Team(lead=ana)
    for each in (ana, actor):
        instructions_of(lambda each=each: oso.is_allowed(each, "read", doc))  # type: ignore[misc]

    one, led = (
        instructions_of(lambda each=each: oso.is_allowed(each, "read", doc))  # type: ignore[misc]
        for each in (ana, actor)
    )

    assert led < 2.5 * one


def test_what_delegates_for_one_action_does_so_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """That tokens are no chain is found out about one action, and not about each of them."""
    written: list[Manner] = []
    before = Drafts.writer

    def writer(self: Drafts, asked: Asked, manner: Manner) -> SpecializationWriter:
        written.append(manner)
        return before(self, asked, manner)

    monkeypatch.setattr(Drafts, "writer", writer)
    policy = """
        allow(user: User, "read", doc: Doc) if doc.owner = user;
        allow(user: User, "edit", doc: Doc) if doc.owner = user and not doc.closed;
        allow(user: User, "drop", doc: Doc) if doc.owner = user and user.admin;
        allow(token: Token, action, doc: Doc) if
            action in token.scopes and allow(token.user, action, doc);
        allow(pair: Pair, action, doc: Doc) if
            allow(pair.user, action, doc) and allow(pair.by, action, doc);
    """
    oso, ana = make_oso(policy, *CLASSES), User(admin=False)
    token = Token(user=ana, scopes=["read", "drop"])

    assert oso.authorized_actions(token, Doc(owner=ana, closed=False)) == {"read"}
    assert [each.functions is None for each in written].count(True) == 1


@pytest.mark.parametrize("shape", ["groups", "a token for folders"])
def test_that_delegations_are_no_chain_is_seen_soon(shape: str, goals_written: list[t.Any]) -> None:
    """The first question does not wait until each class was written within each other one."""
    oso, user = oso_of(shape), User(roles=[], groups=[], admin=False)

    assert specialized(oso.engine, user, "read", Doc(owner=None, folder=None)) is False
    assert 0 < len(goals_written) < 300
