"""From text to nodes: shapes, places, problems and warnings."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

from flask_oso.polar.exceptions import (
    IntegerOverflow,
    InvalidTokenCharacter,
    OsoError,
    ParserError,
    UnrecognizedEOF,
    UnrecognizedToken,
)
from flask_oso.polar.nodes import (
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
    Scalar,
    Shorthand,
    Term,
    Value,
    Variable,
    key_span,
)
from flask_oso.polar.printer import to_polar
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax import lexer
from flask_oso.polar.syntax.lexer import ParseContext
from flask_oso.polar.syntax.parser import ParseResult, _syntax, parse_policy, parse_query
from flask_oso.polar.syntax.policy_test_nodes import Statement

A, B, C, X = map(Variable, "abcx")
DEPTH = 10_000


def _query(text: str) -> Term:
    return parse_query(Source(text))


def _policy(text: str) -> ParseResult:
    return parse_policy(Source(text))


def _statement(text: str) -> Statement:
    parsed = _policy(text)
    assert parsed.problems == ()
    (statement,) = parsed.statements
    return statement


def _rule(text: str) -> Rule:
    statement = _statement(text)
    assert isinstance(statement, Rule)
    return statement


def _error(text: str) -> OsoError:
    with pytest.raises(OsoError) as caught:
        _query(text)
    return caught.value


def _infix(operator: Operator, *args: Term) -> Expression:
    return Expression(operator, args)


# -- tokens ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("007", 7),
        ("- 1", -1),
        ("+1", 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775807", 2**63 - 1),
        ("1.", 1.0),
        ("1.e+3", 1000.0),
        ("2E3", 2000.0),
        ("1e999", float("inf")),
        ("-inf", float("-inf")),
        ("true", True),
        ("false", False),
        (r'"a\n\t\r\"\\\q\x41"', 'a\n\t\r"\\qx41'),
        (r'"a\0b"', "a\0b"),
        ('"a\\\nb"', "a\nb"),
        ('"a\rb\t💯"', "a\rb\t💯"),
    ],
)
def test_literal_value(text: str, value: Scalar) -> None:
    """A literal is exactly the value it spells."""
    assert _query(text) == Value(value)


@pytest.mark.parametrize(
    ("string", "escapes"),
    [
        (r'"\d"', [r"Unknown escape \d in a string stands for d; write \\d for a backslash"]),
        (r'"\.\x"', [r"Unknown escape \. in", r"Unknown escape \x in"]),
        (r'"\n\r\t\0\\\"\'"', []),
        (r'"\\d"', []),
    ],
)
def test_unknown_escape_warns(string: str, escapes: list[str]) -> None:
    """A backslash in front of a letter that has no meaning is dropped, with a warning."""
    warnings = _policy(f"f({string});").warnings

    assert [each[: len(start)] for each, start in zip(warnings, escapes, strict=True)] == escapes


@pytest.mark.parametrize(
    "name", ["_", "_x", "a1", "ok?", "a::b::c", "naïve", "💯", "größe", "actor", "nil", "iff"]
)
def test_symbol_is_variable(name: str) -> None:
    """Symbols have letters that are not ASCII, colons in pairs, and a question mark last."""
    assert _query(name) == Variable(name)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("'a'", InvalidTokenCharacter, r"'\'' is not a valid character. Found in  at"),
        ("\\", InvalidTokenCharacter, r"'\\' is not a valid character. Found in  at"),
        ("x = a::", InvalidTokenCharacter, "':' is not a valid character. Found in a:: at"),
        ("a:::b", InvalidTokenCharacter, "':' is not a valid character. Found in a:: at"),
        ("x ?", InvalidTokenCharacter, r"'\0' is not a valid character. Found in ?= at"),
        ("x ? 1", InvalidTokenCharacter, "' ' is not a valid character. Found in ?= at"),
        ('"a\tb\n"', InvalidTokenCharacter, r"'\n' is not a valid character. Found in a\tb at"),
        ('"abc', InvalidTokenCharacter, r"'\0' is not a valid character. Found in abc at"),
        ("9" * 5000, IntegerOverflow, f"'{'9' * 5000}' caused an integer overflow at"),
        ("9223372036854775808", IntegerOverflow, "'9223372036854775808' caused an integer"),
        ("1e", ParserError, "1e was parsed as a float, but is invalid at"),
        ("1e5-3", ParserError, "1e5-3 was parsed as a float, but is invalid at"),
    ],
)
def test_wrong_token_is_rejected(text: str, kind: type[OsoError], message: str) -> None:
    """What is no token has an error of its own, with unprintable characters escaped."""
    error = _error(text)

    assert type(error) is kind
    assert str(error).startswith(message)


@pytest.mark.parametrize(
    ("text", "column"),
    [("x ?", 4), ("x ? 1", 4), ("a::", 3), ('x = "abc', 5), ('x = "abc\\', 9), ('"ab\n"', 4)],
)
def test_wrong_character_place(text: str, column: int) -> None:
    """The place is that of the character; for an unclosed string that of its quote."""
    assert f"at line 1, column {column}:" in str(_error(text))


def test_byte_order_mark_is_dropped() -> None:
    """A leading byte order mark belongs to no name and moves no column."""
    assert _query("\ufeffx") == X
    assert "at line 1, column 3:" in str(_error("\ufeffx x"))


def test_comment_ends_at_line_end() -> None:
    """A comment reaches to the end of its line."""
    assert _query("# a\nx # b\r= 1") == _infix(Operator.UNIFY, X, Value(1))


# -- expressions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a or b and c", "a or (b and c)"),
        ("not a = 1 and b", "(not (a = 1)) and b"),
        ("a = b + 1 * 2", "a = (b + (1 * 2))"),
        ("a - b - c = x", "(a - b) - c = x"),
        ("a / b mod c = x", "(a / b) mod c = x"),
        ("3--1 = x", "3 - (-1) = x"),
        ("1-1 = x", "1 - 1 = x"),
        ("a.b.c = x", "(a.b).c = x"),
        ("x = {b: 1, a: 2,}", "x = {a: 2, b: 1}"),
        ("x = {a, b}", "x = {a: a, b: b}"),
        ("x = [1, 2,]", "x = [1, 2]"),
        ('x = a.("b")', "x = a.b"),
        ("print(a,)", "print(a)"),
        ("a and (b and c)", "a and b and c"),
        ("a or ((b or c))", "a or b or c"),
    ],
)
def test_expression_means_the_same(text: str, same: str) -> None:
    """An expression means what precedence, associativity and spelling variants say."""
    assert _query(text) == _query(same)


def test_connectives_flatten_to_the_right_only() -> None:
    """A group on the left keeps its node, since a cut inside ends there."""
    inner = _infix(Operator.AND, A, B)

    assert _query("(a and b) and c") == _infix(Operator.AND, inner, C)
    assert _query("a and b and c") == _infix(Operator.AND, A, B, C)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("x := 1", _infix(Operator.ASSIGN, X, Value(1))),
        ("x matches A", _infix(Operator.ISA, X, Pattern("A"))),
        ("x matches {a}", _infix(Operator.ISA, X, Pattern(None, (("a", A),)))),
        (
            "x matches A{b: B{}, a: a.b}",
            _infix(
                Operator.ISA,
                X,
                Pattern(
                    "A",
                    (("a", _infix(Operator.DOT, A, Value("b"))), ("b", Pattern("B"))),
                ),
            ),
        ),
        ("x matches [a, *b]", _infix(Operator.ISA, X, List((A,), B))),
        ("a(b, c)", Call("a", (B, C))),
        ("x.type", _infix(Operator.DOT, X, Value("type"))),
        ("x.(a)", _infix(Operator.DOT, X, A)),
        ("x.new(1, in: 2)", _infix(Operator.DOT, X, Call("new", (Value(1),), (("in", Value(2)),)))),
        ("new A(b: 1,)", _infix(Operator.NEW, Call("A", (), (("b", Value(1)),)))),
        ("cut", _infix(Operator.CUT)),
        ("debug()", _infix(Operator.DEBUG)),
        ("forall(a, b)", _infix(Operator.FORALL, A, B)),
        ("{}", Dictionary(())),
        ("[*x]", List((), X)),
        ("in(a, b)", _infix(Operator.IN, A, B)),
        (".(a, b(), c)", _infix(Operator.DOT, A, Call("b", ()), C)),
        ("new (a(), b)", _infix(Operator.NEW, Call("a", ()), B)),
    ],
)
def test_expression_node(text: str, node: Term) -> None:
    """Each production makes its node."""
    assert _query(text) == node


@pytest.mark.parametrize(
    ("text", "shown", "column"),
    [
        ("x = (a = b)", "a = b. Expected a value", 6),
        ("f(g(1))", "g(1). Expected a value", 3),
        ("[f(1)]", "f(1). Expected a value", 2),
        ("1 < 2 < 3", "1 < 2. Expected a value", 1),
        ("a == b in c", "b in c. Expected a value", 6),
        ("{a: 1 < 2}", "1 < 2. Expected a value", 5),
        ("x = cut", "cut. Expected a value", 5),
        ("f(1).a", "f(1). Expected a value", 1),
        ("not 1", "1. Expected a logical expression", 5),
        ("1 and true", "1. Expected a logical expression", 1),
        ("true or (1 + 2)", "1 + 2. Expected a logical expression", 10),
        ("forall(x in [1], 2)", "2. Expected a logical expression", 18),
        ("a and new A()", "new A(). Expected a logical expression", 7),
    ],
)
def test_sort_is_checked(text: str, shown: str, column: int) -> None:
    """Operators demand values or conditions; the place is the operand's, inside parentheses."""
    error = _error(text)

    assert type(error) is ParserError
    assert str(error).startswith(f"Wrong value type: {shown} at line 1, column {column}:")


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("", None),
        ("# nothing", None),
        ("x =", None),
        ("new A", None),
        ("x = 1;", ";"),
        ("x = f(1);", ";"),
        ("-x = 1", "x"),
        ("--1", "-"),
        ("not not x", "not"),
        ("1 := 1", ":="),
        ("[x == 1]", "=="),
        ("[1,,2]", ","),
        ("[1, 2,,]", ","),
        ("{a,,b}", ","),
        ("[*a, 1]", ","),
        ("f(1,)", ")"),
        ("print(,)", ","),
        ("x.mod", "mod"),
        ("{mod: 1}", "mod"),
        ("{if}", "}"),
        ('{"a": 1}', "a"),
        ("x isa y", "isa"),
        ("!x", "!"),
        ("x | y", "|"),
        ("5.name", "name"),
        ("new A{a: 1}", "{"),
        ("x matches (A)", "("),
        ("x matches A.b", "."),
        ("x 0010", "10"),
        ("x 1.50", "1.5"),
        ("x nan", "NaN"),
        (r'x "it\'s\n"', r"it\'s\n"),
        ("x f\ue000", r"f\u{e000}"),
        ("cut()", "("),
        ("debug", None),
    ],
)
def test_token_out_of_place(text: str, token: str | None) -> None:
    """A token that has no place is named; without one, the text ends too early."""
    error = _error(text)

    kind = UnrecognizedEOF if token is None else UnrecognizedToken
    message = "hit the end of the file" if token is None else f"to find the token '{token}' at"
    assert type(error) is kind
    assert message in str(error)


