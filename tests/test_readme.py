"""Every snippet of README.md runs: the complete application, each policy, each piece of Python.

A section's Python runs with the classes of the complete application, and under the
section's own policy if it shows one, otherwise under that of the application.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import logging
import os
import re
import shlex
import subprocess
import sys
import types
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import render_template_string
from werkzeug.test import TestResponse

from flask_oso import FlaskOso, Oso
from flask_oso.__main__ import main
from flask_oso.polar.exceptions import PolarRuntimeError
from flask_oso.signals import denied
from tests.support.sites import make_app

README = Path(__file__).parents[1] / "README.md"
_BLOCK = re.compile(
    r"^(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)^```$|^#+ ([^\n]*)$", re.MULTILINE | re.DOTALL
)
_CURL = re.compile(r"^\$ curl (.*)\n(\d{3}) (.*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Snippet:
    """One fenced block: where it stands, its language, and the note above it."""

    section: str
    language: str
    note: str
    text: str


@dataclasses.dataclass
class Folder:
    """A class of the section on roles."""

    members: list[t.Any]


@dataclasses.dataclass
class Filed:
    """A note of the section on roles."""

    folder: Folder


@dataclasses.dataclass
class Page:
    """A class of the section on older roles."""

    name: str


def read_snippets() -> Iterator[Snippet]:
    """Yield all fenced blocks of the README."""
    section = ""
    for match in _BLOCK.finditer(README.read_text(encoding="utf-8")):
        note, language, text, heading = match.groups()
        section = heading or section
        if language:
            yield Snippet(section, language, note or "", text)


SNIPPETS = list(read_snippets())
FILES = {s.note.removeprefix("file: "): s.text for s in SNIPPETS if s.note.startswith("file: ")}
SESSION = next(s.text for s in SNIPPETS if s.note == "session")
PROGRAM = next(s.text for s in SNIPPETS if s.note == "program")
OUTPUT = next(s.text for s in SNIPPETS if s.note == "output")
POLICIES = [s for s in SNIPPETS if s.language == "polar"]
SECTIONS = dict.fromkeys(s.section for s in SNIPPETS if s.language == "python" and not s.note)


def code_of(section: str, language: str) -> str:
    """Return all blocks of a section in one language, as one text."""
    return "\n".join(s.text for s in SNIPPETS if (s.section, s.language) == (section, language))


@pytest.fixture(autouse=True)
def receivers() -> Iterator[None]:
    """Disconnect the receiver of a section: ``connect_via`` holds on to it."""
    yield
    for receiver in list(denied.receivers.values()):
        denied.disconnect(receiver)


@pytest.fixture(autouse=True)
def decision_log() -> Iterator[None]:
    """Turn the decision log off again, which a section turns on."""
    log = logging.getLogger("flask_oso.decisions")
    level, handlers = log.level, list(log.handlers)
    yield
    log.setLevel(level)
    log.handlers[:] = handlers


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The complete application, imported from files as a reader would have them."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("app", tmp_path / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "app", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ask(application: types.ModuleType) -> Callable[[str], TestResponse]:
    """Send what a line of curl would send."""
    client = application.app.test_client()

    def send(arguments: str) -> TestResponse:
        words = shlex.split(arguments)
        options = dict(zip(words[1:-1:2], words[2:-1:2], strict=True))
        user = options.get("-u", "").partition(":")
        return client.open(  # type: ignore[no-any-return]
            words[-1].removeprefix("http://127.0.0.1:5000"),
            method=options.get("-X", "GET"),
            data=options.get("-d"),
            auth=(user[0], user[2]) if "-u" in options else None,
        )

    return send


@pytest.fixture
def load(application: types.ModuleType) -> Callable[[str], dict[str, t.Any]]:
    """Load a policy, and return the names that the README's snippets build on."""

    def make_names(policy_text: str) -> dict[str, t.Any]:
        app, policy = make_app("readme_app"), Oso()
        policy.register_class(Folder)
        policy.register_class(Page)
        policy.register_class(application.User)
        policy.register_class(application.Note)
        oso = FlaskOso(policy, app)
        oso.loader(application.Note)(application.load_note)
        policy.load_str(policy_text)
        if "role_allows" in policy_text:
            policy.enable_roles()
        return {**vars(application), "app": app, "policy": policy, "oso": oso}

    return make_names


