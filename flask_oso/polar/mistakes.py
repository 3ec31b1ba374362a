"""A token that the grammar has no place for, and what a reader sees around it.

In go the tokens of a text and the index of the one that is wrong; out come the words that
describe it and its neighbours, the part of the statement it stands in, the brackets that
are open, and pieces of the text to quote. What was meant is said in ``hints.py``.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .characters import with_escapes
from .lookalikes import plain
from .spelling import VALUES_ELSEWHERE, nearest
from .tokens import Token

CLOSING = {"(": ")", "[": "]", "{": "}"}
KEYWORDS = frozenset(
    (
        "and",
        "or",
        "not",
        "if",
        "in",
        "matches",
        "new",
        "forall",
        "cut",
        "print",
        "type",
        "true",
        "false",
    )
)
#: What stands behind one of two values that are compared, or looked for.
_COMPARING = frozenset(("in", "=", "==", "!=", ":=", "."))
#: How many tokens behind a mistake are looked at for the end of its bracket.
_AHEAD = 50
#: The longest piece of a text that a hint quotes.
_LONGEST = 40


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    :param start: the index of the first token of the statement.
    :param at: the index of the token that is wrong; behind the last if the text ends too early.
    :param is_block: whether the statement is a resource block.
    :param is_query: whether the text is one expression.
    """

    tokens: Sequence[Token]
    start: int
    at: int
    is_block: bool = False
    is_query: bool = False

    def token(self, distance: int) -> Token | None:
        """Give a token of the text by its distance; 0 is the mistake itself."""
        index = self.at + distance
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def words(self, distance: int) -> frozenset[str]:
        """Give the words that describe a token: its type, its text, what it looks like.

        The mistake itself is described by the signs it makes with those it touches, too.
        """
        token = self.token(distance)
        words = set() if token is None else set(_words(token))
        if _is_text(token, "not") and _is_text(self.token(distance + 1), "in"):
            words.add("NOT_IN")
        if distance == 0:
            words.update(self.pairs())
        return frozenset(words)

    def pairs(self) -> Iterator[str]:
        """Give the texts that the token makes with those that it touches: ``->``."""
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
        """The parts of a statement that the token stands in.

        ``start``, ``name``, ``head``, ``between`` (head and conditions), ``body``, ``block``.
        Beside them: ``query``; ``second`` behind the first word of the statement, and that word;
        ``compared``, in a bracket that is one of two operands; ``class`` of a parameter, ``rest``
        of a list, ``next-statement``, ``glued`` to the token before.
        """
        return frozenset((*self._find_parts(), *self._find_details()))

    def _is_compared(self) -> bool:
        """Tell whether the innermost bracket, once it is closed, is an operand of something."""
        depth = 1
        for token, following in itertools.pairwise(self.tokens[self.at : self.at + _AHEAD]):
            depth += (token.text in CLOSING) - (token.text in CLOSING.values())
            if not depth:
                return following.text in _COMPARING
        return False

    def _find_parts(self) -> Iterator[str]:
        distance = self.at - self.start
        before = self.token(-1)
        if self.is_query:
            yield "query"
        if distance == 0:
            yield "start"
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
        return begins and before.span.line < found.span.line

    @functools.cached_property
    def insides(self) -> frozenset[str]:
        """The bracket that is open, with the word before it or ``block``; or ``none``."""
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

        :param name: ``found``, ``before``, ``after``, ``first``, or one with ``_2``: that far
            again; with ``_lower``: in small letters; with ``_bare`` or ``_quoted``: without,
            with quotes; with ``_path``: the whole path; ``pair``; ``inner``: what stands in
            single quotes; with ``_value``: the whole path, or what the value is called here;
            ``opening``, ``opened``, ``closing``: of the bracket that is open.
        """
        name, _, form = name.partition("_")
        if name in _DISTANCES or name == "first":
            return self._quote_token(name, form)
        if name == "pair":
            return next(pair for pair in self.pairs() if not pair[0].isalnum())
        if name == "inner":
            return self._inner()
        bracket = self.open_brackets[-1]
        if name == "opened":
            return f"line {bracket.span.line}, column {bracket.span.column}"
        return bracket.text if name == "opening" else CLOSING[bracket.text]

    def _quote_token(self, name: str, form: str) -> str:
        distance = self.start - self.at if name == "first" else _DISTANCES[name]
        if form == "path":
            return self._path(distance)
        if form.endswith("value"):
            return self._value(distance * 2 if form.startswith("2") else distance)
        token = self.token(distance * 2 if form == "2" else distance)
        text = "…" if token is None else _shorten(token.text)
        if form == "lower":
            return text.lower()
        if form == "keyword":
            return nearest(text, KEYWORDS) or plain(text)
        bare = text.strip('"')
        return {"bare": bare, "quoted": f'"{bare}"'}.get(form, text)

    def _value(self, distance: int) -> str:
        token = self.token(distance)
        if token is None:
            return "…"
        return VALUES_ELSEWHERE.get(token.text) or self._path(distance)

    def _path(self, distance: int) -> str:
        """Give the text of a path such as ``user.name()`` that a token is part of."""
        first = last = self.at + distance
        if distance < 0:
            first = self._opening(first)
            while first - 2 >= self.start and self.tokens[first - 1].text == ".":
                first = self._opening(first - 2)
        else:
            while last + 2 < len(self.tokens) and self.tokens[last + 1].text == ".":
                last += 2
        begin, end = self.tokens[first], self.tokens[last]
        return _shorten(begin.context.source.text[begin.begin : end.end])

    def _opening(self, index: int) -> int:
        """Give the index of the name that the arguments ending here belong to."""
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
    elif token.type == "SYMBOL" and not token.text.isascii() and plain(token.text) in KEYWORDS:
        yield "LOOKALIKE"
    elif token.type == "SYMBOL" and nearest(token.text, KEYWORDS) is not None:
        yield "MISSPELT"
    if token.text in VALUES_ELSEWHERE:
        yield "ELSEWHERE"
    if token.type == "SYMBOL" and token.text[0].isupper():
        yield "CLASS"


def _touch(left: Token | None, right: Token | None) -> bool:
    return left is not None and right is not None and left.end == right.begin


def _is_text(token: Token | None, text: str) -> bool:
    return token is not None and token.text == text


def _shorten(text: str) -> str:
    return with_escapes(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")
