"""Objects that a route names: families A, B and C for ``@authorize("edit", Post)`` and its kin."""

from __future__ import annotations

import functools
import random
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Blueprint, redirect, request
from werkzeug.exceptions import HTTPException

from flask_oso import FlaskOso, OsoError, authorize, authorizes_inside
from tests.support.sites import make_site

POLICY = """
allow(user: String, _, post: Post) if post.owner = user;
allow(_, "read", post: Post) if post.public;
allow("root", _, _);
"""
PLACES = ("decorator", "blueprint", "load")


class Post:
    """A post of somebody."""

    def __init__(self, owner: str, public: bool = False) -> None:
        self.owner = owner
        self.public = public


@pytest.fixture
def blog() -> t.Any:
    """Give a site with posts 1, which is hidden from eve, and 2, which is not."""
    site: t.Any = make_site("unused(1);", OSO_ENFORCE="strict")
    oso = site.app.extensions["oso"].oso
    oso.register_class(Post)
    oso.load_str(POLICY, replace=True)
    site.posts = {1: Post("ann"), 2: Post("ann", public=True)}
    site.guard.loader(Post)(site.posts.get)
    return site


def protect(site: t.Any, place: str, action: str = "edit", rule: str = "/<int:post_id>") -> None:
    """Put a view behind a guard that finds a post."""
    guard: FlaskOso = site.guard

    def view(**arguments: t.Any) -> t.Any:
        if place == "load":
            guard.load(Post, arguments["post_id"], action=action)
        return site.enter()

    posts = Blueprint("posts", "posts")
    decorate: dict[str, t.Any] = {
        "decorator": authorize(action, Post),
        "load": authorizes_inside,
        "blueprint": lambda bare: bare,
    }
    if place == "blueprint":
        guard.guard(posts, action, Post)
    posts.add_url_rule(rule, "view", decorate[place](view))
    site.app.register_blueprint(posts)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("code", [403, 404, HTTPException, 500, Exception])
@pytest.mark.parametrize(
    "answer", [("data", 200), redirect("/elsewhere")], ids=["page", "redirect"]
)
def test_error_handler_does_not_open_a_view(
    blog: t.Any, place: str, code: t.Any, answer: t.Any
) -> None:
    """Whatever a handler answers, the view is not entered."""
    protect(blog, place)
    blog.app.register_error_handler(code, lambda error: answer)

    for_eve = [blog.open(f"/{number}").text for number in (1, 2, 3)]

    assert ("SECRET" in "".join(for_eve), blog.entered) == (False, [])


ERRORS: list[type[BaseException]] = [
    *(Exception, ValueError, KeyError, AttributeError, StopIteration, StopAsyncIteration),
    *(RuntimeError, RecursionError, MemoryError, TimeoutError, OSError, OsoError, TypeError),
    *(GeneratorExit, KeyboardInterrupt, SystemExit, BaseException),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("part", ["loader", "actor", "resource", "unauthorized action"])
@pytest.mark.parametrize("error", ERRORS)
def test_every_exception_refuses(
    blog: t.Any, place: str, part: str, error: type[BaseException]
) -> None:
    """An exception of any kind in any part never leads to the view."""

    def fail(*arguments: t.Any) -> t.NoReturn:
        raise error

    class Broken(Post):
        owner = property(fail)
        public = property(fail)

        def __init__(self) -> None:
            pass

    if part == "loader":
        blog.guard.loader(Post)(fail)
    if part == "actor":
        blog.guard.set_get_actor(fail)
    if part == "resource":
        blog.posts[1] = Broken()
    if part == "unauthorized action":
        blog.guard.set_unauthorized_action(fail)
    protect(blog, place)
    blog.app.testing = True

    with pytest.raises(BaseException):  # noqa: B017
        blog.open("/1", "eve")

    assert blog.entered == []


@pytest.mark.parametrize("place", PLACES)
def test_hidden_error_of_a_loader_is_still_an_error(blog: t.Any, place: str) -> None:
    """An error handler cannot make a success of an object that could not be found."""
    protect(blog, place)
    blog.guard.loader(Post)(lambda key: 1 / 0)
    blog.app.register_error_handler(ZeroDivisionError, lambda error: ("SECRET", 200))

    response = blog.open("/1", "root")

    assert (response.status_code, "SECRET" in response.text) == (500, False)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "path",
    ["/1/", "//1", "/1%00", "/1;x", "/1%2f", "/1.0", "/-1", "/+1", "/1e0", "/%201", "/0x1",
     f"/{2**70}", f"/{'9' * 4000}", "/True", "/%ED%A0%80"],
)  # fmt: skip
def test_spelling_of_an_identity_opens_nothing(blog: t.Any, place: str, path: str) -> None:
    """No spelling reaches what is hidden, and none is an error of the server."""
    protect(blog, place, "read")

    assert (blog.open(path).status_code, blog.entered) == (404, [])


