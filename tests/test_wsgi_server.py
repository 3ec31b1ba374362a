"""The whole of it behind a real WSGI server, with many clients at once."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import http.client
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import flask_login  # type: ignore[import-untyped]
import pytest
import waitress.server
from flask import Blueprint, Flask, current_app, request, session
from flask.views import MethodView

from flask_oso import FlaskOso, Oso, authorize, authorizes_inside, current_actor, skip_authorization
from tests.support.sites import make_app

pytestmark = pytest.mark.slow

HTML = "text/html"
JSON = "application/json"
ROUNDS = 6

POLICY = """
allow(user: User, "read", "page") if user.id = "ann";
allow(user: User, "read", _: Post) if user.id = "ann";
allow(user: User, "edit", post: Post) if post.owner = user.id and user.id = "ann";
allow(user: User, "read", post: Post) if post.id = 1 and user.id = "bob";
allow(_, "break", x) if x.missing;
"""

#: What each answer has to be.
STATUSES = """
method   path           ann  bob  eve  nobody

GET      /guarded       200  403  403  403
HEAD     /guarded       200  403  403  403
GET      /async         200  403  403  403
GET      /inside        200  403  403  403
GET      /class         200  403  403  403
POST     /class         200  200  200  200
GET      /team/plan     200  403  403  401
GET      /team/notice   200  200  200  200
GET      /posts/1       200  200  404  401
GET      /posts/2       200  404  404  401
GET      /posts/99      404  404  404  401
PUT      /posts/1       200  403  404  401
PUT      /posts/2       403  404  404  401
GET      /open          200  200  200  200

GET      /forgotten     500  500  500  500
HEAD     /forgotten     500  500  500  500
GET      /unguarded     403  403  403  403
GET      /broken        500  500  500  500
GET      /crash         500  500  500  500

OPTIONS  /guarded       200  200  200  200
OPTIONS  /forgotten     200  200  200  200
GET      /static/a.css  200  200  200  200
GET      /nowhere       404  404  404  404
DELETE   /guarded       405  405  405  405
"""


class User(flask_login.UserMixin):
    """Somebody who is logged in."""

    def __init__(self, name: str) -> None:
        self.id = name


@dataclasses.dataclass
class Post:
    """Something that has an owner."""

    id: int
    owner: str


@dataclasses.dataclass(frozen=True)
class Question:
    """A request, and the status that it has to be answered with."""

    method: str
    path: str
    status: int


def questions_of(user: str) -> list[Question]:
    """Read what a user asks, and what they have to be told."""
    heading, *lines = (line.split() for line in STATUSES.strip().splitlines() if line.strip())
    column = heading.index(user)
    return [Question(words[0], words[1], int(words[column])) for words in lines]


# -- sites ----------------------------------------------------------------------------------


def tell_secret(**_names: t.Any) -> str:
    """Answer a view: with what nobody may see who is denied, and for whom it is."""
    names = (session.get("_user_id"), name_of(flask_login.current_user), name_of(current_actor))
    return "SECRET for {}, {}, {}".format(*names)


def name_of(user: t.Any) -> t.Any:
    """Give the name of a user; ``None`` is nobody's."""
    return getattr(user, "id", None)


def make_site(folder: Path, oso: Oso, **config: t.Any) -> Flask:
    """Make an app whose actor is the user of Flask-Login."""
    config = {"OSO_ENFORCE": "strict"} | config
    app = make_app(folder=folder, SECRET_KEY="for tests", **config)
    flask_login.LoginManager(app).user_loader(User)
    oso.register_class(User)

    @app.post("/login")
    @skip_authorization
    def login() -> str:
        flask_login.login_user(User(request.args["user"]))
        return ""

    @app.get("/guarded")
    @authorize(action="read", resource="page")
    def guarded() -> str:
        return tell_secret()

    guard = FlaskOso(oso)
    guard.loader(Post)(lambda key: {1: Post(1, "ann"), 2: Post(2, "bob")}.get(int(key)))
    guard.init_app(app)
    return app


