"""Of the tests of an element, the one that fails most often comes first.

In go the statements of a function; they are changed where they stand::

    for e in v: …
        if n == "a" or n == "b":
            r = e.x
            if r is p: x
            elif type(r) is not c: y
    =>
        r = e.x
        if r is p:
            if n == "a" or n == "b": x
        elif type(r) is not c:
            if n == "a" or n == "b": y

Many roles have a name that counts, and few are for the one resource of a question. For a single
name the other order takes as long.

Not where functions for many strings become one: a table then has the name for all of them at once.
"""

from __future__ import annotations

import ast
import re

from ..quotations import duplicate
from .names import Names, blocks_in, disjuncts

_ARGUMENT = re.compile(r"a\d+")


def identity_first(statements: list[ast.stmt]) -> None:
    """Test whether what an element has is one object before its texts are compared."""
    for block, element in [*blocks_in(statements)]:
        if element is None:
            continue
        for at, statement in reversed([*enumerate(block)]):
            if type(statement) is ast.If and not statement.orelse and _is_one_of(statement.test):
                block[at : at + 1] = _turned(statement, element)


def _is_one_of(test: ast.expr) -> bool:
    """Tell whether a test compares a name with two texts or more."""
    tests = disjuncts(test)
    kind = ast.Eq if len(tests) > 1 else ast.In
    for each in tests:
        match each:
            case ast.Compare(ast.Name(), [operator], [ast.Constant()]) if type(operator) is kind:
                continue
        return False
    return True


def _turned(statement: ast.If, element: str) -> list[ast.stmt]:
    """Return a test with what it depends on in the other order; as it is, if that is not known."""
    match statement.body:
        case [
            ast.Assign([ast.Name(made)], ast.Attribute(ast.Name(owner))) as read,
            ast.If(ast.Compare(ast.Name(left), [ast.Is()], [ast.Name(other)])) as inner,
        ] if owner == element and left == made and _ARGUMENT.fullmatch(other):
            pass
        case _:
            return [statement]
    if Names([statement.test]).read[made]:
        return [statement]
    match inner.orelse:
        case []:
            pass
        case [ast.If(_, _, []) as doubt]:
            doubt.body = [ast.If(duplicate(statement.test), doubt.body, [])]
        case _:
            return [statement]
    inner.body = [ast.copy_location(ast.If(statement.test, inner.body, []), statement)]
    return [read, inner]
