"""``authorized_query``: statements with the rows that a policy allows, and no others."""

from __future__ import annotations

import decimal
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql, postgresql, sqlite

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.models.documents import Base, Doc, Folder, Plan, Team, User, make_oso

#: Policies about a document; each is asked on behalf of the first user.
POLICIES = {
    "everything": "allow(_, _, _);",
    "nothing": 'allow(_, "edit", _);',
    "another class": "allow(_, _, _: Folder);",
    "boolean": "allow(_, _, d: Doc) if d.open;",
    "boolean negated": "allow(_, _, d: Doc) if not d.flag;",
    "equal": 'allow(_, _, d: Doc) if d.title = "a";',
    "equal turned round": 'allow(_, _, d: Doc) if "a" == d.title;',
    "different": 'allow(_, _, d: Doc) if d.title != "a";',
    "not equal": 'allow(_, _, d: Doc) if not d.title = "a";',
    "nil": "allow(_, _, d: Doc) if d.size = nil;",
    "not nil": "allow(_, _, d: Doc) if d.size != nil;",
    "less": "allow(_, _, d: Doc) if d.size < 2;",
    "less turned round": "allow(_, _, d: Doc) if 1 <= d.size;",
    "not less": "allow(_, _, d: Doc) if not d.size < 2;",
    "less than a fraction": "allow(_, _, d: Doc) if d.size < 1.5;",
    "text in its order": 'allow(_, _, d: Doc) if d.title < "a";',
    "decimal": "allow(_, _, d: Doc) if d.price < 0.5;",
    "date": "allow(_, _, d: Doc) if d.due > new_year;",
    "enumeration": "allow(_, _, d: Doc) if d.status = done;",
    "arithmetic": "allow(_, _, d: Doc) if 2 * d.size - 1 > d.rank;",
    "two columns": "allow(_, _, d: Doc) if d.owner_id = d.editor_id;",
    "list": 'allow(_, _, d: Doc) if d.title in ["a", "b_", nil];',
    "not in a list": 'allow(_, _, d: Doc) if not d.title in ["a", "b_"];',
    "empty list": "allow(_, _, d: Doc) if d.title in [];",
    "character": 'allow(_, _, d: Doc) if "a" in d.title;',
    "beginning": 'allow(_, _, d: Doc) if d.title.startswith("a");',
    "end": 'allow(_, _, d: Doc) if not d.title.endswith("%");',
    "or": "allow(_, _, d: Doc) if d.size > 1 or d.open;",
    "two rules": "allow(_, _, d: Doc) if d.folder.open; allow(_, _, d: Doc) if d.open;",
    "pattern": "allow(u, _, _: Doc{owner: u, open: true});",
    "dictionary pattern": 'allow(_, _, _: Doc{folder: {name: "reader"}});',
    "pattern negated": "allow(_, _, d: Doc) if not d matches Doc{folder: Folder{open: true}};",
    "empty pattern": "allow(_, _, d: Doc) if d.folder matches {};",
    "empty pattern negated": "allow(_, _, d: Doc) if not d.folder matches {};",
    "subclass": "allow(_, _, _: Memo);",
    "subclass negated": "allow(_, _, d: Doc) if not d matches Plan;",
    "row": "allow(u, _, d: Doc) if d.owner = u;",
    "not a row": "allow(u, _, d: Doc) if not d.owner = u;",
    "no row": "allow(_, _, d: Doc) if d.owner = nil;",
    "row among rows": "allow(u, _, d: Doc) if d.owner in [u, nil];",
    "two rows": "allow(_, _, d: Doc) if d.owner = d.editor;",
    "two paths to one table": "allow(_, _, d: Doc) if d.owner.admin or d.editor.admin;",
    "path": "allow(_, _, d: Doc) if d.folder.parent.open;",
    "path negated": "allow(_, _, d: Doc) if not d.folder.parent.open;",
    "members": "allow(u, _, d: Doc) if team in d.teams and u in team.users;",
    "members of the actor": "allow(u, _, d: Doc) if team in u.teams and team in d.teams;",
    "any member": "allow(_, _, d: Doc) if _ in d.teams;",
    "no member": "allow(_, _, d: Doc) if not _ in d.teams;",
    "all members": "allow(_, _, d: Doc) if forall(t in d.teams, t.open);",
    "two members": (
        "allow(_, _, d: Doc) if a in d.roles and b in d.roles and a.user_id < b.user_id;"
    ),
    "roles of the row": (
        'allow(u, _, d: Doc) if r in d.roles and r.user = u and r.name = "reader";'
    ),
    "roles of the actor": "allow(u, _, d: Doc) if r in u.roles and r.doc = d and r.weight != 1;",
    "rows of one table": (
        "allow(_, _, d: Doc) if o in d.folder.docs and r in o.roles and r.user_id = d.editor_id;"
    ),
    "not rows of one table": (
        "allow(_, _, d: Doc) if forall(o in d.folder.docs,"
        " not (r in o.roles and r.user_id != d.editor_id));"
    ),
    "back to itself": "allow(_, _, d: Doc) if r in d.roles and r.doc.owner = r.user;",
    "helper": "allow(u, _, d: Doc) if may(u, d.folder); may(u, f: Folder) if f.owner = u;",
    "recursion": (
        "allow(u, _, d: Doc) if may(u, d.folder);"
        "may(u, f: Folder) if f.owner = u or may(u, f.parent);"
    ),
    "recursion negated": (
        "allow(u, _, d: Doc) if not may(u, d.folder);"
        "may(u, f: Folder) if f.owner = u or may(u, f.parent);"
    ),
    "blocks": """
        actor User {}
        resource Folder { roles = ["reader"]; relations = { parent: Folder };
          "reader" if "reader" on "parent"; }
        resource Doc { permissions = ["read"]; roles = ["reader"]; relations = { parent: Folder };
          "read" if "reader"; "reader" if "reader" on "parent"; }
        has_role(u: User, "reader", f: Folder) if f.owner = u;
        has_role(u: User, "reader", d: Doc) if r in d.roles and r.user = u;
        has_relation(p: Folder, "parent", f: Folder) if p = f.parent;
        has_relation(f: Folder, "parent", d: Doc) if f = d.folder;
        allow(a, b, c) if has_permission(a, b, c);
    """,
}  # fmt: skip


