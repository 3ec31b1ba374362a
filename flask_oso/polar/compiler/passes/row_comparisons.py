"""The comparison of two rows with which a loop ends, and the index that answers it.

In go the statements of a loop; out comes what an index of such rows is made of. Rows are equal if
their keys are. The value ``v`` of an element ``e`` is compared with the row ``w``; where a relation
is not loaded, by its foreign key::

    if v is w: b = True
    elif v is unloaded: b = test(e, w); if b is None: return None
    else: …; b = v is w or (v is not None and (p := v.key) is not None and p == w.key)
    if b: …
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Mapping

from ...value_objects import Record
from ..snippets import assign, attribute_of, call, compared, is_none, is_not_none, load, named_value
from .names import nodes_in, read_name, sets_true, written_name

#: The name of what stands for a relation that is not loaded.
_UNLOADED = "unloaded"


class IndexNames(t.NamedTuple):
    """The names of an index.

    :param held: the dictionary with the values.
    :param left: the list of the elements with a value that is not loaded.
    :param chosen: the list of those of them that would be a solution.
    """

    held: str
    left: str
    chosen: str


class RowComparison(Record, frozen=False):
    """The comparison of a row with another one.

    :param statements: how many statements at the end of the loop it is.
    :param value: the name of the value of an element.
    :param wanted: the name of the other row, which is not ``None``.
    :param key: the key of the first, and ``wanted_key`` that of the other.
    :param checks: statements that give up where the value is no such row.
    :param answer: the name of the answer, if it has one.
    :param element: the name of the element, if its relation may not be loaded.
    :param kept: the name of the function that answers for many such elements.
    """

    statements: int
    value: str
    wanted: str
    key: ast.expr
    wanted_key: ast.expr
    checks: list[ast.stmt]
    answer: str | None = None
    element: str | None = None
    kept: str | None = None

    def kept_in(self, index: IndexNames, fresh: Callable[[str], str]) -> ast.stmt:
        """Write that the value is held in an index, or its element is chosen for later."""
        key = _key_or_id(self.value, self.key, fresh)
        place = ast.Subscript(load(index.held), key, ast.Store())
        is_row = is_not_none(load(self.value))
        kept: ast.stmt = ast.If(is_row, [ast.Assign([place], load(self.value))], [])
        if self.element is None:
            return kept
        return ast.If(self._is_unloaded(), [_appended(index.chosen, self.element)], [kept])

    def checked(self, index: IndexNames) -> list[ast.stmt]:
        """Write the checks of a value; an element whose relation is not loaded is left for later.

        Also one that is not chosen: what only a read can tell of it may be an error.
        """
        if self.element is None:
            return self.checks
        return [ast.If(self._is_unloaded(), [_appended(index.left, self.element)], self.checks)]

    def _is_unloaded(self) -> ast.expr:
        return compared(load(self.value), ast.Is(), load(_UNLOADED))

    def begun(self, index: IndexNames) -> list[ast.stmt]:
        """Write what an index needs before anything is kept in it, besides a dictionary."""
        names = [] if self.element is None else [index.left, index.chosen]
        return [assign(name, ast.List([], ast.Load())) for name in names]

    def ended(self, index: IndexNames) -> list[ast.stmt]:
        """Write that the elements left for later become what answers for all of them."""
        if self.kept is None:
            return []
        made = call(self.kept, load(index.left), load(index.chosen))
        return [ast.If(load(index.left), [assign(index.left, made)], [])]

    def looked_up(
        self, index: IndexNames, marked: ast.stmt, fresh: Callable[[str], str]
    ) -> list[ast.stmt]:
        """Write that a solution is noted if the other row is in the index."""
        key = _key_or_id(self.wanted, self.wanted_key, fresh)
        is_held = compared(key, ast.In(), load(index.held))
        looked: list[ast.stmt] = [ast.If(is_held, [marked], [])]
        if self.element is None:
            return looked
        answer = t.cast(str, self.answer)
        holds = attribute_of(load(index.left), "holds")
        gives_up = ast.Return(ast.Constant(None))
        asked: list[ast.stmt] = [
            assign(answer, ast.Call(holds, [load(self.wanted)], [])),
            ast.If(is_none(load(answer)), [gives_up], []),
            ast.If(load(answer), [marked], []),
        ]
        # Also where a solution is found: what only a read can tell may be an error.
        return [*looked, ast.If(load(index.left), asked, [])]


def read_row_comparison(body: list[ast.stmt], lists: Mapping[str, str]) -> RowComparison | None:
    """Return the comparison with which a loop ends; ``None`` if it is none of two rows.

    :param lists: by the name of a test of foreign keys, the name of what answers it for
        many elements.
    """
    test = body[-1]
    if type(test) is not ast.If or test.orelse:
        return None
    answer = read_name(test.test)
    if answer is None:
        return _same_row(test.test, 1, [])
    asked = body[-2] if len(body) > 1 else None
    if type(asked) is ast.If and sets_true(asked.body[0]) == answer and len(asked.orelse) == 1:
        # The row itself has the key that it is looked for with.
        asked = t.cast("ast.If | None", asked.orelse[0])
    if type(asked) is not ast.If or not asked.orelse:
        return None
    *checks, last = asked.orelse
    tested = _tested(asked, answer)
    if tested is None or written_name(last) != answer or tested[0] not in lists:
        return None
    found = _same_row(t.cast(ast.Assign, last).value, 2, checks)
    if found is None or tested[2] != found.wanted or not _is_unloaded(asked.test, found.value):
        return None
    found.answer, found.element, found.kept = answer, tested[1], lists[tested[0]]
    return found


def _tested(asked: ast.If, answer: str) -> tuple[str, str, str] | None:
    """Return the names of a test of a foreign key, and of the two rows that it is given."""
    first = asked.body[0]
    if written_name(first) != answer:
        return None
    value = t.cast(ast.Assign, first).value
    if type(value) is not ast.Call or len(value.args) != 2:
        return None
    names = [read_name(each) for each in (value.func, *value.args)]
    return None if None in names else t.cast("tuple[str, str, str]", tuple(names))


def _is_unloaded(test: ast.expr, value: str) -> bool:
    return (
        type(test) is ast.Compare
        and type(test.ops[0]) is ast.Is
        and read_name(test.left) == value
        and read_name(test.comparators[0]) == _UNLOADED
    )


def _same_row(test: ast.expr, statements: int, checks: list[ast.stmt]) -> RowComparison | None:
    """Return the comparison that ``a is b or (a is not None and … a.key == b.key)`` is."""
    if type(test) is not ast.BoolOp or type(test.op) is not ast.Or or len(test.values) != 2:
        return None
    itself, other = test.values
    if type(other) is not ast.BoolOp or type(itself) is not ast.Compare:
        return None
    *present, has_key, same = other.values
    names = {read_name(itself.left), read_name(itself.comparators[0])}
    keys = _keys(has_key, same)
    if keys is None or type(itself.ops[0]) is not ast.Is:
        return None
    tested = [_not_none(each) for each in present]
    owners = [_owner(key) for key in keys]
    if {*owners} != names or None in names or None in tested or len(tested) != 1:
        return None
    # The one that may be 'None' is the value, the other one is known to be a row.
    at = owners.index(tested[0])
    value, wanted = t.cast("list[str]", [owners[at], owners[1 - at]])
    return RowComparison(statements, value, wanted, keys[at], keys[1 - at], checks)


def _keys(has_key: ast.expr, same: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Return the keys that ``(p := a.key) is not None and p == b.key`` compares."""
    if type(has_key) is not ast.Compare or type(same) is not ast.Compare:
        return None
    named = has_key.left
    operators = [type(test.ops[0]) for test in (has_key, same)]
    if type(named) is not ast.NamedExpr or operators != [ast.IsNot, ast.Eq]:
        return None
    if read_name(same.left) != named.target.id:
        return None
    return named.value, same.comparators[0]


def _not_none(test: ast.expr) -> str | None:
    """Return the name of which a test says that it is not ``None``."""
    if type(test) is not ast.Compare or type(test.ops[0]) is not ast.IsNot:
        return None
    other = test.comparators[0]
    is_none = type(other) is ast.Constant and other.value is None
    return read_name(test.left) if is_none else None


def _owner(key: ast.expr) -> str | None:
    """Return the name of the row whose key is read."""
    return next((node.id for node in nodes_in([key]) if type(node) is ast.Name), None)


def _appended(name: str, element: str) -> ast.stmt:
    method = attribute_of(load(name), "append")
    return ast.Expr(ast.Call(method, [load(element)], []))


def _key_or_id(name: str, key: ast.expr, fresh: Callable[[str], str]) -> ast.expr:
    """Write the key of a row, or its identity if it is not stored and has no key."""
    named = named_value(fresh("p"), key)
    has_none = is_none(named)
    return ast.IfExp(has_none, call("id", load(name)), load(named.target.id))
