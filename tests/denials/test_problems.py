"""Denials as HTTP errors: which format a client gets, and who else may answer."""

from __future__ import annotations

import gc
import typing as t
import weakref

import pytest
from flask import Flask, Response, jsonify, redirect
from werkzeug.exceptions import Forbidden, HTTPException, NotFound, Unauthorized
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_oso import FlaskOso, authorize, skip_authorization
from flask_oso.denials.problems import (
    Answer,
    ForbiddenProblem,
    NotFoundProblem,
    UnauthorizedProblem,
    prefers_json,
)
from tests.support.sites import Site, load_user, make_app, make_oso

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
AXIOS = "application/json, text/plain, */*"


@pytest.fixture
def denying(site: t.Any) -> t.Any:
    """Give a site with a page that eve may not read."""
    site.app.add_url_rule("/ä b", "view", authorize(action="read", resource="page")(site.enter))
    return site


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        (BROWSER, False),
        ("text/html, application/json", False),
        ("application/json;q=0.5, text/html;q=0.9", False),
        ("application/json;q=0", False),
        ("application/*;q=0.8, text/*;q=0.9", False),
        ("nonsense", False),
        (",;q=", False),
        ("application/json", True),
        ("application/problem+json", True),
        ("application/vnd.api+json", True),
        ("application/hal+json, text/html;q=0.5", True),
        ("text/html, application/ld+json;q=0.5", False),
        ("application/xhtml+xml, application/xml", False),
        (AXIOS, True),
        ("application/json, text/html;q=0.9", True),
        ("text/html,application/*;q=0.9", False),
        ("text/html,application/JSON", False),
        ("text/html;q=0.8,*/*", True),
        ("text/html;q=0, */*", True),
        ("application/*;q=0.9, text/*;q=0.8", True),
    ],
)
def test_json_is_for_those_who_prefer_it(accept: str | None, expected: bool) -> None:
    """Whoever does not care, or prefers HTML, gets the page."""
    environ = {} if accept is None else {"HTTP_ACCEPT": accept}

    assert prefers_json(environ) is expected


def test_denial_is_a_page_for_browsers(denying: t.Any) -> None:
    """The page is werkzeug's, with the word that programs rely on."""
    response = denying.open("/ä b", headers={"Accept": BROWSER})

    assert (response.status_code, response.mimetype) == (403, "text/html")
    assert "<p>Unauthorized</p>" in response.text
    assert response.headers["Vary"] == "Accept"


def test_denial_is_problem_details_for_programs(denying: t.Any) -> None:
    """RFC 9457: type, title, status, detail and instance, and nothing of the policy."""
    response = denying.open("/ä b", headers={"Accept": "application/json"})

    assert (response.status_code, response.mimetype) == (403, "application/problem+json")
    assert response.get_json(force=True) == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "You are not allowed to do this.",
        "instance": "/%C3%A4%20b",
    }
    assert response.headers["Vary"] == "Accept"


def test_denial_of_head_has_no_body(denying: t.Any) -> None:
    """HEAD is answered as GET is, without the body."""
    response = denying.open("/ä b", method="HEAD", headers={"Accept": "application/json"})

    assert (response.status_code, response.data) == (403, b"")
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize("caught", [403, Forbidden, HTTPException])
def test_handlers_of_the_app_answer(denying: t.Any, caught: t.Any) -> None:
    """The app's own page wins, by code and by class."""
    denying.app.register_error_handler(caught, lambda error: (jsonify(own=error.code), 403))

    response = denying.open("/ä b", headers={"Accept": "application/json"})

    assert (response.status_code, response.get_json()) == (403, {"own": 403})
    assert denying.entered == []


@pytest.mark.parametrize(
    ("problem", "base", "description"),
    [
        (ForbiddenProblem, Forbidden, "Unauthorized"),
        (NotFoundProblem, NotFound, NotFound.description),
        (UnauthorizedProblem, Unauthorized, "You have to log in to do this."),
    ],
)
def test_problems_are_the_errors_of_werkzeug(
    problem: t.Any, base: type[HTTPException], description: str
) -> None:
    """A program that catches werkzeug's errors catches these."""
    error = problem()

    assert isinstance(error, base)
    assert (error.code, error.description) == (base.code, description)


