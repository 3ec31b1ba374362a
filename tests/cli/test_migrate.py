"""``flask oso migrate-check``: prints what a program for oso 0.27 has to change."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from flask_oso.__main__ import main
from tests.support.sites import make_app

PROGRAM = "import oso\n"
MESSAGE = (
    "'oso' is used here, and nothing calls 'install_as_oso'. Put 'import flask_oso;"
    " flask_oso.install_as_oso()' above the first import that leads to it."
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with a program that has one thing to change."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(PROGRAM)
    return tmp_path


def test_migrate_check_prints_a_table(folder: Path, run: t.Any) -> None:
    """Each finding has its place, its code and a sentence; the exit code is 1."""
    result = run(make_app(), "migrate-check")

    assert result.stdout == (
        f"Place     Code  What to change\napp.py:1  M101  {MESSAGE}\n1 finding in 1 file.\n"
    )
    assert result.exit_code == 1


def test_migrate_check_prints_json(folder: Path, run: t.Any) -> None:
    """A program gets the same."""
    result = run(make_app(), "migrate-check", "app.py", "--format", "json")

    assert json.loads(result.stdout) == {
        "files": 1,
        "findings": [{"file": "app.py", "line": 1, "code": "M101", "message": MESSAGE}],
    }
    assert result.exit_code == 1


def test_migrate_check_annotates(folder: Path, run: t.Any) -> None:
    """GitHub shows each finding beside its line."""
    result = run(make_app(), "migrate-check", "--format", "github")

    assert result.stdout == f"::warning file=app.py,line=1,title=Migration::M101 {MESSAGE}\n"


@pytest.mark.parametrize(
    ("name", "text", "code", "output", "error"),
    [
        ("app.py", "import flask\n", 0, "Nothing to change in 1 file.\n", ""),
        ("b.polar", "allow(", 3, "2 findings in 2 files.\n", ""),
        ("b.py", "print 'two'", 2, "1 finding in 1 file.\n", "Error: b.py cannot be read: "),
    ],
)
def test_migrate_check_exit_code(
    folder: Path, run: t.Any, name: str, text: str, code: int, output: str, error: str
) -> None:
    """What cannot be read is no program without findings, and a broken policy is broken."""
    (folder / name).write_text(text)

    result = run(make_app(), "migrate-check")

    assert result.stdout.endswith(output)
    assert result.stderr.startswith(error)
    assert result.exit_code == code


def test_migrate_check_of_a_missing_path(folder: Path, run: t.Any) -> None:
    """A misspelt path is a mistake of the command line."""
    result = run(make_app(), "migrate-check", "nowhere")

    assert result.stderr == "Error: There is no file or folder nowhere.\n"
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 1), (("app.py", "--format", "json"), 1), (("nowhere",), 2), (("--what",), 2)],
)
def test_migrate_check_without_an_application(
    folder: Path, arguments: tuple[str, ...], code: int
) -> None:
    """A program that does not start yet is checked with ``python -m flask_oso``."""
    assert main(["migrate-check", *arguments]) == code


def test_migrate_check_without_an_application_prints_a_table(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints what the command of Flask prints."""
    main(["migrate-check"])

    assert capsys.readouterr().out.endswith("\n1 finding in 1 file.\n")
