"""Mappings that say more than columns do: each agrees with checks, or is refused with a reason."""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import Comparator, hybrid_property

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


# -- types and operators of their own ------------------------------------------------


class Letter(enum.Enum):
    """Stored by name in one column, by value in another."""

    A = "B"
    B = "A"


class Successor(sa.Integer):
    """One more than what is stored."""

    def result_processor(self, dialect: t.Any, coltype: t.Any) -> t.Any:
        """Add one."""
        return lambda value: value + 1


class Opposite(sa.Boolean):
    """True where what is stored is false."""

    def result_processor(self, dialect: t.Any, coltype: t.Any) -> t.Any:
        """Turn it round."""
        return lambda value: not value


class OppositeChild(Opposite):
    """The same, further down."""


class Doubled(sa.Integer):
    """Twice what is stored."""

    def column_expression(self, column: t.Any) -> t.Any:
        """Double it."""
        return column * 2


class Shifted(sa.Integer):
    """Stored as one more than what is given."""

    def bind_expression(self, bindvalue: t.Any) -> t.Any:
        """Add one."""
        return bindvalue + 1


class Anything(sa.Integer):
    """Equal to any value, in SQL."""

    class comparator_factory(sa.Integer.Comparator[int]):
        """Takes all for equal."""

        def __eq__(self, other: object) -> t.Any:
            return sa.true()

        __hash__ = sa.Integer.Comparator.__hash__


class Plain(sa.Integer):
    """An integer under another name."""

    cache_ok = True


class AnyCase(orm.ColumnProperty.Comparator[str]):
    """Takes letters of both cases for equal, in SQL."""

    def __eq__(self, other: object) -> t.Any:
        return sa.func.lower(self.__clause_element__()) == sa.func.lower(other)


class HybridCase(Comparator[str]):
    """The same of a hybrid."""

    def __eq__(self, other: object) -> t.Any:
        return sa.func.lower(self.__clause_element__()) == sa.func.lower(other)


class Item(Base):
    """Columns of such types."""

    __tablename__ = "items"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    successor: orm.Mapped[int] = orm.mapped_column(Successor)
    opposite: orm.Mapped[bool] = orm.mapped_column(Opposite)
    opposite_child: orm.Mapped[bool] = orm.mapped_column(OppositeChild)
    doubled: orm.Mapped[int] = orm.mapped_column(Doubled)
    shifted: orm.Mapped[int] = orm.mapped_column(Shifted)
    anything: orm.Mapped[int] = orm.mapped_column(Anything)
    plain: orm.Mapped[int] = orm.mapped_column(Plain)
    any_case: orm.Mapped[str] = orm.column_property(
        sa.Column("any_case", sa.String(20)), comparator_factory=AnyCase
    )
    by_name: orm.Mapped[Letter] = orm.mapped_column(sa.Enum(Letter))
    by_name_too: orm.Mapped[Letter] = orm.mapped_column(sa.Enum(Letter))
    by_value: orm.Mapped[Letter] = orm.mapped_column(
        sa.Enum(Letter, values_callable=lambda cls: [each.value for each in cls])
    )
    raw: orm.Mapped[str] = orm.mapped_column(sa.String(20))

    @property
    def _shouted(self) -> str:
        return self.raw.upper()

    shouted = orm.synonym("raw", descriptor=_shouted)
    other_name = orm.synonym("raw")
    other_case = orm.synonym("raw", comparator_factory=AnyCase)

    @hybrid_property
    def hybrid_case(self) -> str:
        """What compares otherwise in SQL."""
        return self.raw

    @hybrid_case.inplace.comparator
    @classmethod
    def _hybrid_case(cls) -> HybridCase:
        return HybridCase(cls.raw)


ROWS = """
    INSERT INTO items (id, successor, opposite, opposite_child, doubled, shifted, anything, plain,
        any_case, by_name, by_name_too, by_value, raw) VALUES
    (1, 1, 1, 1, 1, 1, 1, 1, 'Abc', 'A', 'A', 'A', 'abc'),
    (2, 2, 0, 0, 2, 2, 2, 2, 'abc', 'B', 'A', 'A', 'ABC'),
    (3, 0, 0, 0, 0, 0, 0, 0, 'x', 'A', 'B', 'B', 'Abc')
"""

