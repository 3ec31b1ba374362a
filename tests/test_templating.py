"""``can`` in templates: what it answers, what it remembers, and when it forgets."""

from __future__ import annotations

import asyncio
import gc
import threading
import typing as t
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context

import pytest
from flask import (
    Flask,
    g,
    get_template_attribute,
    render_template,
    render_template_string,
    request,
    stream_template,
)
from flask.testing import FlaskClient
from flask_login import (  # type: ignore[import-untyped]
    LoginManager,
    UserMixin,
    login_user,
)
from jinja2 import DictLoader, Environment, UndefinedError
from jinja2.nativetypes import NativeEnvironment
from werkzeug.local import LocalProxy

from flask_oso import FlaskOso, Oso, OsoError, authorizes_inside
from flask_oso.polar.exceptions import PolarRuntimeError
from flask_oso.templating import can, cannot, is_allowed
from tests.support.sites import make_app, make_oso

POLICY = """
allow("ann", "edit", post: Post) if post.look();
allow("ann", "read", _: Post);
allow("ann", "view", "report");
allow("ann", 1, "one");
allow("ann", true, "true");
allow(nil, "read", _: Post);
allow("ann", "fail", post: Post) if post.misspelt;
"""


class Post:
    """A resource that counts how often the policy looks at it."""

    def __init__(self, public: bool = True) -> None:
        self.public = public
        self.looks = 0

    def look(self) -> bool:
        self.looks += 1
        return self.public

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Post)

    def __hash__(self) -> int:
        return 1


class Member(UserMixin):
    """A user of Flask-Login."""

    looks = 0

    def __init__(self, name: str) -> None:
        self.id = name

    @property
    def is_authenticated(self) -> bool:
        self.looks += 1
        return True


class Desk:
    """An app whose templates are given, with a client for each request."""

    def __init__(self, **config: t.Any) -> None:
        self.oso = Oso()
        self.oso.register_class(Post)
        self.app = make_app("desk", **{"OSO_ENFORCE": "off"} | config)
        self.app.testing = True
        self.templates: dict[str, str] = {}
        self.app.jinja_loader = DictLoader(self.templates)
        self.guard = FlaskOso(self.oso, self.app)
        self.oso.load_str(POLICY)
        self.guard.set_get_actor(lambda: g.get("user", "ann"))

    def show(self, text: str, **values: t.Any) -> str:
        """Render a text in a request."""
        with self.app.test_request_context():
            return render_template_string(text, **values)

    def serve(self, view: t.Callable[[], t.Any]) -> FlaskClient:
        """Have a view at '/'."""
        self.app.add_url_rule("/", "index", view)
        return self.app.test_client()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def desk_of_g() -> Desk:
    """Give one that finds the actor on 'g'."""
    desk = Desk()
    desk.app, desk.oso = make_app("desk"), Oso()
    desk.oso.register_class(Post)
    desk.oso.load_str(POLICY)
    desk.guard = FlaskOso(desk.oso, desk.app)
    return desk


# -- answers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{{ can("edit", post) }}', "True"),
        ('{{ can("edit", hidden) }}', "False"),
        ('{{ cannot("edit", post) }}', "False"),
        ('{{ cannot("edit", hidden) }}', "True"),
        ('{% if can("edit", post) %}Edit{% else %}Look{% endif %}', "Edit"),
        ("{{ post is allowed('edit') }}", "True"),
        ("{{ hidden is allowed('edit') }}", "False"),
        ("{% if hidden is not allowed('edit') %}Look{% endif %}", "Look"),
        ('{{ can("read", post, actor=none) }}', "True"),
        ('{{ can("edit", post, none) }}', "False"),
        ('{{ cannot("edit", post, actor="eve") }}', "True"),
        ("{{ post is allowed('read', actor='eve') }}", "False"),
        ("{{ post is allowed('read', none) }}", "True"),
        ('{{ can(1, "one") }} {{ can(true, "one") }} {{ can(1.0, "one") }}', "True False True"),
        ('{{ can(true, "true") }} {{ can(1, "true") }}', "True False"),
    ],
)
def test_question_is_answered(desk: Desk, text: str, shown: str) -> None:
    """The answer is the policy's, for the current actor or another."""
    assert desk.show(text, post=Post(), hidden=Post(public=False)) == shown


