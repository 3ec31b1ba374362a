"""README.md is a face: short, and what it names is there. ``tests/docs`` runs its examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hatch_build import stand_alone

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = re.findall(r"\]\(((?!https:|#)[^)]*)\)", TEXT)


def test_readme_is_short() -> None:
    """Who decides whether this is for them decides in two minutes."""
    assert len(TEXT.splitlines()) <= 250


def test_application_is_short() -> None:
    """The application is one screen, without its sample data."""
    program = TEXT.partition("<!-- file: app.py -->")[2].partition("```python\n")[2]

    lines = program.partition("@app.cli")[0].splitlines()
    assert len([line for line in lines if line]) <= 45


@pytest.mark.parametrize("link", LINKS)
def test_link_leads_somewhere(link: str) -> None:
    """Each page and picture that the README links to is in the repository."""
    assert (ROOT / link).is_file()


def test_description_stands_alone() -> None:
    """On the package index nothing leads to a file that is not there."""
    text = stand_alone(TEXT)

    assert re.findall(r"\]\((?!https:|#)[^)]*\)", text) == []
    assert "Tutorial (`docs/tutorial/index.md`)" in text.replace("\n", " ")
    assert "`SECURITY.md` (" not in text
