"""Questions about rows: which rows of a class satisfy the policy, as a query of the database.

In go the arguments of ``allow``, one of which is an unknown row; out comes the residual, with what
builds a query of it. It knows no database: a ``QueryBuilder`` does.
"""

from __future__ import annotations

import importlib.util
import sys
import typing as t
from collections.abc import Sequence

from ..polar.environment import STORED_ENVIRONMENT, stored_name
from ..polar.exceptions import OsoError, StackOverflowError
from ..polar.output import say

if t.TYPE_CHECKING:
    from ..polar.engine import Engine
    from ..polar.host.registry import Host
    from ..polar.residual.algebra.outcomes import Residual
    from ..polar.residual.algebra.schema import Schema
    from ..polar.residual.host_questions import Moments

_EXPLAIN: t.Any = stored_name("POLAR_EXPLAIN")
TOO_DEEP = (
    "The policy is nested too deep for a condition on rows. Give parts of it rules of their own."
)


@t.runtime_checkable
class QueryBuilder(t.Protocol):
    """Builds database queries from residuals; ``flask_oso.sqlalchemy`` has one."""

    def models(self, host: Host) -> Schema:
        """Give the models of the classes whose rows it selects."""

    def class_of(self, entity: t.Any) -> type:
        """Give the class of the rows of an entity."""

    def query(self, host: Host, residual: Residual, entity: t.Any) -> t.Any:
        """Build a query of the rows for which a residual holds."""

    def columns(self, host: Host, residuals: Sequence[Residual], entity: t.Any) -> list[t.Any]:
        """Build columns that tell whether residuals hold for a row."""


class RowQuestion:
    """The residual of a question about rows, and the builder of its query."""

    # Written out: one is made for each list.
    __slots__ = ("builder", "entity", "host", "residual")

    def __init__(
        self, residual: Residual, host: Host, builder: QueryBuilder, entity: t.Any
    ) -> None:
        self.residual = residual
        self.host = host
        self.builder = builder
        self.entity = entity

    def query(self) -> t.Any:
        """Build a query of the rows that satisfy the residual."""
        try:
            return self.builder.query(self.host, self.residual, self.entity)
        except RecursionError:
            raise StackOverflowError(TOO_DEEP) from None

    def columns(self, others: Sequence[RowQuestion]) -> list[t.Any]:
        """Build a column for this residual and each of some others, in their order."""
        residuals = [self.residual, *(each.residual for each in others)]
        try:
            return self.builder.columns(self.host, residuals, self.entity)
        except RecursionError:
            raise StackOverflowError(TOO_DEEP) from None


def ask_about_rows(
    engine: Engine,
    builder: QueryBuilder,
    args: list[t.Any],
    at: int,
    entity: t.Any,
    moments: Moments | None = None,
) -> RowQuestion:
    """Give the residual of ``allow`` with one argument an unknown row.

    :param at: the position of that argument.
    :param entity: a mapped class, or an alias of one.
    :param moments: what clocks have answered for the same statement.
    :raises UnsupportedError: if the policy cannot be expressed as a condition on rows.
    :raises OsoError: if the class is not registered as a model.
    """
    cls = builder.class_of(entity)
    if cls not in engine.host.types:
        raise OsoError(f"{cls.__name__!r} is not registered. Call 'register_models' with it.")
    models = builder.models(engine.host)
    try:
        with models.reading(args):
            residual = engine.residual("allow", args, at, cls, models, moments)
    except RecursionError:
        raise StackOverflowError(TOO_DEEP) from None
    if _EXPLAIN in STORED_ENVIRONMENT:
        from ..polar.residual.adapter_filters import outline

        say(outline(residual), sys.stderr)
    return RowQuestion(residual, engine.host, builder, entity)


def builder_of(host: Host, builder: QueryBuilder | None) -> QueryBuilder:
    """Give the builder of queries: the one that was set, or one on the adapter of a host.

    :raises OsoError: there is neither.
    """
    adapter = host.adapter
    if builder is None and isinstance(adapter, QueryBuilder):
        builder = adapter
    if builder is None and adapter is not None:
        from ..polar.residual.adapter_filters import FilterBuilder

        builder = FilterBuilder(adapter)
    if builder is None:
        raise OsoError(
            "No models are registered, so there is nothing to query. Call 'register_models'"
            " of 'flask_oso.sqlalchemy', give 'FlaskOso' your mapped classes, 'models=db.Model', or"
            f" set an adapter.{_missing_library()} Objects of other classes are listed with"
            " 'filter'."
        )
    return builder


def _missing_library() -> str:
    """Say which extra is missing for mapped classes; empty if it is there."""
    if importlib.util.find_spec("sqlalchemy") is not None:
        return ""
    return " SQLAlchemy is not installed: 'pip install flask-oso[sqlalchemy]'."
