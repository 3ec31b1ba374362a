"""``@authorize("read", Post)``: what it loads, whom it lets in, and what the view is given."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
import typing as t
from collections.abc import Callable

import pytest
from flask import Blueprint, Flask, request
from flask.views import MethodView, View
from werkzeug.exceptions import NotFound
from werkzeug.local import LocalProxy
from werkzeug.routing import Rule

from flask_oso import (
    METHOD_ACTIONS,
    FlaskOso,
    Oso,
    OsoError,
    authorize,
    authorizes_inside,
    skip_authorization,
)
from tests.support.sites import make_app, make_site

POLICY = """
allow(user: String, _, post: Post) if post.owner = user;
allow(_, "read", post: Post) if post.public;
allow("root", _, _);
allow(_: String, "create", Post);
"""


@dataclasses.dataclass(eq=False)
class Post:
    """What the sites of these tests show."""

    owner: str
    public: bool = False


class BlogPost(Post):
    """A class whose name has two words."""


class Cover:
    """Something else than a post."""


class Blog:
    """A site with posts 1, ann's own, and 2, ann's and public; there is no 3."""

    def __init__(self, site: t.Any) -> None:
        self.site = site
        self.app: Flask = site.app
        self.guard: FlaskOso = site.guard
        self.posts = {1: Post("ann"), 2: Post("ann", public=True)}
        self.guard.loader(Post)(self.posts.get)
        self.open = site.open

    def statuses(self, path: str, user: str | None = "eve", **options: t.Any) -> list[int]:
        """Give the answers about the hidden, the public and the missing post."""
        paths = [path.format(number) for number in (1, 2, 3)]
        return [self.open(each, user, **options).status_code for each in paths]


@pytest.fixture
def blog() -> Blog:
    """Give a site with posts that must authorize."""
    site = make_site("unused(1);", OSO_ENFORCE="strict")
    oso = site.app.extensions["oso"].oso
    oso.register_class(Post)
    oso.register_class(BlogPost)
    oso.load_str(POLICY, replace=True)
    return Blog(site)


# -- who gets in ---------------------------------------------------------------------


def test_object_is_loaded_and_judged(blog: Blog) -> None:
    """Its owner reads it; others do, if it is public."""

    @blog.app.get("/<int:post_id>")
    @authorize("read", Post)
    def show(post: Post) -> str:
        return f"{post.owner} {post.public}"

    assert blog.open("/1", "ann").text == "ann False"
    assert blog.statuses("/{}", "ann") == [200, 200, 404]
    assert blog.statuses("/{}") == [404, 200, 404]


def test_what_may_be_read_is_forbidden_and_not_missing(blog: Blog) -> None:
    """403 is for those who may read it but not do this."""

    @blog.app.get("/<int:post_id>")
    @authorize("edit", Post)
    def edit(post: Post) -> str:
        return "edited"

    assert blog.statuses("/{}", "ann") == [200, 200, 404]
    assert blog.statuses("/{}") == [404, 403, 404]
    assert blog.statuses("/{}", method="HEAD") == [404, 403, 404]


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_hidden_and_missing_get_the_same_answer(blog: Blog, accept: str) -> None:
    """Nothing in an answer tells whether there is something."""
    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(lambda post: "post"))
    options = {"headers": {"Accept": accept}}

    hidden = blog.open("/1", **options)
    del blog.posts[1]
    missing = blog.open("/1", **options)

    assert (hidden.status_code, hidden.data) == (404, missing.data)
    assert list(hidden.headers) == list(missing.headers)


def test_missing_object_is_not_asked_about(blog: Blog) -> None:
    """Whoever may do everything is not let in without an object."""
    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(blog.site.enter))

    assert (blog.statuses("/{}", "root")[2], blog.site.entered) == (404, ["/1", "/2"])


def test_read_action_is_that_of_the_oso(blog: Blog) -> None:
    """An Oso may have another name for reading."""
    blog.app.extensions["oso"].oso.read_action = "view"
    blog.app.add_url_rule("/<int:post_id>", "edit", authorize("edit", Post)(lambda post: "post"))

    assert blog.statuses("/{}") == [404, 404, 404]


def test_unauthorized_action_answers_missing_and_hidden_alike(blog: Blog) -> None:
    """What 'set_unauthorized_action' gives wins, whatever was denied."""
    blog.guard.set_unauthorized_action(lambda: ("log in", 418))
    blog.app.add_url_rule("/<int:post_id>", "edit", authorize("edit", Post)(lambda post: "post"))

    assert blog.statuses("/{}") == [418, 418, 418]


def test_actor_of_the_decorator_is_judged(blog: Blog) -> None:
    """An actor that is named takes the place of the current one."""
    guard = authorize("read", Post, actor=None)
    blog.app.add_url_rule("/<int:post_id>", "show", guard(lambda post: "post"))

    assert blog.statuses("/{}", "ann") == [404, 200, 404]


# -- which object --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "guard"),
    [
        ("/<int:post_id>", authorize("read", Post)),
        ("/<int:id>", authorize("read", Post)),
        ("/<id>/<int:post_id>", authorize("read", Post)),
        ("/<int:number>", authorize("read", Post, key="number")),
        ("/<int:post>", authorize("read", Post, key="post")),
        ("/<id>/<post_id>/<int:number>", authorize("read", Post, key="number")),
        ("/<int:post_id>", authorize("read", Post, load=True)),
    ],
)
def test_variable_identifies_the_object(blog: Blog, rule: str, guard: t.Any) -> None:
    """The key comes first, then the variable named after the class, then 'id'."""
    blog.app.add_url_rule(rule, "show", guard(lambda post, **others: post.owner))
    path = "/{}" if rule.count("/") == 1 else "/".join(["", *["9"] * (rule.count("/") - 1), "{}"])

    assert blog.statuses(path) == [404, 200, 404]


def test_class_of_two_words_has_a_variable_of_two_words(blog: Blog) -> None:
    """BlogPost is identified by 'blog_post_id', and given as 'blog_post'."""
    post = BlogPost("eve")
    blog.guard.loader(BlogPost)({5: post}.get)

    @blog.app.get("/<int:blog_post_id>")
    @authorize("read", BlogPost)
    def show(blog_post: BlogPost) -> str:
        return str(blog_post is post)

    assert blog.open("/5").text == "True"


def test_object_of_several_variables(blog: Blog) -> None:
    """A loader is given the values of all variables of the key, in their order."""
    blog.guard.loader(Post)(lambda year, number: Post(f"{year}-{number}", public=True))

    @blog.app.get("/<int:number>/<year>")
    @authorize("read", Post, key=("year", "number"))
    def show(post: Post) -> str:
        return post.owner

    assert blog.open("/7/2026").text == "2026-7"


def test_class_is_judged_where_the_route_names_no_object(blog: Blog) -> None:
    """'allow(_, "create", Post)' is about the class itself, and a denial is 403."""
    blog.app.add_url_rule("/", "new", authorize("create", Post)(lambda: "new"), methods=["POST"])

    answers = [blog.open("/", user, method="POST").status_code for user in ("eve", None)]

    assert answers == [200, 403]


def test_class_is_judged_in_spite_of_a_variable(blog: Blog) -> None:
    """'load=False' says that 'id' identifies something else."""

    @blog.app.post("/<int:id>/posts")
    @authorize("create", Post, load=False)
    def new(id: int) -> str:
        return f"new in {id}"

    assert blog.open("/7/posts", method="POST").text == "new in 7"


def test_id_of_something_else_is_taken_for_the_object(blog: Blog) -> None:
    """Where it is not clear whose 'id' it is, an object is judged and not the class."""
    blog.app.add_url_rule("/<int:id>/new", "new", authorize("create", Post)(lambda id: "new"))

    assert blog.statuses("/{}/new") == [404, 403, 404]


@pytest.mark.parametrize("resource", ["report", None])
def test_constant_is_judged_as_it_is(blog: Blog, resource: t.Any) -> None:
    """The second argument need not be a class."""
    blog.app.add_url_rule("/<int:id>", "view", authorize("view", resource)(lambda id: "page"))

    assert [blog.open("/1", user).status_code for user in ("root", "eve")] == [200, 403]


# -- what the view is given ----------------------------------------------------------


def takes_object(post: Post) -> str:
    return f"{post.owner}"


def takes_variable(post_id: int) -> str:
    return f"{post_id}"


def takes_both(post_id: int, *, post: Post) -> str:
    return f"{post_id} {post.owner}"


def takes_all(**kwargs: t.Any) -> str:
    return f"{sorted(kwargs)}"


def takes_nothing() -> str:
    return "nothing"


async def takes_object_async(post: Post) -> str:
    return f"async {post.owner}"


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (takes_object, "ann"),
        (takes_variable, "2"),
        (takes_both, "2 ann"),
        (takes_all, "['post', 'post_id']"),
        (takes_nothing, "nothing"),
        (takes_object_async, "async ann"),
    ],
)
def test_view_is_given_what_it_takes(blog: Blog, view: Callable[..., t.Any], expected: str) -> None:
    """A view is given the object, the variable, both or neither, as it takes them."""
    # A function of its own: those above are guarded in several apps.
    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(copy_of(view)))

    assert blog.open("/2").text == expected


def called(view: Callable[..., str], *args: int) -> str:
    """Call a guarded view, whose guard adds the object."""
    return view(*args)


def copy_of(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    copy = types.FunctionType(view.__code__, view.__globals__, view.__name__)
    copy.__kwdefaults__ = view.__kwdefaults__
    return copy


def test_signature_is_that_of_the_innermost_function(blog: Blog) -> None:
    """Decorators in between do not hide what the view takes."""

    def between(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
        @functools.wraps(view)
        def wrapper(*args: t.Any, **kwargs: t.Any) -> t.Any:
            return view(*args, **kwargs)

        return wrapper

    @blog.app.get("/<int:post_id>")
    @authorize("read", Post)
    @between
    def show(post: Post) -> str:
        return post.owner

    assert blog.open("/2").text == "ann"


def test_view_may_be_an_object_without_a_hash(blog: Blog) -> None:
    """What is called counts, whatever kind of object it is."""

    @dataclasses.dataclass
    class Show:
        __name__: str = "show"

        def __call__(self, post: Post) -> str:
            return post.owner

    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(Show()))

    assert blog.statuses("/{}") == [404, 200, 404]


def test_two_guards_of_one_object_must_both_pass(blog: Blog) -> None:
    """The variable is there for both, and left out by the inner one."""

    @blog.app.get("/<int:post_id>/edit")
    @authorize("read", Post)
    @authorize("edit", Post)
    def edit(post: Post) -> str:
        return post.owner

    assert blog.statuses("/{}/edit", "ann") == [200, 200, 404]
    assert blog.statuses("/{}/edit") == [404, 403, 404]


def test_guards_of_two_objects(blog: Blog) -> None:
    """Each is found by its own variable, and given to the view."""
    blog.guard.loader(BlogPost)({5: BlogPost("eve")}.get)

    @blog.app.get("/<int:id>/<int:blog_post_id>")
    @authorize("read", Post)
    @authorize("edit", BlogPost)
    def edit(post: Post, blog_post: BlogPost) -> str:
        return f"{post.owner} {blog_post.owner}"

    assert blog.open("/2/5").text == "ann eve"
    assert blog.statuses("/{}/5") == [404, 200, 404]
    assert blog.open("/2/6").status_code == 404


def test_guard_that_judges_a_class_leaves_the_variables_to_others(blog: Blog) -> None:
    """The innermost guard that finds an object leaves them out."""

    @blog.app.get("/<int:post_id>")
    @authorize("read", Post)
    @authorize("create", BlogPost, actor="root", load=False)
    def show(post: Post) -> str:
        return post.owner

    assert blog.statuses("/{}") == [404, 200, 404]


def test_view_called_by_another_is_judged_by_what_it_is_given(blog: Blog) -> None:
    """Not by the variables of the route, which are those of the other view."""

    @authorize("read", Post)
    def show(post_id: int, post: Post) -> str:
        return f"{post_id} {post.owner}"

    @blog.app.get("/<int:post_id>/next")
    @authorizes_inside
    def following(post_id: int) -> str:
        return called(show, post_id - 1)

    assert blog.open("/3/next").text == "2 ann"
    assert blog.open("/2/next").status_code == 404


def test_view_called_with_a_variable_that_has_the_name_of_the_object(blog: Blog) -> None:
    """What identifies the object is no object, and gives way to it."""

    @authorize("read", Post, key="post")
    def show(post: t.Any) -> str:
        return f"{post.owner}"

    @blog.app.get("/<int:number>")
    @authorizes_inside
    def other(number: int) -> t.Any:
        return show(post=number)

    assert blog.statuses("/{}") == [404, 200, 404]


def test_view_called_with_another_object_is_an_error(blog: Blog) -> None:
    """The object that was judged and the one that is given must be the same."""

    @authorize("read", Post)
    def show(post: Post, post_id: int) -> t.Any:
        return blog.site.enter()

    @blog.app.get("/<int:number>")
    @authorizes_inside
    def other(number: int) -> t.Any:
        return show(blog.posts[1], post_id=number)

    assert (blog.open("/2").status_code, blog.site.entered) == (500, [])


def test_view_called_by_position_is_given_the_object(blog: Blog) -> None:
    """The variable may come by position, and the object is put beside it."""

    @authorize("read", Post)
    def show(post_id: int, post: Post) -> str:
        return f"{post_id} {post.owner}"

    @blog.app.get("/<int:number>")
    @authorizes_inside
    def other(number: int) -> t.Any:
        return called(show, number)

    assert blog.open("/2").text == "2 ann"
    assert blog.open("/1").status_code == 404


# -- two guards ----------------------------------------------------------------------


def without_wraps(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Decorate without telling what is below."""
    return lambda **kwargs: view(**kwargs)


