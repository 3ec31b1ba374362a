"""From the text of a policy or a query to nodes.

In goes a ``Source``; out come statements, with every syntax problem of a policy and the
warnings about it, or the one term of a query. The syntax is in ``grammar.lark``; here
are the actions that make nodes, run while the text is read so that no depth of nesting
matters, and the recovery from mistakes. What names mean is not known here.
"""

from __future__ import annotations

import functools
import re
import typing as t
from dataclasses import dataclass, field

from lark import Lark, Token, Transformer, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from .exceptions import (
    IntegerOverflow,
    InvalidTokenCharacter,
    OsoError,
    ParserError,
    UnrecognizedEOF,
    UnrecognizedToken,
    error_at,
)
from .nodes import (
    ARITHMETIC,
    Block,
    Call,
    Declaration,
    Dictionary,
    Expression,
    InlineQuery,
    List,
    Name,
    Operator,
    Parameter,
    Pattern,
    Rule,
    RuleType,
    Shorthand,
    Statement,
    Term,
    Value,
    Variable,
)
from .printer import float_to_polar, to_polar
from .sources import Source, Span, located

BYTE_ORDER_MARK = "\ufeff"
_GREATEST_INTEGER = 2**63 - 1

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
    tokens = list(syntax.tokens(_Text(source)))
    parser = syntax.start("query")
    for token in tokens:
        _feed(parser, token)
    try:
        return t.cast(Term, _result(parser))
    except UnexpectedToken:
        raise _unexpected_end(source, tokens) from None


def _without_mark(source: Source) -> Source:
    if not source.text.startswith(BYTE_ORDER_MARK):
        return source
    return Source(source.text.removeprefix(BYTE_ORDER_MARK), source.name)


# -- statements and recovery -----------------------------------------------------------


class _PolicyParser:
    """Reads a policy statement by statement, so that a mistake spoils only its own."""

    def __init__(self, source: Source) -> None:
        self._syntax = _syntax()
        self._text = _Text(source)
        self._tokens = list(self._syntax.tokens(self._text))
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
        self._problems.append(_unexpected_end(self._text.source, self._tokens))
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
        if start == mistake and self._tokens[start].type == "RBRACE":
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

    def _opens_block(self, start: int, brace: int) -> bool:
        """Tell whether a brace stands behind ``resource C`` or ``C``, not in a pattern."""
        before = self._types(max(start, brace - 2), min(2, brace - start))
        return before == ("SYMBOL",) or before == ("SYMBOL", "SYMBOL")


_BLOCK_STARTS = {("SYMBOL", "LBRACE"), ("SYMBOL", "SYMBOL", "LBRACE")}


# -- tokens ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Text:
    """What the actions need to know of the text that is being parsed."""

    source: Source
    #: Each ``and`` that stands without parentheses in an ``or``.
    ambiguous: list[Span] = field(default_factory=list)


class _Token(t.NamedTuple):
    """A token. Lark looks at its type only and hands it to the actions."""

    type: str
    text: str
    begin: int
    context: _Text

    @property
    def end(self) -> int:
        return self.begin + len(self.text)

    @property
    def span(self) -> Span:
        return Span(self.context.source, self.begin, self.begin + len(self.text))

    def __str__(self) -> str:
        return self.text


class _Syntax:
    """The grammar, ready for use: never changed, shared by all threads."""

    def __init__(self) -> None:
        self._lark = Lark.open(
            "grammar.lark",
            rel_to=__file__,
            parser="lalr",
            lexer="basic",
            start=["statement", "query", "mistake"],
            transformer=_Actions(),
        )
        words, patterns = {}, []
        for terminal in sorted(self._lark.terminals, key=lambda each: -each.priority):
            if terminal.pattern.type == "str":
                words[terminal.pattern.value] = terminal.name
            else:
                patterns.append(f"(?P<{terminal.name}>{terminal.pattern.to_regexp()})")
        signs = sorted((word for word in words if not word.isalpha()), key=len, reverse=True)
        patterns.insert(-1, f"(?P<SIGN>{'|'.join(map(re.escape, signs))})")
        self._words = words
        self._ignored = frozenset(self._lark.ignore_tokens)
        self._pattern = re.compile("|".join(patterns))

    def tokens(self, text: _Text) -> t.Iterator[_Token]:
        """Give the tokens of a text; what is no token comes as a mistake of its own type."""
        words, ignored = self._words, self._ignored
        for match in self._pattern.finditer(text.source.text):
            kind = match.lastgroup or ""
            if kind in ignored:
                continue
            part = match.group()
            if kind == "SYMBOL" or kind == "SIGN":
                kind = words.get(part, kind)
            yield _Token(kind, part, match.start(), text)

    def start(self, rule: str) -> InteractiveParser:
        """Begin to parse what a rule of the grammar describes."""
        return self._lark.parse_interactive(start=rule)


