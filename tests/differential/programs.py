"""Programs at random: a policy with queries, by family.

``programs(family)`` is a Hypothesis strategy of ``Program``; the families are the keys of
``FAMILIES``. Most are a ``Profile``, which says what their rules are about; recursion and
resource blocks have forms of their own in ``recursion.py`` and ``blocks.py``.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from . import expressions as ex
from .blocks import write_blocks
from .expressions import KINDS, Profile
from .recursion import write_recursion
from .writer import NAMES, Writer

_RULES = ("f", "g", "h")
_VARIABLE = re.compile(rf"(?<![\w.\"])({'|'.join(NAMES)})(?![\w\"])")


@dataclass(frozen=True)
class Program:
    """A policy and queries.

    :param queries: as ``runner.py`` takes them.
    """

    family: str
    rules: list[str]
    queries: list[dict[str, t.Any]] = field(default_factory=list)

    @property
    def policy(self) -> str:
        """The text of the policy."""
        return "\n".join(self.rules)

    def as_data(self) -> dict[str, t.Any]:
        """Give what ``runner.py`` takes."""
        return {"policy": self.policy, "queries": self.queries}


def _spread(*weights: tuple[int, ex.Condition], **options: t.Any) -> Profile:
    """Make a profile that has a little of everything beside what it is about."""
    rest = (
        (2, ex.unification),
        (1, ex.comparison),
        (1, ex.membership),
        (1, ex.matching),
        (1, ex.lookup),
        (1, ex.call),
        (1, ex.negation),
        (1, ex.truth),
    )
    return Profile(tuple((4 * weight, it) for weight, it in weights) + rest, **options)


_MATCHED = ((2, "variable"), (1, "literal"), (6, "matched"))

PROFILES = {
    "terms": _spread((6, ex.unification), (1, ex.assignment), (2, ex.call), (1, ex.truth)),
    "arithmetic": _spread(
        (4, ex.calculation),
        (4, ex.comparison),
        (1, ex.call),
        kinds=("number", "number", "number", "string"),
    ),
    "control": _spread(
        (2, ex.membership),
        (2, ex.negation),
        (2, ex.universal),
        (2, ex.alternatives),
        (2, ex.cut),
        (2, ex.call),
        (1, ex.output),
        kinds=("number", "list", "string", "object"),
    ),
    "patterns": _spread(
        (5, ex.matching),
        (2, ex.call),
        kinds=("object", "object", "object", "dictionary", "number", "list"),
        parameters=_MATCHED,
        bare=50,
    ),
    "collections": _spread(
        (4, ex.membership),
        (4, ex.unification),
        (2, ex.matching),
        (1, ex.call),
        kinds=("list", "list", "dictionary", "dictionary", "number"),
    ),
    "host": _spread(
        (4, ex.lookup),
        (4, ex.host_call),
        (2, ex.membership),
        (1, ex.universal),
        (1, ex.call),
        kinds=("object", "object", "number", "string"),
    ),
    "partial": _spread(
        (3, ex.comparison),
        (3, ex.lookup),
        (3, ex.matching),
        (2, ex.unification),
        (2, ex.membership),
        (1, ex.negation),
        (1, ex.alternatives),
        (2, ex.call),
        kinds=("object", "object", "number", "dictionary", "string"),
        parameters=((5, "variable"), (1, "literal"), (4, "matched")),
    ),
}


def _write_profile(w: Writer, family: str) -> Program:
    profile = PROFILES[family]
    if family == "partial":
        w.slips, w.loose = 2, 45
    rules: list[str] = []
    for name in _RULES[: 1 + w.below(3)]:
        kinds = tuple(w.pick(profile.kinds) for _ in w.several(1, 2))
        rules.extend(_write_rule(w, profile, name, kinds) for _ in w.several(1, 4))
        profile = replace(profile, rules={**profile.rules, name: kinds})
    queries = [_write_query(w, profile, family) for _ in w.several(3, 8)]
    return Program(family, rules, queries)


def _write_rule(w: Writer, profile: Profile, name: str, kinds: tuple[str, ...]) -> str:
    w.begin()
    head = f"{name}({', '.join(_write_parameter(w, profile, kind) for kind in kinds)})"
    if w.often(profile.bare):
        return close_variables(w, f"{head};")
    return close_variables(w, f"{head} if {ex.conjunction(w, profile, 3)};")


def _write_parameter(w: Writer, profile: Profile, kind: str) -> str:
    form = w.weighted(*profile.parameters)
    if form == "literal":
        return ex.literal(w, kind, 1)
    name = "_" if w.often(15) else w.fresh(kind)
    return f"{name}: {ex.pattern(w, kind)}" if form == "matched" else name


def close_variables(w: Writer, rule: str) -> str:
    """Rename the variables that occur once, mostly, since they are errors."""
    if w.often(2):
        return rule
    found = _VARIABLE.findall(rule)
    once = {name for name in found if found.count(name) == 1}
    return _VARIABLE.sub(lambda it: f"_{it[1]}" if it[1] in once else it[1], rule)


def _write_query(w: Writer, profile: Profile, family: str) -> dict[str, t.Any]:
    w.begin()
    is_partial = family == "partial"
    if w.often(25):
        text = ex.conjunction(w, profile, 2)
    else:
        name = w.pick(tuple(profile.rules))
        arguments = [_write_argument(w, kind, is_partial) for kind in profile.rules[name]]
        text = f"{name}({', '.join(arguments)})"
        if w.often(35):
            text += f" and {ex.condition(w, profile)}"
    return {"text": text, "partial": w.often(90 if is_partial else 15)}


def _write_argument(w: Writer, kind: str, is_partial: bool) -> str:
    if w.often(75 if is_partial else 25):
        return w.fresh(kind, bound=not is_partial)
    if w.often(10):
        return ex.value(w, w.pick(KINDS), 1)
    return ex.value(w, kind, 1)


def _write_recursion(w: Writer, family: str) -> Program:
    rules, queries = write_recursion(w)
    return Program(family, rules, queries)


def _write_blocks(w: Writer, family: str) -> Program:
    rules, queries = write_blocks(w)
    return Program(family, rules, queries)


_FORMS: dict[str, Callable[[Writer, str], Program]] = {
    "recursion": _write_recursion,
    "blocks": _write_blocks,
}
FAMILIES = (*PROFILES, *_FORMS)


@st.composite
def programs(draw: t.Any, family: str) -> Program:
    """Write a program of a family."""
    return _FORMS.get(family, _write_profile)(Writer(draw), family)
