"""Why a question was answered as it was, as a tree of texts.

``proof_builder.py`` makes it. It holds no object of the application, so it may be kept, logged
and sent. The tree is bounded in depth and breadth; what was left out is counted.
"""

from __future__ import annotations

import dataclasses
import enum
import os

from ..characters import with_escapes
from ..sources import Span


class Outcome(enum.Enum):
    """What became of a question."""

    ALLOWED = "allowed"
    DENIED = "denied"
    #: An error ended the evaluation: there is no answer.
    BROKEN = "broken"


class Verdict(enum.Enum):
    """What became of a rule or of a condition."""

    HOLDS = "holds"
    FAILS = "fails"
    #: An error ended the evaluation here.
    BROKEN = "broken"
    #: A parameter of the rule does not match.
    NOT_APPLICABLE = "not applicable"
    #: A ``cut`` in a rule before it, or the end of the evaluation, came first.
    NOT_TRIED = "not tried"


@dataclasses.dataclass(frozen=True)
class SourcePlace:
    """Where something is written: the line, with the stretch of it that is meant.

    :param file: the file; ``None`` for a policy that was no file.
    :param before: the text of the line up to the stretch.
    :param marked: the stretch, as far as it is on this line.
    :param after: the text of the line behind it.
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
    """What something written in a condition was: ``post.author``, ``User:2``."""

    text: str
    value: str

    def __str__(self) -> str:
        return f"{self.text} is {self.value}"


@dataclasses.dataclass(frozen=True)
class ProofCondition:
    """One condition of a rule.

    :param text: as it is written.
    :param seen: what its operands were.
    :param note: what else there is to say.
    :param question: the rules that it asked.
    :param parts: what decided inside of it: the alternatives of an ``or``, what holds under a
        ``not``, or each of the values that were tried.
    :param omitted: how many parts were left out.
    """

    text: str
    place: SourcePlace | None
    verdict: Verdict
    seen: tuple[Seen, ...] = ()
    note: str = ""
    question: Question | None = None
    parts: tuple[ProofCondition, ...] = ()
    omitted: int = 0


@dataclasses.dataclass(frozen=True)
class ProofRule:
    """One rule, and how far it got.

    :param text: its head as it is written; of a rule in a resource block, all of it.
    :param conditions: those that were come to, in their order; the last one decided.
    :param omitted: how many conditions that hold were left out before them.
    :param unreached: how many conditions were not come to.
    :param reason: why it was not tried: the parameter that does not match, say.
    """

    text: str
    place: SourcePlace | None
    verdict: Verdict
    conditions: tuple[ProofCondition, ...] = ()
    omitted: int = 0
    unreached: int = 0
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Question:
    """A rule call with its arguments, and the rules of its name.

    :param rules: for an allow the one that holds; for a denial those that were tried, the
        nearest miss first.
    :param omitted: how many more were tried.
    :param others: some of the rules that are not applicable, the nearest miss first.
    :param omitted_others: how many more there are.
    :param note: what else there is to say.
    """

    text: str
    rules: tuple[ProofRule, ...] = ()
    omitted: int = 0
    others: tuple[ProofRule, ...] = ()
    omitted_others: int = 0
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """A change that would allow what was denied: all of it was asked again with that change.

    :param seen: what the names in it stand for.
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
    """What is known of an answer: ``Proof`` in ``proof.py`` is the same, and prints itself.

    :param rule: the rule that was asked, ``allow``.
    :param args: its arguments as texts: actor, action and resource.
    :param question: the tree of rules; ``None`` if the evaluation did not begin.
    :param suggestions: for a denial, changes that would allow it.
    :param problem: the error, if the evaluation is broken.
    :param notes: what else there is to say.
    """

    outcome: Outcome
    rule: str
    args: tuple[str, ...]
    question: Question | None = None
    suggestions: tuple[Suggestion, ...] = ()
    problem: ProofError | None = None
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Say in one sentence what became of the question."""
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
    """Give the place of a stretch of a policy."""
    if span is None:
        return None
    line, at = span.source.around(span.start)
    end = min(at + max(span.end - span.start, 1), len(line))
    parts = (line[:at], line[at:end], line[end:])
    before, marked, after = (_shown(part) for part in parts)
    return SourcePlace(_file(span.source.name), span.line, span.column, before, marked, after)


def _file(name: str | None) -> str | None:
    """Give the name of a file from the current directory, if it is inside."""
    if name is None or not os.path.isabs(name):
        return name
    try:
        here = os.path.join(os.getcwd(), "")
    except OSError:
        # It was removed meanwhile.
        return name
    return name.removeprefix(here)


def _shown(text: str) -> str:
    return "\t".join(map(with_escapes, text.split("\t")))