@pytest.mark.parametrize(
    ("text", "word"),
    [("print in", "in"), ("x new", "new"), ("x cut", "cut"), ("x = a debug", "debug")],
)
def test_reserved_word_out_of_place(text: str, word: str) -> None:
    """Four words have a message of their own."""
    error = _error(text)

    assert type(error) is ParserError
    assert str(error).startswith(f"{word} is a reserved Polar word and cannot be used here at")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("x = {a: 1, b: 2, b: 3}", 6),
        ("new A(1, b: 1, b: 2)", 10),
        ("x.f(b: 1, b: 2)", 5),
        ("x matches A{a, a: 1}", 13),
    ],
)
def test_duplicate_key_is_rejected(text: str, column: int) -> None:
    """A key that stands twice is reported at the first field of all."""
    error = _error(text)

    assert type(error) is ParserError
    assert f"at line 1, column {column}:" in str(error)


def test_rule_call_takes_no_keywords() -> None:
    """Keyword arguments are for methods and constructors."""
    error = _error("f(1, a: 2)")

    assert type(error) is ParserError
    assert str(error).startswith("Rule calls take no keyword arguments: f(1, a: 2) at line 1, col")


def test_end_of_text_is_behind_the_last_token() -> None:
    """White space and comments do not move the place of an unexpected end."""
    assert "at line 1, column 4:" in str(_error("x =  # what?\n\n"))
    assert "at line 1, column 1:" in str(_error("  # nothing"))


