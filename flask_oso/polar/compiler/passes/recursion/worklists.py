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

Where each object is asked for its class when it is looked at, it is not asked before::

    for w in [*l]: if type(w) not in harmless: return None;  todo.append(w)   =>  todo += l

Nothing depends on the order: all that a function reads is silent.
"""

from __future__ import annotations

import ast
import bisect
import typing as t

from ....value_objects import Record
from ...quotations import Hole, code, duplicate, expr, stmt
from ...snippets import call, load, method_call, tuple_of
from ..names import (
    FOUND,
    LEVEL,
    MEMO,
    SOLUTIONS,
    Names,
    answers,
    appended_to,
    blocks_in,
    disjuncts,
    nodes_in,
    only_gives_up,
    read_name,
    written_name,
)
from .loops import Recursion, is_call

#: The name of what is still to be looked at. Others are ``seen`` for what was, ``first`` for how
#: much that was before this call, ``again`` for what was met again, and ``passed`` for the identity
#: of the object that is looked at.
_TODO = "todo"
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
    if len(changed) == 1 and _asks_for_class(body, changed[0]):
        _put_later_at_once(body)
    return _Worklist(function, changed, remembered, body)


def _asks_for_class(body: list[ast.stmt], looked_at: str) -> bool:
    """Tell whether a function gives up for an object that is of no known class, in any case."""
    match body:
        case [
            ast.If(ast.Compare(kind, [ast.Is()], [ast.Name()]), _, [ast.If(odd) as otherwise]),
        ]:
            is_class = ast.unparse(kind) == f"type({looked_at})"
            return is_class and only_gives_up(otherwise) and _is_odd(disjuncts(odd)[0], looked_at)
    return False


def _is_odd(test: ast.expr, looked_at: str) -> bool:
    return ast.unparse(test) == f"type({looked_at}) not in harmless"


def _put_later_at_once(body: list[ast.stmt]) -> None:
    """Have a list looked at later as a whole, where its elements were asked for their classes."""
    for block, _ in [*blocks_in(body)]:
        for at, statement in enumerate(block):
            match statement:
                case ast.For(
                    ast.Name(name),
                    ast.List([ast.Starred(listed)]),
                    [ast.If(odd) as asked, ast.Expr() as last],
                    [],
                ):
                    added = appended_to(last)
                    is_all = added is not None and read_name(added[1]) == name
                    if is_all and only_gives_up(asked) and _is_odd(odd, name):
                        block[at] = stmt("LATER += LISTED", LATER=_TODO, LISTED=listed)
                        ast.copy_location(block[at], statement)


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


class _Worklist(Record):
    """The list of what is still to be looked at.

    INVARIANT: what is passed over was looked at by an earlier call, and led to nothing; or by this
    call, which then answers only where all lead to what is looked at later, and so to no ring.

    :param changed: the arguments that calls have other values for.
    :param remembered: how many objects all calls may note.
    :param body: what is done with each object.
    """

    function: Recursion
    changed: list[str]
    remembered: int
    body: list[ast.stmt]

    def written(self) -> list[ast.stmt]:
        """Write the loop, and how calls know of each other."""
        fixed = [load(name) for name in _fixed(self.function, self.changed)]
        targets: list[ast.expr] = [ast.Name(name, ast.Store()) for name in self.changed]
        parts = [load(name) for name in self.changed]
        is_test = self.function.result == FOUND
        begin, leave = list[ast.stmt](), list[ast.stmt]()
        if Names(self.body).read[MEMO]:
            # Another function that is called meanwhile may call this one: that might be a ring.
            begin = code("memo[key] = ()" if is_test else "memo[key] = ANEW", ANEW=MAX_ANEW)
            again = "memo[key] = seen, *FIXED" if is_test else "memo[key] = calls + 1"
            leave = code(again, FIXED=fixed)
        holes: dict[str, Hole] = {
            "KEY": tuple_of([ast.Constant(self.function.name), *(call("id", e) for e in fixed)]),
            "FIXED": fixed,
            "REMEMBERED": self.remembered,
            "ANEW": MAX_ANEW,
            "BEGIN": begin,
            "WAITING": expr("[X]", X=_one(parts)),
            "OBJECT": targets[0] if len(targets) == 1 else ast.Tuple(targets, ast.Store()),
            "MOST": self.function.most,
            "LAST": self.function.most + 1,
            "IDENTITY": _one([call("id", each) for each in parts]),
            "BODY": self.body,
            "LEAVE": leave,
        }
        return _tested(holes) if is_test else _gathered(holes)


def _tested(holes: t.Mapping[str, Hole]) -> list[ast.stmt]:
    """Write how a test goes through its list.

    Once it found something, or met something twice, each call is remembered, and nothing is seen.
    What was looked at stays alive: no other object gets its identity.
    """
    test = """
        key = KEY
        seen = memo.get(key)
        if seen is None: seen = memo[key] = {}, *FIXED
        if seen:
            seen = seen[0]
            if len(seen) > REMEMBERED: return None
            BEGIN
            todo = WAITING
            first = len(seen)
            seen[id(todo)] = todo
            found = False
            for OBJECT in islice(todo, LAST):
                passed = IDENTITY
                if passed in seen:
                    if seen[passed] < first: continue
                    break
                seen[passed] = first
                BODY
            else:
                if len(todo) <= MOST:
                    if found: memo[key] = ()
                    else: LEAVE
                    return found
            memo[key] = ()
            OBJECT = todo[0]
    """
    return code(test, **holes)


def _gathered(holes: t.Mapping[str, Hole]) -> list[ast.stmt]:
    """Write how values are gathered along a list.

    What a call finds is found anew by the next ones, up to a number of calls. Noted is where in the
    list begins what an object leads to.
    """
    search = """
        key = KEY
        calls = memo.get(key, 0)
        if calls < ANEW:
            memo[key] = calls + 1
            BEGIN
            todo = WAITING
            seen = {}
            again = []
            solutions = []
            for OBJECT in islice(todo, LAST):
                passed = IDENTITY
                if passed in seen:
                    again.append((passed, len(seen)))
                    continue
                seen[passed] = len(todo)
                BODY
            else:
                if len(todo) <= MOST and (not again or not leads_back(again, seen)):
                    LEAVE
                    return solutions
            memo[key] = ANEW
            OBJECT = todo[0]
    """
    return code(search, **holes)


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
        # Nothing leads to the one with which the list begins.
        if owners and seen[passed] <= starts[owners - 1]:
            return True
    return False
