"""``FlaskOso.guard``: every view of a blueprint is guarded, whenever it is registered."""

from __future__ import annotations

import copy
import functools
import inspect
import typing as t

import pytest
from flask import Blueprint, Flask, g, request
from flask.views import MethodView

from flask_oso import (
    METHOD_ACTIONS,
    FlaskOso,
    Oso,
    OsoError,
    authorize,
    authorizes_inside,
    skip_authorization,
)
from tests.support.sites import audit, make_app, make_oso, make_site


class Post:
    """A post of somebody."""

    def __init__(self, owner: str) -> None:
        self.owner = owner


class House:
    """What the posts are in."""


POLICY = """
allow(user, "read", post: Post) if post.owner = user;
allow("ann", "read", Post);
allow("ann", "enter", "house");
allow("root", _, _);
"""
POSTS = {"1": Post("ann"), "2": Post("eve")}


@pytest.fixture
def house() -> Flask:
    """An app that must authorize, and whose posts can be found."""
    app, oso = make_app("house", OSO_ENFORCE="strict"), make_oso(POLICY, Post)
    FlaskOso(oso, app).loader(Post)(POSTS.get)
    app.before_request(lambda: setattr(g, "current_user", request.args.get("user")))
    return app


@pytest.fixture
def guard(house: Flask) -> FlaskOso:
    """The extension of the app."""
    return t.cast(FlaskOso, house.extensions["oso"].extension)


def answers(house: Flask, path: str, **options: t.Any) -> list[int]:
    """Give what ann, who may, and eve, who may not, are answered."""
    client = house.test_client()
    users = ("ann", "eve")
    options["buffered"] = True
    return [client.open(path, query_string={"user": u}, **options).status_code for u in users]


def test_guard_is_met_by_every_view(house: Flask, guard: FlaskOso) -> None:
    """Views need no decorator of their own, though the app demands authorization."""
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house")
    rooms.add_url_rule("/hall", "hall", lambda: "hall")
    rooms.add_url_rule("/attic", "attic", lambda: "attic")
    house.register_blueprint(rooms)

    assert answers(house, "/hall") + answers(house, "/attic") == [200, 403, 200, 403]


def test_guard_is_met_by_views_of_blueprints_inside(house: Flask, guard: FlaskOso) -> None:
    """Views of nested blueprints meet the guard, however deep and however late they are
    registered.
    """
    outer, inner, innermost = (Blueprint(name, name) for name in ("outer", "inner", "innermost"))
    guard.guard(outer, "enter", "house")
    innermost.add_url_rule("/cellar", "cellar", lambda: "cellar")
    inner.register_blueprint(innermost)
    outer.register_blueprint(inner)
    house.register_blueprint(outer)

    assert answers(house, "/cellar") == [200, 403]


def test_guard_judges_the_class_where_a_view_has_another_use_for_the_name(
    house: Flask, guard: FlaskOso
) -> None:
    """The guard of a blueprint gives the class a verdict; the view may have a 'post' of its own."""
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "read", Post)
    rooms.add_url_rule("/new", "new", lambda post="none": post)
    house.register_blueprint(rooms)

    assert answers(house, "/new") == [200, 403]


def test_guard_that_fails_is_no_success(guard: FlaskOso) -> None:
    """What an error handler makes of it is withheld, also where nothing is required."""
    app = make_app("open")
    rooms = Blueprint("rooms", "rooms")
    guard.init_app(app)
    guard.loader(Post)({}.__getitem__)
    guard.guard(rooms, "read", Post)
    rooms.add_url_rule("/<post_id>", "show", lambda **_: "post")
    rooms.register_error_handler(KeyError, lambda _: "All is well.")
    app.register_blueprint(rooms)
    app.before_request(lambda: setattr(g, "current_user", "root"))

    response = app.test_client().get("/1")

    assert response.status_code == 500
    assert "well" not in response.text


def test_guard_refuses_an_app_that_was_not_prepared(guard: FlaskOso) -> None:
    """A policy of another app is not asked in its place."""
    app = make_app("bare")
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house", actor="ann")
    rooms.add_url_rule("/hall", "hall", lambda: "hall")
    app.register_blueprint(rooms)
    app.testing = True

    with pytest.raises(OsoError, match="Did you forget to call init_app"):
        app.test_client().get("/hall")