def test_answer_is_a_bool(desk: Desk) -> None:
    """Only 'True' itself is an allow."""
    with desk.app.test_request_context():
        assert can("read", Post()) is True
        assert can("drop", Post()) is False


def test_proxies_are_replaced(desk: Desk) -> None:
    """A proxy is what it stands for, as resource, as action and as actor."""
    proxies = {
        "post": LocalProxy(lambda: Post()),
        "action": LocalProxy(lambda: "edit"),
        "user": LocalProxy(lambda: "ann"),
    }

    assert desk.show("{{ can(action, post, user) }}", **proxies) == "True"


def test_question_is_asked_of_the_oso_of_the_app(desk: Desk) -> None:
    """Two apps of one extension each have their own answers."""
    other, oso = make_app("other"), Oso()
    desk.guard.init_app(other, oso)
    oso.load_str("allow(_, _, _);")

    with other.test_request_context():
        assert render_template_string('{{ can("anything", 5) }}') == "True"
    assert desk.show('{{ can("anything", 5) }}') == "False"


def test_question_in_an_imported_macro(desk: Desk) -> None:
    """'can' is a global: a macro that is imported without context has it."""
    desk.templates["macros.html"] = "{% macro m(post) %}{{ can('edit', post) }}{% endmacro %}"

    shown = desk.show('{% from "macros.html" import m %}{{ m(post) }}', post=Post())

    assert shown == "True"


@pytest.mark.parametrize(
    "text",
    ['{{ can("view", "report") }}', "{{ 'report' is allowed('view') }}"],
)
def test_question_about_constants_is_not_answered_at_compile_time(desk: Desk, text: str) -> None:
    """A template that was compiled for one visitor asks for the next one anew."""
    desk.templates["page.html"] = text
    client = desk.serve(lambda: render_template("page.html"))
    users = iter(["ann", "eve", "ann"])
    desk.app.before_request(lambda: setattr(g, "user", next(users)))

    assert [client.get("/").text for _ in range(3)] == ["True", "False", "True"]


def test_error_of_the_policy_is_raised(desk: Desk) -> None:
    """A broken policy is neither a button nor its absence."""
    with pytest.raises(PolarRuntimeError):
        desk.show('{% if can("fail", post) %}Fail{% endif %}', post=Post())


def test_error_of_the_policy_is_not_remembered(desk: Desk) -> None:
    """An error of the policy is not remembered: the next question of the page fails as well."""
    text = "{{ attempt() }} {{ attempt() }}"

    def attempt() -> str:
        with pytest.raises(PolarRuntimeError):
            can("fail", post)
        return "failed"

    post = Post()

    assert desk.show(text, attempt=attempt) == "failed failed"


@pytest.mark.parametrize(
    "text",
    [
        '{{ can("edit", psot) }}',
        '{{ can("edit", post.author) }}',
        "{{ can(edit, post) }}",
        '{{ can("edit", post, usr) }}',
        '{{ cannot("edit", psot) }}',
        "{{ psot is allowed('edit') }}",
    ],
)
def test_misspelt_variable_is_an_error(desk: Desk, text: str) -> None:
    """A variable that is not there does not pass for something denied."""
    with pytest.raises(UndefinedError, match=r"is undefined|has no attribute 'author'"):
        desk.show(text, post=Post())


@pytest.mark.parametrize(
    "text", ["{{ can(post, 'edit') }}", "{{ cannot(post, 'edit') }}", "{{ oso.can(post, 'edit') }}"]
)
def test_swapped_arguments_are_an_error(desk: Desk, text: str) -> None:
    """They do not pass for a denial, on a page as elsewhere."""
    with pytest.raises(OsoError) as caught:
        desk.show(text, post=Post())

    assert str(caught.value) == (
        "'can' was given an object of 'Post' in place of an action. The action stands first:"
        " 'can(\"edit\", post)'."
    )


def test_misspelt_action_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """A near miss of an action that the policy knows is named once, as for 'authorize'."""
    desk.show('{{ can("raed", post) }}{{ can("raed", other) }}', post=Post(), other=Post())

    assert caplog.messages == [
        "The action 'raed' is never allowed by the policy. Did you mean 'read'?"
    ]


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ("'post'", "on the text 'post', and denied it: no rule has this text."),
        ("[post]", "on a list, and denied it: it has rules about one object."),
    ],
)
def test_what_is_no_object_is_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture, resource: str, message: str
) -> None:
    """A name in quotes and a list of objects hide a button from everybody: that is said once."""
    desk.show(f'{{{{ can("read", {resource}) }}}}{{{{ can("read", {resource}) }}}}', post=Post())

    (told,) = caplog.messages
    assert message in told


