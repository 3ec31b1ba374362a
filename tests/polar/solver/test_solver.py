"""The solver's limits: how lazy, how deep, how long; what it lets through and what it keeps."""

from __future__ import annotations

import functools
import gc
import itertools
import time
import typing as t
import weakref
from collections.abc import Callable, Iterator

import pytest

from flask_oso.polar import Engine
from flask_oso.polar.exceptions import (
    OsoError,
    PolarRuntimeError,
    PolarTypeError,
    StackOverflowError,
)
from tests.support.policies import make_engine as make_engine_of
from tests.support.policies import make_host
from tests.support.stacks import far_down, in_small_thread

OVERFLOW = r"(?m)^Goal stack overflow! MAX_GOALS = 10000$"
TIMEOUT = (
    r"^Query timeout: Query running for \d+ms, which exceeds the timeout of {}ms\. To disable"
    r" timeouts, set the POLAR_TIMEOUT_MS environment variable to 0\.$"
)
CHAIN = "chain(0); chain(n) if n > 0 and chain(n - 1);"


class Thing:
    """Something that can be watched."""

    name = "thing"

    @property
    def broken(self) -> t.Any:
        raise ConnectionError("no database")

    @property
    def incomplete(self) -> t.Any:
        return self.missing  # type: ignore[attr-defined]  # that is the point

    def fail(self, error: BaseException) -> t.NoReturn:
        raise error

    def __iter__(self) -> Iterator[int]:
        yield 1
        raise ConnectionError("no more")


class Stubborn:
    """Cannot be compared or made."""

    def __init__(self, error: BaseException | None = None) -> None:
        if error is not None:
            raise error

    def __eq__(self, other: object) -> bool:
        raise ConnectionError("no ==")

    def __lt__(self, other: object) -> bool:
        raise ConnectionError("no <")

    __hash__ = object.__hash__


def make_engine(policy: str = "", **constants: t.Any) -> Engine:
    """Make an engine that knows two classes and some constants."""
    return make_engine_of(policy, make_host(Thing, Stubborn, **constants))


def count(engine: Engine, query: str) -> int:
    """Count the solutions of a query."""
    return sum(1 for _ in engine.query(query))


# -- laziness ----------------------------------------------------------------------------------


def test_solver_asks_an_iterator_for_one_element_at_a_time() -> None:
    """An endless iteration is fine for those who take a few solutions."""
    engine = make_engine(numbers=itertools.count)

    found = engine.query("x in numbers.__call__() and x > 4")

    assert [next(found)["x"] for _ in range(3)] == [5, 6, 7]


def test_solver_tries_alternatives_late() -> None:
    """The second rule is not run before its solution is asked for."""
    ran: list[int] = []
    engine = make_engine(
        "f(1) if note.__call__(1); f(2) if note.__call__(2);",
        note=lambda number: not ran.append(number),
    )

    first = next(engine.query("f(x)"))

    assert (first, ran) == ({"x": 1}, [1])


def test_solver_ends_a_negation_at_its_last_solution() -> None:
    """A negation runs its inside to the end, as specified: variables may be constrained by all."""
    ran: list[int] = []
    engine = make_engine(note=lambda number: not ran.append(number))

    count(engine, "not (x in [1, 2, 3] and note.__call__(x))")

    assert ran == [1, 2, 3]


def test_solver_ends_when_there_is_nothing_left() -> None:
    """After the last solution a generator is at its end, and stays there."""
    found = make_engine("f(1);").query("f(x)")

    assert [next(found, None) for _ in range(3)] == [{"x": 1}, None, None]


# -- depth -------------------------------------------------------------------------------------


def test_depth_of_a_chain() -> None:
    """Rules may call each other 3,000 deep."""
    assert make_engine(CHAIN).ask("chain", 3000)


def test_depth_of_a_chain_of_lists() -> None:
    """A list of 3,000 elements can be taken apart by a rule, element by element."""
    engine = make_engine("len([], 0); len([_, *rest], n + 1) if len(rest, n);")

    assert engine.ask("len", list(range(3000)), 3000)


