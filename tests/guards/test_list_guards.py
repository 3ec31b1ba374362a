"""``@oso.lists``: which argument a view takes its rows in, and that it is the check of the view."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView

from flask_oso import FlaskOso, OsoError, authorize, skip_authorization
from flask_oso.guards import list_guards
from tests.support.models.notebook import POLICY, Note, User, db, make_notebook, open_as
from tests.support.sites import audit, run_command

OPEN_USERS = 'allow(_, "read", _: User);'


class Desk(t.NamedTuple):
    """An application with notes whose views must be guarded, and its FlaskOso."""

    app: Flask
    oso: FlaskOso

    def add(self, url: str, view: Callable[..., t.Any]) -> None:
        """Add a view, whose endpoint is 'view'."""
        self.app.add_url_rule(url, "view", view)

    def get(self, path: str, user: int | None = 1) -> t.Any:
        """Give the status, and the keys of the notes that are shown."""
        answer = open_as(self.app, user, path)
        return answer.json if answer.status_code == 200 else answer.status_code


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give an application without views."""
    path = tmp_path / "notes.polar"
    path.write_text(POLICY + OPEN_USERS)
    app = make_notebook(OSO_ENFORCE="strict")
    return Desk(app, FlaskOso(app, policy=path, models=db.Model))


def keys(notes: t.Any) -> list[int]:
    """Give the keys of the rows of a statement."""
    return sorted(note.id for note in db.session.scalars(notes))


# -- what the view is given ----------------------------------------------------------


def test_view_is_given_the_rows_of_its_visitor(desk: Desk) -> None:
    """The statement stands in the only argument."""
    desk.add("/notes/", desk.oso.lists("read", Note)(lambda notes: keys(notes)))

    assert [desk.get("/notes/", user) for user in (None, 1, 2)] == [[2], [1, 2], [2, 3]]


