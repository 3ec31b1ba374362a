"""The page of routes: every route and how it is guarded, those that are not first."""

from __future__ import annotations

import collections
import os
import typing as t

from flask import Flask

from ...callables.view_functions import SourceLocation
from ...enforcement.audit.route_audit import RouteStatus, Row, audit_routes
from ...enforcement.audit.route_texts import action_of, guard_of, requirement, resource_of
from ...guards.view_guards import GuardKind
from ..page import Page, Visit

#: The statuses in the order of the page.
_ORDER = (
    RouteStatus.UNGUARDED,
    RouteStatus.MISPLACED,
    RouteStatus.MISTAKEN,
    RouteStatus.SKIPPED,
    RouteStatus.GUARDED,
    RouteStatus.EXEMPT,
)


def show_routes(visit: Visit) -> Page:
    """Show how the routes of the app are guarded."""
    rows = sorted(audit_routes(visit.app).rows, key=lambda row: _ORDER.index(row.status))
    counts = collections.Counter(row.status.value for row in rows)
    return Page(
        "routes",
        "Routes",
        {
            "rows": [_shown(row, visit.app) for row in rows],
            "counts": [(each.value, counts[each.value]) for each in _ORDER if counts[each.value]],
            "gaps": sum(row.is_gap for row in rows),
            "requirement": requirement(visit.state.enforcement),
        },
    )


def _shown(row: Row, app: Flask) -> dict[str, t.Any]:
    asking = [guard for guard in row.guards if guard.kind is GuardKind.AUTHORIZE]
    return {
        "methods": row.methods,
        "url": row.url,
        "endpoint": row.endpoint,
        "status": row.status.value,
        "is_gap": row.is_gap,
        "guard": guard_of(row),
        "asks": [(action_of(guard, row), resource_of(guard, row)) for guard in asking]
        or ([("the method", "the request")] if row.is_judged else []),
        "place": "" if row.place is None else _place(row.place, app),
        "remark": "" if row.status is RouteStatus.UNGUARDED else row.remark,
    }


def _place(place: SourceLocation, app: Flask) -> str:
    return f"{place.file.removeprefix(os.path.join(app.root_path, ''))}:{place.line}"
