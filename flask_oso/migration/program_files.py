"""The files of a program: Python with its syntax trees, policies, and lists of requirements.

In go paths; out come the files below them. Folders of environments and caches, and those with a
leading dot, are left out. What is no Python is kept apart.
"""

from __future__ import annotations

import ast
import dataclasses
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..polar.sources import Source

_LEFT_OUT = {"__pycache__", "node_modules", "site-packages", "venv"}
_REQUIREMENTS = ("requirements*.txt", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile")


@dataclasses.dataclass(frozen=True)
class PythonFile:
    """A module or a script."""

    path: str
    tree: ast.Module

    @property
    def is_test(self) -> bool:
        """Whether pytest or unittest runs it."""
        name = os.path.basename(self.path)
        return name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")


@dataclasses.dataclass(frozen=True)
class PolicyText:
    """A policy: a file, or a text in a Python file.

    :param line: the line of the file in which its first line stands.
    """

    path: str
    source: Source
    line: int = 1


@dataclasses.dataclass(frozen=True)
class ProgramFiles:
    """All files of a program.

    :param unreadable: what cannot be read, or is no Python, with the reason.
    """

    modules: Sequence[PythonFile]
    policies: Sequence[PolicyText]
    requirements: Sequence[tuple[str, str]]
    unreadable: Sequence[str]


def read_program(paths: Iterable[str]) -> ProgramFiles:
    """Read the files at and below some paths.

    :raises FileNotFoundError: if there is no such path.
    """
    modules: list[PythonFile] = []
    policies: list[PolicyText] = []
    requirements: list[tuple[str, str]] = []
    unreadable: list[str] = []
    for path in dict.fromkeys(each for root in paths for each in _files(Path(root))):
        try:
            text = path.read_text(encoding="utf-8-sig")
            if path.suffix == ".polar":
                policies.append(PolicyText(str(path), Source(text, str(path))))
                continue
            if _is_requirements(path):
                requirements.append((str(path), text))
            if path.suffix == ".py":
                modules.append(PythonFile(str(path), _parsed(text)))
        except (SyntaxError, ValueError, OSError, RecursionError) as error:
            unreadable.append(f"{path} cannot be read: {error}.")
    policies += [each for module in modules for each in _texts_in(module)]
    return ProgramFiles(modules, policies, requirements, unreadable)


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        # An escape in somebody's string is not what is looked for.
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        if not root.exists():
            raise FileNotFoundError(str(root))
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if _is_looked_into(Path(folder, each)))
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in (".py", ".polar") or _is_requirements(path):
                yield path


def _is_looked_into(folder: Path) -> bool:
    is_left_out = folder.name.startswith(".") or folder.name in _LEFT_OUT
    return not is_left_out and not (folder / "pyvenv.cfg").exists()


def _is_requirements(path: Path) -> bool:
    return any(path.match(pattern) for pattern in _REQUIREMENTS)


def _texts_in(module: PythonFile) -> Iterator[PolicyText]:
    """Give the policies that a program has as texts: what it calls ``load_str`` with."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "load_str" and node.args and isinstance(node.args[0], ast.Constant):
            text = node.args[0].value
            if isinstance(text, str):
                yield PolicyText(module.path, Source(text), node.args[0].lineno)
