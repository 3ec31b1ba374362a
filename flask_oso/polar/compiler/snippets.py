"""Makers of pieces of Python as ``ast`` nodes.

Where a piece is more than a few nodes, it is quoted (``quotations.py``).
"""

from __future__ import annotations

import ast
import types
import typing as t
from collections.abc import Mapping, Sequence

from ..nodes import Operator
from ..sources import Span

#: The operators of Python for those of Polar.
COMPARE: dict[Operator, type[ast.cmpop]] = {
    Operator.EQ: ast.Eq,
    Operator.NEQ: ast.NotEq,
    Operator.LT: ast.Lt,
    Operator.LEQ: ast.LtE,
    Operator.GT: ast.Gt,
    Operator.GEQ: ast.GtE,
}
#: The first and the last line, the first column and the end column, as Python counts.
Position = tuple[int, int, int, int]
#: Fields of nodes that hold a text or an operator, which have no position.
_WITHOUT_POSITION = {"arg", "attr", "conversion", "ctx", "id", "kind", "names", "op", "ops"} | {
    *("is_async", "level", "module", "name", "simple", "tag", "type_comment", "type_ignores")
}
#: The fields of each kind of node that hold nodes, last one first.
PARTS: dict[type, list[str]] = {
    kind: [name for name in reversed(kind._fields) if name not in _WITHOUT_POSITION]
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST) and kind is not ast.Constant
} | {ast.Constant: []}


def position_of(span: Span | None) -> Position:
    """Return the position of a span as Python counts: columns are byte offsets."""
    if span is None:
        return (1, 1, 0, 0)
    (line, column), (last, end) = span.source.position(span.start), span.source.position(span.end)
    before = len(span.source.line(line)[: column - 1].encode(errors="replace"))
    behind = len(span.source.line(last)[: end - 1].encode(errors="replace"))
    return (line, last, before, behind)


def load(name: str) -> ast.expr:
    """Write a name that is read."""
    return ast.Name(name, ast.Load())


def call(function: str, *args: ast.expr) -> ast.expr:
    """Write a call."""
    return ast.Call(load(function), list(args), [])


def attribute_of(value: ast.expr, name: str) -> ast.expr:
    """Write ``value.name``."""
    return ast.Attribute(value, name, ast.Load())


def method_call(value: ast.expr, name: str, *args: ast.expr) -> ast.expr:
    """Write ``value.name(*args)``."""
    return ast.Call(attribute_of(value, name), [*args], [])


def item_of(value: ast.expr, key: ast.expr) -> ast.expr:
    """Write ``value[key]``."""
    return ast.Subscript(value, key, ast.Load())


def tuple_of(parts: list[ast.expr]) -> ast.expr:
    """Write a tuple."""
    return ast.Tuple(parts, ast.Load())


def for_each(name: str, over: ast.expr, body: list[ast.stmt]) -> ast.For:
    """Write a loop."""
    return ast.For(ast.Name(name, ast.Store()), over, body, [])


def named_value(name: str, value: ast.expr) -> ast.NamedExpr:
    """Write ``(name := value)``."""
    return ast.NamedExpr(ast.Name(name, ast.Store()), value)


def negate(test: ast.expr) -> ast.expr:
    """Write ``not test``."""
    return ast.UnaryOp(ast.Not(), test)


def compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """Write a comparison."""
    return ast.Compare(left, [operator], [right])


def all_of(tests: list[ast.expr]) -> ast.expr:
    """Write that all tests hold, looked at in order."""
    return ast.BoolOp(ast.And(), tests) if len(tests) > 1 else tests[0]


def any_of(tests: list[ast.expr]) -> ast.expr:
    """Write that one of several tests holds, looked at in order."""
    return ast.BoolOp(ast.Or(), tests) if len(tests) > 1 else tests[0]


def is_none(value: ast.expr) -> ast.expr:
    """Write ``value is None``."""
    return compared(value, ast.Is(), ast.Constant(None))


def is_not_none(value: ast.expr) -> ast.expr:
    """Write ``value is not None``."""
    return compared(value, ast.IsNot(), ast.Constant(None))


def is_type(name: str, kind: str) -> ast.expr:
    """Write ``type(name) is kind``."""
    return compared(call("type", load(name)), ast.Is(), load(kind))


def is_of(name: str, kinds: str) -> ast.expr:
    """Write ``type(name) in kinds``."""
    return compared(call("type", load(name)), ast.In(), load(kinds))


def is_not_of(name: str, kinds: str) -> ast.expr:
    """Write ``type(name) not in kinds``."""
    return compared(call("type", load(name)), ast.NotIn(), load(kinds))


def is_unchecked(name: str) -> ast.expr:
    """Write that a value has not passed the check of the sandbox, as far as its class tells."""
    return is_not_of(name, "harmless")


def is_more_than(value: ast.expr, most: int) -> ast.expr:
    """Write ``value > most``."""
    return compared(value, ast.Gt(), ast.Constant(most))


def size_of(name: str) -> ast.expr:
    """Write ``len(name)``."""
    return call("len", load(name))


def is_ascii(name: str) -> ast.expr:
    """Write whether a string is ASCII. The solver refuses others that Python has: surrogates."""
    return method_call(load(name), "isascii")


