"""What a rule reads of a dictionary, and nothing else of it."""

from __future__ import annotations

import collections
import decimal
import enum
import re
import sys
import types
import typing as t
import uuid

import pytest

from flask_oso import Oso, Variable
from flask_oso.polar.compiler.specialization.operations.containers import SilentReads
from flask_oso.polar.exceptions import PolarRuntimeError, PolarTypeError
from tests.support.answers import outcome_of, specialized
from tests.support.sizes import combinations_of
from tests.support.value_kinds import Folded, User

BIG = 2**70
KEY = uuid.UUID(int=3)
BOTH = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solved"])


class Doc:
    def __init__(self, x: t.Any = None) -> None:
        self.x = x

    def give(self) -> t.Any:
        return self.x


class Role(enum.StrEnum):
    ANA = "ana"


class Own(dict[str, t.Any]):
    """A dictionary with a way of its own to look up."""

    def __getitem__(self, key: str) -> t.Any:
        return "own"


def _circle() -> dict[str, t.Any]:
    circle: dict[str, t.Any] = {"ana": 1}
    circle["x"] = circle
    return circle


class Hidden(dict[str, t.Any]):
    """A dictionary of which an object may have a 'get' of its own."""


def _hidden(get: t.Any) -> Hidden:
    hidden = Hidden(ana=1)
    vars(hidden)["get"] = get
    return hidden


class Computed(dict[str, t.Any]):
    @property
    def get(self) -> t.Any:
        return lambda key: 1


class Disguised(dict[str, t.Any]):
    """A dictionary whose attributes are computed."""

    @property
    def __dict__(self) -> t.Any:  # type: ignore[override]
        return {}


SHARED = {"x": 1}
ITEMS: tuple[t.Any, ...] = (
    *(0, 1, 5, True, None, "ana", "ANA", "x", "1", "true", "null", "é", "\ud800", 1.0, BIG),
    *(float("nan"), KEY, Role.ANA, Folded("ANA"), b"x", (5, "ana"), sys),
)
DICTIONARIES: tuple[t.Any, ...] = (
    *({}, {"ana": 1, "x": 5}, {"ana": {"x": ["ana"]}, "x": None}, {1: "ana", "1": 5}, {1: "ana"}),
    *({True: 1, None: 5}, {"ana": BIG, "x": 1}, {"ana": "\ud800", "x": 1}, {"\ud800": 1, "ana": 5}),
    *({decimal.Decimal(5): 1, 1: "x"}, {KEY: 5, "ana": 1}),
    *({(5, "ana"): 1, "x": 1}, {Role.ANA: 1, "x": 5}, {Folded("ANA"): 1}),
    *(_circle(), {"ana": SHARED, "x": SHARED}, {"ana": [1, [2, BIG]], "x": {"x": 5}}, {"é": 1}),
    *({"ana": sys, "x": 1}, {"ana": sys._getframe(), "x": 1}, {"x": Variable("q"), "ana": 1}),
    *(collections.OrderedDict(ana=1), collections.defaultdict(list, ana=[1])),
    *(collections.Counter("aab"), types.MappingProxyType({"ana": 1}), Own(ana=1), None, 5, "ana"),
    *(_hidden(lambda key: 1), _hidden({"x": 1}.get), _hidden(Hidden.fromkeys), Computed(ana=5)),
    *(collections.Counter({1: 1, "1": 5}), collections.defaultdict(int, x=BIG)),
    *([["ana", 1], ["x", 5], ["ana", 5]], [["x"], ["ana", "x"]], [["x", sys], ["ana", 1]]),
    *([{"x": 1, "ana": 5}, {"x": BIG}], [{"x": "ana", (1,): 1}], [{"x": sys}]),
    *([["ana", KEY], [KEY, "ana"], [1, True], ["é", 1]], [[float("nan"), BIG], ["ana", [1]]]),
    *([[Folded("ANA"), 1], [Role.ANA, 5]], [["ana", 1, 5], ["ana", 1]], [["ana", 1], ("x", 5)]),
)
CONDITIONS = (
    *("u.x in d.x.keys()", "not u.x in d.x.keys()", "k in d.x.keys() and k = u.x"),
    *("ks = d.x.keys() and u.x in ks", "1 in d.x.keys()", '"ana" in d.x.keys()'),
    *("u.x in d.give().keys()", "d.x.get(u.x) = 1", "not d.x.get(u.x) = 1", "d.x.get(u.x) = nil"),
    *('d.x.get("ana", 5) = u.x', "d.x.get(1) = u.x", "d.x.ana = u.x", "not d.x.ana = u.x"),
    *('d.x.get("ana") = nil', 'd.x.get("true") = u.x', 'd.x.get("1", 5) = u.x'),
    *("d.x.get(u.x, 7) = 7", "d.x.get(u.x, []) = []", 'u.x in d.x.get("ana", [])'),
    *("d.x.get(u.x, {x: 1}) matches {x: 1}", "d.x.get(u.x, nil) = nil", "d.x.get(u.x, d.x) = 1"),
    *("d.x.get(u.x, 1) = d.x.get(u.x, 5)", "not 5 in d.x.get(u.x, [5])", "d.x.get(u.x, true)"),
    *("k = u.x and not d.x.(k) = 1", "k = u.x and d.x.(k) = u.x", "k = u.x and d.x.(k).x = 5"),
    *("k = u.x and d.x.(k)", "k = u.x and v = d.x.(k) and u.x in v", "k in d.x and d.x.(k) = 1"),
    *("k = u.x and d.x.(k) = d.x.(k)", "forall(k in d.x.keys(), d.x.(k) = u.x)"),
    *("k = u.x and d.x.(k) = 1", "m = d.x and m.ana = u.x", "d.x.ana.x = u.x", "d.x.x.x.ana = 1"),
    *("[u.x, 1] in d.x", "not [u.x, _] in d.x", "[u.x, v] in d.x and v = 5", "[u.x] in d.x"),
    *("[_, v] in d.x and v = u.x", "[k, _] in d.x and k = u.x", "[_, v] in d.x and u.x in v"),
    *("[k, v] in d.x and k = u.x and v = 5", '[k, v] in d.x and v = "ana" and k = u.x'),
    *("[k, 1] in d.x and u.x = k", "not ([k, v] in d.x and k = u.x and v = 1)"),
    *("[k, v] in d.x and k = u.x and v > 3", "[k, v] in d.x and k = u.x and k in v"),
    *("[k, v] in d.x and k = d.x.x and v.x = 5", "forall([k, _] in d.x, k = u.x)"),
    *("[k, v] in d.x and k = u.x and d.x.(k) = v", "[k, k] in d.x and k = u.x"),
    *("[k, v] in d.x and k = u.x and w = v and w > 1", "id = u.x and [k, _] in d.x and k = id"),
    *("forall([_, v] in d.x, v = u.x)", "u.x in d.x.values()", "i in d.x.items() and i = u.x"),
    *("e in d.x and e.x = u.x", "e in d.x and e matches {x: 1}", "u.x in d.x", "d.x.ana = d.x.x"),
    *("d.x = {ana: 1, x: 5}", "not d.x = {ana: u.x}", "d.x = d.x", "d.x = nil", "d.x.copy() = d.x"),
    *("w = u.x and [w, w] in d.x", "[u.x, u] in d.x", "not [u, u.x] in d.x", "[_, u.x] in d.x"),
    *("under(u.x, u.x, d)", "under(u.x, u, d)", "not under(u.x, d, d)", "under(u.x, KEY, d)"),
    *("d.x matches {ana: 1}", "d.x matches Dictionary", "d.x.ana > 0", "d.x.ana in d.x.x"),
)


