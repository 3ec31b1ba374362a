"""The syntax tree: the terms of Polar and the statements of a policy.

Nodes are immutable value objects, each with the span of its text; equality ignores the span.
Terms are also the values of a run. Two kinds of them are never written in a policy: ``Instance``
for an object of the host and ``Unknown`` for a variable of one run.

Terms may be nested deeper than Python's stack, so nothing here is recursive: ``parts`` and
``with_parts`` take a term apart and rebuild it, one level at a time.
"""

from __future__ import annotations

import dataclasses
import enum
import operator
import typing as t
from collections.abc import Iterator, Sequence

from .sources import Span
from .value_objects import Record, ValueObject


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

    # The hash of an enum is a Python function, and operators are looked up all the time.
    __hash__ = object.__hash__


COMPARISONS = frozenset(
    {Operator.EQ, Operator.NEQ, Operator.LT, Operator.LEQ, Operator.GT, Operator.GEQ}
)
ARITHMETIC = frozenset(
    {Operator.ADD, Operator.SUB, Operator.MUL, Operator.DIV, Operator.MOD, Operator.REM}
)
#: The operators whose operands are goals.
CONTROL = frozenset({Operator.AND, Operator.OR, Operator.NOT, Operator.FORALL})


class Node(ValueObject):
    """A node of the syntax tree; ``span`` is its place in the text, which equality ignores."""

    __slots__ = ("span",)

    span: Span | None


