"""What is wrong with the guards of an app, as findings of the check of its policy."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from ...app_state import state_of
from ...oso import Oso
from ...polar.tools.policy_check import Finding, Severity
from .route_audit import audit_routes, unfound_classes, unlisted_classes, unused_authorizers
from .vain_guards import guards_without_rules, vain_guards


def findings_about_guards(app: Flask, oso: Oso) -> Iterator[Finding]:
    """Find guards that the policy, other guards or their routes contradict."""
    rows = audit_routes(app).rows
    missing = (*unfound_classes(app, rows), *unlisted_classes(app, rows))
    vain = (*guards_without_rules(app, oso), *vain_guards(app, oso))
    for guard, complaint in (*vain, *missing):
        yield Finding(Severity.ERROR, complaint, guard.place.file or None, guard.place.line or None)
    for row in rows:
        file, line = (None, None) if row.place is None else (row.place.file, row.place.line)
        for mistake in row.mistakes:
            yield Finding(Severity.ERROR, mistake, file, line)
    unused = unused_authorizers(app, state_of(app), rows)
    if unused is not None:
        yield Finding(Severity.WARNING, unused)
