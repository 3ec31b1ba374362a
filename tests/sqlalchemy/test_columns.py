"""Columns that say what is allowed on each row, and queries of who is allowed."""

from __future__ import annotations

import datetime
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import OsoError
from tests.support.models.documents import Doc, Folder, Role, User, make_oso

POLICY = """
    allow(u, "read", d: Doc) if d.open or d.owner = u;
    allow(u, "edit", d: Doc) if not d.size = nil and d.size > 1 and r in d.roles and r.user = u;
    allow(u: User, "delete", d: Doc) if u.admin and d.owner = u;
"""


def is_allowed(oso: object, user: User, action: str, doc: t.Any) -> bool:
    """Ask for one row; an error is no allow."""
    try:
        return bool(oso.is_allowed(user, action, doc))  # type: ignore[attr-defined]
    except OsoError:
        return False


def test_columns_say_what_is_allowed(session: orm.Session) -> None:
    """Each row comes with true or false for each action, in one statement."""
    oso = make_oso(POLICY)
    user = session.get(User, 1)
    assert user is not None
    columns = oso.action_columns(user, Doc)

    rows = session.execute(sa.select(Doc, *columns.values())).all()

    assert list(columns) == ["delete", "edit", "read"]
    assert [tuple(row)[1:] for row in rows] == [
        tuple(is_allowed(oso, user, action, row[0]) for action in columns) for row in rows
    ]


BLOCKS = """
    actor User {}
    resource Folder { permissions = ["read", "archive"]; relations = { owner: User };
        "read" if "owner"; "archive" if "owner"; }
    resource Doc { permissions = ["read", "edit"]; roles = ["reader"];
        relations = { folder: Folder };
        "read" if "reader"; "edit" if "archive" on "folder";
        "read" if "archive" on "folder"; }
    has_relation(u: User, "owner", f: Folder) if f.owner = u;
    has_relation(f: Folder, "folder", d: Doc) if d.folder = f;
    has_role(u: User, name: String, d: Doc) if r in u.roles and r.doc = d and r.name = name;
    allow(u: User, action, x) if has_permission(u, action, x);
"""


def test_columns_of_a_block(session: orm.Session) -> None:
    """A class has columns for the permissions of its own block, and not of others."""
    oso, user = make_oso(BLOCKS), session.get_one(User, 1)

    assert list(oso.action_columns(user, Doc)) == ["edit", "read"]
    assert list(oso.action_columns(user, Folder)) == ["archive", "read"]
    assert list(oso.action_columns(user, Role)) == ["archive", "edit", "read"]


def test_what_columns_share_stands_once(session: orm.Session) -> None:
    """Two columns that look a row up in one list have one list, and the rows of checks."""
    oso, user = make_oso(BLOCKS), session.get_one(User, 1)
    columns = oso.action_columns(user, Doc)
    statement = sa.select(Doc, *columns.values())

    rows = session.execute(statement).all()

    assert str(statement).count("folders.owner_id =") == 1
    assert [tuple(row)[1:] for row in rows] == [
        tuple(is_allowed(oso, user, action, row[0]) for action in columns) for row in rows
    ]


def test_columns_of_an_alias(session: orm.Session) -> None:
    """A column belongs to the entity it was made for."""
    other = orm.aliased(Doc)
    column = make_oso(POLICY).action_columns(session.get(User, 1), other, ["read"])["read"]

    found = session.scalars(sa.select(other.id).where(column)).all()
    query = make_oso(POLICY).authorized_query(session.get(User, 1), "read", Doc)

    assert sorted(found) == sorted(doc.id for doc in session.scalars(query))


def test_columns_of_an_open_policy(session: orm.Session) -> None:
    """A policy that names no actions has to be told which."""
    oso = make_oso("allow(_, _, d: Doc) if d.open;")

    with pytest.raises(OsoError, match="Say which columns you want"):
        oso.action_columns(None, Doc)
    assert list(oso.action_columns(None, Doc, ["read"])) == ["read"]


@pytest.mark.parametrize("action", ["read", "edit", "delete"])
@pytest.mark.parametrize("number", range(1, 8))
def test_actors_are_those_of_checks(session: orm.Session, action: str, number: int) -> None:
    """The actors who may do something to a document are those of the checks."""
    oso = make_oso(POLICY)
    doc = session.get(Doc, number)
    assert doc is not None

    found = session.scalars(oso.actors_query(action, doc, User)).all()

    users = session.scalars(sa.select(User))
    allowed = [user.id for user in users if is_allowed(oso, user, action, doc)]
    assert sorted(user.id for user in found) == allowed


