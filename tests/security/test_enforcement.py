"""Attacks and faults at the gates: no protected view is entered."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Iterator

import flask
import pytest
from flask import Blueprint, Flask, abort, g, redirect
from flask.views import MethodView

from flask_oso import FlaskOso, Oso, OsoError, authorize, authorizes_inside, skip_authorization
from tests.support.sites import PLACES, guard_start_page, make_app, make_site


def is_closed(response: t.Any, *statuses: int) -> bool:
    """Tell whether a response has one of the statuses and shows nothing."""
    return response.status_code in statuses and b"SECRET" not in response.data


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("user", ["eve", "", "ann ", "ANN", "root\x00"])
def test_user_without_a_rule(site: t.Any, place: str, user: str) -> None:
    """A user without a rule is answered 403 at every gate."""
    guard_start_page(site, place)

    assert is_closed(site.open("/", user), 403)
    assert site.entered == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "error",
    [AttributeError, KeyError, StopIteration, GeneratorExit, RecursionError, MemoryError],
)
def test_actor_function_that_raises(site: t.Any, place: str, error: type[BaseException]) -> None:
    """Whatever the actor function raises, the view is not entered."""

    def get_actor() -> t.NoReturn:
        raise error

    site.guard.set_get_actor(get_actor)
    guard_start_page(site, place)
    site.app.testing = True

    with pytest.raises((error, OsoError)):
        site.open("/", "root")

    assert site.entered == []


@pytest.mark.parametrize("place", PLACES)
def test_actor_function_that_is_missing(place: str) -> None:
    """Without a current user there is an error, not an anonymous visit."""
    site = make_site("allow(_, _, _);")
    site.app.before_request(lambda: g.pop("current_user", None) and None)
    guard_start_page(site, place)

    assert is_closed(site.open("/", "root"), 500)
    assert site.entered == []


def test_actor_that_a_lookup_did_not_find(site: t.Any) -> None:
    """'actor=lookup()' that finds nobody is not judged as the session's user."""

    known: dict[str, str] = {}

    @site.app.get("/")
    def view() -> t.Any:
        site.guard.authorize("page", actor=known.get("nobody"))
        return site.enter()

    assert is_closed(site.open("/", "root"), 403)


@pytest.mark.parametrize("actor", ["", 0, [], {}, False, 0.0])
@pytest.mark.parametrize("action", ["", 0, False])
def test_falsy_actor_and_action(site: t.Any, actor: t.Any, action: t.Any) -> None:
    """Falsy values are used as they are."""

    @site.app.get("/")
    def view() -> t.Any:
        site.guard.authorize("page", actor=actor, action=action)
        return site.enter()

    assert is_closed(site.open("/", "root"), 403)


@pytest.mark.parametrize("resource", [None, 0, "", {}, [], False])
def test_falsy_resource(site: t.Any, resource: t.Any) -> None:
    """A falsy resource is no wildcard."""
    site.app.add_url_rule("/", "view", authorize(resource=resource)(lambda: site.enter()))

    assert is_closed(site.open("/", "ann"), 403)


FAULTS = {
    "no rule": "other(1);",
    "attribute": "allow(_, _, r) if r.misspelt;",
    "negated attribute": "allow(_, _, r) if not r.misspelt = 1;",
    "forall": "allow(_, _, r) if forall(x in r.misspelt, x = 1);",
    "call": "allow(_, _, r) if r.path();",
    "raising method": "allow(_, _, r) if r.get_data(1, 2, 3, 4, 5);",
    "recursion": "allow(a, b, c) if allow(a, b, c);",
    "iteration": "allow(_, _, r) if x in 1 and x = r;",
    "types": "allow(_, _, r) if r.path < 1;",
    "arithmetic": "allow(_, _, r) if r.content_length + 1 > 0;",
}


