"""Within one decision a recursive rule is asked each question once, and a ring ends."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import StackOverflowError
from tests.support.policies import make_oso


class User:
    """An actor with roles, each the name of a role and a folder."""

    def __init__(self, *roles: tuple[str, Folder]) -> None:
        self.roles = [Role(name, folder) for name, folder in roles]


class Role:
    """A role on a folder."""

    def __init__(self, name: str, folder: Folder) -> None:
        self.name = name
        self.folder = folder


class Folder:
    """A folder that counts how often its parents and what it is are asked for."""

    asked = 0

    def __init__(self, *parents: Folder, is_open: bool = True) -> None:
        self.above = list(parents)
        self.is_open = is_open
        self.key: t.Any = 1

    @property
    def parents(self) -> list[Folder]:
        Folder.asked += 1
        return self.above

    @property
    def parent(self) -> Folder | None:
        Folder.asked += 1
        return self.above[0] if self.above else None

    def checked(self) -> bool:
        """Say no, and count that it was asked."""
        Folder.asked += 1
        return False

    def higher(self) -> Folder | None:
        """Give a new object for the parent each time."""
        if not self.above:
            return None
        made = Folder(*self.above[0].above, is_open=self.above[0].is_open)
        made.key = self.above[0].key
        return made


ROLE = "has(u: User, n: String, f: Folder) if r in u.roles and r.name = n and r.folder = f;"
#: How a recursive rule is asked, by what is special about it.
QUESTIONS = {
    "a test": 'allow(u: User, "read", f: Folder) if has(u, "reader", f);',
    "a search": 'allow(u: User, "read", f: Folder) if has(u, "reader", f) and f.is_open = false;',
    "a negation": 'allow(u: User, "read", f: Folder) if not has(u, "reader", f);',
    "for all": 'allow(u: User, "read", f: Folder) if forall(n in ["reader"], has(u, n, f));',
    "an alternative": 'allow(u: User, "read", f: Folder) if (f.key = 2 or has(u, "reader", f));',
}
#: How a rule goes on to a parent, by what is special about it.
STEPS = {
    "parent": "has(u: User, n: String, f: Folder) if p = f.parent and p != nil and has(u, n, p);",
    "parents": "has(u: User, n: String, f: Folder) if p in f.parents and has(u, n, p);",
    "two rules": """has(u: User, n: String, f: Folder) if above(u, n, f);
        above(u, n, f) if p in f.parents and has(u, n, p);""",
    "more follows": "has(u: User, n: String, f: Folder) if p in f.parents and has(u, n, p)"
    " and p.is_open = true;",
    "other roles": """has(u: User, "reader", f: Folder) if has(u, "writer", f);
        has(u: User, "writer", f: Folder) if has(u, "owner", f);
        has(u: User, n: String, f: Folder) if p in f.parents and has(u, n, p);""",
}
SHAPES = [(question, step) for question in QUESTIONS for step in STEPS]


def load(*rules: str) -> Oso:
    return make_oso("\n".join(rules), User, Folder)


def rules_of(question: str, step: str) -> list[str]:
    return [QUESTIONS[question], ROLE, STEPS[step]]


def chain(length: int) -> Folder:
    """Give the lowest of some folders."""
    folder = Folder()
    for _ in range(length - 1):
        folder = Folder(folder)
    return folder


def ring(length: int) -> Folder:
    """Give one of some folders, the highest of which is inside of the lowest."""
    lowest = folder = Folder()
    for _ in range(length - 1):
        folder = Folder(folder)
    lowest.above = [folder]
    return folder


def diamonds(levels: int) -> Folder:
    """Give a folder with two parents, each of which has the same two, and so on."""
    left, right = Folder(), Folder()
    for _ in range(levels - 1):
        left, right = Folder(left, right), Folder(left, right)
    return Folder(left, right)


def outcome(ask: t.Callable[[], bool]) -> tuple[t.Any, int]:
    """Give the answer or the error with its text, and how often a folder was asked."""
    Folder.asked = 0
    answer: t.Any
    try:
        answer = ask()
    except OsoError as error:
        answer = (type(error).__name__, str(error))
    return answer, Folder.asked


def asked(oso: Oso, user: User, folder: Folder) -> tuple[t.Any, int]:
    return outcome(lambda: oso.is_allowed(user, "read", folder))


def solved(oso: Oso, user: User, folder: Folder) -> tuple[t.Any, int]:
    return outcome(lambda: oso.engine.solve_call("allow", (user, "read", folder)))


def count(oso: Oso, folder: Folder) -> int:
    """Count what is asked of folders for a user without roles, once all functions are made."""
    asked(oso, User(), folder)
    return asked(oso, User(), folder)[1]


# -- what it costs ---------------------------------------------------------------------------


@pytest.mark.each(3)
@pytest.mark.parametrize(("question", "step"), SHAPES)
def test_long_chain_costs_its_length(question: str, step: str) -> None:
    """A chain ten times as long asks ten times as much."""
    oso = load(*rules_of(question, step))

    assert count(oso, chain(101)) - count(oso, chain(1)) == 10 * (
        count(oso, chain(11)) - count(oso, chain(1))
    )


@pytest.mark.parametrize("step", ["parents", "two rules", "more follows", "other roles"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_diamonds_cost_their_number(question: str, step: str) -> None:
    """Each folder is asked as often, however many ways lead to it."""
    oso = load(*rules_of(question, step))
    per_level = count(oso, diamonds(3)) - count(oso, diamonds(2))

    assert count(oso, diamonds(30)) - count(oso, diamonds(2)) == 28 * per_level


@pytest.mark.each(3)
@pytest.mark.parametrize("question", QUESTIONS)
def test_chain_longer_than_the_stack_of_python_costs_its_length(question: str) -> None:
    """Where Python's stack ends, the solver goes on with what is known already."""
    oso = load(*rules_of(question, "other roles"))

    assert count(oso, chain(1_200)) <= 3 * 1_200 + 1