class RareNode(Node, Record):
    """A node of which a policy has few: it is written as a ``Record``, and ``span`` is named."""

    span: Span | None = dataclasses.field(default=None, kw_only=True)

    def __init__(self, *args: t.Any, span: Span | None = None, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.span = span  # type: ignore[misc]  # its constructor

    def replaced(self, **changes: t.Any) -> t.Self:
        """Give another one at the same place, in which some fields have other values."""
        span = changes.pop("span", self.span)
        made = super().replaced(**changes)
        made.span = span  # type: ignore[misc]  # it has no other place yet
        return made


# Equality ignores the span.
RareNode.__match_args__ = ()  # type: ignore[misc]


class Term(Node):
    """A goal, an operand or a parameter."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Term):
            return NotImplemented
        return _are_equal(self, other)

    def __hash__(self) -> int:
        # Without the parts: few terms are looked up in tables, and some are deep.
        return hash(label_of(self))

    def __repr__(self) -> str:
        return _shown(self)


Scalar = bool | int | float | str


class Value(Term):
    """A number, a string or a Boolean: exactly ``int``, ``float``, ``str`` or ``bool``.

    Equality is that of literals: 1, 1.0 and true are three different values.
    """

    __slots__ = __match_args__ = ("value",)

    def __init__(self, value: Scalar, span: Span | None = None) -> None:
        self.value: t.Final = value
        self.span = span


class List(Term):
    """``[a, b, *rest]``; ``rest`` is ``None`` for a closed list.

    ``ground`` is set for data of the host without any variable inside, at any depth: a search
    for variables need not enter it.
    """

    __match_args__ = ("items", "rest")
    __slots__ = (*__match_args__, "ground")

    def __init__(
        self,
        items: tuple[Term, ...],
        rest: Term | None = None,
        span: Span | None = None,
        *,
        ground: bool = False,
    ) -> None:
        self.items: t.Final = items
        self.rest: t.Final = rest
        self.ground: t.Final = ground
        self.span = span


class Entries(t.Protocol):
    """A dictionary of the host, which is read entry by entry."""

    @property
    def source(self) -> dict[t.Any, t.Any]:
        """The dictionary itself."""

    def get(self, key: str, span: Span | None) -> Term | None:
        """Give the value of a key, or ``None``."""

    def each(self, span: Span | None) -> Iterator[tuple[str, Term]]:
        """Give keys and values one by one, in the order of the keys."""

    def shown(self) -> tuple[tuple[tuple[str, Term], ...], bool]:
        """Give all of it as it is printed, and whether a policy can read all of that."""


class Dictionary(Term):
    """``{a: 1, b: 2}``: pairs in ascending order of the key (by code point).

    ``ground`` is as for a ``List``. ``entries`` reads a dictionary of the host; its ``fields`` are
    what it has when all of it is first needed.
    """

    __match_args__ = ("fields",)
    __slots__ = ("_fields", "entries", "ground")

    def __init__(
        self,
        fields: tuple[tuple[str, Term], ...] | None,
        span: Span | None = None,
        *,
        ground: bool = False,
        entries: Entries | None = None,
    ) -> None:
        self._fields = fields
        self.ground: t.Final = ground
        self.entries: t.Final = entries
        self.span = span

    @property
    def fields(self) -> tuple[tuple[str, Term], ...]:
        """All keys with their values.

        :raises TypeError: if the host has a key that JSON refuses.
        """
        if self._fields is None:
            self._fields = tuple(t.cast(Entries, self.entries).each(None))
        return self._fields

    def shown(self) -> tuple[tuple[str, Term], ...]:
        """Give what is printed. It is ``fields``, unless a policy cannot read some of it."""
        if self._fields is None:
            shown, is_readable = t.cast(Entries, self.entries).shown()
            if not is_readable:
                return shown
            self._fields = shown
        return self._fields

    @property
    def label(self) -> tuple[t.Any, ...]:
        """All that equality looks at, except the values."""
        keys = tuple(key for key, _ in self.shown())
        return (Dictionary, keys) if self._fields is not None else (Dictionary, keys, id(self))

    def get(self, key: str, span: Span | None = None) -> Term | None:
        """Give the value of a key, or ``None``."""
        if self.entries is not None:
            return self.entries.get(key, span)
        return next((value for name, value in self.fields if name == key), None)

    def each(self, span: Span | None = None) -> Iterator[tuple[str, Term]]:
        """Give keys and values one by one."""
        return iter(self.fields) if self.entries is None else self.entries.each(span)


class Origin(enum.Enum):
    """Where a variable comes from. Its name does not tell: a policy may use any name."""

    WRITTEN = "Written"
    #: Replaces one ``_``.
    ANONYMOUS = "Anonymous"
    #: The result of an attribute lookup or a method call.
    LOOKUP = "Lookup"
    #: The result of another operation that was written as an operand.
    COMPUTED = "Computed"

    # As for operators.
    __hash__ = object.__hash__


class Variable(Term):
    """A name in the text: a variable, or a constant of the host.

    The parser leaves ``_`` unchanged; each occurrence is a variable of its own. A variable that
    desugaring made differs from a written one of the same name.
    """

    __slots__ = __match_args__ = ("name", "origin")

    def __init__(
        self, name: str, origin: Origin = Origin.WRITTEN, span: Span | None = None
    ) -> None:
        self.name: t.Final = name
        self.origin: t.Final = origin
        self.span = span


class Slot(Variable):
    """A variable of a rule: it also has its index in the frame of a call.

    Rules are numbered when they are desugared, so that clauses share their terms.
    """

    __slots__ = ("index",)
    __match_args__ = ("index", "name", "origin")

    def __init__(
        self,
        index: int,
        name: str,
        origin: Origin = Origin.WRITTEN,
        span: Span | None = None,
    ) -> None:
        self.index: t.Final = index
        # Without a call of the constructor above: there are many of them.
        self.name = name  # type: ignore[misc]
        self.origin = origin  # type: ignore[misc]
        self.span = span


class Call(Term):
    """``name(args, key: value)``: a rule call, a method call or a constructor call."""

    __slots__ = __match_args__ = ("name", "args", "kwargs")

    def __init__(
        self,
        name: str,
        args: tuple[Term, ...],
        kwargs: tuple[tuple[str, Term], ...] = (),
        span: Span | None = None,
    ) -> None:
        self.name: t.Final = name
        self.args: t.Final = args
        self.kwargs: t.Final = kwargs
        self.span = span


class Pattern(Term):
    """``Tag{field: pattern}``; ``tag`` is ``None`` for a dictionary pattern.

    ``Tag`` alone and ``Tag{}`` are the same pattern. Fields stand in ascending order
    of their key; a field's value is a term or a pattern.
    """

    __slots__ = __match_args__ = ("tag", "fields")

    def __init__(
        self,
        tag: str | None,
        fields: tuple[tuple[str, Term], ...] = (),
        span: Span | None = None,
    ) -> None:
        self.tag: t.Final = tag
        self.fields: t.Final = fields
        self.span = span


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

    After desugaring (``desugar.py``) DOT, NEW and arithmetic have one more operand: the term
    that the result is unified with. The prefix forms of the grammar have the same shape.
    """

    __slots__ = __match_args__ = ("operator", "args")

    def __init__(
        self, operator: Operator, args: tuple[Term, ...], span: Span | None = None
    ) -> None:
        self.operator: t.Final = operator
        self.args: t.Final = args
        self.span = span


class Lookup(Expression):
    """``x.key`` inside a constraint, evaluated once ``x`` is bound. It is never written."""

    __slots__ = ()


class Instance(Term):
    """An object of the host. Equal only to itself: each conversion makes a new instance.

    :param constructor: the text of the ``new`` expression that made it, for messages.
    """

    __slots__ = __match_args__ = ("value", "constructor")

    def __init__(
        self, value: t.Any, constructor: str | None = None, span: Span | None = None
    ) -> None:
        self.value: t.Final = value
        self.constructor: t.Final = constructor
        self.span = span


def key_span(lookup: Expression) -> Span | None:
    """Return the place of the key of a lookup: a name has none of its own, and ends the lookup."""
    key, span = lookup.args[1], lookup.span
    if key.span is not None or span is None or not isinstance(key, Value):
        return key.span or span
    name = str(key.value)
    found = span.source.span(max(span.end - len(name), span.start), span.end)
    return found if found.text == name else span


def is_ground(term: t.Any) -> bool:
    """Tell whether a term is known to contain no variable, without entering it."""
    kind = type(term)
    if kind is List or kind is Dictionary:
        return bool(term.ground)
    return kind is Value or kind is Instance


def is_variable(term: t.Any, name: str | None) -> t.TypeGuard[Variable]:
    """Tell whether a term is the variable of a name."""
    return isinstance(term, Variable) and term.name == name


class Unknown:
    """A variable of one run.

    ``value`` is its binding (a term, or another unknown of which it is an alias), or ``None``;
    ``constraints`` are those recorded while it is unbound. Only the solver writes to them, and
    it restores them when it backtracks. ``age`` orders the variables of a run: when two are
    unified, the younger becomes an alias of the older.
    """

    __slots__ = ("age", "constraints", "name", "origin", "value")

    def __init__(self, name: str, age: int = 0, origin: Origin = Origin.WRITTEN) -> None:
        self.name = name
        self.age = age
        self.origin = origin
        self.value: Term | Unknown | None = None
        self.constraints: tuple[t.Any, ...] = ()

    # Printing and conversion treat it as a term; it has no place in a text.
    span: t.ClassVar[None] = None


# -- terms of any depth --------------------------------------------------------------

_Fields = tuple[tuple[str, Term], ...]


def parts(term: t.Any) -> Sequence[t.Any]:
    """Give the direct subterms of a term, from left to right."""
    if isinstance(term, Expression):
        return term.args
    if isinstance(term, List):
        return term.items if term.rest is None else (*term.items, term.rest)
    if isinstance(term, Call):
        return (*term.args, *(part for _, part in term.kwargs)) if term.kwargs else term.args
    if isinstance(term, Dictionary):
        return [part for _, part in term.shown()]
    if isinstance(term, (Pattern, Stub)):
        return [part for _, part in term.fields]
    return ()


def with_parts(term: t.Any, new: Sequence[t.Any]) -> t.Any:
    """Give a copy of a term with other subterms, as many as it has."""
    if isinstance(term, Expression):
        return type(term)(term.operator, tuple(new), term.span)
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
    if isinstance(term, Stub):
        return Stub(term.cls, term.key, _with_values(term.fields, new), span=term.span)
    return term


def rebuilt(term: Term, new: Sequence[Term]) -> Term:
    """Give a term with other subterms; the term itself, if they are its own."""
    if all(map(operator.is_, parts(term), new)):
        return term
    return t.cast(Term, with_parts(term, new))


def _with_values(fields: _Fields, values: Sequence[t.Any]) -> _Fields:
    return tuple((key, value) for (key, _), value in zip(fields, values, strict=True))


def label_of(term: t.Any) -> tuple[t.Any, ...]:
    """Give the kind and the own data of a term, without its subterms."""
    kind = type(term)
    if kind is Value:
        return Value, type(term.value), term.value
    if kind is Variable or kind is Slot:
        return Variable, term.name
    if kind is List:
        return List, len(term.items), term.rest is None
    if kind is Dictionary:
        return t.cast(Dictionary, term).label
    if kind is Pattern:
        return Pattern, term.tag, tuple(key for key, _ in term.fields)
    if kind is Stub:
        return Stub, term.cls, term.key, tuple(key for key, _ in term.fields)
    if kind is Call:
        return Call, term.name, len(term.args), tuple(key for key, _ in term.kwargs)
    if isinstance(term, Expression):
        return kind, term.operator, len(term.args)
    # An object of the host or a variable of a run: equal only to itself.
    return kind, id(term)


def _are_equal(left: t.Any, right: t.Any) -> bool:
    pairs = [(left, right)]
    # Terms share subterms: no pair is entered twice.
    seen: set[tuple[int, int]] = set()
    while pairs:
        left, right = pairs.pop()
        if left is right or (id(left), id(right)) in seen:
            continue
        if label_of(left) != label_of(right):
            return False
        inside = parts(left)
        if inside:
            seen.add((id(left), id(right)))
            pairs.extend(zip(inside, parts(right), strict=True))
    return True


#: How many tokens ``repr`` shows of one term.
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
    facts = [each for each in label_of(term)[1:] if not isinstance(each, (int, type))]
    if isinstance(term, Value):
        facts = [term.value]
    return f"{name}({', '.join(map(repr, facts))}{end}"


# -- statements ----------------------------------------------------------------------


class Parameter(ValueObject):
    """A parameter: a term and its specializer.

    ``specializer`` is a ``Pattern``, a literal or a list of them, or ``None``.
    """

    __slots__ = __match_args__ = ("term", "specializer")

    def __init__(self, term: Term, specializer: Term | None = None) -> None:
        self.term: t.Final = term
        self.specializer: t.Final = specializer

    @property
    def span(self) -> Span | None:
        """Its place: from the start of the term to the end of the specializer."""
        first = self.term.span
        last = None if self.specializer is None else self.specializer.span
        if first is None or last is None or last.end <= first.end:
            return first or last
        return first.source.span(first.start, last.end)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameter):
            return NotImplemented
        return self.term == other.term and self.specializer == other.specializer

    __hash__ = ValueObject.__hash__


