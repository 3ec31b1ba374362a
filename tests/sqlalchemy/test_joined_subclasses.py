"""Foreign keys to the table of a subclass: they are the key of its rows, as those to any table."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.mapped import loaded
from flask_oso.sqlalchemy.mapped.relationships import holds_class, key_column
from tests.support.answers import may_read
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Node(Base):
    """What has an id of its own among all that there is."""

    __tablename__ = "nodes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "node"}


class Party(Node):
    """Has members."""

    __tablename__ = "parties"
    party_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("nodes.id"), primary_key=True)
    open: orm.Mapped[bool] = orm.mapped_column(default=False)
    __mapper_args__ = {"polymorphic_identity": "party"}


class Company(Party):
    """A party with a table of its own."""

    __tablename__ = "companies"
    company_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("parties.party_id"), primary_key=True
    )
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("companies.company_id"))
    parent: orm.Mapped[Company | None] = orm.relationship(
        foreign_keys=[parent_id], remote_side=[company_id]
    )
    __mapper_args__ = {
        "polymorphic_identity": "company",
        "inherit_condition": company_id == Party.party_id,
    }


class User(Node):
    """Somebody who asks."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("nodes.id"), primary_key=True)
    company_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("companies.company_id"))
    company: orm.Mapped[Company | None] = orm.relationship(foreign_keys=[company_id])
    near_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("nodes.id"))
    near: orm.Mapped[Node | None] = orm.relationship(foreign_keys=[near_id])
    memberships: orm.Mapped[list[Membership]] = orm.relationship(back_populates="user")
    __mapper_args__ = {"polymorphic_identity": "user", "inherit_condition": id == Node.id}


class Membership(Base):
    """A user in a party."""

    __tablename__ = "memberships"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    party_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("parties.party_id"))
    user: orm.Mapped[User] = orm.relationship(back_populates="memberships")
    party: orm.Mapped[Party | None] = orm.relationship()


class Doc(Node):
    """Belongs to a user, and to a party or a company, or to none."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("nodes.id"), primary_key=True)
    owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    party_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("parties.party_id"))
    company_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("companies.company_id"))
    owner: orm.Mapped[User] = orm.relationship(foreign_keys=[owner_id])
    party: orm.Mapped[Party | None] = orm.relationship(foreign_keys=[party_id])
    company: orm.Mapped[Company | None] = orm.relationship(foreign_keys=[company_id])
    __mapper_args__ = {"polymorphic_identity": "doc", "inherit_condition": id == Node.id}


class Note(Base):
    """Refers to parties by keys of other kinds."""

    __tablename__ = "notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    node_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("nodes.id"))
    late_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("parties.party_id", deferrable=True, initially="DEFERRED")
    )
    of_any: orm.Mapped[Party | None] = orm.relationship(
        foreign_keys=[node_id], primaryjoin=node_id == Party.id, viewonly=True
    )
    late: orm.Mapped[Party | None] = orm.relationship(foreign_keys=[late_id])


class Loose(Node):
    """Has a table of its own, whose rows may be there before those of the base."""

    __tablename__ = "loose"
    id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("nodes.id", deferrable=True, initially="DEFERRED"), primary_key=True
    )
    other_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("loose.id"))
    other: orm.Mapped[Loose | None] = orm.relationship(foreign_keys=[other_id], remote_side=[id])
    __mapper_args__ = {"polymorphic_identity": "loose", "inherit_condition": id == Node.id}


class Thing(Base):
    """Has a text for a key."""

    __tablename__ = "things"
    id: orm.Mapped[str] = orm.mapped_column(primary_key=True)


class Tool(Thing):
    """A thing with a table of its own."""

    __tablename__ = "tools"
    id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey("things.id"), primary_key=True)


#: Parts of rules about a user and a document.
PARTS = (
    "d.owner = u",
    "d.party = nil",
    "d.company = u.company",
    "d.party = u.company",
    "d.party.open",
    "d.company != nil and d.company = d.party",
    "c = d.company and c.parent = u.company and c.parent.open",
    "above(u, d.company)",
    "m in u.memberships and m.party = d.party",
    "x in d.owner.memberships and x.party = u.company",
    "not (o in u.memberships and o.party = d.company)",
    "forall(n in u.memberships, n.party = d.party)",
)


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with two users, two parties, two companies and their documents."""
    with open_session(Base.metadata) as session:
        company = Company(id=3)
        companies = [company, Company(id=4, open=True, parent=company)]
        parties = [Party(id=1, open=True), Party(id=2), *companies]
        users = [User(id=11, company=company), User(id=12)]
        session.add_all([*parties, *users])
        session.flush()
        session.add_all(Membership(user=users[0], party=each) for each in (*parties[:3], None))
        session.add(Membership(user=users[1], party=parties[3]))
        held = itertools.product(users, (None, *parties), (None, *parties[2:]))
        session.add_all(Doc(owner=one, party=two, company=three) for one, two, three in held)
        session.commit()
        yield session