def with_another_id(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Have everything below work on post 2."""

    @functools.wraps(view)
    def wrapper(**kwargs: t.Any) -> t.Any:
        return view(**{**kwargs, "post_id": 2})

    return wrapper


def test_guards_of_a_class_are_named_by_the_place_that_makes_its_view() -> None:
    """Flask applies what 'decorators' has; no line of Flask is the one to look at."""

    class PostView(MethodView):
        decorators: t.ClassVar = [
            authorize("edit", Post),
            authorize("read", Post, key="source_id"),
        ]

    with pytest.raises(OsoError) as caught:
        PostView.as_view("post")

    assert str(caught.value).count(f"({__file__}:") == 2


def test_two_guards_do_not_give_one_argument() -> None:
    """What was judged for one action must not come in the place of what was for another."""
    outer = authorize("edit", Post)
    inner = authorize("read", Post, key="source_id")
    line = inspect.currentframe().f_lineno + 3

    with pytest.raises(OsoError) as caught:
        outer(inner(takes_variable))

    assert str(caught.value) == (
        "Two guards of the view 'takes_variable' give the argument 'post':"
        f" '@authorize(\"edit\", Post)' ({__file__}:{line}) and"
        f' \'@authorize("read", Post, key="source_id")\' ({__file__}:{line}). One object would'
        " take the place of the other, which was judged for something else. Give one a name of its"
        ' own, as in \'@authorize("read", Post, key="source_id", name="source")\'.'
    )


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        (authorize("edit", Post, key="source_id"), authorize("read", Post)),
        (authorize("edit", Post), authorize("edit", Post, key="source_id")),
        (authorize("edit", Post), authorize("read", Post, key="id")),
        (authorize("edit", Post), authorize("read", Post, key=("year", "number"))),
        (authorize("edit", Post), authorize("read", type("Post", (), {}))),
        (authorize("edit", Post), authorize("read", BlogPost, name="post")),
        (authorize("edit", Post, name="it"), authorize("read", BlogPost, name="it")),
        (authorize(METHOD_ACTIONS, Post), authorize({"GET": "read"}, Post, key="source_id")),
    ],
)
@pytest.mark.parametrize(
    "between", [lambda view: view, skip_authorization, authorizes_inside, with_another_id]
)
def test_guards_of_different_objects_need_names(outer: t.Any, inner: t.Any, between: t.Any) -> None:
    """Guards are of different objects by another class, another variable or another module's
    class.
    """
    with pytest.raises(OsoError, match=r"^Two guards of the view '.*' give the argument '"):
        outer(between(inner(lambda **_: "post")))


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        (authorize("edit", Post, name="post_id"), authorize("read", Post)),
        (authorize("edit", BlogPost, name="slug"), authorize("read", Post, key=("year", "slug"))),
    ],
)
def test_object_is_not_given_as_the_variable_of_another(outer: t.Any, inner: t.Any) -> None:
    """The guard further inside would look for an object by an object."""
    with pytest.raises(OsoError, match=r"as '(post_id|slug)', which is the variable of another:"):
        outer(inner(lambda **_: "post"))


def test_guards_with_names_give_each_its_object(blog: Blog) -> None:
    """The one that may be edited is 'post', the one that may be read is 'source'."""

    @blog.app.get("/<int:post_id>/<int:source_id>")
    @authorize("edit", Post)
    @authorize("read", Post, key="source_id", name="source")
    def copy(post: Post, source: Post) -> str:
        return f"{post.public} {source.public}"

    assert blog.open("/1/2", "ann").text == "False True"
    assert blog.statuses("/{}/2", "eve") == [404, 403, 404]
    assert blog.statuses("/2/{}", "ann") == [200, 200, 404]


def test_name_is_the_argument_of_a_single_guard(blog: Blog) -> None:
    """A view may call the object what it likes; without it, it is not entered."""
    guard = authorize("read", Post, name="entry")
    blog.app.add_url_rule("/<int:post_id>", "show", guard(lambda entry: entry.owner))
    blog.app.add_url_rule("/all", "all", authorize("read", Post, name="entry")(lambda entry=0: "x"))

    assert blog.open("/2").text == "ann"
    assert blog.open("/all", "root").status_code == 500


def test_guards_of_the_same_key_give_one_object(blog: Blog) -> None:
    """A key that names what is usual is the same, also where object and variable share a name."""
    usual = authorize("read", Post)(authorize("edit", Post, key="post_id")(lambda post: post.owner))
    named = authorize("read", Post, key="post")(authorize("edit", Post, key="post")(takes_all))
    blog.app.add_url_rule("/<int:post_id>", "usual", usual)
    blog.app.add_url_rule("/named/<int:post>", "named", named)

    assert blog.open("/1", "ann").text == "ann"
    assert blog.open("/named/1", "ann").text == "['post']"
    assert blog.statuses("/named/{}") == [404, 403, 404]


def test_class_and_method_do_not_give_one_argument() -> None:
    """The decorators of a class are looked at with those of its methods."""

    class PostView(MethodView):
        decorators: t.ClassVar[list[t.Any]] = [authorize("read", Post)]

        @authorize("edit", Post, key="source_id")
        def put(self, post: Post) -> str:
            return post.owner

    with pytest.raises(OsoError, match=r"Two guards of the view '.*PostView\.put' give the arg"):
        PostView.as_view("post")


def test_guards_behind_a_decorator_that_tells_nothing_do_not_mix_objects(blog: Blog) -> None:
    """Where the inner guard cannot be seen, a request finds out."""
    inner = authorize("read", Post, key="source_id")(lambda **_: blog.site.enter())
    guarded = authorize("edit", Post)(without_wraps(inner))
    blog.app.add_url_rule("/<int:post_id>/<int:source_id>", "copy", guarded)
    blog.app.testing = True

    with pytest.raises(OsoError, match="The view is given 'post' already, and a guard found anoth"):
        blog.open("/1/2", "ann")

    assert blog.site.entered == []


def test_object_does_not_change_between_two_guards(blog: Blog) -> None:
    """What one action was allowed on is what the other one is asked about."""
    guarded = authorize("edit", Post)(with_another_id(authorize("read", Post)(takes_variable)))
    blog.app.add_url_rule("/<int:post_id>", "show", guarded)
    blog.posts[1].owner = "eve"
    blog.app.testing = True

    with pytest.raises(OsoError) as caught:
        blog.open("/1", "eve")

    assert str(caught.value) == (
        "Two guards of a view judge the object that it takes as 'post', and the one finds it by 1,"
        " the other by 2. Put what changes the arguments in between above both, or below."
    )


def test_view_that_goes_on_behind_a_denial_may_call_another(blog: Blog) -> None:
    """The other one is about other objects; what the first guard has found is forgotten."""
    inner = authorize("edit", Post)(lambda source, post: "copied")
    copy: t.Any = authorize("read", Post, key="source_id", name="source")(inner)

    @blog.app.get("/")
    @authorizes_inside
    def copy_some() -> str:
        answers = []
        for source_id, post_id in ((1, 4), (2, 1), (1, 4), (2, 1)):
            try:
                answers.append(copy(source_id=source_id, post_id=post_id))
            except NotFound:
                answers.append("missing")
        return " ".join(answers)

    blog.posts[4] = Post("eve")

    assert blog.open("/", "ann").text == "missing copied missing copied"


def test_error_handler_may_call_a_view_behind_a_denial(blog: Blog) -> None:
    """The guard of the blueprint has found another object by then."""
    blueprint = Blueprint("blog", __name__)
    blog.guard.guard(blueprint, "read", Post)
    view = authorize("edit", Post, key="other_id", name="other")(lambda post, other: "edited")
    blueprint.add_url_rule("/<int:post_id>/<int:other_id>", "edit", view)
    blog.app.register_blueprint(blueprint)
    show: t.Any = authorize("read", Post)(lambda post: post.owner)
    blog.app.register_error_handler(403, lambda error: show(post_id=1))

    assert blog.open("/2/2", "eve").status_code == 500
    blog.posts[1].public = True
    assert (blog.open("/2/2", "eve").text, blog.open("/2/1", "ann").text) == ("ann", "edited")


# -- a class judged by accident ------------------------------------------------------

NO_VARIABLE = "so it names no object of 'Post'. Name its variable with 'key'"
BY_KEYWORD = "judges the class 'Post' and no object of it. Write '@authorize("


@pytest.mark.parametrize(
    ("rule", "guard", "message"),
    [
        ("/<int:number>", authorize("create", Post), NO_VARIABLE),
        ("/<blog_post_id>", authorize("create", Post), NO_VARIABLE),
        ("/<org_id>/<path:rest>", authorize({"GET": "create"}, Post), NO_VARIABLE),
        ("/<int:post_id>", authorize(action="create", resource=Post), BY_KEYWORD),
        ("/<int:id>", authorize(resource=Post), BY_KEYWORD),
        ("/<org_id>", authorize(action="create", resource=Post), BY_KEYWORD),
    ],
)
def test_class_is_not_judged_by_accident(blog: Blog, rule: str, guard: t.Any, message: str) -> None:
    """A route that has variables, and none of the class, does not serve, nor is it started."""
    blog.app.add_url_rule(rule, "show", guard(lambda **_: blog.site.enter()))
    blog.app.testing = True

    with pytest.raises(OsoError) as at_start:
        blog.guard.check_routes(blog.app)
    with pytest.raises(OsoError) as in_request:
        blog.open("/none", "root")

    assert str(at_start.value) == str(in_request.value)
    assert message in str(at_start.value)
    assert "load=False" in str(at_start.value)
    assert blog.site.entered == []


@pytest.mark.parametrize(
    ("rule", "options", "guard"),
    [
        ("/<int:number>", {}, authorize("create", Post, load=False)),
        ("/<int:post_id>", {}, authorize("create", Post, load=False)),
        ("/<int:post_id>", {}, authorize(action="create", resource=Post, load=False)),
        ("/1", {}, authorize("create", Post)),
        ("/1", {}, authorize(action="create", resource=Post)),
        ("/1", {"defaults": {"page": 1}}, authorize("create", Post)),
        ("/<int:number>", {}, authorize("create", "post", actor="root")),
    ],
)
def test_class_is_judged_where_that_is_meant(
    blog: Blog, rule: str, options: t.Any, guard: t.Any
) -> None:
    """The class is judged where that is said, or where nothing could name an object."""
    blog.app.add_url_rule(rule, "new", guard(lambda **_: "new"), **options)
    blog.guard.check_routes(blog.app)

    assert blog.open("/1").text == "new"


def test_class_judged_by_accident_is_told_with_its_cure(blog: Blog) -> None:
    """The message has the route, the place, and both things that may be meant."""
    blog.app.add_url_rule("/<int:number>", "new", authorize("create", Post)(takes_variable))
    line = inspect.currentframe().f_lineno - 1
    blog.app.add_url_rule("/by/<n>", "by", authorize(action="edit", resource=Post)(takes_nothing))
    place = f"{__file__}:{takes_variable.__code__.co_firstlineno}"
    other = f"{__file__}:{takes_nothing.__code__.co_firstlineno}"

    with pytest.raises(OsoError) as caught:
        blog.guard.check_routes(blog.app)

    assert str(caught.value).splitlines() == [
        f"The route '/<int:number>' of the endpoint 'new' ({place}) does not have 'post_id' or"
        " 'id', so it names no object of 'Post'. Name its variable with 'key', as in"
        ' \'@authorize("create", Post, key="number")\', or judge the class itself with'
        " 'load=False', as in '@authorize(\"create\", Post, load=False)'.",
        f"The route '/by/<n>' of the endpoint 'by' ({other}) has 'n', but"
        f" '@authorize(action=\"edit\", resource=Post)' ({__file__}:{line + 2}) judges the class"
        " 'Post' and no object of it. Write '@authorize(\"edit\", Post, key=\"n\")' to judge the"
        " object, or say with 'load=False' that the class is meant, as in"
        ' \'@authorize(action="edit",'
        " resource=Post, load=False)'.",
    ]


@pytest.mark.parametrize(
    ("rule", "guard", "written", "cure"),
    [
        ("/<post_id>", {"resource": Post}, "resource=Post", '"read", Post'),
        ("/<n>/<id>", {"action": "x", "resource": Post}, 'action="x", resource=Post', '"x", Post'),
        ("/<n>", {"resource": BlogPost}, "resource=BlogPost", '"read", BlogPost, key="n"'),
    ],
)
def test_class_by_keyword_is_told_how_to_judge_an_object(
    blog: Blog, rule: str, guard: dict[str, t.Any], written: str, cure: str
) -> None:
    """What is proposed finds an object on this route."""
    blog.app.add_url_rule(rule, "show", authorize(**guard)(takes_nothing))

    with pytest.raises(OsoError) as caught:
        blog.guard.check_routes(blog.app)

    assert f"but '@authorize({written})' (" in str(caught.value)
    assert f"Write '@authorize({cure})' to judge the object" in str(caught.value)
    assert f"as in '@authorize({written}, load=False)'." in str(caught.value)


def test_variables_of_another_guard_do_not_make_the_class_meant(blog: Blog) -> None:
    """What identifies something else is not proposed as the key."""
    both = authorize("read", BlogPost)(authorize("create", Post)(takes_nothing))
    blog.app.add_url_rule("/<int:blog_post_id>", "new", both)

    with pytest.raises(OsoError, match="variable with 'key', or judge the class itself with 'load"):
        blog.guard.check_routes(blog.app)


def test_two_classes_by_one_variable_are_refused(blog: Blog) -> None:
    """The ``id`` of a post is not that of what shall be created for it."""
    both = authorize("read", Cover)(authorize("create", Post)(takes_nothing))
    blog.app.add_url_rule("/<int:id>/posts", "new", both)

    with pytest.raises(OsoError, match="find objects of different classes by the same") as caught:
        blog.guard.check_routes(blog.app)
    assert "write '@authorize(\"create\", Post, load=False)'" in str(caught.value)


def test_two_classes_by_one_variable_may_be_meant(blog: Blog) -> None:
    """Rows of two tables may have one key, if both guards say so."""
    inner = authorize("create", Post, key="id")(takes_nothing)
    blog.app.add_url_rule("/<int:id>", "new", authorize("read", Cover, key="id")(inner))
    blog.guard.loader(Cover)(lambda _: None)

    blog.guard.check_routes(blog.app)


def test_rule_that_came_later_does_not_judge_the_class_by_accident(blog: Blog) -> None:
    """What no census saw is refused by the guard."""
    blog.app.add_url_rule("/", "new", authorize("create", Post)(lambda **_: blog.site.enter()))
    before = blog.open("/").status_code
    blog.app.url_map.add(Rule("/<number>", endpoint="new", methods=["GET"]))

    assert (before, blog.open("/1").status_code, blog.site.entered) == (200, 500, ["/"])


# -- classes -------------------------------------------------------------------------


def make_views(blog: Blog, guard: t.Any) -> None:
    class PostView(MethodView):
        decorators: t.ClassVar[list[t.Any]] = [guard]

        def get(self, post: Post) -> str:
            return post.owner

        def put(self, post_id: int) -> str:
            return f"put {post_id}"

        def delete(self, **kwargs: t.Any) -> str:
            return f"deleted {sorted(kwargs)}"

    blog.app.add_url_rule("/<int:post_id>", view_func=PostView.as_view("post"))


def test_methods_of_a_class_have_actions(blog: Blog) -> None:
    """Each method is judged by its action, and given what it takes."""
    make_views(blog, authorize(METHOD_ACTIONS, Post))

    assert blog.statuses("/{}") == [404, 200, 404]
    assert blog.statuses("/{}", method="PUT") == [404, 403, 404]
    assert blog.open("/2", "ann", method="PUT").text == "put 2"
    assert blog.open("/2", "ann", method="DELETE").text == "deleted ['post', 'post_id']"
    assert blog.open("/2", method="HEAD").status_code == 200


def test_method_without_an_action_is_refused(blog: Blog) -> None:
    """What the mapping does not name is not open."""
    make_views(blog, authorize({"GET": "read"}, Post))
    blog.app.testing = True

    assert blog.open("/2", method="HEAD").status_code == 200
    with pytest.raises(OsoError) as caught:
        blog.open("/2", "root", method="DELETE")
    assert str(caught.value) == (
        "The guard of this view has no action for DELETE, so nobody may do it. Add the method to"
        " its mapping."
    )


def test_head_has_the_action_that_the_mapping_names(blog: Blog) -> None:
    """HEAD counts as GET only where the mapping does not name it."""
    make_views(blog, authorize({"GET": "read", "HEAD": "probe"}, Post))

    assert blog.open("/2").status_code == 200
    assert blog.open("/2", method="HEAD").status_code == 403


def test_actions_of_methods_that_a_view_lacks_are_not_missed(blog: Blog) -> None:
    """A policy need not know all actions of the usual mapping; those that are asked, it must."""
    oso = blog.app.extensions["oso"].oso
    oso.load_str('allow(_, "read", _: Post); allow(_, "edited", _: Post);', replace=True)
    make_views(blog, authorize({**METHOD_ACTIONS, "DELETE": "read"}, Post))

    with pytest.warns(UserWarning, match="The action 'edit' of .* Did you mean 'edited'") as caught:
        blog.open("/2")

    assert len(caught) == 1


def test_class_that_rules_can_match_is_no_mistake(blog: Blog) -> None:
    """An object of a class that derives from a registered one is matched by rules for that."""
    draft = type("Draft", (Post,), {})
    blog.guard.loader(draft)({1: draft("ann", public=True)}.get)
    guard = authorize("read", draft)
    blog.app.add_url_rule("/<int:draft_id>", "show", guard(lambda draft: draft.owner))

    assert blog.open("/1").text == "ann"


def test_class_under_another_name_is_no_mistake() -> None:
    """A class may be registered by a name that is not its own."""
    site = make_site("unused(1);")
    oso = site.app.extensions["oso"].oso
    oso.register_class(Post, name="Article")
    oso.load_str('allow(_, "create", Article);', replace=True)
    site.app.add_url_rule("/", "new", authorize("create", Post)(lambda: "new"))

    assert site.open("/").text == "new"


def test_automatic_options_enter_no_view(blog: Blog) -> None:
    """Nothing is judged, and nothing is missing in the mapping."""
    make_views(blog, authorize({"GET": "read"}, Post))

    assert blog.open("/2", method="OPTIONS").status_code == 200


def test_method_of_a_class_is_guarded_by_itself(blog: Blog) -> None:
    """A decorator of a method sees that method's arguments."""

    class PostView(MethodView):
        @authorize("read", Post)
        def get(self, post: Post) -> str:
            return post.owner

    blog.app.add_url_rule("/<int:post_id>", view_func=PostView.as_view("post"))

    assert blog.statuses("/{}") == [404, 200, 404]


def test_method_that_is_made_anew_for_each_request(blog: Blog) -> None:
    """A class method has no function of its own, and needs no memory for each request."""

    class PostView(MethodView):
        decorators: t.ClassVar[list[t.Any]] = [authorize("read", Post)]

        @classmethod
        def get(cls, post: Post) -> str:
            return post.owner

    blog.app.add_url_rule("/<int:post_id>", view_func=PostView.as_view("post"))

    assert blog.statuses("/{}") == [404, 200, 404]


def test_class_and_method_are_both_guarded(blog: Blog) -> None:
    """The guard of the class leaves the variable to that of the method."""

    class PostView(MethodView):
        decorators: t.ClassVar[list[t.Any]] = [authorize("read", Post)]

        @authorize("edit", Post)
        def get(self, post: Post) -> str:
            return post.owner

    blog.app.add_url_rule("/<int:post_id>", view_func=PostView.as_view("post"))

    assert blog.statuses("/{}", "ann") == [200, 200, 404]
    assert blog.statuses("/{}") == [404, 403, 404]


def test_class_with_one_function_for_all_methods(blog: Blog) -> None:
    """'dispatch_request' of a class-based view is given the object."""

    class PostView(View):
        decorators: t.ClassVar[list[t.Any]] = [authorize("read", Post)]

        def dispatch_request(self, post: Post) -> str:  # type: ignore[override]
            return post.owner

    blog.app.add_url_rule("/<int:post_id>", view_func=PostView.as_view("post"))

    assert blog.open("/2").text == "ann"


# -- inside a view -------------------------------------------------------------------


def test_load_inside_a_view_answers_alike(blog: Blog) -> None:
    """'load' is the view's check, and gives the object."""

    @blog.app.get("/<int:number>")
    @authorizes_inside
    def edit(number: int) -> str:
        post = blog.guard.load(Post, number, action="edit")
        return post.owner

    assert blog.statuses("/{}", "ann") == [200, 200, 404]
    assert blog.statuses("/{}") == [404, 403, 404]


def test_authorize_with_check_read_hides(blog: Blog) -> None:
    """'authorize' with 'check_read' hides an object that was found otherwise."""

    @blog.app.get("/<int:number>")
    @authorizes_inside
    def edit(number: int) -> str:
        blog.guard.authorize(blog.posts[number], action="edit", check_read=True)
        return "edited"

    assert [blog.open(f"/{number}").status_code for number in (1, 2)] == [404, 403]


@pytest.mark.parametrize("identity", ["1", None, True, [1], 2**70])
def test_load_leaves_the_identity_to_the_loader(blog: Blog, identity: t.Any) -> None:
    """A loader is given the value as it is."""
    seen: list[t.Any] = []
    blog.guard.loader(Post)(lambda key: seen.append(key))

    with blog.app.test_request_context("/?user=ann"), pytest.raises(NotFound):
        blog.app.preprocess_request()
        blog.guard.load(Post, identity, action="read")

    assert seen == [identity]


# -- loaders -------------------------------------------------------------------------


def test_loader_may_be_a_coroutine_function(blog: Blog) -> None:
    """A loader that is a coroutine function is awaited as an async view is."""

    @blog.guard.loader(Post)
    async def load_post(post_id: int) -> Post | None:
        return blog.posts.get(post_id)

    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(lambda post: "post"))

    assert blog.statuses("/{}") == [404, 200, 404]


