"""The parser: the text of a policy or a query to nodes, with recovery from syntax errors.

In goes a ``Source``; out come the statements of a policy with all syntax errors and warnings, or
the term of a query. The syntax is in ``grammar.lark``, the construction of nodes in
``ast_builder.py``. Parsing is not recursive, so it takes any depth of nesting up to the given
limit. What names mean is not known here.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterator, Sequence

from ..characters import BYTE_ORDER_MARK
from ..exceptions import InvalidTokenCharacter, OsoError, ParserError, error_at, with_help
from ..nodes import Rule, Term
from ..sources import Source, located
from ..value_objects import Record
from .ast_builder import AstBuilder
from .lexer import (
    Lexer,
    ParseContext,
    Token,
    escaped,
    mark_depth,
    unexpected_end,
    unexpected_token,
    unknown_escapes,
)
from .lr_driver import BoundTables, LRDriver
from .lr_tables import read_tables
from .policy_test_nodes import Statement
from .rule_forms import Repetition, RuleForms

#: How many tokens before a statement are kept, for diagnostics.
_REMEMBERED = 8
#: A rule is worth remembering for a rest of a text of so many characters.
_LEAST_LEFT = 1_000
#: After so many problems the rest of a text is not parsed.
MAX_PROBLEMS = 1_000

_AMBIGUOUS = (
    "Expression without parentheses could be ambiguous.\n"
    "Prior to 0.20, `x and y or z` would parse as `x and (y or z)`.\n"
    "As of 0.20, it parses as `(x and y) or z`, matching other languages."
)


_ESCAPE = "Unknown escape \\{0} in a string stands for {0}; write \\\\{0} for a backslash"


class ParseResult(Record):
    """The statements and the problems of a policy text, each in the order of the text."""

    statements: tuple[Statement, ...]
    problems: tuple[OsoError, ...]
    warnings: tuple[str, ...]
    #: The names of the text; and the first token of each name that is not ASCII.
    names: frozenset[str] = frozenset()
    foreign_names: tuple[Token, ...] = ()


def parse_policy(source: Source, nesting: int | None = None) -> ParseResult:
    """Parse a policy; an error in one statement does not hide those in others.

    :param nesting: how many brackets may be open at a time; ``None`` for no limit.
    """
    parser = PolicyParser(source, nesting)
    statements = tuple(parser.statements())
    return ParseResult(
        statements,
        tuple(parser.problems),
        tuple(parser.warnings),
        frozenset(parser.names),
        parser.foreign_names,
    )


def parse_query(source: Source, nesting: int | None = None) -> Term:
    """Parse one expression, without semicolon.

    :param nesting: how many brackets may be open at a time; ``None`` for no limit.
    :raises ParserError: the first problem of the text.
    """
    source = _without_mark(source)
    syntax = _syntax()
    tokens = [token for part in syntax.parts(ParseContext(source, nesting)) for token in part]
    # A semicolon would end the expression and have it checked before the error is found.
    end = next((at for at, token in enumerate(tokens) if token.type == "SEMICOLON"), len(tokens))
    driver = syntax.begin("query")
    problem = _read(driver, tokens[:end], 0)
    if problem is None and end < len(tokens):
        problem = unexpected_token(tokens[end])
    if problem is not None:
        raise _with_hint(problem, tokens, 0, driver.at, is_query=True)
    if driver.end():
        return t.cast(Term, driver.result())
    problem = unexpected_end(source, tokens)
    raise _with_hint(problem, tokens, 0, len(tokens), is_query=True)


def read_tokens(source: Source) -> list[Token]:
    """Give the tokens of a text, also invalid ones."""
    return [
        token for part in _syntax().parts(ParseContext(_without_mark(source))) for token in part
    ]


def _without_mark(source: Source) -> Source:
    if not source.text.startswith(BYTE_ORDER_MARK):
        return source
    return Source(source.text.removeprefix(BYTE_ORDER_MARK), source.name)


# -- statements and recovery -----------------------------------------------------------


#: How many errors of a text get a line of help.
_MOST_HINTS = 100
#: How many tokens the recovery may look ahead: for each error at least, and for all errors of a
#: text beyond that.
_LEAST_AHEAD = 1_000
_MOST_AHEAD = 200_000


class PolicyParser:
    """Parses a policy statement by statement, so that an error affects only its own.

    The parameters are those of ``parse_policy``. ``problems``, ``warnings`` and ``names`` are
    complete when all statements have been taken.

    :param takes: tells of a string whether it may stand where a rule that was remembered has
        another one. Whoever gives it calls ``remember``, and gets ``Repetition``s.
    """

    def __init__(
        self,
        source: Source,
        nesting: int | None = None,
        takes: Callable[[str], bool] | None = None,
    ) -> None:
        self._syntax = _syntax()
        self._text = ParseContext(_without_mark(source), nesting)
        self._parts = self._syntax.parts(self._text)
        # A window of the tokens of the text; the current statement begins at ``_start``.
        self._tokens: list[Token] = []
        self._start = 0
        # Where the last statement began, and the forms of those before it.
        self._last_start = 0
        self._forms = None if takes is None else RuleForms(self._text, takes)
        self._escapes: list[str] = []
        self._respelled: set[str] = set()
        self._left_ahead = _MOST_AHEAD
        #: The first token of each name.
        self.names: dict[str, Token] = {}
        self.problems: list[OsoError] = []
        self.warnings: list[str] = []

    def statements(self) -> Iterator[Statement]:
        """Give the statements one by one, each as soon as it is parsed."""
        # Nothing is repeated unless something is remembered.
        return t.cast(Iterator[Statement], self.read())

    def read(self) -> Iterator[Statement | Repetition]:
        """Give the statements, and repetitions of those that are remembered meanwhile."""
        while True:
            if self._start == len(self._tokens):
                yield from self._repetitions()
                if not self._read_on():
                    break
            if len(self.problems) >= MAX_PROBLEMS:
                self.problems.append(_too_many(self._tokens[self._start]))
                break
            statement = self._parse_statement()
            if statement is not None:
                yield statement
        self.warnings += self._escapes

    def remember(self, nodes: Sequence[t.Any], like: t.Any) -> None:
        """Note what was made of the statement that was given last: of a rule without any problem.

        Rules of its form may then be given as a ``Repetition`` of it.
        """
        is_in_doubt = self._forms is None or self._text.ambiguous or self.problems
        left = len(self._text.source.text) - self._text.read_to
        if not is_in_doubt and left > _LEAST_LEFT:
            tokens = self._tokens[self._last_start : self._start]
            t.cast(RuleForms, self._forms).remember(tokens, nodes, like)

    def _repetitions(self) -> Iterator[Repetition]:
        """Read on where the rules have forms that are known, without making tokens of them."""
        text, begin, found = self._text, self._text.read_to, None
        # Recovery looks at tokens, and no rule is read before the first one.
        while self._forms is not None and self._tokens and not self.problems:
            begin = self._syntax.next_token(text, text.read_to)
            repetition = self._forms.read(begin)
            if repetition is None:
                break
            found, text.read_to = (begin, repetition.end), repetition.end
            yield repetition
        if found is not None:
            # Diagnostics also look at tokens before a statement.
            self._tokens = self._syntax.tokens_between(text, *found)
            self._start = len(self._tokens)
            text.restart_parts()

    @property
    def foreign_names(self) -> tuple[Token, ...]:
        """The first token of each name that is not ASCII."""
        return tuple(token for name, token in self.names.items() if not name.isascii())

    def _read_on(self) -> bool:
        """Lex the next part of the text; tell whether there was one."""
        for part in self._parts:
            # Diagnostics also look at tokens before a statement.
            forgotten = max(0, self._start - _REMEMBERED)
            del self._tokens[:forgotten]
            self._start -= forgotten
            self._tokens += part
            self._note(part)
            self._mark_roles(len(self._tokens) - len(part))
            if part:
                return True
        return False

    def _mark_roles(self, start: int) -> None:
        """Give ``role`` a type of its own in ``role if role``; elsewhere it is a name."""
        if "role" not in self.names:
            return
        tokens = self._tokens
        for at in range(max(start, 2), len(tokens)):
            if (
                tokens[at].text == "role" == tokens[at - 2].text
                and self._types(at - 2, 3) == _EACH_ROLE
            ):
                tokens[at - 2] = tokens[at - 2]._replace(type="ROLE")
                tokens[at] = tokens[at]._replace(type="ROLE")

    def _note(self, tokens: Sequence[Token]) -> None:
        """Collect names, unknown escapes and spellings that are not normalized."""
        for token in tokens:
            if token[0] == "SYMBOL":
                self.names.setdefault(token[1], token)
                if not token[1].isascii():
                    self._note_spelling(token)
        if "\\" in self._text.source.text:
            self._escapes += [each for token in tokens for each in _warn_escapes(token)]

    def _note_spelling(self, token: Token) -> None:
        """Warn about the first place where the spelling of a name is not normalized."""
        if token.text not in self._respelled and not token.is_as_written:
            self._respelled.add(token.text)
            self._escapes.append(located(_NOT_NORMAL.format(token.text), token.span))

    def _parse_statement(self) -> Statement | None:
        """Parse the statement that begins at ``_start``, and move on to the next one."""
        driver = self._syntax.begin("statement")
        while len(self._tokens) < self._start + _TELLING and self._read_on():
            pass
        self._mark_words(self._start)
        last = "RBRACE" if self._is_block(self._start) else "SEMICOLON"
        self._text.ambiguous.clear()
        driver.at = self._start
        try:
            problem = self._read(driver, last)
        except ParserError as error:
            self._recover(driver, error)
            return None
        if problem is not None:
            self._recover(driver, problem, is_hinted=True)
            return None
        if driver.at == len(self._tokens):
            self.problems.append(self._early_end(self._start))
            self._start = len(self._tokens)
            return None
        self._last_start, self._start = self._start, driver.at + 1
        statement: Statement = driver.result()
        if self._text.ambiguous and isinstance(statement, Rule):
            spans = sorted(self._text.ambiguous, key=lambda span: span.start)
            self.warnings += [located(_AMBIGUOUS, span) for span in spans]
        return statement

    def _read(self, driver: LRDriver, last: str) -> ParserError | None:
        """Read to the end of a statement or of the text; see the function of this name."""
        problem = _read(driver, self._tokens, driver.at, last)
        while problem is None and driver.at == len(self._tokens):
            at = driver.at - self._start
            if not self._read_on():
                break
            problem = _read(driver, self._tokens, self._start + at, last)
        return problem

    def _recover(self, driver: LRDriver, problem: ParserError, *, is_hinted: bool = False) -> None:
        """Record an error, and skip to the next statement."""
        at = driver.at - self._start
        while self._read_on():
            # Diagnostics and recovery may need any token after the error.
            pass
        start, at = self._start, self._start + at
        if is_hinted and len(self.problems) < _MOST_HINTS:
            _with_hint(problem, self._tokens, start, at, is_block=self._is_block(start))
        self.problems.append(problem)
        self._start = self._resumption(start, at)

    def _early_end(self, start: int) -> OsoError:
        end = len(self._tokens)
        problem = unexpected_end(self._text.source, self._tokens)
        return _with_hint(problem, self._tokens, start, end, is_block=self._is_block(start))

    def _mark_words(self, start: int) -> None:
        """Give words a type of their own where they begin a statement; elsewhere they are names."""
        if self._types(start + 1, 1) == ("LPAR",):
            # Nearly all statements are rules.
            return
        for marks, types in _MARKED:
            window = self._tokens[start : start + len(types)]
            if tuple([token.type for token in window]) == types and all(
                window[at].text == word for at, (word, _) in marks.items()
            ):
                for at, (_, kind) in marks.items():
                    self._tokens[start + at] = window[at]._replace(type=kind)
                return

    def _is_block(self, start: int) -> bool:
        if self._types(start + 1, 1) == ("LPAR",):
            return False
        return any(self._types(start, len(types)) == types for types in _BLOCK_STARTS)

    def _types(self, start: int, count: int) -> tuple[str, ...]:
        return tuple([token.type for token in self._tokens[start : start + count]])

    def _resumption(self, start: int, mistake: int) -> int:
        """Give the index to resume at: after the semicolon or block that ends the statement.

        A semicolon inside a block does not end it; but a block that is never closed ends at its
        first semicolon after the error, like any other statement.
        """
        if start == mistake:
            behind = self._behind_no_statement(start)
            if behind is not None:
                return behind
        first_semicolon = len(self._tokens)
        # Data of tests have braces, too, and all of them are closed before the test is.
        is_test = self._types(start, 1) == ("TEST",)
        blocks = braces = 0
        for index in self._ahead(start):
            kind = self._tokens[index].type
            if kind == "LBRACE" and (is_test or self._opens_block(start, index)):
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
                # No dictionary contains a semicolon.
                braces = 0
                if index >= mistake:
                    first_semicolon = min(first_semicolon, index + 1)
                    if not blocks:
                        return index + 1
        return first_semicolon

    def _ahead(self, start: int) -> Iterator[int]:
        """Give the indexes from one on, until the look-ahead of the text's errors is used up."""
        for index in range(start, len(self._tokens)):
            if index - start > _LEAST_AHEAD:
                self._left_ahead -= 1
                if self._left_ahead < 0:
                    return
            yield index

    def _behind_no_statement(self, start: int) -> int | None:
        """Give the index after tokens that begin no statement, or ``None``.

        They are a stray brace, a comment with a misleading character, and comments of other
        languages, which end with their line or with ``*/``.
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
        """Give the text of a token and the next one, if they are adjacent."""
        pair = self._tokens[index : index + 2]
        is_pair = len(pair) == 2 and pair[0].end == pair[1].begin
        return "".join(token.text for token in pair) if is_pair else ""

    def _opens_block(self, start: int, brace: int) -> bool:
        """Tell whether a brace follows ``resource C`` or ``C``, and is not that of a pattern."""
        before = self._types(max(start, brace - 2), min(2, brace - start))
        if before == ("SYMBOL",) or before == ("SYMBOL", "SYMBOL"):
            return True
        # Conditions in braces, and ``resource C = {``.
        if before[-1:] == ("RPAR",):
            return True
        return before == ("SYMBOL", "UNIFY") and brace - start == 3


def _with_hint(
    problem: ParserError, tokens: Sequence[Token], start: int, at: int, **about: bool
) -> ParserError:
    """Add a line of help to a syntax error; the parameters are those of ``Mistake``."""
    # Imported here, since most texts have no error.
    from .diagnostics import Mistake, help_for, help_for_end

    mistake = Mistake(tokens, start, at, **about)
    is_end = at == len(tokens)
    return with_help(problem, help_for_end(mistake) if is_end else help_for(mistake))


def _too_many(token: Token) -> ParserError:
    message = f"The rest is not read: there are {MAX_PROBLEMS} problems already"
    return error_at(ParserError, message, token.span)


_NOT_NORMAL = (
    "The name {0} is written with other characters than it is read as. It is the same name as"
    " {0} in Unicode's form NFC; write it so"
)
#: The types of the tokens with which statements begin that end with a brace.
_BLOCK_STARTS = (
    ("SYMBOL", "LBRACE"),
    ("SYMBOL", "SYMBOL", "LBRACE"),
    ("SYMBOL", "SYMBOL", "EXTENDS"),
    ("TEST",),
)
_EACH_ROLE = ("SYMBOL", "IF", "SYMBOL")
#: How many tokens tell which statement it is.
_TELLING = 4
#: The words that are marked in the beginning of a statement: by position, the word and its type;
#: and the types of the tokens there.
_MARKED = (
    ({0: ("test", "TEST")}, ("SYMBOL", "STRING", "LBRACE")),
    (
        {0: ("test", "TEST"), 1: ("fixture", "FIXTURE")},
        ("SYMBOL", "SYMBOL", "SYMBOL", "LBRACE"),
    ),
    ({0: ("declare", "DECLARE")}, ("SYMBOL", "SYMBOL", "LPAR")),
    ({2: ("extends", "EXTENDS")}, ("SYMBOL", "SYMBOL", "SYMBOL", "SYMBOL")),
)


def _warn_escapes(token: Token) -> list[str]:
    return [
        located(_ESCAPE.format(escaped(character)), span)
        for span, character in unknown_escapes(token)
    ]


# -- the grammar -----------------------------------------------------------------------


class _Syntax:
    """The lexer and the bound parse tables: immutable, shared by all threads."""

    def __init__(self) -> None:
        tables = read_tables()
        self._lexer = Lexer(tables.terminals, tables.ignored)
        self._tables = BoundTables(tables, AstBuilder())

    def parts(self, text: ParseContext) -> Iterator[list[Token]]:
        """Give the tokens of a text in parts, also invalid ones."""
        depth = 0
        for tokens in self._lexer.parts(text):
            if text.nesting is not None:
                depth = mark_depth(tokens, text.nesting, depth)
            yield tokens

    def tokens_between(self, text: ParseContext, begin: int, end: int) -> list[Token]:
        """Give the tokens of a statement."""
        return self._lexer.tokens_between(text, begin, end)

    def next_token(self, text: ParseContext, at: int) -> int:
        """Give the offset of the first token from an offset on."""
        return self._lexer.next_token(text.source.text, at)

    def begin(self, start: str) -> LRDriver:
        """Begin to parse a start symbol of the grammar."""
        return LRDriver(self._tables, start)


@functools.cache
def _syntax() -> _Syntax:
    # On first use, so that an import does not pay for it.
    return _Syntax()


def _read(driver: LRDriver, tokens: Sequence[Token], at: int, last: str = "") -> ParserError | None:
    """Read more tokens; give the error of one that is invalid or cannot stand here.

    :raises ParserError: for a wrong number, or a wrong expression before the token; its message
        already has the help.
    """
    try:
        has_ended = driver.read(tokens, at, last)
    except InvalidTokenCharacter as problem:
        return problem
    if has_ended or driver.at == len(tokens):
        return None
    return unexpected_token(tokens[driver.at])
