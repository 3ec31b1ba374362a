"""What is constant for a route is made once, and anew when the app enters something else."""

from __future__ import annotations

import os
import sys
import types
import typing as t

import pytest
from flask import Blueprint, Flask, g, request, request_started, request_tearing_down
from flask.views import MethodView
from werkzeug.routing import Rule

import flask_oso
from flask_oso import FlaskOso, Oso, authorize, authorizes_inside, skip_authorization
from flask_oso.enforcement.route_plans import RoutePlan, RoutePlans
from tests.support.sites import Site, make_app, make_oso, make_site

PACKAGE = os.path.join(os.path.dirname(flask_oso.__file__), "")
MOST_CALLS = 20
MOST_MODULES = 8


class Note:
    """What a route names."""

    def __init__(self, owner: str) -> None:
        self.owner = owner


class Draft(Note):
    """What another route names."""


POLICY = """
allow(user: String, "read", note: Note) if note.owner = user;
allow(user: String, "edit", note: Note) if note.owner = user and user = "ann";
"""


@pytest.fixture
def desk() -> Flask:
    """An app that requires authorization, and finds notes and drafts by their owners."""
    app, oso = make_app("desk", static=None), Oso()
    app.config["OSO_ENFORCE"] = "strict"
    app.config["PLACE"] = "current_user"
    app.before_request(lambda: setattr(g, app.config["PLACE"], request.args.get("user", "ann")))
    for cls in (Note, Draft):
        oso.register_class(cls)
    oso.load_str(POLICY)
    extension = FlaskOso(oso, app)
    extension.loader(Note)(lambda note_id: Note(note_id))
    extension.loader(Draft)(lambda draft_id: Draft(draft_id))
    return app


def call_of(frame: types.FrameType) -> str:
    return os.path.relpath(frame.f_code.co_filename, PACKAGE)


