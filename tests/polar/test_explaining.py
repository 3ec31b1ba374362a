"""``Oso.explain`` agrees with ``is_allowed``, for policies and data at random."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import typing as t
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from flask_oso import Limits, Oso, OsoError
from flask_oso.polar.engine import Engine
from flask_oso.polar.proof import Proof
from flask_oso.polar.reasons import Outcome
from tests.fuzz.choices import Choices
from tests.fuzz.decisions import make_call, make_rules
from tests.fuzz.oracle import is_from_host, sandbox
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
        values = list(make_values(Calls()).values())
        for _ in range(QUESTIONS):
            name, numbers = make_call(choices, len(values))
            args = [values[number] for number in numbers]
            expected = answer(oso._engine, name, args)
            proof = oso.explain_rule(name, *args)
            tally.outcomes[proof.outcome] += 1
            tally.suggestions += len(proof.suggestions)
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


def agrees(proof: Proof, expected: bool | str) -> bool:
    """Tell whether a proof has the outcome of the decision, and can be shown."""
    outcome = {True: Outcome.ALLOWED, False: Outcome.DENIED}.get(expected, Outcome.BROKEN)  # type: ignore[call-overload]  # a class of an error is no key
    if proof.problem is not None and proof.problem.message.startswith(TIMEOUT):
        return True
    is_same = proof.outcome is outcome and bool(proof) is (expected is True)
    if isinstance(expected, str):
        is_same = is_same and proof.problem is not None and proof.problem.kind == expected
    texts = (str(proof), proof.to_html(), json.dumps(proof.to_dict()))
    return is_same and max(map(len, texts)) < LONGEST


def test_proof_agrees_with_the_decision(tally: Tally) -> None:
    """Allowed, denied and broken are what they are for ``is_allowed``."""
    assert "\n".join(tally.differences[:3]) == ""


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_its_share(tally: Tally, outcome: Outcome) -> None:
    """Policies that always or never allow would show little."""
    assert tally.outcomes[outcome] >= 0.1 * tally.outcomes.total()


def test_some_denials_have_suggestions(tally: Tally) -> None:
    """Random policies look at attributes, and one value more would do for some."""
    assert tally.suggestions >= 20
