"""From the text of a policy or a query to nodes.

In goes a ``Source``; out come statements, with every syntax problem of a policy and the
warnings about it, or the one term of a query. The syntax is in ``grammar.lark``, what
makes nodes of it in ``actions.py``; it runs while the text is read, without recursion,
so no depth of nesting matters. Here is the recovery from mistakes. What names mean is
not known here.
"""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

import lark
from lark.parsers.lalr_interactive_parser import InteractiveParser

from .actions import Actions
from .characters import BYTE_ORDER_MARK
from .exceptions import OsoError, ParserError
from .nodes import Rule, Statement, Term
from .sources import Source, located
from .tokens import Lexer, Text, Token, check, out_of_place, unexpected_end

_AMBIGUOUS = (
    "Expression without parentheses could be ambiguous.\n"
    "Prior to 0.20, `x and y or z` would parse as `x and (y or z)`.\n"
    "As of 0.20, it parses as `(x and y) or z`, matching other languages."
)


@dataclass(frozen=True)
class Parsed:
    """What a policy text holds: statements and problems, each in the order of the text."""

    statements: tuple[Statement, ...]
    problems: tuple[OsoError, ...]
    warnings: tuple[str, ...]


def parse_policy(source: Source) -> Parsed:
    """Parse a policy as far as possible: no problem hides those in other statements."""
    return _PolicyParser(_without_mark(source)).parse()


def parse_query(source: Source) -> Term:
    """Parse one expression, without semicolon.

    :raises ParserError: the first problem of the text.
    """
    source = _without_mark(source)
    syntax = _syntax()
    tokens = syntax.tokens(Text(source))
    parser = syntax.start("query")
    for token in tokens:
        if token.type == "SEMICOLON":
            # It ends a statement's expression and would have this one checked first.
            raise out_of_place(token)
        _feed(parser, token)
    try:
        return t.cast(Term, _result(parser))
    except lark.UnexpectedToken:
        raise unexpected_end(source, tokens) from None


def _without_mark(source: Source) -> Source:
    if not source.text.startswith(BYTE_ORDER_MARK):
        return source
    return Source(source.text.removeprefix(BYTE_ORDER_MARK), source.name)


# -- statements and recovery -----------------------------------------------------------


class _PolicyParser:
    """Reads a policy statement by statement, so that a mistake spoils only its own."""

    def __init__(self, source: Source) -> None:
        self._syntax = _syntax()
        self._text = Text(source)
        self._tokens = self._syntax.tokens(self._text)
        self._statements: list[Statement] = []
        self._problems: list[OsoError] = []
        self._warnings: list[str] = []

    def parse(self) -> Parsed:
        start = 0
        while start < len(self._tokens):
            start = self._parse_statement(start)
        return Parsed(tuple(self._statements), tuple(self._problems), tuple(self._warnings))

    def _parse_statement(self, start: int) -> int:
        """Parse the statement that begins with a token; give the index of the next one."""
        parser = self._syntax.start("statement")
        last = "RBRACE" if self._is_block(start) else "SEMICOLON"
        self._text.ambiguous.clear()
        for index in range(start, len(self._tokens)):
            token = self._tokens[index]
            try:
                _feed(parser, token)
            except ParserError as problem:
                self._problems.append(problem)
                return self._resumption(start, index)
            if token.type == last and _can_end(parser):
                self._add(t.cast(Statement, _result(parser)))
                return index + 1
        self._problems.append(unexpected_end(self._text.source, self._tokens))
        return len(self._tokens)

    def _add(self, statement: Statement) -> None:
        self._statements.append(statement)
        if isinstance(statement, Rule):
            spans = sorted(self._text.ambiguous, key=lambda span: span.start)
            self._warnings += [located(_AMBIGUOUS, span) for span in spans]

    def _is_block(self, start: int) -> bool:
        return self._types(start, 2) in _BLOCK_STARTS or self._types(start, 3) in _BLOCK_STARTS

    def _types(self, start: int, count: int) -> tuple[str, ...]:
        return tuple(token.type for token in self._tokens[start : start + count])

    def _resumption(self, start: int, mistake: int) -> int:
        """Give the index to go on at: behind the semicolon or block that ends a statement.

        A semicolon inside a block ends nothing; but a block that is never closed ends
        at its first semicolon behind the mistake, as does anything else.
        """
        if start == mistake and self._stands_alone(self._tokens[start]):
            return start + 1
        first_semicolon = len(self._tokens)
        blocks = braces = 0
        for index in range(start, len(self._tokens)):
            kind = self._tokens[index].type
            if kind == "LBRACE" and self._opens_block(start, index):
                blocks += 1
            elif kind == "LBRACE":
                braces += 1
            elif kind == "RBRACE" and braces:
                braces -= 1
            elif kind == "RBRACE" and blocks:
                blocks -= 1
                if not blocks and index >= mistake:
                    return index + 1
            elif kind == "SEMICOLON":
                # No dictionary goes on behind a semicolon.
                braces = 0
                if index >= mistake:
                    first_semicolon = min(first_semicolon, index + 1)
                    if not blocks:
                        return index + 1
        return first_semicolon

    def _stands_alone(self, token: Token) -> bool:
        """Tell whether no statement begins with a token: a stray brace, or a bad comment."""
        return token.type == "RBRACE" or token.text.startswith("#")

    def _opens_block(self, start: int, brace: int) -> bool:
        """Tell whether a brace stands behind ``resource C`` or ``C``, not in a pattern."""
        before = self._types(max(start, brace - 2), min(2, brace - start))
        return before == ("SYMBOL",) or before == ("SYMBOL", "SYMBOL")


_BLOCK_STARTS = {("SYMBOL", "LBRACE"), ("SYMBOL", "SYMBOL", "LBRACE")}


# -- Lark ------------------------------------------------------------------------------


class _Syntax:
    """The grammar, ready for use: never changed, shared by all threads."""

    def __init__(self) -> None:
        self._lark = lark.Lark.open(
            "grammar.lark",
            rel_to=__file__,
            parser="lalr",
            lexer="basic",
            start=["statement", "query", "mistake"],
            transformer=Actions(),
        )
        self._lexer = Lexer(self._lark.terminals, self._lark.ignore_tokens)

    def tokens(self, text: Text) -> list[Token]:
        """Give the tokens of a text, those included that stand for no token at all."""
        return list(self._lexer.tokens(text))

    def start(self, rule: str) -> InteractiveParser:
        """Begin to parse what a rule of the grammar describes."""
        return self._lark.parse_interactive(start=rule)


@functools.cache
def _syntax() -> _Syntax:
    # On first use: an import shall not pay for it.
    return _Syntax()


def _feed(parser: InteractiveParser, token: Token) -> None:
    check(token)
    try:
        parser.feed_token(t.cast(lark.Token, token))
    except lark.UnexpectedToken:
        raise out_of_place(token) from None


def _can_end(parser: InteractiveParser) -> bool:
    return "$END" in parser.choices()  # type: ignore[no-untyped-call]


def _result(parser: InteractiveParser) -> object:
    return parser.feed_eof()  # type: ignore[no-untyped-call]
