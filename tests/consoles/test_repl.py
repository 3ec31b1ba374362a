"""``python -m flask_oso`` and ``Oso.repl`` as somebody at a terminal meets them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flask_oso import Oso

pty = pytest.importorskip("pty")

ROOT = Path(__file__).parents[2]
POLICY = """\
role("ana", "owner");
role("ana", "member");
role("ben", "member");
begin(n) if print("It goes on.") and pause(n);
pause(n) if n = 0 or (n > 0 and m = n - 1 and (pause(m) or pause(m)) and false);
allow(actor, _action, _resource) if debug() and role(actor, "owner");
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and the repository to import from."""
    return {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "roles.polar"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a Python with something on its standard input."""

    def start(*arguments: object, given: str = "", **more: str) -> t.Any:
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            input=given,
            capture_output=True,
            text=True,
            env={**environment, **more},
            timeout=120,
            check=False,
        )

    return start


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_session_from_a_pipe(run: Run, policy: Path) -> None:
    """Prompts and answers as oso prints them, without colours; the end is no failure."""
    done = run("-m", "flask_oso", policy, given='role("ana", x);\nrole("zoe", _)\nx = 1 + 1\n')

    assert done.stdout == "query> x = 'owner'\nx = 'member'\nquery> False\nquery> x = 2\nquery> "
    assert (done.returncode, done.stderr) == (0, "")


def test_without_files(run: Run) -> None:
    """There is always arithmetic."""
    assert run("-m", "flask_oso", given="x = 2 * 3").stdout == "query> x = 6\nquery> "


def test_help_teaches(run: Run) -> None:
    """The help of the REPL shows a session and the ways to look into a query."""
    done = run("-m", "flask_oso", "--help")

    assert done.returncode == 0
    assert done.stdout.startswith("usage: python -m flask_oso [-h] [FILE.polar ...]\n")
    assert "POLAR_LOG=info" in done.stdout


@pytest.mark.parametrize(
    ("name", "text", "message", "code"),
    [
        ("a.polar", "f(x", "hit the end of the file unexpectedly.", 3),
        ("b.polar", "f(x);", "Singleton variable x", 3),
        ("c.txt", "f(1);", "Polar files must have .polar extension.", 2),
        ("missing.polar", None, "Could not find file: ", 2),
    ],
)
def test_policy_that_cannot_be_loaded(
    run: Run, tmp_path: Path, name: str, text: str | None, message: str, code: int
) -> None:
    """The problem is told on standard error, without a traceback; the codes are those of
    ``flask oso``, where 1 is a denial."""
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")

    done = run("-m", "flask_oso", path)

    assert done.returncode == code
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert "query> " not in done.stdout


def test_misspelt_command(run: Run) -> None:
    """A word that is nearly a command is no policy file."""
    done = run("-m", "flask_oso", "lnt")

    assert done.returncode == 2
    assert done.stderr == "There is no command 'lnt'. Did you mean 'lint'?\n"


def test_misspelt_file(run: Run, policy: Path) -> None:
    """A file beside the one that is missing is named, if their names are alike."""
    done = run("-m", "flask_oso", policy.with_name(f"{policy.stem}x.polar"))

    assert done.returncode == 2
    assert done.stderr.endswith(f"Did you mean {str(policy)!r}?\n")


def test_file_that_is_not_text(run: Run, tmp_path: Path) -> None:
    """A file that is not text is a message on standard error, without a traceback."""
    path = tmp_path / "a.polar"
    path.write_bytes(b"\xff\xfe")

    done = run("-m", "flask_oso", path)

    assert (done.returncode, "Traceback" in done.stderr) == (3, False)


def test_debugger_in_the_session(run: Run, policy: Path) -> None:
    """``debug()`` asks between the queries."""
    done = run("-m", "flask_oso", policy, given='allow("ana", "read", 1)\nvar actor\nc\nx = 1\n')

    assert 'debug> actor@_actor_1 = "ana"\ndebug> True\nquery> x = 1\n' in done.stdout


