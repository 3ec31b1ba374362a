"""Rows of many actors are counted in groups: few statements, and what each database compares."""

from __future__ import annotations

import datetime
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.sources import Source
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.tools import row_counts
from flask_oso.sqlalchemy.tools.policy_diff import Comparer

OWN = 'allow(user: User, "read", doc: Doc) if doc.owner_id = user.id;'
TENANT = 'allow(user: User, "read", doc: Doc) if doc.tenant = user.tenant;'
SHARED = 'allow(user: User, "read", doc: Doc) if share in doc.shares and share.user = user;'
TEAM = 'allow(user: User, "read", doc: Doc) if doc.owner.team = user.team;'
USERS, TEAMS = 30, 10


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Team(Base):
    """What users belong to."""

    __tablename__ = "teams"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class User(Base):
    """An actor of a tenant, whose name has letters of both cases."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    tenant: orm.Mapped[str]
    team_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("teams.id"))
    team: orm.Mapped[Team] = orm.relationship()


class Doc(Base):
    """What is listed. The collation of its tenant takes both cases for the same."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    tenant: orm.Mapped[str | None] = orm.mapped_column(sa.String(collation="NOCASE"))
    is_open: orm.Mapped[bool]
    owner: orm.Mapped[User | None] = orm.relationship()
    shares: orm.Mapped[list[Share]] = orm.relationship()


class Share(Base):
    """Gives a document to a user."""

    __tablename__ = "shares"
    doc_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("docs.id"), primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    user: orm.Mapped[User] = orm.relationship()


class Page(Base):
    """A row with a key of two columns."""

    __tablename__ = "pages"
    book: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Give a session with users of some tenants, and a hundred documents."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as opened:
        opened.add_all(Team(id=n) for n in range(TEAMS))
        opened.add_all(User(id=n, tenant="aAbBc"[n % 5], team_id=n % TEAMS) for n in range(USERS))
        opened.add_all(
            Doc(
                id=n,
                owner_id=None if n % 7 == 0 else n % USERS,
                tenant=None if n % 11 == 0 else "aAbBc"[n % 3],
                is_open=n % 2 == 0,
            )
            for n in range(100)
        )
        opened.add_all(Share(doc_id=n, user_id=n * n % USERS) for n in range(100))
        opened.add_all(Page(book=n % 4, number=n) for n in range(20))
        opened.commit()
        yield opened


def compare(session: orm.Session, old: str, new: str, cls: type, **options: t.Any) -> list[t.Any]:
    """Compare two policies; give the changes in short."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str("allow(1, 2, 3);")
    before, after = (oso.with_policy([Source(text)]) for text in (old, new))
    comparer = Comparer(before, after, session, witnesses=10**6, **options)
    users = [*session.scalars(sa.select(User).order_by(User.id))]
    changes = comparer.compare([("read", cls)], users).changes
    assert all(len(change.witnesses) == change.count for change in changes)
    return sorted((each.gains, each.condition, each.count, len(each.actors)) for each in changes)


@pytest.mark.parametrize(
    ("most_groups", "ungrouped"), [(1, ()), (1, ["sqlite"]), (200_000, ()), (200_000, ["sqlite"])]
)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OWN, TENANT),
        (OWN + TENANT, OWN),
        (OWN, OWN + TENANT.replace(";", " and doc.is_open;")),
        (TENANT, TENANT.replace(";", " and not doc.owner_id = user.id;")),
        (SHARED, OWN),
        (OWN, TEAM),
        (OWN + TENANT, TEAM + SHARED),
        (OWN + SHARED, SHARED + TENANT),
        (SHARED + TENANT, TENANT.replace(";", " and share in doc.shares and share.user = user;")),
    ],
)
def test_counts_in_groups_are_those_of_each_actor(
    old: str,
    new: str,
    most_groups: int,
    ungrouped: t.Sequence[str],
    session: orm.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The counts are the same, whatever is compared, by few groups of rows or by none."""
    monkeypatch.setattr(row_counts, "_MOST_GROUPS", most_groups)
    monkeypatch.setattr(row_counts, "_UNGROUPED", ungrouped)
    apart = compare(session, old, new, Doc, least_grouped=10**6)

    assert compare(session, old, new, Doc) == apart != []


def test_key_of_two_columns_is_counted_apart(session: orm.Session) -> None:
    """Such rows have no groups; the counts are the same."""
    rule = 'allow(user: User, "read", page: Page) if page.book = user.id;'

    assert compare(session, "allow(1, 2, 3);", rule, Page) == [
        (True, "page.book = the actor.id", 20, 4)
    ]


def noted(session: orm.Session) -> list[str]:
    """Give the list of all statements from now on."""
    statements: list[str] = []

    @sa.event.listens_for(session.connection(), "after_cursor_execute")
    def note(_conn: t.Any, _cursor: t.Any, statement: str, *_: t.Any) -> None:
        statements.append(statement)

    return statements


def test_statements_do_not_grow_with_the_actors(session: orm.Session) -> None:
    """The table is read a few times, and not once for each actor."""
    statements = noted(session)

    compare(session, OWN, TENANT, Doc)

    assert len([each for each in statements if "row_count" in each]) == 1


def test_condition_that_actors_share_is_asked_once(session: orm.Session) -> None:
    """Whose team is the same has the same condition, whichever object names the team."""
    statements = noted(session)

    compare(session, OWN, TEAM, Doc)
    (asked,) = [each for each in statements if each.count("team_id = ?") > 1]

    assert asked.count("team_id = ?") == TEAMS


def test_values_that_conditions_do_not_tell_apart_are_one(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty owners are ten teams, and nobody: there are eleven groups of rows."""
    monkeypatch.setattr(row_counts, "_MOST_GROUPS", TEAMS + 1)
    statements = noted(session)

    compare(session, "allow(1, 2, 3);", TEAM, Doc)

    assert len([each for each in statements if "row_count" in each]) == 1


def test_values_that_are_written_differently_are_two_parameters() -> None:
    """A condition is shared only if the statement is the same to the last letter."""
    noon = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
    other = noon.astimezone(datetime.timezone(datetime.timedelta(hours=1)))
    column = sa.column("changed", sa.DateTime())

    keys = [row_counts._clause_key(column == value) for value in (noon, noon, other)]

    assert keys[0] == keys[1] != keys[2]
