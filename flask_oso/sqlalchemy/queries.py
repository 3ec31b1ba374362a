"""Statements that select what a policy allows: a SELECT for a residual.

In goes a ``Residual`` and the entity to select, a mapped class or an alias of one; out
comes a statement that an application goes on building.
"""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Select as Select
from sqlalchemy import orm

from ..polar.exceptions import OsoError, UnsupportedError
from ..polar.host.registry import Host
from ..polar.residual.algebra.ir import TRUE, ToMany, ToOne, rows_in
from ..polar.residual.algebra.outcomes import Residual
from ..polar.residual.algebra.schema import Schema
from .mapped.mapper_facts import MapperFacts
from .mapped.mapping import MappedSchema, mapped_classes, opaque_attributes
from .mapped.tables import DerivedClasses, bind_key, bind_keys, check_name
from .read_conditions import of_list
from .row_keys import RowKeys
from .statements.kept_clauses import KeptClauses
from .statements.kept_statements import KeptStatements
from .statements.known_values import KnownObjects
from .statements.related.shared_lists import SharedLists
from .statements.translation import SqlCondition, Translator

_logger = logging.getLogger("flask_oso")

if t.TYPE_CHECKING:
    from ..oso import Oso


def as_select(query: t.Any) -> t.Any:
    """Return the ``select`` of a query that an adapter of oso 0.27 made; anything else as it is."""
    return query.statement if isinstance(query, orm.Query) else query


class _Names(t.NamedTuple):
    """What was made for a registry: names of tables and columns, and what is kept of statements."""

    host: Host
    facts: MapperFacts
    clauses: KeptClauses
    statements: KeptStatements
    derived: DerivedClasses


class Selects:
    """Makes statements for ``Oso.authorized_query``.

    :param only_aliases: see ``MapperFacts``.
    """

    def __init__(self, *, only_aliases: bool = False) -> None:
        self._only_aliases = only_aliases
        #: Whether it can take the place of another one.
        self.is_shareable = not only_aliases
        # Made for the current registry; two threads may both make them.
        self._known: tuple[Host, MappedSchema] | None = None
        self._names: _Names | None = None

    def models(self, host: Host) -> Schema:
        """Return the schema of the mapped classes."""
        known = self._known
        if known is None or known[0] is not host or not known[1].derived.are_all():
            # INVARIANT: what was made for the classes of rows counts until another one is mapped.
            known = self._known = host, MappedSchema(host.fields, host.classes)
        return known[1]

    def class_of(self, entity: t.Any) -> type:
        """Return the mapped class of an entity.

        :raises OsoError: if it is neither a mapped class nor an alias of one.
        """
        inspected: t.Any = sa.inspect(entity, raiseerr=False)
        if type(inspected) is orm.Mapper:
            return t.cast(type, inspected.class_)
        mapper = getattr(inspected, "mapper", None)
        if not isinstance(mapper, orm.Mapper) or isinstance(inspected, orm.InstanceState):
            raise OsoError(_without_rows(entity, inspected))
        return t.cast(type, mapper.class_)

    def clause(self, host: Host, residual: Residual, entity: t.Any) -> SqlCondition:
        """Return the WHERE clause for an entity."""
        names = self._names_of(host)

        def make(known: KnownObjects) -> SqlCondition:
            _note_classes(names.derived, residual)
            return _translated(names.facts, known, residual, entity)

        if not residual.is_lasting or not isinstance(entity, type):
            return make(KnownObjects(residual.objects))
        return t.cast(SqlCondition, names.clauses.clause(residual, entity, make))

    def _names_of(self, host: Host) -> _Names:
        known = self._names
        if known is None or known.host is not host or not known.derived.are_all():
            # INVARIANT: the same holds of clauses, which are kept also for the schema of another.
            facts = self._make_facts(host)
            known = _Names(host, facts, KeptClauses(), KeptStatements(), DerivedClasses())
            self._names = known
        return known

    def _make_facts(self, host: Host) -> MapperFacts:
        def relations(cls: type) -> t.Mapping[str, t.Any]:
            return host.fields.get(cls, {})

        return MapperFacts(relations, only_aliases=self._only_aliases)

    def query(self, host: Host, residual: Residual, entity: t.Any) -> t.Any:
        """Return a SELECT of an entity.

        It names what it selects from, so that rows are counted by ``with_only_columns(count())``,
        too: what a condition reads of the row within EXISTS does not say so.
        """
        if not isinstance(entity, type):
            return self._narrowed(_all_rows(entity), host, residual, entity)
        names = self._names_of(host)
        known = names.statements.find(residual, entity)
        if known is not None:
            return known
        statement = self._narrowed(_all_rows(entity), host, residual, entity)
        names.derived.note(residual.root.cls)
        names.statements.add(residual, entity, statement, names.clauses)
        return statement

    def _narrowed(self, statement: t.Any, host: Host, residual: Residual, entity: t.Any) -> t.Any:
        if residual.condition == TRUE:
            return statement
        return statement.where(of_list(self.clause(host, residual, entity)))

    def columns(self, host: Host, residuals: Sequence[Residual], entity: t.Any) -> list[t.Any]:
        """Return columns that are true or false, and never NULL."""
        return [
            sa.case((of_list(each), sa.true()), else_=sa.false())
            for each in self._clauses(host, residuals, entity)
        ]

    def _clauses(
        self, host: Host, residuals: Sequence[Residual], entity: t.Any
    ) -> Sequence[SqlCondition]:
        """Return clauses of one statement, which look rows up in the same lists."""
        names = self._names_of(host)

        def make(parts: Sequence[t.Any], known: KnownObjects) -> list[SqlCondition]:
            for each in residuals:
                _note_classes(names.derived, each)
            shared = SharedLists(known)
            return [
                _translated(names.facts, part, each, entity, shared)
                for part, each in zip(parts, residuals, strict=True)
            ]

        if all(each.is_lasting for each in residuals) and isinstance(entity, type):
            return names.clauses.clauses(residuals, entity, make)
        shared = SharedLists()
        return [
            _translated(names.facts, KnownObjects(each.objects), each, entity, shared)
            for each in residuals
        ]


