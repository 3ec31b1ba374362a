"""Side-effect-free equality: compare values without running code of their classes.

The ``__eq__`` that ``dataclasses`` or ``attrs`` generates compares the fields of two objects of one
class in order, and does nothing else. If they are strings, numbers, objects that compare by
identity, or such objects again, no other code can observe the comparison. Mapped objects are
compared by their keys, and users of a login library by the text of an attribute.
"""

from __future__ import annotations

import operator
import typing as t
import uuid
from collections.abc import Callable

from ...host import sandbox
from ...host.registry import Host, Identities, TextEquality
from ...host.value_classes import is_told_from_nil
from .generated_equality import (
    compared_fields,
    compares_one_by_one,
    differs_from_nil,
    equals_itself,
)
from .plain_classes import is_plain

#: Classes whose values compare without side effects; the same object may be unequal to itself.
_SCALARS = frozenset({str, int, float, bool, type(None)})
#: A container equals itself, whatever its elements.
_CONTAINERS = frozenset({list, dict, tuple, set, frozenset})
#: Classes whose values equal themselves: no number that is none is one.
_THEMSELVES = _CONTAINERS | {int, bool, type(None)}
#: The deepest nesting of objects in fields.
_DEEPEST = 8
#: Functions compare up to so many fields themselves.
_FEW_FIELDS = 3
#: The most fields that one comparison reads.
_MOST_FIELDS = 1_000
_MISSING = object()
#: Classes whose values have a text that is made without code of an application.
_TEXT_KINDS = frozenset({type(None), uuid.UUID})
#: Python refuses to write numbers of thousands of digits.
_MOST_NUMBER = 1 << 64


