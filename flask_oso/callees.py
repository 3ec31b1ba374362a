"""Functions that a program gives us to call: views, and what finds actors and refuses.

They may be coroutine functions, which an app calls in its own way.
"""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Callable

from flask import Flask


class Callee:
    """A function that is called for an app.

    Flask leaves a function as it is unless it is a coroutine function, but looks at it at
    each call, which takes longer than a decision. Here it is looked at once. An app that
    has an ``ensure_sync`` of its own is asked each time.
    """

    def __init__(self, function: Callable[..., t.Any]) -> None:
        self._function = function
        self._is_plain = not inspect.iscoroutinefunction(function)

    def of(self, app: Flask) -> Callable[..., t.Any]:
        """Give what to call in the app, and not to wait for."""
        ensure_sync = app.ensure_sync
        if self._is_plain and getattr(ensure_sync, "__func__", None) is Flask.ensure_sync:
            return self._function
        return ensure_sync(self._function)
