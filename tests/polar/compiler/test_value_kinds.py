"""Every kind of condition on every kind of value: compiled rules answer as the solver does."""

from __future__ import annotations

import functools
import gc
import itertools
import random
import re
import sys
import typing as t
import weakref
from collections.abc import Callable, Iterator

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.engine import Engine
from tests.support.answers import is_told_apart, specialized
from tests.support.sizes import part_of
from tests.support.value_kinds import CALLS, CLASSES, CONSTANTS, Doc, User, make_values

#: How many pairs of values a condition on two values is asked about.
PAIRS = part_of(600)
#: Values that can be read once, or asked for their hash: they are made anew for each question.
_ONCE = ("generator", "iterator", "zone")
_NUMBERED = re.compile(r"\b(_\w*?)_\d+\b|0x[0-9a-f]+")
_HELPERS = (
    'h(a, b) if a = b; h(_: Integer, "a"); w(1); w(nil); w(K); z(x: {kind: "a"}) if x = x;'
    ' z(_: Rank{n: 1}); z("a");'
)
ON_ONE = (
    *("u.x = nil", "u.x == nil", "u.x != nil", "not u.x = nil", "nil = u.x", "nil != u.x"),
    *("u.x = 1", "u.x = 1.0", "u.x = true", "u.x = false", 'u.x = "a"', 'u.x == "a"'),
    *('u.x != "a"', "u.x == 1", "u.x != 1", "u.x == true", "u.x != false", "u.x < 2"),
    *("u.x <= 1.0", "u.x > 0.5", 'u.x < "b"', "2 > u.x", "u.x", "not u.x", "u.x = K"),
    *("u.x == KD", "u.x != KD", "u.x < KD", "u.x > KT", "u.x = KE", "u.x == KE", "u.x != KE"),
    *("u.x in KS", "u.x in KL", "u.x in KP", "u.x in [1, 2]", 'u.x in ["a", 1, true]'),
    *("u.x in [true, false]", 'not u.x in ["a", true]'),
    *(
        'u.x in ["a", "b"]',
        'u.x in ["a", "b", "c", "d"]',
        "u.x in [1.0, nil]",
        'u.x.kind = "a"',
        "u.x.kind = 1",
    ),
    *('u.x.kind.kind = "a"', "u.x.kind != nil", "u.x.x = 1", 'u.x.value = "a"'),
    *('u.x.name = "A"', "u.x.year > 2019", "u.x.real = 1", 'u.x matches {kind: "a"}'),
    *('not u.x matches {kind: "a"}', "u.x matches String", "u.x matches Integer"),
    *("u.x matches Boolean", "u.x matches Dictionary", "u.x matches List", "u.x matches Datetime"),
    *("u.x matches Rank{n: 1}", "u.x matches Status", 'u.x matches Dictionary{kind: "a"}'),
    *("(y in u.x and y = 1)", '"a" in u.x', "1 in u.x", "not 1 in u.x", "nil in u.x"),
    *('(y in u.x and y.kind = "a")', "[k, v] in u.x and k = k and v = 1"),
    *("forall(y in u.x, y != nil)", '"a" in u.x.keys()', "1 in u.x.values()"),
    *(
        'u.x.get("kind") = "a"',
        "u.x.get(1) = nil",
        "u.x.items() = 1",
        '["kind", v] in u.x.items() and v = "a"',
    ),
    *("u.x = []", "not u.x = []", "u.x.__len__() > 1", '["kind", v] in u.x and v = "a"'),
    *('u.x.startswith("a")', 'u.x.lower() = "a"', 'u.x.split(",") = ["a"]', 'u.x.count("a") = 1'),
    *("u.x + 1 = 2", "u.x * 2 = 2", "1 + u.x > 1", "u.x mod 2 = 1", "u.x rem 2 = 1", "u.x / 2 < 1"),
    *("u.x * 9223372036854775807 > 1", "u.x + 9223372036854775807 > 1", "u.x * 0.5 < 1"),
    *("u.x = Status.A", "u.x == Status.A", "u.x = User.KIND", "u.x = Datetime"),
    *("u.x = KDICT.kind", "u.x < KDICT.n", "u.x = KDICT", "u.x = [1, 2]", 'u.x = {kind: "a"}'),
    *(
        "u.x / 2 > 1",
        "u.x matches Float",
        "not nil = u.x",
        "u.x.count(1) = 1",
        "u.x.count(nil) = 1",
    ),
    *("[_, 1] in u.x", '[1, "a"] in u.x', '["kind", "a"] in u.x', "forall([_, v] in u.x, v = 1)"),
    *("not forall(y in u.x, y != 1)", '(y := u.x and y = "a")', "u.x matches Boolean and u.x"),
    *('(y in u.x and y.kind = "a" and y.x = 1)', "([_, *rest] = u.x and 1 in rest)"),
    *('((u.x = 1 or u.x = "a") and (u.x = 2 or u.x != nil))',),
    *("u.x.bit_length() = 1", "h(u.x, 1)", 'h(u.x, "a")', "w(u.x)", "z(u.x)"),
)
ON_TWO = (
    *("u.x = d.x", "u.x == d.x", "u.x != d.x", "u.x < d.x", "u.x <= d.x", "not u.x = d.x"),
    *("u.x in d.x", "not u.x in d.x", "(y in d.x and y = u.x)", "forall(y in d.x, y = u.x)"),
    *("(u.x = d.x or u.x < d.x)", "u.x + d.x = 2", "u.x * d.x > 1", "d.x = u.x and u.x = d.x"),
    *("d.x in [u.x]", "u.x = d.x and u.x != nil", "u.x.kind = d.x"),
    *("(k = u.x and d.x matches {kind: k})", "u.x.kind != d.x", "d.x.startswith(u.x)"),
    *("d.x.get(u.x) = 1", '(k = d.x and u.x.(k) = "a")', "u.x - 1 <= d.x", "u.x mod d.x = 1"),
    *("(z = u.x and h(z, d.x))", "(y in u.x and h(y, d.x))", 'u.x in [1, d.x, "a"]'),
    *("(d.x = nil or u.x < d.x)", "[u.x, 1] in d.x", "[1, u.x] in d.x", "u.x / d.x > 1"),
    *("forall(y in d.x, y != u.x)", "not forall(y in d.x, y != u.x)", "d.x.count(u.x) = 1"),
    *("(y := u.x and y = d.x)", "forall([_, v] in d.x, v = u.x)", "u.x in d.x.values()"),
    *('((u.x = 1 or u.x = "a") and (d.x = 1 or d.x = "a"))', "u.x in d.x.keys()"),
)
#: Values that run no code, and a condition about each that one function answers.
SILENT = (
    *(("u.x != nil", "user"), ("u.x != nil", "a"), ("u.x = nil", "list"), ("u.x != nil", "data")),
    *(("u.x < KD", "one"), ("u.x > KT", "later"), ("u.x != KE", "status"), ("u.x = KE", "status")),
    *(('u.x.kind = "a"', "entries"), ('u.x.kind.kind = "a"', "nested entries")),
    *(("u.x in KS", "a"), ("1 in u.x", "tuple"), ("1 in u.x", "frozen"), ('"a" in u.x', "deque")),
    *(("u.x = Status.A", "status"), ('u.x.value = "a"', "status"), ("u.x < 2", "level")),
    *(('u.x.startswith("a")', "a"), ("u.x + 1 = 2", "1"), ("u.x * 0.5 < 1", "1.0")),
    *(('"a" in u.x.keys()', "integer key"), ("1 in u.x.values()", "entry 1")),
    *(("u.x in [1, 2]", "1"), ("u.x = true", "True"), ("u.x = [1, 2]", "list")),
    *(("u.x / 2 < 1", "1.0"), ("u.x matches Integer", "1"), ("u.x.count(1) = 1", "list")),
    *(('forall([_, v] in u.x, v = "a")', "entries"), ('(y := u.x and y = "a")', "a")),
    *(('u.x in ["a", 1, true]', "None"), ("u.x.year > 2019", "date"), ("u.x.x = 1", "pair")),
    *(("u.x = KDICT.kind", "a"), ("1 in u.x", "keys"), ("u.x == KD", "one")),
    *(("u.x = KD", "amount"), ("u.x = KE", "range"), ("u.x = KD", "own span")),
    *(("u.x.get(1) = nil", "entries"), ("u.x.get(u.x.kind) = nil", "entries")),
    *(('u.x = "a"', "kind"), ('u.x in ["a", "b", "c", "d"]', "kind"), ('u.x = "a"', "level")),
)


