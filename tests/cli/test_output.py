"""How commands print: plain columns, rich tables on terminals, annotations."""

from __future__ import annotations

import io
import sys

import pytest

from flask_oso.cli.terminal.output import plain_table, show_annotation, show_table, shown_path

HEADINGS, ROWS = ("Name", "None", "Value"), [("a", "", "[red]1[/red]"), ("long", "", "2")]
PLAIN = "Name  Value\na     [red]1[/red]\nlong  2\n"


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard output a terminal without colours."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    return terminal


def test_plain_table_is_aligned() -> None:
    """Columns are two spaces apart, and empty ones are left out."""
    assert plain_table(HEADINGS, ROWS) == PLAIN.splitlines()


def test_table_of_a_pipe_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    """Other programs get text without decoration, and in one line a row."""
    show_table(HEADINGS, ROWS)

    assert capsys.readouterr().out == PLAIN


def test_table_of_a_terminal_is_that_of_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal rich shows what is given, and takes nothing in it for markup."""
    terminal = open_terminal(monkeypatch)

    show_table(HEADINGS, ROWS, ["bold red", ""])

    lines = [line.split() for line in terminal.getvalue().splitlines()]
    assert lines == [["Name", "None", "Value"], ["a", "[red]1[/red]"], ["long", "2"]]


def test_table_of_a_terminal_without_rich_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra 'cli' is not needed."""
    terminal = open_terminal(monkeypatch)
    monkeypatch.setitem(sys.modules, "rich.console", None)

    show_table(HEADINGS, ROWS)

    assert terminal.getvalue() == PLAIN


def test_annotation_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    """What separates the parts of a command does not stand in them."""
    show_annotation("100%\nsure", file="a:b,c.py", line=3, level="warning", title="T")

    assert capsys.readouterr().out == (
        "::warning file=a%3Ab%2Cc.py,line=3,title=T::100%25%0Asure\n"
    )


def test_annotation_without_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    """A finding that has no place is shown all the same."""
    show_annotation("bad", file=None, line=None)

    assert capsys.readouterr().out == "::error title=flask oso::bad\n"


def test_path_is_that_of_here() -> None:
    """Only what is inside of the current directory is shortened."""
    assert shown_path(__file__).endswith("test_output.py")
    assert shown_path("/") == "/"
