"""What commands, the REPL and proofs print commands no terminal, and no value forges a line."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import typing as t
from pathlib import Path

import pytest
from flask import Flask

from flask_oso import FlaskOso, Oso, OsoError
from flask_oso.cli.terminal.output import show_annotation, show_json, show_table
from flask_oso.polar import Polar
from tests.support.sites import make_app

#: A line end, a command to the terminal, C1 and DEL, two ends of lines of Unicode, an override.
EVIL = "a\nFORGED\r\x1b[31m\x9b2J\x7f\u2028\u2029\x85\u202e\u2066\b"
UNSEEN = set("\r\x1b\x9b\x7f\u2028\u2029\x85\u202e\u2066\b")
POLICY = """
allow(user: User, "read", page: Page) if user.name = page.name and page.name = "other";
allow(user: User, "fail", page: Page) if user.fail() and page.name = "other";
allow(user: User, "type", page: Page) if user.name and page.name;
allow(user: User, "order", page: Page) if user.name > 3 and page.name = 1;
allow(user: User, "miss", page: Page) if user.lost = page;
allow(_: User, action, _: Page) if action = "a\\nFORGED\u00a0";
"""


class User:
    """An actor whose name comes from a form."""

    def __init__(self, key: t.Any) -> None:
        self.id = EVIL
        self.name = EVIL

    def fail(self) -> t.NoReturn:
        raise ValueError(EVIL)

    @property
    def lost(self) -> t.NoReturn:
        raise AttributeError(EVIL)

    def __repr__(self) -> str:
        return f"User {EVIL}"


class Page(User):
    """A resource likewise."""


def make_site(name: str = "policy.polar") -> Flask:
    """Make an app whose data are of somebody else."""
    app, oso = make_app(), Oso()
    oso.register_class(User)
    oso.register_class(Page)
    extension = FlaskOso(oso, app)
    extension.loader(User)(User)
    extension.loader(Page)(Page)
    oso.load_str(POLICY)
    return app


def check(text: str) -> None:
    """Fail if a text commands a terminal, or has a line that a value brought."""
    assert UNSEEN.isdisjoint(text)
    assert not [line for line in text.split("\n") if line.strip().startswith("FORGED")]
    assert "FORGED" in text


@pytest.mark.parametrize(
    "command",
    [
        ("explain", "User:1", "read", "Page:1"),
        ("explain", "User:1", "fail", "Page:1"),
        ("explain", "User:1", "type", "Page:1"),
        ("explain", "User:1", "order", "Page:1"),
        ("explain", "User:1", "miss", "Page:1"),
        ("explain", EVIL, "read", "Page:1"),
        ("explain", "User:1", EVIL, "Page:1"),
        ("explain", "User:1", "read", f"Nothing:{EVIL}"),
        ("actions", "User:1", "Page:1"),
        ("query", "x = user.name", "user=User:1"),
        ("query", "x = [user]", "user=User:1"),
        ("query", "user.fail()", "user=User:1"),
        ("query", "user.name > 3", "user=User:1"),
        ("query", "user.lost = 1", "user=User:1"),
        ("query", "print(user.name)", "user=User:1"),
        ("query", "x = user.name", "user=User:1", "--format", "json"),
        ("check", f"{EVIL}.polar"),
        ("fmt", f"{EVIL}.polar"),
        ("fmt", f"{EVIL}.txt"),
        (EVIL,),
    ],
    ids=lambda command: " ".join(command).partition("\n")[0],
)
def test_command_prints_what_is_seen(run: t.Any, command: tuple[str, ...]) -> None:
    """Wherever the text is from: data, an exception, the command line."""
    app = make_site()

    check(run(app, *command).output)


def test_exception_of_a_loader_is_shown(run: t.Any) -> None:
    """The message of a traceback is one line."""
    app = make_site()
    app.extensions["oso"].extension.loader(Page)(lambda key: User(key).fail())

    result = run(app, "explain", "User:1", "read", "Page:1")

    check(result.stderr)
    assert result.stderr.splitlines()[-1].startswith("ValueError: a\\u{a}FORGED")


@pytest.mark.parametrize("name", ["check", "fmt"])
def test_policy_with_such_characters_is_shown(
    run: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Comments and names of files with control characters are shown with escapes."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a\nFORGED\x1b[31m\u2028.polar"
    path.write_text("f( 1 );  # \x1b[31m\x9b\x7fFORGED\nf(;", encoding="utf-8")

    check(run(make_site(), name, str(path)).output)


def test_difference_is_shown(run: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment that is moved is a comment."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a\nFORGED.polar").write_text("f( 1 );  # \x1b[31m\n", encoding="utf-8")

    output = run(make_site(), "fmt", "--diff", "a\nFORGED.polar").output

    check(output)
    assert "+f(1);  # \\u{1b}[31m\n" in output


def test_formatted_input_is_the_policy(run: t.Any) -> None:
    """What an editor reads back has no escapes."""
    result = run(make_site(), "fmt", "-", input="f( 1 );  # \u200d\n")

    assert result.stdout == "f(1);  # \u200d\n"


# -- tables and data -------------------------------------------------------------------


def test_table_has_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    """A cell has no line end."""
    show_table(["x", "y"], [[EVIL, "1"], ["b", "2"]])

    output = capsys.readouterr().out
    check(output)
    assert len(output.splitlines()) == 3


def test_json_is_the_same_data(capsys: pytest.CaptureFixture[str]) -> None:
    """Its escapes are those of JSON."""
    show_json({EVIL: [EVIL, "ü\U000e0001"]})

    output = capsys.readouterr().out
    check(output)
    assert json.loads(output) == {EVIL: [EVIL, "ü\U000e0001"]}
    assert "ü" in output


def test_annotation_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An annotation is one line, as its format demands."""
    show_annotation(EVIL, file=EVIL, line=1)

    output = capsys.readouterr().out
    check(output)
    assert output.count("\n") == 1