def test_loader_that_answers_not_found_answers_as_for_hidden(blog: Blog) -> None:
    """'get_or_404' in a loader tells no more than ``None``."""

    @blog.guard.loader(Post)
    def load_post(post_id: int) -> Post:
        post = blog.posts.get(post_id)
        if post is None:
            raise NotFound("No post of ann has this number.")
        return post

    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(lambda post: "post"))

    assert blog.open("/1").data == blog.open("/3").data


def test_loader_without_a_class_is_noticed(blog: Blog) -> None:
    """A loader without a class would register nothing, and is an error."""
    with pytest.raises(OsoError, match="'loader' takes the class that is loaded"):

        @blog.guard.loader  # type: ignore[arg-type]
        def load_post(post_id: int) -> None:
            """Give nothing."""


def test_loader_that_fails_is_an_error(blog: Blog) -> None:
    """An object whose loader fails is neither missing nor allowed."""
    blog.guard.loader(Post)(lambda post_id: 1 / 0)
    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(blog.site.enter))

    assert blog.statuses("/{}", "root") == [500, 500, 500]
    assert blog.site.entered == []


def test_awaitable_in_place_of_an_object_is_refused(blog: Blog) -> None:
    """A function that only returns a coroutine is not awaited."""

    async def load_post(post_id: int) -> Post:
        return blog.posts[post_id]

    coroutines: list[t.Any] = []
    blog.guard.loader(Post)(lambda key: coroutines.append(load_post(key)) or coroutines[0])
    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(blog.site.enter))
    blog.app.testing = True

    with pytest.raises(OsoError, match="gave an awaitable in place of an object"):
        blog.open("/2", "root")
    coroutines[0].close()


