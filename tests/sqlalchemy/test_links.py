"""Relations are compared by their foreign keys, and no dangling key makes a list wider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from tests.support.answers import may_read
from tests.support.choices import seeded
from tests.support.models import documents
from tests.support.models.documents import Doc, Folder, Role, User, make_oso
from tests.support.sizes import IS_FULL

BODIES = [
    "d.owner = d.editor",
    "not d.owner = d.editor",
    "d.owner != d.editor",
    "d.folder.owner = d.owner",
    "not d.folder.owner = d.owner",
    "d.folder = nil or d.folder.parent = d.folder",
    "o in d.related and o.folder = d.folder",
    "not (o in d.related and o.folder = d.folder)",
    "forall(o in d.related, o.folder = d.folder)",
    "forall(o in d.related, not o.folder = d.folder)",
    "o in d.related and o.editor = d.owner",
    "not (o in d.related and o.editor = d.editor)",
    "r in u.roles and r.doc.folder = d.folder",
    "not (r in u.roles and r.doc.folder = d.folder)",
    "r in u.roles and r.doc.editor = d.editor",
    "not (r in u.roles and r.doc.editor = d.editor)",
    "r in u.roles and r.doc.owner_id = d.owner_id",
    "not (r in u.roles and r.doc.owner_id = d.owner_id)",
    "r in u.roles and r.doc_id = d.id and r.weight = d.rank",
    "r in u.roles and r.doc.size = d.size",
    "not (r in u.roles and r.doc.size = d.size)",
    "d.owner in [d.editor, d.sponsor]",
    "not d.owner in [d.editor, u]",
    "team in u.teams and team in d.teams",
    "not (team in u.teams and team in d.teams)",
    "team in d.teams and u in team.users",
    "forall(team in d.teams, u in team.users)",
    "o in u.sponsored and o.folder = d.folder and d.folder != nil",
    "r in d.roles and r.user = d.owner and r.user = u",
    "f = d.folder and f.owner = u and not f.parent = f",
]


@pytest.fixture(params=[2618, 7, 21] if IS_FULL else [2618])
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open databases of documents."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    documents.Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        documents.fill(session, seeded(request.param))
        yield session
    engine.dispose()


def listed(oso: Oso, session: orm.Session, user: User) -> list[int]:
    """Give the ids of the documents that are listed."""
    return sorted(doc.id for doc in session.scalars(oso.authorized_query(user, "read", Doc)))


def allowed(oso: Oso, session: orm.Session, user: User) -> list[int]:
    """Give the ids of the documents that are allowed one by one."""
    return sorted(d.id for d in session.scalars(sa.select(Doc)) if may_read(oso, user, d))


def made(body: str) -> Oso:
    """Make a policy."""
    return make_oso(f"allow(u: User, _, d: Doc) if u = u and {body};")


@pytest.mark.each(3)
@pytest.mark.parametrize("body", BODIES)
def test_lists_and_checks_agree(session: orm.Session, body: str) -> None:
    """Each user has the rows of checks, before the relations are loaded and after."""
    oso = made(body)
    for user in session.scalars(sa.select(User)).all()[:3]:
        session.expire_all()
        before = listed(oso, session, user)

        expected = allowed(oso, session, user)

        assert before == expected
        assert listed(oso, session, user) == expected


@pytest.mark.each(3, 1)
@pytest.mark.parametrize("body", BODIES)
def test_dangling_keys_widen_nothing(session: orm.Session, body: str) -> None:
    """Where rows are gone that foreign keys lead to, no row is listed that a check denies."""
    oso = made(body)
    session.execute(sa.delete(Folder).where(Folder.id % 2 == 0))
    session.execute(sa.delete(User).where(User.id % 2 == 0))
    session.execute(sa.delete(Role).where(Role.doc_id % 3 == 0))
    session.flush()
    for user in session.scalars(sa.select(User)).all()[:3]:
        session.expire_all()
        before = listed(oso, session, user)

        expected = allowed(oso, session, user)

        assert set(before) <= set(expected)
        assert set(listed(oso, session, user)) <= set(expected)


def where_of(session: orm.Session, body: str) -> str:
    """Give what stands behind WHERE for the first user."""
    query = made(body).authorized_query(session.get(User, 1), "read", Doc)
    return " ".join(str(query.whereclause).split())


def test_keys_of_links_are_compared(session: orm.Session) -> None:
    """No row is looked for where both foreign keys are at hand, and one is required."""
    assert where_of(session, "d.owner = d.editor") == "docs.owner_id = docs.editor_id"
