"""The roles of oso 0.15 in lists, with resources that lie in one another."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Person(Base):
    """Has roles."""

    __tablename__ = "legacy_people"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    grants: orm.Mapped[list[Grant]] = orm.relationship()


class Org(Base):
    """Has sites."""

    __tablename__ = "legacy_orgs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Site(Base):
    """Has leaves."""

    __tablename__ = "legacy_sites"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("legacy_orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()


class Leaf(Base):
    """Lies in a site, or in none, and below another leaf, or below none."""

    __tablename__ = "legacy_leaves"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    site_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("legacy_sites.id"))
    site: orm.Mapped[Site | None] = orm.relationship()
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("legacy_leaves.id"))
    parent: orm.Mapped[Leaf | None] = orm.relationship(remote_side=[id])


class Grant(Base):
    """Says who has which role where."""

    __tablename__ = "legacy_grants"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    person_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("legacy_people.id"))
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("legacy_orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()
    site_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("legacy_sites.id"))
    site: orm.Mapped[Site | None] = orm.relationship()
    leaf_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("legacy_leaves.id"))
    leaf: orm.Mapped[Leaf | None] = orm.relationship()


ROLES = """
allow(a, b, c) if role_allows(a, b, c);
resource(_: Org, "org", ["invite", "bill"], {
  member: {permissions: ["invite", "leaf:read"]},
  owner: {permissions: ["bill"], implies: ["member", "site:editor"]}
});
resource(_: Site, "site", ["view", "edit"], {
  viewer: {permissions: ["view"]},
  editor: {permissions: ["edit"], implies: ["viewer", "leaf:writer"]}
});
resource(_: Leaf, "leaf", ["read", "write"], {
  writer: {permissions: ["write"], implies: ["reader"]},
  reader: {permissions: ["read"]}
});
actor_has_role_for_resource(p: Person, name, o: Org) if
  g in p.grants and g.name = name and g.org = o;
actor_has_role_for_resource(p: Person, name, s: Site) if
  g in p.grants and g.name = name and g.site = s;
actor_has_role_for_resource(p: Person, name, l: Leaf) if
  g in p.grants and g.name = name and g.leaf = l;
"""
PARENTS = {
    "parent first": (
        "parent_child(o: Org, s: Site) if o = s.org; parent_child(s: Site, l: Leaf) if s = l.site;"
    ),
    "child first": (
        "parent_child(o: Org, s: Site) if s.org = o; parent_child(s, l: Leaf) if l.site = s;"
    ),
    "patterns": "parent_child(o: Org, _: Site{org: o}); parent_child(s: Site, _: Leaf{site: s});",
    "classes in the body": (
        "parent_child(p, c) if c matches Site and p = c.org;"
        " parent_child(p, c) if c matches Leaf and p = c.site;"
    ),
    "none": "",
}


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database with a person for each role."""
    with open_session(Base.metadata) as session:
        session.add_all([Org(id=1), Org(id=2), *(Person(id=number) for number in range(1, 6))])
        session.add_all([Site(id=1, org_id=1), Site(id=2, org_id=2), Site(id=3)])
        session.add_all(Leaf(id=n, site_id=site) for n, site in [(1, 1), (2, 2), (3, 3), (4, None)])
        session.add_all(
            [
                Grant(name="member", person_id=1, org_id=1),
                Grant(name="owner", person_id=2, org_id=1),
                Grant(name="editor", person_id=3, site_id=1),
                Grant(name="writer", person_id=4, leaf_id=1),
                Grant(name="reader", person_id=4, leaf_id=4),
            ]
        )
        session.commit()
        yield session


def make_oso(parents: str) -> Oso:
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(ROLES + parents)
    oso.enable_roles()
    return oso


@pytest.mark.each(2)
@pytest.mark.parametrize("parents", PARENTS.values(), ids=PARENTS)
@pytest.mark.parametrize(
    ("cls", "action"),
    [
        (Org, "invite"),
        (Org, "bill"),
        (Site, "view"),
        (Site, "edit"),
        (Leaf, "read"),
        (Leaf, "write"),
        (Leaf, "leaf:read"),
    ],
)
def test_roles_above(session: orm.Session, cls: type, action: str, parents: str) -> None:
    """A role of an organization counts on its sites, and on their leaves, as in a check."""
    oso = make_oso(parents)
    people = session.scalars(sa.select(Person)).all()
    rows: list[t.Any] = list(session.scalars(sa.select(cls)))

    found = {
        (person.id, row)
        for person in people
        for row in session.scalars(oso.authorized_query(person, action, cls))
    }

    assert found == {
        (person.id, row) for person in people for row in rows if oso.is_allowed(person, action, row)
    }


def test_resources_of_one_class_within_each_other(session: orm.Session) -> None:
    """To any depth is refused at once, with what to write instead."""
    oso = make_oso("parent_child(p: Leaf, l: Leaf) if p = l.parent;")

    with pytest.raises(UnsupportedError) as caught:
        oso.authorized_query(session.get_one(Person, 1), "read", Leaf)

    assert str(caught.value) == (
        "Not supported for a list of rows: `parent_child` puts one 'Leaf' into another, to any"
        " depth, and the roles of oso 0.15 look at the whole path\n"
        'Write a resource block for \'Leaf\' with `"reader" if "reader" on "parent";`.\n'
    )
