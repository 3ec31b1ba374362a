"""Lists of a store in memory: as the checks have it, in filters such as oso 0.27.3 makes."""

from __future__ import annotations

import typing as t

import pytest

import flask_oso
from flask_oso.polar import DataAdapter
from flask_oso.polar.exceptions import UnsupportedError
from tests.support.models.stores import ANN, LEAVES, REPOS, Repo, make_adapter, make_oso, shape

#: Filters of these are the same in both libraries.
SHARED = [
    "not u.name in r.banned",
    "u.name in r.banned",
    '"x" in r.tags',
    'not "x" in r.tags',
    "x in r.banned and x = u.name",
    '"a" in r.name',
    'not "a" in r.name',
    "r.stars > 3",
    "r.stars >= u.stars",
    "3 < r.stars",
    "3 >= r.stars",
    "not r.stars < 3",
    "not r.stars >= 3",
    "not 3 < r.stars",
    "r.stars < r.id",
    "r.stars > r.id",
    "not r.stars < r.id",
    "r.public",
    "r.public != true",
    "r.public or r.stars = 3",
    '(r.name = "core" and r.public) or r.stars = 3',
    "r.name = u.name",
    "r.name != u.name",
    'not (r.name = "core" or r.stars = 3)',
    "r.name in u.names",
    "r.org = u.org",
    "r.org != u.org",
    'r.org.name = "a" or r.public',
    "r matches {public: true}",
    'not r matches {name: "core"}',
    'r.org matches {name: "a"}',
    'role in u.roles and role matches {name: "owner", org_id: r.org_id}',
    'o = r.org and role in u.roles and role matches {name: "owner", org_id: o.id}',
    'o = r.org and role in u.data and role matches {name: "owner", org_id: o.id}',
    'o = r.org and role in o.roles and role matches {name: "owner", user_id: u.id}',
    'forall(x in ["a"], x in r.banned)',
]
#: Of these oso 0.27.3 makes no filter.
OURS = [
    "not r.public",
    "not r.org.open",
    "not r.name in u.names",
    "not (r.public and r.stars < 3)",
    'r.name == "core"',
    "r.name matches String and r.public",
]


def policy_of(body: str) -> str:
    """Make a rule of a body; what it does not speak of is no variable of it."""
    actor = "u" if "u." in body else "_u"
    return f'allow({actor}: User, "read", r: Repo) if {body};'


def lister(body: str, leaves: dict[str, t.Any]) -> flask_oso.Oso:
    """Make an Oso whose lists are read from the store."""
    made = make_oso(flask_oso, make_adapter(DataAdapter), policy_of(body), leaves)
    return t.cast(flask_oso.Oso, made)


def allowed(oso: flask_oso.Oso) -> list[int]:
    """Give the keys of the repositories that a check allows."""
    return [repo.id for repo in REPOS if oso.is_allowed(ANN, "read", repo)]


def listed(oso: flask_oso.Oso) -> list[int]:
    """Give the keys of the repositories in a list."""
    return [repo.id for repo in oso.authorized_resources(ANN, "read", Repo)]


@pytest.mark.parametrize("body", SHARED + OURS)
def test_rows_are_those_of_checks(body: str) -> None:
    """A list has the rows that a check allows."""
    oso = lister(body, LEAVES)

    assert listed(oso) == allowed(oso)


@pytest.mark.parametrize("body", SHARED)
def test_filters_are_those_of_oso(body: str) -> None:
    """A filter says what oso 0.27.3 says: its signs, its sides, and nothing besides."""
    upstream: t.Any = pytest.importorskip("oso")
    adapter = make_adapter(pytest.importorskip("polar.data.adapter").DataAdapter)
    theirs = make_oso(upstream, adapter, policy_of(body), LEAVES)

    made = lister(body, LEAVES).authorized_query(ANN, "read", Repo)

    assert shape(made) == shape(theirs.authorized_query(ANN, "read", Repo))


