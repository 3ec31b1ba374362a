"""The tripwire: whether each guarded table in a statement has its condition.

In goes what SQLAlchemy compiled; out comes what is wrong with it. The statement is compiled once
more, by a compiler that notes the tables after FROM and the conditions of each SELECT. So nothing
depends on what SQLAlchemy is believed to do with an option: what it left out is found.

INVARIANT: a SELECT with a guarded table after FROM has the condition of that table, or is refused.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    ReleaseSavepointClause,
    RollbackToSavepointClause,
    SavepointClause,
)

from ..read_conditions import ReadCondition
from .hierarchies import Hierarchies, SchemaNames, table_key

_Facts = dict[str, t.Any]

_SAVEPOINTS = (SavepointClause, ReleaseSavepointClause, RollbackToSavepointClause)
#: Words that a text may not have in a statement: they would end a condition, or read tables.
_TELLING = re.compile(
    r"\b(or|and|not|select|table|from|where|join|union|intersect|except|with|values|having|group"
    r"|limit|call|execute)\b|--|/\*|;|#"
    # Some databases take the name of a table behind IN.
    r"|\bin\b(?!\s*[(:])",
    re.IGNORECASE,
)
#: What stands in a statement without quotes, and is a name: of a field, a collation, or a column.
_NAME = re.compile(r"[\w$.]+(-[\w$.]+)*")
#: Words that types have, too.
_OF_TYPES = re.compile(r"\b(with|without)( local)? time zone\b", re.IGNORECASE)
_TEXT = (
    "It contains a text of SQL, {text!r}, of which nobody knows what it reads. Write it with the"
    " attributes of mapped classes"
)
_BARE = (
    "It reads {name!r} without the condition of the policy. Select mapped classes and their"
    " attributes; in place of '.any()' and '.has()', write 'exists(select(...))' of the class"
)
_BULK = "It changes {name!r} in bulk, which nobody judges. Change objects, one by one"
_FULL = "It joins {name!r} with FULL OUTER JOIN, in which a condition leaves no row out"


_OUTER = "A condition of the policy stands after ON of an outer join, where it leaves no row out"

_ADAPTED = "SQLAlchemy has changed what a condition of the policy reads"


@dataclasses.dataclass
class _Scope:
    """One SELECT: guarded tables, what has a condition, and which keys are equated."""

    tables: list[tuple[t.Any, list[str], t.Any]] = dataclasses.field(default_factory=list)
    covered: set[tuple[t.Any, str]] = dataclasses.field(default_factory=set)
    equal: dict[str, set[str]] = dataclasses.field(default_factory=dict)


def problem_of(
    compiled: t.Any,
    guarded: Hierarchies,
    *,
    is_flush: bool = False,
    translated: SchemaNames | None = None,
) -> str | None:
    """Return why a compiled statement may not be executed; ``None`` if it may.

    :param compiled: ``None`` is a text that was given to the driver.
    :param is_flush: it writes objects of a session, one by one.
    :param translated: the ``schema_translate_map`` with which it is executed.
    """
    statement = getattr(compiled, "statement", None)
    if statement is None:
        return _TEXT.format(text="…")
    if isinstance(statement, _SAVEPOINTS):
        return None
    facts = {"guarded": guarded, "is_flush": is_flush, "translated": translated or {}}
    if isinstance(statement, sa.schema.ExecutableDDLElement):
        return _problem_of_definition(compiled.dialect, statement, facts)
    return _verify(type(compiled), compiled.dialect, statement, facts, compiled.column_keys)


def _problem_of_definition(dialect: t.Any, statement: t.Any, facts: _Facts) -> str | None:
    """Return why a CREATE, DROP or ALTER may not be executed.

    What a program writes itself is a text. CREATE TABLE AS and CREATE VIEW keep the rows of a
    SELECT, to which no session adds conditions, under a name that nobody guards.
    """
    if isinstance(statement, sa.DDL):
        return _TEXT.format(text=statement.statement)
    if not type(statement).__module__.startswith("sqlalchemy."):
        return _TEXT.format(text=f"<{type(statement).__name__}>")
    kept = getattr(statement, "selectable", None)
    return None if kept is None else _verify(dialect.statement_compiler, dialect, kept, facts)


def _verify(
    compiler: type, dialect: t.Any, statement: t.Any, facts: _Facts, column_keys: t.Any = None
) -> str | None:
    """Return the first problem of a statement, which is compiled once more."""
    kind: t.Any = type("Verifier", (_Verifier, compiler), {**facts, "problems": None})
    verifier = kind(dialect, statement, column_keys=column_keys)
    problems: list[str] | None = verifier.problems
    return problems[0] if problems else None


class _Verifier:
    """Methods that are mixed into the compiler of a dialect."""

    guarded: Hierarchies
    problems: list[str] | None
    is_flush: bool
    translated: SchemaNames
    #: How many conditions of a policy, and of those how many of lists, are around.
    _depth = 0
    _lists = 0
    _scopes: list[_Scope]

    def __init__(self, *args: t.Any, **keywords: t.Any) -> None:
        # The constructor of SQLAlchemy compiles.
        self.problems, self._scopes = [], [_Scope()]
        super().__init__(*args, **keywords)
        self._close()

    # -- statements ----------------------------------------------------------------------

    def visit_select(self, *args: t.Any, **keywords: t.Any) -> t.Any:
        """Look at one SELECT by itself."""
        self._scopes.append(_Scope())
        try:
            text = super().visit_select(*args, **keywords)  # type: ignore[misc]
            self._look_at_hints(args[0])
            self._close()
        finally:
            self._scopes.pop()
        return text

    def visit_insert(self, insert_stmt: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse a bulk INSERT."""
        self._refuse_bulk(insert_stmt)
        return super().visit_insert(insert_stmt, *args, **keywords)  # type: ignore[misc]

    def visit_update(self, update_stmt: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse a bulk UPDATE."""
        self._refuse_bulk(update_stmt)
        return super().visit_update(update_stmt, *args, **keywords)  # type: ignore[misc]

    def visit_delete(self, delete_stmt: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse a bulk DELETE."""
        self._refuse_bulk(delete_stmt)
        return super().visit_delete(delete_stmt, *args, **keywords)  # type: ignore[misc]

    # -- tables --------------------------------------------------------------------------

    def visit_table(self, table: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        """Note a table that is read."""
        if keywords.get("asfrom") or (args and args[0]):
            self._note_table(table, keywords.get("enclosing_alias"))
        return super().visit_table(table, *args, **keywords)  # type: ignore[misc]

    def visit_join(self, join: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        """Note which columns a join equates."""
        before = len(self._scope.tables)
        text = super().visit_join(join, *args, **keywords)  # type: ignore[misc]
        if join.full:
            names = (table_key(each[0])[1] for each in self._scope.tables[before:])
            self._complain(*(_FULL.format(name=name) for name in names))
        # An outer join keeps the rows on its left, whatever stands after ON.
        right = {self._text(each) for each in join.right.c} if join.isouter else None
        for clause in _conjuncts(join.onclause):
            self._note_clause(clause, right)
        return text

    def _note_clause(self, clause: t.Any, right: set[str] | None) -> None:
        """Note a conjunct after ON.

        :param right: the columns on the right of an outer join; ``None`` is an inner join.
        """
        if isinstance(clause, ReadCondition):
            key = {self._text(each) for each in clause.clauses.clauses[1:]}
            if right is not None and not key <= right:
                self._complain(_OUTER)
            return
        sides = getattr(clause, "left", None), getattr(clause, "right", None)
        is_equation = getattr(clause, "operator", None) is operators.eq
        if not is_equation or not all(isinstance(each, sa.ColumnClause) for each in sides):
            return
        one, other = map(self._text, sides)
        for near, far in ((one, other), (other, one)):
            if right is None or (near in right and far not in right):
                self._scope.equal.setdefault(near, set()).add(far)

    def _note_table(self, table: t.Any, alias: t.Any) -> None:
        if self._depth > self._lists and alias is None:
            self._complain(_ADAPTED)
        root = self._root_of(table)
        if root is None or self._depth or self._is_flushed(table):
            return
        source = alias if alias is not None and alias.element is table else table
        keys = [source.c.get(each.key) for each in getattr(table, "primary_key", ())]
        texts = [self._text(each) for each in keys if each is not None]
        self._scope.tables.append((table, texts, root))

    def _is_flushed(self, table: t.Any) -> bool:
        """Tell whether it is the table whose row is written, and not one that is read."""
        written = getattr(getattr(self, "statement", None), "table", None)
        return self.is_flush and len(self._scopes) == 1 and table is written

    # -- conditions ----------------------------------------------------------------------

    def verify_condition(self, clause: t.Any, key: t.Sequence[t.Any], **keywords: t.Any) -> str:
        """Note that an alias has its condition; tables that the condition reads need none."""
        self._depth += 1
        try:
            text = str(clause._compiler_dispatch(self, **keywords))
        finally:
            self._depth -= 1
        if not self._depth:
            for column in key:
                root = self._root_of_condition(getattr(column.table, "element", column.table))
                if root is not None:
                    self._scope.covered.add((root, self._text(column)))
        return text

    def verify_list(self, clause: t.Any, **keywords: t.Any) -> str:
        """Pass over the tables that a list reads; it is no condition on other tables."""
        self._depth, self._lists = self._depth + 1, self._lists + 1
        try:
            return str(clause._compiler_dispatch(self, **keywords))
        finally:
            self._depth, self._lists = self._depth - 1, self._lists - 1

    def _root_of_condition(self, table: t.Any) -> t.Any:
        name = getattr(table, "name", None)
        return self._root_of(table) if isinstance(name, str) else None

    def _root_of(self, table: t.Any) -> t.Any:
        dialect: t.Any = self.dialect  # type: ignore[attr-defined]
        return self.guarded.root_of_table(table, dialect.default_schema_name, self.translated)

    # -- texts ---------------------------------------------------------------------------

    def visit_textclause(self, textclause: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse a text that may read something."""
        # After FROM it is the name of a table.
        is_whole = not getattr(self, "stack", None) or keywords.get("asfrom", False)
        self._look_at(textclause.text, is_whole=is_whole)
        return super().visit_textclause(textclause, *args, **keywords)  # type: ignore[misc]

    def visit_textual_select(self, taf: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse a SELECT that is a text."""
        self._look_at(getattr(taf.element, "text", "…"), is_whole=True)
        return super().visit_textual_select(taf, *args, **keywords)  # type: ignore[misc]

    def visit_column(self, column: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse a literal column that may read something."""
        if getattr(column, "is_literal", False):
            self._look_at(str(column.name))
        return super().visit_column(column, *args, **keywords)  # type: ignore[misc]

    def visit_custom_op_binary(self, element: t.Any, operator: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse an operator that is more than one."""
        self._look_at(operator.opstring)
        return super().visit_custom_op_binary(element, operator, **keywords)  # type: ignore[misc]

    def visit_custom_op_unary_operator(
        self, element: t.Any, operator: t.Any, **keywords: t.Any
    ) -> t.Any:
        """Refuse an operator in front that is more than one."""
        self._look_at(operator.opstring)
        return super().visit_custom_op_unary_operator(element, operator, **keywords)  # type: ignore[misc]

    def visit_custom_op_unary_modifier(
        self, element: t.Any, operator: t.Any, **keywords: t.Any
    ) -> t.Any:
        """Refuse an operator behind that is more than one."""
        self._look_at(operator.opstring)
        return super().visit_custom_op_unary_modifier(element, operator, **keywords)  # type: ignore[misc]

    def visit_extract(self, extract: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse a field of a date that is no name."""
        self._look_at_name(str(extract.field))
        return super().visit_extract(extract, **keywords)  # type: ignore[misc]

    def visit_collation(self, element: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse a collation that is no name: not all databases have it in quotes."""
        self._look_at_name(element.collation)
        return super().visit_collation(element, **keywords)  # type: ignore[misc]

    def visit_typeclause(self, typeclause: t.Any, **keywords: t.Any) -> t.Any:
        """Refuse a type that may read something."""
        text = super().visit_typeclause(typeclause, **keywords)  # type: ignore[misc]
        self._look_at(_OF_TYPES.sub("", text or ""))
        return text

    @property
    def preparer(self) -> t.Any:
        """What writes names: it looks at those that a program wants without quotes."""
        return self._preparer

    @preparer.setter
    def preparer(self, given: t.Any) -> None:
        self._preparer = copy.copy(given)
        self._preparer.quote = functools.partial(self._quote, given)

    def _quote(self, given: t.Any, name: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        if getattr(name, "quote", None) is False:
            self._look_at_name(name)
        return given.quote(name, *args, **keywords)

    def _look_at_name(self, name: str) -> None:
        """Refuse what is more than a name, or ends with the name of a guarded table."""
        is_dotted = "." in name and self.guarded.has_table(name.rpartition(".")[2])
        if is_dotted or not _NAME.fullmatch(name):
            self._look_at(name, is_whole=True)

    def _look_at(self, text: str, *, is_whole: bool = False) -> None:
        is_balanced = text.count("(") == text.count(")") and not text.lstrip().startswith(")")
        if not self._depth and (is_whole or _TELLING.search(text) or not is_balanced):
            self._complain(_TEXT.format(text=text))

    def _look_at_hints(self, select: t.Any) -> None:
        hints = [text for _, text in getattr(select, "_statement_hints", ())]
        for text in [*hints, *getattr(select, "_hints", {}).values()]:
            self._look_at(str(text))

    # -- the end -------------------------------------------------------------------------

    @property
    def _scope(self) -> _Scope:
        return self._scopes[-1]

    def _text(self, column: t.Any) -> str:
        return str(super().visit_column(column))  # type: ignore[misc]

    def _close(self) -> None:
        scope = self._scope
        for table, key, root in scope.tables:
            if not _is_covered(scope, root, key):
                self._complain(_BARE.format(name=table.name))

    def _refuse_bulk(self, statement: t.Any) -> None:
        table = statement.table
        if not self._depth and not self.is_flush and self._root_of(table) is not None:
            self._complain(_BULK.format(name=table.name))

    def _complain(self, *problems: str) -> None:
        if self.problems is not None:
            self.problems += problems


def _is_covered(scope: _Scope, root: t.Any, key: list[str]) -> bool:
    """Tell whether a table has its condition, or is joined by its key to one that has it."""
    sources = [
        {each.rpartition(".")[0] for each in _equals(scope, text) if (root, each) in scope.covered}
        for text in key
    ]
    return bool(sources) and bool(set.intersection(*sources))


def _equals(scope: _Scope, text: str) -> set[str]:
    """Return the columns that equal a column, and the column."""
    found, waiting = {text}, [text]
    while waiting:
        near = waiting.pop()
        further = scope.equal.get(near, set()) - found
        found |= further
        waiting += further
    return found


def _conjuncts(clause: t.Any) -> Iterator[t.Any]:
    if getattr(clause, "operator", None) is operators.and_:
        for each in clause.clauses:
            yield from _conjuncts(each)
    else:
        yield clause
