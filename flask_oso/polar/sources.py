"""Source texts and spans: where a piece of Polar came from.

In goes the text of a policy file, a policy string or a query; out come positions, lines and the
excerpt with a caret that messages show. All arithmetic on lines and columns is here; it counts
characters, so non-ASCII text does not shift a caret. No files are read here, and the language is
not known.
"""

from __future__ import annotations

import typing as t
from array import array
from bisect import bisect_right

from .characters import line_with_escapes, with_escapes

#: How many characters of a line an excerpt shows on either side of the caret.
WIDEST = 200
#: Python keeps a number of so many bits in one digit. A larger one takes more memory.
_DIGIT_BITS = 30
#: The fewest bits of a span for its length, and those of a span that is longer than usual.
_FEWEST_BITS = 4
_LONG_BITS = 32

_FIRST_START = array("Q", [0])


class Source:
    """One text that is parsed as a whole.

    :param text: the text, decoded.
    :param name: the file's name as messages show it; ``None`` for a string.

    Each source has a class of spans, which knows the source. Their numbers have as many bits for
    the length as the offsets of the text leave of one digit.
    """

    __slots__ = ("_starts", "length_bits", "name", "new_span", "text")

    def __init__(self, text: str, name: str | None = None) -> None:
        self.text: t.Final = text
        self.name: t.Final = name
        self._starts: array[int] | None = None
        self.length_bits: t.Final = max(_DIGIT_BITS - len(text).bit_length(), _FEWEST_BITS)
        members = {"__slots__": (), "source": self, "length_bits": self.length_bits}
        self.new_span: t.Final = t.cast(type[Span], type("Span", (Span,), members))

    def __reduce__(self) -> tuple[t.Any, ...]:
        return Source, (self.text, self.name)

    @property
    def _line_starts(self) -> array[int]:
        """The offset of each line, found when it is first needed."""
        starts = self._starts
        if starts is None:
            # A copy: to make one raises an audit event, which no decision does.
            starts, at = _FIRST_START[:], self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self._starts = starts
        return starts

    @property
    def lines(self) -> int:
        """The number of lines; text after the last line end counts as one if it is not empty."""
        return len(self._line_starts) - self.text.endswith("\n")

    def position(self, offset: int) -> tuple[int, int]:
        """Give the line and the column of a character, both counted from 1."""
        starts = self._line_starts
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def start_of(self, number: int) -> int:
        """Give the offset of the first character of a line, counted from 1."""
        return self._line_starts[number - 1]

    def line(self, number: int) -> str:
        """Give the text of a line, counted from 1, without its end."""
        start = self.start_of(number)
        end = self.text.find("\n", start)
        text = self.text[start:] if end < 0 else self.text[start:end]
        return text.removesuffix("\r")

    def around(self, offset: int) -> tuple[str, int]:
        """Give the line of a character and the character's index in it, counted from 0.

        A long line is cut, so that messages stay short.
        """
        line, _ = self.position(offset)
        first = max(self._line_starts[line - 1], offset - WIDEST)
        end = self.text.find("\n", offset, offset + WIDEST)
        text = self.text[first : offset + WIDEST if end < 0 else end]
        return text.removesuffix("\r"), offset - first

    def span(self, start: int, end: int) -> Span:
        """Give the span from one offset to another, the end not included."""
        length, bits = end - start, self.length_bits
        if length >> bits:
            return self.new_span(~(start << _LONG_BITS | length))
        return self.new_span(start << bits | length)


class Span(int):
    """A range of a source: the offsets of its first character and of the one after its last.

    A policy has more spans than anything else, and reads few of them. So a span is a number, which
    takes a quarter of the memory of an object with three fields; the class has the source. Where a
    value is a span or another number, ``isinstance(value, Span)`` is asked first.

    The number is the start, and below it the length, in so few bits that most take one digit. That
    of a longer span is negative.
    """

    __slots__ = ()

    source: t.ClassVar[Source]
    length_bits: t.ClassVar[int]

    @property
    def start(self) -> int:
        """The offset of the first character."""
        return ~self >> _LONG_BITS if self < 0 else self >> self.length_bits

    @property
    def end(self) -> int:
        """The offset of the character after the last one."""
        bits, number = (_LONG_BITS, ~self) if self < 0 else (self.length_bits, self)
        return (number >> bits) + (number & (1 << bits) - 1)

    def __bool__(self) -> bool:
        # Also at the start of a text.
        return True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and int.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__

    def __repr__(self) -> str:
        return f"Span({self.source.name!r}, {self.start}, {self.end})"

    def __reduce__(self) -> tuple[t.Any, ...]:
        return Source.span, (self.source, self.start, self.end)

    @property
    def text(self) -> str:
        """The source text of this span."""
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The line of the first character, counted from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """The column of the first character, counted from 1."""
        return self.source.position(self.start)[1]

    def place(self) -> str:
        """Name the place: ``at line 1, column 6 of file page.polar``."""
        line, column = self.source.position(self.start)
        where = f"at line {line}, column {column}"
        name = self.source.name
        return where if name is None else f"{where} of file {with_escapes(name)}"

    def excerpt(self) -> str:
        """Show the line with a caret under the first character.

        The layout is that of oso, since programs search for it. Invisible characters show as
        escapes; the caret moves with them.
        """
        if not self.source.text:
            return "\t\n"
        return "".join(f"\t{line}\n" for line in self._marked())

    def surroundings(self, count: int) -> str:
        """Show the line with a caret, and up to ``count`` lines before and after it."""
        shown: list[str] = []
        for number in range(self.line - count, self.line + count + 1):
            if number == self.line:
                shown.extend(self._marked())
            elif 1 <= number <= self.source.lines:
                text, _ = self.source.around(self.source.start_of(number))
                shown.append(f"{number:03}: {line_with_escapes(text)}".rstrip())
        return "\n".join(shown)

    def _marked(self) -> tuple[str, str]:
        text, at = self.source.around(self.start)
        before = "".join("\t" if each == "\t" else " " for each in line_with_escapes(text[:at]))
        # The end of the text may lie after the end of the line.
        before = before.ljust(at)
        return f"{self.line:03}: {line_with_escapes(text)}", f"     {before}^"


def located(message: str, span: Span | None) -> str:
    """Append the place and the excerpt to a message, if the span is known."""
    if span is None:
        return message
    return f"{message} {span.place()}:\n{span.excerpt()}"
