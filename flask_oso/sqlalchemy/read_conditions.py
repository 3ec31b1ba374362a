"""The condition on the rows of a class, as an option of a statement.

In goes a mapped class and the clause that a policy left of ``allow(actor, "read", row)``; out
comes an option that adds the clause wherever SQLAlchemy selects from the class: in joins,
subqueries and loads of relations as well. The clause is marked, so that it can be found again in
what was compiled.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import Grouping

from ..row_access.waivers import current_waiver
from .mapped.tables import key_properties
from .statements.dialects import SqlFunction


class ReadCondition(SqlFunction[bool]):
    """A clause on the rows of a class, with the columns of its primary key.

    The columns are not rendered. They are adapted together with the clause, and so tell for which
    alias of the table it stands.
    """

    name = "oso_read"
    type = sa.Boolean()

    def self_group(self, against: t.Any = None) -> t.Any:
        """Keep the clause as it is in AND, where alone it stands."""
        return self


@compiles(ReadCondition)
def _compile_condition(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    clause, *key = element.clauses
    clause = clause.self_group(operators.and_)
    # The tripwire has a compiler of its own.
    verify = getattr(compiler, "verify_condition", None)
    if verify is not None:
        return str(verify(clause, key, **keywords))
    return str(compiler.process(clause, **keywords))


class ListCondition(SqlFunction[bool]):
    """A condition that a program asked a policy for, as of a list: what it reads is known."""

    name = "oso_list"
    type = sa.Boolean()

    def self_group(self, against: t.Any = None) -> t.Any:
        """Stand in parentheses where the clause has to."""
        (clause,) = self.clauses
        return self if clause.self_group(against) is clause else Grouping(self)


@compiles(ListCondition)
def _compile_list(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (clause,) = element.clauses
    verify = getattr(compiler, "verify_list", None)
    return str((verify or compiler.process)(clause, **keywords))


def of_list(clause: t.Any) -> t.Any:
    """Return a condition of a list, marked if the sessions of its policy are protected."""
    return clause if current_waiver() is None else ListCondition(clause)


class ReadOption(LoaderCriteriaOption):
    """Adds a condition to one statement, its joined relations included.

    SQLAlchemy leaves joined relations out unless an option goes on to the loads of relations, and
    then objects keep it. No object may keep the condition of an actor: what is loaded later is
    filtered by itself, or is read by the policy.
    """

    __slots__ = ("_for_joined", "_key")
    # What makes two statements one in SQLAlchemy's cache: the same as of any such option.
    _traverse_internals = LoaderCriteriaOption._traverse_internals

    def __init__(self, entity: t.Any, condition: ReadCondition) -> None:
        super().__init__(entity, condition, include_aliases=True, propagate_to_loaders=False)
        self._for_joined = LoaderCriteriaOption(
            entity, condition, include_aliases=True, propagate_to_loaders=True
        )

        self._key: t.Any = None

    def _gen_cache_key(self, anon_map: t.Any, bindparams: list[t.Any]) -> t.Any:
        """Return what tells statements apart in SQLAlchemy's cache; made once for a request."""
        if self._key is None:
            self._key = self.where_criteria._generate_cache_key()
        if self._key is None:
            return super()._gen_cache_key(anon_map, bindparams)
        bindparams.extend(self._key.bindparams)
        return ReadOption, self.entity, self._key.key

    def get_global_criteria(self, attributes: dict[t.Any, t.Any]) -> None:
        """Add the condition to those that SQLAlchemy applies while it compiles."""
        self._for_joined.get_global_criteria(attributes)


def read_condition(cls: type, clause: t.Any) -> ReadCondition:
    """Return a clause, marked as the condition on the rows of a class."""
    return ReadCondition(clause, *(each.class_attribute for each in key_properties(cls)))
