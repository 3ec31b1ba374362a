"""The statements of the regions of a specialization.

In goes a region; out come its reads, then those of its inner regions, with loops last. Tests of one
value that exclude each other stand behind each other, or, where they are many, behind one look into
a table.
"""

from __future__ import annotations

import ast
import itertools
import typing as t

from ..passes.constants import Alike, share_alike
from ..passes.names import statements_in
from ..quotations import Hole, code
from ..snippets import (
    assign,
    call,
    code_of,
    compared,
    is_not_none,
    is_type,
    load,
    method_call,
    named_value,
)
from .regions import GIVE_UP, ChainRepetition, Known, Region, step_limit

#: A value is compared with so many strings one by one, at most.
_FEW_STRINGS = 8


def region_statements(region: Region) -> list[ast.stmt]:
    """Return the statements of a region: reads first, then inner regions, loops last."""
    is_start = region.above is None or region.is_barrier
    flags = _flags_of(region) if is_start else []
    out = [assign(flag, ast.Constant(False)) for flag in flags]
    out += region.reads
    if region.successes:
        out += region.first or [assign(region.found, ast.Constant(True))]
        out += region.solved
    items = [each for each in region.in_order() if not _is_left_out(each)]
    for compared_value, alike in itertools.groupby(items, _compared_value):
        inside = [*alike]
        if compared_value is not None and len(inside) > _FEW_STRINGS:
            _append(out, _by_table(compared_value, inside))
        else:
            for inner in inside:
                _append(out, _enclosed(inner))
    if region.flag is not None:
        out.append(assign(region.flag, ast.Constant(True)))
    if region.is_kept and not out:
        out = [ast.Pass()]
    if region.again is not None:
        out = _repeated(region, out)
    return out


def _enclosed(inner: Region) -> list[ast.stmt]:
    body = region_statements(inner)
    header: t.Any = inner.header
    if header is None:
        return [assign(inner.found, ast.Constant(False)), *body]
    if isinstance(header, ast.If):
        if body == [GIVE_UP] and isinstance(header.test, ast.Constant):
            return body
        if isinstance(header.test, ast.Constant) and header.test.value is True:
            return body
        header.body = body or [ast.Pass()]
        header.texts = inner.texts  # type: ignore[attr-defined]
        return [header] if body or header.orelse else []
    header.body = body
    # An empty list, the usual case, need not be copied.
    return [ast.If(load(inner.over), [*inner.body, header], [])] if body else []


def _repeated(region: Region, body: list[ast.stmt]) -> list[ast.stmt]:
    """Write the repetition of a region for the objects of a chain, up to a limit."""
    again, subject = t.cast(ChainRepetition, region.again), t.cast(Known, region.subject).name
    # Chains may be nested, also in loops. The first object has the same name as all others.
    repeated = """
        KEPT = X
        for level in LEVELS:
            COUNTED
            BODY
            if not FLAG: break
            X = FOLLOWING
        else: return None
        X = KEPT
    """
    names: dict[str, Hole] = {"KEPT": again.kept, "LEVELS": again.levels, "FLAG": again.flag}
    parts: dict[str, Hole] = {"COUNTED": step_limit(ast.Constant(1)), "BODY": body}
    return code(repeated, X=subject, FOLLOWING=again.following, **names, **parts)


def _flags_of(region: Region) -> list[str]:
    """Return the flags of the inner regions that are reached as often as a region."""
    flags, stack = [], [*region.items]
    while stack:
        inner = stack.pop(0)
        if inner.flag is not None:
            flags.append(inner.flag)
        if not inner.is_barrier:
            stack = [*inner.items, *stack]
    return flags


def _append(out: list[ast.stmt], following: list[ast.stmt]) -> None:
    """Append statements; as ``elif`` if each of the tests before excludes theirs."""
    last = out[-1] if out else None
    tests = [last]
    while isinstance(last, ast.If) and len(last.orelse) == 1:
        last = last.orelse[0]
        tests.append(last)
    if isinstance(last, ast.If) and not last.orelse and len(following) == 1:
        behind = getattr(following[0], "texts", None)
        if behind and all(_excludes(getattr(test, "texts", None), behind) for test in tests):
            last.orelse = following
            return
    out += following


def _excludes(
    before: tuple[str, frozenset[str]] | None, behind: tuple[str, frozenset[str]]
) -> bool:
    return before is not None and before[0] == behind[0] and not before[1] & behind[1]


