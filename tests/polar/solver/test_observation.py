"""Observers of a run: what they are told, and that they change nothing."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

import pytest

from flask_oso.polar.solver.backtrace import Step
from flask_oso.polar.solver.clauses import Clause
from flask_oso.polar.solver.observation import (
    EventKind,
    ObservedFrame,
    ObservedSolver,
    Observer,
    RunView,
)
from tests.support.policies import goal_of, make_engine

POLICY = """
likes("ann", x) if x in ["tea", "milk"];
likes("bob", "milk");
drinks(who, what) if likes(who, what) and not what = "tea";
fails(x) if 1 / x = 1;
says(x) if print(x);
"""


class Recorder(Observer):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.rules: list[str] = []
        self.candidates: list[int] = []
        self.kinds: list[EventKind] = []
        self.results: list[Mapping[str, t.Any]] = []
        self.errors: list[Exception] = []
        self.undone: list[int] = []
        self.negated: list[int] = []

    def mark(self) -> int:
        """Give how many rules were tried so far."""
        return len(self.rules)

    def on_candidates(self, view: RunView, step: Step, clauses: Sequence[Clause]) -> None:
        """Count the rules that apply."""
        self.candidates.append(len(clauses))

    def on_rule(self, view: RunView, step: Step, frame: ObservedFrame) -> None:
        """Keep the name of the rule."""
        self.rules.append(frame.clause.rule.name)

    def on_event(self, view: RunView, step: Step, kind: EventKind, *terms: t.Any) -> None:
        """Keep the kind of the event."""
        self.kinds.append(kind)

    def on_return(self, view: RunView, mark: int) -> None:
        """Keep the mark."""
        self.undone.append(mark)

    def on_negated_solution(self, view: RunView, step: Step, mark: int) -> None:
        """Keep the mark."""
        self.negated.append(mark)

    def on_result(self, view: RunView, result: Mapping[str, t.Any]) -> None:
        """Keep the solution."""
        self.results.append(result)

    def on_error(self, view: RunView, step: Step, error: Exception) -> None:
        """Keep the error."""
        self.errors.append(error)


class Silent(Observer):
    """Lets ``print()`` have no effect."""

    is_silent = True


def solve(query: str, *observers: Observer) -> list[dict[str, t.Any]]:
    """Solve a query of the policy with observers."""
    solver = ObservedSolver(make_engine(POLICY), None, observers)
    return [*solver.solve(goal_of(query))]


def test_observed_run_has_the_solutions_of_any_run() -> None:
    """To observe a run changes none of its answers."""
    recorder = Recorder()

    found = solve('drinks("ann", x)', recorder)

    assert found == [{"x": "milk"}]
    assert recorder.results == found


def test_observer_is_told_of_rules_in_the_order_in_which_they_are_tried() -> None:
    """A rule is told when it is tried, with those of its name that apply before it."""
    recorder = Recorder()

    solve('drinks("ann", x)', recorder)

    assert recorder.rules == ["drinks", "likes"]
    assert recorder.candidates == [1, 1]


def test_call_without_rules_has_no_candidates() -> None:
    """A rule that has no version with so many parameters has none that apply."""
    recorder = Recorder()

    solve("drinks(1)", recorder)

    assert recorder.candidates == [0]


def test_observer_is_told_of_failures_and_of_the_end() -> None:
    """Each failed goal is told, and that there is no further solution."""
    recorder = Recorder()

    solve('likes("bob", "tea")', recorder)

    assert recorder.kinds == [EventKind.BACKTRACK, EventKind.HALT]


def test_observer_is_told_to_return_to_its_mark() -> None:
    """A choice that is resumed gives back the mark that was asked for when it was made."""
    recorder = Recorder()

    solve("likes(who, x)", recorder)

    assert recorder.rules == ["likes", "likes"]
    assert recorder.undone == [1, 1, 0]


def test_observer_is_told_of_a_solution_under_not() -> None:
    """The solution that makes a ``not`` fail is told with the mark of its beginning."""
    recorder = Recorder()

    solve('drinks("ann", "tea")', recorder)

    assert recorder.negated == [2]


def test_error_is_told_and_raised() -> None:
    """An observer hears of an error, and does not swallow it."""
    recorder = Recorder()

    with pytest.raises(Exception, match="Arithmetic error") as caught:
        solve("fails(0)", recorder)

    assert recorder.errors == [caught.value]


def test_silent_observer_takes_the_effect_of_print(capsys: pytest.CaptureFixture[str]) -> None:
    """A run for the sake of an explanation prints nothing."""
    found = solve('says("hello")', Silent())

    assert found == [{}]
    assert capsys.readouterr().out == ""


def test_print_has_its_effect_for_other_observers(capsys: pytest.CaptureFixture[str]) -> None:
    """Who observes a run hears what its policy prints."""
    solve('says("hello")', Recorder())

    assert capsys.readouterr().out == '"hello"\n'
