"""Denied questions that are likely mistakes of the caller: each is told once, in the log.

In go an engine and a denied question. The answer stays what it is.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..nodes import Rule
from ..policy.lint.vocabulary import classes_of_variables
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
        # Both look at the same rules, which may be thousands.
        known: dict[int, Mapping[str, str]] = {}

        def classes_of(rule: Rule) -> Mapping[str, str]:
            if id(rule) not in known:
                known[id(rule)] = classes_of_variables(rule)
            return known[id(rule)]

        self._order = ArgumentOrder(engine, classes_of)
        self._classes = ClassResources(engine, classes_of)
        self.kinds: frozenset[type] = self._order.actors | self._classes.kinds

    def forget(self) -> None:
        """Tell each mistake once more."""
        self._order.forget()
        self._classes.forget()

    def check(self, actor: t.Any, action: t.Any, resource: t.Any) -> None:
        """Log a warning if a denied question looks like a mistake."""
        self._order.check(actor, action, resource)
        self._classes.check(actor, action, resource)
