"""Where Polar here differs from oso 0.27.3 on purpose: ``docs/reference/polar/differences.md``.

Only the rows that neither a case nor the test of a module shows already.
"""

from __future__ import annotations

import abc
import typing as t

import pytest

from flask_oso import OsoError
from flask_oso.polar.exceptions import (
    OperationalError,
    ParserError,
    UnregisteredClassError,
    ValidationError,
)
from tests.support.cases import show_result
from tests.support.models.world import Dog, make_oso


class Named(abc.ABC):
    """A class with members that do not derive from it."""

    @abc.abstractmethod
    def name(self) -> str: ...


Named.register(Dog)


class Request:
    """Holds what a client sent: numbers and text that Polar has no value for."""

    big = 2**64
    text = "\ud800"
    items: t.ClassVar[list[t.Any]] = [1, 2**64]

    def get(self) -> int:
        return self.big


def results(query: str, policy: str = "", **constants: t.Any) -> list[str]:
    """Write the solutions of a query."""
    oso = make_oso()
    oso.register_class(Named)
    for name, value in constants.items():
        oso.register_constant(value, name)
    if policy:
        oso.load_str(policy)
    return [show_result(solution["bindings"]) for solution in oso.query(query)]


def test_place_in_a_message_counts_characters() -> None:
    """oso counts bytes, and may abort the process: a place here is a column."""
    with pytest.raises(ValidationError, match="at line 1, column 11:"):
        make_oso().load_str('f("💯💯💯💯", x);')


def test_class_test_honours_abstract_base_classes() -> None:
    """oso asks its record of ancestors; here ``isinstance`` decides."""
    assert results("rex matches Named and not stray matches Named") == ["yes"]


def test_class_test_in_a_parameter_honours_them_too() -> None:
    """``isinstance`` decides in a parameter, where a rule is chosen."""
    assert results("f(rex)", "f(_: Named);") == ["yes"]


def test_unregistered_specializer_of_an_object() -> None:
    """oso fails inside for some objects; here the name and the place are told."""
    with pytest.raises(UnregisteredClassError, match=r"^Nope at line 1, column 6:"):
        results("f(rex)", "f(_: Nope);")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("x + 1 = y and x = 2", ["x: 2, y: 3"]),
        ("x + y = z and x = 2 and y = 3", ["x: 2, y: 3, z: 5"]),
        ("x + 1 > 2 and x in [1, 2]", ["x: 2"]),
        ("x * 2 = 6 and x in [2, 3]", ["x: 3"]),
        ("x mod 2 = 1 and x in [1, 2, 3]", ["x: 1", "x: 3"]),
    ],
)
def test_arithmetic_waits_for_its_operands(query: str, found: list[str]) -> None:
    """oso fails inside when the operand comes; here it is computed then."""
    assert results(query) == found


@pytest.mark.parametrize(
    ("query", "policy", "found"),
    [
        ("f(x) and x in [[1], [2]]", "f(x) if not x = [1];", ["x: [2]"]),
        ("f(x) and x in [{a: 1}, {a: 2}]", "f(x) if not x = {a: 1};", ["x: {a: 2}"]),
        ('f(x) and x in ["a", 1]', 'f(x) if not x = "a";', ["x: 1"]),
    ],
)
def test_negated_unification_stays_one(query: str, policy: str, found: list[str]) -> None:
    """oso turns it into ``!=``, which lists do not have; here it is evaluated as it is written."""
    assert results(query, policy) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("[{a: 1, b: 2}, 3] matches [{a: 1}, *r]", ["r: [3]"]),
        ("[{a: 2}, 3] matches [{a: 1}, *_]", []),
        ("[rex, bit] matches [Dog{name: n}, *_]", ['n: "rex"']),
        ("[1, 2, 3] matches [Integer{}, Integer{}, *r]", ["r: [3]"]),
    ],
)
def test_patterns_may_stand_before_a_rest(query: str, found: list[str]) -> None:
    """oso raises or crashes; here the elements are matched and the rest is left over."""
    assert results(query) == found


def test_keyword_arguments_of_a_rule_call_do_not_parse() -> None:
    """oso fails inside when the call runs."""
    with pytest.raises(ParserError, match=r"^Rule calls take no keyword arguments: g\(x: 1\)"):
        results("true", "g(1); f() if g(x: 1);")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("x = 9223372036854775806 mod 9223372036854775807", ["x: 9223372036854775806"]),
        ("x = -9223372036854775806 mod -9223372036854775807", ["x: -9223372036854775806"]),
    ],
)
def test_mod_near_the_limit_is_exact(query: str, found: list[str]) -> None:
    """oso wraps around and gives -3, or 3."""
    assert results(query) == found


def test_members_of_a_union_stand_in_the_order_of_the_text() -> None:
    """oso's order depends on hashing."""
    oso = make_oso()
    oso.load_str("actor Dog {} actor User {} resource Org {} resource Repo {} f(_: Resource);")

    found = oso.query("f(x)", accept_expression=True)

    assert [result["bindings"]["x"].args[0].args[1].tag for result in found] == [
        "Dog",
        "User",
        "Org",
        "Repo",
    ]


def test_debug_does_not_wait(capsys: pytest.CaptureFixture[str]) -> None:
    """In a decision oso reads commands from standard input; here it says where it is."""
    oso = make_oso()
    oso.load_str("allow(x, _, _) if x = 1 and debug();")

    assert oso.is_allowed(1, "read", 1)
    assert (
        capsys.readouterr().err
        == """\
debug() at line 1, column 29
trace (most recent evaluation last):
  002: allow(1, "read", 1)
  001: x = 1 and debug()
    in rule allow at line 1, column 19
  000: debug()
    in rule allow at line 1, column 29
A decision does not wait at debug(). To stop here, ask with 'query_rule' or in the prompt of \
'python -m flask_oso'.
"""
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("request.big = 1", []),
        ("request.big > 1", ["yes"]),
        ("request.big = request.big", ["yes"]),
        ("request.big matches Integer", ["yes"]),
        ("request matches {big: 5}", []),
        ("request.get() = 1", []),
        ('request.text = "a"', []),
        ("request.text matches String", ["yes"]),
        ("1 in request.items", ["yes"]),
        ("2 in request.items", []),
    ],
)
def test_attribute_without_a_polar_value_is_an_object(query: str, found: list[str]) -> None:
    """oso raises wherever it meets one; here Python compares it, and a client causes no error."""
    assert results(query, request=Request()) == found


def test_argument_without_a_polar_value_is_refused() -> None:
    """As an argument it stays an error."""
    oso = make_oso()
    oso.load_str("f(_);")

    with pytest.raises(OperationalError, match=r"^Serialization error: "):
        oso.query_rule_once("f", 2**64)


def test_message_ends_with_the_message() -> None:
    """oso adds a line that offers help."""
    assert str(OsoError("Text.")) == "Text."
