"""What is said to be never true is never true: such rules can be removed.

Random policies about the classes of the cases are linted, and the rules that add nothing or never
apply are removed, one by one and all together. The solver then answers random questions as before.
An error that only such a rule raises goes away with it.
"""

from __future__ import annotations

import itertools
import re
import typing as t
from collections.abc import Iterable, Iterator, Sequence

import pytest

from flask_oso.polar.engine import Engine
from flask_oso.polar.exceptions import OsoError
from flask_oso.polar.limits import Limits
from flask_oso.polar.sources import Source
from flask_oso.polar.tools.lint.codes import Code
from flask_oso.polar.tools.lint.linter import LintFinding, lint_policy
from tests.support.choices import Choices, seeded
from tests.support.models import world
from tests.support.policies import Policy
from tests.support.sizes import part_of

_CERTAIN = (Code.SUBSUMED_RULE, Code.NEVER_APPLIES, Code.CUT_OFF)
_CLASSES = ("Animal", "Dog", "Puppy", "Cat", "String", "Integer", "User")
_VALUES = ('"a"', '"b"', "1", "2", "1.0", "true", "false")
_NAMES = ("name", "age", "tame", "kind")
_RULES = (("g", 1), ("h", 2), ("f", 2))
_LIMITS = Limits(timeout_ms=100)


def objects() -> list[t.Any]:
    """Make what is asked about."""
    user = world.User("a", [])
    vars(user).update(age=1, tame=False, kind="a")
    animals = [
        world.Dog("a", age=1, tame=True),
        world.Puppy("b", age=2, tame=False),
        world.Cat("a", age=0, tame=True),
        world.Animal("b", age=3, tame=False),
    ]
    return [*animals, user, "a", "b", 1, 2, True]


# -- random policies ---------------------------------------------------------------------


def make_policy(choices: Choices) -> str:
    """Make rules, some of them in two versions that are alike."""
    rules: list[str] = []
    for (name, size), _ in itertools.product(_RULES, range(1 + choices.below(3))):
        rule = make_rule(choices, name, size)
        rules += [rule, *([make_copy(choices, rule)] if choices.often(50) else [])]
    rules.sort(key=lambda _: choices.below(1000))
    return "\n".join(map(without_singletons, rules))


def make_rule(choices: Choices, name: str, size: int) -> str:
    """Make a rule with some parameters."""
    names = ["x", "y"][:size]
    head = f"{name}({', '.join(make_parameter(choices, each) for each in names)})"
    if choices.often(12):
        return f"{head};"
    body = make_body(choices, [*names, *(["z"] if choices.often(40) else [])], 0)
    end = " and cut" if choices.often(6) else ""
    return f"{head} if {body}{end};"


def make_copy(choices: Choices, rule: str) -> str:
    """Change a rule a little."""
    names = ["x", "y"] if "y" in rule else ["x"]
    more = f" and {make_goal(choices, names, 2)};"
    copies = [rule, rule.replace("x", "u"), rule.replace("Dog", "Puppy").replace("Animal", "Dog")]
    return choices.pick([*copies, rule[:-1] + (more if " if " in rule else ";")])


def make_parameter(choices: Choices, name: str) -> str:
    """Make a parameter."""
    pattern = f"{choices.pick(_CLASSES[:4])}{{{choices.pick(_NAMES)}: {choices.pick(_VALUES)}}}"
    typed = f"{name}: {choices.pick(_CLASSES)}"
    return choices.pick([name, name, typed, typed, f"{name}: {pattern}", choices.pick(_VALUES)])


def make_body(choices: Choices, names: Sequence[str], depth: int) -> str:
    """Make one to three goals."""
    count = 1 + choices.below(3)
    return " and ".join(make_goal(choices, names, depth) for _ in range(count))


