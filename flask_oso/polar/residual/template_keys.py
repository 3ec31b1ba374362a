"""Which questions have the same template of a residual.

Imported with the engine, unlike the rest of the package: a list that is asked again needs no more
than this to find its template.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..host.value_classes import NATIVE


def template_key(name: str, args: Sequence[t.Any], at: int, cls: type) -> t.Any:
    """Return a key that is equal for questions with the same template; ``None`` for none."""
    parts: list[t.Any] = [name, at, cls]
    for position, arg in enumerate(args):
        if position == at:
            continue
        kind = type(arg)
        if kind is list or kind is dict:
            return None
        parts += kind, arg if kind in NATIVE else None
    return tuple(parts)


def is_host_object(value: t.Any) -> bool:
    """Tell whether a value is an object, and not a native value of Polar."""
    return type(value) not in (*NATIVE, list, dict, type(None))