# -- places ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "operand"),
    [
        ("  (a) . b = c ", "(a) . b"),
        ("((1 + 2) * (3)) = x", "(1 + 2) * (3)"),
        ("not (a = 1) and b", "not (a = 1)"),
        ("( - 1 ) = x", "- 1"),
        ("f( 1 , 2 ) and b", "f( 1 , 2 )"),
        ("[1, *a] = x", "[1, *a]"),
        ("{a: 1} = x", "{a: 1}"),
        ("new A(b: 1).c = x", "new A(b: 1).c"),
        ("new A( ) = x", "new A( )"),
        ("(a matches B{}) and b", "a matches B{}"),
        ("print(a) and b", "print(a)"),
        ("(a and b) or c", "a and b"),
    ],
)
def test_span_covers_term(text: str, operand: str) -> None:
    """A term's span leaves out the parentheses around it, not those of its operands."""
    term = _query(text)

    assert isinstance(term, Expression)
    assert term.span and term.span.text == text.strip()
    assert term.args[0].span and term.args[0].span.text == operand


def test_span_of_statements() -> None:
    """A rule's span is its head, an inline query's its query, a block's all of it."""
    text = "f( x ) if x = 1; type g(x: A {});?= ( f(1) ) ; resource R { } "
    statements = _policy(text).statements

    spans = [statement.span and statement.span.text for statement in statements]
    assert spans == ["f( x )", "g(x: A {})", "f(1)", "resource R { }"]


