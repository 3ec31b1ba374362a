"""Pieces of Python that the compiler quotes, with holes for what differs."""

from __future__ import annotations

import ast
import pathlib

import pytest

from flask_oso.polar.compiler import snippets
from flask_oso.polar.compiler.snippets import Hole, code, expr, load, stmt

COMPILER = pathlib.Path(snippets.__file__).parent


def shown(statements: list[ast.stmt]) -> str:
    """Give statements as text."""
    return ast.unparse(snippets.with_positions(ast.Module(statements, [])))


@pytest.mark.parametrize(
    ("quotation", "holes", "made"),
    [
        ("X = Y", {"X": "a", "Y": "b"}, "a = b"),
        ("X = Y.NAME", {"X": "a", "Y": "b", "NAME": "c"}, "a = b.c"),
        ("X = 'X'", {"X": "a"}, "a = 'X'"),
        ("return X", {"X": None}, "return None"),
        ("return X", {"X": 3}, "return 3"),
        ("return X", {"X": ast.Constant("a")}, "return 'a'"),
        ("return f(X, *Y)", {"X": load("a"), "Y": [load("b"), load("c")]}, "return f(a, b, c)"),
        ("return f(*X)", {"X": load("a")}, "return f(*a)"),
        ("return f(*X)", {"X": []}, "return f()"),
        ("if X: Y", {"X": "a", "Y": [ast.Break(), ast.Pass()]}, "if a:\n    break\n    pass"),
        ("if X: Y", {"X": "a", "Y": ast.Break()}, "if a:\n    break"),
        ("if X: Y", {"X": "a", "Y": "b"}, "if a:\n    b"),
        ("if X: return\nY", {"X": "a", "Y": []}, "if a:\n    return"),
    ],
)
def test_hole_gets_its_value(quotation: str, holes: dict[str, Hole], made: str) -> None:
    """A hole becomes a name, a constant, an expression, or as many parts as it is given."""
    assert shown(code(quotation, **holes)) == made


def test_quotation_stands_as_deep_as_its_code() -> None:
    """The lines of a quotation may all begin with the same blanks."""
    quotation = """
        if X:
            return Y
    """

    assert shown([stmt(quotation, X="a", Y="b")]) == "if a:\n    return b"


def test_second_place_of_a_hole_has_a_copy() -> None:
    """No node stands in two places, where one of them might be changed."""
    made = expr("f(X, X)", X=load("a"))

    assert isinstance(made, ast.Call)
    assert made.args[0] is not made.args[1]


def test_quotation_is_made_anew_each_time() -> None:
    """What is done with one piece changes no other one of the same quotation."""
    first = stmt("X = []", X="a")
    assert isinstance(first, ast.Assign)
    first.targets.clear()

    assert shown([stmt("X = []", X="a")]) == "a = []"


def test_quotation_has_no_positions() -> None:
    """A node gets the position of what it stands in, or of the policy."""
    assert not any(hasattr(node, "lineno") for node in ast.walk(stmt("if X: return", X="a")))


@pytest.mark.parametrize("path", sorted(COMPILER.rglob("*.py")), ids=lambda path: path.stem)
def test_quotation_is_a_literal_of_the_compiler(path: pathlib.Path) -> None:
    """No text that is made, as of parts of a policy, is read as code."""
    if path == pathlib.Path(snippets.__file__):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert [ast.unparse(each) for each in made_quotations(tree)] == []


def made_quotations(tree: ast.Module) -> list[ast.expr]:
    """Give what is quoted and is no literal, no choice of literals, and no name of one."""
    found: list[ast.expr] = []
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef):
            found += [each for each in quotations_in(scope) if not is_literal(each, scope)]
    return found


def quotations_in(scope: ast.AST) -> list[ast.expr]:
    calls = [node for node in ast.walk(scope) if isinstance(node, ast.Call)]
    return [
        each.args[0]
        for each in calls
        if isinstance(each.func, ast.Name) and each.func.id in ("code", "stmt", "expr")
    ]


def is_literal(quoted: ast.expr, scope: ast.FunctionDef) -> bool:
    """Tell whether all that an expression may be are literals."""
    match quoted:
        case ast.Constant(str()):
            return True
        case ast.IfExp(_, one, other):
            return is_literal(one, scope) and is_literal(other, scope)
        case ast.Name(name):
            given = assigned(name, scope)
            return bool(given) and all(is_literal(each, scope) for each in given)
    return False


def assigned(name: str, scope: ast.FunctionDef) -> list[ast.expr]:
    """Give what is assigned to a name of a function."""
    assignments = [node for node in ast.walk(scope) if isinstance(node, ast.Assign)]
    return [
        node.value
        for node in assignments
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
    ]