def test_columns_of_recursive_rules(session: orm.Session) -> None:
    """Several recursive queries stand in one statement, each with a name of its own."""
    oso = make_oso(
        'allow(u, "read", d: Doc) if owns(u, d.folder);'
        'allow(u, "edit", d: Doc) if leads(u, d.folder);'
        "owns(u, f: Folder) if f.owner = u or owns(u, f.parent);"
        'leads(u, f: Folder) if (f.owner = u and f.name = "reader") or leads(u, f.parent);'
    )
    user = session.get(User, 1)
    assert user is not None
    columns = oso.action_columns(user, Doc)

    rows = session.execute(sa.select(Doc, *columns.values())).all()

    assert [tuple(row)[1:] for row in rows] == [
        tuple(is_allowed(oso, user, action, row[0]) for action in columns) for row in rows
    ]


def test_columns_of_several_actors(session: orm.Session) -> None:
    """What statements share does not depend on who asks."""
    oso = make_oso(
        "allow(u: User, _, d: Doc) if owns(u, d.folder) or (d.open and d.owner.level = u.level);"
        "owns(u: User, f: Folder) if f.owner = u or owns(u, f.parent);"
    )
    users = session.scalars(sa.select(User).order_by(User.id)).all()
    columns = [oso.action_columns(user, Doc, ["read"])["read"] for user in users]

    rows = session.execute(sa.select(Doc, *columns)).all()

    assert [tuple(row)[1:] for row in rows] == [
        tuple(is_allowed(oso, user, "read", row[0]) for user in users) for row in rows
    ]


def test_actors_of_related_objects(session: orm.Session) -> None:
    """Each of the objects that a resource leads to is looked for with its own key."""
    oso = make_oso(
        'allow(u, _, f: Folder) if d in f.docs and r in d.roles and r.user = u and r.name = "x";'
        "allow(u, a, f: Folder) if not f.parent = nil and allow(u, a, f.parent);"
    )
    users = [User(name="x", admin=False, code=1_000 + number) for number in range(20)]
    folders = [Folder(name="x", open=False) for _ in users]
    session.add_all([*users, *folders])
    for number, (folder, user) in enumerate(zip(folders, users, strict=True)):
        folder.parent = folders[number - 1] if number else None
        doc = Doc(rank=number, open=False, folder=folder, editor=user)
        session.add(Role(doc=doc, user=user, name="x"))
    session.flush()
    # From the first lazy loading on, SQLAlchemy names the parameters of a relation alike.
    session.expire(folders[0])
    assert len(folders[0].docs) == 1

    found = [session.scalars(oso.actors_query("read", each, User)).all() for each in folders]
    session.rollback()

    assert [set(each) for each in found] == [set(users[: n + 1]) for n in range(20)]


ENDING = """
    allow(u: User, "read", d: Doc) if d.open or holds(u, d);
    allow(u: User, "edit", d: Doc) if d.rank > 1 and holds(u, d);
    allow(u: User, "close", d: Doc) if d.rank > 1 and d.made < {time} and not holds(u, d);
    holds(u: User, d: Doc) if r in u.roles and r.doc = d and d.made != nil and d.made < {time};
    holds(u: User, d: Doc) if d.folder = f and f.owner = u and e in f.docs and early(u, e);
    early(u: User, d: Doc) if u.id > 0 and d.made != nil and d.made < {time};
"""


@pytest.mark.parametrize("time", ["Datetime.now()", "u.(name_of_now)"], ids=["clock", "attribute"])
def test_columns_that_ask_for_the_time_share_lists(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch, time: str
) -> None:
    """Columns are about one moment, and look rows up in one list, for each actor anew."""
    noon = datetime.datetime(2024, 6, 1, 12)
    monkeypatch.setattr(User, "noon", noon, raising=False)
    oso = make_oso(ENDING.replace("{time}", time.replace("(name_of_now)", "noon")))
    users = session.scalars(sa.select(User).order_by(User.id)).all()

    for user in [*users[:3], *users[:3]]:
        columns = oso.action_columns(user, Doc)
        statement = sa.select(Doc, *columns.values())
        rows = session.execute(statement).all()

        compiled = statement.compile()
        times = {each for each in compiled.params.values() if type(each) is datetime.datetime}
        assert len(times) == 1
        assert str(statement).count("folders.owner_id =") == 1
        assert [tuple(row)[1:] for row in rows] == [
            tuple(is_allowed(oso, user, action, row[0]) for action in columns) for row in rows
        ]


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        (Doc(), "A list is of a class, and was given an object of 'Doc'. Give the class, or judge"),
        ("Doc", "A list is of a class, and was given a text. Give the class itself, behind the"),
        (int, "'int' is not mapped, so it has no rows to select."),
    ],
    ids=["object", "text", "class"],
)
def test_list_of_what_is_no_class_of_rows(entity: t.Any, message: str) -> None:
    """The error says what was given, and what to give."""
    with pytest.raises(OsoError) as caught:
        make_oso(POLICY).authorized_query(None, "read", entity)

    assert str(caught.value).startswith(message)
