"""The functions around a view are called as Flask calls them, and none gets past the gates."""

from __future__ import annotations

import contextlib
import functools
import gc
import typing as t
import weakref

import flask
import pytest
from flask import Blueprint, Flask, Request, request
from flask.views import MethodView
from werkzeug.exceptions import Forbidden, Gone
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_oso import FlaskOso, Oso, OsoError, authorize, authorizes_inside, skip_authorization
from tests.support.sites import POLICY, make_app, make_site


@pytest.fixture
def strict() -> t.Any:
    """Give a site that requires authorization of all views, and has answered a request."""
    site = make_site(OSO_ENFORCE="strict")
    site.app.add_url_rule("/", "view", authorize(action="read", resource="page")(site.enter))
    site.app.add_url_rule("/public", "public", skip_authorization(lambda: "public"))
    site.app.add_url_rule("/inside", "inside", authorizes_inside(lambda: "SECRET"))
    assert site.open("/", "ann").status_code == 200
    return site


class Noting:
    """An object that is called before a request, and notes that."""

    def __init__(self, calls: list[str]) -> None:
        self._calls = calls

    def __call__(self) -> None:
        self._calls.append("object")


def prepare(app: Flask, calls: list[str]) -> Flask:
    """Give an app functions of all kinds around a view in two blueprints."""
    outer, inner = Blueprint("outer", "outer"), Blueprint("inner", "inner")

    async def wait() -> None:
        calls.append("coroutine function")

    app.before_request(lambda: calls.append("app"))
    app.before_request(functools.partial(calls.append, "partial"))
    app.before_request(Noting(calls))
    app.before_request(wait)
    app.url_value_preprocessor(lambda endpoint, values: calls.append(f"values {endpoint}"))
    for name, blueprint in {"outer": outer, "inner": inner}.items():
        blueprint.before_request(functools.partial(calls.append, name))
        blueprint.url_value_preprocessor(
            lambda endpoint, values, name=name: calls.append(f"values {name} {values}")
        )
    inner.add_url_rule("/<int:number>", "view", lambda number: calls.append("view") or "entered")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.add_url_rule("/", "alone", lambda: calls.append("view") or "entered")
    return app


@pytest.mark.parametrize("path", ["/", "/7", "/missing"])
def test_functions_are_called_in_the_order_of_flask(path: str) -> None:
    """Those of the app come first, then those of blueprints, from the outer one on."""
    expected: list[str] = []
    prepare(make_app("bare", static=None), expected).test_client().get(path)
    calls: list[str] = []
    app = prepare(make_app("guarded", static=None), calls)
    FlaskOso(Oso(), app)

    for _ in range(2):
        calls.clear()
        app.test_client().get(path)

    assert expected
    assert calls == expected


