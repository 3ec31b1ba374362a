"""Time, depth and memory: what has no end ends with an error that says so.

How long things take is measured by the benchmarks; here every case has to come to its end.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import gc
import signal
import sys
import tracemalloc
import typing as t
from collections.abc import Iterator

import pytest

from flask_oso import Limits, Oso
from flask_oso.polar.exceptions import (
    OsoError,
    PolarRuntimeError,
    StackOverflowError,
    UnrecognizedEOF,
)
from tests.support.policies import make_oso
from tests.support.stacks import far_down, in_small_thread

OVERFLOW = r"(?m)^Goal stack overflow! MAX_GOALS = 10000$"
TIMEOUT = r"^Query timeout: Query running for \d+ms, which exceeds the timeout of {}ms"


class Folder:
    """A folder that may be inside another one."""

    def __init__(self, parent: Folder | None = None, viewers: tuple[str, ...] = ()) -> None:
        self.parent = parent
        self.viewers = viewers


class Reader:
    """Somebody who may hold a role."""

    def __init__(self, name: str) -> None:
        self.name = name


def load(policy: str, **limits: int) -> Oso:
    return make_oso(policy, Folder, Reader, limits=Limits(**limits))


# -- texts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f'f("{"x" * 5_000_000}");',
        f"f(1); # {'x' * 5_000_000}",
        "\n" * 3_000_000 + "f(1);",
        f"f(1{'0' * 200_000}.0);",
    ],
    ids=["string", "comment", "lines", "digits"],
)
def test_large_text_loads(text: str) -> None:
    """Megabytes of one token load."""
    assert load(text).query_rule_once("f", "no") is False


@pytest.mark.parametrize("text", [f'f("{"x" * 1_000_000}', f"f({'1' * 200_000});"])
def test_large_text_with_a_mistake(text: str) -> None:
    """A text of megabytes that is wrong is an error in time."""
    with pytest.raises(OsoError):
        load(text)


def test_many_facts() -> None:
    """5,000 facts load, and one of them is found."""
    oso = load("".join(f'allow("u{n}", "read", {n});' for n in range(5_000)))

    assert oso.is_allowed("u4999", "read", 4999)
    assert not oso.is_allowed("u4999", "read", 4998)


def test_values_that_double() -> None:
    """A list that doubles 60 times is one of 60 lists, not of 2 ** 60."""
    doubling = "".join(f"x{n} = [x{n - 1}, x{n - 1}] and " for n in range(1, 61))
    oso = load(f"f(x0) if {doubling} x60 = [_, _];")

    assert oso.query_rule_once("f", 1)


# -- recursion -------------------------------------------------------------------------------------

ENDLESS = {
    "itself": "f(x) if f(x);",
    "another": "f(x) if g(x); g(x) if f(x);",
    "growing": "f(x) if f([x]);",
    "counting": "f(x) if f(x + 1);",
    "left": "f(x) if f(x) and x = 1;",
    "under not": "f(x) if not f(x);",
    "under forall": "f(x) if forall(y in [1, 2], f(x) and y = y);",
    "in an alternative": "f(x) if x = 2 or f(x);",
    "by a list": "f(x) if y = [x, *z] and f(y) and z = [];",
}


@pytest.mark.parametrize("policy", ENDLESS.values(), ids=ENDLESS)
def test_endless_recursion(policy: str) -> None:
    """An endless recursion is an error of its own."""
    with pytest.raises(StackOverflowError, match=OVERFLOW):
        load(policy).query_rule_once("f", 1)


@pytest.mark.parametrize("policy", ENDLESS.values(), ids=ENDLESS)
def test_endless_recursion_in_a_small_thread(policy: str) -> None:
    """The stack of the thread has nothing to do with it."""
    oso = load(policy)

    with pytest.raises(StackOverflowError, match=OVERFLOW):
        in_small_thread(lambda: oso.query_rule_once("f", 1))


COUNT_DOWN = "f(0); f(n) if n > 0 and f(n - 1);"


@pytest.mark.parametrize("depth", [50, 1_000, 3_000])
def test_legitimate_depth(depth: int) -> None:
    """A chain of 3,000 calls is no endless recursion, from 800 frames down."""
    oso = load(COUNT_DOWN)
    frames = min(800, sys.getrecursionlimit() - 200)

    assert far_down(lambda: oso.query_rule_once("f", depth), frames)
    assert in_small_thread(lambda: oso.query_rule_once("f", depth)) is True


def test_long_chain_of_relations() -> None:
    """A folder 1,000 levels down is found by way of its parents."""
    folder = Folder(viewers=("ana",))
    for _ in range(1_000):
        folder = Folder(folder)
    oso = load(
        'allow(u, "read", f: Folder) if u in f.viewers or allow(u, "read", f.parent);'
        'allow(_, "read", nil) if false;'
    )

    assert oso.is_allowed("ana", "read", folder)
    assert not oso.is_allowed("eve", "read", folder)


CIRCLE = """
actor Reader {}
resource Folder {
  permissions = ["read"]; roles = ["viewer"]; relations = { parent: Folder };
  "read" if "viewer";
  "viewer" if "viewer" on "parent";
}
has_role(u: Reader, "viewer", f: Folder) if u.name in f.viewers;
has_relation(p: Folder, "parent", f: Folder) if p = f.parent;
allow(a, b, c) if has_permission(a, b, c);
"""


def test_circle_of_relations() -> None:
    """Two folders that are each other's parent end the question with an error."""
    first, second = Folder(), Folder()
    first.parent, second.parent = second, first
    oso = load(CIRCLE, timeout_ms=60_000)
    user = Reader("eve")

    with pytest.raises(StackOverflowError, match=OVERFLOW):
        oso.is_allowed(user, "read", first)


