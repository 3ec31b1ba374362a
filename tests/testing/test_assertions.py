"""What ``flask_oso.testing`` gives to tests: clients that are somebody."""

from __future__ import annotations

import dataclasses
import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor

import flask_login  # type: ignore[import-untyped]
import flask_sqlalchemy
import pytest
import sqlalchemy as sa
from flask import Flask, redirect, request
from flask.testing import FlaskClient
from sqlalchemy import orm
from werkzeug.local import LocalProxy

from flask_oso import FlaskOso, Oso, OsoError, authorize, authorizes_inside, current_actor
from flask_oso.testing import StandIn, as_user
from tests.support.sites import STAND_IN, Site, make_app, make_oso


@pytest.fixture
def pages(site: Site) -> Site:
    """A site that tells who it takes the client for."""
    site.app.add_url_rule("/who", "who", view_func=lambda: repr(current_actor))
    site.app.add_url_rule("/moved", "moved", view_func=lambda: redirect("/who"))
    site.app.add_url_rule(
        "/page", "page", authorize(lambda: "SECRET", action="read", resource="page")
    )
    return site


@dataclasses.dataclass(frozen=True)
class Lookalike:
    """Looks like what the client of a test sends."""

    actor: t.Any


class Descendant(StandIn):
    """Is not what the client of a test sends either."""


class User(flask_login.UserMixin):
    """A user of Flask-Login, by the name."""

    def __init__(self, name: str) -> None:
        self.id = name

    def __repr__(self) -> str:
        return f"User({self.id})"


# -- clients that are somebody -------------------------------------------------------------


@pytest.mark.parametrize("user", ["ann", "eve", None, 7])
def test_as_user_makes_the_current_actor(pages: Site, user: t.Any) -> None:
    """The user is the actor, whatever the app's own way of finding it says."""
    client = as_user(pages.app.test_client(), user)

    assert client.get("/who?user=root").text == repr(user)


def test_as_user_leaves_the_client_as_it_was(pages: Site) -> None:
    """The client that was given goes on as before."""
    client = pages.app.test_client()

    ann = as_user(client, "ann")

    assert [ann.get("/who").text, client.get("/who?user=eve").text] == ["'ann'", "'eve'"]
    assert STAND_IN not in client.environ_base


@pytest.mark.parametrize(("user", "status"), [("ann", 200), ("eve", 403), (None, 403)])
def test_as_user_asks_the_policy(pages: Site, user: t.Any, status: int) -> None:
    """'as_user' says who asks; what they may do is the policy's to say."""
    client = as_user(pages.app.test_client(), user)

    assert client.get("/page?user=root").status_code == status


def test_as_user_again_is_another_user(pages: Site) -> None:
    """The last one counts."""
    ann = as_user(pages.app.test_client(), "ann")

    assert as_user(ann, "eve").get("/who").text == "'eve'"


def test_as_user_stands_behind_a_proxy(pages: Site) -> None:
    """Of a proxy it is what it stands for when it is given."""
    names = ["ann"]
    client = as_user(pages.app.test_client(), LocalProxy(lambda: names[0]))
    names[0] = "root"

    assert client.get("/who").text == "'ann'"


def test_as_user_follows_redirects(pages: Site) -> None:
    """The request that follows is of the same user."""
    client = as_user(pages.app.test_client(), "ann")

    assert client.get("/moved", follow_redirects=True).text == "'ann'"


def test_as_user_of_nested_requests(pages: Site) -> None:
    """A request that a view sends with another client is not the user's, and theirs goes on."""

    def nest() -> str:
        inner = pages.app.test_client().get("/who?user=eve").text
        return f"{inner} in {current_actor!r}"

    pages.app.add_url_rule("/nest", view_func=nest)

    assert as_user(pages.app.test_client(), "ann").get("/nest").text == "'eve' in 'ann'"


def test_as_user_in_threads(pages: Site) -> None:
    """Requests side by side are each of their own user."""
    clients = {str(n): as_user(pages.app.test_client(), str(n)) for n in range(8)}
    users = list(clients) * 20

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: clients[user].get("/who").text, users))

    assert answers == list(map(repr, users))


