"""Data filtering as in oso 0.26 and later: fields, an adapter, ``authorized_resources``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError, Relation
from flask_oso.sqlalchemy import SqlAlchemyAdapter, register_models
from tests.support.answers import may_read
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """Tables without relationships of SQLAlchemy."""


class User(Base):
    """Owns repositories."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


class Repo(Base):
    """Belongs to a user, or to none, and may be a fork."""

    __tablename__ = "repos"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    public: orm.Mapped[bool]
    owner_id: orm.Mapped[int | None]
    parent_id: orm.Mapped[int | None]


class Issue(Base):
    """Belongs to a repository."""

    __tablename__ = "issues"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    repo_id: orm.Mapped[int]


REPO_FIELDS = {
    "id": int,
    "public": bool,
    "owner": Relation("one", "User", "owner_id", "id"),
    "parent": Relation("one", "Repo", "parent_id", "id"),
    "issues": Relation("many", "Issue", "id", "repo_id"),
}


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database with a few rows."""
    with open_session(Base.metadata) as session:
        session.add_all([User(id=1, name="ann"), User(id=2, name="bob")])
        session.add(Repo(id=1, public=True, owner_id=1))
        session.add(Repo(id=2, public=False, owner_id=2, parent_id=1))
        session.add(Repo(id=3, public=False, owner_id=None, parent_id=2))
        session.add_all([Issue(id=1, title="x", repo_id=1), Issue(id=2, title="y", repo_id=1)])
        session.add(Issue(id=3, title="x", repo_id=3))
        session.commit()
        yield session


@pytest.fixture
def oso(session: orm.Session) -> Oso:
    """Make an Oso as programs for oso 0.27 do."""
    oso = Oso()
    oso.register_class(User, fields={"id": int, "name": str})
    oso.register_class(Repo, fields=REPO_FIELDS)
    oso.register_class(Issue, fields={"repo": Relation("one", "Repo", "repo_id", "id")})
    oso.set_data_filtering_adapter(SqlAlchemyAdapter(session))
    return oso


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("r.public", [1]),
        ("not r.public", [2, 3]),
        ("r.owner = u", [1]),
        ("r.owner != u", [2, 3]),
        ("r.owner = nil", [3]),
        ('r.owner.name = "bob"', [2]),
        ('i in r.issues and i.title = "x"', [1, 3]),
        ("_ in r.issues", [1, 3]),
        ("not _ in r.issues", [2]),
        ('a in r.issues and b in r.issues and a.title = "x" and b.title = "y"', [1]),
        ("r.parent.public", [2]),
        ("(r.parent.owner = u or r.public)", [2]),
        ("i in r.issues and i.repo = r", [1, 3]),
        ("r.owner_id = 2", [2]),
        ("r.id in [1, 3]", [1, 3]),
        ("r.public = 1", []),
    ],
)
def test_resources_are_those_of_checks(
    oso: Oso, session: orm.Session, body: str, ids: list[int]
) -> None:
    """Each construct gives the rows of a check."""
    oso.load_str(f'allow(u: User, "read", r: Repo) if {body} and u.id = 1;')
    ann = session.get(User, 1)

    found = oso.authorized_resources(ann, "read", Repo)

    assert sorted(repo.id for repo in found) == ids
    assert ids == [repo.id for repo in session.query(Repo) if may_read(oso, ann, repo)]


def test_query_goes_on(oso: Oso) -> None:
    """The query is one of the session, and callers keep chaining."""
    oso.load_str('allow(_, "read", _: Repo);')
    query = oso.authorized_query("x", "read", Repo)

    assert isinstance(query, orm.Query)
    assert query.filter(Repo.public).count() == 1
    assert [repo.id for repo in query.order_by(Repo.id.desc())] == [3, 2, 1]


def test_select_is_executed(oso: Oso, session: orm.Session) -> None:
    """With models registered a query is a ``select``, which 'authorized_resources' executes."""
    register_models(oso, Base)
    oso.load_str('allow(_, "read", r: Repo) if r.public;')

    assert isinstance(oso.authorized_query("x", "read", Repo), sa.Select)
    assert [repo.id for repo in oso.authorized_resources("x", "read", Repo)] == [1]


def test_resources_without_an_adapter() -> None:
    """Without an adapter there is a sentence that says what to set."""
    oso = Oso()
    oso.load_str("allow(_, _, _);")

    with pytest.raises(OsoError, match=r"No adapter reads rows\. Set one with"):
        oso.authorized_resources("x", "read", Repo)