def _all_rows(entity: t.Any) -> t.Any:
    return sa.select(entity).select_from(entity)


def _note_classes(derived: DerivedClasses, residual: Residual) -> None:
    """Note the classes of rows that a condition names."""
    for cls in {residual.root.cls, *(row.cls for row in rows_in(residual.condition))}:
        derived.note(cls)


def _without_rows(entity: t.Any, inspected: t.Any) -> str:
    """Say what is wrong with something that is no mapped class."""
    name = getattr(entity, "__name__", type(entity).__name__)
    if isinstance(inspected, orm.InstanceState):
        return (
            f"A list is of a class, and was given an object of {name!r}. Give the class, or judge"
            " the object with 'is_allowed'."
        )
    if isinstance(entity, str):
        return (
            "A list is of a class, and was given a text. Give the class itself, behind the action:"
            " 'authorized_query(user, \"read\", Note)'."
        )
    return (
        f"{name!r} is not mapped, so it has no rows to select. Give a mapped class, or an alias of"
        " one."
    )


def _translated(
    names: MapperFacts,
    known: KnownObjects,
    residual: Residual,
    entity: t.Any,
    shared: SharedLists | None = None,
) -> SqlCondition:
    """Translate the condition of a residual.

    :param shared: the lists of other clauses of the statement.
    """
    translator = Translator(names, known, shared)
    made = translator.clause(residual.condition, {residual.root: entity})
    check_name(entity, made)
    _check_one_database(residual, made)
    return made


def _check_one_database(residual: Residual, made: SqlCondition) -> None:
    """Refuse a condition that reads rows of another database than that of the listed ones.

    :raises UnsupportedError: if so.
    """
    for cls in _classes_elsewhere(residual):
        # A row of which only the key is compared is not read.
        if bind_key(cls) in bind_keys(made):
            raise UnsupportedError(
                f"Rows of {cls.__name__!r} are in another database than those of"
                f" {residual.root.cls.__name__!r}, and a list is one statement. Give the actor an"
                " attribute with the values that the policy compares."
            )


def _classes_elsewhere(residual: Residual) -> set[type]:
    """Return the classes whose rows are in other databases, as far as Flask-SQLAlchemy tells.

    These may have tables of the same names.
    """
    rows = rows_in(residual.condition)
    classes = {row.cls for row in rows if isinstance(row, ToOne | ToMany)}
    mine = bind_key(residual.root.cls)
    return {each for each in classes if bind_key(each) != mine}


def register_models(oso: Oso, models: t.Any) -> dict[str, str]:
    """Register mapped classes for policies, and for ``authorized_query``.

    From then on two objects of a mapped class with the same primary key are equal, whatever their
    sessions. A class with an ``__eq__`` of its own keeps it.

    A class that is registered already keeps its name and fields. Attributes that lists cannot
    compare are returned, and logged, as in ``{"Post.data": "the type JSON has no comparison"}``.
    They work in decisions; a list whose policy compares one is refused.

    :param models: a declarative base, for all classes that derive from it, a registry, for all
        that it maps, or a list.
    :raises OsoError: for a class that is not mapped.
    """
    classes = mapped_classes(models)
    known = set(oso.host.classes.values())
    for cls in classes:
        if cls not in known:
            oso.register_class(cls)
    oso.set_query_builder(Selects())
    oso.set_identities(RowKeys())
    opaque = opaque_attributes(classes, MappedSchema(oso.host.fields, oso.host.classes))
    for name, reason in opaque.items():
        _logger.info("Lists cannot compare '%s': %s.", name, reason)
    return opaque
