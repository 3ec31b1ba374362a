"""Data filtering of oso 0.27.3: what its users rely on.

Where oso has a limit or a fault, the test shows what is there instead.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
from sqlalchemy import orm

from flask_oso import Oso, OsoError, Relation, Variable
from flask_oso.polar import Condition, DataAdapter, DataFilter, Projection
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import SqlAlchemyAdapter
from tests.support.answers import may_read
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """Tables without relationships of SQLAlchemy."""


class Org(Base):
    """Has repositories, and ids as users do."""

    __tablename__ = "orgs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


class User(Base):
    """Owns repositories."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]

    def can(self, repo: t.Any) -> bool:
        """Say yes to everything."""
        return True


class Repo(Base):
    """Belongs to a user and an organization, or to none, and may be a fork."""

    __tablename__ = "repos"
    __mapper_args__ = {
        "polymorphic_on": "type",
        "polymorphic_identity": "repo",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    type: orm.Mapped[str]
    name: orm.Mapped[str | None]
    stars: orm.Mapped[int]
    public: orm.Mapped[bool]
    owner_id: orm.Mapped[int | None]
    org_id: orm.Mapped[int | None]
    parent_id: orm.Mapped[int | None]


class Fork(Repo):
    """A kind of repository."""

    __mapper_args__ = {"polymorphic_identity": "fork"}


class Issue(Base):
    """Belongs to a repository."""

    __tablename__ = "issues"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    repo_id: orm.Mapped[int]


class Role(Base):
    """What a user is to a repository; its key has two columns."""

    __tablename__ = "roles"
    user_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    repo_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


REPO_FIELDS: dict[str, t.Any] = {
    "id": int,
    "name": str,
    "public": bool,
    "owner": Relation("one", "User", "owner_id", "id"),
    "org": Relation("one", "Org", "org_id", "id"),
    "parent": Relation("one", "Repo", "parent_id", "id"),
    "issues": Relation("many", "Issue", "id", "repo_id"),
    "roles": Relation("many", "Role", "id", "repo_id"),
}


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database with a few rows."""
    with open_session(Base.metadata) as session:
        session.add_all([User(id=1, name="ann"), User(id=2, name="bob"), Org(id=1, name="reef")])
        session.add(Repo(id=1, name="core", stars=1, public=True, owner_id=1, org_id=1))
        session.add(Repo(id=2, name="ios", stars=5, public=False, owner_id=2, parent_id=1))
        session.add(Fork(id=3, name=None, stars=10, public=False, parent_id=2))
        session.add_all([Issue(id=1, title="x", repo_id=1), Issue(id=2, title="y", repo_id=1)])
        session.add(Issue(id=3, title="x", repo_id=3))
        session.add_all([Role(user_id=1, repo_id=2, name="reader")])
        session.add_all([Role(user_id=1, repo_id=3, name="owner")])
        session.commit()
        yield session


def register(oso: Oso) -> Oso:
    """Register the classes as programs for oso do."""
    oso.register_class(User, fields={"id": int, "roles": Relation("many", "Role", "id", "user_id")})
    oso.register_class(Org, fields={"name": str})
    oso.register_class(Repo, fields=REPO_FIELDS)
    oso.register_class(Fork, fields=REPO_FIELDS)
    oso.register_class(Issue, fields={"repo": Relation("one", "Repo", "repo_id", "id")})
    roles = {
        "user": Relation("one", "User", "user_id", "id"),
        "repo": Relation("one", "Repo", "repo_id", "id"),
    }
    oso.register_class(Role, fields=roles)
    return oso


@pytest.fixture
def oso(session: orm.Session) -> Oso:
    """Make an Oso that reads rows through the session."""
    oso = register(Oso())
    oso.set_data_filtering_adapter(SqlAlchemyAdapter(session))
    return oso


class Filters(DataAdapter):
    """Gives filters back."""

    def build_query(self, filter: DataFilter) -> DataFilter:
        return filter

    def execute_query(self, query: DataFilter) -> t.Sequence[t.Any]:
        return [query]


def filter_of(body: str) -> DataFilter:
    """Give the filter that an adapter of a program's own is handed."""
    oso = register(Oso())
    oso.set_data_filtering_adapter(Filters())
    oso.load_str(f'allow(_u, "read", r: Repo) if {body};')
    return t.cast(DataFilter, oso.authorized_query(User(id=1), "read", Repo))


def find(oso: Oso, actor: t.Any, policy: str) -> list[int]:
    """Give the ids of the repositories that are listed, after checking each."""
    oso.load_str(policy)
    found = sorted(repo.id for repo in oso.authorized_resources(actor, "read", Repo))
    session = t.cast(SqlAlchemyAdapter, oso.host.adapter).session
    checked = [repo.id for repo in session.query(Repo) if may_read(oso, actor, repo)]
    assert found == checked
    return found


def find_if(oso: Oso, body: str) -> list[int]:
    """Give the ids of the repositories for which a condition holds if the first user asks."""
    session = t.cast(SqlAlchemyAdapter, oso.host.adapter).session
    ann = session.get(User, 1)
    return find(oso, ann, f'allow(u: User, "read", r: Repo) if u.id = 1 and {body};')


def test_relation_is_a_record() -> None:
    """A relation takes its fields by position or by keyword, and is equal by value."""
    by_keyword = Relation(kind="one", other_type="User", my_field="owner_id", other_field="id")

    assert by_keyword == Relation("one", "User", "owner_id", "id")


def test_adapter_has_two_methods() -> None:
    """Both are the subclass's to write."""
    with pytest.raises(NotImplementedError):
        DataAdapter().build_query(t.cast(t.Any, None))
    with pytest.raises(NotImplementedError):
        DataAdapter().execute_query(None)


def test_query_and_resources_are_the_adapters() -> None:
    """What ``build_query`` made is given, and what ``execute_query`` makes of it."""
    oso = register(Oso())
    oso.set_data_filtering_adapter(Filters())
    oso.load_str('allow(_, "read", r: Repo) if r.public;')

    query = oso.authorized_query("ann", "read", Repo)

    assert isinstance(query, DataFilter)
    assert oso.authorized_resources("ann", "read", Repo) == [query]


def test_filter_has_all_that_an_adapter_needs() -> None:
    """The class, the joins, the conditions, and the registered types by name and class."""
    made = filter_of('r.owner.name = "ann"')

    assert made.model is Repo
    assert [(join.left, join.name, join.right) for join in made.relations] == [
        (Repo, "owner", User)
    ]
    assert made.conditions == [[Condition(Projection(User, "name"), "Eq", "ann")]]
    assert made.types["Repo"] == made.types[Repo]
    assert made.types[Repo].fields["owner"] == REPO_FIELDS["owner"]


@pytest.mark.parametrize(
    ("body", "conditions"),
    [
        ("r = r", [[]]),
        ("r.id = 1 and 1 = 2", [[Condition(True, "Eq", False)]]),
        ("r.owner = nil", [[Condition(Projection(Repo, "owner_id"), "Eq", None)]]),
    ],
)
def test_conditions_of_all_and_of_nothing(body: str, conditions: list[list[Condition]]) -> None:
    """Every row is one empty alternative, no row a condition that is false."""
    assert filter_of(body).conditions == conditions


def test_rows_are_compared_without_a_field() -> None:
    """The identity of a row is a projection of its class."""
    ((condition,),) = filter_of("r.owner = _u").conditions

    assert (condition.left, condition.cmp) == (Projection(User, None), "Eq")
    assert isinstance(condition.right, User)


@pytest.mark.parametrize(
    ("body", "signs"),
    [
        ("r.stars = 3", {"Eq"}),
        ("r.stars != 3", {"Neq"}),
        ('"a" in r.name', {"In"}),
        ("r.stars < 3", {"Lt"}),
        ("r.stars <= 3", {"Leq"}),
        ("not r.stars < 3", {"Geq"}),
        ("r.stars in [1, 2]", {"Eq"}),
    ],
)
def test_signs_of_conditions(body: str, signs: set[str]) -> None:
    """Signs are those of oso; orderings have their sides as the policy has them."""
    made = filter_of(body)

    assert {test.cmp for alternative in made.conditions for test in alternative} == signs


def test_query_goes_on(oso: Oso) -> None:
    """'authorized_query' gives a query of the session, to which callers chain what they want."""
    oso.load_str('allow(_, "read", r: Repo) if r.stars < 10;')
    query = oso.authorized_query("ann", "read", Repo)

    assert isinstance(query, orm.Query)
    assert query.filter(Repo.public).count() == 1
    assert [repo.id for repo in query.order_by(Repo.stars.desc())] == [2, 1]


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ('r.name = "core"', [1]),
        ('r.name != "core"', [2, 3]),
        ("r.name = nil", [3]),
        ("r.name != nil", [1, 2]),
        ("r.stars = r.id", [1]),
        ("r.public", [1]),
        ('r matches Repo{name: "ios"}', [2]),
        ("r matches {public: true}", [1]),
    ],
)
def test_conditions_on_fields(oso: Oso, body: str, ids: list[int]) -> None:
    """Equality, nil, fields with fields, flags and patterns."""
    assert find_if(oso, body) == ids


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ('(r.name = "core" or r.stars = 10)', [1, 3]),
        ('r.name in ["core", "ios"]', [1, 2]),
        ("r.name in []", []),
        ("r.stars in [u.id, 5]", [1, 2]),
    ],
)
def test_alternatives_in_one_query(oso: Oso, body: str, ids: list[int]) -> None:
    """``or``, lists, and several rules."""
    assert find_if(oso, body) == ids


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("r.owner = u", [1]),
        ('r.org.name = "reef"', [1]),
        ("r.parent.owner = u", [2]),
        ("r matches Repo{owner: u}", [1]),
        ('i in r.issues and i.title = "x"', [1, 3]),
        ("_ in r.issues", [1, 3]),
    ],
)
def test_relations_to_one_and_to_many(oso: Oso, body: str, ids: list[int]) -> None:
    """Relations to one and to many, and paths over several, are joined."""
    assert find_if(oso, body) == ids


