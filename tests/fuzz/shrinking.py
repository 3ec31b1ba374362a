"""Make an input that is a finding as small as a few thousand trials can."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Iterator, Sequence

from .choices import decoded, encoded
from .words import parts

T = t.TypeVar("T")

_SECONDS = 20


def shrink(data: bytes, is_text: bool, is_finding: Callable[[bytes], bool]) -> bytes:
    """Drop parts of an input while it stays the finding that it is."""
    until = time.monotonic() + _SECONDS

    def holds(candidate: bytes) -> bool:
        return time.monotonic() < until and is_finding(candidate)

    if is_text:
        data = encoded("".join(_fewest(parts(decoded(data)), lambda p: holds(_joined(p)))))
    pieces = [data[at : at + 1] for at in range(len(data))]
    return b"".join(_fewest(pieces, lambda p: holds(b"".join(p))))  # type: ignore[arg-type]


def _joined(tokens: Sequence[str]) -> bytes:
    return encoded("".join(tokens))


def _fewest(pieces: list[T], holds: Callable[[list[T]], bool]) -> list[T]:
    size = max(1, len(pieces) // 2)
    while size:
        smaller = next((kept for kept in _without(pieces, size) if holds(kept)), None)
        if smaller is not None:
            pieces = smaller
        else:
            size //= 2
    return pieces


def _without(pieces: list[T], size: int) -> Iterator[list[T]]:
    """Leave out each stretch of a size, from the end on."""
    for begin in range(len(pieces) - size, -size, -size):
        yield pieces[: max(begin, 0)] + pieces[begin + size :]
