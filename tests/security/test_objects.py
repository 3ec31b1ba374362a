"""Objects of the host, honest or not."""

from __future__ import annotations

import array
import collections
import contextlib
import csv
import gc
import importlib
import io
import itertools
import math
import subprocess
import sys
import types
import typing as t
import weakref
from collections.abc import Iterator

import pytest
from werkzeug.local import LocalProxy

from flask_oso import Oso
from flask_oso.polar.exceptions import InvalidIteratorError, OsoError, PolarRuntimeError
from tests.support.policies import make_oso


class User:
    """An actor with everything that Python gives to an object."""

    name = "ana"

    def __init__(self, **attributes: t.Any) -> None:
        self.__dict__.update(attributes)

    def method(self) -> int:
        """Answer."""
        return 1

    def numbers(self) -> Iterator[int]:
        """Begin a generator."""
        yield 1

    async def later(self) -> int:
        """Answer later."""
        return 1

    async def stream(self) -> t.AsyncIterator[int]:
        """Answer piece by piece."""
        yield 1

    @property
    def broken(self) -> t.NoReturn:
        """Fail like a missing attribute."""
        raise AttributeError("a bug inside")


def load(policy: str) -> Oso:
    return make_oso(policy, User)


WALKS = [
    "u.__class__",
    "u.__class__.__name__",
    "u.__class__.__base__",
    "u.__class__.__mro__",
    "u.__class__.__subclasses__()",
    "u.__class__.__init__.__globals__",
    "u.__init__.__globals__",
    'u.__init__.__globals__.get("os").system("false")',
    "u.__dict__",
    "u.__module__",
    "u.__doc__",
    "u.__dir__()",
    "u.__reduce__()",
    "u.__reduce_ex__(2)",
    'u.__getattribute__("name")',
    'u.__setattr__("name", "root")',
    'u.__delattr__("name")',
    "u.__init_subclass__()",
    "u.method.__func__",
    "u.method.__self__",
    "u.method.__func__.__code__",
    "u.method.__wrapped__",
    "u.numbers().gi_frame",
    "u.numbers().gi_frame.f_back",
    "u.numbers().gi_code",
    "u.numbers().gi_yieldfrom",
    "u.stream().ag_frame",
    "u.stream().ag_code",
    "u.error.__traceback__",
    "u.error.__traceback__.tb_frame",
    "u.error.__context__",
    "u.trace.tb_frame",
    "u.trace.tb_next",
    "u.frame.f_globals",
    "u.frame.f_back",
    "u.code.co_consts",
    "u.code.replace()",
    "u.module.path",
    "u.module",
    "u.frame",
    "u.code",
    "u.trace",
    "User.mro()",
    "User.__subclasses__()",
    "User.__bases__",
    '"{0.__class__}".format(u)',
    '"{x}".format_map({x: 1})',
    "u.text.format(u)",
    "String.format",
    "[].__class__",
    "(1).__class__",
    "String.format_map",
    'String.format("{0.__class__}", u)',
    "true.__class__",
    "nil.__class__",
]


@pytest.fixture
def user() -> User:
    """A user that carries an error, its traceback, a frame, a code object and a module."""
    error = caught()
    trace = t.cast(types.TracebackType, error.__traceback__)
    return User(
        error=error,
        trace=trace,
        frame=trace.tb_frame,
        code=trace.tb_frame.f_code,
        module=sys,
        text="{0.__class__}",
    )


def caught() -> ValueError:
    try:
        raise ValueError("x")
    except ValueError as error:
        return error


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize(
    "policy",
    [
        "allow(u, _, _) if _ = {0};",
        "allow(u, _, _) if not (1 = {0});",
        "allow(u, _, _) if forall(x in [1], not x = {0}) and u = u;",
    ],
    ids=["plain", "not", "forall"],
)
def test_walk_to_the_interpreter_is_refused(user: User, policy: str, walk: str) -> None:
    """No name of Python's own, no frame, no code, no module, no format."""
    with pytest.raises(OsoError):
        load(policy.replace("{0}", walk)).is_allowed(user, "read", "page")


@pytest.mark.parametrize(
    "name", ["__class__", "__init__", "__globals__", "__dict__", "__setattr__", "__"]
)
def test_name_of_python_from_a_request_is_refused(user: User, name: str) -> None:
    """An attribute's name that a client sends reaches nothing of Python's own."""
    oso = load("allow(u, field, _) if _ = u.(field);")

    with pytest.raises(PolarRuntimeError, match=f"^'{name}' is not for policies: names that"):
        oso.is_allowed(user, name, "page")


