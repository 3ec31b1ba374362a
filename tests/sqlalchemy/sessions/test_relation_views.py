"""A policy reads all rows of a relation, however it was loaded, and looks at no other object."""

from __future__ import annotations

import contextvars
import pickle
import sys
import types
import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import g
from sqlalchemy import orm
from sqlalchemy.orm.attributes import init_collection, set_committed_value

from flask_oso import UnfilteredRowsError
from tests.support.models.protected_notes import Note, Notebook, Project, User, open_notebook

POLICY = """
allow(u: User, "read", n: Note) if n.owner = u;
allow(u: User, "read", p: Project) if p.owner = u or p.name = "open";
allow(u: User, "read", o: User) if u = o;
allow(u: User, "close", p: Project) if p.owner = u and not foreign(u, p);
allow(_: User, "hide", n: Note) if n.parent = nil;
allow(_: User, "bury", n: Note) if n.parent != nil and n.parent.parent = nil;
allow(u: User, "end", n: Note) if allow(u, "close", n.project);
foreign(u, p: Project) if n in p.notes and n.owner != u;
"""


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """Give Ann a project of which she may read one of two notes, and ask about another one."""
    with open_notebook() as notebook, notebook.request_of(1):
        notebook.oso.clear_rules()
        notebook.oso.load_str(POLICY)
        notebook.session.get_one(Project, 1)
        is_closed(notebook, notebook.session.get_one(Project, 2))
        yield notebook


def is_closed(notebook: Notebook, project: Project) -> bool:
    """Ask whether Ann may close a project."""
    return notebook.oso.is_allowed(notebook.find_user(1), "close", project)


def first(notebook: Notebook, *options: t.Any) -> Project:
    """Select the project of Ann."""
    wanted = sa.select(Project).where(Project.id == 1).options(*options)
    [project] = notebook.session.scalars(wanted).unique()
    return project


def read(notebook: Notebook) -> Project:
    """Read the notes."""
    project = first(notebook)
    assert len(project.notes) == 1
    return project


def eagerly(option: Callable[[t.Any], t.Any]) -> Callable[[Notebook], Project]:
    """Load the notes with the project, which was loaded before."""
    return lambda notebook: first(notebook, option(Project.notes))


def contained(notebook: Notebook) -> Project:
    """Load the notes of a join with the project."""
    wanted = sa.select(Project).join(Project.notes).where(Project.id == 1)
    loading = wanted.options(orm.contains_eager(Project.notes))
    [project] = notebook.session.scalars(loading).unique()
    return project


def populated(notebook: Notebook) -> Project:
    """Load an object again with its notes."""
    return notebook.session.get_one(
        Project, 1, options=[orm.joinedload(Project.notes)], populate_existing=True
    )


def refreshed(notebook: Notebook) -> Project:
    """Load the notes again by name."""
    project = read(notebook)
    notebook.session.refresh(project, ["notes"])
    return project


def committed(notebook: Notebook) -> Project:
    """Set the notes as if they had been loaded."""
    project = first(notebook)
    mine = notebook.session.scalars(sa.select(Note).where(Note.project_id == 1)).all()
    is_closed(notebook, notebook.session.get_one(Project, 2))
    set_committed_value(project, "notes", [*mine])
    return project


def collected(notebook: Notebook) -> Project:
    """Fill the notes one by one as if they had been loaded."""
    project = first(notebook)
    mine = notebook.session.scalars(sa.select(Note).where(Note.project_id == 1)).all()
    is_closed(notebook, notebook.session.get_one(Project, 2))
    notes = init_collection(project, "notes")
    for each in mine:
        notes.append_without_event(each)
    return project


def pickled(notebook: Notebook) -> Project:
    """Take a project from elsewhere, as from a cache."""
    text = pickle.dumps(read(notebook))
    notebook.session.expunge_all()
    project = t.cast(Project, pickle.loads(text))
    notebook.session.add(project)
    return project


def merged(notebook: Notebook) -> Project:
    """Give the loaded project the notes of a pickled one."""
    text = pickle.dumps(read(notebook))
    notebook.session.expire_all()
    return notebook.session.merge(t.cast("Project", pickle.loads(text)), load=False)


def frozen(notebook: Notebook) -> Project:
    """Give the loaded project the notes of a result that was kept."""
    wanted = sa.select(Project).where(Project.id == 1).options(orm.selectinload(Project.notes))
    session = notebook.session()
    kept = session.execute(wanted).freeze()
    session.expunge_all()
    first(notebook)
    result = orm.loading.merge_frozen_result(session, wanted, kept, load=False)()
    return t.cast("Project", result.scalars().one())


def changed(notebook: Notebook) -> Project:
    """Write a list that was changed."""
    project = read(notebook)
    project.notes.append(Note(id=30, title="new", owner_id=1))
    notebook.session.flush()
    return project


def rolled_back(notebook: Notebook) -> Project:
    """Read the notes after a transaction was rolled back."""
    project = read(notebook)
    notebook.session.rollback()
    return read(notebook) if project in notebook.session else project


