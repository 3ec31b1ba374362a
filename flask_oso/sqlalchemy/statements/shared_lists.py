"""Lists that stand once in a statement, whichever of its columns look rows up in them."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa


class SharedLists:
    """The lists that several columns of one statement look a row up in: each stands once."""

    def __init__(self) -> None:
        #: The values of a list and its common table expression, by the structure of the list.
        self._known: dict[t.Any, list[tuple[t.Any, t.Any]]] = {}

    def of(self, listed: t.Any) -> t.Any:
        """Return a SELECT of the same rows from a common table expression."""
        # SQLAlchemy keeps compiled statements by this key: what has the same key differs in the
        # values of parameters alone.
        structure = listed._generate_cache_key()
        if structure is None:
            return sa.select(*listed.cte().c)
        values = [
            (type(each.effective_value), each.effective_value) for each in structure.bindparams
        ]
        alike = self._known.setdefault(structure.key, [])
        for others, cte in alike:
            if others == values:
                return sa.select(*cte.c)
        cte = listed.cte()
        alike.append((values, cte))
        return sa.select(*cte.c)
