"""The page that changes a file of the policy: checked, tested and compared before it is saved.

A draft is saved only if the whole policy loads with it and the check finds no error, and only if
the file is as it was when the page was made. Then the policy is loaded again; if that fails all the
same, the file gets its text back.
"""

from __future__ import annotations

import collections
import hashlib
import os
import shutil
import tempfile
import typing as t
from collections.abc import Sequence

from ...oso import Oso
from ...polar.engine import Engine
from ...polar.exceptions import OsoError
from ...polar.polar import read_source
from ...polar.proof.redaction import REDACTED
from ...polar.sources import Source
from ...polar.tools.policy_check import CheckResult, Finding, Severity
from ...polar.tools.policy_tests import Failure, Outcome, PolicyTestResult, run_policy_tests
from ..page import Page, Visit
from .policy import only_of_lint, short_name, shown_finding

#: How many actors a comparison looks at, and how many pairs it asks about where SQL cannot tell.
_MOST_ACTORS = 200
_MOST_ASKED = 2_000
_CHANGED = (
    "The file changed after this page was made. Copy your text, open the page again, and put your"
    " change in the file as it is now."
)


class _Draft(t.NamedTuple):
    """A changed text of a file, and what it was made from.

    :param before: the text of the file.
    :param seen: the hash of the text that the form was made from.
    """

    file: str
    before: str
    text: str
    seen: str


def show_draft(visit: Visit) -> Page:
    """Show a form with a file, and what a draft of it means; save it if that is asked."""
    files = visit.oso.policy_files()
    wanted = visit.request.form.get("file") or visit.asked("file")
    names = {short_name(file, visit): file for file in files}
    name = wanted if wanted in names else next(iter(names), "")
    facts: dict[str, t.Any] = {"names": [*names], "name": name, "checked": None, "saved": None}
    if not names:
        return Page("draft", "Draft", {**facts, "text": "", "seen": "", "refused": None})
    before = read_source(names[name]).text
    draft = _Draft(names[name], before, before, _digest(before))
    refused = None
    if visit.request.method == "POST":
        form = visit.request.form
        text = _with_line_ends(form.get("text", ""), before)
        draft = draft._replace(text=text, seen=form.get("seen", ""))
        checked = _check(visit, draft, files)
        facts["checked"] = checked
        if form.get("do") == "save":
            refused = _save(visit, draft, checked["can_be_saved"])
            facts["saved"] = refused is None
    seen = _digest(draft.text) if facts["saved"] else draft.seen
    facts |= {"text": draft.text, "seen": seen, "refused": refused}
    return Page("draft", "Draft", facts, 409 if refused is not None else 200)


def _check(visit: Visit, draft: _Draft, files: Sequence[str]) -> dict[str, t.Any]:
    sources = [
        Source(draft.text, file) if file == draft.file else read_source(file) for file in files
    ]
    result: CheckResult = visit.oso.check_sources(sources)
    is_good = result.engine is not None and not any(
        each.severity is Severity.ERROR for each in result.findings
    )
    return {
        "findings": [shown_finding(each, visit) for each in _find_all(visit, sources, result)],
        "tests": None if result.engine is None else _run_tests(visit, result.engine),
        "can_be_saved": is_good,
        "is_same": draft.text == draft.before,
        "diff": _compare(visit, sources) if is_good and draft.text != draft.before else None,
    }


def _find_all(visit: Visit, sources: Sequence[Source], result: CheckResult) -> list[Finding]:
    """Give what the check found, and what ``flask oso lint`` would find besides."""
    try:
        linted = visit.oso.lint_sources(sources)
        return [*result.findings, *only_of_lint(linted, result.findings, visit)]
    # What the lint cannot read is no reason to lose the text.
    except OsoError as error:
        return [*result.findings, Finding(Severity.ERROR, str(error))]


def _save(visit: Visit, draft: _Draft, can_be_saved: bool) -> str | None:
    """Save a draft and load the policy; give the reason if that is refused."""
    if not can_be_saved:
        return "The draft has errors, and is not saved."
    # Read again: the tests of a draft, and a comparison, take their time.
    if draft.seen != _digest(read_source(draft.file).text):
        return _CHANGED
    _write(draft.file, draft.text)
    try:
        visit.oso.load_files(visit.oso.policy_files(), replace=True)
    # An inline query may raise anything; what was in force before is in force still.
    except Exception as error:
        _write(draft.file, draft.before)
        return f"The policy did not load, and the file has its text back. {error}"
    return None


