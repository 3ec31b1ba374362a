"""Relations that a check reads of one row after the other, and calls that no list can make.

In go alternatives of rules and the models of classes; out come lookups. ``member in team.members
and member.user.name = "ana"`` sends one statement for each member, unless the relation is loaded
with its rows. A relation that is compared with a row is compared by its key, without a statement.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from ...host.registry import Host
from ...nodes import Call, Expression, Operator, Pattern, Term, Value, Variable
from ...residual.algebra.schema import Field, Link, Member, Model, Schema, ValueKind
from ...traversal import is_operation, walk
from .alternatives import Alternative

#: How relations are configured that come with their rows.
_EAGER = (False, "joined", "subquery", "selectin", "immediate")

#: Methods of texts that give a text.
_SAME_KIND = frozenset({"lower", "upper", "casefold"})
#: Methods of texts that lists know.
_LISTED = frozenset({"startswith", "endswith", "find", "lower", "upper", "casefold"})


class RowReads:
    """Finds lookups in alternatives, with the models of classes."""

    def __init__(
        self, host: Host, models: Schema, rules: Callable[[Call], Sequence[Alternative]]
    ) -> None:
        self._host = host
        self._models = models
        self._rules = rules

    def per_row(self, alternative: Alternative) -> Iterator[Expression]:
        """Give the relations that are read for each row of another relation."""
        models = self._models_of_variables(alternative)
        looped = {
            term.args[0].name
            for term in walk(alternative.goals)
            if is_operation(term, Operator.IN)
            and isinstance(term.args[0], Variable)
            and self._is_many(term.args[1], models)
        }
        yield from self._reads(alternative, looped, models, ())

    def _reads(
        self,
        alternative: Alternative,
        rows: Collection[str],
        models: dict[str, Model],
        inside: tuple[str, ...],
    ) -> Iterator[Expression]:
        """Give the relations that are read of variables, also by rules that are asked about them.

        :param inside: the names of the rules that led here.
        """
        compared = _compared(alternative)
        for term in walk(alternative.goals):
            if is_operation(term, Operator.DOT) and not any(term is each for each in compared):
                if _root(term) in rows and self._is_loaded_late(term, models):
                    yield term
            elif is_operation(term, Operator.ISA) and isinstance(term.args[1], Pattern):
                if _root(term.args[0]) in rows:
                    yield from self._in_pattern(term.args[0], term.args[1], models)
            elif isinstance(term, Call) and term.name not in inside:
                given = {
                    at: models.get(arg.name)
                    for at, arg in enumerate(term.args)
                    if isinstance(arg, Variable) and arg.name in rows
                }
                if given:
                    yield from self._by_rules(term, given, (*inside, term.name))

    def _in_pattern(
        self, term: Term, pattern: Pattern, models: dict[str, Model]
    ) -> Iterator[Expression]:
        """Give the relations whose rows a pattern looks into."""
        for name, value in pattern.fields:
            if isinstance(value, Pattern):
                read = Expression(Operator.DOT, (term, Value(name)), value.span or pattern.span)
                if self._is_loaded_late(read, models):
                    yield read
                yield from self._in_pattern(read, value, models)

    def _by_rules(
        self, call: Call, given: Mapping[int, Model | None], inside: tuple[str, ...]
    ) -> Iterator[Expression]:
        """Give what the rules that a call asks read of its arguments."""
        for asked in self._rules(call):
            models = self._models_of_variables(asked)
            rows = set()
            for at, model in given.items():
                term = asked.parameters[at].term
                if isinstance(term, Variable):
                    rows.add(term.name)
                    if model is not None:
                        models.setdefault(term.name, model)
            yield from self._reads(asked, rows, models, inside)

    def calls(self, alternative: Alternative) -> Iterator[Expression]:
        """Give the methods of rows that are called, but not those of the actor."""
        models = self._models_of_variables(alternative)
        first = alternative.parameters[0].term if alternative.parameters else None
        actor = first.name if isinstance(first, Variable) else None
        for term in walk(alternative.goals):
            if not is_operation(term, Operator.DOT) or not isinstance(term.args[1], Call):
                continue
            if _root(term) == actor:
                continue
            is_of_row = self._model(term.args[0], models) is not None
            if is_of_row or self._is_refused_text(term.args[0], term.args[1].name, models):
                yield term

    def _is_refused_text(self, term: Term, method: str, models: dict[str, Model]) -> bool:
        """Tell whether a term is a column with a text, and no list knows this method of it."""
        while is_operation(term, Operator.DOT) and isinstance(term.args[1], Call):
            # A text in another case is a text.
            if term.args[1].name not in _SAME_KIND:
                return False
            term = term.args[0]
        member = self._member(term, models)
        is_text = isinstance(member, Field) and member.kind is ValueKind.TEXT
        return is_text and method not in _LISTED

    # -- models of terms ----------------------------------------------------------------------

    def _models_of_variables(self, alternative: Alternative) -> dict[str, Model]:
        models: dict[str, Model] = {}
        for parameter in alternative.parameters:
            self._learn(parameter.term, parameter.specializer, models)
        for goal in walk(alternative.goals):
            if is_operation(goal, Operator.ISA):
                self._learn(goal.args[0], goal.args[1], models)
            elif is_operation(goal, Operator.IN) and isinstance(goal.args[0], Variable):
                link = self._link(goal.args[1], models)
                found = None if link is None else self._models.model(link.cls)
                if found is not None:
                    models.setdefault(goal.args[0].name, found)
        return models

    def _learn(self, term: Term, pattern: Term | None, models: dict[str, Model]) -> None:
        if not isinstance(term, Variable) or not isinstance(pattern, Pattern):
            return
        cls = self._host.classes.get(pattern.tag or "")
        if isinstance(cls, type) and self._host.has_keys(cls):
            model = self._models.model(cls)
            if model is not None:
                models.setdefault(term.name, model)

    def _model(self, term: Term, models: dict[str, Model]) -> Model | None:
        if isinstance(term, Variable):
            return models.get(term.name)
        link = self._link(term, models)
        return None if link is None or link.is_many else self._models.model(link.cls)

    def _link(self, term: Term, models: dict[str, Model]) -> Link | None:
        member = self._member(term, models)
        return member if isinstance(member, Link) else None

    def _member(self, term: Term, models: dict[str, Model]) -> Member | None:
        if not is_operation(term, Operator.DOT) or not isinstance(term.args[1], Value):
            return None
        owner = self._model(term.args[0], models)
        return None if owner is None else owner.members.get(str(term.args[1].value))

    def _is_many(self, term: Term, models: dict[str, Model]) -> bool:
        link = self._link(term, models)
        return link is not None and link.is_many

    def _is_loaded_late(self, term: Expression, models: dict[str, Model]) -> bool:
        if self._link(term, models) is None:
            return False
        owner = t.cast(Model, self._model(term.args[0], models))
        # The mapper belongs to SQLAlchemy, which is not imported here.
        mapper: t.Any = getattr(owner.cls, "__mapper__", None)
        relations: t.Any = {} if mapper is None else mapper.relationships
        name = str(t.cast(Value, term.args[1]).value)
        return name not in relations or relations[name].lazy not in _EAGER


def _root(term: Term) -> str | None:
    while is_operation(term, Operator.DOT):
        term = term.args[0]
    return term.name if isinstance(term, Variable) else None


def _compared(alternative: Alternative) -> list[Term]:
    """Give the operands of equations: rows are compared by their keys."""
    return [
        side
        for goal in walk(alternative.goals)
        if is_operation(goal, Operator.UNIFY) or is_operation(goal, Operator.NEQ)
        for side in goal.args
    ]