def test_guard_leaves_others_alone(house: Flask, guard: FlaskOso) -> None:
    """The parent and the siblings of a blueprint are not guarded by it."""
    outer, inner = Blueprint("outer", "outer"), Blueprint("inner", "inner")
    guard.guard(inner, "enter", "house")
    outer.add_url_rule("/garden", "garden", skip_authorization(lambda: "garden"))
    outer.register_blueprint(inner)
    house.register_blueprint(outer)

    assert answers(house, "/garden") == [200, 200]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_guard_runs_before_the_view(house: Flask, guard: FlaskOso, method: str) -> None:
    """Nothing of a view happens for whom it is not."""
    entered: list[str] = []
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house")
    rooms.add_url_rule(
        "/hall",
        "hall",
        lambda: entered.append(request.args["user"]) or "x",
        methods=["GET", "POST"],
    )
    house.register_blueprint(rooms)

    answers(house, "/hall", method=method)

    assert entered == ["ann"]


def test_decorators_of_views_come_on_top(house: Flask, guard: FlaskOso) -> None:
    """The guard of the blueprint and the decorator of the view must both pass."""
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house")
    rooms.add_url_rule("/safe", "safe", authorize("open", "safe")(lambda: "safe"))
    house.register_blueprint(rooms)

    assert answers(house, "/safe") == [403, 403]
    assert house.test_client().get("/safe?user=root").status_code == 200


@pytest.mark.parametrize(
    ("skip", "expected"),
    [
        (skip_authorization, [200, 403]),
        (skip_authorization(reason="It is a hall."), [200, 403]),
        (skip_authorization(blueprint=True), [200, 200]),
    ],
)
def test_view_is_exempt_only_if_it_says_so(
    house: Flask, guard: FlaskOso, skip: t.Any, expected: list[int]
) -> None:
    """'@skip_authorization' alone does not open a view of a guarded blueprint."""
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house")
    rooms.add_url_rule("/hall", "hall", skip(lambda: "hall"))
    house.register_blueprint(rooms)

    assert answers(house, "/hall") == expected


def test_exempt_view_keeps_its_own_guard(house: Flask, guard: FlaskOso) -> None:
    """To lift the guard of the blueprint lifts no other."""
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house")
    view = skip_authorization(blueprint=True)(authorize("open", "safe")(lambda: "safe"))
    rooms.add_url_rule("/safe", "safe", view)
    house.register_blueprint(rooms)

    assert answers(house, "/safe") == [403, 403]


def test_guard_finds_the_object(house: Flask, guard: FlaskOso) -> None:
    """The object of a route is loaded, judged and given to the view; else the class is judged."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.add_url_rule("/<post_id>", "show", lambda post: post.owner)
    posts.add_url_rule("/<post_id>/raw", "raw", lambda post_id: post_id)
    posts.add_url_rule("/", "index", lambda: "posts")
    house.register_blueprint(posts)

    assert answers(house, "/1") + answers(house, "/2") == [200, 404, 404, 200]
    assert answers(house, "/3") + answers(house, "/") == [404, 404, 200, 403]
    assert house.test_client().get("/1?user=ann").text == "ann"
    assert house.test_client().get("/1/raw?user=ann").text == "1"


def test_guard_and_decorator_find_the_same_object(house: Flask, guard: FlaskOso) -> None:
    """The guard leaves the variable to the decorator."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.add_url_rule("/<post_id>", "edit", authorize("edit", Post)(lambda post: post.owner))
    house.register_blueprint(posts)

    assert answers(house, "/1") == [403, 404]
    assert house.test_client().get("/1?user=root").text == "ann"


