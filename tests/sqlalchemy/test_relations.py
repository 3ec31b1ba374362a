"""Relations with conditions of their own, read as queries, and on columns that are no keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class User(Base):
    """Owns posts, some of which are live."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    boss_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    boss: orm.Mapped[User | None] = orm.relationship(remote_side=[id])
    live_posts: orm.Mapped[list[Post]] = orm.relationship(
        primaryjoin="and_(User.id == foreign(Post.owner_id), Post.live == True)",
        order_by="Post.id.desc()",
        viewonly=True,
    )
    posts: orm.DynamicMapped[Post] = orm.relationship(
        primaryjoin="User.id == foreign(Post.owner_id)", viewonly=True
    )


class Post(Base):
    """Belongs to a user, or to none."""

    __tablename__ = "posts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    live: orm.Mapped[bool]
    rank: orm.Mapped[int]
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    owner: orm.Mapped[User | None] = orm.relationship(viewonly=True)
    known_owner: orm.Mapped[User | None] = orm.relationship(
        primaryjoin="and_(User.id == Post.owner_id, User.name != 'nobody')", viewonly=True
    )
    of_same_rank: orm.Mapped[list[Post]] = orm.relationship(
        primaryjoin="and_(foreign(Post.rank) == remote(Post.rank), Post.id != remote(Post.id))",
        viewonly=True,
        uselist=True,
    )


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with posts of three users and of nobody."""
    with open_session(Base.metadata) as session:
        session.add_all([User(id=1, name="a"), User(id=2, name="nobody", boss_id=1)])
        session.add_all([User(id=3, name="c", boss_id=2), User(id=4, name="d", boss_id=4)])
        session.add_all(
            Post(id=n, live=n % 2 == 0, rank=n % 3, owner_id=[None, 1, 2, 3][n % 4])
            for n in range(1, 20)
        )
        session.commit()
        yield session


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    "body",
    [
        "p in u.live_posts",
        "not p in u.live_posts",
        "p in u.posts",
        "q in u.live_posts and q.rank = p.rank",
        "u.boss != nil and (p in u.boss.live_posts or p in u.live_posts)",
        "u.boss != nil and q in u.boss.live_posts and r in u.live_posts and p.rank = q.rank"
        " and q.rank != r.rank",
        "p.known_owner = u",
        "not p.known_owner = u",
        "p.known_owner = nil",
        "not p.known_owner = nil",
        'p.known_owner.name = "c"',
        "(p.known_owner.boss = u or p.owner.boss = u)",
        "p.known_owner = p.owner",
        "not p.known_owner = p.owner",
        "q in p.owner.live_posts and q.rank > p.rank",
        "forall(q in p.owner.posts, q.live)",
        "q in p.of_same_rank and q.live",
        "not (q in p.of_same_rank and not q.live)",
        "q in p.known_owner.live_posts and q = p",
    ],
)
def test_list_has_the_rows_of_checks(session: orm.Session, body: str, number: int) -> None:
    """What a relation says of its rows holds in lists and decisions alike."""
    oso, user = Oso(), session.get(User, number)
    assert user is not None
    register_models(oso, Base)
    oso.load_str(f'allow(u: User, "read", p: Post) if u.id > 0 and {body};')

    found = set(session.scalars(oso.authorized_query(user, "read", Post)))

    assert found == {p for p in session.scalars(sa.select(Post)) if may_read(oso, user, p)}


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ("w.boss = w", {4}),
        ("w = w.boss", {4}),
        ("not w.boss = w", {1, 2, 3}),
        ("w.boss != w", {1, 2, 3}),
        ('w.boss = w and w.boss.name = "d"', {4}),
    ],
)
def test_row_that_is_its_own_relative(session: orm.Session, body: str, numbers: set[int]) -> None:
    """A relation of a row to itself is compared with the row, as any other one."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(_, "read", w: User) if {body};')

    found = set(session.scalars(oso.authorized_query(None, "read", User)))

    assert {user.id for user in found} == numbers
    assert found == {w for w in session.scalars(sa.select(User)) if oso.is_allowed(None, "read", w)}
