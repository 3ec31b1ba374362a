"""A function that calls itself for each of several objects goes through a list of them.

In go the statements of a function that remembers its calls; out come others that stand before
them. Where nothing is done with what a call finds but that it is found, too, the object is looked
at later::

    v = g(w);  if v: found = True   =>  todo.append(w)

The list is gone through while it grows, so that a group of groups costs what a loop by hand
costs. What is met a second time may be a ring, which has no answer, or what two share: then the
function is called that remembers each call, now and until the decision is made. What an earlier
call has looked at in vain is passed over.

Remembering what each object leads to would take the square of their number. So where values are
found, what is met a second time is passed over if it was looked at later than all that lead to it,
as where groups share groups of the next level.

Nothing depends on the order: all that a function reads is silent.
"""

from __future__ import annotations

import ast
import bisect
import typing as t

from ...snippets import (
    all_of,
    any_of,
    assign,
    call,
    compared,
    duplicate,
    for_each,
    is_none,
    item_of,
    load,
    method_call,
    negate,
    tuple_of,
    unpacked,
)
from ..names import (
    FOUND,
    LEVEL,
    MEMO,
    SOLUTIONS,
    Names,
    answers,
    blocks_in,
    nodes_in,
    only_gives_up,
    read_name,
    written_name,
)
from .batches import put_on_at_once
from .loops import MAX_SOLUTIONS, Recursion, is_call

#: What is still to be looked at, what was, how much that was before this call, and what was met
#: again.
_TODO, _SEEN, _FIRST, _AGAIN = "todo", "seen", "first", "again"
#: The identity of the object that is looked at.
_PASSED = "passed"
_KEY, _CALLS = "key", "calls"
#: The name of the objects with which one list begins.
SEVERAL = "several"
#: The most calls that look anew at what others have looked at.
MAX_ANEW = 4


def written_as_worklist(
    function: Recursion, remembering: str, remembered: int
) -> list[ast.stmt] | None:
    """Return the statements of a function that answers where nothing is met twice.

    Behind them, the function is called that remembers each call. ``None`` if more is done with
    what a call finds.

    :param remembering: the name of the function that remembers each call.
    :param remembered: how many objects all calls may note.
    """
    worklist = _worklist(function, remembered)
    if worklist is None:
        return None
    args = [load(name) for name in [*function.parameters, LEVEL, MEMO]]
    return [*worklist.written(), ast.Return(call(remembering, *args))]


def written_for_several(
    function: Recursion, remembering: str, remembered: int
) -> list[ast.stmt] | None:
    """Return the statements of a function that finds what any of several objects leads to.

    It has a list of them in the place of its argument. ``None`` if it has further arguments, or is
    a test: then calls know of each other anyway.

    :param remembering: as above.
    :param remembered: as above.
    """
    worklist = _worklist(function, remembered)
    if worklist is None or function.result == FOUND or len(function.parameters) > 1:
        return None
    found = method_call(load(SOLUTIONS), "extend", load(FOUND))
    called = call(remembering, *(load(name) for name in [*function.parameters, LEVEL, MEMO]))
    is_long = compared(call("len", load(SOLUTIONS)), ast.Gt(), ast.Constant(MAX_SOLUTIONS))
    each: list[ast.stmt] = [
        assign(FOUND, called),
        ast.If(is_none(load(FOUND)), [ast.Return(ast.Constant(None))], []),
        ast.Expr(found),
        ast.If(is_long, [ast.Return(ast.Constant(None))], []),
    ]
    return [
        *worklist.written(begun_with=SEVERAL),
        assign(SOLUTIONS, ast.List([], ast.Load())),
        for_each(function.parameters[0], load(SEVERAL), each),
        ast.Return(load(SOLUTIONS)),
    ]


def _worklist(function: Recursion, remembered: int) -> _Worklist | None:
    """Return what writes the list; ``None`` if more is done with what a call finds."""
    body = duplicate(function.body)
    calls = [node for node in nodes_in(body) if is_call(node, function.name)]
    changed = _changed(function, t.cast("list[ast.Call]", calls))
    if not changed or any(map(Names(body).written.get, _fixed(function, changed))):
        return None
    found = [
        name for block, _ in [*blocks_in(body)] for name in _put_later(block, function, changed)
    ]
    left = Names(body)
    if any(map(answers, nodes_in(body))):
        return None
    used = [function.name, *found, *([FOUND] if function.result == FOUND else ())]
    if any(map(left.read.get, used)):
        return None
    if len(changed) == 1:
        put_on_at_once(body, changed[0], _TODO, function.most)
    return _Worklist(function, changed, remembered, body)


