"""What the tests share is in ``tests/support``, which alone reads the engine's own state."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.support.children import ROOT

MODULES = sorted((ROOT / "tests").rglob("*.py"))
#: An Oso's engine has a public name, ``engine``; its compiled program is for ``answers.py``.
PRIVATE = {"_engine", "_program"}


def private_reads(path: Path) -> set[str]:
    """Give the private attributes that a module reads."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    read = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return read & PRIVATE


def test_only_support_reads_what_is_private() -> None:
    """A test asks ``tests.support.answers`` how a question is answered."""
    outside = [path for path in MODULES if path.parent.name != "support"]

    assert [str(path.relative_to(ROOT)) for path in outside if private_reads(path)] == []


def test_private_read_is_noticed() -> None:
    """The search for private attributes finds them where they are read."""
    assert private_reads(ROOT / "tests" / "support" / "answers.py") == {"_program"}
