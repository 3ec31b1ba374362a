"""Delegation: a rule that asks itself about an object of another class, such as a token's user.

In go a call within the rule that it calls; out comes whether its argument may be of several classes
that clauses tell apart::

    allow(user: User, action, resource) if ...;
    allow(token: Token, action, resource) if action in token.scopes and
        allow(token.user, action, resource);

The clauses for all these classes are written in place once. What leads there again, such as a token
of a token, has a function of its own, or is left to the compiled rules.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from ....nodes import Pattern
from ....solver.clauses import Clause
from ..regions import Known


class Delegation(enum.Enum):
    """What is done where a delegation leads to another one of its kind."""

    #: It is written in place, again and again, as a chain of objects.
    IN_PLACE = enum.auto()
    #: A function of its own answers.
    BY_FUNCTION = enum.auto()
    #: The function gives up.
    GIVEN_UP = enum.auto()


def is_delegation(clauses: Iterable[Clause], args: Sequence[Known]) -> bool:
    """Tell whether clauses tell classes of an argument apart whose class is not known.

    :param clauses: those that may match.
    """
    listed = [*clauses]
    return any(
        len({tag_at(clause, at) for clause in listed}) > 1
        for at, arg in enumerate(args)
        if arg.is_unknown
        if arg.source is not None
    )


def tag_at(clause: Clause, at: int) -> str | None:
    """Return the class that a head names at a position, if it names one."""
    specializer = clause.parameters[at].specializer
    return specializer.tag if isinstance(specializer, Pattern) else None