def _oso(condition: str, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Doc)
    actor = "u" if "u." in condition else "_u"
    oso.register_constant(KEY, "KEY")
    under = "under(key, value, d) if [key, value] in d.x;" if "under(" in condition else ""
    oso.load_str(f'allow({actor}: User, "read", d: Doc) if {condition};{under}')
    return oso


@pytest.mark.parametrize(
    ("condition", "pairs"),
    [
        ("[u.x, d] in d.x", [["ana", None]]),
        ("[u.x, u] in d.x", [["x", None], ["ana", None]]),
        ("not under(u.x, d, d)", [["x", 1], ["ana", 5]]),
        ("[_, o] in d.x and o = d", [["ana", None], ["x", None]]),
        ("[u.x, o] in d.x and o = d", [["ana", None], ["x", None]]),
        ('["x", o] in d.x and o = d and u.x != o', [["ana", None], ["x", None]]),
    ],
)
def test_lists_of_two_are_searched_by_a_specialization(
    condition: str, pairs: list[list[t.Any]]
) -> None:
    """For an object, as roles of a user on folders are."""
    compiled, solved = (_oso(condition, compiled=each) for each in (True, False))
    user, doc = User("ana"), Doc()
    doc.x = [[one, (doc if "d]" in condition or "o" in condition else user)] for one, _ in pairs]

    found = specialized(compiled.engine, user, "read", doc)

    assert found is solved.is_allowed(user, "read", doc)
    assert found is not None


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


class Hashing:
    """An object whose hash is code of the application."""

    def __hash__(self) -> int:
        return 1


@pytest.mark.parametrize(
    "key", [Level.LOW, User("x"), KEY, None], ids=lambda key: type(key).__name__
)
@pytest.mark.parametrize("condition", ["d.x.get(u.x) = 1", "d.x.get(u.x, 5) = 1"])
def test_object_is_found_by_its_hash(condition: str, key: t.Any) -> None:
    """Members of enumerations and objects that equal themselves alone are keys as texts are."""
    oso = _oso(condition)

    for entries in ({key: 1, "x": 2}, {"x": 1}):
        asked = User(key), "read", Doc(entries)
        answer = oso.is_allowed(*asked)
        assert answer is _oso(condition, compiled=False).is_allowed(*asked)
        assert specialized(oso.engine, *asked) is answer


