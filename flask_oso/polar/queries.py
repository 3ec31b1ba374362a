"""A running query, and a container for its results.

A ``Query`` keeps the engine it was made with, so later loads and registrations do not affect it.
``QueryResult`` exists for programs that import it from ``polar``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

from .engine import Engine
from .exceptions import InlineQueryFailedError, error_at
from .host.terms import Predicate

RawResult = dict[str, t.Any]


class Query:
    """One query of one state of a policy. ``debug()`` stops it and starts the debugger.

    :param engine: the policy and the registered names.
    :param query: a Polar expression without a semicolon, or a ``Predicate``.
    :param bindings: initial values of variables.
    :param accept_expression: give an ``Expression`` for a constrained variable.
    """

    def __init__(
        self,
        engine: Engine,
        query: str | Predicate,
        *,
        bindings: Mapping[str, t.Any] | None = None,
        accept_expression: bool = False,
    ) -> None:
        self._solutions = engine.query(
            query, bindings=bindings, accept_expression=accept_expression, stops=True
        )

    def run(self) -> Iterator[RawResult]:
        """Give the results one by one: ``{"bindings": {name: value}, "trace": None}``."""
        for solution in self._solutions:
            yield {"bindings": solution, "trace": None}


class QueryResult:
    """All results of a query.

    :param results: those of ``Query.run``.
    """

    def __init__(self, results: Sequence[RawResult]) -> None:
        self.success = bool(results)
        self.results = [result["bindings"] for result in results]
        self.traces = [result["trace"] for result in results]


def failed_inline_queries(engine: Engine) -> list[InlineQueryFailedError]:
    """Run the inline queries of a policy; give an error for each without a solution."""
    return [
        error_at(
            InlineQueryFailedError,
            f"Inline query failed: {inline.span.text if inline.span else inline.query}",
            inline.span,
        )
        for inline in engine.policy.inline_queries
        if next(engine.query_term(inline.query), None) is None
    ]
