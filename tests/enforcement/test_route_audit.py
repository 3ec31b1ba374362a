"""The census: every route as a row, and an app that does not serve if one is not guarded."""

from __future__ import annotations

import logging
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView
from werkzeug.routing import Rule

from flask_oso import FlaskOso, OsoError, authorize, authorizes_inside, skip_authorization
from flask_oso.enforcement.audit.route_audit import (
    RouteAudit,
    RouteStatus,
    Row,
    audit_routes,
    is_current,
)
from tests.support.sites import make_app, make_judged_site, make_site

CURE = (
    "Decorate each view with '@authorize', or with '@oso.lists' if it lists objects; exempt it with"
    " '@skip_authorization', or declare with '@authorizes_inside' that it authorizes itself. Of a"
    " class, decorate the method, or name the decorator in its 'decorators'; for a blueprint call"
    " 'oso.guard'. 'flask oso routes' lists all routes."
)
FIVE = "'OSO_ENFORCE' must be 'strict', 'forbid', 'after', 'warn' or 'off'"


def page() -> str:
    """Answer something."""
    return "page"


def forgotten() -> str:
    """Answer without a decorator."""
    return "SECRET"


PLACE = f"{__file__}:{forgotten.__code__.co_firstlineno}"


@pytest.fixture
def app() -> Flask:
    """Give an app without static files."""
    return make_app(static=None)


def rows(app: Flask) -> list[tuple[t.Any, ...]]:
    """Give the rows of an app: methods, URL and standing."""
    return [(row.methods, row.url, row.status) for row in audit_routes(app).rows]


def only_row(app: Flask) -> Row:
    """Give the one row of an app."""
    (row,) = audit_routes(app).rows
    return row


# -- rows ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "standing", "remark"),
    [
        (authorize(action="read", resource="page")(page), RouteStatus.GUARDED, ""),
        (authorizes_inside(page), RouteStatus.GUARDED, ""),
        (skip_authorization(reason="Open.")(page), RouteStatus.SKIPPED, "Open."),
        (skip_authorization(page), RouteStatus.SKIPPED, "No reason is given."),
        (skip_authorization(reason="Half.")(authorize(page)), RouteStatus.GUARDED, "Half."),
        (lambda: "page", RouteStatus.UNGUARDED, None),
    ],
)
def test_row_tells_how_a_view_stands(
    app: Flask, view: t.Any, standing: RouteStatus, remark: str | None
) -> None:
    """Guarded, skipped with its reason, or a gap."""
    app.add_url_rule("/", "page", view)

    row = only_row(app)

    assert row.status is standing
    assert remark in (row.remark, None)
    assert row.is_gap is (standing is RouteStatus.UNGUARDED)


def test_row_has_endpoint_guard_and_place(app: Flask) -> None:
    """A row knows what is asked, and the line of the function that one wrote."""
    app.add_url_rule("/pages/<int:page_id>", "page", authorize(action="read", resource="x")(page))

    row = only_row(app)

    assert (row.endpoint, row.methods, row.url) == ("page", ("GET",), "/pages/<int:page_id>")
    assert [(guard.kind.value, guard.action, guard.resource) for guard in row.guards] == [
        ("authorize", "read", "x")
    ]
    assert row.place is not None
    assert (row.place.file, row.place.line) == (__file__, page.__code__.co_firstlineno)


def test_methods_guarded_alike_share_a_row(app: Flask) -> None:
    """A function is one row, whatever methods it takes; HEAD and OPTIONS go without saying."""
    app.add_url_rule("/", "page", authorizes_inside(page), methods=["GET", "POST", "PUT"])

    assert rows(app) == [(("GET", "POST", "PUT"), "/", RouteStatus.GUARDED)]