def _engine(condition: str) -> Engine:
    oso = Oso(compiled=True)
    for cls in CLASSES:
        oso.register_class(cls)
    for name, value in CONSTANTS.items():
        oso.register_constant(value, name)
    user, doc = "u" if "u.x" in condition else "_u", "d" if "d.x" in condition else "_d"
    oso.load_str(f'allow({user}: User, "read", {doc}: Doc) if {condition};{_HELPERS}')
    return oso.engine


def _outcome(ask: Callable[[], bool]) -> tuple[t.Any, ...]:
    """Give the answer or the error, and what was asked of the values."""
    CALLS.clear()
    try:
        answer: t.Any = ask()
    except (OsoError, ArithmeticError, TypeError, ValueError, AttributeError) as error:
        answer = type(error).__name__, _NUMBERED.sub(r"\1_N", str(error))
    return answer, tuple(CALLS)


def _is_alike(condition: str, solved: tuple[t.Any, ...], given: tuple[t.Any, ...]) -> bool:
    """Tell whether an outcome is that of the solver.

    Behind an ``or``, what failed once may be asked less often; in what order things are asked first
    stays. Without one, all calls are the same.
    """
    if " or " not in condition:
        return solved == given
    (expected, calls), (answer, others) = solved, given
    is_in_order = [*dict.fromkeys(calls)] == [*dict.fromkeys(others)]
    return answer == expected and is_in_order and len(others) <= len(calls)