def test_proxy_of_nothing_is_no_object(blog: Blog) -> None:
    """A loader may give a proxy; what it stands for is missing, judged and handed over."""
    blog.guard.loader(Post)(lambda key: LocalProxy(lambda: blog.posts.get(key)))
    guard = authorize("read", Post)
    blog.app.add_url_rule("/<int:post_id>", "show", guard(lambda post: type(post).__name__))

    assert blog.statuses("/{}", "root") == [200, 200, 404]
    assert blog.open("/2").text == "Post"
    with blog.app.test_request_context("/2"):
        assert type(blog.guard.load(Post, 2, action="read", actor="root")) is Post


def test_class_without_a_loader_is_a_mistake(blog: Blog) -> None:
    """The error says what to register."""
    blog.app.add_url_rule("/<int:id>", "show", authorize("read", BlogPost)(lambda id: "post"))
    blog.app.testing = True

    with pytest.raises(OsoError) as caught:
        blog.open("/1", "root")

    assert str(caught.value) == (
        "Nothing says how to find an object of 'BlogPost'. Register a function:"
        " '@oso.loader(BlogPost)', or give 'FlaskOso' the session of SQLAlchemy:"
        " 'session=…'."
    )


# -- mistakes ------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:The route .* does not have:UserWarning")
@pytest.mark.parametrize(
    ("rule", "guard"),
    [
        ("/", authorize("read", Post)),
        ("/<int:number>", authorize("read", Post)),
        ("/<int:post>", authorize("read", Post)),
        ("/<int:post_id>", authorize("read", Post, key="slug")),
        ("/<int:number>", authorize("read", Post, load=True)),
    ],
)
def test_view_that_takes_an_object_is_not_entered_without(
    blog: Blog, rule: str, guard: t.Any
) -> None:
    """Where nothing identifies the object the error says so; the class is not judged."""
    blog.app.add_url_rule(rule, "show", guard(lambda post=None, **others: blog.site.enter()))
    blog.app.testing = True

    with pytest.raises(OsoError, match=r"so it names no object of 'Post'\. Name its variable"):
        blog.open(rule.replace("<int:", "").replace(rule.strip("/<>").split(":")[-1] + ">", "1"))

    assert blog.site.entered == []


