"""Findings about a policy, as ``check`` and ``lint`` print them."""

from __future__ import annotations

import collections
import typing as t
from collections.abc import Sequence

from ...polar.spelling import with_count
from ...polar.tools.lint.linter import LintFinding
from ...polar.tools.policy_check import Finding, Severity
from .output import show_annotation, shown_path

_Finding = t.TypeVar("_Finding", Finding, LintFinding)


def with_short_path(finding: _Finding) -> _Finding:
    """Make the path of a finding relative to the current directory, in its message, too."""
    if finding.file is None:
        return finding
    short = shown_path(finding.file)
    message = finding.message.replace(f"of file {finding.file}:", f"of file {short}:")
    return finding._replace(file=short, message=message)


def annotate(found: Finding | LintFinding, title: str) -> None:
    """Print the annotation of a finding."""
    show_annotation(
        found.message,
        file=found.file,
        line=found.line,
        column=found.column,
        level="notice" if found.severity is Severity.NOTE else found.severity.value,
        title=title,
    )


def counted(findings: Sequence[Finding] | Sequence[LintFinding]) -> str:
    """Say how many findings there are of each severity, the worst first."""
    counts = collections.Counter(each.severity for each in findings)
    parts = [with_count(counts[each], each.value) for each in Severity if counts[each]]
    return f"{', '.join(parts)}." if parts else "Nothing is wrong."
