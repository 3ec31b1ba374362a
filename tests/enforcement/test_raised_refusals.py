"""A refusal of an Oso that a view lets pass is answered as a denial."""

from __future__ import annotations

import typing as t

import pytest
from flask import Blueprint
from werkzeug.exceptions import Forbidden

from flask_oso import AuthorizationError, ForbiddenError, NotFoundError, OsoError, authorizes_inside
from tests.support.sites import Site, make_site

POLICY = """
allow("ann", "read", "page");
allow("root", _, _);
allow_field("ann", "read", "page", "title");
"""

QUESTIONS: dict[str, t.Any] = {
    "edit": lambda oso: oso.authorize("ann", "edit", "page"),
    "hidden": lambda oso: oso.authorize("eve", "edit", "page"),
    "field": lambda oso: oso.authorize_field("ann", "read", "page", "salary"),
}


def make(question: str, **config: t.Any) -> Site:
    """Make a site with a view that asks the Oso itself."""
    site = make_site(POLICY, **config)

    def view() -> t.Any:
        QUESTIONS[question](site.guard.oso)
        return site.enter()

    site.app.add_url_rule("/", "view", authorizes_inside(view))
    return site


@pytest.mark.parametrize("config", [{}, {"TESTING": True}, {"DEBUG": True}])
@pytest.mark.parametrize(("question", "status"), [("edit", 403), ("field", 403), ("hidden", 404)])
def test_refusal_is_answered_as_a_denial(
    question: str, status: int, config: dict[str, t.Any]
) -> None:
    """It is 403 or 404, in tests and in debug mode as well, and the view ends there."""
    site = make(question, **config)

    assert site.open("/").status_code == status
    assert site.entered == []


def test_refusal_in_a_function_before_the_request() -> None:
    """It is a denial wherever it is raised within a request."""
    site = make("edit")
    site.app.before_request(lambda: QUESTIONS["hidden"](site.guard.oso))

    assert site.open("/").status_code == 404


def test_refusal_goes_to_the_page_for_denials() -> None:
    """The app's own handler for 403 answers it, as any denial."""
    site = make("edit")
    site.app.register_error_handler(403, lambda error: (f"own {error.code}", 403))

    assert site.open("/").text == "own 403"


def test_refusal_goes_to_the_denial_handler() -> None:
    """What answers denials answers these."""
    site = make("hidden")
    site.guard.set_unauthorized_action(lambda: ("log in", 418))

    assert site.open("/").status_code == 418


def test_handler_that_aborts() -> None:
    """What a denial handler raises is the answer."""
    site = make("hidden")

    @site.guard.denial_handler
    def deny() -> t.NoReturn:
        raise Forbidden

    assert site.open("/").status_code == 403


@pytest.mark.parametrize("kind", [ForbiddenError, AuthorizationError, OsoError])
def test_handler_of_the_program_wins(kind: type[Exception]) -> None:
    """An app that handles refusals itself goes on doing so, whenever it said that."""
    site = make("edit")
    site.app.register_error_handler(kind, lambda error: (type(error).__name__, 410))

    assert (site.open("/").status_code, site.open("/").text) == (410, "ForbiddenError")


def test_handler_of_a_blueprint_wins() -> None:
    """A blueprint that handles refusals is asked about its own requests only."""
    site = make("edit")
    desk = Blueprint("desk", "desk", url_prefix="/desk")
    desk.register_error_handler(ForbiddenError, lambda error: ("desk", 410))
    desk.add_url_rule("/", "view", lambda: QUESTIONS["edit"](site.guard.oso) or "SECRET")
    site.app.register_blueprint(desk)

    assert [site.open(path).status_code for path in ("/", "/desk/")] == [403, 410]


def test_handler_of_another_refusal_is_not_asked() -> None:
    """A handler for what is hidden says nothing of what is forbidden."""
    site = make("edit")
    site.app.register_error_handler(NotFoundError, lambda error: ("hidden", 410))

    assert site.open("/").status_code == 403


def test_broken_policy_is_no_refusal() -> None:
    """An error of the policy is 500, and never looks like a denial."""
    site = make("edit")
    site.guard.oso.load_str("unused(1);", replace=True)

    assert site.open("/").status_code == 500


def test_error_of_the_program_stays() -> None:
    """An Oso that raises errors of the program leaves them to it."""
    site = make("edit")
    site.guard.oso.forbidden_error = LookupError
    site.app.register_error_handler(LookupError, lambda error: ("theirs", 410))

    assert site.open("/").status_code == 410


def test_refused_request_does_not_look_allowed() -> None:
    """A page for it with status 200 is withheld where authorization is required."""
    site = make("edit", OSO_ENFORCE="strict")
    site.app.register_error_handler(403, lambda error: ("SECRET", 200))

    answer = site.open("/")

    assert (answer.status_code, "SECRET" in answer.text) == (403, False)
