"""What is asked in front of the guard of a view does not stand for that guard.

A decorator above it that answers in place of the view may have an answer of another actor.
"""

from __future__ import annotations

import functools
import typing as t

import flask_restful
import pytest
from flask import g, redirect, request
from flask.views import MethodView
from werkzeug.exceptions import Forbidden, HTTPException, NotFound, TooManyRequests

from flask_oso import OsoError, authorize, authorizes_inside
from tests.support.sites import POLICY, Site, make_site

EVERYBODY = 'allow(_, "enter", "site");' + POLICY
read_page = authorize("read", "page")


@pytest.fixture
def site() -> Site:
    """Give a site that everybody may enter, and whose page Ann may read."""
    return make_site(EVERYBODY, OSO_ENFORCE="strict")


@authorize("enter", "site")
def member() -> bool:
    """Look whether the actor may enter."""
    return True


def asks_first(ask: t.Callable[[], object], view: t.Any) -> t.Any:
    """Decorate a view so that it asks, and gives others what was kept of Ann."""

    @functools.wraps(view)
    def answer(*args: t.Any, **kwargs: t.Any) -> t.Any:
        ask()
        return "SECRET" if g.current_user == "eve" else view(*args, **kwargs)

    return answer


#: What a decorator asks, of a site.
QUESTIONS: dict[str, t.Callable[[Site], t.Callable[[], object]]] = {
    "authorize": lambda site: lambda: site.guard.authorize("enter", "site"),
    "resource": lambda site: lambda: site.guard.authorize("site", action="enter"),
    "filter": lambda site: lambda: site.guard.filter("enter", ["site"]),
    "guarded function": lambda _: member,
    "several": lambda site: lambda: (member(), site.guard.authorize("enter", "site")),
}


class Page(MethodView):
    """A page of a class."""

    @read_page
    def get(self) -> str:
        """Answer."""
        return "SECRET"


def of_class(keep: t.Any) -> t.Any:
    """Give the view of a class that is decorated."""
    return type("Kept", (Page,), {"decorators": [keep]}).as_view("view")  # type: ignore[attr-defined]


def of_dispatch(keep: t.Any) -> t.Any:
    """Give the view of a class whose dispatching function is decorated."""
    members = {"dispatch_request": keep(MethodView.dispatch_request)}
    return type("Kept", (Page,), members).as_view("view")  # type: ignore[attr-defined]


def of_restful(keep: t.Any) -> t.Any:
    """Give the view of a class that decorates its methods for each request."""
    members = {"method_decorators": [read_page, keep], "get": lambda self: "SECRET"}
    return type("Kept", (flask_restful.Resource,), members).as_view("view")  # type: ignore[attr-defined]


def waiting(keep: t.Any) -> t.Any:
    """Give a view that waits."""

    async def view() -> str:
        return "SECRET"

    return keep(read_page(view))


member_first = authorize("enter", "site")
#: Views whose guard stands below a decorator.
VIEWS: dict[str, t.Callable[[t.Any], t.Any]] = {
    "function": lambda keep: keep(read_page(lambda: "SECRET")),
    "constant": lambda keep: keep(authorize(action="read", resource="page")(lambda: "SECRET")),
    "promise in front of it": lambda keep: keep(authorizes_inside(read_page(lambda: "SECRET"))),
    "promise behind it": lambda keep: keep(read_page(authorizes_inside(lambda: "SECRET"))),
    "behind another guard": lambda keep: member_first(keep(read_page(lambda: "SECRET"))),
    "behind a promise": lambda keep: authorizes_inside(keep(read_page(lambda: "SECRET"))),
    "coroutine function": waiting,
    "class": of_class,
}
#: The same of classes that dispatch in their own way.
OWN_WAYS: dict[str, t.Callable[[t.Any], t.Any]] = {
    "dispatch_request": of_dispatch,
    "method_decorators": of_restful,
}
#: What 'method_decorators' name is made anew for each request, and so any guard counts.
CASES = [(make, ask) for make in (*VIEWS, "dispatch_request") for ask in QUESTIONS]
CASES += [("method_decorators", ask) for ask in ("authorize", "resource", "filter")]


