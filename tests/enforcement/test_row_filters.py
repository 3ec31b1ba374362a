"""Protected sessions in requests: who reads, what guards load, and what finds the actor."""

from __future__ import annotations

import concurrent.futures
import contextlib
import copy
import gc
import importlib
import sys
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import flask_sqlalchemy
import pytest
import sqlalchemy as sa
from flask import g
from sqlalchemy import orm
from werkzeug.exceptions import NotFound

from flask_oso import Access, FlaskOso, Oso, OsoError, UnfilteredRowsError, authorize
from flask_oso.row_access.waivers import current_waiver
from flask_oso.sqlalchemy import register_models
from tests.support.models.protected_notes import (
    POLICY,
    Base,
    Memo,
    Note,
    Notebook,
    Project,
    User,
    fill,
    filled_notebook,
    open_notebook,
)
from tests.support.sites import make_app, make_oso, make_site


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """Give an app with a protected session, whose user is in the query string."""
    with open_notebook() as notebook:
        yield notebook


def log_in(notebook: Notebook) -> None:
    """Make Ann the current user of each request."""

    @notebook.app.before_request
    def load_user() -> None:
        g.current_user = notebook.find_user(1)


def test_view_reads_what_the_actor_may_read(notebook: Notebook) -> None:
    """A view selects the rows of its user, and the audit says how they were read."""
    log_in(notebook)

    @notebook.app.get("/")
    def index() -> dict[str, t.Any]:
        ids = notebook.session.scalars(sa.select(Note.id)).all()
        records = [(each.access.value, each.reason) for each in notebook.guard.audit()]
        return {"ids": ids, "records": records}

    answer: t.Any = notebook.app.test_client().get("/").json

    assert answer["ids"] == [1, 2, 5]
    assert answer["records"] == [["waived", "the test says who acts"], ["filtered", None]]


@pytest.mark.parametrize(("note_id", "status"), [(1, 200), (2, 403), (3, 404), (99, 404)])
def test_guard_judges_what_it_loads(notebook: Notebook, note_id: int, status: int) -> None:
    """A guard finds the object unfiltered, and answers 403 and 404 as without protection."""
    log_in(notebook)
    notebook.oso.clear_rules()
    notebook.oso.load_str(
        'allow(u: User, "read", n: Note) if n.owner = u or n.project.owner = u;'
        'allow(u: User, "edit", n: Note) if n.owner = u;'
    )

    @notebook.app.get("/<int:note_id>")
    @authorize("edit", Note)
    def edit(note: Note) -> dict[str, t.Any]:
        records = {(each.cls, each.access) for each in notebook.guard.audit()}
        assert (Note, Access.JUDGED) in records
        return {"project": note.project and note.project.id}

    assert notebook.app.test_client().get(f"/{note_id}").status_code == status


def test_action_on_what_may_not_be_read(notebook: Notebook) -> None:
    """A guard gives an object that the policy allows to act on, although it is never listed."""
    log_in(notebook)
    notebook.oso.clear_rules()
    notebook.oso.load_str('allow(_: User, "accept", n: Note) if n.id = 3;')

    @notebook.app.get("/<int:note_id>")
    @authorize("accept", Note)
    def accept(note: Note) -> str:
        return note.title

    assert notebook.app.test_client().get("/3").status_code == 200


def test_loader_that_selects_is_not_filtered(notebook: Notebook) -> None:
    """What a loader of the program selects is judged, with the relations left to be filtered."""
    log_in(notebook)

    @notebook.guard.loader(Note)
    def find_note(note_id: int) -> Note | None:
        wanted = sa.select(Note).where(Note.id == note_id)
        found = notebook.session.scalars(wanted.options(orm.joinedload(Note.project)))
        return found.one_or_none()

    @notebook.app.get("/<int:note_id>")
    @authorize("read", Note)
    def show(note: Note) -> dict[str, t.Any]:
        return {"project": note.project and note.project.id}

    client = notebook.app.test_client()
    assert client.get("/1").json == {"project": None}
    assert client.get("/2").json == {"project": 1}
    assert client.get("/3").status_code == 404