class PlacedParameter(Parameter):
    """A parameter at the place of another one, whose terms it does not have."""

    __slots__ = ("_span",)

    def __init__(self, term: Term, specializer: Term | None, span: Span | None) -> None:
        super().__init__(term, specializer)
        self._span: t.Final = span

    @property
    def span(self) -> Span | None:
        """The place of the other one."""
        return self._span


class Rule(Node):
    """``name(parameters) if body;`` with ``body`` ``None`` for a fact.

    ``span`` covers the head, from the name to the closing parenthesis.
    """

    __slots__ = __match_args__ = ("name", "parameters", "body")

    def __init__(
        self,
        name: str,
        parameters: tuple[Parameter, ...],
        body: Term | None = None,
        span: Span | None = None,
    ) -> None:
        self.name: t.Final = name
        self.parameters: t.Final = parameters
        self.body: t.Final = body
        self.span = span


class RuleType(Node):
    """``type name(parameters);``: a shape that rules of this name must have.

    ``required`` types, which only resource blocks declare, need at least one such rule.
    """

    __slots__ = __match_args__ = ("name", "parameters", "required")

    def __init__(
        self,
        name: str,
        parameters: tuple[Parameter, ...],
        required: bool = False,
        span: Span | None = None,
    ) -> None:
        self.name: t.Final = name
        self.parameters: t.Final = parameters
        self.required: t.Final = required
        self.span = span


class InlineQuery(RareNode):
    """``?= query;``. ``span`` covers the query without ``?=`` and the semicolon."""

    query: Term


class Name(Node):
    """A word of a block with its span: a keyword, a class, a key or a string."""

    __slots__ = ("span", "text")
    __match_args__ = ("text",)

    def __init__(self, text: str, span: Span | None = None) -> None:
        self.text: t.Final = text
        self.span = span


class Declaration(RareNode):
    """``name = [ … ];`` or ``name = { … };`` in a block.

    A list has ``strings``, a dictionary has ``pairs`` of key and class name; ``is_list`` tells an
    empty list from an empty dictionary. ``span`` covers the brackets.
    """

    name: Name
    is_list: bool
    strings: tuple[Name, ...] = ()
    pairs: tuple[tuple[Name, Name], ...] = ()


class Shorthand(Node):
    """``"head" if "condition" on "relation" and further;`` in a block.

    ``keyword`` is the word before the relation, or ``global`` before the condition; no other word
    than ``on`` and ``global`` is valid. ``condition`` is ``None`` if there is only a further
    condition, in which ``actor`` and ``resource`` stand for the two sides. If ``is_of_each_role``
    the rule is ``role if role on "relation";``, and stands for one of each role.
    """

    __slots__ = __match_args__ = (
        *("head", "condition", "keyword", "relation", "further"),
        "is_of_each_role",
    )

    def __init__(
        self,
        head: Name,
        condition: Name | None,
        keyword: Name | None = None,
        relation: Name | None = None,
        further: Term | None = None,
        is_of_each_role: bool = False,
        span: Span | None = None,
    ) -> None:
        self.head: t.Final = head
        self.condition: t.Final = condition
        self.is_of_each_role: t.Final = is_of_each_role
        self.keyword: t.Final = keyword
        self.relation: t.Final = relation
        self.further: t.Final = further
        self.span = span


