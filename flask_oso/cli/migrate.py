"""``flask oso migrate-check``: what a program for oso 0.27 has to change. It is not run."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

import click

from ..migration.findings import Code, Finding
from ..migration.migration_check import MigrationReport, check_program
from ..polar.spelling import with_count
from .terminal.output import echo, format_option, show_annotation, show_json, show_table, shown_path
from .terminal.running import Exit, MisuseError, exit_on_errors

_HELP = """Find what a program for oso 0.27 has to change.

Reads the Python files, the policies and the lists of requirements at and below PATHS, by
default of the current directory, and runs nothing of them. 'docs/migrating.md' has a section
for each code.

Exits with 1 if there is a finding, with 2 if a path is missing or a file cannot be read, and
with 3 if a policy is not Polar.

\b
  flask oso migrate-check
  flask oso migrate-check app tests --format json
  python -m flask_oso migrate-check            without an application
"""


@click.command("migrate-check", help=_HELP)
@click.argument("paths", nargs=-1, type=click.Path())
@format_option("table", "json", "github")
@click.pass_context
def migrate_check(context: click.Context, paths: tuple[str, ...], layout: str) -> None:
    """Print findings."""
    with exit_on_errors(Exit.MISCONFIGURED):
        report = _checked(paths or (".",))
        _show(report, layout)
        for problem in report.unreadable:
            echo(f"Error: {problem}", err=True)
    context.exit(_code_of(report))


def _checked(paths: Sequence[str]) -> MigrationReport:
    try:
        return check_program(paths)
    except FileNotFoundError as error:
        raise MisuseError(f"There is no file or folder {error}.") from None


def _code_of(report: MigrationReport) -> Exit:
    if any(each.code is Code.NOT_POLAR for each in report.findings):
        return Exit.BROKEN
    if report.unreadable:
        return Exit.MISCONFIGURED
    return Exit.NO if report.findings else Exit.GOOD


def _show(report: MigrationReport, layout: str) -> None:
    if layout == "json":
        findings = [_record(each) for each in report.findings]
        show_json({"files": report.files, "findings": findings})
    elif layout == "github":
        for each in report.findings:
            show_annotation(
                f"{each.code} {each.message}",
                file=shown_path(each.file),
                line=each.line,
                level="warning",
                title="Migration",
            )
    else:
        _show_findings(report)


def _record(finding: Finding) -> dict[str, t.Any]:
    return finding._asdict() | {"file": shown_path(finding.file)}


def _show_findings(report: MigrationReport) -> None:
    if report.findings:
        rows = [
            (f"{shown_path(each.file)}:{each.line}", each.code, each.message)
            for each in report.findings
        ]
        show_table(("Place", "Code", "What to change"), rows)
    found, files = len(report.findings), with_count(report.files, "file")
    echo(f"{with_count(found, 'finding') if found else 'Nothing to change'} in {files}.")
