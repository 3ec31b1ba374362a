"""What is wrong and odd about a text: findings with their places, and nothing is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import OsoError, PolarFileNotFoundError
from flask_oso.polar.tools.policy_check import Finding, Severity, finding, findings_of


class Note:
    """What policies are about."""

    def __init__(self) -> None:
        self.author = "ana"


def findings(tmp_path: Path, text: str) -> list[Finding]:
    """Check a text as a file."""
    path = tmp_path / "policy.polar"
    path.write_text(text, encoding="utf-8")
    oso = Oso()
    oso.register_class(Note)
    return list(oso.check_files([path]).findings)


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("Bad at line 3, column 7 of file a b.polar:\n\t003: x\n", ("a b.polar", 3, 7)),
        ("Bad at line 1, column 2:\n\t001: x\n", (None, 1, 2)),
        ("Bad, wherever that is.", (None, None, None)),
    ],
)
def test_finding_has_the_place_of_its_message(
    message: str, place: tuple[str | None, int | None, int | None]
) -> None:
    """Messages end in their place; programs get it apart."""
    assert finding(Severity.ERROR, message)[2:] == place


def test_findings_of_a_load_are_errors_and_warnings() -> None:
    """A load that fails has told all problems, and its warnings."""
    with pytest.raises(OsoError) as caught:
        Oso().load_str("f(x) if g(y); other(1);")

    found = findings_of(caught.value)

    kinds = [each.severity for each in found]
    assert kinds == [Severity.ERROR, Severity.ERROR, Severity.ERROR, Severity.WARNING]


def test_nothing_is_loaded(tmp_path: Path) -> None:
    """The policy in force stays what it is."""
    oso = Oso()
    oso.load_str('allow("ana", _, _);')
    (tmp_path / "other.polar").write_text("allow(_, _, _);", encoding="utf-8")

    checked = oso.check_files([tmp_path / "other.polar"])

    assert (checked.findings, checked.engine is not None) == ((), True)
    assert not oso.is_allowed("ben", "read", "page")


def test_text_that_is_loaded_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """Without names it is the policy in force that is checked, also if it was no file."""
    oso = Oso()
    oso.register_class(Note)
    oso.load_str('allow(_, "read", note: Note) if note.owner = 1;')

    (found,) = oso.check_files().findings

    assert (found.severity, found.file, found.line) == (Severity.WARNING, None, 1)
    assert (oso.policy_files(), capsys.readouterr().out) == ([], "")


def test_files_that_are_loaded_are_named(tmp_path: Path) -> None:
    """Programs can tell which files make the policy."""
    path = tmp_path / "policy.polar"
    path.write_text("allow(_, _, _);", encoding="utf-8")
    oso = Oso()
    oso.load_files([path])

    assert oso.policy_files() == [str(path)]


def test_attribute_is_told_of_once(tmp_path: Path) -> None:
    """What a load warns of is not told a second time."""
    text = 'allow(_, "read", note: Note) if note.autor = 1;'

    (found,) = findings(tmp_path, text)

    assert found.message.startswith("Note has no attribute autor, did you mean author? at line 1")


def test_inline_query_that_fails_otherwise_is_an_error(tmp_path: Path) -> None:
    """An inline query that raises is a finding, and no exception."""
    (found,) = findings(tmp_path, 'allow(_, "read", "page");\n?= "a".missing = 1;\n')

    assert found.severity is Severity.ERROR
    assert "'str' object has no attribute 'missing'" in found.message


def test_actor_classes_are_named() -> None:
    """The classes that have an actor block are named."""
    oso = Oso()
    oso.register_class(Note)
    oso.load_str("actor Note {} ?= true = true;")

    assert oso.actor_classes() == ("Note",)


def test_missing_file_is_raised() -> None:
    """A file that is not there is no finding about a policy."""
    with pytest.raises(PolarFileNotFoundError):
        Oso().check_files(["none.polar"])