def test_question_without_init_app_says_what_is_missing() -> None:
    """An app without an extension has nobody to ask."""
    with make_app("bare").app_context(), pytest.raises(OsoError, match="Did you forget to call"):
        can("edit", "page")


def test_question_does_not_authorize_the_request() -> None:
    """A view that shows buttons and checks nothing is withheld."""
    desk = Desk(OSO_ENFORCE="strict")
    desk.app.testing = False
    client = desk.serve(
        authorizes_inside(lambda: render_template_string('{{ can("view", "report") }}'))
    )

    assert client.get("/").status_code == 500


# -- names ----------------------------------------------------------------------------


def test_names_of_the_app_stay() -> None:
    """What the app has under these names before is not replaced."""
    app = make_app()
    app.jinja_env.globals["can"] = lambda: "mine"
    FlaskOso(Oso(), app)

    with app.app_context():
        assert render_template_string("{{ can() }}") == "mine"


def test_environment_is_not_made_before_its_time() -> None:
    """What configures Jinja after 'init_app' is still in time."""
    app = make_app()
    FlaskOso(Oso(), app)
    app.jinja_options = {"trim_blocks": True}
    app.config["TEMPLATES_AUTO_RELOAD"] = True

    assert (app.jinja_env.trim_blocks, app.jinja_env.auto_reload) == (True, True)
    assert app.jinja_env.globals["can"] is can


def test_environment_that_is_there_gets_the_names() -> None:
    """An app that used Jinja before 'init_app' gets the names in its environment."""
    app = make_app()
    environment = app.jinja_env
    FlaskOso(Oso(), app)

    assert environment.globals["can"] is can


class NativeFlask(Flask):
    """An app whose templates give Python values."""

    jinja_environment = NativeEnvironment  # type: ignore[assignment]

    def create_jinja_environment(self) -> t.Any:
        return NativeEnvironment(loader=DictLoader({}))


def test_other_kinds_of_templates_keep_their_kind() -> None:
    """Templates of native types give values, whole and in pieces."""
    app, oso = NativeFlask("site"), Oso()
    FlaskOso(oso, app)
    oso.load_str("allow(_, _, _);")
    template = app.jinja_env.from_string("{{ can('edit', 5, 1) }}{{ nothing }}")

    with app.app_context():
        assert list(template.generate(nothing=None)) == [True, None]
        assert app.jinja_env.from_string("{{ can('edit', 5, 1) }}").render() is True


# -- what is remembered ---------------------------------------------------------------

TWICE = "{{ can('edit', post) }} {{ can('edit', post) }}"


def test_repeated_question_is_evaluated_once(desk: Desk) -> None:
    """A question that one page repeats costs one evaluation, in whatever form it is asked."""
    post = Post()

    shown = desk.show(
        TWICE + " {{ cannot('edit', post) }} {{ post is allowed('edit') }}", post=post
    )

    assert (shown, post.looks) == ("True True False True", 1)


def test_question_is_remembered_across_parts_of_a_page(desk: Desk) -> None:
    """What a page includes, imports and extends is the same page."""
    desk.templates.update(
        {
            "base.html": "{{ can('edit', post) }}{% block body %}{% endblock %}",
            "part.html": "{{ can('edit', post) }}",
            "macros.html": "{% macro m(post) %}{{ can('edit', post) }}{% endmacro %}",
            "page.html": (
                '{% extends "base.html" %}{% from "macros.html" import m %}'
                '{% block body %}{% include "part.html" %}{{ m(post) }}{% endblock %}'
            ),
        }
    )
    post = Post()

    with desk.app.test_request_context():
        shown = render_template("page.html", post=post)

    assert (shown, post.looks) == ("TrueTrueTrue", 1)


def test_denial_is_remembered(desk: Desk) -> None:
    """Denied or allowed, an answer is an answer."""
    post = Post(public=False)

    assert (desk.show(TWICE, post=post), post.looks) == ("False False", 1)


def test_equal_objects_are_asked_each(desk: Desk) -> None:
    """Equality and hash are an object's own business."""
    one, other = Post(), Post(public=False)

    shown = desk.show("{{ can('edit', one) }} {{ can('edit', other) }}", one=one, other=other)

    assert shown == "True False"


