"""Flask-SQLAlchemy: its session, its pages and its look-ups take authorized statements."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_oso import FlaskOso, Oso, current_oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import SqlAlchemyAdapter, register_models
from tests.support.sites import make_app

flask_sqlalchemy: t.Any = pytest.importorskip("flask_sqlalchemy")


class Base(orm.DeclarativeBase):
    """The tables of this application."""


db = flask_sqlalchemy.SQLAlchemy(model_class=Base)
Model: t.Any = db.Model


class Post(Model):
    """What is listed."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner: orm.Mapped[str]


class Visit(Model):
    """Is kept in another database."""

    __bind_key__ = "visits"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    post_id: orm.Mapped[int]
    post: orm.Mapped[Post] = orm.relationship(
        primaryjoin=lambda: orm.foreign(Visit.post_id) == Post.id, viewonly=True
    )


@pytest.fixture
def site() -> Iterator[Flask]:
    """Make an application with posts of two people."""
    binds = {"visits": "sqlite://"}
    app = make_app(__name__, SQLALCHEMY_DATABASE_URI="sqlite://", SQLALCHEMY_BINDS=binds)
    db.init_app(app)
    oso = Oso()
    register_models(oso, db.Model)
    oso.load_str('allow(name: String, "read", post: Post) if post.owner = name;')
    FlaskOso(app=app, oso=oso)
    with app.app_context():
        db.create_all()
        db.session.add_all(Post(id=n, owner="ana" if n % 2 else "ben") for n in range(1, 8))
        db.session.commit()
        yield app
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@pytest.mark.usefixtures("site")
def test_db_session_reads_the_rows() -> None:
    """``db.session`` reads the rows."""
    query = current_oso.authorized_query("ana", "read", Post).order_by(Post.id)

    assert [post.id for post in db.session.scalars(query)] == [1, 3, 5, 7]


def test_paginate_counts_and_cuts(site: Flask) -> None:
    """``db.paginate`` counts and cuts."""
    query = current_oso.authorized_query("ana", "read", Post).order_by(Post.id)

    with site.test_request_context("/?page=2"):
        page = db.paginate(query, per_page=3)

    assert (page.total, [post.id for post in page.items]) == (4, [7])


def test_pages_with_columns(site: Flask) -> None:
    """What is allowed on each row of a page is asked by the keys of the page."""
    query = current_oso.authorized_query("ana", "read", Post).order_by(Post.id)

    with site.test_request_context("/?page=1"):
        page = db.paginate(query, per_page=3)
        columns = current_oso.action_columns("ana", Post, ["read", "edit"])
        answers = sa.select(Post.id, *(column.label(name) for name, column in columns.items()))
        shown = answers.where(Post.id.in_([post.id for post in page.items]))
        may = {row.id: (row.read, row.edit) for row in db.session.execute(shown)}

    assert may == {
        post.id: tuple(current_oso.is_allowed("ana", each, post) for each in ("read", "edit"))
        for post in page.items
    }


@pytest.mark.usefixtures("site")
def test_one_or_404() -> None:
    """``db.first_or_404`` finds what may be read, and nothing else."""
    query = current_oso.authorized_query("ana", "read", Post)

    assert db.first_or_404(query.where(Post.id == 3)).id == 3
    with pytest.raises(Exception, match="404 Not Found"):
        db.first_or_404(query.where(Post.id == 2))


@pytest.mark.usefixtures("site")
def test_get_or_404_of_what_may_be_read() -> None:
    """``db.get_or_404`` finds what there is; the list tells whether it may be shown."""
    query = current_oso.authorized_query("ana", "read", Post)

    post = db.get_or_404(Post, 2)

    assert db.session.scalar(query.where(Post.id == post.id)) is None
    assert not current_oso.is_allowed("ana", "read", post)
    assert db.one_or_404(query.where(Post.id == 1)) is db.get_or_404(Post, 1)
    with pytest.raises(Exception, match="404 Not Found"):
        db.one_or_404(query.where(Post.id == post.id))


@pytest.mark.usefixtures("site")
def test_db_session_serves_the_adapter() -> None:
    """``db.session`` works as the session of the adapter."""
    current_oso.set_data_filtering_adapter(SqlAlchemyAdapter(db.session))

    assert sorted(p.id for p in current_oso.authorized_resources("ben", "read", Post)) == [2, 4, 6]


@pytest.mark.usefixtures("site")
def test_statement_is_a_select() -> None:
    """What is made is SQLAlchemy's own."""
    assert isinstance(current_oso.authorized_query("ana", "read", Post), sa.Select)


@pytest.mark.usefixtures("site")
def test_rows_of_two_databases_are_no_list() -> None:
    """A statement reads one database; another one might have a table of the same name."""
    rule = 'allow(name: String, "see", visit: Visit) if visit.post.owner = name;'
    current_oso.load_str(rule, replace=True)

    with pytest.raises(UnsupportedError, match="Rows of 'Post' are in another database"):
        current_oso.authorized_query("ana", "see", Visit)


@pytest.mark.usefixtures("site")
def test_row_of_another_database_is_compared() -> None:
    """The key of a row in another database is a value, as each other."""
    rule = 'allow(post: Post, "see", visit: Visit) if visit.post = post;'
    current_oso.load_str(rule, replace=True)
    db.session.add_all(Visit(id=n, post_id=n % 2 + 1) for n in range(1, 6))
    db.session.commit()

    query = current_oso.authorized_query(db.session.get(Post, 1), "see", Visit)

    assert {visit.id for visit in db.session.scalars(query)} == {2, 4}
