"""Python in processes of their own: with another seed of hashing, or nothing imported yet."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


#: What makes programs print otherwise than on a page: pytest shortens no summary on a server of CI.
_FASHIONS = ("BUILD_NUMBER", "CI", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "PYTEST_ADDOPTS")


def plain_environment(**more: str) -> dict[str, str]:
    """Give the variables of this process, and more, without those that change what is printed."""
    own = {name: value for name, value in os.environ.items() if name not in _FASHIONS}
    return {**own, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT), **more}


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Have Python end by SIGINT where it is started meanwhile, though this process may ignore it.

    A shell has what it starts in its background ignore the signal. Whom such a process starts
    inherits that, which a handler is not.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run_python(script: str, *arguments: object, **environment: str) -> str:
    """Run a script that may import this package and its tests; give what it prints.

    :param environment: variables that the process has besides those of this one.
    """
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        env=plain_environment(**environment),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout
