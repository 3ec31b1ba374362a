"""The page on which the policy is changed: what is written, and what never is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_oso import FlaskOso, Oso
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
    assert "Nothing is wrong." in page
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
