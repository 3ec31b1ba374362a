"""All elements of a list are put on a worklist in one step.

In go the statements that are done with each object of a worklist, which are changed where they
stand. The equation::

    count = count + len(v);  if count > N: return None
    for e in [*v]:
        if type(e) not in harmless: return None
        todo.append(e)
            =>  todo += v;  if len(todo) > M: break

What is put on a second list, too, is read once. The check of the sandbox is done where an object is
looked at, if nothing there does it anyway. Behind ``break``, the function is called that remembers
each call, as where too many objects are found.
"""

from __future__ import annotations

import ast
import typing as t

from ...quotations import code
from ...snippets import code_of, is_unchecked
from ..exclusion import class_tested
from ..names import COUNT, Names, appended_to, disjuncts, only_gives_up, read_name, written_name


def put_on_at_once(body: list[ast.stmt], parameter: str, todo: str, most: int) -> None:
    """Put lists on a worklist, where each of their elements is put on it and nothing else is done.

    :param body: what is done with each object, which is the parameter.
    :param most: how many objects there may be.
    """
    batches = [*_batches_in(body, todo, Names(body))]
    for block, at, listed, element, names in batches:
        one_of, written = listed, list[ast.stmt]()
        if len(names) > 1:
            # Another thread may change the list meanwhile.
            one_of = element
            written += code("ELEMENT = [*LISTED]", ELEMENT=element, LISTED=listed)
        for name in names:
            written += code("NAME += ONE_OF", NAME=name, ONE_OF=one_of)
        written += code("if len(WAITING) > MOST: break", WAITING=todo, MOST=most)
        begin = at - 2 if _counts(block[max(at - 2, 0) : at], listed) else at
        block[begin : at + 1] = [ast.copy_location(each, block[at]) for each in written]
    if batches and not _is_checked(body, parameter):
        body[:0] = code("if type(X) not in harmless: return None", X=parameter)


def _batches_in(
    block: list[ast.stmt], todo: str, names: Names
) -> t.Iterator[tuple[list[ast.stmt], int, str, str, list[str]]]:
    """Yield where a loop puts elements on lists, what it goes through, and the lists.

    Not within other loops, which ``break`` would end. The last ones of a block come first.
    """
    for at, statement in [*enumerate(block)][::-1]:
        match statement:
            case ast.If():
                yield from _batches_in(statement.body, todo, names)
                yield from _batches_in(statement.orelse, todo, names)
            case ast.For(ast.Name(element), ast.List([ast.Starred(ast.Name(listed))]), orelse=[]):
                lists = _lists_of(statement.body, element)
                is_only_here = names.read[element] == Names(statement.body).read[element]
                if todo in lists and is_only_here and names.written[element] == 1:
                    yield block, at, listed, element, lists


def _lists_of(body: list[ast.stmt], element: str) -> list[str]:
    """Return the lists that an element is put on, if nothing else is done with it."""
    checked, lists = code_of([is_unchecked(element)]), list[str]()
    for statement in body:
        added = appended_to(statement)
        if added is not None and read_name(added[1]) == element:
            lists.append(added[0])
        elif not only_gives_up(statement) or code_of([_test_of(statement)]) != checked:
            return []
    # A check of the sandbox is no longer done first.
    return lists


def _counts(statements: list[ast.stmt], listed: str) -> bool:
    """Tell whether two statements count the elements of a list as steps."""
    if len(statements) != 2 or written_name(statements[0]) != COUNT:
        return False
    is_limit = only_gives_up(statements[1]) and Names([statements[1]]).read[COUNT] == 1
    return is_limit and Names([statements[0]]).read[listed] == 1


def _is_checked(body: list[ast.stmt], parameter: str) -> bool:
    """Tell whether all that is done with an object begins with a check of the sandbox."""
    first: t.Any = body[0]
    tested = class_tested(first.test) if type(first) is ast.If else None
    if tested is None or tested[0] != parameter or len(body) != 1 or len(first.orelse) != 1:
        return False
    otherwise = first.orelse[0]
    if not only_gives_up(otherwise):
        return False
    return code_of(disjuncts(otherwise.test)[:1]) == code_of([is_unchecked(parameter)])


def _test_of(statement: ast.stmt) -> ast.expr:
    return t.cast(ast.If, statement).test
