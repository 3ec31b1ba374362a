"""In a loop along a chain, what is asked of the class of an object is asked once for each class.

In go the statements of a function with such a loop; they are changed where they stand::

    if type(v) not in told and …: return None
        =>  if type(v) is not c: if type(v) not in told and …: return None;  c = type(v)
    v = a.x if type(a) in k else …;  if … if (p is type(a) or type(a) in simple) and x else …
        =>  if type(a) is c: v = a.x
            else:
                v = a.x if type(a) in k else …
                c = None if type(a) is dict else type(a);  s = (p is … in simple) and x
            if … if s else …

Two reads of one object are made behind one comparison, and so are two questions about the class of
one value, also where the second one stands behind ``if v is not None``.

Most objects of a chain are of one class, and a look into a set takes longer than a comparison with
the class of the last one. The sets only grow while a function runs.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Iterator, Mapping

from ...quotations import Hole, stmt
from ...snippets import assign, call, code_of, is_not_of, load, negate
from ..names import Names, conjuncts, nodes_in, only_gives_up

#: Sets of classes of which a function gives up for all others.
_SETS = "told", "harmless"


def remember_classes(statements: list[ast.stmt], fresh: Callable[[str], str]) -> None:
    """Compare classes with the last one, in the loop of a function that is one.

    :param fresh: gives names.
    """
    for at, statement in enumerate(statements):
        if type(statement) is ast.For:
            loop = _Loop(fresh, Names([statement]).written)
            loop.remember(statement.body)
            statements[at:at] = [assign(cache, ast.Constant(None)) for cache in loop.caches]
            return


class _Loop:
    """Changes the statements of a loop.

    :param fresh: gives names.
    :param written: the names that are written in the loop.
    """

    def __init__(self, fresh: Callable[[str], str], written: Mapping[str, int]) -> None:
        self._fresh, self._written = fresh, written
        #: The names of the last classes.
        self.caches: list[str] = []

    def remember(self, block: list[ast.stmt], asked: Mapping[str, ast.If] | None = None) -> None:
        """Change statements; not those within another loop, which may be about other objects.

        :param asked: what asks for the class of a value where a turn comes here, by the value.
        """
        asked, read, kept = {**(asked or {})}, None, list[ast.stmt]()
        for at, statement in enumerate(block):
            made = statement
            if (value := _class_asked(statement)) is not None:
                if value in asked:
                    asked[value].body.insert(-1, statement)
                    continue
                made = asked[value] = self._asked_once(statement, value)
            elif (found := _read_by_class(statement)) is not None:
                owner, directly = found
                if read is not None and read[0] == owner and kept[-1] is read[1]:
                    _add_read(read[1], statement, directly)
                    continue
                made = self._read_once(statement, owner, directly, block[at + 1 :])
                read = owner, made
            elif type(statement) is ast.If:
                self.remember(statement.body, _asked_behind(statement.test, asked, ast.IsNot))
                self.remember(statement.orelse, _asked_behind(statement.test, asked, ast.Is))
                statement.body = statement.body or [ast.Pass()]
            kept.append(ast.copy_location(made, statement))
            for name in Names([statement]).written:
                asked.pop(name, None)
        block[:] = kept

    def _new_cache(self) -> str:
        self.caches.append(self._fresh("c"))
        return self.caches[-1]

    def _asked_once(self, statement: ast.stmt, value: str) -> ast.If:
        asked = """
            if type(X) is not LAST:
                STATEMENT
                LAST = type(X)
        """
        made = stmt(asked, X=value, LAST=self._new_cache(), STATEMENT=statement)
        return t.cast(ast.If, made)

    def _read_once(
        self, statement: ast.stmt, owner: str, directly: ast.stmt, behind: list[ast.stmt]
    ) -> ast.If:
        cache, known = self._new_cache(), list[ast.stmt]()
        for comparison in self._comparisons_in(behind, owner):
            name = self._fresh("s")
            known.append(assign(name, comparison.test))
            comparison.test = load(name)
        read = """
            if type(X) is LAST: DIRECTLY
            else:
                STATEMENT
                LAST = None if type(X) is dict else type(X)
                KNOWN
        """
        parts: dict[str, Hole] = {"DIRECTLY": directly, "STATEMENT": statement, "KNOWN": known}
        return t.cast(ast.If, stmt(read, X=owner, LAST=cache, **parts))

    def _comparisons_in(self, behind: list[ast.stmt], owner: str) -> Iterator[ast.IfExp]:
        """Yield what is compared in one way or another, as the class of an object says."""
        for statement in behind:
            if Names([statement]).written[owner]:
                return
            test = statement.test if type(statement) is ast.If else None
            if type(test) is ast.IfExp and self._is_about_class(test.test, owner):
                yield test

    def _is_about_class(self, test: ast.expr, owner: str) -> bool:
        """Tell whether a test depends on nothing that changes in the loop but a class."""
        read = Names([test]).read
        if any(self._written.get(name) for name in read if name != owner):
            return False
        nodes = [*nodes_in([test])]
        if any(type(node) is ast.NamedExpr for node in nodes):
            return False
        asked = [_whose_class(node) for node in nodes if type(node) is ast.Call]
        return bool(asked) and {*asked} == {owner} and read[owner] == len(asked)


def _asked_behind(
    test: ast.expr, asked: Mapping[str, ast.If], operator: type[ast.cmpop]
) -> dict[str, ast.If]:
    """Return what has asked for the class of a value that is not ``None``, if a test tells that.

    Behind any other test there may be objects of some classes alone.

    :param operator: how the test compares the value with ``None``.
    """
    match test:
        case ast.Compare(ast.Name(value), [compares], [ast.Constant(None)]):
            return {value: asked[value]} if value in asked and type(compares) is operator else {}
    return {}


def _add_read(first: ast.If, statement: ast.stmt, directly: ast.stmt) -> None:
    """Read another attribute of an object where the first one is read."""
    first.body.append(directly)
    first.orelse.insert(1, statement)


def _class_asked(statement: ast.stmt) -> str | None:
    """Return the value whose class a statement gives up for, if it does nothing else."""
    if not only_gives_up(statement) or type(statement) is not ast.If:
        return None
    first, *others = conjuncts(statement.test)
    match first:
        case ast.Compare(
            ast.Call(ast.Name("type"), [ast.Name(value)]), [ast.NotIn()], [ast.Name()]
        ):
            own = [code_of([is_not_of(value, name)]) for name in _SETS]
            told = code_of([negate(call("is_told", call("type", load(value))))])
            is_about_class = all(code_of([other]) == told for other in others)
            return value if code_of([first]) in own and is_about_class else None
    return None


def _read_by_class(statement: ast.stmt) -> tuple[str, ast.stmt] | None:
    """Return whose attribute a statement reads by the class, and the statement that reads it."""
    match statement:
        case ast.Assign(
            targets,
            ast.IfExp(
                ast.Compare(asked, [ast.In()], [ast.Name()]),
                ast.Attribute(ast.Name(owner)) as attribute,
                ast.IfExp(_, ast.Subscript(), ast.Call(ast.Attribute(_, "read"))),
            ),
        ) if _whose_class(asked) == owner:
            return owner, ast.Assign([*targets], attribute)
    return None


def _whose_class(node: ast.expr) -> str | None:
    """Return the name of the value whose class an expression is, if it is one."""
    match node:
        case ast.Call(ast.Name("type"), [ast.Name(value)]):
            return value
    return None
