"""Run programs through both engines, for a number of programs or for a time.

    python -m tests.differential.campaign --minutes 30

draws programs from fresh seeds, family after family, shrinks what differs without being
listed in ``known.py`` and writes it into ``tests/polar/cases`` as a case that fails until it
is mended. Progress goes to standard output, a summary in JSON to ``--summary``.

The tests run a fixed number of programs from a fixed seed through ``run``.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import platform
import secrets
import sys
import time
import typing as t
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as with_seed

from flask_oso import Limits, Oso
from tests.support.models.world import populate

from .comparison import Difference, compare
from .found import write_case
from .known import classify
from .oracle import TIMEOUT_MS, VERSION, Oracle, interpreter, missing
from .programs import FAMILIES, Program, programs
from .runner import Runner

#: Programs of one family between two looks at the clock.
ROUND = 200


@dataclass
class Tally:
    """What was run of a family."""

    programs: int = 0
    refused: int = 0
    queries: int = 0
    succeeded: int = 0
    failed: int = 0


@dataclass
class Report:
    """What came of a campaign.

    :param known: how often each row of ``known.py`` was met.
    :param found: what no row explains, one for each program, shrunk if so asked.
    """

    seed: int
    families: dict[str, Tally] = field(default_factory=dict)
    known: collections.Counter[str] = field(default_factory=collections.Counter)
    found: list[Difference] = field(default_factory=list)
    crashes: int = 0
    timeouts: int = 0
    seconds: float = 0.0

    @property
    def programs(self) -> int:
        """How many programs were run."""
        return sum(tally.programs for tally in self.families.values())

    @property
    def queries(self) -> int:
        """How many queries they had."""
        return sum(tally.queries for tally in self.families.values())

    def as_data(self) -> dict[str, t.Any]:
        """Give the report as JSON has it."""
        return {
            "seed": self.seed,
            "programs": self.programs,
            "queries": self.queries,
            "seconds": round(self.seconds, 1),
            "families": {name: vars(tally) for name, tally in self.families.items()},
            "known": dict(self.known.most_common()),
            "found": [{"policy": it.policy, "query": it.query} for it in self.found],
            "oracle_crashes": self.crashes,
            "oracle_timeouts": self.timeouts,
            "versions": {
                "python": platform.python_version(),
                "hypothesis": metadata.version("hypothesis"),
                "oso": VERSION,
            },
        }


class Unexplained(AssertionError):
    """A program differs in a way that is not listed."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(
            f"Both engines differ in the {difference.aspect}.\n\n{difference.policy}\n"
            f"query:  {difference.query}\nours:   {difference.ours}\ntheirs: {difference.theirs}"
        )
        self.difference = difference


class Campaign:
    """Runs programs and keeps the report.

    :param python: the interpreter that has the oracle.
    :param shrinks: whether to stop at what is found and shrink it, which takes minutes.
    """

    def __init__(self, python: str, seed: int, *, shrinks: bool) -> None:
        self.report = Report(seed)
        self._shrinks = shrinks
        self._oracle = Oracle(python)
        self._ours = make_runner()
        self._seed = seed
        #: While Hypothesis shrinks, what it runs is none of the campaign's programs.
        self._is_shrinking = False
        self._seen: set[str] = set()

    def __enter__(self) -> Campaign:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._oracle.__exit__(*exc_info)

    def run(self, family: str, count: int) -> Difference | None:
        """Run programs of a family; give the difference that ended it, shrunk."""
        self._seed += 1
        self._is_shrinking = False
        started = time.monotonic()

        @with_seed(self._seed)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
            verbosity=Verbosity.quiet,
        )
        @given(programs(family))
        def check(program: Program) -> None:
            self._check(program)

        found = None
        try:
            check()
        except Unexplained as unexplained:
            found = unexplained.difference
            self._seen.add(_signature(found))
            self.report.found.append(found)
        self.report.crashes, self.report.timeouts = self._oracle.crashes, self._oracle.timeouts
        self.report.seconds += time.monotonic() - started
        return found

    def _check(self, program: Program) -> None:
        data = program.as_data()
        self._oracle.send(data)
        ours = self._ours.run(data)
        theirs = self._oracle.receive()
        if theirs is None:
            return
        if not self._is_shrinking:
            self._count(program, theirs)
        for difference in compare(data, ours, theirs):
            name = classify(difference)
            if name is not None:
                self.report.known[name] += not self._is_shrinking
            elif not self._shrinks:
                self.report.found.append(difference)
            elif _signature(difference) not in self._seen:
                self._is_shrinking = True
                raise Unexplained(difference)

    def _count(self, program: Program, outcome: t.Any) -> None:
        tally = self.report.families.setdefault(program.family, Tally())
        tally.programs += 1
        tally.refused += outcome["load"]["error"] is not None
        tally.queries += len(outcome["queries"])
        tally.succeeded += sum(bool(step["results"]) for step in outcome["queries"])
        tally.failed += sum(step["error"] is not None for step in outcome["queries"])


