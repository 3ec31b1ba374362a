"""``flask oso routes``: the census as a table, as JSON and as annotations."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from flask import Blueprint, Flask, request
from flask.views import MethodView

from flask_oso import FlaskOso, authorize, authorizes_inside, skip_authorization
from tests.support.sites import make_app


def page() -> str:
    """Answer behind decorators."""
    return "page"


def forgotten() -> str:
    """Answer without a decorator."""
    return "SECRET"


HERE = f"test_routes.py:{page.__code__.co_firstlineno}"
GAP = f"test_routes.py:{forgotten.__code__.co_firstlineno}"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Give an app with routes of each kind but gaps, and go to the folder of this file."""
    monkeypatch.chdir(Path(__file__).parent)
    app = make_app()
    app.add_url_rule("/page", "page", authorize(action="read", resource="page")(page))
    app.add_url_rule("/open", "open", skip_authorization(reason="For all.")(page))
    blueprint = Blueprint("admin", "admin", url_prefix="/admin")
    blueprint.add_url_rule("/", "index", authorizes_inside(page), methods=["GET", "PUT"])
    blueprint.add_url_rule("/log", "log", authorize(resource=request)(page))
    app.register_blueprint(blueprint)
    FlaskOso(app=app)
    return app


def test_routes_lists_each_route_with_its_guard(app: Flask, run: t.Any) -> None:
    """A row has endpoint, methods, URL, guard, action, resource, place and remark."""
    result = run(app, "routes")

    rows = [line.split() for line in result.output.splitlines()]
    heading = ["Endpoint", "Methods", "URL", "Guard", "Action", "Resource", "Where", "Remark"]
    assert rows[0] == heading
    assert rows[1] == [
        "static",
        "GET",
        "/static/<path:filename>",
        "It",
        "serves",
        "static",
        "files.",
    ]
    assert rows[2] == ["page", "GET", "/page", "authorize", "'read'", "'page'", HERE]
    assert rows[3] == ["open", "GET", "/open", "skip_authorization", HERE, "For", "all."]
    assert rows[4] == ["admin.index", "GET,", "PUT", "/admin/", "authorizes_inside", HERE]
    assert rows[5] == [
        *("admin.log", "GET", "/admin/log", "authorize", "the", "method", "the", "request"),
        HERE,
    ]
    assert result.output.endswith(
        "\n\n5 routes: 3 guarded, 1 skipped, 1 exempt.\n"
        "OSO_ENFORCE is 'warn': routes that are not guarded are open, and logged.\n"
    )
    assert result.exit_code == 0


def test_routes_exits_with_1_on_a_gap(app: Flask, run: t.Any) -> None:
    """A route that nothing guards is shown as such, and fails a script."""
    app.add_url_rule("/gap", "gap", forgotten)

    result = run(app, "routes", "--gaps")

    assert [line.split() for line in result.output.splitlines()[:3]] == [
        ["Endpoint", "Methods", "URL", "Guard", "Where"],
        ["gap", "GET", "/gap", "none", GAP],
        [],
    ]
    assert "6 routes: 3 guarded, 1 skipped, 1 exempt, 1 unguarded.\n" in result.output
    assert result.exit_code == 1


def test_routes_exits_with_1_on_a_misplaced_decorator(app: Flask, run: t.Any) -> None:
    """A decorator above the route is a gap, and the remark says what to do."""
    authorize(app.route("/vain", endpoint="vain")(lambda: "page"))

    result = run(app, "routes", "--gaps")

    assert "none: misplaced" in result.output
    assert "Put '@authorize' below '@app.route', directly above the function." in result.output
    assert result.exit_code == 1


def test_routes_without_gaps_shows_no_table(app: Flask, run: t.Any) -> None:
    """What is not there needs no headings."""
    result = run(app, "routes", "--gaps")

    assert (result.exit_code, result.output.splitlines()[0]) == (
        0,
        "5 routes: 3 guarded, 1 skipped, 1 exempt.",
    )


@pytest.mark.parametrize(
    ("options", "endpoints"),
    [
        (["--skipped"], ["open"]),
        (["--endpoint", "admin.*"], ["admin.index", "admin.log"]),
        (["--skipped", "--gaps"], ["open"]),
        (["--skipped", "--endpoint", "admin.*"], []),
    ],
)
def test_routes_are_filtered(
    app: Flask, run: t.Any, options: list[str], endpoints: list[str]
) -> None:
    """Filters narrow what is shown."""
    result = run(app, "routes", *options, "--format", "json")

    assert [row["endpoint"] for row in json.loads(result.output)["routes"]] == endpoints


