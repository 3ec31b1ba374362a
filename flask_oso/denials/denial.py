"""A denied question, as those see it who answer it."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..oso import Oso


@dataclasses.dataclass(frozen=True, eq=False)
class Denial:
    """A question that was answered with no. For developers, never for clients."""

    oso: Oso
    actor: t.Any
    action: t.Any
    resource: t.Any
    #: There is no such object, so the policy was not asked.
    is_missing: bool = False
    #: The field that it was about, if it was about one.
    field: t.Any = None