def test_objects_that_pass_are_asked_each(desk: Desk) -> None:
    """An object that is gone leaves its identity to no other."""
    text = "{% for n in range(200) %}{{ can('edit', make(n % 2)) }} {% endfor %}"

    shown = desk.show(text, make=lambda public: Post(bool(public)))

    assert shown.split() == ["False", "True"] * 100


def test_actors_are_asked_each(desk: Desk) -> None:
    """A page may ask for several people."""
    text = "{% for who in people %}{{ can('read', post, who) }} {% endfor %}"

    assert desk.show(text, post=Post(), people=["ann", "eve", None]) == "True False True "


def test_current_actor_may_change_within_a_page(desk: Desk) -> None:
    """The actor is found for each question."""

    def become(user: str) -> str:
        g.user = user
        return ""

    shown = desk.show(
        "{{ can('edit', post) }}{{ become('eve') }}{{ can('edit', post) }}",
        become=become,
        post=Post(),
    )

    assert shown == "TrueFalse"


def test_actor_on_g_may_change_within_a_page(desk_of_g: Desk) -> None:
    """An answer is that to the actor who is on 'g' when it is asked for."""

    def become(user: str | None) -> str:
        g.current_user = user
        return ""

    shown = desk_of_g.show(
        "{{ become('ann') }}{{ can('edit', post) }}{{ can('edit', post) }}"
        "{{ become('eve') }}{{ can('edit', post) }}{{ become(none) }}{{ can('edit', post) }}"
        "{{ become('ann') }}{{ can('edit', post) }}",
        become=become,
        post=Post(),
    )

    assert shown == "TrueTrueFalseFalseTrue"


@pytest.mark.parametrize("call", ["can", "oso.can"])
def test_login_within_a_page_is_noticed(call: str) -> None:
    """An answer is that to the user whom Flask-Login knows when it is asked for."""
    app, post = make_app("login", SECRET_KEY="for tests"), Post()
    LoginManager(app).user_loader(Member)
    policy = 'allow(user: Member, "open", _: Post) if user.id = "ann";'
    FlaskOso(make_oso(policy, Member, Post), app)

    def become(name: str) -> str:
        login_user(Member(name))
        return ""

    ask = "{{ ask }}".replace("ask", f"{call}('open', post)")
    with app.test_request_context():
        shown = render_template_string(
            f"{ask} {{{{ become('ann') }}}}{ask} {ask} {{{{ become('eve') }}}}{ask}",
            become=become,
            post=post,
        )

    assert shown == "False True True False"


@pytest.mark.parametrize("call", [can, None])
def test_request_within_a_page_has_an_actor_of_its_own(call: t.Any) -> None:
    """Both have one 'g', and the function that finds the actor is called once for each."""
    desk = Desk()
    app = make_app("nested", OSO_ACTOR=lambda: request.args.get("user"))
    guard = FlaskOso(desk.oso, app)
    ask, post = call or guard.can, Post()

    def nested() -> bool:
        with app.test_request_context("/?user=eve"):
            return t.cast(bool, ask("edit", post))

    with app.test_request_context("/?user=ann"):
        shown = render_template_string(
            "{{ ask('edit', post) }} {{ nested() }} {{ ask('edit', post) }}",
            ask=ask,
            nested=nested,
            post=post,
        )

    assert shown == "True False True"


def test_actor_of_a_page_is_found_once() -> None:
    """To find one takes longer than most decisions."""
    app, posts = make_app("login", SECRET_KEY="for tests"), [Post() for _ in range(9)]
    LoginManager(app).user_loader(Member)
    policy = 'allow(user: Member, "open", _: Post) if user.id = "ann";'
    FlaskOso(make_oso(policy, Member, Post), app)
    text = "{% for post in posts %}{{ can('open', post) }}{{ oso.can('edit', post) }}{% endfor %}"

    with app.test_request_context():
        login_user(member := Member("ann"))
        member.looks = 0
        shown = render_template_string(text, posts=posts)

    assert shown == "TrueFalse" * 9
    # The template has two ways to ask.
    assert member.looks == 2


def test_second_name_on_g_is_noticed_within_a_page(desk_of_g: Desk) -> None:
    """Once 'g.user' names another one than 'g.current_user', it is not clear who acts."""

    def become(user: str, name: str) -> str:
        setattr(g, name, user)
        return ""

    with pytest.raises(OsoError, match="are not the same"):
        desk_of_g.show(
            "{{ become('ann', 'current_user') }}{{ can('edit', post) }}"
            "{{ become('eve', 'user') }}{{ can('edit', post) }}",
            become=become,
            post=Post(),
        )


