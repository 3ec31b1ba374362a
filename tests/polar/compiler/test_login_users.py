"""Users of Flask-Login are compared as ``UserMixin`` compares them, without running its code."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
import uuid

import flask_login  # type: ignore[import-untyped]
import pytest

from flask_oso import Oso
from tests.support import policies
from tests.support.answers import is_left_to_solver, outcome_of, specialized
from tests.support.sizes import each_of


class User(flask_login.UserMixin):
    """The usual user."""

    def __init__(self, id: t.Any) -> None:
        self.id = id


class Admin(User):
    """Of another class, and equal to a user with the same id."""


class Other(User):
    """Says itself what is compared."""

    def get_id(self) -> str:
        return "1"


class Computed(flask_login.UserMixin):
    """Computes its id."""

    @property
    def id(self) -> int:
        return 1


class Alone(User):
    """Equals itself only, but other users may equal it."""

    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__


class Nobody(flask_login.UserMixin):
    """Has no id, so that comparing it is an error."""


@dataclasses.dataclass
class Record(flask_login.UserMixin):
    """Compares its fields."""

    id: int


class Anonymous(flask_login.AnonymousUserMixin):
    """Nobody is logged in."""


class Number(int):
    """A number with a text of its own."""

    def __str__(self) -> str:
        return "1"


class Post:
    """What is asked about."""

    def __init__(self, owner: t.Any) -> None:
        self.owner = owner
        self.owners = [owner, User(2), None]


CONDITIONS = {
    "unify": "p.owner = u",
    "equal": "p.owner == u",
    "unequal": "p.owner != u",
    "not": "not p.owner = u",
    "nil": "u = u and p.owner = nil",
    "no nil": "u = u and p.owner != nil",
    "actor": "p = p and u != nil",
    "in": "u in p.owners",
    "not in": "not u in p.owners",
    "loop": "o in p.owners and o = u",
    "others": "o in p.owners and o != u",
    "text": 'u = u and p.owner = "1"',
}
CLASSES = (User, Admin, Other, Computed, Alone, Nobody, Record, Anonymous, Post)
NUMBERS = [1, 2, "1", "", None, 1.0, True, uuid.UUID(int=1), Number(3), 10**5000]
SIDES: list[t.Any] = [
    *map(User, NUMBERS),
    *(User(1), Admin(1), Admin(3), Other(1), Other(2), Computed(), Alone(1), Nobody()),
    *(Record(1), Anonymous(), None, "1", 1),
]


def make_oso(condition: str, *, compiled: bool = True) -> Oso:
    return policies.make_oso(
        f'allow(u, "read", p: Post) if {condition};', *CLASSES, compiled=compiled
    )


@pytest.mark.parametrize("name", CONDITIONS)
def test_users_are_equal_as_the_solver_says(name: str) -> None:
    """Answers and errors are the same, whatever the ids and the classes of two users are."""
    oso, solver = (make_oso(CONDITIONS[name], compiled=compiled) for compiled in (True, False))

    pairs = each_of(itertools.product(SIDES, SIDES), 3)
    questions = [(actor, "read", Post(owner)) for actor, owner in pairs]

    assert [outcome_of(oso, *each) for each in questions] == [
        outcome_of(solver, *each) for each in questions
    ]


@pytest.mark.parametrize(
    ("actor", "name"),
    [(User(1), name) for name in CONDITIONS]
    + [(Anonymous(), name) for name in ("unify", "not", "nil", "in", "loop", "text")],
)
def test_users_have_a_function_for_plain_data(actor: t.Any, name: str) -> None:
    """A condition on users, or on nobody, is answered without the rules in their order."""
    oso = make_oso(CONDITIONS[name])
    oso.is_allowed(actor, "read", Post(User(1)))

    assert specialized(oso.engine, actor, "read", Post(User(1))) is not None


#: A rule for a job that acts as itself, and one that needs the rules in their order.
BESIDE_A_LITERAL = """
    allow("nightly", "read", _: Post);
    allow(u: User, action, p) if permitted(u, action, p);
    permitted(u: User, "read", p: Post) if is_live(u, p);
    is_live(u, p: Post) if Datetime.now() != nil and p.owner = u;
    is_live(u, p: Post) if p.owner = 3 and u = u;
"""


def test_user_beside_a_literal_is_not_left_to_the_solver() -> None:
    """A head with a string compares a user without running its code: it is no string."""
    oso = make_oso("u = p")
    oso.load_str(BESIDE_A_LITERAL, replace=True)
    user = User(1)

    assert oso.is_allowed(user, "read", Post(user))
    assert not is_left_to_solver(oso, user, "read", Post(user))


@pytest.mark.parametrize("owner", [Other(1), Computed(), Alone(1), Nobody()])
def test_other_equalities_are_left_to_the_rules(owner: t.Any) -> None:
    """A user that compares something else, or fails, is asked by the rules in their order."""
    oso = make_oso("p.owner = u")
    oso.is_allowed(User(1), "read", Post(User(1)))

    assert specialized(oso.engine, User(1), "read", Post(owner)) is None


def test_another_version_of_the_library_is_left_to_the_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the methods that are known are replaced by a comparison."""

    def get_id(self: t.Any) -> str:
        return str(self.name)

    monkeypatch.setattr(flask_login.UserMixin, "get_id", get_id)
    oso = make_oso("p.owner = u")
    users = User(1), User(2)
    for user in users:
        user.name = "ana"

    assert oso.is_allowed(users[0], "read", Post(users[1]))
    assert specialized(oso.engine, users[0], "read", Post(users[1])) is None
