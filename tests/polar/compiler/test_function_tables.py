"""Tables of compiled functions by the value of an argument."""

from __future__ import annotations

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.function_tables import MAX_OTHERS, FunctionTable
from flask_oso.polar.compiler.scopes import Variant
from tests.support.answers import program_of

GRANTS = Variant("grants", 2, (), True)


@pytest.fixture
def oso() -> Oso:
    """Roles of a call, of which rules name two."""
    made = Oso()
    made.load_str(
        "allow(_, action, roles) if role in roles and grants(role, action);"
        'grants("x", "read"); grants("y", "write"); grants(3, "read");'
    )
    return made


@pytest.mark.parametrize("other", ["z", 7])
def test_function_of_what_no_rule_names_is_found_at_once(oso: Oso, other: object) -> None:
    """To make out each time that a value is none of the literals took as long as ten rules."""
    table = _table(oso)

    answers = [table[other](other, "read", 0, [64, None, None, None, None]) for _ in range(3)]

    assert answers == [False] * 3
    assert dict(table)[other] is table[other]


def test_others_are_remembered_up_to_a_limit(oso: Oso) -> None:
    """Roles may come from anywhere; long texts are not kept at all."""
    table = _table(oso)

    for at in range(1_000):
        table["long" * at]("role", "read", 0, [64, None, None, None, None])
        table[f"role {at}"]("role", "read", 0, [64, None, None, None, None])

    assert len(table) <= MAX_OTHERS
    assert max(map(len, table)) < 100


def _table(oso: Oso) -> FunctionTable:
    """Make a table of the functions of a rule."""
    found = program_of(oso).table(GRANTS)
    assert found is not None
    return FunctionTable(program_of(oso), GRANTS, found[0])