def _changed(function: Recursion, calls: list[ast.Call]) -> list[str]:
    """Return the arguments that a call has other values for."""
    return [
        name
        for at, name in enumerate(function.parameters)
        if any(read_name(each.args[at]) != name for each in calls)
    ]


def _fixed(function: Recursion, changed: list[str]) -> list[str]:
    return [name for name in function.parameters if name not in changed]


def _put_later(block: list[ast.stmt], function: Recursion, changed: list[str]) -> list[str]:
    """Change the calls of a list of statements, if only that they find something is used.

    Return the names of what they find.
    """
    for at, statement in [*enumerate(block)]:
        called: t.Any = getattr(statement, "value", None)
        found = written_name(statement)
        if found is None or not is_call(called, function.name):
            continue
        using = [each for each in block[at + 1 :] if Names([each]).read[found]]
        if (
            len(using) != 2
            or not only_gives_up(using[0])
            or not _only_notes(using[1], found, function)
        ):
            return []
        args = dict(zip(function.parameters, called.args, strict=False))
        added = method_call(load(_TODO), "append", _one([args[name] for name in changed]))
        behind = [each for each in block[at + 1 :] if each not in using]
        block[at:] = [ast.copy_location(ast.Expr(added), statement), *behind]
        return [found, *_put_later(block, function, changed)]
    return []


def _only_notes(statement: ast.stmt, found: str, function: Recursion) -> bool:
    """Tell whether a statement only notes that what a call has found is found, too."""
    if type(statement) is not ast.If or statement.orelse or read_name(statement.test) != found:
        return False
    *sizes, last = statement.body
    if not all(map(only_gives_up, sizes)):
        return False
    if function.result == FOUND:
        return written_name(last) == FOUND
    value: t.Any = last.value if type(last) is ast.Expr else None
    method: t.Any = getattr(value, "func", None)
    is_extended = type(method) is ast.Attribute and method.attr == "extend"
    return (
        is_extended and read_name(method.value) == SOLUTIONS and read_name(value.args[0]) == found
    )


def _one(parts: list[ast.expr]) -> ast.expr:
    return parts[0] if len(parts) == 1 else tuple_of(parts)


