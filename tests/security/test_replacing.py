"""A policy is replaced while others ask: no error, no wrong answer, no mixture, no waiting.

Eve is a member in policy A and trusted in policy B, and may do nothing in either; an
answer that takes from both lets her in.
"""

from __future__ import annotations

import gc
import itertools
import pathlib
import subprocess
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import (
    InlineQueryFailedError,
    PolarFileNotFoundError,
    PolarRuntimeError,
    RolesValidationError,
    UnrecognizedEOF,
    ValidationError,
)
from tests.support.sizes import part_of

RULES = """
allow(actor, action, _) if member(actor) and moment.over() and trusted(actor) and named(action);
member("ann"); trusted("ann");
"""
POLICY_A = RULES + 'member("eve"); named("a"); version("a"); version(x) if moment.over() and x="a";'
POLICY_B = (
    RULES + 'trusted("eve"); named("b"); version("b"); version(x) if moment.over() and x="b";'
)


class Moment:
    """The middle of a decision, in which something may happen."""

    def __init__(self, happen: Callable[[], object] = lambda: None) -> None:
        self.happen = happen

    def over(self) -> bool:
        """Let it happen."""
        self.happen()
        return True


def make_oso(happen: Callable[[], object] = lambda: None, policy: str = POLICY_A) -> Oso:
    """Make an Oso in whose decisions something happens."""
    oso = Oso()
    oso.register_constant(Moment(happen), "moment")
    oso.load_str(policy)
    return oso


def ask(oso: Oso) -> tuple[bool, bool, bool, str]:
    """Ask what depends on the policy, and what no policy allows."""
    versions = "".join(r["bindings"]["x"] for r in oso.query("version(x)"))
    return (
        oso.is_allowed("ann", "a", 1) or oso.is_allowed("ann", "b", 1),
        oso.is_allowed("eve", "a", 1),
        oso.is_allowed("eve", "b", 1),
        versions,
    )


# -- many threads ------------------------------------------------------------------------


def replace_under_fire(oso: Oso, texts: tuple[str, ...], times: int) -> set[t.Any]:
    """Ask in eight threads and replace so many times, 100 a second at most; give the answers.

    It goes on until each thread has 15 answers, however slow the machine is.
    """
    end = threading.Event()
    answers: list[list[t.Any]] = [[] for _ in range(8)]

    def keep_asking(mine: list[t.Any]) -> None:
        while not end.is_set():
            mine.append(ask(oso))

    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(keep_asking, mine) for mine in answers]
        try:
            for number in itertools.count():
                oso.load_str(texts[number % len(texts)], replace=True)
                time.sleep(0.01)
                if number >= times and min(map(len, answers)) >= 15:
                    break
                if any(task.done() for task in tasks):
                    break
        finally:
            end.set()
    for task in tasks:
        task.result()
    return {answer for mine in answers for answer in mine}


def test_threads_ask_while_another_replaces(capsys: pytest.CaptureFixture[str]) -> None:
    """Each answer is that of A or that of B; eve gets in by neither; nobody meets an error.

    Ann is asked about in two questions, between which a replacement may fall.
    """
    oso = make_oso(lambda: time.sleep(0))

    answers = replace_under_fire(oso, (POLICY_A, POLICY_B), part_of(150, 3))

    assert {answer[1:3] for answer in answers} == {(False, False)}
    assert {answer[3] for answer in answers} == {"aa", "bb"}
    assert capsys.readouterr().out == ""


def test_threads_ask_while_collected_and_registered() -> None:
    """Collection of garbage and registration in the middle of decisions disturb nothing."""
    oso = Oso()
    registered: list[int] = []

    def happen() -> None:
        registered.append(len(registered))
        oso.register_constant(1, f"constant_{threading.get_ident()}_{time.monotonic_ns()}")
        if len(registered) % 20 == 0:
            gc.collect()

    oso.register_constant(Moment(happen), "moment")
    oso.load_str(POLICY_A)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: ask(oso), range(part_of(80, 2))))

    assert answers == {(True, False, False, "aa")}
    assert len(registered) >= part_of(80, 2)


def test_engines_made_in_threads() -> None:
    """Each thread may make an Oso of its own; they share nothing."""

    def work(number: int) -> t.Any:
        oso = make_oso(policy=(POLICY_A, POLICY_B)[number % 2])
        return number % 2, ask(oso)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(work, range(24)))

    assert answers == {(0, (True, False, False, "aa")), (1, (True, False, False, "bb"))}


