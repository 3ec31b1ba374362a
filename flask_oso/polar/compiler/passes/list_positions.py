"""A loop over the rests of a list goes along the list, and makes no rest.

In go the statements of a function; they are changed where they stand::

    while True: … if len(a) >= 1: v = a[0]; w = a[1:]; …; a = w; continue
        =>  left = len(a);  while True: … if left >= 1: v = a[-left]; …; left = left - 1; continue

This is done where nothing else is done with the list and its rest. A loop that does nothing but
keep the elements is left out::

    for level in …: if left >= 1: v = a[-left]; frames.append(v); left = left - 1; continue; … x
        =>  frames = a;  left = 0;  x
"""

from __future__ import annotations

import ast
import typing as t

from ..snippets import assign, call, code_of, compared, item_of, load
from .names import Names, blocks_in, nodes_in, read_name, written_name


def go_along_lists(
    statements: list[ast.stmt], parameters: list[str], level: str, most: int
) -> list[ast.stmt]:
    """Have a loop go along the lists that are its parameters; return all statements.

    :param level: the name of the number of the turn.
    :param most: the most turns.
    """
    names = Names(statements)
    for name in parameters:
        if names.written[name] == 1:
            left = f"left_of_{name}"
            if _goes_along(statements, name, left, names):
                statements = [assign(left, call("len", load(name))), *statements]
                _leave_out_walk(statements, name, left, level, most)
    return statements


def _leave_out_walk(
    statements: list[ast.stmt], name: str, left: str, level: str, most: int
) -> None:
    """Leave out a loop that does nothing but keep the elements of a list, or count them."""
    at = next(n for n, each in enumerate(statements) if type(each) is ast.For)
    loop = t.cast(ast.For, statements[at])
    turn, *rest = loop.body
    is_one = compared(load(left), ast.GtE(), ast.Constant(1))
    if type(turn) is not ast.If or turn.orelse or code_of([turn.test]) != code_of([is_one]):
        return
    step = assign(left, ast.BinOp(load(left), ast.Sub(), ast.Constant(1)))
    begin, end = turn.body[:-2], code_of(turn.body[-2:])
    frames = _kept_in(begin, name, left)
    if end != code_of([step, ast.Continue()]) or (begin and frames is None):
        return
    if sum(type(node) is ast.Break for node in nodes_in(rest)) != 1:
        return
    deep = ast.BinOp(load(level), ast.Add(), load(left))
    is_over = compared(load(level), ast.Gt(), ast.Constant(most))
    made: list[ast.stmt] = [assign(level, deep), ast.If(is_over, loop.orelse, [])]
    if frames is not None:
        made.append(assign(frames, load(name)))
    statements[at : at + 1] = [*made, assign(left, ast.Constant(0)), *rest[:-1]]


def _kept_in(begin: list[ast.stmt], name: str, left: str) -> str | None:
    """Return the list to which statements add the first element, if they do nothing else."""
    if len(begin) != 2:
        return None
    first = item_of(load(name), ast.UnaryOp(ast.USub(), load(left)))
    made, kept = written_name(begin[0]), t.cast(t.Any, begin[1])
    if made is None or code_of([begin[0]]) != code_of([assign(made, first)]):
        return None
    frames = getattr(getattr(getattr(kept, "value", None), "func", None), "value", None)
    if frames is None or kept.value.func.attr != "append":
        return None
    return read_name(frames) if [*map(read_name, kept.value.args)] == [made] else None


def _goes_along(statements: list[ast.stmt], name: str, left: str, names: Names) -> bool:
    """Go along a list, if its first elements and its rest are all that is used of it."""
    rests = [
        (block, statement)
        for block, _ in blocks_in(statements)
        for statement in block
        if _begin_of_rest(statement, name) is not None
    ]
    if len(rests) != 1:
        return False
    block, made = rests[0]
    rest = t.cast(str, written_name(made))
    steps = [
        (around, statement)
        for around, _ in blocks_in(statements)
        for statement in around
        if written_name(statement) == name and read_name(statement.value) == rest  # type: ignore[attr-defined]
    ]
    uses = [node for node in nodes_in(statements) if _is_use(node, name)]
    if len(steps) != 1 or names.read[rest] != 1 or names.written[rest] != 1:
        return False
    if names.read[name] != len(uses) + 1:
        return False
    around, step = steps[0]
    count = t.cast(int, _begin_of_rest(made, name))
    fewer = ast.BinOp(load(left), ast.Sub(), ast.Constant(count))
    around[around.index(step)] = assign(left, fewer)
    block.remove(made)
    _Replaced(name, left).visit(ast.Module(statements, []))
    return True


def _begin_of_rest(statement: ast.stmt, name: str) -> int | None:
    """Return where the rest of a list begins, if a statement gives it a name."""
    value: t.Any = statement.value if written_name(statement) else None  # type: ignore[attr-defined]
    if type(value) is not ast.Subscript or read_name(value.value) != name:
        return None
    part: t.Any = value.slice
    is_rest = type(part) is ast.Slice and type(part.lower) is ast.Constant and part.upper is None
    return t.cast(int, part.lower.value) if is_rest else None


def _is_use(node: ast.AST, name: str) -> bool:
    """Tell whether an expression is the length of a list, or an element at a fixed place."""
    if type(node) is ast.Call:
        return read_name(node.func) == "len" and [*map(read_name, node.args)] == [name]
    is_part = type(node) is ast.Subscript and read_name(node.value) == name
    return is_part and type(t.cast(ast.Subscript, node).slice) is ast.Constant


class _Replaced(ast.NodeTransformer):
    """Replaces a length by what is left, and counts places from the end."""

    def __init__(self, name: str, left: str) -> None:
        self._name, self._left = name, left

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return load(self._left) if _is_use(node, self._name) else self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not _is_use(node, self._name):
            return self.generic_visit(node)
        at = t.cast(int, t.cast(ast.Constant, node.slice).value)
        place: ast.expr = ast.UnaryOp(ast.USub(), load(self._left))
        if at:
            place = ast.BinOp(ast.Constant(at), ast.Sub(), load(self._left))
        return item_of(load(self._name), place)
