"""Exemptions reach as far as they are written: a view is exempt, and none that calls it."""

from __future__ import annotations

import functools
import typing as t

import flask_restful
import pytest
from flask import Blueprint, Flask, Response, jsonify, request
from flask.testing import FlaskClient
from flask.views import MethodView
from werkzeug.exceptions import HTTPException

from flask_oso import FlaskOso, Oso, authorize, authorizes_inside, skip_authorization
from tests.support.sites import Site, make_app, make_site


@pytest.fixture
def app() -> Flask:
    """Give an app that requires authorization, in which nobody may do anything."""
    return make_site('allow("nobody", "read", "page");', OSO_ENFORCE="after").app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Give a client of it."""
    return app.test_client()


@skip_authorization(reason="Whoever asks may know.")
def health() -> str:
    """Answer."""
    return "healthy"


@skip_authorization
def banner() -> str:
    """Answer."""
    return "hello"


def serve(app: Flask, view: t.Any) -> None:
    """Give an app a view, and those that are exempt."""
    app.add_url_rule("/health", "health", health)
    app.add_url_rule("/banner", "banner", banner)
    app.add_url_rule("/", "view", view)


class Page(MethodView):
    """A page of a class."""

    def get(self) -> str:
        """Answer."""
        return f"SECRET {health()}"


def named(app: Flask) -> t.Any:
    """Give a view that calls one which is exempt by its name."""
    guard = FlaskOso()
    guard.init_app(app)
    guard.exempt("lobby", reason="For all.")
    app.add_url_rule("/lobby", "lobby", lambda: "lobby")
    return lambda: f"SECRET {app.view_functions['lobby']()!r}"


def within_a_factory(_: Flask) -> t.Any:
    """Give a view that finds the exempt one where both are written."""
    found = health

    @skip_authorization(reason="For all.")
    def lobby() -> str:
        return found()

    def view() -> str:
        return f"SECRET {lobby()}"

    return view


CALLERS: dict[str, t.Callable[[Flask], t.Any]] = {
    "bare view": lambda _: lambda: f"SECRET {health()}",
    "without a reason": lambda _: lambda: f"SECRET {banner()}",
    "promise": lambda _: authorizes_inside(lambda: f"SECRET {health()}"),
    "class": lambda _: Page.as_view("view"),
    "answer that is made of it": lambda _: lambda: jsonify(banner(), "SECRET"),
    "several": lambda _: lambda: f"{health()} SECRET {banner()}",
    "what it gives is dropped": lambda _: lambda: (health(), "SECRET")[1],
    "by name": named,
    "within a factory": within_a_factory,
}


@pytest.mark.parametrize("make", CALLERS.values(), ids=CALLERS)
def test_view_that_calls_an_exempt_one_is_not_exempt(
    app: Flask, client: FlaskClient, make: t.Callable[[Flask], t.Any]
) -> None:
    """It has to authorize, as it would without the call."""
    serve(app, make(app))

    answer = client.get("/")

    assert answer.status_code == 500
    assert "SECRET" not in answer.text
    assert client.get("/health").text == "healthy"


def _add(given: t.Any, key: str | int, value: object) -> t.Any:
    given[key] = value
    return given


def _say(given: Response, data: str) -> Response:
    given.set_data(data)
    return given


@pytest.mark.parametrize(
    ("give", "change", "expected"),
    [
        (lambda: {"number": 1}, lambda given: _add(given, "more", "SECRET"), 500),
        (lambda: {"number": 1}, lambda given: _add(given, "number", "SECRET"), 500),
        (
            lambda: {"in": {"number": 1}},
            lambda given: _add(given["in"], "x", "SECRET") and given,
            500,
        ),
        (lambda: [1, 2], lambda given: _add(given, 0, "SECRET"), 500),
        (lambda: Response("hello"), lambda given: _say(given, "SECRET"), 500),
        (lambda: {"number": [1, {"x": 1.5}]}, lambda given: given, 200),
        (lambda: Response("hello"), lambda given: given.add_etag() or given, 200),
        (lambda: Response(iter(["hello"])), lambda given: given.add_etag() or given, 200),
    ],
)
def test_what_an_exempt_view_gave_is_no_answer_once_it_is_changed(
    app: Flask, client: FlaskClient, give: t.Any, change: t.Any, expected: int
) -> None:
    """Who adds something to it has to authorize."""
    # A view that calls it knows it by its name.
    give.__name__ = "given"
    given = skip_authorization(reason="For all.")(give)
    app.add_url_rule("/", "view", lambda: change(given()))

    answer = client.get("/")

    assert answer.status_code == expected
    assert "SECRET" not in answer.text


@pytest.mark.parametrize(
    ("answer", "expected"), [(lambda given: given, 200), (lambda _: "SECRET", 500)]
)
def test_method_that_calls_an_exempt_one_of_its_class_is_not_exempt(
    app: Flask, client: FlaskClient, answer: t.Any, expected: int
) -> None:
    """It may answer what that gives, as a function may."""

    class Pair(MethodView):
        @skip_authorization(reason="For all.")
        def get(self) -> str:
            return "hello"

        def post(self) -> t.Any:
            return answer(self.get())

    serve(app, Pair.as_view("view"))

    assert client.post("/").status_code == expected
    assert [client.get("/").text, client.head("/").status_code] == ["hello", 200]


def test_function_before_views_that_calls_an_exempt_view_exempts_none(
    app: Flask, client: FlaskClient
) -> None:
    """What it asks for is not what the view is asked for."""
    app.before_request(lambda: health() and None)
    serve(app, lambda: "SECRET")

    assert client.get("/").status_code == 500


def test_function_before_a_class_that_dispatches_itself_exempts_none(
    app: Flask, client: FlaskClient
) -> None:
    """Which method is entered only the class knows, and the function is none."""

    class Own(MethodView):
        def dispatch_request(self, **_: t.Any) -> str:
            return f"SECRET {health()}"

        def get(self) -> str:
            return ""

    app.before_request(lambda: health() and None)
    serve(app, Own.as_view("view"))

    assert client.get("/").status_code == 500


def test_exemption_that_a_class_makes_for_each_request_is_its_own(
    app: Flask, client: FlaskClient
) -> None:
    """Flask-RESTful decorates a method when it is called."""

    class Open(flask_restful.Resource):
        method_decorators: t.ClassVar[t.Any] = {"get": [skip_authorization]}

        def get(self) -> t.Any:
            return {"text": "open"}

    serve(app, Open.as_view("view"))

    assert client.get("/").json == {"text": "open"}


def test_exempt_helper_of_a_decorator_does_not_stand_for_the_guard_below(
    app: Flask, client: FlaskClient
) -> None:
    """The decorator answers in place of the view, whose guard was not reached."""
    guarded = authorize("read", "page")(lambda: "SECRET")
    serve(app, lambda: guarded)
    app.view_functions["view"] = _answering_above(guarded)

    assert client.get("/").status_code == 500


def _answering_above(view: t.Any) -> t.Any:
    def answer() -> str:
        return f"SECRET {health()}"

    answer.__wrapped__ = view  # type: ignore[attr-defined]
    return answer


@pytest.mark.parametrize(
    "view",
    [lambda: health(), authorizes_inside(lambda: health()), lambda: banner(), health],
)
def test_view_that_answers_what_an_exempt_one_gives_is_exempt(
    app: Flask, client: FlaskClient, view: t.Any
) -> None:
    """A start page may be the page for everybody."""
    serve(app, view)

    assert client.get("/").status_code == 200


def test_function_before_views_may_answer_what_an_exempt_view_gives(
    app: Flask, client: FlaskClient
) -> None:
    """A page that an application shows while it is closed."""
    serve(app, lambda: "SECRET")
    app.before_request(health)

    assert client.get("/").text == "healthy"
    assert client.get("/nowhere").text == "healthy"


def test_error_handler_may_answer_what_an_exempt_view_gives(
    app: Flask, client: FlaskClient
) -> None:
    """The page for a failure is for everybody."""

    def fail() -> t.NoReturn:
        raise KeyError

    serve(app, fail)
    app.register_error_handler(KeyError, lambda error: f"Try later: {health()}")

    assert client.get("/").text == "Try later: healthy"


def test_exempt_view_below_a_decorator_that_does_not_say_what_it_wraps(
    app: Flask, client: FlaskClient
) -> None:
    """It is the view itself, whatever becomes of its answer."""

    def as_json(view: t.Any) -> t.Any:
        def answer() -> Response:
            return jsonify(view())

        return answer

    serve(app, as_json(health))

    assert client.get("/").json == "healthy"


def test_exempt_method_that_a_class_enters_in_its_own_way(app: Flask, client: FlaskClient) -> None:
    """Which method answers only the class knows."""

    class Own(MethodView):
        def dispatch_request(self, **_: t.Any) -> str:
            return f"<p>{self.find()}</p>"

        @skip_authorization
        def find(self) -> str:
            return "found"

        def get(self) -> str:
            return "SECRET"

    serve(app, Own.as_view("view"))

    assert client.get("/").text == "<p>found</p>"


def test_view_of_two_endpoints_is_exempt_under_both(app: Flask, client: FlaskClient) -> None:
    """The decorator stands on the view."""
    serve(app, health)

    assert [client.get(path).status_code for path in ("/", "/health")] == [200, 200]


def test_exempt_views_of_a_blueprint_exempt_no_view_outside(
    app: Flask, client: FlaskClient
) -> None:
    """The blueprint is exempt, and not who calls a view of it."""
    guard = FlaskOso()
    guard.init_app(app)
    lobby = Blueprint("lobby", __name__, url_prefix="/lobby")
    lobby.add_url_rule("/", "hall", lambda: "hall")
    guard.exempt(lobby, reason="For all.")
    app.register_blueprint(lobby)
    serve(app, lambda: f"SECRET {app.view_functions['lobby.hall']()!r}")

    assert client.get("/").status_code == 500
    assert client.get("/lobby/").text == "hall"


def test_denial_that_a_view_caught_is_not_lifted_by_a_view_that_it_calls() -> None:
    """A strict app answers 403 where something was denied and nothing allowed."""
    oso = Oso()
    oso.load_str('allow("nobody", "read", "page");')
    app = make_app("strict", OSO_ENFORCE="strict")
    guard = FlaskOso(oso, app)
    guard.set_get_actor(lambda: "eve")

    @authorizes_inside
    def view() -> str:
        try:
            guard.authorize("read", "page")
        except HTTPException:
            return f"SECRET {health()}"
        return ""

    serve(app, view)

    assert app.test_client().get("/").status_code == 403


def keep(view: t.Any) -> t.Any:
    """Decorate a view so that it gives everybody what Ann was given."""

    @functools.wraps(view)
    def answer(*args: t.Any) -> t.Any:
        return view(*args) if request.args["user"] == "ann" else "SECRET"

    return answer


def exempt(site: Site, how: str) -> None:
    """Exempt a view that has a guard of its own, or what it is in."""
    reason = "It has a guard."
    rooms, view = Blueprint("rooms", "rooms"), keep(authorize("read", "page")(lambda: "SECRET"))
    of_class = type("Kept", (Page,), {"get": keep(authorize("read", "page")(lambda _: "SECRET"))})
    names = {"blueprint by name": "rooms", "endpoint": "rooms.view"}
    targets: dict[str, t.Any] = {"blueprint": rooms, "view": view, "class": of_class, **names}
    make: dict[str, t.Callable[[], t.Any]] = {
        "class": lambda: of_class.as_view("view"),  # type: ignore[attr-defined]
        "decorator": lambda: skip_authorization(reason=reason)(view),
        "decorator without a reason": lambda: skip_authorization(view),
    }
    rooms.add_url_rule("/", "view", make.get(how, lambda: view)())
    if how in targets:
        site.guard.exempt(targets[how], reason=reason)
    site.app.register_blueprint(rooms)


@pytest.mark.parametrize("level", ["after", "strict"])
@pytest.mark.parametrize(
    "how",
    [
        "blueprint",
        "blueprint by name",
        "endpoint",
        "view",
        "class",
        "decorator",
        "decorator without a reason",
    ],
)
def test_exemption_lifts_no_guard_of_the_view_itself(how: str, level: str) -> None:
    """It stands all the same, so that an answer that is kept above it does not leave."""
    site = make_site(OSO_ENFORCE=level)
    exempt(site, how)

    answers = [site.open("/", user) for user in ("ann", "eve")]

    assert answers[0].text == "SECRET"
    assert (answers[1].status_code, "SECRET" in answers[1].text) == (500, False)


def test_exemption_of_a_request_is_not_taken_back_by_that_of_its_view() -> None:
    """A function before the views exempts all that answers."""
    site = make_site(OSO_ENFORCE="strict")
    site.app.before_request(lambda: site.guard.skip_authorization(reason="It is a drill."))
    exempt(site, "decorator")

    assert site.open("/", "eve").text == "SECRET"