def allowed(oso: Oso, session: orm.Session, user: t.Any, cls: type = Doc) -> list[int]:
    """Give the ids of the rows that are allowed, asked one by one."""
    rows: t.Any = session.scalars(sa.select(cls))
    return sorted(row.id for row in rows if may_read(oso, user, row))


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_statement_gives_the_rows_of_checks(session: orm.Session, policy: str) -> None:
    """A statement gives the rows that ``is_allowed`` allows; an error is no allow."""
    oso = make_oso(policy)
    user = session.get(User, 1)

    found = sorted(doc.id for doc in session.scalars(oso.authorized_query(user, "read", Doc)))

    assert found == allowed(oso, session, user)


@pytest.mark.parametrize("dialect", [sqlite, postgresql, mysql], ids=lambda d: d.__name__)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_statement_compiles(session: orm.Session, policy: str, dialect: t.Any) -> None:
    """There is a statement for each of the databases."""
    query = make_oso(policy).authorized_query(session.get(User, 1), "read", Doc)

    assert str(query.compile(dialect=dialect.dialect())).startswith(("SELECT", "WITH"))


@pytest.mark.parametrize("policy", ["everything", "two members", "path", "recursion", "blocks"])
def test_one_statement(session: orm.Session, policy: str) -> None:
    """However many relations a policy follows, a list is one statement."""
    oso = make_oso(POLICIES[policy])
    user = session.get(User, 1)
    statements = []
    query = oso.authorized_query(user, "read", Doc)
    engine = session.get_bind()
    listen = lambda *args: statements.append(args[2])  # noqa: E731 - removed below
    sa.event.listen(engine, "before_cursor_execute", listen)

    session.scalars(query).all()

    sa.event.remove(engine, "before_cursor_execute", listen)
    assert len(statements) == 1


