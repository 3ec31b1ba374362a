"""The comparison of two rows with which a loop ends, and the index that answers it.

In go the statements of a loop; out comes what an index of such rows is made of. Rows are equal if
their keys are. The value ``v`` of an element ``e`` is compared with the row ``w``; where a relation
is not loaded, by its foreign key::

    if v is w: b = True
    elif type(v) is c: b = (p := v.key) == w.key and p is not None
    elif v is unloaded: b = test(e, w); if b is None: return None
    else: if v is not None: return None; b = False
    if b: …
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Mapping

from ...value_objects import Record
from ..snippets import (
    all_of,
    appended,
    assign,
    assign_item,
    call,
    compared,
    is_none,
    is_not_none,
    load,
    method_call,
    named_value,
    negate,
)
from .names import nodes_in

#: The name of what stands for a relation that is not loaded.
_UNLOADED = "unloaded"


class IndexNames(t.NamedTuple):
    """The names of an index.

    :param held: the dictionary with the values.
    :param left: the list of the elements with a value that is not loaded.
    :param chosen: the list of those of them that would be a solution.
    """

    held: str
    left: str
    chosen: str


class RowComparison(Record, frozen=False):
    """The comparison of a row with another one.

    :param statements: how many statements at the end of the loop it is.
    :param value: the name of the value of an element.
    :param wanted: the name of the other row, which is not ``None``.
    :param key: the key of the first, and ``wanted_key`` that of the other.
    :param is_row: the test of the class of a value, if its element has a relation that may not
        be loaded.
    :param checks: statements that give up where the value is no such row.
    :param answer: the name of the answer, if it has one.
    :param element: the name of the element, if its relation may not be loaded.
    :param kept: the name of the function that answers for many such elements.
    """

    statements: int
    value: str
    wanted: str
    key: ast.expr
    wanted_key: ast.expr
    checks: list[ast.stmt]
    is_row: ast.expr | None = None
    answer: str | None = None
    element: str | None = None
    kept: str | None = None

    def kept_in(self, index: IndexNames, fresh: Callable[[str], str]) -> ast.stmt:
        """Write that the value is held in an index, or its element is chosen for later."""
        key = _key_or_id(self.value, self.key, fresh)
        is_row = is_not_none(load(self.value))
        kept = ast.If(is_row, [assign_item(index.held, key, load(self.value))], [])
        if self.element is None:
            return kept
        return ast.If(self._is_unloaded(), [appended(index.chosen, load(self.element))], [kept])

    def checked(self, index: IndexNames) -> list[ast.stmt]:
        """Write the checks of a value; an element whose relation is not loaded is left for later.

        Also one that is not chosen: what only a read can tell of it may be an error.
        """
        if self.element is None or self.is_row is None:
            return self.checks
        left = appended(index.left, load(self.element))
        is_other = negate(self.is_row)
        return [ast.If(is_other, [ast.If(self._is_unloaded(), [left], self.checks)], [])]

    def _is_unloaded(self) -> ast.expr:
        return compared(load(self.value), ast.Is(), load(_UNLOADED))

    def begun(self, index: IndexNames) -> list[ast.stmt]:
        """Write what an index needs before anything is kept in it, besides a dictionary."""
        names = [] if self.element is None else [index.left, index.chosen]
        return [assign(name, ast.List([], ast.Load())) for name in names]

    def ended(self, index: IndexNames) -> list[ast.stmt]:
        """Write that the elements left for later become what answers for all of them."""
        if self.kept is None:
            return []
        made = call(self.kept, load(index.left), load(index.chosen))
        return [ast.If(load(index.left), [assign(index.left, made)], [])]

    def wanted_or_id(self, fresh: Callable[[str], str]) -> ast.expr:
        """Write what the other row is looked for with."""
        return _key_or_id(self.wanted, self.wanted_key, fresh)

    def asked(self, index: IndexNames, marked: ast.stmt) -> list[ast.stmt]:
        """Write that a solution is noted if an element left for later leads to the other row.

        Also where a solution is found: what only a read can tell may be an error.
        """
        if self.element is None:
            return []
        answer = t.cast(str, self.answer)
        gives_up = ast.Return(ast.Constant(None))
        asked: list[ast.stmt] = [
            assign(answer, method_call(load(index.left), "holds", load(self.wanted))),
            ast.If(is_none(load(answer)), [gives_up], []),
            ast.If(load(answer), [marked], []),
        ]
        return [ast.If(load(index.left), asked, [])]


def read_row_comparison(body: list[ast.stmt], lists: Mapping[str, str]) -> RowComparison | None:
    """Return the comparison with which a loop ends; ``None`` if it is none of two rows.

    :param lists: by the name of a test of foreign keys, the name of what answers it for
        many elements.
    """
    match body[-1]:
        case ast.If(ast.Name(answer), _, []):
            return _relation_compared(body, answer, lists)
        case ast.If(test, _, []):
            return _same_row(test)
    return None


def _relation_compared(
    body: list[ast.stmt], answer: str, lists: Mapping[str, str]
) -> RowComparison | None:
    """Return the comparison of a relation that may not be loaded, which has an answer."""
    asked = body[-2] if len(body) > 1 else None
    match asked:
        case ast.If(
            ast.Compare(ast.Name(value), [ast.Is()], [ast.Name(wanted)]),
            [_],
            [
                ast.If(
                    ast.Compare(ast.Call(ast.Name("type"), [ast.Name(row)]), [ast.Is()]) as is_row,
                    [ast.Assign([ast.Name(compared_as)], same)],
                    [ast.If(_, [asks, *_], [*checks, denies])],
                )
            ],
        ) if row == value and compared_as == answer:
            keys = _same_key(same)
            element, test = _asked_by_key(asks, answer, wanted)
            if keys is None or test not in lists or _denied(denies) != answer:
                return None
            if [*map(_owner, keys)] != [value, wanted]:
                return None
            found = RowComparison(2, value, wanted, *keys, checks, is_row)
            found.answer, found.element, found.kept = answer, element, lists[test]
            return found
    return None


def _same_key(test: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Return the keys of which ``(p := v.key) == w.key and p is not None`` says that they equal."""
    match test:
        case ast.BoolOp(
            ast.And(),
            [
                ast.Compare(ast.NamedExpr(ast.Name(kept), mine), [ast.Eq()], [theirs]),
                ast.Compare(ast.Name(again), [ast.IsNot()], [ast.Constant(None)]),
            ],
        ) if kept == again:
            return mine, theirs
    return None