def test_guards_of_one_blueprint_find_the_same_object(house: Flask, guard: FlaskOso) -> None:
    """The first leaves the variable to the next, which would take another one instead."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    guard.guard(posts, METHOD_ACTIONS, Post)
    posts.add_url_rule("/<id>/<post_id>", "show", lambda post, id: f"{post.owner} {id}")
    house.register_blueprint(posts)

    assert answers(house, "/2/1") == [200, 404]
    assert house.test_client().get("/2/1?user=ann").text == "ann 2"


def test_last_guard_leaves_out_what_objects_took_the_place_of(
    house: Flask, guard: FlaskOso
) -> None:
    """The last guard judges a class, and the object of another guard is given all the same."""
    house.extensions["oso"].oso.register_class(House)
    outer, posts = Blueprint("outer", "outer"), Blueprint("posts", "posts")
    guard.guard(outer, "read", Post)
    guard.guard(posts, "enter", House, actor="root", load=False)
    posts.add_url_rule("/<post_id>", "show", lambda post: post.owner)
    outer.register_blueprint(posts)
    house.register_blueprint(outer)

    assert answers(house, "/1") == [200, 404]


def test_guard_leaves_the_arguments_of_the_request_alone(house: Flask, guard: FlaskOso) -> None:
    """Whoever reads 'request.view_args' finds what Flask put there, before, in and after a view."""
    seen: list[t.Any] = []
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.before_request(lambda: seen.append(dict(request.view_args or {})))

    @posts.get("/<post_id>")
    def show(post: Post) -> str:
        seen.append(request.view_args)
        return post.owner

    house.after_request(lambda response: seen.append(request.view_args) or response)
    house.register_blueprint(posts)

    assert house.test_client().get("/1?user=ann").text == "ann"
    assert seen == [{"post_id": "1"}] * 3


def test_guard_hands_the_view_what_others_put_into_the_arguments(
    house: Flask, guard: FlaskOso
) -> None:
    """A function behind the guard may add or take away what identifies nothing."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.before_request(lambda: t.cast(t.Any, request.view_args).update(page=7))
    posts.add_url_rule("/<post_id>", "show", lambda post, page: f"{post.owner} {page}")
    house.register_blueprint(posts)

    assert house.test_client().get("/1?user=ann").text == "ann 7"


def test_variable_does_not_change_behind_a_guard(house: Flask, guard: FlaskOso) -> None:
    """The view is not given another identity than the one that was judged."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.before_request(lambda: t.cast(t.Any, request.view_args).update(post_id="2"))
    posts.add_url_rule("/<post_id>", "show", lambda post_id: post_id)
    house.register_blueprint(posts)
    house.testing = True

    with pytest.raises(OsoError) as caught:
        house.test_client().get("/1?user=ann")

    assert str(caught.value) == (
        "The URL variable 'post_id' was '1' when a guard judged its object, and is '2' now. Change"
        " 'request.view_args' before the guard, as in a function of 'url_value_preprocessor'."
    )


def test_view_that_another_one_calls_is_given_no_more_than_that_gives(
    house: Flask, guard: FlaskOso
) -> None:
    """What a guard found is for the view that Flask calls."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.add_url_rule("/<post_id>", "show", lambda post: post.owner)
    call = house.view_functions
    posts.add_url_rule("/<post_id>/x", "x", lambda post: call["posts.show"](post=POSTS["2"]))  # type: ignore[arg-type]
    house.register_blueprint(posts)
    client = house.test_client()

    texts = [client.get(path, query_string={"user": "ann"}).text for path in ("/1/x", "/1", "/1/x")]

    assert texts == ["eve", "ann", "eve"]


def test_view_that_took_the_place_of_another_is_given_the_object(
    house: Flask, guard: FlaskOso
) -> None:
    """An app may wrap its views at any time."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.add_url_rule("/<post_id>", "show", lambda post: post.owner)
    house.register_blueprint(posts)
    before = house.test_client().get("/1?user=ann").text
    view = house.view_functions["posts.show"]
    house.view_functions["posts.show"] = functools.wraps(view)(lambda **it: view(**it).upper())

    assert (before, house.test_client().get("/1?user=ann").text) == ("ann", "ANN")


# -- two guards ----------------------------------------------------------------------


def test_view_that_took_the_place_of_an_exempt_one_is_guarded(
    house: Flask, guard: FlaskOso
) -> None:
    """What is known of the way of a request is known of the view that it enters."""
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house")
    rooms.add_url_rule("/hall", "hall", skip_authorization(blueprint=True)(lambda: "hall"))
    house.register_blueprint(rooms)
    before = answers(house, "/hall") + answers(house, "/hall")
    house.view_functions["rooms.hall"] = lambda: "attic"

    after = answers(house, "/hall") + answers(house, "/hall")

    assert (before, after) == ([200, 200] * 2, [200, 403] * 2)


def test_way_of_a_route_is_looked_for_once(
    house: Flask, guard: FlaskOso, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find the guards of a route takes longer than to judge the request."""
    posts, found = Blueprint("posts", "posts"), []
    guard.guard(posts, "read", Post)
    posts.add_url_rule("/<post_id>", "show", lambda post: post.owner)
    house.register_blueprint(posts)
    # The view is received from the second request on.
    answers(house, "/1")
    monkeypatch.setattr("flask_oso.guards.blueprints.guards_met", lambda *_: found.append(_) or [])

    assert answers(house, "/1") + answers(house, "/1") == [200, 404] * 2
    assert found == []


