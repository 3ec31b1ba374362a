"""W9: what a check adds to a request, over the same view with the hand-written check.

Each contender guards the views of an application of its own; a question is a request to
it, without server and client, so that little else is timed.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from flask import Flask, abort, g, request
from werkzeug.test import EnvironBuilder

from flask_oso import FlaskOso, authorize

from .contenders import OURS, SOLVER, Decide, Question, Workload, polar_engines
from .roles import CLASSES, POLICY, mixed

#: Makes a guarded view of an action, a resource and a view.
_Guard = Callable[[str, t.Any, Callable[[], str]], Callable[[], str]]


def requests() -> Workload:
    """A request that is allowed, and one that is not."""
    checks = mixed()
    questions = {"/allowed": checks.questions[0], "/refused": checks.questions[6]}
    engines = polar_engines(POLICY, CLASSES)
    apps = {}
    for name, decide in checks.contenders.items():
        if name in (OURS, SOLVER):
            apps[name] = _app(questions, _decorated)
            FlaskOso(engines[name], apps[name])
        else:
            apps[name] = _app(questions, _checked_by(decide))
    contenders = {name: _answering(app) for name, app in apps.items()}
    paths = [(path,) for path in questions]
    return Workload(
        "W9", "a request with a check; beyond the hand-written", 5, paths, contenders, is_added=True
    )


def _app(questions: dict[str, Question], guard: _Guard) -> Flask:
    app = Flask(__name__)
    users = {path: user for path, (user, _, _) in questions.items()}

    @app.before_request
    def load_user() -> None:
        g.current_user = users[request.path]

    for path, (_, action, resource) in questions.items():
        view = guard(action, resource, lambda: "Here it is.")
        app.add_url_rule(path, endpoint=path.strip("/"), view_func=view)
    return app


def _decorated(action: str, resource: t.Any, view: Callable[[], str]) -> Callable[[], str]:
    return authorize(action=action, resource=resource)(view)


def _checked_by(decide: Decide) -> _Guard:
    def guard(action: str, resource: t.Any, view: Callable[[], str]) -> Callable[[], str]:
        def guarded() -> str:
            if not decide(g.current_user, action, resource):
                abort(403)
            return view()

        return guarded

    return guard


def _answering(app: Flask) -> Decide:
    """Give a function that has an application answer a request, and gives the status."""
    environs = {path: EnvironBuilder(path=path).get_environ() for path in ("/allowed", "/refused")}

    def answer(path: str) -> str:
        seen: list[str] = []

        def start_response(status: str, headers: t.Any, exc_info: t.Any = None) -> t.Any:
            seen.append(status)

        body = app.wsgi_app(environs[path].copy(), start_response)
        b"".join(body)
        body.close()  # type: ignore[attr-defined]  # Flask's responses can be closed
        return seen[0]

    return answer