def test_template_may_ask_the_policy(notebook: Notebook) -> None:
    """Decisions within a view read all rows, and leave none."""
    log_in(notebook)

    @notebook.app.get("/")
    def index() -> dict[str, t.Any]:
        note = notebook.session.get_one(Note, 1)
        notebook.guard.authorize(note, action="read")
        return {"project": note.project and note.project.id}

    assert notebook.app.test_client().get("/").json == {"project": None}


def test_list_of_the_policy_is_executed(notebook: Notebook) -> None:
    """A list of what another action allows has only rows that may be read."""
    with notebook.request_of(1):
        ann = notebook.find_user(1)
        listed = notebook.oso.authorized_query(ann, "read", Project)

        assert [each.id for each in notebook.session.scalars(listed)] == [1, 2]


def test_list_with_relations_is_executed(notebook: Notebook) -> None:
    """What a list asks of other tables is asked of all of their rows."""
    with notebook.request_of(1):
        ann = notebook.find_user(1)
        listed = notebook.oso.authorized_query(ann, "read", Note)
        columns = notebook.oso.action_columns(ann, Note, ["read"])

        found = notebook.session.execute(listed.add_columns(*columns.values())).all()

        assert [(note.id, may) for note, may in found] == [(1, True), (2, True), (5, True)]


def test_list_of_another_actor_is_filtered(notebook: Notebook) -> None:
    """A list that was made for somebody else shows nobody more."""
    with notebook.request_of(1):
        listed = notebook.oso.authorized_query(notebook.find_user(2), "read", Note)

        assert [each.id for each in notebook.session.scalars(listed)] == [1, 2]


def test_condition_of_a_list_covers_no_table(notebook: Notebook) -> None:
    """The condition of a list is no condition on another table of the statement."""
    with notebook.request_of(1):
        listed = notebook.oso.authorized_query(notebook.find_user(2), "read", Note)
        bare = sa.select(t.cast(sa.Table, Note.__table__).c.title).where(listed.whereclause)

        with pytest.raises(UnfilteredRowsError):
            notebook.session.execute(bare)


# -- who reads -----------------------------------------------------------------------------------


def test_nobody_is_known(notebook: Notebook) -> None:
    """A request in which nobody said who acts reads nothing, and is told what to do."""
    with (
        notebook.app.test_request_context("/"),
        pytest.raises(OsoError, match="Nobody is known who reads, so rows cannot be filtered"),
    ):
        notebook.session.scalars(sa.select(Note))


def test_no_application(notebook: Notebook) -> None:
    """Outside of an application rows are read for a reason, or not at all."""
    with pytest.raises(OsoError, match=r"Say who with '@oso\.actor_loader', or read within"):
        notebook.session.scalars(sa.select(Note))

    with notebook.guard.unfiltered("a job"):
        assert len(notebook.session.scalars(sa.select(Note)).all()) == 5


def test_block_of_a_request_that_is_gone_is_over(notebook: Notebook) -> None:
    """What runs outside of requests later is not what it was begun for."""
    with contextlib.ExitStack() as block:
        with notebook.app.test_request_context("/"):
            block.enter_context(notebook.guard.unfiltered("a job"))
            assert current_waiver() is not None
        gc.collect()

        assert current_waiver() is None


def test_actor_of_a_command(notebook: Notebook) -> None:
    """A command that says who acts reads what that actor may read."""
    ann = notebook.find_user(1)

    with notebook.app.app_context():
        g.current_user = ann

        assert notebook.session.scalars(sa.select(Note.id)).all() == [1, 2, 5]


@pytest.mark.parametrize("reason", ["", " ", None])
def test_unfiltered_needs_a_reason(notebook: Notebook, reason: t.Any) -> None:
    """Nobody reads all rows without saying why."""
    with pytest.raises(OsoError, match="'unfiltered' was given no reason"):
        notebook.guard.unfiltered(reason)


def test_function_that_finds_the_actor_is_not_filtered(notebook: Notebook) -> None:
    """What finds the actor in the database reads all rows: nobody is known before."""
    notebook.guard.set_get_actor(lambda: notebook.session.get(User, 1))

    with notebook.app.test_request_context("/"):
        assert notebook.session.scalars(sa.select(Note.id)).all() == [1, 2, 5]
        assert notebook.session.scalars(sa.select(User.id)).all() == [1]


