"""The environment as it is stored, where it can be seen.

A question may not cost the half microsecond that a look by way of ``os.environ`` takes.
"""

from __future__ import annotations

import os
import typing as t

#: Variables and values as the operating system has them.
STORED_ENVIRONMENT: t.Any = getattr(os.environ, "_data", os.environ)


def stored_name(variable: str) -> t.Any:
    """Give the name of a variable as it is stored."""
    if STORED_ENVIRONMENT is os.environ:
        return variable
    return getattr(os.environ, "encodekey", str)(variable)
