"""Policies are loaded again when their files change, and stay when the files are no policy."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import importlib.util
import logging
import os
import sys
import threading
import time
import typing as t
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask, has_request_context, request

from flask_oso import FlaskOso, Oso, authorize, authorizes_inside, reloading
from flask_oso.app_state import AppState
from flask_oso.config import DEFAULTS, find_files
from flask_oso.reloading import Reloader
from flask_oso.signals import policy_loaded, policy_refused
from tests.support.children import run_python
from tests.support.holders import holders_of
from tests.support.sites import make_app

ANN = 'allow("ann", "read", "page");'
EVE = 'allow("eve", "read", "page");'
BROKEN = ANN + "\nallow("
EMPTY = "{path}:1: The file is empty. If that is what you want, put a comment in it."
GONE = (
    "{path}: The file is gone. If it is still gone at the next look, its rules go with it; to keep"
    " them, put it back."
)
WARNING = "The policy files changed and did not load. The policy from before stays in force.\n"


class Moment:
    """The middle of a load or a decision, in which something may happen."""

    def __init__(self, happen: Callable[[], object]) -> None:
        self.happen = happen

    def over(self) -> bool:
        """Let it happen."""
        self.happen()
        return True


class Desk:
    """An app in debug mode, and the files of its policy."""

    def __init__(self, folder: Path, *, policies: t.Any = "policy.polar", **config: t.Any) -> None:
        self.folder = folder
        #: Threads that watched files before.
        self.others: set[threading.Thread] = set()
        self.path = folder / "policy.polar"
        self.oso = Oso()
        self.path.write_text(ANN, encoding="utf-8")
        self.extension = FlaskOso(self.oso)
        self.extension.set_get_actor(lambda: request.args.get("user"))
        self.app = self.make_app(policies, **{"OSO_RELOAD": True, "DEBUG": True, **config})

    def make_app(self, policies: t.Any = "policy.polar", **config: t.Any) -> Flask:
        """Make an app of the folder, with the one Oso."""
        app = make_app("desk", folder=self.folder, OSO_POLICIES=policies, **config)
        self.extension.init_app(app)
        app.add_url_rule("/page", "page", authorize(lambda: "", action="read", resource="page"))
        return app

    @property
    def state(self) -> AppState:
        """What the app keeps."""
        found: AppState = self.app.extensions["oso"]
        return found

    def ask(self, app: Flask | None = None) -> str:
        """Tell who may read, as the app answers."""
        client = (app or self.app).test_client()
        answers = {user: client.get(f"/page?user={user}") for user in ("ann", "eve")}
        assert {answer.status_code for answer in answers.values()} <= {200, 403}
        return " ".join(user for user, answer in answers.items() if answer.status_code == 200)


def write(path: Path, text: str | bytes) -> None:
    """Write a file as some editors do: make another one, and give it the name."""
    written = path.with_suffix(".new")
    written.write_bytes(text if isinstance(text, bytes) else text.encode())
    written.replace(path)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait, up to 20 seconds, until something is so."""
    until = time.monotonic() + 20
    while not condition():
        if time.monotonic() > until:
            pytest.fail("It did not come to be.")
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at each request, and wait less before files are read; without 'watchfiles'."""
    monkeypatch.setattr("flask_oso.reloading.INTERVAL", 0.0)
    monkeypatch.setattr("flask_oso.reloading.PAUSE", 0.01)
    monkeypatch.setitem(sys.modules, "watchfiles", None)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give an app whose policy lets Ann read."""
    return Desk(tmp_path)


# -- what is new is loaded ---------------------------------------------------------------


def test_changed_file_is_loaded(desk: Desk) -> None:
    """The request after the change is judged by what is written there."""
    before = desk.ask()
    write(desk.path, EVE)

    assert [before, desk.ask()] == ["ann", "eve"]
    assert desk.state.reload_problem is None