@functools.cache
def _syntax() -> _Syntax:
    # On first use: an import shall not pay for it.
    return _Syntax()


def _feed(parser: InteractiveParser, token: _Token) -> None:
    check = _CHECKS.get(token.type)
    if check is not None:
        check(token)
    try:
        parser.feed_token(t.cast(Token, token))
    except UnexpectedToken:
        raise _out_of_place(token) from None


def _can_end(parser: InteractiveParser) -> bool:
    return "$END" in parser.choices()  # type: ignore[no-untyped-call]


def _result(parser: InteractiveParser) -> object:
    return parser.feed_eof()  # type: ignore[no-untyped-call]


def _out_of_place(token: _Token) -> ParserError:
    if token.type in ("CUT", "DEBUG", "IN", "NEW"):
        message = f"{token.text} is a reserved Polar word and cannot be used here"
        return error_at(ParserError, message, token.span)
    message = f"did not expect to find the token '{_shown(token)}'"
    return error_at(UnrecognizedToken, message, token.span)


def _unexpected_end(source: Source, tokens: t.Sequence[_Token]) -> UnrecognizedEOF:
    end = tokens[-1].end if tokens else 0
    message = "hit the end of the file unexpectedly. Did you forget a semi-colon"
    return error_at(UnrecognizedEOF, message, source.span(end, end))


def _shown(token: _Token) -> str:
    if token.type == "STRING":
        return _escaped(_unquoted(token.text))
    if token.type == "INTEGER":
        return str(int(token.text))
    if token.type in ("FLOAT", "INF", "NAN"):
        return float_to_polar(float(token.text))
    return _escaped(token.text)


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_SHOWN = {character: f"\\{letter}" for letter, character in _ESCAPES.items()}
_SHOWN.update({character: f"\\{character}" for character in "\"'\\"})


def _unquoted(text: str) -> str:
    """Give what a string literal stands for."""
    body = text[1:-1]
    if "\\" not in body:
        return body
    return re.sub(r"\\([\s\S])", lambda match: _ESCAPES.get(match[1], match[1]), body)


def _escaped(text: str) -> str:
    """Show a text with escapes for all that would not be seen."""
    return "".join(
        _SHOWN.get(each) or (each if each.isprintable() else f"\\u{{{ord(each):x}}}")
        for each in text
    )


def _check_integer(token: _Token) -> None:
    # One more than the greatest is fine behind a minus sign, which is not seen here.
    digits = token.text.lstrip("0")
    if len(digits) > 19 or int(digits or "0") > _GREATEST_INTEGER + 1:
        raise _overflow(token)


def _overflow(token: _Token) -> IntegerOverflow:
    return error_at(IntegerOverflow, f"'{token.text}' caused an integer overflow", token.span)


def _check_float(token: _Token) -> None:
    try:
        float(token.text)
    except ValueError:
        message = f"{token.text} was parsed as a float, but is invalid"
        raise error_at(ParserError, message, token.span) from None


def _reject_symbol(token: _Token) -> None:
    raise _wrong_character(token, token.end - 1, found=token.text)


def _reject_string(token: _Token) -> None:
    at = token.end
    rest = token.context.source.text[at:]
    found = _unquoted(token.text + '"')
    raise _wrong_character(token, at, found=found, place=at if rest else token.begin)


def _reject_character(token: _Token) -> None:
    if token.text == "?":
        raise _wrong_character(token, token.end, found="?=")
    raise _wrong_character(token, token.begin, found="")


def _wrong_character(
    token: _Token, at: int, *, found: str, place: int | None = None
) -> InvalidTokenCharacter:
    source = token.context.source
    character = source.text[at : at + 1] or "\0"
    if token.type == "UNFINISHED_STRING" and character == "\\":
        # A backslash with nothing behind it.
        character = "\0"
    place = at if place is None else place
    message = f"'{_escaped(character)}' is not a valid character. Found in {_escaped(found)}"
    return error_at(InvalidTokenCharacter, message, source.span(place, place + 1))


