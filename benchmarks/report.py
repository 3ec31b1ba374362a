"""How results are shown: a table for people, JSON for programs.

In go the times of each workload; out comes a line for each, with our ratio to what it is
compared with, and the goal. Columns line up with or without rich; with it they are tidier.
"""

from __future__ import annotations

import datetime
import importlib.util
import os
import platform
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .children import AGAIN
from .contenders import HAND, OSO, OURS, PEERS, SOLVER, Workload, versions
from .timing import ONE_CHECK, Time, Times

_COLUMNS = (HAND, ONE_CHECK, OURS, SOLVER, AGAIN, *PEERS)


@dataclass(frozen=True)
class Row:
    """One workload: its times, what became of the goal, and the goal."""

    id: str
    title: str
    unit: str
    times: Times
    result: str
    goal: str
    is_reached: bool


def row_of(workload: Workload, times: Times) -> Row:
    """Compare our time with that of the base."""
    base = times[ONE_CHECK if workload.one_check is not None else HAND]
    ours = times[OURS]
    if workload.is_added:
        figure = ours.best - base.best
        result, goal = f"{figure:+.1f} µs", f"≤ {workload.goal:g} µs"
    else:
        figure = ours.best / base.best
        digits = 2 if workload.goal < 2 else 1
        result, goal = f"{figure:.{digits}f} x", f"≤ {workload.goal:g} x"
    reached = figure <= workload.goal
    return Row(workload.id, workload.title, "µs", times, result, goal, reached)


def row_of_children(id: str, title: str, times: Times, goal: float, *, name: str = OURS) -> Row:
    """Compare the milliseconds that something takes in a fresh process with the goal.

    Where oso takes part, the result has the ratio to it, too.
    """
    ours = times[name].median
    ratio = f", {ours / times[OSO].median:.1f} x oso" if OSO in times else ""
    return Row(id, title, "ms", times, f"{ours:.1f} ms{ratio}", f"≤ {goal:g} ms", ours <= goal)


# -- for people ------------------------------------------------------------------------


def print_table(rows: Sequence[Row]) -> None:
    """Print the table, and what it was measured on."""
    names = [name for name in _COLUMNS if any(name in row.times for row in rows)]
    header = ["", "workload", "unit", *names, "ours", "goal"]
    lines = [_line(row, names) for row in rows]
    if importlib.util.find_spec("rich") is None:
        _print_plain([header, *lines])
    else:
        _print_rich(header, lines)
    print("\n".join(about()))


def _line(row: Row, names: Iterable[str]) -> list[str]:
    times = [_shown(row.times.get(name), row.unit) for name in names]
    return [row.id, row.title, row.unit, *times, row.result, row.goal]


def _shown(time: Time | None, unit: str) -> str:
    if time is None:
        return "-"
    figure = time.best if unit == "µs" else time.median
    return (
        f"{figure:,.2f}" if figure < 10 else f"{figure:,.1f}" if figure < 100 else f"{figure:,.0f}"
    )


def _print_plain(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(_aligned(line, widths)).rstrip())


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    texts = [text.ljust(width) for text, width in zip(line[:3], widths, strict=False)]
    figures = zip(line[3:], widths[3:], strict=True)
    return texts + [text.rjust(width) for text, width in figures]


def _print_rich(header: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for number, name in enumerate(header):
        table.add_column(name, justify="left" if number < 3 else "right")
    for line in lines:
        table.add_row(*line)
    # Piped into a file, a table is as wide as it has to be.
    console = Console()
    Console(width=None if console.is_terminal else 200).print(table)


def about() -> list[str]:
    """Say what the figures were measured on, and how to read them."""
    known = versions()
    there = ", ".join(
        f"{name} {version}" for name, version in known.items() if version != "missing"
    )
    missing = [name for name, version in known.items() if version == "missing"]
    lines = [
        f"{machine()}, {there}, {datetime.date.today().isoformat()}.",
        "µs are the best of many rounds, ms the median. Ours is compared with what is"
        " hand-written, in W10 with one check of ours.",
    ]
    if missing:
        lines.append(f"Not installed here: {', '.join(missing)}.")
    return lines


def machine() -> str:
    """Name the processor, and how many of its threads there are."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    models = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    name = models[0] if models else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} CPUs, {platform.system()}"


# -- for programs ----------------------------------------------------------------------


def as_json(rows: Sequence[Row]) -> Mapping[str, t.Any]:
    """Give the results as plain data."""
    return {
        "machine": machine(),
        "date": datetime.date.today().isoformat(),
        "versions": versions(),
        "rows": [
            {
                "id": row.id,
                "title": row.title,
                "unit": row.unit,
                "times": {
                    name: {"best": time.best, "median": time.median}
                    for name, time in row.times.items()
                },
                "result": row.result,
                "goal": row.goal,
                "reached": row.is_reached,
            }
            for row in rows
        ],
    }
