"""Mapped classes that are registered one by one: rows are plain data, and equal themselves."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.row_keys import LoadedRows
from tests.support.answers import outcome_of, specialized
from tests.support.models.gallery import Base, Charity, Member, Org, Project, User, counted
from tests.support.models.people import Thing
from tests.support.policies import make_oso

#: What an 'allow(u: User, "read", p: Project)' asks.
CONDITIONS = {
    "owner": "p.owner = u",
    "level": "u.level > 1",
    "double": "u.double = 4",
    "list": 'm in u.members and m.role = "admin"',
    "member": "m in u.members and m.project = p",
    "org": "u.org = p.org",
    "differs": "p.owner != u",
    "pattern": "p matches {owner: u}",
    "by key": "p.owner_id = u.id",
    "in a list": "u in [p.owner, u.org]",
    "charity": "o = p.org and o matches Charity and o = u.org",
    "chain": "owns(u, p)",
    "not": "not p.owner = u",
}
OWNS = """
owns(u: User, p: Project) if p.owner = u;
owns(u: User, p: Project) if p.parent != nil and owns(u, p.parent);
"""


def rule_of(name: str) -> str:
    return f'allow(u: User, "read", p: Project) if p = p and u = u and {CONDITIONS[name]}; {OWNS}'


def load(policy: str, *, compiled: bool = True) -> Oso:
    """Register each class by itself, as in a program for oso."""
    return make_oso(policy, User, Project, Org, Charity, Member, compiled=compiled)


def load_solver(policy: str, monkeypatch: pytest.MonkeyPatch) -> Oso:
    """Let the solver answer, which knows nothing of rows."""
    with monkeypatch.context() as patch:
        patch.setattr("flask_oso.oso.is_mapped", lambda _cls: False)
        return load(policy, compiled=False)


@pytest.fixture
def session(sqlite: sa.Engine) -> Iterator[orm.Session]:
    """Open a database with a few rows."""
    Base.metadata.create_all(sqlite)
    with orm.Session(sqlite, expire_on_commit=False) as session:
        session.add_all([Org(id=1), Charity(id=2), User(id=1, level=2, org_id=1)])
        session.add_all([User(id=2, org_id=2), User(id=3), Project(id=1, owner_id=1, org_id=1)])
        session.add_all([Project(id=2, owner_id=2, org_id=2, parent_id=1), Project(id=3)])
        session.add_all([Member(id=1, role="admin", user_id=1, project_id=1, shouted=1)])
        session.commit()
        session.expunge_all()
        yield session


def load_all(user: User, project: Project) -> None:
    """Read what the policies here read."""
    here: Project | None = project
    while here is not None:
        _, _, here = here.owner, here.org, here.parent
    _ = user.org, user.level, user.double, [member.project for member in user.members]


@pytest.mark.parametrize("rule", sorted(CONDITIONS))
@pytest.mark.parametrize("project_id", [1, 2, 3])
@pytest.mark.parametrize("user_id", [1, 2, 3])
def test_loaded_rows_are_answered_by_one_function(
    session: orm.Session,
    monkeypatch: pytest.MonkeyPatch,
    rule: str,
    user_id: int,
    project_id: int,
) -> None:
    """A specialization gives the answer of a solver that compares rows as Python does."""
    oso, solver = load(rule_of(rule)), load_solver(rule_of(rule), monkeypatch)
    user, project = session.get_one(User, user_id), session.get_one(Project, project_id)
    load_all(user, project)

    answer = specialized(oso.engine, user, "read", project)

    assert solver.host.identities is None
    assert answer is solver.is_allowed(user, "read", project)


@pytest.mark.each(3)
@pytest.mark.parametrize("rule", sorted(CONDITIONS))
@pytest.mark.parametrize("is_expired", [False, True])
@pytest.mark.parametrize(("user_id", "project_id"), [(1, 1), (1, 2), (2, 2), (3, 3)])
def test_rows_that_are_not_loaded_get_the_same_answer(
    session: orm.Session,
    monkeypatch: pytest.MonkeyPatch,
    rule: str,
    is_expired: bool,
    user_id: int,
    project_id: int,
) -> None:
    """What is missing is read, as by a solver that knows nothing of rows."""
    answers = []
    for oso in (load(rule_of(rule)), load_solver(rule_of(rule), monkeypatch)):
        session.expunge_all()
        user, project = session.get_one(User, user_id), session.get_one(Project, project_id)
        if is_expired:
            session.expire_all()
        answers.append(oso.is_allowed(user, "read", project))

    assert answers[0] is answers[1]


def test_rows_of_two_sessions_are_two(session: orm.Session) -> None:
    """Without 'register_models' the key decides nothing: two objects are equal as Python says."""
    oso = load(rule_of("owner"))
    project = session.get_one(Project, 1)
    with orm.Session(session.get_bind()) as another:
        users = [project.owner, another.get_one(User, 1)]

        answers = [oso.is_allowed(user, "read", project) for user in users]

    assert answers == [True, False]


def test_detached_row_raises_what_sqlalchemy_raises(session: orm.Session) -> None:
    """A relation that cannot be read is the same error for the compiled rules and the solver."""
    user, project = session.get_one(User, 1), session.get_one(Project, 1)
    session.expunge_all()

    outcomes = [
        outcome_of(load(rule_of("owner"), compiled=compiled), user, "read", project)[0]
        for compiled in (True, False)
    ]

    assert outcomes == [orm.exc.DetachedInstanceError] * 2


def test_relation_that_is_loaded_is_not_read_again(session: orm.Session) -> None:
    """No statement is made for what a row has."""
    oso = load(rule_of("chain"))
    user, project = session.get_one(User, 1), session.get_one(Project, 2)
    load_all(user, project)
    with counted(t.cast(sa.Engine, session.get_bind())) as statements:
        answer = oso.is_allowed(user, "read", project)

    assert (answer, statements) == (True, [])


def test_registered_models_are_compared_by_keys() -> None:
    """'register_models' adds that, in any order."""
    oso, other = load(""), Oso()
    register_models(oso, Base)
    register_models(other, [Org])
    other.register_class(User)

    assert oso.host.has_keys(User)
    assert other.host.has_keys(User)


def test_other_classes_need_no_rows() -> None:
    """A class that is not mapped changes nothing."""
    oso = Oso()
    oso.register_class(Thing)

    assert oso.host.identities is None


def test_class_that_derives_from_a_mapped_one_is_known() -> None:
    """The class of the rows counts, and those that derive from it."""

    class Guest(User):
        """Has no table of its own."""

    oso = Oso()
    oso.register_class(Guest)

    assert isinstance(oso.host.identities, LoadedRows)


class OwnBase(orm.MappedAsDataclass, orm.DeclarativeBase):
    """The tables of classes that compare by themselves."""


class Card(OwnBase):
    """Equals all cards with its fields: a dataclass."""

    __tablename__ = "cards"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    colour: orm.Mapped[str]


class Coin(OwnBase, eq=False):
    """Equals all coins of its value."""

    __tablename__ = "coins"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    value: orm.Mapped[int]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Coin) and other.value == self.value

    def __hash__(self) -> int:
        return self.value


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        (Card(id=1, colour="red"), Card(id=1, colour="red"), True),
        (Card(id=1, colour="red"), Card(id=1, colour="blue"), False),
        (Coin(id=1, value=5), Coin(id=2, value=5), True),
        (Coin(id=1, value=5), Coin(id=1, value=6), False),
        (Coin(id=1, value=5), Card(id=1, colour="red"), False),
    ],
)
@pytest.mark.parametrize("compiled", [True, False])
def test_own_equality_of_a_class_counts(
    one: t.Any, other: t.Any, are_equal: bool, compiled: bool
) -> None:
    """Mapped classes with an '__eq__' are compared by it."""
    oso = Oso(compiled=compiled)
    for cls in (Card, Coin, Thing):
        oso.register_class(cls)
    oso.load_str(
        'allow(t: Thing, "read", x) if t.of = x; allow(t: Thing, "list", x) if x in t.all;'
    )
    asking = Thing(of=one, all=[one])

    assert [oso.is_allowed(asking, action, other) for action in ("read", "list")] == [are_equal] * 2
