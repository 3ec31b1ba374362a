"""Constraints on variables that stay unbound: what a query gives for them."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso.polar import Engine, Variable
from flask_oso.polar.exceptions import PolarRuntimeError
from flask_oso.polar.nodes import Expression
from flask_oso.polar.printer import to_polar
from flask_oso.polar.solver.constraints import simplified
from tests.support.cases import show_result
from tests.support.policies import make_engine as make_engine_of
from tests.support.policies import make_host, term_of


class T:
    """A class to be an instance of."""

    def __init__(self, **attributes: t.Any) -> None:
        self.__dict__.update(attributes)


class U(T):
    """A class below."""


class V:
    """A class apart."""


def make_engine(policy: str = "") -> Engine:
    """Make an engine that knows three classes."""
    return make_engine_of(policy, make_host(T, U, V))


def shapes(query: str, policy: str = "") -> list[str]:
    """Write the solutions of a query that may stay constrained."""
    return list(map(show_result, make_engine(policy).query(query, accept_expression=True)))


SHAPES = [
    ("x > 1", ["x: And(Gt(?_this, 1))"]),
    ("x == 1", ["x: And(Eq(?_this, 1))"]),
    ("x != 1", ["x: And(Neq(?_this, 1))"]),
    ("x.k = 1", ['x: And(Unify(1, Dot(?_this, "k")))']),
    ("x matches {k: 1}", ['x: And(Unify(Dot(?_this, "k"), 1))']),
    ("x.a.b = 1", ['x: And(Unify(1, Dot(Dot(?_this, "a"), "b")))']),
    ("x.k", ['x: And(Unify(true, Dot(?_this, "k")))']),
    ("x matches T{k: 1}", ['x: And(Isa(?_this, T{}), Unify(Dot(?_this, "k"), 1))']),
    ("1 in x.ks", ['x: And(In(1, Dot(?_this, "ks")))']),
    ("not x = 1", ["x: And(Neq(?_this, 1))"]),
    ("x > 1 or x < 0", ["x: And(Gt(?_this, 1))", "x: And(Lt(?_this, 0))"]),
]


@pytest.mark.parametrize(("condition", "results"), SHAPES)
def test_shape_through_a_rule(condition: str, results: list[str]) -> None:
    """A constraint made in a rule is shown on the query's variable."""
    assert shapes("f(x)", f"f(x) if {condition};") == results


@pytest.mark.parametrize(("condition", "results"), [s for s in SHAPES if "not" not in s[0]])
def test_shape_in_a_query(condition: str, results: list[str]) -> None:
    """A constraint made in a query has the shape that it has in a rule."""
    assert shapes(condition) == results


@pytest.mark.parametrize(
    ("query", "result"),
    [
        ("x > y", "x: And(Gt(?_this, ?y)), y: And(Gt(?x, ?_this))"),
        (
            "x = y and x > 1",
            "x: And(Unify(?_this, ?y), Gt(?_this, 1)), y: And(Unify(?x, ?_this), Gt(?x, 1))",
        ),
        ("x > y and y = 3", "x: And(Gt(?_this, 3)), y: 3"),
        ("x > 1 and y > 2", "x: And(Gt(?_this, 1)), y: And(Gt(?_this, 2))"),
        (
            "x > y and y > z",
            "x: And(Gt(?_this, ?y), Gt(?y, ?z)), y: And(Gt(?x, ?_this), Gt(?_this, ?z)),"
            " z: And(Gt(?x, ?y), Gt(?y, ?_this))",
        ),
    ],
)
def test_shape_of_several_variables(query: str, result: str) -> None:
    """Each variable is ``_this`` in its own result, and has its connections to others there."""
    assert shapes(query) == [result]


@pytest.mark.parametrize(
    ("query", "result"),
    [
        ("x > 1 and x > 1", "x: And(Gt(?_this, 1))"),
        ("x > 1 and 1 < x", "x: And(Gt(?_this, 1), Lt(1, ?_this))"),
        ("x > 1 and x < 1", "x: And(Gt(?_this, 1), Lt(?_this, 1))"),
        ("x.k > 1 and x.k < 5", 'x: And(Gt(Dot(?_this, "k"), 1), Lt(Dot(?_this, "k"), 5))'),
    ],
)
def test_equal_constraints_are_merged(query: str, result: str) -> None:
    """What is written twice is shown once; what contradicts itself is not noticed."""
    assert shapes(query) == [result]


