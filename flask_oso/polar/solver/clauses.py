"""Clauses: rules ready to run, with numbered variables and the values of constants.

In go a desugared rule and the constants of the host; out comes a ``Clause``, whose variables are
``Slot``s: indices into the frame of one call. ``operand`` makes a term of the run of a term of a
clause and a frame. A clause has no state of a run, so all runs share it.
"""

from __future__ import annotations

import operator
import types
import typing as t
from collections.abc import Mapping

from ..host.conversion import follow
from ..nodes import (
    Call,
    Dictionary,
    Expression,
    List,
    Origin,
    Parameter,
    Pattern,
    PlacedParameter,
    Rule,
    Slot,
    Term,
    Unknown,
    Value,
    Variable,
    is_ground,
    parts,
    rebuilt,
    with_parts,
)
from ..sources import Span
from ..traversal import conjuncts_in, fold


class Template(Term):
    """A list, dictionary, pattern or call that has variables in it."""

    __slots__ = __match_args__ = ("term",)

    def __init__(self, term: Term, span: Span | None = None) -> None:
        self.term: t.Final = term
        self.span = span


class Clause:
    """A rule ready to run.

    Its body is prepared when it is first needed: of thousands of rules, a question needs few.

    :param literals: the positions of the parameters that are values, lists or dictionaries.
    """

    __slots__ = ("_constants", "body", "literals", "parameters", "rule", "size")

    body: Term | None
    #: The number of its variables.
    size: int

    #: What threads are about to set: empty but for a moment. It is no lock, since one that is held
    #: while the process forks is never released. What a signal handler that raises leaves here
    #: keeps its clause alive, so that no other one is taken for it.
    _being_prepared: t.ClassVar[dict[Clause, tuple[Term | None, int]]] = {}

    def __init__(
        self,
        rule: Rule,
        parameters: tuple[Parameter, ...],
        literals: tuple[int, ...],
        constants: Mapping[str, Term],
    ) -> None:
        self.rule: t.Final = rule
        self.parameters: t.Final = parameters
        self.literals: t.Final = literals
        self._constants: t.Final = constants

    # What has a value is found without this.
    def __getattr__(self, name: str) -> t.Any:
        if name not in ("body", "size"):
            raise AttributeError(name)
        # A clause has one body, whichever threads need it first: proofs compare goals by identity.
        # Whoever comes late finds what the first one is about to set, or that it is set.
        prepared = self._being_prepared.setdefault(self, self._prepared())
        if not self._is_prepared():
            self.body, self.size = prepared
        self._being_prepared.pop(self, None)
        return object.__getattribute__(self, name)

    def _is_prepared(self) -> bool:
        try:
            object.__getattribute__(self, "size")
        except AttributeError:
            return False
        return True

    def _prepared(self) -> tuple[Term | None, int]:
        numbering = _Numbering(self._constants)
        for each in self.rule.parameters:
            numbering.parameter(each)
        body = None if self.rule.body is None else numbering.visit(self.rule.body)
        return body, numbering.size

    def with_parameters(self, parameters: tuple[Parameter, ...]) -> Clause:
        """Return a clause with the same body."""
        made = Clause(self.rule, parameters, self.literals, self._constants)
        made.body, made.size = self.body, self.size
        return made


class PreparedQuery(t.NamedTuple):
    """A query ready to run. ``slots`` has its variables in the order of the frame."""

    goal: Term
    slots: list[Slot]


Frame = list[t.Any]
_LITERALS = (Value, List, Dictionary)
#: The positions that most clauses have, once for all of them.
_SHARED: Mapping[tuple[int, ...], tuple[int, ...]] = types.MappingProxyType(
    {(at,): (at,) for at in range(8)}
)


def prepare_rule(rule: Rule, constants: Mapping[str, Term]) -> Clause:
    """Make a clause of a desugared rule: of its own terms, where they have no constants."""
    numbering = _Numbering(constants)
    parameters = tuple([numbering.parameter(each) for each in rule.parameters])
    if all(map(operator.is_, parameters, rule.parameters)):
        parameters = rule.parameters
    literals = tuple([at for at, each in enumerate(parameters) if isinstance(each.term, _LITERALS)])
    clause = Clause(rule, parameters, _SHARED.get(literals, literals), constants)
    if rule.body is None:
        clause.body, clause.size = None, numbering.size
    return clause


def prepare_query(query: Term, constants: Mapping[str, Term]) -> PreparedQuery:
    """Number the variables of a desugared query and put constants in."""
    numbering = _Numbering(constants)
    return PreparedQuery(numbering.visit(query), [*numbering.slots.values()])