def _differences(condition: str, pairs: t.Iterable[tuple[str, str]]) -> Iterator[str]:
    engine, values = _engine(condition), make_values()

    def by_solver(*args: t.Any) -> bool:
        return engine.solve_call("allow", args)

    for one, other in pairs:
        outcomes = []
        # The second time, what is known of the classes may be more.
        for ask in (by_solver, engine.allow, engine.allow):
            known = make_values() if {one, other} & {*_ONCE} else values
            args = User(known[one]), "read", Doc(known[other])
            outcomes.append(_outcome(functools.partial(ask, *args)))
        if not all(_is_alike(condition, outcomes[0], each) for each in outcomes[1:]):
            yield f"{condition}, x = {one}, x = {other}: {outcomes}"


@pytest.mark.each(4)
@pytest.mark.parametrize("condition", ON_ONE)
def test_condition_on_one_value_is_answered_alike(condition: str) -> None:
    """Answers, errors with their text, and what is asked of the values, in order."""
    pairs = [(name, "1") for name in make_values()]

    assert [*_differences(condition, pairs)][:3] == []


@pytest.mark.each(4)
@pytest.mark.random
@pytest.mark.parametrize("condition", ON_TWO)
def test_condition_on_two_values_is_answered_alike(condition: str) -> None:
    """The same for pairs of values, chosen at random from all of them."""
    names = [*make_values()]
    pairs = [*itertools.product(names, names)]
    chosen = random.Random(f"20_270_405 {condition}").sample(pairs, PAIRS)

    assert [*_differences(condition, chosen)][:3] == []


def _is_silent_here(condition: str) -> bool:
    """Tell whether this Python reads and compares what a condition names without its own code.

    Before 3.12 the class of enumerations runs Python code, and since 3.13 decimals are of a class
    that may be changed.
    """
    names: tuple[str, ...] = ("Status.A", ".value") if sys.version_info < (3, 12) else ()
    names += ("KD",) if sys.version_info >= (3, 13) else ()
    return not any(re.search(rf"{re.escape(name)}\b", condition) for name in names)


