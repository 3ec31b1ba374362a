"""The types of the public names, as a program that checks its own types meets them.

``make types`` checks what ``assert_type`` says, with mypy and with pyright; here it runs, so that
it is true as well.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import flask
import pytest
import sqlalchemy as sa
import werkzeug.exceptions
from sqlalchemy import orm

from flask_oso import (
    FlaskOso,
    Limits,
    Oso,
    OsoError,
    authorize,
    authorizes_inside,
    current_oso,
    skip_authorization,
)
from flask_oso.polar.proof import Proof
from flask_oso.sqlalchemy import register_models
from tests.support.sites import make_app

# As a policy's rules for notes: their owner may read them and list their fields.
POLICY = """
    allow(user: String, "read", note: Note) if note.owner = user;
    allow(_: String, "read", row: Row) if row.id = 1;
    allow_field(user: String, "read", note: Note, "owner") if note.owner = user;
"""


class Note:
    """What is asked about."""

    owner = "ann"


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Row(Base):
    """What is listed."""

    __tablename__ = "rows"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


@pytest.fixture
def oso() -> Oso:
    """Give an Oso with rules for notes."""
    made = Oso(limits=Limits(goals=100))
    made.register_class(Note)
    register_models(made, Base)
    made.load_str(POLICY)
    return made


@pytest.fixture
def guard(oso: Oso) -> Iterator[FlaskOso]:
    """Give the extension of an app, within a request."""
    app = make_app()
    guard = FlaskOso(oso, app=app)
    with app.test_request_context():
        yield guard


def test_types_of_decisions(oso: Oso) -> None:
    """A decision is a ``bool``, and what enumerates gives a set."""
    t.assert_type(oso.is_allowed("ann", "read", Note()), bool)
    t.assert_type(oso.query_rule_once("allow", "ann", "read", Note()), bool)
    t.assert_type(oso.authorized_actions("ann", Note()), set[t.Any])
    t.assert_type(oso.authorized_fields("ann", "read", Note()), set[t.Any])

    assert oso.is_allowed("ann", "read", Note()) is True
    assert oso.authorized_fields("ann", "read", Note()) == {"owner"}


def test_types_of_queries(oso: Oso) -> None:
    """Results are dictionaries."""
    results = oso.query_rule("allow", "ann", "read", Note())

    t.assert_type(results, Iterator[dict[str, t.Any]])
    t.assert_type(oso.query("x = 1"), Iterator[dict[str, t.Any]])
    assert list(results) == [{"bindings": {}, "trace": None}]


def test_types_of_proofs(oso: Oso) -> None:
    """A proof is a text, a dictionary or a page."""
    proof = oso.explain("ann", "read", Note())

    t.assert_type(proof.to_dict(), dict[str, t.Any])
    t.assert_type(proof.to_html(), str)
    assert bool(proof) is True


def test_type_of_what_is_loaded(guard: FlaskOso) -> None:
    """``FlaskOso.load`` gives an instance of the class that it is given."""

    @guard.loader(Note)
    def load_note(number: int) -> Note | None:
        return Note() if number == 1 else None

    note = guard.load(Note, 1, action="read", actor="ann")

    t.assert_type(note, Note)
    t.assert_type(load_note(2), Note | None)
    assert isinstance(note, Note)


def test_types_of_questions(guard: FlaskOso, oso: Oso) -> None:
    """What is asked about an actor is a ``bool``, a set, a list or a proof."""
    note = Note()

    t.assert_type(guard.can("read", note, actor="ann"), bool)
    t.assert_type(guard.permissions(note, actor="ann"), set[t.Any])
    t.assert_type(guard.filter("read", [note], actor="ann"), list[Note])
    t.assert_type(guard.why("read", note, actor="ann"), Proof)
    t.assert_type(guard.action_columns(Row, ["read"], actor="ann"), dict[t.Any, t.Any])
    guard.authorize("read", note, actor="ann")
    guard.authorize(note, action="read", actor="ann")
    guard.authorize_field("read", note, "owner", actor="ann")

    assert guard.filter("read", [note], actor="ann") == [note]


def test_types_of_statements(guard: FlaskOso) -> None:
    """A statement selects rows of the class that it is made for."""
    statement = guard.scope("read", Row, actor="ann")

    t.assert_type(statement, sa.Select[tuple[Row]])
    t.assert_type(statement.where(Row.id == 1), sa.Select[tuple[Row]])
    t.assert_type(guard.actors_query("read", Note(), Row), sa.Select[tuple[Row]])
    assert isinstance(statement, sa.Select)


def test_types_of_decorators_of_the_extension(guard: FlaskOso) -> None:
    """They give the functions that they are given."""

    @guard.lists("read", Row)
    def index(rows: sa.Select[tuple[Row]]) -> str:
        return str(rows)

    @guard.actor_loader
    def find_actor() -> str:
        return "ann"

    @guard.denial_handler
    def deny(error: werkzeug.exceptions.HTTPException) -> int:
        return error.code or 403

    @guard.denial_handler(flask.Blueprint("desk", "desk"))
    def deny_at_desk() -> str:
        return "no"

    def given() -> str:
        return t.assert_type(index(guard.scope("read", Row)), str)

    t.assert_type(find_actor(), str)
    t.assert_type(deny(werkzeug.exceptions.Forbidden()), int)
    t.assert_type(deny_at_desk(), str)
    assert callable(given)


def test_types_of_the_constructor(oso: Oso) -> None:
    """Every order that works is one that types allow."""
    made = [
        FlaskOso(),
        FlaskOso(make_app()),
        FlaskOso(oso),
        FlaskOso(oso, make_app()),
        FlaskOso(oso, app=make_app()),
        FlaskOso(app=make_app(), oso=oso),
        FlaskOso(policy=None, models=[Note], session=lambda: None),
    ]

    t.assert_type(made, list[FlaskOso])
    assert made[0].oso is None


def test_type_of_the_current_oso(guard: FlaskOso) -> None:
    """``current_oso`` is an ``Oso`` to those who use it."""
    t.assert_type(current_oso, Oso)
    t.assert_type(guard.oso, Oso | None)

    assert current_oso.is_allowed("ann", "read", Note())


def test_decorators_keep_the_type_of_a_view(guard: FlaskOso) -> None:
    """Whichever way they are written, the view takes and gives what it did."""

    def show(number: int) -> str:
        return f"note {number}"

    guarded = authorize("read", Note, load=False)(show)
    judged = authorize(resource="note")(show)
    bare = authorize(show)
    exempt, reasoned = skip_authorization(show), skip_authorization(reason="Public.")(show)
    declared, called = authorizes_inside(show), authorizes_inside()(show)

    def answers() -> list[str]:
        views = [guarded(1), judged(2), bare(3), reasoned(4), declared(5), called(number=6)]
        return t.assert_type(views, list[str])

    assert t.assert_type(exempt(1), str) == "note 1"
    assert guarded.__name__ == "show" != answers.__name__


def test_decision_that_is_denied_never_returns(guard: FlaskOso, oso: Oso) -> None:
    """``authorize`` gives nothing: it returns, or raises what says so in its class."""
    with pytest.raises(OsoError):
        oso.authorize("eve", "read", Note())
    with pytest.raises(werkzeug.exceptions.Forbidden):
        guard.authorize(Note(), actor="eve", action="read")
