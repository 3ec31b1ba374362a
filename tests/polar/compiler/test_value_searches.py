"""Actions and fields that data name, as ``action in user.scopes``: all of them by compiled code."""

from __future__ import annotations

import enum
import typing as t

import pytest

from flask_oso import Oso
from tests.support.models.people import Alike, Thing
from tests.support.policies import make_oso


class User(Thing):
    """Who has scopes."""

    scopes: t.Any
    grants: t.Any

    def give(self) -> t.Any:
        return self.scopes

    def give_each(self) -> t.Iterator[t.Any]:
        yield from self.scopes

    @property
    def computed(self) -> t.Any:
        return [*self.scopes]

    @property
    def failing(self) -> t.Any:
        raise ValueError("not yet")


class Doc(Thing):
    """What is asked about."""


class Word(enum.StrEnum):
    READ = "read"


#: Rules about user, action and doc, which data give an action.
SEARCHES = {
    "list": "allow(u: User, a, d: Doc) if a in u.scopes and d.open;",
    "behind a condition": "allow(u: User, a, d: Doc) if d.open and a in u.scopes;",
    "untyped": "allow(u, a, d) if a in u.scopes and d.open;",
    "text": "allow(u: User, a: String, d: Doc) if a in u.scopes and d.open;",
    "beside a text": "allow(u: User, a, d: Doc) if a in u.scopes and d.open;"
    ' allow(_, "x", _: Doc);',
    "helper": "allow(u, a, d) if has(u, a) and d.open; has(u: User, a) if s in u.scopes and a = s;",
    "recursive": "allow(u, a, d) if has(u, a) and d.open; has(u, a) if a in u.scopes;"
    " has(u, a) if u.above != nil and has(u.above, a);",
    "attribute": "allow(u: User, a, d: Doc) if d.open and g in u.grants and g.on = d"
    " and a = g.name;",
    "method": "allow(u: User, a, d: Doc) if a in u.give() and d.open;",
    "generator": "allow(u: User, a, d: Doc) if a in u.give_each() and d.open;",
    "property": "allow(u: User, a, d: Doc) if a in u.computed and not a in d.hidden and d.open;",
    "looked at": 'allow(u: User, a, d: Doc) if a in u.scopes and a.startswith("r") and d.open;',
    "error": "allow(u: User, a, d: Doc) if a in u.scopes and d.open;"
    " allow(u: User, _, _) if u.failing;",
    "open beside": "allow(u: User, a, d: Doc) if a in u.scopes and d.open;"
    " allow(_, _, d) if d.free;",
    "twice": "allow(u: User, a, d: Doc) if a in u.scopes and a in d.names and d.open;",
    "negated": "allow(u: User, a, d: Doc) if not b in u.scopes and a = b and d.open;",
    "cut": "allow(u: User, a, d: Doc) if a in u.scopes and cut and d.open;",
    "or": "allow(u: User, a, d: Doc) if (a in u.scopes or a in d.names) and d.open;",
    "forall": "allow(u: User, a, d: Doc) if a in u.scopes and forall(b in d.hidden, b != a);",
}
SCOPES: tuple[t.Any, ...] = (
    *([], ["read"], ["read", "x", "read"], ["é"], ["\ud800", "read"], [Word.READ, "read"]),
    *([5, True, 1], [None, 1.5], [["read"]], [Alike()], [2**70]),
    *({"read", "x"}, ("x", "read"), "ab", {"read": 1}, None, 5, Alike()),
)


def answers(policy: str, *, compiled: bool) -> list[t.Any]:
    """Ask about each of the scopes: the actions, or the error."""
    oso = make_oso(policy, User, Doc, compiled=compiled)
    return [answer_of(oso, scopes, is_open=each) for scopes in SCOPES for each in (True, False)]


def answer_of(oso: Oso, scopes: t.Any, *, is_open: bool) -> t.Any:
    doc = Doc(open=is_open, free=False, names=["read", "other"], hidden=["x"])
    user = User(scopes=scopes, above=User(scopes=["up"], above=None))
    user.grants = [User(on=doc, name=each) for each in ("read", 7)]
    try:
        return oso.authorized_actions(user, doc, allow_wildcard=True)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("name", SEARCHES)
def test_actions_that_data_name_are_those_of_the_solver(name: str) -> None:
    """Values of all kinds, and errors with their texts."""
    policy = SEARCHES[name]

    assert answers(policy, compiled=True) == answers(policy, compiled=False)


@pytest.mark.parametrize("name", ["list", "behind a condition", "helper", "recursive", "attribute"])
def test_texts_are_found_by_one_function(name: str) -> None:
    """On plain data, ``authorized_actions`` calls it itself once it is made."""
    oso = make_oso(SEARCHES[name], User, Doc)
    expected = answer_of(oso, ["read"], is_open=True)
    user, doc = User(scopes=["read"], above=None, grants=[]), Doc(open=True, names=[], hidden=[])
    user.grants = [User(on=doc, name="read")]

    found = oso.engine.searches["allow", 1, User, Doc](user, "", doc)

    assert found == {"read"} <= expected


@pytest.mark.parametrize("name", ["method", "generator", "property", "looked at"])
def test_methods_are_called_by_compiled_rules(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver is not asked, and each method is called once."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso = make_oso(SEARCHES[name], User, Doc)
    monkeypatch.setattr(type(oso.engine), "search", None)

    assert answer_of(oso, ["read"], is_open=True) == {"read"}


def test_fields_that_an_object_names() -> None:
    """The fields of a document, by a list of its own."""
    policy = 'allow_field(u: User, "read", d: Doc, f) if f in d.names and u.scopes = [];'
    oso, user, doc = make_oso(policy, User, Doc), User(scopes=[]), Doc(names=["title", "body"])

    found = [oso.authorized_fields(user, action, doc) for action in ("read", "read", "edit", "é")]

    assert found == [{"title", "body"}, {"title", "body"}, set(), set()]
    assert ("allow_field", 3, User, str, Doc) in oso.engine.searches
