"""The layers of the design hold: imports point down, and each library has one place."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import flask_oso.polar

PACKAGE = Path(flask_oso.polar.__file__).parents[1]
POLAR = PACKAGE / "polar"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: Modules of the middle layer; what is neither here nor in polar/ belongs to Flask.
OSO_LAYER = {
    "compat",
    "consoles",
    "coverage",
    "exceptions",
    "oso",
    "sqlalchemy",
}


#: The folders that the middle layer may import from.
BELOW = ("flask_oso.polar.", "flask_oso.sqlalchemy.", "flask_oso.consoles.")


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def find_imports(path: Path) -> Iterator[str]:
    """Yield the full names of all modules that a file imports, wherever in it."""
    package = path.relative_to(PACKAGE.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1])
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (f"{above}.{name}" for name in names)


def find_roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in find_imports(path)}


def reading_order() -> list[str]:
    """Return the modules of polar/ in the order in which its docstring lists them."""
    return re.findall(r"``(\w+)``", flask_oso.polar.__doc__ or "")


def siblings_of(path: Path) -> set[str]:
    """Return the modules of polar/ that another one of them imports."""
    prefix = "flask_oso.polar."
    names = (name for name in find_imports(path) if name.startswith(prefix))
    return {name.removeprefix(prefix).partition(".")[0] for name in names}


@pytest.mark.parametrize("path", sorted(POLAR.rglob("*.py")), ids=module_name)
def test_polar_imports_only_the_standard_library_and_lark(path: Path) -> None:
    """The language needs neither Flask nor SQLAlchemy."""
    allowed = {*sys.stdlib_module_names, "lark", "flask_oso"}

    assert find_roots(path) <= allowed
    assert all(
        name.startswith("flask_oso.polar")
        for name in find_imports(path)
        if name.startswith("flask_oso")
    )


def test_polar_lists_its_reading_order() -> None:
    """The docstring of the folder names each of its files once."""
    modules = sorted(path.stem for path in POLAR.glob("*.py") if path.stem != "__init__")

    assert sorted(reading_order()) == modules


@pytest.mark.parametrize(("place", "name"), list(enumerate(reading_order())))
def test_polar_imports_only_what_is_listed_above(place: int, name: str) -> None:
    """A reader who follows the order of the folder meets nothing before its time."""
    above = reading_order()[:place]

    assert siblings_of(POLAR / f"{name}.py") <= set(above)


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in MODULES
        if path.relative_to(PACKAGE).parts[0].removesuffix(".py") in OSO_LAYER
    ],
    ids=module_name,
)
def test_oso_knows_nothing_of_flask(path: Path) -> None:
    """The layer that answers questions works without an application."""
    inner = {"flask_oso.polar", *(f"flask_oso.{name}" for name in OSO_LAYER)}
    own = {name for name in find_imports(path) if name.startswith("flask_oso")}

    assert not find_roots(path) & {"flask", "werkzeug", "jinja2", "click", "blinker"}
    assert all(name in inner or name.startswith(BELOW) for name in own)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_one_folder_imports_sqlalchemy(path: Path) -> None:
    """Who does not use SQLAlchemy need not have it."""
    is_translator = path.parent == PACKAGE / "sqlalchemy"

    assert is_translator or "sqlalchemy" not in find_roots(path)
