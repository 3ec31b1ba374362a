"""The lexer of Pygments: what the parser takes is split into tokens, and their names are usual."""

from __future__ import annotations

import importlib.metadata
import re
import typing as t
from pathlib import Path

import pytest
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)
from rich.syntax import Syntax

from flask_oso import Oso
from flask_oso.consoles.highlighting import PolarLexer, highlight_html
from tests.support.cases import Case, read_cases
from tests.support.children import ROOT

CASES = read_cases()
#: Errors of the tokens of a text: there its lexer may differ from that of the parser.
WRONG_TOKENS = {"InvalidTokenCharacter", "UnrecognizedToken"}
POLICIES = [
    *sorted((ROOT / "tests" / "polar" / "cases").glob("*.polar")),
    *sorted((ROOT / "example_app").rglob("*.polar")),
    *sorted((ROOT / "benchmarks").rglob("*.polar")),
]
GRAMMAR = (ROOT / "flask_oso" / "polar" / "syntax" / "grammar.lark").read_text("utf-8")
Tokens = list[tuple[t.Any, str]]


def lex(text: str) -> Tokens:
    """Give the tokens of a text, all of them."""
    return [*PolarLexer(stripnl=False, ensurenl=False).get_tokens(text)]


def kinds(text: str) -> Tokens:
    """Give the tokens of a text without blanks."""
    return [(kind, part) for kind, part in lex(text) if kind is not Whitespace]


def errors(text: str) -> list[str]:
    return [part for kind, part in lex(text) if kind is Error]


@pytest.mark.each(4, 3)
@pytest.mark.parametrize(
    "case", [each for each in CASES if each.error not in WRONG_TOKENS], ids=lambda case: case.name
)
def test_case_has_no_error_token(case: Case) -> None:
    """What the parser splits into tokens, the lexer does, and no character is lost."""
    text = f"{case.policy}\n{case.query or ''}"

    assert errors(text) == []
    assert "".join(part for _, part in lex(text)) == text


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_file_has_no_error_token(path: Path) -> None:
    """Files of policies have none but the sign with which one case is about a wrong sign."""
    assert set(errors(path.read_text("utf-8"))) <= {"|"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("x | y", ["|"]),
        ("a & b", ["&"]),
        ("not !x", ["!"]),
        ("x @ 1", ["@"]),
        ("'text'", ["'", "'"]),
        ('"no end\nx = 1', ["\n"]),
        ("x = $y", ["$"]),
    ],
)
def test_wrong_character_is_an_error_token(text: str, wrong: list[str]) -> None:
    """A reader sees what the parser would refuse."""
    assert errors(text) == wrong


