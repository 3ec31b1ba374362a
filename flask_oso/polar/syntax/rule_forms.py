"""The forms of rules: a rule that differs from an earlier one in its literals alone is not parsed.

In go the tokens of a rule and what was made of it; out come the same nodes for text further down,
with other literals and places. A form is the text of a rule with holes for strings and natural
numbers. All else has to be the same, character by character, so the lexer and the parser would
do the same with it. Generated policies have thousands of rules and a handful of forms.
"""

from __future__ import annotations

import re
import typing as t
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from ..nodes import (
    Call,
    Dictionary,
    Expression,
    List,
    Operator,
    Parameter,
    Pattern,
    Rule,
    Slot,
    Term,
    Value,
    Variable,
    parts,
)
from ..sources import Span
from .lexer import ParseContext, Token, unquoted

#: The literals that fill holes: strings without escapes, and numbers of less than 64 bits.
_HOLES = {"STRING": re.compile(r'"[^"\\\n]*+"'), "INTEGER": re.compile(r"[0-9]{1,18}+")}
#: What may follow a number in a hole: nothing that would be read together with it.
_ENDS = frozenset(" \t\n\r,;)]}")
#: How many forms of a text are known at a time, and the most tokens of a rule that has one.
_MOST_FORMS = 32
_MOST_TOKENS = 300
#: To make a form takes as long as a rule, and two repetitions save more. An outline has one after
#: so many rules: of the first forms, and as long as forms save more; and where they do not.
_MET = 2
_MET_OFTEN = 8
_SAVING = 2

#: Makes a node of the nodes before it, the spans of the rule, and the values of its holes.
_Make = Callable[[list[t.Any], list[Span], list[t.Any]], t.Any]


class Repetition(t.NamedTuple):
    """A rule of a known form: the nodes that were remembered, made for it.

    :param like: what was remembered besides.
    :param end: the offset behind the rule.
    """

    nodes: Sequence[t.Any]
    like: t.Any
    end: int


class RuleForms:
    """The forms of the rules of one text.

    :param takes: tells whether a string may stand in a hole. A rule with any other is parsed.
    """

    def __init__(self, text: ParseContext, takes: Callable[[str], bool]) -> None:
        self._text = text
        self._takes = takes
        self._forms: list[_Form] = []
        # How often outlines were met that have no form, by their hashes; and those that have one.
        self._met: dict[int, int] = {}
        self._known: set[int] = set()
        self._made = self._repetitions = 0

    def remember(self, tokens: Sequence[Token], nodes: Sequence[t.Any], like: t.Any) -> None:
        """Note what was made of a rule, in case that others have its form."""
        if len(tokens) > _MOST_TOKENS:
            return
        outline = hash(tuple([each[0] if each[0] in _HOLES else each[1] for each in tokens]))
        if outline in self._known:
            return
        self._met[outline] = times = self._met.get(outline, 0) + 1
        if times < (_MET if self._saves_time() else _MET_OFTEN):
            return
        self._known.add(outline)
        form = _form_of(self._text, tokens, nodes, like)
        if form is not None:
            self._made += 1
            self._forms = [form, *self._forms[: _MOST_FORMS - 1]]

    def _saves_time(self) -> bool:
        """Tell whether forms have saved the time that they took; of a few that is not asked.

        A generator may write two rules for each of a thousand classes.
        """
        return self._repetitions >= _SAVING * (self._made - _MOST_FORMS)

    def read(self, at: int) -> Repetition | None:
        """Read the rule that begins at an offset, if its form is known."""
        for number, form in enumerate(self._forms):
            found = form.literals_at(self._text.source.text, at)
            if found is None:
                continue
            if number:
                # Rules of one form often stand together.
                self._forms.insert(0, self._forms.pop(number))
            repetition = form.repeated(at, *found, self._takes)
            self._repetitions += repetition is not None
            return repetition
        return None


