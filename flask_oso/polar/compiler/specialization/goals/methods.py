"""Calls of methods that only read a value: of strings, dates, lists and dictionaries.

In go a value, the method and its arguments; out come the region where the call is made, and its
result. A method of an object is the one call of the application that a function may make.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Sequence

from ....nodes import Call, List, Term
from ...binding_analysis import NotCompilable, is_string
from ...goal_forms import searched_in, written_term
from ...scopes import Pending
from ...snippets import any_of, call, is_of, is_type, load, method_call
from ..regions import Fact, Known, Region
from ..value_tests import CONTAINERS, OF_TEXTS, entry_or_default, is_key, written
from .moments import is_clock, method_of_moment
from .searches import Searches

#: Methods of dictionaries, and how many arguments they take, beside what ``get`` has for none.
_OF_DICTIONARIES = {"get": 1, "items": 0, "keys": 0, "values": 0}
#: Methods of lists that take what is searched for, and the operations that do the same.
_OF_LISTS = {"count": "counted", "index": "place_of"}
#: Where a call is made, and its result.
Made = tuple[Region, Known]


class Methods(Searches, frozen=False):
    """Writes calls of methods."""

    def method(self, owner: Known, called: Call, result: Term) -> tuple[Region, Pending] | None:
        """Write ``x.m(…) = v``.

        :raises NotCompilable: if the method may do more than to read plain data.
        """
        name = called.name
        if called.kwargs:
            raise NotCompilable("a method", self.goal.span)
        if name == "join" and len(called.args) == 1 and is_string(owner.literal):
            return self._result(*self._joined(owner, called.args[0]), result)
        args = [self._bound(arg) for arg in called.args]
        made = None if args else self._read_by(owner, name)
        if made is None and owner.exact not in (None, dict, str):
            return self.observed(owner, name, tuple(args), result)
        if made is None and owner.exact is None:
            made = self._of_list(owner, name, args)
        if made is not None:
            return self._result(*made, result)
        default = (
            args.pop() if name == "get" and len(args) > 1 and _is_of_policy(args[-1]) else None
        )
        is_odd = any(
            arg.choices
            or (arg.exact not in (None, str) and not (name == "get" and self._is_hashed(arg)))
            for arg in args
        )
        if owner.choices is None and not is_odd:
            if name in OF_TEXTS and owner.exact is not dict and default is None:
                return self._result(*self._of_text(owner, name, args), result)
            is_text = owner.literal is not None or owner.exact is str
            if _OF_DICTIONARIES.get(name) == len(args) and not is_text:
                return self._of_dictionary(owner, name, (*args, default), result)
        raise NotCompilable("a method", self.goal.span)

    def observed(
        self, owner: Known, name: str, args: tuple[Known, ...] | None, result: Term
    ) -> tuple[Region, Pending] | None:
        """Write the one call of the application that a function may make."""
        values = [*self.env.values.values()]
        try:
            made = self.guards.observed(self.region, owner, name, args, values)
        except NotCompilable as reason:
            raise NotCompilable(reason.reason, self.goal.span) from None
        return self._result(self.region, made, result)

    def _read_by(self, owner: Known, name: str) -> Made | None:
        """Write a method without arguments of a date, of a clock, or that returns an attribute.

        Of ``Datetime.now()`` all rules get one time, that of the decision.
        """
        region, span = self.region, self.goal.span
        if is_clock(owner, name):
            return region, self.guards.now(region, owner, span)
        found = method_of_moment(self.guards, region, owner, name, span)
        if found is not None:
            return found
        returned = self.values.returned_by(region, owner, name, span)
        return None if returned is None else (region, returned)

    def _of_list(self, owner: Known, name: str, args: Sequence[Known]) -> Made | None:
        """Write a method that lists have, and other collections, too; ``None`` for any other."""
        if name == "__len__" and not args and owner.literal is None:
            made = call("length_of", load(owner.name))
            return self._by_operation(owner, made, ("length", owner.name))
        if name == "__getitem__" and _is_place(owner, args):
            made = call("item_at", load(owner.name), written(args[0]))
            return self._by_operation(owner, made, ("item at", owner.name, args[0].key))
        if name in _OF_LISTS and len(args) == 1:
            return self._found_in_list(owner, name, args[0])
        return None

    def _found_in_list(self, owner: Known, name: str, item: Known) -> Made:
        """Write ``x.count(y)`` or ``x.index(y)`` of a text or of a list."""
        is_known = item.exact in (None, str) or self.values.is_itself(item)
        if owner.literal is not None or item.choices is not None or not is_known:
            raise NotCompilable("a method", self.goal.span)
        for value in (owner, item):
            self.guards.check_sandbox(self.region, value)
        found = call(_OF_LISTS[name], load(owner.name), written(item))
        fact = ("method", owner.name, name, item.key)
        return self.region, self.guards.computed(self.region, found, fact, self.goal.span)

    def _by_operation(self, owner: Known, made: ast.expr, fact: Fact) -> Made:
        """Write an operation, which gives up for what is no collection of plain data."""
        found = self.guards.computed(self.region, made, fact, self.goal.span)
        self.region.note_checked(owner, found)
        return self.region, found

    def _of_text(self, owner: Known, name: str, args: Sequence[Known]) -> Made:
        """Write a call of a method of strings with strings."""
        region = self._all_texts((owner, *args))
        made = method_call(written(owner), name, *map(written, args))
        fact = ("method", owner.key, name, *(arg.key for arg in args))
        return region, self.guards.computed(region, made, fact, self.goal.span)

    def _joined(self, between: Known, listed: Term) -> Made:
        """Write ``":".join([x, y])``, which makes one text of several.

        :raises NotCompilable: if the list is none of the policy.
        """
        parts = written_term(listed)
        if not isinstance(parts, List) or parts.rest is not None:
            raise NotCompilable("a method", self.goal.span)
        texts = [self._bound(each) for each in parts.items]
        if any(each.choices or each.exact not in (None, str) for each in texts):
            raise NotCompilable("a method", self.goal.span)
        region = self._all_texts(texts)
        built = ast.List([*map(written, texts)], ast.Load())
        made = method_call(written(between), "join", built)
        fact = ("method", between.key, "join", *(each.key for each in texts))
        return region, self.guards.computed(region, made, fact, self.goal.span)

    def _all_texts(self, values: Sequence[Known]) -> Region:
        """Return the region where values are texts; for others the function gives up."""
        region, span = self.region, self.goal.span
        for value in values:
            if value.exact is str:
                continue
            if value.literal is None:
                is_text = is_type(value.name, "str")
                region = self.guards.guard(region, ("text", value.name), is_text, [value], span)
            elif type(value.literal.value) is not str:
                raise NotCompilable("a method of another kind of values", span)
        return region

    def _of_dictionary(
        self, owner: Known, name: str, args: Sequence[Known | None], result: Term
    ) -> tuple[Region, Pending] | None:
        """Write a call of a method of dictionaries.

        :param args: a key, if there is one, and what there is for a missing one, or ``None``.
        """
        region, span = self.region, self.goal.span
        keys, default = t.cast("Sequence[Known]", args[:-1]), args[-1]
        searched = self._searched_for(name, result)
        if searched is not None:
            return self._has_key(owner, *searched)
        read = call("entries", load(owner.name), ast.Constant(name))
        made: ast.expr = read
        for key in keys:
            if key.literal is None:
                # The operation gives up for what Python does not find by its hash alone.
                is_known = any_of([is_type(key.name, "str"), is_of(key.name, "harmless")])
                region = self.guards.guard(region, ("key", key.name), is_known, [key], span)
            made = entry_or_default(owner, key, default, self.guards.fresh("p"))
        fact = ("method", owner.name, name, *(None if arg is None else arg.key for arg in args))
        found = self.guards.computed(region, made, fact, span)
        if not keys:
            self.guards.entries.setdefault(found.name, t.cast(ast.Call, read))
        # The operation gives up for what is no dictionary.
        region.note_checked(owner)
        if keys:
            self.guards.check_sandbox(region, found)
        return self._result(region, found, result)

    def _searched_for(self, name: str, result: Term) -> tuple[Known, Pending] | None:
        """Return ``x`` of ``x in d.keys()``, and the goals behind that."""
        if name != "keys" or self._value(result) is not None:
            return None
        known = self._value(searched_in(result, self.rest, self.clause) or result)
        if known is None or known.choices is not None or known.exact not in (None, str):
            return None
        return known, self.rest[1]

    def _has_key(self, owner: Known, item: Known, rest: Pending) -> tuple[Region, Pending] | None:
        """Write ``x in d.keys()``. Most are texts, which a dictionary finds."""
        key: Fact = ("has key", owner.name, item.key)
        region = self.guards.under(self.region, key, is_key(item, owner), [], self.goal.span)
        region.note_checked(item, owner)
        if region is self.region.inside.get(key):
            region.tested = (item.name, owner.name)
        return self._at(region, rest)


def _is_place(owner: Known, args: Sequence[Known]) -> bool:
    """Tell whether ``__getitem__`` has a number of the policy."""
    literals = [each.literal for each in args]
    return (
        owner.literal is None
        and owner.choices is None
        and len(literals) == 1
        and literals[0] is not None
        and type(literals[0].value) is int
    )


def _is_of_policy(value: Known) -> bool:
    """Tell whether a value is a literal, or a list or dictionary of the policy."""
    return value.literal is not None or (value.choices is None and value.exact in CONTAINERS)
