"""Usual questions end in the method that is asked; all answers are those of the solver."""

from __future__ import annotations

import copy
import enum
import gc
import itertools
import threading
import typing as t
import weakref
from unittest import mock

import pytest
from werkzeug.local import LocalProxy

from flask_oso import ForbiddenError, NotFoundError, Oso, OsoError
from flask_oso.oso import ask
from tests.support.answers import is_answered_at_once, strings_at_once
from tests.support.models.people import Doc, User
from tests.support.policies import make_oso
from tests.support.sizes import combinations_of, each_of


class Admin(User):
    """Who asks, of a class that is not registered."""


class Text(str):
    """A string of a class of its own, which says that it is another one."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other == "read" or super().__eq__(other)

    def __hash__(self) -> int:
        return hash("read")


class Action(enum.StrEnum):
    """An action that is a string, too."""

    READ = "read"


class Odd:
    """An object that fails when its name is read."""

    @property
    def name(self) -> str:
        raise ValueError("no name")


ANN, BEN = User(name="ann", admin=False, scopes=["read"]), Admin(name="ben", admin=True, scopes=[])
DOC = Doc(name="doc", owner=ANN, public=False, method="read", path="/docs/1")
OPEN = Doc(name="öffen", owner="ann", public=True, method="GET", path="/x")
ACTORS: list[t.Any] = [
    ANN, BEN, LocalProxy(lambda: ANN), "ann", "é", "\ud800", Text("ann"), "", None, 3, True, 1.5,
    {"name": "ann"}, ["ann"], Odd(), User, Action.READ, User(name="ann"),
]  # fmt: skip
ACTIONS: list[t.Any] = [
    "read", "write", "zap", "é", "\ud800", Text("write"), Action.READ, LocalProxy(lambda: "read"),
    None, 3, ["read"], {"read": 1}, Odd(),
]  # fmt: skip
RESOURCES: list[t.Any] = [
    DOC, OPEN, LocalProxy(lambda: DOC), "doc", "é", "\ud800", Text("doc"), None, 3, Doc, {"a": 1},
    ["doc"], Odd(), ANN, Doc(name="doc"),
]  # fmt: skip
OWNERS = 'allow(u: User, "read", d: Doc) if d.owner = u;'
POLICIES = [
    'allow(u: User, "read", d: Doc) if d.owner = u; allow(_: User, "write", d: Doc) if d.public;',
    'allow("ann", "read", "doc"); allow("ben", "write", "doc");',
    'allow("ann", "read", "doc"); allow("ann", "write", "doc"); allow("é", "read", "é");',
    'allow(_: String, "read", _); allow(u: String, "write", d: Doc) if d.owner = u;',
    'allow(u, "read", d) if u.name = d.name; allow("ann", "write", _: Doc);',
    'allow(u, a, d) if may(u, a, d); may(_: User, "read", d: Doc) if d.public;'
    ' may(u: String, a, _: Doc) if a in ["read", "write"] and u != "ben";',
    "allow(_: User, _, _: Doc);",
    "allow(u: User, action, _: Doc) if action in u.scopes;",
    'allow(u: User, action, _: String) if action in ["read", "é"] and not u.admin;',
    'allow(_: User, "read", "doc"); allow(_: User, "read", "file"); allow(_, "write", "doc");',
    'allow("ann", "read", _); allow("ben", "read", _); allow("ann", a, d) if a = d;',
    'allow(u: String, "read", d: String) if u < d; allow(u: String, "write", _) if u.upper();',
    'allow(u: String, "read", d) if u.startswith("a") and d = d; allow(x, "write", x);',
    'allow(u, "read", _) if u matches String and u in ["ann", "é"]; allow(_: Integer, "read", _);',
]


def outcome(answer: t.Callable[[], t.Any]) -> t.Any:
    """Give an answer, or the error that is raised."""
    try:
        return answer()
    except (Exception, RecursionError) as error:
        return type(error), str(error)


def make(policy: str, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Doc, compiled=compiled)


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", POLICIES)
def test_is_allowed_answers_as_the_solver_does(policy: str) -> None:
    """For all kinds of arguments, at the first question and at the third."""
    oso, solver = make(policy), make(policy, compiled=False)
    questions = combinations_of(ACTORS, ACTIONS, RESOURCES)
    expected = [outcome(lambda: solver.is_allowed(*each)) for each in questions]  # noqa: B023

    for _ in range(3):
        assert [outcome(lambda: oso.is_allowed(*each)) for each in questions] == expected  # noqa: B023


@pytest.mark.parametrize("policy", [POLICIES[0], POLICIES[2], POLICIES[5]])
def test_authorize_answers_as_the_solver_does(policy: str) -> None:
    """It returns, or raises the same error."""
    oso, solver = make(policy), make(policy, compiled=False)
    questions = combinations_of(ACTORS, ACTIONS, RESOURCES)
    expected = [outcome(lambda: solver.authorize(*each)) for each in questions]  # noqa: B023

    for _ in range(2):
        assert [outcome(lambda: oso.authorize(*each)) for each in questions] == expected  # noqa: B023


@pytest.mark.each(4)
@pytest.mark.parametrize("policy", POLICIES)
def test_authorized_actions_are_those_of_the_solver(policy: str) -> None:
    """Which actions, or that any error is raised: of two, either may come first."""
    oso, solver = make(policy), make(policy, compiled=False)
    pairs = each_of(itertools.product(ACTORS, RESOURCES), 7)
    expected = [kept(outcome(lambda: solver.authorized_actions(*each))) for each in pairs]  # noqa: B023

    for _ in range(3):
        given = [kept(outcome(lambda: oso.authorized_actions(*each))) for each in pairs]  # noqa: B023
        assert given == expected


def kept(answer: t.Any) -> t.Any:
    """Give an answer, or that it is an error."""
    return answer if isinstance(answer, set) else "an error"


FIELDS = [
    'allow_field(_: User, "read", _: Doc, field) if field in ["a", "b"];'
    ' allow_field(u: User, "read", d: Doc, "c") if d.owner = u;',
    'allow_field(u: User, _, d: Doc, "a") if d.owner = u;'
    'allow_field(u: User, action, _: Doc, "b") if action in u.scopes;',
    'allow_field(_: String, "read", _, "a"); allow_field("ann", "write", _: Doc, "b");'
    ' allow_field(u, "read", d: Doc, "c") if d.owner = u or u.admin;',
    'allow_field(u, a, d, f) if may(u, a, d) and f in ["a", "b"]; may(_: User, "read", d: Doc)'
    ' if d.public; may(u: User, "write", d) if d.owner = u;',
]


@pytest.mark.parametrize("policy", FIELDS)
def test_authorized_fields_are_those_of_the_solver(policy: str) -> None:
    """Which fields, or that any error is raised."""
    oso, solver = make(policy), make(policy, compiled=False)
    questions = combinations_of(ACTORS, ACTIONS, RESOURCES)
    expected = [kept(outcome(lambda: solver.authorized_fields(*each))) for each in questions]  # noqa: B023

    for _ in range(3):
        given = [kept(outcome(lambda: oso.authorized_fields(*each))) for each in questions]  # noqa: B023
        assert given == expected


REQUESTS = [
    'allow_request(_: User, r: Doc) if r.method = "GET";'
    ' allow_request(u: User, r: Doc) if r.path.startswith("/docs") and u.admin;',
    "allow_request(_, r: Doc) if r.public; allow_request(u: String, _) if u = u;",
    'allow_request("ann", _); allow_request(u, r: Doc) if r.owner = u;',
    'allow_request(u, "doc") if u.admin; allow_request(u: User, "é") if not u.admin;',
]


@pytest.mark.parametrize("policy", REQUESTS)
def test_requests_are_answered_as_by_the_solver(policy: str) -> None:
    """``authorize_request`` returns, or raises the same error."""
    oso, solver = make(policy), make(policy, compiled=False)
    pairs = [*itertools.product(ACTORS, RESOURCES)]
    expected = [outcome(lambda: solver.authorize_request(*each)) for each in pairs]  # noqa: B023

    for _ in range(3):
        assert [outcome(lambda: oso.authorize_request(*each)) for each in pairs] == expected  # noqa: B023


# -- which questions are usual ----------------------------------------------------------------


@pytest.mark.parametrize("policy", [POLICIES[0], POLICIES[6], POLICIES[7], 'allow(_, "read", _);'])
def test_a_question_about_plain_objects_is_usual(policy: str) -> None:
    """From the second time on, no entry function is called."""
    oso = make(policy)
    oso.is_allowed(ANN, "read", DOC)
    oso.is_allowed(ANN, "read", DOC)

    assert is_answered_at_once(oso, ANN, "read", DOC)


def test_several_classes_of_actors_are_told_apart() -> None:
    """Each has its own function; what is of no such class has none."""
    oso = make(POLICIES[0] + 'allow(_: String, "read", _: Doc);')
    for actor in (ANN, "ann", BEN) * 2:
        oso.is_allowed(actor, "read", DOC)

    answers = [oso.engine.usual_answer(each, "read", DOC) for each in (ANN, "ann", "é", BEN, 3.5)]
    assert answers == [True, True, None, False, None]


def test_facts_are_usual_questions() -> None:
    """Those about strings as well."""
    oso = make(POLICIES[1])
    oso.is_allowed("ann", "read", "doc")

    assert is_answered_at_once(oso, "ann", "read", "doc")


def test_action_of_no_fact_is_a_usual_question() -> None:
    """An action that no fact names is denied at once, when it was asked about before."""
    oso = make(POLICIES[1])
    oso.is_allowed("ann", "read", "doc")
    oso.is_allowed("ann", "an action of no fact", "doc")

    assert is_answered_at_once(oso, "ann", "an action of no fact", "doc")
    assert not oso.is_allowed("ann", "an action of no fact", "doc")


def test_few_actions_of_no_fact_are_remembered() -> None:
    """Requests that make actions up do not fill the memory, and all are denied."""
    oso = make(POLICIES[1])
    oso.is_allowed("ann", "read", "doc")
    known = len(oso.engine.specialized)

    answers = {oso.is_allowed("ann", f"action {number}", "doc") for number in range(300)}

    assert answers == {False}
    assert len(oso.engine.specialized) == known + 100


def test_action_of_another_class_is_not_remembered() -> None:
    """A string that may be equal to others in a way of its own is no key."""
    oso = make(POLICIES[1])
    oso.is_allowed("ann", "read", "doc")
    known = [*oso.engine.specialized]

    oso.is_allowed("ann", Text("write"), "doc")

    assert [*oso.engine.specialized] == known


@pytest.mark.parametrize(
    "question",
    [
        (LocalProxy(lambda: ANN), "read", DOC),
        (ANN, "read", LocalProxy(lambda: DOC)),
        (ANN, LocalProxy(lambda: "read"), DOC),
        (ANN, Text("write"), DOC),
        (ANN, Action.READ, DOC),
    ],
)
def test_other_questions_are_not(question: tuple[t.Any, t.Any, t.Any]) -> None:
    """Proxies and strings of another class are not answered by the table."""
    oso = make(POLICIES[0])
    for _ in range(3):
        oso.is_allowed(ANN, "read", DOC)
        oso.is_allowed(*question)

    assert not is_answered_at_once(oso, *question)


def test_the_strings_of_an_argument_are_found_in_one_call() -> None:
    """Actions and fields, for plain objects."""
    oso = make(POLICIES[0] + FIELDS[0])
    for _ in range(2):
        oso.authorized_actions(ANN, DOC)
        oso.authorized_fields(ANN, "read", DOC)

    assert strings_at_once(oso, "allow", 1, ANN, None, DOC) == {"read"}
    assert strings_at_once(oso, "allow_field", 3, ANN, "read", DOC, None) == {"a", "b", "c"}


def test_a_request_is_answered_by_its_class() -> None:
    """No argument of ``allow_request`` is a string."""
    oso = make(REQUESTS[0])
    for _ in range(2):
        oso.authorize_request(ANN, OPEN)

    assert oso.engine.specialized_requests[Doc](ANN, OPEN) is True
    assert oso.engine.specialized_requests[Doc](LocalProxy(lambda: ANN), OPEN) is None


def test_a_field_is_answered_by_its_action_and_its_class() -> None:
    """Proxies are of no class that has a function: their objects are asked about."""
    oso = make(FIELDS[0])
    for _ in range(2):
        oso.authorize_field(ANN, "read", DOC, "a")
    answer = oso.engine.specialized_fields["read"][str]

    assert answer(ANN, "read", DOC, "a") is True
    assert answer(LocalProxy(lambda: ANN), "read", DOC, "a") is None
    assert answer(ANN, "read", LocalProxy(lambda: DOC), "a") is None
    oso.authorize_field(LocalProxy(lambda: ANN), "read", LocalProxy(lambda: DOC), "a")
    with pytest.raises(ForbiddenError):
        oso.authorize_field(LocalProxy(lambda: ANN), "read", LocalProxy(lambda: DOC), "z")


def test_unknown_actions_are_remembered_up_to_a_limit() -> None:
    """Actions may come from requests, so their number has no end."""
    oso = make(POLICIES[6])

    for at in range(1_000):
        assert oso.is_allowed(ANN, f"action {at}", DOC)

    assert len(t.cast("dict[str, t.Any]", oso.engine.specialized)) < 200


# -- the state of the policy ------------------------------------------------------------------


def test_a_method_bound_before_a_reload_knows_the_new_policy() -> None:
    """So does one that was called before."""
    oso = make('allow(_: User, "read", _: Doc);')
    check, actions = oso.is_allowed, oso.authorized_actions
    for _ in range(2):
        assert check(ANN, "read", DOC) and actions(ANN, DOC) == {"read"}

    oso.load_str('allow(_: User, "write", _: Doc);', replace=True)

    assert [check(ANN, each, DOC) for each in ("read", "write")] == [False, True]
    assert actions(ANN, DOC) == {"write"}


def test_a_copy_has_the_policy_of_its_time() -> None:
    """A reload of the original is none of the copy."""
    oso = make('allow(_: User, "read", _: Doc);')
    assert oso.is_allowed(ANN, "read", DOC)
    other = copy.copy(oso)

    oso.load_str('allow(_: User, "write", _: Doc);', replace=True)

    assert (oso.is_allowed(ANN, "read", DOC), other.is_allowed(ANN, "read", DOC)) == (False, True)


def test_reloads_under_fire_never_show_half_a_policy() -> None:
    """Each policy allows one action of two, so both are never allowed by one engine."""
    texts = [f'allow(_: User, "{action}", _: Doc);' for action in ("read", "write")]
    oso = make(texts[0])
    stop, wrong = threading.Event(), []

    def fire() -> None:
        while not stop.is_set():
            actions = oso.authorized_actions(ANN, DOC)
            answer = oso.is_allowed(ANN, "read", DOC)
            if len(actions) != 1 or type(answer) is not bool:
                wrong.append((actions, answer))

    threads = [threading.Thread(target=fire) for _ in range(4)]
    for thread in threads:
        thread.start()
    for at in range(60):
        oso.load_str(texts[at % 2], replace=True)
    stop.set()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_polar_log_is_read_at_each_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once it is set, usual questions are traced as well."""
    oso = make(POLICIES[0] + REQUESTS[0] + FIELDS[0])
    questions: list[t.Callable[[], t.Any]] = [
        lambda: oso.is_allowed(ANN, "read", DOC),
        lambda: oso.authorize(ANN, "read", DOC),
        lambda: oso.authorized_actions(ANN, DOC),
        lambda: oso.authorized_fields(ANN, "read", DOC),
        lambda: oso.authorize_request(ANN, OPEN),
    ]
    before = [[question() for question in questions] for _ in range(3)]
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("POLAR_LOG", "info")

    for question, answer in zip(questions, before[0], strict=True):
        assert question() == answer
        assert "allow" in capsys.readouterr().out


