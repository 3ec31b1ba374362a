"""Statements that are the same for everybody, as of all rows or of none.

In goes a residual; out comes its statement, if it was made before and nothing of an object is in
it. Statements of SQLAlchemy do not change: what an application adds makes another one.
"""

from __future__ import annotations

import typing as t

from ...polar.residual.algebra.ir import TRUE
from ...polar.residual.algebra.outcomes import Residual
from ...row_access.waivers import current_waiver
from .kept_clauses import KeptClauses

#: The most statements that are kept.
_MOST = 1_000


class KeptStatements:
    """The statements of conditions with nothing of an object in them, by class."""

    def __init__(self) -> None:
        # With the conditions: no other gets the identity of one. Two threads may add the same.
        self._known: dict[t.Any, tuple[t.Any, t.Any]] = {}

    def find(self, residual: Residual, entity: type) -> t.Any:
        """Return the statement of a residual; ``None`` if none is kept."""
        known = self._known.get((id(residual.condition), entity))
        return None if known is None or _is_marked(residual) else known[1]

    def add(self, residual: Residual, entity: type, statement: t.Any, kept: KeptClauses) -> None:
        """Keep a statement, if it is one for all objects."""
        condition = residual.condition
        # INVARIANT: a statement that is kept has no parameter with a value of an object.
        is_constant = condition is TRUE or kept.constant(residual, entity) is not None
        if not is_constant or _is_marked(residual):
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[id(condition), entity] = condition, statement


def _is_marked(residual: Residual) -> bool:
    """Tell whether the condition is marked, as that of the policy of protected sessions."""
    return residual.condition is not TRUE and current_waiver() is not None
