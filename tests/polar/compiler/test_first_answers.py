"""Compiled rules answer the first questions that lead to many rules, a function later ones."""

from __future__ import annotations

import gc
import time
import typing as t
import weakref

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.entry_points import CLOCK_INTERVAL
from flask_oso.polar.compiler.programs import CompiledProgram
from flask_oso.polar.compiler.specialization.tables.first_answers import (
    MAX_CALLS_AT_ONCE,
    MAX_CALLS_OF_SEARCH,
    MAX_FIRST_ANSWERS,
    MAX_FIRST_SEARCHES,
    MAX_LOOKS_ALONE,
)
from flask_oso.polar.compiler.takeovers import Takeovers
from tests.support.answers import is_answered_at_once, outcome_of
from tests.support.policies import make_oso

RULES = """
allow(user: User, "read", doc: Doc) if has_role(user, doc) and doc.is_open();
allow(user: User, "edit", doc: Doc) if has_role(user, doc);
allow(user: User, "list", _: Doc) if fits(user);
has_role(user: User, doc: Doc) if doc.owner = user;
has_role(user: User, doc: Doc) if has_role(user, doc.parent);
fits(user: User) if group in user.groups and is_last(group);
is_last(group) if group = "last";
"""


class User:
    """Who asks."""

    def __init__(self, *groups: str) -> None:
        self.groups = [*groups]


class Doc:
    """What is asked about; it counts how often it is called."""

    def __init__(self, owner: User | None = None) -> None:
        self.owner, self.calls = owner, 0
        self.parent: Doc | None = None

    def is_open(self) -> bool:
        self.calls += 1
        return True


def policy_with(calls: int, rules: str = RULES) -> str:
    """Give rules that lead to so many calls in a question about ``"edit"``.

    One further rule is about any action, and holds of none.
    """
    given = 4
    chain = [f"step{n}(x) if step{n + 1}(x);" for n in range(calls - given)]
    last = f"step{calls - given}(x) if x = 1;"
    return "\n".join([rules, "allow(_: User, _, _: Doc) if step0(2);", *chain, last])


def large(*classes: type) -> Oso:
    return make_oso(policy_with(MAX_CALLS_OF_SEARCH + 3), User, Doc, *classes)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give a list to which each question is added that compiled rules answer first."""
    found: list[str] = []
    answer = CompiledProgram.first_answer

    def noted(program: CompiledProgram, name: str, *args: t.Any) -> bool | None:
        found.append(name)
        return answer(program, name, *args)

    monkeypatch.setattr(CompiledProgram, "first_answer", noted)
    return found


def test_compiled_rules_answer_the_first_questions_of_a_kind(answers: list[str]) -> None:
    """Then a function is made, which answers at once."""
    oso, user = large(), User()

    first = [oso.is_allowed(user, "edit", Doc(user)) for _ in range(MAX_FIRST_ANSWERS)]
    was_made = is_answered_at_once(oso, user, "edit", Doc(user))
    later = [oso.is_allowed(user, "edit", Doc(user)) for _ in range(2)]

    assert (first, later) == ([True] * MAX_FIRST_ANSWERS, [True, True])
    assert answers == ["allow"] * MAX_FIRST_ANSWERS
    assert not was_made
    assert is_answered_at_once(oso, user, "edit", Doc(user))


def test_question_that_leads_to_few_rules_is_compiled_at_once(answers: list[str]) -> None:
    """It takes no long to make a function for it."""
    oso, user = make_oso(policy_with(MAX_CALLS_AT_ONCE), User, Doc), User()

    assert oso.is_allowed(user, "edit", Doc(user))
    assert answers == []
    assert is_answered_at_once(oso, user, "edit", Doc(user))


def test_size_of_a_policy_does_not_count(answers: list[str]) -> None:
    """Of a hundred classes with rules of their own, a question leads to those of its class."""
    oso, kinds = Oso(), {f"Kind{n}": type(f"Kind{n}", (Doc,), {}) for n in range(100)}
    for name, cls in {"User": User, "Doc": Doc, **kinds}.items():
        oso.register_class(cls, name=name)
    rules = [
        f"""
        allow(user: User, "edit", doc: {name}) if has_role(user, "editor", doc);
        has_role(user: User, "editor", doc: {name}) if has_role(user, "owner", doc);
        has_role(user: User, "owner", doc: {name}) if doc.owner = user;
        """
        for name in kinds
    ]
    oso.load_str("".join(rules))
    user = User()

    assert oso.is_allowed(user, "edit", kinds["Kind50"](user))
    assert answers == []


def test_prepared_policy_has_its_functions(answers: list[str]) -> None:
    """What was made before the first request answers it."""
    oso, user = large(), User()
    oso.prepare()

    assert oso.is_allowed(user, "edit", Doc(user))
    assert oso.authorized_actions(user, Doc(user)) == {"read", "edit"}
    assert answers == []


def test_each_kind_of_question_has_first_ones(answers: list[str]) -> None:
    """A page that asks about ten actions makes no function for any of them."""
    oso, user = large(), User()

    for _ in range(MAX_FIRST_ANSWERS):
        assert oso.is_allowed(user, "edit", Doc(user))
    assert not oso.is_allowed(user, "list", Doc(user))
    assert len(answers) == MAX_FIRST_ANSWERS + 1


def test_method_is_called_once_for_each_question() -> None:
    """Whoever answers, the application hears the same."""
    oso, user = large(), User()
    doc = Doc(user)

    asked = [oso.is_allowed(user, "read", doc) for _ in range(MAX_FIRST_ANSWERS + 3)]

    assert all(asked)
    assert doc.calls == len(asked)


def test_circle_is_the_same_error_each_time() -> None:
    """The compiled rules and the function that is made later refuse it alike."""
    oso, user, doc = large(), User(), Doc()
    doc.parent = doc

    found = {str(outcome_of(oso, user, "edit", doc)) for _ in range(MAX_FIRST_ANSWERS + 2)}

    assert len(found) == 1


def test_long_question_is_answered_by_a_function(answers: list[str]) -> None:
    """It does not have to wait for the compiled rules, which call one for each of the groups."""
    oso = large()
    user = User(*map(str, range(2 * MAX_LOOKS_ALONE * CLOCK_INTERVAL)), "last")

    assert oso.is_allowed(user, "list", Doc())
    assert answers == ["allow"]
    assert oso.is_allowed(user, "list", Doc())
    assert answers == ["allow"]


def test_long_question_with_a_method_is_answered_by_the_rules_alone() -> None:
    """A function that calls the application is not asked while they are at work."""
    rules = RULES.replace("has_role(user, doc) and doc.is_open()", "doc.is_open() and fits(user)")
    oso = make_oso(policy_with(MAX_CALLS_AT_ONCE + 3, rules), User, Doc)
    user, doc = User(*map(str, range(2 * MAX_LOOKS_ALONE * CLOCK_INTERVAL)), "last"), Doc()

    assert oso.is_allowed(user, "read", doc)
    assert doc.calls == 1


def test_time_to_make_a_function_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that asks for one meanwhile has as much time as one that begins with it."""
    rules = RULES.replace("has_role(user, doc) and doc.is_open()", "doc.is_open() and fits(user)")
    oso = make_oso(policy_with(MAX_CALLS_AT_ONCE + 3, rules), User, Doc)
    user, doc = User(*map(str, range(2 * MAX_LOOKS_ALONE * CLOCK_INTERVAL)), "last"), Doc()
    passed, now, make = [0.0], time.monotonic, CompiledProgram.make_specialization

    def made(*args: t.Any, **options: t.Any) -> t.Any:
        passed[0] += 1000
        return make(*args, **options)

    monkeypatch.setattr(time, "monotonic", lambda: now() + passed[0])
    monkeypatch.setattr(CompiledProgram, "make_specialization", made)

    assert outcome_of(oso, user, "read", doc) is True
    assert passed[0]


