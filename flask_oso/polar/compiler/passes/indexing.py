"""A list that is gone through for each object of a chain is gone through once.

In go the statements of a function; they are changed where they stand. Where the one thing that a
loop asks of the object of the chain is whether it is a value of the element::

    for level in levels: … if v: for e in v: w = e.folder; if w is object: if p(e): found = True
        =>  h = {}; if v: for e in v: w = e.folder; if p(e): h[id(w)] = w
            for level in levels: … if id(object) in h: found = True

What is asked of an element before its value, such as the name of a role, stays around it. The
values are kept in the index, so that no other object gets the identity of one of them. Rows are
found by their keys. The same loop over the same list for the first object of the chain, in front
of it or behind it, uses the same index. Where a solution ends the function, it does so at the
object that is in the index.
"""

from __future__ import annotations

import ast
import types
import typing as t
from collections.abc import Callable, Iterator, Mapping

from ...value_objects import Record
from ..quotations import duplicate, stmt
from ..snippets import all_of, assign, call, code_of, compared, load, negate
from .names import (
    CHAIN,
    FOUND,
    KIND,
    Names,
    answers,
    blocks_in,
    ends_at_solution,
    nodes_in,
    read_name,
    sets_true,
    statements_in,
)
from .row_comparisons import IndexNames, RowComparison, read_row_comparison


class _Search(Record, frozen=False):
    """A loop that looks for elements with one value that is a given object.

    :param block: the statements among which it stands.
    :param start: the statement.
    :param over: the name of the list.
    :param loop: the loop itself, which is the last statement in the other one.
    :param end: the statements of which the last is the comparison.
    :param value: the name of the value of an element.
    :param wanted: the name of the object.
    :param found: the name of the flag for a solution.
    :param noted: notes the solution, or ends the function.
    :param rows: how the two are compared, if they are rows.
    """

    block: list[ast.stmt]
    start: ast.If
    over: str
    loop: ast.For
    end: list[ast.stmt]
    value: str
    wanted: str
    found: str
    noted: ast.stmt
    rows: RowComparison | None = None

    @property
    def test(self) -> ast.If:
        return t.cast(ast.If, self.end[-1])


def index(
    statements: list[ast.stmt],
    fresh: Callable[[str], str],
    lists: Mapping[str, str] = types.MappingProxyType({}),
) -> None:
    """Make an index for each list that is gone through for the objects of a chain.

    :param fresh: gives names.
    :param lists: by the name of a test of foreign keys, the name of what answers it for many
        rows.
    """
    if not any(_is_chain(node) for node in statements_in(statements)):
        return
    names = Names(statements)
    for block, _ in [*blocks_in(statements)]:
        for chain in [each for each in block if _is_chain(each)]:
            for search in _searches_in(t.cast(ast.For, chain), names, lists):
                place, others = _place_of(statements, block, chain, search, names, lists)
                held = _Index(fresh)
                outer, before = place
                here: ast.stmt = ast.Pass()
                outer.insert(_at(outer, before), here)
                for each in (search, *others):
                    at = _at(each.block, each.start)
                    each.block[at : at + 1] = held.looked_up(each)
                outer[_at(outer, here) : _at(outer, here) + 1] = held.made(search)


def _is_chain(node: ast.AST) -> bool:
    return type(node) is ast.For and read_name(node.target) == CHAIN


def _at(block: list[ast.stmt], statement: ast.stmt) -> int:
    return next(at for at, each in enumerate(block) if each is statement)


def _searches_in(chain: ast.For, names: Names, lists: Mapping[str, str]) -> list[_Search]:
    """Return the loops in a chain over lists that do not depend on its object."""
    changing = Names([chain]).written
    found = []
    for statement in chain.body:
        search = _search_of(chain.body, statement, names, lists)
        if search is None or search.over in changing:
            continue
        inside = Names(search.loop.body)
        free = inside.read.keys() - inside.written.keys() - {read_name(search.loop.target)}
        outside = changing - inside.written
        if {name for name in free if outside[name] > 0} <= {search.wanted}:
            found.append(search)
    return found


