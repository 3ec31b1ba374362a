"""Ways around the gates that we thought of ourselves."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing as t

import flask
import pytest
from flask import Blueprint, Flask, Response, abort, current_app, g, make_response, request

from flask_oso import FlaskOso, Oso, OsoError, authorize, authorizes_inside, skip_authorization
from tests.support.sites import make_app, make_oso, make_site


@pytest.mark.parametrize(
    "key", ["OSO_ENFORCE", "OSO_REQUIRE_AUTHORIZATION", "OSO_ROUTE_AUTHORIZATION"]
)
def test_switch_thrown_after_init_app(site: t.Any, key: str) -> None:
    """A switch that comes too late stops the app, and is not taken for being in force."""
    site.app.add_url_rule("/", "view", lambda: site.enter())
    site.app.config[key] = "strict"

    assert (site.open("/", "root").status_code, site.entered) == (500, [])


@pytest.mark.parametrize("status", [200, 302, 404])
def test_response_in_an_abort(demanding: t.Any, status: int) -> None:
    """An exception that carries a response is an answer like any other."""

    @demanding.app.get("/")
    @authorizes_inside
    def view() -> t.NoReturn:
        abort(make_response("SECRET", status))

    response = demanding.open("/", "root")

    assert response.status_code >= 400
    assert b"SECRET" not in response.data


def test_hook_that_leads_to_another_view(demanding: t.Any) -> None:
    """A request that is led to another route shows nothing of it."""
    demanding.app.add_url_rule("/", "open", skip_authorization(lambda: "open"))
    demanding.app.add_url_rule("/closed", "closed", lambda: demanding.enter())
    rules = {rule.endpoint: rule for rule in demanding.app.url_map.iter_rules()}

    @demanding.app.before_request
    def lead() -> None:
        flask.request.url_rule = rules["closed"]

    response = demanding.open("/", "root")

    assert (response.status_code, b"SECRET" in response.data) == (500, False)


def test_view_that_forgets_its_route(demanding: t.Any) -> None:
    """A view cannot pass for an unmatched request by clearing its rule."""

    @demanding.app.get("/")
    @authorizes_inside
    def view() -> t.Any:
        flask.request.url_rule = None
        return "SECRET"

    assert b"SECRET" not in demanding.open("/", "root").data


def test_view_replaced_by_a_hook(demanding: t.Any) -> None:
    """A view that is replaced after the gate shows nothing."""
    demanding.app.add_url_rule("/", "view", authorize(resource="page")(lambda: "page"))

    @demanding.app.before_request
    def replace() -> None:
        demanding.app.view_functions["view"] = lambda: "SECRET"

    assert b"SECRET" not in demanding.open("/", "ann").data


@pytest.mark.parametrize("undress", [inspect.unwrap, functools.partial])
def test_registration_that_undresses_the_view(site: t.Any, undress: t.Any) -> None:
    """An extension that registers the bare function under a guarded one is caught."""

    def view() -> t.Any:
        return site.enter()

    guarded = authorize(resource="page")(view)
    site.app.add_url_rule("/", "view", undress(guarded if undress is inspect.unwrap else view))

    assert (site.open("/", "root").status_code, site.entered) == (500, [])


def test_decorator_that_copies_marks_and_calls_the_bare_view(demanding: t.Any) -> None:
    """A wrapper that looks guarded and is not may run the view, and shows nothing."""
    guarded = authorize(resource="page")(lambda: "SECRET")

    @functools.wraps(guarded)
    def wrapper() -> t.Any:
        return inspect.unwrap(guarded)()

    demanding.app.add_url_rule("/", "view", wrapper)

    assert b"SECRET" not in demanding.open("/", "root").data


def test_early_answer_to_automatic_options_enters_no_view(demanding: t.Any) -> None:
    """OPTIONS with a body, a query and headers is answered by Flask alone."""
    view = authorizes_inside(lambda: demanding.enter())
    demanding.app.add_url_rule("/", "view", view, methods=["GET", "POST"])

    response = demanding.open("/", "root", method="OPTIONS", data="x", headers={"X-A": "POST"})

    assert (response.data, demanding.entered) == (b"", [])


def test_session_written_before_the_check(site: t.Any) -> None:
    """What an unauthorized view wrote into the session stays on the server."""
    site.guard.require_authorization(site.app)
    site.app.secret_key = "key"

    @site.app.get("/")
    def view() -> str:
        flask.session["admin"] = True
        return "SECRET"

    response = site.open("/", "root")

    assert (response.status_code, "Set-Cookie" in response.headers) == (500, False)


def test_cookie_of_an_allowed_view_is_kept(site: t.Any) -> None:
    """An authorized view may write into the session."""
    site.guard.require_authorization(site.app)
    site.app.secret_key = "key"

    @site.app.get("/")
    @authorize(resource="page")
    def view() -> str:
        flask.session["seen"] = True
        return "page"

    assert "Set-Cookie" in site.open("/", "ann").headers


def test_guarded_helper_does_not_survive_its_denial(site: t.Any) -> None:
    """A denial in a helper ends the view that called it."""
    helper = authorize(resource="page")(lambda: "SECRET")
    site.app.add_url_rule("/", "view", lambda: site.enter() and helper())

    assert site.open("/").status_code == 403


def test_blueprint_error_handler_cannot_free_a_broken_guard(site: t.Any) -> None:
    """A handler of a blueprint is held to the same rule as one of the app."""
    blueprint = flask.Blueprint("shop", "shop")
    blueprint.register_error_handler(Exception, lambda error: "SECRET")
    blueprint.add_url_rule("/", "view", authorize(resource="page")(lambda: site.enter()))
    site.app.register_blueprint(blueprint)
    site.guard.set_get_actor(lambda: 1 / 0)

    response = site.open("/")

    assert (response.status_code, b"SECRET" in response.data) == (500, False)


def test_second_extension_cannot_relax_the_first(site: t.Any) -> None:
    """The stricter of two requirements is in force."""
    site.guard.require_authorization(site.app, strict=True)
    FlaskOso(Oso(), site.app).require_authorization()
    site.guard.require_authorization(site.app)
    site.app.add_url_rule("/", "view", lambda: site.enter())

    assert (site.open("/").status_code, site.entered) == (500, [])


def test_app_behind_middleware(site: t.Any) -> None:
    """Middleware put around or inside the border changes nothing."""
    app = make_app()
    inner = app.wsgi_app
    app.wsgi_app = lambda environ, start: inner(dict(environ), start)  # type: ignore[method-assign, assignment]
    FlaskOso(Oso(), app).require_authorization()
    outer = app.wsgi_app
    app.wsgi_app = lambda environ, start: outer(dict(environ), start)  # type: ignore[method-assign, assignment]
    app.add_url_rule("/", "view", lambda: "SECRET")

    response = app.test_client().get("/")

    assert (response.status_code, b"SECRET" in response.data) == (500, False)


def test_context_of_another_app_left_behind() -> None:
    """A view that leaves another app's context in place is stopped at the border."""
    mine, other = make_site(OSO_ENFORCE="strict"), make_site()
    contexts = [other.app.app_context()]

    @mine.app.get("/")
    @authorizes_inside
    def view() -> t.Any:
        contexts[0].push()
        return "SECRET"

    with pytest.raises((OsoError, AssertionError)):
        mine.open("/", "root")


