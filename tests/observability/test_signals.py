"""Signals: who is told what, when, and what a receiver can and cannot do to a decision."""

from __future__ import annotations

import contextlib
import sys
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blinker import Signal
from flask import abort, request

from flask_oso import FlaskOso, Oso, OsoError, authorize, authorizes_inside
from flask_oso.observability.signals import authorized, denied, policy_loaded, policy_refused
from flask_oso.polar.exceptions import ParserError, PolarFileNotFoundError
from tests.support.sites import make_app, make_judged_site, make_oso, make_site

Connect = Callable[[Signal, Callable[..., t.Any]], None]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connect receivers for the time of a test."""
    connected: list[tuple[Signal, t.Any]] = []

    def make(signal: Signal, receiver: Callable[..., t.Any], **options: t.Any) -> None:
        signal.connect(receiver, weak=False, **options)
        connected.append((signal, receiver))

    yield make
    for signal, receiver in connected:
        signal.disconnect(receiver)


@pytest.fixture
def heard(connect: Connect) -> list[tuple[t.Any, ...]]:
    """Collect what the receivers of decisions are told."""
    told: list[tuple[t.Any, ...]] = []
    connect(authorized, lambda sender, **arguments: told.append((True, sender, arguments)))
    connect(denied, lambda sender, **arguments: told.append((False, sender, arguments)))
    return told


@pytest.fixture
def page(site: t.Any) -> t.Any:
    """Give a site with a page that is guarded by a decorator."""
    site.app.get("/page")(authorize(action="read", resource="page")(site.enter))
    return site


def fail(sender: object, **arguments: t.Any) -> t.NoReturn:
    raise RuntimeError("a receiver")


async def fail_later(sender: object, **arguments: t.Any) -> t.NoReturn:
    raise RuntimeError("a receiver")


@pytest.mark.parametrize(("user", "allowed"), [("ann", True), ("eve", False)])
def test_decision_is_told_with_its_question(
    page: t.Any, heard: list[t.Any], user: str, allowed: bool
) -> None:
    """The sender is the app, the arguments are what the policy was asked and which."""
    page.open("/page", user)

    arguments = {
        "actor": user,
        "action": "read",
        "resource": "page",
        "oso": page.guard.oso,
    }
    assert heard == [(allowed, page.app, arguments)]


@pytest.mark.parametrize(("signal", "user"), [(authorized, "ann"), (denied, "eve")])
def test_one_receiver_is_enough(connect: Connect, signal: Signal, user: str) -> None:
    """Where nothing else listens, a receiver of either signal is told."""
    told: list[t.Any] = []
    connect(signal, lambda sender, **arguments: told.append(arguments["actor"]))
    site = make_site(OSO_OPENTELEMETRY=False)
    site.app.get("/page")(authorize(action="read", resource="page")(site.enter))

    site.open("/page", user)

    assert told == [user]


def test_decision_inside_a_view_is_told(site: t.Any, heard: list[t.Any]) -> None:
    """'FlaskOso.authorize' tells as the decorator does."""

    @site.app.get("/inside")
    def inside() -> str:
        site.guard.authorize("page", action="read", actor="ann")
        return "done"

    site.open("/inside")

    assert [(told, arguments["actor"]) for told, _, arguments in heard] == [(True, "ann")]


def test_decision_about_a_route_is_told(heard: list[t.Any]) -> None:
    """Route authorization tells, too: the resource is the request."""
    site = make_judged_site()
    site.app.get("/")(site.enter)

    site.open("/", "ann")

    assert [(told, arguments["action"]) for told, _, arguments in heard] == [(True, "GET")]
    assert heard[0][2]["resource"].path == "/"


def test_decision_of_an_app_without_init_app_is_told(heard: list[t.Any]) -> None:
    """An extension that was given an Oso and no app decides, and tells."""
    app, oso = make_app("bare"), make_oso('allow("ann", "read", "page");')
    with app.app_context():
        FlaskOso(oso).authorize("page", actor="ann", action="read")

    assert [(told, sender) for told, sender, _ in heard] == [(True, app)]


def test_error_is_told_to_nobody(heard: list[t.Any]) -> None:
    """A broken policy has neither allowed nor denied."""
    site = make_site("allow(_, _, page) if page.misspelt;")
    site.app.get("/")(authorize(action="read", resource="page")(site.enter))

    assert site.open("/").status_code == 500
    assert heard == []


def test_receiver_of_one_app_hears_of_no_other(page: t.Any, connect: t.Any) -> None:
    """Connected with a sender, a receiver hears of that app alone."""
    told: list[t.Any] = []
    other = make_app("other")
    connect(denied, lambda sender, **_: told.append(sender), sender=other)

    page.open("/page", "eve")

    assert told == []


def test_denial_is_told_before_the_view_could_answer(page: t.Any, heard: list[t.Any]) -> None:
    """A denied view is not entered, whoever listens."""
    assert page.open("/page", "eve").status_code == 403
    assert page.entered == []


@pytest.mark.parametrize("receiver", [fail, fail_later])
@pytest.mark.parametrize(("signal", "user"), [(authorized, "ann"), (denied, "eve")])
def test_receiver_that_raises_lets_nobody_in(
    page: t.Any, connect: Connect, signal: Signal, user: str, receiver: Callable[..., t.Any]
) -> None:
    """The request ends with 500, after an allow as after a denial."""
    connect(signal, receiver)

    assert page.open("/page", user).status_code == 500
    assert page.entered == []


def test_exception_of_a_receiver_is_raised_as_it_is(page: t.Any, connect: Connect) -> None:
    """Whoever tests the app sees it."""
    page.app.testing = True
    connect(authorized, fail)

    with pytest.raises(RuntimeError, match=r"^a receiver$"):
        page.open("/page", "ann")


@pytest.mark.parametrize(("signal", "user"), [(authorized, "ann"), (denied, "eve")])
def test_failed_receiver_cannot_be_made_a_success(
    page: t.Any, connect: Connect, signal: Signal, user: str
) -> None:
    """An error handler that answers 200 does not show its answer: nothing was decided."""
    page.app.register_error_handler(RuntimeError, lambda error: "SECRET")
    connect(signal, fail)

    response = page.open("/page", user)

    assert (response.status_code, "SECRET" in response.text) == (500, False)


@pytest.mark.parametrize(("signal", "user"), [(authorized, "ann"), (denied, "eve")])
def test_view_that_swallows_a_failed_receiver_is_withheld(
    connect: Connect, signal: Signal, user: str
) -> None:
    """A view that goes on all the same has not authorized."""
    site = make_site(OSO_ENFORCE="strict")

    @site.app.get("/")
    @authorizes_inside
    def careless() -> str:
        with contextlib.suppress(RuntimeError):
            site.guard.authorize("page", action="read")
        return "SECRET"

    connect(signal, fail)

    response = site.open("/", user)

    assert (response.status_code, "SECRET" in response.text) == (500, False)


def test_receiver_may_choose_the_answer(page: t.Any, connect: Connect) -> None:
    """An 'HTTPException' of a receiver is the answer; the view is not entered."""
    connect(authorized, lambda sender, **_: abort(429))

    assert page.open("/page", "ann").status_code == 429
    assert page.entered == []


def test_async_receiver_is_waited_for(page: t.Any, connect: Connect) -> None:
    """A coroutine function is called as the app calls its views."""
    told: list[t.Any] = []

    async def receive(sender: object, **arguments: t.Any) -> None:
        told.append(arguments["actor"])

    connect(denied, receive)

    page.open("/page", "eve")

    assert told == ["eve"]


def test_async_receiver_in_an_async_view(site: t.Any, connect: Connect) -> None:
    """A view that has a loop of its own waits, too, and the receiver sees its request."""
    told: list[t.Any] = []

    async def receive(sender: object, **arguments: t.Any) -> None:
        told.append((arguments["actor"], request.path))

    @site.app.get("/async")
    async def view() -> str:
        site.guard.authorize("page", action="read")
        return "done"

    connect(authorized, receive)

    assert site.open("/async", "ann").text == "done"
    assert told == [("ann", "/async")]


def test_async_receiver_that_raises_in_an_async_view(site: t.Any, connect: Connect) -> None:
    """The exception of an async receiver ends the request of an async view."""

    @site.app.get("/async")
    async def view() -> t.Any:
        site.guard.authorize("page", action="read")
        return site.enter()

    connect(authorized, fail_later)

    assert site.open("/async", "ann").status_code == 500
    assert site.entered == []


@pytest.fixture
def loads(connect: Connect) -> list[tuple[t.Any, ...]]:
    """Collect what the receivers of loads are told."""
    told: list[tuple[t.Any, ...]] = []
    connect(policy_loaded, lambda sender, **arguments: told.append((sender, arguments)))
    connect(policy_refused, lambda sender, **arguments: told.append((sender, arguments)))
    return told


def known_oso() -> Oso:
    """Make an Oso that a FlaskOso knows."""
    oso = Oso()
    FlaskOso(oso)
    return oso


def test_load_is_told(loads: list[t.Any]) -> None:
    """The sender is the Oso; the hash is that of the policy now in force."""
    oso = known_oso()

    oso.load_str("allow(1, 2, 3);")

    assert oso.policy_hash is not None
    assert loads == [(oso, {"policy_hash": oso.policy_hash, "files": ()})]


def test_load_of_the_configured_files_is_told(loads: list[t.Any], tmp_path: Path) -> None:
    """What 'init_app' loads is told with the files."""
    (tmp_path / "a.polar").write_text("allow(1, 2, 3);", encoding="utf-8")
    app = make_app(folder=tmp_path, OSO_POLICIES=["a.polar"])

    FlaskOso(app=app)

    assert [arguments["files"] for _, arguments in loads] == [(str(tmp_path / "a.polar"),)]


def test_load_of_one_app_can_be_told_apart(loads: list[t.Any], connect: t.Any) -> None:
    """Connected with the Oso of an app as the sender, a receiver hears of no other."""
    told: list[t.Any] = []
    extension, app = FlaskOso(), make_app()
    extension.init_app(app, Oso())
    with app.app_context():
        connect(policy_loaded, lambda sender, **_: told.append(sender), sender=extension.oso)
        own = extension.oso

    known_oso().load_str("allow(1, 2, 3);")
    t.cast(Oso, own).load_str("allow(1, 2, 3);")

    assert told == [own]


def test_load_of_an_oso_that_nobody_serves_is_not_told(loads: list[t.Any]) -> None:
    """An Oso outside of Flask sends nothing."""
    Oso().load_str("allow(1, 2, 3);")

    assert loads == []


def test_refusal_is_told_with_what_stays_in_force(loads: list[t.Any]) -> None:
    """The hash is that of the policy that was there before."""
    oso = known_oso()
    oso.load_str("allow(1, 2, 3);")

    with pytest.raises(ParserError) as caught:
        oso.load_str("allow(1, 2", replace=True)

    told = {"policy_hash": oso.policy_hash, "files": (), "error": caught.value}
    assert loads[1:] == [(oso, told)]


def test_missing_file_is_told(loads: list[t.Any]) -> None:
    """A file that is not there is a policy that was refused."""
    with pytest.raises(PolarFileNotFoundError):
        known_oso().load_files(["missing.polar"])

    arguments = loads[0][1]
    assert (arguments["files"], arguments["policy_hash"]) == (("missing.polar",), None)


def test_load_of_nothing_is_not_told(loads: list[t.Any]) -> None:
    """'load_files' without files has loaded nothing."""
    known_oso().load_files([])

    assert loads == []


def test_load_in_an_async_view_is_told(site: t.Any, connect: Connect) -> None:
    """A receiver that is a coroutine function hears of a load in an async view."""
    told: list[t.Any] = []

    async def receive(sender: object, **arguments: t.Any) -> None:
        told.append(arguments["files"])

    @site.app.get("/async")
    async def view() -> str:
        site.guard.oso.load_str("allow(1, 2, 3);", replace=True)
        return "done"

    connect(policy_loaded, receive)

    assert site.open("/async").text == "done"
    assert told == [()]


@pytest.mark.parametrize("receiver", [fail, fail_later])
def test_receiver_that_raises_does_not_undo_a_load(
    connect: Connect, caplog: pytest.LogCaptureFixture, receiver: Callable[..., t.Any]
) -> None:
    """The policy is in force, 'load_str' returns, and the log tells of the exception."""
    connect(policy_loaded, receiver)
    oso = known_oso()

    oso.load_str("allow(1, 2, 3);")

    assert oso.is_allowed(1, 2, 3)
    assert caplog.messages == ["A receiver of 'policy-loaded' failed."]
    assert "RuntimeError: a receiver" in caplog.text


def test_receiver_that_raises_does_not_hide_why_a_load_was_refused(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """The error of the policy is raised, not that of the receiver."""
    connect(policy_refused, fail)

    with pytest.raises(ParserError):
        known_oso().load_str("allow(1, 2")

    assert caplog.messages == ["A receiver of 'policy-refused' failed."]


def test_receiver_may_replace_the_oso(connect: Connect, tmp_path: Path) -> None:
    """A receiver that calls back while an app is initialized does not wait for itself."""
    (tmp_path / "a.polar").write_text("allow(1, 2, 3);", encoding="utf-8")
    app = make_app(folder=tmp_path, OSO_POLICIES=["a.polar"])
    extension, other = FlaskOso(), Oso()
    connect(policy_loaded, lambda sender, **_: extension.set_oso(other))

    extension.init_app(app)

    assert extension.oso is other


def test_async_receiver_without_asgiref_says_what_to_install(
    connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of apps nothing but asgiref can wait for a receiver."""
    monkeypatch.setitem(sys.modules, "asgiref.sync", None)
    connect(policy_loaded, fail_later)

    known_oso().load_str("allow(1, 2, 3);")

    assert "Install it with 'pip install flask[async]'." in caplog.text


