"""The command ``flask oso lint``, which also runs without an application."""

from __future__ import annotations

import io
import typing as t
from collections.abc import Callable, Sequence

import click
from flask import Flask
from flask.cli import NoAppException

from ...enforcement.audit.asked_actions import findings_about_app
from ...oso import Oso
from ...polar.exceptions import OsoError
from ...polar.polar import read_source
from ...polar.tools.lint.codes import Code
from ...polar.tools.lint.linter import (
    CODES_OF_APPLICATIONS,
    LintFinding,
    LintResult,
    lint_with_stand_ins,
)
from ...polar.tools.policy_check import Severity, findings_of
from ..terminal.findings import annotate, counted, with_short_path
from ..terminal.output import echo, format_option, show_json, show_table
from ..terminal.running import (
    POLICY_ERRORS,
    Exit,
    enter_app,
    exit_on_errors,
    tell_of_no_policy,
    this_oso,
)
from .sarif import sarif_log

_HELP = """Find what is wrong with a policy though it loads.

The policy is that of the application, or FILES.

Each finding has a code, which a page of the documentation explains: rules that add nothing or
never apply, permissions and roles that nobody has, actions that nothing asks for, rules that
allow everybody or everything. The findings of 'flask oso check' about the policy are among
them.

A comment ignores findings in its line, or in the next one if it stands alone. It names the
codes, and says why:

\b
  # oso: ignore[OSO402] everybody may report a fault
  allow(_, "report", _: Fault);

Exits with 1 if there is a finding that is no note.

\b
  flask oso lint
  flask oso lint --format github           in CI: annotations beside the lines
  flask oso lint --format sarif > lint.sarif
  python -m flask_oso lint policy.polar    without the application
"""


@click.command("lint", help=_HELP)
@click.argument("files", nargs=-1, type=click.Path())
@format_option(
    "table", "github", "json", "sarif", help="For people, annotations for GitHub, JSON, or SARIF."
)
@click.pass_context
def lint(context: click.Context, files: tuple[str, ...], layout: str) -> None:
    """Print findings."""
    with exit_on_errors(Exit.MISCONFIGURED):
        findings = [with_short_path(each) for each in _findings(files)]
        show = _LAYOUTS[layout]
        show(findings)
    is_bad = any(each.severity is not Severity.NOTE for each in findings)
    context.exit(Exit.NO if is_bad else Exit.GOOD)


def _findings(files: Sequence[str]) -> tuple[LintFinding, ...]:
    try:
        # The output of the load is dropped: its warnings are among the findings.
        app = enter_app(io.StringIO())
    except (NoAppException, *POLICY_ERRORS) as error:
        if not files:
            if isinstance(error, NoAppException):
                raise
            return _of_error(error)
        if not isinstance(error, NoAppException):
            echo("The app does not start, so its classes are not known here.", err=True)
        return _without_app(lint_with_stand_ins([read_source(name) for name in files]))
    oso = this_oso()
    if files:
        return _without_app(oso.lint_files(files))
    tell_of_no_policy(oso)
    return _with_app(app, oso)


def _of_error(error: OsoError) -> tuple[LintFinding, ...]:
    found = findings_of(error)
    return tuple(LintFinding(Code.LOAD_ERROR, each.message, *each.place) for each in found)


def _without_app(result: LintResult) -> tuple[LintFinding, ...]:
    return result.settled([each for each in Code if each not in CODES_OF_APPLICATIONS])


def _with_app(app: Flask, oso: Oso) -> tuple[LintFinding, ...]:
    result = oso.lint_files()
    return result.with_findings(findings_about_app(app, result)).settled()


# -- printing ------------------------------------------------------------------------


def _show_table(findings: Sequence[LintFinding]) -> None:
    if findings:
        rows = [[_place(each), each.code.number, each.code.title, _text(each)] for each in findings]
        show_table(("Where", "Code", "Name", "What"), rows)
        echo()
    echo(counted(findings))


def _place(found: LintFinding) -> str:
    parts = (found.file, found.line, found.column)
    return ":".join(str(each) for each in parts if each is not None)


def _text(found: LintFinding) -> str:
    """Give the first paragraph of a message, without the place that stands beside it."""
    if found.line is not None:
        fact = found.message.partition("\n")[0].partition(" at line ")[0]
        return fact if found.code is not Code.LOAD_ERROR else f"{fact}{_help(found.message)}"
    return " ".join(found.message.partition("\n\n")[0].removeprefix("Warning: ").split())


def _help(message: str) -> str:
    """Give what the message of a load that failed advises, below the line with the caret."""
    below = message.rstrip().rpartition("\n")[2]
    return "" if below.startswith("\t") else f". {below}"


def _show_github(findings: Sequence[LintFinding]) -> None:
    for each in findings:
        annotate(each, f"{each.code.number} {each.code.title}")


def _show_json(findings: Sequence[LintFinding]) -> None:
    show_json({"findings": [*map(_record, findings)]})


def _record(found: LintFinding) -> dict[str, t.Any]:
    return {
        "code": found.code.number,
        "name": found.code.title,
        "severity": found.severity.value,
        "message": found.message,
        "file": found.file,
        "line": found.line,
        "column": found.column,
    }


_LAYOUTS: t.Final[dict[str, Callable[[Sequence[LintFinding]], None]]] = {
    "table": _show_table,
    "github": _show_github,
    "json": _show_json,
    "sarif": lambda findings: show_json(sarif_log(findings)),
}
