"""``authorized_actions`` for random rules: compiled rules say what the solver says.

An error counts as an answer; which of several errors comes out is not compared. Where only the
query of the solver comes to an error, an action that is given is allowed when it is asked alone.
"""

from __future__ import annotations

import random
import re
import typing as t
from collections import Counter

import pytest

from flask_oso import Oso, OsoError
from tests.support.models.people import Doc, Role, User
from tests.support.policies import make_oso
from tests.support.sizes import part_of

POLICIES, QUESTIONS = part_of(480), 12

#: What a rule may say about the action ``a``, or about the others on the way to it.
GOALS = [
    *("a in u.acts", "a in d.acts", 'a = "read"', '"write" = a', 'a in ["x", "read", "y"]'),
    *("in_scope(u, a)", "scoped(u, d, a)", "may(u, a, d)", "may(u, a, d.parent)", "named(a)"),
    *("u.ok", "d.ok", "d.level > 1", "d.owner = u", "d.parent.ok", "u.missing", "fails(d)"),
    *("a matches String", "a = u.name", "[a, *_] = u.acts", "b in u.acts and a = b", "any(a)"),
    *(
        '(a = "read" or a = "x")',
        '((a = "read" and d.ok) or a = "x")',
        "forall(r in u.roles, r.ok)",
    ),
    *("not denied(u, a, d)", "not denied(d, a, u)", "not denied(u, a, d.parent)"),
    *('not a = "x"', "not banned(a)", 'x = a and x = "read"', '(1 = 2 or "s" matches User)'),
]
#: Rules that these call: some of each are in a policy.
RULES = {
    "in_scope": ["in_scope(u, a) if a in u.acts;", 'in_scope(_, "y");'],
    "scoped": [
        "scoped(u, _, a) if a in u.acts;",
        "scoped(u, d, a) if d.ok and a in u.acts;",
        "scoped(u, d, a) if a in u.acts and d.missing = 1;",
        'scoped(_, d, "z") if d.missing = 1;',
        "scoped(_, d, a) if a in d.missing;",
    ],
    "may": [
        'may(u, "read", d) if d.owner = u;',
        'may(_, "write", d) if r in d.roles and r.ok;',
        'may(_, a, d) if d.parent.ok and a in ["read", "y"];',
        'may(_, "x", _: Doc{ok: true});',
        "may(_, _, d) if d.level = 7;",
        "may(u, a, d) if may(u, a, d.parent);",
    ],
    "named": ['named("read");', 'named("x") if 1 = 2;', 'named(a) if a in ["y", "z"];'],
    "banned": ['banned("x");'],
    "denied": [
        'denied(_, "x", d) if d.ok;',
        'denied(_, a, d) if d.level > 1 and a in ["read", "y"];',
        'denied(u, a, _) if not u.ok and a != "write";',
        'denied(_, a, d) if a in ["q", "z"] and d.missing = 1;',
        'denied(u, a, d) if d.ok and not a in ["read"] and denied(d, a, u);',
        "denied(_, _, d) if d.level = 2;",
        "denied(_, a, d) if a in d.acts;",
        "denied(_, _: String, d) if d.level = 7;",
        'denied(_, "y", d) if d.missing = 1;',
    ],
    "fails": ["fails(d) if d.level.missing = 1;", "fails(_);"],
    "any": ["any(_);"],
}


def policy(seed: int) -> str:
    """Make a policy of one rule, or of a few."""
    chooser = random.Random(seed)
    rules = []
    for _ in range(chooser.choice([1, 1, 2])):
        body = " and ".join(chooser.sample(GOALS, chooser.choice([1, 2, 2, 3, 4])))
        action = chooser.choice(["a", "a", "a: String"]) if re.search(r"\ba\b", body) else "_"
        user = chooser.choice(["u", "u: User"])
        rules.append(f"allow({user}, {action}, d) if u.ok = u.ok and d.ok = d.ok and {body};")
    for name, bodies in RULES.items():
        if any(f"{name}(" in rule for rule in rules):
            rules += chooser.sample(bodies, chooser.randint(1, len(bodies)))
    return "\n".join(rules)


