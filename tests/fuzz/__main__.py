"""``python -m tests.fuzz``: run the targets, print a table, exit with 1 if there are findings."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from .campaign import Campaign, run_targets
from .corpus import CORPUS
from .session import Budget, Outcome
from .targets import TARGETS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says."""
    options = _parser().parse_args(arguments)
    names = options.target or list(TARGETS)
    if options.atheris:
        from .with_atheris import run

        return run(names, 60 * options.minutes if options.minutes else None, options.inputs)
    seed = int(time.time()) if options.seed is None else options.seed
    budget = _budget(options, -(-len(names) // options.jobs))
    campaign = Campaign(seed, budget, options.corpus, options.keep)
    outcomes = run_targets(campaign, names, options.jobs)
    _print_table(outcomes)
    return 1 if any(outcome.findings for outcome in outcomes) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description="Look for inputs that break a promise. Each finding is made small and saved"
        " in the corpus, where the tests find it until it is mended.",
    )
    parser.add_argument("--minutes", type=float, help="for all targets together (default: 5)")
    parser.add_argument(
        "--inputs", type=int, help="end each target after so many inputs, or fewer that cost more"
    )
    parser.add_argument(
        "--target", action="append", choices=sorted(TARGETS), help="this one; may be repeated"
    )
    parser.add_argument("--seed", type=int, help="to run the same inputs again (default: time)")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="its folder")
    parser.add_argument("--keep", action="store_true", help="save inputs that reach new lines, too")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="how many targets run at a time"
    )
    parser.add_argument(
        "--atheris", action="store_true", help="let atheris make the inputs (pip install atheris)"
    )
    return parser


def _budget(options: argparse.Namespace, rounds: int) -> Budget:
    minutes = options.minutes
    if minutes is None and options.inputs is None:
        minutes = 5
    return Budget(options.inputs, 60 * minutes / rounds if minutes is not None else None)


def _print_table(outcomes: Iterable[Outcome]) -> None:
    row = "{:<12} {:>9} {:>8} {:>9} {:>9} {:>9}"
    print(row.format("target", "inputs", "seconds", "inputs/s", "new lines", "findings"))
    for each in outcomes:
        lines = "-" if each.lines is None else each.lines
        rate = round(each.inputs / max(each.seconds, 0.001))
        seconds = f"{each.seconds:.1f}"
        print(row.format(each.target, each.inputs, seconds, rate, lines, len(each.findings)))


if __name__ == "__main__":
    sys.exit(main())
