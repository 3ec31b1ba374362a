"""``@oso.denial_handler``: what the program answers to denials, for an app and for a blueprint."""

from __future__ import annotations

import typing as t

import pytest
from flask import Blueprint, abort
from werkzeug.exceptions import HTTPException

from flask_oso import OsoError, authorize
from tests.support.sites import Site, make_site


@pytest.fixture
def rooms() -> Site:
    """Give a site with a page, a room, and a cupboard inside of the room."""
    site = make_site()
    room, cupboard = Blueprint("room", "room"), Blueprint("cupboard", "cupboard")
    for path, scaffold in (("/", site.app), ("/room", room), ("/cupboard", cupboard)):
        scaffold.add_url_rule(path, "view", authorize("read", "page")(site.enter))
    room.register_blueprint(cupboard)
    site.app.register_blueprint(room)
    return site


def statuses(site: Site) -> list[int]:
    """Give what is answered to who may not read the page."""
    return [site.open(path).status_code for path in ("/", "/room", "/cupboard")]


def blueprint(site: Site, name: str) -> Blueprint:
    """Give a blueprint of a site."""
    return t.cast(Blueprint, site.app.blueprints[name])


def test_handler_answers_denials(rooms: Site) -> None:
    """What it gives is the response, and no view is entered."""

    @rooms.guard.denial_handler
    def deny() -> t.Any:
        return "denied", 418

    assert statuses(rooms) == [418, 418, 418]
    assert rooms.entered == []
    assert deny() == ("denied", 418)


def test_handler_takes_the_error(rooms: Site) -> None:
    """It is given what an error handler would be given."""

    @rooms.guard.denial_handler
    def deny(error: HTTPException) -> t.Any:
        return f"{error.code} {error.description}", 410

    assert rooms.open("/").text == "403 Unauthorized"


def test_handler_of_a_blueprint(rooms: Site) -> None:
    """It answers for the blueprint and for those inside of it; the innermost comes first."""
    rooms.guard.denial_handler()(lambda: ("app", 410))
    rooms.guard.denial_handler(blueprint(rooms, "room"))(lambda: ("room", 411))

    assert statuses(rooms) == [410, 411, 411]

    rooms.guard.denial_handler(blueprint(rooms, "room.cupboard"))(lambda error: ("cupboard", 412))

    assert statuses(rooms) == [410, 411, 412]


def test_handler_that_gives_nothing(rooms: Site) -> None:
    """Then the answer is the usual one."""
    rooms.guard.denial_handler(lambda error: None)

    assert statuses(rooms) == [403, 403, 403]


def test_handler_that_aborts(rooms: Site) -> None:
    """What it raises is raised."""
    rooms.guard.denial_handler(lambda: abort(404))

    assert statuses(rooms) == [404, 404, 404]


def test_handler_may_be_a_coroutine(rooms: Site) -> None:
    """A handler that is a coroutine function is awaited, and its answer is the response."""

    @rooms.guard.denial_handler
    async def deny(error: HTTPException) -> t.Any:
        return "denied", 410

    assert statuses(rooms) == [410, 410, 410]


def test_last_handler_counts(rooms: Site) -> None:
    """That is so whichever name it was given by."""
    rooms.guard.denial_handler(lambda: ("first", 410))
    rooms.guard.set_unauthorized_action(lambda: ("second", 411))

    assert statuses(rooms) == [411, 411, 411]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "room",
            "'denial_handler' was given 'str'. It decorates a function: '@oso.denial_handler'",
        ),
        (
            lambda error, request: None,
            "takes 'error', 'request'. It is given the error, or nothing",
        ),
    ],
)
def test_handler_that_is_none(rooms: Site, given: t.Any, message: str) -> None:
    """A mistake is met where it is written."""
    with pytest.raises(OsoError) as caught:
        rooms.guard.denial_handler(given)

    assert message in str(caught.value)


def test_app_is_no_handler(rooms: Site) -> None:
    """An application can be called, and is not meant."""
    with pytest.raises(OsoError, match="'denial_handler' was given 'Flask'"):
        rooms.guard.denial_handler(rooms.app)
