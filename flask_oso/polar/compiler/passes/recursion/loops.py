"""A function that calls itself once is a loop: for a chain of objects, or for a list.

In go the statements of a function for a rule; out come others. Where nothing is done with what a
call finds but that it is found, too, the next call is the next turn of a loop::

    v = g(w);  if v: solutions.extend(v)   =>  while True: …  a = w;  continue

Under a condition that does not depend on it, further solutions go to a list that nothing reads::

    v = g(w);  if v: if p: solutions.extend(v)  =>  if not p: solutions = [];  a = w;  continue

Where a value is computed from the one that the call gives, and there is at most one, a second loop
goes back along what the first one has passed::

    v = g(w);  if v: for x in v: y = x + b; solutions.append(y)
        =>  while True: …  frames.append(b);  a = w;  continue
            for b in reversed(frames): y = value + b;  value = y

Where a call may have a solution and make another one, which then finds nothing, the loop notes the
level of the solution: what is computed on the way back begins there.

Tests that do not depend on what the call finds come before it: all that a function reads is silent.
The call is made whatever they tell, as the solver makes it.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Iterator, Sequence

from ....value_objects import Record
from ...quotations import code, duplicate, expr, stmt
from ...snippets import (
    all_of,
    assign,
    assign_parts,
    call,
    code_of,
    compared,
    load,
    tuple_of,
)
from ..exclusion import class_tested, exclude_each_other, without_contradicted
from ..list_positions import go_along_lists
from ..names import (
    FOUND,
    LEVEL,
    SOLUTIONS,
    Names,
    blocks_in,
    gives_up,
    nodes_in,
    only_gives_up,
    read_name,
    rename,
    written_name,
)
from .first_solutions import search_for_all
from .integers import integers_first

#: The name of the value that is computed, and of the level at which a loop has found it.
_VALUE, _LAST = "value", "last_level"
#: The most solutions of one loop.
MAX_SOLUTIONS = 100_000


class Recursion(Record, frozen=False):
    """A function, before it is a loop.

    :param name: its name.
    :param parameters: the names of its arguments, but for those of all such functions.
    :param result: the name of what it finds.
    :param most: how deep such functions call each other.
    :param body: all but its end.
    """

    name: str
    parameters: list[str]
    result: str
    most: int
    body: list[ast.stmt]


class _Site(Record, frozen=False):
    """The call, and what is done with its result.

    :param block: the statements that end with the call.
    :param args: what is passed.
    :param found: the name of what the call finds.
    :param then: what is done if that is something.
    """

    block: list[ast.stmt]
    args: list[ast.expr]
    found: str
    then: list[ast.stmt]


def written_as_loop(function: Recursion) -> list[ast.stmt] | None:
    """Return the statements of a function that calls itself, as a loop.

    ``None`` if it does not, or has more than one such call.
    """
    calls = sum(is_call(node, function.name) for node in nodes_in(function.body))
    if calls != 1:
        return None
    body = [*_flat(duplicate(function.body))]
    site = _find_call(body, function)
    if site is None:
        return None
    made = _Loop(function, body, site).written()
    if made is None:
        return None
    return go_along_lists(made, function.parameters, LEVEL, function.most)


def is_call(node: ast.AST, name: str) -> bool:
    return type(node) is ast.Call and read_name(node.func) == name


def _find_call(block: list[ast.stmt], function: Recursion) -> _Site | None:
    """Find the call, and put before it whatever does not depend on it.

    ``None`` if something stands behind it that does.
    """
    for at, statement in enumerate(block):
        if not any(is_call(node, function.name) for node in nodes_in([statement])):
            continue
        if type(statement) is ast.If:
            inner = [
                site
                for each in (statement.body, statement.orelse)
                if (site := _find_call(each, function)) is not None
            ]
            return _put_last(block, at, inner[0], function) if inner else None
        called: t.Any = getattr(statement, "value", None) if written_name(statement) else None
        return _site_at(block, at, called, function) if is_call(called, function.name) else None
    return None


def _put_last(block: list[ast.stmt], at: int, site: _Site, function: Recursion) -> _Site | None:
    """Put a statement with the call last, unless what is behind it is not done with the call."""
    statement, behind = t.cast(ast.If, block[at]), block[at + 1 :]
    others = [statement, *site.then]
    if not _may_come_first(behind, others, function.result) or Names(behind).read[site.found]:
        return None
    if not _is_done_without(behind, statement, site, function):
        block[at:] = [*behind, statement]
    return site


def _is_done_without(
    behind: list[ast.stmt], statement: ast.If, site: _Site, function: Recursion
) -> bool:
    """Tell whether nothing is done behind a statement if the call is made in it.

    Since other conditions would have to hold, or since the statement itself gives up there.
    """
    is_inside = site.block is statement.body or site.block in [
        block for block, _ in blocks_in(statement.body)
    ]
    names = Names(function.body)

    def is_fixed(name: str) -> bool:
        return names.written[name] <= (name not in function.parameters)

    left = without_contradicted(behind, (statement.test, is_inside), is_fixed)
    first = statement.body if is_inside else statement.orelse
    tests = {code_of([each]) for each in first if only_gives_up(each)}
    return all(only_gives_up(each) and code_of([each]) in tests for each in left)


def _site_at(block: list[ast.stmt], at: int, called: ast.Call, function: Recursion) -> _Site | None:
    found = t.cast(str, written_name(block[at]))
    if len(block) < at + 3 or not only_gives_up(block[at + 1]):
        return None
    # Behind the call, the function gives up where that did.
    behind, then = block[at + 2 :], None
    for statement in [*behind]:
        if type(statement) is ast.If and read_name(statement.test) == found:
            then = statement
    if then is None or then.orelse:
        return None
    behind.remove(then)
    if not _may_come_first(behind, [then], function.result) or Names(behind).read[found]:
        return None
    block[at:] = behind
    args = called.args[: len(function.parameters)]
    return _Site(block, args, found, then.body)


def _flat(block: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, without conditions that always hold."""
    for statement in block:
        is_fixed = type(statement) is ast.If and type(statement.test) is ast.Constant
        if is_fixed and t.cast(t.Any, statement).test.value is True:
            yield from _flat(t.cast(ast.If, statement).body)
            continue
        for name in ("body", "orelse"):
            if hasattr(statement, name):
                setattr(statement, name, [*_flat(getattr(statement, name))])
        yield statement


