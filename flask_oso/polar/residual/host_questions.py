"""What a template asks of Python objects: attributes, methods, constants, comparisons of them.

A template is made once, and its questions are asked for each list, in the order of the policy.
``Recorder`` asks them for the first time and notes the answers; ``Replay`` asks them again. Where
the search went on by an answer, such as whether an object is equal to another, the answer is part
of the way through the questions (``Answer.way``). Other answers are ``Given`` values, which stand
in conditions like columns.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import functools
import typing as t
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..exceptions import OsoError
from ..host.conversion import follow, result_to_term, to_python
from ..limits import Limits
from ..nodes import Instance, Unknown, Value, is_ground, parts, with_parts
from ..solver.machine import KnowledgeBase
from ..solver.solver import Solver
from ..traversal import fold
from .algebra.ir import Column, KnownRow, Literal
from .algebra.schema import Schema, ValueKind
from .symbolic_terms import Given, SymbolicRow


@dataclass(frozen=True, eq=False)
class HostQuestion:
    """One question to Python objects.

    :param terms: about which terms; a ``Given`` among them stands for an earlier answer.
    :param run: asks it, given the state of a replay and the terms.
    :param is_movable: whether it depends on nothing of earlier answers but the terms, so that
        another search may ask it.
    """

    terms: tuple[t.Any, ...]
    run: Callable[[Replay, tuple[t.Any, ...]], Answer]
    is_movable: bool = True


class Answer(t.NamedTuple):
    """An answer.

    :param way: what the search depends on.
    :param values: terms on which it does not depend.
    """

    way: t.Any
    values: Sequence[t.Any] = ()


#: The way of a question that raised.
RAISED = object()
#: What each clock has answered, such as ``Datetime.now()``: within one statement it is one moment.
Moments = dict[t.Any, t.Any]


class Replay:
    """Questions that are asked one after another.

    :param objects: the objects that placeholder rows stand for.
    :param moments: what clocks have answered for the same statement.
    """

    def __init__(
        self,
        program: KnowledgeBase,
        limits: Limits | None,
        objects: Mapping[KnownRow, t.Any],
        moments: Moments,
    ) -> None:
        self.program = program
        self._limits = limits
        self.objects = objects
        self.moments = moments
        self.values: list[t.Any] = []
        self.runs: list[Iterator[dict[str, t.Any]]] = []

    @functools.cached_property
    def limits(self) -> Limits:
        """The limits of the questions, which begin with the first one."""
        return Limits() if self._limits is None else self._limits

    def ask(self, question: HostQuestion) -> Answer:
        """Ask a question; keep the values of the answer."""
        answer = question.run(self, tuple(map(self.actual, question.terms)))
        self.values.extend(answer.values)
        return answer

    def actual(self, term: t.Any) -> t.Any:
        """Return a term with the values that it has now."""
        return fold(term, self._look, with_parts)

    def _look(self, term: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
        term = follow(term)
        if type(term) is Given:
            return self.values[term.number], ()
        if isinstance(term, SymbolicRow) and isinstance(term.row, KnownRow):
            found = self.objects.get(term.row)
            # An object that was given stands for no argument.
            number = term.row.value.value - FIRST_GIVEN
            return self.values[number] if found is None else Instance(found), ()
        return term, () if is_ground(term) or type(term) is Unknown else parts(term)


class Journal:
    """What the outcome of a part of a search depends on.

    :param questions: the numbers of questions.
    :param columns: the columns that were read, of any row.
    """

    def __init__(self) -> None:
        self.questions: dict[int, None] = {}
        self.columns: dict[Column, None] = {}

    def add(self, other: Journal) -> None:
        """Note what another part depends on, on whose outcome this one does."""
        self.questions |= other.questions
        self.columns |= other.columns


class Recorder:
    """Asks the questions of a search, and notes them.

    :param way: the questions and their ways, in order.
    :param columns: the columns that the search has read, of any row.
    :param values_of: the numbers of the values of each question.
    :param given: how many values the arguments of the question are.
    """

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self.columns: dict[Column, None] = {}
        self.way: list[tuple[HostQuestion, t.Any]] = []
        self.values_of: list[range] = []
        self.given = len(replay.values)
        self._journals: list[Journal] = []

    @contextlib.contextmanager
    def noting(self) -> Iterator[Journal]:
        """Note what the outcome of a part of the search depends on; ``depend_on`` uses it."""
        journal = Journal()
        self._journals.append(journal)
        try:
            yield journal
        finally:
            self._journals.pop()

    def depend_on(self, journal: Journal) -> None:
        """Note that an outcome was used that depends on what a journal says."""
        if self._journals:
            self._journals[-1].add(journal)

    def depend_on_value(self, given: Given) -> None:
        """Note that a value was used for which an earlier question has asked."""
        asked = (n for n, values in enumerate(self.values_of) if given.number in values)
        if self._journals:
            self._journals[-1].questions.update(dict.fromkeys(asked))

    def read(self, column: Column) -> None:
        """Note that the search has read a column."""
        self.columns[column] = None
        if self._journals:
            self._journals[-1].columns[column] = None

    def ask(
        self,
        terms: tuple[t.Any, ...],
        run: Callable[[Replay, tuple[t.Any, ...]], Answer],
        *,
        is_movable: bool = True,
    ) -> tuple[t.Any, list[Given]]:
        """Ask a question; return its way, and its values as terms."""
        question, first = HostQuestion(terms, run, is_movable), len(self._replay.values)
        if self._journals:
            self._journals[-1].questions[len(self.way)] = None
        # What raises ends the record: the search then goes on without a template.
        self.way.append((question, RAISED))
        self.values_of.append(range(0))
        answer = self._replay.ask(question)
        self.way[-1] = question, answer.way
        numbers = self.values_of[-1] = range(first, first + len(answer.values))
        return answer.way, [*map(Given, numbers)]

    def value(self, given: Given) -> t.Any:
        """Return the term that a value is at the moment."""
        return self._replay.values[given.number]

    def known(self, given: Given) -> t.Any:
        """Return the class of a value as an argument; the search then depends on it."""
        self.ask((given,), lambda _, terms: Answer(_class_of(terms[0])))
        return self.value(given)

    def class_of_row(self, given: Given, models: Schema) -> type | None:
        """Return the class of a value that is a row, on which the search then depends."""

        def ask(_: Replay, terms: tuple[t.Any, ...]) -> Answer:
            cls = type(terms[0].value) if isinstance(terms[0], Instance) else None
            return Answer(None if cls is None or models.model(cls) is None else cls)

        return t.cast(type | None, self.ask((given,), ask)[0])

    def decided(self, given: Given) -> t.Any:
        """Return a text or a number as it is, on which the search then depends; else the value."""
        self.ask((given,), lambda _, terms: Answer(_plain_value(terms[0])))
        value = self.value(given)
        return value if type(value) is Value else given

    def same_as(self, given: Given, others: Sequence[Given]) -> Given:
        """Return which of other values is the same object as this one; this one, if none is."""

        def ask(replay: Replay, terms: tuple[t.Any, ...]) -> Answer:
            mine = _object(terms[0])
            known = enumerate(map(replay.values.__getitem__, numbers))
            return Answer(next((n for n, each in known if _object(each) is mine), None))

        numbers = [other.number for other in others]
        place, _ = self.ask((given,), ask, is_movable=False)
        return given if place is None else others[place]

    def solve(self, goal: t.Any) -> int:
        """Begin to solve a goal of known terms; return the number of the run."""
        number = len(self._replay.runs)

        def begin(replay: Replay, terms: tuple[t.Any, ...]) -> Answer:
            replay.runs.append(Solver(replay.program, replay.limits).solve(terms[0]))
            return Answer(None)

        self.ask((goal,), begin, is_movable=False)
        return number

    def next_solution(self, run: int, names: Sequence[str]) -> dict[str, Given] | None:
        """Return the next solution of a run; ``None`` if there is none."""

        def ask(replay: Replay, _: tuple[t.Any, ...]) -> Answer:
            found = next(replay.runs[run], None)
            if found is None:
                return Answer(False)
            bound = [name for name in names if name in found]
            values = [result_to_term(found[name]) for name in bound]
            if not all(map(is_ground, values)):
                raise OsoError("A solution leaves a variable unbound.")
            return Answer(tuple(bound), values)

        way, values = self.ask((), ask, is_movable=False)
        return None if way is False else dict(zip(way, values, strict=True))


def _object(term: t.Any) -> t.Any:
    return term.value if isinstance(term, Instance) else term


def _class_of(term: t.Any) -> t.Any:
    return type(term.value) if isinstance(term, Instance) else type(term)


def _plain_value(term: t.Any) -> t.Any:
    return (type(term.value), term.value) if type(term) is Value else type(term)


@dataclass(frozen=True, slots=True)
class GivenValue:
    """A value of the host that stands in a condition, as the only column of a row."""

    value: t.Any


class Placeholder(int):
    """What a row stands for: the position of an argument, or ``FIRST_GIVEN`` and a number."""


#: The placeholder of the first value that is read from an object.
FIRST_GIVEN = 1_000


def given_row(cls: type, number: int) -> KnownRow:
    """Return the row for a value, or for an object with columns of its own."""
    return KnownRow(cls, Literal(Placeholder(FIRST_GIVEN + number)))


def given_object(row: KnownRow, values: Sequence[t.Any]) -> t.Any:
    """Return what such a row stands for."""
    value = to_python(values[row.value.value - FIRST_GIVEN], str)
    return GivenValue(value) if row.cls is GivenValue else value


#: The types of values that may be filled in, by the kind of the column.
FILLABLE: dict[ValueKind, type | None] = {
    ValueKind.BOOLEAN: bool,
    ValueKind.INTEGER: int,
    ValueKind.FLOAT: float,
    ValueKind.TEXT: str,
    ValueKind.DECIMAL: decimal.Decimal,
    ValueKind.DATE: datetime.date,
    ValueKind.DATETIME: datetime.datetime,
    ValueKind.ZONED: datetime.datetime,
    ValueKind.TIME: datetime.time,
    ValueKind.UUID: uuid.UUID,
    # Of one of the types of its members.
    ValueKind.ENUM: None,
}
#: The types of the elements of a list that is read as one value.
LISTED = frozenset({type(None), *(each for each in FILLABLE.values() if each is not None)})
