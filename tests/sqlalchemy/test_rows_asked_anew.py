"""Conditions that ask for some row of a list within those about another row of the same list."""

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


_friends = link_table(Base, "friends", near_id="users.id", far_id="users.id")


class User(Base):
    """Has friends, and somebody that leads."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    level: orm.Mapped[int | None]
    lead_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    lead: orm.Mapped[User | None] = orm.relationship(back_populates="team", remote_side=[id])
    team: orm.Mapped[list[User]] = orm.relationship(back_populates="lead")
    friends: orm.Mapped[list[User]] = orm.relationship(
        secondary=_friends,
        primaryjoin=id == _friends.c.near_id,
        secondaryjoin=id == _friends.c.far_id,
    )


class Doc(Base):
    """Has an owner, or none."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    owner: orm.Mapped[User | None] = orm.relationship()


#: Of each user the friends, so that each has some of those with a lead, a lead's lead, or none.
FRIENDS = {1: (3, 4), 2: (1, 4), 3: (4, 5), 4: (1, 2), 5: (5,), 6: (3, 5)}
ALL = sa.select(Doc).order_by(Doc.id)


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with a document of each user, and one of nobody."""
    with open_session(Base.metadata) as session:
        users = {
            key: User(id=key, level=level) for key, level in enumerate([1, 2, None, 1, 2, 1], 1)
        }
        for key, others in FRIENDS.items():
            users[key].friends = [users[other] for other in others]
        for key, lead in ((3, 1), (4, 3), (5, 4)):
            users[key].lead = users[lead]
        session.add_all(users.values())
        session.add_all([Doc(id=key, owner=users.get(key)) for key in range(1, 8)])
        session.commit()
        yield session


@pytest.mark.parametrize("owner", ["d.owner", "d.owner.lead"])
@pytest.mark.parametrize("rows", ["friends", "team"])
@pytest.mark.parametrize(
    "body",
    [
        "x.lead.level = 1",
        "not x.lead.lead = u",
        "x.lead.lead.level = 1",
        "x.level > 1",
        "y in x.team and y.lead.lead.level = 1",
    ],
)
def test_rows_are_those_of_checks(session: orm.Session, owner: str, rows: str, body: str) -> None:
    """The row of which a check raises is any, and not the one that meets the condition."""
    policy, actor = Oso(), session.get_one(User, 1)
    register_models(policy, Base)
    policy.load_str(f'allow(u, "read", d: Doc) if u = u and x in {owner}.{rows} and {body};')

    found = session.scalars(policy.authorized_query(actor, "read", Doc).order_by(Doc.id)).all()

    assert found == [each for each in session.scalars(ALL) if may_read(policy, actor, each)]


@pytest.mark.parametrize(
    "body",
    [
        "d.owner = u and not (_ in d.owner.team and d.owner = u)",
        "x in d.owner.friends and x = u and not (x.level = 1 and d.owner = v)",
        "not (x in d.owner.friends and x = u and not (x.level = 1 and d.owner = v))",
        "d.owner = u and (not d.owner = v or not d.owner.lead = v)",
    ],
)
def test_row_of_one_within_itself(session: orm.Session, body: str) -> None:
    """A list of owners asks nothing of the documents that are looked up in it."""
    policy = Oso()
    register_models(policy, Base)
    policy.load_str(f'allow(u, "read", d: Doc) if v = u.lead and v = v and {body};')

    for actor in session.scalars(sa.select(User)):
        ours = policy.authorized_query(actor, "read", Doc).order_by(Doc.id)
        column = policy.action_columns(actor, Doc, ["read"])["read"]

        found = session.scalars(ours).all()

        assert found == [each for each in session.scalars(ALL) if may_read(policy, actor, each)]
        assert found == session.scalars(ALL.where(column)).all()
