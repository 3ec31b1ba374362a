"""A recursion along a relation that passes on another row: one set of rows for all of these."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.polar.residual.search import SearchTimeoutError
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_session
from tests.support.models import documents
from tests.support.models.links import link_table
from tests.support.sizes import IS_FULL


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


members = link_table(Base, "members", user_id="users.id", team_id="teams.id")


class Team(Base):
    """Is a part of another team, or of none."""

    __tablename__ = "teams"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    code: orm.Mapped[int | None]
    open: orm.Mapped[bool]
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    parent: orm.Mapped[Team | None] = orm.relationship(remote_side=[id])


class User(Base):
    """Is in teams, in some with a level."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    teams: orm.Mapped[list[Team]] = orm.relationship(secondary=members)
    seats: orm.Mapped[list[Seat]] = orm.relationship()


class Seat(Base):
    """A user in a team."""

    __tablename__ = "seats"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    level: orm.Mapped[int]
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    team_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    team: orm.Mapped[Team | None] = orm.relationship()


class Doc(Base):
    """Is for a team, or for none."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    level: orm.Mapped[int]
    team_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    team: orm.Mapped[Team | None] = orm.relationship()


WITHIN = """
    within(team: Team, team);
    within(team: Team, above) if team.parent != nil and within(team.parent, above);
"""
POLICIES = {
    "a team of the user": 'allow(u: User, "read", d: Doc) if t in u.teams and within(d.team, t);',
    "the team of a seat": """
        allow(u: User, "read", d: Doc) if s in u.seats and s.level > 1 and within(d.team, s.team);
    """,
    "the key of a team": """
        allow(u: User, "read", d: Doc) if s in u.seats and has_key(d.team, s.team_id);
        has_key(t: Team, key) if t.id = key;
        has_key(t: Team, key) if has_key(t.parent, key);
    """,
    "a condition behind": """
        allow(u: User, "read", d: Doc) if s in u.seats and within(d.team, s.team) and s.level = 2;
    """,
    "one or the other": """
        allow(u: User, "read", d: Doc) if s in u.seats and (within(d.team, s.team) or s.level = 3);
    """,
    "one of two rules": """
        allow(u: User, "read", d: Doc) if may(u, d);
        may(u: User, d) if t in u.teams and within(d.team, t);
        may(u: User, d) if s in u.seats and s.team = d.team;
    """,
    "while teams are open": """
        allow(u: User, "read", d: Doc) if t in u.teams and under(d.team, t);
        under(team: Team, team);
        under(team: Team, above) if team.open and under(team.parent, above);
    """,
    "with a condition on both": """
        allow(u: User, "read", d: Doc) if t in u.teams and under(d.team, t);
        under(team: Team, above) if team = above and team.open;
        under(team: Team, above) if team.code = above.code;
        under(team: Team, above) if under(team.parent, above);
    """,
    "a class of both": """
        allow(u: User, "read", d: Doc) if s in u.seats and s.level < 3 and under(d.team, s.team);
        under(team: Team, above: Team) if team = above;
        under(team: Team, above: Team) if under(team.parent, above);
    """,
    "the team above that of the row": """
        allow(u: User, "read", d: Doc) if t in u.teams and within(d.team.parent, t);
    """,
    "an error behind what holds": """
        allow(u: User, "read", d: Doc) if t in u.teams and has_open(t) and t = d.team;
        has_open(_: Team);
        has_open(team: Team) if team.parent.open and has_open(team.parent);
    """,
    "in another recursion": """
        allow(u: User, "read", d: Doc) if is_led(u, d.team);
        is_led(u: User, team: Team) if team.open and t in u.teams and within(team, t);
        is_led(u: User, team: Team) if is_led(u, team.parent);
    """,
}
#: What one set of rows cannot say.
OF_EACH_ROW = {
    "a level of both": """
        allow(u: User, "read", d: Doc) if
          s in u.seats and s.level >= d.level and within(d.team, s.team);
    """,
    "two calls about one row": """
        allow(u: User, "read", d: Doc) if
          s in u.seats and t in u.teams and within(d.team, t) and within(s.team, t);
    """,
    "a row within itself": """
        allow(_: User, "read", d: Doc) if under_itself(d.team);
        under_itself(team: Team) if under(team, team);
        under_itself(team: Team) if team.parent != nil and under_itself(team.parent);
        under(team: Team, above: Team) if team.open and above.code = 1;
        under(team: Team, above) if team.parent != nil and under(team.parent, above);
    """,
    "a step that asks the other row": """
        allow(u: User, "read", d: Doc) if t in u.teams and under(d.team, t);
        under(team: Team, team);
        under(team: Team, above) if team.code = above.code and under(team.parent, above);
    """,
}
#: Under a negation.
NEGATED = [
    'allow(u: User, "read", d: Doc) if not (t in u.teams and within(d.team, t));',
    """
    allow(u: User, "read", d: Doc) if
      not (s in u.seats and s.level > 1 and (within(d.team, s.team) or d.level = 3));
    """,
]


def fill(session: orm.Session, seed: int, *, has_circles: bool = False) -> None:
    """Draw teams within earlier ones, or within any, and a document for each."""
    choose = random.Random(seed)
    teams = [
        Team(
            id=n,
            code=choose.choice([None, 1, 2]),
            open=choose.random() < 0.7,
            parent_id=None if has_circles else choose.choice([None, *range(1, n)]),
        )
        for n in range(1, 13)
    ]
    session.add_all(teams)
    session.flush()
    for team in teams if has_circles else ():
        team.parent_id = choose.choice([None, None, *range(1, 13)])
    for number in (1, 2, 3):
        seats = [
            Seat(level=choose.randint(1, 3), team_id=choose.choice([None, *range(1, 13)]))
            for _ in range(number)
        ]
        session.add(User(id=number, teams=choose.sample(teams, number - 1), seats=seats))
    session.add_all(
        Doc(id=n, level=choose.randint(1, 3), team_id=n if n < 13 else None) for n in range(1, 14)
    )
    session.commit()


@pytest.fixture(params=range(8 if IS_FULL else 2))
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open a database with teams drawn at random."""
    with open_session(Base.metadata) as session:
        fill(session, request.param)
        yield session