class Block(RareNode):
    """``resource Name extends Parent { … }``, ``actor Name { … }`` or ``global { … }``.

    ``keyword`` is ``None`` if the text has none; ``actor`` and ``resource`` are valid, and none
    before ``global``.
    """

    keyword: Name | None
    resource: Name
    declarations: tuple[Declaration, ...] = ()
    shorthands: tuple[Shorthand, ...] = ()
    parent: Name | None = None

    def names(self, word: str) -> Iterator[Name]:
        """Give the names that it declares as ``roles`` or ``permissions``."""
        for each in self.declarations:
            if each.name.text == word:
                yield from each.strings


class DeclaredRule(RareNode):
    """``declare name(Class, …);``: a rule that a policy may call though it has none.

    ``parameters`` are class names.
    """

    name: str
    parameters: tuple[Parameter, ...]


# -- tests of a policy ---------------------------------------------------------------


class Stub(Term):
    """``Class{"key", field: value}`` in a test: an object that the test makes up.

    ``key`` is a ``Value`` or ``None``; the fields stand in ascending order of their name.
    """

    __slots__ = __match_args__ = ("cls", "key", "fields")

    def __init__(
        self,
        cls: str,
        key: Value | None = None,
        fields: tuple[tuple[str, Term], ...] = (),
        span: Span | None = None,
    ) -> None:
        self.cls: t.Final = cls
        self.key: t.Final = key
        self.fields: t.Final = fields
        self.span = span
