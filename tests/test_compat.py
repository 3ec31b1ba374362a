"""``import oso`` and ``import polar`` give what programs for oso 0.27 import from there."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import subprocess
import sys
import types
import typing as t
from collections.abc import Iterator

import pytest

import flask_oso
import flask_oso.polar
import flask_oso.polar.exceptions
import flask_oso.sqlalchemy
from flask_oso.polar import Join

ROOTS = ("oso", "polar")

#: A program for oso as people write it.
PROGRAM = """
import oso, polar
import polar.exceptions
import polar.data.filter as data_filter
from oso import *
from oso import exceptions
from polar.exceptions import PolarRuntimeError
import oso.oso

policy = Oso()
policy.load_str('allow("ann", "read", 1);')
policy.authorize("ann", "read", 1)
answers = [polar.errors.ValidationError, polar.data.adapter.DataAdapter]
try:
    policy.authorize("ann", "edit", 1)
except exceptions.ForbiddenError as error:
    answers.append(type(error))
try:
    policy.query_rule_once("nope")
except PolarRuntimeError as error:
    answers.append(type(error))
"""


@contextlib.contextmanager
def without_oso() -> Iterator[None]:
    """Forget modules called ``oso`` and ``polar``, and have those from before afterwards."""
    finders = [*sys.meta_path]
    before = {n: m for n, m in sys.modules.items() if n.partition(".")[0] in ROOTS}
    for name in before:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in [n for n in sys.modules if n.partition(".")[0] in ROOTS]:
            del sys.modules[name]
        sys.modules.update(before)
        sys.meta_path[:] = finders


@pytest.fixture
def installed() -> Iterator[None]:
    """Have this package stand for oso."""
    with without_oso():
        flask_oso.install_as_oso()
        yield


def test_oso_exports(installed: None) -> None:
    """``oso`` has exactly the public names of 0.27.3; ``polar_class`` went in 0.26."""
    oso = importlib.import_module("oso")

    assert oso.__all__ == [
        "AuthorizationError",
        "DataFilter",
        "ForbiddenError",
        "NotFoundError",
        "Oso",
        "OsoError",
        "Predicate",
        "Relation",
        "Variable",
    ]
    assert not hasattr(oso, "polar_class")
    assert not hasattr(oso, "__version__")


def test_polar_exports(installed: None) -> None:
    """``polar`` has exactly the public names of 0.27.3."""
    polar = importlib.import_module("polar")

    assert polar.__all__ == [
        "Condition",
        "DataFilter",
        "Expression",
        "Pattern",
        "Polar",
        "Predicate",
        "Projection",
        "Query",
        "QueryResult",
        "Relation",
        "Variable",
    ]


@pytest.mark.parametrize(
    ("module", "name", "ours"),
    [
        ("oso", "Oso", flask_oso.Oso),
        ("oso", "NotFoundError", flask_oso.NotFoundError),
        ("oso", "Relation", flask_oso.Relation),
        ("oso.oso", "Oso", flask_oso.Oso),
        ("oso.oso", "__version__", flask_oso.__version__),
        ("oso.exceptions", "OsoError", flask_oso.OsoError),
        ("oso.exceptions", "ForbiddenError", flask_oso.ForbiddenError),
        ("polar", "Polar", flask_oso.polar.Polar),
        ("polar", "Relation", flask_oso.Relation),
        ("polar.data", "DataAdapter", flask_oso.polar.DataAdapter),
        ("polar.data.adapter", "DataAdapter", flask_oso.polar.DataAdapter),
        ("polar.data.adapter.adapter", "DataAdapter", flask_oso.polar.DataAdapter),
        (
            "polar.data.adapter.sqlalchemy_adapter",
            "SqlAlchemyAdapter",
            flask_oso.sqlalchemy.SqlAlchemyAdapter,
        ),
        ("polar.data.filter", "Relation", Join),
        ("polar.data.filter", "Projection", flask_oso.polar.Projection),
        ("polar.data_filtering", "Relation", flask_oso.Relation),
        ("polar.errors", "ValidationError", flask_oso.polar.exceptions.ValidationError),
        ("polar.exceptions", "PolarRuntimeError", flask_oso.polar.exceptions.PolarRuntimeError),
        ("polar.expression", "Pattern", flask_oso.polar.Pattern),
        ("polar.host", "Host", type(flask_oso.Oso().host)),
        ("polar.partial", "TypeConstraint", flask_oso.polar.TypeConstraint),
        ("polar.partial", "dot_path", flask_oso.polar.dot_path),
        ("polar.polar", "Polar", flask_oso.polar.Polar),
        ("polar.predicate", "Predicate", flask_oso.Predicate),
        ("polar.query", "QueryResult", flask_oso.polar.QueryResult),
        ("polar.variable", "Variable", flask_oso.Variable),
    ],
)
def test_deep_path(installed: None, module: str, name: str, ours: object) -> None:
    """A path that is found in programs leads to what this package has."""
    assert getattr(importlib.import_module(module), name) is ours


def test_errors_are_all_there(installed: None) -> None:
    """``polar.exceptions`` has each of our errors but those of the older roles."""
    theirs = set(vars(importlib.import_module("polar.exceptions")))
    ours = {
        name
        for name, value in vars(flask_oso.polar.exceptions).items()
        if isinstance(value, type) and issubclass(value, flask_oso.OsoError)
    }

    assert ours - theirs == {"RolesValidationError"}


def test_program_for_oso_runs(installed: None) -> None:
    """Each way to write an import works, and what is raised is what is caught."""
    names: dict[str, t.Any] = {}

    exec(PROGRAM, names)

    assert names["answers"] == [
        flask_oso.polar.exceptions.ValidationError,
        flask_oso.polar.DataAdapter,
        flask_oso.ForbiddenError,
        flask_oso.polar.exceptions.PolarRuntimeError,
    ]


def test_unknown_module_is_missing(installed: None) -> None:
    """What oso does not have is not invented."""
    with pytest.raises(ModuleNotFoundError, match=r"oso\.nope"):
        importlib.import_module("oso.nope")


def test_install_twice_is_once(installed: None) -> None:
    """A second call changes nothing, also when ``oso`` has been imported already."""
    before = importlib.import_module("oso"), [*sys.meta_path]

    flask_oso.install_as_oso()

    assert (importlib.import_module("oso"), sys.meta_path) == before


def test_install_goes_before_what_is_installed(installed: None) -> None:
    """Our finder is asked first, so an oso that is installed beside is passed over."""
    spec = importlib.util.find_spec("oso")

    assert spec is not None
    assert type(spec.loader).__module__ == "flask_oso.compat"


@pytest.mark.parametrize("name", ROOTS)
def test_install_too_late(name: str) -> None:
    """Where another one is in use, two kinds of errors would exist side by side."""
    with without_oso():
        sys.modules[name] = types.ModuleType(name)

        with pytest.raises(
            ImportError,
            match=rf"^Another '{name}' has been imported already\. Call 'install_as_oso' before"
            r" anything imports it\.$",
        ):
            flask_oso.install_as_oso()


def test_sqlalchemy_is_not_imported_in_passing() -> None:
    """``import oso`` and ``import polar`` work where SQLAlchemy is not installed."""
    program = (
        "import sys, flask_oso; flask_oso.install_as_oso(); import oso, polar;"
        "print('sqlalchemy' in sys.modules)"
    )

    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert found.stdout == "False\n"


@pytest.mark.parametrize("name", ROOTS)
def test_package_runs_as_a_program(name: str) -> None:
    """What ``python -m oso`` did is the prompt of this package."""
    program = (
        "import runpy, flask_oso; flask_oso.install_as_oso();"
        f"runpy.run_module({name!r}, run_name='__main__', alter_sys=True)"
    )

    found = subprocess.run(
        [sys.executable, "-c", program], input="x = 1", capture_output=True, text=True, check=True
    )

    assert found.stdout == "query> x = 1\nquery> "


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("flask_oso.flask_oso", "FlaskOso"),
        ("flask_oso.decorators", "authorize"),
        ("flask_oso.decorators", "skip_authorization"),
        ("flask_oso.context", "OsoError"),
        ("flask_oso.context", "current_oso"),
    ],
)
def test_module_of_flask_oso(module: str, name: str) -> None:
    """The modules of flask-oso 0.27 can be imported, without ``install_as_oso`` too."""
    assert getattr(importlib.import_module(module), name) is getattr(flask_oso, name)
