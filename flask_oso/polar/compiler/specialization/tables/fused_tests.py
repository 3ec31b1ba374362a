"""Tests for several strings that differ in the texts of one comparison alone become one test.

In go the statements of each test, and the strings that it is for; out come fewer tests::

    for e in v: w = e.name; if w == "a": … found = True                 for "edit"
    for e in v: w = e.name; if w == "a" or w == "b": … found = True     for "read"
        =>  for e in v: w = e.name; if w == "a" or w == "b": … strings.update(TABLE[w])

So roles are gone through once for all actions that they give. Each of the tests is made in any
case, and where one gives up, so do all.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Iterator, Sequence

from ...passes.names import (
    FOUND,
    blocks_in,
    disjuncts,
    nodes_in,
    read_name,
    sets_true,
    statements_in,
    written_name,
)
from ...quotations import duplicate
from ...scopes import ProgramInterface
from ...snippets import any_of, compared, item_of, load, method_call

#: So many texts are compared one by one.
_FEW = 3
#: The statements of a test, and the strings for which there is a solution where it holds.
Test = tuple[list[ast.stmt], list[str]]


def fused(
    tests: Sequence[Test],
    program: ProgramInterface,
    code_of: Callable[[Sequence[ast.AST]], str],
    strings: str,
) -> list[Test]:
    """Return the tests, of which some are one: that notes the strings itself.

    :param code_of: gives a text that is equal for statements that do the same.
    :param strings: the name of the set of all that are found.
    """
    alike: dict[tuple[int, str], list[tuple[int, frozenset[str]]]] = {}
    for number, (statements, _) in enumerate(tests):
        for at, (sites, name, texts) in enumerate(_sites(statements, program)):
            before = [site.test for site in sites]
            for site in sites:
                # The name is part of what has to be equal.
                site.test = ast.Constant(f"?{name}")
            alike.setdefault((at, code_of(statements)), []).append((number, texts))
            for site, test in zip(sites, before, strict=True):
                site.test = test
    made: dict[int, Test] = {}
    done: set[int] = set()
    for (at, _), group in sorted(alike.items(), key=lambda each: -len(each[1])):
        if len(group) < 2 or not done.isdisjoint(number for number, _ in group):
            continue
        numbers = [number for number, _ in group]
        done.update(numbers)
        found = [(texts, tests[number][1]) for number, texts in group]
        made[min(numbers)] = _one_test(tests[numbers[0]][0], at, found, program, strings), []
    left = ((n, made.get(n, test)) for n, test in enumerate(tests) if n in made or n not in done)
    return [test for _, test in left]


def _sites(
    statements: list[ast.stmt], program: ProgramInterface
) -> Iterator[tuple[list[ast.If], str, frozenset[str]]]:
    """Give the comparisons with texts within which a test finds its only solution.

    Each as: where it stands, which may be twice, the name that is compared, and the texts.
    """
    nodes = [*nodes_in(statements)]
    inside = [each for each in nodes if isinstance(each, ast.stmt)]
    starts = sum(written_name(each) == FOUND for each in inside)
    if sum(map(_is_success, inside)) != 1 or sum(read_name(n) == FOUND for n in nodes) != starts:
        return
    places: dict[tuple[str, frozenset[str]], list[ast.If]] = {}
    for each in inside:
        choice = _choice(each.test, program) if type(each) is ast.If else None
        if choice is not None:
            places.setdefault(choice, []).append(t.cast(ast.If, each))
    for (name, texts), sites in places.items():
        within = [*statements_in([each for site in sites for each in site.body])]
        is_open = any(site.orelse for site in sites) or any(written_name(e) == name for e in within)
        if any(map(_is_success, within)) and not is_open:
            yield sites, name, texts


def _one_test(
    statements: list[ast.stmt],
    at: int,
    found: list[tuple[frozenset[str], list[str]]],
    program: ProgramInterface,
    strings: str,
) -> list[ast.stmt]:
    """Write the test for all strings."""
    body = duplicate(statements)
    sites, name, _ = [*_sites(body, program)][at]
    table: dict[str, tuple[str, ...]] = {}
    for texts, given in found:
        for text in texts:
            table[text] = (*table.get(text, ()), *given)
    known = sorted(table)
    given_here = item_of(load(program.constant(table)), load(name))
    noted = ast.Expr(method_call(load(strings), "update", given_here))
    for site in sites:
        site.test = _is_one_of(name, known, program)
        for block, _ in blocks_in(site.body):
            block[:] = [noted if _is_success(each) else each for each in block]
    return body


def _is_one_of(name: str, texts: list[str], program: ProgramInterface) -> ast.expr:
    if len(texts) > _FEW:
        return compared(load(name), ast.In(), load(program.constant(frozenset(texts))))
    return any_of([compared(load(name), ast.Eq(), ast.Constant(text)) for text in texts])


def _is_success(statement: ast.stmt) -> bool:
    return sets_true(statement) == FOUND


def _choice(test: ast.expr, program: ProgramInterface) -> tuple[str, frozenset[str]] | None:
    """Return the name that is compared with texts alone, and these."""
    names, texts = set[str](), set[str]()
    for part in disjuncts(test):
        if type(part) is not ast.Compare or type(part.left) is not ast.Name:
            return None
        names.add(part.left.id)
        (operator,), (other,) = part.ops, part.comparators
        if type(operator) is ast.Eq and type(other) is ast.Constant and type(other.value) is str:
            texts.add(other.value)
            continue
        known = program.constant_value(other.id) if type(other) is ast.Name else None
        if type(operator) is not ast.In or type(known) is not frozenset:
            return None
        if not all(type(each) is str for each in known):
            return None
        texts |= known
    return (names.pop(), frozenset(texts)) if len(names) == 1 else None
