"""What is raised where rows of an ``AsyncSession`` are to be read outside of a coroutine."""

from __future__ import annotations

import typing as t

from ..polar.exceptions import OsoError


class AsyncSessionError(OsoError):
    """An ``AsyncSession`` is to be read outside of a coroutine.

    :param session: the session, for ``sqlalchemy.sessions.asynchronous.run_within``.
    """

    def __init__(self, session: t.Any) -> None:
        super().__init__("The session is asynchronous. Read it in a coroutine.")
        self.session = session
