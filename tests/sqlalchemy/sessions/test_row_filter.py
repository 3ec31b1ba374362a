"""No statement of a protected session gives a row that the current actor may not read."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import g
from sqlalchemy import orm

from flask_oso import Access, OsoError, UnfilteredRowsError
from tests.support.databases import open_database
from tests.support.models.protected_notes import (
    SECRET,
    Log,
    Memo,
    Note,
    Notebook,
    Project,
    User,
    filled_notebook,
    open_notebook,
)

Session = t.Any
notes, memos, projects = (t.cast(sa.Table, each.__table__) for each in (Note, Memo, Project))
other = orm.aliased(Note)
every = orm.with_polymorphic(Note, "*")


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """Give an app within a request of Ann."""
    with open_notebook() as notebook, notebook.request_of(1):
        yield notebook


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def unchanged(request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """Give an app with each database, which nobody changes."""
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            engine = stack.enter_context(open_database())
        else:
            engine = request.getfixturevalue(request.param)
        yield stack.enter_context(filled_notebook(engine))


@pytest.fixture
def anywhere(unchanged: Notebook) -> Iterator[Notebook]:
    """Give an app with each database, within a request of Ann."""
    with unchanged.request_of(1):
        yield unchanged


def detached(cls: type, identity: int) -> t.Any:
    """Make an object that looks as if it had been loaded."""
    row = cls(id=identity)
    orm.make_transient_to_detached(row)
    return row


def added(session: Session, identity: int) -> t.Any:
    """Add an object to a session as if it had been loaded."""
    row = detached(Note, identity)
    session.add(row)
    return row


def flushed(session: Session, row: t.Any) -> t.Any:
    """Write an object."""
    session.add(row)
    session.flush()
    return row


def notes_of(session: Session, *options: t.Any) -> list[str]:
    """Give the notes of projects."""
    found = session.scalars(sa.select(Project).options(*options)).unique()
    return sorted(each.title for project in found for each in project.notes)


def ancestors() -> t.Any:
    """Make a recursive query of the notes above one."""
    below = sa.select(Note.title, Note.parent_id).where(Note.id == 2).cte(recursive=True)
    above = sa.select(other.title, other.parent_id).join(below, below.c.parent_id == other.id)
    return sa.select(below.union_all(above).c.title)


NOTES = ["five", "one", "two"]
COUNTED = sa.select(sa.func.count(Note.id)).where(Note.project_id == Project.id).scalar_subquery()
UNION = sa.union_all(sa.select(Note), sa.select(Note)).subquery()
IN_MINE = ["five", "two"]

#: Statements, and what they give Ann.
STATEMENTS: dict[str, tuple[t.Any, t.Any]] = {
    "entity": (sa.select(Note).with_only_columns(Note.title), NOTES),
    "column": (sa.select(Note.title), NOTES),
    "alias": (sa.select(other.title), NOTES),
    "count of keys": (sa.select(sa.func.count(Note.id)), [3]),
    "count": (sa.select(sa.func.count()).select_from(Note), [3]),
    "aggregate": (sa.select(Note).with_only_columns(sa.func.max(Note.id)), [5]),
    "window": (sa.select(sa.func.count().over()).select_from(Note), [3, 3, 3]),
    "group": (sa.select(Note.title).group_by(Note.title), NOTES),
    "exists": (sa.select(sa.exists(sa.select(Note.id).where(Note.title == SECRET))), [False]),
    "exists in where": (
        sa.select(Project.name).where(
            sa.exists(sa.select(Note.id).where(Note.project_id == Project.id))
        ),
        ["mine"],
    ),
    "case": (
        sa.select(sa.case((sa.exists(sa.select(Note.id).where(Note.id == 3)), 1), else_=0)),
        [0],
    ),
    "join by relation": (sa.select(Note.title).join(Note.project), IN_MINE),
    "join by class": (sa.select(Note.title).join(Project), IN_MINE),
    "join by alias": (sa.select(other.title).join(other.project), IN_MINE),
    "join to many": (sa.select(Note.title).join_from(Project, Project.notes), IN_MINE),
    "outer join": (
        sa.select(Note.id).join_from(Project, Note, isouter=True).where(Project.id == 2),
        [None],
    ),
    "outer join to a class that no policy knows": (
        sa.select(Note.title).join(Log, Log.id == Note.id, isouter=True),
        NOTES,
    ),
    "union": (sa.union(sa.select(Note.title), sa.select(other.title)), NOTES),
    "intersection": (sa.intersect(sa.select(Note.id), sa.select(other.id)), [1, 2, 5]),
    "subquery": (sa.select(sa.select(Note.title).subquery().c.title), NOTES),
    "subquery as entity": (
        sa.select(orm.aliased(Note, sa.select(Note).subquery()).title),
        NOTES,
    ),
    "union as entity": (sa.select(orm.aliased(Note, UNION).id), [1, 1, 2, 2, 5, 5]),
    "common table expression": (sa.select(sa.select(Note.title).cte().c.title), NOTES),
    "recursion": (ancestors(), ["one", "two"]),
    "scalar subquery": (sa.select(COUNTED).select_from(Project), [0, 2]),
    "among a subquery": (
        sa.select(Project.name).where(Project.id.in_(sa.select(Note.project_id))),
        ["mine"],
    ),
    "label": (sa.select(Note.id.label("other")), [1, 2, 5]),
    "order by a text": (sa.select(Note.title).order_by(sa.text("title desc")), NOTES),
    "lock": (sa.select(Note.title).with_for_update(), NOTES),
    "subclass": (sa.select(Memo.extra), ["fine"]),
    "subclass joined": (sa.select(Memo.extra).join(Memo.project), ["fine"]),
    "polymorphic": (sa.select(every.Memo.extra), ["fine", None, None]),
    "from a statement": (
        sa.select(Note.title).from_statement(sa.select(Note.title)),
        NOTES,
    ),
    "own column of a table": (sa.select(sa.literal_column("notes.title")).select_from(Note), NOTES),
    "list of the policy": (sa.select(Note.title).where(Note.owner_id == 1), ["five", "one"]),
    "class that no policy knows": (sa.select(Log.text), ["begun"]),
}


@pytest.mark.each(3)
@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_is_filtered(anywhere: Notebook, name: str) -> None:
    """A statement of mapped classes finds what the actor may read, however it names them."""
    statement, expected = STATEMENTS[name]

    found = anywhere.session.scalars(statement).all()

    assert sorted(found, key=str) == sorted(expected, key=str)


#: Ways to objects, and what Ann gets.
WAYS: dict[str, tuple[Callable[[Session], t.Any], t.Any]] = {
    "entity": (lambda s: sorted(each.id for each in s.scalars(sa.select(Note))), [1, 2, 5]),
    "several": (
        lambda s: s.execute(sa.select(Project.id, Note.id).join(Note)).all(),
        [(1, 2), (1, 5)],
    ),
    "get": (lambda s: s.get(Note, 3), None),
    "get of what may be read": (lambda s: s.get(Note, 1).title, "one"),
    "get of a subclass": (lambda s: s.get(Memo, 4), None),
    "query": (lambda s: sorted(each.id for each in s.query(Note)), [1, 2, 5]),
    "count of a query": (lambda s: s.query(Note).count(), 3),
    "query of columns": (lambda s: sorted(s.query(Note.id).all()), [(1,), (2,), (5,)]),
    "existence by a query": (
        lambda s: s.query(s.query(Note).filter_by(title=SECRET).exists()).scalar(),
        False,
    ),
    "parts": (
        lambda s: [each.id for each in s.scalars(sa.select(Note).execution_options(yield_per=1))],
        [1, 2, 5],
    ),
    "stream": (
        lambda s: [
            each.id
            for part in s.scalars(
                sa.select(Note).execution_options(stream_results=True)
            ).partitions(2)
            for each in part
        ],
        [1, 2, 5],
    ),
    "populate existing": (
        lambda s: [
            each.id for each in s.scalars(sa.select(Note).execution_options(populate_existing=True))
        ],
        [1, 2, 5],
    ),
    "lazy list": (lambda s: s.get(Project, 2).notes, []),
    "lazy row": (lambda s: s.get(Note, 1).project, None),
    "lazy row of its own class": (lambda s: s.get(Note, 1).parent, None),
    "joined list": (lambda s: notes_of(s, orm.joinedload(Project.notes)), IN_MINE),
    "joined row": (
        lambda s: [
            each.project and each.project.id
            for each in s.scalars(sa.select(Note).options(orm.joinedload(Note.project)))
        ],
        [None, 1, 1],
    ),
    "joined row of its own class": (
        lambda s: [
            each.parent and each.parent.id
            for each in s.scalars(sa.select(Note).options(orm.joinedload(Note.parent)))
        ],
        [None, 1, None],
    ),
    "joined twice": (
        lambda s: [
            other.id
            for each in s.scalars(
                sa.select(Note)
                .where(Note.id == 2)
                .options(orm.joinedload(Note.project).joinedload(Project.notes))
            ).unique()
            for other in each.project.notes
        ],
        [2, 5],
    ),
    "all joined": (lambda s: notes_of(s, orm.joinedload("*")), IN_MINE),
    "select in": (lambda s: notes_of(s, orm.selectinload(Project.notes)), IN_MINE),
    "subquery": (lambda s: notes_of(s, orm.subqueryload(Project.notes)), IN_MINE),
    "immediate": (lambda s: notes_of(s, orm.immediateload(Project.notes)), IN_MINE),
    "contained": (
        lambda s: [
            other.id
            for each in s.scalars(
                sa.select(Project).join(Project.notes).options(orm.contains_eager(Project.notes))
            ).unique()
            for other in each.notes
        ],
        [2, 5],
    ),
    "parent": (
        lambda s: s.scalars(
            sa.select(Note).where(orm.with_parent(s.get(Project, 2), Project.notes))
        ).all(),
        [],
    ),
    "subclasses": (
        lambda s: [
            getattr(each, "extra", None)
            for each in s.scalars(sa.select(Note).options(orm.selectin_polymorphic(Note, [Memo])))
        ],
        [None, None, "fine"],
    ),
    "deferred": (lambda s: [each.body for each in s.scalars(sa.select(Note))], ["body"] * 3),
    "merged": (lambda s: s.merge(Note(id=3)).title, None),
    "objects of the session": (
        lambda s: (s.get(Note, 1), [each.id for each in s if isinstance(each, Note)])[1],
        [1],
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_way_to_an_object_is_filtered(notebook: Notebook, name: str) -> None:
    """Whatever loads an object, or its relations, finds what the actor may read."""
    way, expected = WAYS[name]

    assert way(notebook.session) == expected


BARE, TEXT, BULK = "without the condition", "a text of SQL", "in bulk"
core_exists = sa.exists(sa.select(notes.c.id).where(notes.c.title == SECRET))
x, y = notes.alias("x"), projects.alias("notes")

#: What cannot be filtered, and what is said of it.
REFUSED: dict[str, tuple[Callable[[Session], t.Any], str]] = {
    "text": (lambda s: s.execute(sa.text("select title from notes")), TEXT),
    "table": (lambda s: s.execute(sa.select(notes.c.title)), BARE),
    "alias of a table": (lambda s: s.execute(sa.select(x.c.title)), BARE),
    "name of a table": (
        lambda s: s.execute(sa.select(sa.column("title")).select_from(sa.table("notes"))),
        BARE,
    ),
    "name in capitals": (
        lambda s: s.execute(sa.select(sa.column("title")).select_from(sa.table("NOTES"))),
        BARE,
    ),
    "name with the usual schema": (
        lambda s: s.execute(
            sa.select(sa.column("title")).select_from(sa.table("notes", schema="main"))
        ),
        BARE,
    ),
    "text after FROM": (
        lambda s: s.execute(sa.select(sa.column("title")).select_from(sa.text("notes"))),
        TEXT,
    ),
    "update with the usual schema": (
        lambda s: s.execute(
            sa.update(sa.table("notes", sa.column("title"), schema="main")).values(title="x")
        ),
        BULK,
    ),
    "value of an object": (
        lambda s: flushed(s, Log(text=sa.select(Note.title).where(Note.id == 3).scalar_subquery())),
        BARE,
    ),
    "table of a subclass": (lambda s: s.execute(sa.select(memos.c.extra)), BARE),
    "table joined to a class": (
        lambda s: s.execute(sa.select(memos.c.extra).join_from(Note, memos, sa.true())),
        BARE,
    ),
    "left of an outer join": (
        lambda s: s.execute(
            sa.select(x.c.title).join_from(x, Note, x.c.id == Note.id, isouter=True)
        ),
        BARE,
    ),
    "alias with the name of a class": (
        lambda s: s.execute(
            sa.select(y.c.name).select_from(y).join(other, other.project_id == y.c.id)
        ),
        BARE,
    ),
    "existence in a table": (lambda s: s.execute(sa.select(Log.text).where(core_exists)), BARE),
    "table in IN": (
        lambda s: s.execute(sa.select(Log.text).where(Log.id.in_(sa.select(notes.c.id)))),
        BARE,
    ),
    "full outer join": (
        lambda s: s.execute(sa.select(Log.text).join(Note, Note.id == Log.id, full=True)),
        "FULL OUTER JOIN",
    ),
    "statement of a text": (
        lambda s: s.execute(sa.select(Note).from_statement(sa.text("select * from notes"))),
        TEXT,
    ),
    "statement of a text with columns": (
        lambda s: s.execute(
            sa.select(Note).from_statement(sa.text("select id from notes").columns(Note.id))
        ),
        TEXT,
    ),
    "statement of a table": (
        lambda s: s.execute(sa.select(Note).from_statement(sa.select(notes))),
        BARE,
    ),
    "query of a text": (
        lambda s: s.query(Note).from_statement(sa.text("select * from notes")).all(),
        TEXT,
    ),
    "text with OR": (
        lambda s: s.execute(sa.select(Note).where(sa.text("1 = 1 or 1 = 1"))),
        TEXT,
    ),
    "text that closes a parenthesis": (
        lambda s: s.execute(sa.select(Note).where(sa.text("1 = 1) in ((1 = 1"))),
        TEXT,
    ),
    "literal column": (
        lambda s: s.execute(sa.select(Log.id, sa.literal_column("(select title from notes)"))),
        TEXT,
    ),
    "operator": (lambda s: s.execute(sa.select(Note).where(Note.id.op("= 0 or 1 =")(1))), TEXT),
    "hint": (
        lambda s: s.execute(
            sa.select(Log.text).with_statement_hint("union select title from notes")
        ),
        TEXT,
    ),
    "prefix": (
        lambda s: s.execute(sa.select(Log.text).prefix_with("title from notes union select")),
        TEXT,
    ),
    "suffix": (
        lambda s: s.execute(sa.select(Log.text).suffix_with("union select title from notes")),
        TEXT,
    ),
    "connection, table": (lambda s: s.connection().execute(sa.select(notes)), BARE),
    "connection, class": (lambda s: s.connection().execute(sa.select(Note)), BARE),
    "connection, text": (lambda s: s.connection().execute(sa.text("select 1")), TEXT),
    "connection, driver": (lambda s: s.connection().exec_driver_sql("select 1"), TEXT),
    "update": (lambda s: s.execute(sa.update(Note).values(title="x")), BULK),
    "update by a query": (lambda s: s.query(Note).update({"title": "x"}), BULK),
    "update that returns": (
        lambda s: s.execute(sa.update(Note).values(title="x").returning(Note.title)),
        BULK,
    ),
    "update from a subquery": (
        lambda s: s.execute(
            sa.update(Log).values(text=sa.select(Note.title).where(Note.id == 3).scalar_subquery())
        ),
        BARE,
    ),
    "update of a table": (lambda s: s.execute(sa.update(notes).values(title="x")), BULK),
    "delete": (lambda s: s.execute(sa.delete(Note)), BULK),
    "delete by a query": (lambda s: s.query(Note).delete(), BULK),
    "insert": (lambda s: s.execute(sa.insert(Note), [{"title": "x"}]), BULK),
    "insert from a class": (
        lambda s: s.execute(sa.insert(Log).from_select(["text"], sa.select(Note.title))),
        BARE,
    ),
    "bulk save": (lambda s: s.bulk_save_objects([Note(title="x")]), BULK),
    "bulk mappings": (lambda s: s.bulk_update_mappings(Note, [{"id": 3, "title": "x"}]), BULK),
    "forged option": (
        lambda s: s.execute(
            sa.select(notes), execution_options={"flask_oso_access": Access.WAIVED}
        ),
        BARE,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_statement_that_cannot_be_filtered_is_refused(notebook: Notebook, name: str) -> None:
    """What has no condition of the policy is not executed, and the message says why."""
    way, problem = REFUSED[name]

    with pytest.raises(UnfilteredRowsError, match=problem):
        way(notebook.session)


@pytest.mark.parametrize(
    "statement",
    [
        sa.select(Project.name).where(Project.notes.any(Note.title == SECRET)),
        sa.select(Note.title).where(Note.project.has(Project.name == SECRET)),
    ],
)
def test_existence_by_a_relation_tells_nothing(notebook: Notebook, statement: t.Any) -> None:
    """SQLAlchemy 2.1 filters 'any' and 'has'; with 2.0, which does not, they are refused."""
    found: t.Any = []

    with contextlib.suppress(UnfilteredRowsError):
        found = notebook.session.scalars(statement).all()

    assert found == []


@pytest.mark.parametrize(
    "way",
    [
        lambda s: added(s, 3).title,
        lambda s: s.refresh(added(s, 3)),
        lambda s: s.merge(detached(Note, 3), load=False).title,
        lambda s: s.get_one(Note, 3),
    ],
)
def test_object_that_was_not_loaded_is_not_read(
    notebook: Notebook, way: Callable[[Session], t.Any]
) -> None:
    """An object that only looks as if it had been loaded has no row for the actor."""
    with pytest.raises((sa.exc.InvalidRequestError, orm.exc.ObjectDeletedError)):
        way(notebook.session)


@pytest.mark.parametrize("name", REFUSED)
def test_statement_is_executed_for_a_reason(notebook: Notebook, name: str) -> None:
    """Within 'unfiltered' nothing of this library keeps a statement from the database."""
    way, _ = REFUSED[name]
    refused = None

    with notebook.guard.unfiltered("a test"):
        try:
            way(notebook.session)
        except sa.exc.SQLAlchemyError as error:  # Some are no SQL of SQLite.
            refused = error

    assert not isinstance(refused, UnfilteredRowsError)


# -- objects that are loaded already -----------------------------------------------------------


def test_get_of_a_loaded_object_is_judged(notebook: Notebook) -> None:
    """An object of the identity map is given only to who may read it."""
    with notebook.guard.unfiltered("a test"):
        kept = [notebook.session.get(Note, 3), notebook.session.get(Note, 2)]

    assert notebook.session.get(Note, 3) is None
    assert notebook.session.get(Note, 2) is kept[1]


def test_loaded_relation_is_judged(notebook: Notebook) -> None:
    """A lazy relation to an object of the identity map gives it only to who may read it."""
    with notebook.guard.unfiltered("a test"):
        kept = notebook.session.get(Project, 3)

    assert kept is not None
    assert notebook.session.get_one(Note, 1).project is None


def test_merge_with_a_loaded_object_is_judged(notebook: Notebook) -> None:
    """A merge gives no object that the actor may not read."""
    with notebook.guard.unfiltered("a test"):
        kept = notebook.session.get(Note, 3)

    with pytest.raises(UnfilteredRowsError, match="may not read the 'Note' that is merged"):
        notebook.session.merge(Note(id=3))
    assert kept is not None


def test_policy_leaves_no_relation_behind(notebook: Notebook) -> None:
    """What a policy loads of an object does not stay in it for the program."""
    note = notebook.session.get_one(Note, 1)

    allowed = notebook.oso.is_allowed(notebook.find_user(2), "read", note)

    assert allowed
    assert note.project is None


def test_list_has_conditions_on_the_rows_that_it_selects(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy sees all of what its condition reads, so that none is made for that."""
    listed = notebook.oso.authorized_query(notebook.find_user(1), "read", Note)
    residual, asked = notebook.oso.made_of_residual, []
    monkeypatch.setattr(
        notebook.oso,
        "made_of_residual",
        lambda *args: asked.append(args[2]) or residual(*args),
    )

    found = {each.id for each in notebook.session.scalars(listed)}

    assert found == {1, 2, 5}
    assert {*asked} == {Note}


