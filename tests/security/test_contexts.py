"""Contexts, nesting, streams, threads and coroutines."""

from __future__ import annotations

import asyncio
import contextvars
import io
import threading
import typing as t
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import flask
import pytest
from werkzeug.exceptions import Forbidden

from flask_oso import FlaskOso, Oso, OsoError, authorize, skip_authorization
from tests.support.sites import load_user, make_app, make_site


@pytest.fixture
def demanding(site: t.Any) -> t.Any:
    """Give a site that withholds what was not authorized, with a view of each kind."""
    site.guard.require_authorization(site.app)
    site.app.add_url_rule("/checked", "checked", authorize(resource="page")(lambda: "page"))
    site.app.add_url_rule("/skipped", "skipped", skip_authorization(lambda: "open"))
    site.app.add_url_rule("/forgot", "forgot", lambda: site.enter())
    return site


@pytest.mark.parametrize("first", ["/checked", "/skipped"])
def test_request_in_an_app_context_starts_unchecked(demanding: t.Any, first: str) -> None:
    """Within one app context the next request starts unchecked."""
    with demanding.app.app_context():
        answers = [demanding.open(path, "ann").status_code for path in (first, "/forgot")]

    assert answers == [200, 500]


@pytest.mark.parametrize("first", ["/checked", "/skipped"])
def test_request_in_a_pushed_request_context_starts_unchecked(demanding: t.Any, first: str) -> None:
    """A request within a context that a test has pushed starts unchecked."""
    with demanding.app.test_request_context("/?user=ann"):
        demanding.guard.authorize("page", actor="ann", action="read")
        answers = [demanding.open(path, "ann").status_code for path in (first, "/forgot")]

    assert answers == [200, 500]


def test_check_of_a_view_does_not_cover_an_inner_request(demanding: t.Any) -> None:
    """The check of a view does not cover a request that it makes."""
    inner = []

    @demanding.app.get("/batch")
    @authorize(resource="page")
    def batch() -> str:
        inner.append(demanding.open("/forgot", "ann").status_code)
        return "done"

    assert (demanding.open("/batch", "ann").status_code, inner) == (200, [500])


@pytest.mark.parametrize("path", ["/checked", "/skipped"])
def test_check_of_an_inner_request_does_not_cover_the_outer_one(
    demanding: t.Any, path: str
) -> None:
    """The check of an inner request does not cover the outer one."""
    inner = []

    @demanding.app.get("/batch")
    def batch() -> str:
        inner.append(demanding.open(path, "ann").status_code)
        return "SECRET"

    assert (demanding.open("/batch", "ann").status_code, inner) == (500, [200])


def test_nested_requests_have_their_own_actor(demanding: t.Any) -> None:
    """Each request is judged for its own user."""
    inner = []

    @demanding.app.get("/batch")
    @skip_authorization
    def batch() -> str:
        inner.append(demanding.open("/checked", "eve").status_code)
        inner.append(demanding.open("/checked", "ann").status_code)
        return "done"

    demanding.open("/batch", "root")

    assert inner == [403, 200]


def load_account() -> None:
    """Note who acts under a name of the program's own."""
    flask.g.account = flask.request.args.get("user")


@pytest.mark.parametrize("loads", [False, True], ids=["usual", "loader"])
def test_outer_request_keeps_its_actor(demanding: t.Any, loads: bool) -> None:
    """A request of somebody else that a view has made is over when the view asks."""
    if loads:
        demanding.app.before_request(load_account)
        demanding.guard.actor_loader(lambda: flask.g.account)
    asking = authorize(action="read", resource="page")(lambda: demanding.enter())

    @demanding.app.get("/batch")
    def batch() -> t.Any:
        demanding.open("/skipped", "ann")
        return asking()

    assert demanding.open("/batch", "eve").status_code == 403
    assert demanding.entered == []


