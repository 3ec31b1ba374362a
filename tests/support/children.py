"""Python in processes of their own: with another seed of hashing, or nothing imported yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_python(script: str, *arguments: object, **environment: str) -> str:
    """Run a script that may import this package and its tests; give what it prints.

    :param environment: variables that the process has besides those of this one.
    """
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONIOENCODING": "utf-8",
            "PYTHONPATH": str(ROOT),
            **environment,
        },
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout
