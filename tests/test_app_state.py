"""The proxies of the current app and request, and the mark of a request."""

from __future__ import annotations

import typing as t

import flask
import pytest
from flask import Flask, g

from flask_oso import OsoError, current_actor, current_oso
from flask_oso.app_state import FewWords
from flask_oso.request_state import request_state_of, unwrap


def test_current_oso_is_the_apps(site: t.Any) -> None:
    """The proxy gives the Oso of the current app."""
    with site.app.app_context():
        assert unwrap(current_oso) is site.app.extensions["oso"].oso


def test_current_oso_outside_contexts() -> None:
    """Outside an app context the proxy is unbound, and says why."""
    assert not current_oso
    with pytest.raises(OsoError, match="Application context doesn't exist"):
        current_oso.is_allowed("ann", "read", "page")


def test_current_oso_without_init_app() -> None:
    """An app without FlaskOso has none."""
    with Flask("site").app_context(), pytest.raises(OsoError, match="Did you forget to call"):
        unwrap(current_oso)


def test_current_actor_is_found_anew(site: t.Any) -> None:
    """The proxy asks each time, and nothing is kept."""
    with site.app.test_request_context():
        g.current_user = "ann"
        first = unwrap(current_actor)
        g.current_user = "eve"
        assert (first, unwrap(current_actor)) == ("ann", "eve")


def test_current_actor_of_a_proxy_is_the_user(site: t.Any) -> None:
    """A login extension's proxy is unwrapped."""
    with site.app.test_request_context("/?user=ann"):
        g.current_user = flask.request
        assert type(unwrap(current_actor)) is flask.Request


def test_mark_is_on_the_request_alone(site: t.Any) -> None:
    """Neither 'g' nor the environment nor the app context knows of a decision."""
    with site.app.test_request_context() as context:
        site.guard.authorize("page", actor="ann", action="read")

        request = unwrap(flask.request)
        assert request_state_of(site.app, request).checked
        assert not request_state_of(Flask("other"), request).checked
        assert "oso" not in f"{list(g)}{list(request.environ)}{vars(context).keys()}"


def test_unwrap_believes_types_only() -> None:
    """An object that only claims to be a proxy is left alone."""

    class Liar:
        @property  # type: ignore[misc]
        def __class__(self) -> t.Any:
            return type(flask.request)

    liar = Liar()

    assert unwrap(liar) is liar


def test_few_words_are_remembered() -> None:
    """A word is new once; one that is too long, or comes too late, never is."""
    words = FewWords()

    first = [words.adds("word"), words.adds("word"), words.adds("w" * 101)]
    more = [words.adds(str(number)) for number in range(150)]

    assert (first, sum(more), words.adds("late")) == ([True, False, False], 99, False)
