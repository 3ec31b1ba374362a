"""Matching terms with patterns: specializers and ``matches``.

A pattern is a class with fields, fields alone, a list of patterns, or a term to unify with. What
an unbound variable has to match is recorded as constraints.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from ..characters import with_escapes
from ..exceptions import PolarRuntimeError, UnregisteredClassError, error_at
from ..host import sandbox
from ..host.class_facts import may_be_subclass
from ..host.conversion import follow, list_elements
from ..host.registry import RESERVED_NAMES
from ..nodes import (
    Dictionary,
    Expression,
    List,
    Lookup,
    Operator,
    Origin,
    Parameter,
    Pattern,
    Term,
    Unknown,
    Value,
)
from ..sources import Span, located
from ..spelling import meant_class
from ..traversal import walk
from .backtrace import Step
from .class_tests import PLAIN_METACLASSES, members_of_tag
from .clauses import bound
from .constraints import without_aliases
from .machine import Machine


class Matcher:
    """Matches terms with patterns.

    :param machine: the run.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def isa(self, left: t.Any, pattern: t.Any, place: Expression | Parameter, step: Step) -> bool:
        """Match a term with a pattern; parts that need goals of their own are pushed."""
        if type(pattern) is Pattern:
            if pattern.tag in RESERVED_NAMES:
                return self._isa_union(left, pattern, place, step)
            if pattern.tag is not None and not self._isa_class(left, pattern, place):
                return False
            return self._match_fields(left, pattern, step)
        if type(pattern) is List and has_pattern(pattern):
            return self._isa_list(left, pattern, step)
        return self.machine.unify(left, pattern)

    def _isa_class(self, left: t.Any, pattern: Pattern, place: Expression | Parameter) -> bool:
        end = follow(left)
        if type(end) is not Unknown:
            return self.is_instance(end, pattern)
        tag = t.cast(str, pattern.tag)
        for constraint in without_aliases(end.constraints):
            if constraint.expression.operator is Operator.ISA:
                other = t.cast(Pattern, constraint.expression.args[1]).tag
                if other is not None and not self._are_related(tag, other):
                    return False
        if not self._may_be(end, tag, place):
            return False
        bare = Pattern(tag, span=pattern.span)
        return self.machine.bindings.record(Expression(Operator.ISA, (left, bare), span=place.span))

    def _are_related(self, left: str, right: str) -> bool:
        if left == right:
            return True
        for name in (left, right):
            if name not in self.machine.host.classes:
                raise UnregisteredClassError(name)
        return self.machine.host.is_subclass(left, right) or self.machine.host.is_subclass(
            right, left
        )

    def _may_be(self, unknown: Unknown, tag: str, place: Expression | Parameter) -> bool:
        """Return whether a field can be of a class, by the declarations in ``register_class``."""
        base, names = _origin(unknown)
        if not names and not self._is_negating():
            # An element has the class that is declared for its collection, as in oso. Under a
            # negation, where a failed match holds, it may be of any class.
            collection = next(_collections(unknown), None)
            base, names = (None, []) if collection is None else _origin(collection)
        declared = self._known_class(base) if names else None
        if declared is None:
            return True
        try:
            for name in names:
                declared = self.machine.host.class_of_field(declared, name)
        except PolarRuntimeError as error:
            if place.span is None:
                # A pattern inside a pattern: the field is not looked up before it has a value.
                return True
            raise error_at(type(error), str(error), place.span) from error
        cls = self.machine.host.classes.get(tag)
        if cls is None or may_be_subclass(declared, cls) or may_be_subclass(cls, declared):
            return True
        # What programs assign gives the class of the rows of a relation to many, and not that of
        # their collection. Under a negation, where a failed match holds, it may be one.
        is_assigned = self.machine.host.field_types.assigned is not None
        return is_assigned and (cls is list or cls is dict) and self._is_negating()

    def _is_negating(self) -> bool:
        """Return whether the current goal is in a negation: below a step without a goal."""
        step: Step | None = self.machine.step
        while step is not None:
            if step.goal is None and step.parent is not None:
                return True
            step = step.parent
        return False

    def _known_class(self, unknown: t.Any) -> type | None:
        if type(unknown) is not Unknown:
            return None
        for constraint in reversed(without_aliases(unknown.constraints)):
            if constraint.expression.operator is Operator.ISA:
                tag = t.cast(Pattern, constraint.expression.args[1]).tag
                return self.machine.host.classes.get(tag) if tag is not None else None
        return None

    def is_instance(self, value: t.Any, pattern: Pattern) -> bool:
        """Tell whether a value is of the class that a pattern names."""
        tag = t.cast(str, pattern.tag)
        if tag in RESERVED_NAMES:
            classes, names = self.machine.host.classes, members_of_tag(tag, self.machine.program)
            return any(self._is_of_class(value, classes[name]) for name in names)
        cls = self.machine.host.classes.get(tag)
        if cls is None:
            raise UnregisteredClassError(
                located(tag, pattern.span) + meant_class(tag, self.machine.host.classes)
            )
        return self._is_of_class(value, cls)

    def _is_of_class(self, value: t.Any, cls: type) -> bool:
        kind = type(value)
        if type(cls) in PLAIN_METACLASSES and (
            kind is Dictionary or (kind is List and value.rest is None)
        ):
            # The elements are not converted: there may be many.
            return issubclass(list if kind is List else dict, cls)
        return isinstance(self.machine.to_python(value), cls)

    def _isa_union(
        self, left: t.Any, pattern: Pattern, place: Expression | Parameter, step: Step
    ) -> bool:
        end = follow(left)
        if type(end) is not Unknown:
            return self.is_instance(end, pattern) and self._match_fields(left, pattern, step)
        members = members_of_tag(t.cast(str, pattern.tag), self.machine.program)
        alternatives = [
            (left, Pattern(member, pattern.fields, span=pattern.span), place) for member in members
        ]
        # INVARIANT: matching never branches itself. It may be between two parameters of a rule,
        # and each alternative has to continue with the other parameters.
        self.machine.push(self._try_members, alternatives, step)
        return True

    def _try_members(self, alternatives: list[t.Any], step: Step) -> bool:
        return self.machine.branch_over(self._isa_member, alternatives, step)

    def _isa_member(self, payload: tuple[t.Any, Pattern, t.Any], step: Step) -> bool:
        left, pattern, place = payload
        return self.isa(left, pattern, place, step)

    def _match_fields(self, left: t.Any, pattern: Pattern, step: Step) -> bool:
        if not pattern.fields:
            return True
        # The last field first, as upstream: errors and constraints show the order.
        return self._match_field((left, pattern, 0), step)

    def _match_field(self, payload: tuple[t.Any, Pattern, int], step: Step) -> bool:
        left, whole, at = payload
        name, pattern = whole.fields[-1 - at]
        if at + 1 < len(whole.fields):
            self.machine.push(self._match_field, (left, whole, at + 1), step)
        end = follow(left)
        if type(end) is Unknown:
            return self._match_unknown_field(left, name, pattern, step)
        value = self.field(end, name, whole.span)
        return value is not None and self._isa_nested(value, pattern, step)

    def field(self, value: t.Any, name: str, span: Span | None) -> t.Any:
        """Return a field of a value that is matched; ``None`` if it has no such field.

        :raises PolarRuntimeError: if the code of the field raises ``AttributeError``. Under ``not``
            a failed match would allow.
        """
        if type(value) is Dictionary:
            return value.get(name, span or self.machine.step_span())
        span = span or self.machine.step_span()
        try:
            found = self.machine.read(value, name, span)
        except AttributeError as error:
            if sandbox.is_computed(self.machine.to_python(value), name):
                raise self.failed_field(error, span) from error
            return None
        return self.machine.from_python(found, span)

    def failed_field(self, error: AttributeError, span: Span | None) -> PolarRuntimeError:
        """Make the error for a field whose code raised ``AttributeError``."""
        return self.machine.traced(
            PolarRuntimeError, f"Application error: {with_escapes(str(error))}", span
        )

    def _match_unknown_field(self, left: t.Any, name: str, pattern: t.Any, step: Step) -> bool:
        lookup = Lookup(Operator.DOT, (left, Value(name)))
        if type(bound(pattern)) in (Pattern, List):
            value = self.machine.bindings.fresh("value", Origin.LOOKUP)
            self.machine.bindings.record(Expression(Operator.UNIFY, (t.cast(Term, value), lookup)))
            return self._isa_nested(value, pattern, step)
        return self.machine.bindings.record(Expression(Operator.UNIFY, (lookup, pattern)))

    def match_later_field(self, lookup: Expression, pattern: t.Any, step: Step) -> bool:
        """Match a field of a value that was unbound when its pattern was matched."""
        value, name = bound(lookup.args[0]), t.cast(Value, lookup.args[1]).value
        if type(value) is Unknown:
            return self.machine.bindings.record(Expression(Operator.UNIFY, (lookup, pattern)))
        found = self.field(value, t.cast(str, name), lookup.span)
        return found is not None and self._isa_nested(found, pattern, step)

    def _isa_nested(self, value: t.Any, pattern: t.Any, step: Step) -> bool:
        pattern = bound(pattern)
        if type(pattern) is Pattern or type(pattern) is List:
            # A goal of its own, so that patterns may be nested to any depth.
            self.machine.push(self._match_inner, (value, pattern), step)
            return True
        return self.machine.unify(value, pattern)

    def _match_inner(self, payload: tuple[t.Any, Pattern | List], step: Step) -> bool:
        value, pattern = payload
        return self.isa(value, pattern, Expression(Operator.ISA, (value, pattern)), step)

    def _isa_list(self, left: t.Any, pattern: List, step: Step) -> bool:
        """Match a list with a list of patterns, element by element."""
        split = self._split(follow(left), pattern)
        if split is None:
            return False
        elements, rest = split
        for element, part in reversed(list(zip(elements, pattern.items, strict=True))):
            self.machine.push(self._match_element, (element, part), step)
        return pattern.rest is None or self.machine.unify(pattern.rest, rest)

    def _split(self, value: t.Any, pattern: List) -> tuple[list[t.Any], t.Any] | None:
        """Return the elements at the positions of the parts of a pattern, and the rest."""
        count = len(pattern.items)
        if type(value) is List:
            elements, open_rest = list_elements(value)
            if open_rest is None:
                if len(elements) < count or (pattern.rest is None and len(elements) > count):
                    return None
                return elements[:count], List(tuple(elements[count:]))
        elif type(value) is not Unknown:
            return None
        made = [self.machine.bindings.fresh("value", Origin.LOOKUP) for _ in range(count)]
        rest = None if pattern.rest is None else self.machine.bindings.fresh("rest")
        known = List(t.cast(tuple[Term, ...], tuple(made)), t.cast("Term | None", rest))
        return (made, rest) if self.machine.unify(value, known) else None

    def _match_element(self, pair: tuple[t.Any, t.Any], step: Step) -> bool:
        element, part = pair
        if type(follow(part)) is Unknown:
            self.machine.check_element(follow(element))
        return self._isa_nested(element, part, step)