def test_filters_do_not_hide_gaps_from_the_exit_code(app: Flask, run: t.Any) -> None:
    """The exit code is about all routes."""
    app.add_url_rule("/gap", "gap", forgotten)

    assert run(app, "routes", "--endpoint", "page").exit_code == 1


def test_routes_as_json(app: Flask, run: t.Any) -> None:
    """Programs get the same facts, the place of each decorator included."""
    app.add_url_rule("/gap", "gap", forgotten)

    shown = json.loads(run(app, "routes", "--format", "json").output)

    routes = shown.pop("routes")
    assert shown == {
        "app": "site",
        "enforce": "warn",
        "gaps": 1,
        "standings": {"guarded": 3, "skipped": 1, "exempt": 1, "unguarded": 1},
    }
    assert {key: routes[1][key] for key in ("methods", "url", "standing", "file", "line")} == {
        "methods": ["GET"],
        "url": "/page",
        "standing": "guarded",
        "file": "test_routes.py",
        "line": page.__code__.co_firstlineno,
    }
    assert routes[1]["guards"][0] | {"line": 0} == {
        "guard": "authorize",
        "blueprint": None,
        "target": None,
        "file": "test_routes.py",
        "line": 0,
        "action": "'read'",
        "resource": "'page'",
    }
    assert routes[2]["guards"][0]["reason"] == "For all."


def test_routes_as_annotations(app: Flask, run: t.Any) -> None:
    """GitHub shows each gap beside its line."""
    app.add_url_rule("/gap", "gap", forgotten, methods=["GET", "POST"])

    result = run(app, "routes", "--format", "github")

    assert result.output == (
        f"::error file=test_routes.py,line={forgotten.__code__.co_firstlineno},"
        "title=Route without authorization::GET, POST /gap (endpoint 'gap'): nothing guards it.\n"
    )
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("enforce", "note"),
    [
        ("strict", "The application does not serve while there are gaps."),
        ("forbid", "OSO_ENFORCE is 'forbid': routes that are not guarded answer 403."),
        (
            "after",
            "OSO_ENFORCE is 'after': answers of views that did not authorize are withheld; the"
            " views have run.",
        ),
        ("warn", "OSO_ENFORCE is 'warn': routes that are not guarded are open, and logged."),
        ("off", "OSO_ENFORCE is 'off': routes that are not guarded are open."),
    ],
)
def test_routes_says_what_becomes_of_gaps(run: t.Any, enforce: str, note: str) -> None:
    """A switch that relaxes something is seen."""
    app = make_app(OSO_ENFORCE=enforce)
    app.add_url_rule("/gap", "gap", forgotten)
    FlaskOso(app=app)

    result = run(app, "routes")

    assert result.output.splitlines()[-1] == note


def test_routes_shows_why_a_view_of_an_extension_is_exempt(app: Flask, run: t.Any) -> None:
    """The reason of an exemption is beside its route, and its place is that of the view."""
    app.add_url_rule("/gap", "gap", forgotten)
    app.extensions["oso"].extension.exempt("gap", reason="Only files.")

    result = run(app, "routes", "--skipped", "--endpoint", "gap")

    assert result.output.splitlines()[1].split() == [
        *("gap", "GET", "/gap", "exempt", "'gap'", GAP, "Only", "files.")
    ]


def test_routes_shows_guards_by_name(app: Flask, run: t.Any) -> None:
    """A guard that is declared for an endpoint says for which."""
    app.add_url_rule("/gap", "gap", forgotten)
    app.extensions["oso"].extension.guard("gap", "read", "page")

    result = run(app, "routes", "--endpoint", "gap")

    assert result.output.splitlines()[1].split() == [
        *("gap", "GET", "/gap", "guard", "of", "'gap'", "'read'", "'page'", GAP)
    ]


def test_routes_under_route_authorization(app: Flask, run: t.Any) -> None:
    """Where every request is judged, each row says so."""
    app.add_url_rule("/gap", "gap", forgotten)
    FlaskOso().perform_route_authorization(app)

    result = run(app, "routes", "--endpoint", "gap")

    assert result.output.splitlines()[1].split() == [
        *("gap", "GET", "/gap", "route", "authorization", "the", "method", "the", "request", GAP)
    ]
    assert result.exit_code == 0


def test_routes_needs_init_app(run: t.Any) -> None:
    """An app that knows nothing of authorization is misconfigured, and not full of gaps."""
    result = run(make_app(), "routes")

    assert result.exit_code == 2
    assert result.stderr == (
        "No oso instance on current application. Did you forget to call init_app?\n"
        "Give the app to a FlaskOso where it is made: 'FlaskOso(app, …)', or 'oso.init_app(app)'.\n"
    )


