"""``flask oso lint``: findings with codes, in four formats, with and without an application."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from flask import Flask

from flask_oso import FlaskOso
from flask_oso.__main__ import main
from tests.support.lint_cases import make_lint_oso
from tests.support.sites import make_app

TWICE = 'allow(user: User, "read", doc: Doc) if doc.owner = user;\n' * 2


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def app_with(folder: Path, text: str) -> Flask:
    """Make an app in a folder whose policy is this text."""
    (folder / "policy.polar").write_text(text, encoding="utf-8")
    (folder / "templates").mkdir()
    (folder / "templates" / "doc.html").write_text("{{ may('read', doc) }}", encoding="utf-8")
    app = make_app(folder=folder, static=None, OSO_POLICIES="policy.polar")
    FlaskOso().init_app(app, make_lint_oso())
    return app


def test_right_policy_passes(folder: Path, run: t.Any) -> None:
    """A policy with nothing wrong has no finding, and the exit code is 0."""
    result = run(app_with(folder, TWICE.partition("\n")[0]), "lint")

    assert (result.exit_code, result.output) == (0, "Nothing is wrong.\n")


def test_finding_is_a_line_of_a_table(folder: Path, run: t.Any) -> None:
    """It has its place, its code and its name."""
    result = run(app_with(folder, TWICE), "lint")

    assert result.exit_code == 1
    assert result.output == (
        "Where             Code    Name           What\n"
        "policy.polar:2:1  OSO101  subsumed-rule  This rule adds nothing: the rule in line 1"
        " answers whatever it does. Remove one of them\n"
        "\n"
        "1 warning.\n"
    )


def test_finding_without_a_place_is_told_in_full(folder: Path, run: t.Any) -> None:
    """A text of several lines does not end in the middle of a sentence."""
    result = run(app_with(folder, ""), "lint")

    assert (
        "OSO018  no-allow-rule  Your policy does not contain an allow rule, which" in result.output
    )
    assert "to add an allow rule to the top of your policy?\n" in result.output


def test_note_does_not_fail(folder: Path, run: t.Any) -> None:
    """What is only told is told, and the command succeeds."""
    text = 'allow(user: User, "read", doc: Doc) if doc.owner = user and print(doc);'

    result = run(app_with(folder, text), "lint")

    assert (result.exit_code, "OSO601" in result.output) == (0, True)


def test_findings_are_annotations_for_github(folder: Path, run: t.Any) -> None:
    """The code stands in the title."""
    result = run(app_with(folder, TWICE), "lint", "--format", "github")

    assert result.output.startswith(
        "::warning file=policy.polar,line=2,col=1,title=OSO101 subsumed-rule::This rule adds"
    )


def test_findings_are_json(folder: Path, run: t.Any) -> None:
    """Programs read the code, the place and the severity."""
    result = run(app_with(folder, TWICE), "lint", "--format", "json")

    [found] = json.loads(result.output)["findings"]
    assert {key: found[key] for key in ("code", "severity", "file", "line", "column")} == {
        "code": "OSO101",
        "severity": "warning",
        "file": "policy.polar",
        "line": 2,
        "column": 1,
    }


def test_findings_are_sarif(folder: Path, run: t.Any) -> None:
    """Code hosts read the log."""
    result = run(app_with(folder, TWICE), "lint", "--format", "sarif")

    log = json.loads(result.output)
    [found] = log["runs"][0]["results"]
    assert (log["version"], found["ruleId"], found["level"]) == ("2.1.0", "OSO101", "warning")
    assert found["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "policy.polar"},
        "region": {"startLine": 2, "startColumn": 1},
    }


def test_files_are_linted_against_the_classes_of_the_app(folder: Path, run: t.Any) -> None:
    """A draft is looked at before it is the policy."""
    app = app_with(folder, TWICE.partition("\n")[0])
    (folder / "draft.polar").write_text(
        'allow(_: User, "read", d: Doc) if d matches Folder;', "utf-8"
    )

    result = run(app, "lint", "draft.polar")

    assert (result.exit_code, "OSO102" in result.output) == (1, True)


def test_action_of_the_app_is_looked_for(folder: Path, run: t.Any) -> None:
    """The routes and templates of the application are part of what is linted."""
    action = "".join(["ro", "tate"])

    result = run(app_with(folder, TWICE.partition("\n")[0].replace("read", action)), "lint")

    assert "OSO301" in result.output


def test_files_need_no_application(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Classes that nobody knows may be of any kind, so nothing is said of them."""
    text = TWICE + 'allow(_: User, "edit", d: Doc) if d matches Folder;'
    (folder / "policy.polar").write_text(text, encoding="utf-8")

    code = main(["lint", "policy.polar"])

    output = capsys.readouterr().out
    assert (code, "OSO101" in output, "OSO102" in output) == (1, True, False)


def test_broken_file_is_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What does not load is told like the rest."""
    (folder / "policy.polar").write_text("allow(_, _, _) if;", encoding="utf-8")

    code = main(["lint", "policy.polar"])

    assert (code, "OSO001" in capsys.readouterr().out) == (1, True)


def test_broken_file_is_told_with_its_cure(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line of help stands behind the fact: the fact alone names the token after the mistake."""
    (folder / "policy.polar").write_text('allow(_, "read", _)\nallow(1, 2, 3);', encoding="utf-8")

    main(["lint", "policy.polar"])

    assert capsys.readouterr().out.splitlines()[1] == (
        "policy.polar:2:1  OSO001  load-error  did not expect to find the token 'allow'."
        " A semicolon is missing behind `)`."
    )
