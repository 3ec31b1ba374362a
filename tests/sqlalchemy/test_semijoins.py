"""Rows that lead to what is known are listed once; others are looked for row by row."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect

from flask_oso.sqlalchemy.statements import translation
from flask_oso.sqlalchemy.statements.related import list_parts
from flask_oso.sqlalchemy.statements.related.semijoins import alternatives, parted
from tests.support.answers import may_read
from tests.support.models import documents
from tests.support.models.documents import Doc, Folder, Role, User, make_oso

from .test_queries import allowed


@pytest.fixture
def changing() -> Iterator[orm.Session]:
    """Open a database of documents that may be changed."""
    with documents.open_documents() as session:
        yield session


def where_of(session: orm.Session, policy: str) -> str:
    """Give what stands behind WHERE for the first user."""
    query = make_oso(policy).authorized_query(session.get(User, 1), "read", Doc)
    return " ".join(str(query.whereclause).split())


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (
            'r in d.roles and r.user = u and r.name = "reader"',
            "docs.id IN (SELECT roles.doc_id FROM roles WHERE roles.user_id = :user_id_1"
            " AND roles.name = :param_1)",
        ),
        (
            'r in u.roles and r.doc = d and r.name = "reader"',
            "docs.id IN (SELECT roles.doc_id FROM roles WHERE roles.user_id = :user_id_1"
            " AND roles.name = :param_1)",
        ),
        (
            "d.folder.owner = u",
            "docs.folder_id IN (SELECT folders.id FROM folders"
            " WHERE folders.owner_id = :owner_id_1)",
        ),
        (
            "d.folder.owner = u or d.folder.parent.owner = u",
            "docs.folder_id IN (SELECT folders.id AS key_0 FROM folders"
            " WHERE folders.owner_id = :owner_id_1 UNION ALL SELECT folders.id AS key_0"
            " FROM folders JOIN folders AS folders_1 ON folders.parent_id = folders_1.id"
            " WHERE folders_1.owner_id = :owner_id_2)",
        ),
        (
            "r in d.roles and (r.user = u or (s in u.sponsored and s.editor = r.user))",
            "docs.id IN (SELECT roles.doc_id AS key_0 FROM roles WHERE roles.user_id = :user_id_1"
            " UNION ALL SELECT roles.doc_id AS key_0 FROM roles"
            " JOIN docs AS docs_1 ON docs_1.editor_id = roles.user_id"
            " WHERE docs_1.sponsor_code = :sponsor_code_1)",
        ),
        (
            "d.folder.open and p = d.folder.parent and"
            " (p.owner = u or (x in p.docs and x.editor = u))",
            "docs.folder_id IN (SELECT folders.id FROM folders WHERE folders.open = true"
            " AND folders.parent_id IN (SELECT folders_1.id AS key_0 FROM folders AS folders_1"
            " WHERE folders_1.owner_id = :owner_id_1 UNION ALL SELECT folders_2.id AS key_0"
            " FROM folders AS folders_2 JOIN docs AS docs_1 ON folders_2.id = docs_1.folder_id"
            " WHERE docs_1.editor_id = :editor_id_1))",
        ),
        (
            "team in d.teams and u in team.users",
            "docs.id IN (SELECT doc_tags.doc_id FROM teams"
            " JOIN doc_tags ON doc_tags.team_id = teams.id"
            " JOIN members ON teams.id = members.team_id WHERE members.user_id = :user_id_1)",
        ),
        (
            "team in u.teams and team in d.teams and team.open",
            "docs.id IN (SELECT doc_tags.doc_id FROM teams"
            " JOIN members ON members.team_id = teams.id"
            " JOIN doc_tags ON teams.id = doc_tags.team_id"
            " WHERE members.user_id = :user_id_1 AND teams.open = true)",
        ),
        (
            "r in u.roles and r.doc = d and r.weight = d.rank",
            "(docs.id, docs.rank) IN (SELECT roles.doc_id, roles.weight FROM roles"
            " WHERE roles.user_id = :user_id_1)",
        ),
        (
            "not (r in d.roles and r.user = u)",
            "(docs.id NOT IN (SELECT roles.doc_id FROM roles WHERE roles.user_id = :user_id_1))",
        ),
        (
            "r in u.roles and r.doc.folder = d.folder",
            "docs.folder_id IN (SELECT docs_1.folder_id FROM roles"
            " JOIN docs AS docs_1 ON roles.doc_id = docs_1.id WHERE roles.user_id = :user_id_1)"
            " OR (EXISTS (SELECT 1 FROM roles JOIN docs AS docs_2 ON roles.doc_id = docs_2.id"
            " WHERE roles.user_id = :user_id_2 AND docs_2.folder_id IS NULL))"
            " AND docs.folder_id IS NULL",
        ),
    ],
    ids=[
        "roles of the row",
        "roles of the actor",
        "path",
        "two paths",
        "alternatives, of which one has a relation of both",
        "alternatives of a row further away",
        "members",
        "teams of the actor",
        "two columns",
        "negation",
        "relation of both",
    ],
)
def test_rows_of_the_actor_are_a_list_of_keys(session: orm.Session, body: str, where: str) -> None:
    """Where keys lead to the actor, the rows are a list that does not depend on the row."""
    assert where_of(session, f"allow(u, _, d: Doc) if {body};") == where


@pytest.mark.parametrize(
    ("body", "listed"),
    [
        (
            "r in d.roles and r.user = u and r.weight > d.rank",
            "docs.id IN (SELECT roles.doc_id FROM roles WHERE roles.user_id = :user_id_1)",
        ),
        (
            "r in u.roles and r.doc = d and r.weight > d.rank",
            "docs.id IN (SELECT roles.doc_id FROM roles WHERE roles.user_id = :user_id_1)",
        ),
        (
            'r in d.roles and r.user = u and r.name = "reader" and r.weight > d.rank',
            "docs.id IN (SELECT roles.doc_id FROM roles"
            " WHERE roles.user_id = :user_id_1 AND roles.name = :param_1)",
        ),
        (
            "team in u.teams and team in d.teams and r in d.roles and r.user in team.users",
            "docs.id IN (SELECT doc_tags.doc_id FROM doc_tags"
            " JOIN teams ON teams.id = doc_tags.team_id"
            " JOIN members ON members.team_id = teams.id WHERE members.user_id = :user_id_1)",
        ),
        (
            "team in d.teams and u in team.users and team.name = d.title",
            "docs.id IN (SELECT doc_tags.doc_id FROM doc_tags"
            " JOIN teams ON doc_tags.team_id = teams.id"
            " JOIN members ON teams.id = members.team_id WHERE members.user_id = :user_id_1)",
        ),
    ],
    ids=["level", "level of the actor's", "level and name", "two ways", "path and column"],
)
def test_anchored_and_compared_with_the_row(session: orm.Session, body: str, listed: str) -> None:
    """Rows that are compared with more of the row are looked for where it is on a list."""
    where = where_of(session, f"allow(u, _, d: Doc) if {body};")

    assert where.startswith(f"{listed} AND (EXISTS (SELECT 1 FROM ")


@pytest.mark.parametrize(
    "body",
    [
        "p = d.folder.parent and p.open and (OF_P)",
        "d.folder.open and p = d.folder.parent and (OF_P or (x in p.docs and x in u.sponsored))",
        "p = d.folder.parent and (OF_P) and p.name != d.title",
        "not (d.folder.open and p = d.folder.parent and (OF_P))",
        "r in d.roles and p = r.doc.folder and p.open and (OF_P)",
        "p = d.folder.parent and (OF_P) and (p.parent.owner = u or (y in p.parent.docs and y = d))",
        "d.folder.parent.parent.open and p = d.folder.parent and (OF_P)",
        "p = d.folder.parent and (OF_P or p.parent.owner = u)",
    ],
)
def test_alternatives_of_a_row_further_away(session: orm.Session, body: str) -> None:
    """Lists and columns have the rows of checks where a list is looked for on another one."""
    body = body.replace("OF_P", "p.owner = u or (x in p.docs and x.editor = u)")
    oso = make_oso(f"allow(u: User, _, d: Doc) if {body} and u = u;")

    for user in session.scalars(sa.select(User)):
        listed = session.scalars(oso.authorized_query(user, "read", Doc))
        columns = oso.action_columns(user, Doc, ["read", "edit"]).values()
        rows = session.execute(sa.select(Doc.id, *columns))
        wanted = allowed(oso, session, user)
        assert sorted(each.id for each in listed) == wanted
        assert sorted(row[0] for row in rows if row[1] and row[2]) == wanted


@pytest.mark.parametrize("dialect", [mysql.dialect(), MariaDBDialect()], ids=["mysql", "mariadb"])
def test_a_union_is_selected_from_as_from_a_table(session: orm.Session, dialect: t.Any) -> None:
    """MySQL and MariaDB would ask a union in ``IN`` once for each row."""
    body = "d.folder.owner = u or d.folder.parent.owner = u"
    query = make_oso(f"allow(u, _, d: Doc) if {body};").authorized_query(
        session.get(User, 1), "read", Doc
    )

    where = " ".join(str(query.whereclause.compile(dialect=dialect)).split())

    assert where.startswith("docs.folder_id IN (SELECT * FROM (SELECT folders.id AS key_0 FROM")
    assert where.endswith("WHERE folders_1.owner_id = %s) AS oso_united)")


def test_negation_of_what_is_compared_with_the_row(session: orm.Session) -> None:
    """A row that is on no list would have to be looked at all the same."""
    body = "not (r in d.roles and r.user = u and r.weight = d.rank)"

    where = where_of(session, f"allow(u, _, d: Doc) if {body};")

    assert where.startswith("NOT (EXISTS (SELECT 1 FROM roles, docs WHERE ")


def test_row_that_is_asked_for_anew(session: orm.Session) -> None:
    """A column of loaded rows that may be nil is asked for once more, from their owner."""
    oso = make_oso(
        'allow(a: Folder, "read", d: Doc) if'
        " f in a.parent.children and f = d.folder and f.owner_id >= d.rank;"
    )
    actor = session.scalars(sa.select(Folder).where(Folder.parent_id.is_not(None))).first()
    expected = allowed(oso, session, actor)

    found = session.scalars(oso.authorized_query(actor, "read", Doc))

    assert sorted(doc.id for doc in found) == expected != []


@pytest.mark.parametrize(
    "body",
    [
        'r in d.roles and r.user = u or d.title = "a"',
        'd.title = "a" or r in d.roles and r.user = u',
        'not (r in d.roles and r.user = u) or d.title = "a"',
    ],
)
def test_column_of_the_row_is_compared_before_other_rows_are_asked(
    session: orm.Session, body: str
) -> None:
    """Where one side of an `or` is enough, a database looks for no other row."""
    where = where_of(session, f'allow(u: User, "read", d: Doc) if {body};')

    assert where.startswith("docs.title = :param_1 OR ")
    assert " IN (SELECT" in where or "EXISTS (SELECT" in where


def test_closure_of_a_relation(session: orm.Session) -> None:
    """The members of a recursive query are rows, so that a foreign key is enough."""
    where = where_of(
        session,
        "allow(u, _, d: Doc) if owns(u, d.folder);"
        "owns(u, f: Folder) if f.owner = u or owns(u, f.parent);",
    )

    assert where.startswith("docs.folder_id IN (WITH RECURSIVE anon_1(key_0) AS (")
    assert where.endswith(") SELECT anon_1.key_0 AS found_once_1 FROM anon_1)")


@pytest.mark.parametrize(
    "body",
    [
        'u.id = 1 and r in d.roles and r.name = "reader"',
        "u.id = 1 and d.folder.open",
        "d.folder.owner = u or d.folder.open",
        "u.id = 1 and team in d.teams and team.open",
        "u.id = 1 and team in d.teams and team.name = d.title",
    ],
)
def test_not_anchored(session: orm.Session, body: str) -> None:
    """A list that may be long, or depends on the row, is none: EXISTS ends at the first row."""
    where = where_of(session, f"allow(u, _, d: Doc) if {body};")

    assert "EXISTS (SELECT 1 FROM" in where
    assert "docs.id IN" not in where
    assert "docs.folder_id IN" not in where


@pytest.mark.parametrize(
    "policy",
    [
        "allow(u, _, d: Doc) if r in u.roles and r.doc = d;",
        "allow(u, _, d: Doc) if r in d.roles and r.user = u;",
    ],
)
def test_statement_reads_the_same_table(session: orm.Session, policy: str) -> None:
    """A list stays whole if the application joins the table that it is selected from."""
    user = session.get(User, 1)
    oso = make_oso(policy)
    query = oso.authorized_query(user, "read", Doc).join(Role, Role.doc_id == Doc.id)

    found = sorted({doc.id for doc in session.scalars(query)})

    with_roles = set(session.scalars(sa.select(Role.doc_id)))
    assert found == sorted(with_roles & set(allowed(oso, session, user)))


def test_parent_that_is_gone(changing: orm.Session) -> None:
    """A foreign key without a row leads nowhere, though others have the same key."""
    oso = make_oso("allow(u, _, d: Doc) if o in d.folder.docs and o.owner = u;")
    user = changing.get(User, 1)
    before = allowed(oso, changing, user)
    folder_id = changing.scalar(sa.select(Doc.folder_id).where(Doc.id == before[0]))
    changing.execute(sa.delete(Folder).where(Folder.id == folder_id))
    changing.expire_all()

    found = sorted(doc.id for doc in changing.scalars(oso.authorized_query(user, "read", Doc)))

    assert found == allowed(oso, changing, user)
    assert before[0] not in found


@pytest.mark.parametrize(
    "body",
    [
        "r in u.roles and r.doc = d",
        "forall(r in u.roles, r.doc != d)",
        "u.roles != nil and x in u.teams and x in d.teams",
    ],
)
def test_relation_of_an_actor_of_a_closed_session(session: orm.Session, body: str) -> None:
    """What a check cannot read of an actor, a list does not ask the database for."""
    with orm.Session(session.get_bind()) as other:
        user = other.get(User, 1)
        other.expire_all()
    oso = make_oso(f"allow(u, _, d: Doc) if {body};")

    with pytest.raises(orm.exc.DetachedInstanceError):
        oso.is_allowed(user, "read", session.get(Doc, 2))
    with pytest.raises(orm.exc.DetachedInstanceError):
        oso.authorized_query(user, "read", Doc)


def test_actor_of_a_closed_session(session: orm.Session) -> None:
    """The key of an actor is known though nothing of it can be read any more."""
    with orm.Session(session.get_bind()) as other:
        user = other.get(User, 1)
        other.expire_all()
    oso = make_oso("allow(u, _, d: Doc) if r in d.roles and r.user = u;")

    query = oso.authorized_query(user, "read", Doc)

    expected = allowed(oso, session, session.get(User, 1))
    assert sorted(doc.id for doc in session.scalars(query)) == expected


@pytest.mark.parametrize(
    "body",
    [
        "r in u.roles and r.doc.owner = d.owner and r.doc.editor != d.owner",
        "r in u.roles and r.doc.owner = d.owner and not r.doc.editor = d.owner",
        "r in u.roles and r.doc.folder != nil and r.doc.owner = d.owner"
        " and r.doc.folder.owner != d.owner",
    ],
)
def test_a_list_reads_no_foreign_key_of_another_row(changing: orm.Session, body: str) -> None:
    """What compares a key of the row in question is asked about this row, and of no other."""
    policy = f'allow(u: User, "read", d: Doc) if {body};'
    oso = make_oso(policy)

    for user in changing.scalars(sa.select(User)):
        statement = oso.authorized_query(user, "read", Doc)
        found = {doc.id for doc in changing.scalars(statement)}
        docs = changing.scalars(sa.select(Doc))
        assert found == {doc.id for doc in docs if may_read(oso, user, doc)}


@pytest.mark.full
def test_conditions_do_not_double_with_each_or(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement with many of them stays in proportion to the rule, and has the same rows."""
    calls = itertools.count()

    def counted(*args: t.Any) -> t.Any:
        # Without a bound there would be no end of them.
        assert next(calls) < 1_000
        return alternatives(*args)

    monkeypatch.setattr(translation, "alternatives", counted)
    body = (
        "t in u.teams and r in u.roles and not (d.sponsor = r.doc.sponsor)"
        " and not (d.folder.parent = r.doc.folder and not (d.folder.owner = r.doc.folder.owner"
        " and (d.owner.name = r.doc.owner.name or d.editor != r.doc.editor)))"
        " and not (t in d.teams) and d.folder.owner = nil"
    )

    policy = f'allow(u: User, "read", d: Doc) if {body};'
    where = where_of(session, policy)

    assert where.count("EXISTS") < 3_000
    oso, user = make_oso(policy), session.get(User, 1)
    listed = session.scalars(oso.authorized_query(user, "read", Doc))
    assert sorted(doc.id for doc in listed) == allowed(oso, session, user)


def test_parts_of_a_list_are_counted_before_they_are_made(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list with more parts than are worth it is one list, and has the same rows."""
    made = []

    def noted(condition: t.Any, atom: t.Any) -> t.Any:
        made.append(atom)
        return parted(condition, atom)

    monkeypatch.setattr(list_parts, "parted", noted)
    body = " and ".join(
        f"(r.user = u or (s{n} in u.sponsored and s{n}.editor = r.user and s{n}.rank = {n}))"
        for n in range(8)
    )
    policy = f'allow(u: User, "read", d: Doc) if r in d.roles and {body};'
    oso, user = make_oso(policy), session.get(User, 1)

    listed = session.scalars(oso.authorized_query(user, "read", Doc))

    assert sorted(doc.id for doc in listed) == allowed(oso, session, user)
    assert len(made) < 20