@pytest.mark.parametrize("word", re.findall(r'^[A-Z]+: "([a-z]+)"$', GRAMMAR, re.MULTILINE))
def test_word_of_the_grammar_is_no_name(word: str) -> None:
    """Each reserved word of the grammar has a kind of its own, and is a name behind a dot."""
    alone, attribute, longer = kinds(word), kinds(f"x.{word}"), kinds(f"{word}_")

    # Kept for messages: no production uses it.
    assert word == "isa" or all(kind not in Name or kind is Name.Builtin for kind, _ in alone)
    assert attribute[-1] == (Name.Attribute, word)
    assert longer == [(Name, f"{word}_")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# why", [(Comment.Single, "# why")]),
        ("f(_)", [(Name.Function, "f"), (Punctuation, "("), (Name, "_"), (Punctuation, ")")]),
        ("a: User", [(Name, "a"), (Punctuation, ":"), (Name.Class, "User")]),
        ("a matches b", [(Name, "a"), (Operator.Word, "matches"), (Name.Class, "b")]),
        ("new b::C", [(Operator.Word, "new"), (Name.Class, "b::C")]),
        ("x.y", [(Name, "x"), (Operator, "."), (Name.Attribute, "y")]),
        ("x:=-1", [(Name, "x"), (Operator, ":="), (Operator, "-"), (Number.Integer, "1")]),
        ("1.e+3", [(Number.Float, "1.e+3")]),
        ("in?", [(Name, "in?")]),
        ("?= a", [(Operator, "?="), (Name, "a")]),
        ("{if: nil}", [
            (Punctuation, "{"), (Name, "if"), (Punctuation, ":"), (Keyword.Constant, "nil"),
            (Punctuation, "}"),
        ]),
        ('"\\n"', [(String.Double, '"'), (String.Escape, "\\n"), (String.Double, '"')]),
        ("type f", [(Keyword.Declaration, "type"), (Name, "f")]),
        ("actor Bär {}", [
            (Keyword.Declaration, "actor"), (Name.Class, "Bär"), (Punctuation, "{"),
            (Punctuation, "}"),
        ]),
        ("actor.roles", [(Name, "actor"), (Operator, "."), (Name.Attribute, "roles")]),
        ("x in roles", [(Name, "x"), (Operator.Word, "in"), (Name, "roles")]),
        ("roles = [", [(Keyword.Declaration, "roles"), (Operator, "="), (Punctuation, "[")]),
        ("declare f(", [
            (Keyword.Declaration, "declare"), (Name.Function, "f"), (Punctuation, "("),
        ]),
        ("test(", [(Name.Function, "test"), (Punctuation, "(")]),
        ("test fixture a", [
            (Keyword.Declaration, "test"), (Keyword.Declaration, "fixture"), (Name, "a"),
        ]),
        ("setup {", [(Keyword, "setup"), (Punctuation, "{")]),
        ("assert_not f(", [(Keyword, "assert_not"), (Name.Function, "f"), (Punctuation, "(")]),
        ("iff a in", [(Keyword, "iff"), (Name, "a"), (Operator.Word, "in")]),
        ("global {", [(Keyword.Declaration, "global"), (Punctuation, "{")]),
        ("resource A extends B {", [
            (Keyword.Declaration, "resource"), (Name.Class, "A"), (Keyword.Declaration, "extends"),
            (Name.Class, "B"), (Punctuation, "{"),
        ]),
        ("1 < @current_unix_time", [
            (Number.Integer, "1"), (Operator, "<"), (Name.Builtin, "@current_unix_time"),
        ]),
        ('on "org"', [(Keyword, "on"), *[(String.Double, part) for part in ('"', "org", '"')]]),
    ],
)  # fmt: skip
def test_token_has_the_usual_name(text: str, expected: Tokens) -> None:
    """Styles of Pygments color a policy as they color other languages."""
    assert kinds(text) == expected


def test_html_is_escaped() -> None:
    """Text of a policy is never markup."""
    page = highlight_html('x < 1 and y = "<script>" # &\n')

    assert "<script>" not in page
    assert re.sub(r"</?span[^>]*>", "", page) == ('x &lt; 1 and y = "&lt;script&gt;" # &amp;\n')


def test_rich_takes_the_lexer() -> None:
    """A terminal shows a policy in color."""
    lexer = PolarLexer()

    tokens = Syntax("allow(_, _, _);", lexer).lexer

    assert tokens is lexer


def test_long_text_takes_a_time_that_follows_its_length() -> None:
    """No text of a policy makes the lexer search for ever."""
    parts = ["a" * 10_000, "::" * 10_000, "(" * 10_000, '"' + "\\" * 10_000, "1" * 10_000 + "e"]

    texts = ["".join(part for _, part in lex(part)) for part in parts]

    assert texts == parts


def test_policy_with_all_kinds_of_tokens_loads() -> None:
    """The samples are Polar: what the lexer names is what the parser takes."""
    policy = Oso()

    policy.load_str('f(x) if not x.in = 1 and x matches {if: nil} and x in [1.e+3, "\\n"];')

    assert errors('f(x) if not x.in = 1 and x matches {if: nil} and x in [1.e+3, "\\n"];') == []


def test_entry_point_names_the_lexer() -> None:
    """Pygments finds the lexer where the package is installed."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")

    (entry,) = re.findall(r'"pygments.lexers"\]\npolar = "(.*)"\n', text)
    point = importlib.metadata.EntryPoint("polar", entry, "pygments.lexers")
    assert point.load() is PolarLexer
