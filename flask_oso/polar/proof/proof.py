"""``Proof``: why a question was answered as it was, for people, programs and pages."""

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
    """Why a question was answered as it was. It is true if the answer is yes.

    ``str`` of it is for people in a terminal, ``to_html`` for those at a page, ``to_dict``
    for programs. It holds texts only, of bounded length.
    """

    def __bool__(self) -> bool:
        return self.outcome is Outcome.ALLOWED

    def __str__(self) -> str:
        return print_reasons(self)

    def to_html(self) -> str:
        """Make a piece of HTML of it, without scripts, styles or anything to load."""
        return reasons_to_html(self)

    def to_dict(self) -> dict[str, t.Any]:
        """Make a dictionary of it that JSON can hold."""
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