@pytest.mark.parametrize(("make", "ask"), CASES)
@pytest.mark.parametrize("level", ["after", "strict"])
def test_question_above_a_guard_does_not_stand_for_it(make: str, ask: str, level: str) -> None:
    """Ann is served, who passes both, and Eve is not given what was kept of Ann."""
    site = make_site(EVERYBODY, OSO_ENFORCE=level)
    keep = functools.partial(asks_first, QUESTIONS[ask](site))
    site.app.add_url_rule("/", "view", {**VIEWS, **OWN_WAYS}[make](keep))

    assert "SECRET" in site.open("/", "ann").text
    answer = site.open("/", "eve")

    assert (answer.status_code, "SECRET" in answer.text) == (500, False)


@pytest.mark.parametrize("ask", QUESTIONS)
def test_question_above_a_guard_is_named_as_the_cause(ask: str) -> None:
    """The error says which guard was not reached, as where nothing was asked."""
    site = make_site(EVERYBODY, OSO_ENFORCE="strict", TESTING=True)
    keep = functools.partial(asks_first, QUESTIONS[ask](site))
    site.app.add_url_rule("/", "view", VIEWS["function"](keep))

    with pytest.raises(OsoError, match="Authorize not called") as caught:
        site.open("/", "eve")

    assert "was not reached: a decorator above it answered" in caught.value.__notes__[0]


def test_answer_that_is_kept_below_a_question_is_logged(caplog: t.Any) -> None:
    """An application that requires nothing hears of it."""
    site = make_site(EVERYBODY)
    keep = functools.partial(asks_first, QUESTIONS["authorize"](site))
    site.app.add_url_rule("/", "view", VIEWS["function"](keep))

    assert site.open("/", "eve").text == "SECRET"
    assert "was not reached" in caplog.text