def removed(notebook: Notebook) -> Project:
    """Read the notes of an object that was taken out, and added again."""
    project = read(notebook)
    notebook.session.expunge(project)
    is_closed(notebook, notebook.session.get_one(Project, 2))
    notebook.session.add(project)
    return project


WAYS: dict[str, Callable[[Notebook], Project]] = {
    "read": read,
    "joined": eagerly(orm.joinedload),
    "selectin": eagerly(orm.selectinload),
    "subquery": eagerly(orm.subqueryload),
    "immediate": eagerly(orm.immediateload),
    "contained": contained,
    "populated": populated,
    "refreshed": refreshed,
    "committed": committed,
    "collected": collected,
    "pickled": pickled,
    "merged": merged,
    "frozen": frozen,
    "changed": changed,
    "rolled back": rolled_back,
    "removed": removed,
}


@pytest.mark.parametrize("way", WAYS)
def test_policy_reads_all_rows_however_they_were_loaded(notebook: Notebook, way: str) -> None:
    """What a relation has got since the last question is put aside for the next one."""
    project = WAYS[way](notebook)
    shown = [each.id for each in vars(project)["notes"]]

    answers = [is_closed(notebook, project) for _ in range(2)]

    assert 5 in shown
    assert 2 not in shown
    assert answers == [False, False]
    assert [each.id for each in project.notes] == shown


@pytest.mark.each(3)
@pytest.mark.parametrize("way", WAYS)
def test_policy_that_asks_of_another_object(notebook: Notebook, way: str) -> None:
    """The same of an object that a policy reads, and is not asked about."""
    project = WAYS[way](notebook)
    note = notebook.session.get_one(Note, 5)

    answers = [notebook.oso.is_allowed(notebook.find_user(1), "end", note) for _ in range(2)]

    assert answers == [False, False]
    assert 2 not in [each.id for each in project.notes]


def test_row_that_is_hidden_is_read_by_the_policy(notebook: Notebook) -> None:
    """Where the program has 'None' for a row that the actor may not read, a policy has the row."""
    note = notebook.session.get_one(Note, 1)
    ann = notebook.find_user(1)
    before = notebook.oso.is_allowed(ann, "hide", note)

    shown = note.parent
    answers = [notebook.oso.is_allowed(ann, "hide", note) for _ in range(2)]

    assert shown is None
    assert [before, *answers] == [False] * 3
    assert note.parent is None


def joined(notebook: Notebook) -> Note:
    """Select a note with the one above it, which is hidden."""
    wanted = sa.select(Note).where(Note.id == 1).options(orm.joinedload(Note.parent))
    return notebook.session.scalars(wanted).one()


def joined_later(notebook: Notebook) -> Note:
    """The same of a note that was known before."""
    is_buried(notebook, 2)
    return joined(notebook)


def merged_later(notebook: Notebook) -> Note:
    """Give a note that was known before what a pickled one has."""
    text = pickle.dumps(joined(notebook))
    notebook.session.expire_all()
    is_buried(notebook, 2)
    return notebook.session.merge(t.cast("Note", pickle.loads(text)), load=False)


def changed_back(notebook: Notebook) -> Note:
    """Set another note, and what was shown."""
    note = joined(notebook)
    with notebook.session.no_autoflush:
        note.parent = notebook.session.get_one(Note, 5)
        is_buried(notebook, 4)
        note.parent = None
    notebook.session.flush()
    return note


def is_buried(notebook: Notebook, number: int) -> bool:
    """Ask of the note above the one above a note, of which Ann may not read any."""
    with notebook.guard.unfiltered("a test"):
        note = notebook.session.get_one(Note, number)
    return notebook.oso.is_allowed(notebook.find_user(1), "bury", note)


@pytest.mark.parametrize("way", [joined, joined_later, merged_later, changed_back])
def test_row_that_is_hidden_from_the_program(
    notebook: Notebook, way: Callable[[Notebook], Note]
) -> None:
    """The same of an object that a policy reads, and is not asked about."""
    note = way(notebook)

    assert vars(note)["parent"] is None
    assert not is_buried(notebook, 2)
    assert note.parent is None


def test_what_a_policy_has_loaded_is_not_loaded_again(notebook: Notebook) -> None:
    """Relations of objects that nobody asks about are kept for the next question, too."""
    note, ann = notebook.session.get_one(Note, 5), notebook.find_user(1)
    before = notebook.oso.is_allowed(ann, "end", note)
    statements: list[str] = []
    sa.event.listen(
        notebook.engine, "before_cursor_execute", lambda *args: statements.append(args[2])
    )

    again = notebook.oso.is_allowed(ann, "end", note)

    assert [before, again] == [False, False]
    assert statements == []


