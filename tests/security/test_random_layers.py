"""What stands around a view at random: guards, what asks by itself, and what keeps answers.

Whoever lacks what one of the guards asks for is not given what others were answered.
"""

from __future__ import annotations

import functools
import random
import typing as t

import pytest
from flask import Blueprint, Flask, abort, g, request
from flask.views import MethodView

from flask_oso import FlaskOso, Oso, authorize, authorizes_inside, skip_authorization
from tests.support.sites import make_app

#: An actor is the text of the actions that it may do.
POLICY = 'allow(actor, action, "site") if action in actor;'
EVERYTHING = "abcdefghijklmnopqrst"
Layer = t.Callable[[t.Any], t.Any]


def before(function: t.Callable[[], t.Any], *, answers: bool) -> Layer:
    """Make a decorator that calls a function before the view, and may answer what that gives."""

    def decorate(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def call(*args: t.Any, **kwargs: t.Any) -> t.Any:
            given = function()
            return given if answers and given is not None else view(*args, **kwargs)

        return call

    return decorate


class Trial:
    """An app with one view, and layers around it at random."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._actions = iter(EVERYTHING)
        #: What was answered, as soon as somebody was.
        self.kept: str | None = None
        #: The actions that guards ask for.
        self.guarded: list[str] = []
        self.app: Flask = make_app(OSO_ENFORCE=self._rng.choice(["after", "strict"]))
        self.guard = FlaskOso(Oso())
        t.cast(Oso, self.guard.oso).load_str(POLICY)
        is_late = self._rng.random() < 0.3
        self.app.before_request(lambda: setattr(g, "user", request.args["may"]))
        if is_late:
            self._add_functions(self.app)
        self.guard.init_app(self.app)
        self._add_functions(self.app)
        self._add_view(self._blueprints())

    def open(self, may: str) -> str:
        """Answer a client who may do some actions."""
        return self.app.test_client().get("/", query_string={"may": may}).text

    def some_actions(self) -> str:
        """Give most of the actions."""
        return "".join(each for each in EVERYTHING if self._rng.random() < 0.8)

    def _guarded_action(self) -> str:
        self.guarded.append(next(self._actions))
        return self.guarded[-1]

    def _view(self, *_: t.Any, **__: t.Any) -> str:
        self.kept = "SECRET"
        return self.kept

    def _add_view(self, blueprints: list[Blueprint]) -> None:
        kinds = [self._function, self._class, self._own_class]
        target = blueprints[-1] if blueprints else self.app
        target.add_url_rule("/", "view", self._rng.choice(kinds)())
        endpoint = ".".join([*(each.name for each in blueprints), "view"])
        if self._rng.random() < 0.3:
            self.guard.guard(endpoint, self._guarded_action(), "site")
        if self._rng.random() < 0.2:
            self.guard.exempt(endpoint, reason="For the test.")
        for inner, outer in zip(blueprints[1:], blueprints, strict=False):
            outer.register_blueprint(inner)
        for each in blueprints[:1]:
            self.app.register_blueprint(each)

    def _blueprints(self) -> list[Blueprint]:
        blueprints = [Blueprint(name, name) for name in ("outer", "inner")]
        found = [each for each in blueprints if self._rng.random() < 0.6]
        for each in found:
            self._add_functions(each)
            if self._rng.random() < 0.6:
                self.guard.guard(each, self._guarded_action(), "site")
            self._add_functions(each)
        return found

    def _add_functions(self, target: Flask | Blueprint) -> None:
        for _ in range(self._rng.randrange(2)):
            if self._rng.random() < 0.5:
                ask = self._question()
                target.before_request(lambda ask=ask: (ask(), None)[1])
            else:
                target.before_request(lambda: self.kept)

    def _question(self) -> t.Callable[[], object]:
        action = next(self._actions)
        guarded = authorize(action, "site")(lambda: "asked")
        public = skip_authorization(reason="For the test.")(lambda: "public")

        def choose() -> object:
            return self.guard.filter(action, ["site"]) or abort(404)

        questions: list[t.Callable[[], object]] = [
            lambda: self.guard.authorize(action, "site"),
            lambda: self.guard.authorize("site", action=action),
            lambda: self.guard.can(action, "site"),
            lambda: guarded(),
            lambda: public(),
            choose,
        ]
        return self._rng.choice(questions)

    def _layers(self) -> list[Layer]:
        return [self._layer() for _ in range(self._rng.randrange(4))]

    def _layer(self) -> Layer:
        kinds = ["guard", "constant", "promise", "question", "kept", "exemption"]
        kind = self._rng.choice(kinds)
        if kind == "guard":
            return authorize(self._guarded_action(), "site")
        if kind == "constant":
            return authorize(action=self._guarded_action(), resource="site")
        if kind == "promise":
            return authorizes_inside
        if kind == "exemption":
            return skip_authorization(reason=self._rng.choice([None, "For the test."]))
        if kind == "question":
            return before(self._question(), answers=False)
        return before(lambda: self.kept, answers=True)

    def _function(self) -> t.Any:
        view: t.Any = functools.wraps(self._view)(lambda *_, **__: self._view())
        for layer in self._layers():
            view = layer(view)
        return view

    def _class(self, **members: t.Any) -> t.Any:
        members |= {"get": self._function(), "decorators": self._layers()}
        return type("Page", (MethodView,), members).as_view("view")  # type: ignore[attr-defined]

    def _own_class(self) -> t.Any:
        def dispatch_request(page: t.Any, **values: t.Any) -> t.Any:
            return MethodView.dispatch_request(page, **values)

        dispatch: t.Any = dispatch_request
        for layer in self._layers():
            dispatch = layer(dispatch)
        return self._class(dispatch_request=dispatch)


@pytest.mark.each(8)
@pytest.mark.parametrize("seed", range(400))
def test_answer_that_is_kept_is_given_to_nobody_who_lacks_a_guard(seed: int) -> None:
    """Whatever lets the request come so far, and wherever in between an answer is kept."""
    trial = Trial(seed)
    trial.open(EVERYTHING)
    trial.kept = "SECRET"
    actors = [trial.some_actions() for _ in range(5)]

    lacking = [each for each in actors if not set(trial.guarded) <= set(each)]

    assert [each for each in lacking if "SECRET" in trial.open(each)] == []


def test_layers_let_those_in_who_may() -> None:
    """Else nothing would be proved: most views answer who may do everything."""
    answered = ["SECRET" in Trial(seed).open(EVERYTHING) for seed in range(100)]

    assert sum(answered) > 70