class OwnCalls(Flask):
    """An app that has a way of its own to call functions."""

    called: t.ClassVar[list[str]] = []

    def ensure_sync(self, func: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        """Note which function is called."""
        self.called.append(getattr(func, "__name__", ""))
        return super().ensure_sync(func)


def test_app_with_a_way_to_call_functions_is_asked_for_each() -> None:
    """Its ``ensure_sync`` gets each function, as Flask would give it."""
    app = OwnCalls("own")
    FlaskOso(Oso(), app)

    @app.before_request
    def load_user() -> None:
        pass

    app.add_url_rule("/", "view", skip_authorization(lambda: "entered"))
    app.test_client().get("/")

    assert "load_user" in OwnCalls.called


class OwnBlueprints(Request):
    """A request that says itself to which blueprints it belongs."""

    @property
    def blueprints(self) -> list[str]:
        """Name a blueprint that the endpoint does not name."""
        return ["shop"]


def test_request_that_names_its_blueprints_has_their_functions(strict: t.Any) -> None:
    """A class of requests of the program is asked."""
    strict.app.request_class = OwnBlueprints
    strict.app.before_request_funcs["shop"] = [lambda: ("closed", 503)]

    assert strict.open("/", "ann").status_code == 503


class Replaced(Flask):
    """An app that leads requests elsewhere, once all functions before them have run."""

    def preprocess_request(self) -> t.Any:
        """Lead to a view that is not guarded."""
        answer = super().preprocess_request()
        rules = {rule.endpoint: rule for rule in self.url_map.iter_rules()}
        flask.request.url_rule = rules.get("bare", flask.request.url_rule)
        return answer


def test_class_that_leads_elsewhere_is_refused() -> None:
    """What a method of the class of an app does after Flask's is seen."""
    app = Replaced("replaced")
    app.config["OSO_ENFORCE"] = "off"
    extension = FlaskOso(Oso(), app)
    app.add_url_rule("/", "view", skip_authorization(lambda: "public"))
    app.add_url_rule("/bare", "bare", authorizes_inside(lambda: "SECRET"))
    extension.require_authorization(app, strict=True)

    response = app.test_client().get("/")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


@pytest.mark.parametrize("functions", [[], [lambda: None]])
def test_list_that_is_replaced_without_the_gate_opens_nothing(
    strict: t.Any, functions: list[t.Any]
) -> None:
    """A view without a guard is refused although no gate stands before it any more."""
    strict.app.before_request_funcs[None] = functions
    bare = strict.app.view_functions["view"].__wrapped__
    strict.app.view_functions["public"] = bare

    response = strict.open("/public", "eve")

    assert response.status_code == 500
    assert strict.entered == ["/"]


@pytest.mark.parametrize("where", ["app", "blueprint", "values"])
@pytest.mark.parametrize("target", ["inside", "view"])
def test_function_that_leads_a_public_route_elsewhere(
    strict: t.Any, where: str, target: str
) -> None:
    """Whoever does it, what is due on the route that is entered is due."""
    rules = {rule.endpoint: rule for rule in strict.app.url_map.iter_rules()}

    def lead(*_: t.Any) -> None:
        flask.request.url_rule = rules[target]

    functions = {
        "app": (strict.app.before_request_funcs, None),
        "blueprint": (strict.app.before_request_funcs, "shop"),
        "values": (strict.app.url_value_preprocessors, None),
    }
    table, name = functions[where]
    table[name].append(lead)
    strict.app.request_class = OwnBlueprints

    response = strict.open("/public", "eve")

    assert (response.status_code, "SECRET" in response.text) == (
        {"inside": 500, "view": 403}[target],
        False,
    )


def test_method_that_changes_before_the_view_is_judged_anew(strict: t.Any) -> None:
    """A plan is that of one method."""

    def change() -> None:
        flask.request.method = "DELETE"

    strict.app.view_functions["public"] = authorizes_inside(lambda: "SECRET")
    strict.app.before_request_funcs[None].append(change)

    response = strict.open("/public", "ann")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


def test_request_within_a_request_leaves_the_outer_one_unsettled(strict: t.Any) -> None:
    """What is allowed to the inner request is not allowed to the outer one."""

    def ask_inside() -> str:
        with strict.app.test_request_context("/?user=ann"):
            strict.app.preprocess_request()
            strict.app.dispatch_request()
        return "SECRET"

    strict.app.view_functions["inside"] = authorizes_inside(ask_inside)

    response = strict.open("/inside", "ann")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


def test_check_that_begins_after_the_gate_is_stopped_at_the_border(strict: t.Any) -> None:
    """A settled request in which another check comes to no decision does not answer."""

    def begin(response: flask.Response) -> flask.Response:
        flask.request._flask_oso[strict.app].check_running = True  # type: ignore[attr-defined]
        return response

    strict.app.after_request_funcs[None].insert(0, begin)

    with pytest.raises(OsoError, match="Authorize not called"):
        strict.open("/", "ann")


def test_decorator_above_a_guard_is_called(strict: t.Any) -> None:
    """A function that wraps a guarded one has its marks, and is entered itself."""
    calls: list[str] = []
    guarded = authorize(action="read", resource="page")(lambda: "entered")

    @functools.wraps(guarded)
    def note() -> str:
        calls.append("note")
        return guarded()

    strict.app.view_functions["view"] = note

    answers = [strict.open("/", user).status_code for user in ("ann", "ann", "eve")]

    assert (answers, calls) == ([200, 200, 403], ["note"] * 3)


def test_function_before_the_view_says_that_there_is_none(strict: t.Any) -> None:
    """What Flask would raise in place of the view is raised."""

    def refuse() -> None:
        flask.request.routing_exception = Gone()

    assert strict.open("/public", "ann").text == "public"
    strict.app.before_request_funcs[None].append(refuse)

    assert strict.open("/public", "ann").status_code == 410


def test_view_that_is_replaced_before_it_is_entered(strict: t.Any) -> None:
    """A request that a function before it leads to another view enters that one."""

    def replace() -> None:
        strict.app.view_functions["public"] = skip_authorization(lambda: "later")

    assert strict.open("/public", "ann").text == "public"
    strict.app.before_request_funcs[None].append(replace)

    assert strict.open("/public", "ann").text == "later"


def test_options_are_those_of_flask(strict: t.Any) -> None:
    """A request for the methods of a route does not enter the view."""
    answers = [strict.app.test_client().options("/public") for _ in range(2)]

    assert [(answer.text, "HEAD" in answer.allow) for answer in answers] == [("", True)] * 2


def test_app_that_dispatches_itself_is_asked_to() -> None:
    """What an app class does in place of Flask stays, and a request is judged before."""
    calls: list[str] = []

    class Own(Flask):
        def dispatch_request(self, *args: t.Any) -> t.Any:
            calls.append(flask.request.path)
            return super().dispatch_request(*args)

    app, oso = Own("own"), Oso()
    app.config["OSO_ENFORCE"] = "strict"
    oso.load_str('allow("ann", "read", "page");')
    FlaskOso(oso, app)
    app.before_request(lambda: setattr(flask.g, "current_user", flask.request.args.get("user")))
    app.add_url_rule("/", "view", authorize(action="read", resource="page")(lambda: "entered"))
    client = app.test_client()

    answers = [client.get(f"/?user={user}").status_code for user in ("ann", "ann", "eve")]

    assert (answers, calls) == ([200, 200, 403], ["/"] * 3)


@pytest.mark.parametrize(("user", "expected"), [("ann", 200), ("eve", 403)])
def test_request_leaves_no_circle(strict: t.Any, user: str, expected: int) -> None:
    """A request is freed when it ends, with all that it had, as it is without the gates."""
    seen: list[weakref.ref[Request]] = []
    proxy: t.Any = flask.request
    strict.app.before_request_funcs[None].append(
        lambda: seen.append(weakref.ref(proxy._get_current_object()))
    )
    environ = EnvironBuilder("/", query_string={"user": user}).get_environ()
    gc.collect()
    gc.disable()
    try:
        _, status, _ = run_wsgi_app(strict.app.wsgi_app, environ)
        left = [request() for request in seen]
    finally:
        gc.enable()

    assert (int(status[:3]), left) == (expected, [None])


def keeping(view: t.Any) -> t.Any:
    """Keep the first answer of a view, and give it to everybody."""
    kept: list[str] = []

    @functools.wraps(view)
    def answer() -> str:
        kept.extend([] if kept else [view()])
        return kept[0]

    return answer


def make_keeping_site(**config: t.Any) -> t.Any:
    """Make a site that has kept an answer which ann alone may see."""
    site = make_site(**config)
    guarded = authorize(action="read", resource="page")(lambda: "SECRET")
    site.app.add_url_rule("/", "view", keeping(guarded))
    assert site.open("/", "ann").text == "SECRET"
    return site


@pytest.mark.parametrize("level", ["after", "forbid", "strict"])
def test_answer_that_is_kept_above_a_guard_is_withheld(level: str) -> None:
    """A decorator that gives one actor what another one may see is named as the cause."""
    site = make_keeping_site(OSO_ENFORCE=level, TESTING=True)

    with pytest.raises(OsoError) as caught:
        site.open("/", "eve")

    note = "".join(caught.value.__notes__)
    assert "its '@authorize' (" in note
    assert note.endswith("Put '@authorize' above that one. The answer was withheld.")


def test_answer_that_is_kept_above_a_guard_is_logged_once(caplog: t.Any) -> None:
    """An application that requires nothing hears of a guard which was not reached."""
    site = make_keeping_site()
    caplog.clear()

    answers = [site.open("/", "eve").text for _ in range(2)]

    (record,) = caplog.records
    assert answers == ["SECRET"] * 2
    assert record.name == "flask_oso.enforcement"
    assert "was not reached" in record.getMessage()
    assert record.getMessage().endswith("'OSO_ENFORCE = \"after\"' withholds such answers.")


#: What lets everybody in before the view that is asked for.
IN_FRONT = ["blueprint", "function", "route", "endpoint"]


def make_site_with_a_door(door: str, view: t.Any, **config: t.Any) -> t.Any:
    """Make a site that lets everybody in, and then enters a view."""
    site = make_site('allow(_, "enter", "site"); allow(_, "GET", _: Request);' + POLICY, **config)
    rooms = Blueprint("rooms", "rooms")
    rooms.add_url_rule("/", "view", view)
    if door in ("blueprint", "endpoint"):
        site.guard.guard(rooms if door == "blueprint" else "rooms.view", "enter", "site")
    elif door == "function":
        site.app.before_request(lambda: site.guard.authorize("enter", "site"))
    else:
        site.guard.perform_route_authorization(site.app)
    site.app.register_blueprint(rooms)
    return site


def kept_from_ann(answer: t.Any = "SECRET") -> t.Any:
    """Give a view that answers what was kept above its guard."""
    guarded = authorize(action="read", resource="page")(lambda: "SECRET")

    @functools.wraps(guarded)
    def answer_kept() -> t.Any:
        return answer if request.args["user"] == "eve" else guarded()

    return answer_kept


@pytest.mark.parametrize("door", IN_FRONT)
@pytest.mark.parametrize("answer", ["SECRET", flask.redirect("/SECRET")], ids=["page", "elsewhere"])
def test_answer_that_is_kept_above_a_guard_behind_another_is_withheld(
    door: str, answer: t.Any
) -> None:
    """What lets a request come to a view says nothing of what that would have decided."""
    site = make_site_with_a_door(door, kept_from_ann(answer), OSO_ENFORCE="after", TESTING=True)
    assert site.open("/", "ann").status_code == 200

    with pytest.raises(OsoError) as caught:
        site.open("/", "eve")

    assert "its '@authorize' (" in "".join(caught.value.__notes__)


@pytest.mark.parametrize("door", IN_FRONT)
def test_answer_that_is_kept_above_a_guard_behind_another_is_logged(
    caplog: t.Any, door: str
) -> None:
    """An application that requires nothing hears of it as well."""
    site = make_site_with_a_door(door, kept_from_ann())

    assert site.open("/", "eve").text == "SECRET"
    assert [each for each in caplog.messages if "was not reached" in each]


@pytest.mark.parametrize("door", IN_FRONT)
def test_refusal_above_a_guard_behind_another_is_left_as_it_is(door: str) -> None:
    """A decorator may refuse whom the blueprint let in, in its own words."""
    site = make_site_with_a_door(door, kept_from_ann(("Too many.", 429)), OSO_ENFORCE="strict")

    response = site.open("/", "eve")

    assert (response.status_code, response.text) == (429, "Too many.")


@pytest.mark.parametrize("door", IN_FRONT)
def test_denial_of_a_view_that_is_caught_behind_another_guard_is_answered_403(door: str) -> None:
    """What lets a request come to a view does not make up for what the view's own guard says."""
    guarded = authorize(action="read", resource="page")(lambda: "page")

    @functools.wraps(guarded)
    def catching() -> t.Any:
        try:
            return guarded()
        except Forbidden:
            return "SECRET"

    site = make_site_with_a_door(door, catching, OSO_ENFORCE="strict")

    answers = [site.open("/", user) for user in ("ann", "eve")]

    assert [each.status_code for each in answers] == [200, 403]
    assert "SECRET" not in answers[1].text


def test_denial_that_a_function_caught_says_nothing_of_the_view() -> None:
    """It was let in all the same, and its own guard has found rows to show."""
    site: t.Any = None

    def ask() -> None:
        with contextlib.suppress(Forbidden):
            site.guard.authorize("edit", "page")

    view = authorizes_inside(lambda: site.guard.filter("read", ["page"]) or "nothing")
    site = make_site_with_a_door("function", view, OSO_ENFORCE="strict")
    site.app.before_request(ask)

    assert site.open("/", "eve").text == "nothing"


@pytest.mark.parametrize("door", IN_FRONT)
def test_promise_behind_a_guard_is_held_to(door: str) -> None:
    """A view that promised to ask, and did not, is let off by no guard before it."""
    view = authorizes_inside(lambda: "SECRET")
    site = make_site_with_a_door(door, view, OSO_ENFORCE="after", TESTING=True)

    with pytest.raises(OsoError) as caught:
        site.open("/", "ann")

    assert caught.value.__notes__[-1].startswith("What was allowed before the view does not count")


def view_of_a_class(guard: t.Any, kept: t.Any) -> t.Any:
    """Give the view of a class that is decorated, and whose method is."""
    members: dict[str, t.Any] = {"decorators": [guard], "get": lambda self: kept()}
    members["get"] = functools.wraps(kept)(members["get"])
    page: t.Any = type("Page", (MethodView,), members)
    return page.as_view("view")


def view_that_waits(guard: t.Any, kept: t.Any) -> t.Any:
    """Give a view that is a coroutine function, between its guards at least."""

    @functools.wraps(kept)
    async def wait() -> t.Any:
        return kept()

    return guard(wait)


def keep(view: t.Any) -> t.Any:
    """Decorate a view so that it gives others what was kept of Ann."""

    @functools.wraps(view)
    def answer_kept(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return "SECRET" if request.args["user"] == "eve" else view(*args, **kwargs)

    return answer_kept


def of_class(**members: t.Any) -> t.Any:
    """Give the view of a class whose method answers the secret."""
    page: t.Any = type("Page", (MethodView,), {"get": lambda self: "SECRET", **members})
    return page.as_view("view")


def dispatch_request(self: t.Any, **values: t.Any) -> t.Any:
    return MethodView.dispatch_request(self, **values)


#: Makes views of classes: of the guard in front, and of one behind what keeps answers.
KEPT_IN_CLASSES: dict[str, t.Callable[[t.Any, t.Any], t.Any]] = {
    "decorators": lambda guard, own: of_class(decorators=[own, keep, guard]),
    "decorator above a method": lambda guard, own: of_class(
        decorators=[keep, guard], get=own(lambda self: "SECRET")
    ),
    "method of a class that is decorated from outside": lambda guard, own: guard(
        of_class(get=keep(own(lambda self: "SECRET")))
    ),
    "object above a method": lambda guard, own: of_class(
        decorators=[lambda view: functools.partial(keep(view)), guard],
        get=own(lambda self: "SECRET"),
    ),
    "dispatch_request": lambda guard, own: of_class(
        decorators=[guard], dispatch_request=keep(dispatch_request), get=own(lambda self: "SECRET")
    ),
    "below dispatch_request": lambda guard, own: of_class(
        dispatch_request=guard(keep(dispatch_request)), get=own(lambda self: "SECRET")
    ),
    "method below dispatch_request": lambda guard, own: of_class(
        dispatch_request=guard(dispatch_request), get=keep(own(lambda self: "SECRET"))
    ),
}


@pytest.mark.parametrize("make", KEPT_IN_CLASSES.values(), ids=KEPT_IN_CLASSES)
def test_answer_that_is_kept_between_two_guards_of_a_class_is_withheld(make: t.Any) -> None:
    """Whatever of a class stands between them, the second one is awaited."""
    own = authorize(action="read", resource="page")
    view = make(authorize("enter", "site"), own)
    site = make_site('allow(_, "enter", "site");' + POLICY, OSO_ENFORCE="after", TESTING=True)
    site.app.add_url_rule("/", "view", view)
    assert site.open("/", "ann").text == "SECRET"

    with pytest.raises(OsoError, match="Authorize not called"):
        site.open("/", "eve")


def test_withheld_answer_names_the_guard_that_was_not_reached() -> None:
    """The one in front of it was reached, and to move that would not help."""
    first = authorize("enter", "site")
    second = authorize(action="read", resource="page")
    site = make_site('allow(_, "enter", "site");' + POLICY, OSO_ENFORCE="after", TESTING=True)
    guarded: t.Any = second(lambda: "SECRET")
    place = f"{__file__}:{guarded.__wrapped__.__code__.co_firstlineno}"
    site.app.add_url_rule("/", "view", first(keep(guarded)))

    with pytest.raises(OsoError) as caught:
        site.open("/", "eve")

    assert f"its '@authorize' ({place}) was not reached" in caught.value.__notes__[0]


def test_promise_behind_a_guard_of_the_view_is_told_as_a_promise() -> None:
    """No guard was missed: the view did not do what it promised."""
    view = authorize("enter", "site")(keep(authorizes_inside(lambda: "SECRET")))
    site = make_site('allow(_, "enter", "site");' + POLICY, OSO_ENFORCE="after", TESTING=True)
    site.app.add_url_rule("/", "view", view)

    with pytest.raises(OsoError) as caught:
        site.open("/", "eve")

    assert caught.value.__notes__[-1].startswith("What was allowed before the view does not count")


GUARDS_IN_FRONT = {
    "constant": authorize(action="enter", resource="site"),
    "action first": authorize("enter", "site"),
    "promise": authorizes_inside,
}


@pytest.mark.parametrize(
    "make", [lambda guard, kept: guard(kept), view_of_a_class, view_that_waits]
)
@pytest.mark.parametrize("guard", GUARDS_IN_FRONT.values(), ids=GUARDS_IN_FRONT)
def test_answer_that_is_kept_between_two_guards_is_withheld(make: t.Any, guard: t.Any) -> None:
    """What the first guard of a view allows says nothing of what the second one would."""
    view = make(guard, kept_from_ann())
    site = make_site('allow(_, "enter", "site");' + POLICY, OSO_ENFORCE="after", TESTING=True)
    site.app.add_url_rule("/", "view", view)
    assert site.open("/", "ann").text == "SECRET"

    with pytest.raises(OsoError, match="Authorize not called"):
        site.open("/", "eve")


def test_class_whose_other_method_has_no_guard_of_its_own_answers() -> None:
    """The guard of the class is all that a request to that method has to reach."""
    members = {
        "decorators": [authorize("enter", "site")],
        "get": kept_from_ann(),
        "post": lambda self: "posted",
    }
    page: t.Any = type("Page", (MethodView,), members)
    site = make_site('allow(_, "enter", "site");' + POLICY, OSO_ENFORCE="after")
    site.app.add_url_rule("/", view_func=page.as_view("view"))

    assert site.open("/", "eve", method="POST").text == "posted"


def test_request_that_a_function_exempts_needs_no_guard_of_a_view() -> None:
    """Who exempts a request before its view says so of all that answers it."""
    site = make_site_with_a_door("function", kept_from_ann(), OSO_ENFORCE="strict")
    site.app.before_request(lambda: site.guard.skip_authorization(reason="It is a drill."))

    assert site.open("/", "eve").text == "SECRET"


def test_preflight_above_a_guard_behind_another_is_answered() -> None:
    """Who asks beforehand which origins may call has nothing of the view."""
    site = make_site_with_a_door("function", lambda: "", OSO_ENFORCE="after")
    view = kept_from_ann("GET, PUT")
    site.app.add_url_rule(
        "/page", "page", view, methods=["OPTIONS"], provide_automatic_options=False
    )

    assert site.open("/page", "eve", method="OPTIONS").text == "GET, PUT"


@pytest.mark.parametrize("answer", [flask.redirect("/login"), ("Log in.", 401)])
def test_refusal_above_a_guard_is_not_logged(caplog: t.Any, answer: t.Any) -> None:
    """A decorator may send those away who have not logged in."""
    site = make_site()
    guarded = authorize(action="read", resource="page")(lambda: "SECRET")
    site.app.add_url_rule("/", "view", functools.wraps(guarded)(lambda: answer))

    assert site.open("/", None).status_code in (302, 401)
    assert caplog.records == []


def test_no_decorator_is_blamed_for_an_error_that_was_made_a_success() -> None:
    """No function before the view could decide; a function behind it changed the status."""
    site = make_site(OSO_ENFORCE="after", PROPAGATE_EXCEPTIONS=False)
    site.app.add_url_rule("/", "view", authorize(action="read", resource="page")(site.enter))

    def fail() -> None:
        raise OsoError("No decision.")

    def succeed(response: flask.Response) -> flask.Response:
        response.status_code = 200
        return response

    site.app.before_request(fail)
    site.app.after_request_funcs.setdefault(None, []).append(succeed)

    with pytest.raises(OsoError, match="Authorize not called") as caught:
        site.open("/", "ann")

    assert "decorator above" not in "".join(caught.value.__notes__)
