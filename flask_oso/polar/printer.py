"""From nodes to the text of Polar.

In goes a term, a parameter, a rule or a rule type; out comes the text that messages, ``print``
and traces show. Terms of any depth are printed without recursion. Strings are printed without
escapes and floats without an exponent, so the text of such a value need not parse to the same
value; all other text does.
"""

from __future__ import annotations

import enum
import math
import re
import typing as t
from decimal import Decimal

from .nodes import (
    ARITHMETIC,
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Parameter,
    Pattern,
    Rule,
    RuleType,
    Scalar,
    Term,
    Unknown,
    Value,
    Variable,
)

#: Gives the name under which the class of an object is registered, or ``None``.
ClassNamer = t.Callable[[object], str | None]
#: Prints an object of the host.
ShowObject = t.Callable[[object], str]

#: How many tokens are printed of one term.
MAX_PIECES = 10_000

Printable = Term | Unknown
_Piece = str | Printable

_SIGNS = {
    Operator.AND: "and",
    Operator.OR: "or",
    Operator.UNIFY: "=",
    Operator.ASSIGN: ":=",
    Operator.EQ: "==",
    Operator.NEQ: "!=",
    Operator.LT: "<",
    Operator.LEQ: "<=",
    Operator.GT: ">",
    Operator.GEQ: ">=",
    Operator.IN: "in",
    Operator.ISA: "matches",
    Operator.ADD: "+",
    Operator.SUB: "-",
    Operator.MUL: "*",
    Operator.DIV: "/",
    Operator.MOD: "mod",
    Operator.REM: "rem",
}

_FUNCTIONS = {
    Operator.DEBUG: "debug",
    Operator.PRINT: "print",
    Operator.FORALL: "forall",
}

#: The precedence of operators; operators that are not listed bind tightest.
_PRECEDENCE = {
    Operator.OR: 1,
    Operator.AND: 2,
    Operator.NOT: 3,
    Operator.UNIFY: 4,
    Operator.ASSIGN: 4,
    **dict.fromkeys(
        [Operator.EQ, Operator.NEQ, Operator.LT, Operator.LEQ, Operator.GT, Operator.GEQ], 5
    ),
    Operator.ADD: 6,
    Operator.SUB: 6,
    **dict.fromkeys([Operator.MUL, Operator.DIV, Operator.MOD, Operator.REM], 7),
    Operator.IN: 8,
    Operator.ISA: 8,
    Operator.DOT: 9,
}
_TIGHTEST = 10

_NAME = re.compile(r"[^!-@\[-^`{-~ \t\n\r][^!-/:-@\[-^`{-~ \t\n\r\f]*")
_NOT_ATTRIBUTES = frozenset({"true", "false", "inf", "nan", "mod", "rem", "isa"})


def nameless(value: object) -> str:
    """Show an object by its class alone: ``<User object>``.

    The ``repr`` of an object may contain secrets, and messages end in logs. Only ``None``,
    classes and members of enumerations are shown by name.
    """
    if value is None or isinstance(value, type):
        return str(value) if value is None else type.__repr__(value)
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    return f"<{type(value).__name__} object>"


_BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), dict: ("{", "}"), tuple: ("(", ")")}


def reveal(value: object) -> str:
    """Show an object by its ``repr``, where the user asked to see it.

    Lists, dictionaries and tuples are printed without recursion: Python's ``repr`` may crash on
    deep ones.
    """
    if type(value) not in _BRACKETS:
        return repr(value)
    out: list[str] = []
    # Pieces with whether they are signs; the others are values.
    todo: list[tuple[bool, t.Any]] = [(False, value)]
    while todo and len(out) < MAX_PIECES:
        is_sign, piece = todo.pop()
        if not is_sign and type(piece) in _BRACKETS:
            todo.extend(_data_pieces(piece)[::-1])
        else:
            out.append(piece if is_sign else repr(piece))
    return "".join(out) + ("…" if todo else "")


