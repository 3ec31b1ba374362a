"""Likely mistakes about rows, found with the models.

In go a parsed rule, the host and the models; out come messages with places: a row is never equal
to its key; an actor that is ``nil`` equals a relation without a related row; a property computed
in Python cannot be used in a query. In doubt there is no message.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from ..host.registry import Host
from ..nodes import (
    Expression,
    Operator,
    Pattern,
    Rule,
    Term,
    Value,
    Variable,
    is_variable,
    key_span,
)
from ..policy.lint.inventory import in_text_order, take_inventory
from ..policy.lint.vocabulary import classes_of_variables
from ..residual.algebra.schema import Field, Link, Member, Model, Schema, ValueKind
from ..sources import located
from ..traversal import is_operation, walk

#: Rules whose first argument is an actor that may be ``nil``; in blocks the actor has a class.
_ASKED = frozenset({"allow", "allow_field"})
_EQUATIONS = frozenset({Operator.UNIFY, Operator.EQ, Operator.NEQ})
_WORDS = {ValueKind.INTEGER: "a number", ValueKind.TEXT: "a text", ValueKind.UUID: "a UUID"}


class _Shape(t.NamedTuple):
    """The type of a term: a row of a model, or a value of a kind."""

    is_nullable: bool
    model: Model | None = None
    kind: ValueKind | None = None


class _Equation(t.NamedTuple):
    """Two compared terms."""

    left: Term
    right: Term
    whole: Term


class RowChecks:
    """Checks rules with a host and its models."""

    def __init__(self, host: Host, models: Schema) -> None:
        self._host = host
        self._models = models

    def warn(self, rule: Rule) -> list[str]:
        """Warn about rows that are compared with keys, and about actors that may be ``nil``."""
        shapes = self._shapes_of_variables(rule)
        found = [*self._keys(rule, shapes), *self._nobody(rule, shapes)]
        return list(dict.fromkeys(found))

    def note(self, rule: Rule) -> list[str]:
        """Note properties that a query of rows refuses."""
        shapes = self._shapes_of_variables(rule)
        actor = _name_of_first(rule)
        found = []
        for lookup in in_text_order(take_inventory(rule).lookups):
            owner, key = lookup.args[:2]
            model = None if is_variable(owner, actor) else self._model_of(owner, shapes)
            if model is None or not isinstance(key, Value) or type(key.value) is not str:
                continue
            reason = model.refused.get(key.value)
            if key.value not in model.members and reason is not None:
                cls = model.cls.__name__
                message = (
                    f"A list of rows refuses `{rule.name}`: '{key.value}' of '{cls}' is unknown"
                    f" without a row, {reason}. Say it with columns and relations, or give it an"
                    " SQL expression"
                )
                found.append(located(message, key_span(lookup)))
        return list(dict.fromkeys(found))

    # -- the types of terms ---------------------------------------------------------------

    def _shapes_of_variables(self, rule: Rule) -> dict[str, _Shape]:
        shapes: dict[str, _Shape] = {}
        for name, tag in classes_of_variables(rule).items():
            model = self._model(self._host.classes.get(tag))
            if model is not None:
                shapes[name] = _Shape(False, model)
        given = {parameter.term for parameter in rule.parameters}
        for goal in _expressions(rule):
            if goal.operator in (Operator.IN, Operator.UNIFY) and goal.args[0] not in given:
                self._learn(goal, shapes)
        return shapes

    def _learn(self, goal: Expression, shapes: dict[str, _Shape]) -> None:
        """Infer the type of a variable from ``x in note.readers`` or ``x = note.owner``."""
        item, source = goal.args
        member = self._member_of(source, shapes)
        is_many = goal.operator is Operator.IN
        if isinstance(item, Variable) and isinstance(member, Link) and member.is_many is is_many:
            model = self._model(member.cls)
            if model is not None:
                shapes.setdefault(item.name, _Shape(not is_many, model))

    def _model(self, cls: type | None) -> Model | None:
        if cls is None or not self._host.has_keys(cls):
            return None
        return self._models.model(cls)

    def _model_of(self, term: Term, shapes: Mapping[str, _Shape]) -> Model | None:
        shape = self._shape_of(term, shapes)
        return None if shape is None else shape.model

    def _member_of(self, term: Term, shapes: Mapping[str, _Shape]) -> Member | None:
        if not is_operation(term, Operator.DOT):
            return None
        owner, key = term.args[:2]
        model = self._model_of(owner, shapes)
        if model is None or not isinstance(key, Value) or type(key.value) is not str:
            return None
        return model.members.get(key.value)

    def _shape_of(self, term: Term, shapes: Mapping[str, _Shape]) -> _Shape | None:
        if isinstance(term, Variable):
            return shapes.get(term.name)
        if isinstance(term, Value):
            kinds = {int: ValueKind.INTEGER, str: ValueKind.TEXT}
            kind = kinds.get(type(term.value))
            return None if kind is None else _Shape(False, kind=kind)
        return self._shape_of_member(self._member_of(term, shapes))

    def _shape_of_member(self, member: Member | None) -> _Shape | None:
        if isinstance(member, Field):
            return _Shape(member.is_nullable, kind=member.kind)
        if not isinstance(member, Link) or member.is_many:
            return None
        return _Shape(not member.is_required, self._model(member.cls))

    # -- the checks -------------------------------------------------------------------------

    def _keys(self, rule: Rule, shapes: Mapping[str, _Shape]) -> Iterator[str]:
        for left, right, whole in self._equations(rule, shapes):
            for row, value in ((left, right), (right, left)):
                one, other = self._shape_of_side(row, shapes), self._shape_of_side(value, shapes)
                if one is None or other is None or one.model is None or other.kind not in _WORDS:
                    continue
                message = (
                    f"`{_text(row)}` is a {one.model.cls.__name__}, and `{_text(value)}` is"
                    f" {_WORDS[other.kind]}: they are never equal. Compare a row with a row, or"
                    " its key with a key"
                )
                yield located(message, whole.span or row.span or value.span)

    def _nobody(self, rule: Rule, shapes: Mapping[str, _Shape]) -> Iterator[str]:
        actor = _name_of_first(rule)
        # A constant is no unknown actor: `allow(nil, …)` is for nobody, on purpose.
        if rule.name not in _ASKED or actor is None or actor in self._host.constants:
            return
        if actor in shapes or _is_somebody(rule, actor):
            return
        for left, right, whole in self._equations(rule, shapes):
            for asking, other in ((left, right), (right, left)):
                shape = self._shape_of_side(other, shapes)
                if not is_variable(asking, actor) or shape is None or not shape.is_nullable:
                    continue
                message = (
                    f"`{actor}` may be nobody, who is nil, and so may `{_text(other)}` be: then"
                    f" they are equal. Give `{actor}` a class in the head of the rule"
                )
                yield located(message, whole.span or other.span)

    def _shape_of_side(self, side: Term | _Member, shapes: Mapping[str, _Shape]) -> _Shape | None:
        if isinstance(side, _Member):
            return self._shape_of_member(side.member)
        return self._shape_of(side, shapes)

    def _equations(self, rule: Rule, shapes: Mapping[str, _Shape]) -> Iterator[_Equation]:
        for goal in _expressions(rule):
            if goal.operator in _EQUATIONS:
                yield _Equation(goal.args[0], goal.args[1], goal)
            elif goal.operator is Operator.IN:
                member = self._member_of(goal.args[1], shapes)
                if isinstance(member, Link) and member.is_many:
                    element = _Member(Link(member.cls, False, True), goal.args[1])
                    yield _Equation(goal.args[0], t.cast(Term, element), goal)
        for pattern in take_inventory(rule).patterns:
            model = self._model(self._host.classes.get(pattern.tag or ""))
            for name, value in pattern.fields if model is not None else ():
                member = t.cast(Model, model).members.get(name)
                if member is not None and not isinstance(value, Pattern):
                    field = _Member(member, value, f"{pattern.tag}.{name}")
                    yield _Equation(t.cast(Term, field), value, value)


class _Member(t.NamedTuple):
    """A pseudo-operand: a field of a pattern, or the elements of a relation."""

    member: Member
    term: Term
    name: str = ""

    @property
    def span(self) -> t.Any:
        return self.term.span


def _expressions(rule: Rule) -> Iterator[Expression]:
    def inside(term: Term) -> t.Sequence[Term]:
        return term.args if isinstance(term, Expression) else ()

    if rule.body is not None:
        for term in walk([rule.body], inside):
            if isinstance(term, Expression):
                yield term


def _name_of_first(rule: Rule) -> str | None:
    """Give the name of the first parameter, if it is a variable."""
    first = rule.parameters[0] if rule.parameters else None
    return first.term.name if first is not None and isinstance(first.term, Variable) else None


def _is_somebody(rule: Rule, actor: str) -> bool:
    """Tell whether a rule implies that the actor is not ``nil``."""
    if rule.parameters[0].specializer is not None:
        return True
    goals = list(_expressions(rule))
    return any(
        is_variable(goal.args[0], actor)
        if goal.operator in (Operator.DOT, Operator.ISA)
        else goal.operator in _EQUATIONS and _is_test_of_nil(goal, actor)
        for goal in goals
    )


def _is_test_of_nil(goal: Expression, actor: str) -> bool:
    return all(is_variable(arg, actor) or is_variable(arg, "nil") for arg in goal.args)


def _text(side: t.Any) -> str:
    if isinstance(side, _Member) and side.name:
        return side.name
    return "" if side.span is None else str(side.span.text)
