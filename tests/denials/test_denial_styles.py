"""401, 403 or 404: what anonymous clients hear of an app that has a login, and of others."""

from __future__ import annotations

import logging
import typing as t
import warnings

import flask_jwt_extended
import flask_login  # type: ignore[import-untyped]
import pytest
from flask import Flask, make_response, redirect, request
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from werkzeug.exceptions import NotFound, Unauthorized, abort

from flask_oso import FlaskOso, OsoError, authorize, authorizes_inside, skip_authorization
from flask_oso.signals import denied
from tests.support.sites import make_app, make_oso

BROWSER = {"Accept": "text/html,*/*;q=0.8"}
PROGRAM = {"Accept": "application/json"}
POLICY = """
allow(_, "read", post: Post) if post.state = "public";
allow("root", "edit", _: Post);
allow("root", "create", Post);
"""
POSTS = {"1": "hidden", "2": "public"}


class Post:
    """What the site shows; it is a class for the policy's sake."""

    def __init__(self, state: str) -> None:
        self.state = state


class Member(flask_login.UserMixin):
    """Somebody who is logged in."""

    id = "eve"


@pytest.fixture
def site() -> Flask:
    """A site where everybody reads public posts, and only root may edit and create."""
    app, oso = make_app(), make_oso(POLICY, Post, Member)
    app.secret_key = "for tests"
    extension = FlaskOso(oso, app)
    extension.loader(Post)(lambda key: Post(POSTS[key]) if key in POSTS else None)
    extension.require_authorization(strict=True)

    @app.get("/<post_id>")
    @authorize("read", Post)
    def show(post: Post) -> str:
        return post.state

    @app.get("/<post_id>/edit")
    @authorize("edit", Post)
    def edit(post: Post) -> str:
        return "edited"

    @app.get("/new")
    @authorize("create", Post, load=False)
    def new() -> str:
        return "new"

    @app.get("/old")
    @authorize(action="create", resource=Post)
    def old() -> str:
        return "old"

    @app.get("/inside")
    @authorizes_inside
    def inside() -> str:
        extension.load(Post, "1", action="read")
        return "read"

    return app


@pytest.fixture
def login(site: Flask) -> flask_login.LoginManager:
    """Flask-Login; '?login' makes a request that of a member."""
    manager = flask_login.LoginManager(site)
    manager.request_loader(lambda request: Member() if "login" in request.args else None)
    return manager


def statuses(site: Flask, query: str = "", **options: t.Any) -> list[int]:
    """Give the answers about what is hidden, public and missing, to read and to edit."""
    paths = ["/1", "/2", "/3", "/1/edit", "/2/edit", "/3/edit", "/new", "/old", "/inside"]
    client = site.test_client()
    return [client.get(path + query, **options).status_code for path in paths]


@pytest.mark.parametrize("headers", [BROWSER, PROGRAM])
def test_anonymous_with_a_login_is_asked_to_log_in(
    site: Flask, login: flask_login.LoginManager, headers: dict[str, str]
) -> None:
    """Whatever is denied is 401, so what is hidden is as what is missing; the old form is 403."""
    expected = [401, 200, 401, 401, 401, 401, 401, 403, 401]

    assert statuses(site, headers=headers) == expected


def test_member_is_not_asked_to_log_in(site: Flask, login: flask_login.LoginManager) -> None:
    """Who is logged in hears 403 and 404."""
    assert statuses(site, "?login") == [404, 200, 404, 404, 403, 404, 403, 403, 404]


def test_anonymous_without_a_login_is_not_asked(site: Flask) -> None:
    """Where one cannot log in, 401 would ask for the impossible."""
    site.extensions["oso"].extension.set_get_actor(lambda: None)

    assert statuses(site) == [404, 200, 404, 404, 403, 404, 403, 403, 404]


def test_anonymous_object_of_flask_login_is_anonymous(
    site: Flask, login: flask_login.LoginManager
) -> None:
    """Flask-Login's anonymous user is anonymous, also behind the proxy that policies are given."""
    site.extensions["oso"].extension.set_get_actor(lambda: flask_login.current_user)

    assert statuses(site)[:3] == [401, 200, 401]


def test_command_is_not_asked_to_log_in(site: Flask, login: flask_login.LoginManager) -> None:
    """Outside of a request nobody can; a denial there is the error that says so."""
    extension = site.extensions["oso"].extension

    with site.app_context():
        with pytest.raises(NotFound):
            extension.load(Post, "1", action="read", actor=None)
        assert extension.load(Post, "2", action="read", actor=None).state == "public"


def test_actor_that_is_named_is_not_asked_to_log_in(
    site: Flask, login: flask_login.LoginManager
) -> None:
    """To log in would not change the answer."""
    guard = authorize("edit", Post, actor=None)
    site.add_url_rule("/<post_id>/as-nobody", "as_nobody", guard(lambda post: "post"))

    client = site.test_client()

    assert [client.get(f"/{n}/as-nobody").status_code for n in (1, 2, 3)] == [404, 403, 404]


