"""What depends on a flag stands where the flag would be set.

In go the statements of a function; they are changed where they stand::

    b = False;  if p: … b = True;  if not b: x    =>  if p: … else: x
    b = False;  if p: … b = True;  if b: x        =>  if p: … x

Only where nothing else reads the flag, nothing sets it in a loop or before other statements, and
``x`` does not become much longer. Statements between the two come first, if they may: a test for
which the function gives up never comes behind an answer.
"""

from __future__ import annotations

import ast
import typing as t

from ..quotations import duplicate
from .names import Names, answers, blocks_in, nodes_in, read_name, written_name

#: The most statements that take the place of a flag.
_MOST = 6
#: The names that statements write, by the identities of these, which are kept so: others are made
#: and dropped meanwhile.
_Written = dict[int, tuple[ast.stmt, frozenset[str]]]


def replace_flags(statements: list[ast.stmt]) -> None:
    """Put what depends on a flag in the place of the flag."""
    names = Names(statements)
    for block, _ in [*blocks_in(statements)][::-1]:
        written: _Written = {}
        while _replaces_some(block, names, written):
            pass


def _replaces_some(block: list[ast.stmt], names: Names, written: _Written) -> bool:
    """Go through a list of statements from its end; tell whether some flag was replaced.

    :param written: the names that each of the statements writes, by its identity.
    """
    is_changed, at = False, len(block) - 1
    while at > 1:
        flag = _flag_of(block[at])
        is_read_here = flag is not None and names.read[flag] == 1
        if is_read_here and _is_replaced(block, at, t.cast(str, flag), names, written):
            # What is at this place now was behind, and was looked at.
            is_changed, at = True, at - 1
        at -= 1
    return is_changed


def _flag_of(statement: ast.stmt) -> str | None:
    """Return the flag on which a statement depends."""
    if type(statement) is not ast.If or statement.orelse:
        return None
    return read_name(statement.test) or _negated(statement.test)


def _negated(test: ast.expr) -> str | None:
    match test:
        case ast.UnaryOp(ast.Not(), ast.Name(name)):
            return name
    return None


def _is_replaced(
    block: list[ast.stmt], at: int, flag: str, names: Names, written: _Written
) -> bool:
    behind = t.cast(ast.If, block[at])
    writers = (n for n in reversed(range(at)) if flag in _written_by(block[n], written))
    set_at, begins = next(writers, None), next(writers, None)
    if set_at is None or begins is None or written_name(block[begins]) != flag:
        return False
    tree, between = block[set_at], block[set_at + 1 : at]
    ends: list[tuple[list[ast.stmt], bool]] = []
    if type(tree) is not ast.If or not _find_ends(tree, flag, ends):
        return False
    if between and not _may_come_first(between, tree, flag):
        return False
    if names.written[flag] != 1 + sum(is_set for _, is_set in ends):
        # It is set elsewhere, too.
        return False
    wanted = _negated(behind.test) is None
    copies = sum(is_set is wanted for _, is_set in ends)
    if copies * sum(isinstance(each, ast.stmt) for each in nodes_in(behind.body)) > _MOST:
        return False
    for end, is_set in ends:
        if is_set:
            del end[-1]
        if is_set is wanted:
            end += duplicate(behind.body)
    for node in nodes_in([tree]):
        if type(node) is ast.If and not node.body:
            node.body = [ast.Pass()]
    names.multiply(behind.body, copies)
    written.pop(id(tree))
    block[set_at : at + 1] = [*between, tree]
    del block[begins]
    return True


def _written_by(statement: ast.stmt, written: _Written) -> frozenset[str]:
    """Return the names that a statement writes, which are looked for once."""
    if id(statement) not in written:
        written[id(statement)] = statement, frozenset(Names([statement]).written)
    return written[id(statement)][1]


def _may_come_first(between: list[ast.stmt], tree: ast.stmt, flag: str) -> bool:
    """Tell whether statements may come before a test that they stand behind."""
    theirs, own = Names(between), Names([tree])
    depends = any(theirs.written[name] for name in own.read)
    changes = any(theirs.read[name] or theirs.written[name] for name in own.written if name != flag)
    return not (depends or changes or _leaves(between))


def _leaves(statements: list[ast.stmt]) -> bool:
    """Tell whether statements may answer, or end the loop that they are in."""
    stack = [*statements]
    while stack:
        statement = stack.pop()
        if type(statement) is ast.For:
            if any(map(answers, nodes_in([statement]))):
                return True
            continue
        if isinstance(statement, (ast.Break, ast.Continue)) or answers(statement):
            return True
        stack += [*getattr(statement, "body", ()), *getattr(statement, "orelse", ())]
    return False


def _find_ends(tree: ast.If, flag: str, ends: list[tuple[list[ast.stmt], bool]]) -> bool:
    """Find where a statement ends, and whether a flag is set there.

    Tell whether what follows can stand there.
    """
    for block in (tree.body, tree.orelse):
        *before, last = block or [ast.Pass()]
        if Names(before).written[flag]:
            return False
        if written_name(last) == flag:
            ends.append((block, True))
        elif type(last) is ast.If:
            if not _find_ends(last, flag, ends):
                return False
        elif isinstance(last, (ast.Break, ast.Continue)):
            return False
        elif type(last) is not ast.Return:
            ends.append((block, False))
    return True
