"""Functions that a program gives us to call: views, and what finds actors and refuses.

They may be coroutine functions, which an app calls in its own way.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import types
import typing as t
from collections.abc import Callable

from flask import Flask

_Function = Callable[..., t.Any]

#: Classes of what may have to be awaited, besides those with a method for that.
GENERATORS = frozenset({types.GeneratorType, types.AsyncGeneratorType})


_COROUTINE = inspect.CO_COROUTINE


class SyncCallable:
    """A function that is called for an app.

    Flask leaves a function as it is unless it is a coroutine function, but looks at it at
    each call, which takes longer than a decision. Here it is looked at once. An app that
    has an ``ensure_sync`` of its own is asked each time.
    """

    def __init__(self, function: Callable[..., t.Any]) -> None:
        self.function = function
        #: It is no coroutine function.
        self.is_plain = not inspect.iscoroutinefunction(function)

    def of(self, app: Flask) -> Callable[..., t.Any]:
        """Give what to call in the app, and not to wait for."""
        ensure_sync = app.ensure_sync
        if not self.is_plain:
            return waiting(ensure_sync)(self.function)
        return self.function if calls_plainly(app) else ensure_sync(self.function)


def calls_plainly(app: Flask) -> bool:
    """Tell whether an app leaves functions as they are that are no coroutine functions."""
    return getattr(app.ensure_sync, "__func__", None) is Flask.ensure_sync


def is_plain_function(function: _Function) -> bool:
    """Tell whether a function is written in Python and no coroutine function, as Flask asks it."""
    return (
        type(function) is types.FunctionType
        and not function.__code__.co_flags & _COROUTINE
        and not hasattr(function, "_is_coroutine_marker")
    )


def waiting(ensure_sync: Callable[[_Function], _Function]) -> Callable[[_Function], _Function]:
    """Give what makes a function that waits of a coroutine function.

    A view that is a coroutine function has a loop, in which nothing can wait for another
    one: there a thread does, with the context of the view.
    """

    def wait_for(function: _Function) -> _Function:
        import asyncio

        waits = ensure_sync(function)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return waits
        return functools.partial(_call_in_thread, waits)

    return wait_for


def _call_in_thread(function: _Function, *args: t.Any, **kwargs: t.Any) -> t.Any:
    # Here, since few processes have such functions.
    from concurrent.futures import ThreadPoolExecutor

    context = contextvars.copy_context()
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(context.run, function, *args, **kwargs).result()
