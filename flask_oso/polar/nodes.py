"""What the parser makes: the terms of Polar and the statements of a policy.

Frozen dataclasses, each with the span it came from; equality ignores the span. The
same terms are the values of a run, with two kinds that no text can spell:
``Instance`` for an object of the host and ``Unknown`` for a variable of one run.

Terms may be nested deeper than Python recurses, so nothing here does: ``parts`` and
``with_parts`` take a term apart and put it together, one level at a time.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field

from .sources import Span


class Operator(enum.Enum):
    """The operators; the values are the names that ``Expression`` shows to programs."""

    AND = "And"
    OR = "Or"
    NOT = "Not"
    UNIFY = "Unify"
    ASSIGN = "Assign"
    EQ = "Eq"
    NEQ = "Neq"
    LT = "Lt"
    LEQ = "Leq"
    GT = "Gt"
    GEQ = "Geq"
    IN = "In"
    ISA = "Isa"
    DOT = "Dot"
    ADD = "Add"
    SUB = "Sub"
    MUL = "Mul"
    DIV = "Div"
    MOD = "Mod"
    REM = "Rem"
    NEW = "New"
    CUT = "Cut"
    DEBUG = "Debug"
    PRINT = "Print"
    FORALL = "ForAll"


COMPARISONS = frozenset(
    {Operator.EQ, Operator.NEQ, Operator.LT, Operator.LEQ, Operator.GT, Operator.GEQ}
)
ARITHMETIC = frozenset(
    {Operator.ADD, Operator.SUB, Operator.MUL, Operator.DIV, Operator.MOD, Operator.REM}
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Term:
    """Anything that can stand as a goal, an operand or a parameter."""

    span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Term):
            return NotImplemented
        return _are_equal(self, other)

    def __hash__(self) -> int:
        # Of the term without its parts: few terms are looked up, and some are deep.
        return hash(_label(self))

    def __repr__(self) -> str:
        return _shown(self)


Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Value(Term):
    """A number, a string or a Boolean: exactly ``int``, ``float``, ``str`` or ``bool``.

    As written: 1, 1.0 and true are three different literals.
    """

    value: Scalar


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class List(Term):
    """``[a, b, *rest]``; ``rest`` is ``None`` for a closed list.

    ``ground`` tells of data of the host that there is no variable inside, at any depth:
    whoever looks for variables need not enter it.
    """

    items: tuple[Term, ...]
    rest: Term | None = None
    ground: bool = field(default=False, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dictionary(Term):
    """``{a: 1, b: 2}``: pairs in ascending order of the key (by code point).

    ``ground`` means what it means for a ``List``.
    """

    fields: tuple[tuple[str, Term], ...]
    ground: bool = field(default=False, compare=False, kw_only=True, repr=False)

    def get(self, key: str) -> Term | None:
        """Give the value of a key, or ``None``."""
        return next((value for name, value in self.fields if name == key), None)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Variable(Term):
    """A name in the text: a variable, or a constant of the host.

    The parser leaves ``_`` as it is; each occurrence is a variable of its own.
    """

    name: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(Term):
    """``name(args, key: value)``: a rule call, a method call or a constructor call."""

    name: str
    args: tuple[Term, ...]
    kwargs: tuple[tuple[str, Term], ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pattern(Term):
    """``Tag{field: pattern}``; ``tag`` is ``None`` for a dictionary pattern.

    ``Tag`` alone and ``Tag{}`` are the same pattern. Fields stand in ascending order
    of their key; a field's value is a term or a pattern.
    """

    tag: str | None
    fields: tuple[tuple[str, Term], ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Expression(Term):
    """An operator with its operands.

    ==================  =========================================================
    AND, OR             any number of operands; ``and`` and ``or`` nested on the
                        right are flattened by the parser
    DOT                 object, key; the key is a string ``Value`` for ``x.a`` and
                        ``x.("a")``, a ``Variable`` for ``x.(k)`` and a ``Call``
                        for ``x.m(…)``
    NEW                 a ``Call``
    CUT                 nothing
    DEBUG, PRINT        the arguments
    FORALL              condition, action
    ISA                 left, pattern
    all others          left, right (NOT: one operand)
    ==================  =========================================================

    After rewriting (``rewriting.py``) DOT, NEW and arithmetic have one operand more,
    the term that the result is unified with. The prefix forms of the grammar make
    the same shape.
    """

    operator: Operator
    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Lookup(Expression):
    """``x.key`` inside a constraint, where it waits for ``x``. No text spells it."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Instance(Term):
    """An object of the host. Equal only to itself: each way in makes a new instance.

    :param constructor: the text of the ``new`` that made it, for messages.
    """

    value: t.Any
    constructor: str | None = None


def is_ground(term: t.Any) -> bool:
    """Tell whether a term surely has no variable inside, without entering it."""
    kind = type(term)
    if kind is List or kind is Dictionary:
        return bool(term.ground)
    return kind is Value or kind is Instance


class Unknown:
    """A variable of one run.

    ``value`` is what it is bound to (a term, or another unknown it is an alias of), or
    ``None``; ``constraints`` are those recorded while it is unbound. The solver alone
    writes to them, and undoes it when it backtracks. ``age`` orders the variables of a
    run: of two that are unified the younger becomes an alias of the older.
    """

    __slots__ = ("age", "constraints", "name", "value")

    def __init__(self, name: str, age: int = 0) -> None:
        self.name = name
        self.age = age
        self.value: Term | Unknown | None = None
        self.constraints: tuple[t.Any, ...] = ()

    # A term to everyone who prints or converts; it has no place in a text.
    span: t.ClassVar[None] = None


# -- terms of any depth --------------------------------------------------------------

_Fields = tuple[tuple[str, Term], ...]


