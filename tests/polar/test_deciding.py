"""The rule that decided: found with the solver, whatever was tried before it."""

from __future__ import annotations

import time
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import PolarRuntimeError

ROLES = """actor User {}
resource Note {
  permissions = ["read", "edit"];
  roles = ["owner"];
  "read" if "edit";
  "edit" if "owner";
}
has_role(user: User, "owner", note: Note) if
  note.owner = user;
allow(actor, action, resource) if
  has_permission(actor, action, resource);
allow(_: User, "print", _: Note);
"""

SEARCHES = """allow(x, "tried", _) if x = 1;
allow(_, "tried", _) if y in [1, 2, 3] and f(y);
f(2) if f(3);
f(3);
allow(x, "both", y) if f(3) and f(x) and y = 1;
allow(x, "asks", y) if g(x, y);
g(_, 1);
g(x, y) if x = 2 and y = 2;
allow(_, "not", y) if not f(y);
allow(x, "fact", 1) if g(x, 1);
"""


class User:
    """Who asks."""


class Note:
    """Something that is owned."""

    def __init__(self, owner: User) -> None:
        self.owner = owner


PASSES = """allow(x, action, y) if g(x, action, y);
g(1, _, 1);
g(x, action, y) if h(action, x, y) and x = y;
g(x, action, y) if h(action, x, y);
h("read", _, _);
h(action, x, y) if i(action, x, y);
i("edit", 2, _);
allow(x, action: "open", y) if i("edit", x, y) and action = "open";
allow(x, action: "shut", y) if j(x, action, y);
j(_, _, _);
"""


def line(oso: Oso, *question: t.Any) -> int | None:
    """Return the line of the rule that decided."""
    rule = oso.engine.deciding_rule("allow", question)
    return None if rule is None or rule.span is None else rule.span.line


@pytest.fixture
def roles() -> Oso:
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Note)
    oso.load_str(ROLES)
    return oso


@pytest.mark.parametrize(("action", "place"), [("read", 5), ("edit", 6), ("print", 12)])
def test_rule_of_a_permission_is_the_line_in_the_block(roles: Oso, action: str, place: int) -> None:
    """The rule that passes every question on to the block is passed over."""
    user = User()

    assert line(roles, user, action, Note(user)) == place


def test_denial_has_no_rule(roles: Oso) -> None:
    """Where nothing holds nothing decided."""
    assert line(roles, User(), "read", Note(User())) is None


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ((2, "tried", 1), 2),
        ((1, "tried", 1), 1),
        ((2, "both", 1), 5),
        ((2, "asks", 1), 6),
        ((2, "asks", 2), 6),
        ((1, "not", 9), 9),
        ((1, "fact", 1), 10),
    ],
)
def test_rule_is_the_one_that_held(question: tuple[t.Any, ...], place: int) -> None:
    """Rules that were tried in vain, and rules that only took part, are not it."""
    oso = Oso()
    oso.load_str(SEARCHES)

    assert line(oso, *question) == place


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ((1, "x", 1), 2),
        ((2, "read", 2), 3),
        ((2, "read", 3), 5),
        ((2, "edit", 3), 7),
        ((5, "shut", 3), 9),
    ],
)
def test_rules_that_pass_everything_on_are_passed_over(
    question: tuple[t.Any, ...], place: int
) -> None:
    """The rule to which they pass it decided, however many there are in between."""
    oso = Oso()
    oso.load_str(PASSES)

    assert line(oso, *question) == place


def test_search_for_the_rule_ends_in_time() -> None:
    """Nobody waits for it as long as for a decision."""

    class Slow:
        def think(self) -> bool:
            time.sleep(0.15)
            return True

    oso = Oso()
    oso.register_class(Slow)
    oso.load_str("allow(_, _, slow: Slow) if slow.think() and slow.think();")

    with pytest.raises(PolarRuntimeError, match="100"):
        line(oso, 1, "read", Slow())