def _search_of(
    block: list[ast.stmt], start: ast.stmt, names: Names, lists: Mapping[str, str]
) -> _Search | None:
    """Return the search that a statement is; ``None`` if it is none, or does more."""
    over = read_name(start.test) if type(start) is ast.If else None
    loop = t.cast(ast.If, start).body[-1] if over else None
    if over is None or type(loop) is not ast.For or not loop.body:
        return None
    compared = _comparison_in(loop.body, lists)
    if read_name(loop.target) is None or compared is None:
        return None
    end, rows, pair, otherwise = compared
    test = t.cast(ast.If, end[-1])
    compares = [test.test] if rows is None else [*end[-rows.statements : -1], test.test]
    inside = Names([loop])
    found = _mark_in(test.body, inside)
    if found is None or Names(otherwise).written[found]:
        return None
    values = [name for name in pair if inside.written[name]]
    wanted = [name for name in pair if not inside.written[name]]
    if len(values) != 1 or len(wanted) != 1:
        return None
    if inside.read[wanted[0]] != Names(compares).read[wanted[0]]:
        return None
    if _goes_elsewhere(loop.body):
        return None
    own = inside.written.keys() - {found, KIND}
    if any(names.read[name] != inside.read[name] for name in own):
        # Something behind the loop reads what was found in it.
        return None
    noted = _noted_in(test.body, found)
    search = block, t.cast(ast.If, start), over, loop, end, values[0], wanted[0], found, noted
    return _Search(*search, rows)


def _mark_in(body: list[ast.stmt], inside: Names) -> str | None:
    """Return the one name by which it is noted that a loop has found something."""
    # A flag that the loop itself reads, as for the sides of an 'or', says nothing of the loop.
    marks = {name for name in map(sets_true, statements_in(body)) if name and not inside.read[name]}
    return marks.pop() if len(marks) == 1 else None


def _noted_in(body: list[ast.stmt], found: str) -> ast.stmt:
    """Return the statement by which a solution is noted; one that ends the function, if all do."""
    notes = [each for block, _ in blocks_in(body) for each in block if _notes(each) == found]
    ends = [each for each in notes if type(each) is ast.If]
    inner = [each for each in statements_in(body) if sets_true(each) == found]
    if ends and len(ends) == len(inner) and len({code_of([each], {}) for each in ends}) == 1:
        return ends[0]
    return assign(found, ast.Constant(True))


def _notes(statement: ast.stmt) -> str | None:
    """Return the name by which a statement notes a solution, if it does; it may end the function.

    ``if is_searched: found = True; else: return True``, or the other way round.
    """
    match statement:
        case ast.If(_, [one], [other]):
            for noted, ended in ((one, other), (other, one)):
                if answers(ended) and ends_at_solution([ended]):
                    return sets_true(noted)
    return sets_true(statement)


def _comparison_in(
    body: list[ast.stmt], lists: Mapping[str, str]
) -> tuple[list[ast.stmt], RowComparison | None, tuple[str, str], list[ast.stmt]] | None:
    """Return the statements that end with the comparison that a loop is about, and its names.

    It is the last statement of the loop, or of the conditions that stand last in it. Returned last
    are the statements for where one of these conditions does not hold.
    """
    otherwise: list[ast.stmt] = []
    while body and type(test := body[-1]) is ast.If:
        rows = read_row_comparison(body, lists)
        pair = _identical(test.test) if rows is None else (rows.value, rows.wanted)
        if pair is not None:
            return body, rows, pair, otherwise
        otherwise += test.orelse
        body = test.body
    return None


def _goes_elsewhere(body: list[ast.stmt]) -> bool:
    """Tell whether a loop does more than to note solutions, or to give up."""
    ends = (ast.Break, ast.Continue, ast.For)
    noted = {id(part) for each in statements_in(body) if _notes(each) for part in nodes_in([each])}
    return any(
        isinstance(node, ends) or (answers(node) and id(node) not in noted)
        for node in statements_in(body)
    )


def _identical(test: ast.expr) -> tuple[str, str] | None:
    """Return the names of which a test says that they are one object."""
    if type(test) is not ast.Compare or type(test.ops[0]) is not ast.Is:
        return None
    one, other = read_name(test.left), read_name(test.comparators[0])
    return None if one is None or other is None else (one, other)


def _place_of(
    statements: list[ast.stmt],
    block: list[ast.stmt],
    chain: ast.stmt,
    search: _Search,
    names: Names,
    lists: Mapping[str, str],
) -> tuple[tuple[list[ast.stmt], ast.stmt], list[_Search]]:
    """Return before which statement an index is made, and the other loops that it stands for."""
    shape = _shape_of(search)
    # The first object of the chain gets its name before the loop.
    place = block, block[_at(block, chain) - 1]
    for at, statement in enumerate(statements):
        other = _search_of(statements, statement, names, lists)
        if other is None or other.over != search.over or _shape_of(other) != shape:
            continue
        around = _around(statements[:at], chain)
        if around is None:
            continue
        start = place[1] if block is statements else around
        written = Names(statements[_at(statements, start) : at]).written
        if not any(written[name] for name in _used(other)):
            return (statements, start), [other]
    for outer, holder in _blocks_around(statements, chain):
        for at, statement in enumerate(outer[: _at(outer, holder)]):
            other = _search_of(outer, statement, names, lists)
            if other is None or other.over != search.over or _shape_of(other) != shape:
                continue
            written = Names(outer[at : _at(outer, holder) + 1]).written
            if not any(written[name] for name in _used(search) - {search.wanted}):
                return (outer, statement), [other]
    return place, []