@pytest.mark.parametrize("path", ["/1", "/2/edit", "/3", "/new"])
def test_browser_is_sent_to_the_login_view(
    site: Flask, login: flask_login.LoginManager, path: str
) -> None:
    """A page to log in is where Flask-Login sends people."""
    login.login_view = "login"
    site.add_url_rule("/login", "login", skip_authorization(lambda: "log in"))

    response = site.test_client().get(path, headers=BROWSER)

    assert (response.status_code, response.location) == (
        302,
        f"/login?next={path.replace('/', '%2F')}",
    )
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize("path", ["/1", "/2/edit", "/3", "/new"])
def test_program_gets_problem_details(
    site: Flask, login: flask_login.LoginManager, path: str
) -> None:
    """A program is not redirected to a page."""
    login.login_view = "login"

    response = site.test_client().get(path, headers=PROGRAM)

    assert (response.status_code, response.mimetype) == (401, "application/problem+json")
    assert response.get_json(force=True) == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "You have to log in to do this.",
        "instance": path,
    }


@pytest.mark.parametrize("headers", [BROWSER, PROGRAM])
def test_unauthorized_handler_of_the_app_answers(
    site: Flask, login: flask_login.LoginManager, headers: dict[str, str]
) -> None:
    """What the app gave to Flask-Login answers all."""
    login.unauthorized_handler(lambda: ({"own": True}, 401))

    response = site.test_client().get("/1", headers=headers)

    assert (response.status_code, response.json) == (401, {"own": True})


def test_unauthorized_handler_that_aborts_is_heard(
    site: Flask, login: flask_login.LoginManager
) -> None:
    """A response that it aborts with is the answer."""
    login.unauthorized_handler(lambda: abort(make_response("own", 401)))

    assert site.test_client().get("/1").text == "own"


def test_unauthorized_handler_that_fails_lets_nobody_in(
    site: Flask, login: flask_login.LoginManager
) -> None:
    """An error is not an answer."""
    login.unauthorized_handler(lambda: 1 / 0)

    assert site.test_client().get("/1").status_code == 500


@pytest.mark.parametrize("caught", [401, Unauthorized])
def test_error_handler_of_the_app_answers(
    site: Flask, login: flask_login.LoginManager, caught: t.Any
) -> None:
    """The app's own page for 401 is shown."""
    site.register_error_handler(caught, lambda error: ("own", 401))

    assert site.test_client().get("/1").text == "own"


def test_unauthorized_action_comes_before_the_login(
    site: Flask, login: flask_login.LoginManager
) -> None:
    """What the program says about denials wins."""
    site.extensions["oso"].extension.set_unauthorized_action(lambda: ("said", 418))

    assert statuses(site) == [418, 200, 418, 418, 418, 418, 418, 418, 418]