def test_readme_has_snippets() -> None:
    """The pattern that finds snippets finds them."""
    assert set(FILES) == {"policy.polar", "app.py", "conftest.py", "test_policy.py"}
    assert len(_CURL.findall(SESSION)) == SESSION.count("$ curl")
    assert len(POLICIES) == README.read_text(encoding="utf-8").count("```polar\n")


@pytest.mark.parametrize(("name", "cls"), [("oso", FlaskOso), ("policy", Oso)])
def test_readme_names_methods_that_exist(name: str, cls: type) -> None:
    """What is called on the extension or on the policy, in the text too, is there."""
    text = README.read_text(encoding="utf-8")

    called = re.findall(rf"`{name}\.(\w+)\(", text)

    assert called
    assert [method for method in called if not hasattr(cls, method)] == []


@pytest.mark.parametrize(
    ("rule", "answers"),
    [
        ('allow(_, "read", page) if x == page and x = "page";', [True, False]),
        ('allow(_, "read", page) if x = "page" and x == page;', [True, False]),
    ],
)
def test_comparison_waits_for_a_value(rule: str, answers: list[bool]) -> None:
    """A variable may get its value behind the `==` that it stands in."""
    policy = Oso()
    policy.load_str(rule)

    assert [policy.is_allowed("ana", "read", page) for page in ("page", "note")] == answers


def test_comparison_that_waits_in_vain_is_an_error() -> None:
    """An answer that leaves a variable waiting is none."""
    policy = Oso()
    policy.load_str('allow(_, "read", page) if x == page and x == page;')

    with pytest.raises(PolarRuntimeError, match="unhandled partial"):
        policy.is_allowed("ana", "read", "page")


def test_application_answers_as_shown(ask: Callable[[str], TestResponse]) -> None:
    """The session in the README is what happens, in this order."""
    shown = [(status, body) for _, status, body in _CURL.findall(SESSION)]

    answers = [ask(arguments) for arguments, _, _ in _CURL.findall(SESSION)]

    assert [(str(a.status_code), a.text.strip()) for a in answers] == shown


