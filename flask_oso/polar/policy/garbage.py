"""Python's search for cycles, kept away from work that makes many objects and no cycle."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

#: So many new objects are worth being put aside.
_MANY = 10_000
#: Python itself freezes fewer objects when it starts, and a program that freezes its own more.
_FROZEN_BY_PYTHON = 2_000


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Keep Python from looking for cycles meanwhile: a third of the time goes into it.

    A policy is trees of millions of objects that all stay, and nothing else is made. Who
    switched the collector off, another load among them, finds it off afterwards.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        _put_aside()
        gc.enable()


def _put_aside() -> None:
    """Count what is new as old, without the look at each object that Python takes for that.

    Like all that is old it is looked through by each full collection. ``unfreeze`` ends
    every freeze: where the program has frozen objects, all stays as it is.
    """
    if gc.get_count()[0] > _MANY and gc.get_freeze_count() < _FROZEN_BY_PYTHON:
        gc.freeze()
        gc.unfreeze()