# -- joins, aliases, collections -----------------------------------------------------


class Chosen(list[t.Any]):
    """Shows some of its elements."""

    def __iter__(self) -> Iterator[t.Any]:
        return iter([each for each in super().__iter__() if each.rank > 1])


class Picky(list[t.Any]):
    """Takes some of its elements."""

    def append(self, element: t.Any) -> None:
        """Take an element, perhaps."""
        if element.rank > 1:
            super().append(element)


class Org(Base):
    """Has users."""

    __tablename__ = "orgs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class User(Base):
    """Belongs to an organization, or to none."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    code: orm.Mapped[str] = orm.mapped_column(sa.String(20), unique=True)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"), unique=True)


joined = sa.outerjoin(Org.__table__, User.__table__, Org.__table__.c.id == User.__table__.c.org_id)


class Member(Base):
    """An organization with its user, if it has one."""

    __table__ = joined
    __mapper_args__ = {"primary_key": [Org.__table__.c.id]}
    id = orm.column_property(Org.__table__.c.id)
    user_id = orm.column_property(User.__table__.c.id)
    code = orm.column_property(User.__table__.c.code)
    org_id = orm.column_property(User.__table__.c.org_id)


class Pair(Base):
    """The same with a key of both."""

    __table__ = joined
    id = orm.column_property(Org.__table__.c.id)
    user_id = orm.column_property(User.__table__.c.id)
    code = orm.column_property(User.__table__.c.code)
    org_id = orm.column_property(User.__table__.c.org_id)


class Remark(Base):
    """Stands on a post."""

    __tablename__ = "remarks"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    rank: orm.Mapped[int]
    post_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("posts.id"))

    @orm.declared_attr.directive
    def __table_args__(cls) -> tuple[t.Any, ...]:
        """Have one remark of the lowest rank on a post, and one of each other rank."""
        return (
            sa.Index("lowest", "post_id", unique=True, sqlite_where=sa.text("rank = 0")),
            sa.Index("ranks", "post_id", sa.text("abs(rank)"), unique=True),
        )


class Draft(Base):
    """Leaves out the column that a relation needs."""

    __table__ = sa.Table(
        "drafts",
        Base.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("post_id", sa.ForeignKey("posts.id")),
    )
    __mapper_args__ = {"exclude_properties": ["post_id"]}
    post = orm.relationship("Post", back_populates="drafts", viewonly=True)


class Animal(Base):
    """Its class is computed."""

    __tablename__ = "animals"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column()
    post_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("posts.id"))
    prey_kind: orm.Mapped[str | None] = orm.mapped_column(sa.ForeignKey("animals.kind"))
    prey: orm.Mapped[Animal | None] = orm.relationship(remote_side=[kind], viewonly=True)

    @orm.declared_attr.directive
    def __mapper_args__(cls) -> dict[str, t.Any]:
        """Tell the class by an expression."""
        if cls.__name__ != "Animal":
            return {"polymorphic_identity": "dog"}
        kind: t.Any = cls.kind
        told = sa.case((kind == "d", "dog"), else_="animal")
        return {"polymorphic_on": told, "polymorphic_identity": "animal"}


class Dog(Animal):
    """An animal in the table of animals."""


class Post(Base):
    """What is listed."""

    __tablename__ = "posts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_code: orm.Mapped[str | None] = orm.mapped_column(sa.String(20, collation="NOCASE"))
    owner: orm.Mapped[User | None] = orm.relationship(
        primaryjoin="foreign(Post.owner_code) == User.code", viewonly=True
    )
    remarks: orm.Mapped[list[Remark]] = orm.relationship()
    remark_set: orm.Mapped[set[Remark]] = orm.relationship(viewonly=True)
    chosen: orm.Mapped[list[Remark]] = orm.relationship(viewonly=True, collection_class=Chosen)
    picked: orm.Mapped[list[Remark]] = orm.relationship(viewonly=True, collection_class=Picky)
    drafts: orm.Mapped[list[Draft]] = orm.relationship(back_populates="post", viewonly=True)
    lowest: orm.Mapped[Remark | None] = orm.relationship(viewonly=True, uselist=False)
    ranked: orm.Mapped[Remark | None] = orm.relationship(
        primaryjoin="foreign(Post.id) == Remark.rank", viewonly=True
    )
    either: orm.Mapped[Remark | None] = orm.relationship(
        primaryjoin="or_(foreign(Post.id) == Remark.id, Remark.rank == 3)", viewonly=True
    )
    nearly: orm.Mapped[Remark | None] = orm.relationship(
        primaryjoin="func.abs(foreign(Post.id)) == func.abs(Remark.id)", viewonly=True
    )
    first_of_rank: orm.Mapped[Remark | None] = orm.relationship(
        primaryjoin="and_(foreign(Post.id) == Remark.id, Remark.rank < 2)", viewonly=True
    )
    asked: orm.Mapped[int | None] = orm.query_expression()
    animals: orm.Mapped[list[Animal]] = orm.relationship()
    dogs: orm.Mapped[list[Dog]] = orm.relationship(viewonly=True)


_numbered = sa.select(
    Remark,
    sa.func.row_number().over(order_by=Remark.rank.desc(), partition_by=Remark.post_id).label("n"),
).subquery()
_first = orm.aliased(Remark, _numbered)
_is_first = sa.and_(Post.id == _first.post_id, _numbered.c.n == 1)
Post.first = orm.relationship(_first, primaryjoin=_is_first, viewonly=True, uselist=False)
Post.firsts = orm.relationship(_first, primaryjoin=_is_first, viewonly=True, uselist=True)


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database in which what is stored is not what is read."""
    with open_session(Base.metadata) as session:
        session.execute(sa.text(ROWS))
        session.add_all([Org(id=1), Org(id=2), User(id=1, code="A", org_id=1)])
        session.add_all([User(id=2, code="a"), User(id=3, code="b")])
        session.add_all([Post(id=1, owner_code="A"), Post(id=2, owner_code="B"), Post(id=3)])
        session.flush()
        session.add_all([Remark(rank=1, post_id=1), Remark(rank=2, post_id=1)])
        session.add_all([Remark(rank=1, post_id=2), Remark(rank=3, post_id=3)])
        session.execute(
            sa.text("INSERT INTO animals (kind, post_id) VALUES ('d', 1), ('c', 2), ('d', 2)")
        )
        session.execute(sa.text("INSERT INTO drafts VALUES (1, 1), (2, NULL)"))
        session.commit()
        yield session


