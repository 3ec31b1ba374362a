"""Extensions with views of their own: each takes a line, and their own decorators are seen."""

from __future__ import annotations

import typing as t

import flask_restful
import flask_smorest
import pytest
from flask import Blueprint
from flask.views import MethodView
from flask_admin import Admin, BaseView, expose
from flask_debugtoolbar import DebugToolbarExtension

from flask_oso import OsoError, authorize, authorizes_inside, skip_authorization
from tests.support.sites import Site, audit, make_strict_site

POLICY = """
allow("ann", "manage", "site");
allow("ann", "read", "page");
allow(user, "read", post: Post) if post.owner = user;
"""


class Post:
    """A post of somebody."""

    def __init__(self, owner: str) -> None:
        self.owner = owner


POSTS = {1: Post("ann"), 2: Post("eve")}


@pytest.fixture
def site() -> t.Any:
    """Give a site that does not serve while a view is not guarded."""
    return make_posts_site()


def make_posts_site(**config: t.Any) -> t.Any:
    """Make a strict site with posts, and what extensions want to be configured."""
    site: t.Any = make_strict_site("unused(1);", SECRET_KEY="for tests", **config)
    site.guard.oso.register_class(Post)
    site.guard.oso.load_str(POLICY, replace=True)
    site.guard.loader(Post)(POSTS.get)
    return site


def statuses(site: Site, path: str, **options: t.Any) -> list[int]:
    """Give what ann, who may, and eve, who may not, are answered."""
    options["buffered"] = True
    return [site.open(path, user, **options).status_code for user in ("ann", "eve")]


# -- Flask-Admin ---------------------------------------------------------------------


class Reports(BaseView):
    """A page of Flask-Admin."""

    @expose("/")
    def index(self) -> str:
        """Answer."""
        return "reports"


def add_admin(site: Site) -> None:
    """Give a site the pages of Flask-Admin."""
    admin = Admin(site.app)
    admin.add_view(Reports(name="Reports", endpoint="reports"))


@pytest.mark.parametrize("is_early", [True, False])
def test_all_pages_of_flask_admin_take_one_guard(site: t.Any, is_early: bool) -> None:
    """The class of its views stands for all of them; its files are static."""
    steps = [
        lambda: site.guard.guard(BaseView, "manage", "site"),
        lambda: add_admin(site),
    ]

    [step() for step in (steps if is_early else reversed(steps))]

    assert statuses(site, "/admin/") == [200, 403]
    assert statuses(site, "/admin/reports/") == [200, 403]
    style = "/admin/static/bootstrap/bootstrap4/css/bootstrap.min.css"
    assert statuses(site, style) == [200, 200]


def test_pages_of_flask_admin_are_refused_without_a_guard(site: t.Any) -> None:
    """Nothing of an extension is taken for guarded."""
    add_admin(site)

    assert statuses(site, "/admin/reports/") == [500, 500]


def test_one_page_of_flask_admin_is_exempt_by_name(site: t.Any) -> None:
    """The blueprint that Flask-Admin makes of a view has the name of the view."""
    add_admin(site)
    site.guard.guard("admin", "manage", "site")

    site.guard.exempt("reports", reason="For all.")

    assert statuses(site, "/admin/") == [200, 403]
    assert statuses(site, "/admin/reports/") == [200, 200]


def test_refusal_says_what_to_do_about_an_installed_package(site: t.Any) -> None:
    """Nobody decorates what is in there: the message says how to guard it from outside."""
    site.app.debug = True
    DebugToolbarExtension(site.app)
    Admin(site.app, name="site")

    with pytest.raises(OsoError) as caught:
        site.guard.check_routes(site.app)

    assert str(caught.value).endswith(
        " What an installed package brings has no decorators of yours: with 'oso' the FlaskOso,"
        " guard it with 'oso.guard(name, action, resource)', or exempt it with 'oso.exempt(name,"
        " reason=…)'; its names are '_debug_toolbar.static', 'debugtoolbar', 'admin'."
    )