def test_replaced_policy_is_noticed_within_a_page(desk: Desk) -> None:
    """An answer belongs to the policy that gave it."""

    def reload() -> str:
        desk.oso.load_str('allow(_, "never", _);', replace=True)
        return ""

    shown = desk.show(
        "{{ can('edit', post) }}{{ reload() }}{{ can('edit', post) }}", reload=reload, post=Post()
    )

    assert shown == "TrueFalse"


# -- when it is forgotten -------------------------------------------------------------


def test_next_page_of_a_request_asks_anew(desk: Desk) -> None:
    """Between two pages the view may have changed something."""
    post = Post()

    def view() -> str:
        first = render_template_string(TWICE, post=post)
        post.public = False
        return f"{first} {render_template_string(TWICE, post=post)}"

    assert desk.serve(view).get("/").text == "True True False False"


def test_question_outside_of_pages_is_asked_anew(desk: Desk) -> None:
    """A view that calls 'can' itself gets the answer of the moment."""
    post = Post()

    with desk.app.test_request_context():
        first = can("edit", post)
        post.public = False

        assert (first, can("edit", post)) == (True, False)


def test_failed_page_leaves_nothing(desk: Desk) -> None:
    """A page that ends with an exception leaves no answers to the next."""
    post = Post()

    def view() -> str:
        with pytest.raises(ZeroDivisionError):
            render_template_string(TWICE + "{{ 1 // 0 }}", post=post)
        post.public = False
        return str(can("edit", post))

    assert desk.serve(view).get("/").text == "False"


def test_page_within_a_page_asks_anew(desk: Desk) -> None:
    """What a function of the page changes, the page it renders knows; the outer one goes on."""
    post = Post()

    def inner() -> str:
        post.public = False
        return render_template_string("{{ can('edit', post) }}", post=post)

    shown = desk.show(
        "{{ can('edit', post) }}{{ inner() }}{{ can('edit', post) }}", inner=inner, post=post
    )

    assert (shown, post.looks) == ("TrueFalseTrue", 2)


def test_thread_that_outlives_a_page_asks_anew(desk: Desk) -> None:
    """A copied context does not keep the page alive, nor begin another one."""
    post, answers = Post(), []

    def ask_twice() -> None:
        post.public = False
        answers.append(can("edit", post))
        post.public = True
        answers.append(can("edit", post))

    def view() -> str:
        contexts: list[Context] = []
        text = TWICE + "{{ keep() }}"
        render_template_string(text, post=post, keep=lambda: contexts.append(copy_context()))
        thread = threading.Thread(target=contexts[0].run, args=(ask_twice,))
        thread.start()
        thread.join()
        return "done"

    desk.serve(view).get("/")

    assert answers == [False, True]


def test_pieces_of_a_stream_ask_each(desk: Desk) -> None:
    """Between two pieces of a streamed page time passes."""
    desk.templates["page.html"] = "{{ can('edit', post) }}{{ change() }}{{ can('edit', post) }}"
    post = Post()
    client = desk.serve(
        lambda: stream_template(
            "page.html", post=post, change=lambda: setattr(post, "public", False) or ""
        )
    )

    assert client.get("/").text == "TrueFalse"


def test_stream_has_no_page_between_its_pieces(desk: Desk) -> None:
    """Who asks while a stream waits gets the answer of the moment."""
    post = Post()
    with desk.app.test_request_context():
        pieces = desk.app.jinja_env.from_string("{{ can('edit', post) }}, {{ 1 }}").generate(
            post=post
        )
        next(pieces)
        post.public = False

        assert can("edit", post) is False
        assert "".join(pieces) == ", 1"


def test_nested_request_has_pages_of_its_own(desk: Desk) -> None:
    """A page that asks its own app for another sees that one's answers in it."""
    desk.guard.set_get_actor(lambda: request.args.get("user", "ann"))
    desk.templates["inner.html"] = "{{ can('view', 'report') }}"
    desk.templates["page.html"] = (
        "{{ can('view', 'report') }}{{ inner() }}{{ can('view', 'report') }}"
    )
    desk.app.add_url_rule("/inner", "inner", lambda: render_template("inner.html"))

    def inner() -> str:
        return desk.app.test_client().get("/inner?user=eve").text

    client = desk.serve(lambda: render_template("page.html", inner=inner))

    assert client.get("/").text == "TrueFalseTrue"