def test_guards_of_a_blueprint_do_not_give_one_argument(guard: FlaskOso) -> None:
    """Two guards that would give one argument are refused when the second one is stated."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)

    with pytest.raises(OsoError) as caught:
        guard.guard(posts, "edit", Post, key="target_id")

    assert "Two guards of the blueprint 'posts' give the argument 'post':" in str(caught.value)
    assert (
        "Give one a name of its own, as in"
        ' \'guard(posts, "edit", Post, key="target_id", name="target")\'.'
    ) in str(caught.value)


class Sources(MethodView):
    """A class of which one method finds another post."""

    def get(self, post: Post) -> str:
        return post.owner

    @authorize("read", Post, key="source_id")
    def put(self, post: Post) -> str:
        return post.owner


@pytest.mark.parametrize(
    "view", [authorize("read", Post, key="source_id")(lambda post: "x"), Sources.as_view("x")]
)
@pytest.mark.parametrize("depth", [1, 2])
def test_guards_of_a_blueprint_and_a_view_do_not_give_one_argument(
    house: Flask, guard: FlaskOso, view: t.Any, depth: int
) -> None:
    """Guards of a blueprint and of a view inside may not give one argument, however deep the view
    is.
    """
    posts, outer = Blueprint("posts", "posts"), Blueprint("outer", "outer")
    guard.guard(posts if depth == 1 else outer, "edit", Post)
    posts.add_url_rule("/<post_id>/<source_id>", "copy", view)
    outer.register_blueprint(posts)

    with pytest.raises(OsoError, match=r"^Two guards of the endpoint 'outer\.posts\.copy' \("):
        house.register_blueprint(outer)


def test_guards_of_nested_blueprints_do_not_give_one_argument(
    house: Flask, guard: FlaskOso
) -> None:
    """Each of them is fine in itself."""
    inner, outer = Blueprint("inner", "inner"), Blueprint("outer", "outer")
    guard.guard(inner, "read", Post, key="source_id")
    guard.guard(outer, "edit", Post)
    inner.add_url_rule("/<post_id>/<source_id>", "copy", lambda post: post.owner)
    outer.register_blueprint(inner)

    with pytest.raises(OsoError, match=r"^Two guards of the endpoint 'outer\.inner\.copy' \("):
        house.register_blueprint(outer)


def test_guard_that_a_view_lifts_clashes_with_none(house: Flask, guard: FlaskOso) -> None:
    """The guards that a request meets count."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "edit", Post)
    view = authorize("read", Post, key="source_id")(lambda post: post.owner)
    posts.add_url_rule("/<source_id>", "show", skip_authorization(blueprint=True)(view))
    house.register_blueprint(posts)

    assert answers(house, "/1") == [200, 404]


def test_guards_of_blueprint_and_view_with_names_give_each_its_object(
    house: Flask, guard: FlaskOso
) -> None:
    """The name may be that of either."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post, key="source_id", name="source")
    view = authorize("read", Post, actor="eve")(lambda post, source: f"{post.owner} {source.owner}")
    posts.add_url_rule("/<post_id>/<source_id>", "copy", view)
    house.register_blueprint(posts)

    assert house.test_client().get("/2/1?user=ann").text == "eve ann"
    assert answers(house, "/1/1") + answers(house, "/2/2") == [404, 404, 404, 200]


def test_clash_in_a_view_that_came_later_is_refused(house: Flask, guard: FlaskOso) -> None:
    """What no registration saw is met by the census."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "edit", Post)
    posts.add_url_rule("/<post_id>/<source_id>", "copy", authorizes_inside(lambda post: "x"))
    house.register_blueprint(posts)
    view = authorize("read", Post, key="source_id")(lambda post: "SECRET")
    house.view_functions["posts.copy"] = view

    assert answers(house, "/1/1") == [500, 500]


