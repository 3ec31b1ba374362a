"""The program that who knows Flask-Login and Flask-SQLAlchemy would write by guessing works."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from flask import Flask
from flask_login import LoginManager  # type: ignore[import-untyped]

from flask_oso import FlaskOso, authorize, authorizes_inside
from tests.support.models.notebook import POLICY, Note, add_rows, db, find_user, open_as
from tests.support.sites import audit, make_app

PROGRAM = """
oso = FlaskOso(models=db.Model)

def create_app():
    app = Flask(__name__)
    app.config["OSO_POLICIES"] = "policies/*.polar"
    db.init_app(app); login.init_app(app); oso.init_app(app)
    return app

app = create_app()

@app.get("/notes/")
@oso.lists("read", Note)
def index(notes):
    return [note.id for note in db.session.scalars(notes)]

@app.post("/notes/<int:note_id>")
@authorize("edit", Note)
def edit(note):
    oso.authorize("edit", note)
    return [oso.can("edit", note), sorted(oso.permissions(note)), bool(oso.why("edit", note))]

@app.get("/inside/")
@authorizes_inside
def inside():
    return [note.id for note in db.session.scalars(oso.scope("read", Note))]
"""


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Give the application of the program, with notes."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "notes.polar").write_text(POLICY)
    login = LoginManager()
    login.user_loader(find_user)

    def make(name: str) -> Flask:
        return make_app(
            name,
            folder=tmp_path,
            SECRET_KEY="sample",
            SQLALCHEMY_DATABASE_URI="sqlite://",
            OSO_ENFORCE="strict",
        )

    names: dict[str, t.Any] = {
        "Flask": make,
        "Note": Note,
        "db": db,
        "login": login,
        "__name__": "sample",
    }
    names |= {"FlaskOso": FlaskOso, "authorize": authorize, "authorizes_inside": authorizes_inside}
    exec(compile(PROGRAM, "sample", "exec", dont_inherit=True), names)
    made = t.cast(Flask, names["app"])
    add_rows(made)
    return made


@pytest.mark.parametrize("path", ["/notes/", "/inside/"])
@pytest.mark.parametrize(("user", "notes"), [(None, [2]), (1, [1, 2]), (2, [2, 3])])
def test_list_is_that_of_the_visitor(
    app: Flask, path: str, user: int | None, notes: list[int]
) -> None:
    """The statement selects what the policy allows."""
    assert open_as(app, user, path).json == notes


@pytest.mark.parametrize(
    ("user", "statuses"), [(None, [401, 401, 401]), (1, [200, 200, 404]), (2, [404, 403, 404])]
)
def test_object_is_that_of_the_route(app: Flask, user: int | None, statuses: list[int]) -> None:
    """A note that is hidden, one that may be read, and one that is missing."""
    answers = [open_as(app, user, f"/notes/{key}", "POST").status_code for key in (1, 2, 9)]

    assert answers == statuses


def test_answers_in_a_view(app: Flask) -> None:
    """The object answers for the one who is logged in."""
    assert open_as(app, 1, "/notes/1", "POST").json == [True, ["edit", "read"], True]


def test_no_route_is_open(app: Flask) -> None:
    """Every view of the program is guarded."""
    assert [name for name, row in audit(app).items() if row.is_gap] == []
