"""Actions that are no strings: members of enumerations, numbers, objects."""

from __future__ import annotations

import enum
import itertools
import typing as t

import pytest

from flask_oso import Oso, OsoError
from tests.support.answers import specialized
from tests.support.policies import make_oso
from tests.support.sizes import each_of


class User:
    """Who acts."""

    def __init__(self, *scopes: t.Any) -> None:
        self.scopes = [*scopes]


class Doc:
    """What is acted on."""

    def __init__(self, owner: t.Any = None) -> None:
        self.owner = owner


class Verb:
    """An action with a name."""

    def __init__(self, name: t.Any) -> None:
        self.name = name


class Action(enum.Enum):
    """Actions that equal no text."""

    READ = "read"
    EDIT = "edit"


class Text(enum.StrEnum):
    """Actions that equal a text."""

    READ = "read"
    EDIT = "edit"


class Odd:
    """An action that equals a text by its own method."""

    def __eq__(self, other: object) -> bool:
        return other == "read"

    __hash__ = None  # type: ignore[assignment]


POLICIES = {
    "a constant": "allow(u: User, action: Action, d: Doc) if action = Action.READ and d.owner = u;",
    "a text": 'allow(u: User, "read", d: Doc) if d.owner = u;',
    "a text in the body": 'allow(u: User, action, d: Doc) if action = "read" and d.owner = u;',
    "no text": 'allow(u: User, action, d: Doc) if not action = "read" and d.owner = u;',
    "any action": "allow(u: User, _, d: Doc) if d.owner = u;",
    "scopes": "allow(u: User, action, d: Doc) if action in u.scopes and d.owner = u;",
    "an attribute": 'allow(u: User, action: Verb, d: Doc) if action.name = "read" and d.owner = u;',
    "a number": "allow(u: User, 1, d: Doc) if d.owner = u;",
    "numbers": "allow(u: User, action: Integer, d: Doc) if action > 0 and d.owner = u;",
    "nil": "allow(u: User, nil, d: Doc) if d.owner = u;",
    "a dictionary": 'allow(u: User, a: Dictionary, d: Doc) if a.name = "read" and d.owner = u;',
    "one of two": '''
        allow(u: User, "read", d: Doc) if d.owner = u;
        allow(u: User, action, d: Doc) if action = Action.EDIT and d.owner = u;
    ''',
    "a cut": '''
        allow(u: User, action: Action, d: Doc) if cut and action = Action.EDIT and d.owner = u;
        allow(u: User, _, d: Doc) if d.owner = u;
    ''',
}  # fmt: skip
USER = User("read", Action.READ, 1)
ACTIONS: list[t.Any] = [
    *("read", Action.READ, Action.EDIT, Text.READ, Text.EDIT, Odd(), Verb("read"), Verb(1)),
    *(1, 0, 1.0, True, None, 2**70, ["read"], {"name": "read"}, {"name": 1}, {}, ("read",), Action),
]


def load(policy: str, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Doc, Verb, Action, compiled=compiled)


def outcome(oso: Oso, *question: t.Any) -> t.Any:
    """Give the answer, or the kind of error."""
    try:
        return oso.is_allowed(*question)
    except (OsoError, ValueError, TypeError) as error:
        return type(error)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_any_action_is_answered_as_by_the_solver(policy: str) -> None:
    """Whatever was asked before."""
    ours, solver = load(policy), load(policy, compiled=False)
    questions = [*itertools.product((USER, None), ACTIONS, (Doc(USER), Doc(), Action.READ))]
    expected = [outcome(solver, *question) for question in questions]

    for _ in range(2):
        assert [outcome(ours, *question) for question in questions] == expected


def test_member_of_an_enumeration_is_an_action_for_a_specialization() -> None:
    """It needs no compiled rule."""
    oso = load(POLICIES["a constant"])

    assert specialized(oso.engine, USER, Action.READ, Doc(USER)) is True
    assert specialized(oso.engine, USER, Action.READ, Doc()) is False
    assert specialized(oso.engine, USER, Action.EDIT, Doc(USER)) is False
    assert specialized(oso.engine, USER, Verb("read"), Doc(USER)) is False


def test_member_of_an_enumeration_is_asked_about_without_the_entry_point() -> None:
    """As a text is: the class of the resource leads to the function."""
    oso = load(POLICIES["a constant"])
    asked = [oso.is_allowed(USER, Action.READ, doc) for doc in (Doc(USER), Doc())]
    oso.engine.allow = lambda *_: pytest.fail("the entry point was called")

    assert [oso.is_allowed(USER, Action.READ, doc) for doc in (Doc(USER), Doc())] == asked


@pytest.mark.parametrize(
    ("arity", "policy"),
    [
        (2, 'rule(u: User, "doc") if u.scopes = []; rule(_: User, a: Action) if a = Action.READ;'),
        (3, 'rule(u: User, d: Doc, "doc") if d.owner = u; rule(_, _: Doc, a: Action) if a = a;'),
        (2, 'rule("doc", u: User) if u.scopes = []; rule(a: Action, _) if a = Action.READ;'),
        (3, 'rule("read", u: User, d: Doc) if d.owner = u; rule(a: Action, _, _: Doc) if a = a;'),
        (4, 'rule(u: User, "read", d: Doc, "text") if d.owner = u; rule(_, a, _, a: Action);'),
    ],
)
def test_string_may_be_missing_at_any_position(arity: int, policy: str) -> None:
    """The function is chosen by the class of the last argument, and tests the others."""
    text = f"{policy} allow(_, _, _);"
    ours, solver = load(text), load(text, compiled=False)
    values = [USER, User(), "read", "doc", "ann", "text", Action.READ, Doc(USER), Odd(), None, 1]
    products = itertools.product(values, repeat=arity)
    questions = each_of(itertools.islice(products, 0, None, 7 ** max(arity - 3, 0)), 5)

    def asked(oso: Oso, question: t.Any) -> t.Any:
        try:
            return oso.engine.ask("rule", *question)
        except (OsoError, TypeError) as error:
            return type(error)

    expected = [asked(solver, question) for question in questions]
    assert [asked(ours, question) for question in questions] == expected
