"""Rules made ready to run: variables numbered, constants put in.

In goes a rewritten rule and the constants of the host; out comes a ``Clause`` whose
variables are ``Slot`` numbers into the frame of one call. ``operand`` turns a term of
a clause and a frame into a term of the run. A clause knows nothing of a run, so all
runs share it.
"""

from __future__ import annotations

import heapq
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .host import follow
from .nodes import (
    Call,
    Dictionary,
    Expression,
    List,
    Parameter,
    Pattern,
    Rule,
    Term,
    Unknown,
    Value,
    Variable,
    is_ground,
)


@dataclass(frozen=True, slots=True)
class Slot(Term):
    """A variable of a clause: its place in the frame, and its name for messages."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class Template(Term):
    """A list, dictionary, pattern or call that has variables in it."""

    term: Term


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule ready to run.

    ``size`` is the number of its variables, ``literals`` the parameters that are values,
    lists or dictionaries without variables, with their positions.
    """

    rule: Rule
    parameters: tuple[Parameter, ...]
    body: Term | None
    size: int
    literals: tuple[tuple[int, Term], ...]


class Candidates:
    """The clauses of one name and one number of parameters, in the policy's order.

    ``for_call`` leaves out clauses whose literals exclude a call, by an index: of 10,000
    facts it looks at those that have the call's rarest argument.
    """

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self._clauses = clauses
        # By position: the numbers of the clauses with each literal there, and of all others.
        self._index: dict[int, tuple[dict[t.Any, list[int]], list[int]]] = {}
        if len(clauses) >= _WORTH_AN_INDEX:
            self._index = {at: self._index_of(at) for at in range(len(clauses[0].parameters))}

    def __len__(self) -> int:
        return len(self._clauses)

    def _index_of(self, position: int) -> tuple[dict[t.Any, list[int]], list[int]]:
        by_literal: dict[t.Any, list[int]] = {}
        others: list[int] = []
        for number, clause in enumerate(self._clauses):
            literal = clause.parameters[position].term
            if isinstance(literal, Value):
                by_literal.setdefault(_key(literal), []).append(number)
            else:
                others.append(number)
        return by_literal, others

    def for_call(self, args: Sequence[t.Any]) -> Sequence[Clause]:
        """Give all clauses but some whose literals are no match for the arguments."""
        fewest, found = len(self._clauses), None
        for position, (by_literal, others) in self._index.items():
            arg = follow(args[position])
            if type(arg) is Value:
                same = by_literal.get(_key(arg), _NONE)
                if len(same) + len(others) < fewest:
                    fewest, found = len(same) + len(others), (same, others)
        if found is None:
            return self._clauses
        return [self._clauses[number] for number in heapq.merge(*found)]


#: Fewer clauses than this are looked at one by one.
_WORTH_AN_INDEX = 8
_NONE: list[int] = []