def test_watcher_of_loads_may_raise() -> None:
    """What a watcher raises is raised by the load, which is over by then."""
    oso = Oso()
    oso.watch_loads(lambda sender, report: fail(sender))

    with pytest.raises(RuntimeError):
        oso.load_str("allow(1, 2, 3);")

    assert oso.is_allowed(1, 2, 3)


def test_watcher_that_is_given_twice_is_called_once() -> None:
    """Several extensions may know one Oso."""
    oso, files = Oso(), []

    def watch(sender: object, report: t.Any) -> None:
        files.append(report.files)

    oso.watch_loads(watch)
    oso.watch_loads(watch)
    oso.load_str("allow(1, 2, 3);")

    assert files == [()]


def test_unloaded_policy_has_no_hash() -> None:
    """Where there are no texts there is nothing to tell apart."""
    assert Oso().policy_hash is None


def hash_of(text: str) -> str | None:
    """Return the hash of a policy that was loaded from a text."""
    oso = Oso()
    oso.load_str(text)
    return oso.policy_hash


@pytest.mark.parametrize(
    ("first", "second"),
    [("allow(1, 2, 3);", "allow(1, 2, 4);"), ("", "# Nothing.")],
)
def test_texts_have_hashes_of_their_own(first: str, second: str) -> None:
    """Different texts have different hashes, and equal texts have the same."""
    one, other, again = map(hash_of, (first, second, first))

    assert one == again != other


def test_hash_tells_two_files_from_one(tmp_path: Path) -> None:
    """Two texts are not the one that they make together."""
    (tmp_path / "a.polar").write_text("f(1);", encoding="utf-8")
    (tmp_path / "b.polar").write_text("f(2);", encoding="utf-8")
    (tmp_path / "ab.polar").write_text("f(1);f(2);", encoding="utf-8")
    two, one = Oso(), Oso()
    two.load_files([tmp_path / "a.polar", tmp_path / "b.polar"])
    one.load_files([tmp_path / "ab.polar"])

    assert two.policy_hash != one.policy_hash


def test_error_of_no_oso_is_not_a_decision(heard: list[t.Any]) -> None:
    """Where there is nobody to ask, nothing is told."""
    with make_app("bare").app_context(), pytest.raises(OsoError):
        FlaskOso().authorize("page", actor="ann", action="read")

    assert heard == []
