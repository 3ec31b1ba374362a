"""What is published is complete, typed, and asks for Flask and Lark only."""

from __future__ import annotations

import dataclasses
import email
import functools
import importlib
import pkgutil
import re
import subprocess
import sys
import types
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from packaging.version import Version

import flask_oso

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from this checkout."""
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """The files in the wheel."""
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path, names: set[str]) -> Message:
    """The metadata in the wheel."""
    name = next(name for name in names if name.endswith("/METADATA"))
    return email.message_from_bytes(zipfile.ZipFile(wheel).read(name))


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """What is imported with the package."""
    return run_python("import flask_oso")


@pytest.mark.parametrize(
    "name",
    [
        "flask_oso/__init__.py",
        "flask_oso/py.typed",
        "flask_oso/denials/debug_page.css",
        "flask_oso/denials/debug_page.html",
        "flask_oso/polar/syntax/grammar.lark",
        "flask_oso/polar/syntax/grammar.json",
    ],
)
def test_wheel_contains(names: set[str], name: str) -> None:
    """The wheel works without the checkout, and type checkers believe its types."""
    assert name in names


def test_wheel_contains_nothing_else(names: set[str]) -> None:
    """Neither tests nor the example application are installed at the users'."""
    assert {re.sub(r"-.*", "", name.partition("/")[0]) for name in names} == {
        "flask_oso",
        "_flask_oso_pytest.py",
    }


def test_wheel_requires_flask_and_lark(metadata: Message) -> None:
    """All the rest is extra."""
    required = metadata.get_all("Requires-Dist", [])

    plain = {re.match(r"[\w-]+", line).group() for line in required if "extra ==" not in line}

    assert plain == {"flask", "lark"}


def test_wheel_has_no_upper_pins(metadata: Message) -> None:
    """A new Flask is not refused before anybody has tried it. The tests compare with one oso."""
    required = [line.partition(";")[0] for line in metadata.get_all("Requires-Dist", [])]
    required = [line for line in required if line != "oso==0.27.3"]

    assert not [line for line in required if re.search(r"<|==|~=", line)]
    assert metadata["Requires-Python"] == ">=3.11"


def test_wheel_sorts_above_its_predecessor(metadata: Message) -> None:
    """The last release of the abandoned package is older, and CHANGES.md begins with this one."""
    changes = (ROOT / "CHANGES.md").read_text(encoding="utf-8")

    headings = re.findall(r"^## Version (\S+)$", changes, re.MULTILINE)

    assert Version(metadata["Version"]) > Version("0.27.3")
    assert headings[0] == metadata["Version"]


def test_wheel_states_its_licence(names: set[str], metadata: Message) -> None:
    """The licence is named, and its text comes along."""
    assert metadata["License-Expression"] == "Apache-2.0"
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_description_links_to_nothing_that_is_not_shown_with_it(metadata: Message) -> None:
    """The package index shows README.md alone: files beside it are named, and not linked to."""
    description = str(metadata.get_payload())

    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]*)#?[^)]*\)", description)
    assert [link for link in links if link and not link.startswith("https://")] == []


def test_links_inside_of_the_description_have_targets(metadata: Message) -> None:
    """The package index gives headings no names, so that each target has one of its own."""
    description = str(metadata.get_payload())

    linked = set(re.findall(r"\]\(#([\w-]+)\)", description))
    assert linked <= set(re.findall(r'^<a id="([\w-]+)"></a>$', description, re.MULTILINE))


@pytest.mark.parametrize("name", flask_oso.__all__)
def test_public_name_exists(name: str) -> None:
    """What ``__all__`` promises is there."""
    assert hasattr(flask_oso, name)


def test_defaults_of_data_classes_suit_each_version_of_python() -> None:
    """Python 3.11 takes a default without a hash, such as a read-only mapping, for a mistake."""
    modules = [name for name in all_modules() if not name.endswith("__main__")]
    classes = [each for name in modules for each in vars(importlib.import_module(name)).values()]
    fields = [field for cls in classes if is_data_class(cls) for field in dataclasses.fields(cls)]

    assert fields
    assert [each for each in fields if isinstance(each.default, types.MappingProxyType)] == []


@pytest.mark.parametrize(
    "name",
    [
        "api.initialization",
        "compat",
        "enforcement.audit",
        "enforcement.commit_guard",
        "enforcement.response_gates",
        "enforcement.row_filters",
        "denials.denial_styles",
        "denials.problems",
        "guards.declarations",
        "guards.list_guards",
        "observability.decision",
        "observability.publisher",
        "polar.compiler",
        "polar.observe",
        "polar.policy.cache",
        "polar.policy.legacy_roles",
        "polar.policy.loader",
        "polar.proof",
        "polar.solver.solver",
        "polar.syntax.parser",
        "polar.tools",
        "row_access.reads",
        "sqlalchemy",
    ],
)
def test_import_leaves_out_what_not_every_program_needs(imported: set[str], name: str) -> None:
    """What loads a policy, answers slowly or is seldom used is imported once it is needed."""
    assert f"flask_oso.{name}" in all_modules()
    assert f"flask_oso.{name}" not in imported


