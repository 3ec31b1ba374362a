"""How commands end when they cannot come to their end: never as if they had answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from flask_oso import FlaskOso, Oso
from tests.support.children import interruptible, plain_environment
from tests.support.sites import make_app

APP = """
import os, signal, sys, time
import click
from flask import Flask
from flask_oso import FlaskOso, Oso

class Stop(BaseException):
    pass

def end():
    {how}

class Page:
    def __init__(self, key):
        self.id = key
    def public(self):
        if {where!r} == "policy":
            end()
        return self.id == 1

def load(key):
    if {where!r} == "loader":
        end()
    return Page(key)

if {where!r} == "import":
    end()
app = Flask("site")
oso = Oso()
oso.register_class(Page)
extension = FlaskOso(oso, app)
extension.loader(Page)(load)
if {where!r} == "teardown":
    app.teardown_appcontext(lambda _: end())
oso.load_str('allow("ann", "read", page: Page) if page.public();')
"""
ALLOWED = ("explain", "ann", "read", "Page:1")
DENIED = ("explain", "ann", "read", "Page:2")
EXITS = [
    "sys.exit(0)",
    "sys.exit(1)",
    "sys.exit()",
    "sys.exit('no')",
    "exit(0)",
    "raise Stop",
    "raise click.exceptions.Exit(0)",
    "click.get_current_context().exit(1)",
    "raise click.ClickException('no')",
]
INTERRUPT = "os.kill(os.getpid(), signal.SIGINT); time.sleep(10)"


def write_app(folder: Path, where: str = "", how: str = "pass") -> None:
    """Write an application that does something in one place."""
    (folder / "app.py").write_text(APP.format(where=where, how=how), encoding="utf-8")


def start(folder: Path, *arguments: str, **options: t.Any) -> subprocess.Popen[str]:
    """Start Python in a folder, which SIGINT ends."""
    usual = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "env": plain_environment(),
    }
    with interruptible():
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, text=True, **{**usual, **options}
        )


def code_of(process: subprocess.Popen[str], given: str = "") -> int:
    """Give the exit code of a process."""
    process.communicate(given, timeout=60)
    return process.returncode


def flask(folder: Path, *arguments: str) -> int:
    """Run a command; give its exit code."""
    return code_of(start(folder, "-m", "flask", "oso", *arguments))


@pytest.mark.parametrize(("arguments", "code"), [(ALLOWED, 0), (DENIED, 1)])
def test_answers_have_their_codes(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """0 is allowed, and 1 is denied."""
    write_app(tmp_path)

    assert flask(tmp_path, *arguments) == code


# -- an application that ends the process ------------------------------------------------


@pytest.mark.each(3)
@pytest.mark.parametrize("how", EXITS)
def test_application_that_ends_while_it_is_imported(tmp_path: Path, how: str) -> None:
    """An application that ends while it is imported cannot be asked: the code is 2."""
    write_app(tmp_path, "import", how)

    assert flask(tmp_path, *ALLOWED) == 2


@pytest.mark.each(2)
@pytest.mark.parametrize("command", [("check",), ("fmt",), ("routes",), ("query", "1 = 1")])
def test_command_of_an_application_that_ends(tmp_path: Path, command: tuple[str, ...]) -> None:
    """No command answers for an application that ends while it is imported."""
    write_app(tmp_path, "import", "sys.exit(0)")

    assert flask(tmp_path, *command) == 2


class Stop(BaseException):
    """What a library of coroutines may raise."""


def make_site(where: str, error: BaseException) -> Flask:
    """Make an app in which something raises."""

    def end(*_: t.Any) -> None:
        raise error

    class Page:
        def __init__(self, key: int) -> None:
            self.id = key

        def public(self) -> bool:
            return {"policy": end}.get(where, lambda: True)() is None or True

    app, oso = make_app(), Oso()
    oso.register_class(Page)
    loader: Callable[[int], t.Any] = {"loader": end}.get(where, Page)
    FlaskOso(oso, app).loader(Page)(loader)
    app.teardown_appcontext({"teardown": end}.get(where, lambda _: None))
    oso.load_str('allow("ann", "read", page: Page) if page.public();')
    return app


@pytest.mark.parametrize(
    "error",
    [SystemExit(0), SystemExit(1), SystemExit(), SystemExit("no"), Stop(), BrokenPipeError(32, "")],
    ids=repr,
)
@pytest.mark.parametrize(
    ("where", "command", "code"),
    [
        ("loader", ALLOWED, 2),
        ("loader", ("query", "1 = 1", "page=Page:1"), 2),
        ("policy", ALLOWED, 3),
        ("policy", ("actions", "ann", "Page:1"), 3),
        ("policy", ("query", 'allow("ann", "read", page)', "page=Page:1"), 3),
        ("teardown", ALLOWED, 2),
        ("teardown", DENIED, 2),
    ],
)
def test_application_that_ends_while_it_is_asked(
    run: t.Any, error: BaseException, where: str, command: tuple[str, ...], code: int
) -> None:
    """What ends it is shown; a loader is misconfigured, and a policy that ends so is broken."""
    result = run(make_site(where, error), *command)

    assert (result.exit_code, type(error).__name__ in result.output) == (code, True)


@pytest.mark.parametrize("code", [0, 1, 2])
@pytest.mark.parametrize(("where", "expected"), [("loader", 2), ("policy", 3)])
def test_application_that_ends_as_commands_do(
    run: t.Any, code: int, where: str, expected: int
) -> None:
    """An application may have commands of its own, and call them; that is no answer of ours."""
    result = run(make_site(where, click.exceptions.Exit(code)), *DENIED)

    assert result.exit_code == expected


def test_application_that_complains_as_commands_do(run: t.Any) -> None:
    """Click ends with 1 for it, which would say denied."""
    result = run(make_site("loader", click.ClickException("It is closed.")), *ALLOWED)

    assert (result.exit_code, "It is closed." in result.output) == (2, True)


# -- Ctrl-C ------------------------------------------------------------------------------


@pytest.fixture
def in_the_background() -> Iterator[None]:
    """Ignore SIGINT, as what a shell starts in its background does."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("in_the_background")
