"""The lexer: characters to tokens, and the errors of invalid tokens.

In go a text and the terminals of ``grammar.lark``; out come tokens with their offsets. Lexing
never fails: characters that form no token become tokens of special types, which ``check_token``
rejects when the parser reaches them, so that errors come in the order of the text. Where a token
may stand is not known here.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..characters import (
    Misleading,
    help_for_character,
    misleading_in,
    misleading_kind,
    nfc_name,
    with_escapes,
)
from ..exceptions import (
    IntegerOverflow,
    InvalidTokenCharacter,
    ParserError,
    UnrecognizedEOF,
    UnrecognizedToken,
    error_at,
    too_deep,
    with_help,
)
from ..nodes import Value
from ..printer import float_to_polar
from ..sources import Source, Span, located
from .lr_tables import Terminal

GREATEST_INTEGER = 2**63 - 1
#: The type of tokens with a misleading character; the grammar has no such terminal.
MISLEADING = "MISLEADING"


#: The type of a bracket that is nested too deep.
TOO_DEEP = "TOO_DEEP"
_OPENING = frozenset({"LPAR", "LBRACKET", "LBRACE"})
_CLOSING = frozenset({"RPAR", "RBRACKET", "RBRACE"})


#: The least size of a part of a text that is lexed at a time, in characters: of most, and of the
#: first one, behind which rules may have known forms.
_PART = 16_384
_FIRST_PART = 512


class ParseContext:
    """The text that is being parsed, and what the AST builder notes about it.

    :param nesting: how many brackets may be open at a time.
    """

    def __init__(self, source: Source, nesting: int | None = None) -> None:
        self.source: t.Final = source
        self.nesting: t.Final = nesting
        #: The spans of ``and`` expressions without parentheses inside ``or``.
        self.ambiguous: t.Final[list[Span]] = []
        #: The strings in it: a policy writes the same ones again and again.
        self.strings: t.Final[dict[str, str]] = {}
        #: The names behind dots, which share a node each.
        self.keys: t.Final[dict[str, Value]] = {}
        #: Up to where the text is read, and the least size of the next part that is lexed.
        self.read_to = 0
        self.part_size = _FIRST_PART

    def restart_parts(self) -> None:
        """Let the next part be as small as the first one."""
        self.part_size = _FIRST_PART


class Token(t.NamedTuple):
    """A token. The parse tables use only its type; the AST builder gets it whole."""

    type: str
    text: str
    begin: int
    context: ParseContext

    @property
    def end(self) -> int:
        """The offset behind the token in its text."""
        return self.begin + (len(self.text) if self.text.isascii() else self._written_length())

    @property
    def span(self) -> Span:
        """The place of the token."""
        _, text, begin, context = self
        length = len(text) if text.isascii() else self._written_length()
        source = context.source
        if length >> source.length_bits:
            return source.span(begin, begin + length)
        # Like ``Source.span``, without a call of a Python function.
        return source.new_span(begin << source.length_bits | length)

    @property
    def is_as_written(self) -> bool:
        """Whether the text spells it like this, and not in another Unicode normalization."""
        return self.context.source.text.startswith(self.text, self.begin)

    def _written_length(self) -> int:
        if self.is_as_written:
            return len(self.text)
        written, size = self.context.source.text, 1
        while nfc_name(written[self.begin : self.begin + size]) != self.text:
            size += 1
        return size

    def __str__(self) -> str:
        return self.text


class Lexer:
    """Splits a text into tokens with one regular expression made of the grammar's terminals.

    :param ignored: names of the terminals that separate tokens.
    """

    def __init__(self, terminals: Sequence[Terminal], ignored: Sequence[str]) -> None:
        words, patterns = {}, []
        for terminal in sorted(terminals, key=lambda each: -each.priority):
            if terminal.is_word:
                words[terminal.pattern] = terminal.name
            else:
                patterns.append(f"(?P<{terminal.name}>{terminal.pattern})")
        # Before the last pattern, which matches any character.
        patterns.insert(-1, f"(?P<SIGN>{_pattern_of([w for w in words if not w.isalpha()])})")
        separators = "|".join(f"(?:{each.pattern})" for each in terminals if each.name in ignored)
        self._words = words
        self._ignored = frozenset(ignored)
        self._pattern = re.compile("|".join(patterns))
        # Separators and the token after them; at the end of a part no token.
        nameless = re.sub(r"\?P<\w+>", "?:", "|".join(patterns))
        self._pairs = re.compile(f"((?:{separators})*+)({nameless}|\\Z)")
        self._separators = re.compile(f"(?:{separators})*+")

    def parts(self, text: ParseContext) -> Iterator[list[Token]]:
        """Give the tokens of a text in parts.

        All tokens at once would take more memory than the nodes made of them.
        """
        misleading = misleading_in(text.source.text)
        if misleading:
            text.read_to = len(text.source.text)
            yield list(self._checked_tokens(text, misleading))
            return
        # Each distinct token text is classified and stored once.
        known = self._known_words()
        while (begin := text.read_to) < len(text.source.text):
            text.read_to = _cut(text.source.text, begin + min(text.part_size, _PART))
            text.part_size = min(2 * text.part_size, _PART)
            yield self._tokens(text, begin, text.read_to, known)

    def tokens_between(self, text: ParseContext, begin: int, end: int) -> list[Token]:
        """Give the tokens of a statement."""
        return self._tokens(text, begin, end, self._known_words())

    def next_token(self, text: str, at: int) -> int:
        """Give the offset of the first token from an offset on."""
        return t.cast(re.Match[str], self._separators.match(text, at)).end()

    def _known_words(self) -> dict[str, tuple[str, str]]:
        return {word: (kind, word) for word, kind in self._words.items()}

    def _tokens(
        self, text: ParseContext, begin: int, end: int, known: dict[str, tuple[str, str]]
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
            # Like ``Token(…)``, without a call of a Python function: there are many.
            tokens.append(new(Token, (*found, begin, text)))
            begin += len(part)
        return tokens

    def _kind_of(self, part: str) -> str:
        """Give the type of a token that is no keyword."""
        match = self._pattern.match(part)
        return (match and match.lastgroup) or ""

    def _checked_tokens(self, text: ParseContext, misleading: frozenset[str]) -> t.Iterator[Token]:
        words, ignored = self._words, self._ignored
        for match in self._pattern.finditer(text.source.text):
            kind = match.lastgroup or ""
            part = match.group()
            if _first_refused(part, kind, misleading) is not None:
                yield Token(MISLEADING, part, match.start(), text)
                continue
            if kind in ignored:
                continue
            if kind == "SYMBOL" or kind == "SIGN":
                kind = words.get(part, kind)
            yield Token(kind, _read_as(part, kind), match.start(), text)


def _read_as(part: str, kind: str) -> str:
    """Give the text of a token; names are normalized."""
    return nfc_name(part) if kind == "SYMBOL" else part


def _pattern_of(signs: Sequence[str]) -> str:
    """Give a pattern that matches signs, longer ones first."""
    long = sorted((sign for sign in signs if len(sign) > 1), key=len, reverse=True)
    # A character class is matched at once; alternatives are tried one by one.
    characters = "".join(re.escape(sign) for sign in signs if len(sign) == 1)
    return "|".join([*map(re.escape, long), f"[{characters}]"])


def _cut(text: str, start: int) -> int:
    """Give an offset behind another one at which a text may be cut: inside no token.

    It is that of a line end, behind a statement if one ends soon.
    """
    cut = text.find(";\n", start, start + _PART) + 1 or text.find("\n", start)
    while cut >= 0:
        # A string continues after a backslash.
        if text[cut - 1] != "\\":
            return cut
        cut = text.find("\n", cut + _PART)
    return len(text)


def _first_refused(part: str, kind: str, misleading: Iterable[str]) -> int | None:
    """Give the offset of the first misleading character that a token must not contain.

    Names contain none; strings and comments contain none that change the order of the text.
    """
    is_name = kind in ("SYMBOL", "UNFINISHED_SYMBOL")
    offsets = [
        part.find(each)
        for each in misleading
        if each in part
        and (is_name or misleading_kind(each) in (Misleading.REORDERING, Misleading.MARK))
    ]
    return min(offsets, default=None)


def check_token(token: Token) -> None:
    """Raise the error of an invalid token; only tokens of the types ``CHECKED`` can be invalid."""
    reject = _CHECKS.get(token.type)
    if reject is not None:
        reject(token)


def unexpected_token(token: Token) -> ParserError:
    """Make the error for a token that the grammar does not allow where it is."""
    if token.type in ("CUT", "DEBUG", "IN", "NEW"):
        message = f"{token.text} is a reserved Polar word and cannot be used here"
        return error_at(ParserError, message, token.span)
    message = f"did not expect to find the token '{_shown(token)}'"
    return error_at(UnrecognizedToken, message, token.span)


def unexpected_end(source: Source, tokens: t.Sequence[Token]) -> UnrecognizedEOF:
    """Make the error for a text that ends too early; it points behind the last token."""
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
    """Give the value of a string literal."""
    body = text[1:-1]
    if "\\" not in body:
        return body
    return re.sub(r"\\([\s\S])", lambda match: _ESCAPES.get(match[1], match[1]), body)


def unknown_escapes(token: Token) -> t.Iterator[tuple[Span, str]]:
    """Give the escapes of a string that are not defined: they stand for the character alone."""
    if token.type != "STRING" or "\\" not in token.text:
        return
    for match in re.finditer(r"\\([\s\S])", token.text):
        if match[1] not in _ESCAPES and match[1] not in "\\\"'\n":
            begin = token.begin + match.start()
            yield token.context.source.span(begin, begin + 2), match[1]


def escaped(text: str) -> str:
    """Give a text as it would be written in a string, with escapes for invisible characters."""
    return with_escapes(text.translate(_SHOWN))


def _check_integer(token: Token) -> None:
    # One more than the greatest integer is valid after a minus sign, which is another token.
    digits = token.text.lstrip("0")
    if len(digits) > 19 or int(digits or "0") > GREATEST_INTEGER + 1:
        raise integer_overflow(token)


def integer_overflow(token: Token) -> IntegerOverflow:
    """Make the error for an integer that needs more than 64 bits."""
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


def _reject_misleading(token: Token) -> None:
    offset = _first_refused(token.text, _kind_of(token), misleading_in(token.text))
    assert offset is not None
    character = token.text[offset]
    found = "a comment" if token.text.startswith("#") else escaped(token.text.strip('"'))
    message = f"'{escaped(character)}' is not a valid character. Found in {found}"
    at = token.begin + offset
    place = located(message, token.context.source.span(at, at + 1))
    raise InvalidTokenCharacter(place + help_for_character(character))


def _kind_of(token: Token) -> str:
    return "STRING" if token.text.startswith(('"', "#")) else "SYMBOL"


def mark_depth(tokens: list[Token], nesting: int, depth: int = 0) -> int:
    """Replace opening brackets that exceed the nesting limit with tokens of type ``TOO_DEEP``.

    Only brackets nest: the length of a chain of operators is not limited.

    :param depth: how many brackets are open before these tokens.
    :return: how many are open after them.
    """
    first = 0
    if depth + len(tokens) <= nesting:
        # No bracket can be too deep. A semicolon ends all brackets, so only those after the last
        # semicolon count.
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
        # A backslash at the end of the text.
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
    MISLEADING: _reject_misleading,
    TOO_DEEP: _reject_depth,
}
#: The types of tokens that can be invalid.
CHECKED = frozenset(_CHECKS)
