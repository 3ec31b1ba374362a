"""Functions for plain data: they answer as the solver does, or leave the question to the rules."""

from __future__ import annotations

import contextlib
import itertools
import typing as t
from collections.abc import Iterable
from dataclasses import dataclass, field

from flask_oso import Limits, Oso, OsoError, Variable
from flask_oso.polar import Engine
from tests.support.answers import specialized

from ..choices import Choices
from ..oracle import is_from_host, sandbox
from ..plain import ACTIONS, CLASSES, World, make_policy, make_world

IS_TEXT = False
#: One input is a policy and some two hundred decisions.
COST = 60
_GOALS = 400
_OUT_OF_TIME = "Query timeout"


@dataclass
class Report:
    """How many questions had which answer, and how many were answered by a shortcut."""

    answers: dict[str, int] = field(default_factory=dict)
    shortcuts: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def questions(self) -> int:
        """How many questions were asked."""
        return sum(self.answers.values())


def seeds() -> Iterable[bytes]:
    """Give some rows of choices, so that every form occurs."""
    return [bytes((at * step + 5) % 251 for at in range(250)) for step in (1, 3, 7, 29, 53, 101)]


def target(data: bytes) -> None:
    """Ask both ways."""
    report = check(data)
    assert report is None or not report.differences, "\n".join(report.differences)


def check(data: bytes) -> Report | None:
    """Ask both ways about a policy and a world of the input's making."""
    choices = Choices(data)
    oso = Oso(limits=Limits(goals=_GOALS, timeout_ms=2_000), compiled=True)
    for cls in CLASSES:
        oso.register_class(cls)
    policy = make_policy(choices)
    with sandbox():
        try:
            oso.load_str(policy)
        except OsoError:
            return None
        report = Report()
        world = make_world(choices)
        pairs = [*itertools.product(world.actors, world.resources)]
        for pair in pairs:
            _compare(report, oso.engine, world, pair)
        for pair in pairs:
            for _ in range(2):
                # The second time, one function may tell all of them.
                _compare_actions(report, oso.engine, world, pair)
        if report.differences:
            report.differences.insert(0, policy)
    return report


def _compare(report: Report, engine: Engine, world: World, pair: tuple[t.Any, t.Any]) -> None:
    actor, resource = pair
    for action in ACTIONS:
        args = (actor, action, resource)
        expected = _outcome(world, lambda: engine.solve_call("allow", args))  # noqa: B023
        given = _outcome(world, lambda: _answer(engine, args))  # noqa: B023
        key = str(expected[0]) if isinstance(expected[0], bool) else "error"
        report.answers[key] = report.answers.get(key, 0) + 1
        # A function may make one call of the application, and then raises its error.
        with contextlib.suppress(OsoError):
            report.shortcuts += specialized(engine, *args) is not None
        if given[1] < expected[1]:
            # What a name is depends on how often it was asked for, and no question is asked twice.
            continue
        if expected != given and _OUT_OF_TIME not in f"{expected} {given}":
            title = f"allow({', '.join(map(_described, args))})"
            report.differences.append(f"{title}\n{expected}\n{given}")


def _answer(engine: Engine, args: tuple[t.Any, ...]) -> bool:
    """Answer as ``is_allowed`` does."""
    answer = engine.usual_answer(*args)
    return engine.allow(*args) if answer is None else answer


def _named(found: t.Any) -> t.Any:
    """Give actions, or a word where there is one that may be any."""
    is_any = found is not None and not all(type(each) is str for each in found)
    return "anything" if is_any else found


def _compare_actions(
    report: Report, engine: Engine, world: World, pair: tuple[t.Any, t.Any]
) -> None:
    """Ask for all actions, where they are told without a query."""
    actor, resource = pair
    args = (actor, Variable("action"), resource)

    def solve() -> t.Any:
        return _named({each["action"] for each in engine.query_rule("allow", args)})

    given = _outcome(world, lambda: _named(engine.strings("allow", args, 1)))
    if given[0] is None:
        return
    expected = _outcome(world, solve)
    if expected[1] or given[1]:
        # What a name is depends on how often it was asked for, and here that may differ.
        return
    # Errors of a search among all actions name the variable, and come in another order.
    alike = expected[0] == given[0] or all(isinstance(each[0], tuple) for each in (expected, given))
    if not alike and _OUT_OF_TIME not in f"{expected} {given}":
        title = f"actions of {_described(actor)} on {_described(resource)}"
        report.differences.append(f"{title}\n{expected}\n{given}")


def _described(value: t.Any) -> str:
    return f"{type(value).__name__}({getattr(value, '__dict__', value)})"


def _outcome(world: World, ask: t.Callable[[], t.Any]) -> tuple[t.Any, int]:
    """Give the answer, or the error with its text, and how many names were computed."""
    world.counter[0] = 0
    answer: t.Any
    try:
        answer = ask()
    except Exception as error:
        if not isinstance(error, OsoError) and not is_from_host(error):
            raise
        answer = (type(error).__name__, str(error))
    return answer, world.counter[0]
