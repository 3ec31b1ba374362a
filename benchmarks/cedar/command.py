"""``python -m benchmarks cedar``: measure the applications, and print a table."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time
import typing as t
from collections.abc import Mapping, Sequence

from ..contenders import CEDARPY, HAND, OSO, OURS, SOLVER, versions
from ..report import machine
from ..timing import Effort, measure
from .gdrive import GDRIVE
from .github import GITHUB
from .tinytodo import TINYTODO

SCENARIOS = {each.name: each for each in (GDRIVE, GITHUB, TINYTODO)}
SIZES = (5, 10, 20, 30, 40, 50)
_EFFORT = Effort(budget=0.5, batch=0.005, rounds=3, clock=time.process_time)
_QUICK = Effort(budget=0.02, batch=0.001, rounds=1, clock=time.process_time)
_COLUMNS = (HAND, OURS, SOLVER, OSO, CEDARPY)
_EPILOG = """\
The applications are those of the paper about Cedar (OOPSLA 2024): gdrive has documents in
folders that are shared with groups, github repositories with five roles and organizations,
tinytodo lists with teams that read or edit them. Users are in groups, and groups in groups.
Graphs are random, with 5 to 50 entities of each kind, and always the same; 60 random questions
are asked about each, and all contenders have to give the same answers before they are timed.

columns: microseconds of a question; ours / by hand; ours / cedarpy, which reads policies and
entities anew for each question, as its interface has it; its entities are put together before.

examples:
  python -m benchmarks cedar                    all of them, some minutes
  python -m benchmarks cedar --only github      one application
  python -m benchmarks cedar --json cedar.json  the figures for a program, too
"""

_Row = tuple[str, int, Mapping[str, float]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; give the exit code: 1 if contenders disagree."""
    options = _parser().parse_args(arguments)
    scenarios = [each for name, each in SCENARIOS.items() if options.only in ("", name)]
    if not scenarios:
        known = ", ".join(SCENARIOS)
        print(f"No application is called {options.only!r}: {known}.", file=sys.stderr)
        return 2
    rows: list[_Row] = []
    for scenario in scenarios:
        for size in SIZES:
            print(f"{scenario.name} {size} ...", file=sys.stderr, flush=True)
            workload = scenario.workload(size)
            disagreements = workload.disagreements()
            if disagreements:
                print("\n".join(disagreements), file=sys.stderr)
                return 1
            times = measure(workload, _QUICK if options.quick else _EFFORT)
            rows.append((scenario.name, size, {name: time.best for name, time in times.items()}))
    print("\n".join(_lines(rows)))
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(rows), indent=2) + "\n", encoding="utf-8")
    return 0


def _lines(rows: Sequence[_Row]) -> list[str]:
    names = [name for name in _COLUMNS if any(name in times for _, _, times in rows)]
    header = ["", "size", *(f"{name} µs" for name in names), "ours / by hand", "ours / cedarpy"]
    cells = [header, *(_cells(row, names) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    missing = [name for name in (OSO, CEDARPY) if name not in names]
    about = [f"{machine()}, Python {versions()['python']}."]
    if missing:
        about.append(f"Not installed here: {', '.join(missing)}.")
    return [*lines, *about]


def _cells(row: _Row, names: Sequence[str]) -> list[str]:
    name, size, times = row
    figures = [f"{times[each]:,.2f}" if each in times else "-" for each in names]
    beside_cedar = f"{times[OURS] / times[CEDARPY]:.4f}" if CEDARPY in times else "-"
    return [name, str(size), *figures, f"{times[OURS] / times[HAND]:.1f}", beside_cedar]


def as_json(rows: Sequence[_Row]) -> dict[str, t.Any]:
    """Give the results as plain data."""
    return {
        "machine": machine(),
        "versions": versions(),
        "rows": [
            {"application": name, "size": size, "times_us": dict(times)}
            for name, size, times in rows
        ],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks cedar",
        description="The applications of the paper about Cedar, in graphs that grow.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="NAME", default="", help=f"one of {', '.join(SCENARIOS)}")
    parser.add_argument("--quick", action="store_true", help="measure briefly and roughly")
    parser.add_argument(
        "--json", metavar="FILE", type=pathlib.Path, help="write the figures into a file, too"
    )
    return parser