@pytest.mark.parametrize(
    ("condition", "name"), [each for each in SILENT if _is_silent_here(each[0])]
)
def test_condition_on_plain_values_is_answered_by_one_function(condition: str, name: str) -> None:
    """No kind of value that runs no code leaves the function for plain data."""
    engine, value = _engine(condition), make_values()[name]
    args = User(value), "read", Doc(1)
    expected = engine.solve_call("allow", args)
    # What is known of a class is learnt when it is first met.
    assert engine.allow(*args) is expected

    assert specialized(engine, *args) is expected


@pytest.mark.parametrize(
    ("condition", "name"),
    [
        *[("u.x != nil", each) for each in ("own", "unequal", "raises", "own text", "own pair")],
        *[("u.x = d.x", each) for each in ("own", "own integer", "own enum", "own steps")],
        ("u.x = d.x", "tuple of own"),
        *[("u.x < d.x", each) for each in ("own", "own integer", "type error")],
        *[('u.x.kind = "a"', each) for each in ("answers all",)],
        *[("u.x = d.x", each) for each in ("loud nan", "zone", "set of own", "list of own")],
    ],
)
def test_what_runs_code_is_left_to_the_rules(condition: str, name: str) -> None:
    """A function for plain data asks no object, and answers for none that wants to be asked."""
    engine, values, others = _engine(condition), make_values(), make_values()
    CALLS.clear()

    answer = specialized(engine, User(values[name]), "read", Doc(others[name]))

    assert answer is None
    assert CALLS == []


def test_temporary_class_is_answered_and_not_kept() -> None:
    """A class that a function made is told again, and is not held by what is known of it."""
    engine = _engine('u.x.kind = "a"')
    first = make_values()["temporary"]
    second = make_values()["temporary"]

    assert type(first) is not type(second)
    assert specialized(engine, User(first), "read", Doc(1)) is True
    assert specialized(engine, User(second), "read", Doc(1)) is True


def test_actor_of_a_temporary_class_is_told_apart_and_goes() -> None:
    """Its function is found at once, beside that of the class it derives from, and leaves."""
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Doc)
    oso.load_str('allow(u: User, "read", d: Doc) if u.x = d.x;')
    cls = type("Admin", (User,), {})
    gone = weakref.ref(cls)
    for actor in (User(1), cls(1), cls(2), User(1)):
        assert oso.is_allowed(actor, "read", Doc(1)) is (actor.x == 1)

    assert is_told_apart(oso.engine, cls(1), "read", Doc(1))
    assert is_told_apart(oso.engine, User(1), "read", Doc(1))
    del actor, cls
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    "actor",
    [
        {"dept": "a"},
        {"dept": "b"},
        {},
        {"dept": 2**70},
        {(1,): 1, "dept": "a"},
        {1: 2, "dept": "a"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["u: Dictionary", "u", 'u: Dictionary{dept: "a"}'])
def test_dictionary_as_actor(actor: t.Any, kind: str) -> None:
    """The answer or the error for a dictionary that asks is the solver's."""
    oso = Oso(compiled=True)
    oso.register_class(Doc)
    head = f'allow({kind}, "read", d: Doc) if u.dept = d.x;'
    oso.load_str(f'{head} allow({kind}, "own", _) if u = u;')
    questions = [(actor, action, Doc("a")) for action in ("read", "own")]

    given = [_outcome(lambda: oso.engine.allow(*args)) for args in questions]  # noqa: B023
    expected = [
        _outcome(lambda: oso.engine.solve_call("allow", args))  # noqa: B023
        for args in questions
    ]

    assert given == expected


def test_actor_that_is_changed_by_a_method() -> None:
    """A policy sees a dictionary as it was when the question was asked."""
    actor = {"dept": "a"}

    class Changing:
        def change(self) -> bool:
            actor["dept"] = "b"
            return True

    oso = Oso(compiled=True)
    oso.register_class(Changing)
    oso.load_str('allow(u: Dictionary, "read", d: Changing) if d.change() and u.dept = "a";')

    assert oso.is_allowed(actor, "read", Changing())
