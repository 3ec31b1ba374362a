"""Alternatives with goals behind them, and single goals that are left to the solver."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import PolarRuntimeError
from tests.support.answers import codes_of, left_over
from tests.support.policies import make_oso


class User:
    """An actor that notes what it is asked."""

    def __init__(self, **fields: t.Any) -> None:
        self.notes: list[t.Any] = []
        self.roles: list[str] = []
        vars(self).update(fields)

    def has(self, name: t.Any) -> bool:
        """Tell whether the user has a role, and note the question."""
        self.notes.append(name)
        return name in self.roles

    def fails(self) -> t.NoReturn:
        """Raise an error."""
        raise RuntimeError("broken")


class Doc:
    """A resource."""

    def __init__(self, **fields: t.Any) -> None:
        self.users: list[User] = []
        self.kind: t.Any = "k0"
        self.is_open = True
        vars(self).update(fields)


def load(*rules: str) -> Oso:
    return make_oso("\n".join(rules), User, Doc)


def outcome(user: User, ask: t.Callable[[], bool]) -> tuple[t.Any, list[t.Any]]:
    """Give the answer or the error with its text, and what the user was asked."""
    user.notes.clear()
    answer: t.Any
    try:
        answer = ask()
    except (OsoError, RuntimeError) as error:
        answer = (type(error).__name__, str(error))
    return answer, [*user.notes]


def both(oso: Oso, user: User, doc: Doc) -> tuple[t.Any, t.Any]:
    """Give the outcome of the solver, and that of compiled rules."""
    args = (user, "read", doc)
    return (
        outcome(user, lambda: oso.engine.solve_call("allow", args)),
        outcome(user, lambda: oso.is_allowed(*args)),
    )


def many(form: str, count: int) -> str:
    return " or ".join(form.format(number=number) for number in range(count))


def size(policy: str) -> int:
    """Give the size of all code that is made for a policy."""
    oso = load(policy, "role(u, n, _d) if n in u.roles;")
    oso.is_allowed(User(), "read", Doc())
    assert left_over(oso) == []
    return sum(len(code.co_code) for code in codes_of(oso))


#: What may stand in alternatives: a test, a search, a call of Python, a call of a rule, and an
#: attribute that may be missing.
FORMS = [
    'd.kind = "k{number}"',
    '"k{number}" in u.roles',
    'u.has("k{number}")',
    'role(u, "k{number}", d)',
    "d matches {{missing: {number}}}",
]


@pytest.mark.parametrize("form", FORMS)
def test_code_of_alternatives_grows_with_their_number(form: str) -> None:
    """Alternatives do not repeat the goals that follow, among which are alternatives."""

    def policy(count: int) -> str:
        parts = " and ".join([f"({many(form, count)})"] * 4)
        return f'allow(u: User, "read", d: Doc) if {parts} and u = u and d = d;'

    # Of a few alternatives there may be one function, in place of one for each rule.
    assert size(policy(30)) <= 3.4 * size(policy(10))


@pytest.mark.parametrize("count", [2, 10, 50])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("follows", ["d.is_open = true", "d.is_open = false", "d.missing"])
def test_alternatives_are_those_of_the_solver(form: str, count: int, follows: str) -> None:
    """The first that holds, the last, and none; what follows holds, fails or raises."""
    oso = load(
        f'allow(u: User, "read", d: Doc) if ({many(form, count)}) and u = u and {follows};',
        "role(u, n, _d) if n in u.roles;",
    )
    for number in (0, count - 1, count):
        name = f"k{number}"
        expected, given = both(oso, User(roles=[name, "x"]), Doc(kind=name))

        assert given == expected


def test_what_follows_alternatives_is_asked_once() -> None:
    """It failed behind one alternative, and would fail behind the others."""
    form = "d.kind = {number} or d.kind != {number}"
    oso = load(f'allow(u: User, "read", d: Doc) if ({many(form, 40)}) and u.has("all") and d = d;')
    user, doc = User(), Doc(kind=3)

    assert not oso.is_allowed(user, "read", doc)
    assert user.notes == ["all"]


@pytest.mark.parametrize("count", [1, 40])
def test_error_in_a_later_alternative_is_raised_if_what_follows_fails(count: int) -> None:
    """No alternative is left out since another one held."""
    names = many("d.kind = {number}", count)
    oso = load(
        f'allow(u: User, "read", d: Doc) if ({names} or d.missing) and d.is_open = false and u = u;'
    )

    expected, given = both(oso, User(), Doc(kind=0))

    assert given == expected
    assert "missing" in given[0][1]


@pytest.mark.parametrize("count", [2, 40])
def test_error_in_an_alternative_has_its_place(count: int) -> None:
    """The trace is the same in a function of its own."""
    names = many("role(u, {number}, d)", count)
    oso = load(
        f'allow(u: User, "read", d: Doc) if ({names}) and d.is_open = false and u = u;',
        "role(_, n, d) if n = n and d.missing;",
    )

    expected, given = both(oso, User(), Doc())

    assert given == expected
    assert "in rule role" in given[0][1]


@pytest.mark.parametrize("count", [2, 40])
def test_variable_that_alternatives_bind(count: int) -> None:
    """Each value is tried with the goals that follow."""
    names = many("x = {number}", count)
    oso = load(f'allow(u: User, "read", d: Doc) if ({names}) and d.kind = x and u = u;')

    for kind in (0, count - 1, count):
        expected, given = both(oso, User(), Doc(kind=kind))
        assert given == expected
        assert given[0] is (kind < count)


# -- goals of the solver ------------------------------------------------------------------------

#: Goals that only the solver knows.
LEFT = {
    "alone": "print(u.name)",
    "under not": "not (r in u.roles and print(r) and r = 1)",
    "in alternatives": "(d.kind = 1 or print(d.kind))",
    "under forall": "forall(r in u.roles, print(r))",
    "behind a search": "r in u.roles and print(r)",
}


@pytest.mark.parametrize("goal", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize("follows", ["d.is_open = true", "d.is_open = false", "d.missing"])
def test_goal_of_the_solver_among_others(
    goal: str, follows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer, the error and what is printed are those of the solver."""
    oso = load(f'allow(u: User, "read", d: Doc) if u.has("a") and {goal} and {follows};')
    user, doc = User(roles=["a", "b"], name="ann"), Doc()
    args = (user, "read", doc)

    expected = outcome(user, lambda: oso.engine.solve_call("allow", args))
    printed = capsys.readouterr()
    given = outcome(user, lambda: oso.is_allowed(*args))

    assert given == expected
    assert set(capsys.readouterr().out.splitlines()) == set(printed.out.splitlines())
    assert printed.out


