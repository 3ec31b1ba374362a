"""Values that a rule which calls itself gives to variables: callers go on with them as the solver.

In the solver a term equals itself, and nobody is asked.
"""

from __future__ import annotations

import decimal
import typing as t

import attrs
import pytest

from flask_oso import Oso
from flask_oso.polar import Engine

NAN = float("nan")


class User:
    """Who asks, and is asked whether this is the second time."""

    def __init__(self, values: t.Any = None) -> None:
        self.values, self.calls = values, 0

    def is_again(self) -> bool:
        self.calls += 1
        return self.calls > 1


class Doc:
    """What is read, within others."""

    def __init__(self, values: t.Any = None, parent: Doc | None = None) -> None:
        self.values, self.parent = values, parent

    def change(self) -> bool:
        """Change what the document has."""
        self.values["x"] = 2
        return True


class Unequal(Doc):
    """An object that says that it equals nothing."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


CONSTANTS: t.Mapping[str, t.Any] = {
    "ODD": Unequal(),
    "NAN": NAN,
    "DATA": {"x": NAN},
    "LIST": [Unequal(), NAN],
}
LISTED = """
    listed(d: Doc, v) if v = d.values;
    listed(d: Doc, v) if d.parent != nil and listed(d.parent, v);
"""


def made(policy: str, *, compiled: bool, constants: t.Mapping[str, t.Any] = CONSTANTS) -> Oso:
    oso = Oso(compiled=compiled)
    for cls in (User, Doc, Unequal):
        oso.register_class(cls)
    for name, value in constants.items():
        oso.register_constant(value, name)
    oso.load_str(policy)
    return oso


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("among", [False, True])
def test_dictionary_is_read_as_it_is(*, among: bool, compiled: bool) -> None:
    """What a method changes in it meanwhile is seen, also if a list has the dictionary."""
    one_of = "[c, *_] = v" if among else "c = v"
    policy = f'allow(_, "read", d) if listed(d, v) and {one_of} and d.change() and c.x = 1;{LISTED}'
    values = {"x": 1}
    doc = Doc([values] if among else values)
    doc.change = lambda: values.update(x=2) is None  # type: ignore[method-assign]

    assert not made(policy, compiled=compiled).is_allowed(User(), "read", doc)


FOUND = {
    "no number": NAN,
    "no number in a list": [NAN],
    "an object in a list": [Unequal()],
    "a number as a key": {1: 2},
    "a set in a dictionary": {"x": {3}},
    "a tuple in a list": [(Unequal(),)],
    "a long list": [*range(10_001)],
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", FOUND)
def test_no_method_is_called_again(name: str, *, compiled: bool) -> None:
    """A value that may be unequal to itself leaves no question to another evaluator."""
    policy = f"""
        allow(u: User, "read", _: Doc) if u.is_again();
        allow(u: User, "read", d: Doc) if listed(d, v) and v = u.values;{LISTED}
    """
    user, oso = User(values=Unequal()), made(policy, compiled=compiled, constants={})

    is_allowed = oso.is_allowed(user, "read", Doc(FOUND[name], Doc(FOUND[name])))

    assert (is_allowed, user.calls) == (False, 1)


SAME_TERM = {
    "a constant": ("k(d, v) and not v = ODD", "k(_, v) if v = ODD"),
    "a constant that is no number": (
        "k(d, v) and k(d, w) and not v = w",
        "k(_, v) if v = NAN",
    ),
    "a constant dictionary": ("k(d, v) and k(d, w) and not v = w", "k(_, v) if v = DATA"),
    "a part of one": ("k(d, v) and k(d, w) and not v = w", "k(_, v) if v = DATA.x"),
    "two variables": ("k(d, v, w) and not v = w", "k(d, v, w) if v = d.values and w = v"),
    "the argument": ("k(d, v) and not v = d", "k(d, v) if v = d"),
    "the argument, which is read before": (
        "k(d, v) and v.parent = nil and not v = d",
        "k(d, v) if v = d",
    ),
    "the argument, where another search is read": (
        "k(d, w) and w.parent = nil and k(d, v) and not v = d",
        "k(d, v) if v = d",
    ),
    "the argument, by another rule": (
        "given(d, v) and not v = d",
        "given(d, v) if k(d, v) and v.parent = nil; k(d, v) if v = d",
    ),
    "the argument, by another name": (
        "w = v and k(d, v) and v.parent = nil and not w = d",
        "k(d, v) if v = d",
    ),
    "the argument, in a list": (
        "l = [v] and k(d, v) and v.parent = nil and not l = [d]",
        "k(d, v) if v = d",
    ),
    "the argument, in a condition that waits": (
        "x = v and k(d, v) and v.parent = nil and not x = d",
        "k(d, v) if v = d",
    ),
    "the argument, for a rule": (
        "k(d, v) and v.parent = nil and differ(v, d)",
        "k(d, v) if v = d; differ(a, b) if not a = b",
    ),
    "an element of it": (
        "l = [d.values] and [x] = l and k(l, v) and not v = x",
        "k([v], v); k(nil, _) if false",
    ),
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(("condition", "rule"), SAME_TERM.values(), ids=SAME_TERM)
@pytest.mark.parametrize("value", [NAN, Unequal()], ids=["no number", "unequal"])
def test_same_term_equals_itself(
    condition: str, rule: str, value: t.Any, *, compiled: bool
) -> None:
    """The caller has two names for it, and nobody is asked."""
    count = "v, w" if "w)" in rule else "v"
    policy = f"""
        allow(_, "read", d) if {condition}; {rule};
        k(d: Doc, {count}) if d.parent != nil and k(d.parent, {count});
    """

    assert not made(policy, compiled=compiled).is_allowed(User(), "read", Unequal(value))


@pytest.mark.parametrize("compiled", [True, False])
def test_value_given_twice_calls_no_method_again(*, compiled: bool) -> None:
    """The solver answers such a call where the value may be unequal to itself, and no other."""
    policy = """
        allow(u: User, "read", d) if u.is_again() or (k(d, d, v) and v = 3);
        k(a, a, v) if v = a.values;
        k(a, b, v) if a.parent != nil and k(a.parent, b, v);
    """
    user, oso = User(), made(policy, compiled=compiled, constants={})

    is_allowed = oso.is_allowed(user, "read", Unequal(2))

    assert (is_allowed, user.calls) == (False, 1)


@pytest.mark.parametrize(
    "condition",
    ["k(d, v) and v.name = u.name", "k(d, v) and v.values = nil and n in v.names and n = u.name"],
)
def test_value_that_is_only_read_may_be_known_by_another_name(
    condition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is compared with nothing, whatever its equality says: the solver is not asked."""
    policy = f"""
        allow(u: User, "read", d) if {condition};
        k(d, d);
        k(d, v) if d.parent != nil and k(d.parent, v);
    """
    user, doc = User(), Unequal(None, Unequal(None))
    for each in (user, doc, doc.parent):
        vars(each).update(name="a", names=["a"])
    oso = made(policy, compiled=True)
    oso.is_allowed(user, "read", doc)
    monkeypatch.setattr(Engine, "solve_call", None)

    assert oso.is_allowed(user, "read", doc)


@attrs.define
class Price:
    """Compares an amount, also with itself."""

    amount: decimal.Decimal


@pytest.mark.parametrize("compiled", [True, False])
def test_constant_that_cannot_be_compared_with_itself_raises_nothing(*, compiled: bool) -> None:
    """No rule compares it, but all constants are looked at."""
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_constant(Price(decimal.Decimal("snan")), "LOUD")
    oso.load_str("""
        allow(u: User, "read", _) if count(u.values, 1) or 1.0.get(0) = u;
        count([], 0);
        count([_, *rest], n) if count(rest, m) and n = m + 1;
    """)

    assert oso.is_allowed(User(["a"]), "read", 1)
