"""Packages that a program has installed: what brings oso, and what takes this one away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .findings import Code, Finding

_NAMED = re.compile(
    r"""^[^#\n]*?(?<![\w./-])(?P<name>(?:sqlalchemy|django|flask)[-_]oso|oso)(?![\w./-])"""
    r"""(?P<rest>[^"'\n]*)""",
    re.MULTILINE | re.IGNORECASE,
)
#: This package, by its version or by where it is.
_NEW = re.compile(r"@|0\.2[89]|0\.[3-9]\d|[=~>]\s*[1-9]")
_MESSAGES = {
    "oso": "'oso' need not be installed: after 'install_as_oso' this package is imported in its"
    " place. Leave it out.",
    "flask-oso": "This asks for the abandoned 'flask-oso', which puts Flask back to 2.1. Install"
    " this package in its place.",
    "sqlalchemy-oso": "'sqlalchemy-oso' asks for an older 'packaging', and runs with any. Install"
    " it with 'pip install --no-deps sqlalchemy-oso==0.27.2', and 'packaging' beside it.",
    "django-oso": "'django-oso' asks for 'oso', which installs on no Python from 3.13 on. Install"
    " it with 'pip install --no-deps django-oso==0.27.0'.",
}


def check_requirements(path: str, text: str) -> Iterator[Finding]:
    """Find packages in a list of requirements."""
    for found in _NAMED.finditer(text):
        name = found["name"].lower().replace("_", "-")
        if name == "flask-oso" and _NEW.search(found["rest"]):
            continue
        if name == "oso" and not _is_requirement(path, found["rest"]):
            continue
        line = text.count("\n", 0, found.start("name")) + 1
        yield Finding(path, line, Code.REQUIREMENT, _MESSAGES[name])


def _is_requirement(path: str, rest: str) -> bool:
    """Tell whether the word is a package: a short name may be anything outside of a list."""
    return path.endswith(".txt") or re.match(r"\s*(\[|[=<>~!]=|=\s*$|$)", rest) is not None
