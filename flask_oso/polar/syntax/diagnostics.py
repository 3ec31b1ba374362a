"""What was most likely meant by a syntax error: the line of help under the message.

In go the tokens of a text and the index of the one that the grammar does not accept; out comes
one line of help, or nothing. ``Mistake`` describes the token and what stands around it: its
neighbours, the part of the statement, the open brackets. ``HINTS`` is the table of likely
mistakes; the first row that fits is used. Whether something is wrong at all is decided elsewhere.
"""

from __future__ import annotations

import functools
import itertools
import re
import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..characters import with_escapes
from ..nodes import ARITHMETIC, COMPARISONS, Call, Expression, Operator, Term
from ..printer import to_polar
from ..spelling import FOREIGN_LITERALS, nearest
from .confusables import skeleton
from .lexer import MISLEADING, Token

CLOSING = {"(": ")", "[": "]", "{": "}"}
KEYWORDS = frozenset((
    "and", "or", "not", "if", "in", "matches", "new", "forall", "cut", "print", "type", "true",
    "false",
))  # fmt: skip
#: What follows the first of two operands.
_BETWEEN_OPERANDS = frozenset(("in", "=", "==", "!=", ":=", "."))
#: How many tokens after a mistake are searched for the end of its bracket.
_AHEAD = 50
#: What can stand behind a dot as it is.
_NAME = re.compile(r"[^\W\d]\w*")
#: The longest piece of a text that a hint quotes.
_LONGEST = 40


