"""The canonical style: what it looks like, and that it changes nothing but the looks."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flask_oso.polar.exceptions import OsoError, ParserError
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax.formatter import format_policy
from flask_oso.polar.syntax.parser import parse_policy, read_tokens
from tests.fuzz.choices import Choices
from tests.fuzz.policies import make_policy
from tests.support.cases import CASES, read_cases
from tests.support.sizes import part_of

ROOT = CASES.parents[2]
EXAMPLES = [
    *sorted((ROOT / "example_app").rglob("*.polar")),
    *sorted((ROOT / "examples").rglob("*.polar")),
]


def formatted(text: str) -> str:
    """Format a text."""
    return format_policy(Source(text))


def comments_of(text: str) -> list[str]:
    """Give the comments of a text that has no number sign in a string."""
    return [comment.rstrip() for comment in re.findall(r"#[^\n\r]*", text)]


# -- what it looks like --------------------------------------------------------------

STYLE = {
    "tests are blocks, with a line for each fact and assertion": (
        'test "a"{setup{f( 1 );x:User{"ana",age:1};fixture y;}assert f( x );'
        'assert_not g(a:String)iff a in["b"];}',
        'test "a" {\n  setup {\n    f(1);\n    x: User{"ana", age: 1};\n    fixture y;\n  }\n'
        '  assert f(x);\n  assert_not g(a: String) iff a in ["b"];\n}\n',
    ),
    "blocks may extend others": (
        'resource A extends B{"x"if "y"and f(resource);"z"if global "w";}',
        'resource A extends B {\n  "x" if "y" and f(resource);\n  "z" if global "w";\n}\n',
    ),
    "conditions of a block that do not fit stand below, indented": (
        f'resource A {{ role if role on "x" and f({"a" * 50}) and g({"b" * 20}); "a" if "b"; }}',
        f'resource A {{\n  role if role on "x" and\n    f({"a" * 50}) and\n    g({"b" * 20});\n'
        '  "a" if "b";\n}\n',
    ),
    "declared rules are a line": ("declare f( User,String );", "declare f(User, String);\n"),
    "facts are a line": ('f( 1 ,"a",_ );', 'f(1, "a", _);\n'),
    "conditions stand below, one a line": (
        "f(x) if g(x)and h(x);f(2);",
        "f(x) if\n  g(x) and\n  h(x);\nf(2);\n",
    ),
    "alternatives do, too": ("f(x) if x=1 or x=2;", "f(x) if\n  x = 1 or\n  x = 2;\n"),
    "parentheses stay": (
        "f(x) if (x=1 or(x=2)) and not(x=3);",
        "f(x) if\n  (x = 1 or (x = 2)) and\n  not (x = 3);\n",
    ),
    "spaces of operators": (
        "f(x) if x.a+1*2-3>=4 and x in[1] and 5 mod 2=x and x:=1;",
        "f(x) if\n  x.a + 1 * 2 - 3 >= 4 and\n  x in [1] and\n  5 mod 2 = x and\n  x := 1;\n",
    ),
    "signs belong to their numbers": (
        "f(- 1, + 2) if x = 3 - - 4;",
        "f(-1, +2) if\n  x = 3 - -4;\n",
    ),
    "a dot behind digits keeps its distance": ("f(1 .a);", "f(1 .a);\n"),
    "lookups and methods": (
        'f(x) if x . a . in ( 1 , b : 2 ) . ( "c" );',
        'f(x) if\n  x.a.in(1, b: 2).("c");\n',
    ),
    "dictionaries have room, patterns have none": (
        "f(x:A{a:1},{b:{c:2}},{},y:{}) if x matches B{};",
        "f(x: A{a: 1}, { b: { c: 2 } }, {}, y: {}) if\n  x matches B{};\n",
    ),
    "rests of lists": ("f([*r],[1,* s]);", "f([*r], [1, *s]);\n"),
    "prefix forms": (
        "f(x) if in ( x , [1] ) and .(x,y,z) and new (A(),x);",
        "f(x) if\n  in(x, [1]) and\n  .(x, y, z) and\n  new (A(), x);\n",
    ),
    "calls of words": (
        "f(x) if forall ( y in x , y=1 ) and print ( x ) and debug ( ) and cut;",
        "f(x) if\n  forall(y in x, y = 1) and\n  print(x) and\n  debug() and\n  cut;\n",
    ),
    "new objects": ("f(x) if x = new A ( 1 , b : 2 );", "f(x) if\n  x = new A(1, b: 2);\n"),
    "words as keys": (
        "f({in:1,and : 2}) if x.or;",
        "f({ in: 1, and: 2 }) if\n  x.or;\n",
    ),
    "types and queries": (
        "type  f(x:A,_);\n?=f(1)and f(2);",
        "type f(x: A, _);\n?= f(1) and f(2);\n",
    ),
    "blocks": (
        'actor User{ }resource Repo{roles=["a","b",];relations={p:Org,o:User};"a"if"b";'
        '"b" if "c"on"p";}',
        "actor User {}\nresource Repo {\n"
        '  roles = ["a", "b"];\n  relations = { p: Org, o: User };\n'
        '  "a" if "b";\n  "b" if "c" on "p";\n}\n',
    ),
    "one empty line stays": (
        "\n\n\nf(1);\nf(2);\n\n\n\nf(3);\n\nactor A {\n\n  roles = [];\n\n\n  x = {};\n\n}\n\n\n",
        "f(1);\nf(2);\n\nf(3);\n\nactor A {\n  roles = [];\n\n  x = {};\n}\n",
    ),
    "strings stay as they are": ('f("a\\n\\"b#c", "");', 'f("a\\n\\"b#c", "");\n'),
    "numbers stay as they are": ("f(1e5, 0.10, 007);", "f(1e5, 0.10, 007);\n"),
    "nothing": ("", ""),
    "only white space": (" \n\t\n", ""),
    "only a comment": ("\n  # a  \n\n\n#b", "# a\n\n#b\n"),
}


@pytest.mark.parametrize(("text", "expected"), STYLE.values(), ids=STYLE)
def test_style_is_canonical(text: str, expected: str) -> None:
    """The style is one, whatever was written, and what is in it stays."""
    assert formatted(text) == expected
    assert formatted(expected) == expected


LONG = {
    "arguments": (
        f"{'f' * 30}({'a' * 30}: A, {'b' * 30}: B) if x;",
        f"{'f' * 30}(\n  {'a' * 30}: A,\n  {'b' * 30}: B\n) if\n  x;\n",
    ),
    "the inner brackets stay whole if they fit": (
        f"f(x) if x = {{{'a' * 40}: [1, 2], {'b' * 40}: {{c: 3}}}};",
        f"f(x) if\n  x = {{\n    {'a' * 40}: [1, 2],\n    {'b' * 40}: {{ c: 3 }}\n  }};\n",
    ),
    "alternatives in parentheses": (
        f"f(x) if ({'a' * 40} = x or {'b' * 40} = x) and x;",
        f"f(x) if\n  (\n    {'a' * 40} = x or\n    {'b' * 40} = x\n  ) and\n  x;\n",
    ),
    "lists of a block": (
        f'actor A {{ roles = ["{"a" * 40}", "{"b" * 40}"]; }}',
        f'actor A {{\n  roles = [\n    "{"a" * 40}",\n    "{"b" * 40}"\n  ];\n}}\n',
    ),
    "queries": (
        f"?= {'a' * 50}(1) and {'b' * 50}(2);",
        f"?= {'a' * 50}(1) and\n  {'b' * 50}(2);\n",
    ),
}


@pytest.mark.parametrize(("text", "expected"), LONG.values(), ids=LONG)
def test_long_lines_are_broken(text: str, expected: str) -> None:
    """What is longer than a line is broken in its brackets, the outermost first."""
    assert formatted(text) == expected
    assert formatted(expected) == expected


COMMENTS = {
    "above, behind and below": (
        "# one\n\n# two\nf(1);# three\n# four",
        "# one\n\n# two\nf(1);  # three\n# four\n",
    ),
    "behind conditions": (
        "f(x) if # head\n x # x\n and y # y\n or z # z\n;",
        "f(x) if  # head\n  x and  # x\n  y or  # y\n  z;  # z\n",
    ),
    "between conditions": (
        "f(x) # head\nif\n# one\n x\n # two\n and y;",
        "f(x) if  # head\n  # one\n  x and\n  # two\n  y;\n",
    ),
    "on both sides of a word that is glued": (
        "f(x) if x # one\n # two\n and # three\n y;",
        "f(x) if\n  x and  # one\n  # two\n  # three\n  y;\n",
    ),
    "in front of a semicolon": ("f(x) if x\n# one\n;", "f(x) if\n  x\n  # one\n  ;\n"),
    "in brackets": (
        "f(1, # one\n2 # two\n,\n# three\n3 # four\n# five\n);",
        "f(\n  1,  # one\n  2,  # two\n  # three\n  3  # four\n  # five\n);\n",
    ),
    "in blocks": (
        'actor A { # one\n\n# two\nroles = [ # three\n"a"]; # four\n\n# five\n} # six',
        'actor A {  # one\n  # two\n  roles = [  # three\n    "a"\n  ];  # four\n\n  # five\n}'
        "  # six\n",
    ),
    "of an empty block": ("actor A {\n# one\n}", "actor A {\n  # one\n}\n"),
    "behind a comma that is dropped": ("f([1, # one\n]);", "f(\n  [\n    1  # one\n  ]\n);\n"),
}


@pytest.mark.parametrize(("text", "expected"), COMMENTS.values(), ids=COMMENTS)
def test_comments_stay(text: str, expected: str) -> None:
    """A comment stays behind its condition, or on a line of its own."""
    assert formatted(text) == expected
    assert formatted(expected) == expected


# -- that it changes nothing else ----------------------------------------------------

TEXTS = [
    *(case.policy for case in read_cases() if not parse_policy(Source(case.policy)).problems),
    *(path.read_text(encoding="utf-8") for path in EXAMPLES),
]

GAPS = ("", " ", "\n", "\n\n", "\n\n\n\n", "\t", " # a\n", "\n# b\n", "\n\n  # c \n\n# d\n\n\n")


def scattered(text: str, chance: random.Random, share: float) -> str:
    """Put white space and comments between the tokens of a text."""
    out = []
    for token in read_tokens(Source(text)):
        gap = chance.choice(GAPS) if chance.random() < share else ""
        # What was apart stays so; a comment ends its line.
        out.append(f"{gap or ' '}{token.text}")
    return "".join([*out, chance.choice(GAPS)])


def assert_unchanged(text: str) -> None:
    """Check that the style of a text means the same, keeps its comments, and is stable."""
    made = formatted(text)

    assert formatted(made) == made
    assert parse_policy(Source(made)).statements == parse_policy(Source(text)).statements
    assert all(line == line.rstrip() for line in made.split("\n"))


@pytest.mark.each(4, 2)
@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_policies_keep_their_meaning(number: int) -> None:
    """Every case of the language, and the example's policy, means what it meant."""
    assert_unchanged(TEXTS[number])