def test_file_written_in_place_is_loaded(desk: Desk) -> None:
    """Other editors open the file itself."""
    desk.path.write_text(EVE, encoding="utf-8")

    assert desk.ask() == "eve"


def test_change_that_keeps_size_and_time_is_seen(desk: Desk) -> None:
    """A copy may keep the time of what it is a copy of."""
    times = desk.path.stat()
    write(desk.path, EVE)
    os.utime(desk.path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert desk.path.stat().st_size == times.st_size
    assert desk.ask() == "eve"


def test_change_before_the_first_request_is_seen(tmp_path: Path) -> None:
    """What counts is how the files were before the load, not when the first request came."""
    desk = Desk(tmp_path)
    write(desk.path, EVE)

    assert desk.ask() == "eve"


def test_nothing_is_loaded_without_a_change(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests look at files, and that is all."""
    desk.ask()
    monkeypatch.setattr(desk.oso, "load_files", lambda *_, **__: pytest.fail("It loads."))

    assert desk.ask() == "ann"


def test_load_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The log of the app says which files are in force."""
    caplog.set_level(logging.INFO)
    write(desk.path, EVE)
    desk.ask()

    assert caplog.messages == [f"The policy was loaded again: {desk.path}."]


def test_looks_are_some_time_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page with a hundred images does not look a hundred times."""
    monkeypatch.setattr("flask_oso.reloading.INTERVAL", 3600.0)
    desk.ask()
    write(desk.path, EVE)

    assert desk.ask() == "ann"


def test_one_of_several_files_changes(tmp_path: Path) -> None:
    """All are loaded together, as one policy."""
    (tmp_path / "more.polar").write_text('reader("ann");', encoding="utf-8")
    desk = Desk(tmp_path, policies=["policy.polar", "more.polar"])
    write(desk.path, 'allow(user, "read", _) if reader(user);')
    before = desk.ask()
    write(tmp_path / "more.polar", 'reader("eve");')

    assert [before, desk.ask()] == ["ann", "eve"]


def test_apps_with_one_oso_load_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The first request of any of them loads for all."""
    other = desk.make_app(OSO_RELOAD=True, DEBUG=True)
    caplog.set_level(logging.INFO)
    write(desk.path, EVE)

    assert [desk.ask(), desk.ask(other)] == ["eve", "eve"]
    assert len(caplog.messages) == 1


def test_decision_keeps_the_policy_it_began_with(tmp_path: Path) -> None:
    """A load in the middle of it decides the next one."""
    desk = Desk(tmp_path)

    def load_in_between() -> None:
        write(desk.path, EVE)
        desk.app.test_client().get("/")

    desk.oso.register_constant(Moment(load_in_between), "moment")
    write(desk.path, 'allow(user, "read", _) if moment.over() and member(user); member("bob");')
    desk.app.test_client().get("/")

    assert desk.oso.is_allowed("bob", "read", "page")
    assert not desk.oso.is_allowed("bob", "read", "page")


def slow_view(desk: Desk, begun: threading.Event, going: threading.Event) -> Callable[[], str]:
    """Make a view that authorizes twice, and waits in between."""

    @authorizes_inside
    def slow() -> str:
        for wait in (lambda: begun.set() or going.wait(20), lambda: None):
            desk.extension.authorize("page", action="read")
            wait()
        return ""

    return slow


def save_in_a_request(desk: Desk) -> tuple[str, int, str]:
    """Save a policy while Ann's request is under way.

    Give who may read meanwhile, what Ann is answered, and who may read then.
    """
    begun, going = threading.Event(), threading.Event()
    desk.app.add_url_rule("/slow", "slow", slow_view(desk, begun, going))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lambda: desk.app.test_client().get("/slow?user=ann").status_code)
        begun.wait(20)
        write(desk.path, EVE)
        meanwhile = desk.ask()
        going.set()
        return meanwhile, answer.result(20), desk.ask()


def test_request_keeps_the_policy_it_began_with(desk: Desk) -> None:
    """The load waits until it has ended."""
    assert save_in_a_request(desk) == ("ann", 200, "eve")


def test_long_request_does_not_keep_a_policy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever streams for an hour must not be the one whom a developer waits for."""
    monkeypatch.setattr("flask_oso.reloading.LONGEST_REQUEST", 0.0)

    assert save_in_a_request(desk)[1:] == (403, "eve")


def test_load_comes_between_requests_that_come_all_the_time(desk: Desk) -> None:
    """A load finds a moment without a request, and no request is judged by two policies."""

    @authorizes_inside
    def twice() -> list[bool]:
        first = desk.oso.is_allowed("ann", "read", "page")
        time.sleep(0.02)
        return [first, desk.oso.is_allowed("ann", "read", "page")]

    desk.app.add_url_rule("/twice", "twice", twice)
    answers: list[list[bool]] = []

    def ask_until_refused() -> None:
        client = desk.app.test_client()
        until = time.monotonic() + 20
        while answers[-1:] != [[False, False]] and time.monotonic() < until:
            answers.append(client.get("/twice").get_json())

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask_until_refused) for _ in range(4)]
        write(desk.path, EVE)
        for each in asking:
            each.result(30)

    assert [True, False] not in answers
    assert [False, False] in answers


def test_look_of_a_nested_request_does_not_wait(desk: Desk) -> None:
    """A request that an inline query sends while it loads is answered by the old policy."""
    answers: list[str] = []
    desk.oso.register_constant(Moment(lambda: answers.append(desk.ask())), "moment")
    write(desk.path, f"{EVE} ?= moment.over();")

    assert [desk.ask(), answers] == ["eve", ["ann"]]


# -- what is no policy is not --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BROKEN, "semi-colon at line 2, column 7 of file {path}"),
        (
            ANN + "\nallow(_, _, _) if f(1);",
            "undefined rule: f(1) at line 2, column 19 of file {path}",
        ),
        (ANN + "\n?= allow(1, 2, 3);", "failed: allow(1, 2, 3) at line 2, column 4 of file {path}"),
        (ANN + "\nallow(x, _, _);", "Singleton variable x is unused or undefined"),
        (ANN.encode() + b"\n# \xe9\n", "{path}:2: The file is not UTF-8. Save it as UTF-8."),
        ("", EMPTY),
        ("\n", EMPTY),
        (" \t\r\n" * 20, EMPTY),
        ("\ufeff", EMPTY),
        ("\ufeff\n", EMPTY),
        (b"\0" * 4096, EMPTY),
    ],
    ids=[
        "syntax",
        "undefined",
        "inline query",
        "singleton",
        "latin-1",
        "empty",
        "line end",
        "white space",
        "byte order mark",
        "line end after a byte order mark",
        "zeros",
    ],
)
def test_broken_file_leaves_the_policy(
    desk: Desk, caplog: pytest.LogCaptureFixture, text: str | bytes, problem: str
) -> None:
    """The log and the state say what is wrong, and where; requests are answered as before."""
    write(desk.path, text)

    assert desk.ask() == "ann"
    assert desk.state.reload_problem is not None
    assert problem.format(path=desk.path) in desk.state.reload_problem
    assert caplog.messages == [WARNING + desk.state.reload_problem]


def test_exception_of_an_inline_query_leaves_the_policy(desk: Desk) -> None:
    """Whatever the application's own code raises while the files are loaded."""
    desk.oso.register_constant(Moment(lambda: dict[str, bool]()["missing"]), "moment")
    write(desk.path, f"{EVE} ?= moment.over();")

    assert [desk.ask(), desk.state.reload_problem] == ["ann", "'missing'"]


def test_mended_file_is_loaded(desk: Desk) -> None:
    """A file that was mended is loaded, and nothing is left of the problem."""
    write(desk.path, BROKEN)
    desk.ask()
    write(desk.path, EVE)

    assert [desk.ask(), desk.state.reload_problem] == ["eve", None]


def test_broken_file_is_reported_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Requests after that do not read it again."""
    write(desk.path, BROKEN)
    for _ in range(3):
        desk.ask()

    assert len(caplog.messages) == 1


def test_signals_tell_of_reloads(desk: Desk) -> None:
    """Signals tell of a reload as of any other load."""
    told: list[str] = []
    refused = policy_refused.connected_to(lambda _, **__: told.append("refused"), desk.oso)
    loaded = policy_loaded.connected_to(lambda _, **__: told.append("loaded"), desk.oso)
    with refused, loaded:
        write(desk.path, BROKEN)
        desk.ask()
        write(desk.path, EVE)
        desk.ask()

    assert told == ["refused", "loaded"]


def test_debug_page_shows_the_problem(desk: Desk) -> None:
    """Who is denied there sees that it is not by what was saved last."""
    write(desk.path, BROKEN)

    page = desk.app.test_client().get("/page?user=eve", headers={"Accept": "text/html"})

    assert page.status_code == 403
    assert "hit the end of the file unexpectedly" in page.text


def test_problem_is_that_of_all_apps_with_the_oso(desk: Desk) -> None:
    """Each of them has a page that shows it."""
    other = desk.make_app(OSO_RELOAD=True, DEBUG=True)
    write(desk.path, BROKEN)
    desk.ask()

    assert other.extensions["oso"].reload_problem == desk.state.reload_problem != None  # noqa: E711


def test_deleted_file_leaves_the_policy(desk: Desk) -> None:
    """The policy stays until the deleted file is there again."""
    desk.path.unlink()
    answers = [desk.ask(), desk.state.reload_problem]
    write(desk.path, EVE)

    assert answers == ["ann", f"Could not find file: {desk.path}"]
    assert [desk.ask(), desk.state.reload_problem] == ["eve", None]


def test_unreadable_file_leaves_the_policy(desk: Desk) -> None:
    """Such as one in whose place there is a directory."""
    desk.path.unlink()
    desk.path.mkdir()

    assert [desk.ask(), desk.state.reload_problem] == ["ann", f"{desk.path}: Is a directory."]


def test_empty_file_that_was_empty_before_is_a_policy(tmp_path: Path) -> None:
    """Only one that lost its text may be about to get it back."""
    (tmp_path / "more.polar").write_bytes(b"")
    desk = Desk(tmp_path, policies=["policy.polar", "more.polar"])
    write(desk.path, EVE)

    assert [desk.ask(), desk.state.reload_problem] == ["eve", None]


def test_file_that_is_being_written_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text is loaded once it stays as it is: half of it may be a policy."""
    texts = iter(["allow(", 'allow("eve", "read", _);', f"{EVE}\n# done"])

    def write_on(_seconds: float) -> None:
        with contextlib.suppress(StopIteration):
            desk.path.write_text(next(texts), encoding="utf-8")

    monkeypatch.setattr("flask_oso.reloading.time.sleep", write_on)
    loads: list[str] = []
    load_files = desk.oso.load_files

    def load(*args: t.Any, **options: t.Any) -> None:
        loads.append(desk.path.read_text(encoding="utf-8"))
        load_files(*args, **options)

    monkeypatch.setattr(desk.oso, "load_files", load)
    desk.path.write_text("a", encoding="utf-8")

    assert desk.ask() == "eve"
    assert loads == [f"{EVE}\n# done"]


def test_file_that_is_always_being_written_is_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request waits for some time only; the next one looks again."""
    count = iter(range(1, 100))

    def write_more(_seconds: float) -> None:
        desk.path.write_text(EVE + "\n" * next(count), encoding="utf-8")

    with monkeypatch.context() as patch:
        patch.setattr("flask_oso.reloading.time.sleep", write_more)
        desk.path.write_text(EVE, encoding="utf-8")
        assert desk.ask() == "ann"

    assert desk.ask() == "eve"


def test_file_that_never_rests_is_reported(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says once which file it is, and which policy is in force; then that is over."""
    count = iter(range(1, 100))

    def write_more(_seconds: float) -> None:
        desk.path.write_text(EVE + "\n" * next(count), encoding="utf-8")

    with monkeypatch.context() as patch:
        patch.setattr("flask_oso.reloading.time.sleep", write_more)
        desk.path.write_text(EVE, encoding="utf-8")
        desk.ask()
    problem = desk.state.reload_problem

    assert problem == (
        f"{desk.path}: The file keeps changing, and is loaded once it stays as it is. In force is"
        f" the policy {desk.oso.engine.policy.digest} of {desk.path}."
    )
    assert caplog.messages == [WARNING + problem]
    assert [desk.ask(), desk.state.reload_problem] == ["eve", None]


def test_file_that_came_to_rest_as_it_was_is_no_problem(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in force is what is there."""
    seen = desk.extension._binder.reloaders[desk.oso]._seen
    restless = iter(range(100))
    with monkeypatch.context() as patch:
        patch.setattr(
            "flask_oso.reloading.read_texts", lambda paths: {paths[0]: bytes([next(restless)])}
        )
        desk.app.test_client().get("/page")
    problem = desk.state.reload_problem

    desk.app.test_client().get("/page")

    assert problem is not None
    assert desk.state.reload_problem is None
    assert desk.extension._binder.reloaders[desk.oso]._seen == seen


def test_blank_file_that_was_blank_before_is_a_policy(tmp_path: Path) -> None:
    """Only one that lost its text may be about to get it back."""
    (tmp_path / "more.polar").write_bytes(b" \n")
    desk = Desk(tmp_path, policies=["policy.polar", "more.polar"])
    write(desk.path, EVE)

    assert [desk.ask(), desk.state.reload_problem] == ["eve", None]


def test_file_with_a_comment_is_a_policy(tmp_path: Path) -> None:
    """Whoever wants a policy without rules says so."""
    (tmp_path / "more.polar").write_text(EVE, encoding="utf-8")
    desk = Desk(tmp_path, policies=["policy.polar", "more.polar"])
    write(tmp_path / "more.polar", "# nothing\n")

    assert [desk.ask(), desk.state.reload_problem] == ["ann", None]


def test_change_while_files_are_read_is_seen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was loaded may be half of it, so the next request looks again."""
    load_files = desk.oso.load_files

    def load_and_write(*args: t.Any, **options: t.Any) -> None:
        load_files(*args, **options)
        write(desk.path, EVE)

    write(desk.path, f"{ANN}\n# half of it")
    with monkeypatch.context() as patch:
        patch.setattr(desk.oso, "load_files", load_and_write)
        desk.app.test_client().get("/page")

    assert desk.ask() == "eve"


# -- patterns ------------------------------------------------------------------------------


def test_file_that_a_pattern_finds_is_loaded(tmp_path: Path) -> None:
    """One that is added, and no more one that is removed."""
    desk = Desk(tmp_path, policies="*.polar")
    more = tmp_path / "more.polar"
    write(more, EVE)
    with_more = desk.ask()
    more.unlink()

    assert [with_more, desk.ask()] == ["ann eve", "ann"]


def look_once(desk: Desk) -> str:
    """Send one request, with which the files are looked at once; tell whether Eve may read."""
    return str(desk.app.test_client().get("/page?user=eve").status_code)


def remove(path: Path) -> None:
    """Take a file away."""
    path.unlink()


def rename(path: Path) -> None:
    """Give a file a name that no pattern matches."""
    path.rename(path.with_suffix(".bak"))


@pytest.mark.parametrize("take_away", [remove, rename])
def test_file_that_vanishes_leaves_the_policy_until_a_second_look(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, take_away: Callable[[Path], None]
) -> None:
    """The rules of a file are not taken away while an editor writes it anew."""
    more = tmp_path / "more.polar"
    more.write_text(EVE, encoding="utf-8")
    desk = Desk(tmp_path, policies="*.polar")
    take_away(more)
    first = [look_once(desk), desk.state.reload_problem]

    second = [look_once(desk), desk.state.reload_problem]

    assert first == ["200", GONE.format(path=more)]
    assert second == ["403", None]
    assert caplog.messages == [
        WARNING + GONE.format(path=more),
        f"The policy was loaded again: {desk.path}.",
        f"The policy was loaded again, without the rules of files that are gone: {more}.",
    ]


def test_file_that_comes_back_was_never_gone(tmp_path: Path) -> None:
    """What a second look finds is loaded as it is then."""
    more = tmp_path / "more.polar"
    more.write_text('allow("eve", "write", "page");', encoding="utf-8")
    desk = Desk(tmp_path, policies="*.polar")
    more.unlink()
    first = look_once(desk)
    write(more, EVE)

    assert [first, look_once(desk), desk.state.reload_problem] == ["403", "200", None]


def test_each_file_that_vanishes_has_a_second_look(tmp_path: Path) -> None:
    """Each file that vanishes has a second look of its own."""
    (tmp_path / "b.polar").write_text(EVE, encoding="utf-8")
    (tmp_path / "c.polar").write_text(f"{EVE}\n", encoding="utf-8")
    desk = Desk(tmp_path, policies="*.polar")
    (tmp_path / "b.polar").unlink()
    first = look_once(desk), desk.state.reload_problem
    (tmp_path / "c.polar").unlink()
    second = look_once(desk), desk.state.reload_problem
    third = look_once(desk), desk.state.reload_problem

    assert [first, second, third] == [
        ("200", GONE.format(path=tmp_path / "b.polar")),
        ("200", GONE.format(path=tmp_path / "c.polar")),
        ("403", None),
    ]


def test_pattern_without_files_leaves_the_policy(tmp_path: Path) -> None:
    """No file is no policy."""
    desk = Desk(tmp_path, policies="*.polar")
    desk.path.unlink()

    assert desk.ask() == "ann"
    assert desk.state.reload_problem == f"Could not find file: {tmp_path / '*.polar'}"


def test_find_files_gives_each_once(tmp_path: Path) -> None:
    """In the order of names and patterns, and of the names that a pattern finds."""
    for name in ("b.polar", "a.polar", "[x].polar", "deep/er/c.polar"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    found = find_files(str(tmp_path), ["b.polar", Path("*.polar"), "[x].polar", "**/c.polar"])

    names = ["b.polar", "[x].polar", "a.polar", "deep/er/c.polar"]
    assert found == [str(tmp_path / name) for name in names]


@pytest.mark.parametrize("name", ["a.polar", "?.polar"])
def test_find_files_in_a_folder_that_looks_like_a_pattern(tmp_path: Path, name: str) -> None:
    """The root is a name, whatever is in it."""
    root = tmp_path / "[app]*"
    root.mkdir()
    (root / "a.polar").touch()

    assert find_files(str(root), name) == [str(root / "a.polar")]


# -- where it has no effect ----------------------------------------------------------------


def test_without_debug_mode_nothing_is_loaded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so, once."""
    desk = Desk(tmp_path, DEBUG=False)
    write(desk.path, EVE)

    assert [desk.ask(), desk.ask()] == ["ann", "ann"]
    assert caplog.messages == [
        "'OSO_RELOAD' has an effect in debug mode only. The policy files are not watched: restart"
        " the application to load them again."
    ]


def test_debug_mode_may_begin_after_init_app(tmp_path: Path) -> None:
    """'app.run(debug=True)' comes last."""
    desk = Desk(tmp_path, DEBUG=False)
    desk.app.debug = True
    write(desk.path, EVE)

    assert desk.ask() == "eve"


def test_debug_mode_may_end(desk: Desk) -> None:
    """Nothing is loaded from then on, however often is asked."""
    desk.ask()
    desk.app.debug = False
    write(desk.path, EVE)

    assert [desk.ask(), desk.ask()] == ["ann", "ann"]


def test_look_without_debug_mode_loads_nothing(desk: Desk) -> None:
    """The thread of 'watchfiles' looks on its own, and goes by the same."""
    desk.ask()
    desk.app.debug = False
    write(desk.path, EVE)
    reloader = next(iter(desk.extension._binder.reloaders.values()))

    reloader.look(desk.app.logger)

    assert desk.ask() == "ann"


def test_debug_mode_reloads(tmp_path: Path) -> None:
    """A developer who saves a policy sees it, as with a template."""
    desk = Desk(tmp_path, OSO_RELOAD=None)
    write(desk.path, EVE)

    assert desk.ask() == "eve"


def test_debug_mode_that_ends_says_nothing_of_a_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody asked for it."""
    desk = Desk(tmp_path, OSO_RELOAD=None)
    desk.app.debug = False
    write(desk.path, EVE)

    assert (desk.ask(), caplog.messages) == ("ann", [])


def test_key_may_be_off_in_debug_mode(tmp_path: Path) -> None:
    """Then nothing is loaded again."""
    desk = Desk(tmp_path, OSO_RELOAD=False)
    write(desk.path, EVE)

    assert desk.ask() == "ann"


@pytest.mark.parametrize("policies", [None, []])
def test_without_files_nothing_is_watched(tmp_path: Path, policies: t.Any) -> None:
    """A policy that the program loads itself is the program's to load again."""
    desk = Desk(tmp_path, policies=policies)
    desk.oso.load_str(ANN)

    assert desk.ask() == "ann"


def test_oso_that_was_replaced_is_left(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The app asks another one now."""
    other = Oso()
    with desk.app.app_context():
        desk.extension.set_oso(other)
    other.load_str(EVE)
    write(desk.path, BROKEN)

    assert [desk.ask(), desk.state.reload_problem, caplog.messages] == ["eve", None, []]


@pytest.mark.parametrize(
    ("config", "is_imported"),
    [
        ({}, False),
        ({"DEBUG": True}, True),
        ({"DEBUG": True, "OSO_RELOAD": False}, False),
        ({"OSO_RELOAD": True}, True),
    ],
)
def test_module_is_imported_in_debug_mode_or_with_the_key(
    config: dict[str, t.Any], is_imported: bool, tmp_path: Path
) -> None:
    """Production does not pay for it."""
    path = tmp_path / "policy.polar"
    path.write_text("allow(_, _, _);")
    config = {"OSO_POLICIES": str(path), **config}
    program = f"""
import sys
from flask import Flask, request
from flask_oso import FlaskOso
app = Flask("site")
app.config.update({config!r})
FlaskOso(app=app)
print("flask_oso.reloading" in sys.modules)
"""
    assert run_python(program) == f"{is_imported}\n"


def test_reloader_keeps_no_oso_alive(tmp_path: Path) -> None:
    """What an app leaves behind goes with it."""
    desk = Desk(tmp_path)
    desk.ask()
    oso, reloader = weakref.ref(desk.oso), next(iter(desk.extension._binder.reloaders.values()))

    assert isinstance(reloader, Reloader)
    del desk
    gc.collect()
    assert oso() is None, holders_of(oso())


def test_key_is_documented_as_debug_mode() -> None:
    """``None`` is neither on nor off."""
    assert DEFAULTS["OSO_RELOAD"] is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="The system has no fork.")
def test_fork_while_another_thread_loads(desk: Desk) -> None:
    """The child has no such thread, and does not wait for it."""
    begun, ended = threading.Event(), threading.Event()
    desk.oso.register_constant(Moment(lambda: (begun.set(), ended.wait(20))), "moment")
    write(desk.path, f"{ANN} ?= moment.over();")
    loader = threading.Thread(target=desk.ask)
    loader.start()
    begun.wait(20)
    child = fork_and(lambda: write(desk.path, EVE) or desk.ask() == "eve")
    ended.set()
    loader.join()

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def fork_and(check: Callable[[], bool]) -> int:
    """Make a process that ends with 0 if something holds there, within 20 seconds."""
    import signal
    import warnings

    with warnings.catch_warnings():
        # A process with threads is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if check() else 1)
    return child


# -- with watchfiles -------------------------------------------------------------------------


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give an app whose files are watched by a thread."""
    monkeypatch.delitem(sys.modules, "watchfiles")
    assert importlib.util.find_spec("watchfiles") is not None
    monkeypatch.setattr("flask_oso.reloading.INTERVAL", 3600.0)
    desk = Desk(tmp_path)
    # Apps of other tests may be in debug mode as long as the session.
    desk.others = watching()
    desk.ask()
    yield desk
    others = desk.others
    vars(desk).clear()
    wait_for(lambda: is_left(others))


def is_left(others: set[threading.Thread]) -> bool:
    """Tell whether no thread watches but others, once what nobody holds is gone."""
    gc.collect()
    return watching() <= others


def watching() -> set[threading.Thread]:
    """Give the threads that watch files."""
    return {each for each in threading.enumerate() if each.name == "flask_oso.reloading"}


def test_thread_loads_what_is_saved(watched: Desk) -> None:
    """No request has to come first."""
    write(watched.path, EVE)

    wait_for(lambda: watched.oso.is_allowed("eve", "read", "page"))
    assert watched.ask() == "eve"


def test_thread_says_what_is_wrong(watched: Desk) -> None:
    """The thread tells what is wrong as soon as a file is saved, and that it is mended."""
    write(watched.path, BROKEN)
    wait_for(lambda: watched.state.reload_problem is not None)
    write(watched.path, EVE)
    wait_for(lambda: watched.state.reload_problem is None)

    assert watched.ask() == "eve"


def test_there_is_one_thread(watched: Desk) -> None:
    """There is one thread, however many requests and apps there are."""
    other = watched.make_app(OSO_RELOAD=True, DEBUG=True)
    watched.ask(other)
    watched.ask()

    assert len(watching() - watched.others) == 1


class Inheriting(threading.Thread):
    """A thread as Python begins it without the global interpreter lock: with a copied context.

    It keeps that as long as it runs.
    """

    inherited: contextvars.Context

    def start(self) -> None:
        self.inherited = contextvars.copy_context()
        super().start()

    def run(self) -> None:
        self.inherited.run(super().run)


def test_thread_keeps_no_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the session and the user of the request in which it begins."""
    inherits: list[bool] = []
    monkeypatch.delitem(sys.modules, "watchfiles")
    monkeypatch.setattr(
        reloading, "_look_on_changes", lambda *_: inherits.append(has_request_context())
    )
    monkeypatch.setattr(threading, "Thread", Inheriting)

    Desk(tmp_path).ask()

    wait_for(lambda: bool(inherits))
    assert inherits == [False]


def test_thread_that_inherits_a_context_ends_with_its_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The context of the request in which it begins would hold on to the application."""
    monkeypatch.delitem(sys.modules, "watchfiles")
    monkeypatch.setattr(threading, "Thread", Inheriting)
    others = watching()

    Desk(tmp_path).ask()
    assert len(watching() - others) == 1

    wait_for(lambda: is_left(others))


def test_process_with_the_thread_ends(tmp_path: Path) -> None:
    """A process with the thread of the reloader ends at once, and without a word."""
    (tmp_path / "policy.polar").write_text(ANN, encoding="utf-8")
    program = """
import sys, threading
from flask import Flask, request
from flask_oso import FlaskOso
app = Flask("desk", root_path=sys.argv[1])
app.config.update(OSO_POLICIES="policy.polar", OSO_RELOAD=True, DEBUG=True)
FlaskOso(app=app)
app.test_client().get("/")
print(any(each.name == "flask_oso.reloading" for each in threading.enumerate()))
"""
    assert run_python(program, tmp_path) == "True\n"
