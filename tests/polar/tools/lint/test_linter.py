"""Planted faults are found, each with its code, and right policies are silent."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from flask_oso.polar.tools.lint.codes import Code
from tests.support.lint_cases import LintCase, make_lint_oso, read_lint_cases

_CASES = read_lint_cases()


def codes_of(tmp_path: Path, text: str) -> list[str]:
    """Lint a text as a file; give the codes that are found, without notes on compiled code."""
    path = tmp_path / "policy.polar"
    path.write_text(text, encoding="utf-8")
    looked_for = [code for code in Code if code.number[:4] != "OSO3"]
    found = make_lint_oso().lint_files([path]).settled(looked_for)
    return sorted(each.code.number for each in found if each.code is not Code.NOT_COMPILED)


@pytest.mark.each(2)
@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_case_has_its_codes_and_no_others(case: LintCase, tmp_path: Path) -> None:
    """A policy of ``tests/polar/lint`` gets the codes that it says."""
    assert codes_of(tmp_path, case.policy) == sorted(case.codes)


def test_cases_are_many() -> None:
    """There are a hundred planted faults and sixty right policies at least."""
    kinds = Counter(bool(case.codes) for case in _CASES)

    assert (kinds[True] >= 100, kinds[False] >= 60) == (True, True)
