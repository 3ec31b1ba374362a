"""The grammar that readers see is the one that the parser uses."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lark import Lark
from lark.exceptions import LarkError

from docs.extensions.grammar_model import (
    Choice,
    Maybe,
    Name,
    Node,
    Repeat,
    Row,
    Word,
    read_grammar,
    to_ebnf,
)
from tests.docs.examples import DOCS
from tests.support.cases import Case, read_cases
from tests.support.children import ROOT

RULES = read_grammar()
GRAMMAR_PAGE = (DOCS / "reference" / "polar" / "grammar.md").read_text("utf-8")
TOKENS = r"""
symbol: /(?!(?:RESERVED)(?![\w:?]|::))SYMBOL/
float: /[0-9]++(?:\.[0-9]*+(?:[eE][0-9]*+[+-]?[0-9]*+)?|[eE][0-9]*+[+-]?[0-9]*+)/
integer: /[0-9]++(?![.eE])/
clock: /@current_unix_time(?!\w)/
string: /"(?:[^"\\\n]++|\\[\s\S])*+"/
%ignore /[ \t\n\r]++/
%ignore /#[^\n\r]*+/
"""
LARK = (ROOT / "flask_oso" / "polar" / "syntax" / "grammar.lark").read_text("utf-8")
RESERVED = re.findall(r'^[A-Z]+: "([a-z]+)"$', LARK, re.MULTILINE)
(SYMBOL,) = re.findall(r"^SYMBOL\.9: /(.*)/$", LARK, re.MULTILINE)


def to_lark(node: Node) -> str:
    """Write a node in the syntax of Lark; words end where no letter follows."""
    match node:
        case Word(text):
            return f"/{re.escape(text)}(?![\\w])/" if text.isalpha() else f'"{text}"'
        case Name(name):
            return name
        case Row(parts):
            return " ".join(map(to_lark, parts))
        case Choice(parts):
            return f"({' | '.join(map(to_lark, parts))})"
        case Maybe(part):
            return f"[{to_lark(part)}]"
        case Repeat(part, None):
            return f"({to_lark(part)})+"
        case Repeat(part, between):
            assert between is not None
            return f"{to_lark(part)} ({to_lark(between)} {to_lark(part)})*"
    raise AssertionError(node)


@pytest.fixture(scope="module")
def parser() -> Lark:
    """A parser made from what the diagrams show."""
    rules = "\n".join(f"{name}: {to_lark(node)}" for name, node in RULES.items())
    tokens = TOKENS.replace("RESERVED", "|".join(RESERVED)).replace("SYMBOL", SYMBOL)
    text = f"start: statement*\n{rules}\n{tokens}"
    return Lark(text, parser="earley", lexer="dynamic", start=["start", "query"])


@pytest.mark.each(8)
@pytest.mark.parametrize(
    "case",
    [case for case in read_cases() if case.error is None],
    ids=lambda case: case.name,
)
def test_diagrams_take_what_the_parser_takes(parser: Lark, case: Case) -> None:
    """Each case that has an answer can be followed along the diagrams."""
    parser.parse(case.policy, "start")
    parser.parse(case.query or "x", "query")


@pytest.mark.parametrize(
    "text",
    [
        "allow(_, _, _)",
        "allow(x: );",
        "f(1: Integer);",
        "f() if;",
        "f() if not not a;",
        "f() if x.;",
        "f() if [1, 2;",
        "resource Org { roles = [1]; }",
        'resource Org { "a" if "b" "c"; }',
        "type f() if a;",
        "f() if x = y or;",
        "f() if new C;",
        "f() if x matches (C);",
        "?= ;",
    ],
)
def test_diagrams_refuse_what_the_parser_refuses(parser: Lark, text: str) -> None:
    """No line through the diagrams gives a text that is no policy."""
    with pytest.raises(LarkError):
        parser.parse(text, "start")


def test_page_draws_every_rule() -> None:
    """A rule that is added to the grammar gets its diagram."""
    drawn = re.findall(r"^```\{grammar\} (.*)$", GRAMMAR_PAGE, re.MULTILINE)

    assert sorted(" ".join(drawn).split()) == sorted(RULES)


def test_names_in_rules_are_rules_or_tokens() -> None:
    """No box of a diagram leads nowhere."""
    tokens = set(re.findall(r"^\(grammar-(\w+)\)=$", GRAMMAR_PAGE, re.MULTILINE))

    named = {name for node in RULES.values() for name in names_in(node)}

    assert named <= {*RULES, *tokens}


def names_in(node: Node) -> Iterator[str]:
    match node:
        case Name(name):
            yield name
        case Row(parts) | Choice(parts):
            for part in parts:
                yield from names_in(part)
        case Maybe(part):
            yield from names_in(part)
        case Repeat(part, between):
            yield from names_in(part)
            yield from names_in(between) if between is not None else ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("head", 'symbol "(" (parameter ("," parameter)*)? ")"'),
        ("rule", 'head ("if" disjunction)? ";"'),
        ("conjunction", 'negation ("and" negation)*'),
        ("sum", 'product (("+" | "-") product)*'),
        ("test", '"test" string "{" test_item* "}"'),
        (
            "grant",
            'string "if" (string (symbol string)? | symbol string | call)'
            ' | "role" "if" "role" symbol string',
        ),
        ("path", 'atom ("." lookup)*'),
    ],
)
def test_rule_is_written_as_a_reader_would_write_it(name: str, text: str) -> None:
    """Recursion is repetition, and what alternatives share is written once."""
    assert to_ebnf(RULES[name]) == text
