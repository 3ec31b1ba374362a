"""Who answers a request: its view, a function before it, or an error handler; what may leave."""

from __future__ import annotations

import functools
import typing as t

import flask
import pytest
from flask import Blueprint, Response, abort, redirect
from flask.views import MethodView
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, NotFound

from flask_oso import FlaskOso, Oso, OsoError, authorize, authorizes_inside, skip_authorization
from tests.support.sites import POLICY, make_app, make_site


@pytest.fixture
def strict() -> t.Any:
    """Give a site that requires authorization of all views."""
    return make_site(OSO_ENFORCE="strict", SECRET_KEY="key")


def guarded_view(site: t.Any) -> t.Any:
    """Give a view that is guarded."""
    return authorize(action="read", resource="page")(lambda: site.enter())


# -- early answers -------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("owner", ["app", "blueprint"])
def test_redirect_before_a_guarded_view_passes(demanding: t.Any, owner: str, status: int) -> None:
    """To https, or to terms that have to be accepted: the view is not entered."""
    blueprint = Blueprint("shop", "shop")
    blueprint.add_url_rule("/", "view", guarded_view(demanding))
    before = {"app": demanding.app, "blueprint": blueprint}[owner].before_request
    before(lambda: redirect("https://site/", status))
    demanding.app.register_blueprint(blueprint)

    response = demanding.open("/", "eve")

    assert (response.status_code, response.location) == (status, "https://site/")
    assert demanding.entered == []


def test_redirect_keeps_its_cookies(strict: t.Any) -> None:
    """What the function noted in the session is there when the client comes back."""

    @strict.app.before_request
    def accept_terms() -> t.Any:
        flask.session["next"] = "/"
        return redirect("/terms")

    strict.app.add_url_rule("/", "view", guarded_view(strict))

    assert "session=" in strict.open("/").headers["Set-Cookie"]


def test_redirect_before_a_route_is_judged_passes(site: t.Any) -> None:
    """Where routes are judged it does not matter which function was registered first."""
    site.guard.perform_route_authorization(site.app)
    site.app.before_request(lambda: redirect("https://site/"))
    site.app.add_url_rule("/", "view", site.enter)

    assert [site.open("/", user).status_code for user in ("ann", "eve")] == [302, 302]


def test_redirect_of_a_function_that_was_registered_before_init_app() -> None:
    """The order of registration does not matter for it either."""
    app = make_app(OSO_ENFORCE="strict")
    app.before_request(lambda: redirect("https://site/"))
    prepare(app)
    app.add_url_rule("/", "view", authorize(action="read", resource="page")(lambda: "SECRET"))

    assert app.test_client().get("/").status_code == 302


def prepare(app: flask.Flask) -> None:
    """Give an app a policy that allows little."""
    FlaskOso(Oso(), app).oso.load_str('allow("ann", "read", "page");')


@pytest.mark.parametrize("answer", ["SECRET", ("SECRET", 201), ("", 204), ("SECRET", 300)])
def test_answer_before_a_guarded_view_is_withheld(demanding: t.Any, answer: t.Any) -> None:
    """Anything else than a redirect looks like the page itself."""
    demanding.app.before_request(lambda: answer)
    demanding.app.add_url_rule("/", "view", guarded_view(demanding))

    response = demanding.open("/", "ann")

    assert (response.status_code, "SECRET" in response.text) == (500, False)
    assert demanding.entered == []


@pytest.mark.parametrize("door", ["blueprint", "function", "route"])
def test_answer_between_two_guards_of_a_guarded_view_is_withheld(door: str) -> None:
    """What lets a request come to a view says nothing of what the view's own guard would decide."""
    doors = 'allow(_, "enter", "site"); allow(_, "GET", _: Request);'
    site: t.Any = make_site(doors + POLICY)
    site.guard.require_authorization(site.app)
    rooms = Blueprint("rooms", "rooms")
    rooms.add_url_rule("/", "view", guarded_view(site))
    if door == "blueprint":
        site.guard.guard(rooms, "enter", "site")
    elif door == "function":
        site.app.before_request(lambda: site.guard.authorize("enter", "site"))
    else:
        site.guard.perform_route_authorization(site.app)
    rooms.before_request(lambda: "SECRET")
    site.app.register_blueprint(rooms)

    response = site.open("/", "eve")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


