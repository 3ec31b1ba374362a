"""What lists load of objects: nothing that is not needed, and never by surprise."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from flask_oso import Oso, OsoError
from flask_oso.sqlalchemy import register_models

registry = orm.registry()

POLICY = """
    allow(u: User, "own", f: Folder) if f.owner = u;
    allow(u: User, "by name", f: Folder) if f.name = u.name;
    allow(u: User, "some by name", f: Folder) if f.id < 3 and f.name = u.name;
    allow(_: User, "some by name", f: Folder) if f.id = 4;
    allow(u: User, "of", f: Folder) if f in u.folders;
    allow(_: User, "above", f: Folder) if f.parent.name = "a";
    allow(u: User, "below", f: Folder) if within(u, f);
    allow(u: User, "not below", f: Folder) if not within(u, f);
    allow(u: User, "called", f: Folder) if f.name = u.name.lower();
    within(u, f: Folder) if f.owner = u;
    within(u, f: Folder) if within(u, f.parent);
"""


@registry.mapped
class User:
    """Owns folders."""

    __tablename__ = "session_users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    folders: orm.Mapped[list[Folder]] = orm.relationship(lazy="raise", viewonly=True)


@registry.mapped
class Folder:
    """Lies in another folder; its relations must be loaded with it."""

    __tablename__ = "session_folders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("session_users.id"))
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("session_folders.id"))
    owner: orm.Mapped[User | None] = orm.relationship(lazy="raise")
    parent: orm.Mapped[Folder | None] = orm.relationship(remote_side=[id], lazy="raise_on_sql")


def fill(session: orm.Session) -> None:
    """Add a folder of a user, one within, and one of nobody."""
    user, folder = t.cast(t.Any, User), t.cast(t.Any, Folder)
    session.add_all([user(id=1, name="a"), user(id=2, name="b")])
    session.flush()
    session.add_all([folder(id=1, name="a", owner_id=1), folder(id=3, name="b", owner_id=2)])
    session.flush()
    session.add_all([folder(id=2, name="x", parent_id=1), folder(id=4, name="y", parent_id=3)])
    session.flush()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open each database with folders."""
    engine = request.getfixturevalue(request.param)
    registry.metadata.create_all(engine)
    with orm.Session(engine) as session:
        fill(session)
        session.commit()
        yield session
    registry.metadata.drop_all(engine)


@pytest.fixture
def oso() -> Oso:
    """Know the classes of a registry that has no base class."""
    oso = Oso()
    register_models(oso, registry)
    oso.load_str(POLICY)
    return oso


LISTED = {
    "own": [1],
    "by name": [1],
    "some by name": [1, 4],
    "of": [1],
    "above": [2],
    "below": [1, 2],
    "not below": [3, 4],
}


@pytest.mark.parametrize(("action", "expected"), LISTED.items())
def test_relations_that_must_not_be_loaded(
    session: orm.Session, oso: Oso, action: str, expected: list[int]
) -> None:
    """A list reads relations with ``lazy="raise"`` in SQL."""
    query = oso.authorized_query(session.get_one(User, 1), action, Folder)

    assert sorted(folder.id for folder in session.scalars(query)) == expected


@pytest.mark.parametrize(("action", "expected"), LISTED.items())
def test_update_of_a_list(session: orm.Session, oso: Oso, action: str, expected: list[int]) -> None:
    """The condition of a list, a recursive one included, stands in an UPDATE."""
    query = oso.authorized_query(session.get_one(User, 1), action, Folder)

    update = sa.update(Folder).where(query.whereclause).values(name="changed")
    session.execute(update, execution_options={"synchronize_session": False})

    changed = sa.select(Folder.id).where(Folder.name == "changed").order_by(Folder.id)
    assert session.scalars(changed).all() == expected


@pytest.mark.parametrize(
    ("action", "expected"), [("above", [2]), ("below", [1, 2]), ("not below", [3, 4])]
)
def test_delete_of_a_list(session: orm.Session, oso: Oso, action: str, expected: list[int]) -> None:
    """The condition of a list stands in a DELETE."""
    query = oso.authorized_query(session.get_one(User, 1), action, Folder)
    outside = sa.update(Folder).where(Folder.id.not_in(expected)).values(parent_id=None)
    session.execute(outside, execution_options={"synchronize_session": False})
    session.execute(sa.delete(Folder).where(Folder.id.in_({1, 2, 3, 4} - {*expected, 1, 3})))

    delete = sa.delete(Folder).where(query.whereclause, Folder.parent_id.is_not(None))
    session.execute(delete, execution_options={"synchronize_session": False})

    left = set(session.scalars(sa.select(Folder.id)))
    assert left == {1, 3}