@given(
    source=st.sampled_from(TEXTS), seed=st.integers(0, 2**32), share=st.sampled_from([0.05, 0.3, 1])
)
@settings(max_examples=part_of(400, 4))
def test_comments_anywhere(source: str, seed: int, share: float) -> None:
    """Comments and empty lines between any two tokens are kept, in their order."""
    text = scattered(source, random.Random(seed), share)

    assert_unchanged(text)
    assert comments_in(formatted(text)) == comments_in(text)


def comments_in(text: str) -> list[str]:
    """Give the comments between the tokens of a text."""
    tokens, found, end = read_tokens(Source(text)), [], 0
    for begin, after in [*((token.begin, token.end) for token in tokens), (len(text), 0)]:
        found += comments_of(text[end:begin])
        end = after
    return found


@given(st.binary(min_size=1, max_size=80), st.integers(0, 2**32))
@settings(max_examples=part_of(400, 4))
def test_random_policies_keep_their_meaning(data: bytes, seed: int) -> None:
    """Random policies keep their meaning."""
    text = scattered(make_policy(Choices(data)), random.Random(seed), 0.2)
    assume(not parse_policy(Source(text)).problems)

    assert_unchanged(text)


def test_example_is_in_style() -> None:
    """The policies of the examples are formatted."""
    texts = [path.read_text(encoding="utf-8") for path in EXAMPLES]

    assert [formatted(text) for text in texts] == texts


