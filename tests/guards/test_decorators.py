"""The decorators: where they work, what they keep, and what happens in the wrong place."""

from __future__ import annotations

import functools
import inspect
import re
import typing as t
import warnings
from collections.abc import Callable

import flask
import pytest
from flask import Blueprint
from flask.views import MethodView, View

from flask_oso import FlaskOso, Oso, OsoError, authorize, authorizes_inside, skip_authorization
from tests.support.sites import make_app, make_site


def with_wraps(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Decorate as one should."""

    @functools.wraps(view)
    def wrapper(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return view(*args, **kwargs)

    return wrapper


def without_wraps(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Decorate as many do."""

    def wrapper(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return view(*args, **kwargs)

    return wrapper


class Caller:
    """Decorate with an object."""

    def __init__(self, view: Callable[..., t.Any]) -> None:
        self.view = view

    def __call__(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return self.view(*args, **kwargs)


# -- where they work -----------------------------------------------------------------


def statuses(site: t.Any, path: str = "/", **options: t.Any) -> list[int]:
    """Give what ann, who may, and eve, who may not, are answered."""
    return [site.open(path, user, **options).status_code for user in ("ann", "eve")]


def test_authorize_guards_a_view(site: t.Any) -> None:
    """Below the route the decorator decides before the view is entered."""

    @site.app.get("/")
    @authorize(resource="page", action="read")
    def view() -> t.Any:
        return site.enter()

    assert statuses(site) == [200, 403]
    assert site.entered == ["/"]


@pytest.mark.parametrize("decorator", [authorize, authorize()])
def test_authorize_works_bare_and_called(decorator: t.Any) -> None:
    """Without arguments the resource is None and the action the method."""
    site = make_site('allow("ann", "GET", nil);')
    site.app.add_url_rule("/", "view", decorator(lambda: "page"))

    assert statuses(site) == [200, 403]


@pytest.mark.parametrize("decorator", [authorize, skip_authorization, authorizes_inside])
def test_decorators_keep_name_and_signature(decorator: t.Any) -> None:
    """Names, documentation and signature are those of the view."""

    def view(page_id: int, *, draft: bool = False) -> str:
        """Show a page."""
        return f"{page_id} {draft}"

    guarded = decorator(view)

    assert (guarded.__name__, guarded.__doc__) == ("view", "Show a page.")
    assert guarded.__wrapped__ is view
    assert inspect.signature(guarded) == inspect.signature(view)


def test_authorize_with_the_request_as_resource() -> None:
    """'flask.request' is the one resource that is known only later."""
    site = make_site('allow(_, _, r: Request) if r.args.get("user") = "ann";')
    site.app.add_url_rule("/", "view", authorize(resource=flask.request)(lambda: "page"))

    assert statuses(site) == [200, 403]


def test_decorator_with_actor_none(site: t.Any) -> None:
    """'actor=None' of a decorator is the anonymous actor."""
    site.app.add_url_rule("/", "view", authorize(actor=None)(site.enter))

    assert (site.open("/", "root").status_code, site.entered) == (403, [])


@pytest.mark.parametrize("decorator", [authorize(resource="page"), skip_authorization])
def test_async_views(site: t.Any, decorator: t.Any) -> None:
    """'async def' views are awaited, and guarded."""

    async def view() -> str:
        return "page"

    site.app.add_url_rule("/", "view", decorator(view))

    assert site.open("/", "ann").data == b"page"


def awaiting(view: t.Any) -> t.Any:
    """Decorate a coroutine function, and wait for it."""

    @functools.wraps(view)
    async def wait() -> t.Any:
        return await view()

    return wait


@pytest.mark.parametrize("decorator", [authorize("read", "page"), skip_authorization])
def test_decorator_that_awaits_what_a_guard_gives(site: t.Any, decorator: t.Any) -> None:
    """What Python says of it is told what to do; below the guard it waits for the view."""

    async def view() -> str:
        return "page"

    site.app.testing = True
    site.app.add_url_rule("/above", "above", awaiting(decorator(view)))
    site.app.add_url_rule("/below", "below", decorator(awaiting(view)))

    with pytest.raises(TypeError, match=r"'await' expression|can't be awaited") as caught:
        site.open("/above", "ann")

    assert caught.value.__notes__[0].endswith(
        " Put a decorator that awaits the view below its guards."
    )
    assert site.open("/below", "ann").text == "page"


def test_async_view_denied(site: t.Any) -> None:
    """A denied coroutine function is not entered."""

    @site.app.get("/")
    @authorize(resource="page")
    async def view() -> t.Any:
        return site.enter()

    assert (site.open("/").status_code, site.entered) == (403, [])


def test_async_methods_of_a_class(site: t.Any) -> None:
    """A denied coroutine method of a class-based view is not entered."""

    class Page(MethodView):
        @authorize(resource="page")
        async def get(self) -> str:
            return "page"

    site.app.add_url_rule("/", view_func=Page.as_view("page"))

    assert statuses(site) == [200, 403]


def test_authorize_in_the_decorators_of_a_class(site: t.Any) -> None:
    """'decorators' guards all methods of a class."""

    class Page(MethodView):
        decorators: t.ClassVar[list[t.Any]] = [authorize(resource="page", action="read")]

        def get(self) -> str:
            return "page"

        post = get

    site.app.add_url_rule("/", view_func=Page.as_view("page"))

    assert statuses(site) + statuses(site, method="POST") == [200, 403, 200, 403]


def test_authorize_on_a_blueprint(site: t.Any) -> None:
    """Routes of nested blueprints are guarded like others."""
    outer, inner = Blueprint("outer", "outer"), Blueprint("inner", "inner")

    @inner.get("/")
    @authorize(resource="page")
    def view() -> str:
        return "page"

    outer.register_blueprint(inner)
    site.app.register_blueprint(outer)

    assert statuses(site) == [200, 403]


def test_two_guards_must_both_pass(site: t.Any) -> None:
    """A view with two guards is entered if both of them allow."""

    @site.app.get("/<thing>")
    @authorize(resource="page", action="read")
    @authorize(resource="page", action="write")
    def view(thing: str) -> t.Any:
        return site.enter()

    answers = [site.open("/x", user).status_code for user in ("ann", "root")]

    assert answers == [403, 200]


def test_decorators_need_init_app() -> None:
    """Without 'init_app' the text says so."""
    app = make_app()
    app.testing = True
    app.add_url_rule("/", "view", authorize(lambda: "page"))

    with pytest.raises(OsoError, match=r"No oso instance on current application\. Did"):
        app.test_client().get("/")


def test_decorators_use_the_first_extension(site: t.Any) -> None:
    """With two extensions on one app the first decides."""
    second = FlaskOso(Oso())
    second.oso.load_str("allow(_, _, _);")
    second.init_app(site.app)
    site.app.add_url_rule("/", "view", authorize(resource="page")(site.enter))

    assert statuses(site) == [200, 403]


def test_decorated_view_outside_a_context_is_refused() -> None:
    """A guarded function cannot be called past its app."""
    with pytest.raises(OsoError, match="Application context doesn't exist"):
        authorize(lambda: "page")()


@pytest.mark.parametrize("decorator", [authorize, skip_authorization, authorizes_inside])
def test_decorators_refuse_classes(decorator: t.Any) -> None:
    """A class is not a view."""
    with pytest.raises(OsoError, match="guards functions, not the class 'Page'"):
        decorator(type("Page", (View,), {}))


def test_forgotten_action_is_told_of() -> None:
    """A class that has no views is the class of objects, whose action was left out."""
    with pytest.raises(OsoError) as caught:
        authorize(type("Page", (), {}))

    assert str(caught.value) == (
        "'@authorize' guards functions, not the class 'Page'. The action stands first:"
        " '@authorize(\"edit\", Page)'."
    )


def test_decorators_refuse_values() -> None:
    """A forgotten keyword is noticed at once."""
    with pytest.raises(OsoError, match="'@skip_authorization' was given 'str' in place of a view"):
        skip_authorization("Open to all.")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("decorator", "call"),
    [
        (authorize, "oso.guard(blueprint, …)"),
        (skip_authorization, "oso.exempt(blueprint, reason=…)"),
    ],
)
def test_decorators_refuse_blueprints(decorator: t.Any, call: str) -> None:
    """What guards a whole blueprint is named."""
    with pytest.raises(OsoError, match=re.escape(f"For a blueprint write '{call}'")):
        decorator(Blueprint("pages", __name__))


@pytest.mark.parametrize("actions", [["read", "edit"], ("read", "edit")])
def test_decorators_refuse_several_actions(actions: t.Any) -> None:
    """A list does not say whether one of its actions is enough."""
    with pytest.raises(OsoError, match="'@authorize' was given several actions, "):
        authorize(actions, Caller)


@pytest.mark.parametrize("action", ["read", {"GET": "read"}], ids=str)
def test_action_without_a_resource_is_refused(action: t.Any) -> None:
    """What is forgotten is the resource, and the message shows where it stands."""
    with pytest.raises(OsoError) as caught:
        authorize(action)

    assert str(caught.value) == (
        f"'@authorize' was given the action {action!r} and no resource. Name the resource"
        " second, as in '@authorize(\"read\", Note)'."
    )


def test_class_in_place_of_an_action_is_refused() -> None:
    """The two in the wrong order are not taken for a decorated class."""
    with pytest.raises(OsoError) as caught:
        authorize(View, "read")

    assert str(caught.value) == (
        "'@authorize' was given the class 'View' in place of an action. The action stands"
        " first: '@authorize(\"read\", View)'."
    )


# -- the wrong place -----------------------------------------------------------------


@pytest.mark.parametrize(
    "decorator", [authorize, authorize(resource="page"), skip_authorization, authorizes_inside]
)
def test_decorator_above_the_route_is_noticed(site: t.Any, decorator: t.Any) -> None:
    """The app refuses to serve, and names endpoint, file, line and remedy."""

    @decorator
    @site.app.get("/page")
    def page() -> t.Any:
        return site.enter()

    site.app.testing = True
    with pytest.raises(OsoError) as caught:
        site.open("/page", "root")

    line = inspect.unwrap(page).__code__.co_firstlineno
    assert f"endpoint 'page' ({__file__}:{line})" in str(caught.value)
    assert "below '@app.route'" in str(caught.value)
    assert site.entered == []


def test_misplaced_decorator_refuses_every_request(site: t.Any) -> None:
    """Not only the route in question: the app does not serve at all."""

    @authorize
    @site.app.get("/page")
    def page() -> t.Any:
        return site.enter()

    site.app.add_url_rule("/other", "other", site.enter)

    answers = [site.open(path).status_code for path in ("/other", "/page", "/none", "/other")]
    assert answers == [500] * 4
    assert site.entered == []


def test_misplaced_decorator_on_a_blueprint_is_noticed(site: t.Any) -> None:
    """Blueprints register their functions later; it is noticed all the same."""
    blueprint = Blueprint("shop", "shop")

    @authorize
    @blueprint.route("/page")
    def page() -> t.Any:
        return site.enter()

    site.app.register_blueprint(blueprint)

    assert (site.open("/page").status_code, site.entered) == (500, [])


def test_decorated_function_that_is_not_registered_is_noticed(site: t.Any) -> None:
    """A guarded function that is made and never registered is noticed."""

    def page() -> t.Any:
        return site.enter()

    site.app.add_url_rule("/page", view_func=page)
    authorize(page)

    assert (site.open("/page").status_code, site.entered) == (500, [])


def test_misplaced_decorator_of_a_view_put_in_later_is_noticed(site: t.Any) -> None:
    """A function that takes a view's place after the first request is seen."""

    def page() -> t.Any:
        return site.enter()

    authorize(page)
    site.app.add_url_rule("/page", "page", lambda: "open")
    before = site.open("/page").status_code

    site.app.view_functions["page"] = page

    assert (before, site.open("/page").status_code, site.entered) == (200, 500, [])


@pytest.mark.parametrize("between", [with_wraps, without_wraps, Caller])
def test_decorator_between_guard_and_route_hides_nothing(site: t.Any, between: t.Any) -> None:
    """A decorator between guard and route hides nothing."""

    @authorize
    @between
    @site.app.get("/page")
    def page() -> t.Any:
        return site.enter()

    assert (site.open("/page").status_code, site.entered) == (500, [])


@pytest.mark.parametrize("between", [with_wraps, without_wraps])
def test_route_of_another_decorated_function_is_noticed(site: t.Any, between: t.Any) -> None:
    """A route that was given a decorated, but unguarded function is noticed."""

    @authorize
    @site.app.get("/page")
    @between
    def page() -> t.Any:
        return site.enter()

    assert (site.open("/page").status_code, site.entered) == (500, [])


def test_outer_guard_that_is_missed_is_noticed(site: t.Any) -> None:
    """A guard below the route does not excuse one above it."""

    @authorize(action="write", resource="page")
    @site.app.get("/page")
    @authorize(action="read", resource="page")
    def page() -> t.Any:
        return site.enter()

    assert (site.open("/page", "ann").status_code, site.entered) == (500, [])


@pytest.mark.parametrize("above", [with_wraps, without_wraps, Caller])
@pytest.mark.parametrize("below", [with_wraps, without_wraps, Caller])
def test_decorators_around_a_guard_are_welcome(site: t.Any, above: t.Any, below: t.Any) -> None:
    """A guard in the right place is not suspected, whatever stands above and below."""

    @above
    @authorize(resource="page")
    @below
    def page() -> str:
        return "page"

    site.app.add_url_rule("/", "page", page)

    assert statuses(site) == [200, 403]


def test_view_guarded_here_and_bare_there(site: t.Any) -> None:
    """One function with a guard on one route and none on another is refused."""

    def page() -> t.Any:
        return site.enter()

    site.app.add_url_rule("/guarded", "guarded", authorize(resource="page")(page))
    site.app.add_url_rule("/bare", "bare", page)
    site.app.testing = True

    with pytest.raises(OsoError, match=r"endpoint 'bare'.*needs its own 'skip_authorization\("):
        site.open("/guarded", "ann")


def test_view_guarded_here_and_exempt_there(site: t.Any) -> None:
    """The remedy that the message names works."""

    def page() -> str:
        return "page"

    site.app.add_url_rule("/guarded", "guarded", authorize(resource="page")(page))
    site.app.add_url_rule("/open", "open", skip_authorization(page))

    assert statuses(site, "/guarded") + statuses(site, "/open") == [200, 403, 200, 200]


def test_view_with_two_guards_on_two_routes(site: t.Any) -> None:
    """One function may have a guard of its own on each route."""

    def page() -> str:
        return "page"

    site.app.add_url_rule("/r", "r", authorize(resource="page", action="read")(page))
    site.app.add_url_rule("/w", "w", authorize(resource="page", action="write")(page))

    assert statuses(site, "/r") + statuses(site, "/w") == [200, 403, 403, 403]


def test_view_guarded_in_one_app_and_bare_in_another() -> None:
    """What one app guards properly, another app may serve without."""
    one, two = make_site(), make_site()

    def page() -> str:
        return "page"

    one.app.add_url_rule("/", "page", authorize(resource="page")(page))
    two.app.add_url_rule("/", "page", page)

    assert statuses(one) + statuses(two) == [200, 403, 200, 200]


def test_helper_that_is_guarded_elsewhere_is_no_mistake(site: t.Any) -> None:
    """A view that calls a function which is covered elsewhere was not decorated in vain."""

    def helper() -> str:
        return "page"

    authorize(helper)

    @site.app.get("/")
    def view() -> str:
        return helper()

    assert statuses(site) == [200, 200]


def test_guarding_a_static_endpoint_concerns_no_other(site: t.Any) -> None:
    """Flask's own function may be guarded for one blueprint."""
    blueprints = [Blueprint(name, name, static_folder=".") for name in ("one", "two")]
    for blueprint in blueprints:
        blueprint.root_path = "."
        site.app.register_blueprint(blueprint, url_prefix=f"/{blueprint.name}")
    views = site.app.view_functions
    views["one.static"] = authorize(resource="page")(views["one.static"])

    paths = [f"/{blueprint.name}/{blueprint.static_url_path}/none" for blueprint in blueprints]
    assert [site.open(path.replace("//", "/")).status_code for path in paths] == [403, 404]


# -- strict --------------------------------------------------------------------------


@pytest.fixture
def strict() -> t.Any:
    """Give a site that refuses views without a decorator."""
    return make_site(OSO_ENFORCE="strict")


def test_strict_accepts_guarded_methods(strict: t.Any) -> None:
    """A class-based view is guarded method by method."""

    class Page(MethodView):
        @authorize(resource="page")
        def get(self) -> t.Any:
            return strict.enter()

        @authorizes_inside
        def post(self) -> t.Any:
            return strict.enter()

    strict.app.add_url_rule("/", view_func=Page.as_view("page"))

    answers = [strict.open("/", "ann", method=name).status_code for name in ("GET", "HEAD", "POST")]
    assert (answers, len(strict.entered)) == ([200, 200, 500], 3)


def test_strict_names_the_method_that_is_not_guarded(strict: t.Any) -> None:
    """Of a class-based view it is told which method lacks its guard, and where."""

    class Page(MethodView):
        @authorize(resource="page")
        def get(self) -> t.Any:
            return strict.enter()

        def delete(self) -> t.Any:
            return strict.enter()

    strict.app.add_url_rule("/", view_func=Page.as_view("page"))
    strict.app.testing = True

    with pytest.raises(OsoError) as caught:
        strict.open("/", "ann", method="DELETE")

    assert str(caught.value) == (
        "A route is not guarded:\n"
        f"  DELETE /: endpoint 'page' (Page.delete, {__file__}:"
        f"{Page.delete.__code__.co_firstlineno})\n"
        "Decorate each view with '@authorize', or with '@oso.lists' if it lists objects; exempt it"
        " with '@skip_authorization', or declare with '@authorizes_inside' that it authorizes"
        " itself. Of a class, decorate the method, or name the decorator in its 'decorators'; for a"
        " blueprint call 'oso.guard'. 'flask oso routes' lists all routes."
    )


def test_strict_accepts_guarded_dispatch(strict: t.Any) -> None:
    """A strict requirement accepts a class that is guarded by its 'dispatch_request'."""

    class Page(View):
        @authorize(resource="page")
        def dispatch_request(self) -> str:
            return "page"

    strict.app.add_url_rule("/", view_func=Page.as_view("page"))

    assert statuses(strict) == [200, 403]


def test_strict_does_not_look_through_nameless_decorators(strict: t.Any) -> None:
    """A decorator that keeps no '__wrapped__' might call anything."""
    strict.app.add_url_rule("/", "page", without_wraps(authorize(resource="page")(strict.enter)))

    assert (strict.open("/", "ann").status_code, strict.entered) == (500, [])


def test_strict_accepts_a_partial(strict: t.Any) -> None:
    """A partial of a guarded function is guarded."""
    guarded = authorize(resource="page")(lambda text: text)
    strict.app.add_url_rule("/", "page", functools.partial(guarded, "page"))

    assert statuses(strict) == [200, 403]


# -- the census speaks up ------------------------------------------------------------


def test_guard_of_nothing_warns() -> None:
    """A guard without arguments asks about no object, which rules are seldom about."""
    site = make_site('allow(_, _, page) if page = "page";')

    @site.app.get("/")
    @authorize
    def view() -> t.Any:
        return site.enter()

    with pytest.warns(UserWarning, match="names no resource, so the policy is asked about 'nil'"):
        assert site.open("/").status_code == 403


def test_guard_of_nothing_that_a_rule_allows() -> None:
    """Old policies may have rules for that."""
    site = make_site('allow(_, "GET", _);')

    @site.app.get("/")
    @authorize
    def view() -> t.Any:
        return site.enter()

    assert site.open("/").status_code == 200


def test_misspelt_action_warns(site: t.Any) -> None:
    """An action that no rule can allow is reported at the first request."""
    site.guard.set_oso(Oso())
    oso = Oso()
    site.guard.set_oso(oso)
    oso.load_str('allow("ann", "read", "page");')

    @site.app.get("/")
    @authorize(action="raed", resource="page")
    def view() -> t.Any:
        return site.enter()

    with pytest.warns(UserWarning) as caught:
        site.open("/")

    text = str(caught[0].message)
    assert f"endpoint 'view' ({__file__}:" in text
    assert "'raed'" in text
    assert text.endswith("is never allowed by the policy. Did you mean 'read'?")


def test_action_without_rules_warns_with_a_rule(site: t.Any) -> None:
    """The warning of an action like no other gives the rule that would allow it."""
    site.guard.set_oso(oso := Oso())
    oso.register_class(page := type("WikiPage", (), {}), name="WikiPage")
    oso.load_str('allow(_, "read", _: WikiPage);')
    site.app.add_url_rule("/", "view", authorize("publish", page)(site.enter))

    with pytest.warns(UserWarning) as caught:
        site.open("/")

    rule = 'allow(user: User, "publish", wiki_page: WikiPage) if …;'
    text = str(caught[0].message)
    assert text.endswith(f"Write a rule that allows it: '{rule}'.")


def test_unregistered_class_warns(site: t.Any) -> None:
    """A resource class that no rule names is reported."""
    page = type("Page", (), {})
    site.app.add_url_rule("/", "view", authorize(resource=page)(site.enter))

    with pytest.warns(UserWarning, match="the class 'Page' as its resource, which no rule names"):
        site.open("/")


def test_right_names_do_not_warn(site: t.Any) -> None:
    """Nothing is said of what the policy knows."""
    site.app.add_url_rule("/", "view", authorize(resource="page", action="read")(lambda: "page"))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert statuses(site) == [200, 403]