def test_rest_of_a_rule_stays_compiled() -> None:
    """One goal that cannot be compiled leaves no rule to the solver."""
    oso = load('allow(u: User, "read", d: Doc) if print(d.kind) and d.is_open = true and u = u;')

    assert oso.is_allowed(User(), "read", Doc())

    (left,) = oso.left_to_solver()
    assert (left.rule, left.reason) == ("allow", "'print'")
    assert len(codes_of(oso)) > 0


def test_goal_of_the_solver_that_raises_has_its_place() -> None:
    """The trace has the goals of the compiled rules around it."""
    oso = load(
        'allow(u: User, "read", d: Doc) if rule(u, d) and u = u;',
        "rule(u, d) if u = u and {a: d.kind, b: 1} = d.missing.of;",
    )

    expected, given = both(oso, User(), Doc())

    assert given == expected
    assert "in rule rule" in given[0][1]


def test_time_limit_counts_for_goals_of_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A goal that the solver solves is part of the question."""
    monkeypatch.setenv("POLAR_TIMEOUT_MS", "50")
    oso = load(
        'allow(u: User, "read", d: Doc) if u = u and not (x in d.users and print() and x = 1);'
    )

    with pytest.raises(PolarRuntimeError, match="Query timeout"):
        oso.is_allowed(User(), "read", Doc(users=[1] * 100_000))


@pytest.mark.parametrize("alternatives", ['1 = 2 or "a" = "b"', '"a" matches User or 1 = 2'])
def test_alternatives_that_never_hold_are_no_error(alternatives: str) -> None:
    """What the policy alone tells to fail is a search without solutions, too."""
    oso = load(f'allow(u, "read", d) if u.has("a") and ({alternatives}) and u.has(d);')

    solved, compiled = both(oso, User(roles=["a"]), Doc())

    assert compiled == solved == (False, ["a"])
    assert left_over(oso) == []