def test_policy_reads_a_row_that_the_program_may_not(notebook: Notebook) -> None:
    """Nobody has the row of a key for the program, and a policy has it each time."""
    note, bob = notebook.session.get_one(Note, 1), notebook.find_user(2)

    seen = [(note.project, notebook.oso.is_allowed(bob, "read", note)) for _ in range(3)]

    assert seen == [(None, True)] * 3


class Watch:
    """Notes what an object has for its relation while a policy reads."""

    def __init__(self, seen: list[t.Any]) -> None:
        self.seen = seen

    def note(self, note: Note) -> None:
        self.seen.append(vars(note).get("project"))


def test_row_of_a_key_stays_where_the_program_has_it(notebook: Notebook) -> None:
    """A policy would find the same row, so that nothing is exchanged for each decision."""
    seen: list[t.Any] = []
    notebook.oso.clear_rules()
    notebook.oso.register_constant(Watch(seen), "watch")
    notebook.oso.load_str(
        'allow(_: User, "read", _); allow(_: User, "see", note: Note) if watch.note(note) = nil;'
    )
    note = notebook.session.get_one(Note, 2)
    project = note.project

    notebook.oso.is_allowed(notebook.find_user(1), "see", note)

    assert project is not None
    assert seen[-1] is project
    assert note.project is project


