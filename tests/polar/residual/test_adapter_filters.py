"""Filters for adapters of other stores, as oso 0.27 hands them out."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso, OsoError, Relation
from flask_oso.polar import Condition, DataAdapter, DataFilter, Projection
from flask_oso.polar.exceptions import OperationalError, UnsupportedError


class User:
    """Owns repositories."""

    def __init__(self, id: int = 1, name: str = "ann") -> None:
        self.id = id
        self.name = name


class Org:
    """Has repositories."""


class Repo:
    """What is listed."""


class Fork(Repo):
    """A kind of repository."""


class Issue:
    """Belongs to a repository."""


class Rows(DataAdapter):
    """Gives back the filter."""

    def build_query(self, filter: DataFilter) -> DataFilter:
        return filter

    def execute_query(self, query: DataFilter) -> t.Sequence[t.Any]:
        return [query]


FIELDS: dict[str, t.Any] = {
    "id": int,
    "name": str,
    "public": bool,
    "stars": int,
    "owner": Relation("one", "User", "owner_id", "id"),
    "org": Relation("one", "Org", "org_id", "id"),
    "parent": Relation("one", "Repo", "parent_id", "id"),
    "issues": Relation("many", "Issue", "id", "repo_id"),
}


@pytest.fixture
def oso() -> Oso:
    """Make an Oso with declared fields and an adapter."""
    oso = Oso()
    oso.register_class(User, fields={"id": int, "name": str})
    oso.register_class(Org, fields={"name": str, "head": Relation("one", "User", "head_id", "id")})
    oso.register_class(Repo, fields=FIELDS)
    oso.register_class(Issue, fields={"title": str})
    oso.set_data_filtering_adapter(Rows())
    return oso


ANN = User()


def filter_of(oso: Oso, body: str) -> DataFilter:
    """Give the filter of a rule about a repository."""
    oso.load_str(f'allow(_u, "read", r: Repo) if {body};')
    return t.cast(DataFilter, oso.authorized_query(ANN, "read", Repo))


def field(name: str | None, cls: type = Repo) -> Projection:
    """Make the projection of a field."""
    return Projection(cls, name)


@pytest.mark.parametrize(
    ("body", "conditions"),
    [
        ("r = r", [[]]),
        ("r.id = 1 and 1 = 2", [[(True, "Eq", False)]]),
        ('r.name = "x"', [[(field("name"), "Eq", "x")]]),
        ('not r.name = "x"', [[(field("name"), "Neq", "x")]]),
        ("r.name = nil", [[(field("name"), "Eq", None)]]),
        ("r.name != nil", [[(field("name"), "Neq", None)]]),
        ("r.stars < 3", [[(field("stars"), "Lt", 3)]]),
        ("3 < r.stars", [[(3, "Lt", field("stars"))]]),
        ("not r.stars < 3", [[(field("stars"), "Geq", 3)]]),
        ("r.public", [[(field("public"), "Eq", True)]]),
        ("not r.public", [[(field("public"), "Eq", False)]]),
        ('r.name in ["a", "b"]', [[(field("name"), "Eq", "a")], [(field("name"), "Eq", "b")]]),
        ("r.name in []", [[(True, "Eq", False)]]),
        ("r.stars = r.id", [[(field("stars"), "Eq", field("id"))]]),
        ('"a" in r.name', [[("a", "In", field("name"))]]),
        ("r.undeclared = 1", [[(field("undeclared"), "Eq", 1)]]),
        ("r.owner = _u", [[(field(None, User), "Eq", ANN)]]),
        ("r.owner != _u", [[(field(None, User), "Neq", ANN)]]),
        ("r.owner = nil", [[(field("owner_id"), "Eq", None)]]),
        ("_ in r.issues", [[]]),
        ('i in r.issues and i.title = "x"', [[(field("title", Issue), "Eq", "x")]]),
        ('r.org.head.name = "x"', [[(field("name", User), "Eq", "x")]]),
        (
            'r.public = true and (r.name = "a" or r.stars = 1)',
            [
                [(field("public"), "Eq", True), (field("name"), "Eq", "a")],
                [(field("public"), "Eq", True), (field("stars"), "Eq", 1)],
            ],
        ),
    ],
)
def test_filter_has_alternatives_of_comparisons(
    oso: Oso, body: str, conditions: list[list[t.Any]]
) -> None:
    """Alternatives of comparisons, with projections of classes and values."""
    made = filter_of(oso, body)

    assert made.model is Repo
    assert [list(each) for each in made.conditions] == [
        [Condition(*test) for test in alternative] for alternative in conditions
    ]


def test_filter_has_each_join_once(oso: Oso) -> None:
    """Joins lead from class to class, each once and in order."""
    made = filter_of(oso, 'r.org.head.name = "x" and r.org.name = "y" and _ in r.issues')

    assert [(join.left, join.name, join.right) for join in made.relations] == [
        (Repo, "org", Org),
        (Org, "head", User),
        (Repo, "issues", Issue),
    ]


def test_filter_has_the_declared_fields(oso: Oso) -> None:
    """An adapter finds the declared fields by name and by class."""
    made = filter_of(oso, "r.public")

    assert made.types["Repo"].fields == made.types[Repo].fields == FIELDS


def test_authorized_resources_are_what_the_adapter_reads(oso: Oso) -> None:
    """``authorized_resources`` gives what the adapter reads."""
    oso.load_str('allow(_, "read", _: Repo);')

    (made,) = oso.authorized_resources(ANN, "read", Repo)

    assert made.conditions == [[]]


@pytest.mark.parametrize(
    "body",
    [
        "r.owner.name = r.org.head.name",
        "r.parent.public",
        "a in r.issues and b in r.issues and a.title = b.title",
    ],
)
def test_a_class_stands_for_one_row(oso: Oso, body: str) -> None:
    """A second row of a class is refused, as upstream does."""
    with pytest.raises(OperationalError, match="occurs more than once as the target of a relation"):
        filter_of(oso, body)


@pytest.mark.parametrize(
    "body", ["not _ in r.issues", "r.stars + 1 = 2", "r matches Fork", "forall(i in r.issues, i.x)"]
)
def test_what_no_filter_can_say(oso: Oso, body: str) -> None:
    """What is more than comparisons and joins is refused."""
    oso.register_class(Fork, fields={})

    with pytest.raises(UnsupportedError, match="Not supported by a filter"):
        filter_of(oso, body)


def test_columns_are_for_sqlalchemy(oso: Oso) -> None:
    """A filter is about whole rows."""
    oso.load_str('allow(_, "read", r: Repo) if r.public;')

    with pytest.raises(UnsupportedError, match="makes no columns"):
        oso.action_columns(ANN, Repo)


def test_what_is_no_class(oso: Oso) -> None:
    """A list needs a class."""
    oso.load_str('allow(_, "read", r: Repo) if r.public;')

    with pytest.raises(OsoError, match="A list needs a class, not str"):
        oso.authorized_query(ANN, "read", "Repo")
