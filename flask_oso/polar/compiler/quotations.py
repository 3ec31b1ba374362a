"""Quotations: Python that is written as text with holes, as ``ast`` nodes.

In go a quotation, and what takes the place of its holes, which are names; out come nodes without
positions::

    code("if type(X) is not KIND: return None", X=name, KIND=load(known))

INVARIANT: a quotation is a literal of the compiler. No text of a policy becomes part of one.
"""

from __future__ import annotations

import ast
import functools
import operator
import textwrap
import typing as t
from collections.abc import Callable, Mapping, Sequence

#: What takes the place of a hole: another name, also of an attribute; an expression, several behind
#: ``*``; statements; or any other value as a constant.
Hole = str | ast.AST | Sequence[ast.AST] | int | None


def code(quotation: str, **holes: Hole) -> list[ast.stmt]:
    """Write quoted statements. What stands in the place of a hole twice is a copy there."""
    return _maker_of(quotation, *holes)(holes)


def stmt(quotation: str, **holes: Hole) -> ast.stmt:
    """Write a quoted statement."""
    (made,) = _maker_of(quotation, *holes)(holes)
    return made


def expr(quotation: str, **holes: Hole) -> ast.expr:
    """Write a quoted expression."""
    (made,) = _maker_of(quotation, *holes)(holes)
    return made.value  # type: ignore[no-any-return, attr-defined]


@functools.cache
def _maker_of(quotation: str, *holes: str) -> Callable[[Mapping[str, Hole]], list[ast.stmt]]:
    """Return a function that makes the nodes of a quotation, which have no positions.

    To copy nodes would take several times as long, and so would to compile such a function.
    """
    return _Maker(holes).parts(ast.parse(textwrap.dedent(quotation)).body)


#: Makes a part of a quotation, given what takes the place of its holes.
_Make = Callable[[Mapping[str, Hole]], t.Any]


class _Maker:
    """Makes what makes nodes.

    :param holes: the names of the holes.
    """

    def __init__(self, holes: Sequence[str]) -> None:
        self._holes = dict.fromkeys(holes, False)

    def parts(self, nodes: Sequence[t.Any]) -> _Make:
        """Return what makes a list of nodes, where a hole alone may stand for several."""
        makers = [*map(self._in_list, nodes)]
        if not any(is_several for is_several, _ in makers):
            each_one = [make for _, make in makers]
            return lambda holes: [make(holes) for make in each_one]

        def make_all(holes: Mapping[str, Hole]) -> list[t.Any]:
            made: list[t.Any] = []
            for is_several, make in makers:
                made += make(holes) if is_several else [make(holes)]
            return made

        return make_all

    def _in_list(self, node: t.Any) -> tuple[bool, _Make]:
        kind = type(node)
        inner = node.value if kind in (ast.Starred, ast.Expr) else None
        if type(inner) is not ast.Name or inner.id not in self._holes:
            return False, self._part(node)
        value = self._value(inner)
        return True, lambda holes: _several(kind, value(holes))

    def _part(self, part: t.Any) -> _Make:
        if type(part) is list:
            return self.parts(part)
        if not isinstance(part, ast.AST):
            return operator.itemgetter(part) if part in self._holes else lambda holes: part
        if type(part) is ast.Name and part.id in self._holes:
            return self._value(part)
        kind, fields = type(part), [getattr(part, name, None) for name in part._fields]
        if kind is ast.Constant:
            return lambda holes: ast.Constant(part.value)  # type: ignore[attr-defined]
        # Only what is a node, a list or a hole is made anew each time.
        made = {
            at: self._part(field)
            for at, field in enumerate(fields)
            if isinstance(field, ast.AST | list) or field in self._holes
        }

        def make(holes: Mapping[str, Hole]) -> ast.AST:
            values = [*fields]
            for at, make_field in made.items():
                values[at] = make_field(holes)
            return kind(*values)

        return make

    def _value(self, name: ast.Name) -> _Make:
        is_copy, self._holes[name.id] = self._holes[name.id], True
        key, context = name.id, type(name.ctx)
        return lambda holes: _value(holes[key], context, is_copy)


def _value(value: t.Any, context: type[ast.expr_context], is_copy: bool) -> t.Any:
    """Return what takes the place of a hole."""
    if type(value) is str:
        return ast.Name(value, context())
    if isinstance(value, ast.AST | list | tuple):
        return duplicate(value) if is_copy else value
    return ast.Constant(value)


def _several(kind: type[ast.AST], value: t.Any) -> Sequence[ast.AST]:
    """Return what takes the place of a hole that stands alone."""
    if isinstance(value, ast.stmt):
        return [value]
    if isinstance(value, ast.expr):
        return [ast.Starred(value, ast.Load()) if kind is ast.Starred else ast.Expr(value)]
    return t.cast("Sequence[ast.AST]", value)


_Code = t.TypeVar("_Code")


def duplicate(part: _Code) -> _Code:
    """Return a copy of a node, or of a list of nodes, with all nodes within.

    ``copy.deepcopy`` does the same in several times the time.
    """
    if type(part) is list:
        return t.cast(_Code, [duplicate(each) for each in t.cast("list[t.Any]", part)])
    if not isinstance(part, ast.AST) or isinstance(part, ast.expr_context):
        return part
    kind = type(part)
    made = kind.__new__(kind)
    for name, value in vars(part).items():
        setattr(made, name, duplicate(value))
    return made