def test_import_makes_no_dataclass() -> None:
    """Each takes as long as some modules; ``Record`` and ``ValueObject`` take no time."""
    run_python(
        "import dataclasses, sys, flask_oso\n"
        "ours = [each for name, each in sys.modules.items() if name.startswith('flask_oso')]\n"
        "classes = [x for each in ours for x in vars(each).values() if isinstance(x, type)]\n"
        "assert classes and not [x for x in classes if dataclasses.is_dataclass(x)]"
    )


def test_request_imports_nothing_that_initialization_could_import() -> None:
    """The first denial of a process waits for no file, but for those of what it tells the log."""
    run_python(
        "import sys\n"
        "from flask import Flask, g\n"
        "from flask_oso import FlaskOso, Oso, authorize\n"
        "app, oso = Flask('app'), Oso()\n"
        'oso.load_str(\'allow("ann", "read", "page");\')\n'
        "FlaskOso(oso, app)\n"
        "app.before_request(lambda: setattr(g, 'user', 'eve'))\n"
        "app.add_url_rule('/', 'view', authorize(action='read', resource='page')(lambda: ''))\n"
        "before = {*sys.modules}\n"
        "assert app.test_client().get('/').status_code == 403\n"
        "late = {name for name in {*sys.modules} - before if name.startswith('flask_oso')}\n"
        "assert late <= {'flask_oso.polar.policy.actor_classes'}, late"
    )


def test_other_python_than_cpython_is_refused() -> None:
    """What runs no code is known of CPython alone, so that nothing is decided elsewhere."""
    run_python(
        "import sys, flask, lark, dataclasses\n"
        "sys.implementation.name = 'pypy'\n"
        "try:\n"
        "    import flask_oso\n"
        "except ImportError as error:\n"
        "    assert 'runs on CPython, and not on pypy' in str(error), error\n"
        "else:\n"
        "    raise AssertionError('it is imported')"
    )


def test_names_that_are_imported_late_are_listed() -> None:
    """Prompts and documentation show all public names."""
    run_python("import flask_oso\nassert {*flask_oso.__all__} <= {*dir(flask_oso)}")


def test_name_that_there_is_not_is_an_error() -> None:
    """A misspelt name is no name that is imported late."""
    with pytest.raises(AttributeError, match=r"^module 'flask_oso' has no attribute 'Acess'$"):
        flask_oso.Acess  # type: ignore[attr-defined]  # noqa: B018  # that is the point


def test_decision_imports_nothing_that_a_load_could_import() -> None:
    """The solver is there before a question needs it."""
    loaded = run_python("from flask_oso import Oso; Oso().load_str('allow(1, 2, 3);')")

    assert {"flask_oso.polar.solver.solver", "flask_oso.polar.compiler.programs"} <= loaded


def test_first_load_searches_for_garbage_a_few_times_at_most() -> None:
    """Of what is imported there is none, and Python would search for it some thirty times."""
    run_python(
        "import gc\n"
        "from flask_oso import Oso\n"
        "def searches(): return gc.get_stats()[0]['collections']\n"
        "before = searches()\n"
        "Oso().load_str('allow(1, 2, 3);')\n"
        "assert gc.isenabled() and searches() < before + 10"
    )


def test_lists_name_the_library_that_is_missing() -> None:
    """Who has installed the package alone is told what to install."""
    run_python(
        "import sys\n"
        "sys.modules['sqlalchemy'] = None\n"
        "from flask_oso import Oso, OsoError\n"
        "oso = Oso()\n"
        "oso.load_str('allow(_, _, _);')\n"
        "def told(ask):\n"
        "    try: ask()\n"
        "    except (OsoError, ImportError) as error: return str(error)\n"
        "lists = told(lambda: oso.authorized_query(1, 'read', Oso))\n"
        "assert \"SQLAlchemy is not installed: 'pip install flask-oso[sqlalchemy]'.\" in lists\n"
        "models = told(lambda: __import__('flask_oso.sqlalchemy'))\n"
        "assert \"Install it with 'pip install flask-oso[sqlalchemy]'.\" in models"
    )


def run_python(code: str) -> set[str]:
    """Give the names of the modules that a process has imported once it has run some code."""
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {*done.stdout.split()}


@functools.cache
def all_modules() -> list[str]:
    """Name the modules of the package."""
    found = pkgutil.walk_packages(flask_oso.__path__, "flask_oso.")
    return [module.name for module in found]


def is_data_class(value: object) -> bool:
    return isinstance(value, type) and dataclasses.is_dataclass(value)
