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

from ...value_objects import Record
from ..snippets import all_of, assign, code_of, is_type, load
from .names import Names, read_name, written_name

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
        within = ast.Compare(
            ast.Constant(-_SMALL), [ast.Lt(), ast.Lt()], [load(value), ast.Constant(_SMALL)]
        )
        more = ast.BinOp(turns, ast.Mult(), ast.Constant(step))
        done = assign(value, ast.BinOp(load(value), ast.Add(), more))
        return Ways([], ast.If(all_of([is_type(value, "int"), within]), [done], []))
    return Ways([ast.If(test, [assign(value, added), ast.Continue()], [])], None)


def _sum_in(loop: list[ast.stmt], value: str) -> tuple[ast.expr, ast.BinOp] | None:
    """Return a test that all operands are small integers, and the arithmetic of a loop.

    ``None`` if the loop does anything else.
    """
    if len(loop) != 1 or type(loop[0]) is not ast.If:
        return None
    test = _of_integers(loop[0].test)
    made: t.Any = loop[0].body[0]
    name = written_name(made)
    if test is None or name is None or type(made.value) is not ast.BinOp:
        return None
    operands = [made.value.left, made.value.right]
    if type(made.value.op) not in (ast.Add, ast.Sub, ast.Mult):
        return None
    if not all(read_name(each) or type(each) is ast.Constant for each in operands):
        return None
    *tests, last = loop[0].body[1:]
    if written_name(last) != value or read_name(t.cast(ast.Assign, last).value) != name:
        return None
    return (test, made.value) if all(_is_of_float(each, name) for each in tests) else None


def _of_integers(test: ast.expr) -> ast.expr | None:
    """Return a test of operands without the floats that they may be."""
    is_all = type(test) is ast.BoolOp and type(test.op) is ast.And
    parts = [_of_integer(each) for each in (t.cast(ast.BoolOp, test).values if is_all else [test])]
    return None if None in parts else all_of(t.cast("list[ast.expr]", parts))


def _of_integer(test: ast.expr) -> ast.expr | None:
    is_any = type(test) is ast.BoolOp and type(test.op) is ast.Or
    if not is_any or len(t.cast(ast.BoolOp, test).values) != 2:
        return None
    small, is_float = t.cast(ast.BoolOp, test).values
    names = {*Names([is_float]).read} - {"type", "float"}
    if len(names) != 1:
        return None
    (name,) = names
    is_known = code_of([is_float]) == code_of([is_type(name, "float")])
    first = small.values[0] if type(small) is ast.BoolOp else small
    return small if is_known and code_of([first]) == code_of([is_type(name, "int")]) else None


def _is_of_float(statement: ast.stmt, name: str) -> bool:
    """Tell whether a statement gives up for a result that is no integer."""
    test: t.Any = statement.test if type(statement) is ast.If else None
    if type(test) is not ast.BoolOp or type(test.op) is not ast.And:
        return False
    first: t.Any = test.values[0]
    is_not = type(first) is ast.UnaryOp and type(first.op) is ast.Not
    return is_not and code_of([first.operand]) == code_of([is_type(name, "int")])


def _step_of(added: ast.BinOp, value: str) -> int | None:
    """Return the number that is added to a value each time."""
    number = added.right if read_name(added.left) == value else added.left
    others = added.left if number is added.right else added.right
    known: t.Any = number.value if type(number) is ast.Constant else None
    if type(known) is not int or abs(known) > _STEP or read_name(others) != value:
        return None
    if type(added.op) is ast.Add:
        return known
    return -known if type(added.op) is ast.Sub and number is added.right else None
