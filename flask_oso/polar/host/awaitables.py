"""Values that were not awaited: a coroutine in place of its result.

A coroutine is neither the actor nor ``None``, so a rule such as "any actor that is not nil"
would allow it. In goes a value of the host, out comes an error that says to await it.
"""

from __future__ import annotations

import inspect
import types
import typing as t
from collections.abc import Sequence

from ..exceptions import PolarTypeError

#: The names of the arguments of the rules that applications query.
_ROLES: dict[str, Sequence[str]] = {
    "allow": ("actor", "action", "resource"),
    "allow_field": ("actor", "action", "resource", "field"),
    "allow_request": ("actor", "request"),
}
_KINDS: dict[type, str] = {
    types.CoroutineType: "a coroutine",
    types.GeneratorType: "a coroutine",
    types.AsyncGeneratorType: "an asynchronous generator",
}


def is_awaitable(value: t.Any) -> bool:
    """Return whether a value has to be awaited: a coroutine, a future, a task and the like.

    An asynchronous generator counts as well. No code of the value runs.
    """
    kind = type(value)
    return inspect.isawaitable(value) if kind is types.GeneratorType else may_be_awaited(kind)


def may_be_awaited(cls: type) -> bool:
    """Return whether instances of a class have to be awaited, or may have to."""
    if cls is types.GeneratorType or cls is types.AsyncGeneratorType:
        return True
    if not hasattr(cls, "__await__"):
        return False
    # A metaclass may have an attribute of any name: look into the classes themselves.
    found = (vars(base)["__await__"] for base in cls.__mro__ if "__await__" in vars(base))
    return next(found, None) is not None


def refuse_awaitables(rule: str, args: Sequence[t.Any]) -> None:
    """Refuse arguments of a query that were not awaited.

    :raises PolarTypeError: if an argument is an awaitable.
    """
    for position, arg in enumerate(args):
        kind = type(arg)
        # Most classes say at once that there is nothing to wait for.
        if (kind in _KINDS or hasattr(kind, "__await__")) and is_awaitable(arg):
            refuse_awaitable(arg, _role(rule, position))


def refuse_awaitable(value: t.Any, role: str) -> t.NoReturn:
    """Raise an error that says that a value was not awaited.

    :param role: the name of the argument.
    """
    dispose(value)
    raise PolarTypeError(
        f"The {role} is {described(value)}, and not what that gives. Write 'await' before the"
        f" call that gives the {role}."
    )


def described(value: t.Any) -> str:
    """Describe an awaitable by its kind and by the function that it comes from."""
    if type(value) in _KINDS:
        return f"{_KINDS[type(value)]} of {value.__qualname__!r}"
    return f"an awaitable {type(value).__name__!r}"


def dispose(value: t.Any) -> None:
    """Close a coroutine that has not started; Python would warn that it was never awaited."""
    is_new = (
        type(value) is types.CoroutineType
        and inspect.getcoroutinestate(value) == inspect.CORO_CREATED
    )
    if is_new:
        value.close()


def _role(rule: str, position: int) -> str:
    names = _ROLES.get(rule, ())
    return names[position] if position < len(names) else f"argument {position + 1} of '{rule}'"