def test_method_view_has_a_row_for_each_method(app: Flask) -> None:
    """The methods of a class are guarded one by one, and each has its line."""

    class Page(MethodView):
        @skip_authorization
        def get(self) -> str:
            return "page"

        @authorize
        def post(self) -> str:
            return "page"

        def delete(self) -> str:
            return "page"

    app.add_url_rule("/", view_func=Page.as_view("page"))

    assert rows(app) == [
        (("DELETE",), "/", RouteStatus.UNGUARDED),
        (("GET",), "/", RouteStatus.SKIPPED),
        (("POST",), "/", RouteStatus.GUARDED),
    ]
    assert len({row.place for row in audit_routes(app).rows}) == 3


def test_options_of_a_view_is_a_row(app: Flask) -> None:
    """A view that answers OPTIONS itself is entered, and is therefore listed."""
    app.add_url_rule("/", "page", forgotten, methods=["OPTIONS"])

    assert rows(app) == [(("OPTIONS",), "/", RouteStatus.UNGUARDED)]


def test_nested_blueprints_are_listed() -> None:
    """The rows of blueprints have their whole URL and endpoint, and static files are exempt."""
    app = make_app()
    outer = Blueprint("outer", "outer", url_prefix="/outer", static_folder="files")
    inner = Blueprint("inner", "inner", url_prefix="/inner")
    inner.add_url_rule("/", "page", authorizes_inside(page))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)

    assert [(row.endpoint, row.url, row.status) for row in audit_routes(app).rows] == [
        ("static", "/static/<path:filename>", RouteStatus.EXEMPT),
        ("outer.static", "/outer/files/<path:filename>", RouteStatus.EXEMPT),
        ("outer.inner.page", "/outer/inner/", RouteStatus.GUARDED),
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule("/", endpoint="none"), [(("*",), "/", RouteStatus.EXEMPT)]),
        (Rule("/", endpoint="page"), [(("*",), "/", RouteStatus.UNGUARDED)]),
        (Rule("/", endpoint="page", build_only=True), []),
        (
            Rule("/", endpoint="page", redirect_to="/x", methods=["GET"]),
            [(("GET",), "/", RouteStatus.EXEMPT)],
        ),
    ],
)
def test_rule_without_a_view(app: Flask, rule: Rule, expected: list[t.Any]) -> None:
    """What enters no view is no gap; a rule that takes any method of a view is."""
    app.view_functions["page"] = forgotten
    app.url_map.add(rule)

    assert rows(app) == expected


def test_route_authorization_guards_each_row(app: Flask) -> None:
    """Where every request is judged, no route is a gap."""
    FlaskOso(app=app).perform_route_authorization()
    app.add_url_rule("/", "page", page)

    row = only_row(app)

    assert (row.status, row.is_judged) == (RouteStatus.GUARDED, True)


def test_misplaced_decorator_is_a_gap(app: Flask) -> None:
    """A decorator above the route is shown as what it is."""
    authorize(app.route("/")(lambda: "page"))

    row = only_row(app)

    assert (row.status, row.is_gap) == (RouteStatus.MISPLACED, True)
    assert row.remark.startswith("'@authorize' does not guard the endpoint '<lambda>' (")


def test_census_notices_a_replaced_view(app: Flask) -> None:
    """A census holds for the views it saw."""
    app.add_url_rule("/", "page", lambda: "page")
    app.add_url_rule("/other", "other", lambda: "page")
    census = audit_routes(app)

    app.view_functions["page"] = lambda: "other"

    assert not is_current(census, app, "page")
    assert is_current(census, app, "other")
    assert is_current(census, app, None)


def test_census_reports_all_problems(app: Flask) -> None:
    """A single error names every route that was decorated in vain."""
    for endpoint in ("one", "two"):
        authorize(app.route(f"/{endpoint}", endpoint=endpoint)(lambda: "page"))

    problem = audit_routes(app).problem

    assert problem is not None
    assert "endpoint 'one'" in problem
    assert "endpoint 'two'" in problem


# -- an app with a gap does not serve ------------------------------------------------


