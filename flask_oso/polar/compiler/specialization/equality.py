"""When two objects of dataclasses are equal, found out without a trace.

The ``__eq__`` that ``dataclasses`` writes compares the fields of two objects of one class,
in order, and does nothing else. Where the fields are strings, numbers, objects that are
equal to themselves only, or such dataclasses again, nobody can tell who compares them. Objects
that stand for rows are compared by the keys of these.
"""

from __future__ import annotations

import dataclasses
import sys
import types
import typing as t

from ...host import sandbox
from ...host.registry import Identities
from ..binding_analysis import is_plain

#: Values of these kinds are compared without a trace, and may be the same object and unequal.
_SCALARS = frozenset({str, int, float, bool, type(None)})
#: What contains the same objects is equal, if it is the same.
_CONTAINERS = frozenset({list, dict, tuple, set, frozenset})
#: How deep objects may stand in each other's fields.
_DEEPEST = 8
#: How many fields are looked at to compare two objects.
_MOST_FIELDS = 1_000
#: Since then one object equals itself, and its fields are compared one by one; before, they
#: were compared as parts of tuples, where what is the same is not asked.
_ASKS_THE_SAME = sys.version_info >= (3, 13)
_MISSING = object()


def compared_fields(cls: type) -> tuple[str, ...] | None:
    """Return the fields that decide whether two objects are equal.

    ``None`` unless the class has an ``__eq__`` that ``dataclasses`` wrote, and its fields are
    read without a trace.
    """
    own = vars(cls).get("__eq__")
    if not isinstance(own, types.FunctionType) or not dataclasses.is_dataclass(cls):
        return None
    named = [(f.name, t.Any, dataclasses.field(compare=f.compare)) for f in dataclasses.fields(cls)]
    try:
        written: t.Any = vars(dataclasses.make_dataclass("Written", named))["__eq__"]
    except (KeyError, TypeError):
        # Names that only the class itself could have.
        return None
    is_itself = is_plain(cls) and sandbox.is_candid(cls)
    if _done_by(own) != _done_by(written) or not is_itself:
        return None
    names = tuple(f.name for f in dataclasses.fields(cls) if f.compare)
    return names if all(sandbox.is_quiet(cls, name) for name in names) else None


def _done_by(function: types.FunctionType) -> tuple[t.Any, ...]:
    code = function.__code__
    return code.co_code, code.co_names, code.co_consts, code.co_freevars, code.co_argcount


class SideEffectFreeEquality:
    """Compares two values. Of dataclasses it knows those that it was told of.

    :param simple: classes whose values are equal as Python says, and nobody is asked.
    :param identities: what is known of objects that stand for rows.
    """

    def __init__(self, simple: set[type], identities: Identities | None = None) -> None:
        self._simple = simple
        self._identities = identities
        self._rows: set[type] = set()
        self._fields: dict[type, tuple[str, ...] | None] = {}

    def __call__(self, left: t.Any, right: t.Any) -> bool | None:
        """Tell whether two values are equal; ``None`` if that cannot be told without a trace.

        Nor is it told of objects that reach so many others that it would take long.
        """
        return self._compare(left, right, 0, [_MOST_FIELDS])

    def _compare(self, left: t.Any, right: t.Any, depth: int, budget: list[int]) -> bool | None:
        kind = type(left)
        if kind is not type(right):
            return self._of_two_kinds(left, right)
        fields = self._fields.get(kind)
        if fields is None:
            if kind in self._rows:
                return t.cast(Identities, self._identities).is_same(left, right)
            # The same, or equal as Python says.
            return bool(left == right) if self._is_simple(kind) else None
        if left is right and _ASKS_THE_SAME:
            return True
        budget[0] -= len(fields)
        if depth >= _DEEPEST or budget[0] < 0:
            return None
        return self._of_fields(left, right, fields, depth, budget)

    def learn(self, cls: type) -> None:
        """Find out how objects of a class are compared. That compiles; comparing does not."""
        if self._identities is not None and self._identities.has_keys(cls):
            self._rows.add(cls)
        elif cls not in self._fields:
            self._fields[cls] = compared_fields(cls)

    def knows(self, cls: type) -> bool:
        """Tell whether objects of a class are known to be compared by fields or keys."""
        return cls in self._rows or self._fields.get(cls) is not None

    def _of_fields(
        self, left: t.Any, right: t.Any, fields: tuple[str, ...], depth: int, budget: list[int]
    ) -> bool | None:
        for name in fields:
            mine, other = getattr(left, name, _MISSING), getattr(right, name, _MISSING)
            if type(mine) is str and type(other) is str:
                # Most objects have a name, and differ in it.
                answer: bool | None = mine == other
            elif mine is _MISSING or other is _MISSING:
                return None
            elif mine is other and (type(mine) in _CONTAINERS or not _ASKS_THE_SAME):
                # A container asks nobody about what is the same, nor does an older Python.
                continue
            else:
                answer = self._compare(mine, other, depth + 1, budget)
            if answer is not True:
                return answer
        return True

    def _of_two_kinds(self, left: t.Any, right: t.Any) -> bool | None:
        kinds = type(left), type(right)
        if all(map(self._is_simple, kinds)):
            return bool(left == right)
        # An object asks the other for its class, and leaves it at that.
        is_told = all(self._is_simple(kind) or self.knows(kind) for kind in kinds)
        return False if is_told else None

    def _is_simple(self, kind: type) -> bool:
        return kind in self._simple or kind in _SCALARS