def test_page_holds_no_object_afterwards(desk: Desk) -> None:
    """What was asked about is free again when the page is there."""
    post = Post()
    gone = weakref.ref(post)
    desk.show(TWICE, post=post)

    del post
    gc.collect()

    assert gone() is None


# -- many rows ------------------------------------------------------------------------

LIST = "<ul>\n{% for post in posts %}\n{% if can('edit', post) %}Edit{% endif %}\n{% endfor %}</ul>"
WARNING = (
    "The template 'list.html' asks in line 3 for each of more than 20 objects of 'Post' whether"
    " 'edit' is allowed. Select the answers together with the rows:"
    " 'Oso.action_columns(actor, Post, ['edit'])'. Or select only rows for which it is allowed:"
    " 'Oso.authorized_query'."
)


def list_posts(desk: Desk, count: int, render: t.Callable[..., t.Any] = render_template) -> None:
    """Open a page that asks for so many posts, twice."""
    desk.templates["list.html"] = LIST
    client = desk.serve(lambda: render("list.html", posts=[Post() for _ in range(count)]))

    assert [client.get("/").text.count("Edit") for _ in range(2)] == [count, count]


@pytest.mark.parametrize("render", [render_template, stream_template])
def test_many_rows_are_reported_once(
    caplog: pytest.LogCaptureFixture, render: t.Callable[..., t.Any]
) -> None:
    """The log names the template, the line and the cure, once for each line."""
    list_posts(Desk(DEBUG=True), 50, render)

    assert caplog.messages == [WARNING]


def test_few_rows_are_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Twenty are a page."""
    list_posts(Desk(DEBUG=True), 20)

    assert caplog.messages == []


def test_many_rows_are_not_reported_in_production(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Who serves users need not hear it with each page."""
    list_posts(desk, 50)

    assert caplog.messages == []


def test_many_rows_in_a_view_are_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """A loop in Python asks row by row, too, and the log names its line and what to write."""
    desk = Desk(DEBUG=True)

    def view() -> str:
        return str(sum(desk.guard.can("edit", post) for post in [Post() for _ in range(30)]))

    client = desk.serve(view)
    for _ in range(2):
        assert client.get("/").text == "30"

    (message,) = caplog.messages
    line = view.__code__.co_firstlineno + 1
    assert message.startswith(f"{__file__}:{line} asks for each of more than 20 objects of 'Post'")
    assert message.endswith("'oso.scope('edit', Post)'.")