def test_actor_is_a_key() -> None:
    """Its class is known when the function is written."""
    oso, ana, doc = _oso('d.x.get(u) = 1 and u.x = "ana"'), User("ana"), Doc()
    doc.x = {ana: 1}

    assert oso.is_allowed(ana, "read", doc)
    assert specialized(oso.engine, ana, "read", doc) is True
    assert specialized(oso.engine, User("ana"), "read", doc) is False


def test_hash_of_the_application_is_left_to_the_rules() -> None:
    """A specialization asks no object."""
    oso, key = _oso("d.x.get(u.x) = 1"), Hashing()

    assert oso.is_allowed(User(key), "read", Doc({key: 1}))
    assert specialized(oso.engine, User(key), "read", Doc({key: 1})) is None


@pytest.mark.parametrize("default", ['["ana"]', '"ana"', "7", "true"])
def test_default_of_the_policy_is_found_by_a_specialization(default: str) -> None:
    """A literal, and what is made of literals."""
    engine = _oso(f"d.x.get(u.x, {default}) = {default}").engine

    assert specialized(engine, User("ana"), "read", Doc({"x": 5})) is True
    assert specialized(engine, User("x"), "read", Doc({"x": 5})) is False


@pytest.mark.parametrize(
    ("condition", "answer"), [("d.x.(k) = 1", False), ("not d.x.(k) = 1", True)]
)
def test_missing_entry_is_noticed_by_a_specialization(condition: str, answer: bool) -> None:
    """Who is not in the table of the roles is denied as fast as others are allowed."""
    engine = _oso(f"k = u.x and {condition}").engine

    assert specialized(engine, User("ana"), "read", Doc({"x": 1})) is answer
    assert specialized(engine, User("ana"), "read", Doc({"ana": 1})) is not answer


@pytest.mark.parametrize(
    ("condition", "entries"),
    [
        ("[_, v] in d.x and v > 3", {"b": 5, "a": "text"}),
        ("[k, v] in d.x and k in u.x and v.x = 1", {"b": Doc(1), "a": 7}),
        ("v in d.x.values() and {a: [], b: 5}.(v) > 3", {"b": "b", "a": "a"}),
        ("k in d.x.keys() and {a: [], b: 5}.(k) > 3", {"b": 1, "a": 1}),
        ("[_, v] in d.x and not v = 3 and v > 3", {"b": 5, "a": "text"}),
        ("not ([_, v] in d.x and v = 3) and [_, w] in d.x and w > 3", {"b": 5, "a": "text"}),
        ("[k, v] in d.x and v > 3 and k = u.name", {"b": 5, "a": "text"}),
        ("[k, v] in d.x and v = 5 and k = u.name", {"b": 5, "a": sys}),
        ("[k, _] in d.x and k = u.name", {"b": 5, (1,): 1}),
        ("[k, _] in d.x and k = u.computed", {"b": 5, "a": sys}),
        ("[k, _] in d.x and k = 5", {"b": 5, "a": sys}),
        ("[k, _] in d.x and k = u.gone", {"b": 5}),
    ],
)
def test_error_of_an_earlier_key_comes_before_a_solution(
    condition: str, entries: dict[str, t.Any]
) -> None:
    """Entries are gone through in the order of their keys, whichever was added first."""
    compiled, solved = (_oso(condition, compiled=each) for each in (True, False))
    user = User(["a", "b"])
    user.name = "b"  # type: ignore[attr-defined]  # of any class
    question = user, "read", Doc(entries)

    expected = outcome_of(solved, *question)

    assert expected is not True
    assert [outcome_of(compiled, *question) for _ in range(2)] == [expected] * 2


@BOTH
@pytest.mark.parametrize(
    "condition",
    [
        *("[k, _] in d.x and k = u.x", "[k, v] in d.x and k = u.x and v = 5"),
        *("[k, 5] in d.x and u.x = k", "g = u.x and [k, v] in d.x and k = g and v = 5"),
        *("([k, v] in d.x or [k, v] in [[1, 2]]) and (k = u.x and v = 5)",),
        *("w = u.x and [k, v] in d.x and k = w and v = 5", "[k, v] in d.x and k = d.m.b and v = 5"),
        *("k in d.x.keys() and k = u.x", "k in d.x.keys() and k = d.m.b and d.x.(k) = 5"),
    ],
)
@pytest.mark.parametrize("odd", [{"a": sys}, {"\ud800": 1}, {"a": sys._getframe()}])
def test_entry_is_found_by_the_text_that_is_compared_next(
    condition: str, odd: dict[t.Any, t.Any], *, compiled: bool
) -> None:
    """What a dictionary has under other keys is not looked at."""
    oso, doc = _oso(condition, compiled=compiled), Doc({"b": 5, **odd})
    doc.m = {"b": "b"}  # type: ignore[attr-defined]  # of any class

    for _ in range(2):
        assert outcome_of(oso, User("b"), "read", doc) is True


