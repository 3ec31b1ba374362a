"""From nodes to text: forms of their own, and that parsing takes printing back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_oso.polar.nodes import (
    ARITHMETIC,
    COMPARISONS,
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Parameter,
    Pattern,
    Rule,
    RuleType,
    Scalar,
    Term,
    Unknown,
    Value,
    Variable,
)
from flask_oso.polar.printer import (
    nameless,
    parameter_to_polar,
    reveal,
    rule_to_polar,
    rule_type_to_polar,
    to_polar,
)
from tests.support.policies import parse, term_of

A, B = Variable("a"), Variable("b")


class Rex:
    """An object with a name of its own."""

    def __repr__(self) -> str:
        return "<Rex>"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (-5, "-5"),
        (1.0, "1"),
        (2.5, "2.5"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (-0.0, "-0"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "NaN"),
        ('a"\\b\n', '"a"\\b\n"'),
    ],
)
def test_scalar_text(value: Scalar, text: str) -> None:
    """Floats have no exponent and no trailing zero, strings no escapes."""
    assert to_polar(Value(value)) == text


@pytest.mark.parametrize(
    "text",
    [
        "[1, *a]",
        "[*a]",
        "{a: 1, b: {c: 2}}",
        "a matches Tag{k: v, l: {m: Other{}}}",
        "f(1) and (a = 1 or not (b < 2 and a)) and cut",
        "(a and b) and a",
        "a - (b - 1) = (a + 2) * 3",
        "(1 + 2) in [3]",
        "not a = 1",
        "a.b.(a).f(1, k: 2).if = new C(1, k: [2])",
        'a.("b c") = a.("mod")',
        "(1).b = (1 + 2).b",
        "(new C()).a = 1",
        "forall(a in [1], print(a, b))",
        "debug()",
        "a := 1",
        "1 rem 2 != 3 mod 4",
        "new (C(), a)",
    ],
)
def test_text_is_printed_as_written(text: str) -> None:
    """Parentheses stand only where they are needed."""
    assert to_polar(term_of(text)) == text.replace("(new C())", "new C()")


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (Expression(Operator.MOD, (Value(1), Value(0), Variable("_temp_3"))), "1 mod 0 = _temp_3"),
        (Expression(Operator.DOT, (A, Value("k"), B)), "a.k = b"),
        (Expression(Operator.DOT, (A, Call("m", (B,)), B)), "a.m(b) = b"),
        (Expression(Operator.AND, ()), ""),
        (Pattern(None), "{}"),
        (Pattern("Tag"), "Tag{}"),
    ],
)
def test_form_of_its_own(term: Term, text: str) -> None:
    """What has no text in a policy is printed all the same."""
    assert to_polar(term) == text


def test_instance_names_its_class() -> None:
    """An object is shown by its class, or by the text of the call that made it."""
    names = {Rex: "Dog"}

    def class_name(value: object) -> str | None:
        return names.get(type(value))  # type: ignore[arg-type]

    assert to_polar(Instance(Rex())) == "<Rex object> TYPE `UNKNOWN`"
    assert to_polar(List((Instance(Rex()),)), class_name) == "[<Rex object> TYPE `Dog`]"
    assert to_polar(Instance(Rex(), 'Dog("z")'), class_name) == 'Dog("z") TYPE `Dog`'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (Rex, f"<class '{__name__}.Rex'>"),
        (Operator.AND, "Operator.AND"),
        (2**70, "<int object>"),
        (("secret",), "<tuple object>"),
    ],
)
def test_object_without_contents(value: object, text: str) -> None:
    """What an object says of itself is not shown, unless it has nothing to hide."""
    assert nameless(value) == text


def test_object_revealed() -> None:
    """A caller who asks for the repr of an object sees it."""
    assert to_polar(Instance(Rex()), show=repr) == "<Rex> TYPE `UNKNOWN`"


def test_unknown_shows_its_value() -> None:
    """A variable of a run is shown as what it is bound to, else by its name."""
    alias, unknown = Unknown("_a_1"), Unknown("_b_2")
    alias.value = unknown

    assert to_polar(alias) == "_b_2"

    unknown.value = Value(1)

    assert to_polar(alias) == "1"


def test_other_objects_are_rejected() -> None:
    """Only terms can be printed."""
    with pytest.raises(TypeError, match="A Term cannot be printed"):
        to_polar(Term())


def test_rule_text() -> None:
    """Rules, rule types and parameters are printed with their specializers."""
    parameters = (Parameter(A, Pattern("Integer")), Parameter(Value("x")))

    assert parameter_to_polar(parameters[0]) == "a: Integer{}"
    assert rule_to_polar(Rule("f", parameters, B)) == 'f(a: Integer{}, "x") if b;'
    assert rule_to_polar(Rule("f", (Parameter(Value(1)),))) == "f(1);"
    assert rule_type_to_polar(RuleType("f", parameters)) == 'f(a: Integer{}, "x");'


# -- printing and parsing ----------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "_", "ok?", "n::m", "naïve"])
KEYS = st.sampled_from(["a", "b", "if", "new", "type"])
VARIABLES = NAMES.map(Variable)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False).filter(
    lambda number: not number.is_integer()
)
LITERALS = (NUMBERS | st.booleans() | st.text(st.sampled_from("ab 💯#'"))).map(Value)


def _tuples(items: st.SearchStrategy[Term]) -> st.SearchStrategy[tuple[Term, ...]]:
    return st.lists(items, max_size=3).map(tuple)


def _fields(
    items: st.SearchStrategy[Term],
) -> st.SearchStrategy[tuple[tuple[str, Term], ...]]:
    return st.dictionaries(KEYS, items, max_size=3).map(
        lambda fields: tuple(sorted(fields.items()))
    )


def _infix(
    operators: list[Operator], left: st.SearchStrategy[Term], right: st.SearchStrategy[Term]
) -> st.SearchStrategy[Term]:
    return st.builds(Expression, st.sampled_from(operators), st.tuples(left, right))


def _more_values(values: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    calls = st.builds(Call, KEYS | NAMES, _tuples(values), _fields(values))
    constructors = st.builds(Call, NAMES, _tuples(values), _fields(values))
    keys = (KEYS | st.text("a b.")).map(Value) | VARIABLES | calls
    return st.one_of(
        st.builds(List, _tuples(values), st.none() | VARIABLES),
        st.builds(Dictionary, _fields(values)),
        _infix(sorted(ARITHMETIC, key=str), values, values),
        _infix([Operator.DOT], values, keys),
        st.builds(Expression, st.just(Operator.NEW), st.tuples(constructors)),
    )


VALUES = st.recursive(LITERALS | VARIABLES, _more_values, max_leaves=8)
PATTERNS = st.recursive(
    LITERALS,
    lambda inner: st.builds(Pattern, NAMES | st.none(), _fields(inner | VARIABLES)),
    max_leaves=5,
)
CONDITIONS = st.one_of(
    VARIABLES,
    st.booleans().map(Value),
    st.just(Expression(Operator.CUT, ())),
    st.builds(Call, NAMES, _tuples(VALUES)),
    _infix([Operator.UNIFY, Operator.IN, *sorted(COMPARISONS, key=str)], VALUES, VALUES),
    _infix([Operator.ASSIGN], VARIABLES, VALUES),
    _infix([Operator.ISA], VALUES, PATTERNS),
    st.builds(Expression, st.sampled_from([Operator.PRINT, Operator.DEBUG]), _tuples(VALUES)),
)


def _connected(operator: Operator, args: list[Term]) -> Term:
    last = args[-1]
    if isinstance(last, Expression) and last.operator is operator:
        # and, or: those on the right are one with it.
        args = [*args[:-1], *last.args]
    return Expression(operator, tuple(args))


def _more_conditions(conditions: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    connectives = st.sampled_from([Operator.AND, Operator.OR])
    return st.one_of(
        st.builds(_connected, connectives, st.lists(conditions, min_size=2, max_size=4)),
        st.builds(Expression, st.just(Operator.NOT), st.tuples(conditions)),
        st.builds(Expression, st.just(Operator.FORALL), st.tuples(conditions, conditions)),
    )


TERMS = VALUES | st.recursive(CONDITIONS, _more_conditions, max_leaves=8)
PARAMETERS = st.builds(Parameter, VALUES) | st.builds(Parameter, VARIABLES, PATTERNS)
RULES = st.builds(Rule, NAMES, st.lists(PARAMETERS, max_size=3).map(tuple), st.none() | TERMS)


# The first example pays for reading the grammar, which is no reason to fail.
@settings(deadline=None)
@given(TERMS)
def test_term_survives_printing(term: Term) -> None:
    """What is printed parses to the same term."""
    assert term_of(to_polar(term)) == term


@settings(deadline=None)
@given(RULES)
def test_rule_survives_printing(rule: Rule) -> None:
    """What is printed parses to the same rule."""
    parsed = parse(rule_to_polar(rule))

    assert (parsed.statements, parsed.problems) == ((rule,), ())


@pytest.mark.parametrize("value", [[1, ["a", {}]], {"a": (1,), 2: ()}, (1, [2]), {3}, None])
def test_reveal_shows_data_as_python_does(value: object) -> None:
    """What is asked for is the ``repr`` of an object."""
    assert reveal(value) == repr(value)


def test_reveal_ends_where_data_is_deep() -> None:
    """Python's own ``repr`` would fail, or end the process."""
    value: object = 1
    for _ in range(100_000):
        value = [value]

    assert reveal(value).endswith("[…")
