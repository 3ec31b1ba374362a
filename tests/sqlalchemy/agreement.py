"""Rows by a statement against rows by ``is_allowed``, for policies and data drawn at random."""

from __future__ import annotations

import collections
import contextlib
import io
import os
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from unittest import mock

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import orm

from flask_oso import OsoError
from flask_oso.polar.exceptions import UnsupportedError
from tests.support.choices import Choices, drawn
from tests.support.models import documents
from tests.support.models.documents import (
    Base,
    Doc,
    Folder,
    Guest,
    Memo,
    Note,
    Plan,
    Role,
    Rows,
    Team,
    User,
    make_oso,
)
from tests.support.sizes import part_of

from .policies import Writer

#: Databases, each with eight policies, and how many questions are asked of them at least.
DATABASES = part_of(60, 8)
PAIRS = 20 * DATABASES
#: The class that the rules of a policy are about, and those whose rows are listed.
TARGETS: dict[type, list[type]] = {
    Doc: [Doc, Doc, Doc, Memo, Plan],
    Folder: [Folder],
    Role: [Role],
    Team: [Team],
    Note: [Note],
    User: [User, documents.Boss],
}


# -- what is drawn -------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A policy, and about whom it is asked.

    :param number: chooses actors and rows among those that there are.
    """

    cls: type
    target: type
    number: int
    policy: str


@dataclass(frozen=True)
class Case:
    """Rows, and questions about them."""

    rows: Rows
    questions: list[Question]

    def _repr_pretty_(self, printer: t.Any, cycle: bool) -> None:
        """Have Hypothesis print what can be read; the disagreement names its policy."""
        printer.text(f"{self.rows} and {len(self.questions)} policies")


def draw_question(choices: Choices) -> Question:
    """Draw a policy and a question."""
    cls = choices.pick([Doc, Doc, Doc, Doc, Folder, Role, Note, Team, User])
    target, number = choices.pick(TARGETS[cls]), choices.below(1_000)
    return Question(cls, target, number, Writer(choices, cls.__name__).policy())


@st.composite
def cases(draw: t.Any, policies: int) -> Case:
    """Draw rows and some policies."""
    choices = drawn(draw)
    rows = documents.draw_rows(choices)
    return Case(rows, [draw_question(choices) for _ in range(1 + choices.below(policies))])


# -- comparing -----------------------------------------------------------------------


class Tally(collections.Counter[str]):
    """What came of the pairs of a policy and an actor, and of their rows.

    ``uncertain`` is a row that a statement leaves out since one of its related rows makes the
    policy raise, while a decision may come upon another one first; and one whose decision takes
    longer than the time limit.
    """


class Disagreement(AssertionError):
    """A row that is in a list, or not, against the decision."""


def assert_agreement(tally: Tally) -> None:
    """Check that as much was compared as promised, and that few policies were refused."""
    answered = tally["pairs"] - tally["refused"] - tally["raised"]
    assert tally["pairs"] >= PAIRS
    assert answered > 0.9 * tally["pairs"]
    assert tally["agreed"] > 2 * answered
    assert tally["agreed"] / 10 < tally["allowed"] < tally["agreed"] / 2
    assert tally["uncertain"] < tally["agreed"] / 100


def search(
    engine: sa.Engine, begin: int, examples: int, policies: int = 8, pairs: int = 0
) -> Tally:
    """Compare lists with decisions, for so many databases with some policies each.

    What Hypothesis draws depends on the modules that are imported, so further databases are drawn
    until there were so many pairs of a list and a check.

    :raises Disagreement: with the smallest example that Hypothesis finds.
    """
    tally = Tally()
    Base.metadata.create_all(engine)
    # A few lists are refused only when their time is over, and that is no reason to wait.
    patience = mock.patch.dict(os.environ, {"POLAR_TIMEOUT_MS": "2000"})
    try:
        with patience:
            _search_from(engine, begin, examples, policies, tally)
            while tally["pairs"] < pairs:
                begin += 1_000
                _search_from(engine, begin, max(1, examples // 8), policies, tally)
    finally:
        Base.metadata.drop_all(engine)
    return tally


def _search_from(engine: sa.Engine, begin: int, examples: int, policies: int, tally: Tally) -> None:
    @seed(begin)
    @settings(
        max_examples=examples,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(case=cases(policies))
    def look(case: Case) -> None:
        compare(engine, case, tally)

    look()


def compare(engine: sa.Engine, case: Case, tally: Tally) -> None:
    """Ask the questions of a case, row by row and in one statement."""
    # Policies print what they compare.
    with engine.connect() as connection, contextlib.redirect_stdout(io.StringIO()):
        documents.insert(connection, case.rows)
        with orm.Session(connection, autoflush=False) as session:
            for question in case.questions:
                _Asker(session, question, tally).ask()
        connection.rollback()


class _Asker:
    """Asks about one policy."""

    def __init__(self, session: orm.Session, question: Question, tally: Tally) -> None:
        self._session = session
        self._question = question
        self._tally = tally
        self._oso = make_oso(question.policy)

    def ask(self) -> None:
        """Ask for lists of rows and of users, for an alias, and for columns."""
        users = self._all(User)
        # What is prepared for one user, or row, is used for the other.
        for actor in self._two(users):
            self._list(actor)
        self._list(self._other_actor(users))
        self._list_alias(users[0])
        self._columns(users[-1])
        for row in self._two(self._all(self._question.target)):
            self._list_actors(row)

    def _all(self, cls: t.Any) -> list[t.Any]:
        return list(self._session.scalars(sa.select(cls)))

    def _two(self, options: list[t.Any]) -> list[t.Any]:
        at = self._question.number % len(options) if options else 0
        return (options[at:] + options[:at])[:2]

    def _other_actor(self, users: list[t.Any]) -> t.Any:
        """Give an actor that is no user."""
        roles, teams = self._all(Role)[:2], self._all(Team)[:2]
        others = [Guest(roles, teams), Guest([], []), self._all(Doc)[0], None, "reader", 1]
        return others[self._question.number % len(others)]

    def _list(self, actor: t.Any) -> None:
        target = self._question.target
        query = self._made(lambda: self._oso.authorized_query(actor, "read", target))
        if query is not None:
            found = set(self._session.scalars(query))
            for row in self._all(target):
                self._judge(actor, "read", row, row in found, query)

    def _list_alias(self, actor: t.Any) -> None:
        alias: t.Any = orm.aliased(self._question.target)
        query = self._made(lambda: self._oso.authorized_query(actor, "edit", alias))
        if query is not None:
            found = set(self._session.scalars(query))
            for row in self._all(self._question.target):
                self._judge(actor, "edit", row, row in found, query)

    def _columns(self, actor: t.Any) -> None:
        target = self._question.target
        actions = ["read", "edit"]
        columns = self._made(lambda: self._oso.action_columns(actor, target, actions))
        if columns is not None:
            query = sa.select(target, *columns.values())
            for row, *answers in self._session.execute(query):
                for action, answer in zip(actions, answers, strict=True):
                    self._judge(actor, action, row, answer, query)

    def _list_actors(self, row: t.Any) -> None:
        query = self._made(lambda: self._oso.actors_query("read", row, User))
        if query is not None:
            found = set(self._session.scalars(query))
            for user in self._all(User):
                self._judge(user, "read", row, user in found, query)

    def _made(self, make: Callable[[], t.Any]) -> t.Any:
        self._tally["pairs"] += 1
        try:
            return make()
        except UnsupportedError:
            self._tally["refused"] += 1
        except OsoError:
            # What is known makes the policy raise, whatever the row.
            self._tally["raised"] += 1
        return None

    def _judge(self, actor: t.Any, action: str, row: t.Any, is_found: bool, query: t.Any) -> None:
        verdict = self._verdict(actor, action, row, is_found)
        self._tally[verdict] += 1
        if verdict in ("one too many", "missing"):
            raise Disagreement(
                f"{verdict}: {_name(row)} for {_name(actor)} to {action}\n"
                f"{self._question.policy}\n{query}"
            )

    def _verdict(self, actor: t.Any, action: str, row: t.Any, is_found: bool) -> str:
        assert type(is_found) is bool
        try:
            is_allowed = self._oso.is_allowed(actor, action, row)
        except OsoError as error:
            if str(error).startswith("Query timeout"):
                # It says nothing about the row: this machine is busy.
                return "uncertain"
            return "one too many" if is_found else "agreed"
        if is_found is is_allowed:
            self._tally["allowed"] += is_allowed
            return "agreed"
        if is_found:
            return "one too many"
        try:
            list(self._oso.query_rule("allow", actor, action, row))
        except OsoError:
            return "uncertain"
        return "missing"


def _name(thing: t.Any) -> str:
    state: t.Any = sa.inspect(thing, raiseerr=False)
    key = getattr(state, "identity", None)
    return repr(thing) if key is None else f"{type(thing).__name__} {key}"
