"""Side-effect-free equality: compare values without running code of their classes.

The ``__eq__`` that ``dataclasses`` generates compares the fields of two objects of one class in
order, and does nothing else. If the fields are strings, numbers, objects that compare by identity,
or such dataclasses again, no other code can observe the comparison. Mapped objects are compared by
their keys.
"""

from __future__ import annotations

import dataclasses
import operator
import sys
import types
import typing as t

from ...host import sandbox
from ...host.registry import Identities
from ..binding_analysis import is_plain

#: Classes whose values compare without side effects; the same object may be unequal to itself.
_SCALARS = frozenset({str, int, float, bool, type(None)})
#: A container equals itself, whatever its elements.
_CONTAINERS = frozenset({list, dict, tuple, set, frozenset})
#: The deepest nesting of objects in fields.
_DEEPEST = 8
#: The most fields that one comparison reads.
_MOST_FIELDS = 1_000
#: Since Python 3.13 a dataclass compares its fields one by one, and an object equals itself;
#: before, it compared tuples of fields, where identical elements are equal without a call.
_ASKS_THE_SAME = sys.version_info >= (3, 13)
_MISSING = object()


def compared_fields(cls: type) -> tuple[str, ...] | None:
    """Return the fields that decide whether two objects are equal.

    ``None`` unless ``dataclasses`` generated the ``__eq__`` of the class, and its fields are read
    without side effects.
    """
    own = vars(cls).get("__eq__")
    if not isinstance(own, types.FunctionType) or not dataclasses.is_dataclass(cls):
        return None
    named = [(f.name, t.Any, dataclasses.field(compare=f.compare)) for f in dataclasses.fields(cls)]
    try:
        written: t.Any = vars(dataclasses.make_dataclass("Written", named))["__eq__"]
    except (KeyError, TypeError):
        # Field names that no other class may have.
        return None
    is_itself = is_plain(cls) and sandbox.passes_sandbox(cls)
    if _done_by(own) != _done_by(written) or not is_itself:
        return None
    names = tuple(f.name for f in dataclasses.fields(cls) if f.compare)
    return names if all(sandbox.is_silent_read(cls, name) for name in names) else None


def _done_by(function: types.FunctionType) -> tuple[t.Any, ...]:
    code = function.__code__
    return code.co_code, code.co_names, code.co_consts, code.co_freevars, code.co_argcount


class SideEffectFreeEquality:
    """Compares two values; for dataclasses, those that it has learnt.

    :param simple: classes whose values Python compares without running code of a class.
    :param identities: compares mapped objects.
    """

    def __init__(self, simple: set[type], identities: Identities | None = None) -> None:
        self._simple = simple
        self._identities = identities
        self._rows: set[type] = set()
        self._fields: dict[type, tuple[str, ...] | None] = {}

    def __call__(self, left: t.Any, right: t.Any) -> bool | None:
        """Tell whether two values are equal; ``None`` if that would run code of a class.

        Also ``None`` for objects with too many fields to compare.
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
            # Python compares these without side effects.
            return bool(left == right) if self._is_simple(kind) else None
        if left is right:
            return _ASKS_THE_SAME or self._has_all(left, fields)
        budget[0] -= len(fields)
        if depth >= _DEEPEST or budget[0] < 0:
            return None
        return self._of_fields(left, right, fields, depth, budget)

    def _has_all(self, value: t.Any, fields: tuple[str, ...]) -> bool | None:
        """Tell that an object equals itself: so do all of its fields, if they are there."""
        if not fields:
            return True
        try:
            operator.attrgetter(*fields)(value)
        except AttributeError:
            return None
        return True

    def learn(self, cls: type) -> None:
        """Learn how objects of a class compare. This makes a class; comparing does not."""
        if self._identities is not None and self._identities.has_keys(cls):
            self._rows.add(cls)
        elif cls not in self._fields:
            self._fields[cls] = compared_fields(cls)

    def knows(self, cls: type) -> bool:
        """Tell whether objects of a class are known to compare by fields or keys."""
        return cls in self._rows or self._fields.get(cls) is not None

    def _of_fields(
        self, left: t.Any, right: t.Any, fields: tuple[str, ...], depth: int, budget: list[int]
    ) -> bool | None:
        for name in fields:
            mine, other = getattr(left, name, _MISSING), getattr(right, name, _MISSING)
            if type(mine) is str and type(other) is str:
                # Usually the first field is a string, and differs.
                answer: bool | None = mine == other
            elif mine is _MISSING or other is _MISSING:
                return None
            elif mine is other and (type(mine) in _CONTAINERS or not _ASKS_THE_SAME):
                # Identical elements are equal without a call, and so are fields before 3.13.
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
        # Two objects of different classes that are known are unequal.
        is_told = all(self._is_simple(kind) or self.knows(kind) for kind in kinds)
        return False if is_told else None

    def _is_simple(self, kind: type) -> bool:
        return kind in self._simple or kind in _SCALARS