@pytest.mark.parametrize("pattern", ["User{__class__: _}", "{__dict__: _}", "User{module: _}"])
@pytest.mark.parametrize("condition", ["u matches {0}", "not u matches {0}"])
def test_walk_by_pattern_is_refused(user: User, condition: str, pattern: str) -> None:
    """Fields of a pattern that are Python's own attributes are refused."""
    with pytest.raises(PolarRuntimeError, match="not for policies"):
        load(f"allow(u, _, _) if {condition};".replace("{0}", pattern)).is_allowed(user, 1, 1)


def test_command_does_not_run(user: User, tmp_path: t.Any) -> None:
    """No command of the operating system runs."""
    target = tmp_path / "made"
    oso = load(
        'allow(u, command, _) if x = u.__init__.__globals__ and _ = x.get("os").system(command);'
    )

    with pytest.raises(PolarRuntimeError, match="'__init__' is not for policies"):
        oso.is_allowed(user, f"touch {target}", "page")
    assert not target.exists()


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("[1, 2].__len__()", "2"),
        ("[1, 2].__getitem__(0)", "1"),
        ("[1, 2].__contains__(2)", "true"),
        ("User.__instancecheck__(u)", "true"),
    ],
)
def test_harmless_names_of_python_work(call: str, result: str) -> None:
    """Indexing and counting have no other spelling in Polar, and lead nowhere."""
    assert load(f"allow(u, _, _) if u = u and {result} = {call};").is_allowed(
        User(), "read", "page"
    )


def test_registered_module_can_be_read() -> None:
    """A module that the application itself registers is one it wants to be read."""
    oso = Oso()
    oso.register_constant(math, "math")

    assert list(oso.query("x = math.floor(3.5)")) == [{"bindings": {"x": 3}, "trace": None}]


@pytest.mark.parametrize(
    "condition",
    [
        "not (u.misspelt = 1)",
        "not u.misspelt",
        "not (u.broken = 1)",
        "forall(m in u.misspelt, m = 1)",
        "forall(m in [1], not u.misspelt = m)",
        'not (u.name = "ana" and u.misspelt = 1)',
        "not (not (u.misspelt = 1))",
    ],
)
def test_missing_attribute_is_an_error_under_not(condition: str) -> None:
    """A deny rule with a slip in it opens nothing, and the error names the slip."""
    oso = load(f"allow(u: User, _, _) if {condition};")

    with pytest.raises(PolarRuntimeError, match=r"misspelt|a bug inside"):
        oso.is_allowed(User(), "read", "page")


class Failing(User):
    """An object that fails in a way a test chooses."""

    error: BaseException

    @property
    def flag(self) -> bool:
        """Fail."""
        raise self.error

    @property
    def items(self) -> Iterator[int]:
        """Fail in the middle of an iteration."""
        yield 1
        raise self.error

    def __eq__(self, other: object) -> bool:
        raise self.error

    def __hash__(self) -> int:
        return 1


@pytest.mark.parametrize(
    "error", [KeyError("k"), StopIteration(), GeneratorExit(), RecursionError(), MemoryError()]
)
@pytest.mark.parametrize(
    "condition",
    ["u.flag", "not u.flag", "not (2 in u.items)", "forall(x in u.items, x = 1)", "not u = 1"],
)
def test_error_of_an_object_is_never_an_answer(condition: str, error: BaseException) -> None:
    """Whatever fails, and wherever, nothing is allowed."""
    user = Failing(error=error)
    oso = load(f"allow(u, _, _) if {condition};")

    with pytest.raises((type(error), RuntimeError)):
        oso.is_allowed(user, "read", "page")


class Unclear(User):
    """An object whose comparison has no truth value."""

    def __eq__(self, other: object) -> t.Any:
        return Unclear()

    def __bool__(self) -> bool:
        raise ValueError("neither true nor false")

    __hash__ = object.__hash__


@pytest.mark.parametrize("condition", ["u = 1", "not u = 1", "u == 1", "not u == 1"])
def test_comparison_without_a_truth_value(condition: str) -> None:
    """What is neither true nor false is an error."""
    with pytest.raises(ValueError, match="neither true nor false"):
        load(f"allow(u, _, _) if {condition};").is_allowed(Unclear(), "read", "page")