@pytest.mark.parametrize(
    ("rule", "guard", "message"),
    [
        (
            "/<int:post_id>",
            authorize("read", Post, key="postid"),
            " does not have 'postid', by which its guard finds an object of 'Post', so that each"
            " request to it fails, unless a decorator gives the variable. Name it:"
            " 'key=\"post_id\"'.",
        ),
        (
            "/<a>/<b>",
            authorize("read", Post, load=True),
            " does not have 'post_id' or 'id', by which its guard finds an object of 'Post', so"
            " that each request to it fails, unless a decorator gives the variable.",
        ),
    ],
)
def test_key_that_is_no_variable_is_told_of_before_it_is_missed(
    blog: Blog, rule: str, guard: t.Any, message: str
) -> None:
    """The first look at the routes warns of a misspelt key."""
    blog.app.add_url_rule(rule, "show", guard(lambda **given: blog.site.enter()))

    with pytest.warns(UserWarning, match="does not have") as warned:
        blog.open("/nowhere", "root")

    (told,) = warned
    assert str(told.message).endswith(message)


def test_key_that_the_app_gives_is_not_told_of(blog: Blog) -> None:
    """A function of the app may give the variable: the tests fail on any warning."""
    blog.app.add_url_rule(
        "/<int:number>", "show", authorize("read", Post, key="slug")(lambda number: "shown")
    )
    blog.app.url_value_preprocessor(lambda endpoint, values: values and values.update(slug=1))

    assert blog.open("/nowhere", "root").status_code == 404


