"""Where the solver begins a question anew, it gets what the calls before gave."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso, Variable
from flask_oso.polar.compiler import runtime
from flask_oso.polar.exceptions import PolarRuntimeError


class User:
    """Counts its calls: what it says changes with each."""

    def __init__(self) -> None:
        self.asked: list[tuple[t.Any, ...]] = []

    def is_first(self, *given: t.Any) -> bool:
        """Hold for the first call alone."""
        self.asked.append(given)
        return len(self.asked) == 1

    @property
    def first(self) -> bool:
        """Hold when it is read for the first time."""
        return self.is_first()

    def anything(self) -> Variable:
        """Return what only the solver can bind."""
        return ANYTHING


class Doc:
    """What everybody may read, if nobody comes to an error before."""

    open = True


ANYTHING = Variable("anything")

#: What leaves a variable open behind a call.
OPEN = {
    "a rule that leaves its parameter open": "{} and small(_r)",
    "a call that gives a variable": "{} and u.anything() < 3",
    "a helper that calls": "helper(u) and small(_r)",
    "a call within the goal that the solver takes": "small_for(u, _r)",
}


def asked(condition: str, call: str, *, compiled: bool = True) -> tuple[str, t.Any]:
    """Return the error and the calls of a check that an answer would follow."""
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Doc)
    oso.load_str(
        f"""
        allow(u, "read", _d) if {condition.format(call)};
        allow(_, "read", d) if d.open;
        helper(u) if {call};
        small(r) if r < 3;
        small_for(u, r) if r < 3 and {call};
        """
    )
    user = User()
    with pytest.raises(PolarRuntimeError) as raised:
        oso.is_allowed(user, "read", Doc())
    return str(raised.value), user.asked


@pytest.mark.parametrize("condition", OPEN.values(), ids=OPEN)
@pytest.mark.parametrize("call", ["u.is_first()", 'u.is_first("a", 1)', "u.first"])
def test_an_error_is_no_answer(condition: str, call: str) -> None:
    """A method that says something else the second time makes no answer of an error."""
    assert asked(condition, call) == asked(condition, call, compiled=False)


def test_each_call_has_its_own_result() -> None:
    """Two equal calls give what each gave, in their order."""
    call = "u.is_first() and not u.is_first()"
    error, calls = asked("{} and small(_r)", call)
    assert (error, len(calls)) == (asked("{} and small(_r)", call, compiled=False)[0], 2)


def test_calls_of_another_check_are_not_taken() -> None:
    """Each check makes its own calls, with equal arguments too."""
    oso = Oso()
    oso.load_str('allow(u, "read", _) if u.is_first() and small(_r); small(r) if r < 3;')
    user = User()
    with pytest.raises(PolarRuntimeError):
        oso.is_allowed(user, "read", Doc())
    assert not oso.is_allowed(user, "read", Doc())


class EqualOnce:
    """Equals whatever it is compared with, the first time."""

    def __init__(self) -> None:
        self.compared = 0

    def __eq__(self, _other: object) -> bool:
        self.compared += 1
        return self.compared == 1

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("body", ["not u.x = [d.y]", "not u.x = [d.y, 1]", "not [d.y] = u.x"])
@pytest.mark.parametrize("given", [1, None])
def test_an_object_is_compared_with_an_open_list_once(body: str, given: int | None) -> None:
    """The solver asks whether an object equals a list with variables, and nobody before it."""
    outcomes = []
    for compiled in (True, False):
        oso, one = Oso(compiled=compiled), EqualOnce()
        oso.load_str(f'allow(u, "read", d) if {body};')
        allowed = oso.is_allowed({"x": one}, "read", {"y": given})
        outcomes.append((allowed, one.compared))
    assert outcomes == [(False, 1)] * 2


#: What a long question calls: compiled functions in the first, the solver in the other.
LONG = [
    "n in d.numbers and u.is_first(n) or small(_r)",
    "forall(n in d.numbers, not u.is_first(n))",
]


@pytest.mark.parametrize("condition", LONG)
def test_a_long_question_keeps_its_first_calls(
    condition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept for the solver does not grow with a question that takes long."""
    monkeypatch.setattr("flask_oso.polar.solver.machine.MOST_CALLS", 1_000)
    for name, value in {"MOST_CALLS": 1_000, "BRIEF": 0.0, "_SHORTEST": 0.0}.items():
        monkeypatch.setattr(runtime, name, value)
    oso = Oso()
    oso.load_str(f'allow(u, "read", d) if ({condition}) and small(_r); small(r) if r < 3;')
    user, count = User(), 3_000
    user.is_first("once")
    with pytest.raises(PolarRuntimeError):
        oso.is_allowed(user, "read", {"numbers": list(range(count))})
    assert count + 1 < len(user.asked) < 2 * count
