"""``x in [a, b]`` of constants and variables: a specialization compares with one by one."""

from __future__ import annotations

import enum
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import specialized
from tests.support.sizes import combinations_of


class State(enum.Enum):
    """The state of a record."""

    DRAFT = 1
    SIGNED = 2
    LOCKED = 3


class User:
    """An actor."""

    def __init__(self, scopes: list[str]) -> None:
        self.scopes = scopes
        self.kind: t.Any = "a"
        self.boss: t.Any = None


class Record:
    """A resource."""

    def __init__(self, state: t.Any, kind: t.Any) -> None:
        self.state, self.kind = state, kind
        self.author: t.Any = None


#: What an 'allow(u: User, "read", r: Record)' asks.
CONDITIONS = {
    "members": "r.state in [DRAFT, SIGNED]",
    "not": "not r.state in [DRAFT, SIGNED]",
    "nil": 'r.kind in ["a", nil]',
    "mixed": 'r.kind in ["a", 1, DRAFT]',
    "variable": "r.kind in [u.kind, nil]",
    "objects": "r.author in [u, u.boss]",
    "twice": "r.state in [DRAFT, DRAFT, LOCKED] and r.kind in [u.kind, 2]",
    "or": 'r.state in [DRAFT, LOCKED] and (r.kind = "a" or r.author = u)',
    "helper": "among(r.state, [DRAFT, LOCKED], u.kind)",
    "pairs": 's in u.scopes and [s, r.kind] in [["read", "a"], ["write", "a"], ["write", 1]]',
    "sizes": 's in u.scopes and [s, r.kind] in [["read"], ["write", "a"]]',
    "forall": "forall(s in u.scopes, s in [r.kind, u.kind])",
    "members in forall": "forall(s in u.scopes, r.state in [DRAFT, LOCKED] or s = u.kind)",
    "list of a fact": "listed(u.kind, xs) and r.kind in xs",
    "text in list of a fact": 'listed(u.kind, xs) and "a" in xs and not "b" in xs and r = r',
    "not in list of a fact": "not (listed(u.kind, xs) and r.kind in xs)",
    "element of list of a fact": "listed(u.kind, xs) and x in xs and x = r.kind",
    "list of a variable": 'xs = ["a", "b"] and (r.kind in xs or r.state in xs) and u.kind in xs',
    "list of others": 'xs = ["a", 1] and r.kind in xs and u.kind in xs',
    "literals in forall": 'forall(_s in u.scopes, r.kind in ["a", "b"])',
}
HELPER = """
among(x, _, k) if x in [DRAFT, k];
listed("a", ["a", "c"]);
listed("b", ["b", "a"]);
"""
RECORDS = [(state, kind) for state in (*State, "a", None) for kind in ("a", "b", 1, None)]


def make_oso(condition: str, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    for cls in (User, Record):
        oso.register_class(cls)
    for member in State:
        oso.register_constant(member, member.name)
    oso.load_str(f'allow(u: User, "read", r: Record) if u = u and {condition}; {HELPER}')
    return oso


@pytest.mark.parametrize(
    ("name", "scopes"), combinations_of(sorted(CONDITIONS), ["", "read", "write", "a", "read a"])
)
def test_one_function_answers_as_the_solver(name: str, scopes: str) -> None:
    """A specialization gives the answer of the solver, whatever is searched for."""
    oso, solver = make_oso(CONDITIONS[name]), make_oso(CONDITIONS[name], compiled=False)
    user = User(scopes.split())
    records = [Record(state, kind) for state, kind in RECORDS]
    records[3].author = records[4].author = user
    # Their classes are learnt.
    assert [oso.is_allowed(user, "read", record) for record in records]

    answers = [specialized(oso.engine, user, "read", record) for record in records]

    assert answers == [solver.is_allowed(user, "read", record) for record in records]


def test_text_in_the_list_of_a_fact_is_looked_for_while_the_function_is_written() -> None:
    """As where the list stands in the condition: both are in the policy."""
    oso = make_oso('listed(u.kind, xs) and "a" in xs and r = r')

    oso.is_allowed(User([]), "read", Record(None, None))

    code = oso.generated_code('allow(User, "read", Record)')
    assert "among" not in code.partition("# The specialization")[2].partition("# A compiled")[0]


class Odd:
    """Says of everything that it is equal, and notes that it was asked."""

    asked = 0

    def __eq__(self, other: object) -> bool:
        Odd.asked += 1
        return True

    __hash__ = None  # type: ignore[assignment]


def test_an_object_with_an_equality_of_its_own_is_left_to_the_rules() -> None:
    """The function gives up before it asks the object; the rules ask it as the solver does."""
    oso, solver = make_oso(CONDITIONS["members"]), make_oso(CONDITIONS["members"], compiled=False)
    user, record = User([]), Record(Odd(), "a")
    Odd.asked = 0

    assert specialized(oso.engine, user, "read", record) is None
    assert Odd.asked == 0
    assert oso.is_allowed(user, "read", record) is solver.is_allowed(user, "read", record) is True


@pytest.mark.parametrize(
    "condition", ["s in [DRAFT, SIGNED] and r.state = s", "x = u.scopes and r.kind in [DRAFT, *x]"]
)
def test_what_is_bound_by_the_search_is_left_to_the_rules(condition: str) -> None:
    """A variable that the search binds, and a list with a rest, have no such function."""
    oso, solver = make_oso(condition), make_oso(condition, compiled=False)
    user, record = User([]), Record(State.SIGNED, "a")

    assert specialized(oso.engine, user, "read", record) is None
    assert oso.is_allowed(user, "read", record) is solver.is_allowed(user, "read", record)
