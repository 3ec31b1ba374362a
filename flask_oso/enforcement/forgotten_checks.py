"""A view that asked a policy itself, where only what a FlaskOso is asked counts.

In go a view that answered without having authorized; out comes whether its code, or that of a
function that it calls by name, has a call of ``authorize``, ``can`` or the like. It is looked at
once something went wrong, and never run.
"""

from __future__ import annotations

import inspect
import types
import typing as t
from collections.abc import Iterator

from ..callables.view_functions import View, entered_function

#: The questions of an ``Oso`` that look like an authorization.
_QUESTIONS = ("authorize", "is_allowed", "authorize_request", "authorized_query")
#: The questions of a ``FlaskOso`` that enforce nothing.
ANSWERS = ("can", "cannot", "permissions", "why", "action_columns")
_MOST_FUNCTIONS = 50


def question_in(view: View, method: str) -> str | None:
    """Give the question that the code of a view asks a policy; ``None`` if none is seen."""
    names = {name for code in _codes(view, method) for name in code.co_names}
    return next((each for each in (*_QUESTIONS, *ANSWERS) if each in names), None)


def _codes(view: View, method: str) -> Iterator[types.CodeType]:
    waiting: list[t.Any] = [inspect.unwrap(entered_function(view, method))]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_FUNCTIONS:
        function = inspect.unwrap(waiting.pop(0))
        code = getattr(function, "__code__", None)
        if id(function) in seen or not isinstance(code, types.CodeType):
            continue
        seen.add(id(function))
        for each in _nested(code):
            yield each
            known = getattr(function, "__globals__", {})
            found = (known.get(name) for name in each.co_names)
            waiting += [one for one in found if inspect.isfunction(one)]


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)
