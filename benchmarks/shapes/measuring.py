"""How a shape is measured: answers compared first, then ours and by hand in turn.

In goes a shape; out come the microseconds of a question by size, and the milliseconds of the
first decision of a new ``Oso``.
"""

from __future__ import annotations

import math
import time
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from flask_oso.polar.compiler.specialization.tables.first_answers import MAX_FIRST_ANSWERS

from ..contenders import HAND, OURS, Workload
from ..timing import Effort, measure
from .shape import Shape, World

#: How long each of the two is measured, at each size.
EFFORT = Effort(0.2, 0.002, 5, clock=time.process_time, warm_up=MAX_FIRST_ANSWERS + 1)
QUICK = Effort(0.02, 0.0005, 2, clock=time.process_time, warm_up=MAX_FIRST_ANSWERS + 1)
#: How many times a first decision is made.
_FIRSTS = 3


class DisagreementError(Exception):
    """Ours, by hand and the solver give different answers, or the questions have only one."""


@dataclass(frozen=True)
class Times:
    """Microseconds for a question at one size."""

    ours: float
    by_hand: float

    @property
    def ratio(self) -> float:
        return self.ours / self.by_hand


@dataclass(frozen=True)
class Measured:
    """What a shape costs.

    :param first: milliseconds of the first decision at the large size.
    """

    name: str
    times: Mapping[int, Times]
    first: float

    @property
    def ratio(self) -> float:
        """How many times the check by hand goes into ours, at the size where it is more."""
        return max(each.ratio for each in self.times.values())

    @property
    def exponent(self) -> float | None:
        """The power of the size with which our time grows; ``None`` with a single size."""
        if len(self.times) < 2:
            return None
        (small, before), (large, after) = sorted(self.times.items())
        return math.log(after.ours / before.ours) / math.log(large / small)

    @property
    def growth(self) -> float | None:
        """How ours grows against by hand: 1 alike, 2 by one power of the size more."""
        if len(self.times) < 2:
            return None
        (small, before), (large, after) = sorted(self.times.items())
        return 1 + math.log(after.ratio / before.ratio) / math.log(large / small)


def measure_shape(shape: Shape, effort: Effort = EFFORT) -> Measured:
    """Compare the answers of a shape, and time it.

    :raises DisagreementError: if the answers differ, or are all the same.
    """
    worlds = {size: shape.make(size) for size in shape.sizes}
    times = {}
    for size, world in worlds.items():
        # Large worlds take the solver minutes; what it means does not depend on their size.
        check_answers(world, with_solver=size == shape.sizes[0])
        times[size] = _times(shape.name, world, effort)
    return Measured(shape.name, times, first_decision(worlds[shape.sizes[-1]]))


def check_answers(world: World, *, with_solver: bool) -> None:
    """Compare what all give, before anything is timed.

    :raises DisagreementError: if they differ, or all answers are the same.
    """
    expected = [world.by_hand(*question) for question in world.questions]
    if all(each == expected[0] for each in expected):
        raise DisagreementError(f"All answers are {expected[0]!r}.")
    takers = {OURS: world.decide(world.oso())}
    if with_solver:
        takers["the solver"] = world.decide(world.oso(compiled=False))
    for taker, decide in takers.items():
        # Asked again: what is compiled after the first questions answers later ones.
        for _ in range(MAX_FIRST_ANSWERS + 2 if taker == OURS else 2):
            found = [decide(*question) for question in world.questions]
            if found != expected:
                raise DisagreementError(f"{taker} gives {found}, by hand {expected}.")


def first_decision(world: World) -> float:
    """Give the milliseconds that the first question to a new ``Oso`` takes."""
    samples = []
    for _ in range(_FIRSTS):
        decide = world.decide(world.oso())
        start = time.process_time()
        decide(*world.questions[0])
        samples.append((time.process_time() - start) * 1000)
    return min(samples)


def _times(name: str, world: World, effort: Effort) -> Times:
    contenders: dict[str, t.Any] = {HAND: world.by_hand, OURS: world.decide(world.oso())}
    found = measure(Workload(name, name, 0, world.questions, contenders), effort)
    # Not the best: where the clock of the process stands still for a while, as in some virtual
    # machines, a few batches take no time at all.
    return Times(found[OURS].median, found[HAND].median)