# -- statements ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("f();", Rule("f", ())),
        ("f(_) if a;", Rule("f", (Parameter(Variable("_")),), A)),
        ("f(x: A, b) if 1;", Rule("f", (Parameter(X, Pattern("A")), Parameter(B)), Value(1))),
        ("f(x: -1);", Rule("f", (Parameter(X, Value(-1)),))),
        ("f(x: [a]);", Rule("f", (Parameter(X, List((A,))),))),
        ("f(x: {});", Rule("f", (Parameter(X, Pattern(None)),))),
        ("f(1 + 2);", Rule("f", (Parameter(_infix(Operator.ADD, Value(1), Value(2))),))),
        ("type f(x: A);", RuleType("f", (Parameter(X, Pattern("A")),))),
        ("?= a = b;", InlineQuery(_infix(Operator.UNIFY, A, B))),
        ("resource(x);", Rule("resource", (Parameter(X),))),
        ("R {}", Block(None, Name("R"))),
        (
            'actor R { roles = []; relations = {a: A, b,}; "x" if "y"; "x" if "y" on "z"; }',
            Block(
                Name("actor"),
                Name("R"),
                (
                    Declaration(Name("roles"), True),
                    Declaration(
                        Name("relations"),
                        False,
                        pairs=((Name("a"), Name("A")), (Name("b"), Name("b"))),
                    ),
                ),
                (
                    Shorthand(Name("x"), Name("y")),
                    Shorthand(Name("x"), Name("y"), Name("on"), Name("z")),
                ),
            ),
        ),
        (
            'resource R { permissions = ["a", "b\\n",]; }',
            Block(
                Name("resource"),
                Name("R"),
                (Declaration(Name("permissions"), True, (Name("a"), Name("b\n"))),),
            ),
        ),
    ],
)
def test_statement_node(text: str, statement: Statement) -> None:
    """Each kind of statement makes its node."""
    assert _statement(text) == statement


