"""When rules are compiled: as questions need them, in their time, with nobody waiting."""

from __future__ import annotations

import contextlib
import gc
import random
import threading
import time
import typing as t
from collections.abc import Iterator
from unittest import mock

import pytest

from flask_oso import Limits, Oso
from flask_oso.polar.compiler import compilation_turns, programs
from flask_oso.polar.compiler.compilation_turns import CompilationTurns, OutOfTime
from flask_oso.polar.compiler.programs import CompiledProgram
from flask_oso.polar.compiler.string_arguments import string_questions
from flask_oso.polar.exceptions import PolarRuntimeError
from tests.fuzz.targets.compiled import check
from tests.support.answers import (
    compiling_elsewhere,
    compiling_here,
    count_functions,
    specializations_of,
    specialized,
)
from tests.support.children import run_python
from tests.support.policies import make_oso
from tests.support.sizes import part_of

POLICY = """actor User {}
resource Note {
  permissions = ["read", "edit"];
  roles = ["owner", "reader"];
  "read" if "reader";
  "edit" if "owner";
  "reader" if "owner";
}
has_role(user: User, "owner", note: Note) if note.owner = user;
has_role(user: User, "reader", note: Note) if user in note.readers;
allow(actor, action, resource) if has_permission(actor, action, resource);
"""
FIELDS = """
allow_field(user: User, "read", note: Note, field) if
  field in ["text", "date"] and allow(user, "read", note);
"""


class User:
    """Who asks."""


class Note:
    """Something that is owned."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.readers: list[User] = []


def load(policy: str = POLICY, **options: t.Any) -> Oso:
    return make_oso(policy, User, Note, **options)


@pytest.fixture
def owned() -> tuple[User, Note]:
    user = User()
    return user, Note(user)


# -- what is compiled, and when ------------------------------------------------------------


def test_load_compiles_nothing() -> None:
    """It reads and checks."""
    oso = load()

    assert count_functions(oso) == 0


def test_question_compiles_what_it_needs(owned: tuple[User, Note]) -> None:
    """Another question finds less to be compiled than ``prepare`` does, and the same answer."""
    user, note = owned
    oso, prepared = load(), load()
    prepared.prepare()

    answers = [each.is_allowed(user, "edit", note) for each in (oso, prepared)]

    assert answers == [True, True]
    assert 0 < count_functions(oso) < count_functions(prepared)


def test_questions_after_prepare_compile_nothing(owned: tuple[User, Note]) -> None:
    """What ``is_allowed`` and ``authorized_actions`` ask is there."""
    user, note = owned
    oso = load()
    oso.prepare()
    before = count_functions(oso)

    answers = [oso.is_allowed(user, action, note) for action in ("read", "edit", "other")]
    actions = oso.authorized_actions(user, note)

    assert (answers, actions) == ([True, True, False], {"read", "edit"})
    assert count_functions(oso) == before


def test_actions_after_prepare_compile_nothing(
    owned: tuple[User, Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ``authorized_actions`` finds the function for all strings."""
    oso = load()
    oso.prepare()
    monkeypatch.setattr(CompiledProgram, "_compiled", pytest.fail)

    assert oso.authorized_actions(*owned) == {"read", "edit"}


