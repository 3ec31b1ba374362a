"""One function for all questions of an application, where they are few."""

from __future__ import annotations

import copy
import gc
import threading
import typing as t
import weakref
from unittest import mock

import pytest
from werkzeug.local import LocalProxy

from flask_oso import ForbiddenError, NotFoundError, Oso, OsoError
from flask_oso.polar.compiler import frequent_questions
from tests.polar.compiler.test_usual_questions import (
    ACTIONS,
    ACTORS,
    ANN,
    BEN,
    DOC,
    OPEN,
    POLICIES,
    RESOURCES,
    make,
    outcome,
)
from tests.support.answers import (
    compiling_elsewhere,
    has_one_function,
    watching_all,
    write_one_function,
)
from tests.support.models.people import Doc, Thing, User
from tests.support.sizes import combinations_of

OWNERS = 'allow(u: User, "read", d: Doc) if d.owner = u;'
#: More than are looked at before the function is written.
MANY = range(2 * frequent_questions.WATCHED)
Question = tuple[t.Any, t.Any, t.Any]


def settle(oso: Oso, *questions: Question) -> None:
    """Ask so often that the function is written."""
    for _ in MANY:
        for each in questions:
            outcome(lambda: oso.is_allowed(*each))  # noqa: B023


def settled(policy: str, *questions: Question) -> Oso:
    """Give an Oso that has the function for these questions."""
    oso = make(policy)
    settle(oso, *questions)
    assert has_one_function(oso)
    return oso


# -- the answers ------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [each for each in POLICIES if "u: " in each or "u," in each])
def test_function_answers_as_the_solver_does(policy: str) -> None:
    """For all kinds of arguments, those that it was written for and others, also with errors."""
    oso, solver = make(policy), make(policy, compiled=False)
    questions = combinations_of(ACTORS, ACTIONS, RESOURCES)
    expected = [outcome(lambda: solver.is_allowed(*each)) for each in questions]  # noqa: B023
    with watching_all():
        for each in questions * 2:
            outcome(lambda: oso.is_allowed(*each))  # noqa: B023

    assert write_one_function(oso.engine)
    for _ in range(2):
        assert [outcome(lambda: oso.is_allowed(*each)) for each in questions] == expected  # noqa: B023


@pytest.mark.parametrize("action", ["read", "write", "zap", "é"])
def test_action_that_the_policy_does_not_name_is_told_from_others(action: str) -> None:
    """One of several texts, or none of them."""
    policy = 'allow(u: User, a, _: Doc) if a = "read" or (a = "write" and u.admin) or u.all;'
    oso, solver = make(policy), make(policy, compiled=False)
    actor = User(admin=False, all=False)
    settle(oso, (actor, "other", DOC), (actor, "read", DOC))
    assert has_one_function(oso)

    for asked in (actor, User(admin=True, all=False), User(admin=False, all=True)):
        expected = outcome(lambda: solver.is_allowed(asked, action, DOC))  # noqa: B023
        assert outcome(lambda: oso.is_allowed(asked, action, DOC)) == expected  # noqa: B023


class Team(Thing):
    """Who belongs together."""

    def lead(self, user: object) -> bool:
        """Tell who leads; one of them is no answer."""
        if user is BEN:
            raise LookupError("no lead")
        return user is ANN


#: One call of the application, and several, which keep to the order of the policy.
CALLING = [
    'allow(u: User, "read", t: Team) if t.lead(u);',
    'allow(u: User, "read", t: Team) if t.open or t.lead(u);',
    'allow(u: User, "read", t: Team) if not t.lead(u) and t.lead(t);',
    'allow(u: String, "read", t: Team) if not t.lead(u) and t.open = false;',
]
TEAMS: list[t.Any] = [Team(open=False), Team(open=True), Team(open=LocalProxy(lambda: 1)), Team()]


@pytest.mark.parametrize("policy", CALLING)
def test_function_calls_the_application_as_the_solver_does(policy: str) -> None:
    """Answers and errors, with the places in the policy."""
    oso, solver = make("allow(_, _, _);"), make("allow(_, _, _);", compiled=False)
    for each in (oso, solver):
        each.register_class(Team)
        each.load_str(policy, replace=True)
    with watching_all():
        settle(oso, (ANN, "read", TEAMS[0]), (BEN, "read", TEAMS[1]), ("ann", "read", TEAMS[0]))
    assert write_one_function(oso.engine)

    actors = [ANN, BEN, "ann", "é", "\ud800"]
    for question in [(who, "read", team) for who in actors for team in TEAMS]:
        expected = outcome(lambda: solver.is_allowed(*question))  # noqa: B023
        assert outcome(lambda: oso.is_allowed(*question)) == expected  # noqa: B023


@pytest.mark.parametrize(
    "question",
    [
        (BEN, "read", DOC),
        (User(name="eve"), "read", DOC),
        (ANN, "write", DOC),
        (ANN, "read", OPEN),
        (ANN, "read", ANN),
        (DOC, "read", DOC),
        (ANN, "READ", DOC),
    ],
)
def test_what_differs_in_one_argument_is_another_question(question: Question) -> None:
    """Each of the three is tested."""
    oso = settled(OWNERS + 'allow(u: User, "write", _: Doc) if u.admin;', (ANN, "read", DOC))

    assert oso.is_allowed(ANN, "read", DOC)
    assert not oso.is_allowed(*question)