def make_oso(body: str) -> Oso:
    """Give an Oso in which a user may read documents."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f"""
        allow(u: User, "read", d: Doc) if {body} and u = u and d = d;
        above(u: User, c: Company) if c = u.company;
        above(u: User, c: Company) if above(u, c.parent);
    """)
    return oso


@pytest.mark.parametrize("loads", [False, True], ids=["nothing loaded", "the actor loaded"])
@pytest.mark.parametrize("body", [*PARTS, *map(" or ".join, itertools.pairwise(PARTS))])
def test_lists_have_what_checks_allow(session: orm.Session, body: str, loads: bool) -> None:
    """A list has the rows for which the check holds, whatever is loaded of the actor."""
    oso = make_oso(body)
    for number in (11, 12):
        session.expire_all()
        user = session.get_one(User, number)
        if loads:
            session.refresh(user, ["company", "memberships"])
            for each in user.memberships:
                session.refresh(each, ["party"])
        listed = session.scalars(oso.authorized_query(user, "read", Doc)).all()
        docs = session.scalars(sa.select(Doc)).all()
        assert {*listed} == {each for each in docs if may_read(oso, user, each)}


def test_a_relation_of_a_subclass_to_itself_is_a_join(session: orm.Session) -> None:
    """What SQLAlchemy compares twice is compared once, and no company is asked for each other."""
    user = session.get_one(User, 11)

    made = make_oso("above(u, d.company)").authorized_query(user, "read", Doc)

    assert "WITH RECURSIVE" in str(made)
    assert "EXISTS" not in str(made)


def test_comparing_a_relation_to_a_row_loads_nothing(session: orm.Session) -> None:
    """The foreign key says which row a relation leads to."""
    oso = make_oso("d.owner = u")
    session.expire_all()
    docs, user = session.scalars(sa.select(Doc)).all(), session.get_one(User, 11)
    statements: list[str] = []
    engine = session.get_bind()
    sa.event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    assert [each for each in docs if oso.is_allowed(user, "read", each)]

    assert statements == []


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("d.owner = u", "docs.owner_id = :owner_id_1"),
        ("not d.owner = u", "docs.owner_id != :owner_id_1"),
        ("m in u.memberships and m.party = d.party and m.user = u", "docs.party_id IN"),
    ],
)
def test_a_key_of_a_subclass_is_compared_with_a_known_object(
    session: orm.Session, body: str, where: str
) -> None:
    """The tables of a subclass are not read to compare a row with the actor."""
    session.expire_all()
    user = session.get_one(User, 11)

    made = str(make_oso(body).authorized_query(user, "read", Doc))

    assert " ".join(made.partition("WHERE ")[2].split()).startswith(where)
    assert "users" not in made


@pytest.mark.parametrize("body", ["d.party = u.near", "not d.party = u.near"])
def test_a_key_of_a_row_of_another_class_leads_nowhere(body: str) -> None:
    """SQLite may have a foreign key without its row; that of a user is no party."""
    with open_session(Base.metadata) as session:
        user = User(id=11, near_id=11)
        session.add_all([Party(id=1), user])
        session.flush()
        session.add_all(Doc(id=each, owner=user, party_id=each - 20) for each in (21, 31))
        session.commit()
        oso = make_oso(body)

        listed = session.scalars(oso.authorized_query(user, "read", Doc)).all()

        docs = session.scalars(sa.select(Doc)).all()
        assert {*listed} == {each for each in docs if may_read(oso, user, each)}


@pytest.mark.parametrize(
    "body", ["m in u.memberships and m.party = d.party", "d.company = d.party"]
)
def test_no_row_of_a_subclass_is_read_to_compare_two_keys(session: orm.Session, body: str) -> None:
    """Where constraints hold the rows of all its tables, equal keys lead to one row of it."""
    session.expire_all()
    user = session.get_one(User, 11)

    made = str(make_oso(body.replace("d.company", "d.owner.company")).residual(user, "read", Doc))

    assert "not exists" not in made


@pytest.mark.parametrize(
    ("cls", "name", "holds"),
    [
        (Doc, "party", True),
        (Doc, "company", True),
        (Membership, "user", True),
        (User, "near", True),
        (Note, "of_any", False),
        (Note, "late", False),
        (Loose, "other", False),
    ],
)
def test_a_key_tells_of_a_row_of_a_subclass_where_constraints_do(
    cls: type, name: str, holds: bool
) -> None:
    """One to the base may lead to another class, and one that is held late to no row yet."""
    assert holds_class(sa.inspect(cls).relationships[name]) is holds


def test_a_list_beside_loaded_rows_keeps_its_template(session: orm.Session) -> None:
    """Loaded rows of a subclass are those that their foreign keys name."""
    user = session.get_one(User, 11)
    assert [each.party for each in user.memberships]

    assert loaded.is_stored(user, ("memberships", "party"))


def test_texts_are_no_key_of_the_base() -> None:
    """A database may take two texts for one key that Python tells apart."""
    mapper = sa.inspect(Tool)

    assert key_column(mapper, Tool.__table__.c.id) is Tool.__table__.c.id
