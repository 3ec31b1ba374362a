"""Relations: what describes them, and what ``x.name`` gives when one is declared."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso, Relation, Variable
from flask_oso.polar import Condition, DataAdapter, DataFilter, Projection, TypeConstraint
from flask_oso.polar.exceptions import InvalidCallError, PolarRuntimeError, UnregisteredClassError


class Org:
    """What a repository belongs to."""

    def __init__(self, id: int = 1, name: str = "reef") -> None:
        self.id = id
        self.name = name


class Repo:
    """Has a relation, and an attribute of the same name."""

    org = "an attribute"

    def __init__(self, org_id: int | None = 1) -> None:
        self.org_id = org_id


class Fork(Repo):
    """A repository that declares nothing itself."""


class Rows(DataAdapter):
    """Answers every filter with the same rows, and keeps the filters."""

    def __init__(self, *rows: t.Any) -> None:
        self.rows = rows
        self.filters: list[DataFilter] = []

    def build_query(self, filter: DataFilter) -> DataFilter:
        self.filters.append(filter)
        return filter

    def execute_query(self, query: DataFilter) -> t.Sequence[t.Any]:
        assert query is self.filters[-1]
        return self.rows


class Broken(DataAdapter):
    """Fails when it is asked."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def build_query(self, filter: DataFilter) -> t.Any:
        raise self.error


TO_ORG = Relation("one", "Org", "org_id", "id")


def make_oso(
    policy: str, adapter: DataAdapter | None, relation: t.Any = TO_ORG, *, other: str = "Org"
) -> Oso:
    """Make an Oso in which ``Repo.org`` is a relation."""
    oso = Oso()
    oso.register_class(Repo, fields={"org": relation})
    oso.register_class(Fork)
    oso.register_class(Org, name=other, fields={"name": str})
    if adapter is not None:
        oso.set_data_filtering_adapter(adapter)
    oso.load_str(policy)
    return oso


# -- what describes them -----------------------------------------------------------------


def test_relation_is_a_dataclass() -> None:
    """Positional or by name, compared by value, changeable."""
    relation = Relation("one", "Org", "org_id", "id")

    assert relation == Relation(kind="one", other_type="Org", my_field="org_id", other_field="id")
    assert relation != Relation("many", "Org", "org_id", "id")
    assert repr(relation) == (
        "Relation(kind='one', other_type='Org', my_field='org_id', other_field='id')"
    )


@pytest.mark.parametrize("method", ["build_query", "execute_query"])
def test_adapter_is_abstract(method: str) -> None:
    """A method that a subclass leaves out is not silently empty."""
    with pytest.raises(NotImplementedError):
        getattr(DataAdapter(), method)(None)


def test_adapter_is_of_one_oso() -> None:
    """Setting an adapter gives nothing back and touches no other Oso."""
    adapter, oso = Rows(), Oso()

    assert oso.set_data_filtering_adapter(adapter) is None
    assert oso.host.adapter is adapter
    assert Oso().host.adapter is None


def test_host_knows_types_by_name_and_class() -> None:
    """``oso.host.types`` is what other libraries ask for what is registered."""
    oso = make_oso("allow(1, 2, 3);", None)

    assert oso.host.types["Repo"] is oso.host.types[Repo]
    assert oso.host.types[Repo].name == "Repo"
    assert oso.host.types["Repo"].cls is Repo
    assert oso.host.types["Repo"].fields == {"org": TO_ORG}
    assert "Integer" in oso.host.types
    assert "Nope" not in oso.host.types


@pytest.mark.parametrize(
    ("cls", "declared", "found"),
    [(Repo, TO_ORG, Org), (Repo, Relation("many", "Org", "a", "b"), list), (Repo, int, int)],
)
def test_host_get_field(cls: type, declared: t.Any, found: type) -> None:
    """The declared type of a field: a class, the other side of a relation, or a list."""
    oso = make_oso("allow(1, 2, 3);", None, declared)

    assert oso.host.get_field(cls, "org") is found