def test_many_questions_about_one_row_are_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Neither many questions about one row nor questions about strings are reported."""
    desk = Desk(DEBUG=True)
    text = "{% for n in range(50) %}{{ can('a' ~ n, post) }}{{ can('view', 'x' ~ n) }}{% endfor %}"

    desk.show(text, post=Post())

    assert caplog.messages == []


def test_many_rows_in_a_macro_name_its_line(caplog: pytest.LogCaptureFixture) -> None:
    """The line is where the question stands, not where the macro is called."""
    desk = Desk(DEBUG=True)
    desk.templates["macros.html"] = "\n\n{% macro m(p) %}\n{{ can('edit', p) }}{% endmacro %}"
    text = '{% from "macros.html" import m %}{% for p in posts %}{{ m(p) }}{% endfor %}'

    desk.show(text, posts=[Post() for _ in range(30)])

    assert [message.partition(" for ")[0] for message in caplog.messages] == [
        "The template 'macros.html' asks in line 4"
    ]


def test_many_rows_in_a_text_have_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """Many rows in a template that is no file are reported with the line."""
    Desk(DEBUG=True).show(
        "\n{% for p in posts %}\n{{ can('edit', p) }}{% endfor %}",
        posts=[Post() for _ in range(30)],
    )

    assert [message.partition(" for ")[0] for message in caplog.messages] == [
        "The template '<template>' asks in line 3"
    ]


# -- modules --------------------------------------------------------------------------

FLAGS = {
    "flags.html": (
        "{% set admin = can('view', 'report') %}{% set me = g.user %}"
        "{% macro shown() %}{{ admin }}{% endmacro %}"
        "{% macro mine() %}{{ can('view', 'report', me) }}{% endmacro %}"
    ),
    "badge.html": "{{ can('view', 'report') }}",
    "test.html": "{% set admin = 'report' is allowed('view') %}",
    "not.html": "{% set admin = not cannot('view', 'report') %}",
    "block.html": "{% set admin %}{{ can('view', 'report') }}{% endset %}",
    "outer.html": "{% from 'flags.html' import admin %}{% set seen = admin %}",
    "around.html": "{% include 'badge.html' without context %}",
    "base.html": "{% import 'flags.html' as flags %}{% block body %}{% endblock %}",
}
MODULES = [
    "{% import 'flags.html' as flags %}{{ flags.admin }}",
    "{% from 'flags.html' import admin %}{{ admin }}",
    "{% from 'flags.html' import admin as it %}{{ it }}",
    "{% from 'flags.html' import admin without context %}{{ admin }}",
    "{% from 'flags.html' import admin with context %}{{ admin }}",
    "{% from 'flags.html' import shown %}{{ shown() }}",
    "{% from 'flags.html' import mine %}{{ mine() }}",
    "{% import 'badge.html' as badge %}{{ badge }}",
    "{% from 'test.html' import admin %}{{ admin }}",
    "{% from 'not.html' import admin %}{{ admin }}",
    "{% from 'block.html' import admin %}{{ admin }}",
    "{% from 'outer.html' import seen %}{{ seen }}",
    "{% include 'badge.html' without context %}",
    "{% include ['missing.html', 'badge.html'] without context %}",
    "{% include 'around.html' without context %}",
    "{% extends 'base.html' %}{% block body %}"
    "{% from 'flags.html' import admin %}{{ admin }}{% endblock %}",
]
VISITORS = ["ann", "eve", "ann"]
ANSWERS = ["True", "False", "True"]


def render_for(desk: Desk, render: t.Callable[[], str]) -> list[str]:
    """Give what each visitor is shown, one after the other."""
    users = iter(VISITORS)
    desk.app.before_request(lambda: setattr(g, "user", next(users)))
    client = desk.serve(render)
    return [client.get("/").text for _ in VISITORS]


@pytest.fixture
def flags(desk: Desk) -> Desk:
    """An app with templates that keep answers at their top."""
    desk.templates.update(FLAGS)
    return desk


@pytest.mark.parametrize("text", MODULES)
def test_module_is_made_for_each_render(flags: Desk, text: str) -> None:
    """What an imported template set, or an included one wrote, is each visitor's own."""
    flags.templates["page.html"] = text

    assert render_for(flags, lambda: render_template("page.html")) == ANSWERS


@pytest.mark.parametrize("text", MODULES)
def test_module_is_made_for_each_text(flags: Desk, text: str) -> None:
    """A template that is a text imports the same."""
    assert render_for(flags, lambda: render_template_string(text)) == ANSWERS


@pytest.mark.parametrize("text", MODULES)
def test_module_is_made_for_each_stream(flags: Desk, text: str) -> None:
    """A page that is sent piece by piece has modules of its own."""
    flags.templates["page.html"] = text

    assert render_for(flags, lambda: "".join(stream_template("page.html"))) == ANSWERS


@pytest.mark.parametrize("text", MODULES)
def test_module_is_made_for_each_overlay(flags: Desk, text: str) -> None:
    """An overlay of the environment renders with the same templates."""
    overlay = flags.app.jinja_env.overlay(trim_blocks=True)
    template = overlay.from_string(text)

    assert render_for(flags, template.render) == ANSWERS


@pytest.mark.parametrize("text", MODULES)
def test_module_is_made_for_each_async_render(flags: Desk, text: str) -> None:
    """An environment that is asynchronous keeps no module, either."""
    flags.app.jinja_options = {"enable_async": True}
    flags.templates["page.html"] = text

    def view() -> str:
        return asyncio.run(flags.app.jinja_env.get_template("page.html").render_async())

    assert render_for(flags, view) == ANSWERS


@pytest.mark.parametrize("text", MODULES)
def test_module_is_made_for_each_render_in_async_mode(flags: Desk, text: str) -> None:
    """Flask renders such an environment without 'await'."""
    flags.app.jinja_options = {"enable_async": True}
    flags.templates["page.html"] = text

    assert render_for(flags, lambda: render_template("page.html")) == ANSWERS