def test_answer_to_an_error_before_any_function_is_withheld(demanding: t.Any) -> None:
    """A receiver of 'request_started' that raises keeps the gate from hearing of the request."""
    demanding.app.add_url_rule("/", "view", guarded_view(demanding))
    demanding.app.register_error_handler(ZeroDivisionError, lambda error: "SECRET")

    with flask.request_started.connected_to(lambda app: 1 / 0, demanding.app):
        response = demanding.open("/", "eve")

    assert response.status_code == 500
    assert "SECRET" not in response.text


def test_answer_to_an_error_on_both_sides_of_the_functions_is_withheld(demanding: t.Any) -> None:
    """Where no gate of the app has heard of the request, the last look finds it all the same."""
    demanding.app.add_url_rule("/", "view", guarded_view(demanding))
    demanding.app.register_error_handler(500, lambda error: ("SECRET", 200))
    demanding.app.after_request(lambda response: 1 / 0)

    with (
        flask.request_started.connected_to(lambda app: 1 / 0, demanding.app),
        pytest.raises(OsoError, match="its answer was withheld"),
    ):
        demanding.open("/", "eve")


def test_redirect_without_a_target_is_withheld(demanding: t.Any) -> None:
    """A status alone sends nobody elsewhere."""
    demanding.app.before_request(lambda: ("SECRET", 302))
    demanding.app.add_url_rule("/", "view", guarded_view(demanding))

    assert "SECRET" not in demanding.open("/", "ann").text


def test_redirect_of_a_view_that_forgot_its_check_is_withheld(demanding: t.Any) -> None:
    """Only a function before the view may send clients elsewhere."""

    @demanding.app.get("/")
    @authorizes_inside
    def view() -> t.Any:
        return redirect("/SECRET")

    response = demanding.open("/", "ann")

    assert (response.status_code, response.location) == (500, None)


def test_early_answer_names_the_function(strict: t.Any) -> None:
    """The error says which one it is, where it stands, and how its answer may pass."""
    strict.app.before_request(lambda: None)

    @strict.app.before_request
    def show_maintenance() -> str:
        return "We are back soon."

    strict.app.before_request(lambda: None)
    strict.app.add_url_rule("/", "view", guarded_view(strict))
    strict.app.testing = True

    with pytest.raises(OsoError, match=r"^Authorize not called\.") as caught:
        strict.open("/")

    line = show_maintenance.__code__.co_firstlineno
    (note,) = caught.value.__notes__
    assert note.startswith(
        "The 'before_request' function"
        f" 'test_early_answer_names_the_function.<locals>.show_maintenance' ({__file__}:{line})"
        " answered in place of the endpoint 'view' ("
    )
    assert note.endswith(
        "; its answer was withheld. A redirect would pass. If the answer is for everybody, call"
        " 'skip_authorization(reason=…)' of the FlaskOso before it is given."
    )


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/unknown"), ("POST", "/")], ids=["no rule", "no method"]
)
def test_answer_of_no_route_is_withheld(demanding: t.Any, method: str, path: str) -> None:
    """A function that serves paths by itself has routes that nobody guards."""
    demanding.app.add_url_rule("/", "view", guarded_view(demanding), methods=["GET"])
    demanding.app.before_request(lambda: "SECRET")

    response = demanding.app.test_client().open(path, method=method)

    assert (response.status_code, "SECRET" in response.text) == (500, False)


def test_answer_of_no_route_names_the_function(strict: t.Any) -> None:
    """The error says which one it is, and that no route matches."""
    strict.app.before_request(lambda: "SECRET")
    strict.app.testing = True

    with pytest.raises(OsoError) as caught:
        strict.open("/unknown")

    (note,) = caught.value.__notes__
    assert " answered a request that matches no route; its answer was withheld. " in note


def test_answer_of_no_route_passes_if_it_is_for_everybody(strict: t.Any) -> None:
    """``skip_authorization`` says so, as for any other early answer."""

    @strict.app.before_request
    def answer() -> str:
        strict.guard.skip_authorization(reason="a health check")
        return "well"

    assert strict.open("/unknown").text == "well"


def test_page_for_unknown_urls_passes(demanding: t.Any) -> None:
    """The application's own page for 404 is no answer of a function before the views."""
    demanding.app.register_error_handler(404, lambda _: ("<main>", 200))

    assert demanding.open("/unknown").text == "<main>"


def test_early_answer_of_a_callable_object_is_named(strict: t.Any) -> None:
    """The error names a partial function that answered early."""
    strict.app.before_request(functools.partial(lambda answer: answer, "SECRET"))
    strict.app.add_url_rule("/", "view", guarded_view(strict))
    strict.app.testing = True

    with pytest.raises(OsoError) as caught:
        strict.open("/")

    assert caught.value.__notes__[0].startswith("The 'before_request' function 'partial' answered")


