"""Who acts: real applications with each of the login libraries, and with several."""

from __future__ import annotations

import datetime
import functools
import sys
import typing as t
import warnings
from collections.abc import Callable, Iterator

import flask_httpauth
import flask_jwt_extended as jwt_extended
import flask_login  # type: ignore[import-untyped]
import pytest
import sqlalchemy as sa
from flask import Flask, g, render_template_string, request, session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from werkzeug.local import LocalProxy

from flask_oso import FlaskOso, Oso, OsoError, authorize
from flask_oso.current_actor import find_actor
from flask_oso.testing import as_user
from tests.support.sites import make_app

USER = "actor"

Ask = Callable[..., str]


class Member(flask_login.UserMixin):
    """A user of Flask-Login."""

    def __init__(self, name: str, is_active: bool = True) -> None:
        self.id = name

    def __repr__(self) -> str:
        return f"<{self.id}>"


class Pending(Member):
    """A user who has given the password, and not yet the second factor."""

    is_authenticated = False


@pytest.fixture
def web() -> Flask:
    """An app whose view tells who acts.

    It is not called ``app``: pytest-flask would push a context around the test, and what
    libraries keep on ``g`` would outlive the requests.
    """
    key = "for tests only, and long enough for HS256"
    web = make_app(SECRET_KEY=key, TESTING=True, OSO_ENFORCE="off")
    extension = FlaskOso(Oso(), web)
    web.add_url_rule("/", "who", lambda: repr(extension.current_actor))
    return web


def who(web: Flask, **options: t.Any) -> str:
    """Send a request, and give who acted in it."""
    return web.test_client().open(**{"path": "/", **options}).text


# -- Flask-Login ---------------------------------------------------------------------


@pytest.fixture
def login(web: Flask) -> flask_login.LoginManager:
    """Flask-Login, with the user of the query string."""
    manager = flask_login.LoginManager(web)
    kinds = {"ann": Member, "tom": Pending}

    @manager.request_loader
    def load(request: t.Any) -> Member | None:
        name = request.args.get("login")
        return kinds[name](name) if name in kinds else None

    return manager


@pytest.mark.parametrize(("name", "expected"), [("ann", "<ann>"), ("eve", "None"), ("tom", "None")])
def test_flask_login_knows_the_actor(
    web: Flask, login: flask_login.LoginManager, name: str, expected: str
) -> None:
    """Its anonymous user, and one who is not authenticated, is None to policies."""
    assert who(web, query_string={"login": name}) == expected


def test_flask_login_with_an_anonymous_class_of_the_app(
    web: Flask, login: flask_login.LoginManager
) -> None:
    """An anonymous user of a class of the app is None to policies."""
    login.anonymous_user = type("Guest", (flask_login.AnonymousUserMixin,), {})

    assert who(web) == "None"


def test_flask_login_is_not_asked_outside_of_requests(
    web: Flask, login: flask_login.LoginManager
) -> None:
    """A command sets 'g.current_user'."""
    with web.app_context():
        g.current_user = "cron"

        assert find_actor(web) == "cron"


