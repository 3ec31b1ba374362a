"""A loop along a chain ends with its first solution, where its caller ends with that.

In go the statements of a function that is a loop, and those of its callers. The solver looks at
nothing behind its first solution; nor does the loop, which its caller tells so::

    def g(a, level, memo, is_first=is_first):
        for level in …:
            if a.owner is u:
                if is_first: return True
                found = True
            …

    v = g(d, 0, memo)                       v = g(d, 0, memo, not is_searched)
    if v is None: return None           =>  if v is None: return None
    if v: return True                       if v: return True

It is for functions that tell whether there is a solution. Those that gather them look for all.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Container

from ...snippets import assign, load, negate, returned
from ..names import FOUND, Names, blocks_in, ends_at_solution, read_name, written_name

#: The name of whether a function ends with its first solution.
IS_FIRST = "is_first"


def noted_or_ended() -> list[ast.stmt]:
    """Write that a solution is noted, or ends the function."""
    return [ast.If(load(IS_FIRST), [returned(True)], [assign(FOUND, ast.Constant(True))])]


def results_of(statements: list[ast.stmt], name: str) -> list[str]:
    """Return the names of what calls of a function find."""
    calls = ((each, getattr(each, "value", None)) for each in statements)
    return [
        t.cast(str, written_name(statement))
        for statement, called in calls
        if type(called) is ast.Call and read_name(called.func) == name
    ]


def search_for_all(statements: list[ast.stmt]) -> None:
    """Have no solution end a function."""
    for block, _ in [*blocks_in(statements)]:
        for at, statement in [*enumerate(block)][::-1]:
            if type(statement) is ast.If and read_name(statement.test) == IS_FIRST:
                block[at : at + 1] = statement.orelse


def may_end(statements: list[ast.stmt]) -> bool:
    """Tell whether a function may end with its first solution."""
    return Names(statements).read[IS_FIRST] > 0


def end_with_calls(statements: list[ast.stmt], ending: Container[str]) -> None:
    """Tell functions that one solution is enough, where the caller ends with it.

    :param ending: the names of the functions that can be told so.
    """
    for block, _ in blocks_in(statements):
        for at, statement in enumerate(block[:-2]):
            called: t.Any = getattr(statement, "value", None)
            if type(called) is not ast.Call or read_name(called.func) not in ending:
                continue
            found, then = written_name(statement), block[at + 2]
            is_end = type(then) is ast.If and read_name(then.test) == found and not then.orelse
            if is_end and ends_at_solution(t.cast(ast.If, then).body):
                called.args.append(negate(load("is_searched")))
