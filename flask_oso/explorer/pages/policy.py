"""The page of the policy: its source, which rules decided lately, and what the check finds."""

from __future__ import annotations

import collections
import contextlib
import os
import typing as t
from collections.abc import Iterator, Sequence

from ...enforcement.audit.asked_actions import findings_about_app
from ...enforcement.audit.guard_findings import findings_about_guards
from ...polar.exceptions import OsoError
from ...polar.sources import Source
from ...polar.tools.lint.linter import LintResult
from ...polar.tools.policy_check import Finding, Severity
from ..page import Page, Visit
from .decisions import DecisionRing, question_again

#: A place: the file, or ``None`` for a text, and the line.
_Line = tuple[str | None, int]


def show_policy(visit: Visit) -> Page:
    """Show the policy in force."""
    policy = visit.oso.engine.policy
    findings = find_all(visit)
    hits = _hits(visit)
    facts = {
        "sources": [_shown(source, hits, findings, visit) for source in policy.sources],
        "findings": [shown_finding(each, visit) for each in findings],
        "rule_count": policy.rule_count,
        "decisions": len(visit.state.part(DecisionRing).latest()),
    }
    return Page("policy", "Policy", {**facts, "problems": visit.objects.problems})


def find_all(visit: Visit) -> list[Finding]:
    """Give what ``flask oso check`` and ``flask oso lint`` find, each thing once."""
    try:
        checked = visit.oso.check_files().findings
        guards = [*findings_about_guards(visit.app, visit.oso)]
        told = {each.place for each in guards}
        linted = only_of_lint(visit.oso.lint_files(), checked, visit)
        # What is wrong with a guard says more than that no rule allows its action.
        return [*checked, *guards, *(each for each in linted if each.place not in told)]
    except OsoError as error:
        return [Finding(Severity.ERROR, str(error))]


def only_of_lint(result: LintResult, checked: Sequence[Finding], visit: Visit) -> Iterator[Finding]:
    """Give what a lint finds that the check did not, also about the app."""
    known = {(each.place, each.message) for each in checked}
    for each in result.with_findings(findings_about_app(visit.app, result)).settled():
        place = each.file, each.line, each.column
        if (place, each.message) not in known:
            text = f"{each.code.number} {each.code.title}: {each.message}"
            yield Finding(each.severity, text, *place)


def shown_finding(finding: Finding, visit: Visit) -> dict[str, t.Any]:
    """Give what a page shows of a finding."""
    line = "" if finding.line is None else f":{finding.line}"
    return {
        "severity": finding.severity.value,
        "message": finding.message,
        "place": "" if finding.file is None else f"{short_name(finding.file, visit)}{line}",
    }


def short_name(file: str | None, visit: Visit) -> str:
    """Give the name of a file from the root of the app."""
    root = os.path.join(visit.app.root_path, "")
    return "a text" if file is None else file.removeprefix(root)


def _hits(visit: Visit) -> collections.Counter[_Line]:
    """Count the decisions that each rule allowed, of those that are kept; they are asked again."""
    hits: collections.Counter[_Line] = collections.Counter()
    kept = visit.state.part(DecisionRing).latest()
    allowed = [each for each in kept if each.outcome == "allowed"]
    for words, count in collections.Counter(map(_words, allowed)).items():
        first = next(each for each in allowed if _words(each) == words)
        question = question_again(visit, first)
        if question is None:
            continue
        rule = None
        # It was allowed before; its objects are others by now, and may raise anything.
        with contextlib.suppress(Exception):
            rule = visit.oso.engine.deciding_rule("allow", question)
        if rule is not None and rule.span is not None:
            hits[rule.span.source.name, rule.span.line] += count
    return hits


def _words(kept: t.Any) -> tuple[str, str, str]:
    return kept.actor, kept.action, kept.resource


def _shown(
    source: Source, hits: collections.Counter[_Line], findings: list[Finding], visit: Visit
) -> dict[str, t.Any]:
    marked = {each.line: each.severity.value for each in findings if each.file == source.name}
    return {
        "name": short_name(source.name, visit),
        "text": source.text,
        "lines": [
            (number, hits[source.name, number], marked.get(number, ""))
            for number in range(1, source.lines + 1)
        ],
        "hits": sum(count for (name, _), count in hits.items() if name == source.name),
    }
