"""Of two objects that are unified, the same one is asked as in oso 0.27.3.

The expected sides were taken from oso 0.27.3, which is asked again where it is installed.
"""

from __future__ import annotations

import importlib.util
import typing as t

import pytest

from flask_oso import Oso

OURS = {"compiled": lambda: Oso(), "solved": lambda: Oso(compiled=False)}


class Thing:
    """An object that notes whom it was compared with, and equals everything."""

    def __init__(self, name: str, asked: list[tuple[str, str]]) -> None:
        self._name = name
        self._asked = asked

    def __eq__(self, other: object) -> bool:
        self._asked.append((self._name, getattr(other, "_name", repr(other))))
        return True

    __hash__ = object.__hash__


class Doc:
    """What has other objects, alone and in collections."""

    def __init__(self, asked: list[tuple[str, str]]) -> None:
        self.one, self.other = Thing("one", asked), Thing("other", asked)
        self.listed, self.others = [self.one], [self.other]
        self.nested = [[self.one]]
        self.entries = {"key": self.one}

    def get(self) -> Thing:
        """Give an object."""
        return self.one


#: Rules with the one that is asked and the one it is compared with: ``a`` and ``b`` are
#: objects, ``d`` is a ``Doc`` that has ``one`` and ``other``.
SIDES: dict[str, tuple[str, str]] = {
    "f(a, b, _) if a = b;": ("a", "b"),
    "f(a, b, _) if b = a;": ("b", "a"),
    "f(a, b, _) if x = a and x = b;": ("a", "b"),
    "f(a, b, _) if x = y and x = a and y = b;": ("a", "b"),
    "f(x, x, _);": ("b", "a"),
    "f(a, b, _) if g(a, b); g(x, x);": ("b", "a"),
    "f(a, b, _) if g(b, a); g(x, x);": ("a", "b"),
    "f(a, b, _) if g(x, a) and x = b; g(y, y);": ("a", "b"),
    "f(a, b, _) if [a] = [b];": ("a", "b"),
    "f(a, b, _) if [b] = [a];": ("b", "a"),
    "f(a, b, _) if [a, *_] = [b, 1];": ("a", "b"),
    "f(a, b, _) if [a, 1] = [b, *_];": ("b", "a"),
    "f(a, b, _) if [a, *_] = [b, *_];": ("b", "a"),
    "f(a, b, _) if [a, *_] = [b, 1, *_];": ("a", "b"),
    "f(a, b, _) if [a, 1, *_] = [b, *_];": ("b", "a"),
    "f(_, b, d) if d.listed = [b, *_];": ("b", "one"),
    "f(_, b, d) if g(d.listed, b); g([x, *_], x);": ("b", "one"),
    "f(_, b, d) if g(b, d.listed); g(x, [x, *_]);": ("b", "one"),
    "f(a, b, _) if {key: a} = {key: b};": ("a", "b"),
    "f(a, b, _) if a in [b];": ("a", "b"),
    "f(a, b, _) if b in [a];": ("b", "a"),
    "f(_, b, d) if d.one = b;": ("b", "one"),
    "f(_, b, d) if b = d.one;": ("b", "one"),
    "f(_, b, d) if d.get() = b;": ("b", "one"),
    "f(_, _, d) if d.one = d.other;": ("one", "other"),
    "f(_, b, d) if d.entries.key = b;": ("one", "b"),
    "f(_, b, d) if x = d.one and x = b;": ("one", "b"),
    "f(_, b, d) if b in d.listed;": ("b", "one"),
    "f(_, b, d) if x in d.listed and x = b;": ("one", "b"),
    'f(_, b, d) if ["key", b] in d.entries;': ("b", "one"),
    "f(_, b, d) if d.listed = [b];": ("b", "one"),
    "f(_, b, d) if [b] = d.listed;": ("b", "one"),
    "f(_, b, d) if d.nested = [[b]];": ("b", "one"),
    "f(_, b, d) if [*x] = d.listed and x = [b];": ("one", "b"),
    "f(_, _, d) if d.listed = d.others;": ("one", "other"),
    "f(_, b, d) if g(d.listed, b); g([x], x);": ("b", "one"),
    "f(_, b, d) if g(b, d.listed); g(x, [x]);": ("one", "b"),
    "f(_, b, d) if g(b, d.entries); g(x, {key: x});": ("one", "b"),
    "f(_, b, d) if d matches {one: b};": ("one", "b"),
    "f(_, b, d) if g(b, d.one); g(x, x);": ("one", "b"),
    "f(_, b, d) if g(d, b); g(x, x.one);": ("b", "one"),
    "f(_, b, d) if g(d, b); g(_: {one: x}, x);": ("b", "one"),
    "f(_, b, d) if forall(x in d.listed, b = x);": ("b", "one"),
    "f(_, b, d) if not (not d.one = b);": ("b", "one"),
    "f(a, _, _) if 1 = a;": ("a", "1"),
    "f(_, _, d) if 1 = d.one;": ("one", "1"),
}


def asked(rule: str, make: t.Callable[[], t.Any]) -> tuple[str, str]:
    """Tell who was asked first, and whom it was compared with."""
    noted: list[tuple[str, str]] = []
    oso = make()
    oso.load_str(f"allow(a, b, d) if f(a, b, d); {rule}")
    a, b, doc = Thing("a", noted), Thing("b", noted), Doc(noted)
    noted.clear()
    oso.is_allowed(a, b, doc)
    return noted[0]


@pytest.mark.parametrize("make", OURS.values(), ids=OURS)
@pytest.mark.parametrize(("rule", "sides"), SIDES.items())
def test_side_that_is_asked(rule: str, sides: tuple[str, str], make: t.Callable[[], t.Any]) -> None:
    """Which object's ``__eq__`` runs is part of the meaning where it is not symmetric."""
    assert asked(rule, make) == sides


@pytest.mark.skipif(importlib.util.find_spec("oso") is None, reason="oso 0.27.3 is not installed")
@pytest.mark.parametrize(("rule", "sides"), SIDES.items())
def test_side_that_oso_asks(rule: str, sides: tuple[str, str]) -> None:
    """oso 0.27.3 asks the same side."""
    import oso

    assert asked(rule, oso.Oso) == sides