@pytest.mark.parametrize("text", ["", " \n", "# nothing"])
def test_empty_policy(text: str) -> None:
    """A policy may be empty."""
    assert _policy(text) == ParseResult((), (), ())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("f(1; g(1); f(2", ["g"]),
        ("f(1)\ng(1); h(1);", ["h"]),
        ("} g(1); ; h(1);", ["g", "h"]),
        ("f({a: 1; g(1);", ["g"]),
        ("f(1) if x }; g(1);", ["g"]),
        ('f("a\n"b"); g(1);', ["g"]),
        ("f(1e); f(@); f(a::); f(99999999999999999999); g(1);", ["g"]),
        ("a R { roles = 1; x = []; } g(1);", ["g"]),
        ("a R { x = {a: 1; y = []; } g(1);", ["g"]),
        ("a b R { x = []; y = []; } g(1);", ["g"]),
        ("a R { x = []; f(1); g(1);", ["g"]),
        ("a R {\n f(1); g(1);\n} h(1);", ["h"]),
    ],
)
def test_mistake_spoils_its_own_statement_only(text: str, kept: list[str]) -> None:
    """Reading goes on behind the semicolon or the block that ends a wrong statement."""
    rules = [rule for rule in _policy(text).statements if isinstance(rule, Rule)]

    assert [rule.name for rule in rules] == kept


def test_problems_are_all_reported() -> None:
    """Problems stand in the order of the text, one for each wrong statement."""
    problems = _policy("f(1 2);\ng(1);\nf(x) if 1 and x;\nf(@);\n?= f(").problems

    assert [type(problem) for problem in problems] == [
        UnrecognizedToken,
        ParserError,
        InvalidTokenCharacter,
        UnrecognizedEOF,
    ]


# -- the warning about and in or ---------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("a and b or c", [1]),
        ("a or b and c or (a) and b", [6, 17]),
        ("a and (b or c)", []),
        ("(a and b) or ((a and c))", []),
        ("( # no\na and b) or c", []),
        ("( a or b) and c", []),
        ("(a and b or c) and b", [2]),
        ("not (a and b or c) and b", [6]),
        ("forall(a and b or c, a and b or c)", [8, 22]),
        ("a or b and (c or a and b)", [6, 18]),
    ],
)
def test_ambiguous_connectives_are_warned_of(body: str, columns: list[int]) -> None:
    """Each ``and`` that is an operand of ``or`` without its own parentheses is pointed at."""
    warnings = _policy(f"f() if\n{body};").warnings

    places = [f" at line 2, column {column}:" for column in columns]
    assert [text[text.index(" at line") :].partition("\n")[0] for text in warnings] == places


def test_ambiguous_connectives_text() -> None:
    """The text is that of oso."""
    assert _policy("f(a, b) if a and b or b;").warnings == (
        "Expression without parentheses could be ambiguous.\n"
        "Prior to 0.20, `x and y or z` would parse as `x and (y or z)`.\n"
        "As of 0.20, it parses as `(x and y) or z`, matching other languages."
        " at line 1, column 12:\n"
        "\t001: f(a, b) if a and b or b;\n"
        "\t                ^\n",
    )


def test_ambiguous_connectives_matter_in_rules_only() -> None:
    """Inline queries are not looked at, nor what stands before a mistake."""
    assert _policy("?= a and b or c; f(1) if a and b or c 1; f(2) if a;").warnings == ()


# -- size ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "(" * DEPTH + "x" + ")" * DEPTH,
        "[" * DEPTH + "]" * DEPTH,
        "{a: " * DEPTH + "1" + "}" * DEPTH,
        "f() and not (" * DEPTH + "x" + ")" * DEPTH,
        "a and (" * DEPTH + "x" + ")" * DEPTH,
        "(a or " * DEPTH + "x" + ")" * DEPTH,
        " and ".join(["a"] * 2 * DEPTH),
        " or ".join(["a and b"] * 2 * DEPTH),
        " + ".join(["1"] * 2 * DEPTH),
        "x" + ".a" * 2 * DEPTH,
    ],
    ids=lambda text: text[:9],
)
def test_depth_is_not_limited(text: str) -> None:
    """Deep and long expressions are parsed and printed without recursion."""
    assert to_polar(_query(text))