_CHECKS: dict[str, t.Callable[[_Token], None]] = {
    "INTEGER": _check_integer,
    "FLOAT": _check_float,
    "UNFINISHED_SYMBOL": _reject_symbol,
    "UNFINISHED_STRING": _reject_string,
    "STRAY_CHARACTER": _reject_character,
}


# -- parts of expressions --------------------------------------------------------------


class _Group(t.NamedTuple):
    """An expression in parentheses, which the spans around it include."""

    inner: Term | _Chain
    span: Span


@dataclass(slots=True)
class _Chain:
    """``a and b and c`` while it is read: from the right, so the last comes first."""

    operator: Operator
    operands: list[Term]
    span: Span


_Part = Term | _Group | _Chain


def _finished(part: _Part) -> Term:
    """Give the term that a part stands for."""
    if isinstance(part, Term):
        return part
    if isinstance(part, _Group):
        return _finished(part.inner)
    return Expression(part.operator, tuple(reversed(part.operands)), span=part.span)


def _span(part: _Part | _Token) -> Span:
    span = part.span
    assert span is not None
    return span


def _between(first: _Part | _Token, last: _Part | _Token) -> Span:
    source, start, _ = _span(first)
    return Span(source, start, _span(last).end)


def _is_value(part: _Part) -> bool:
    """Tell whether a part can be compared, stored and passed."""
    term = part.inner if isinstance(part, _Group) else part
    if isinstance(term, Expression):
        operator = term.operator
        if operator is Operator.DOT:
            return len(term.args) == 2
        return operator in ARITHMETIC or (operator is Operator.NEW and len(term.args) == 1)
    return not isinstance(term, Call | _Chain)


def _is_logical(part: _Part) -> bool:
    """Tell whether a part can be true or false."""
    term = part.inner if isinstance(part, _Group) else part
    if isinstance(term, Expression):
        is_construction = term.operator is Operator.NEW and len(term.args) == 1
        return term.operator not in ARITHMETIC and not is_construction
    if isinstance(term, Value):
        return isinstance(term.value, bool)
    return isinstance(term, Variable | Call | _Chain)


def _wrong_sort(part: _Part, expected: str) -> ParserError:
    term = _finished(part)
    message = f"Wrong value type: {to_polar(term)}. Expected a {expected}"
    return error_at(ParserError, message, term.span)


def _sorted_fields(
    fields: t.Sequence[tuple[_Token, Term]],
) -> tuple[tuple[str, Term], ...]:
    _check_keys([key for key, _ in fields])
    return tuple(sorted(((key.text, value) for key, value in fields), key=lambda pair: pair[0]))


def _check_keys(keys: t.Sequence[_Token]) -> None:
    seen = set()
    for key in keys:
        if key.text in seen:
            raise error_at(ParserError, f"Duplicate key: {key.text}", keys[0].span)
        seen.add(key.text)


# -- actions ---------------------------------------------------------------------------