def strict_site(**config: t.Any) -> t.Any:
    """Make a site with a guarded, an open and two forgotten routes."""
    site = make_site(**{"OSO_ENFORCE": "strict"} | config)
    site.app.add_url_rule("/page", "page", authorize(action="read", resource="page")(page))
    site.app.add_url_rule("/health", "health", skip_authorization(lambda: "ok"))
    site.app.add_url_rule("/one", "one", forgotten)
    site.app.add_url_rule("/two", "two", forgotten, methods=["GET", "POST"])
    return site


@pytest.mark.parametrize("path", ["/page", "/health", "/one", "/two", "/none", "/static/a.css"])
def test_app_with_a_gap_does_not_serve(path: str) -> None:
    """Every request is answered 500, wherever it goes."""
    site = strict_site()

    assert [site.open(path, "ann").status_code for _ in range(2)] == [500, 500]


def test_refusal_lists_all_gaps() -> None:
    """The error names each route with its methods, endpoint, file and line, and the cure."""
    site = strict_site()
    site.app.testing = True

    with pytest.raises(OsoError) as caught:
        site.open("/health")

    assert str(caught.value) == (
        "2 routes are not guarded:\n"
        f"  GET /one: endpoint 'one' ({PLACE})\n"
        f"  GET, POST /two: endpoint 'two' ({PLACE})\n"
        f"{CURE}"
    )


def test_census_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests after the first one look nothing up but what the census found."""
    site = make_site(OSO_ENFORCE="strict")
    site.app.add_url_rule("/health", "health", skip_authorization(lambda: "ok"))
    taken: list[RouteAudit] = []

    def count(*args: t.Any) -> RouteAudit:
        taken.append(audit_routes(*args))
        return taken[-1]

    monkeypatch.setattr("flask_oso.enforcement.route_plans.audit_routes", count)

    assert [site.open("/health").status_code for _ in range(3)] == [200, 200, 200]
    assert len(taken) == 1


def test_census_is_taken_once_by_requests_that_come_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of many first requests one looks, and the others wait for what it found."""
    site = make_site(OSO_ENFORCE="strict")
    site.app.add_url_rule("/health", "health", skip_authorization(lambda: "ok"))
    taken: list[RouteAudit] = []

    def look(*args: t.Any) -> RouteAudit:
        time.sleep(0.05)
        taken.append(audit_routes(*args))
        return taken[-1]

    monkeypatch.setattr("flask_oso.enforcement.route_plans.audit_routes", look)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: site.open("/health").status_code, range(8)))

    assert (answers, len(taken)) == ([200] * 8, 1)


def test_route_added_after_the_first_request_is_refused() -> None:
    """A view that came later is met by a new census; then the app serves no more."""
    site = make_site(OSO_ENFORCE="strict")
    site.app.add_url_rule("/health", "health", skip_authorization(lambda: "ok"))
    before = site.open("/health").status_code
    site.app.url_map.add(Rule("/late", endpoint="late", methods=["GET"]))
    site.app.view_functions["late"] = site.enter

    after = [site.open(path).status_code for path in ("/late", "/health")]

    assert (before, after, site.entered) == (200, [500, 500], [])


def test_rule_added_after_the_first_request_is_refused() -> None:
    """A method of a known view that came later is met before it is entered."""
    site = make_site(OSO_ENFORCE="strict")

    class Page(MethodView):
        @skip_authorization
        def get(self) -> str:
            return "page"

        def put(self) -> t.Any:
            return site.enter()

    site.app.add_url_rule("/", view_func=Page.as_view("page"), methods=["GET"])
    before = site.open("/").status_code
    site.app.url_map.add(Rule("/", endpoint="page", methods=["PUT"]))

    assert (before, site.open("/", method="PUT").status_code, site.entered) == (200, 500, [])


