"""Rules that became Python functions refuse what the solver refuses, and end as it does."""

import functools
import os
import threading
import time
import types
from collections.abc import Iterator

import pytest

from flask_oso import Limits, Oso
from flask_oso.polar import Variable
from flask_oso.polar.compiler import compiler
from flask_oso.polar.compiler.specialization.specialization import SpecializationWriter
from flask_oso.polar.exceptions import InvalidIteratorError, PolarRuntimeError
from tests.support.answers import compiling_here, left_over, program_of

pytestmark = pytest.mark.usefixtures("compiling")


class User:
    """What the policies ask about."""

    name = "ada"


def _oso(policy: str, cls: type = User, **options: object) -> Oso:
    oso = Oso(**options)  # type: ignore[arg-type]  # as given by each test
    oso.register_class(cls, name="User")
    oso.load_str(policy)
    return oso


def test_subclass_of_module_is_refused() -> None:
    """A module of a class of its own, such as one loaded late, leads out like any other."""

    class Late(types.ModuleType):
        name = "late"

    class Owner:
        held = Late("late")

    oso = _oso('allow(u: User, "read", _) if u.held.name = "late";', Owner)
    with pytest.raises(PolarRuntimeError, match="A Late is not for policies"):
        oso.is_allowed(Owner(), "read", None)


@pytest.mark.parametrize(
    "policy",
    [
        'allow(u: User, "read", _) if u.held matches Late and u.held.name = "late";',
        'allow(_: User{held: Late{name: "late"}}, "read", _);',
        'allow(u: User, "read", _) if u.held = x and g(x); g(x: Late) if x.name = "late";',
    ],
)
def test_module_of_a_registered_class_is_refused(policy: str) -> None:
    """A module is refused, though its class derives from a plain class that is registered."""

    class Plain:
        name = "late"

    class Late(Plain, types.ModuleType):
        pass

    class Owner:
        held = Late("late")

    oso = Oso()
    oso.register_class(Owner, name="User")
    oso.register_class(Plain, name="Late")
    oso.load_str(policy)
    with pytest.raises(PolarRuntimeError, match="A Late is not for policies"):
        oso.is_allowed(Owner(), "read", None)


def test_stop_iteration_of_a_property_does_not_end_a_loop_of_the_caller() -> None:
    """``all(map(…))`` would take a ``StopIteration`` for the end: everything allowed."""

    class Owner:
        @property
        def broken(self) -> int:
            raise StopIteration

    oso = _oso('allow(u: User, "read", _) if u.broken = 1;', Owner)
    with pytest.raises(RuntimeError, match="StopIteration"):
        all(map(functools.partial(oso.is_allowed, Owner(), "read"), [1, 2]))


def test_stop_iteration_is_told_by_the_solver_in_the_same_words() -> None:
    """Where the solver answers, as for open actions, Python's own text speaks of a generator."""

    class Owner:
        tags = ("read",)

        def broken(self) -> int:
            raise StopIteration

    oso = _oso("allow(u: User, action, _) if u.broken() and action in u.tags;", Owner)
    with pytest.raises(RuntimeError, match="that the policy reads raised StopIteration"):
        oso.authorized_actions(Owner(), 1)


@pytest.mark.parametrize("goals", ["(d.open or u.broken()) and d.open", "any(u, d) and d.open"])
def test_stop_iteration_in_a_search_is_told_in_the_same_words(goals: str) -> None:
    """A rule with several solutions is a generator, of which Python's own text speaks."""

    class Owner:
        def broken(self) -> int:
            return next(iter([]))

    rules = "any(_, d) if d.open; any(u, _) if u.broken();"
    oso = _oso(f'allow(u: User, "read", d) if {goals} = false; {rules}', Owner)
    with pytest.raises(RuntimeError, match="that the policy reads raised StopIteration") as raised:
        oso.is_allowed(Owner(), "read", {"open": True})
    assert isinstance(raised.value.__cause__, StopIteration)


def test_error_of_a_generator_of_the_application_stays_as_it_is() -> None:
    """What Python says of a generator of a method is no error of the policy."""

    class Owner:
        def each(self) -> Iterator[int]:
            yield next(iter([]))

    oso = _oso('allow(u: User, "read", d) if (d.open or 1 in u.each()) and d.open = 1;', Owner)
    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        oso.is_allowed(Owner(), "read", {"open": True})


@pytest.mark.parametrize(
    "policy",
    [
        # The solver answers `all_high`, or `has_one`, since it calculates.
        """allow(u: User, "read", _) if not has_one(u.numbers) and all_high(u.numbers);
        has_one(xs) if x in xs and x = 9;
        all_high(xs) if forall(x in xs, x > 100) and 1 + 1 = 2;""",
        """allow(u: User, "read", _) if not has_one(u.numbers) and all_high(u.numbers);
        has_one(xs) if x in xs and x = 9 and 1 + 1 = 2;
        all_high(xs) if forall(x in xs, x > 100);""",
    ],
)
def test_iterator_is_read_once_by_functions_and_solver_together(policy: str) -> None:
    """What one of them has read to its end is not empty for the other, but an error."""

    class Owner:
        def __init__(self) -> None:
            self.numbers = map(int, [1, 2])

    with pytest.raises(InvalidIteratorError):
        _oso(policy, Owner).is_allowed(Owner(), "read", None)


@pytest.mark.parametrize("fact", ["p20(_);", 'p20("x"); p20("y");'])
def test_rules_that_branch_at_each_level_end_in_time(fact: str) -> None:
    """Two rules at each of 20 levels are a million ways, and nothing calls itself."""
    levels = "".join(f"p{n}(x) if p{n + 1}(x); p{n}(x) if p{n + 1}(x);" for n in range(20))
    policy = f'allow(u, "read", _) if p0(u) and u = 7; {levels} {fact}'
    with pytest.raises(PolarRuntimeError, match="Query timeout"):
        _oso(policy, limits=Limits(timeout_ms=50)).is_allowed("ada", "read", None)


