"""What nobody has awaited is no actor, no action and no resource, whatever the rules say."""

from __future__ import annotations

import asyncio
import functools
import inspect
import types
import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.sqlalchemy import register_models

#: Everybody who is somebody: a coroutine would be.
POLICY = """
allow(user, action, thing) if not user = nil and not action = nil and not thing = nil;
allow_field(user, _, _, _) if not user = nil;
allow_request(user, _) if not user = nil;
"""
Question = Callable[[Oso, t.Any], t.Any]


class Base(orm.DeclarativeBase):
    """The models of these tests."""


class Note(Base):
    """A row."""

    __tablename__ = "notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class User:
    """Whose ban is looked up later."""

    async def is_banned(self) -> bool:
        """Tell, once somebody waits."""
        return True

    def __init__(self) -> None:
        self.lent = [self.is_banned()]


class Pending:
    """An object that is awaited, as some database libraries have them."""

    def __await__(self) -> Iterator[None]:
        yield


class Loader:
    """A function that is an object."""

    async def __call__(self) -> None:
        """Find nobody."""


async def load() -> None:
    """Find nobody."""


async def generate() -> t.AsyncIterator[None]:
    """Give nobody, one by one."""
    yield


@types.coroutine
def legacy() -> Iterator[None]:
    """Find nobody, in the older way."""
    yield


def future() -> asyncio.Future[None]:
    """Give what a callback will fill."""
    loop = asyncio.new_event_loop()
    made = loop.create_future()
    loop.close()
    return made