@pytest.mark.parametrize(
    ("query", "is_solved"),
    [
        ("x matches T and x matches U", True),
        ("x matches U and x matches T", True),
        ("x matches T and x matches V", False),
        ("x matches U and y matches V and x = y", False),
        ("x matches U and y matches T and x = y", True),
    ],
)
def test_classes_must_be_related(query: str, is_solved: bool) -> None:
    """Nothing can be of two classes of which neither derives from the other."""
    assert bool(shapes(query)) is is_solved


@pytest.mark.parametrize(
    ("query", "results"),
    [
        ("x > 1 and x in [1, 2]", ["x: 2"]),
        ("x.k = 1 and x in [new T(k: 2), new T(k: 1)]", ["x: <T>"]),
        ("x matches T{k: 1} and x in [new V(), new T(k: 1)]", ["x: <T>"]),
        ("1 in x.ks and x in [new T(ks: []), new U(ks: [1])]", ["x: <U>"]),
        ("x.a.b = 1 and x = new T(a: new T(b: 1))", ["x: <T>"]),
        ("x.a = y.b and x = new T(a: 1) and y = new T(b: 1)", ["x: <T>, y: <T>"]),
        ("x.a = y.b and x = new T(a: 1) and y = new T(b: 2)", []),
        ("x > y and y > z and x = 3 and z = 1 and y = 2", ["x: 3, y: 2, z: 1"]),
        ("x > y and x = 1 and y = 1", []),
        ("x.k and x = new T(k: false)", []),
    ],
)
def test_constraints_are_decided_when_the_value_comes(query: str, results: list[str]) -> None:
    """A value ends the waiting: it fits or the branch fails."""
    assert shapes(query) == results


def test_hidden_variable_is_an_error() -> None:
    """A condition that nothing decides is reported with its place and the expression."""
    engine = make_engine("f(_) if y > 1 and y < 9;")

    with pytest.raises(PolarRuntimeError) as caught:
        list(engine.query("f(1)", accept_expression=True))

    assert str(caught.value).startswith("Found an unhandled partial in the query result: _y_")
    assert "The unhandled partial is for variable _y_" in str(caught.value)
    assert " > 1 and " in str(caught.value)
    assert "at line 1, column 9:" in str(caught.value)


def test_hidden_variable_of_which_an_attribute_is_read() -> None:
    """The attribute is shown, also where nothing is done with its value."""
    engine = make_engine("f(_) if _y.name = _;")

    with pytest.raises(PolarRuntimeError) as caught:
        list(engine.query("f(1)", accept_expression=True))

    shown = str(caught.value).partition("The expression is: ")[2]
    assert ".name" in shown.partition("\n")[0]
    assert "at line 1, column 9:" in shown


def test_hidden_variable_that_is_connected() -> None:
    """A hidden variable may stand in the condition of a visible one, under its own name."""
    (result,) = make_engine("f(x) if x > y and y > 1;").query_rule(
        "f", [Variable("x")], accept_expression=True
    )

    comparison = result["x"].args[0]
    assert (comparison.operator, comparison.args[0]) == ("Gt", Variable("_this"))
    assert comparison.args[1].startswith("_y_")


@pytest.mark.parametrize(
    ("negated", "positive"),
    [
        ("not x = 1", "x != 1"),
        ("not x == 1", "x != 1"),
        ("not x != 1", "x == 1"),
        ("not x < 1", "x >= 1"),
        ("not x <= 1", "x > 1"),
        ("not x > 1", "x <= 1"),
        ("not x >= 1", "x < 1"),
        ("not (x > 1 and y = 2)", "x <= 1 or y != 2"),
        ("not (x > 1 or y = 2)", "x <= 1 and y != 2"),
        ("not (not x > 1)", "x > 1"),
        ("not (not (y < 1 and not x = 1))", "y < 1 and x != 1"),
        (
            "not (x > 1 or not (y < 1 and not (z = 3 or not y = 2)))",
            "x <= 1 and y < 1 and z != 3 and y = 2",
        ),
        ("not (x > 1 and (y < 1 or z = 3))", "x <= 1 or y >= 1 and z != 3"),
        ("not x in y", "not x in y"),
        ("not x matches T", "not x matches T{}"),
        ("x > 1", "x > 1"),
    ],
)
def test_simplified_pushes_negations_inwards(negated: str, positive: str) -> None:
    """A negation of what has an inverse is that inverse; others stay."""
    expression = t.cast(Expression, term_of(negated))

    assert to_polar(simplified(expression)) == positive
