"""Which questions have the same template of a residual.

Imported with the engine, unlike the rest of the package: a list that is asked again needs no more
than this to find its template.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..host.value_classes import NATIVE

#: The types of values that a template is given, as it is given objects.
_GIVEN = frozenset({int, float, str, list, dict})
#: The classes of what is a value of Polar itself.
_VALUES = frozenset({*NATIVE, list, dict, type(None)})


def template_key(name: str, args: Sequence[t.Any], at: int, cls: type, *, is_given: bool) -> t.Any:
    """Return a key that is equal for questions with the same template; ``None`` for none.

    :param is_given: whether the first argument is given.
    """
    parts: list[t.Any] = [name, at, cls]
    for position, arg in enumerate(args):
        if position == at:
            continue
        kind = type(arg)
        if is_given and position == 0:
            parts += kind, None
        elif kind is list or kind is dict:
            return None
        else:
            parts += kind, arg if kind in NATIVE else None
    return tuple(parts)


def is_given_value(args: Sequence[t.Any], at: int) -> bool:
    """Tell whether the first argument, who asks, is a value that may be another one each time."""
    return at > 0 and type(args[0]) in _GIVEN


def is_host_object(value: t.Any) -> bool:
    """Tell whether a value is an object, and not a native value of Polar."""
    return type(value) not in _VALUES