def calls_of(function: t.Callable[[], object]) -> list[str]:
    """Give the module of each call of a function of this package, and of a compiled policy."""
    calls: list[str] = []

    def note(frame: types.FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        is_ours = name.startswith(PACKAGE) or name in ("<question>", "<policy>")
        if event == "call" and is_ours:
            calls.append(call_of(frame))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("place", ["current_user", "user"])
def test_allowed_request_makes_few_calls_through_few_modules(
    desk: Flask, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Between the server and the view there is little of this package that runs."""
    desk.config["PLACE"] = place
    # Other tests import what an app without a login library does not have.
    for name in (
        *("flask_httpauth", "flask_login", "flask_jwt_extended", "flask_oso.testing"),
        *("opentelemetry", "opentelemetry.trace"),
    ):
        monkeypatch.delitem(sys.modules, name, raising=False)
    desk.add_url_rule("/notes/<note_id>", "note", authorize("read", Note)(lambda note: note.owner))
    client = desk.test_client()
    # The function for what is asked often is written by one of the first decisions.
    warm = [client.get("/notes/ann").text for _ in range(40)]

    # Sessions of other tests hear of requests, too.
    with request_started.muted(), request_tearing_down.muted():
        calls = calls_of(lambda: client.get("/notes/ann"))

    modules = {name for name in calls if not name.endswith(">")}
    assert {*warm} == {"ann"}
    assert len(calls) < MOST_CALLS, calls
    assert len(modules) <= MOST_MODULES, sorted(modules)


def plans_of(plans: RoutePlans) -> list[RoutePlan]:
    """Give all plans that an app has made."""
    return [plan for by_method in plans.known.values() for plan in by_method.values()]


def test_plan_is_made_once(desk: Flask) -> None:
    """A request after the first finds the plan of its route and its method."""
    desk.add_url_rule("/notes/<note_id>", "note", authorize("read", Note)(lambda note: note.owner))
    client, plans = desk.test_client(), desk.extensions["oso"].part(RoutePlans)
    client.get("/notes/ann")
    before = plans_of(plans)

    client.get("/notes/eve?user=eve")

    assert len(before) == 1
    assert plans_of(plans) == before


def test_plan_keeps_the_shortcut_of_the_view_that_was_entered(desk: Flask) -> None:
    """The first request makes it, even one that is denied."""
    desk.add_url_rule("/notes/<note_id>", "note", authorize("read", Note)(lambda note: note.owner))
    desk.test_client().get("/notes/eve")

    plans = plans_of(desk.extensions["oso"].part(RoutePlans))

    assert [[each is None for each in plan.shortcuts.values()] for plan in plans] == [[False]]


def test_plan_keeps_the_shortcut_of_a_method(desk: Flask) -> None:
    """The object of a class-based view, by position, is in nobody's way."""

    class Page(MethodView):
        init_every_request = False

        @authorize("read", Note)
        def get(self, note: Note, **rest: t.Any) -> str:
            return f"{note.owner} {rest}"

    desk.add_url_rule("/notes/<note_id>", view_func=Page.as_view("page"))
    client = desk.test_client()

    answers = [client.get(path).status_code for path in ("/notes/ann", "/notes/eve")]
    text = client.get("/notes/ann").text

    plans = plans_of(desk.extensions["oso"].part(RoutePlans))
    assert (answers, text) == ([200, 404], "ann {'note_id': 'ann'}")
    assert [[each is None for each in plan.shortcuts.values()] for plan in plans] == [[False]]


def test_argument_by_position_that_names_the_object_has_no_shortcut(desk: Flask) -> None:
    """Another object may be meant than the one that the route names."""
    show = authorize("read", Note)(lambda note_id, note=None: note.owner)
    desk.add_url_rule("/notes/<note_id>", "note", authorizes_inside(lambda note_id: show("eve")))
    client = desk.test_client()

    answers = [client.get(f"/notes/ann?user={user}").status_code for user in ("ann", "eve") * 2]

    assert answers == [404, 200] * 2


@pytest.mark.parametrize("owner", ["ann", "eve"])
def test_view_that_took_the_place_of_another_is_guarded_by_its_own_decorator(
    desk: Flask, owner: str
) -> None:
    """The one that is asked is the one that is entered."""
    desk.add_url_rule("/notes/<note_id>", "note", authorize("read", Note)(lambda note: note.owner))
    client = desk.test_client()
    before = client.get(f"/notes/{owner}?user={owner}").status_code
    desk.view_functions["note"] = authorize("edit", Note)(lambda note: note.owner)

    after = client.get(f"/notes/{owner}?user={owner}").status_code

    assert (before, after) == (200, {"ann": 200, "eve": 403}[owner])


def test_view_that_took_the_place_of_another_is_given_what_it_takes(desk: Flask) -> None:
    """A view that replaced another is given what its own parameters take."""
    guard = authorize("read", Note)
    desk.add_url_rule("/notes/<note_id>", "note", guard(lambda note: f"note of {note.owner}"))
    client = desk.test_client()
    before = client.get("/notes/ann").text
    desk.view_functions["note"] = guard(lambda note_id: f"id {note_id}")

    assert (before, client.get("/notes/ann").text) == ("note of ann", "id ann")


def test_method_that_its_class_got_later_is_refused(desk: Flask) -> None:
    """The class of a view may change, and a plan does not go on as if it had not."""

    class Page(MethodView):
        @authorize("read", Note)
        def get(self, note: Note) -> str:
            return note.owner

    desk.add_url_rule("/notes/<note_id>", view_func=Page.as_view("page"))
    client = desk.test_client()
    before = client.get("/notes/ann").status_code
    Page.get = lambda self, note_id: "SECRET"  # type: ignore[method-assign, assignment]

    assert (before, client.get("/notes/ann").status_code) == (200, 500)


def test_method_that_its_class_got_later_is_asked_by_its_own_guard(desk: Flask) -> None:
    """A guard that takes the place of another one counts from the next request on."""

    class Page(MethodView):
        @authorize("read", Note)
        def get(self, note: Note) -> str:
            return note.owner

    desk.add_url_rule("/notes/<note_id>", view_func=Page.as_view("page"))
    client = desk.test_client()
    before = client.get("/notes/eve?user=eve").status_code
    Page.get = authorize("edit", Note)(lambda self, note: note.owner)  # type: ignore[method-assign]

    assert (before, client.get("/notes/eve?user=eve").status_code) == (200, 403)


def test_rules_of_one_endpoint_have_plans_of_their_own(desk: Flask) -> None:
    """Each names an object by its own variable."""
    view = authorize("read", Note, key="note_id")(lambda note, **rest: f"{note.owner} {rest}")
    desk.add_url_rule("/notes/<note_id>", "note", view)
    desk.add_url_rule("/shelves/<shelf>/notes/<note_id>", "note", view)
    client = desk.test_client()

    answers = [client.get(path).text for path in ("/notes/ann", "/shelves/a/notes/ann") * 2]

    assert answers == ["ann {'note_id': 'ann'}", "ann {'shelf': 'a', 'note_id': 'ann'}"] * 2


def test_rule_that_was_added_later_is_met_by_a_plan_of_its_own(desk: Flask) -> None:
    """What was found of other rules of the endpoint says nothing of it."""
    desk.add_url_rule("/notes/<note_id>", "note", authorize("read", Note)(lambda note: note.owner))
    client = desk.test_client()
    before = client.get("/notes/ann").status_code
    desk.url_map.add(Rule("/late/<other>", endpoint="note", methods=["GET"]))

    assert (before, client.get("/late/ann").status_code) == (200, 500)


def make_changing_site() -> tuple[Site, dict[str, t.Any]]:
    """Make a site with an open view, and one of a blueprint with a guard; with their rules."""
    site, blueprint = make_site(), Blueprint("b", __name__)
    site.guard.guard(blueprint, "read", "page")
    blueprint.add_url_rule("/secret", "secret", site.enter)
    site.app.add_url_rule("/open", "open", skip_authorization(lambda: site.enter("open")))
    site.app.register_blueprint(blueprint)
    return site, {rule.endpoint: rule for rule in site.app.url_map.iter_rules()}


def test_rule_that_leads_to_an_open_view_later_enters_no_other() -> None:
    """The view that it led to before has a guard, which nobody asks for the other one."""
    site, rules = make_changing_site()
    before = site.open("/secret", "ann").text
    rules["b.secret"].endpoint = "open"

    assert (before, site.open("/secret", "eve").text) == ("SECRET", "open")


def test_rule_that_leads_to_a_guarded_view_later_has_its_guard_asked() -> None:
    """It led to an open view before."""
    site, rules = make_changing_site()
    before = site.open("/open", "eve").text
    rules["open"].endpoint = "b.secret"
    answers = [site.open("/open", user).status_code for user in ("eve", "ann")]

    assert (before, answers) == ("open", [403, 200])


class OwnDispatch(Flask):
    """Enters views in a method of its own, as Flask does."""

    def dispatch_request(self) -> t.Any:
        return super().dispatch_request()


class OwnCalls(Flask):
    """Has a way of its own to call functions."""

    def ensure_sync(self, func: t.Any) -> t.Any:
        return func


class OwnWay(Flask):
    """Enters views in a way of its own."""

    def full_dispatch_request(self) -> t.Any:
        self.preprocess_request()
        view: t.Any = self.view_functions[t.cast(str, request.endpoint)]
        answer = view(**request.view_args or {})
        return self.finalize_request(answer)


@pytest.mark.parametrize("kind", [Flask, OwnDispatch, OwnCalls, OwnWay])
def test_rule_that_a_hook_leads_to_a_guarded_view_enters_none_unasked(kind: type[Flask]) -> None:
    """What is entered is what was judged, or it is judged then."""
    app, entered = kind("site"), list[str]()
    guard = FlaskOso(make_oso('allow("ann", "read", "page");'), app)
    guard.set_get_actor(lambda: "eve")
    blueprint = Blueprint("b", __name__)
    guard.guard(blueprint, "read", "page")
    blueprint.add_url_rule("/secret", "secret", lambda: entered.append("secret") or "SECRET")
    app.add_url_rule("/open", "open", skip_authorization(lambda: "open"))
    app.register_blueprint(blueprint)
    rule = next(each for each in app.url_map.iter_rules() if each.endpoint == "open")
    app.before_request(lambda: setattr(rule, "endpoint", "b.secret"))

    app.test_client().get("/open")

    assert entered == []


@pytest.mark.parametrize("hook", [False, True], ids=["between-requests", "in-a-hook"])
def test_view_that_answers_options_later_has_its_guard_asked(hook: bool) -> None:
    """While Flask answered for it, nothing was asked."""
    site, rules = make_changing_site()
    rule = rules["b.secret"]

    def answer_itself() -> None:
        rule.provide_automatic_options = not request.args["user"]

    if hook:
        site.app.before_request(answer_itself)
    before = site.open("/secret", "", method="OPTIONS").text
    rule.provide_automatic_options = hook
    answers = [site.open("/secret", user, method="OPTIONS").status_code for user in ("eve", "ann")]

    assert (before, answers, site.entered) == ("", [403, 200], ["/secret"])


def test_one_view_in_two_apps_is_planned_by_each(desk: Flask) -> None:
    """A view of two apps is judged by the policy and the plan of each."""
    other = make_app("other", static=None)
    oso = make_oso('allow(_, "read", note: Note) if note.owner = "eve";', Note)
    FlaskOso(oso, other).loader(Note)(lambda note_id: Note(note_id))
    view = authorize("read", Note, actor="ann")(lambda note: note.owner)
    desk.add_url_rule("/notes/<note_id>", "note", view)
    other.add_url_rule("/notes/<note_id>", "note", view)

    answers = [app.test_client().get("/notes/ann").status_code for app in (desk, other) * 2]

    assert answers == [200, 404, 200, 404]


def test_open_view_that_took_the_place_of_a_guarded_one_needs_a_decorator(desk: Flask) -> None:
    """An open view that replaced a guarded one is found by a new audit, and is not served."""
    desk.add_url_rule("/", "page", skip_authorization(lambda: "page"))
    client = desk.test_client()
    before = client.get("/").status_code
    desk.view_functions["page"] = lambda: "SECRET"

    assert (before, client.get("/").status_code) == (200, 500)


def test_hook_that_leads_to_another_route_has_that_one_judged(desk: Flask) -> None:
    """The variables of the route that is entered name the object."""
    drafts = authorize("read", Draft)(lambda draft: f"draft of {draft.owner}")
    desk.add_url_rule("/notes/<note_id>", "note", authorize("read", Note)(lambda note: note.owner))
    desk.add_url_rule("/drafts/<draft_id>", "draft", drafts)

    @desk.before_request
    def lead() -> None:
        request.url_rule = next(desk.url_map.iter_rules("draft"))
        request.view_args = {"draft_id": "ann"}

    client = desk.test_client()

    assert [client.get("/notes/eve").text for _ in range(2)] == ["draft of ann"] * 2


class Desk(MethodView):
    """A class of views: everybody may send a note."""

    @skip_authorization(reason="a test")
    def post(self) -> str:
        """Take a note."""
        return "sent"


ENTRANCE = 'allow("ann", "enter", "desk");'
TO_DELETE = {"method": "DELETE"}


def override_method() -> None:
    """Take the method from a form."""
    request.method = request.form.get("method", request.method)


@pytest.mark.parametrize("enforced", ["off", "strict"])
def test_hook_that_changes_the_method_has_its_guard_asked(enforced: str) -> None:
    """Another method of a class has its own guard, which was declared apart."""
    site = make_site(ENTRANCE, OSO_ENFORCE=enforced)
    tear: t.Any = type("Tear", (Desk,), {"delete": lambda _: "SECRET"})
    site.guard.guard(tear.delete, "enter", "desk")
    site.app.add_url_rule("/", view_func=tear.as_view("desk"))
    site.app.before_request(override_method)

    answers = [site.open("/", user, method="POST", data=TO_DELETE) for user in ("eve", "ann")]

    assert [each.status_code for each in answers] == [403, 200]
    assert site.open("/", "eve", method="POST").text == "sent"


def test_hook_that_changes_the_method_to_one_without_a_guard() -> None:
    """A view that is not guarded is not entered, however a request comes to it."""
    site = make_site(ENTRANCE, OSO_ENFORCE="forbid")
    tear: t.Any = type("Tear", (Desk,), {"delete": lambda _: site.enter()})
    site.app.add_url_rule("/", view_func=tear.as_view("desk"))
    site.app.before_request(override_method)

    answer = site.open("/", "ann", method="POST", data=TO_DELETE)

    assert (answer.status_code, site.entered) == (403, [])


def test_hook_of_a_blueprint_that_changes_what_was_judged_is_refused(desk: Flask) -> None:
    """The guard of a blueprint has judged one action, and another one would be done."""
    extension, rooms = desk.extensions["oso"].extension, Blueprint("rooms", "rooms")
    entered: list[str] = []
    extension.guard(rooms, {"POST": "read", "DELETE": "edit"}, Note)
    rooms.before_request(override_method)
    rooms.add_url_rule(
        "/<note_id>", "note", lambda **_: entered.append("note") or "", methods=["POST", "DELETE"]
    )
    desk.register_blueprint(rooms)
    client = desk.test_client()

    answers = [client.post("/eve?user=eve", data=each) for each in ({}, TO_DELETE)]

    assert [each.status_code for each in answers] == [200, 500]
    assert entered == ["note"]


def test_hook_that_leads_a_request_elsewhere_only_while_it_is_judged_is_refused(
    desk: Flask,
) -> None:
    """The route of a request is that of its plan again, and the guard has judged another one."""
    extension, rooms = desk.extensions["oso"].extension, Blueprint("rooms", "rooms")
    extension.guard(rooms, {"POST": "read", "DELETE": "edit"}, Note)
    desk.before_request(override_method)
    rooms.before_request(lambda: setattr(request, "method", "DELETE"))
    rooms.add_url_rule("/<note_id>", "note", lambda **_: "", methods=["POST", "DELETE"])
    desk.register_blueprint(rooms)
    client = desk.test_client()

    answers = [client.delete("/ann", data={"method": each}) for each in ("DELETE", "POST")]

    assert [each.status_code for each in answers] == [200, 500]


def test_view_is_given_the_arguments_that_were_there_when_it_was_called(desk: Flask) -> None:
    """Who finds an object may change those of the request, as in a call by Flask."""

    def find(note_id: str) -> Note:
        t.cast(dict[str, t.Any], request.view_args)["page"] = "other"
        return Note(note_id)

    desk.extensions["oso"].extension.loader(Note)(find)
    view = authorize("read", Note)(lambda note, page: f"{note.owner} {page}")
    desk.add_url_rule("/notes/<note_id>/<page>", "note", view)
    client = desk.test_client()

    assert [client.get("/notes/ann/first").text for _ in range(3)] == ["ann first"] * 3


def test_guards_of_one_view_are_all_asked(desk: Flask) -> None:
    """A view behind several guards is entered if each of them lets the request in."""
    view = authorize("edit", Note)(lambda note: note.owner)
    view = skip_authorization(authorize(action="read", resource=Note("ann"))(view))
    desk.add_url_rule("/notes/<note_id>", "note", view)
    client = desk.test_client()

    found = [client.get(f"/notes/{user}?user={user}").status_code for user in ("ann", "eve") * 2]

    assert found == [200, 403] * 2


@pytest.mark.parametrize("name", ["get", "dispatch_request", "view_class"])
def test_class_that_was_changed_is_looked_at_again(desk: Flask, name: str) -> None:
    """What a request would enter in place of what was planned is not guarded."""
    entered: list[str] = []

    class Page(MethodView):
        @authorize(action="read", resource=Note("ann"))
        def get(self) -> str:
            return "guarded"

    def answer(_: object) -> str:
        entered.append(name)
        return "SECRET"

    view: t.Any = Page.as_view("page")
    desk.add_url_rule("/", view_func=view)
    client = desk.test_client()
    before = [client.get("/").text for _ in range(2)]
    [plan] = plans_of(desk.extensions["oso"].part(RoutePlans))
    if name == "view_class":
        view.view_class = type("Other", (MethodView,), {"get": answer})
    else:
        setattr(Page, name, answer)

    assert before == ["guarded"] * 2
    assert client.get("/").status_code == 500
    # What dispatches to a guarded method is entered, and its answer is withheld.
    assert entered == [name] * (name == "dispatch_request")
    assert plans_of(desk.extensions["oso"].part(RoutePlans)) != [plan]


def test_class_that_got_a_method_for_headers_is_looked_at_again(desk: Flask) -> None:
    """A request for the headers was answered by another function of it."""
    entered: list[str] = []

    class Page(MethodView):
        @authorize(action="read", resource=Note("ann"))
        def get(self) -> str:
            return "guarded"

    desk.add_url_rule("/", view_func=Page.as_view("page"))
    client = desk.test_client()
    before = [client.head("/").status_code for _ in range(2)]
    Page.head = lambda _: entered.append("head") or ""  # type: ignore[attr-defined]

    assert before == [200] * 2
    assert (client.head("/").status_code, entered) == (500, [])