@pytest.mark.parametrize("make", [iter, lambda items: (x for x in items), lambda i: map(int, i)])
def test_iterator_is_read_once(make: t.Callable[[list[int]], Iterator[int]]) -> None:
    """Read a second time it would be empty, and ``forall`` would hold for nothing."""
    oso = load(
        "allow(u, _, _) if xs = u.once and forall(x in xs, x > 0) and forall(x in xs, x > 9);"
    )

    with pytest.raises(InvalidIteratorError, match="can be read only once, and was"):
        oso.is_allowed(User(once=make([1, 2])), "read", "page")


def test_generator_that_another_decision_read() -> None:
    """A generator kept on an object is refused in the next decision."""
    user = User(once=(x for x in [1]))
    oso = load("allow(u, _, _) if forall(x in u.once, x > 0);")

    assert oso.is_allowed(user, "read", "page")
    with pytest.raises(InvalidIteratorError, match="can be read only once, and was"):
        oso.is_allowed(user, "read", "page")


class Once:
    """An object that is its own iterator."""

    def __init__(self) -> None:
        self._left = iter(["a"])

    def __iter__(self) -> Once:
        return self

    def __next__(self) -> str:
        return next(self._left)


class Holder:
    """An object that always gives the same iterator, and is none itself."""

    def __init__(self) -> None:
        self._left = iter(["a"])

    def __iter__(self) -> Iterator[str]:
        return self._left


class Windows:
    """An iterator that gives new ones over what it reads, as a result of SQLAlchemy does."""

    def __init__(self) -> None:
        self._left = ["a"]

    def __next__(self) -> str:
        if not self._left:
            raise StopIteration
        return self._left.pop()

    def __iter__(self) -> Iterator[str]:
        return iter(lambda: next(self, None), None)


class Copies(Windows):
    """An iterator that gives others of its own class over what it reads."""

    def __iter__(self) -> Iterator[str]:
        other = Copies()
        other._left = self._left
        return other


class Keeper:
    """Keeps an iterator where a policy may find it."""

    def __init__(self, kept: t.Any) -> None:
        self.kept = kept
        self.listed = [kept]
        self.entries = {"key": kept}

    @property
    def computed(self) -> t.Any:
        """Give what is kept."""
        return self.kept

    def get(self) -> t.Any:
        """Give what is kept."""
        return self.kept

    def fresh(self) -> t.Any:
        """Make a new iterator."""
        return map(str, ["a"])


ITERATORS: dict[str, t.Callable[[], t.Any]] = {
    "iter": lambda: iter(["a"]),
    "iter of a dictionary": lambda: iter({"a": 1}),
    "reversed": lambda: reversed(["a"]),
    "map": lambda: map(str, ["a"]),
    "filter": lambda: filter(None, ["a"]),
    "zip": lambda: zip(["a"], strict=True),
    "enumerate": lambda: enumerate(["a"]),
    "chain": lambda: itertools.chain(["a"]),
    "islice": lambda: itertools.islice(["a"], 1),
    "generator": lambda: (x for x in ["a"]),
    "file": lambda: io.StringIO("a"),
    "csv": lambda: csv.reader(["a"]),
    "its own": Once,
    "always the same": Holder,
    "new ones": Windows,
    "copies": Copies,
}
BOTH = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solved"])


def keeping(condition: str, compiled: bool) -> Oso:
    return make_oso(f'allow(k: Keeper, "read", _) if {condition};', Keeper, compiled=compiled)


@pytest.mark.each(3)
@BOTH
@pytest.mark.parametrize("make", ITERATORS.values(), ids=ITERATORS)
@pytest.mark.parametrize(
    "condition",
    [
        "forall(x in k.kept, x in [])",
        "not x in k.kept",
        "forall(x in k.computed, x in [])",
        "forall(x in k.get(), x in [])",
        "forall(x in k.entries.key, x in [])",
        "y in k.listed and forall(x in y, x in [])",
    ],
)
def test_iterator_that_another_question_read(
    condition: str, make: t.Callable[[], t.Any], compiled: bool
) -> None:
    """What is left of an iterator is nothing, of which ``forall`` and ``not`` would hold."""
    keeper = Keeper(make())
    oso = keeping(condition.replace("not x", "not _x"), compiled)
    first = oso.is_allowed(keeper, "read", "page")

    with pytest.raises(InvalidIteratorError, match="can be read only once, and was"):
        oso.is_allowed(keeper, "read", "page")

    assert first is False


