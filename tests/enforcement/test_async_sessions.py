"""AsyncSession in the place of a session: guards, loaders, lists, the commit veto, protection."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, g, request
from sqlalchemy import orm
from sqlalchemy.ext import asyncio as async_orm

from flask_oso import (
    FlaskOso,
    Oso,
    UnfilteredRowsError,
    VetoedCommitError,
    authorize,
    skip_authorization,
    veto_commits,
)
from flask_oso.sqlalchemy import register_models
from tests.support.models.protected_notes import (
    POLICY,
    Base,
    Memo,
    Note,
    Project,
    User,
    fill,
)
from tests.support.sites import make_app

EDIT = 'allow(u: User, "edit", n: Note) if n.owner = u;'


@dataclasses.dataclass
class AsyncNotebook:
    """An app whose guards load in an AsyncSession."""

    app: Flask
    guard: FlaskOso
    make: async_orm.async_sessionmaker[async_orm.AsyncSession]

    @property
    def session(self) -> async_orm.AsyncSession:
        """The session of the request."""
        if "session" not in g:
            g.session = self.make()
        return t.cast(async_orm.AsyncSession, g.session)

    def closing(self, view: t.Any) -> t.Any:
        """Close the session after a view: its connection belongs to the loop of the view."""

        @functools.wraps(view)
        async def closing(**arguments: t.Any) -> t.Any:
            try:
                return await view(**arguments)
            finally:
                await self.session.close()

        return closing

    def get(self, path: str, user: int = 1) -> t.Any:
        """Send a request as a user."""
        return self.app.test_client().get(path, query_string={"user": user})


def filled(engine: sa.Engine) -> None:
    """Put the rows of a notebook into a database."""
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        fill(session)


@pytest.fixture(params=["aiosqlite", "asyncpg"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.URL]:
    """Give a database of either driver, with rows."""
    pytest.importorskip(request.param)
    if request.param == "aiosqlite":
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'notebook.db'}")
        filled(engine)
        engine.dispose()
        yield engine.url.set(drivername="sqlite+aiosqlite")
        return
    server = request.getfixturevalue("postgresql")
    filled(server)
    yield server.url.set(drivername="postgresql+asyncpg")
    Base.metadata.drop_all(server)


@pytest.fixture
def notebook(url: sa.URL) -> Iterator[AsyncNotebook]:
    """Give an app whose user is in the query string."""
    engine = async_orm.create_async_engine(url, poolclass=sa.NullPool)
    app, oso = make_app("async"), Oso()
    register_models(oso, [User, Project, Note, Memo])
    oso.load_str(POLICY + EDIT)
    made = AsyncNotebook(
        app, FlaskOso(oso, app), async_orm.async_sessionmaker(engine, expire_on_commit=False)
    )
    made.guard.set_get_session(lambda: made.session)

    @app.before_request
    async def load_user() -> None:
        async with async_orm.AsyncSession(engine) as session:
            g.current_user = await session.get(User, int(request.args["user"]))

    yield made
    asyncio.run(engine.dispose())


@pytest.mark.parametrize(("note_id", "status"), [(1, 200), (2, 403), (3, 404), (99, 404)])
@pytest.mark.parametrize("is_async", [False, True])
def test_guard_loads_in_an_async_session(
    notebook: AsyncNotebook, note_id: int, status: int, is_async: bool
) -> None:
    """A guard finds the object, and decides by its relations, before views of both kinds."""
    if is_async:

        @notebook.app.get("/<int:note_id>")
        @authorize("edit", Note)
        @notebook.closing
        async def show(note: Note) -> str:
            return note.title

    else:

        @notebook.app.get("/<int:note_id>")
        @authorize("edit", Note)
        def show_now(note: Note) -> str:
            return note.title

    assert notebook.get(f"/{note_id}").status_code == status


def test_object_of_a_guard_belongs_to_the_session(notebook: AsyncNotebook) -> None:
    """A view goes on with the object, in the session and loop of the view."""

    @notebook.app.get("/<int:note_id>")
    @authorize("edit", Note)
    @notebook.closing
    async def show(note: Note) -> dict[str, t.Any]:
        await notebook.session.refresh(note, ["project"])
        return {"project": note.project and note.project.id}

    assert notebook.get("/1").json == {"project": 3}


def test_list_is_executed_in_an_async_session(notebook: AsyncNotebook) -> None:
    """A list of the policy is a statement for an AsyncSession as for any other."""

    @notebook.app.get("/")
    @skip_authorization(reason="a list")
    @notebook.closing
    async def index() -> dict[str, t.Any]:
        oso = notebook.guard.oso
        assert oso is not None
        listed = oso.authorized_query(g.current_user, "read", Note).order_by(Note.id)
        return {"ids": [each.id for each in await notebook.session.scalars(listed)]}

    assert notebook.get("/").json == {"ids": [1, 2, 5]}


def test_async_loader(notebook: AsyncNotebook) -> None:
    """A loader that is a coroutine function finds objects for guards."""

    @notebook.guard.loader(Note)
    async def find_note(note_id: int) -> Note | None:
        async with notebook.make() as session:
            wanted = sa.select(Note).where(Note.id == note_id)
            found = await session.scalars(wanted.options(orm.joinedload(Note.owner)))
            return found.one_or_none()

    @notebook.app.get("/<int:note_id>")
    @authorize("edit", Note)
    @notebook.closing
    async def show(note: Note) -> str:
        return note.title

    assert notebook.get("/1").text == "one"
    assert notebook.get("/99").status_code == 404


def test_async_actor_loader(notebook: AsyncNotebook) -> None:
    """What finds the actor may be a coroutine function."""

    async def find_actor() -> User | None:
        async with notebook.make() as session:
            return await session.get(User, 2)

    notebook.guard.set_get_actor(find_actor)

    @notebook.app.get("/<int:note_id>")
    @authorize("edit", Note)
    @notebook.closing
    async def show(note: Note) -> str:
        return note.title

    assert notebook.get("/2").text == "two"
    assert notebook.get("/5").status_code == 404


# -- the commit veto -----------------------------------------------------------------------------


def commits_of(notebook: AsyncNotebook, is_exempt: bool) -> t.Any:
    """Send a request that changes a row."""

    @notebook.closing
    async def change() -> str:
        note = await notebook.session.get_one(Note, 1)
        note.title = "changed"
        await notebook.session.commit()
        return note.title

    view = skip_authorization(reason="a test")(change) if is_exempt else change
    notebook.app.get("/")(view)
    notebook.app.config["PROPAGATE_EXCEPTIONS"] = True
    return notebook.get("/")


def test_commit_of_an_async_session_is_vetoed(notebook: AsyncNotebook) -> None:
    """A request that was allowed nothing does not commit in an AsyncSession, either."""
    veto_commits(notebook.make)

    with pytest.raises(VetoedCommitError, match="nothing was authorized"):
        commits_of(notebook, is_exempt=False)


def test_commit_of_an_async_session(notebook: AsyncNotebook) -> None:
    """A request that is exempt for a reason commits."""
    veto_commits(notebook.make)

    assert commits_of(notebook, is_exempt=True).text == "changed"


def test_other_async_sessions_are_not_watched(notebook: AsyncNotebook) -> None:
    """The veto of one factory is none of all sessions of SQLAlchemy."""
    other = async_orm.async_sessionmaker(notebook.make.kw["bind"])
    veto_commits(other)

    assert commits_of(notebook, is_exempt=False).text == "changed"


# -- protection ----------------------------------------------------------------------------------


@pytest.fixture
def protected(notebook: AsyncNotebook) -> AsyncNotebook:
    """Protect the sessions of an app."""
    notebook.guard.protect(notebook.make)
    return notebook


def test_async_session_is_filtered(protected: AsyncNotebook) -> None:
    """Statements, 'get' and relations of an AsyncSession give what the actor may read."""

    @protected.app.get("/")
    @protected.closing
    async def index() -> dict[str, t.Any]:
        session = protected.session
        projects = await session.scalars(
            sa.select(Project).options(orm.selectinload(Project.notes)).order_by(Project.id)
        )
        return {
            "notes": [*await session.scalars(sa.select(Note.id).order_by(Note.id))],
            "missing": await session.get(Note, 3) is None,
            "projects": [[each.id for each in project.notes] for project in projects],
        }

    assert protected.get("/").json == {
        "notes": [1, 2, 5],
        "missing": True,
        "projects": [[2, 5], []],
    }


def test_text_in_an_async_session_is_refused(protected: AsyncNotebook) -> None:
    """What cannot be filtered raises in an AsyncSession, too."""
    refused = []

    @protected.app.get("/")
    @protected.closing
    async def index() -> str:
        with pytest.raises(UnfilteredRowsError) as caught:
            await protected.session.execute(sa.text("select * from notes"))
        refused.append(str(caught.value))
        with protected.guard.unfiltered("a test"):
            found = await protected.session.execute(sa.text("select * from notes"))
        return str(len(found.all()))

    assert protected.get("/").text == "5"
    assert "a text of SQL" in refused[0]


def test_guard_of_a_protected_async_session(protected: AsyncNotebook) -> None:
    """A guard judges what it loads, and leaves no relation that may not be read."""

    @protected.app.get("/<int:note_id>")
    @authorize("edit", Note)
    @protected.closing
    async def show(note: Note) -> dict[str, t.Any]:
        await protected.session.refresh(note, ["project"])
        return {"project": note.project and note.project.id}

    assert protected.get("/1").json == {"project": None}
    assert protected.get("/2").status_code == 403
    assert protected.get("/3").status_code == 404


@pytest.mark.parametrize("kind", ["session", "class", "scope"])
def test_kinds_of_async_sessions(notebook: AsyncNotebook, kind: str) -> None:
    """One session, a class and a scope are protected alike."""
    bind = notebook.make.kw["bind"]
    made: dict[str, t.Any] = {
        "session": async_orm.AsyncSession(bind),
        "class": type("Own", (async_orm.AsyncSession,), {}),
        "scope": async_orm.async_scoped_session(
            async_orm.async_sessionmaker(bind), asyncio.current_task
        ),
    }
    given = made[kind]
    notebook.guard.protect(given)

    @notebook.app.get("/")
    @notebook.closing
    async def index() -> dict[str, t.Any]:
        session = given(bind=bind) if kind == "class" else given
        found = [*await session.scalars(sa.select(Note.id).order_by(Note.id))]
        await session.close()
        return {"ids": found}

    assert notebook.get("/").json == {"ids": [1, 2, 5]}