def test_reader_that_goes_away(environment: dict[str, str]) -> None:
    """A pipe that is closed ends it as SIGPIPE would, and without a word."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flask_oso"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    process.stdout.close()

    _, errors = process.communicate("x in [1, 2]\n" * 2_000, timeout=120)

    assert (process.returncode, errors) == (141, "")


def test_oso_repl(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], policy: Path
) -> None:
    """An Oso of a program lends its classes and rules, and gets the files."""
    lines = iter(["x = Path", 'role(x, "owner")'])

    def read(prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)
    oso = Oso()
    oso.register_class(Path)

    assert oso.repl(files=[policy]) is None
    assert capsys.readouterr().out == f"x = {Path!r}\nx = 'ana'\n"


@pytest.mark.parametrize(
    "decide",
    [
        lambda oso: oso.is_allowed("ana", "read", 1),
        lambda oso: oso.authorize("ana", "read", 1),
        lambda oso: oso.authorize_request("ana", 1),
        lambda oso: oso.authorize_field("ana", "read", 1, "text"),
        lambda oso: oso.authorized_actions("ana", 1),
        lambda oso: oso.authorized_fields("ana", "read", 1),
        lambda oso: oso.get_allowed_actions("ana", 1),
    ],
)
def test_decision_never_waits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], decide: t.Any
) -> None:
    """``debug()`` in a policy is met on the way to a decision, which goes on."""
    monkeypatch.setattr("builtins.input", lambda prompt="": pytest.fail("It waits."))
    oso = Oso()
    oso.load_str(
        'allow(_, "read", _) if debug(); allow_request(_, _) if debug();'
        ' allow_field(_, _, _, "text") if debug();'
    )

    decide(oso)

    assert "A decision does not wait at debug()." in capsys.readouterr().err


# -- at a terminal --------------------------------------------------------------------


class Terminal:
    """A process behind a terminal.

    :param arguments: what Python is started with.
    """

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.process_id, self._file = pty.fork()
        if not self.process_id:
            # What a shell starts in the background inherits that Ctrl-C is ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(sys.executable, [sys.executable, *arguments], environment)
        self._unread = ""

    def type(self, text: str) -> None:
        os.write(self._file, text.encode())

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """Read until a text has come; give what came up to there."""
        end = time.monotonic() + seconds
        while text not in self._unread:
            if not select.select([self._file], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"No {text!r} in {self._unread!r}.")
            received = os.read(self._file, 4096).decode()
            self._unread += received
            if "\033[6n" in received:
                # Where is the cursor? In a corner.
                self.type("\033[1;1R")
        seen, _, self._unread = self._unread.partition(text)
        return seen + text

    def interrupt(self) -> None:
        os.kill(self.process_id, signal.SIGINT)

    def status(self) -> int:
        """Read to the end; give the exit status."""
        with contextlib.suppress(OSError):  # how Linux tells that nobody writes any more
            while select.select([self._file], [], [], 60)[0] and os.read(self._file, 4096):
                pass
        process_id, self.process_id = self.process_id, 0
        for _ in range(600):
            ended, status = os.waitpid(process_id, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.1)
        os.kill(process_id, signal.SIGKILL)
        raise AssertionError("It does not end.")

    def close(self) -> None:
        if self.process_id:
            os.kill(self.process_id, signal.SIGKILL)
            os.waitpid(self.process_id, 0)
        os.close(self._file)


@pytest.fixture(params=["prompt_toolkit", "readline"])
def terminal(
    request: pytest.FixtureRequest, environment: dict[str, str], policy: Path, tmp_path: Path
) -> Iterator[Terminal]:
    """A session at a terminal, with either library."""
    pytest.importorskip(request.param)
    if request.param == "readline":
        hidden = tmp_path / "hidden" / "prompt_toolkit"
        hidden.mkdir(parents=True)
        (hidden / "__init__.py").write_text("raise ImportError", encoding="utf-8")
        environment["PYTHONPATH"] = f"{hidden.parent}{os.pathsep}{ROOT}"
    session = Terminal(["-m", "flask_oso", str(policy)], environment)
    yield session
    session.close()


def test_tab_completes_names(terminal: Terminal) -> None:
    """Tab completes the name of a rule."""
    terminal.wait_for("query> ")

    terminal.type("rol\t")
    terminal.wait_for("e(")
    terminal.type('"ben", x)\r')

    terminal.wait_for("x = 'member'")


def test_interrupt_of_a_query(terminal: Terminal) -> None:
    """Ctrl-C ends the query; the session answers the next one; the end is no failure."""
    terminal.wait_for("query> ")
    terminal.type("begin(40)\r")
    terminal.wait_for("It goes on.")

    terminal.interrupt()

    terminal.wait_for("Interrupted.")
    terminal.wait_for("query> ")
    terminal.type('x = "on"\r')
    terminal.wait_for("x = 'on'")
    terminal.wait_for("query> ")
    terminal.type("\004")
    assert terminal.status() == 0


def test_interrupt_at_the_prompt_leaves(terminal: Terminal) -> None:
    """Ctrl-C where nothing runs ends the session, and is no failure either."""
    terminal.wait_for("query> ")
    # readline does not notice what comes while it shows the prompt.
    time.sleep(0.5)

    terminal.type("\003")

    assert terminal.status() == 0


def test_history_is_kept_for_its_owner(terminal: Terminal, tmp_path: Path) -> None:
    """Queries are kept for the next session, readable by their owner alone."""
    terminal.wait_for("query> ")
    terminal.type("x = 1\r")
    terminal.wait_for("x = 1\r\n")
    terminal.wait_for("query> ")
    terminal.type("exit\r")
    terminal.status()

    history = tmp_path / "state" / "flask_oso" / "history"
    assert "x = 1" in history.read_text(encoding="utf-8")
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colours(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], variable: str, value: str
) -> None:
    """Neither where they are not wanted nor where the terminal has none."""
    session = Terminal(["-m", "flask_oso"], {**environment, variable: value})
    session.wait_for("query>")
    session.type("f(1)\r")
    text = session.wait_for("undefined rule")
    session.close()

    assert "\033[31m" not in text


def test_name_of_an_error_is_red(terminal: Terminal) -> None:
    """The name of an error is red."""
    terminal.wait_for("query> ")

    terminal.type("f(1)\r")

    assert "\033[31mPolarRuntimeError\033[0m" in terminal.wait_for("undefined rule")
