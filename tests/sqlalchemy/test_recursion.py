"""Recursion under a negation: what a list has where folders lie in a circle."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.polar.residual import search
from flask_oso.sqlalchemy import register_models
from tests.support.answers import evaluating_nothing, may_read
from tests.support.databases import open_session
from tests.support.sizes import IS_FULL


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class User(Base):
    """Owns folders."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Folder(Base):
    """Lies in another folder, or in none; somewhere around a circle, perhaps."""

    __tablename__ = "folders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    open: orm.Mapped[bool]
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    owner: orm.Mapped[User | None] = orm.relationship()
    parent: orm.Mapped[Folder | None] = orm.relationship(
        remote_side=[id], back_populates="children"
    )
    children: orm.Mapped[list[Folder]] = orm.relationship(back_populates="parent")


class Doc(Base):
    """Lies in a folder, or in none."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    open: orm.Mapped[bool]
    folder_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    folder: orm.Mapped[Folder | None] = orm.relationship()


POLICIES = {
    "owner": """
        allow(u: User, "read", d: Doc) if not owns(u, d.folder);
        owns(u: User, f: Folder) if f.owner = u;
        owns(u: User, f: Folder) if owns(u, f.parent);
    """,
    "owner behind the call": """
        allow(u: User, "read", d: Doc) if not owns(u, d.folder);
        owns(u: User, f: Folder) if owns(u, f.parent) or f.owner = u;
    """,
    "while folders are open": """
        allow(u: User, "read", d: Doc) if not owns(u, d.folder);
        owns(u: User, f: Folder) if f.owner = u;
        owns(u: User, f: Folder) if f.open and owns(u, f.parent);
    """,
    "while folders above are open": """
        allow(u: User, "read", d: Doc) if not owns(u, d.folder);
        owns(u: User, f: Folder) if f.owner = u;
        owns(u: User, f: Folder) if f.parent matches Folder{open: true} and owns(u, f.parent);
    """,
    "with a condition behind the call": """
        allow(u: User, "read", d: Doc) if not owns(u, d.folder);
        owns(u: User, f: Folder) if f.owner = u;
        owns(u: User, f: Folder) if owns(u, f.parent) and f.open;
    """,
    "behind another condition": """
        allow(u: User, "read", d: Doc) if not (d.open and owns(u, d.folder));
        owns(u: User, f: Folder) if f.owner = u;
        owns(u: User, f: Folder) if owns(u, f.parent);
    """,
    "forall": """
        allow(u: User, "read", d: Doc) if forall(c in d.folder.children, owns(u, c));
        owns(u: User, f: Folder) if f.owner = u;
        owns(u: User, f: Folder) if owns(u, f.parent);
    """,
    "twice": """
        allow(u: User, "read", d: Doc) if not (not owns(u, d.folder));
        owns(u: User, f: Folder) if f.owner = u;
        owns(u: User, f: Folder) if owns(u, f.parent);
    """,
    "in front of another rule": """
        allow(u: User, "read", d: Doc) if not owns(u, d.folder);
        allow(_: User, "read", d: Doc) if d.open;
        owns(u: User, f: Folder) if f.owner = u;
        owns(u: User, f: Folder) if owns(u, f.parent);
    """,
    "in another recursion": """
        allow(u: User, "read", d: Doc) if not hidden(u, d.folder);
        hidden(u: User, f: Folder) if not f.open and not owns(u, f);
        owns(u: User, f: Folder) if f.owner = u;
        owns(u: User, f: Folder) if owns(u, f.parent);
    """,
    "blocks": """
        actor User {}
        resource Folder { roles = ["banned"]; relations = { parent: Folder };
          "banned" if "banned" on "parent"; }
        has_role(u: User, "banned", f: Folder) if f.owner = u;
        has_relation(p: Folder, "parent", f: Folder) if p = f.parent;
        allow(u: User, "read", d: Doc) if not has_role(u, "banned", d.folder);
    """,
}


def fill(session: orm.Session, seed: int) -> None:
    """Draw folders, each in any other or in itself, and a document in each."""
    choose = random.Random(seed)
    session.add_all([User(id=1), User(id=2)])
    session.flush()
    folders = [
        Folder(id=n, open=choose.random() < 0.7, owner_id=choose.choice([None, None, None, 1, 2]))
        for n in range(1, 13)
    ]
    session.add_all(folders)
    session.flush()
    for folder in folders:
        folder.parent_id = choose.choice([None, *range(1, 13)])
    session.add_all(
        Doc(id=n, open=choose.random() < 0.5, folder_id=n if n < 13 else None) for n in range(1, 14)
    )
    session.commit()


@pytest.fixture(params=range(6 if IS_FULL else 2))
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open a database with folders drawn at random."""
    with open_session(Base.metadata) as session:
        fill(session, request.param)
        yield session