@pytest.mark.parametrize(
    "policy",
    [
        'allow(u, "read", r: Repo) if role in r.roles and role.user = u;',
        'allow(u, "read", r: Repo) if role in u.roles and role.repo = r;',
        """
        actor User {}
        resource Repo { roles = ["reader", "owner"]; permissions = ["read"];
          "read" if "reader"; "reader" if "owner"; }
        has_role(u: User, name: String, r: Repo) if
          role in r.roles and role.user = u and role.name = name;
        allow(a, b, c) if has_permission(a, b, c);
        """,
    ],
    ids=["of the resource", "of the actor", "blocks"],
)
def test_roles_of_organizations_and_repositories(
    oso: Oso, session: orm.Session, policy: str
) -> None:
    """Roles in a table make a list from both sides, and in blocks."""
    assert find(oso, session.get(User, 1), policy) == [2, 3]


def test_resource_itself(oso: Oso, session: orm.Session) -> None:
    """A resource that is the actor is found by its key."""
    assert find(oso, session.get(Repo, 2), 'allow(r, "read", r);') == [2]
    assert find_if_again(oso, "role in u.roles and r in [role.repo]") == [2, 3]


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ('not r.name = "core"', [2, 3]),
        ("not r.stars == 1", [2, 3]),
        ("not r.stars != 1", [1]),
        ('not (r.name = "core" or r.stars = 10)', [2]),
        ('not (r.name = "core" and r.stars = 1)', [2, 3]),
    ],
)
def test_negation_is_that_of_a_check(oso: Oso, body: str, ids: list[int]) -> None:
    """``not`` of comparisons, and of what joins them."""
    assert find_if(oso, body) == ids


