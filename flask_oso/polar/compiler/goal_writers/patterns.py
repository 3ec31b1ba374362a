"""The code for matching a value with a pattern, and a call with the head of a rule.

Where matching a head reads attributes or calls Python, the solver does it twice: to find the
rules that apply, and again when each is tried. The compiled code does the same.
"""

from __future__ import annotations

import ast
import typing as t

from ...host.registry import RESERVED_NAMES
from ...nodes import Expression, List, Operator, Parameter, Pattern, Slot, Term, Value
from ...solver.class_index import INTEGER
from ...solver.class_tests import has_instance_test
from ...solver.clauses import Clause
from ...solver.matcher import has_pattern
from ...sources import Span
from ...traversal import is_operation
from ..binding_analysis import (
    ClauseOrder,
    check_class,
    has_known_equality,
    is_class_only,
    is_constant,
)
from ..classes.plain_classes import is_plain
from ..goal_forms import written_term
from ..scopes import (
    Goal,
    ProgramInterface,
    Ref,
    VariableCell,
    awaited_classes,
    classes_of,
    instance_test,
    prepend,
)
from ..snippets import any_of, assign, attribute_of, call, compared, load, negate
from .lists import ListGoals
from .places import Continuation

#: An argument of a call: a value, or an unbound variable of a clause.
Argument = Ref | tuple[int, Slot]


def is_known_instance(names: ProgramInterface, value: Ref, pattern: Pattern) -> bool | None:
    """Tell whether a value is an instance of the class of a pattern.

    ``None`` if nothing tells that before the function runs, or where a class is asked which are its
    instances: an abstract one may get others at any time, also texts and numbers.
    """
    check_class(pattern, names.host)
    classes, cls = classes_of(names, pattern), pattern_class(names, pattern)
    is_asked = any(map(has_instance_test, classes))
    if value.literal is not None and not is_asked:
        return isinstance(value.literal.value, classes)
    if cls is not None and value.cls is not None and issubclass(value.cls, cls):
        return True
    if value.lineage is None or is_asked:
        return None
    return not {*value.lineage.classes}.isdisjoint(classes)


def pattern_class(names: ProgramInterface, pattern: Term | None) -> type | None:
    """Return the plain class of the values that match a pattern, if there is one."""
    pattern = written_term(pattern)
    if not isinstance(pattern, Pattern) or pattern.tag is None or pattern.tag in RESERVED_NAMES:
        return None
    cls = names.host.classes.get(pattern.tag)
    if cls is None or has_instance_test(cls):
        # What is registered as a subclass may have other attributes, and other bases.
        return None
    return cls if is_plain(cls) else None


def at_most_one_matches(
    order: ClauseOrder, matched: dict[int, str], otherwise: list[ast.stmt]
) -> list[ast.stmt]:
    """Write what happens if two clauses match whose order depends on a class.

    :param matched: the names of the flags for the clauses that match.
    """
    apart: dict[int, list[ast.expr]] = {}
    for first, second in order.exclusive:
        apart.setdefault(first, []).append(load(matched[second]))
    return [
        ast.If(load(matched[first]), [ast.If(any_of(others), otherwise, [])], [])
        for first, others in sorted(apart.items())
    ]


def is_simple_head(clause: Clause) -> bool:
    """Tell whether a head can be matched without calling code of the host.

    INVARIANT: where it has literals, the arguments have been tested to compare without calls.
    """
    slots = [p.term.index for p in clause.parameters if isinstance(p.term, Slot)]
    return len(set(slots)) == len(slots) and all(
        (parameter.specializer is None or is_class_only(parameter.specializer))
        if isinstance(parameter.term, Slot)
        else parameter.specializer is None and has_known_equality(parameter.term)
        for parameter in clause.parameters
    )


def _is_object(arg: Ref) -> bool:
    """Tell whether an argument is known to be an object of the host, which no literal excludes."""
    return arg.lineage is not None and arg.lineage != INTEGER


