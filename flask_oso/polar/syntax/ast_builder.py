"""The AST builder: the actions of the grammar's productions.

In go tokens and the results of other actions; out come nodes. An action runs when its production
is reduced, so an expression that is a condition where a value is expected, or the reverse, is
rejected here, at its place.
"""

from __future__ import annotations

import typing as t

from ..exceptions import ParserError, UnrecognizedToken, error_at, with_help
from ..nodes import (
    ARITHMETIC,
    Block,
    Call,
    Declaration,
    DeclaredRule,
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
    Stub,
    Term,
    Value,
    Variable,
)
from ..printer import to_polar
from ..sources import Span
from ..value_objects import Record
from .lexer import GREATEST_INTEGER, Token, integer_overflow, unquoted
from .policy_test_nodes import (
    Assertion,
    Fact,
    Fixture,
    FrozenClock,
    NamedStub,
    PolicyTest,
    SetupItem,
    UsedFixture,
)

_ONE_NAME = (
    "A rule in a block has one role, permission or relation. Outside, write"
    " `has_permission(…) if … and …;`\n"
)
# Faster than ``Operator[…]``, which calls a Python function.
_OPERATORS = Operator.__members__


class AstBuilder:
    """Has a method for each action of the grammar.

    It gets the parts of the production as a list: tokens, and the results of other actions.
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

    argument = query = key = listed

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

    def further(self, parts: list[_Part]) -> _Part:
        if isinstance(parts[0], Value) and isinstance(parts[0].value, str):
            message = f"Wrong value type: {to_polar(parts[0])}. Expected a logical expression"
            error = error_at(ParserError, message, parts[0].span)
            raise with_help(error, _ONE_NAME)
        return self.logical(parts)

    def condition(self, parts: list[_Part]) -> Term:
        return _finished(parts[0])

    expression = condition

    # -- statements

    def inline_query(self, parts: list[Term]) -> InlineQuery:
        return InlineQuery(parts[0], span=parts[0].span)

    def rule(self, parts: list[t.Any]) -> Rule:
        name, parameters, span = parts[0]
        return Rule(name, parameters, parts[1] if len(parts) > 1 else None, span)

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
        return Parameter(variable, specializer)

    def unspecialized(self, parts: list[Term]) -> Parameter:
        return Parameter(parts[0])

    # -- blocks

    def block(self, parts: list[t.Any], parent: Token | None = None) -> Block:
        keyword, resource, _, *items, end = parts
        items = items[0] if items else []
        return Block(
            keyword and _name(keyword),
            _name(resource),
            tuple(item for item in items if isinstance(item, Declaration)),
            tuple(item for item in items if isinstance(item, Shorthand)),
            parent and _name(parent),
            span=_between(keyword or resource, end),
        )

    def extending_block(self, parts: list[t.Any]) -> Block:
        keyword, resource, _, parent, *rest = parts
        return self.block([keyword, resource, *rest], parent)

    def strings(self, parts: list[t.Any]) -> Declaration:
        name, opening, *items, end = parts
        strings = tuple(_name(item) for item in items[0]) if items else ()
        return Declaration(_name(name), True, strings, span=_between(opening, end))

    def relations(self, parts: list[t.Any]) -> Declaration:
        name, opening, *items, end = parts
        relations = items[0] if items else []
        _check_keys([key for key, _ in relations])
        pairs = tuple((_name(key), _name(related)) for key, related in relations)
        return Declaration(_name(name), False, pairs=pairs, span=_between(opening, end))

    def relation(self, parts: list[Token]) -> tuple[Token, Token]:
        return parts[0], parts[-1]

    def grant(self, parts: list[Token]) -> Shorthand:
        head, condition, *rest = map(_name, parts)
        keyword, relation = rest or (None, None)
        span = _between(parts[0], parts[-1])
        return Shorthand(head, condition, keyword, relation, span=span)

    def global_grant(self, parts: list[Token]) -> Shorthand:
        _expect(parts[1], "global")
        head, keyword, condition = map(_name, parts)
        return Shorthand(head, condition, keyword, span=_between(parts[0], parts[-1]))

    def called_grant(self, parts: list[t.Any]) -> Shorthand:
        call = self.rule_call(parts[1:])
        return Shorthand(_name(parts[0]), None, further=call, span=_between(parts[0], call))

    def role_grant(self, parts: list[Token]) -> Shorthand:
        _expect(parts[2], "on")
        head, condition, keyword, relation = map(_name, parts)
        span = _between(parts[0], parts[-1])
        return Shorthand(head, condition, keyword, relation, None, True, span)

    def shorthand(self, parts: list[t.Any]) -> Shorthand:
        grant, *rest = parts
        if not rest:
            return t.cast(Shorthand, grant)
        further = _finished(rest[-1])
        if grant.further is not None:
            is_conjunction = isinstance(further, Expression) and further.operator is Operator.AND
            others = t.cast(Expression, further).args if is_conjunction else (further,)
            further = Expression(
                Operator.AND, (grant.further, *others), _between(grant.further, further)
            )
        return Shorthand(
            grant.head,
            grant.condition,
            grant.keyword,
            grant.relation,
            further,
            grant.is_of_each_role,
            grant.span,
        )

    # -- declared rules and tests

    def declared(self, parts: list[t.Any]) -> DeclaredRule:
        name, parameters, span = parts[1]
        return DeclaredRule(name, parameters, span=span)

    def fixture(self, parts: list[t.Any]) -> Fixture:
        _, _, name, _, *items, end = parts
        setup = tuple(items[0]) if items else ()
        return Fixture(name.text, setup, span=_between(parts[0], end))

    def test(self, parts: list[t.Any]) -> PolicyTest:
        begin, name, _, *items, end = parts
        inside = items[0] if items else []
        return PolicyTest(
            unquoted(name.text),
            tuple(item for each in inside if isinstance(each, list) for item in each),
            tuple(each for each in inside if isinstance(each, Assertion)),
            span=_between(begin, end),
        )

    def setup(self, parts: list[t.Any]) -> list[SetupItem]:
        _expect(parts[0], "setup")
        return parts[2] if len(parts) > 3 else []

    def used_fixture(self, parts: list[Token]) -> UsedFixture:
        _expect(parts[0], "fixture")
        return UsedFixture(parts[1].text, span=parts[1].span)

    def frozen_clock(self, parts: list[Token]) -> FrozenClock:
        _expect(parts[0], "now")
        return FrozenClock(unquoted(parts[1].text), span=parts[1].span)

    def named_stub(self, parts: list[t.Any]) -> NamedStub:
        return NamedStub(parts[0].text, parts[1], span=_between(*parts))

    def fact(self, parts: list[t.Any]) -> Fact:
        name, args, end = parts
        return Fact(name.text, tuple(args), span=_between(name, end))

    def stub(self, parts: list[t.Any]) -> Stub:
        cls, _, *inside, end = parts
        key, fields = (*inside, None, None)[:2]
        return Stub(cls.text, key, _sorted_fields(fields or []), _between(cls, end))

    def nameless_stub(self, parts: list[t.Any]) -> Stub:
        cls, opening, fields, end = parts
        return self.stub([cls, opening, None, fields, end])

    def assertion(self, parts: list[t.Any]) -> Assertion:
        word, name, args, end, *rest = parts
        _expect(word, "assert", "assert_not")
        bounds = None
        if rest:
            _expect(rest[0], "iff")
            bounds = tuple(rest[1])
        return Assertion(
            word.text == "assert", name.text, tuple(args), bounds, span=_between(name, end)
        )

    def asked_for(self, parts: list[Token]) -> Parameter:
        name, cls = parts
        pattern = Pattern(cls.text, (), cls.span)
        return Parameter(self.variable([name]), pattern)

    def one_more_bound(self, parts: list[t.Any]) -> list[t.Any]:
        return self.one_more(parts[::2])

    def bound(self, parts: list[t.Any]) -> tuple[str, List]:
        name, _, *rest = parts
        return name.text, self.closed_list(rest)

    def single_bound(self, parts: list[t.Any]) -> tuple[str, List]:
        name, _, datum = parts
        return name.text, List((datum,), span=datum.span)

    # -- operators

    def connective(self, parts: list[t.Any]) -> _Chain:
        left, token, right = parts
        operator = _OPERATORS[token.type]
        inner = right.inner if isinstance(right, _Group) else right
        if isinstance(inner, _Chain) and inner.operator is operator:
            operands = inner.operands
        else:
            operands = [_connected(right, token)]
        operands.append(_connected(left, token))
        return _Chain(operator, operands, _between(left, right))

    def negated(self, parts: list[t.Any]) -> Expression:
        token, operand = parts
        return Expression(Operator.NOT, (_finished(operand),), _between(token, operand))

    def infix(self, parts: list[t.Any]) -> Expression:
        left, token, right = parts
        args = _finished(left), _finished(right)
        return Expression(_OPERATORS[token.type], args, _between(left, right))

    def assignment(self, parts: list[t.Any]) -> Expression:
        variable = self.variable(parts[:1])
        return self.infix([variable, *parts[1:]])

    def match(self, parts: list[t.Any]) -> Expression:
        left, _, pattern = parts
        return Expression(Operator.ISA, (_finished(left), pattern), _between(left, pattern))

    def group(self, parts: list[t.Any]) -> _Group:
        opening, inner, closing = parts
        if isinstance(inner, _Group):
            inner = inner.inner
        return _Group(inner, _between(opening, closing))

    def forall(self, parts: list[t.Any]) -> Expression:
        token, condition, action, end = parts
        return Expression(Operator.FORALL, (condition, action), _between(token, end))

    def output(self, parts: list[t.Any]) -> Expression:
        token, *items, end = parts
        args = tuple(items[0]) if items else ()
        return Expression(_OPERATORS[token.type], args, _between(token, end))

    def cut(self, parts: list[Token]) -> Expression:
        return Expression(Operator.CUT, (), parts[0].span)

    def construction(self, parts: list[t.Any]) -> Expression:
        return Expression(Operator.NEW, (parts[1],), _between(*parts))

    def prefix_form(self, parts: list[t.Any]) -> Expression:
        token, *args, end = parts
        return Expression(_OPERATORS[token.type], tuple(args), _between(token, end))

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
        return Call(name.text, args, kwargs, _between(name, end))

    def rule_call(self, parts: list[Call]) -> Call:
        if parts[0].kwargs:
            message = f"Rule calls take no keyword arguments: {to_polar(parts[0])}"
            error = error_at(ParserError, message, parts[0].span)
            raise with_help(error, "Write the values alone, in the order of the parameters.\n")
        return parts[0]

    def keywords(self, parts: list[list[tuple[Token, Term]]]) -> tuple[tuple[str, Term], ...]:
        _check_keys([key for key, _ in parts[0]])
        return tuple((key.text, value) for key, value in parts[0])

    def keyword(self, parts: list[t.Any]) -> tuple[Token, Term]:
        return parts[0], parts[1]

    def lookup_of(self, parts: list[t.Any]) -> Expression:
        owner, _, (key, end) = parts
        return Expression(Operator.DOT, (_finished(owner), key), _between(owner, end))

    def attribute(self, parts: list[Token]) -> tuple[Term, Token]:
        name = parts[0]
        text = name.text
        if name.type == "STRING":
            return Value(unquoted(text), name.span), parts[-1]
        # A policy reads the same attributes again and again: ``key_span`` finds where.
        keys = name.context.keys
        known = keys.get(text)
        if known is None:
            known = keys[text] = Value(text)
        return known, parts[-1]

    def computed_attribute(self, parts: list[Token]) -> tuple[Term, Token]:
        return self.variable(parts), parts[-1]

    def method(self, parts: list[t.Any]) -> tuple[Term, Token]:
        return self.call(parts), parts[-1]

    # -- values

    def variable(self, parts: list[Token]) -> Variable:
        return Variable(parts[0].text, span=parts[0].span)

    def string(self, parts: list[Token]) -> Value:
        (token,) = parts
        text = unquoted(token.text)
        # Each string once. Not by `sys.intern`: Python 3.12 keeps those, also of queries, for good.
        return Value(token.context.strings.setdefault(text, text), token.span)

    def boolean(self, parts: list[Token]) -> Value:
        return Value(parts[0].type == "TRUE", parts[0].span)

    def number(self, parts: list[Token]) -> Value:
        token = parts[-1]
        is_negative = parts[0].type == "SUB"
        # Python limits the digits that ``int`` converts, and counts leading zeros.
        digits = token.text.lstrip("0") or "0"
        value = int(digits) if token.type == "INTEGER" else float(token.text)
        if not is_negative and token.type == "INTEGER" and value > GREATEST_INTEGER:
            raise integer_overflow(token)
        return Value(-value if is_negative else value, _between(parts[0], token))

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
        return Dictionary(fields, _between(opening, end))

    def field(self, parts: list[t.Any]) -> tuple[Token, Term]:
        return parts[0], parts[1]

    def short_field(self, parts: list[Token]) -> tuple[Token, Term]:
        return parts[0], self.variable(parts)

    def clock(self, parts: list[Token]) -> Expression:
        """``@current_unix_time  =>  Datetime.now().timestamp()``."""
        span = parts[0].span
        now = Call("now", (), span=span), Call("timestamp", (), span=span)
        time: Term = Variable("Datetime", span=span)
        for method in now:
            time = Expression(Operator.DOT, (time, method), span)
        return t.cast(Expression, time)

    # -- patterns

    def tag_pattern(self, parts: list[Token]) -> Pattern:
        return Pattern(parts[0].text, (), parts[0].span)

    def fields_pattern(self, parts: list[t.Any]) -> Pattern:
        tag, opening, *items, end = parts
        fields = _sorted_fields(items[0] if items else [])
        return Pattern(tag and tag.text, fields, _between(tag or opening, end))


# -- parts of expressions: values and conditions ---------------------------------------


class _Group(Record):
    """An expression in parentheses; spans of enclosing expressions include the parentheses."""

    inner: Term | _Chain
    span: Span


class _Chain(t.NamedTuple):
    """``a and b and c`` while it is parsed: from the right, so the last operand comes first."""

    operator: Operator
    operands: list[Term]
    span: Span


_Part = Term | _Group | _Chain


def _finished(part: _Part) -> Term:
    """Give the term of a part."""
    if isinstance(part, Term):
        return part
    if isinstance(part, _Group):
        return _finished(part.inner)
    return Expression(part.operator, tuple(reversed(part.operands)), part.span)


def _between(first: _Part | Token, last: _Part | Token) -> Span:
    place = first.span
    assert place is not None
    if last is first:
        return place
    # The end of a token is known without making a span.
    behind = last if isinstance(last, Token) else last.span
    assert behind is not None
    return place.source.span(place.start, behind.end)


#: The types of terms that are always values.
_VALUES = frozenset({Value, Variable, List, Dictionary, Pattern})


def _is_value(part: _Part) -> bool:
    """Tell whether a part can be compared, stored and passed."""
    if type(part) in _VALUES:
        return True
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
    # Imported here, since most texts have no mistake.
    from .diagnostics import help_for_sort

    term = _finished(part)
    message = f"Wrong value type: {to_polar(term)}. Expected a {expected}"
    return with_help(error_at(ParserError, message, term.span), help_for_sort(term))


def _sorted_fields(
    fields: t.Sequence[tuple[Token, Term]],
) -> tuple[tuple[str, Term], ...]:
    _check_keys([key for key, _ in fields])
    return tuple(sorted(((key.text, value) for key, value in fields), key=lambda pair: pair[0]))


def _check_keys(keys: t.Sequence[Token]) -> None:
    seen = set()
    for key in keys:
        if key.text in seen:
            error = error_at(ParserError, f"Duplicate key: {key.text}", keys[0].span)
            raise with_help(error, "Write each key once.\n")
        seen.add(key.text)


def _expect(token: Token, *words: str) -> None:
    """Check a word inside of a test or a block, where any name could stand for the grammar."""
    if token.text not in words:
        expected = " or ".join(f"`{word}`" for word in words)
        message = f"did not expect to find the token '{token.text}'"
        error = error_at(UnrecognizedToken, message, token.span)
        raise with_help(error, f"Expected {expected} here.\n")


def _name(token: Token) -> Name:
    text = unquoted(token.text) if token.type == "STRING" else token.text
    return Name(text, token.span)


def _connected(part: _Part, token: Token) -> Term:
    """Finish an operand of ``and`` or ``or``, and note an ``and`` inside ``or``."""
    if token.type == "OR" and isinstance(part, _Chain):
        token.context.ambiguous.append(part.span)
    return _finished(part)
