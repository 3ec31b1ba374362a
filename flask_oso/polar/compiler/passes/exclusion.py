"""Which statements are never reached in one run, since their conditions exclude each other.

In go the statements of a function; out comes whether at most one of some of them is reached::

    if v is not None: … x      if v is None: … y
    if len(v) >= 1: … x        if len(v) == 0: … y

Only names that do not change are compared. A value of one class is not tested for others::

    if type(v) is A: x  elif odd(v, A): return None     if type(v) is A: x
    if type(v) is B: y  elif odd(v, B): return None  =>  elif type(v) is B: y
                                                         else: … the two, which only give up

    if type(v) not in harmless: return None     if type(v) is A: x
    if type(v) is A: x  else: y             =>  else: if type(v) not in harmless: return None; y
"""

from __future__ import annotations

import ast
import itertools
import math
import types
import typing as t
from collections.abc import Callable, Iterator, Sequence

from ...solver.class_tests import are_unrelated, has_instance_test
from ..snippets import code_of
from .names import Names, blocks_in, conjuncts, only_gives_up, read_name

#: A test, and whether it holds.
_Condition = tuple[ast.expr, bool]
_BOUNDS: dict[type, Callable[[float], tuple[float, float]]] = {
    ast.Eq: lambda number: (number, number),
    ast.Gt: lambda number: (math.nextafter(number, math.inf), math.inf),
    ast.GtE: lambda number: (number, math.inf),
    ast.Lt: lambda number: (-math.inf, math.nextafter(number, -math.inf)),
    ast.LtE: lambda number: (-math.inf, number),
}
#: The native classes that tests ask for by their names.
_PASSING = ("dict", "list")
#: Up to this, each integer is a float, too: bounds are exact.
_MOST = 2**50


def exclude_each_other(
    statements: Sequence[ast.stmt], is_one: Callable[[ast.stmt], bool], fixed: Callable[[str], bool]
) -> bool:
    """Tell whether at most one of some statements is reached, and that once.

    :param is_one: tells whether a statement is one of them.
    :param fixed: tells whether a name has one value.
    """
    found = [*_conditions_of(statements, is_one, ())]
    if None in found:
        return False
    listed = t.cast("list[tuple[_Condition, ...]]", found)
    return all(
        any(_contradict(left, right, fixed) for left in one for right in other)
        for one, other in itertools.combinations(listed, 2)
    )


def without_contradicted(
    statements: Sequence[ast.stmt], condition: _Condition, fixed: Callable[[str], bool]
) -> list[ast.stmt]:
    """Return what is left of statements where a condition holds, or does not.

    :param fixed: tells whether a name has one value.
    """
    found: list[ast.stmt] = []
    for statement in statements:
        parts = conjuncts(statement.test) if type(statement) is ast.If else []
        if any(_contradict((part, True), condition, fixed) for part in parts):
            others = t.cast(ast.If, statement).orelse
            found += without_contradicted(others, condition, fixed)
        else:
            found.append(statement)
    return found


def ask_one_class(statements: list[ast.stmt]) -> None:
    """Have a value that is of one class tested for no other one; the statements are changed."""
    for block, _ in [*blocks_in(statements)]:
        for at in reversed(range(len(block) - 1)):
            if _is_of_class_checked(*block[at : at + 2]):
                others = t.cast(ast.If, block[at + 1]).orelse
                others.insert(0, block.pop(at))
                continue
            first, second = map(_class_tests, block[at : at + 2])
            if first is None or second is None or not _are_apart(first, second):
                continue
            if not Names([block[at]]).written[first.name]:
                second.last.orelse = [*first.last.orelse, *second.last.orelse]
                first.last.orelse = [block.pop(at + 1)]


def _is_of_class_checked(check: ast.stmt, test: ast.stmt) -> bool:
    """Tell whether a sandbox check comes before a test for a class whose objects have passed it."""
    match check, test:
        case (
            ast.If(ast.Compare(of, [ast.NotIn()], [ast.Name("harmless")])),
            ast.If(ast.Compare(tested, [ast.Is()], [ast.Name(kind)]) as one),
        ) if code_of([of]) == code_of([tested]) and _is_type_of_name(of):
            # What a pattern names is of a class that passes the sandbox.
            return only_gives_up(check) and (kind in _PASSING or class_tested(one) is not None)
    return False


def _is_type_of_name(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Name("type"), [ast.Name()]):
            return True
    return False