@pytest.mark.parametrize("compiled", ["0", "1"])
def test_oso_compiled_turns_the_table_off(monkeypatch: pytest.MonkeyPatch, compiled: str) -> None:
    """``OSO_COMPILED=0`` answers by the solver alone."""
    monkeypatch.setenv("OSO_COMPILED", compiled)
    oso = make(POLICIES[0])
    for _ in range(2):
        assert oso.is_allowed(ANN, "read", DOC)

    assert is_answered_at_once(oso, ANN, "read", DOC) is (compiled == "1")


# -- who asks ---------------------------------------------------------------------------------


def test_a_mock_of_is_allowed_is_asked() -> None:
    """``ask`` and ``is_allowed`` itself go through the method that the class has."""
    oso = make(POLICIES[0])
    assert oso.is_allowed(ANN, "read", DOC)

    with mock.patch.object(Oso, "is_allowed", return_value=False):
        assert not oso.is_allowed(ANN, "read", DOC)
        assert not ask(oso, ANN, "read", DOC)


def test_a_subclass_may_override_is_allowed() -> None:
    """Its method calls the one of ``Oso``."""

    class Strict(Oso):
        def is_allowed(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
            return actor is not ANN and super().is_allowed(actor, action, resource)

    oso = Strict()
    oso.register_class(User)
    oso.load_str("allow(_: User, _, _);")

    assert [ask(oso, each, "read", DOC) for each in (ANN, BEN)] == [False, True]


@pytest.mark.parametrize(
    ("action", "error"),
    [("read", NotFoundError), ("write", NotFoundError), ("zap", ForbiddenError)],
)
def test_authorize_tells_two_denials_apart(action: str, error: type[Exception]) -> None:
    """A usual denial is one like others."""
    oso = make('allow(_: User, "read", d: Doc) if d.public; allow(_: User, "own", _: Doc);')
    doc = OPEN if action == "zap" else DOC

    for _ in range(3):
        with pytest.raises(error):
            oso.authorize(ANN, action, doc)


def test_swapped_arguments_are_logged_for_usual_questions(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once for each pair of classes, also after a reload."""
    oso = make(POLICIES[0])
    for _ in range(3):
        assert not oso.is_allowed(DOC, "read", ANN)
    oso.load_str(POLICIES[0], replace=True)
    for _ in range(3):
        assert not oso.is_allowed(DOC, "read", ANN)

    assert [each.message.count("The actor comes first") for each in caplog.records] == [1, 1]


def test_a_denial_is_freed_at_once() -> None:
    """An error that refers to itself would wait for the garbage collector."""
    gc.disable()
    try:
        reference = weakref.ref(ForbiddenError())
        assert reference() is None
    finally:
        gc.enable()


def test_an_error_is_among_its_problems() -> None:
    """It is the only one, if it stands for no others."""
    error = ForbiddenError()

    assert error.problems == (error,)
    assert copy.copy(error).problems[0].message == error.message


def test_question_that_is_given_up_goes_to_the_rules() -> None:
    """What gave it up is not asked again."""
    oso = make(OWNERS)
    assert oso.is_allowed(ANN, "read", DOC)
    with pytest.raises(OsoError, match="owner"):
        oso.is_allowed(ANN, "read", Doc())
    calls: list[t.Any] = []
    by_rules = oso.engine.allow_by_rules
    oso.engine.allow_by_rules = lambda *args: calls.append(args) or by_rules(*args)
    oso.engine.allow = lambda *args: pytest.fail("asked again")

    with pytest.raises(OsoError, match="owner"):
        oso.is_allowed(ANN, "read", Doc())

    assert len(calls) == 1


@pytest.mark.parametrize("asked", [0, 1, 30])
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


def test_class_that_a_function_made_goes() -> None:
    """It is held by no table of functions."""
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


def test_swapped_arguments_are_logged_where_a_function_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The function was made for a question in which nothing is swapped."""
    oso = make(POLICIES[0])
    for _ in range(3):
        assert not oso.is_allowed(ANN, "read", ANN)
    assert not caplog.records
    assert type(ANN) in oso.engine.specialized["read"]

    assert not oso.is_allowed(DOC, "read", ANN)

    assert [each.message.count("The actor comes first") for each in caplog.records] == [1]