PARTLY = """
allow(u: User, "read", n: Note) if n.owner = u;
allow(u: User, "read", p: Project) if p.owner = u;
allow(u: User, "close", p: Project) if p.owner = u and not foreign(u, p);
foreign(u, p: Project) if n in p.notes and n.owner != u;
"""


@pytest.fixture
def partly(notebook: Notebook) -> Notebook:
    """Give Ann a project of which she may read one of two notes."""
    notebook.oso.clear_rules()
    notebook.oso.load_str(PARTLY)
    return notebook


def test_policy_reads_all_rows_of_a_filtered_relation(partly: Notebook) -> None:
    """A rule with 'not' sees rows that the actor may not read, where the program does not."""
    ann, project = partly.find_user(1), partly.session.get_one(Project, 1)

    shown = [each.id for each in project.notes]
    allowed = partly.oso.is_allowed(ann, "close", project)

    assert shown == [5]
    assert not allowed
    assert [each.id for each in project.notes] == [5]


def test_policy_reads_relations_of_many_rows_at_once(notebook: Notebook) -> None:
    """A policy that is asked about many rows loads their relations together, all of their rows."""
    session, ann = notebook.session, notebook.find_user(1)
    session.add_all(Project(id=n, name="open", owner_id=1) for n in range(10, 30))
    session.add_all(
        Note(id=n, title="new", owner_id=n % 2 + 1, project_id=n) for n in range(10, 30)
    )
    session.commit()
    projects = session.scalars(sa.select(Project).order_by(Project.id)).all()
    statements: list[str] = []
    sa.event.listen(
        notebook.engine, "before_cursor_execute", lambda *args: statements.append(args[2])
    )

    found = notebook.oso.filter(ann, "close", projects)

    assert [each.id for each in found] == [n for n in range(10, 30) if n % 2 == 0]
    assert len(statements) < 10
    assert {len(each.notes) for each in found} == {1}


