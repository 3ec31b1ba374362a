"""The invariants of the Flask layer.

A decision is a bool of this very request, an error allows nothing, and nothing is remembered.
"""

from __future__ import annotations

import itertools
import typing as t

import pytest
from flask import g

from flask_oso import Oso, OsoError, authorize
from tests.support.sites import PLACES, guard_start_page, make_site


class FakeOso(Oso):
    """An Oso whose decision is whatever a test says."""

    decision: t.Any = None

    def is_allowed(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
        """Give the decision, or raise it."""
        if isinstance(self.decision, BaseException):
            raise self.decision
        return t.cast(bool, self.decision)


class Yes:
    """Something that claims to be true in every way but one."""

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "decision",
    [None, 1, 0, "True", [True], Yes(), object(), b"1", 1.0, NotImplemented],
    # An id that shows an address differs between the processes of a parallel run.
    ids=lambda decision: type(decision).__name__,
)
def test_only_true_itself_allows(site: t.Any, place: str, decision: t.Any) -> None:
    """A decision that is not a bool is an error, however true it looks."""
    oso = FakeOso()
    oso.decision = decision
    site.guard.set_oso(oso)
    guard_start_page(site, place)

    assert (site.open("/", "root").status_code, site.entered) == (500, [])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("decision", "status"), [(True, 200), (False, 403)])
def test_true_allows_and_false_denies(site: t.Any, place: str, decision: bool, status: int) -> None:
    """Of all values these two are decisions."""
    oso = FakeOso()
    oso.decision = decision
    site.guard.set_oso(oso)
    guard_start_page(site, place)

    assert (site.open("/").status_code, bool(site.entered)) == (status, decision)


ERRORS: list[type[BaseException]] = [
    *(Exception, ValueError, KeyError, AttributeError, StopIteration, StopAsyncIteration),
    *(RuntimeError, RecursionError, MemoryError, TimeoutError, OSError, OsoError),
    *(GeneratorExit, KeyboardInterrupt, SystemExit, BaseException),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("part", ["decision", "actor", "unauthorized action"])
def test_every_exception_refuses(
    site: t.Any, place: str, part: str, error: type[BaseException]
) -> None:
    """An exception of any kind in any part never leads to the view."""

    def fail() -> t.NoReturn:
        raise error

    oso = FakeOso()
    oso.decision = error() if part == "decision" else False
    site.guard.set_oso(oso)
    if part == "actor":
        site.guard.set_get_actor(fail)
    if part == "unauthorized action":
        site.guard.set_unauthorized_action(fail)
    guard_start_page(site, place)
    site.app.testing = True

    with pytest.raises((error, OsoError)):
        site.open("/", "root")

    assert site.entered == []


@pytest.mark.parametrize("place", ["decorator", "hook"])
@pytest.mark.parametrize("status", [200, 302, 304])
def test_hidden_error_is_still_an_error(site: t.Any, place: str, status: int) -> None:
    """An error handler cannot make a success of a decision that could not be made."""
    oso = FakeOso()
    oso.decision = ValueError()
    site.guard.set_oso(oso)
    site.app.register_error_handler(ValueError, lambda error: ("SECRET", status))
    guard_start_page(site, place)

    response = site.open("/")

    assert response.status_code == 500
    assert b"SECRET" not in response.data


@pytest.mark.parametrize("place", ["decorator", "hook"])
def test_hidden_error_keeps_the_page_of_the_app(site: t.Any, place: str) -> None:
    """A handler that answers with an error status has its say."""
    oso = FakeOso()
    oso.decision = ValueError()
    site.guard.set_oso(oso)
    site.app.register_error_handler(ValueError, lambda error: ("out of order", 503))
    guard_start_page(site, place)

    assert site.open("/").data == b"out of order"


def test_decision_follows_the_question() -> None:
    """Actor, action and resource of this very request are judged, in any order."""
    site = make_site(
        'allow("ann", "GET", "a"); allow("bob", "POST", "b"); allow("cat", "GET", "b");'
    )
    for name in ("a", "b"):
        site.app.add_url_rule(
            f"/{name}",
            name,
            authorize(resource=name)(lambda: "page"),
            methods=["GET", "POST"],
        )
    allowed = {("ann", "GET", "a"), ("bob", "POST", "b"), ("cat", "GET", "b")}
    questions = list(itertools.product(("ann", "bob", "cat"), ("GET", "POST"), ("a", "b")))

    answers = {
        question
        for question in questions + questions[::-1]
        if site.open(f"/{question[2]}", question[0], method=question[1]).status_code == 200
    }

    assert answers == allowed


def test_answer_follows_the_state_of_the_objects() -> None:
    """Nothing is remembered: an object that changed is judged anew."""
    user = type("User", (), {"name": "ann"})()
    site = make_site('allow(user, _, "page") if user.name = "ann";')
    site.guard.set_get_actor(lambda: user)
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: "page"))
    answers = []

    for name in ("ann", "eve", "ann"):
        user.name = name
        answers.append(site.open("/").status_code)

    assert answers == [200, 403, 200]


def test_answer_follows_the_policy() -> None:
    """Every answer is of the new policy once the policy was replaced."""
    site = make_site()
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: "page"))
    oso = site.guard.oso
    before = site.open("/", "ann").status_code

    oso.clear_rules()
    without = site.open("/", "ann").status_code
    oso.load_str('allow("bob", _, _);')

    assert (before, without, site.open("/", "ann").status_code) == (200, 500, 403)


def test_current_user_is_asked_for_each_decision(site: t.Any) -> None:
    """Within one request a changed user is a changed question."""

    @site.app.get("/")
    def view() -> t.Any:
        site.guard.authorize("page")
        g.current_user = "eve"
        site.guard.authorize("page")
        return site.enter()

    assert (site.open("/", "ann").status_code, site.entered) == (403, [])
