"""Each command teaches itself: its help has an example that can be typed."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from flask_oso.cli import oso

NAMES = oso.list_commands(click.Context(oso))


def test_commands_are_those_of_the_readme() -> None:
    """The names are those that are promised."""
    assert NAMES == [
        "actions",
        "check",
        "compiled",
        "diff",
        "explain",
        "fmt",
        "init",
        "lint",
        "migrate-check",
        "query",
        "routes",
        "shell",
        "sql",
        "test",
        "who",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_help_has_an_example(name: str) -> None:
    """An example begins with what one types."""
    result = CliRunner().invoke(oso, [name, "--help"], prog_name="flask oso")

    assert result.exit_code == 0
    assert re.search(rf"^ +flask oso {name}", result.output, re.MULTILINE)


def test_summaries_are_whole() -> None:
    """The list of commands cuts no sentence off, in a terminal of the usual width."""
    result = CliRunner().invoke(oso, ["--help"], terminal_width=80)

    assert "..." not in result.output.partition("Commands:")[2]


@pytest.mark.parametrize("name", NAMES)
def test_each_option_has_a_help(name: str) -> None:
    """No option leaves one to guess."""
    command = oso.get_command(click.Context(oso), name)
    assert command is not None
    options = [each for each in command.params if isinstance(each, click.Option)]

    assert [each.name for each in options if not each.help] == []


@pytest.mark.parametrize("name", ["actions", "explain", "query", "shell", "sql", "who"])
def test_help_says_how_objects_are_written(name: str) -> None:
    """Commands that take objects show all ways to write one."""
    result = CliRunner().invoke(oso, [name, "--help"])

    assert "User:1            the User with this key" in result.output
    assert "Request:/admin    a request" in result.output


def test_unknown_command_is_misuse() -> None:
    """A command that does not exist is told of by click."""
    result = CliRunner().invoke(oso, ["nothing"])

    assert (result.exit_code, "No such command 'nothing'." in result.output) == (2, True)


def test_misspelt_command_is_told_of_the_one_that_was_meant() -> None:
    """A near name is named, whichever Click is installed."""
    result = CliRunner().invoke(oso, ["rotues"], prog_name="flask oso")

    assert result.exit_code == 2
    assert result.output.endswith("Error: No such command 'rotues'. Did you mean 'routes'?\n")


def test_group_explains_exit_codes() -> None:
    """The help of the group has the table of codes."""
    result = CliRunner().invoke(oso, ["--help"])

    assert [line.split()[:2] for line in result.output.splitlines() if line[:3] == "   "][:4] == [
        ["0", "good,"],
        ["1", "denied,"],
        ["2", "misconfigured:"],
        ["3", "broken:"],
    ]
