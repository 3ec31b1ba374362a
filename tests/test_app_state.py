"""The proxies of the current app, and what its state remembers."""

from __future__ import annotations

import typing as t

import flask
import pytest
from flask import g

from flask_oso import OsoError, current_actor, current_oso
from flask_oso.app_state import FewWords
from tests.support.sites import make_app


def test_current_oso_is_the_apps(site: t.Any) -> None:
    """The proxy gives the Oso of the current app."""
    with site.app.app_context():
        assert t.cast(t.Any, current_oso)._get_current_object() is site.app.extensions["oso"].oso


def test_current_oso_outside_contexts() -> None:
    """Outside an app context the proxy is unbound, and says why."""
    assert not current_oso
    with pytest.raises(OsoError, match="Application context doesn't exist"):
        current_oso.is_allowed("ann", "read", "page")


def test_current_oso_without_init_app() -> None:
    """An app without FlaskOso has none."""
    with make_app().app_context(), pytest.raises(OsoError, match="Did you forget to call"):
        t.cast(t.Any, current_oso)._get_current_object()


def test_current_actor_is_found_anew(site: t.Any) -> None:
    """The proxy asks each time, and nothing is kept."""
    with site.app.test_request_context():
        g.current_user = "ann"
        first = current_actor._get_current_object()
        g.current_user = "eve"
        assert (first, current_actor._get_current_object()) == ("ann", "eve")


def test_current_actor_of_a_proxy_is_the_user(site: t.Any) -> None:
    """A login extension's proxy is unwrapped."""
    with site.app.test_request_context("/?user=ann"):
        g.current_user = flask.request
        assert type(current_actor._get_current_object()) is flask.Request


def test_few_words_are_remembered() -> None:
    """A word is new once; one that is too long, or comes too late, never is."""
    words = FewWords()

    first = [words.adds("word"), words.adds("word"), words.adds("w" * 101)]
    more = [words.adds(str(number)) for number in range(150)]

    assert (first, sum(more), words.adds("late")) == ([True, False, False], 99, False)
