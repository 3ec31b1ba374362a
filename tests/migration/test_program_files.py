"""Which files are read."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from flask_oso.migration.migration_check import check_program


@pytest.mark.parametrize(
    "name",
    [
        ".venv/a.py",
        "env/a.py",
        "venv/a.py",
        "node_modules/a.py",
        "x/site-packages/a.py",
        "__pycache__/a.py",
        "a.txt",
        ".git/a.polar",
    ],
)
def test_file_that_is_left_out(places: t.Any, name: str) -> None:
    """Environments, caches and what is hidden are not the program."""
    assert places({name: "import oso", "env/pyvenv.cfg": ""}) == []


def test_file_that_is_named_is_read(check: t.Any, tmp_path: Path) -> None:
    """A path may be a file, and is read once."""
    check({"a.py": "import oso", "b.py": "import oso"})

    report = check_program(["b.py", "b.py"])

    assert ([each.file for each in report.findings], report.files) == (["b.py"], 1)


@pytest.mark.parametrize("data", [b"print 'two'", b"\xff\xfe", b"x = '\0'", b"(" * 300])
def test_file_that_is_no_python(tmp_path: Path, data: bytes) -> None:
    """The others are checked all the same."""
    (tmp_path / "a.py").write_bytes(data)
    (tmp_path / "b.py").write_text("import oso")

    report = check_program([str(tmp_path)])

    assert len(report.findings) == 1
    assert [f"{tmp_path / 'a.py'} cannot be read: " in each for each in report.unreadable] == [True]


def test_missing_path() -> None:
    """A misspelt path must not look like a program without findings."""
    with pytest.raises(FileNotFoundError, match=r"^nowhere$"):
        check_program(["nowhere"])