def test_flask_login_finds_the_user(notebook: Notebook) -> None:
    """The user loader of Flask-Login reads a user who may not read users."""
    flask_login: t.Any = importlib.import_module("flask_login")
    notebook.oso.clear_rules()
    notebook.oso.load_str('allow(u: User, "read", n: Note) if n.owner = u;')
    notebook.app.secret_key = "x"
    logins = flask_login.LoginManager(notebook.app)

    class Account(flask_login.UserMixin):
        """What Flask-Login knows of a user."""

        def __init__(self, user: User) -> None:
            self.user, self.id = user, user.id

    @logins.user_loader
    def load(user_id: str) -> Account | None:
        user = notebook.session.get(User, int(user_id))
        return None if user is None else Account(user)

    notebook.guard.set_get_actor(lambda: flask_login.current_user.user)

    @notebook.app.get("/")
    @flask_login.login_required
    def index() -> dict[str, t.Any]:
        return {
            "notes": notebook.session.scalars(sa.select(Note.id)).all(),
            "users": notebook.session.scalars(sa.select(User.id)).all(),
        }

    client = notebook.app.test_client()
    with client.session_transaction() as cookies:
        cookies["_user_id"], cookies["_fresh"] = "1", True

    assert client.get("/").json == {"notes": [1, 5], "users": []}


def test_audit_outside_of_a_request(notebook: Notebook) -> None:
    """Where there is no request, nothing was read in it."""
    with notebook.app.app_context(), pytest.raises(OsoError, match="There is no request"):
        notebook.guard.audit()


def test_policy_of_the_app_counts(notebook: Notebook) -> None:
    """After 'set_oso' rows are filtered by the new policy."""
    other = Oso()
    register_models(other, [User, Project, Note, Memo])
    other.load_str('allow(_: User, "read", n: Note) if n.id = 4;')

    with notebook.app.app_context():
        notebook.guard.set_oso(other)

    with notebook.request_of(1):
        assert notebook.session.scalars(sa.select(Note.id)).all() == [4]


def test_two_apps_share_sessions(notebook: Notebook) -> None:
    """Each app filters by its own policy, whichever has protected the sessions last."""
    oso, app = Oso(), make_app("other")
    register_models(oso, [User, Project, Note, Memo])
    oso.load_str('allow("guest", "read", n: Note) if n.id = 4;')
    guard = FlaskOso(oso, app)
    guard.protect(notebook.session)

    with app.test_request_context("/"):
        g.current_user = "guest"
        seen_there = notebook.session.scalars(sa.select(Note.id)).all()
        notebook.session.remove()
    with notebook.request_of(1):
        seen_here = notebook.session.scalars(sa.select(Note.id)).all()

    assert (seen_there, seen_here) == ([4], [1, 2, 5])


def test_session_of_flask_sqlalchemy() -> None:
    """The session, 'get_or_404' and pages of Flask-SQLAlchemy are filtered."""
    db = flask_sqlalchemy.SQLAlchemy(model_class=Base)
    app = make_app("shop", SQLALCHEMY_DATABASE_URI="sqlite://")
    db.init_app(app)
    oso = Oso()
    register_models(oso, [User, Project, Note, Memo])
    oso.load_str('allow("ann", "read", n: Note) if n.owner_id = 1;')
    guard = FlaskOso(oso, app)
    guard.protect(db.session)

    with app.app_context():
        Base.metadata.create_all(db.engine)
        with orm.Session(db.engine) as session:
            fill(session)
        g.current_user = "ann"
        page = db.paginate(sa.select(Note), per_page=1, page=1)

        assert (page.total, [each.id for each in page.items]) == (2, [1])
        assert db.session.get(Note, 3) is None
        with pytest.raises(NotFound):
            db.get_or_404(Note, 3)


