"""How it is written that a value matches a class."""

from __future__ import annotations

import ast
import typing as t
from dataclasses import replace

from .host import RESERVED_NAMES
from .modes import Order, is_plain
from .nodes import Pattern, Term
from .places import At
from .scopes import Names, Ref
from .snippets import call, either, load, negated


def instance_test(names: Names, name: str, pattern: Pattern) -> ast.expr:
    """Write whether a value is an instance of the class of a pattern."""
    if pattern.tag in RESERVED_NAMES:
        classes: t.Any = names.members(pattern.tag)
    else:
        classes = names.host.classes[t.cast(str, pattern.tag)]
    return call("isinstance", load(name), load(names.constant(classes)))


def class_of(names: Names, pattern: Term | None) -> type | None:
    """Give the plain class that what matches a pattern is an instance of."""
    if not isinstance(pattern, Pattern) or pattern.tag in RESERVED_NAMES:
        return None
    cls = names.host.classes.get(t.cast(str, pattern.tag))
    return cls if cls is not None and is_plain(cls) else None


def one_at_most(
    order: Order, matched: dict[int, str], otherwise: list[ast.stmt]
) -> list[ast.stmt]:
    """Write what is done if two clauses match whose order depends on a class.

    :param matched: the names that say which clauses match.
    """
    apart: dict[int, list[ast.expr]] = {}
    for first, second in order.exclusive:
        apart.setdefault(first, []).append(load(matched[second]))
    return [
        ast.If(load(matched[first]), [ast.If(either(others), otherwise, [])], [])
        for first, others in sorted(apart.items())
    ]


class Matches(At):
    """A goal that may test classes."""

    def tested(self, ref: Ref, pattern: Pattern) -> Ref:
        """Write a class test, unless it is known to hold; give what is known then."""
        cls = class_of(self.writer.names, pattern)
        if cls is not None and ref.cls is not None and issubclass(ref.cls, cls):
            return ref
        missed: list[ast.stmt] = []
        if ref.read is not None:
            # What leads out of the object is no instance of a plain class.
            self.writer.make_sure(ref, self.out if cls is None else missed)
        test = instance_test(self.writer.names, ref.name, pattern)
        self.out.append(ast.If(negated(test), [*missed, self.place.fail()], []))
        return replace(ref, cls=cls or ref.cls, read=None)
