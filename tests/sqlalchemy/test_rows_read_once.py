"""A row that a subquery reads is asked there for all that a policy says of it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.residual.algebra.ir import And, Exists, Not, Or, Root
from flask_oso.sqlalchemy.mapped.mapper_facts import MapperFacts
from flask_oso.sqlalchemy.statements.known_values import KnownObjects
from flask_oso.sqlalchemy.statements.translation import Translator
from tests.support.answers import may_read
from tests.support.databases import open_session
from tests.support.lists import oso_for

POLICY = """
allow(u: User, "read", r: Remark) if reads(u, r.document) and not walled(u, r.document.matter);
reads(u: User, d: Document) if d.author = u;
reads(u: User, d: Document) if not d.privileged and has_seat(u, d.matter, "observer");
reads(u: User, d: Document) if has_seat(u, d.matter, "lawyer");
has_seat(u: User, m: Matter, _name) if m.lead = u;
has_seat(u: User, m: Matter, name) if s in u.seats and s.matter = m and s.role = name;
walled(u: User, m: Matter) if s in u.seats and s.matter = m and s.role = "none";
allow(_: User, "note", r: Remark) if r.document.matter.ended = nil;
allow(_: User, "see", r: Remark) if r.document.matter.title in ["a", "b"];
allow(_: User, "ask", r: Remark) if r.document.privileged;
"""


class Base(orm.DeclarativeBase):
    """The tables of these tests."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


def key_of(table: str) -> orm.MappedColumn[int]:
    """Make a foreign key."""
    return orm.mapped_column(sa.ForeignKey(f"{table}.id"), index=True)


class User(Base):
    """Somebody who asks."""

    __tablename__ = "users"
    seats: orm.Mapped[list[Seat]] = orm.relationship()


class Matter(Base):
    """What documents are about."""

    __tablename__ = "matters"
    lead_id: orm.Mapped[int] = key_of("users")
    title: orm.Mapped[str]
    ended: orm.Mapped[int | None]
    lead: orm.Mapped[User] = orm.relationship()


class Seat(Base):
    """What somebody is in a matter."""

    __tablename__ = "seats"
    user_id: orm.Mapped[int] = key_of("users")
    matter_id: orm.Mapped[int] = key_of("matters")
    role: orm.Mapped[str]
    matter: orm.Mapped[Matter] = orm.relationship()


class Document(Base):
    """A document of a matter."""

    __tablename__ = "documents"
    matter_id: orm.Mapped[int] = key_of("matters")
    author_id: orm.Mapped[int] = key_of("users")
    privileged: orm.Mapped[bool]
    title: orm.Mapped[str]
    matter: orm.Mapped[Matter] = orm.relationship()
    author: orm.Mapped[User] = orm.relationship()


class Remark(Base):
    """A remark about a document."""

    __tablename__ = "remarks"
    document_id: orm.Mapped[int] = key_of("documents")
    document: orm.Mapped[Document] = orm.relationship()


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with each kind of document in each kind of matter."""
    with open_session(Base.metadata) as opened:
        opened.add_all(User(id=number) for number in (1, 2, 3))
        roles = ["observer", "lawyer", "none", "other"]
        for number in range(1, 17):
            title = ("", "a", "b", "c", "d")[number % 5]
            opened.add(
                Matter(
                    id=number,
                    lead_id=number % 3 + 1,
                    title=title,
                    ended=1 if number % 5 == 0 else None,
                )
            )
            opened.add(Seat(user_id=number % 2 + 1, matter_id=number, role=roles[number % 4]))
            opened.add(Seat(user_id=1, matter_id=number, role=roles[number // 4 % 4]))
            for is_privileged in (False, True):
                document = Document(
                    matter_id=number,
                    author_id=number // 2 % 3 + 1,
                    privileged=is_privileged,
                    title="b" if number % 3 else "c",
                )
                opened.add_all([document, Remark(document=document)])
        # Its document is gone.
        opened.add(Remark(document_id=1_000))
        opened.commit()
        yield opened


@pytest.fixture(scope="module")
def oso() -> Oso:
    """Make an Oso with the policy."""
    return oso_for(Base, POLICY)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_rows_are_those_of_checks(session: orm.Session, oso: Oso, number: int) -> None:
    """The list has the rows that checks allow."""
    user = session.get(User, number)

    found = session.scalars(oso.authorized_query(user, "read", Remark)).all()

    allowed = [each for each in session.scalars(sa.select(Remark)) if may_read(oso, user, each)]
    assert {each.id for each in found} == {each.id for each in allowed}
    assert 0 < len(allowed) < 33


def test_a_negation_makes_no_parts(session: orm.Session, oso: Oso) -> None:
    """A list has as many parts as there are ways to be allowed, whatever is denied."""
    query = oso.authorized_query(session.get(User, 1), "read", Remark)

    assert str(query).count("UNION ALL") == 4
    assert "false" not in str(query)


def asked_of_matters(oso: Oso, *, is_denied: bool) -> Exists:
    """Make a condition on documents whose matter has not ended, and is asked for twice.

    The residual of a large policy has such conditions: those of small ones are simpler.
    """
    of_ended, of_title, of_privileged = (
        t.cast(Exists, oso.residual(User(id=1), action, Remark).condition)
        for action in ("note", "see", "ask")
    )
    way = Not(of_title.part) if is_denied else of_title.part
    return Exists(of_ended.row, And((of_ended.part, Or((of_privileged.part, way)))))


@pytest.mark.parametrize("is_denied", [False, True], ids=["asked", "denied"])
def test_a_row_that_is_read_is_not_read_again(
    session: orm.Session, oso: Oso, is_denied: bool
) -> None:
    """A matter that is joined for a condition on all is asked for the others there."""
    translator = Translator(MapperFacts(lambda cls: {}), KnownObjects({}))
    clause = translator.clause(asked_of_matters(oso, is_denied=is_denied), {Root(Remark): Remark})

    found = session.scalars(sa.select(Remark).where(clause)).all()

    assert str(clause).count("matters ") == 1
    assert {each.id for each in found} == {
        each.id
        for each in session.scalars(sa.select(Remark).where(Remark.document_id < 1_000))
        if each.document.matter.ended is None
        and (
            each.document.privileged or (each.document.matter.title in ("a", "b")) is not is_denied
        )
    }