def test_early_answer_that_is_exempt_passes(strict: t.Any) -> None:
    """An early answer that is exempt passes, as the message of the refusal says."""

    @strict.app.before_request
    def show_maintenance() -> str:
        strict.guard.skip_authorization(reason="It is for everybody.")
        return "We are back soon."

    strict.app.add_url_rule("/", "view", guarded_view(strict))

    assert strict.open("/").text == "We are back soon."


@pytest.mark.parametrize("status", [400, 401, 404, 429, 503])
@pytest.mark.parametrize("owner", ["app", "blueprint"])
def test_refusal_before_a_guarded_view_passes(demanding: t.Any, owner: str, status: int) -> None:
    """A limit of requests, a maintenance page or a challenge needs its headers and its page."""
    blueprint = Blueprint("shop", "shop")
    blueprint.add_url_rule("/", "view", guarded_view(demanding))
    before = {"app": demanding.app, "blueprint": blueprint}[owner].before_request
    before(lambda: ("Later.", status, {"Retry-After": "9", "WWW-Authenticate": "Basic"}))
    demanding.app.register_blueprint(blueprint)

    response = demanding.open("/", "ann")

    assert (response.status_code, response.text) == (status, "Later.")
    assert (response.headers["Retry-After"], response.headers["WWW-Authenticate"]) == ("9", "Basic")
    assert demanding.entered == []


class TokenError(BadRequest):
    """What a library raises before views, with a handler of its own."""


def test_refusal_that_is_raised_before_a_guarded_view_passes(demanding: t.Any) -> None:
    """The handler of the very exception answers."""

    @demanding.app.before_request
    def check_token() -> None:
        raise TokenError("The form is too old.")

    demanding.app.register_error_handler(TokenError, lambda error: (f"! {error.description}", 400))
    demanding.app.add_url_rule("/", "view", guarded_view(demanding))

    response = demanding.open("/", "ann")

    assert (response.status_code, response.text) == (400, "! The form is too old.")


def test_redirect_that_is_raised_before_a_guarded_view_passes(demanding: t.Any) -> None:
    """A redirect that ``abort`` raises before a guarded view passes."""
    demanding.app.before_request(lambda: abort(redirect("https://site/")))
    demanding.app.add_url_rule("/", "view", guarded_view(demanding))

    assert demanding.open("/", "ann").location == "https://site/"


def test_success_that_is_raised_before_a_guarded_view_is_withheld(strict: t.Any) -> None:
    """The error does not speak of the view, which was not entered."""
    strict.app.before_request(lambda: abort(Response("SECRET")))
    strict.app.add_url_rule("/", "view", guarded_view(strict))
    strict.app.testing = True

    with pytest.raises(OsoError) as caught:
        strict.open("/")

    assert "'before_request' function" in caught.value.__notes__[0]


@pytest.mark.parametrize("answer", [redirect("/SECRET"), ("SECRET", 404)])
def test_view_that_is_called_early_and_forgot_its_check_is_withheld(
    demanding: t.Any, answer: t.Any
) -> None:
    """A function before the request that calls the view gives what the view gives."""
    app = demanding.app
    app.add_url_rule("/", "view", authorizes_inside(lambda: answer))
    app.before_request(lambda: app.view_functions["view"]())

    response = demanding.open("/", "ann")

    assert "SECRET" not in f"{response.text} {response.location}"


def test_guard_of_a_blueprint_that_fails_shows_nothing_of_its_error(strict: t.Any) -> None:
    """No decision was made, so an error handler is told nothing."""
    blueprint = Blueprint("shop", "shop")
    strict.guard.guard(blueprint, "read", "page")
    blueprint.add_url_rule("/", "view", lambda: strict.enter())
    strict.app.register_blueprint(blueprint)
    strict.guard.set_get_actor(lambda: abort(404, "SECRET"))
    strict.app.register_error_handler(404, lambda error: (str(error.description), 404))

    assert "SECRET" not in strict.open("/").text


def test_question_before_the_view_that_fails_shows_nothing_of_its_error(strict: t.Any) -> None:
    """A handler for all exceptions is not asked about one of a policy."""
    strict.guard.oso.load_str('allow(user, "ask", _) if user.nope = 1;', replace=True)
    strict.app.before_request(lambda: strict.guard.authorize("page", action="ask"))
    strict.app.register_error_handler(Exception, lambda error: (f"! {error!r}", 500))
    strict.app.add_url_rule("/", "view", guarded_view(strict))

    response = strict.open("/", "ann")

    assert (response.status_code, "PolarRuntimeError" in response.text) == (500, False)