def test_policy_reads_all_rows_of_a_joined_relation(partly: Notebook) -> None:
    """The same with a relation that was joined, and objects that are iterated later."""
    ann = partly.find_user(1)
    wanted = sa.select(Project).options(orm.joinedload(Project.notes))
    found = partly.session.scalars(wanted).unique()
    partly.oso.is_allowed(ann, "close", Project(owner=ann))

    [project] = found

    assert not partly.oso.is_allowed(ann, "close", project)
    assert [each.id for each in project.notes] == [5]


def test_policy_reads_all_rows_of_a_list_that_was_changed(partly: Notebook) -> None:
    """A list that the program has added to is flushed, so that a policy sees all of it."""
    ann, project = partly.find_user(1), partly.session.get_one(Project, 1)
    project.notes.append(Note(id=30, title="new", owner=ann))

    assert not partly.oso.is_allowed(ann, "close", project)
    assert [each.id for each in project.notes] == [5, 30]


def test_list_that_was_changed_without_autoflush(partly: Notebook) -> None:
    """Where nothing is flushed by itself, a policy is not asked about half of a list."""
    ann, project = partly.find_user(1), partly.session.get_one(Project, 1)
    with partly.session.no_autoflush:
        project.notes.append(Note(id=30, title="new", owner=ann))

        with pytest.raises(OsoError, match="'notes' of a 'Project' was changed after it was filt"):
            partly.oso.is_allowed(ann, "close", project)


