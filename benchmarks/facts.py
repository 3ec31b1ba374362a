"""W1 and W5: facts. Whoever is written down may do what is written down."""

from __future__ import annotations

from collections.abc import Sequence

from .contenders import HAND, Decide, Workload, polar_contenders
from .peers import casbin, cedar, entity, uid

_Fact = tuple[str, str, str]
_SAME = "r.sub == p.sub && r.obj == p.obj && r.act == p.act"


def one_fact() -> Workload:
    facts = [("alice", "read", "doc")]
    questions = [("alice", "read", "doc"), ("alice", "write", "doc"), ("bob", "read", "doc")]

    def may(actor: str, action: str, resource: str) -> bool:
        return actor == "alice" and action == "read" and resource == "doc"

    return Workload("W1", "one fact", 4, questions, _contenders(may, facts, questions))


def among(number: int) -> Workload:
    """One check among unrelated rules, each about an actor and a document of its own."""
    facts = [(f"user{n}", "read", f"doc{n}") for n in range(number)]
    middle = number // 2
    questions = [
        (f"user{middle}", "read", f"doc{middle}"),
        (f"user{middle}", "write", f"doc{middle}"),
        (f"user{middle}", "read", "doc0"),
        ("nobody", "read", f"doc{middle}"),
    ]
    known = frozenset(facts)

    def may(actor: str, action: str, resource: str) -> bool:
        return (actor, action, resource) in known

    contenders = _contenders(may, facts, questions)
    return Workload(f"W5-{number}", f"one check among {number:,} rules", 5, questions, contenders)


def as_polar(facts: Sequence[_Fact]) -> str:
    return "\n".join(f'allow("{a}", "{b}", "{c}");' for a, b, c in facts)


def as_cedar(facts: Sequence[_Fact]) -> str:
    return "\n".join(
        f'permit(principal == {uid(a)}, action == Action::"{b}", resource == {uid(c)});'
        for a, b, c in facts
    )


def _contenders(
    may: Decide, facts: Sequence[_Fact], questions: Sequence[_Fact]
) -> dict[str, Decide]:
    def entities(actor: str, action: str, resource: str) -> list[dict[str, object]]:
        return [entity("Thing", actor), entity("Thing", resource)]

    return {
        HAND: may,
        **polar_contenders(as_polar(facts)),
        **cedar(as_cedar(facts), questions, entities),
        **casbin(_SAME, [(actor, resource, action) for actor, action, resource in facts]),
    }
