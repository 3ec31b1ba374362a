"""``Proof``: the reasons for an answer, for people, programs and pages."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from .html import reasons_to_html
from .proof_tree import Outcome, Reasons, SourcePlace
from .text import print_reasons

__all__ = ["Outcome", "Proof"]


@dataclasses.dataclass(frozen=True)
class Proof(Reasons):
    """The reasons for an answer. It is true if the answer is yes.

    ``str`` returns a text for a terminal, ``to_html`` a fragment for a page, ``to_dict`` data for
    programs. It has texts only, of bounded length.
    """

    def __bool__(self) -> bool:
        return self.outcome is Outcome.ALLOWED

    def __str__(self) -> str:
        return print_reasons(self)

    def to_html(self) -> str:
        """Return a fragment of HTML, without scripts, styles or anything to load."""
        return reasons_to_html(self)

    def to_dict(self) -> dict[str, t.Any]:
        """Return a dictionary that JSON can represent."""
        return t.cast("dict[str, t.Any]", _plain(self))


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, SourcePlace):
        excerpt = f"{value.before}{value.marked}{value.after}"
        return {"file": value.file, "line": value.line, "column": value.column, "excerpt": excerpt}
    if dataclasses.is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
