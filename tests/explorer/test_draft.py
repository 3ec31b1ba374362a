"""The page on which the policy is changed: what is written, and what never is."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_oso import FlaskOso, Oso
from tests.support.models.people import User
from tests.support.sites import make_app

DRAFT = "/_oso/draft"
OLD = 'allow("ann", "read", "page");\n'
NEW = 'allow("ben", "read", "page");\n'


@pytest.fixture
def file(policies: Path) -> Path:
    """A file of a policy."""
    path = policies / "main.polar"
    path.write_text(OLD, encoding="utf-8")
    return path


@pytest.fixture
def app(file: Path) -> Flask:
    """An app in debug mode with the policy."""
    app = make_app(folder=file.parent.parent, DEBUG=True, OSO_POLICIES="policies/*.polar")
    FlaskOso(app=app)
    return app


def send(client: FlaskClient, text: str, do: str = "check", **form: str) -> tuple[int, str]:
    """Send a draft with the form of the page."""
    page = client.get(DRAFT).text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    fields |= {"text": text, "do": do, **form}
    response = client.post(DRAFT, data=fields)
    return response.status_code, response.text


def oso_of(app: Flask) -> Oso:
    oso: Oso = app.extensions["oso"].oso
    return oso


def test_draft_is_checked_and_nothing_is_written(app: Flask, file: Path) -> None:
    """Looking changes neither the file nor the policy in force."""
    status, page = send(app.test_client(), NEW)

    assert status == 200
    assert ("x-is-error" in page, 'value="save"' in page) == (False, True)
    assert file.read_text() == OLD
    assert oso_of(app).is_allowed("ann", "read", "page")


def test_draft_is_saved_and_in_force(app: Flask, file: Path) -> None:
    """A draft without errors becomes the file, and the policy."""
    status, page = send(app.test_client(), NEW.replace("\n", "\r\n"), "save")

    assert (status, "Saved, and in force." in page) == (200, True)
    assert file.read_bytes() == NEW.encode()
    assert oso_of(app).is_allowed("ben", "read", "page")
    assert not oso_of(app).is_allowed("ann", "read", "page")
    assert [each.name for each in file.parent.iterdir()] == ["main.polar"]


def test_line_ends_of_a_file_stay(app: Flask, file: Path) -> None:
    """A file with the line ends of Windows keeps them."""
    file.write_bytes(OLD.replace("\n", "\r\n").encode())

    send(app.test_client(), NEW, "save")

    assert file.read_bytes() == NEW.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    "text",
    [
        "allow(",
        "allow(_, _, _: Nothing) if nothing();",
        '?= allow("nobody", "read", "page");\n' + OLD,
    ],
)
def test_draft_with_errors_is_never_written(app: Flask, file: Path, text: str) -> None:
    """What does not load is not saved, whatever the form says."""
    status, page = send(app.test_client(), text, "save")

    assert status == 409
    assert "The draft has errors, and is not saved." in page
    assert file.read_text() == OLD
    assert oso_of(app).is_allowed("ann", "read", "page")


def test_file_that_changed_meanwhile_is_not_overwritten(app: Flask, file: Path) -> None:
    """What an editor wrote after the page was made stays."""
    client = app.test_client()
    page = client.get(DRAFT).text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    file.write_text("# by an editor\n" + OLD)

    response = client.post(DRAFT, data={**fields, "text": NEW, "do": "save"})

    assert response.status_code == 409
    assert file.read_text() == "# by an editor\n" + OLD


def test_load_that_fails_gives_the_file_its_text_back(
    app: Flask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure after the check leaves the file and the policy as they were."""

    def fail(*args: object, **options: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(Oso, "load_files", fail)
    status, page = send(app.test_client(), NEW, "save")

    assert (status, "has its text back" in page) == (409, True)
    assert file.read_text() == OLD


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.polar", "policies/other.polar"])
def test_only_files_of_the_policy_are_read_and_written(app: Flask, file: Path, name: str) -> None:
    """A name of another file is taken for none: the first file of the policy is shown."""
    other = file.parent / "other.polar"
    other.write_text("# not loaded\n")

    status, page = send(app.test_client(), NEW, "check", file=name)

    assert (status, "not loaded" in page) == (200, False)
    assert other.read_text() == "# not loaded\n"


@pytest.mark.parametrize("token", ["", "wrong"])
def test_draft_without_its_token_is_refused(app: Flask, file: Path, token: str) -> None:
    """Another site cannot send the form."""
    status, _ = send(app.test_client(), NEW, "save", token=token)

    assert status == 403
    assert file.read_text() == OLD


def test_draft_from_another_origin_is_refused(app: Flask, file: Path) -> None:
    """Also with the token, a form comes from a page of the explorer."""
    client = app.test_client()
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', client.get(DRAFT).text))
    data = {**fields, "text": NEW, "do": "save"}

    response = client.post(DRAFT, data=data, headers={"Origin": "http://evil.example"})

    assert response.status_code == 403
    assert file.read_text() == OLD


def test_draft_shows_who_gains_and_who_loses(visitor: FlaskClient, shown: Flask) -> None:
    """The draft is compared with the policy in force on the rows of the database."""
    page = visitor.get(f"{DRAFT}?file=policies/issues.polar").text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    old = (Path(shown.root_path) / "policies" / "issues.polar").read_text()
    data = {**fields, "text": old.replace('"close" if "author";', ""), "do": "check"}

    page = re.sub(r"\s+", " ", visitor.post(DRAFT, data=data).text)

    assert "may no longer <b>close</b> Issue" in page
    assert "User:3 → Issue:3" in page


def test_failed_write_leaves_no_file_behind(
    app: Flask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full leaves the file as it was, and nothing beside it."""

    def fail(*args: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(os, "replace", fail)
    status, _ = send(app.test_client(), NEW, "save")

    assert status == 500
    assert [each.name for each in file.parent.iterdir()] == ["main.polar"]
    assert file.read_text() == OLD


# -- lint and tests --------------------------------------------------------------------

READS = 'test "ben reads" { assert allow("ben", "read", "page"); }\n'
SECRET = (
    'allow(user: User, "read", _) if user.nick = "x";\n'
    'test "nick" { assert allow(User{nick: "of-nobody-else"}, "read", "page"); }\n'
)


def part_of(page: str, title: str) -> str:
    """Give the text of one section of a page, without its tags."""
    section = page.partition(f"<h3>{title}</h3>")[2].partition("</section>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", section)))


def test_draft_is_linted(app: Flask) -> None:
    """What is wrong with a draft that loads has its code and its place on the page."""
    _, page = send(app.test_client(), "allow(_, _, _);\n")

    assert "policies/main.polar:1 OSO401 allows-everything" in part_of(page, "Findings")


def test_draft_with_warnings_can_be_saved(app: Flask, file: Path) -> None:
    """Only errors of the check keep a draft from being saved."""
    status, _ = send(app.test_client(), "allow(_, _, _);\n", "save")

    assert (status, file.read_text()) == (200, "allow(_, _, _);\n")


def test_note_about_a_rule_hides_no_warning_about_it(app: Flask) -> None:
    """Two findings at one place are both shown, if they say different things."""
    _, page = send(app.test_client(), 'allow(_, _, _) if print("asked");\n')

    assert "Left to the solver" in part_of(page, "Findings")
    assert "OSO402 open-actor" in part_of(page, "Findings")


def test_finding_of_check_and_lint_is_shown_once(app: Flask) -> None:
    """The lint finds what the check finds, and the page has it once."""
    _, page = send(app.test_client(), 'allow(_, "read", _: Nothing);\n')

    assert part_of(page, "Findings").count("Unknown specializer") == 1


def test_draft_with_a_syntax_error_is_shown_with_it(app: Flask) -> None:
    """A draft that cannot be parsed has one finding, and no tests are run."""
    _, page = send(app.test_client(), "allow(")

    assert page.count('class="x-chip x-is-error"') == 1
    assert "<h3>Tests</h3>" not in page


def test_tests_run_on_the_draft_and_not_on_the_file(app: Flask) -> None:
    """A test passes if the draft fulfills it, though the policy in force does not."""
    _, page = send(app.test_client(), NEW + READS)

    assert "1 passed" in part_of(page, "Tests")
    assert "ben reads" in part_of(page, "Tests")


def test_tests_of_another_file_run_on_the_draft(app: Flask, file: Path) -> None:
    """A test that stands in another file of the policy fails by the draft."""
    (file.parent / "tests.polar").write_text(READS)
    oso_of(app).load_files([str(file), str(file.parent / "tests.polar")], replace=True)

    _, page = send(app.test_client(), OLD)

    assert 'failed ben reads policies/tests.polar:1 test "ben reads"' in part_of(page, "Tests")


def test_failed_test_is_shown_with_its_proof(app: Flask) -> None:
    """What was asserted, what was found and why stand below the name of a test."""
    _, page = send(app.test_client(), OLD + READS)

    assert "policies/main.polar:2" in part_of(page, "Tests")
    assert "It does not hold." in part_of(page, "Tests")
    assert 'DENIED: "ben" may not "read" "page".' in part_of(page, "Tests")


def test_broken_test_is_told_from_a_failed_one(app: Flask) -> None:
    """A test that names something which does not exist has no answer."""
    _, page = send(app.test_client(), NEW + 'test "odd" { assert allow(Usr{"a"}, "read", "b"); }')

    assert "1 broken" in part_of(page, "Tests")
    assert "No class is registered as `Usr`." in part_of(page, "Tests")


def test_texts_of_a_test_are_escaped(app: Flask) -> None:
    """A name and an argument are no HTML."""
    text = 'test "<i>" { assert allow("ann", "read", "<i>"); }'
    _, page = send(app.test_client(), OLD + text)

    assert "<i>" not in page
    assert "&lt;i&gt;" in page


def test_proof_of_a_test_is_redacted(file: Path) -> None:
    """Values that OSO_REDACT names are not shown in the proof of a test."""
    app = make_app(
        folder=file.parent.parent,
        DEBUG=True,
        OSO_POLICIES="policies/*.polar",
        OSO_REDACT=["nick"],
    )
    FlaskOso(app=app).oso.register_class(User)

    _, page = send(app.test_client(), SECRET)

    assert "user.nick is [redacted]" in part_of(page, "Tests")


def test_policy_without_tests_says_how_to_write_one(app: Flask) -> None:
    """Where there is no test, the page has the words for the first one."""
    _, page = send(app.test_client(), NEW)

    assert "The policy has no tests." in part_of(page, "Tests")


def test_failed_tests_do_not_keep_a_draft_from_being_saved(app: Flask, file: Path) -> None:
    """A test may be what is wrong: its author saves, and sees what failed."""
    status, page = send(app.test_client(), OLD + READS, "save")

    assert (status, file.read_text()) == (200, OLD + READS)
    assert "1 failed" in part_of(page, "Tests")


def test_file_that_changes_while_tests_run_is_not_overwritten(app: Flask, file: Path) -> None:
    """The file is read again after the tests, which may take long."""
    oso_of(app).register_constant(file, "page")
    rule = 'allow("ben", "read", "page") if page.write_text("# by an editor") > 0;\n'

    status, _ = send(app.test_client(), rule + READS, "save")

    assert (status, file.read_text()) == (409, "# by an editor")
