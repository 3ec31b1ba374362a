"""Instances of SQLModel and pydantic, whose equality is known."""

from __future__ import annotations

import dataclasses
import typing as t
import warnings
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import FlaskOso, Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session
from tests.support.sites import make_app

sqlmodel: t.Any = pytest.importorskip("sqlmodel")
pydantic: t.Any = pytest.importorskip("pydantic")


class Member(sqlmodel.SQLModel, table=True):  # type: ignore[call-arg]
    """Owns pages."""

    id: int = sqlmodel.Field(primary_key=True)
    name: str


class Sheet(sqlmodel.SQLModel, table=True):  # type: ignore[call-arg]
    """Has an owner, or none."""

    id: int = sqlmodel.Field(primary_key=True)
    owner_id: int | None = sqlmodel.Field(default=None, foreign_key="member.id")


Sheet.__mapper__.add_property("owner", orm.relationship(Member))


class Person(pydantic.BaseModel):
    """Is no row, and has the fields of one."""

    id: int
    name: str = "ana"


@dataclasses.dataclass
class Visitor:
    """Is no row, either."""

    id: int
    name: str = "ana"


class Stranger:
    """Equals everything."""

    id = 1

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database with two members, and three sheets."""
    with open_session(sqlmodel.SQLModel.metadata) as session:
        session.add_all([Member(id=1, name="ana"), Member(id=2, name="bo")])
        session.flush()
        session.add_all(Sheet(id=id, owner_id=owner) for id, owner in [(1, 1), (2, 2), (3, None)])
        session.commit()
        yield session


@pytest.mark.parametrize("models", [sqlmodel.SQLModel, [sqlmodel.SQLModel]])
def test_sqlmodel_is_a_base(models: t.Any) -> None:
    """SQLModel itself stands for all classes that it maps."""
    app = make_app()

    FlaskOso(app, models=models)

    assert {"Member", "Sheet"} <= {*app.extensions["oso"].oso.host.classes}


def make_oso(body: str) -> Oso:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oso = Oso()
        register_models(oso, [Member, Sheet])
    oso.load_str(f"allow(u, _, s: Sheet) if {body};")
    return oso


def assert_agreement(session: orm.Session, oso: Oso, actor: t.Any) -> set[int]:
    """Check that the list has the rows of the checks; give their numbers."""
    found = {sheet.id for sheet in session.scalars(oso.authorized_query(actor, "read", Sheet))}
    sheets = session.scalars(sa.select(Sheet))

    assert found == {each.id for each in sheets if oso.is_allowed(actor, "read", each)}
    return found


BODIES = [
    "s.owner = u",
    "s.owner == u",
    "u = s.owner",
    "s.owner in [u]",
    "x in [u] and x = s.owner",
]


@pytest.mark.parametrize("body", BODIES)
def test_sqlmodel_is_compared_by_key(session: orm.Session, body: str) -> None:
    """A row of SQLModel is the same row in a check and in a list."""
    member = session.get_one(Member, 1)

    assert assert_agreement(session, make_oso(body), member) == {1}


def test_sqlmodel_of_another_session(session: orm.Session) -> None:
    """The key says which row it is, even where the actor comes from another session."""
    with orm.Session(session.get_bind()) as other:
        member = other.get_one(Member, 1)
        member.name = "renamed"

        assert assert_agreement(session, make_oso("s.owner = u"), member) == {1}


def test_sqlmodel_without_a_key(session: orm.Session) -> None:
    """What was never stored is no row."""
    assert assert_agreement(session, make_oso("s.owner = u"), Member(id=1, name="ana")) == set()


@pytest.mark.parametrize("actor", [Person(id=1), Visitor(1)])
@pytest.mark.parametrize("body", [*BODIES, "s.owner_id = u", "not s.owner = u"])
def test_instance_that_is_no_row(session: orm.Session, body: str, actor: t.Any) -> None:
    """An instance of pydantic, or of a dataclass, equals those of its own class."""
    oso = make_oso(body)
    oso.register_class(type(actor))

    assert assert_agreement(session, oso, actor) == ({1, 2, 3} if "not" in body else set())


def test_instance_with_an_own_equality(session: orm.Session) -> None:
    """What compares itself is refused, since a list cannot ask it."""
    with pytest.raises(UnsupportedError, match="'Stranger' has an equality of its own"):
        make_oso("s.owner = u").authorized_query(Stranger(), "read", Sheet)
