"""Lists and dictionaries with variables in a specialization: ``xs = [a, *rest]``, ``d = {id: x}``.

In go such a term and a value; out comes the region where they are equal part by part. Where the
other side has no value yet, the list or the dictionary is built.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Sequence

from ....nodes import Dictionary, Expression, List, Operator, Origin, Slot, Term
from ....traversal import compared_next, is_operation
from ...binding_analysis import NotCompilable, is_constant
from ...goal_forms import has_rest, pair_in, written_term
from ...quotations import duplicate
from ...scopes import Pending, pending_goals, prepend
from ...snippets import (
    all_of,
    any_of,
    assign,
    assign_parts,
    call,
    compared,
    is_not_of,
    is_type,
    item_of,
    load,
    named_value,
    negate,
    size_of,
)
from ..clauses.chains import numbers_in
from ..regions import Built, Fact, Known, Parts, Region, give_up_if, with_span
from ..value_tests import VALUES, written
from .alternatives import Alternatives, equation

#: How many keys a dictionary has that are taken apart where they stand.
_FEW_KEYS = (1, 2, 3)


class Compounds(Alternatives, frozen=False):
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
        if value is not None:
            return self.taken_apart(inner, value)
        is_awaited = self.env.waiting.get(t.cast(int, self._variable(other)))
        searched = None if is_awaited else self._searched_at_once(term, other)
        if searched is not None:
            return searched
        if (built := self._built(term)) is not None:
            return self._bind(self._unbound(other), built, self.region)
        if is_awaited:
            # The solver asks at once whether a term with open variables is of the class.
            raise NotCompilable("a list of a variable that has to be of a class", other.span)
        return self._put_off()

    def _searched_at_once(self, term: Term, name: Term) -> tuple[Region, Pending] | None:
        """Write ``c = {a: x} and c in d.xs``: ``{a: x} in d.xs``, where no other goal has ``c``.

        ``None`` if something else follows.
        """
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
                if _is_key_compared(term, rest):
                    # The solver looks a text up only where the pair is written in the search.
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
        """Write that a value is a dictionary of these keys and no others, whose entries match.

        The solver reads all entries before it compares the keys.
        """
        parts, region = parts_by_place(term), self._of_kind(value, term)
        if region is None:
            return None
        region = self._of_keys(region, value, [*parts])
        for name in _in_order(parts):
            if region is not None:
                region = self.part_unified(region, parts[name], self._entry(region, value, name))
        return self._at(region)

    def _of_keys(self, region: Region, value: Known, names: list[str]) -> Region | None:
        """Return the region where a dictionary has some keys, and no others.

        In a loop, most dictionaries have the very keys of the last one.
        """
        span, fact = self.goal.span, ("with fields", value.name, *sorted(names))
        has_size = compared(size_of(value.name), ast.Eq(), ast.Constant(len(names)))
        # Other keys may say themselves what they equal.
        has_texts = call("has_texts", load(value.name))
        has_keys = [compared(ast.Constant(each), ast.In(), load(value.name)) for each in names]
        wanted = load(self.guards.names.constant(frozenset(names)))
        others = call("with_fields", load(value.name), wanted)
        is_odd = give_up_if(compared(others, ast.IsNot(), load("missing")))
        is_it = all_of([has_texts, *has_keys])
        if len(names) not in _FEW_KEYS or not self.guards.is_repeated(region):
            return self.guards.under(region, fact, all_of([has_size, is_it]), [is_odd], span)
        size: Fact = ("entries", value.name, len(names))
        region = self.guards.under(region, size, has_size, [duplicate(is_odd)], span)
        if region.holds(fact) is not None or fact in region.inside:
            return self.guards.under(region, fact, is_it, [is_odd], span)
        keys, last = [[self.guards.fresh(each) for _ in names] for each in "pc"]
        self.guards.last_keys += last
        region.reads.append(assign_parts(keys, load(value.name)))
        pairs = [*zip(keys, last, strict=True)]
        is_same = all_of([compared(load(key), ast.Is(), load(each)) for key, each in pairs])
        # Nothing that is a key is missing: this is always so.
        noted = [
            compared(named_value(each, load(key)), ast.IsNot(), load("missing"))
            for key, each in pairs
        ]
        is_it = all_of([has_texts, *has_keys, *noted])
        return self.guards.under(region, fact, any_of([is_same, is_it]), [is_odd], span)

    def _entry(self, region: Region, value: Known, name: str) -> Known:
        """Write that an entry is read, which is checked as the solver checks it."""
        fact: Fact = ("field", value.name, name)
        made = region.lookup(fact)
        if made is None:
            made = Known(self.guards.fresh(), region=region)
            read = assign(made.name, _item(value, ast.Constant(name)))
            self._note_parts(region, {fact: made}, read, "simple")
        return made

    def _list_taken_apart(self, listed: List, value: Known) -> tuple[Region, Pending] | None:
        """Write that a value is a list of some length, whose elements match."""
        rest = listed.rest
        if rest is not None and not _is_bare(rest) and self.guards.functions is not None:
            return self._at(self._copy_taken_apart(listed, rest, value))
        region = self._of_kind(value, listed)
        if region is None:
            return None
        region = self._of_length(region, listed, value)
        made = self._elements(region, listed, value)
        parts = [*listed.items] if rest is None else [*listed.items, rest]
        for part, each in zip(parts, made, strict=False):
            if region is not None and not _is_bare(part):
                if self.guards.functions is not None:
                    # Functions give it to others, which have it under other names.
                    self.guards.check_itself(region, each)
                region = self.part_unified(region, part, each)
        return self._at(region)

    def _of_length(self, region: Region, listed: List, value: Known) -> Region:
        """Return the region where a list is as long as a list of the policy."""
        is_exact = listed.rest is None
        size, count = size_of(value.name), len(listed.items)
        is_long = compared(size, ast.Eq() if is_exact else ast.GtE(), ast.Constant(count))
        key: Fact = ("size", value.name, count, is_exact)
        return self.guards.under(region, key, is_long, [], self.goal.span)

    def _of_kind(self, value: Known, term: List | Dictionary) -> Region | None:
        """Return the region where a value is a list, or a dictionary; ``None`` if it never is.

        The function gives up for an object that has an equality of its own. No object is compared
        with a list whose rest is open, which is an error in the solver.
        """
        kind = list if isinstance(term, List) else dict
        if value.exact is kind or self.region.lookup((kind.__name__, value.name)) is not None:
            return self.region
        if not value.is_unknown:
            self._check_told(value, term)
            return None
        is_open = self._has_open_rest(term)
        is_odd = negate(call("is_no_object" if is_open else "is_other_kind", load(value.name)))
        if not is_open:
            is_odd = all_of([is_not_of(value.name, "simple"), is_odd])
        is_it = is_type(value.name, kind.__name__)
        key: Fact = ("is kind", value.name, kind, is_open)
        if self.region.holds(("is kind", value.name, kind, not is_open)) is not None:
            return self.region
        region = self.guards.under(self.region, key, is_it, [give_up_if(is_odd)], self.goal.span)
        region.note_checked(value)
        return region

    def _has_open_rest(self, term: Term) -> bool:
        """Tell whether a term has a rest, or may get one by a goal that waits for a variable."""
        numbers = numbers_in(((term, self.clause), ()), self.env.copy())
        return has_rest(term) or not self._put_off_about().isdisjoint(numbers)

    def _check_told(self, value: Known, term: List | Dictionary) -> None:
        """Refuse a value of another class that may equal a list or a dictionary all the same."""
        cls = value.exact
        if cls is None or cls in VALUES:
            # Also a text of the policy.
            return
        is_told = self.guards.names.equality.is_told_from_nil(cls)
        if not is_told or issubclass(cls, (list, dict)) or self._has_open_rest(term):
            raise NotCompilable("an object that is compared with a list", self.goal.span)

    def _elements(self, region: Region, listed: List, value: Known) -> list[Known]:
        """Write that a list is taken apart: all elements at once, for another thread may change it.

        :returns: its first elements, and the list of all others if that has a name.
        """
        rest, count = listed.rest, len(listed.items)
        facts: list[Fact] = [("part", value.name, at) for at in range(count)]
        known = [region.lookup(fact) for fact in facts]
        is_bare = rest is None or _is_bare(rest)
        if None not in known and is_bare:
            return t.cast("list[Known]", known)
        made = [Known(self.guards.fresh(), region=region) for _ in range(count)]
        names: list[ast.expr] = [ast.Name(each.name, ast.Store()) for each in made]
        source: ast.expr = load(value.name)
        others = [] if is_bare else [Known(self.guards.fresh(), exact=list, region=region)]
        for each in others:
            names.append(ast.Starred(ast.Name(each.name, ast.Store()), ast.Store()))
            self.guards.note_derived(each, ("rest", value.name, count))
        if rest is not None and is_bare:
            source = _item(value, ast.Slice(None, ast.Constant(count), None))
        is_plain = region.lookup(("plain list", value.name)) is not None
        parts = {
            fact: each
            for fact, each, term in zip(facts, made, listed.items, strict=True)
            # What has no name is looked at with the whole list, or by itself.
            if not (is_plain and _is_bare(term))
        }
        read = ast.Assign([ast.Tuple(names, ast.Store())], source)
        if names:
            self._note_parts(region, parts, read, "harmless")
        return [*made, *others]

    def _note_parts(
        self, region: Region, made: dict[Fact, Known], read: ast.stmt, known: str
    ) -> None:
        """Write that parts of a value are read, and checked where nothing else tests them.

        Their classes are learnt, which nobody may have registered.

        :param known: the set of classes that need no check.
        """
        region.reads.append(with_span(read, self.goal.span))
        for fact, each in made.items():
            self.guards.check_tested(region, each, known)
            region.known[fact] = each
            self.guards.note_derived(each, fact)

    def _copy_taken_apart(self, listed: List, rest: Term, value: Known) -> Region | None:
        """Write what a list is whose rest a function may get: of a copy that was looked at."""
        span, count = self.goal.span, len(listed.items)
        if value.exact not in (None, list) or value.is_literal:
            raise NotCompilable("a list with variables that is compared", span)
        elements = self.guards.elements(self.region, value, span)
        region: Region | None = self._of_length(self.region, listed, elements)
        region = self._parts(region, listed.items, elements)
        if region is None:
            return None
        behind = ast.Slice(ast.Constant(count), None, None)
        fact: Fact = ("rest", elements.name, count)
        made = self.guards.computed(region, _item(elements, behind), fact, span)
        region.note_list(made)
        return self._part(region, rest, elements, behind, fact)

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
            taken = self.replaced(region=region).taken_apart(written_term(part), made)
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
        # Where the function cannot be written so, it may be with others for rules that it calls.
        self.guards.meets_recursion = True
        if isinstance(inner, List):
            return self._list_built(inner)
        values = self._values_of([part for _, part in inner.fields])
        if values is None:
            return None
        names = [name for name, _ in inner.fields]
        made = ast.Dict([ast.Constant(name) for name in names], [*map(written, values)])
        fact: Fact = ("dictionary of", *names, *(each.key for each in values))
        parts = dict(zip(names, values, strict=True))
        built = self._built_once(fact, made, values, parts).replaced(exact=dict)
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
            region.give_up_if(negate(call("is_equal_data", unknown)))
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


def _is_key_compared(term: Term, goals: Pending) -> bool:
    """Tell whether the next goals compare the key of a pair that is searched for."""
    pair = pair_in(term)
    if pair is None or not isinstance(pair[0], Slot):
        return False
    return compared_next((goal for goal, _ in pending_goals(goals)), pair[0]) is not None


def _item(listed: Known, place: ast.expr) -> ast.expr:
    """Write an element of a list, or a part of it."""
    return item_of(load(listed.name), place)