def test_asking_takes_no_lock() -> None:
    """While one thread is in the middle of a load, others get their answers."""
    is_loading, go_on = threading.Event(), threading.Event()
    oso = make_oso()

    def wait() -> None:
        is_loading.set()
        assert go_on.wait(60)

    oso.register_constant(Moment(wait), "gate")
    with ThreadPoolExecutor(2) as pool:
        load = pool.submit(oso.load_str, f"{POLICY_B} ?= gate.over();", replace=True)
        assert is_loading.wait(60)
        before = pool.submit(ask, oso).result(timeout=60)
        go_on.set()
        load.result(timeout=60)

    assert before == (True, False, False, "aa")
    assert ask(oso) == (True, False, False, "bb")


FORK = """
import os, sys, threading
from flask_oso import Oso

is_loading, go_on = threading.Event(), threading.Event()

class Gate:
    def wait(self):
        is_loading.set()
        return go_on.wait(60)

oso = Oso()
oso.register_constant(Gate(), "gate")
oso.load_str('allow("ann", _, _); version("a");')
loader = threading.Thread(
    target=oso.load_str, args=['allow("ann", _, _); ?= gate.wait();'], kwargs={"replace": True}
)
loader.start()
is_loading.wait(60)
child = os.fork()
if child == 0:
    before = oso.is_allowed("ann", 1, 1), oso.is_allowed("eve", 1, 1)
    oso.load_str('allow("eve", _, _);', replace=True)
    after = oso.is_allowed("ann", 1, 1), oso.is_allowed("eve", 1, 1)
    os._exit(0 if (before, after) == ((True, False), (False, True)) else 1)
status = os.waitpid(child, 0)[1]
go_on.set()
loader.join()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_fork_in_the_middle_of_a_load() -> None:
    """A child asks and loads, though a thread that it does not have was loading."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, timeout=120
    )

    assert (ended.returncode, ended.stderr) == (0, "")


# -- one thread --------------------------------------------------------------------------


@pytest.mark.parametrize(("actor", "answer"), [("ann", True), ("eve", False)])
def test_decision_ends_under_its_policy(actor: str, answer: bool) -> None:
    """The policy is replaced in the middle of a decision, which goes on with the old one."""
    oso = make_oso(lambda: oso.load_str(POLICY_B, replace=True))

    assert oso.is_allowed(actor, "a", 1) is answer
    assert not oso.is_allowed(actor, "a", 1)
    assert oso.query_rule_once("version", "b")


def test_iterator_ends_under_its_policy() -> None:
    """Results that are asked for after a replacement come from before it."""
    oso = make_oso()
    old = oso.query("version(x)")
    first = next(old)

    oso.load_str(POLICY_B, replace=True)
    new = oso.query("version(x)")
    found = [next(new), next(old), next(new)]

    assert [r["bindings"]["x"] for r in (first, *found)] == ["a", "b", "a", "b"]
    assert (next(old, None), next(new, None)) == (None, None)


def test_iterator_that_has_not_begun_is_new() -> None:
    """Nothing of a query happens before its first result, the choice of policy neither."""
    oso = make_oso()
    results = oso.query("version(x)")

    oso.load_str(POLICY_B, replace=True)

    assert next(results)["bindings"] == {"x": "b"}


def test_both_questions_of_authorize_are_of_one_policy() -> None:
    """Whether it is 404 or 403 is decided by the policy that denied."""
    oso = Oso()
    oso.register_constant(Moment(lambda: oso.load_str("allow(1, 1, 1);", replace=True)), "moment")
    oso.load_str('allow(_, "read", _); allow(_, "edit", _) if moment.over() and 1 = 2;')

    with pytest.raises(OsoError, match="403"):
        oso.authorize("ann", "edit", 1)


def test_decision_inside_a_decision() -> None:
    """A method may ask the same Oso; each question is of the policy of its own beginning."""
    inner: list[bool] = []

    def happen() -> None:
        inner.append(oso.query_rule_once("member", "eve"))
        oso.load_str(POLICY_B, replace=True)
        inner.append(oso.query_rule_once("member", "eve"))

    oso = make_oso(happen)

    assert oso.is_allowed("ann", "a", 1)
    assert inner == [True, False]


# -- what a replacement is ---------------------------------------------------------------


