"""Decisions: how the policy is asked, and what there is to tell of an answer.

``ask`` gives the answer and nothing else. ``audience.py`` makes a :class:`Decision` of it
where somebody wants to hear more.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from flask import Flask

from .polar.exceptions import OsoError
from .polar.host import is_representable

if t.TYPE_CHECKING:
    from .oso import Oso
    from .polar.policy import Policy


class Outcome(enum.Enum):
    """How a decision ended."""

    ALLOWED = "allowed"
    DENIED = "denied"
    #: The policy, or a method that it called, raised: nobody was let in.
    ERROR = "error"


@dataclasses.dataclass(frozen=True, eq=False)
class Decision:
    """One decision of an app's policy.

    :param seconds: how long the policy took.
    :param policy: what decided; ``None`` if another policy took its place meanwhile.
    :param error: what was raised, if it ended so.
    """

    app: Flask
    oso: Oso
    actor: t.Any
    action: t.Any
    resource: t.Any
    outcome: Outcome
    seconds: float
    policy: Policy | None
    error: BaseException | None = None


def ask(oso: Oso, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
    """Ask the policy.

    INVARIANT: the answer is ``True`` only if the policy's answer is ``True`` itself.
    """
    for value in (actor, action, resource):
        if not is_representable(value):
            return False
    answer = oso.is_allowed(actor, action, resource)
    if answer is not True and answer is not False:
        raise OsoError(f"'is_allowed' gave {type(answer).__name__!r} in place of a decision.")
    return answer