def test_what_follows_a_recursive_rule_is_not_asked_again() -> None:
    """A rule that holds in two ways is one reason; a goal behind it that failed fails again."""
    oso = load(
        'allow(u: User, "read", f: Folder) if has(u, "reader", f) and f.checked();',
        ROLE,
        STEPS["parent"],
    )
    folder = Folder()

    answer, times = asked(oso, User(("reader", folder), ("reader", folder)), folder)

    # The parent is asked for, too: that may raise an error.
    assert (answer, times) == (False, 2)


def test_questions_about_all_actions_share_what_they_found() -> None:
    """A role is looked for once, whatever the number of the actions that it gives."""
    actions = "\n".join(
        f'allow(u: User, "{name}", f: Folder) if has(u, "reader", f);' for name in "abcdef"
    )
    oso = load(actions, ROLE, STEPS["parents"])
    oso.authorized_actions(User(), chain(5))

    Folder.asked = 0
    assert oso.authorized_actions(User(), chain(5)) == set()
    assert Folder.asked == 5


def test_nothing_is_remembered_for_the_next_question() -> None:
    """A table belongs to one decision."""
    oso = load(*rules_of("a test", "parents"))
    user, folder = User(), chain(3)
    assert not oso.is_allowed(user, "read", folder)

    user.roles.append(Role("reader", folder.above[0]))

    assert oso.is_allowed(user, "read", folder)


# -- rings -----------------------------------------------------------------------------------


@pytest.mark.each(3)
@pytest.mark.parametrize("length", [1, 2, 7, 1_000])
@pytest.mark.parametrize(("question", "step"), SHAPES)
def test_ring_ends_with_an_error(question: str, step: str, length: int) -> None:
    """No answer is ever made of a ring, under a negation neither."""
    oso = load(*rules_of(question, step))

    with pytest.raises(StackOverflowError, match="calls itself with the same arguments") as caught:
        oso.is_allowed(User(), "read", ring(length))

    assert "Look for a circle in the data" in str(caught.value)


@pytest.mark.each(3)
@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize(("question", "step"), SHAPES)
def test_ring_has_the_error_of_the_solver(question: str, step: str, length: int) -> None:
    """The text of the error is the same."""
    oso = load(*rules_of(question, step))
    folder = ring(length)

    assert asked(oso, User(), folder)[0] == solved(oso, User(), folder)[0]


def test_ring_behind_a_solution_is_not_met_by_a_test() -> None:
    """What is found first is the answer, as in the solver."""
    oso = load(*rules_of("a test", "parents"))
    folder = ring(3)

    assert oso.is_allowed(User(("reader", folder.above[0])), "read", folder)


# -- the answers are those of the solver -------------------------------------------------------


