"""Objects with an ``__eq__`` of the application, beside heads that have a literal.

The solver asks such an object whether it is the literal: for all heads before it tries the first
rule, and again for each that it tries. Compiled rules ask the same, in the same order.
"""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import (
    is_answered_at_once,
    is_left_to_solver,
    left_over,
    outcome_of,
    specialized,
)
from tests.support.models.people import Thing

#: What was compared, in order.
CALLS: list[tuple[t.Any, t.Any]] = []


class Asked(Thing):
    """Says with code of its own what it equals."""

    id: t.Any

    def __eq__(self, other: object) -> t.Any:
        CALLS.append((self.id, getattr(other, "id", other)))
        if isinstance(self.id, Exception):
            raise self.id
        if self.id is NotImplemented:
            return NotImplemented
        return getattr(other, "id", other) == self.id

    def __hash__(self) -> int:
        return 1


class User(Asked):
    """Who asks."""


class Doc(Asked):
    """What is asked about."""


ROOT = User(id="root")
POLICIES = {
    "before": 'allow("guest", "read", _); allow(u: User, "read", d: Doc) if d.owner = u;',
    "behind": 'allow(u: User, "read", d: Doc) if d.owner = u; allow("guest", "read", _);',
    "several": """
        allow("guest", "read", _); allow("bot", "read", _: Doc); allow("guest", _, "site");
        allow(u: User, "read", d: Doc) if d.owner = u; allow("root", _, _);
    """,
    "constant": 'allow(ROOT, "read", _: Doc); allow("guest", "read", _); allow(true, "read", _);',
    "called": """
        allow(u, "read", d: Doc) if sees(u, d) and not bars(u, d);
        sees("guest", _); sees(u: User, d) if d.owner = u;
        bars(u, "site") if u = u; bars("bot", d: Doc) if d.owner = nil;
    """,
    "recursive": """
        allow(u, "read", d) if sees(u, d);
        sees("guest", _); sees(u: User, d: Doc) if d.owner = u; sees(u, d: Doc) if sees(u, d.next);
        sees(_, nil) if false;
    """,
}


def load(policy: str, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Doc)
    oso.register_constant(ROOT, "ROOT")
    oso.load_str(policy)
    return oso


def outcome(oso: Oso, *question: t.Any) -> tuple[t.Any, list[tuple[t.Any, t.Any]]]:
    """Give the answer or the error, and what was compared."""
    CALLS.clear()
    return outcome_of(oso, *question), [*CALLS]


IDS = [1, 2, "guest", "bot", "root", True, NotImplemented, KeyError("boom"), TypeError("boom")]


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("actor", IDS, ids=str)
@pytest.mark.parametrize("resource", [1, "site"])
def test_what_is_compared_is_what_the_solver_compares(
    policy: str, actor: t.Any, resource: t.Any
) -> None:
    """Answers, errors, comparisons and their order are those of the solver."""
    doc = Doc(id=resource, owner=User(id=1), next=None)
    question = User(id=actor), "read", doc
    expected = outcome(load(policy, compiled=False), *question)
    oso = load(policy)

    assert [outcome(oso, *question) for _ in range(2)] == [expected, expected]


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("actor", ["guest", "bot", "other", 1, None, ["guest"], {"id": 1}], ids=str)
def test_other_arguments_are_compared_as_before(policy: str, actor: t.Any) -> None:
    """Texts, numbers, lists and dictionaries are no objects, and ask nobody but the resource."""
    question = actor, "read", Doc(id=1, owner=User(id=1), next=None)
    expected = outcome(load(policy, compiled=False), *question)

    assert outcome(load(policy), *question) == expected


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_no_question_about_them_goes_to_the_solver(policy: str) -> None:
    """Compiled rules compare them."""
    oso, doc = load(policy), Doc(id=1, owner=User(id=1), next=None)

    assert not is_left_to_solver(oso, User(id=7), "read", doc)
    assert left_over(oso) == []


def test_search_that_asks_them_is_no_function_for_plain_data() -> None:
    """It would give up for each list: the rules in order are asked at once."""
    oso = load('allow(u: User, "read", d: Doc) if u in d.owners;')
    question = User(id=1), "read", Doc(id=1, owners=[User(id=2), User(id=1)])

    assert oso.is_allowed(*question)
    assert specialized(oso.engine, *question) is None
    assert is_answered_at_once(oso, *question)
