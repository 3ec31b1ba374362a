"""Rules that ask about a related row what they are asked, beside rules that take anything."""

from __future__ import annotations

import functools
import random
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_named, open_session
from tests.support.sizes import part_of


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class User(Base):
    """Somebody who asks."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    is_admin: orm.Mapped[bool]


class Project(Base):
    """Has an owner or none, and lies in another project or in none."""

    __tablename__ = "projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    open: orm.Mapped[bool]
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("projects.id"))
    owner: orm.Mapped[User | None] = orm.relationship()
    parent: orm.Mapped[Project | None] = orm.relationship(remote_side=[id])


class Task(Base):
    """Belongs to a project or to none, and always has one that pays."""

    __tablename__ = "tasks"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    open: orm.Mapped[bool]
    project_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("projects.id"))
    payer_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("projects.id"))
    project: orm.Mapped[Project | None] = orm.relationship(foreign_keys=[project_id])
    payer: orm.Mapped[Project] = orm.relationship(foreign_keys=[payer_id])
    comments: orm.Mapped[list[Comment]] = orm.relationship(back_populates="task")


class Comment(Base):
    """Is about a task, or about none."""

    __tablename__ = "comments"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    open: orm.Mapped[bool]
    task_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("tasks.id"))
    task: orm.Mapped[Task | None] = orm.relationship(back_populates="comments")


ADMIN = "allow(u: User, _action, _) if u.is_admin;"
NIL = 'allow(_, "read", nil);'
OWNER = 'allow(u: User, "read", p: Project) if p.owner = u;'
PARENT = "allow(u: User, action, p: Project) if allow(u, action, p.parent);"
TASK = "allow(u: User, action, t: Task) if allow(u, action, t.project);"
PAYER = "allow(u: User, action, t: Task) if allow(u, action, t.payer);"
COMMENT = "allow(u: User, action, c: Comment) if allow(u, action, c.task);"
NOT_TASK = 'allow(u: User, "read", c: Comment) if not allow(u, "read", c.task);'
NOT_PROJECT = 'allow(u: User, "read", t: Task) if not allow(u, "read", t.project);'

POLICIES = {
    "administrators": (ADMIN, OWNER, TASK),
    "a required relation": (ADMIN, OWNER, PAYER),
    "nil alone": (NIL, OWNER, TASK),
    "nil and a required relation": (NIL, OWNER, PAYER),
    "everybody": ('allow(_, "read", _);', OWNER, TASK, COMMENT),
    "three rules in a row": (ADMIN, OWNER, PARENT, TASK, COMMENT),
    "nil at the end of three": (NIL, OWNER, PARENT, TASK, COMMENT),
    "two relations in a row": (
        ADMIN, OWNER, "allow(u: User, action, c: Comment) if allow(u, action, c.task.project);",
    ),
    "three relations in a row": (
        NIL, OWNER, PARENT,
        "allow(u: User, action, c: Comment) if allow(u, action, c.task.project.parent);",
    ),
    "while parents are open": (
        NIL, "allow(u: User, action, p: Project) if p.open and allow(u, action, p.parent);", TASK,
    ),
    "negation": (ADMIN, OWNER, TASK, NOT_TASK),
    "negation of nil": (NIL, OWNER, PARENT, NOT_PROJECT),
    "negation twice": (NIL, OWNER, PARENT, NOT_PROJECT, NOT_TASK),
    "forall": (
        'allow(u: User, "read", t: Task) if t.open and forall(c in t.comments, can(u, c));',
        "can(u, c: Comment) if can(u, c.task); can(u, t: Task) if can(u, t.project);",
        "can(u, p: Project) if p.owner = u; can(u, _) if u.is_admin;",
    ),
    "forall and nil": (
        'allow(u: User, "read", t: Task) if forall(c in t.comments, not can(u, c.task.project));',
        "can(_, nil); can(u, p: Project) if p.owner = u or can(u, p.parent);",
    ),
    "one of many": (
        ADMIN, OWNER, COMMENT,
        'allow(u: User, "read", t: Task) if c in t.comments and allow(u, "read", c.task.project);',
    ),
    "no class": ("allow(u: User, _, x) if u.is_admin and not x matches Project;", OWNER, TASK),
    "no open row": ("allow(_: User, _, x) if not x matches {open: true};", OWNER, PARENT, TASK),
    "a test for nil": ("allow(_: User, _, x) if x = nil;", OWNER, PARENT, TASK),
    "not nil": ("allow(u: User, _, x) if not x = nil and u.is_admin;", OWNER, PARENT, TASK),
    "an attribute of nil": ("allow(u: User, _, x) if x.open and u.is_admin;", OWNER, TASK),
    "an error behind a success": (ADMIN, "allow(_: User, _, x) if x.open;", OWNER, TASK),
    "an error under a negation": (
        'allow(u: User, "read", c: Comment) if not can(u, c.task);',
        "can(u, x) if x.open and u.is_admin; can(u, t: Task) if can(u, t.project);",
    ),
    "a cut for nil": ('allow(u: User, "read", nil) if cut and u.is_admin;', OWNER, TASK),
    "a rule of another name": (
        "can(u, _) if u.is_admin; can(u, p: Project) if p.owner = u or can(u, p.parent);",
        'allow(u: User, "read", t: Task) if t.open and can(u, t.project);',
    ),
}  # fmt: skip


def fill(session: orm.Session, seed: int) -> None:
    """Draw rows: each relation that may be nil is, for some of them."""
    choose = random.Random(seed)
    session.add_all([User(id=1, is_admin=True), User(id=2, is_admin=False)])
    session.flush()
    for n in range(1, 8):
        owner_id, parent_id = choose.choice([None, 1, 2]), choose.choice([None, *range(1, n)])
        is_open = choose.random() < 0.6
        session.add(Project(id=n, open=is_open, owner_id=owner_id, parent_id=parent_id))
        session.flush()
    for n in range(1, 13):
        is_open = choose.random() < 0.6
        project_id, payer_id = choose.choice([None, None, *range(1, 8)]), choose.randrange(1, 8)
        session.add(Task(id=n, open=is_open, project_id=project_id, payer_id=payer_id))
    session.flush()
    for n in range(1, 19):
        task_id = choose.choice([None, None, *range(1, 13)])
        session.add(Comment(id=n, open=choose.random() < 0.6, task_id=task_id))
    session.commit()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """Open a database with the tables."""
    with open_named(request, request.param, Base.metadata) as engine:
        yield engine


@pytest.fixture(scope="module", params=range(part_of(4, 4)))
def session(request: pytest.FixtureRequest, engine: sa.Engine) -> Iterator[orm.Session]:
    """Open a session with rows that nobody changes."""
    with orm.Session(engine) as session:
        fill(session, request.param)
        yield session
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(sa.delete(table))
        session.commit()


@functools.cache
def make_oso(*rules: str, compiled: bool = True) -> Oso:
    """Make an Oso that knows the models; all databases are asked by the same one."""
    oso = Oso(compiled=compiled)
    register_models(oso, Base)
    oso.load_str("\n".join(rules))
    return oso


def listed(session: orm.Session, oso: Oso, user: User, cls: t.Any) -> list[int]:
    """Give the keys of the rows of a list."""
    return sorted(row.id for row in session.scalars(oso.authorized_query(user, "read", cls)))


def checked(session: orm.Session, oso: Oso, user: User, cls: t.Any) -> list[int]:
    """Give the keys of the rows that a check allows, each asked alone."""
    return sorted(row.id for row in session.scalars(sa.select(cls)) if may_read(oso, user, row))


@pytest.mark.each(3)
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("cls", [Project, Task, Comment])
@pytest.mark.parametrize("rules", POLICIES.values(), ids=POLICIES)
def test_list_has_rows_whose_relation_is_nil(
    session: orm.Session, rules: tuple[str, ...], cls: t.Any, compiled: bool
) -> None:
    """Where a relation is nil, a list has the rows for which the rules hold for nil."""
    oso = make_oso(*rules, compiled=compiled)
    users = session.scalars(sa.select(User)).all()

    found = [listed(session, oso, user, cls) for user in users]

    assert found == [checked(session, oso, user, cls) for user in users]


@pytest.fixture
def small() -> Iterator[orm.Session]:
    """Open a database in memory with a task in a project of no owner, and one in none."""
    with open_session(Base.metadata) as session:
        session.add_all([User(id=1, is_admin=True), User(id=2, is_admin=False)])
        session.add(Project(id=1, open=True))
        session.add(Task(id=1, open=True, project_id=1, payer_id=1))
        session.add(Task(id=2, open=True, project_id=None, payer_id=1))
        session.commit()
        yield session


def test_nil_and_a_row_are_told_apart(small: orm.Session) -> None:
    """What holds for nil alone gives the rows without a related row, and no other."""
    oso = make_oso(NIL, OWNER, TASK)

    assert listed(small, oso, small.get_one(User, 1), Task) == [2]


def test_what_holds_for_anything_is_no_condition(small: orm.Session) -> None:
    """A rule that takes anything lets an administrator see all, without looking at a relation."""
    oso = make_oso(OWNER, TASK, ADMIN)

    assert str(oso.residual(small.get_one(User, 1), "read", Task)) == "true"
    assert listed(small, oso, small.get_one(User, 2), Task) == []


@pytest.mark.parametrize("column", ["project_id", "payer_id"])
@pytest.mark.parametrize("rules", [(NIL, OWNER, TASK, PAYER), (NIL, OWNER, NOT_PROJECT)])
def test_a_key_that_leads_to_no_row(
    small: orm.Session, rules: tuple[str, ...], column: str
) -> None:
    """A relation whose foreign key leads to no row is nil, for a list as for a check."""
    small.execute(sa.update(Task).values({column: 99}))
    small.commit()
    oso, user = make_oso(*rules), small.get_one(User, 1)

    assert listed(small, oso, user, Task) == checked(small, oso, user, Task)


def test_an_error_for_nil_in_a_recursion(small: orm.Session) -> None:
    """A recursion that raises where it ends has no list."""
    oso = make_oso("allow(u: User, _, x) if u.is_admin and x.open;", PARENT)

    with pytest.raises(UnsupportedError, match="a rule that calls itself may raise an error"):
        oso.authorized_query(small.get_one(User, 1), "read", Project)
