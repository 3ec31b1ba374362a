"""The layers of the design hold: imports point down, and each library has one place.

Imports inside of functions and under ``TYPE_CHECKING`` count like all others.
"""

from __future__ import annotations

import ast
import functools
import graphlib
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import flask_oso

PACKAGE = Path(flask_oso.__file__).parent
POLAR = PACKAGE / "polar"
MODULES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted({path.parent for path in PACKAGE.rglob("*.py")})
MOST_MODULES = 14

#: What each room of polar/ may import from, besides the ground floor.
BELOW = {
    "syntax": set(),
    "host": set(),
    "policy": {"syntax", "host"},
    "solver": {"syntax", "host"},
    "compiler": {"syntax", "host", "policy", "solver"},
    "residual": {"syntax", "host", "policy", "solver"},
    "proof": {"syntax", "host", "policy", "solver"},
    "observe": {"syntax", "host", "policy", "solver"},
}
#: Modules of the ground floor that stand above the rooms.
ABOVE = {"engine", "queries", "polar", "tools"}

#: Modules of the middle layer; what is neither here nor in polar/ belongs to Flask.
OSO_LAYER = {
    "compat",
    "consoles",
    "coverage",
    "exceptions",
    "oso",
    "questions",
    "row_access",
    "sqlalchemy",
}
#: Rooms and modules of the Flask layer, the lowest first; those of one line may use each other.
FLASK_LAYER = (
    {"config", "request_state"},
    {"app_state", "callables"},
    {"observability"},
    {"denials"},
    {"current_actor"},
    {"guards", "enforcement"},
    {"templating", "reloading"},
    {"explorer"},
    {"api"},
    {"extension"},
    {"debug_toolbar", "testing", "migration"},
    {"cli"},
    {"__main__", "context", "decision_log", "decorators", "flask_oso", "signals"},
)
#: The folders that the middle layer may import from.
BELOW_OSO = (
    "flask_oso.polar.",
    "flask_oso.sqlalchemy.",
    "flask_oso.consoles.",
    "flask_oso.questions.",
    "flask_oso.row_access.",
)


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {module_name(path) for path in MODULES}


@functools.cache
def find_imports(path: Path) -> frozenset[str]:
    """Give the full names of all modules that a file imports, wherever in it."""
    return frozenset(_imports_of(path))


def _imports_of(path: Path) -> Iterator[str]:
    package = path.relative_to(PACKAGE.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*above, *([node.module] if node.module else [])])
            names = {f"{stem}.{alias.name}" for alias in node.names}
            yield from names & NAMES or {stem}


def find_roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in find_imports(path)}


def reading_order(folder: Path) -> list[str]:
    """Return the modules and folders in the order in which the docstring of theirs lists them."""
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    lines = [line for line in text.splitlines() if line.startswith("``")]
    return [name for line in lines for name in re.findall(r"``(\w+)``", line)]


def contents_of(folder: Path) -> set[str]:
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


def neighbours_of(name: str, folder: Path) -> set[str]:
    """Return what a module or a folder imports from the folder that it stands in."""
    inside = folder / name
    paths = inside.rglob("*.py") if inside.is_dir() else [folder / f"{name}.py"]
    prefix = f"{module_name(folder / '__init__.py')}."
    found = {each for path in paths for each in find_imports(path) if each.startswith(prefix)}
    return {each.removeprefix(prefix).partition(".")[0] for each in found} - {name}


def is_only_a_path(path: Path) -> bool:
    """Tell whether a module gives names of other modules, and nothing else."""
    _, *body = ast.parse(path.read_text("utf-8")).body
    return all(isinstance(node, ast.ImportFrom | ast.Assign) for node in body)


def room_of(name: str) -> str:
    return name.removeprefix("flask_oso.polar.").partition(".")[0]


@pytest.mark.parametrize("path", sorted(POLAR.rglob("*.py")), ids=module_name)
def test_polar_imports_only_the_standard_library_and_lark(path: Path) -> None:
    """The language needs neither Flask nor SQLAlchemy."""
    own = [name for name in find_imports(path) if name.startswith("flask_oso")]

    # The standard library has that from Python 3.14 on.
    standard = {*sys.stdlib_module_names, "annotationlib"}

    assert find_roots(path) <= {*standard, "lark", "flask_oso"}
    assert all(name.startswith("flask_oso.polar") for name in own)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_folder_names_all_that_is_in_it(folder: Path) -> None:
    """The docstring of a folder names each of its files once."""
    assert Counter(reading_order(folder)) == Counter(contents_of(folder))


@pytest.mark.parametrize(
    ("folder", "name"),
    # The order of the package itself is that of FLASK_LAYER, which has rooms on one line.
    [(folder, name) for folder in FOLDERS[1:] for name in reading_order(folder)],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_folder_is_listed_in_the_order_of_its_imports(folder: Path, name: str) -> None:
    """A reader who follows the order of a folder meets nothing before its time."""
    order = reading_order(folder)

    assert neighbours_of(name, folder) <= set(order[: order.index(name)])


@pytest.mark.parametrize("room", sorted(BELOW))
def test_room_of_polar_imports_only_from_rooms_below(room: str) -> None:
    """The arrows between the rooms are those of the design."""
    imports = {room_of(name) for name in neighbours_of(room, POLAR)}

    assert imports & {*BELOW, *ABOVE} <= BELOW[room]


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in MODULES}), ids=lambda path: path.name
)
def test_folder_is_small(folder: Path) -> None:
    """Nobody has to look through more modules than fit in the eye."""
    modules = [path for path in folder.glob("*.py") if path.stem != "__init__"]

    assert len([path for path in modules if not is_only_a_path(path)]) <= MOST_MODULES


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Each module can be read, and tested, with what stands below it."""
    paths = {module_name(path): path for path in MODULES if path.stem != "__init__"}
    graph = {name: set(find_imports(path)) & paths.keys() for name, path in paths.items()}

    graphlib.TopologicalSorter(graph).prepare()


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
    assert all(name in inner or name.startswith(BELOW_OSO) for name in own)


def test_flask_layer_names_all_its_rooms() -> None:
    """What is neither in polar/ nor in the middle layer has its place among the rooms."""
    named = [name for rooms in FLASK_LAYER for name in rooms]

    assert Counter(named) == Counter(contents_of(PACKAGE) - OSO_LAYER - {"polar"})


@pytest.mark.parametrize(
    ("level", "room"),
    [(level, room) for level, rooms in enumerate(FLASK_LAYER) for room in sorted(rooms)],
)
def test_room_of_the_flask_layer_imports_only_from_rooms_below(level: int, room: str) -> None:
    """An arrow that points up would have a room call back who calls it."""
    below = set().union(*FLASK_LAYER[: level + 1])

    assert neighbours_of(room, PACKAGE) - OSO_LAYER - {"polar"} <= below


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_one_folder_imports_sqlalchemy(path: Path) -> None:
    """Who does not use SQLAlchemy need not have it."""
    is_translator = PACKAGE / "sqlalchemy" in path.parents

    assert is_translator or "sqlalchemy" not in find_roots(path)
