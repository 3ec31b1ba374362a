"""Printing: tables, JSON, and annotations for GitHub workflows.

On a terminal, tables are printed with rich if it is installed (the extra ``cli``); otherwise they
are plain text in columns, which other programs can search.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import typing as t
from collections.abc import Sequence

import click

from ...polar.characters import for_terminal, with_escapes
from ...polar.output import in_columns

Cells = Sequence[str]
_Function = t.TypeVar("_Function", bound=t.Callable[..., t.Any])


def format_option(
    *layouts: str, help: str = "For people, JSON, or annotations for GitHub."
) -> t.Callable[[_Function], _Function]:
    """Give a command the option ``--format``; the first layout is the default."""
    kind = click.Choice(layouts)
    return click.option("--format", "layout", type=kind, default=layouts[0], help=help)


def limit_option(things: str) -> t.Callable[[_Function], _Function]:
    """Give a command the option ``--limit``: how many things it shows, 100 by default."""
    return click.option(
        "--limit",
        type=click.IntRange(1),
        default=100,
        show_default=True,
        metavar="NUMBER",
        help=f"Show so many {things} at most.",
    )


def show_table(headings: Cells, rows: Sequence[Cells], styles: Sequence[str] = ()) -> None:
    """Print a table.

    :param styles: the style of each row for rich; empty for none.
    """
    rows = [[*map(with_escapes, row)] for row in rows]
    console = _rich_console()
    if console is None:
        echo("\n".join(plain_table(headings, rows)))
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(*headings, header_style="bold", box=None, pad_edge=False)
    for number, row in enumerate(rows):
        table.add_row(*map(escape, row), style=styles[number] if styles else None)
    console.print(table)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a text, with escapes for invisible characters and terminal control sequences."""
    click.echo(for_terminal(text), err=err, nl=nl)


def echo_traceback() -> None:
    """Print the traceback of the handled exception, with line ends in messages escaped."""
    text = traceback.format_exc().rstrip("\n")
    error = sys.exception()
    while error is not None:
        message = str(error)
        if "\n" in message:
            text = text.replace(message, with_escapes(message))
        error = error.__cause__ or error.__context__
    echo(text, err=True)


def _rich_console() -> t.Any:
    """Give rich's console; ``None`` without a terminal or without rich."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console()


def plain_table(headings: Cells, rows: Sequence[Cells]) -> list[str]:
    """Give the lines of a table: columns two spaces apart, empty columns omitted."""
    shown = [at for at in range(len(headings)) if any(row[at] for row in rows)]
    return in_columns([[row[at] for at in shown] for row in (headings, *rows)])


def tell_of_more(limit: int) -> None:
    """Print that there are more results than are shown."""
    echo(f"There are more than {limit}. Raise '--limit' to see them.", err=True)


def show_json(value: t.Any) -> None:
    """Print a value as JSON, with escapes for invisible characters."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    echo("".join(map(_json_escape, text)) if for_terminal(text) != text else text)


def _json_escape(character: str) -> str:
    is_shown = for_terminal(character) == character
    return character if is_shown else json.dumps(character)[1:-1].replace("\x7f", "\\u007f")


def show_annotation(
    message: str,
    *,
    file: str | None,
    line: int | None,
    column: int | None = None,
    level: str = "error",
    title: str = "flask oso",
) -> None:
    """Print an annotation, which GitHub shows beside a line of a pull request.

    :param level: ``error`` or ``warning``.
    """
    facts = {"file": file, "line": line, "col": column, "title": title}
    known = ",".join(f"{key}={_property(str(value))}" for key, value in facts.items() if value)
    echo(f"::{level} {known}::{_data(message)}")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def shown_path(path: str) -> str:
    """Give a path relative to the current directory, if it is inside of it."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # Another drive of Windows.
        return path
    return path if relative.startswith(os.pardir) else relative


def with_short_paths(text: str) -> str:
    """Make the paths in a text relative to the current directory."""
    return text.replace(os.path.join(os.getcwd(), ""), "")
