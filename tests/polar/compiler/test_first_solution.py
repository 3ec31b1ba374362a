"""A function for plain data ends at the first solution of the solver, and at no other."""

from __future__ import annotations

import dataclasses
import datetime
import random
import typing as t

import pytest

from flask_oso import Oso, OsoError
from tests.support.answers import specialized
from tests.support.models.people import Doc, Failing, Role, User
from tests.support.policies import make_oso

BLOCK = """
actor User {}
resource Doc {
  permissions = ["read", "edit"]; roles = ["reader", "writer"];
  "read" if "reader"; "edit" if "writer"; "reader" if "writer";
}
allow(user: User, action, doc: Doc) if has_permission(user, action, doc);
"""
HAS_ROLE = """
has_role(user: User, name: String, doc: Doc) if
  role in user.roles and role.name = name and role.of = doc;
"""
DOC, OTHER = Doc(open=False, owner=None), Doc(open=False)
READER, WRITER = Role(name="reader", of=DOC), Role(name="writer", of=DOC)


def load(rules: str, *, compiled: bool = True) -> Oso:
    return make_oso(rules, User, Doc, compiled=compiled)


def answer_of(oso: Oso, user: User, action: str, doc: Doc = DOC) -> bool | str:
    """Give the answer, or what kind of error there is."""
    try:
        return oso.is_allowed(user, action, doc)
    except (OsoError, ValueError) as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("action", "roles", "answer"),
    [
        ("edit", [WRITER, Failing()], True),
        ("edit", [Role(name="writer", of=OTHER), WRITER, Failing()], True),
        ("edit", [Failing(), WRITER], None),
        ("edit", [READER, Failing()], None),
        # The solver first looks for a reader in the whole list.
        ("read", [READER, Failing()], True),
        ("read", [WRITER, READER, Failing()], True),
        ("read", [WRITER, Failing()], None),
        ("read", [Failing(), READER], None),
        ("read", [Role(name="reader", of=OTHER), Failing()], None),
        ("read", [WRITER], True),
        ("read", [Role(name="writer", of=OTHER)], False),
    ],
)
def test_function_ends_where_the_solver_does(
    action: str, roles: list[t.Any], answer: bool | None
) -> None:
    """Behind the first solution of the solver nothing is looked at, and all is before it."""
    oso, user = load(BLOCK + HAS_ROLE), User(roles=roles)
    expected = answer_of(load(BLOCK + HAS_ROLE, compiled=False), user, action)

    assert answer_of(oso, user, action) == expected
    assert specialized(oso.engine, user, action, DOC) is answer
    assert answer in (None, expected)


SECOND = {
    "an earlier rule": """
      allow(user: User, "read", doc: Doc) if role in user.bans and role.of = doc;
      allow(user: User, "read", doc: Doc) if role in user.roles and role.of = doc;
    """,
    "an earlier rule that calls": """
      allow(user: User, "read", doc: Doc) if may(user, doc);
      may(user: User, doc: Doc) if role in user.bans and role.of = doc;
      may(user: User, doc: Doc) if role in user.roles and role.of = doc;
    """,
    "an earlier side of an `or`": """
      allow(user: User, "read", doc: Doc) if
        (role in user.bans and role.of = doc) or (other in user.roles and other.of = doc);
    """,
    "a condition of an earlier rule": """
      allow(user: User, "read", doc: Doc) if ban in user.bans and ban.name = "x" and may(user, doc);
      allow(user: User, "read", doc: Doc) if may(user, doc);
      may(user: User, doc: Doc) if role in user.roles and role.of = doc;
    """,
    "an earlier rule beside one that only calls": """
      allow(user: User, "read", doc: Doc) if role in user.bans and role.of = doc;
      allow(user: User, "read", doc: Doc) if has_role(user, _, doc);
      has_role(user: User, role.name, doc: Doc) if role in user.roles and role.of = doc;
    """,
}


@pytest.mark.parametrize("rules", SECOND.values(), ids=SECOND)
def test_second_way_does_not_end_the_function(rules: str) -> None:
    """What the solver looks at before is looked at, although there is a solution already."""
    oso, user = load(rules), User(roles=[READER], bans=[Failing()])

    assert answer_of(oso, user, "read") == answer_of(load(rules, compiled=False), user, "read")
    assert specialized(oso.engine, user, "read", DOC) is None


