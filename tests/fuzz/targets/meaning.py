"""Meaning: policies that say the same in other words decide the same.

The policies are total: their conditions are about three known strings and two tables of
facts, so every question has an answer, and each rewriting must leave it as it is.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flask_oso import Oso

from ..choices import Choices
from ..oracle import sandbox

IS_TEXT = False
#: One input is nine policies and a hundred decisions.
COST = 20
_ACTORS, _ACTIONS, _RESOURCES = ("ann", "bob", "eve"), ("read", "write"), ("page", "note")
_QUESTIONS = tuple(itertools.product(_ACTORS, _ACTIONS, _RESOURCES))
_ATOMS = (
    *("member({a}, 1)", "member({a}, 2)", "owner({a}, {r})", "owner({a}, _)", "helps({a}, {r})"),
    *('{a} = "ann"', '{b} = "read"', '{r} != "page"', '{a} in ["bob", "eve"]'),
    *("{a} matches String", '{b} matches "write"', "true", "false", "{a} != {b}"),
    '[{a}, *_] = ["ann", {r}]',
)
_DEEPEST = 3


@dataclass(frozen=True)
class _Condition:
    """``form`` with ``{0}`` and ``{1}`` for its parts; of an atom, with its variables."""

    form: str
    parts: tuple[_Condition, ...] = ()

    def text(self, names: dict[str, str]) -> str:
        """Write the condition with names for variables."""
        if not self.parts:
            return self.form.format(**names)
        return self.form.format(*(part.text(names) for part in self.parts))


@dataclass(frozen=True)
class _Policy:
    """``allow`` rules by their conditions, facts, and the names to write them with."""

    rules: tuple[_Condition, ...]
    facts: tuple[str, ...]
    names: tuple[str, str, str] = ("a", "b", "r")

    def statements(self) -> list[str]:
        """Write the statements."""
        a, b, r = self.names
        used = f"{a} = {a} and {b} = {b} and {r} = {r}"
        names = {"a": a, "b": b, "r": r}
        rules = [f"allow({a}, {b}, {r}) if {used} and {c.text(names)};" for c in self.rules]
        helper = (
            f"helps({a}, {r}) if owner({r}, {a})"
            f" or (member({a}, 2) and owner({b}, {r}) and {b} != {a});"
        )
        return [*self.facts, helper, *rules]


def seeds() -> Iterable[bytes]:
    """Give some rows of choices."""
    return [bytes((at * step + 3) % 256 for at in range(60)) for step in (1, 2, 5, 11, 23, 47)]


def target(data: bytes) -> None:
    """Decide every question under a policy and under each rewriting of it."""
    choices = Choices(data)
    policy = _make_policy(choices)
    order = [choices.number(1000) for _ in range(40)]
    with sandbox():
        expected = _decide(_loaded("\n".join(policy.statements())))
        for rewrite in _REWRITINGS:
            statements = rewrite(policy, order)
            text = "\n".join(statements)
            assert _decide(_loaded(text)) == expected, f"{rewrite.__name__} changed it: {text}"
        assert _decide(_loaded_from_files(policy.statements())) == expected, "three files differ"


# -- policies ----------------------------------------------------------------------------


def _make_policy(choices: Choices) -> _Policy:
    rules = tuple(_make_condition(choices, 0) for _ in range(1 + choices.number(2)))
    facts = [
        f'member("{choices.pick(_ACTORS)}", {1 + choices.number(2)});' for _ in choices.some(4)
    ]
    facts += [
        f'owner("{choices.pick(_ACTORS)}", "{choices.pick(_RESOURCES)}");' for _ in choices.some(4)
    ]
    # One of each that helps nobody, so that both are defined.
    return _Policy(rules, ("member(0, 0);", "owner(0, 0);", *dict.fromkeys(facts)))


def _make_condition(choices: Choices, depth: int) -> _Condition:
    kind = choices.number(5) if depth < _DEEPEST else 0
    if kind < 2 and depth:
        return _Condition(choices.pick(_ATOMS))
    if kind < 2:
        # Of single atoms too many allow everything.
        kind = 2
    parts = [_make_condition(choices, depth + 1) for _ in range(1 if kind == 4 else 2)]
    return _Condition(("({0} and {1})", "({0} or {1})", "not ({0})")[kind - 2], tuple(parts))


def _loaded(text: str) -> Oso:
    oso = Oso()
    oso.load_str(text)
    return oso


def _loaded_from_files(statements: Sequence[str]) -> Oso:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"part{number}.polar") for number in range(3)]
        for number, file in enumerate(files):
            text = "\n".join([f"# {number}", *statements[number::3]])
            file.write_text(text, encoding="utf-8")
        oso = Oso()
        oso.load_files(files)
        return oso


def _decide(oso: Oso) -> list[tuple[str, ...]]:
    return [question for question in _QUESTIONS if oso.is_allowed(*question)]


# -- rewritings --------------------------------------------------------------------------


def _in_another_order(policy: _Policy, order: Sequence[int]) -> list[str]:
    statements = policy.statements()
    return [text for _, text in sorted(zip(itertools.cycle(order), statements, strict=False))]


def _with_other_names(policy: _Policy, order: Sequence[int]) -> list[str]:
    renamed = replace(policy, names=("who", "r", "a"))
    return [
        text.replace("member(", "belongs(").replace("owner(", "allow_owner(")
        for text in renamed.statements()
    ]


def _with_dead_rules(policy: _Policy, order: Sequence[int]) -> list[str]:
    dead = (
        'allow("nobody", "nothing", "nowhere");',
        "allow(a, b, r) if a = 1 and b = 2 and r = 3 and never(a);",
        "never(x) if never(x);",
        "allow(_: Dictionary, _, _);",
        "allow(_: Integer, _, _) if 1 / 0 = 1;",
    )
    statements = policy.statements()
    statements[order[0] % len(statements) : 0] = dead
    return statements


def _everywhere(form: str, condition: _Condition) -> _Condition:
    parts = tuple(_everywhere(form, part) for part in condition.parts)
    return _Condition(form, (replace(condition, parts=parts),))


def _with_true(policy: _Policy, order: Sequence[int]) -> list[str]:
    rules = tuple(_everywhere("(true and {0})", rule) for rule in policy.rules)
    return replace(policy, rules=rules).statements()


def _negated_twice(policy: _Policy, order: Sequence[int]) -> list[str]:
    rules = tuple(_everywhere("not (not ({0}))", rule) for rule in policy.rules)
    return replace(policy, rules=rules).statements()


def _split(policy: _Policy, order: Sequence[int]) -> list[str]:
    rules: list[_Condition] = []
    for rule in policy.rules:
        rules += rule.parts if rule.form == "({0} or {1})" else (rule,)
    return replace(policy, rules=tuple(rules)).statements()


def _by_de_morgan(policy: _Policy, order: Sequence[int]) -> list[str]:
    return replace(policy, rules=tuple(map(_without_or, policy.rules))).statements()


def _without_or(condition: _Condition) -> _Condition:
    parts = tuple(map(_without_or, condition.parts))
    if condition.form == "({0} or {1})":
        return _Condition("not (not ({0}) and not ({1}))", parts)
    return replace(condition, parts=parts)


_REWRITINGS: tuple[Callable[[_Policy, Sequence[int]], list[str]], ...] = (
    *(_in_another_order, _with_other_names, _with_dead_rules, _with_true, _negated_twice),
    *(_split, _by_de_morgan),
)
