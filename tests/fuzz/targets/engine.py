"""Decisions: the same question has the same answer, in whichever way it is asked."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from flask_oso import Oso, OsoError
from tests.support.models.world import Dog, Org, Puppy, Repo, User, make_oso

from ..choices import Choices
from ..oracle import OUT_OF_TIME, outcome, refusals, sandbox
from ..policies import make_policy, make_query

IS_TEXT = False
_VALUES: tuple[t.Callable[[], t.Any], ...] = (
    lambda: "a",
    lambda: "read",
    lambda: 1,
    lambda: User("a", {"read": [1, "a"]}),
    lambda: Repo("a", Org("a")),
    lambda: Repo("a", t.cast(t.Any, Repo("b", Org("b")))),
    lambda: Puppy("a"),
    lambda: Dog("b", kind=1),
    lambda: [1, 2],
    lambda: {"a": 1, "name": "a"},
    lambda: None,
    lambda: True,
    lambda: 1.5,
)


def seeds() -> Iterable[bytes]:
    """Give some choices: a byte that grows, so that every form occurs."""
    return [bytes((start + step * at) % 251 for at in range(120)) for start, step in _PACES]


_PACES = ((0, 1), (7, 3), (11, 5), (3, 7), (40, 11), (2, 13), (90, 17), (5, 101))


def target(data: bytes) -> None:
    """Load a policy of the input's making, and decide."""
    choices = Choices(data)
    question = tuple(choices.pick(_VALUES)() for _ in range(3))
    query = make_query(choices)
    oso = make_oso()
    with sandbox():
        try:
            oso.load_str(make_policy(choices))
        except OsoError:
            return
        _check_decision(oso, question)
        with refusals():
            for _ in zip(oso.query(query, accept_expression=True), range(20), strict=False):
                pass


def _check_decision(oso: Oso, question: tuple[t.Any, ...]) -> None:
    first = outcome(lambda: oso.is_allowed(*question))
    assert isinstance(first, bool | type) or first == OUT_OF_TIME, f"{first!r} is no decision"
    again = outcome(lambda: oso.is_allowed(*question))
    as_query = outcome(lambda: oso.query_rule_once("allow", *question))
    answers = {first, again, as_query} - {OUT_OF_TIME}
    assert len(answers) < 2, f"one question, several answers: {answers}"
