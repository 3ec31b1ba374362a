"""What does not depend on the elements of a list is read, and tested, before they are gone through.

In go the statements of a function; they are changed where they stand::

    for e in v: odd(e); w = a.x; if w is str: …; if w == "x": …
        =>  w = a.x
            if w is str: …
            if w == "x":
                for e in v: odd(e); …
            else:
                if v is not known: for e in v: odd(e)  known = v

So a condition on the elements of one list costs nothing for each element of another one, in
whatever order a policy has them. What every turn does in front of the condition is done
for each element all the same, as in the solver, which may meet an error there: once for each list.
"""

from __future__ import annotations

import ast
import re
import typing as t
from collections.abc import Callable, Iterator, Sequence

from ..quotations import duplicate
from ..snippets import PARTS, assign, compared, load
from .names import (
    COUNT,
    KIND,
    Names,
    blocks_in,
    gives_up,
    listed_name,
    read_name,
    sets_true,
    written_name,
)

#: The names of the class of the last value that was looked at: they are tested again in any case.
_CACHE = re.compile(r"c\d+")


def unswitch(statements: list[ast.stmt], fresh: Callable[[str], str]) -> None:
    """Move what is the same in all turns out of loops, with the condition behind it.

    Each loop has a first turn.

    :param fresh: gives names.
    """
    loops = [
        (block, each)
        for block, _ in reversed([*blocks_in(statements)])
        for each in block
        if type(each) is ast.For
    ]
    if not loops:
        return
    changing = {*Names([loop for _, loop in loops]).written}
    for block, loop in loops:
        moved = _take_out(loop)
        at = block.index(loop)
        counted = at - 2 if at > 1 and written_name(block[at - 2]) == COUNT else at
        unswitching = _Unswitching(changing, fresh)
        block[counted : at + 1] = [*moved, *unswitching.loop(block[counted:at], loop)]
        statements[:0] = [assign(each, ast.Constant(None)) for each in unswitching.known]


class _Unswitching:
    """What one loop becomes.

    :param changing: the names that some turn of a loop writes.
    """

    def __init__(self, changing: set[str], fresh: Callable[[str], str]) -> None:
        self._changing, self._fresh = changing, fresh
        #: The names of the lists that have been gone through.
        self.known: list[str] = []

    def loop(self, counted: list[ast.stmt], loop: ast.For) -> list[ast.stmt]:
        """Return a loop within the conditions that are the same in all turns.

        :param counted: what counts its steps.
        """
        *before, last = loop.body
        # What is done where no turn ends the loop is done where there is a turn.
        if type(last) is not ast.If or loop.orelse or not all(map(_is_plain, before)):
            return [*counted, loop]
        if not _is_same(last.test, loop):
            return [*counted, loop]
        otherwise = self._otherwise(loop, before, last.orelse)
        if otherwise is None:
            return [*counted, loop]
        loop.body = [*before, *last.body]
        moved = _take_out(loop)
        last.body = [*moved, *self.loop(counted, loop)]
        last.orelse = otherwise
        return [last]

    def _otherwise(
        self, loop: ast.For, before: list[ast.stmt], left: list[ast.stmt]
    ) -> list[ast.stmt] | None:
        """Write what is done where a condition does not hold; ``None`` if it differs by the turn.

        :param left: what each turn does there, behind what it does in any case.
        """
        if left and gives_up(left[0]):
            return left
        if not all(map(_is_plain, left)):
            return None
        if len(_same_in_each_turn(left, _names_of([loop.target, *before]))) < len(left):
            return None
        gone_through = self._gone_through(loop, before)
        return None if gone_through is None else [*gone_through, *left]

    def _gone_through(self, loop: ast.For, body: list[ast.stmt]) -> list[ast.stmt] | None:
        """Write what is done with each element where the condition does not hold."""
        if not body:
            return []
        listed = listed_name(loop.iter)
        if listed is None:
            return None
        each = t.cast(ast.stmt, ast.For(loop.target, loop.iter, body, []))
        again = ast.copy_location(duplicate(each), loop)
        names = Names([again])
        others = {*names.read} - {*names.written} - {listed}
        if not others.isdisjoint(self._changing):
            return [again]
        # Within another loop it may be the same list each time.
        self.known.append(self._fresh("x"))
        is_new = compared(load(listed), ast.IsNot(), load(self.known[-1]))
        return [ast.If(is_new, [again, assign(self.known[-1], load(listed))], [])]


def _take_out(loop: ast.For) -> list[ast.stmt]:
    """Take statements out of a loop that do the same in each turn; return them in order."""
    plain: list[ast.stmt] = []
    for statement in loop.body:
        if not _is_plain(statement):
            break
        plain.append(statement)
    taken = plain
    while taken:
        kept = [each for each in loop.body if not any(each is other for other in taken)]
        outside = _names_of([loop.target, *kept])
        same = _same_in_each_turn(taken, outside)
        if len(same) == len(taken):
            loop.body = kept or [ast.Pass()]
            return taken
        taken = same
    return []


def _same_in_each_turn(statements: list[ast.stmt], outside: Names) -> list[ast.stmt]:
    """Return those that neither read nor write what others write.

    :param outside: the names of the other statements of the loop.
    """
    written, before = Names(statements).written, set[str]()
    same = []
    for statement in statements:
        names = Names([statement])
        own = {each for each in names.written if each != KIND}
        # What it has noted of the last turn leads to the same once more.
        noted = {each for each in own if _CACHE.fullmatch(each)} | {KIND}
        read = {*names.read} - before - noted
        is_same = read.isdisjoint(written) and read.isdisjoint(outside.written)
        is_alone = own.isdisjoint(outside.written)
        if is_same and is_alone and noted.isdisjoint({*outside.read} - {KIND}):
            same.append(statement)
        before |= own - noted
    return same


def _names_of(nodes: Sequence[ast.AST]) -> Names:
    """Return the names in statements; what is changed in place, such as a list, is written."""
    names = Names(nodes)
    for node in _outside_expressions(nodes):
        if type(node) is ast.Expr or (type(node) is ast.Assign and written_name(node) is None):
            names.written.update(Names([node]).read)
    return names


def _outside_expressions(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield what is no expression, of some nodes and of all within them: mostly statements."""
    stack = [*nodes]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.expr):
            continue
        yield node
        for name in PARTS[type(node)]:
            part = getattr(node, name, None)
            if type(part) is list:
                stack += part
            elif part is not None:
                stack.append(part)


def _is_plain(statement: ast.stmt) -> bool:
    """Tell whether a statement does nothing but give names to values, and give up."""
    if type(statement) is ast.If:
        return all(map(_is_plain, [*statement.body, *statement.orelse]))
    if gives_up(statement) or type(statement) is ast.Pass:
        return True
    # A solution counts only if nothing before it gives up.
    return written_name(statement) not in (None, COUNT) and sets_true(statement) is None


def _is_same(test: ast.expr, loop: ast.For) -> bool:
    """Tell whether a test is the same in each turn of a loop."""
    names, here = _names_of([loop]), Names([test])
    for name in here.read:
        if here.written[name]:
            # A name for a part of the test, which is read in the test alone.
            if names.read[name] > here.read[name] or names.written[name] > here.written[name]:
                return False
        elif names.written[name]:
            return False
    return read_name(test) is None or bool(here.read)