@pytest.mark.parametrize(
    ("cls", "name", "declared", "text"),
    [
        (Repo, "zz", TO_ORG, "No field zz on Repo"),
        (dict, "zz", TO_ORG, "No field zz on dict"),
        (set, "zz", TO_ORG, "No type information for Python class set"),
        (Repo, "org", Relation("weird", "Org", "a", "b"), "Invalid kind weird"),
        (Repo, "org", "Org", "Field org on Repo is no class and no Relation"),
    ],
)
def test_host_get_field_fails(cls: type, name: str, declared: t.Any, text: str) -> None:
    """What is wrong with a declaration shows when it is needed, not when it is made."""
    oso = make_oso("allow(1, 2, 3);", None, declared)

    with pytest.raises(PolarRuntimeError) as caught:
        oso.host.get_field(cls, name)

    assert str(caught.value) == text


def test_host_get_field_of_an_unknown_class() -> None:
    """A relation may name a class before it is registered."""
    oso = make_oso("allow(1, 2, 3);", None, other="Other")

    with pytest.raises(UnregisteredClassError, match=r"^Org$"):
        oso.host.get_field(Repo, "org")


# -- what programs assign to get_field ---------------------------------------------------

FIELD_POLICY = "allow(_, _, r: Repo) if r.org matches Org;"


def find_rows(oso: Oso) -> int:
    """Count the ways in which a repository that is not known may be allowed."""
    bindings = {"row": TypeConstraint(Variable("row"), "Repo")}
    query = oso.query_rule(
        "allow", 1, 2, Variable("row"), bindings=bindings, accept_expression=True
    )
    return len([*query])


@pytest.mark.parametrize(("found", "count"), [(Org, 1), (object, 1), (int, 0), (list, 0)])
def test_assigned_get_field_tells_the_class_of_a_field(found: type, count: int) -> None:
    """``oso.host.get_field = f`` takes the place of what was declared with the class."""
    oso = make_oso(FIELD_POLICY, None, int)
    fields: dict[tuple[type, str], type] = {(Repo, "org"): found}

    oso.host.get_field = lambda cls, name: fields[cls, name]

    assert find_rows(oso) == count


@pytest.mark.parametrize(("kind", "count"), [("List", 1), ("Dictionary", 1), ("Integer", 1)])
def test_assigned_get_field_under_a_negation(kind: str, count: int) -> None:
    """The class of the rows says nothing about the collection that they are in."""
    oso = make_oso(f"allow(_, _, r: Repo) if not r.org matches {kind};", None, int)
    oso.host.get_field = lambda cls, name: Org

    assert find_rows(oso) == count


def test_assigned_get_field_outlives_a_registration() -> None:
    """It may be assigned before the classes are registered, or between them."""
    oso = Oso()
    oso.host.get_field = lambda cls, name: Org
    oso.register_class(Repo)
    oso.register_class(Org)
    oso.load_str(FIELD_POLICY)

    assert find_rows(oso) == 1


def test_assigned_get_field_is_in_force_for_a_host_of_before() -> None:
    """Who kept ``oso.host`` sets it for the policy, and not for a host that nobody asks."""
    oso = make_oso(FIELD_POLICY, None, int)
    host = oso.host
    oso.register_constant(1, "one")

    host.get_field = lambda cls, name: Org

    assert find_rows(oso) == 1


def test_assigned_get_field_can_be_read() -> None:
    """A program may wrap what it finds."""
    oso = Oso()

    def lookup(cls: type, name: str) -> type:
        return Org

    oso.host.get_field = lookup

    assert oso.host.get_field is lookup


def test_assigned_get_field_is_of_one_oso() -> None:
    """Another policy of the process keeps its declarations."""
    oso, other = make_oso(FIELD_POLICY, None), make_oso(FIELD_POLICY, None)

    oso.host.get_field = lambda cls, name: int

    assert find_rows(oso) == 0
    assert find_rows(other) == 1


def test_get_field_can_be_put_back() -> None:
    """What stood there before knows the classes that have been registered meanwhile."""
    oso = Oso()
    before = oso.host.get_field
    oso.host.get_field = lambda cls, name: int
    oso.register_class(Repo, fields={"org": Org})
    oso.host.get_field = before

    assert oso.host.get_field(Repo, "org") is Org