def _origin(unknown: Unknown) -> tuple[t.Any, list[str]]:
    """Return the object and path of a field: ``v = w.b and w = x.a``: ``x, ["a", "b"]``."""
    names: list[str] = []
    seen: set[int] = set()
    end: t.Any = unknown
    while type(end) is Unknown and id(end) not in seen:
        seen.add(id(end))
        lookup = next(_lookups(end), None)
        if lookup is None:
            break
        end = follow(lookup.args[0])
        names.append(t.cast(str, t.cast(Value, lookup.args[1]).value))
    return end, names[::-1]


def _collections(unknown: Unknown) -> Iterator[Unknown]:
    """Yield the unbound collections that a variable is an element of."""
    for constraint in without_aliases(unknown.constraints):
        if constraint.expression.operator is Operator.IN:
            item, collection = map(follow, constraint.expression.args)
            if item is unknown and type(collection) is Unknown:
                yield collection


def _lookups(unknown: Unknown) -> Iterator[Lookup]:
    """Yield the lookups whose result a variable is: constraints ``unknown = x.name``."""
    for constraint in without_aliases(unknown.constraints):
        if constraint.expression.operator is Operator.UNIFY:
            result, lookup = constraint.expression.args
            if type(lookup) is Lookup and follow(result) is unknown:
                yield lookup


def has_pattern(pattern: List) -> bool:
    """Return whether a list contains a pattern, also in nested lists."""
    return any(type(part) is Pattern for part in walk([pattern], _items))


def _items(term: t.Any) -> Sequence[t.Any]:
    return term.items if type(term) is List else ()
