"""Beginnings and ends of texts: empty ones, NULL, letters of several bytes, on each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.sqlalchemy import register_models

DATABASES = ["sqlite", "postgresql", "mariadb"]
TEXTS = [None, "", "b", "B", "ab", "ba", "é", "aé", "a b", "b ", "\U0001d4b3b"]


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Book(Base):
    """Has pages."""

    __tablename__ = "text_books"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    pages: orm.Mapped[list[Page]] = orm.relationship()


class Page(Base):
    """Has a text, or none, and a name that is never NULL."""

    __tablename__ = "text_pages"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    name: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    book_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("text_books.id"))


@pytest.fixture(params=DATABASES)
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open each database, with a book for each text and one with all of them."""
    engine = request.getfixturevalue(request.param)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all(Book(pages=[Page(text=text, name=text or "")]) for text in TEXTS)
        session.add_all([Book(pages=[Page(text=text, name=text or "") for text in TEXTS]), Book()])
        session.commit()
        yield session
    Base.metadata.drop_all(engine)


def is_allowed(oso: Oso, row: object) -> bool:
    """Ask for one row; an error is no allow."""
    try:
        return oso.is_allowed(None, "read", row)
    except OsoError:
        return False


@pytest.mark.parametrize("part", ["b", "ab", "é", "B", " ", "b ", ""])
@pytest.mark.parametrize("method", ["startswith", "endswith"])
@pytest.mark.parametrize(
    "rule",
    [
        "allow(_, _, p: Page) if p.text.{call};",
        "allow(_, _, p: Page) if not p.text.{call};",
        "allow(_, _, p: Page) if p.text = nil or p.text.{call};",
        "allow(_, _, p: Page) if not (p.text != nil and p.text.{call});",
        "allow(_, _, p: Page) if p.text = nil or not p.text.{call};",
        "allow(_, _, p: Page) if p.name.{call};",
        "allow(_, _, p: Page) if not p.name.{call};",
    ],
)
def test_ends_of_texts(session: orm.Session, rule: str, method: str, part: str) -> None:
    """A text that is empty has an end as every other, and NULL has none."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(rule.format(call=f'{method}("{part}")'))

    found = set(session.scalars(oso.authorized_query(None, "read", Page)))

    assert found == {page for page in session.scalars(sa.select(Page)) if is_allowed(oso, page)}


@pytest.mark.parametrize("part", ["b", "é", ""])
@pytest.mark.parametrize("method", ["startswith", "endswith"])
@pytest.mark.parametrize(
    "rule",
    [
        "allow(_, _, b: Book) if forall(p in b.pages, p.text = nil or p.text.{call});",
        "allow(_, _, b: Book) if forall(p in b.pages, p.text = nil or not p.text.{call});",
        "allow(_, _, b: Book) if not (p in b.pages and p.text != nil and p.text.{call});",
        "allow(_, _, b: Book) if p in b.pages and p.text != nil and not p.text.{call};",
        "allow(_, _, b: Book) if forall(p in b.pages, p.name.{call});",
        "allow(_, _, b: Book) if forall(p in b.pages, not p.name.{call});",
    ],
)
def test_ends_of_related_texts(session: orm.Session, rule: str, method: str, part: str) -> None:
    """Under `forall` and `not` an empty text has an end as every other."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(rule.format(call=f'{method}("{part}")'))

    found = set(session.scalars(oso.authorized_query(None, "read", Book)))

    assert found == {book for book in session.scalars(sa.select(Book)) if is_allowed(oso, book)}