def test_names_of_the_refusal_are_those_that_exemptions_take(site: t.Any) -> None:
    """Whoever does what the message says is served."""
    site.app.debug = True
    DebugToolbarExtension(site.app)
    Admin(site.app, name="site")
    site.guard.exempt("admin", "_debug_toolbar.static", "debugtoolbar", reason="For the test.")

    assert statuses(site, "/admin/") == [200, 200]


# -- Flask-RESTful -------------------------------------------------------------------


class Decorated(flask_restful.Resource):
    """A resource that names its guards in 'method_decorators'."""

    method_decorators: t.ClassVar[t.Any] = [authorize("read", Post)]

    def get(self, post: Post) -> t.Any:
        """Answer."""
        return {"owner": post.owner}


class DecoratedByMethod(flask_restful.Resource):
    """A resource whose methods are given objects by 'method_decorators' of their own."""

    method_decorators: t.ClassVar[t.Any] = {
        "get": [authorize("read", Post)],
        "delete": [authorize("manage", Post)],
    }

    def get(self, post: Post) -> t.Any:
        """Answer."""
        return {"owner": post.owner}

    def delete(self, post: Post) -> t.Any:
        """Answer."""
        return {"owner": post.owner}


class TwoByMethod(flask_restful.Resource):
    """A resource whose method is given two objects, and a variable, in this way."""

    method_decorators: t.ClassVar[t.Any] = {
        "get": [
            authorize("read", Post, key="second_id", name="second"),
            authorize("read", Post, key="first_id", name="first"),
        ],
    }

    def get(self, first: Post, second: Post, second_id: int) -> t.Any:
        """Answer."""
        return f"{first.owner} {second.owner} {second_id}"


class ByMethod(flask_restful.Resource):
    """A resource with other guards for each method."""

    method_decorators: t.ClassVar[t.Any] = {
        "get": [authorize(action="read", resource="page")],
        "post": [authorize("manage", "site")],
        "put": [skip_authorization],
        "patch": [authorizes_inside],
    }

    def get(self) -> str:
        """Answer."""
        return "page"

    post = put = patch = get


class Stacked(flask_restful.Resource):
    """A resource with two guards that find objects."""

    method_decorators: t.ClassVar[t.Any] = [
        authorize("read", Post, key="second_id", name="second"),
        authorize("read", Post, key="first_id", name="first"),
    ]

    def get(self, first: Post, second: Post) -> str:
        """Answer."""
        return f"{first.owner} {second.owner}"


class Forgotten(flask_restful.Resource):
    """A resource without a guard."""

    def get(self) -> str:
        """Answer."""
        return "SECRET"


def add_resources(site: Site, *resources: tuple[type, str]) -> None:
    """Give a site resources of Flask-RESTful."""
    api = flask_restful.Api(site.app)
    for resource, path in resources:
        api.add_resource(resource, path)


def test_method_decorators_of_flask_restful_are_guards(site: t.Any) -> None:
    """The object is found, judged and given to the method."""
    add_resources(site, (Decorated, "/posts/<int:post_id>"))

    assert site.open("/posts/1", "ann").get_json() == {"owner": "ann"}
    assert statuses(site, "/posts/2") == [404, 200]
    assert statuses(site, "/posts/3") == [404, 404]


def test_method_decorators_by_method_are_guards_of_that_method(site: t.Any) -> None:
    """Each method has its own guards."""
    add_resources(site, (ByMethod, "/page"))

    assert statuses(site, "/page") == [200, 403]
    assert statuses(site, "/page", method="POST") == [200, 403]
    assert statuses(site, "/page", method="PUT") == [200, 200]


def test_method_decorators_of_get_hold_for_head(site: t.Any) -> None:
    """Flask-RESTful leaves them out for HEAD; HEAD counts as GET all the same."""
    add_resources(site, (ByMethod, "/page"), (Decorated, "/posts/<int:post_id>"))

    assert statuses(site, "/page", method="HEAD") == [200, 403]
    assert statuses(site, "/posts/1", method="HEAD") == [200, 404]