@pytest.mark.each(3)
@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize(("question", "step"), SHAPES)
def test_answer_is_that_of_the_solver(question: str, step: str, place: int) -> None:
    """The answer is the same wherever in a chain and among diamonds a role is."""
    oso = load(*rules_of(question, step))
    for folder in (chain(5), diamonds(4)):
        holder = folder
        for _ in range(min(place, 3)):
            holder = holder.above[-1]
        user = User(("owner", holder), ("reader", holder))

        answer, times = asked(oso, user, folder)

        expected, most = solved(oso, user, folder)
        assert answer == expected
        assert times <= most


def test_kinds_of_numbers_are_told_apart() -> None:
    """``1``, ``1.0`` and ``true`` are equal in Python and may differ in a policy."""
    oso = load(
        'allow(_: User, "read", f: Folder) if not same(f, true) and same(f, 1) and same(f, 1.0);',
        "same(f: Folder, n) if f.key = n;",
        "same(f: Folder, n) if p in f.parents and same(p, n);",
    )

    assert oso.is_allowed(User(), "read", chain(3))


def test_objects_that_live_shortly_are_told_apart() -> None:
    """A table keeps its objects alive: another object may not get the identity of one."""
    oso = load(
        'allow(_: User, "read", f: Folder) if marked(f);',
        "marked(f: Folder) if f.key = 2;",
        "marked(f: Folder) if h = f.higher() and h != nil and marked(h);",
    )
    folder = chain(100)
    assert not oso.is_allowed(User(), "read", folder)
    top = folder
    while top.above:
        top = top.above[0]
    top.key = 2

    assert oso.is_allowed(User(), "read", folder)


@pytest.mark.parametrize(
    "rules",
    [
        "p(f) if f.key = 1; p(f) if q in f.parents and p(q); p(f) if f.missing;",
        "p(f) if q in f.parents and p(q); p(f) if f.key = 1; p(f) if f.missing;",
        "p(f) if f.key = 1; p(f) if f.missing; p(f) if q in f.parents and p(q);",
    ],
)
def test_error_behind_a_solution_is_raised_if_what_follows_fails(rules: str) -> None:
    """All alternatives are looked at, though what follows is not asked again."""
    oso = load('allow(_: User, "read", f: Folder) if p(f) and f.is_open = false;', rules)
    folder = chain(3)

    answer, _ = asked(oso, User(), folder)

    assert answer == solved(oso, User(), folder)[0]
    assert "missing" in answer[1]


@pytest.mark.parametrize(
    "rules",
    [
        "p(f) if f.key = 2; p(f) if q in f.parents and p(q) and cut; p(f) if f.key = 1;",
        "p(f) if q in f.parents and cut and p(q); p(f) if f.key = 1;",
        "p(f) if f.key = 1 and cut; p(f) if q in f.parents and p(q);",
    ],
)
@pytest.mark.parametrize("follows", ["", " and f.is_open = false", " and p(f)"])
def test_cut_in_a_recursive_rule(rules: str, follows: str) -> None:
    """A cut ends a call; what is known of the call is no more than it said."""
    oso = load(f'allow(_: User, "read", f: Folder) if p(f){follows};', rules)
    for folder in (chain(1), chain(4), diamonds(3)):
        assert asked(oso, User(), folder)[0] == solved(oso, User(), folder)[0]


@pytest.mark.parametrize("body", ["p(f) and p(f)", "p(f) and not p(f)", "not p(f) or p(f)"])
def test_question_that_is_asked_while_its_search_goes_on(body: str) -> None:
    """A search that waits behind its first solution is no ring."""
    oso = load(
        f'allow(_: User, "read", f: Folder) if ({body}) and f.is_open = true;',
        "p(f) if f.key = 1;",
        "p(f) if q in f.parents and p(q) and p(q);",
    )
    for folder in (chain(1), chain(3), diamonds(1)):
        assert asked(oso, User(), folder)[0] == solved(oso, User(), folder)[0]


def test_rule_that_decided_is_known_where_a_call_was_answered_before() -> None:
    """The deciding rule is the one of the first solution, as the solver says."""
    oso = load(
        'allow(u: User, "read", f: Folder) if not has(u, "writer", f) and has(u, "reader", f);',
        ROLE,
        STEPS["parents"],
    )
    folder = chain(3)
    user = User(("reader", folder.above[0]))

    rule = oso.engine.deciding_rule("allow", (user, "read", folder))

    assert rule is not None
    assert rule.name == "allow"
