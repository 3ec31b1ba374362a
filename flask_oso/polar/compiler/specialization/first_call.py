"""The first thing that the solver asks of the application for a question, if that is certain.

In goes a question with the classes of its arguments; out comes a method or a computed attribute of
an argument, or of an attribute of one that a rule wants to be of a class. Before it, the solver
looks at classes and literals alone, whatever the objects hold, and reads what the method is called
with: arguments, and attributes of these. So all that a function reads may be read behind it, also
what it might change.

An attribute that a rule wants to be of a class, such as the organization that a relation leads to,
is taken to be of exactly this class. The function makes sure of that before the call.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Mapping, Sequence

from ...host import sandbox
from ...nodes import Call, Expression, Operator, Pattern, Slot, Term, Value
from ...solver.clauses import Clause
from ...value_objects import Record
from ..binding_analysis import NotCompilable, is_class_only, is_string, order_clauses
from ..goal_forms import written_term
from ..scopes import ProgramInterface
from .patterns import PatternGuards
from .regions import Known, RuleCall

#: The deepest chain of rules that is followed.
MAX_FOLLOWED = 50
#: An attribute of an argument: the name of this, and its own.
Source = tuple[str, str]


class FirstCall(Record):
    """A call of the application.

    :param args: the arguments of a method; ``None`` for a computed attribute. One that is an
        attribute of an argument has that as its source.
    :param reads: the attributes of arguments that the solver reads before.
    :param classes: those of them that have to be of exactly a class for the call to come first.
    """

    owner: Known
    name: str
    args: tuple[Known, ...] | None
    reads: tuple[Source, ...] = ()
    classes: Mapping[Source, type] = {}


class _Silent(enum.Enum):
    """What a goal is known to do without any call or read."""

    HOLDS = enum.auto()
    FAILS = enum.auto()


_Outcome = FirstCall | _Silent
#: What else than an object an attribute may be.
_OF_DATA = frozenset({dict, list, str, int, float, bool})
#: Stands for the value of a variable that is united with another one.
_OPEN: t.Final = Known("")
#: The values of the variables of one clause, by their index.
_Values = dict[int, Known]
_Goals = tuple[Term, "_Goals"] | tuple[()]


class _Unknown(Exception):
    """Something else comes first, or what comes first depends on the objects."""


def find_first_call(
    names: ProgramInterface, patterns: PatternGuards, question: RuleCall
) -> FirstCall | None:
    """Return the first call of the application for a question; ``None`` if it is not certain."""
    search = _FirstCallSearch(names, patterns)
    try:
        found = search.of_rule(question, 0)
    except (NotCompilable, _Unknown):
        return None
    if not isinstance(found, FirstCall):
        return None
    return found.replaced(reads=(*search.reads,), classes=search.classes)


class _FirstCallSearch:
    """Follows the solver from goal to goal, up to the first call.

    :param patterns: tells which clauses may match.
    """

    def __init__(self, names: ProgramInterface, patterns: PatternGuards) -> None:
        self._names = names
        self._patterns = patterns
        #: The attributes of arguments that were read, in order.
        self.reads: dict[Source, None] = {}
        #: The classes that they are taken to be of.
        self.classes: dict[Source, type] = {}

    def of_rule(self, question: RuleCall, depth: int) -> _Outcome:
        """Return the first call of a rule, or what it does without one."""
        name, args = question
        clauses = self._patterns.possible(name, args)
        if clauses is None or depth > MAX_FOLLOWED:
            raise _Unknown
        # The solver matches all heads before it tries the first clause.
        matching = [clause for clause in clauses if self._matches(clause, args)]
        order = order_clauses(matching, self._names.host, lineages=self._patterns.lineages(args))
        if not order.is_known:
            raise _Unknown
        for clause in order.clauses:
            terms = [parameter.term for parameter in clause.parameters]
            values = {
                term.index: arg
                for term, arg in zip(terms, args, strict=True)
                if isinstance(term, Slot)
            }
            goals: _Goals = () if clause.body is None else (clause.body, ())
            found = self._of_goals(goals, values, depth)
            if found is not _Silent.FAILS:
                return found
        return _Silent.FAILS

    # -- heads

    def _matches(self, clause: Clause, args: Sequence[Known]) -> bool:
        """Tell whether a head matches, which is known by classes and literals."""
        _check_parameters(clause)
        # Each is looked at: none may ask an object.
        told = [
            self._matches_parameter(parameter.term, parameter.specializer, arg)
            for parameter, arg in zip(clause.parameters, args, strict=True)
        ]
        return all(told)

    def _matches_parameter(self, term: Term, specializer: Term | None, arg: Known) -> bool:
        if isinstance(term, Slot):
            return specializer is None or self._is_of(arg, specializer)
        if not is_string(term) or not is_string(arg.literal) or specializer is not None:
            raise _Unknown
        return t.cast(Value, term).value == t.cast(Value, arg.literal).value

    def _is_of(self, arg: Known, specializer: Term) -> bool:
        """Tell whether a value is of a class."""
        if not is_class_only(specializer):
            raise _Unknown
        pattern: Pattern = self._patterns.pattern(specializer)
        if is_string(arg.literal) and pattern.tag == "String":
            return True
        if arg.source is not None and arg.exact is None:
            arg = arg.replaced(exact=self._taken_for(arg.source, pattern))
        if arg.literal is not None or arg.exact in (None, dict):
            raise _Unknown
        return self._patterns.is_of(arg.exact, pattern)

    def _taken_for(self, source: Source, pattern: Pattern) -> type:
        """Return the class that an attribute is taken to be of: the first that is asked for."""
        host = self._names.host
        cls = host.classes.get(pattern.tag or "")
        if cls is None or cls in _OF_DATA or pattern.fields or not host.keeps(cls):
            raise _Unknown
        return self.classes.setdefault(source, cls)

    # -- goals

    def _of_goals(self, goals: _Goals, values: _Values, depth: int) -> _Outcome:
        """Return the first call of some goals, or what they do without one."""
        is_only_way = True
        while goals:
            term, goals = goals
            inner = written_term(term)
            operator = getattr(term, "operator", None)
            if operator is Operator.AND:
                for goal in reversed(t.cast(Expression, term).args):
                    goals = goal, goals
                continue
            if operator is Operator.OR:
                found = self._of_alternatives(t.cast(Expression, term), goals, values, depth)
                return self._told(found, is_only_way=is_only_way)
            if isinstance(inner, Call):
                found = self._of_call(inner, values, depth)
            else:
                found = self._of_goal(t.cast(Expression, term), values)
            if found is not _Silent.HOLDS:
                return self._told(found, is_only_way=is_only_way)
            is_only_way = is_only_way and not isinstance(inner, Call)
        return _Silent.HOLDS

    def _of_call(self, called: Call, values: _Values, depth: int) -> _Outcome:
        """Return the first call of a rule that is called."""
        if called.kwargs:
            raise _Unknown
        for at, arg in enumerate(called.args):
            if isinstance(arg, Slot) and arg.index not in values:
                return self._of_relation(called, at, values)
        args = tuple(self._value(arg, values) for arg in called.args)
        return self.of_rule((called.name, args), depth + 1)

    def _of_relation(self, called: Call, at: int, values: _Values) -> _Silent:
        """Bind a variable to the attribute that the only rule gives: ``r(x: C, y) if x = y.a``."""
        args = [
            None if place == at else self._value(arg, values)
            for place, arg in enumerate(called.args)
        ]
        clauses = self._patterns.possible(called.name, args)
        if clauses is None or len(clauses) != 1:
            raise _Unknown
        given = clauses[0].parameters[at]
        value = self._attribute_given(clauses[0], given.term, args)
        if given.specializer is not None and not self._is_of(value, given.specializer):
            raise _Unknown
        values[t.cast(Slot, called.args[at]).index] = value
        return _Silent.HOLDS

    def _attribute_given(self, clause: Clause, wanted: Term, args: Sequence[Known | None]) -> Known:
        """Return the attribute that a clause binds one of its parameters to, and does no more."""
        _check_parameters(clause)
        values: _Values = {}
        for parameter, arg in zip(clause.parameters, args, strict=True):
            if arg is None:
                continue
            if not self._matches_parameter(parameter.term, parameter.specializer, arg):
                raise _Unknown
            if isinstance(parameter.term, Slot):
                values[parameter.term.index] = arg
        lookup = _lookup_of(clause.body, wanted)
        if self._of_lookup(lookup, values) is not _Silent.HOLDS:
            raise _Unknown
        return self._value(lookup.args[2], values)

    def _told(self, found: _Outcome, *, is_only_way: bool) -> _Outcome:
        """Return what goals do, unless another solution of an earlier one is tried."""
        if found is _Silent.FAILS and not is_only_way:
            raise _Unknown
        return found

    def _of_alternatives(
        self, term: Expression, rest: _Goals, values: _Values, depth: int
    ) -> _Outcome:
        for arg in term.args:
            found = self._of_goals((arg, rest), dict(values), depth)
            if found is not _Silent.FAILS:
                return found
        return _Silent.FAILS

    def _of_goal(self, term: Expression, values: _Values) -> _Outcome:
        operator = getattr(term, "operator", None)
        if operator is Operator.DOT:
            return self._of_lookup(term, values)
        if operator is Operator.UNIFY:
            return self._bind(term, values)
        if operator is Operator.ISA:
            right = term.args[1]
            whole = written_term(right)
            is_it = self._is_of(self._value(term.args[0], values), whole)
            return _Silent.HOLDS if is_it else _Silent.FAILS
        raise _Unknown

    def _of_lookup(self, term: Expression, values: _Values) -> FirstCall | _Silent:
        owner, key, result = term.args
        value, inner = self._value(owner, values), written_term(key)
        if value.exact in (None, str) or value.literal is not None:
            raise _Unknown
        if isinstance(inner, Call) and not inner.kwargs:
            args = tuple(self._value(arg, values) for arg in inner.args)
            return FirstCall(value, inner.name, args)
        name = str(key.value) if is_string(key) and isinstance(key, Value) else None
        if name is None:
            raise _Unknown
        if not sandbox.is_silent_read(value.exact, name):
            return FirstCall(value, name, None)
        if value.source is not None:
            # Only attributes of arguments are read before a call.
            raise _Unknown
        # Nobody can tell that it is read, unless it is compared, or more is read of it.
        if (
            not isinstance(result, Slot)
            or result.index in values
            or not is_read_plainly(value, name)
        ):
            raise _Unknown
        source = value.name, name
        self.reads[source] = None
        values[result.index] = Known(f"{value.name}.{name}", source=source)
        return _Silent.HOLDS

    def _bind(self, term: Expression, values: _Values) -> _Silent:
        """Bind a variable to a value, or to another variable. Anything else may compare objects."""
        slots = [arg.index for arg in term.args if isinstance(arg, Slot)]
        if len(slots) == len(term.args) and values.keys().isdisjoint(slots):
            # Of what they become nothing may be needed before the call.
            values.update(dict.fromkeys(slots, _OPEN))
            return _Silent.HOLDS
        for one, other in (term.args, term.args[::-1]):
            if isinstance(one, Slot) and one.index not in values:
                values[one.index] = self._value(other, values)
                return _Silent.HOLDS
        raise _Unknown

    def _value(self, term: Term, values: _Values) -> Known:
        if isinstance(term, Slot) and values.get(term.index, _OPEN) is not _OPEN:
            value = values[term.index]
            cls = None if value.source is None else self.classes.get(value.source)
            return value if cls is None else value.replaced(exact=cls)
        if isinstance(term, Value):
            return Known("", literal=term)
        raise _Unknown


def _check_parameters(clause: Clause) -> None:
    """Refuse a head that compares two arguments."""
    slots = [each.term.index for each in clause.parameters if isinstance(each.term, Slot)]
    if len({*slots}) != len(slots):
        raise _Unknown


def _lookup_of(body: Term | None, wanted: Term) -> Expression:
    """Return the lookup whose result a body unites with a variable, if it does nothing else."""
    goals = [] if body is None else [body]
    while goals and getattr(goals[0], "operator", None) is Operator.AND:
        goals[:1] = t.cast(Expression, goals[0]).args
    # One that reads what it unites stands behind that.
    kinds = {getattr(each, "operator", None): t.cast(Expression, each) for each in goals}
    if len(goals) != 2 or kinds.keys() != {Operator.UNIFY, Operator.DOT}:
        raise _Unknown
    lookup, united = kinds[Operator.DOT], kinds[Operator.UNIFY].args
    if not _are_slots(united, [lookup.args[2], wanted]):
        raise _Unknown
    return lookup


def _are_slots(terms: Sequence[Term], wanted: Sequence[Term]) -> bool:
    """Tell whether terms are these variables."""
    mine, others = (
        {each.index for each in some if isinstance(each, Slot)} for some in (terms, wanted)
    )
    return len(mine) == len(terms) and mine == others


def is_read_plainly(owner: Known, name: str) -> bool:
    """Tell whether an attribute of an argument may be read before a call, to call it with that."""
    return owner.exact is not dict and owner.source is None and sandbox.is_unrestricted(name)
