"""``flask oso fmt``: writes files, or says which it would write."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest

from flask_oso import FlaskOso
from flask_oso.__main__ import main
from flask_oso.cli import fmt
from tests.support.sites import make_app

UGLY = "# a\nf( 1 );"
PRETTY = "# a\nf(1);\n"
DIFF = (
    "--- ugly.polar\n+++ ugly.polar (formatted)\n@@ -1,2 +1,2 @@\n # a\n-f( 1 );\n"
    "\\ No newline at end of file\n+f(1);\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with an ugly policy, a pretty one, and one that is none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ugly.polar").write_text(UGLY, encoding="utf-8")
    (tmp_path / "pretty.polar").write_text(PRETTY, encoding="utf-8")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "none.polar").write_text("f( 1 ;", encoding="utf-8")
    return tmp_path


def test_fmt_writes_what_is_not_in_style(folder: Path, run: t.Any) -> None:
    """A file is written only if it changes, and it is told."""
    before = (folder / "pretty.polar").stat().st_ino

    result = run(make_app(), "fmt", "ugly.polar", "pretty.polar")

    assert (folder / "ugly.polar").read_text(encoding="utf-8") == PRETTY
    assert (folder / "pretty.polar").stat().st_ino == before
    assert result.stdout == "Formatted ugly.polar.\n"
    assert result.stderr == "1 file to format, 2 files in all.\n"
    assert result.exit_code == 0


def test_fmt_needs_no_application(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``python -m flask_oso fmt`` formats files of a program that does not start."""
    code = main(["fmt", "--check", "ugly.polar"])

    assert (code, capsys.readouterr().out) == (1, "Would format ugly.polar.\n")


@pytest.mark.parametrize(
    ("options", "code", "output"),
    [
        (["--check"], 1, "Would format ugly.polar.\n"),
        (
            ["--diff"],
            0,
            DIFF,
        ),
        (
            ["--diff", "--check"],
            1,
            DIFF,
        ),
    ],
)
def test_fmt_that_writes_nothing(
    folder: Path, run: t.Any, options: list[str], code: int, output: str
) -> None:
    """'--check' and '--diff' leave files alone; the former has an exit code for scripts."""
    result = run(make_app(), "fmt", *options, "ugly.polar")

    assert (result.exit_code, result.stdout) == (code, output)
    assert (folder / "ugly.polar").read_text(encoding="utf-8") == UGLY


def test_fmt_leaves_what_is_no_policy(folder: Path, run: t.Any) -> None:
    """A file with a mistake is told of with its place, and the others are formatted."""
    result = run(make_app(), "fmt", ".")

    assert result.exit_code == 3
    assert "did not expect to find the token ';' at line 1, column 6 of file" in result.stderr
    assert (folder / "inner" / "none.polar").read_text(encoding="utf-8") == "f( 1 ;"
    assert (folder / "ugly.polar").read_text(encoding="utf-8") == PRETTY
    assert result.stderr.endswith("1 file to format, 3 files in all.\n")


def test_fmt_without_files_formats_the_policy_of_the_app(folder: Path, run: t.Any) -> None:
    """The files are those that are loaded."""
    app = make_app(folder=folder)
    (folder / "ugly.polar").write_text("allow( 1,2,3 );", encoding="utf-8")
    app.config["OSO_POLICIES"] = "ugly.polar"
    FlaskOso(app=app)

    result = run(app, "fmt")

    assert result.exit_code == 0
    assert (folder / "ugly.polar").read_text(encoding="utf-8") == "allow(1, 2, 3);\n"


def test_fmt_reads_standard_input(run: t.Any) -> None:
    """Editors give the text, and take what comes out."""
    result = run(make_app(), "fmt", "-", input=UGLY)

    assert (result.exit_code, result.stdout) == (0, PRETTY)


def test_fmt_keeps_the_mode_of_a_file(folder: Path, run: t.Any) -> None:
    """Who may read a policy does not change."""
    (folder / "ugly.polar").chmod(0o640)

    run(make_app(), "fmt", "ugly.polar")

    assert stat.S_IMODE((folder / "ugly.polar").stat().st_mode) == 0o640


def test_fmt_writes_where_a_link_leads(folder: Path, run: t.Any) -> None:
    """A link stays a link."""
    (folder / "link.polar").symlink_to("ugly.polar")

    run(make_app(), "fmt", "link.polar")

    assert (folder / "link.polar").is_symlink()
    assert (folder / "ugly.polar").read_text(encoding="utf-8") == PRETTY


