"""A denied question, as those see it who answer it, and how it is to be answered."""

from __future__ import annotations

import enum
import typing as t

if t.TYPE_CHECKING:
    from ..oso import Oso


class DenialStyle(enum.Enum):
    """How much a denial tells, and whether it asks for a login."""

    #: 403 to everybody.
    PLAIN = enum.auto()
    #: 401 to those who may log in, and 403 to others.
    ASK_LOGIN = enum.auto()
    #: Besides, 404 to others who may not read the object.
    HIDE = enum.auto()


class Denial:
    """A question that was answered with no. For developers, never for clients.

    :param is_missing: there is no such object, so the policy was not asked.
    :param field: the field that it was about, if it was about one.
    """

    __slots__ = ("action", "actor", "field", "is_missing", "oso", "resource")

    def __init__(
        self,
        oso: Oso,
        actor: t.Any,
        action: t.Any,
        resource: t.Any,
        *,
        is_missing: bool = False,
        field: t.Any = None,
    ) -> None:
        self.oso: t.Final = oso
        self.actor: t.Final = actor
        self.action: t.Final = action
        self.resource: t.Final = resource
        self.is_missing: t.Final = is_missing
        self.field: t.Final = field