def test_draft_of_a_policy_answers_for_itself(notebook: Notebook) -> None:
    """A copy of an Oso whose sessions are protected has a policy of its own."""
    draft = copy.copy(notebook.oso)
    draft.clear_rules()
    draft.load_str('allow("ann", "read", "page");')

    assert draft.is_allowed("ann", "read", "page")
    assert not notebook.oso.is_allowed("ann", "read", "page")


# -- what is protected ---------------------------------------------------------------------------


def test_other_sessions_are_as_before(notebook: Notebook) -> None:
    """A session that was not given reads what it is asked for, on the same engine."""
    with orm.Session(notebook.engine) as session:
        assert len(session.scalars(sa.select(Note)).all()) == 5
        assert len(session.execute(sa.text("select * from notes")).all()) == 5


@pytest.mark.parametrize(
    "make",
    [
        lambda engine: orm.sessionmaker(engine),
        lambda engine: type("Own", (orm.Session,), {}),
        lambda engine: orm.Session(engine),
    ],
)
def test_kinds_of_sessions(notebook: Notebook, make: t.Any) -> None:
    """A factory, a class and one session are protected alike."""
    given = make(notebook.engine)
    notebook.guard.protect(given)
    session = given if isinstance(given, orm.Session) else given(bind=notebook.engine)

    with session, notebook.request_of(1):
        assert session.scalars(sa.select(Note.id)).all() == [1, 2, 5]
        assert session.get(Note, 3) is None


def test_session_with_a_transaction_under_way(notebook: Notebook) -> None:
    """The connection that a session has already is verified as well."""
    with orm.Session(notebook.engine) as session, notebook.request_of(1):
        connection = session.connection()

        notebook.guard.protect(session)

        with pytest.raises(UnfilteredRowsError):
            connection.execute(sa.text("select 1"))


def test_no_session_is_refused(notebook: Notebook) -> None:
    """What makes no sessions cannot be protected."""
    with pytest.raises(OsoError, match="Rows of 'int' cannot be filtered"):
        notebook.guard.protect(1)


def test_protection_without_a_policy_is_refused() -> None:
    """Without a policy there is nothing to filter by."""
    site = make_site()
    site.guard.set_oso(Oso())

    with pytest.raises(OsoError, match="There is no policy to filter rows by"):
        FlaskOso().protect(orm.sessionmaker())


def test_policy_reads_all_of_a_row_of_another_request(notebook: Notebook) -> None:
    """A row that a request hands on is judged by all of its relations, as in its own request."""
    notebook.oso.load_str(
        POLICY + 'allow(_: User, "empty", p: Project) if not has_notes(p);'
        "has_notes(p: Project) if n in p.notes and n.id > 0;",
        replace=True,
    )
    with orm.Session(notebook.engine) as session:
        notebook.guard.protect(session)
        ann = notebook.find_user(1)
        with notebook.app.test_request_context("/"):
            g.current_user = ann
            project = session.get_one(Project, 2)
            assert project.notes == []
            with notebook.app.test_request_context("/"):
                g.current_user = ann
                assert notebook.session.scalars(sa.select(Note)).all()
                assert not notebook.guard.can("empty", project)


class Gate:
    """What a policy asks about, and waits for."""

    def __init__(self) -> None:
        self.is_reached, self.is_open = threading.Event(), threading.Event()

    def wait(self) -> bool:
        """Let another thread go on, until it has ended."""
        self.is_reached.set()
        return self.is_open.wait(10)


@contextlib.contextmanager
def job_of(notebook: Notebook, user_id: int) -> Iterator[None]:
    """Be within a context of the app that is no request, and acts for a user."""
    with notebook.app.app_context():
        g.current_user = notebook.find_user(user_id)
        yield
    notebook.session.remove()


#: Within what a policy is asked.
_PLACES: dict[str, t.Callable[[Notebook, int], contextlib.AbstractContextManager[None]]] = {
    "request": Notebook.request_of,
    "job": job_of,
}