@dataclass(frozen=True)
class Mistake:
    """A token that the grammar does not allow where it is.

    :param start: the index of the first token of the statement.
    :param at: the index of the wrong token; the number of tokens if the text ends too early.
    :param is_block: whether the statement is a resource block.
    :param is_query: whether the text is one expression.
    """

    tokens: Sequence[Token]
    start: int
    at: int
    is_block: bool = False
    is_query: bool = False

    def token(self, distance: int) -> Token | None:
        """Give a token by its distance from the wrong one, which has distance 0."""
        index = self.at + distance
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def words(self, distance: int) -> frozenset[str]:
        """Give the words that describe a token: its type, its text, what it looks like.

        For the wrong token these include the texts of the pairs that it forms with its neighbours.
        """
        token = self.token(distance)
        words = set() if token is None else set(_words(token))
        if _is_text(token, "not") and _is_text(self.token(distance + 1), "in"):
            words.add("NOT_IN")
        # `note.public` begins with a name, not with a misspelt `not`.
        if _is_text(self.token(distance + 1), "."):
            words.discard("MISSPELT")
        if distance == 0:
            words.update(self.pairs())
        return frozenset(words)

    def pairs(self) -> Iterator[str]:
        """Give the texts that the token forms with adjacent tokens, such as ``->``."""
        before, found, after = map(self.token, (-1, 0, 1))
        if _touch(before, found):
            yield f"{before}{found}"
        if _touch(found, after):
            yield f"{found}{after}"

    # -- places

    @functools.cached_property
    def open_brackets(self) -> tuple[Token, ...]:
        """The brackets that are open, the outermost first."""
        return tuple(self.tokens[index] for index in self._open_indexes)

    @functools.cached_property
    def _open_indexes(self) -> tuple[int, ...]:
        indexes: list[int] = []
        for index in range(self.start, min(self.at, len(self.tokens))):
            text = self.tokens[index].text
            if text in CLOSING:
                indexes.append(index)
            elif text in CLOSING.values() and indexes:
                indexes.pop()
        return tuple(indexes)

    @functools.cached_property
    def sections(self) -> frozenset[str]:
        """The parts of a statement that contain the token.

        ``start``, ``name``, ``head``, ``between`` (head and conditions), ``body``, ``block``,
        ``test``.
        Further: ``query``; ``second`` after the first two tokens of the statement, and the first
        token; ``compared`` in a bracket that is an operand; ``class`` of a parameter, ``rest`` of
        a list, ``listed`` behind ``in`` and a value, ``new`` behind the class of a new object,
        ``rule-type``, ``next-statement``, ``glued`` if no space separates it from the token before.
        """
        return frozenset((*self._find_parts(), *self._find_details()))

    def _is_compared(self) -> bool:
        """Tell whether the innermost bracket, with its end, is the first of two operands."""
        depth = 1
        for token, following in itertools.pairwise(self.tokens[self.at : self.at + _AHEAD]):
            depth += (token.text in CLOSING) - (token.text in CLOSING.values())
            if not depth:
                return following.text in _BETWEEN_OPERANDS
        return False

    def _find_parts(self) -> Iterator[str]:
        distance = self.at - self.start
        before = self.token(-1)
        if self.is_query:
            yield "query"
        if distance == 0:
            yield "start"
        elif self.tokens[self.start].type == "TEST":
            yield "test"
        elif self.is_block:
            yield "block"
        elif self.is_query or self._has_condition():
            yield "body"
        elif self.open_brackets:
            yield "head"
        elif distance < 3 and before is not None and before.type == "SYMBOL":
            yield "name"
        else:
            yield "between"

    def _find_details(self) -> Iterator[str]:
        if self.open_brackets and self._is_compared():
            yield "compared"
        if _touch(self.token(-1), self.token(0)):
            yield "glued"
        if self.at - self.start == 2:
            yield "second"
            yield self.tokens[self.start].text
        if _is_text(self.token(-1), ":") or _is_text(self.token(-2), ":"):
            yield "class"
        if _is_text(self.token(-2), "new"):
            yield "new"
        if _is_text(self.token(-2), "in"):
            yield "listed"
        if self.at > self.start and self.tokens[self.start].type == "TYPE":
            yield "rule-type"
        if self._is_behind_rest():
            yield "rest"
        if self._begins_statement():
            yield "next-statement"

    def _has_condition(self) -> bool:
        part = self.tokens[self.start : self.at]
        return any(token.type == "IF" or token.text == "?=" for token in part)

    def _is_behind_rest(self) -> bool:
        star, before = self.token(-2), self.token(-3)
        return _is_text(star, "*") and (_is_text(before, "[") or _is_text(before, ","))

    def _begins_statement(self) -> bool:
        before, found, after = map(self.token, (-1, 0, 1))
        if before is None or found is None or after is None or self.open_brackets:
            return False
        begins = after.type in ("SYMBOL", "LBRACE") or after.text == "(" or found.text == "?="
        if before.span.line < found.span.line:
            return begins
        return found.type == "SYMBOL" and after.text == "(" and self._is_head()

    def _is_head(self) -> bool:
        """Tell whether the parentheses behind the token are followed by ``if``."""
        depth = 0
        for token, following in itertools.pairwise(self.tokens[self.at + 1 : self.at + _AHEAD]):
            depth += (token.text in CLOSING) - (token.text in CLOSING.values())
            if not depth:
                return following.type == "IF"
        return False

    @functools.cached_property
    def insides(self) -> frozenset[str]:
        """The innermost open bracket, also with the word before it or ``block``; or ``none``."""
        return frozenset(self._find_insides())

    def _find_insides(self) -> Iterator[str]:
        if not self._open_indexes:
            yield "none"
            return
        index = self._open_indexes[-1]
        bracket = self.tokens[index].text
        yield bracket
        if index:
            yield f"{self.tokens[index - 1]}{bracket}"
        if self.is_block and len(self._open_indexes) == 1:
            yield "block{"

    # -- quotations

    def quote(self, name: str) -> str:
        """Give a piece of the text to quote.

        :param name: ``found``, ``before``, ``after`` or ``first``, with a suffix: ``_2`` for twice
            the distance, ``_lower`` for lower case, ``_bare`` and ``_quoted`` for the text without
            and with quotes, ``_field`` for what stands behind a dot, ``_path`` for the whole path,
            ``_value`` for the whole path or the Polar name of a value of another language. Or
            ``pair``; ``inner``, the text in single quotes; ``opening``, ``opened`` and ``closing``
            of the innermost open bracket, and ``owner`` in front of it and of a dot.
        """
        name, _, form = name.partition("_")
        if name in _DISTANCES or name == "first":
            return self._quote_token(name, form)
        if name == "pair":
            return next(pair for pair in self.pairs() if not pair[0].isalnum())
        if name == "inner":
            return self._inner()
        if name == "owner":
            return self._path(self._open_indexes[-1] - 2 - self.at)
        bracket = self.open_brackets[-1]
        if name == "opened":
            return f"line {bracket.span.line}, column {bracket.span.column}"
        return bracket.text if name == "opening" else CLOSING[bracket.text]

    def _quote_token(self, name: str, form: str) -> str:
        distance = self.start - self.at if name == "first" else _DISTANCES[name]
        if form.endswith(("path", "value")):
            quoted = self._path if form.endswith("path") else self._value
            return quoted(distance * 2 if form.startswith("2") else distance)
        token = self.token(distance * 2 if form == "2" else distance)
        text = "…" if token is None else _shorten(token.text)
        if form == "lower":
            return text.lower()
        if form == "keyword":
            return nearest(text, KEYWORDS) or skeleton(text)
        bare = text.strip('"')
        if form == "field":
            return bare if _NAME.fullmatch(bare) else f"({text})"
        return {"bare": bare, "quoted": f'"{bare}"'}.get(form, text)

    def _value(self, distance: int) -> str:
        token = self.token(distance)
        if token is None:
            return "…"
        return FOREIGN_LITERALS.get(token.text) or self._path(distance)

    def _path(self, distance: int) -> str:
        """Give the text of the path, such as ``user.name()``, that a token is part of."""
        first = last = self.at + distance
        if distance < 0:
            first = self._opening(first)
            while first - 2 >= self.start and self.tokens[first - 1].text == ".":
                first = self._opening(first - 2)
        else:
            while last + 2 < len(self.tokens) and self.tokens[last + 1].text == ".":
                last += 2
            if last + 1 < len(self.tokens) and self.tokens[last + 1].text == "(":
                return _shorten(self._text(first, last)) + "(…)"
        return _shorten(self._text(first, last))

    def _text(self, first: int, last: int) -> str:
        begin, end = self.tokens[first], self.tokens[last]
        return begin.context.source.text[begin.begin : end.end]

    def _opening(self, index: int) -> int:
        """Give the index of the name in front of the arguments that end here."""
        depth = 0
        for at in range(index, max(self.start, index - _LONGEST) - 1, -1):
            text = self.tokens[at].text
            depth += (text in CLOSING.values()) - (text in CLOSING)
            if depth <= 0:
                has_name = at > self.start and self.tokens[at - 1].type == "SYMBOL"
                return at - 1 if at < index and has_name else at
        return index

    def _inner(self) -> str:
        token = self.token(0)
        assert token is not None
        found = re.compile(r"'([^'\"\n\\]*)'").match(token.context.source.text, token.begin)
        return _shorten(found[1]) if found else "…"


