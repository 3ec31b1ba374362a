"""A store in memory, and an adapter that reads it for ``flask_oso`` and for oso 0.27.3 alike."""

from __future__ import annotations

import operator
import typing as t
from collections.abc import Callable

from tests.support.models.people import Role, Thing, User


class Org(Thing):
    """Has repositories and roles."""


class Repo(Thing):
    """What is listed."""


ORGS = [Org(id=1, name="a", open=True), Org(id=2, name="b", open=False)]
ROLES = [
    Role(id=1, name="owner", user_id=1, org_id=1),
    Role(id=2, name="member", user_id=1, org_id=2),
    Role(id=3, name="owner", user_id=2, org_id=2),
]
REPOS: list[t.Any] = [
    Repo(id=1, name="core", public=True, stars=5, tags=["x"], banned=["ann"], org_id=1),
    Repo(id=2, name="ann", public=False, stars=4, tags=[], banned=["bob"], org_id=2),
    Repo(id=3, name="joanna", public=False, stars=2, tags=["ann"], banned=[], org_id=2),
    Repo(id=4, name="docs", public=True, stars=3, tags=["y", "x"], banned=["a", "x"], org_id=1),
]
ANN = User(
    id=1,
    name="ann",
    stars=3,
    org=ORGS[0],
    names=["core", "ann"],
    roles=ROLES[:2],
    data=[{"name": "owner", "org_id": 1}, {"name": "member", "org_id": 2}],
)
ROWS: dict[type, list[t.Any]] = {User: [ANN], Org: ORGS, Role: ROLES, Repo: REPOS}
#: What a repository has besides what leads from class to class.
LEAVES: dict[str, t.Any] = {
    "name": str,
    "public": bool,
    "stars": int,
    "tags": list,
    "banned": list,
    "org_id": int,
}

_SIGNS: dict[str, Callable[[t.Any, t.Any], bool]] = {
    "Eq": operator.eq,
    "Neq": operator.ne,
    "Lt": operator.lt,
    "Leq": operator.le,
    "Gt": operator.gt,
    "Geq": operator.ge,
    "In": lambda item, collection: item in collection,
    "Nin": lambda item, collection: item not in collection,
}
_Rows = dict[type, t.Any]


def make_oso(library: t.Any, adapter: t.Any, policy: str, leaves: dict[str, t.Any]) -> t.Any:
    """Make an Oso of a library for a policy about the store."""
    oso, relation = library.Oso(), library.Relation
    org = relation("one", "Org", "org_id", "id")
    oso.register_class(User, fields={"id": int})
    oso.register_class(Org, fields={"roles": relation("many", "Role", "id", "org_id")})
    oso.register_class(Role, fields={"org": org})
    oso.register_class(Repo, fields={"id": int, "org": org, **leaves})
    oso.set_data_filtering_adapter(adapter)
    oso.load_str(policy)
    return oso


def make_adapter(base: type) -> t.Any:
    """Make an adapter, derived from the class of a library, whose queries are its filters."""

    class Memory(base):
        def build_query(self, filter: t.Any) -> t.Any:
            return filter

        def execute_query(self, query: t.Any) -> list[t.Any]:
            return rows_of(query)

    return Memory()


def rows_of(filter: t.Any) -> list[t.Any]:
    """Give the rows of a filter."""
    joined: list[_Rows] = [{filter.model: row} for row in ROWS[filter.model]]
    for join in filter.relations:
        relation = filter.types[join.left].fields[join.name]
        joined = [
            {**rows, join.right: other}
            for rows in joined
            for other in ROWS[join.right]
            if getattr(rows[join.left], relation.my_field) == getattr(other, relation.other_field)
        ]
    found = [rows[filter.model] for rows in joined if _passes(filter, rows)]
    return [row for row in ROWS[filter.model] if any(row is each for each in found)]


def _passes(filter: t.Any, rows: _Rows) -> bool:
    return any(
        all(_SIGNS[test.cmp](_side(test.left, rows), _side(test.right, rows)) for test in tests)
        for tests in filter.conditions
    )


def _side(side: t.Any, rows: _Rows) -> t.Any:
    if type(side).__name__ != "Projection":
        return side
    row = rows[side.source]
    return row if side.field is None else getattr(row, side.field)


def shape(filter: t.Any) -> t.Any:
    """Give what a filter says, whatever the order of its parts and of the sides of ``Eq``."""
    joins = sorted((j.left.__name__, j.name, j.right.__name__) for j in filter.relations)
    alternatives = sorted(sorted(map(_test, tests)) for tests in filter.conditions)
    return joins, alternatives


def _test(test: t.Any) -> tuple[str, str, str]:
    left, right = _name(test.left), _name(test.right)
    if test.cmp in ("Eq", "Neq") and right < left:
        left, right = right, left
    return left, test.cmp, right


def _name(side: t.Any) -> str:
    if type(side).__name__ == "Projection":
        return f"{side.source.__name__}.{side.field}"
    return f"{type(side).__name__} {vars(side)['id']}" if isinstance(side, Thing) else repr(side)