class PatternGoals(ListGoals, frozen=False):
    """Writes goals that match patterns."""

    # -- patterns

    def match(self, value: Ref, pattern: Term) -> Continuation:
        """Write that a value matches a pattern."""
        whole, pattern = pattern, written_term(pattern)
        if isinstance(pattern, List) and has_pattern(pattern):
            return self._match_list(value, pattern)
        if not isinstance(pattern, Pattern):
            return self.unify(value, whole)
        if pattern.tag is not None:
            tested = self.tested(value, pattern)
            if tested is None:
                return self.fail()
            value = tested
        return self._match_fields(value, pattern, 0)

    def _match_list(self, value: Ref, pattern: List) -> Continuation:
        """Write that a list matches a list of patterns; the rest is matched first."""
        if value.literal is not None:
            return self.fail()
        made = self.split(pattern, value, [])
        goals = [
            self._element(element, part) for element, part in zip(made, pattern.items, strict=False)
        ]
        if pattern.rest is not None:
            goals.insert(0, self.pair(pattern.rest, made[-1], is_left=True))
        return self.go_on(*goals)

    def _element(self, element: Ref, part: Term) -> Goal:
        def write(here: PatternGoals) -> Continuation:
            if isinstance(part, Slot) and here.operand(part) is None:
                here.check_taken(element)
            return here.match(element, part)

        return self.part(write)

    def tested(self, ref: Ref, pattern: Pattern) -> Ref | None:
        """Write a class test, unless it is known to hold; return what is then known of the value.

        ``None`` if it never holds.
        """
        names = self.writer.names
        told, cls = is_known_instance(names, ref, pattern), pattern_class(names, pattern)
        if told is False:
            return None
        if told:
            return ref if ref.cls or not cls else self._matched(ref.replaced(cls=cls))
        if ref.read is not None:
            # A value that fails the sandbox check may also be of a class derived from this one.
            self.writer.check_sandbox(ref, self.out)
        self.fail_unless(instance_test(names, ref.name, pattern))
        return self._matched(ref.replaced(cls=cls or ref.cls, read=None))

    def _matched(self, tested: Ref) -> Ref:
        """Note what is known of a value behind a test of its class."""
        for cell in self.scope.cells.values():
            if cell.ref is not None and cell.ref.name == tested.name:
                cell.ref = tested
        return tested

    def _match_fields(self, value: Ref, pattern: Pattern, at: int) -> Continuation:
        """Write that the fields of a value match, from the last to the first."""
        if at == len(pattern.fields):
            return self.go_on()
        if value.literal is not None:
            raise self.not_compilable("a literal whose fields are matched")
        name, part = pattern.fields[-1 - at]
        later = self.part(lambda here: here._match_fields(value, pattern, at + 1))
        made = self._field(value, name, pattern.span or self.span)
        self.rest = prepend([later], self.rest)
        if isinstance(written_term(part), (Pattern, List)):
            return self.match(made, part)
        if self.ref(part) is None:
            # The check cannot wait until the variable is used: another field may be read first.
            self.writer.check_sandbox(made, self.out)
            made = made.replaced(read=None)
        return self.unify(made, part)

    def _field(self, value: Ref, name: str, span: Span | None) -> Ref:
        """Write that a field is read; without the field there is no match."""
        made, owner = self.writer.fresh(), self.checked(value)
        place = load(self.writer.names.constant(span))
        key = ast.Constant(name)
        slowly: list[ast.stmt] = [self.mark(assign(made, call("field", owner, key, place)))]
        self.read_by_class(value, name, self._tried(made, owner, key, place), slowly)
        self.fail_unless(compared(load(made), ast.IsNot(), load("missing")))
        return Ref(made, read=span)

    def _tried(self, made: str, owner: ast.expr, key: ast.Constant, place: ast.expr) -> ast.stmt:
        """Write ``made = owner.key``, and the case that there is no such attribute."""
        read = attribute_of(owner, t.cast(str, key.value))
        failed = self.mark(assign(made, call("no_field", owner, key, load("error"), place)))
        handler = ast.ExceptHandler(load("AttributeError"), "error", [failed])
        return ast.Try([self.mark(assign(made, read))], [handler], [], [])

    # -- heads

    def head(self, clause: Clause, args: list[Argument]) -> list[Goal]:
        """Return the goals that match a head with arguments."""
        pairs = zip(clause.parameters, args, strict=True)
        return [self._parameter(parameter, arg) for parameter, arg in pairs]

    def _parameter(self, parameter: Parameter, arg: Argument) -> Goal:
        return self.part(lambda here: here._match_parameter(parameter, arg))

    def _match_parameter(self, parameter: Parameter, arg: Argument) -> Continuation:
        if not isinstance(arg, Ref):
            cell = self.scope.cell(arg[0], arg[1].index)
            if cell.ref is None:
                return self._match_unbound(parameter, cell)
            arg = cell.ref
        specializer, value, term = parameter.specializer, arg, parameter.term
        if specializer is not None:
            later = self.part(lambda here: here.match(value, specializer))
            self.rest = prepend([later], self.rest)
        if isinstance(term, Slot):
            own = self.scope.cells.get((self.clause, term.index))
            if own is None:
                self.scope.cell(self.clause, term.index).ref = arg
                return self.go_on()
            return self.bind(own, arg) if own.ref is None else self.equal(arg, own.ref)
        return self.equal(arg, t.cast(Ref, self.operand(term)))

    def _match_unbound(self, parameter: Parameter, cell: VariableCell) -> Continuation:
        """Write that an unbound variable is an argument."""
        term, specializer = parameter.term, parameter.specializer
        if not isinstance(term, Slot):
            if cell.waiting or specializer is not None:
                # The waiting goals would run when the rules are selected, and again.
                raise self.not_compilable("a literal that a variable has to become")
            return self.bind(cell, t.cast(Ref, self.ref(term)))
        own = self.scope.cells.get((self.clause, term.index))
        if own is not None and own is not cell:
            known = own.ref
            if known is None or cell.waiting:
                raise self.not_compilable("a variable that stands in a head twice")
            if specializer is not None:
                later = self.part(lambda here: here.match(known, specializer))
                self.rest = prepend([later], self.rest)
            return self.bind(cell, known)
        self.scope.cells[self.clause, term.index] = cell
        if specializer is None:
            return self.go_on()
        if not is_class_only(specializer):
            raise self.not_compilable("a pattern for a variable that is not bound yet")
        isa = Expression(Operator.ISA, (term, specializer), span=parameter.span)
        return self.await_class(cell, specializer, (isa, self.clause, self.site))

    def await_class(self, cell: VariableCell, pattern: Pattern, goal: Goal) -> Continuation:
        """Suspend a class test until a variable is bound, unless another test excludes it."""
        host = self.writer.names.host
        check_class(pattern, host)
        tag = t.cast(str, pattern.tag)
        if tag in RESERVED_NAMES:
            raise self.not_compilable("a union that a variable has to be of")
        if any(is_operation(each, Operator.DOT) for each, *_ in cell.waiting):
            # The declared types of the fields of a class may exclude it.
            raise self.not_compilable("a class of a field that is not known yet")
        for other in awaited_classes(cell):
            if other != tag and not (host.is_subclass(tag, other) or host.is_subclass(other, tag)):
                return self.fail()
        if cell.is_outside:
            raise self.not_compilable("a negation that binds a variable")
        cell.waiting = (*cell.waiting, goal)
        return self.go_on()

    def fail_if_excluded(self, clause: Clause, args: list[Argument]) -> None:
        """Write that a rule whose literals do not match is not tried."""
        for position in clause.literals:
            literal, arg = clause.parameters[position].term, args[position]
            if not isinstance(literal, Value):
                if not isinstance(arg, Ref) and is_constant(literal):
                    cell = self.scope.cell(arg[0], arg[1].index)
                    if cell.ref is None and not cell.waiting:
                        # The variable becomes it.
                        continue
                raise self.not_compilable("a list or a dictionary in a head")
            if isinstance(arg, Ref) and arg.literal is None and not _is_object(arg):
                value = self.checked(arg)
                name = self.writer.names.constant(literal.value)
                self.fail_unless(negate(call("excludes", load(name), value)))
