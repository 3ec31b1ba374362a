"""What a function for a rule knows of its arguments, and which rules have one.

In go the values of a call, where a specialization knows them; out comes the key of the function
that gives its solutions, and the values that are passed to it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ...nodes import Dictionary, List
from ...solver.clauses import Template
from ...sources import Span
from ...value_objects import Record
from ..binding_analysis import NotCompilable, is_string
from ..scopes import ProgramInterface
from .regions import Known, Region

#: The name of the goal that notes a solution. No rule has it.
NOTED = "a solution"
#: The most functions that one specialization adds.
MAX_FUNCTIONS = 30
#: How deep such functions call each other at most. Python's own limit is usually lower.
MAX_CALLS_WITHIN = 5_000
#: The most calls that one decision remembers.
MAX_REMEMBERED = 10_000
#: Says of an argument that nothing is known of it, or that it is a list that was looked at.
ANY, OWN_LIST = "any", "list"


class OneText(Record):
    """An argument that is a string of the policy."""

    text: str


#: What is known of an argument: its class, its text, one of the above; ``None`` if it is open.
Kind = type | OneText | str | None


class SolutionKey(t.NamedTuple):
    """A rule, and what is known of its arguments."""

    rule: str
    kinds: tuple[Kind, ...]

    def includes(self, other: SolutionKey) -> bool:
        """Tell whether a function for this key takes what one for another key takes."""
        # Rules of one name may differ in their arguments.
        is_same = self.rule == other.rule and len(self.kinds) == len(other.kinds)
        return is_same and all(
            mine == theirs or (mine == ANY and isinstance(theirs, type))
            for mine, theirs in zip(self.kinds, other.kinds, strict=True)
        )


class FunctionNames(t.Protocol):
    """The functions that a specialization calls, by their keys."""

    def name_of(self, key: SolutionKey) -> str: ...


def key_of(
    names: ProgramInterface,
    region: Region,
    rule: str,
    values: Sequence[Known | None],
    span: Span | None,
) -> tuple[SolutionKey, list[Known]]:
    """Return the key for the call of a rule, and the values that are passed.

    :raises NotCompilable: if the function would keep a class that may go.
    """
    kinds: list[Kind] = []
    passed: list[Known] = []
    for value in values:
        if value is None:
            kinds.append(None)
        elif is_string(value.literal):
            kinds.append(OneText(str(value.literal.value)))  # type: ignore[union-attr]
        elif value.choices is not None or isinstance(value.constant, type):
            raise NotCompilable("a constant that is passed on", span)
        else:
            own = region.lookup(("elements", value.name))
            kind: Kind = ANY if value.exact is dict else value.exact or ANY
            if own is not None or value.exact is list:
                kind = OWN_LIST
            if isinstance(kind, type) and not names.host.keeps(kind):
                raise NotCompilable("a class that may go", span)
            kinds.append(kind)
            passed.append(own or value)
    return SolutionKey(rule, tuple(kinds)), passed


def is_container(term: t.Any) -> bool:
    """Tell whether a term of a head is a list or a dictionary."""
    return isinstance(term.term if isinstance(term, Template) else term, (List, Dictionary))
