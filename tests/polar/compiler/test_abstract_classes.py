"""Abstract classes are answered as others are, also once a class is registered as a subclass.

``abc`` takes such registrations at any time: a function that was made before holds no longer, and
the rules are asked.
"""

from __future__ import annotations

import abc
import typing as t
from collections.abc import Sequence

import pytest

from tests.support.answers import specialized
from tests.support.models.people import Thing
from tests.support.policies import make_oso


class HasText(t.Protocol):
    """What has a text."""

    text: str


class User(Thing, abc.ABC):
    """Who asks."""


class Doc(Thing, abc.ABC):
    """What is asked about."""


class Note(Doc):
    """Derives from it."""


class Page(Thing, HasText):
    """Derives from a protocol."""

    text: str = ""


@pytest.fixture
def worlds() -> t.Any:
    """Make classes that only one test registers anything with, and load a policy about them."""

    class Secret(Thing, abc.ABC):
        """What is hidden."""

    class Paper(Thing, abc.ABC):
        """What is asked about."""

    class Letter(Thing):
        """May be registered as either."""

    def load(policy: str) -> t.Any:
        made = [
            make_oso(policy, User, Secret, Paper, compiled=compiled) for compiled in (True, False)
        ]

        def ask(resource: t.Any) -> bool:
            compiled, solver = (oso.is_allowed(User(id=1), "read", resource) for oso in made)
            assert compiled is solver
            return compiled

        return ask, Secret, Paper, Letter

    return load


@pytest.mark.parametrize(
    "policy",
    [
        'allow(u: User, "read", d: Doc) if d.owner = u.id;',
        'allow(u: User, "read", d: Doc) if d.owner = u.id; allow(_: User, "read", _: Page);',
        'allow(u: User, "read", d) if d matches Doc and not d matches Page and d.owner = u.id;',
        'allow(u: User, "read", d: Doc) if not d.owner = 2 and d.owner = u.id;',
    ],
)
@pytest.mark.parametrize("make", [Doc, Note])
def test_objects_of_abstract_classes_are_plain_data(policy: str, make: t.Any) -> None:
    """No solver is asked about them, and no rule one by one."""
    oso = make_oso(policy, User, Doc, Page)

    assert specialized(oso.engine, User(id=1), "read", make(owner=1)) is True
    assert specialized(oso.engine, User(id=1), "read", make(owner=2)) is False


def test_class_that_derives_from_a_protocol_is_plain_data() -> None:
    """Only a protocol itself asks for attributes."""
    oso = make_oso('allow(u: User, "read", p: Page) if p.text = u.id;', User, Page)

    assert specialized(oso.engine, User(id="a"), "read", Page(text="a")) is True


def test_class_that_derives_from_a_collection_is_plain_data(worlds: t.Any) -> None:
    """The hook that Python has for it looks for methods of other classes alone."""

    class Team(Thing, Sequence[str]):
        names: t.Sequence[str]

        def __getitem__(self, place: t.Any) -> t.Any:
            return self.names[place]

        def __len__(self) -> int:
            return len(self.names)

    policy = 'allow(u: User, "read", team: Team) if team.owner = u.id;'
    oso, solver = (make_oso(policy, User, Team, compiled=each) for each in (True, False))

    assert specialized(oso.engine, User(id=1), "read", Team(owner=1, names=["a"])) is True
    assert specialized(oso.engine, User(id=1), "read", Team(owner=2, names=[])) is False

    _, _, _, Letter = worlds("allow(_, _, _) if false;")
    letter = Letter(owner=1)
    before = oso.is_allowed(User(id=1), "read", letter)
    Team.register(Letter)
    after = [each.is_allowed(User(id=1), "read", letter) for each in (oso, solver)]

    assert (before, after) == (False, [True, True])


def test_class_with_a_hook_of_its_own_is_asked() -> None:
    """What it answers may be anything."""

    class Hooked(Thing, abc.ABC):
        @classmethod
        def __subclasshook__(cls, other: type) -> bool:
            return other is Page

    oso = make_oso('allow(u: User, "read", h: Hooked) if h.text = u.id;', User, Hooked, Page)

    assert specialized(oso.engine, User(id="a"), "read", Page(text="a")) is None
    assert oso.is_allowed(User(id="a"), "read", Page(text="a"))


def test_class_that_is_registered_later_matches(worlds: t.Any) -> None:
    """It did not, when the question was asked first."""
    ask, _, Paper, Letter = worlds('allow(u: User, "read", p: Paper) if p.owner = u.id;')
    before = [ask(Letter(owner=1)) for _ in range(3)]

    Paper.register(Letter)

    assert (before, [ask(Letter(owner=1)), ask(Letter(owner=2))]) == ([False] * 3, [True, False])


@pytest.mark.parametrize(
    "policy",
    [
        'allow(_: User, "read", p: Paper) if not p matches Secret;',
        'allow(_: User, "read", p: Paper) if not hidden(p); hidden(_: Secret);',
        'allow(_: User, "read", p: Paper) if forall(x in p.parts, not x matches Secret);',
    ],
)
def test_class_that_is_registered_later_is_denied(worlds: t.Any, policy: str) -> None:
    """What was allowed before is no more."""
    ask, Secret, Paper, Letter = worlds(policy)

    class Sheet(Paper):  # type: ignore[misc, valid-type]
        """Becomes secret."""

    sheet = Sheet(parts=[Letter()])
    before = [ask(sheet) for _ in range(3)]

    Secret.register(Sheet)
    Secret.register(Letter)

    assert (before, ask(sheet)) == ([True] * 3, False)


