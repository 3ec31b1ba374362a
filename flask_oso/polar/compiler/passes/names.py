"""What passes look for in statements.

The names that statements read and write; the lists of statements within statements; and forms that
several passes look for: statements that give up, conjunctions, appended elements.
"""

from __future__ import annotations

import ast
import typing as t
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ..snippets import PARTS

#: The name of the number of a link, in a loop over a chain.
CHAIN = "level"
#: The name of the class of a value that is being looked at.
KIND = "kind"
#: The name of the number of steps.
COUNT = "count"
#: The names of what a function finds: that there is a solution, or all of them.
FOUND, SOLUTIONS = "found", "solutions"
#: The name of how deep in calls of each other functions are, and of what these remember.
LEVEL, MEMO = "level", "memo"


class Names:
    """How often statements read and write each name.

    :param nodes: the statements, or parts of them.
    """

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        self.read: Counter[str] = Counter()
        self.written: Counter[str] = Counter()
        # Not with `nodes_in`, which takes twice as long: most of the time of all passes goes here.
        read: list[str] = []
        written: list[str] = []
        parts, stack = PARTS, [*nodes]
        while stack:
            node: t.Any = stack.pop()
            kind = type(node)
            if kind is ast.Name:
                (read if type(node.ctx) is ast.Load else written).append(node.id)
                continue
            for name in parts[kind]:
                part = getattr(node, name, None)
                if type(part) is list:
                    stack += part
                elif part is not None:
                    stack.append(part)
        # In one step, which is one of C.
        self.read.update(read)
        self.written.update(written)

    def multiply(self, nodes: Sequence[ast.AST], copies: int) -> None:
        """Note that some of the statements stand there as often as said, no longer once."""
        other = Names(nodes)
        for mine, theirs in ((self.read, other.read), (self.written, other.written)):
            for name, count in theirs.items():
                mine[name] += count * (copies - 1)


def nodes_in(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield nodes and all nodes within them, in order; not operators, which are no names."""
    stack: list[t.Any] = [*reversed(nodes)]
    while stack:
        node = stack.pop()
        yield node
        for name in PARTS[type(node)]:
            part = getattr(node, name, None)
            if type(part) is list:
                stack += part[::-1]
            elif part is not None:
                stack.append(part)


def statements_in(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements and all statements within them, the outer ones first."""
    stack: list[ast.stmt] = [*statements]
    while stack:
        statement = stack.pop()
        yield statement
        stack += getattr(statement, "orelse", ())
        stack += getattr(statement, "body", ())


def blocks_in(statements: list[ast.stmt]) -> Iterator[tuple[list[ast.stmt], str | None]]:
    """Yield a list of statements and all such lists within it, the outer ones first.

    Each with the name of the element, if it is in a loop. Empty ones within it are left out.
    """
    stack: list[tuple[list[ast.stmt], str | None]] = [(statements, None)]
    while stack:
        block, element = stack.pop()
        yield block, element
        for statement in reversed(block):
            body: list[ast.stmt] | None = getattr(statement, "body", None)
            if body is None:
                continue
            orelse = getattr(statement, "orelse", None)
            if orelse:
                stack.append((orelse, element))
            if body:
                inside = read_name(statement.target) if type(statement) is ast.For else element
                stack.append((body, inside))


def rename(statements: Sequence[ast.AST], names: Mapping[str, str]) -> None:
    """Give names others."""
    for node in nodes_in(statements) if names else ():
        if type(node) is ast.Name and node.id in names:
            node.id = names[node.id]


def written_name(statement: ast.stmt) -> str | None:
    """Return the name that a statement assigns to, if it does nothing else."""
    if type(statement) is ast.Assign and type(statement.targets[0]) is ast.Name:
        return statement.targets[0].id
    return None


def read_name(node: ast.AST) -> str | None:
    """Return the name that an expression is, if it is one."""
    return node.id if type(node) is ast.Name else None


def listed_name(over: ast.expr) -> str | None:
    """Return the name of the list that a loop goes through, itself or a copy of it."""
    match over:
        case ast.Name(listed) | ast.List([ast.Starred(ast.Name(listed))]):
            return listed
    return None


def sets_true(statement: ast.AST) -> str | None:
    """Return the name that a statement sets to ``True``, as for a solution, if it does."""
    match statement:
        case ast.Assign([ast.Name(name)], ast.Constant(True)):
            return name
    return None


def gives_up(node: ast.AST) -> bool:
    """Tell whether a statement returns ``None``."""
    match node:
        case ast.Return(ast.Constant(None)):
            return True
    return False


def answers(node: ast.AST) -> bool:
    """Tell whether a statement returns an answer: it does not give up."""
    return type(node) is ast.Return and not gives_up(node)


def only_gives_up(statement: ast.stmt) -> bool:
    """Tell whether a statement does nothing but give up under a condition."""
    match statement:
        case ast.If(_, body, []):
            return all(map(gives_up, body))
    return False


def ends_at_solution(body: list[ast.stmt]) -> bool:
    """Tell whether statements answer yes, unless all solutions are searched for, or give up."""
    last = body[-1]
    if type(last) is ast.If and read_name(last.test) == "is_searched" and last.orelse:
        last = last.orelse[-1]
    return type(last) is ast.Return and getattr(last.value, "value", None) is True


def conjuncts(test: ast.expr) -> list[ast.expr]:
    """Return the tests that all have to hold."""
    match test:
        case ast.BoolOp(ast.And(), tests):
            return tests
    return [test]


def disjuncts(test: ast.expr) -> list[ast.expr]:
    """Return the tests of which one has to hold."""
    match test:
        case ast.BoolOp(ast.Or(), tests):
            return tests
    return [test]


def appended_to(statement: ast.AST) -> tuple[str, ast.expr] | None:
    """Return the name of a list and what a statement appends to it, if it does nothing else."""
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"), [element])):
            return name, element
    return None
