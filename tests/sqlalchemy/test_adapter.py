"""``SqlAlchemyAdapter``: conditions mean in SQL what they mean in a policy."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_oso import Oso, Relation
from flask_oso.polar import Condition, DataFilter, Join, Projection
from flask_oso.polar.exceptions import PolarRuntimeError, UnsupportedError
from flask_oso.sqlalchemy import SqlAlchemyAdapter
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Org(Base):
    """Has repositories."""

    __tablename__ = "orgs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


class Repo(Base):
    """Belongs to an organisation, or to none."""

    __tablename__ = "repos"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    motto: orm.Mapped[str | None]
    stars: orm.Mapped[int | None]
    public: orm.Mapped[bool] = orm.mapped_column(default=False)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()


class Seat(Base):
    """Has a primary key of two columns, one of them under another name."""

    __tablename__ = "seats"
    row: orm.Mapped[int] = orm.mapped_column("row_number", primary_key=True)
    place: orm.Mapped[int] = orm.mapped_column(primary_key=True)


REPO_FIELDS = {
    "org": Relation("one", "Org", "org_id", "id"),
    "siblings": Relation("many", "Repo", "org_id", "org_id"),
}
ORG_FIELDS = {"repos": Relation("many", "Repo", "id", "org_id")}


def field(name: str) -> Projection:
    """Make the projection of a column of Repo."""
    return Projection(Repo, name)


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database in memory with some rows."""
    with open_session(Base.metadata) as session:
        session.add_all([Org(id=1, name="reef"), Org(id=2, name="sand")])
        session.add_all(
            [
                Repo(id=1, name="core", motto="core", stars=1, public=True, org_id=1),
                Repo(id=2, name="Doc", motto="x", stars=5, org_id=1),
                Repo(id=3, name="lost", motto=None, stars=None, org_id=None),
            ]
        )
        session.add_all([Seat(row=1, place=1), Seat(row=1, place=2)])
        session.commit()
        yield session


@pytest.fixture
def oso(session: orm.Session) -> Oso:
    """Make an Oso whose relations are read through the session."""
    oso = Oso()
    oso.register_class(Repo, fields=REPO_FIELDS)
    oso.register_class(Org, fields=ORG_FIELDS)
    oso.register_class(Seat)
    oso.set_data_filtering_adapter(SqlAlchemyAdapter(session))
    return oso


Find = t.Callable[..., list[t.Any]]


@pytest.fixture
def find(oso: Oso, session: orm.Session) -> Find:
    """Give the ids of the repositories for which alternatives of conditions hold."""

    def find_ids(*alternatives: list[Condition], joins: t.Sequence[Join] = ()) -> list[int]:
        adapter = SqlAlchemyAdapter(session)
        query = adapter.build_query(DataFilter(Repo, joins, alternatives, oso.host.types))
        return sorted(repo.id for repo in adapter.execute_query(query))

    return find_ids


@pytest.mark.parametrize(
    ("left", "cmp", "right", "ids"),
    [
        (field("stars"), "Eq", 1, [1]),
        (1, "Eq", field("stars"), [1]),
        (field("stars"), "Eq", None, [3]),
        (field("stars"), "Neq", 1, [2, 3]),
        (field("stars"), "Neq", None, [1, 2]),
        (field("name"), "Eq", field("motto"), [1]),
        (field("name"), "Neq", field("motto"), [2, 3]),
        (field("motto"), "Eq", field("motto"), [1, 2, 3]),
        (field("stars"), "Lt", 5, [1]),
        (field("stars"), "Leq", 5, [1, 2]),
        (field("stars"), "Gt", 1, [2]),
        (field("stars"), "Geq", 1, [1, 2]),
        (4, "Lt", field("stars"), [2]),
        (4, "Geq", field("stars"), [1]),
        (field("stars"), "Lt", field("id"), []),
        (field("stars"), "In", [1, 5], [1, 2]),
        (field("stars"), "In", [None], [3]),
        (field("stars"), "In", [], []),
        (field("stars"), "Nin", [1, 7], [2, 3]),
        (field("stars"), "Nin", [], [1, 2, 3]),
        (True, "Eq", False, []),
        (True, "Eq", True, [1, 2, 3]),
        (True, "Neq", False, [1, 2, 3]),
        (1, "Lt", 2, [1, 2, 3]),
        (2, "Lt", 1, []),
        ("a", "In", ["a", "b"], [1, 2, 3]),
        ("c", "Nin", ["a", "b"], [1, 2, 3]),
    ],
)
def test_condition_finds_the_rows_of_a_check(
    find: Find, left: t.Any, cmp: str, right: t.Any, ids: list[int]
) -> None:
    """A comparison finds the rows for which a policy would find it true."""
    assert find([Condition(left, cmp, right)]) == ids


@pytest.mark.parametrize(
    ("left", "cmp", "right", "ids"),
    [
        ("d", "In", field("name"), []),
        ("D", "In", field("name"), [2]),
        ("co", "In", field("name"), []),
        ("", "In", field("name"), []),
        ("%", "In", field("name"), []),
        ("o", "Nin", field("name"), []),
        ("D", "Nin", field("name"), [1, 3]),
        ("x", "In", field("motto"), [2]),
        ("x", "Nin", field("motto"), [1]),
        (1, "In", field("name"), []),
        (1, "Nin", field("motto"), [1, 2]),
    ],
)
def test_condition_character(
    find: Find, left: t.Any, cmp: str, right: t.Any, ids: list[int]
) -> None:
    """A text holds its characters, case by case; what is NULL holds and lacks nothing."""
    assert find([Condition(left, cmp, right)]) == ids