@pytest.mark.parametrize("error", [KeyError("org"), ZeroDivisionError(), AttributeError("org")])
def test_assigned_get_field_that_fails(error: Exception) -> None:
    """Its error is raised: a field of which nothing is known is not taken to match or not."""
    oso = make_oso(FIELD_POLICY, None)

    def fail(cls: type, name: str) -> type:
        raise error

    oso.host.get_field = fail

    with pytest.raises(type(error)):
        find_rows(oso)


def test_assigned_get_field_that_returns_no_class() -> None:
    """A value that is no class is an error, and the message says of which field."""
    oso = make_oso(FIELD_POLICY, None)
    oso.host.get_field = lambda cls, name: "Org"

    with pytest.raises(
        TypeError, match=r"^'get_field' returned a str for Repo\.org\. Return a class\.$"
    ):
        find_rows(oso)


@pytest.mark.parametrize("name", ["classes", "declared_field", "nope"])
def test_host_accepts_no_other_assignment(name: str) -> None:
    """Everything else of a host stays as it is."""
    with pytest.raises(AttributeError):
        setattr(Oso().host, name, {})


# -- what they give ----------------------------------------------------------------------


def test_one_gives_the_row() -> None:
    """The adapter is asked for the rows whose field equals ours; an attribute is hidden."""
    adapter = Rows(Org())
    oso = make_oso('allow(_, _, r: Repo) if r.org.name = "reef";', adapter)

    assert oso.is_allowed(1, 2, Repo(7))
    (asked,) = adapter.filters
    assert asked.model is Org
    assert asked.relations == []
    assert asked.conditions == [[Condition(Projection(Org, "id"), "Eq", 7)]]
    assert asked.types["Org"].cls is Org


@pytest.mark.parametrize("org_id", [7, None])
def test_one_without_a_row_is_nil(org_id: int | None) -> None:
    """A missing row and a foreign key that is NULL are ``nil``, as in a database."""
    oso = make_oso("allow(_, _, r: Repo) if r.org = nil;", Rows())

    assert oso.is_allowed(1, 2, Repo(org_id))


def test_null_key_is_not_asked_for() -> None:
    """Rows whose other field is NULL, too, are not related."""
    adapter = Rows(Org())
    oso = make_oso(
        "allow(_, _, r: Repo) if _ in r.org;", adapter, Relation("many", "Org", "org_id", "id")
    )

    assert not oso.is_allowed(1, 2, Repo(None))
    assert adapter.filters == []


def test_many_gives_a_list() -> None:
    """All rows, none included; whatever sequence the adapter makes."""
    policy = 'allow(_, "count", r: Repo) if [_, _] = r.org; allow(_, "any", r: Repo) if _ in r.org;'
    many = Relation("many", "Org", "org_id", "id")

    assert make_oso(policy, Rows(Org(), Org()), many).is_allowed(1, "count", Repo())
    assert not make_oso(policy, Rows(), many).is_allowed(1, "any", Repo())


def test_relation_in_a_pattern() -> None:
    """The field of a pattern is read in the same way."""
    oso = make_oso("allow(org, _, _: Repo{org: org});", Rows(org := Org()))

    assert oso.is_allowed(org, 2, Repo())
    assert not oso.is_allowed(Org(2), 2, Repo())


def test_relation_through_a_computed_name() -> None:
    """``x.(name)`` reads a relation."""
    oso = make_oso('allow(_, name, r: Repo) if r.(name).name = "reef";', Rows(Org()))

    assert oso.is_allowed(1, "org", Repo())


def test_relation_is_of_the_exact_class() -> None:
    """A subclass that declares nothing has the attribute of its class."""
    oso = make_oso('allow(_, _, r: Repo) if r.org = "an attribute";', Rows(Org()))

    assert oso.is_allowed(1, 2, Fork())


def test_relation_cannot_be_called() -> None:
    """What it leads to is no method."""
    oso = make_oso("allow(_, _, r: Repo) if r.org();", Rows(Org()))

    with pytest.raises(InvalidCallError, match="tried to call 'org' but it is not callable"):
        oso.is_allowed(1, 2, Repo())