@BOTH
def test_iterator_that_another_oso_read(compiled: bool) -> None:
    """Whoever read it, it is empty for all others."""
    keeper = Keeper(map(str, ["a"]))
    keeping("x in k.kept and x = 1", not compiled).is_allowed(keeper, "read", "page")

    with pytest.raises(InvalidIteratorError, match="The map can be read only once, and was"):
        keeping("not 1 in k.kept", compiled).is_allowed(keeper, "read", "page")


@BOTH
@pytest.mark.parametrize("make", ITERATORS.values(), ids=ITERATORS)
def test_iterator_that_is_a_constant(make: t.Callable[[], t.Any], compiled: bool) -> None:
    """A constant is read by every question."""
    oso = Oso(compiled=compiled)
    oso.register_constant(make(), "TAGS")
    oso.load_str('allow(_, "read", _) if forall(x in TAGS, x in []);')
    oso.is_allowed("ana", "read", "page")

    with pytest.raises(InvalidIteratorError, match="can be read only once, and was"):
        oso.is_allowed("ana", "read", "page")


@BOTH
def test_iterator_that_is_an_argument(compiled: bool) -> None:
    """An iterator that was an argument is refused in the next question, since it was read."""
    oso = Oso(compiled=compiled)
    oso.load_str('allow(_, "read", xs) if forall(x in xs, x in []);')
    xs = map(str, ["a"])
    oso.is_allowed("ana", "read", xs)

    with pytest.raises(InvalidIteratorError, match="can be read only once, and was"):
        oso.is_allowed("ana", "read", xs)


@BOTH
def test_method_that_makes_iterators_is_asked_again(compiled: bool) -> None:
    """What a method makes anew is read by each question."""
    oso = keeping('forall(x in k.fresh(), x = "a") and "a" in k.fresh()', compiled)
    keeper = Keeper(None)

    assert [oso.is_allowed(keeper, "read", "page") for _ in range(3)] == [True] * 3


class Tags(list[str]):
    """A list that weak references may refer to."""


TAGS = Tags(["a"])


@pytest.mark.parametrize("make", [LocalProxy, weakref.proxy], ids=["local", "weak"])
@BOTH
def test_proxy_of_a_list_is_read_by_each_question(
    make: t.Callable[[t.Any], t.Any], compiled: bool
) -> None:
    """Its class has the methods of an iterator, but what it stands for is none."""
    tags = make(TAGS if make is weakref.proxy else lambda: TAGS)
    oso = keeping('"a" in k.kept and forall(x in k.kept, x = "a")', compiled)

    assert [oso.is_allowed(Keeper(tags), "read", "page") for _ in range(3)] == [True] * 3


@BOTH
def test_iterator_that_two_proxies_stand_for(compiled: bool) -> None:
    """What one of them has read is nothing to the other."""
    once = map(str, ["a"])
    oso = keeping("forall(x in k.kept, x in [])", compiled)
    oso.is_allowed(Keeper(LocalProxy(lambda: once)), "read", "page")

    with pytest.raises(InvalidIteratorError, match="can be read only once, and was"):
        oso.is_allowed(Keeper(LocalProxy(lambda: once)), "read", "page")


class EqualsAll(type):
    """A metaclass whose classes claim to equal all others."""

    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = type.__hash__


class EqualsNone(type):
    """A metaclass whose classes cannot be compared."""

    def __eq__(cls, other: object) -> bool:
        raise ValueError("classes were compared")

    __hash__ = type.__hash__


#: Python itself compares classes to tell what can be gone through.
SEARCHES = dict.fromkeys(
    ["1 in k.kept", "not 1 in k.kept", "x in k.kept and x = 1"], InvalidIteratorError
)
COMPARISONS: dict[str, t.Any] = {
    'k.kept.kind = "a"': True,
    "k.kept = 1": False,
    "k.kept = [1]": False,
    "k.kept = {kind: 1}": False,
    "k.kept = nil": False,
    "k.kept = k.kept": True,
    "k.kept < 1": PolarRuntimeError,
    "k.kept.quiet() = 1": True,
    "k.kept.keys() = 1": True,
    "k.kept matches String": False,
}


