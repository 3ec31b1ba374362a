"""Decisions: what there is to tell of an answer of the policy.

``ask`` gives the answer and nothing else. ``publisher.py`` makes a :class:`Decision` of it
where somebody wants to hear more.
"""

from __future__ import annotations

import contextlib
import enum
import os
import typing as t
import weakref
from functools import cached_property

from flask import Flask

from ..polar.value_objects import Record

if t.TYPE_CHECKING:
    from ..oso import Oso
    from ..polar.policy.policy import Policy


class DecisionOutcome(enum.Enum):
    """How a decision ended."""

    ALLOWED = "allowed"
    DENIED = "denied"
    #: Rows or objects were chosen by what the policy allows: there is no single answer.
    LISTED = "listed"
    #: The policy, or a method that it called, raised: nobody was let in.
    ERROR = "error"


class Decision(Record, eq=False):
    """One decision of an app's policy.

    :param seconds: how long the policy took.
    :param policy: what decided; ``None`` if another policy took its place meanwhile.
    :param error: what was raised, if it ended so.
    :param field: the field of the resource that it was about, if it was about one.
    """

    app: Flask
    oso: Oso
    actor: t.Any
    action: t.Any
    resource: t.Any
    outcome: DecisionOutcome
    seconds: float
    policy: Policy | None
    error: BaseException | None = None
    field: t.Any = None

    @cached_property
    def rule(self) -> str | None:
        """The place of the rule that allowed it: ``policies/notes.polar:7``.

        To find it the question is asked once more. ``None`` if it was not allowed, or if the
        rule cannot be told any more.
        """
        engine = self.oso.engine
        if self.outcome is not DecisionOutcome.ALLOWED or engine.policy is not self.policy:
            return None
        # The rule is looked for in data that may have changed.
        with contextlib.suppress(Exception):
            args = (self.actor, self.action, self.resource)
            rule = (
                engine.deciding_rule("allow", args)
                if self.field is None
                else engine.deciding_rule("allow_field", (*args, self.field))
            )
            if rule is not None and rule.span is not None:
                return f"{_file(rule.span.source.name, self.app)}:{rule.span.line}"
        return None


class MissingObject:
    """Stands for an object that there is not, before those who hear of its denial.

    They must not do otherwise than with one that is hidden, for that would tell the client
    which it is. So it says that it is of the class, and has no other attributes than ``None``.
    A policy is never given one.

    :param cls: the class that was asked for.
    :param identity: what the loader was given.
    """

    def __new__(cls, wanted: type, identity: t.Any) -> t.Self:
        """Make one whose class has the name of the other: 'type(resource).__name__' is usual."""
        return super().__new__(t.cast("type[t.Self]", _kind_of(wanted)))

    def __init__(self, cls: type, identity: t.Any) -> None:
        self._cls = cls
        self._identity = identity

    @property  # type: ignore[misc]  # so that 'isinstance' believes it
    def __class__(self) -> t.Any:
        return self._cls

    def __getattr__(self, name: str) -> None:
        if name.startswith("_"):
            raise AttributeError(name)

    def __repr__(self) -> str:
        return f"<missing {self._cls.__name__}>"

    @property
    def id(self) -> t.Any:
        """What identifies it."""
        return self._identity


#: For each class that was asked for, the class of its missing objects.
_kinds: weakref.WeakKeyDictionary[type, type[MissingObject]] = weakref.WeakKeyDictionary()


def _kind_of(cls: type) -> type[MissingObject]:
    kind = _kinds.get(cls)
    if kind is None:
        names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
        kind = _kinds[cls] = type(cls.__name__, (MissingObject,), names)
    return kind


def _file(name: str | None, app: Flask) -> str:
    return "policy" if name is None else name.removeprefix(os.path.join(app.root_path, ""))