def _is_left_out(region: Region) -> bool:
    """Tell whether a region has nothing but a test that was moved behind another one."""
    header: t.Any = region.header
    if region.late is None or header.orelse:
        return False
    # Where it has a flag, what follows stands elsewhere, and depends on that.
    return region.flag is None and region.is_empty()


def _compared_value(region: Region) -> tuple[str, bool] | None:
    """Return the value that a region compares with one string, if it does nothing else.

    Or with an integer: then with ``True``.
    """
    header: t.Any = region.header
    if region.number is not None and not header.orelse:
        return region.number[0], True
    if region.texts is None or len(region.texts[1]) != 1 or header.orelse:
        return None
    return region.texts[0], False


def _by_table(value: tuple[str, bool], regions: list[Region]) -> list[ast.stmt]:
    """Write regions that compare one value with a constant each: it is looked up in a table.

    They exclude each other, so their order does not matter. Those that do the same become one.
    """
    name, is_number = value
    texts: dict[str, set[t.Any]] = {}
    bodies: dict[str, list[ast.stmt]] = {}
    for region in regions:
        body = region_statements(region)
        if body:
            key = code_of(body)
            bodies.setdefault(key, body)
            texts.setdefault(key, set()).update(_constants_of(region))
    branches = [(texts[key], body) for key, body in bodies.items()]
    if not branches:
        return []
    groups = share_alike(branches, f"c_{name}_")
    if len(groups) == 1 and len(groups[0].names) == 1:
        number, table, body = groups[0].names[0], groups[0].table(), groups[0].body
    else:
        number = f"n_{name}"
        table = {
            text: at for at, each in enumerate(groups) for text in sorted(set().union(*each.texts))
        }
        body = _by_halves(number, [_with_constants(each, name) for each in groups])
    named = _table(table)
    item = _number_of(name) if is_number else load(name)
    kept = named_value(number, method_call(named, "get", item))
    made = ast.If(is_not_none(kept), body, [])
    if not is_number:
        made.texts = name, frozenset(table)  # type: ignore[attr-defined]
    made.table = named, table  # type: ignore[attr-defined]
    return [made]


def _constants_of(region: Region) -> t.Iterable[t.Any]:
    """Return the constants of which the value of a region has to equal one."""
    if region.number is not None:
        return (region.number[1],)
    return t.cast("tuple[str, frozenset[str]]", region.texts)[1]


def _number_of(name: str) -> ast.expr:
    """Write what a table of integers has for a value: most are integers."""
    return ast.IfExp(is_type(name, "int"), load(name), call("number_of", load(name)))


def _with_constants(alike: Alike, name: str) -> list[ast.stmt]:
    """Write statements that look their constants up first."""
    if not alike.names:
        return alike.body
    table = alike.table()
    named = _table(table)
    looked_up = ast.Assign([alike.target()], ast.Subscript(named, load(name), ast.Load()))
    looked_up.table = named, table  # type: ignore[attr-defined]
    return [looked_up, *alike.body]


def _table(table: dict[t.Any, t.Any]) -> ast.Name:
    """Write a table, which gets its name later."""
    return ast.Name(f"table {table}", ast.Load())


def _by_halves(number: str, bodies: list[list[ast.stmt]], first: int = 0) -> list[ast.stmt]:
    """Write that the one of several bodies that has a number is found by halves.

    :param first: the number of the first of them.
    """
    if len(bodies) == 1:
        return bodies[0]
    half = len(bodies) // 2
    is_left = compared(load(number), ast.Lt(), ast.Constant(first + half))
    left, right = bodies[:half], bodies[half:]
    halves = _by_halves(number, left, first), _by_halves(number, right, first + half)
    return [ast.If(is_left, *halves)]


def name_tables(statements: list[ast.stmt], name_of: t.Callable[[dict[t.Any, t.Any]], str]) -> None:
    """Give the tables the names of constants.

    Until then they are called by what they have, so that statements with equal ones are equal.
    """
    for statement in statements_in(statements):
        if hasattr(statement, "table"):
            named, table = statement.table
            named.id = name_of(table)


def loops_within(statements: list[ast.stmt]) -> int:
    """Return the deepest nesting of loops."""
    deepest, stack = 0, [(statement, 0) for statement in statements]
    while stack:
        statement, depth = stack.pop()
        depth += isinstance(statement, ast.For)
        deepest = max(deepest, depth)
        inside = [*getattr(statement, "body", ()), *getattr(statement, "orelse", ())]
        stack += [(inner, depth) for inner in inside]
    return deepest
