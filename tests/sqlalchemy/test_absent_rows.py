"""Relations that may lead to no row, although a foreign key that they compare holds."""

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
    """Has a profile, or none."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Profile(Base):
    """Has the key of its user."""

    __tablename__ = "profiles"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    open: orm.Mapped[bool] = orm.mapped_column(default=True)


_heads = sa.Table("heads", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
_texts = sa.Table(
    "texts",
    Base.metadata,
    sa.Column("head_id", sa.ForeignKey("heads.id"), primary_key=True),
    sa.Column("open", sa.Boolean, nullable=False),
)


class Article(Base):
    """A head with a text; a head alone is none."""

    __table__ = sa.join(_heads, _texts)
    id = orm.column_property(_heads.c.id, _texts.c.head_id)


class Link(Base):
    """Leads to users and heads that are there."""

    __tablename__ = "links"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    head_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("heads.id"))
    profile: orm.Mapped[Profile | None] = orm.relationship(
        primaryjoin=lambda: orm.foreign(Link.user_id) == Profile.user_id, viewonly=True
    )
    article: orm.Mapped[Article | None] = orm.relationship(
        primaryjoin=lambda: orm.foreign(Link.head_id) == _heads.c.id, viewonly=True
    )


ALL = sa.select(Link).order_by(Link.id)


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database in which users have no profile, and heads no text."""
    with open_session(Base.metadata) as session:
        session.add_all([User(id=number) for number in (1, 2, 3)])
        session.execute(_heads.insert(), [{"id": number} for number in (2, 3)])
        session.flush()
        session.add_all([Profile(user_id=1), Article(id=1, open=True)])
        session.add_all([Link(id=number, user_id=number, head_id=number) for number in (1, 2)])
        session.add_all([Link(id=3, user_id=1, head_id=3), Link(id=4, user_id=3, head_id=1)])
        session.commit()
        yield session


@pytest.mark.parametrize("relation", ["profile", "article"])
@pytest.mark.parametrize(
    "body",
    [
        "d.{0} = nil",
        "d.{0} != nil",
        "d.{0}.open or d.id > 0",
        "not d.{0}.open or d.id > 0",
        "not d.{0} = l.{0}",
        "d.{0} = l.{0}",
        "(d.{0}.open and d.id = 3) or d.id > 0",
        "not d matches {{{0}: {{open: true}}}}",
    ],
)
def test_rows_are_those_of_checks(session: orm.Session, relation: str, body: str) -> None:
    """Such a relation is nil, and has no attributes."""
    policy = Oso()
    register_models(policy, Base)
    policy.load_str(f'allow(l, "read", d: Link) if l = l and {body.format(relation)};')

    for actor in session.scalars(ALL).all():
        found = session.scalars(
            policy.authorized_query(actor, "read", Link).order_by(Link.id)
        ).all()

        assert found == [each for each in session.scalars(ALL) if may_read(policy, actor, each)]