def test_view_that_makes_an_object_is_not_given_one(blog: Blog) -> None:
    """Who wants the object of a route that names none may mean to make it: that is said, too."""
    blog.app.add_url_rule("/posts", "create", authorize("create", Post)(lambda post: "made"))
    blog.app.testing = True

    with pytest.raises(OsoError, match=r"A view that makes one takes no argument 'post'\.$"):
        blog.open("/posts", "root")


@pytest.mark.filterwarnings("ignore:The route .* does not have:UserWarning")
@pytest.mark.parametrize(
    "guard", [authorize("read", Post, key="slug"), authorize("read", Post, load=True)]
)
def test_object_that_must_be_there_is_missed_whatever_the_view_takes(
    blog: Blog, guard: t.Any
) -> None:
    """'key' and 'load=True' demand an object of views that do not take it."""
    blog.app.add_url_rule("/<int:number>", "show", guard(lambda number: blog.site.enter()))
    blog.app.testing = True

    with pytest.raises(OsoError, match="so it names no object of 'Post'"):
        blog.open("/1", "root")

    assert blog.site.entered == []


def test_variable_that_is_taken_away_is_noticed(blog: Blog) -> None:
    """A preprocessor that removes it must not have the class judged instead."""
    blog.app.url_value_preprocessor(lambda endpoint, values: values and values.pop("post_id"))
    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(blog.site.enter))
    blog.app.testing = True

    with pytest.raises(OsoError, match="The route has 'post_id', but the guard of 'Post' is not"):
        blog.open("/2", "root")


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("read", Post), {"action": "edit"}, "was given two actions"),
        (("read", "page"), {"key": "id"}, "'key' and 'load' are for classes"),
        (("read", "page"), {"load": False}, "'key' and 'load' are for classes"),
        (("read", Post), {"key": "id", "load": False}, "but 'load=False' loads none"),
        (("read", Post), {"key": ()}, "is the name of a URL variable, or a list"),
        (("read", Post), {"key": 1}, "is the name of a URL variable, or a list"),
        (({"GET": ["read", "edit"]}, Post), {}, "one action for each method, and not"),
        (({"get": "read"}, Post), {}, "in capital letters .* and not 'get'"),
        (({}, Post), {}, "mapping of actions is empty"),
        ((), {"key": "id"}, "belong to '@authorize"),
        ((), {"name": "post"}, "belong to '@authorize"),
        ((), {"load": False}, "belong to '@authorize"),
        ((), {"resource": Post, "load": True}, "belong to '@authorize"),
        (("read", "page"), {"name": "page"}, "'name' is for objects of a class"),
        (("read", Post), {"name": "post", "load": False}, "'name' is the argument .* loads none"),
        (("read", Post), {"name": "a-b"}, "is the name of an argument, such as 'source', and not"),
        (("read", Post), {"name": "class"}, "is the name of an argument, such as 'source', and"),
        (("read", Post), {"name": 1}, "is the name of an argument, such as 'source', and not 1"),
    ],
)
def test_mistakes_are_noticed_when_the_decorator_is_made(
    arguments: t.Any, options: t.Any, message: str
) -> None:
    """What makes no sense does not wait for a request."""
    with pytest.raises(OsoError, match=message):
        authorize(*arguments, **options)


