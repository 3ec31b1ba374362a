"""Guards at random, of views and of blueprints, against a model of what they demand."""

from __future__ import annotations

import dataclasses
import inspect
import random
import typing as t

import pytest
from flask import Blueprint, Flask, g, request

from flask_oso import FlaskOso, Oso, authorize

POLICY = """
allow(user: String, _, post: Post) if post.owner = user;
allow(_, "read", post: Post) if post.public;
allow(user: String, _, org: Org) if org.owner = user;
allow(_, "read", org: Org) if org.public;
allow("ann", "edit", Post);
allow("ann", "read", Org);
"""
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
        return self.cls.__name__.lower()

    def variable(self, route: list[str]) -> str | None:
        """Give the variable that identifies the object; ``None`` if the class is judged."""
        names = [self.options.get("key", f"{self.keyword}_id"), "id"]
        if "load" in self.options:
            return None
        return next(
            (name for name in names[: 1 if "key" in self.options else 2] if name in route), None
        )


class Trial:
    """An app with one route, behind guards at random."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.route = rng.sample(VARIABLES, rng.randrange(1, 4))
        self.asks = [self._ask(rng) for _ in range(rng.randrange(1, 4))]
        found = {ask.keyword for ask in self.asks if ask.variable(self.route)}
        # A decorator that finds no object refuses a view that takes one.
        found -= {
            ask.keyword
            for ask in self.asks
            if not ask.variable(self.route) and "load" not in ask.options
        }
        used = {ask.variable(self.route) for ask in self.asks}
        may_take = [*sorted(found), *(name for name in self.route if name in used)]
        self.takes = {name for name in may_take if rng.random() < 0.5}
        self.takes |= set(self.route) - used
        self.objects: dict[type, dict[int, Post]] = {
            cls: {n: cls(rng.choice(["ann", "eve"]), rng.random() < 0.5) for n in range(1, 4)}
            for cls in (Post, Org)
        }
        self.given: dict[str, t.Any] | None = None
        self.app = self._app(rng.randrange(len(self.asks) + 1))

    def _ask(self, rng: random.Random) -> Ask:
        keys = [{"key": name} for name in self.route]
        options = rng.choice([{}, {}, {}, {"load": False}, *keys])
        return Ask(rng.choice([Post, Org]), rng.choice(["read", "edit"]), options)

    def _app(self, of_blueprint: int) -> Flask:
        app, oso, posts = Flask("site"), Oso(), Blueprint("posts", "posts")
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

    def expected(self, user: str, values: dict[str, int]) -> tuple[int, dict[str, t.Any] | None]:
        """Give the status, and what the view is given if it is entered."""
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


@pytest.mark.parametrize("seed", range(150))
def test_view_is_entered_as_its_guards_demand(seed: int) -> None:
    """Each guard finds its own object; the view is given what it takes, and nothing else."""
    trial, rng = Trial(seed), random.Random(seed)
    questions = [
        (rng.choice(["ann", "eve"]), {name: rng.randrange(1, 5) for name in trial.route})
        for _ in range(8)
    ]

    answers = []
    for user, values in questions:
        trial.given = None
        path = "/" + "/".join(map(str, values.values()))
        status = trial.app.test_client().get(path, query_string={"user": user}).status_code
        answers.append((status, trial.given))

    assert answers == [trial.expected(*question) for question in questions]