#: Rules with a cut, and rules without one beside them.
CUTS = [
    "limited(u, _, _) if u.ok and cut and 1 = 2;",
    "limited(_, _, d) if cut and d.ok;",
    'limited(u, a, _) if r in u.roles and r.ok and cut and a = "read";',
    'limited(_: User{ok: true}, a, d) if cut and a in ["read", "q"] and d.ok;',
    "limited(u: User, a, d) if u.ok and cut and may_act(u, a, d);",
    "limited(u, a, _) if a in u.acts and cut;",
    'limited(_, "q", d) if d.ok and cut;',
]
BESIDE = [
    "limited(_, a, d) if a in d.acts;",
    "limited(_: User, a, d) if d.level > 1 and a in d.acts;",
    'limited(_: User, "x", d) if d.ok;',
    'limited(_, "z", d) if d.missing = 1;',
    'limited(_, "x", _: Doc{ok: true});',
    "limited(u, a: String, _) if a in u.acts;",
    "limited(_: User, a: String, d) if d.ok and a in d.acts;",
]
DENIED = [
    "allow(_: User{ok: false}, _, _) if cut and 1 = 2;",
    'allow(_: User{ok: false}, a, _) if cut and a = "read";',
    "allow(u: User, a, d) if not u.ok and cut and a in d.acts;",
    "allow(u: User, a, d) if may_go(u) and cut and limited(u, a, d); may_go(u) if u.ok;",
    'allow(_, "q", d) if d.ok and cut;',
    "",
    "",
]


def policy_with_cuts(seed: int) -> str:
    """Make a policy of which one rule or two have a cut."""
    chooser = random.Random(seed)
    action = chooser.choice(["a", "a: String"])
    rules = [f"allow(u: User, {action}, d) if limited(u, a, d) and d.ok;", chooser.choice(CUTS)]
    rules += chooser.sample(BESIDE, chooser.randrange(3))
    rules.insert(chooser.choice([0, 0, 2]), chooser.choice(DENIED))
    rules.append('may_act(_, "read", d) if d.ok; may_act(u, a, _) if a in u.acts;')
    return "\n".join([*rules, policy(seed)] if chooser.random() < 0.3 else rules)


def load(text: str, *, compiled: bool) -> Oso:
    return make_oso(text, User, Doc, compiled=compiled)


def question(seed: int) -> tuple[User, Doc]:
    """Make a user and a document."""
    chooser = random.Random(seed)
    user = User(name=chooser.choice(["read", "q"]), ok=chooser.random() < 0.7, acts=["read"])
    docs: list[Doc] = []
    for above in (None, 0):
        docs.append(
            Doc(
                ok=chooser.random() < 0.7,
                level=chooser.choice([1, 2, 7]),
                owner=chooser.choice([user, None]),
                acts=chooser.choice([[], ["read"], ["x", "q"]]),
                parent=None if above is None else docs[above],
                roles=[Role(ok=chooser.random() < 0.5) for _ in range(chooser.randrange(3))],
            )
        )
    acts: list[list[t.Any]] = [[], ["read", "x"], ["q"], ["z", "write"], ["read", 5], [None]]
    vars(user).update(acts=chooser.choice(acts), roles=vars(docs[1])["roles"])
    return user, docs[1]


def actions(oso: Oso, seed: int) -> t.Any:
    """Give the actions, or that there is an error of the policy."""
    try:
        return oso.authorized_actions(*question(seed), allow_wildcard=True)
    except OsoError:
        return "error"


def are_allowed(solver: Oso, seed: int, found: t.Any) -> bool:
    """Tell whether all actions that were found are allowed, each asked alone."""
    user, doc = question(seed)
    return found != "error" and all(solver.is_allowed(user, each, doc) for each in found)


@pytest.mark.random
@pytest.mark.parametrize("make_policy", [policy, policy_with_cuts], ids=["plain", "cuts"])
def test_actions_of_random_rules_are_those_of_the_solver(
    make_policy: t.Callable[[int], str],
) -> None:
    """Whether questions about strings answer, or a query."""
    counts: Counter[str] = Counter()
    differences = []
    for number in range(POLICIES):
        text = make_policy(number)
        oso, solver = (load(text, compiled=compiled) for compiled in (True, False))
        for seed in range(number * QUESTIONS, (number + 1) * QUESTIONS):
            expected = actions(solver, seed)
            counts["error" if expected == "error" else "some" if expected else "none"] += 1
            found = actions(oso, seed)
            is_narrower = expected == "error" and are_allowed(solver, seed, found)
            if found != expected and not is_narrower:
                differences.append((seed, text))

    assert differences == []
    assert min(counts["error"], counts["some"], counts["none"]) > counts.total() // 20
