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
"""

from __future__ import annotations

import ast
import copy
import re
import typing as t

from .names import Names, blocks_in, read_name, written_name

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
    each = test.values if type(test) is ast.BoolOp and type(test.op) is ast.Or else [test]
    kind = ast.Eq if len(each) > 1 else ast.In
    return all(
        type(one) is ast.Compare
        and type(one.ops[0]) is kind
        and read_name(one.left) is not None
        and type(one.comparators[0]) is ast.Constant
        for one in each
    )


def _turned(statement: ast.If, element: str) -> list[ast.stmt]:
    """Return a test with what it depends on in the other order; as it is, if that is not known."""
    *before, inner = statement.body
    made = written_name(before[0]) if len(before) == 1 else None
    value: t.Any = t.cast(ast.Assign, before[0]).value if made else None
    is_read = type(value) is ast.Attribute and read_name(value.value) == element
    if not is_read or type(inner) is not ast.If or not _is_identity(inner.test, made):
        return [statement]
    if Names([statement.test]).read[t.cast(str, made)]:
        return [statement]
    others: list[ast.stmt] = []
    if inner.orelse:
        doubt = inner.orelse[0]
        if len(inner.orelse) > 1 or type(doubt) is not ast.If or doubt.orelse:
            return [statement]
        doubt.body = [ast.If(copy.deepcopy(statement.test), doubt.body, [])]
        others = [doubt]
    inner.body = [ast.copy_location(ast.If(statement.test, inner.body, []), statement)]
    inner.orelse = others
    return [*before, inner]


def _is_identity(test: ast.expr, made: str | None) -> bool:
    """Tell whether a test is that a value is one argument."""
    if type(test) is not ast.Compare or type(test.ops[0]) is not ast.Is:
        return False
    other = read_name(test.comparators[0])
    return read_name(test.left) == made and other is not None and bool(_ARGUMENT.fullmatch(other))