def test_registered_models_of_nothing() -> None:
    """What holds no classes is refused by name."""
    with pytest.raises(OsoError) as caught:
        register_models(Oso(), 7)

    assert str(caught.value) == (
        "7 is no models. Give the declarative base, a registry, or a list of mapped classes."
    )


@pytest.mark.parametrize("action", ["by name", "some by name"])
def test_actor_of_no_session(session: orm.Session, oso: Oso, action: str) -> None:
    """What cannot be read is an error, and no rows are left out for it."""
    user = session.get_one(User, 1)
    session.expire(user)
    session.expunge(user)

    with pytest.raises(orm.exc.DetachedInstanceError):
        oso.authorized_query(user, action, Folder)


def forget_row(session: orm.Session) -> None:
    """Delete the row of an object that is expired."""
    with orm.Session(session.get_bind()) as other:
        other.execute(sa.update(Folder).values(owner_id=None))
        other.execute(sa.delete(User).where(User.id == 1))
        other.commit()


def fail(session: orm.Session) -> None:
    """Fail to write, so that the session has to be rolled back first."""
    session.add(t.cast(t.Any, Folder)(id=1, name="again"))
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()


UNREAD = {
    "without a row": (forget_row, orm.exc.ObjectDeletedError),
    "after a failure": (fail, sa.exc.PendingRollbackError),
}


@pytest.mark.parametrize("why", UNREAD)
@pytest.mark.parametrize("action", ["by name", "some by name"])
def test_actor_that_is_not_found(session: orm.Session, oso: Oso, action: str, why: str) -> None:
    """The same where the row is gone, or where the session takes no statement."""
    user = session.get_one(User, 1)
    session.commit()
    prepare, error = UNREAD[why]
    prepare(session)

    with pytest.raises(error):
        oso.authorized_query(user, action, Folder)


def test_actor_while_all_connections_are_taken(oso: Oso) -> None:
    """The same where the pool of the engine gives no connection."""
    pool: dict[str, t.Any] = {"poolclass": sa.QueuePool, "pool_size": 1, "max_overflow": 0}
    engine = sa.create_engine("sqlite://", pool_timeout=0.01, **pool)
    registry.metadata.create_all(engine)
    with orm.Session(engine) as session:
        fill(session)
        session.commit()
        user = session.get_one(User, 1)
        session.commit()

        with engine.connect(), pytest.raises(sa.exc.TimeoutError):
            oso.authorized_query(user, "some by name", Folder)
    engine.dispose()


# -- asynchronous sessions -----------------------------------------------------------


def ask(engine: sa.Engine, question: t.Any) -> t.Any:
    """Ask something of an asynchronous session on the same database."""

    async def run() -> t.Any:
        other = create_async_engine(engine.url)
        try:
            async with AsyncSession(other) as session:
                return await question(session)
        finally:
            await other.dispose()

    registry.metadata.create_all(engine)
    try:
        with orm.Session(engine) as session:
            fill(session)
            session.commit()
        return asyncio.run(run())
    finally:
        registry.metadata.drop_all(engine)


@pytest.mark.parametrize("action", ["by name", "some by name", "called"])
def test_expired_actor_of_an_asynchronous_session(
    postgresql: sa.Engine, oso: Oso, action: str
) -> None:
    """The error says what to await, where the policy reads the actor."""

    async def question(session: AsyncSession) -> t.Any:
        user = await session.get_one(User, 1)
        await session.commit()
        oso.authorized_query(user, action, Folder)

    with pytest.raises(OsoError) as caught:
        ask(postgresql, question)

    assert str(caught.value) == (
        "The policy reads attributes of a 'User' that is expired, and an AsyncSession does not"
        " load them by itself. Await 'session.refresh(...)' of it before, or make the session"
        " with 'expire_on_commit=False'."
    )


@pytest.mark.parametrize("action", ["own", "by name", "some by name", "of", "below", "called"])
def test_refreshed_actor_of_an_asynchronous_session(
    postgresql: sa.Engine, oso: Oso, action: str
) -> None:
    """Once it is refreshed, the list is made without any loading."""

    async def question(session: AsyncSession) -> t.Any:
        user = await session.get_one(User, 1)
        await session.commit()
        await session.refresh(user)
        rows = await session.scalars(oso.authorized_query(user, action, Folder))
        return sorted(folder.id for folder in rows)

    assert ask(postgresql, question) == LISTED.get(action, [1])
