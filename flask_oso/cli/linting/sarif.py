"""Findings as SARIF 2.1.0, which code hosts and editors read."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from pathlib import PurePath

from ...polar.tools.lint.codes import Code
from ...polar.tools.lint.linter import LintFinding
from ...polar.tools.policy_check import Severity

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def sarif_log(findings: Sequence[LintFinding]) -> dict[str, t.Any]:
    """Give a log with one run. Paths are relative to the directory of the run where possible."""
    codes = sorted({each.code for each in findings}, key=lambda code: code.number)
    rules = [_rule(code) for code in codes]
    results = [_result(each, codes.index(each.code)) for each in findings]
    driver = {"name": "flask-oso", "rules": rules}
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: Code) -> dict[str, t.Any]:
    level = _LEVELS[code.severity]
    return {"id": code.number, "name": code.title, "defaultConfiguration": {"level": level}}


def _result(found: LintFinding, index: int) -> dict[str, t.Any]:
    result: dict[str, t.Any] = {
        "ruleId": found.code.number,
        "ruleIndex": index,
        "level": _LEVELS[found.severity],
        "message": {"text": found.message},
    }
    if found.file is not None:
        result["locations"] = [{"physicalLocation": _place(found.file, found)}]
    return result


def _place(file: str, found: LintFinding) -> dict[str, t.Any]:
    path = PurePath(file)
    uri = path.as_uri() if path.is_absolute() else path.as_posix()
    place: dict[str, t.Any] = {"artifactLocation": {"uri": uri}}
    if found.line:
        column = {} if found.column is None else {"startColumn": found.column}
        place["region"] = {"startLine": found.line, **column}
    return place
