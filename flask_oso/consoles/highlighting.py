"""The lexer of Pygments for policies: in go texts in Polar, out come tokens with their kinds.

Pygments finds it by its entry point, under the name ``polar`` and for files ``*.polar``, so
Sphinx, Rich and ``pygmentize`` know the language once this package is installed. It needs the
extra ``highlight``. It does not parse: a text may have the right tokens and still be no policy.
"""

from __future__ import annotations

import typing as t

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import RegexLexer, bygroups, words
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

# As in grammar.lark: all characters but those of ASCII that stand for something else.
_INNER = r"[^!-/:-@\[-^`{-~ \t\n\r\f]"
_FIRST = r"[^!-@\[-^`{-~ \t\n\r]"
_SYMBOL = rf"{_FIRST}{_INNER}*+(?:(?:::)++{_INNER}++)*+(?!::)\??"
# A word ends where no character follows that may be in a symbol.
_END = rf"(?!{_INNER}|::|\?(?!=))"
# The stubs of Pygments give it no types.
_groups: t.Callable[..., t.Any] = bygroups
_BLANK = r"([ \t\n\r]*+)"
_CLASS_AHEAD = r"(?=[ \t\n\r]*+\{)"


class PolarLexer(RegexLexer):
    """Splits a policy, or a query, into tokens. What no policy may hold is an ``Error``."""

    name = "Polar"
    url = "https://pypi.org/project/flask-oso/"
    aliases: t.ClassVar = ["polar"]
    filenames: t.ClassVar = ["*.polar"]
    mimetypes: t.ClassVar = ["text/x-polar"]
    version_added = ""

    tokens: t.ClassVar = {
        "root": [
            (r"[ \t\n\r]++", Whitespace),
            (r"#[^\n\r]*+", Comment.Single),
            (r'"', String.Double, "string"),
            (
                r"[0-9]++(?:\.[0-9]*+(?:[eE][0-9]*+[+-]?[0-9]*+)?|[eE][0-9]*+[+-]?[0-9]*+)",
                Number.Float,
            ),
            (r"[0-9]++", Number.Integer),
            # Behind a dot each word is a name.
            (
                rf"(\.){_BLANK}({_SYMBOL})(?=[ \t\n\r]*+\()",
                _groups(Operator, Whitespace, Name.Function),
            ),
            (rf"(\.){_BLANK}({_SYMBOL})", _groups(Operator, Whitespace, Name.Attribute)),
            # So it is where it is a key: in a dictionary, a pattern, a call.
            (
                rf"(?:{'|'.join(['and', 'cut', 'debug', 'forall', 'if', 'in', 'matches'])}"
                rf"|new|not|or|print|type){_END}(?=[ \t\n\r]*+:(?![:=]))",
                Name,
            ),
            (
                rf"(matches|new){_END}{_BLANK}({_SYMBOL})",
                _groups(Operator.Word, Whitespace, Name.Class),
            ),
            (
                rf"(actor|resource){_END}{_BLANK}({_SYMBOL}){_BLANK}(extends){_END}{_BLANK}"
                rf"({_SYMBOL}){_CLASS_AHEAD}",
                _groups(
                    *(Keyword.Declaration, Whitespace, Name.Class, Whitespace),
                    *(Keyword.Declaration, Whitespace, Name.Class),
                ),
            ),
            (
                rf"(actor|resource){_END}{_BLANK}({_SYMBOL}){_CLASS_AHEAD}",
                _groups(Keyword.Declaration, Whitespace, Name.Class),
            ),
            # These are names everywhere else.
            (
                rf"(role){_END}{_BLANK}(if){_END}{_BLANK}(role){_END}(?=[ \t\n\r]++on{_END})",
                _groups(Keyword.Declaration, Whitespace, Keyword, Whitespace, Keyword.Declaration),
            ),
            (rf"global{_END}(?=[ \t\n\r]*+[{{\"])", Keyword.Declaration),
            (
                rf"(test){_END}{_BLANK}(fixture){_END}{_BLANK}({_SYMBOL})",
                _groups(Keyword.Declaration, Whitespace, Keyword.Declaration, Whitespace, Name),
            ),
            (rf"test{_END}(?=[ \t\n\r]*+\")", Keyword.Declaration),
            (rf"declare{_END}(?=[ \t\n\r]++{_SYMBOL}[ \t\n\r]*+\()", Keyword.Declaration),
            (rf"assert(?:_not)?{_END}(?=[ \t\n\r]++{_SYMBOL}[ \t\n\r]*+\()", Keyword),
            (rf"setup{_END}{_CLASS_AHEAD}", Keyword),
            (rf"fixture{_END}(?=[ \t\n\r]++{_SYMBOL}[ \t\n\r]*+;)", Keyword),
            (rf"now{_END}(?=[ \t\n\r]*+\")", Keyword),
            (rf"iff{_END}(?=[ \t\n\r]++{_SYMBOL}[ \t\n\r]*+(?:in|=)(?!=))", Keyword),
            (r"@current_unix_time(?!\w)", Name.Builtin),
            (
                rf"(?:permissions|roles|relations){_END}(?=[ \t\n\r]*+=[ \t\n\r]*+[\[{{])",
                Keyword.Declaration,
            ),
            (rf'on{_END}(?=[ \t\n\r]*+")', Keyword),
            (
                words(("and", "in", "matches", "mod", "new", "not", "or", "rem"), "", _END),
                Operator.Word,
            ),
            (words(("false", "nil", "true"), "", _END), Keyword.Constant),
            (words(("inf", "nan"), "", _END), Number.Float),
            (words(("debug", "print"), "", _END), Name.Builtin),
            (rf"type{_END}", Keyword.Declaration),
            (words(("cut", "forall", "if"), "", _END), Keyword),
            (rf"{_SYMBOL}(?=[ \t\n\r]*+\()", Name.Function),
            (rf"{_SYMBOL}{_CLASS_AHEAD}", Name.Class),
            # A habit of those who write policies, and of Python.
            (rf"[A-Z]{_INNER}*+(?:::{_INNER}++)*+(?!::)\??", Name.Class),
            (_SYMBOL, Name),
            (r"\?=|:=|==|!=|<=|>=|[-+*/<>=.]", Operator),
            (r"[()\[\]{},;:]", Punctuation),
        ],
        "string": [
            (r'"', String.Double, "#pop"),
            (r"\\[\s\S]", String.Escape),
            (r'[^"\\\n]++', String.Double),
            # A string ends on its line, unless the line ends with a backslash.
            (r"\n", Error, "#pop"),
        ],
    }


def highlight_html(text: str) -> str:
    """Give a piece of a policy as HTML: escaped, each token in a ``<span>`` with its class.

    The classes are the short ones of Pygments: ``k``, ``s2``, ``nf``. There is no style.
    """
    lexer = PolarLexer(stripnl=False, ensurenl=False)
    page = highlight(text, lexer, HtmlFormatter(nowrap=True))
    # Pygments ends the last line.
    return page if text.endswith("\n") else page.removesuffix("\n")
