"""An actor whose relations were loaded in part: the list has what a check of the actor allows."""

from __future__ import annotations

import functools
import sys
import types
import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import attributes
from sqlalchemy.util import concurrency

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.mapped import loaded, relationships
from tests.support.answers import may_read
from tests.support.databases import open_database
from tests.support.models.links import link_table


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


members = link_table(Base, "members", user_id="users.id", team_id="teams.id")


class Org(Base):
    """Has users and posts."""

    __tablename__ = "orgs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    open: orm.Mapped[bool]
    posts: orm.Mapped[list[Post]] = orm.relationship(back_populates="org")


class Team(Base):
    """Has users and posts."""

    __tablename__ = "teams"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    posts: orm.Mapped[list[Post]] = orm.relationship(back_populates="team")


class User(Base):
    """Somebody who asks."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()
    roles: orm.Mapped[list[Role]] = orm.relationship(back_populates="user", order_by="Role.id")
    teams: orm.Mapped[list[Team]] = orm.relationship(secondary=members)
    card: orm.Mapped[Card | None] = orm.relationship(back_populates="user")


class Card(Base):
    """Of one user."""

    __tablename__ = "cards"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    valid: orm.Mapped[bool]
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), unique=True)
    user: orm.Mapped[User] = orm.relationship(back_populates="card")


class Post(Base):
    """What is listed."""

    __tablename__ = "posts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    team_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    org: orm.Mapped[Org | None] = orm.relationship(back_populates="posts")
    team: orm.Mapped[Team | None] = orm.relationship(back_populates="posts")
    roles: orm.Mapped[list[Role]] = orm.relationship(back_populates="post")


class Role(Base):
    """What a user is to a post."""

    __tablename__ = "roles"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    post_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("posts.id"))
    user: orm.Mapped[User] = orm.relationship(back_populates="roles")
    post: orm.Mapped[Post] = orm.relationship(back_populates="roles")


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    """Open a database in which a user has two roles and two teams; nobody changes it."""
    with open_database(Base.metadata) as engine:
        with orm.Session(engine) as session:
            add_rows(session)
            session.commit()
        yield engine


def add_rows(session: orm.Session) -> None:
    """Add two users with cards, teams and roles, and posts."""
    teams = [Team(), Team(), Team()]
    orgs = [Org(open=True), Org(open=False)]
    session.add_all([*orgs, *teams])
    user, other = User(org=orgs[0], teams=teams[:2]), User(org=orgs[1], teams=teams[2:])
    user.card, other.card = Card(valid=True), Card(valid=False)
    posts = [Post(org=orgs[n % 2], team=teams[n % 3]) for n in range(5)]
    session.add_all([user, other, *posts, Post()])
    session.flush()
    session.add_all([Role(name="owner", user=user, post=posts[0])])
    session.add_all([Role(name="reader", user=user, post=posts[1])])
    session.add_all([Role(name="owner", user=other, post=posts[2])])


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[orm.Session]:
    """Open a session in which nothing is loaded."""
    with orm.Session(engine) as session:
        yield session


Load = Callable[[orm.Session], User]


def load(*options: t.Any, statement: Callable[[t.Any], t.Any] = lambda each: each) -> Load:
    """Make what loads the user with options."""

    def loaded(session: orm.Session) -> User:
        query = statement(sa.select(User).where(User.id == 1)).options(*options)
        return t.cast(User, session.scalars(query).unique().one())

    return loaded


def committed(name: str, value: Callable[[orm.Session], t.Any]) -> Load:
    """Make what sets a relation of the user as if it were loaded."""

    def loaded(session: orm.Session) -> User:
        user = session.get_one(User, 1)
        attributes.set_committed_value(user, name, value(session))
        return user

    return loaded


def read(*names: str) -> Load:
    """Make what reads relations of the user beforehand."""

    def loaded(session: orm.Session) -> User:
        user = session.get_one(User, 1)
        for name in names:
            getattr(user, name)
        return user

    return loaded


def read_of_one_team(session: orm.Session) -> User:
    """Read the posts of one of two teams."""
    user = read("teams")(session)
    assert user.teams[0].posts
    return user


def committed_below(cls: type, name: str, numbers: list[int]) -> Load:
    """Make what sets a relation of a related row as if it were loaded."""

    def loaded(session: orm.Session) -> User:
        user = read("teams", "org")(session)
        posts = list(session.scalars(sa.select(Post).where(Post.id.in_(numbers))))
        attributes.set_committed_value(session.get_one(cls, 1), name, posts)
        return user

    return loaded


def changed_below(session: orm.Session) -> User:
    """Take a post from a team, which the database does not know."""
    user = read("teams")(session)
    with session.no_autoflush:
        user.teams[0].posts.pop()
    return user


def contains_eager(query: t.Any) -> t.Any:
    """Join roles of a name."""
    return query.join(User.roles).where(Role.name == "reader")


def without_roles(session: orm.Session) -> User:
    """Load the user with an option that SQLAlchemy has, and advises against."""
    return load(orm.noload(User.roles))(session)


LOADS: dict[str, Load] = {
    "nothing": read(),
    "all": read("roles", "teams", "org", "card"),
    "all, eagerly": load(orm.selectinload(User.roles), orm.joinedload(User.teams)),
    "selectinload": load(orm.selectinload(User.roles.and_(Role.name == "reader"))),
    "selectinload of none": load(orm.selectinload(User.roles.and_(Role.name == "x"))),
    "joinedload": load(orm.joinedload(User.roles.and_(Role.name == "owner"))),
    "lazyload": load(orm.lazyload(User.roles.and_(Role.name == "owner"))),
    "of teams": load(orm.selectinload(User.teams.and_(Team.id == 2))),
    "contains_eager": load(orm.contains_eager(User.roles), statement=contains_eager),
    "noload": without_roles,
    "of org": load(orm.joinedload(User.org.and_(Org.id == 2))),
    "of card": load(orm.selectinload(User.card.and_(Card.valid.is_(False)))),
    "with criteria": load(orm.with_loader_criteria(Role, Role.name == "owner")),
    "with criteria on teams": load(orm.with_loader_criteria(Team, Team.id == 2)),
    "committed roles": committed("roles", lambda session: []),
    "committed others": committed(
        "roles", lambda session: list(session.scalars(sa.select(Role).where(Role.user_id == 2)))
    ),
    "committed org": committed("org", lambda session: session.get_one(Org, 2)),
    "committed no org": committed("org", lambda session: None),
    "committed no card": committed("card", lambda session: None),
    "nested": load(orm.selectinload(User.teams).selectinload(Team.posts.and_(Post.id == 1))),
    "nested, of one": read_of_one_team,
    "nested, committed": committed_below(Team, "posts", [4]),
    "nested, committed of another": committed_below(Team, "posts", [2, 3]),
    "nested, committed to none": committed_below(Team, "posts", []),
    "nested, changed": changed_below,
    "below org": committed_below(Org, "posts", [3]),
    "below org, of another": committed_below(Org, "posts", [2, 3]),
    "below org, none": committed_below(Org, "posts", []),
    "nested, all": load(orm.selectinload(User.teams).selectinload(Team.posts)),
    "nested, lazily": load(
        orm.selectinload(User.teams), orm.with_loader_criteria(Post, Post.id > 2)
    ),
}
RULES = {
    "role": "r in u.roles and r.post = p",
    "role by name": 'r in u.roles and r.name = "owner" and p = r.post',
    "role of the post": "r in u.roles and r in p.roles",
    "no role": "not (r in u.roles and r.post = p)",
    "for all roles": "forall(r in u.roles, r.post != p)",
    "some role": "_ in u.roles and p.id > 1",
    "team": "t in u.teams and p.team = t",
    "no team": "not p.team in u.teams",
    "post of a team": "t in u.teams and p in t.posts",
    "no post of a team": "not (t in u.teams and p in t.posts)",
    "title of a post of a team": "t in u.teams and q in t.posts and q.id < 4 and q.org = p.org",
    "for all posts of teams": "forall(t in u.teams, forall(q in t.posts, q.id != p.id))",
    "post of the org": "u.org != nil and p in u.org.posts",
    "no post of the org": "u.org != nil and not p in u.org.posts",
    "role of a role": "r in u.roles and r.post != nil and x in r.post.roles and x.post = p",
    "org": "p.org = u.org",
    "another org": "p.org != u.org",
    "open org": "p.org = u.org and u.org != nil and u.org.open",
    "card": "u.card != nil and u.card.valid and p.id > 1",
    "no card": "u.card = nil and p.id > 1",
    "by way of the role": "r in p.roles and r.user = u",
}


@functools.cache
def make_oso(rule: str) -> Oso:
    """Load a rule about posts; what is kept of one question is used for others."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(u: User, "read", p: Post) if {rule};')
    return oso