def test_program_for_oso_runs_as_shown() -> None:
    """With its one line more, a program for oso prints what the README says."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=README.parent
    )

    assert (ran.stderr, ran.stdout) == ("", OUTPUT)


@pytest.mark.parametrize("snippet", POLICIES, ids=lambda s: s.section)
def test_policy_loads(
    load: Callable[[str], dict[str, t.Any]],
    capsys: pytest.CaptureFixture[str],
    snippet: Snippet,
) -> None:
    """Each policy of the README is accepted without a warning."""
    load(snippet.text)

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("section", SECTIONS)
def test_section_runs(load: Callable[[str], dict[str, t.Any]], section: str) -> None:
    """Each piece of Python runs, and its assertions hold."""
    names = load(code_of(section, "polar") or FILES["policy.polar"])

    text = code_of(section, "python")
    # As a reader's file: the annotations of this one are not evaluated.
    exec(compile(text, f"README.md: {section}", "exec", dont_inherit=True), names)


@pytest.mark.parametrize(
    ("section", "method", "path", "statuses"),
    [
        ("Protect a view", "GET", "/report", [200, 403, 403]),
        ("Protect a view", "POST", "/drafts", [200, 200, 403]),
        ("Protect a view", "PUT", "/drafts/1", [200, 404, 404]),
        ("Protect a view", "PUT", "/drafts/3", [404, 404, 404]),
        ("Whole blueprints", "GET", "/admin/users", [200, 403, 403]),
        ("Whole blueprints", "GET", "/admin/help", [200, 200, 200]),
    ],
)
def test_protected_views_answer(
    load: Callable[[str], dict[str, t.Any]],
    section: str,
    method: str,
    path: str,
    statuses: list[int],
) -> None:
    """The first views of the reference let in whom their policy names: Ana, Ben, nobody."""
    names = load(code_of(section, "polar"))
    exec(code_of(section, "python"), names)
    actors = iter([names["USERS"]["ana"], names["USERS"]["ben"], None])
    names["oso"].set_get_actor(lambda: next(actors))
    client = names["app"].test_client()

    assert [client.open(path, method=method).status_code for _ in statuses] == statuses


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/notes/1", 404),
        ("GET", "/api/notes/2", 200),
        ("PUT", "/api/notes/1", 404),
        ("PUT", "/api/notes/2", 403),
        ("PUT", "/api/notes/3", 404),
        ("GET", "/api/print", 200),
        ("POST", "/api/print", 403),
    ],
)
def test_methods_are_guarded_each_by_its_decorator(
    load: Callable[[str], dict[str, t.Any]], method: str, path: str, status: int
) -> None:
    """The views that are classes pass strict authorization, and ask what they show."""
    names = load(code_of("Views that are classes", "polar"))
    exec(code_of("Views that are classes", "python"), names)
    names["oso"].set_get_actor(lambda: names["USERS"]["ben"])
    names["oso"].require_authorization(names["app"], strict=True)

    response = names["app"].test_client().open(path, method=method)

    assert response.status_code == status


def test_forgotten_view_is_refused(load: Callable[[str], dict[str, t.Any]]) -> None:
    """The test to keep passes for an application that was initialized."""
    names = load(FILES["policy.polar"])
    exec(code_of("Make forgetting impossible", "python"), names)
    names["oso"].require_authorization(names["app"], strict=True)
    names["app"].testing = True
    names["create_app"] = lambda: names["app"]

    names["test_forgotten_view_is_refused"]()


def test_forgotten_view_is_open_without_init_app(load: Callable[[str], dict[str, t.Any]]) -> None:
    """The test to keep fails where the key is set and ``init_app`` never runs."""
    names = load(FILES["policy.polar"])
    exec(code_of("Make forgetting impossible", "python"), names)
    app = make_app("uninitialized", OSO_ENFORCE="strict")
    names["create_app"] = lambda: app

    with pytest.raises(AssertionError):
        names["test_forgotten_view_is_refused"]()


@pytest.mark.parametrize(("pair", "allowed"), [(list, True), (tuple, False)])
def test_member_is_a_list_of_two(
    application: types.ModuleType, pair: type[t.Any], allowed: bool
) -> None:
    """The policy on roles matches lists, and passes over tuples."""
    policy, ana = Oso(), application.USERS["ana"]
    policy.register_class(application.User)
    policy.register_class(Folder)
    policy.register_class(Filed, name="Note")
    policy.load_str(code_of("Roles", "polar"))

    answer = policy.is_allowed(ana, "edit", Filed(Folder([pair([ana, "owner"])])))

    assert answer is allowed


@pytest.mark.parametrize(
    ("name", "action", "resource", "allowed"),
    [
        ("ana", "edit", 1, True),
        ("ana", "read", 1, False),
        ("ben", "edit", 1, False),
        ("ana", "edit", 2, False),
    ],
)
def test_first_policy_means_what_it_says(
    load: Callable[[str], dict[str, t.Any]],
    name: str,
    action: str,
    resource: int,
    allowed: bool,
) -> None:
    """Authors change their notes while these are not public."""
    names = load(code_of("Write a policy", "polar"))

    answer = names["policy"].is_allowed(names["USERS"][name], action, names["NOTES"][resource])

    assert answer is allowed


def sessions() -> Iterator[tuple[str, str, list[str]]]:
    """Yield what the README shows of the REPL: a policy's name, the screen, what is typed."""
    for snippet in SNIPPETS:
        if snippet.note.startswith("session: "):
            screen = re.sub(r"\A\$ .*\n", "", snippet.text)
            typed = re.findall(r"^(?:query|debug)> (.*)$", screen, re.MULTILINE)
            yield snippet.note.removeprefix("session: "), screen, typed


