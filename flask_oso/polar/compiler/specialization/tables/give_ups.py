"""Functions that give up again and again: what is tried in vain costs more than it saves.

In goes a function for plain data; out comes one that counts how often it gives up. Where that is
often, some of its questions are looked at one by one, and where it gives up most of them, another
function takes its place: one that tries it, and does not for a while once that was mostly in vain.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable

from ...passes.names import gives_up
from ...quotations import duplicate
from ...snippets import call, load
from .drafts import Specialization

#: How often a function gives up before its questions are looked at for the first time.
FIRST_LOOK = 8
#: How many times as often before they are looked at again.
_LONGER = 4
#: How many questions are looked at.
SAMPLE = 16


class GiveUps:
    """How often one function gave up.

    :param look: begins to look at questions like one that was given up.
    """

    __slots__ = ("_count", "_look", "_most")

    def __init__(self, look: Callable[[tuple[t.Any, ...]], None]) -> None:
        self._look, self._count, self._most = look, 0, FIRST_LOOK

    def __call__(self, *args: t.Any) -> None:
        """Give up a question."""
        self._count += 1
        if self._count >= self._most:
            self._count, self._most = 0, self._most * _LONGER
            self._look(args)


class Sample:
    """Counts how many of some questions a function gives up; it takes its place meanwhile.

    :param end: called with whether it gave up most of them.
    """

    __slots__ = ("_asked", "_end", "_given_up", "_made")

    def __init__(self, made: Specialization, end: Callable[[Sample, bool], None]) -> None:
        self._made, self._end = made, end
        self._asked = self._given_up = 0

    def __call__(self, *args: t.Any) -> bool | None:
        """Answer a question as the function does."""
        answer = self._made(*args)
        self._asked += 1
        self._given_up += answer is None
        if self._asked >= SAMPLE:
            self._end(self, self._given_up * 2 > SAMPLE)
        return answer


def counting(function: ast.FunctionDef, give_ups: str) -> ast.FunctionDef:
    """Write that a function counts how often it gives up.

    :param give_ups: the global name of its ``GiveUps``.
    """
    given = [load(each.arg) for each in function.args.args]
    parameters = given[: len(given) - len(function.args.defaults)]
    made = _counting(function, lambda: call(give_ups, *map(duplicate, parameters)))
    return t.cast(ast.FunctionDef, made)


#: The fields of statements that hold other statements, and what handles errors.
_BLOCKS = ("body", "orelse", "handlers", "finalbody")


def _counting(part: t.Any, write_call: Callable[[], ast.expr]) -> t.Any:
    """Return a statement in which giving up is a call, or itself where nothing in it gives up.

    Functions share the statements that give up, so that none is changed where it stands. To copy
    what gives up nowhere would take as long as to compile it.
    """
    if gives_up(part):
        return ast.copy_location(ast.Return(write_call()), part)
    changed = {}
    for name in _BLOCKS:
        block = getattr(part, name, ())
        made = [_counting(each, write_call) for each in block]
        if any(one is not other for one, other in zip(made, block, strict=True)):
            changed[name] = made
    if not changed:
        return part
    kind: t.Any = type(part)
    copied = kind.__new__(kind)
    vars(copied).update(vars(part) | changed)
    return copied
