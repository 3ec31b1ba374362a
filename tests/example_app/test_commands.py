"""The real ``flask --app example_app oso …``, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
Flask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def flask(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Run ``flask`` on the example application with a database of its own."""
    database = tmp_path_factory.mktemp("example") / "test.sqlite"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "example_app", *arguments],
            cwd=ROOT,
            env={**os.environ, "FLASK_DATABASE": f"sqlite:///{database}"},
            capture_output=True,
            encoding="utf-8",
        )

    run("init-db")
    return run


def test_executable_is_the_one_of_the_environment() -> None:
    """The script that pip makes knows the commands, too."""
    script = Path(sys.executable).with_name("flask")

    result = subprocess.run([script, "oso", "routes", "--help"], capture_output=True, text=True)

    assert (result.returncode, "flask oso routes --gaps" in result.stdout) == (0, True)


def test_reader_that_has_gone_is_no_crash() -> None:
    """Output that nobody reads to its end, as with ``| head``, prints no traceback."""
    reader, writer = os.pipe()
    os.close(reader)

    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "example_app", "oso", "routes"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)

    assert "Traceback" not in result.stderr


def test_routes_has_no_gap(flask: Flask) -> None:
    """Every route of the example is guarded, or says why it is not."""
    result = flask("oso", "routes", "--format", "json")

    census = json.loads(result.stdout)
    assert (result.returncode, census["gaps"], census["requirement"]) == (0, 0, "before_view")
    assert not [row for row in census["routes"] if row["remark"] == "No reason is given."]


def test_check_finds_nothing(flask: Flask) -> None:
    """The policy of the example is right; rules of the older roles stay with the solver."""
    result = flask("oso", "check", "--strict", "--format", "json")

    found = {each["severity"] for each in json.loads(result.stdout)["findings"]}
    assert (result.returncode, found) == (0, {"note"})


def test_policies_are_in_style(flask: Flask) -> None:
    """The files of the example are formatted."""
    assert flask("oso", "fmt", "--check").returncode == 0


@pytest.mark.parametrize(
    ("question", "code", "begin"),
    [
        (("User:2", "edit", "Issue:1"), 0, 'ALLOWED: User:2 may "edit" Issue:1.\n'),
        (("User:3", "edit", "Issue:1"), 1, 'DENIED: User:3 may not "edit" Issue:1.\n'),
        (("anonymous", "read", "Repository:2"), 0, "ALLOWED: "),
        (("User:1", "edit", "Issue:99"), 2, ""),
    ],
)
def test_explain_answers(flask: Flask, question: tuple[str, ...], code: int, begin: str) -> None:
    """The rows are those of the database."""
    result = flask("oso", "explain", *question)

    assert result.returncode == code
    assert result.stdout.startswith(begin)
    assert str(ROOT) not in result.stdout


def test_who_may_edit(flask: Flask) -> None:
    """Users are found in one statement."""
    result = flask("oso", "who", "edit", "Issue:1")

    assert (result.returncode, result.stdout) == (0, "User:1\nUser:2\n")


def test_actions_are_listed(flask: Flask) -> None:
    """What a user may do to a row."""
    result = flask("oso", "actions", "User:2", "Issue:1")

    assert (result.returncode, result.stdout.split()) == (0, ["close", "delete", "edit", "read"])


def test_query_is_answered(flask: Flask) -> None:
    """Any rule can be asked."""
    result = flask("oso", "query", "has_role(user, role, org)", "user=User:1", "org=Organization:1")

    assert (result.returncode, result.stdout) == (0, "role\n'owner'\n'member'\n")