def test_warning_that_is_an_error(site: t.Any) -> None:
    """A warning of the census that is raised, and hidden by a handler, opens nothing."""
    site.app.register_error_handler(UserWarning, lambda error: "SECRET")
    guard = authorize(resource=type("Unknown", (), {}))
    site.app.add_url_rule("/", "view", guard(lambda: site.enter()))

    assert (site.open("/").status_code, site.entered) == (500, [])


def test_view_in_the_place_of_static_files(demanding: t.Any) -> None:
    """A view that takes the place of the static files is exempt by no name that it copies."""
    static = demanding.app.view_functions["static"]
    demanding.app.view_functions["static"] = functools.wraps(static)(lambda **_: demanding.enter())

    response = demanding.open("/static/a.txt", "root")

    assert (response.status_code, b"SECRET" in response.data) == (500, False)


def test_class_in_the_place_of_static_files(demanding: t.Any) -> None:
    """A view that Flask makes of a class serves no static files, whatever its endpoint."""
    members = {"dispatch_request": lambda _: demanding.enter()}
    page: t.Any = type("Page", (flask.views.View,), members)
    demanding.app.add_url_rule("/page", view_func=page.as_view("pages.static"))

    response = demanding.open("/page", "root")

    assert (response.status_code, b"SECRET" in response.data) == (500, False)


def copying(application: t.Any) -> t.Any:
    """Hand on a copy of the environment."""
    return lambda environ, start: application(dict(environ), start)