def _used(search: _Search) -> set[str]:
    """Return the names that a loop reads and does not write."""
    names = Names([search.start])
    return {*names.read} - {*names.written}


def _blocks_around(
    statements: list[ast.stmt], inner: ast.stmt
) -> Iterator[tuple[list[ast.stmt], ast.stmt]]:
    """Yield the blocks around a statement, up to one that is repeated, from the inside.

    Each with its statement that holds the inner one.
    """
    around = [
        (block, holder)
        for block, _ in blocks_in(statements)
        if (holder := _around(block, inner)) is not None
    ]
    for block, holder in reversed(around):
        if type(holder) is ast.For and holder is not inner:
            return
        yield block, holder


def _around(statements: list[ast.stmt], inner: ast.stmt) -> ast.stmt | None:
    """Return the statement that is around another one."""
    return next(
        (each for each in statements if any(e is inner for e in statements_in([each]))), None
    )


def _shape_of(search: _Search) -> str:
    """Return a text that is equal for loops that look for the same, apart from names of theirs."""
    own: dict[str, str] = {search.wanted: "*wanted", search.found: "*found"}
    written = Names([search.loop]).written
    for node in nodes_in([search.loop]):
        if type(node) is ast.Attribute and node.attr == "admits":
            # What is read of elements in the same way has the same set of classes.
            own.setdefault(t.cast(str, read_name(node.value)), "*admitted")
        if type(node) is ast.Compare and type(node.ops[0]) is ast.NotIn:
            kinds = t.cast(str, read_name(node.comparators[0]))
            if read_name(node.left) == KIND and kinds not in _SHARED:
                own.setdefault(kinds, "*kinds")
        if type(node) is ast.Name and node.id in written:
            own.setdefault(node.id, f"*own{len(own)}")
    # Whether a solution ends the function does not matter.
    noted = code_of([assign(search.found, ast.Constant(True))], own)
    return code_of([search.loop], own).replace(code_of([search.noted], own), noted)


class _Index:
    """Writes an index, and what is looked up in it.

    :param fresh: gives names.
    """

    def __init__(self, fresh: Callable[[str], str]) -> None:
        self._fresh = fresh
        self._names = IndexNames(fresh("h"), fresh("r"), fresh("r"))

    def looked_up(self, search: _Search) -> list[ast.stmt]:
        """Write that a solution is noted for an object that is in the index."""
        mark = search.noted
        key: ast.expr = call("id", load(search.wanted))
        if search.rows is not None:
            key = search.rows.wanted_or_id(self._fresh)
        # A key takes longer than to see that nothing is held, or that a solution is found.
        tests = [load(self._names.held)]
        if search.found == FOUND and type(mark) is not ast.If:
            tests.append(negate(load(FOUND)))
        is_held = compared(key, ast.In(), load(self._names.held))
        looked: list[ast.stmt] = [ast.If(all_of([*tests, is_held]), [duplicate(mark)], [])]
        if search.rows is not None:
            asked = search.rows.asked(self._names, duplicate(mark))
            # What only a read can tell comes before a solution that ends the function.
            looked = [*asked, *looked] if type(mark) is ast.If else [*looked, *asked]
        return [ast.copy_location(each, search.start) for each in looked]

    def made(self, search: _Search) -> list[ast.stmt]:
        """Write that the index is made. The class of each value is looked at."""
        test, rows = search.test, search.rows
        for block, _ in blocks_in(test.body):
            for at, statement in enumerate(block):
                if _notes(statement) == search.found:
                    block[at] = self._kept(search)
        count = 1 if rows is None else rows.statements
        checks = test.orelse if rows is None else rows.checked(self._names)
        search.end[-count:] = [*checks, *test.body]
        begun = assign(self._names.held, ast.Dict([], []))
        if rows is None:
            return [begun, search.start]
        return [begun, *rows.begun(self._names), search.start, *rows.ended(self._names)]

    def _kept(self, search: _Search) -> ast.stmt:
        if search.rows is not None:
            return search.rows.kept_in(self._names, self._fresh)
        return stmt("HELD[id(X)] = X", HELD=self._names.held, X=search.value)


#: The sets of classes that are the same for all values.
_SHARED = frozenset({"simple", "by_text", "told", "rows", "harmless"})
