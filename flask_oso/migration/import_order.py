"""Where ``install_as_oso`` stands: it has to run before anything imports ``oso``."""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..polar.spelling import with_count
from .findings import Code, Finding
from .program_files import PythonFile

#: What is this package after the call, and what imports that.
FAMILY = ("oso", "polar", "sqlalchemy_oso", "django_oso")
_LINE = "'import flask_oso; flask_oso.install_as_oso()'"


class Import(t.NamedTuple):
    """One imported module, or a name of it; ``name`` is ``None`` for the module."""

    module: str
    name: str | None
    line: int


def imports_of(tree: ast.Module) -> Iterator[Import]:
    """Give what a module imports, by absolute names, in the order of the text."""
    found = sorted(_imports_in(ast.walk(tree)), key=lambda each: each.line)
    return iter(found)


def _imports_in(nodes: Iterable[ast.AST]) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(each.name, None, node.lineno) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            for each in node.names:
                yield Import(node.module, each.name, node.lineno)


def check_import_order(modules: Sequence[PythonFile]) -> Iterator[Finding]:
    """Find imports of ``oso`` that run before ``install_as_oso``, as far as the text tells."""
    users = [(module, line) for module in modules if (line := _first_use(module)) is not None]
    installed = {module.path for module in modules if _install_line(module) is not None}
    if users and not installed:
        yield _not_installed(users)
        return
    for module, _ in users:
        called, line = _install_line(module), _first_import(module.tree)
        if called is not None and line is not None and line < called:
            yield Finding(
                module.path,
                line,
                Code.INSTALLED_LATE,
                f"This import of 'oso' runs before 'install_as_oso', which line {called} calls."
                " Put the call above it.",
            )
    yield from _tests_without(users, installed)


def _not_installed(users: Sequence[tuple[PythonFile, int]]) -> Finding:
    first, line = min(users, key=lambda each: (_rank(each[0]), each[0].path))
    others = with_count(len(users) - 1, "other file")
    more = f" It is used in {others}, too." if len(users) > 1 else ""
    return Finding(
        first.path,
        line,
        Code.NOT_INSTALLED,
        f"'oso' is used here, and nothing calls 'install_as_oso'. Put {_LINE}"
        f" {_where(first)}.{more}",
    )


def _rank(module: PythonFile) -> tuple[bool, bool, int]:
    """Rank what is likely to run first lowest: settings of Django, then what is least deep."""
    return module.is_test, not _is_settings(module), len(Path(module.path).parts)


def _where(module: PythonFile) -> str:
    if _is_settings(module):
        return "at the top of the settings, which Django imports first"
    return "above the first import that leads to it"


def _tests_without(
    users: Iterable[tuple[PythonFile, int]], installed: set[str]
) -> Iterator[Finding]:
    """Find tests that import ``oso``, where no ``conftest.py`` beside or above has the call."""
    ready = {Path(path).parent for path in installed if Path(path).name == "conftest.py"}
    for module, line in users:
        folders = [*Path(module.path).parents]
        if module.is_test and module.path not in installed and ready.isdisjoint(folders):
            yield Finding(
                module.path,
                line,
                Code.NOT_INSTALLED_IN_TESTS,
                "This test imports 'oso', perhaps before the program calls 'install_as_oso'. Put"
                f" {_LINE} at the top of 'conftest.py'.",
            )


def _first_use(module: PythonFile) -> int | None:
    lines = [each.line for each in imports_of(module.tree) if _is_of_family(each.module)]
    lines += _installed_apps(module.tree)
    return min(lines, default=None)


def _first_import(tree: ast.Module) -> int | None:
    """Give the line of the first import of the family that runs while a module is imported."""
    late = {id(each) for node in ast.walk(tree) if _runs_later(node) for each in ast.walk(node)}
    early = [each for each in ast.walk(tree) if id(each) not in late]
    lines = [each.line for each in _imports_in(early) if _is_of_family(each.module)]
    return min(lines, default=None)


def _runs_later(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return last_name(node.test) == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _is_of_family(module: str) -> bool:
    return module.partition(".")[0] in FAMILY


def _is_settings(module: PythonFile) -> bool:
    return bool(_installed_apps(module.tree))


def _installed_apps(tree: ast.Module) -> list[int]:
    """Give the lines on which ``INSTALLED_APPS`` names ``django_oso``."""
    return [
        each.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AugAssign) and _is_apps(node)
        for each in ast.walk(node.value)
        if isinstance(each, ast.Constant) and each.value == "django_oso"
    ]


def _is_apps(node: ast.Assign | ast.AugAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(each, ast.Name) and each.id == "INSTALLED_APPS" for each in targets)


def _install_line(module: PythonFile) -> int | None:
    names = {"install_as_oso", *_other_names(module.tree)}
    calls = (each.func for each in ast.walk(module.tree) if isinstance(each, ast.Call))
    return min((each.lineno for each in calls if last_name(each) in names), default=None)


def _other_names(tree: ast.Module) -> Iterator[str]:
    """Give the names under which a module imports the function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            given = (each for each in node.names if each.name == "install_as_oso")
            yield from (each.asname for each in given if each.asname)


def last_name(node: ast.expr) -> str | None:
    """Give the last name of ``a.b.c`` or ``c``; ``None`` for any other expression."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