class _Worklist:
    """Writes the list of what is still to be looked at.

    INVARIANT: what is passed over was looked at by an earlier call, and led to nothing; or by this
    call, which then answers only where all lead to what is looked at later, and so to no ring.

    :param changed: the arguments that calls have other values for.
    :param remembered: how many objects all calls may note.
    :param body: what is done with each object.
    """

    def __init__(
        self, function: Recursion, changed: list[str], remembered: int, body: list[ast.stmt]
    ) -> None:
        self._function, self._changed, self._remembered = function, changed, remembered
        self._body, self._is_test = body, function.result == FOUND
        self._fixed = [load(name) for name in _fixed(function, changed)]
        names: list[ast.expr] = [ast.Name(name, ast.Store()) for name in changed]
        self._target = names[0] if len(names) == 1 else ast.Tuple(names, ast.Store())
        # Another function that is called meanwhile may call this one: that might be a ring.
        self._is_called_within = bool(Names(body).read[MEMO])

    def written(self, begun_with: str | None = None) -> list[ast.stmt]:
        """Write the loop, and how calls know of each other.

        :param begun_with: the name of a list of objects that it begins with.
        """
        first = _one([load(name) for name in self._changed])
        todo = ast.List([first], ast.Load()) if begun_with is None else unpacked(begun_with)
        parts = [ast.Constant(self._function.name), *(call("id", each) for each in self._fixed)]
        key = assign(_KEY, tuple_of(parts))
        if not self._is_test:
            # What a call finds is found anew by the next ones, up to a number of calls.
            calls = method_call(load(MEMO), "get", load(_KEY), ast.Constant(0))
            is_few = compared(load(_CALLS), ast.Lt(), ast.Constant(MAX_ANEW))
            return [key, assign(_CALLS, calls), ast.If(is_few, self._looked_at(todo), [])]
        noted = ast.Assign([ast.Name(_SEEN, ast.Store()), _noted()], self._start(ast.Dict([], [])))
        return [
            key,
            assign(_SEEN, method_call(load(MEMO), "get", load(_KEY))),
            ast.If(is_none(load(_SEEN)), [noted], []),
            # Nothing, once each call is remembered.
            ast.If(load(_SEEN), self._looked_at(todo), []),
        ]

    def _start(self, seen: ast.expr) -> ast.expr:
        return tuple_of([seen, *self._fixed])

    def _looked_at(self, todo: ast.expr) -> list[ast.stmt]:
        nothing: ast.expr = ast.Constant(False) if self._is_test else ast.List([], ast.Load())
        most = ast.Constant(self._function.most + 1)
        return [
            *self._begun(),
            *([self._remember()] if self._is_called_within else ()),
            assign(_TODO, todo),
            *self._noting(),
            assign(self._function.result, nothing),
            ast.For(
                self._target,
                call("islice", load(_TODO), most),
                [*self._met(), *self._body],
                self._ended(),
            ),
            self._remember(),
            ast.Assign([self._target], item_of(load(_TODO), ast.Constant(0))),
        ]

    def _begun(self) -> list[ast.stmt]:
        """Write that a call begins."""
        if not self._is_test:
            return [ast.Assign([_noted()], _next(load(_CALLS)))]
        is_long = compared(call("len", load(_SEEN)), ast.Gt(), ast.Constant(self._remembered))
        return [
            assign(_SEEN, item_of(load(_SEEN), ast.Constant(0))),
            ast.If(is_long, [ast.Return(ast.Constant(None))], []),
        ]

    def _noting(self) -> list[ast.stmt]:
        """Write where what is looked at is noted."""
        if not self._is_test:
            return [assign(_SEEN, ast.Dict([], [])), assign(_AGAIN, ast.List([], ast.Load()))]
        # What was looked at stays alive: no other object gets its identity.
        slot = ast.Subscript(load(_SEEN), call("id", load(_TODO)), ast.Store())
        return [assign(_FIRST, call("len", load(_SEEN))), ast.Assign([slot], load(_TODO))]

    def _remember(self) -> ast.stmt:
        """Write that from now on each call is remembered."""
        noted: ast.expr = tuple_of([]) if self._is_test else ast.Constant(MAX_ANEW)
        return ast.Assign([_noted()], noted)

    def _ended(self) -> list[ast.stmt]:
        """Write the answer. Once a test found something, further calls are remembered."""
        result = load(self._function.result)
        size = call("len", load(_TODO))
        is_all: ast.expr = compared(size, ast.LtE(), ast.Constant(self._function.most))
        end: list[ast.stmt] = [ast.Return(result)]
        leave: list[ast.stmt] = []
        if self._is_called_within:
            again = self._start(load(_SEEN)) if self._is_test else _next(load(_CALLS))
            leave.append(ast.Assign([_noted()], again))
        if self._is_test:
            end.insert(0, ast.If(result, [self._remember()], leave))
        else:
            end[:0] = leave
            is_ring = call("leads_back", load(_AGAIN), load(_SEEN))
            is_all = all_of([is_all, any_of([negate(load(_AGAIN)), negate(is_ring)])])
        return [ast.If(is_all, end, [])]

    def _met(self) -> list[ast.stmt]:
        """Write that what was looked at is passed over: by an earlier call, or by this one."""
        passed = load(_PASSED)
        identity = _one([call("id", load(name)) for name in self._changed])
        slot = ast.Subscript(load(_SEEN), passed, ast.Store())
        if self._is_test:
            is_earlier = compared(item_of(load(_SEEN), passed), ast.Lt(), load(_FIRST))
            over: list[ast.stmt] = [ast.If(is_earlier, [ast.Continue()], []), ast.Break()]
            noted: ast.expr = load(_FIRST)
        else:
            place = tuple_of([passed, call("len", load(_SEEN))])
            over = [ast.Expr(method_call(load(_AGAIN), "append", place)), ast.Continue()]
            # Where in the list begins what the object leads to.
            noted = call("len", load(_TODO))
        return [
            assign(_PASSED, identity),
            ast.If(compared(passed, ast.In(), load(_SEEN)), over, []),
            ast.Assign([slot], noted),
        ]


def _next(calls: ast.expr) -> ast.expr:
    return ast.BinOp(calls, ast.Add(), ast.Constant(1))


def _noted() -> ast.expr:
    """Write the place of what the next call begins with."""
    return ast.Subscript(load(MEMO), load(_KEY), ast.Store())


def leads_back(again: list[tuple[t.Any, int]], seen: dict[t.Any, int]) -> bool:
    """Tell whether an object may lead back to itself: to one that was looked at before it.

    :param again: what was met again, and how many objects had been looked at by then.
    :param seen: where in the list of all that was met begins what an object leads to, for those
        that were looked at, in this order.
    """
    starts = [*seen.values()]
    for number, (passed, count) in enumerate(again):
        # Before it in the list stand those that were looked at, and those that were met again.
        owners = bisect.bisect_right(starts, count + number)
        # Nothing leads to those with which the list begins.
        if owners and seen[passed] <= starts[owners - 1]:
            return True
    return False