# -- a class judged by accident ------------------------------------------------------


def test_guard_does_not_judge_the_class_by_accident(house: Flask, guard: FlaskOso) -> None:
    """A view of a blueprint that is about something else says what it is about."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.add_url_rule("/of/<owner>", "of", lambda owner: owner)
    house.register_blueprint(posts)

    with pytest.raises(OsoError) as caught:
        guard.check_routes(house)

    assert str(caught.value).endswith(
        " or judge the class itself with 'load=False', as in 'guard(posts, \"read\", Post,"
        " load=False)'. A view of a blueprint that is another case takes"
        " '@skip_authorization(blueprint=True)' and a guard of its own."
    )
    assert answers(house, "/of/ann") == [500, 500]


def test_static_files_of_a_guard_of_a_class_are_no_accident(
    house: Flask, guard: FlaskOso, tmp_path: t.Any
) -> None:
    """Flask gives their route a variable, and nobody can decorate it: the class is judged."""
    (tmp_path / "plan.txt").write_text("plan")
    posts = Blueprint("posts", "posts", static_folder=str(tmp_path), url_prefix="/posts")
    guard.guard(posts, "read", Post)
    house.register_blueprint(posts)

    assert answers(house, f"/posts/{tmp_path.name}/plan.txt") == [200, 403]


def test_static_files_of_a_guard_of_a_class_are_no_accident_for_another_method(
    house: Flask, guard: FlaskOso, tmp_path: t.Any
) -> None:
    """A client may ask for the headers of a file, and then for the file, or again."""
    (tmp_path / "plan.txt").write_text("plan")
    posts = Blueprint("posts", "posts", static_folder=str(tmp_path), url_prefix="/posts")
    guard.guard(posts, "read", Post)
    house.register_blueprint(posts)
    path = f"/posts/{tmp_path.name}/plan.txt"

    found = [answers(house, path, method=each) for each in ("GET", "HEAD", "GET")]

    assert found == [[200, 403]] * 3


# -- several extensions --------------------------------------------------------------


def test_guard_of_an_extension_that_the_app_does_not_have_is_refused(house: Flask) -> None:
    """Its policy is not that of the app."""
    oso, rooms = Oso(), Blueprint("rooms", "rooms")
    oso.load_str("allow(_, _, _);")
    FlaskOso(oso).guard(rooms, "enter", "house")
    rooms.add_url_rule("/hall", "hall", lambda: "SECRET")
    house.register_blueprint(rooms)
    house.testing = True

    with pytest.raises(OsoError) as caught:
        answers(house, "/hall")

    assert str(caught.value) == (
        "The blueprint 'rooms' is guarded by a FlaskOso that the app 'house' does not have, so"
        " another policy than that of the app would be asked. Call 'guard' of the FlaskOso of the"
        " app, or 'init_app' of this one."
    )


def test_guard_of_a_second_extension_asks_its_own_policy(house: Flask) -> None:
    """An object is found and judged by the extension whose guard it is."""
    second, posts = FlaskOso(make_oso('allow("eve", "read", _: Post);', Post)), Blueprint("b", "b")
    second.init_app(house)
    second.loader(Post)(POSTS.get)
    second.guard(posts, "read", Post)
    posts.add_url_rule("/<post_id>", "post", lambda post: post.owner)
    house.register_blueprint(posts)

    assert [answers(house, "/1") for _ in range(2)] == [[404, 200]] * 2


def test_guard_of_an_object_may_be_about_another_actor(house: Flask, guard: FlaskOso) -> None:
    """Whoever is named is judged, and not the current actor."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post, actor="eve")
    posts.add_url_rule("/<post_id>", "post", lambda post: post.owner)
    house.register_blueprint(posts)

    assert [answers(house, path) for path in ("/1", "/2")] == [[404, 404], [200, 200]]


