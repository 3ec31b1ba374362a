"""What means something else in Python."""

from __future__ import annotations

import typing as t

import pytest

CALL = "import flask_oso; flask_oso.install_as_oso()\n"


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("from oso import Oso, polar_class", ["M201 app.py:2"]),
        ("from oso import Http", ["M201 app.py:2"]),
        ("import oso.api", ["M201 app.py:2"]),
        ("from polar.api import Polar", ["M201 app.py:2"]),
        ("from sqlalchemy_oso import SQLAlchemyOso", ["M201 app.py:2"]),
        ("from sqlalchemy_oso import roles", ["M201 app.py:2"]),
        ("from sqlalchemy_oso.roles import resource_role_class", ["M201 app.py:2"]),
        ("from sqlalchemy_oso.flask import AuthorizedSQLAlchemy", ["M201 app.py:2"]),
        ("oso.register_python_class(User)", ["M201 app.py:2"]),
        ("policy = Oso()\npolicy.clear()", ["M201 app.py:3"]),
        ("self.oso.allow(1, 2, 3)", ["M201 app.py:2"]),
        ("oso.register_class(User, types={})", ["M201 app.py:2"]),
        ("oso.register_class(User, name='A', fields={})", []),
        ("from oso import *\nfrom oso import exceptions\nimport polar.exceptions", []),
        ("from polar import Variable, exceptions\nfrom polar.data import adapter", []),
        ("from sqlalchemy_oso import register_models, authorized_sessionmaker", []),
        ("cache.clear()\nrequest.allow(1)", []),
    ],
)
def test_what_is_gone(places: t.Any, program: str, found: list[str]) -> None:
    """What oso 0.27 has not is not here either."""
    assert places({"app.py": CALL + program}) == found


@pytest.mark.parametrize(
    ("decorators", "found"),
    [
        ("@authorize(resource=request)\n@app.route('/')", ["M205 app.py:3"]),
        ("@bp.get('/a')\n@skip_authorization\n@bp.get('/b')", ["M205 app.py:4"]),
        ("@app.route('/')\n@authorize(resource=request)", []),
        ("@authorize(resource=request)", []),
        ("@app.route('/')\n@login_required", []),
    ],
)
def test_guard_above_the_route(places: t.Any, decorators: str, found: list[str]) -> None:
    """It guards nothing: the route is given the function below it."""
    program = f"from flask_oso import authorize\n{decorators}\ndef view(): ...\n"

    assert places({"app.py": CALL + program}) == found


def test_other_decorators_of_the_name(places: t.Any) -> None:
    """A decorator of the program itself may stand anywhere."""
    assert places({"app.py": "@authorize\n@app.get('/')\ndef view(): ...\n"}) == []


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"a.py": "oso = Oso()"}, []),
        ({"a.py": "def create_app():\n    oso = Oso()"}, []),
        ({"a.py": "oso = Oso()", "b.py": "oso = oso.Oso()"}, ["M203 b.py:1"]),
        ({"a.py": "oso = Oso()", "test_b.py": "oso = Oso()"}, []),
        ({"a.py": "@app.get('/')\ndef view():\n    return Oso()"}, ["M203 a.py:3"]),
        ({"a.py": "@app.before_request\nasync def f():\n    return Oso()"}, ["M203 a.py:3"]),
    ],
)
def test_oso_that_is_made_for_a_request_is_found(
    places: t.Any, files: dict[str, str], found: list[str]
) -> None:
    """There is one for a process, and none is made for a request."""
    assert places(files) == found


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ('app.config["OSO_MINE"] = 1', ["M204 app.py:1"]),
        ('current_app.config.get("OSO_MINE")', ["M204 app.py:1"]),
        ("app.config.update(\n  OSO_MINE=1)", ["M204 app.py:2"]),
        ('app.config.from_mapping({"OSO_MINE": 1})', ["M204 app.py:1"]),
        ("class Config:\n    OSO_MINE: int = 1", ["M204 app.py:2"]),
        ('app.config["OSO_POLICIES"] = "a.polar"', []),
        ('app.config["MINE"] = 1', []),
        ('os.environ["OSO_MINE"] = 1', []),
        ("OSO_MINE = 1", []),
    ],
)
def test_own_keys(places: t.Any, program: str, found: list[str]) -> None:
    """A key of the configuration that this package does not know is one of the program."""
    assert places({"app.py": program}) == found


def test_own_key_of_a_configuration_file(places: t.Any) -> None:
    """A module that Flask reads with 'from_object' has keys as names."""
    assert places({"config.py": "OSO_MINE = 1"}) == ["M204 config.py:1"]


def test_own_key_that_is_near_another(check: t.Any) -> None:
    """It may be misspelt."""
    (found,) = check({"app.py": 'app.config["OSO_POLICY"] = 1'})

    assert found.message == (
        "'OSO_POLICY' is no key of this package, which warns of it. Did you mean 'OSO_POLICIES'?"
    )
