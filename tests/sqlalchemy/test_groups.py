"""Groups of the actor that are in groups: a list of what they may is bounded, or refused."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.polar.residual.search import Search
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session
from tests.support.models.links import link_table


class Base(orm.DeclarativeBase):
    """Of the models here."""


members = link_table(Base, "members", user_id="users.id", group_id="groups.id")
inside = link_table(Base, "inside", inner_id="groups.id", outer_id="groups.id")


class Group(Base):
    """May be in other groups."""

    __tablename__ = "groups"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    groups: orm.Mapped[list[Group]] = orm.relationship(
        secondary=inside,
        primaryjoin=id == inside.c.inner_id,
        secondaryjoin=id == inside.c.outer_id,
    )


class User(Base):
    """Is in groups."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    groups: orm.Mapped[list[Group]] = orm.relationship(secondary=members)


class Doc(Base):
    """Is for a group."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    group_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("groups.id"))
    group: orm.Mapped[Group | None] = orm.relationship()


class Team:
    """A group that is no row."""

    def __init__(self, *teams: Team) -> None:
        self.teams = list(teams)


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database of three groups in each other."""
    with open_session(Base.metadata) as session:
        groups = [Group(id=number) for number in (1, 2, 3)]
        groups[2].groups, groups[1].groups = [groups[1]], [groups[0]]
        session.add_all([*groups, User(id=1, groups=groups[2:])])
        session.add_all(Doc(id=number, group_id=number) for number in (1, 2, 3))
        session.commit()
        yield session


def make_oso(policy: str) -> Oso:
    """Make an Oso for the models."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_class(Team)
    oso.load_str(policy)
    return oso


IN_GROUPS = [
    """
    allow(u, "read", d: Doc) if may(u, d);
    may(x, d) if d.group in x.groups;
    may(x, d) if g in x.groups and may(g, d);
    """,
    """
    allow(u, "read", d: Doc) if in_group(u, d.group);
    in_group(x, g) if g in x.groups;
    in_group(x, g) if h in x.groups and in_group(h, g);
    """,
    """
    allow(u, "read", d: Doc) if has_role(u, "reader", d);
    has_role(u: User, name: String, d: Doc) if g in u.groups and has_role(g, name, d);
    has_role(g: Group, name: String, d: Doc) if h in g.groups and has_role(h, name, d);
    has_role(g: Group, "reader", d: Doc) if d.group = g;
    """,
]


NOT_IN_GROUPS = """
allow(u, "read", d: Doc) if not may(u, d);
may(x, d) if d.group in x.groups;
may(x, d) if g in x.groups and may(g, d);
"""


@pytest.mark.parametrize("policy", IN_GROUPS)
def test_groups_in_groups(session: orm.Session, policy: str) -> None:
    """A rule that calls itself along rows of the actor is one recursive query."""
    oso = make_oso(policy)
    session.add_all([User(id=2), Group(id=4), Doc(id=4, group_id=4), Doc(id=5)])
    session.commit()

    made = oso.authorized_query(session.get_one(User, 1), "read", Doc)
    other = oso.authorized_query(session.get_one(User, 2), "read", Doc)

    assert str(made).count("WITH RECURSIVE") == 1
    assert sorted(doc.id for doc in session.scalars(made)) == [1, 2, 3]
    assert session.scalars(other).all() == []


def test_not_in_groups(session: orm.Session) -> None:
    """Under a negation, where circles of groups would be an error, it is refused at once."""
    oso = make_oso(NOT_IN_GROUPS)

    with pytest.raises(UnsupportedError, match="too deep for a condition on rows"):
        oso.authorized_query(session.get_one(User, 1), "read", Doc)


TEAMS = """
allow(team, "read", d: Doc) if may(team, d);
may(_: Team{teams: []}, d) if d.id = 2;
may(team, d) if other in team.teams and may(other, d);
"""


def layers(count: int) -> Team:
    """Make a team above layers of two teams each, all of which are in all above them."""
    below: tuple[Team, ...] = ()
    for _ in range(count):
        below = Team(*below), Team(*below)
    return Team(*below)


def count_goals(monkeypatch: pytest.MonkeyPatch, ask: t.Callable[[], t.Any]) -> int:
    """Count the goals that a question takes."""
    counted = []
    count = Search._count
    with monkeypatch.context() as patch:
        patch.setattr(Search, "_count", lambda search: (counted.append(1), count(search))[1])
        ask()
    return len(counted)


def test_many_ways_to_one_team(session: orm.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is reached by many ways is looked at once: goals grow with the layers."""
    oso = make_oso(TEAMS)
    few, many = layers(5), layers(15)

    goals = [
        count_goals(monkeypatch, functools.partial(oso.authorized_query, team, "read", Doc))
        for team in (few, many)
    ]

    assert goals[1] < 4 * goals[0]
    assert [doc.id for doc in session.scalars(oso.authorized_query(many, "read", Doc))] == [2]


def test_ring_of_teams(session: orm.Session) -> None:
    """A team that is met again leads to no more rows, whichever object of its class asks first."""
    oso = make_oso(TEAMS)
    ring = Team(Team(Team()))
    ring.teams[0].teams[0].teams = [ring]
    beside = Team(ring, Team())

    found = [session.scalars(oso.authorized_query(team, "read", Doc)) for team in (ring, beside)]

    assert [[doc.id for doc in docs] for docs in found] == [[], [2]]


def test_long_chain_of_teams() -> None:
    """A chain that is longer than conditions may be nested is refused at once."""
    oso = make_oso(TEAMS)
    team = Team()
    for _ in range(1_000):
        team = Team(team)

    with pytest.raises(UnsupportedError, match="too deep for a condition on rows"):
        oso.authorized_query(team, "read", Doc)
