"""Roles along a chain of rows: the actor's roles are found by the keys of rows, loaded or not."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso.sqlalchemy import unloaded_rows
from flask_oso.sqlalchemy.row_keys import RowKeys
from tests.support.answers import outcome_of, specialized
from tests.support.models.gallery import Base, Member, Project, User, counted, make_oso
from tests.support.sizes import combinations_of

POLICY = """
actor User {}
resource Project {
  permissions = ["read"]; roles = ["admin", "member"]; relations = { parent: Project };
  "read" if "admin"; "admin" if "admin" on "parent";
}
has_relation(parent: Project, "parent", project: Project) if parent = project.parent;
has_role(user: User, name: String, project: Project) if
  member in user.members and member.project = project and member.role = name;
allow(user: User, action: String, project: Project) if has_permission(user, action, project);
"""
DEPTH = 4
#: The most rows that are asked one by one.
FEW = unloaded_rows._FEW


@pytest.fixture
def session(sqlite: sa.Engine) -> Iterator[orm.Session]:
    """Open a database with a chain of projects, the last one the top, and one apart."""
    Base.metadata.create_all(sqlite)
    with orm.Session(sqlite, expire_on_commit=False) as session:
        session.add_all([User(id=1), Project(id=9)])
        session.add_all(
            [Project(id=n, parent_id=n + 1 if n < DEPTH else None) for n in range(1, DEPTH + 1)]
        )
        session.commit()
        yield session


def add_members(session: orm.Session, *members: tuple[str, int | None]) -> None:
    session.add_all([Member(user_id=1, role=role, project_id=key) for role, key in members])
    session.commit()
    session.expunge_all()


def read_rows(session: orm.Session) -> tuple[User, Project]:
    """Read what is asked about; of members no more than the list."""
    user, project = session.get_one(User, 1), session.get_one(Project, 1)
    _ = user.members
    here: Project | None = project
    while here is not None:
        here = here.parent
    return user, project


def leave(user: User, project: Project) -> None:
    """Leave everything as it was read."""


def read_projects(user: User, project: Project) -> None:
    for member in user.members:
        _ = member.project


def read_one(user: User, project: Project) -> None:
    _ = user.members[0].project


def lead_elsewhere(user: User, project: Project) -> None:
    """Change foreign keys, and do not store that."""
    for member in user.members:
        member.project_id = 9


def lead_to_a_new_one(user: User, project: Project) -> None:
    """Let a role be at a project that is not stored."""
    top = project.parent
    assert top is not None
    top.parent = user.members[0].project = Project()


def lead_to_none(user: User, project: Project) -> None:
    user.members[0].project = None


def expire_member(user: User, project: Project) -> None:
    orm.object_session(user).expire(user.members[0])


def expire_project(user: User, project: Project) -> None:
    orm.object_session(user).expire(project)


def detach_user(user: User, project: Project) -> None:
    """Take the actor and its roles out of the session: no relation can be read any more."""
    session = t.cast(orm.Session, orm.object_session(user))
    for row in (*user.members, user):
        session.expunge(row)


def detach_project(user: User, project: Project) -> None:
    t.cast(orm.Session, orm.object_session(project)).expunge(project)


def delete_project(user: User, project: Project) -> None:
    session = t.cast(orm.Session, orm.object_session(project))
    session.delete(project)
    session.flush()


STATES: dict[str, Callable[[User, Project], None]] = {
    "leave": leave,
    "read projects": read_projects,
    "read one": read_one,
    "lead elsewhere": lead_elsewhere,
    "lead to a new one": lead_to_a_new_one,
    "lead to none": lead_to_none,
    "expire member": expire_member,
    "expire project": expire_project,
    "detach user": detach_user,
    "detach project": detach_project,
    "delete project": delete_project,
}
#: The roles of the actor, and the projects of these; 77 is that of no row.
MEMBERS: dict[str, list[tuple[str, int | None]]] = {
    "top": [("admin", DEPTH)],
    "itself": [("admin", 1)],
    "apart": [("admin", 9)],
    "another role": [("member", DEPTH), ("member", 1)],
    "nowhere": [("admin", None)],
    "nowhere and top": [("admin", None), ("admin", DEPTH)],
    "no row": [("admin", 77)],
    "many": [*itertools.product(("member", "admin"), (9, 3))],
}


@pytest.mark.each(3)
@pytest.mark.parametrize(
    ("members", "state", "relation", "few"),
    combinations_of(
        sorted(MEMBERS), sorted(STATES), ["project", "strict", "owned", "project != nil"], [0, FEW]
    ),
)
def test_answers_are_those_of_the_solver(
    session: orm.Session,
    monkeypatch: pytest.MonkeyPatch,
    members: str,
    state: str,
    relation: str,
    few: int,
) -> None:
    """Whatever is loaded, changed, or out of the session, the answer or error is the solver's."""
    monkeypatch.setattr(unloaded_rows, "_FEW", few)
    add_members(session, *MEMBERS[members])
    policy = POLICY.replace("member.project", f"member.{relation.split()[0]}")
    if "nil" in relation:
        policy = POLICY.replace("= project.parent", "= project.parent and parent != nil")
    outcomes = []
    for compiled in (True, False):
        user, project = read_rows(session)
        with session.no_autoflush:
            STATES[state](user, project)
            oso = make_oso(policy, compiled=compiled)
            outcome = outcome_of(oso, user, "read", project)
            # The text of an error has the address of a row.
            outcomes.append(outcome if isinstance(outcome, bool) else outcome[0])
        session.rollback()
        session.expunge_all()

    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("few", [0, FEW])
@pytest.mark.parametrize("state", [leave, read_projects, read_one])
@pytest.mark.parametrize("members", MEMBERS)
def test_roles_are_found_without_a_statement(
    session: orm.Session,
    monkeypatch: pytest.MonkeyPatch,
    members: str,
    state: Callable[[User, Project], None],
    few: int,
) -> None:
    """The function of the question tells by the keys, and loads no project of a role."""
    monkeypatch.setattr(unloaded_rows, "_FEW", few)
    sqlite = t.cast(sa.Engine, session.get_bind())
    add_members(session, *MEMBERS[members])
    oso = make_oso(POLICY)
    user, project = read_rows(session)
    state(user, project)

    with counted(sqlite) as statements:
        answer = specialized(oso.engine, user, "read", project)

    assert answer is any(
        each.role == "admin" and each.project_id in range(1, DEPTH + 1) for each in user.members
    )
    assert statements == []


def test_a_role_at_a_row_of_another_session_is_read(session: orm.Session) -> None:
    """The row that the relation finds has the key, and is equal."""
    add_members(session, ("admin", DEPTH))
    user, _ = read_rows(session)
    with orm.Session(session.get_bind()) as other:
        _, project = read_rows(other)

        assert make_oso(POLICY).is_allowed(user, "read", project)


def test_many_roles_are_asked_at_once(session: orm.Session) -> None:
    """Many rows with a foreign key are sorted once; none is asked for each row of the chain."""
    add_members(session, *[("admin", 9)] * 20, ("admin", 3))
    user, _ = read_rows(session)
    asked = []

    rows: t.Any = RowKeys().unloaded_rows(Member, "project")(user.members, user.members[-1:])
    rows._foreign.test = lambda *pair: asked.append(pair)
    found = [rows.holds(session.get_one(Project, key)) for key in (1, 3, 9)]

    assert found == [False, True, False]
    assert asked == []
