"""A loop over the rests of a list goes along the list, and makes no rest.

In go the statements of a function; they are changed where they stand::

    while True: … if len(a) >= 1: v = a[0]; w = a[1:]; …; a = w; continue
        =>  left = len(a);  while True: … if left >= 1: v = a[-left]; …; left = left - 1; continue

This is done where nothing else is done with the list and its rest. A loop that does nothing but
keep the elements is left out::

    for level in …: if left >= 1: v = a[-left]; frames.append(v); left = left - 1; continue; … x
        =>  frames = a;  left = 0;  x

and one that does something with each element, and then goes on in any case, goes through the list::

    for level in …: if left >= 1: v = a[-left]; …; left = left - 1; continue; … x
        =>  for v in a: …
            left = 0;  x
"""

from __future__ import annotations

import ast
import typing as t

from ..quotations import Hole, code, expr, stmt
from ..snippets import assign, code_of, for_each, item_of, load, size_of
from .names import Names, appended_to, blocks_in, nodes_in, read_name, written_name


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
                statements = [assign(left, size_of(name)), *statements]
                _leave_out_walk(statements, name, left, level, most)
    return statements


def _leave_out_walk(
    statements: list[ast.stmt], name: str, left: str, level: str, most: int
) -> None:
    """Leave out a loop that does nothing but keep the elements of a list, or count them."""
    at = next(n for n, each in enumerate(statements) if type(each) is ast.For)
    loop = t.cast(ast.For, statements[at])
    turn, *rest = _turn_first(loop.body, left)
    is_one = code_of([expr("LEFT >= 1", LEFT=left)])
    if type(turn) is not ast.If or turn.orelse or code_of([turn.test]) != is_one:
        return
    begin, end = turn.body[:-2], code_of(turn.body[-2:])
    if end != code_of(code("LEFT = LEFT - 1; continue", LEFT=left)):
        return
    if sum(type(node) is ast.Break for node in nodes_in(rest)) != 1:
        return
    frames = _kept_in(begin, name, left)
    walk = None if frames is not None else _walk_of(begin, name, left, level)
    if begin and frames is None and walk is None:
        return
    walked = """
        LEVEL = LEVEL + LEFT
        if LEVEL > MOST: OVER
        WALK
        LEFT = 0
        REST
    """
    if frames is not None:
        walk = assign(frames, load(name))
    elif walk is not None:
        ast.copy_location(walk, loop)
    parts: dict[str, Hole] = {"OVER": loop.orelse, "WALK": walk or [], "REST": rest[:-1]}
    statements[at : at + 1] = code(walked, LEVEL=level, LEFT=left, MOST=most, **parts)


def _turn_first(body: list[ast.stmt], left: str) -> list[ast.stmt]:
    """Return statements without those before the first that are for an empty list, behind it."""
    is_none = code_of([expr("LEFT == 0", LEFT=left)])
    for at, each in enumerate(body):
        if type(each) is not ast.If or each.orelse or code_of([each.test]) != is_none:
            return [each, *body[:at], *body[at + 1 :]]
    return body


def _kept_in(begin: list[ast.stmt], name: str, left: str) -> str | None:
    """Return the list to which statements add the first element, if they do nothing else."""
    first = expr("LISTED[-LEFT]", LISTED=name, LEFT=left)
    match begin:
        case [ast.Assign([ast.Name(made)], element), note]:
            frames, kept = appended_to(note) or (None, first)
            is_first = code_of([element]) == code_of([first])
            return frames if is_first and read_name(kept) == made else None
    return None


def _walk_of(begin: list[ast.stmt], name: str, left: str, level: str) -> ast.stmt | None:
    """Return the loop over a list that does what statements do with its first element.

    ``None`` if they do anything else with the list, or may leave the turn in which they stand.
    """
    first = expr("LISTED[-LEFT]", LISTED=name, LEFT=left)
    match begin:
        case [ast.Assign([ast.Name(made)], element), *done] if done:
            names = Names(done)
            leaves = (ast.Break, ast.Continue, ast.For)
            if code_of([element]) != code_of([first]) or names.written[made]:
                return None
            if any(names.read[each] or names.written[each] for each in (name, left, level)):
                return None
            if any(isinstance(node, leaves) for node in nodes_in(done)):
                return None
            return for_each(made, load(name), done)
    return None


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
    step_of = code_of([assign(name, load(rest))])
    steps = [
        (around, statement)
        for around, _ in blocks_in(statements)
        for statement in around
        if written_name(statement) == name and code_of([statement]) == step_of
    ]
    uses = [node for node in nodes_in(statements) if _is_use(node, name)]
    if len(steps) != 1 or names.read[rest] != 1 or names.written[rest] != 1:
        return False
    if names.read[name] != len(uses) + 1:
        return False
    around, step = steps[0]
    count = t.cast(int, _begin_of_rest(made, name))
    around[around.index(step)] = stmt("LEFT = LEFT - COUNT", LEFT=left, COUNT=count)
    block.remove(made)
    _Replaced(name, left).visit(ast.Module(statements, []))
    return True


def _begin_of_rest(statement: ast.stmt, name: str) -> int | None:
    """Return where the rest of a list begins, if a statement gives it a name."""
    match statement:
        case ast.Assign(
            [ast.Name()],
            ast.Subscript(ast.Name(listed), ast.Slice(ast.Constant(int(begin)), None)),
        ) if listed == name:
            return begin
    return None


def _is_use(node: ast.AST, name: str) -> bool:
    """Tell whether an expression is the length of a list, or an element at a fixed place."""
    match node:
        case ast.Call(ast.Name("len"), [ast.Name(used)]):
            return used == name
        case ast.Subscript(ast.Name(used), ast.Constant()):
            return used == name
    return False


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
        place = expr("AT - LEFT" if at else "-LEFT", AT=at, LEFT=self._left)
        return item_of(load(self._name), place)
