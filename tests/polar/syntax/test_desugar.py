"""Rewriting: where a goal that computes an operand goes."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso.polar.nodes import Rule
from flask_oso.polar.printer import rule_to_polar, to_polar
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax.desugar import rewrite_query, rewrite_rule
from flask_oso.polar.syntax.parser import parse_policy, parse_query


def rewritten_query(text: str) -> str:
    """Rewrite a query and print it."""
    return to_polar(rewrite_query(parse_query(Source(text))))


def rewritten_rule(text: str) -> str:
    """Rewrite a rule and print it."""
    (rule,) = parse_policy(Source(text)).statements
    return rule_to_polar(rewrite_rule(t.cast(Rule, rule)))


@pytest.mark.parametrize("text", ["true", "x", "x = y", "x > 1 and not y", "f(x) or x in [1]"])
def test_query_without_operations_stays(text: str) -> None:
    """Where nothing has to be computed nothing changes."""
    assert rewritten_query(text) == text


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("x.a", "x.a = _value_1 and _value_1"),
        ("x.a > 1", "x.a = _value_1 and _value_1 > 1"),
        ("x.(k) == 1", "x.(k) = _value_1 and _value_1 == 1"),
        ("f(x.a)", "x.a = _value_1 and f(_value_1)"),
        ("print(x.a)", "x.a = _value_1 and print(_value_1)"),
        ("y := x.a", "x.a = _value_1 and y := _value_1"),
        ("x.a in y.b", "x.a = _value_1 and y.b = _value_2 and _value_1 in _value_2"),
        ("x matches C{k: y.a}", "y.a = _value_1 and x matches C{k: _value_1}"),
        ("x mod 2 > 1", "x mod 2 = _temp_1 and _temp_1 > 1"),
        ("new C(1).a", "new (C(1), _instance_1) and _instance_1.a = _value_2 and _value_2"),
    ],
)
def test_operations_go_before_their_condition(text: str, rewritten: str) -> None:
    """A condition finds its operands computed."""
    assert rewritten_query(text) == rewritten


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("x.a.b > 1", "x.a = _value_1 and _value_1.b = _value_2 and _value_2 > 1"),
        ("1 + 2 * 3 > x", "2 * 3 = _op_1 and 1 + _op_1 = _op_2 and _op_2 > x"),
        ("x.m(y.a)", "y.a = _value_1 and x.m(_value_1) = _value_2 and _value_2"),
        (
            "f([x.a, {k: y.b}])",
            "x.a = _value_1 and y.b = _value_2 and f([_value_1, {k: _value_2}])",
        ),
        (
            "x.a + 1 > y.b",
            "x.a = _value_1 and _value_1 + 1 = _op_2 and y.b = _value_3 and _op_2 > _value_3",
        ),
    ],
)
def test_operations_go_from_the_inside_and_the_left(text: str, rewritten: str) -> None:
    """Inner operations come before outer ones, left ones before right ones."""
    assert rewritten_query(text) == rewritten


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("f(x) if x.a = 1;", "f(x) if _value_1 = 1 and x.a = _value_1;"),
        ("f(x) if y = x + 1;", "f(x) if y = _op_1 and x + 1 = _op_1;"),
        ("f(x) if x rem 2 = 1;", "f(x) if _op_1 = 1 and x rem 2 = _op_1;"),
    ],
)
def test_operations_of_a_unification_go_after_it(text: str, rewritten: str) -> None:
    """A unification may wait, so that what is unified can be bound by what it computes."""
    assert rewritten_rule(text).replace("_temp_", "_op_") == rewritten


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("f(x) if x mod 2 = 1;", "f(x) if x mod 2 = _temp_1 and _temp_1 = 1;"),
        ("f(x) if x = new C();", "f(x) if new (C(), _instance_1) and x = _instance_1;"),
        (
            "f(x) if x = new C(x.a).b;",
            "f(x) if x.a = _value_1 and new (C(_value_1), _instance_2)"
            " and _instance_2.b = _value_3 and x = _value_3;",
        ),
    ],
)
def test_some_operations_never_wait(text: str, rewritten: str) -> None:
    """``mod`` and ``new``, and all that stands beside them, are computed before."""
    assert rewritten_rule(text) == rewritten


@pytest.mark.parametrize("text", ["x.a = 1", "(x.a = 1)"])
def test_query_that_is_a_unification_is_computed_first(text: str) -> None:
    """A query has no caller that could bind its variables later."""
    assert rewritten_query(text) == "x.a = _value_1 and _value_1 = 1"


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        (
            "x.a = 1 and y.b = 2",
            "(_value_1 = 1 and x.a = _value_1) and _value_2 = 2 and y.b = _value_2",
        ),
        (
            "x.a = 1 or y.b > 2",
            "_value_1 = 1 and x.a = _value_1 or y.b = _value_2 and _value_2 > 2",
        ),
        ("not x.a", "not (x.a = _value_1 and _value_1)"),
        ("not x.a = 1", "not (_value_1 = 1 and x.a = _value_1)"),
    ],
)
def test_operations_stay_in_their_conjunct(text: str, rewritten: str) -> None:
    """An operation goes next to the smallest condition around it, never out of a negation."""
    assert rewritten_query(text) == rewritten


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        (
            "forall(x.a, y.b)",
            "forall(_value_1 and x.a = _value_1, _value_2 and y.b = _value_2)",
        ),
        (
            "forall(x in y.a, x.b > 1)",
            "forall(x in _value_1 and y.a = _value_1, _value_2 > 1 and x.b = _value_2)",
        ),
        ("forall(not x.a, y)", "forall(not (x.a = _value_1 and _value_1), y)"),
    ],
)
def test_operations_in_forall_go_after(text: str, rewritten: str) -> None:
    """Both conditions of a forall are followed by what they need."""
    assert rewritten_query(text) == rewritten


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("f(x, x.a);", "f(x, _value_1) if x.a = _value_1;"),
        ("f(x + 1, x) if g(x);", "f(_op_1, x) if g(x) and x + 1 = _op_1;"),
        (
            "f(x.a, x.b) if g(x);",
            "f(_value_1, _value_2) if g(x) and x.a = _value_1 and x.b = _value_2;",
        ),
        ("f(_: {k: x.a}, x);", "f(_1: {k: _value_2}, x) if x.a = _value_2;"),
        ("f(new C(x)) if x = 1;", "f(_instance_1) if x = 1 and new (C(x), _instance_1);"),
    ],
)
def test_operations_of_a_head_end_the_body(text: str, rewritten: str) -> None:
    """What a head computes is computed last, from the left to the right."""
    assert rewritten_rule(text) == rewritten


@pytest.mark.parametrize("text", ["f(1);", "f(x: C{a: 1}) if x = 1;", "f([x, *y]) if g(x, y);"])
def test_rule_without_operations_stays(text: str) -> None:
    """A rule without operations means what it says."""
    assert rewritten_rule(text) == text


@pytest.mark.parametrize(
    ("text", "rewritten"), [("_ = _", "_1 = _2"), ("f(_, [_, {k: _}])", "f(_1, [_2, {k: _3}])")]
)
def test_anonymous_variables_get_names(text: str, rewritten: str) -> None:
    """Each ``_`` is another variable."""
    assert rewritten_query(text) == rewritten


def test_rewritten_goals_keep_their_places() -> None:
    """The goal that computes an operation stands where the operation stands."""
    conjunction = t.cast(t.Any, rewrite_query(parse_query(Source("1 < x.a"))))

    lookup, comparison = conjunction.args
    assert (lookup.span.text, comparison.span.text) == ("x.a", "1 < x.a")
