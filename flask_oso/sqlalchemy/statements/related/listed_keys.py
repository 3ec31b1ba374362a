"""Lists of keys that are not made where a statement asks for few of the keys.

``note.stay_id IN (SELECT …)`` makes a list of all stays that an actor may read. A statement of the
notes of one stay, or of one note, needs to know of one of them: for it SQLite and PostgreSQL are
better asked with ``EXISTS``. What a statement asks for is known when it is compiled.

Several lists of one column, beside an ``or``, are one list. In goes IN with a SELECT of keys; out
comes what a database gets.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import elements, operators, selectable

from ..binary_clauses import binary_parts
from ..dialects import MYSQL, POSTGRESQL, SQLITE, declared_type, has_collation
from ..known_values import equated
from .hashed_lists import SoughtOrHashed
from .read_rows import elements_of, may_find, sorts_all

_ONE: t.Any = sa.literal_column("1")
#: The keyword by which a compiler hands on how deep a SELECT of few rows stands.
_FEW = "oso_few"
#: The name of a union that is selected from as from a table.
_UNITED = "oso_united"


class ListedKey(elements.BinaryExpression[bool]):
    """Whether a column is one of the keys that are selected.

    It may be NULL in place of false.

    :param column: the column.
    :param keys: a SELECT of one column, or a union of such, of which none depends on the column.
    """

    inherit_cache = True

    def __init__(self, column: t.Any, keys: t.Any) -> None:
        left, right, operator, options = binary_parts(column.in_(keys))
        super().__init__(left, right, operator, **options)


class UnitedKeys(selectable.CompoundSelect[t.Any]):
    """Keys that several SELECTs find, of which none depends on the enclosing statement.

    MySQL and MariaDB ask a union in ``IN (…)`` anew for each row, with its key. What is selected
    from the union as from a table they make once.

    :param parts: SELECTs of the same columns.
    """

    inherit_cache = True

    def __init__(self, *parts: t.Any) -> None:
        super().__init__(selectable._CompoundSelectKeyword.UNION_ALL, *parts)


def united_lists(ways: list[t.Any]) -> list[t.Any]:
    """Return the sides of an ``or``, with one list of a column in place of several.

    PostgreSQL makes a join of one list, and finds its rows by an index. Of two lists beside an
    ``or`` it makes hash tables, and looks all rows up in them.

    ``key in a or key in b  =>  key in (a or b)``
    """
    lists = [each for each in ways if isinstance(each, ListedKey) and _may_be_united(each)]
    for column in dict.fromkeys(each.left for each in lists):
        parts = [each for each in lists if each.left is column]
        if len(parts) > 1:
            united = UnitedKeys(*(keys for each in parts for keys in _selects_of(each.right)))
            ways = [each for each in ways if not any(each is part for part in parts)]
            ways.append(ListedKey(column, united))
    return ways


def _may_be_united(element: ListedKey) -> bool:
    """Tell whether all keys are of a type whose values are equal for each database alike."""
    columns = [element.left, *(_column_of(keys) for keys in _selects_of(element.right))]
    return all(isinstance(each.type, sa.Integer | sa.Uuid) for each in columns)


@compiles(UnitedKeys)
def _united(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.visit_compound_select(element, **keywords))


@compiles(UnitedKeys, *MYSQL)
def _united_as_table(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return f"SELECT * FROM ({_united(element, compiler, **keywords)}) AS {_UNITED}"


@compiles(UnitedKeys, *POSTGRESQL)
def _united_once(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    """Unite keys each of which is there once.

    PostgreSQL then may look rows up by each of them. With keys that may be there twice it goes
    through all rows for one that EXISTS asks for, and finds none where there are no keys.
    """
    columns = [column for each in element.selects for column in each.selected_columns]
    # Two texts need not have one collation.
    if all(isinstance(column.type, sa.Integer | sa.Uuid) for column in columns):
        element = element._clone()
        element.keyword = selectable._CompoundSelectKeyword.UNION
    return _united(element, compiler, **keywords)


@compiles(ListedKey)
def _listed(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.visit_binary(element, **keywords))


@compiles(ListedKey, *SQLITE, *POSTGRESQL)
def _listed_or_sought(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    few = keywords.pop(_FEW, None)
    is_of_few = few == len(compiler.stack)
    sought = element.left if is_of_few else _sought_key(element, compiler)
    parts = [(keys, _column_of(keys)) for keys in _parts_of(element.right)]
    if sought is None or not all(_is_alike(element.left, far, compiler) for _, far in parts):
        return _listed(element, compiler, **keywords)
    found = []
    for keys, far in parts:
        one = _with_key(keys, far, sought)
        if _is_unique(far):
            keywords[_FEW] = len(compiler.stack) + 1
        found.append(compiler.process(one.exists(), **keywords))
        keywords.pop(_FEW, None)
    return found[0] if len(found) == 1 else f"({' OR '.join(found)})"


def _is_alike(near: t.Any, far: t.Any, compiler: t.Any) -> bool:
    """Tell whether a value equals one of two columns wherever it equals the other."""
    kinds = [type(declared_type(each, compiler)) for each in (near, far)]
    # Texts of other types, such as CHAR and CITEXT, are compared otherwise.
    is_one_kind = kinds[0] is kinds[1] or all(issubclass(each, sa.Integer) for each in kinds)
    return is_one_kind and not any(has_collation(each, compiler) for each in (near, far))


def _sought_key(element: t.Any, compiler: t.Any) -> t.Any:
    """Return the key that a statement asks for, its column if it is of few rows, or ``None``."""
    column, statement = element.left, compiler.stack[-1]["selectable"] if compiler.stack else None
    if not isinstance(statement, sa.Select) or not isinstance(column, sa.Column):
        return None
    values = dict(_equations(statement))
    key = values.get(column)
    if isinstance(key, sa.BindParameter) and not key.expanding:
        # It is the same for all rows, so that the database looks for it once.
        return key
    if values.keys() & _unique_columns(column) or _shows_few(element, statement, compiler):
        return column
    return None


def _equations(statement: t.Any) -> Iterator[tuple[t.Any, t.Any]]:
    """Yield the columns that a statement compares with values, with ``=`` or ``IN``."""
    stack = list(statement._where_criteria)
    while stack:
        each = stack.pop()
        if isinstance(each, sa.BooleanClauseList) and each.operator is operators.and_:
            stack.extend(each.clauses)
        elif isinstance(each, sa.BinaryExpression) and each.operator in _EQUAL:
            for column, value in ((each.left, each.right), (each.right, each.left)):
                if isinstance(column, sa.Column) and isinstance(value, sa.BindParameter):
                    yield column, value


_EQUAL = (operators.eq, operators.in_op)


def _unique_columns(column: t.Any) -> set[t.Any]:
    """Return the columns of a table each of which is a key of it."""
    key = list(column.table.primary_key)
    # That of a subquery has others than columns, too.
    declared = (each for each in column.table.c if isinstance(each, sa.Column) and each.unique)
    return {*(key if len(key) == 1 else ()), *declared}


def _is_unique(column: t.Any) -> bool:
    return isinstance(column, sa.Column) and column in _unique_columns(column)


def _shows_few(element: t.Any, statement: t.Any, compiler: t.Any) -> bool:
    """Tell whether a list is asked in a column of a page, and not of rows beside it, on SQLite.

    It makes such columns before it sorts rows, and has to read them in their order. PostgreSQL
    hashes a list that columns share once, in less time than it asks for each row.
    """
    if compiler.dialect.name not in SQLITE or not statement._has_row_limiting_clause:
        return False
    if not _is_in(element, statement._raw_columns):
        return False
    if _has(ListedKey, [*statement._where_criteria, *statement._order_by_clauses]):
        return False
    others = [each for each in statement._where_criteria if not _has(SoughtOrHashed, [each])]
    return not sorts_all(statement) and not any(map(may_find, others))


def _is_in(element: t.Any, clauses: t.Any) -> bool:
    return any(each is element for clause in clauses for each in elements_of(clause))


def _has(kind: type, clauses: t.Any) -> bool:
    return any(isinstance(each, kind) for clause in clauses for each in elements_of(clause))


def _parts_of(keys: t.Any) -> list[t.Any]:
    """Return the SELECT, or those of a union, of which a list is made, also of a shared one."""
    found = []
    for each in _selects_of(keys):
        (source,) = each.get_final_froms()
        found += _parts_of(source.element) if isinstance(source, sa.CTE) else [each]
    return found


def _selects_of(keys: t.Any) -> list[t.Any]:
    """Return the SELECT, or those of a union, that a list is."""
    while not isinstance(keys, sa.Select | sa.CompoundSelect):
        keys = keys.element
    if isinstance(keys, sa.CompoundSelect):
        return [part for each in keys.selects for part in _selects_of(each)]
    return [keys]


def _column_of(keys: t.Any) -> t.Any:
    (column,) = keys._raw_columns
    return column.element if isinstance(column, sa.Label) else column


def _with_key(keys: t.Any, far: t.Any, sought: t.Any) -> t.Any:
    """Select something if a key is on a list."""
    found = keys.with_only_columns(_ONE).where(equated(far, sought))
    return found.correlate_except(*keys.get_final_froms())