def _write(file: str, text: str) -> None:
    """Put a text in the place of a file, in one step."""
    path = os.path.realpath(file)
    handle, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".draft-")
    try:
        with open(handle, "w", encoding="utf-8", newline="") as written:
            written.write(text)
        shutil.copymode(path, name)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _with_line_ends(text: str, like: str) -> str:
    """Give a text of a form, whose lines end as the standard of forms wants, its own line ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines.replace("\n", "\r\n") if "\r\n" in like else lines


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


# -- tests --------------------------------------------------------------------------------


def _run_tests(visit: Visit, engine: Engine) -> dict[str, t.Any]:
    """Run the tests in the policy, and give how they ended, those that did not pass first."""
    ended = [*run_policy_tests(engine, redact=visit.redact)]
    counts = collections.Counter(each.outcome for each in ended)
    return {
        "counts": [(each.value, counts[each]) for each in Outcome if counts[each]],
        "passed": [each.name for each in ended if each.outcome is Outcome.PASSED],
        "others": [_shown_test(each, visit) for each in ended if each.failures],
    }


def _shown_test(result: PolicyTestResult, visit: Visit) -> dict[str, t.Any]:
    return {
        "name": result.name,
        "outcome": result.outcome.value,
        "failures": [_shown_failure(each, visit) for each in result.failures],
    }


def _shown_failure(failure: Failure, visit: Visit) -> dict[str, t.Any]:
    span = failure.span
    return {
        "place": "" if span is None else f"{short_name(span.source.name, visit)}:{span.line}",
        "assertion": "" if span is None else span.source.line(span.line).strip(),
        "message": visit.redaction.cleaned_sentence(failure.message),
        "proof": failure.proof,
    }


# -- who gains and loses -----------------------------------------------------------------


def _compare(visit: Visit, sources: Sequence[Source]) -> dict[str, t.Any]:
    """Give who gains and who loses which rows by a draft."""
    objects, drafted = visit.objects, visit.oso.with_policy(sources)
    if objects.session is None or not objects.mapped_classes:
        problem = "There are no rows to compare the policies on."
        return {"problem": problem, "changes": [], "not_compared": []}
    known = [policy.known_actions() for policy in (visit.oso, drafted)]
    if None in known:
        problem = "A rule allows actions that the policy does not name: ask 'flask oso diff'."
        return {"problem": problem, "changes": [], "not_compared": []}
    actions = sorted(set[str]().union(*(each or () for each in known)))
    return _differences(visit, drafted, actions)


def _differences(visit: Visit, drafted: Oso, actions: Sequence[str]) -> dict[str, t.Any]:
    from ...sqlalchemy.tools.policy_diff import Comparer

    objects = visit.objects
    comparer = Comparer(visit.oso, drafted, objects.session, most_asked=_MOST_ASKED)
    kinds = [*objects.actor_classes.values()]
    questions = comparer.changed_questions(
        actions, objects.mapped_classes.values(), [*kinds, type(None)]
    )
    actors = [actor for cls in kinds for actor in objects.first(cls, _MOST_ACTORS)]
    diff = comparer.compare(questions, [*actors, None])
    return {
        "problem": None,
        "most_actors": _MOST_ACTORS,
        "changes": [
            {
                "gains": each.gains,
                "action": each.action,
                "cls": each.cls.__name__,
                "condition": _condition(visit, each.condition),
                "actors": len(each.actors),
                "count": each.count,
                "pairs": [
                    (objects.word(pair.actor), objects.word(pair.row)) for pair in each.witnesses
                ],
            }
            for each in diff.changes
        ],
        "not_compared": [
            (each.action, each.cls.__name__, visit.redaction.cleaned_sentence(each.reason))
            for each in diff.not_compared
        ],
    }


def _condition(visit: Visit, text: str | None) -> str:
    if text is None or text == "true":
        return ""
    return REDACTED if visit.reads_secrets else visit.redaction.cleaned(text)
