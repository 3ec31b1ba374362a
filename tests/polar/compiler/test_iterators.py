"""Iterators that methods and properties give: rules in order and specializations look ahead.

What an iterator of a container is going to yield is known without reading it. One that nobody
else refers to cannot be read a second time; any other one is read once, as by the solver.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

import pytest

from flask_oso import Oso, OsoError
from tests.support.models.people import Thing

POLICIES = {
    "a value": 'allow(u: User, "read", d: Doc) if u.id in d.each();',
    "two rules": """
        allow(u: User, "read", d: Doc) if u.id in d.each();
        allow(u: User, "read", d: Doc) if u.id = x and x in d.each();
    """,
    "elements": 'allow(u: User, "read", d: Doc) if x in d.each() and x = u.id;',
    "elements' attributes": 'allow(u: User, "read", d: Doc) if x in u.each() and x.name = d.id;',
    "roles": """
        allow(u: User, action, d: Doc) if has_role(u, action, d);
        has_role(u: User, "read", d: Doc) if x in u.each() and x.name = "a" and x.on = d;
        has_role(u: User, "read", d: Doc) if x in u.each() and x.name = "b" and x.on = d;
    """,
    "not in": 'allow(u: User, "read", d: Doc) if not u.id in d.each();',
    "forall": 'allow(u: User, "read", d: Doc) if forall(x in d.each(), x = u.id);',
    "a list": 'allow(_: User, "read", d: Doc) if d.each() = [];',
    "itself": 'allow(_: User, "read", d: Doc) if x = d.each() and x = x and y in x and y = 1;',
    "twice": 'allow(_: User, "read", d: Doc) if x = d.each() and 9 in x or 9 in d.each();',
    "by a name": 'allow(_: User, "read", d: Doc) if x = d.each() and 0 in x and 1 in x;',
    "by a name, of another": """
        allow(_: User, "read", d: Doc) if x = d.itself.each() and 0 in x and 1 in x;
    """,
    "by a name, all": """
        allow(_: User, "read", d: Doc) if x = d.each() and forall(y in x, y != 99)
            and forall(z in x, z = 99);
    """,
    "in a search": """
        allow(_: User, "read", d: Doc) if x = d.each() and y in [1, 2] and z in x and z = y;
    """,
    "in a list": 'allow(_: User, "read", d: Doc) if y in [d.each()] and 0 in y and 1 in y;',
    "passed on": """
        allow(_: User, "read", d: Doc) if both(d.each()); both(x) if 0 in x and 1 in x;
    """,
    "an attribute": 'allow(_: User, "read", d: Doc) if d.each().count = 1;',
    "a method": 'allow(_: User, "read", d: Doc) if d.each().count(1) = 1;',
}


class Ring:
    """Is iterated over by an iterator of a list."""

    def __init__(self, values: list[t.Any]) -> None:
        self.values = values

    def __iter__(self) -> Iterator[t.Any]:
        return iter(self.values)


class Cursor(Ring):
    """Is an iterator, and gives another one each time."""

    def __next__(self) -> t.Any:
        return self.values.pop()


MAKERS: dict[str, Callable[[list[t.Any]], t.Any]] = {
    "list": iter,
    "tuple": lambda values: iter(tuple(values)),
    "values": lambda values: iter(dict(enumerate(values)).values()),
    "keys": lambda values: iter(dict.fromkeys(values)),
    "generator": lambda values: (each for each in values),
    "filter": lambda values: filter(lambda each: each != 0, values),
    "ring": Ring,
    "cursor": Cursor,
}


class Role(Thing):
    """A role on a document."""


class Holder(Thing):
    """Gives an iterator: a new one each time, or always the same one."""

    id: t.Any
    values: list[t.Any]
    maker: t.Any
    kept: t.Any

    @property
    def itself(self) -> t.Any:
        return self

    def each(self) -> t.Any:
        return self.kept if self.kept is not None else self.maker(self.values)


class User(Holder):
    """Who asks."""


class Doc(Holder):
    """What is asked about."""


def outcomes(policy: str, name: str, *, is_kept: bool, count: int, compiled: bool) -> list[t.Any]:
    """Give the answers, or the errors, for some questions that are asked twice."""
    oso = Oso(compiled=compiled)
    for cls in (User, Doc, Role):
        oso.register_class(cls)
    oso.load_str(policy)
    maker = MAKERS[name]
    found: list[t.Any] = []
    for wanted in (1, count - 1, 99):
        numbers = [*range(count)]
        doc = Doc(id=wanted, values=numbers, maker=maker, kept=None)
        roles = [Role(name=each, on=doc) for each in [*numbers, "b" if wanted == 1 else "c"]]
        user = User(id=wanted, values=roles, maker=maker, kept=None)
        if is_kept:
            doc.kept, user.kept = maker(numbers), maker(roles)
        for _ in range(2):
            try:
                found.append(oso.is_allowed(user, "read", doc))
            except OsoError as error:
                found.append((type(error), str(error).partition(" at line")[0]))
    return found


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("is_kept", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize("count", [0, 2, 9])
def test_what_is_read_is_what_the_solver_reads(
    policy: str, name: str, is_kept: bool, count: int
) -> None:
    """Answers and errors are those of the solver, also of an iterator that was read before."""
    expected = outcomes(policy, name, is_kept=is_kept, count=count, compiled=False)

    assert outcomes(policy, name, is_kept=is_kept, count=count, compiled=True) == expected


class Covered(list[str]):
    """A list that shows all but what is covered."""

    def __iter__(self) -> Iterator[str]:
        return (each for each in list.__iter__(self) if each != "banned")


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("count", [1, 9])
def test_iterator_yields_what_its_list_does_not_show(count: int, *, compiled: bool) -> None:
    """Who is banned is denied, whatever the list shows to those who go through it."""
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.load_str('allow(u: User, "read", _) if not "banned" in u.each();')
    user = User(values=Covered(["a"] * count + ["banned"]), maker=list.__iter__, kept=None)

    assert [oso.is_allowed(user, "read", None) for _ in range(2)] == [False, False]
