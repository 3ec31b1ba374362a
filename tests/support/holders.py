"""Who holds an object that should have gone."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import FrameType

__all__ = ["holders_of"]

_LEVELS = 6
#: How many holders of a level are shown.
_SHOWN = 12


def holders_of(value: object) -> str:
    """Give the kinds of what refers to an object, and of what refers to that, level by level.

    ``conftest.py`` has frozen what modules hold, which is looked at, too.
    """
    gc.unfreeze()
    lines, seen, level = [f"{_kind_of(value)} is held by"], {id(value)}, [value]
    for depth in range(1, _LEVELS + 1):
        level = [*_referrers(level, seen)]
        lines += [f"{'  ' * depth}{_kind_of(each)}" for each in level[:_SHOWN]]
    gc.freeze()
    return "\n".join(lines)


def _referrers(held: list[object], seen: set[int]) -> Iterator[object]:
    seen |= {id(held), id(seen)}
    for each in gc.get_referrers(*held):
        if id(each) not in seen and not isinstance(each, FrameType):
            seen.add(id(each))
            yield each


def _kind_of(value: object) -> str:
    """Name a class; a dictionary is told by its keys, and a module's or a class's by its name."""
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, dict):
        own = value.get("__name__") or value.get("__qualname__")
        return f"{name} of {own}" if own else f"{name} with {[*map(str, value)][:_SHOWN]}"
    return name
