"""What is read of values, and how they compare: by identity, by keys, by fields, as scalars.

A method takes a region, and returns the region where values are equal, or are not.
"""

from __future__ import annotations

import ast
import datetime
import typing as t
from collections.abc import Sequence

from ...host import sandbox
from ...host.value_classes import EQUATED, MOMENTS
from ...nodes import Value
from ...sources import Span
from ..binding_analysis import NotCompilable, is_string
from ..classes.plain_classes import compares_by_identity
from ..quotations import code, duplicate, expr
from ..snippets import (
    all_of,
    any_of,
    assign,
    attribute_of,
    call,
    compared,
    is_none,
    is_of,
    is_type,
    item_of,
    load,
    negate,
)
from .guards import Guards
from .regions import GIVE_UP, Fact, Known, Region, with_span
from .rows import RowGuards, row_class
from .value_tests import SCALARS, check_constant, is_member

_FEW = 3
_COMPOUND = frozenset({dict, list, tuple, set, frozenset})
#: Classes whose values equal themselves, and ask nobody for it.
_THEMSELVES: frozenset[type | None] = frozenset({str, datetime.date, *MOMENTS})


class ValueGuards:
    """Writes reads and comparisons into the regions of one function."""

    def __init__(self, guards: Guards, rows: RowGuards) -> None:
        self._guards = guards
        self._equality = guards.names.equality
        #: What the function does with rows.
        self.rows = rows

    # -- reads

    def read(self, region: Region, owner: Known, name: str, span: Span | None) -> Known:
        """Read an attribute, once for all goals that need it in a region."""
        if owner.is_literal:
            raise NotCompilable("an attribute of a literal", span)
        if not sandbox.is_unrestricted(name) or self._guards.names.is_relation(name):
            raise NotCompilable("an attribute that is not read as it is", span)
        known = region.lookup_of(owner.name, ("read", owner.name, name))
        if known is not None:
            return known
        if owner.constant is not None:
            return self._read_constant(region, owner, name, span)
        expected, is_many = None, False
        value = self.rows.stored_value(region, owner, name)
        calculation = self.rows.calculation(owner, name) if value is None else None
        if value is not None:
            expected, is_many = self.rows.related(t.cast(type, row_class(owner)), name)
        elif calculation is not None:
            columns = [self.read(region, owner, each, span) for each in calculation.columns]
            value = self.rows.calculated(region, owner, name, calculation, columns)
        elif (given := self._guards.read_before(owner, name)) is not None:
            return given
        elif owner.exact is None:
            value = self._read_quietly(region, owner, name)
        elif owner.exact is dict:
            value = item_of(load(owner.name), ast.Constant(name))
        elif owner.exact in SCALARS:
            raise NotCompilable("an attribute of a string or a number", span)
        elif not sandbox.is_silent_read(owner.exact, name):
            raise NotCompilable("an attribute that is computed", span)
        made = Known(
            self._guards.fresh(),
            region=region,
            source=(owner.name, name),
            expected=expected,
            is_many=is_many,
        )
        self._guards.note_derived(made, (owner.name,))
        value = value or attribute_of(load(owner.name), name)
        unless = self._guards.unless_checked(made)
        region.reads += [with_span(assign(made.name, value), span), unless]
        region.unchecked.append((made.name, self._guards.alternative, unless))
        region.known["read", owner.name, name] = made
        return made

    def returned_by(
        self, region: Region, owner: Known, name: str, span: Span | None
    ) -> Known | None:
        """Call a method that only returns an attribute, which nobody can tell from reading it.

        ``None`` if a method does anything else. The function gives up where an object has
        another one under the name.
        """
        cls, names = owner.exact, self._guards.names
        is_value = cls is None or cls is dict or cls in SCALARS
        is_of_class = not is_value and owner.constant is None
        if not is_of_class or owner.is_literal or not sandbox.is_unrestricted(name):
            return None
        if not names.host.keeps(t.cast(type, cls)):
            return None
        function = sandbox.silent_method(t.cast(type, cls), name)
        if function is None:
            return None
        fact: Fact = ("called", owner.name, name)
        known = region.lookup_of(owner.name, fact)
        if known is not None:
            return known
        method, made = self._guards.fresh(), Known(self._guards.fresh(), region=region)
        self._guards.note_derived(made, (owner.name,))
        called = """
            METHOD = OWNER.NAME
            if (
                type(METHOD) is not bound_method
                or METHOD.__func__ is not FUNCTION
                or METHOD.__self__ is not OWNER
            ): GIVE_UP
            MADE = METHOD()
        """
        reads = code(
            called,
            METHOD=method,
            OWNER=owner.name,
            NAME=name,
            FUNCTION=names.constant(function),
            GIVE_UP=GIVE_UP,
            MADE=made.name,
        )
        unless = self._guards.unless_checked(made)
        region.reads += [*(with_span(each, span) for each in reads), unless]
        region.unchecked.append((made.name, self._guards.alternative, unless))
        region.known[fact] = made
        return made

    def _read_constant(self, region: Region, owner: Known, name: str, span: Span | None) -> Known:
        """Read an entry of a dictionary that is a constant, or an attribute of a class."""
        if type(owner.constant) is dict:
            if name not in owner.constant:
                raise NotCompilable("an entry that a constant has not", span)
            found = owner.constant[name]
            if type(found) is bool or type(found) in SCALARS:
                return Known("", literal=Value(found))
            is_known = type(found) is float or type(found) in _COMPOUND
            if not is_known and not compares_by_identity(type(found)):
                check_constant(found, span)
            constant = found if type(found) is dict else None
            return Known(self._guards.names.constant(found), exact=type(found), constant=constant)
        if not sandbox.is_silent_class_read(owner.constant, name):
            raise NotCompilable("an attribute of a class that is computed", span)
        made = Known(self._guards.fresh(), region=region, source=(owner.name, name))
        value = attribute_of(load(owner.name), name)
        region.reads += [
            with_span(assign(made.name, value), span),
            self._guards.unless_checked(made),
        ]
        region.known["read", owner.name, name] = made
        return made

    def _read_quietly(self, region: Region, owner: Known, name: str) -> ast.expr:
        """Write that an attribute is read if that has no side effects, or an entry."""
        quiet, classes = self._guards.readable(owner, name)
        if self._guards.is_repeated(region):
            self._guards.guard_kind(region, owner, name)
        known = region.lookup(("quiet", owner.name))
        if known is not None and known.name != owner.name:
            return attribute_of(load(known.name), name)
        region.known["quiet", owner.name] = owner
        region.note_checked(owner)
        kinds = self._guards.names.constant(classes.kinds)
        read = "X.NAME if type(X) in KINDS else X[TEXT] if type(X) is dict else QUIET.read(X, TEXT)"
        text = ast.Constant(name)
        return expr(read, X=owner.name, NAME=name, KINDS=kinds, TEXT=text, QUIET=quiet)

    # -- classes

    def is_told(self, value: Known) -> bool:
        """Tell whether a value is an object that equals itself, or is compared by its fields."""
        cls = value.exact
        own: t.Any = None if cls is None else cls.__ne__
        if cls is None or not (own is object.__ne__ or self._equality.compares_text(cls)):
            return False
        return self.is_itself(value) or self._equality.knows(cls)

    def is_itself(self, value: Known) -> bool:
        """Tell whether a value is of a class whose instances compare by identity."""
        cls = value.exact
        return (
            cls is not None
            and self._guards.is_identity(cls)
            and not self._guards.names.host.has_keys(cls)
        )

    # -- equality

    def equal(self, region: Region, one: Known, other: Known, span: Span | None) -> Region | None:
        """Return the region where two values are equal; ``None`` if they never are."""
        if not one.is_literal:
            one, other = other, one
        if one.literal is not None and self._comes_first(region, other):
            return self._tested_behind(region, one, other, span)
        if other.choices is not None or (one.choices is not None and other.literal is not None):
            raise NotCompilable("a string of several that is compared with a literal", span)
        if one.literal is not None and other.literal is not None:
            return region if _are_one(one.literal.value, other.literal.value, span) else None
        if one.choices is not None or is_string(one.literal):
            return self._equal_string(region, one, other, span)
        if one.literal is not None:
            return self._equal_literal(region, one.literal, other, span)
        if one.name == other.name:
            return self._equal_itself(region, one, span)
        return self._equal_values(region, one, other, span)

    def _comes_first(self, region: Region, other: Known) -> bool:
        """Tell whether a comparison, which few clauses pass, comes before the test of a region."""
        is_own = region.late is not None and region.alternative == self._guards.alternative
        return is_own and t.cast(Region, region.above).lookup(("shared", other.name)) is not None

    def _tested_behind(
        self, region: Region, one: Known, other: Known, span: Span | None
    ) -> Region | None:
        """Return the region where two values are equal, and behind that the test holds."""
        header, late = t.cast(ast.If, region.header), t.cast(Fact, region.late)
        above = t.cast(Region, region.above)
        if region.ordered is not None:
            self._check_order(above, region.ordered)
        inner = self.equal(above, one, other, span)
        if inner is None:
            return None
        return self._guards.under(inner, late, duplicate(header.test), [], span)

    def _check_order(self, region: Region, number: Known) -> None:
        """Give up for a decimal that is no number: to compare it is an error."""
        fact: Fact = ("has order", number.name)
        if region.lookup(fact) is None:
            region.known[fact] = number
            region.give_up_if(compared(load(number.name), ast.NotEq(), load(number.name)))

    def note_texts(self, region: Region, value: Known, span: Span | None) -> None:
        """Write that a collection is looked at as a whole, since it is searched for many texts."""
        fact: Fact = ("texts", value.name)
        made = self._guards.computed(region, call("all_texts", load(value.name)), fact, span)
        region.note_checked(value, made)

    def _equal_string(
        self, region: Region, one: Known, other: Known, span: Span | None
    ) -> Region | None:
        if other.exact is not None and other.exact is not str:
            return None if self._is_never_scalar(other.exact) else self._guards.refuse(span)
        if one.literal is not None and one.literal.value in other.others:
            return None
        if region.is_flagged and other.region is not region:
            # The flag is tested last, so that comparisons of this value are shared.
            inner = self._equal_string(t.cast(Region, region.above), one, other, span)
            flag = t.cast(ast.Name, t.cast(ast.If, region.header).test)
            return self._guards.under(t.cast(Region, inner), ("flag", flag.id), flag, [], span)
        if other.exact is None:
            # Most are strings. A member of an enumeration of strings has one.
            value = expr("X if type(X) is str or X is None else text_of(X)", X=other.name)
            region.note_checked(other)
            other = self._guards.computed(region, value, ("text of", other.name), span)
        if one.choices is not None:
            test = _is_among(other, one)
            key: Fact = ("in", other.name, one.choices)
            return self._guards.under(region, key, test, [], span, (other.name, one.choices))
        text = str(t.cast(Value, one.literal).value)
        test = compared(load(other.name), ast.Eq(), ast.Constant(text))
        texts = other.name, frozenset({text})
        return self._guards.under(region, ("is", other.name, text), test, [], span, texts)

    def _equal_literal(
        self, region: Region, literal: Value, other: Known, span: Span | None
    ) -> Region | None:
        kind = type(literal.value)
        if kind not in (int, bool, float) or literal.value != literal.value:
            raise NotCompilable("a literal that is compared", span)
        if other.exact is not None:
            return None if self._is_never_scalar(other.exact) else self._guards.refuse(span)
        if kind is bool:
            return self._equal_boolean(region, literal, other, span)
        # What is of another class, and compares without calls, may still be an equal number.
        known = "type(X) is KIND or type(X) in simple or type(X) is bool"
        is_known = expr(known, X=other.name, KIND=kind.__name__)
        region = self._guards.guard(region, (kind, other.name), is_known, [other], span)
        number = ast.Constant(literal.value)
        test = expr("X == NUMBER and not type(X) is bool", X=other.name, NUMBER=number)
        key: Fact = ("is", other.name, kind, literal.value)
        inner = self._guards.under(region, key, test, [], span)
        if kind is int and inner is region.inside.get(key):
            inner.number = other.name, t.cast(int, literal.value)
        return inner

    def _equal_boolean(
        self, region: Region, literal: Value, other: Known, span: Span | None
    ) -> Region:
        is_it = "X is FLAG or (not type(X) is bool and X is not None and alike(X, FLAG))"
        test = expr(is_it, X=other.name, FLAG=ast.Constant(literal.value))
        inner = self._guards.under(region, ("is", other.name, bool, literal.value), test, [], span)
        inner.tested = (other.name,)
        inner.note_checked(other)
        return inner

    def _is_never_scalar(self, cls: type) -> bool:
        """Tell whether instances of a class equal no string, number or Boolean."""
        return self._guards.is_identity(cls) or cls in MOMENTS or cls in _COMPOUND

    def _equal_itself(self, region: Region, value: Known, span: Span | None) -> Region:
        """Give up for a value that is unequal to itself, such as NaN.

        The solver compares it if it was read twice, but not if both are the same term.
        """
        exact = value.exact
        if exact in _THEMSELVES or (exact is not None and self._guards.is_identity(exact)):
            return region
        if exact is not None and not self._equality.knows(exact):
            self._guards.refuse(span)
        if region.lookup(("itself", value.name)) is None:
            region.known["itself", value.name] = value
            region.note_checked(value)
            region.give_up_if(expr("quietly_equal(X, X) is not True", X=value.name))
        return region

    def _equal_values(
        self, region: Region, one: Known, other: Known, span: Span | None
    ) -> Region | None:
        key = ("same", *sorted((one.name, other.name)))
        for value, unknown in ((one, other), (other, one)):
            if value.exact is type(None):
                return self.is_nil(region, unknown, span, holds=True)
        if self.rows.is_row(one) or self.rows.is_row(other):
            return self.rows.equal(region, one, other, span)
        identities = [value for value in (one, other) if self.is_itself(value)]
        if identities:
            known = identities[0]
            unknown = other if known is one else one
            test = compared(load(unknown.name), ast.Is(), load(known.name))
            is_known = unknown.exact is not None and self._guards.is_identity(unknown.exact)
            is_known = is_known or region.lookup(("simple", unknown.name)) is not None
            may_equal = self._equality.may_equal_text(t.cast(type, known.exact))
            kinds = ("simple",) if may_equal else ("simple", "by_text")
            doubt = [] if is_known else self._guards.not_simple(region, unknown, kinds)
            inner = self._guards.under(region, key, test, doubt, span)
            inner.note_checked(unknown)
            return inner
        if any(value.exact and self._equality.knows(value.exact) for value in (one, other)):
            return self._equal_data(region, one, other, span)
        for value, unknown in ((one, other), (other, one)):
            if self.may_be_member(unknown, value):
                return self.is_member(region, unknown, value, span)
        return self._equal_unknown(region, key, (one, other), span)

    def _equal_unknown(
        self, region: Region, key: Fact, values: tuple[Known, Known], span: Span | None
    ) -> Region:
        """Compare values of any class: here those that Python compares without calls."""
        for value in values:
            if not (value.exact is None or self._is_silent(value.exact)):
                self._guards.refuse(span)
        sides = [load(value.name) for value in values]
        test: ast.expr = compared(sides[0], ast.Eq(), sides[1])
        for value, other in (values, values[::-1]):
            if value.is_empty:
                is_empty = call("is_empty", load(other.name))
                inner = self._guards.under(region, key, is_empty, [], span)
                inner.tested = (other.name,)
                inner.note_checked(other)
                return inner
        unknown = [v for v in values if v.exact not in EQUATED and not self._is_simple(region, v)]
        if unknown:
            test = ast.IfExp(self._are_simple(unknown), test, call("alike", *sides))
        inner = self._guards.under(region, key, test, [], span)
        inner.tested = tuple(value.name for value in values)
        for value in values:
            inner.note_checked(value)
        return inner

    def _are_simple(self, values: Sequence[Known]) -> ast.expr:
        """Write whether one or two values are compared without calls. Most are of one class."""
        kept = ast.Name(self._guards.fresh("p"), ast.Store())
        kind: ast.expr = ast.NamedExpr(kept, call("type", load(values[0].name)))
        tests: list[ast.expr] = []
        for value in values[1:]:
            other = call("type", load(value.name))
            is_same = compared(kind, ast.Is(), other)
            tests.append(any_of([is_same, compared(other, ast.In(), load("simple"))]))
            kind = load(kept.id)
        # Most attributes that are compared with another one are strings or integers. A look into a
        # set takes as long as several such tests.
        is_str = compared(kind, ast.Is(), load("str"))
        is_int = compared(load(kept.id), ast.Is(), load("int"))
        tests.append(any_of([is_str, is_int, compared(load(kept.id), ast.In(), load("simple"))]))
        return all_of(tests)

    def _is_simple(self, region: Region, value: Known) -> bool:
        return region.lookup(("simple", value.name)) is not None

    def _is_silent(self, cls: type) -> bool:
        """Tell whether a class of constants is one that 'alike' knows."""
        return cls in EQUATED or cls in MOMENTS or cls in _COMPOUND

    def check_comparable(self, value: Known, span: Span | None) -> None:
        """Refuse an object that is compared by code of the application."""
        cls = value.exact
        if cls is None or cls in SCALARS or self._is_silent(cls) or self._guards.is_identity(cls):
            return
        is_by_parts = self._equality.knows(cls) or self._equality.compares_text(cls)
        if not (is_by_parts or self.rows.is_row(value)):
            self._guards.refuse(span)

    def is_nil(
        self, region: Region, value: Known, span: Span | None, *, holds: bool
    ) -> Region | None:
        """Return the region where a value is ``nil``, or is not; ``None`` if there is none."""
        if value.is_literal:
            return None if holds else region
        if value.exact is not None:
            if not self._equality.is_told_from_nil(value.exact):
                self._guards.refuse(span)
            return region if (value.exact is type(None)) is holds else None

        def is_odd(kind: ast.expr) -> ast.expr:
            return all_of(
                [compared(kind, ast.NotIn(), load("told")), negate(call("is_told", kind))]
            )

        doubt = self._guards.unless_class(region, value, is_odd)
        sign = ast.Is() if holds else ast.IsNot()
        test = compared(load(value.name), sign, ast.Constant(None))
        key = ("nil", value.name, holds)
        is_new = region.holds(key) is None and key not in region.inside
        inner = self._guards.under(region, key, test, doubt if holds else [], span)
        inner.note_checked(value)
        if not holds and is_new:
            inner.reads += doubt
            inner.tested = (value.name,)
        return inner

    def may_be_member(self, value: Known, member: Known) -> bool:
        """Tell whether a value of any class is compared with a member of an enumeration."""
        return value.is_unknown and member.exact is not None and is_member(member.exact)

    def is_member(
        self,
        region: Region,
        value: Known,
        member: Known,
        span: Span | None,
        *,
        holds: bool = True,
    ) -> Region:
        """Return the region where a value is a member of an enumeration, or is not.

        The function gives up for a value of another class, which may equal the member.
        """
        is_one = is_type(value.name, self._guards.names.constant(t.cast(type, member.exact)))
        region = self._guards.guard(
            region, ("member", value.name, member.exact), is_one, [value], span
        )
        test = compared(load(value.name), ast.Is() if holds else ast.IsNot(), load(member.name))
        key = ("is member", value.name, member.name, holds)
        return self._guards.under(region, key, test, [], span)

    def unequal(self, region: Region, one: Known, other: Known, span: Span | None) -> Region:
        """Return the region where two objects differ: they are not the same, or in a field."""
        if not any(map(self.is_itself, (one, other))):
            return self._equal_data(region, one, other, span, holds=False)
        for value in (one, other):
            if value.exact is None:
                is_simple = is_of(value.name, "simple")
                region = self._guards.guard(
                    region, ("simple", value.name), is_simple, [value], span
                )
            elif not self.is_itself(value):
                self._guards.refuse(span)
        test = compared(load(one.name), ast.IsNot(), load(other.name))
        return self._guards.under(
            region, ("other", *sorted((one.name, other.name))), test, [], span
        )

    def _equal_data(
        self, region: Region, one: Known, other: Known, span: Span | None, *, holds: bool = True
    ) -> Region:
        """Compare objects field by field."""
        key = ("quietly_equal", *sorted((one.name, other.name)))
        known = region.lookup(key)
        if known is None:
            known = region.known[key] = Known(self._guards.fresh())
            compare = self.rows.compared_data(one, other)
            region.reads.append(assign(known.name, compare))
            region.give_up_if(is_none(load(known.name)))
        test = load(known.name) if holds else negate(load(known.name))
        inner = self._guards.under(region, (*key, holds), test, [], span)
        inner.note_checked(one, other)
        return inner


def _are_one(mine: t.Any, theirs: t.Any, span: Span | None) -> bool:
    """Tell whether two literals are equal.

    :raises NotCompilable: for numbers of two kinds, which the solver compares.
    """
    kinds = {type(mine), type(theirs)}
    # A constant may be a NaN, which equals itself alone.
    are_odd = mine != mine and theirs != theirs
    if are_odd or (len(kinds) > 1 and str not in kinds):
        raise NotCompilable("two literals that are compared", span)
    return len(kinds) == 1 and bool(mine == theirs)


def _is_among(value: Known, choices: Known) -> ast.expr:
    """Write that a string is one of several; for a few, comparing is faster than a look-up."""
    texts = sorted(choices.choices or ())
    if len(texts) > _FEW:
        return compared(load(value.name), ast.In(), load(choices.name))
    return any_of([compared(load(value.name), ast.Eq(), ast.Constant(text)) for text in texts])