def make_oso(compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.load_str(POLICY)
    register_models(oso, Base)
    return oso


MAKERS: dict[str, Callable[[], t.Any]] = {
    "coroutine": load,
    "legacy": legacy,
    "generator": generate,
    "object": Pending,
    "future": future,
    "partial": functools.partial(load),
    "call": Loader(),
}
QUESTIONS: dict[str, Question] = {
    "is_allowed": lambda oso, given: oso.is_allowed(given, "read", "page"),
    "authorize": lambda oso, given: oso.authorize(given, "read", "page"),
    "authorized_actions": lambda oso, given: oso.authorized_actions(given, "page"),
    "authorized_fields": lambda oso, given: oso.authorized_fields(given, "read", "page"),
    "authorize_field": lambda oso, given: oso.authorize_field(given, "read", "page", "text"),
    "authorize_request": lambda oso, given: oso.authorize_request(given, "request"),
    "query_rule": lambda oso, given: list(oso.query_rule("allow", given, "read", "page")),
    "residual": lambda oso, given: oso.residual(given, "read", Note),
    "authorized_query": lambda oso, given: oso.authorized_query(given, "read", Note),
    "action_columns": lambda oso, given: oso.action_columns(given, Note, ["read"]),
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_actor_that_nobody_awaited_is_refused(
    ask: Question, make: Callable[[], t.Any], compiled: bool
) -> None:
    """No question is answered for one, and Python has nothing to warn of afterwards."""
    oso = make_oso(compiled)

    with pytest.raises(OsoError, match=r"^The actor is an? .*, and not what that gives\. Write"):
        ask(oso, make())


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("role", "ask"),
    [
        ("action", lambda oso, given: oso.is_allowed("ann", given, "page")),
        ("resource", lambda oso, given: oso.is_allowed("ann", "read", given)),
        ("resource", lambda oso, given: oso.authorized_actions("ann", given)),
        ("action", lambda oso, given: oso.authorized_query("ann", given, Note)),
        ("resource", lambda oso, given: oso.actors_query("read", given, Note)),
        ("field", lambda oso, given: oso.authorize_field("ann", "read", "page", given)),
        ("request", lambda oso, given: oso.authorize_request("ann", given)),
    ],
)
def test_other_argument_that_nobody_awaited_is_refused(
    role: str, ask: Question, compiled: bool
) -> None:
    """The message says which one, what it is, and what to write."""
    oso = make_oso(compiled)

    with pytest.raises(OsoError) as caught:
        ask(oso, load())

    assert str(caught.value) == (
        f"The {role} is a coroutine of 'load', and not what that gives. Write 'await' before the"
        f" call that gives the {role}."
    )


def test_awaitable_after_many_decisions_is_refused() -> None:
    """What the compiled rules have learnt of other values, generators among them, is no help."""
    oso = make_oso()
    assert oso.is_allowed((n for n in tuple[int, ...]()), "read", User)

    with pytest.raises(OsoError, match=r"^The actor is a coroutine of 'legacy'"):
        oso.is_allowed(legacy(), "read", "page")


def test_awaitable_of_a_registered_class_is_refused() -> None:
    """An awaitable of a registered class is refused where a rule names the class."""
    oso = Oso()
    oso.register_class(Pending)
    oso.load_str('allow(_: Pending, "read", _);')

    with pytest.raises(OsoError, match=r"^The actor is an awaitable 'Pending', and not"):
        oso.is_allowed(Pending(), "read", "page")


def test_coroutine_in_a_list_is_refused() -> None:
    """A coroutine in a list is refused, whatever else is in the list."""
    oso = make_oso()

    with pytest.raises(OsoError, match=r"^The policy got a coroutine of 'load', and cannot"):
        oso.is_allowed("ann", "read", [1, load()])


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("condition", ["u.is_banned() != true", "not u.is_banned() = true"])
def test_coroutine_that_a_method_gives_is_refused(condition: str, compiled: bool) -> None:
    """A coroutine that a method gives is no answer, which is no reason to let anybody in."""
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.load_str(f'allow(u: User, "read", _) if {condition};')
    user = User()
    user.lent.pop().close()

    with pytest.raises(OsoError) as caught:
        oso.is_allowed(user, "read", "page")

    assert (
        str(caught.value)
        .splitlines()[0]
        .startswith(
            "The policy got a coroutine of 'User.is_banned', and cannot await it. Give the class a"
            " method or an attribute that is not 'async'. at line 1"
        )
    )


@pytest.mark.parametrize("compiled", [True, False])
def test_coroutine_in_an_attribute_is_refused(compiled: bool) -> None:
    """A coroutine in an attribute, or in a list there, is refused."""
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.load_str('allow(u: User, "read", _) if x in u.lent and x != true;')

    with pytest.raises(OsoError, match=r"a coroutine of 'User.is_banned'"):
        oso.is_allowed(User(), "read", "page")


def test_coroutine_that_somebody_awaits_is_left_alone() -> None:
    """Only what has not begun is closed."""
    oso = make_oso()
    begun = pause()
    begun.send(None)

    with pytest.raises(OsoError, match=r"^The actor is a coroutine of 'pause'"):
        oso.is_allowed(begun, "read", "page")

    assert inspect.getcoroutinestate(begun) == inspect.CORO_SUSPENDED
    begun.close()


async def pause() -> None:
    """Wait once."""
    await Pending()  # type: ignore[misc]


def test_explanation_of_a_coroutine_says_so() -> None:
    """A proof is no answer."""
    proof = make_oso().explain(load(), "read", "page")

    assert "The actor is a coroutine of 'load', and not what that gives." in str(proof)
    assert not proof


def test_metaclass_with_every_attribute_makes_nothing_awaitable() -> None:
    """What a class answers for itself says nothing of its objects."""

    class Anything(type):
        def __getattr__(cls, name: str) -> str:
            return name

        def __await__(cls) -> None:
            """Only classes are awaited."""

    thing = Anything("Thing", (), {})()

    assert make_oso().is_allowed(thing, "read", "page")


def test_rows_are_listed_for_an_actor_that_was_awaited() -> None:
    """The check stands in nobody's way."""
    query = make_oso().authorized_query("ann", "read", Note)

    assert isinstance(query, sa.Select)
