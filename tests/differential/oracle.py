"""oso 0.27.3, asked through a child process that may crash.

A program goes in, its outcome comes out; ``None`` if the child died of it or took too
long. The next program finds a new child.
"""

from __future__ import annotations

import functools
import json
import os
import select
import subprocess
import sys
import time
import typing as t
from pathlib import Path

VERSION = "0.27.3"
#: Names another interpreter that has oso.
VARIABLE = "OSO_ORACLE"
#: Seconds for one program.
PATIENCE = 20.0
#: Milliseconds for one query, on both sides.
TIMEOUT_MS = 2000

_CHILD = Path(__file__).with_name("oracle_child.py")
_VERSION_OF = "import importlib.metadata as m, oso; print(m.version('oso'))"


@functools.cache
def interpreter() -> str | None:
    """Give the interpreter that holds the oracle: ``OSO_ORACLE`` or this one; else ``None``."""
    python = os.environ.get(VARIABLE) or sys.executable
    command = [python, "-I", "-c", _VERSION_OF]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return None
    return python if found.stdout.strip() == VERSION else None


def missing() -> str:
    """Say why there is no oracle, and what to do."""
    return (
        f"oso {VERSION} is not installed for {os.environ.get(VARIABLE) or sys.executable}. It"
        f" exists for CPython up to 3.12: use one, or name one that has it in {VARIABLE}."
    )


class Oracle:
    """The child, started when it is needed.

    ``crashes`` counts the programs it died of, ``timeouts`` those it was stopped over.
    """

    def __init__(self, python: str) -> None:
        self._python = python
        self._child: subprocess.Popen[bytes] | None = None
        self._read = b""
        self.crashes = 0
        self.timeouts = 0

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop()

    def send(self, program: t.Any) -> None:
        """Hand over a program; ``receive`` gives its outcome."""
        child = self._child or self._start()
        assert child.stdin is not None
        child.stdin.write(json.dumps(program).encode() + b"\n")
        child.stdin.flush()

    def receive(self) -> t.Any:
        """Give the outcome of the program that was sent, or ``None``."""
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._read:
            chunk = self._wait(deadline)
            if not chunk:
                self._stop()
                return None
            self._read += chunk
        line, _, self._read = self._read.partition(b"\n")
        return json.loads(line)

    def _wait(self, deadline: float) -> bytes:
        """Read some of the answer; nothing if the child is dead or late."""
        assert self._child is not None and self._child.stdout is not None
        pipe = self._child.stdout.fileno()
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            self.timeouts += 1
            return b""
        chunk = os.read(pipe, 1 << 16)
        self.crashes += not chunk
        return chunk

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = subprocess.Popen(
            [self._python, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "POLAR_TIMEOUT_MS": str(TIMEOUT_MS)},
        )
        return self._child

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
        self._child = None
        self._read = b""