@pytest.mark.parametrize(
    ("name", "value"),
    [("stars", "1"), ("stars", True), ("public", 1), ("name", 1), ("stars", "1e0")],
)
def test_condition_keeps_kinds_apart(find: Find, name: str, value: t.Any) -> None:
    """A database converts text and numbers; a policy says that they differ."""
    assert find([Condition(field(name), "Eq", value)]) == []
    assert find([Condition(field(name), "Neq", value)]) == [1, 2, 3]


def test_identity_is_class_and_key(find: Find, session: orm.Session) -> None:
    """A row equals itself; not a row of another class with the same key, nor the key."""
    me = Projection(Repo, None)

    assert find([Condition(me, "Eq", session.get(Repo, 2))]) == [2]
    assert find([Condition(me, "Neq", session.get(Repo, 2))]) == [1, 3]
    assert find([Condition(me, "In", [session.get(Repo, 2), session.get(Repo, 3)])]) == [2, 3]
    assert find([Condition(me, "Eq", session.get(Org, 2))]) == []
    assert find([Condition(me, "Eq", 2)]) == []
    assert find([Condition(me, "Eq", Repo(id=2))]) == []
    assert find([Condition(field("org_id"), "Eq", session.get(Org, 1))]) == []


def test_identity_takes_the_whole_key(oso: Oso, session: orm.Session) -> None:
    """A key of two columns is compared in both, under the names of the attributes."""
    adapter = SqlAlchemyAdapter(session)
    seat = session.get(Seat, (1, 2))
    condition = Condition(seat, "Eq", Projection(Seat, None))

    query = adapter.build_query(DataFilter(Seat, [], [[condition]], oso.host.types))

    assert adapter.execute_query(query) == [seat]


def test_alternatives_are_joined_by_or(find: Find) -> None:
    """Conditions of a list hold together, lists are alternatives; none allows nothing."""
    one, public = Condition(field("stars"), "Eq", 1), Condition(field("public"), "Eq", True)
    five = Condition(field("stars"), "Eq", 5)

    assert find([one, public], [five]) == [1, 2]
    assert find([five, public]) == []
    assert find([]) == [1, 2, 3]
    assert find() == []


def test_join_gives_each_row_once(find: Find) -> None:
    """A condition may speak of a related row; each row comes once."""
    name = Condition(Projection(Org, "name"), "Eq", "reef")

    assert find([name], joins=[Join(Repo, "org", Org)]) == [1, 2]


def test_query_goes_on(oso: Oso, session: orm.Session) -> None:
    """The query is one of SQLAlchemy's, so it can be narrowed, sorted and counted."""
    adapter = SqlAlchemyAdapter(session)
    query = adapter.build_query(DataFilter(Repo, [], [[]], oso.host.types))

    assert query.filter(Repo.public).count() == 1
    assert query.order_by(Repo.stars.desc()).first().id == 2


@pytest.mark.parametrize(
    "condition",
    [
        Condition(Projection(Repo, None), "Lt", 1),
        Condition(field("stars"), "Lt", None),
        Condition(field("stars"), "Lt", "5"),
        Condition(field("org"), "Eq", 1),
        Condition("a", "In", field("stars")),
        Condition(1, "Nin", Projection(Org, None)),
        Condition(field("motto"), "In", field("name")),
        Condition(field("stars"), "In", {"a": 1}),
    ],
)
def test_condition_without_translation(find: Find, condition: Condition) -> None:
    """What SQL cannot say is an error, never a condition left out."""
    with pytest.raises(UnsupportedError):
        find([condition])


# -- relations in ordinary questions -----------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "ids"),
    [
        ('allow(_, _, r: Repo) if not r.org = nil and r.org.name = "reef";', [1, 2]),
        ("allow(_, _, r: Repo) if r.org = nil;", [3]),
        ("allow(actor, _, r: Repo) if r.org = actor;", [1, 2]),
        ("allow(actor, _, r: Repo) if r in actor.repos;", [1, 2]),
        ("allow(_, _, r: Repo) if s in r.siblings and s.public;", [1, 2]),
        ("allow(actor, _, _: Repo{org: actor});", [1, 2]),
        ("allow(_, _, r: Repo) if not r in r.siblings;", [3]),
    ],
)
def test_relation_is_read(oso: Oso, session: orm.Session, policy: str, ids: list[int]) -> None:
    """A declared relation gives rows of the database during ``is_allowed``."""
    oso.load_str(policy)
    org = session.get(Org, 1)

    found = [r.id for r in session.query(Repo) if oso.is_allowed(org, "read", r)]

    assert sorted(found) == ids


def test_relation_to_one_with_several_rows(session: orm.Session) -> None:
    """Several rows where one is declared are an error that says so."""
    oso = Oso()
    oso.register_class(Org, fields={"repo": Relation("one", "Repo", "id", "org_id")})
    oso.register_class(Repo)
    oso.set_data_filtering_adapter(SqlAlchemyAdapter(session))
    oso.load_str("allow(_, _, o: Org) if o.repo.public;")

    with pytest.raises(PolarRuntimeError, match="has 2 rows where its kind is 'one'"):
        oso.is_allowed(1, 2, session.get(Org, 1))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (orm.sessionmaker(), "'sessionmaker'"),
        (orm.Session, "the class 'Session'"),
        (sa.create_engine("sqlite://"), "'Engine'"),
        (SQLAlchemy(), "'SQLAlchemy'"),
    ],
)
def test_adapter_of_no_session_is_refused(given: t.Any, shown: str) -> None:
    """What makes a session is a likely mistake, which otherwise the first list would notice."""
    with pytest.raises(TypeError) as caught:
        SqlAlchemyAdapter(given)

    assert str(caught.value) == (
        f"'SqlAlchemyAdapter' was given {shown}. Give an object of 'Session', or a"
        " 'scoped_session', such as 'db.session'."
    )