def test_fmt_that_cannot_write_leaves_nothing_behind(
    folder: Path, run: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is there in whole, old or new, and no other one."""

    def fail(*args: t.Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", fail)
    before = sorted(folder.iterdir())

    result = run(make_app(), "fmt", "ugly.polar")

    assert result.exit_code == 2
    assert result.stderr == "Error: ugly.polar cannot be written: Permission denied.\n"
    assert (folder / "ugly.polar").read_text(encoding="utf-8") == UGLY
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.polar", "Could not find file: missing.polar\n"),
        ("a.txt", "Polar files must have .polar extension. Offending file: a.txt\n"),
        ("latin.polar", "Error: latin.polar is not UTF-8. Save it as UTF-8.\n"),
    ],
)
def test_fmt_of_what_is_no_file(folder: Path, run: t.Any, name: str, message: str) -> None:
    """What cannot be read is misconfigured."""
    (folder / "latin.polar").write_bytes(b'f("\xe9");')

    result = run(make_app(), "fmt", name)

    assert (result.exit_code, result.stderr) == (2, message)


# -- what a file is besides its text -------------------------------------------------------


def test_fmt_keeps_hard_links(folder: Path, run: t.Any) -> None:
    """All names of a file are names of the formatted one."""
    os.link(folder / "ugly.polar", folder / "other.polar")

    run(make_app(), "fmt", "ugly.polar")

    assert (folder / "other.polar").read_text(encoding="utf-8") == PRETTY
    assert (folder / "other.polar").samefile(folder / "ugly.polar")


def test_fmt_of_a_hard_link_leaves_no_rest(folder: Path, run: t.Any) -> None:
    """A text that becomes shorter ends where it ends."""
    (folder / "ugly.polar").write_text("f( 1 );" + "\n" * 50 + "f(   2   );\n", encoding="utf-8")
    os.link(folder / "ugly.polar", folder / "other.polar")

    run(make_app(), "fmt", "ugly.polar")

    assert (folder / "other.polar").read_text(encoding="utf-8") == "f(1);\n\nf(2);\n"


@pytest.mark.skipif(getattr(os, "getuid", lambda: 1)() != 0, reason="Only root gives files away.")
@pytest.mark.parametrize("mode", [0o640, 0o4755, 0o2664])
def test_fmt_keeps_owner_and_mode(folder: Path, run: t.Any, mode: int) -> None:
    """A policy that was another user's stays theirs."""
    os.chown(folder / "ugly.polar", 12345, 54321)
    (folder / "ugly.polar").chmod(mode)

    run(make_app(), "fmt", "ugly.polar")

    status = (folder / "ugly.polar").stat()
    assert (folder / "ugly.polar").read_text(encoding="utf-8") == PRETTY
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 54321, mode)


def test_fmt_of_a_file_whose_owner_it_cannot_give_writes_into_it(
    folder: Path, run: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write to a file of another user may not make one."""
    before = (folder / "ugly.polar").stat().st_ino

    def refuse(*args: t.Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("flask_oso.cli.fmt.os.chown", refuse)
    monkeypatch.setattr("flask_oso.cli.fmt.os.setxattr", refuse)
    monkeypatch.setattr("flask_oso.cli.fmt.os.listxattr", lambda _: ["user.note"])
    monkeypatch.setattr("flask_oso.cli.fmt.os.getxattr", lambda *_: b"")

    result = run(make_app(), "fmt", "ugly.polar")

    assert result.exit_code == 0
    assert (folder / "ugly.polar").read_text(encoding="utf-8") == PRETTY
    assert (folder / "ugly.polar").stat().st_ino == before
    assert sorted(each.name for each in folder.iterdir()) == ["inner", "pretty.polar", "ugly.polar"]


@pytest.mark.parametrize("links", [1, 2])
def test_fmt_leaves_a_file_that_changed_meanwhile(
    folder: Path, run: t.Any, monkeypatch: pytest.MonkeyPatch, links: int
) -> None:
    """An editor saved it while it was being formatted."""
    for number in range(1, links):
        (folder / f"other{number}").hardlink_to(folder / "ugly.polar")

    format_policy = vars(fmt)["format_policy"]

    def format_slowly(source: object) -> t.Any:
        (folder / "ugly.polar").write_text("f( 2 );", encoding="utf-8")
        return format_policy(source)

    monkeypatch.setattr(fmt, "format_policy", format_slowly)
    before = sorted(folder.iterdir())

    result = run(make_app(), "fmt", "ugly.polar")

    assert (folder / "ugly.polar").read_text(encoding="utf-8") == "f( 2 );"
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "",
        "Error: ugly.polar changed meanwhile, and is left as it is. Format it again.\n",
    )
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("missing.polar", "Could not find file: a.polar\n"),
        ("a.polar", "Error: a.polar cannot be read: Too many levels of symbolic links.\n"),
        ("inner", "Error: a.polar cannot be read: Is a directory.\n"),
    ],
)
def test_fmt_goes_on_after_a_link_that_leads_nowhere(
    folder: Path, run: t.Any, to: str, message: str
) -> None:
    """A link that leads nowhere fails the command, and the other files are formatted."""
    (folder / "a.polar").symlink_to(to)
    (folder / "inner" / "none.polar").unlink()

    result = run(make_app(), "fmt", ".")

    assert (result.exit_code, result.stdout) == (2, "Formatted ugly.polar.\n")
    assert result.stderr == f"{message}1 file to format, 3 files in all.\n"
    assert (folder / "a.polar").is_symlink()


def test_fmt_goes_on_after_a_text_that_is_not_utf_8(folder: Path, run: t.Any) -> None:
    """The command goes on, as after any other file that it cannot read."""
    (folder / "inner" / "none.polar").write_bytes(b'f("\xe9");')

    result = run(make_app(), "fmt", "inner", "ugly.polar")

    assert (result.exit_code, result.stdout) == (2, "Formatted ugly.polar.\n")