def test_double_equals(oso: Oso) -> None:
    """``==`` of a field finds the rows that have the value; oso raises."""
    assert find_if(oso, "r.stars == 5") == [2]


@pytest.mark.parametrize(
    ("body", "ids"), [("r.stars < 5", [1]), ("r.stars >= 5", [2, 3]), ("5 < r.stars", [3])]
)
def test_ordering_of_a_field_finds_rows(oso: Oso, body: str, ids: list[int]) -> None:
    """Orderings of a field find the rows that have such values; oso finds none."""
    assert find_if(oso, body) == ids


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("not r.public", [2, 3]),
        ("not r.stars in [1, 5]", [3]),
        ("not is_fork(r)", [1, 2]),
    ],
)
def test_negations_that_oso_refuses(oso: Oso, body: str, ids: list[int]) -> None:
    """Of flags, memberships and rules with specializers."""
    session = t.cast(SqlAlchemyAdapter, oso.host.adapter).session
    policy = f'allow(_, "read", r: Repo) if {body}; is_fork(_: Fork);'

    assert find(oso, session.get(User, 1), policy) == ids


def test_arithmetic_and_methods(oso: Oso) -> None:
    """Oso refuses both; here integers are calculated with, and methods refused."""
    assert find_if(oso, "r.stars + 1 = 2") == [1]
    oso.load_str('allow(_, "read", r: Repo) if r.save();', replace=True)

    with pytest.raises(UnsupportedError, match="the method 'save' needs a row"):
        oso.authorized_query("ann", "read", Repo)