@BOTH
@pytest.mark.parametrize(
    ("meta", "condition", "expected"),
    [
        *[(EqualsAll, *each) for each in [*SEARCHES.items(), *COMPARISONS.items()]],
        *[(EqualsNone, *each) for each in COMPARISONS.items()],
    ],
)
def test_metaclass_is_not_asked_what_a_class_is(
    meta: t.Any, condition: str, expected: t.Any, compiled: bool
) -> None:
    """What claims to be a class of Python's own is none: it is no network, and no list."""
    made = {"kind": "a", "one": 1, "quiet": lambda self: self.one, "keys": lambda _: 1}
    keeper = Keeper(meta("Odd", (), made)())
    oso = keeping(condition, compiled)

    for _ in range(3):
        if expected in (True, False):
            assert oso.is_allowed(keeper, "read", "page") is expected
            continue
        with pytest.raises(expected):
            oso.is_allowed(keeper, "read", "page")


@BOTH
@pytest.mark.parametrize("meta", [EqualsAll, EqualsNone])
def test_metaclass_of_an_argument_is_not_asked(meta: t.Any, compiled: bool) -> None:
    """The same for the actor, the action and the resource, and for constants."""
    odd = meta("Odd", (), {"kind": "a"})()
    oso = Oso(compiled=compiled)
    oso.register_constant({"odd": odd}, "ALL")
    oso.load_str(
        'allow(u, "read", d) if u.kind = d.kind; allow(_: {kind: "a"}, x, x);'
        'allow(_, "own", d) if d = ALL.odd and ALL.odd.kind = "a"; allow(1, "two", [_]);'
    )

    for _ in range(3):
        assert oso.is_allowed(odd, "read", odd)
        assert oso.is_allowed(odd, odd, odd)
        assert oso.is_allowed(1, "own", odd)
        assert not oso.is_allowed(odd, "two", odd)
        assert oso.authorized_actions(odd, odd) == {"read", "own", odd}


@BOTH
@pytest.mark.parametrize("meta", [EqualsAll, EqualsNone])
@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ('allow(_: Odd, "read", _: Odd);', [False, True]),
        ('allow(k, "read", _) if not k matches Odd;', [True, False]),
        ('allow(k, "read", _) if x in [k, k] and x matches Odd;', [False, True]),
        ('allow(_: Odd, "read", _) if cut and 1 = 2; allow(_: Near, "read", _);', [False, True]),
        ('allow(x, "read", _) if is_odd(x, 1); is_odd(_: Odd, 1); is_odd(1, _);', [False, True]),
    ],
)
def test_metaclass_of_a_registered_class_is_not_asked(
    meta: t.Any, policy: str, expected: list[bool], compiled: bool
) -> None:
    """Who derives from the class is an instance of it, and nobody else."""
    # Where it was imported, a class may be one of its users.
    importlib.import_module("flask_login")
    odd = meta("Odd", (), {"kind": "a"})
    near = meta("Near", (odd,), {})
    oso = Oso(compiled=compiled)
    for name, cls in (("Odd", odd), ("Near", near), ("Keeper", Keeper)):
        oso.register_class(cls, name=name)
    oso.load_str(policy)

    asked = [[oso.is_allowed(who, "read", who) for who in (Keeper(1), near())] for _ in range(3)]

    assert asked == [expected] * 3


class SaysYes(EqualsAll):
    """A metaclass whose classes also claim all objects and classes."""

    def __instancecheck__(cls, instance: object) -> bool:
        return True

    def __subclasscheck__(cls, subclass: type) -> bool:
        return True


@BOTH
@pytest.mark.parametrize("meta", [EqualsAll, SaysYes])
def test_metaclass_of_a_collection_is_not_asked(meta: t.Any, compiled: bool) -> None:
    """It is searched as a collection of its base is, and what is none is refused."""
    oso = keeping('"a" in k.kept', compiled)
    things = [meta("Odd", (base,), {})("ab") for base in (set, frozenset, list)]

    for _ in range(3):
        assert all(oso.is_allowed(Keeper(each), "read", "page") for each in things)
        with pytest.raises((InvalidIteratorError, TypeError)):
            oso.is_allowed(Keeper(meta("Odd", (), {})()), "read", "page")