def test_values_of_relations_are_not_loaded_twice(notebook: Notebook) -> None:
    """A policy that is asked again finds what it has loaded before."""
    project = notebook.session.get_one(Project, 1)
    ann = notebook.find_user(1)
    statements: list[str] = []
    sa.event.listen(
        notebook.engine, "before_cursor_execute", lambda *args: statements.append(args[2])
    )

    shown = len(project.notes)
    answers = [notebook.oso.is_allowed(ann, "close", project) for _ in range(5)]
    shown_again = len(project.notes)

    assert (shown, shown_again) == (2, 2)
    assert answers == [False] * 5
    assert sum("FROM notes" in each for each in statements) == 2


def test_expired_object_is_read_again(notebook: Notebook) -> None:
    """After a commit, attributes of what the actor may read are loaded again."""
    found = notebook.session.scalars(sa.select(Note).order_by(Note.id)).all()

    notebook.session.commit()

    assert [each.title for each in found] == ["one", "two", "five"]
    assert t.cast(Memo, found[2]).extra == "fine"


def test_attribute_that_an_option_left_out_is_read(notebook: Notebook) -> None:
    """The statement for it has the condition on the row alone, and none on related classes."""
    statement = sa.select(Note).options(orm.load_only(Note.id)).order_by(Note.id)
    found = notebook.session.scalars(statement).all()

    assert [each.title for each in found] == ["one", "two", "five"]