def add_views(app: Flask) -> None:
    """Add a view of each kind."""

    @app.get("/inside")
    @authorizes_inside
    def inside() -> str:
        current_app.extensions["oso"].extension.authorize("page", action="read")
        return tell_secret()

    @app.get("/async")
    @authorize(action="read", resource="page")
    async def later() -> str:
        await asyncio.sleep(0)
        return tell_secret()

    @app.get("/open")
    @skip_authorization(reason="Everybody is told who they are.")
    def open_to_all() -> str:
        return tell_secret()

    @app.get("/forgotten")
    @authorizes_inside
    def forgotten() -> str:
        return tell_secret()

    @app.get("/crash")
    @skip_authorization
    def crash() -> str:
        raise ZeroDivisionError("SECRET")

    team = Blueprint("team", "team", url_prefix="/team")
    app.extensions["oso"].extension.guard(team, "read", "page")
    notice = skip_authorization(lambda: tell_secret(), blueprint=True)  # type: ignore[call-overload]
    team.add_url_rule("/plan", "plan", lambda: tell_secret())
    team.add_url_rule("/notice", "notice", notice)
    app.register_blueprint(team)
    app.add_url_rule("/class", view_func=Both.as_view("class"))

    breaks = authorize(action="break", resource="page")
    read, edit = authorize("read", Post), authorize("edit", Post)
    app.add_url_rule("/unguarded", "unguarded", lambda: tell_secret())
    app.add_url_rule("/broken", "broken", breaks(lambda: tell_secret()))
    app.add_url_rule("/posts/<int:post_id>", "post", read(lambda post: tell_secret()))
    app.add_url_rule(
        "/posts/<int:post_id>", "edit", edit(lambda post: tell_secret()), methods=["PUT"]
    )


class Both(MethodView):
    """A view with a method for some and one for all."""

    @authorize(action="read", resource="page")
    def get(self) -> str:
        return tell_secret()

    @skip_authorization
    def post(self) -> str:
        return tell_secret()


@contextlib.contextmanager
def serve(app: Flask) -> Iterator[int]:
    """Serve an app on the loopback with eight threads; give the port."""
    server = waitress.server.create_server(app, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run)
    thread.start()

    def close() -> None:
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.close()

    try:
        yield server.effective_port
    finally:
        server.task_dispatcher.shutdown()
        # Sockets are closed by the thread that waits for them.
        server.trigger.pull_trigger(close)
        thread.join(20)


# -- clients --------------------------------------------------------------------------------


class Browser:
    """A client with a connection and a session of its own."""

    def __init__(self, port: int, user: str, accepts: str, hidden: tuple[str, ...]) -> None:
        self.user = user
        self.accepts = accepts
        #: What no answer may have in it, unless the view was entered.
        self.hidden = hidden
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.cookie = ""

    def log_in(self) -> None:
        """Get a session, unless this is nobody."""
        if self.user != "nobody":
            answer, _ = self.send("POST", f"/login?user={self.user}")
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]

    def send(self, method: str, path: str) -> tuple[http.client.HTTPResponse, str]:
        """Send a request; give the response and its body."""
        headers = {"Accept": self.accepts, "Cookie": self.cookie}
        self.connection.request(method, path, headers=headers)
        answer = self.connection.getresponse()
        return answer, answer.read().decode()

    def ask(self, question: Question) -> str:
        """Give what is wrong with an answer; nothing, if all is well."""
        answer, body = self.send(question.method, question.path)
        wrong = [
            f"status {answer.status}" * (answer.status != question.status),
            f"body {body!r}" * (not self.may_see(body, question)),
            f"type {answer.headers['Content-Type']}" * (not self.likes(answer)),
        ]
        found = ", ".join(filter(None, wrong))
        return found and f"{question} of {self.user} for {self.accepts}: {found}"

    def may_see(self, body: str, question: Question) -> bool:
        """Tell whether a body is for this user, and for nobody else."""
        if question.method == "HEAD":
            return body == ""
        if question.status == 200 and question.method != "OPTIONS" and "." not in question.path:
            name = None if self.user == "nobody" else self.user
            return body == f"SECRET for {name}, {name}, {name}"
        return not any(word in body for word in self.hidden)

    def likes(self, answer: http.client.HTTPResponse) -> bool:
        """Tell whether a denial has the format that this client prefers."""
        kind = answer.headers["Content-Type"].partition(";")[0]
        wanted = "application/problem+json" if self.accepts == JSON else HTML
        return answer.status not in (401, 403) or kind == wanted

    def close(self) -> None:
        """End the connection."""
        self.connection.close()


def visit(browser: Browser, start: threading.Barrier, offset: int) -> list[str]:
    """Ask all questions of a user some times over, each client in another order."""
    with contextlib.closing(browser):
        browser.log_in()
        questions = questions_of(browser.user)
        questions = questions[offset:] + questions[:offset]
        start.wait(20)
        return [wrong for _ in range(ROUNDS) for each in questions if (wrong := browser.ask(each))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with a policy and a static file."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.css").write_text("body {}", encoding="utf-8")
    (tmp_path / "policy.polar").write_text(POLICY, encoding="utf-8")
    return tmp_path


