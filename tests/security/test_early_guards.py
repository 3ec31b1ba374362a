"""Answers in place of a view, in front of guards that stand before it or are declared apart.

What lets a request come so far says nothing of what these would have decided.
"""

from __future__ import annotations

import typing as t

import pytest
from flask import Blueprint, Response, request
from werkzeug.exceptions import abort

from flask_oso import OsoError, authorize, authorizes_inside
from tests.support.sites import POLICY, Site, make_site

EVERYBODY = 'allow(_, "enter", "site"); allow(_, "GET", _: Request);' + POLICY
READ = ("read", "page")


class Kept(dict[str, bytes]):
    """Answers by path, as a program keeps them."""

    def give(self) -> bytes | None:
        """Give an answer, if there is one."""
        return self.get(request.path)

    def keep(self, response: Response) -> Response:
        """Keep a success."""
        if response.status_code == 200:
            self[request.path] = response.get_data()
        return response


def view() -> str:
    """Answer."""
    return "SECRET"


def guard(site: Site, where: str, outer: Blueprint, inner: Blueprint) -> None:
    """Guard the view in the inner blueprint, which is in the outer one."""
    targets: dict[str, t.Any] = {
        "outer blueprint": outer,
        "inner blueprint": inner,
        "blueprint by name": "outer.inner",
        "endpoint": "outer.inner.view",
    }
    pages: dict[str, t.Any] = {
        "view itself": authorize(*READ)(lambda: "SECRET"),
        "promise": authorizes_inside(lambda: site.guard.authorize(*READ) or "SECRET"),
    }
    if where in targets:
        site.guard.guard(targets[where], *READ)
    inner.add_url_rule("/", "view", pages.get(where, view))


GUARDED = (
    "outer blueprint",
    "inner blueprint",
    "blueprint by name",
    "endpoint",
    "view itself",
    "promise",
)


def make_guarded_site(where: str, let_in: str, **config: t.Any) -> tuple[Site, Kept]:
    """Make a site that lets everybody in, and then gives what it has kept."""
    site, kept = make_site(EVERYBODY, **config), Kept()
    outer, inner = Blueprint("outer", "outer"), Blueprint("inner", "inner")
    if let_in == "function":
        site.app.before_request(lambda: site.guard.authorize("enter", "site"))
    elif let_in == "guard":
        site.guard.guard(outer, "enter", "site")
    else:
        site.guard.perform_route_authorization(site.app)
    (outer if let_in == "guard" else site.app).before_request(kept.give)
    guard(site, where, outer, inner)
    site.app.after_request(kept.keep)
    outer.register_blueprint(inner)
    site.app.register_blueprint(outer)
    return site, kept


@pytest.mark.parametrize("where", GUARDED)
@pytest.mark.parametrize("let_in", ["function", "guard", "route"])
@pytest.mark.parametrize("level", ["after", "strict"])
def test_answer_in_front_of_a_guard_is_withheld(where: str, let_in: str, level: str) -> None:
    """Eve was let in, and is not given what was kept of Ann."""
    site, _ = make_guarded_site(where, let_in, OSO_ENFORCE=level)
    assert site.open("/", "ann").text == "SECRET"

    answer = site.open("/", "eve")

    assert (answer.status_code, "SECRET" in answer.text) == (500, False)


@pytest.mark.parametrize("where", GUARDED)
def test_answer_in_front_of_a_guard_names_who_gave_it(where: str) -> None:
    """The error says which function that was."""
    site, _ = make_guarded_site(where, "function", OSO_ENFORCE="strict", TESTING=True)
    site.open("/", "ann")

    with pytest.raises(OsoError, match="Authorize not called") as caught:
        site.open("/", "eve")

    assert "The 'before_request' function 'Kept.give'" in caught.value.__notes__[0]


@pytest.mark.parametrize("where", GUARDED)
def test_answer_of_a_function_that_came_before_the_extension_is_withheld(where: str) -> None:
    """Nothing of the extension has looked at the request by then."""
    kept, site = Kept(), make_site(EVERYBODY, OSO_ENFORCE="strict")
    functions = site.app.before_request_funcs[None]
    functions[1:1] = [lambda: site.guard.authorize("enter", "site"), kept.give]
    site.app.after_request(kept.keep)
    outer, inner = Blueprint("outer", "outer"), Blueprint("inner", "inner")
    guard(site, where, outer, inner)
    outer.register_blueprint(inner)
    site.app.register_blueprint(outer)
    assert site.open("/", "ann").text == "SECRET"

    assert site.open("/", "eve").status_code == 500


@pytest.mark.parametrize("where", GUARDED)
def test_answer_in_front_of_a_guard_that_is_exempt_passes(where: str) -> None:
    """Who exempts a request says so of all that answers it."""
    site, _ = make_guarded_site(where, "function", OSO_ENFORCE="strict")
    exempt = site.guard.skip_authorization
    site.app.before_request_funcs[None].insert(1, lambda: exempt(reason="It is a drill."))
    site.open("/", "ann")

    assert site.open("/", "eve").text == "SECRET"


def test_answer_behind_the_guard_of_its_blueprint_passes() -> None:
    """All that the request has to pass has let it in."""
    site, kept = make_site(EVERYBODY, OSO_ENFORCE="strict"), Kept({"/": b"kept"})
    rooms = Blueprint("rooms", "rooms")
    site.guard.guard(rooms, *READ)
    rooms.before_request(kept.give)
    rooms.add_url_rule("/", "view", view)
    site.app.register_blueprint(rooms)

    assert site.open("/", "ann").text == "kept"
    assert site.open("/", "eve").status_code == 403


@pytest.mark.parametrize("where", GUARDED)
@pytest.mark.parametrize("status", [302, 429])
def test_refusal_in_front_of_a_guard_passes(where: str, status: int) -> None:
    """A function before the view may send those away whom it was let in."""
    site, _ = make_guarded_site(where, "function", OSO_ENFORCE="strict")
    away = Response("away", status, {"Location": "/elsewhere"})
    site.app.before_request(lambda: abort(away))

    assert site.open("/", "eve").text == "away"


@pytest.mark.parametrize("where", GUARDED)
@pytest.mark.parametrize("level", ["after", "strict"])
def test_program_answers_a_denial_in_front_of_a_guard(where: str, level: str) -> None:
    """What it has for denials is its answer, whatever the status, and however many guards come."""
    site, _ = make_guarded_site(where, "guard", OSO_ENFORCE=level)
    site.guard.set_unauthorized_action(lambda: "log in")
    site.app.before_request(lambda: site.guard.authorize("fly", "site"))

    assert site.open("/", "eve").text == "log in"


@pytest.mark.parametrize("where", GUARDED)
def test_page_for_a_denial_in_front_of_a_guard_passes(where: str) -> None:
    """Where an application does not look at denials, its page for them may have any status."""
    site, _ = make_guarded_site(where, "guard", OSO_ENFORCE="after")
    site.app.register_error_handler(403, lambda _: "denied")
    site.app.before_request(lambda: site.guard.authorize("site", action="fly"))

    assert site.open("/", "eve").text == "denied"
