"""The formatter: a policy in its canonical style, with all its comments.

In goes a text, out comes a text with the same meaning. Tokens and their order stay, except that
trailing commas of lists are removed; only the space between tokens changes. The result is parsed
and compared with the original before it is given.

The style: the head of a rule on one line, its conditions below, one a line; longer lines are
broken in brackets; at most one empty line in a row. A comment on its own line stays on its own
line; a trailing comment stays after its condition.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import typing as t
from collections.abc import Iterator, Sequence

from ..exceptions import OsoError, combined
from ..limits import Limits, check_length
from ..sources import Source
from .parser import parse_policy, read_tokens
from .policy_test_nodes import Statement
from .pretty_printer import Break, Mark, OwnLineComment, Piece, TrailingComment, lay_out

_COMMENT = re.compile(r"#[^\n\r]*")
_CRLF = re.compile(r"[^\n]*\r\n")
_OPENING = ("(", "[", "{")
_CLOSING = (")", "]", "}")
#: The types of tokens that are keywords.
_WORDS = frozenset((
    "AND", "CUT", "DEBUG", "FORALL", "IF", "IN", "MATCHES", "MOD", "NEW", "NOT", "OR", "PRINT",
    "REM", "TYPE",
))  # fmt: skip
#: Signs and keywords before an operand.
_LEADING = (
    *_OPENING, ",", ":", "?=", "=", ":=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/",
    "and", "if", "in", "matches", "mod", "new", "not", "or", "rem",
)  # fmt: skip
#: How many names may stand in front of the brace of a block or a test.
_NAMES = (1, 2, 3, 4)
#: Keywords that are called like rules.
_CALLED = ("debug", "forall", "print")
#: Tokens that stay on the line of the token before them; comments move after them.
_GLUED = (",", ";", "and", "or", "if")


@dataclasses.dataclass(eq=False)
class _Word:
    """A token, with the comments around it."""

    text: str
    type: str = ""
    #: Comments on their own lines above it, each with whether an empty line precedes it.
    comments_above: list[tuple[str, bool]] = dataclasses.field(default_factory=list)
    #: The comment after it on its line.
    trailing_comment: str | None = None
    #: Whether an empty line precedes it.
    is_apart: bool = False
    #: Whether it is a name, though spelled like a keyword.
    is_name: bool = False

    def acts_as(self, *texts: str) -> bool:
        """Tell whether it is one of these keywords or signs, and no name."""
        return self.text in texts and not self.is_name

    @property
    def may_be_called(self) -> bool:
        """Whether a parenthesis or a brace after it belongs to it."""
        return self.type == "SYMBOL" or self.is_name or self.acts_as(".", *_CALLED)


def format_policy(source: Source, limits: Limits | None = None) -> str:
    """Give a text in the canonical style.

    :raises ParserError: if the text is not Polar; ``problems`` has all errors.
    """
    limits = limits or Limits()
    check_length(source, limits)
    statements = _parsed(source, limits)
    words = _words(source)
    comments = _comments(words)
    newline = "\r\n" if _CRLF.match(source.text) else "\n"
    lines = lay_out([*_policy(_tidied(words))])
    text = "".join(f"{line}{newline}" for line in lines)
    made = Source(text, source.name)
    if _parsed(made, limits) != statements or _comments(_words(made)) != comments:
        raise OsoError(f"{source.name or 'The text'} cannot be formatted. It stays as it is.")
    return text


def _parsed(source: Source, limits: Limits) -> tuple[Statement, ...]:
    parsed = parse_policy(source, limits.nesting)
    if parsed.problems:
        raise combined(parsed.problems)
    return parsed.statements


def _comments(words: Sequence[_Word]) -> list[str]:
    """Give the comments of a text in order."""
    found: list[str] = []
    for word in words:
        found += [text for text, _ in word.comments_above]
        found += [] if word.trailing_comment is None else [word.trailing_comment]
    return found


# -- words with their comments -------------------------------------------------------


def _words(source: Source) -> list[_Word]:
    """Give the tokens of a text, and an empty one for the comments at its end."""
    tokens = read_tokens(source)
    words: list[_Word] = []
    end = 0
    for token in tokens:
        words.append(_Word(token.text, token.type))
        _attach(token.context.source.text[end : token.begin], words)
        end = token.end
    words.append(_Word(""))
    # The source of the tokens has no byte order mark.
    text = tokens[0].context.source.text if tokens else source.text
    _attach(text[end:], words)
    for at, word in enumerate(words[:-1]):
        # A keyword after a dot or before a colon is a name.
        is_name = words[at + 1].text == ":" or (at > 0 and words[at - 1].text == ".")
        word.is_name = word.type in _WORDS and is_name
    return words


def _attach(gap: str, words: list[_Word]) -> None:
    """Attach the comments of a gap to the word after it or, trailing ones, to the word before."""
    word, end = words[-1], 0
    for comment in _COMMENT.finditer(gap):
        between, text = gap[end : comment.start()], comment.group().rstrip()
        if not end and "\n" not in between and len(words) > 1:
            words[-2].trailing_comment = text
        else:
            word.comments_above.append((text, between.count("\n") > 1))
        end = comment.end()
    word.is_apart = gap[end:].count("\n") > 1


def _tidied(words: Sequence[_Word]) -> list[_Word]:
    """Move comments after separators that follow them, and drop trailing commas."""
    for before, word, behind in zip(words, words[1:], words[2:], strict=False):
        if word.acts_as(*_GLUED):
            _move_comments(before, word, behind)
    kept: list[_Word] = []
    for word, behind in itertools.pairwise(words):
        if word.acts_as(",") and behind.acts_as(*_CLOSING):
            kept[-1].trailing_comment = word.trailing_comment
        else:
            kept.append(word)
    return [*kept, words[-1]]


def _move_comments(before: _Word, word: _Word, behind: _Word) -> None:
    moved = [] if word.text == ";" else word.comments_above
    if moved:
        word.comments_above = []
        if word.trailing_comment is not None:
            moved = [*moved, (word.trailing_comment, False)]
            word.trailing_comment = None
    if before.trailing_comment is not None and not word.comments_above:
        if word.trailing_comment is not None:
            moved = [*moved, (word.trailing_comment, False)]
        word.trailing_comment, before.trailing_comment = before.trailing_comment, None
    behind.comments_above[:0] = moved


# -- statements ----------------------------------------------------------------------


def _policy(words: Sequence[_Word]) -> Iterator[Piece]:
    at = 0
    while words[at].text:
        yield from _lead_in(words[at])
        if _is_block(words, at):
            end = _end(words, at, "}")
            yield from _block(words[at:end])
        else:
            end = _end(words, at, ";")
            yield from _statement(words[at:end])
        yield Mark.NEWLINE
        at = end
    yield from _comments_above(words[at])


def _is_block(words: Sequence[_Word], at: int) -> bool:
    types = [word.type for word in words[at : at + 5]]
    is_test = words[at].text == "test" and types[1:3] == ["STRING", "LBRACE"]
    return is_test or any(types[: count + 1] == ["SYMBOL"] * count + ["LBRACE"] for count in _NAMES)


def _end(words: Sequence[_Word], start: int, last: str) -> int:
    """Give the index after the word that ends the statement or declaration."""
    depth = 0
    for at in range(start, len(words)):
        depth += words[at].acts_as(*_OPENING) - words[at].acts_as(*_CLOSING)
        if not depth and words[at].acts_as(last):
            return at + 1
    return len(words)


def _lead_in(word: _Word, *, is_first: bool = False) -> Iterator[Piece]:
    """Lay out the comments and the empty line before a statement.

    :param is_first: whether it is the first of a block.
    """
    has_notes = bool(word.comments_above)
    yield from _comments_above(word, is_first=is_first)
    yield Mark.BLANK_LINE if word.is_apart and not (is_first and not has_notes) else Mark.NEWLINE


def _comments_above(word: _Word, *, is_first: bool = False) -> Iterator[Piece]:
    for number, (text, is_apart) in enumerate(word.comments_above):
        yield Mark.BLANK_LINE if is_apart and (number or not is_first) else Mark.NEWLINE
        yield OwnLineComment(text)
    word.comments_above = []


def _block(words: Sequence[_Word]) -> Iterator[Piece]:
    """Lay out a block or a test: each declaration, shorthand and assertion begins a line."""
    start = next(at for at, word in enumerate(words) if word.acts_as("{")) + 1
    *inside, closing = words[start:]
    yield from _phrase(words[: start - 1])
    yield from _comments_above(words[start - 1])
    yield " {"
    yield from _trailing_comment(words[start - 1])
    yield Mark.INDENT
    at = 0
    while at < len(inside):
        is_nested = at + 1 < len(inside) and inside[at + 1].acts_as("{")
        end = _end(inside, at, "}" if is_nested else ";")
        yield from _lead_in(inside[at], is_first=not at)
        yield from (_block if is_nested else _item)(inside[at:end])
        at = end
    has_lines = bool(inside or closing.comments_above)
    yield from _comments_above(closing, is_first=not inside)
    yield Mark.DEDENT
    if has_lines:
        yield Mark.NEWLINE
    yield "}"
    yield from _trailing_comment(closing)


def _item(words: Sequence[_Word]) -> Iterator[Piece]:
    """Lay out what is in a block: conditions that do not fit on its line are indented."""
    if not any(word.acts_as("and") for word in words):
        yield from _phrase(words)
        return
    yield Mark.OPEN_GROUP
    is_begun = False
    for piece in _phrase(words):
        yield piece
        if not is_begun and piece == words[0].text:
            # The lines after the first one.
            is_begun = True
            yield Mark.INDENT
    yield from (Mark.DEDENT, Mark.CLOSE_GROUP)


def _statement(words: Sequence[_Word]) -> Iterator[Piece]:
    """Lay out a rule, a rule type or an inline query."""
    at = next((at for at, word in enumerate(words) if word.acts_as("if")), None)
    if at is not None:
        yield from _phrase(words[: at + 1])
        yield Mark.INDENT
        yield Mark.NEWLINE
        yield from _phrase(words[at + 1 :], is_body=True)
        yield Mark.DEDENT
    elif words[0].acts_as("?="):
        yield words[0].text
        yield from _trailing_comment(words[0])
        yield from (Mark.OPEN_GROUP, Mark.INDENT, " ")
        yield from _phrase(words[1:])
        yield from (Mark.DEDENT, Mark.CLOSE_GROUP)
    else:
        yield from _phrase(words)


# -- words in a row ------------------------------------------------------------------


class _Inside(t.NamedTuple):
    """An open bracket."""

    padding: str
    is_empty: bool


def _phrase(words: Sequence[_Word], *, is_body: bool = False) -> Iterator[Piece]:
    """Lay out words with spaces, and a group for each pair of brackets.

    :param is_body: whether each condition outside of brackets gets its own line.
    """
    around: list[_Inside] = []
    before = _Word("")
    # Whether the word before is a sign of its operand, or an `in` without a left operand.
    is_prefix = False
    for word, behind in zip(words, [*words[1:], _Word("")], strict=True):
        is_operand = before.acts_as("", *_LEADING)
        if word.acts_as(*_CLOSING):
            yield from _comments_above(word)
            yield from _before_closing(around.pop())
        elif word.comments_above:
            yield from _comments_above(word)
        elif not is_prefix:
            yield _gap(before, word, is_operand)
        if word.acts_as(*_OPENING):
            yield Mark.OPEN_GROUP
            around.append(_inside(before, word, behind))
        yield word.text
        yield from _trailing_comment(word)
        yield from _behind(word, around, is_line=is_body and not around)
        is_prefix = is_operand and word.acts_as("+", "-", "*", "in")
        before = word


def _inside(before: _Word, opening: _Word, behind: _Word) -> _Inside:
    is_padded = opening.text == "{" and not before.may_be_called
    is_empty = (
        behind.acts_as(*_CLOSING) and not behind.comments_above and opening.trailing_comment is None
    )
    return _Inside(" " if is_padded else "", is_empty)


def _before_closing(inside: _Inside) -> Iterator[Piece]:
    if not inside.is_empty:
        yield Mark.DEDENT
        yield Break(inside.padding)


def _behind(word: _Word, around: Sequence[_Inside], *, is_line: bool) -> Iterator[Piece]:
    """Lay out what follows a word in any case."""
    if word.acts_as(*_OPENING) and not around[-1].is_empty:
        yield Mark.INDENT
        yield Break(around[-1].padding)
    elif word.acts_as(*_CLOSING):
        yield Mark.CLOSE_GROUP
    elif word.acts_as(",", "and", "or"):
        yield Mark.NEWLINE if is_line else Break(" ")


def _gap(before: _Word, word: _Word, is_operand: bool) -> str:
    """Give the space between two words of a line."""
    if before.acts_as("", ",", "and", "or", ".", *_OPENING) or word.acts_as(",", ";", ":"):
        return ""
    if word.acts_as(".") and not is_operand:
        # Right after digits it would be part of the number.
        return " " if before.type == "INTEGER" else ""
    return "" if word.acts_as("(", "{") and before.may_be_called else " "


def _trailing_comment(word: _Word) -> Iterator[Piece]:
    if word.trailing_comment is not None:
        yield TrailingComment(word.trailing_comment)