class _Numbering:
    """Numbers the variables of one rule or query in order of their occurrence.

    Those of a rule have their indices of desugaring. They keep them, and the rule is not copied.
    """

    def __init__(self, constants: Mapping[str, Term]) -> None:
        self._constants = constants
        # INVARIANT: a name alone is no key. A variable in the policy may have the name of one that
        # desugaring made.
        self.slots: dict[tuple[str, Origin], Slot] = {}
        self._indices: set[int] = set()
        #: One more than the largest index.
        self.size = 0

    def parameter(self, parameter: Parameter) -> Parameter:
        """Return a parameter with slots for its variables."""
        term = self.visit(parameter.term)
        specializer = parameter.specializer and self.visit(parameter.specializer)
        if term is parameter.term and specializer is parameter.specializer:
            return parameter
        # A constant has no place of its own.
        return PlacedParameter(term, specializer, parameter.span)

    def visit(self, term: Term) -> Term:
        """Return the term with slots for its variables."""
        # As most parameters are.
        if isinstance(term, Variable):
            return self._variable(term)
        if type(term) is Value or (type(term) is Pattern and not term.fields):
            return term
        return t.cast(Term, fold(term, self._look, _with_template))

    def _look(self, term: Term) -> tuple[Term, t.Sequence[Term]]:
        if isinstance(term, Variable):
            return self._variable(term), ()
        return term, () if is_ground(term) else parts(term)

    def _variable(self, term: Variable) -> Term:
        is_written = term.origin is Origin.WRITTEN
        constant = self._constants.get(term.name) if is_written else None
        if constant is not None:
            return constant
        key = term.name, term.origin
        known = self.slots.get(key)
        if known is None:
            known = self.slots[key] = self._new(term)
            return known
        if type(term) is Slot and term.index == known.index:
            return term
        if known.span is term.span:
            # Also the second of the two places of a variable that desugaring made.
            return known
        return Slot(known.index, term.name, term.origin, term.span)

    def _new(self, term: Variable) -> Slot:
        """Return the first slot of a variable: the term itself, unless its index is taken."""
        if type(term) is not Slot or term.index in self._indices:
            term = Slot(self.size, term.name, term.origin, term.span)
        self._indices.add(term.index)
        self.size = max(self.size, term.index + 1)
        return term


def _with_template(term: Term, visited: list[Term]) -> Term:
    made = rebuilt(term, visited)
    if isinstance(term, Expression) or all(map(_is_constant, visited)):
        # A term without variables is shared by all calls.
        return made
    return Template(made, span=term.span)


def _is_constant(part: Term) -> bool:
    return not isinstance(part, (Slot, Template, Expression))


Fresh = t.Callable[[str, Origin], Unknown]


def operand(term: t.Any, frame: Frame, fresh: Fresh) -> t.Any:
    """Make a term of the run of a term of a clause.

    An unbound variable is not replaced by the variable that it is an alias of: results name
    variables as the policy or the query does.

    :param fresh: makes a variable of the run for the first occurrence of one of the clause.
    """
    kind = type(term)
    if kind is Slot:
        value = frame[term.index]
        if value is None:
            value = frame[term.index] = fresh(term.name, term.origin)
            return value
        return bound(value)
    if kind is Template:
        return _instantiate(term, frame, fresh)
    if kind is Unknown:
        return bound(term)
    return term


def bound(value: t.Any) -> t.Any:
    """Return the value of a variable, or the variable itself if it has none."""
    if type(value) is not Unknown:
        return value
    end = follow(value)
    return value if type(end) is Unknown else end


def _instantiate(template: Template, frame: Frame, fresh: Fresh) -> t.Any:
    values: list[t.Any] = []
    for part in parts(template.term):
        if type(part) is Template:
            return _instantiate_nested(template, frame, fresh)
        values.append(operand(part, frame, fresh))
    return with_parts(template.term, values)


def _instantiate_nested(template: Template, frame: Frame, fresh: Fresh) -> t.Any:
    def look(term: t.Any) -> tuple[t.Any, t.Sequence[t.Any]]:
        if type(term) is Template:
            return term.term, parts(term.term)
        return operand(term, frame, fresh), ()

    return fold(template, look, with_parts)


def passed_on(clause: Clause) -> Term | None:
    """Return the call in a clause that answers the query of the clause itself, or ``None``.

    It is a call that gets all parameters that have a name; the other goals are conditions. If
    a parameter is a literal there is none: such a rule decides something of its own. Of several
    such calls it is the last one.
    """
    parameters = clause.rule.parameters
    # The name of a constant, such as a class, is a variable of the rule, and none of the clause.
    if not all(isinstance(each.term, Slot) for each in clause.parameters) or any(
        not isinstance(each.term, Variable) or isinstance(each.specializer, Value)
        for each in parameters
    ):
        return None
    goals = [*conjuncts_in(clause.body)]
    if len(goals) == 1:
        return goals[0] if isinstance(_called(goals[0]), Call) else None
    named = {
        t.cast(Slot, each.term).index
        for each, written in zip(clause.parameters, parameters, strict=True)
        if not t.cast(Variable, written.term).name.startswith("_")
    }
    calls = [goal for goal in goals if named and named <= _given(_called(goal))]
    return calls[-1] if calls else None


def _called(goal: Term) -> Term:
    term: Term = getattr(goal, "term", goal)
    return term


def _given(term: Term) -> set[int]:
    """Return the variables that are arguments of a call."""
    args = term.args if isinstance(term, Call) else ()
    return {arg.index for arg in args if isinstance(arg, Slot)}
