"""What nobody has awaited: a coroutine in place of the object that it would give.

It is not that object, and not nobody either, so rules for everybody who is somebody would
let it in. In goes a value of the host, out comes an error that says to await it.
"""

from __future__ import annotations

import inspect
import types
import typing as t
from collections.abc import Sequence

from ..exceptions import PolarTypeError

#: What the arguments of the rules that applications ask are called.
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
    """Tell whether a value has to be awaited: a coroutine, a future, a task and the like.

    What an ``async def`` function with ``yield`` gives counts as well. Nothing of the value runs.
    """
    kind = type(value)
    return inspect.isawaitable(value) if kind is types.GeneratorType else may_be_awaited(kind)


def may_be_awaited(cls: type) -> bool:
    """Tell whether instances of a class have to be awaited, or may have to."""
    if cls is types.GeneratorType or cls is types.AsyncGeneratorType:
        return True
    if not hasattr(cls, "__await__"):
        return False
    # A metaclass may have an answer to every name.
    found = (vars(base)["__await__"] for base in cls.__mro__ if "__await__" in vars(base))
    return next(found, None) is not None


def refuse_awaitables(rule: str, args: Sequence[t.Any]) -> None:
    """Refuse arguments of a question that were not awaited.

    :raises PolarTypeError: if one of them was not.
    """
    for position, arg in enumerate(args):
        if is_awaitable(arg):
            refuse_awaitable(arg, _role(rule, position))


def refuse_awaitable(value: t.Any, role: str) -> t.NoReturn:
    """Say that a value was not awaited.

    :param role: what it was given as.
    """
    dispose(value)
    raise PolarTypeError(
        f"The {role} is {described(value)}, and not what that gives. Write 'await' before the"
        f" call that gives the {role}."
    )


def described(value: t.Any) -> str:
    """Name what was not awaited, by its kind and by the function that it comes from."""
    if type(value) in _KINDS:
        return f"{_KINDS[type(value)]} of {value.__qualname__!r}"
    return f"an awaitable {type(value).__name__!r}"


def dispose(value: t.Any) -> None:
    """Close a coroutine that has not begun; Python would warn that it never was awaited."""
    is_new = (
        type(value) is types.CoroutineType
        and inspect.getcoroutinestate(value) == inspect.CORO_CREATED
    )
    if is_new:
        value.close()


def _role(rule: str, position: int) -> str:
    names = _ROLES.get(rule, ())
    return names[position] if position < len(names) else f"argument {position + 1} of '{rule}'"