@BOTH
@pytest.mark.parametrize(
    "condition",
    [
        *("p = [k, v] and p in d.x and k = u.x and v = 5", "p = [k, _] and p in d.x and k = u.x"),
        "p in d.x and p = [k, v] and k = u.x and v = 5",
    ],
)
def test_entry_is_found_where_a_variable_stands_for_the_pair(
    condition: str, *, compiled: bool
) -> None:
    """Nothing is known of its parts where the search stands."""
    oso = _oso(condition, compiled=compiled)

    assert oso.is_allowed(User("b"), "read", Doc({"a": 1, "b": 5})) is True
    assert oso.is_allowed(User("c"), "read", Doc({"a": 1, "b": 5})) is False


@pytest.mark.parametrize(
    "condition",
    [
        *("[k, v] in d.x and v = k and k = u.x", "[k, v] in d.x and k = v and u.x = k"),
        *(
            '[k, v] in d.x and v = "b" and k = u.x',
            '[k, v] in d.x and k = w and "b" = v and u.x = w',
        ),
    ],
)
@pytest.mark.parametrize("negated", ["{}", "not ({})"], ids=["", "not"])
def test_value_that_is_compared_before_the_key_is_compared_for_each_entry(
    condition: str, negated: str
) -> None:
    """The equality of an object may raise an error."""

    class Broken:
        x = 1
        __hash__ = object.__hash__

        def __eq__(self, other: t.Any) -> bool:
            # It expects an object of its class.
            return bool(self.x == other.x)

    question = User("b"), "read", Doc({"a": Broken(), "b": "b"})
    compiled, solved = (_oso(negated.format(condition), compiled=each) for each in (True, False))

    expected = outcome_of(solved, *question)
    assert isinstance(expected, tuple)
    assert [outcome_of(compiled, *question) for _ in range(2)] == [expected] * 2


@BOTH
def test_attribute_of_a_class_is_not_read_ahead(*, compiled: bool) -> None:
    """A descriptor may compute it."""
    oso, asked = Oso(compiled=compiled), list[str]()

    class Key:
        def __get__(self, _: t.Any, __: t.Any) -> str:
            asked.append("key")
            return "b"

    class Settings:
        key = Key()

    for cls in (Settings, Doc):
        oso.register_class(cls)
    rules = "s = Settings and [k, v] in d.x and k = s.key and v = 5"
    oso.load_str(f'allow(_, "read", d: Doc) if {rules};')

    assert oso.is_allowed("ana", "read", Doc({"b": 5}))
    assert asked == ["key"]


@BOTH
@pytest.mark.parametrize("name", ["b", "none"])
def test_text_that_is_computed_is_compared_with_each_key(name: str, *, compiled: bool) -> None:
    """Reading it ahead could be observed: all entries are gone through."""
    oso, asked = Oso(compiled=compiled), list[str]()

    class Asking(User):
        @property
        def name(self) -> str:
            asked.append("name")
            return str(self.x)

    for cls in (Asking, Doc):
        oso.register_class(cls)
    oso.load_str('allow(u: Asking, "read", d: Doc) if [k, _] in d.x and k = u.name;')

    assert oso.is_allowed(Asking(name), "read", Doc({"a": 1, "b": 5})) is (name == "b")
    assert asked == ["name", "name"]
    assert isinstance(outcome_of(oso, Asking(name), "read", Doc({"a": sys})), tuple)


@pytest.mark.parametrize(
    "condition",
    [
        *(
            "[k, _] in d.x and k = u.x",
            "[k, v] in d.x and k = u.x and v = 1",
            "[k, 1] in d.x and k = u.x",
        ),
        *("[k, v] in d.x and v = 1 and u.x = k",),
    ],
)
@pytest.mark.parametrize("entries", [{}, {"ben": 1}, {"ben": 1, "ana": 1}, {"é": 1, "ana": 1}])
def test_entry_whose_key_is_compared_later_is_found(
    condition: str, entries: dict[str, t.Any]
) -> None:
    """By its key, and without an entry nothing is missing of what is compared with it."""
    compiled, solved = (_oso(condition, compiled=each) for each in (True, False))
    doc, nobody = Doc(entries), User()
    del nobody.x

    assert specialized(compiled.engine, User("ana"), "read", doc) is ("ana" in entries)
    assert outcome_of(compiled, nobody, "read", doc) == outcome_of(solved, nobody, "read", doc)


@pytest.mark.parametrize("condition", ["u.x in d.x", "not u.x in d.x"])
@pytest.mark.parametrize("listed", [[{Folded("ANA"): 1}], [{"ben": 1}, {Folded("ANA"): 1}]])
def test_key_in_a_list_that_says_itself_what_it_equals_is_not_asked(
    condition: str, listed: list[t.Any]
) -> None:
    """Keys are texts for a policy, whatever they equal."""
    compiled, solved = (_oso(condition, compiled=each) for each in (True, False))
    question = User({"ana": 1}), "read", Doc(listed)

    expected = outcome_of(solved, *question)
    assert expected is condition.startswith("not")
    assert [outcome_of(compiled, *question) for _ in range(2)] == [expected] * 2


