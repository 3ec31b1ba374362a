"""Lists that hold what no policy may read: an element is refused when it is read, and not before.

A search may end before it, a class test looks at no element, and neither does a comparison with
an object. A variable that is bound to an element reads it, and a method that is given the list
reads all of them. Compiled rules and the solver answer alike, and so do they for what nobody
awaited.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Callable, Coroutine

import pytest

from flask_oso import Oso, Variable
from flask_oso.polar.exceptions import PolarRuntimeError
from tests.support.models.people import Thing
from tests.support.policies import make_oso


class Connection:
    """Is refused like the connection of a driver."""

    def cursor(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


class User(Thing):
    """Who asks."""

    def take(self, value: t.Any) -> bool:
        return True


class Doc(Thing):
    """What is asked about."""

    xs: t.Any

    @property
    def computed(self) -> t.Any:
        return self.xs

    def given(self) -> t.Any:
        return self.xs


class Unbound:
    """A proxy that stands for nothing."""

    @property  # type: ignore[misc]
    def __class__(self) -> t.Any:
        raise LookupError("unbound")


async def nobody() -> None:
    """Is not awaited."""


def kept(made: Coroutine[t.Any, t.Any, None]) -> t.Any:
    """End a coroutine, so that Python says nothing about it."""
    made.close()
    return made


REFUSED: dict[str, Callable[[], t.Any]] = {
    "connection": Connection,
    "frame": sys._getframe,
    "module": lambda: sys,
    "coroutine": lambda: kept(nobody()),
    "proxy": Unbound,
    "entry": lambda: {"a": sys._getframe()},
    "list": lambda: [sys._getframe()],
    "variable": lambda: Variable("x"),
}
READS = ["xs", "computed", "given()"]
CONDITIONS = [
    *("d.{0} matches Doc", "not d.{0} matches Doc", "not d.{0} matches String"),
    *("d.{0} matches List", "not d.{0} matches Dictionary", "not is_doc(d.{0})", "any(d.{0})"),
    *("d.{0} = nil", "not d.{0} = nil", "d.{0} != nil", "not d.{0} = u", "not d.{0} = u.id"),
    *("1 in d.{0}", "not 1 in d.{0}", "nil in d.{0}", "not nil in d.{0}", "u in d.{0}"),
    *("y in d.{0} and y = 1", "not (y in d.{0} and y = 1)", "forall(y in d.{0}, y = 1)"),
    *("y in d.{0} and not y = 2", "y in d.{0} and y.a = 1", "y in d.{0} and y matches Integer"),
    *("[y, *_] = d.{0} and not y = nil", "d.{0} matches [y, *_] and not y = 1"),
    *("d.{0} = [_, z] and not z = nil", "[y, *_] = d.{0} and not y matches Doc"),
    *("[y] = d.{0} and u.take(y)", "[y, *_] = d.{0} and u.take([y])", "[y, y] = d.{0}"),
    *(
        "[1, y] = d.{0} and y = y",
        "d.{0} matches [y, Doc{{}}] and y = 1",
        "new Doc(xs: d.{0}) matches Doc",
    ),
    *("u.take(d.{0})", "u.take([d.{0}])", "u.take({{a: d.{0}}})", "[_, *r] = d.{0} and u.take(r)"),
    *("not (_ in d.{0} and u.id = 2)", "_ in d.{0} and u.id = 2", "forall(_ in d.{0}, u.id = 1)"),
    *("not (y in d.{0} and u.id = 2 and y = 1)", "not (y in d.{0} and u.id > 1 and y.a = 1)"),
    *("not (y in d.{0} and 2 = u.id and y matches Doc)", "not later(u, d.{0})"),
    *("first(d.{0})", "not first(d.{0})", "not d.{0} = [1]", "d.{0}.a = 1", "not twice(d.{0})"),
]
RULES = """
    is_doc(_: Doc); any(_); first([x, *_]) if not x = nil; twice([x]) if x = 1; twice("a");
    later(u, xs) if _ in xs and u.id = 2;
"""


def loaded(condition: str, *, compiled: bool) -> Oso:
    return make_oso(
        f'allow(u: User, "read", d: Doc) if u = u and {condition}; {RULES}',
        User,
        Doc,
        compiled=compiled,
    )


def outcome(oso: Oso, elements: list[t.Any]) -> str:
    """Give the answer, or the kind of the error."""
    try:
        return str(oso.is_allowed(User(id=1), "read", Doc(xs=elements)))
    except Exception as error:
        return type(error).__name__


def outcomes(condition: str, elements: list[t.Any]) -> set[str]:
    """Give what the solver says, and compiled rules, which are asked twice."""
    asked = [loaded(condition, compiled=is_compiled) for is_compiled in (False, True)]
    return {outcome(oso, elements) for oso in (*asked, asked[1])}


@pytest.mark.each(3)
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("read", READS)
def test_compiled_rules_refuse_what_the_solver_refuses(condition: str, read: str) -> None:
    """An element that is refused is no denial in one of them, and none that passes in the other."""
    solver, compiled = (loaded(condition.format(read), compiled=each) for each in (False, True))

    for name, make in REFUSED.items():
        for before in ([], [1], [1] * 5):
            expected = outcome(solver, [*before, make()])
            assert outcome(compiled, [*before, make()]) == expected, (name, before)


@pytest.mark.parametrize("name", ["connection", "frame", "module", "coroutine"])
@pytest.mark.parametrize(
    "condition", ["not 2 in d.xs", "not nil in d.xs", "y in d.xs and not y = 1 and not y = 2"]
)
def test_element_that_is_reached_is_refused(name: str, condition: str) -> None:
    """Under `not` and in front of it, a search that comes to the element is an error."""
    found = outcomes(condition, [1, REFUSED[name]()])

    assert found in ({"PolarRuntimeError"}, {"PolarTypeError"})


@pytest.mark.parametrize("name", ["connection", "frame", "module", "coroutine"])
def test_search_that_ends_before_an_element_does_not_read_it(name: str) -> None:
    """What no rule reads is no error."""
    found = outcomes("1 in d.xs and not d.xs matches Doc", [1, REFUSED[name]()])

    assert found == {"True"}


@pytest.mark.parametrize("name", ["connection", "frame", "module", "coroutine"])
@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "condition", ["not d.{} in []", "x = d.{} and not x in []", "not d.{} in u.none"]
)
def test_value_that_is_compared_with_no_element_is_refused(
    condition: str, read: str, name: str
) -> None:
    """An empty list has no element with which the value would be looked at."""
    found = set()
    for is_compiled in (False, True):
        oso = loaded(condition.format(read), compiled=is_compiled)
        with pytest.raises(PolarRuntimeError) as caught:
            oso.is_allowed(User(id=1, none=[]), "read", Doc(xs=REFUSED[name]()))
        found.add(type(caught.value))

    assert len(found) == 1