def make_oso(cls: type, rule: str) -> Oso:
    """Make an Oso with a rule about rows of a class."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_constant(Letter.A, "letter_a")
    oso.load_str(f'allow(_, "read", r: {cls.__name__}) if {rule};')
    return oso


def is_allowed(oso: Oso, row: object) -> bool:
    """Ask for one row; an error is no allow."""
    try:
        return oso.is_allowed(None, "read", row)
    except OsoError:
        return False


@pytest.mark.parametrize(
    ("cls", "rule"),
    [
        (Item, "r.plain = 1"),
        (Item, "r.by_name = letter_a"),
        (Item, "r.by_value = letter_a"),
        (Item, "not r.by_value = letter_a"),
        (Item, "r.by_name = r.by_name_too"),
        (Item, 'r.other_name = "abc"'),
        (Member, "r.code = nil"),
        (Member, 'r.code != "A"'),
        (Member, 'not r.code = "A"'),
        (Member, "r.org_id = r.id"),
        (Member, "r.user_id != r.id"),
        (Member, "not r.user_id = r.id"),
        (Post, "x in r.remark_set and x.rank = 1"),
        (Post, "forall(x in r.remarks, x.rank = 1)"),
        (Post, "r.first_of_rank.rank = 1"),
        (Post, "not r.first_of_rank = nil"),
        (Animal, 'r.kind = "d"'),
        (Post, "_ in r.drafts"),
        (Post, "not (x in r.drafts and x.id = 1)"),
        (Dog, "r.post_id = 1"),
        (Dog, "r matches Dog"),
    ],
)
def test_mapping_agrees(session: orm.Session, cls: type, rule: str) -> None:
    """The list has the rows that checks allow."""
    oso = make_oso(cls, rule)

    found: set[t.Any] = set(session.scalars(oso.authorized_query(None, "read", cls)))

    rows: t.Any = session.scalars(sa.select(cls))
    assert found == {row for row in rows if is_allowed(oso, row)}
    assert found


OWN = "{} has a {!r} of its own"
COMPARATOR = "a comparator of its own says what it equals"
ALIAS = "it leads to an alias, which may have some rows of its class only"
COLLECTION = "its collection is not a list of its rows"
TOLD = "do not tell their class by a column with a name for each"


@pytest.mark.parametrize(
    ("cls", "rule", "reason"),
    [
        (Item, "r.successor = 1", OWN.format("Successor", "result_processor")),
        (Item, "r.successor < 2", OWN.format("Successor", "result_processor")),
        (Item, "r.opposite = true", OWN.format("Opposite", "result_processor")),
        (Item, "r.opposite_child = true", OWN.format("OppositeChild", "result_processor")),
        (Item, "r.doubled = 2", OWN.format("Doubled", "column_expression")),
        (Item, "r.shifted in [1, 2]", OWN.format("Shifted", "bind_expression")),
        (Item, "r.anything = 1", OWN.format("Anything", "comparator_factory")),
        (Item, 'r.any_case = "ABC"', COMPARATOR),
        (Item, 'r.other_case = "ABC"', "it is computed in Python"),
        (Item, 'r.hybrid_case = "ABC"', COMPARATOR),
        (Item, 'r.shouted = "ABC"', "it is computed in Python"),
        (Item, "r.by_name = r.by_value", "hold values of different kinds"),
        (Item, "not r.by_name = r.by_value", "hold values of different kinds"),
        (Pair, 'r.code != "A"', "are read from an outer join"),
        (Post, "r.first.rank = 1", ALIAS),
        (Post, "not (x in r.firsts and x.rank = 1)", ALIAS),
        (Post, 'r.owner.code = "b"', "it compares columns with different collations"),
        (Post, "r.owner = nil", "it compares columns with different collations"),
        (Post, "r.lowest.rank = 1", "the columns it compares are not unique"),
        (Post, "r.lowest = nil", "the columns it compares are not unique"),
        (Post, "r.ranked.rank = 1", "the columns it compares are not unique"),
        (Post, "not r.either.rank = 3", "the columns it compares are not unique"),
        (Post, "r.nearly = nil", "the columns it compares are not unique"),
        (Animal, "r.prey.post_id = 2", "the columns it compares are not unique"),
        (Post, "r.asked = nil", "each statement says what it is"),
        (Draft, "r.post = nil", "it compares a column that is not mapped"),
        (Draft, "r.post.id = 1", "it compares a column that is not mapped"),
        (Post, "x in r.chosen and x.rank = 1", COLLECTION),
        (Post, "_ in r.picked", COLLECTION),
        (Post, "x in r.dogs and x.post_id = 1", TOLD),
        (Post, "x in r.animals and x matches Dog", TOLD),
        (Animal, "r matches Dog", TOLD),
        (Animal, "not r matches Dog", TOLD),
    ],
)
def test_mapping_is_refused(session: orm.Session, cls: type, rule: str, reason: str) -> None:
    """What a database would take otherwise than a check is refused, and the error says why."""
    oso = make_oso(cls, rule)

    with pytest.raises(UnsupportedError) as caught:
        session.scalars(oso.authorized_query(None, "read", cls)).all()

    assert reason in str(caught.value)