def test_statement_goes_on(session: orm.Session) -> None:
    """A statement can be narrowed, sorted, joined, cut and counted."""
    oso = make_oso("allow(u, _, d: Doc) if d.owner = u or d.open;")
    user = session.get(User, 1)
    ids = allowed(oso, session, user)
    query = oso.authorized_query(user, "read", Doc)

    page = session.scalars(query.order_by(Doc.id.desc()).limit(2)).all()
    count = session.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    joined = session.scalars(query.join(Doc.owner).where(User.id == 1)).all()

    assert [doc.id for doc in page] == ids[:-3:-1]
    assert count == len(ids)
    assert {doc.owner_id for doc in joined} == {1}


@pytest.mark.parametrize(
    "policy",
    [
        'allow(_: User, "read", _: Doc);',
        'allow(_: User, "read", _: Plan);',
        'allow(u: User, "read", d: Doc) if u = u and d.folder.open;',
        'allow(u: User, "read", d: Doc) if u = u and not d.folder matches {open: true};',
    ],
)
@pytest.mark.parametrize("cls", [Doc, Plan, orm.aliased(Doc)])
def test_statement_counts_its_rows(session: orm.Session, policy: str, cls: t.Any) -> None:
    """Its columns may be replaced by a count, also where no condition names the table."""
    query = make_oso(policy).authorized_query(session.get_one(User, 1), "read", cls)

    counted = session.scalar(query.with_only_columns(sa.func.count()))

    assert counted == len(session.scalars(query).all())


def test_alias_is_selected_beside_its_class(session: orm.Session) -> None:
    """An alias can be selected, next to the class itself."""
    oso = make_oso("allow(_, _, d: Doc) if d.folder.parent.open or d.rank = 1;")
    other = orm.aliased(Doc)
    user = session.get(User, 1)

    query = oso.authorized_query(user, "read", other).where(other.id > 3)

    found = sorted(doc.id for doc in session.scalars(query))
    assert found == [n for n in allowed(oso, session, user) if n > 3]


@pytest.mark.parametrize("cls", [Plan, Folder, Team])
def test_other_classes(session: orm.Session, cls: type) -> None:
    """Subclasses and all other models have lists."""
    oso = make_oso(
        "allow(_, _, p: Plan) if not p.goal = nil; allow(_, _, o) if o matches {open: true};"
    )
    user = session.get(User, 1)

    found = sorted(row.id for row in session.scalars(oso.authorized_query(user, "read", cls)))

    assert found == allowed(oso, session, user, cls)


def test_nothing_is_executed(session: orm.Session) -> None:
    """Without a rule for the action nothing is found, and the statement says so."""
    query = make_oso(POLICIES["nothing"]).authorized_query(None, "read", Doc)

    assert session.scalars(query).all() == []
    assert "WHERE 0 = 1" in str(query.compile(dialect=sqlite.dialect()))


