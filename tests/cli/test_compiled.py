"""The Python of a question, from a shell: in an app, and without one."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from flask import Flask

from flask_oso.__main__ import main

QUESTION = 'allow(User, "read", Note)'


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with a policy."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "policy.polar"
    file.write_text('allow(user: User, "read", note: Note) if note.author = user;\n', "utf-8")
    return file


def test_app_shows_functions_for_its_own_classes(shop: Flask, run: t.Any) -> None:
    """The classes are those that are registered."""
    result = run(shop, "compiled", 'allow(Customer, "read", Order)')

    assert result.exit_code == 0
    assert result.output.startswith('# allow(Customer, "read", Order)\n\n# The entry function')


def test_app_without_such_a_class_is_misuse(shop: Flask, run: t.Any) -> None:
    """The app's classes are known, so a name that is none is a mistake."""
    result = run(shop, "compiled", 'allow(Custmer, "read", Order)')

    assert result.exit_code == 2
    assert result.output == "No class 'Custmer' is registered. Did you mean 'Customer'?\n"


@pytest.mark.parametrize("name", ["compiled", "explain-compiled"])
def test_policy_is_shown_without_an_app(
    name: str, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command has a second name."""
    code = main([name, "policy.polar", QUESTION])

    assert code == 0
    assert "# policy.polar:1:42: note.author\n" in capsys.readouterr().out


def test_several_files_are_one_policy(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several files are one policy, as they are where they are loaded."""
    policy.with_name("more.polar").write_text('allow(_, "list", note: Note) if note.x;', "utf-8")

    code = main(["compiled", "policy.polar", "more.polar", 'allow(User, "list", Note)'])

    assert code == 0
    assert "# more.polar:1:33: note.x\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.polar", QUESTION], "Could not find file: nothing.polar\n"),
        (
            ["policy.polar", 'alow(User, "read", Note)'],
            "The policy has no rule 'alow'. Did you mean 'allow'?\n",
        ),
    ],
)
def test_what_is_not_there_is_misuse(
    arguments: list[str], message: str, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file or a rule that does not exist ends with 2, and a message."""
    code = main(["compiled", *arguments])

    assert (code, capsys.readouterr().err) == (2, message)


def test_broken_policy_ends_with_three(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that is broken ends with 3: it is the policy that has to be mended."""
    policy.write_text("allow(;", "utf-8")

    code = main(["compiled", "policy.polar", QUESTION])

    assert code == 3
    assert "did not expect to find the token ';'" in capsys.readouterr().err


def test_missing_question_is_misuse(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Argparse says what is missing, with its own code."""
    with pytest.raises(SystemExit) as caught:
        main(["compiled", "policy.polar"])

    assert caught.value.code == 2
    assert "the following arguments are required: QUESTION" in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """The help of the command has an example, the notation of questions, and the exit codes."""
    with pytest.raises(SystemExit) as caught:
        main(["compiled", "--help"])

    text = capsys.readouterr().out
    assert caught.value.code == 0
    assert "$ python -m flask_oso compiled policy.polar 'allow(User, \"read\", Note)'" in text
    assert "The exit code is 0, 2 if a file cannot be read" in text


def test_warnings_of_the_policy_are_no_part_of_the_code(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output can be saved as a file of Python."""
    policy.write_text('allow(_: User, "read", note: Note) if note.x = "\\d";', "utf-8")

    main(["compiled", "policy.polar", QUESTION])

    assert capsys.readouterr().err.startswith("[warning] ")