class _Actions(Transformer[_Token, t.Any]):
    """What each production of the grammar makes of its parts.

    Lark runs an action as soon as its production is complete and passes the parts as
    a list: tokens by name, and what other actions gave.
    """

    # A list of names or terms is passed from action to action and grows in place.

    def one(self, parts: list[t.Any]) -> list[t.Any]:
        return parts

    def one_more(self, parts: list[t.Any]) -> list[t.Any]:
        items: list[t.Any] = parts[0]
        items.append(parts[1])
        return items

    def listed(self, parts: list[t.Any]) -> t.Any:
        return parts[0]

    # -- marks

    def operand(self, parts: list[_Part]) -> _Part:
        if not _is_value(parts[0]):
            raise _wrong_sort(parts[0], "value")
        return parts[0]

    def value(self, parts: list[_Part]) -> Term:
        return _finished(self.operand(parts))

    def logical(self, parts: list[_Part]) -> _Part:
        if not _is_logical(parts[0]):
            raise _wrong_sort(parts[0], "logical expression")
        return parts[0]

    def argument(self, parts: list[Term]) -> Term:
        return parts[0]

    def condition(self, parts: list[_Part]) -> Term:
        return _finished(parts[0])

    def expression(self, parts: list[_Part]) -> Term:
        return _finished(parts[0])

    # -- statements

    def query(self, parts: list[Term]) -> Term:
        return parts[0]

    def inline_query(self, parts: list[Term]) -> InlineQuery:
        return InlineQuery(parts[0], span=parts[0].span)

    def rule(self, parts: list[t.Any]) -> Rule:
        name, parameters, span = parts[0]
        return Rule(name, parameters, parts[1] if len(parts) > 1 else None, span=span)

    def rule_type(self, parts: list[t.Any]) -> RuleType:
        name, parameters, span = parts[0]
        return RuleType(name, parameters, span=span)

    def head(self, parts: list[t.Any]) -> tuple[str, tuple[Parameter, ...], Span]:
        name, end = parts[0], parts[-1]
        parameters = tuple(parts[1]) if len(parts) > 2 else ()
        return name.text, parameters, _between(name, end)

    def specialized(self, parts: list[t.Any]) -> Parameter:
        name, specializer = parts
        variable = Variable(name.text, span=name.span)
        return Parameter(variable, specializer, span=_between(name, specializer))

    def unspecialized(self, parts: list[Term]) -> Parameter:
        return Parameter(parts[0], span=parts[0].span)

    # -- blocks

    def block(self, parts: list[t.Any]) -> Block:
        keyword, resource, _, *items, end = parts
        items = items[0] if items else []
        return Block(
            keyword and _name(keyword),
            _name(resource),
            tuple(item for item in items if isinstance(item, Declaration)),
            tuple(item for item in items if isinstance(item, Shorthand)),
            span=_between(keyword or resource, end),
        )

    def strings(self, parts: list[t.Any]) -> Declaration:
        name, opening, *items, end = parts
        strings = tuple(_name(item) for item in items[0]) if items else ()
        return Declaration(_name(name), True, strings, value_span=_between(opening, end))

    def relations(self, parts: list[t.Any]) -> Declaration:
        name, opening, *items, end = parts
        relations = items[0] if items else []
        _check_keys([key for key, _ in relations])
        pairs = tuple((_name(key), _name(related)) for key, related in relations)
        return Declaration(_name(name), False, (), pairs, value_span=_between(opening, end))

    def relation(self, parts: list[_Token]) -> tuple[_Token, _Token]:
        return parts[0], parts[-1]

    def shorthand(self, parts: list[_Token]) -> Shorthand:
        return Shorthand(*map(_name, parts), span=_between(parts[0], parts[-1]))

    # -- operators

    def connective(self, parts: list[t.Any]) -> _Chain:
        left, token, right = parts
        operator = Operator[token.type]
        inner = right.inner if isinstance(right, _Group) else right
        if isinstance(inner, _Chain) and inner.operator is operator:
            operands = inner.operands
        else:
            operands = [_connected(right, token)]
        operands.append(_connected(left, token))
        return _Chain(operator, operands, _between(left, right))

    def negated(self, parts: list[t.Any]) -> Expression:
        token, operand = parts
        return Expression(Operator.NOT, (_finished(operand),), span=_between(token, operand))

    def infix(self, parts: list[t.Any]) -> Expression:
        left, token, right = parts
        args = _finished(left), _finished(right)
        return Expression(Operator[token.type], args, span=_between(left, right))

    def assignment(self, parts: list[t.Any]) -> Expression:
        variable = self.variable(parts[:1])
        return self.infix([variable, *parts[1:]])

    def match(self, parts: list[t.Any]) -> Expression:
        left, _, pattern = parts
        return Expression(Operator.ISA, (_finished(left), pattern), span=_between(left, pattern))

    def group(self, parts: list[t.Any]) -> _Group:
        opening, inner, closing = parts
        if isinstance(inner, _Group):
            inner = inner.inner
        return _Group(inner, _between(opening, closing))

    def forall(self, parts: list[t.Any]) -> Expression:
        token, condition, action, end = parts
        return Expression(Operator.FORALL, (condition, action), span=_between(token, end))

    def output(self, parts: list[t.Any]) -> Expression:
        token, *items, end = parts
        args = tuple(items[0]) if items else ()
        return Expression(Operator[token.type], args, span=_between(token, end))

    def cut(self, parts: list[_Token]) -> Expression:
        return Expression(Operator.CUT, (), span=parts[0].span)

    def construction(self, parts: list[t.Any]) -> Expression:
        return Expression(Operator.NEW, (parts[1],), span=_between(*parts))

    def prefix_form(self, parts: list[t.Any]) -> Expression:
        token, *args, end = parts
        return Expression(Operator[token.type], tuple(args), span=_between(token, end))

    def prefix_key(self, parts: list[_Part]) -> Term:
        return parts[0] if isinstance(parts[0], Call) else self.value(parts)

    # -- calls and lookups

    def call(self, parts: list[t.Any]) -> Call:
        name, *arguments, end = parts
        args: tuple[Term, ...] = ()
        kwargs: tuple[tuple[str, Term], ...] = ()
        for each in arguments:
            if isinstance(each, list):
                args = tuple(each)
            else:
                kwargs = each
        return Call(name.text, args, kwargs, span=_between(name, end))

    def rule_call(self, parts: list[Call]) -> Call:
        if parts[0].kwargs:
            message = f"Rule calls take no keyword arguments: {to_polar(parts[0])}"
            raise error_at(ParserError, message, parts[0].span)
        return parts[0]

    def keywords(self, parts: list[list[tuple[_Token, Term]]]) -> tuple[tuple[str, Term], ...]:
        _check_keys([key for key, _ in parts[0]])
        return tuple((key.text, value) for key, value in parts[0])

    def keyword(self, parts: list[t.Any]) -> tuple[_Token, Term]:
        return parts[0], parts[1]

    def key(self, parts: list[_Token]) -> _Token:
        return parts[0]

    def lookup_of(self, parts: list[t.Any]) -> Expression:
        owner, _, (key, end) = parts
        return Expression(Operator.DOT, (_finished(owner), key), span=_between(owner, end))

    def attribute(self, parts: list[_Token]) -> tuple[Term, _Token]:
        name = parts[0]
        text = _unquoted(name.text) if name.type == "STRING" else name.text
        return Value(text, span=name.span), parts[-1]

    def computed_attribute(self, parts: list[_Token]) -> tuple[Term, _Token]:
        return self.variable(parts), parts[-1]

    def method(self, parts: list[t.Any]) -> tuple[Term, _Token]:
        return self.call(parts), parts[-1]

    # -- values

    def variable(self, parts: list[_Token]) -> Variable:
        return Variable(parts[0].text, span=parts[0].span)

    def string(self, parts: list[_Token]) -> Value:
        return Value(_unquoted(parts[0].text), span=parts[0].span)

    def boolean(self, parts: list[_Token]) -> Value:
        return Value(parts[0].type == "TRUE", span=parts[0].span)

    def number(self, parts: list[_Token]) -> Value:
        token = parts[-1]
        is_negative = parts[0].type == "SUB"
        value = int(token.text) if token.type == "INTEGER" else float(token.text)
        if not is_negative and token.type == "INTEGER" and value > _GREATEST_INTEGER:
            raise _overflow(token)
        return Value(-value if is_negative else value, span=_between(parts[0], token))

    def closed_list(self, parts: list[t.Any]) -> List:
        opening, *items, end = parts
        return List(tuple(items[0]) if items else (), span=_between(opening, end))

    def open_list(self, parts: list[t.Any]) -> List:
        opening, *items, _, rest, end = parts
        items = items[0] if items else []
        return List(tuple(items), self.variable([rest]), span=_between(opening, end))

    def dictionary(self, parts: list[t.Any]) -> Dictionary:
        opening, *items, end = parts
        fields = _sorted_fields(items[0] if items else [])
        return Dictionary(fields, span=_between(opening, end))

    def field(self, parts: list[t.Any]) -> tuple[_Token, Term]:
        return parts[0], parts[1]

    def short_field(self, parts: list[_Token]) -> tuple[_Token, Term]:
        return parts[0], self.variable(parts)

    # -- patterns

    def tag_pattern(self, parts: list[_Token]) -> Pattern:
        return Pattern(parts[0].text, span=parts[0].span)

    def fields_pattern(self, parts: list[t.Any]) -> Pattern:
        tag, opening, *items, end = parts
        fields = _sorted_fields(items[0] if items else [])
        return Pattern(tag and tag.text, fields, span=_between(tag or opening, end))


def _name(token: _Token) -> Name:
    text = _unquoted(token.text) if token.type == "STRING" else token.text
    return Name(text, span=token.span)


def _connected(part: _Part, token: _Token) -> Term:
    """Finish an operand of ``and`` or ``or``, noting what readers may take for another."""
    if token.type == "OR" and isinstance(part, _Chain):
        token.context.ambiguous.append(part.span)
    return _finished(part)
