"""Clauses: the index that leaves out what a call cannot match."""

from __future__ import annotations

import contextlib
import itertools
import sys
import types
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_oso.polar.host import numbers
from flask_oso.polar.nodes import (
    Expression,
    Operator,
    Parameter,
    Rule,
    Slot,
    Term,
    Unknown,
    Value,
    Variable,
)
from flask_oso.polar.solver.clause_index import ClauseIndex
from flask_oso.polar.solver.clauses import Clause, prepare_rule
from tests.support.policies import rules_of, to_term

SCALARS: list[t.Any] = [0, 1, 2, 1.0, 0.0, -0.0, True, False, "", "1", "a", float("nan"), 2.0**53]


def make_clause(*parameters: Term) -> Clause:
    return prepare_rule(Rule("f", tuple(Parameter(term) for term in parameters)), {})


def make_clauses(values: list[tuple[t.Any, ...]]) -> list[Clause]:
    """Make a clause of each tuple; ``None`` is a variable."""
    return [
        make_clause(*(Variable("x") if value is None else to_term(value) for value in row))
        for row in values
    ]


def can_match(clause: Clause, args: t.Sequence[t.Any]) -> bool:
    pairs = zip((parameter.term for parameter in clause.parameters), args, strict=True)
    return all(
        not isinstance(term, Value)
        or not isinstance(arg, Value)
        or numbers.equal_scalars(term.value, arg.value)
        for term, arg in pairs
    )


rows = st.lists(st.tuples(*[st.sampled_from([None, [1], *SCALARS])] * 2), min_size=8, max_size=40)


@given(rows, st.tuples(*[st.sampled_from([*SCALARS, [1]])] * 2))
def test_index_loses_no_clause(values: list[tuple[t.Any, ...]], args: tuple[t.Any, ...]) -> None:
    """Whatever can match is among the candidates, in the order of the policy."""
    clauses = make_clauses(values)
    terms = [to_term(arg) for arg in args]

    found = ClauseIndex(clauses).for_call(terms)

    assert [c for c in found if can_match(c, terms)] == [c for c in clauses if can_match(c, terms)]
    assert [c for c in clauses if c in found] == list(found)


def test_index_takes_the_rarest_argument() -> None:
    """Of 1,000 facts with one action and many actors, one is looked at."""
    candidates = ClauseIndex(make_clauses([(f"u{n}", "read") for n in range(1_000)]))

    assert len(candidates.for_call([Value("u7"), Value("read")])) == 1


@pytest.mark.parametrize("arg", [to_term([1]), to_term(object()), Unknown("x")])
def test_index_knows_scalars_only(arg: t.Any) -> None:
    """An object may equal a literal, and a variable becomes one: all clauses are candidates."""
    candidates = ClauseIndex(make_clauses([(n,) for n in range(100)]))

    assert len(candidates.for_call([arg])) == 100


def test_bound_variable_is_looked_through() -> None:
    """A variable that has a value counts as that value."""
    unknown = Unknown("x")
    unknown.value = Value(5)

    assert len(ClauseIndex(make_clauses([(n,) for n in range(100)])).for_call([unknown])) == 1


def test_clause_shares_terms_with_rule() -> None:
    """A clause takes no memory for what its rule has: parameters, and a body without constants."""
    (rule,) = rules_of("f(x: Doc, y) if x.a = y.b and not x.c;")

    clause = prepare_rule(rule, {})

    assert clause.parameters is rule.parameters
    assert clause.body is rule.body


def test_constants_of_a_rule_are_put_into_a_copy() -> None:
    """The rule itself keeps the name: another engine may have another constant of that name."""
    (rule,) = rules_of("f(x) if x = limit;")

    clause = prepare_rule(rule, {"limit": Value(3)})

    assert rule.body == rules_of("f(x) if x = limit;")[0].body
    assert clause.body != rule.body


def test_variables_that_have_one_index_get_two() -> None:
    """A rule that is put together of numbered parts is numbered anew where they disagree."""
    body = Expression(Operator.AND, (Slot(0, "x"), Slot(0, "y"), Variable("z"), Slot(0, "x")))

    clause = prepare_rule(Rule("f", (), body), {})

    indices = [each.index for each in t.cast(t.Any, clause.body).args]
    assert indices == [0, 1, 2, 0]
    assert clause.size == 3


def test_body_is_prepared_when_it_is_needed() -> None:
    """Of thousands of rules, a question needs few."""
    (rule,) = rules_of("f(x) if g([x]);")
    clause = prepare_rule(rule, {})

    assert isinstance(clause.parameters[0].term, Slot)
    assert not clause._is_prepared()
    assert clause.size == 1
    assert clause._is_prepared()
    assert clause.body is clause.body


def test_clause_has_one_body_for_all_threads() -> None:
    """A proof compares its goals by identity."""
    clauses = [prepare_rule(rule, {}) for rule in rules_of("f(x) if g([x]);") * 50]

    def look(_: int) -> list[int]:
        return [id(clause.body) for clause in clauses]

    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(look, range(4))]

    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("step", range(0, 40, 3))
def test_clause_has_no_body_of_one_that_a_signal_left_half_prepared(step: int) -> None:
    """It may be where that one was in memory."""
    rules = rules_of("f(x) if x = 1; f(x) if x = 2;")
    steps = itertools.count()

    def trace(frame: types.FrameType, event: str, arg: object) -> t.Any:
        if frame.f_code.co_name != "__getattr__":
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and next(steps) == step:
            raise TimeoutError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    with contextlib.suppress(TimeoutError):
        _ = prepare_rule(rules[0], {}).body
    sys.settrace(before)

    assert prepare_rule(rules[1], {}).body == rules[1].body
