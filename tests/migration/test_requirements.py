"""Packages that a program asks for."""

from __future__ import annotations

import typing as t

import pytest


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("requirements.txt", "oso"),
        ("requirements.txt", "oso==0.27.3"),
        ("requirements.txt", "sqlalchemy-oso>=0.27"),
        ("requirements-dev.txt", "SQLAlchemy_oso"),
        ("requirements.txt", "django-oso~=0.27.0  # authorization"),
        ("requirements.txt", "flask-oso"),
        ("requirements.txt", "flask-oso==0.27.0"),
        ("pyproject.toml", 'dependencies = ["flask", "oso>=0.20"]'),
        ("pyproject.toml", 'sqlalchemy-oso = "^0.27"'),
        ("setup.py", 'setup(install_requires=["flask-oso[sqlalchemy]"])'),
        ("Pipfile", 'oso = "*"'),
    ],
)
def test_package_of_the_family_is_found(places: t.Any, name: str, line: str) -> None:
    """The packages of oso's family are found wherever requirements are written."""
    assert places({name: f"# what we need\n{line}\n"}) == [f"M104 {name}:2"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("requirements.txt", "flask-oso @ file:///clones/flask-oso"),
        ("requirements.txt", "flask-oso>=0.28"),
        ("requirements.txt", "/clones/flask-oso"),
        ("requirements.txt", "# oso was here"),
        ("requirements.txt", "osoyoo"),
        ("pyproject.toml", 'name = "my-oso"'),
        ("pyproject.toml", 'description = "What oso did."'),
        ("notes.txt", "oso"),
    ],
)
def test_what_is_no_package(places: t.Any, name: str, line: str) -> None:
    """This package, comments and other words are left alone."""
    assert places({name: f"{line}\n"}) == []
