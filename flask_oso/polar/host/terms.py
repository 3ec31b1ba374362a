"""The objects that queries take and return besides plain Python values.

A ``Variable`` is what a query asks for, a ``Predicate`` a rule call, an ``Expression`` a
constraint on an unbound variable, a ``Pattern`` the right side of ``matches``. Names, equality
and ``repr`` are those of oso 0.27.3.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence


class Variable(str):
    """A variable of a query; equal to, and hashing like, its name."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Variable({super().__repr__()})"

    __str__ = __repr__


#: In a set of values that a variable may have: any value at all.
ANYTHING: t.Final = object()


class Predicate:
    """A call of a rule, to be queried or to be found in a result.

    :param name: the rule's name.
    :param args: Python values; the query looks for values of each ``Variable`` among them.
    """

    __hash__ = None  # type: ignore[assignment]  # args may be unhashable, as upstream

    def __init__(self, name: str, args: Sequence[t.Any]) -> None:
        self.name = name
        self.args = args

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Predicate):
            return NotImplemented
        return self.name == other.name and list(self.args) == list(other.args)

    def __repr__(self) -> str:
        return f"Predicate({self.name!r}, {list(self.args)!r})"

    def __str__(self) -> str:
        args = ", ".join(str.__str__(arg) if type(arg) is str else repr(arg) for arg in self.args)
        return f"{self.name}({args})"


class Expression:
    """An operator with its operands.

    :param operator: ``"And"``, ``"Unify"``, ``"Dot"``, …: see ``Operator`` in ``nodes``.
    :param args: Python values, Variables, Patterns and Expressions.
    """

    __hash__ = None  # type: ignore[assignment]  # args may be unhashable, as upstream

    def __init__(self, operator: str, args: Sequence[t.Any]) -> None:
        self.operator = operator
        self.args = args

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        return self.operator == other.operator and list(self.args) == list(other.args)

    def __repr__(self) -> str:
        return f"Expression({self.operator}, {self.args})"


class Pattern:
    """A class pattern (``tag`` is the class's name) or a dictionary pattern (``None``)."""

    __hash__ = None  # type: ignore[assignment]  # fields may be unhashable, as upstream

    def __init__(self, tag: str | None, fields: t.Mapping[str, t.Any]) -> None:
        self.tag = tag
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pattern):
            return NotImplemented
        return self.tag == other.tag and dict(self.fields) == dict(other.fields)

    def __repr__(self) -> str:
        return f"Pattern({self.tag}, {self.fields})"


class TypeConstraint(Expression):
    """The constraint that something is an instance of a registered class.

    :param left: a ``Variable`` or an expression.
    :param type_name: the name the class is registered under.
    """

    def __init__(self, left: t.Any, type_name: str) -> None:
        super().__init__("And", [Expression("Isa", [left, Pattern(type_name, {})])])


def dot_path(expression: t.Any) -> tuple[t.Any, ...]:
    """Return the names along nested ``Dot`` expressions, the variable first.

    ``(variable,)`` for a bare variable and ``()`` for anything else.
    """
    names: list[t.Any] = []
    while isinstance(expression, Expression) and expression.operator == "Dot":
        expression, name = expression.args[0], expression.args[1]
        names.append(name)
    if not isinstance(expression, Variable):
        return ()
    return (expression, *reversed(names))


#: What is no value, but stands for one, or for a question.
QUESTIONS: t.Final = frozenset({Variable, Predicate, Expression, TypeConstraint, Pattern})