def _data_pieces(value: t.Any) -> list[tuple[bool, t.Any]]:
    opening, closing = _BRACKETS[type(value)]
    pieces: list[tuple[bool, t.Any]] = []
    for item in value:
        pieces += [(True, ", "), (False, item)]
        if type(value) is dict:
            pieces += [(True, ": "), (False, value[item])]
    end = ",)" if type(value) is tuple and len(value) == 1 else closing
    return [(True, opening), *pieces[1:], (True, end)]


def to_polar(
    term: Printable, class_name: ClassNamer | None = None, show: ShowObject = nameless
) -> str:
    """Print a term.

    :param class_name: gives the registered name of an object's class, which is printed after
        the object; ``UNKNOWN`` without it.
    :param show: prints an object: ``nameless`` or ``reveal``.
    """
    return _joined([term], class_name, show)


def rule_to_polar(rule: Rule) -> str:
    """Print a rule, with its semicolon."""
    head = _head(rule.name, rule.parameters)
    return _joined([*head, ";"] if rule.body is None else [*head, " if ", rule.body, ";"])


def rule_type_to_polar(rule_type: RuleType) -> str:
    """Print a rule type as a rule without body, its semicolon included."""
    return _joined([*_head(rule_type.name, rule_type.parameters), ";"])


def parameter_to_polar(parameter: Parameter) -> str:
    """Print a parameter: ``x: Integer{}``."""
    return _joined(_parameter(parameter))


def float_to_polar(value: float) -> str:
    """Print a float with the shortest digits that read back as the same value, no exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def float_in_message(value: float) -> str:
    """Print a float as oso's messages dump it: ``1e300``, ``1.5e-7``, ``NaN``."""
    if math.isnan(value):
        return "NaN"
    return re.sub(r"e\+?(-?)0*", r"e\1", repr(value))


def _joined(
    pieces: t.Sequence[_Piece], class_name: ClassNamer | None = None, show: ShowObject = nameless
) -> str:
    out: list[str] = []
    todo = list(reversed(pieces))
    while todo:
        piece = todo.pop()
        if len(out) > MAX_PIECES:
            # A term may contain itself.
            return "".join([*out, "…"])
        if isinstance(piece, str):
            out.append(piece)
        else:
            todo.extend(reversed(_pieces(piece, class_name, show)))
    return "".join(out)


def _pieces(term: Printable, class_name: ClassNamer | None, show: ShowObject) -> list[_Piece]:
    match term:
        case Value():
            return [_scalar(term.value)]
        case Variable():
            return [term.name]
        case Expression():
            return _expression(term)
        case Call():
            return [term.name, "(", *_arguments(term.args, term.kwargs), ")"]
        case List():
            return _list(term)
        case Dictionary():
            return ["{", *_arguments((), term.shown()), "}"]
        case Pattern():
            return [term.tag or "", "{", *_arguments((), term.fields), "}"]
        case Instance():
            return [_instance(term, class_name, show)]
        case Unknown():
            return [term.name if term.value is None else term.value]
    raise TypeError(f"A {type(term).__name__} cannot be printed.")


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return float_to_polar(value) if isinstance(value, float) else str(value)


def _instance(instance: Instance, class_name: ClassNamer | None, show: ShowObject) -> str:
    name = class_name(instance.value) if class_name is not None else None
    text = show(instance.value) if instance.constructor is None else instance.constructor
    return f"{text} TYPE `{name or 'UNKNOWN'}`"


def _list(term: List) -> list[_Piece]:
    items, rest = [*term.items], _known(term.rest)
    while isinstance(rest, List) and len(items) <= MAX_PIECES:
        # What a recursive rule made is shown as the list that it is.
        items += rest.items
        rest = _known(rest.rest)
    pieces = _arguments(items, ())
    if rest is not None:
        pieces += [", *" if items else "*", rest]
    return ["[", *pieces, "]"]


def _known(term: t.Any) -> t.Any:
    """Return the value of a variable that has one."""
    while isinstance(term, Unknown) and term.value is not None:
        term = term.value
    return term