def test_outer_request_keeps_its_actor_before_it_is_looked_at() -> None:
    """A function that was registered before the extension may send the request."""
    app = make_app(OSO_ENFORCE="after")
    client = app.test_client()
    app.before_request(load_user)
    app.before_request(lambda: send_inner(client))
    FlaskOso(Oso(), app).oso.load_str('allow("ann", "read", "page");')
    app.add_url_rule("/inner", "inner", skip_authorization(lambda: "inner"))
    app.add_url_rule("/", "view", authorize(action="read", resource="page")(lambda: "SECRET"))

    assert client.get("/?user=eve").status_code == 403


def send_inner(client: t.Any) -> None:
    """Send a request of somebody else within one that is not such a request itself."""
    if flask.request.path != "/inner":
        client.get("/inner?user=ann")


def test_inner_request_of_nobody_has_no_actor(demanding: t.Any) -> None:
    """A function before the views that finds nobody may leave out to say so."""
    before = demanding.app.before_request_funcs[None]
    before.remove(load_user)

    @demanding.app.before_request
    def load() -> None:
        if "user" in flask.request.args:
            load_user()

    inner = []

    @demanding.app.get("/batch")
    @authorize(resource="page")
    def batch() -> str:
        inner.append(demanding.open("/checked", None).status_code)
        demanding.guard.authorize("read", "page")
        return "done"

    assert (demanding.open("/batch", "ann").text, inner) == ("done", [500])


class Account(str):
    """An actor that somebody may close."""

    def close(self) -> None:
        """Let nobody log in with it."""


@pytest.mark.parametrize("kind", [str, Account])
@pytest.mark.parametrize("outer", ["ann", None])
def test_requests_share_no_actor_under_a_name_of_their_own(
    demanding: t.Any, outer: t.Any, kind: type[str]
) -> None:
    """Who is not logged in is not noted, and nobody of the other request stands there instead."""
    inner, seen = {"ann": None, None: "ann"}[outer], []

    @demanding.app.before_request
    def load() -> None:
        if "user" in flask.request.args:
            flask.g.member = kind(flask.request.args["user"])

    demanding.guard.actor_loader(lambda: flask.g.get("member"))

    @demanding.app.get("/batch")
    @skip_authorization
    def batch() -> str:
        demanding.open("/who", inner)
        seen.append(demanding.guard.current_actor)
        return "done"

    @demanding.app.get("/who")
    @skip_authorization
    def who() -> str:
        seen.append(demanding.guard.current_actor)
        return "done"

    demanding.open("/batch", outer)

    assert seen == [inner, outer]


@pytest.mark.parametrize("buffered", [False, True])
def test_stream_of_an_inner_request_acts_for_itself(demanding: t.Any, buffered: bool) -> None:
    """It is made while the outer one reads it, and asks as the user whom it was sent by."""
    seen = []

    @demanding.app.get("/stream")
    @skip_authorization
    def stream() -> flask.Response:
        @flask.stream_with_context
        def parts() -> Iterator[str]:
            yield "one"
            seen.append(demanding.guard.current_actor)

        return flask.Response(parts())  # type: ignore[call-arg]

    @demanding.app.get("/batch")
    @skip_authorization
    def batch() -> str:
        client = demanding.app.test_client()
        text: str = client.get("/stream?user=ann", buffered=buffered).text
        seen.append(demanding.guard.current_actor)
        return text

    assert demanding.open("/batch", "eve").text == "one"
    assert seen == ["ann", "eve"]


def test_outer_request_closes_what_an_inner_one_has_opened(demanding: t.Any) -> None:
    """The functions behind an application context are called once for both."""

    @demanding.app.get("/opening")
    @skip_authorization
    def opening() -> str:
        flask.g.connection = io.StringIO()
        return "opened"

    @demanding.app.get("/batch")
    @skip_authorization
    def batch() -> str:
        demanding.open("/opening", "ann")
        return str("connection" in flask.g)

    assert demanding.open("/batch", "root").text == "True"


