"""Tables whose rows link the rows of two others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm


def link_table(models: type[orm.DeclarativeBase], name: str, **targets: str) -> sa.Table:
    """Make such a table.

    :param targets: the key that each column refers to: ``user_id="users.id"``.
    """
    columns: list[sa.Column[int]] = [
        sa.Column(own, sa.ForeignKey(key), primary_key=True) for own, key in targets.items()
    ]
    return sa.Table(name, models.metadata, *columns)
