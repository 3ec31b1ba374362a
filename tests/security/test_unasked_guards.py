"""Guards of blueprints and routes where Flask does not call the functions before a view.

A class of the program may do so in a way of its own, and a program may take them out, or call
the view of a request before them.
"""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from flask import Blueprint, Flask, Request, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from flask_oso import FlaskOso, Oso, OsoError


@dataclasses.dataclass
class House:
    """What is judged."""

    name: str


def enter_view() -> t.Any:
    """Call the view of the current request, as programs do."""
    view = current_app.view_functions[request.endpoint or ""]
    return view(**request.view_args or {})


class OwnFunctions(Flask):
    """An app that calls the functions of the app before views, and not those of blueprints."""

    def preprocess_request(self) -> t.Any:
        """Call them."""
        for function in self.before_request_funcs.get(None, ()):
            answer = self.ensure_sync(function)()
            if answer is not None:
                return answer
        return None


class Forgiving(Flask):
    """An app that goes on where a function before the view refuses."""

    def preprocess_request(self) -> t.Any:
        """Call them."""
        try:
            return super().preprocess_request()
        except Exception:
            return None


class NoFunctions(Flask):
    """An app that enters views itself, and calls nothing before them."""

    def call_functions(self) -> None:
        """Find the user, as a function before the view would."""
        g.current_user = request.args["user"]

    def full_dispatch_request(self) -> Response:
        """Enter the view."""
        try:
            self.call_functions()
            return self.finalize_request(enter_view())
        except HTTPException as error:
            return self.finalize_request(self.handle_http_exception(error))


class OwnFunctionsAndViews(NoFunctions):
    """An app that calls the functions of the app, too, and enters views itself."""

    def call_functions(self) -> None:
        """Call them."""
        for function in self.before_request_funcs.get(None, ()):
            self.ensure_sync(function)()