def test_argument_is_found_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the statement goes is found out for the first request, and no longer for others."""
    desk.add("/notes/", desk.oso.lists("read", Note)(lambda notes: keys(notes)))
    first = desk.get("/notes/")
    monkeypatch.delattr(list_guards, "parameters_of")
    monkeypatch.delattr(list_guards, "_parameters_of")

    assert [desk.get("/notes/"), desk.get("/notes/", 2)] == [first, [2, 3]]


def test_view_is_given_url_variables_as_well(desk: Desk) -> None:
    """What the route gives is not the argument of the list."""

    @desk.oso.lists("read", Note)
    def index(number: int, notes: t.Any, order: str = "up") -> list[int]:
        return [number, *keys(notes)]

    desk.add("/users/<int:number>/notes", index)

    assert desk.get("/users/7/notes") == [7, 1, 2]


def test_argument_is_named(desk: Desk) -> None:
    """``name`` may be an argument with a default."""

    @desk.oso.lists("read", Note, name="rows")
    def index(rows: t.Any = None, page: int = 1) -> list[int]:
        return keys(rows)

    desk.add("/notes/", index)

    assert desk.get("/notes/") == [1, 2]


@pytest.mark.parametrize("is_outside", [True, False])
def test_list_beside_an_object(desk: Desk, is_outside: bool) -> None:
    """The object of another guard is not taken for the list, wherever that stands."""

    def index(user: User, notes: t.Any) -> list[int]:
        return [user.id, *keys(notes)]

    lists, judges = desk.oso.lists("read", Note), authorize("read", User)
    desk.add("/users/<int:user_id>", lists(judges(index)) if is_outside else judges(lists(index)))

    assert desk.get("/users/2") == [2, 1, 2]


def test_two_lists_of_one_view(desk: Desk) -> None:
    """Two lists have names."""

    @desk.oso.lists("read", Note, name="readable")
    @desk.oso.lists("edit", Note, name="editable")
    def index(readable: t.Any, editable: t.Any) -> list[list[int]]:
        return [keys(readable), keys(editable)]

    desk.add("/notes/", index)

    assert desk.get("/notes/", 2) == [[2, 3], [3]]


def test_method_of_a_class(desk: Desk) -> None:
    """A method is a view, and its 'self' no list."""

    class Notes(MethodView):
        @desk.oso.lists("read", Note)
        def get(self, notes: t.Any) -> list[int]:
            return keys(notes)

    desk.add("/notes/", Notes.as_view("notes"))

    assert desk.get("/notes/") == [1, 2]


def test_decorators_of_a_class(desk: Desk) -> None:
    """A class is guarded as a whole, and by a mapping of methods to actions."""

    class Notes(MethodView):
        decorators: t.ClassVar[list[t.Any]] = [desk.oso.lists({"GET": "edit"}, Note)]

        def get(self, notes: t.Any) -> list[int]:
            return keys(notes)

    desk.add("/notes/", Notes.as_view("notes"))

    assert desk.get("/notes/", 2) == [3]


def test_coroutine_is_a_view(desk: Desk) -> None:
    """An ``async def`` function is given the rows, too."""

    @desk.oso.lists("read", Note)
    async def index(notes: t.Any) -> list[int]:
        return keys(notes)

    desk.add("/notes/", index)

    assert desk.get("/notes/") == [1, 2]


def test_rows_of_another_actor(desk: Desk) -> None:
    """``actor=None`` lists what everybody may see, whoever asks."""
    view = desk.oso.lists("read", Note, actor=None)(lambda notes: keys(notes))
    desk.add("/notes/", view)

    assert desk.get("/notes/", 1) == [2]


def test_view_of_a_blueprint(desk: Desk) -> None:
    """A guard of the blueprint comes on top."""
    shelf = Blueprint("shelf", "shelf")
    desk.oso.guard(shelf, "create", Note)
    shelf.add_url_rule("/shelf", "index", desk.oso.lists("read", Note)(lambda notes: keys(notes)))
    desk.app.register_blueprint(shelf)

    assert [desk.get("/shelf", user) for user in (None, 1)] == [401, [1, 2]]


def test_view_keeps_its_name(desk: Desk) -> None:
    """The name and the signature are those of the view."""

    def index(notes: t.Any) -> str:
        return "notes"

    guarded = desk.oso.lists("read", Note)(index)

    assert guarded.__name__ == "index"


# -- the guard of the view -----------------------------------------------------------


def test_list_is_a_guard_of_the_route(desk: Desk) -> None:
    """The audit takes the view for guarded, and a list of routes says with what."""
    desk.add("/notes/", desk.oso.lists("read", Note)(lambda notes: keys(notes)))

    row = audit(desk.app)["view"]
    shown = run_command(desk.app, "routes").output

    assert (row.status.value, row.is_gap) == ("guarded", False)
    assert [line.split()[1:8] for line in shown.splitlines() if line.startswith("view")] == [
        ["GET", "/notes/", "lists", "'read'", "Note", "as", "notes"]
    ]
    desk.oso.check_routes()


def test_list_above_the_route_is_misplaced(desk: Desk) -> None:
    """A decorator above ``@app.route`` guards nothing, and the app says so."""
    view = desk.app.get("/notes/")(lambda notes=(): "SECRET")
    desk.oso.lists("read", Note, name="notes")(view)

    with pytest.raises(OsoError, match="'@lists' does not guard the endpoint"):
        desk.oso.check_routes()


def test_misspelt_action_of_a_list_warns(desk: Desk) -> None:
    """A list that would always be empty is told of at the first request."""
    desk.add("/notes/", desk.oso.lists("raed", Note)(lambda notes: keys(notes)))

    with pytest.warns(UserWarning, match=r"The action 'raed' .* Did you mean 'read'\?"):
        assert desk.get("/notes/") == []


def test_list_of_another_flask_oso_is_refused(desk: Desk) -> None:
    """Another policy than that of the app would be asked."""
    view = FlaskOso().lists("read", Note)(lambda notes: "SECRET")
    desk.add("/notes/", view)

    assert desk.get("/notes/") == 500
    with pytest.raises(OsoError, match="is that of a FlaskOso that the app 'notebook' does not"):
        desk.oso.check_routes()


def test_view_that_makes_an_error_of_its_list(desk: Desk) -> None:
    """A list that cannot be made is 500, and nothing of the view leaves."""
    desk.app.extensions["oso"].oso.load_str(
        'allow(_, "read", note: Note) if note.text.swapcase() = "A";', replace=True
    )
    desk.add("/notes/", desk.oso.lists("read", Note)(lambda notes: "SECRET"))

    assert desk.get("/notes/") == 500


# -- mistakes ------------------------------------------------------------------------


def no_argument() -> None:
    """Take nothing."""


def only_defaults(notes: t.Any = None) -> None:
    """Take nothing that has to be given."""


class Index:
    """A class in the place of a view."""


@pytest.mark.parametrize(
    ("view", "name", "message"),
    [
        (no_argument, None, "does not take an argument without a default, in which '@lists' gives"),
        (only_defaults, None, "does not take an argument without a default, in which '@lists'"),
        (only_defaults, "rows", "does not take 'rows', in which '@lists' gives it the statement"),
        (Index, None, "'@lists' guards functions, not the class 'Index'."),
        ("index", None, "'@lists' was given 'str' in place of a view."),
        (only_defaults, "my notes", "'name' is the name of an argument, such as 'source'"),
    ],
)
def test_view_that_cannot_take_a_list(desk: Desk, view: t.Any, name: str, message: str) -> None:
    """It is refused where it is decorated."""
    with pytest.raises(OsoError) as caught:
        desk.oso.lists("read", Note, name=name)(view)

    assert message in str(caught.value)


def test_argument_that_cannot_be_told(desk: Desk) -> None:
    """Two arguments that nobody gives are a mistake of the route, before any request."""

    @desk.oso.lists("read", Note)
    def index(notes: t.Any, page: int) -> str:
        return "SECRET"

    desk.add("/notes/", index)

    assert desk.get("/notes/") == 500
    with pytest.raises(OsoError, match="It cannot be told in which argument the endpoint 'view'"):
        desk.oso.check_routes()


@pytest.mark.parametrize("actions", [{}, {"get": "read"}])
def test_mapping_that_is_none(desk: Desk, actions: dict[str, str]) -> None:
    """A mapping has HTTP methods as its keys."""
    with pytest.raises(OsoError, match="mapping of actions"):
        desk.oso.lists(actions, Note)


def test_method_that_the_mapping_does_not_have(desk: Desk) -> None:
    """It is refused, and never open."""
    desk.add("/notes/", desk.oso.lists({"POST": "read"}, Note)(lambda notes: "SECRET"))

    assert desk.get("/notes/") == 500


def test_exempt_view_with_a_list(desk: Desk) -> None:
    """An exemption changes nothing about the rows."""
    view = skip_authorization(desk.oso.lists("read", Note)(lambda notes: keys(notes)))
    desk.add("/notes/", view)

    assert desk.get("/notes/", None) == [2]
