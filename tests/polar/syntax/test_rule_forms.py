"""A rule of a known form is made without being parsed, and is the one that parsing would give."""

from __future__ import annotations

import random
import re
import typing as t
from pathlib import Path

import pytest

from flask_oso.polar.exceptions import OsoError
from flask_oso.polar.nodes import Node, Rule
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax import lexer, parser, rule_forms
from flask_oso.polar.syntax.parser import PolicyParser, parse_policy, read_tokens
from flask_oso.polar.value_objects import ValueObject
from tests.support.policies import load, make_host
from tests.support.sizes import part_of


class User:
    """An actor."""

    name = ""
    age = 0


class Doc:
    """A resource."""

    name = ""
    level = 0


HOST = make_host(User, Doc)
_ROUNDS = part_of(320)


def shown(node: t.Any) -> t.Any:
    """Give all of a node, with its places."""
    if isinstance(node, (tuple, list)):
        return [shown(each) for each in node]
    if not isinstance(node, ValueObject):
        return type(node), node
    names = {name for cls in type(node).__mro__ for name in getattr(cls, "__slots__", ())}
    names |= {*getattr(node, "__dict__", ())}
    fields = {name: shown(getattr(node, name)) for name in names if name != "span"}
    span = node.span if isinstance(node, Node) else None
    return type(node), span and (span.start, span.end), fields


def loaded(text: str) -> t.Any:
    """Give all that a load makes of a text."""
    try:
        result = load(text, host=HOST)
    except OsoError as error:
        problems = [str(each) for each in getattr(error, "problems", [error])]
        return problems, getattr(error, "warnings", ())
    rules = [rule for name in result.policy.rules for rule in result.policy.rules[name]]
    return [shown(each) for each in rules], result.warnings


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[pytest.MonkeyPatch]:
    """Let texts be read in small parts, so that forms are known early."""
    monkeypatch.setattr(lexer, "_FIRST_PART", 1)
    monkeypatch.setattr(parser, "_LEAST_LEFT", 0)
    yield monkeypatch


