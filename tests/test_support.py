"""What the tests share is in ``tests/support``: it makes applications, and reads what is private.

A test imports public names, and names of the room that it tests: ``tests/guards`` those of
``flask_oso/guards``, ``tests/test_config.py`` those of ``flask_oso/config.py``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import flask_oso
from tests.support.children import ROOT

TESTS = ROOT / "tests"
SUPPORT = TESTS / "support"
OUTSIDE = sorted(path for path in TESTS.rglob("*.py") if SUPPORT not in path.parents)
PACKAGE = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "flask_oso").rglob("*.py")
}
#: An Oso's engine has a public name, ``engine``; its compiled program is for ``answers.py``.
PRIVATE = {"_engine", "_program"}
#: What programs import.
PUBLIC = {
    "flask_oso",
    "flask_oso.__main__",
    "flask_oso.context",
    "flask_oso.coverage",
    "flask_oso.decision_log",
    "flask_oso.decorators",
    "flask_oso.exceptions",
    "flask_oso.flask_oso",
    "flask_oso.polar",
    "flask_oso.polar.exceptions",
    "flask_oso.polar.proof",
    "flask_oso.signals",
    "flask_oso.sqlalchemy",
    "flask_oso.testing",
}
#: The rooms whose data types a room is given, by the folder of its tests. All rooms of polar/
#: share the modules on its ground floor.
GIVEN = {
    "fuzz": {"flask_oso.polar.*"},
    "polar": {"flask_oso.polar.*"},
    "sqlalchemy": {"flask_oso.polar.residual"},
}
#: Tests whose subject is inside of rooms, and why.
INSIDE = {
    # The command prints the draft of another room.
    "cli/test_init.py": {"flask_oso.sqlalchemy.tools.first_policy"},
    # One rule is followed through every room.
    "docs/one_rule.py": {"flask_oso.polar"},
    # What compares the rows of a program depends on how its classes are registered.
    "enforcement/test_policy_classes.py": {"flask_oso.sqlalchemy.row_keys"},
    # A reason for reads ends with its request, which outside of requests shows nowhere else.
    "enforcement/test_row_filters.py": {"flask_oso.row_access.waivers"},
    # The page has a section for each code of the lint, two of them about applications.
    "docs/test_lint.py": {
        "flask_oso.enforcement.audit.asked_actions",
        "flask_oso.polar.tools.lint",
    },
    # The page has a section for each code of the migration check.
    "docs/test_migrating.py": {"flask_oso.migration"},
    # The page has the truth table of outcomes.
    "docs/test_internals.py": {"flask_oso.polar.residual"},
    # Each target feeds one room.
    "fuzz/targets/lexer.py": {"flask_oso.polar.syntax"},
    "fuzz/targets/parser.py": {"flask_oso.polar.syntax"},
    "fuzz/targets/proofs.py": {"flask_oso.polar.proof", "flask_oso.polar.solver"},
    # A shortcut of a guard is kept with the plan of its route, which alone tells that there is one.
    "guards/test_shortcuts.py": {"flask_oso.enforcement.route_plans"},
    # The order that is found when functions are made is that of the solver.
    "polar/compiler/test_size.py": {"flask_oso.polar.solver"},
    # Decisions of requests are asked in the same way.
    "polar/compiler/test_usual_questions.py": {"flask_oso.oso"},
    # All kinds of nodes are looked at, wherever they are.
    "polar/policy/test_cache.py": {"flask_oso.polar.syntax.policy_test_nodes"},
    # The index of clauses leaves out what numbers tell apart.
    "polar/solver/test_clauses.py": {"flask_oso.polar.host.numbers"},
    # Time is measured where it could grow.
    "polar/test_growth.py": {"flask_oso.polar.compiler.classes.equality"},
    # All kinds of value objects are looked at, wherever they are.
    "polar/test_value_objects.py": {
        "flask_oso.polar.host",
        "flask_oso.polar.solver",
        "flask_oso.polar.syntax.policy_test_nodes",
    },
    # An interruption comes in the middle of the compiler.
    "security/test_compiled.py": {"flask_oso.polar.compiler"},
    # What is compiled is noted.
    "security/test_generation.py": {"flask_oso.polar.compiler"},
    # Everything that the sandbox lets through is walked.
    "security/test_reach.py": {"flask_oso.polar.host.sandbox"},
    # Drafts are texts that no file has.
    "sqlalchemy/tools/test_policy_diff.py": {"flask_oso.polar.sources"},
    "sqlalchemy/tools/test_row_counts.py": {"flask_oso.polar.sources"},
    # The solvers that are made are counted, behind the first questions of each kind.
    "test_shapes.py": {
        "flask_oso.polar.solver",
        "flask_oso.polar.compiler.specialization.tables.first_answers",
    },
    # Looks at files, which the configuration names, are made up.
    "test_reloading.py": {"flask_oso.app_state", "flask_oso.config"},
}


def private_reads(path: Path) -> set[str]:
    """Give the private attributes that a module reads."""
    text = path.read_text(encoding="utf-8")
    # Most files need not be parsed: the formatter leaves nothing between a dot and a name.
    if not any(f".{name}" in text for name in PRIVATE):
        return set()
    nodes = ast.walk(ast.parse(text))
    read = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return read & PRIVATE


def imports_of(text: str) -> Iterator[str]:
    """Yield the modules of the package that a text imports, wherever in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in PACKAGE)
        elif isinstance(node, ast.ImportFrom) and node.module in PACKAGE:
            public = flask_oso.__all__ if node.module == "flask_oso" else []
            names = [alias.name for alias in node.names if alias.name not in public]
            modules = [name for name in names if f"{node.module}.{name}" in PACKAGE]
            yield from (f"{node.module}.{name}" for name in modules)
            if len(modules) < len(node.names):
                yield node.module