@pytest.mark.parametrize(
    "condition",
    [
        "k in d.x.keys() and k in u.x",
        "k in d.x.keys() and name = k and name in u.x",
        "not (k in d.x.keys() and k in u.x)",
    ],
)
@pytest.mark.parametrize("listed", [["ben", "ana"], ["ben"], []], ids=["there", "missing", "none"])
def test_keys_are_looked_up_for_what_is_gone_through_behind_them(
    condition: str, listed: list[str]
) -> None:
    """By the function for plain data, which gives up where a key is no text."""
    oso, entries = _oso(condition), {"x": 1, "ana": 2}
    expected = ("ana" in listed) is not condition.startswith("not")

    assert specialized(oso.engine, User(listed), "read", Doc(entries)) is expected
    assert specialized(oso.engine, User(listed), "read", Doc({**entries, KEY: 1})) is None


@pytest.mark.parametrize("name", ["ana", "ben", 1, None])
def test_key_is_looked_up_for_what_it_is_compared_with(name: t.Any) -> None:
    """By the function for plain data, also where an attribute that is read behind it is missing."""
    compiled, solved = (
        _oso("k in d.x.keys() and k = u.x", compiled=each) for each in (True, False)
    )
    nobody = User()
    del nobody.x

    assert specialized(compiled.engine, User(name), "read", Doc({"ana": 1})) is (name == "ana")
    for entries in ({}, {"ana": 1}):
        asked = nobody, "read", Doc(entries)
        assert outcome_of(compiled, *asked) == outcome_of(solved, *asked)


@pytest.mark.each(3)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_dictionaries_are_answered_alike(condition: str) -> None:
    """Answers and errors of compiled rules are those of the solver."""
    compiled, solver = (_oso(condition, compiled=each) for each in (True, False))
    items = ITEMS if "u." in condition else ITEMS[:1]
    pairs = combinations_of(items, DICTIONARIES)
    questions = [(User(item), "read", Doc(each)) for item, each in pairs]

    found = [outcome_of(compiled, *each) for each in questions]

    assert found == [outcome_of(solver, *each) for each in questions]


@BOTH
@pytest.mark.parametrize(
    "odd",
    [BIG, "\ud800", sys._getframe(), [BIG], {(1,): 1}],
    ids=["integer", "surrogate", "frame", "list", "tuple as key"],
)
@pytest.mark.parametrize(
    "condition",
    [
        *("d.x.ana = 1", 'd.x.get("ana") = 1', '"ana" in d.x.keys()', '["ana", 1] in d.x'),
        *("not d.x.none = 1", "d.x matches {ana: 1}", "m = d.x and m.ana = 1"),
    ],
)
def test_value_that_is_not_read_is_not_looked_at(
    condition: str, odd: t.Any, *, compiled: bool
) -> None:
    """It raises nothing: a client's JSON may have anything beside what a rule asks for."""
    oso = _oso(condition, compiled=compiled)

    assert oso.is_allowed(User(), "read", Doc({"ana": 1, "odd": odd, "x": 2}))


@BOTH
def test_key_that_is_not_asked_for_is_not_looked_at(*, compiled: bool) -> None:
    """A dictionary may have keys that JSON refuses beside the one that is read."""
    oso = _oso("d.x.ana = 1", compiled=compiled)

    assert oso.is_allowed(User(), "read", Doc({KEY: 2, (1,): 3, "ana": 1}))


@BOTH
@pytest.mark.parametrize("condition", ["[_, v] in d.x and v = 1", "d.x = {ana: 1}"])
def test_key_that_json_refuses_is_an_error_where_all_are_read(
    condition: str, *, compiled: bool
) -> None:
    """No entry is left out quietly."""
    oso = _oso(condition, compiled=compiled)

    with pytest.raises(TypeError, match=r"^Dictionary keys must be str, int, float, bool or None"):
        oso.is_allowed(User(), "read", Doc({"ana": 1, KEY: 2}))


@BOTH
def test_actor_has_entries_that_nobody_reads(*, compiled: bool) -> None:
    """The claims of a token may have a number beyond 64 bits."""
    oso = Oso(compiled=compiled)
    oso.register_class(Doc)
    oso.load_str('allow(claims: Dictionary, "read", _: Doc) if claims.sub = "ana";')

    assert oso.is_allowed({"sub": "ana", "jti": BIG, KEY: 1}, "read", Doc())
    assert not oso.is_allowed({"sub": "ben", "jti": BIG}, "read", Doc())


@BOTH
def test_number_beyond_64_bits_in_a_dictionary_compares_as_in_python(*, compiled: bool) -> None:
    """It is a Python object, as the value of an attribute is."""
    oso = _oso("d.x.size > u.x", compiled=compiled)

    assert oso.is_allowed(User(5), "read", Doc({"size": BIG}))
    assert not oso.is_allowed(User(BIG), "read", Doc({"size": 5}))