def test_functions_before_the_request_stay_what_they_are(strict: t.Any) -> None:
    """The list of an app can be read and changed as before."""
    strict.app.add_url_rule("/", "view", guarded_view(strict))
    before = list(strict.app.before_request_funcs[None])
    strict.open("/")

    assert strict.app.before_request_funcs[None] == before
    assert list(strict.app.before_request_funcs[None]) == before


class OwnWay(flask.Flask):
    """An app that calls the functions around a request in a way of its own."""

    def preprocess_request(self) -> t.Any:
        """Call all functions, and give the last answer."""
        answers = [self.ensure_sync(each)() for each in self.before_request_funcs[None]]
        return next(filter(None, answers), None)

    def process_response(self, response: Response) -> Response:
        """Call the functions of the app, and save no session."""
        for each in reversed(self.after_request_funcs[None]):
            response = self.ensure_sync(each)(response)
        return response


@pytest.fixture
def own_way() -> flask.Flask:
    """Give an app with a class of its own that requires authorization."""
    app = OwnWay("own")
    app.config["OSO_ENFORCE"] = "strict"
    prepare(app)
    return app


def test_app_that_calls_its_functions_itself_refuses_bare_views(own_way: flask.Flask) -> None:
    """The gate before the view is one of them."""
    own_way.add_url_rule("/", "view", lambda: "SECRET")

    assert own_way.test_client().get("/").status_code == 500


def test_app_that_calls_its_functions_itself_withholds_answers(own_way: flask.Flask) -> None:
    """The gate after the view is one of them."""
    own_way.add_url_rule("/", "view", authorizes_inside(lambda: "SECRET"))

    response = own_way.test_client().get("/")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


def test_answer_without_authorization_after_one_that_was_settled(strict: t.Any) -> None:
    """What is known of one request is not known of the next."""
    strict.app.add_url_rule("/", "view", guarded_view(strict))
    strict.app.add_url_rule("/forgot", "forgot", authorizes_inside(lambda: "SECRET"))

    statuses = [strict.open(path, "ann").status_code for path in ("/", "/forgot", "/", "/forgot")]

    assert statuses == [200, 500, 200, 500]


def test_hook_that_leads_a_public_route_to_a_guarded_one(strict: t.Any) -> None:
    """Nothing is due on the first route, and something on the one that is entered."""
    strict.app.add_url_rule("/", "public", skip_authorization(lambda: "public"))
    strict.app.add_url_rule("/secret", "secret", authorizes_inside(lambda: "SECRET"))

    @strict.app.before_request
    def lead_elsewhere() -> None:
        secret = next(r for r in strict.app.url_map.iter_rules() if r.endpoint == "secret")
        flask.request.url_rule = secret

    response = strict.open("/", "ann")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


# -- the app's own pages -------------------------------------------------------------


def fail_with_404() -> t.NoReturn:
    """Find nothing, and say what."""
    abort(404, description="SECRET")


def fail_with_500() -> t.NoReturn:
    """Break, and say on what."""
    raise ValueError("SECRET")


def fail_with_a_response() -> t.NoReturn:
    """Give a page with an exception around it."""
    abort(flask.Response("SECRET", 404))


def answer_404() -> tuple[str, int]:
    """Give a page that looks like a failure."""
    return "SECRET", 404


@pytest.mark.parametrize(
    ("fail", "status"),
    [(fail_with_404, 404), (fail_with_500, 500), (fail_with_a_response, 404), (answer_404, 404)],
)
@pytest.mark.parametrize("kind", ["status", "class"])
def test_page_of_the_app_may_show(demanding: t.Any, kind: str, fail: t.Any, status: int) -> None:
    """A view that failed before it authorized is answered with it, and with nothing of its own."""

    def show(error: t.Any) -> t.Any:
        code = getattr(error, "code", 500)
        return f"Our own page: {error} {getattr(error, 'original_exception', None)}", code

    for each in (404, 500) if kind == "status" else (HTTPException, Exception):
        demanding.app.register_error_handler(each, show)
    demanding.app.add_url_rule("/", "view", authorizes_inside(fail))

    response = demanding.open("/", "ann")

    assert (response.status_code, response.text[:13]) == (status, "Our own page:")
    assert "SECRET" not in f"{response.headers}{response.text}"


