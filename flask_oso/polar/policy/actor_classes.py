"""The classes whose objects a policy expects as actors.

In goes a policy; out come names of classes. If a rule compares the actor with a string or a
number, or with an unknown value, an actor may be anything, and the result is empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..nodes import (
    Call,
    Expression,
    Operator,
    Parameter,
    Pattern,
    Rule,
    Term,
    Variable,
    is_variable,
)
from ..traversal import walk
from .policy import Policy

#: A rule, how many parameters it has, and which of them.
_Place = tuple[str, int, int]
_PLAIN = frozenset({"Boolean", "Integer", "Float", "List", "Dictionary", "String"})


class _PlainValue(Exception):
    """An actor may be a string, a number or a dictionary."""


def actor_classes(policy: Policy) -> tuple[str, ...]:
    """Give the classes of the actors that ``allow`` expects; none if it accepts a plain value."""
    try:
        return tuple(dict.fromkeys(_classes(policy)))
    except _PlainValue:
        return ()


def _classes(policy: Policy) -> Iterator[str]:
    waiting: list[_Place] = [("allow", 3, 0)]
    seen: set[_Place] = set()
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        name, arity, position = place
        for rule in policy.rules.get(name, ()):
            if len(rule.parameters) == arity:
                yield from _of_rule(policy, rule, rule.parameters[position], waiting)


def _of_rule(
    policy: Policy, rule: Rule, parameter: Parameter, waiting: list[_Place]
) -> Iterator[str]:
    if parameter.specializer is not None:
        yield from _of_specializer(policy, parameter.specializer)
    elif not isinstance(parameter.term, Variable):
        raise _PlainValue
    elif rule.body is not None:
        yield from _of_body(policy, rule.body, parameter.term.name, waiting)


def _of_specializer(policy: Policy, specializer: Term) -> Iterator[str]:
    if not isinstance(specializer, Pattern) or specializer.tag is None:
        raise _PlainValue
    if specializer.tag in _PLAIN:
        raise _PlainValue
    if specializer.tag == "Actor":
        yield from policy.actors
    elif specializer.tag != "Resource":
        yield specializer.tag


def _of_body(policy: Policy, body: Term, name: str, waiting: list[_Place]) -> Iterator[str]:
    for part in walk([body]):
        if isinstance(part, Call):
            waiting += [
                (part.name, len(part.args), n)
                for n, arg in enumerate(part.args)
                if is_variable(arg, name)
            ]
        elif isinstance(part, Expression) and any(is_variable(arg, name) for arg in part.args):
            yield from _of_expression(policy, part)


def _of_expression(policy: Policy, expression: Expression) -> Iterator[str]:
    """Give the classes that an expression requires of the actor."""
    if expression.operator is Operator.ISA:
        yield from _of_specializer(policy, expression.args[1])
    elif expression.operator is not Operator.DOT and not _has_nil(expression):
        raise _PlainValue


def _has_nil(expression: Expression) -> bool:
    return any(is_variable(arg, "nil") for arg in expression.args)