def proxy_of(value: t.Any) -> t.Any:
    return LocalProxy(lambda: value)


@BOTH
@pytest.mark.parametrize(
    ("condition", "entries", "expected"),
    [
        ('k.entries.get(k.kept) = "a"', {"key": "a"}, True),
        ('k.entries.get(k.kept) = "a"', {"other": "a"}, False),
        ('k.entries.get(k.kept, "a") = "a"', {"other": "b"}, True),
        ("ALL.get(k.kept) = 1", {}, True),
        ("ALL.get(k.listed) = 1", {}, False),
        ("k.kept in k.entries.keys()", {"key": 1, 2: 3}, True),
        ("not k.kept in k.entries.keys()", {"other": 1, 2: 3}, True),
    ],
)
def test_proxy_of_a_text_is_a_key(
    condition: str, entries: t.Any, expected: bool, compiled: bool
) -> None:
    """It claims to be a text, and is no instance of its class for what is written in C."""
    oso = Oso(compiled=compiled)
    oso.register_constant({"key": 1, "zero": 0}, "ALL")
    oso.load_str(f'allow(k, "read", _) if {condition};')
    keeper = Keeper(proxy_of("key"))
    keeper.entries, keeper.listed = entries, proxy_of("none")

    assert [oso.is_allowed(keeper, "read", "page") for _ in range(3)] == [expected] * 3


@BOTH
@pytest.mark.parametrize("key", ["key", 1, True, 1.5])
def test_proxy_among_the_keys_is_refused_as_by_json(key: t.Any, compiled: bool) -> None:
    """Where all entries are gone through, the error says what is wrong."""
    oso = keeping('[key, _] in k.entries and key = "b"', compiled)
    keeper = Keeper(None)
    keeper.entries = {proxy_of(key): 1, "b": 2}

    with pytest.raises(TypeError, match=r"keys must be .*, not LocalProxy"):
        oso.is_allowed(keeper, "read", "page")


@BOTH
def test_iterator_outlives_no_question(compiled: bool) -> None:
    """What a question read is not kept when the program has dropped it."""

    class Thing:
        pass

    thing = Thing()
    alive = weakref.ref(thing)
    keeper = Keeper(map(str, [thing]))
    keeping("x in k.kept and x = 1", compiled).is_allowed(keeper, "read", "page")
    del keeper, thing
    keeping("x in k.fresh() and x = 1", compiled).is_allowed(Keeper(None), "read", "page")
    gc.collect()

    assert alive() is None


def test_method_that_makes_generators_can_be_called_twice() -> None:
    """Each call begins another one."""
    oso = load("allow(u, _, _) if 1 in u.numbers() and forall(x in u.numbers(), x = 1);")

    assert oso.is_allowed(User(), "read", "page")


@pytest.mark.parametrize("condition", ["2 in u.endless()", "not 2 in u.endless()"])
def test_endless_generator_ends(monkeypatch: pytest.MonkeyPatch, condition: str) -> None:
    """An iteration without an end is stopped by the clock, also if nothing matches."""
    monkeypatch.setenv("POLAR_TIMEOUT_MS", "50")

    def endless() -> Iterator[int]:
        while True:
            yield 1

    oso = load(f"allow(u, _, _) if {condition};")

    with pytest.raises(PolarRuntimeError, match=r"^Query timeout: Query running for \d+ms"):
        oso.is_allowed(User(endless=endless), "read", "page")