@pytest.mark.parametrize(
    "proxies",
    [
        (LocalProxy(lambda: ANN), "read", DOC),
        (ANN, LocalProxy(lambda: "read"), DOC),
        (ANN, "read", LocalProxy(lambda: DOC)),
    ],
)
def test_proxy_stands_for_its_object(proxies: Question) -> None:
    """A proxy stands for its object, also where the function knows that one."""
    assert settled(OWNERS, (ANN, "read", DOC)).is_allowed(*proxies)


def test_question_that_is_given_up_goes_to_the_rules() -> None:
    """What gave it up is not asked again."""
    oso = settled(OWNERS, (ANN, "read", DOC))
    calls: list[t.Any] = []
    by_rules = oso.engine.allow_by_rules
    oso.engine.allow_by_rules = lambda *args: calls.append(args) or by_rules(*args)
    oso.engine.allow = lambda *args: pytest.fail("asked again")

    with pytest.raises(OsoError, match="owner"):
        oso.is_allowed(ANN, "read", Doc())

    assert len(calls) == 1


@pytest.mark.parametrize("asked", [0, 1, 2 * frequent_questions.WATCHED])
def test_error_comes_alone(asked: int) -> None:
    """No other error was being handled, whoever answers."""
    oso = make(OWNERS)
    for _ in range(asked):
        oso.is_allowed(ANN, "read", DOC)

    with pytest.raises(OsoError, match="owner") as caught:
        oso.is_allowed(ANN, "read", Doc())

    error: BaseException | None = caught.value
    while error is not None:
        assert not isinstance(error, KeyError)
        error = error.__context__


# -- when it is written -----------------------------------------------------------------------


def test_function_is_not_written_at_once() -> None:
    """The first questions take no longer than before."""
    oso = make(OWNERS)
    for _ in range(frequent_questions.WATCHED - 1):
        assert oso.is_allowed(ANN, "read", DOC)

    assert not has_one_function(oso)


def test_many_kinds_of_questions_are_looked_up() -> None:
    """Tests one after the other would take longer than tables."""
    policy = "".join(f'allow(_: User, "a{n}", _: Doc);' for n in range(9))
    oso = settled(policy, *((ANN, f"a{n}", DOC) for n in range(frequent_questions.MAX_KINDS)))

    assert all(oso.is_allowed(ANN, f"a{n}", DOC) for n in range(9))
    assert oso.engine.usual is None
    settle(oso, (ANN, "a1", DOC))
    assert oso.engine.usual is None


def test_kinds_that_come_later_get_into_the_function() -> None:
    """Kinds that come later get into the function, up to the limit."""
    oso = settled(OWNERS, (ANN, "read", DOC))
    first = oso.engine.usual
    settle(oso, (BEN, "read", OPEN))

    assert has_one_function(oso) and oso.engine.usual is not first
    assert (oso.is_allowed(ANN, "read", DOC), oso.is_allowed(BEN, "read", DOC)) == (True, False)


def test_long_function_is_not_written_again() -> None:
    """That takes long, and a call less is not noticed."""
    tests = " and ".join(f"d.n{n} = u.n{n}" for n in range(20))
    oso = make(f'allow(u: User, "read", d: Doc) if {tests};')
    numbers = {f"n{n}": n for n in range(20)}
    settle(oso, (User(**numbers), "read", Doc(**numbers)))

    assert oso.engine.usual is None
    assert oso.is_allowed(User(**numbers), "read", Doc(**numbers))


@pytest.mark.parametrize("other", [(ANN, "read", ["a", "list"]), (1.5, "read", DOC)])
def test_question_without_a_function_ends_the_watching(other: Question) -> None:
    """What cannot be written out is not tried again and again."""
    oso = make(OWNERS)
    settle(oso, (ANN, "read", DOC), other)
    settle(oso, other)

    assert oso.engine.usual is None
    assert oso.is_allowed(ANN, "read", DOC)


def test_nobody_waits_for_the_function() -> None:
    """While another thread compiles, questions are answered by the tables."""
    oso = make(OWNERS)
    assert oso.is_allowed(ANN, "read", DOC)

    with compiling_elsewhere(oso):
        settle(oso, (ANN, "read", DOC))
        assert not has_one_function(oso)
    settle(oso, (ANN, "read", DOC))
    assert has_one_function(oso)


def test_class_that_a_function_made_goes() -> None:
    """It is held by no count of questions."""
    oso = make("allow(_: User, _, _);")

    def ask() -> weakref.ref[type]:
        class Sheet:
            """What nobody registered."""

        for _ in range(3):
            assert oso.is_allowed(ANN, "read", Sheet())
        return weakref.ref(Sheet)

    gone = ask()
    gc.collect()
    assert gone() is None


# -- the state of the policy ------------------------------------------------------------------