def _may_come_first(behind: list[ast.stmt], others: list[ast.stmt], result: str) -> bool:
    """Tell whether statements may come before others that they stand behind.

    The order of solutions does not matter.
    """
    mine, theirs = Names(behind), Names(others)
    reads = any(theirs.written[name] for name in mine.read if name != result)
    changes = any(theirs.read[name] or theirs.written[name] for name in mine.written)
    return not reads and (not changes or _only_notes(mine, theirs, result))


def _only_notes(mine: Names, theirs: Names, result: str) -> bool:
    """Tell whether nothing else is written by both than that there is a solution."""
    return not mine.read[FOUND] and not any(
        theirs.read[name] or theirs.written[name] for name in mine.written if name != result
    )


class _Loop:
    """Writes one function as a loop."""

    def __init__(self, function: Recursion, body: list[ast.stmt], site: _Site) -> None:
        self._function, self._body, self._site = function, body, site
        self._result, self._is_test = function.result, function.result == FOUND
        self._names = Names(function.body)
        #: Whether a call may have a solution and make another one, which then has none.
        self._is_noted_with_level = False

    def written(self) -> list[ast.stmt] | None:
        """Return the statements; ``None`` if a loop cannot do what is done with a solution."""
        if self._is_test and self._names.read[FOUND]:
            return None
        done, item = self._site.then, self._site.found
        if not self._is_test:
            # How many there are is looked at once more where the function was called.
            done = [each for each in done if not self._is_size(each)]
            if done and type(loop := done[-1]) is ast.For and read_name(loop.iter) == item:
                item = t.cast(str, read_name(loop.target))
                done = [*done[:-1], *loop.body]
        if not self._reads_of(done, item):
            return self._passed_on(done)
        return None if self._is_test else self._computed(done, item)

    def _is_size(self, statement: ast.stmt) -> bool:
        return only_gives_up(statement) and Names([statement]).read[self._site.found] > 0

    def _reads_of(self, done: list[ast.stmt], item: str) -> bool:
        """Tell whether statements do more with what was found than note that it is a solution."""
        notes = self._notes_in(done)
        if not notes or not all(self._notes_item(each, item) for each in notes):
            return True
        every, noted = Names(done).read, Names(notes).read
        return any(every[name] > noted[name] for name in (item, self._site.found))

    def _notes_item(self, note: ast.stmt, item: str) -> bool:
        """Tell whether what is noted is what was found, as it is."""
        if self._is_test:
            return True
        args = t.cast(t.Any, note).value.args
        return len(args) == 1 and read_name(args[0]) in (item, self._site.found)

    def _notes_in(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        return [
            node
            for node in nodes_in(statements)
            if isinstance(node, ast.stmt) and self._is_note(node)
        ]

    def _is_note(self, statement: ast.stmt) -> bool:
        """Tell whether a statement notes a solution."""
        if self._is_test:
            return written_name(statement) == FOUND
        match statement:
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(name)))):
                return name == SOLUTIONS
        return False

    # -- what is found is a solution, as it is

    def _passed_on(self, done: list[ast.stmt]) -> list[ast.stmt]:
        """Write that the next call adds to what was found."""
        before, last = done[:-1], done[-1]
        is_always = self._is_note(last) and not self._notes_in(before)
        start = [stmt("RESULT = False" if self._is_test else "RESULT = []", RESULT=self._result)]
        end = [stmt("return RESULT", RESULT=self._result)]
        if is_always:
            self._site.block += before
        else:
            search_for_all(self._body)
            start.append(stmt("result = None" if self._is_test else "result = solutions"))
            self._site.block += self._condition(done)
            chosen = "return found if result is None else result"
            end = [stmt(chosen if self._is_test else "return result")]
        if not self._is_test and any(type(each) is ast.For for each in nodes_in(self._body)):
            is_over = "if len(solutions) > MOST: return None"
            self._site.block.append(stmt(is_over, MOST=MAX_SOLUTIONS))
        return [*start, self._loop([]), *end]

    def _condition(self, done: list[ast.stmt]) -> list[ast.stmt]:
        """Write that what is found later counts only under a condition."""
        noted = {id(each) for each in self._notes_in(done)}
        replaced = [_Noted(noted).visit(each) for each in done]
        forget = "if result is None: result = found" if self._is_test else "solutions = []"
        counts = """
            passes = False
            DONE
            if not passes: FORGET
        """
        return code(counts, DONE=replaced, FORGET=stmt(forget))

    # -- a value is computed of what is found

    def _computed(self, done: list[ast.stmt], item: str) -> list[ast.stmt] | None:
        """Write a loop that goes back, if there is at most one solution."""
        every = [*self._body, *done]
        notes = self._notes_in(every)
        if any(t.cast(t.Any, each).value.func.attr != "append" for each in notes):
            return None
        if item == self._site.found or Names(done).read[self._site.found]:
            return None
        if not exclude_each_other(done, self._is_note, self._is_fixed):
            return None
        if not self._is_alone([]):
            conditions = self._conditions()
            if not conditions or not self._is_alone(conditions):
                return None
            self._is_noted_with_level = True
        moved, back = self._apart(done, item)
        if self._may_change(back, item):
            return None
        self._site.block += moved
        for block in (self._body, back):
            for note in self._notes_in(block):
                value = t.cast(t.Any, note).value.args[0]
                if self._is_noted_with_level and block is self._body:
                    value = ast.Tuple([value, load(LEVEL)], ast.Load())
                    _become(note, ast.Assign([_tuple([_VALUE, _LAST], ast.Store())], value))
                else:
                    _become(note, assign(_VALUE, value))
        rename(back, {item: _VALUE})
        return self._there_and_back(back)

    def _is_alone(self, conditions: list[ast.expr]) -> bool:
        """Tell whether a call that makes another one has no solution but those which that finds.

        :param conditions: what holds if the other one finds something.

        INVARIANT: the value that a loop has found is that of the last call that has one, or of
        none.
        """
        noted = stmt("solutions.append(None)")
        marked = ast.If(all_of(conditions), [noted], []) if conditions else noted
        self._site.block.append(marked)
        is_alone = exclude_each_other(self._body, self._is_note, self._is_fixed)
        self._site.block.pop()
        return is_alone

    def _conditions(self) -> list[ast.expr]:
        """Return what holds of what is passed to a call that finds something.

        All that the function finds is in the region where an argument is of some class.
        """
        names = [self._function.name, SOLUTIONS]
        found = [each for each in self._function.body if any(map(Names([each]).read.get, names))]
        outer = found[0] if len(found) == 1 else None
        tested = class_tested(outer.test) if type(outer) is ast.If else None
        if tested is None or tested[0] not in self._function.parameters:
            return []
        behind = Names(t.cast(ast.If, outer).orelse).read
        arg = read_name(self._site.args[self._function.parameters.index(tested[0])])
        if arg is None or any(map(behind.get, names)):
            return []
        test = compared(call("type", load(arg)), ast.Is(), ast.Constant(...))
        test.of_class = arg, tested[1]  # type: ignore[attr-defined]
        return [test]

    def _is_fixed(self, name: str) -> bool:
        return self._names.written[name] <= (name not in self._function.parameters)

    def _may_change(self, done: list[ast.stmt], item: str) -> bool:
        """Tell whether a name is written on the way back that is read there as it was before."""
        mine, before = Names(done), Names(self._body)
        given = {*self._function.parameters}
        return any(before.written[name] or name in given for name in mine.written if name != item)

    def _apart(self, done: list[ast.stmt], item: str) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """Tell the statements that do not depend on what was found from the others.

        They come before the call, and write nothing that it is given.
        """
        apart, back = list[ast.stmt](), list[ast.stmt]()
        given = {*Names(self._site.args).read, *self._function.parameters}
        for statement in done:
            mine, before = Names([statement]), Names(back)
            is_free = not mine.read[item] and not any(map(before.written.get, mine.read))
            is_new = not any(
                before.read[each] or before.written[each] or each in given for each in mine.written
            )
            is_end = gives_up(statement) or bool(self._notes_in([statement]))
            if is_free and is_new and not is_end:
                apart.append(statement)
            else:
                back.append(statement)
        return apart, back

    def _there_and_back(self, back: list[ast.stmt]) -> list[ast.stmt]:
        own, passed = Names(self._body).written, self._changed()
        needed = [
            name
            for name in sorted(Names(back).read)
            if name != _VALUE and (own[name] or name in passed)
        ]
        start, note, is_noted = code("value = missing"), list[ast.stmt](), self._is_noted_with_level
        passed_by = expr("LAST - first_level", LAST=_LAST if is_noted else LEVEL)
        over, target = expr("range(COUNT)", COUNT=passed_by), _tuple(["_"], ast.Store())
        if needed:
            start += code("frames = []")
            note = code("frames.append(X)", X=_tuple(needed, ast.Load()))
            frames = "reversed(frames[:COUNT])" if is_noted else "reversed(frames)"
            over, target = expr(frames, COUNT=passed_by), _tuple(needed, ast.Store())
        if is_noted or not needed:
            start += code("first_level = level")
        ways = integers_first(back, _VALUE, passed_by, is_counted=not needed)
        if written_name(back[-1]) != _VALUE:
            _go_on_where_noted(back)
            back = [*back, *code("return []")]
        again: ast.stmt = ast.For(target, over, [*ways.each, *back], [])
        there_and_back = """
            START
            LOOP
            if value is missing: return []
            AGAIN
            return [value]
        """
        return code(
            there_and_back,
            START=start,
            LOOP=self._loop(note),
            AGAIN=again if ways.all is None else ast.If(ways.all.test, ways.all.body, [again]),
        )

    # -- the loop that both have

    def _changed(self) -> list[str]:
        """Return the parameters that another call has other values for."""
        pairs = zip(self._function.parameters, self._site.args, strict=True)
        return [name for name, arg in pairs if read_name(arg) != name]

    def _loop(self, note: list[ast.stmt]) -> ast.stmt:
        """Write the loop, in which the next call is the next turn."""
        pairs = zip(self._function.parameters, self._site.args, strict=True)
        changed = [(name, arg) for name, arg in pairs if read_name(arg) != name]
        turn: list[ast.stmt] = [*note]
        if len(changed) == 1:
            turn.append(assign(*changed[0]))
        elif changed:
            names, values = zip(*changed, strict=True)
            turn.append(assign_parts(names, tuple_of([*values])))
        self._site.block += [*turn, ast.Continue()]
        loop = """
            for level in range(level, END):
                BODY
                break
            else: return None
        """
        return stmt(loop, END=self._function.most + 1, BODY=self._body)


class _Noted(ast.NodeTransformer):
    """Notes that a condition holds in the places where a solution is noted."""

    def __init__(self, notes: set[int]) -> None:
        self._notes = notes

    def visit(self, node: ast.AST) -> t.Any:
        if id(node) in self._notes:
            return ast.copy_location(stmt("passes = True"), node)
        return self.generic_visit(node)


def _tuple(names: list[str], context: t.Any) -> ast.expr:
    parts: list[ast.expr] = [ast.Name(name, context) for name in names]
    return parts[0] if len(parts) == 1 else ast.Tuple(parts, context)


def _become(statement: t.Any, other: ast.stmt) -> None:
    """Turn a statement into another one, where it stands."""
    statement.__class__ = other.__class__
    for name in other._fields:
        setattr(statement, name, getattr(other, name))


def _go_on_where_noted(block: list[ast.stmt]) -> None:
    """Write that the next turn follows where the value is known."""
    for at, statement in [*enumerate(block)][::-1]:
        if written_name(statement) == _VALUE:
            block.insert(at + 1, ast.Continue())
        elif type(statement) is ast.If:
            _go_on_where_noted(statement.body)
            _go_on_where_noted(statement.orelse)
