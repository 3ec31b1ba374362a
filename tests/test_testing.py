"""What ``flask_oso.testing`` gives to tests: clients that are somebody."""

from __future__ import annotations

import dataclasses
import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor

import flask_login
import pytest
from flask import Flask, redirect, request
from flask.testing import FlaskClient
from werkzeug.local import LocalProxy

from flask_oso import authorize, authorizes_inside, current_actor
from flask_oso.globals import STAND_IN
from flask_oso.testing import StandIn, as_user

from .conftest import Site


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


class User(flask_login.UserMixin):  # type: ignore[misc]  # flask_login has no types
    """A user of Flask-Login, by the name."""

    def __init__(self, name: str) -> None:
        self.id = name

    def __repr__(self) -> str:
        return f"User({self.id})"


# -- clients that are somebody -------------------------------------------------------------


@pytest.mark.parametrize("user", ["ann", "eve", None, 7])
def test_as_user_makes_the_current_actor(pages: Site, user: t.Any) -> None:
    """Whatever the app's own way of finding the actor says."""
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
    """It says who asks; what they may do is the policy's to say."""
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
    """Nor does what the test did with the given client reach requests of the new one."""
    client = members.test_client()
    members.add_url_rule("/login", "login", lambda: str(flask_login.login_user(User("ann"))))
    client.get("/login")

    assert client.get("/members").text == "User(ann)"
    assert as_user(client, None).get("/members").status_code == 401


def test_as_nobody_is_not_logged_in(members: Flask) -> None:
    """The anonymous actor has no session, though the given client had one."""
    ann = as_user(members.test_client(), User("ann"))

    assert as_user(ann, None).get("/members").status_code == 401