@pytest.mark.parametrize("answer", [("SECRET", 200), ("SECRET", 302), ("SECRET", 410)])
def test_page_with_another_status_is_withheld(demanding: t.Any, answer: t.Any) -> None:
    """A page whose status is not that of the failure is withheld."""
    demanding.app.register_error_handler(404, lambda error: answer)
    demanding.app.add_url_rule("/", "view", authorizes_inside(answer_404))

    response = demanding.open("/", "ann")

    assert (response.status_code, "SECRET" in response.text) == (404, False)


def test_handler_for_500_that_answers_404_shows_no_page(demanding: t.Any) -> None:
    """A view that forgot its check is an error of the server, whatever is made of it."""
    demanding.app.register_error_handler(500, lambda error: ("SECRET", 404))
    demanding.app.add_url_rule("/", "view", authorizes_inside(demanding.enter))

    response = demanding.open("/", "ann")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


def test_page_that_fails_is_replaced(demanding: t.Any, caplog: t.Any) -> None:
    """A handler that counts on what the view raised is no way to another status."""
    demanding.app.register_error_handler(500, lambda error: (error.original_exception.args[0], 500))
    demanding.app.add_url_rule("/", "view", authorizes_inside(fail_with_500))

    response = demanding.open("/", "ann")

    assert (response.status_code, "SECRET" in response.text) == (500, False)
    assert "The error handler for 500 failed." in caplog.messages


# -- denials that were caught --------------------------------------------------------


def catch(site: t.Any, answer: t.Any = "SECRET") -> t.Any:
    """Ask for what is denied, and go on."""
    with pytest.raises(Forbidden):
        site.guard.authorize("page", action="read")
    return site.enter(answer)


class Page(MethodView):
    """A view that is a class."""

    decorators: t.ClassVar = [authorizes_inside]

    def get(self) -> t.Any:
        """Go on after a denial."""
        return catch(flask.current_app.extensions["site"])


async def catch_in_async_view() -> t.Any:
    """Go on after a denial."""
    return catch(flask.current_app.extensions["site"])


@pytest.mark.parametrize(
    "view",
    [
        lambda: catch(flask.current_app.extensions["site"]),
        lambda: catch(flask.current_app.extensions["site"], ("SECRET", 201)),
        lambda: catch(flask.current_app.extensions["site"], redirect("/SECRET")),
        lambda: catch(flask.current_app.extensions["site"], iter(["SECRET"])),
        Page.as_view("page"),
        catch_in_async_view,
    ],
)
def test_caught_denial_is_answered_403(strict: t.Any, view: t.Any, caplog: t.Any) -> None:
    """Something was denied and nothing allowed, so no success leaves; the log names the view."""
    strict.app.extensions["site"] = strict
    strict.app.add_url_rule("/", "view", authorizes_inside(view))

    response = strict.open("/", "eve")

    assert response.status_code == 403
    assert "SECRET" not in f"{response.headers}{response.text}"
    assert "answered although it was denied, and nothing was allowed" in caplog.text
    assert "the endpoint 'view'" in caplog.text.lower()


def test_caught_denial_shows_the_page_for_403(strict: t.Any) -> None:
    """A denial that a view caught is answered by the app's own page for 403."""
    strict.app.register_error_handler(403, lambda error: ("Not for you.", 403))
    strict.app.add_url_rule("/", "view", authorizes_inside(lambda: catch(strict)))

    assert strict.open("/", "eve").text == "Not for you."


def test_caught_denial_of_a_missing_object(strict: t.Any) -> None:
    """An object that is not there is denied, and a view that catches that has no success."""
    strict.guard.loader(Page)(lambda key: None)

    @strict.app.get("/")
    @authorizes_inside
    def view() -> t.Any:
        with pytest.raises(NotFound):
            strict.guard.load(Page, 1, action="read")
        return strict.enter()

    assert strict.open("/", "eve").status_code == 403


def test_denial_that_a_function_before_the_view_caught(strict: t.Any) -> None:
    """A denial caught before the view counts for the view until something is allowed."""
    strict.app.before_request(lambda: catch(strict, None))
    strict.app.add_url_rule("/inside", "inside", authorizes_inside(lambda: "SECRET"))
    view = authorize(actor="ann", action="read", resource="page")(lambda: "page")
    strict.app.add_url_rule("/", "view", view)

    assert [strict.open(path, "eve").status_code for path in ("/inside", "/")] == [403, 200]


