"""Tests of one value for classes that exclude each other, as branches of one statement.

In go the statements of a function; they are changed where they stand::

    if type(v) is A: …; elif odd(v) or isinstance(v, A): return None
    if type(v) is B: …; elif odd(v) or isinstance(v, B): return None
        =>  if type(v) is A: …
            elif type(v) is B: …
            elif odd(v) or isinstance(v, A): return None
            elif odd(v) or isinstance(v, B): return None

So an object of either class is asked nothing else, as folders in projects in folders are.
"""

from __future__ import annotations

import ast
import typing as t

from ..exclusion import class_tested
from ..names import Names, blocks_in, only_gives_up


def branch_by_class(statements: list[ast.stmt]) -> None:
    """Write tests for classes that follow each other as branches."""
    for block, _ in [*blocks_in(statements)]:
        at = 0
        while at + 1 < len(block):
            if _become_branches(block[at], block[at + 1]):
                del block[at + 1]
            else:
                at += 1


def _become_branches(statement: ast.stmt, following: ast.stmt) -> bool:
    """Put a statement into another one, if their classes exclude each other; tell whether."""
    mine, theirs = _tested(statement), _tested(following)
    if mine is None or theirs is None or mine[0] != theirs[0]:
        return False
    if not all(_are_apart(each, theirs[1]) for each in _classes(t.cast(ast.If, statement))):
        return False
    name, one, other = mine[0], t.cast(ast.If, statement), t.cast(ast.If, following)
    if Names(one.body).written[name]:
        return False
    last = one
    while _tested(last.orelse[0]) is not None:
        last = t.cast(ast.If, last.orelse[0])
        if Names(last.body).written[name]:
            return False
    odd, other_odd = t.cast(ast.If, last.orelse[0]), t.cast(ast.If, other.orelse[0])
    while odd.orelse:
        odd = t.cast(ast.If, odd.orelse[0])
    odd.orelse, other.orelse, last.orelse = [other_odd], last.orelse, [other]
    return True


def _classes(statement: ast.If) -> list[type]:
    """Return the classes of all branches."""
    found: list[type] = []
    tested = _tested(statement)
    while tested is not None:
        found.append(tested[1])
        statement = t.cast(ast.If, statement.orelse[0])
        tested = _tested(statement)
    return found


def _tested(statement: ast.stmt) -> tuple[str, type] | None:
    """Return the value and the class of which a statement asks, if it gives up for subclasses."""
    if type(statement) is not ast.If or len(statement.orelse) != 1:
        return None
    tested = class_tested(statement.test)
    if tested is None:
        return None
    otherwise = statement.orelse[0]
    return tested if only_gives_up(otherwise) or _branches(otherwise) else None


def _branches(statement: ast.stmt) -> bool:
    """Tell whether a statement is a branch, or gives up under one of several conditions."""
    if _tested(statement) is not None:
        return True
    if type(statement) is not ast.If or len(statement.orelse) > 1:
        return False
    alone = ast.If(statement.test, statement.body, [])
    return only_gives_up(alone) and all(map(_branches, statement.orelse))


def _are_apart(one: type, other: type) -> bool:
    """Tell whether no object of one class is an instance of the other, as Python tells it."""
    is_plain = type(one) is type is type(other)
    return is_plain and one not in other.__mro__ and other not in one.__mro__