def test_search_for_all_actions_does_not_end_at_the_first_solution() -> None:
    """All actions are asked for, so that an error behind the first solution is met."""
    oso = load(BLOCK + HAS_ROLE)

    with pytest.raises(ValueError, match="not yet"):
        oso.authorized_actions(User(roles=[READER, Failing()]), DOC)


def test_negation_looks_at_all_elements() -> None:
    """Under `not` the solver looks for all solutions, and so does a function."""
    rules = 'allow(user: User, "read", _: Doc) if not (r in user.roles and r.name = "reader");'
    oso, user = load(rules), User(roles=[READER, Failing()])

    assert answer_of(oso, user, "read") == answer_of(load(rules, compiled=False), user, "read")
    assert specialized(oso.engine, user, "read", DOC) is None


FIRST = """
allow(user: User, _action, _: Doc) if user.admin;
allow(user: User, action, doc: Doc) if has_role(user, action, doc);
has_role(user: User, name: String, doc: Doc) if
  role in user.roles and role.name = name and role.of = doc;
"""
#: Heads that ask nothing about a question for "edit" and a document.
OTHER_HEADS = {
    "one value twice": 'allow(user: User, "read", user: User);',
    "a field": 'allow(_: User, "read", _: Doc{open: true});',
    "a class before a field": 'allow(_: Doc, "edit", _: Doc{open: true});',
    "nil": 'allow(nil, "edit", _: Doc{open: true});',
}


@pytest.mark.parametrize("head", OTHER_HEADS.values(), ids=OTHER_HEADS)
def test_head_that_cannot_match_does_not_delay_the_end(head: str) -> None:
    """A rule for admins that comes first ends the function, whatever other heads have."""
    rules = FIRST + head
    oso, user = load(rules), User(admin=True, roles=[Failing()])

    assert answer_of(load(rules, compiled=False), user, "edit") is True
    assert specialized(oso.engine, user, "edit", DOC) is True


#: Heads that the solver matches before it tries the first rule, which may fail.
ASKING_HEADS = {
    "a field that is not there": 'allow(_: User, "edit", _: Doc{missing: true});',
    "a field of another class": 'allow(_: User{admin: "no"}, "edit", _: User);',
    "one value twice": 'allow(user: User, "edit", user: Doc);',
}


@pytest.mark.parametrize("head", ASKING_HEADS.values(), ids=ASKING_HEADS)
def test_head_that_is_asked_is_looked_at_first(head: str) -> None:
    """All heads that may match are looked at, although there is a solution already."""
    rules = FIRST + head
    oso, user = load(rules), User(admin=True, roles=[Failing()])
    expected = answer_of(load(rules, compiled=False), user, "edit")

    assert answer_of(oso, user, "edit") == expected
    assert specialized(oso.engine, user, "edit", DOC) in (None, expected)


#: Rules with a solution for `READER` that the solver finds behind others.
LATER = {
    "a rule behind one that compares": """
      allow(user: User, "read", doc: Doc) if doc.owner = user;
      allow(user: User, "read", doc: Doc) if may(user, doc);
      may(user: User, doc: Doc) if role in user.roles and role.of = doc;
    """,
    "rules of a helper for each element": """
      allow(user: User, "read", doc: Doc) if role in user.roles and role.of = doc and good(role);
      good(role) if role.name = "none";
      good(role) if role.name = "reader";
    """,
    "a side of an `or` behind a list": """
      allow(user: User, "read", doc: Doc) if
        (ban in user.bans and ban.of = doc) or may(user, doc);
      may(user: User, doc: Doc) if role in user.roles and role.of = doc;
    """,
    "an `or` for each element": """
      allow(user: User, "read", doc: Doc) if
        role in user.roles and role.of = doc and (role.name = "none" or role.name = "reader");
    """,
    "a variable that a helper binds": """
      allow(user: User, "read", doc: Doc) if doc.owner = user;
      allow(user: User, "read", doc: Doc) if role(user, doc, name) and name in ["x", "reader"];
      role(user: User, doc: Doc, role.name) if role in user.roles and role.of = doc;
    """,
    "a helper in front of tests": """
      allow(user: User, "read", doc: Doc) if may(user, doc) and closed(doc) and not user.admin;
      may(user: User, doc: Doc) if doc.owner = user;
      may(user: User, doc: Doc) if role in user.roles and role.of = doc;
      closed(doc) if doc.open = false;
    """,
    "a helper that calls another one, in front of a test": """
      allow(user: User, "read", doc: Doc) if may(user, doc) and doc.open = false;
      may(user: User, doc: Doc) if has_role(user, "reader", doc);
      has_role(user: User, name: String, doc: Doc) if
        role in user.roles and role.name = name and role.of = doc;
    """,
    "behind a cut": """
      allow(user: User, "read", doc: Doc) if doc.open = true and cut and user.admin = true;
      allow(user: User, "read", doc: Doc) if role in user.roles and role.of = doc;
    """,
    "behind a cut and a list": """
      allow(user: User, "read", doc: Doc) if doc.open = true and cut and user.admin = true;
      allow(user: User, "read", doc: Doc) if ban in user.bans and ban.of = doc;
      allow(user: User, "read", doc: Doc) if role in user.roles and role.of = doc;
    """,
    "rules in rules": """
      allow(user: User, "read", _: Doc) if user.admin;
      allow(user: User, "read", doc: Doc) if may(user, doc);
      may(user: User, doc: Doc) if doc.owner = user;
      may(user: User, doc: Doc) if held(user, doc);
      held(user: User, doc: Doc) if ban in user.bans and ban.of = doc;
      held(user: User, doc: Doc) if role in user.roles and role.of = doc;
    """,
}


