"""Roles of which one is inherited through all levels, and another through one only."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa
import sqlalchemy.orm as orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session
from tests.support.models.people import Thing

#: The rules of a block by what they say of the role "editor", which stands for ``read`` on
#: folders that are so many levels below, at most.
RULES = {
    '"read" if "editor" on "parent";': {1},
    '"read" if "editor";': {0},
    '"read" if "editor"; "read" if "editor" on "parent";': {0, 1},
    '"viewer" if "editor";': {0, 1, 2, 3},
    '"viewer" if "editor" on "parent";': {1, 2, 3},
    '"read" if "helper"; "helper" if "editor" on "parent";': {1},
    '"read" if "helper" on "parent"; "helper" if "editor" on "parent";': {2},
    '"editor" if "editor" on "parent"; "read" if "editor" on "parent";': {1, 2, 3},
}


class Base(orm.DeclarativeBase):
    """The models."""


class User(Base):
    """Who has roles."""

    __tablename__ = "user"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    roles: orm.Mapped[list[Role]] = orm.relationship(lazy="selectin")


class Folder(Base):
    """What is in another folder."""

    __tablename__ = "folder"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folder.id"))
    parent: orm.Mapped[Folder | None] = orm.relationship(remote_side=[id])


class Role(Base):
    """Who has which role on which folder."""

    __tablename__ = "role"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("user.id"))
    folder_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("folder.id"))
    folder: orm.Mapped[Folder] = orm.relationship()


def make_oso(rules: str, *, compiled: bool = True, of_rows: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    if of_rows:
        register_models(oso, Base)
    else:
        oso.register_class(type("User", (Thing,), {}), name="User")
        oso.register_class(type("Folder", (Thing,), {}), name="Folder")
    oso.load_str(f"""
        actor User {{}}
        resource Folder {{
            permissions = ["read"];
            roles = ["viewer", "editor", "helper"];
            relations = {{ parent: Folder }};
            "viewer" if "viewer" on "parent";
            "read" if "viewer";
            {rules}
        }}
        has_role(user: User, name: String, folder: Folder) if
            role in user.roles and role.name = name and role.folder = folder;
        has_relation(parent: Folder, "parent", folder: Folder) if parent = folder.parent;
        allow(actor, action, resource) if has_permission(actor, action, resource);
    """)
    return oso


def nested(folder_class: t.Any) -> list[t.Any]:
    """Make four folders in each other, the outermost first."""
    folders = [folder_class(parent=None)]
    for _ in range(3):
        folders.append(folder_class(parent=folders[-1]))
    return folders


def fill(session: orm.Session, role: str) -> tuple[User, list[Folder]]:
    """Make four folders in each other, and a user with a role on the outermost."""
    folders = [Folder(id=1)]
    for number in (2, 3, 4):
        folders.append(Folder(id=number, parent=folders[-1]))
    user = User(id=1, roles=[Role(id=1, name=role, folder=folders[0])])
    session.add_all([user, *folders])
    session.flush()
    return user, folders


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solved"])
@pytest.mark.parametrize(("rules", "levels"), RULES.items())
def test_role_on_plain_objects_reaches_its_levels_and_no_further(
    rules: str, levels: set[int], compiled: bool
) -> None:
    """A chain that is gone up once for all roles gives each of them what it reaches."""
    oso = make_oso(rules, compiled=compiled, of_rows=False)
    user_class, folder_class = oso.get_class("User"), oso.get_class("Folder")
    folders = nested(folder_class)
    user = user_class(roles=[Thing(name="editor", folder=folders[0])])

    allowed = {n for n, each in enumerate(folders) if oso.is_allowed(user, "read", each)}

    assert allowed == levels


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solved"])
@pytest.mark.parametrize(("rules", "levels"), RULES.items())
def test_role_reaches_its_levels_and_no_further(
    rules: str, levels: set[int], compiled: bool
) -> None:
    """A role reaches its levels and no further, though another role is inherited to the end."""
    oso = make_oso(rules, compiled=compiled)

    with open_session(Base.metadata) as session:
        user, folders = fill(session, "editor")
        allowed = {n for n, each in enumerate(folders) if oso.is_allowed(user, "read", each)}

    assert allowed == levels


@pytest.mark.parametrize(("rules", "levels"), RULES.items())
def test_role_reaches_its_levels_and_no_further_in_a_list(rules: str, levels: set[int]) -> None:
    """A list has the rows of the same levels."""
    oso = make_oso(rules)

    with open_session(Base.metadata) as session:
        user, _ = fill(session, "editor")
        rows = session.scalars(oso.authorized_query(user, "read", Folder)).all()
        listed = {row.id - 1 for row in rows}

    assert listed == levels


@pytest.mark.parametrize("rules", RULES)
def test_role_that_is_inherited_reaches_all_levels(rules: str) -> None:
    """The role that is inherited to the end reaches all levels, whatever the other role does."""
    oso = make_oso(rules)

    with open_session(Base.metadata) as session:
        user, folders = fill(session, "viewer")
        allowed = [oso.is_allowed(user, "read", each) for each in folders]

    assert allowed == [True] * 4
