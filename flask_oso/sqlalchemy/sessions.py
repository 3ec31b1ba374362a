"""Objects of an ``AsyncSession``, which does not load attributes when they are read.

In goes the error that SQLAlchemy raises then; out comes one that says what to load first.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import orm

from ..polar.exceptions import OsoError


@contextlib.contextmanager
def explaining_unloaded(objects: Sequence[t.Any]) -> Iterator[None]:
    """Turn an error of an asynchronous session into one that says which object to refresh.

    :raises OsoError: if an attribute is read that is not loaded.
    """
    try:
        yield
    except (sa.exc.MissingGreenlet, sa.exc.StatementError) as error:
        # Some drivers raise it within a statement.
        cause = error.orig if isinstance(error, sa.exc.StatementError) else error
        if not isinstance(cause, sa.exc.MissingGreenlet):
            raise
        raise OsoError(_remedy(objects)) from error


def _remedy(objects: Sequence[t.Any]) -> str:
    states = [t.cast(t.Any, sa.inspect(each, raiseerr=False)) for each in objects]
    rows = [each for each in states if isinstance(each, orm.InstanceState)]
    expired = [each for each in rows if each.expired_attributes]
    if expired:
        return (
            f"The policy reads attributes of a {expired[0].class_.__name__!r} that is expired, and"
            " an AsyncSession does not load them by itself. Await 'session.refresh(...)' of it"
            " before, or make the session with 'expire_on_commit=False'."
        )
    names = sorted({name for each in rows for name in each.unloaded})
    listed = f", such as {', '.join(map(repr, names))}," if names else ""
    return (
        f"The policy reads an attribute or relation that is not loaded{listed} and an AsyncSession"
        " does not load it by itself. Await 'session.refresh(..., attribute_names=[...])' before,"
        " or load it with the object."
    )
