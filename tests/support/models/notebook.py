"""Notes of users, with the extensions that programs usually have: Flask-SQLAlchemy, Flask-Login."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from flask import Flask
from flask_login import LoginManager, UserMixin  # type: ignore[import-untyped]
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from tests.support.sites import make_app

POLICY = """
actor User {}

resource Note {
  permissions = ["read", "edit", "delete"];
  relations = { author: User };

  "read" if "author";
  "edit" if "author";
}

has_relation(user: User, "author", note: Note) if note.author = user;

allow(actor, action, resource) if has_permission(actor, action, resource);
allow(_, "read", note: Note) if note.public;
allow(_: User, "create", Note);
allow_field(user: User, "read", note: Note, "text") if note.author = user;
"""


class Base(orm.DeclarativeBase):
    """The tables of the notebook."""


db = SQLAlchemy(model_class=Base)
Model: t.Any = db.Model


class User(UserMixin, Model):
    """Who writes notes."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Note(Model):
    """What is read and edited."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("user.id"))
    public: orm.Mapped[bool]
    text: orm.Mapped[str] = orm.mapped_column(default="Buy lamp oil.")
    author: orm.Mapped[User] = orm.relationship()


def make_notebook(**config: t.Any) -> Flask:
    """Make an application with tables and a login, and without authorization.

    User 1 wrote note 1, which is private, and note 2, which is public; user 2 wrote note 3.
    """
    app = make_app("notebook", SECRET_KEY="notebook", SQLALCHEMY_DATABASE_URI="sqlite://", **config)
    db.init_app(app)
    login = LoginManager(app)
    login.user_loader(find_user)
    add_rows(app)
    return app


def add_rows(app: Flask) -> None:
    """Make the tables of an application, with users and notes."""
    with app.app_context():
        db.create_all()
        users = [User(id=number) for number in (1, 2)]
        notes = [(1, 1, False), (2, 1, True), (3, 2, False)]
        db.session.add_all(users)
        db.session.add_all(
            Note(id=each, author_id=author, public=public) for each, author, public in notes
        )
        db.session.commit()


def find_user(key: str) -> User | None:
    """Give the user whose key a session has."""
    return db.session.get(User, int(key))


def open_as(app: Flask, user: int | None, path: str, method: str = "GET") -> t.Any:
    """Send a request of a user, or of nobody."""
    client = app.test_client()
    if user is not None:
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = str(user), True
    return client.open(path, method=method)
