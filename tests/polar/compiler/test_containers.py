"""Sets, dictionaries and lists that are searched or taken apart, and unusual arguments."""

from __future__ import annotations

import copy
import dataclasses
import enum
import ipaddress
import itertools
import sys
import types
import typing as t
import uuid

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import PolarRuntimeError
from tests.support.answers import outcome_of, specialized
from tests.support.policies import make_oso
from tests.support.sizes import combinations_of
from tests.support.value_kinds import Doc, Folded, User

BIG = 2**70


class Color(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    ONE = 1


class Claiming:
    """An object that claims to equal everything."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return True


class Equal:
    """An object that equals what it holds."""

    def __init__(self, value: t.Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return bool(other == self.value)

    __hash__ = None  # type: ignore[assignment]


class Named(t.NamedTuple):
    """A tuple whose parts have names."""

    number: t.Any
    name: str


@dataclasses.dataclass(frozen=True)
class Tag:
    """An object that compares, and is hashed, by its fields."""

    name: t.Any


class Asked:
    """An object whose equality and hash tell that they are asked."""

    asked: t.ClassVar[list[t.Any]] = []

    def __init__(self, value: t.Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        self.asked.append(("equal", self.value, getattr(other, "value", other)))
        return isinstance(other, Asked) and self.value == other.value

    def __hash__(self) -> int:
        self.asked.append(("hash", self.value))
        return hash(self.value)


class Refusing(Asked):
    """An object that compares with nothing."""

    def __eq__(self, other: object) -> bool:
        raise TypeError

    def __hash__(self) -> int:
        return 1


class Failing(Refusing):
    """An object that has no hash after all, and raises it in a way of its own."""

    def __hash__(self) -> int:
        raise LookupError(self.value)


ANA = User("ana")
VALUES: tuple[t.Any, ...] = (
    *(0, 1, 5, True, False, None, "ana", "ANA", "", 1.0, 5.0, float("nan"), BIG, "\ud800", b"x"),
    *(uuid.UUID(int=3), Color.RED, Level.ONE, ANA, User("ana"), Folded("ANA"), sys),
    *((5, "ana"), (1,), (True,), (float("nan"),), (ANA,), ()),
    *(ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("::1%eth0")),
    *(Named(5, "ana"), Tag("ana"), Tag(ANA), {"ana": 5}, {"ana": ANA}),
)
COLLECTIONS: tuple[t.Any, ...] = (
    *(set(), frozenset(), {5, "ana", None}, {True, Color.RED}, frozenset({1, False, ANA})),
    *({Folded("ana"), BIG}, {1.0, Level.ONE, uuid.UUID(int=3)}, {"\ud800", b"x", 0}),
    *({"ana": 1, "x": 5}, {"ana": {"x": ["ana"]}}, {1: "ana"}, {"ana": ANA}, {}),
    *([], ["ana"], [5, "ana"], [1, 2, 3], [[5], ["ana"]], ["ana", sys], [Equal("ana")], [None]),
    *(("ana",), "ana", None, 5, Equal(["ana"]), [float("nan")], [BIG, 5], {"ana": BIG}),
    *([(5, "ana"), (1,)], [(1.0,), "ana"], [(float("nan"),), (ANA,)], [(Equal("ana"),)], [()]),
    *({(5, "ana"), (1,)}, frozenset({(True,), ()}), {(ANA,), 5}, {(1,): 1}.keys()),
    *({"ana": 1}.keys(), {5: 1, True: 2}.keys(), types.SimpleNamespace(x=5)),
    *(ipaddress.ip_network("10.0.0.0/30"), ipaddress.ip_network("::/126")),
    *(
        {Named(5, "ana"), Tag("x")},
        [Named(5, "ana"), Named(1, "x")],
        [Named(ANA, "x")],
        {Tag("ana")},
    ),
    *([Tag("x"), Tag("ana")], frozenset({Tag(ANA), "x"}), [{"ana": 5}, {"ana": 1}], [{"ana": ANA}]),
)


def _oso(policy: str, *, compiled: bool) -> Oso:
    return make_oso(policy, User, Doc, compiled=compiled)


def _differences(policy: str, questions: t.Iterable[tuple[t.Any, ...]]) -> list[t.Any]:
    compiled, solver = (_oso(policy, compiled=each) for each in (True, False))
    found = []
    for question in questions:
        wanted = outcome_of(solver, *question)
        # The second time, what is known of the classes may be more.
        given = [outcome_of(compiled, *question) for _ in range(2)]
        if given != [wanted, wanted]:
            found.append((question, given, wanted))
    return found[:3]


@pytest.mark.each(4)
@pytest.mark.parametrize(
    "condition",
    [
        *("u.x in d.x", "not u.x in d.x", "(y in d.x and y = u.x)", "u in d.x and u.x = u.x"),
        *("[u.x, 1] in d.x", "[u.x, v] in d.x and v = 1", '["ana", u.x] in d.x'),
        *("not [u.x, 5] in d.x", '[u.x, "ana"] in d.x', "[u.x] in d.x", "[u.x, 1, 2] in d.x"),
        *("u.x in d.x.keys()", "u.x in d.x.values()", "d.x.ana = u.x", "d.x.ana.x = u.x"),
        *("u.x in d.x.ana", "u.x in d.x.ana.x", "d.x.x = u.x"),
    ],
)
def test_what_is_searched_is_answered_alike(condition: str) -> None:
    """Answers and errors, for every value and every collection."""
    pairs = combinations_of(VALUES, COLLECTIONS)
    questions = [(User(one), "read", Doc(other)) for one, other in pairs]

    assert _differences(f'allow(u: User, "read", d: Doc) if {condition};', questions) == []


def _asked_and_answer(policy: str, item: t.Any, collection: t.Any, *, compiled: bool) -> t.Any:
    """Return what an object is asked while it is searched for, and the answer."""
    oso = make_oso(policy, User, Doc, compiled=compiled)
    found = []
    for _ in range(2):
        Asked.asked.clear()
        answer = outcome_of(oso, User(item), "read", Doc(collection))
        found.append((answer, [*Asked.asked]))
    return found


@pytest.mark.parametrize("condition", ["u.x in d.x", "not u.x in d.x", "y in d.x and y = u.x"])
@pytest.mark.parametrize(
    ("item", "collection"),
    [
        (Asked(1), {Asked(1), Asked(2), "x"}),
        (Asked(9), frozenset({Asked(1), Asked(2)})),
        (Asked(1), set()),
        (Asked(1), {Asked(1): 1}.keys()),
        (Asked(1), range(3)),
        (Refusing(1), {1}),
        (Failing(1), {1}),
        (Failing(1), set()),
    ],
    ids=["found", "missing", "empty", "key", "range", "refusing", "failing", "failing-empty"],
)
def test_set_asks_an_object_for_its_hash(item: t.Any, collection: t.Any, condition: str) -> None:
    """Answers, errors and calls of the class are those of the solver."""
    policy = f'allow(u: User, "read", d: Doc) if {condition};'

    given, wanted = (
        _asked_and_answer(policy, item, collection, compiled=each) for each in (True, False)
    )

    assert given == wanted


def test_set_compares_no_element_of_another_hash() -> None:
    """A large set costs no more than a small one, also where objects have an equality."""
    elements = {Asked(each) for each in range(50)}

    found = _asked_and_answer(
        'allow(u: User, "read", d: Doc) if u.x in d.x;', Asked(7), elements, compiled=True
    )

    assert found[-1] == (True, [("hash", 7), ("equal", 7, 7)])


@pytest.mark.each(4)
@pytest.mark.parametrize(
    "rules",
    [
        "has([f, *_], x) if f = x; has([_, *r], x) if has(r, x);",
        "has([_, *r], x) if has(r, x); has([f, *_], x) if f = x;",
        "has([f], x) if f = x; has([_, g], x) if g = x;",
        "has([f, *f], x) if f = x;",
        'has(["ana", *r], x) if x in r; has([], "ana"); has([f], _) if f = 1;',
        "has([f, *r], x: String) if f = x or x in r; has([f, *r], x: Integer) if f = x or x in r;",
        "has([f, *_], x) if f = x; has(y: User, x) if y.x = x; has(5, _); has(y, x) if x in y;",
        "has([f, *r], x) if not f = x and has(r, x); has([], _);",
        "has([f, *r], x) if cut and f = x and r = r; has(_, _);",
        "has([f, *r], x) if forall(y in r, y = x) and f = x;",
        "has([[f, *_], *_], x) if f = x;",
        "has([_, *r], _) if has(r, 1); has([], _);",
        "has([_, *_], _);",
        "has([f, *_], x) if g(f, x); g([h, _], x) if h = x; g(f, x) if f = x;",
    ],
)
def test_lists_in_heads_are_answered_alike(rules: str) -> None:
    """Answers and errors of rules that take a list apart, for lists and for what is none."""
    pairs = combinations_of(VALUES, COLLECTIONS)
    questions = [(User(one), "read", Doc(other)) for one, other in pairs]

    policy = f'allow(u: User, "read", d: Doc) if has(d.x, u.x); {rules}'
    assert _differences(policy, questions) == []


@pytest.mark.each(4)
@pytest.mark.parametrize(
    "condition",
    [
        *("d.x = [_, *rest] and u.x in rest", "[u.x, _] = d.x", "d.x = [a, a] and u.x = a"),
        *(
            "d.x = [a, b] and a = u.x and b = 5",
            "not d.x = [u.x, *_]",
            "d.x = [*all] and u.x in all",
        ),
        *(
            "xs = [a, *rest] and xs = d.x and a = u.x and rest = [5]",
            "d.x = [[a, *_], *_] and a = u.x",
        ),
        *("y in d.x and y = [a, *_] and a = u.x", "forall([a, *_] = d.x, a = u.x)"),
        *("d.x = [a, b] and a < b and u.x = a", "d.x = [a, *rest] and not a in rest and u.x = a"),
        *(
            "[u.x, 1] in d.x and d.x = [_, *_]",
            "d.x = [y, *_] and y.x = u.x",
            "u.x = [a, *_] and a = d.x",
        ),
    ],
)
def test_lists_in_bodies_are_answered_alike(condition: str) -> None:
    """Answers and errors, where a goal takes a list apart."""
    collections: tuple[t.Any, ...] = (
        *(*COLLECTIONS, [5, 5], [1, 5], ["ana", 5], [BIG, 5], [[5, 1], [1, "ana"]], [[1, "x", 1]]),
        *(
            [Equal(5), 5],
            [5, sys],
            [ANA, 5],
            [[1, 1], [1, Equal(1)]],
            [5, {"x": sys}],
            [Color.RED, 5],
        ),
    )
    questions = [(User(one), "read", Doc(other)) for one in VALUES for other in collections]

    assert _differences(f'allow(u: User, "read", d: Doc) if {condition};', questions) == []


@pytest.mark.parametrize(
    "condition",
    [
        *("d.x = [_, *rest] and u.x in rest", "[a, b] = d.x and b = u.x and a = 1"),
        *('d.x = [a, *_] and a = 1 and u.x = "ana"', "not d.x = [_] and u.x in d.x"),
    ],
)
def test_list_in_a_body_is_taken_apart_by_one_function(condition: str) -> None:
    """A list of plain data, of whatever length."""
    oso = _oso(f'allow(u: User, "read", d: Doc) if {condition};', compiled=True)

    assert specialized(oso.engine, User("ana"), "read", Doc([1, "ana"])) is True
    assert specialized(oso.engine, User("ana"), "read", Doc([5])) is False
    assert specialized(oso.engine, User("ana"), "read", Doc(Equal([1]))) is None


def test_rule_that_takes_a_list_apart_is_compiled() -> None:
    """Nothing of such a rule is left to the solver."""
    oso = _oso(
        'allow(u: User, "read", d: Doc) if has(d.x, u.x);'
        "has([f, *_], x) if f = x; has([_, *r], x) if has(r, x);",
        compiled=True,
    )

    assert oso.is_allowed(User(3), "read", Doc([1, 2, 3])) is True
    assert [*oso.left_to_solver()] == []


@pytest.mark.each(4)
@pytest.mark.parametrize(
    "policy",
    [
        'allow(a: String, "read", d: Doc) if d.x = a;',
        'allow(a: Integer, "read", d: Doc) if d.x = a;',
        'allow(a: Integer, "read", d: Doc) if a > 1 and d.x = a;',
        'allow(a: Dictionary, "read", d: Doc) if d.x = a.ana;',
        'allow(a: Dictionary, "read", d: Doc) if d.x in a.ana.x;',
        'allow(_: Dictionary{x: 5}, "read", _: Doc);',
        'allow(a, "read", d: Doc) if d.x = a;',
        'allow(a, "read", d: Doc) if d.x == a;',
        'allow("ana", "read", d: Doc) if d.x = 1; allow(5, "read", _: Doc);',
        'allow(a: String, "read", d: Doc) if a.startswith("an") or d.x = a;',
        'allow(a: String, "read", _: Doc) if a = "ANA" or a in ["ana", "b"];',
        'allow(a: Integer, "read", _: Doc) if a = 5 or a in [1, 2];',
        'allow(a, "read", d) if f(a, d); f(a: String, d: Doc) if d.x = a;'
        " f(a: Dictionary, d: Doc) if d.x = a.ana; f(a: Integer, d: Doc) if d.x = a;",
        'allow(a: String, "read", _: Doc) if not a = "ana";',
        'allow(a, "read", _: Doc) if a.real = 5;',
    ],
)
def test_unusual_actors_are_answered_alike(policy: str) -> None:
    """Answers and errors for texts, numbers and dictionaries as actors."""
    actors = [*VALUES, *(each for each in COLLECTIONS if type(each) in (dict, list))]
    questions = [(actor, "read", Doc(x)) for actor in actors for x in VALUES]

    assert _differences(policy, questions) == []


@pytest.mark.parametrize(
    "policy",
    [
        'allow(d: Doc, "read", a: Dictionary) if a.ana = d.x;',
        'allow(d: Doc, "read", a: String) if a = d.x;',
        'allow(d: Doc, "read", a: Integer) if a = d.x;',
        'allow(d: Doc, "read", a) if a = d.x;',
    ],
)
def test_unusual_resources_are_answered_alike(policy: str) -> None:
    """Answers and errors for texts, numbers and dictionaries as resources."""
    resources = [*VALUES, *(each for each in COLLECTIONS if type(each) in (dict, list))]
    questions = [(Doc(x), "read", resource) for resource in resources for x in VALUES]

    assert _differences(policy, questions) == []


@pytest.mark.parametrize(
    ("policy", "question", "answer"),
    [
        ('allow(a: String, "read", d: Doc) if d.x = a;', ("ana", "read", Doc("ana")), True),
        ('allow(a: Integer, "read", d: Doc) if d.x = a;', (5, "read", Doc(6)), False),
        ('allow(a: Dictionary, "read", d: Doc) if d.x = a.k;', ({"k": 5}, "read", Doc(5)), True),
        ('allow(d: Doc, "read", a: Integer) if a in d.x;', (Doc([4, 5]), "read", 5), True),
        ('allow(d: Doc, "read", e: Doc) if e.x in d.x;', (Doc([(4, "a")]), "read", Doc(5)), False),
        (
            'allow(d: Doc, "read", e: Doc) if e.x in d.x;',
            (Doc([(4, "a")]), "read", Doc((4, "a"))),
            True,
        ),
        (
            'allow(u: User, "read", d: Doc) if [u.x, 1] in d.x;',
            (ANA, "read", Doc({"ana": 1})),
            True,
        ),
    ],
)
def test_plain_data_is_answered_by_one_function(
    policy: str, question: tuple[t.Any, ...], answer: bool
) -> None:
    """Texts, numbers and dictionaries as arguments, and pairs of a dictionary, are plain data."""
    oso = _oso(policy, compiled=True)
    assert oso.is_allowed(*question) is answer

    assert specialized(oso.engine, *question) is answer


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    "x", [{Folded("ana")}, frozenset({Folded("ana")}), {Folded("ana"): 1}.keys()]
)
def test_set_finds_by_hash(x: t.Any, *, compiled: bool) -> None:
    """An element of another hash that claims to equal a text is not found, as in Python."""
    oso = _oso('allow(u: User, "read", d: Doc) if u.x in d.x;', compiled=compiled)

    assert "ANA" not in x
    assert oso.is_allowed(User("ANA"), "read", Doc(x)) is False
    assert oso.is_allowed(User("ana"), "read", Doc(x)) is True
    assert oso.is_allowed(User("ANA"), "read", Doc([*x])) is True


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    "item", [("ana", 5), ("ana", 1), (1,), (True,), (None, b"x"), ()], ids=repr
)
def test_set_finds_tuples_as_a_list_does(item: t.Any, *, compiled: bool) -> None:
    """A tuple of texts and numbers is found by its hash: what equals it has the same."""
    oso = _oso('allow(u: User, "read", d: Doc) if u.x in d.x;', compiled=compiled)
    found = [("ana", True), ("ana", 6), (1.0,), ("ana", 5), (None, b"x")]
    others = [Claiming(), "ana", ("ana", 5, 5)]

    answers = [oso.is_allowed(User(item), "read", Doc({*found, *others}))]
    answers.append(oso.is_allowed(User(item), "read", Doc(found)))

    assert answers == [item in found] * 2


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("item", [ValueError("a"), _differences, True, False], ids=type)
@pytest.mark.parametrize(
    "x", [{Claiming()}, frozenset({Claiming()}), {Claiming(): 1}.keys()], ids=type
)
def test_set_is_asked_in_the_first_question_as_in_later_ones(
    x: t.Any, item: t.Any, *, compiled: bool
) -> None:
    """What is known of a class decides nothing: an element of another hash is never found."""
    oso = _oso('allow(u: User, "read", d: Doc) if u.x in d.x;', compiled=compiled)

    answers = [oso.is_allowed(User(item), "read", Doc(x)) for _ in range(3)]

    assert answers == [False] * 3


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(("item", "x"), [(1, {True}), (True, {1}), (0, {False}), (False, {0})])
def test_set_tells_numbers_from_booleans(item: t.Any, x: t.Any, *, compiled: bool) -> None:
    """In Python 1 is in a set of True; in Polar it is not."""
    oso = _oso('allow(u: User, "read", d: Doc) if u.x in d.x;', compiled=compiled)

    assert item in x
    assert oso.is_allowed(User(item), "read", Doc(x)) is False
    assert oso.is_allowed(User(item), "read", Doc({item})) is True


@pytest.mark.parametrize("x", [(), [], set(), frozenset(), {}.keys()])
@pytest.mark.parametrize("condition", ["u.x in d.x", "not u.x in d.x"])
def test_module_is_refused_where_nothing_is_searched(condition: str, x: t.Any) -> None:
    """What the sandbox refuses is an error also if the collection is empty."""
    oso = _oso(f'allow(u: User, "read", d: Doc) if {condition};', compiled=True)

    for _ in range(2):
        with pytest.raises(PolarRuntimeError, match="module"):
            oso.is_allowed(User(sys), "read", Doc(x))
    assert oso.is_allowed(User("x"), "read", Doc(x)) is condition.startswith("not")


@pytest.mark.parametrize("condition", ["u.x in EMPTY", "not u.x in EMPTY"])
def test_module_is_refused_where_an_empty_constant_is_searched(condition: str) -> None:
    """The same for a collection that is registered."""
    oso = Oso(compiled=True)
    oso.register_class(User)
    oso.register_class(Doc)
    oso.register_constant(frozenset(), "EMPTY")
    oso.load_str(f'allow(u: User, "read", _: Doc) if {condition};')

    for _ in range(2):
        with pytest.raises(PolarRuntimeError, match="module"):
            oso.is_allowed(User(sys), "read", Doc())


@pytest.mark.parametrize(
    "inner",
    [{"b": 1}, {1: 2, "b": 1}, {"b": BIG}, {"b": {"b": 1}}, {"c": 1}, {"b": "\ud800"}],
    ids=repr,
)
def test_dictionary_inside_is_looked_at_with_the_one_around_it(inner: t.Any) -> None:
    """What is odd in a dictionary within another is met however it is reached."""
    twice = {"b": 1}
    around = [{"a": inner}, {"a": {"b": 1}, "z": inner}, {"a": twice, "z": twice}]
    questions = [(User(1), "read", Doc(each)) for each in around]

    policy = 'allow(u: User, "read", d: Doc) if d.x.a.b = u.x;'
    assert _differences(policy, questions) == []


# -- flags -------------------------------------------------------------------------------------


class Rights(enum.Flag):
    READ = 1
    WRITE = 2
    SHARE = 4


class Bits(enum.IntFlag):
    READ = 1
    WRITE = 2
    ALL = 3


class Reversed(enum.Flag):
    """Flags that are gone through by code of the application."""

    READ = 1
    WRITE = 2

    def __iter__(self) -> t.Iterator[t.Any]:
        return iter([Reversed.WRITE])


class Kept(enum.Flag, boundary=enum.KEEP):
    """Flags that may have bits without a name."""

    READ = 1
    SHARE = 4


class Lenient(enum.Flag):
    """Flags that equal each other."""

    READ = 1
    WRITE = 2

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lenient)

    __hash__ = enum.Flag.__hash__


FLAGS = [
    *(Kept(0), Kept(1), Kept(2), Kept(7), ~Kept.READ),
    *(Rights(number) for number in range(8)),
    *(Bits(number) for number in range(4)),
    *(Reversed(number) for number in range(4)),
]


def ask_of_flags(item: t.Any, flags: t.Any, *, compiled: bool) -> tuple[bool, bool | None]:
    """Give the answer, and that of a function for plain data."""
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Doc)
    oso.load_str('allow(u: User, "read", d: Doc) if u.x in d.x;')
    answer = oso.is_allowed(User(item), "read", Doc(flags))
    return answer, specialized(oso.engine, User(item), "read", Doc(flags)) if compiled else None


@pytest.mark.parametrize("flags", FLAGS, ids=repr)
@pytest.mark.parametrize(
    "item", [Rights.READ, Bits.WRITE, Bits.ALL, Reversed.READ, 1, None], ids=repr
)
def test_search_among_flags(item: t.Any, flags: t.Any) -> None:
    """Flags are searched as the solver does it, which goes through their members."""
    answer, quick = ask_of_flags(item, flags, compiled=True)

    assert answer is ask_of_flags(item, flags, compiled=False)[0]
    assert quick is (None if type(flags) is Reversed else answer)


@pytest.mark.parametrize("item", [Kept.READ, Kept(2), Kept(3), Kept(0), ~Kept.READ], ids=repr)
@pytest.mark.parametrize("flags", FLAGS[:5], ids=repr)
def test_search_for_bits_without_a_name(item: t.Any, flags: t.Any) -> None:
    """Those that ``enum`` gives when it goes through flags are found, and no others."""
    answer = ask_of_flags(item, flags, compiled=True)[0]

    assert answer is ask_of_flags(item, flags, compiled=False)[0]


@pytest.mark.parametrize("compiled", [True, False])
def test_flags_with_an_equality_of_their_own_are_asked(*, compiled: bool) -> None:
    """A bit that is missing may equal one that is there."""
    assert ask_of_flags(Lenient.READ, Lenient.WRITE, compiled=compiled)[0] is True


def test_method_that_refuses_its_arguments_fails_where_the_solver_calls_it() -> None:
    """Not behind the first solution, although the function for plain data comes to it before."""
    policy = """
        allow(u: User, "read", d: Doc) if has(u, d, "a");
        has(u: User, _: Doc, "a") if y in u.x and y = 1;
        has(u: User, d: Doc, x) if found(u, d, x);
        found(_: User, d: Doc, "a") if d.x.lower("a") = "a";
        found(_: User, d: Doc, "b") if d.x.upper("a") = "a";
    """
    questions = [(User(one), "read", Doc("a")) for one in ([1], [2])]

    assert _differences(policy, questions) == []


@pytest.mark.each(4)
@pytest.mark.parametrize(
    "condition",
    [
        *('d.x.replace("a", "b") = u.x', "d.x.replace(u.x, d.x) = u.x", "d.x.replace(u.x) = u.x"),
        *("u.x in d.x.partition(u.x)", "[u.x] = d.x.rsplit(u.x)", "d.x.rfind(u.x) = 1"),
        *("u.x in d.x.splitlines()", 'd.x.replace("a", "").startswith(u.x)'),
        *('d.x = ":".join([u.x, "a"])', 'd.x = "".join([u.x])', '"a".join([d.x, u.x]) = "aaa"'),
        *(
            '"".join(d.x) = u.x',
            'd.x.join([u.x, "a"]) = u.x',
            'xs = d.x and ":".join([u.x, *xs]) = "a"',
        ),
    ],
)
def test_methods_of_texts_are_answered_alike(condition: str) -> None:
    """Answers and errors, for texts and for what is none."""
    texts = ("ana", "a", "", "é", "\ud800", "1", "a\nb", Folded("ANA"), b"ana", ["a"], None, 1)
    questions = [(User(one), "read", Doc(other)) for one in texts for other in texts]

    assert _differences(f'allow(u: User, "read", d: Doc) if {condition};', questions) == []


def test_replaced_text_is_plain_data() -> None:
    """One function answers, as for other methods of texts."""
    oso = _oso('allow(u: User, "read", d: Doc) if d.x.replace("a", "b") = u.x;', compiled=True)

    assert specialized(oso.engine, User("bnb"), "read", Doc("ana")) is True


def test_text_that_is_made_of_several_is_plain_data() -> None:
    """As of a kind and an action, which a token has in one text."""
    oso = _oso(
        'allow(u: User, action, d: Doc) if s in u.x and s = ":".join([d.x, action]);', compiled=True
    )

    answers = [
        specialized(oso.engine, User(["doc:read"]), each, Doc("doc")) for each in ("read", "edit")
    ]

    assert answers == [True, False]


@pytest.mark.parametrize("compiled", [True, False])
def test_range_that_is_longer_than_memory_is_gone_through(*, compiled: bool) -> None:
    """It is never copied: the search ends at the element that it finds."""
    oso = _oso('allow(_: User, "read", doc: Doc) if 1.0 in doc.x;', compiled=compiled)

    assert oso.is_allowed(ANA, "read", Doc(x=range(1 << 60)))


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("network", ["10.0.0.0/8", "::/64"])
def test_network_is_not_gone_through(network: str, *, compiled: bool) -> None:
    """It has more addresses than can be compared in the time of a question."""
    oso = _oso('allow(u: User, "read", d: Doc) if u.x in d.x;', compiled=compiled)
    within = ipaddress.ip_network(network)
    asking = [within.network_address + 9, ipaddress.ip_address("192.168.0.1"), "10.0.0.1", None]

    answers = [oso.is_allowed(User(x), "read", Doc(x=within)) for x in asking]

    assert answers == [True, False, False, False]


def test_network_is_answered_by_a_specialization() -> None:
    """One function answers, as for a set."""
    oso = _oso('allow(u: User, "read", d: Doc) if net in d.x and u.x in net;', compiled=True)
    networks = [ipaddress.ip_network(each) for each in ("192.168.0.0/16", "10.0.0.0/24")]
    asking = [ipaddress.ip_address(each) for each in ("10.0.0.7", "10.0.1.7")]

    answers = [specialized(oso.engine, User(x), "read", Doc(x=networks)) for x in asking]

    assert answers == [True, False]


@dataclasses.dataclass(frozen=True)
class Seat:
    row: int


KINDS: dict[str, t.Any] = {
    "list": [1, "a"],
    "dictionary": {"a": 1},
    "tuple": (1, "a"),
    "set": frozenset({1}),
    "dataclass": Seat(1),
    "number": 1,
    "text": "a",
    "nil": None,
}


@pytest.mark.parametrize("element", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("item", KINDS.values(), ids=KINDS)
def test_values_of_two_kinds_are_compared_without_the_rules(item: t.Any, element: t.Any) -> None:
    """A list, a dictionary, a tuple, a set and an object of a dataclass never equal one another."""
    oso = make_oso('allow(u: User, "read", d: Doc) if u.x in d.x;', User, Doc)
    question = User(item), "read", Doc([element, element])

    for _ in range(2):
        assert specialized(oso.engine, *question) is (item is element)


class Phase(enum.Enum):
    """Of a class that nobody registers, and that no constant of a policy is of."""

    OPEN = 1
    SHUT = 2


@pytest.mark.parametrize("condition", ["u.x != d.x", "not u.x == d.x"])
def test_members_that_differ_are_compared_without_the_rules(condition: str) -> None:
    """Also the first ones of their class."""
    oso = make_oso(f'allow(u: User, "read", d: Doc) if {condition};', User, Doc)

    assert specialized(oso.engine, User(Phase.OPEN), "read", Doc(Phase.SHUT)) is True
    assert specialized(oso.engine, User(Phase.OPEN), "read", Doc(Phase.OPEN)) is False


#: What JSON gives, and what is like it.
NESTED: list[t.Any] = [
    *([], {}, [[]], [{}], {"a": []}, {"a": {}}, {"a": None}, [None], [[1, 2], [3]]),
    *([[1, 2], [4]], [[1], [2, 3]], [{"a": 1}, {"b": [2]}], [{"a": True}, {"b": [2]}]),
    *({"a": [1, {"b": "c"}]}, {"a": [1.0, {"b": "c"}]}, {"a": {"b": {"c": [1]}}}, [[[[1]]]]),
    *({"a": [(1,)]}, {"a": {1, 2}}, {"a": [BIG]}, [[float("nan")]], {"a": [Equal(1)]}),
]


@pytest.mark.parametrize(
    "condition", ["d.x = u.x", "not d.x = u.x", "d.x in [1, u.x]", "u.x in d.x"]
)
def test_data_in_data_are_compared_as_the_solver_does(condition: str) -> None:
    """Lists and dictionaries stand in each other, at any depth."""
    policy = f'allow(u: User, "read", d: Doc) if {condition};'
    compiled, solver = (make_oso(policy, User, Doc, compiled=each) for each in (True, False))

    for left, right in itertools.product(NESTED, repeat=2):
        question = User(left), "read", Doc(copy.deepcopy(right))
        assert outcome_of(compiled, *question) == outcome_of(solver, *question), (left, right)


@pytest.mark.parametrize("data", NESTED[:17], ids=str)
def test_data_in_data_are_plain_data(data: t.Any) -> None:
    """No solver converts them."""
    oso = make_oso('allow(u: User, "read", d: Doc) if d.x = u.x;', User, Doc)

    same = specialized(oso.engine, User(data), "read", Doc(copy.deepcopy(data)))
    other = specialized(oso.engine, User([data, 1]), "read", Doc([data, 2]))

    assert (same, other) == (True, False)


def test_data_that_are_there_twice_are_plain_data() -> None:
    """What is one object in two places has the same parts in both."""
    oso = make_oso('allow(u: User, "read", d: Doc) if d.x = u.x;', User, Doc)
    row = [1, 2]

    same = specialized(oso.engine, User([row, row]), "read", Doc([row, [1, 2]]))
    other = specialized(oso.engine, User([row, row]), "read", Doc([row, row, row]))

    assert (same, other) == (True, False)


@pytest.mark.parametrize("left", [True, 1, 1.0, False, 0], ids=repr)
@pytest.mark.parametrize("right", [True, 1, 1.0, False, 0], ids=repr)
def test_booleans_in_data_are_no_numbers(left: t.Any, right: t.Any) -> None:
    """Python takes ``True`` for 1, and the order of keys does not count."""
    compiled, solver = (
        make_oso('allow(u: User, "read", d: Doc) if d.x = u.x;', User, Doc, compiled=each)
        for each in (True, False)
    )
    data = {"a": [{"b": left}], "c": True}, {"c": True, "a": [{"b": right}]}

    question = User(data[0]), "read", Doc(data[1])

    assert outcome_of(compiled, *question) == outcome_of(solver, *question)
    assert specialized(compiled.engine, *question) is solver.is_allowed(*question)


def test_data_that_contain_themselves_are_not_followed_without_end() -> None:
    """Ten ways lead into a list from each of its places."""
    oso = make_oso('allow(u: User, "read", d: Doc) if d.x = u.x;', User, Doc)
    ring: list[t.Any] = []
    ring.extend([ring] * 10)

    answer = specialized(oso.engine, User(ring), "read", Doc([[1]]))

    assert answer is None


class Alone:
    """It equals itself alone."""


class Spotted:
    """It equals all others of its class."""

    def __eq__(self, other: object) -> bool:
        return type(other) is Spotted

    def __hash__(self) -> int:
        return 1


_ONE, _TWO = Alone(), Alone()


@pytest.mark.parametrize(
    "elements",
    [
        *([_ONE, _TWO], [_ONE, "a"], [_TWO, "b"], [_ONE, 1], [True, _ONE], [Spotted(), _ONE]),
        *({_ONE, "a"}, {Spotted()}, [None, _ONE], [[_ONE]], (_ONE, _TWO), []),
    ],
    ids=range(12),
)
@pytest.mark.parametrize("condition", ["x in u.x and x in d.x", "not (x in u.x and x in d.x)"])
def test_objects_of_two_collections_are_found_as_by_the_solver(
    condition: str, elements: t.Any
) -> None:
    """Those that equal themselves alone are found by their hash, beside texts."""
    policy = f'allow(u: User, "read", d: Doc) if {condition};'
    compiled, solver = (make_oso(policy, User, Doc, Alone, compiled=each) for each in (True, False))

    for searched in ([_ONE, _TWO], [_TWO], ["a", _TWO], [1, 2], [Spotted(), 5], [None, "q"]):
        question = User(searched), "read", Doc(elements)
        assert outcome_of(compiled, *question) == outcome_of(solver, *question), searched