def test_denial_keeps_the_question_for_developers(denying: t.Any) -> None:
    """A page for development can ask the policy again."""
    caught: list[t.Any] = []
    denying.app.register_error_handler(403, lambda error: caught.append(error) or ("no", 403))

    denying.open("/ä b")

    denial = caught[0].denial
    assert (denial.actor, denial.action, denial.resource) == ("eve", "read", "page")
    assert denial.oso is denying.app.extensions["oso"].oso


def test_problem_answers_without_a_request() -> None:
    """Outside of a request there is no preference, and the answer is the page."""
    response = ForbiddenProblem().get_response()

    assert (response.status_code, response.content_type) == (403, "text/html; charset=utf-8")


def test_instance_starts_at_the_root_of_the_server() -> None:
    """The path of the request includes where the app is mounted, and not the query."""
    app = make_app()
    context = app.test_request_context("/page?token=1", base_url="http://host/app")

    response = ForbiddenProblem().get_response(
        {**context.request.environ, "HTTP_ACCEPT": "application/json"}
    )

    assert response.json is not None
    assert response.json["instance"] == "/app/page"


def test_denial_is_no_application_of_its_own(
    denying: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Flask does with an error that is no response takes as long as a request."""
    called: list[t.Any] = []
    monkeypatch.setattr(Answer, "__call__", lambda error, *_: called.append(error))

    response = denying.open("/ä b")

    assert (response.status_code, called) == (403, [])


class Telling(Flask):
    """An app that looks at what its views give."""

    def make_response(self, rv: t.Any) -> Response:
        """Say which class it is of."""
        response = super().make_response(rv)
        response.headers["X-Class"] = type(rv).__name__
        return response


def test_app_that_makes_responses_itself_is_given_the_error() -> None:
    """What its class does with answers, it does with denials."""
    app = Telling("telling")
    site = Site(app, FlaskOso(make_oso('allow("ann", "read", "page");')))
    app.before_request(load_user)
    site.guard.init_app(app)
    app.add_url_rule("/", "view", authorize(action="read", resource="page")(site.enter))

    response = site.open("/")

    assert (response.status_code, response.headers["X-Class"]) == (403, "ForbiddenProblem")


class OwnAnswer(ForbiddenProblem):
    """A problem that answers in a way of its own."""

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Answer a request."""
        start_response("403 NO", [("X-Own", "yes")])
        return [b"own"]


def test_subclass_that_answers_itself_does(denying: t.Any) -> None:
    """Only what is known to answer in the usual way is answered without a call."""

    @denying.app.route("/own")
    @skip_authorization
    def own() -> t.NoReturn:
        raise OwnAnswer

    response = denying.open("/own")

    assert (response.status, response.headers["X-Own"], response.data) == ("403 NO", "yes", b"own")


def test_denial_is_of_the_response_class_of_the_app(denying: t.Any) -> None:
    """Functions after the request are given what they are given of a view."""
    seen: list[t.Any] = []
    denying.app.after_request_funcs[None].append(lambda each: seen.append(each) or each)

    denying.open("/ä b")

    assert [type(each) for each in seen] == [denying.app.response_class]
    assert seen[0].headers["Content-Length"] == str(len(seen[0].data))


class Draft:
    """What a route names."""


DRAFTS = """
allow("eve", "read", _: Draft);
allow("root", "hide", _: Draft);
"""


@pytest.mark.parametrize(
    ("user", "answer", "expected"),
    [("eve", None, 403), ("bob", None, 404), ("eve", "/login", 302)],
)
def test_denied_request_leaves_no_circle(user: str, answer: str | None, expected: int) -> None:
    """What a denied request had is freed when it ends, and not when the collector comes."""
    site, drafts = Site(make_app(), FlaskOso(make_oso(DRAFTS, Draft))), []
    site.app.before_request(load_user)
    site.guard.init_app(site.app)
    site.guard.denial_handler(lambda: answer and redirect(answer))

    @site.guard.loader(Draft)
    def find_draft(key: str) -> Draft:
        draft = Draft()
        drafts.append(weakref.ref(draft))
        return draft

    site.app.add_url_rule("/<id>", "view", authorize("hide", Draft)(lambda draft: site.enter()))
    environ = EnvironBuilder("/1", query_string={"user": user}).get_environ()
    gc.collect()
    gc.disable()
    try:
        _, status, _ = run_wsgi_app(site.app.wsgi_app, environ)
        left = [draft() for draft in drafts]
    finally:
        gc.enable()

    assert (int(status[:3]), left) == (expected, [None])
