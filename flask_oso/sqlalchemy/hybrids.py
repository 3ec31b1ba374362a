"""What the only function of a hybrid calculates, read from its source.

In goes the function; out comes the expression that it returns. SQLAlchemy asks the function about
the class, where a condition is never met: ``if self.kind == "secret"`` takes the other way, and
``self.parent is None`` is false of a column. What it gives there says nothing of a row, so the
source is read, and it counts only if Python makes the same code of it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
import typing as t


def returned_expression(function: t.Any) -> ast.expr | None:
    """Return the expression that a function of one argument returns, and does nothing else.

    ``None`` if it does more, or if its source is not there.
    """
    definition = _definition(function)
    if definition is None or not _takes_a_row(definition.args):
        return None
    first, *others = definition.body
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and others:
        # The docstring.
        first, *others = others
    return first.value if isinstance(first, ast.Return) and not others else None


def attribute_of_row(expression: ast.expr | None, function: t.Any) -> str | None:
    """Return ``name`` of ``self.name``; ``None`` for another expression."""
    if not isinstance(expression, ast.Attribute) or not isinstance(expression.value, ast.Name):
        return None
    is_row = expression.value.id == function.__code__.co_varnames[0]
    return expression.attr if is_row else None


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
    codes = [each for each in made.co_consts if isinstance(each, types.CodeType)]
    return _content(codes[0]) if len(codes) == 1 else None


def _content(code: types.CodeType) -> t.Any:
    constants = [(type(each), each) for each in code.co_consts]
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars


def _takes_a_row(args: ast.arguments) -> bool:
    others = (*args.posonlyargs, *args.kwonlyargs, *args.defaults, args.vararg, args.kwarg)
    return len(args.args) == 1 and not any(others)
