"""What a target may see: errors of ours, and those of Python code that a policy calls.

``sandbox`` also keeps what policies print to itself, leaves nothing to read at a prompt
and ends queries soon.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
import typing as t
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import flask_oso
from flask_oso import OsoError

#: Milliseconds for a query: less than an input may take in all.
TIMEOUT = "200"
#: The outcome of a question whose time ended: when that is, is a matter of chance.
OUT_OF_TIME = "out of time"
_PACKAGE = Path(flask_oso.__file__).parent
#: Where the package calls code of the host: what that raises passes through.
_BORDER = {"_call_host", "_elements", "_attribute", "iterate", "compare"}


@contextlib.contextmanager
def sandbox() -> Iterator[None]:
    """Run something without input, output, and much time for queries."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with (
        mock.patch.dict(os.environ, {"POLAR_TIMEOUT_MS": TIMEOUT}),
        mock.patch.object(sys, "stdin", io.StringIO()),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        yield


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Swallow what may be raised; anything else is a finding."""
    try:
        yield
    except OsoError as error:
        check_text(error)
    except Exception as error:
        if not is_from_host(error):
            raise


def check_text(error: OsoError) -> None:
    """Check that an error can be shown, and says something."""
    assert str(error), f"{type(error).__name__} without a text"
    assert error.problems, f"{type(error).__name__} without problems"


def is_from_host(error: BaseException) -> bool:
    """Tell whether Python code that a policy called raised this, and not the package."""
    if isinstance(error, MemoryError | RecursionError | AssertionError):
        return False
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        # What Python makes of an exception that would end a generator quietly.
        error = error.__cause__
    place = traceback.extract_tb(error.__traceback__)[-1]
    if "lark" in Path(place.filename).parts:
        return False
    return _PACKAGE not in Path(place.filename).parents or place.name in _BORDER


def outcome(question: t.Callable[[], t.Any]) -> object:
    """Give an answer, or the class of what was raised in its place; see ``OUT_OF_TIME``."""
    try:
        return question()
    except OsoError as error:
        check_text(error)
        return OUT_OF_TIME if str(error).startswith("Query timeout") else type(error)
    except Exception as error:
        if not is_from_host(error):
            raise
        return type(error)