def test_one_table_of_an_object_is_read_again(notebook: Notebook) -> None:
    """An attribute of a subclass that was expired alone is loaded again."""
    memo = notebook.session.get_one(Memo, 5)

    notebook.session.expire(memo, ["extra"])

    assert memo.extra == "fine"


def test_one_table_of_an_object_that_may_not_be_read(notebook: Notebook) -> None:
    """An attribute of a subclass is not loaded again for who may not read the row."""
    with notebook.guard.unfiltered("a test"):
        memo = notebook.session.get_one(Memo, 4)
    notebook.session.expire(memo, ["extra"])

    with pytest.raises(UnfilteredRowsError, match="may not read the 'Memo'"):
        _ = memo.extra


def test_changes_of_objects_are_flushed(notebook: Notebook) -> None:
    """Objects are added, changed and deleted one by one, as in any session."""
    session = notebook.session
    session.add(Memo(id=20, title="new", extra="x", owner_id=1))
    session.get_one(Note, 1).title = "changed"
    session.delete(session.get_one(Note, 2))

    session.commit()

    assert session.scalars(sa.select(Note.title).order_by(Note.id)).all() == [
        "changed",
        "five",
        "new",
    ]


def expunge_new(session: Session, *_: t.Any) -> None:
    """Leave a flush without work."""
    session.expunge_all()