@pytest.mark.parametrize("order", ["before", "after"])
def test_caught_denial_beside_an_allow_passes(strict: t.Any, order: str) -> None:
    """A view may show less to those who may see less."""

    @strict.app.get("/")
    @authorizes_inside
    def view() -> str:
        for actor in {"before": ("ann", "eve"), "after": ("eve", "ann")}[order]:
            try:
                strict.guard.authorize("page", action="read", actor=actor)
            except Forbidden:
                continue
        return "page"

    assert strict.open("/", "eve").text == "page"


def test_caught_denial_of_an_exempt_view_passes(strict: t.Any) -> None:
    """A view that is exempt for a reason may catch a denial."""
    view = skip_authorization(reason="Everybody may look.")(lambda: catch(strict, "page"))
    strict.app.add_url_rule("/", "view", view)

    assert strict.open("/", "eve").text == "page"


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (lambda error: redirect("/login"), 302),
        (lambda error: ("no", 418), 418),
        (lambda error: "no", 403),
    ],
)
def test_handler_for_a_denial(strict: t.Any, handler: t.Any, status: int) -> None:
    """A handler may send the client elsewhere, and does not make a success of a denial."""
    strict.app.register_error_handler(403, handler)
    strict.app.add_url_rule("/", "view", guarded_view(strict))

    assert strict.open("/", "eve").status_code == status


@pytest.mark.parametrize(("answer", "status"), [("log in", 200), (redirect("/login"), 302)])
def test_unauthorized_action_of_a_strict_app(strict: t.Any, answer: t.Any, status: int) -> None:
    """What the program has for denials is its answer, whatever the status."""
    strict.guard.set_unauthorized_action(lambda: answer)
    strict.app.add_url_rule("/", "view", guarded_view(strict))

    assert strict.open("/", "eve").status_code == status


def test_unauthorized_action_that_a_view_catches(strict: t.Any) -> None:
    """A view that caught the answer of 'set_unauthorized_action' answers 403, and nothing else."""
    strict.guard.set_unauthorized_action(lambda: redirect("/login"))

    @strict.app.get("/")
    @authorizes_inside
    def view() -> str:
        with pytest.raises(HTTPException):
            strict.guard.authorize("page", action="read")
        return "SECRET"

    assert strict.open("/", "eve").status_code == 403


@pytest.mark.parametrize("answers", [redirect("/login"), ("log in", 403), ("log in", 200)])
def test_answer_to_a_denial_that_a_view_only_looks_at(strict: t.Any, answers: t.Any) -> None:
    """A view may read what would have been answered, and that is not what it answers."""
    strict.guard.set_unauthorized_action(lambda: answers)

    @strict.app.get("/")
    @authorizes_inside
    def view() -> str:
        with pytest.raises(HTTPException) as caught:
            strict.guard.authorize("page", action="read")
        caught.value.get_response()
        return "SECRET"

    assert strict.open("/", "eve").status_code == 403


@pytest.mark.parametrize("of", ["error", "response"])
def test_answer_to_a_denial_that_a_handler_gives_on_passes(strict: t.Any, of: str) -> None:
    """The page of the program is the answer, also where a handler of the application has it."""
    give = {"error": lambda error: error, "response": lambda error: error.get_response()}
    strict.guard.set_unauthorized_action(lambda: "log in")
    strict.app.register_error_handler(HTTPException, give[of])
    strict.app.add_url_rule("/", "view", guarded_view(strict))

    answer = strict.open("/", "eve")

    assert (answer.status_code, answer.text) == (200, "log in")


@pytest.mark.parametrize("registered", ["before", "after"])
def test_denial_behind_a_failing_after_function(registered: str) -> None:
    """An error handler that makes a success of it is stopped, at the gate or at the border."""
    app = make_app(OSO_ENFORCE="strict")

    def fail(response: t.Any) -> t.NoReturn:
        raise ValueError

    order = [lambda: app.after_request(fail), lambda: prepare(app)]
    for step in order if registered == "before" else reversed(order):
        step()
    app.register_error_handler(Exception, lambda error: ("SECRET", 200))
    app.add_url_rule("/", "view", authorize("read", "page", actor="eve")(lambda: "SECRET"))

    assert not shows_secret(app)


def shows_secret(app: flask.Flask) -> bool:
    """Tell whether the app answers with a success; an error at the border is none."""
    try:
        response = app.test_client().get("/")
    except OsoError as error:
        return "answered although it was denied" not in error.__notes__[0]
    return response.status_code < 400 or "SECRET" in response.text
