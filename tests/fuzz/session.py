"""Drive a target with inputs, keep those that reach something new, collect findings.

With the same seed, corpus and number of inputs a session runs the same inputs, whatever
the machine, as long as coverage is known in both or in neither run.
"""

from __future__ import annotations

import random
import time
import typing as t
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import watch
from .corpus import CORPUS, read_inputs, save_input
from .coverage import Coverage
from .mutation import mutate
from .shrinking import shrink

#: How many findings of different kinds end a session.
_ENOUGH = 10


class Module(t.Protocol):
    """What a module in ``targets/`` has."""

    #: Whether inputs are texts, to be cut at tokens.
    IS_TEXT: bool

    def target(self, data: bytes) -> None:
        """Raise if the input finds a fault."""

    def seeds(self) -> Iterable[bytes]:
        """Give inputs to begin with, besides the corpus."""


@dataclass(frozen=True)
class Budget:
    """When a session ends: after so many inputs or seconds, whichever comes first."""

    inputs: int | None = None
    seconds: float | None = None

    def over(self, cost: int) -> Budget:
        """Give the budget of a target whose inputs cost so many times those of others."""
        return replace(self, inputs=self.inputs and max(1, self.inputs // cost))

    def is_spent(self, inputs: int, since: float) -> bool:
        """Tell whether to end."""
        if self.inputs is not None and inputs >= self.inputs:
            return True
        return self.seconds is not None and time.monotonic() - since >= self.seconds


@dataclass
class Outcome:
    """What a session did."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    #: Lines of the package that mutated inputs reached first; ``None`` if not known.
    lines: int | None = None
    findings: dict[str, str] = field(default_factory=dict)
    saved: list[Path] = field(default_factory=list)


class Session:
    """One target under fire.

    :param folder: where the corpus is, and findings go.
    :param current: a file that always has the input that runs, should the process die.
    """

    def __init__(
        self,
        name: str,
        module: Module,
        seed: int,
        folder: Path = CORPUS,
        current: t.BinaryIO | None = None,
    ) -> None:
        self._module = module
        self._folder = folder
        self._current = current
        # The same for a target whichever others run.
        self._chance = random.Random(f"{seed} {name}")
        self._pool = [*read_inputs(name, folder).values(), *module.seeds(), b""]
        self.outcome = Outcome(name)

    def run(self, budget: Budget, keeps_interesting: bool = False) -> Outcome:
        """Run the inputs that there are, then new ones until the budget is spent.

        :param keeps_interesting: whether inputs that reach new lines go to the corpus.
        """
        begun = time.monotonic()
        with Coverage() as coverage:
            for data in list(self._pool):
                self._try(data)
            known = coverage.lines
            while not self._is_done(budget, begun):
                before = coverage.lines
                data = self._new_input()
                self._try(data)
                if coverage.lines > before:
                    self._keep(data, keeps_interesting)
            self.outcome.lines = coverage.lines - known if coverage.is_known else None
        self.outcome.seconds = time.monotonic() - begun
        return self.outcome

    def _is_done(self, budget: Budget, begun: float) -> bool:
        return len(self.outcome.findings) >= _ENOUGH or budget.is_spent(self.outcome.inputs, begun)

    def _new_input(self) -> bytes:
        if self._chance.random() < 0.02:
            return self._chance.randbytes(self._chance.randrange(200))
        # Those that came last reached something new: more weight for them.
        recent = self._pool[-20:] if self._chance.random() < 0.4 else self._pool
        return mutate(self._chance.choice(recent), self._pool, self._module.IS_TEXT, self._chance)

    def _try(self, data: bytes) -> None:
        self.outcome.inputs += 1
        if self._current is not None:
            self._current.seek(0)
            self._current.truncate()
            self._current.write(data)
        finding = watch.run(self._module.target, data)
        if finding is None or finding.kind in self.outcome.findings:
            return
        small = self._shrunk(data, finding)
        self.outcome.findings[finding.kind] = finding.text
        self.outcome.saved.append(
            save_input(self.outcome.target, finding.kind, small, self._folder)
        )

    def _shrunk(self, data: bytes, finding: watch.Finding) -> bytes:
        if finding.kind == "endless":
            return data

        def is_finding(candidate: bytes) -> bool:
            again = watch.run(self._module.target, candidate)
            return again is not None and again.kind == finding.kind

        return shrink(data, self._module.IS_TEXT, is_finding)

    def _keep(self, data: bytes, on_disk: bool) -> None:
        self._pool.append(data)
        if on_disk:
            save_input(self.outcome.target, "reached", data, self._folder)
