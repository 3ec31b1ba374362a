"""Hybrids without an expression of their own: what their only function says of a row."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The base of these models."""


def doubled(function: t.Any) -> t.Any:
    """Call a function twice."""
    return lambda row: (function(row), function(row))[1]


class Page(Base):
    """Has hybrids that mean one thing of the class, and another of a row."""

    __tablename__ = "hybrid_pages"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    public: orm.Mapped[bool]
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("hybrid_pages.id"))

    @hybrid_property
    def is_public(self) -> bool:
        """The column by another name."""
        return self.public

    @hybrid_property
    def unless_secret(self) -> bool:
        """Of the class, nothing equals a text."""
        if self.kind == "secret":
            return False
        return self.public

    @hybrid_property
    def below_another(self) -> bool:
        """Of the class, no column is None."""
        if self.parent_id is None:
            return False
        return self.public

    @hybrid_property
    def either(self) -> t.Any:
        """Of the class, it is the last one."""
        return (self.kind == "secret" and self.parent_id) or self.public

    @hybrid_property
    @doubled
    def wrapped(self) -> bool:
        """Another function calls it."""
        return self.public


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database with a few pages."""
    with open_session(Base.metadata) as session:
        session.add_all([Page(id=1, kind="secret", public=True), Page(id=2, kind="x", public=True)])
        session.add(Page(id=3, kind="x", public=False, parent_id=1))
        session.flush()
        yield session


def make_oso(body: str) -> Oso:
    """Load a rule about pages."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(_, "read", page: Page) if {body};')
    return oso


def test_column_by_another_name(session: orm.Session) -> None:
    """A hybrid that returns a column is this column."""
    query = make_oso("page.is_public").authorized_query(None, "read", Page)

    assert sorted(page.id for page in session.scalars(query)) == [1, 2]


@pytest.mark.parametrize("name", ["unless_secret", "below_another", "either", "wrapped"])
def test_hybrid_with_two_ways(name: str) -> None:
    """What a hybrid returns of the class says nothing of a row for which it takes another way."""
    with pytest.raises(UnsupportedError, match="it is a hybrid without an expression"):
        make_oso(f"page.{name}").authorized_query(None, "read", Page)


def test_hybrid_whose_source_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that was written after the module was imported does not count."""
    later = "def is_public(self):\n    return self.hidden\n"
    monkeypatch.setattr("inspect.getsource", lambda code: later)

    with pytest.raises(UnsupportedError, match="it is a hybrid without an expression"):
        make_oso("page.is_public").authorized_query(None, "read", Page)
