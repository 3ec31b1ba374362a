"""What is the same in all turns of a loop is looked at once, before the first one.

In go the statements of a function; they are changed where they stand::

    if v: … for e in v: w = a.x; if type(e) is type(w): …
        =>  if v: … w = a.x; x1 = type(w); for e in v: if type(e) is x1: …

    for e in v: if among(e, w): …
        =>  x1 = found_once(w, v)
            for e in v: if e in x1 if x1 is not None and (type(e) is str or type(e) in alone)
                        else among(e, w): …

    for e in v: b = (p := e.key) == w.key and p is not None
        =>  x1 = w.key; for e in v: b = (p := e.key) == x1 and p is not None

    for e in v: if type(a) not in harmless: return None; …
        =>  x1 = type(a) not in harmless;  if x1: return None;  for e in v: …

The attribute is read in the first turn in any case, and each loop that comes here has one, as
behind ``if v``. A value that is bound under a condition is looked at under that condition alone,
for it has no name elsewhere.
"""

from __future__ import annotations

import ast
import itertools
import typing as t
from collections.abc import Callable

from ..snippets import (
    all_of,
    any_of,
    assign,
    attribute_of,
    call,
    compared,
    is_not_none,
    is_of,
    is_type,
    load,
)
from .names import (
    Names,
    blocks_in,
    listed_name,
    nodes_in,
    only_gives_up,
    read_name,
    written_name,
)

_COMPARISONS = (ast.Is, ast.IsNot, ast.In, ast.NotIn)


def hoist(statements: list[ast.stmt], fresh: Callable[[str], str]) -> None:
    """Move what is the same in all turns out of loops, each of which has a first turn.

    :param fresh: gives names.
    """
    names = Names(statements)
    # The inner ones come first, so that what they look at once may be looked at once more outside.
    for block, _ in reversed([*blocks_in(statements)]):
        for at, statement in reversed([*enumerate(block)]):
            if type(statement) is ast.For:
                block[at:at] = _Hoisting(statement, names, fresh).moved()