@pytest.mark.parametrize("enforce", ["off", "warn", "after", "forbid", "strict"])
@pytest.mark.parametrize("path", ["/odd", "/page"])
def test_endpoint_that_is_no_text_is_refused(enforce: str, path: str) -> None:
    """The error says which rule has one, and what to do; blueprints are told by such texts."""
    site = make_site(OSO_ENFORCE=enforce, TESTING=True)
    site.app.add_url_rule("/page", "page", authorize("read", "page")(page))
    site.app.url_map.add(Rule("/odd", endpoint=("odd", 1)))
    site.app.view_functions[("odd", 1)] = authorize("read", "page")(page)  # type: ignore[index]

    with pytest.raises(OsoError) as caught:
        site.open(path, "ann")

    assert str(caught.value).splitlines()[0] == (
        "The rule '/odd' has the endpoint ('odd', 1), which is no text. Name its view by a text, in"
        " the rule and in 'view_functions'."
    )


class OwnPreprocessing(Flask):
    """Does what Flask does before a view in a method of its own."""

    def preprocess_request(self) -> t.Any:
        return super().preprocess_request()


@pytest.mark.parametrize("kind", [Flask, OwnPreprocessing])
@pytest.mark.parametrize("endpoint", [5, b"b.odd", (".",)], ids=["number", "bytes", "with-a-dot"])
def test_endpoint_of_which_flask_finds_no_blueprint_is_refused(
    kind: type[Flask], endpoint: t.Any
) -> None:
    """A request to it is told the same, where Flask itself fails to take a text apart."""
    app = kind(__name__)
    app.testing = True
    FlaskOso(app)
    app.url_map.add(Rule("/odd", endpoint=endpoint))
    app.view_functions[endpoint] = authorize("read", "page")(page)

    with pytest.raises(OsoError, match=r"has the endpoint .*, which is no text"):
        app.test_client().get("/odd")


def test_endpoint_that_is_no_text_has_no_row(app: Flask) -> None:
    """The list of routes shows the others."""
    app.add_url_rule("/page", "page", page)
    app.url_map.add(Rule("/odd", endpoint=5))
    app.view_functions[5] = page  # type: ignore[index]

    assert only_row(app).url == "/page"
    with pytest.raises(OsoError, match="has the endpoint 5, which is no text"):
        FlaskOso(app).check_routes()


def test_requirement_after_the_first_request_counts() -> None:
    """The census is taken anew when authorization is required later."""
    site = make_site()
    site.app.add_url_rule("/", "page", site.enter)
    before = site.open("/").status_code
    site.guard.require_authorization(site.app, strict=True)

    assert (before, site.open("/").status_code, len(site.entered)) == (200, 500, 1)


def test_plain_requirement_serves_undecorated_views(site: t.Any) -> None:
    """Without 'strict' a view may authorize inside without saying so."""
    site.guard.require_authorization(site.app)

    @site.app.get("/")
    def view() -> t.Any:
        site.guard.authorize("page", action="read")
        return site.enter()

    assert site.open("/", "ann").status_code == 200


# -- OSO_ENFORCE ---------------------------------------------------------------------


def test_forbidden_gaps_leave_the_rest_alone() -> None:
    """By choice the forgotten routes answer 403 before they run, and the others are served."""
    site = strict_site(OSO_ENFORCE="forbid")

    paths = ("/page", "/health", "/one", "/two", "/none")
    assert [site.open(path, "ann").status_code for path in paths] == [200, 200, 403, 403, 404]


def test_forbidden_gap_is_not_entered() -> None:
    """The view does not run, whoever asks."""
    site = make_site(OSO_ENFORCE="forbid")
    site.app.add_url_rule("/", "page", site.enter)

    assert (site.open("/", "root").status_code, site.entered) == (403, [])


def test_forbidden_gap_shows_the_page_of_the_app() -> None:
    """The app's own page for 403 is what the client gets."""
    site = strict_site(OSO_ENFORCE="forbid")
    site.app.register_error_handler(403, lambda error: ("Not for you.", 403))

    response = site.open("/one")

    assert (response.status_code, response.text) == (403, "Not for you.")


