"""Goals that no specialization can be written for: the rest of the question stays compiled.

Where a question comes to one of them, the rules are asked in their order.
"""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import is_given_up, outcome_of, specializations_of, strings_at_once
from tests.support.models.people import Doc, Role, Thing
from tests.support.policies import make_oso

#: Rules that goals below call: a cut behind the value that a rule gives, and a recursion with one.
HELPERS = """
first(doc, kind) if kind = doc.kind and cut;
first(_, "b");
root(doc, found) if found = doc and doc.parent = nil and cut;
root(doc, found) if root(doc.parent, found);
"""
#: Goals that no code is written for. They hold of the second document and not of the first.
GOALS = {
    "a cut behind a value": 'first(doc, k) and k = "b"',
    "a cut in a recursion": "root(doc, d) and d.size = 2",
    "mod": "doc.size mod doc.one = 0 and doc.size > 1",
    "rem": "doc.size rem 5 = 2",
    "literals that are added": "x = 1 + 1 and doc.size = x",
    "new": "d = new Doc(size: doc.size) and d.size = 2",
    "a dictionary": "{a: doc.size} matches {a: 2}",
    "a list": "[doc.size, *x] = [2, *y] and x = [] and y = x",
    "a method of something": "doc.holder.has(2) and doc.size = 2",
    "a method": "doc.is_large() and doc.size = 2",
    "two methods": "doc.is_large() and doc.is_there()",
}
#: Where such a goal stands, in a rule that is about hidden documents.
_HIDDEN = 'allow(user: User, "read", doc: Doc) if doc.hidden and user.id > 0 and '
_BLOCK = """
actor User {{}}
resource Doc {{
  permissions = ["read"]; roles = ["reader", "owner"]; relations = {{parent: Doc}};
  "read" if "reader"; "reader" if "owner"; "reader" if "reader" on "parent";
}}
allow(user, action, doc: Doc) if has_permission(user, action, doc);
has_role(user: User, name: String, doc: Doc) if
  role in user.roles and role.name = name and role.doc = doc;
"""
_PARENT = "doc.parent = parent and parent != nil;"
PLACES = {
    "first": _HIDDEN + "{goal};",
    "alone behind a goal": _HIDDEN + "user.id = 2 and {goal};",
    "before a goal": _HIDDEN + "{goal} and user.id = 2;",
    "in an or": _HIDDEN + "(user.id = 1 or {goal});",
    "first in an or": _HIDDEN + "({goal} or user.id = 1);",
    "in a search": _HIDDEN + "p in doc.parts and p = user.id and {goal};",
    "under not": _HIDDEN + "not (user.id = 2 and {goal});",
    "under forall": _HIDDEN + "forall(p in doc.parts, p != user.id or {goal});",
    "in a helper": _HIDDEN + "is_it(user, doc); is_it(_, doc) if {goal};",
    "in a helper that binds": (
        f"{_HIDDEN} it(doc, u) and u = user;it(doc, doc.owner); it(doc, doc.other) if {{goal}};"
    ),
    "behind a cut": _HIDDEN + "user.id > 0 and cut and {goal};",
    "before a cut": _HIDDEN + "{goal} and cut;",
    "in a recursion": (
        'allow(user: User, "read", doc: Doc) if may(user, doc);'
        "may(user, doc) if doc.owner = user; may(_, doc) if doc.hidden and {goal};"
        "may(user, doc) if doc.parent != nil and may(user, doc.parent);"
    ),
    "in has_role": (
        f'{_BLOCK} has_relation(parent: Doc, "parent", doc: Doc) if {_PARENT}'
        'has_role(_: User, "owner", doc: Doc) if doc.hidden and {goal};'
    ),
    "in a relation": (
        f'{_BLOCK} has_relation(parent: Doc, "parent", doc: Doc) if'
        f" doc.hidden and {{goal}} and {_PARENT}"
    ),
}
#: Each goal in one place, and some goals in all places.
PAIRS = [
    *((goal, "in an or") for goal in GOALS),
    *((goal, place) for goal in ("rem", "two methods") for place in PLACES if place != "in an or"),
]
#: Rules beside it, of which each may be asked first, as the text stands.
OTHERS = 'allow(user: User, "read", doc: Doc) if doc.owner = user; allow(u: User, _, _) if u.admin;'
#: What was called, in order.
CALLS: list[str] = []