@pytest.mark.parametrize("place", PLACES)
def test_parameter_of_the_query_names_no_object(blog: t.Any, place: str) -> None:
    """Variables of the route count, and nothing that is called like them."""
    protect(blog, place, "read")

    answer = blog.app.test_client().get("/1?user=eve&post_id=2&id=2&post=2")

    assert (answer.status_code, blog.entered) == (404, [])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PURGE"])
def test_method_opens_nothing(blog: t.Any, place: str, method: str) -> None:
    """No method, and no header that claims another one, enters the view."""
    protect(blog, place)
    headers = {"X-HTTP-Method-Override": "GET", "X-Original-URL": "/2"}

    response = blog.open("/1", method=method, headers=headers)

    assert response.status_code in (200 if method == "OPTIONS" else 404, 405)
    assert blog.entered == []


@pytest.mark.parametrize("place", PLACES)
def test_pushed_context_carries_nothing_over(blog: t.Any, place: str) -> None:
    """In a context that outlives requests, each is judged anew."""
    protect(blog, place, "read")

    with blog.app.app_context():
        answers = [blog.open("/1", user).status_code for user in ("ann", "eve", "ann", "eve")]

    assert answers == [200, 404, 200, 404]


def test_nested_request_neither_lends_nor_borrows(blog: t.Any) -> None:
    """An inner request is judged by itself, and the outer one keeps its actor."""
    protect(blog, "decorator", "read")

    @blog.app.get("/outer/<int:post_id>")
    @authorize("read", Post)
    def outer(post: Post) -> str:
        inner = [blog.open("/1", user).status_code for user in ("ann", "eve")]
        return f"{inner} {blog.guard.current_actor}"

    assert blog.open("/outer/2").text == "[200, 404] eve"


@pytest.mark.parametrize("place", PLACES)
def test_threads_do_not_mix(blog: t.Any, place: str) -> None:
    """800 requests of two users on eight threads."""
    protect(blog, place, "read")

    def ask(number: int) -> tuple[int, int]:
        user = ("ann", "eve")[number % 2]
        return number % 2, blog.open("/1", user).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(800)))

    assert answers == {(0, 200), (1, 404)}


def test_decorator_judges_what_the_view_is_given(blog: t.Any) -> None:
    """What an outer decorator or a preprocessor makes of the variable is judged."""

    def swap(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def wrapper(**arguments: t.Any) -> t.Any:
            return view(**{**arguments, "post_id": 1})

        return wrapper

    @blog.app.url_value_preprocessor
    def change(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        if values and "To" in request.headers:
            values["post_id"] = int(request.headers["To"])

    protect(blog, "decorator", "read")
    view = swap(authorize("read", Post)(lambda post: blog.enter()))
    blog.app.add_url_rule("/swapped/<int:post_id>", "swapped", view)

    assert blog.open("/swapped/2").status_code == 404
    assert blog.open("/2", headers={"To": "1"}).status_code == 404
    assert blog.entered == []


def test_default_of_a_route_is_judged(blog: t.Any) -> None:
    """A variable that the route sets is one that it has."""
    view = authorize("read", Post)(lambda post: blog.enter())
    blog.app.add_url_rule("/first", "first", view, defaults={"post_id": 1})

    assert [blog.open("/first", user).status_code for user in ("ann", "eve")] == [200, 404]


def test_accept_header_changes_no_answer(blog: t.Any) -> None:
    """Whatever a client accepts, it is denied, and causes no error."""
    protect(blog, "decorator", "read")
    parts = [*("application/json", "text/html", "*/*", "a/*", "*/b", ";q=", "0.5", "1e9", "nan")]
    parts += [*(",", "q", "/", "*", " ", "=", '"', "\\", ";", "-1", "é")]
    rng = random.Random(7)
    headers = ["".join(rng.choices(parts, k=rng.randrange(12))) for _ in range(500)]

    answers = {blog.open("/1", headers={"Accept": each}).status_code for each in headers}

    assert (answers, blog.entered) == ({404}, [])
