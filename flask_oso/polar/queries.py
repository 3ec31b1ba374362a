"""A query that is under way, and a container for the results of one.

A ``Query`` holds on to the engine it was made with, so what is loaded or registered later
does not touch it. ``QueryResult`` stands here for programs that import it from ``polar``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

from .engine import Engine
from .host.terms import Predicate

RawResult = dict[str, t.Any]


class Query:
    """One query of one state of a policy. A ``debug()`` that it meets stops it and asks.

    :param engine: the policy and its names, as they are now.
    :param query: a Polar expression without a semicolon, or a ``Predicate``.
    :param bindings: values that variables have from the beginning.
    :param accept_expression: give an ``Expression`` for a variable that is constrained.
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
    """The results of a query taken together.

    :param results: as ``Query.run`` gives them.
    """

    def __init__(self, results: Sequence[RawResult]) -> None:
        self.success = bool(results)
        self.results = [result["bindings"] for result in results]
        self.traces = [result["trace"] for result in results]