@pytest.mark.parametrize(
    "condition",
    [
        *('not hidden("x")', "not hidden(1)", 'not "x" matches Secret', "not 1 matches Secret"),
        *('forall(x in ["x", 1], not x matches Secret)', "not p.text matches Secret"),
        *('x = "x" and not x matches Secret', 'not [1, "x"] matches [Secret{}, *_]'),
    ],
)
def test_texts_and_numbers_of_a_policy_may_be_registered_later(
    worlds: t.Any, condition: str
) -> None:
    """Nothing is known of them before the function runs."""
    ask, Secret, Paper, _ = worlds(
        f'allow(_: User, "read", p: Paper) if {condition} and p.owner = 1; hidden(_: Secret);'
    )
    before = [ask(Paper(owner=1, text="x")) for _ in range(3)]

    Secret.register(str)
    Secret.register(int)

    assert (before, ask(Paper(owner=1, text="x"))) == ([True] * 3, False)


@pytest.mark.parametrize(
    "policy",
    [
        "allow(u: User, action, p: Paper) if action in u.scopes and not p matches Secret;",
        "allow(u: User, action, p: Paper) if action in u.scopes and not hidden(p);"
        " hidden(p: Secret) if p.owner = 1;",
        'allow(_: User, action, p: Paper) if (action = "read" or action = "edit")'
        " and not p matches Secret;",
    ],
)
def test_actions_are_those_without_a_class_that_is_registered_later(policy: str) -> None:
    """Also where the actions are found in data, by one function for all."""

    class Secret(Thing, abc.ABC):
        """What is hidden."""

    class Paper(Thing):
        """Becomes secret."""

    oso = make_oso(policy, User, Secret, Paper, compiled=True)
    question = User(scopes=["read", "edit"]), Paper(owner=1)
    before = [oso.authorized_actions(*question) for _ in range(3)]

    Secret.register(Paper)

    assert before == [{"read", "edit"}] * 3
    assert [oso.authorized_actions(*question) for _ in range(2)] == [set(), set()]
    assert oso.authorized_actions_many(question[0], [question[1]]) == [set()]


@pytest.mark.parametrize("condition", ["not p matches Secret", "not hidden(p)"])
def test_actions_know_a_class_that_a_method_registers(condition: str) -> None:
    """What stands behind the call in a rule is looked at behind it."""

    class Secret(Thing, abc.ABC):
        """What is hidden."""

    class Paper(Thing):
        """Becomes secret."""

    class Clerk(Thing):
        """Hides papers."""

        def is_there(self) -> bool:
            """Hide them, on a bad day."""
            if self.hides:
                Secret.register(Paper)
            return True

        hides = False

    policy = (
        f'allow(c: Clerk, "read", p: Paper) if c.is_there() and {condition};'
        " hidden(p: Secret) if p.owner = 1;"
    )
    oso = make_oso(policy, Clerk, Secret, Paper, compiled=True)
    clerk, paper = Clerk(), Paper(owner=1)
    before = [oso.authorized_actions(clerk, paper) for _ in range(3)]

    clerk.hides = True

    assert (before, oso.authorized_actions(clerk, paper)) == ([{"read"}] * 3, set())


def test_fields_are_those_of_a_class_that_is_registered_later() -> None:
    """As actions are."""

    class Public(Thing, abc.ABC):
        """What everybody may read."""

    class Paper(Thing):
        """Becomes public."""

    policy = (
        'allow_field(u: User, "read", p: Paper, field) if field in u.fields and is_public(p);'
        " is_public(p: Public) if p.owner = 1;"
    )
    oso = make_oso(f"{policy} allow(_, _, _);", User, Public, Paper, compiled=True)
    question = User(fields=["title"]), "read", Paper(owner=1)
    before = [oso.authorized_fields(*question) for _ in range(3)]

    Public.register(Paper)

    assert (before, oso.authorized_fields(*question)) == ([set()] * 3, {"title"})


def test_class_that_answers_for_its_metaclass_is_asked() -> None:
    """It may say that what derives from it is none of its subclasses."""

    class Asked(Thing, abc.ABC):
        @classmethod
        def __subclasscheck__(cls, other: type) -> bool:
            return other is Page

    class OfAsked(Asked):
        """Derives from it."""

    oso = make_oso('allow(u: User, "read", a: Asked) if a.text = u.id;', User, Asked, OfAsked, Page)

    assert not oso.is_allowed(User(id="a"), "read", OfAsked(text="a"))
    assert oso.is_allowed(User(id="a"), "read", Page(text="a"))


def test_registrations_of_other_classes_change_nothing() -> None:
    """The functions that were made hold on."""
    oso = make_oso('allow(u: User, "read", d: Doc) if d.owner = u.id;', User, Doc, Page)
    before = specialized(oso.engine, User(id=1), "read", Doc(owner=1))

    class Another(abc.ABC):  # noqa: B024
        """No policy names it."""

    Another.register(dict)

    assert specialized(oso.engine, User(id=1), "read", Doc(owner=1)) is before is True


@pytest.mark.parametrize("condition", ["u.id = 1", "u.id.bit_length() = 1"])
def test_registered_class_has_no_other_base_of_the_abstract_one(condition: str) -> None:
    """It is an instance of that one alone: only ``abc`` asks who is registered."""

    class Base(Thing):
        """Knows its instances by their class."""

    class Sheet(Base, abc.ABC):
        """Takes others for its own."""

    policy = (
        f'allow(u: User, "read", d: Doc) if is_based(d.part) and {condition};'
        " is_based(x: Sheet) if x matches Base;"
    )
    Sheet.register(Page)

    oso = make_oso(policy, User, Doc, Base, Sheet, compiled=True)

    assert oso.is_allowed(User(id=1), "read", Doc(part=Sheet()))
    assert not oso.is_allowed(User(id=1), "read", Doc(part=Page()))
