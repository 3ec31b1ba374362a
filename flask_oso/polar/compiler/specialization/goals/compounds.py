"""Lists and dictionaries with variables in a specialization: ``xs = [a, *rest]``, ``d = {id: x}``.

In go such a term and a value; out comes the region where they are equal part by part. Where the
other side has no value yet, the list or the dictionary is built.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Sequence
from dataclasses import replace

from ....nodes import Dictionary, Expression, List, Operator, Origin, Slot, Term
from ....traversal import is_operation
from ...binding_analysis import NotCompilable, is_constant
from ...goal_forms import pair_in, written_term
from ...scopes import Pending, prepend
from ...snippets import any_of, call, compared, item_of, load, negate, size_of
from ..clauses.chains import numbers_in
from ..regions import Built, Fact, Known, Parts, Region
from ..value_tests import written
from .alternatives import Alternatives, equation


class Compounds(Alternatives):
    """Writes goals about lists and dictionaries with variables."""

    def compounds_unified(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``[a, b] = [c, d]``, or of dictionaries with the same keys: part by part."""
        forms = [written_term(arg) for arg in term.args]
        if any(isinstance(each, List) and each.rest is not None for each in forms):
            raise NotCompilable("two lists with variables that are compared", term.span)
        one, other = term.args
        parts = equation(one, other, term)
        if parts is None:
            return None
        return self.region, ((parts, self.clause), self.rest)

    def compound_unified(self, term: Term, other: Term) -> tuple[Region, Pending] | None:
        """Write that a list or a dictionary with variables equals what another term is."""
        value, inner = self._value(other), written_term(term)
        if value is None and (built := self._built(term)) is not None:
            return self._bind(self._unbound(other), built, self.region)
        if value is not None:
            return self.taken_apart(inner, value)
        if self.env.waiting.get(t.cast(int, self._variable(other))):
            # The solver asks at once whether a term with open variables is of the class.
            raise NotCompilable("a list of a variable that has to be of a class", other.span)
        return self._searched_at_once(term, other) or self._put_off()

    def _searched_at_once(self, term: Term, name: Term) -> tuple[Region, Pending] | None:
        """Write ``c = {a: x} and c in d.xs``: ``{a: x} in d.xs``, where no other goal has ``c``.

        ``None`` if something else follows, or for a pair: it might be an entry of a dictionary.
        """
        if pair_in(term) is not None:
            return None
        number, rest, reads = self._variable(name), self.rest, list[t.Any]()
        while rest:
            (goal, clause), rest = rest
            if is_operation(goal, Operator.AND):
                rest = prepend([(arg, clause) for arg in goal.args], rest)
            elif is_operation(goal, Operator.DOT) and not reads:
                reads.append((goal, clause))
            elif is_operation(goal, Operator.IN) and clause == self.clause:
                item, collection = goal.args
                used = numbers_in(prepend(reads, rest), self.env.copy())
                if self._variable(item) != number or number in used:
                    return None
                search = Expression(Operator.IN, (term, collection), span=goal.span)
                return self.region, prepend([*reads, (search, clause)], rest)
            else:
                return None
        return None

    def values_unified(self, region: Region, one: Known, other: Known) -> Region | None:
        """Write that two values are equal: part by part where the function builds both."""
        mine, theirs = self.guards.built.get(one.name), self.guards.built.get(other.name)
        if mine is None or theirs is None or mine is theirs:
            return self.values.equal(region, one, other, self.goal.span)
        if mine.parts.keys() != theirs.parts.keys():
            return None
        here: Region | None = region
        for name in _in_order(mine.parts):
            if here is not None:
                here = self.values_unified(here, mine.parts[name], theirs.parts[name])
        return here

    def taken_apart(self, term: List | Dictionary, value: Known) -> tuple[Region, Pending] | None:
        """Write that a value is such a list, or such a dictionary."""
        built = self.guards.built.get(value.name)
        if built is not None and getattr(term, "rest", None) is None:
            return self._at(self._built_taken_apart(term, built))
        if isinstance(term, List):
            return self._list_taken_apart(term, value)
        return self._dictionary_taken_apart(term, value)

    def _built_taken_apart(self, term: List | Dictionary, built: Built) -> Region | None:
        """Write that each part of what the function has built equals that of a term."""
        parts = parts_by_place(term)
        if parts.keys() != built.parts.keys():
            return None
        region: Region | None = self.region
        for name in _in_order(parts):
            if region is not None:
                region = self.part_unified(region, parts[name], built.parts[name])
        return region

    def _dictionary_taken_apart(
        self, term: Dictionary, value: Known
    ) -> tuple[Region, Pending] | None:
        if value.exact not in (None, dict) or value.is_literal:
            raise NotCompilable("a dictionary with variables that is compared", self.goal.span)
        span, names = self.goal.span, frozenset(name for name, _ in term.fields)
        wanted = load(self.guards.names.constant(names))
        found = call("with_fields", load(value.name), wanted)
        fact: Fact = ("with fields", value.name, *sorted(names))
        made = replace(self.guards.computed(self.region, found, fact, span), exact=dict)
        self.region.note_checked(value)
        is_there = compared(load(made.name), ast.IsNot(), load("missing"))
        region: Region | None
        region = self.guards.under(self.region, ("there", made.name), is_there, [], span)
        parts = parts_by_place(term)
        for name in _in_order(parts):
            if region is not None:
                entry: Fact = ("field", made.name, name)
                region = self._part(region, parts[name], made, ast.Constant(name), entry)
        return self._at(region)

    def _list_taken_apart(self, listed: List, value: Known) -> tuple[Region, Pending] | None:
        span = self.goal.span
        if value.exact not in (None, list) or value.is_literal:
            raise NotCompilable("a list with variables that is compared", span)
        count, rest = len(listed.items), listed.rest
        if rest is not None and _is_bare(rest):
            elements = self.guards.front(self.region, value, count, span)
        else:
            elements = self.guards.elements(self.region, value, span)
        size = size_of(elements.name)
        is_long = compared(size, ast.Eq() if rest is None else ast.GtE(), ast.Constant(count))
        key: Fact = ("size", elements.name, count, rest is None)
        region: Region | None = self.guards.under(self.region, key, is_long, [], span)
        region = self._parts(region, listed.items, elements)
        if rest is not None and region is not None and not _is_bare(rest):
            behind = ast.Slice(ast.Constant(count), None, None)
            fact: Fact = ("rest", elements.name, count)
            made = self.guards.computed(region, _item(elements, behind), fact, span)
            region.note_list(made)
            region = self._part(region, rest, elements, behind, fact)
        return self._at(region)

    def _parts(self, region: Region | None, parts: Sequence[Term], listed: Known) -> Region | None:
        """Write that parts equal the first elements of a list, or bind them to these."""
        for at, part in enumerate(parts):
            if region is not None and not _is_bare(part):
                fact: Fact = ("part", listed.name, at)
                region = self._part(region, part, listed, ast.Constant(at), fact)
        return region

    def _part(
        self, region: Region, part: Term, listed: Known, place: ast.expr, fact: Fact
    ) -> Region | None:
        made = self.guards.computed(region, _item(listed, place), fact, self.goal.span)
        region.note_checked(made)
        if self.guards.functions is not None:
            # The list was looked at as a whole.
            region.known["itself", made.name] = made
        return self.part_unified(region, part, made)

    def part_unified(self, region: Region, part: Term, made: Known) -> Region | None:
        """Write that a part that is written equals a value, or bind it to that."""
        if is_open_compound(part):
            taken = replace(self, region=region).taken_apart(written_term(part), made)
            return None if taken is None else taken[0]
        wanted = self._value(part)
        if wanted is not None:
            return self.values_unified(region, wanted, made)
        bound = self._bind(self._unbound(part), made, region)
        return None if bound is None else bound[0]

    def _passed(self, term: Term) -> Known | None:
        """Return the value of an argument, which may be a list that is built for the call."""
        if not is_open_compound(term):
            return self._value(term)
        built = self._built(term)
        if built is None:
            raise NotCompilable("a list or a dictionary with an open variable", term.span)
        return built

    def _built(self, term: Term) -> Known | None:
        """Build a list or a dictionary; ``None`` if one of its variables has no value."""
        inner: List | Dictionary = written_term(term)
        if self.guards.functions is None:
            self.guards.meets_recursion = True
            return None
        if isinstance(inner, List):
            return self._list_built(inner)
        values = self._values_of([part for _, part in inner.fields])
        if values is None:
            return None
        names = [name for name, _ in inner.fields]
        made = ast.Dict([ast.Constant(name) for name in names], [*map(written, values)])
        fact: Fact = ("dictionary of", *names, *(each.key for each in values))
        parts = dict(zip(names, values, strict=True))
        built = replace(self._built_once(fact, made, values, parts), exact=dict)
        for name, value in parts.items():
            self.region.known.setdefault(("read", built.name, name), value)
        return built

    def _list_built(self, term: List) -> Known | None:
        values = self._values_of(term.items)
        rest = None if term.rest is None else self._value(term.rest)
        if values is None or (term.rest is not None and rest is None):
            return None
        parts = [written(each) for each in values]
        if rest is not None:
            rest = self.guards.elements(self.region, rest, self.goal.span)
            parts.append(ast.Starred(load(rest.name), ast.Load()))
        keys = [each.key for each in values]
        fact: Fact = ("list of", *keys, None if rest is None else rest.name)
        known = dict(enumerate(values)) if rest is None else None
        return self._built_once(fact, ast.List(parts, ast.Load()), values, known)

    def _values_of(self, terms: Sequence[Term]) -> list[Known] | None:
        """Return the values of the parts of what is built; ``None`` if one has none."""
        values = [
            self._built(each) if is_open_compound(each) else self._value(each) for each in terms
        ]
        if None in values:
            return None
        known = t.cast("list[Known]", values)
        if any(each.choices is not None or each.constant is not None for each in known):
            raise NotCompilable("a list of more than plain values", self.goal.span)
        return known

    def _built_once(
        self, fact: Fact, value: ast.expr, values: Sequence[Known], parts: Parts | None
    ) -> Known:
        """Build a list or a dictionary of values that Polar has, and that equal themselves.

        It is built only where it is needed as a whole: most often its parts are, which have names.
        """
        region = self.region
        if (made := region.lookup(fact)) is not None:
            return made
        for each in values:
            self.guards.check_sandbox(region, each)
        before = len(region.reads)
        made = self.guards.computed(region, value, fact, self.goal.span)
        if isinstance(value, ast.List):
            region.note_list(made)
        region.note_checked(made)
        if any(each.literal is None for each in values):
            unknown = ast.List([*map(written, values)], ast.Load())
            tests = [negate(call(each, unknown)) for each in ("is_plain_data", "are_themselves")]
            region.give_up_if(any_of(tests))
        if parts is not None:
            self.guards.built[made.name] = Built(parts, region.reads[before:])
        return made


def parts_by_place(term: List | Dictionary) -> dict[t.Any, Term]:
    """Return the parts of a list by their places, or of a dictionary by their keys."""
    return dict(enumerate(term.items) if isinstance(term, List) else term.fields)


def _in_order(parts: t.Mapping[t.Any, object]) -> list[t.Any]:
    """Return the places or keys of parts in the order of the solver, where one may be an error.

    It compares the first element of a list first, and the last key of a dictionary.
    """
    return sorted(parts, reverse=any(type(each) is str for each in parts))


def _is_bare(part: Term) -> bool:
    """Tell whether a part of a list is written ``_``."""
    return isinstance(part, Slot) and part.origin is Origin.ANONYMOUS


def is_open_compound(term: Term) -> bool:
    """Tell whether a term is a list or a dictionary with variables in it."""
    inner = written_term(term)
    return isinstance(inner, (List, Dictionary)) and not is_constant(inner)


def _item(listed: Known, place: ast.expr) -> ast.expr:
    """Write an element of a list, or a part of it."""
    return item_of(load(listed.name), place)