def test_object_by_position_only_is_noticed_when_decorated() -> None:
    """Flask calls views by keyword."""
    with pytest.raises(OsoError, match="takes 'post' by position only"):

        @authorize("read", Post)
        def show(post: Post, /) -> str:
            return "post"


@pytest.mark.parametrize("page", ["page", type("Page", (), {}), 5])
def test_old_slip_is_still_an_error(page: t.Any) -> None:
    """'@authorize(page)' does not become something else."""
    with pytest.raises(OsoError, match=r"'@authorize' (was given|guards functions)"):
        authorize(page)


def test_new_form_above_the_route_is_refused(blog: Blog) -> None:
    """The wrong order is noticed as that of the other form is."""

    @authorize("read", Post)
    @blog.app.get("/<int:post_id>")
    def show(post_id: int) -> t.Any:
        return blog.site.enter()

    assert (blog.open("/2", "root").status_code, blog.site.entered) == (500, [])


# -- around it -----------------------------------------------------------------------


def test_nested_requests_keep_apart(blog: Blog) -> None:
    """What an inner request was allowed says nothing of the outer one."""
    blog.app.add_url_rule("/<int:post_id>", "show", authorize("read", Post)(lambda post: "post"))

    @blog.app.get("/batch")
    @authorizes_inside
    def batch() -> str:
        return blog.app.test_client().get("/2").text

    assert blog.open("/2").text == "post"
    assert blog.open("/batch").status_code == 500