@BOTH
@pytest.mark.parametrize("condition", ["d.x.ana = u.x", "[_, v] in d.x and v = u.x"])
def test_frame_in_a_dictionary_is_refused_when_it_is_read(
    condition: str, *, compiled: bool
) -> None:
    """What leads to the program is no value for a rule."""
    oso = _oso(condition, compiled=compiled)

    with pytest.raises(PolarRuntimeError):
        oso.is_allowed(User(1), "read", Doc({"ana": sys._getframe()}))


@BOTH
@pytest.mark.parametrize("condition", ["a.ana = 1", "a = {ana: 1}", '["ana", 1] in a'])
def test_variable_in_a_dictionary_is_refused_when_it_is_read(
    condition: str, *, compiled: bool
) -> None:
    """A decision never finds values for what an argument leaves open."""
    oso = Oso(compiled=compiled)
    oso.load_str(f'allow(a, "read", _) if {condition};')

    with pytest.raises(PolarTypeError, match=r"A dictionary has values, not a variable"):
        oso.is_allowed({"ana": Variable("q")}, "read", "doc")


@BOTH
@pytest.mark.parametrize(
    "condition", ["d.x.(k) != nil", "v = d.x.(k) and v != nil", "_ = d.x.(k)", "not d.x.(k) = nil"]
)
def test_missing_entry_is_no_object(condition: str, *, compiled: bool) -> None:
    """Also where objects of the class 'object' itself were read before."""
    oso = _oso(f"k = u.x and {condition}", compiled=compiled)
    assert oso.is_allowed(User("k"), "read", Doc({"k": object()}))
    holds_without = condition.startswith("not")

    for _ in range(2):
        assert oso.is_allowed(User("k"), "read", Doc({"a": 1})) is holds_without


@BOTH
def test_lookup_adds_nothing_to_a_defaultdict(*, compiled: bool) -> None:
    """A question leaves the application's objects as they are."""
    oso = _oso('not "ana" in d.x.keys() and d.x.get("ana") = nil', compiled=compiled)
    value = collections.defaultdict[str, list[int]](list)

    assert oso.is_allowed(User(), "read", Doc(value))
    assert not value


@BOTH
def test_loop_sees_the_dictionary_as_it_was_at_its_start(*, compiled: bool) -> None:
    """A method may change what a rule goes through."""

    class Growing:
        def __init__(self) -> None:
            self.x = {"a": 1}

        def grow(self) -> bool:
            self.x[f"a{len(self.x)}"] = 1
            return len(self.x) > 5

    oso = Oso(compiled=compiled)
    oso.register_class(Growing)
    oso.load_str('allow(_, "read", d: Growing) if [_, 1] in d.x and d.grow();')

    assert not oso.is_allowed("ana", "read", Growing())


@pytest.mark.parametrize(
    "condition",
    [
        *("u.x in d.x.keys()", "d.x.get(u.x) = 1", "[u.x, 1] in d.x", "d.x.ana = 1"),
        *("k = u.x and d.x.(k) = 1", "d.x.ana = u.x", "u.x in d.give().keys()"),
    ],
)
@pytest.mark.parametrize("key", ["ana", "17"])
def test_lookup_does_not_go_through_the_keys(condition: str, key: str) -> None:
    """A key that Polar has no name for is an error only where a rule meets it."""
    oso = _oso(condition)
    expected = {"d.x.ana = 1": True, "d.x.ana = u.x": False}.get(condition, key == "ana")

    for _ in range(2):
        assert oso.is_allowed(User(key), "read", Doc({KEY: 2, "ana": 1})) is expected


def test_keys_are_read_when_they_are_gone_through() -> None:
    """One function for plain data answers, also where the keys are bound to a name."""
    oso = _oso("ks = d.x.keys() and u.x in ks")

    assert specialized(oso.engine, User("ana"), "read", Doc({"ana": BIG})) is True


@pytest.mark.parametrize(
    "made",
    [
        *(collections.Counter(ana=1), collections.OrderedDict(ana=1), {"ana": 1}, Own(ana=1)),
        collections.defaultdict(int, ana=1),
    ],
    ids=lambda made: type(made).__name__,
)
def test_entry_of_a_class_that_derives_from_dict_is_plain_data(made: dict[str, int]) -> None:
    """Its `get` is that of dictionaries, so one function answers from the second question on."""
    oso = _oso("d.x.get(u.x) = 1")

    assert oso.is_allowed(User("ana"), "read", Doc(made))
    assert specialized(oso.engine, User("ana"), "read", Doc(made)) is True
    assert specialized(oso.engine, User("ben"), "read", Doc(made)) is False
    assert specialized(oso.engine, User(7), "read", Doc(made)) is False


@pytest.mark.parametrize("made", [_hidden(len), Computed(ana=5), Disguised(ana=1)])
def test_get_of_an_object_is_left_to_the_rules(made: dict[str, int]) -> None:
    """It may be any code of the application."""
    oso = _oso("d.x.get(u.x) = 1")

    assert not oso.is_allowed(User("ben"), "read", Doc(collections.Counter(ana=1)))
    assert specialized(oso.engine, User("ana"), "read", Doc(made)) is None