def test_places_outside_of_the_current_directory_are_absolute(
    app: Flask, run: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that climbs says less than the whole one."""
    monkeypatch.chdir(tmp_path)

    assert f" {__file__}:" in run(app, "routes").output


class Post:
    """What routes name."""


def test_routes_shows_objects_methods_and_blueprints(run: t.Any) -> None:
    """Shown are the variable of an object, the actions of a mapping, the name of a blueprint."""
    site, extension = make_app(static=None), FlaskOso()
    blueprint = Blueprint("admin", "admin", url_prefix="/admin")
    extension.guard(blueprint, "manage", "site")
    blueprint.add_url_rule("/", "index", skip_authorization(reason="Half.")(page))
    site.register_blueprint(blueprint)
    actions = {"GET": "read", "PUT": "edit"}
    view = authorize(actions, Post)(lambda post_id: "page")
    site.add_url_rule("/posts/<int:post_id>", "post", view, methods=["GET", "PUT"])
    site.add_url_rule("/posts", "posts", authorize("create", Post)(lambda: "page"))
    extension.init_app(site)

    shown = json.loads(run(site, "routes", "--format", "json").output)["routes"]
    table = run(site, "routes").output

    assert [
        (guard["action"], guard["resource"]) for row in shown[1:] for guard in row["guards"]
    ] == [("GET: 'read', PUT: 'edit'", "Post <post_id>"), ("'create'", "Post")]
    assert shown[0]["guards"][0]["blueprint"] == "admin"
    assert "guard of 'admin' + skip_authorization" in table


def test_routes_shows_two_guards_with_their_arguments(run: t.Any) -> None:
    """Of each guard the object, the variable that identifies it, and what the view takes it as."""
    site, extension = make_app(static=None), FlaskOso()
    view = authorize("read", Post, key="source_id", name="source")(lambda post, source: "page")
    guarded = authorize("edit", Post)(view)
    site.add_url_rule("/<int:post_id>/<int:source_id>", "copy", guarded)
    site.add_url_rule("/new", "new", authorize("create", Post)(lambda: "page"))
    extension.init_app(site)

    shown = json.loads(run(site, "routes", "--format", "json").output)["routes"]
    table = run(site, "routes").output

    guards = [guard for row in shown for guard in row["guards"]]
    assert [(guard["resource"], guard.get("argument")) for guard in guards] == [
        ("Post <post_id>", "post"),
        ("Post <source_id>", "source"),
        ("Post", None),
    ]
    assert "authorize + authorize" in table
    assert "'edit', 'read'" in table
    assert "Post <post_id> as post, Post <source_id> as source" in table


class Sources(MethodView):
    """A class whose method is guarded for another post than the class."""

    @authorize("read", Post, key="source_id")
    def get(self, post: Post) -> str:
        """Show it."""
        return "page"


def test_routes_exits_with_1_on_guards_that_do_not_fit(app: Flask, run: t.Any) -> None:
    """Guards that do not fit are gaps; they are shown, and the remark says what to write."""
    app.add_url_rule("/<int:n>", "by", authorize("read", Post)(lambda n: "page"))
    view = authorize("edit", Post)(Sources.as_view("copy"))
    app.add_url_rule("/<int:post_id>/<int:source_id>", view_func=view)

    shown = run(app, "routes", "--gaps", "--format", "json")
    table = run(app, "routes")

    rows = json.loads(shown.output)["routes"]
    assert [(row["endpoint"], row["standing"]) for row in rows] == [
        ("by", "mistaken"),
        ("copy", "mistaken"),
    ]
    assert "'@authorize(\"read\", Post, load=False)'" in rows[0]["remark"]
    assert rows[1]["remark"].startswith("Two guards of the endpoint 'copy' (")
    assert [guard["argument"] for guard in rows[1]["guards"]] == ["post", "post"]
    assert "The application does not serve while decorators are misplaced or mistaken." in (
        table.output
    )
    assert (shown.exit_code, table.exit_code) == (1, 1)


def test_routes_as_annotations_tell_guards_that_do_not_fit(app: Flask, run: t.Any) -> None:
    """The title and the text are not those of a route without a guard."""
    app.add_url_rule("/<int:n>", "by", authorize("read", Post)(lambda n: "page"))

    result = run(app, "routes", "--format", "github")

    assert "title=Route whose guards cannot be meant::GET /<int:n> (endpoint 'by'): The route" in (
        result.output
    )
    assert result.exit_code == 1