def test_interrupt_of_a_process_whose_parent_ignores_it(tmp_path: Path) -> None:
    """These tests say what a terminal shows, also where nothing interrupts them themselves."""
    process = start(tmp_path, "-c", f"import os, signal, time; {INTERRUPT}")

    assert code_of(process) == -signal.SIGINT


def test_interrupt_while_the_application_is_imported(tmp_path: Path) -> None:
    """The command ends as a process that SIGINT ended."""
    write_app(tmp_path, "import", INTERRUPT)

    process = start(tmp_path, "-m", "flask", "oso", *ALLOWED)

    assert process.communicate(timeout=60) == ("", "Interrupted.\n")
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("loader", KeyboardInterrupt()),
        ("policy", KeyboardInterrupt()),
        ("teardown", KeyboardInterrupt()),
        ("loader", click.Abort()),
    ],
    ids=repr,
)
def test_interrupt_while_the_application_is_asked(
    run: t.Any, where: str, error: BaseException
) -> None:
    """An interrupt ends the command wherever it comes."""
    result = run(make_site(where, error), *ALLOWED)

    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal.")
@pytest.mark.parametrize("command", [("-m", "flask", "oso", "shell"), ("-m", "flask_oso")])
def test_interrupt_of_a_session_from_a_pipe(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Nobody sits in front of it, so that it ends, and says by what."""
    write_app(tmp_path)
    process = start(tmp_path, *command)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("1 = 1\n")
    process.stdin.flush()
    # The answer, and the prompt after it.
    assert process.stdout.read(len("query> True\nquery> ")) == "query> True\nquery> "

    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=60) == ("", "Interrupted.\n")
    assert process.returncode == 130


# -- an output that cannot be written ------------------------------------------------------

FULL = Path("/dev/full")
COMMANDS = [
    ("-m", "flask", "oso", *ALLOWED),
    ("-m", "flask", "oso", *DENIED),
    ("-m", "flask", "oso", "routes", "--format", "json"),
    ("-m", "flask", "oso", "--help"),
    ("-m", "flask", "oso", "shell"),
    ("-m", "flask_oso"),
]


@pytest.mark.each(3, 1)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_output_that_nobody_reads(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The command ends as a process that SIGPIPE ended, and without a word."""
    write_app(tmp_path)
    read, write = os.pipe()
    os.close(read)

    process = start(tmp_path, *command, stdout=write)
    os.close(write)
    _, errors = process.communicate("x in [1, 2]\n" * 2_000, timeout=60)

    assert (process.returncode, errors) == (141, "")


@pytest.mark.each(3)
@pytest.mark.skipif(not FULL.exists(), reason="There is no device without room.")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_output_without_room(tmp_path: Path, command: tuple[str, ...]) -> None:
    """What was answered is nowhere."""
    write_app(tmp_path)

    with FULL.open("w") as full:
        process = start(tmp_path, *command, stdout=full)
        _, errors = process.communicate("1 = 1\n", timeout=60)

    assert (process.returncode, errors) == (
        2,
        "The output cannot be written: No space left on device.\n",
    )


@pytest.mark.each(3)
@pytest.mark.skipif(not FULL.exists(), reason="There is no device without room.")
@pytest.mark.parametrize(
    ("where", "command", "code"),
    [
        ("", DENIED, 1),
        ("import", ALLOWED, 2),
        ("policy", ALLOWED, 3),
        ("", ("explain", "ann", "read", "Nothing:1"), 2),
        ("", ("nothing",), 2),
    ],
)
def test_error_output_without_room(
    tmp_path: Path, where: str, command: tuple[str, ...], code: int
) -> None:
    """The code says what the text would."""
    write_app(tmp_path, where, "sys.exit(0)")

    with FULL.open("w") as full:
        process = start(tmp_path, "-m", "flask", "oso", *command, stderr=full)

    assert code_of(process) == code


@pytest.mark.each(3, 2)
@pytest.mark.skipif(os.name != "posix", reason="The shell is that of POSIX.")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (f"-m flask oso {' '.join(ALLOWED)}", 0),
        (f"-m flask oso {' '.join(DENIED)}", 1),
        ("-m flask oso query '1 = 1'", 0),
        ("-m flask oso query '1 = 2'", 1),
        ("-m flask_oso", 0),
    ],
)
def test_output_that_is_closed(tmp_path: Path, command: str, code: int) -> None:
    """Who closes it wants the code alone."""
    write_app(tmp_path)

    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} {command} >&- <&-"],
        cwd=tmp_path,
        env=plain_environment(),
        check=False,
        timeout=60,
    )

    assert done.returncode == code


def test_output_that_has_not_all_characters(tmp_path: Path) -> None:
    """Characters that the output cannot show appear as escapes."""
    write_app(tmp_path)
    process = start(
        tmp_path,
        "-m",
        "flask",
        "oso",
        *ALLOWED,
        env=plain_environment(PYTHONIOENCODING="ascii"),
    )

    output, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (0, "")
    assert r"\u2713 page.public()" in output