def _asked_by_key(statement: ast.stmt, answer: str, wanted: str) -> tuple[str | None, str]:
    """Return the element of which a foreign key tells the answer, and the name of what tells it."""
    match statement:
        case ast.Assign(
            [ast.Name(told)], ast.Call(ast.Name(test), [ast.Name(element), ast.Name(row)])
        ) if (told, row) == (answer, wanted):
            return element, test
    return None, ""


def _denied(statement: ast.stmt) -> str | None:
    """Return the name that a statement sets to ``False``, if it does."""
    match statement:
        case ast.Assign([ast.Name(name)], ast.Constant(False)):
            return name
    return None


def _same_row(test: ast.expr) -> RowComparison | None:
    """Return the comparison that ``a is b or (a is not None and … a.key == b.key)`` is."""
    match test:
        case ast.BoolOp(
            ast.Or(),
            [
                ast.Compare(ast.Name(one), [ast.Is()], [ast.Name(other)]),
                ast.BoolOp(
                    ast.And(),
                    [
                        # The one that may be 'None' is the value, the other one is a row.
                        ast.Compare(ast.Name(value), [ast.IsNot()], [ast.Constant(None)]),
                        *same,
                    ],
                ),
            ],
        ):
            found = {_owner(key): key for key in _same_key(all_of(same)) or ()}
            if found.keys() != {one, other} or value not in found:
                return None
            wanted = other if value == one else one
            return RowComparison(1, value, wanted, found[value], found[wanted], [])
    return None


def _owner(key: ast.expr) -> str | None:
    """Return the name of the row whose key is read."""
    return next((node.id for node in nodes_in([key]) if type(node) is ast.Name), None)


def _key_or_id(name: str, key: ast.expr, fresh: Callable[[str], str]) -> ast.expr:
    """Write the key of a row, or its identity if it is not stored and has no key."""
    named = named_value(fresh("p"), key)
    has_none = is_none(named)
    return ast.IfExp(has_none, call("id", load(name)), load(named.target.id))
