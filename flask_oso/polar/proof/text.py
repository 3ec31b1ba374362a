"""Reasons as a text for a terminal.

A condition that fails is shown with its line of the policy and a caret, one that holds in short.
``✓`` marks what holds, ``✗`` what fails, ``!`` an error that ended the evaluation, ``→`` a rule
call with its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..characters import line_with_escapes
from .proof_tree import (
    MARKS,
    Outcome,
    ProofCondition,
    ProofQuestion,
    ProofRule,
    Reasons,
    SourcePlace,
    Verdict,
    counted,
)

_INDENT = "    "


def print_reasons(reasons: Reasons) -> str:
    """Return reasons as a text with excerpts of the policy; it ends with a line end."""
    lines = [f"{reasons.outcome.value.upper()}: {reasons.summary}", *reasons.notes]
    if reasons.problem is not None:
        message = f"{reasons.problem.kind}: {reasons.problem.message}"
        lines += ["", *message.rstrip().split("\n")]
    lines += _suggestions(reasons)
    if reasons.question is not None:
        lines += ["", _heading(reasons.outcome, reasons.question), ""]
        lines += _question(reasons.question, True)
    return "".join(f"{line_with_escapes(line.rstrip())}\n" for line in lines)


def _heading(outcome: Outcome, question: ProofQuestion) -> str:
    if outcome is Outcome.ALLOWED:
        return f"{question.text} holds by this rule:"
    if outcome is Outcome.BROKEN:
        return f"{question.text} came as far as this:"
    if not question.rules:
        return f"No rule is for {question.text}."
    return f"No rule for {question.text} holds. The nearest miss comes first:"


def _suggestions(reasons: Reasons) -> Iterator[str]:
    if not reasons.suggestions:
        return
    yield ""
    several = len(reasons.suggestions) > 1
    yield f"It would be allowed with {'any one of these' if several else 'this'}:"
    for suggestion in reasons.suggestions:
        yield f"  * {_with_place(str(suggestion), suggestion.place)}"


def _question(question: ProofQuestion, is_first: bool = False) -> Iterator[str]:
    for rule in question.rules:
        yield from _rule(rule)
    if question.omitted:
        yield f"… and {counted(question.omitted, 'other rule')} tried without success"
    if question.others and not _holds(question):
        yield from _others(question, is_first or not question.rules)
    if question.note:
        yield question.note


def _others(question: ProofQuestion, are_shown: bool) -> Iterator[str]:
    """Yield the rules that do not apply, or only their number if others were tried."""
    if not are_shown:
        count = len(question.others) + question.omitted_others
        does = "does" if count == 1 else "do"
        yield f"- {counted(count, 'other rule')} of this name {does} not apply"
        return
    yield "Rules that do not apply:"
    for rule in question.others:
        yield f"{_INDENT}- {_with_place(rule.text, rule.place)}: {rule.reason}"
    if question.omitted_others:
        yield f"{_INDENT}… and {counted(question.omitted_others, 'other rule')} of this name"


def _rule(rule: ProofRule) -> Iterator[str]:
    yield f"{MARKS[rule.verdict]} {_with_place(rule.text, rule.place)}"
    if rule.reason:
        yield f"{_INDENT}{rule.reason}"
    if rule.omitted:
        yield f"{_INDENT}… {counted(rule.omitted, 'more condition')} before, which hold"
    for condition in rule.conditions:
        yield from _indented(_condition(condition))
    if rule.unreached:
        yield f"{_INDENT}… {counted(rule.unreached, 'more condition')}, not come to"


def _condition(condition: ProofCondition) -> Iterator[str]:
    question = condition.question
    if condition.verdict is Verdict.HOLDS:
        yield _held(condition)
        if question is not None and _holds(question):
            yield from _indented(_asked(condition, question))
    elif _is_end(condition):
        yield f"{MARKS[condition.verdict]} {condition.text}"
        yield from _indented(_excerpt(condition.place))
    else:
        shown = _with_place(condition.text, condition.place)
        yield f"{MARKS[condition.verdict]} {shown}"
    if condition.verdict is not Verdict.HOLDS:
        yield from _indented(_details(condition))
    yield from _indented(_parts(condition))


def _held(condition: ProofCondition) -> str:
    """Return a condition that holds, with its values, as one line."""
    why = ", ".join(map(str, condition.seen))
    if condition.question is not None and not _holds(condition.question):
        why = f"{condition.question.text} does not hold"
    mark = MARKS[condition.verdict]
    return f"{mark} {condition.text}   [{why}]" if why else f"{mark} {condition.text}"


def _is_end(condition: ProofCondition) -> bool:
    """Return whether a condition itself decided, and not one inside it."""
    return condition.question is None and all(
        part.text == condition.text and part.question is None for part in condition.parts
    )


def _details(condition: ProofCondition) -> Iterator[str]:
    if condition.seen:
        yield ", ".join(map(str, condition.seen))
    if condition.note:
        yield condition.note
    if condition.question is not None:
        yield from _asked(condition, condition.question)


def _asked(condition: ProofCondition, question: ProofQuestion) -> Iterator[str]:
    if question.text != condition.text:
        yield f"→ {question.text}"
    yield from _question(question)


def _parts(condition: ProofCondition) -> Iterator[str]:
    for part in condition.parts:
        # The same condition for another value needs no line of its own.
        is_same = part.text == condition.text
        yield from _details(part) if is_same else _condition(part)
    if condition.omitted:
        yield f"… and {condition.omitted:,} more"


def _holds(question: ProofQuestion) -> bool:
    return any(rule.verdict is Verdict.HOLDS for rule in question.rules)


def _excerpt(place: SourcePlace | None) -> Iterator[str]:
    if place is None:
        return
    number = f"{place.line:03}: "
    before = "".join("\t" if each == "\t" else " " for each in place.before)
    yield f"{place}:"
    yield f"{number}{place.before}{place.marked}{place.after}"
    yield f"{' ' * len(number)}{before}^"


def _with_place(text: str, place: SourcePlace | None) -> str:
    return text if place is None else f"{text}  ({place})"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{_INDENT}{line}" for line in lines)
