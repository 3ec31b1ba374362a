"""How pages are measured: compared first, then each way to guard them in turn.

In goes an engine with filled tables; out come, for each page and each way, microseconds and
statements of a request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import orm

from ..contenders import HAND, OURS, Workload
from ..timing import Effort, measure
from .application import (
    ByHand,
    ByPolicy,
    ByPolicyEach,
    Guard,
    Unguarded,
    client_of,
    make_app,
    page,
)
from .by_hand import readable_tasks
from .models import Task, User
from .rows import MEMBER_OF_ALL, PROJECTS

UNGUARDED, EACH = "unguarded", "row by row"
EFFORT = Effort(budget=2.0, batch=0.02, rounds=3)
QUICK = Effort(budget=0.2, batch=0.005, rounds=2)
#: How many times the page by hand may go into ours.
GOAL = 2.0
#: How many milliseconds more than that by hand the first request of an application may take.
GOAL_OF_FIRST = 150.0
#: How many applications have their first request timed.
_FIRST_ROUNDS = 3
#: Who asks, and the scopes of the token; all where it names none.
_USERS = ((1, ""), (2, ""), (6, "read comment"))
#: Parts of all tasks, for the pages of some.
_PARTS = (0.99, 0.8, 0.6, 0.4, 0.2, 0.01)

Request = tuple[str, int, str]
_Get = Callable[[str, int, str], str]


@dataclass(frozen=True)
class Measured:
    """What one page costs: times in microseconds, and statements, of a request.

    :param is_first: whether it is the first request of an application.
    """

    title: str
    times: Mapping[str, float]
    statements: Mapping[str, float]
    is_first: bool = False

    @property
    def ratio(self) -> float:
        return self.times[OURS] / self.times[HAND]

    @property
    def more(self) -> float:
        """The milliseconds that ours takes more."""
        return (self.times[OURS] - self.times[HAND]) / 1000

    @property
    def is_met(self) -> bool:
        """Whether it is as fast as it should be."""
        return self.more <= GOAL_OF_FIRST if self.is_first else self.ratio <= GOAL


class DisagreementError(Exception):
    """A page by the policy is another than the page by hand."""


def measure_pages(engine: sa.Engine, tasks: int, effort: Effort = EFFORT) -> list[Measured]:
    """Compare and time the pages.

    :param tasks: how many there are.
    :raises DisagreementError: if they show something else.
    """
    guards: dict[str, Guard] = {
        HAND: ByHand(),
        OURS: ByPolicy(),
        EACH: ByPolicyEach(),
        UNGUARDED: Unguarded(),
    }
    gets = {name: client_of(make_app(engine, guard)) for name, guard in guards.items()}
    one_page = {name: get for name, get in gets.items() if name != EACH}
    shown = next(each for each in _details(tasks) if gets[HAND](*each).startswith("200"))
    return [
        _measured(engine, "list of 50 tasks with buttons", gets, _lists(), effort),
        _measured(engine, "a task with its comments", one_page, _details(tasks), effort),
        _measured(engine, "a project, for a member of 100", one_page, _projects(), effort),
        _statement(engine, effort),
        _first("first request: the list", engine, ("/tasks", 1, "")),
        _first("first request: a task", engine, shown),
    ]


def _lists() -> list[Request]:
    return [("/tasks", user, scopes) for user, scopes in _USERS]


def _details(tasks: int) -> list[Request]:
    numbers = [max(1, int(tasks * part)) for part in _PARTS]
    return [(f"/tasks/{number}", user, scopes) for number in numbers for user, scopes in _USERS]


def _projects() -> list[Request]:
    numbers = range(1, PROJECTS + 1, 33)
    return [(f"/projects/{number}", user, "") for number in numbers for user in (MEMBER_OF_ALL, 1)]


def _measured(
    engine: sa.Engine,
    title: str,
    gets: Mapping[str, _Get],
    requests: Sequence[Request],
    effort: Effort,
) -> Measured:
    check_pages(gets, requests)
    times = measure(Workload(title, title, GOAL, requests, gets), effort)
    return Measured(
        title,
        {name: time.best for name, time in times.items()},
        {name: count_statements(engine, get, requests) for name, get in gets.items()},
    )


def check_pages(gets: Mapping[str, _Get], requests: Sequence[Request]) -> None:
    """Compare the pages of the policy with those by hand.

    :raises DisagreementError: if one shows something else.
    """
    for name in gets.keys() - {HAND, UNGUARDED}:
        for request in requests:
            found, expected = gets[name](*request), gets[HAND](*request)
            if found != expected:
                raise DisagreementError(
                    f"{name} and {HAND} differ about {request}:\n{found}\n\n{expected}"
                )


def count_statements(engine: sa.Engine, get: _Get, requests: Sequence[Request]) -> float:
    """Count the statements of a request, as a mean of some."""
    with _noted(engine) as statements:
        for request in requests:
            get(*request)
    return len(statements) / len(requests)


@contextmanager
def _noted(engine: sa.Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def _statement(engine: sa.Engine, effort: Effort) -> Measured:
    """Measure making the statement of the list, without its buttons."""
    policy = ByPolicy().policy
    with orm.Session(engine) as session:
        users = [(session.get_one(User, number),) for number, _ in _USERS]
        for (user,) in users:
            # What a page by hand has read when it makes the statement.
            _ = user.memberships, user.team_memberships, user.project_memberships, user.invitations
        makers = {
            HAND: lambda user: page(readable_tasks(user)),
            OURS: lambda user: page(policy.authorized_query(user, "read", Task)),
        }
        times = measure(Workload("statement", "", GOAL, users, makers), effort)
    return Measured(
        "making the statement of the list",
        {name: time.best for name, time in times.items()},
        dict.fromkeys(times, 0.0),
    )


def _first(title: str, engine: sa.Engine, request: Request) -> Measured:
    """Measure the first request of an application, by the clock of the process.

    The policy is loaded before, and what SQLAlchemy compiles for other applications is there.
    """
    makers: Mapping[str, Callable[[], Guard]] = {HAND: ByHand, OURS: ByPolicy}
    times: dict[str, float] = {}
    for _ in range(_FIRST_ROUNDS):
        for name, make in makers.items():
            get = client_of(make_app(engine, make()))
            start = time.process_time()
            get(*request)
            took = (time.process_time() - start) * 1_000_000
            times[name] = min(took, times.get(name, took))
    return Measured(title, times, dict.fromkeys(times, 0.0), is_first=True)
