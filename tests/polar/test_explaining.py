"""``Oso.explain`` agrees with ``is_allowed``, for policies and data at random."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import typing as t
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from flask_oso import Limits, Oso, OsoError, Predicate
from flask_oso.polar.descriptions import Describer, Redaction
from flask_oso.polar.engine import Engine
from flask_oso.polar.host import to_polar
from flask_oso.polar.proof import Proof
from flask_oso.polar.proving import ProvingSolver, Record
from flask_oso.polar.reasons import Outcome
from tests.fuzz.choices import Choices
from tests.fuzz.decisions import make_call, make_rules
from tests.fuzz.oracle import is_from_host, sandbox
from tests.fuzz.targets.compiled import outcome
from tests.fuzz.witnesses import CLASSES, Calls, make_values

#: How many policies are made, and how many questions each is asked.
POLICIES = int(os.environ.get("FLASK_OSO_PROOFS", "300"))
QUESTIONS = 6
#: A proof is no longer than this, whatever the policy.
LONGEST = 400_000
#: How errors begin that end a question after its time: when that is, is a matter of chance.
TIMEOUT = "Query timeout"


@dataclasses.dataclass
class Tally:
    """What the proofs were like."""

    outcomes: collections.Counter[Outcome] = dataclasses.field(default_factory=collections.Counter)
    suggestions: int = 0
    differences: list[str] = dataclasses.field(default_factory=list)
    #: Where the run that keeps account did something else than the solver.
    deviations: list[str] = dataclasses.field(default_factory=list)
    broken_pages: list[str] = dataclasses.field(default_factory=list)


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
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._is_wrong = self._is_wrong or not self._open or self._open.pop() != tag


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    """Explain answers of many policies, once for all tests."""
    tally = Tally()

    @seed(20_270_611)
    @settings(
        max_examples=POLICIES,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(data=st.binary(min_size=300, max_size=300))
    def explain(data: bytes) -> None:
        explain_all(Choices(data), tally)

    explain()
    yield tally


def explain_all(choices: Choices, tally: Tally) -> None:
    """Make a policy, and explain what it answers to some questions."""
    oso = Oso(limits=Limits(timeout_ms=500))
    for cls in CLASSES:
        oso.register_class(cls)
    policy = make_rules(choices)
    with sandbox():
        try:
            oso.load_str(policy)
        except OsoError:
            return
        calls = Calls()
        values = list(make_values(calls).values())
        for _ in range(QUESTIONS):
            name, numbers = make_call(choices, len(values))
            args = [values[number] for number in numbers]
            expected = answer(oso._engine, name, args)
            watched = deviation(calls, oso._engine, name, args)
            if watched:
                tally.deviations.append(f"{policy}\n{name}({numbers})\n{watched}")
            proof = oso.explain_rule(name, *args)
            tally.outcomes[proof.outcome] += 1
            tally.suggestions += len(proof.suggestions)
            if not Balance(proof.to_html()).holds:
                tally.broken_pages.append(proof.to_html())
            if expected is not None and not agrees(proof, expected):
                shown = f"{policy}\n{name}({numbers})\n{expected}\n{proof}"
                tally.differences.append(shown)


def answer(engine: Engine, name: str, args: list[t.Any]) -> bool | str | None:
    """Give the answer to a question, or the class of its error; ``None`` for lack of time."""
    try:
        return engine.ask(name, *args)
    except Exception as error:
        if not isinstance(error, OsoError) and not is_from_host(error):
            raise
        return None if str(error).startswith(TIMEOUT) else type(error).__name__


def deviation(calls: Calls, engine: Engine, name: str, args: list[t.Any]) -> str:
    """Tell where the run that keeps account differs from the solver: in its answer, the text of
    its error, or in what it does to the objects of the host, in order.
    """

    def prove() -> bool:
        record = Record(Describer({}, Redaction()))
        call = to_polar(Predicate(name, args))
        return next(ProvingSolver(engine, engine.limits, record).solve(call), None) is not None

    expected = outcome(calls, lambda: engine.solve_call(name, args))
    given = outcome(calls, prove)
    is_chance = TIMEOUT in f"{expected} {given}"
    return "" if expected == given or is_chance else f"{expected}\n{given}"


def agrees(proof: Proof, expected: bool | str) -> bool:
    """Tell whether a proof has the outcome of the decision, and can be shown."""
    wanted = {True: Outcome.ALLOWED, False: Outcome.DENIED}.get(expected, Outcome.BROKEN)  # type: ignore[call-overload]  # a class of an error is no key
    if proof.problem is not None and proof.problem.message.startswith(TIMEOUT):
        return True
    is_same = proof.outcome is wanted and bool(proof) is (expected is True)
    if isinstance(expected, str):
        is_same = is_same and proof.problem is not None and proof.problem.kind == expected
    texts = (str(proof), proof.to_html(), json.dumps(proof.to_dict()))
    return is_same and max(map(len, texts)) < LONGEST


def test_proof_agrees_with_the_decision(tally: Tally) -> None:
    """Allowed, denied and broken are what they are for ``is_allowed``."""
    assert "\n".join(tally.differences[:3]) == ""


def test_run_that_keeps_account_does_what_the_solver_does(tally: Tally) -> None:
    """Answers, errors with their text, and calls of the host, in order."""
    assert "\n".join(tally.deviations[:3]) == ""


def test_html_of_every_proof_is_balanced(tally: Tally) -> None:
    """Each element ends where it should, whatever values are in it."""
    assert tally.broken_pages[:1] == []


@pytest.mark.parametrize("kind", Outcome)
def test_every_outcome_has_its_share(tally: Tally, kind: Outcome) -> None:
    """Policies that always or never allow would show little."""
    assert tally.outcomes[kind] >= 0.1 * tally.outcomes.total()


def test_some_denials_have_suggestions(tally: Tally) -> None:
    """Random policies look at attributes, and one value more would do for some."""
    assert tally.suggestions >= 20
