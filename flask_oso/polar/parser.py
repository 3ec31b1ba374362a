"""From the text of a policy or a query to nodes.

In goes a ``Source``; out come statements, with every syntax problem of a policy and the
warnings about it, or the one term of a query. The syntax is in ``grammar.lark``, what
makes nodes of it in ``actions.py``; it runs while the text is read, without recursion,
so it takes any depth of nesting, up to the limit it is given. Here is the recovery from
mistakes. What names mean is not known here.
"""

from __future__ import annotations

import functools
import typing as t

from .actions import Actions
from .automaton import Automaton, Reading
from .characters import BYTE_ORDER_MARK
from .exceptions import InvalidTokenCharacter, OsoError, ParserError, error_at, with_help
from .hints import help_for, help_for_end
from .mistakes import Mistake
from .nodes import Rule, Statement, Term
from .sources import Source, located
from .tables import read_tables
from .tokens import (
    CHECKED,
    Lexer,
    Text,
    Token,
    check,
    escaped,
    mark_depth,
    out_of_place,
    unexpected_end,
    unknown_escapes,
)

#: After so many problems of a text the rest of it is not read.
MAX_PROBLEMS = 1_000

_AMBIGUOUS = (
    "Expression without parentheses could be ambiguous.\n"
    "Prior to 0.20, `x and y or z` would parse as `x and (y or z)`.\n"
    "As of 0.20, it parses as `(x and y) or z`, matching other languages."
)


_ESCAPE = "Unknown escape \\{0} in a string stands for {0}; write \\\\{0} for a backslash"


class Parsed(t.NamedTuple):
    """What a policy text holds: statements and problems, each in the order of the text."""

    statements: tuple[Statement, ...]
    problems: tuple[OsoError, ...]
    warnings: tuple[str, ...]
    #: The names of the text; and the first of each that has other than ASCII letters.
    names: frozenset[str] = frozenset()
    foreign_names: tuple[Token, ...] = ()


def parse_policy(source: Source, nesting: int | None = None) -> Parsed:
    """Parse a policy as far as possible: no problem hides those in other statements.

    :param nesting: how many brackets may be open at a time; ``None`` for no limit.
    """
    return _PolicyParser(Text(_without_mark(source), nesting)).parse()


def parse_query(source: Source, nesting: int | None = None) -> Term:
    """Parse one expression, without semicolon.

    :param nesting: how many brackets may be open at a time; ``None`` for no limit.
    :raises ParserError: the first problem of the text.
    """
    source = _without_mark(source)
    syntax = _syntax()
    tokens = syntax.tokens(Text(source, nesting))
    reading = syntax.begin("query")
    for index, token in enumerate(tokens):
        # A semicolon ends a statement's expression and would have this one checked first.
        is_end = token.type == "SEMICOLON"
        problem = out_of_place(token) if is_end else _feed(reading, token)
        if problem is not None:
            raise with_help(problem, help_for(Mistake(tokens, 0, index, is_query=True)))
    if reading.end():
        return t.cast(Term, reading.made())
    problem = unexpected_end(source, tokens)
    raise with_help(problem, help_for_end(Mistake(tokens, 0, len(tokens), is_query=True)))


def _without_mark(source: Source) -> Source:
    if not source.text.startswith(BYTE_ORDER_MARK):
        return source
    return Source(source.text.removeprefix(BYTE_ORDER_MARK), source.name)


# -- statements and recovery -----------------------------------------------------------