@pytest.mark.filterwarnings("ignore:The noload:DeprecationWarning")
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_loaded_relations_of_an_actor(session: orm.Session, load: Load, rule: str) -> None:
    """Whatever the relations of an actor hold, a list takes them for what a check takes them."""
    oso = make_oso(rule)
    other = session.get_one(User, 2)
    list(session.scalars(oso.authorized_query(other, "read", Post)))
    user = load(session)

    query = oso.authorized_query(user, "read", Post).with_only_columns(Post.id)
    found = sorted(session.scalars(query))

    posts = session.scalars(sa.select(Post).order_by(Post.id)).all()
    assert found == [post.id for post in posts if may_read(oso, user, post)]


def test_lists_loaded_below_keep_the_template(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What related rows have loaded restricts the statement, and the policy is not read anew."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str('allow(u: User, "read", p: Post) if t in u.teams and p in t.posts;')
    oso.authorized_query(session.get_one(User, 2), "read", Post)
    monkeypatch.delattr("flask_oso.polar.engine.Engine._partial")

    query = oso.authorized_query(read_of_one_team(session), "read", Post)

    assert sorted(session.scalars(query.with_only_columns(Post.id))) == [1, 2, 4, 5]


def test_loaded_relation_of_many_rows(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows than a statement takes are refused, with what to do."""
    monkeypatch.setattr(loaded, "_MOST", 1)
    oso = Oso()
    register_models(oso, Base)
    oso.load_str('allow(u: User, "read", p: Post) if r in u.roles and r.post = p;')
    user = session.get_one(User, 1)
    assert len(user.roles) == 2

    with pytest.raises(UnsupportedError) as caught:
        oso.authorized_query(user, "read", Post)

    assert str(caught.value) == (
        "'roles' of this 'User' is loaded and has 2 rows, more than a statement takes. Expire it,"
        " so that the database looks for them."
    )


def test_relation_of_many_rows_is_understood_once(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a relation compares is not found out for each of the rows that have loaded it."""
    asked: list[t.Any] = []
    monkeypatch.setattr(loaded, "key_column", noting(relationships.key_column, asked))
    oso = Oso()
    register_models(oso, Base)
    oso.load_str("""
        allow(u: User, "read", p: Post) if r in u.roles and r.post = p;
        allow(u: User, "read", p: Post) if r in u.roles and r.post.team = p.team and p.id = 0;
    """)
    user = session.get_one(User, 1)
    assert [role.post.id for role in user.roles] == [1, 2]

    lists = [oso.authorized_query(user, "read", Post) for _ in range(3)]

    found = [sorted(session.scalars(each.with_only_columns(Post.id))) for each in lists]
    assert found == [[1, 2]] * 3
    assert len(asked) == len(set(asked)) > 0


def noting(function: Callable[..., t.Any], asked: list[t.Any]) -> Callable[..., t.Any]:
    """Give a function that notes what it is asked about."""

    def asking(*args: t.Any) -> t.Any:
        asked.append(args)
        return function(*args)

    return asking


# -- SQLAlchemy 2.0.0 ----------------------------------------------------------------


@pytest.mark.parametrize(("parts", "can_wait"), [({"driver": None}, True), ({}, False)])
def test_waiting_where_sqlalchemy_does_not_tell(
    monkeypatch: pytest.MonkeyPatch, parts: dict[str, t.Any], can_wait: bool
) -> None:
    """The first versions of SQLAlchemy 2.0 have no function for it, but what drives a greenlet."""
    current = types.SimpleNamespace(**parts)
    module = types.SimpleNamespace(getcurrent=lambda: current)
    monkeypatch.setitem(sys.modules, "greenlet", t.cast(t.Any, module))
    monkeypatch.delattr(concurrency, "in_greenlet", raising=False)

    assert loaded.can_wait() is can_wait