def test_outer_request_goes_on_without_what_an_inner_one_has_closed(demanding: t.Any) -> None:
    """It is not given back what is no longer good for anything."""

    @demanding.app.teardown_request
    def close(_: BaseException | None) -> None:
        flask.g.pop("connection", None)

    @demanding.app.get("/batch")
    @skip_authorization
    def batch() -> str:
        flask.g.connection, flask.g.kept = io.StringIO(), "kept"
        demanding.open("/skipped", "ann")
        return repr(["connection" in flask.g, flask.g.kept])

    assert demanding.open("/batch", "root").text == "[False, 'kept']"


def test_nested_app_context(demanding: t.Any) -> None:
    """A context pushed inside a view does not lose or lend the mark."""

    @demanding.app.get("/inside")
    def inside() -> str:
        with demanding.app.app_context():
            demanding.guard.authorize("page", actor="ann", action="read")
        return "page"

    @demanding.app.get("/outside")
    def outside() -> t.Any:
        with demanding.app.test_request_context("/"):
            demanding.guard.authorize("page", actor="ann", action="read")
        return demanding.enter()

    assert [demanding.open(path).status_code for path in ("/inside", "/outside")] == [200, 500]


def test_two_apps_nested() -> None:
    """A request to another app has that app's actor and policy."""
    outer, inner = make_site("allow(_, _, _);"), make_site('allow("ann", _, _);')
    inner.app.add_url_rule("/", "view", authorize(lambda: inner.enter()))
    answers = []

    @outer.app.get("/")
    @authorize
    def view() -> str:
        answers.append(inner.open("/", "eve").status_code)
        answers.append(inner.open("/", "ann").status_code)
        return "done"

    assert (outer.open("/", "eve").status_code, answers) == (200, [403, 200])


def test_generator_view(site: t.Any) -> None:
    """A view that is a generator is guarded before its first piece."""

    @site.app.get("/")
    @authorize(resource="page")
    def view() -> Iterator[str]:
        site.entered.append("first piece")
        yield "page"

    answers = [site.open("/", user, buffered=True).status_code for user in ("ann", "eve")]

    assert (answers, site.entered) == ([200, 403], ["first piece"])


def test_check_inside_a_stream_is_too_late(demanding: t.Any) -> None:
    """What has begun to be sent cannot be judged any more, so it does not begin."""

    @demanding.app.get("/")
    def view() -> t.Any:
        @flask.stream_with_context
        def stream() -> Iterator[str]:
            demanding.guard.authorize("page", actor="ann", action="read")
            yield demanding.enter()

        return stream()  # type: ignore[call-arg]

    assert (demanding.open("/", "ann").status_code, demanding.entered) == (500, [])


@pytest.mark.parametrize("middle", ["eve", "ann"])
def test_denial_within_a_stream(site: t.Any, middle: str) -> None:
    """Nothing is sent after a denial in the middle of a stream."""
    sent = []

    @site.app.get("/")
    @authorize(resource="page")
    def view() -> t.Any:
        @flask.stream_with_context
        def stream() -> Iterator[str]:
            yield "first"
            site.guard.authorize("page", actor=middle, action="read")
            yield "second"

        return stream()  # type: ignore[call-arg]

    try:
        for piece in site.open("/", "ann").response:
            sent.append(piece)
    except Forbidden:
        sent.append(b"denied")

    assert sent == {"ann": [b"first", b"second"], "eve": [b"first", b"denied"]}[middle]


def test_copied_request_context(demanding: t.Any) -> None:
    """A check in a thread with a copy of the request context is this request's check."""

    @demanding.app.get("/")
    def view() -> str:
        @flask.copy_current_request_context
        def check() -> None:
            demanding.guard.authorize("page", actor="ann", action="read")

        thread = threading.Thread(target=check)
        thread.start()
        thread.join()
        return "page"

    assert demanding.open("/").status_code == 200


def test_bare_thread(site: t.Any) -> None:
    """A thread without a context decides nothing; without the GIL, threads inherit contexts."""
    errors: list[BaseException] = []

    def check() -> None:
        try:
            site.guard.authorize("page", actor="root", action="read")
        except OsoError as error:
            errors.append(error)

    @site.app.get("/")
    def view() -> str:
        thread = threading.Thread(target=contextvars.Context().run, args=[check])
        thread.start()
        thread.join()
        return "done"

    site.open("/")

    assert len(errors) == 1
    assert str(errors[0]).startswith("Application context doesn't exist")