class _Hoisting:
    """What one loop does only once."""

    def __init__(self, loop: ast.For, names: Names, fresh: Callable[[str], str]) -> None:
        self._loop, self._names, self._fresh = loop, names, fresh
        self._changing = {*Names([loop]).written}
        self._moved: list[ast.stmt] = []
        self._kept: dict[str, str] = {}
        #: The names of classes among what was moved.
        self._classes: set[str] = set()

    def moved(self) -> list[ast.stmt]:
        """Return the statements that come before the loop."""
        for statement in [*self._loop.body]:
            if self._is_read_of_another(statement):
                self._loop.body.remove(statement)
                self._moved.append(statement)
                self._changing.discard(t.cast(str, written_name(statement)))
        self._look_once(self._loop.body)
        self._give_up_before(self._loop.body)
        self._name_nothing_unread()
        return self._moved

    def _give_up_before(self, block: list[ast.stmt]) -> None:
        """Have the function give up before the loop, where that depends on nothing in it.

        Also for what is asked in front of the next object of a chain, as soon as there is one.
        """
        kept = {*self._kept.values()}
        for statement in [*block]:
            match statement:
                case ast.If(ast.Name(name)) if name in kept and only_gives_up(statement):
                    block.remove(statement)
                    self._moved.append(statement)
                case ast.If(ast.Compare(ast.Name(), [ast.IsNot()], [ast.Constant(None)])):
                    if type(statement.body[-1]) is ast.Continue:
                        self._give_up_before(statement.body)
        if not block:
            block.append(ast.Pass())

    def _name_nothing_unread(self) -> None:
        """Ask at once where nothing else asks the same: ``x = p; if x: …`` => ``if p: …``."""
        if not any(type(each) is ast.If for each in self._moved):
            return
        read = Names([self._loop, *self._moved]).read
        made = {written_name(each): each for each in self._moved}
        for statement in [*self._moved]:
            name = read_name(statement.test) if type(statement) is ast.If else None
            if name is not None and read[name] == 1 and name in made:
                t.cast(ast.If, statement).test = t.cast(ast.Assign, made[name]).value
                self._moved.remove(made[name])

    def _is_read_of_another(self, statement: ast.stmt) -> bool:
        """Tell whether a statement reads an attribute of what is no element."""
        made = written_name(statement)
        value = t.cast(ast.Assign, statement).value if made else None
        if type(value) is not ast.Attribute or self._names.written[t.cast(str, made)] != 1:
            return False
        owner = _owner_of(value)
        return owner is not None and owner not in self._changing

    def _look_once(self, statements: list[ast.stmt]) -> None:
        """Replace tests that do not depend on the element, and the key of another row."""
        for statement in statements:
            match statement:
                case ast.Assign([_], ast.BoolOp(ast.And(), [same, _])):
                    self._read_key_once(same)
            if type(statement) is ast.If and type(statement.test) is not ast.Name:
                statement.test = self._looked_at(statement.test)
                self._look_once(statement.body)
                self._look_once(statement.orelse)

    def _read_key_once(self, test: ast.expr) -> None:
        """Read the key of another row once, if a test compares the key of one with it."""
        match test:
            case ast.Compare(ast.NamedExpr(), [ast.Eq()], [ast.Attribute() as key]):
                owner = _owner_of(key)
                if owner is not None and owner not in self._changing:
                    test.comparators = [self._once(key)]

    def _looked_at(self, test: t.Any) -> t.Any:
        kind = type(test)
        if kind is ast.Name:
            return test
        searched = self._searched(test)
        if searched is not None:
            return self._among_texts(test, *searched)
        if kind is ast.NamedExpr and self._is_fixed(test.value):
            # The name is read in this test alone.
            self._changing.discard(test.target.id)
            self._classes.add(test.target.id)
            self._moved.append(assign(test.target.id, test.value))
            return load(test.target.id)
        if self._is_fixed(test):
            return self._once(test)
        if kind is ast.BoolOp and type(test.op) is ast.Or and self._is_fixed(test.values[0]):
            return self._first_of(test)
        if kind is ast.BoolOp and type(test.op) is ast.And:
            self._look_at_the_other(test)
            match test.values:
                # The other one is known to be a row: only of this one is tested that it is one.
                case [
                    ast.Compare(ast.Name(row), [ast.IsNot()], [ast.Constant(None)]),
                    ast.Compare(ast.NamedExpr(_, key)) as same,
                    _,
                ] if _owner_of(key) == row:
                    self._read_key_once(same)
        for name in ("values", "comparators"):
            if hasattr(test, name):
                setattr(test, name, [self._looked_at(each) for each in getattr(test, name)])
        for name in ("left", "test", "body", "orelse", "operand"):
            if hasattr(test, name):
                setattr(test, name, self._looked_at(getattr(test, name)))
        return test

    def _first_of(self, test: ast.BoolOp) -> ast.BoolOp:
        """Look at the first alternatives at once: where one holds, no other is looked at.

        What is left of those behind them is looked at when they fail, which is seldom.
        """
        others = [*itertools.dropwhile(self._is_fixed, test.values)]
        first = self._once(any_of(test.values[: -len(others)]))
        return ast.BoolOp(test.op, [first, *(self._behind(each) for each in others)])

    def _behind(self, test: ast.expr) -> ast.expr:
        is_of_kind = type(test) is ast.BoolOp and self._is_fixed(test.values[0])
        return test if is_of_kind else t.cast(ast.expr, self._looked_at(test))

    def _searched(self, test: t.Any) -> tuple[str, str] | None:
        """Return what is searched for and where, if that is the same for all elements."""
        called = test.orelse if type(test) is ast.IfExp else test
        if type(called) is not ast.Call or read_name(called.func) != "among":
            return None
        item, listed = map(read_name, called.args)
        if item is None or listed is None or item not in self._changing:
            return None
        is_other = getattr(called, "kind", None) not in (None, str)
        return None if is_other or listed in self._changing else (item, listed)

    def _among_texts(self, test: ast.expr, item: str, listed: str) -> ast.expr:
        """Write a search where it is known once whether values are found by their hash."""
        if (keyed := getattr(test, "keyed", None)) is not None:
            kind, path = keyed
            key: ast.expr = load(item)
            for name in path:
                key = attribute_of(key, name)
            keys = self._once(call("keys_of_rows", load(listed), load(kind)))
            is_row = all_of([is_not_none(keys), is_type(item, kind)])
            return ast.IfExp(is_row, compared(key, ast.In(), keys), test)
        over = listed_name(self._loop.iter)
        given = [load(each) for each in (listed, over) if each is not None]
        texts = self._once(call("found_once", *given))
        is_found = any_of([is_type(item, "str"), is_of(item, "alone")])
        is_known = all_of([is_not_none(texts), is_found])
        return ast.IfExp(is_known, compared(load(item), ast.In(), texts), test)

    def _look_at_the_other(self, test: ast.BoolOp) -> None:
        """Where the class of an element is that of another value, look at the other one."""
        same: t.Any = test.values[0]
        if type(same) is not ast.Compare or type(same.ops[0]) is not ast.Is:
            return
        mine, other = same.left, same.comparators[0]
        name, kind = None, mine
        if type(mine) is ast.NamedExpr:
            # The name is read in this test alone.
            name, kind = mine.target.id, mine.value
        if self._is_fixed(kind) or not self._is_fixed(other):
            return
        same.left, written = kind, ast.dump(kind)
        for each in nodes_in(test.values[1:]):
            if type(each) is ast.Compare:
                is_named = name is not None and read_name(each.left) == name
                if is_named or ast.dump(each.left) == written:
                    each.left = other

    def _once(self, test: ast.expr) -> ast.expr:
        key = ast.dump(test)
        if key not in self._kept:
            self._kept[key] = self._fresh("x")
            self._moved.append(assign(self._kept[key], test))
        return load(self._kept[key])

    def _is_fixed(self, test: t.Any) -> bool:
        """Tell whether a test asks for classes that are the same for all elements."""
        kind = type(test)
        if kind is ast.Name:
            return test.id in self._classes
        if kind is ast.Call:
            args = [read_name(each) for each in test.args]
            is_class = read_name(test.func) == "type" and len(args) == 1
            return is_class and args[0] is not None and args[0] not in self._changing
        if kind is ast.BoolOp:
            return all(map(self._is_fixed, test.values))
        if kind is ast.Compare and isinstance(test.ops[0], _COMPARISONS):
            sides = [test.left, *test.comparators]
            return any(map(self._is_fixed, sides)) and all(
                self._is_fixed(each) or self._is_name(each) for each in sides
            )
        return False

    def _is_name(self, node: ast.expr) -> bool:
        name = read_name(node)
        return type(node) is ast.Constant or (name is not None and name not in self._changing)


def _owner_of(value: t.Any) -> str | None:
    """Return the name of what an attribute, or one of its attributes, is read of."""
    while type(value) is ast.Attribute:
        value = value.value
    return read_name(value)
