"""A layout algorithm: pieces with optional line breaks to lines.

In go texts, breaks, groups and comments; out come lines. A group that fits on the current line is
put there; otherwise it is broken at all of its own breaks. Nothing here is recursive: groups may
be nested to any depth.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Sequence

#: The width of a line, as far as it can be broken.
WIDTH = 88
_INDENT = "  "
#: The greatest indentation: otherwise a text would grow with the square of its depth.
_DEEPEST = 40


class Mark(enum.Enum):
    """A piece without a text."""

    #: A group begins or ends.
    OPEN_GROUP = enum.auto()
    CLOSE_GROUP = enum.auto()
    #: Lines that begin after it are indented by one level more or less.
    INDENT = enum.auto()
    DEDENT = enum.auto()
    #: The line ends.
    NEWLINE = enum.auto()
    #: The line ends, and an empty one follows.
    BLANK_LINE = enum.auto()


class Break(t.NamedTuple):
    """A place where a group may be broken; ``flat`` is the text if it is not."""

    flat: str = ""


class TrailingComment(t.NamedTuple):
    """A comment after a text: the line ends with it."""

    text: str


class OwnLineComment(t.NamedTuple):
    """A comment on a line of its own."""

    text: str


Piece = str | Mark | Break | TrailingComment | OwnLineComment


def lay_out(pieces: Sequence[Piece]) -> list[str]:
    """Give the lines. A text may have more than one, as strings may."""
    writer = _Writer(pieces)
    for at, piece in enumerate(pieces):
        writer.put(at, piece)
    writer.end_line()
    return writer.lines


class _Writer:
    """Builds the lines."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.lines: list[str] = []
        self._pieces = pieces
        self._groups = _measure(pieces)
        self._line = ""
        self._depth = 0
        #: Whether a comment ended the line, so that the next text begins another.
        self._is_over = False
        #: Whether each of the groups around is broken.
        self._broken = [True]

    def put(self, at: int, piece: Piece) -> None:
        """Write a piece."""
        if isinstance(piece, str):
            self._write(piece)
        elif isinstance(piece, Break):
            self._break(piece)
        elif isinstance(piece, TrailingComment):
            self._write(f"  {piece.text}")
            self._is_over = True
        elif isinstance(piece, OwnLineComment):
            self.end_line()
            self._write(piece.text)
            self._is_over = True
        else:
            self._mark(at, piece)

    def end_line(self) -> None:
        """End the current line, unless it is empty."""
        if self._line.strip():
            self.lines.append(self._line.rstrip())
        self._line = ""
        self._is_over = False

    def _indent(self) -> str:
        return _INDENT * min(self._depth, _DEEPEST)

    def _write(self, text: str) -> None:
        if not text:
            return
        if self._is_over:
            self.end_line()
        if not self._line.strip():
            self._line = self._indent()
            text = text.lstrip(" ")
        self._line += text

    def _break(self, piece: Break) -> None:
        if self._broken[-1] or self._is_over:
            self.end_line()
        else:
            self._line += piece.flat

    def _mark(self, at: int, mark: Mark) -> None:
        if mark is Mark.OPEN_GROUP:
            self._broken.append(not self._fits(at))
        elif mark is Mark.CLOSE_GROUP:
            self._broken.pop()
        elif mark in (Mark.INDENT, Mark.DEDENT):
            self._depth += 1 if mark is Mark.INDENT else -1
        else:
            self.end_line()
            if mark is Mark.BLANK_LINE and self.lines:
                self.lines.append("")

    def _fits(self, at: int) -> bool:
        width, end = self._groups[at]
        if width is None:
            return False
        begun = self._line.rpartition("\n")[2] if self._line.strip() else self._indent()
        return len(begun) + width + self._tail(end) <= WIDTH

    def _tail(self, at: int) -> int:
        """Give the width of the text between the end of a group and the next break."""
        width = 0
        for number in range(at + 1, len(self._pieces)):
            piece = self._pieces[number]
            if isinstance(piece, str):
                width += len(piece)
            elif isinstance(piece, Break) or piece in (Mark.NEWLINE, Mark.BLANK_LINE):
                break
        return width


def _measure(pieces: Sequence[Piece]) -> dict[int, tuple[int | None, int]]:
    """Give the width of each group as one line, and its end, by its beginning.

    The width is ``None`` if the group cannot be one line.
    """
    groups: dict[int, tuple[int | None, int]] = {}
    begun: list[int] = []
    widths: list[int | None] = [0]
    for at, piece in enumerate(pieces):
        if piece is Mark.OPEN_GROUP:
            begun.append(at)
            widths.append(0)
            continue
        width = _width(piece)
        if piece is Mark.CLOSE_GROUP:
            width = widths.pop()
            groups[begun.pop()] = width, at
        before = widths[-1]
        widths[-1] = None if width is None or before is None else before + width
    return groups


def _width(piece: Piece) -> int | None:
    if isinstance(piece, str):
        return None if "\n" in piece else len(piece)
    if isinstance(piece, Break):
        return len(piece.flat)
    return 0 if piece in (Mark.INDENT, Mark.DEDENT, Mark.CLOSE_GROUP) else None