def test_forbidden_gap_is_never_a_success() -> None:
    """An error handler that lets the view answer all the same is stopped."""
    site = make_site(OSO_ENFORCE="forbid")
    site.app.add_url_rule("/", "page", lambda: "SECRET")
    site.app.register_error_handler(403, lambda error: "SECRET")

    response = site.open("/")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


def test_forbidden_gaps_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log says once which routes answer 403, and why."""
    site = strict_site(OSO_ENFORCE="forbid")
    with caplog.at_level(logging.WARNING):
        for path in ("/one", "/page", "/one"):
            site.open(path)

    (record,) = caplog.records
    assert record.getMessage() == (
        "2 routes are not guarded:\n"
        f"  GET /one: endpoint 'one' ({PLACE})\n"
        f"  GET, POST /two: endpoint 'two' ({PLACE})\n"
        f"{CURE}\n"
        "They answer 403."
    )


def test_misplaced_decorator_is_not_forbidden_but_refused() -> None:
    """A mistake in the code is never a choice: the app does not serve."""
    site = strict_site(OSO_ENFORCE="forbid")
    authorize(site.app.route("/three")(lambda: "page"))

    assert site.open("/page", "ann").status_code == 500


def test_open_gaps_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """By default the first request logs the routes that are not guarded, and all are served."""
    site = strict_site(OSO_ENFORCE="warn")

    statuses = [site.open(path, "ann").status_code for path in ("/one", "/page", "/one")]

    (record,) = caplog.records
    assert (record.name, record.levelname) == ("flask_oso.enforcement", "WARNING")
    assert record.getMessage() == (
        "2 routes are not guarded:\n"
        f"  GET /one: endpoint 'one' ({PLACE})\n"
        f"  GET, POST /two: endpoint 'two' ({PLACE})\n"
        f"{CURE}\n"
        "They answer whoever asks, unless they authorize inside. 'OSO_ENFORCE = \"strict\"' refuses"
        ' to serve them; "off" leaves out this message.'
    )
    assert statuses == [200, 200, 200]


def test_gaps_are_logged_by_default(caplog: pytest.LogCaptureFixture) -> None:
    """An application that says nothing of enforcement is told of its gaps."""
    site = make_site()
    site.app.add_url_rule("/", "page", forgotten)

    site.open("/")

    assert [record.name for record in caplog.records] == ["flask_oso.enforcement"]


def test_guarded_application_is_not_warned(caplog: pytest.LogCaptureFixture) -> None:
    """Where all routes are guarded there is nothing to log."""
    site = make_site()
    site.app.add_url_rule("/", "page", authorize(action="read", resource="page")(page))

    site.open("/", "ann")

    assert caplog.records == []


def test_judged_application_is_not_warned(caplog: pytest.LogCaptureFixture) -> None:
    """Route authorization guards every route."""
    site = make_judged_site()
    # A view of its own: that of other tests may still have the decorator that one has given it.
    site.app.add_url_rule("/", "page", lambda: "page")

    site.open("/", "ann")

    assert caplog.records == []


def test_enforcement_that_is_off_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Who turns it off is not told of gaps."""
    site = strict_site(OSO_ENFORCE="off")

    assert site.open("/one").status_code == 200
    assert caplog.records == []


def test_enforcement_after_the_view_withholds_its_answer() -> None:
    """The view has run, and its answer does not leave."""
    site = make_site(OSO_ENFORCE="after")
    site.app.add_url_rule("/", "page", site.enter)

    response = site.open("/")

    assert (response.status_code, "SECRET" in response.text, site.entered) == (500, False, ["/"])


def test_enforcement_after_the_view_takes_checks_inside() -> None:
    """A view without a decorator may authorize inside."""
    site = make_site(OSO_ENFORCE="after")

    @site.app.get("/")
    def index() -> str:
        site.guard.authorize("page", action="read")
        return "page"

    assert site.open("/", "ann").status_code == 200


