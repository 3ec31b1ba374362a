"""Python's search for cycles, kept away from work that makes many objects and no cycle."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


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
        gc.enable()