def test_lines_end_as_they_did() -> None:
    """A file of Windows stays one."""
    assert formatted("f(1);\r\n\r\n# a\r\ng(x) if x;") == (
        "f(1);\r\n\r\n# a\r\ng(x) if\r\n  x;\r\n"
    )


def test_string_over_lines_stays() -> None:
    """A string may go on behind a backslash; what is in it is not touched."""
    text = 'f("a\\\n   b  \\\n c", 1);\n'

    assert formatted(text) == 'f(\n  "a\\\n   b  \\\n c",\n  1\n);\n'
    assert_unchanged(text)


def test_mark_is_dropped() -> None:
    """A byte order mark has no use."""
    assert formatted("\ufefff(1);") == "f(1);\n"


def test_deep_nesting_is_no_recursion() -> None:
    """Thousands of brackets are laid out without Python's stack."""
    text = f"f(x) if {'(' * 2_000}x{')' * 2_000};"

    assert_unchanged(text)


@pytest.mark.parametrize("text", ["f(", "f(1)", "f(1); g(;", "f(\u202e1);", 'f("a);'])
def test_what_is_no_policy_is_refused(text: str) -> None:
    """The error is that of a load."""
    with pytest.raises(ParserError):
        formatted(text)


def test_all_problems_are_told() -> None:
    """One after the other would be tedious."""
    with pytest.raises(ParserError) as caught:
        formatted("f(;\ng(1);\nh(;\n")

    assert len(caught.value.problems) == 2


def test_style_that_would_change_the_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """If there is a mistake in the style, the text stays as it is."""
    monkeypatch.setattr("flask_oso.polar.syntax.formatter.lay_out", lambda pieces: ["f(2);"])

    with pytest.raises(OsoError, match=r"The text cannot be formatted\. It stays as it is\."):
        formatted("f(1);")


def test_style_that_would_lose_a_comment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments count like rules."""
    monkeypatch.setattr("flask_oso.polar.syntax.formatter.lay_out", lambda pieces: ["f(1);"])

    with pytest.raises(OsoError, match=r"The text cannot be formatted"):
        formatted("# a\nf(1);")
