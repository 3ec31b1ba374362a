"""Statements that are alike but for their constants stand there once, and look the constants up.

In go the statements for each of many strings or integers, of which one is a value; out come groups
of them::

    if v == "a": if x <= 1: y      if v == "b": if x <= 2: y      …
        =>  if (c := {"a": 1, "b": 2, …}.get(v)) is not None: if x <= c: y

So hundreds of rules that differ in a string and a number are one. Names of values that are written
in such statements are read nowhere else.

Branches that do the same are one, too, whatever they call what they read::

    if v == "a": r = e.x; if r is p: y      elif v == "b": s = e.x; if s is p: y
        =>  if v == "a" or v == "b": r = e.x; if r is p: y
"""

from __future__ import annotations

import ast
import re
import typing as t

from ...value_objects import Record
from ..snippets import any_of, code_of, load
from .names import Names, blocks_in, nodes_in

#: Names that statements give to values for themselves: no other statements read them.
_OWN = re.compile(r"[vpo]\d+")
#: Those, and the names of the last class that was looked at.
_OWN_AND_LAST = re.compile(r"[vpoc]\d+")
#: The fewest branches that are written as one.
_FEW = 3


class Alike(Record):
    """Statements that are written once for several branches.

    :param body: those of one branch, with names in the place of constants that differ.
    :param texts: the strings or integers of each branch.
    :param names: the names in the place of constants.
    :param rows: the constants of each branch, one for each name; empty if nothing differs.
    """

    body: list[ast.stmt]
    texts: list[set[t.Any]]
    names: list[str]
    rows: list[tuple[t.Any, ...]]

    def table(self) -> dict[t.Any, t.Any]:
        """Return what the names stand for, by the string or the integer: a constant, or a tuple."""
        rows = [row if len(row) > 1 else row[0] for row in self.rows]
        pairs = zip(self.texts, rows, strict=True)
        return {text: row for texts, row in pairs for text in sorted(texts)}

    def target(self) -> ast.expr:
        """Write the names as the target of an assignment."""
        parts: list[ast.expr] = [ast.Name(name, ast.Store()) for name in self.names]
        return parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Store())


def share_alike(branches: list[tuple[set[t.Any], list[ast.stmt]]], name: str) -> list[Alike]:
    """Group branches whose statements differ in constants alone.

    :param branches: strings or integers, and the statements for them.
    :param name: the beginning of the names that take the place of constants.
    """
    groups: dict[str, list[tuple[set[t.Any], list[ast.stmt], list[ast.Constant]]]] = {}
    for texts, body in branches:
        shape, constants = _shape_of(body)
        groups.setdefault(shape, []).append((texts, body, constants))
    found = []
    for group in groups.values():
        is_written = any(each.startswith(name) for each in Names(group[0][1]).written)
        if len(group) < _FEW or is_written:
            found += [Alike(body, [texts], [], []) for texts, body, _ in group]
        else:
            found.append(_shared(group, name))
    return found


def _shared(group: list[tuple[set[t.Any], list[ast.stmt], list[ast.Constant]]], name: str) -> Alike:
    """Replace the constants that differ by names."""
    texts, (body, *_) = [each for each, _, _ in group], [each for _, each, _ in group]
    columns: dict[tuple[str, ...], str] = {}
    values: list[tuple[t.Any, ...]] = []
    replaced: dict[int, str] = {}
    for constants in zip(*(each for _, _, each in group), strict=True):
        column = tuple(f"{type(each.value)}{each.value!r}" for each in constants)
        if len({*column}) == 1:
            continue
        if column not in columns:
            columns[column] = f"{name}{len(columns)}"
            values.append(tuple(each.value for each in constants))
        replaced[id(constants[0])] = columns[column]
    body = [_Replaced(replaced).visit(each) for each in body]
    return Alike(body, texts, [*columns.values()], [*zip(*values, strict=True)])


class _Replaced(ast.NodeTransformer):
    """Replaces constants by names, by their identity."""

    def __init__(self, names: dict[int, str]) -> None:
        self._names = names

    def visit(self, node: ast.AST) -> t.Any:
        name = self._names.get(id(node))
        return self.generic_visit(node) if name is None else load(name)


def _shape_of(body: list[ast.stmt]) -> tuple[str, list[ast.Constant]]:
    """Return a text that is equal for statements that are alike, and their constants."""
    own = [name for name in Names(body).written if _OWN.fullmatch(name)]
    constants: list[ast.Constant] = []
    return code_of(body, {name: f"*{at}" for at, name in enumerate(own)}, constants), constants


def join_alike(statements: list[ast.stmt]) -> None:
    """Write branches that follow each other and do the same as one."""
    names: Names | None = None
    for block, _ in [*blocks_in(statements)][::-1]:
        for statement in block:
            while type(statement) is ast.If and len(statement.orelse) == 1:
                following = statement.orelse[0]
                if type(following) is not ast.If or not _are_comparisons(statement, following):
                    break
                names = names or Names(statements)
                if _code_with(statement.body, names) != _code_with(following.body, names):
                    break
                statement.test = any_of([statement.test, following.test])
                statement.orelse = following.orelse


def _are_comparisons(*statements: ast.If) -> bool:
    """Tell whether conditions compare names with constants, and do nothing else."""
    parts = (ast.Compare, ast.Name, ast.Constant, ast.BoolOp)
    return all(isinstance(node, parts) for each in statements for node in nodes_in([each.test]))


def _code_with(statements: list[ast.stmt], names: Names) -> str:
    """Return a text of statements that does not depend on names which nothing else knows.

    :param names: those of the whole function.
    """
    here, others = Names(statements), dict[str, str]()
    for node in nodes_in(statements):
        name = node.id if type(node) is ast.Name else ""
        is_own = here.written[name] == names.written[name] and here.read[name] == names.read[name]
        if is_own and _OWN_AND_LAST.fullmatch(name):
            others.setdefault(name, f"{len(others)}")
    return code_of(statements, others)