# -- time ------------------------------------------------------------------------------------------

EXPONENTIAL = {
    "alternatives": "f(0) if false; f(n) if n > 0 and (f(n - 1) or f(n - 1));",
    "membership": (
        "f(_) if "
        + " and ".join(f"x{n} in [1, 2, 3, 4]" for n in range(30))
        + " and "
        + " + ".join(f"x{n}" for n in range(30))
        + " = 1;"
    ),
    "under not": "g(n) if n > 0 and (g(n - 1) or g(n - 1)); f(n) if not g(n);",
    "under forall": (
        "f(_) if forall("
        + " and ".join(f"x{n} in [1, 2, 3, 4]" for n in range(30))
        + ", "
        + " + ".join(f"x{n}" for n in range(30))
        + " > 1);"
    ),
}


@pytest.mark.parametrize("policy", EXPONENTIAL.values(), ids=EXPONENTIAL)
def test_exponential_search(policy: str) -> None:
    """A search that would take years is stopped by the deadline.

    A query is for all solutions: a decision asks no rule the same question twice.
    """
    oso = load(policy, timeout_ms=60)

    with pytest.raises(PolarRuntimeError, match=TIMEOUT.format(60)):
        list(oso.query_rule("f", 60))


def endless() -> Iterator[int]:
    """Give numbers for ever."""
    n = 0
    while True:
        n += 1
        yield n


@pytest.mark.parametrize(
    "condition",
    ["0 in xs", "x in xs and x < 0", "not 0 in xs", "forall(x in xs, x > 0)", "[0, _] in xs"],
)
def test_endless_iteration(condition: str) -> None:
    """An iteration without an end is stopped by the deadline, as is one under ``not`` or
    ``forall``.
    """
    oso = load(f"f(xs) if {condition};", timeout_ms=60)

    with pytest.raises(PolarRuntimeError, match=TIMEOUT.format(60)):
        oso.query_rule_once("f", endless())


@pytest.mark.parametrize("kind", [list, tuple, collections.deque])
def test_long_list_without_a_hit(kind: t.Callable[[range], t.Any]) -> None:
    """100,000 elements are looked through."""
    oso = load("f(x, xs) if x in xs;")

    assert not oso.query_rule_once("f", -1, kind(range(100_000)))


# -- data ------------------------------------------------------------------------------------------


def nested(depth: int) -> t.Any:
    """Make data of this depth: lists in dictionaries in lists."""
    data: t.Any = 1
    for _ in range(depth):
        data = {"a": [data]}
    return data


def circle() -> t.Any:
    """Make data that contains itself, in a list and in a dictionary."""
    data: dict[str, t.Any] = {"name": "x"}
    data["self"] = data
    data["list"] = [data]
    return data


def shared() -> t.Any:
    """Make 60 lists with 2 ** 60 leaves."""
    data: t.Any = 1
    for _ in range(60):
        data = [data, data]
    return data


DATA = {"deep": lambda: nested(10_000), "circle": circle, "shared": shared}


@pytest.mark.parametrize("make", DATA.values(), ids=DATA)
def test_data_that_nobody_looks_at(make: t.Callable[[], t.Any]) -> None:
    """Data of any shape is no error."""
    assert load('allow(_, "read", _);').is_allowed("ana", "read", make())


@pytest.mark.parametrize("make", DATA.values(), ids=DATA)
def test_data_that_is_passed_on(make: t.Callable[[], t.Any]) -> None:
    """Deep data goes through rules, into a method, and comes back."""
    seen: list[t.Any] = []
    oso = load("f(o, x) if g(x, y) and o.add(y) and h(y); g(x, x); h(_);")

    class Sink:
        """Takes values."""

        def add(self, value: t.Any) -> bool:
            """Keep a value."""
            seen.append(value)
            return True

    assert oso.query_rule_once("f", Sink(), make())
    assert type(seen[0]) is type(make())


@pytest.mark.slow
@pytest.mark.parametrize("make", DATA.values(), ids=DATA)
def test_data_that_is_compared(make: t.Callable[[], t.Any]) -> None:
    """Deep data is equal to data of the same shape, and to nothing else."""
    oso = load("f(x, y) if x = y;")

    assert oso.query_rule_once("f", make(), make())
    assert not oso.query_rule_once("f", make(), [make()])


