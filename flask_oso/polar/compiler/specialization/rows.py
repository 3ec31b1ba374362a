"""Reads and comparisons of rows: from their dictionaries, and by their keys.

Also of other objects that are compared by data: by the fields of a dataclass, or by a text.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Sequence

from ...host import sandbox
from ...host.registry import Calculation, Identities, ProxiedAttribute
from ...sources import Span
from ..quotations import expr
from ..snippets import (
    all_of,
    any_of,
    assign,
    attribute_of,
    call,
    compared,
    is_none,
    is_not_none,
    is_not_of,
    is_type,
    item_of,
    load,
    named_value,
    negate,
)
from .guards import Guards
from .regions import Known, Region, give_up_if, with_span
from .value_tests import compared_by_fields

#: Python writes numbers of fewer digits than thousands.
_MOST_NUMBER = 1 << 62


class RelationPair:
    """Tells by their foreign keys whether two relations that are not loaded lead to one row.

    ``None`` where the keys differ: both rows may be missing, and ``nil`` equals ``nil``.
    """

    __slots__ = ("_names", "_rows")

    def __init__(self, rows: Identities, one: str, other: str) -> None:
        self._rows, self._names = rows, (one, other)

    def __call__(self, row: t.Any, other: t.Any) -> bool | None:
        mine = self._rows.related_key(row, self._names[0])
        same = mine is not None and mine == self._rows.related_key(other, self._names[1])
        return True if same else None


class RowGuards:
    """Writes what a function does with rows.

    :param guards: writes the rest of the function.
    """

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        #: The attributes that are read from dictionaries, by class and name; ``None`` for a class
        #: that has none of this name.
        self.stored: dict[tuple[type, str], t.Any] = {}
        #: By the name of a test of foreign keys, the name of what answers it for many rows.
        self.unloaded_lists: dict[str, str] = {}

    @property
    def identities(self) -> Identities:
        """What tells which objects are the same row."""
        return t.cast(Identities, self._guards.names.host.identities)

    def stored_value(self, region: Region, owner: Known, name: str) -> ast.expr | None:
        """Write the loaded value of an attribute of a row; ``None`` if it is no such attribute.

        Where the attribute is not loaded, the value raises ``KeyError``, and the function gives up.
        """
        dictionary = self._dictionary(region, owner, name)
        if dictionary is None:
            return None
        return item_of(load(dictionary), ast.Constant(name))

    def calculation(self, owner: Known, name: str) -> Calculation | None:
        """Return how an attribute of a row is calculated from columns; ``None`` for any other."""
        cls = self._only_rows(owner)
        return None if cls is None else self.identities.calculation(cls, name)

    def proxied(self, owner: Known, name: str) -> ProxiedAttribute | None:
        """Return what an attribute of a row has of related rows; ``None`` for any other."""
        cls = self._only_rows(owner)
        return None if cls is None else self.identities.proxied(cls, name)

    def _only_rows(self, owner: Known) -> type | None:
        """Return the class of a row if none derives from it, which may replace an attribute."""
        cls = self.class_of_rows(owner)
        is_alone = owner.exact is not None or cls is None or not self.identities.is_extended(cls)
        return cls if is_alone else None

    def class_of_rows(self, value: Known) -> type | None:
        """Return the class that a value is of, or is expected to be of, if there are any rows."""
        return None if self._guards.names.host.identities is None else row_class(value)

    def note_attribute(self, owner: Known, name: str, made: Calculation | ProxiedAttribute) -> None:
        """Note that the function relies on what a class has under a name."""
        cls = t.cast(type, row_class(owner))
        for base in cls.__mro__[: cls.__mro__.index(made.owner)]:
            self.stored[base, name] = None
        self.stored[made.owner, name] = made.found

    def calculated(
        self, region: Region, owner: Known, name: str, made: Calculation, columns: Sequence[Known]
    ) -> ast.expr:
        """Write that an attribute is calculated, from columns that were read."""
        self.note_attribute(owner, name, made)
        kinds = self._guards.names.constant(made.kinds)
        region.give_up_if(any_of([is_not_of(each.name, kinds) for each in columns]))
        for each in columns:
            region.note_checked(each)
        return attribute_of(load(owner.name), name)

    def _dictionary(self, region: Region, owner: Known, name: str) -> str | None:
        """Write that a variable is the dictionary of a row, if an attribute is stored there."""
        cls = self.class_of_rows(owner)
        attribute = None if cls is None else self.identities.stored_attribute(cls, name)
        if cls is None or attribute is None:
            return None
        if owner.exact is None and self.identities.is_extended(cls):
            self._guards.guard_kind(region, owner, name, are_rows=True)
        else:
            self.stored[cls, name] = attribute
            if owner.exact is None:
                self._guard_row(region, owner, cls)
        key = ("dictionary", owner.name)
        known = region.lookup_of(owner.name, key)
        if known is None:
            known = region.known[key] = Known(self._guards.fresh("d"))
            value = attribute_of(load(owner.name), "__dict__")
            region.reads.append(assign(known.name, value))
        return known.name

    def _guard_row(self, region: Region, value: Known, cls: type) -> None:
        """Write that the function gives up for a value that is not of a class of rows."""
        key = ("row", value.name)
        if region.lookup(key) is None:
            region.known[key] = value
            region.note_checked(value)
            kind = self._guards.names.constant(cls)
            region.give_up_if(expr("type(X) is not KIND", X=value.name, KIND=kind))

    def related(self, cls: type, name: str) -> tuple[type | None, bool]:
        """Return the class to which a relation leads, and whether it leads to many rows."""
        expected = self.identities.related_class(cls, name)
        return expected, expected is not None and name not in self.identities.relations_to_one(cls)

    def related_one(self, value: Known) -> type | None:
        """Return the class that a related row is of unless it is ``nil``; ``None`` for others."""
        return None if value.is_many or value.exact is not None else self._only_class(value)

    def check_class(self, region: Region, value: Known) -> None:
        """Write that the function gives up for a related row of another class."""
        if region.lookup(("row", value.name)) or region.lookup(("row or none", value.name)):
            return
        region.known["row or none", value.name] = value
        region.note_checked(value)
        region.reads.append(self._row_or_none(value))

    def is_row(self, value: Known) -> bool:
        cls = row_class(value)
        return cls is not None and self._guards.names.host.has_keys(cls)

    def are_alike(self, value: Known, listed: Known) -> bool:
        """Tell whether a related row, and those of a list, are of one class that has keys."""
        is_one = value.expected is not None and value.expected is listed.expected
        return is_one and self.is_row(value) and self._only_class(value) is not None

    def keyed(self, value: Known) -> tuple[str, tuple[str, ...]]:
        """Return the name of the class of a related row, and what leads to its key."""
        return self._guards.names.constant(value.expected), self.identities.key_path

    def _row_or_none(self, value: Known) -> ast.stmt:
        """Write that the function gives up for a value that is neither a row nor ``None``."""
        cls = t.cast(type, value.expected)
        kind = self._guards.names.constant(cls)
        is_other = expr("type(X) is not KIND", X=value.name, KIND=kind)
        tests = [is_other, is_not_none(load(value.name))]
        if self.identities.is_extended(cls):
            tests.append(is_not_of(value.name, "rows"))
        return give_up_if(all_of(tests))

    def equal(self, region: Region, one: Known, other: Known, span: Span | None) -> Region:
        """Compare rows by their keys; one of the values is a row, or expected to be one."""
        unknown: list[Known] = []
        for value in (one, other):
            if value.exact is None and not self.is_row(value):
                unknown.append(value)
            elif value.exact is None and region.lookup(("row", value.name)) is None:
                region.known["row or none", value.name] = value
                region.note_checked(value)
                region.reads.append(self._row_or_none(value))
            elif value.exact is not None and not self._guards.is_identity(value.exact):
                self._guards.refuse(span)
        doubt: list[ast.stmt] = []
        for value in unknown:
            odd = [is_not_of(value.name, known) for known in ("rows", "simple")]
            doubt.append(give_up_if(all_of(odd)))
        key = ("same", *sorted((one.name, other.name)))
        inner = self._guards.under(region, key, self._same_row(one, other), doubt, span)
        for value in unknown:
            inner.note_checked(value)
        return inner

    def _same_row(self, one: Known, other: Known) -> ast.expr:
        """Write whether two values are one row, or both ``None``."""
        same = compared(load(one.name), ast.Is(), load(other.name))
        kinds = [self._only_class(value) for value in (one, other)]
        if None not in kinds and kinds[0] is not kinds[1]:
            return same
        tests: list[ast.expr] = []
        if None in kinds:
            sides = [
                call("type", load(value.name))
                if value.exact is None
                else load(self._guards.names.constant(value.exact))
                for value in (one, other)
            ]
            tests.append(compared(sides[0], ast.Is(), sides[1]))
        else:
            for value in (one, other):
                if value.exact is None:
                    tests.append(is_not_none(load(value.name)))
        return any_of([same, all_of([*tests, *self._same_key(one, other)])])

    def _same_key(self, one: Known, other: Known) -> list[ast.expr]:
        """Write that two rows have one key; most have not, and one that is not stored has none."""
        mine = named_value(self._guards.fresh("p"), self._key_of(one))
        is_same = compared(mine, ast.Eq(), self._key_of(other))
        return [is_same, is_not_none(load(mine.target.id))]

    def _only_class(self, value: Known) -> type | None:
        """Return the class that a value is of, if it is not ``None``; ``None`` for several."""
        if value.exact is not None or value.expected is None:
            return value.exact
        return None if self.identities.is_extended(value.expected) else value.expected

    def _key_of(self, value: Known) -> ast.expr:
        key: ast.expr = load(value.name)
        for name in self.identities.key_path:
            key = attribute_of(key, name)
        return key

    def compare_relation(
        self,
        region: Region,
        owner: Known,
        name: str,
        other: Known,
        span: Span | None,
        *,
        holds: bool = True,
    ) -> Region | None:
        """Return the region where a relation leads to a row, without loading the relation.

        :param holds: whether it leads to the row, or does not.

        ``None`` if it is no relation whose foreign key says which row it is, or is read anyway.
        """
        test, compares_text = self._test_of(region, owner, name), self._follows_text(other)
        if test is None or not (compares_text or self.is_row(other)):
            return None
        names, cls = self._guards.names, t.cast(type, row_class(owner))
        related = self.identities.related_class(cls, name)
        is_known = names.equality.compares_text if compares_text else names.host.has_keys
        if related is None or not is_known(related):
            return None
        if not (holds or all(map(_negates_equality, (related, row_class(other))))):
            return None
        found = self._referred(region, owner, name, related, span)
        by_key = names.constant(test)
        self.unloaded_lists[by_key] = names.constant(self.identities.unloaded_rows(cls, name))
        answer = self._compare_row(region, found, other, by_key, owner.name)
        if not holds:
            return self._guards.under(region, ("unrelated", answer), negate(load(answer)), [], span)
        return self._guards.under(region, ("related", answer), load(answer), [], span)

    def compare_relations(
        self,
        region: Region,
        one: tuple[Known, str],
        other: tuple[Known, str],
        span: Span | None,
    ) -> Region | None:
        """Return the region where two relations lead to one row, without loading either.

        :param one: what has a relation, and its name; ``other`` is the other one.

        ``None`` if a foreign key does not say which row it leads to, or both are read anyway.
        """
        for unread, (owner, name) in ((one, other), (other, one)):
            # As by what stands in front, such as 'y.b != nil'. The rules in order may never load
            # the other one, so a function that needed it would give up each time.
            read = region.lookup_of(owner.name, ("read", owner.name, name))
            if read is not None:
                return self.compare_relation(region, *unread, read, span)
        tests = [self._test_of(region, *each) for each in (one, other)]
        related = {self._related_rows(*each) for each in (one, other)}
        if None in tests or None in related or len(related) > 1:
            return None
        cls = t.cast(type, related.pop())
        found = [self._referred(region, *each, cls, span) for each in (one, other)]
        answer = self._guards.fresh()
        rows = [self._row_or_none(each) for each in found]
        unloaded = [compared(load(each.name), ast.Is(), load("unloaded")) for each in found]
        names = self._guards.names
        by_key = names.constant(RelationPair(self.identities, one[1], other[1]))
        calls = [
            (by_key, one[0], other[0]),
            (names.constant(tests[0]), one[0], found[1]),
            (names.constant(tests[1]), other[0], found[0]),
        ]
        neither, first, second = (
            assign(answer, call(test, load(row.name), load(with_row.name)))
            for test, row, with_row in calls
        )
        ask_one = ast.If(unloaded[1], [neither], [rows[1], first])
        same = [*rows, assign(answer, self._same_row(*found))]
        ask_other: ast.stmt = ast.If(unloaded[1], [rows[0], second], same)
        region.reads.append(ast.If(unloaded[0], [ask_one], [ask_other]))
        region.give_up_if(is_none(load(answer)))
        return self._guards.under(region, ("related", answer), load(answer), [], span)

    def is_told_by_key(self, region: Region, owner: Known, name: str) -> bool:
        """Tell whether a foreign key says which row a relation leads to that is not read so far."""
        return self._test_of(region, owner, name) is not None

    def _test_of(self, region: Region, owner: Known, name: str) -> t.Any:
        """Return what compares a relation by its foreign key; ``None`` if it is read anyway."""
        cls = self._only_rows(owner)
        if cls is None or self._guards.names.is_relation(name) or not sandbox.is_unrestricted(name):
            return None
        if region.lookup_of(owner.name, ("read", owner.name, name)) is not None:
            return None
        return self.identities.row_test(cls, name)

    def _related_rows(self, owner: Known, name: str) -> type | None:
        """Return the class of rows that a relation leads to, if these are equal by their keys."""
        cls = self.class_of_rows(owner)
        related = None if cls is None else self.identities.related_class(cls, name)
        is_known = related is not None and self._guards.names.host.has_keys(related)
        return related if is_known else None

    def _compare_row(
        self, region: Region, found: Known, other: Known, by_key: str, owner: str
    ) -> str:
        """Write whether a relation leads to a row; return the name of the answer.

        :param by_key: the name of what tells by the foreign key, where it is not loaded.
        :param owner: the name of what has the relation.
        """
        compares_text = self._follows_text(other)
        if other.exact is None and region.lookup(("row", other.name)) is None:
            region.reads.append(self._row_or_none(other))
            region.note_checked(other)
        answer = self._guards.fresh()
        unless_told = give_up_if(is_none(load(answer)))
        unloaded = compared(load(found.name), ast.Is(), load("unloaded"))
        asked: list[ast.stmt] = [
            assign(answer, call(by_key, load(owner), load(other.name))),
            unless_told,
        ]
        same = [self._row_or_none(found), assign(answer, self._same_row(found, other))]
        if compares_text:
            compare = self.compared_data(found, other)
            same = [assign(answer, compare), unless_told]
        if other.exact is found.expected and not compares_text:
            compare_rows = self._compare_with_known(found, other, answer, asked)
        else:
            compare_rows = ast.If(unloaded, asked, same)
        region.reads.append(compare_rows)
        return answer

    def _compare_with_known(
        self, found: Known, other: Known, answer: str, asked: list[ast.stmt]
    ) -> ast.stmt:
        """Write the comparison of a relation with a row of a class that is known.

        The usual cases come first: the row itself, and another one of its class.

        :param asked: what is done where the relation is not loaded.
        """
        is_row = is_type(found.name, self._guards.names.constant(other.exact))
        is_itself = compared(load(found.name), ast.Is(), load(other.name))
        is_unloaded = compared(load(found.name), ast.Is(), load("unloaded"))
        is_odd = [is_not_none(load(found.name))]
        if self.identities.is_extended(t.cast(type, other.exact)):
            is_odd.append(is_not_of(found.name, "rows"))
        false: list[ast.stmt] = [give_up_if(all_of(is_odd)), assign(answer, ast.Constant(False))]
        same = assign(answer, all_of(self._same_key(found, other)))
        true = assign(answer, ast.Constant(True))
        unusual = ast.If(is_row, [same], [ast.If(is_unloaded, asked, false)])
        return ast.If(is_itself, [true], [unusual])

    def compared_data(self, one: Known, other: Known) -> ast.expr:
        """Write the comparison of two objects: ``None`` if it cannot be made here."""
        compare = call("quietly_equal", load(one.name), load(other.name))
        for cls in (one.exact, other.exact):
            fields = () if cls is None else self._guards.names.equality.few_fields(cls)
            if fields and {one.exact, other.exact} <= {cls, None}:
                kind = load(self._guards.names.constant(cls))
                names = one.name, other.name
                return compared_by_fields(names, kind, fields, compare, self._guards.fresh)
        if one.exact is None or not self._guards.names.equality.compares_text(one.exact):
            one, other = other, one
        cls = one.exact
        if (
            cls is None
            or not self._guards.names.equality.compares_text(cls)
            or not (other.exact is None or other.exact is cls)
        ):
            return compare
        # Most are of one class, and have a number or a string.
        tests: list[ast.expr] = []
        if other.exact is None:
            cls_name = self._guards.names.constant(cls)
            tests.append(is_type(other.name, cls_name))
        mine, theirs = self._guards.fresh("p"), self._guards.fresh("p")
        values = [self._text_value(value, cls) for value in (one, other)]
        parts = [
            named_value(name, value) for name, value in zip((mine, theirs), values, strict=True)
        ]
        kinds = [call("type", part) for part in parts]
        are_texts = all_of([is_type(name, "str") for name in (mine, theirs)])
        are_numbers = [is_type(name, "int") for name in (mine, theirs)]
        are_numbers += [_is_short(name) for name in (mine, theirs)]
        alike = compared(kinds[0], ast.Is(), kinds[1])
        tests += [alike, any_of([all_of(are_numbers), are_texts])]
        return ast.IfExp(all_of(tests), compared(load(mine), ast.Eq(), load(theirs)), compare)

    def _text_value(self, value: Known, cls: type) -> ast.expr:
        """Write the attribute whose text an object of a class compares."""
        name = self._guards.names.equality.by_text[cls].attribute
        rows = self._guards.names.host.identities
        attribute = None if rows is None else rows.stored_attribute(cls, name)
        if attribute is None:
            return attribute_of(load(value.name), name)
        self.stored[cls, name] = attribute
        dictionary = attribute_of(load(value.name), "__dict__")
        return item_of(dictionary, ast.Constant(name))

    def _follows_text(self, value: Known) -> bool:
        """Tell whether a value is a row that compares the text of its key."""
        cls = self.class_of_rows(value)
        if cls is None:
            return False
        return self._guards.names.equality.compares_text(cls) and self.identities.follows_keys(cls)

    def _referred(
        self, region: Region, owner: Known, name: str, related: type, span: Span | None
    ) -> Known:
        """Write that a variable is a relation, or says that this is not loaded."""
        key = ("referred", owner.name, name)
        known = region.lookup_of(owner.name, key)
        if known is None:
            known = region.known[key] = Known(self._guards.fresh(), expected=related)
            dictionary = t.cast(str, self._dictionary(region, owner, name))
            is_loaded = compared(ast.Constant(name), ast.In(), load(dictionary))
            value = item_of(load(dictionary), ast.Constant(name))
            chosen = ast.IfExp(is_loaded, value, load("unloaded"))
            region.reads.append(with_span(assign(known.name, chosen), span))
        return known

    def changed_classes(self) -> list[ast.stmt]:
        """Write that the function gives up where an attribute of rows has been replaced."""
        tests = []
        for (cls, name), attribute in self.stored.items():
            if attribute is None:
                held = load(self._guards.names.class_dictionary(cls))
                tests.append(compared(ast.Constant(name), ast.In(), held))
                continue
            own = item_of(load(self._guards.names.class_dictionary(cls)), ast.Constant(name))
            tests.append(compared(own, ast.IsNot(), load(self._guards.names.constant(attribute))))
        return [give_up_if(any_of(tests))] if tests else []


def _negates_equality(cls: t.Any) -> bool:
    """Tell whether ``!=`` of a class is the opposite of its ``==``."""
    owners = [
        next(base for base in cls.__mro__ if name in vars(base)) for name in ("__ne__", "__eq__")
    ]
    return owners[0] in (object, owners[1])


def row_class(value: Known) -> type | None:
    """Return the class that a value is of, or is expected to be of."""
    return value.exact or value.expected


def _is_short(name: str) -> ast.expr:
    """Write that a number has few digits, for Python refuses to write those with thousands."""
    sides: list[ast.expr] = [load(name), ast.Constant(_MOST_NUMBER)]
    return ast.Compare(ast.Constant(-_MOST_NUMBER), [ast.Lt(), ast.Lt()], sides)