def make_oso(policy: str) -> Oso:
    """Make an Oso that knows the folders."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(policy)
    return oso


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_row_in_a_circle_is_in_no_list(session: orm.Session, policy: str) -> None:
    """A circle of folders makes a decision raise, so a document in it is in no list."""
    oso = make_oso(policy)
    user = session.get_one(User, 1)

    found = sorted(doc.id for doc in session.scalars(oso.authorized_query(user, "read", Doc)))

    docs = session.scalars(sa.select(Doc)).all()
    assert found == sorted(doc.id for doc in docs if may_read(oso, user, doc))


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ("owns(u, f: Folder) if f.owner = u; owns(u, f: Folder) if owns(u, f.parent);", [1, 2, 3]),
        ("owns(u, f: Folder) if owns(u, f.parent) or f.owner = u;", [3]),
    ],
    ids=["own first", "parents first"],
)
def test_rows_that_lie_in_a_circle(rules: str, wanted: list[int]) -> None:
    """The list has the rows that rules give, where a check goes round before it finds out."""
    oso = make_oso(f'allow(u: User, "read", d: Doc) if owns(u, d.folder); {rules}')

    with open_session(Base.metadata) as session:
        session.add_all([User(id=1), *(Folder(id=n, open=True) for n in range(1, 6))])
        session.flush()
        for number, parent, owner in ((1, 2, None), (2, 1, 1), (3, None, 1), (4, 5, None)):
            folder = session.get_one(Folder, number)
            folder.parent_id, folder.owner_id = parent, owner
        session.get_one(Folder, 5).parent_id = 4
        session.add_all([Doc(id=n, open=True, folder_id=n) for n in range(1, 6)])
        session.commit()
        user, docs = session.get_one(User, 1), session.scalars(sa.select(Doc)).all()

        assert [doc.id for doc in docs if may_read(oso, user, doc)] == wanted
        found = session.scalars(oso.authorized_query(user, "read", Doc).order_by(Doc.id))
        assert [doc.id for doc in found] == [1, 2, 3]


@pytest.mark.parametrize(
    "rules",
    [
        "owns(u, f: Folder) if owns(u, f.parent) or (c in f.children and owns(u, c));",
        "owns(u, f: Folder) if f.owner = u or (c in f.children and owns(u, c));",
        "owns(u, f: Folder) if f.owner = u or (not owns(u, f.parent) and f.open);",
    ],
)
def test_recursion_in_several_ways_is_refused(rules: str) -> None:
    """Where a recursion goes several ways, or turns into its opposite, there is no list."""
    oso = make_oso(f'allow(u: User, "read", d: Doc) if not owns(u, d.folder); {rules}')

    with pytest.raises(UnsupportedError) as caught:
        oso.authorized_query(User(id=1), "read", Doc)

    message = "a rule that calls itself in more than one way stands under a negation"
    assert message in str(caught.value)
    assert str(caught.value).endswith("Have it follow one relation to one row, such as a parent.\n")


def test_a_recursion_that_begins_nowhere_is_left_out() -> None:
    """What no folder has by itself none inherits: a list asks no table for it."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(
        """
        allow(u: User, "read", d: Doc) if owns(u, d.folder) or d.open;
        owns(u: Folder, f: Folder) if f.open and f = u;
        owns(u, f: Folder) if f.parent matches Folder and owns(u, f.parent);
        """
    )

    assert str(oso.residual(User(id=1), "read", Doc)) == "doc.open = true"


def test_relation_to_no_row_takes_few_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules about rows of a class are not tried for nil, where a relation may lead to no row."""
    roles = [f"r{number}" for number in range(10)]
    inherits = "".join(
        f'role(u: User, "{one}", f: Folder) if role(u, "{other}", f.parent);'
        for one, other in itertools.pairwise(roles)
    )
    owns = "".join(f"role(_: User, _, f: Folder) if f.id = {number};" for number in range(10))
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(u: User, "read", d: Doc) if role(u, "r0", d.folder);{inherits}{owns}')
    monkeypatch.setattr(search, "MAX_RESIDUAL_GOALS", 1_300)

    found = str(oso.residual(User(id=1), "read", Doc))

    with evaluating_nothing(oso):
        assert str(oso.residual(User(id=1), "read", Doc)) == found
