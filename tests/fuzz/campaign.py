"""Run several targets side by side, each in a process of its own.

What one target leaves behind is nothing to the next, and a process that dies is noticed:
the input that killed it is in a file.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import resource
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from .corpus import CORPUS
from .session import Budget, Outcome, Session
from .targets import TARGETS

#: No input needs more; one that does gets a MemoryError in place of the machine's memory.
_MOST_MEMORY = 4 * 2**30
#: Where each target keeps the input that it runs.
SCRATCH = Path("build/fuzz")


@dataclass(frozen=True)
class Campaign:
    """What is the same for every target.

    :param keeps_interesting: whether inputs that reach new lines go to the corpus.
    """

    seed: int
    budget: Budget
    corpus: Path = CORPUS
    keeps_interesting: bool = False


def run_targets(campaign: Campaign, names: Sequence[str], jobs: int) -> list[Outcome]:
    """Give what became of each target.

    :raises SystemExit: a process died; that is a finding which cannot be made small.
    """
    SCRATCH.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool:
        try:
            return list(pool.map(functools.partial(run_target, campaign), names))
        except BrokenProcessPool:
            sys.exit(f"A process died. The inputs that were running are in {SCRATCH}.")


def run_target(campaign: Campaign, name: str) -> Outcome:
    """Run one target, and tell of its findings at once."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, resource.RLIM_INFINITY))
    say(f"{name} (seed {campaign.seed}) ...")
    module = TARGETS[name]
    with (SCRATCH / name).open("wb", buffering=0) as current:
        session = Session(name, module, campaign.seed, campaign.corpus, current)
        budget = campaign.budget.over(getattr(module, "COST", 1))
        outcome = session.run(budget, campaign.keeps_interesting)
    for (kind, text), path in zip(outcome.findings.items(), outcome.saved, strict=True):
        say(f"{name}: {kind}: {os.path.relpath(path)}\n{text}")
    return outcome


def say(text: str) -> None:
    """Tell people what is going on."""
    print(text, file=sys.stderr, flush=True)
