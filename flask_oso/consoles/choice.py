"""Chooses the console of the REPL: prompt_toolkit, or readline, or neither.

The first two have history and completion. The history file is
``$XDG_STATE_HOME/flask_oso/history``, by default under ``~/.local/state``, readable by its owner
alone; if it cannot be written, the history ends with the session.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..polar.observe.console import Console, StandardConsole

try:
    from .prompt_console import PromptConsole
except ImportError:  # the extra 'repl' is not installed
    PromptConsole = None  # type: ignore[assignment,misc]
try:
    from .readline_console import ReadlineConsole
except ImportError:  # Windows, and builds of Python without readline
    ReadlineConsole = None  # type: ignore[assignment,misc]


@contextlib.contextmanager
def make_console() -> Iterator[Console]:
    """Give the best available console, and restore the terminal afterwards."""
    plain = StandardConsole()
    if not plain.is_interactive:
        yield plain
    elif PromptConsole is not None:
        yield PromptConsole(history_file())
    elif ReadlineConsole is not None:
        with ReadlineConsole(history_file()) as console:
            yield console
    else:
        yield plain


def history_file() -> Path | None:
    """Create the history file if needed; ``None`` if it cannot be written."""
    state = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    path = Path(state) / "flask_oso" / "history"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError:
        return None
    return path if os.access(path, os.R_OK | os.W_OK) else None
