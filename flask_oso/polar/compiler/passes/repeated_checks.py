"""A value that has passed the check of the sandbox is not checked again.

In go the statements of a function; they are changed where they stand::

    if odd(v): return None; … if p: if odd(v): return None; x      =>  … if p: x
    if odd(v): return None; … elif odd(v) or isinstance(v, A): y   =>  … elif isinstance(v, A): y
    if odd(v): return None; w = a.x; if not type(v) is list or q: return None
        =>  w = a.x; if not type(v) is list or q: return None

where ``odd(v)`` is ``type(v) not in harmless``. The last one only where nothing is done with ``v``
between the two: a function that gives up does the same, whatever it gives up for.
"""

from __future__ import annotations

import ast
import typing as t

from ..snippets import any_of, code_of, is_type, negate
from .names import Names, disjuncts, nodes_in, only_gives_up, read_name


def leave_out_repeated(statements: list[ast.stmt]) -> None:
    """Leave out checks of values that have passed them."""
    _Checks(Names(statements)).leave_out(statements, frozenset())


class _Checks:
    """The checks of one function.

    :param names: the names that it reads and writes.
    """

    def __init__(self, names: Names) -> None:
        self._names = names

    def leave_out(self, block: list[ast.stmt], passed: frozenset[str]) -> None:
        """Leave out checks in statements, and in those within.

        :param passed: the values that have passed.
        """
        kept: list[ast.stmt] = []
        for at, statement in enumerate(block):
            checked = self._checked(statement)
            if checked is not None:
                if checked not in passed and not _is_said_again(block[at + 1 :], checked):
                    kept.append(statement)
                passed |= {checked}
                continue
            if type(statement) is ast.If:
                statement.test = self._without(statement.test, passed)
            for name in ("body", "orelse"):
                inner = getattr(statement, name, None)
                if inner:
                    self.leave_out(inner, passed)
            kept.append(statement)
        block[:] = kept or [ast.Pass()]

    def _checked(self, statement: ast.stmt) -> str | None:
        """Return the value that a statement checks, if it does nothing else."""
        if type(statement) is not ast.If or not only_gives_up(statement):
            return None
        return self._value_of(statement.test)

    def _value_of(self, test: ast.expr) -> str | None:
        match test:
            case ast.Compare(
                ast.Call(ast.Name("type"), [ast.Name(value)]), [ast.NotIn()], [ast.Name("harmless")]
            ) if self._names.written[value] < 2:
                return value
        return None

    def _without(self, test: ast.expr, passed: frozenset[str]) -> ast.expr:
        """Return a condition without the checks that values have passed."""
        parts = disjuncts(test)
        left = [each for each in parts if self._value_of(each) not in passed]
        return test if len(left) == len(parts) or not left else any_of(left)


def _is_said_again(behind: list[ast.stmt], value: str) -> bool:
    """Tell whether a function gives up for all but lists, before it does anything with a value."""
    is_other = code_of([negate(is_type(value, "list"))])
    for statement in behind:
        if only_gives_up(statement):
            parts = disjuncts(t.cast(ast.If, statement).test)
            if code_of(parts[:1]) == is_other:
                return True
        elif type(statement) is not ast.Assign:
            return False
        if Names([statement]).read[value] > _asked(statement, value):
            return False
    return False


def _asked(statement: ast.stmt, value: str) -> int:
    """Return how often a statement asks for the class of a value."""
    calls = (node for node in nodes_in([statement]) if type(node) is ast.Call)
    return sum(
        read_name(each.func) == "type" and [*map(read_name, each.args)] == [value] for each in calls
    )
