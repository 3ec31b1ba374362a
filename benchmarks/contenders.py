"""Who takes part in a workload: functions that decide, by the name of who made them.

In go a policy and the classes it is about; out comes one function for each engine that is
installed and understands Polar. Engines with a language of their own are in ``peers.py``.
"""

from __future__ import annotations

import importlib.util
import inspect
import platform
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata

from flask_oso import Oso

HAND = "hand-written"
OURS = "flask-oso"
SOLVER = "solver"
OSO = "oso"
CEDARPY = "cedarpy"
CASBIN = "casbin"
PEERS = (OSO, CEDARPY, CASBIN)

Question = tuple[t.Any, ...]
#: Answers a question; what it gives must be the same for all contenders.
Decide = Callable[..., t.Any]


@dataclass(frozen=True)
class Workload:
    """Questions, who answers them, and what is to be reached.

    :param id: how it is called, ``W1``.
    :param goal: how often the base may go into our time; with ``is_added``, how many
        microseconds more than the base ours may be.
    :param one_check: a function and questions to it, to be the base in place of what is
        hand-written.
    :param compared: what an answer comes to, where answers themselves cannot be compared.
    """

    id: str
    title: str
    goal: float
    questions: Sequence[Question]
    contenders: Mapping[str, Decide]
    is_added: bool = False
    one_check: tuple[Decide, Sequence[Question]] | None = None
    compared: Callable[[t.Any], t.Any] = lambda answer: answer

    def disagreements(self) -> list[str]:
        """Tell which contenders answer other than the first, which is hand-written."""
        first, *others = self.contenders
        expected = self.answers(first)
        return [
            f"{self.id}: {name} and {first} differ about question {number}:"
            f" {answer!r}, {expected[number]!r}"
            for name in others
            for number, answer in enumerate(self.answers(name))
            if answer != expected[number]
        ]

    def answers(self, name: str) -> list[t.Any]:
        """Give what a contender answers to each question."""
        return [self.compared(self.contenders[name](*question)) for question in self.questions]


def is_installed(peer: str) -> bool:
    """Tell whether an engine can take part on this Python."""
    return importlib.util.find_spec(peer) is not None


def versions() -> dict[str, str]:
    """Give the versions of all who take part, and of Python; "missing" for those who do not."""
    names = {OURS: OURS, "flask": "flask", "sqlalchemy": "sqlalchemy"} | {
        peer: peer for peer in PEERS
    }
    found = {name: _version(package) for name, package in names.items()}
    return {"python": platform.python_version(), **found}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "from this directory" if package == OURS else "missing"


# -- engines that read Polar -----------------------------------------------------------


def polar_engines(policy: str, classes: Sequence[type]) -> dict[str, t.Any]:
    """Load a policy into each engine for Polar that there is here."""
    engines: dict[str, t.Any] = {OURS: Oso()}
    if "compiled" in inspect.signature(Oso).parameters:
        engines[SOLVER] = Oso(compiled=False)  # type: ignore[call-arg]  # once there is a compiler
    if is_installed(OSO):
        import oso

        engines[OSO] = oso.Oso()
    for engine in engines.values():
        for cls in classes:
            engine.register_class(cls)
        engine.load_str(policy)
    return engines


def polar_contenders(policy: str, classes: Sequence[type] = ()) -> dict[str, Decide]:
    """Give ``is_allowed`` of each engine for Polar that there is here."""
    engines = polar_engines(policy, classes)
    return {name: engine.is_allowed for name, engine in engines.items()}