class _ClassTests(t.NamedTuple):
    """Tests of the class of one value: each stands where those before it do not hold.

    :param last: the last of them, behind which the function may give up.
    """

    name: str
    classes: list[type]
    last: ast.If


def _class_tests(statement: ast.stmt) -> _ClassTests | None:
    tested: list[tuple[str, type]] = []
    last: ast.If | None = None
    while type(statement) is ast.If and (one := class_tested(statement.test)) is not None:
        tested.append(one)
        last = statement
        statement = last.orelse[0] if len(last.orelse) == 1 else ast.Pass()
    if last is None or len({name for name, _ in tested}) > 1:
        return None
    if not all(map(only_gives_up, last.orelse)):
        return None
    return _ClassTests(tested[0][0], [cls for _, cls in tested], last)


def _are_apart(first: _ClassTests, second: _ClassTests) -> bool:
    """Tell whether what is exactly of a class of one is no instance of any class of the other.

    For tests of the same value, and classes without a test of their own.
    """
    have_tests = any(map(has_instance_test, [*first.classes, *second.classes]))
    pairs = itertools.product(first.classes, second.classes)
    return first.name == second.name and not have_tests and all(are_unrelated(*p) for p in pairs)


def _conditions_of(
    statements: Sequence[ast.stmt],
    is_one: Callable[[ast.stmt], bool],
    around: tuple[_Condition, ...],
) -> Iterator[tuple[_Condition, ...] | None]:
    """Yield the conditions of each such statement; ``None`` for one in a loop."""
    for statement in statements:
        if is_one(statement):
            yield around
        elif type(statement) is ast.If:
            for block, holds in ((statement.body, True), (statement.orelse, False)):
                tests = conjuncts(statement.test) if holds else [statement.test]
                inner = (*around, *((test, holds) for test in tests))
                yield from _conditions_of(block, is_one, inner)
        elif hasattr(statement, "body") and [*_conditions_of(statement.body, is_one, ())]:
            yield None


def _contradict(left: _Condition, right: _Condition, fixed: Callable[[str], bool]) -> bool:
    """Tell whether two conditions never hold together."""
    (one, is_one), (other, is_other) = left, right
    names = Names([one, other])
    if names.written or not all(map(fixed, names.read)):
        return False
    if code_of([one]) == code_of([other]):
        return is_one is not is_other
    if not (is_one and is_other and type(one) is type(other) is ast.Compare):
        return False
    if _are_of_others(one, other) or _are_of_others(other, one):
        return True
    if len(one.ops) > 1 or len(other.ops) > 1 or code_of([one.left]) != code_of([other.left]):
        return False
    return _never_both(one.ops[0], one.comparators[0], other.ops[0], other.comparators[0])


def class_tested(test: ast.expr) -> tuple[str, type] | None:
    """Return the name and the class of which a test asks, if it is one of exactly that class."""
    return t.cast("tuple[str, type] | None", getattr(test, "of_class", None))


def _are_of_others(one: ast.Compare, other: ast.Compare) -> bool:
    """Tell whether one test asks for a class of a value, and another for another class or nil."""
    mine, theirs = class_tested(one), class_tested(other)
    if mine is None or read_name(one.left.args[0]) != mine[0]:  # type: ignore[attr-defined]
        return False
    if theirs is not None:
        return mine[0] == theirs[0] and mine[1] is not theirs[1]
    match other:
        case ast.Compare(ast.Name(name), [ast.Is()], [ast.Constant(None)]):
            return name == mine[0] and mine[1] is not types.NoneType
    return False


def _never_both(one: ast.cmpop, left: ast.expr, other: ast.cmpop, right: ast.expr) -> bool:
    """Tell whether no value passes both comparisons."""
    kinds = {type(one), type(other)}
    if kinds == {ast.Is, ast.IsNot}:
        return code_of([left]) == code_of([right])
    if type(left) is not ast.Constant or type(right) is not ast.Constant:
        return False
    if kinds == {ast.Eq} and type(left.value) is type(right.value) is str:
        return left.value != right.value
    bounds = []
    for operator, constant in ((one, left), (other, right)):
        number: t.Any = constant.value
        if type(number) is not int or abs(number) > _MOST or type(operator) not in _BOUNDS:
            return False
        bounds.append(_BOUNDS[type(operator)](number))
    (least, most), (low, high) = bounds
    return most < low or high < least