@pytest.mark.parametrize(
    ("body", "ids"),
    [("r.parent.public", [2]), ("(r.owner = u or r.parent.owner = u)", [1, 2])],
)
def test_a_class_twice(oso: Oso, body: str, ids: list[int]) -> None:
    """Relations of a class to itself, and two ways to one class."""
    assert find_if(oso, body) == ids


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ('forall(i in r.issues, i.title = "x")', [2, 3]),
        ('not (i in r.issues and i.title = "y")', [2, 3]),
        ("role in r.roles and other in role.user.roles and other.repo_id = 3", [2, 3]),
    ],
)
def test_all_none_and_chains(oso: Oso, body: str, ids: list[int]) -> None:
    """``forall``, ``not`` and chains of relations make a list."""
    assert find_if(oso, body) == ids


def test_undeclared_fields(oso: Oso) -> None:
    """A column need not be declared; what the class does not have is named."""
    assert find_if(oso, "r.owner_id = 2") == [2]
    oso.load_str('allow(_, "read", r: Repo) if r.undeclared.name = 1;', replace=True)

    with pytest.raises(OsoError, match=r"undeclared"):
        oso.authorized_query("ann", "read", Repo)


def test_without_an_adapter_or_a_class() -> None:
    """Each is a sentence that says what to call."""
    oso = Oso()
    oso.load_str("allow(_, _, _);")

    with pytest.raises(OsoError, match=r"No models are registered.*Call 'register_models'"):
        oso.authorized_query("ann", "read", Repo)
    with pytest.raises(OsoError, match=r"No adapter reads rows\. Set one with"):
        oso.authorized_resources("ann", "read", Repo)
    oso.set_data_filtering_adapter(Filters())
    with pytest.raises(OsoError, match=r"'Repo' is not registered\. Call 'register_models'"):
        oso.authorized_query("ann", "read", Repo)


def test_relations_are_read(oso: Oso, session: orm.Session) -> None:
    """In a decision a relation gives its row, or a list of rows."""
    oso.load_str("f(r, r.owner); g(r, r.issues);")
    repo = session.get(Repo, 1)

    ((owner,), (issues,)) = (
        [each["bindings"]["x"] for each in oso.query_rule(name, repo, Variable("x"))]
        for name in "fg"
    )

    assert owner is session.get(User, 1)
    assert [issue.id for issue in issues] == [1, 2]


def test_one_without_a_row(oso: Oso) -> None:
    """A relation to one without a row is nil; in oso it is an ``AssertionError``."""
    assert find_if(oso, "r.owner = nil") == [3]


def test_rule_for_a_subclass_allows_no_other_row(oso: Oso, session: orm.Session) -> None:
    """A rule for a subclass allows no row of the base class."""
    assert find(oso, session.get(User, 1), 'allow(_, "read", _: Fork);') == [3]