def _signature(difference: Difference) -> str:
    """Tell differences apart that are worth a case of their own."""

    def side(step: t.Any) -> str:
        return f"{step.error.kind} {step.error.text[:25]}" if step.error else "results"

    return f"{difference.aspect}: {side(difference.ours)} / {side(difference.theirs)}"


def make_runner() -> Runner:
    """Make a runner of our engine."""
    return Runner(_make_oso)


def _make_oso() -> Oso:
    made = Oso(limits=Limits(timeout_ms=TIMEOUT_MS))
    populate(made)
    return made


def run(python: str, *, seed: int, programs_per_family: int) -> Report:
    """Run a fixed number of programs of each family."""
    with Campaign(python, seed, shrinks=False) as campaign:
        for family in FAMILIES:
            campaign.run(family, programs_per_family)
        return campaign.report


def _run_for(campaign: Campaign, minutes: float, cases: Path) -> None:
    """Run families in turn until the time is over; write a case for what is found."""
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        for family in FAMILIES:
            found = campaign.run(family, ROUND)
            if found is not None:
                print(f"\nfound in {family}: {write_case(found, cases)}\n", flush=True)
        _show_progress(campaign.report)


def _show_progress(report: Report) -> None:
    print(
        f"{report.seconds:7.0f} s {report.programs:8} programs {report.queries:9} queries"
        f" {sum(report.known.values()):7} known differences {len(report.found):3} found"
        f" {report.crashes:3} crashes of oso {report.timeouts:3} timeouts",
        flush=True,
    )


def _show_summary(report: Report) -> None:
    print("\nfamily          share  programs   queries  succeed   errors  refused policies")
    for name, it in report.families.items():
        print(
            f"{name:12} {it.programs / report.programs:8.1%} {it.programs:9} {it.queries:9}"
            f" {it.succeeded / it.queries:8.0%} {it.failed / it.queries:8.0%}"
            f" {it.refused / it.programs:8.0%}"
        )
    print("\nknown differences")
    for row, count in report.known.most_common():
        print(f"{count:9}  {row}")


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare both engines over random programs.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=None, help="fresh by default")
    parser.add_argument("--cases", type=Path, default=Path("tests/polar/cases"))
    parser.add_argument("--summary", type=Path, default=Path("build/differential.json"))
    return parser.parse_args()


def main() -> int:
    """Run a campaign; the exit status tells whether something was found."""
    arguments = _read_arguments()
    python = interpreter()
    if python is None:
        print(f"Nothing compared: {missing()}", file=sys.stderr)
        return 0
    os.environ.pop("POLAR_LOG", None)
    seed = secrets.randbits(48) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    with Campaign(python, seed, shrinks=True) as campaign:
        _run_for(campaign, arguments.minutes, arguments.cases)
        report = campaign.report
    _show_summary(report)
    arguments.summary.parent.mkdir(parents=True, exist_ok=True)
    arguments.summary.write_text(json.dumps(report.as_data(), indent=1) + "\n")
    return 1 if report.found else 0


if __name__ == "__main__":
    sys.exit(main())