def test_difference_inside_a_circle() -> None:
    """A difference behind a circle is found."""
    other = circle()
    other["list"] = [copy.copy(other)]
    other["list"][0]["name"] = "y"

    assert not load("f(x, y) if x = y;").query_rule_once("f", circle(), other)


def test_circle_can_be_walked() -> None:
    """A field of a field of data that contains itself is found."""
    oso = load('f(x) if x.self.self.list = [y] and y.self.name = "x";')

    assert oso.query_rule_once("f", circle())


@pytest.mark.parametrize("make", DATA.values(), ids=DATA)
def test_data_in_a_message(make: t.Callable[[], t.Any]) -> None:
    """A message shows a part of it."""
    with pytest.raises(OsoError) as caught:
        load("f(x) if x < 1;").query_rule_once("f", make())

    assert len(str(caught.value)) < 200_000


# -- over time -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_decisions_and_loads_leave_nothing_behind() -> None:
    """Memory is the same after 2,000 decisions and 50 loads more."""
    oso = load(COUNT_DOWN)

    def work(decisions: int, loads: int) -> None:
        for _ in range(decisions):
            oso.query_rule_once("f", 3)
        for _ in range(loads):
            oso.clear_rules()
            oso.load_str(COUNT_DOWN)

    work(500, 20)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    work(2_000, 50)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert after - before < 300_000


#: Questions about a folder and a reader, each asked by itself.
QUESTIONS: dict[str, t.Callable[[Oso, Reader, Folder], object]] = {
    "allowed": lambda oso, reader, folder: oso.is_allowed(reader, "read", folder),
    "denied": lambda oso, reader, folder: oso.is_allowed(reader, "write", folder),
    "plain data": lambda oso, reader, folder: oso.is_allowed("ana", "read", [1, {"a": 2}]),
    "wrong": lambda oso, reader, folder: with_error(lambda: oso.is_allowed(reader, "break", 1)),
    "actions": lambda oso, reader, folder: oso.authorized_actions(reader, folder),
    "query": lambda oso, reader, folder: list(oso.query_rule("has_role", reader, "viewer", folder)),
}


def with_error(question: t.Callable[[], object]) -> None:
    """Ask what ends with an error."""
    with contextlib.suppress(OsoError):
        question()


@pytest.mark.each(3)
@pytest.mark.slow
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solver"])
@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_question_leaves_nothing_behind(
    ask: t.Callable[[Oso, Reader, Folder], object], compiled: bool
) -> None:
    """Not one object for each: a million of them take no memory."""
    oso = Oso(compiled=compiled)
    oso.register_class(Folder)
    oso.register_class(Reader)
    oso.load_str(f'{CIRCLE} allow(reader, "break", x: Integer) if reader.name = x.missing;')
    times, reader, folder = 500, Reader("ana"), Folder(Folder(viewers=("ana",)))
    for _ in range(50):
        ask(oso, reader, folder)

    tracemalloc.start()
    try:
        # The least that is there between questions: what is collected late is no leak.
        before = min(memory_after(ask, oso, reader, folder) for _ in range(3))
        after = (memory_after(ask, oso, reader, folder, times) for _ in range(3))
        is_free = any(each - before < 8 * times for each in after)
    finally:
        tracemalloc.stop()

    assert is_free


def memory_after(
    ask: t.Callable[[Oso, Reader, Folder], object],
    oso: Oso,
    reader: Reader,
    folder: Folder,
    times: int = 1,
) -> int:
    """Ask a question so many times; give how much is held afterwards."""
    for _ in range(times):
        ask(oso, reader, folder)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_colliding_strings_are_no_problem() -> None:
    """A dictionary with 20,000 keys can be asked about."""
    oso = load("f(d) if d.k19999 = 1 and not d.k1 = 1;")

    assert not oso.query_rule_once("f", {f"k{n}": 1 for n in range(20_000)})


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="There are no timers here.")
def test_engine_is_right_after_a_signal() -> None:
    """An exception in the middle of a query comes out, and the next decision is right."""

    class Alarm(Exception):
        """What the handler of the signal raises."""

    def raise_alarm(*_: t.Any) -> t.NoReturn:
        raise Alarm

    oso = load(f"{EXPONENTIAL['alternatives']} g(1);")
    handler = signal.signal(signal.SIGALRM, raise_alarm)
    # Python drops an exception that arrives in a callback of the garbage collector or in a
    # `__del__`; Hypothesis has such a callback. Without a collection none of them runs.
    gc.disable()
    try:
        with pytest.raises(Alarm):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            list(oso.query_rule("f", 60))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.enable()
        signal.signal(signal.SIGALRM, handler)

    assert oso.query_rule_once("g", 1)
    assert not oso.query_rule_once("g", 2)


def test_unterminated_string_is_found_once() -> None:
    """The message of a text that is never closed comes in one piece."""
    with pytest.raises((UnrecognizedEOF, OsoError)) as caught:
        load('f("' + "x" * 100)

    assert len(caught.value.problems) == 1
