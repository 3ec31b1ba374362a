"""Places in Python's stack where recursion would end: far down, and on a small stack."""

from __future__ import annotations

import sys
import threading
import typing as t
from collections.abc import Callable

T = t.TypeVar("T")

#: Since 3.13 CPython frees what is nested or chained deep, a list in lists for example, by
#: recursion on the stack of C, up to ten thousand levels. It ends the process in a thread
#: with less than the usual stack, whoever made those lists.
SMALL_STACK = 256 * 1024 if sys.version_info < (3, 13) else 8 * 1024 * 1024


def directly(action: Callable[[], T]) -> T:
    """Call something here."""
    return action()


def far_down(action: Callable[[], T], frames: int = 850) -> T:
    """Call something with little left of what Python's limit of recursion allows."""
    return action() if frames == 0 else far_down(action, frames - 1)


def in_small_thread(action: Callable[[], T]) -> T:
    """Call something in a thread with a small stack; give or raise what comes of it."""
    outcome: list[T | BaseException] = []

    def run() -> None:
        try:
            outcome.append(action())
        except BaseException as error:
            outcome.append(error)

    before = threading.stack_size(SMALL_STACK)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result