def make_goal(choices: Choices, names: Sequence[str], depth: int) -> str:
    """Make a goal."""
    left, right = make_term(choices, names), make_term(choices, names)
    name, value = choices.pick(names), choices.pick(_VALUES)
    listed = ", ".join(choices.some(_VALUES, 25))
    plain = [
        f"{left} {choices.pick(['=', '=', '==', '!='])} {right}",
        f"{name} = {right}",
        f"{name} matches {choices.pick(_CLASSES)}",
        f"{name} matches {choices.pick(_CLASSES[:4])}{{{choices.pick(_NAMES)}: {value}}}",
        f"{left} {choices.pick(['<', '>', '<=', '>='])} {choices.pick('123')}",
        f"{left} in [{listed}]",
        f"g({left})",
        f"h({left}, {right})",
    ]
    if depth > 1 or choices.often(75):
        return choices.pick(plain)
    inside = make_body(choices, names, depth + 1)
    one, other = (make_goal(choices, names, depth + 1) for _ in range(2))
    return choices.pick([f"not ({inside})", f"({one} or {other})", f"forall({one}, {other})"])


def make_term(choices: Choices, names: Sequence[str]) -> str:
    """Make an operand."""
    name = choices.pick(names)
    return choices.pick([name, name, f"{name}.{choices.pick(_NAMES)}", choices.pick(_VALUES)])


def without_singletons(rule: str) -> str:
    """Write ``_`` for each variable that is there once."""
    for name in "xyzu":
        pattern = rf"\b{name}\b"
        rule = re.sub(pattern, "_", rule) if len(re.findall(pattern, rule)) == 1 else rule
    return rule


# -- questions ---------------------------------------------------------------------------


def without(engine: Engine, findings: Iterable[LintFinding]) -> Engine:
    """Give an engine without the rules that findings are about; the solver answers."""
    places = {(each.line, each.column) for each in findings}
    rules = {
        name: tuple(each for each in group if each.span and places_of(each) not in places)
        for name, group in engine.policy.rules.items()
    }
    policy = engine.policy
    less = Policy(rules=rules, actors=policy.actors, resources=policy.resources)
    return Engine(less, engine.host, _LIMITS, compiled=False)


def places_of(rule: t.Any) -> tuple[int, int]:
    """Give the line and the column of a rule."""
    return rule.span.line, rule.span.column


def answer(engine: Engine, name: str, args: tuple[t.Any, ...]) -> bool | None:
    """Ask a question; ``None`` for an error."""
    try:
        return engine.ask(name, *args)
    except OsoError:
        return None


def differences(choices: Choices) -> Iterator[str]:
    """Lint a policy, and give the questions that are answered otherwise without its rules."""
    text, things = make_policy(choices), objects()
    result = lint_policy([Source(text)], world.make_oso().engine, ignore_missing_allow=True)
    if result.engine is None:
        return
    certain = [each for each in result.findings if each.code in _CERTAIN]
    full = without(result.engine, [])
    for removed in [*([each] for each in certain), certain]:
        less = without(result.engine, removed)
        for (name, size), _ in itertools.product(_RULES, range(6)):
            args = tuple(choices.pick(things) for _ in range(size))
            before, after = answer(full, name, args), answer(less, name, args)
            if before is not after and before is not None and after is not None:
                yield f"{[each.message for each in removed]} {name}{args} {before}\n{text}"


@pytest.mark.random
@pytest.mark.parametrize("seed", range(part_of(400, 80)))
def test_rule_that_never_answers_can_be_removed(seed: int) -> None:
    """No answer changes without the rules that a lint says to be of no use."""
    assert [*differences(seeded(seed))] == []


@pytest.mark.full
def test_random_policies_have_such_rules() -> None:
    """The comparison is worth something: many rules are found, of each kind."""
    oso = world.make_oso()
    policies = [Source(make_policy(seeded(seed))) for seed in range(30)]

    found = [
        each.code
        for source in policies
        for each in lint_policy([source], oso.engine, ignore_missing_allow=True).findings
    ]

    assert [found.count(code) > 3 for code in _CERTAIN] == [True, True, True]
