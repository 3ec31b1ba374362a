"""Questions about lists: `allow(user, "read", [doc, other])`, and lists among their elements."""

from __future__ import annotations

import itertools
import sys
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of, specializations_of, specialized
from tests.support.policies import make_oso
from tests.support.sizes import each_of


class User:
    def __init__(self, name: str = "ana") -> None:
        self.name = name


class Doc:
    def __init__(self, owner: t.Any = None, kind: t.Any = "a") -> None:
        self.owner, self.kind = owner, kind

    def is_open(self) -> bool:
        return bool(self.kind == "a")


class Derived(list[t.Any]):
    """A list of a class of its own."""


class Odd:
    """An object that refuses to be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    __hash__ = None  # type: ignore[assignment]


_OWNER = 'allow(user: User, "read", doc: Doc) if doc.owner = user;'
_NOT = "not (x in docs and not allow(user, action, x))"
POLICIES = {
    "each": f"{_OWNER} allow(user, action, docs: List) if"
    " forall(x in docs, allow(user, action, x));",
    "each, negated": f"{_OWNER} allow(user, action, docs: List) if {_NOT};",
    "one": f"{_OWNER} allow(user, action, docs: List) if x in docs and allow(user, action, x);",
    "each, by a user": f"{_OWNER} allow(user: User, action, docs: List) if"
    " forall(x in docs, allow(user, action, x));",
    "each, by a helper": 'allow(u, a, d: Doc) if may(u, a, d); allow(u: User, "read", docs: List)'
    ' if forall(x in docs, may(u, "read", x)); may(u: User, "read", d: Doc) if d.owner = u;',
    "an attribute of each": 'allow(u: User, "read", docs: List) if forall(x in docs, x.owner = u);',
    "a kind of each": 'allow(_: User, "read", docs: List) if'
    ' x in docs and x matches Doc and x.kind = "a";',
    "a list in a list": 'allow(u: User, "read", docs: List) if'
    " x in docs and x matches List and d in x and d.owner = u;",
    "a dictionary in a list": 'allow(u: User, "read", docs: List) if'
    " x in docs and x matches Dictionary and x.owner = u;",
    "no class": 'allow(u: User, "read", docs) if x in docs and x.owner = u;',
    "as a whole": 'allow(_: User, "read", docs: List) if docs = [];'
    'allow(_: User, "read", docs) if docs = [1, "a"];',
    "taken apart": 'allow(u: User, "read", docs) if [first, *_] = docs and first.owner = u;',
    "in a head": f'{_OWNER} allow(u: User, "read", [doc, *_]) if allow(u, "read", doc);',
    "an object or a list": f'{_OWNER} allow(u: User, "read", docs: List) if own(u, docs);'
    "own(_, []); own(u, [d, *rest]) if d.owner = u and own(u, rest);",
    "a method of each": 'allow(_: User, "read", docs: List) if forall(x in docs, x.is_open());',
    "a number": 'allow(u: User, "read", docs: List) if u.name in docs or 3 in docs;',
}
ANA = User()
MINE, OTHER = Doc(ANA), Doc(User("ben"), "b")


def _lists() -> list[t.Any]:
    ring: list[t.Any] = [MINE]
    ring.append(ring)
    inner = [MINE]
    return [
        *([], [MINE], [OTHER], [MINE, OTHER], [MINE] * 40, [OTHER, *[MINE] * 40], [[MINE]]),
        *([[OTHER], MINE], [[[MINE]], [MINE, [MINE]]], [[]], ring, [inner, inner], [MINE, None]),
        *([MINE, 3], ["ana"], [1, "a"], [2**70], [MINE, 2**70], [float("nan")], ["\ud800"]),
        *([Odd()], [MINE, Odd()], [sys], [MINE, sys], [[sys]], Derived([MINE]), [Derived([MINE])]),
        *((MINE,), [(MINE,)], {"owner": ANA}, [{"owner": ANA}], [MINE, {"owner": OTHER}], {MINE}),
        *([User], [{2: 3}], [{"owner": Odd()}], MINE, OTHER, None, 3, "ana", [ANA, MINE]),
    ]


def _oso(name: str, *, compiled: bool = True) -> Oso:
    return make_oso(POLICIES[name], User, Doc, compiled=compiled)


@pytest.mark.parametrize("name", POLICIES)
def test_lists_are_answered_alike(name: str) -> None:
    """Answers and errors are those of the solver, whatever the elements are."""
    compiled, solved = _oso(name), _oso(name, compiled=False)
    asked = itertools.product((ANA, 7), ("read", "x"), _lists())
    questions = [(actor, action, each) for actor, action, each in each_of(asked, 3)]

    found = [outcome_of(compiled, *each) for each in questions * 2]

    assert found == [outcome_of(solved, *each) for each in questions] * 2


@pytest.mark.parametrize("name", POLICIES)
def test_list_may_be_the_actor(name: str) -> None:
    """Most rules are not about one."""
    compiled, solved = _oso(name), _oso(name, compiled=False)
    questions = [([ANA], "read", MINE), ([], "read", [MINE]), ([MINE], "read", [])]

    found = [outcome_of(compiled, *each) for each in questions]

    assert found == [outcome_of(solved, *each) for each in questions]


@pytest.mark.parametrize(
    "name", ["each", "each, negated", "one", "each, by a user", "each, by a helper", "no class"]
)
def test_list_is_answered_by_a_specialization(name: str) -> None:
    """What each element is asked is written in place, also of lists in the list."""
    engine = _oso(name).engine

    assert specialized(engine, ANA, "read", [MINE, MINE]) is True
    assert specialized(engine, ANA, "read", [OTHER]) is False


@pytest.mark.parametrize("docs", [[MINE], [OTHER], [MINE, OTHER], [], [[MINE]]], ids=range(5))
def test_actions_of_a_list_are_those_of_the_solver(docs: list[t.Any]) -> None:
    """As for one object."""
    found = [_oso("one", compiled=each).authorized_actions(ANA, docs) for each in (True, False)]

    assert found[0] == found[1] == ({"read"} if MINE in docs or [MINE] in docs else set())


def test_change_of_a_list_by_the_question_is_not_seen() -> None:
    """A question is about the list as it was when it was asked."""

    class Emptying(Doc):
        def is_open(self) -> bool:
            docs.clear()
            return True

    docs: list[Doc] = [Emptying(), Doc(kind="b")]

    assert _oso("a method of each").is_allowed(ANA, "read", docs) is False


@pytest.mark.parametrize(("second", "is_looked_at"), [("_", False), ("_kind", True)])
def test_what_has_no_name_is_looked_at_with_the_whole_list(
    second: str, *, is_looked_at: bool
) -> None:
    """Another thread may change a list behind that: what has a name is looked at by itself."""
    policy = f'allow(user: User, "read", [doc, {second}]) if doc.owner = user;'
    oso = make_oso(policy, User, Doc)
    user = User()

    allowed = [oso.is_allowed(user, "read", [Doc(user), last]) for last in ("a", Odd())]

    function = specializations_of(oso.engine)["read"][list]
    assert allowed == [True, True]
    assert specialized(oso.engine, user, "read", [Doc(user), "a"]) is True
    assert ("harmless" in function.__code__.co_names) is is_looked_at
