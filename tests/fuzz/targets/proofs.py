"""Proofs: they agree with the decision, can be shown, and the run behind them is the solver's.

The run that keeps account gives the answer or the error of the solver, with its whole text,
and does the same to the host's objects, in order.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask_oso import Limits, Oso, OsoError, Predicate
from flask_oso.polar import Engine
from flask_oso.polar.proof.proof import Outcome, Proof
from flask_oso.polar.proof.provenance import Provenance, ProvenanceObserver
from flask_oso.polar.proof.redaction import Describer, Redaction
from flask_oso.polar.solver.observation import ObservedSolver
from tests.support.policies import to_term

from ..choices import Choices
from ..decisions import make_call, make_rules
from ..oracle import is_from_host, sandbox
from ..witnesses import CLASSES, Calls, make_values
from . import compiled

IS_TEXT = False
#: One input is a policy, and some decisions that are made again for each suggestion.
COST = 20
QUESTIONS = 6
#: A proof is no longer than this, whatever the policy.
LONGEST = 400_000
#: Milliseconds for a question.
_TIME = 200
#: How errors begin that end a question after its time: when that is, is a matter of chance.
_OUT_OF_TIME = "Query timeout"
#: The error that ends an endless recursion.
_TOO_DEEP = "StackOverflowError"

seeds: t.Callable[[], Iterable[bytes]] = compiled.seeds


@dataclass
class Report:
    """What some proofs were like. ``differences`` is empty if all is well."""

    outcomes: dict[Outcome, int] = field(default_factory=dict)
    suggestions: int = 0
    circles: int = 0
    differences: list[str] = field(default_factory=list)


class Balance(HTMLParser):
    """Tells whether each element of a page ends where it should."""

    VOID = frozenset({"br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self._open: list[str] = []
        self._is_wrong = False
        self.feed(html)
        self.holds = not self._open and not self._is_wrong

    def handle_starttag(self, tag: str, attrs: t.Any) -> None:
        """Note an element that begins."""
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Compare an element that ends with the one that began last."""
        self._is_wrong = self._is_wrong or not self._open or self._open.pop() != tag


def target(data: bytes) -> None:
    """Explain some answers, and no more of a policy that goes round in circles."""
    report = check(data, most_circles=1)
    assert not report.differences, "\n".join(report.differences)


def check(data: bytes, most_circles: int = QUESTIONS) -> Report:
    """Load a policy of the input's making and explain some answers; none if it does not load.

    A question that takes too long ends it: others would take as long.

    :param most_circles: after how many questions without an end no more are asked.
    """
    choices, report = Choices(data), Report()
    oso = Oso(limits=Limits(timeout_ms=_TIME))
    for cls in CLASSES:
        oso.register_class(cls)
    policy = make_rules(choices)
    with sandbox():
        try:
            oso.load_str(policy)
        except OsoError:
            return report
        calls = Calls()
        values = list(make_values(calls).values())
        for _ in range(QUESTIONS):
            name, numbers = make_call(choices, len(values))
            args = [values[number] for number in numbers]
            expected = _answer(oso.engine, name, args)
            if expected is None:
                break
            for problem in _explain(oso, calls, (name, args, expected), report):
                report.differences.append(f"{policy}\n{name}({numbers})\n{problem}")
            if report.circles >= most_circles:
                break
    return report


def _explain(
    oso: Oso, calls: Calls, question: tuple[str, list[t.Any], bool | str], report: Report
) -> Iterable[str]:
    name, args, expected = question
    report.circles += expected == _TOO_DEEP
    yield from _deviation(calls, oso.engine, name, args)
    proof = oso.explain_rule(name, *args)
    report.outcomes[proof.outcome] = report.outcomes.get(proof.outcome, 0) + 1
    report.suggestions += len(proof.suggestions)
    if not _agrees(proof, expected):
        yield f"{expected}\n{proof}"
    html = proof.to_html()
    if not Balance(html).holds:
        yield html
    if max(map(len, (str(proof), html, json.dumps(proof.to_dict())))) > LONGEST:
        yield "The proof is too long."


def _answer(engine: Engine, name: str, args: list[t.Any]) -> bool | str | None:
    """Give the answer to a question, or the class of its error; ``None`` for lack of time."""
    try:
        return engine.ask(name, *args)
    except Exception as error:
        if not isinstance(error, OsoError) and not is_from_host(error):
            raise
        return None if str(error).startswith(_OUT_OF_TIME) else type(error).__name__


def _deviation(calls: Calls, engine: Engine, name: str, args: list[t.Any]) -> Iterable[str]:
    """Tell where the run that keeps account differs from the solver."""

    def prove() -> bool:
        record = Provenance(Describer({}, Redaction()))
        call = to_term(Predicate(name, args))
        solver = ObservedSolver(engine, engine.limits, [ProvenanceObserver(record)])
        return next(solver.solve(call), None) is not None

    expected = compiled.outcome(calls, lambda: engine.solve_call(name, args))
    given = compiled.outcome(calls, prove)
    if expected != given and _OUT_OF_TIME not in f"{expected} {given}":
        yield f"{expected}\n{given}"


def _agrees(proof: Proof, expected: bool | str) -> bool:
    """Tell whether a proof has the outcome of the decision."""
    if proof.problem is not None and proof.problem.message.startswith(_OUT_OF_TIME):
        return True
    if isinstance(expected, str):
        is_same = proof.problem is not None and proof.problem.kind == expected
        return is_same and proof.outcome is Outcome.BROKEN and not proof
    return proof.outcome is (Outcome.ALLOWED if expected else Outcome.DENIED) and (
        bool(proof) is expected
    )
