"""Errors about a list or a dictionary of a policy show where it is written, as in the solver."""

from __future__ import annotations

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of

#: Policies whose condition is wrong for a literal, and the line that the error shows.
WRONG = {
    "body": ('allow(_, "read", _) if [];', '001: allow(_, "read", _) if [];'),
    "argument": (
        'allow(_, "read", _) if holds([1]);\nholds(x) if x;',
        '001: allow(_, "read", _) if holds([1]);',
    ),
    "argument of an argument": (
        'allow(_, "read", _) if\n  passes({a: 1});\npasses(x) if holds(x);\nholds(x) if x;',
        "002:   passes({a: 1});",
    ),
    "name of a field": (
        'allow(_, "read", r) if x = [] and\n  r.(x) = 1;',
        '001: allow(_, "read", r) if x = [] and',
    ),
}


class Page:
    """A resource."""

    number = 1


@pytest.mark.parametrize(("policy", "line"), WRONG.values(), ids=WRONG)
def test_error_shows_the_literal(policy: str, line: str) -> None:
    """The solver and compiled rules have one text, with the place of the list."""
    outcomes = []
    for compiled in (False, True):
        oso = Oso(compiled=compiled)
        oso.register_class(Page)
        oso.load_str(policy)
        outcomes.append(outcome_of(oso, "ann", "read", Page()))

    assert outcomes[0] == outcomes[1]
    assert f"\t{line}\n" in outcomes[0][1]


def test_error_of_a_goal_that_is_left_to_the_solver_shows_what_is_calculated() -> None:
    """An argument that a clause calculates has its place there, too."""
    outcomes = []
    for compiled in (False, True):
        oso = Oso(compiled=compiled)
        oso.register_class(Page)
        oso.register_constant((1, 2), "PAIR")
        oso.load_str('allow(_, "read", p: Page) if h(PAIR, p.number + 1);\nh(x, l) if x in l;')
        outcomes.append(outcome_of(oso, "ann", "read", Page()))

    assert outcomes[0] == outcomes[1]
    assert "at line 1, column 38" in outcomes[0][1]
