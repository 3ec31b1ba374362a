"""Quotations: Python that is written as text with holes, as ``ast`` nodes.

In go a quotation, and what takes the place of its holes, which are names; out come nodes without
positions::

    code("if type(X) is not KIND: return None", X=name, KIND=load(known))

INVARIANT: a quotation is a literal of the compiler. No text of a policy becomes part of one.
"""

from __future__ import annotations

import ast
import functools
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

    To copy nodes would take several times as long.
    """
    parts = _Maker(holes).parts(ast.parse(textwrap.dedent(quotation)).body)
    made: Callable[[Mapping[str, Hole]], list[ast.stmt]] = eval(f"lambda holes: {parts}", _MAKERS)
    return made


class _Maker:
    """Writes what makes nodes.

    :param holes: the names of the holes.
    """

    def __init__(self, holes: Sequence[str]) -> None:
        self._holes = dict.fromkeys(holes, False)

    def parts(self, nodes: Sequence[t.Any]) -> str:
        """Write a list of nodes, where a hole alone in its place may stand for several."""
        made = []
        for each in nodes:
            inner = each.value if type(each) in (ast.Starred, ast.Expr) else None
            if type(inner) is ast.Name and inner.id in self._holes:
                made.append(f"*several({type(each).__name__}, {self._value(inner)})")
            else:
                made.append(self._part(each))
        return f"[{', '.join(made)}]"

    def _part(self, part: t.Any) -> str:
        if type(part) is list:
            return self.parts(part)
        if not isinstance(part, ast.AST):
            return f"holes[{part!r}]" if part in self._holes else repr(part)
        if type(part) is ast.Name and part.id in self._holes:
            return self._value(part)
        if type(part) is ast.Constant:
            return f"Constant({part.value!r})"
        fields = (getattr(part, name, None) for name in part._fields)
        return f"{type(part).__name__}({', '.join(map(self._part, fields))})"

    def _value(self, name: ast.Name) -> str:
        is_copy, self._holes[name.id] = self._holes[name.id], True
        return f"value(holes[{name.id!r}], {type(name.ctx).__name__}, {is_copy})"


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


_MAKERS: dict[str, t.Any] = {**vars(ast), "value": _value, "several": _several}


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
