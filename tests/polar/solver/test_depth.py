"""What is nested deep is decided, or refused at its place, wherever in Python's stack."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest

from flask_oso import Limits, Oso
from flask_oso.polar import Expression, Pattern, Predicate, Variable
from flask_oso.polar.exceptions import ParserError, PolarRuntimeError, StackOverflowError
from tests.support.stacks import far_down, in_small_thread

DEPTH = 10_000


def load(policy: str, **limits: int) -> Oso:
    oso = Oso(limits=Limits(**limits))
    oso.load_str(policy)
    return oso


def data(depth: int, leaf: t.Any = 1) -> t.Any:
    """Give lists in dictionaries in lists, as JSON may have them."""
    value = leaf
    for number in range(depth):
        value = {"a": value} if number % 2 else [value, number]
    return value


def depth_of(value: t.Any) -> int:
    depth = 0
    while isinstance(value, (list, dict)):
        value = value[0] if isinstance(value, list) else value["a"]
        depth += 1
    return depth


class Holder:
    """An object with a value."""

    def __init__(self, value: t.Any) -> None:
        self.value = value

    def echo(self, value: t.Any) -> t.Any:
        return value


# -- places in Python's stack ----------------------------------------------------------


places = pytest.mark.parametrize("call", [far_down, in_small_thread])


# -- texts -----------------------------------------------------------------------------


@pytest.mark.parametrize("operator", ["+", "*"])
def test_chain_beyond_the_goals_of_a_question_loads(operator: str) -> None:
    """What it takes to evaluate it is a matter of the question."""
    oso = load(f"f(x) if x = {f' {operator} '.join(['1'] * 20_000)};")

    with pytest.raises(StackOverflowError, match="MAX_GOALS"):
        list(oso.query_rule("f", 1))


NESTED: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "x = " + "(" * n + "1" + ")" * n,
    "list": lambda n: "x = " + "[" * n + "1" + "]" * n,
    "list with a variable": lambda n: "x = " + "[" * n + "_y" + "]" * n,
    "dictionary": lambda n: "x = " + "{a: " * n + "1" + "}" * n,
    "list of dictionaries": lambda n: "x = " + "[{a: " * (n // 2) + "1" + "}]" * (n // 2),
    "not": lambda n: "not (" * n + "x = 1" + ")" * n,
    "forall": lambda n: "forall(1 = 1, " * n + "x = 1" + ")" * n,
    "construction": lambda n: "x = " + "new Holder(" * n + "1" + ")" * n,
    "sum": lambda n: "x = " + "1 + (" * n + "1" + ")" * n,
    "and, or": lambda n: "(x = 1 and (x = 1 or " * (n // 2) + "x = 1" + "))" * (n // 2),
    "pattern": lambda n: "x matches " + "{a: " * n + "1" + "}" * n,
    "list of patterns": lambda n: "x matches " + "[" * n + "{a: 1}" + "]" * n,
}


@pytest.mark.each(3)
@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_nesting_beyond_the_limit_is_refused_at_its_place(nested: Callable[[int], str]) -> None:
    """The bracket that is one too many is the place; the number is the limit's."""
    with pytest.raises(ParserError) as caught:
        load(f"f(x) if\n{nested(15_000)};")

    message = str(caught.value)
    assert message.startswith("This is nested too deep: MAX_NESTING = 10000.")
    assert "at line 2, column " in message
    assert len(message) < 2_000


@pytest.mark.parametrize("text", ["x = [[[1]]] and y = [[]]", "x = ([{}]) and y = [[[]]]"])
def test_nesting_counts_the_brackets_that_are_open(text: str) -> None:
    """Brackets that were closed do not count as nesting."""
    assert list(Oso(limits=Limits(nesting=3)).query(text))

    with pytest.raises(ParserError, match="MAX_NESTING = 2"):
        next(Oso(limits=Limits(nesting=2)).query(text))


def test_nesting_begins_anew_with_each_statement() -> None:
    """A mistake in one statement says nothing of the next."""
    with pytest.raises(ParserError) as caught:
        load("f([[[1]]]); g(1); h([[[2]]]);", nesting=3)

    assert len(caught.value.problems) == 2


