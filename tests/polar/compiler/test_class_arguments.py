"""Questions about classes: ``is_allowed(user, "create", Note)``."""

from __future__ import annotations

import abc
import enum
import subprocess
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import is_answered_at_once, outcome_of
from tests.support.policies import make_oso
from tests.support.sizes import combinations_of


class User:
    """Who asks."""

    def __init__(self, *, admin: bool = False, kinds: t.Sequence[t.Any] = ()) -> None:
        self.admin, self.kinds = admin, [*kinds]


class Note:
    """What is asked about, as a class and as an object."""

    title = "note"

    @classmethod
    def label(cls) -> str:
        return cls.__name__


class Draft(Note):
    """A class that derives from the other one."""


class Shape(abc.ABC):
    """A class of another metaclass."""

    @abc.abstractmethod
    def area(self) -> int: ...


class Colour(enum.Enum):
    """A class that has elements."""

    RED = 1


class Titled(type):
    """The class of classes with a property."""

    @property
    def title(cls) -> str:
        return "note"


class Book(metaclass=Titled):
    """A class whose attribute is computed."""


class Alike(type):
    """The class of classes that equal everything."""

    def __eq__(cls, other: object) -> bool:
        return True

    def __hash__(cls) -> int:
        return 1


class Odd(metaclass=Alike):
    """A class with an equality of its own."""


POLICIES = [
    'allow(u: User, "create", Note) if u.admin;',
    'allow(u: User, "create", c) if c = Note and u.admin;',
    'allow(u: User, "create", c) if c in [Note, Book] and u.admin;',
    'allow(u: User, "create", c) if c in u.kinds;',
    'allow(u: User, "create", _: Note) if u.admin;',
    'allow(u: User, a, Note) if a in ["create", "list"] and u.admin;'
    ' allow(u: User, "create", Book) if not u.admin;',
    'allow(u: User, "create", c) if c.title = "note" and u.admin;',
    'allow(_: User, "create", c) if c matches Note;',
    'allow(u: User, "create", c) if c.label() = "Note" and u.admin;',
    'allow(u: User, "create", c) if not c = Book and u.admin;',
    'allow(u: User, "create", c) if may(u, c); may(u: User, Note) if u.admin; may(_: User, Book);',
    'allow(u: User, "create", c) if c != Note and u.admin;',
    'actor User {} resource Note { permissions = ["create"]; roles = ["writer"];'
    ' "create" if "writer"; } has_role(u: User, "writer", _: Note) if u.admin;'
    " allow(u, a, r) if has_permission(u, a, r);",
    'allow(u: User, "create", Colour) if u.admin; allow(_: User, "create", Shape);',
    'allow(Note, "create", _: User); allow(c, "read", Note) if c = User;',
    'allow(u: User, "create", c) if c = c and u.admin;',
    'allow(_: User, "create", c: Titled) if c.title = "note";',
    'allow(_: User, action, c) if action = "create" and [c] = [Note];',
]
ACTORS = [User(), User(admin=True), User(kinds=[Note]), User(kinds=[Book, 3, "x"]), Note, User]
RESOURCES = [
    *(Note, Draft, Shape, Colour, Book, Odd, int, subprocess.Popen, type, Titled, Alike),
    *(Note(), User(), 3, "x", None),
]


def make(policy: str, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Note, Draft, Shape, Colour, Book, Titled, compiled=compiled)


@pytest.mark.each(3)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("policy", POLICIES)
def test_classes_are_answered_as_the_solver_does(policy: str) -> None:
    """Classes, their objects and other values, at the first question and at the third."""
    questions = combinations_of(ACTORS, ["create", "list", "read", "é"], RESOURCES)
    oso, solver = make(policy), make(policy, compiled=False)
    expected = [outcome_of(solver, *each) for each in questions]

    for _ in range(3):
        assert [outcome_of(oso, *each) for each in questions] == expected


@pytest.mark.parametrize("cls", [Note, Draft, Shape])
def test_question_about_a_class_is_a_usual_one(cls: type) -> None:
    """A class is asked about by a function that is looked up at once."""
    oso = make(f'allow(u: User, "create", {cls.__name__}) if u.admin;')
    for _ in range(2):
        oso.is_allowed(ACTORS[1], "create", cls)

    assert is_answered_at_once(oso, ACTORS[1], "create", cls)
