"""Rules that call themselves in the middle have functions of their own, on plain data."""

from __future__ import annotations

import itertools
import re
import sys
import types
import typing as t

import pytest

from flask_oso import Oso, OsoError
from tests.support.answers import program_of, specialized
from tests.support.policies import make_oso
from tests.support.sizes import each_of

from .test_chains import Folder, User, chain_of
from .test_specialization import interrupted


class Doc:
    """What is read."""

    def __init__(self, **fields: t.Any) -> None:
        self.folder: t.Any = None
        self.values: t.Any = []
        self.least: t.Any = 0
        vars(self).update(fields)


class Team:
    """A team within others."""

    def __init__(self, *teams: t.Any, users: t.Any = ()) -> None:
        self.teams, self.users = [*teams], [*users]


class Computing(Folder):
    """A folder whose parent is computed."""

    @property
    def parent(self) -> t.Any:
        return None

    @parent.setter
    def parent(self, value: t.Any) -> None:
        """Forget it."""


#: What the rules about folders say, and what they are called with.
ABOUT_FOLDERS = {
    "a number that is counted up": """
        holds(_, doc) if depth(doc.folder, n) and n >= doc.least;
        depth(f: Folder, 1) if f.parent = nil;
        depth(f: Folder, n) if f.parent != nil and depth(f.parent, m) and n = m + 1;
    """,
    "a number that is passed on": """
        holds(_, doc) if depth(doc.folder, 1, n) and n >= doc.least;
        depth(f: Folder, n, n) if f.parent = nil;
        depth(f: Folder, n, d) if f.parent != nil and m = n + 1 and depth(f.parent, m, d);
    """,
    "a number that is counted down": """
        holds(user, doc) if near(user, doc.folder, doc.least);
        near(user, f: Folder, n) if n > 0 and f.owner = user;
        near(user, f: Folder, n) if n > 0 and m = n - 1 and near(user, f.parent, m);
    """,
    "a condition behind the call": """
        holds(user, doc) if owner_of(doc.folder, owner) and owner = user;
        owner_of(f: Folder, owner) if owner = f.owner and owner != nil;
        owner_of(f: Folder, owner) if
            f.parent != nil and owner_of(f.parent, owner) and not f.closed;
    """,
    "two values": """
        holds(user, doc) if place_of(doc.folder, owner, n) and owner = user and n < doc.least;
        place_of(f: Folder, o, 1) if o = f.owner and o != nil;
        place_of(f: Folder, owner, n) if
            p = f.parent and p != nil and place_of(p, owner, m) and n = m + 1;
    """,
    "rules that call each other": """
        holds(_, doc) if even(doc.folder, n) and n < doc.least;
        even(f: Folder, 0) if f.parent = nil;
        even(f: Folder, n) if f.parent != nil and odd(f.parent, m) and n = m + 1;
        odd(f: Folder, n) if f.parent != nil and even(f.parent, m) and n = m + 1;
    """,
    "what is denied by a number": """
        holds(_, doc) if not deep(doc);
        deep(doc) if depth(doc.folder, n) and n >= doc.least;
        depth(f: Folder, 1) if f.parent = nil;
        depth(f: Folder, n) if f.parent != nil and depth(f.parent, m) and n = m + 1;
    """,
    "a number that grows and shrinks": """
        holds(_, doc) if total(doc.folder, n) and n >= doc.least;
        total(f: Folder, 1) if f.parent = nil;
        total(f: Folder, n) if
            f.parent != nil and total(f.parent, m) and k = m + 2 and n = k - 1;
    """,
    "a number that is subtracted from": """
        holds(_, doc) if odd(doc.folder, n) and n > doc.least;
        odd(f: Folder, 1) if f.parent = nil;
        odd(f: Folder, n) if f.parent != nil and odd(f.parent, m) and n = 5 - m;
    """,
    "a number with a bound": """
        holds(_, doc) if depth(doc.folder, n) and n >= doc.least;
        depth(f: Folder, 1) if f.parent = nil;
        depth(f: Folder, n) if f.parent != nil and depth(f.parent, m) and m < 4 and n = m + 1;
    """,
    "a number among others": """
        holds(_, doc) if depth(doc.folder, n) and n >= doc.least;
        depth(f: Folder, 1) if f.parent = nil;
        depth(f: Folder, n) if
            f.parent != nil and depth(f.parent, m) and m in [1, 2, 3] and n = m + 1;
    """,
    "two numbers for some folders": """
        holds(_, doc) if depth(doc.folder, n) and n >= doc.least;
        depth(f: Folder, 1) if not f.closed;
        depth(f: Folder, n) if f.parent != nil and depth(f.parent, m) and n = m + 1;
    """,
    "no test for nil": """
        holds(_, doc) if depth(doc.folder, n) and n = doc.least;
        depth(f: Folder, 1) if f.parent = nil;
        depth(f: Folder, n) if depth(f.parent, m) and n = m - 1;
    """,
    "nil in a head": """
        holds(_, doc) if depth(doc.folder, n) and n = doc.least;
        depth(nil, 0);
        depth(f: Folder, n) if depth(f.parent, m) and n = 1 + m;
    """,
    "no test for nil, and names": """
        holds(_, doc) if path(doc.folder, n) and n = doc.least;
        path(f: Folder, 1) if f.parent = nil;
        path(f: Folder, n) if path(f.parent, m) and n = m + f.size;
    """,
    "a bound that is told apart behind the call": """
        holds(_, doc) if depth(doc.folder, doc.least, n) and n >= 1;
        depth(_: Folder, bound, 1) if bound <= 2;
        depth(f: Folder, bound, n) if
            f.parent != nil and depth(f.parent, bound, m) and bound > 2 and n = m + 1;
    """,
    "kinds that are told apart behind the call": """
        holds(_, doc) if depth(doc.folder, n) and n = doc.least;
        depth(f: Folder, 1) if f.kind = "b";
        depth(f: Folder, n) if
            f.parent != nil and depth(f.parent, m) and f.kind = "a" and n = m + 1;
    """,
    "a condition on the value behind the call": """
        holds(user, doc) if owner_of(doc.folder, owner) and owner = user;
        owner_of(f: Folder, owner) if owner = f.owner and owner != nil;
        owner_of(f: Folder, owner) if
            f.parent != nil and owner_of(f.parent, owner) and owner != f.owner;
    """,
    "a test with a condition behind the call": """
        holds(user, doc) if near(user, doc.folder, doc.least);
        near(user, f: Folder, n) if n > 0 and f.owner = user;
        near(user, f: Folder, n) if
            n > 0 and m = n - 1 and near(user, f.parent, m) and not f.closed;
    """,
}  # fmt: skip
ABOUT_LISTS = {
    "a sum": """
        holds(_, doc) if sum(doc.values, n) and n >= doc.least;
        sum([], 0);
        sum([x, *rest], n) if sum(rest, m) and n = m + x;
    """,
    "a sum that is passed on": """
        holds(_, doc) if sum(doc.values, 0, n) and n >= doc.least;
        sum([], n, n);
        sum([x, *rest], m, n) if k = m + x and sum(rest, k, n);
    """,
    "a length": """
        holds(_, doc) if size(doc.values, n) and n >= doc.least;
        size([], 0);
        size([_, *rest], n) if size(rest, m) and n = m + 1;
    """,
    "the last element": """
        holds(_, doc) if last(doc.values, x) and x = doc.least;
        last([x], x);
        last([_, *rest], x) if last(rest, x);
    """,
    "not the last element": """
        holds(_, doc) if not (last(doc.values, x) and x = doc.least);
        last([x], x);
        last([_, *rest], x) if last(rest, x);
    """,
    "heads of some length": """
        holds(_, doc) if path(doc.values, doc.least);
        path([], _);
        path([1, *_], 1);
        path([_, "a"], n) if n > 1;
        path([x, y, x], n) if x = n or y = n;
    """,
    "any element": """
        holds(_, doc) if element(doc.values, x) and x = doc.least;
        element([x, *_], x);
        element([_, *rest], x) if element(rest, x);
    """,
    "a product": """
        holds(_, doc) if product(doc.values, n) and n >= doc.least;
        product([], 1);
        product([x, *rest], n) if product(rest, m) and n = m * x;
    """,
    "a difference": """
        holds(_, doc) if rest_of(doc.values, n) and n >= doc.least;
        rest_of([], 0);
        rest_of([x, *rest], n) if rest_of(rest, m) and n = x - m;
    """,
    "a sum of positive numbers": """
        holds(_, doc) if sum(doc.values, n) and n >= doc.least;
        sum([], 0);
        sum([x, *rest], n) if sum(rest, m) and x > 0 and n = m + x;
    """,
    "a sum of pairs": """
        holds(_, doc) if sum(doc.values, n) and n >= doc.least;
        sum([], 0);
        sum([x], x);
        sum([x, y, *rest], n) if sum(rest, m) and k = m + x and n = k + y;
    """,
    "reversed": """
        holds(_, doc) if reverse(doc.values, [], r) and [first, *_] = r and first = doc.least;
        reverse([], a, a);
        reverse([x, *rest], a, r) if reverse(rest, [x, *a], r);
    """,
    "appended": """
        holds(_, doc) if append(doc.values, doc.values, r) and r = [x, *_] and x = doc.least;
        append([], b, b);
        append([x, *rest], b, [x, *r]) if append(rest, b, r);
    """,
    "a value in pairs": """
        holds(_, doc) if get(doc.values, 1, x) and x = doc.least;
        get([[k, v], *_], k, v);
        get([_, *rest], k, v) if get(rest, k, v);
    """,
    "all that were seen": """
        holds(_, doc) if least = doc.least and fresh(doc.values, [least]);
        fresh([], _);
        fresh([x, *rest], seen) if not x in seen and fresh(rest, [x, *seen]);
    """,
    "nil at the end": """
        holds(_, doc) if steps(doc.values, n) and n = doc.least;
        steps(nil, 0);
        steps([], 1);
        steps([_, *rest], n) if steps(rest, m) and n = m + 1;
    """,
    "a dictionary in a head": """
        holds(_, doc) if needs(doc.values, d) and [k, n] in d and k = "read" and n = doc.least;
        needs([], {read: 1, write: 3});
        needs([_, *rest], d) if needs(rest, d);
    """,
    "pairs of neighbours": """
        holds(_, doc) if rising(doc.values) and doc.least = 0;
        rising([]);
        rising([_]);
        rising([x, y, *rest]) if x <= y and rising([y, *rest]);
    """,
}
POLICY = 'allow(user: User, "read", doc: Doc) if holds(user, doc);'
NAN = float("nan")
VALUES: list[t.Any] = [
    *([], [1], [3, 1], [1, 1, 1], [0.5, 1], [True, 1], ["a"], ["a", 1], [1, "a"], [NAN], [NAN, 1]),
    *(
        [2**62, 2**62],
        [2**70],
        [None, 1],
        [[1], [1]],
        (1, 2),
        {1},
        "a",
        None,
        {"a": 1},
        [*range(40)],
    ),
]