def test_variable_that_is_taken_away_later_is_missed(house: Flask, guard: FlaskOso) -> None:
    """What usual requests have in common is not supposed of each."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.add_url_rule("/<post_id>", "post", lambda post: post.owner)
    house.register_blueprint(posts)

    @house.url_value_preprocessor
    def take(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        if "taken" in request.args and values is not None:
            values.pop("post_id")

    found = [house.test_client().get(f"/1?user=ann{each}").status_code for each in ("", "&taken")]

    assert found == [200, 500]


def test_guard_takes_actions_by_method(house: Flask, guard: FlaskOso) -> None:
    """A mapping serves a whole blueprint, classes and coroutine functions included."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, METHOD_ACTIONS, Post)

    class PostView(MethodView):
        async def get(self, post: Post) -> str:
            return post.owner

        def delete(self, post_id: str) -> str:
            return post_id

    posts.add_url_rule("/<post_id>", view_func=PostView.as_view("post"))
    house.register_blueprint(posts)

    assert answers(house, "/1") + answers(house, "/1", method="DELETE") == [200, 404, 403, 404]
    assert house.test_client().delete("/1?user=root").text == "1"


def test_guard_takes_the_method_as_the_action() -> None:
    """Without an action it is the method of the request, as elsewhere."""
    site = make_site('allow("ann", "GET", "house");')
    rooms = Blueprint("rooms", "rooms")
    site.guard.guard(rooms, None, "house")
    rooms.add_url_rule("/hall", "hall", lambda: "hall")
    site.app.register_blueprint(rooms)

    assert [site.open("/hall", user).status_code for user in ("ann", "eve")] == [200, 403]


def test_static_files_of_a_guarded_blueprint_are_guarded(
    house: Flask, guard: FlaskOso, tmp_path: t.Any
) -> None:
    """What is behind a guard is behind it, whatever it is."""
    (tmp_path / "plan.txt").write_text("plan")
    rooms = Blueprint("rooms", "rooms", static_folder=str(tmp_path), url_prefix="/rooms")
    guard.guard(rooms, "enter", "house")
    house.register_blueprint(rooms)
    path = f"/rooms/{tmp_path.name}/plan.txt"

    assert answers(house, path) == [200, 403]


def test_automatic_options_are_not_guarded(house: Flask, guard: FlaskOso) -> None:
    """No view is entered."""
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house")
    rooms.add_url_rule("/hall", "hall", lambda: "hall")
    house.register_blueprint(rooms)

    assert answers(house, "/hall", method="OPTIONS") == [200, 200]


def test_guard_of_a_registered_blueprint_holds(house: Flask, guard: FlaskOso) -> None:
    """A guard that is stated after the blueprint was registered is met all the same."""
    rooms = Blueprint("rooms", "rooms")
    rooms.add_url_rule("/hall", "hall", lambda: "hall")
    house.register_blueprint(rooms)

    guard.guard(rooms, "enter", "house")

    assert answers(house, "/hall") == [200, 403]


def test_guard_of_an_app_is_refused(guard: FlaskOso) -> None:
    """A guard of an app would guard nothing; the error names what does."""
    with pytest.raises(OsoError) as caught:
        guard.guard(make_app("other"), "enter", "house")

    assert str(caught.value) == (
        "'guard' was given 'Flask' in place of a blueprint. For every view of an app there is"
        " 'perform_route_authorization'."
    )


def test_guard_with_swapped_arguments_is_refused(guard: FlaskOso) -> None:
    """It would ask whether a class may be done to a text, and deny everything."""
    with pytest.raises(OsoError) as caught:
        guard.guard(Blueprint("rooms", "rooms"), Blueprint, "enter")

    assert str(caught.value) == (
        "'guard' was given the class 'Blueprint' in place of an action. The action stands before"
        " the resource: 'guard(blueprint, \"enter\", Blueprint)'."
    )


def test_guard_holds_where_the_app_has_another_blueprint_of_the_name(
    house: Flask, guard: FlaskOso
) -> None:
    """What Flask calls decides, and not what can be found about it."""
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house")
    rooms.add_url_rule("/hall", "hall", skip_authorization(lambda: "hall"))
    house.register_blueprint(rooms)
    house.blueprints["rooms"] = Blueprint("rooms", "rooms")

    assert answers(house, "/hall") == [200, 403]


