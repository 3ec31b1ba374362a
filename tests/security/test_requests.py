"""What a client may send: it is data only, and causes no error of the server."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from urllib.parse import unquote

import flask
import pytest
from flask import Blueprint
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_oso import authorize, authorizes_inside
from tests.support.sites import Site, make_judged_site, make_site, make_strict_site

BIG = 2**70


def call(site: t.Any, path: str, user: str = "eve", **environ: t.Any) -> int:
    """Send a raw WSGI request, whose parts no client library has put in order."""
    builder = EnvironBuilder("/", query_string={"user": user})
    raw = builder.get_environ()
    raw["PATH_INFO"] = unquote(path, "latin-1")
    raw.update(environ)
    _, status, _ = run_wsgi_app(site.app.wsgi_app, raw)
    return int(status[:3])


def test_head_with_a_rule_for_get(site: t.Any) -> None:
    """HEAD is judged as GET, so nobody learns by HEAD what GET denies."""
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: site.enter()))

    assert [site.open("/", user, method="HEAD").status_code for user in ("ann", "eve")] == [
        200,
        403,
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_rule_for_head_alone(method: str) -> None:
    """A rule for HEAD opens nothing."""
    site = make_site('allow(_, "HEAD", _);')
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: site.enter()))

    assert (site.open("/", method=method).status_code, site.entered) == (403, [])


@pytest.mark.parametrize("make", [make_strict_site, make_judged_site])
def test_preflight_enters_no_view(make: Callable[[], Site]) -> None:
    """Automatic OPTIONS is answered without a check and without the view."""
    site: t.Any = make()
    view = authorizes_inside(lambda: site.enter())
    site.app.add_url_rule("/", "view", view, methods=["GET", "PUT"])

    response = site.open("/", method="OPTIONS")

    assert (response.status_code, response.data, site.entered) == (200, b"", [])


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]
)
def test_method_override(site: t.Any, header: str) -> None:
    """The action is the real method, whatever a header says."""
    site.guard.perform_route_authorization(site.app)
    site.app.add_url_rule("/", "view", lambda: site.enter(), methods=["GET", "POST"])

    response = site.open("/", "ann", method="POST", headers={header: "GET"})

    assert (response.status_code, site.entered) == (403, [])


@pytest.mark.parametrize(
    "method", ["GET\x00", "GET ", "G" * 5000, "", "\uff27\uff25\uff34", "GET/POST"]
)
def test_odd_methods(site: t.Any, method: str) -> None:
    """A method that is none reaches no view."""
    site.guard.perform_route_authorization(site.app)
    site.app.add_url_rule("/", "view", lambda: site.enter())

    assert call(site, "/", "ann", REQUEST_METHOD=method) in (403, 405)
    assert site.entered == []


SPELLINGS = [
    *("/admin", "//admin", "/admin/", "/admin//", "/./admin", "/x/../admin", "/%61dmin"),
    *("/ADMIN", "/admin;x=1", "/..;/admin", "/admin%2f", "/%2fadmin", "/%252e/admin", "/admin%00"),
    *("/admin%0d%0a", "/admin%20", "/admin.", "/admin?x", "/admin%23", "/\\admin", "/admin%5c"),
    *(
        "/%ef%bd%81dmin",
        "/%c0%afadmin",
        "/%e0%80%afadmin",
        "/admin%ff",
        "/open/../admin",
        "/open/%2e./admin",
    ),
    *("/open;/../admin", "/open//../admin", "admin", "", "/open%2f..%2fadmin", "///admin"),
]


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize("path", SPELLINGS)
def test_path_spellings_with_a_list_of_paths(path: str, merge: bool) -> None:
    """No spelling leads past a list of allowed paths."""
    site = make_judged_site('allow(_, "GET", r: Request) if r.path in ["/open", "/"];')
    site.app.url_map.merge_slashes = merge
    site.app.add_url_rule("/admin", "admin", lambda: site.enter())
    site.app.add_url_rule("/open", "open", lambda: "open")

    assert call(site, path) in (308, 400, 403, 404)
    assert site.entered == []


@pytest.mark.parametrize("path", SPELLINGS)
def test_path_spellings_with_a_list_of_rules(path: str) -> None:
    """No spelling of a path leads past a policy that denies by the matched URL rule."""
    site = make_judged_site('allow(_, "GET", r: Request) if r.url_rule.rule != "/admin";')
    site.app.add_url_rule("/admin", "admin", lambda: site.enter())

    assert call(site, path, SCRIPT_NAME="/open") in (308, 400, 403, 404)
    assert site.entered == []


@pytest.mark.parametrize(
    "header",
    [
        *("X-Middleware-Subrequest", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-For"),
        *("X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-User", "X-Real-IP", "Forwarded"),
        *("Remote-User", "X-Remote-User", "X-User", "X-Auth-User", "Authorization", "Cookie"),
        *("X-Oso-Skip", "X-Flask-Oso", "X-Original-Method", "Via", "Origin", "Referer", "Host"),
    ],
)
def test_headers_have_no_effect(site: t.Any, header: str) -> None:
    """No header opens a view."""
    site.guard.perform_route_authorization(site.app)
    site.app.add_url_rule("/", "view", lambda: site.enter())

    for value in ("root", "true", "/", "eve,root", "user=root; _flask_oso=1", "Basic cm9vdDo="):
        site.open("/", headers={header: value})

    assert site.entered == []


TEXTS = [
    *('"', "'", '"); allow(_, _, _); #', 'ann" or "', "\x00", "ann\x00", "a\r\nb", "_", "?x"),
    *(
        "nil",
        "true",
        "*",
        "{}",
        "[]",
        "\u202eann",
        "\uff41nn",
        "x" * 1_000_000,
        "{0.__class__}",
        "%s",
    ),
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("part", ["actor", "action", "resource"])
def test_request_text_is_data(site: t.Any, part: str, text: str) -> None:
    """Text in any part of the question matches only itself."""
    question = {"actor": "ann", "action": "read", "resource": "page", part: text}

    @site.app.post("/")
    def view() -> t.Any:
        site.guard.authorize(**question)
        return site.enter()

    assert site.open("/", method="POST").status_code == 403


@pytest.mark.parametrize(
    "value",
    ["\ud800", f"a{chr(0xDFFF)}", BIG, -BIG, 2**63, [BIG], {"a": [{"b": "\udc00"}]}],
    ids=repr,
)
@pytest.mark.parametrize("part", ["actor", "action", "resource"])
def test_values_without_a_polar_value(site: t.Any, part: str, value: t.Any) -> None:
    """What Polar cannot express is denied; a client cannot cause an error with it."""
    question = {"actor": "root", "action": "read", "resource": "page", part: value}

    @site.app.post("/")
    def view() -> t.Any:
        site.guard.authorize(**question)
        return site.enter()

    assert (site.open("/", method="POST").status_code, site.entered) == (403, [])


def send_json(site: t.Any, value: str) -> t.Any:
    """Send JSON to a view that has it judged."""

    @site.app.post("/")
    def view() -> t.Any:
        site.guard.authorize(flask.request.get_json())
        return site.enter()

    return site.open("/", method="POST", data=value, content_type="application/json")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1180591620717411303424", '"\\ud800"'])
def test_json_numbers_and_text(value: str) -> None:
    """Numbers and texts of JSON that Polar cannot express are denied, and cause no error."""
    site = make_site("allow(_, _, n: Integer) if n > 0; allow(_, _, n: Float) if n < 0;")

    assert (send_json(site, value).status_code, site.entered) == (403, [])


@pytest.mark.parametrize("value", ["true", "1", "1.5", '"1"', "[1]", '{"id": 1}', "null", "[]"])
def test_json_types_are_told_apart(value: str) -> None:
    """Each kind of JSON matches only its own kind."""
    site = make_site('allow(_, "POST", "one");')

    assert (send_json(site, value).status_code, site.entered) == (403, [])


def test_duplicate_parameters() -> None:
    """What the policy reads is what the view would read, the first of two."""
    site = make_site('allow(_, _, r: Request) if r.args.get("id") = "1";')
    site.app.add_url_rule(
        "/", "view", authorize(resource=flask.request)(lambda: flask.request.args["id"])
    )
    client = site.app.test_client()

    answers = [client.get(f"/?user=eve&id={a}&id={b}").text for a, b in (("1", "2"), ("2", "1"))]

    assert answers[0] == "1"
    assert "Forbidden" in answers[1]


@pytest.mark.parametrize(("path", "status"), [("/1", 200), ("/2", 403), ("/01", 200), ("/x", 404)])
def test_view_arguments(path: str, status: int) -> None:
    """The policy sees the converted arguments, as the view does."""
    site = make_judged_site('allow(_, _, r: Request) if r.view_args.get("id") = 1;')
    site.app.add_url_rule("/<int:id>", "view", lambda id: str(id))

    assert site.open(path).status_code == status


def test_two_rules_of_one_view() -> None:
    """Each rule is judged for itself."""
    site = make_judged_site('allow(_, _, r: Request) if r.url_rule.rule = "/open";')
    for rule in ("/open", "/closed"):
        site.app.add_url_rule(rule, "view", view := site.app.view_functions.get("view", site.enter))
    assert view == site.enter

    assert [site.open(rule).status_code for rule in ("/open", "/closed")] == [200, 403]


def test_host_matching() -> None:
    """Of two hosts each has its own view."""
    site = make_judged_site('allow(_, _, r: Request) if r.host = "open.test";')
    site.app.url_map.host_matching = True
    site.app.add_url_rule("/", "open", lambda: "open", host="open.test")
    site.app.add_url_rule("/", "closed", lambda: site.enter(), host="closed.test")

    hosts = ["open.test", "closed.test", "OPEN.test", "open.test:80", "open.test.evil"]
    assert [call(site, "/", HTTP_HOST=host) for host in hosts] == [200, 403, 403, 200, 404]
    assert site.entered == []


@pytest.mark.parametrize("path", ["../a", "..%2fa", "%2e%2e/a", "/etc/passwd", "a\\..\\b"])
def test_paths_of_static_files(site: t.Any, path: str) -> None:
    """No path leaves the static folder of a blueprint."""
    site.guard.require_authorization(site.app, strict=True)
    blueprint = Blueprint("shop", "shop", static_folder=".", static_url_path="/shop")
    blueprint.root_path = "/nowhere"
    site.app.register_blueprint(blueprint)

    assert call(site, f"/shop/{path}") in (308, 404)
