"""Recursions that climb from the rows of the actor: one set for all rows, and not one for each."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_session
from tests.support.models.links import link_table


class Base(orm.DeclarativeBase):
    """Of the models here."""


inside = link_table(Base, "inside", inner_id="teams.id", outer_id="teams.id")


class Team(Base):
    """Lies in another team, and may be a part of several."""

    __tablename__ = "teams"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    open: orm.Mapped[bool] = orm.mapped_column(default=False)
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    parent: orm.Mapped[Team | None] = orm.relationship(remote_side=[id], back_populates="children")
    children: orm.Mapped[list[Team]] = orm.relationship(back_populates="parent")
    wholes: orm.Mapped[list[Team]] = orm.relationship(
        secondary=inside,
        primaryjoin=id == inside.c.inner_id,
        secondaryjoin=id == inside.c.outer_id,
    )


class Membership(Base):
    """A user in a team."""

    __tablename__ = "memberships"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    team_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    team: orm.Mapped[Team | None] = orm.relationship()


class User(Base):
    """Is in teams."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    home_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    home: orm.Mapped[Team | None] = orm.relationship(foreign_keys=[home_id])
    boss_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    boss: orm.Mapped[User | None] = orm.relationship(remote_side=[id])
    memberships: orm.Mapped[list[Membership]] = orm.relationship()
    teams: orm.Mapped[list[Team]] = orm.relationship(secondary="memberships", viewonly=True)


