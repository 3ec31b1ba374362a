"""From characters to tokens, and what is wrong with those that are none.

In goes a text and the terminals of ``grammar.lark``; out come tokens that know their
text. Reading never fails: characters that make no token come as tokens of a type of
their own, which ``check`` rejects in its turn, so that mistakes are met in the order of
the text. Where a token may stand is not known here.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from .characters import Deceit, deceit, deceptive_in, explain, normalized, with_escapes
from .exceptions import (
    IntegerOverflow,
    InvalidTokenCharacter,
    ParserError,
    UnrecognizedEOF,
    UnrecognizedToken,
    error_at,
    too_deep,
    with_help,
)
from .printer import float_to_polar
from .sources import Source, Span, located
from .tables import Terminal

GREATEST_INTEGER = 2**63 - 1
#: The type of tokens with a character that deceives; the grammar does not know it.
DECEPTIVE = "DECEPTIVE"


#: The type of a bracket that is nested too deep.
TOO_DEEP = "TOO_DEEP"
_OPENING = frozenset({"LPAR", "LBRACKET", "LBRACE"})
_CLOSING = frozenset({"RPAR", "RBRACKET", "RBRACE"})


class Text:
    """What the actions need to know of the text that is being parsed.

    :param nesting: how many brackets may be open at a time.
    """

    def __init__(self, source: Source, nesting: int | None = None) -> None:
        self.source: t.Final = source
        self.nesting: t.Final = nesting
        #: Each ``and`` that stands without parentheses in an ``or``.
        self.ambiguous: t.Final[list[Span]] = []


class Token(t.NamedTuple):
    """A token. The tables look at its type only and hand it to the actions."""

    type: str
    text: str
    begin: int
    context: Text

    @property
    def end(self) -> int:
        return self.begin + (len(self.text) if self.text.isascii() else self._written_length())

    @property
    def span(self) -> Span:
        _, text, begin, context = self
        length = len(text) if text.isascii() else self._written_length()
        # As ``Span(…)`` does, without a call of Python.
        return tuple.__new__(Span, (context.source, begin, begin + length))

    @property
    def is_as_written(self) -> bool:
        """Whether the text has it like this, and not in another normalization of Unicode."""
        return self.context.source.text.startswith(self.text, self.begin)

    def _written_length(self) -> int:
        if self.is_as_written:
            return len(self.text)
        written, size = self.context.source.text, 1
        while normalized(written[self.begin : self.begin + size]) != self.text:
            size += 1
        return size

    def __str__(self) -> str:
        return self.text


class Lexer:
    """Reads tokens: one regular expression, made of the terminals of the grammar.

    :param ignored: names of the terminals that separate tokens.
    """

    def __init__(self, terminals: Sequence[Terminal], ignored: Sequence[str]) -> None:
        words, patterns = {}, []
        for terminal in sorted(terminals, key=lambda each: -each.priority):
            if terminal.is_word:
                words[terminal.pattern] = terminal.name
            else:
                patterns.append(f"(?P<{terminal.name}>{terminal.pattern})")
        # Before the last pattern, which takes any character.
        patterns.insert(-1, f"(?P<SIGN>{_pattern_of([w for w in words if not w.isalpha()])})")
        separators = "|".join(f"(?:{each.pattern})" for each in terminals if each.name in ignored)
        self._words = words
        self._ignored = frozenset(ignored)
        self._pattern = re.compile("|".join(patterns))
        # What separates tokens, and the token behind it; at the end of a part nothing.
        nameless = re.sub(r"\?P<\w+>", "?:", "|".join(patterns))
        self._pairs = re.compile(f"((?:{separators})*+)({nameless}|\\Z)")

    def parts(self, text: Text) -> Iterator[list[Token]]:
        """Give the tokens of a text, those of a part of it at a time.

        All at once they would take more room than what is made of them.
        """
        deceptive = deceptive_in(text.source.text)
        if deceptive:
            yield list(self._checked_tokens(text, deceptive))
            return
        # What is met again is neither looked at nor kept a second time.
        known = {word: (kind, word) for word, kind in self._words.items()}
        begin = 0
        for end in _cuts(text.source.text):
            yield self._tokens(text, begin, end, known)
            begin = end

    def _tokens(
        self, text: Text, begin: int, end: int, known: dict[str, tuple[str, str]]
    ) -> list[Token]:
        get, new, kind_of = known.get, tuple.__new__, self._kind_of
        tokens = []
        for separator, part in self._pairs.findall(text.source.text, begin, end):
            if not part:
                break
            begin += len(separator)
            found = get(part)
            if found is None:
                kind = kind_of(part)
                found = known[part] = (kind, _read_as(part, kind))
            # As ``Token(…)`` does, without a call of Python: there are many.
            tokens.append(new(Token, (*found, begin, text)))
            begin += len(part)
        return tokens

    def _kind_of(self, part: str) -> str:
        """Give the type of a token that is no word: its text alone tells it."""
        match = self._pattern.match(part)
        return (match and match.lastgroup) or ""

    def _checked_tokens(self, text: Text, deceptive: frozenset[str]) -> t.Iterator[Token]:
        words, ignored = self._words, self._ignored
        for match in self._pattern.finditer(text.source.text):
            kind = match.lastgroup or ""
            part = match.group()
            if _first_refused(part, kind, deceptive) is not None:
                yield Token(DECEPTIVE, part, match.start(), text)
                continue
            if kind in ignored:
                continue
            if kind == "SYMBOL" or kind == "SIGN":
                kind = words.get(part, kind)
            yield Token(kind, _read_as(part, kind), match.start(), text)


def _read_as(part: str, kind: str) -> str:
    """Give the text of a token: names that Unicode calls equivalent are one name."""
    return normalized(part) if kind == "SYMBOL" else part


def _pattern_of(signs: Sequence[str]) -> str:
    """Give a pattern for signs, the longer ones first."""
    long = sorted((sign for sign in signs if len(sign) > 1), key=len, reverse=True)
    # A set of characters is found at once, where alternatives are tried one by one.
    characters = "".join(re.escape(sign) for sign in signs if len(sign) == 1)
    return "|".join([*map(re.escape, long), f"[{characters}]"])


#: How many characters of a text are read at a time, at least.
_PART = 16_384


def _cuts(text: str) -> Iterator[int]:
    """Give the offsets at which a text is cut: ends of lines that no token goes on behind."""
    cut = text.find("\n", _PART)
    while cut >= 0:
        # A string goes on behind a backslash.
        if text[cut - 1] != "\\":
            yield cut
        cut = text.find("\n", cut + _PART)
    yield len(text)


def _first_refused(part: str, kind: str, deceptive: Iterable[str]) -> int | None:
    """Give the offset of the first character that must not stand in a part of the text.

    A string or a comment may hold whatever keeps its place, and no white space deceives.
    """
    is_name = kind in ("SYMBOL", "UNFINISHED_SYMBOL")
    offsets = [
        part.find(each)
        for each in deceptive
        if each in part and (is_name or deceit(each) in (Deceit.REORDERING, Deceit.MARK))
    ]
    return min(offsets, default=None)


def check(token: Token) -> None:
    """Raise the error of a token that is wrong in itself; only those ``CHECKED`` can be."""
    reject = _CHECKS.get(token.type)
    if reject is not None:
        reject(token)


def out_of_place(token: Token) -> ParserError:
    if token.type in ("CUT", "DEBUG", "IN", "NEW"):
        message = f"{token.text} is a reserved Polar word and cannot be used here"
        return error_at(ParserError, message, token.span)
    message = f"did not expect to find the token '{_shown(token)}'"
    return error_at(UnrecognizedToken, message, token.span)


def unexpected_end(source: Source, tokens: t.Sequence[Token]) -> UnrecognizedEOF:
    end = tokens[-1].end if tokens else 0
    message = "hit the end of the file unexpectedly. Did you forget a semi-colon"
    return error_at(UnrecognizedEOF, message, source.span(end, end))


def _shown(token: Token) -> str:
    if token.type == "STRING":
        return escaped(unquoted(token.text))
    if token.type == "INTEGER":
        return str(int(token.text))
    if token.type in ("FLOAT", "INF", "NAN"):
        return float_to_polar(float(token.text))
    return escaped(token.text)


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_SHOWN = str.maketrans({character: f"\\{letter}" for letter, character in _ESCAPES.items()})
_SHOWN.update(str.maketrans({character: f"\\{character}" for character in "\"'\\"}))


def unquoted(text: str) -> str:
    """Give what a string literal stands for."""
    body = text[1:-1]
    if "\\" not in body:
        return body
    return re.sub(r"\\([\s\S])", lambda match: _ESCAPES.get(match[1], match[1]), body)


def unknown_escapes(token: Token) -> t.Iterator[tuple[Span, str]]:
    """Give the escapes of a string that stand for the character behind the backslash."""
    if token.type != "STRING" or "\\" not in token.text:
        return
    for match in re.finditer(r"\\([\s\S])", token.text):
        if match[1] not in _ESCAPES and match[1] not in "\\\"'\n":
            begin = token.begin + match.start()
            yield token.context.source.span(begin, begin + 2), match[1]


def escaped(text: str) -> str:
    """Show a text with escapes for all that would not be seen."""
    return with_escapes(text.translate(_SHOWN))


def _check_integer(token: Token) -> None:
    # One more than the greatest is fine behind a minus sign, which is not seen here.
    digits = token.text.lstrip("0")
    if len(digits) > 19 or int(digits or "0") > GREATEST_INTEGER + 1:
        raise overflow(token)


def overflow(token: Token) -> IntegerOverflow:
    message = f"'{token.text}' caused an integer overflow"
    error = error_at(IntegerOverflow, message, token.span)
    return with_help(error, "An integer has 64 bits. Write a float, or give it as a string.\n")


def _check_float(token: Token) -> None:
    try:
        float(token.text)
    except ValueError:
        message = f"{token.text} was parsed as a float, but is invalid"
        error = error_at(ParserError, message, token.span)
        raise with_help(error, "Write digits behind the `e`, as in `1e5` or `1e-5`.\n") from None


def _reject_symbol(token: Token) -> None:
    raise _wrong_character(token, token.end - 1, found=token.text)


def _reject_string(token: Token) -> None:
    at = token.end
    rest = token.context.source.text[at:]
    found = unquoted(token.text + '"')
    raise _wrong_character(token, at, found=found, place=at if rest else token.begin)


def _reject_character(token: Token) -> None:
    if token.text == "?":
        raise _wrong_character(token, token.end, found="?=")
    raise _wrong_character(token, token.begin, found="")


def _reject_deceptive(token: Token) -> None:
    offset = _first_refused(token.text, _kind_of(token), deceptive_in(token.text))
    assert offset is not None
    character = token.text[offset]
    found = "a comment" if token.text.startswith("#") else escaped(token.text.strip('"'))
    message = f"'{escaped(character)}' is not a valid character. Found in {found}"
    at = token.begin + offset
    place = located(message, token.context.source.span(at, at + 1))
    raise InvalidTokenCharacter(place + explain(character))


def _kind_of(token: Token) -> str:
    return "STRING" if token.text.startswith(('"', "#")) else "SYMBOL"


def mark_depth(tokens: list[Token], nesting: int, depth: int = 0) -> int:
    """Turn the brackets that open deeper than a text may be nested into tokens of their own.

    All nesting is in brackets: chains of operators are as long as they like.

    :param depth: how many brackets are open before these tokens.
    :return: how many are open behind them.
    """
    first = 0
    if depth + len(tokens) <= nesting:
        # None is too deep. A semicolon closes all brackets, so those behind the last one count.
        first = next(
            (at for at in range(len(tokens), 0, -1) if tokens[at - 1][0] == "SEMICOLON"), 0
        )
        depth = 0 if first else depth
    for at in range(first, len(tokens)):
        kind = tokens[at][0]
        if kind in _OPENING:
            depth += 1
            if depth > nesting:
                tokens[at] = tokens[at]._replace(type=TOO_DEEP)
        elif kind in _CLOSING:
            depth = max(depth - 1, 0)
        elif kind == "SEMICOLON":
            depth = 0
    return depth


def _reject_depth(token: Token) -> None:
    raise too_deep(ParserError, token.span, f": MAX_NESTING = {token.context.nesting}")


def _wrong_character(
    token: Token, at: int, *, found: str, place: int | None = None
) -> InvalidTokenCharacter:
    source = token.context.source
    character = source.text[at : at + 1] or "\0"
    if token.type == "UNFINISHED_STRING" and character == "\\":
        # A backslash with nothing behind it.
        character = "\0"
    place = at if place is None else place
    message = f"'{escaped(character)}' is not a valid character. Found in {escaped(found)}"
    return error_at(InvalidTokenCharacter, message, source.span(place, place + 1))


_CHECKS: dict[str, t.Callable[[Token], None]] = {
    "INTEGER": _check_integer,
    "FLOAT": _check_float,
    "UNFINISHED_SYMBOL": _reject_symbol,
    "UNFINISHED_STRING": _reject_string,
    "STRAY_CHARACTER": _reject_character,
    DECEPTIVE: _reject_deceptive,
    TOO_DEEP: _reject_depth,
}
#: The types of tokens that can be wrong in themselves.
CHECKED = frozenset(_CHECKS)