def test_text_of_mistakes_is_not_read_to_its_end() -> None:
    """After a thousand problems one more says that there may be others."""
    problems = parse_policy(Source(");" * 100_000)).problems

    assert len(problems) == 1_001
    assert str(problems[-1]).startswith(
        "The rest is not read: there are 1000 problems already at line 1, column 2001:"
    )


# -- texts that are read in parts --------------------------------------------------------

_TEXTS = sorted(
    path
    for folder in ("cases", "errors")
    for path in (Path(__file__).parents[1] / folder).glob("*.polar")
)


def _told(parsed: ParseResult) -> tuple[object, ...]:
    problems = [str(problem) for problem in parsed.problems]
    spans = [statement.span for statement in parsed.statements]
    foreign = [(token.text, token.begin) for token in parsed.foreign_names]
    places = [span and (span.start, span.end) for span in spans]
    return parsed.statements, places, problems, parsed.warnings, parsed.names, foreign


@pytest.mark.parametrize("path", _TEXTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_text_reads_the_same_in_parts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a text is cut makes no difference, and it is cut wherever a line ends."""
    source = Source(path.read_text(encoding="utf-8"), path.name)
    whole = _told(parse_policy(source, nesting=5))

    monkeypatch.setattr(lexer, "_PART", 1)

    assert _told(parse_policy(source, nesting=5)) == whole


@pytest.mark.parametrize(
    "text",
    [
        'f("a\\\nb");',
        'f("a\\\\\nb");',
        'f("a\\\n\nb"); g(1);',
        "# a; \\\nf(1);",
        "f(a::\nb);",
        "f(\n[\n[\n1]]);\ng([[\n[1]]]);",
        "f([1;\n[[1]]);\ng(1);",
        "f(1);\ng é é;\né(1);",
        "f(1)\n\n\n",
        "\n\n# Nothing.\n",
        "resource\nR\n{\n}\nf(1);",
        "\na\n;",
    ],
)
def test_part_of_a_text_ends_where_no_token_goes_on(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strings go on behind an end of line with a backslash, statements behind any."""
    whole = _told(parse_policy(Source(text), nesting=3))

    monkeypatch.setattr(lexer, "_PART", 1)

    assert _told(parse_policy(Source(text), nesting=3)) == whole


def test_text_is_read_in_parts() -> None:
    """A long text is not turned into tokens all at once, which would take much room."""
    parts = list(_syntax().parts(ParseContext(Source("f(1);\n" * 10_000))))

    assert len(parts) > 3
    assert sum(map(len, parts)) == 50_000


def test_strings_of_a_query_are_freed_with_it() -> None:
    """A query may have one of a request: what Python 3.12 interns stays until the process ends."""
    text = f"of a request {id(object())}"

    query = _query(f'x = "{text}"')

    assert query == Expression(Operator.UNIFY, (X, Value(text)))
    assert sys.intern(text) is text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("x.name", "name"),
        ("x\n  .name", "name"),
        ("(x.name)", "name"),
        ('x.("name")', '"name"'),
        ("x.(name)", "name"),
        ("x.name()", "name()"),
        # Written in another Unicode normalization, it is longer than the name.
        ("x.cle\u0301", "x.cle\u0301"),
    ],
)
def test_place_of_a_key(text: str, place: str) -> None:
    """A name behind a dot has a place, though all lookups of it share a node."""
    lookup = _query(text)

    span = key_span(t.cast(Expression, lookup))

    assert span is not None
    assert span.text == place


def test_names_behind_dots_share_a_node() -> None:
    """They take no memory for each lookup."""
    goal = t.cast(Expression, _query("x.name = y.name"))

    one, other = (t.cast(Expression, lookup).args[1] for lookup in goal.args)

    assert one is other


@pytest.mark.parametrize("parameter", ["x", "x: A", "x: [a,\n b]", "-1", "x: -1", "_: A{b: 1}"])
def test_place_of_a_parameter(parameter: str) -> None:
    """It is found by its term and its specializer."""
    rule = t.cast(Rule, _statement(f"f({parameter});"))

    span = rule.parameters[0].span

    assert span is not None
    assert span.text == parameter