class NoFlask(NoFunctions):
    """An app that does so as the application of WSGI."""

    def wsgi_app(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Answer a request."""
        with self.request_context(environ):
            return self.full_dispatch_request()(environ, start_response)


class RequestOfNoBlueprint(Request):
    """A request that does not tell its blueprints."""

    @property
    def blueprints(self) -> list[str]:
        """Tell none."""
        return []


class OwnRequests(Flask):
    """An app with such requests."""

    request_class = RequestOfNoBlueprint


class Early(Flask):
    """An app in which a function before the view calls it."""

    def __init__(self, name: str, **options: t.Any) -> None:
        super().__init__(name, **options)
        self.before_request(lambda: setattr(g, "current_user", request.args["user"]))
        self.before_request(enter_view)


class EarlyForNothing(Early):
    """An app in which one calls it, and leaves its answer to Flask."""

    def __init__(self, name: str, **options: t.Any) -> None:
        super().__init__(name, **options)
        self.before_request_funcs[None][-1] = lambda: enter_view() and None


ALONE = [NoFunctions, NoFlask, OwnFunctionsAndViews]
KINDS = [OwnFunctions, Forgiving, *ALONE, OwnRequests, Early, EarlyForNothing]


def guarded_app(kind: type[Flask], check: str, entered: list[t.Any], enforce: str = "off") -> Flask:
    """Give an app whose view is behind one check, and notes who enters."""
    app, oso = kind("site", static_folder=None), Oso()
    app.config["OSO_ENFORCE"] = enforce
    extension, rooms = FlaskOso(oso, app), Blueprint("rooms", "rooms", url_prefix="/room")
    oso.register_class(House)
    oso.load_str(
        'allow(user, "enter", "room") if user in ["ann", "bob"];'
        ' allow("ann", "enter", _: House); allow("ann", _, _: Request);'
    )
    app.before_request(lambda: setattr(g, "current_user", request.args["user"]))
    extension.loader(House)(House)
    outer = Blueprint("outer", "outer")
    if check == "route":
        extension.perform_route_authorization(app)
    if check == "endpoint":
        extension.guard("outer.rooms.room", "enter", "room")
    if check in ("both", "outer"):
        extension.guard(outer, "enter", "room")
    if check == "constant":
        extension.guard(rooms, "enter", "room")
    if check in ("both", "object"):
        extension.guard(rooms, "enter", House)
    rooms.add_url_rule("/<house_id>", "room", lambda house_id: entered.append(house_id) or "in")
    outer.register_blueprint(rooms)
    app.register_blueprint(outer)
    return app


@pytest.mark.parametrize("check", ["constant", "object", "outer", "endpoint"])
@pytest.mark.parametrize("kind", KINDS)
def test_view_that_is_entered_past_what_flask_calls_before_it(
    kind: type[Flask], check: str
) -> None:
    """Its guards are asked all the same, before it is entered."""
    entered: list[t.Any] = []
    client = guarded_app(kind, check, entered).test_client()

    answers = [client.get("/room/1?user=" + user).status_code for user in ("eve", "ann", "eve")]

    is_hidden = check == "object"
    assert answers == ([404, 200, 404] if is_hidden else [403, 200, 403])
    assert set(entered) == {"1"}


@pytest.mark.parametrize("kind", KINDS)
def test_route_that_is_judged_past_what_flask_calls_before_it(kind: type[Flask]) -> None:
    """Route authorization judges the request all the same, before the view is entered."""
    entered: list[t.Any] = []
    client = guarded_app(kind, "route", entered).test_client()

    answers = [client.get("/room/1?user=" + user).status_code for user in ("eve", "ann", "eve")]

    assert answers == [403, 200, 403]
    assert set(entered) == {"1"}


@pytest.mark.parametrize("check", ["constant", "object", "route", "endpoint"])
@pytest.mark.parametrize("kind", ALONE)
def test_automatic_options_past_what_flask_calls_before_a_view(
    kind: type[Flask], check: str
) -> None:
    """They enter no view that guards are asked for, since nothing is asked of them."""
    entered: list[t.Any] = []
    client = guarded_app(kind, check, entered).test_client()

    answer = client.options("/room/1?user=eve")

    assert (answer.status_code, answer.text, "GET" in answer.allow) == (200, "", True)
    assert entered == []


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("kind", [NoFunctions, NoFlask])
@pytest.mark.parametrize("enforce", ["after", "forbid", "strict"])
def test_answer_of_a_view_without_a_guard_that_was_entered_past_all_gates(
    kind: type[Flask], enforce: str, method: str
) -> None:
    """It is withheld, also where Flask would have answered OPTIONS itself."""
    app = guarded_app(kind, "none", [], enforce)
    app.testing = True

    with pytest.raises(OsoError, match="Authorize not called"):
        app.test_client().open("/room/1?user=ann", method=method)


@pytest.mark.parametrize(("enforce", "status"), [("forbid", 403), ("strict", 500)])
def test_view_without_a_guard_of_an_app_that_goes_on_behind_its_refusal(
    enforce: str, status: int
) -> None:
    """It is refused again, and not entered."""
    entered: list[t.Any] = []
    client = guarded_app(Forgiving, "none", entered, enforce).test_client()

    answers = [client.get("/room/1?user=ann").status_code for _ in range(2)]

    assert (answers, entered) == ([status] * 2, [])


def test_function_that_is_taken_out_again() -> None:
    """The guard of a blueprint is asked, although nothing is left that Flask would call."""
    entered: list[t.Any] = []
    app = guarded_app(Flask, "constant", entered)
    client = app.test_client()
    first = client.get("/room/1?user=eve").status_code
    del app.before_request_funcs["outer.rooms"]

    answers = [client.get("/room/1?user=" + user).status_code for user in ("eve", "ann")]

    assert (first, answers, entered) == (403, [403, 200], ["1"])


def test_one_of_two_functions_that_is_taken_out() -> None:
    """The guard of a blueprint inside is asked, although that of the one around it was."""
    entered: list[t.Any] = []
    app = guarded_app(Flask, "both", entered)
    client = app.test_client()
    del app.before_request_funcs["outer.rooms"]

    answers = [client.get("/room/1?user=" + user).status_code for user in ("eve", "bob", "ann")]

    assert (answers, entered) == ([403, 404, 200], ["1"])


def test_error_handler_that_calls_the_view_of_its_request() -> None:
    """A denied request enters it in no way: its guard is asked again, and denies in the handler."""
    entered: list[t.Any] = []
    app = guarded_app(Flask, "constant", entered)
    app.register_error_handler(403, lambda error: enter_view())

    answer = app.test_client().get("/room/1?user=eve")

    assert (answer.status_code, entered) == (500, [])


def test_request_that_is_led_where_an_extension_dispatches_it() -> None:
    """Its new view has its guards asked, although another method replaced the gate."""
    entered: list[t.Any] = []
    app = guarded_app(Flask, "constant", entered)
    app.add_url_rule("/open/<house_id>", "open", lambda house_id: "open")

    @app.before_request
    def lead() -> None:
        request.url_rule = next(app.url_map.iter_rules("outer.rooms.room"))

    app.dispatch_request = enter_view  # type: ignore[method-assign]  # as Flask-DebugToolbar does
    client = app.test_client()

    answers = [client.get("/open/1?user=" + user).status_code for user in ("eve", "ann", "eve")]

    assert (answers, entered) == ([403, 200, 403], ["1"])