@pytest.fixture(params=range(8 if IS_FULL else 2))
def session_of_circles(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open a database with teams drawn at random, some of which lie in themselves."""
    with open_session(Base.metadata) as session:
        fill(session, request.param, has_circles=True)
        yield session


def make_oso(policy: str) -> Oso:
    """Make an Oso that knows the teams."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(policy + WITHIN)
    return oso


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_list_of_rows_within_others(session: orm.Session, policy: str) -> None:
    """A list has the rows that checks allow, where the row above is one of many of the actor."""
    oso = make_oso(policy)
    docs = session.scalars(sa.select(Doc)).all()

    for user in session.scalars(sa.select(User)):
        found = sorted(doc.id for doc in session.scalars(oso.authorized_query(user, "read", Doc)))
        assert found == sorted(doc.id for doc in docs if may_read(oso, user, doc))


@pytest.mark.parametrize("policy", NEGATED)
def test_circle_under_a_negation(session_of_circles: orm.Session, policy: str) -> None:
    """A list leaves out the rows of which a check goes round in a circle."""
    session, oso = session_of_circles, make_oso(policy)
    docs = session.scalars(sa.select(Doc)).all()

    for user in session.scalars(sa.select(User)):
        found = sorted(doc.id for doc in session.scalars(oso.authorized_query(user, "read", Doc)))
        assert found == sorted(doc.id for doc in docs if may_read(oso, user, doc))


@pytest.mark.parametrize("policy", OF_EACH_ROW.values(), ids=OF_EACH_ROW)
def test_set_for_each_row_is_refused(session: orm.Session, policy: str) -> None:
    """A recursion with a set of its own for each row around it is refused."""
    oso = make_oso(policy)

    with pytest.raises(UnsupportedError):
        oso.authorized_query(session.get_one(User, 3), "read", Doc)


@pytest.mark.full
@pytest.mark.parametrize("session", [0], indirect=True)
def test_recursion_for_all_of_many_is_refused(session: orm.Session) -> None:
    """A recursion within a ``forall`` is refused, after much work: one database is enough."""
    oso = make_oso('allow(u: User, "read", d: Doc) if forall(t in u.teams, within(d.team, t));')

    with pytest.raises((UnsupportedError, SearchTimeoutError)):
        oso.authorized_query(session.get_one(User, 3), "read", Doc)


def test_place_of_a_set_for_each_row(session: orm.Session) -> None:
    """The error names the call of the rule within itself."""
    oso = make_oso(OF_EACH_ROW["a level of both"])

    with pytest.raises(UnsupportedError, match="with the same other arguments at line 6") as error:
        oso.authorized_query(session.get_one(User, 3), "read", Doc)

    line, caret = str(error.value).splitlines()[1:3]
    assert line[caret.index("^") :].startswith("within(team.parent, above)")


INHERITED = """
actor User {}
resource Folder {
  roles = ["reader"]; permissions = ["read"]; relations = { parent: Folder };
  "reader" if "reader" on "parent"; "read" if "reader";
}
resource Doc {
  roles = ["reader"]; permissions = ["read"]; relations = { parent: Folder };
  "reader" if "reader" on "parent"; "read" if "reader";
}
has_role(u: User, name: String, d: Doc) if r in d.roles and r.user = u and r.name = name;
has_role(_: User, "reader", f: Folder) if f.name = "reader";
has_relation(p: Folder, "parent", f: Folder) if p = f.parent;
has_relation(p: Folder, "parent", d: Doc) if p = d.folder;
allow(actor, action, resource) if has_permission(actor, action, resource);
"""


def test_actors_of_a_row_within_others() -> None:
    """The row that lies within others is known, and its key is a value."""
    oso = documents.make_oso(INHERITED)
    with documents.open_documents() as session:
        users = session.scalars(sa.select(documents.User)).all()
        for doc in session.scalars(sa.select(documents.Doc)):
            found = session.scalars(oso.actors_query("read", doc, documents.User)).all()
            assert {*found} == {user for user in users if may_read(oso, user, doc)}
