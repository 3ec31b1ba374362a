"""A function that calls itself for each of several objects goes through a list of them.

In go the statements of a function that remembers its calls; out come others that stand before
them. Where nothing is done with what a call finds but that it is found, too, the object is looked
at later::

    v = g(w);  if v: found = True   =>  todo.append(w)

The list is gone through while it grows, so that a group of groups costs what a loop by hand
costs. What is met a second time may be a ring, which has no answer, or what two share: then the
function is called that remembers each call, now and until the decision is made. What an earlier
call has looked at in vain is passed over.

Nothing depends on the order: all that a function reads is silent.
"""

from __future__ import annotations

import ast
import copy
import typing as t

from ...snippets import assign, call, compared, is_none, item_of, load, method_call, tuple_of
from ..names import Names, answers, blocks_in, nodes_in, only_gives_up, read_name, written_name
from .loops import LEVEL, Recursion, is_call

#: The names of what a function finds.
_FOUND, _SOLUTIONS = "found", "solutions"
#: What is still to be looked at, what was, and how much that was before this call.
_TODO, _SEEN, _FIRST = "todo", "seen", "first"
#: The identity of the object that is looked at.
_PASSED = "passed"
_KEY, _MEMO = "key", "memo"


def written_as_worklist(
    function: Recursion, remembering: str, remembered: int
) -> list[ast.stmt] | None:
    """Return the statements of a function that answers where nothing is met twice.

    Behind them, the function is called that remembers each call. ``None`` if more is done with
    what a call finds.

    :param remembering: the name of the function that remembers each call.
    :param remembered: how many objects all calls may note.
    """
    body = copy.deepcopy(function.body)
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
    used = [function.name, *found, *([_FOUND] if function.result == _FOUND else ())]
    if any(map(left.read.get, used)):
        return None
    begun = _Worklist(function, changed, remembered, body).written()
    args = [load(name) for name in [*function.parameters, LEVEL, _MEMO]]
    return [*begun, ast.Return(call(remembering, *args))]


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
    if function.result == _FOUND:
        return written_name(last) == _FOUND
    value: t.Any = last.value if type(last) is ast.Expr else None
    method: t.Any = getattr(value, "func", None)
    is_extended = type(method) is ast.Attribute and method.attr == "extend"
    return (
        is_extended and read_name(method.value) == _SOLUTIONS and read_name(value.args[0]) == found
    )


def _one(parts: list[ast.expr]) -> ast.expr:
    return parts[0] if len(parts) == 1 else tuple_of(parts)


class _Worklist:
    """Writes the list of what is still to be looked at.

    INVARIANT: what is passed over was looked at by an earlier call, and led to nothing.

    :param changed: the arguments that calls have other values for.
    :param remembered: how many objects all calls may note.
    :param body: what is done with each object.
    """

    def __init__(
        self, function: Recursion, changed: list[str], remembered: int, body: list[ast.stmt]
    ) -> None:
        self._function, self._changed, self._remembered = function, changed, remembered
        self._body, self._is_test = body, function.result == _FOUND
        self._fixed = [load(name) for name in _fixed(function, changed)]
        names: list[ast.expr] = [ast.Name(name, ast.Store()) for name in changed]
        self._target = names[0] if len(names) == 1 else ast.Tuple(names, ast.Store())
        # Another function that is called meanwhile may call this one: that might be a ring.
        self._is_called_within = bool(Names(body).read[_MEMO])

    def written(self) -> list[ast.stmt]:
        """Write the loop, and how calls know of each other."""
        parts = [ast.Constant(self._function.name), *(call("id", each) for each in self._fixed)]
        noted = ast.Assign([ast.Name(_SEEN, ast.Store()), _noted()], self._start(ast.Dict([], [])))
        return [
            assign(_KEY, tuple_of(parts)),
            assign(_SEEN, method_call(load(_MEMO), "get", load(_KEY))),
            ast.If(is_none(load(_SEEN)), [noted], []),
            # Nothing, once each call is remembered.
            ast.If(load(_SEEN), self._looked_at(), []),
        ]

    def _start(self, seen: ast.expr) -> ast.expr:
        return tuple_of([seen, *self._fixed])

    def _looked_at(self) -> list[ast.stmt]:
        todo, result = load(_TODO), self._function.result
        first = _one([load(name) for name in self._changed])
        nothing: ast.expr = ast.Constant(False) if self._is_test else ast.List([], ast.Load())
        remember = ast.Assign([_noted()], tuple_of([]))
        most = self._function.most
        is_long = compared(call("len", load(_SEEN)), ast.Gt(), ast.Constant(self._remembered))
        slot = ast.Subscript(load(_SEEN), call("id", todo), ast.Store())
        return [
            assign(_SEEN, item_of(load(_SEEN), ast.Constant(0))),
            ast.If(is_long, [ast.Return(ast.Constant(None))], []),
            *([remember] if self._is_called_within else ()),
            assign(_TODO, ast.List([first], ast.Load())),
            # What was looked at stays alive: no other object gets its identity.
            assign(_FIRST, call("len", load(_SEEN))),
            ast.Assign([slot], todo),
            assign(result, nothing),
            ast.For(
                self._target,
                call("islice", todo, ast.Constant(most + 1)),
                [*self._met(), *self._body],
                self._ended(remember),
            ),
            remember,
            ast.Assign([self._target], item_of(todo, ast.Constant(0))),
        ]

    def _ended(self, remember: ast.stmt) -> list[ast.stmt]:
        """Write the answer. Once something was found, further calls are remembered."""
        result = load(self._function.result)
        end: list[ast.stmt] = [ast.Return(result)]
        leave: list[ast.stmt] = []
        if self._is_called_within:
            leave.append(ast.Assign([_noted()], self._start(load(_SEEN))))
        if self._is_test:
            end.insert(0, ast.If(result, [remember], leave))
        else:
            end[:0] = leave
        size = call("len", load(_TODO))
        return [ast.If(compared(size, ast.LtE(), ast.Constant(self._function.most)), end, [])]

    def _met(self) -> list[ast.stmt]:
        """Write that what an earlier call has looked at is passed over."""
        slot = ast.Subscript(load(_SEEN), load(_PASSED), ast.Store())
        over: list[ast.stmt] = [ast.Break()]
        if self._is_test:
            number = item_of(load(_SEEN), load(_PASSED))
            is_earlier = compared(number, ast.Lt(), load(_FIRST))
            over.insert(0, ast.If(is_earlier, [ast.Continue()], []))
        identity = _one([call("id", load(name)) for name in self._changed])
        return [
            assign(_PASSED, identity),
            ast.If(compared(load(_PASSED), ast.In(), load(_SEEN)), over, []),
            ast.Assign([slot], load(_FIRST)),
        ]


def _noted() -> ast.expr:
    """Write the place of what the next call begins with."""
    return ast.Subscript(load(_MEMO), load(_KEY), ast.Store())