def may_import(path: Path, module: str) -> bool:
    """Tell whether a module of the tests may import one of the package."""
    parts = path.relative_to(TESTS).parts
    own = ".".join(["flask_oso", *parts[:-1]] if parts[1:] else [f"flask_oso.{subject_of(path)}"])
    rooms = {own} if own not in ("flask_oso.polar", "flask_oso") else set()
    rooms |= GIVEN.get(parts[0], set()) | INSIDE.get("/".join(parts), set())
    return module in PUBLIC or any(is_in(module, room) for room in rooms)


def subject_of(path: Path) -> str:
    return path.stem.removeprefix("test_")


def is_in(module: str, room: str) -> bool:
    """Tell whether a module is in a room, or, with ``*``, directly in a folder."""
    if room.endswith(".*"):
        return module.rpartition(".")[0] == room.removesuffix(".*") and not is_folder(module)
    return module == room or module.startswith(f"{room}.")


def is_folder(module: str) -> bool:
    return (ROOT / module.replace(".", "/")).is_dir()


def applications_of(text: str) -> int:
    """Count the applications that a text makes itself."""
    # Nor between a name and what it is called with.
    if "Flask(" not in text:
        return 0
    calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    names = [ast.unparse(func).rpartition(".")[2] for func in calls]
    return names.count("Flask")


def test_only_support_reads_what_is_private() -> None:
    """A test asks ``tests.support.answers`` how a question is answered."""
    found = [str(path.relative_to(ROOT)) for path in OUTSIDE if private_reads(path)]

    assert found == []


def test_private_read_is_noticed() -> None:
    """The search for private attributes finds them where they are read."""
    assert private_reads(SUPPORT / "answers.py") == {"_program"}


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(TESTS)))
def test_import_is_public_or_of_the_room(path: Path) -> None:
    """A test imports what programs may, and the room that it tests."""
    imported = set(imports_of(path.read_text(encoding="utf-8")))

    assert [module for module in sorted(imported) if not may_import(path, module)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("guards/test_x.py", "from flask_oso.enforcement.audit.route_audit import audit_routes"),
        ("guards/test_x.py", "def f():\n    import flask_oso.config"),
        ("polar/solver/test_x.py", "from flask_oso.polar.policy import loader"),
        ("polar/test_x.py", "from flask_oso.polar.syntax.parser import parse_query"),
        ("test_x.py", "from flask_oso import app_state"),
        ("cli/test_x.py", "from flask_oso.polar.nodes import Rule"),
    ],
)
def test_import_of_another_room_is_noticed(name: str, text: str) -> None:
    """An import of what another room keeps to itself would fail the test of imports."""
    assert [module for module in imports_of(text) if not may_import(TESTS / name, module)]


@pytest.mark.parametrize("name", INSIDE)
def test_exception_is_needed(name: str) -> None:
    """A file is listed with the rooms that it imports from, and with no others."""
    imported = set(imports_of((TESTS / name).read_text(encoding="utf-8"))) - PUBLIC

    assert [room for room in INSIDE[name] if not any(is_in(each, room) for each in imported)] == []


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(TESTS)))
def test_support_makes_the_applications(path: Path) -> None:
    """A test takes its application from ``tests.support.sites``."""
    assert applications_of(path.read_text(encoding="utf-8")) == 0


def test_application_is_noticed() -> None:
    """The search for applications finds them under both names of the class."""
    assert applications_of("Flask(__name__); a = flask.Flask('x', static_folder=None)") == 2


def test_folder_of_support_names_all_its_modules() -> None:
    """The docstring of ``tests/support`` names each of its modules."""
    text = ast.get_docstring(ast.parse((SUPPORT / "__init__.py").read_text("utf-8"))) or ""
    modules = {path.stem for path in SUPPORT.glob("*.py")} - {"__init__"} | {"models"}

    assert {name for name in modules if f"``{name}``" not in text} == set()
    assert text.count("``") == 2 * (len(modules) + 1)