def test_what_a_policy_has_loaded_before_it_wrote(notebook: Notebook) -> None:
    """What a method writes within a question counts for the next one."""

    class Writer:
        """Takes the note of Bob out of the project."""

        def write(self) -> bool:
            """Write past the objects that are loaded."""
            change = sa.update(Note).where(Note.id == 2).values(project_id=None)
            notebook.session.execute(change, execution_options={"synchronize_session": False})
            return True

    rule = 'allow(_: User, "empty", p: Project) if n in p.notes and n.id = 2 and writer.write();'
    notebook.oso.register_constant(Writer(), "writer")
    notebook.oso.load_str(POLICY + rule, replace=True)
    project = first(notebook)

    written = notebook.oso.is_allowed(notebook.find_user(1), "empty", project)

    assert written
    assert is_closed(notebook, project)


def test_session_of_another_thread_is_left_alone(notebook: Notebook) -> None:
    """What a job without a request loads while a policy reads elsewhere stays in its objects."""
    job = notebook.session.session_factory()

    def apart(question: Callable[[], t.Any]) -> t.Any:
        """Read unfiltered, in a context of its own as each thread has one."""

        def read() -> t.Any:
            with notebook.guard.unfiltered("a job"):
                return question()

        return contextvars.Context().run(read)

    theirs = apart(lambda: job.get_one(Project, 2))

    class Meanwhile:
        """Runs a job in between."""

        def run(self) -> bool:
            """Load a list."""
            return bool(apart(lambda: theirs.notes))

    rule = 'allow(_: User, "wait", _: Project) if meanwhile.run();'
    notebook.oso.register_constant(Meanwhile(), "meanwhile")
    notebook.oso.load_str(POLICY + rule, replace=True)

    allowed = notebook.oso.is_allowed(notebook.find_user(1), "wait", first(notebook))

    assert allowed
    assert [each.id for each in vars(theirs)["notes"]] == [3]
    job.close()


def test_object_of_the_program_is_merged_while_the_actor_is_found(notebook: Notebook) -> None:
    """What finds the actor has loaded no list that the program had before."""
    project, ann = read(notebook), notebook.find_user(1)

    def find() -> t.Any:
        notebook.session.scalars(sa.select(User.id)).all()
        notebook.session.merge(Project(id=1, name="mine"))
        return ann

    notebook.guard.set_get_actor(find)
    with notebook.session.no_autoflush:
        notebook.session.scalars(sa.select(Note.id)).all()
        answer = is_closed(notebook, project)

    assert not answer
    assert [each.id for each in project.notes] == [5]


def opcodes_of(question: Callable[[], object]) -> int:
    """Count the bytecodes of a question."""
    count = 0

    def trace(frame: types.FrameType, event: str, _: object) -> t.Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        question()
    finally:
        sys.settrace(before)
    return count


def cost_beside(count: int, question: t.Callable[[Notebook, t.Any], object]) -> int:
    """Count the bytecodes of a question where a program has loaded so many notes."""
    with open_notebook() as notebook, notebook.request_of(1):
        notebook.oso.clear_rules()
        notebook.oso.load_str(POLICY)
        session = notebook.session
        session.add_all(
            Note(id=n, title="new", owner_id=1, parent_id=n % 4 + 1)
            for n in range(100, 100 + count)
        )
        session.commit()
        rows = session.scalars(sa.select(Note).where(Note.id >= 100)).all()
        for each in rows:
            question(notebook, each)
        # Python tells the bytecodes of a function from the second time on.
        opcodes_of(lambda: question(notebook, rows[0]))
        return opcodes_of(lambda: question(notebook, rows[0]))


QUESTIONS: dict[str, Callable[[Notebook, t.Any], object]] = {
    "own": lambda n, row: n.oso.is_allowed(g.current_user, "read", row),
    "related": lambda n, row: n.oso.is_allowed(g.current_user, "hide", row),
    "shown": lambda n, row: (row.owner, n.oso.is_allowed(g.current_user, "read", row)),
    "actions": lambda n, row: n.oso.authorized_actions(g.current_user, row),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_question_costs_nothing_of_other_objects(question: str) -> None:
    """A question about one row costs the same, however many rows the program has loaded."""
    few, many = (cost_beside(count, QUESTIONS[question]) for count in (5, 100))

    assert many < few * 1.2


def test_merge_of_a_related_object_is_judged(notebook: Notebook) -> None:
    """A merge gives no object that the actor may not read, nor one that is related to another."""
    with notebook.guard.unfiltered("a test"):
        hidden = notebook.session.get_one(Note, 2)
    given = Project(id=1, name="mine", notes=[Note(id=2, title="x")])

    with pytest.raises(UnfilteredRowsError, match="may not read the 'Note' that is merged"):
        notebook.session.merge(given)

    assert hidden.title == "two"


def test_what_a_policy_loads_is_not_shown(notebook: Notebook) -> None:
    """A program that reads a relation after a policy gets the rows that the actor may read."""
    project = first(notebook)

    answer = is_closed(notebook, project)

    assert not answer
    assert "notes" not in vars(project)
    assert [each.id for each in project.notes] == [5]
