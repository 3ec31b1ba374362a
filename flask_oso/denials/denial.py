"""A denied question, as those see it who answer it."""

from __future__ import annotations

import typing as t

from ..polar.value_objects import Record

if t.TYPE_CHECKING:
    from ..oso import Oso


class Denial(Record, eq=False):
    """A question that was answered with no. For developers, never for clients."""

    oso: Oso
    actor: t.Any
    action: t.Any
    resource: t.Any
    #: There is no such object, so the policy was not asked.
    is_missing: bool = False
    #: The field that it was about, if it was about one.
    field: t.Any = None