def parts(term: t.Any) -> Sequence[t.Any]:
    """Give the terms directly inside a term, the leftmost first."""
    if isinstance(term, Expression):
        return term.args
    if isinstance(term, List):
        return term.items if term.rest is None else (*term.items, term.rest)
    if isinstance(term, Call):
        return (*term.args, *(part for _, part in term.kwargs)) if term.kwargs else term.args
    if isinstance(term, (Dictionary, Pattern)):
        return [part for _, part in term.fields]
    return ()


def with_parts(term: t.Any, new: Sequence[t.Any]) -> t.Any:
    """Give a term with other parts, as many as it has."""
    if isinstance(term, Expression):
        return type(term)(term.operator, tuple(new), span=term.span)
    if isinstance(term, List):
        if term.rest is None:
            return List(tuple(new), span=term.span)
        return List(tuple(new[:-1]), new[-1], span=term.span)
    if isinstance(term, Call):
        count = len(term.args)
        kwargs = _with_values(term.kwargs, new[count:])
        return Call(term.name, tuple(new[:count]), kwargs, span=term.span)
    if isinstance(term, Dictionary):
        return Dictionary(_with_values(term.fields, new), span=term.span)
    if isinstance(term, Pattern):
        return Pattern(term.tag, _with_values(term.fields, new), span=term.span)
    return term


def _with_values(fields: _Fields, values: Sequence[t.Any]) -> _Fields:
    return tuple((key, value) for (key, _), value in zip(fields, values, strict=True))


def _label(term: t.Any) -> tuple[t.Any, ...]:
    """Give all that a term is, but for its parts."""
    kind = type(term)
    if kind is Value:
        return Value, type(term.value), term.value
    if kind is Variable:
        return Variable, term.name
    if kind is List:
        return List, len(term.items), term.rest is None
    if kind is Dictionary:
        return Dictionary, tuple(key for key, _ in term.fields)
    if kind is Pattern:
        return Pattern, term.tag, tuple(key for key, _ in term.fields)
    if kind is Call:
        return Call, term.name, len(term.args), tuple(key for key, _ in term.kwargs)
    if isinstance(term, Expression):
        return kind, term.operator, len(term.args)
    # An object of the host, or what a run makes of a variable: equal only to itself.
    return kind, id(term)


def _are_equal(left: t.Any, right: t.Any) -> bool:
    pairs = [(left, right)]
    # Terms share parts: no pair is looked into twice.
    seen: set[tuple[int, int]] = set()
    while pairs:
        left, right = pairs.pop()
        if left is right or (id(left), id(right)) in seen:
            continue
        if _label(left) != _label(right):
            return False
        inside = parts(left)
        if inside:
            seen.add((id(left), id(right)))
            pairs.extend(zip(inside, parts(right), strict=True))
    return True


#: How many words and signs ``repr`` shows of one term.
_SHOWN_PIECES = 1_000


def _shown(term: Term) -> str:
    out: list[str] = []
    todo: list[t.Any] = [term]
    while todo and len(out) < _SHOWN_PIECES:
        piece = todo.pop()
        inside = parts(piece)
        if inside:
            separated = [each for part in inside for each in (", ", part)]
            todo.extend([")", *reversed(separated)])
        out.append(piece if isinstance(piece, str) else _shown_alone(piece, "" if inside else ")"))
    return "".join(out) + ("…" if todo else "")


def _shown_alone(term: t.Any, end: str) -> str:
    name = type(term).__name__
    if isinstance(term, Instance):
        return f"{name}({type(term.value).__name__}{end}"
    facts = [each for each in _label(term)[1:] if not isinstance(each, (int, type))]
    if isinstance(term, Value):
        facts = [term.value]
    return f"{name}({', '.join(map(repr, facts))}{end}"


# -- statements ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: a term, and what it must match.

    ``specializer`` is a ``Pattern``, a literal or a list of them, or ``None``.
    """

    term: Term
    specializer: Term | None = None
    span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """``name(parameters) if body;`` with ``body`` ``None`` for a fact.

    ``span`` covers the head, from the name to the closing parenthesis.
    """

    name: str
    parameters: tuple[Parameter, ...]
    body: Term | None = None
    span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class RuleType:
    """``type name(parameters);``: a shape that rules of this name must have.

    ``required`` types (made from resource blocks only) need at least one such rule.
    """

    name: str
    parameters: tuple[Parameter, ...]
    required: bool = False
    span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class InlineQuery:
    """``?= query;``. ``span`` covers the query without ``?=`` and semicolon."""

    query: Term
    span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A word of a block with its place: a keyword, a class, a key or a string."""

    text: str
    span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Declaration:
    """``name = [ … ];`` or ``name = { … };`` in a block.

    ``value`` is a tuple of strings for a list, and a tuple of pairs (key, class name)
    for a dictionary; ``is_list`` tells an empty list from an empty dictionary.
    ``value_span`` covers the brackets.
    """

    name: Name
    is_list: bool
    strings: tuple[Name, ...] = ()
    pairs: tuple[tuple[Name, Name], ...] = ()
    value_span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Shorthand:
    """``"head" if "condition" on "relation";`` in a block.

    ``keyword`` is the word before the relation, which should be ``on``.
    """

    head: Name
    condition: Name
    keyword: Name | None = None
    relation: Name | None = None
    span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Block:
    """``resource Name { … }`` or ``actor Name { … }``.

    ``keyword`` is ``None`` where the text has none; only ``actor`` and ``resource`` are right.
    """

    keyword: Name | None
    resource: Name
    declarations: tuple[Declaration, ...] = ()
    shorthands: tuple[Shorthand, ...] = ()
    span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)


Statement = Rule | RuleType | InlineQuery | Block
