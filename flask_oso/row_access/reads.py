"""Who reads, and what was read in a request, class by class."""

from __future__ import annotations

import enum
import typing as t

from ..polar.exceptions import OsoError


class Access(enum.Enum):
    """How rows came to be read."""

    #: The statement has the condition of the policy.
    FILTERED = "filtered"
    #: Each row was, or is, judged by itself.
    JUDGED = "judged"
    #: The program, or a policy, reads all rows, and says why.
    WAIVED = "waived"


class UnfilteredRowsError(OsoError):
    """A statement of a protected session would read, or change, rows that nobody judged.

    Select mapped classes, or read within ``oso.unfiltered(reason)`` what has to be all rows.
    """


class ReadRecord(t.NamedTuple):
    """How rows of a class were read in a request; ``FlaskOso.audit`` gives them.

    :param cls: the topmost guarded class of a hierarchy; ``None`` for a text of SQL.
    :param reason: why all rows were read, of ``unfiltered``; otherwise ``None``.
    :param times: the number of statements, or look-ups by key.
    """

    cls: type | None
    access: Access
    reason: str | None
    times: int


class Reads:
    """What is known of the reading of one request."""

    def __init__(self) -> None:
        self.counts: dict[tuple[type | None, Access, str | None], int] = {}
        #: The conditions of the current actor; see ``sqlalchemy.sessions.row_filter``.
        self.conditions: t.Any = None

    def note(self, cls: type | None, access: Access, reason: str | None) -> None:
        """Count one statement, or look-up, of a class."""
        key = (cls, access, reason)
        self.counts[key] = self.counts.get(key, 0) + 1

    def records(self) -> list[ReadRecord]:
        """Return the counts, in the order of the first of each."""
        return [ReadRecord(*key, times) for key, times in self.counts.items()]


class Reader(t.NamedTuple):
    """Who reads: an actor, by a policy."""

    oso: t.Any
    actor: t.Any
    reads: Reads