def _arguments(args: t.Iterable[Term], kwargs: t.Iterable[tuple[str, Term]]) -> list[_Piece]:
    pieces: list[_Piece] = []
    for arg in args:
        pieces += [", ", arg]
    for key, value in kwargs:
        pieces += [f", {key}: ", value]
    if pieces:
        pieces[0] = str(pieces[0]).removeprefix(", ")
    return pieces


def _head(name: str, parameters: t.Iterable[Parameter]) -> list[_Piece]:
    pieces: list[_Piece] = [name, "("]
    for number, parameter in enumerate(parameters):
        pieces += [", ", *_parameter(parameter)] if number else _parameter(parameter)
    return [*pieces, ")"]


def _parameter(parameter: Parameter) -> list[_Piece]:
    if parameter.specializer is None:
        return [parameter.term]
    return [parameter.term, ": ", parameter.specializer]


def _expression(term: Expression) -> list[_Piece]:
    operator, args = term.operator, term.args
    if operator in _FUNCTIONS:
        return [_FUNCTIONS[operator], "(", *_arguments(args, ()), ")"]
    if operator is Operator.CUT:
        return ["cut"]
    if operator is Operator.NEW:
        return ["new ", *args] if len(args) == 1 else ["new (", *_arguments(args, ()), ")"]
    if operator is Operator.NOT:
        return ["not ", *_operand(args[0], _PRECEDENCE[Operator.UNIFY])]
    if operator is Operator.DOT or operator in ARITHMETIC:
        return _with_result(term)
    return _infix(operator, args)


def _with_result(term: Expression) -> list[_Piece]:
    """Print ``a.b`` and ``a + b``, and with a third operand ``a.b = c``."""
    pieces = _lookup(*term.args[:2]) if term.operator is Operator.DOT else None
    if pieces is None:
        pieces = _infix(term.operator, term.args[:2])
    return [*pieces, " = ", term.args[2]] if len(term.args) > 2 else pieces


def _lookup(owner: Term, key: Term) -> list[_Piece]:
    pieces = _operand(owner, _PRECEDENCE[Operator.DOT])
    if isinstance(owner, Value) and not isinstance(owner.value, str):
        # A dot right after digits would be part of the number.
        pieces = ["(", owner, ")"]
    if isinstance(key, Value) and isinstance(key.value, str) and is_attribute(key.value):
        return [*pieces, ".", key.value]
    return [*pieces, ".", key] if isinstance(key, Call) else [*pieces, ".(", key, ")"]


def is_attribute(name: str) -> bool:
    """Tell whether a name can be written after a dot without quotes."""
    return _NAME.fullmatch(name) is not None and name not in _NOT_ATTRIBUTES


def _infix(operator: Operator, args: t.Sequence[Term]) -> list[_Piece]:
    precedence = _PRECEDENCE[operator]
    last = len(args) - 1
    pieces: list[_Piece] = []
    for number, arg in enumerate(args):
        if number:
            pieces.append(f" {_SIGNS[operator]} ")
        # and, or: (a and b) and c keeps its parentheses. The rest: a - (b - c) does.
        outer = number < last if operator in (Operator.AND, Operator.OR) else number > 0
        pieces += _operand(arg, precedence + 1 if outer else precedence)
    return pieces


def _operand(term: Term, least: int) -> list[_Piece]:
    """Print an operand, in parentheses if its precedence is below ``least``."""
    return [term] if _precedence(term) >= least else ["(", term, ")"]


def _precedence(term: Term) -> int:
    if not isinstance(term, Expression):
        return _TIGHTEST
    if len(term.args) > 2 and (term.operator is Operator.DOT or term.operator in ARITHMETIC):
        return _PRECEDENCE[Operator.UNIFY]
    if len(term.args) < 2 and term.operator in (Operator.AND, Operator.OR):
        return _TIGHTEST
    return _PRECEDENCE.get(term.operator, _TIGHTEST)
