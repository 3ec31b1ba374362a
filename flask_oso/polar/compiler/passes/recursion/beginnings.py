"""One worklist is begun with all elements of a list, where it was one for each of them.

In go the statements of a function; they are changed where they stand. The equation::

    for e in [*v]:
        w = g(e, …);  if w is None: return None
        if w: solutions.extend(w)
        solutions.append(e)
            =>  several = [*v]
                w = h(several, …);  if w is None: return None
                if w: solutions.extend(w)
                solutions += several

Here ``g`` finds what one object leads to, and ``h`` what any of several leads to. What the objects
share is looked at once, and not for each of them.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Mapping, Sequence

from ...quotations import code, stmt
from ...snippets import load
from ..names import Names, appended_to, blocks_in, only_gives_up, read_name, written_name
from .worklists import SEVERAL

#: The place of the object among the arguments of a function, and how many these are.
_OBJECT, _ARGUMENTS = 0, 3


class _Search(t.NamedTuple):
    """What is done with each element of a list.

    :param checks: the check of the sandbox.
    :param called: the call, and that the function gives up where that does.
    :param noting: the statement that notes what it has found.
    :param lists: the lists that the element itself is put on.
    """

    checks: list[ast.stmt]
    called: list[ast.stmt]
    noting: ast.stmt
    lists: list[str]


def begin_together(statements: list[ast.stmt], several: Mapping[str, str]) -> None:
    """Call one function for all elements of a list.

    :param several: the functions for several objects, by those for one.
    """
    names: Names | None = None
    for block, _ in [*blocks_in(statements)]:
        for at, statement in [*enumerate(block)][::-1]:
            match statement:
                case ast.For(
                    ast.Name(element), ast.List([ast.Starred(ast.Name(listed))]), orelse=[]
                ):
                    names = names or Names(statements)
                    search = _search_in(statement, element, several, names)
                    if search is not None:
                        made = _together(search, element, listed, several)
                        block[at : at + 1] = [ast.copy_location(each, statement) for each in made]


def _search_in(
    loop: ast.For, element: str, several: Mapping[str, str], names: Names
) -> _Search | None:
    """Return what a loop does, if nothing but what an element leads to is noted."""
    calls = [at for at, each in enumerate(loop.body) if _called_by(each, element) in several]
    if len(calls) != 1 or len(loop.body) < calls[0] + 3:
        return None
    at = calls[0]
    call, gives_up, *behind = loop.body[at:]
    found = t.cast(str, written_name(call))
    # The element may be put on a list before or behind: the order does not matter.
    noted = [each for each in behind if appended_to(each) is None]
    if len(noted) != 1:
        return None
    noting = noted[0]
    added = [appended_to(each) for each in behind if each is not noting]
    here = Names(loop.body)
    is_alone = all(names.read[name] == here.read[name] for name in (element, found))
    if not is_alone or not _notes(gives_up, noting, found):
        return None
    if not all(each is not None and read_name(each[1]) == element for each in added):
        return None
    checks = loop.body[:at]
    if not all(
        only_gives_up(each) and {*Names([each]).read} <= _CHECKED | {element} for each in checks
    ):
        return None
    return _Search(checks, [call, gives_up], noting, [each[0] for each in added if each])


#: What the check of the sandbox reads besides the element.
_CHECKED = frozenset({"type", "harmless"})


def _called_by(statement: ast.stmt, element: str) -> str:
    """Return the name of the function that a statement calls for an element; "" if it does not."""
    match statement:
        case ast.Assign([ast.Name()], ast.Call(ast.Name(name), args)):
            is_it = len(args) == _ARGUMENTS and read_name(args[_OBJECT]) == element
            return name if is_it else ""
    return ""


def _notes(gives_up: ast.stmt, noting: ast.stmt, found: str) -> bool:
    """Tell whether statements give up, or put all that was found on a list."""
    match noting:
        case ast.If(ast.Name(tested), [*sizes, last], []):
            if tested != found or not all(map(only_gives_up, sizes)):
                return False
        case _:
            return False
    match last:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(), "extend"), [ast.Name(added)])):
            return added == found and only_gives_up(gives_up) and _is_about(gives_up, found)
    return False


def _is_about(statement: ast.stmt, name: str) -> bool:
    return {*Names([statement]).read} == {name}


def _together(
    search: _Search, element: str, listed: str, several: Mapping[str, str]
) -> Sequence[ast.stmt]:
    call: t.Any = search.called[0]
    call.value.func = load(several[call.value.func.id])
    call.value.args[_OBJECT] = load(SEVERAL)
    checked = code("for E in several: CHECKS", E=element, CHECKS=search.checks)
    return [
        *code("several = [*LISTED]", LISTED=listed),
        *(checked if search.checks else []),
        *search.called,
        search.noting,
        *(stmt("NAME += several", NAME=name) for name in search.lists),
    ]