def test_guard_needs_init_app() -> None:
    """An app that was not initialized does not serve the blueprint."""
    app, rooms = make_app("other"), Blueprint("rooms", "rooms")
    FlaskOso(Oso()).guard(rooms, "enter", "house", actor="ann")
    rooms.add_url_rule("/hall", "hall", lambda: "hall")
    app.register_blueprint(rooms)

    assert app.test_client().get("/hall").status_code == 500


def test_hook_of_the_blueprint_that_answers_first_is_withheld(
    house: Flask, guard: FlaskOso
) -> None:
    """A function before the guard that answers in place of the view did not authorize."""
    rooms = Blueprint("rooms", "rooms")
    rooms.before_request(lambda: "SECRET")
    guard.guard(rooms, "enter", "house")
    rooms.add_url_rule("/hall", "hall", lambda: "hall")
    house.register_blueprint(rooms)

    response = house.test_client().get("/hall?user=ann")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


def test_blueprint_in_two_apps_is_judged_by_each(house: Flask, guard: FlaskOso) -> None:
    """One extension serves both, with the policy of the current app."""
    other, oso = make_app("other"), make_oso('allow("eve", "enter", "house");')
    guard.init_app(other, oso)
    other.before_request(lambda: setattr(g, "current_user", request.args.get("user")))
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "enter", "house")
    rooms.add_url_rule("/hall", "hall", lambda: "hall")
    house.register_blueprint(rooms)
    other.register_blueprint(rooms)

    assert answers(house, "/hall") + answers(other, "/hall") == [200, 403, 403, 200]


def test_copy_of_a_guarded_blueprint_is_guarded(house: Flask, guard: FlaskOso) -> None:
    """Each application may have a copy of its own, with further views."""
    posts = Blueprint("posts", "posts")
    guard.guard(posts, "read", Post)
    posts.add_url_rule("/<post_id>", "post", lambda post: post.owner)
    other = copy.deepcopy(posts)
    other.add_url_rule("/further/<post_id>", "further", lambda post: post.owner)
    house.register_blueprint(other)

    assert [answers(house, path) for path in ("/1", "/further/2")] == [[200, 404], [404, 200]]


def test_census_knows_the_guards_of_blueprints(house: Flask, guard: FlaskOso) -> None:
    """The audit lists guards of blueprints before those of the view, and none where they are
    lifted.
    """
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "read", Post)
    rooms.add_url_rule("/hall", "hall", lambda: "hall")
    rooms.add_url_rule("/safe", "safe", authorizes_inside(lambda: "safe"))
    rooms.add_url_rule("/door", "door", skip_authorization(blueprint=True)(lambda: "door"))
    rooms.add_url_rule("/wall", "wall", skip_authorization(lambda: "wall"))
    house.register_blueprint(rooms)

    rows = audit(house)

    shown = {
        name: (row.status.name, [each.blueprint or each.kind.value for each in row.guards])
        for name, row in rows.items()
        if name.startswith("rooms.")
    }
    assert shown == {
        "rooms.hall": ("GUARDED", ["rooms"]),
        "rooms.safe": ("GUARDED", ["rooms", "authorizes_inside"]),
        "rooms.door": ("SKIPPED", ["skip_authorization"]),
        "rooms.wall": ("GUARDED", ["rooms", "skip_authorization"]),
    }
    (first,) = rows["rooms.hall"].guards
    assert (first.action, first.resource, first.place.file) == ("read", Post, __file__)
    assert first.key is not None
    assert first.key.variables_of({"post_id", "id"}) == ("post_id",)


def test_misspelt_action_of_a_guard_is_reported(house: Flask, guard: FlaskOso) -> None:
    """It is reported as that of a decorator is, once for the blueprint."""
    rooms = Blueprint("rooms", "rooms")
    guard.guard(rooms, "entre", "house")
    line = inspect.currentframe().f_lineno - 1
    house.register_blueprint(rooms)
    house.extensions["oso"].oso.load_str('allow(_, "enter", "house");', replace=True)

    with pytest.warns(UserWarning) as caught:
        house.test_client().get("/")

    assert [str(each.message) for each in caught] == [
        f"The action 'entre' of the guard of the blueprint 'rooms' ({__file__}:{line}) is never"
        " allowed by the policy. Did you mean 'enter'?"
    ]