@pytest.mark.parametrize("handler", ["no handler", "answers 200"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_policy_that_fails(fault: str, place: str, handler: str) -> None:
    """A broken policy is a refusal, and a handler that hides it enters no view."""
    site = make_site(FAULTS[fault])
    guard_start_page(site, place)
    if handler == "answers 200":
        site.app.register_error_handler(Exception, lambda error: ("sorry", 200))

    response = site.open("/", "root")

    allowed = (200, 500) if place == "inside" and handler == "answers 200" else (403, 500)
    assert is_closed(response, *allowed)
    assert site.entered == []


@pytest.mark.parametrize("place", PLACES)
def test_handler_for_403_may_answer(site: t.Any, place: str) -> None:
    """The app's own 403 page or redirect is sent, and the view is not entered."""
    site.app.register_error_handler(403, lambda error: redirect("/login"))
    guard_start_page(site, place)

    assert site.open("/").location == "/login"
    assert site.entered == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("answer", [None, "log in", ("no", 418), ("", 204), redirect("/login")])
def test_unauthorized_action_that_returns(site: t.Any, place: str, answer: t.Any) -> None:
    """What it returns is the response, or 403; the view is not entered."""
    site.guard.set_unauthorized_action(lambda: answer)
    guard_start_page(site, place)

    assert is_closed(site.open("/"), 200, 204, 302, 403, 418)
    assert site.entered == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("answer", [False, 42, object()])
def test_unauthorized_action_that_returns_nonsense(site: t.Any, place: str, answer: t.Any) -> None:
    """What cannot be a response is an error."""
    site.guard.set_unauthorized_action(lambda: answer)
    guard_start_page(site, place)

    assert is_closed(site.open("/"), 500)
    assert site.entered == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("status", [401, 404, 418])
def test_unauthorized_action_that_aborts(site: t.Any, place: str, status: int) -> None:
    """The status that the action chooses is sent."""
    site.guard.set_unauthorized_action(lambda: abort(status))
    guard_start_page(site, place)

    assert is_closed(site.open("/"), status)
    assert site.entered == []


# -- forgotten checks ----------------------------------------------------------------


def test_forgotten_check(demanding: t.Any) -> None:
    """A view that forgot its check shows nothing."""
    demanding.app.add_url_rule("/", "view", lambda: demanding.enter())

    assert is_closed(demanding.open("/", "root"), 500)


def test_decorator_in_the_wrong_place(demanding: t.Any) -> None:
    """A view whose decorator missed it shows nothing."""
    authorize(demanding.app.get("/")(lambda: demanding.enter()))

    assert is_closed(demanding.open("/", "root"), 500)


@pytest.mark.parametrize("owner", ["app", "blueprint"])
def test_early_answer_of_a_hook(demanding: t.Any, owner: str) -> None:
    """An answer in place of the view is not sent unless somebody authorized."""
    blueprint = Blueprint("shop", "shop")
    blueprint.add_url_rule("/", "view", authorize(lambda: demanding.enter()))
    {"app": demanding.app, "blueprint": blueprint}[owner].before_request(lambda: "SECRET")
    demanding.app.register_blueprint(blueprint)

    assert is_closed(demanding.open("/", "root"), 500)
    assert demanding.entered == []


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("kind", [ValueError, Exception])
def test_error_handler_that_serves_data(
    demanding: t.Any, kind: type[Exception], status: int
) -> None:
    """The answer of an error handler is not sent in place of a check, whatever its status."""
    demanding.app.register_error_handler(ValueError, lambda error: ("SECRET", status))

    @demanding.app.get("/")
    @authorizes_inside
    def view() -> t.NoReturn:
        raise ValueError

    assert is_closed(demanding.open("/", "root"), 404, 500)


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_function_that_raises(when: str) -> None:
    """A function after the request that raises does not open a way past the check."""
    app = make_app()

    def fail(response: t.Any) -> t.NoReturn:
        raise ValueError

    hooks = {"before": [fail], "after": []}[when], {"before": [], "after": [fail]}[when]
    for hook in hooks[0]:
        app.after_request(hook)
    FlaskOso(make_app_oso(), app).require_authorization()
    for hook in hooks[1]:
        app.after_request(hook)
    app.register_error_handler(Exception, lambda error: ("SECRET", 200))
    app.add_url_rule("/", "view", lambda: "SECRET")

    assert not shows(app, "SECRET")


def make_app_oso() -> Oso:
    """Give an Oso that allows everything."""
    oso = Oso()
    oso.load_str("allow(_, _, _);")
    return oso


def shows(app: Flask, text: str) -> bool:
    """Tell whether the app shows a text; an error at the WSGI border shows nothing."""
    try:
        return text.encode() in app.test_client().get("/").data
    except OsoError:
        return False


def test_after_function_that_answers() -> None:
    """A function that runs after the check and answers success is stopped at the border."""
    app = make_app()
    app.after_request(lambda response: flask.make_response("SECRET", 200))
    FlaskOso(make_app_oso(), app).require_authorization()
    app.add_url_rule("/", "view", lambda: "SECRET")

    assert not shows(app, "SECRET")


def test_function_after_this_request_that_raises(site: t.Any) -> None:
    """One registered by the view itself is no way either."""
    site.guard.require_authorization(site.app)
    site.app.register_error_handler(Exception, lambda error: ("SECRET", 200))

    @site.app.get("/")
    def view() -> str:
        @flask.after_this_request
        def fail(response: t.Any) -> t.NoReturn:
            raise ValueError

        return "SECRET"

    assert not shows(site.app, "SECRET")


@pytest.mark.parametrize("decorator", [authorize, skip_authorization, authorizes_inside])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_guard_above_the_route(site: t.Any, decorator: t.Any, method: str) -> None:
    """Without any requirement, a guard that misses its view stops the app."""
    route = site.app.route("/", methods=["GET", "POST"], endpoint="view")
    decorator(route(lambda: site.enter()))

    assert is_closed(site.open("/", "root", method=method), 500)
    assert site.entered == []


def stream() -> Iterator[str]:
    """Give a body piece by piece."""
    yield "SECRET"


ANSWERS = {
    "text": "SECRET",
    "json": {"SECRET": 1},
    "stream": lambda: stream(),
    "header": ("", 200, {"X-Secret": "SECRET"}),
    "redirect": lambda: redirect("/SECRET"),
    "file": lambda: flask.send_file(__file__),
    "wsgi": lambda: flask.Response(stream(), direct_passthrough=True),
    **{str(code): ("SECRET", code, {"X-Secret": "SECRET"}) for code in (201, 204, 206, 304, 400)},
    **{str(code): ("SECRET", code, {"Location": "/SECRET"}) for code in (301, 404, 500, 599)},
    "reason": ("SECRET", "404 SECRET"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_forgotten_check_with_any_answer(site: t.Any, answer: str) -> None:
    """Whatever a view answers that forgot its check, nothing of it is sent."""
    site.guard.require_authorization(site.app)
    given: t.Any = ANSWERS[answer]
    site.app.add_url_rule("/", "view", lambda: given() if callable(given) else given)

    response = site.open("/", "root", buffered=True)

    assert response.status_code >= 400
    assert "SECRET" not in f"{response.status}{response.headers}{response.text}"


# -- exemptions and several guards ---------------------------------------------------


@pytest.mark.parametrize("order", ["outside", "inside"])
def test_skip_with_a_denial(demanding: t.Any, order: str) -> None:
    """A denial stands, on whichever side the exemption is written."""
    outer, inner = t.cast(
        dict[str, t.Any],
        {
            "outside": (skip_authorization, authorize),
            "inside": (authorize, skip_authorization),
        },
    )[order]
    demanding.app.add_url_rule("/", "view", outer(inner(lambda: demanding.enter())))

    assert is_closed(demanding.open("/"), 403)


def test_skip_under_route_authorization(site: t.Any) -> None:
    """An exemption from the requirement is none from the judgement of routes."""
    site.guard.perform_route_authorization(site.app)
    site.app.add_url_rule("/", "view", skip_authorization(lambda: site.enter()))

    assert is_closed(site.open("/"), 403)


def test_skip_does_not_reach_the_next_request(site: t.Any) -> None:
    """An exemption ends with its request."""
    site.guard.require_authorization(site.app)
    site.app.add_url_rule("/open", "open", skip_authorization(lambda: "open"))
    site.app.add_url_rule("/", "view", lambda: site.enter())

    with site.app.app_context():
        answers = [site.open(path).status_code for path in ("/open", "/")]

    assert answers == [200, 500]


@pytest.mark.parametrize("actions", [("read", "write"), ("write", "read")])
def test_two_guards(site: t.Any, actions: tuple[str, str]) -> None:
    """Both decorators must pass."""
    view: t.Any = lambda: site.enter()  # noqa: E731
    for action in actions:
        view = authorize(resource="page", action=action)(view)
    site.app.add_url_rule("/", "view", view)

    assert is_closed(site.open("/", "ann"), 403)
    assert site.entered == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_class_based_view(site: t.Any, method: str) -> None:
    """Every method of a guarded class is guarded."""

    class Page(MethodView):
        decorators: t.ClassVar[list[t.Any]] = [authorize(resource="page")]

        def get(self) -> t.Any:
            return site.enter()

        post = delete = get

    site.app.add_url_rule("/", view_func=Page.as_view("page"))

    assert is_closed(site.open("/", method=method), 403)
    assert site.entered == []


def test_nested_and_late_blueprints(site: t.Any) -> None:
    """Views of blueprints that are registered last are judged like all others."""
    site.guard.perform_route_authorization(site.app)
    outer, inner = Blueprint("outer", "outer"), Blueprint("inner", "inner")
    inner.add_url_rule("/deep", "view", lambda: site.enter())
    outer.register_blueprint(inner, url_prefix="/inner")
    site.app.register_blueprint(outer, url_prefix="/outer")

    assert is_closed(site.open("/outer/inner/deep"), 403)
    assert site.entered == []


def test_static_files_under_route_authorization(tmp_path: pathlib.Path) -> None:
    """Static files of app and blueprint are judged where routes are."""
    (tmp_path / "a.txt").write_text("SECRET")
    app = make_app(static=tmp_path)
    app.register_blueprint(
        Blueprint("shop", "shop", static_folder=str(tmp_path), static_url_path="/shop")
    )
    extension = FlaskOso(Oso(), app)
    extension.oso.load_str('allow("ann", _, _);')
    extension.set_get_actor(lambda: "eve")
    extension.perform_route_authorization()

    client = app.test_client()
    assert all(is_closed(client.get(f"/{path}/a.txt"), 403) for path in ("static", "shop"))


# -- missing parts -------------------------------------------------------------------


@pytest.mark.parametrize("decorator", [authorize, skip_authorization, authorizes_inside])
def test_no_init_app(decorator: t.Any) -> None:
    """A decorator on an app without FlaskOso refuses."""
    app = make_app()
    app.add_url_rule("/", "view", decorator(lambda: "SECRET"))

    assert is_closed(app.test_client().get("/"), 500)


@pytest.mark.parametrize("place", PLACES)
def test_no_oso(site: t.Any, place: str) -> None:
    """An app without an Oso refuses."""
    app = make_app()
    extension = FlaskOso(app=app)
    extension.set_get_actor(lambda: "root")
    bare = type(site)(app, extension)
    guard_start_page(bare, place)

    assert is_closed(bare.open("/"), 500)
    assert bare.entered == []


def test_no_context(site: t.Any) -> None:
    """Without a context nothing is decided."""
    with pytest.raises(OsoError, match="Application context doesn't exist"):
        site.guard.authorize("page", actor="root", action="read")


def test_two_extensions() -> None:
    """A second, more generous extension does not speak for the first."""
    site = make_site()
    second = FlaskOso(make_app_oso(), site.app)
    guard_start_page(site, "decorator")

    assert second.oso is not None
    assert is_closed(site.open("/"), 403)


def test_two_apps() -> None:
    """The policy of the current app decides, also within another's request."""
    generous, strict = make_site("allow(_, _, _);"), make_site('allow("ann", _, _);')

    @generous.app.get("/")
    def view() -> t.Any:
        with strict.app.app_context():
            strict.guard.authorize("page", actor="eve", action="read")
        return generous.enter()

    assert is_closed(generous.open("/"), 403)


def test_decision_of_another_app_does_not_count() -> None:
    """A request that another app's policy allowed is not authorized for this one."""
    mine, other = make_site(), make_site("allow(_, _, _);")
    mine.guard.require_authorization(mine.app)

    @mine.app.get("/")
    def view() -> t.Any:
        with other.app.app_context():
            other.guard.authorize("page", actor="eve", action="read")
        return "SECRET"

    assert is_closed(mine.open("/"), 500)