def _key(literal: Value) -> t.Any:
    """Give what values that unify have in common: 1 and 1.0, but not 1 and true."""
    return (literal.value,) if type(literal.value) is bool else literal.value


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A query ready to run. ``slots`` gives the number of each named variable."""

    goal: Term
    slots: dict[str, int] = field(default_factory=dict)


Frame = list[t.Any]


def prepare_rule(rule: Rule, constants: Mapping[str, Term]) -> Clause:
    """Make a clause of a rewritten rule."""
    numbering = _Numbering(constants)
    parameters = tuple(
        replace(
            parameter,
            term=numbering.visit(parameter.term),
            specializer=parameter.specializer and numbering.visit(parameter.specializer),
        )
        for parameter in rule.parameters
    )
    body = None if rule.body is None else numbering.visit(rule.body)
    literals = tuple(
        (position, parameter.term)
        for position, parameter in enumerate(parameters)
        if isinstance(parameter.term, (Value, List, Dictionary))
    )
    return Clause(rule, parameters, body, len(numbering.slots), literals)


def prepare_query(query: Term, constants: Mapping[str, Term]) -> PreparedQuery:
    """Make a rewritten query ready to run."""
    numbering = _Numbering(constants)
    return PreparedQuery(numbering.visit(query), numbering.slots)


class _Numbering:
    """Numbers the variables of one rule or query in order of their occurrence."""

    def __init__(self, constants: Mapping[str, Term]) -> None:
        self._constants = constants
        self.slots: dict[str, int] = {}

    def visit(self, term: Term) -> Term:
        """Give the term with slots for its variables."""
        if is_ground(term):
            return term
        if isinstance(term, Variable):
            return self._variable(term)
        if isinstance(term, Expression):
            return replace(term, args=tuple(map(self.visit, term.args)))
        if isinstance(term, (List, Dictionary, Pattern, Call)):
            before = len(self.slots)
            term, ground = self._parts(term)
            # A ground term serves every call as it is.
            return term if ground and len(self.slots) == before else Template(term, span=term.span)
        return term

    def _variable(self, term: Variable) -> Term:
        constant = self._constants.get(term.name)
        if constant is not None:
            return constant
        index = self.slots.setdefault(term.name, len(self.slots))
        return Slot(index, term.name, span=term.span)

    def _parts(self, term: List | Dictionary | Pattern | Call) -> tuple[Term, bool]:
        visited: list[Term] = []

        def visit(part: Term) -> Term:
            visited.append(self.visit(part))
            return visited[-1]

        def pairs(fields: tuple[tuple[str, Term], ...]) -> tuple[tuple[str, Term], ...]:
            return tuple((key, visit(part)) for key, part in fields)

        new: Term
        if isinstance(term, List):
            rest = None if term.rest is None else visit(term.rest)
            new = replace(term, items=tuple(map(visit, term.items)), rest=rest)
        elif isinstance(term, Call):
            new = replace(term, args=tuple(map(visit, term.args)), kwargs=pairs(term.kwargs))
        elif isinstance(term, Dictionary):
            new = replace(term, fields=pairs(term.fields))
        else:
            new = replace(term, fields=pairs(term.fields))
        return new, not any(isinstance(part, (Slot, Template)) for part in visited)


Fresh = t.Callable[[str], Unknown]


def operand(term: t.Any, frame: Frame, fresh: Fresh) -> t.Any:
    """Give what a term of a clause stands for in a frame: a term of the run.

    A variable that is not bound stays the variable as it is written, not the one it
    is an alias of: results name variables as the policy or the query does.

    :param fresh: makes the variable of the run for one that occurs first.
    """
    kind = type(term)
    if kind is Slot:
        value = frame[term.index]
        if value is None:
            value = frame[term.index] = fresh(term.name)
            return value
        return bound(value)
    if kind is Template:
        return _instantiate(term.term, frame, fresh)
    if kind is Unknown:
        return bound(term)
    return term


def bound(value: t.Any) -> t.Any:
    """Give the value of a variable, or the variable itself if it has none."""
    if type(value) is not Unknown:
        return value
    end = follow(value)
    return value if type(end) is Unknown else end


def _instantiate(term: t.Any, frame: Frame, fresh: Fresh) -> Term:
    def pairs(fields: tuple[tuple[str, Term], ...]) -> tuple[tuple[str, Term], ...]:
        return tuple((key, operand(part, frame, fresh)) for key, part in fields)

    if isinstance(term, List):
        items = tuple(operand(item, frame, fresh) for item in term.items)
        rest = None if term.rest is None else operand(term.rest, frame, fresh)
        return List(items, rest, span=term.span)
    if isinstance(term, Call):
        args = tuple(operand(arg, frame, fresh) for arg in term.args)
        return Call(term.name, args, pairs(term.kwargs), span=term.span)
    if isinstance(term, Dictionary):
        return Dictionary(pairs(term.fields), span=term.span)
    if isinstance(term, Pattern):
        return Pattern(term.tag, pairs(term.fields), span=term.span)
    raise AssertionError(f"No template is made of {type(term).__name__}.")