@pytest.mark.parametrize(
    "policy",
    [
        "allow(_, _, r: Repo) if r.org.public;",
        "allow(_, _, r: Repo) if not r.org = nil;",
        "allow(_, _, _: Repo{org: nil});",
        "allow(_, _, r: Repo) if not r matches Repo{org: nil};",
    ],
)
@pytest.mark.parametrize(
    ("adapter", "relation", "fact", "remedy"),
    [
        (
            None,
            TO_ORG,
            "No adapter reads the relation 'org' of 'Repo'",
            "Set one with 'set_data_filtering_adapter'.",
        ),
        (
            Rows(Org(), Org()),
            TO_ORG,
            "The relation 'org' of 'Repo' has 2 rows where its kind is 'one'",
            "Declare it as 'many', or compare a field that is unique.",
        ),
        (
            Rows(Org()),
            Relation("weird", "Org", "org_id", "id"),
            "Invalid kind 'weird' of the relation 'org' of 'Repo'",
            "The kind is 'one' or 'many'.",
        ),
        (
            Rows(Org()),
            Relation("one", "Nope", "org_id", "id"),
            "The relation 'org' of 'Repo' leads to 'Nope', which is not the name of a"
            " registered class",
            "Register the class under this name.",
        ),
        (
            Rows(Org()),
            Relation("one", "Org", "missing", "id"),
            "The relation 'org' of 'Repo' cannot be followed: 'Repo' object has no attribute"
            " 'missing'",
            "",
        ),
        (
            Broken(AttributeError("inside")),
            TO_ORG,
            "The relation 'org' of 'Repo' cannot be followed: inside",
            "",
        ),
    ],
)
def test_relation_cannot_be_followed(
    policy: str, adapter: DataAdapter | None, relation: Relation, fact: str, remedy: str
) -> None:
    """A relation that cannot be followed is an error with its place, under ``not`` and in
    patterns.
    """
    oso = make_oso(policy, adapter, relation)

    with pytest.raises(PolarRuntimeError) as caught:
        oso.is_allowed(1, 2, Repo())

    assert f"Application error: {fact} at line 1, column " in str(caught.value)
    assert str(caught.value).endswith(f"^\n{remedy}\n" if remedy else "^\n")


def test_errors_of_an_adapter_are_raised() -> None:
    """A database that is down is no denial."""
    oso = make_oso("allow(_, _, r: Repo) if not r.org = nil;", Broken(ValueError("down")))

    with pytest.raises(ValueError, match=r"^down$"):
        oso.is_allowed(1, 2, Repo())


# -- what can be told of a field ---------------------------------------------------------


def ask(policy: str) -> list[t.Any]:
    """Ask for what is left of ``f(x)`` when ``x`` is only known to be a repository."""
    oso = make_oso(policy, None)
    results = oso.query_rule(
        "f",
        Variable("x"),
        bindings={"x": TypeConstraint(Variable("x"), "Repo")},
        accept_expression=True,
    )
    return [result["bindings"]["x"] for result in results]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("x.org matches Org", 1),
        ("x.org matches Repo", 0),
        ("x.org.name matches String", 1),
        ("x.org.name matches Integer", 0),
        ("g(x.org.name)", 1),
        ("not x.org matches Repo", 1),
    ],
)
def test_declared_type_decides(body: str, count: int) -> None:
    """A field that is declared to be of another class does not match."""
    assert len(ask(f"f(x) if {body}; g(_: String); g(_: Integer);")) == count


def test_declared_type_may_be_wider() -> None:
    """A field declared as a class may hold an object of a subclass."""
    oso = Oso()
    oso.register_class(Org, fields={"main": Repo})
    oso.register_class(Repo)
    oso.register_class(Fork)
    oso.load_str("f(x: Org) if x.main matches Fork;")

    results = oso.query_rule("f", Variable("x"), accept_expression=True)

    assert len(list(results)) == 1


@pytest.mark.parametrize("body", ["x.zz matches Org", "x.org.zz matches Org"])
def test_undeclared_field_is_an_error(body: str) -> None:
    """Where a class is asked for, nothing is guessed."""
    with pytest.raises(PolarRuntimeError, match=r"^No field zz on \w+ at line 1, column 9:\n"):
        ask(f"f(x) if {body};")
