"""Denied questions that are likely mistakes of the caller: each is told once, in the log.

In go an engine and a denied question. The answer stays what it is.
"""

from __future__ import annotations

import typing as t

from .argument_order import ArgumentOrder
from .class_resources import ClassResources

if t.TYPE_CHECKING:
    from ..engine import Engine


class CallerMistakes:
    """What is looked at in the questions to one policy.

    ``kinds`` are the classes of resources of which a denial may be a mistake.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._order = ArgumentOrder(engine)
        self._classes = ClassResources(engine)
        self.kinds: frozenset[type] = self._order.actors | self._classes.kinds

    def forget(self) -> None:
        """Tell each mistake once more."""
        self._order.forget()
        self._classes.forget()

    def check(self, actor: t.Any, action: t.Any, resource: t.Any) -> None:
        """Log a warning if a denied question looks like a mistake."""
        self._order.check(actor, action, resource)
        self._classes.check(actor, action, resource)