def test_debug_does_not_wait() -> None:
    """With an open standard input, ``debug()`` in a decision goes on."""
    program = (
        "from flask_oso import Oso\n"
        "oso = Oso()\n"
        "oso.load_str('allow(_, _, _) if debug();')\n"
        "print(oso.is_allowed(1, 2, 3))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        # Reads to the end of its output while its input stays open.
        output = t.cast(t.IO[bytes], child.stdout).read()

        assert output.split() == [b"True"]


def test_method_is_called_once_and_only_when_reached() -> None:
    """A method with a side effect is not called to find out whether a rule applies."""
    calls: list[str] = []
    user = User(first=lambda: not calls.append("first"), second=lambda: not calls.append("second"))
    oso = load('allow(u, "a", _) if u.first(); allow(u, "b", _) if u.second();')

    assert oso.is_allowed(user, "a", "page")
    assert calls == ["first"]


@pytest.mark.parametrize(
    "name", ["os", "eval", "exec", "open", "__import__", "Popen", "sys", "globals", "print2"]
)
def test_names_of_python_are_unknown(name: str) -> None:
    """What was not registered does not exist."""
    with pytest.raises(OsoError):
        load(f'allow(_, _, _) if {name} = {name} and _ = {name}.system("true");').is_allowed(
            1, 1, 1
        )


@pytest.mark.parametrize(
    ("make", "calls"),
    [
        (lambda: {1, 2}, ["clear()", "add(3)", "discard(1)", "update([3])", "pop()"]),
        (
            lambda: collections.OrderedDict(a=1),
            ["clear()", "update({a: 2})", 'pop("a")', 'setdefault("b", 1)', "popitem()"],
        ),
        (lambda: collections.deque([1]), ["clear()", "append(2)", "popleft()", "extend([1])"]),
    ],
    ids=["set", "mapping", "sequence"],
)
def test_collection_of_an_object_cannot_be_changed(
    make: t.Callable[[], t.Any], calls: list[str]
) -> None:
    """Methods that change a collection are refused."""
    user: t.Any = User(things=make())

    refused = [call for call in calls if is_refused(f"_ = u.things.{call}", user)]

    assert refused == calls
    assert user.things == make()


#: One of each collection of Python that can be changed, each with two elements.
COLLECTIONS: dict[str, t.Callable[[], t.Any]] = {
    "array": lambda: array.array("i", [1, 0]),
    "bytearray": lambda: bytearray(b"ab"),
    "counter": lambda: collections.Counter(a=1, b=2),
    "defaultdict": lambda: collections.defaultdict(int, a=1, b=2),
    "deque": lambda: collections.deque([1, 0]),
    "dict": lambda: {"a": 1, "b": 2},
    "list": lambda: [1, 0],
    "ordered": lambda: collections.OrderedDict(a=1, b=2),
    "set": lambda: {1, 0},
}
#: What their methods take.
ARGUMENTS = [
    *enumerate(["", "0", "1", '"a"', "[1]", "{a: 5}", "u.bytes", "0, 1", '"c", 1', "u.file, 1"])
]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind, make in COLLECTIONS.items()
        for name in dir(make())
        if not name.startswith("_")
    ],
)
def test_no_method_changes_a_collection(kind: str, name: str) -> None:
    """Whatever methods the collections of this Python have, a policy changes none by them."""
    made, make = COLLECTIONS[kind](), COLLECTIONS[kind]
    user: t.Any = User(things=made, bytes=b"abcd", file=io.BytesIO(b"abcd"))
    rules = [f"allow(u, {at}, _) if _ = u.things.{name}({given});" for at, given in ARGUMENTS]
    oso = load("\n".join(rules))

    for at, _ in ARGUMENTS:
        # Most arguments suit most methods badly.
        with contextlib.suppress(Exception):
            oso.is_allowed(user, at, "page")

    assert ([*made], made) == ([*make()], make())


def is_refused(condition: str, user: User) -> bool:
    with pytest.raises(PolarRuntimeError, match="is not for policies: it changes the object"):
        load(f"allow(u, _, _) if {condition};").is_allowed(user, "read", "page")
    return True


@pytest.mark.parametrize("call", ["clear()", "append(3)", "pop()", "sort()"])
def test_list_of_an_object_is_a_copy(call: str) -> None:
    """What a method does to a list or a dictionary, it does to a copy."""
    user: t.Any = User(things=[2, 1])

    load(f"allow(u, _, _) if _ = u.things.{call};").is_allowed(user, "read", "page")

    assert user.things == [2, 1]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("odd", [2**70, "\ud800"])
@pytest.mark.parametrize("call", ["d.listed.pop(0)", 'd.entries.pop("k")'])
def test_list_of_what_polar_has_no_value_for_is_a_copy(
    call: str, odd: t.Any, *, compiled: bool
) -> None:
    """A decision changes no list and no dictionary, whatever is in it."""
    oso = Oso(compiled=compiled)
    oso.load_str(f"allow(_, _, d) if {call} = 1;")
    doc = types.SimpleNamespace(listed=[1, odd], entries={"k": 1, "odd": odd})

    assert oso.is_allowed("ann", "read", doc)
    assert (doc.listed, doc.entries) == ([1, odd], {"k": 1, "odd": odd})