def test_as_user_does_not_replace_an_explicit_actor(pages: Site) -> None:
    """A view that names the actor means it."""

    def ask() -> str:
        pages.guard.authorize("page", actor="ann", action="read")
        return "SECRET"

    pages.app.add_url_rule("/ask", view_func=authorizes_inside(ask))

    assert as_user(pages.app.test_client(), "eve").get("/ask").text == "SECRET"


def test_as_user_keeps_class_and_environ_of_the_client(pages: Site) -> None:
    """A client that an application derived stays one."""

    class Client(FlaskClient):
        pass

    pages.app.test_client_class = Client
    pages.app.add_url_rule("/from", "from", lambda: str(request.remote_addr))
    client = pages.app.test_client()
    client.environ_base["REMOTE_ADDR"] = "192.0.2.1"

    ann = as_user(client, "ann")

    assert isinstance(ann, Client)
    assert ann.get("/from").text == "192.0.2.1"


def test_as_user_has_cookies_of_its_own(pages: Site) -> None:
    """Nobody is logged in by the cookies of somebody else."""
    client = pages.app.test_client()
    client.set_cookie("session", "of eve")

    assert as_user(client, "ann").get_cookie("session") is None


# -- what is no test ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "found", ["ann", b"ann", {"actor": "ann"}, Lookalike("ann"), Descendant("ann"), StandIn, None]
)
def test_environ_makes_nobody_an_actor(pages: Site, found: t.Any) -> None:
    """What a server puts there is no object of the class, whatever it looks like."""
    client = pages.app.test_client()

    answer = client.get("/who?user=eve", environ_overrides={STAND_IN: found})

    assert answer.text == "'eve'"


@pytest.mark.parametrize(
    "header", [STAND_IN, "Flask_Oso.Stand_In", "flask-oso.stand-in", "wsgi.flask_oso.stand_in"]
)
def test_headers_make_nobody_an_actor(pages: Site, header: str) -> None:
    """A header arrives as a text, and under another name."""
    answer = pages.app.test_client().get("/who?user=eve", headers={header: "ann"})

    assert answer.text == "'eve'"