def test_module_of_a_template_attribute_is_made_anew(flags: Desk) -> None:
    """'get_template_attribute' of Flask reads 'module'."""
    answers = render_for(flags, lambda: str(get_template_attribute("flags.html", "admin")))

    assert answers == ANSWERS


def test_module_that_was_made_before_the_extension_is_made_anew(flags: Desk) -> None:
    """A template that Jinja compiled before 'init_app' is compiled again."""
    app, oso = make_app("early"), Oso()
    app.jinja_loader = flags.app.jinja_loader
    app.jinja_env.globals["can"] = can
    app.jinja_env.get_template("around.html")
    badge = app.jinja_env.get_template("badge.html")
    extension = FlaskOso(oso, app)
    extension.set_get_actor(lambda: g.user)
    oso.load_str(POLICY)

    def show(user: str) -> str:
        with app.test_request_context():
            g.user = user
            return render_template("around.html")

    assert badge is not app.jinja_env.get_template("badge.html")
    assert [show(user) for user in VISITORS] == ANSWERS


@pytest.mark.parametrize("text", MODULES)
@pytest.mark.parametrize("is_async", [False, True])
def test_module_is_made_for_each_render_of_another_environment(
    flags: Desk, text: str, is_async: bool
) -> None:
    """One that the program made, and gave 'can', and overlays of it."""
    environment = Environment(loader=flags.app.jinja_loader, enable_async=is_async)
    environment.globals.update(can=can, cannot=cannot, g=g)
    environment.tests["allowed"] = is_allowed
    template = environment.overlay(trim_blocks=True).from_string(text)

    assert render_for(flags, template.render) == ANSWERS


def test_module_is_no_other_threads(flags: Desk) -> None:
    """Two visitors who render at the same time are shown an answer each."""
    flags.templates["page.html"] = "{% from 'slow.html' import admin %}{{ admin }}"
    flags.templates["slow.html"] = "{{ meet() }}{% set admin = can('view', 'report') %}{{ meet() }}"
    barrier = threading.Barrier(2, timeout=10)
    flags.app.jinja_env.globals["meet"] = barrier.wait
    flags.guard.set_get_actor(lambda: request.args["user"])
    flags.serve(lambda: render_template("page.html"))

    def visit(user: str) -> str:
        return flags.app.test_client().get(f"/?user={user}").text

    with ThreadPoolExecutor(2) as pool:
        shown = list(pool.map(visit, ["ann", "eve"] * 3))

    assert shown == ["True", "False"] * 3


def test_module_in_which_nothing_is_asked_is_made_once_for_a_page(flags: Desk) -> None:
    """A file of macros that each row of a list imports costs what it costs with Jinja alone."""
    made: list[int] = []
    flags.app.jinja_env.globals["note"] = lambda: made.append(1) or ""
    flags.templates["macros.html"] = (
        "{{ note() }}{% macro row() %}{{ can('view', 'report') }}{% endmacro %}"
    )
    flags.templates["row.html"] = "{% from 'macros.html' import row %}{{ row() }}"
    flags.templates["page.html"] = "{% for n in range(3) %}{% include 'row.html' %}{% endfor %}"

    shown = render_for(flags, lambda: render_template("page.html"))

    assert (shown, len(made)) == (["True" * 3, "False" * 3, "True" * 3], 3)


def test_module_follows_the_actor_within_a_page(flags: Desk) -> None:
    """What an imported file asks at its top is asked with each import."""
    text = (
        "{% from 'flags.html' import admin %}{{ admin }}{{ become('eve') }}"
        "{% from 'flags.html' import admin %}{{ admin }}"
    )

    shown = flags.show(text, become=lambda user: setattr(g, "user", user) or "")

    assert shown == "TrueFalse"


def test_module_has_the_globals_of_its_importer(flags: Desk) -> None:
    """A global that only the importing template was given reaches the imported one."""
    flags.templates["site.html"] = "{% set name = site %}"
    template = flags.app.jinja_env.from_string(
        "{% from 'site.html' import name %}{{ name }}", globals={"site": "ours"}
    )

    with flags.app.test_request_context():
        assert template.render() == "ours"


def test_module_is_not_available_in_async_mode(flags: Desk) -> None:
    """A module is refused, as Jinja says it."""
    flags.app.jinja_options = {"enable_async": True}
    template = flags.app.jinja_env.from_string("")

    with pytest.raises(RuntimeError, match=r"^Module is not available in async mode\.$"):
        template.module  # noqa: B018  # a property that raises