def test_method_decorators_of_get_give_objects_for_head(site: t.Any) -> None:
    """The method is called with what it takes, in whatever order GET and HEAD come."""
    path = "/posts/<int:post_id>"
    add_resources(site, (DecoratedByMethod, path))
    site.guard.guard("decoratedbymethod", "read", Post)

    answers = [statuses(site, "/posts/1", method=each) for each in ("HEAD", "GET", "HEAD")]

    assert answers == [[200, 404]] * 3
    assert statuses(site, "/posts/1", method="DELETE") == [403, 404]


def test_several_method_decorators_of_get_give_objects_for_head(site: t.Any) -> None:
    """Each object comes under its name, with the variable that the method takes besides."""
    add_resources(site, (TwoByMethod, "/pairs/<int:first_id>/<int:second_id>"))

    assert site.open("/pairs/1/1", "ann").get_json() == "ann ann 1"
    assert statuses(site, "/pairs/1/1", method="HEAD") == [200, 404]
    assert statuses(site, "/pairs/1/2", method="HEAD") == [404, 404]


def test_method_decorator_that_promises_is_held_to_it(site: t.Any) -> None:
    """A method that was to authorize inside, and did not, is not answered."""
    add_resources(site, (ByMethod, "/page"))

    assert statuses(site, "/page", method="PATCH") == [500, 500]


def test_stacked_method_decorators_find_objects_each(site: t.Any) -> None:
    """The last of the list is the outermost, as Flask-RESTful applies them."""
    add_resources(site, (Stacked, "/pairs/<int:first_id>/<int:second_id>"))

    assert site.open("/pairs/1/1", "ann").get_json() == "ann ann"
    assert statuses(site, "/pairs/1/2") == [404, 404]
    keywords = [guard.key.keyword for guard in audit(site.app)["stacked"].guards]
    assert keywords == ["first", "second"]


def test_method_decorators_show_in_the_audit(site: t.Any) -> None:
    """The place is where the class names the guard."""
    add_resources(site, (Decorated, "/posts/<int:post_id>"))

    (guard,) = audit(site.app)["decorated"].guards

    assert (guard.kind.value, guard.place.file) == ("authorize", __file__)


def test_resource_without_a_guard_is_refused(site: t.Any) -> None:
    """A resource of Flask-RESTful is a view like any other."""
    add_resources(site, (Forgotten, "/"))

    assert statuses(site, "/") == [500, 500]


def test_resource_may_be_exempt(site: t.Any) -> None:
    """Its class is what is named."""
    add_resources(site, (Forgotten, "/"))
    site.guard.exempt(Forgotten, reason="For all.")

    assert statuses(site, "/") == [200, 200]


def test_method_decorators_that_nothing_applies_are_no_guards(site: t.Any) -> None:
    """A class of Flask's own has no use for that name: what is not met does not count."""

    class Page(MethodView):
        method_decorators: t.ClassVar[t.Any] = [authorize("manage", "site")]

        def get(self) -> str:
            return "SECRET"

    site.app.add_url_rule("/", view_func=Page.as_view("page"))
    site.app.testing = True

    with pytest.raises(OsoError, match=r"^A route is not guarded:\n  GET /: "):
        site.open("/", "ann")


class Overriding(Decorated):
    """A resource that does something before it is dispatched."""

    def dispatch_request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Dispatch."""
        return super().dispatch_request(*args, **kwargs)


class Bypassing(Decorated):
    """A resource that answers itself, without its decorators."""

    def dispatch_request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Answer."""
        return "SECRET"


@pytest.mark.parametrize(("cls", "expected"), [(Overriding, [200, 404]), (Bypassing, [500, 500])])
def test_method_decorators_of_an_overridden_dispatch(
    site: t.Any, cls: type, expected: list[int]
) -> None:
    """They count where the dispatch of Flask-RESTful is called in the end, and not otherwise."""
    add_resources(site, (cls, "/posts/<int:post_id>"))

    assert statuses(site, "/posts/1") == expected


