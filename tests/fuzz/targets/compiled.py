"""Compiled rules: they answer as the solver does, and do the same to the host's objects.

The answer or the error with its whole text; the attributes read, methods called and comparisons
made, in order of their first time. What was done before may be left out.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from flask_oso import Limits, Oso, OsoError
from flask_oso.polar import Engine
from tests.support.answers import count_answers

from ..choices import Choices
from ..decisions import make_call, make_rules
from ..oracle import is_from_host, sandbox
from ..witnesses import CLASSES, Calls, make_values

IS_TEXT = False
#: One input is a policy and forty decisions.
COST = 20
QUESTIONS = 20
#: Milliseconds for a question. One that takes longer takes as long with other values, too.
_TIME = 500
#: How errors begin when a limit of time ended a question: when that is, is a matter of chance.
_OUT_OF_TIME = "Query timeout"
#: How errors begin that end an endless recursion.
_TOO_DEEP = "Goal stack overflow!"
#: A variable of a rule, with the number of its turn: compiled rules take none.
_NUMBERED = re.compile(r"\b(_\w*?)_\d+\b")
#: How an error begins that says that a variable was constrained and never bound.
_OPEN = "Found an unhandled partial"


@dataclass
class Report:
    """What a policy did: how many questions had which answer, and what was compiled.

    ``differences`` is empty if all is well.
    """

    answers: dict[str, int] = field(default_factory=dict)
    compiled: int = 0
    differences: list[str] = field(default_factory=list)


def seeds() -> Iterable[bytes]:
    """Give some rows of choices, so that every form occurs."""
    return [bytes((at * step + 5) % 251 for at in range(250)) for step in (1, 3, 7, 29, 53, 101)]


def target(data: bytes) -> None:
    """Ask both ways; no more of a policy that goes round in circles again and again."""
    report = check(data, most_circles=2)
    assert report is None or not report.differences, "\n".join(report.differences)


def check(data: bytes, most_circles: int = QUESTIONS) -> Report | None:
    """Load a policy of the input's making and ask both ways; ``None`` if it does not load.

    :param most_circles: after how many questions without an end no more are asked.
    """
    choices = Choices(data)
    oso = Oso(limits=Limits(timeout_ms=_TIME), compiled=True)
    for cls in CLASSES:
        oso.register_class(cls)
    policy = make_rules(choices)
    with sandbox():
        try:
            oso.load_str(policy)
        except OsoError:
            return None
        return _compare(oso.engine, policy, choices, most_circles)


def _compare(engine: Engine, policy: str, choices: Choices, most_circles: int) -> Report:
    report, calls, circles = Report(), Calls(), 0
    values = list(make_values(calls).values())
    for _ in range(QUESTIONS):
        name, numbers = make_call(choices, len(values))
        args = [values[number] for number in numbers]
        expected = outcome(calls, partial(engine.solve_call, name, args))
        given = outcome(calls, partial(engine.ask, name, *args))
        key = str(expected[0]) if isinstance(expected[0], bool) else "error"
        report.answers[key] = report.answers.get(key, 0) + 1
        circles += _TOO_DEEP in str(expected[0])
        if _OUT_OF_TIME in f"{expected[0]} {given[0]}":
            break
        if expected != given and not _is_excused(expected, given):
            title = f"{name}({', '.join(map(repr, numbers))})"
            report.differences.append(f"{policy}\n{title}\n{expected}\n{given}")
        if circles >= most_circles:
            break
    report.compiled = count_answers(engine)
    return report


def outcome(calls: Calls, ask: t.Callable[[], bool]) -> tuple[t.Any, ...]:
    """Give the answer or the error, and what was done to the host's objects meanwhile."""
    calls.clear()
    try:
        answer: t.Any = ask()
    except Exception as error:
        if not isinstance(error, OsoError) and not is_from_host(error):
            raise
        answer = (type(error).__name__, _NUMBERED.sub(r"\1_N", str(error)))
    return answer, tuple(calls)


def _is_excused(expected: tuple[t.Any, ...], given: tuple[t.Any, ...]) -> bool:
    if expected[0] != given[0]:
        return False
    if _TOO_DEEP in str(expected[0]):
        # How often a circle is walked before it is noticed is nothing to rely on.
        return all(
            one == other for one, other in zip(firsts(expected[1]), firsts(given[1]), strict=False)
        )
    if is_abridged(expected[1], given[1]):
        return True
    # The question is asked anew, since only the solver knows what such a variable is called.
    return _OPEN in str(expected[0])


def is_abridged(all_calls: t.Sequence[t.Any], calls: t.Sequence[t.Any]) -> bool:
    """Tell whether calls are others without some that were made before."""
    left = iter(all_calls)
    return firsts(all_calls) == firsts(calls) and all(call in left for call in calls)


def firsts(calls: t.Iterable[t.Any]) -> list[t.Any]:
    """Give calls without those that were made before."""
    return list(dict.fromkeys(calls))
