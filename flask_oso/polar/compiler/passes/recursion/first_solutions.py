"""A loop along a chain ends with its first solution, where its caller ends with that.

So does a condition that stands in the function itself: see ``end_with_conditions()``.

In go the statements of a function that is a loop, and those of its callers. The solver looks at
nothing behind its first solution; nor does the loop, which its caller tells so::

    def g(a, level, memo, is_first=is_first):
        for level in …:
            if a.owner is u:
                if is_first: return True
                found = True
            …

    v = g(d, 0, memo)                       v = g(d, 0, memo, not is_searched)
    if v is None: return None           =>  if v is None: return None
    if v: return True                       if v: return True

It is for functions that tell whether there is a solution. Those that gather them look for all.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Collection, Container, Iterable

from ...quotations import code
from ...snippets import all_of, assign, load, negate
from ..names import (
    FOUND,
    Names,
    blocks_in,
    ends_at_solution,
    gives_up,
    nodes_in,
    only_gives_up,
    read_name,
    statements_in,
    written_name,
)

#: The name of whether a function ends with its first solution.
IS_FIRST = "is_first"
_IS_SEARCHED = "is_searched"
#: The most statements that are put before a condition: they are then reached where it is not met.
_MOST_TESTS = 20


def noted_or_ended(flag: str = FOUND) -> list[ast.stmt]:
    """Write that a solution is noted, or ends the function.

    :param flag: what is noted: that there is a solution, or that a condition holds.
    """
    noted = """
        if IS_FIRST: return True
        else: FLAG = True
    """
    return code(noted, IS_FIRST=IS_FIRST if flag == FOUND else f"{IS_FIRST} {flag}", FLAG=flag)


def results_of(statements: list[ast.stmt], name: str) -> list[str]:
    """Return the names of what calls of a function find."""
    calls = ((each, getattr(each, "value", None)) for each in statements)
    return [
        t.cast(str, written_name(statement))
        for statement, called in calls
        if type(called) is ast.Call and read_name(called.func) == name
    ]


def search_for_all(statements: list[ast.stmt], flag: str = FOUND) -> None:
    """Have no solution end a function."""
    test = IS_FIRST if flag == FOUND else f"{IS_FIRST} {flag}"
    for block, _ in [*blocks_in(statements)]:
        for at, statement in [*enumerate(block)][::-1]:
            if type(statement) is ast.If and read_name(statement.test) == test:
                block[at : at + 1] = statement.orelse


def may_end(statements: list[ast.stmt]) -> bool:
    """Tell whether a function may end with its first solution."""
    return Names(statements).read[IS_FIRST] > 0


def end_with_calls(
    statements: list[ast.stmt], ending: Container[str], fresh: Callable[[str], str]
) -> None:
    """Tell functions that one solution is enough, where the caller ends with it.

    Or with tests behind it that only read attributes of arguments and compare: they are made
    before the call. Where they fail, the function looks at all that the solver looks at::

        v = g(d, 0, memo)                       r = False
        if v is None: return None               if d.open: r = True
        if v:                               =>  v = g(d, 0, memo, r and not is_searched)
            if d.open: return True              if v is None: return None
                                                if v and r: return True

    :param ending: the names of the functions that can be told so.
    :param fresh: gives names.
    """
    for block, _ in [*blocks_in(statements)]:
        for at, statement in [*enumerate(block[:-2])][::-1]:
            called: t.Any = getattr(statement, "value", None)
            if type(called) is not ast.Call or read_name(called.func) not in ending:
                continue
            found, then = written_name(statement), block[at + 2]
            if type(then) is not ast.If or read_name(then.test) != found or then.orelse:
                continue
            is_one = negate(load(_IS_SEARCHED))
            if ends_at_solution(then.body):
                called.args.append(is_one)
            elif (solution := _solution_in(then.body)) is not None:
                holds = fresh("r")
                called.args.append(all_of([load(holds), is_one]))
                block[at:at] = _tests_first(then, solution, holds)


def end_with_results(statements: list[ast.stmt], ending: Container[str]) -> None:
    """Tell functions that one solution is enough, where it is the first one of their caller::

        v = g(d, 0, memo)                       v = g(d, 0, memo, is_first)
        if v is None: return None           =>  if v is None: return None
        if v:                                   if v:
            if is_first: return True                if is_first: return True
            else: found = True                      else: found = True

    :param ending: the names of the functions that can be told so.
    """
    for block, _ in blocks_in(statements):
        for statement, then in zip(block, block[2:], strict=False):
            called: t.Any = getattr(statement, "value", None)
            if type(called) is not ast.Call or read_name(called.func) not in ending:
                continue
            if type(then) is not ast.If or read_name(then.test) != written_name(statement):
                continue
            match then.body:
                case [ast.If(ast.Name(test))] if test == IS_FIRST != read_name(called.args[-1]):
                    called.args.append(load(IS_FIRST))


def end_with_conditions(
    statements: list[ast.stmt], flags: Collection[str], fresh: Callable[[str], str]
) -> None:
    """End a function where a condition is met, if what is tested behind it holds.

    As for calls, these tests come first, also conditions that go through no list::

        b = False                               r = False
        for …: if m.user is u: b = True         if d.open: r = True
        if b:                               =>  b = False
            if d.open: return True              for …: if m.user is u:
                                                    if r and not is_searched: return True
                                                    b = True
                                                if b and r: return True

    :param flags: the names of conditions that are noted so that they may end the function.
    """
    if not flags:
        return
    in_loops = Names([each for each in nodes_in(statements) if type(each) is ast.For]).read
    searches = [flag for flag in flags if in_loops[f"{IS_FIRST} {flag}"]]
    # What goes through no list is a test behind those that do.
    for flag in (each for each in flags if each not in searches):
        search_for_all(statements, flag)
    for flag in searches:
        holds = _tested_first(statements, flag, fresh)
        if holds is None:
            search_for_all(statements, flag)
            continue
        for block, _ in blocks_in(statements):
            for each in block:
                if type(each) is ast.If and read_name(each.test) == f"{IS_FIRST} {flag}":
                    each.test = all_of([load(holds), negate(load(_IS_SEARCHED))])


def _tested_first(statements: list[ast.stmt], flag: str, fresh: Callable[[str], str]) -> str | None:
    """Put what is tested behind a condition before it; return the name of whether that holds."""
    if Names(statements).read[flag] != 1:
        return None
    for block, _ in blocks_in(statements):
        begins = [at for at, each in enumerate(block) if written_name(each) == flag]
        for then in block:
            if type(then) is not ast.If or read_name(then.test) != flag or then.orelse:
                continue
            solution = None if ends_at_solution(then.body) else _solution_in(then.body)
            if solution is None or len(begins) != 1:
                return None
            holds = fresh("r")
            block[begins[0] : begins[0]] = _tests_first(then, solution, holds)
            return holds
    return None


def _tests_first(then: ast.If, solution: list[ast.stmt], holds: str) -> list[ast.stmt]:
    """Take tests out of a condition; return statements that note whether they hold."""
    tests = [assign(holds, ast.Constant(False)), *then.body]
    then.test, then.body = all_of([then.test, load(holds)]), [*solution]
    solution[:] = [assign(holds, ast.Constant(True))]
    return tests


def _solution_in(tests: list[ast.stmt]) -> list[ast.stmt] | None:
    """Return the statements of the solution behind tests, which end the function.

    ``None`` if something else is done, or if a test reads what may not be there to be read.

    INVARIANT: what is put before a call or a condition notes no solution: another rule may have one
    behind it.
    """
    before, last = tests[:-1], tests[-1]
    if not _only_test(before, set()) or type(last) is not ast.If:
        return None
    if len([*statements_in(before)]) > _MOST_TESTS:
        return None
    leading = [each for each in (last.body, last.orelse) if not all(map(_leads_nowhere, each))]
    if len(leading) != 1:
        return None
    made = {name for each in tests if (name := written_name(each)) is not None}
    for node in nodes_in([*before, last.test]):
        if type(node) is ast.Attribute or type(node) is ast.Subscript:
            owner = read_name(node.value)
            if owner is None or owner in made:
                return None
    return leading[0] if ends_at_solution(leading[0]) else _solution_in(leading[0])


def _only_test(statements: Iterable[ast.stmt], flags: set[str]) -> bool:
    """Tell whether statements only give values names, give up, or set flags of their own.

    :param flags: the names of flags that began as not set; those of these statements are added.
    """
    for each in statements:
        name, value = written_name(each), getattr(each, "value", None)
        if name is not None and type(value) is ast.Constant:
            if value.value is False and name != FOUND:
                flags.add(name)
            elif name not in flags:
                return False
        elif type(each) is ast.If:
            if not _only_test(each.body, flags) or not _only_test(each.orelse, flags):
                return False
        elif name is None and not _leads_nowhere(each):
            return False
    return True


def _leads_nowhere(statement: ast.stmt) -> bool:
    """Tell whether a statement gives up, perhaps under a condition, or does nothing."""
    return gives_up(statement) or only_gives_up(statement) or type(statement) is ast.Pass