# -- flask-smorest -------------------------------------------------------------------


DOCUMENTED = {
    "API_TITLE": "Pets",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.2",
    "OPENAPI_URL_PREFIX": "/",
    "OPENAPI_SWAGGER_UI_PATH": "/swagger-ui",
    "OPENAPI_SWAGGER_UI_URL": "https://example.org/swagger-ui/",
    "OPENAPI_REDOC_PATH": "/redoc",
    "OPENAPI_REDOC_URL": "https://example.org/redoc.js",
}


def make_documented_site() -> t.Any:
    """Make a site with an API of flask-smorest, and the pages that document it."""
    site = make_posts_site(**DOCUMENTED)
    api = flask_smorest.Api(site.app)
    pets = flask_smorest.Blueprint("pets", "pets", url_prefix="/pets")

    @pets.route("/")
    class Pets(MethodView):
        @pets.response(200)
        @authorize(action="read", resource="page")
        def get(self) -> t.Any:
            return {}

        @authorize("manage", "site")
        @pets.response(200)
        def post(self) -> t.Any:
            return {}

    api.register_blueprint(pets)
    return site


@pytest.mark.parametrize("path", ["/openapi.json", "/swagger-ui", "/redoc"])
def test_documentation_of_flask_smorest_is_exempt_by_its_blueprint(path: str) -> None:
    """One line opens all pages that document an API, and nothing else."""
    site = make_documented_site()

    site.guard.exempt("api-docs", reason="Whoever may call the API may read of it.")

    assert statuses(site, path) == [200, 200]
    assert statuses(site, "/pets/") == [200, 403]


def test_documentation_of_flask_smorest_may_be_guarded() -> None:
    """The pages are there already when they are guarded."""
    site = make_documented_site()

    site.guard.guard("api-docs", "manage", "site")

    assert statuses(site, "/openapi.json") == [200, 403]


def test_decorators_between_those_of_flask_smorest_are_seen() -> None:
    """Its own decorators may stand above and below."""
    site = make_documented_site()
    site.guard.exempt("api-docs", reason="For all.")

    assert statuses(site, "/pets/") == [200, 403]
    assert statuses(site, "/pets/", method="POST") == [200, 403]


# -- Flask-DebugToolbar --------------------------------------------------------------


def test_flask_debugtoolbar_takes_one_line(site: t.Any) -> None:
    """Its files have an endpoint, its pages a blueprint."""
    site.app.debug = True
    DebugToolbarExtension(site.app)
    page = authorize(action="read", resource="page")(lambda: "<html><body>page</body></html>")
    site.app.add_url_rule("/", "page", page)

    site.guard.exempt("_debug_toolbar.static", "debugtoolbar", reason="In debug mode only.")

    assert statuses(site, "/") == [200, 403]
    assert 'id="flDebug"' in site.open("/", "ann").text
    assert statuses(site, "/_debug_toolbar/static/css/toolbar.css") == [200, 200]


# -- files ---------------------------------------------------------------------------


def test_files_that_an_extension_serves_itself_take_one_line(site: t.Any) -> None:
    """A view that sends files from elsewhere is exempt by its endpoint."""
    site.app.add_url_rule("/files/<path:name>", "flask_dt.static", lambda name: name)

    site.guard.exempt("flask_dt.static", reason="Files that everybody has.")

    assert statuses(site, "/files/a.css") == [200, 200]


def test_static_files_of_a_blueprint_need_no_line(site: t.Any, tmp_path: t.Any) -> None:
    """What Flask serves for a blueprint is static."""
    (tmp_path / "a.css").write_text("a {}", encoding="utf-8")
    site.app.register_blueprint(Blueprint("kit", __name__, static_folder=tmp_path, url_prefix="/k"))

    path = f"/k/{tmp_path.name}/a.css"

    assert statuses(site, path) == [200, 200]