class Doc(Base):
    """Is for teams."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    team_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    next_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    team: orm.Mapped[Team | None] = orm.relationship(foreign_keys=[team_id])
    next: orm.Mapped[Team | None] = orm.relationship(foreign_keys=[next_id])


#: Rules of which each calls itself, from a team to another one.
ABOVE = {
    "parent": "above(x: Team, x: Team); above(x: Team, y: Team) if above(x.parent, y);",
    "if equal": """
        above(x: Team, y: Team) if x = y;
        above(x: Team, y: Team) if x.parent != nil and above(x.parent, y);
    """,
    "what is open": """
        above(x: Team, y: Team) if x = y and x.open;
        above(x: Team, y: Team) if above(x.parent, y);
    """,
    "past what is open": """
        above(x: Team, y: Team) if x = y;
        above(x: Team{open: true}, y: Team) if above(x.parent, y);
    """,
    "children": "above(x: Team, x); above(x: Team, y) if z in x.children and above(z, y);",
    "wholes": "above(x: Team, x); above(x: Team, y) if z in x.wholes and above(z, y);",
    "a step at least": """
        above(x: Team, y: Team) if y in x.wholes;
        above(x: Team, y: Team) if z in x.wholes and above(z, y);
    """,
    "to the root": """
        above(x: Team, y) if x.parent = nil and x = y;
        above(x: Team, y) if above(x.parent, y);
    """,
    "two ways": """
        above(x: Team, y: Team) if x = y;
        above(x: Team, y: Team) if above(x.parent, y);
        above(x: Team, y: Team) if z in x.wholes and above(z, y);
    """,
}
#: How rules for documents ask for that.
ASKED = {
    "teams": "t in u.teams and above(t, d.team)",
    "memberships": "m in u.memberships and above(m.team, d.team)",
    "with more": "m in u.memberships and m.team matches Team{open: true} and above(m.team, d.team)",
    "two documents": "t in u.teams and above(t, d.team) and above(t, d.next)",
    "either": "d.next = nil or t in u.teams and (above(t, d.team) or above(t, d.next))",
    "home": "above(u.home, d.team)",
    "above home": "h = u.home and h matches Team{open: true} and above(h.parent, d.team)",
    "home and next": "above(u.home, d.team) and above(u.home, d.next)",
    "home or next": "u.home matches {open: true} and x in [d.team, d.next] and above(u.home, x)",
    "home or teams": "d.next = nil or t in u.teams and (t = d.next or above(u.home, d.team))",
    "teams of the boss": "u.boss matches User and t in u.boss.teams and above(t, d.team)",
    "none": "not (t in u.teams and above(t, d.team)) and u = u",
    "all": "forall(t in u.teams, above(t, d.team))",
}
HOMES = ["above home", "home and next", "home or next", "home or teams", "teams of the boss"]


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database of teams in teams, and of documents for any two of them."""
    with open_session(Base.metadata) as session:
        teams = [Team(id=n, open=n % 3 > 0, parent_id=n // 2 or None) for n in range(1, 8)]
        for team in teams:
            team.wholes = [each for each in teams if each.id in (team.id // 3, team.id - 4)]
        users = [User(id=1, home_id=7), User(id=2, home_id=4, boss_id=1), User(id=3)]
        pairs = [(1, 5), (1, 7), (2, 2), (2, None)]
        links = [Membership(user_id=user, team_id=team) for user, team in pairs]
        numbers = (None, *range(1, 8))
        docs = [Doc(team_id=one, next_id=two) for one in numbers for two in numbers[::3]]
        session.add_all([*teams, *users, *links, *docs])
        session.commit()
        yield session


def make_oso(condition: str, rules: str) -> Oso:
    """Make an Oso for the models, and forget what is loaded of the rows."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(u: User, "read", d: Doc) if {condition}; {rules}')
    return oso


def listed(oso: Oso, session: orm.Session, number: int) -> list[int]:
    """Give the documents that are listed for a user of which nothing is loaded."""
    session.expire_all()
    user = session.get_one(User, number)
    return sorted(
        session.scalars(oso.authorized_query(user, "read", Doc).with_only_columns(Doc.id))
    )


def allowed(oso: Oso, session: orm.Session, number: int) -> list[int]:
    """Give the documents that a user may read by checks."""
    user = session.get_one(User, number)
    docs = session.scalars(sa.select(Doc).order_by(Doc.id))
    return [each.id for each in docs if may_read(oso, user, each)]


@pytest.mark.parametrize("asked", ["teams", "memberships", "with more", "either", "home"])
@pytest.mark.parametrize("rules", ABOVE)
def test_lists_have_what_checks_allow(session: orm.Session, asked: str, rules: str) -> None:
    """A recursion from the teams of the actor to that of a document is a list."""
    oso = make_oso(ASKED[asked], ABOVE[rules])

    for number in (1, 2, 3):
        assert listed(oso, session, number) == allowed(oso, session, number)


@pytest.mark.parametrize("rules", ["parent", "what is open", "wholes"])
@pytest.mark.parametrize("asked", HOMES)
def test_a_recursion_begins_with_one_row_of_the_actor(
    session: orm.Session, asked: str, rules: str
) -> None:
    """One of which nothing is loaded, as with many rows, or with none."""
    oso = make_oso(ASKED[asked], ABOVE[rules])

    for number in (1, 2, 3):
        assert listed(oso, session, number) == allowed(oso, session, number)


@pytest.mark.parametrize("asked", ["d.team", "d.team.parent"])
@pytest.mark.parametrize("rules", ["parent", "what is open", "wholes"])
def test_lists_of_actors_begin_with_the_row_of_a_document(
    session: orm.Session, rules: str, asked: str
) -> None:
    """Who may read a document is asked by a recursion from its team, too."""
    oso = make_oso(f"t in u.teams and above({asked}, t)", ABOVE[rules])
    session.expire_all()
    for doc in session.scalars(sa.select(Doc).where(Doc.next_id.is_(None))):
        listed = session.scalars(oso.actors_query("read", doc, User)).all()

        users = session.scalars(sa.select(User))
        assert {*listed} == {each for each in users if may_read(oso, each, doc)}


@pytest.mark.parametrize("asked", ["two documents", "none", "all"])
def test_what_has_a_set_for_each_row_is_refused(session: orm.Session, asked: str) -> None:
    """One team of the actor that reaches two others, or each of them, is more than one set."""
    oso = make_oso(ASKED[asked], ABOVE["parent"])

    with pytest.raises(UnsupportedError, match="too deep for a condition on rows"):
        listed(oso, session, 1)


def test_one_query_finds_what_the_teams_of_the_actor_reach(session: orm.Session) -> None:
    """It begins with the teams of the actor, and no row of the list is looked at for it."""
    session.expire_all()
    user = session.get_one(User, 1)

    made = str(make_oso(ASKED["memberships"], ABOVE["parent"]).authorized_query(user, "read", Doc))

    begin, _, step = made.partition(" UNION ")
    assert begin.endswith(
        "WHERE memberships.user_id = :user_id_1 AND memberships.team_id IS NOT NULL"
    )
    assert step.startswith("SELECT teams_1.parent_id AS key_0")
    assert "docs" not in made.partition("WITH RECURSIVE")[2]


def test_the_names_of_a_recursion_are_its_own(session: orm.Session) -> None:
    """Two recursions of one rule, for two relations of a document, have nothing in common."""
    oso = make_oso("t in u.teams and (above(t, d.team) or above(t, d.next))", ABOVE["wholes"])

    found = str(oso.residual(session.get_one(User, 1), "read", Doc))

    roots = re.findall(r"closure\((team\d+):", found)
    assert len(roots) == len({*roots}) == 2
