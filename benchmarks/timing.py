"""How time is taken: small batches of each contender in turn, for many rounds.

What disturbs the machine for a while so disturbs all contenders alike. The loop around
the questions is one of C and takes a few nanoseconds.
"""

from __future__ import annotations

import statistics
import time
import typing as t
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat, starmap

from .contenders import Decide, Question, Workload

#: The name of the base where that is no contender.
ONE_CHECK = "one check"


@dataclass(frozen=True)
class Effort:
    """How long to measure: seconds for a contender, seconds for a batch, rounds at least.

    :param clock: gives the seconds. That of the process leaves out what others run meanwhile;
        it is for questions that wait for nobody.
    """

    budget: float = 1.5
    batch: float = 0.005
    rounds: int = 5
    clock: Callable[[], float] = time.perf_counter
    #: How often all questions are asked before, as what is made for them is not timed.
    warm_up: int = 1


QUICK = Effort(budget=0.1, batch=0.001, rounds=2)


@dataclass(frozen=True)
class Time:
    """Microseconds for a question, or milliseconds for what a child does."""

    best: float
    median: float


def summary(samples: Sequence[float]) -> Time:
    return Time(min(samples), statistics.median(samples))


def measure(workload: Workload, effort: Effort) -> dict[str, Time]:
    """Time all contenders of a workload, one after another, round by round.

    A contender that is slow takes part in few rounds, though not in fewer than asked for.
    """
    runs: dict[str, _Run] = {
        name: _Run(decide, workload.questions, effort)
        for name, decide in workload.contenders.items()
    }
    if workload.one_check is not None:
        runs[ONE_CHECK] = _Run(*workload.one_check, effort)
    waiting = list(runs.values())
    while waiting:
        for run in waiting:
            run.go()
        waiting = [run for run in waiting if not run.is_done]
    return {name: summary(run.samples) for name, run in runs.items()}


class _Run:
    """One contender while it is timed."""

    def __init__(self, decide: Decide, questions: Sequence[Question], effort: Effort) -> None:
        self._decide = decide
        self._questions = questions
        self._effort = effort
        self._spent = 0.0
        self.samples: list[float] = []
        self._pass(effort.warm_up)
        once = self._pass(1)
        self._repeats = max(1, round(effort.batch / max(once, 1e-9)))

    def go(self) -> None:
        """Run one batch."""
        seconds = self._pass(self._repeats)
        self._spent += seconds
        self.samples.append(seconds / (self._repeats * len(self._questions)) * 1e6)

    @property
    def is_done(self) -> bool:
        return len(self.samples) >= self._effort.rounds and self._spent >= self._effort.budget

    def _pass(self, repeats: int) -> float:
        questions: t.Iterable[Question] = chain.from_iterable(repeat(self._questions, repeats))
        clock = self._effort.clock
        start = clock()
        deque(starmap(self._decide, questions), maxlen=0)
        return clock() - start


Times = Mapping[str, Time]
