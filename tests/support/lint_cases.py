"""Read the cases in ``tests/polar/lint/*.polar``: policies, and the codes that a lint finds.

Each case begins with a line ``##`` with its name and the codes, each as often as it is found, or
``silent``::

    ## twice: OSO101
    allow(user: User, "read", doc: Doc) if doc.owner = user;
    allow(user: User, "read", doc: Doc) if doc.owner = user;
"""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models

LINT_CASES = pathlib.Path(__file__).parents[1] / "polar" / "lint"


class User:
    """An actor."""

    id: int
    name: str
    role: str
    is_admin: bool
    is_banned: bool


class Admin(User):
    """An actor who may more."""


class Folder:
    """Has documents in it."""

    id: int
    name: str
    owner: User
    parent: t.Any


class Doc:
    """A document."""

    id: int
    owner: User
    folder: Folder
    readers: list[User]
    state: str
    size: int
    open: bool

    def next(self) -> int:
        return self.size


class Memo(Doc):
    """A short document."""


class Row(orm.DeclarativeBase):
    """Base of rows."""


class Person(Row):
    """An actor that is a row."""

    __tablename__ = "person"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    boss_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("person.id"))
    boss: orm.Mapped[Person | None] = orm.relationship(remote_side=[id])


class Team(Row):
    """Has members."""

    __tablename__ = "team"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    members: orm.Mapped[list[Member]] = orm.relationship(back_populates="team")

    def is_small(self) -> bool:
        return len(self.members) < 3


class Member(Row):
    """A person in a team."""

    __tablename__ = "member"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    role: orm.Mapped[str]
    team_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("team.id"))
    person_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("person.id"))
    team: orm.Mapped[Team] = orm.relationship(back_populates="members")
    person: orm.Mapped[Person] = orm.relationship()


class LintCase(t.NamedTuple):
    """One case of a file."""

    name: str
    codes: tuple[str, ...]
    policy: str


def read_lint_cases() -> list[LintCase]:
    """Read all cases of all files."""
    return [case for path in sorted(LINT_CASES.glob("*.polar")) for case in _read(path)]


def _read(path: pathlib.Path) -> Iterator[LintCase]:
    for part in ("\n" + path.read_text(encoding="utf-8")).split("\n## ")[1:]:
        header, _, policy = part.partition("\n")
        name, _, codes = header.partition(": ")
        found = () if codes == "silent" else tuple(codes.split())
        yield LintCase(f"{path.stem}-{name}", found, policy)


def make_lint_oso() -> Oso:
    """Make an ``Oso`` that knows the classes of the cases."""
    oso = Oso()
    for cls in (User, Admin, Folder, Doc, Memo):
        oso.register_class(cls)
    register_models(oso, Row)
    return oso