def starting_late(application: t.Any) -> t.Any:
    """Start the response when its body is known, and the request is over."""

    def answer(environ: t.Any, start: t.Any) -> t.Any:
        started: list[t.Any] = []
        body = [*application(environ, lambda *args: started.append(args))]
        start(*started[0])
        return body

    return answer


@pytest.mark.parametrize("middleware", [copying, starting_late])
def test_middleware_below_the_gates(middleware: t.Any) -> None:
    """What slips past the gate behind the view is stopped, whatever lies between it and WSGI."""
    app = make_app(OSO_ENFORCE="strict")
    app.wsgi_app = middleware(app.wsgi_app)  # type: ignore[method-assign]
    FlaskOso(Oso()).init_app(app)
    app.add_url_rule("/", "view", lambda: "never")
    app.register_error_handler(500, lambda _: ("SECRET", 200))

    @app.after_request
    def fail(_: t.Any) -> t.NoReturn:
        raise ValueError

    with pytest.raises(OsoError):
        app.test_client().get("/")


# -- requests that are led elsewhere ---------------------------------------------------


def lead_to_room() -> None:
    """Lead a request to the view of the rooms, and as a GET."""
    if request.path.startswith("/open") or request.method == "OPTIONS":
        rules = current_app.url_map.iter_rules()
        request.url_rule = next(rule for rule in rules if rule.endpoint == "rooms.room")
        request.method = "GET"


def led_app(place: str, check: str, entered: list[str]) -> Flask:
    """Give an app with a function that leads requests elsewhere, from several places."""
    app, oso = make_app(static=None), make_oso('allow("ann", _, _);')
    app.before_request(lambda: setattr(g, "current_user", request.args["user"]))
    rooms, others = Blueprint("rooms", "rooms"), Blueprint("others", "others")
    if place == "before the gate":
        app.before_request(lead_to_room)
    extension = FlaskOso(oso, app)
    if place == "of the app":
        app.before_request(lead_to_room)
    if check == "route":
        extension.perform_route_authorization(app)
    else:
        extension.guard(rooms, "enter", "room")
    rooms.before_request(lead_to_room if place == "of the blueprint" else lambda: None)
    others.before_request(lead_to_room)
    rooms.add_url_rule("/room/<int:number>", "room", lambda number: entered.append("room") or "in")
    others.add_url_rule("/open/<int:number>", "open", lambda number: "open")
    app.register_blueprint(rooms)
    app.register_blueprint(others)
    return app


