"""How much more is done for more data, counted in calls and not in time."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import functools
import gc
import sys
import types
import typing as t
import weakref
from ipaddress import IPv4Address

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.classes.equality import SideEffectFreeEquality
from flask_oso.polar.exceptions import OsoError
from flask_oso.polar.spelling import MOST_SUGGESTIONS
from tests.support.answers import specialized
from tests.support.value_kinds import Amount, QuietInteger, Span

BOTH = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solved"])


@pytest.fixture(autouse=True)
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile, also where all tests run without."""
    monkeypatch.setenv("OSO_COMPILED", "1")


def calls_of(work: t.Callable[[], t.Any]) -> int:
    """Count the calls of Python functions that some work takes."""
    count = 0

    def note(frame: types.FrameType, event: str, arg: t.Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def refused(text: str) -> None:
    with pytest.raises(OsoError):
        Oso().load_str(text)


def singles_and_others(count: int) -> str:
    singles = ", ".join(f"single{n}" for n in range(count))
    others = ", ".join(f"other{n}" for n in range(count))
    used = " and ".join(f"other{n} = 1" for n in range(count))
    return f"f({singles}, {others}) if {used};"


WRONG: dict[str, t.Callable[[int], str]] = {
    "blocks that are never closed": lambda n: "resource A { x;" * n,
    "blocks that are never closed, a line each": lambda n: "resource A { x;\n" * n,
    "single variables": singles_and_others,
    "single rests": lambda n: "f(" + ", ".join(f"[*rest{i}]" for i in range(n)) + ");",
    "calls of no rule": lambda n: "".join(f"rule{i}(x) if elur{i}(x);\n" for i in range(n)),
}


@pytest.mark.each(3, 2)
@pytest.mark.slow
@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
@pytest.mark.filterwarnings("ignore")
def test_mistakes_of_a_text_are_found_in_linear_time(make: t.Callable[[int], str]) -> None:
    """Twice as many mistakes take twice as long, and what is guessed at is bounded.

    Recovery looks ahead so far in all, which fewer do not use up.
    """
    refused(make(10))

    small, large = (calls_of(lambda n=n: refused(make(n))) for n in (800, 1_600))  # type: ignore[misc]

    assert large < 2.5 * small


class User:
    """Who asks."""

    name = "ana"


class Folder:
    """A folder with others above it."""

    def __init__(self, *above: Folder) -> None:
        self.above = list(above)
        self.parent = above[0] if above else None
        self.owner: User | None = None


def chain(length: int) -> Folder:
    folder = Folder()
    for _ in range(length):
        folder = Folder(folder)
    return folder


def ring(length: int) -> Folder:
    first = last = Folder()
    for _ in range(length):
        last = Folder(last)
    first.above, first.parent = [last], last
    return first


def decided(folder: Folder, rules: str, compiled: bool) -> None:
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Folder)
    oso.load_str(rules)
    # Where a question leads to many rules, they answer the first of its kind without a function.
    oso.prepare()
    oso.is_allowed(User(), "read", Folder())
    counted.append(calls_of(lambda: oso.is_allowed(User(), "read", folder)))


counted: list[int] = []
UPWARDS = """
    allow(user: User, "read", folder: Folder) if folder.owner = user;
    allow(user: User, "read", folder: Folder) if
      parent = folder.parent and not parent = nil and allow(user, "read", parent);
"""


@BOTH
def test_chain_costs_its_length(compiled: bool) -> None:
    """Fifty folders more take as many calls more, however long the chain is."""
    counted.clear()

    for length in (50, 100, 150):
        decided(chain(length), UPWARDS, compiled)

    assert counted[2] - counted[1] <= 1.5 * (counted[1] - counted[0])


def diamonds(count: int) -> Folder:
    """Give a folder with two above it that are in one, which has two above it, and so on."""
    folder = Folder()
    for _ in range(count):
        folder = Folder(Folder(folder), Folder(folder))
    return folder