@pytest.mark.parametrize("rules", LATER.values(), ids=LATER)
def test_function_ends_at_a_later_solution(rules: str) -> None:
    """What the solver tries before does not hold, and behind the solution nothing is looked at."""
    oso, user = load(rules), User(admin=False, roles=[READER, Failing()], bans=[])

    assert answer_of(load(rules, compiled=False), user, "read") is True
    assert specialized(oso.engine, user, "read", DOC) is True


@pytest.mark.parametrize("rules", LATER.values(), ids=LATER)
def test_error_before_a_later_solution_is_met(rules: str) -> None:
    """An element before the solution, or in a list that is searched before, is looked at."""
    oso, solver = load(rules), load(rules, compiled=False)
    users = [
        User(admin=False, roles=[Failing(), READER], bans=[]),
        User(admin=False, roles=[READER, Failing()], bans=[Failing()]),
    ]

    assert [answer_of(oso, each, "read") for each in users] == [
        answer_of(solver, each, "read") for each in users
    ]
    assert specialized(oso.engine, users[0], "read", DOC) is None


#: Rules that look for the user in a list of readers.
SEARCHES = {
    "a condition": 'allow(user: User, "read", doc: Doc) if user in doc.readers;',
    "a condition of a helper": """
      allow(_: User, "read", doc: Doc) if doc.open;
      allow(user: User, "read", doc: Doc) if reads(user, doc);
      reads(user: User, doc: Doc) if user in doc.readers;
    """,
}


