"""The rule that decided: found with the solver, whatever was tried before it."""

from __future__ import annotations

import time
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import PolarRuntimeError
from tests.support.policies import make_oso

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


@pytest.fixture(autouse=True)
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile, also where all tests run without."""
    monkeypatch.setenv("OSO_COMPILED", "1")


class User:
    """Who asks."""

    active = True


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


#: By compiled rules, and by the solver.
both = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solver"])


def line(oso: Oso, *question: t.Any) -> int | None:
    """Return the line of the rule that decided."""
    rule = oso.engine.deciding_rule("allow", question)
    return None if rule is None or rule.span is None else rule.span.line


@pytest.fixture
def roles() -> Oso:
    return make_oso(ROLES, User, Note)


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
@both
def test_rule_is_the_one_that_held(question: tuple[t.Any, ...], place: int, compiled: bool) -> None:
    """Rules that were tried in vain, and rules that only took part, are not it."""
    oso = Oso(compiled=compiled)
    oso.load_str(SEARCHES)

    assert line(oso, *question) == place


@both
def test_constant_in_a_head_is_a_literal(compiled: bool) -> None:
    """A rule about a class, or about nil, decides something of its own."""
    oso = Oso(compiled=compiled)
    oso.register_class(Note)
    oso.load_str("allow(x, action, Note) if f(x, action);\nf(_, nil) if 1 = 2;\nf(_, _);")

    assert line(oso, 1, "read", Note) == 1


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ((1, "x", 1), 2),
        ((2, "read", 2), 5),
        ((2, "read", 3), 5),
        ((2, "edit", 3), 7),
        ((5, "shut", 3), 9),
    ],
)
@both
def test_rules_that_pass_everything_on_are_passed_over(
    question: tuple[t.Any, ...], place: int, compiled: bool
) -> None:
    """The rule to which they pass it decided, however many there are in between."""
    oso = Oso(compiled=compiled)
    oso.load_str(PASSES)

    assert line(oso, *question) == place


GATE = """
actor User {{}}
resource Note {{
  permissions = ["read"];
  roles = ["owner"];
  "read" if "owner";
}}
has_role(user: User, "owner", note: Note) if note.owner = user;
is_active(user: User) if user.active;
is_known(_: User, _, _: Note);
{gate}
"""


@pytest.mark.parametrize(
    ("gate", "place"),
    [
        ("allow(a, b, c) if is_active(a) and has_permission(a, b, c);", 6),
        ("allow(a, b, c) if has_permission(a, b, c) and is_active(a);", 6),
        ("allow(a: User, b: String, c: Note) if a.active and has_permission(a, b, c);", 6),
        ("allow(a, b, c) if (a.active and b != nil) and has_permission(a, b, c);", 6),
        ("allow(a, b, c) if not a.active = false and (b = b and has_permission(a, b, c));", 6),
        ("allow(a, b, c) if forall(x in [1], x = 1) and has_permission(a, b, c);", 6),
        (
            "allow(a, b, c) if is_active(a) and x in [1, 2] and has_permission(a, b, c) and x = 2;",
            6,
        ),
        ("allow(a, b, c) if (is_active(a) or b = 1) and has_permission(a, b, c);", 6),
        ("allow(a, b, c) if f(b, c, a); f(b, c, a) if a.active and has_permission(a, b, c);", 6),
        ("allow(a, b, c) if is_known(a, b, c) and has_permission(a, b, c);", 6),
        ("allow(a, b, c) if is_active(a) and (has_permission(a, b, c) or b = 1);", 11),
        ("allow(a, b, c) if not is_active(1) and has_permission(a, b, c) or b = 1;", 11),
        ('allow(a, "read", c) if is_active(a) and has_permission(a, "read", c);', 11),
        ('allow(a, b: "read", c) if is_active(a) and has_permission(a, b, c);', 11),
        ("allow(a, b, c) if is_active(a) and has_role(a, x, c) and b != x;", 11),
        ("allow(a, b, c) if is_active(a) and not (not has_permission(a, b, c));", 11),
    ],
)
@both
def test_rule_below_a_gate_is_named(gate: str, place: int, compiled: bool) -> None:
    """A condition that stands before every answer tells nothing of this one."""
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Note)
    oso.load_str(GATE.format(gate=gate))
    user = User()

    assert line(oso, user, "read", Note(user)) == place


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


def test_compiled_rules_tell_without_the_solver(
    monkeypatch: pytest.MonkeyPatch, roles: Oso
) -> None:
    """A log that names rules costs a second look of compiled rules, and no search."""
    user = User()
    monkeypatch.delattr("flask_oso.polar.solver.solver.Solver.solve")

    places = [line(roles, user, action, Note(user)) for action in ("read", "edit", "print")]

    assert places == [5, 6, 12]


@pytest.mark.parametrize(
    ("policy", "place"),
    [
        ("allow(x, y, z) if f(x, y, z); f(x, _, _) if x = 1 and print();", 1),
        ("allow(x, y, z) if f(x, y, z) and x = 1;\nf(_, _, _) if cut;\nf(_, _, _);", 2),
        ("allow(x, y, z) if f(x, y, z) and x = 1;\nf(2, _, _);\nf(_, _, _) if print();", 3),
    ],
)
def test_solver_tells_what_compiled_rules_cannot(
    policy: str, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule that stays with the solver is named all the same."""
    oso = Oso()
    oso.load_str(policy)

    assert line(oso, 1, "read", 1) == place