def test_identity_has_a_class(oso: Oso, session: orm.Session) -> None:
    """Neither an organization nor a number is the user of the same id."""
    policy = 'allow(actor, "read", r: Repo) if r.owner = actor;'

    assert find(oso, session.get(User, 1), policy) == [1]
    oso.clear_rules()
    assert find(oso, session.get(Org, 1), policy) == []
    oso.clear_rules()
    assert find(oso, 1, policy) == []


def test_whole_keys(oso: Oso, session: orm.Session) -> None:
    """Of a key of two columns, both have to be the same."""
    role = session.get(Role, (1, 2))
    oso.load_str('allow(role, "read", role: Role);')

    assert oso.authorized_resources(role, "read", Role) == [role]


def test_joins_hide_nothing(oso: Oso, session: orm.Session) -> None:
    """A row without an owner, which one rule allows, is found beside a rule about owners."""
    policy = 'allow(_, "read", r) if r.stars = 10; allow(u, "read", r) if r.owner = u;'

    assert find(oso, session.get(User, 1), policy) == [1, 3]


def test_membership_is_that_of_a_check(oso: Oso) -> None:
    """A character in a column, and an object that is not in a relation."""
    assert find_if(oso, 'r.name != nil and "c" in r.name') == [1]
    assert find_if_again(oso, "not (role in r.roles and role.user = u)") == [1]


def find_if_again(oso: Oso, body: str) -> list[int]:
    """Ask under another policy."""
    oso.clear_rules()
    return find_if(oso, body)


def test_cut_is_refused(oso: Oso) -> None:
    """A cut is refused: it would choose among rules for all rows at once."""
    oso.load_str('allow(_, "read", r: Repo) if r.public and cut;')

    with pytest.raises(UnsupportedError, match="a cut chooses among rules"):
        oso.authorized_query("ann", "read", Repo)


EXPLAINED = """
===Data Filtering Query===

==Bindings==
exists(repo.owner: repo.owner = <User object> and repo.owner.name = "ann")
repo.public = true and repo.stars < 3

==Filter==
query Repo
join
    Repo.owner -> User
where
    exists(repo.owner: repo.owner = <User object> and repo.owner.name = "ann")
  OR
    repo.public = true AND
    repo.stars < 3

"""


def test_condition_is_printed_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With POLAR_EXPLAIN each list prints its condition to standard error, without objects."""
    monkeypatch.setenv("POLAR_EXPLAIN", "")
    oso = register(Oso())
    oso.set_data_filtering_adapter(Filters())
    oso.load_str(
        'allow(u, "read", r: Repo) if r.owner = u and r.owner.name = "ann";'
        'allow(_, "read", r: Repo) if r.public and r.stars < 3;'
    )

    oso.authorized_query(User(id=1, name="ann"), "read", Repo)

    assert capsys.readouterr().err == EXPLAINED


def test_what_cannot_be_said_raises(oso: Oso) -> None:
    """What cannot be said in SQL raises, since a list is never wider than the decisions."""
    oso.load_str('allow(_, "read", r: Repo) if r.public; allow(_, "read", r: Repo) if r.f();')

    with pytest.raises(UnsupportedError, match="the method 'f' needs a row"):
        oso.authorized_query("ann", "read", Repo)


def test_names_of_older_versions() -> None:
    """``build_query`` of a class is an unknown argument, as in oso 0.27.3."""
    register_class: t.Any = Oso().register_class

    with pytest.raises(TypeError, match="unexpected keyword argument 'build_query'"):
        register_class(Repo, build_query=print)


def test_methods_never_see_a_variable(oso: Oso, session: orm.Session) -> None:
    """What a method would say of a row cannot be asked without one."""
    oso.load_str('allow(u: User, "read", r: Repo) if u.can(r);')

    with pytest.raises(UnsupportedError, match="cannot be asked about rows that are not"):
        oso.authorized_query(session.get(User, 1), "read", Repo)
