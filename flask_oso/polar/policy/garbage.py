"""Pauses Python's garbage collector while many objects and no cycles are made."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

#: The number of new objects from which moving them to the oldest generation pays.
_MANY = 10_000
#: Python freezes fewer objects when it starts; a program that freezes objects has more.
_FROZEN_BY_PYTHON = 2_000


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Switch the garbage collector off, which takes a third of the time of a load.

    A load makes trees of many objects that all stay alive, and hardly any garbage. A collector
    that is off already, by another load for example, stays off.
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
    """Move the new objects to the oldest generation without a collection.

    Full collections still examine them. ``unfreeze`` would also unfreeze objects that the program
    has frozen; then nothing is done.
    """
    if gc.get_count()[0] > _MANY and gc.get_freeze_count() < _FROZEN_BY_PYTHON:
        gc.freeze()
        gc.unfreeze()
