"""The reads and tests of a specialization: each once, in the outermost region that allows it.

A method takes a region, and returns the region where what it wrote holds. Before a value is used
in a way that Python code could observe, its class is tested; the function gives up for one that is
not plain.
"""

from __future__ import annotations

import ast
import datetime
import itertools
import typing as t
from collections.abc import Sequence
from dataclasses import replace

from ...host import sandbox
from ...host.sandbox import ITERATED
from ...host.value_classes import EQUATED, MOMENTS, is_told_from_nil
from ...nodes import Term, Value
from ...sources import Span
from ..binding_analysis import (
    NotCompilable,
    compares_by_identity,
    is_plain,
    is_string,
)
from ..scopes import ClassSet, ProgramInterface
from ..snippets import (
    all_of,
    any_of,
    assign,
    call,
    compared,
    is_type,
    load,
    negate,
    unpacked,
)
from .observation import NEEDED, RESULT, Observation, is_method
from .patterns import SCALARS, PatternGuards
from .regions import GIVE_UP, Fact, Known, Region, step_limit, with_span
from .rows import RowGuards, row_class
from .value_tests import compared_by_fields

_FEW = 3
_MOST_NUMBER = 1 << 62
_COMPOUND = frozenset({dict, list, tuple, set, frozenset})


class Guards:
    """Writes reads and tests into the regions of one function."""

    root: Region

    def __init__(self, names: ProgramInterface) -> None:
        self.names = names
        self._equality = names.equality
        self._numbers = itertools.count()
        #: The call of the application that the function makes.
        self.observation: Observation | None = None
        self._quiet: dict[tuple[str, bool], tuple[str, ClassSet]] = {}
        #: What the function does with rows.
        self.rows = RowGuards(self)
        #: Which clauses match, and class tests.
        self.patterns = PatternGuards(self)
        #: The names that the function initializes with ``None``.
        self.caches: list[str] = []
        #: Whether the function counts steps.
        self.counts = False
        #: The index of the current alternative.
        self.alternative = 0

        #: Whether alternatives are written in the order in which they are tried.
        self._is_in_order = True

    def note_foreign(self, region: Region | None) -> None:
        """Note that the current clause tests something in a region."""

    def forget_order(self) -> None:
        """Note that the alternatives are not in the order in which the solver tries them."""
        self._is_in_order = False

    def next_alternative(self) -> None:
        """Begin the next alternative."""
        self.alternative += 1

    # -- values ----------------------------------------------------------------------------

    def fresh(self, letter: str = "v") -> str:
        return f"{letter}{next(self._numbers)}"

    def read(self, region: Region, owner: Known, name: str, span: Span | None) -> Known:
        """Read an attribute, once for all goals that need it in a region."""
        if owner.literal is not None or owner.choices is not None:
            raise NotCompilable("an attribute of a literal", span)
        if not sandbox.is_unrestricted(name) or self.names.is_relation(name):
            raise NotCompilable("an attribute that is not read as it is", span)
        self.check_order(owner, span)
        known = region.lookup_of(owner.name, ("read", owner.name, name))
        if known is not None:
            return known
        if owner.constant is not None:
            return self._read_constant(region, owner, name, span)
        expected, value = None, self.rows.stored_value(region, owner, name)
        if value is not None:
            expected = self.rows.identities.related_class(t.cast(type, row_class(owner)), name)
        elif owner.exact is None:
            value = self._read_quietly(region, owner, name)
        elif owner.exact is dict:
            value = ast.Subscript(load(owner.name), ast.Constant(name), ast.Load())
        elif owner.exact in SCALARS:
            raise NotCompilable("an attribute of a string or a number", span)
        elif not sandbox.is_silent_read(owner.exact, name):
            raise NotCompilable("an attribute that is computed", span)
        made = Known(self.fresh(), region=region, source=(owner.name, name), expected=expected)
        self.note_derived(made, (owner.name,))
        value = value or ast.Attribute(load(owner.name), name, ast.Load())
        unless = self._unless_checked(made)
        region.reads += [with_span(assign(made.name, value), span), unless]
        region.unchecked.append((made.name, self.alternative, unless))
        region.known["read", owner.name, name] = made
        return made

    def _read_constant(self, region: Region, owner: Known, name: str, span: Span | None) -> Known:
        """Read an entry of a dictionary that is a constant, or an attribute of a class."""
        if type(owner.constant) is dict:
            if name not in owner.constant:
                raise NotCompilable("an entry that a constant has not", span)
            found = owner.constant[name]
            if type(found) in (bool, int, str):
                return Known("", literal=Value(found))
            constant = found if type(found) is dict else None
            return Known(self.names.constant(found), exact=type(found), constant=constant)
        if not sandbox.is_silent_class_read(owner.constant, name):
            raise NotCompilable("an attribute of a class that is computed", span)
        made = Known(self.fresh(), region=region, source=(owner.name, name))
        value = ast.Attribute(load(owner.name), name, ast.Load())
        region.reads += [with_span(assign(made.name, value), span), self._unless_checked(made)]
        region.known["read", owner.name, name] = made
        return made

    def computed(self, region: Region, value: ast.expr, key: Fact, span: Span | None) -> Known:
        """Return the value of an expression, written once in a region."""
        known = region.lookup(key)
        if known is None:
            known = region.known[key] = Known(self.fresh(), region=region)
            self.note_derived(known, key)
            region.reads.append(with_span(assign(known.name, value), span))
        return known

    def elements(self, region: Region, value: Known, span: Span | None) -> Known:
        """Return a copy of a list of Polar; the function gives up for anything else."""
        key = ("elements", value.name)
        known = region.lookup(key)
        if known is None:
            region.reads.append(ast.If(negate(is_type(value.name, "list")), [GIVE_UP], []))
            known = self.computed(region, unpacked(value.name), key, span)
            is_odd = negate(call("is_plain_data", load(known.name)))
            region.reads.append(ast.If(is_odd, [GIVE_UP], []))
            for each in (value, known):
                region.known["checked", each.name] = each
        return known

    def check_order(self, value: Known, span: Span | None) -> None:
        """Refuse to read what a call of the application may change.

        The solver may read it before the call. What the call gave is read behind it in any case.
        """
        observation = self.observation
        if observation is None or observation.comes_first:
            return
        if value.name not in observation.derived:
            raise NotCompilable("an attribute that a call of the application may change", span)

    def note_derived(self, made: Known, key: Fact) -> None:
        """Note that a value was made from others, of which one may come from a call."""
        if self.observation is not None:
            self.observation.note(made, key)

    def note_search(self, searched: Known, term: Term) -> None:
        """Note that a value is searched, to which the policy refers by a term."""
        if self.observation is not None:
            self.observation.note_search(searched, term)

    def observed(
        self,
        region: Region,
        owner: Known,
        name: str,
        args: tuple[Known, ...] | None,
        values: Sequence[Known],
    ) -> Known | None:
        """Return the result of the call of the function; ``None`` if it is only noted.

        :param args: the arguments of a method; ``None`` for a computed attribute.
        :param values: the values of the clause.
        :raises NotCompilable: if it may be another call, or not be certain to be made.
        """
        observation = self.observation
        is_apart = any(around.is_negated for around in region.enclosing())
        if observation is None or is_apart or not self._is_call(owner, name, args):
            raise NotCompilable("a call of the application", None)
        if not observation.is_that(owner, name, args):
            raise NotCompilable("calls of the application", None)
        if not observation.is_made:
            region.reads.append(assign(NEEDED, ast.Constant(True)))
            return None
        if any(value.name in observation.derived for value in values):
            raise NotCompilable("results of a call that meet", None)
        return Known(RESULT, region=self.root, source=(owner.name, f"{name}()"))

    def _is_call(self, owner: Known, name: str, args: tuple[Known, ...] | None) -> bool:
        """Tell whether the result of a call depends on parameters alone."""
        if not sandbox.is_unrestricted(name) or self.names.is_relation(name):
            return False
        if owner.exact in (None, dict, str) or owner.region is not self.root:
            return False
        cls = owner.exact
        if args is None:
            if name in self.names.host.row_relations or self.names.host.has_keys(cls):
                return False
            # Compiled rules take the outcome where an attribute of the class that they name is
            # computed.
            registered = {*self.names.host.classes.values()}
            named = [base for base in cls.__mro__ if base in registered]
            return not any(sandbox.is_silent_read(base, name) for base in named)
        if not is_method(cls, name):
            return False
        return all(
            is_string(arg.literal)
            or (arg.region is self.root and arg.exact is not dict and arg.choices is None)
            for arg in args
        )

    def now(self, region: Region, clock: Known, span: Span | None) -> Known:
        """Return the current time by a class of datetimes, read once in the function."""
        while region.above is not None:
            region = region.above
        known = region.known.get(("now", clock.name))
        if known is None:
            known = Known(self.fresh(), exact=datetime.datetime, region=region)
            region.known["now", clock.name] = known
            value = ast.Call(ast.Attribute(load(clock.name), "now", ast.Load()), [], [])
            region.reads.append(with_span(assign(known.name, value), span))
        return known

    def leave_out_known(self, region: Region, keeps_order: bool, end: Region | None = None) -> None:
        """Drop the sandbox check of a value that is tested anyway.

        :param keeps_order: whether a solution ends the function, so that the alternative that reads
            a value has to test it.
        :param end: the region whose solution ends the function.
        """
        tested = region.tested_values(end) if region.unchecked else {}
        dropped = {
            id(unless)
            for name, alternative, unless in region.unchecked
            if region.checks(name)
            or (name in tested and (not keeps_order or alternative in tested[name]))
        }
        if dropped:
            region.reads = [each for each in region.reads if id(each) not in dropped]
        for inner in [*region.items, *region.loops]:
            self.leave_out_known(inner, keeps_order, end)

    def _read_quietly(self, region: Region, owner: Known, name: str) -> ast.expr:
        """Write that an attribute is read if that has no side effects, or an entry."""
        quiet, classes = self._classes_of(owner, name)
        if self._is_repeated(region):
            self.guard_kind(region, owner, name)
        known = region.lookup(("quiet", owner.name))
        if known is not None and known.name != owner.name:
            return ast.Attribute(load(known.name), name, ast.Load())
        region.known["quiet", owner.name] = region.known["checked", owner.name] = owner
        kind = call("type", load(owner.name))
        is_known = compared(kind, ast.In(), load(self.names.constant(classes.kinds)))
        is_entry = compared(kind, ast.Is(), load("dict"))
        attribute = ast.Attribute(load(owner.name), name, ast.Load())
        entry = ast.Subscript(load(owner.name), ast.Constant(name), ast.Load())
        read = ast.Attribute(load(quiet), "read", ast.Load())
        first = ast.Call(read, [load(owner.name), ast.Constant(name)], [])
        return ast.IfExp(is_known, attribute, ast.IfExp(is_entry, entry, first))

    def _classes_of(
        self, owner: Known, name: str, *, are_rows: bool = False
    ) -> tuple[str, ClassSet]:
        """Return the classes from whose objects attributes are read in the place of a value."""
        kept = (owner.name, are_rows)
        if kept not in self._quiet:
            self._quiet[kept] = self.names.quiet(are_rows=are_rows)
        self._quiet[kept][1].names.add(name)
        return self._quiet[kept]

    def guard_kind(
        self, region: Region, owner: Known, name: str, *, are_rows: bool = False
    ) -> None:
        """Write that the class of a value has attributes that are read without side effects."""
        quiet, classes = self._classes_of(owner, name, are_rows=are_rows)
        key = ("stored" if are_rows else "quiet", owner.name)
        if region.lookup(key) is not None:
            return
        region.known[key] = region.known["checked", owner.name] = owner
        is_repeated = self._is_repeated(region)
        kind = load("kind") if is_repeated else call("type", load(owner.name))
        kinds = load(self.names.constant(classes.kinds))
        admitted = ast.Call(ast.Attribute(load(quiet), "admits", ast.Load()), [kind], [])
        odd = all_of([compared(kind, ast.NotIn(), kinds), negate(admitted)])
        if is_repeated:
            entries = [] if are_rows else [self._entries(region, owner)]
            region.reads += self._remembered(owner, odd, entries)
            return
        region.reads.append(ast.If(odd, [GIVE_UP], []))

    def _entries(self, region: Region, owner: Known) -> ast.stmt:
        """Write that attributes are read from an object; return that those of a dictionary are its
        entries. Then the attributes of all other elements are read without another test.
        """
        reader = self.fresh("o")
        region.known["quiet", owner.name] = replace(owner, name=reader)
        region.reads.append(assign(reader, load(owner.name)))
        return assign(reader, call("fields_of", load(owner.name)))

    # -- sandbox ---------------------------------------------------------------------------

    def check_sandbox(self, region: Region, value: Known) -> None:
        """Write the sandbox check of a value, unless it has passed."""
        if value.source is None and value.exact is None and value.region is None:
            return
        if value.exact is not None or value.literal is not None:
            return
        if any(here.checks(value.name) for here in region.enclosing()):
            return
        region.known["checked", value.name] = value
        region.reads.append(self._unless_checked(value))

    def _unless_checked(self, value: Known) -> ast.If:
        test = compared(call("type", load(value.name)), ast.NotIn(), load("harmless"))
        return ast.If(test, [GIVE_UP], [])

    def _not_simple(
        self, region: Region, value: Known, known: Sequence[str] = ("simple", "by_text")
    ) -> list[ast.stmt]:
        """Write that the function gives up for a value with an equality of its own.

        :param known: the sets of classes that have none, or one that is known not to hold.
        """
        is_repeated = self._is_repeated(region)
        kind = load("kind") if is_repeated else call("type", load(value.name))
        is_odd = all_of([compared(kind, ast.NotIn(), load(each)) for each in known])
        return self._remembered(value, is_odd) if is_repeated else [ast.If(is_odd, [GIVE_UP], [])]

    def _remembered(
        self, value: Known, is_odd: ast.expr, entries: Sequence[ast.stmt] = ()
    ) -> list[ast.stmt]:
        """Write a class test that is skipped if the last element had the same class.

        :param entries: what is done with each dictionary, if the test allows them.
        """
        cache = self.fresh("c")
        self.caches.append(cache)
        kind = call("type", load(value.name))
        look = [ast.If(is_odd, [GIVE_UP], []), assign(cache, load("kind"))]
        if entries:
            look = [ast.If(compared(load("kind"), ast.Is(), load("dict")), [*entries], look)]
        look.insert(0, assign("kind", kind))
        return [ast.If(compared(kind, ast.IsNot(), load(cache)), look, [])]

    def is_identity(self, cls: type) -> bool:
        """Tell whether instances of a class equal no instance of another class."""
        return is_plain(cls) and (compares_by_identity(cls) or self.names.host.has_keys(cls))

    def is_told(self, value: Known) -> bool:
        """Tell whether a value is an object that equals itself, or is compared by its fields."""
        cls = value.exact
        own: t.Any = None if cls is None else cls.__ne__
        if cls is None or not (own is object.__ne__ or self._equality.compares_text(cls)):
            return False
        return self._is_itself(value) or self._equality.knows(cls)

    def _is_itself(self, value: Known) -> bool:
        """Tell whether a value is of a class whose instances compare by identity."""
        cls = value.exact
        return cls is not None and self.is_identity(cls) and not self.names.host.has_keys(cls)

    # -- conditions ------------------------------------------------------------------------

    def under(
        self,
        region: Region,
        key: Fact,
        test: ast.expr,
        otherwise: list[ast.stmt],
        span: Span | None,
        texts: tuple[str, frozenset[str]] | None = None,
    ) -> Region:
        """Return the region where a condition holds.

        :param otherwise: the statements where it does not.
        :param texts: the value that the condition compares with some strings.
        """
        known = region.holds(key)
        if known is not None:
            return region
        if key not in region.inside:
            header = with_span(ast.If(test, [], otherwise), span)
            inner = Region(region.found, region, header=header, texts=texts)
            inner.alternative = self.alternative
            region.inside[key] = inner
            region.items.append(inner)
        return region.inside[key]

    def guard(
        self,
        region: Region,
        key: Fact,
        test: ast.expr,
        values: Sequence[Known],
        span: Span | None,
    ) -> Region:
        """Return the region where values are of some classes; for others the function gives up."""
        inner = self.under(region, key, test, [GIVE_UP], span)
        if inner is region.inside.get(key):
            inner.tested = tuple(value.name for value in values)
        for value in values:
            inner.known["checked", value.name] = value
        return inner

    def equal(self, region: Region, one: Known, other: Known, span: Span | None) -> Region | None:
        """Return the region where two values are equal; ``None`` if they never are."""
        if one.literal is None and one.choices is None:
            one, other = other, one
        if other.choices is not None or (one.choices is not None and other.literal is not None):
            raise NotCompilable("a string of several that is compared with a literal", span)
        if one.literal is not None and other.literal is not None:
            kinds = {type(one.literal.value), type(other.literal.value)}
            if len(kinds) > 1 and str not in kinds:
                raise NotCompilable("two literals that are compared", span)
            is_same = len(kinds) == 1 and one.literal.value == other.literal.value
            return region if is_same else None
        if one.choices is not None or is_string(one.literal):
            return self._equal_string(region, one, other, span)
        if one.literal is not None:
            return self._equal_literal(region, one.literal, other, span)
        if one.name == other.name:
            return self._equal_itself(region, one, span)
        return self._equal_values(region, one, other, span)

    def _equal_string(
        self, region: Region, one: Known, other: Known, span: Span | None
    ) -> Region | None:
        if other.exact is not None and other.exact is not str:
            return None if self._is_never_scalar(other.exact) else self.refuse(span)
        if one.literal is not None and one.literal.value in other.others:
            return None
        if region.is_flagged and other.region is not region:
            # The flag is tested last, so that comparisons of this value are shared.
            inner = self._equal_string(t.cast(Region, region.above), one, other, span)
            flag = t.cast(ast.Name, t.cast(ast.If, region.header).test)
            return self.under(t.cast(Region, inner), ("flag", flag.id), flag, [], span)
        if other.exact is None:
            # Most are strings. A member of an enumeration of strings has one.
            is_plain_text = [is_type(other.name, "str"), compared(*_is_none(other.name))]
            made = call("text_of", load(other.name))
            value = ast.IfExp(any_of(is_plain_text), load(other.name), made)
            region.known["checked", other.name] = other
            other = self.computed(region, value, ("text of", other.name), span)
        if one.choices is not None:
            test = _is_among(other, one)
            key: Fact = ("in", other.name, one.choices)
            return self.under(region, key, test, [], span, (other.name, one.choices))
        text = str(t.cast(Value, one.literal).value)
        test = compared(load(other.name), ast.Eq(), ast.Constant(text))
        texts = other.name, frozenset({text})
        return self.under(region, ("is", other.name, text), test, [], span, texts)

    def _equal_literal(
        self, region: Region, literal: Value, other: Known, span: Span | None
    ) -> Region | None:
        kind = type(literal.value)
        if kind not in (int, bool, float) or literal.value != literal.value:
            raise NotCompilable("a literal that is compared", span)
        if other.exact is not None:
            return None if self._is_never_scalar(other.exact) else self.refuse(span)
        if kind is bool:
            return self._equal_boolean(region, literal, other, span)
        is_kind = is_type(other.name, kind.__name__)
        # What is of another class, and compares without calls, may still be an equal number.
        is_simple = compared(call("type", load(other.name)), ast.In(), load("simple"))
        is_known = any_of([is_kind, is_simple, is_type(other.name, "bool")])
        region = self.guard(region, (kind, other.name), is_known, [other], span)
        equal = compared(load(other.name), ast.Eq(), ast.Constant(literal.value))
        test = all_of([equal, negate(is_type(other.name, "bool"))])
        return self.under(region, ("is", other.name, kind, literal.value), test, [], span)

    def _equal_boolean(
        self, region: Region, literal: Value, other: Known, span: Span | None
    ) -> Region:
        sides = load(other.name), ast.Constant(literal.value)
        is_it = compared(sides[0], ast.Is(), sides[1])
        test = ast.IfExp(is_type(other.name, "bool"), is_it, call("alike", *sides))
        inner = self.under(region, ("is", other.name, bool, literal.value), test, [], span)
        inner.tested = (other.name,)
        inner.known["checked", other.name] = other
        return inner

    def _is_never_scalar(self, cls: type) -> bool:
        """Tell whether instances of a class equal no string, number or Boolean."""
        return self.is_identity(cls) or cls in MOMENTS or cls in (dict, list, tuple, set, frozenset)

    def _equal_itself(self, region: Region, value: Known, span: Span | None) -> Region:
        """Give up for a value that is unequal to itself, such as NaN.

        The solver compares it if it was read twice, but not if both are the same term.
        """
        exact = value.exact
        if exact is str or (exact is not None and self.is_identity(exact)):
            return region
        if exact is not None and not self._equality.knows(exact):
            self.refuse(span)
        if region.lookup(("itself", value.name)) is None:
            region.known["itself", value.name] = region.known["checked", value.name] = value
            compare = call("quietly_equal", load(value.name), load(value.name))
            is_other = compared(compare, ast.IsNot(), ast.Constant(True))
            region.reads.append(ast.If(is_other, [GIVE_UP], []))
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
        identities = [value for value in (one, other) if self._is_itself(value)]
        if identities:
            known = identities[0]
            unknown = other if known is one else one
            test = compared(load(unknown.name), ast.Is(), load(known.name))
            is_known = unknown.exact is not None and self.is_identity(unknown.exact)
            is_known = is_known or region.lookup(("simple", unknown.name)) is not None
            may_equal = self._equality.may_equal_text(t.cast(type, known.exact))
            kinds = ("simple",) if may_equal else ("simple", "by_text")
            doubt = [] if is_known else self._not_simple(region, unknown, kinds)
            inner = self.under(region, key, test, doubt, span)
            inner.known["checked", unknown.name] = unknown
            return inner
        if any(value.exact and self._equality.knows(value.exact) for value in (one, other)):
            return self._equal_data(region, one, other, span)
        return self._equal_unknown(region, key, (one, other), span)

    def _equal_unknown(
        self, region: Region, key: Fact, values: tuple[Known, Known], span: Span | None
    ) -> Region:
        """Compare values of any class: here those that Python compares without calls."""
        for value in values:
            if not (value.exact is None or self._is_silent(value.exact)):
                self.refuse(span)
        sides = [load(value.name) for value in values]
        test: ast.expr = compared(sides[0], ast.Eq(), sides[1])
        unknown = [v for v in values if v.exact not in EQUATED and not self._is_simple(region, v)]
        if unknown:
            test = ast.IfExp(self._are_simple(unknown), test, call("alike", *sides))
        inner = self.under(region, key, test, [], span)
        inner.tested = tuple(value.name for value in values)
        for value in values:
            inner.known["checked", value.name] = value
        return inner

    def _are_simple(self, values: Sequence[Known]) -> ast.expr:
        """Write whether one or two values are compared without calls. Most are of one class."""
        kept = ast.Name(self.fresh("p"), ast.Store())
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
        if cls is None or cls in SCALARS or self._is_silent(cls) or self.is_identity(cls):
            return
        is_by_parts = self._equality.knows(cls) or self._equality.compares_text(cls)
        if not (is_by_parts or self.rows.is_row(value)):
            self.refuse(span)

    def is_nil(
        self, region: Region, value: Known, span: Span | None, *, holds: bool
    ) -> Region | None:
        """Return the region where a value is ``nil``, or is not; ``None`` if there is none."""
        if value.literal is not None or value.choices is not None:
            return None if holds else region
        if value.exact is not None:
            if not (is_told_from_nil(value.exact) or self._equality.compares_text(value.exact)):
                self.refuse(span)
            return region if (value.exact is type(None)) is holds else None
        is_repeated = self._is_repeated(region)
        kind = load("kind") if is_repeated else call("type", load(value.name))
        told = ast.Call(load("is_told"), [kind], [])
        is_odd = all_of([compared(kind, ast.NotIn(), load("told")), negate(told)])
        doubt: list[ast.stmt] = [ast.If(is_odd, [GIVE_UP], [])]
        if is_repeated:
            doubt = self._remembered(value, is_odd)
        sign = ast.Is() if holds else ast.IsNot()
        test = compared(load(value.name), sign, ast.Constant(None))
        key = ("nil", value.name, holds)
        is_new = region.holds(key) is None and key not in region.inside
        inner = self.under(region, key, test, doubt if holds else [], span)
        inner.known["checked", value.name] = value
        if not holds and is_new:
            inner.reads += doubt
            inner.tested = (value.name,)
        return inner

    def unequal(self, region: Region, one: Known, other: Known, span: Span | None) -> Region:
        """Return the region where two objects differ: they are not the same, or in a field."""
        if not any(map(self._is_itself, (one, other))):
            return self._equal_data(region, one, other, span, holds=False)
        for value in (one, other):
            if value.exact is None:
                kind = call("type", load(value.name))
                is_simple = compared(kind, ast.In(), load("simple"))
                region = self.guard(region, ("simple", value.name), is_simple, [value], span)
            elif not self._is_itself(value):
                self.refuse(span)
        test = compared(load(one.name), ast.IsNot(), load(other.name))
        return self.under(region, ("other", *sorted((one.name, other.name))), test, [], span)

    def _equal_data(
        self, region: Region, one: Known, other: Known, span: Span | None, *, holds: bool = True
    ) -> Region:
        """Compare objects of a dataclass field by field."""
        for value in (one, other):
            self.check_order(value, span)
        key = ("quietly_equal", *sorted((one.name, other.name)))
        known = region.lookup(key)
        if known is None:
            known = region.known[key] = Known(self.fresh())
            compare = self.compared_data(one, other)
            is_open = compared(load(known.name), ast.Is(), ast.Constant(None))
            region.reads += [assign(known.name, compare), ast.If(is_open, [GIVE_UP], [])]
        test = load(known.name) if holds else negate(load(known.name))
        inner = self.under(region, (*key, holds), test, [], span)
        for value in (one, other):
            inner.known["checked", value.name] = value
        return inner

    def compared_data(self, one: Known, other: Known) -> ast.expr:
        """Write the comparison of two objects: ``None`` if it cannot be made here."""
        compare = call("quietly_equal", load(one.name), load(other.name))
        for cls in (one.exact, other.exact):
            fields = () if cls is None else self._equality.few_fields(cls)
            if fields and {one.exact, other.exact} <= {cls, None}:
                kind = load(self.names.constant(cls))
                names = one.name, other.name
                return compared_by_fields(names, kind, fields, compare, self.fresh)
        if one.exact is None or not self._equality.compares_text(one.exact):
            one, other = other, one
        cls = one.exact
        if cls is None or not self._equality.compares_text(cls) or other.exact not in (None, cls):
            return compare
        # Most are of one class, and have a number or a string.
        tests: list[ast.expr] = []
        if other.exact is None:
            cls_name = self.names.constant(cls)
            tests.append(compared(call("type", load(other.name)), ast.Is(), load(cls_name)))
        mine, theirs = self.fresh("p"), self.fresh("p")
        values = [self._text_value(value, cls) for value in (one, other)]
        parts = [
            ast.NamedExpr(ast.Name(name, ast.Store()), value)
            for name, value in zip((mine, theirs), values, strict=True)
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
        name = self._equality.by_text[cls].attribute
        rows = self.names.host.identities
        attribute = None if rows is None else rows.stored_attribute(cls, name)
        if attribute is None:
            return ast.Attribute(load(value.name), name, ast.Load())
        self.rows.stored[cls, name] = attribute
        dictionary = ast.Attribute(load(value.name), "__dict__", ast.Load())
        return ast.Subscript(dictionary, ast.Constant(name), ast.Load())

    def refuse(self, span: Span | None) -> t.NoReturn:
        raise NotCompilable("objects that are compared by a method of their own", span)

    # -- loops -----------------------------------------------------------------------------

    def loop(self, region: Region, collection: Known, span: Span | None) -> tuple[Region, Known]:
        """Return the region within a loop, and the element.

        The loop is in the region where the list was read, so that all searches share it.
        """
        exact = collection.exact
        is_other = exact is not None and exact not in ITERATED and exact is not list
        if collection.literal is not None or collection.choices is not None or is_other:
            raise NotCompilable("a search in something else than a list", span)
        out = region
        for around in region.around():
            out = around
            if around is collection.region:
                break
        key = ("each", collection.name)
        if key not in out.inside:
            out.inside[key] = self._new_loop(out, collection, span)
        made = out.inside[key]
        if made.alternative != self.alternative:
            # The rules have separate loops, which the solver runs one after the other.
            self.forget_order()
        if region is not out:
            self.note_foreign(region)
            region.flag = region.flag or self.fresh("g")
            made_under = self.under(made, ("flag", region.flag), load(region.flag), [], span)
            made_under.is_flagged = True
            return made_under, made.known["element",]
        return made, made.known["element",]

    def _new_loop(self, out: Region, collection: Known, span: Span | None) -> Region:
        """Write a loop over a collection into a region; return the region within the loop."""
        kind = call("type", load(collection.name))
        is_list = is_type(collection.name, "list")
        is_foreign = all_of([negate(is_list), compared(kind, ast.NotIn(), load("gone_through"))])
        if collection.expected is not None:
            is_foreign = compared(kind, ast.NotIn(), load("collections"))
        looked_at = ("iterable", collection.name)
        if collection.exact is None and out.lookup(looked_at) is None:
            out.known[looked_at] = collection
            out.reads.append(ast.If(is_foreign, [GIVE_UP], []))
        out.known["checked", collection.name] = collection
        name = self.fresh()
        # A copy: if another thread changes the list, no element may be skipped.
        over = unpacked(collection.name)
        header: t.Any = ast.For(ast.Name(name, ast.Store()), over, [], [])
        made = Region(out.found, out, is_barrier=True, header=with_span(header, span))
        made.over, made.alternative = collection.name, self.alternative
        source = collection.name, "[]"
        element = Known(name, expected=collection.expected, region=made, source=source)
        self.note_derived(element, (collection.name,))
        made.known["element",] = element
        made.body = step_limit(call("len", load(collection.name)))
        out.loops.append(made)
        self.counts = True
        return made

    def _is_repeated(self, region: Region) -> bool:
        return any(here.is_barrier for here in region.enclosing())

    def apart(self, region: Region, *, is_negated: bool = False) -> Region:
        """Return a region with its own flag for a solution, for a goal that others depend on."""
        inner = Region(self.fresh("b"), region, is_barrier=True, is_negated=is_negated)
        inner.alternative = self.alternative
        region.items.append(inner)
        return inner


def _is_none(name: str) -> tuple[ast.expr, ast.cmpop, ast.expr]:
    return load(name), ast.Is(), ast.Constant(None)


def _is_short(name: str) -> ast.expr:
    """Write that a number has few digits, for Python refuses to write those with thousands."""
    sides: list[ast.expr] = [load(name), ast.Constant(_MOST_NUMBER)]
    return ast.Compare(ast.Constant(-_MOST_NUMBER), [ast.Lt(), ast.Lt()], sides)


def _is_among(value: Known, choices: Known) -> ast.expr:
    """Write that a string is one of several; for a few, comparing is faster than a look-up."""
    texts = sorted(choices.choices or ())
    if len(texts) > _FEW:
        return compared(load(value.name), ast.In(), load(choices.name))
    return any_of([compared(load(value.name), ast.Eq(), ast.Constant(text)) for text in texts])