IN_SEVERAL = """
    allow(user: User, "read", folder: Folder) if folder.owner = user;
    allow(user: User, "read", folder: Folder) if
      above in folder.above and allow(user, "read", above);
"""
INHERITED = """
    actor User {}
    resource Folder {
      permissions = ["read"];
      roles = ["reader"];
      relations = { above: Folder };
      "read" if "reader";
      "reader" if "reader" on "above";
    }
    has_relation(above: Folder, "above", folder: Folder) if above in folder.above;
    has_role(user: User, "reader", folder: Folder) if folder.owner = user;
    allow(actor, action, resource) if has_permission(actor, action, resource);
"""


@BOTH
@pytest.mark.parametrize("rules", [IN_SEVERAL, INHERITED], ids=["rule", "role"])
def test_diamond_costs_no_more_than_its_ways(rules: str, compiled: bool) -> None:
    """Each diamond of folders doubles the ways to the top, and at most the calls."""
    counted.clear()

    for count in (3, 4, 5):
        decided(diamonds(count), rules, compiled)

    assert counted[2] - counted[1] <= 2.1 * (counted[1] - counted[0])


def roles_in_diamonds(count: int) -> str:
    """Write roles of which each is given by two others, which are given by one."""
    names = [f'"{side}{n}"' for n in range(count + 1) for side in ("top", "left", "right")]
    lines = [
        f'"top{n}" if "{side}{n}"; "{side}{n}" if "top{n + 1}";'
        for n in range(count)
        for side in ("left", "right")
    ]
    return f"""
        actor User {{}}
        resource Folder {{
          permissions = ["read"];
          roles = [{", ".join(names)}];
          "read" if "top0";
          {" ".join(lines)}
        }}
        has_role(user: User, role: String, folder: Folder) if
          folder.owner = user and role = "top{count}";
        allow(actor, action, resource) if has_permission(actor, action, resource);
    """


def test_roles_in_diamonds_cost_a_decision_nothing() -> None:
    """What leads from role to role is known when the policy is compiled."""
    counted.clear()

    for count in (2, 8):
        decided(Folder(), roles_in_diamonds(count), compiled=True)

    assert counted[0] == counted[1] < 20


MANY_RULES: dict[str, str] = {
    "not": 'allow(_: User, "read", f: Folder) if not f.a{n} = 0;',
    "not of a search": "allow(u: User, _, f: Folder) if not (x in u.a and x = {n} and f.b{n} = 1);",
    "forall": 'allow(u: User, "read", _: Folder) if forall(x in u.a, x = {n});',
}


@pytest.mark.parametrize("rule", MANY_RULES.values(), ids=MANY_RULES)
@pytest.mark.filterwarnings("ignore")
def test_many_rules_for_one_action_are_compiled_in_linear_time(rule: str) -> None:
    """Each rule more takes as many calls more, to be read and compiled, however many there are."""
    prepared(rule, 5)

    calls = [calls_of(functools.partial(prepared, rule, count)) for count in (12, 24, 48)]

    assert calls[2] - calls[1] <= 2.5 * (calls[1] - calls[0])


def prepared(rule: str, count: int) -> None:
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Folder)
    oso.load_str("\n".join(rule.replace("{n}", str(n)) for n in range(count)))
    user, folder = User(), Folder()
    for each in (user, folder):
        each.__dict__.update({f"{letter}{n}": 0 for letter in "ab" for n in range(count)})
        each.__dict__.update(a=[0], b=0)
    assert oso.is_allowed(user, "read", folder) is not None


@BOTH
def test_ring_ends(compiled: bool) -> None:
    """Folders in each other are an error, whose cost does not depend on how many they are."""
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Folder)
    oso.load_str(UPWARDS)

    with pytest.raises(OsoError, match="Goal stack overflow"):
        oso.is_allowed(User(), "read", ring(3))


def test_chains_in_each_other_are_given_up() -> None:
    """A function for plain data counts all links and elements, and leaves the rest to rules."""
    folder = chain(3)
    folder.above = [chain(1) for _ in range(110_000)]
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Folder)
    oso.load_str(
        'allow(user: User, "read", folder: Folder) if above in folder.above and above.owner = user;'
    )

    assert specialized(oso.engine, User(), "read", folder) is None
    assert specialized(oso.engine, User(), "read", chain(3)) is False


