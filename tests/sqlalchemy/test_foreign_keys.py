"""Recursive queries read keys from foreign keys, where nothing else is read of their rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_session
from tests.support.models.links import link_table


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


_users = link_table(Base, "group_users", group_id="groups.id", user_id="users.id")
_groups = link_table(Base, "group_groups", outer_id="groups.id", inner_id="groups.id")
_loose = sa.Table(
    "loose_groups",
    Base.metadata,
    sa.Column("outer_id", sa.Integer, primary_key=True),
    sa.Column("inner_id", sa.Integer, primary_key=True),
)


class User(Base):
    """Is in groups."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Group(Base):
    """Has users, and groups in it."""

    __tablename__ = "groups"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column(default="group")
    open: orm.Mapped[bool] = orm.mapped_column(default=True)
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("groups.id"))
    users: orm.Mapped[list[User]] = orm.relationship(secondary=_users)
    parts: orm.Mapped[list[Group]] = orm.relationship(
        back_populates="parent", foreign_keys=[parent_id]
    )
    parent: orm.Mapped[Group | None] = orm.relationship(back_populates="parts", remote_side=[id])
    inner: orm.Mapped[list[Group]] = orm.relationship(
        secondary=_groups,
        primaryjoin=id == _groups.c.outer_id,
        secondaryjoin=id == _groups.c.inner_id,
    )
    loose: orm.Mapped[list[Group]] = orm.relationship(
        secondary=_loose,
        primaryjoin=id == orm.foreign(_loose.c.outer_id),
        secondaryjoin=id == orm.foreign(_loose.c.inner_id),
    )
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "group"}


class Team(Group):
    """A group of a kind."""

    __mapper_args__ = {"polymorphic_identity": "team"}


class Doc(Base):
    """Belongs to a group, or to none."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    group_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("groups.id"))
    team_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("groups.id"))
    group: orm.Mapped[Group | None] = orm.relationship(foreign_keys=[group_id])
    team: orm.Mapped[Team | None] = orm.relationship(foreign_keys=[team_id])


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database in which user 1 is in group 1, and user 2 in group 4 and team 6."""
    with open_session(Base.metadata) as session:
        users = [User(id=number) for number in (1, 2, 3)]
        groups = [Group(id=number, open=number != 3) for number in (1, 2, 3, 4, 5)]
        groups += [Team(id=number, open=True) for number in (6, 7)]
        session.add_all([*users, *groups])
        session.flush()
        groups[0].users, groups[3].users, groups[5].users = users[:1], users[1:2], users[1:2]
        for outer, inner in ((1, 0), (2, 1), (4, 3), (6, 5)):
            groups[outer].inner = groups[outer].loose = [groups[inner]]
            groups[inner].parent = groups[outer]
        session.add_all([Doc(id=n, group=groups[n - 1], team=None) for n in range(1, 8)])
        session.add_all([Doc(id=8, team=groups[5]), Doc(id=9, team=groups[6]), Doc(id=10)])
        session.commit()
        yield session


MEMBERS = "in_group(u: User, g: Group) if u in g.users;"
#: Policies, and how often their statements read the table of groups.
POLICIES = {
    "links": (f"{MEMBERS} in_group(u: User, g: Group) if i in g.inner and in_group(u, i);", 0),
    "a foreign key that may be null": (
        f"{MEMBERS} in_group(u: User, g: Group) if i in g.parts and in_group(u, i);",
        1,
    ),
    "parents": (f"{MEMBERS} in_group(u: User, g: Group) if in_group(u, g.parent);", 1),
    "links that may lead nowhere": (
        f"{MEMBERS} in_group(u: User, g: Group) if i in g.loose and in_group(u, i);",
        1,
    ),
    "another column of the first rows": (
        "in_group(u: User, g: Group) if u in g.users and g.open;"
        "in_group(u: User, g: Group) if i in g.inner and in_group(u, i);",
        1,
    ),
    "another column of the next rows": (
        f"{MEMBERS} in_group(u: User, g: Group) if g.open and i in g.inner and in_group(u, i);",
        1,
    ),
    "an own column and the next rows": (
        f"{MEMBERS} in_group(u: User, g: Group) if i in g.inner and i.open and in_group(u, i);",
        1,
    ),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_rows_are_those_of_checks(session: orm.Session, policy: str) -> None:
    """The rows are those that checks allow, whichever table the keys are read from."""
    oso = make_oso(f'allow(u: User, "read", d: Doc) if in_group(u, d.group); {POLICIES[policy][0]}')
    docs = list(session.scalars(sa.select(Doc).order_by(Doc.id)))

    for user in session.scalars(sa.select(User)):
        query = oso.authorized_query(user, "read", Doc).order_by(Doc.id)
        wanted = [doc.id for doc in docs if may_read(oso, user, doc)]
        assert [doc.id for doc in session.scalars(query)] == wanted


@pytest.mark.parametrize("policy", POLICIES)
def test_table_of_keys_is_read_if_it_has_to_be(session: orm.Session, policy: str) -> None:
    """A recursive query does not read groups of which it needs the key alone."""
    rules, readings = POLICIES[policy]
    oso = make_oso(f'allow(u: User, "read", d: Doc) if in_group(u, d.group); {rules}')

    text = str(oso.authorized_query(session.get_one(User, 1), "read", Doc))

    assert text.count(" groups AS ") == readings


def test_rows_of_a_subclass_are_told_from_others(session: orm.Session) -> None:
    """Where keys of other classes stand beside those of a class, its table is read."""
    oso = make_oso(
        'allow(u: User, "read", d: Doc) if in_team(u, d.team);'
        "in_team(u: User, t: Team) if u in t.users;"
        "in_team(u: User, t: Team) if i in t.inner and in_team(u, i);"
    )

    query = oso.authorized_query(session.get_one(User, 2), "read", Doc).order_by(Doc.id)

    assert [doc.id for doc in session.scalars(query)] == [8, 9]
    assert str(query).count(" groups AS ") > 0


def make_oso(policy: str) -> Oso:
    """Make an Oso with the classes above."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(policy)
    return oso