def test_error_of_a_user_loader_is_not_an_anonymous_actor(web: Flask) -> None:
    """The error of a user loader is raised as it is."""
    flask_login.LoginManager(web).request_loader(lambda request: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        who(web)


def test_login_manager_of_another_kind_is_not_asked(web: Flask) -> None:
    """An attribute of this name may be anything."""
    web.login_manager = object()  # type: ignore[attr-defined]
    web.before_request(lambda: setattr(g, "current_user", "ann"))

    assert who(web) == "'ann'"


# -- Flask-Security ------------------------------------------------------------------


@pytest.fixture
def secured(web: Flask) -> Iterator[t.Any]:
    """Flask-Security on Flask-SQLAlchemy, with one user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import flask_security
        from flask_security.models import fsqla_v3

        web.config.update(
            SQLALCHEMY_DATABASE_URI="sqlite://",
            SECURITY_PASSWORD_SALT="salt",
            SECURITY_PASSWORD_HASH="plaintext",
            SECURITY_PASSWORD_SCHEMES=["plaintext"],
            SECURITY_HASHING_SCHEMES=["hex_md5"],
            SECURITY_DEPRECATED_HASHING_SCHEMES=[],
            WTF_CSRF_ENABLED=False,
        )
        db = SQLAlchemy(web)
        fsqla_v3.FsModels.set_db_info(db)  # type: ignore[attr-defined]
        role = type("Role", (db.Model, fsqla_v3.FsRoleMixin), {})
        user = type("User", (db.Model, fsqla_v3.FsUserMixin), {"__repr__": lambda u: u.email})
        store = flask_security.SQLAlchemyUserDatastore(db, user, role)
        security = flask_security.Security(web, store)
        with web.app_context():
            db.create_all()
            store.create_user(email="ann@example.com", password="word")
            db.session.commit()
            yield security
            db.session.remove()
            db.engine.dispose()


def test_flask_security_knows_the_actor(web: Flask, secured: t.Any) -> None:
    """Its user is the actor, and its anonymous user is None."""
    client = web.test_client()

    before = client.get("/").text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = client.post("/login", json={"email": "ann@example.com", "password": "word"})

    assert (before, answer.status_code) == ("None", 200)
    assert client.get("/").text == "ann@example.com"


def test_flask_security_of_a_test_as_user(web: Flask, secured: t.Any) -> None:
    """The client of a test that is a user is logged in there, and others are not."""
    user = secured.datastore.find_user(email="ann@example.com")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import flask_security

        guarded = flask_security.auth_required("session")(lambda: "in")
        web.add_url_rule("/members", "members", guarded)

        client = as_user(web.test_client(), user)

        assert [client.get(path).text for path in ("/members", "/")] == ["in", "ann@example.com"]
        assert web.test_client().get("/members").status_code == 302


def test_flask_security_asks_for_a_login(web: Flask, secured: t.Any) -> None:
    """A browser is sent to its page, a program gets its 401; hidden and missing are alike."""
    oso = web.extensions["oso"].oso
    oso.register_class(Member)
    oso.load_str('allow("ann", "read", _: Member);')
    web.extensions["oso"].extension.loader(Member)(lambda key: Member(key) if key == "1" else None)
    web.add_url_rule("/<member_id>", "show", authorize("read", Member)(lambda member: "member"))
    client = web.test_client()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pages = [client.get(path) for path in ("/1", "/2")]
        program = client.get("/1", headers={"Accept": "application/json"})

    assert [page.location for page in pages] == ["/login?next=/1", "/login?next=/2"]
    assert (program.status_code, program.is_json) == (401, True)


# -- Flask-JWT-Extended --------------------------------------------------------------


@pytest.fixture
def jwt(web: Flask) -> jwt_extended.JWTManager:
    """Flask-JWT-Extended without a function that looks users up."""
    return jwt_extended.JWTManager(web)


def bearer(web: Flask, **options: t.Any) -> dict[str, str]:
    """Make the header of a client with a token."""
    with web.app_context():
        token = jwt_extended.create_access_token("ann", **options)
    return {"Authorization": f"Bearer {token}"}


def test_jwt_knows_the_actor(web: Flask, jwt: jwt_extended.JWTManager) -> None:
    """Without a look-up the actor is the identity in the token; without a token, nobody."""
    assert who(web, headers=bearer(web)) == "'ann'"
    assert who(web) == "None"


def test_jwt_looks_the_actor_up(web: Flask, jwt: jwt_extended.JWTManager) -> None:
    """With a function that looks it up, the actor is the user."""
    jwt.user_lookup_loader(lambda header, data: Member(data["sub"]))

    assert who(web, headers=bearer(web)) == "<ann>"


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer a.b.c"}],
)
def test_bad_token_is_answered_by_the_library(
    web: Flask, jwt: jwt_extended.JWTManager, headers: dict[str, str]
) -> None:
    """A bad token is answered by its library, and is never an anonymous actor."""
    response = web.test_client().get("/", headers=headers)

    assert (response.status_code, list(response.json or ())) == (422, ["msg"])


def test_expired_token_is_answered_by_the_library(web: Flask, jwt: jwt_extended.JWTManager) -> None:
    """A token that has expired is answered by its library, and is never an anonymous actor."""
    from datetime import timedelta

    headers = bearer(web, expires_delta=timedelta(seconds=-5))

    assert web.test_client().get("/", headers=headers).status_code == 401


def test_user_who_is_gone_is_answered_by_the_library(
    web: Flask, jwt: jwt_extended.JWTManager
) -> None:
    """A token of somebody who cannot be found is not that of nobody."""
    jwt.user_lookup_loader(lambda header, data: None)

    assert web.test_client().get("/", headers=bearer(web)).status_code == 401


def test_token_that_a_decorator_has_verified_is_not_verified_again(
    web: Flask, jwt: jwt_extended.JWTManager
) -> None:
    """A view that takes refresh tokens has the actor of the token that its decorator verified."""
    extension = web.extensions["oso"].extension
    view = jwt_extended.jwt_required(refresh=True)(lambda: repr(extension.current_actor))
    web.add_url_rule("/refresh", "refresh", view)
    with web.app_context():
        token = jwt_extended.create_refresh_token("ann")

    response = web.test_client().get("/refresh", headers={"Authorization": f"Bearer {token}"})

    assert response.text == "'ann'"


def test_token_is_that_of_its_request(web: Flask, jwt: jwt_extended.JWTManager) -> None:
    """In a context that outlives requests, and in nested ones, nobody acts for another."""
    web.add_url_rule("/nested", "nested", lambda: who(web) + str(web.view_functions["who"]()))
    headers = bearer(web)

    with web.app_context():
        answers = [who(web, headers=headers), who(web), who(web, path="/nested", headers=headers)]

    assert answers == ["'ann'", "None", "None'ann'"]


# -- Flask-HTTPAuth ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "status", "expected"),
    [("word", 200, "'ann'"), ("x", 200, "None"), (None, 200, "None")],
)
def test_http_auth_knows_the_actor(
    web: Flask, password: str | None, status: int, expected: str
) -> None:
    """In a view that it protects; where the login is optional, it may be nobody."""
    auth = flask_httpauth.HTTPBasicAuth()
    auth.verify_password(lambda name, word: name if word == "word" else None)
    extension = web.extensions["oso"].extension
    view = auth.login_required(optional=True)(lambda: repr(extension.current_actor))
    web.add_url_rule("/basic", "basic", view)
    options = {} if password is None else {"auth": ("ann", password)}

    response = web.test_client().get("/basic", **options)

    assert (response.status_code, response.text) == (status, expected)


def test_http_auth_says_nothing_elsewhere(web: Flask) -> None:
    """In other views nothing says who acts, not even that it is nobody."""
    with pytest.raises(OsoError, match="Getting the current actor failed"):
        who(web)


# -- g -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"user": "ann"}, "'ann'"),
        ({"current_user": "ann"}, "'ann'"),
        ({"user": None}, "None"),
        ({"current_user": None}, "None"),
        ({"user": "ann", "current_user": "ann"}, "'ann'"),
        ({"user": LocalProxy(lambda: USER), "current_user": USER}, "'actor'"),
    ],
)
def test_g_knows_the_actor(web: Flask, values: dict[str, t.Any], expected: str) -> None:
    """Either name will do; both, if they are the same."""
    web.before_request(lambda: vars(g._get_current_object()).update(values))

    assert who(web) == expected


def test_g_of_another_class_knows_the_actor(web: Flask) -> None:
    """An app may have a class of its own for 'g', with slots or properties."""
    web.app_ctx_globals_class = type(  # type: ignore[assignment]
        "Globals", (), {"__slots__": (), "current_user": property(lambda own: "ann")}
    )

    assert who(web) == "'ann'"


@pytest.mark.parametrize("current_user", ["eve", None])
def test_two_actors_on_g_are_a_mistake(web: Flask, current_user: str | None) -> None:
    """Which of them acts must be said."""

    @web.before_request
    def load() -> None:
        g.user, g.current_user = "ann", current_user

    with pytest.raises(OsoError) as caught:
        who(web)

    assert str(caught.value) == (
        "'g.user' and 'g.current_user' are not the same, so it is not clear who acts. Say it with"
        " 'OSO_ACTOR' or '@oso.actor_loader'."
    )


# -- order ---------------------------------------------------------------------------


def test_whoever_knows_somebody_is_heard(
    web: Flask, login: flask_login.LoginManager, jwt: jwt_extended.JWTManager
) -> None:
    """Flask-Login, tokens, and 'g'; where two mean one user, the first names it."""
    web.before_request(lambda: setattr(g, "user", request.args.get("g")))
    headers = bearer(web)

    answers = [
        who(web, query_string={"login": "ann"}, headers=headers),
        who(web, query_string={"login": "ann"}),
        who(web, headers=headers),
        who(web, query_string={"g": "ann"}, headers=headers),
        who(web, query_string={"g": "ben"}),
        who(web),
    ]

    assert answers == ["<ann>", "<ann>", "'ann'", "'ann'", "'ben'", "None"]


# -- logins that disagree ------------------------------------------------------------


class Administrator(Member):
    """Who may do everything."""


@pytest.fixture
def session_of_root(web: Flask) -> flask_login.LoginManager:
    """Flask-Login, with the session of an administrator for clients that have the cookie."""
    manager = flask_login.LoginManager(web)
    manager.user_loader(lambda name: {"root": Administrator, "ann": Member}[name](name))
    return manager


def ask_as(web: Flask, name: str, path: str = "/", **options: t.Any) -> t.Any:
    """Send a request with the session of a user."""
    client = web.test_client()
    with client.session_transaction() as kept:
        kept.update(_user_id=name, _fresh=True)
    return client.get(path, **options)


@pytest.mark.parametrize(("name", "status"), [("root", 400), ("ann", 200)])
def test_session_and_token_have_to_agree(
    web: Flask,
    session_of_root: t.Any,
    jwt: jwt_extended.JWTManager,
    name: str,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The cookie of one user with the token of another is neither of them, and no 5xx."""
    response = ask_as(web, name, headers=bearer(web))

    assert response.status_code == status
    assert caplog.messages == [
        "Flask-Login and Flask-JWT-Extended know different people, so it is not clear who acts:"
        " the request was answered 400. Say it with 'OSO_ACTOR' or '@oso.actor_loader'."
    ] * (status == 400)


@pytest.mark.parametrize(("name", "status"), [("root", 400), ("ann", 200)])
def test_session_and_looked_up_user_have_to_agree(
    web: Flask, session_of_root: t.Any, jwt: jwt_extended.JWTManager, name: str, status: int
) -> None:
    """Users are the same if they say so."""
    jwt.user_lookup_loader(lambda header, data: Member(data["sub"]))

    assert ask_as(web, name, headers=bearer(web)).status_code == status


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "a b", ""])
def test_session_with_a_token_that_is_refused(
    web: Flask, session_of_root: t.Any, jwt: jwt_extended.JWTManager, token: str
) -> None:
    """A session with a token that is refused is answered as the token's library does."""
    response = ask_as(web, "root", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code in (401, 422)


def test_session_with_a_token_that_has_expired(
    web: Flask, session_of_root: t.Any, jwt: jwt_extended.JWTManager
) -> None:
    """A session with a token that has expired is answered as the token's library does."""
    headers = bearer(web, expires_delta=datetime.timedelta(seconds=-1))

    assert ask_as(web, "root", headers=headers).status_code == 401


def test_session_with_a_header_that_is_for_nobody(
    web: Flask, session_of_root: t.Any, jwt: jwt_extended.JWTManager
) -> None:
    """What no library reads, a password of a proxy in front say, does not matter."""
    assert ask_as(web, "root", auth=("door", "word")).text == "<root>"


@pytest.mark.parametrize(
    ("word", "name", "status"),
    [("word", "root", 400), ("word", "ann", 200), ("x", "root", 400), (None, "root", 200)],
)
def test_session_and_password_have_to_agree(
    web: Flask, session_of_root: t.Any, word: str | None, name: str, status: int
) -> None:
    """Flask-HTTPAuth knows a name, and may refuse a password where a login is optional."""
    auth = flask_httpauth.HTTPBasicAuth()
    auth.verify_password(lambda name, word: name if word == "word" else None)
    extension = web.extensions["oso"].extension
    view = auth.login_required(optional=True)(lambda: repr(extension.current_actor))
    web.add_url_rule("/optional", "optional", view)
    options: dict[str, t.Any] = {} if word is None else {"auth": ("ann", word)}

    assert ask_as(web, name, "/optional", **options).status_code == status


@pytest.mark.parametrize(("name", "status"), [("root", 400), ("ann", 200)])
def test_session_and_request_loader_have_to_agree(
    web: Flask, session_of_root: t.Any, name: str, status: int
) -> None:
    """Flask-Login does not ask for a token where it has a session; here both are asked."""
    asked = []

    @session_of_root.request_loader
    def load(request: t.Any) -> Member | None:
        asked.append(request)
        return Member("ann") if request.authorization.token == "good" else None

    response = ask_as(web, name, headers={"Authorization": "Bearer good"})

    assert (response.status_code, len(asked)) == (status, 1)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Authorization": "Bearer ann"}},
        {"headers": {"Authentication-Token": "ann"}},
        {"query_string": {"api_key": "ann"}},
    ],
)
def test_session_and_request_loader_have_to_agree_wherever_it_looks(
    web: Flask, session_of_root: t.Any, options: dict[str, t.Any]
) -> None:
    """Flask-Security has a header of its own, and others take keys from the query string."""

    @session_of_root.request_loader
    def load(request: t.Any) -> Member | None:
        words = {*request.headers.values(), *request.args.values()}
        return Member("ann") if words & {"ann", "Bearer ann"} else None

    assert ask_as(web, "root", **options).status_code == 400
    assert ask_as(web, "ann", **options).status_code == 200
    assert ask_as(web, "root").status_code == 200


