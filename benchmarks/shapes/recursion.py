"""Rules that call themselves and compute a value on the way: numbers along a chain, lists.

What is done behind the call, or with the number that is passed on, differs for each link.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

from .shape import Question, Shape, World, plain

_SIZES = (10, 100)
_USER, _TEAM, _DOC, _PART = (
    plain("User", "name", "least"),
    plain("Team", "lead", "parent", "region"),
    plain("Doc", "team", "parts", "least"),
    plain("Part", "amount"),
)


def _shape(
    name: str,
    rules: str,
    docs: Callable[[int, t.Any], list[t.Any]],
    by_hand: Callable[[t.Any, t.Any], bool],
) -> Shape:
    """Make the shape of some rules.

    :param docs: gives documents of a size, some of which the user may read.
    """
    policy = f'allow(user: User, "read", doc: Doc) if may_read(user, doc);\n{rules}'

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        return action == "read" and by_hand(user, doc)

    def world(size: int) -> World:
        ana, ben = _USER("ana", size), _USER("ben", size + 1)
        questions: list[Question] = [
            (user, "read", doc) for doc in docs(size, ana) for user in (ana, ben)
        ]
        return World(policy, (_USER, _TEAM, _DOC), questions, may)

    return Shape(name, world, _SIZES)


def _in_teams(size: int, user: t.Any) -> list[t.Any]:
    team = _TEAM(user, None, {"name": "north", "of": {"name": "all"}})
    for _ in range(size - 1):
        team = _TEAM(None, team, {"name": "east", "of": {"name": "some"}})
    return [_DOC(team, None, size), _DOC(team, None, size - 1)]


def _with_parts(size: int, _user: t.Any) -> list[t.Any]:
    return [_DOC(None, [1] * size, size), _DOC(None, [*range(size)], size)]


def _with_amounts(size: int, user: t.Any) -> list[t.Any]:
    docs = _with_parts(size, user)
    for doc in docs:
        doc.parts = [_PART(part) for part in doc.parts]
    return docs


def _with_accounts(size: int, user: t.Any) -> list[t.Any]:
    """Give documents whose parts are documents, one of which the user leads."""
    others = [_DOC(None, []) for _ in range(size)]
    return [_DOC(None, [*others, _DOC(user, [])])]


def _holds(user: t.Any, doc: t.Any) -> bool:
    return doc.team is user or any(_holds(user, part) for part in doc.parts)


def _teams_of(doc: t.Any) -> Iterator[t.Any]:
    team = doc.team
    while team is not None:
        yield team
        team = team.parent


def _leads_near(user: t.Any, doc: t.Any) -> bool:
    left, team = doc.least, doc.team
    while team is not None and left > 0:
        if team.lead is user:
            return True
        team, left = team.parent, left - 1
    return False


def _is_enough(user: t.Any, doc: t.Any) -> bool:
    total = 0
    for part in doc.parts:
        total += part
    return bool(total >= user.least)


def _is_enough_of_amounts(user: t.Any, doc: t.Any) -> bool:
    total = 0
    for part in doc.parts:
        total += part.amount
    return bool(total >= user.least)


SHAPES = (
    _shape(
        "documents in a document, a helper without classes",
        """
        may_read(user, doc) if doc.team = user;
        may_read(user, doc) if part in doc.parts and may_read(user, part);
        """,
        _with_accounts,
        _holds,
    ),
    _shape(
        "a number that is passed on, then compared",
        """
        may_read(user, doc) if depth(doc.team, 1, n) and n >= user.least;
        depth(team: Team, n, n) if team.parent = nil;
        depth(team: Team, m, n) if team.parent != nil and k = m + 1 and depth(team.parent, k, n);
        """,
        _in_teams,
        lambda user, doc: sum(1 for _ in _teams_of(doc)) >= user.least,
    ),
    _shape(
        "a number that is counted down, `n - 1`",
        """
        may_read(user, doc) if leads(user, doc.team, doc.least);
        leads(user: User, team: Team, n) if n > 0 and team.lead = user;
        leads(user: User, team: Team, n) if n > 0 and m = n - 1 and leads(user, team.parent, m);
        """,
        _in_teams,
        _leads_near,
    ),
    _shape(
        "the sum of a list, `[first, *rest]`",
        """
        may_read(user, doc) if sum(doc.parts, n) and n >= user.least;
        sum([], 0);
        sum([first, *rest], n) if sum(rest, m) and n = m + first;
        """,
        _with_parts,
        _is_enough,
    ),
    _shape(
        "the sum of an attribute, `[first, *rest]`",
        """
        may_read(user, doc) if sum(doc.parts, n) and n >= user.least;
        sum([], 0);
        sum([first, *rest], n) if sum(rest, m) and n = m + first.amount;
        """,
        _with_amounts,
        _is_enough_of_amounts,
    ),
)
