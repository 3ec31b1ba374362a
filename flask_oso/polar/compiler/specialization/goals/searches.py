"""The code for goals about collections in a specialization: ``x in xs``.

A search is one operation where nothing is bound by it, and a loop otherwise.
"""

from __future__ import annotations

import ast
import itertools
import typing as t

from ....host.value_classes import is_hashed
from ....nodes import Expression, List, Operator, Origin, Slot, Term, Value
from ....sources import Span
from ....traversal import compared_next, is_operation
from ...binding_analysis import NotCompilable, is_string
from ...classes.plain_classes import is_plain_object
from ...goal_forms import pair_in, searched_in, variables_in, written_term
from ...passes.names import FOUND
from ...quotations import expr
from ...scopes import Pending, pending_goals, prepend
from ...snippets import any_of, call, compared, is_type, load, negate
from ..clauses.clause_forms import PutOff, is_scalar
from ..regions import Fact, Known, Region
from ..value_tests import (
    entry_of_constant,
    has_plain_entries,
    is_among,
    is_list_of_texts,
    is_searched_at_once,
    written,
)
from .compounds import Compounds, is_open_compound


class Searches(Compounds, frozen=False):
    """Writes goals about collections."""

    def membership(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``x in xs``."""
        item, collection = term.args
        listed = written_term(collection)
        if isinstance(listed, List):
            return self._among(item, listed)
        searched, pair = self._value(collection), pair_in(item)
        if searched is None:
            return self._put_off()
        if pair is not None:
            return self._pair_among(*pair, searched)
        if is_open_compound(item):
            region, element = self.guards.loop(self.region, searched, term.span)
            return self._at(self.replaced(region=region).part_unified(region, item, element))
        known, owner = self._value(item), self._owner_of_keys(searched)
        if searched.texts is not None and known is not None and _may_be_text(known):
            # As where the list is written here.
            return self._among(item, searched.texts)
        self.guards.note_search(searched, collection)
        if owner is not None:
            looked_up = self._among_keys(item, known, searched, owner)
            if looked_up is not None:
                return looked_up
        if known is not None and self._is_found_at_once(known, searched):
            self.values.check_comparable(known, term.span)
            texts = self.region.lookup(("texts", searched.name))
            if texts is not None and is_string(known.literal):
                return self._at(self._text_among(known, texts, term.span))
            return self._at(self._value_among(known, searched, term.span))
        region, element = self.guards.loop(self.region, searched, term.span)
        if known is not None:
            return self._at(self.values.equal(region, known, element, term.span))
        return self._bind(self._unbound(item), element, region)

    def _is_found_at_once(self, known: Known, searched: Known) -> bool:
        """Tell whether a search is one operation: for a row, where a loop takes longer."""
        if not is_searched_at_once(known, searched):
            return False
        if searched.expected is None and known.expected is None:
            return True
        if self.values.rows.is_row(known) or self.values.rows.is_row(searched):
            # Keys are collected once for all elements of another list.
            is_element = known.source is not None and known.source[1] == "[]"
            return is_element and self.values.rows.are_alike(known, searched)
        return not self.values.is_itself(known)

    def _value_among(self, known: Known, searched: Known, span: Span | None) -> Region:
        """Write that a collection has a value, by one operation."""
        key: Fact = ("among", known.key, searched.key)
        is_itself, is_negated = self.values.is_itself(known), self.region.found != FOUND
        how = {"is_known": self._is_hashed(known), "is_itself": is_itself}
        test = is_among(known, searched, **how, is_negated=is_negated)
        if self.values.rows.are_alike(known, searched):
            test.keyed = self.values.rows.keyed(known)  # type: ignore[attr-defined]
        if is_itself and known.exact is not None and self.guards.names.host.keeps(known.exact):
            slowly: t.Any = getattr(test, "orelse", test)
            slowly.class_name = self.guards.names.constant(known.exact)
        region = self.guards.under(self.region, key, test, [], span)
        region.note_checked(known, searched)
        if region is self.region.inside.get(key):
            region.tested = (known.name, searched.name)
        return region

    def _text_among(self, text: Known, texts: Known, span: Span | None) -> Region:
        """Write that a text of the policy is one of those of a collection."""
        key: Fact = ("among texts", texts.name, text.key)
        test = compared(written(text), ast.In(), load(texts.name))
        region = self.guards.under(self.region, key, test, [], span)
        if region is self.region.inside.get(key):
            region.late = key
        return region

    def among_proxied(self, owner: Known, name: str, result: Term) -> tuple[Region, Pending] | None:
        """Write ``x in d.names`` of an association proxy: ``r in d.rows and x = r.name``.

        ``None`` if it is no such attribute, or does something else with it.
        """
        span, item = self.goal.span, searched_in(result, self._following(), self.clause)
        if item is None or pair_in(item) is not None or self._value(result) is not None:
            return None
        rows = self.values.rows
        proxied = rows.proxied(owner, name)
        if proxied is None:
            return None
        listed = self.values.read(self.region, owner, proxied.relation, span)
        rows.note_attribute(owner, name, proxied)
        region, element = self.guards.loop(self.region, listed, span)
        made = self.values.read(region, element, proxied.attribute, span)
        known, rest = self._value(item), self.rest[1]
        if known is not None:
            return self._at(self.values.equal(region, known, made, span), rest)
        return self._at(self._bound_in(self.env, self._unbound(item), made, region), rest)

    def _following(self) -> Pending:
        """Return the goals that follow, the first as it is written."""
        if not self.rest or not isinstance(self.rest[0][0], PutOff):
            return self.rest
        (waiting, clause), rest = self.rest
        return (waiting.goal, clause), rest

    def _is_hashed(self, value: Known) -> bool:
        """Tell whether a value is of a class whose instances a set finds by their hash."""
        cls = value.exact
        if value.choices is not None or is_string(value.literal) or cls is str:
            return True
        if cls is None or cls is int or self.guards.names.host.has_keys(cls):
            return False
        return is_plain_object(cls) and is_hashed(cls)

    def _pair_among(
        self, key: Term, value: Term, collection: Known
    ) -> tuple[Region, Pending] | None:
        """Write ``[key, value] in xs``: a dictionary finds the entry of a key that is known."""
        if self._has_open_rest(self.goal.args[0]):
            raise NotCompilable("a list with a rest in a pair", self.goal.span)
        known, span = None if is_open_compound(key) else self._value(key), self.goal.span
        if known is None:
            return self._key_first(key, value) or self._each_entry(key, value, collection)
        if self.of_all:
            return self._each_entry(key, value, collection, known)
        is_other = collection.exact not in (None, dict) or known.exact not in (None, str)
        if is_other or known.choices is not None or collection.literal is not None:
            raise NotCompilable("a pair that is searched for", span)
        wanted = None if is_open_compound(value) else self._value(value)
        if wanted is not None and wanted.choices is None and wanted.exact in (None, str):
            self.guards.check_sandbox(self.region, wanted)
            key_and_value = written(known), written(wanted)
            test = call("pair_among", load(collection.name), *key_and_value)
            held: Fact = ("pair among", collection.name, known.key, wanted.key)
            region = self.guards.under(self.region, held, test, [], span)
            if region is self.region.inside.get(held):
                # The operation gives up for what is no dictionary, no list and no text.
                region.tested = (known.name, collection.name)
            region.note_checked(known, collection)
            return self._at(region)
        is_list = wanted is None or wanted.exact not in (None, dict)
        if is_list and collection.exact is None and collection.constant is None:
            if wanted is not None:
                self.guards.check_sandbox(self.region, wanted)
            region, made = self._value_under(known, collection)
        else:
            region, made = self.entry_found(known, collection)
        return self._at(self.part_unified(region, value, made))

    def _value_under(self, key: Known, collection: Known) -> tuple[Region, Known]:
        """Write a search for what a dictionary, or a list of lists, has under a key."""
        span = self.goal.span
        self.guards.check_sandbox(self.region, key)
        self.region.note_checked(collection)
        found = call("values_under", load(collection.name), written(key))
        fact: Fact = ("values under", collection.name, key.key)
        listed = self.guards.computed(self.region, found, fact, span)
        region, made = self.guards.loop(self.region, listed.replaced(exact=list), span)
        region.note_checked(made)
        return region, made

    def entry_found(self, key: Known, collection: Known) -> tuple[Region, Known]:
        """Write a look-up in a dictionary; return the region where there is an entry, and that."""
        found: ast.expr = call("entry_among", load(collection.name), written(key))
        values = [*collection.constant.values()] if type(collection.constant) is dict else []
        if key.literal is None and values and has_plain_entries(collection.constant):
            found = entry_of_constant(collection, key, found, self.guards.fresh("p"))
        fact = ("entry among", collection.name, key.key)
        made = self.guards.computed(self.region, found, fact, self.goal.span)
        if values and all(map(is_list_of_texts, values)):
            # A constant is a copy, which nobody changes.
            made = made.replaced(is_of_texts=True)
        self.region.note_checked(key, collection)
        is_there = compared(load(made.name), ast.IsNot(), load("missing"))
        there: Fact = ("there", made.name)
        return self.guards.under(self.region, there, is_there, [], self.goal.span), made

    def _each_entry(
        self, key: Term, value: Term, collection: Known, wanted: Known | None = None
    ) -> tuple[Region, Pending] | None:
        """Write ``[key, value] in xs`` for all keys.

        :param wanted: what a key is compared with, before anything else that may fail.
        """
        span = self.goal.span
        if collection.exact not in (None, dict) or collection.literal is not None:
            raise NotCompilable("a pair that is searched for", span)
        self.region.note_checked(collection)
        entries = call("entries_of", load(collection.name))
        fact: Fact = ("entries of", collection.name)
        if wanted is not None:
            function = "entry_under" if self.is_ahead else "entries_with"
            entries = call(function, load(collection.name), written(wanted))
            fact = (function, collection.name, wanted.key)
        listed = self.guards.computed(self.region, entries, fact, span)
        self.guards.entries.setdefault(listed.name, t.cast(ast.Call, entries))
        given = None if wanted is None or is_open_compound(value) else self._value(value)
        if given is not None and is_string(given.literal):
            # The solver compares the value of each entry with this text, before the key.
            is_asked = negate(call("are_compared_unasked", load(listed.name)))
            self.region.give_up_if(is_asked)
        region: Region | None
        region, entry = self.guards.loop(self.region, listed.replaced(exact=list), span)
        # Whatever gives entries makes each, or has looked at it.
        t.cast(Region, entry.region).note_checked(entry)
        region = self._parts(region, (key, value), entry)
        if wanted is not None and isinstance(key, Slot) and region is not None:
            # From here on the variable has the key of the entry, as in the solver.
            self.env.values[self._unbound(key)] = region.lookup(("part", entry.name, 0)) or wanted
        return self._at(region)

    def _key_first(self, key: Term, value: Term) -> tuple[Region, Pending] | None:
        """Write ``k = x.a`` behind ``[k, v] in d`` first; ``None`` if no such goal follows.

        So a dictionary finds the entry. What is read for it has to be there, which is no error in
        the solver where the dictionary is empty: the function gives up.
        """
        if not isinstance(key, Slot) or is_open_compound(value):
            # The solver compares the parts of the value before the key.
            return None
        given = self._value(value)
        if given is not None and not is_string(given.literal):
            return None
        env, rest = self.env.copy(), self.rest
        names, moved = {env.variable(self.clause, key.index)}, list[t.Any]()
        known = {*env.values}
        while rest and not names & known:
            (goal, clause), rest = rest
            if is_operation(goal, Operator.AND):
                rest = prepend([(arg, clause) for arg in goal.args], rest)
                continue
            here = self.replaced(env=env, clause=clause, goal=goal)
            if not here._is_about_key(names, known, value):
                return None
            moved.append((goal, clause))
        if not names & known or any(env.waiting.get(each) for each in names):
            return None
        united = [each for each, _ in moved if is_operation(each, Operator.UNIFY)]
        texts = [each for each in united if any(map(is_string, each.args))]
        is_key = isinstance(value, Slot) and env.variable(self.clause, value.index) in names
        if is_key or len(texts) + (given is not None) > 1:
            # The solver compares the value of each entry with its key, or with several texts, which
            # may raise an error.
            return None
        self.guards.leave_place()
        is_ahead = self._is_compared_next(key)
        waiting = PutOff(self.goal, self.waits, of_all=True, is_ahead=is_ahead), self.clause
        return self.region, prepend([*moved, waiting], rest)

    def _is_compared_next(self, name: Slot) -> bool:
        """Tell whether the next goal compares a variable with what is read by then.

        Then the solver looks a text up, and looks at no other value of a dictionary.
        """
        goals = itertools.takewhile(
            lambda each: each[1] == self.clause and not isinstance(each[0], PutOff),
            pending_goals(self.rest),
        )
        found = compared_next((goal for goal, _ in goals), name)
        return found is not None and self._value(found[0]) is not None

    def _owner_of_keys(self, searched: Known) -> str | None:
        """Return the name of the dictionary whose keys are searched."""
        match self.guards.entries.get(searched.name):
            case ast.Call(args=[ast.Name(owner), ast.Constant("keys")]):
                return owner
        return None

    def _among_keys(
        self, item: Term, known: Known | None, keys: Known, owner: str
    ) -> tuple[Region, Pending] | None:
        """Write ``x in d.keys()`` behind what gives ``x`` a value; ``None`` if nothing does."""
        span = self.goal.span
        if known is None and not self.of_all:
            return self._keys_last(item, keys)
        if known is None or known.choices is not None or known.exact not in (None, str):
            return None
        if not self.of_all:
            return None
        self.guards.check_sandbox(self.region, known)
        there: ast.expr = compared(written(known), ast.In(), load(owner))
        if known.exact is None and known.literal is None:
            others = call("has_key", load(owner), written(known))
            there = ast.IfExp(is_type(known.name, "str"), there, others)
        fact: Fact = ("among keys", keys.name, known.key)
        return self._at(self.guards.under(self.region, fact, there, [], span))

    def _keys_last(self, item: Term, keys: Known) -> tuple[Region, Pending] | None:
        """Write ``f in x.a`` or ``f = x.a`` behind ``f in d.keys()`` first, and look ``f`` up.

        The solver compares each key: all have to be texts. ``None`` if no such goal follows.
        """
        if not isinstance(item, Slot):
            return None
        env, rest, moved = self.env.copy(), self.rest, list[t.Any]()
        names, known = {env.variable(self.clause, item.index)}, {*env.values}
        while rest:
            (goal, clause), rest = rest
            if is_operation(goal, Operator.AND):
                rest = prepend([(arg, clause) for arg in goal.args], rest)
                continue
            moved.append((goal, clause))
            here = self.replaced(env=env, clause=clause, goal=goal)
            if here._gives_value(names, known):
                break
            if not here._is_about_key(names, known, self.goal.args[1]):
                return None
            if names & known:
                break
        else:
            return None
        if any(env.waiting.get(each) for each in names):
            return None
        # All elements are looked at: the solver does so for each key that is none of them.
        self.writer.leave_order()
        self.region.give_up_if(negate(call("has_plain_keys", load(keys.name))))
        waiting = PutOff(self.goal, self.waits, of_all=True), self.clause
        return self.region, prepend([*moved, waiting], rest)

    def _gives_value(self, names: set[int], known: set[int]) -> bool:
        """Tell whether a goal searches a collection that is known for one of some variables.

        Or compares it with a text of the policy.
        """
        goal = self.goal
        if is_operation(goal, Operator.UNIFY) and any(map(is_string, goal.args)):
            return any(self._variable(arg) in names for arg in goal.args)
        if not is_operation(goal, Operator.IN):
            return False
        item, collection = goal.args
        return self._variable(item) in names and self._variable(collection) in known

    def _is_about_key(self, names: set[int], known: set[int], value: Term) -> bool:
        """Tell whether a goal only reads or names what a key is compared with, and note that.

        Or compares the value of the entry with a text of the policy, which fails for none.

        :param names: the variables that are the key.
        :param known: the variables that have a value.
        """
        goal = self.goal
        if is_operation(goal, Operator.DOT):
            owner, name, result = goal.args
            number, made = self._variable(owner), self._variable(result)
            is_read = number in known and is_string(name) and made is not None
            if not is_read or made in known:
                return False
            read = self.env.values.get(t.cast(int, number))
            known.add(t.cast(int, made))
            return read is None or not self._is_computed(read, str(t.cast(Value, name).value))
        if not is_operation(goal, Operator.UNIFY):
            return False
        if any(map(is_string, goal.args)):
            numbers = {self._variable(arg) for arg in goal.args}
            return isinstance(value, Slot) and self._variable(value) in numbers
        numbers = {self._variable(arg) for arg in goal.args}
        if None in numbers or not numbers & names:
            return False
        names |= t.cast("set[int]", numbers)
        return True

    def _among(self, item: Term, collection: List) -> tuple[Region, Pending] | None:
        items = collection.items
        free = [slot for slot in variables_in(self.goal) if self._value(slot) is None]
        if free and all(slot.origin is Origin.LOOKUP for slot in free):
            # In 'forall', lookups stand behind the goal that needs them.
            return self._put_off()
        if not all(map(is_scalar, items)):
            return self.among_terms(item, collection, self.goal)
        if collection.rest is not None or not items:
            raise NotCompilable("a search in a list of more than literals", self.goal.span)
        known = self._bound(item)
        if is_string(known.literal) and all(map(is_string, items)):
            # Both are in the policy.
            text = t.cast(Value, known.literal).value
            is_one = any(t.cast(Value, each).value == text for each in items)
            return self._at(self.region) if is_one else None
        if known.is_literal:
            raise NotCompilable("a literal that is searched for", self.goal.span)
        if not all(map(is_string, items)):
            return self._among_scalars(known, [t.cast(Value, each) for each in items])
        texts = frozenset(str(t.cast(Value, each).value) for each in collection.items)
        choices = Known(self.guards.names.constant(texts), choices=texts)
        return self._at(self.values.equal(self.region, choices, known, self.goal.span))

    def _among_scalars(self, known: Known, items: list[Value]) -> tuple[Region, Pending] | None:
        if known.exact is not None:
            raise NotCompilable("an object that is searched for", self.goal.span)
        span = self.goal.span
        region = self.guards.guard_scalar(self.region, known, span)
        flags = [each.value for each in items if type(each.value) is bool]
        others = [each.value for each in items if type(each.value) is not bool]
        # A decimal, and other objects, may equal a flag; a number of Polar does not.
        tests = [expr("X == FLAG and alike(X, FLAG)", X=known.name, FLAG=flag) for flag in flags]
        if others:
            equal = [compared(load(known.name), ast.Eq(), ast.Constant(each)) for each in others]
            tests.append(expr("not type(X) is bool and EQUAL", X=known.name, EQUAL=any_of(equal)))
        key: Fact = ("among", known.name, *((type(each.value), each.value) for each in items))
        return self._at(self.guards.under(region, key, any_of(tests), [], span))


def _may_be_text(value: Known) -> bool:
    """Tell whether a value is a text of the policy, or one that nothing is known of."""
    is_told = value.literal is None or is_string(value.literal)
    return is_told and value.choices is None and value.exact in (None, str)