def asking_meanwhile(notebook: Notebook, place: str) -> contextlib.AbstractContextManager[None]:
    """Have a policy asked for Bob in another thread."""
    gate = Gate()
    notebook.oso.register_class(Gate)
    rules = """
        allow(_: User, "pass", g: Gate) if g.wait();
        allow(_: User, "fill", p: Project) if n in p.notes and n.title = "none";
    """
    notebook.oso.load_str(POLICY + rules, replace=True)

    def ask() -> None:
        with _PLACES[place](notebook, 2):
            assert notebook.session.scalars(sa.select(Note)).all()
            assert notebook.guard.can("pass", gate, actor=g.current_user)

    @contextlib.contextmanager
    def meanwhile() -> Iterator[None]:
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            asked = threads.submit(ask)
            gate.is_reached.wait(10)
            try:
                yield
            finally:
                gate.is_open.set()
            asked.result()

    return meanwhile()


@pytest.mark.parametrize("place", _PLACES)
@pytest.mark.parametrize("other", _PLACES)
def test_policy_of_another_request_shows_nothing_of_this_one(
    tmp_path: Path, place: str, other: str
) -> None:
    """While another thread asks the policy, a relation has the rows that may be read, no more."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'notes.sqlite'}")
    with filled_notebook(engine) as notebook, _PLACES[place](notebook, 1):
        meanwhile = asking_meanwhile(notebook, other)
        project = notebook.session.get_one(Project, 2)
        before = [each.id for each in project.notes]
        assert not notebook.guard.can("fill", project, actor=g.current_user)
        with meanwhile:
            shown = [each.id for each in project.notes]
        after = [each.id for each in project.notes]
    engine.dispose()

    assert (before, shown, after) == ([], [], [])


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Have threads take turns as often as Python can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty_threads")
def test_requests_of_many_threads_read_what_is_theirs(tmp_path: Path) -> None:
    """Sessions begin and end while others are read, and each shows what its actor may read."""
    path = tmp_path / "notes.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)

    def read(notebook: Notebook, user_id: int) -> list[t.Any]:
        with notebook.request_of(user_id):
            project = notebook.session.get_one(Project, 2)
            seen = [[each.id for each in project.notes]]
            notebook.guard.can("close", project)
            return [*seen, [each.id for each in project.notes]]

    with filled_notebook(engine) as notebook, concurrent.futures.ThreadPoolExecutor(8) as threads:
        users = [1, 2] * 100
        found = [*threads.map(lambda user_id: read(notebook, user_id), users)]

    assert found == [[[], []], [[3], [3]]] * 100


def test_factory_protects_a_session_outside_of_its_app(tmp_path: Path) -> None:
    """Apps with a policy each need not be current when their sessions are protected.

    Where no app is current, the policy is that of the last one.
    """
    (tmp_path / "policy.polar").write_text('allow("ann", "read", n: Note) if n.title = "one";')
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    guard, sessions = FlaskOso(models=Base), orm.scoped_session(orm.sessionmaker(engine))
    Base.metadata.create_all(engine)
    fill(sessions())
    sessions.commit()
    guard.actor_loader(lambda: "ann")
    apps = [make_app(folder=tmp_path, OSO_POLICIES="policy.polar") for _ in range(2)]
    for app in apps:
        guard.init_app(app)
        guard.protect(sessions)

    for app in apps:
        with app.test_request_context():
            assert [each.title for each in sessions.scalars(sa.select(Note))] == ["one"]
        sessions.remove()
    with pytest.raises(OsoError, match="Nobody is known who reads"):
        sessions.scalars(sa.select(Note))
    with guard.unfiltered("a job"):
        assert len(sessions.scalars(sa.select(Note)).all()) == 5
    sessions.remove()
    engine.dispose()


def test_list_that_no_statement_can_be_made_of(notebook: Notebook) -> None:
    """A policy that cannot be a condition on rows raises, and lets no row pass."""
    notebook.oso.clear_rules()
    notebook.oso.load_str('allow(_: User, "read", n: Note) if n.title.swapcase() = "ONE";')

    with notebook.request_of(1), pytest.raises(OsoError):
        notebook.session.scalars(sa.select(Note))


def test_policies_of_other_objects_are_as_before() -> None:
    """An Oso whose sessions are not protected keeps its class."""
    assert type(make_oso("allow(1, 2, 3);")) is Oso