class _Form(t.NamedTuple):
    """A rule with holes.

    :param gaps: the texts before the first hole, between holes, and behind the last one.
    :param holes: the patterns of the literals, and how long each was.
    :param spans: the places of nodes: for start and end the offset, and how many holes end before.
    :param makers: make the nodes, each behind its parts.
    :param wanted: which of these are given.
    """

    text: ParseContext
    begin: int
    gaps: list[str]
    holes: list[re.Pattern[str]]
    sizes: list[int]
    spans: list[tuple[int, int, int, int]]
    makers: list[_Make]
    wanted: list[int]
    like: t.Any

    def literals_at(self, text: str, at: int) -> tuple[list[str], int] | None:
        """Give the literals of the rule at an offset, and its end; ``None`` for another form."""
        literals = []
        for gap, hole in zip(self.gaps, self.holes, strict=False):
            if not text.startswith(gap, at):
                return None
            found = hole.match(text, at + len(gap))
            if found is None:
                return None
            literals.append(found[0])
            at = found.end()
        gap = self.gaps[-1]
        return (literals, at + len(gap)) if text.startswith(gap, at) else None

    def repeated(
        self, at: int, literals: list[str], end: int, takes: Callable[[str], bool]
    ) -> Repetition | None:
        """Make the nodes for a rule of this form."""
        strings, values = self.text.strings, list[t.Any]()
        for literal in literals:
            if literal[0] != '"':
                values.append(int(literal))
            elif takes(literal[1:-1]):
                values.append(strings.setdefault(literal[1:-1], literal[1:-1]))
            else:
                return None
        moves = [at - self.begin]
        for literal, size in zip(literals, self.sizes, strict=True):
            moves.append(moves[-1] + len(literal) - size)
        bits, new = self.text.source.length_bits, self.text.source.new_span
        if end - at >> bits:
            # A span of it may be longer than usual.
            return None
        places = [
            new((start + moves[before]) << bits | (stop + moves[within] - start - moves[before]))
            for start, before, stop, within in self.spans
        ]
        made: list[t.Any] = []
        for make in self.makers:
            made.append(make(made, places, values))
        return Repetition([made[at] for at in self.wanted], self.like, end)


def _form_of(
    text: ParseContext, tokens: Sequence[Token], nodes: Sequence[t.Any], like: t.Any
) -> _Form | None:
    """Make the form of a rule; ``None`` if it has no hole, or a node that is not known here."""
    written, begin, end = text.source.text, tokens[0].begin, tokens[-1].end
    walked = _walked(nodes)
    values = _values_in(walked)
    holes = [each for each in tokens if each.type in _HOLES and _fills_hole(each, values)]
    # Each unknown escape is warned of.
    is_usual = holes and "\\" not in written[begin:end]
    if not is_usual or not all(map(_is_known, walked)):
        return None
    edges = [begin, *(at for each in holes for at in (each.begin, each.end)), end]
    made = _Nodes({each.span: number for number, each in enumerate(holes)}, edges[2:-1:2])
    for each in reversed(walked):
        made.add(each)
    return _Form(
        text,
        begin,
        [written[first:last] for first, last in zip(edges[::2], edges[1::2], strict=True)],
        [_HOLES[each.type] for each in holes],
        [each.end - each.begin for each in holes],
        made.spans,
        made.makers,
        [made.known[id(each)] for each in nodes],
        like,
    )


def _is_known(node: t.Any) -> bool:
    """Tell whether a node of its kind can be made: those with a place, and names behind dots."""
    return type(node) in _MAKERS and (node.span is not None or type(node) is Value)


def _walked(nodes: Iterable[t.Any]) -> list[t.Any]:
    """Give nodes and all inside of them, each behind those that it is in."""
    walked = [*nodes]
    for node in walked:
        walked += _parts_of(node)
    return walked


def _parts_of(node: t.Any) -> Sequence[t.Any]:
    if isinstance(node, Rule):
        return [part for part in (*node.parameters, node.body) if part is not None]
    if isinstance(node, Parameter):
        return [part for part in (node.term, node.specializer) if part is not None]
    return parts(node)


def _values_in(nodes: Iterable[t.Any]) -> dict[int, Value]:
    """Give the values among nodes by their place, without the keys of lookups, which are names."""
    keys = {
        id(node.args[1])
        for node in nodes
        if isinstance(node, Expression) and node.operator is Operator.DOT
    }
    return {
        node.span.start: node
        for node in nodes
        if type(node) is Value and node.span is not None and id(node) not in keys
    }


def _fills_hole(token: Token, values: dict[int, Value]) -> bool:
    """Tell whether a literal is the value of a node, which is all that depends on it.

    INVARIANT: text that is not in a hole has the same tokens and nodes wherever it stands.
    """
    value = values.get(token.begin)
    if value is None or value.span != token.span or not _HOLES[token.type].fullmatch(token.text):
        return False
    if token.type == "STRING":
        return type(value.value) is str and value.value == unquoted(token.text)
    behind = token.context.source.text[token.end : token.end + 1]
    return type(value.value) is int and value.value == int(token.text) and behind in _ENDS


