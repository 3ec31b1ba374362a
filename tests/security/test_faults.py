"""Every part that can fail, failing in every way: never a view, never an allow.

``test_invariants.py`` does this for the decision itself, the function that gives the
actor, and the unauthorized action.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

import flask
import pytest

from flask_oso import Oso, OsoError, authorize
from tests.support.sites import Site, make_judged_site, make_site, make_strict_site
from tests.support.sizes import combinations_of

ERRORS: list[type[BaseException]] = [
    *(Exception, ValueError, KeyError, AttributeError, StopIteration, StopAsyncIteration),
    *(RuntimeError, RecursionError, MemoryError, TimeoutError, OSError, TypeError),
    *(GeneratorExit, KeyboardInterrupt, SystemExit, BaseException),
]


class Faulty:
    """An object that raises an error wherever it is touched."""

    error: t.ClassVar[type[BaseException]] = Exception

    def fail(self, *args: object, **kwargs: object) -> t.Any:
        """Raise the error."""
        raise self.error("fault")

    attribute = property(fail)
    __getattr__ = __eq__ = __lt__ = __contains__ = __len__ = fail
    __hash__ = None  # type: ignore[assignment]

    def stop_midway(self) -> Iterator[int]:
        """Give something before the error."""
        yield 1
        raise self.error("fault")

    @property
    def truthless(self) -> t.Any:
        """An object whose comparisons have no truth value."""
        return Truthless(self.error)


class Truthless:
    """What it gives for a comparison raises an error when it is asked for its truth."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __eq__(self, other: object) -> t.Any:
        return self

    def __bool__(self) -> bool:
        raise self.error("fault")

    __lt__ = __gt__ = __ne__ = __eq__
    __hash__ = None  # type: ignore[assignment]


class Iterating(Faulty):
    """Fails when it is iterated over."""

    def __iter__(self) -> Iterator[int]:
        return self.stop_midway()


#: What a rule does with the actor. Each is open if the fault is taken for an answer.
CONDITIONS = [
    "u.attribute = 1",
    "not u.attribute = 1",
    "not (u.nosuch = 1)",
    "u.fail()",
    "not u.fail()",
    "u.fail(1, k: 2) or not u.fail()",
    'u = "ann"',
    'not u = "ann"',
    'u in ["ann", 1]',
    'not u in ["ann", 1]',
    "u < 1 or u >= 1",
    "u != 1",
    "not (1 in u)",
    "2 in u",
    "forall(x in u, x = 1)",
    "forall(x in u.stop_midway(), x = 1)",
    "2 in u.stop_midway() or not 2 in u.stop_midway()",
    "u.truthless = 1",
    "not u.truthless = 1",
    "u.truthless != 1",
    "forall(x in [u], x.attribute = 1)",
    "not (u matches Iterating{attribute: 1})",
    'x = u.("attribute") and x = x',
    "u = u and (new Broken() = 1 or not new Broken() = 1)",
]


class Broken:
    """Cannot be made."""

    def __init__(self) -> None:
        raise Iterating.error("fault")


def status_of(site: t.Any, **options: t.Any) -> int:
    """Send a request; what comes through as an exception is an error of the server."""
    try:
        return int(site.open("/", "root", **options).status_code)
    except BaseException:
        return 500


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_host_object_that_fails(site: t.Any, condition: str, error: type[BaseException]) -> None:
    """An actor that raises at any touch is refused, by ``not`` and ``forall`` included."""
    Iterating.error = error
    oso = site.guard.oso
    oso.register_class(Iterating)
    oso.register_class(Broken)
    oso.load_str(f"allow(u, _, _) if {condition};", replace=True)
    site.guard.set_get_actor(Iterating)
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: site.enter()))

    assert (status_of(site), site.entered) == (500, [])


#: Where a condition may stand, so that a fault in it must not be lost.
SHAPES = [
    "allow(u, _, _) if g(u); g(u) if {};",
    "allow(u, _, _) if not ({});",
    "allow(u, _, _) if forall(y in [1, 2], y = y and {});",
    "allow(u, _, _) if not g(u); g(u) if false or {};",
    "allow(u, _, _: String) if {}; allow(u, _, _) if not ({});",
]


@pytest.mark.each(3)
@pytest.mark.parametrize(
    ("shape", "condition", "error"), combinations_of(SHAPES, CONDITIONS, ERRORS)
)
def test_fault_in_any_place(shape: str, condition: str, error: type[BaseException]) -> None:
    """A fault comes out of rules, negations and loops, and is never an answer."""
    Iterating.error = error
    oso = Oso()
    oso.register_class(Iterating)
    oso.register_class(Broken)
    oso.load_str(shape.replace("{}", condition))

    with pytest.raises((error, OsoError, RuntimeError)):
        oso.is_allowed(Iterating(), "read", "page")


@pytest.mark.parametrize("answer", [1, 2, "true", "yes", [True], {"a": 1}, 1.0, object(), b"x"])
@pytest.mark.parametrize("condition", ["u.answer", "not u.answer", "u.give()", "not u.give()"])
def test_host_answer_that_is_no_bool(condition: str, answer: t.Any) -> None:
    """What an attribute or a method gives is a condition only if it is a bool."""
    actor = type("Actor", (), {"answer": answer, "give": lambda self: answer})()
    site = make_site(f"allow(u, _, _) if {condition};")
    site.guard.set_get_actor(lambda: actor)
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: site.enter()))

    assert (status_of(site), site.entered) == (500, [])


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("part", ["url_rule", "method", "endpoint"])
@pytest.mark.parametrize("make", [make_strict_site, make_judged_site])
def test_request_that_fails(
    part: str, make: Callable[[], Site], error: type[BaseException]
) -> None:
    """A request class whose attributes raise leads to no view."""

    def fail(request: object) -> t.NoReturn:
        raise error

    site: t.Any = make()
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: site.enter()))
    own = property(fail, lambda request, value: None)
    site.app.request_class = type("Request", (flask.Request,), {part: own})

    assert status_of(site) >= 400
    assert site.entered == []


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("handles", [403, 500, Exception])
@pytest.mark.parametrize("user", ["root", "eve"])
def test_error_handler_that_fails(
    site: t.Any, handles: t.Any, user: str, error: type[BaseException]
) -> None:
    """A handler that raises opens nothing to those who are denied, nor after a fault."""

    def fail(cause: object) -> t.NoReturn:
        raise error

    site.app.register_error_handler(handles, fail)
    site.guard.set_get_actor(lambda: 1 / 0 if user == "root" else user)
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: site.enter()))

    assert status_of(site) >= 400
    assert site.entered == []
