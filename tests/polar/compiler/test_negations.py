"""Negations in specializations, each written once where several clauses have it."""

from __future__ import annotations

import gc
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.specialization.goals import steps

_RULES = 12
_TRIES = 1_000


class User:
    """Asks."""

    def __init__(self, number: int) -> None:
        self.number = number


class Part:
    """Is in a document. Every other flag is set."""

    def __init__(self) -> None:
        for number in range(_RULES):
            setattr(self, f"flag{number}", number % 2 == 0)


class Doc:
    """Has parts."""

    def __init__(self) -> None:
        self.parts = [Part()]


def _made_at_the_place_of_others(make: t.Callable[[t.Any], t.Any]) -> t.Callable[[t.Any], t.Any]:
    """Make negations of which each has the identity of an earlier one, if nothing keeps that."""
    kept: list[t.Any] = []
    met: set[int] = set()

    def negation(goal: t.Any) -> t.Any:
        # The last one goes now, if it is only kept here.
        kept.clear()
        gc.collect()
        tried = [make(goal)]
        while met and id(tried[-1].args[0]) not in met and len(tried) < _TRIES:
            tried.append(make(goal))
        kept.append(tried[-1])
        met.add(id(tried[-1].args[0]))
        return tried[-1]

    return negation


@pytest.mark.full
def test_each_forall_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the negation that it stands for gets the place in memory of another one."""
    negation = _made_at_the_place_of_others(vars(steps)["forall_as_negation"])
    monkeypatch.setattr(steps, "forall_as_negation", negation)
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Doc)
    rules = [
        'allow(u: User, "read", d: Doc) if'
        f" d.parts = parts and forall(p in parts, p.flag{number}) and u.number = {number};"
        for number in range(_RULES)
    ]
    oso.load_str("\n".join(rules))

    answers = [oso.is_allowed(User(number), "read", Doc()) for number in range(_RULES)]

    assert answers == [number % 2 == 0 for number in range(_RULES)]


@pytest.mark.parametrize(
    "condition",
    [
        "forall(part in doc.parts, part.flag0)",
        "not (part in doc.parts and not part.flag0)",
        "forall(part in doc.parts, part.flag0 or part.flag2)",
    ],
)
def test_class_of_an_element_is_tested_once(condition: str) -> None:
    """What a goal apart tests of an element in any case is not tested in front of it, too."""
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Doc)
    oso.load_str(f'allow(_: User, "read", doc: Doc) if {condition};')

    code = oso.generated_code('allow(User, "read", Doc)')
    specialization = code[code.index("def specialization") : code.index("except gives_up")]

    assert "is_plain_data" not in specialization
    assert specialization.count("admits") == 1
    assert oso.is_allowed(User(1), "read", Doc())
