"""Rows of users of Flask-Login: their relations are compared by keys, as those of other rows."""

from __future__ import annotations

import gc
import itertools
import typing as t
from collections.abc import Iterator

import flask_login  # type: ignore[import-untyped]
import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import specialized
from tests.support.models.gallery import counted


class Base(orm.DeclarativeBase):
    """The models of this file."""


class User(flask_login.UserMixin, Base):
    """The usual user."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="ana")
    blocked: Mapped[bool] = mapped_column(default=False)


class Staff(flask_login.UserMixin, Base):
    """A user of another table, equal to one with the same id."""

    __tablename__ = "staff"
    id: Mapped[int] = mapped_column(primary_key=True)


class Post(Base):
    """A post with an author."""

    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    editor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    author: Mapped[User | None] = relationship(foreign_keys=author_id)
    editor: Mapped[User | None] = relationship(foreign_keys=editor_id)
    other_id: Mapped[int | None] = mapped_column(sa.ForeignKey("posts.id"))
    other: Mapped[Post | None] = relationship(remote_side=id)


CONDITIONS = {
    "unify": "p.author = u",
    "not": "not p.author = u",
    "equal": "p.author == u",
    "unequal": "p.author != u",
    "nil": "u = u and p.author = nil",
    "either": "p.author = u or p.editor = u",
    "both": "u = u and p.author = p.editor",
    "in": "u in [p.author, p.editor]",
}
#: The authors and editors of posts; nobody has the number 9.
AUTHORS, EDITORS = (None, 1, 2, 9), (None, 1, 2)


@pytest.fixture
def session(sqlite: sa.Engine) -> Iterator[orm.Session]:
    """Open a database with a few users and posts; nothing is written on its own."""
    Base.metadata.create_all(sqlite)
    with orm.Session(sqlite, autoflush=False) as session:
        session.add_all([*(User(id=n) for n in (1, 2, 3)), Staff(id=1)])
        pairs = enumerate(itertools.product(AUTHORS, EDITORS))
        session.add_all(Post(id=n, author_id=a, editor_id=e) for n, (a, e) in pairs)
        session.commit()
        yield session


def stored(session: orm.Session) -> t.Any:
    return session.get_one(User, 1)


def changed(session: orm.Session) -> t.Any:
    user = session.get_one(User, 1)
    user.id = 2
    return user


def expired(session: orm.Session) -> t.Any:
    user = session.get_one(User, 1)
    session.expire(user)
    return user


def detached(session: orm.Session) -> t.Any:
    user = session.get_one(User, 1)
    session.expunge(user)
    return user


ACTORS: dict[str, t.Callable[[orm.Session], t.Any]] = {
    "stored": stored,
    "changed": changed,
    "expired": expired,
    "detached": detached,
    "of another table": lambda session: session.get_one(Staff, 1),
    "copy": lambda session: User(id=1),
    "new": lambda session: User(),
    "anonymous": lambda session: flask_login.AnonymousUserMixin(),
    "none": lambda session: None,
}


def make_oso(condition: str, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    register_models(oso, Base)
    oso.register_class(flask_login.AnonymousUserMixin, name="Anonymous")
    oso.load_str(f'allow(u, "read", p: Post) if {condition};')
    return oso


def answers(oso: Oso, session: orm.Session, actor: str) -> list[bool]:
    session.rollback()
    session.expunge_all()
    user = ACTORS[actor](session)
    posts = session.scalars(sa.select(Post).order_by(Post.id)).all()
    return [oso.is_allowed(user, "read", post) for post in posts]


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("actor", ACTORS)
def test_users_are_equal_as_the_solver_says(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch, actor: str, name: str
) -> None:
    """Compiled rules and the solver agree, whatever is known of the user."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso, solver = (make_oso(CONDITIONS[name], compiled=compiled) for compiled in (True, False))

    assert answers(oso, session, actor) == answers(solver, session, actor)


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solver"])
def test_authors_are_equal_as_python_says(session: orm.Session, actor: str, compiled: bool) -> None:
    """Where no author is missing, comparing by keys is what ``==`` says."""
    found = answers(make_oso("p.author = u", compiled=compiled), session, actor)
    session.rollback()
    session.expunge_all()
    user = ACTORS[actor](session)
    posts = session.scalars(sa.select(Post).order_by(Post.id)).all()

    assert found == [bool(post.author == user) for post in posts]


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solver"])
def test_authors_are_not_loaded_to_be_compared(
    sqlite: sa.Engine, session: orm.Session, compiled: bool
) -> None:
    """The foreign key tells whether the actor is the author."""
    oso = make_oso("p.author = u", compiled=compiled)
    user = session.get_one(User, 1)
    posts = session.scalars(sa.select(Post)).all()
    with counted(sqlite) as statements:
        allowed = [post for post in posts if oso.is_allowed(user, "read", post)]

    assert {post.author_id for post in allowed} == {1}
    assert statements == []


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solver"])
def test_a_row_without_its_session_is_an_error(sqlite: sa.Engine, compiled: bool) -> None:
    """A relation of a row whose session is gone cannot be read, and none is guessed."""
    Base.metadata.create_all(sqlite)
    oso = make_oso("p.author = u", compiled=compiled)
    with orm.Session(sqlite) as writing:
        writing.add_all([User(id=1), User(id=2), Post(id=1, author_id=2)])
        writing.commit()
    here = orm.Session(sqlite)
    user, post = here.get_one(User, 1), here.get_one(Post, 1)
    del here
    gc.collect()

    with pytest.raises(orm.exc.DetachedInstanceError):
        oso.is_allowed(user, "read", post)


def test_a_changed_row_is_looked_at(session: orm.Session) -> None:
    """A related row whose id was changed, and not stored, counts by its new id."""
    oso = make_oso("p.author = u")
    user, other = session.get_one(User, 1), session.get_one(User, 2)
    other.id = 1
    post = session.scalars(sa.select(Post).where(Post.author_id == 2)).first()

    assert post is not None
    assert post.author == user
    assert oso.is_allowed(user, "read", post)


def test_columns_of_a_user_are_plain_data(session: orm.Session) -> None:
    """One function reads what is loaded of a user, as it does of any row."""
    oso = make_oso('not u.blocked and u.name = "ana" and p.author = u')
    user, posts = stored(session), session.scalars(sa.select(Post)).all()
    assert user.name == "ana"

    found = [specialized(oso.engine, user, "read", post) for post in posts]

    assert found == [post.author is user for post in posts]


def test_relations_of_two_rows_are_compared_in_one_function(session: orm.Session) -> None:
    """Where one is loaded, the other is compared by its foreign key, and not loaded."""
    oso = make_oso("u.blocked = false and p.other.author = p.editor")
    session.execute(sa.update(Post).values(other_id=1 + Post.id % 11))
    session.commit()
    user, posts = stored(session), session.scalars(sa.select(Post).where(Post.id > 0)).all()
    assert not user.blocked
    loaded = [post for post in posts if post.other is not None and post.other.author is not None]
    expected = [oso.engine.solve_call("allow", (user, "read", post)) for post in loaded]
    for post in loaded:
        vars(post).pop("editor", None)

    answers = [specialized(oso.engine, user, "read", post) for post in loaded]

    assert {*answers} >= {True, False}
    assert all(a in (None, b) for a, b in zip(answers, expected, strict=True))
    assert [oso.is_allowed(user, "read", post) for post in loaded] == expected