@pytest.mark.parametrize("first", ["off", "warn", "after"])
def test_require_authorization_adds_to_the_configuration(first: str) -> None:
    """The stricter of configuration and call counts."""
    site = make_site(OSO_ENFORCE=first)
    site.app.add_url_rule("/", "page", site.enter)

    site.guard.require_authorization(site.app, strict=True)

    assert (site.open("/").status_code, site.entered) == (500, [])


def test_require_authorization_takes_nothing_from_the_configuration() -> None:
    """A call that demands less than the configuration has no effect."""
    site = make_site(OSO_ENFORCE="forbid")
    site.app.add_url_rule("/", "page", site.enter)

    site.guard.require_authorization(site.app)

    assert (site.open("/").status_code, site.entered) == (403, [])


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("OSO_REQUIRE_AUTHORIZATION", "Write 'OSO_ENFORCE = \"strict\"'."),
        ("OSO_ROUTE_AUTHORIZATION", "Call 'perform_route_authorization' of the FlaskOso."),
        (
            "OSO_UNGUARDED_ROUTES",
            'Write \'OSO_ENFORCE = "forbid"\' to answer 403 there, or "strict".',
        ),
    ],
)
def test_key_that_went_away_is_an_error(key: str, remedy: str) -> None:
    """A switch that nobody looks at any more is not taken for being in force."""
    with pytest.raises(OsoError) as caught:
        make_site(**{key: False})

    assert str(caught.value) == f"{key!r} is no configuration key. {remedy}"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "forbit",
            f"{FIVE}, not 'forbit'. Did you mean 'forbid'?",
        ),
        ("STRICT", f"{FIVE}, not 'STRICT'. Did you mean 'strict'?"),
        (True, f"{FIVE}, not True."),
        (None, f"{FIVE}, not None."),
        (4, f"{FIVE}, not 4."),
    ],
)
def test_unknown_choice_is_an_error(value: t.Any, message: str) -> None:
    """A choice that does not exist is met at 'init_app'."""
    with pytest.raises(OsoError) as caught:
        make_site(OSO_ENFORCE=value)

    assert str(caught.value) == message


# -- check_routes --------------------------------------------------------------------


def test_check_routes_raises_at_once() -> None:
    """The last line of a factory need not wait for a request."""
    site = strict_site()

    with pytest.raises(OsoError, match=r"^2 routes are not guarded:\n"):
        site.guard.check_routes(site.app)


def test_check_routes_does_not_need_the_requirement(site: t.Any) -> None:
    """Who calls it requires that all routes are guarded."""
    site.app.add_url_rule("/", "page", forgotten)

    with pytest.raises(OsoError, match=r"^A route is not guarded:\n"):
        site.guard.check_routes(site.app)


def test_check_routes_keeps_to_the_choice() -> None:
    """Routes that answer 403 by choice are no reason not to start."""
    site = strict_site(OSO_ENFORCE="forbid")

    site.guard.check_routes(site.app)


def test_check_routes_passes_guarded_apps(app: Flask) -> None:
    """Nothing is raised where nothing is wrong, and the app is the one of the constructor."""
    app.add_url_rule("/", "page", authorizes_inside(page))

    FlaskOso(app=app).check_routes()


def test_check_routes_sees_misplaced_decorators(app: Flask) -> None:
    """A decorator above the route makes 'check_routes' fail."""
    authorize(app.route("/")(lambda: "page"))

    with pytest.raises(OsoError, match=r"^'@authorize' does not guard the endpoint"):
        FlaskOso(app).check_routes()


def test_check_routes_tells_of_a_forgotten_init_app(app: Flask) -> None:
    """It does not make up for it: a test would pass, and the app be served without a guard."""
    app.add_url_rule("/", "page", authorizes_inside(page))

    with pytest.raises(OsoError, match="Did you forget to call init_app"):
        FlaskOso().check_routes(app)
    assert "oso" not in app.extensions


def test_check_routes_needs_an_app() -> None:
    """Without an app the text says so."""
    with pytest.raises(OsoError, match="Cannot check the routes without Flask app object"):
        FlaskOso().check_routes()
