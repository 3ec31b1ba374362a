"""Attributes that read other tables in a subquery, in the statements of a list."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import g
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import FlaskOso, Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_database, open_session
from tests.support.sites import make_app


class Base(orm.DeclarativeBase):
    """The tables of these tests."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Author(Base):
    """Writes remarks, and has pages."""

    __tablename__ = "authors"
    is_active: orm.Mapped[bool]


class Remark(Base):
    """Is on a page, and has an author."""

    __tablename__ = "remarks"
    page_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("pages.id"))
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("authors.id"))


class Page(Base):
    """Counts its remarks, in several ways."""

    __tablename__ = "pages"
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("authors.id"))
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("pages.id"))
    author: orm.Mapped[Author] = orm.relationship()
    parent: orm.Mapped[Page | None] = orm.relationship(remote_side="Page.id")
    remarks: orm.Mapped[list[Remark]] = orm.relationship()

    @hybrid_property
    def has_remarks(self) -> bool:
        """Tell whether there are remarks."""
        return bool(self.remarks)

    @has_remarks.inplace.expression
    @classmethod
    def _has_remarks(cls) -> sa.ColumnElement[bool]:
        return sa.exists().where(Remark.page_id == cls.id)


Page.number = orm.column_property(
    sa.select(sa.func.count(Remark.id)).where(Remark.page_id == Page.id).scalar_subquery(),
    deferred=True,
)
Page.firm = orm.column_property(
    sa.select(sa.func.count(Remark.id))
    .where(Remark.page_id == Page.id)
    .correlate_except(Remark)
    .scalar_subquery(),
    deferred=True,
)
Page.active = orm.column_property(
    sa.select(sa.func.count(Remark.id))
    .join_from(Remark, Author)
    .where(Remark.page_id == Page.id, Author.is_active)
    .scalar_subquery(),
    deferred=True,
)
Page.listed = orm.column_property(
    sa.select(sa.func.count(Remark.id))
    .where(Remark.page_id == Page.id, Remark.author_id == Author.id, Author.is_active == sa.true())
    .scalar_subquery(),
    deferred=True,
)
_OTHER = orm.aliased(Remark)
Page.aliased = orm.column_property(
    sa.select(sa.func.count(_OTHER.id))
    .where(_OTHER.page_id == Page.id, _OTHER.author_id.in_(sa.select(Author.id)))
    .scalar_subquery(),
    deferred=True,
)

CONDITIONS = [
    "p.number > 1",
    "p.firm > 1",
    "p.active = 1",
    "p.listed = 1",
    "not p.listed = 0",
    "p.aliased > 1",
    "p.number > p.listed",
    "p.has_remarks",
    "not p.has_remarks",
    "p.parent matches {number: 2}",
    "p.parent matches {listed: 1}",
    "not p.parent matches {has_remarks: true}",
]
#: What a program adds to a list.
FURTHER: dict[str, Callable[[sa.Select[t.Any]], sa.Select[t.Any]]] = {
    "nothing": lambda query: query,
    "remarks": lambda query: query.outerjoin(Page.remarks),
    "author": lambda query: query.join(Page.author),
    "all": lambda query: query.join(Page.author).outerjoin(Page.remarks),
    "options": lambda query: query.options(orm.joinedload(Page.remarks)),
    "subquery": lambda query: sa.select(Page).where(Page.id.in_(query.with_only_columns(Page.id))),
}


def fill(session: orm.Session) -> None:
    """Add pages with none to three remarks, of authors who are active or not."""
    session.add_all([Author(id=1, is_active=True), Author(id=2, is_active=False)])
    session.add_all(
        Page(id=n, author_id=1 + n % 2, parent_id=n - 1 if n > 1 else None) for n in range(1, 9)
    )
    session.flush()
    session.add_all(
        Remark(page_id=n, author_id=1 + (n + k) % 2) for n in range(1, 9) for k in range(n % 4)
    )
    session.commit()


def made(condition: str) -> Oso:
    """Make a policy."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(
        f'allow(_, "read", p: Page) if {condition};'
        'allow(_, "read", _: Author); allow(_, "read", _: Remark);'
    )
    return oso


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database of pages."""
    with open_session(Base.metadata) as session:
        fill(session)
        yield session


@pytest.mark.parametrize("further", FURTHER)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_list_goes_on(session: orm.Session, condition: str, further: str) -> None:
    """Whatever a program joins, the list has the pages that single checks allow."""
    oso = made(condition)
    pages = session.scalars(sa.select(Page)).all()
    query = FURTHER[further](oso.authorized_query("ana", "read", Page))

    found = session.scalars(query).unique().all()

    assert {page.id for page in found} == {p.id for p in pages if may_read(oso, "ana", p)}


@pytest.mark.parametrize("further", FURTHER)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_protected_session(condition: str, further: str) -> None:
    """A protected session selects the pages that single checks allow."""
    oso, app = made(condition), make_app("pages")
    with open_database(Base.metadata) as engine:
        sessions = orm.scoped_session(orm.sessionmaker(engine))
        fill(sessions())
        pages = sessions.scalars(sa.select(Page)).all()
        allowed = {page.id for page in pages if may_read(oso, "ana", page)}
        sessions.remove()
        guard = FlaskOso(oso, app)
        guard.protect(sessions)
        with app.test_request_context("/"):
            g.current_user = "ana"
            found = sessions.scalars(FURTHER[further](sa.select(Page))).unique().all()
            identifiers = {page.id for page in found}
        sessions.remove()

    assert identifiers == allowed