@pytest.mark.parametrize(
    "body",
    [
        "not u.name in r.banned",
        'not "x" in r.tags',
        "not r.public",
        "r.stars >= u.stars",
        "r matches {public: true}",
        'r matches Repo{name: "core"}',
        'not r matches {name: "core"}',
        'o = r.org and role in o.roles and role matches {name: "owner", user_id: u.id}',
        "r.org = u.org",
    ],
)
def test_fields_need_no_declaration(body: str) -> None:
    """Of fields that are not declared, a list has the rows that a check allows."""
    oso = lister(body, {})

    assert listed(oso) == allowed(oso)


@pytest.mark.parametrize(
    "body", ["u.name in r.banned", '"a" in r.name', "not (not u.name in r.tags)"]
)
def test_element_of_what_may_be_a_text(body: str) -> None:
    """An adapter would find a part of a text, so where a field may be one, a list is refused."""
    oso = lister(body, {})

    with pytest.raises(UnsupportedError) as caught:
        oso.authorized_query(ANN, "read", Repo)

    assert "may be a list, a text or a dictionary" in str(caught.value)
    assert "Declare it when the class is registered: 'fields={\"" in str(caught.value)


@pytest.mark.parametrize("body", ["u.name in r.tags", "not u.name in r.tags"])
def test_element_of_a_dictionary(body: str) -> None:
    """A dictionary holds pairs, which no adapter looks for."""
    oso = lister(body, {"tags": dict})

    with pytest.raises(UnsupportedError, match=r"`repo\.tags` is no collection"):
        oso.authorized_query(ANN, "read", Repo)


@pytest.mark.parametrize(
    "org",
    [
        flask_oso.Relation("one", "Nobody", "org_id", "id"),
        flask_oso.Relation("several", "Org", "org_id", "id"),
    ],
)
@pytest.mark.parametrize("body", ["r.org = u.org", "r.org != u.org", "r.org.id = 1"])
def test_relation_to_no_registered_class(body: str, org: flask_oso.Relation) -> None:
    """A relation that a check cannot follow is refused."""
    oso = lister(body, {"org": org})

    with pytest.raises(UnsupportedError, match="its relation leads to no registered class"):
        oso.authorized_query(ANN, "read", Repo)
    with pytest.raises(flask_oso.OsoError):
        oso.is_allowed(ANN, "read", REPOS[0])


def test_missing_field_of_the_actor() -> None:
    """A declared field that the actor does not have is an error with a place."""
    oso = lister("r.name = u.plan", LEAVES)
    oso.clear_rules()
    oso.register_class(Planned, fields={"plan": str})
    oso.load_str('allow(u: Planned, "read", r: Repo) if r.name = u.plan;')

    with pytest.raises(flask_oso.OsoError) as caught:
        oso.authorized_query(Planned(), "read", Repo)

    assert "'Planned' object has no attribute 'plan' at line 1, column 48" in str(caught.value)


class Planned:
    """Declared to have a plan, and has none."""


@pytest.mark.parametrize(
    ("body", "leaves"),
    [
        ('r.tags != ["x"]', {"tags": list}),
        ('r.tags == ["x"]', {"tags": list}),
        ('not r.tags == ["x"]', {"tags": list}),
        ('r.tags != ["x"]', {}),
        ("r.tags != {a: 1}", {"tags": dict}),
        ("r.tags != r.banned", {"tags": list, "banned": list}),
        ('r.tags != "x"', {"tags": list}),
        ("r.stars != [1]", {"stars": int}),
        ("r.name != r.stars", LEAVES),
        ("not r.name == r.stars", LEAVES),
        ("r.tags < [1]", {"tags": list}),
        ("r.tags < [1]", {}),
    ],
)
def test_what_a_check_cannot_compare(body: str, leaves: dict[str, t.Any]) -> None:
    """Lists, dictionaries, and texts and numbers are not compared, as in a check."""
    oso = lister(body, leaves)

    with pytest.raises(UnsupportedError, match=r"cannot be compared|have no order"):
        oso.authorized_query(ANN, "read", Repo)
    with pytest.raises(flask_oso.OsoError):
        oso.is_allowed(ANN, "read", REPOS[0])
