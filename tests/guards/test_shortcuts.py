"""What is usual about a request takes a shortcut; whatever is not is noticed at each request."""

from __future__ import annotations

import functools
import logging
import threading
import typing as t

import pytest
from flask import Blueprint, Flask, abort, g, request
from flask.testing import FlaskClient
from werkzeug.local import LocalProxy

from flask_oso import FlaskOso, Oso, authorize
from flask_oso.enforcement.route_plans import RoutePlans
from flask_oso.guards.receivers import receiver_of
from flask_oso.signals import authorized
from tests.support.sites import make_app


class Note:
    """What a route names."""

    def __init__(self, owner: str) -> None:
        self.owner = owner


class Draft(Note):
    """A note of another class."""


class Later:
    """What has to be awaited."""

    def __await__(self) -> t.Any:
        return iter(())


POLICY = """
allow(user: String, "read", note: Note) if note.owner = user;
allow(user: String, "läs", note: Note) if note.owner = user;
"""


class Desk(t.NamedTuple):
    """An app that has answered a request of ann to her note."""

    app: Flask
    extension: FlaskOso
    client: FlaskClient

    def answer(self, note: str = "ann", user: str = "ann", path: str = "notes") -> tuple[int, str]:
        response = self.client.get(f"/{path}/{note}?user={user}")
        return response.status_code, response.text if response.status_code == 200 else ""


@pytest.fixture
def desk() -> Desk:
    """Give an app in which the shortcut of ``/notes/<note_id>`` is made."""
    app, oso = make_app("desk", static=None, OSO_ENFORCE="strict"), Oso()
    app.before_request(lambda: setattr(g, "current_user", request.args.get("user", "ann")))
    app.register_error_handler(ZeroDivisionError, lambda _: "SECRET")
    oso.register_class(Note)
    oso.load_str(POLICY)
    extension = FlaskOso(oso, app)
    extension.loader(Note)(Note)
    view = lambda note: f"{type(note).__name__} of {note.owner}"  # noqa: E731
    app.add_url_rule("/notes/<note_id>", "note", authorize("read", Note)(view))
    app.add_url_rule("/swedish/<note_id>", "swedish", authorize("läs", Note)(view))
    twice = authorize("read", Note, key="other_id", name="other")(lambda note, other: note.owner)

    async def later(note: Note) -> str:
        return note.owner

    app.add_url_rule("/later/<note_id>", "later", authorize("read", Note)(later))
    app.add_url_rule("/two/<note_id>/<other_id>", "two", authorize("read", Note)(twice))
    desk = Desk(app, extension, app.test_client())
    assert desk.answer() == (200, "Note of ann")
    return desk


def test_request_of_somebody_else_is_judged_anew(desk: Desk) -> None:
    """What was allowed to one is not allowed to the next, nor of another object."""
    assert desk.answer(user="eve") == (404, "")
    assert desk.answer(note="eve") == (404, "")
    assert desk.answer() == (200, "Note of ann")


def test_policy_that_was_replaced_is_asked(desk: Desk) -> None:
    """A policy that is loaded later decides from then on."""
    t.cast(Oso, desk.extension.oso).load_str("allow(_, _, _) if false;", replace=True)

    assert desk.answer() == (404, "")


def test_oso_that_was_replaced_is_asked(desk: Desk) -> None:
    """Another Oso that an app is given later decides from then on."""
    other = Oso()
    other.load_str("allow(_, _, _) if false;")

    with desk.app.app_context():
        desk.extension.set_oso(other)

    assert desk.answer() == (404, "")