@pytest.mark.parametrize(("name", "shown", "typed"), list(sessions()))
def test_session_is_as_shown(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    shown: str,
    typed: list[str],
) -> None:
    """What the README types into the REPL is answered as it shows."""
    (tmp_path / name).write_text(code_of("Trying a policy out", "polar"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    lines = iter(typed)

    def read(prompt: str) -> str:
        line = next(lines, None)
        if line is None:
            raise EOFError
        print(f"{prompt}{line}")
        return line

    monkeypatch.setattr("builtins.input", read)

    assert main([name]) == 0
    assert capsys.readouterr().out == shown


def test_rules_left_to_the_solver_are_as_shown(
    load: Callable[[str], dict[str, t.Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of the section on speed is that of the policy there."""
    names = load(code_of("Speed", "polar"))

    exec(code_of("Speed", "python"), names)

    assert capsys.readouterr().out == next(s.text for s in SNIPPETS if s.note == "left over")


def test_redirect_answers_a_denial(load: Callable[[str], dict[str, t.Any]]) -> None:
    """What the unauthorized action returns is what the client gets."""
    names = load(FILES["policy.polar"])
    exec(code_of("Authorize inside a view", "python"), names)
    exec(code_of("Answer a denial otherwise", "python"), names)
    names["oso"].set_get_actor(lambda: None)

    response = names["app"].test_client().post("/notes/1/publish")

    assert (response.status_code, response.headers["Location"]) == (302, "/login")
    assert not names["NOTES"][1].public


def test_each_application_has_its_own_policy(
    load: Callable[[str], dict[str, t.Any]], tmp_path: Path
) -> None:
    """The factory of the README makes applications that do not share rules."""
    names = load(FILES["policy.polar"])
    exec(code_of("Several applications", "python"), names)
    (tmp_path / "open.polar").write_text("allow(_, _, _);", encoding="utf-8")
    question = (names["USERS"]["ben"], "edit", names["NOTES"][1])

    answers = []
    for policy_file in ("policy.polar", "open.polar"):
        with names["create_app"](policy_file).app_context():
            answers.append(names["oso"].oso.is_allowed(*question))

    assert answers == [False, True]


def test_denials_are_counted(
    application: types.ModuleType, ask: Callable[[str], TestResponse]
) -> None:
    """The receiver of the section on signals hears of denials, and not of what is allowed."""
    names = {**vars(application)}
    exec(code_of("Signals", "python"), names)

    [ask(f"-i -u {name}: http://127.0.0.1:5000/notes/1") for name in ("ben", "ana", "ben")]

    assert application.app.extensions["denials"] == 2


@pytest.mark.parametrize(("name", "shown"), [("ana", True), ("ben", False)])
def test_template_shows_what_is_allowed(
    application: types.ModuleType, name: str, shown: bool
) -> None:
    """The template of the README renders, and shows a button to whom it is for."""
    note = application.NOTES[1]
    note.id, note.folder = 1, "a folder"
    with application.app.test_request_context("/notes/1", auth=(name, "")):
        application.app.preprocess_request()
        page = render_template_string(code_of("In templates", "jinja"), note=note)

    assert ("Edit" in page, "given this note alone" in page, "Delete" in page) == (
        shown,
        True,
        False,
    )


def test_decision_is_logged_as_shown(
    ask: Callable[[str], TestResponse], capsys: pytest.CaptureFixture[str]
) -> None:
    """A line has the fields of the line in the README, and names the same rule."""
    shown = json.loads(code_of("Decision log", "json"))
    exec(code_of("Decision log", "python"), {})
    capsys.readouterr()

    ask("-i -u ana: -X PUT -d 'Mine.' http://127.0.0.1:5000/notes/1")

    written = json.loads(capsys.readouterr().out)
    assert list(written) == list(shown)
    alike = ("outcome", "rule", "app", "endpoint", "method", "action")
    assert [written[name] for name in alike] == [shown[name] for name in alike]


def run_tests(folder: Path, tests: str) -> str:
    """Run tests of the complete application, in a process of their own; give the output."""
    for name, text in {**FILES, "test_policy.py": tests}.items():
        (folder / name).write_text(text, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error"],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    return ran.stdout + ran.stderr


def test_tests_of_the_readme_pass(tmp_path: Path) -> None:
    """The tests that the README shows hold for its application."""
    output = run_tests(tmp_path, FILES["test_policy.py"])

    assert re.search(r"^4 passed in ", output, re.MULTILINE), output


def test_tests_of_the_readme_fail_as_shown(tmp_path: Path) -> None:
    """A wrong word in the table is met with what the README shows."""
    row = "ben     private  | no "
    assert row in FILES["test_policy.py"]

    output = run_tests(tmp_path, FILES["test_policy.py"].replace(row, "ben     private  | yes"))

    shown = next(s.text for s in SNIPPETS if s.note == "failure")
    assert shown in re.sub("^E {0,7}", "", output, flags=re.MULTILINE)
