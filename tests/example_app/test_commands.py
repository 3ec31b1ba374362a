"""``flask --app example_app oso …``: the program once, and each command on the sample data."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from example_app import create_app
from tests.support.children import ROOT, plain_environment
from tests.support.sites import run_command

pytestmark = pytest.mark.slow

Command = Callable[..., Result]


@pytest.fixture
def command(sample: Flask) -> Command:
    """Run a command of ``flask oso`` on the example application."""
    return functools.partial(run_command, sample)


def test_program_explains_a_row_of_the_database(tmp_path: Path) -> None:
    """The program finds the application, its commands and its database by itself."""

    database = f"sqlite:///{tmp_path / 'test.sqlite'}"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "example_app", *arguments],
            cwd=ROOT,
            env=plain_environment(FLASK_SQLALCHEMY_DATABASE_URI=database),
            capture_output=True,
            encoding="utf-8",
        )

    created = run("init-db")
    result = run("oso", "explain", "User:3", "edit", "Issue:1")

    assert (created.returncode, result.returncode) == (0, 1)
    assert result.stdout.startswith('DENIED: User:3 may not "edit" Issue:1.\n')


def test_executable_is_the_one_of_the_environment() -> None:
    """The script that pip makes knows the commands of ``flask oso``."""
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


def test_routes_has_no_gap(command: Command) -> None:
    """Every route of the example is guarded, or says why it is not."""
    result = command("routes", "--format", "json")

    census = json.loads(result.stdout)
    assert (result.exit_code, census["gaps"], census["enforce"]) == (0, 0, "strict")
    assert not [row for row in census["routes"] if row["remark"] == "No reason is given."]


def test_check_finds_nothing(command: Command) -> None:
    """The policy of the example is right, and all of it is compiled."""
    result = command("check", "--strict", "--format", "json")

    assert (result.exit_code, json.loads(result.stdout)["findings"]) == (0, [])


def test_policies_are_in_style(command: Command) -> None:
    """The files of the example are formatted."""
    assert command("fmt", "--check").exit_code == 0


@pytest.mark.parametrize(
    ("question", "code", "begin"),
    [
        (("User:2", "edit", "Issue:1"), 0, 'ALLOWED: User:2 may "edit" Issue:1.\n'),
        (("User:3", "edit", "Issue:1"), 1, 'DENIED: User:3 may not "edit" Issue:1.\n'),
        (("anonymous", "read", "Repository:2"), 0, "ALLOWED: "),
        (("User:1", "edit", "Issue:99"), 2, ""),
    ],
)
def test_explain_answers(
    command: Command, question: tuple[str, ...], code: int, begin: str
) -> None:
    """The rows are those of the database."""
    result = command("explain", *question)

    assert result.exit_code == code
    assert result.stdout.startswith(begin)
    assert str(ROOT) not in result.stdout


def test_who_may_edit(command: Command) -> None:
    """Users are found in one statement."""
    result = command("who", "edit", "Issue:1")

    assert (result.exit_code, result.stdout) == (0, "User:1\nUser:2\n")


def test_actions_are_listed(command: Command) -> None:
    """What a user may do to a row."""
    result = command("actions", "User:2", "Issue:1")

    assert (result.exit_code, result.stdout.split()) == (0, ["close", "delete", "edit", "read"])


def test_init_db_says_who_can_log_in(tmp_path: Path) -> None:
    """The command of ``make demo`` makes fresh data, and says who can use it."""
    path = tmp_path / "test.sqlite"
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{path}"})

    outputs = [app.test_cli_runner().invoke(args=["init-db"]).output for _ in range(2)]

    assert outputs[0] == outputs[1]
    assert re.findall(r"^  (\S+) +", outputs[0], re.MULTILINE) == [
        *("Ana", "Ben", "Cleo", "Dora"),
        *("ben-reads", "ben-writes"),
    ]


def test_query_is_answered(command: Command) -> None:
    """Any rule can be asked."""
    result = command("query", "has_role(user, role, org)", "user=User:1", "org=Organization:1")

    assert (result.exit_code, result.stdout) == (0, "role\n'owner'\n'member'\n")