def test_function_is_asked_before_the_solver_goes_on(
    answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first question does not wait for the solver where a function can answer."""
    rules = """
        allow(user: User, "up", doc: Doc) if found(user, doc, x) and x = 1;
        found(user: User, doc: Doc, x) if cut and doc.owner = user and x = 1;
    """
    oso, user = make_oso(policy_with(MAX_CALLS_AT_ONCE + 3, RULES + rules), User, Doc), User()
    monkeypatch.delattr(Takeovers, "_go_on")

    assert oso.is_allowed(user, "up", Doc(user))
    assert answers == ["allow"]


def test_few_objects_are_filtered_by_the_compiled_rules(answers: list[str]) -> None:
    """For more of them, a function is made at once."""
    oso, user = large(), User()
    mine, other = Doc(user), Doc(User())

    assert oso.filter(user, "list", [mine, other]) == []
    few = len(answers)
    assert oso.filter(user, "list", [mine, other] * MAX_FIRST_ANSWERS) == []
    assert (few, len(answers)) == (2, 2)


def test_first_actions_are_found_by_the_compiled_rules() -> None:
    """A function for all actions is made when they are asked for again and again."""
    oso, user = large(), User()
    doc = Doc(user)

    found = [oso.authorized_actions(user, doc) for _ in range(MAX_FIRST_SEARCHES)]
    was_made = bool(oso.engine.searches)
    found.append(oso.authorized_actions(user, doc))

    assert found == [{"read", "edit"}] * (MAX_FIRST_SEARCHES + 1)
    assert not was_made
    assert oso.engine.searches


def test_actions_on_many_objects_are_found_by_a_function() -> None:
    """A page with fifty rows does not ask about each action on each of them."""
    oso, user = large(), User()

    found = oso.authorized_actions_many(user, [Doc(user) for _ in range(MAX_FIRST_SEARCHES + 1)])

    assert found == [{"read", "edit"}] * (MAX_FIRST_SEARCHES + 1)
    assert oso.engine.searches


def test_class_that_goes_is_not_remembered() -> None:
    """Its first question makes a function, which goes with it."""
    oso, user = large(), User()
    made = type("Made", (Doc,), {})
    oso.is_allowed(user, "edit", made(user))
    gone = weakref.ref(made)

    del made
    gc.collect()

    assert gone() is None
