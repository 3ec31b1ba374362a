"""Functions for plain data that give up again and again: the rules are asked at once then.

Whatever answers, the answers, the errors and the calls of ``__eq__`` are those of the solver.
"""

from __future__ import annotations

import abc
import ast
import collections
import dataclasses
import functools
import gc
import types
import typing as t
import weakref
from collections.abc import Callable

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.specialization.tables.give_ups import counting
from tests.support.answers import (
    attempts_instead,
    compiling_elsewhere,
    is_comparison_kept,
    is_replaced,
    outcome_of,
)
from tests.support.models.people import Doc, Role, Thing
from tests.support.policies import make_oso

#: So many questions are looked at before a function is replaced, and some more.
MANY = 40
#: What was compared, in order.
CALLS: list[str] = []


class User(Thing):
    """Who asks."""


class Guest(Thing):
    """Who asks, too."""


class Named:
    """Has an ``id``, and notes each comparison."""

    def __init__(self, id: t.Any) -> None:
        self.id = id

    def note(self, other: t.Any) -> None:
        CALLS.append(f"{type(self).__name__} {self.id} = {getattr(other, 'id', other)}")


class ByClass(Named):
    """Compares with objects of its class."""

    def __eq__(self, other: object) -> bool:
        self.note(other)
        return isinstance(other, ByClass) and bool(self.id == other.id)

    def __hash__(self) -> int:
        return hash(self.id)


class Derived(ByClass):
    """Is asked first, where it is compared with what it derives from."""

    def __eq__(self, other: object) -> bool:
        self.note(other)
        return type(self) is type(other) and ByClass.__eq__(self, other)

    __hash__ = ByClass.__hash__


class Unknowing(Named):
    """Leaves the answer to others."""

    def __eq__(self, other: object) -> t.Any:
        self.note(other)
        return self.id == other.id if isinstance(other, Unknowing) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


class Raising(Named):
    """Cannot be compared with what has another ``id``."""

    def __eq__(self, other: object) -> bool:
        self.note(other)
        if getattr(other, "id", None) != self.id:
            raise [TypeError, ValueError, AttributeError, KeyError][self.id % 4]("by it")
        return True

    __hash__ = None  # type: ignore[assignment]


class Vague(Named):
    """Answers with something that is no Boolean."""

    def __eq__(self, other: object) -> t.Any:
        self.note(other)
        return [1, {}, "yes", None][self.id % 4]

    __hash__ = None  # type: ignore[assignment]


class Denying(Named):
    """Has another ``!=``."""

    def __eq__(self, other: object) -> bool:
        self.note(other)
        return bool(getattr(other, "id", None) == self.id)

    def __ne__(self, other: object) -> bool:
        CALLS.append(f"{self.id} != {getattr(other, 'id', other)}")
        return bool(self.id == 1)

    __hash__ = None  # type: ignore[assignment]


@functools.total_ordering
class Ordered(Named):
    """Has an order, too."""

    def __eq__(self, other: object) -> bool:
        self.note(other)
        return isinstance(other, Ordered) and vars(self) == vars(other)

    def __lt__(self, other: Ordered) -> bool:
        self.note(other)
        return bool(self.id < other.id)

    __hash__ = None  # type: ignore[assignment]


class Space(types.SimpleNamespace):
    """Compares in C, by the attributes: these note it."""


@dataclasses.dataclass
class Boxed:
    """Compares fields of any class."""

    id: t.Any


class UserId(int):
    """A number of the application."""


class Odd(int):
    """A number that compares otherwise than numbers do."""

    def __eq__(self, other: object) -> bool:
        CALLS.append(f"{int(self)} = {other}")
        return type(other) is Odd and int(self) % 2 == int(other) % 2

    __hash__ = int.__hash__