class SideEffectFreeEquality:
    """Compares two values; of classes that compare fields, those that it has learnt.

    :param simple: classes whose values Python compares without running code of a class.
    :param host: compares mapped objects, and knows which classes compare a text.
    """

    def __init__(self, simple: set[type], host: Host | None = None) -> None:
        self._simple = simple
        self._host = host
        self._identities = None if host is None else host.identities
        self._rows: set[type] = set()
        #: Classes that compare a text. Functions look into it, too.
        self.by_text: dict[type, TextEquality] = {}
        #: The base classes of these, whose instances they may be equal to.
        self._text_bases: set[type] = set()
        #: The attributes of rows among them.
        self._stored: dict[type, t.Any] = {}
        self._fields: dict[type, tuple[str, ...] | None] = {}
        #: Those of them that ask each field, and read none behind the first that differs.
        self._one_by_one: set[type] = set()
        #: Those of them that ask also whether an object equals itself.
        self._asking_themselves: set[type] = set()
        #: What reads all of them, if there are any.
        self._readers: dict[type, operator.attrgetter[t.Any]] = {}

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
                return self._of_rows(left, right, depth)
            if kind in self.by_text:
                return self._of_texts(left, right)
            # Python compares these without side effects.
            return bool(left == right) if self._is_simple(kind) else None
        if left is right and kind not in self._asking_themselves:
            # So do all of its fields, if they are there.
            return True if self._is_read(left) else None
        budget[0] -= len(fields)
        if depth >= _DEEPEST or budget[0] < 0:
            return None
        return self._of_fields(left, right, fields, depth, budget)

    def _of_rows(self, left: t.Any, right: t.Any, depth: int) -> bool | None:
        """Compare two rows of one class by their keys; in fields of an object, as Python does."""
        if depth == 0:
            return t.cast(Identities, self._identities).is_same(left, right)
        # INVARIANT: what is in the fields of an object Python compares, and not by a key.
        own: t.Any = type(left).__eq__
        return left is right if own is object.__eq__ else None

    def is_among(
        self, item: t.Any, elements: list[t.Any], *, is_first: bool = False
    ) -> bool | None:
        """Tell whether an object that compares fields equals one of several of its class.

        :param is_first: whether none behind one that is equal is looked at.
        :returns: ``None`` if that is not known, or its first field is no string and no integer.
        """
        fields = self._fields.get(type(item))
        mine = getattr(item, fields[0], None) if fields else None
        kind, found = type(mine), False
        if fields is None or (kind is not str and kind is not int) or not self._is_read(item):
            return None
        reads_all = type(item) not in self._one_by_one and len(fields) > 1
        read = self._readers[type(item)] if reads_all else None
        try:
            for element in elements:
                other = getattr(element, fields[0], None) if read is None else read(element)[0]
                # Most differ in it, and then nothing else is compared.
                if type(other) is kind and other != mine:
                    continue
                answer = self(item, element)
                if answer is None or (answer and is_first):
                    return answer
                found = found or answer
        except AttributeError:
            # Python reads all fields of both first, and one is missing.
            return None
        return found

    def _is_read(self, value: t.Any) -> bool:
        """Tell whether an object has what Python reads before it compares: all, or nothing."""
        kind = type(value)
        if kind not in self._one_by_one and (read := self._readers.get(kind)) is not None:
            try:
                read(value)
            except AttributeError:
                return False
        return True

    def learn(self, cls: type) -> None:
        """Learn how objects of a class compare. This makes a class; comparing does not."""
        if self._identities is not None and self._identities.has_keys(cls):
            self._rows.add(cls)
        elif self._host is not None and (text := self._host.text_equality(cls)) is not None:
            self._learn_text(cls, text)
        elif cls not in self._fields:
            fields = self._fields[cls] = compared_fields(cls)
            if fields is not None:
                self._note_order(cls)
            if fields:
                self._readers[cls] = operator.attrgetter(*fields)

    def _note_order(self, cls: type) -> None:
        if compares_one_by_one(cls):
            self._one_by_one.add(cls)
        if not equals_itself(cls):
            self._asking_themselves.add(cls)

    def knows(self, cls: type) -> bool:
        """Tell whether objects of a class are known to compare by fields or keys."""
        is_object = cls in self._rows or cls in self.by_text
        return is_object or self._fields.get(cls) is not None

    def compares_fields(self, cls: type) -> bool:
        """Tell whether objects of a class are known to compare their fields, and nothing else."""
        return self._fields.get(cls) is not None and not (cls in self._rows or cls in self.by_text)

    def reader(self, cls: type) -> Callable[[t.Any], tuple[t.Any, ...]] | None:
        """Return what reads the fields by which objects of a class compare, if there are any."""
        fields = self._fields.get(cls)
        if not fields or len(fields) > _MOST_FIELDS or cls in self._rows or cls in self.by_text:
            return None
        # Of a single name it would be the value.
        return operator.attrgetter(*fields, *fields[: len(fields) == 1])

    def compares_text(self, cls: type) -> bool:
        """Tell whether objects of a class compare by the text of an attribute."""
        return cls in self.by_text

    def is_told_from_nil(self, cls: type) -> bool:
        """Tell whether comparing an object of a class with ``nil`` runs no code of an application.

        What libraries generate asks first whether the classes are the same, and so does that of
        rows.
        """
        if is_told_from_nil(cls) or cls in self.by_text:
            return True
        if self._identities is not None and self._identities.has_keys(cls):
            return True
        return differs_from_nil(cls)

    def few_fields(self, cls: type) -> tuple[str, ...]:
        """Return the fields by which objects compare, if they are few; none for other classes."""
        is_other = cls in self._rows or cls in self.by_text
        fields = () if is_other else self._fields.get(cls) or ()
        return fields if len(fields) <= _FEW_FIELDS else ()

    def may_equal_text(self, cls: type) -> bool:
        """Tell whether instances of a class may equal objects of another that compares a text."""
        return not self._text_bases.isdisjoint(cls.__mro__)

    def _learn_text(self, cls: type, equality: TextEquality) -> None:
        self._text_bases.add(equality.base)
        if not is_plain(cls) or not sandbox.passes_sandbox(cls):
            return
        rows = self._identities
        stored = None if rows is None else rows.stored_attribute(cls, equality.attribute)
        if stored is None and not sandbox.is_silent_read(cls, equality.attribute):
            return
        self._stored[cls] = stored
        self.by_text[cls] = equality

    def _of_texts(self, left: t.Any, right: t.Any) -> bool | None:
        mine, other = self._text_of(left), self._text_of(right)
        return None if mine is None or other is None else mine == other

    def _text_of(self, value: t.Any) -> str | None:
        """Return the text that a value compares; ``None`` if making it may run code, or fail."""
        kind = type(value)
        name, stored = self.by_text[kind].attribute, self._stored[kind]
        if stored is None:
            found = getattr(value, name, _MISSING)
        elif vars(kind).get(name) is stored:
            found = value.__dict__.get(name, _MISSING)
        else:
            return None
        if type(found) is str:
            return found
        is_short = type(found) is int and -_MOST_NUMBER < found < _MOST_NUMBER
        return str(found) if is_short or type(found) in _TEXT_KINDS else None

    def _of_fields(
        self, left: t.Any, right: t.Any, fields: tuple[str, ...], depth: int, budget: list[int]
    ) -> bool | None:
        is_asked = type(left) in self._one_by_one
        for name in fields:
            mine, other = getattr(left, name, _MISSING), getattr(right, name, _MISSING)
            if type(mine) is str and type(other) is str:
                # Usually the first field is a string, and differs.
                answer: bool | None = mine == other
            elif mine is _MISSING or other is _MISSING:
                return None
            elif mine is other and (type(mine) in _THEMSELVES or not is_asked):
                # Identical elements are equal without a call, and so are fields in a tuple.
                continue
            else:
                answer = self._compare(mine, other, depth + 1, budget)
            if answer is False and not (self._is_read(left) and self._is_read(right)):
                # A field behind it is missing.
                return None
            if answer is not True:
                return answer
        return True

    def _of_two_kinds(self, left: t.Any, right: t.Any) -> bool | None:
        kinds = type(left), type(right)
        if all(map(self._is_simple, kinds)):
            return bool(left == right)
        texts = [kind in self.by_text for kind in kinds]
        if all(texts):
            return self._of_texts(left, right)
        if any(texts) and self.may_equal_text(kinds[texts.index(False)]):
            return None
        return False if self._are_told(*kinds) else None

    def differ(self, left: type, right: type) -> bool:
        """Tell whether no object of a class equals one of another class, for all that is known."""
        kinds = left, right
        if left is right or all(map(self._is_simple, kinds)):
            return False
        return self.by_text.keys().isdisjoint(kinds) and self._are_told(*kinds)

    def _are_told(self, *kinds: type) -> bool:
        """Tell whether classes are known, of which then no two have equal objects."""
        return all(self._is_simple(kind) or self.knows(kind) for kind in kinds)

    def _is_simple(self, kind: type) -> bool:
        return kind in self._simple or kind in _SCALARS