def test_environ_makes_nobody_an_actor_without_the_module(
    pages: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing imported the module, the key is not even looked into."""
    client = as_user(pages.app.test_client(), "ann")
    monkeypatch.delitem(sys.modules, "flask_oso.testing")

    assert client.get("/who?user=eve").text == "'eve'"
    assert "flask_oso.testing" not in sys.modules


def test_as_user_is_nobody_outside_of_requests(pages: Site) -> None:
    """An app context has no environment, and the app's own way is asked."""
    pages.guard.set_get_actor(lambda: "root")

    with pages.app.app_context():
        assert current_actor == "root"


@pytest.mark.parametrize("user", [7, "ann", 1.5, {"id": 7}, True])
@pytest.mark.parametrize(
    "policy",
    [
        'allow(_: Owner, "read", "page");',
        'allow(user, "read", "page") if user matches Owner and user.rank = 1;',
        'allow(user, _, "page") if may(user) and not user = nil; may(_: Owner);',
        'actor Owner {} allow(user, _, "page") if may(user); may(_: Actor);',
    ],
)
def test_as_user_refuses_the_key_of_a_user(policy: str, user: t.Any) -> None:
    """Where the policy is about objects, a key would be denied for being one."""
    app, oso = make_app(), make_oso(policy, Owner)
    FlaskOso(oso, app)

    with pytest.raises(OsoError) as caught:
        as_user(app.test_client(), user)

    assert str(caught.value) == (
        f"'as_user' was given a value of type {type(user).__name__!r}, and the policy is about"
        " objects of 'Owner'. Pass the user itself, and not its key."
    )


@pytest.mark.parametrize(
    "policy",
    [
        'allow("ann", "read", "page"); allow(_: Owner, _, _);',
        'allow(name: String, "read", "page") if name = "ann";',
        'allow(user, "read", "page") if user in ["ann"];',
        'allow(user, "read", "page") if user == "ann";',
        'allow({name: "ann"}, "read", "page");',
        'allow(_visitor, "read", "page");',
    ],
)
def test_as_user_takes_a_text_where_actors_may_be_texts(policy: str) -> None:
    """Nothing is wrong with them."""
    app, oso = make_app(), make_oso(policy, Owner)
    FlaskOso(oso, app)

    assert as_user(app.test_client(), "ann").environ_base[STAND_IN].actor == "ann"  # type: ignore[attr-defined]


def test_as_user_wants_the_client_of_an_application(pages: Site) -> None:
    """Given the application, or its arguments in the wrong order, it says what to write."""
    with pytest.raises(TypeError) as caught:
        as_user(pages.app, "ann")  # type: ignore[arg-type]

    assert str(caught.value) == (
        "'as_user' was given 'Flask' in place of a client."
        " Write 'as_user(app.test_client(), user)'."
    )


def test_as_user_refuses_what_nobody_awaited(pages: Site) -> None:
    """A coroutine is no user."""

    async def load() -> None:
        """Find nobody."""

    with pytest.raises(OsoError, match=r"^The user is a coroutine of "):
        as_user(pages.app.test_client(), load())


# -- rows --------------------------------------------------------------------------------


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Owner(flask_login.UserMixin, Base):
    """A user that is a row."""

    __tablename__ = "owners"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    rank: orm.Mapped[int] = orm.mapped_column(default=1)


@pytest.fixture(params=["plain", "flask-sqlalchemy"])
def database(request: pytest.FixtureRequest, tmp_path: t.Any) -> t.Iterator[t.Any]:
    """An app with either kind of session, whose view tells who acts, and in which session."""
    app = make_app()
    guard = FlaskOso(Oso(), app)
    uri = f"sqlite:///{tmp_path}/owners.db"
    if request.param == "plain":
        engine = sa.create_engine(uri)
        sessions: t.Any = orm.scoped_session(orm.sessionmaker(engine))
        app.teardown_appcontext(lambda error: sessions.remove())
        guard.set_get_session(lambda: sessions)
    else:
        app.config["SQLALCHEMY_DATABASE_URI"] = uri
        db = flask_sqlalchemy.SQLAlchemy(app, model_class=Base)
        sessions = db.session
        with app.app_context():
            engine = db.engine
    Base.metadata.create_all(engine)

    @app.route("/who")
    def who() -> str:
        actor = guard.current_actor
        same = orm.object_session(actor) is sessions() and guard.current_actor is actor
        return f"{actor.name} {same}"

    yield app, engine
    engine.dispose()


def stored(engine: sa.Engine, **columns: t.Any) -> Owner:
    """Give a row that was committed, and whose session is closed: all of it has expired."""
    with orm.Session(engine) as session:
        owner = Owner(**columns)
        session.add(owner)
        session.commit()
    return owner


def test_as_user_finds_a_row_in_the_session_of_the_request(database: t.Any) -> None:
    """A row of a session that is closed would raise, and be no object of the request's."""
    app, engine = database
    client = as_user(app.test_client(), stored(engine, id=7, name="ann"))

    assert [client.get("/who").text for _ in range(2)] == ["ann True"] * 2


def test_as_user_sees_a_row_as_it_is(database: t.Any) -> None:
    """What another request changes is seen."""
    app, engine = database
    client = as_user(app.test_client(), stored(engine, id=7, name="ann"))
    client.get("/who")
    with engine.begin() as connection:
        connection.execute(sa.update(Owner).values(name="eve"))

    assert client.get("/who").text == "eve True"


def test_as_user_logs_a_row_in(database: t.Any) -> None:
    """Flask-Login is told of the row that the session has."""
    app, engine = database
    app.secret_key = "for tests"
    flask_login.LoginManager(app).user_loader(lambda key: None)
    client = as_user(app.test_client(), stored(engine, id=7, name="ann"))

    with client.session_transaction() as kept:
        assert kept["_user_id"] == "7"


def test_as_user_with_a_row_that_is_gone(database: t.Any) -> None:
    """A client for a row that is gone is no anonymous visitor."""
    app, engine = database
    app.testing = True
    client = as_user(app.test_client(), stored(engine, id=7, name="ann"))
    with engine.begin() as connection:
        connection.execute(sa.delete(Owner))

    with pytest.raises(OsoError) as caught:
        client.get("/who")

    assert str(caught.value) == (
        "The session of the request has no 'Owner' with the key 7. Commit the row before the"
        " request."
    )


def test_as_user_with_a_row_that_was_never_stored(database: t.Any) -> None:
    """No request would find it."""
    app, _ = database

    with pytest.raises(OsoError, match=r"^'as_user' was given a 'Owner' without a key, so no"):
        as_user(app.test_client(), Owner(name="ann"))


def test_as_user_of_an_app_without_a_session(tmp_path: t.Any) -> None:
    """Where nobody says how rows are read, the row is used as it was given."""
    app = make_app()
    guard = FlaskOso(Oso(), app)
    app.add_url_rule("/who", "who", lambda: guard.current_actor.name)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/owners.db")
    Base.metadata.create_all(engine)
    stored(engine, id=7, name="ann")
    with orm.Session(engine) as session:
        owner = session.get_one(Owner, 7)
        session.expunge(owner)
    engine.dispose()

    assert as_user(app.test_client(), owner).get("/who").text == "ann"


# -- Flask-Login ---------------------------------------------------------------------------


@pytest.fixture(params=["basic", "strong"])
def members(pages: Site, request: pytest.FixtureRequest) -> Flask:
    """A site with Flask-Login that binds sessions to browsers more or less strictly."""
    app = pages.app
    app.secret_key = "for tests"
    manager = flask_login.LoginManager(app)
    manager.session_protection = request.param
    manager.user_loader(User)
    app.add_url_rule(
        "/members",
        "members",
        flask_login.login_required(lambda: repr(flask_login.current_user._get_current_object())),
    )
    return app


def test_as_user_is_logged_in(members: Flask) -> None:
    """What Flask-Login says and what the policy is asked about are the same user."""
    client = as_user(members.test_client(), User("ann"))

    assert [client.get(path).text for path in ("/members", "/who")] == ["User(ann)"] * 2


@pytest.mark.parametrize("user", [7, "ann"])
def test_as_user_refuses_the_key_of_a_member(members: Flask, user: t.Any) -> None:
    """Flask-Login logs in objects."""
    with pytest.raises(OsoError) as caught:
        as_user(members.test_client(), user)

    assert str(caught.value) == (
        f"'as_user' was given a value of type {type(user).__name__!r}, and Flask-Login knows users"
        " that are objects. Pass the user itself, and not its key."
    )


def test_as_user_logs_nobody_else_in(members: Flask) -> None:
    """Clients made before and after have no session."""
    before, after = members.test_client(), members.test_client()

    as_user(before, User("ann")).get("/members")

    assert [client.get("/members").status_code for client in (before, after)] == [401, 401]


@pytest.fixture
def pushed(members: Flask) -> t.Iterator[None]:
    """Push a context around the test, as pytest-flask does."""
    with members.test_request_context():
        yield


def test_as_user_in_a_context_of_the_test(members: Flask, pushed: None) -> None:
    """What is kept on 'g' in a request, as who is logged in, does not reach other requests."""
    client = members.test_client()
    ann, eve = (as_user(client, User(name)) for name in ("ann", "eve"))

    answers = [each.get("/members") for each in (ann, eve, ann)]

    assert [answer.text for answer in answers] == ["User(ann)", "User(eve)", "User(ann)"]
    assert client.get("/members").status_code == 401


def test_as_nobody_in_a_context_of_the_test(members: Flask, pushed: None) -> None:
    """What the test did with the given client does not reach requests of a client for nobody."""
    client = members.test_client()
    members.add_url_rule("/login", "login", lambda: str(flask_login.login_user(User("ann"))))
    client.get("/login")

    assert client.get("/members").text == "User(ann)"
    assert as_user(client, None).get("/members").status_code == 401


def test_as_nobody_is_not_logged_in(members: Flask) -> None:
    """The anonymous actor has no session, though the given client had one."""
    ann = as_user(members.test_client(), User("ann"))

    assert as_user(ann, None).get("/members").status_code == 401
