"""Reasons for denials: what the policy says to those who are denied, and when it is asked."""

from __future__ import annotations

import logging
import typing as t

import pytest
from flask import Flask

from flask_oso import FlaskOso, Oso, OsoError, authorize
from tests.support.sites import make_app, make_oso

POLICY = """
allow("ana", "read", _: Note);
allow("ana", "edit", note: Note) if not note.locked;
allow("root", "delete", _: Note);

denial_reason("ana", _, _: Note, "You may only read this.");
denial_reason("ana", "edit", note: Note, "It is locked since noon.", "locked") if note.locked;
denial_reason("ben", _, _, "Ask <b>ana</b>.");
denial_reason("eve", _, note: Note, "never") if note.missing;
denial_reason("dan", _, _, 7);
"""


class Note:
    """What is denied."""

    def __init__(self, locked: bool = False) -> None:
        self.locked = locked


@pytest.fixture
def oso() -> Oso:
    """Give a policy with reasons."""
    return make_oso(POLICY, Note)


def site_of(oso: Oso, actor: str, note: Note | None, **config: t.Any) -> Flask:
    """Make an app that shows, edits and deletes one note, for one actor."""
    app = make_app(**config)
    guard = FlaskOso(oso, app)
    guard.set_get_actor(lambda: actor)
    guard.loader(Note)(lambda number: note)
    for action in ("read", "edit", "delete"):
        view = authorize(action, Note)(lambda note: "SECRET")
        app.add_url_rule(f"/{action}/<int:note_id>", action, view)
    app.add_url_rule("/inside", "inside", lambda: guard.authorize(note, action="delete") or "")
    return app


def test_most_specific_reason_counts(oso: Oso) -> None:
    """Of two rules that apply, the one with a code and a narrower condition answers."""
    reason = oso.denial_reason("ana", "edit", Note(locked=True))

    assert reason is not None
    assert (reason.text, reason.code) == ("It is locked since noon.", "locked")


def test_reason_without_code(oso: Oso) -> None:
    """A rule of four parameters gives a text alone."""
    reason = oso.denial_reason("ana", "delete", Note())

    assert reason is not None
    assert (reason.text, reason.code) == ("You may only read this.", None)


def test_no_reason_is_none(oso: Oso) -> None:
    """Nobody is told anything that no rule says."""
    assert oso.denial_reason("zoe", "read", Note()) is None


def test_policy_without_such_rules_has_no_reasons() -> None:
    """A policy need not have reasons."""
    assert make_oso(POLICY.partition("denial")[0], Note).denial_reason("ben", "read", 1) is None


def test_reason_that_is_no_text_is_an_error(oso: Oso) -> None:
    """What a rule gives has to be a text, and the message shows one."""
    with pytest.raises(OsoError, match=r'denial_reason\(_, "edit", note: Note, "It is locked."\)'):
        oso.denial_reason("dan", "read", Note())


def test_reasons_allow_nothing(oso: Oso) -> None:
    """A reason that applies does not make an allowed action of a denied one."""
    assert not oso.is_allowed("ben", "read", Note())


def test_page_shows_the_reason(oso: Oso) -> None:
    """The page of a 403 has the text in place of its own."""
    response = site_of(oso, "ana", Note(locked=True)).test_client().get("/edit/1")

    assert (response.status_code, "It is locked since noon." in response.text) == (403, True)


def test_problem_details_have_text_and_code(oso: Oso) -> None:
    """Programs read the text as ``detail``, and compare ``code``."""
    client = site_of(oso, "ana", Note(locked=True)).test_client()

    details = client.get("/edit/1", headers={"Accept": "application/json"}).get_json(force=True)

    assert (details["detail"], details["code"]) == ("It is locked since noon.", "locked")


def test_problem_details_without_code(oso: Oso) -> None:
    """A reason without a code adds no member."""
    client = site_of(oso, "ana", Note()).test_client()

    details = client.get("/delete/1", headers={"Accept": "application/json"}).get_json(force=True)

    assert details["detail"] == "You may only read this."
    assert "code" not in details


def test_error_handler_is_given_the_reason(oso: Oso) -> None:
    """A handler of the application reads the reason from the error."""
    app = site_of(oso, "ana", Note(locked=True))
    app.register_error_handler(403, lambda error: (f"{error.reason.code}!", 403))

    assert app.test_client().get("/edit/1").text == "locked!"


def test_reason_is_escaped_in_the_page(oso: Oso) -> None:
    """A text of the policy is text, and no HTML."""
    response = site_of(oso, "ben", Note()).test_client().get("/inside")

    assert "Ask &lt;b&gt;ana&lt;/b&gt;." in response.text


def test_hidden_object_has_no_reason(oso: Oso) -> None:
    """What answers 404 says nothing, though a rule has a text for it."""
    client = site_of(oso, "ben", Note()).test_client()

    response = client.get("/read/1", headers={"Accept": "application/json"})

    assert (response.status_code, "ana" in response.text) == (404, False)


def test_missing_object_answers_as_a_hidden_one(oso: Oso) -> None:
    """No rule is asked about an object that there is not."""
    hidden = site_of(oso, "ben", Note()).test_client().get("/read/1")
    missing = site_of(make_oso(POLICY, Note), "ben", None).test_client().get("/read/1")

    assert (missing.status_code, missing.data) == (hidden.status_code, hidden.data)


def test_error_in_a_reason_costs_the_reason_only(
    oso: Oso, caplog: pytest.LogCaptureFixture
) -> None:
    """A rule that fails leaves the denial as it is, and is logged."""
    with caplog.at_level(logging.ERROR):
        response = site_of(oso, "eve", Note()).test_client().get("/inside")

    assert (response.status_code, "Unauthorized" in response.text) == (403, True)
    assert "The reason for a denial could not be found; it is denied without." in caplog.text


def test_reason_is_not_asked_for_what_is_allowed(oso: Oso) -> None:
    """Who is allowed costs no further question, and gets the answer of the view."""
    asked: list[t.Any] = []
    app = site_of(oso, "ana", Note(), OSO_TRANSLATE=asked.append)

    response = app.test_client().get("/edit/1")

    assert (response.text, asked) == ("SECRET", [])


def test_reason_is_translated(oso: Oso) -> None:
    """The application translates the texts of its policy."""
    app = site_of(oso, "ana", Note(), OSO_TRANSLATE={"You may only read this.": "Nur lesen."}.get)

    assert "Nur lesen." in app.test_client().get("/delete/1").text


def test_translator_may_be_named(oso: Oso) -> None:
    """A configuration file names the function."""
    app = site_of(oso, "ana", Note(), OSO_TRANSLATE="html:unescape")

    assert "You may only read this." in app.test_client().get("/delete/1").text


@pytest.mark.parametrize("value", [7, "nothing.like:this"])
def test_translator_that_is_none_is_told(oso: Oso, value: t.Any) -> None:
    """A configuration that cannot work is refused when the app starts."""
    with pytest.raises(OsoError, match="OSO_TRANSLATE"):
        site_of(oso, "ana", Note(), OSO_TRANSLATE=value)


def test_reason_that_nobody_asks_is_an_error() -> None:
    """A rule with another number of parameters is no silence: the error says which are asked."""
    oso = make_oso('denial_reason(_, "edit", "It is locked.");', Note)

    with pytest.raises(OsoError, match=r"has 3 parameters, and is never asked\. It has four"):
        oso.denial_reason("ana", "edit", Note())