def test_hidden_and_missing_get_the_same_challenge(
    site: Flask, login: flask_login.LoginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in an answer tells whether there is something."""
    login.login_view = "login"
    site.add_url_rule("/login", "login", skip_authorization(lambda: "log in"))

    hidden = site.test_client().get("/1", headers=BROWSER)
    monkeypatch.delitem(POSTS, "1")
    missing = site.test_client().get("/1", headers=BROWSER)

    assert (hidden.data, list(hidden.headers)) == (missing.data, list(missing.headers))


@pytest.mark.parametrize(
    "headers",
    [
        PROGRAM,
        {**BROWSER, "Authorization": "Bearer x"},
        {**BROWSER, "Authorization": "Basic eDp5"},
        {"Authorization": "garbage"},
    ],
)
@pytest.mark.parametrize("answers_itself", [False, True])
def test_program_is_not_sent_to_a_login_page(
    site: Flask,
    login: flask_login.LoginManager,
    answers_itself: bool,
    headers: dict[str, str],
) -> None:
    """Neither to that of Flask-Login nor to where the app sends everybody."""
    login.login_view = "login"
    site.add_url_rule("/login", "login", skip_authorization(lambda: "log in"))
    if answers_itself:
        login.unauthorized_handler(lambda: redirect("/login"))

    response = site.test_client().get("/1", headers=headers)

    assert (response.status_code, response.location) == (401, None)


def test_program_gets_what_the_app_has_for_it(site: Flask, login: flask_login.LoginManager) -> None:
    """An answer that sends nobody elsewhere is for programs and for browsers."""
    login.unauthorized_handler(lambda: ({"error": "log in"}, 401))

    response = site.test_client().get("/1", headers={"Authorization": "Bearer x"})

    assert (response.status_code, response.get_json()) == (401, {"error": "log in"})


# -- hidden and missing --------------------------------------------------------------


class Observers:
    """Everybody who hears of a denial, and what they heard."""

    def __init__(self, site: Flask, caplog: pytest.LogCaptureFixture) -> None:
        self._site, self._caplog = site, caplog
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._tracer = provider.get_tracer("tests")

    def open(self, path: str) -> list[t.Any]:
        """Send a request; give the answer, the signals, the records and the span."""
        self._caplog.clear()
        heard: list[t.Any] = []

        def hear(sender: object, actor: t.Any, action: t.Any, resource: t.Any, **_: t.Any) -> None:
            heard.append((sender, actor, action, isinstance(resource, Post), resource.state))

        with self._tracer.start_as_current_span("request"), denied.connected_to(hear):
            response = self._site.test_client().get(path, headers=PROGRAM)
        span = self._exporter.get_finished_spans()[-1]
        records: list[t.Any] = [vars(record) for record in self._caplog.records]
        told = [[record["name"], record["levelname"], *self._known(record)] for record in records]
        events = [(event.name, dict(event.attributes or {})) for event in span.events]
        details = (response.get_json(force=True) or {}) | {"instance": None}
        return [
            (response.status_code, sorted(response.headers.keys()), details),
            heard,
            told,
            (dict(span.attributes or {}), events),
        ]

    @staticmethod
    def _known(record: dict[str, t.Any]) -> list[t.Any]:
        fields = record.get("decision", {"message": record.get("message")})
        return [(key, value) for key, value in fields.items() if key != "microseconds"]


@pytest.fixture
def observers(site: Flask, caplog: pytest.LogCaptureFixture) -> Observers:
    """Observers of a site in which somebody is logged in."""
    caplog.set_level(logging.INFO, "flask_oso.decisions")
    extension = site.extensions["oso"].extension
    extension.set_get_actor(lambda: "eve")
    extension.loader(Post)(lambda key: Hidden(key) if key == "1" else None)
    return Observers(site, caplog)


class Hidden(Post):
    """A post of which nobody may know."""

    state: t.Any = None

    def __init__(self, key: str) -> None:
        self.id = int(key)


@pytest.mark.parametrize("action", ["", "/edit", "/misspelt"])
def test_missing_object_is_as_a_hidden_one_to_all_observers(
    site: Flask, observers: Observers, action: str
) -> None:
    """Signals, log, spans and answer differ in the key at most."""
    site.add_url_rule("/<post_id>/misspelt", "misspelt", authorize("edti", Post)(lambda post: ""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hidden = observers.open(f"/1{action}")
        state = site.extensions["oso"]
        state.denied_actions = type(state.denied_actions)()
        missing = observers.open(f"/3{action}")

    assert repr(missing).replace("Post:3", "Hidden:1") == repr(hidden)


@pytest.mark.parametrize("path", ["/1", "/3", "/1/edit", "/3/edit"])
def test_receiver_that_aborts_does_so_for_hidden_and_missing(
    site: Flask, observers: Observers, path: str
) -> None:
    """One that counts denials, and has had enough, answers 429 to both."""

    def refuse(sender: object, **arguments: t.Any) -> None:
        abort(429)

    with denied.connected_to(refuse):
        assert site.test_client().get(path).status_code == 429


def test_missing_object_inside_a_view_is_told(site: Flask, observers: Observers) -> None:
    """An object that 'load' does not find is told to all observers, with a key of several parts."""
    extension = site.extensions["oso"].extension
    extension.loader(Post)(lambda *keys: None)
    site.add_url_rule(
        "/load/inside",
        "load",
        authorizes_inside(lambda: extension.load(Post, ("reef", 7), action="read")),
    )

    _, heard, told, _ = observers.open("/load/inside")

    assert heard == [(site, "eve", "read", True, None)]
    assert ("resource", "Post:reef,7") in told[0]


def test_client_without_a_token_is_asked_for_one(site: Flask) -> None:
    """Flask-JWT-Extended is a login: a client without a token is asked for one."""
    site.config["JWT_SECRET_KEY"] = "for tests only, and long enough for HS256"
    flask_jwt_extended.JWTManager(site)

    response = site.test_client().get("/1", headers=PROGRAM)

    assert statuses(site) == [401, 200, 401, 401, 401, 401, 401, 403, 401]
    assert response.headers["WWW-Authenticate"] == "Bearer realm=site"


def test_error_of_the_actor_is_the_same_for_hidden_and_missing(site: Flask) -> None:
    """Who acts is asked in either case, and nobody is let in."""
    site.testing = True

    with pytest.raises(OsoError, match="Getting the current actor failed"):
        site.test_client().get("/1")
    with pytest.raises(OsoError, match="Getting the current actor failed"):
        site.test_client().get("/3")


def test_error_while_reading_is_asked_about_is_an_error(site: Flask) -> None:
    """A policy that fails at the second question gives neither 403 nor 404."""
    extension = site.extensions["oso"].extension
    extension.set_get_actor(lambda: "eve")
    site.extensions["oso"].oso.load_str(POLICY.replace("post.state", "post.nothing"), replace=True)

    assert site.test_client().get("/2/edit").status_code == 500


def test_actor_of_the_request_is_asked_once(site: Flask) -> None:
    """A denial of a missing object looks for the actor as one of a hidden object does."""
    asked: list[str] = []
    extension = site.extensions["oso"].extension
    extension.set_get_actor(lambda: asked.append(request.path))

    statuses(site)

    assert asked == ["/1", "/2", "/3", "/1/edit", "/2/edit", "/3/edit", "/new", "/old", "/inside"]