@dataclasses.dataclass
class Node:
    """A dataclass that contains itself twice."""

    left: t.Any = None
    right: t.Any = None


def test_comparison_of_shared_dataclasses_is_bounded() -> None:
    """What can be reached on many ways is not compared on each of them."""
    alike = SideEffectFreeEquality(set())
    alike.learn(Node)
    one, other = Node(), Node()
    for _ in range(7):
        one, other = Node(one, one), Node(other, other)

    wide_one, wide_other = [Node(n, n) for n in (one, other)]

    assert calls_of(lambda: alike(wide_one, wide_other)) < 5_000


@BOTH
@pytest.mark.parametrize(
    "condition",
    [
        "x = x.owner.flag",
        "x = x.owner.flag and x.a = 1",
        "x = x.owner and y = x.b and x = y.a",
        "x.a = y.b and y.b = x.a and x.a = 1",
    ],
)
def test_variable_that_is_a_lookup_of_itself_is_refused_at_once(
    condition: str, compiled: bool
) -> None:
    """The error shows it as it is, and does not follow it to the limit of what is looked at."""
    oso = Oso(compiled=compiled)
    oso.load_str(f"allow(_, _, _) if {condition};")

    def ask() -> None:
        with pytest.raises(OsoError, match="Found an unhandled partial in the query result"):
            oso.is_allowed("ana", "read", "page")

    assert calls_of(ask) < 10_000


# -- classes ---------------------------------------------------------------------------------

RULES = [
    'allow(u, "read", d) if u.name = d.owner;',
    'allow(u, "read", d) if u.held = d.held;',
    'allow(u, "read", d) if d.held = u;',
    'allow(u, "read", d) if d.get() = u;',
    'allow(_, "read", d) if x in d.listed and x.name = "a";',
    'allow(_, "read", d) if d.held.name = "a";',
    'allow(u, "read", d) if x in d.pair and x = u;',
    'allow(_: {name: n}, "read", _: {owner: n});',
    'allow(u: User, "read", f: Folder) if u = f.owner;',
    'allow(u: User, "read", f: Folder) if x in f.above and x.name = u.name;',
]


@BOTH
@pytest.mark.parametrize("rule", RULES)
def test_class_made_at_run_time_is_not_kept(rule: str, compiled: bool) -> None:
    """A class that nobody registered ends with its last object, whatever was asked of these."""
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Folder)
    oso.load_str(rule)

    made = ask_about_a_new_class(oso)
    gc.collect()

    assert made() is None


def ask_about_a_new_class(oso: Oso) -> weakref.ref[type]:
    class Made:
        name = owner = "a"

        def __init__(self, held: t.Any = None) -> None:
            self.held, self.listed, self.pair = held, [held], (held,)

        def get(self) -> t.Any:
            return self.held

    folder = Folder()
    folder.above, folder.owner = [t.cast(Folder, Made())], t.cast(User, Made())
    for actor, resource in [(User(), folder), (Made(Made()), Made(Made())), (User(), Made())]:
        for _ in range(2):
            answer(oso, actor, resource)
    return weakref.ref(Made)


def answer(oso: Oso, actor: t.Any, resource: t.Any) -> None:
    try:
        oso.is_allowed(actor, "read", resource)
    except OsoError:
        # Some of the objects do not have what some of the rules read.
        return


@BOTH
@pytest.mark.parametrize(
    "condition", ["d.name = 1", "d.get() = 1", "x in d.pair and x = d", "d.above.name = 1"]
)
def test_ancestors_of_a_class_are_looked_at_once(condition: str, compiled: bool) -> None:
    """An object whose class derives from many others is decided as fast as one of a plain class."""
    oso = Oso(compiled=compiled)
    oso.load_str(f'allow(_, "read", d) if {condition};')
    plain, derived = Derived0(), Derived20()
    assert oso.is_allowed(1, "read", plain) is oso.is_allowed(1, "read", derived) is True

    first, second = (
        calls_of(functools.partial(oso.is_allowed, 1, "read", d)) for d in (plain, derived)
    )

    # It has twenty ancestors. A collection of garbage may call a thing or two.
    assert abs(second - first) < 10


