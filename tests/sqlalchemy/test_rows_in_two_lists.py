"""Rows that are searched in the rows of a relation: labels that a user and a document share."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import outcome_of, specialized
from tests.support.models.links import link_table


class Base(orm.DeclarativeBase):
    """Of the models here."""


on_docs = link_table(Base, "on_docs", doc_id="docs.id", label_id="labels.id")
on_users = link_table(Base, "on_users", user_id="users.id", label_id="labels.id")
users_stamps = link_table(Base, "users_stamps", user_id="users.id", stamp_id="stamps.id")
docs_stamps = link_table(Base, "docs_stamps", doc_id="docs.id", stamp_id="stamps.id")


class Label(Base):
    """Is put on what belongs together."""

    __tablename__ = "labels"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Stamp(orm.MappedAsDataclass, Base):
    """Is the same with the equality that dataclasses are given, which is not asked."""

    __tablename__ = "stamps"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, init=False)


class User(Base):
    """Has labels, one of which is the first."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    label_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("labels.id"))
    label: orm.Mapped[Label | None] = orm.relationship()
    labels: orm.Mapped[set[Label]] = orm.relationship(secondary=on_users)
    stamps: orm.Mapped[list[Stamp]] = orm.relationship(secondary=users_stamps)


class Doc(Base):
    """Has labels, one of which is the first."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    label_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("labels.id"))
    label: orm.Mapped[Label | None] = orm.relationship()
    labels: orm.Mapped[list[Label]] = orm.relationship(secondary=on_docs)
    stamps: orm.Mapped[list[Stamp]] = orm.relationship(secondary=docs_stamps)


class Odd:
    """Is no row, and is asked what it equals."""

    def __eq__(self, other: object) -> bool:
        raise LookupError("asked")

    def __hash__(self) -> int:
        return 1


POLICY = """
    allow(u: User, "share", d: Doc) if l in d.labels and l in u.labels;
    allow(u: User, "differ", d: Doc) if l in d.labels and not l in u.labels;
    allow(u: User, "have", d: Doc) if d.label in u.labels;
    allow(u: User, "lack", d: Doc) if not u.label in d.labels;
    allow(u: User, "both", d: Doc) if d.label in u.labels and u.label in d.labels;
    allow(u: User, "stamp", d: Doc) if s in d.stamps and s in u.stamps;
    allow(u: User, "unstamped", d: Doc) if s in d.stamps and not s in u.stamps;
"""
ACTIONS = ("share", "differ", "have", "lack", "both", "stamp", "unstamped")


def by_keys(oso: Oso) -> None:
    """Have rows compared by their keys."""
    register_models(oso, Base)


def by_identity(oso: Oso) -> None:
    """Have rows compared as Python does."""
    for cls in (User, Doc, Label, Stamp):
        oso.register_class(cls)


def oso_of(register: Callable[[Oso], None], *, compiled: bool = True) -> Oso:
    """Give an Oso with the policy."""
    oso = Oso(compiled=compiled)
    register(oso)
    oso.load_str(POLICY)
    return oso


def row(cls: type, **values: t.Any) -> t.Any:
    """Make a row that has loaded some values, and is stored if it has a key."""
    made = cls()
    if values["id"] is not None:
        made.id = values["id"]
        orm.make_transient_to_detached(made)
    for name, value in values.items():
        orm.attributes.set_committed_value(made, name, value)
    return made


def rows(cls: type) -> list[t.Any]:
    """Give rows of which some have one key, one has none, and one has no object."""
    stored = [row(cls, id=key) for key in (1, 2, 2, 3)]
    return [*stored, row(cls, id=None), None]


def world() -> tuple[list[t.Any], list[t.Any]]:
    """Give users and documents with labels of all kinds."""
    labels, stamps = rows(Label), rows(Stamp)
    odd = Odd()
    listed = [[], labels[:2], labels[2:3], labels[4:5], [odd, labels[1]], [labels[1], None]]
    firsts = [labels[0], labels[2], labels[4], None, odd, labels[1]]
    stamped = [[], stamps[:2], stamps[2:3], stamps[4:5], stamps[1:], [stamps[1], None]]
    made = [*enumerate(zip(listed, firsts, stamped, strict=True), 1)]
    users = [
        row(User, id=n, label=first, labels=each, stamps=marks) for n, (each, first, marks) in made
    ]
    docs = [
        row(Doc, id=n, label=first, labels=each, stamps=marks) for n, (each, first, marks) in made
    ]
    return users, docs


@pytest.mark.parametrize("register", [by_keys, by_identity])
@pytest.mark.parametrize("action", ACTIONS)
def test_rows_are_found_as_by_the_solver(register: Callable[[Oso], None], action: str) -> None:
    """Also rows of other sessions, of other classes, without a key, and what is no row."""
    oso, solver = (oso_of(register, compiled=compiled) for compiled in (True, False))
    users, docs = world()

    for user, doc in itertools.product(users, docs):
        expected = outcome_of(solver, user, action, doc)
        assert [outcome_of(oso, user, action, doc) for _ in range(2)] == [expected] * 2


@pytest.mark.parametrize(
    ("register", "action"),
    # Without keys, the equality that dataclasses are given counts.
    [*((by_keys, each) for each in ACTIONS), *((by_identity, each) for each in ACTIONS[:5])],
)
def test_rows_are_found_by_a_function_for_plain_data(
    register: Callable[[Oso], None], action: str
) -> None:
    """No rules in order are needed for that."""
    oso, solver = (oso_of(register, compiled=compiled) for compiled in (True, False))
    users, docs = (each[:3] for each in world())

    for user, doc in itertools.product(users, docs):
        oso.is_allowed(user, action, doc)
        found = specialized(oso.engine, user, action, doc)
        assert found is solver.is_allowed(user, action, doc)


@pytest.mark.parametrize(
    ("register", "kept"), [(by_keys, "keys_of_rows"), (by_identity, "found_once")]
)
def test_one_of_two_lists_is_looked_at_once(register: Callable[[Oso], None], kept: str) -> None:
    """Not once for each element of the other one."""
    code = oso_of(register).generated_code('allow(User, "share", Doc)')

    assert f"{kept}(" in code