# -- the REPL, proofs and logs -------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "x = user.name",
        "x = user",
        "x = [user, user.name]",
        "user.fail()",
        "user.lost = 1",
        "user.name > 3",
        "user.name",
        "print(user.name)",
        "print(user)",
    ],
)
def test_repl_prints_what_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], query: str
) -> None:
    """Bindings and errors have no lines of their own."""
    polar = Polar()
    polar.register_constant(User(1), "user")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{query}\n"))

    polar.repl()

    check(capsys.readouterr().out)


def test_debugger_prints_what_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Values of variables that the debugger shows have no lines of their own."""
    polar = Polar()
    polar.register_constant(User(1), "user")
    commands = "x = user.name and debug() and y = x\nvar x\nbindings\nstack\ngoals\nc\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(commands))

    polar.repl()

    check(capsys.readouterr().out)


@pytest.mark.parametrize("level", ["info", "trace"])
@pytest.mark.parametrize("action", ["read", "fail", "type", "order"])
def test_trace_prints_what_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], level: str, action: str
) -> None:
    """A line of a trace is one of ours."""
    app = make_site()
    monkeypatch.setenv("POLAR_LOG", level)

    with contextlib.suppress(Exception):
        app.extensions["oso"].oso.is_allowed(User(1), action, Page(1))
    with contextlib.suppress(Exception):
        list(app.extensions["oso"].oso.query_rule("allow", EVIL, action, Page(1)))

    check(capsys.readouterr().out)


@pytest.mark.parametrize("action", ["read", "fail", "type", "order", "miss", EVIL])
def test_proof_prints_what_is_seen(action: str) -> None:
    """A proof prints what is seen, as a text and as HTML, where a line end is a blank."""
    proof = make_site().extensions["oso"].oso.explain(User(1), action, Page(1))

    check(str(proof))
    assert UNSEEN.isdisjoint(proof.to_html())


@pytest.mark.parametrize("action", ["type", "order", "miss"])
def test_message_of_an_error_has_no_line_of_a_value(action: str) -> None:
    """The message of an error may go to a log or a page, and has no line of a value."""
    with pytest.raises(OsoError) as caught:
        make_site().extensions["oso"].oso.is_allowed(User(1), action, Page(1))

    check(str(caught.value))


def test_log_of_the_decision_has_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """The key of an object may come from a form."""
    site = make_site()
    caplog.set_level(logging.INFO, "flask_oso.decisions")

    with site.test_request_context(), contextlib.suppress(Exception):
        site.extensions["oso"].extension.authorize(Page(1), actor=User(1), action=EVIL)

    check(caplog.messages[0])
