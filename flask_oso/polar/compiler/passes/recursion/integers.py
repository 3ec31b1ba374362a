"""Arithmetic of integers is tried first: most numbers of policies are small integers.

In go the statements of a loop that computes a value from the one before. Out come statements that
stand before them, or in the place of the loop::

    for b in …: if (int(value) or float(value)) and (int(b) or float(b)): y = value + b; …
        =>  for b in …: if int(value) and int(b): value = value + b; continue
    for _ in range(n): if int(value) or float(value): y = value + 1; …
        =>  value = value + n * 1

where ``int(x)`` tells whether ``x`` is a small integer. A result is one of 64 bits, and no ``NaN``.
"""

from __future__ import annotations

import ast
import typing as t

from ....value_objects import Record
from ...quotations import Hole, stmt
from ...snippets import all_of, assign, code_of, is_type
from ..names import Names, conjuncts, disjuncts

#: The most that is added in one step, and the largest value with which steps begin, where the steps
#: are not looked at one by one.
_STEP, _SMALL = 2**40, 2**60


class Ways(Record, frozen=False):
    """What a loop does faster for integers.

    :param each: the statements that come first in each turn.
    :param all: under its condition, what takes the place of the loop; ``None`` if nothing does.
    """

    each: list[ast.stmt]
    all: ast.If | None


def integers_first(loop: list[ast.stmt], value: str, turns: ast.expr, *, is_counted: bool) -> Ways:
    """Return the faster ways for a loop that computes a value again and again.

    :param loop: its statements; they are left as they are.
    :param value: the name of the value.
    :param turns: how many turns there are.
    :param is_counted: whether nothing differs between them.
    """
    sums = _sum_in(loop, value)
    if sums is None:
        return Ways([], None)
    test, added = sums
    if is_counted and (step := _step_of(added, value)) is not None:
        done = "if type(X) is int and LEAST < X < MOST: X = X + TURNS * STEP"
        limits: dict[str, Hole] = {"LEAST": -_SMALL, "MOST": _SMALL}
        made = stmt(done, X=value, TURNS=turns, STEP=step, **limits)
        return Ways([], t.cast(ast.If, made))
    return Ways([ast.If(test, [assign(value, added), ast.Continue()], [])], None)


def _sum_in(loop: list[ast.stmt], value: str) -> tuple[ast.expr, ast.BinOp] | None:
    """Return a test that all operands are small integers, and the arithmetic of a loop.

    ``None`` if the loop does anything else.
    """
    match loop:
        case [
            ast.If(
                first,
                [
                    ast.Assign([ast.Name(name)], ast.BinOp(left, operator, right) as made),
                    *tests,
                    ast.Assign([ast.Name(last)], ast.Name(result)),
                ],
            )
        ] if last == value and result == name:
            test = _of_integers(first)
            are_known = all(isinstance(each, (ast.Name, ast.Constant)) for each in (left, right))
            is_whole = isinstance(operator, (ast.Add, ast.Sub, ast.Mult))
            if test is None or not (are_known and is_whole):
                return None
            return (test, made) if all(_is_of_float(each, name) for each in tests) else None
    return None


def _of_integers(test: ast.expr) -> ast.expr | None:
    """Return a test of operands without the floats that they may be."""
    parts = [_of_integer(each) for each in conjuncts(test)]
    return None if None in parts else all_of(t.cast("list[ast.expr]", parts))


def _of_integer(test: ast.expr) -> ast.expr | None:
    match disjuncts(test):
        case [small, is_float]:
            names = {*Names([is_float]).read} - {"type", "float"}
            if len(names) != 1:
                return None
            (name,) = names
            is_known = code_of([is_float]) == code_of([is_type(name, "float")])
            first = small.values[0] if isinstance(small, ast.BoolOp) else small
            return small if is_known and code_of([first]) == _is_integer(name) else None
    return None


def _is_integer(name: str) -> str:
    return code_of([is_type(name, "int")])


def _is_of_float(statement: ast.stmt, name: str) -> bool:
    """Tell whether a statement gives up for a result that is no integer."""
    match statement:
        case ast.If(ast.BoolOp(ast.And(), [ast.UnaryOp(ast.Not(), test), *_])):
            return code_of([test]) == _is_integer(name)
    return False


def _step_of(added: ast.BinOp, value: str) -> int | None:
    """Return the number that is added to a value each time."""
    match added:
        case ast.BinOp(ast.Name(name), ast.Add(), ast.Constant(int(number))):
            pass
        case ast.BinOp(ast.Constant(int(number)), ast.Add(), ast.Name(name)):
            pass
        case ast.BinOp(ast.Name(name), ast.Sub(), ast.Constant(int(number))):
            number = -number
        case _:
            return None
    is_step = type(number) is int and abs(number) <= _STEP and name == value
    return number if is_step else None
