"""What is read of an unknown row: columns, related rows, properties, and what Python alone knows.

In go a row and the name of an attribute; out come goals that unify its value with a result, and
the condition under which the row is there.
"""

from __future__ import annotations

import typing as t

from ..exceptions import with_help
from ..host import sandbox
from ..nodes import Call, Instance, Value
from ..spelling import did_you_mean
from .algebra.ir import ITSELF, TRUE, Column, Exists, KnownRow, Not, OfClass, RowPath, ToOne
from .algebra.outcomes import SearchOutcome, no_solution
from .algebra.schema import Field, Formula, Link, Proxy, Record
from .algebra.simplify import negation, where_rows_exist
from .attributes.formulas import FormulaEvaluator, path_of
from .equations import EquationSolver
from .host_questions import FILLABLE
from .search import Branches, GoalResult, Search
from .symbolic_terms import (
    Given,
    SymbolicDictionary,
    SymbolicElements,
    SymbolicRecord,
    SymbolicRow,
    SymbolicRows,
    SymbolicValue,
    is_known_row,
    is_settled,
)


class RowReader:
    """Reads attributes of rows."""

    def __init__(self, search: Search, equations: EquationSolver) -> None:
        self._search = search
        self._equations = equations
        self._formulas = FormulaEvaluator(search, equations)
        self._objects: dict[ToOne, t.Any] = {}

    def is_host_attribute(self, value: t.Any, key: t.Any) -> bool:
        """Tell whether a template looks up what only Python knows, and not a column."""
        if self._search.recorder is None or not is_settled(key):
            return False
        if type(value) is Given:
            return True
        if not is_known_row(value):
            return type(value) is Instance and value.value is not None and type(key) is Call
        if isinstance(key, Call):
            return True
        member = self._search.model(value.row.cls).members.get(t.cast(t.Any, key).value)
        if member is None or isinstance(member, Formula | Proxy | Record):
            return True
        return isinstance(member, Field) and member.kind not in FILLABLE

    def narrowed(self, row: RowPath, name: str, classes: tuple[type, ...]) -> RowPath:
        """Return the row, or the row as one of the subclass that declares an attribute.

        :param classes: the classes that the row may have.
        """
        model = self._search.model(row.cls)
        if not self._search.host.opens(row.cls, name):
            sandbox.check_public(row.cls, name, self._search.span())
        if model.members.get(name) is not None or name in model.refused:
            return row
        models = [self._search.model(cls) for cls in classes]
        owners = [each.cls for each in models if each.members.get(name) is not None]
        first = [cls for cls in owners if not any(base in owners for base in cls.__mro__[1:])]
        if len(first) > 1 or any(name in each.refused for each in models):
            raise self._search.refusal(
                f"'{name}' is not one column or relation for all classes of '{row.cls.__name__}'",
                "List the rows of one subclass.",
            )
        return ToOne(row, ITSELF, first[0]) if first else row

    def is_narrow(self, row: ToOne) -> SearchOutcome:
        """Test that a row is of a subclass; where it is not, the policy raises."""
        of_class = OfClass(row.owner, self._search.classes_of(row))
        owner = [row.owner]
        return SearchOutcome(
            where_rows_exist(of_class, owner), where_rows_exist(negation(of_class), owner)
        )

    def object_of(self, term: t.Any) -> t.Any:
        """Return a row to which relations lead from an object, as the object that a template reads.

        Any other term is returned as it is. The object is read once: it is one row in all calls.
        """
        row = term.row if isinstance(term, SymbolicRow) else None
        if self._search.recorder is None or not isinstance(row, ToOne):
            return term
        if row not in self._objects:
            owner = self.object_of(SymbolicRow(row.owner))
            is_read = is_known_row(owner) and row.relation != ITSELF
            key = Value(row.relation)
            self._objects[row] = (
                self._search.attribute(owner, key, self._search.goal) if is_read else term
            )
        return self._objects[row]

    def exists(self, row: RowPath) -> GoalResult:
        """Test that a row exists; where it does not, reading it raises."""
        if not isinstance(row, ToOne):
            return True
        link = self._search.model(row.owner.cls).members[row.relation]
        there = where_rows_exist(TRUE, [row])
        missing = where_rows_exist(Not(Exists(row, TRUE)), [row.owner])
        if t.cast(Link, link).is_required:
            return SearchOutcome(there, missing=missing)
        return SearchOutcome(there, missing)

    def read(self, row: RowPath, name: str, result: t.Any, goal: t.Any) -> None:
        """Have an attribute of a row unified with a result."""
        member = self._search.model(row.cls).members.get(name)
        if isinstance(member, Formula):
            self._read_formula(row, name, member, result, goal)
        elif isinstance(member, Proxy):
            self._search.push(self._solve_proxy, (row, member, result, goal))
        else:
            attribute = self._attribute(row, name)
            self._search.push(self._equations.unify_later, (result, attribute, goal))
            if name in self._search.model(row.cls).guards and not isinstance(row, KnownRow):
                self._search.push(self._formulas.guard, (row, name))

    def called(self, row: RowPath, call: Call, result: t.Any, goal: t.Any) -> GoalResult | None:
        """Have what a method calculates unified with a result; ``None`` for another method."""
        method = self._search.model(row.cls).method(call.name)
        if method is None or call.args or call.kwargs:
            return None
        if not self._search.host.opens(row.cls, call.name):
            sandbox.check_public(row.cls, call.name, self._search.span())
        self._read_formula(row, call.name, method, result, goal)
        return self.exists(row)

    def _read_formula(
        self, row: RowPath, name: str, formula: Formula, result: t.Any, goal: t.Any
    ) -> None:
        if not self._follow(row, path_of(formula), result, goal):
            self._search.push(self._formulas.solve, (row, name, result, goal))

    def _follow(self, row: RowPath, path: list[str], result: t.Any, goal: t.Any) -> bool:
        """Read what leads to rows by another name, such as a property that gives a relation."""
        rows: list[RowPath] = []
        for name in path[:-1]:
            link = self._search.model(row.cls).members.get(name)
            if not isinstance(link, Link) or link.is_many:
                return False
            row = ToOne(row, name, link.cls)
            rows.append(row)
        if not path or not isinstance(self._search.model(row.cls).members.get(path[-1]), Link):
            return False
        self.read(row, path[-1], result, goal)
        for each in reversed(rows):
            self._search.push(self.exists, each)
        return True

    def _solve_proxy(self, payload: tuple[RowPath, Proxy, t.Any, t.Any]) -> GoalResult:
        """Read an attribute through a relation; without a row, it is nil."""
        row, proxy, result, self._search.goal = payload
        goal, link = self._search.goal, self._link(row, proxy)
        if link.is_many:
            elements = SymbolicElements(row, proxy.relation, link, proxy.attribute)
            return self._equations.unified(result, elements)
        other = ToOne(row, proxy.relation, link.cls)

        def there() -> GoalResult:
            self.read(other, proxy.attribute, result, goal)
            return self.exists(other) if link.is_required else found

        def missing() -> GoalResult:
            self._search.push(self._equations.unify_later, (result, Instance(None), goal))
            return no_solution(found)

        found = SearchOutcome(where_rows_exist(TRUE, [other]))
        return there() if link.is_required else Branches([there, missing])

    def _link(self, row: RowPath, proxy: Proxy) -> Link:
        return t.cast(Link, self._search.model(row.cls).members[proxy.relation])

    def _attribute(self, row: RowPath, name: str) -> t.Any:
        model = self._search.model(row.cls)
        member = model.members.get(name)
        if isinstance(member, Field):
            column = Column(row, name, member)
            if self._search.recorder is not None:
                self._search.recorder.read(column)
            return SymbolicValue(column)
        if isinstance(member, Record):
            return SymbolicRecord(row, name, member)
        if isinstance(member, Link):
            if member.key:
                return SymbolicDictionary(row, name, member, member.key)
            if member.is_many:
                return SymbolicRows(row, name, member)
            self._search.model(member.cls)
            return SymbolicRow(ToOne(row, name, member.cls))
        reason = model.refused.get(name)
        if reason is not None:
            raise self._search.refusal(
                f"'{name}' of '{row.cls.__name__}' is unknown without a row: {reason}",
                "Say it with columns and relations, or give it an SQL expression.",
            )
        error = self._search.refusal(
            f"'{row.cls.__name__}' has no column and no relation '{name}'", ""
        )
        raise with_help(error, did_you_mean(name, model.members, quote="`"))
