"""Guards and exemptions that are declared apart from a view, before it is registered and after."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

import pytest
from flask import Blueprint, Flask, g
from flask.views import MethodView, View
from werkzeug.routing import Rule

from flask_oso import (
    FlaskOso,
    Oso,
    OsoError,
    authorize,
    authorizes_inside,
    skip_authorization,
)
from tests.support.sites import Site, audit, make_app, make_site, make_strict_site


class Post:
    """A post of somebody."""

    def __init__(self, owner: str) -> None:
        self.owner = owner


POLICY = """
allow(user, "read", post: Post) if post.owner = user;
allow("ann", "enter", "house");
allow("root", _, _);
"""
POSTS = {1: Post("ann"), 2: Post("eve")}


@pytest.fixture
def site() -> t.Any:
    """Give a site that does not serve while a view is not guarded."""
    site = make_strict_site("unused(1);")
    site.guard.oso.register_class(Post)
    site.guard.oso.load_str(POLICY, replace=True)
    site.guard.loader(Post)(POSTS.get)
    return site


def hall() -> str:
    """Answer without a decorator."""
    return "hall"


class Hall(View):
    """A class of views without a decorator."""

    def dispatch_request(self) -> str:
        """Answer."""
        return "hall"


class Attic(Hall):
    """A class below it."""


def make_rooms() -> Blueprint:
    """Make a blueprint with one view, and one blueprint inside of it."""
    rooms, inner = Blueprint("rooms", "rooms"), Blueprint("inner", "inner")
    rooms.add_url_rule("/hall", "hall", hall)
    inner.add_url_rule("/cellar", "cellar", hall)
    rooms.register_blueprint(inner)
    return rooms


def statuses(site: Site, *paths: str) -> list[list[int]]:
    """Give what ann, who may, and eve, who may not, are answered."""
    return [[site.open(path, user).status_code for user in ("ann", "eve")] for path in paths]


OPEN, GUARDED, REFUSED = [200, 200], [200, 403], [500, 500]


# -- exempt --------------------------------------------------------------------------


def test_exempt_view_is_open_before_it_is_registered(site: t.Any) -> None:
    """A view that is exempt passes strict enforcement."""
    site.guard.exempt(hall, reason="For all.")
    site.app.add_url_rule("/", "hall", hall)

    assert statuses(site, "/") == [OPEN]


@pytest.mark.parametrize("name", ["hall", Hall])
def test_exempt_view_is_open_after_it_is_registered(site: t.Any, name: t.Any) -> None:
    """An endpoint is exempt by its name, and a class of views by itself."""
    site.app.add_url_rule("/", view_func=Hall.as_view("hall"))

    site.guard.exempt(name, reason="For all.")

    assert statuses(site, "/") == [OPEN]


def test_exempt_function_is_open_after_it_is_registered(site: t.Any) -> None:
    """A view that the app has is exempt by itself."""
    view = lambda: "page"  # noqa: E731
    site.app.add_url_rule("/", "page", view)

    site.guard.exempt(view, reason="For all.")

    assert statuses(site, "/") == [OPEN]


def test_exempt_view_below_decorators_is_open(site: t.Any) -> None:
    """A decorator that says what it wraps leaves the exemption visible."""

    def view() -> str:
        return "page"

    @functools.wraps(view)
    def decorated() -> str:
        return view()

    site.app.add_url_rule("/", "page", decorated)

    site.guard.exempt(view, reason="For all.")

    assert statuses(site, "/") == [OPEN]


def copying(source: t.Any) -> t.Any:
    """Make a view that has the attributes of another one, and calls nothing of it."""

    def view() -> str:
        return "copy"

    view.__dict__.update(source.__dict__)
    return view


def test_exemption_is_not_copied_with_the_attributes_of_a_view(site: t.Any) -> None:
    """Who is exempt is named, and a copy of its attributes is another view."""
    view = functools.partial(hall)
    site.guard.exempt(view, reason="For all.")
    site.app.add_url_rule("/copy", "copy", copying(view))

    assert audit(site.app)["copy"].status.value == "unguarded"
    assert site.open("/copy", "eve").status_code != 200


def test_guard_is_copied_with_the_attributes_of_a_view(site: t.Any) -> None:
    """A decorator that does not say what it wraps may copy them: it is asked rather than not."""
    view = functools.partial(hall)
    site.guard.guard(view, "enter", "house")
    site.app.add_url_rule("/copy", "copy", copying(view))

    assert [site.open("/copy", user).status_code for user in ("ann", "eve")] == [200, 403]


def test_exemption_of_a_class_holds_for_those_below(site: t.Any) -> None:
    """A class inherits the exemption, as it inherits 'decorators'."""
    site.guard.exempt(Hall, reason="For all.")
    site.app.add_url_rule("/", view_func=Attic.as_view("attic"))

    assert statuses(site, "/") == [OPEN]


@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize("find", [lambda rooms: rooms, lambda rooms: "rooms"])
def test_exempt_blueprint_is_open(
    site: t.Any, find: Callable[[Blueprint], t.Any], is_early: bool
) -> None:
    """All views of a blueprint are exempt, with those of blueprints inside."""
    rooms = make_rooms()
    steps = [
        lambda: site.guard.exempt(find(rooms), reason="For all."),
        lambda: site.app.register_blueprint(rooms),
    ]

    [step() for step in (steps if is_early else reversed(steps))]

    assert statuses(site, "/hall", "/cellar") == [OPEN, OPEN]


def test_exempt_takes_several(site: t.Any) -> None:
    """One line exempts what belongs together."""
    site.app.add_url_rule("/one", "one", hall)
    site.app.add_url_rule("/two", "two", lambda: "two")

    site.guard.exempt("one", "two", reason="For all.")

    assert statuses(site, "/one", "/two") == [OPEN, OPEN]


def test_exempt_is_a_decorator(site: t.Any) -> None:
    """Above a view it exempts that view."""

    @site.app.get("/")
    @site.guard.exempt(reason="For all.")
    def page() -> str:
        return "page"

    assert statuses(site, "/") == [OPEN]


def test_exemption_of_one_endpoint_leaves_the_others(site: t.Any) -> None:
    """What is not named is not exempt: the app does not serve."""
    site.app.add_url_rule("/one", "one", hall)
    site.app.add_url_rule("/two", "two", lambda: "two")

    site.guard.exempt("one", reason="For all.")

    assert statuses(site, "/one", "/two") == [REFUSED, REFUSED]


def test_exemption_of_an_unknown_endpoint_exempts_nothing(site: t.Any) -> None:
    """An extension that is not there needs no exemption."""
    site.app.add_url_rule("/", "page", hall)
    site.guard.exempt("pages", reason="For all.")

    assert statuses(site, "/") == [REFUSED]


def test_exempt_view_is_denied_by_its_guard(site: t.Any) -> None:
    """A guard of its own stands all the same."""
    view = authorize(action="enter", resource="house")(hall)
    site.app.add_url_rule("/", "hall", view)

    site.guard.exempt("hall", reason="For all.")

    assert statuses(site, "/") == [GUARDED]


@pytest.mark.parametrize(("lifts", "expected"), [(False, GUARDED), (True, OPEN)])
@pytest.mark.parametrize("is_early", [True, False])
def test_exempt_view_in_a_guarded_blueprint(
    site: t.Any, lifts: bool, is_early: bool, expected: list[int]
) -> None:
    """The guard of the blueprint is lifted only if that is said."""
    rooms = make_rooms()
    steps = [
        lambda: site.guard.guard(rooms, "enter", "house"),
        lambda: site.app.register_blueprint(rooms),
    ]
    [step() for step in (steps if is_early else reversed(steps))]

    site.guard.exempt("rooms.hall", reason="For all.", blueprint=lifts)

    assert statuses(site, "/hall", "/cellar") == [expected, GUARDED]


def test_exemption_shows_in_the_audit(site: t.Any) -> None:
    """The row of the route is skipped, with the reason."""
    site.app.add_url_rule("/", "page", hall)
    site.guard.exempt("page", reason="For all.")

    row = audit(site.app)["page"]

    assert (row.status.value, row.remark) == ("skipped", "For all.")


def test_exemption_of_another_extension_does_not_count(site: t.Any) -> None:
    """What a FlaskOso exempts that the app does not have is not exempt."""
    rooms = make_rooms()
    FlaskOso(Oso()).exempt(rooms, reason="For all.")
    site.app.register_blueprint(rooms)

    assert statuses(site, "/hall") == [REFUSED]


@pytest.mark.parametrize("reason", ["", "  ", None, 1])
def test_exemption_without_a_reason_is_refused(site: t.Any, reason: t.Any) -> None:
    """Who reads the list of routes wants to know why."""
    with pytest.raises(OsoError) as caught:
        site.guard.exempt("page", reason=reason)

    assert str(caught.value) == (
        "'exempt' was given no reason. Say why: 'exempt(view, reason=\"…\")'."
    )


# -- guard ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hall", Hall])
@pytest.mark.parametrize("is_early", [True, False])
def test_guarded_endpoint_is_judged(site: t.Any, name: t.Any, is_early: bool) -> None:
    """An endpoint or a class of views is guarded, whenever it is registered."""
    steps = [
        lambda: site.guard.guard(name, "enter", "house"),
        lambda: site.app.add_url_rule("/", view_func=Hall.as_view("hall")),
    ]

    [step() for step in (steps if is_early else reversed(steps))]

    assert statuses(site, "/") == [GUARDED]


def test_guarded_function_is_judged_on_each_route(site: t.Any) -> None:
    """A view is guarded by itself, under whatever endpoint."""

    def view() -> t.Any:
        return site.enter()

    site.guard.guard(view, "enter", "house")
    site.app.add_url_rule("/one", "one", view)
    site.app.add_url_rule("/two", "two", view)

    assert statuses(site, "/one", "/two") == [GUARDED, GUARDED]
    assert site.entered == ["/one", "/two"]


def test_guarded_endpoint_leaves_others_of_its_view(site: t.Any) -> None:
    """The name of an endpoint means that endpoint."""
    site.guard.exempt("open", reason="For all.")
    site.guard.guard("closed", "enter", "house")
    site.app.add_url_rule("/open", "open", hall)
    site.app.add_url_rule("/closed", "closed", hall)

    assert statuses(site, "/open", "/closed") == [OPEN, GUARDED]


@pytest.mark.parametrize("find", [lambda rooms: rooms, lambda rooms: "rooms"])
def test_guard_of_a_registered_blueprint_holds_inside(
    site: t.Any, find: Callable[[Blueprint], t.Any]
) -> None:
    """Views of blueprints inside are guarded as well."""
    rooms = make_rooms()
    site.app.register_blueprint(rooms)

    site.guard.guard(find(rooms), "enter", "house")

    assert statuses(site, "/hall", "/cellar") == [GUARDED, GUARDED]


def test_guard_of_a_blueprint_inside_leaves_the_others(site: t.Any) -> None:
    """The full name means the blueprint inside."""
    site.app.register_blueprint(make_rooms())
    site.guard.exempt("rooms.hall", reason="For all.")

    site.guard.guard("rooms.inner", "enter", "house")

    assert statuses(site, "/hall", "/cellar") == [OPEN, GUARDED]


def test_guarded_endpoint_is_given_its_object(site: t.Any) -> None:
    """The object that the route names is judged, and given to a view that takes it."""
    site.app.add_url_rule("/posts/<int:post_id>", "show", lambda post: post.owner)
    site.guard.guard("show", "read", Post)

    answers = [site.open(path, "ann") for path in ("/posts/1", "/posts/2", "/posts/3")]

    assert [(each.status_code, each.text == "ann") for each in answers] == [
        (200, True),
        (404, False),
        (404, False),
    ]


def test_guarded_blueprint_gives_its_object_to_a_decorated_view(site: t.Any) -> None:
    """A guard that is declared late and a decorator may each find an object."""
    rooms = Blueprint("rooms", "rooms")

    @rooms.get("/<int:post_id>/<int:other_id>")
    @authorize("read", Post, key="other_id", name="other")
    def compare(post: Post, other: Post) -> str:
        return f"{post.owner} {other.owner}"

    site.app.register_blueprint(rooms)
    site.guard.guard(rooms, "read", Post)

    assert site.open("/1/1", "ann").text == "ann ann"
    assert [site.open(path, "ann").status_code for path in ("/1/2", "/2/1")] == [404, 404]


def test_guarded_method_view_is_judged_by_method(site: t.Any) -> None:
    """A mapping of methods to actions is for the methods of the class."""

    class Room(MethodView):
        def get(self) -> str:
            return "room"

        def post(self) -> str:
            return "room"

    site.app.add_url_rule("/", view_func=Room.as_view("room"))
    site.guard.guard("room", {"GET": "enter", "POST": "paint"}, "house")

    calls = [("ann", "GET"), ("ann", "POST"), ("root", "POST")]
    found = [site.open("/", user, method=method).status_code for user, method in calls]
    assert found == [200, 403, 200]


def test_guarded_method_of_a_class_is_judged(site: t.Any) -> None:
    """The function of one HTTP method is guarded by itself, and the others are not."""

    class Room(MethodView):
        def get(self) -> str:
            return "room"

        def post(self) -> str:
            return "room"

    site.app.add_url_rule("/", view_func=Room.as_view("room"))
    site.guard.guard(Room.get, "enter", "house")
    site.guard.exempt(Room.post, reason="For all.")

    assert statuses(site, "/") == [GUARDED]
    assert [site.open("/", method=method).status_code for method in ("HEAD", "POST")] == [403, 200]


def test_guarded_view_with_a_rule_of_its_own_is_judged(site: t.Any) -> None:
    """A rule that was put into the map itself leads through the guard."""
    site.app.url_map.add(Rule("/", endpoint="hall"))
    site.app.view_functions["hall"] = hall

    site.guard.guard("hall", "enter", "house")

    assert statuses(site, "/") == [GUARDED]


def test_guarded_async_view_is_judged(site: t.Any) -> None:
    """A coroutine function is guarded like any other."""

    async def view() -> str:
        return "page"

    site.app.add_url_rule("/", "page", view)
    site.guard.guard("page", "enter", "house")

    assert statuses(site, "/") == [GUARDED]


def test_guard_holds_without_strict_enforcement() -> None:
    """Where nothing is enforced, what is guarded is guarded."""
    site = make_site('allow("ann", "enter", "house");', OSO_ENFORCE="off")
    site.app.add_url_rule("/", "hall", hall)
    site.guard.guard("hall", "enter", "house")

    assert statuses(site, "/") == [GUARDED]


def test_guard_holds_past_the_border_of_the_app(site: t.Any) -> None:
    """A request that a test dispatches itself is judged, too."""
    site.app.add_url_rule("/", "hall", hall)
    site.guard.guard("hall", "enter", "house")

    with site.app.test_request_context("/?user=eve"):
        response = site.app.full_dispatch_request()

    assert response.status_code == 403


def test_guard_holds_when_the_view_is_wrapped_later(site: t.Any) -> None:
    """An extension that wraps all views of an app wraps the guard, too."""
    site.app.add_url_rule("/", "hall", hall)
    site.guard.guard("hall", "enter", "house")
    site.open("/")
    view = site.app.view_functions["hall"]

    site.app.view_functions["hall"] = functools.wraps(view)(lambda: view())

    assert statuses(site, "/") == [GUARDED]


def test_guard_holds_when_the_view_is_replaced_later(site: t.Any) -> None:
    """The endpoint is guarded, whichever view it has."""
    site.app.add_url_rule("/", "hall", hall)
    site.guard.guard("hall", "enter", "house")
    site.open("/")

    site.app.view_functions["hall"] = lambda: "another"

    assert statuses(site, "/") == [GUARDED]


def test_guarded_view_under_two_names_keeps_both_guards(site: t.Any) -> None:
    """An endpoint that took the view of another is guarded as its own name says."""
    site.guard.guard("one", "enter", "house")
    site.guard.guard("two", "paint", "house")
    site.app.add_url_rule("/one", "one", hall)
    site.app.add_url_rule("/two", "two", hall)
    site.open("/one")

    site.app.view_functions["two"] = site.app.view_functions["one"]

    assert statuses(site, "/one", "/two") == [GUARDED, [403, 403]]


def test_guard_that_is_repeated_is_one(site: t.Any) -> None:
    """A factory says the same for each app that it makes."""
    site.app.add_url_rule("/", "hall", hall)
    site.guard.guard("hall", "enter", "house")
    site.open("/")

    site.guard.guard("hall", "enter", "house")
    site.guard.exempt("nowhere", reason="For all.")

    assert [each.target for each in audit(site.app)["hall"].guards] == ["hall"]


def test_guards_for_different_actors_are_both_met(site: t.Any) -> None:
    """What differs in the actor alone is no repetition."""
    site.app.add_url_rule("/", "hall", hall)
    site.guard.guard("hall", "enter", "house", actor="ann")
    site.guard.guard("hall", "enter", "house")

    assert statuses(site, "/") == [GUARDED]


def test_two_guards_of_an_endpoint_are_both_met(site: t.Any) -> None:
    """A further guard narrows who may."""
    site.app.add_url_rule("/", "hall", hall)
    site.guard.guard("hall", "enter", "house")
    site.guard.guard("hall", "paint", "house")

    assert [site.open("/", user).status_code for user in ("ann", "root")] == [403, 200]


@pytest.mark.parametrize("word", ["guard", "exempt"])
@pytest.mark.parametrize("target", ["hall", hall, "rooms"])
def test_declaration_after_the_first_request_is_refused(
    site: t.Any, target: t.Any, word: str
) -> None:
    """What comes too late says so, and is not taken for being in force."""
    site.app.add_url_rule("/", "hall", skip_authorization(hall))
    site.app.register_blueprint(Blueprint("rooms", "rooms"))
    site.open("/")
    declare = {
        "guard": lambda: site.guard.guard(target, "enter", "house"),
        "exempt": lambda: site.guard.exempt(target, reason="For all."),
    }

    with pytest.raises(OsoError) as caught:
        declare[word]()

    name = target if isinstance(target, str) else "hall"
    assert str(caught.value) == (
        f"The app 'site' has answered a request already, so {word!r} comes too late for {name!r}."
        " Call it before the first request."
    )


def test_declaration_for_a_later_app_is_in_time(site: t.Any) -> None:
    """One FlaskOso serves several apps, each with views of its own."""
    site.app.add_url_rule("/", "hall", skip_authorization(hall))
    site.open("/")
    later = make_app("later", OSO_ENFORCE="strict")
    site.guard.init_app(later)
    later.add_url_rule("/page", "page", lambda: "page")

    site.guard.exempt("page", reason="For all.")

    assert later.test_client().get("/page").status_code == 200


def test_guard_of_an_unknown_endpoint_stops_the_app(site: t.Any) -> None:
    """A misspelt name would guard nothing."""
    site.app.testing = True
    site.app.add_url_rule("/", "hall", skip_authorization(hall))
    site.guard.guard("hal", "enter", "house")

    with pytest.raises(OsoError, match=r"neither an endpoint nor a blueprint .* 'site'. Did you m"):
        site.open("/")


def test_name_of_endpoint_and_blueprint_stops_the_app(site: t.Any) -> None:
    """What could mean one view or many means neither."""
    site.app.testing = True
    site.app.add_url_rule("/", "rooms", skip_authorization(hall))
    site.app.register_blueprint(make_rooms())
    site.guard.exempt("rooms", reason="For all.")

    with pytest.raises(OsoError, match="is an endpoint of the app 'site', and the name of a bluep"):
        site.open("/")


def test_guard_of_the_extension_of_another_app_does_not_count(site: t.Any) -> None:
    """Each app that a factory makes has an extension and declarations of its own."""
    make_site().guard.guard(hall, "paint", "house")
    site.guard.guard(hall, "enter", "house")
    site.app.add_url_rule("/", "hall", hall)

    assert statuses(site, "/") == [GUARDED]


def test_guard_of_another_extension_stops_the_app(site: t.Any) -> None:
    """A view that a FlaskOso guards which the app does not have is not served."""
    site.app.testing = True

    def view() -> str:
        return "page"

    FlaskOso(Oso()).guard(view, "enter", "house")
    site.app.add_url_rule("/", "page", view)

    with pytest.raises(OsoError, match=r"^The view '.*view' is guarded by a FlaskOso that the app"):
        site.open("/")


@pytest.mark.parametrize("target", [1, None, Post("ann").__str__, len, MethodView, View, ["hall"]])
def test_target_that_leads_nowhere_is_refused(site: t.Any, target: t.Any) -> None:
    """What is no blueprint, view, class of views or name is an error, and so is every class."""
    with pytest.raises(OsoError, match="'exempt' was given"):
        site.guard.exempt(target, reason="For all.")


def test_app_is_no_target(site: t.Any) -> None:
    """An exemption of a whole app is not to be had."""
    with pytest.raises(OsoError, match=r"^'exempt' was given 'Flask' in place of a blueprint\."):
        site.guard.exempt(site.app, reason="For all.")


def test_decorator_below_a_declared_guard_is_met(site: t.Any) -> None:
    """The view's own decorators come after it."""
    view = authorizes_inside(lambda: site.guard.authorize("house", action="paint") or "page")
    site.app.add_url_rule("/", "page", view)
    site.guard.guard("page", "enter", "house")

    assert [site.open("/", user).status_code for user in ("ann", "root")] == [403, 200]