def parsed_statements(text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Count the statements of a text that are parsed."""
    found = []
    parse = PolicyParser._parse_statement

    def counted(self: PolicyParser) -> t.Any:
        found.append(1)
        return parse(self)

    with monkeypatch.context() as patch:
        patch.setattr(PolicyParser, "_parse_statement", counted)
        load(text, host=HOST)
    return len(found)


def _same_with_and_without(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_forms = loaded(text)
    with monkeypatch.context() as patch:
        patch.setattr(rule_forms.RuleForms, "read", lambda self, at: None)
        assert with_forms == loaded(text)


_OTHERS = ["f(_, _, _);", "g(_, _);", "h(_, _);", "k(_);", "allow(_, _, _) if h(1, 2) or k(1);"]
_FORMS = [
    'allow("user{0}", "read", "doc{0}");',
    'allow(user: User, "act{0}", doc: Doc) if\n  user.name = "n{0}" and\n  doc.level <= {0};',
    'f({0}, [{0}, "{0}"], {{a: {0}}});',
    'allow(user: User{{age: {0}}}, "x{0}", _doc: Doc) if not user.name = "{0}" or user.age > {0};',
    'has_role(user: User, "r{0}", doc: Doc) if forall(x in [{0}, 2], x < {0}) and g(user, doc);',
    'g(x: User, y: Doc) if x.f("a{0}", key: {0}).name in ["b{0}", *_] and y.level = -1; # {0}',
    'h(x, y) if x matches User{{name: "{0}"}} and y = new User(name: "{0}") and print("{0}");',
    'k("{0}") if f(_, _, _) and cut;',
]


@pytest.mark.parametrize("form", _FORMS)
def test_rule_of_a_known_form_is_not_parsed(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of generated rules are lexed and parsed a few times."""
    text = "\n".join([*_OTHERS, *(form.format(number) for number in range(1_000, 1_500))])

    assert parsed_statements(text, monkeypatch) < 100
    _same_with_and_without(text, monkeypatch)


def test_forms_that_take_turns_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator writes all rules of one class, and then those of the next one."""
    rules = [form.format(number) for number in range(100) for form in _FORMS]
    text = "\n".join([*_OTHERS, *rules])

    assert parsed_statements(text, monkeypatch) < 300
    _same_with_and_without(text, monkeypatch)


#: What may stand in the place of a literal, and what is said about some of it.
_LITERALS = [
    '""', '"*"', '"read, edit"', '"User"', '"é"', '"a\\nb"', '"a\\qb"', '"a\\\nb"',
    f'"{"x" * 900}"', "0", "007", "999999999999999999", "9223372036854775807",
    "9223372036854775808", "99999999999999999999999", "1.5", "1e5", "1.", "-1",
    "nil", "x", "_", "User", "true", "inf",
    '"unfinished', "[1]", "{a: 1}", '"a" + "b"', "# comment\n1", "1 or 2", '"\u202e"', "2;f(1",
]  # fmt: skip
_GAPS = ["\n", " ", "", "\n\n# comment\n", "\r\n", "\t", "# a; f(1);\n", "\n# allow(\n"]
_LITERAL = re.compile(r'"[^"\n]*"|\b[0-9]+\b')


def _text(seed: int) -> str:
    """Make a policy of rules that repeat, with some literals that do not fit."""
    choose = random.Random(seed)
    forms = choose.sample(_FORMS, choose.randint(1, 3))
    odd = choose.choice([0.0, 0.02, 0.2])
    rules = []
    for _ in range(choose.randint(3, 30)):
        rule = choose.choice(forms).format(choose.choice([1, 22, 333, 4444]))
        rules.append(
            _LITERAL.sub(
                lambda found: choose.choice(_LITERALS) if choose.random() < odd else found[0], rule
            )
        )
        rules.append(choose.choice(_GAPS) if choose.random() < 0.2 else "\n")
    return "".join([*_OTHERS, "\n", *rules])


@pytest.mark.random
@pytest.mark.parametrize("seed", range(_ROUNDS))
def test_rules_are_those_of_the_parser(seed: int, small_parts: pytest.MonkeyPatch) -> None:
    """The same nodes at the same places, the same problems and warnings, whatever a hole has."""
    _same_with_and_without(_text(seed), small_parts)


_CASES = [*(Path(__file__).parents[1] / "cases").glob("*.polar")]


@pytest.mark.parametrize("path", _CASES, ids=lambda path: path.stem)
def test_rules_of_the_cases_are_those_of_the_parser(
    path: Path, small_parts: pytest.MonkeyPatch
) -> None:
    """Every construct of the language stands in some case."""
    read = parse_policy(Source(path.read_text(encoding="utf-8")))
    for rule in read.statements:
        if isinstance(rule, Rule) and rule.span is not None:
            text = _statement_at(rule)
            _same_with_and_without(f"{text}\n" * 3 + _with_longer_literals(text), small_parts)


def _statement_at(rule: Rule) -> str:
    assert rule.span is not None
    source = rule.span.source
    tokens = read_tokens(Source(source.text[rule.span.start :]))
    end = next(each.end for each in tokens if each.type == "SEMICOLON")
    return source.text[rule.span.start :][:end]


def _with_longer_literals(text: str) -> str:
    return _LITERAL.sub(lambda it: f"{it[0][:-1]}7{it[0][-1]}", text)


_WARNED = [
    'allow(user: User, "*", doc: Doc) if user.name = doc.name;',
    'allow(user: User, "read, edit", doc: Doc) if user.name = doc.name;',
    'allow(user: User, "read|edit", doc: Doc) if user.name = doc.name;',
    'allow(user: User, "User", doc: Doc) if user.name = doc.name;',
    'allow(user: User, action, doc: Doc) if action in "read, edit" and user.name = doc.name;',
    'has_role(_: User, "User", "Doc");',
    'f(x) if x matches "User";',
    'f(x) if x in ["*", "read, edit"];',
]


@pytest.mark.parametrize("rule", _WARNED)
def test_warning_about_a_literal_is_heard_behind_rules_of_its_form(
    rule: str, small_parts: pytest.MonkeyPatch
) -> None:
    """A text may be what no text of the rules before is."""
    plain = _LITERAL.sub('"plain"', rule)

    _same_with_and_without(f"{plain}\n{plain}\n{plain}\n{rule}\n{plain}", small_parts)


_WRONG = [*(Path(__file__).parents[1] / "errors").glob("*.polar")]


@pytest.mark.parametrize("path", _WRONG, ids=lambda path: path.stem)
def test_problem_of_a_rule_is_heard_behind_rules_of_its_form(
    path: Path, small_parts: pytest.MonkeyPatch
) -> None:
    """Each wrong policy that is known, behind itself, and with plain literals."""
    text = path.read_text(encoding="utf-8")
    plain = _LITERAL.sub(lambda it: '"plain"' if it[0][0] == '"' else "7", text)

    for before in (text, plain):
        _same_with_and_without(f"{before}\n{before}\n{before}\n{text}", small_parts)


def test_problem_behind_repetitions_has_its_help(small_parts: pytest.MonkeyPatch) -> None:
    """Diagnostics look at the tokens in front of a statement: those of the last rule."""
    text = "".join(f'f("{number}");\n' for number in range(9)) + '"x" f(1);\n f(2) f(3);'

    _same_with_and_without(text, small_parts)


def test_warning_comes_again_for_each_rule(small_parts: pytest.MonkeyPatch) -> None:
    """A rule with a warning gives its form to no other one."""
    text = "".join(f'f(x) if x in ("a{number}");\nf("a\\q{number}");\n' for number in range(9))

    _, warnings = loaded(f"{text}allow(_, _, _);")

    assert len(warnings) == 18
    _same_with_and_without(text, small_parts)


def test_deep_rule_has_a_form(small_parts: pytest.MonkeyPatch) -> None:
    """Nothing is recursive: a rule may be nested as deep as the limit allows."""
    text = "".join(f'f({"[" * 60}"{number}"{"]" * 60});\n' for number in range(9))

    _same_with_and_without(text, small_parts)


def test_form_is_made_where_others_saved_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that repeats often has a form, also behind two rules each of many classes."""
    seldom = [f'f{number // 2}("a", "{number}");' for number in range(400)]
    often = [f'allow(_, "often", {number});' for number in range(4_000)]
    text = "\n".join([*seldom, *often])

    assert parsed_statements(text, monkeypatch) < 1_000
    _same_with_and_without(text, monkeypatch)


def test_undeclared_role_is_told_with_its_place(small_parts: pytest.MonkeyPatch) -> None:
    """What rules mention is looked at when the whole policy is known."""
    block = 'actor User {} resource Doc { roles = ["reader"]; permissions = ["read"];'
    block += ' "read" if "reader"; }\nallow(a, b, c) if has_permission(a, b, c);\n'
    rule = 'has_role(user: User, "{}", doc: Doc) if user.name = doc.name;\n'
    names = ["reader"] * 9 + ["raeder", "reader"]
    text = block + "".join(map(rule.format, names))

    _, warnings = loaded(text)

    (warning,) = warnings
    assert f"at line {len(names) + 1}," in warning
    _same_with_and_without(text, small_parts)


def test_parser_without_memory_gives_statements_alone() -> None:
    """Tools that look at parsed rules get each of them."""
    text = "".join(f"f({number});\n" for number in range(2_000))

    given = [*parser.PolicyParser(Source(text)).statements()]

    assert {type(each) for each in given} == {Rule}
