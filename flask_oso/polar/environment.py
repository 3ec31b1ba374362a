"""Fast reads of environment variables.

A lookup in ``os.environ`` takes half a microsecond, too much for each question; the mapping
behind it is read instead, with encoded names.
"""

from __future__ import annotations

import os
import typing as t

#: The mapping behind ``os.environ``: encoded names and values.
STORED_ENVIRONMENT: t.Any = getattr(os.environ, "_data", os.environ)


def stored_name(variable: str) -> t.Any:
    """Encode the name of a variable as a key of ``STORED_ENVIRONMENT``."""
    if STORED_ENVIRONMENT is os.environ:
        return variable
    return getattr(os.environ, "encodekey", str)(variable)
