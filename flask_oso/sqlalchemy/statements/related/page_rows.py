"""Related rows that PostgreSQL looks for row by row, in the columns of a page.

It counts what a column costs for all rows that a statement might read, whatever its limit. So it
reads all related rows first, and puts them in a hash table, to look up those of fifty rows. A
subquery with an OFFSET is asked for each row.

In goes the SELECT of an EXISTS in a column; out comes what a database gets.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from ..dialects import POSTGRESQL


class PageRow(sa.Select[t.Any]):
    """Selects a related row of a row of which a column tells something."""

    inherit_cache = True


@compiles(PageRow)
def _plain(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.visit_select(element, **keywords))


@compiles(PageRow, *POSTGRESQL)
def _sought(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    around = compiler.stack[-1]["selectable"] if compiler.stack else None
    found = _plain(element, compiler, **keywords)
    is_page = getattr(around, "_has_row_limiting_clause", False)
    return f"{found} OFFSET 0" if is_page else found