class User(Thing):
    """Who asks."""


class Large(Doc):
    """What is asked about, with methods."""

    size: int

    def is_large(self) -> bool:
        CALLS.append("is_large")
        return self.size > 1

    def is_there(self) -> bool:
        CALLS.append("is_there")
        return True


class Holder(Thing):
    """What a document has."""

    def has(self, size: int) -> bool:
        CALLS.append("has")
        return size == 2


ANA, BEN, CID = (
    User(id=1, admin=False, roles=[]),
    User(id=2, admin=True, roles=[]),
    User(id=3, admin=False, roles=[]),
)


def make_docs(*, hidden: bool) -> list[t.Any]:
    docs = []
    for size in (1, 2):
        made = {"size": size, "one": 1, "two": 2, "parts": [1, 2][:size], "holder": Holder()}
        kind = "a" if size == 1 else "b"
        docs.append(Large(hidden=hidden, kind=kind, owner=ANA, other=CID, parent=None, **made))
    child = {**vars(docs[0]), "owner": None, "parent": docs[1]}
    return [*docs, Large(**child)]


def load(policy: str, *, compiled: bool = True) -> Oso:
    oso = make_oso("", User, Role, Holder, compiled=compiled)
    oso.register_class(Large, name="Doc")
    oso.load_str(policy)
    return oso


def policy_of(goal: str, place: str, *, is_last: bool = False) -> str:
    rules = [PLACES[place].format(goal=GOALS[goal]), OTHERS]
    return HELPERS + "\n".join(rules[::-1] if is_last else rules)


def outcome(oso: Oso, *question: t.Any) -> tuple[t.Any, list[str]]:
    """Give the answer or the error, and the first call of each method."""
    CALLS.clear()
    return outcome_of(oso, *question), [*dict.fromkeys(CALLS)]


def actions_of(oso: Oso, user: t.Any, doc: t.Any) -> set[t.Any]:
    """Give what may be done."""
    return oso.authorized_actions(user, doc, allow_wildcard=True)