def load(rules: str, *, compiled: bool = True) -> Oso:
    return make_oso(f"{POLICY}\n{rules}", User, Folder, Doc, Team, compiled=compiled)


def outcome(oso: Oso, user: User, doc: Doc) -> t.Any:
    """Give the answer, or the kind of error and its text, without the numbers of variables."""
    try:
        return oso.is_allowed(user, "read", doc)
    except (OsoError, TypeError, ValueError) as error:
        return type(error), re.sub(r"_(\w+)_\d+", r"\1", str(error).splitlines()[0])


def folders(length: int) -> tuple[User, User, list[Folder]]:
    user, other = User(), User()
    chain = chain_of(length)
    chain[length // 2].owner, chain[0].owner = user, other
    chain[length // 3].kind = "b"
    for size, folder in enumerate(chain):
        vars(folder).update(size=size)
    return user, other, chain


@pytest.mark.each(3)
@pytest.mark.parametrize("rules", ABOUT_FOLDERS.values(), ids=ABOUT_FOLDERS)
def test_chain_is_answered_by_a_specialization(rules: str) -> None:
    """It gives the answer of the solver, wherever in the chain the question is asked."""
    oso = load(rules)
    user, other, chain = folders(7)

    asked = itertools.product((user, other, User()), (0, 1, 2, 3, 4, 7, 8), chain)
    for actor, least, folder in each_of(asked, 5):
        doc = Doc(folder=folder, least=least)
        expected = oso.engine.solve_call("allow", (actor, "read", doc))
        assert specialized(oso.engine, actor, "read", doc) is expected


@pytest.mark.parametrize("rules", ABOUT_FOLDERS.values(), ids=ABOUT_FOLDERS)
@pytest.mark.parametrize(
    "folder",
    [
        *(None, 1, "a", [], {"parent": None}, Computing(None), Folder(Computing(None)), types),
        *(Folder(t.cast(t.Any, odd)) for odd in (types, 1, Doc(), [None], Folder)),
    ],
    ids=range(13),
)
def test_what_is_no_chain_is_answered_as_by_the_solver(rules: str, folder: t.Any) -> None:
    """With the same answer or error, at the first question and later."""
    ours, solver, doc = load(rules), load(rules, compiled=False), Doc(folder=folder, least=1)
    expected = outcome(solver, User(), doc)

    assert [outcome(ours, User(), doc) for _ in range(3)] == [expected] * 3


@pytest.mark.each(3)
@pytest.mark.parametrize("least", [0, 1, 3, 2.5, NAN, "a", None, 2**62, 780])
@pytest.mark.parametrize("rules", ABOUT_LISTS.values(), ids=ABOUT_LISTS)
def test_lists_are_answered_as_by_the_solver(rules: str, least: t.Any) -> None:
    """Answers and errors, whatever the elements are."""
    ours, solver = load(rules), load(rules, compiled=False)
    docs = [Doc(values=values, least=least) for values in VALUES]
    expected = [outcome(solver, User(), doc) for doc in docs]

    for _ in range(2):
        assert [outcome(ours, User(), doc) for doc in docs] == expected


@pytest.mark.parametrize("rules", ABOUT_LISTS.values(), ids=ABOUT_LISTS)
def test_list_is_answered_by_a_specialization(rules: str) -> None:
    """It is taken apart by a function that calls itself."""
    oso = load(rules)

    for values in ([], [1], [1, 2, 3], [2, 1]):
        pairs = [[each, 3] for each in values] if "[[k, v], *_]" in rules else values
        doc = Doc(values=pairs, least=3)
        expected = oso.engine.solve_call("allow", (User(), "read", doc))
        assert specialized(oso.engine, User(), "read", doc) is expected


MEMBERS = """
holds(user, doc) if team_of(doc.folder, x) and user in x.users;
team_of(t: Team, t);
team_of(t: Team, x) if y in t.teams and team_of(y, x);
"""


def diamonds(levels: int, user: User) -> Team:
    team = Team(users=[user])
    for _ in range(levels):
        team = Team(Team(team), Team(team))
    return team


def test_ways_that_meet_are_gone_once() -> None:
    """Forty diamonds have a billion ways through them."""
    oso, user = load(MEMBERS), User()
    doc = Doc(folder=diamonds(30, user))

    assert specialized(oso.engine, user, "read", doc) is True
    assert specialized(oso.engine, User(), "read", doc) is False


def test_ring_is_left_to_the_solver() -> None:
    """Nothing is found by going round."""
    oso, team = load(MEMBERS), Team()
    team.teams.append(team)

    assert specialized(oso.engine, User(), "read", Doc(folder=team)) is None


@pytest.mark.parametrize("rules", ABOUT_FOLDERS.values(), ids=ABOUT_FOLDERS)
def test_chain_longer_than_the_stack_is_left_to_others(rules: str) -> None:
    """The function gives up; it does not raise."""
    oso = load(rules)
    doc = Doc(folder=chain_of(sys.getrecursionlimit() + 100)[-1], least=10**6)

    assert specialized(oso.engine, User(), "read", doc) in (None, True, False)


@pytest.mark.parametrize(
    "name",
    [
        *("a number that is counted up", "a number that is passed on"),
        *("a number that is counted down", "a condition behind the call"),
    ],
)
def test_a_long_chain_takes_no_stack(name: str) -> None:
    """A rule that calls itself once is a loop."""
    oso, length = load(ABOUT_FOLDERS[name]), sys.getrecursionlimit() + 100
    doc = Doc(folder=chain_of(length)[-1], least=length + 1)

    assert specialized(oso.engine, User(), "read", doc) is False


def test_what_is_passed_on_is_checked_in_the_next_turn() -> None:
    """A module that is the parent of a folder is refused by the sandbox, as by the solver."""
    rules = ABOUT_FOLDERS["a number that is counted down"]
    ours, solver = load(rules), load(rules, compiled=False)
    doc = Doc(folder=Folder(t.cast(t.Any, types)), least=2)
    expected = outcome(solver, User(), doc)

    assert isinstance(expected, tuple)
    assert [outcome(ours, User(), doc) for _ in range(3)] == [expected] * 3
    assert specialized(ours.engine, User(), "read", doc) is None


def test_a_sum_leaves_the_list_as_it_was() -> None:
    """The loop goes along the list of the application, or a copy."""
    oso, values = load(ABOUT_LISTS["a sum"]), [1, 2, 3]

    assert specialized(oso.engine, User(), "read", Doc(values=values, least=6)) is True
    assert values == [1, 2, 3]


def test_a_ring_with_a_number_is_left_to_others() -> None:
    """The loop ends where the calls would."""
    oso, chain = load(ABOUT_FOLDERS["a number that is counted up"]), chain_of(3)
    chain[0].parent = chain[-1]

    assert specialized(oso.engine, User(), "read", Doc(folder=chain[-1])) is None


def test_functions_are_shared_by_actions() -> None:
    """What two actions ask of a folder is one function."""
    write = 'allow(user: User, "write", doc: Doc) if holds(user, doc) and doc.least > 1;'
    oso = load(write + ABOUT_FOLDERS["a number that is counted up"])
    doc = Doc(folder=chain_of(3)[-1], least=2)

    assert [oso.is_allowed(User(), action, doc) for action in ("read", "write")] == [True, True]
    assert len(program_of(oso).solutions) == 1


def test_actions_of_a_recursive_rule_are_searched_at_once() -> None:
    """`authorized_actions` asks the same functions."""
    oso = load(ABOUT_FOLDERS["a number that is counted up"])
    doc = Doc(folder=chain_of(3)[-1], least=2)

    assert oso.authorized_actions(User(), doc) == {"read"}
    assert len(program_of(oso).solutions) == 1


LISTED = """
allow(user: User, action, folder: Folder) if actions_of(user, folder, list) and action in list;
actions_of(user: User, folder: Folder, ["read", "write"]) if folder.owner = user;
actions_of(_: User, folder: Folder, ["list"]) if not folder.closed;
allow_field(user: User, "read", folder: Folder, field) if
  fields_of(user, folder, list) and field in list;
fields_of(user: User, folder: Folder, ["kind", "grants"]) if folder.owner = user;
fields_of(_: User, _: Folder, ["parent"]);
"""


def listing(more: str = "", *, compiled: bool = True) -> Oso:
    return make_oso(LISTED + more, User, Folder, compiled=compiled)


@pytest.mark.parametrize(
    "more", ["", 'actions_of(user, _, list) if list = ["zap"] and user = user;'], ids=["", "open"]
)
@pytest.mark.parametrize("closed", [True, False, 1])
@pytest.mark.parametrize(
    ("method", "between"), [("authorized_actions", ()), ("authorized_fields", ("read",))]
)
def test_what_a_rule_lists_is_that_of_the_solver(
    more: str, closed: t.Any, method: str, between: tuple[str, ...]
) -> None:
    """What a helper rule has in a list in its head is searched for by name, or by a query."""
    user, folder = User(), Folder(None, closed=closed)
    folder.owner = user
    ours, solver = listing(more), listing(more, compiled=False)

    for actor in (user, User()):
        arguments = (actor, *between, folder)
        assert actions_of(ours, method, arguments) == actions_of(solver, method, arguments)


def actions_of(oso: Oso, method: str, arguments: t.Any) -> t.Any:
    try:
        return getattr(oso, method)(*arguments)
    except OsoError as error:
        return type(error)


def test_actions_that_a_rule_lists_need_no_query() -> None:
    """They are known before the question is asked."""
    oso, folder = listing(), Folder(None)

    assert oso.authorized_actions(User(), folder) == {"list"}
    strings = program_of(oso).string_searches.found("allow", (User(), None, folder), 1)
    assert strings == {"list"}


@pytest.mark.parametrize("resource", [{"a": 1}, {"a": 2}, {}, [1], [1, 2], Doc(values=[1]), "a"])
@pytest.mark.parametrize("head", ["{a: 1}", "[1]", "[x, *_]", "{a: x}", "nil"])
def test_asked_rule_may_have_a_list_in_its_head(head: str, resource: t.Any) -> None:
    """Lists are taken apart in functions only, and never in the rule that is asked."""
    condition = "x = 1 and" if "x" in head else ""
    rules = f"""
        allow(_: User, "read", {head}) if {condition} size([1], n) and n = 1;
        {ABOUT_LISTS["a length"]}
    """
    ours, solver = load(rules), load(rules, compiled=False)
    expected = outcome(solver, User(), resource)

    assert [outcome(ours, User(), resource) for _ in range(2)] == [expected] * 2


@pytest.mark.parametrize("value", [1, None, [1], "a"])
@pytest.mark.parametrize("condition", ["p(d, n) and n = d.least", "not (p(d, n) and n = d.least)"])
def test_list_of_a_variable_with_a_class_is_an_error_of_the_solver(
    condition: str, value: t.Any
) -> None:
    """No answer is made of it where a later goal gives the variable a value."""
    rules = f"holds(_, d) if {condition}; p(_: Doc, n: Integer) if n = [_, *_]; p(nil, 1);"
    ours, solver, doc = load(rules), load(rules, compiled=False), Doc(least=value)
    expected = outcome(solver, User(), doc)

    assert [outcome(ours, User(), doc) for _ in range(2)] == [expected] * 2


def test_function_has_no_name_that_another_one_gives_a_flag() -> None:
    """Two rules about one list note in one loop which of them still holds, under a name."""
    functions = "".join(
        f'allow(_: User, "{n}", doc: Doc) if size{n}(doc.values, m) and m > 0;'
        f"size{n}([], 0); size{n}([_, *rest], n) if size{n}(rest, m) and n = m + 1;"
        for n in range(8)
    )
    rules = f"""{functions}
        allow(_: User, "read", doc: Doc) if part in doc.parts and part.least = 1;
        allow(_: User, "read", doc: Doc) if doc.least = 0 and part in doc.parts and part.least = 2;
        holds(_, _) if false;
    """
    ours, doc = load(rules), Doc(values=[2], parts=[Doc(least=2)])
    for action in map(str, range(8)):
        assert ours.is_allowed(User(), action, doc)

    assert ours.authorized_actions(User(), doc) == {"read", *map(str, range(8))}


class Counting(User):
    """Counts how often a policy asks for its roles."""

    def __init__(self, values: t.Any) -> None:
        self.level, self.values, self.calls = 1, values, 0

    def roles(self) -> t.Any:
        self.calls += 1
        return iter([])


REVERSED = """
    allow(user: User{level: 1}, "read", _: Doc) if role in user.roles() and role = 1;
    holds(user, doc) if reversed(doc.values, [], turned) and turned = user.values;
    reversed([], all, all);
    reversed([first, *rest], before, all) if reversed(rest, [first, *before], all);
"""


@pytest.mark.parametrize("values", [[], [1], [1, 3], ["a", None], [True, 0.5]], ids=repr)
def test_list_that_the_solver_gives_a_variable_asks_nothing_again(values: t.Any) -> None:
    """Rules in order go on with it, in place of leaving the whole question to the solver."""
    ours, user = load(REVERSED), Counting([3, 1])
    may_read = outcome(ours, user, Doc(values=values))

    assert (may_read, user.calls) == (values == [1, 3], 1)


@pytest.mark.each(3)
@pytest.mark.parametrize("wanted", [[1], [1.0], [True], [1, 3], [NAN], [None, 1]], ids=repr)
@pytest.mark.parametrize("values", VALUES, ids=repr)
def test_list_that_the_solver_gives_a_variable_is_compared_as_by_it(
    values: t.Any, wanted: t.Any
) -> None:
    """A list with what may not equal itself is left to the solver, with all of the question."""
    ours, solver = load(REVERSED), load(REVERSED, compiled=False)
    doc = Doc(values=values)

    assert outcome(ours, Counting(wanted), doc) == outcome(solver, Counting(wanted), doc)


#: Whoever is in a team, or in one of its teams, may do what there are enough values for.
IN_TEAMS = """
    allow(user: User, "a0", doc: Doc) if within(user, doc.folder, _);
    within(user, t: Team, t) if user in t.users;
    within(user, t: Team, found) if each in t.teams and within(user, each, found)
      and within(user, each, found);
"""


def calls_for_actions(count: int) -> int:
    """Ask for so many actions, and count the calls of functions for the rules."""
    oso = Oso()
    for cls in (User, Doc, Team):
        oso.register_class(cls)
    oso.load_str(
        IN_TEAMS
        + "".join(
            f'allow(user: User, "a{n}", doc: Doc) if doc.least > {n}'
            " and within(user, doc.folder, _);"
            for n in range(1, count)
        )
    )
    user = User()
    doc = Doc(folder=Team(*(Team(Team(users=[user])) for _ in range(20))), least=100)
    assert len(oso.authorized_actions(user, doc)) == count
    calls = 0

    def note(frame: types.FrameType, event: str, _arg: t.Any) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename == "<policy>"

    sys.setprofile(note)
    try:
        oso.authorized_actions(user, doc)
    finally:
        sys.setprofile(None)
    return calls


def test_what_is_found_for_one_action_is_known_for_the_next() -> None:
    """A search for all actions asks each team once."""
    few, many = calls_for_actions(2), calls_for_actions(8)

    assert many < 2 * few


INHERITED = """
    allow(user: User{level: 1}, "read", _: Doc) if role in user.roles() and role = 1;
    holds(user, doc) if listed(doc, value) and value = user.values;
    listed(doc: Doc, value) if value = doc.values;
    listed(doc: Doc, value) if doc.parent != nil and listed(doc.parent, value);
"""


@pytest.mark.parametrize("wanted", [[3], ["a", [1]], {"a": [1]}, [], None], ids=repr)
def test_list_that_a_rule_gives_a_variable_asks_nothing_again(wanted: t.Any) -> None:
    """Each rule that calls itself may find one, and the question goes on where it is."""
    ours, user = load(INHERITED), Counting(wanted)
    doc = Doc(values=["a", [1]], parent=Doc(values={"a": [1]}, parent=Doc(values=[3], parent=None)))

    may_read = outcome(ours, user, doc)

    assert (may_read, user.calls) == (wanted not in ([], None), 1)


def test_dictionary_that_changes_while_a_rule_gives_it_is_no_error() -> None:
    """It is given as it is at some moment."""
    ours, wanted = load(INHERITED), {"a": 1, "b": 2}
    found = {outcome(ours, Counting(wanted), Doc(values=dict(wanted), parent=None))}
    for step in range(0, 60, 3):
        values = dict(wanted)
        with interrupted("<genexpr>", step, lambda: values.update(c=3)):  # noqa: B023
            found.add(outcome(ours, Counting(wanted), Doc(values=values, parent=None)))

    assert found <= {True, False}


OF_TWO_LENGTHS = """
allow(user: User, "read", doc: Doc) if forall(each in doc.values, is_seen(each, user));
is_seen(folder, user) if user.ok and is_seen(folder);
is_seen(folder, user) if folder.kind = user;
is_seen(folder) if folder.closed;
is_seen(folder) if folder.parent != nil and is_seen(folder.parent);
"""


@pytest.mark.parametrize("ok", [True, False])
def test_rule_of_the_name_with_fewer_arguments_is_another_one(ok: bool) -> None:
    """It does not answer for a rule that begins with it."""
    user = User()
    user.ok = ok  # type: ignore[attr-defined]
    folder = Folder(Folder(None), closed=True)
    oso = make_oso(OF_TWO_LENGTHS, User, Folder, Doc)

    assert oso.is_allowed(user, "read", Doc(values=[folder])) is ok


SHORTER_LOOP = """
actor User {}
resource Folder {
  permissions = ["read"]; relations = {parent: Folder}; "read" if "read" on "parent";
}
allow(user, action, folder) if has_permission(user, action, folder);
has_relation(above: Folder, "parent", folder: Folder) if above = folder.parent;
has_permission(_: User, _: String, folder: Folder) if is_inside(folder, folder);
is_inside(folder, other) if not folder.closed and is_inside(folder.parent, other);
"""


def test_loop_that_another_rule_begins_is_about_its_own_arguments() -> None:
    """A function that calls nothing but the loop of another rule may have more arguments."""
    oso = make_oso(SHORTER_LOOP, User, Folder, Computing)

    assert oso.is_allowed(User(), "read", Folder(None, closed=True)) is False
