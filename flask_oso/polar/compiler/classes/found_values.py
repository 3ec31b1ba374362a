"""Values that a rule which calls itself gives to variables, as its caller may go on with them.

In go a value and the arguments of the search; out comes the value, or ``SolverNeeded``. In the
solver a term equals itself, and nobody is asked. The caller has another name for what it is given,
and may know it by one already: it is an argument, a part of one, or a constant. What may be such a
term is given only if it equals itself, and tells so without code of a class.
"""

from __future__ import annotations

import typing as t

from ...host.conversion import copied_list, to_python
from ...host.registry import Host
from .equality import SideEffectFreeEquality
from .generated_equality import is_data_class
from .known_classes import KnownClasses, SolverNeeded
from .plain_classes import equals_itself

_CONTAINERS = frozenset({list, dict})
_THEMSELVES = frozenset({str, int, bool, type(None)})
#: How deep a list or a dictionary that may be known may have others in it.
_MOST_WITHIN = 10
#: How many elements they may have in all: one that stands in several places counts in each. Nothing
#: looks at the clock meanwhile.
_MOST_LOOKED_AT = 10_000


class FoundValues:
    """Looks at the values that variables became.

    :param known: the classes of one engine.
    :param host: the constants of the policy.
    """

    def __init__(self, known: KnownClasses, host: Host) -> None:
        self._known, self._host = known, host
        self._equality = SideEffectFreeEquality(known.simple, host)
        #: The constants, and what these have in them, that may ask somebody whether they equal
        #: themselves: by their identities; and whether lists or dictionaries have such parts.
        self._odd: tuple[dict[int, t.Any], bool] | None = None

    def checked(self, value: t.Any, args: tuple[t.Any, ...]) -> t.Any:
        """Return a value as the caller may go on with it: a list is one of this moment.

        :raises SolverNeeded: if that may differ from what the solver does.
        """
        kind = type(value)
        if kind in _CONTAINERS:
            return self._checked_container(value, args)
        if kind is not float and not self._known.takes(kind) and kind not in self._known.decided:
            raise SolverNeeded
        if self._may_be_known(value, args) and not self._is_itself(value):
            raise SolverNeeded
        return value

    def _checked_container(self, value: t.Any, args: tuple[t.Any, ...]) -> t.Any:
        """Look into a list or a dictionary, if the caller may have it, or a part of it."""
        is_list = type(value) is list
        if not self._may_be_known(value, args) and not (
            is_list and not self._known.takes_list(value)
        ):
            return copied_list(value) if is_list else value
        made = self.compared_by_nobody(value)
        # A dictionary is read as it is when it is read.
        return made if is_list else value

    def compared_by_nobody(
        self, value: t.Any, depth: int = 0, left: list[int] | None = None
    ) -> t.Any:
        """Return a value if it equals itself, and comparing it runs no code: a list as a copy.

        :param left: how many elements may still be looked at.
        """
        if type(value) not in _CONTAINERS:
            if not self._is_itself(value):
                raise SolverNeeded
            return value
        # Another thread may change it meanwhile.
        copied = value.copy()
        left = [_MOST_LOOKED_AT] if left is None else left
        left[0] -= len(copied)
        if left[0] < 0 or depth > _MOST_WITHIN:
            raise SolverNeeded
        if type(value) is list:
            return [self.compared_by_nobody(each, depth + 1, left) for each in copied]
        for key, each in copied.items():
            if type(key) is not str:
                raise SolverNeeded
            self.compared_by_nobody(each, depth + 1, left)
        return value

    def _is_itself(self, value: t.Any) -> bool:
        """Tell whether a value equals itself, and comparing it with itself runs no code."""
        kind = type(value)
        if kind in self._known.decided:
            return bool(value == value)
        if is_data_class(kind):
            self._equality.learn(kind)
            try:
                return self._equality.knows(kind) and self._equality(value, value) is True
            except ArithmeticError:
                # A signalling NaN of `decimal` in a field.
                return False
        return equals_itself(value)

    def _may_be_known(self, value: t.Any, args: tuple[t.Any, ...]) -> bool:
        """Tell whether the caller may have a value as an argument, in one, or as a constant."""
        if any(arg is value or type(arg) in _CONTAINERS for arg in args):
            return True
        odd, are_in_containers = self._odd_constants()
        return are_in_containers if type(value) in _CONTAINERS else id(value) in odd

    def has_odd_constants(self) -> bool:
        """Tell whether a constant, or what one has in it, may ask somebody about itself."""
        return bool(self._odd_constants()[0])

    def _odd_constants(self) -> tuple[dict[int, t.Any], bool]:
        if self._odd is None:
            self._odd = self._find_odd_constants()
        return self._odd

    def _find_odd_constants(self) -> tuple[dict[int, t.Any], bool]:
        odd, are_in_containers, seen = dict[int, t.Any](), False, dict[int, t.Any]()
        waiting = [(to_python(term, str), False) for term in self._host.constants.values()]
        while waiting:
            value, is_inside = waiting.pop()
            if id(value) in seen:
                continue
            seen[id(value)] = value
            if type(value) in _CONTAINERS:
                parts = [*(value if type(value) is list else value.values())]
                # Most have texts and integers alone.
                if not _THEMSELVES.issuperset(map(type, parts)):
                    waiting += [(each, True) for each in parts]
            elif not isinstance(value, type) and not self._is_itself(value):
                odd[id(value)] = value
                are_in_containers |= is_inside
        return odd, are_in_containers