def refuse(*_: t.Any) -> None:
    """End a flush before it has begun."""
    raise ValueError


@pytest.mark.parametrize("listener", [expunge_new, refuse])
def test_flush_that_a_listener_ended_is_over(
    notebook: Notebook, listener: Callable[..., None]
) -> None:
    """What reads after a flush is filtered, also if nobody was told that the flush has ended."""
    session = notebook.session()
    sa.event.listen(session, "before_flush", listener)
    with contextlib.suppress(ValueError):
        flushed(session, Log(text="new"))

    with session.no_autoflush:
        found = session.scalars(sa.select(Note.title).order_by(Note.id)).all()

    assert found == ["one", "two", "five"]


def test_condition_follows_a_change(notebook: Notebook) -> None:
    """What the session has written counts for the next statement."""
    session = notebook.session
    before = session.scalars(sa.select(Note.id)).all()

    session.get_one(Project, 1).owner_id = 2
    after = session.scalars(sa.select(Note.id)).all()

    assert before == [1, 2, 5]
    assert after == [1, 5]


# -- who reads -----------------------------------------------------------------------------------


def test_same_statement_of_several_actors(notebook: Notebook) -> None:
    """SQLAlchemy's cache of statements gives no actor the rows of another."""
    wanted = sa.select(Project).options(orm.joinedload(Project.notes)).order_by(Project.id)
    found = {}

    for user_id in (1, 2, 1, None):
        with notebook.request_of(user_id):
            rows = notebook.session.scalars(wanted).unique()
            found[user_id] = [[note.id for note in each.notes] for each in rows]

    assert found == {1: [[2, 5], []], 2: [[3], [1, 4]], None: []}


def test_session_that_outlives_a_request(notebook: Notebook) -> None:
    """Relations that one actor has loaded are loaded again for the next one."""
    session = notebook.session()
    project = session.get_one(Project, 2)
    shown = [each.id for each in project.notes]

    with notebook.app.test_request_context("/"):
        g.current_user = notebook.find_user(2)
        again = session.get_one(Project, 2)

        assert again is project
        assert shown == []
        assert [each.id for each in again.notes] == [3]


def test_ways_of_reading_are_counted(notebook: Notebook) -> None:
    """The audit says of each class how its rows were read."""
    notebook.session.scalars(sa.select(Note)).all()
    notebook.session.get(Note, 1)
    with notebook.guard.unfiltered("for the report"):
        notebook.session.scalars(sa.select(Note)).all()

    records = {(each.cls, each.access, each.reason) for each in notebook.guard.audit()}

    assert records >= {
        (Note, Access.FILTERED, None),
        (Note, Access.WAIVED, "for the report"),
    }


def test_unguarded_classes_are_not_filtered() -> None:
    """Rows of a class that is named are for everybody."""
    with open_notebook(unguarded=[User]) as notebook, notebook.request_of(1):
        assert notebook.session.scalars(sa.select(User.name)).all() == ["ann", "bob"]


class Visitor:
    """An actor that is no row."""

    def __init__(self, tags: t.Any) -> None:
        self.tags = tags


class Key:
    """An actor that has no dictionary."""

    __slots__ = ("tags",)

    def __init__(self, tags: t.Any) -> None:
        self.tags = tags


class Badge(Visitor):
    """An actor with values within values."""

    def __init__(self, tags: t.Any) -> None:
        super().__init__(tags)
        self.visitor = self


class Code(str):
    """A text with attributes."""

    tags: t.Any


def code_of(tags: t.Any) -> Code:
    """Make a text with attributes."""
    code = Code("x")
    code.tags = tags
    return code


def clear(actor: t.Any) -> None:
    """Take all from the same list."""
    actor.tags.clear()


def replace(actor: t.Any) -> None:
    """Give another list."""
    actor.tags = []