def test_skip_and_guard_add_up(blog: Blog) -> None:
    """A denial stands, also below '@skip_authorization'."""
    guarded = skip_authorization(authorize("read", Post)(lambda post: "post"))
    blog.app.add_url_rule("/<int:post_id>", "show", guarded)

    assert blog.statuses("/{}") == [404, 200, 404]


def test_two_apps_have_the_same_view(blog: Blog) -> None:
    """Each is guarded by its own policy."""
    oso, other = Oso(), make_app("other")
    oso.register_class(Post)
    oso.load_str('allow(_, "read", _: Post);')
    extension = FlaskOso(oso, other)
    extension.loader(Post)(blog.posts.get)
    extension.set_get_actor(lambda: request.args.get("user"))
    view = authorize("read", Post)(lambda post: "post")
    blog.app.add_url_rule("/<int:post_id>", "show", view)
    other.add_url_rule("/<int:post_id>", "show", view)

    assert (blog.open("/1").status_code, other.test_client().get("/1").status_code) == (404, 200)


@pytest.mark.parametrize(
    "text",
    ["1e0", " 1", "1 ", "01", "+1", "-1", "True", "9" * 400, "%00", "%ED%A0%80", "%EF%BC%91", "*"],
)
def test_identity_that_is_no_number_is_not_found(blog: Blog, text: str) -> None:
    """A loader of strings finds what it was asked for, and nothing like it."""
    blog.guard.loader(Post)({"1": Post("ann", public=True)}.get)
    blog.app.add_url_rule("/<post_id>", "show", authorize("read", Post)(blog.site.enter))

    assert (blog.open(f"/{text}", "root").status_code, blog.site.entered) == (404, [])
