"""Guards at random, of views and of blueprints, against a model of what they demand."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import random
import typing as t

import pytest
from flask import Blueprint, Flask, g, request

from flask_oso import FlaskOso, Oso, OsoError, authorize
from tests.support.sites import make_app

POLICY = """
allow(user: String, _, post: Post) if post.owner = user;
allow(_, "read", post: Post) if post.public;
allow(user: String, _, org: Org) if org.owner = user;
allow(_, "read", org: Org) if org.public;
allow("ann", "edit", Post);
allow("ann", "read", Org);
"""
Answer = tuple[int | None, dict[str, t.Any] | None]
VARIABLES = ("post_id", "id", "slug", "org_id")


@dataclasses.dataclass(eq=False)
class Post:
    """An object of one class."""

    owner: str
    public: bool


class Org(Post):
    """An object of another."""


@dataclasses.dataclass(frozen=True)
class Ask:
    """One guard: what it asks, and how it finds the object."""

    cls: type
    action: str
    options: dict[str, t.Any]

    @property
    def keyword(self) -> str:
        """The argument for the object."""
        return t.cast(str, self.options.get("name", self.cls.__name__.lower()))

    @property
    def names(self) -> list[str]:
        """The variables that may identify the object, the first that the route has."""
        if "load" in self.options:
            return []
        if "key" in self.options:
            return [self.options["key"]]
        return [f"{self.cls.__name__.lower()}_id", "id"]

    def variable(self, route: list[str]) -> str | None:
        """Give the variable that identifies the object; ``None`` if the class is judged."""
        return next((name for name in self.names if name in route), None)

    def clashes(self, inner: Ask) -> bool:
        """Tell whether what this one gives takes the place of what one further inside means."""
        if not self.names or not inner.names:
            return False
        if self.keyword != inner.keyword:
            return self.keyword in inner.names
        return (self.cls, self.names[0]) != (inner.cls, inner.names[0])


class Trial:
    """An app with one route, behind guards at random."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.route = rng.sample(VARIABLES, rng.randrange(1, 4))
        self.asks = [self._ask(rng) for _ in range(rng.randrange(1, 4))]
        found = {ask.keyword for ask in self.asks if ask.variable(self.route)}
        used = {ask.variable(self.route) for ask in self.asks}
        may_take = [*sorted(found), *(name for name in self.route if name in used)]
        self.takes = {name for name in may_take if rng.random() < 0.5}
        self.takes |= set(self.route) - used
        self.objects: dict[type, dict[int, Post]] = {
            cls: {n: cls(rng.choice(["ann", "eve"]), rng.random() < 0.5) for n in range(1, 4)}
            for cls in (Post, Org)
        }
        self.given: dict[str, t.Any] | None = None
        self.clashes = any(a.clashes(b) for a, b in itertools.combinations(self.asks, 2))
        # Each route has variables, and a class is judged only where that is said.
        self.is_accident = any(
            not ask.variable(self.route) and "load" not in ask.options for ask in self.asks
        )
        self.app = self._app_unless_refused(rng.randrange(len(self.asks) + 1))

    def _app_unless_refused(self, of_blueprint: int) -> Flask | None:
        try:
            return self._app(of_blueprint)
        except OsoError:
            return None

    def _ask(self, rng: random.Random) -> Ask:
        keys = [{"key": name} for name in self.route]
        choices: list[dict[str, t.Any]] = [{}, {}, {}, {"load": False}, *keys]
        options = dict(rng.choice(choices))
        if "load" not in options and rng.random() < 0.4:
            options["name"] = rng.choice(["source", "target", "slug"])
        return Ask(rng.choice([Post, Org]), rng.choice(["read", "edit"]), options)

    def _app(self, of_blueprint: int) -> Flask:
        app, oso, posts = make_app(), Oso(), Blueprint("posts", "posts")
        oso.register_class(Post)
        oso.register_class(Org)
        oso.load_str(POLICY)
        extension = FlaskOso(oso, app)
        extension.loader(Post)(self.objects[Post].get)
        extension.loader(Org)(self.objects[Org].get)
        extension.require_authorization(strict=True)
        app.before_request(lambda: setattr(g, "current_user", request.args.get("user")))

        def view(**given: t.Any) -> str:
            self.given = given
            return "entered"

        kind = inspect.Parameter.KEYWORD_ONLY
        view.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, kind) for name in sorted(self.takes)]
        )
        for ask in self.asks[:of_blueprint]:
            extension.guard(posts, ask.action, ask.cls, **ask.options)
        for ask in reversed(self.asks[of_blueprint:]):
            view = authorize(ask.action, ask.cls, **ask.options)(view)
        posts.add_url_rule("/" + "/".join(f"<int:{name}>" for name in self.route), "view", view)
        app.register_blueprint(posts)
        return app

    def answer(self, user: str, values: dict[str, int]) -> Answer:
        """Give the status, and what the view is given if it is entered; ``None`` without an app."""
        self.given = None
        if self.app is None:
            return None, None
        path = "/" + "/".join(map(str, values.values()))
        response = self.app.test_client().get(path, query_string={"user": user})
        return response.status_code, self.given

    def expected(self, user: str, values: dict[str, int]) -> Answer:
        """Say what the answer should be."""
        if self.clashes:
            return None, None
        if self.is_accident:
            return 500, None
        given: dict[str, t.Any] = dict(values)
        for ask in self.asks:
            name = ask.variable(self.route)
            thing = self.objects[ask.cls].get(values[name]) if name else ask.cls
            if not may(user, ask.action, thing):
                is_hidden = bool(name) and not may(user, "read", thing)
                return (404 if is_hidden else 403), None
            given |= {ask.keyword: thing} if name else {}
        return 200, {name: value for name, value in given.items() if name in self.takes}


def may(user: str, action: str, thing: t.Any) -> bool:
    """Say what the policy says."""
    if isinstance(thing, type):
        return user == "ann" and (thing, action) in [(Post, "edit"), (Org, "read")]
    if thing is None:
        return False
    return thing.owner == user or (thing.public and action == "read")


@pytest.mark.each(8)
@pytest.mark.parametrize("seed", range(250))
def test_view_is_entered_as_its_guards_demand(seed: int) -> None:
    """Each guard finds its own object; the view is given what it takes, and nothing else.

    Guards that give one argument are refused when they are put together, and a class that is
    judged by accident at the first request.
    """
    trial, rng = Trial(seed), random.Random(seed)
    questions = [
        (rng.choice(["ann", "eve"]), {name: rng.randrange(1, 5) for name in trial.route})
        for _ in range(8)
    ]

    answers = [trial.answer(*question) for question in questions]

    assert answers == [trial.expected(*question) for question in questions]
