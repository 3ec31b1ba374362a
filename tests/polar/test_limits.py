"""Limits: their defaults, where they are set, and what happens at each."""

from __future__ import annotations

import pytest

from flask_oso import Limits, Oso
from flask_oso.polar.exceptions import ParserError, PolarRuntimeError, StackOverflowError
from tests.support.children import ROOT

PAGE = (ROOT / "docs" / "reference" / "limits.md").read_text("utf-8")


def variable_of(name: str) -> str:
    return Limits.KNOWN[name][0]


def load(policy: str, **limits: int) -> Oso:
    oso = Oso(limits=Limits(**limits))
    oso.load_str(policy)
    return oso


@pytest.mark.parametrize("name", Limits.KNOWN)
def test_limit_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each limit has a variable of the environment."""
    monkeypatch.setenv(variable_of(name), "77")

    assert getattr(Limits(), name) == 77


@pytest.mark.parametrize("name", Limits.KNOWN)
@pytest.mark.parametrize("text", ["", "-1", "1.5", "many"])
def test_limit_ignores_what_is_no_number(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """What is no whole number in the environment means the default."""
    monkeypatch.delenv(variable_of(name), raising=False)
    default = getattr(Limits(), name)
    monkeypatch.setenv(variable_of(name), text)

    assert getattr(Limits(), name) == default


@pytest.mark.parametrize("name", Limits.KNOWN)
def test_limit_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A limit that the program sets does not depend on the environment."""
    monkeypatch.setenv(variable_of(name), "77")

    assert getattr(Limits(**{name: 78}), name) == 78


@pytest.mark.parametrize("name", Limits.KNOWN)
def test_limit_stands_on_its_page(name: str) -> None:
    """The table of limits names each with its default and its variable."""
    variable, default = Limits.KNOWN[name]

    assert f"| `{name}` | {default:,} | `{variable}` | " in PAGE


@pytest.mark.parametrize("value", [-1, 1.5, "5", None, True])
def test_limit_must_be_a_whole_number(value: object) -> None:
    """A limit that is none is refused when it is set."""
    with pytest.raises(ValueError, match=r"^A limit is a whole number from 0 on: 'goals' is not"):
        Limits(goals=value)  # type: ignore[arg-type]  # that is the point


def test_limits_do_not_change() -> None:
    """What an Oso was given holds for each question."""
    limits = Limits(goals=5)

    with pytest.raises(AttributeError, match=r"^The limits of an 'Oso' do not change"):
        limits.goals = 6
    with pytest.raises(AttributeError, match=r"^The limits of an 'Oso' do not change"):
        del limits.goals
    assert limits == Limits(goals=5) != Limits(goals=6)


def test_limit_that_there_is_not_is_refused() -> None:
    """A misspelt limit would limit nothing."""
    with pytest.raises(TypeError, match=r"^There is no limit 'gaols'"):
        Limits(gaols=5)


def test_default_deadline_is_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is lost for five seconds at most, unless somebody wants more."""
    monkeypatch.delenv("POLAR_TIMEOUT_MS", raising=False)

    assert Limits().timeout == 5


def test_deadline_of_zero_is_none() -> None:
    """Zero milliseconds means no deadline, as upstream."""
    assert Limits(timeout_ms=0).timeout is None


def test_environment_is_read_for_each_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Oso without limits follows the environment as it is when it is asked."""
    oso = Oso()
    oso.load_str("f(0); f(n) if n > 0 and f(n - 1);")
    monkeypatch.setenv("POLAR_MAX_GOALS", "20")

    with pytest.raises(StackOverflowError, match="MAX_GOALS = 20"):
        list(oso.query_rule("f", 50))


@pytest.mark.parametrize(("goals", "outcome"), [(4, "error"), (5, "answer"), (6, "answer")])
def test_goals_at_the_limit(goals: int, outcome: str) -> None:
    """Five goals stand in each other here."""
    oso = load("f() if g(); g() if 1 = 1;", goals=goals)

    assert ask(oso, "f") == outcome


@pytest.mark.parametrize(("choices", "outcome"), [(1, "error"), (2, "answer"), (3, "answer")])
def test_choices_at_the_limit(choices: int, outcome: str) -> None:
    """Two places to go back to are open at a time here."""
    oso = load("f() if x in [1, 2] and y in [1, 2] and x = y;", choices=choices)

    assert ask(oso, "f") == outcome


@pytest.mark.parametrize(("comparisons", "outcome"), [(2, "error"), (3, "answer"), (4, "answer")])
def test_comparisons_at_the_limit(comparisons: int, outcome: str) -> None:
    """Three lists of each side are entered here."""
    oso = load("f() if x = [[[1]]] and x = [[[1]]];", comparisons=comparisons)

    assert ask(oso, "f") == outcome


@pytest.mark.parametrize("text", ["f(1);", "# é\nf(1);"])
def test_policy_bytes_at_the_limit(text: str) -> None:
    """A text of as many bytes as are allowed loads; bytes are those of UTF-8."""
    size = len(text.encode())

    assert ask(load(text, policy_bytes=size), "f", 1) == "answer"
    with pytest.raises(ParserError, match=rf"^The text has {size} bytes, more than MAX_POLICY_BY"):
        load(text, policy_bytes=size - 1)


def test_query_text_is_limited() -> None:
    """A query is a text like a policy."""
    oso = load("f(1);", policy_bytes=10)

    with pytest.raises(ParserError, match="MAX_POLICY_BYTES = 10"):
        next(oso.query("f(1) and f(1)"))


def ask(oso: Oso, name: str, *args: object) -> str:
    try:
        oso.query_rule_once(name, *args)
    except PolarRuntimeError:
        return "error"
    return "answer"
