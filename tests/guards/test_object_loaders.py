"""Objects of a database: the session of Flask-SQLAlchemy, or one that a program gives."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_oso import FlaskOso, Oso, OsoError, authorize
from tests.support.sites import make_app


class Base(orm.DeclarativeBase):
    """What is mapped here."""


class Post(Base):
    """A post; the first is ann's, the second is everybody's."""

    __tablename__ = "post"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner: orm.Mapped[str]


class Comment(Base):
    """A comment, identified by its post and its number there."""

    __tablename__ = "comment"
    post_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)


POLICY = """
allow(user, "read", post: Post) if post.owner in [user, "all"];
allow("root", "edit", _: Post);
allow(_, "read", _: Comment);
"""


def make_blog(**config: t.Any) -> Flask:
    app, oso = make_app(**config), Oso()
    oso.register_class(Post)
    oso.register_class(Comment)
    oso.load_str(POLICY)
    extension = FlaskOso(oso, app)
    extension.set_get_actor(lambda: request.args.get("user"))
    view = lambda post: post.owner  # noqa: E731
    app.add_url_rule("/<post_id>", "show", authorize("read", Post)(view))
    app.add_url_rule("/<int:post_id>/edit", "edit", authorize("edit", Post)(view))
    guard = authorize("read", Comment, key=("post_id", "number"))
    app.add_url_rule(
        "/<int:post_id>/<number>", "comment", guard(lambda comment: f"{comment.number}")
    )
    return app


def fill(session: t.Any) -> None:
    session.add_all([Post(id=1, owner="ann"), Post(id=2, owner="all")])
    session.add(Comment(post_id=1, number=3))
    session.commit()


@pytest.fixture
def shop() -> Iterator[Flask]:
    """An app with Flask-SQLAlchemy."""
    app = make_blog(SQLALCHEMY_DATABASE_URI="sqlite://")
    db = SQLAlchemy(app, model_class=Base)
    with app.app_context():
        db.create_all()
        fill(db.session)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def bare(sessions: orm.scoped_session[orm.Session]) -> Flask:
    """An app that says itself where its session is."""
    app = make_blog()
    app.extensions["oso"].extension.set_get_session(lambda: sessions)
    app.teardown_appcontext(lambda error: sessions.remove())
    return app


@pytest.fixture
def sessions() -> Iterator[orm.scoped_session[orm.Session]]:
    """Sessions of a program without Flask-SQLAlchemy."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    sessions = orm.scoped_session(orm.sessionmaker(engine))
    fill(sessions)
    yield sessions
    sessions.remove()
    engine.dispose()


@pytest.mark.parametrize("name", ["shop", "bare"])
def test_row_is_found_by_its_primary_key(request: pytest.FixtureRequest, name: str) -> None:
    """Nothing has to be registered for a mapped class."""
    client = request.getfixturevalue(name).test_client()

    answers = [client.get(f"/{n}?user=ann").text for n in (1, 2)]
    others = [client.get(f"/{n}?user=eve").status_code for n in (1, 2, 3)]

    assert (answers, others) == (["ann", "all"], [404, 200, 404])


@pytest.mark.parametrize(
    "text",
    ["1e0", "%201", "1%20", "01", "+1", "-1", "True", "1.0", "9" * 400, "%00", "1%00", "%ED%A0%80",
     "%EF%BC%91", "9223372036854775808", "*", "1;--"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["shop", "bare"])
def test_what_is_no_identity_is_not_found(
    request: pytest.FixtureRequest, name: str, text: str
) -> None:
    """The database converts nothing, and a client causes no error."""
    client = request.getfixturevalue(name).test_client()

    assert client.get(f"/{text}?user=ann").status_code == 404


def test_number_that_no_row_can_have_is_not_found(shop: Flask) -> None:
    """A number too large for a row is not found, where the route takes integers of any size."""
    client = shop.test_client()

    assert client.get(f"/{2**70}/edit?user=root").status_code == 404
    assert client.get("/1/edit?user=root").text == "ann"


def test_row_with_a_key_of_two_columns_is_found(shop: Flask) -> None:
    """The variables stand in the order of the primary key."""
    client = shop.test_client()

    answers = [client.get(path).status_code for path in ("/1/3", "/3/1", "/1/03", "/1/x")]

    assert answers == [200, 404, 404, 404]


def test_loader_comes_before_the_session(shop: Flask) -> None:
    """A function that is registered is asked, and nothing else."""
    shop.extensions["oso"].extension.loader(Post)(lambda post_id: Post(owner="all"))

    assert shop.test_client().get("/77?user=eve").text == "all"


def test_session_of_the_program_comes_before_that_of_the_library(
    shop: Flask, sessions: orm.scoped_session[orm.Session]
) -> None:
    """What a program says wins."""
    sessions.add(Post(id=9, owner="all"))
    sessions.commit()
    shop.extensions["oso"].extension.set_get_session(lambda: sessions)

    assert shop.test_client().get("/9").text == "all"


def test_load_inside_a_view_reads_the_same_row(shop: Flask) -> None:
    """The object that 'load' gives is that of the session, so that changes to it are saved."""
    extension = shop.extensions["oso"].extension
    with shop.test_request_context("/?user=ann"):
        post = extension.load(Post, 1, action="read")

        assert post is shop.extensions["sqlalchemy"].session.get(Post, 1)
        assert post is extension.load(Post, "1", action="read")


def swap(key: tuple[str, ...], url: str = "/<int:number>/<int:post_id>") -> tuple[Flask, FlaskOso]:
    """Make an app with a guard of a comment."""
    app, oso = make_app(), Oso()
    oso.register_class(Comment)
    oso.load_str(POLICY)
    extension = FlaskOso(oso, app)
    extension.set_get_actor(lambda: "ann")
    guard = authorize("read", Comment, key=key)
    app.add_url_rule(url, "comment", guard(lambda comment: "comment"))
    return app, extension


def test_variables_in_another_order_than_the_primary_key() -> None:
    """Their names are those of its columns, so that the order is a mistake."""
    app, extension = swap(("number", "post_id"))
    extension.set_get_session(lambda: None)

    with pytest.raises(OsoError) as caught:
        extension.check_routes(app)

    message = str(caught.value)
    assert message.startswith('\'@authorize("read", Comment, key=("number", "post_id"))\' (')
    assert message.endswith(
        ") names the variables in another order than an object of 'Comment' is found by, and they"
        ' are not told by their names. Write \'key=("post_id", "number")\'.'
    )
    assert app.test_client().get("/1/3").status_code == 500


@pytest.mark.parametrize(
    ("key", "status"), [(("post_id", "number"), 404), (("number", "post_id"), 500)]
)
def test_variables_in_another_order_than_a_function_takes_them(
    key: tuple[str, ...], status: int
) -> None:
    """They are given to it by position."""
    app, extension = swap(key)
    extension.loader(Comment)(lambda post_id, number: None)

    assert app.test_client().get("/1/3").status_code == status


@pytest.mark.parametrize("names", [("number", "post"), ("a", "b")])
def test_variables_with_names_of_their_own_stand_in_their_order(names: tuple[str, str]) -> None:
    """Nothing tells that another order is meant."""
    app, extension = swap(names, "/<int:{}>/<int:{}>".format(*names))
    extension.loader(Comment)(lambda post_id, number: None)

    extension.check_routes(app)

    assert app.test_client().get("/1/3").status_code == 404