KINDS: dict[str, Callable[[int], t.Any]] = {
    **{cls.__name__: cls for cls in (ByClass, Derived, Unknowing, Raising, Vague, Denying)},
    **{cls.__name__: cls for cls in (Ordered, UserId, Odd)},
    "a class and one that derives from it": lambda at: (ByClass if at % 2 else Derived)(at // 2),
    "SimpleNamespace": lambda at: Space(id=ByClass(at)),
    "dataclass": lambda at: Boxed(ByClass(at)),
    "None beside objects": lambda at: ByClass(at) if at else None,
    "a text beside objects": lambda at: ByClass(at) if at else "none",
    "lists": lambda at: [ByClass(at), at],
    "dictionaries": lambda at: {"id": Unknowing(at)},
    "tuples": lambda at: (ByClass(at),),
    "deeper": lambda at: Boxed([Space(id=ByClass(at))]),
    "ranges": lambda at: range(at, 9),
    "bytes": lambda at: bytearray([at]),
}
CONDITIONS = {
    "=": "doc.org = user.org",
    "= the other way": "user.org = doc.org",
    "not =": "not doc.org = user.org",
    "==": "doc.org == user.org",
    "!=": "doc.org != user.org",
    "!= nil": "doc.org != nil and user.name = doc.name",
    "= nil": "doc.org = nil or doc.org = user.org",
    "in": "doc.org in user.orgs",
    "not in": "not doc.org in user.orgs",
    "of each": "o in user.orgs and o = doc.org and user.name = doc.name",
    "two of them": "doc.org = user.org and doc.org in user.orgs and not user.org in doc.orgs",
    "behind a test": "doc.name = user.name and doc.org = user.org",
    "in an or": "doc.org = user.org or doc.name = user.name or doc.org in user.orgs",
    "of a role": 'r in user.roles and r.org = doc.org and r.name = "admin"',
    "of a role by its name": 'r in user.roles and r.name = "admin" and r.org = doc.org',
    "forall": "forall(o in doc.orgs, o in user.orgs)",
    "of lists": "doc.orgs = user.orgs",
    "a text": 'doc.org = "none" or user.org = 1 or doc.org = user.name',
}


def load(condition: str, *, compiled: bool = True) -> Oso:
    policy = (
        f'allow(user: User, "read", doc: Doc) if {condition};'
        'allow(user: User, "read", doc: Doc) if doc.owner = user;'
        'allow(guest: Guest, "read", doc: Doc) if doc.org = guest.org;'
    )
    return make_oso(policy, User, Guest, Role, Doc, compiled=compiled)


def make_questions(make: Callable[[int], t.Any]) -> list[tuple[t.Any, ...]]:
    """Make questions about objects that are equal, and not."""
    orgs = [make(at) for at in range(4)]
    user = User(
        name="ana",
        org=make(1),
        orgs=[make(2), make(3), make(1)],
        roles=[Role(name=name, org=make(at)) for at, name in enumerate(["admin", "x", "admin"])],
    )
    docs = [
        Doc(name=name, org=org, orgs=[org, make(2)], owner=None)
        for org, name in zip(orgs, ["ana", "ben", "ana", "ben"], strict=True)
    ]
    return [(user, "read", doc) for doc in docs]


def outcome(oso: Oso, *question: t.Any) -> tuple[t.Any, list[str]]:
    """Give the answer or the error, and what was compared."""
    CALLS.clear()
    return outcome_of(oso, *question), [*CALLS]


def ask(oso: Oso, times: int, *questions: tuple[t.Any, ...]) -> None:
    for question in times * questions:
        oso.is_allowed(*question)


@pytest.mark.each(4)
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_answers_and_comparisons_are_those_of_the_solver(kind: str, condition: str) -> None:
    """At the first question, and once others were given up."""
    oso, solver = (load(CONDITIONS[condition], compiled=each) for each in (True, False))
    questions = make_questions(KINDS[kind])
    expected = [outcome(solver, *question) for question in questions]

    for _ in range(MANY // 2):
        assert [outcome(oso, *question) for question in questions] == expected
    for question, first in zip(questions, expected, strict=True):
        assert [outcome(oso, *question) for _ in range(MANY)] == [first] * MANY


def test_function_that_gives_up_most_questions_is_replaced() -> None:
    """Trying it costs more than all the rest."""
    oso, questions = load("doc.org = user.org"), make_questions(ByClass)

    ask(oso, MANY, *questions)

    assert is_replaced(oso.engine, *questions[0])


def test_function_that_answers_most_questions_stays() -> None:
    """Also where it has given up many of them."""
    oso, (question, *_) = load("doc.org = user.org"), make_questions(ByClass)
    user, doc = User(org=None), Doc(org=None, owner=None)

    for _ in range(MANY):
        ask(oso, 3, (user, "read", doc))
        ask(oso, 1, question)

    assert not is_replaced(oso.engine, *question)


def test_function_that_gives_up_most_questions_later_is_replaced() -> None:
    """What is asked may change; then it is looked at again."""
    oso, (question, *_) = load("doc.org = user.org"), make_questions(ByClass)
    user, doc = User(org=None), Doc(org=None, owner=None)
    for _ in range(MANY):
        ask(oso, 3, (user, "read", doc))
        ask(oso, 1, question)

    ask(oso, 10 * MANY, question)

    assert is_replaced(oso.engine, *question)


def test_answer_in_between_is_no_reason_to_try_again() -> None:
    """Where most questions are given up, trying all of them costs more than it saves."""
    oso, (question, *_) = load("doc.org = user.org"), make_questions(ByClass)
    user, doc = User(org=None), Doc(org=None, owner=None)
    ask(oso, MANY, question)
    attempts = attempts_instead(oso.engine, *question)
    attempts.in_vain = 0

    ask(oso, 10, question, question, (user, "read", doc))

    assert attempts.in_vain > 10


def test_functions_for_several_classes_of_actors_are_replaced() -> None:
    """Each is found by both classes, and keeps its place where another class is met later."""
    oso, (question, *_) = load("doc.org = user.org"), make_questions(ByClass)
    as_guest = (Guest(org=ByClass(1)), *question[1:])
    ask(oso, MANY, question)

    ask(oso, MANY, as_guest)
    ask(oso, 1, question)

    assert is_replaced(oso.engine, *question)
    assert is_replaced(oso.engine, *as_guest)


def test_function_is_replaced_once_another_thread_has_compiled() -> None:
    """No question waits for it."""
    oso, (question, *_) = load("doc.org = user.org"), make_questions(ByClass)
    ask(oso, 2, question)

    with compiling_elsewhere(oso):
        ask(oso, MANY, question)
        is_waiting = not is_replaced(oso.engine, *question)
    ask(oso, 10 * MANY, question)

    assert is_waiting
    assert is_replaced(oso.engine, *question)


def test_class_that_may_go_is_not_kept() -> None:
    """A function in the place of another one would hold it."""

    class Local(Doc):
        """Goes with this test."""

    oso, (question, *_) = load("doc.org = user.org"), make_questions(ByClass)
    doc = Local(**vars(question[2]))

    ask(oso, MANY, (question[0], "read", doc))

    assert not is_replaced(oso.engine, question[0], "read", doc)


def test_lists_are_answered_by_the_function_itself() -> None:
    """It gives up alone what it does not know."""
    oso, questions = load("doc.org = user.org"), make_questions(ByClass)
    user, doc = User(org=None), Doc(org=None, owner=None)
    ask(oso, MANY, *questions)

    answers = oso.engine.quick_answers(user, "read", [doc, questions[0][2]])

    assert answers == [True, None]


@pytest.mark.parametrize(
    ("rule", "literals"),
    [("allow_field", ("read", "size")), ("allow_request", ()), ("is_near", ())],
)
def test_functions_of_other_rules_are_replaced(rule: str, literals: tuple[str, ...]) -> None:
    """Whatever the number of their arguments."""
    texts = "".join(f'"{each}", ' for each in literals[:1])
    field = "".join(f', "{each}"' for each in literals[1:])
    policy = f"{rule}(user: User, {texts}doc: Doc{field}) if doc.org = user.org;"
    oso = make_oso(policy, User, Doc)
    user, _, doc = make_questions(ByClass)[1]
    args = (user, *literals[:1], doc, *literals[1:])

    answers = [oso.engine.ask(rule, *args) for _ in range(MANY)]

    assert answers == [True] * MANY
    assert is_replaced(oso.engine, *args, rule=rule)


@pytest.mark.parametrize("make", [Space, bytearray, collections.OrderedDict])
def test_class_whose_equality_is_written_in_c_is_looked_at_once(make: t.Any) -> None:
    """It may ask objects. To find that out takes longer than to ask the rules."""
    oso = load("doc.org = user.org")
    kind: t.Any = type(make())

    oso.is_allowed(User(org=make()), "read", Doc(org=make(), owner=None))

    assert is_comparison_kept(oso, kind, kind)


def test_class_that_may_go_is_looked_at_once_and_not_held() -> None:
    """A class of a function, as of a generic model, goes with its last object."""

    class Local(int):
        """Goes with this test."""

    class Asked(ByClass):
        """Compares itself."""

    oso = load("doc.org = user.org")
    kinds: list[t.Any] = [Local, Asked]
    for kind in kinds:
        oso.is_allowed(User(org=kind(1)), "read", Doc(org=kind(1), owner=None))
    are_kept = [is_comparison_kept(oso, kind, kind) for kind in kinds]
    gone = [weakref.ref(kind) for kind in kinds]
    kinds.clear()
    del Local, Asked, kind
    gc.collect()

    assert are_kept == [True, True]
    assert [each() for each in gone] == [None, None]


@pytest.mark.parametrize("registered", [str, Doc])
@pytest.mark.parametrize("condition", ["doc.name matches Tag", "not doc.name matches Tag"])
def test_questions_go_on_where_a_registered_class_ends_functions(
    condition: str, registered: type
) -> None:
    """The function gives up from then on, and no other one can be written for plain data."""

    class Tag(Thing, abc.ABC):
        """Has texts for its instances, once that is said."""

    policy = f'allow(_: User, "read", doc: Doc) if {condition};'
    oso, solver = (make_oso(policy, User, Doc, Tag, compiled=each) for each in (True, False))
    question = User(), "read", Doc(name="a")
    ask(oso, 1, question)

    Tag.register(registered)

    assert [oso.is_allowed(*question) for _ in range(2 * MANY)] == [
        solver.is_allowed(*question)
    ] * (2 * MANY)


def test_function_counts_where_it_gives_up_and_is_a_copy_there_alone() -> None:
    """Functions share the statements that give up; what gives up nowhere is not copied."""
    text = "def f(a, b=None):\n if a:\n  x = a\n else:\n  return None\n if x: return True\n {}"
    tried = "try:\n  return False\n except E:\n  return None"
    (written,) = ast.parse(text.format(tried)).body
    before = ast.unparse(written)

    made = counting(t.cast(ast.FunctionDef, written), "g")

    assert ast.unparse(made) == before.replace("return None", "return g(a)")
    assert ast.unparse(written) == before
    assert made.body[1] is t.cast(ast.FunctionDef, written).body[1]