def test_all_kinds_of_views_with_users_side_by_side(folder: Path) -> None:
    """Each answer has its status, its format, and the secrets of no other user."""
    oso = Oso()
    oso.register_class(Post)
    app = make_site(folder, oso, OSO_POLICIES="policy.polar", OSO_ENFORCE="forbid")
    add_views(app)
    users = [(user, kind) for user in ("ann", "bob", "eve", "nobody") for kind in (HTML, JSON)]
    start = threading.Barrier(len(users))

    with serve(app) as port, ThreadPoolExecutor(len(users)) as pool:
        visits = [
            pool.submit(visit, Browser(port, *user, ("SECRET", "allow(", "user:")), start, place)
            for place, user in enumerate(users)
        ]
        wrong = [each for visit in visits for each in visit.result(60)]

    assert wrong == []


# -- reload ---------------------------------------------------------------------------------

# Eve is a member in A and trusted in B, and may do nothing in either; an answer that takes
# from both lets her in.
RULES = """
allow(user: User, "read", "page") if
  member(user.id) and moment.over() and trusted(user.id);
member("ann"); trusted("ann");
"""
POLICY_A = RULES + 'member("eve"); version("a");'
POLICY_B = RULES + 'trusted("eve"); version("b");'


class Moment:
    """The middle of a decision, in which others may do something."""

    def over(self) -> bool:
        """Let them."""
        time.sleep(0.0005)
        return True


def write(path: Path, text: str) -> None:
    """Put a file in the place of another one."""
    written = path.with_suffix(".new")
    written.write_text(text, encoding="utf-8")
    written.replace(path)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so, 20 seconds at most."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "It did not come to be."
        time.sleep(0.002)


def alternate(path: Path, app: Flask, oso: Oso, times: int) -> None:
    """Save one policy after the other, and what is no policy in between."""
    state = app.extensions["oso"]
    for _ in range(times):
        for version, text in (("b", POLICY_B), ("a", POLICY_A)):
            write(path, text)
            wait_for(partial(oso.query_rule_once, "version", version))
            write(path, text + "\nallow(")
            wait_for(lambda: state.reload_problem is not None)


def ask_until(is_over: threading.Event, browser: Browser, status: int) -> tuple[int, list[str]]:
    """Ask for the page until the policies are done; give how often, and what was wrong."""
    wrong, asked = [], 0
    with contextlib.closing(browser):
        browser.log_in()
        while not is_over.is_set() and asked < 5000:
            asked += 1
            wrong.append(browser.ask(Question("GET", "/guarded", status)))
    return asked, list(filter(None, wrong))


@pytest.mark.parametrize("watchfiles", [True, False], ids=["watchfiles", "requests"])
def test_reload_under_load(folder: Path, monkeypatch: pytest.MonkeyPatch, watchfiles: bool) -> None:
    """Eve never gets in while the policy changes, and Ann always does."""
    monkeypatch.setattr("flask_oso.reloading.INTERVAL", 0.05 if watchfiles else 0.0)
    monkeypatch.setattr("flask_oso.reloading.PAUSE", 0.01)
    monkeypatch.setattr("flask_oso.reloading.LONGEST_REQUEST", 0.05)
    monkeypatch.setitem(*without_watchfiles(watchfiles))
    write(folder / "policy.polar", POLICY_A)
    oso = Oso()
    oso.register_constant(Moment(), "moment")
    # In debug mode Flask hands errors to the server, unless it is told not to.
    debug = {"DEBUG": True, "PROPAGATE_EXCEPTIONS": False, "OSO_RELOAD": True}
    app = make_site(folder, oso, OSO_POLICIES="policy.polar", **debug)
    is_over = threading.Event()

    with serve(app) as port, ThreadPoolExecutor(6) as pool:
        asking = [
            pool.submit(ask_until, is_over, Browser(port, user, kind, ("SECRET",)), status)
            for user, status in (("ann", 200), ("eve", 403), ("nobody", 403))
            for kind in (HTML, JSON)
        ]
        try:
            alternate(folder / "policy.polar", app, oso, times=5)
        finally:
            is_over.set()
        results = [each.result(60) for each in asking]

    assert [wrong for _, wrong in results] == [[]] * 6
    assert min(asked for asked, _ in results) > 5


def without_watchfiles(is_there: bool) -> tuple[dict[str, t.Any], str, t.Any]:
    """Give what makes watchfiles be missing, or changes nothing."""
    return sys.modules, "no.watchfiles" if is_there else "watchfiles", None