class _Nodes:
    """What makes the nodes of a form.

    :param holes: the numbers of the holes, by their place.
    :param ends: the offset behind each hole.
    """

    def __init__(self, holes: dict[Span, int], ends: Sequence[int]) -> None:
        self._holes = holes
        self._ends = ends
        self._places: dict[Span, int] = {}
        #: What makes each node, and its number there.
        self.makers: list[_Make] = []
        self.known: dict[int, int] = {}
        self.spans: list[tuple[int, int, int, int]] = []

    def add(self, node: t.Any) -> None:
        """Add a node behind those inside of it. One that stands twice is made once."""
        if id(node) not in self.known:
            make = _MAKERS[type(node)](self, node)
            self.known[id(node)] = len(self.makers)
            self.makers.append(make)

    def _place(self, span: Span | None) -> int:
        assert span is not None
        if span not in self._places:
            self._places[span] = len(self.spans)
            start, end = span.start, span.end
            self.spans.append((start, self._before(start), end, self._before(end)))
        return self._places[span]

    def _before(self, offset: int) -> int:
        return bisect_right(self._ends, offset)

    def _all(self, nodes: Iterable[t.Any]) -> list[int]:
        return [self.known[id(each)] for each in nodes]

    # -- by the kind of node -----------------------------------------------------------

    def _rule(self, node: Rule) -> _Make:
        name, parameters, place = node.name, self._all(node.parameters), self._place(node.span)
        body = None if node.body is None else self.known[id(node.body)]
        return lambda made, spans, _: Rule(
            name,
            tuple([made[at] for at in parameters]),
            None if body is None else made[body],
            spans[place],
        )

    def _parameter(self, node: Parameter) -> _Make:
        term = self.known[id(node.term)]
        if node.specializer is None:
            return lambda made, *_: Parameter(made[term])
        specializer = self.known[id(node.specializer)]
        return lambda made, *_: Parameter(made[term], made[specializer])

    def _value(self, node: Value) -> _Make:
        if node.span is None:
            # A name behind a dot, which all rules share.
            return lambda *_: node
        place, value = self._place(node.span), node.value
        hole = self._holes.get(node.span)
        if hole is not None:
            return lambda _, spans, values: Value(values[hole], spans[place])
        return lambda _, spans, values: Value(value, spans[place])

    def _slot(self, node: Slot) -> _Make:
        index, name, origin, place = node.index, node.name, node.origin, self._place(node.span)
        return lambda _, spans, values: Slot(index, name, origin, spans[place])

    def _variable(self, node: Variable) -> _Make:
        name, origin, place = node.name, node.origin, self._place(node.span)
        return lambda _, spans, values: Variable(name, origin, spans[place])

    def _expression(self, node: Expression) -> _Make:
        operator, args, place = node.operator, self._all(node.args), self._place(node.span)
        return lambda made, spans, _: Expression(
            operator, tuple([made[at] for at in args]), spans[place]
        )

    def _call(self, node: Call) -> _Make:
        name, place = node.name, self._place(node.span)
        args, kwargs = self._all(node.args), self._fields(node.kwargs)
        return lambda made, spans, _: Call(
            name,
            tuple([made[at] for at in args]),
            tuple([(key, made[at]) for key, at in kwargs]),
            spans[place],
        )

    def _pattern(self, node: Pattern) -> _Make:
        tag, fields, place = node.tag, self._fields(node.fields), self._place(node.span)
        return lambda made, spans, _: Pattern(
            tag, tuple([(key, made[at]) for key, at in fields]), spans[place]
        )

    def _dictionary(self, node: Dictionary) -> _Make:
        fields, place = self._fields(node.fields), self._place(node.span)
        return lambda made, spans, _: Dictionary(
            tuple([(key, made[at]) for key, at in fields]), spans[place]
        )

    def _list(self, node: List) -> _Make:
        items, place = self._all(node.items), self._place(node.span)
        rest = None if node.rest is None else self.known[id(node.rest)]
        return lambda made, spans, _: List(
            tuple([made[at] for at in items]), None if rest is None else made[rest], spans[place]
        )

    def _fields(self, fields: Iterable[tuple[str, Term]]) -> list[tuple[str, int]]:
        return [(key, self.known[id(term)]) for key, term in fields]


_MAKERS: dict[type, Callable[[_Nodes, t.Any], _Make]] = {
    Rule: _Nodes._rule,
    Parameter: _Nodes._parameter,
    Value: _Nodes._value,
    Slot: _Nodes._slot,
    Variable: _Nodes._variable,
    Expression: _Nodes._expression,
    Call: _Nodes._call,
    Pattern: _Nodes._pattern,
    Dictionary: _Nodes._dictionary,
    List: _Nodes._list,
}