def test_get_that_a_class_has_by_now_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its objects were asked before, when it was that of dictionaries."""
    oso, made = _oso("d.x.get(u.x) = 1"), Hidden(ana=1)
    assert oso.is_allowed(User("ana"), "read", Doc(made))
    assert specialized(oso.engine, User("ana"), "read", Doc(made)) is True

    monkeypatch.setattr(Hidden, "get", lambda _self, _key: 0, raising=False)

    assert not oso.is_allowed(User("ana"), "read", Doc(made))
    assert specialized(oso.engine, User("ana"), "read", Doc(made)) is None


@pytest.mark.parametrize(
    "condition",
    [
        "[k, v] in d.x and k in u.x and v > 0",
        "k in d.x and k in u.x",
        "k in d.x.keys() and k in u.x",
        'k in d.x.keys() and k = "ana" and k in u.x',
    ],
)
def test_search_for_each_element_is_that_of_the_solver(condition: str) -> None:
    """A list of texts is looked at once, and anything else for each element."""
    compiled, solved = (_oso(condition, compiled=each) for each in (True, False))
    searched: tuple[t.Any, ...] = (
        *(
            ["ana", "x"],
            [],
            ["ben"],
            ["ana"] * 40,
            ["é"],
            ["\ud800"],
            [Role.ANA],
            ["ben", Role.ANA],
            ["ana", sys],
            ["x", KEY, "ana"],
        ),
        *({"ana"}, {"x", 1}, {Role.ANA}, frozenset("x"), ("ana",), ("ben", 1), {"ana": 1}, "ana"),
        *(
            ["ben", 1],
            [1, "ana"],
            [None, "x"],
            ["x", Folded("ANA")],
            [Folded("ANA")],
            {Folded("X")},
        ),
        *(None, 5, ["ana", ["x"]], ["ana", sys], [True], {True, "ana"}, range(3)),
    )
    gone_through: tuple[t.Any, ...] = (
        *({"ana": 1, "x": 5}, {"é": 1, "ana": 2}, {1: 1, "1": 2}, {}, {"ana": "text", "x": 1}),
        *(
            ["ana", "x"],
            [1, "ana"],
            [Role.ANA],
            [True, None],
            [["ana", 1]],
            ["\ud800", "ana"],
            None,
        ),
    )
    pairs = combinations_of(searched, gone_through)
    questions = [(User(each), "read", Doc(other)) for each, other in pairs]

    found = [outcome_of(compiled, *each) for each in questions]

    assert found == [outcome_of(solved, *each) for each in questions]


@pytest.mark.parametrize("condition", ["u.x = d.x", "not u.x = d.x", "u.x in d.x"])
def test_two_dictionaries_are_compared_as_by_the_solver(condition: str) -> None:
    """Value by value, where their keys are the same texts."""
    compiled, solved = (_oso(condition, compiled=each) for each in (True, False))
    values = (1, True, 1.0, "ana", None, [1], {"x": 1}, Folded("ANA"), float("nan"), sys, BIG, KEY)
    left: list[t.Any] = [
        *({"ana": each} for each in values),
        {"ana": 1, "x": 5},
        {"é": 1},
        {1: 1},
        {},
        None,
    ]
    pairs = combinations_of(
        left, [*left, *[dict(each) for each in left[:12]], {"x": 5, "ana": 1}, [{}]]
    )
    questions = [(User(each), "read", Doc(other)) for each, other in pairs]

    found = [outcome_of(compiled, *each) for each in questions]

    assert found == [outcome_of(solved, *each) for each in questions]


#: Constants, of which some have texts of ASCII as keys, and lists of texts as values.
GRANTS: tuple[dict[t.Any, t.Any], ...] = (
    *({"ana": ["read"], "x": []}, {"ana": {"read"}, "x": {"x"}}, {"ana": ["read", 1], "x": 5}, {}),
    *({"ana": "read", "é": ["read"]}, {"ana": ["read", "é"], "1": ["read"]}, {"ana": {"read": 1}}),
    *({"ana": [["read"]], "x": [None]}, {"ana": Role.ANA, "x": ("read",)}, {"true": ["read"]}),
)


@pytest.mark.parametrize("grants", GRANTS, ids=range(len(GRANTS)))
@pytest.mark.parametrize(
    "condition",
    [
        "k = u.x and action in GRANTS.(k)",
        "k = u.x and actions = GRANTS.(k) and action in actions",
        "k = u.x and a in GRANTS.(k) and a = action",
        "k in u.x and d.x in GRANTS.(k)",
        "k = u.x and GRANTS.(k) = d.x",
        "k = u.x and not action in GRANTS.(k)",
        "[u.x, d.x] in GRANTS",
        *("u.x in GRANTS.(action)", "not u.x in GRANTS.(action)"),
        *("GRANTS.(action) = d.x and u.x = u.x", "d.x.(action) = u.x"),
        "u.x = u.x and not d.x.(action) = 1",
    ],
)
def test_entries_of_a_constant_are_those_of_the_solver(
    condition: str, grants: dict[t.Any, t.Any]
) -> None:
    """Whatever the key is, and whatever is searched for."""
    compiled, solved = _with_grants(condition, grants), _with_grants(condition, grants, solved=True)
    keys = (*ITEMS, ["ana", "x"], ["ana", "\ud800"], [1, "ana"])
    others = ("read", ["read"], None, 1, Role.ANA, Folded("READ"), "é", "\ud800", {"read": 1})
    questions = [
        (User(key), action, Doc(other))
        for key in keys
        for action, other in [("read", each) for each in others] + [("é", 1), ("x", "x")]
    ]

    found = [outcome_of(compiled, *each) for each in questions * 2]

    assert found == [outcome_of(solved, *each) for each in questions] * 2


@pytest.mark.parametrize("condition", ["u.x >= GRANTS.(action)", "n = d.x.(action) and u.x >= n"])
def test_entry_under_the_action_is_looked_up_by_a_function(condition: str) -> None:
    """Also where no rule names the action; one without an entry is no match."""
    oso = _with_grants(condition, {"read": 1, "edit": 3})
    questions = [(User(2), each, Doc({"read": 1, "edit": 3})) for each in ("read", "edit", "drop")]

    assert [oso.is_allowed(*each) for each in questions] == [True, False, False]
    assert [specialized(oso.engine, *each) for each in questions] == [True, False, False]


def _with_grants(condition: str, grants: dict[t.Any, t.Any], *, solved: bool = False) -> Oso:
    oso = Oso(compiled=not solved)
    for cls in (User, Doc):
        oso.register_class(cls)
    oso.register_constant(grants, "GRANTS")
    action = "action" if "action" in condition else "_action"
    resource = "d" if "d." in condition else "_d"
    oso.load_str(f"allow(u: User, {action}, {resource}: Doc) if {condition};")
    return oso


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("a in u.x and a in d.x", True),
        ("a in u.x and not a in d.x", False),
        ("forall(a in u.x, a in d.x)", True),
        ("same(u.x, d.x)", True),
    ],
)
@pytest.mark.parametrize("other", [{"b": sys}, {User: 1}], ids=["value", "key"])
@BOTH
def test_pair_that_is_searched_for_is_looked_up(
    condition: str, answer: bool, other: dict[t.Any, t.Any], *, compiled: bool
) -> None:
    """An entry of another dictionary is found by its key; no other entry is looked at."""
    oso = Oso(compiled=compiled)
    for cls in (User, Doc):
        oso.register_class(cls)
    oso.load_str(
        f'allow(u: User, "read", d: Doc) if {condition};'
        " same(x, y) if a in x and is_in(a, y); is_in(a, y) if a in y;"
    )

    assert oso.is_allowed(User({"a": 1}), "read", Doc({"a": 1, **other})) is answer


def test_pairs_are_gone_through_without_a_test_of_each() -> None:
    """Whatever gives them has made each, or has looked at it."""
    oso = _oso("u.x = 1 and [k, v] in d.x and v = 1 and k = 1")
    specialized(oso.engine, User(1), "read", Doc({"a": 1}))

    code = oso.generated_code('allow(User, "read", Doc)')

    assert re.search(r"for v\d+, v\d+ in v\d+:\n", code)


@pytest.mark.parametrize(("name", "is_found"), [("ana", True), ("1", False), ("true", False)])
def test_name_that_is_missing_is_looked_up_without_a_call(name: str, *, is_found: bool) -> None:
    """JSON writes no number like it, so that Python finds all that the policy would."""
    oso = _oso(f'd.x.get("{name}") = u.x')
    specialized(oso.engine, User(5), "read", Doc({}))

    code = oso.generated_code('allow(User, "read", Doc)')

    assert (f"v0.get('{name}') if type(v0) is dict else" in code) is is_found


@pytest.mark.parametrize("default", ["", ", 7", ', "ana"'])
def test_text_that_is_missing_is_looked_up_without_a_call(
    default: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has no role in a table of roles is denied as fast as others are allowed."""
    monkeypatch.setattr(SilentReads, "entry_or_nil", None)
    engine = _oso(f"d.x.get(u.x{default}) = 5").engine

    assert specialized(engine, User("ana"), "read", Doc({"ben": 5})) is False
    assert specialized(engine, User("ben"), "read", Doc({"ben": 5})) is True


@pytest.mark.parametrize("key", ["x", "", "1", "-1", "1.5", "true", "null", "NaN", "-Infinity"])
@pytest.mark.parametrize("default", ["", ", 7", ", [5]"])
@pytest.mark.parametrize("wanted", ["5", "7", "[5]", "nil"])
@pytest.mark.parametrize("entry", [1, -1, 1.5, True, None, float("nan"), -float("inf"), "x", ""])
def test_text_that_is_written_like_a_number_finds_that(
    key: str, default: str, wanted: str, entry: t.Any
) -> None:
    """As by the solver, which has the keys that JSON writes."""
    user, doc = User(key), Doc({"other": 5, entry: 5})
    engine = _oso(f"d.x.get(u.x{default}) = {wanted}").engine

    assert engine.allow(user, "read", doc) is engine.solve_call("allow", (user, "read", doc))