@pytest.mark.slow
def test_many_threads(demanding: t.Any) -> None:
    """8 threads with 150 requests each do not see each other's users and marks."""
    questions = [("/checked", "ann"), ("/checked", "eve"), ("/forgot", "ann"), ("/skipped", "eve")]
    expected = [200, 403, 500, 200]

    def ask(number: int) -> list[int]:
        return [demanding.open(*questions[(number + step) % 4]).status_code for step in range(150)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))

    assert answers == [[expected[(n + step) % 4] for step in range(150)] for n in range(8)]


@pytest.mark.parametrize(("user", "status"), [("ann", 200), ("eve", 403)])
def test_async_view(demanding: t.Any, user: str, status: int) -> None:
    """Coroutine functions are guarded, and work."""

    @demanding.app.get("/")
    @authorize(resource="page")
    async def view() -> str:
        await asyncio.sleep(0)
        return "page"

    assert demanding.open("/", user).status_code == status


@pytest.mark.parametrize(("user", "status"), [("ann", 200), ("eve", 403)])
def test_check_inside_an_async_view(demanding: t.Any, user: str, status: int) -> None:
    """A check inside an async view marks its request."""

    @demanding.app.get("/")
    async def view() -> str:
        await asyncio.sleep(0)
        demanding.guard.authorize("page", action="read")
        return "page"

    assert demanding.open("/", user).status_code == status


def test_async_tasks(site: t.Any) -> None:
    """Tasks of one view, each in a context of its own, keep their users apart."""

    site.guard.set_get_actor(lambda: flask.request.args["user"])

    @site.app.get("/")
    async def view() -> list[bool]:
        async def allowed(user: str) -> bool:
            with site.app.test_request_context(f"/?user={user}"):
                await asyncio.sleep(0)
                try:
                    site.guard.authorize("page")
                except Forbidden:
                    return False
                return True

        tasks = [asyncio.create_task(allowed(user)) for user in ("ann", "eve") * 20]
        return list(await asyncio.gather(*tasks))

    assert site.open("/").json == [True, False] * 20


def test_copied_context_variables(site: t.Any) -> None:
    """Code that runs in a copy of the context sees the request it was copied from."""

    @site.app.get("/")
    def view() -> str:
        context = contextvars.copy_context()
        with ThreadPoolExecutor(1) as pool:
            check: Callable[[], None] = lambda: site.guard.authorize("page")  # noqa: E731
            pool.submit(context.run, check).result()
        return "page"

    assert [site.open("/", user).status_code for user in ("ann", "eve")] == [200, 403]


def test_oso_swapped_under_load(site: t.Any) -> None:
    """While the Oso is replaced, each request is answered by the old or the new one."""
    osos = [Oso(), Oso()]
    for name, oso in zip(("ann", "bob"), osos, strict=True):
        oso.load_str(f'allow("{name}", _, "page"); allow("root", _, _);')
    site.guard.set_oso(osos[0])
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: "page"))
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for oso in osos:
                site.guard.set_oso(oso)

    def ask(user: str) -> set[int]:
        return {site.open("/", user).status_code for _ in range(100)}

    swapper = threading.Thread(target=swap)
    swapper.start()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, ["ann", "bob", "root", "eve"]))
    done.set()
    swapper.join()

    assert answers[0] | answers[1] <= {200, 403}
    assert answers[2:] == [{200}, {403}]


def test_request_asks_the_policy_that_is_in_force_by_then(site: t.Any) -> None:
    """Each question has one policy, and what a request asks later the one that came meanwhile."""
    answers: list[bool] = []

    def view() -> str:
        answers.append(site.guard.can("read", "page"))
        site.guard.oso.load_str('allow("nobody", "read", "page");', replace=True)
        answers.append(site.guard.can("read", "page"))
        return ""

    site.app.add_url_rule("/", "view", view)

    site.open("/", "ann")

    assert answers == [True, False]