def test_replace_drops_the_old_policy() -> None:
    """Rules, types, blocks and sources of before are gone; names stay."""
    oso = Oso()
    oso.register_class(Moment)
    oso.load_str('resource Moment { permissions = ["y"]; } type f(1); f(1);')

    oso.load_str("f(2, 2);", replace=True)
    oso.load_str('resource Moment { permissions = ["x"]; } f(3);', replace=True)

    assert [r["bindings"] for r in oso.query("f(x)")] == [{"x": 3}]
    assert oso.get_class("Moment") is Moment


def test_replace_files(tmp_path: pathlib.Path) -> None:
    """The same file can be loaded again with other contents; several are one policy."""
    path = tmp_path / "policy.polar"
    path.write_text("f(1);")
    oso = Oso()
    oso.load_files([path], replace=True)

    path.write_text("f(2);")
    oso.load_files([path], replace=True)

    assert [r["bindings"] for r in oso.query("f(x)")] == [{"x": 2}]


def test_replace_with_no_files_is_refused() -> None:
    """A pattern that finds no file does not leave an application without a policy."""
    oso = make_oso()

    with pytest.raises(
        PolarRuntimeError,
        match=r"^No files to replace the policy with\. Use 'clear_rules' to drop it\.$",
    ):
        oso.load_files([], replace=True)

    assert ask(oso) == (True, False, False, "aa")


FAILURES: dict[str, tuple[Callable[[Oso], None], type[OsoError]]] = {
    "syntax": (lambda oso: oso.load_str("allow(_, _, _); f(", replace=True), UnrecognizedEOF),
    "validation": (
        lambda oso: oso.load_str("allow(_, _, _); f(x);", replace=True),
        ValidationError,
    ),
    "inline": (
        lambda oso: oso.load_str("allow(_, _, _); ?= 1 = 2;", replace=True),
        InlineQueryFailedError,
    ),
    "inline error": (
        lambda oso: oso.load_str("allow(_, _, _); ?= 1 < nil;", replace=True),
        PolarRuntimeError,
    ),
    "file": (
        lambda oso: oso.load_files(["missing.polar"], replace=True),
        PolarFileNotFoundError,
    ),
    "inside": (
        lambda oso: oso.load_str("allow(_, _, _); ?= again.over();", replace=True),
        PolarRuntimeError,
    ),
}


@pytest.mark.parametrize(("load", "error"), FAILURES.values(), ids=FAILURES)
def test_failed_replacement_changes_nothing(
    load: Callable[[Oso], None], error: type[OsoError]
) -> None:
    """The old policy stays in force, and can be replaced by a corrected text."""
    oso = make_oso()
    oso.register_constant(Moment(lambda: oso.load_str("f(1);", replace=True)), "again")

    with pytest.raises(error):
        load(oso)

    assert ask(oso) == (True, False, False, "aa")
    oso.load_str(POLICY_B, replace=True)
    assert ask(oso) == (True, False, False, "bb")


# -- roles of oso 0.15 -------------------------------------------------------------------

ROLES = """
resource(_type: Moment, "moment", ["see"], {member: {permissions: ["see"]}});
actor_has_role_for_resource("ann", "member", _: Moment);
allow(actor, action, resource) if role_allows(actor, action, resource);
"""


@pytest.fixture
def with_roles() -> Iterator[Oso]:
    """Make an Oso with the roles of oso 0.15 enabled."""
    oso = Oso()
    oso.register_class(Moment)
    oso.load_str(ROLES)
    oso.enable_roles()
    yield oso


def test_replace_keeps_roles_enabled(with_roles: Oso) -> None:
    """The new policy has the built-in rules of roles without another call."""
    with_roles.load_str(ROLES.replace('"ann"', '"eve"'), replace=True)

    assert with_roles.is_allowed("eve", "see", Moment())
    assert not with_roles.is_allowed("ann", "see", Moment())


def test_replace_checks_roles(with_roles: Oso) -> None:
    """A wrong configuration of roles leaves the policy of before in force."""
    with pytest.raises(RolesValidationError):
        with_roles.load_str("allow(_, _, _); actor_has_role_for_resource(1, 1, 1);", replace=True)

    assert with_roles.is_allowed("ann", "see", Moment())


def test_replace_does_not_enable_roles() -> None:
    """Where they were not enabled, a replacement does not do it."""
    oso = make_oso()

    oso.load_str("f(1);", replace=True)

    with pytest.raises(PolarRuntimeError, match="enable_roles"):
        oso.query_rule_once("role_allows", 1, 2, 3)
