"""Lists that stand once in a statement, whichever of its columns look rows up in them."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

from ..known_values import KnownObjects


class SharedLists:
    """The lists that several columns of one statement look a row up in: each stands once.

    :param known: the objects of a clause that is kept. Values of these are the same where they
        were read alike, whatever they are: those of other objects may differ.
    """

    def __init__(self, known: KnownObjects | None = None) -> None:
        self._source_of = (lambda _: None) if known is None else known.source_of
        #: The values of a list and its common table expression, by the structure of the list.
        self._known: dict[t.Any, list[tuple[t.Any, t.Any]]] = {}

    def of(self, listed: t.Any) -> t.Any:
        """Return a SELECT of the same rows from a common table expression."""
        # SQLAlchemy keeps compiled statements by this key: what has the same key differs in the
        # values of parameters alone.
        structure = listed._generate_cache_key()
        if structure is None:
            return sa.select(*listed.cte().c)
        values = [self._value(each) for each in structure.bindparams]
        alike = self._known.setdefault(structure.key, [])
        for others, cte in alike:
            if others == values:
                return sa.select(*cte.c)
        cte = listed.cte()
        alike.append((values, cte))
        return sa.select(*cte.c)

    def _value(self, parameter: t.Any) -> t.Any:
        source = self._source_of(parameter)
        if source is not None:
            return source.read.key, source.part
        return type(parameter.effective_value), parameter.effective_value
