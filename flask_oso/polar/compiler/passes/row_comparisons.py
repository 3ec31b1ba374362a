"""The comparison of two rows with which a loop ends, and the index that answers it.

In go the statements of a loop; out comes what an index of such rows is made of. Rows are equal if
their keys are. The value ``v`` of an element ``e`` is compared with the row ``w``; where a relation
is not loaded, by its foreign key::

    if v is w: b = True
    elif v is unloaded: b = test(e, w); if b is None: return None
    else: …; b = v is w or (v is not None and (p := v.key) is not None and p == w.key)
    if b: …
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Mapping

from ...value_objects import Record
from ..snippets import (
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
)
from .names import nodes_in, read_name, sets_true

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
        if self.element is None:
            return self.checks
        return [
            ast.If(self._is_unloaded(), [appended(index.left, load(self.element))], self.checks)
        ]

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

    def looked_up(
        self, index: IndexNames, marked: ast.stmt, fresh: Callable[[str], str]
    ) -> list[ast.stmt]:
        """Write that a solution is noted if the other row is in the index."""
        key = _key_or_id(self.wanted, self.wanted_key, fresh)
        is_held = compared(key, ast.In(), load(index.held))
        looked: list[ast.stmt] = [ast.If(is_held, [marked], [])]
        if self.element is None:
            return looked
        answer = t.cast(str, self.answer)
        gives_up = ast.Return(ast.Constant(None))
        asked: list[ast.stmt] = [
            assign(answer, method_call(load(index.left), "holds", load(self.wanted))),
            ast.If(is_none(load(answer)), [gives_up], []),
            ast.If(load(answer), [marked], []),
        ]
        # Also where a solution is found: what only a read can tell may be an error.
        return [*looked, ast.If(load(index.left), asked, [])]


def read_row_comparison(body: list[ast.stmt], lists: Mapping[str, str]) -> RowComparison | None:
    """Return the comparison with which a loop ends; ``None`` if it is none of two rows.

    :param lists: by the name of a test of foreign keys, the name of what answers it for
        many elements.
    """
    match body[-1]:
        case ast.If(ast.Name(answer), _, []):
            return _relation_compared(body, answer, lists)
        case ast.If(test, _, []):
            return _same_row(test, 1, [])
    return None


def _relation_compared(
    body: list[ast.stmt], answer: str, lists: Mapping[str, str]
) -> RowComparison | None:
    """Return the comparison of a relation that may not be loaded, which has an answer."""
    asked = body[-2] if len(body) > 1 else None
    match asked:
        case ast.If(_, [first, *_], [inner]) if sets_true(first) == answer:
            # The row itself has the key that it is looked for with.
            asked = inner
    match asked:
        case ast.If(
            ast.Compare(ast.Name(value), [ast.Is()], [ast.Name(unloaded)]),
            [ast.Assign([ast.Name(told)], ast.Call(ast.Name(test), [element, wanted])), *_],
            [*checks, ast.Assign([ast.Name(compared_as)], same)],
        ) if unloaded == _UNLOADED and told == compared_as == answer and test in lists:
            found = _same_row(same, 2, checks)
            if found is None or (found.value, found.wanted) != (value, read_name(wanted)):
                return None
            found.answer, found.element, found.kept = answer, read_name(element), lists[test]
            return found
    return None


def _same_row(test: ast.expr, statements: int, checks: list[ast.stmt]) -> RowComparison | None:
    """Return the comparison that ``a is b or (a is not None and … a.key == b.key)`` is."""
    match test:
        case ast.BoolOp(
            ast.Or(),
            [
                ast.Compare(ast.Name(one), [ast.Is()], [ast.Name(other)]),
                ast.BoolOp(
                    _,
                    [
                        # The one that may be 'None' is the value, the other one is a row.
                        ast.Compare(ast.Name(value), [ast.IsNot()], [ast.Constant(None)]),
                        ast.Compare(ast.NamedExpr(ast.Name(kept), mine), [ast.IsNot()]),
                        ast.Compare(ast.Name(again), [ast.Eq()], [theirs]),
                    ],
                ),
            ],
        ) if kept == again:
            keys = {_owner(key): key for key in (mine, theirs)}
            if keys.keys() != {one, other} or value not in keys:
                return None
            wanted = other if value == one else one
            return RowComparison(statements, value, wanted, keys[value], keys[wanted], checks)
    return None


def _owner(key: ast.expr) -> str | None:
    """Return the name of the row whose key is read."""
    return next((node.id for node in nodes_in([key]) if type(node) is ast.Name), None)


def _key_or_id(name: str, key: ast.expr, fresh: Callable[[str], str]) -> ast.expr:
    """Write the key of a row, or its identity if it is not stored and has no key."""
    named = named_value(fresh("p"), key)
    has_none = is_none(named)
    return ast.IfExp(has_none, call("id", load(name)), load(named.target.id))
