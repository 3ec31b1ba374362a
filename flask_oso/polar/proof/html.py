"""Reasons as a fragment of HTML, for a page of any application.

All texts are escaped. Rules and conditions are ``<details>`` elements, so the tree opens and
closes without a script; at first it is open along the nearest miss. There is no style and
nothing to load. CSS classes begin with ``oso-``; ``<code class="oso-policy">`` holds text of the
policy, which a page may highlight, and ``<code>`` alone what has values in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from ..characters import for_terminal
from .proof_tree import (
    MARKS,
    Outcome,
    ProofCondition,
    ProofQuestion,
    ProofRule,
    Reasons,
    Seen,
    SourcePlace,
    Suggestion,
    Verdict,
    counted,
)

_CLASSES = {verdict: f"oso-{verdict.value.replace(' ', '-')}" for verdict in Verdict}


def reasons_to_html(reasons: Reasons) -> str:
    """Return the HTML of reasons: one ``<section>``."""
    return "\n".join(_section(reasons)) + "\n"


def _section(reasons: Reasons) -> Iterator[str]:
    outcome = reasons.outcome.value
    yield f'<section class="oso-proof oso-{outcome}">'
    yield (
        f'<p class="oso-summary"><strong class="oso-outcome">{outcome.capitalize()}</strong>'
        f" {_escape(reasons.summary)}</p>"
    )
    for note in reasons.notes:
        yield f'<p class="oso-note">{_escape(note)}</p>'
    if reasons.problem is not None:
        message = f"{reasons.problem.kind}: {reasons.problem.message}"
        yield f'<pre class="oso-problem">{_escape(message)}</pre>'
    yield from _suggestions(reasons.suggestions)
    if reasons.question is not None:
        yield f"<h2>{_heading(reasons.outcome, reasons.question)}</h2>"
        yield from _question(reasons.question, True)
    yield "</section>"


def _heading(outcome: Outcome, question: ProofQuestion) -> str:
    asked = _code(question.text)
    if outcome is Outcome.ALLOWED:
        return f"{asked} holds by this rule"
    if outcome is Outcome.BROKEN:
        return f"{asked} came as far as this"
    if not question.rules:
        return f"No rule is for {asked}"
    return f"No rule for {asked} holds, the nearest miss first"


def _suggestions(suggestions: Sequence[Suggestion]) -> Iterator[str]:
    if not suggestions:
        return
    several = "any one of these" if len(suggestions) > 1 else "this"
    yield f'<div class="oso-suggestions"><h2>It would be allowed with {several}</h2><ul>'
    for suggestion in suggestions:
        where = ", ".join(map(_seen, suggestion.seen))
        where = f", where {where}" if where else ""
        yield f"<li>{_code(suggestion.text)}{where} {_place(suggestion.place)}</li>"
    yield "</ul></div>"


def _question(question: ProofQuestion, is_near: bool) -> Iterator[str]:
    """Yield the lines for the rules of a question.

    :param is_near: whether it is on the path to the nearest miss.
    """
    yield '<ul class="oso-rules">'
    for number, rule in enumerate(question.rules):
        yield from _rule(rule, is_near and not number)
    yield "</ul>"
    if question.omitted:
        count = counted(question.omitted, "other rule")
        yield f'<p class="oso-note">… and {count} tried without success</p>'
    yield from _others(question)
    if question.note:
        yield f'<p class="oso-note">{_escape(question.note)}</p>'


def _others(question: ProofQuestion) -> Iterator[str]:
    if not question.others:
        return
    count = len(question.others) + question.omitted_others
    does = "rule that does" if count == 1 else "rules that do"
    yield f'<details class="oso-others"><summary>{count:,} {does} not apply</summary><ul>'
    for rule in question.others:
        yield f"<li>{_policy(rule.text)} {_place(rule.place)}<br>{_escape(rule.reason)}</li>"
    if question.omitted_others:
        yield f"<li>… and {counted(question.omitted_others, 'other rule')} of this name</li>"
    yield "</ul></details>"


def _rule(rule: ProofRule, is_near: bool) -> Iterator[str]:
    title = f"{_policy(rule.text)} {_place(rule.place)}"
    inside = [line for each in rule.conditions for line in _condition(each, is_near)]
    lines = ['<ul class="oso-conditions">', *inside, "</ul>"] if inside else []
    if rule.omitted:
        count = counted(rule.omitted, "more condition")
        lines.insert(0, f'<p class="oso-note">… {count} before, which hold</p>')
    if rule.reason:
        lines.append(f'<p class="oso-note">{_escape(rule.reason)}</p>')
    if rule.unreached:
        count = counted(rule.unreached, "more condition")
        lines.append(f'<p class="oso-note">… {count}, not come to</p>')
    yield from _item(rule.verdict, title, lines, is_near)


def _condition(condition: ProofCondition, is_near: bool) -> Iterator[str]:
    is_decisive = condition.verdict is not Verdict.HOLDS
    lines = [*_details(condition, is_near and is_decisive)]
    title = _policy(condition.text)
    if not is_decisive and condition.seen:
        title += f' <span class="oso-values">{", ".join(map(_seen, condition.seen))}</span>'
    yield from _item(condition.verdict, title, lines, is_near and is_decisive)


def _details(condition: ProofCondition, is_near: bool) -> Iterator[str]:
    question = condition.question
    is_decisive = condition.verdict is not Verdict.HOLDS
    if is_decisive and condition.place is not None and question is None:
        yield _excerpt(condition.place)
    if is_decisive and condition.seen:
        yield f'<p class="oso-values">{"<br>".join(map(_seen, condition.seen))}</p>'
    if condition.note:
        yield f'<p class="oso-note">{_escape(condition.note)}</p>'
    if question is not None:
        if question.text != condition.text:
            yield f'<p class="oso-asked">→ {_code(question.text)}</p>'
        yield from _question(question, is_near)
    yield from _parts(condition, is_near)


def _parts(condition: ProofCondition, is_near: bool) -> Iterator[str]:
    others = [part for part in condition.parts if part.text != condition.text]
    for part in condition.parts:
        if part not in others:
            # The same condition for another value.
            yield from _details(part, is_near)
    if others:
        inside = (line for part in others for line in _condition(part, is_near))
        yield from ['<ul class="oso-conditions">', *inside, "</ul>"]
    if condition.omitted:
        yield f'<p class="oso-note">… and {condition.omitted:,} more</p>'


def _item(verdict: Verdict, title: str, lines: Iterable[str], is_open: bool) -> Iterator[str]:
    """Yield an item of a list, which can be opened if it has content."""
    label = f'role="img" aria-label="{verdict.value}"'
    mark = f'<span class="oso-mark" {label}>{MARKS[verdict]}</span>'
    name = _CLASSES[verdict]
    inside = [*lines]
    if not inside:
        yield f'<li class="{name}">{mark} {title}</li>'
        return
    state = " open" if is_open else ""
    yield f'<li class="{name}"><details{state}><summary>{mark} {title}</summary>'
    yield from inside
    yield "</details></li>"


def _excerpt(place: SourcePlace) -> str:
    number = f'<span class="oso-number">{_escape(str(place))}</span>'
    before, marked, after = map(escape, (place.before, place.marked, place.after))
    return f'<pre class="oso-source">{number}\n{before}<mark>{marked}</mark>{after}</pre>'


def _seen(seen: Seen) -> str:
    return f"{_code(seen.text)} is {_code(seen.value)}"


def _place(place: SourcePlace | None) -> str:
    return "" if place is None else f'<span class="oso-place">{_escape(str(place))}</span>'


def _policy(text: str) -> str:
    return f'<code class="oso-policy">{_escape(text)}</code>'


def _code(text: str) -> str:
    return f"<code>{_escape(text)}</code>"


def _escape(text: str) -> str:
    """Escape a text for HTML, also invisible characters and those that reverse its direction."""
    return escape(for_terminal(text))
