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
from collections.abc import Callable, Mapping

from ...value_objects import Record
from ..quotations import Hole, code, expr, stmt
from ..snippets import all_of
from .names import nodes_in


class IndexNames(Record):
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
        held = "if VALUE is not None: HELD[KEY] = VALUE"
        kept = stmt(held, VALUE=self.value, HELD=index.held, KEY=key)
        if self.element is None:
            return kept
        chosen = """
            if VALUE is unloaded: CHOSEN.append(ELEMENT)
            else: KEPT
        """
        names: dict[str, Hole] = {"VALUE": self.value, "CHOSEN": index.chosen}
        return stmt(chosen, ELEMENT=self.element, KEPT=kept, **names)

    def checked(self, index: IndexNames) -> list[ast.stmt]:
        """Write the checks of a value; an element whose relation is not loaded is left for later.

        Also one that is not chosen: what only a read can tell of it may be an error.
        """
        if self.element is None or self.is_row is None:
            return self.checks
        left = """
            if not IS_ROW:
                if VALUE is unloaded: LEFT.append(ELEMENT)
                else: CHECKS
        """
        names: dict[str, Hole] = {"VALUE": self.value, "LEFT": index.left, "ELEMENT": self.element}
        return code(left, IS_ROW=self.is_row, CHECKS=self.checks, **names)

    def begun(self, index: IndexNames) -> list[ast.stmt]:
        """Write what an index needs before anything is kept in it, besides a dictionary."""
        names = [] if self.element is None else [index.left, index.chosen]
        return [stmt("NAME = []", NAME=name) for name in names]

    def ended(self, index: IndexNames) -> list[ast.stmt]:
        """Write that the elements left for later become what answers for all of them."""
        if self.kept is None:
            return []
        made = "if LEFT: LEFT = KEPT(LEFT, CHOSEN)"
        return code(made, LEFT=index.left, KEPT=self.kept, CHOSEN=index.chosen)

    def wanted_or_id(self, fresh: Callable[[str], str]) -> ast.expr:
        """Write what the other row is looked for with."""
        return _key_or_id(self.wanted, self.wanted_key, fresh)

    def asked(self, index: IndexNames, marked: ast.stmt) -> list[ast.stmt]:
        """Write that a solution is noted if an element left for later leads to the other row.

        Also where a solution is found: what only a read can tell may be an error.
        """
        if self.element is None:
            return []
        asked = """
            if LEFT:
                ANSWER = LEFT.holds(WANTED)
                if ANSWER is None: return None
                if ANSWER: MARKED
        """
        return code(asked, LEFT=index.left, ANSWER=self.answer, WANTED=self.wanted, MARKED=marked)


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
    match body[-2] if len(body) > 1 else None:
        case ast.If(
            ast.Compare(ast.Name(value), [ast.Is()], [ast.Name(wanted)]),
            [_],
            [
                ast.If(
                    ast.Compare(ast.Call(ast.Name("type"), [ast.Name(row)]), [ast.Is()]) as is_row,
                    [ast.Assign([ast.Name(compared_as)], same)],
                    [
                        ast.If(
                            _,
                            [
                                ast.Assign(
                                    [ast.Name(told)],
                                    ast.Call(ast.Name(test), [ast.Name(element), ast.Name(other)]),
                                ),
                                *_,
                            ],
                            [*checks, ast.Assign([ast.Name(denied)], ast.Constant(False))],
                        )
                    ],
                )
            ],
        ) if row == value and compared_as == told == denied == answer and test in lists:
            keys = _same_key(same)
            if keys is None or other != wanted or [*map(_owner, keys)] != [value, wanted]:
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
    return expr("id(ROW) if (P := KEY) is None else P", ROW=name, P=fresh("p"), KEY=key)
