"""Negations about variables that have no value yet: what a variable must not be is noted."""

from __future__ import annotations

import pytest

from tests.support.models.people import Doc, User
from tests.support.policies import make_oso

#: Conditions that hold where the name of the user is not "banned". The variable is united with
#: another one before, or conditions wait for it.
CONDITIONS = {
    "rule of a rule": "named(a) and a = u.name and d.open",
    "united": "a = b and not banned(a) and b = u.name and d.open",
    "of a class": "a matches String and not banned(a) and a = u.name and d.open",
    "compared": 'a < "z" and not banned(a) and a = u.name and d.open',
    "variable of its own": "other(a) and a = u.name and d.open",
    "without a value": "not (banned(c) and c = 1) and d.open and u.name = u.name",
}
RULES = """
named(a) if not banned(a); other(a) if not (b = a and banned(b)); banned("banned");
allow(u: User, "read", d: Doc) if CONDITION;
allow(u: User, "edit", d: Doc) if not is_refused(u, d);
is_refused(u, d) if CONDITION;
"""


@pytest.mark.parametrize("name", ["ana", "banned"])
@pytest.mark.parametrize("action", ["read", "edit"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_variable_that_gets_its_value_behind_a_negation(
    condition: str, action: str, name: str
) -> None:
    """The answer is the solver's: a function on plain data took what is negated to hold."""
    policy = RULES.replace("CONDITION", CONDITIONS[condition])
    compiled, solved = (make_oso(policy, User, Doc, compiled=each) for each in (True, False))
    user, doc = User(name=name), Doc(open=True)

    found = compiled.is_allowed(user, action, doc)

    assert found is solved.is_allowed(user, action, doc)


def test_variable_without_a_value_is_negated_on_plain_data() -> None:
    """Where nothing else is about the variable, a negation just fails if its goal holds."""
    policy = RULES.replace("CONDITION", "not banned(_) and u.name = d.open")
    oso = make_oso(policy, User, Doc)

    assert oso.is_allowed(User(name=True), "read", Doc(open=True)) is False