@pytest.mark.each(3)
@pytest.mark.parametrize("is_last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize(("goal", "place"), PAIRS)
def test_answers_and_calls_are_those_of_the_solver(goal: str, place: str, is_last: bool) -> None:
    """Whether a question comes to the goal or not; also once it came there often."""
    policy = policy_of(goal, place, is_last=is_last)
    oso, solver = load(policy), load(policy, compiled=False)
    docs = [*make_docs(hidden=True), *make_docs(hidden=False)]
    questions = [(user, "read", doc) for doc in docs for user in (ANA, BEN, CID)]
    expected = [outcome(solver, *question) for question in questions]

    for _ in range(3):
        assert [outcome(oso, *question) for question in questions] == expected
    allowed = [actions_of(solver, user, doc) for user, _, doc in questions]
    assert [actions_of(oso, user, doc) for user, _, doc in questions] == allowed


@pytest.mark.each(3)
@pytest.mark.parametrize(("goal", "place"), PAIRS)
def test_rest_of_the_question_stays_compiled(goal: str, place: str) -> None:
    """Where no question comes to the goal, the function for plain data answers."""
    oso, docs = load(policy_of(goal, place)), make_docs(hidden=False)

    assert not any(is_given_up(oso, user, "read", docs[0]) for user in (ANA, BEN, CID))


@pytest.mark.parametrize("goal", GOALS)
def test_rules_are_asked_where_the_goal_is_reached(goal: str) -> None:
    """What cannot be written is not guessed."""
    oso, docs = load(policy_of(goal, "first")), make_docs(hidden=True)

    assert is_given_up(oso, CID, "read", docs[1])


def test_rule_that_is_tried_before_answers() -> None:
    """The solver does not come to the goal: an owner is found by a rule before it."""
    policy = 'allow(user: User, "read", doc: Doc) if doc.owner = user;'
    oso = load(policy + 'allow(_: User, "read", doc: Doc) if doc.size rem 5 = 2;')
    _, doc, _ = make_docs(hidden=False)

    assert not is_given_up(oso, ANA, "read", doc)
    assert is_given_up(oso, CID, "read", doc)


@pytest.mark.parametrize("before", ["", "doc.hidden and "], ids=["always", "alone"])
def test_function_that_never_allows_is_not_made(before: str) -> None:
    """It would only ever give up, or deny what the rules deny as fast."""
    oso = load(f'allow(_: User, "read", doc: Doc) if {before}doc.size rem 5 = 2;')
    docs = make_docs(hidden=False)
    oso.is_allowed(ANA, "read", docs[0])

    assert specializations_of(oso.engine).maker.attempts((ANA, "read", docs[0])) is None


def test_function_that_gives_up_again_and_again_is_left_out_for_a_while() -> None:
    """And tried again later: what is asked may have changed."""
    oso = load(policy_of("rem", "first"))
    hidden, open_doc = make_docs(hidden=True)[0], make_docs(hidden=False)[0]
    oso.is_allowed(CID, "read", hidden)
    attempts = specializations_of(oso.engine).maker.attempts((CID, "read", hidden))
    for _ in range(10):
        oso.is_allowed(CID, "read", hidden)
    oso.is_allowed(CID, "read", open_doc)
    is_left_out = attempts.in_vain > 0
    for _ in range(600):
        oso.is_allowed(CID, "read", open_doc)

    assert (is_left_out, attempts.in_vain) == (True, 0)


#: Actions that anybody may be allowed, and one that only some are.
ACTIONS = OTHERS.replace("(u: User, _, _)", '(u: User, "write", _)')


@pytest.mark.parametrize("goal", ["rem", "two methods", "a dictionary"])
def test_actions_are_found_at_once_where_the_goal_is_not_reached(goal: str) -> None:
    """One function finds them; it gives up where an action comes to the goal."""
    oso = load(PLACES["before a goal"].format(goal=GOALS[goal]) + ACTIONS)
    (open_doc, *_), (_, hidden, _) = make_docs(hidden=False), make_docs(hidden=True)
    found = [oso.authorized_actions(user, open_doc) for user in (ANA, BEN)]

    assert found == [{"read"}, {"write"}]
    assert strings_at_once(oso, "allow", 1, BEN, "read", open_doc) == {"write"}
    assert strings_at_once(oso, "allow", 1, BEN, "read", hidden) is None
    assert oso.authorized_actions(BEN, hidden) == {"read", "write"}


def test_search_that_gives_up_again_and_again_is_left_out_for_a_while() -> None:
    """And the answers stay the same."""
    oso = load(PLACES["first"].format(goal=GOALS["rem"]) + ACTIONS)
    open_doc, hidden = make_docs(hidden=False)[0], make_docs(hidden=True)[1]
    found = [oso.authorized_actions(CID, hidden) for _ in range(10)]
    is_left_out = strings_at_once(oso, "allow", 1, CID, "read", open_doc) is None
    found += [oso.authorized_actions(CID, open_doc) for _ in range(600)]

    assert found == [{"read"}] * 10 + [set()] * 600
    assert is_left_out
    assert strings_at_once(oso, "allow", 1, CID, "read", open_doc) == set()


def test_error_of_a_method_behind_the_goal_comes_out() -> None:
    """It is none for which the function gives up, and the method is called once."""
    calls: list[int] = []

    class Failing(User):
        def fail(self) -> bool:
            calls.append(1)
            raise TypeError("by the application")

    oso = make_oso("", Failing, Large)
    oso.load_str('allow(u: Failing, "read", doc: Large) if doc.hidden and u.fail();')
    (doc, *_) = make_docs(hidden=True)

    assert outcome_of(oso, Failing(), "read", doc) == (TypeError, "by the application")
    assert calls == [1]
