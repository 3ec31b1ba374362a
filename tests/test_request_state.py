"""What one request holds, and the objects behind proxies."""

from __future__ import annotations

import typing as t

import flask
from flask import g

from flask_oso.request_state import request_state_of, unwrap
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