def test_app_without_extension_is_not_touched() -> None:
    """Where no FlaskOso was initialized nothing is exempt and nothing is asked."""
    app: Flask = make_app()
    app.add_url_rule("/", "hall", hall)

    assert audit(app)["hall"].status.value == "unguarded"


def unnamed(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Decorate a view, and do not say what is wrapped."""

    def decorated(**arguments: t.Any) -> t.Any:
        return view(**arguments)

    return decorated


@pytest.mark.parametrize(
    ("target", "view"), [(hall, hall), (Hall, Hall.as_view("hall")), (Hall, Attic.as_view("hall"))]
)
def test_guard_that_a_decorator_hides_is_refused(target: t.Any, view: t.Any) -> None:
    """A guard of a view below a decorator that does not say what it wraps would never be asked."""
    site: t.Any = make_site('allow("ann", "enter", "lost");', TESTING=True)
    site.app.add_url_rule("/", "hall", unnamed(view))
    site.guard.guard(target, "enter", "lost")

    with pytest.raises(OsoError, match=r"does not guard the endpoint 'hall' .* 'functools.wraps'"):
        site.open("/", "ann")


def test_guard_of_a_view_that_another_one_holds(site: t.Any) -> None:
    """A view that calls another one, which is guarded itself, is a view of its own."""
    inner, outer = (lambda: "inner"), unnamed(lambda: "outer")
    site.app.add_url_rule("/inner", "inner", inner)
    site.app.add_url_rule("/outer", "outer", skip_authorization(unnamed(inner)))
    site.app.add_url_rule("/other", "other", skip_authorization(outer))
    site.guard.guard(inner, "enter", "house")

    assert [site.open(path, "ann").status_code for path in ("/inner", "/other")] == [200, 200]


@pytest.mark.parametrize("is_early", [True, False])
def test_exemption_of_a_blueprint_leaves_the_guards_inside(site: t.Any, is_early: bool) -> None:
    """It lifts what guards the blueprint and what is around it, and not a blueprint within."""
    outer, rooms, inner = (Blueprint(name, name) for name in ("outer", "rooms", "inner"))
    rooms.add_url_rule("/hall", "hall", hall)
    inner.add_url_rule("/cellar", "cellar", hall)
    rooms.register_blueprint(inner)
    outer.register_blueprint(rooms)
    for each in (outer, rooms):
        site.guard.guard(each, "paint", "house")
    if is_early:
        site.guard.guard(inner, "enter", "house")
    site.app.register_blueprint(outer)
    if not is_early:
        site.guard.guard("outer.rooms.inner", "enter", "house")

    site.guard.exempt("outer.rooms", reason="For all.", blueprint=True)

    assert statuses(site, "/hall", "/cellar") == [OPEN, GUARDED]


class FreshViews(dict[str, t.Any]):
    """Views that are made when they are asked for."""

    def __getitem__(self, name: str) -> t.Any:
        """Make one."""
        view = super().__getitem__(name)
        return lambda **arguments: view(**arguments)

    def get(self, name: str, default: t.Any = None) -> t.Any:
        """Make one, if there is one."""
        return self[name] if super().__contains__(name) else default


class HiddenViews(FreshViews):
    """Views that are there for who names them."""

    def __iter__(self) -> t.Iterator[str]:
        """Show none."""
        return iter(())


@pytest.mark.parametrize("hooked", [False, True])
@pytest.mark.parametrize("kind", [FreshViews, HiddenViews])
def test_views_that_an_app_makes_anew_each_time_are_refused(
    kind: type[FreshViews], hooked: bool
) -> None:
    """What has a guard enforced cannot stand in their place."""
    site, rooms = make_site(TESTING=True), Blueprint("rooms", "rooms")
    rooms.add_url_rule("/page", "page", lambda: site.enter())
    if hooked:
        site.guard.guard(rooms, "read", "page")
    else:
        site.guard.guard("rooms.page", "read", "page")
    site.app.register_blueprint(rooms)
    site.app.view_functions = kind(site.app.view_functions)

    with pytest.raises(OsoError) as caught:
        site.open("/page", "ann")

    assert site.entered == []
    assert str(caught.value) == (
        "The 'view_functions' of the app 'site' give another function for the endpoint"
        " 'rooms.page' than was put there, so that its guards would not be asked. Let them be a"
        " dictionary that keeps what it is given."
    )


def put_above(site: Site, endpoint: str) -> None:
    """Put a function above the view of an endpoint that gives eve what ann was given."""
    view = site.app.view_functions[endpoint]

    @functools.wraps(view)
    def answer() -> t.Any:
        return "SECRET" if g.current_user == "eve" else view()

    site.app.view_functions[endpoint] = answer


@pytest.mark.parametrize("is_served", [False, True])
@pytest.mark.parametrize("own", [lambda view: view, authorize("enter", "house", actor="ann")])
def test_answer_that_is_kept_above_a_guard_that_is_declared(
    site: t.Any, is_served: bool, own: t.Any
) -> None:
    """Whoever puts something above a view while the app serves answers in front of its guard."""
    site.app.before_request(lambda: site.guard.authorize("enter", "house", actor="ann"))
    site.app.add_url_rule("/", "view", own(lambda: "SECRET"))
    site.guard.guard("view", "enter", "house")
    assert not is_served or statuses(site, "/") == [GUARDED]

    put_above(site, "view")
    answers = [site.open("/", user) for user in ("ann", "eve")]

    assert answers[0].text == "SECRET"
    assert answers[1].status_code == (500 if is_served else 403)