@pytest.mark.parametrize("change", [clear, replace])
@pytest.mark.parametrize("make", [Visitor, Key, Badge, code_of])
def test_condition_follows_an_actor_that_is_no_row(
    notebook: Notebook, make: t.Any, change: Callable[[t.Any], None]
) -> None:
    """What an actor may read within a request changes with the actor."""
    policy = 'allow(a, "read", n: Note) if "all" in a.tags and n.id > 3;'
    notebook.oso.load_str(policy, replace=True)
    g.current_user = make(["all"])
    before = notebook.session.scalars(sa.select(Note.id)).all()

    change(g.current_user)

    assert before == [4, 5]
    assert notebook.session.scalars(sa.select(Note.id)).all() == []


def test_condition_follows_a_row_of_no_session(notebook: Notebook) -> None:
    """Nobody but the actor itself tells of its changes."""
    g.current_user = User(id=7, name="all")
    notebook.oso.load_str('allow(u: User, "read", _: Note) if u.name = "all";', replace=True)
    before = notebook.session.scalars(sa.select(Note.id)).all()

    g.current_user.name = "none"

    assert before == [1, 2, 3, 4, 5]
    assert notebook.session.scalars(sa.select(Note.id)).all() == []


def test_condition_follows_what_is_no_column(notebook: Notebook) -> None:
    """A program may give a row an attribute, of which the session knows nothing."""
    g.current_user.is_staff = True
    notebook.oso.load_str('allow(u: User, "read", _: Note) if u.is_staff = true;', replace=True)
    before = notebook.session.scalars(sa.select(Note.id)).all()

    g.current_user.is_staff = False

    assert before == [1, 2, 3, 4, 5]
    assert notebook.session.scalars(sa.select(Note.id)).all() == []


# -- where 'unfiltered' ends ---------------------------------------------------------------------


MINE, ALL = [1, 2, 5], [1, 2, 3, 4, 5]


def ids_of(notebook: Notebook) -> list[int]:
    """Give the notes that can be selected."""
    return sorted(notebook.session.scalars(sa.select(Note.id)))


def every_note(notebook: Notebook) -> Iterator[list[int]]:
    """Select notes step by step, unfiltered."""
    with notebook.guard.unfiltered("a test"):
        yield ids_of(notebook)
        yield ids_of(notebook)


async def every_note_later(notebook: Notebook) -> t.AsyncIterator[list[int]]:
    """Select notes step by step, unfiltered, as a coroutine."""
    with notebook.guard.unfiltered("a test"):
        yield ids_of(notebook)
        yield ids_of(notebook)


def test_generator_reads_all_and_its_caller_does_not(notebook: Notebook) -> None:
    """What waits within 'unfiltered' says nothing of what runs meanwhile."""
    steps = every_note(notebook)

    found = [next(steps), ids_of(notebook), next(steps), ids_of(notebook)]

    assert found == [ALL, MINE, ALL, MINE]


def test_asynchronous_generator_reads_all_and_its_caller_does_not(notebook: Notebook) -> None:
    """The same holds of one that is a coroutine."""

    async def run() -> list[list[int]]:
        steps = every_note_later(notebook)
        return [await anext(steps), ids_of(notebook), await anext(steps), ids_of(notebook)]

    assert asyncio.run(run()) == [ALL, MINE, ALL, MINE]


def test_generator_that_is_a_context_reads_all(notebook: Notebook) -> None:
    """A program may put 'unfiltered' into a context manager of its own."""

    @contextlib.contextmanager
    def as_job() -> Iterator[None]:
        with notebook.guard.unfiltered("a job"):
            yield

    with as_job():
        within = ids_of(notebook)

    assert [within, ids_of(notebook)] == [ALL, MINE]


def test_block_within_the_same_block_ends(notebook: Notebook) -> None:
    """What a program keeps may be entered twice, and is left twice."""
    unfiltered = notebook.guard.unfiltered("a test")

    with unfiltered:
        with unfiltered:
            inner = ids_of(notebook)
        outer = ids_of(notebook)

    assert [inner, outer, ids_of(notebook)] == [ALL, ALL, MINE]


def test_copy_of_a_context_ends_with_the_block(notebook: Notebook) -> None:
    """A task that outlives 'unfiltered' is filtered."""
    with notebook.guard.unfiltered("a test"):
        context = contextvars.copy_context()
        within = context.run(ids_of, notebook)

    assert [within, context.run(ids_of, notebook)] == [ALL, MINE]


def test_request_is_filtered_within_unfiltered(notebook: Notebook) -> None:
    """A reason that was given outside of a request is none for what the request reads."""
    notebook.app.before_request(lambda: setattr(g, "current_user", notebook.find_user(1)))
    notebook.app.add_url_rule("/notes", "notes", lambda: ids_of(notebook))

    with notebook.guard.unfiltered("a test"):
        answer = notebook.app.test_client().get("/notes").json
        after = ids_of(notebook)

    assert [answer, after] == [MINE, ALL]