def test_oso_with_another_answer_is_no_decision(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ``is_allowed`` that gives something else than true or false lets nobody in."""
    monkeypatch.setattr(desk.extension.oso, "is_allowed", lambda *_: 1)

    assert desk.answer() == (500, "")


class User:
    """An actor of a class of the program."""


@pytest.mark.parametrize("place", ["object", "constant", "blueprint"])
def test_answer_of_the_policy_is_true_itself_or_no_allow(place: str) -> None:
    """Whatever looks like true is no decision, where a question is asked without looking at it."""
    app, oso, rooms = make_app("desk", static=None), Oso(), Blueprint("rooms", "rooms")
    app.before_request(lambda: setattr(g, "current_user", User()))
    oso.register_class(Note)
    extension = FlaskOso(oso, app)
    extension.loader(Note)(Note)
    entered: list[int] = []
    ask = ("enter", "room")
    if place == "blueprint":
        extension.guard(rooms, *ask)
        guard = lambda view: view  # noqa: E731
    else:
        guard = authorize(*ask) if place == "constant" else authorize("read", Note)
    rooms.add_url_rule("/<note_id>", "room", guard(lambda **_: entered.append(1) or ""))
    app.register_blueprint(rooms)
    given: list[t.Any] = [True, 1, "True", None, False, True]
    answers = iter(given)
    oso.is_allowed = lambda *_: next(answers)  # type: ignore[method-assign]
    client = app.test_client()

    statuses = [client.get("/1").status_code for _ in given]

    denied = 404 if place == "object" else 403
    assert statuses == [200, 500, 500, 500, denied, 200]
    assert entered == [1, 1]


@pytest.mark.parametrize("place", ["decorators", "blueprint"])
def test_each_of_several_guards_judges_each_request(place: str) -> None:
    """What one of them found for a request, and what it was about, is nothing for the next."""
    app, oso, rooms = make_app("rooms", static=None), Oso(), Blueprint("rooms", "rooms")
    app.before_request(lambda: setattr(g, "current_user", "ann"))
    oso.register_class(Note)
    oso.load_str(POLICY)
    extension = FlaskOso(oso, app)
    extension.loader(Note)(Note)
    guard = authorize("read", Note, key="other_id", name="other")
    view = guard(lambda note, other: f"{note.owner} {other.owner}")
    if place == "blueprint":
        extension.guard(rooms, "read", Note)
    else:
        view = authorize("read", Note)(view)
    rooms.before_request(
        lambda: t.cast(t.Any, request.view_args).update(request.args.to_dict()) or None
    )
    rooms.add_url_rule("/<note_id>/<other_id>", "room", view)
    app.register_blueprint(rooms)
    client, paths = app.test_client(), ["ann/ann", "ann/eve", "eve/ann", "ann/ann", "ann/ann"]

    answers = [client.get(f"/{path}") for path in paths]
    changed = client.get("/ann/ann?note_id=eve")

    assert [each.status_code for each in answers] == [200, 404, 404, 200, 200]
    assert answers[-1].text == "ann ann"
    assert changed.status_code == (500 if place == "blueprint" else 404)


@pytest.mark.parametrize("given", [False, True])
def test_is_allowed_of_the_program_decides(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    """What a program puts in the place of ``is_allowed`` is asked."""
    monkeypatch.setattr(desk.extension.oso, "is_allowed", lambda *_: given)

    assert desk.answer(user="eve")[0] == {False: 404, True: 200}[given]


def test_receiver_that_connects_later_hears_of_decisions(desk: Desk) -> None:
    """A receiver need not be there when the shortcut is made."""
    heard: list[t.Any] = []
    with authorized.connected_to(lambda app, **facts: heard.append(facts["resource"].owner)):
        desk.answer()

    assert heard == ["ann"]


def test_receiver_that_raises_lets_nobody_in(desk: Desk) -> None:
    """What a receiver raises is raised in place of the answer."""

    def refuse(app: Flask, **facts: t.Any) -> None:
        abort(418)

    with authorized.connected_to(refuse):
        answer = desk.answer()

    assert answer == (418, "")


def test_log_that_is_switched_on_later_has_decisions(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """The decision log need not be on when the shortcut is made."""
    with caplog.at_level(logging.INFO, "flask_oso.decisions"):
        desk.answer()

    assert len(caplog.records) == 1


def test_loader_that_is_registered_later_finds_the_object(desk: Desk) -> None:
    """The last loader of a class counts, also after requests."""
    desk.extension.loader(Note)(lambda note_id: Draft(note_id))

    assert desk.answer() == (200, "Draft of ann")


@pytest.mark.parametrize("note", ["ann", "eve"])
def test_actor_function_that_is_set_later_finds_the_actor(desk: Desk, note: str) -> None:
    """The actor is found as the program says at the time of the request."""
    desk.extension.set_get_actor(lambda: "eve")

    assert desk.answer(note=note)[0] == {"ann": 404, "eve": 200}[note]


def test_users_who_contradict_each_other_are_nobody(desk: Desk) -> None:
    """Another user on ``g`` is noticed at each request."""
    desk.app.before_request_funcs[None].insert(0, lambda: setattr(g, "user", "eve"))

    assert desk.answer() == (500, "")


class Found(t.NamedTuple):
    """What a loader does at later requests, and what these are answered."""

    find: t.Callable[[str], t.Any]
    answer: tuple[int, str]


FOUND = {
    "nothing": Found(lambda _: None, (404, "")),
    "not found": Found(lambda _: abort(404), (404, "")),
    "another class": Found(Draft, (200, "Draft of ann")),
    "a proxy": Found(lambda name: LocalProxy(lambda: Note(name)), (200, "Note of ann")),
    "a proxy of nothing": Found(lambda _: LocalProxy(lambda: None), (404, "")),
    "a text": Found(lambda name: name, (404, "")),
    "refused": Found(lambda _: abort(410), (410, "")),
}


@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
@pytest.mark.parametrize("times", [1, 2])
def test_whatever_a_loader_finds_is_judged(found: Found, times: int, desk: Desk) -> None:
    """Nothing, a proxy and another class are what they are to a request without a shortcut."""
    notes = iter([Note("ann")])
    desk.extension.loader(Note)(lambda name: next(notes, None) or found.find(name))
    answers = [desk.answer() for _ in range(times + 1)]

    assert answers == [(200, "Note of ann"), *[found.answer] * times]


def test_loader_that_has_to_be_awaited_is_an_error(desk: Desk) -> None:
    """An awaitable is no object, whatever the loader gave before."""
    desk.extension.loader(Note)(lambda _: Later())

    assert desk.answer() == (500, "")


def test_error_of_a_loader_is_not_answered_as_a_success(desk: Desk) -> None:
    """An error handler of the program answers, and what it answers does not leave."""
    desk.extension.loader(Note)(lambda _: 1 // 0)

    assert desk.answer() == (500, "")


@pytest.mark.parametrize(("other", "status"), [("ann", 200), ("eve", 404)])
def test_guard_in_front_of_another_leaves_it_what_it_takes(
    desk: Desk, other: str, status: int
) -> None:
    """Of two guards each judges its own object, at the first request and at later ones."""
    answers = [desk.answer(note=f"ann/{other}", path="two")[0] for _ in range(3)]

    assert answers == [status] * 3


@pytest.mark.parametrize(("user", "status"), [("ann", 200), ("eve", 404)])
def test_action_in_another_alphabet_is_judged(desk: Desk, user: str, status: int) -> None:
    """An action need not be ASCII."""
    answers = [desk.answer(user=user, path="swedish")[0] for _ in range(2)]

    assert answers == [status] * 2


@pytest.mark.parametrize(("note", "status"), [("ann", 200), ("eve", 404)])
def test_view_that_is_called_by_another_is_guarded(desk: Desk, note: str, status: int) -> None:
    """A guard is passed by a call with another object than that of the route."""
    inner, other = desk.app.view_functions["note"], note

    @authorize("read", Note)
    def outer(note: Note) -> t.Any:
        return inner(note_id=other)

    desk.app.view_functions["swedish"] = outer

    assert desk.answer(path="swedish")[0] == status


def test_view_that_is_awaited_is_entered_by_whom_it_is_for(desk: Desk) -> None:
    """A view that is a coroutine function is behind the same guard at each request."""
    users = ("ann", "eve", "ann", "eve")

    answers = [desk.answer(user=user, path="later") for user in users]

    assert answers == [(200, "ann"), (404, "")] * 2


def test_guard_behind_that_of_a_blueprint_judges_each_request(desk: Desk) -> None:
    """What a blueprint's guard has found, the guard of the view judges for its own action."""
    rooms, users = Blueprint("rooms", "rooms"), ("ann", "eve", "bob")
    policy = f'{POLICY} allow("bob", "read", _: Note);'
    t.cast(Oso, desk.extension.oso).load_str(policy, replace=True)
    desk.extension.guard(rooms, "read", Note)
    edit = authorize("läs", Note)(lambda note: note.owner)
    rooms.add_url_rule("/rooms/<note_id>", "room", edit)
    app = make_app("rooms", static=None, OSO_ENFORCE="strict")
    app.before_request(lambda: setattr(g, "current_user", request.args.get("user")))
    desk.extension.init_app(app, desk.extension.oso)
    app.register_blueprint(rooms)
    client = app.test_client()

    answers = [client.get(f"/rooms/ann?user={user}").status_code for user in users * 3]

    assert answers == [200, 404, 403] * 3


@pytest.mark.parametrize("name", ["rooms", "rooms.inner"])
def test_functions_of_blueprints_that_come_later_are_called(desk: Desk, name: str) -> None:
    """The names of the blueprints of a route are known by then, and not their functions."""
    outer, inner, called = Blueprint("rooms", "rooms"), Blueprint("inner", "inner"), []
    desk.extension.guard(inner, "read", Note)
    inner.add_url_rule("/rooms/<note_id>", "room", lambda note: note.owner)
    outer.register_blueprint(inner)
    app = make_app("rooms", static=None, OSO_ENFORCE="strict")
    app.before_request(lambda: setattr(g, "current_user", "ann"))
    desk.extension.init_app(app, desk.extension.oso)
    app.register_blueprint(outer)
    client = app.test_client()
    client.get("/rooms/ann")
    app.before_request_funcs.setdefault(name, []).append(lambda: called.append(name))

    assert (client.get("/rooms/ann").text, called) == ("ann", [name])


def test_function_around_a_guard_of_a_blueprint_is_called(desk: Desk) -> None:
    """It looks like the guard itself, as ``functools.wraps`` has it, and does more."""
    rooms, called = Blueprint("rooms", "rooms"), []
    desk.extension.guard(rooms, "read", Note)
    rooms.add_url_rule("/rooms/<note_id>", "room", lambda note: note.owner)
    app = make_app("rooms", static=None, OSO_ENFORCE="strict")
    app.before_request(lambda: setattr(g, "current_user", "ann"))
    desk.extension.init_app(app, desk.extension.oso)
    app.register_blueprint(rooms)
    client = app.test_client()
    client.get("/rooms/ann")
    (check,) = app.before_request_funcs["rooms"]

    @functools.wraps(check)
    def around() -> t.Any:
        called.append(request.path)
        return check()

    app.before_request_funcs["rooms"] = [around]
    answers = [client.get(f"/rooms/{name}").status_code for name in ("ann", "eve")]

    assert (answers, called) == ([200, 404], ["/rooms/ann", "/rooms/eve"])


# -- guards of blueprints --------------------------------------------------------------


def rooms_of(desk: Desk, action: t.Any, resource: t.Any, path: str = "/<note_id>") -> Flask:
    """Give an app with a guarded blueprint that has answered a request of ann."""
    rooms, app = Blueprint("rooms", "rooms"), make_app("rooms", static=None, OSO_ENFORCE="strict")
    desk.extension.guard(rooms, action, resource)
    rooms.before_request(lambda: enter_by(app))
    rooms.add_url_rule(path, "room", lambda note=None, **more: f"{note and note.owner} {more}")
    app.before_request(lambda: setattr(g, "current_user", request.args.get("user", "ann")))
    desk.extension.init_app(app, desk.extension.oso)
    app.register_blueprint(rooms)
    assert app.test_client().get(path.replace("<note_id>", "ann")).status_code == 200
    return app


def enter_by(app: Flask) -> None:
    """Do what the test does behind the guard."""
    app.config.get("BEHIND", lambda: None)()


def test_way_of_a_blueprint_is_kept(desk: Desk) -> None:
    """Requests after the first take the shortcut, and each is judged."""
    app = rooms_of(desk, "read", Note)
    client = app.test_client()

    answers = [client.get(f"/{name}").status_code for name in ("ann", "eve", "ann")]

    plans = app.extensions["oso"].part(RoutePlans)
    ways = [way for plan in plans_of(plans) for way in plan.ways.values()]
    assert (answers, [way.passes is None for way in ways]) == ([200, 404, 200], [False])


@pytest.mark.parametrize("change", ["replaced", "loaded"])
def test_constant_behind_a_guard_of_a_blueprint_is_judged_each_time(
    desk: Desk, change: str
) -> None:
    """Another policy, and somebody else, are noticed."""
    app = rooms_of(desk, "read", Note("ann"), "/")
    before = app.test_client().get("/?user=eve").status_code
    oso = Oso()
    oso.load_str("allow(_, _, _) if false;")
    if change == "replaced":
        with app.app_context():
            desk.extension.set_oso(oso)
    else:
        t.cast(Oso, desk.extension.oso).load_str("allow(_, _, _) if false;", replace=True)

    assert (before, app.test_client().get("/").status_code) == (403, 403)


@pytest.mark.parametrize(
    ("behind", "text"),
    [
        (lambda given: given.update(page=7), "ann {'note_id': 'ann', 'page': 7}"),
        (lambda given: given.update(note_id=Same("ann")), "ann {'note_id': 'ann'}"),
        (lambda given: given.update(note_id="eve"), None),
    ],
    ids=["added", "equal", "another"],
)
def test_arguments_that_change_behind_a_guard(
    desk: Desk, behind: t.Callable[[t.Any], None], text: str | None
) -> None:
    """The view gets what was judged, and what others add; another identity is an error."""
    app = rooms_of(desk, "read", Note)
    app.config["BEHIND"] = lambda: behind(request.view_args)

    answer = app.test_client().get("/ann")

    assert (answer.status_code, answer.text if text else None) == (200 if text else 500, text)


class Same(str):
    """A text that is another object, and equal."""

    __slots__ = ()


def test_method_that_changes_behind_a_guard_of_a_blueprint(desk: Desk) -> None:
    """A request enters the route and the method that were judged, or none."""
    app = rooms_of(desk, "read", Note)
    app.config["BEHIND"] = lambda: setattr(request, "method", "HEAD")

    assert app.test_client().get("/ann").status_code == 500


def test_first_requests_have_one_receiver(desk: Desk) -> None:
    """What is given to the view in one request is taken by the receiver that the others made."""
    app, started = rooms_of(desk, "read", Note), threading.Barrier(4)
    app.view_functions["rooms.room"] = lambda **_: ""
    made: list[object] = []

    def make() -> None:
        started.wait()
        made.append(receiver_of(app, "rooms.room"))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert {*map(id, made)} == {id(app.view_functions["rooms.room"])}


def test_several_guards_of_a_view_have_links(desk: Desk) -> None:
    """Each judges its object in each request, and what one found is forgotten with the request."""
    pairs = ("ann/ann", "ann/eve", "eve/ann", "ann/ann")

    answers = [desk.answer(note=pair, path="two") for pair in pairs]

    plans = plans_of(desk.app.extensions["oso"].part(RoutePlans))
    links = [each.link is None for plan in plans for each in plan.passages.values()]
    assert answers == [(200, "ann"), (404, ""), (404, ""), (200, "ann")]
    assert links == [False, False]


def test_link_leaves_what_is_unusual(desk: Desk) -> None:
    """Another function that finds the objects, and one that has to be awaited, are noticed."""
    before = desk.answer(note="ann/ann", path="two")

    async def find(owner: str) -> Note:
        return Note(owner.upper())

    desk.extension.loader(Note)(find)

    assert (before, desk.answer(note="ann/ann", path="two")) == ((200, "ann"), (404, ""))
    assert desk.answer(note="ann/ann", user="ANN", path="two") == (200, "ANN")


# -- actions by method -----------------------------------------------------------------


@pytest.mark.parametrize("is_of_blueprint", [False, True], ids=["view", "blueprint"])
def test_actions_by_method_take_the_shortcut(desk: Desk, is_of_blueprint: bool) -> None:
    """One that the program changes all the same is noticed."""
    actions = {"GET": "read"}
    if is_of_blueprint:
        app = rooms_of(desk, actions, Note)
    else:
        app = make_app("rooms", static=None, OSO_ENFORCE="strict")
        app.before_request(lambda: setattr(g, "current_user", "ann"))
        desk.extension.init_app(app, desk.extension.oso)
        show = authorize(actions, Note)(lambda note: note.owner)
        app.add_url_rule("/<note_id>", "rooms", show)
    client = app.test_client()
    before = [client.get(f"/{name}").status_code for name in ("ann", "eve", "ann")]

    actions["GET"] = "burn"

    plans = app.extensions["oso"].part(RoutePlans)
    shortcuts = [each for plan in plans_of(plans) for each in plan.shortcuts.values()]
    shortcuts += [way.passes for plan in plans_of(plans) for way in plan.ways.values()]
    assert (before, client.get("/ann").status_code) == ([200, 404, 200], 403)
    assert [each is None for each in shortcuts] == [False]


def plans_of(plans: RoutePlans) -> list[t.Any]:
    """Give the plans of an app."""
    return [plan for by_method in plans.known.values() for plan in by_method.values()]


def open_note(view: t.Callable[..., str]) -> None:
    """Ask for a note whose view is guarded."""
    app, oso = make_app("desk", static=None), Oso()
    app.testing = True
    oso.register_class(Note)
    oso.load_str('allow(_, "read", _: Note);')
    extension = FlaskOso(oso, app)
    extension.set_get_actor(lambda: "ann")
    extension.loader(Note)(Note)
    app.add_url_rule("/notes/<note_id>", "note", authorize("read", Note)(view))
    app.test_client().get("/notes/ann")


def test_view_without_the_argument_of_the_object() -> None:
    """The error of Python has a note that tells how the argument is called."""
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'n'") as caught:
        open_note(lambda n: str(n))

    assert caught.value.__notes__ == [
        "The guard gives the object of 'Note' in the argument 'note'. Call the argument of the view"
        " so, or give the guard another name: 'name=…'."
    ]


def test_type_error_of_a_view_is_left_as_it_is() -> None:
    """What the view itself calls in a wrong way is not about the guard."""
    with pytest.raises(TypeError) as caught:
        open_note(lambda note: str(int(note)))

    assert not hasattr(caught.value, "__notes__")
