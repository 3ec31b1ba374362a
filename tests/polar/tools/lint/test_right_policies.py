"""Policies that are meant as they are get no warning: those of the repository's applications."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flask_oso.polar.sources import Source
from flask_oso.polar.tools.lint.linter import LintFinding, lint_with_stand_ins
from tests.support.children import ROOT

_PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: ``lint.md`` has wrong policies; ``migrating.md`` has those of programs for oso 0.27.
_SHOWN = [page for page in _PAGES if page.name not in ("lint.md", "migrating.md", "errors.md")]
_BLOCK = re.compile(r"(<!-- [^\n]* -->\n)?```polar\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def warnings_of(*sources: Source) -> list[str]:
    """Lint texts without their application; give what rules are wrong in themselves."""
    found = lint_with_stand_ins(sources).settled()
    return [each.message for each in found if is_about_rules(each)]


def is_about_rules(found: LintFinding) -> bool:
    """Tell whether a finding is more than a load says."""
    return found.code.number >= "OSO1" and found.severity.value != "note"


def policies_of(page: Path) -> list[str]:
    """Give the policies of a page that load without a note on it."""
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for note, text in blocks if "refused" not in note and "warned" not in note]


def test_example_application_is_right() -> None:
    """The example application is an example."""
    files = sorted((ROOT / "example_app" / "policies").glob("*.polar"))

    assert warnings_of(*(Source(each.read_text("utf-8"), each.name) for each in files)) == []


def test_application_of_the_benchmarks_is_right() -> None:
    """What is measured is a real policy."""
    text = (ROOT / "benchmarks" / "pages" / "policy.polar").read_text("utf-8")

    assert warnings_of(Source(text, "policy.polar")) == []


@pytest.mark.parametrize("page", _SHOWN, ids=lambda page: str(page.relative_to(ROOT)))
def test_policies_of_the_documentation_are_right(page: Path) -> None:
    """Nobody learns from a page what the lint calls wrong."""
    assert [each for text in policies_of(page) for each in warnings_of(Source(text))] == []
