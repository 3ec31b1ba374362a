"""The calls of flask-oso 0.27, and how they differ from those of today."""

from __future__ import annotations

import typing as t

import pytest
from flask import g
from werkzeug.exceptions import Forbidden
from werkzeug.local import LocalProxy

from flask_oso import FlaskOso, Oso, OsoError
from tests.support.sites import Site, make_app, make_site


class Finder:
    """Finds an actor, and counts how often it is asked."""

    def __init__(self, *actors: t.Any) -> None:
        self._actors = list(actors)
        self.calls = 0

    def find(self) -> t.Any:
        """Give the next actor, and the last one from then on."""
        self.calls += 1
        return self._actors.pop(0) if len(self._actors) > 1 else self._actors[0]


def ask(site: Site, count: int) -> list[bool]:
    """Ask as often about the current actor, in one request."""
    with site.app.test_request_context():
        return [site.guard.can("read", "page") for _ in range(count)]


def test_every_call_of_older_programs_is_there() -> None:
    """A program for flask-oso 0.27 runs as it was written."""
    app, oso = make_app(), Oso()
    extension = FlaskOso(oso, app)
    oso.load_str('allow("ann", "GET", _: Request); allow("ann", "read", "page");')
    extension.set_get_actor(lambda: "ann")
    extension.set_unauthorized_action(lambda: ("denied", 418))
    extension.require_authorization()
    extension.perform_route_authorization()

    def view() -> str:
        extension.authorize(resource="page", action="read")
        extension.skip_authorization("It was asked already.")
        extension.authorize("page", action="edit")
        return "SECRET"

    app.add_url_rule("/", "view", view)

    assert app.test_client().get("/").status_code == 418


def test_authorize_with_one_position_is_403() -> None:
    """Nothing is hidden, and nobody is sent to a login."""
    site = make_site()

    with site.app.test_request_context(), pytest.raises(Forbidden):
        site.guard.authorize("page", actor="eve", action="read")


# -- who finds the actor -------------------------------------------------------------


def test_actor_loader_is_called_once_a_request() -> None:
    """A look-up in a database is made once; the next request makes its own."""
    site, finder = make_site(), Finder("ann")
    site.guard.actor_loader(finder.find)

    assert [ask(site, 3), ask(site, 1)] == [[True, True, True], [True]]
    assert finder.calls == 2


def test_actor_loader_is_called_until_it_finds_somebody() -> None:
    """Who asks before the login is nobody, and afterwards is not."""
    site, finder = make_site(), Finder(None, None, "ann")
    site.guard.actor_loader(finder.find)

    assert ask(site, 4) == [False, False, True, True]
    assert finder.calls == 3


def test_proxy_of_an_actor_loader_is_asked_each_time() -> None:
    """It knows when somebody else logs in."""
    site = make_site()
    site.guard.actor_loader(lambda: LocalProxy(lambda: g.actor))

    with site.app.test_request_context():
        g.actor = "ann"
        first = site.guard.can("read", "page")
        g.actor = "eve"
        second = site.guard.can("read", "page")

    assert (first, second) == (True, False)


def test_set_get_actor_is_called_for_each_question() -> None:
    """As in flask-oso 0.27, who acts may change within a request."""
    site, finder = make_site(), Finder("ann", "eve")
    site.guard.set_get_actor(finder.find)

    assert ask(site, 3) == [True, False, False]


def test_named_actor_is_found_once_a_request() -> None:
    """What ``OSO_ACTOR`` is, is called like an actor loader."""
    finder = Finder("ann")
    site = make_site(OSO_ACTOR=finder.find)

    assert ask(site, 3) == [True, True, True]
    assert finder.calls == 1


def test_actor_loader_may_be_a_coroutine() -> None:
    """It is awaited once."""
    site = make_site()

    @site.guard.actor_loader
    async def find() -> str:
        return "ann"

    assert ask(site, 2) == [True, True]


def test_actor_of_one_extension_is_not_that_of_another() -> None:
    """Two objects of one app find their own."""
    site = make_site()
    other = FlaskOso(site.guard.oso, site.app)
    site.guard.actor_loader(lambda: "ann")
    other.actor_loader(lambda: "eve")

    with site.app.test_request_context():
        answers = [each.can("read", "page") for each in (site.guard, other, site.guard)]

    assert answers == [True, False, True]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda user_id: user_id, "takes arguments, and is given none"),
        ("ann", "'actor_loader' decorates a function that gives the current actor"),
        (Finder, "'actor_loader' decorates a function that gives the current actor"),
    ],
)
def test_actor_loader_that_is_none(function: t.Any, message: str) -> None:
    """A mistake is met where it is written."""
    with pytest.raises(OsoError, match=message):
        FlaskOso().actor_loader(function)


def test_actor_in_the_place_of_a_function() -> None:
    """The actor is asked for at each question, so a function finds it."""
    with pytest.raises(OsoError, match=r"'set_get_actor' takes a function .* and not 'str'"):
        FlaskOso(oso=Oso()).set_get_actor(t.cast(t.Any, "ann"))