@pytest.mark.parametrize("header", ["Bearer garbage", "Bearer", "Basic garbage", "garbage"])
def test_session_with_a_header_that_the_request_loader_refuses(
    web: Flask, session_of_root: t.Any, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Who sends a token that nobody knows does not act as the session's user."""
    session_of_root.request_loader(lambda request: None)

    assert ask_as(web, "root", headers={"Authorization": header}).status_code == 400
    assert caplog.messages == [
        "Flask-Login knows somebody, and the 'request_loader' of Flask-Login refuses, so it is not"
        " clear who acts: the request was answered 400. Say it with 'OSO_ACTOR' or"
        " '@oso.actor_loader'."
    ]


@pytest.mark.parametrize("header", ["Basic garbage", "Basic Og", "Bearer x", "garbage"])
def test_session_with_a_password_that_cannot_be_read(
    web: Flask, session_of_root: t.Any, header: str
) -> None:
    """What Flask makes nothing of was sent all the same, and Flask-HTTPAuth refused it."""
    auth = flask_httpauth.HTTPBasicAuth()
    auth.verify_password(lambda name, word: None)
    extension = web.extensions["oso"].extension
    view = auth.login_required(optional=True)(lambda: repr(extension.current_actor))
    web.add_url_rule("/optional", "optional", view)

    response = ask_as(web, "root", "/optional", headers={"Authorization": header})

    assert response.status_code == 400


def test_session_with_a_token_that_another_library_takes(
    web: Flask, session_of_root: t.Any, jwt: jwt_extended.JWTManager
) -> None:
    """A token of the same user that the 'request_loader' cannot read contradicts no session."""
    session_of_root.request_loader(lambda request: None)

    assert ask_as(web, "ann", headers=bearer(web)).status_code == 200


@pytest.mark.parametrize(
    ("user", "status"), [(Member("ann"), 400), (Administrator("root"), 200), (None, 200)]
)
def test_session_and_g_have_to_agree(
    web: Flask, session_of_root: t.Any, user: Member | None, status: int
) -> None:
    """The session's user and the one on 'g' have to be the same."""
    web.before_request(lambda: setattr(g, "user", user))

    assert ask_as(web, "root").status_code == status


@pytest.mark.parametrize("anonymous", [flask_login.AnonymousUserMixin(), None])
def test_nobody_on_g_contradicts_nobody(
    web: Flask, session_of_root: t.Any, anonymous: t.Any
) -> None:
    """An application that sets nobody on 'g' contradicts no user of the session."""
    web.before_request(lambda: setattr(g, "user", anonymous))

    assert [ask_as(web, "root").text, who(web)] == ["<root>", "None"]


def test_rows_of_two_sessions_are_one_user(web: Flask, session_of_root: t.Any) -> None:
    """A row is its class and its key, whoever read it."""
    base = orm.declarative_base()
    row = type(
        "Row",
        (base, flask_login.UserMixin),
        {
            "__tablename__": "rows",
            "id": sa.Column(sa.Integer, primary_key=True),
            "__hash__": object.__hash__,
            "__eq__": object.__eq__,
        },
    )
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    base.metadata.create_all(engine)
    with orm.Session(engine) as one, orm.Session(engine) as two, orm.Session(engine) as third:
        third.add_all([row(id=1), row(id=2)])
        third.commit()
        session_of_root.user_loader(lambda name: one.get(row, 1))
        web.before_request(lambda: setattr(g, "user", two.get(row, int(request.args["id"]))))

        answers = [ask_as(web, "1", query_string={"id": key}).status_code for key in ("1", "2")]
    engine.dispose()

    assert answers == [200, 400]


def test_whoever_is_named_decides(
    web: Flask, session_of_root: t.Any, jwt: jwt_extended.JWTManager
) -> None:
    """'set_get_actor' and 'OSO_ACTOR' ask nobody else."""
    web.extensions["oso"].extension.set_get_actor(lambda: "said")

    assert ask_as(web, "root", headers=bearer(web)).text == "'said'"


def test_disagreement_opens_no_view(
    web: Flask, session_of_root: t.Any, jwt: jwt_extended.JWTManager
) -> None:
    """Programs get problem details, and the view of neither user."""
    web.extensions["oso"].oso.load_str('allow(_, "read", "page");')
    web.add_url_rule("/page", "page", authorize("read", "page")(lambda: "SECRET"))
    headers = {**bearer(web), "Accept": "application/json"}

    response = ask_as(web, "root", "/page", headers=headers)

    assert (response.status_code, response.mimetype) == (400, "application/problem+json")
    assert response.get_json(force=True)["detail"] == (
        "You sent two logins, and they do not agree. Send one of them."
    )


def test_libraries_that_are_not_used_are_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app without them is none the wiser."""
    monkeypatch.delitem(sys.modules, "flask_login")
    monkeypatch.delitem(sys.modules, "flask_jwt_extended")
    monkeypatch.delitem(sys.modules, "flask_httpauth")
    web = make_app()

    with web.test_request_context():
        g.current_user = "ann"
        assert find_actor(web) == "ann"

    assert not {"flask_login", "flask_jwt_extended", "flask_httpauth"} & set(sys.modules)


# -- OSO_ACTOR and set_get_actor -----------------------------------------------------


def current() -> str:
    """Give the actor of the tests that name this function."""
    return "named"


async def current_async() -> str:
    """Give it as a coroutine function does."""
    return "awaited"


anonymous = LocalProxy(lambda: flask_login.AnonymousUserMixin())
proxy = LocalProxy(lambda: "behind a proxy")


def make_web(actor: t.Any) -> Flask:
    app = make_app(OSO_ACTOR=actor, TESTING=True)
    extension = FlaskOso(Oso(), app)
    app.add_url_rule("/", "who", lambda: repr(extension.current_actor))
    app.before_request(lambda: setattr(g, "current_user", "ann"))
    return app


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (current, "'named'"),
        (current_async, "'awaited'"),
        (f"{__name__}:current", "'named'"),
        (f"{__name__}:proxy", "'behind a proxy'"),
        (f"{__name__}:Member.__name__.upper", "'MEMBER'"),
        (proxy, "'behind a proxy'"),
        (None, "'ann'"),
    ],
)
def test_oso_actor_names_who_acts(
    monkeypatch: pytest.MonkeyPatch, actor: t.Any, expected: str
) -> None:
    """'OSO_ACTOR' is a function, a proxy, or the name of one, and comes before what is found."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])

    assert who(make_web(actor)) == expected


def test_oso_actor_may_be_the_proxy_of_flask_login(web: Flask) -> None:
    """The anonymous user of Flask-Login's proxy in 'OSO_ACTOR' is None to policies."""
    web = make_web("flask_login:current_user")
    flask_login.LoginManager(web).request_loader(lambda request: None)

    assert who(web) == "None"


def test_set_get_actor_wins() -> None:
    """What a program says comes before what its configuration says."""
    web = make_web(current)
    web.extensions["oso"].extension.set_get_actor(lambda: "said")

    assert who(web) == "'said'"


@pytest.mark.parametrize("actor", ["current", ":current", "module:", "", 5, object()])
def test_oso_actor_that_names_nothing_is_refused(actor: t.Any) -> None:
    """The app does not start."""
    with pytest.raises(OsoError, match=r"^'OSO_ACTOR' is "):
        make_web(actor)


@pytest.mark.parametrize("actor", ["no_such_module:current", f"{__name__}:nobody", "sys:path"])
def test_oso_actor_that_is_not_found_is_refused(
    monkeypatch: pytest.MonkeyPatch, actor: str
) -> None:
    """A name in 'OSO_ACTOR' is looked for when it is needed; nothing else acts in its stead."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])

    with pytest.raises(OsoError, match=f"^'OSO_ACTOR' is '{actor}'"):
        who(make_web(actor))


def test_oso_actor_that_raises_is_not_an_anonymous_actor() -> None:
    """The error comes out."""
    with pytest.raises(ZeroDivisionError):
        who(make_web(lambda: 1 / 0))


# -- what nobody awaited -------------------------------------------------------------


async def find_later() -> None:
    """Find nobody, once somebody waits."""


class Finder:
    """Finds actors."""

    async def __call__(self) -> None:
        """Find nobody."""

    async def find(self) -> str:
        """Find somebody."""
        return "method"


@pytest.mark.parametrize(
    ("get_actor", "expected"),
    [
        (find_later, "None"),
        (functools.partial(find_later), "None"),
        (Finder().find, "'method'"),
        (functools.partial(Finder().find), "'method'"),
    ],
)
def test_coroutine_function_that_finds_the_actor_is_awaited(
    web: Flask, get_actor: t.Any, expected: str
) -> None:
    """A function that finds the actor is awaited where Flask would await a view."""
    web.extensions["oso"].extension.set_get_actor(get_actor)

    assert who(web) == expected


def test_coroutine_function_finds_the_actor_of_an_async_view(web: Flask) -> None:
    """A coroutine function finds the actor where a loop runs already, and sees the request."""

    async def find() -> str:
        return request.args["user"]

    extension = web.extensions["oso"].extension
    extension.set_get_actor(find)
    extension.oso.load_str('allow("ann", "read", "page");')

    @web.get("/page")
    async def show() -> str:
        extension.authorize("page", action="read")
        return "page"

    client = web.test_client()
    assert [client.get(f"/page?user={name}").status_code for name in ("ann", "eve")] == [200, 403]


@pytest.mark.parametrize(
    ("get_actor", "name"),
    [
        (lambda: find_later(), "find_later"),
        (functools.partial(lambda: find_later()), "find_later"),
        (Finder(), "Finder.__call__"),
        (lambda: LocalProxy(find_later), "find_later"),
    ],
)
def test_coroutine_in_place_of_the_actor_is_refused(
    web: Flask, get_actor: t.Any, name: str
) -> None:
    """A coroutine in place of the actor is refused: it would pass for somebody."""
    extension = web.extensions["oso"].extension
    extension.oso.load_str('allow(user, "read", "page") if not user = nil;')
    extension.set_get_actor(get_actor)
    web.add_url_rule("/page", "page", authorize("read", "page")(lambda: "open"))

    with pytest.raises(OsoError) as caught:
        web.test_client().get("/page")

    assert str(caught.value) == (
        f"What finds the current actor gave a coroutine of '{name}', and not what that gives."
        " Give the 'async def' function itself to '@oso.actor_loader' or 'OSO_ACTOR', or await it"
        " before the actor is put on 'g'."
    )


@pytest.mark.parametrize("actor", [lambda: find_later(), f"{__name__}:find_forgetfully"])
def test_coroutine_in_place_of_the_named_actor_is_refused(
    monkeypatch: pytest.MonkeyPatch, actor: t.Any
) -> None:
    """What 'OSO_ACTOR' names is no better."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])

    with pytest.raises(OsoError, match=r"^What finds the current actor gave a coroutine of"):
        who(make_web(actor))


def find_forgetfully() -> t.Any:
    """Forget to await."""
    return find_later()


def test_coroutine_on_g_is_refused(web: Flask) -> None:
    """A coroutine on 'g', which a function before the request forgot to await, is refused."""
    web.before_request(lambda: setattr(g, "user", find_later()))

    with pytest.raises(OsoError, match=r"^What finds the current actor gave a coroutine of"):
        who(web)


@pytest.mark.parametrize(
    ("role", "judge"),
    [
        ("actor", lambda oso: oso.authorize("page", actor=find_later(), action="read")),
        ("resource", lambda oso: oso.authorize(find_later(), action="read")),
        ("action", lambda oso: oso.authorize("page", action=find_later())),
        ("actor", lambda oso: oso.load(Member, 1, action="read", actor=find_later())),
        ("actor", lambda oso: oso.why("read", "page", actor=find_later())),
        ("resource", lambda oso: render_template_string("{{ can('read', later()) }}")),
    ],
)
def test_coroutine_in_a_view_is_refused(
    web: Flask, role: str, judge: Callable[[FlaskOso], t.Any]
) -> None:
    """A coroutine is refused wherever a question is asked."""
    extension = web.extensions["oso"].extension
    extension.oso.load_str('allow(user, "read", _) if not user = nil;')
    extension.loader(Member)(lambda key: None)
    web.jinja_env.globals["later"] = find_later
    web.before_request(lambda: setattr(g, "user", "ann"))
    web.add_url_rule("/page", "page", lambda: judge(extension))

    with pytest.raises(OsoError, match=f"^The {role} is a coroutine of 'find_later', and not"):
        web.test_client().get("/page")


# -- what becomes of it --------------------------------------------------------------


def test_actor_of_a_library_is_judged(web: Flask, login: flask_login.LoginManager) -> None:
    """A policy sees the user, and nil for nobody."""
    oso = web.extensions["oso"].oso
    oso.register_class(Member)
    oso.load_str('allow(_: Member, "read", "page"); allow(nil, "read", "door");')
    for name in ("page", "door"):
        guard = authorize("read", name)
        web.add_url_rule(f"/{name}", name, guard(lambda: "open"))

    client = web.test_client()
    answers = [
        client.get(path, query_string=query).status_code
        for path in ("/page", "/door")
        for query in ({"login": "ann"}, {})
    ]

    assert answers == [200, 401, 403, 200]


def ask_much(extension: FlaskOso) -> str:
    """Ask about the current actor in each way that there is."""
    extension.authorize("read", "page")
    extension.permissions("page")
    template = "{{ can('read', 'page') }} {{ oso.can('read', 'page') }} {{ can('edit', 'page') }}"
    return f"{render_template_string(template)} {extension.current_actor}"


def found_by_session(web: Flask, note: Callable[[t.Any], t.Any]) -> dict[str, t.Any]:
    """Have the user loader of Flask-Login find the actor."""
    flask_login.LoginManager(web).user_loader(note)
    web.before_request(lambda: session.update(_user_id="ann", _fresh=True))
    return {}


def found_by_request(web: Flask, note: Callable[[t.Any], t.Any]) -> dict[str, t.Any]:
    """Have the request loader of Flask-Login find the actor."""
    flask_login.LoginManager(web).request_loader(lambda request: note("ann"))
    return {}


def found_by_token(web: Flask, note: Callable[[t.Any], t.Any]) -> dict[str, t.Any]:
    """Have Flask-JWT-Extended find the actor."""
    jwt_extended.JWTManager(web).user_lookup_loader(lambda header, data: note(data["sub"]))
    return {"headers": bearer(web)}


def found_by_password(web: Flask, note: Callable[[t.Any], t.Any]) -> dict[str, t.Any]:
    """Have Flask-HTTPAuth find the actor, in front of the guard."""
    auth = flask_httpauth.HTTPBasicAuth()
    auth.verify_password(lambda name, word: note(name))
    web.view_functions["page"] = auth.login_required(web.view_functions["page"])
    return {"auth": ("ann", "word")}


def show_logins(extension: FlaskOso) -> str:
    """Log out and in again, and give who acted at first, and behind each."""
    seen = [repr(extension.current_actor)]
    flask_login.logout_user()
    seen.append(repr(extension.current_actor))
    flask_login.login_user(Member("eve"))
    seen.append(repr(extension.current_actor))
    return " ".join(seen)


@pytest.mark.parametrize("named", [False, True], ids=["loader", "config"])
def test_actor_that_a_function_finds_is_found_again_behind_a_login(
    named: bool,
) -> None:
    """Who has logged out acts no more in the rest of the request."""

    def find() -> t.Any:
        user = flask_login.current_user._get_current_object()
        return user if user.is_authenticated else None

    app = make_app(SECRET_KEY="key", OSO_ENFORCE="off")
    app.config["OSO_ACTOR"] = find if named else None
    flask_login.LoginManager(app).user_loader(Member)
    extension = FlaskOso(Oso(), app)
    if not named:
        extension.actor_loader(find)
    app.add_url_rule("/logins", "logins", lambda: show_logins(extension))
    client = app.test_client()
    with client.session_transaction() as values:
        values["_user_id"] = "ann"

    assert client.get("/logins").text == "<ann> None <eve>"


@pytest.mark.parametrize(
    "install", [found_by_session, found_by_request, found_by_token, found_by_password]
)
def test_actor_is_found_once_a_request(web: Flask, install: t.Any) -> None:
    """However much is asked: a guard, a view and its template look up nobody twice."""
    found: list[t.Any] = []
    extension = web.extensions["oso"].extension
    extension.oso.register_class(Member)
    extension.oso.load_str('allow(_: Member, "read", "page");')
    guard = authorize(action="read", resource="page")
    web.add_url_rule("/page", "page", guard(lambda: ask_much(extension)))
    options = install(web, lambda name: found.append(name) or Member(name))

    answers = [web.test_client().get("/page", **options).text for _ in range(2)]

    assert answers == ["True True False <ann>"] * 2
    assert found == ["ann", "ann"]
