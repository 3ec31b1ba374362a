"""What a property, a method, or the only function of a hybrid calculates, read from its source.

In goes the function; out comes the expression that it returns. SQLAlchemy asks the function about
the class, where a condition is never met: ``if self.kind == "secret"`` takes the other way, and
``self.parent is None`` is false of a column. What it gives there says nothing of a row, so the
source is read, and it counts only if Python makes the same code of it.
"""

from __future__ import annotations

import ast
import enum
import inspect
import itertools
import textwrap
import types
import typing as t

from ...polar.residual.algebra.schema import Formula


def returned_expression(function: t.Any) -> ast.expr | None:
    """Return the expression that a function of one argument returns, and does nothing else.

    ``if a: return b`` with ``return c`` behind it is ``b if a else c``. ``None`` if it does more,
    or if its source is not there.
    """
    definition = _definition(function)
    if definition is None or not _takes_a_row(definition.args):
        return None
    first, *others = definition.body
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return _returned(others if is_docstring and others else definition.body)


def _returned(body: list[ast.stmt]) -> ast.expr | None:
    """Return what statements return, as one expression."""
    first, *others = body
    if isinstance(first, ast.Return):
        return None if others else first.value
    if not isinstance(first, ast.If) or (bool(first.orelse) is bool(others)):
        return None
    found, otherwise = _returned(first.body), _returned(first.orelse or others)
    if found is None or otherwise is None:
        return None
    return ast.copy_location(ast.IfExp(first.test, found, otherwise), first)


def formula_of(function: t.Any) -> Formula | None:
    """Return what a function calculates; ``None`` if it does what no list can follow."""
    formula = calculation_in(function)
    return formula if formula is not None and formula.is_followed else None


def calculation_in(function: t.Any) -> Formula | None:
    """Return what a function calculates, also what no list can follow; ``None`` if it does more."""
    expression = returned_expression(function)
    if expression is None:
        return None
    row = function.__code__.co_varnames[0]
    values: dict[str, t.Any] = {}
    is_followed = _Reader(row, function.__globals__, values).is_followed(expression)
    return Formula(expression, row, values, is_followed)


def attribute_of(formula: Formula) -> str | None:
    """Return the name of the attribute that a function gives as it is, if it does."""
    return _attribute(formula.expression, formula.row)


def _attribute(expression: ast.expr, row: str) -> str | None:
    """Return ``name`` of ``row.name``; ``None`` for another expression."""
    if not isinstance(expression, ast.Attribute) or not isinstance(expression.value, ast.Name):
        return None
    return expression.attr if expression.value.id == row else None


def _is_of_row(expression: ast.expr, row: str) -> bool:
    """Tell whether an expression is the row, or an attribute of it at any depth."""
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    return isinstance(expression, ast.Name) and expression.id == row


class _Reader(t.NamedTuple):
    """Tells which expressions a list can follow, and collects the members of enumerations."""

    row: str
    names: t.Mapping[str, t.Any]
    values: dict[str, t.Any]

    def is_followed(self, node: ast.expr) -> bool:
        if isinstance(node, ast.BoolOp):
            return all(map(self.is_followed, node.values))
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.Not) and self.is_followed(node.operand)
        if isinstance(node, ast.IfExp):
            return all(map(self.is_followed, (node.test, node.body, node.orelse)))
        if isinstance(node, ast.Call):
            return self._is_truth(node) and self.is_followed(node.args[0])
        if isinstance(node, ast.Compare):
            sides = itertools.pairwise((node.left, *node.comparators))
            return all(map(self._is_comparison, node.ops, *zip(*sides, strict=True)))
        return self._is_value(node)

    def _is_truth(self, node: ast.Call) -> bool:
        """Tell whether a call is ``bool(…)``."""
        is_bool = isinstance(node.func, ast.Name) and node.func.id == "bool"
        return is_bool and "bool" not in self.names and len(node.args) == 1 and not node.keywords

    def _is_comparison(self, sign: ast.cmpop, left: ast.expr, right: ast.expr) -> bool:
        if not self._is_value(left):
            return False
        if isinstance(sign, ast.Is | ast.IsNot):
            if isinstance(right, ast.Constant):
                return type(right.value) in (bool, type(None))
            # A member of an enumeration is one object.
            return self._is_known(right)
        if isinstance(sign, ast.In | ast.NotIn):
            is_list = isinstance(right, ast.Tuple | ast.List | ast.Set)
            return is_list and all(map(self._is_known, t.cast(ast.Tuple, right).elts))
        return self._is_value(right)

    def _is_value(self, node: ast.expr) -> bool:
        if isinstance(node, ast.BinOp):
            is_sum = isinstance(node.op, ast.Add | ast.Sub | ast.Mult)
            return is_sum and self._is_value(node.left) and self._is_value(node.right)
        return _is_of_row(node, self.row) or self._is_known(node)

    def _is_known(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return type(node.value) in (bool, int, float, str, type(None))
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            return False
        kind = self.names.get(node.value.id) if node.value.id != self.row else None
        if not isinstance(kind, enum.EnumType) or node.attr not in kind.__members__:
            return False
        self.values[f"{node.value.id}.{node.attr}"] = kind.__members__[node.attr]
        return True


def _definition(function: t.Any) -> ast.FunctionDef | None:
    """Return the definition of a function, if the source makes the code that runs."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, types.CodeType):
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    definition = tree.body[0] if len(tree.body) == 1 else None
    if not isinstance(definition, ast.FunctionDef):
        return None
    return definition if _code_of(definition) == _content(code) else None


def _code_of(definition: ast.FunctionDef) -> t.Any:
    bare = ast.FunctionDef(
        **{name: getattr(definition, name) for name in definition._fields}
        | {"decorator_list": [], "returns": None}
    )
    tree = ast.fix_missing_locations(ast.Module([ast.copy_location(bare, definition)], []))
    made = compile(tree, "<hybrid>", "exec", dont_inherit=True)
    # Since Python 3.14 annotations of arguments have code of their own, called otherwise.
    parts = [each for each in made.co_consts if isinstance(each, types.CodeType)]
    codes = [each for each in parts if each.co_name == definition.name]
    return _content(codes[0]) if len(codes) == 1 else None


def _content(code: types.CodeType) -> t.Any:
    constants = [(type(each), each) for each in code.co_consts]
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars


def _takes_a_row(args: ast.arguments) -> bool:
    others = (*args.posonlyargs, *args.kwonlyargs, *args.defaults, args.vararg, args.kwarg)
    return len(args.args) == 1 and not any(others)