def test_fields_after_prepare_compile_nothing(
    owned: tuple[User, Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ``authorized_fields`` finds the function for all names."""
    oso = load(POLICY + FIELDS)
    oso.prepare()
    user, note = owned
    monkeypatch.setattr(CompiledProgram, "_compiled", pytest.fail)

    assert oso.authorized_fields(user, "read", note) == {"text", "date"}


@pytest.fixture
def specialized_rules(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rule of each function for plain data that is compiled."""
    rules: list[str] = []
    compile_one = CompiledProgram.compiled_specialization

    def note(self: CompiledProgram, function: t.Any, rule: str) -> t.Any:
        rules.append(rule)
        return compile_one(self, function, rule)

    monkeypatch.setattr(CompiledProgram, "compiled_specialization", note)
    return rules


def test_first_actions_compile_one_function(
    owned: tuple[User, Note], specialized_rules: list[str]
) -> None:
    """It answers for all strings, so that there is none for each of them."""
    oso = load()

    assert oso.authorized_actions(*owned) == {"read", "edit"}
    assert specialized_rules == ["allow"]


class Letter(Note):
    """A note whose readers are looked up when they are asked for."""

    def __getattr__(self, name: str) -> t.Any:
        return [self.owner]


def test_actions_that_all_give_up_compile_no_function_each(
    owned: tuple[User, Note], specialized_rules: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the function for all gives up, those for one would, too; until it often does."""
    monkeypatch.setattr(string_questions, "MAX_GIVEN_UP", 2)
    oso = load()
    letter = Letter(User())
    del letter.readers

    found = [oso.authorized_actions(letter.owner, letter) for _ in range(2)]
    at_first = len(specialized_rules)
    found.append(oso.authorized_actions(letter.owner, letter))

    assert found == [{"read", "edit"}] * 3
    assert at_first == 1
    assert len(specialized_rules) > 1


def test_actions_on_a_class_of_a_moment_compile_no_function_for_all_strings(
    owned: tuple[User, Note], specialized_rules: list[str]
) -> None:
    """It could not be kept, and would be compiled anew for each question."""
    oso = load()

    class Brief(Note):
        """Goes with its last object."""

    note = Brief(owned[0])
    oso.authorized_actions(owned[0], note)
    compiled = len(specialized_rules)

    assert oso.authorized_actions(owned[0], note) == {"read", "edit"}
    assert len(specialized_rules) == compiled


OWN_NOTES = 'allow(note: Note, "read", user: User) if user = note.owner;'


def test_prepare_compiles_for_actors_who_ask_about_resources(specialized_rules: list[str]) -> None:
    """Not for a resource that asks, unless a rule says that one may."""
    load().prepare()
    usual = len(specialized_rules)

    load(POLICY + OWN_NOTES).prepare()

    assert 0 < usual < len(specialized_rules) - usual


def test_resource_may_ask_after_prepare(owned: tuple[User, Note]) -> None:
    """What was not compiled in advance is compiled by the question."""
    user, note = owned
    oso, other = load(), load(POLICY + OWN_NOTES)
    oso.prepare()
    other.prepare()

    assert [each.is_allowed(note, "read", user) for each in (oso, other)] == [False, True]


def test_prepare_twice_compiles_once() -> None:
    """The second call finds all of it."""
    oso = load()
    oso.prepare()
    before = count_functions(oso)

    oso.prepare()

    assert count_functions(oso) == before


def test_prepare_ends_in_time(owned: tuple[User, Note]) -> None:
    """What it did not come to is compiled by questions."""
    user, note = owned
    oso, prepared = load(), load()
    prepared.prepare()

    oso.prepare(seconds=0)

    assert count_functions(oso) < count_functions(prepared)
    assert oso.is_allowed(user, "edit", note)


@pytest.mark.parametrize("options", [{}, {"compiled": False}], ids=["compiled", "not compiled"])
def test_prepare_without_a_policy_does_nothing(options: dict[str, t.Any]) -> None:
    """There is nothing to compile, and that is no error."""
    oso = Oso(**options)

    oso.prepare()

    assert oso.policy_hash is None


def test_next_policy_begins_anew(owned: tuple[User, Note]) -> None:
    """Nothing that was compiled of a policy answers for the one in its place."""
    user, note = owned
    oso = load()
    oso.prepare()

    oso.load_str('allow(_: User, "print", _: Note);', replace=True)

    assert not oso.is_allowed(user, "edit", note)
    assert oso.is_allowed(user, "print", note)


def test_cleared_rules_leave_nothing_compiled(owned: tuple[User, Note]) -> None:
    """The next question finds no rule."""
    user, note = owned
    oso = load()
    oso.prepare()
    oso.clear_rules()

    with pytest.raises(PolarRuntimeError, match="No policy is loaded"):
        oso.is_allowed(user, "edit", note)


def test_class_that_is_registered_later_counts() -> None:
    """What was compiled before knew nothing of it."""

    class Page(Note):
        """A note that is registered after the policy was compiled."""

    oso = load()
    oso.prepare()
    user = User()
    oso.register_class(Page)
    oso.load_str('allow(_: User, "edit", _: Page);', replace=True)

    assert oso.is_allowed(user, "edit", Page(user))
    assert not oso.is_allowed(user, "edit", Note(user))


def test_many_classes_and_actions_have_functions_for_plain_data() -> None:
    """What costs many times as much in a policy of twice the size is a defect."""
    classes = [type(f"C{n}", (), {"n": n}) for n in range(30)]
    oso = Oso()
    for cls in classes:
        oso.register_class(cls)
    rules = "".join(f'may(_: C{n}, "a{n}", x: C{n}) if x.n = {n};' for n in range(30))
    oso.load_str(f"{rules} allow(actor, action, resource) if may(actor, action, resource);")

    answers = [oso.is_allowed(classes[n](), "a7", classes[7]()) for n in (7, 8)]

    assert answers == [True, False]
    assert specialized(oso.engine, classes[7](), "a7", classes[7]()) is True


def test_class_of_a_moment_is_not_kept(owned: tuple[User, Note]) -> None:
    """A class that is not registered leaves no entry in the tables of functions."""
    user, _ = owned
    oso = load()
    oso.is_allowed(user, "read", type("Moment", (), {})())
    oso.is_allowed(type("Moment", (), {})(), "read", Note(user))
    gc.collect()

    kept = {cls.__name__ for cls in specializations_of(oso.engine)["read"]}

    assert "Moment" not in kept


# -- threads -------------------------------------------------------------------------------


def ask_within(seconds: float, ask: t.Callable[[], t.Any]) -> t.Any:
    """Ask in a thread of its own; give the answer, or ``None`` if there is none in time."""
    answers: list[t.Any] = []
    thread = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else None


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda oso, user, note: oso.is_allowed(user, "edit", note), True),
        (lambda oso, user, note: oso.is_allowed(user, "other", note), False),
        (lambda oso, user, note: oso.authorized_actions(user, note), {"read", "edit"}),
        (lambda oso, user, note: oso.query_rule_once("has_role", user, "owner", note), True),
    ],
    ids=["allowed", "denied", "actions", "query"],
)
def test_question_does_not_wait_for_another_thread_that_compiles(
    owned: tuple[User, Note], ask: t.Callable[..., t.Any], expected: t.Any
) -> None:
    """The solver answers it, and later ones find functions."""
    oso = load()

    with compiling_elsewhere(oso):
        meanwhile = ask_within(10, lambda: ask(oso, *owned))
    afterwards = ask(oso, *owned)

    assert (meanwhile, afterwards) == (expected, expected)


def test_question_that_knows_some_functions_does_not_wait_for_others(
    owned: tuple[User, Note],
) -> None:
    """Where a function is missing further in, the solver goes on from there."""
    user, note = owned
    oso = load()
    oso.is_allowed(user, "read", note)

    with compiling_elsewhere(oso):
        answer = ask_within(10, lambda: oso.is_allowed(user, "edit", note))

    assert answer is True


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda oso, user, note: oso.authorized_actions(user, user), set()),
        (lambda oso, user, note: oso.is_allowed(user, "read", note), True),
    ],
    ids=["actions", "given up"],
)
def test_time_of_another_thread_that_compiles_ends_no_question(
    owned: tuple[User, Note], ask: t.Callable[..., t.Any], expected: t.Any
) -> None:
    """It is the time of the thread that compiles, and of what that compiles."""
    user, note = owned
    oso = load('allow(user: User, "read", note: Note) if user in note.readers;')
    oso.is_allowed(user, "read", note)
    oso.authorized_actions(user, note)
    # It is no plain data.
    note.readers = iter([user])  # type: ignore[assignment]

    with compiling_elsewhere(oso, deadline=time.monotonic() - 1):
        answer = ask(oso, user, note)

    assert answer == expected


def test_question_in_a_thread_that_compiles_is_answered(owned: tuple[User, Note]) -> None:
    """Code of the host that runs while functions are made may ask, too."""
    oso = load()

    with compiling_here(oso):
        answer = oso.is_allowed(owned[0], "edit", owned[1])

    assert answer is True


def ask_while_policies_change(oso: Oso, policies: list[str]) -> set[bool]:
    """Ask in three threads while one policy takes the place of the other; give the answers."""
    seen: set[bool] = set()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            seen.add(oso.is_allowed(User(), "a", User()))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    list(map(threading.Thread.start, threads))
    for policy in 20 * policies:
        oso.load_str(policy, replace=True)
    over.set()
    list(map(threading.Thread.join, threads))
    return seen


def test_question_while_policies_change_sees_one_of_them() -> None:
    """No function of one policy calls those of another, however they were come by."""
    allow = "allow(_: User, x, _: User) if f(x, 1) and g(x, 1);"
    policies = [
        f'{allow} f("a", _); g("b", _); f("c", _: User); g("c", _: User);',
        f'{allow} f("b", _); g("a", _); f("c", _: User); g("c", _: User);',
    ]

    seen = ask_while_policies_change(load(), policies)

    assert seen <= {False}


@pytest.fixture
def often_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find two of three functions that are missing impossible to make now, by a fixed seed."""
    chance, turn = random.Random(20_270_403), CompilationTurns.take

    @contextlib.contextmanager
    def busy(
        turns: CompilationTurns, deadline: float | None = None, *, waits: bool = False
    ) -> Iterator[bool]:
        if not waits and chance.random() < 2 / 3:
            yield False
            return
        with turn(turns, deadline, waits=waits) as is_free:
            yield is_free

    monkeypatch.setattr(CompilationTurns, "take", busy)


@pytest.mark.slow
@pytest.mark.random
@pytest.mark.usefixtures("often_busy")
def test_solver_may_take_over_anywhere() -> None:
    """Answers, errors with their places and calls of the host are the same, of random policies."""
    texts = random.Random(20_270_404)

    reports = [check(texts.randbytes(300)) for _ in range(part_of(400))]

    differences = [line for report in reports if report for line in report.differences]
    assert "\n".join(differences[:3]) == ""


# -- time ----------------------------------------------------------------------------------


def late(*args: t.Any) -> t.Any:
    """Take too long, whatever is to be made."""
    raise OutOfTime


def test_question_whose_functions_take_too_long_is_answered_by_the_solver(
    owned: tuple[User, Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the answer changes."""
    monkeypatch.setattr(CompiledProgram, "_make", late)
    monkeypatch.setattr(programs, "make_specializations", lambda *args: None)
    oso = load()

    answers = [oso.is_allowed(*question) for question in 5 * [(owned[0], "edit", owned[1])]]

    assert answers == 5 * [True]


def test_function_that_is_late_three_times_is_not_begun_again(
    owned: tuple[User, Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question does not lose half of its time each time anew."""
    begun = []

    def make(program: CompiledProgram, variant: t.Any) -> t.Any:
        begun.append(variant.name)
        raise OutOfTime

    monkeypatch.setattr(CompiledProgram, "_make", make)
    monkeypatch.setattr(programs, "make_specializations", lambda *args: None)
    oso = load()

    answers = [oso.is_allowed(*question) for question in 9 * [(owned[0], "edit", owned[1])]]

    assert answers == 9 * [True]
    assert begun == ["allow", "allow", "allow"]


def test_time_for_functions_is_part_of_the_time_of_a_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are begun in the first half; after that the solver has the rest."""
    rules = "".join(f"f{n}(u) if u.flag = nil and f{n + 1}(u);" for n in range(50))
    oso = load(f'allow(u, "read", _) if f0(u); {rules} f50(_);', limits=Limits(timeout_ms=5_000))
    monkeypatch.setattr(User, "flag", None, raising=False)
    now = 1_000.0

    def monotonic() -> float:
        nonlocal now
        now += 0.001
        return now

    made = CompiledProgram._make

    def make(program: CompiledProgram, variant: t.Any) -> t.Any:
        nonlocal now
        now += 0.5
        return made(program, variant)

    monkeypatch.setattr(CompiledProgram, "_make", make)
    monkeypatch.setattr("time.monotonic", monotonic)
    for module in (compilation_turns, programs):
        monkeypatch.setattr(module, "thread_time", monotonic)

    answer = oso.is_allowed(User(), "read", None)

    assert answer is True
    assert now < 1_000 + 5


def test_platform_that_does_not_tell_the_time_of_a_thread_compiles() -> None:
    """Python in a browser has no ``time.thread_time``."""
    script = """if True:
        import time
        del time.thread_time
        from flask_oso import Oso

        oso = Oso()
        oso.load_str('allow(user, "read", note) if note = user.note;')
        user = type("User", (), {"note": 1})()
        code = oso.generated_code('allow(_, "read", _)')
        print(oso.is_allowed(user, "read", 1), "def f0" in code)
    """

    assert run_python(script) == "True True\n"


def test_busy_machine_gives_no_function_up_and_ends_no_question(
    owned: tuple[User, Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is how long the thread works: the clock on the wall stood at 6 seconds."""
    ahead, begun = 0.0, []
    made, monotonic = CompiledProgram._make, time.monotonic

    def make(program: CompiledProgram, variant: t.Any) -> t.Any:
        nonlocal ahead
        ahead += 6.0
        begun.append(variant)
        program.turns.check_time()
        return made(program, variant)

    monkeypatch.setattr(CompiledProgram, "_make", make)
    monkeypatch.setattr(programs, "make_specializations", lambda *args: None)
    monkeypatch.setattr("time.monotonic", lambda: monotonic() + ahead)
    oso = load(limits=Limits(timeout_ms=5_000))

    answer = oso.is_allowed(owned[0], "edit", owned[1])

    assert answer is True
    assert len(begun) == len({*begun}) > 1


def test_time_of_a_thread_is_read_once_the_clock_says_that_it_may_be_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread works no longer than the clock runs, and its own time takes long to read."""
    times, turns = mock.Mock(side_effect=[10.0, 20.0, 30.0]), CompilationTurns(lambda: 1.0)
    monkeypatch.setattr(compilation_turns, "thread_time", times)

    with turns.take(time.monotonic() + 3_600):
        for _ in range(20):
            turns.check_time()

        assert times.call_count == 1
    with turns.take(time.monotonic() - 1), pytest.raises(OutOfTime):
        turns.check_time()


def test_question_without_a_time_limit_has_all_time_to_compile(owned: tuple[User, Note]) -> None:
    """A limit of 0 is none."""
    oso = load(limits=Limits(timeout_ms=0))

    assert oso.is_allowed(owned[0], "edit", owned[1])
