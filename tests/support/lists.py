"""Lists of rows as statements: an Oso for models, the list of somebody, its count, its text."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models


def oso_for(base: type[orm.DeclarativeBase], policy: str) -> Oso:
    """Give an Oso with the models of a base, and a policy about them."""
    oso = Oso()
    register_models(oso, base)
    oso.load_str(policy)
    return oso


def list_of(oso: Oso, actor: t.Any, model: type[t.Any]) -> sa.Select[t.Any]:
    """Give the list of an actor, who is stored in no database."""
    orm.make_transient_to_detached(actor)
    return t.cast("sa.Select[t.Any]", oso.authorized_query(actor, "read", model))


def text_of(statement: t.Any, dialect: sa.Dialect) -> str:
    """Give a statement as a database gets it, in one line."""
    return " ".join(str(statement.compile(dialect=dialect)).split())


def count(statement: sa.Select[t.Any]) -> t.Any:
    """Count the rows of a list."""
    return statement.with_only_columns(sa.func.count())


def count_of_rows(statement: sa.Select[t.Any]) -> t.Any:
    """Count the rows of a list as ``paginate`` does."""
    return sa.select(sa.func.count()).select_from(statement.subquery())