_DISTANCES = {"found": 0, "before": -1, "after": 1}


def _words(token: Token) -> Iterator[str]:
    yield token.type
    yield token.text
    if token.type == "SYMBOL" and token.text.lower() in KEYWORDS:
        yield "CAPITALIZED"
    elif token.type == "SYMBOL" and not token.text.isascii() and skeleton(token.text) in KEYWORDS:
        yield "LOOKALIKE"
    elif token.type == "SYMBOL" and nearest(token.text, KEYWORDS) is not None:
        yield "MISSPELT"
    if token.text in FOREIGN_LITERALS:
        yield "ELSEWHERE"
    if token.type == "SYMBOL" and token.text[0].isupper():
        yield "CLASS"


def _touch(left: Token | None, right: Token | None) -> bool:
    return left is not None and right is not None and left.end == right.begin


def _is_text(token: Token | None, text: str) -> bool:
    return token is not None and token.text == text


def _shorten(text: str) -> str:
    return with_escapes(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


# -- the table of likely mistakes ---------------------------------------------------------


class Hint(t.NamedTuple):
    """A row of the table: the help for a mistake that matches every column that is not empty.

    ``found``, ``before`` and ``after`` match the words of the wrong token and its neighbours
    (``Mistake.words``); ``section`` and ``inside`` match ``Mistake.sections`` and
    ``Mistake.insides``. A column lists alternatives: words, or names of ``_GROUPS``. Names in
    braces in the help stand for pieces of the text (``Mistake.quote``).
    """

    help: str
    found: str = ""
    before: str = ""
    after: str = ""
    section: str = ""
    inside: str = ""


_LITERAL = "STRING INTEGER FLOAT INF NAN TRUE FALSE"
_GROUPS = {
    "OPERAND": f"SYMBOL {_LITERAL} ( [ {{ cut not forall new print debug",
    "ENDED": f"SYMBOL {_LITERAL} ) ] }} cut",
    "LITERAL": f"{_LITERAL} nil",
    "NAME": "SYMBOL AND CUT DEBUG FORALL IF IN MATCHES NEW NOT OR PRINT TYPE",
    "WORD": "and or not if in isa matches mod rem new forall cut print debug type true false",
    "OPERATOR": "= == != < <= > >= := + - * / mod rem in matches",
    "EQUALS": "= ==",
    "ANY": "( [ {",
}
_CLOSE = "A `{closing}` is missing: `{opening}` is open since {opened}."
_COMMENT = "Comments begin with `#`."
_COMMA = "A comma is missing between `{before}` and `{found}`."
_EXTRA_COMMA = "There is a comma too many. Remove it."
_NO_ELSE = "There is no `else`. Write another rule, with conditions of its own."
_NO_BRACES = "Conditions stand behind `if`, without braces."
_SEMICOLON = "A semicolon is missing behind `{before}`."
_LIST = "A list stands in brackets: `[…]`."
_ALTERNATIVES = "Write a variable, and behind `if` a condition such as `action in [{0}, …]`."
_ONE_EACH = "A rule in a block has one role or permission on each side."
_NO_PATTERNS = "Texts have no patterns. Ask one of their methods, such as `.startswith(…)`."
_TAKEN = "`{{{0}}}` is a word of the language. Take another name, such as `{{{0}}}_`."
_FIELD = "The name of a field is a variable or a string. Write `key = … and {{{0}}}.(key)`."
#: Brackets after these contain a value, not a condition and not arguments.
_OF_VALUE = "in{0} ={0} =={0} !={0} :={0} ({0} [{0} ,{0}"

HINTS: tuple[Hint, ...] = (
    # In a test of the policy.
    Hint("Write `iff` for all that the variables may be.", found="if", section="test"),
    Hint("`iff` says what each variable is: `{before} in […]` or `{before} = …`, joined by `and`.",
         found="> < >= <= == !=", before="SYMBOL", section="test"),
    Hint("An object gets its name with a colon: `{before}: Class{{…}};`",
         found="= :=", before="SYMBOL", section="test"),
    Hint("An object of a test has its key in braces: `{before}{{…}}`.",
         found="(", before="SYMBOL", section="test", inside="("),
    Hint("Facts and objects stand in a setup or a fixture, assertions behind it in a test.",
         found="( : STRING", before="SYMBOL", section="test"),
    # Characters that are part of no token.
    Hint('Strings stand in double quotes. Write `"{inner}"`.', found="'"),
    Hint("Strings stand in double quotes.", found="`"),
    Hint("Write `and` in place of `&&`.", found="&&"),
    Hint("Write `and` in place of `&`.", found="&"),
    Hint("The remainder of a division is `mod`.", found="%"),
    Hint(_NO_PATTERNS, found="~", before="ENDED OPERATOR"),
    Hint("Remove `@`: the only name with it is `@current_unix_time`.", found="@"),
    Hint("Names consist of letters, digits and `_`. Remove `{found}`.", found="$ ~ ^ \\"),
    Hint("There is no `a ? b : c`. Write one rule for each case.", found="?"),
    Hint('A `"` is missing: a string ends on its own line. A line break is written `\\n`.',
         found="UNFINISHED_STRING"),
    Hint("A name goes on behind `::`, such as `app::User`.", found="UNFINISHED_SYMBOL"),
    # Strings.
    Hint('A quote inside of a string is written `\\"`.',
         found="SYMBOL", before="STRING", section="glued"),
    Hint("There are no f-strings. Remove the `f`, or compare with the value itself.",
         found="STRING", before="f F", section="glued"),
    Hint("There are no {before}-strings. Remove the `{before}`.",
         found="STRING", before="r b u R B U", section="glued"),
    # Comments, signs and words of other languages.
    Hint(_COMMENT, found="// /* -- */"),
    Hint("Write `{found_lower}` in small letters.", found="CAPITALIZED"),
    Hint("Write `{found} = …` without `{before}`.", found="SYMBOL", before="let var const local"),
    Hint("Write `{before_lower}` in small letters.", before="CAPITALIZED"),
    Hint("`{found}` only looks like `{found_keyword}`: a letter is of another script.",
         found="LOOKALIKE"),
    Hint("Write `!=`.", found="<> !== =!"),
    Hint("Write `=` or `==`.", found="==="),
    Hint("Write `<=`.", found="=<"),
    Hint("Write `>=`.", found="=>", section="body"),
    Hint("A variable keeps its value. Give the result a name of its own.", found="+= -= *= /="),
    Hint("There are no powers. Multiply, or give the class a method.", found="**", before="*"),
    Hint("A policy does not load others. Load all files together.",
         before="import include require"),
    Hint("A query has no semicolon. Remove it.", found=";", section="query"),
    # The beginning of a statement.
    Hint("A block ends with its brace. Remove the semicolon.",
         found=";", before="}", section="start"),
    Hint("Nothing stands in front of this semicolon. Remove it.", found=";", section="start"),
    Hint("No block is open here. Remove the brace.", found="}", section="start"),
    Hint(_COMMENT, found='""', section="start"),
    Hint("A rule of strings belongs into a block, such as `resource Page {{ … }}`.",
         found="STRING", section="start"),
    Hint("A rule begins with its head: `allow(actor, action, resource) if …;`",
         found="OPERAND if", section="start"),
    # The name of a rule or of a block.
    Hint(_NO_ELSE, found="(", before="SYMBOL", section="else"),
    Hint("Write `{first_lower}` in small letters.", found="(", section="Type"),
    Hint("What a block says stands in braces: `{first} {before} {{ … }}`.",
         found="( : ; SYMBOL", section="resource actor"),
    Hint("A rule type has no conditions. Remove them, or `type`.", found="if", section="rule-type"),
    Hint("Nothing stands behind the head of a rule type.",
         found=": -> => :- {", before=")", section="rule-type", inside="none"),
    Hint("`type` begins a rule type. Give the rule another name.", found="(", before="type"),
    Hint("A rule type is the head of a rule, such as `type {before}(user: User);`",
         found="{ = ; :", before="SYMBOL", section="Type type"),
    Hint("A rule begins with its name. Remove `{first}`.", found="(", section="second"),
    Hint("No `=` stands in front of the brace of a block. Remove it.",
         found="=", after="{", section="name"),
    Hint("A policy has no assignments. Register the value in Python: `register_constant`.",
         found="= :=", section="name"),
    Hint("Parameters stand in parentheses: `{first}(…)`.", found=": , if STRING", section="name"),
    Hint("Names have `_` in place of `-`. Write `{before}_{after}`.",
         found="-", after="SYMBOL", section="name"),
    Hint("The name of a rule has no dots. Join conditions of one rule with `and`.",
         found=".", section="name"),
    Hint("Write `{before}()` if nothing stands behind the name.", found=";", section="name"),
    Hint("Parameters stand in parentheses: `{before}(…)`.", found="[", section="name"),
    # Blocks.
    Hint("Declarations are made with `=`. Write `{before} = …;`",
         found=": == :=", before="SYMBOL", section="block", inside="block{"),
    Hint("Write a list: `{before_2} = [{found}];`", found="STRING", before="=", section="block"),
    Hint(_LIST, found="(", before="=", section="block", inside="block{"),
    Hint("Relations stand in braces: `{{ {found}: {after_2} }}`.",
         found="NAME", before="[ ,", after=":", section="block", inside="["),
    Hint("Relations stand in braces, without quotes: `{{ {before_bare}: {after_bare} }}`.",
         found=":", before="STRING", section="block", inside="["),
    Hint("Write `{found_quoted}` with quotes.",
         found="NAME", before="[ ,", section="block", inside="["),
    Hint("Write `{before_quoted}` with quotes.",
         found="if", before="NAME", section="block", inside="block{"),
    Hint("Write `{before_quoted}` with quotes.",
         found=";", before="SYMBOL", section="block", inside="block{"),
    Hint("Write `{found_quoted}` with quotes.",
         found="NAME", before="on", section="block", inside="block{"),
    Hint("Write `if` in place of `{pair}`.",
         found=":- -> => <- <= |-", before="STRING", section="block", inside="block{"),
    Hint("Write `if` in place of `{found}`.",
         found=": = when where", before="STRING", after="STRING", section="block", inside="block{"),
    Hint("Declarations are made with `=`, without quotes. Write `{before_bare} = …;`",
         found=":", before="STRING", after="[ {", section="block", inside="block{"),
    Hint("Write `{before_bare}` without quotes.",
         found="=", before="STRING", section="block", inside="block{"),
    Hint(f"{_ONE_EACH} Write one rule for each, or outside `has_permission(…) if … and …;`",
         found=",", before="STRING", section="block", inside="block{"),
    Hint(f"{_ONE_EACH} Write `{{after}} if …;` for each.",
         found="[", before="; { }", after="STRING", section="block", inside="block{"),
    Hint(f"{_ONE_EACH} Write `… if {{after}};` for each.",
         found="[", before="if", after="STRING", section="block", inside="block{"),
    Hint("A rule in a block has one condition. Write one rule for each.",
         found="or |", before="STRING", section="block", inside="block{"),
    Hint("A rule in a block has no `not`. Outside, write `has_permission(…) if not …;`",
         found="not !", before="if", section="block", inside="block{"),
    Hint("The permission stands first. Write `{after} if {before};`",
         found="can may gets has allows grants", before="STRING", after="STRING",
         section="block", inside="block{"),
    Hint("Write `{before} on {after}`.",
         found="in", before="STRING", after="STRING", section="block"),
    Hint("Write a semicolon in place of the comma.",
         found=",", before="ENDED", section="block", inside="block{"),
    Hint(_SEMICOLON, found="NAME STRING }", before="STRING ]", section="block", inside="block{"),
    Hint(_SEMICOLON, found="NAME STRING", before="}", section="block", inside="block{"),
    Hint("Write the class without quotes: `{found_bare}`.",
         found="STRING", before=":", section="block", inside="{"),
    Hint("Write `{found_bare}` without quotes.",
         found="STRING", before="{ ,", after=":", section="block", inside="{"),
    Hint("Roles and permissions stand in brackets: `[{found}, …]`.",
         found="STRING", before="{ ,", section="block", inside="{"),
    Hint("Rules with parameters stand outside of blocks. Is the `}}` of the block missing?",
         found="( ?=", section="block", inside="block{"),
    # Names that are words of the language.
    Hint(_TAKEN.format("found"), found="WORD", before="( ,", after=":", section="head"),
    Hint(_TAKEN.format("before"), found=":", before="WORD", section="head"),
    Hint(_TAKEN.format("found"),
         found="type matches mod rem", before="( ,", after=", )", section="head"),
    Hint(_TAKEN.format("before"), found=", )", before="in new print debug", section="head"),
    Hint(_TAKEN.format("found"), found="type", after=". = == != in ; ) , and or", section="body"),
    Hint(_TAKEN.format("before"), found=". , )", before="type", section="body"),
    Hint(_TAKEN.format("before"), found="= == !=", before="new print debug", section="body"),
    Hint(_TAKEN.format("found"),
         found="matches mod rem", before="if and or not ( ,", section="body"),
    Hint("`{found}` is a word of the language. Write `{before_2path}.({found_quoted})`.",
         found="mod rem", before="."),
    # Names of fields that are computed.
    Hint(_FIELD.format("owner"), inside=".("),
    Hint(_FIELD.format("before_path"),
         found="[", before="SYMBOL ) ]", after="SYMBOL", section="glued"),
    # Commas and brackets.
    Hint(_ALTERNATIVES.format("{before}"), found=",", section="head", inside=",( (("),
    Hint(_LIST, found=",", before="LITERAL", section="listed"),
    Hint(_LIST, found=",", before="ENDED", inside=_OF_VALUE.format("(")),
    Hint(_LIST, found=",", before="ENDED", section="compared", inside="if( and( or( not( (("),
    Hint("Write `and` in place of the comma.",
         found=",", before="ENDED", section="body", inside="if( and( or( not("),
    Hint(_EXTRA_COMMA, found=") ] , ;", before=","),
    Hint(_EXTRA_COMMA, found=",", after="; ) ] }"),
    Hint("Something is missing in front of the comma.", found=",", before="ANY"),
    Hint("Keys stand without quotes. Write `{found_bare}: …`.",
         found="STRING", before="{ ,", after=":", inside="{"),
    Hint("A colon stands behind a key. Write `{before}: {after}`.",
         found="EQUALS", before="NAME", inside="{"),
    Hint(_NO_BRACES, inside="if{"),
    Hint(_LIST, found="LITERAL", before="{", inside=_OF_VALUE.format("{")),
    Hint(_LIST, found=".", before="SYMBOL", inside=_OF_VALUE.format("{")),
    Hint("The rest of a list comes last, as in `[first, *{before}]`.",
         found=", OPERAND", section="rest"),
    Hint("`forall` has a comma between its two conditions.", found=")", inside="forall("),
    Hint(_CLOSE, found="; if ?= ] } )", inside="ANY"),
    Hint(_CLOSE, found="LITERAL", before=",", inside="{"),
    Hint("Nothing is open that `{found}` could close. Remove it.", found=") ] }"),
    # The head of a rule.
    Hint("Classes stand without parentheses.", found="(", before=":", section="head"),
    Hint("What a class must have stands in braces: `{before}{{…}}`.",
         found="(", before="SYMBOL", section="class"),
    Hint("Write `new {before}(…)`.", before="SYMBOL", section="new"),
    Hint("A parameter has no default. Remove `{found} {after}`.",
         found="EQUALS", before="SYMBOL", section="class"),
    Hint("In a head, write `{before}: {after}`.", found="EQUALS", before="SYMBOL", section="head"),
    Hint("A head has no conditions. Write `… if {before_path} {found} {after}`.",
         found="OPERATOR", before="ENDED", section="head"),
    Hint(_ALTERNATIVES.format("{before}"),
         found="or | and", before="LITERAL", section="head"),
    Hint("In a head, write `{before}: {after}`.",
         found="is isa instanceof", before="SYMBOL", section="head"),
    Hint("Write one rule for each class.", found="or | and", before="ENDED", section="head"),
    Hint("The name of a class has no dots. Register the class under a name without.",
         found=".", section="class"),
    Hint(_COMMA, found="OPERAND", before="ENDED", section="class"),
    Hint("Write `{found}: {before}`.", found="SYMBOL", before="CLASS", section="head"),
    Hint("Write `{before}: {found}`.", found="CLASS", before="SYMBOL", section="head"),
    Hint("Write `{after_quoted}`.", found=":", before="( ,", after="NAME", section="head"),
    Hint("Anything is written `_`.", found="*", before="( ,", section="head"),
    Hint(_COMMA, found="OPERAND", before="ENDED", section="head"),
    # Between the head of a rule and its conditions.
    Hint("Write `if` in place of `{pair}`.", found=":- -> => <- |-", section="between"),
    Hint("Write `if not` in place of `unless`.", found="unless", section="between"),
    Hint("Write `if` in place of `{found}`.",
         found=": = == and , when where while provided iff then", section="between"),
    Hint(_NO_BRACES, found="{", section="between"),
    Hint(_SEMICOLON, found="SYMBOL TYPE ?=", before="ENDED", section="next-statement"),
    Hint("Write `!=`: one of them is true, the other is not.", found="xor", section="body"),
    Hint("Write `{before_path} = {after_value}`.", found="eq equals", before="ENDED"),
    Hint("Lists are not made in a condition. Write `x in …`, or `forall(x in …, condition)`.",
         found="for", section="body"),
    Hint("Is `if` missing in front of `{found}`?",
         found="SYMBOL", after="( OPERATOR", section="between"),
    Hint("Did you mean `{found_keyword}`?",
         found="MISSPELT", before="ENDED", section="between body"),
    Hint("Is `if` missing in front of `{found}`?", found="OPERAND", section="between"),
    # Conditions.
    Hint("A rule gives nothing back: it holds if its conditions do. Remove `return`.",
         before="return"),
    Hint("A rule gives nothing back: it holds if its conditions do. Remove `return`.",
         found="return"),
    Hint("Write `x matches Class` to ask for the class of `x`.", found="type", section="body"),
    Hint("Write `{before}({found_path})`.", found="SYMBOL STRING", before="print debug"),
    Hint("Write `forall(condition, condition)`.", found="OPERAND", before="forall"),
    Hint("Policies have no functions. Give the condition a rule of its own.",
         before="lambda function"),
    Hint("Write `cut` without parentheses.", found="(", before="cut"),
    Hint("Write `not {before_path} in …`.", found="is", before="ENDED", after="NOT_IN"),
    Hint("Write `{before_path} != {after_2_value}`.", found="is", before="ENDED", after="not"),
    Hint("Write `{before_path} in …`.", found="is", before="ENDED", after="in"),
    Hint("Write `{before_path} matches {after_2}`.", found="is", before="ENDED", after="a an"),
    Hint("Write `{before_path} = {after_value}`.",
         found="is", before="ENDED", after="LITERAL ELSEWHERE"),
    Hint("Write `{before_path} matches {after}`.", found="is", before="ENDED", after="CLASS"),
    Hint("Write `{before_path} = {after_value}`.", found="is", before="ENDED", after="SYMBOL"),
    Hint("Write `{before_path} matches {after}`.",
         found="isa instanceof", before="ENDED", after="SYMBOL"),
    Hint("Write `{after_value} in {before_path}`.",
         found="contains has includes", before="ENDED", after="SYMBOL LITERAL"),
    Hint("Write `{before_path}.{found}({after_value})`.",
         found="startswith endswith", before="ENDED", after="SYMBOL LITERAL"),
    Hint(_NO_PATTERNS, found="like ilike", before="ENDED"),
    Hint(_NO_PATTERNS, found="not", before="ENDED", after="like ilike"),
    Hint("Write `not` in place of `unless`.", found="OPERAND", before="unless", section="body"),
    Hint("Write a dot in place of `->`.", found="->", section="body", after="SYMBOL"),
    Hint("Write `and` in place of this `if`.", found="if", before="ENDED", section="body"),
    Hint("Write `and` in place of `{found}`.",
         found="where when also", before="ENDED", section="body"),
    Hint("There is no `then`. Conditions stand behind `if`, joined with `and`.", found="then"),
    Hint("Write `{found} in …`: it holds if there is one.",
         found="SYMBOL", before="exists any some"),
    Hint("Write `forall({found} in …, condition)`.", found="SYMBOL", before="all every for each"),
    Hint("Write `not {before_path} in …`.", found="not", before="ENDED", after="in"),
    Hint("Write `not {after_path}`.", found="!", after="SYMBOL"),
    Hint("Write `not` in place of `!`.", found="!"),
    Hint("Write `or` in place of `||`.", found="||"),
    Hint("Write `or` in place of `|`.", found="|"),
    Hint("Write `and` in place of the comma.",
         found=",", before="ENDED", section="body", inside="none"),
    Hint("Remove the colon.", found=":", before="if"),
    Hint("Write `{before_path} matches {after}`.",
         found=":", before="ENDED", after="CLASS", section="body"),
    Hint("Write `=` in place of the colon.", found=":", before="ENDED", section="body"),
    Hint(_NO_ELSE, found="else elif elsif"),
    Hint("Nothing stands in front of `{found}`. Remove it.", found="and or", before="if ( ,"),
    Hint("Nothing stands between `{before}` and `{found}`. Remove one of them.",
         found="and or if", before="and or if not"),
    Hint("A condition is missing behind `{before}`.", found="; ) ]", before="and or not if"),
    Hint("Write `{before_path}.{after_field}`.", found="[", before="SYMBOL ) ]", after="STRING"),
    Hint("Elements have no numbers. Write `[first, *_] = {before_path}`, or `x in {before_path}`.",
         found="[", before="SYMBOL ) ]", after="INTEGER"),
    Hint("Write `0 - {found_path}`.", found="SYMBOL", before="-"),
    Hint("A value is missing behind `{before}`.", before="OPERATOR"),
    Hint("A name is missing behind the dot.", before="."),
    Hint("`:=` gives a value to a variable. Write `=` to compare.", found=":="),
    Hint(_COMMA, found="OPERAND", before="ENDED", inside="ANY"),
    Hint("Is a dot, an operator or `and` missing between `{before}` and `{found}`?",
         found="OPERAND", before="ENDED", section="body"),
)  # fmt: skip

#: For a text that ends too early, with no bracket open. A semicolon alone does not end it.
_AT_END = (
    Hint("A condition is missing behind `{before}`.", before="and or not if"),
    Hint("A value is missing behind `{before}`.", before="OPERATOR"),
    Hint("A name is missing behind the dot.", before="."),
)


def help_for(mistake: Mistake) -> str:
    """Give the line of help with its line end; empty if no row fits."""
    found = mistake.token(0)
    if found is not None and found.type == MISLEADING:
        # The error message is complete without help.
        return ""
    tokens = _Described(mistake.words(0), mistake.words(-1), mistake.words(1))
    return next((_say(hint, mistake) for hint in HINTS if _fits(hint, tokens, mistake)), "")


def help_for_end(mistake: Mistake) -> str:
    """Give the line of help for a text that ends too early."""
    if mistake.open_brackets:
        return _say(Hint(_CLOSE), mistake)
    tokens = _Described(frozenset(), mistake.words(-1), frozenset())
    return next((_say(hint, mistake) for hint in _AT_END if _fits(hint, tokens, mistake)), "")


class _Described(t.NamedTuple):
    """The words that describe the wrong token and its neighbours, made once for all hints."""

    found: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]


def _fits(hint: Hint, tokens: _Described, mistake: Mistake) -> bool:
    return (
        _matches(hint.found, tokens.found)
        and _matches(hint.before, tokens.before)
        and _matches(hint.after, tokens.after)
        # These are looked for in all the text before: seldom does a hint need to know.
        and _matches(hint.section, mistake.sections)
        and _matches(hint.inside, mistake.insides)
    )


def _matches(wanted: str, words: frozenset[str]) -> bool:
    """Tell whether a column names one of the words; an empty column matches anything."""
    if not wanted:
        return True
    return any(not words.isdisjoint(_GROUPS.get(each, each).split()) for each in wanted.split())


def _say(hint: Hint, mistake: Mistake) -> str:
    return hint.help.format_map(_Quotations(mistake)) + "\n"


class _Quotations(dict[str, str]):
    """The pieces of text that names in a help stand for, computed on access."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__()
        self._mistake = mistake

    def __missing__(self, name: str) -> str:
        return self._mistake.quote(name)


# -- expressions where another sort is expected --------------------------------------------

_FUNCTIONS_ELSEWHERE = frozenset((
    "abs", "all", "any", "bool", "count", "float", "getattr", "hasattr", "int", "len", "list",
    "lower", "max", "min", "now", "set", "size", "str", "sum", "upper",
))  # fmt: skip
_COMPARING = COMPARISONS | {Operator.UNIFY}
_VALUES = ARITHMETIC | {Operator.DOT, Operator.NEW}


def help_for_sort(term: Term) -> str:
    """Give a line of help for a condition where a value is expected, or the reverse."""
    if isinstance(term, Call):
        if term.name[:1].isupper():
            return f"An object is made with `new`. Write `new {to_polar(term)}`.\n"
        if term.name in _FUNCTIONS_ELSEWHERE:
            return f"There is no `{term.name}`. Give the class a method, and call that.\n"
        return "A rule call is a condition of its own. Give it a variable for its result.\n"
    if isinstance(term, Expression) and term.operator in _COMPARING:
        return "Join comparisons with `and`. A named argument has a colon: `name: value`.\n"
    if isinstance(term, Expression) and term.operator not in _VALUES:
        return "A condition has no value. Let it stand by itself, behind `if`.\n"
    return "A condition is true or false. Compare this with something.\n"