class _PolicyParser:
    """Reads a policy statement by statement, so that a mistake spoils only its own."""

    def __init__(self, text: Text) -> None:
        self._syntax = _syntax()
        self._text = text
        self._tokens = self._syntax.tokens(self._text)
        self._statements: list[Statement] = []
        self._problems: list[OsoError] = []
        self._warnings: list[str] = []

    def parse(self) -> Parsed:
        start = 0
        while start < len(self._tokens):
            if len(self._problems) >= MAX_PROBLEMS:
                self._problems.append(_too_many(self._tokens[start]))
                break
            start = self._parse_statement(start)
        if "\\" in self._text.source.text:
            self._warnings += [each for token in self._tokens for each in _warn_escapes(token)]
        statements, problems = tuple(self._statements), tuple(self._problems)
        return Parsed(statements, problems, tuple(self._warnings), *self._find_names())

    def _find_names(self) -> tuple[frozenset[str], tuple[Token, ...]]:
        by_text = {token.text: token for token in reversed(self._tokens) if token.type == "SYMBOL"}
        foreign = (token for name, token in by_text.items() if not name.isascii())
        return frozenset(by_text), tuple(sorted(foreign, key=lambda token: token.begin))

    def _parse_statement(self, start: int) -> int:
        """Parse the statement that begins with a token; give the index of the next one."""
        reading = self._syntax.begin("statement")
        last = "RBRACE" if self._is_block(start) else "SEMICOLON"
        self._text.ambiguous.clear()
        for index in range(start, len(self._tokens)):
            token = self._tokens[index]
            try:
                problem = _feed(reading, token)
            except ParserError as error:
                self._problems.append(error)
                return self._resumption(start, index)
            if problem is not None:
                mistake = Mistake(self._tokens, start, index, is_block=self._is_block(start))
                self._problems.append(with_help(problem, help_for(mistake)))
                return self._resumption(start, index)
            if token.type == last and reading.can_end():
                reading.end()
                self._add(t.cast(Statement, reading.made()))
                return index + 1
        self._problems.append(self._early_end(start))
        return len(self._tokens)

    def _early_end(self, start: int) -> OsoError:
        end = len(self._tokens)
        mistake = Mistake(self._tokens, start, end, is_block=self._is_block(start))
        problem = unexpected_end(self._text.source, self._tokens)
        return with_help(problem, help_for_end(mistake))

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
        if start == mistake:
            behind = self._behind_no_statement(start)
            if behind is not None:
                return behind
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

    def _behind_no_statement(self, start: int) -> int | None:
        """Give the index behind tokens that begin no statement, or ``None``.

        They are a stray brace, a comment with a deceptive character, and comments as
        other languages have them, which end with their line or with ``*/``.
        """
        tokens = self._tokens
        if tokens[start].type == "RBRACE" or tokens[start].text.startswith("#"):
            return start + 1
        pair = self._pair(start)
        if pair == "/*":
            ends = (at + 2 for at in range(start + 1, len(tokens)) if self._pair(at) == "*/")
            return next(ends, len(tokens))
        if pair in ("//", "--"):
            line = tokens[start].span.line
            below = (at for at in range(start, len(tokens)) if tokens[at].span.line > line)
            return next(below, len(tokens))
        return None

    def _pair(self, index: int) -> str:
        """Give the text of a token and the next one, if they touch."""
        pair = self._tokens[index : index + 2]
        is_pair = len(pair) == 2 and pair[0].end == pair[1].begin
        return "".join(token.text for token in pair) if is_pair else ""

    def _opens_block(self, start: int, brace: int) -> bool:
        """Tell whether a brace stands behind ``resource C`` or ``C``, not in a pattern."""
        before = self._types(max(start, brace - 2), min(2, brace - start))
        if before == ("SYMBOL",) or before == ("SYMBOL", "SYMBOL"):
            return True
        # Conditions in braces, and a block with a sign too many.
        if before[-1:] == ("RPAR",):
            return True
        return before == ("SYMBOL", "UNIFY") and brace - start == 3


def _too_many(token: Token) -> ParserError:
    message = f"The rest is not read: there are {MAX_PROBLEMS} problems already"
    return error_at(ParserError, message, token.span)


_BLOCK_STARTS = {("SYMBOL", "LBRACE"), ("SYMBOL", "SYMBOL", "LBRACE")}


def _warn_escapes(token: Token) -> list[str]:
    return [
        located(_ESCAPE.format(escaped(character)), span)
        for span, character in unknown_escapes(token)
    ]


# -- tables ----------------------------------------------------------------------------


class _Syntax:
    """The grammar, ready for use: never changed, shared by all threads."""

    def __init__(self) -> None:
        tables = read_tables()
        self._lexer = Lexer(tables.terminals, tables.ignored)
        self._automaton = Automaton(tables, Actions())

    def tokens(self, text: Text) -> list[Token]:
        """Give the tokens of a text, those included that stand for no token at all."""
        tokens = self._lexer.tokens(text)
        if text.nesting is not None and len(tokens) > text.nesting:
            mark_depth(tokens, text.nesting)
        return tokens

    def begin(self, start: str) -> Reading:
        """Begin to read what a rule of the grammar describes."""
        return Reading(self._automaton, start)


@functools.cache
def _syntax() -> _Syntax:
    # On first use: an import shall not pay for it.
    return _Syntax()


def _feed(reading: Reading, token: Token) -> ParserError | None:
    """Go on with a token; give the error of one that can stand nowhere, or not here.

    :raises ParserError: if something is wrong with a number, or with an expression that
        ends before the token: that says itself what would be right.
    """
    if token.type in CHECKED:
        try:
            check(token)
        except InvalidTokenCharacter as problem:
            return problem
    return None if reading.feed(token) else out_of_place(token)
