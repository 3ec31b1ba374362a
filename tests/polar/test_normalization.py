"""Names that differ only in how Unicode writes them are one name; strings are not."""

from __future__ import annotations

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import DuplicateClassAliasError

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
BOTH = pytest.mark.parametrize(
    ("one", "other"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)], ids=["NFC", "NFD"]
)


class Doc:
    """An object with an attribute."""

    def __init__(self) -> None:
        setattr(self, COMPOSED, 1)


@BOTH
@pytest.mark.parametrize(
    "policy",
    [
        'allow(_, "read", _) if {one}(1); {other}(x) if x = 1;',
        'allow(_, "read", {one}v) if {other}v = {one}v;',
        'allow(_, "read", d) if d.{one} = 1 and d.{other} = 1;',
        'allow(_, "read", d) if d matches {{{one}: 1}} and d matches {{{other}: 1}};',
        'allow(_, "read", _: {one});',
        'allow(_, "read", _) if {one}x = 1 and {other}x = 1;',
        'allow(_, "read", _) if {one}_constant = 1 and {other}_constant = 1;',
    ],
)
def test_name_is_one_in_both_forms(policy: str, one: str, other: str) -> None:
    """Rules, variables, fields, classes and constants are found under both spellings."""
    oso = Oso()
    oso.register_class(Doc, name=other)
    oso.register_constant(1, f"{DECOMPOSED}_constant")
    oso.load_str(policy.format(one=one, other=other))

    assert oso.is_allowed("ana", "read", Doc()) is True


def test_string_stays_as_it_is() -> None:
    """Two strings that look alike are two strings."""
    oso = Oso()
    oso.load_str(f'allow(_, "read", "{COMPOSED}");')

    assert oso.is_allowed("ana", "read", COMPOSED) is True
    assert oso.is_allowed("ana", "read", DECOMPOSED) is False


def test_rule_is_asked_by_either_name() -> None:
    """A query from Python names the rule as it likes."""
    oso = Oso()
    oso.load_str(f"{DECOMPOSED}(1); allow(_, _, _);")

    assert [bool(list(oso.query_rule(name, 1))) for name in (COMPOSED, DECOMPOSED)] == [True] * 2


def test_class_is_not_registered_twice() -> None:
    """The second spelling is the same name."""
    oso = Oso()
    oso.register_class(Doc, name=COMPOSED)

    with pytest.raises(DuplicateClassAliasError):
        oso.register_class(Doc, name=DECOMPOSED)


def test_other_form_is_warned_about(capsys: pytest.CaptureFixture[str]) -> None:
    """The load says which name is written otherwise, and where."""
    Oso().load_str(f"allow(_, _, {DECOMPOSED}) if {DECOMPOSED} = 1;")

    shown = capsys.readouterr().out
    assert shown.startswith(
        f"[warning] The name {COMPOSED} is written with other characters than it is read as."
        f" It is the same name as {COMPOSED} in Unicode's form NFC; write it so at line 1,"
        " column 13:"
    )


def test_usual_form_is_not_warned_about(capsys: pytest.CaptureFixture[str]) -> None:
    """A name in the usual form has nothing to be told of."""
    Oso().load_str(f"allow(_, _, {COMPOSED}) if {COMPOSED} = 1;")

    assert capsys.readouterr().out == ""


def test_place_behind_a_decomposed_name_is_right() -> None:
    """The condition is shown whole, and what stands behind it at its column."""
    oso = Oso()
    oso.load_str(f'allow(_, "read", {DECOMPOSED}) if {DECOMPOSED} = 1 and {DECOMPOSED} < "a";')

    with pytest.raises(Exception, match='1 < "a" at line 1, column 42'):
        oso.is_allowed("ana", "read", 1)


def test_very_long_name_stays_as_it_is() -> None:
    """To put many marks in order takes the square of their number, which nobody writes."""
    name = "e" + "\u0301\u0316" * 200
    oso = Oso()
    oso.load_str(f'{name}(1); allow(_, "read", _) if {name}(1);')

    assert oso.is_allowed("ana", "read", "page")
    assert [*oso.query_rule(name, 1)] != []