def declared(count: int, kind: str) -> str:
    return f"{kind} = [" + ", ".join(f'"name{n}"' for n in range(count)) + "];"


MISSPELT: dict[str, t.Callable[[int], str]] = {
    "roles": lambda n: (
        f"resource Doc {{ {declared(n, 'roles')} }}"
        + "".join(f'has_role(_, "nmae{i}", _: Doc);\n' for i in range(n))
    ),
    "shorthand rules": lambda n: (
        f"resource Doc {{ {declared(n, 'roles')}"
        + "".join(f'"name{i}" if "nmae{i}";\n' for i in range(n))
        + "}"
    ),
    "permissions of any class": lambda n: (
        f"resource Doc {{ {declared(n, 'permissions')} }}"
        + "".join(f'f(a, r) if has_permission(a, "nmae{i}", r);\n' for i in range(n))
    ),
    "attributes": lambda n: "".join(f"f(d: Doc) if d.nmae{i} = 1;\n" for i in range(n)),
    "classes": lambda n: "".join(f"f(_: Kalss{i});\n" for i in range(n)),
    "blocks": lambda n: "".join(f"resource Kalss{i} {{}}\n" for i in range(n)),
}


@pytest.mark.parametrize("make", MISSPELT.values(), ids=MISSPELT)
@pytest.mark.filterwarnings("ignore")
def test_misspelt_names_are_guessed_at_so_often(
    make: t.Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To look for the nearest name takes all names, so a load ends doing so for each mistake."""
    guesses: list[str] = []

    def note(word: str, known: t.Iterable[str], **_: t.Any) -> list[str]:
        guesses.extend([*known][:1])
        return []

    monkeypatch.setattr(difflib, "get_close_matches", note)

    load_among(10, make(120))

    assert 0 < len(guesses) <= 2 * MOST_SUGGESTIONS


def load_among(count: int, text: str) -> None:
    oso = Oso()
    oso.register_class(type("Doc", (), {"__slots__": [f"name{n}" for n in range(count)]}))
    for n in range(count):
        oso.register_class(type("Klass", (), {}), name=f"Klass{n}")
    with contextlib.suppress(OsoError):
        oso.load_str(text)


class Derived0:
    name = 1

    def __init__(self) -> None:
        self.pair = (self,)
        self.above = self

    def get(self) -> int:
        return 1


def _derived(count: int) -> type[Derived0]:
    cls: type = Derived0
    for n in range(count):
        cls = type(f"Base{n}", (cls,), {})
    return type("Derived20", (cls,), {"__module__": __name__})


Derived20 = _derived(20)


def test_lists_that_share_their_elements_are_not_written_out() -> None:
    """A list that a recursive rule gives is copied element by element up to a number of them."""
    tags: list[t.Any] = [1]
    for _ in range(4):
        tags = [tags] * 30
    page = types.SimpleNamespace(tags=tags, above=types.SimpleNamespace(tags=[2], above=None))
    oso = Oso()
    oso.register_class(types.SimpleNamespace, name="Page")
    oso.load_str(
        'allow(tags, "read", page: Page) if all_of(page, found) and found = tags;'
        "all_of(page: Page, found) if found = page.tags;"
        "all_of(page: Page, found) if above = page.above and above matches Page"
        " and all_of(above, found);"
    )
    assert oso.is_allowed([2], "read", page)

    assert calls_of(lambda: oso.is_allowed([3], "read", page)) < 50_000


class Asked:
    """Has what a test gives it."""

    def __init__(self, **values: t.Any) -> None:
        vars(self).update(values)

    def may_do(self, _doc: t.Any) -> t.Any:
        return self.actions  # type: ignore[attr-defined]


class Point(t.NamedTuple):
    """A tuple with names."""

    x: int
    y: int


def calls_once_known(ask: t.Callable[[], t.Any]) -> int:
    """Count the calls of a question that was asked before."""
    for _ in range(3):
        ask()
    return calls_of(ask)


def loaded(condition: str) -> Oso:
    oso = Oso()
    oso.register_class(Asked)
    oso.load_str(f'allow(user: Asked, "read", _: Asked) if {condition};')
    return oso


@pytest.mark.parametrize("number", [-1, -(2**63), 2, 2**63 - 1])
def test_number_is_looked_up_in_a_set_at_once(number: int) -> None:
    """Only 0 and 1 may be Booleans for Python."""
    oso, user = loaded("user.id in user.ids"), Asked(id=number, ids={1, 5})

    assert calls_once_known(lambda: oso.is_allowed(user, "read", user)) == 3


@pytest.mark.parametrize("value", [Point(1, 2), (1, 2), {"x": 1}, IPv4Address(1)])
def test_value_is_looked_for_in_a_list_in_two_calls(value: t.Any) -> None:
    """One that tells how, and one that looks at all elements."""
    oso, user = loaded("user.v in user.among"), Asked(v=value, among=[value] * 5)

    assert calls_once_known(lambda: oso.is_allowed(user, "read", user)) == 5


def test_action_that_a_method_gives_costs_no_call() -> None:
    """A search that goes on with the next one is counted as a call, too."""
    oso = Oso()
    oso.register_class(Asked)
    oso.load_str(
        "allow(user: Asked, action, doc: Asked) if action in user.may_do(doc);"
        'allow(user: Asked, "delete", doc: Asked) if doc.owner = user;'
    )
    few, many = (Asked(actions=[f"a{n}" for n in range(count)], owner=1) for count in (3, 30))

    counts = [
        calls_once_known(lambda user=user: oso.authorized_actions(user, user))  # type: ignore[misc]
        for user in (few, many)
    ]

    assert counts[1] - counts[0] == 27


@pytest.mark.parametrize("value", [range(3), Amount(1), Span(1), QuietInteger(1)], ids=repr)
def test_value_that_compares_as_python_does_is_compared_where_it_stands(value: t.Any) -> None:
    """Neither an operation nor the rules are asked."""
    oso, user = loaded("user.v = user.w"), Asked(v=value, w=value)

    assert calls_once_known(lambda: oso.is_allowed(user, "read", user)) == 3


def test_objects_in_a_list_are_looked_at_in_one_call() -> None:
    """Of one class, all are plain data and equal themselves, or none is."""
    oso = loaded(
        "sum(user.parts, n) and n > 3;"
        "sum([], 0); sum([first, *rest], n) if sum(rest, m) and n = m + first.size"
    )
    user = Asked(parts=[Asked(size=each) for each in range(4)])

    assert calls_once_known(lambda: oso.is_allowed(user, "read", user)) == 6


def test_watch_of_denials_looks_at_each_rule_once() -> None:
    """It is made before the first answer: of thousands of rules it would be most of that."""
    oso = Oso()
    oso.register_class(Asked)
    rule = 'allow(user: Asked, "read{}", doc: Asked) if user.id = doc.id and doc.x > {} and user.y;'
    oso.load_str("\n".join(rule.format(number, number) for number in range(200)))

    assert calls_of(lambda: oso.engine.denial_watch) < 200 * 30


def _load_in_groups(size: int, items: int = 3) -> t.Callable[[], None]:
    """Load rules of which so many differ in their literals alone."""
    texts = [", ".join(f'"x{number}y{each}"' for each in range(items)) for number in range(300)]
    rules = [
        f'allow(_, action, _) if action in [{text}] and g{number // size}(action, "{number}");'
        for number, text in enumerate(texts)
    ]
    text = "\n".join([*rules, *(f"g{number}(_, _);" for number in range(300))])
    return lambda: Oso().load_str(text)


@pytest.mark.full
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("items", [3, 130])
def test_rules_that_seldom_repeat_take_hardly_more(size: int, items: int) -> None:
    """A generator writes two rules for each of many classes: no form of them saves any time."""
    _load_in_groups(1)()
    once = calls_of(_load_in_groups(1, items))

    assert calls_of(_load_in_groups(size, items)) < 1.2 * once


@pytest.mark.full
def test_form_of_a_long_list_takes_no_longer_than_its_rules() -> None:
    """All rules have it, so it is made once: that must not take as long as it saves."""
    _load_in_groups(1)()
    once = calls_of(_load_in_groups(1, 130))

    assert calls_of(_load_in_groups(10, 130)) < 1.05 * once