def test_query_nested_beyond_the_limit_is_refused() -> None:
    """A query text is held to the same limit."""
    with pytest.raises(ParserError, match=r"nested too deep.* at line 1, column 10005:"):
        next(Oso().query("x = " + "[" * 20_000 + "]" * 20_000))


def test_line_of_thousands_of_mistakes_is_shown_in_parts() -> None:
    """An excerpt shows what is near the place; the place is that of the whole line."""
    with pytest.raises(ParserError) as caught:
        load(f"f(x) if {'x = 1 and ' * 1_000} ! {'and x = 1' * 1_000};")

    message = str(caught.value)
    assert " at line 1, column 10010:" in message
    excerpt, caret = message.splitlines()[1:3]
    assert len(excerpt) < 600
    assert excerpt[caret.index("^")] == "!"


# -- data ------------------------------------------------------------------------------


@pytest.mark.each(2)
@pytest.mark.slow
@places
def test_deep_data_is_decided(call: t.Any) -> None:
    """Data that is nested as deep as JSON can be is compared to its bottom."""

    def decide() -> list[bool]:
        oso = load("f(x, y) if x = y; f(x, x, x); g(x, y) if x in [1, y]; h(x, y) if not x = y;")
        one, same, other = data(DEPTH), data(DEPTH), data(DEPTH, "other")
        questions = [("f", same), ("f", other), ("g", same), ("g", other), ("h", same)]
        return [oso.query_rule_once(name, one, value) for name, value in questions]

    assert call(decide) == [True, False, True, False, False]


@pytest.mark.parametrize(
    "body",
    [
        "[x, 1] = [y, z] and z = 1",
        "{a: x} matches {a: y}",
        "[x] matches [y]",
        "x matches {a: z} and y matches {a: z}",
        "forall(z in [x], z in [y])",
    ],
)
def test_deep_data_in_other_terms_is_decided(body: str) -> None:
    """Deep data is compared in lists, dictionaries and patterns of the policy."""
    oso = load(f"f(x, y) if {body};")

    assert oso.query_rule_once("f", data(1_000), data(1_000))
    assert not oso.query_rule_once("f", data(1_000), data(1_000, "other"))


@pytest.mark.each(2, 1)
@pytest.mark.slow
@places
def test_deep_data_of_attributes_and_methods_is_decided(call: t.Any) -> None:
    """What an object gives may be as deep as an argument."""

    def decide() -> list[bool]:
        oso = load("f(x, y) if x.value = y.echo(y.value); g(x) if x.value.a = 1;")
        one = Holder(data(DEPTH))
        return [
            oso.query_rule_once("f", one, Holder(data(DEPTH))),
            oso.query_rule_once("f", one, Holder(data(DEPTH, "other"))),
            oso.query_rule_once("g", one),
        ]

    assert call(decide) == [True, False, False]


@pytest.mark.each(2)
@places
def test_deep_data_without_a_polar_value_is_compared(call: t.Any) -> None:
    """A number that Polar does not have makes the data an object, compared all the same."""

    def decide() -> list[bool]:
        oso = load("f(x, y) if x.value = y.value;")
        others = data(DEPTH, 10**30), data(DEPTH, 10**31)
        return [
            oso.query_rule_once("f", Holder(data(DEPTH, 10**30)), Holder(each)) for each in others
        ]

    assert call(decide) == [True, False]


def test_deep_constant_is_compared() -> None:
    """A constant may be as deep as an argument."""
    oso = Oso()
    oso.register_constant(data(DEPTH), "DATA")
    oso.load_str("f(x) if x = DATA; g(DATA);")

    assert oso.query_rule_once("f", data(DEPTH))
    assert not oso.query_rule_once("g", data(DEPTH, "other"))


@places
def test_deep_data_is_handed_back(call: t.Any) -> None:
    """A result is as deep as what it was made of."""

    def ask() -> int:
        (result,) = load("f(x, [x]);").query_rule("f", data(DEPTH), Variable("y"))
        return depth_of(result["bindings"]["y"])

    assert call(ask) == DEPTH + 1