def test_depth_of_python_does_not_count() -> None:
    """A chain works from 600 Python frames deep: the engine's depth is not Python's."""
    engine = make_engine(CHAIN)

    assert far_down(lambda: engine.ask("chain", 3000), 600)


def test_depth_in_a_thread_with_a_small_stack() -> None:
    """A chain works in a thread with a stack of 256 KiB, such as a worker may have."""
    engine = make_engine(CHAIN)

    assert in_small_thread(lambda: engine.ask("chain", 3000)) is True


def test_depth_of_values() -> None:
    """Values may be nested a few hundred deep."""
    value: t.Any = functools.reduce(lambda inner, _: [inner], range(200), t.cast(t.Any, 1))

    assert make_engine("f(x, x);").ask("f", value, [*value])


ENDLESS = {
    "call": "f(x) if f(x);",
    "two rules": "f(x) if g(x); g(x) if f(x);",
    "growing": "f(x) if f([x]);",
    "not": "f(x) if not f(x);",
    "not and more": "f(x) if x = 1 and not (true and f(x));",
    "forall condition": "f(x) if forall(f(x), true);",
    "forall action": "f(x) if forall(x = 1, f(x));",
    "or": "f(x) if false or f(x);",
    "parenthesised": "f(x) if (f(x) and true) and true;",
    "specializer": "f(x: Integer) if f(x);",
}


@pytest.mark.parametrize("policy", ENDLESS.values(), ids=ENDLESS)
def test_depth_of_endless_recursion(policy: str) -> None:
    """Recursion without an end is an error, whatever it goes through."""
    with pytest.raises(StackOverflowError, match=OVERFLOW):
        make_engine(policy).ask("f", 1)


def test_depth_of_endless_recursion_in_a_second_alternative() -> None:
    """A solution before the endless part is given; the error comes when more is asked for."""
    found = make_engine("f(1); f(x) if f(x);").query("f(1)")

    assert next(found) == {}


def test_depth_after_an_overflow() -> None:
    """An overflow ends its own query and no other."""
    engine = make_engine("f(x) if f(x); g(1);")
    with pytest.raises(StackOverflowError):
        engine.ask("f", 1)

    assert engine.ask("g", 1)


def test_choices_are_limited() -> None:
    """More than 10,000 open choices are an error: here a binary tree of them."""
    engine = make_engine(
        "pick(); pick(); tree(0);\ntree(n) if n > 0 and pick() and tree(n - 1) and tree(n - 1);"
    )

    with pytest.raises(StackOverflowError, match=r"^Too many choices! MAX_CHOICES = 10000$"):
        engine.solve_call("tree", [14])


def test_choices_that_are_used_up_do_not_count() -> None:
    """20,000 solutions one after the other need one choice."""
    assert count(make_engine(many=lambda: range(20_000)), "_ in many.__call__()") == 20_000


def test_terms_that_contain_themselves_end() -> None:
    """Two endless terms are equal if they differ nowhere; the comparison has an end."""
    assert count(make_engine(), "x = [x] and y = [y] and x = y") == 1


def test_terms_that_contain_themselves_differ() -> None:
    """A difference inside an endless term is found."""
    assert count(make_engine(), "x = [1, x] and y = [2, y] and x = y") == 0


# -- time --------------------------------------------------------------------------------------


