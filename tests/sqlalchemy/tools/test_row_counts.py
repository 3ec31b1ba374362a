"""Rows of many actors are counted in groups: few statements, and what each database compares."""

from __future__ import annotations

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
USERS = 30


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class User(Base):
    """An actor of a tenant, whose name has letters of both cases."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    tenant: orm.Mapped[str]


class Doc(Base):
    """What is listed. The collation of its tenant takes both cases for the same."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_id: orm.Mapped[int | None]
    tenant: orm.Mapped[str | None] = orm.mapped_column(sa.String(collation="NOCASE"))
    is_open: orm.Mapped[bool]
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
        opened.add_all(User(id=n, tenant="aAbBc"[n % 5]) for n in range(USERS))
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


@pytest.mark.parametrize("most_groups", [1, 200_000])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OWN, TENANT),
        (OWN + TENANT, OWN),
        (OWN, OWN + TENANT.replace(";", " and doc.is_open;")),
        (TENANT, TENANT.replace(";", " and not doc.owner_id = user.id;")),
        (SHARED, OWN),
        (OWN + SHARED, SHARED + TENANT),
        (SHARED + TENANT, TENANT.replace(";", " and share in doc.shares and share.user = user;")),
    ],
)
def test_counts_in_groups_are_those_of_each_actor(
    old: str,
    new: str,
    most_groups: int,
    session: orm.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is compared, by few groups of rows or by none."""
    monkeypatch.setattr(row_counts, "_MOST_GROUPS", most_groups)
    apart = compare(session, old, new, Doc, least_grouped=10**6)

    assert compare(session, old, new, Doc) == apart != []


def test_key_of_two_columns_is_counted_apart(session: orm.Session) -> None:
    """Such rows have no groups; the counts are the same."""
    rule = 'allow(user: User, "read", page: Page) if page.book = user.id;'

    assert compare(session, "allow(1, 2, 3);", rule, Page) == [
        (True, "page.book = the actor.id", 20, 4)
    ]


def test_statements_do_not_grow_with_the_actors(session: orm.Session) -> None:
    """The table is read a few times, and not once for each actor."""
    statements: list[str] = []
    connection = session.connection()

    @sa.event.listens_for(connection, "after_cursor_execute")
    def note(_conn: t.Any, _cursor: t.Any, statement: str, *_: t.Any) -> None:
        statements.append(statement)

    compare(session, OWN, TENANT, Doc)
    counting = [each for each in statements if "count(" in each]

    assert len(counting) == 1
