"""Unification with symbolic terms: the result is the condition under which two terms are equal.

Variables are bound as in the solver. Two rows are equal if they are the same row; a row equals an
object if loading the row gives this object. A goal without symbolic terms goes to the solver.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterator, Sequence

from ..host import numbers
from ..host.conversion import follow, result_to_term, to_python
from ..host.value_classes import differs_from_data
from ..nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Term,
    Unknown,
    Value,
    Variable,
    is_ground,
    parts,
    with_parts,
)
from ..solver.solver import Solver
from ..traversal import fold, walk
from .algebra.ir import (
    FALSE,
    ITSELF,
    TRUE,
    Column,
    Constant,
    Exists,
    IsObject,
    Literal,
    Not,
    RowCondition,
    RowPath,
    SameLink,
    SameRow,
    ToOne,
    Unlinked,
    is_nullable,
    rows_of,
)
from .algebra.outcomes import FAILURE, SUCCESS, SearchOutcome
from .algebra.refusals import NotTranslatable
from .algebra.schema import Field, Link
from .algebra.simplify import conjunction, disjunction, negation, where_rows_exist
from .database_semantics import column_equality, equals_plainly, is_null, value_equality
from .host_questions import Recorder
from .search import Branches, ClauseFrame, GoalResult, HostError, Search, has_object
from .symbolic_terms import (
    SYMBOLIC,
    Given,
    SymbolicRecord,
    SymbolicRow,
    SymbolicRows,
    SymbolicTruth,
    SymbolicValue,
    has_unknown_rows,
)


class EquationSolver:
    """Unifies terms of one search, and asks the solver for solutions of what is known."""

    def __init__(self, search: Search) -> None:
        self._search = search

    # -- unification ----------------------------------------------------------------------

    def solve_unify(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        """Solve ``a = b``."""
        goal, frame = payload
        return self.unified(*(self._search.operand(arg, frame) for arg in goal.args))

    def solve_assign(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        """Solve ``a := b``."""
        goal, frame = payload
        target, value = (self._search.operand(arg, frame) for arg in goal.args)
        is_free = type(target) is Unknown and target not in self._search.aliased
        if not is_free or target.constraints:
            # A check raises here.
            raise self._search.refusal("`:=` assigns to a variable that is bound", "Write `=`.")
        return self.unified(target, value)

    def unified(self, left: t.Any, right: t.Any) -> GoalResult:
        """Unify two terms; return the result of a handler."""
        found = self.unify(left, right)
        return found.holds.value if isinstance(found.holds, Constant) else found

    def unify_later(self, payload: tuple[t.Any, t.Any, Term]) -> GoalResult:
        """Unify two terms, as a goal of its own."""
        left, right, self._search.goal = payload
        return self.unified(left, right)

    def unify(self, left: t.Any, right: t.Any) -> SearchOutcome:
        """Bind variables, and return when two terms are then equal."""
        found: list[SearchOutcome] = []
        pairs = [(left, right)]
        while pairs:
            left, right = (follow(side) for side in pairs.pop())
            if left is right:
                continue
            if type(left) is Unknown:
                self._search.bind(left, right)
            elif type(right) is Unknown:
                self._search.bind(right, left)
            elif type(left) is Value and type(right) is Value:
                if not numbers.equal_scalars(left.value, right.value):
                    return FAILURE
            elif self._search.is_known(left) and self._search.is_known(right):
                if not self._unify_known(left, right, pairs):
                    return FAILURE
            elif isinstance(left, SYMBOLIC) or isinstance(right, SYMBOLIC):
                equal = self.equation(left, right)
                if equal.holds == FALSE:
                    return FAILURE
                found.append(equal)
            elif not self._unify_parts(left, right, pairs):
                return FAILURE
        if len(found) == 1:
            return found[0]
        return SearchOutcome(
            conjunction(*(each.holds for each in found)),
            missing=disjunction(*(each.missing for each in found)),
        )

    def _unify_known(self, left: t.Any, right: t.Any, pairs: list[t.Any]) -> bool:
        if self._search.is_closed(left) and self._search.is_closed(right):
            return self._search.equal(left, right)
        if type(left) is Given or type(right) is Given:
            raise self._search.refusal("a list of unknown length", "Write the list out.")
        if type(left) is Instance or type(right) is Instance:
            # An object is asked; a list whose rest is open is an error.
            return self._search.equal(left, right)
        return self._unify_parts(left, right, pairs)

    def _unify_parts(self, left: t.Any, right: t.Any, pairs: list[t.Any]) -> bool:
        if type(left) is not type(right) or type(left) not in (List, Dictionary):
            self._check_told(left, right)
            self._check_told(right, left)
            return False
        if type(left) is Dictionary:
            if [key for key, _ in left.fields] != [key for key, _ in right.fields]:
                return False
        elif left.rest is not None or right.rest is not None:
            raise self._search.refusal("a list of unknown length", "Write the list out.")
        mine, other = parts(left), parts(right)
        if len(mine) != len(other):
            return False
        pairs.extend(zip(mine, other, strict=True))
        return True

    def _check_told(self, one: t.Any, other: t.Any) -> None:
        """Refuse an object that may equal a list or a dictionary with columns all the same."""
        if type(one) is not Instance or type(other) not in (List, Dictionary):
            return
        has_rest = type(other) is List and other.rest is not None
        if has_rest or not differs_from_data(type(one.value)):
            raise self._search.refusal(
                "an object that is compared with a list of columns", "Compare what it has."
            )

    def equation(self, left: t.Any, right: t.Any) -> SearchOutcome:
        """Return when two terms are equal, at least one of which is symbolic."""
        as_column = functools.partial(self._search.as_column, is_refusable=False)
        left, right = as_column(left, right), as_column(right, left)
        if isinstance(left, SymbolicRow) and isinstance(right, SymbolicRow):
            return self._same_rows(left.row, right.row)
        return SearchOutcome(self._condition(left, right))

    def _condition(self, left: t.Any, right: t.Any) -> RowCondition:
        if not isinstance(left, SYMBOLIC) or type(left) is Given:
            left, right = right, left
        if type(left) is Given:
            raise NotTranslatable("two values of objects", "Compare them in a rule of their own.")
        if isinstance(right, SymbolicRecord):
            left, right = right, left
        if isinstance(left, SymbolicRow):
            return self._same_row(left.row, right)
        if isinstance(right, SymbolicRow):
            return self._same_row(right.row, left)
        if isinstance(left, SymbolicValue) and isinstance(right, SymbolicValue):
            condition = column_equality(left.operand, right.operand)
            return where_rows_exist(condition, rows_of(left.operand, right.operand))
        if isinstance(left, SymbolicTruth) or isinstance(right, SymbolicTruth):
            return self._same_truth(left, right)
        if isinstance(left, SymbolicRows) or isinstance(right, SymbolicRows):
            raise NotTranslatable(
                "a relation to many rows cannot be compared",
                "Ask with `in`: `_ in x.rows` where there are rows, and `not _ in x.rows` where"
                " there are none.",
            )
        if isinstance(left, SymbolicRecord):
            if isinstance(right, SYMBOLIC) or self.value(right) is not None:
                raise NotTranslatable(
                    "an object that is made of columns can be compared with nil",
                    "Compare its attributes.",
                )
            return self.record_is_nil(left)
        condition = value_equality(left.operand, self.value(right))
        return where_rows_exist(condition, rows_of(left.operand))

    def record_is_nil(self, term: SymbolicRecord) -> RowCondition:
        """Return the condition that an object that is made of columns is nil."""
        if not term.record.may_be_nil:
            return FALSE
        members = self._search.model(term.row.cls).members
        columns = [
            Column(term.row, name, t.cast(Field, members[name]))
            for name in term.record.columns.values()
        ]
        return where_rows_exist(conjunction(*map(is_null, columns)), [term.row])

    def _same_truth(self, left: t.Any, right: t.Any) -> RowCondition:
        if not isinstance(left, SymbolicTruth):
            left, right = right, left
        if isinstance(right, Value) and type(right.value) is bool:
            return t.cast(RowCondition, left.condition if right.value else negation(left.condition))
        if not isinstance(right, SYMBOLIC) and self.value(right) is None:
            return FALSE
        raise NotTranslatable("a condition can be compared with true and false", "Write it alone.")

    def value(self, term: t.Any) -> t.Any:
        """Return a known term as a Python value."""
        if not self._search.is_closed(term) or has_unknown_rows(term):
            raise NotTranslatable(
                "a column cannot be compared with this", "Compare it with a value."
            )
        return to_python(term, str)

    def _same_row(self, row: RowPath, other: t.Any) -> RowCondition:
        if isinstance(other, SymbolicRows):
            raise NotTranslatable("a relation to many rows is no row", "Ask with `in`.")
        if isinstance(other, SymbolicValue | SymbolicTruth):
            # A row and a value are equal only where both are nil.
            model = self._search.model(row.cls)
            if model.own_equality is not None or model.shares_equality:
                raise _own_equality(model.own_equality or row.cls)
            operand_ = other.operand if isinstance(other, SymbolicValue) else None
            if operand_ is None or not isinstance(row, ToOne) or not is_nullable(operand_):
                return FALSE
            raise NotTranslatable("a row and a column cannot be compared", "Compare two columns.")
        value = self.value(other)
        if value is None:
            return self._missing(row)
        self._check_equality(row, value)
        if type(value) not in self._search.classes_of(row):
            if self._search.model(row.cls).shares_equality and not equals_plainly(value):
                raise _own_equality(type(value))
            return FALSE
        return where_rows_exist(IsObject(row, (Literal(value),)), [row])

    def _check_equality(self, row: RowPath, value: t.Any) -> None:
        own = self._search.model(row.cls).own_equality
        model = self._search.schema.model(type(value))
        if own is None and model is not None:
            own = model.own_equality
        elif own is None and not equals_plainly(value):
            own = type(value)
        if model is not None and model.shares_equality and not self._search.schema.has_key(value):
            # An object without a key compares by its own `__eq__`, and never by key.
            own = type(value)
        if own is not None:
            raise _own_equality(own)

    def _missing(self, row: RowPath) -> RowCondition:
        if not isinstance(row, ToOne):
            return FALSE
        return where_rows_exist(Not(Exists(row, TRUE)), [row.owner])

    def _same_rows(self, left: RowPath, right: RowPath) -> SearchOutcome:
        """Return when two rows are the same, or both are missing.

        Two foreign keys say it without the rows: equal ones lead to the same row, or both to
        none. Only a negation then has to know whether there is a row with each.
        """
        if left == right:
            return SUCCESS
        models = self._search.model(left.cls), self._search.model(right.cls)
        own = models[0].own_equality or models[1].own_equality
        if own is not None:
            raise _own_equality(own)
        shares = models[0].shares_equality and models[1].shares_equality
        if shares and not set(self._search.classes_of(left)) & set(self._search.classes_of(right)):
            raise _own_equality(left.cls)
        same: RowCondition = FALSE
        links = self._link(left), self._link(right)
        have_keys = [link is not None and link.has_key for link in links]
        if set(self._search.classes_of(left)) & set(self._search.classes_of(right)):
            same = where_rows_exist(SameRow(left, right), [left, right])
            if all(have_keys) and left.cls is right.cls:
                left, right = t.cast(ToOne, left), t.cast(ToOne, right)
                same = where_rows_exist(SameLink(left, right), [left.owner, right.owner])
        missing = conjunction(self._missing(left), self._missing(right))
        if not any(have_keys):
            return SearchOutcome(disjunction(same, missing))
        neither = conjunction(*map(self._unlinked, (left, right), links))
        # Two keys that are nil are known to be equal: a negation of a negation keeps them. Only
        # a key that leads to no row is in doubt.
        dangling = conjunction(missing, negation(neither))
        return SearchOutcome(disjunction(same, neither), missing=dangling)

    def _link(self, row: RowPath) -> Link | None:
        """Return the link at the end of which a row is."""
        if not isinstance(row, ToOne) or row.relation == ITSELF:
            return None
        return t.cast(Link, self._search.model(row.owner.cls).members[row.relation])

    def _unlinked(self, row: RowPath, link: Link | None) -> RowCondition:
        """Return the condition that a relation is nil, as far as its foreign key says so."""
        if link is None or not link.has_key:
            return self._missing(row)
        if link.is_required:
            return FALSE
        row = t.cast(ToOne, row)
        return where_rows_exist(Unlinked(row), [row.owner])

    # -- what is known --------------------------------------------------------------------

    def ask(self, goal: t.Any) -> GoalResult:
        """Have the solver solve a goal without symbolic terms."""
        unknowns: dict[str, Unknown] = {}
        question = fold(goal, _look_for_variables(unknowns), with_parts)
        self._search.aliased.update(unknowns.values())
        recorder = self._search.recorder
        is_free = not isinstance(goal, Call) and not any(
            has_object(each) or isinstance(each, SYMBOLIC) for each in walk([goal], parts)
        )
        if recorder is not None and not is_free:
            return self._ask_objects(recorder, question, unknowns)
        solutions = Solver(self._search.program, self._search.limits).solve(question)
        if not unknowns:
            with self._search.asking():
                is_solved = next(solutions, None) is not None
            # A negation must not overlook an error after the first success, nor a goal behind: a
            # check comes back here where that fails.
            is_all = self._search.needs_all or self._search.goals is not None
            if is_solved and is_all:
                return self._searched_on(solutions)
            return is_solved
        return Branches(self._solutions(solutions, unknowns))

    def has_solution(self, goal: t.Any) -> bool:
        """Have the solver tell whether a goal without symbolic terms has a solution.

        :raises HostError: if a check raises here.
        """
        question, recorder = fold(goal, _look_for_variables({}), with_parts), self._search.recorder
        with self._search.asking():
            if recorder is not None:
                return recorder.next_solution(recorder.solve(question), ()) is not None
            solutions = Solver(self._search.program, self._search.limits).solve(question)
            return next(solutions, None) is not None

    def _ask_objects(
        self, recorder: Recorder, question: t.Any, unknowns: dict[str, Unknown]
    ) -> GoalResult:
        """Have the solver solve a goal with objects, for a template."""
        with self._search.asking():
            run = recorder.solve(question)
        if unknowns:
            return Branches(self._recorded(recorder, run, unknowns))
        with self._search.asking():
            is_solved = recorder.next_solution(run, ()) is not None
            while is_solved and self._search.needs_all:
                if recorder.next_solution(run, ()) is None:
                    break
        return is_solved

    def _recorded(
        self, recorder: Recorder, run: int, unknowns: dict[str, Unknown]
    ) -> Iterator[Callable[[], GoalResult]]:
        def alternative(solution: dict[str, Given]) -> Callable[[], GoalResult]:
            def take() -> bool:
                for name, value in solution.items():
                    if not self.unified(unknowns[name], self._search.given(value)):
                        return False
                return True

            return take

        while True:
            with self._search.asking():
                solution = recorder.next_solution(run, list(unknowns))
            if solution is None:
                return
            yield alternative(solution)

    def _searched_on(self, solutions: Iterator[t.Any]) -> SearchOutcome:
        """Search on after a success, for errors."""
        try:
            with self._search.asking():
                for _ in solutions:
                    pass
        except HostError:
            return SearchOutcome(TRUE, fails_later=TRUE)
        return SUCCESS

    def _solutions(
        self, solutions: Iterator[dict[str, t.Any]], unknowns: dict[str, Unknown]
    ) -> Iterator[Callable[[], GoalResult]]:
        def alternative(solution: dict[str, t.Any]) -> Callable[[], GoalResult]:
            return lambda: self._take(solution, unknowns)

        def failure(error: Exception) -> Callable[[], GoalResult]:
            return lambda: self._search.failed(error)

        try:
            with self._search.asking():
                yield from map(alternative, solutions)
        except HostError as raised:
            yield failure(raised.error)

    def _take(self, solution: dict[str, t.Any], unknowns: dict[str, Unknown]) -> bool:
        for name, unknown in unknowns.items():
            if name not in solution:
                continue
            term = result_to_term(solution[name])
            if not is_ground(term):
                raise self._search.refusal(
                    f"nothing says what '{unknown.name}' is", "Bind it before it is used."
                )
            if not self.unified(unknown, term):
                return False
        return True


def _own_equality(cls: type) -> NotTranslatable:
    return NotTranslatable(
        f"'{cls.__name__}' has an equality of its own, which a list cannot call",
        "Compare the keys.",
    )


def _look_for_variables(unknowns: dict[str, Unknown]) -> t.Any:
    """Replace the unbound variables of this search by variables of a question."""
    names: dict[int, str] = {}

    def look(term: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
        term = follow(term)
        if type(term) is Unknown:
            # No constant of the host has such a name.
            name = names.setdefault(id(term), f"{len(names)} {term.name}")
            unknowns[name] = term
            return Variable(name), ()
        return term, () if is_ground(term) else parts(term)

    return look
