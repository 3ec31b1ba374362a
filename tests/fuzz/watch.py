"""Run a target once, and judge time and memory besides what it says itself."""

from __future__ import annotations

import contextlib
import resource
import signal
import time
import traceback
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

Target = Callable[[bytes], None]

#: Seconds of computing that an input may take, and those after which it is stopped.
SLOW = 1.0
ENDLESS = 20
#: Bytes that an input may add to the greatest memory of the process.
LARGE = 64 * 2**20


@dataclass(frozen=True)
class Finding:
    """What is wrong with an input: a kind that finds it again, and a text for people."""

    kind: str
    text: str


class _Endless(BaseException):
    """Interrupts an input that does not end."""


def run(target: Target, data: bytes) -> Finding | None:
    """Run a target; ``None`` if all is well.

    A slow input gets a second chance, since the first may have paid for something else.
    """
    finding = _run_once(target, data)
    if finding is not None and finding.kind in ("slow", "large"):
        return _run_once(target, data)
    return finding


def _run_once(target: Target, data: bytes) -> Finding | None:
    memory = _peak()
    begun = time.thread_time()
    try:
        with _alarm():
            target(data)
    except (Exception, _Endless, GeneratorExit, SystemExit) as error:
        return _described(error)
    used = time.thread_time() - begun
    if used > SLOW:
        return Finding("slow", f"It took {used:.1f} s.")
    grown = _peak() - memory
    if grown > LARGE:
        return Finding("large", f"It took {grown >> 20} MB.")
    return None


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _described(error: BaseException) -> Finding:
    if isinstance(error, _Endless):
        return Finding("endless", f"It did not end within {ENDLESS} s.")
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).stem}.{place.name}"
    text = "".join(traceback.format_exception(error, limit=-8))
    return Finding(f"{type(error).__name__}-{where}".replace("<", "").replace(">", ""), text)


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> t.NoReturn:
        raise _Endless

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, ENDLESS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