class Odd:
    """An object that says that it equals all others."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("not yet")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("count", [0, 40])
@pytest.mark.parametrize("rules", SEARCHES.values(), ids=SEARCHES)
def test_search_ends_at_the_first_equal_element(rules: str, count: int) -> None:
    """The solver compares no element behind it, and nor does a function, in lists of any length."""
    oso, user, others = load(rules), User(), [User() for _ in range(count)]
    found, late = ([*others, user, Odd()], [*others, Odd(), user])

    assert specialized(oso.engine, user, "read", Doc(open=False, readers=found)) is True
    assert specialized(oso.engine, user, "read", Doc(open=False, readers=late)) is None


class Point(t.NamedTuple):
    """A tuple with names."""

    x: int
    y: int


@dataclasses.dataclass
class Label:
    """An object that compares by its fields."""

    name: str
    size: int = 1


#: What is compared with others of its class: one of them, and a different one.
_COMPARED = [
    ((1, "a"), (2, "a")),
    ((1, "a", 3), (1, "a", 4)),
    (Point(1, 2), Point(1, 3)),
    ({"a": 1}, {"a": 2}),
    (datetime.datetime(2026, 1, 1), datetime.datetime(2026, 1, 2)),
    (Label("a"), Label("b")),
]


@pytest.mark.parametrize("count", [0, 2, 40])
@pytest.mark.parametrize(("item", "other"), _COMPARED, ids=lambda each: type(each).__name__)
def test_search_for_what_is_compared_as_a_whole_ends_at_the_first_equal(
    item: t.Any, other: t.Any, count: int
) -> None:
    """As where it equals itself alone; an element before it that is odd is met."""
    oso = load('allow(_: User, "read", doc: Doc) if doc.open in doc.readers;')
    odds: dict[type, t.Any] = {tuple: (1, Odd()), dict: {"a": Odd()}}
    odd = odds.get(type(item), item)
    found, late = ([*[other] * count, item, odd], [*[other] * count, odd, item])
    is_odd = odd is not item

    answer = specialized(oso.engine, User(), "read", Doc(open=item, readers=found))
    answer_behind = specialized(oso.engine, User(), "read", Doc(open=item, readers=late))

    assert answer is True
    assert answer_behind is (None if is_odd else True)
    assert specialized(oso.engine, User(), "read", Doc(open=item, readers=[other])) is False


def test_search_of_a_dictionary_ends_in_the_order_of_its_keys() -> None:
    """The solver sorts the keys of a dictionary: it compares a value that was added later first."""
    oso, user = load('allow(user: User, "read", doc: Doc) if user in doc.readers.values();'), User()

    assert specialized(oso.engine, user, "read", Doc(readers={"b": user, "a": Odd()})) is None
    assert specialized(oso.engine, user, "read", Doc(readers={"b": user, "a": User()})) is True


@pytest.mark.parametrize(
    "body",
    [
        "not user in doc.readers",
        "not (user in doc.readers and 1 = 1)",
        "not (not user in doc.readers)",
    ],
)
def test_negated_search_compares_all_elements(body: str) -> None:
    """Under `not` the solver looks for all solutions, so that an error behind one is met."""
    rules = f'allow(user: User, "read", doc: Doc) if {body};'
    oso, user = load(rules), User()

    assert specialized(oso.engine, user, "read", Doc(readers=[user, Odd()])) is None


def test_all_actions_are_looked_for_behind_an_equal_element() -> None:
    """The error of an element behind it is met, as by the solver."""
    oso, user = load(SEARCHES["a condition of a helper"]), User()

    with pytest.raises(ValueError, match="not yet"):
        oso.authorized_actions(user, Doc(open=False, readers=[user, Odd()]))


def test_chain_behind_a_search_comes_before_the_list_it_searches_again() -> None:
    """A rule with an open argument searches the same list, where the first search has found one."""
    rules = """
      allow(user: User, "read", doc: Doc) if
        role in doc.readers and role.of = user and held(_, doc);
      held(role.of, doc) if role in doc.readers;
      held(user, doc) if doc.parent != nil and held(user, doc.parent);
    """
    oso, user = load(rules), User()
    doc = Doc(parent=None, readers=[Role(name="reader", of=user)])

    assert answer_of(load(rules, compiled=False), user, "read", doc) is True
    assert answer_of(oso, user, "read", doc) is True


CHAIN = """
allow(user: User, "read", doc: Doc) if may(user, doc);
may(user: User, doc: Doc) if doc.owner = user;
may(user: User, doc: Doc) if doc.parent != nil and may(user, doc.parent);
"""


#: The same without classes: a function for any of them is called.
UNTYPED = CHAIN.replace("user: User, doc: Doc) if doc", "user, doc) if doc")
CHAINS = {"classes": CHAIN, "no classes": UNTYPED}


@pytest.mark.parametrize("rules", CHAINS.values(), ids=CHAINS)
def test_function_ends_at_the_first_object_of_a_chain(rules: str) -> None:
    """The objects behind it are not looked at, and the class of one before it is."""
    oso, user = load(rules), User()
    mine = Doc(owner=user, parent=Doc(owner=Odd(), parent=None))

    assert specialized(oso.engine, user, "read", mine) is True
    assert specialized(oso.engine, user, "read", Doc(owner=Odd(), parent=mine)) is None


@pytest.mark.parametrize("rules", CHAINS.values(), ids=CHAINS)
def test_chain_that_is_followed_first_is_looked_at_to_its_end(rules: str) -> None:
    """Where the rule for the parent is tried before the other one, the parents come first."""
    first, *others = rules.strip().splitlines()
    oso, user = load("\n".join([first, *others[::-1]])), User()
    mine = Doc(owner=user, parent=Doc(owner=Odd(), parent=None))

    assert specialized(oso.engine, user, "read", mine) is None


@pytest.mark.parametrize("rules", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("test", ["doc.open = true", "doc.open = true and doc.until = nil"])
def test_chain_in_front_of_a_test_ends_where_that_holds(rules: str, test: str) -> None:
    """Where it does not, the solver looks for another solution, and meets the error."""
    oso, user = load(rules.replace("doc);", f"doc) and {test};", 1)), User()
    behind, is_open = Doc(owner=Odd(), parent=None), (True, False)

    open_one, closed = (Doc(owner=user, parent=behind, open=each, until=None) for each in is_open)

    assert specialized(oso.engine, user, "read", open_one) is True
    assert specialized(oso.engine, user, "read", closed) is None


@pytest.mark.parametrize("rules", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("test", ["doc.open = true", "doc.name = 1", "user.admin"])
def test_chain_in_front_of_a_test_and_of_nothing_is_no_solution(rules: str, test: str) -> None:
    """What another rule finds behind the same chain is not noted before that."""
    first = f'allow(user: User, "read", doc: Doc) if may(user, doc) and {test};'
    oso, user = load(first + rules), User(admin=True)
    mine = Doc(owner=user, parent=None, open=False, name=2)
    other = Doc(owner=None, parent=None, open=True, name=1)

    assert [specialized(oso.engine, user, "read", doc) for doc in (mine, other)] == [True, False]


@pytest.mark.parametrize("rules", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("test", ["", " and doc.open = true"])
def test_chain_that_begins_at_an_attribute_ends_at_its_first_object(rules: str, test: str) -> None:
    """Its class is not known before it is looked at, and the objects behind it are not."""
    oso, user = load(rules.replace("doc);", f"doc.parent){test};", 1)), User()
    mine = Doc(owner=user, parent=Doc(owner=Odd(), parent=None))

    assert specialized(oso.engine, user, "read", Doc(owner=Odd(), parent=mine, open=True)) is True


@pytest.mark.parametrize("rules", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("asked", ["doc", "doc.parent"])
def test_list_whose_elements_begin_chains_is_looked_at_to_the_first_solution(
    rules: str, asked: str
) -> None:
    """The chain of an element behind it is not followed."""
    question = (
        f"one in doc.readers and one matches Doc and may(user, {asked.replace('doc', 'one')})"
    )
    shared = " if user in doc.readers or doc.owner = user;"
    rules = rules.replace("may(user, doc);", f"{question};", 1).replace(
        " if doc.owner = user;", shared
    )
    oso, user = load(rules), User()
    mine = Doc(owner=user, parent=Doc(owner=Odd(), readers=[], parent=None), readers=[])
    odd = Doc(owner=Odd(), readers=[], parent=Doc(owner=Odd(), readers=[], parent=None))
    first = mine if asked == "doc" else Doc(owner=None, readers=[], parent=mine)

    assert specialized(oso.engine, user, "read", Doc(readers=[first, odd])) is True
    assert specialized(oso.engine, user, "read", Doc(readers=[odd, first])) is None


def test_chain_that_begins_at_an_object_of_another_class_ends_at_its_first_object() -> None:
    """What leads to the next object stands last in the function, as the solver comes to it."""
    rules = """
        allow(user: User, "read", role: Role) if owns(user, role.of);
        owns(user: User, doc: Doc) if doc.owner = user;
        owns(user: User, doc: Doc) if owns(user, doc.parent);
    """
    oso, user = make_oso(rules, User, Doc, Role), User()
    mine = Doc(owner=user, parent=Doc(owner=Odd(), parent=None))

    assert specialized(oso.engine, user, "read", Role(of=mine)) is True


class Token(Role):
    """What acts for a user, or for another token."""


class Both(Token, User):
    """A user that is a token, too."""


DELEGATED = """
allow(token: Token, "read", doc: Doc) if token.open and allow(token.of, "read", doc);
allow(user: User, "read", doc: Doc) if role in user.roles and role.of = doc;
allow(user: User, "read", doc: Doc) if doc.owner = user;
"""


def test_delegation_to_one_of_two_classes_ends_at_the_first_solution() -> None:
    """The rules for the other class are none that the solver tries before."""
    oso = make_oso(DELEGATED, User, Doc, Token)
    doc = Doc(owner=None)
    user = User(roles=[Role(of=doc), Failing()])

    assert specialized(oso.engine, Token(open=True, of=user), "read", doc) is True


@pytest.mark.parametrize("others", [[], [Both]], ids=["not registered", "registered"])
@pytest.mark.parametrize("is_open", [True, False, None])
def test_delegation_to_an_object_of_both_classes_has_the_order_of_the_solver(
    others: list[type], is_open: bool | None
) -> None:
    """It is asked about as a token first: what it lacks is an error before it is a user."""
    doc, user = Doc(owner=None), User(roles=[])
    both = Both(roles=[Role(of=doc)], of=user)
    if is_open is not None:
        vars(both)["open"] = is_open
    token = Token(open=True, of=both)
    oso, solver = (
        make_oso(DELEGATED, User, Doc, Token, *others, compiled=each) for each in (True, False)
    )

    answers: list[bool | str] = []
    for each in (oso, solver):
        try:
            answers.append(each.is_allowed(token, "read", doc))
        except OsoError as error:
            answers.append(type(error).__name__)

    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(f"{UNTYPED}may(_, doc) if doc.name = 1;", id="a later rule"),
        pytest.param(UNTYPED.replace("may(user, doc);", "not may(user, doc);", 1), id="not"),
        pytest.param(UNTYPED.replace("may(user, doc);", "may(user, doc) and 1 = 2;", 1), id="and"),
        pytest.param(
            UNTYPED.replace("may(user, doc.parent)", "may(user, doc.parent) and doc.open"),
            id="a condition behind the call",
        ),
    ],
)
def test_chain_without_classes_is_looked_at_as_far_as_the_solver_does(rules: str) -> None:
    """It goes on where the first solution of the chain is none of the question."""
    user, failing = User(), Doc(owner=None, parent=None, name=1)
    mine = Doc(owner=user, parent=failing, open=False, name=2)
    doc = Doc(owner=None, parent=mine, open=False, name=2)
    del failing.parent  # type: ignore[attr-defined]
    oso, solver = load(rules), load(rules, compiled=False)

    assert answer_of(oso, user, "read", doc) == answer_of(solver, user, "read", doc)


def test_all_actions_are_looked_for_along_a_chain_without_classes() -> None:
    """The error of an object behind the first solution is met, as by the solver."""
    oso, user = load(UNTYPED), User()

    with pytest.raises(OsoError, match="parent"):
        oso.authorized_actions(user, Doc(owner=user, parent=Doc(owner=None)))


_TESTS = [
    "",
    " and doc.open = true",
    " and user.admin",
    " and doc.until = nil",
    " and not doc.open",
]
_STEPS = [
    "doc.owner = user",
    "user in doc.readers",
    "doc.open = true and user.admin",
    "1 in user.roles and doc.until = nil",
]
_NEXT = ["", " and doc.open", " and doc.until != nil"]


def chain_rules(draw: random.Random) -> str:
    """Give rules that follow a chain, with classes or without, beside each other."""
    heads = draw.choice(["user: User, doc: Doc", "user, doc"])
    asked = draw.choice(["doc", "doc", "doc.parent"])
    allowing = [
        f'allow(user: User, "read", doc: Doc) if may(user, {asked}){draw.choice(_TESTS)};'
        for _ in range(draw.randint(1, 3))
    ]
    steps = [f"may({heads}) if {step};" for step in draw.sample(_STEPS, draw.randint(1, 2))]
    going_on = f"doc.parent != nil{draw.choice(_NEXT)} and may(user, doc.parent)"
    steps.insert(draw.randint(0, len(steps)), f"may({heads}) if {going_on};")
    return "\n".join([*allowing, *steps])


def chain_of(draw: random.Random, user: User) -> Doc:
    """Give a document in others, of which one may lack an attribute."""
    doc = None
    for _ in range(4):
        owner, readers = draw.choice([user, None, User()]), [draw.choice([user, User(), Odd()])]
        doc = Doc(
            owner=owner, readers=readers[: draw.randint(0, 1)], open=draw.random() < 0.4,
            until=draw.choice([None, 5]), parent=doc,
        )  # fmt: skip
        if draw.random() < 0.1:
            del doc.__dict__[draw.choice(["owner", "open", "readers"])]
    return t.cast(Doc, doc)


@pytest.mark.parametrize("seed", range(10))
def test_chains_at_random_are_answered_as_by_the_solver(seed: int) -> None:
    """Also where several rules ask about one chain, with tests behind it and without."""
    draw = random.Random(seed)
    rules = chain_rules(draw)
    oso, solver = load(rules), load(rules, compiled=False)

    for _ in range(10):
        user = User(admin=draw.random() < 0.3, roles=[1] * (draw.random() < 0.2))
        doc = chain_of(draw, user)
        expected = answer_of(solver, user, "read", doc)

        assert answer_of(oso, user, "read", doc) == expected
        assert specialized(oso.engine, user, "read", doc) in (None, expected)
