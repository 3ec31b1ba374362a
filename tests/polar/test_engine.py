"""The engine: questions and queries about one policy that never changes."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso.polar import Engine, Expression, Pattern, Predicate, TypeConstraint, Variable
from flask_oso.polar.exceptions import (
    InvalidQueryTypeError,
    OperationalError,
    ParserError,
    PolarRuntimeError,
    PolarTypeError,
    UnexpectedPolarTypeError,
)
from tests.support.policies import Policy, make_host
from tests.support.policies import make_engine as make_engine_of


class Dog:
    """An animal."""


class Cat:
    """Another animal."""


def make_engine(policy: str = "", **constants: t.Any) -> Engine:
    """Make an engine that knows two classes and some constants."""
    return make_engine_of(policy, make_host(Dog, Cat, **constants))


@pytest.mark.parametrize(("value", "answer"), [(1, True), (2, False)])
def test_ask_answers_with_a_bool(value: int, answer: bool) -> None:
    """A rule call has a solution or has none."""
    assert make_engine("f(1); f(1);").ask("f", value) is answer


@pytest.mark.parametrize(
    "value",
    [
        Variable("x"),
        [1, [Variable("x")]],
        Expression("And", [1]),
        Pattern("String", {}),
        Predicate("f", [Variable("x")]),
    ],
)
def test_ask_refuses_questions(value: object) -> None:
    """A variable inside an argument would match anything; the text shows no object."""
    with pytest.raises(PolarTypeError, match=r"^A decision needs values, not a \w+ with a que"):
        make_engine("f(_);").ask("f", value)


def test_ask_undefined_rule() -> None:
    """A rule that nobody defined is an error."""
    with pytest.raises(PolarRuntimeError, match=r"^Query for undefined rule `f`"):
        make_engine().ask("f", 1)


def test_ask_policy_without_rules() -> None:
    """A policy that was loaded and has no rule is not taken for one that was not loaded."""
    remedy = r"`f`\. The policy that is loaded has no rule\. 'flask oso init' writes a first one\."
    with pytest.raises(PolarRuntimeError, match=remedy):
        make_engine("# Nothing yet.").ask("f", 1)


def test_engine_without_policy_answers_queries() -> None:
    """Terms need no rules."""
    assert list(Engine(Policy(), make_host()).query("x = 1")) == [{"x": 1}]


def test_query_gives_values_by_name() -> None:
    """Each solution is a dictionary of Python values."""
    assert list(make_engine("f(1, [2]);").query("f(x, y)")) == [{"x": 1, "y": [2]}]


def test_query_text_may_be_a_predicate() -> None:
    """A rule call may be given as data."""
    assert list(make_engine("f(1);").query(Predicate("f", [Variable("x")]))) == [{"x": 1}]


def test_query_rule_is_a_query() -> None:
    """A rule call may be given as a name and arguments."""
    assert list(make_engine("f(1);").query_rule("f", [Variable("x")])) == [{"x": 1}]


@pytest.mark.parametrize("query", [None, 5, b"f(1)", ["f"]])
def test_query_of_another_type(query: t.Any) -> None:
    """What is neither text nor a Predicate is refused by name."""
    with pytest.raises(InvalidQueryTypeError) as caught:
        list(make_engine().query(query))

    assert str(caught.value) == f"A query is a str or a Predicate, not {type(query).__name__}."


def test_query_predicate_with_another_name() -> None:
    """The name of a Predicate is a string."""
    with pytest.raises(OperationalError, match=r"^Serialization error: "):
        list(make_engine().query(Predicate(5, [])))  # type: ignore[arg-type]  # that is the point


def test_query_is_one_expression() -> None:
    """A query cannot define rules."""
    with pytest.raises(ParserError):
        list(make_engine().query("f(1) if true"))


@pytest.mark.parametrize(
    ("value", "results"), [(1, [{"x": 1}]), (3, []), (Variable("y"), [{"x": 1}, {"x": 2}])]
)
def test_query_bindings(value: t.Any, results: list[t.Any]) -> None:
    """A variable may have a value, or another variable, from the beginning."""
    found = make_engine("f(1); f(2);").query("f(x)", bindings={"x": value})

    assert [{"x": result["x"]} for result in found] == results


def test_query_bindings_may_be_constraints() -> None:
    """An expression given for a variable is a condition on it that holds from the beginning."""
    found = make_engine("f(_: Dog); f(_: Cat);").query(
        "f(x)",
        bindings={"x": TypeConstraint(Variable("x"), "Dog")},
        accept_expression=True,
    )

    assert list(found) == [
        {"x": Expression("And", [Expression("Isa", [Variable("_this"), Pattern("Dog", {})])])}
    ]


def test_query_bindings_of_a_constant() -> None:
    """A constant cannot get another value."""
    with pytest.raises(PolarRuntimeError) as caught:
        list(make_engine(it=1).query("x = 1", bindings={"it": 2}))

    assert str(caught.value) == ('Attempted binding was incompatible: Cannot rebind Symbol("it")')


def test_query_constraint_is_refused() -> None:
    """A solution that is a condition has to be asked for."""
    with pytest.raises(UnexpectedPolarTypeError) as caught:
        list(make_engine().query("x > 1"))

    assert str(caught.value).endswith("pass\naccept_expression=True to Oso.query.")


def test_query_constraint_is_accepted() -> None:
    """With the option it comes as an Expression."""
    (result,) = make_engine().query("x > 1", accept_expression=True)

    assert result == {"x": Expression("And", [Expression("Gt", [Variable("_this"), 1])])}


def test_query_open_variable_of_a_value() -> None:
    """A variable inside a value comes out as a Variable."""
    (result,) = make_engine().query("x = [y, 1]")

    assert result["x"] == [Variable("y"), 1]
    assert isinstance(result["x"][0], Variable)


def test_engine_keeps_its_host() -> None:
    """A host with more names is another engine's; this one stays as it is."""
    engine = make_engine("f(1);")

    other = Engine(engine.policy, engine.host.with_constant(5, "it"))

    assert list(other.query("x = it")) == [{"x": 5}]
    assert list(engine.query("it = 6")) == [{"it": 6}]


def test_constant_of_a_later_host_counts_in_rules() -> None:
    """A constant replaced after loading has its new value in an engine that has the new host."""
    engine = make_engine("f(it);", it=1)

    other = Engine(engine.policy, engine.host.with_constant(2, "it"))

    assert list(other.query("f(x)")) == [{"x": 2}]


def test_clauses_by_number_of_parameters() -> None:
    """Rules of one name are kept apart by their number of parameters."""
    clauses = make_engine("f(1); f(2); f(1, 2);").clauses("f")

    assert clauses is not None
    assert {count: len(group) for count, group in clauses.items()} == {1: 2, 2: 1}


def test_clauses_are_made_once() -> None:
    """Preparing a rule is not repeated."""
    engine = make_engine("f(1);")

    assert engine.clauses("f") is engine.clauses("f")


def test_clauses_of_an_undefined_rule() -> None:
    """A rule that nobody defined has none."""
    assert make_engine("f(1);").clauses("g") is None


def test_unions_have_the_classes_of_blocks() -> None:
    """Actors are the classes of actor blocks; resources those of all blocks."""
    engine = make_engine("resource Cat {} actor Dog {}")

    assert (engine.actors, engine.resources) == (("Dog",), ("Cat", "Dog"))
