"""What calls a function that is a loop does no more than that one needs.

In go the statements of a caller; they are changed where they stand. A function that remembers no
call is given nothing to remember calls in::

    memo = {};  v = g(a, 0, memo)   =>  v = g(a, 0, None)

What has one solution at most is gone through once, without a loop, and what was looked at before
the loop, since it is the same in all turns, is looked at where it is needed::

    if v: if len(v) > 9: return None;  x = type(a) in k;  for e in v: if type(e) is t and x: …
        =>  if v: e = v[0];  if type(e) is t and type(a) in k: …
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Container, Iterable, Sequence

from ...snippets import assign, code_of, is_type, item_of, load, negate, unpacked
from ..names import (
    LEVEL,
    MEMO,
    Names,
    blocks_in,
    nodes_in,
    only_gives_up,
    read_name,
    written_name,
)
from .loops import FIRST, is_call

#: Statements that leave a loop, or its turn.
_LEAVING = (ast.Break, ast.Continue)


def forgetful(functions: Sequence[ast.FunctionDef], known: Container[str]) -> set[str]:
    """Return the names of functions that remember nothing, and call none that does.

    :param known: the names of others that are known to remember nothing.
    """
    found = {each.name: each.body for each in functions}
    while True:
        remembering = [
            name
            for name, body in found.items()
            if _calls_with_memo(body, lambda other: other in found or other in known)
            != Names(body).read[MEMO]
        ]
        if not remembering:
            return {*found}
        for name in remembering:
            del found[name]


def _calls_with_memo(statements: list[ast.stmt], is_one: Callable[[str], bool]) -> int:
    """Return how many calls of some functions are given what they remember."""
    calls = (each for each in nodes_in(statements) if type(each) is ast.Call)
    return sum(
        read_name(arg) == MEMO
        for made in calls
        if is_one(read_name(made.func) or "")
        for arg in made.args
    )


def leave_out_memo(statements: list[ast.stmt], names: Container[str]) -> None:
    """Give functions nothing to remember calls in that remember none.

    :param names: the names of these functions.
    """
    for node in nodes_in(statements):
        if type(node) is ast.Call and (read_name(node.func) or "") in names:
            node.args = [_nothing() if read_name(arg) == MEMO else arg for arg in node.args]
    if Names(statements).read[MEMO]:
        return
    for block, _ in [*blocks_in(statements)]:
        block[:] = [each for each in block if written_name(each) != MEMO]


def _nothing() -> ast.expr:
    return ast.Constant(None)


def go_through_once(statements: list[ast.stmt], names: Container[str]) -> None:
    """Go through the solution of functions that have one at most.

    :param names: the names of these functions.
    """
    for block, _ in [*blocks_in(statements)]:
        for at, statement in enumerate(block[:-1]):
            called: t.Any = getattr(statement, "value", None)
            if type(called) is not ast.Call or (read_name(called.func) or "") not in names:
                continue
            found = t.cast(str, written_name(statement))
            for then in block[at + 1 :]:
                if type(then) is ast.If and read_name(then.test) == found:
                    _leave_out_loop(then.body, found, Names(statements))


def _leave_out_loop(block: list[ast.stmt], found: str, names: Names) -> None:
    match block:
        case [*before, ast.For(ast.Name(each), ast.Name(over), body, []) as loop] if over == found:
            pass
        case _:
            return
    if any(map(_leaves, body)):
        return
    kept: list[ast.stmt] = []
    for statement in before:
        if only_gives_up(statement) and Names([statement]).read[found]:
            # It has one element.
            continue
        name = written_name(statement)
        within = [each for each in nodes_in(loop.body) if type(each) is ast.For]
        is_once = (
            name is not None
            and names.read[name] == names.written[name] == 1
            and not Names(within).read[name]
        )
        value = t.cast(ast.Assign, statement).value if is_once else None
        is_moved = value is not None and _asks_for_class(value) and _is_put_in(loop, name, value)
        if not is_moved:
            kept.append(statement)
    first = ast.copy_location(assign(each, item_of(load(found), ast.Constant(0))), loop)
    block[:] = [*kept, first, *loop.body]


def _leaves(statement: ast.stmt) -> bool:
    """Tell whether a statement leaves the loop that it stands in, or its turn."""
    if isinstance(statement, _LEAVING):
        return True
    inside = () if isinstance(statement, ast.For) else getattr(statement, "body", ())
    return any(map(_leaves, [*inside, *getattr(statement, "orelse", ())]))


def _asks_for_class(value: ast.expr) -> bool:
    """Tell whether an expression does nothing but ask for classes."""
    return not any(
        isinstance(node, (ast.NamedExpr, ast.Attribute))
        or (type(node) is ast.Call and not is_call(node, "type"))
        for node in nodes_in([value])
    )


def _is_put_in(loop: ast.For, name: str | None, value: ast.expr) -> bool:
    """Put an expression in the place of its name in a loop; tell whether it is there."""
    putting = _PutIn(name, value)
    loop.body = [putting.visit(each) for each in loop.body]
    return putting.is_done


class _PutIn(ast.NodeTransformer):
    """Puts an expression in the place of a name."""

    def __init__(self, name: str | None, value: ast.expr) -> None:
        self._name, self._value, self.is_done = name, value, False

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id != self._name:
            return node
        self.is_done = True
        return self._value


def has_one(statements: Iterable[ast.stmt]) -> bool:
    """Tell whether all that a function returns are lists of one solution, or of none."""
    returned = [each.value for each in nodes_in([*statements]) if type(each) is ast.Return]
    lists = [each for each in returned if type(each) is ast.List]
    others = [each for each in returned if getattr(each, "value", each) is not None]
    return (
        others == lists
        and any(each.elts for each in lists)
        and all(len(each.elts) < 2 for each in lists)
    )


def list_looked_at(statements: list[ast.stmt], name: str) -> tuple[int, str] | None:
    """Return where a function has looked at a list that it is given, and the name of its copy.

    ``None`` if it does anything else before, or takes other values, too.
    """
    is_other = code_of([negate(is_type(name, "list"))])
    for at, statement in enumerate(statements[:-2]):
        asked = statement.test if type(statement) is ast.If else ast.Constant(True)
        if only_gives_up(statement) and code_of([asked]) == is_other:
            made, check = statements[at + 1 : at + 3]
            is_copy = code_of([getattr(made, "value", ast.Pass())]) == code_of([unpacked(name)])
            copy = written_name(made)
            return (at + 3, copy) if is_copy and copy and only_gives_up(check) else None
        is_start = isinstance(getattr(statement, "value", None), (ast.Constant, ast.List))
        if not only_gives_up(statement) and not (written_name(statement) and is_start):
            return None
    return None


def count_from_zero(statements: list[ast.stmt], turns: Callable[[], str]) -> None:
    """Count the turns of a loop from zero, where nothing needs to know how deep the calls are.

    A loop takes no stack, and a range that is made takes as long as two turns::

        first_level = level;  for level in range(level, 9): …
            =>  first_level = 0;  for level in k1: …

    :param turns: gives the name of the range.
    """
    reads = Names(statements).read[LEVEL]
    begins = [each for each in statements if written_name(each) == FIRST]
    for statement in statements:
        match statement:
            case ast.For(ast.Name("level"), ast.Call(ast.Name("range"))):
                is_passed = any(
                    Names([*node.args]).read[LEVEL] and not is_call(node, "range")
                    for node in nodes_in(statements)
                    if type(node) is ast.Call
                )
                if reads == 1 or (begins and not is_passed):
                    statement.iter = ast.copy_location(load(turns()), statement.iter)
                    for begin in begins:
                        t.cast(ast.Assign, begin).value = ast.Constant(0)
