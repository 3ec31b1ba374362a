"""The proof tree: the reasons for an answer, as texts.

``proof_builder.py`` makes it. It has no objects of the application, so it can be kept, logged and
sent. The tree is bounded in depth and breadth, and counts what it leaves out.
"""

from __future__ import annotations

import dataclasses
import enum
import os

from ..characters import line_with_escapes, with_escapes
from ..sources import Span


class Outcome(enum.Enum):
    """The answer to a query."""

    ALLOWED = "allowed"
    DENIED = "denied"
    #: An error ended the evaluation: there is no answer.
    BROKEN = "broken"


class Verdict(enum.Enum):
    """The result of a rule or of a condition."""

    HOLDS = "holds"
    FAILS = "fails"
    #: An error ended the evaluation here.
    BROKEN = "broken"
    #: A parameter of the rule does not match.
    NOT_APPLICABLE = "not applicable"
    #: A ``cut`` in a rule before it, or the end of the evaluation, came first.
    NOT_TRIED = "not tried"


#: The mark in front of a rule or condition, in a terminal and on a page.
MARKS = {
    Verdict.HOLDS: "✓",
    Verdict.FAILS: "✗",
    Verdict.BROKEN: "!",
    Verdict.NOT_APPLICABLE: "-",
    Verdict.NOT_TRIED: "-",
}


def counted(count: int, noun: str) -> str:
    """Return a number with a noun in singular or plural."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@dataclasses.dataclass(frozen=True)
class SourcePlace:
    """A place in the policy: its line, split at the part that is meant.

    :param file: the file; ``None`` for a policy that is not a file.
    :param before: the text of the line before that part.
    :param marked: that part, as far as it is on this line.
    :param after: the text of the line after it.
    """

    file: str | None
    line: int
    column: int
    before: str
    marked: str
    after: str

    def __str__(self) -> str:
        return f"{with_escapes(self.file or '<policy>')}:{self.line}:{self.column}"


@dataclasses.dataclass(frozen=True)
class Seen:
    """The value of an operand of a condition: ``post.author``, ``User:2``."""

    text: str
    value: str

    def __str__(self) -> str:
        return f"{self.text} is {self.value}"


@dataclasses.dataclass(frozen=True)
class ProofCondition:
    """One condition of a rule.

    :param text: its text in the policy.
    :param seen: the values of its operands.
    :param note: a remark.
    :param question: the rule call that it is.
    :param parts: the parts that decided: the alternatives of an ``or``, the condition that holds
        under a ``not``, or the same condition for each value that was tried.
    :param omitted: how many parts were left out.
    """

    text: str
    place: SourcePlace | None
    verdict: Verdict
    seen: tuple[Seen, ...] = ()
    note: str = ""
    question: ProofQuestion | None = None
    parts: tuple[ProofCondition, ...] = ()
    omitted: int = 0


@dataclasses.dataclass(frozen=True)
class ProofRule:
    """One rule, and how far its evaluation got.

    :param text: the text of its head; of a rule in a resource block, all of it.
    :param conditions: those that were evaluated, in their order; the last one decided.
    :param omitted: how many conditions that hold were left out before them.
    :param unreached: how many conditions were not evaluated.
    :param reason: why it was not tried, such as the parameter that does not match.
    """

    text: str
    place: SourcePlace | None
    verdict: Verdict
    conditions: tuple[ProofCondition, ...] = ()
    omitted: int = 0
    unreached: int = 0
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class ProofQuestion:
    """A rule call with its arguments, and the rules of its name.

    :param rules: for an allow the one that holds; for a denial those that were tried, the
        nearest miss first.
    :param omitted: how many more were tried.
    :param others: some of the rules that are not applicable, the nearest miss first.
    :param omitted_others: how many more there are.
    :param note: a remark.
    """

    text: str
    rules: tuple[ProofRule, ...] = ()
    omitted: int = 0
    others: tuple[ProofRule, ...] = ()
    omitted_others: int = 0
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """A counterfactual: a change with which the denied query is allowed, as a run has shown.

    :param seen: the values of the names in it.
    :param place: the condition that fails without it.
    """

    text: str
    seen: tuple[Seen, ...] = ()
    place: SourcePlace | None = None

    def __str__(self) -> str:
        where = ", ".join(map(str, self.seen))
        return f"{self.text}, where {where}" if where else self.text


@dataclasses.dataclass(frozen=True)
class ProofError:
    """The error that ended an evaluation.

    :param kind: its class.
    :param place: the condition in which it happened.
    """

    kind: str
    message: str
    place: SourcePlace | None = None


@dataclasses.dataclass(frozen=True)
class Reasons:
    """The reasons for an answer. ``Proof`` in ``proof.py`` adds how they are printed.

    :param rule: the rule that was queried, ``allow``.
    :param args: its arguments as texts: actor, action and resource.
    :param question: the tree of rules; ``None`` if the evaluation did not begin.
    :param suggestions: for a denial, changes that would allow it.
    :param problem: the error, if the evaluation is broken.
    :param notes: remarks.
    """

    outcome: Outcome
    rule: str
    args: tuple[str, ...]
    question: ProofQuestion | None = None
    suggestions: tuple[Suggestion, ...] = ()
    problem: ProofError | None = None
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The answer in one sentence."""
        is_allowed = self.outcome is Outcome.ALLOWED
        if self.rule == "allow" and len(self.args) == 3:
            actor, action, resource = self.args
            if self.outcome is Outcome.BROKEN:
                may = f"whether {actor} may {action} {resource}"
                return f"An error ended the evaluation: {may} is not known."
            return f"{actor} {'may' if is_allowed else 'may not'} {action} {resource}."
        asked = f"{self.rule}({', '.join(self.args)})"
        if self.outcome is Outcome.BROKEN:
            return f"An error ended the evaluation: whether {asked} holds is not known."
        return f"{asked} {'holds' if is_allowed else 'does not hold'}."


def source_place(span: Span | None) -> SourcePlace | None:
    """Return the place of a span of the policy."""
    if span is None:
        return None
    line, at = span.source.around(span.start)
    end = min(at + max(span.end - span.start, 1), len(line))
    parts = (line[:at], line[at:end], line[end:])
    before, marked, after = (line_with_escapes(part) for part in parts)
    return SourcePlace(_file(span.source.name), span.line, span.column, before, marked, after)


def _file(name: str | None) -> str | None:
    """Return the name of a file relative to the current directory, if the file is inside."""
    if name is None or not os.path.isabs(name):
        return name
    try:
        here = os.path.join(os.getcwd(), "")
    except OSError:
        # The current directory was removed.
        return name
    return name.removeprefix(here)