@pytest.mark.parametrize("check", ["guard", "route"])
@pytest.mark.parametrize("place", ["before the gate", "of the app", "of the blueprint"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/open/1"), ("OPTIONS", "/room/1")])
def test_request_that_is_led_to_a_guarded_view(
    place: str, check: str, method: str, path: str
) -> None:
    """It is judged as what it is by then, although guards were not called, or about nothing."""
    entered: list[str] = []
    client = led_app(place, check, entered).test_client()

    answers = [
        client.open(path, method=method, query_string={"user": user}).status_code
        for user in ("eve", "ann", "eve")
    ]

    is_judged_before = (check, method) == ("route", "GET") and place == "of the blueprint"
    assert answers == ([403, 500, 403] if is_judged_before else [403, 200, 403])
    assert entered == ([] if is_judged_before else ["room"])


# -- requests that are led elsewhere while guards look ---------------------------------


def hide_method(_: Flask) -> None:
    """Make the request one that enters no view."""
    request.method = "OPTIONS"


def hide_rule(_: Flask) -> None:
    """Make the request one that matches no route."""
    request.url_rule = None


def hide_behind_exemption(app: Flask) -> None:
    """Make the request one for a view that lifts the guards around it."""
    request.url_rule = next(app.url_map.iter_rules("rooms.door"))


@pytest.mark.parametrize("check", ["guard", "route"])
@pytest.mark.parametrize("hide", [hide_method, hide_rule, hide_behind_exemption])
def test_request_that_is_something_else_while_a_guard_looks(check: str, hide: t.Any) -> None:
    """It is judged as what it is when its view is entered: a guard passed it by."""
    app, oso = make_app(static=None), make_oso('allow("ann", _, _);')
    entered: list[str] = []
    app.before_request(lambda: setattr(g, "current_user", request.args["user"]))
    rooms, extension = Blueprint("rooms", "rooms"), FlaskOso(oso, app)
    app.before_request(lambda: setattr(g, "was", (request.method, request.url_rule)))
    app.before_request(lambda: hide(app))

    def show() -> None:
        request.method, request.url_rule = g.was

    if check == "route":
        extension.perform_route_authorization(app)
        app.before_request(show)
    else:
        extension.guard(rooms, "enter", "room")
        rooms.before_request(show)
    rooms.add_url_rule("/room", "room", lambda: entered.append("room") or "in")
    rooms.add_url_rule("/door", "door", skip_authorization(blueprint=True)(lambda: "door"))
    app.register_blueprint(rooms)
    client = app.test_client()

    answers = [client.get("/room?user=" + user).status_code for user in ("eve", "ann", "eve")]

    assert answers == [403, 200, 403]
    assert entered == ["room"]


# -- apps that enter views in a way of their own ---------------------------------------


@dataclasses.dataclass
class House:
    """What is judged."""

    name: str


class OwnDispatch(Flask):
    """An app that calls views itself, whatever the method."""

    def dispatch_request(self) -> t.Any:
        """Enter the view."""
        return self.view_functions[request.endpoint or ""](**request.view_args or {})


class OwnFullDispatch(Flask):
    """An app that does so on the way around."""

    def full_dispatch_request(self) -> Response:
        """Call the functions before the view, and the view."""
        answer: t.Any
        try:
            answer = self.preprocess_request()
            if answer is None:
                answer = self.view_functions[request.endpoint or ""](**request.view_args or {})
        except Exception as error:
            answer = self.handle_user_exception(error)
        return self.finalize_request(answer)


class OwnApplication(Flask):
    """An app that does so as the application of WSGI."""

    def wsgi_app(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Answer a request."""
        with self.request_context(environ):
            answer = OwnFullDispatch.full_dispatch_request(t.cast(OwnFullDispatch, self))
            return answer(environ, start_response)


@pytest.mark.parametrize("check", ["guard", "route", "decorator"])
@pytest.mark.parametrize("kind", [OwnDispatch, OwnFullDispatch, OwnApplication])
def test_automatic_options_of_an_app_that_enters_views_itself(
    kind: type[Flask], check: str
) -> None:
    """Nothing is asked of them, since they enter no view: then they enter none there, either."""
    app, oso = kind("own", static_folder=None), make_oso('allow("ann", _, _);')
    entered: list[str] = []
    app.before_request(lambda: setattr(g, "current_user", request.args["user"]))
    app.config["OSO_ENFORCE"] = "strict"
    rooms, extension = Blueprint("rooms", "rooms"), FlaskOso(oso, app)
    if check == "route":
        extension.perform_route_authorization(app)
    if check == "guard":
        extension.guard(rooms, "enter", "room")
    enter = authorize("enter", "room") if check == "decorator" else lambda each: each
    rooms.add_url_rule("/room", "room", enter(lambda: entered.append("room") or "in"))
    app.register_blueprint(rooms)
    client = app.test_client()

    preflight = client.options("/room?user=eve")
    answers = [client.get("/room?user=" + user).status_code for user in ("eve", "ann")]

    assert (preflight.status_code, preflight.text, "GET" in preflight.allow) == (200, "", True)
    assert (answers, entered) == ([403, 200], ["room"])


@pytest.mark.parametrize("path", ["/a", "/led/a"])
def test_view_that_dispatches_its_request_again_with_other_arguments(path: str) -> None:
    """What a guard judged was for the first time: the view would be entered for another object."""
    app, oso, rooms = make_app(static=None), Oso(), Blueprint("rooms", "rooms")
    oso.register_class(House)
    oso.load_str('allow("ann", "enter", house: House) if house.name in ["a", "b"];')
    app.before_request(lambda: setattr(g, "current_user", "ann"))
    extension = FlaskOso(oso, app)
    extension.loader(House)(House)
    extension.guard(rooms, "enter", House)

    def show(house_id: str) -> t.Any:
        other = request.args.get("other", house_id)
        if other == house_id:
            return other
        request.view_args = {"house_id": other}
        return current_app.dispatch_request()

    @app.before_request
    def lead() -> None:
        request.url_rule = next(app.url_map.iter_rules("rooms.room"))

    rooms.add_url_rule("/<house_id>", "room", show)
    app.register_blueprint(rooms)
    app.add_url_rule("/led/<house_id>", "led", skip_authorization(lambda house_id: "led"))

    answers = [app.test_client().get(f"{path}?other={other}") for other in ("a", "b", "c", "b")]

    assert [each.status_code for each in answers] == [200, 200, 404, 200]
    assert [each.text for each in answers[:2]] == ["a", "b"]
