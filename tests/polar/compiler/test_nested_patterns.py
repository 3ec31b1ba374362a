"""Patterns within patterns are compared in place, on plain data."""

from __future__ import annotations

import types
import typing as t

import pytest

from flask_oso import Oso, OsoError
from tests.support.answers import specialized
from tests.support.policies import make_oso

from .test_chains import Folder, User

CONDITIONS = [
    "f matches {kind: {open: true}}",
    "f matches Folder{kind: {open: true}}",
    "f matches {kind: {open: o}} and o = true",
    "f matches {kind: {of: {open: true}}}",
    "f matches {parent: Folder{kind: {open: true}, closed: false}}",
    "f matches {kind: {}}",
    "not f matches {kind: {}}",
    "not f matches {kind: {open: true}}",
    "inside(f)",
]
#: What they compare or read is not told from other values in all of the folders.
OTHERS = [
    "f matches {parent: Folder{kind: u}}",
    "(f.parent matches {kind: {open: true}} or f matches {kind: {open: false}})",
]
POLICY = """
allow(u: User, "read", f: Folder) if u = u and {};
inside(f: Folder) if f matches {{kind: {{open: true}}}};
inside(f: Folder) if f.parent != nil and inside(f.parent);
"""


class Loud:
    """Says that it has no attribute, or another equality."""

    open = property(lambda self: True)

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


KINDS: list[t.Any] = [
    *(None, True, 1, "open", [], {}, {"open": True}, {"open": False}, {"open": 1}, {"open": None}),
    *({"of": {"open": True}}, types.SimpleNamespace(open=True), Folder(None), Loud(), User()),
]


def load(condition: str, *, compiled: bool = True) -> Oso:
    return make_oso(POLICY.format(condition), User, Folder, compiled=compiled)


def outcome(oso: Oso, user: User, folder: Folder) -> t.Any:
    try:
        return oso.is_allowed(user, "read", folder)
    except (OsoError, TypeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("condition", [*CONDITIONS, *OTHERS])
def test_answers_are_those_of_the_solver(condition: str) -> None:
    """Whatever the fields hold, at the first question and at the third."""
    ours, solver, user = load(condition), load(condition, compiled=False), User()
    kinds = [*KINDS, user]
    folders = [Folder(None, kind) for kind in kinds]
    folders += [Folder(Folder(None, kind), "a") for kind in kinds]
    expected = [outcome(solver, user, folder) for folder in folders]

    for _ in range(3):
        assert [outcome(ours, user, folder) for folder in folders] == expected


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("open_", [True, False])
def test_dictionaries_are_answered_by_a_specialization(condition: str, open_: bool) -> None:
    """The function for plain data looks into them, and what is `nil` has no fields."""
    oso, user = load(condition), User()
    kind: t.Any = {"open": open_, "of": {"open": open_}}

    for folder in (Folder(None, kind), Folder(Folder(None, kind), kind)):
        expected = oso.engine.solve_call("allow", (user, "read", folder))
        assert specialized(oso.engine, user, "read", folder) is expected
