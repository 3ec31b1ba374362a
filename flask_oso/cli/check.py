"""``flask oso check``: all findings about the policy, also if the application does not start."""

from __future__ import annotations

import io
import typing as t
from collections.abc import Sequence

import click
from flask.cli import NoAppException

from ..enforcement.audit.guard_findings import findings_about_guards
from ..enforcement.policy_classes import register_late
from ..oso import Oso
from ..polar.characters import with_escapes
from ..polar.spelling import with_count
from ..polar.tools.policy_check import Finding, Severity, findings_of
from .terminal.findings import annotate, counted, with_short_path
from .terminal.output import echo, format_option, show_json
from .terminal.running import (
    POLICY_ERRORS,
    Exit,
    enter_app,
    exit_on_errors,
    tell_of_no_policy,
    this_oso,
    this_state,
)

_HELP = """Check the policy, or FILES, and list all findings.

The policy is that of the application, read again. Besides the errors and warnings of a
load, findings are attributes that no class has, actions and classes in decorators that the
policy does not know, guards that do not fit their routes or whose objects nothing loads,
and, as notes, rules that cannot be compiled. If the application does not start because of
its policy, the errors of the policy are listed.

Exits with 1 if there is an error, with '--strict' also for warnings.

\b
  flask oso check
  flask oso check --strict --format github    in CI: annotations beside the lines
  flask oso check draft.polar                 against the classes of the app
"""


class _Result(t.NamedTuple):
    """The findings, and the number of rules if the policy loads."""

    findings: list[Finding]
    rules: int | None = None


@click.command("check", help=_HELP)
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@format_option("text", "json", "github")
@click.pass_context
def check(context: click.Context, files: tuple[str, ...], strict: bool, layout: str) -> None:
    """Print findings."""
    with exit_on_errors(Exit.MISCONFIGURED):
        result = _check(files)
        findings = [with_short_path(finding) for finding in result.findings]
        _show(findings, result.rules, layout)
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    context.exit(Exit.NO if any(each.severity in bad for each in findings) else Exit.GOOD)


def _check(files: Sequence[str]) -> _Result:
    try:
        # The output of the load is dropped: its warnings are among the findings.
        app = enter_app(io.StringIO())
    except POLICY_ERRORS as error:
        if files:
            echo("The app does not start, so its classes are not known here.", err=True)
            return _check_files(Oso(), files)
        return _Result(findings_of(error))
    except NoAppException:
        if not files:
            raise
        return _check_files(Oso(), files)
    oso = this_oso()
    # What guards name is registered before the first request.
    register_late(app, this_state())
    if files:
        return _check_files(oso, files)
    tell_of_no_policy(oso)
    checked = _check_files(oso, None)
    return checked._replace(findings=[*checked.findings, *findings_about_guards(app, oso)])


def _check_files(oso: Oso, files: Sequence[str] | None) -> _Result:
    checked = oso.check_files(files)
    rules = None if checked.engine is None else checked.engine.policy.rule_count
    return _Result([*checked.findings], rules)


# -- printing ------------------------------------------------------------------------


def _show(findings: Sequence[Finding], rules: int | None, layout: str) -> None:
    if layout == "json":
        show_json({"rules": rules, "findings": [*map(_record, findings)]})
    elif layout == "github":
        for each in findings:
            annotate(each, "Policy")
    else:
        for each in findings:
            # One of the texts of oso says itself that it is a warning.
            message = each.message.removeprefix("Warning: ")
            echo(f"{each.severity.value}: {message}{_where(each)}")
        loaded = "" if rules is None else f"{with_count(rules, 'rule')}. "
        echo(loaded + counted(findings))


def _record(finding: Finding) -> dict[str, t.Any]:
    return finding._asdict() | {"severity": finding.severity.value}


def _where(finding: Finding) -> str:
    """Give the place of a finding whose message does not contain it."""
    if finding.file is None or " of file " in finding.message or finding.file in finding.message:
        return ""
    return f" ({with_escapes(finding.file)}:{finding.line})"
