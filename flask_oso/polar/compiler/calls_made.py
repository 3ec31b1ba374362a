"""The calls of the application that a question made before the solver began it anew.

In go the notes of compiled functions; out come the results, for the solver, which comes to the same
calls. A method that changes its answer is asked once for each of them.
"""

from __future__ import annotations

import typing as t

from ..host.terms import Variable
from ..solver.machine import HostCall, MadeCall

#: Arguments of these classes are the same if they are equal: terms make them anew.
_SCALARS = frozenset({str, int, bool, float})


class CallsMade:
    """Gives the result of each call that was made once, in the order of the calls.

    :param calls: the notes.
    :param before: a call that was made before the compiled functions began.
    """

    __slots__ = ("_before", "_found", "_results")

    def __init__(self, calls: list[HostCall], before: MadeCall | None) -> None:
        self._before = before
        #: The calls of one name of one object of which one was found, and its position.
        self._found: tuple[list[HostCall], int] | None = None
        self._results: dict[tuple[int, str], list[HostCall]] = {}
        for each in reversed(calls):
            owner, name, _, result = each
            # An iterator is used up.
            if not hasattr(type(result), "__next__"):
                # The note keeps the owner, and so its identity.
                self._results.setdefault((id(owner), name), []).append(each)

    def is_of(self, owner: t.Any, name: str, args: tuple[t.Any, ...] | None) -> bool:
        """Tell whether a call was made, and its result not taken so far."""
        self._found = None
        if self._before is not None and self._before.is_of(owner, name, args):
            return True
        # The first call is the last of its list, where the solver mostly finds it.
        made = self._results.get((id(owner), name), [])
        for at in range(len(made) - 1, -1, -1):
            if _are_same(made[at][2], args):
                self._found = made, at
                return True
        return False

    def take(self) -> t.Any:
        """Return the result, or raise the error."""
        if self._found is None:
            return t.cast("MadeCall", self._before).take()
        made, at = self._found
        return made.pop(at)[3]


def _are_same(made: tuple[t.Any, ...] | None, args: tuple[t.Any, ...] | None) -> bool:
    if made is None or args is None:
        return made is args
    return len(made) == len(args) and all(map(_is_same, made, args))


def _is_same(one: t.Any, other: t.Any) -> bool:
    kind = type(one)
    if one is other or kind is not type(other):
        return one is other
    if kind is list:
        return len(one) == len(other) and all(map(_is_same, one, other))
    # A variable has another name whenever it becomes a value of the host.
    return kind is Variable or (kind in _SCALARS and bool(one == other))
