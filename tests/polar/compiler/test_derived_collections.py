"""Collections whose classes derive from Python's own are gone through as these are."""

from __future__ import annotations

import collections
import typing as t

import pytest

from tests.support.answers import outcome_of, specialized
from tests.support.models.people import Thing
from tests.support.policies import make_oso


class User(Thing):
    """Who asks."""

    x: t.Any


class Doc(Thing):
    """What is asked about."""

    x: t.Any


class Names(list[t.Any]):
    """A list with a name, as one that tells a session of its changes."""


class Pair(tuple[t.Any, ...]):
    """A tuple with a name."""


class Tags(set[t.Any]):
    """A set with a name."""


class Fixed(frozenset[t.Any]):
    """A frozen set with a name."""


class Queue(collections.deque[t.Any]):
    """A queue with a name."""


class Entries(dict[t.Any, t.Any]):
    """A dictionary with a name, of which a search finds the keys."""


class Claiming(Tags):
    """Says that it contains anything."""

    def __contains__(self, item: object) -> bool:
        return True


class Empty(Names):
    """Says that it is empty."""

    def __len__(self) -> int:
        return 0


class Denying(Names):
    """Says that it is false."""

    def __bool__(self) -> bool:
        return False


class Other(Tags):
    """Has other elements than are stored in it."""

    def __iter__(self) -> t.Iterator[t.Any]:
        return iter(["other"])


class Mixin:
    """Counts nothing, for those that have it as their first base."""

    def __len__(self) -> int:
        return 0


class Mixed(Mixin, set[t.Any]):
    """Inherits another length than that of a set."""


class Refusing:
    """Refuses to be compared."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        raise ValueError("compared")


_PLAIN = (Names, Pair, Tags, Fixed, Queue)
_ALL = (*_PLAIN, Claiming, Empty, Denying, Other, Mixed)
_CONDITIONS = (
    "user.x in doc.x",
    "not user.x in doc.x",
    "x in doc.x and x = user.x",
    "x in doc.x and x in user.both",
    "forall(x in doc.x, x != user.x)",
    '"a" in doc.x',
    '["a", _] in doc.x',
)


def _made(cls: t.Any, *elements: t.Any) -> t.Any:
    return cls(elements)


@pytest.mark.parametrize("condition", _CONDITIONS)
@pytest.mark.parametrize("cls", _ALL)
def test_derived_collection_is_searched_as_by_the_solver(cls: t.Any, condition: str) -> None:
    """Also where what is searched for is learnt to be a collection by the question before."""
    policy = f'allow(user: User, "read", doc: Doc) if user.id = 1 and {condition};'
    asked = [make_oso(policy, User, Doc, compiled=each) for each in (True, True, False)]
    docs = [Doc(x=_made(cls, *found)) for found in (("a", "b"), (), (1, True, "other"), (None,))]
    docs.append(Doc(x=_made(cls, Refusing(), "a")))
    sought = "a", "other", 1, None, Refusing, "c"
    users = [User(id=1, x=x, both=_made(cls, "a", 1)) for x in sought]

    for user in users:
        for doc in docs:
            first, again, solver = (outcome_of(oso, user, "read", doc) for oso in asked)
            assert first == again == solver, (user.x, doc.x)


@pytest.mark.parametrize(
    "condition", ["user.x in doc.x", "not user.x in doc.x", "x in doc.x and x.id = user.id"]
)
@pytest.mark.parametrize("cls", _PLAIN)
def test_derived_collection_is_plain_data(cls: t.Any, condition: str) -> None:
    """From the second question on, no rule is asked one by one."""
    oso = make_oso(f'allow(user: User, "read", doc: Doc) if {condition};', User, Doc)
    user = User(x=User(id=1), id=1)
    docs = [Doc(x=_made(cls, user.x)), Doc(x=_made(cls, User(id=2)))]

    answers = [[oso.is_allowed(user, "read", doc) for doc in docs] for _ in range(2)]

    assert [[specialized(oso.engine, user, "read", doc) for doc in docs]] == answers[1:]
    assert answers[0] == answers[1]
    assert {*answers[0]} == {True, False}


@pytest.mark.parametrize("cls", [Names, Pair, Queue])
def test_nothing_is_looked_at_behind_what_is_found(cls: t.Any) -> None:
    """A list of a class of its own has the order of a list, and the solver ends at a solution."""
    oso = make_oso('allow(user: User, "read", doc: Doc) if user.x in doc.x;', User, Doc)
    user, doc = User(x="a"), Doc(x=_made(cls, "b", "a", Refusing()))

    allowed = [oso.is_allowed(user, "read", doc) for _ in range(2)]

    assert [*allowed, specialized(oso.engine, user, "read", doc)] == [True, True, True]


@pytest.mark.parametrize(
    "condition",
    [
        '["a", user.x] in doc.x',
        '["a", x] in doc.x and x = user.x',
        "[_, x] in doc.x and x = user.x",
        "[key, x] in doc.x and key in user.keys and x = user.x",
    ],
)
@pytest.mark.parametrize("cls", [Names, Pair, Queue])
def test_pairs_in_a_derived_list_are_plain_data(cls: t.Any, condition: str) -> None:
    """They are taken apart as those of a list are."""
    policy = f'allow(user: User, "read", doc: Doc) if user.id = 1 and {condition};'
    oso, solver = (make_oso(policy, User, Doc, compiled=each) for each in (True, False))
    user = User(id=1, x=2, keys=["a"])
    docs = [Doc(x=_made(cls, *pairs)) for pairs in ((["b", 1], ["a", 2]), (["a", 1],), (None, 1))]

    answers = [[each.is_allowed(user, "read", doc) for doc in docs] for each in (oso, oso, solver)]

    assert answers == [[True, False, False]] * 3
    assert [specialized(oso.engine, user, "read", doc) for doc in docs] == answers[0]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("cls", [Tags, Fixed])
def test_derived_set_finds_by_hash(cls: t.Any, *, compiled: bool) -> None:
    """What it holds besides is not compared, in the first question as in later ones."""
    policy = 'allow(user: User, "read", doc: Doc) if user.x in doc.x;'
    oso = make_oso(policy, User, Doc, compiled=compiled)
    doc = Doc(x=_made(cls, Refusing(), *map(str, range(100))))

    answers = [oso.is_allowed(User(x=x), "read", doc) for x in ("7", "b") * 3]

    assert answers == [True, False] * 3


@pytest.mark.parametrize("compiled", [True, False])
def test_keys_of_a_derived_dictionary_are_found(*, compiled: bool) -> None:
    """Its entries are those of an object: a search finds its keys."""
    policy = 'allow(user: User, "read", doc: Doc) if user.x in doc.x;'
    oso = make_oso(policy, User, Doc, compiled=compiled)

    for cls in (Entries, collections.Counter, collections.OrderedDict):
        doc = Doc(x=cls({"a": 1}))
        answers = [oso.is_allowed(User(x=x), "read", doc) for x in ("a", "b") * 3]
        assert answers == [True, False] * 3


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("cls", [Entries, collections.Counter])
def test_keys_of_a_derived_dictionary_are_found_by_hash(cls: t.Any, *, compiled: bool) -> None:
    """No other key is compared; an ordered dictionary goes through its keys in its own way."""
    policy = 'allow(user: User, "read", doc: Doc) if user.x in doc.x;'
    oso = make_oso(policy, User, Doc, compiled=compiled)
    doc = Doc(x=cls({Refusing(): 1, "7": 1}))

    answers = [oso.is_allowed(User(x=x), "read", doc) for x in ("7", "b") * 3]

    assert answers == [True, False] * 3