def looked_up(table: str, name: str, kinds: Sequence[str], *, is_object: bool = False) -> ast.expr:
    """Write that a function is looked up: by a value of some kinds, by the class of any other.

    :param is_object: whether each value is looked up itself.
    """
    key = load(name)
    if not is_object:
        cls = call("type", load(name))
        tests = [is_type(name, kind) for kind in kinds]
        key = ast.IfExp(any_of(tests), key, cls) if tests else cls
    return item_of(load(table), key)


def names_of(names: Sequence[str]) -> ast.expr:
    """Write a tuple of names."""
    return tuple_of([load(name) for name in names])


def unpacked(name: str) -> ast.expr:
    """Write a list of the elements of a collection."""
    return ast.List([ast.Starred(load(name), ast.Load())], ast.Load())


def assign(name: str, value: ast.expr) -> ast.stmt:
    """Write an assignment."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def target_of(names: Sequence[str]) -> ast.expr:
    """Write names that become the elements of a value."""
    return ast.Tuple([ast.Name(each, ast.Store()) for each in names], ast.Store())


def assign_parts(names: Sequence[str], value: ast.expr) -> ast.stmt:
    """Write that names become the elements of a value."""
    return ast.Assign([target_of(names)], value)


def block(body: list[ast.stmt]) -> ast.stmt:
    """Write statements that ``break`` leaves."""
    return ast.While(ast.Constant(True), [*body, ast.Break()], [])


def generator_mark() -> ast.stmt:
    """Write what makes a function a generator, even where it has no solution."""
    return ast.If(ast.Constant(False), [ast.Expr(ast.Yield(None))], [])


def clock_check() -> list[ast.stmt]:
    """Write that one step is counted, and that the clock is checked now and then."""
    budget = item_of(load("clock"), ast.Constant(0))
    target = ast.Subscript(load("clock"), ast.Constant(0), ast.Store())
    look = ast.Expr(call("check_clock", load("clock")))
    return [
        ast.AugAssign(target, ast.Sub(), ast.Constant(1)),
        ast.If(compared(budget, ast.Lt(), ast.Constant(0)), [look], []),
    ]


def function_of(
    name: str, parameters: list[str], body: list[ast.stmt], kept: Sequence[str] = ()
) -> ast.FunctionDef:
    """Write a function.

    :param kept: globals that become parameters with a default, since locals are faster.
    """
    named = [ast.arg(each) for each in (*parameters, *kept)]
    arguments = ast.arguments([], named, None, [], [], None, [load(each) for each in kept])
    made = ast.FunctionDef(name, arguments, body, [])
    made.type_params = []  # type: ignore[attr-defined]  # since 3.12
    return made


#: The fields of each kind of node that tell what it does, last one first.
_TOLD: dict[type, list[str]] = {
    kind: [name for name in reversed(kind._fields) if name != "ctx"]
    for kind in t.cast("dict[type[ast.AST], list[str]]", PARTS)
}
#: Constants of these classes may differ in statements that are alike.
_REPLACED = (int, float, str)


def code_of(
    statements: Sequence[ast.AST],
    names: Mapping[str, str] = types.MappingProxyType({}),
    constants: list[ast.Constant] | None = None,
) -> str:
    """Return a text that is equal for statements that do the same, wherever they stand.

    :param names: what stands for some names in this text.
    :param constants: gets the constants whose values do not matter; by default all do.

    ``ast.dump`` does this recursively and in several times the time.
    """
    found: list[str] = []
    stack: list[t.Any] = [*reversed(statements)]
    while stack:
        part = stack.pop()
        kind = type(part)
        if kind is ast.Name:
            # Whether it is read or written follows from where it stands.
            found.append(names.get(part.id, part.id))
        elif kind is list:
            found.append(f"[{len(part)}")
            stack.extend(reversed(part))
        elif constants is not None and kind is ast.Constant and type(part.value) in _REPLACED:
            constants.append(part)
            found.append(f"?{type(part.value).__name__}")
        elif isinstance(part, ast.AST):
            found.append(kind.__name__)
            stack.extend([getattr(part, name, None) for name in _TOLD[kind]])
        else:
            found.append(repr(sorted(part, key=repr) if kind is frozenset else part))
    return ";".join(found)


def with_positions(module: ast.Module) -> ast.Module:
    """Return a module in which each node without a position has that of its parent.

    ``ast.fix_missing_locations`` does the same recursively and in three times the time, half of the
    time of compiling a rule.
    """
    stack: list[tuple[ast.AST, Position]] = [(module, (1, 1, 0, 0))]
    while stack:
        node, place = stack.pop()
        kind = type(node)
        if kind._attributes:
            place = _placed(node, place)
        for name in PARTS[kind]:
            value = getattr(node, name, None)
            if type(value) is list:
                stack += [(each, place) for each in reversed(value) if each is not None]
            elif value is not None:
                stack.append((value, place))
    return module


def _placed(node: t.Any, place: Position) -> Position:
    """Set the position of a node that has none; return its position."""
    if hasattr(node, "lineno"):
        return (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)
    node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = place
    return place