@pytest.fixture
def set_timeout(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the limit of the queries that are made from now on."""
    return lambda text: monkeypatch.setenv("POLAR_TIMEOUT_MS", text)


ENDLESS_WORK = {
    "iterator": "x in ones.__call__() and x = 0",
    "iterator in not": "not (x in ones.__call__() and x = 0)",
    "iterator in forall": "forall(x in ones.__call__(), x = 1)",
    "not in iterator": "x in ones.__call__() and not x = 1",
    "rules": "search(0)",
    "rules in not": "not search(0)",
    "rules in forall": "forall(search(x), x = 1)",
}


@pytest.mark.parametrize("query", ENDLESS_WORK.values(), ids=ENDLESS_WORK)
def test_time_is_limited(set_timeout: Callable[[str], None], query: str) -> None:
    """A search without an end is stopped, also inside a negation."""
    engine = make_engine(
        "bit(0); bit(1); search(x) if all(0) and x = 2;all(n) if n < 60 and bit(_) and all(n + 1);",
        ones=lambda: itertools.repeat(1),
    )
    set_timeout("30")

    with pytest.raises(PolarRuntimeError, match=TIMEOUT.format(30)):
        count(engine, query)


SLOW = "f(x) if x in [1, 2, 3, 4] and sleep.__call__(0.01) = nil;"


@pytest.mark.parametrize("text", ["1", "5", "0005"])
def test_time_of_the_host_counts(set_timeout: Callable[[str], None], text: str) -> None:
    """The time that methods take is the query's."""
    engine = make_engine(SLOW, sleep=time.sleep)
    set_timeout(text)

    with pytest.raises(PolarRuntimeError, match=TIMEOUT.format(int(text))):
        count(engine, "f(x)")


@pytest.mark.parametrize("text", ["0", "", "-1", "1.5", "5ms", " 5", "+5", "\u0661"])
def test_time_without_limit_or_with_the_default(
    set_timeout: Callable[[str], None], text: str
) -> None:
    """0 means no limit; what is no unsigned integer means half a minute."""
    engine = make_engine(SLOW, sleep=time.sleep)
    set_timeout(text)

    assert count(engine, "f(x)") == 4


def test_time_of_the_consumer_does_not_count(set_timeout: Callable[[str], None]) -> None:
    """Who holds a result for long does not make the query slow."""
    engine = make_engine(f"f(1); f(x) if chain(20) and x = 2; {CHAIN}")
    set_timeout("300")
    found = engine.query("f(x)")
    next(found)

    time.sleep(0.35)

    assert next(found) == {"x": 2}


def test_time_is_counted_over_all_results(set_timeout: Callable[[str], None]) -> None:
    """Each result adds to the time of the query: the clock is not wound up again."""
    engine = make_engine(sleep=time.sleep)
    set_timeout("500")

    found = engine.query("x in [1, 2, 3, 4, 5, 6] and sleep.__call__(0.12) = nil")

    assert next(found) == {"x": 1}
    with pytest.raises(PolarRuntimeError, match=TIMEOUT.format(500)):
        list(found)


# -- what the host raises ------------------------------------------------------------------------


class Shutdown(BaseException):
    """Not even an Exception."""


@pytest.mark.parametrize(
    "error",
    [ValueError("v"), TypeError("t"), AttributeError("a"), Shutdown(), OsoError("o")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    "query", ["thing.fail(error)", "not thing.fail(error)", "forall(thing.fail(error), true)"]
)
def test_exception_of_a_method_comes_out_as_it_is(query: str, error: BaseException) -> None:
    """The very same exception leaves the query, also under a negation."""
    engine = make_engine(thing=Thing(), error=error)

    with pytest.raises(type(error)) as caught:
        count(engine, query)

    assert caught.value is error


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("thing.broken = 1", "no database"),
        ("thing matches {broken: 1}", "no database"),
        ("x in thing and x = 2", "no more"),
        ("stubborn = 1", "no =="),
        ("stubborn == 1", "no =="),
        ("stubborn < 1", "no <"),
        ("stubborn in [1]", "no =="),
        ("not stubborn < 1", "no <"),
    ],
)
def test_exception_of_other_host_code_comes_out_as_it_is(query: str, text: str) -> None:
    """An exception of a property, an iterator or an operator leaves the query as it is."""
    engine = make_engine(thing=Thing(), stubborn=Stubborn())

    with pytest.raises(ConnectionError, match=f"^{text}$"):
        count(engine, query)


def test_exception_of_a_constructor_names_the_class() -> None:
    """A constructor that fails is an error of the policy, with the exception as its cause."""
    error = ValueError("not today")

    with pytest.raises(PolarRuntimeError) as caught:
        count(make_engine(error=error), "x = new Stubborn(error)")

    assert caught.value.__cause__ is error
    assert str(caught.value).startswith(
        "Error constructing instance of Stubborn: not today at line 1, column "
    )


