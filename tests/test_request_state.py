"""What one request holds, and the objects behind proxies."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import flask
import pytest
from flask import g
from flask.globals import app_ctx
from werkzeug.routing import Map, Rule

from flask_oso.request_state import context_finder, note_passed, request_state_of, unwrap
from tests.support.sites import make_app


def test_mark_is_on_the_request_alone(site: t.Any) -> None:
    """Neither 'g' nor the environment nor the app context knows of a decision."""
    with site.app.test_request_context() as context:
        site.guard.authorize("page", actor="ann", action="read")

        request = unwrap(flask.request)
        assert request_state_of(site.app, request).checked
        assert not request_state_of(make_app("other"), request).checked
        assert "oso" not in f"{list(g)}{list(request.environ)}{vars(context).keys()}"


def test_unwrap_believes_types_only() -> None:
    """An object that only claims to be a proxy is left alone."""

    class Liar:
        @property  # type: ignore[misc]
        def __class__(self) -> t.Any:
            return type(flask.request)

    liar = Liar()

    assert unwrap(liar) is liar


def test_guard_that_was_passed_on_another_route_of_the_same_path_is_noted_of_that_one() -> None:
    """Two rules of one path are equal, and the steps of a plan are those of its own rule."""
    app, guard = make_app(), object()
    judged, entered = (Rule("/notes/<int:id>", endpoint=each) for each in ("show", "shred"))
    Map([judged, entered])
    with app.test_request_context("/") as context:
        state = request_state_of(app, context.request)
        state.plan = SimpleNamespace(steps=(None, (entered, "GET", guard)))
        state.way = (judged, "GET")

        note_passed(state, guard)

        assert judged == entered
        assert state.way[0] is judged


@pytest.mark.parametrize("variable", ["_cv_app", "_cv_of_no_flask"])
def test_context_is_found_with_and_without_the_variable_of_flask(variable: str) -> None:
    """Flask does not promise the name of a context variable; the proxy gives the same context."""
    find = context_finder(variable, app_ctx)

    with make_app().app_context() as context:
        assert find(None) is context
    assert find(None) is None


@pytest.mark.parametrize("variable", ["_cv_app", "_cv_of_no_flask"])
@pytest.mark.parametrize("proxy", [app_ctx, None], ids=["proxy", "no proxy"])
def test_default_is_given_where_there_is_no_context(variable: str, proxy: t.Any) -> None:
    """It is the argument itself, which tells a missing context from what stands in one."""
    default = object()

    assert context_finder(variable, proxy)(default) is default