@pytest.mark.parametrize("how", ["load", "clear", "register", "constant"])
def test_old_policy_never_answers(how: str) -> None:
    """A load, a registration and a removal are heard by a method that was bound before."""
    oso = settled(OWNERS, (ANN, "read", DOC))
    check = oso.is_allowed
    assert check(ANN, "read", DOC)

    if how == "load":
        oso.load_str(OWNERS.replace("read", "write"), replace=True)
        assert not check(ANN, "read", DOC) and check(ANN, "write", DOC)
    elif how == "clear":
        oso.clear_rules()
        with pytest.raises(OsoError):
            check(ANN, "read", DOC)
    elif how == "register":
        oso.register_class(Team)
        assert check(ANN, "read", DOC) and not check(BEN, "read", DOC)
    else:
        oso.register_constant(1, "one")
        assert check(ANN, "read", DOC) and not check(BEN, "read", DOC)
    assert not has_one_function(oso)


def test_copy_keeps_its_policy() -> None:
    """A function belongs to a policy, and not to what it was asked through."""
    oso = settled(OWNERS, (ANN, "read", DOC))
    other = copy.copy(oso)
    oso.load_str('allow(_: User, "write", _: Doc);', replace=True)
    settle(oso, (ANN, "read", DOC))

    assert (oso.is_allowed(ANN, "read", DOC), other.is_allowed(ANN, "read", DOC)) == (False, True)


def test_replaced_policy_goes() -> None:
    """No function holds it."""
    oso = settled(OWNERS, (ANN, "read", DOC))
    old = weakref.ref(oso.engine)
    oso.load_str(OWNERS, replace=True)
    gc.collect()

    assert old() is None


def test_reload_under_fire_shows_one_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads ask, and have functions written, while policies come and go."""
    monkeypatch.setattr(frequent_questions, "WATCHED", 3)
    texts = [f'allow(_: User, "{action}", _: Doc);' for action in ("read", "write")]
    oso, stop, wrong = make(texts[0]), threading.Event(), list[t.Any]()

    def fire() -> None:
        while not stop.is_set():
            engine = oso.engine
            answers = [engine.usual_answer(ANN, each, DOC) for each in ("read", "write")]
            if answers.count(True) > 1 or type(oso.is_allowed(ANN, "read", DOC)) is not bool:
                wrong.append(answers)

    threads = [threading.Thread(target=fire) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for at in range(60):
            oso.load_str(texts[at % 2], replace=True)
            asked = [oso.is_allowed(ANN, action, DOC) for action in ("read", "write")]
            assert asked == [at % 2 == 0, at % 2 == 1]
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert wrong == []


def test_polar_log_is_heard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A function that was written before POLAR_LOG was set hears of it, too."""
    oso = settled(OWNERS, (ANN, "read", DOC))
    assert oso.is_allowed(ANN, "read", DOC) and capsys.readouterr().out == ""
    monkeypatch.setenv("POLAR_LOG", "info")

    assert oso.is_allowed(ANN, "read", DOC)
    assert "allow" in capsys.readouterr().out


def test_without_compiled_rules_nothing_is_written() -> None:
    """The solver answers."""
    oso = make(OWNERS, compiled=False)
    settle(oso, (ANN, "read", DOC))

    assert oso.engine.usual is None


# -- who asks ---------------------------------------------------------------------------------


def test_method_that_was_replaced_is_asked() -> None:
    """On the class, and on the object."""
    oso = settled(OWNERS, (ANN, "read", DOC))
    with mock.patch.object(Oso, "is_allowed", return_value=False):
        assert not oso.is_allowed(ANN, "read", DOC)
    with mock.patch.object(oso, "is_allowed", return_value=False):
        assert not oso.is_allowed(ANN, "read", DOC)

    assert oso.is_allowed(ANN, "read", DOC) and Oso.is_allowed(oso, ANN, "read", DOC)


def test_method_of_a_subclass_is_asked() -> None:
    """Before the function is written, and after."""

    class Strict(Oso):
        def is_allowed(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
            return resource is not OPEN and super().is_allowed(actor, action, resource)

    strict = Strict()
    strict.register_class(User)
    strict.load_str("allow(_: User, _, _);")
    settle(strict, (ANN, "read", DOC))

    assert has_one_function(strict)
    assert [strict.is_allowed(ANN, "read", each) for each in (DOC, OPEN)] == [True, False]


def test_authorize_asks_the_function() -> None:
    """It raises what it raised before."""
    oso = settled(OWNERS, (ANN, "read", DOC), (ANN, "write", DOC))

    oso.authorize(ANN, "read", DOC)
    with pytest.raises(ForbiddenError):
        oso.authorize(ANN, "write", DOC)
    with pytest.raises(NotFoundError):
        oso.authorize(BEN, "read", DOC)


def test_swapped_arguments_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A denial by the function is looked at, too."""
    oso = make(OWNERS)
    settle(oso, (ANN, "read", DOC))
    assert has_one_function(oso) and caplog.text == ""

    assert not oso.is_allowed(DOC, "read", ANN)
    assert "The actor comes first" in caplog.text