# -- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("d.size.real = 1", "`doc.size` has no attributes in a list"),
        ('d.title.strip() = "A"', "the method 'strip' needs a row"),
        ("d.title.lower() = d.label", "no database makes the letters of `doc.title.lower()` as"),
        ("d.title.lower() < u.name", "no database makes the letters of `doc.title.lower()` as"),
        ("d.title.lower().startswith(d.label)", "no database makes the letters of"),
        ('d.title.lower() = "\u03c3"', "what becomes of a capital sigma depends on the letters"),
        ("d.title.lower().upper() = u.name", "no database makes the letters of"),
        ("d.title.upper(1) = u.name", "'upper' needs no arguments"),
        ("d.title.startswith(1)", "'startswith' needs one text"),
        ("d.title.find(d.label) = 1", "'find' needs one text that is known"),
        ("u.name.__contains__(d.title)", "'__contains__' of a known text has too many results"),
        ("u.may(d)", "a method of an object that is known cannot be asked about rows"),
        ("d.misspelt = 1", "'Doc' has no column and no relation 'misspelt'"),
        ('d.teams.name = "a"', "`doc.teams` has no attributes in a list"),
        ('d.size == "1"', "`doc.size`, a Integer, and a str cannot be compared"),
        ("d.size < nil", "`doc.size`, a Integer, and nil cannot be compared"),
        ("d.size / 2 = 1", "databases divide integers in different ways"),
        ("d.open and cut", "a cut chooses among rules"),
        ("d.folder < 1", "`doc.folder` has no order"),
        ("x in d.title and x = u.name", "only a character that is known can be looked for"),
    ],
)
def test_what_sql_cannot_say_is_refused(session: orm.Session, body: str, message: str) -> None:
    """What SQL cannot say raises before there is a statement, with the place in the policy."""
    oso = make_oso(f"allow(u, _, d: Doc) if u.id = 1 and {body};")

    with pytest.raises(UnsupportedError) as caught:
        oso.authorized_query(session.get(User, 1), "read", Doc)

    assert str(caught.value).startswith("Not supported for a list of rows: `")
    assert message in str(caught.value)
    assert "at line 1, column" in str(caught.value)


def test_refusal_proposes_a_name(session: orm.Session) -> None:
    """A misspelt column is met with the nearest one."""
    oso = make_oso("allow(_, _, d: Doc) if d.titel = 1;")

    with pytest.raises(UnsupportedError, match=r"Did you mean `title`\?"):
        oso.authorized_query(session.get(User, 1), "read", Doc)


def test_without_models() -> None:
    """Without models there is a sentence that says what to call."""
    oso = Oso()
    oso.load_str("allow(_, _, _);")

    with pytest.raises(OsoError, match=r"No models are registered.*Call 'register_models'"):
        oso.authorized_query(1, "read", Doc)


def test_class_that_is_not_mapped() -> None:
    """What has no table is named."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str("allow(_, _, _);")

    with pytest.raises(OsoError, match="'int' is not mapped"):
        oso.authorized_query(1, "read", int)


def test_class_that_is_not_registered() -> None:
    """A mapped class that policies do not know is named."""
    oso = Oso()
    register_models(oso, [User])
    oso.load_str("allow(_, _, _);")

    with pytest.raises(OsoError, match="'Doc' is not registered"):
        oso.authorized_query(1, "read", Doc)


def test_registering_what_is_not_mapped() -> None:
    """A list of models with something else in it is refused."""
    with pytest.raises(OsoError, match=r"'int' is not mapped\. Derive it from"):
        register_models(Oso(), [User, int])


def test_registering_keeps_names() -> None:
    """A class that has a name already keeps it."""
    oso = Oso()
    oso.register_class(Doc, name="Document")
    register_models(oso, Base)

    assert oso.get_class("Document") is Doc
    assert "Doc" not in oso.host.classes


def test_long_conditions(session: orm.Session) -> None:
    """A condition of many parts works; one that is nested too deep is an error that says so."""
    user = session.get(User, 1)
    many = " or ".join(f"d.size = {number}" for number in range(3_000))
    oso = make_oso(f"allow(_, _, d: Doc) if {many};")
    assert session.scalars(oso.authorized_query(user, "read", Doc)).all()

    deep = "d.open"
    for number in range(400):
        deep = f"(d.size = {number} or (d.rank = {number} and {deep}))"
    oso = make_oso(f"allow(_, _, d: Doc) if {deep};")

    with pytest.raises(OsoError, match="too deep"):
        oso.authorized_query(user, "read", Doc)


def test_decimals_with_many_digits(session: orm.Session) -> None:
    """A decimal that a float would round is refused, since SQLite keeps floats."""
    oso = make_oso("allow(d, _, doc: Doc) if doc.price = d;")

    with pytest.raises(UnsupportedError, match="more digits than each database keeps"):
        oso.authorized_query(decimal.Decimal("12345678901234567.89"), "read", Doc)