def test_time_of_methods_counts() -> None:
    """A rule that calls a slow method for each element ends in time."""

    class Owner:
        def is_slow(self, number: int) -> bool:
            time.sleep(0.02)
            return False

    policy = 'allow(u: User, "read", numbers) if n in numbers and u.is_slow(n);'
    oso = _oso(policy, Owner, limits=Limits(timeout_ms=50))
    with pytest.raises(PolarRuntimeError, match="Query timeout"):
        oso.is_allowed(Owner(), "read", list(range(60)))


@pytest.mark.each(2)
@pytest.mark.parametrize("again", ["", "p{n}(x) if p{next}(x) and x = 3;"])
def test_chain_of_rules_longer_than_the_stack_is_answered(again: str) -> None:
    """Rules that do not call themselves may stand in each other deeper than Python recurses."""
    chain = "".join(f"p{n}(x) if p{n + 1}(x);" + again.format(n=n, next=n + 1) for n in range(1200))
    oso = _oso(f'allow(u, "read", _) if p0(u); {chain} p1200("ada"); p1200("eve");')
    assert oso.is_allowed("ada", "read", None)


@pytest.mark.parametrize(
    ("writer", "resource"),
    [(SpecializationWriter, None), (compiler.RuleCompiler, int)],
    ids=["specialization", "rules in order"],
)
def test_exception_while_rules_are_compiled_leaves_nothing_half_made(
    monkeypatch: pytest.MonkeyPatch, writer: type, resource: object
) -> None:
    """A signal in the middle of the first question ends that question, not all later ones."""
    facts = "".join(f'f{n}("x");' for n in range(400))
    oso = _oso(f'allow(u: User, "read", _) if is_ada(u); is_ada(u) if u.name = "ada"; {facts}')
    with monkeypatch.context() as patch:
        patch.setattr(writer, "write", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            oso.is_allowed(User(), "read", resource)
    assert oso.is_allowed(User(), "read", resource)


def _interrupted(self: object) -> None:
    raise KeyboardInterrupt


def test_variable_that_the_host_gives_is_the_solvers() -> None:
    """A variable in an attribute may be anything, so its negation does not hold."""

    class Owner:
        role = Variable("role")

    oso = _oso('allow(u: User, "read", _) if not u.role = "guest";', Owner)
    assert not oso.is_allowed(Owner(), "read", None)


def test_variable_in_a_list_that_the_host_gives_is_the_solvers() -> None:
    """An element that is a variable equals anything, as the solver says."""

    class Owner:
        def __init__(self) -> None:
            self.banned = [Variable("who")]

    oso = _oso('allow(u: User, "read", _) if not "ada" in u.banned;', Owner)
    assert not oso.is_allowed(Owner(), "read", None)


def test_rules_for_hundreds_of_classes_are_compiled_in_a_moment() -> None:
    """No function tests each two of hundreds of classes: those that match are sorted."""
    oso = Oso(limits=Limits(timeout_ms=2_000))
    classes = [type(f"C{n}", (), {}) for n in range(150)]
    for cls in classes:
        oso.register_class(cls)
    oso.load_str("".join(f'allow(_: C{n}, "read", _);' for n in range(150)))
    oso.prepare()
    assert left_over(oso) == []
    assert oso.is_allowed(classes[7](), "read", None)
    assert not oso.is_allowed(User(), "read", None)


class Once:
    """An object whose method fails the first time, and which can be read once."""

    def __init__(self) -> None:
        self.items = map(int, [1, 2])
        self.calls = 0

    def once(self) -> bool:
        """Fail the first time."""
        self.calls += 1
        if self.calls == 1:
            raise AttributeError("not yet")
        return True


def test_error_while_actions_are_enumerated_comes_out() -> None:
    """Nothing is asked a second time in place of an error of the host."""
    oso = _oso(
        'allow(u: User, "a", _) if forall(x in u.items, x > 0) and u.once();'
        'allow(u: User, "b", _) if u.once();',
        Once,
    )

    with pytest.raises(AttributeError, match="not yet"):
        oso.authorized_actions(Once(), "page")


def test_actions_of_a_chain_of_rules_are_found_at_once() -> None:
    """Rules that call each other twice, a thousand levels deep, are looked at once each."""
    levels = "".join(f"p{n}(x) if p{n + 1}(x); p{n}(x) if p{n + 1}(x);" for n in range(30))
    oso = _oso(f'allow(_, x, _) if p0(x); {levels} p30("read");', Once)
    program = program_of(oso)
    program.string_searches.questions("allow", 3, 1)

    assert program.strings_of("allow", 3, 1) == {"read"}


def test_list_is_kept_as_it_was_when_it_was_read() -> None:
    """What a method does to the object afterwards does not change what was read before."""

    class Changing:
        def __init__(self) -> None:
            self.items = ["admin"]

        def change(self) -> bool:
            """Change the list."""
            self.items.clear()
            return True

    policy = 'allow(u: User, "read", _) if l = u.items and u.change() and "admin" in l;'
    assert _oso(policy, Changing).is_allowed(Changing(), "read", None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork here.")
def test_question_after_a_fork_while_rules_are_compiled() -> None:
    """A child does not wait for a thread that does not live on in it."""
    oso = _oso("f(1);", Once)
    with compiling_here(oso):
        child = os.fork()
        if not child:
            answer: list[bool] = []
            thread = threading.Thread(target=lambda: answer.append(oso.engine.ask("f", 1)))
            thread.start()
            thread.join(60)
            os._exit(0 if answer == [True] else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
