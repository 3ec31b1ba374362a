"""A list or tuple is searched where it stands, without the call that searches any collection.

In go the statements of a function; they are changed where they stand::

    if a in v if type(v) in sets else among(a, v): x
        =>  b = False
            if ((p := type(v)) is list or p is tuple) and type(a) in simple:
                for e in [*v]:
                    if type(e) is not str and type(e) not in simple: b = among(a, v); break
                    if e == a: b = True
            elif a in v if p in sets else among(a, v): b = True
            if b: x

Most lists that policies search are short, and then the call takes longer than the search; of long
ones each element takes as long.

The values of a dictionary are searched while they are read::

    v = entries(d, "values");  if a in v if type(v) in sets else among(a, v): x
        =>  if among_values(a, d): x

Where ``x`` only notes that something is found, the loop notes it. Where ``x`` ends the function,
unless all solutions are searched for, the solver looks at no element behind the first that is
equal, and nor does the search. Then ``x``, if it is short, stands in the loop::

                for e in [*v]:
                    if type(e) is not str and type(e) not in simple:
                        if among_first(a, v, is_searched): x
                        break
                    if e == a:
                        if is_searched and not among_first(a, v, is_searched): break
                        x
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Container, Iterator

from ..quotations import Hole, code, duplicate, expr, stmt
from ..snippets import all_of, assign, call, load
from .names import (
    Names,
    blocks_in,
    ends_at_solution,
    nodes_in,
    read_name,
    sets_true,
    statements_in,
    written_name,
)

#: The search that looks at nothing behind an element that is equal, and whether it must.
_FIRST, _IS_SEARCHED = "among_first", "is_searched"
#: The most searches of a function that are written out.
MAX_WRITTEN = 4
#: The most statements that stand twice.
_MOST = 6
#: What is one of these is compared element by element.
_CONTAINERS = frozenset({list, dict, tuple, set, frozenset})
_SCALARS = frozenset({str, int})


def write_out_searches(
    statements: list[ast.stmt], fresh: Callable[[str], str], *, may_end: bool = False
) -> None:
    """Search short lists in the function itself.

    :param fresh: gives names.
    :param may_end: whether the function ends at a solution, unless it searches for all of them.
    """
    written, unsorted = 0, {*_values_in(statements)}
    if unsorted:
        _search_entries(statements, unsorted)
    for block, _ in [*blocks_in(statements)]:
        for statement in [*block]:
            search = _search_in(statement)
            if search is None or read_name(search.args[1]) in unsorted:
                continue
            is_one = not getattr(search, "is_negated", True)
            if may_end and is_one and ends_at_solution(t.cast(ast.If, statement).body):
                search.func, search.args = load(_FIRST), [*search.args, load(_IS_SEARCHED)]
            if _is_written_out(search) and written < MAX_WRITTEN:
                written += 1
                at = block.index(statement)
                block[at : at + 1] = _written_out(t.cast(ast.If, statement), search, fresh)


def _values_in(statements: list[ast.stmt]) -> Iterator[str | None]:
    """Yield the names of the values of dictionaries: they have no order, and are no lists."""
    for statement in statements_in(statements):
        match statement:
            case ast.Assign([_], ast.Call(ast.Name("entries"), [_, ast.Constant("values")])):
                yield written_name(statement)


def _search_entries(statements: list[ast.stmt], values: Container[str | None]) -> None:
    """Search the values of dictionaries while they are read, where nothing else needs them.

    :param values: their names.
    """
    names = Names(statements)
    for block, _ in [*blocks_in(statements)]:
        for at in reversed(range(1, len(block))):
            search, made = _search_in(block[at]), written_name(block[at - 1])
            if search is None or made is None or made not in values:
                continue
            if read_name(search.args[1]) != made:
                continue
            here, read = t.cast(ast.If, block[at]), t.cast(t.Any, block[at - 1]).value
            if names.read[made] == Names([here.test]).read[made]:
                here.test = call("among_values", search.args[0], read.args[0])
                del block[at - 1]


def _search_in(statement: ast.stmt) -> ast.Call | None:
    """Return the call that searches a collection, if a condition does nothing else."""
    if type(statement) is not ast.If:
        return None
    test: t.Any = statement.test
    called = test.orelse if type(test) is ast.IfExp else test
    if type(called) is not ast.Call or read_name(called.func) != "among":
        return None
    return called


def _is_written_out(search: ast.Call) -> bool:
    """Tell whether what is searched for may be a text, a number or an object."""
    cls = _class_of_item(search)
    if getattr(search, "is_set", False):
        return False
    if type(search.args[0]) is ast.Constant:
        return cls in _SCALARS
    return cls not in _CONTAINERS


def _class_of_item(search: ast.Call) -> type | None:
    """Return the class of what is searched for, if it is known."""
    item: t.Any = search.args[0]
    return type(item.value) if type(item) is ast.Constant else getattr(search, "kind", None)


def _written_out(
    statement: ast.If, search: ast.Call, fresh: Callable[[str], str]
) -> list[ast.stmt]:
    item, listed = search.args[0], t.cast(ast.Name, search.args[1]).id
    kind, mine, found = fresh("p"), fresh("p"), fresh("b")
    test: t.Any = statement.test
    if type(test) is ast.IfExp:
        # What it looks at first is whether the collection is a set.
        _, *about_item = test.test.values if type(test.test) is ast.BoolOp else [test.test]
        test.test = all_of([expr("K is set or K in sets", K=kind), *about_item])
    tests = [expr("(K := type(LISTED)) is list or K is tuple", K=kind, LISTED=listed)]
    cls = _class_of_item(search)
    is_text_or_integer = cls is str or cls is int
    is_itself = getattr(search, "is_itself", False)
    if cls is None:
        tests.append(expr("(M := type(ITEM)) is str or M in simple", M=mine, ITEM=item))
    elif not is_text_or_integer and not is_itself:
        tests.append(expr("(M := type(ITEM)) in simple", M=mine, ITEM=item))
    kind_of_item = t.cast(type, cls).__name__ if is_text_or_integer else mine
    if is_itself:
        # No element of the same class is equal to it, and simple ones ask nobody.
        kind_of_item = getattr(search, "class_name", None) or mine
    noted, element = _only_noted(statement), fresh("v")
    others, follows = duplicate(statement), list[ast.stmt]()
    if read_name(search.func) == _FIRST and not statement.orelse and _is_short(statement):
        searched: list[ast.stmt] = [_loop_that_ends(search, load(kind_of_item), statement, element)]
    elif noted is not None and read_name(search.func) != _FIRST:
        searched = [_loop(search, load(kind_of_item), noted, element)]
        # It may be noted already.
        t.cast(t.Any, searched[0]).body[0].body[0] = duplicate(ast.If(search, statement.body, []))
    else:
        searched = [_loop(search, load(kind_of_item), found, element)]
        others = ast.If(duplicate(test), [assign(found, ast.Constant(True))], [])
        statement.test = load(found)
        follows = [statement]
    if is_itself and kind_of_item == mine:
        searched.insert(0, assign(mine, call("type", item)))
    searching = ast.copy_location(ast.If(all_of(tests), searched, [others]), statement)
    begun = [assign(found, ast.Constant(False))] if follows else []
    return [*begun, searching, *follows]


def _is_short(statement: ast.If) -> bool:
    """Tell whether what is done where a value is found may stand there twice."""
    return sum(isinstance(each, ast.stmt) for each in nodes_in(statement.body)) <= _MOST


def _only_noted(statement: ast.If) -> str | None:
    """Return the name that says that something is found, if a condition does nothing else."""
    is_short = len(statement.body) == 1 and not statement.orelse
    return sets_true(statement.body[0]) if is_short else None


def _loop(search: ast.Call, mine: ast.expr, found: str, element: str) -> ast.stmt:
    """Write that a list is searched for a value of a class.

    :param found: the name that says that it is found.
    """
    loop = """
        for E in [*LISTED]:
            if type(E) is not MINE and type(E) not in simple:
                FOUND = SEARCH
                break
            if SAME:
                FOUND = True
                END
    """
    is_first = read_name(search.func) == _FIRST
    end = code("if not is_searched: break") if is_first else []
    return stmt(loop, FOUND=found, END=end, **_about(search, mine, element))


def _loop_that_ends(search: ast.Call, mine: ast.expr, statement: ast.If, element: str) -> ast.stmt:
    """Write that a list is searched for a value of a class, and what is done where it is found.

    That ends the function, unless all elements are to be looked at.
    """
    # Without an end of the function, all elements were looked at.
    ends = [] if type(statement.body[-1]) is ast.Return else [ast.Break()]
    loop = """
        for E in [*LISTED]:
            if type(E) is not MINE and type(E) not in simple:
                if SEARCH: BODY
                break
            if SAME:
                if is_searched and not SEARCH: break
                BODY
                ENDS
    """
    about = _about(search, mine, element)
    made = t.cast(ast.For, stmt(loop, BODY=statement.body, ENDS=ends, **about))
    is_odd, is_there = made.body
    ast.copy_location(is_there, statement)
    if getattr(search, "is_itself", False):
        # That asks nobody, and is what ends the search.
        made.body = [is_there, is_odd]
    return made


def _about(search: ast.Call, mine: ast.expr, element: str) -> dict[str, Hole]:
    """Return what the loops have in common: of an odd element the call is asked."""
    is_itself = getattr(search, "is_itself", False)
    same = expr("E is ITEM" if is_itself else "E == ITEM", E=element, ITEM=search.args[0])
    listed = t.cast(ast.Name, search.args[1]).id
    return {"E": element, "LISTED": listed, "MINE": mine, "SEARCH": search, "SAME": same}
