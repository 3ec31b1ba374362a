"""Lists of applications that share what is made of a policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from flask_oso.testing import shared_policies

POLICY = """
allow(user: User, "read", note: Note) if note.author = user;
allow(user: User, "edit", note: Note) if note.author = user and note.is_open;
"""


class Base(orm.DeclarativeBase):
    """The classes of the tests."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class User(Base):
    """An author."""

    __tablename__ = "users"


class Note(Base):
    """What is listed."""

    __tablename__ = "notes"
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey(User.id))
    is_open: orm.Mapped[bool]
    author: orm.Mapped[User] = orm.relationship()


@pytest.fixture(autouse=True)
def sharing() -> Iterator[None]:
    """Share policies in each test."""
    with shared_policies():
        yield


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Give a session with two authors of two notes each."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        for number in (1, 2):
            session.add(User(id=number))
            session.add(Note(id=number, author_id=number, is_open=True))
            session.add(Note(id=10 * number, author_id=number, is_open=False))
        session.flush()
        yield session
    engine.dispose()


def make() -> Oso:
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(POLICY)
    return oso


def notes(oso: Oso, session: orm.Session, author: int, action: str = "read") -> set[int]:
    user = session.get(User, author)
    return {note.id for note in session.scalars(oso.authorized_query(user, action, Note))}


def test_lists_of_several_objects(session: orm.Session) -> None:
    """Each actor gets the own rows, whoever asked first."""
    first, second = make(), make()

    found = [notes(oso, session, author) for oso in (first, second) for author in (1, 2)]

    assert found == [{1, 10}, {2, 20}] * 2
    assert second.engine is first.engine
    assert notes(second, session, 1, "edit") == {1}


def test_second_object_evaluates_no_policy(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The condition of a list is that of the first one."""
    first = make()
    expected = notes(first, session, 1)
    second = make()
    monkeypatch.delattr("flask_oso.polar.residual.evaluator.PartialEvaluator.residual")

    assert notes(second, session, 1) == expected == {1, 10}


def test_second_object_writes_no_clause(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it translate the condition anew, once the first one has twice."""
    first = make()
    assert notes(first, session, 1) | notes(first, session, 2) == {1, 10, 2, 20}
    second = make()
    monkeypatch.delattr("flask_oso.sqlalchemy.statements.translation.Translator.clause")

    assert notes(second, session, 1) == {1, 10}


def test_class_with_another_equality(session: orm.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of it are no longer compared by their keys."""
    user, note = session.get(User, 1), session.get(Note, 1)
    first = make()
    before = first.is_allowed(user, "read", note)
    with monkeypatch.context() as patched:
        patched.setattr(User, "__eq__", lambda *_: False)
        patched.setattr(User, "__hash__", object.__hash__, raising=False)
        within = first.is_allowed(user, "read", note), make().is_allowed(user, "read", note)

    assert (before, within) == (True, (False, False))
    assert make().is_allowed(user, "read", note)