def test_missing_attribute_has_trace_and_place() -> None:
    """A missing attribute tells how the policy got there, and where it is."""
    engine = make_engine("f(x) if\n  x.missing = 1;", thing=Thing())

    with pytest.raises(PolarRuntimeError) as caught:
        count(engine, "f(thing)")

    error = caught.value
    assert isinstance(error.__cause__, AttributeError)
    assert error.stack_trace is not None
    assert str(error) == error.stack_trace + (
        "Application error: 'Thing' object has no attribute 'missing' at line 2, column 3:\n"
        "\t002:   x.missing = 1;\n"
        "\t       ^\n"
    )


def test_missing_attribute_in_a_property_is_told_as_it_is() -> None:
    """The message is that of the attribute that is missing, not that of the property."""
    with pytest.raises(
        PolarRuntimeError, match=r"Application error: .* has no attribute 'missing'"
    ):
        count(make_engine(thing=Thing()), "thing.incomplete = 1")


@pytest.mark.parametrize(
    "query",
    [
        "not thing.missing = 1",
        "forall(thing.missing = 1, true)",
        "forall(true, thing.missing = 1)",
        "not (true and not thing.missing = 1)",
    ],
)
def test_missing_attribute_under_a_negation_is_an_error(query: str) -> None:
    """A misspelt condition of a deny rule must not open anything."""
    with pytest.raises(PolarRuntimeError, match="Application error: "):
        count(make_engine(thing=Thing()), query)


def test_trace_under_a_negation_shows_the_whole_way() -> None:
    """The trace does not begin anew inside a negation."""
    with pytest.raises(PolarTypeError) as caught:
        make_engine("f(x) if not g(x); g(x) if x;").ask("f", 1)

    assert t.cast(str, caught.value.stack_trace).splitlines() == [
        "trace (most recent evaluation last):",
        "  005: f(1)",
        "  004: not g(x)",
        "    in rule f at line 1, column 9",
        "  003: g(x)",
        "    in rule f at line 1, column 13",
        "  002: 1",
        "",
    ]


# -- what is kept -------------------------------------------------------------------------------


def is_kept(ask: Callable[[Thing], None]) -> bool:
    """Tell whether an object is still there after it was asked about."""
    thing = Thing()
    watched = weakref.ref(thing)
    ask(thing)
    del thing
    gc.collect()
    return watched() is not None


def abandon(engine: Engine, thing: Thing) -> None:
    """Take one of two solutions and leave."""
    next(engine.query_rule("f", [thing]))


def fail(engine: Engine, thing: Thing) -> None:
    """Run into an error."""
    with pytest.raises(PolarRuntimeError):
        list(engine.query_rule("g", [thing]))


def finish(engine: Engine, thing: Thing) -> None:
    """Take all solutions."""
    list(engine.query_rule("f", [thing]))


@pytest.mark.parametrize("use", [abandon, fail, finish])
def test_arguments_are_not_kept(use: Callable[[Engine, Thing], None]) -> None:
    """An object that was asked about is free afterwards, however the query ended."""
    engine = make_engine("f(_); f(x) if x.name = n and not n = 1; g(x) if x.missing;")

    assert not is_kept(lambda thing: use(engine, thing))


def test_objects_made_by_a_policy_are_not_kept() -> None:
    """What ``new`` made is free when its results are."""
    engine = make_engine()
    (result,) = engine.query("x = new Thing() and x.name = y")
    watched = weakref.ref(result["x"])

    del result
    gc.collect()

    assert watched() is None


def test_iterators_are_not_kept() -> None:
    """A generator that a query began is closed when the query is given up."""
    closed: list[bool] = []

    def generate() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.append(True)

    found = make_engine(generate=generate).query("x in generate.__call__()")
    next(found)
    del found
    gc.collect()

    assert closed == [True]