@pytest.mark.parametrize("body", ["x < 1", "x.foo()", "x and true", "1 in x.a.foo", "x + 1 = 2"])
def test_deep_data_is_shown_up_to_a_length(body: str) -> None:
    """A message about it stays a message."""
    with pytest.raises(PolarRuntimeError) as caught:
        load(f"f(x) if {body};").query_rule_once("f", data(DEPTH))

    assert len(str(caught.value)) < 50_000


# -- questions -------------------------------------------------------------------------


@places
def test_deep_predicates_patterns_and_expressions_are_converted(call: t.Any) -> None:
    """Predicates, patterns and expressions are converted without recursion."""
    pattern: t.Any = 1
    value: t.Any = 1
    dots: t.Any = Variable("x")
    for _ in range(3_000):
        pattern, value = Pattern(None, {"a": pattern}), {"a": value}
        dots = Expression("Dot", [dots, "a"])

    def ask() -> list[int]:
        oso = load("f(x, x); g(x, y) if [x] matches [y];")
        questions = [
            Predicate("g", [value, pattern]),
            Predicate("g", [{"a": 2}, pattern]),
            Predicate("f", [dots, Variable("y")]),
        ]
        return [len(list(oso.query(each, accept_expression=True))) for each in questions]

    assert call(ask) == [1, 0, 1]


@places
def test_terms_that_rules_build_may_be_deep(call: t.Any) -> None:
    """Recursion in rules is bounded by the goals of a question, terms by nothing else."""
    policy = """
        deep(0, 1);
        deep(n, [rest]) if n > 0 and deep(n - 1, rest);
        same(n) if deep(n, x) and deep(n, y) and x = y;
        constrained(n, z) if z > 1 and deep(n, x) and z = x;
        shown(n) if deep(n, x) and x + 1 = 2;
    """

    def ask() -> tuple[int, bool, list[str]]:
        oso = load(policy, goals=20_000, timeout_ms=60_000)
        (result,) = oso.query("deep(2000, x)")
        messages = []
        for question in ("constrained(2000, z)", "shown(2000)"):
            with pytest.raises(PolarRuntimeError) as caught:
                list(oso.query(question))
            messages.append(str(caught.value).partition(" ")[0])
        return depth_of(result["bindings"]["x"]), oso.query_rule_once("same", 2000), messages

    assert call(ask) == (2000, True, ["Not", "Not"])


def test_trace_of_a_long_chain_has_a_bounded_line_for_each_step() -> None:
    """Each goal of a chain contains the others, and is not shown whole each time."""
    condition = " + ".join(["1"] * 3_000)
    oso = load(f"f(x) if x = {condition} and x.foo;")

    with pytest.raises(PolarRuntimeError) as caught:
        oso.query_rule_once("f", 3_000)

    assert max(map(len, str(caught.value).splitlines())) < 1_100


def test_terms_doubled_by_rules_are_decided() -> None:
    """What is shared is not taken apart as often as it can be reached."""
    oso = load("double(0, [1]); double(n, [x, x]) if n > 0 and double(n - 1, x);")

    (result,) = oso.query("double(60, x)")

    value = result["bindings"]["x"]
    assert value[0] is value[1]


# -- what a policy knows ---------------------------------------------------------------


def test_known_actions_of_nested_conditions() -> None:
    """The search for the strings of an action does not recurse."""
    nested = "x = 1 or (" * 900 + 'action = "read"' + ")" * 900
    oso = load(f"allow(_, action, x) if action = action and ({nested});")

    assert oso.known_actions() is None


def test_known_actions_through_a_chain_of_rules() -> None:
    """The search for the strings of an action does not recurse along calls of rules."""
    calls = [f"r{n}(a) if r{n + 1}(a) or r{n + 1}(a);" for n in range(1_500)]
    oso = load(f'allow(_, a, _) if r0(a); {"".join(calls)} r1500("read");')

    assert oso.known_actions() is None
