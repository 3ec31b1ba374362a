"""The statement of all rows, of none, or of the same rows for everybody is made once."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso.sqlalchemy import read_conditions
from flask_oso.sqlalchemy.read_conditions import ListCondition
from flask_oso.sqlalchemy.statements import kept_statements
from tests.support.models import documents
from tests.support.models.documents import Doc, User, make_oso

POLICY = """
    allow(u: User, "read", d: Doc) if u.admin or d.owner = u;
    allow(u: User, "edit", _: Doc) if u.admin;
    allow(_, "see", d: Doc) if d.open;
"""


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database of documents."""
    with documents.open_documents() as session:
        yield session


def ids(session: orm.Session, statement: t.Any) -> list[int]:
    return sorted(each.id for each in session.scalars(statement))


def allowed(session: orm.Session, user: User, action: str) -> list[int]:
    oso = make_oso(POLICY)
    docs = session.scalars(sa.select(Doc))
    return sorted(doc.id for doc in docs if oso.is_allowed(user, action, doc))


@pytest.mark.parametrize(
    ("action", "is_admin"), [("read", True), ("edit", True), ("edit", False), ("see", False)]
)
def test_one_statement_for_all(session: orm.Session, action: str, is_admin: bool) -> None:
    """What is asked of no actor is one statement for all of them, with the rows of checks."""
    oso = make_oso(POLICY)
    users = session.scalars(sa.select(User)).all()
    for user in users:
        user.admin = is_admin
    session.commit()

    found = [oso.authorized_query(user, action, Doc) for user in users for _ in range(3)]

    assert len(users) > 1
    assert len(set(map(id, found[3:]))) == 1
    assert ids(session, found[-1]) == allowed(session, users[0], action)


def test_statements_of_actors(session: orm.Session) -> None:
    """What is asked of actors is a statement for each, also where another one may read all."""
    oso = make_oso(POLICY)
    users = session.scalars(sa.select(User).order_by(User.id)).all()

    found = [ids(session, oso.authorized_query(each, "read", Doc)) for each in [*users] * 3]

    assert found == [allowed(session, each, "read") for each in users] * 3


def test_what_an_application_adds_stays_its_own(session: orm.Session) -> None:
    """A statement to which something was added is another one than the next that is given."""
    oso = make_oso(POLICY)

    found = []
    for _ in range(4):
        statement = oso.authorized_query(None, "see", Doc)
        found.append(str(statement))
        statement.where(Doc.id == 1).order_by(Doc.id).limit(1)

    assert len(set(found)) == 1


def test_an_alias_has_a_statement_of_its_own(session: orm.Session) -> None:
    """A statement of an alias is of that alias."""
    oso = make_oso(POLICY)
    oso.authorized_query(None, "see", Doc)
    first, second = orm.aliased(Doc), orm.aliased(Doc)

    for alias in (first, second, first):
        statement = oso.authorized_query(None, "see", alias)
        assert statement.column_descriptions[0]["entity"] is alias


def test_statements_that_are_kept_are_few(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More actions than are kept, as from a request, have their rows."""
    monkeypatch.setattr(kept_statements, "_MOST", 2)
    rules = (f'allow(_, "a{n}", d: Doc) if d.id = {n};' for n in range(6))
    oso = make_oso("".join(rules))

    for number in [*range(6)] * 4:
        statement = oso.authorized_query(None, f"a{number}", Doc)
        assert ids(session, statement) == ids(session, sa.select(Doc).where(Doc.id == number))


def test_list_of_a_protected_session_is_marked(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that protected sessions verify is marked, and one that they do not is not."""
    oso = make_oso(POLICY)

    def is_marked() -> bool:
        statement = oso.authorized_query(None, "see", Doc)
        return isinstance(statement.whereclause, ListCondition)

    outside = [is_marked() for _ in range(4)]
    with monkeypatch.context() as within:
        for module in (kept_statements, read_conditions):
            within.setattr(module, "current_waiver", lambda: "a guard judges it")
        marked = [is_marked() for _ in range(4)]

    assert [outside, marked, is_marked()] == [[False] * 4, [True] * 4, False]
