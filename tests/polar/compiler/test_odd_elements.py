"""Lists with odd elements: a function for plain data answers as the solver does, or not at all."""

from __future__ import annotations

import random
import typing as t
from collections import Counter

import pytest

from flask_oso import Oso, OsoError
from tests.support.answers import specialized
from tests.support.models.people import Alike, Doc, Failing, Role, User
from tests.support.policies import make_oso
from tests.support.sizes import part_of

BLOCK = """
actor User {}
resource Doc {
  permissions = ["read"]; roles = ["reader", "writer"]; relations = { parent: Doc };
  "read" if "reader"; "reader" if "writer"; MORE
}
allow(user: User, action, doc: Doc) if has_permission(user, action, doc);
has_role(u: User, name: String, d: Doc) if """
FLAT = BLOCK.replace("MORE", "").replace("relations = { parent: Doc };", "")
CHAIN = BLOCK.replace("MORE", '"reader" if "reader" on "parent"; "writer" if "writer" on "parent";')
CHAIN = f'has_relation(p: Doc, "parent", d: Doc) if p = d.parent; {CHAIN}'
READ = 'allow(u: User, "read", d: Doc) if '

RULES = [
    f"{FLAT} r in u.roles and r.name = name and r.of = d;",
    f"{FLAT} r in u.roles and r.of = d and r.name = name and r.level > d.level;",
    f"{FLAT} r in u.roles and r.name = name and (r.of = d or r.level = 1);",
    f"{FLAT} d.ok and r in u.roles and r.name = name and r.of = d;"
    'has_role(u: User, "writer", d: Doc) if r in d.roles and r.of = u and r.ok;',
    f"{CHAIN} r in u.roles and r.name = name and r.of = d;",
    f"{CHAIN} r in u.roles and r.of = d and r.name = name and r.level > 1;",
    f"{CHAIN} r in u.roles and r.of = d and r.name = name and not (b in u.bans and b.of = d);",
    f"{CHAIN} d.ok and r in u.roles and r.of = d and r.name = name;"
    'has_role(u: User, "reader", d: Doc) if r in u.bans and r.of = d and r.ok;',
    f"{CHAIN} r in d.roles and r.of = u and r.name = name;",
    f"{READ} forall(r in d.roles, r.level <= u.level and r.level > 0);",
    f"{READ} not (r in d.roles and r.level > u.level) and b in u.bans and b.of = d;",
    f"{READ} r in d.roles and r.level = u.level and r.level < 3;",
    f"{READ} may(u, d); may(u: User, d: Doc) if r in u.roles and r.of = d and not r.ok;"
    "may(u: User, d: Doc) if r in u.bans and r.ok and r.level = d.level;",
]


def load(rules: str, *, compiled: bool) -> Oso:
    return make_oso(rules, User, Doc, compiled=compiled)


class World:
    """Users and documents with lists, and one odd element or value in a list of who is asked about.

    :param seed: decides all of it.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._docs, self._users = [Doc() for _ in range(3)], [User() for _ in range(2)]
        for each in (*self._docs, *self._users):
            lists = {name: self._elements() for name in ("roles", "bans")}
            vars(each).update(lists, level=self._level(), ok=self._random.random() < 0.5)
        above = [None, *self._docs]
        for doc, most in zip(self._docs, (1, 2, 3), strict=True):
            vars(doc)["parent"] = self._random.choice(above[:most])

    def question(self) -> tuple[User, str, Doc]:
        """Give a question, after one element was made odd in most worlds."""
        user, doc = self._random.choice(self._users), self._random.choice(self._docs)
        elements: list[t.Any] = vars(self._random.choice([user, user, doc]))[
            self._random.choice(["roles", "roles", "bans"])
        ]
        if elements and self._random.random() < 0.8:
            self._make_odd(elements, self._random.randrange(len(elements)))
        return user, "read", doc

    def _make_odd(self, elements: list[t.Any], at: int) -> None:
        odd = self._random.choice([Alike(), Alike(), None, float("nan"), Failing(), 5, True, [1]])
        fields = elements[at] if isinstance(elements[at], dict) else vars(elements[at])
        name = self._random.choice(["of", "of", "name", "level", "ok", ""])
        if not name:
            elements[at] = odd
        elif self._random.random() < 0.2:
            del fields[name]
        else:
            fields[name] = odd

    def _level(self) -> t.Any:
        return self._random.choice([0, 1, 2, 3, 1.5])

    def _elements(self) -> list[t.Any]:
        return [self._element() for _ in range(self._random.randrange(4))]

    def _element(self) -> t.Any:
        fields = {
            "of": self._random.choice([*self._docs, *self._users]),
            "name": self._random.choice(["reader", "writer", "reader", "writer", "other"]),
            "level": self._level(),
            "ok": self._random.random() < 0.5,
        }
        return fields if self._random.random() < 0.2 else Role(**fields)


def answer_of(oso: Oso, question: tuple[User, str, Doc]) -> bool | str:
    """Give the answer, or what kind of error there is."""
    try:
        return oso.is_allowed(*question)
    except (OsoError, ValueError) as error:
        return type(error).__name__


@pytest.mark.each(3)
@pytest.mark.parametrize("rules", RULES)
def test_lists_with_odd_elements_are_answered_as_by_the_solver(rules: str) -> None:
    """An odd element is met where the solver meets it, and nowhere else."""
    oso, solver = (load(rules, compiled=compiled) for compiled in (True, False))
    questions = [World(seed).question() for seed in range(part_of(1_600, 8))]

    quick = [specialized(oso.engine, *question) for question in questions]
    answers = [answer_of(oso, question) for question in questions]
    expected = [answer_of(solver, question) for question in questions]

    assert answers == expected
    assert [
        mine for mine in zip(quick, expected, strict=True) if mine[0] not in (None, mine[1])
    ] == []
    counts = Counter(quick)
    assert min(counts[True], counts[False], counts[None]) > len(questions) // 100
