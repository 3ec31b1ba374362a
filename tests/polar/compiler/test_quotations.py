"""Pieces of Python that the compiler quotes, with holes for what differs."""

from __future__ import annotations

import ast
import pathlib

import pytest

from flask_oso.polar.compiler import quotations
from flask_oso.polar.compiler.quotations import Hole, code, expr, stmt
from flask_oso.polar.compiler.snippets import load, with_positions

COMPILER = pathlib.Path(quotations.__file__).parent


def shown(statements: list[ast.stmt]) -> str:
    """Give statements as text."""
    return ast.unparse(with_positions(ast.Module(statements, [])))


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
    if path == pathlib.Path(quotations.__file__):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert [ast.unparse(each) for each in made_quotations(tree)] == []


@pytest.mark.parametrize(
    "text",
    [
        "def f(text): return code(text)",
        "def f(text): return code('a' + text)",
        "def f(text): return code(f'{text}')",
        "def f(text): return code('a' if text else text)",
        "def f(text):\n    quoted = 'a'\n    quoted += text\n    return stmt(quoted)",
        "def f(texts):\n    quoted = 'a'\n    for quoted in texts: return expr(quoted)",
        "made = code(text)",
        "class A:\n    made = expr(text)",
        "from .quotations import expr\ndef f(texts): return [*map(expr, texts)]",
        "from .quotations import code as write",
        "def f(text): return quotations.code(text)",
    ],
)
def test_quotation_that_is_made_is_found(text: str) -> None:
    """Else the test above would hold of anything."""
    assert made_quotations(ast.parse(text)) != []


QUOTING = ("code", "stmt", "expr")


def made_quotations(tree: ast.Module) -> list[ast.AST]:
    """Give what is quoted and is no literal, no choice of literals, and no name of one.

    And what takes the functions that quote for values, or gives them other names.
    """
    found = [*other_uses(tree)]
    for scope in scopes_in(tree):
        found += [each for each in quotations_in(scope) if not is_literal(each, scope)]
    return found


def scopes_in(tree: ast.Module) -> list[ast.AST]:
    """Give all functions, and the statements outside of them."""
    nodes = [*ast.walk(tree)]
    blocks = [node.body for node in nodes if isinstance(node, ast.Module | ast.ClassDef)]
    inner = ast.FunctionDef | ast.ClassDef
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    return [*functions, *(each for body in blocks for each in body if not isinstance(each, inner))]


def quotations_in(scope: ast.AST) -> list[ast.expr]:
    """Give what is quoted."""
    calls = [node for node in ast.walk(scope) if isinstance(node, ast.Call)]
    return [
        each.args[0]
        for each in calls
        if isinstance(each.func, ast.Name) and each.func.id in QUOTING
    ]


def other_uses(tree: ast.Module) -> list[ast.AST]:
    """Give where functions that quote are used in another way than called by their names."""
    nodes = [*ast.walk(tree)]
    imported = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names = [each for node in imported if node.module == "quotations" for each in node.names]
    known = {each.name for each in names if each.name in QUOTING}
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    return [
        *(each for each in names if each.name in known and each.asname is not None),
        *(each for each in nodes if isinstance(each, ast.Attribute) and is_quoting(each)),
        *(
            each
            for each in nodes
            if isinstance(each, ast.Name) and each.id in known and each not in called
        ),
    ]


def is_quoting(attribute: ast.Attribute) -> bool:
    """Tell whether a function that quotes is an attribute of its module."""
    return attribute.attr in QUOTING and ast.unparse(attribute.value).endswith("quotations")


def is_literal(quoted: ast.expr, scope: ast.AST) -> bool:
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


def assigned(name: str, scope: ast.AST) -> list[ast.expr]:
    """Give what is assigned to a name; nothing where it gets a value in another way, too."""
    nodes = [*ast.walk(scope)]
    stored = [
        node
        for node in nodes
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    assignments = [node for node in nodes if isinstance(node, ast.Assign)]
    plain = [node for node in assignments if any(node.targets[0] is each for each in stored)]
    return [node.value for node in plain] if len(plain) == len(stored) else []
