"""Relations that read more tables than those of their classes: one that is listed, or several."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class User(Base):
    """Leads projects by some of the memberships, and reads notes by groups."""

    __tablename__ = "users"
    led: orm.Mapped[list[Project]] = orm.relationship(
        secondary="members",
        primaryjoin=lambda: sa.and_(User.id == Member.user_id, Member.level > 1),
        viewonly=True,
    )
    notes: orm.Mapped[list[Note]] = orm.relationship(
        secondary=lambda: sa.join(GroupUser, Group).join(GroupProject),
        primaryjoin=lambda: User.id == GroupUser.user_id,
        secondaryjoin=lambda: Note.project_id == GroupProject.project_id,
        viewonly=True,
    )


class Project(Base):
    """Has leaders, by some of its memberships."""

    __tablename__ = "projects"
    rank: orm.Mapped[int]
    leaders: orm.Mapped[list[User]] = orm.relationship(
        secondary="members",
        primaryjoin=lambda: sa.and_(Project.id == Member.project_id, Member.level > 1),
        viewonly=True,
    )

    shared: orm.Mapped[list[Note]] = orm.relationship(
        primaryjoin=lambda: sa.and_(
            Project.id == orm.foreign(Note.project_id),
            Note.project_id == GroupProject.project_id,
            GroupProject.group_id == 1,
        ),
        viewonly=True,
    )
    asked: orm.Mapped[list[Note]] = orm.relationship(
        primaryjoin=lambda: sa.and_(
            Project.id == orm.foreign(Note.project_id),
            Note.id.in_(
                sa.select(GroupUser.user_id)
                .where(GroupUser.group_id == GroupProject.group_id)
                .where(GroupProject.project_id < 3)
            ),
        ),
        viewonly=True,
    )


class Member(Base):
    """A user in a project; what relations go through."""

    __tablename__ = "members"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("projects.id"))
    level: orm.Mapped[int]
    project: orm.Mapped[Project] = orm.relationship()


class Group(Base):
    """Reads the notes of projects."""

    __tablename__ = "groups"


class GroupUser(Base):
    """A user of a group."""

    __tablename__ = "group_users"
    group_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("groups.id"))
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))


class GroupProject(Base):
    """A project whose notes a group reads."""

    __tablename__ = "group_projects"
    group_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("groups.id"))
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("projects.id"))
    project: orm.Mapped[Project] = orm.relationship()


class Note(Base):
    """Has readers, through three tables."""

    __tablename__ = "notes"
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("projects.id"))
    readers: orm.Mapped[list[User]] = orm.relationship(
        secondary=lambda: sa.join(GroupProject, Group).join(GroupUser),
        primaryjoin=lambda: Note.project_id == GroupProject.project_id,
        secondaryjoin=lambda: User.id == GroupUser.user_id,
        viewonly=True,
    )
    outsiders: orm.Mapped[list[User]] = orm.relationship(
        secondary=lambda: sa.outerjoin(GroupUser, GroupProject, sa.false()),
        primaryjoin=lambda: Note.project_id == GroupUser.group_id,
        secondaryjoin=lambda: User.id == GroupUser.user_id,
        viewonly=True,
    )
    others: orm.Mapped[list[User]] = orm.relationship(
        secondary=lambda: sa.join(Member, User),
        primaryjoin=lambda: Note.project_id == Member.project_id,
        secondaryjoin=lambda: User.id != Member.user_id,
        viewonly=True,
    )


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database in which users differ in what they lead and read."""
    with open_session(Base.metadata) as session:
        session.add_all([User(id=n) for n in (1, 2, 3)])
        session.add_all([Project(id=n, rank=n % 3) for n in (1, 2, 3)])
        session.add_all([Note(id=n, project_id=n) for n in (1, 2, 3)])
        session.add_all([Group(id=n) for n in (1, 2)])
        session.flush()
        pairs = [(1, 1), (1, 2), (2, 2), (2, 3), (3, 1), (3, 3)]
        session.add_all([Member(user_id=u, project_id=p, level=1 + p % 3) for u, p in pairs])
        session.add_all([GroupUser(user_id=n, group_id=n) for n in (1, 2)])
        pairs = [(1, 1), (1, 2), (2, 2), (2, 3)]
        session.add_all([GroupProject(group_id=g, project_id=p) for g, p in pairs])
        session.commit()
        yield session


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    ("cls", "body"),
    [
        (Member, "r.project in u.led"),
        (Member, "not r.project in u.led"),
        (Member, "p in u.led and p.id = r.project_id"),
        (Member, "p in u.led and p.rank = r.level"),
        (Member, "forall(p in u.led, p.rank = r.level)"),
        (Member, "u in r.project.leaders"),
        (Member, "l in r.project.leaders and l.id = r.user_id"),
        (Note, "u in r.readers"),
        (Note, "not u in r.readers"),
        (Note, "r in u.notes"),
        (Note, "not r in u.notes"),
        (Note, "l in r.readers and n in l.notes and n.id = u.id"),
        (Note, "forall(l in r.readers, l = u)"),
        (GroupUser, "n in u.notes and n.id = r.user_id"),
        (GroupProject, "n in r.project.shared and n.id != u.id"),
        (GroupProject, "not (n in r.project.shared and n.id != u.id)"),
        (GroupProject, "n in r.project.asked and n.id != u.id"),
        (GroupProject, "not (n in r.project.asked and n.id != u.id)"),
    ],
)
def test_rows(session: orm.Session, cls: type[t.Any], body: str, number: int) -> None:
    """A list has the rows that single checks allow, also where the relation reads its table."""
    oso, user = _made(cls, body), session.get_one(User, number)
    rows = session.scalars(sa.select(cls)).all()
    allowed = {row.id for row in rows if may_read(oso, user, row)}
    session.expire_all()

    found = session.scalars(oso.authorized_query(user, "read", cls)).all()

    assert {row.id for row in found} == allowed
    assert len(found) == len(allowed)


@pytest.mark.parametrize("relation", ["outsiders", "others"])
def test_other_joins_are_refused(session: orm.Session, relation: str) -> None:
    """An outer join, and one with a table of either class, is no list; the relation is named."""
    oso = _made(Note, f"u in r.{relation}")

    with pytest.raises(UnsupportedError, match="its 'secondary' has an outer join, or a table of"):
        oso.authorized_query(session.get_one(User, 1), "read", Note)


def _made(cls: type[t.Any], body: str) -> Oso:
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(u: User, "read", r: {cls.__name__}) if u = u and {body};')
    return oso
