"""``flask oso routes``: every route of the application, and how it is guarded."""

from __future__ import annotations

import collections
import fnmatch
import typing as t
from collections.abc import Sequence

import click
from flask import current_app

from ..app_state import AppState
from ..config import Enforcement
from ..enforcement.audit.route_audit import GAPS, RouteStatus, Row, audit_routes
from ..enforcement.audit.route_texts import (
    action_of,
    argument_of,
    guard_of,
    requirement,
    resource_of,
)
from ..guards.view_guards import Guard, GuardKind
from ..polar.spelling import with_count
from .terminal.output import echo, format_option, show_annotation, show_json, show_table, shown_path
from .terminal.running import Exit, this_state, with_app

_HEADINGS = ("Endpoint", "Methods", "URL", "Guard", "Action", "Resource", "Where", "Remark")
_TITLES = {
    RouteStatus.UNGUARDED: "Route without authorization",
    RouteStatus.MISPLACED: "Route without authorization",
    RouteStatus.MISTAKEN: "Route whose guards cannot be meant",
}
#: Statuses with which the application never serves.
_WRONG = frozenset({RouteStatus.MISPLACED, RouteStatus.MISTAKEN})
_STYLES = {RouteStatus.GUARDED: "", RouteStatus.SKIPPED: "yellow", RouteStatus.EXEMPT: "dim"}

_HELP = """List every route, and how it is guarded.

Exits with 1 if a route is a gap: it has no guard, a decorator is placed where it has no
effect, or guards contradict each other or the route. The exit code is about all routes,
also those that are not shown.

\b
  flask oso routes
  flask oso routes --gaps --format github    in CI: annotations beside the lines
  flask oso routes --skipped                 what is open, and why
  flask oso routes --endpoint 'admin.*'
"""


@click.command("routes", help=_HELP)
@click.option("--gaps", is_flag=True, help="Show only routes that are not guarded.")
@click.option("--skipped", is_flag=True, help="Show only routes that are open, with the reason.")
@click.option("--endpoint", metavar="PATTERN", help="Show only endpoints like 'admin.*'.")
@format_option(
    "table", "json", "github", help="A table, JSON, or annotations for GitHub of the gaps."
)
@with_app
def routes(gaps: bool, skipped: bool, endpoint: str | None, layout: str) -> Exit:
    """List the routes."""
    rows = audit_routes(current_app._get_current_object()).rows  # type: ignore[attr-defined]
    wanted = {RouteStatus.SKIPPED} if skipped else set()
    wanted |= GAPS if gaps else set()
    shown = [
        row
        for row in rows
        if row.status in (wanted or RouteStatus)
        and fnmatch.fnmatchcase(row.endpoint, endpoint or "*")
    ]
    if layout == "json":
        show_json({"app": current_app.name, **_summary(rows), "routes": [*map(_record, shown)]})
    elif layout == "github":
        _annotate([row for row in shown if row.is_gap])
    else:
        _show(shown, rows)
    return Exit.NO if any(row.is_gap for row in rows) else Exit.GOOD


# -- as a table ----------------------------------------------------------------------


def _show(shown: Sequence[Row], rows: Sequence[Row]) -> None:
    if shown:
        styles = [_STYLES.get(row.status, "bold red") for row in shown]
        show_table(_HEADINGS, [*map(_cells, shown)], styles)
        echo()
    for line in _notes(rows, this_state()):
        echo(line)


def _cells(row: Row) -> list[str]:
    asking = [guard for guard in row.guards if guard.asks]
    return [
        row.endpoint,
        ", ".join(row.methods),
        row.url,
        guard_of(row),
        ", ".join(action_of(guard, row) for guard in asking)
        or ("the method" if row.is_judged else ""),
        ", ".join(_subject(guard, row) for guard in asking)
        or ("the request" if row.is_judged else ""),
        "" if row.place is None else f"{shown_path(row.place.file)}:{row.place.line}",
        "" if row.status is RouteStatus.UNGUARDED else row.remark,
    ]


def _subject(guard: Guard, row: Row) -> str:
    argument = argument_of(guard, row)
    shown = resource_of(guard, row)
    return shown if argument is None else f"{shown} as {argument}"


def _notes(rows: Sequence[Row], state: AppState) -> list[str]:
    """Summarize the routes, and tell what happens to unprotected ones."""
    summary = _summary(rows)
    counts = ", ".join(f"{count} {name}" for name, count in summary["standings"].items())
    lines = [f"{with_count(len(rows), 'route')}: {counts}." if rows else "There are no routes."]
    if not _WRONG.isdisjoint(row.status for row in rows):
        lines.append("The application does not serve while decorators are misplaced or mistaken.")
    if state.enforcement is not Enforcement.STRICT:
        lines.append(requirement(state.enforcement))
    elif summary["gaps"]:
        lines.append("The application does not serve while there are gaps.")
    return lines


# -- for programs --------------------------------------------------------------------


def _summary(rows: Sequence[Row]) -> dict[str, t.Any]:
    standings = collections.Counter(row.status.value for row in rows)
    order = [each.value for each in RouteStatus if each.value in standings]
    return {
        "enforce": this_state().enforcement.name.lower(),
        "gaps": sum(row.is_gap for row in rows),
        "standings": {name: standings[name] for name in order},
    }


def _record(row: Row) -> dict[str, t.Any]:
    return {
        "endpoint": row.endpoint,
        "methods": list(row.methods),
        "url": row.url,
        "standing": row.status.value,
        "route_authorization": row.is_judged,
        "guards": [_guard_record(guard, row) for guard in row.guards],
        "file": None if row.place is None else shown_path(row.place.file),
        "line": None if row.place is None else row.place.line,
        "remark": row.remark,
    }


def _guard_record(guard: Guard, row: Row) -> dict[str, t.Any]:
    record: dict[str, t.Any] = {
        "guard": guard.kind.value,
        "blueprint": guard.blueprint,
        "target": guard.target,
        "file": shown_path(guard.place.file),
        "line": guard.place.line,
    }
    if guard.asks:
        record |= {"action": action_of(guard, row), "resource": resource_of(guard, row)}
    argument = argument_of(guard, row)
    if argument is not None:
        record["argument"] = argument
    if guard.kind is GuardKind.SKIP:
        record["reason"] = guard.reason
    return record


def _annotate(gaps: Sequence[Row]) -> None:
    for row in gaps:
        methods = ", ".join(row.methods)
        remark = "nothing guards it." if row.status is RouteStatus.UNGUARDED else row.remark
        show_annotation(
            f"{methods} {row.url} (endpoint {row.endpoint!r}): {remark}",
            file=None if row.place is None else shown_path(row.place.file),
            line=None if row.place is None else row.place.line,
            title=_TITLES[row.status],
        )
