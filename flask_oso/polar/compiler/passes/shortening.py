"""Names and counts that nothing needs are left out.

In go the statements of a function; they are changed where they stand. The equations::

    o = v;  if type(v) is not c: … o = fields_of(v)     =>  if type(v) is not c: … v = fields_of(v)
    w = v if type(v) is str or v is None else text_of(v)
        =>  if type(v) is not str and v is not None: v = text_of(v)
    count = count + len(v);  if count > N: return None  =>  if len(v) > N: return None
    found = False;  if p: found = True;  return found   =>  if p: return True;  return False
    c = None;  p;  return found                         =>  p;  return found
    v = [a, b]; if not is_equal_data([a, b]): return None; p      =>  p
    v = entries_of(d);  for e in [*v]: … a = e[0]; b = e[1]  =>  …  for a, b in v: …
    v = all_texts(x);  if a in v: …  =>  v = all_texts(x, True);  if a in v: …

The first two only where nothing else needs ``v``, the third where nothing else is counted, the
fourth where nothing is looked at behind ``p``, the next two where ``p`` needs no such name, in
that for pairs, names only where nothing else needs ``e``, and the last where nothing else is looked
up in ``v``.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ..snippets import all_of, assign, call, is_not_none, is_type, load, negate
from .names import (
    COUNT,
    FOUND,
    Names,
    blocks_in,
    read_name,
    rename,
    sets_true,
    statements_in,
    written_name,
)


def drop_unneeded(statements: list[ast.stmt], built: Mapping[str, Sequence[ast.stmt]]) -> None:
    """Build no list or dictionary that nothing needs as a whole.

    :param built: the statements that build each, in order.
    """
    if not built:
        return
    read = Names(statements).read
    dropped: set[int] = set()
    # The last ones first: they have others as their parts.
    for name, parts in reversed([*built.items()]):
        if not read[name]:
            read -= Names(parts).read
            dropped.update(map(id, parts))
    for block, _ in [*blocks_in(statements)]:
        kept = [each for each in block if id(each) not in dropped]
        if len(kept) < len(block):
            block[:] = kept or [ast.Pass()]


def shorten_names(statements: list[ast.stmt]) -> None:
    """Give the entries of an element, and the text of a value, the name of the value itself."""
    names, others = Names(statements), dict[str, str]()
    for block, element in blocks_in(statements):
        for at, statement in [*enumerate(block)][::-1]:
            made = written_name(statement)
            if made is None:
                continue
            if _is_second_name(block, at, element, names):
                others[made] = t.cast(str, read_name(t.cast(ast.Assign, statement).value))
                del block[at]
            elif (value := _only_as_text(statement, names)) is not None:
                others[made] = value
                tests = [negate(is_type(value, "str")), is_not_none(load(value))]
                text = assign(value, call("text_of", load(value)))
                block[at] = ast.copy_location(ast.If(all_of(tests), [text], []), statement)
    rename(statements, others)


def _is_second_name(block: list[ast.stmt], at: int, element: str | None, names: Names) -> bool:
    """Tell whether an element gets a second name, and then needs the first no more.

    The second name may be one for its entries, which are read in place of its attributes.
    """
    made = t.cast(str, written_name(block[at]))
    value = read_name(t.cast(ast.Assign, block[at]).value)
    if value is None or value != element or at + 1 == len(block):
        return False
    here = Names(block[at : at + 2])
    is_only_here = names.read[value] == here.read[value] and names.written[value] == 1
    return is_only_here and names.written[made] == here.written[made] == _TWICE


def _only_as_text(statement: ast.stmt, names: Names) -> str | None:
    """Return the value whose text an assignment gives a name, if only its text is needed."""
    match statement:
        case ast.Assign(
            [ast.Name(made)], ast.IfExp(_, ast.Name(value), ast.Call(ast.Name("text_of")))
        ):
            is_once = names.written[made] == names.written[value] == 1
            is_only_here = names.read[value] == Names([statement]).read[value]
            return value if is_once and is_only_here else None
    return None


def unpack_pairs(statements: list[ast.stmt]) -> None:
    """Go through pairs, which nobody else has, without a list of them and without indices."""
    pairs = {name for each in statements_in(statements) if (name := _name_of_pairs(each))}
    if not pairs:
        return
    names = Names(statements)
    for loop in statements_in(statements):
        match loop:
            case ast.For(ast.Name(pair), ast.List([ast.Starred(ast.Name(listed))])):
                if listed in pairs and names.written[listed] == 1:
                    loop.iter = load(listed)
                    _unpack(loop, pair, names)


#: The operations that give the entries of a dictionary.
_PAIRS = frozenset({"entries_of", "entries_with", "entry_under"})


def _name_of_pairs(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign([ast.Name(name)], ast.Call(ast.Name(function))) if function in _PAIRS:
            return name
    return None


def _unpack(loop: ast.For, pair: str, names: Names) -> None:
    """Give the parts of a pair their names where a loop begins, if nothing needs the pair."""
    parts, dropped = {0: pair, 1: pair}, set[int]()
    for number, each in enumerate(loop.body):
        match each:
            case ast.Assign(
                [ast.Name(name)], ast.Subscript(ast.Name(owner), ast.Constant(int(at)))
            ):
                # Behind the first ones, the name may have another value before.
                is_first = number == len(dropped)
                if owner == pair and at in parts and (is_first or names.written[name] == 1):
                    parts[at] = name
                    dropped.add(id(each))
    is_all = len(dropped) == names.read[pair] == len({*parts.values()} - {pair})
    if not is_all or names.written[pair] != 1:
        return
    written: list[ast.expr] = [ast.Name(parts[at], ast.Store()) for at in sorted(parts)]
    loop.target = ast.Tuple(written, ast.Store())
    loop.body = [each for each in loop.body if id(each) not in dropped] or [ast.Pass()]


def look_up_once(statements: list[ast.stmt]) -> None:
    """Make no set of the texts of a list of which one is looked up, once.

    :param statements: they have no loops.
    """
    made = [(v, called) for each in statements_in(statements) for v, called in _texts_in(each)]
    names = Names(statements) if made else None
    for value, called in made:
        if names is not None and names.read[value] == 1:
            called.args.append(ast.Constant(True))


def _texts_in(statement: ast.stmt) -> Iterator[tuple[str, ast.Call]]:
    match statement:
        case ast.Assign([ast.Name(name)], ast.Call(ast.Name("all_texts")) as called):
            yield name, called


#: A second name is written once more, for the entries of a dictionary.
_TWICE = 2


def shorten_counts(statements: list[ast.stmt]) -> bool:
    """Leave out what counts the steps of one loop alone; tell whether anything is counted yet.

    A chain has no more links than its range.
    """
    counted = [*_counts_in(statements)]
    for block, at, depth in counted[::-1]:
        if depth == 1 and type(_added(block[at])) is ast.Constant:
            del block[at : at + 2]
    counted = [*_counts_in(statements)]
    if len(counted) == 1:
        block, at, depth = counted[0]
        if depth == 0:
            limit: t.Any = block[at + 1]
            limit.test.left = _added(block[at])
            del block[at]
            return False
    return bool(counted)


def _added(statement: ast.stmt) -> ast.expr:
    value: t.Any = t.cast(ast.Assign, statement).value
    return t.cast(ast.expr, value.right)


def _counts_in(statements: list[ast.stmt]) -> Iterator[tuple[list[ast.stmt], int, int]]:
    """Yield where steps are counted, and in how many loops that is."""
    stack = [(statements, 0)]
    while stack:
        block, depth = stack.pop()
        for at, statement in enumerate(block):
            if written_name(statement) == COUNT:
                yield block, at, depth
            is_loop = type(statement) is ast.For
            stack.append((getattr(statement, "body", []), depth + is_loop))
            stack.append((getattr(statement, "orelse", []), depth))


def shorten_end(statements: list[ast.stmt]) -> None:
    """Answer at solutions behind which nothing is looked at, and drop names that nothing needs.

    :param statements: all of a function; the first one says that nothing is found, and the last one
        returns what is.
    """
    *before, last = statements
    if type(last) is not ast.Return or read_name(t.cast(ast.expr, last.value)) != FOUND:
        return
    _answer_at_end(before)
    names = Names(before)
    if names.read[FOUND] or names.written[FOUND] > 1:
        names.read[FOUND] += 1
    else:
        statements[-1] = ast.Return(ast.Constant(False))
    statements[:-1] = [each for each in before if not _is_for_nobody(each, names)]


def _is_for_nobody(statement: ast.stmt, names: Names) -> bool:
    """Tell whether a statement gives a name its first value, and nothing needs the name."""
    made = written_name(statement)
    if made is None or names.read[made] or names.written[made] > 1:
        return False
    value = t.cast(ast.Assign, statement).value
    return type(value) is ast.Constant or read_name(value) == "missing"


def _answer_at_end(block: list[ast.stmt]) -> None:
    last = block[-1]
    # Whether or not all solutions are searched for, this is one and the same answer.
    is_solution = type(last) is ast.If and read_name(last.test) == "is_searched"
    noted = t.cast(ast.If, last).body[-1] if is_solution else last
    if sets_true(noted) == FOUND:
        block[-1] = ast.copy_location(ast.Return(ast.Constant(True)), last)
    elif type(last) is ast.If:
        for each in (last.body, last.orelse):
            if each:
                _answer_at_end(each)


def has_loops(statements: list[ast.stmt]) -> bool:
    """Tell whether there is a loop."""
    return any(type(node) is ast.For for node in statements_in(statements))