def test_denial_of_a_guard_is_not_made_up_for_by_a_question_above_it(site: Site) -> None:
    """A decorator that was allowed something, and hides the denial, has no success."""

    def keep(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def answer() -> t.Any:
            site.guard.authorize("enter", "site")
            try:
                return view()
            except HTTPException:
                return "SECRET"

        return answer

    site.app.add_url_rule("/", "view", keep(read_page(lambda: "page")))

    assert [site.open("/", user).status_code for user in ("ann", "eve")] == [200, 403]


@pytest.mark.parametrize(
    "refuse", [TooManyRequests, NotFound, Forbidden], ids=lambda each: each.__name__
)
@pytest.mark.parametrize("ask", QUESTIONS)
def test_decorator_that_asks_may_refuse(site: Site, refuse: type[HTTPException], ask: str) -> None:
    """Whom it has let in it may send away in its own words."""

    def fail() -> t.NoReturn:
        QUESTIONS[ask](site)()
        raise refuse("Not now.")

    keep = functools.partial(asks_first, fail)
    site.app.add_url_rule("/", "view", VIEWS["function"](keep))

    answer = site.open("/", "eve")

    assert (answer.status_code, "Not now." in answer.text) == (refuse.code, True)


ANSWERS_TO_DENIALS: dict[str, t.Callable[[HTTPException], t.Any]] = {
    "error": lambda error: error,
    "response": lambda error: error.get_response(),
    "page": lambda error: ("unfit", 403),
    "elsewhere": lambda error: redirect("/unfit"),
}


@pytest.mark.parametrize("answer", ANSWERS_TO_DENIALS)
def test_decorator_that_is_denied_may_say_so(answer: str) -> None:
    """It is denied in front of the guard, in the words of the policy or in its own."""
    reason = 'denial_reason(_, "fly", "site", "You are unfit.");'
    site = make_site(EVERYBODY + reason, OSO_ENFORCE="after")

    def keep(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def answered() -> t.Any:
            try:
                site.guard.authorize("fly", "site")
            except HTTPException as error:
                return ANSWERS_TO_DENIALS[answer](error)
            return view()

        return answered

    site.app.add_url_rule("/", "view", VIEWS["function"](keep))

    given = site.open("/", "ann")

    assert given.status_code in (302, 403)
    assert "unfit" in given.text


@pytest.mark.parametrize("is_let_in", [True, False])
def test_program_answers_a_denial_above_a_guard(site: Site, is_let_in: bool) -> None:
    """What it has for denials is its answer, whatever the status."""
    site.guard.set_unauthorized_action(lambda: "log in")

    def ask() -> None:
        site.guard.authorize("enter" if is_let_in else "fly", "site")
        site.guard.authorize("fly", "site")

    keep = functools.partial(asks_first, ask)
    site.app.add_url_rule("/", "view", VIEWS["function"](keep))

    assert [site.open("/", user).text for user in ("ann", "eve")] == ["log in", "log in"]


def test_error_handler_for_what_a_decorator_raises_asks_for_itself(site: Site) -> None:
    """The page that it answers is not that of the view."""

    def fail() -> t.NoReturn:
        raise KeyError

    def answer(_: object) -> str:
        site.guard.authorize("enter", "site")
        return "Closed."

    site.app.register_error_handler(KeyError, answer)
    keep = functools.partial(asks_first, fail)
    site.app.add_url_rule("/", "view", VIEWS["function"](keep))

    assert site.open("/", "eve").text == "Closed."


def test_error_handler_does_not_answer_by_what_a_decorator_asked(site: Site) -> None:
    """What was asked in front of the guard is not asked of the page, either."""

    def fail() -> t.NoReturn:
        site.guard.authorize("enter", "site")
        raise KeyError

    site.app.register_error_handler(KeyError, lambda _: "SECRET")
    keep = functools.partial(asks_first, fail)
    site.app.add_url_rule("/", "view", VIEWS["function"](keep))

    assert site.open("/", "eve").status_code == 500


def test_function_behind_the_view_does_not_stand_for_its_guard(site: Site) -> None:
    """What asks once the answer is made has not kept it back."""

    def ask(response: t.Any) -> t.Any:
        site.guard.authorize("enter", "site")
        return response

    site.app.after_request(ask)
    keep = functools.partial(asks_first, lambda: None)
    site.app.add_url_rule("/", "view", VIEWS["function"](keep))

    assert [site.open("/", user).status_code for user in ("ann", "eve")] == [200, 500]


def test_method_that_a_class_enters_for_another_counts(site: Site) -> None:
    """A form can only send POST, and the class knows which method is meant."""

    class Form(MethodView):
        def dispatch_request(self, **_: t.Any) -> t.Any:
            return getattr(self, request.args["method"])()

        @authorize("write", "page")
        def post(self) -> str:
            return "posted"

        @authorize("enter", "site")
        def delete(self) -> str:
            return "deleted"

    site.app.add_url_rule("/", view_func=Form.as_view("view"))

    client = site.app.test_client()
    assert client.post("/?user=eve&method=delete").text == "deleted"
    assert client.post("/?user=eve&method=post").status_code == 403


def test_exemption_above_a_guard_stands_for_it(site: Site) -> None:
    """Who exempts a request says so of all that answers it."""
    exempt = functools.partial(site.guard.skip_authorization, reason="It is a drill.")
    site.app.add_url_rule("/", "view", VIEWS["function"](functools.partial(asks_first, exempt)))

    assert site.open("/", "eve").text == "SECRET"


def test_question_above_a_promise_keeps_it(site: Site) -> None:
    """Nothing tells a question of the view from one that its decorator asks for it."""

    def ask(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def answer() -> t.Any:
            site.guard.authorize("read", "page")
            return view()

        return answer

    site.app.add_url_rule("/", "view", ask(authorizes_inside(lambda: "page")))

    assert [site.open("/", user).status_code for user in ("ann", "eve")] == [200, 403]


def test_view_that_redirects_below_its_guard_passes(site: Site) -> None:
    """A guard that was reached is awaited no more."""
    site.app.add_url_rule("/", "view", read_page(lambda: redirect("/elsewhere")))

    assert site.open("/", "ann").status_code == 302


def keep_without_a_word(view: t.Any) -> t.Any:
    """Decorate a view, and do not say what is wrapped."""

    def answer(*args: t.Any) -> t.Any:
        return "SECRET" if request.args["user"] == "eve" else view(*args)

    return answer


class Keeping:
    """A decorator that is a class."""

    def __init__(self, view: t.Any) -> None:
        self._view = view

    def __call__(self) -> t.Any:
        """Answer."""
        return keep_without_a_word(self._view)()


@member_first
@keep_without_a_word
@read_page
def with_a_function_between() -> str:
    """Answer behind two guards."""
    return "SECRET"


@member_first
@Keeping
@read_page
def with_an_object_between() -> str:
    """Answer behind two guards."""
    return "SECRET"


@authorize(action="enter", resource="site")
@functools.partial
@keep_without_a_word
@authorizes_inside
@read_page
def with_several_between() -> str:
    """Answer behind three guards."""
    return "SECRET"


class Between(MethodView):
    """A page of a class."""

    @member_first
    @keep_without_a_word
    @read_page
    def get(self) -> str:
        """Answer behind two guards."""
        return "SECRET"


HIDDEN: dict[str, t.Any] = {
    "function": with_a_function_between,
    "object": with_an_object_between,
    "several": with_several_between,
    "class": Between.as_view("view"),
}


@pytest.mark.parametrize("level", ["after", "strict"])
@pytest.mark.parametrize("view", HIDDEN)
def test_guard_below_a_decorator_that_does_not_say_what_it_wraps(view: str, level: str) -> None:
    """It is of one statement with the guard above, and so it is known to come."""
    site = make_site(EVERYBODY, OSO_ENFORCE=level)
    site.app.add_url_rule("/", "view", HIDDEN[view])

    answers = [site.open("/", user) for user in ("ann", "eve")]

    assert answers[0].text == "SECRET"
    assert (answers[1].status_code, "SECRET" in answers[1].text) == (500, False)


def test_guarded_function_that_a_view_holds_on_to_need_not_be_reached(site: Site) -> None:
    """It is of another statement, and the view may do without it."""

    @read_page
    def secret() -> str:
        return "SECRET"

    found = secret

    @member_first
    def view() -> str:
        return found() if g.current_user == "ann" else "page"

    site.app.add_url_rule("/", "view", view)

    assert [site.open("/", user).text for user in ("ann", "eve")] == ["SECRET", "page"]


def choosing(other: t.Any) -> t.Any:
    """Make a decorator that chooses between two views."""

    def decorate(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def answer() -> t.Any:
            return other() if "other" in request.args else view()

        return answer

    return decorate


OTHERS: dict[str, tuple[t.Any, list[int]]] = {
    "constant": (authorize(action="enter", resource="site")(lambda: "other"), [200, 200]),
    "action first": (member_first(lambda: "other"), [200, 200]),
    "denied": (authorize(action="fly", resource="site")(lambda: "other"), [403, 403]),
    "two guards": (member_first(read_page(lambda: "other")), [200, 403]),
    "kept between two": (member_first(asks_first(member, read_page(lambda: "SECRET"))), [200, 500]),
    "without a guard": (lambda: "SECRET", [500, 500]),
}


@pytest.mark.parametrize(("other", "statuses"), OTHERS.values(), ids=OTHERS)
def test_decorator_may_choose_between_guarded_views(
    site: Site, other: t.Any, statuses: list[int]
) -> None:
    """Who answers what another view gives has reached the guards of that."""
    site.app.add_url_rule("/", "view", choosing(other)(read_page(lambda: "page")))

    client = site.app.test_client()
    answers = [client.get(f"/?user={user}&other") for user in ("ann", "eve")]

    assert [each.status_code for each in answers] == statuses
    assert "SECRET" not in answers[1].text
    assert [site.open("/", user).status_code for user in ("ann", "eve")] == [200, 403]


def test_what_another_guarded_view_gave_is_no_answer_once_it_is_changed(site: Site) -> None:
    """A decorator may add what it has kept of another actor."""
    other = authorize("enter", "site")(lambda: {"number": 1})

    def adding(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def answer() -> t.Any:
            given: t.Any = other()
            if "more" in request.args:
                given["kept"] = "SECRET"
            return given

        return answer

    site.app.add_url_rule("/", "view", adding(read_page(lambda: "page")))

    answers = [site.open("/", "eve"), site.app.test_client().get("/?user=eve&more")]
    assert [each.status_code for each in answers] == [200, 500]
    assert "SECRET" not in answers[1].text


def test_view_that_was_asked_and_not_chosen_does_not_count(site: Site) -> None:
    """What it gave was dropped."""
    other = member_first(lambda: "other")

    def decorate(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def answer() -> t.Any:
            return f"SECRET {other()}"

        return answer

    site.app.add_url_rule("/", "view", decorate(read_page(lambda: "page")))

    assert site.open("/", "ann").status_code == 500
