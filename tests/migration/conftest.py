"""What the tests of the migration check share: programs as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from flask_oso.migration.findings import Finding
from flask_oso.migration.migration_check import check_program

#: Gives the findings about files, by name and text.
Check = Callable[[Mapping[str, str]], list[Finding]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Write a program into the current directory, and check it."""
    monkeypatch.chdir(tmp_path)

    def check(files: Mapping[str, str]) -> list[Finding]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return [*check_program(["."]).findings]

    return check


@pytest.fixture
def places(check: Check) -> Callable[[Mapping[str, str]], list[str]]:
    """Check a program, and give code and place of each finding."""

    def places(files: Mapping[str, str]) -> list[str]:
        return [f"{each.code} {each.file}:{each.line}" for each in check(files)]

    return places
