"""``authorized_actions`` by compiled rules raises what it raises by the solver."""

from __future__ import annotations

import dis
import time
import typing as t

import pytest

from flask_oso import Limits, Oso, OsoError, Variable
from flask_oso.polar.compiler.compilation_turns import NOT_NOW
from flask_oso.polar.compiler.entry_points import new_clock
from flask_oso.polar.compiler.scopes import Variant
from flask_oso.polar.compiler.specialization.tables.search_maker import MAX_SEARCHED
from flask_oso.polar.compiler.takeovers import OPEN
from flask_oso.polar.exceptions import PolarTypeError
from tests.support.answers import program_of
from tests.support.policies import make_oso


class User:
    """Who asks."""

    name = "ana"


class Giving:
    """Who says what may be done."""

    def __init__(self, actions: list[str]) -> None:
        self.actions = actions

    def may_do(self, _doc: Doc) -> list[str]:
        """Give the actions."""
        return self.actions


class Number(int):
    """A number with a class of its own, which the solver looks at."""


class Doc:
    """What is asked about."""

    size = 1
    numbers: t.ClassVar = [Number(1)]
    other: t.ClassVar = object()

    def fail(self) -> None:
        """Fail."""
        raise ValueError("broken")


POLICIES = [
    'allow(u, "write", d) if d.first = u; allow(u, "read", d) if d.second = u;',
    'allow(_, "write", d) if d.size < "a"; allow(u, "read", d) if d.second = u;',
    'allow(u, "write", d) if u in d.other; allow(u, "read", d) if d.second = u;',
    'allow(_, "read", d) if d.size = 1; allow(u, "edit", d) if d.second = u;',
    'allow(u, action, d) if action in ["write", "read"] and may(u, action, d);'
    ' may(u, "write", d) if d.first = u; may(u, "read", d) if d.second = u;',
    'allow(_, "write", d) if d.fail(); allow(u, "read", d) if d.second = u;',
    'allow(_, "write", d) if d.size = 1 and d.first; allow(_, "read", d) if d.fail();',
    "allow(u, action, d) if d.second = u and action in [];",
    'allow(_, "write", d) if d.size; allow(_, "read", d) if d.size.x = 1;',
    # The solver answers for these, and looks behind its first solution, too.
    "copied([], []); copied([x, *rest], [x, *others]) if copied(rest, others);"
    ' allow(_, "read", d) if copied(d.numbers, _); allow(u, "read", d) if d.second = u;',
    'allow(_, "read", d) if d.size = 1; allow(_, "read", d) if d.size = 1 and open(d, _);'
    " open(_, x) if x in _y.parts;",
]


def problem(policy: str, compiled: bool) -> tuple[type[BaseException], str]:
    oso = Oso(compiled=compiled)
    oso.load_str(policy)
    with pytest.raises(Exception) as caught:
        oso.authorized_actions(User(), Doc())
    return caught.type, str(caught.value)


@pytest.mark.parametrize("policy", POLICIES)
def test_compiled_rules_raise_what_the_solver_raises(policy: str) -> None:
    """Type, text, place and trace of the error are the same."""
    assert problem(policy, compiled=True) == problem(policy, compiled=False)


class Token:
    """Who asks, with scopes."""

    def __init__(self, scopes: list[object]) -> None:
        self.scopes = scopes
        self.parent = None
        self.admin = False


SCOPED = {
    "called": "allow(u, a, d) if in_scope(u, a) and may(u, a, d); in_scope(u, a) if a in u.scopes;",
    "text": "allow(u, a: String, d) if in_scope(u, a) and may(u, a, d);"
    " in_scope(u, a: String) if a in u.scopes;",
    "inline": "allow(u, a, d) if a in u.scopes and may(u, a, d);",
    "or": 'allow(u, a, d) if in_scope(u, a) and may(u, a, d); in_scope(_, "read");'
    " in_scope(u, a) if a in u.scopes;",
    "a condition between": "allow(u, a, d) if in_scope(u, a) and not is_big(d) and may(u, a, d);"
    " in_scope(u, a) if a in u.scopes; is_big(d) if d.size = 9;",
    "a rule for one action": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    ' in_scope(u, a) if a in u.scopes; in_scope(u, "read") if u.admin = true;',
    "passed on": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    " in_scope(u, a) if holds(u, a); holds(u, a) if a in u.scopes;",
    "recursive": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    " in_scope(u, a) if a in u.scopes; in_scope(u, a) if in_scope(u.parent, a);",
    "method": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    ' in_scope(u, a) if a in u.scopes and a.startswith("r");',
    "attribute": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    ' in_scope(u, a) if a in u.scopes and (a = "read" or u.missing = 1);',
    "unequal": 'allow(u, a, d) if in_scope(u, a) and may(u, a, d); in_scope(_, a) if a != "read";',
    "none of": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    ' in_scope(_, a) if not a in ["edit", "print"] and not a = "read";',
    "an error for others": 'allow(u, a, _) if a != "read" and u.missing = 1 and a = "read";',
    "unequal to what is found": 'allow(u, a, d) if a in u.scopes and a != "x" and may(u, a, d);',
    "unequal in a call": "allow(u, a, d) if a in u.scopes and in_scope(u, a) and may(u, a, d);"
    ' in_scope(_, a) if a != "x" and known(a); known(a) if a in ["read", "edit"];',
    "unequal to what a call finds": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    ' in_scope(u, a) if holds(u, a) and a != "x"; holds(u, a) if a in u.scopes;',
    "not": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    ' in_scope(_, a) if not banned(a); banned("read");',
    "denied": "allow(u, a, d) if not denied(u, a, d) and may(u, a, d);"
    ' denied(_, "edit", d) if d.size = 2; denied(u, a, _) if u.admin and a in ["read", "x"];'
    ' denied(_, a, d) if d.size = 3 and a != "read";',
    "denied behind": "allow(u, a, d) if in_scope(u, a) and not denied(a, d) and may(u, a, d);"
    ' in_scope(_: Token, _); in_scope(_, "read"); denied(a, d) if d.size = 1 and a != "write";',
    "denied by its scopes": "allow(u, a, d) if not denied(u, a) and may(u, a, d);"
    " denied(u, a) if a in u.scopes;",
    "denied with an error": "allow(u, a, d) if not denied(u, a) and may(u, a, d);"
    ' denied(u, a) if a in ["x"] and u.missing = 1;',
    "denied texts": "allow(u, a, d) if not denied(u, a) and may(u, a, d);"
    " denied(_, _: String) if 1 = 2; denied(u, _: String) if u.admin;",
    "cut": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    " in_scope(u, a) if a in u.scopes and cut;",
    "anything": "allow(u, a, d) if in_scope(u, a) and may(u, a, d); in_scope(_, _);",
}
MAY = ' may(_, "read", d) if d.size = 1; may(_, "edit", d) if d.size = 2; may(_, "write", _);'
SCOPES: list[list[object]] = [
    [],
    ["read"],
    ["write", "read", "other"],
    ["other"],
    ["read", 5],
    [None, "write"],
    [["read"], 1.5, "edit"],
]


def actions(policy: str, scopes: list[object], compiled: bool) -> object:
    oso = Oso(compiled=compiled)
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(policy + MAY)
    try:
        return oso.authorized_actions(Token(scopes), Doc())
    except Exception as error:
        return type(error), str(error)


@pytest.mark.each(4)
@pytest.mark.parametrize("name", SCOPED)
def test_scopes_of_a_token_restrict_what_the_solver_says(name: str) -> None:
    """Actions that are searched for among scopes before are those of the solver."""
    found = [actions(SCOPED[name], scopes, compiled=True) for scopes in SCOPES]

    assert found == [actions(SCOPED[name], scopes, compiled=False) for scopes in SCOPES]


@pytest.mark.parametrize(
    "name",
    [
        *("called", "text", "inline", "or", "passed on"),
        *("a condition between", "a rule for one action", "unequal", "none of"),
        *("denied", "denied behind"),
    ],
)
def test_scopes_need_no_query(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each action that a rule behind names is asked for by itself."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso = Oso()
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(SCOPED[name] + MAY)

    assert oso.engine.strings("allow", (Token(["read"]), "", Doc()), 1) is not None


@pytest.mark.parametrize("name", ["not", "cut"])
def test_an_action_that_is_looked_at_before_needs_a_query(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that asks another one which action it is not, or ends at the first one."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso = Oso()
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(SCOPED[name] + MAY)

    assert oso.engine.strings("allow", (Token(["read"]), "", Doc()), 1) is None


def test_cut_beside_an_action_that_is_a_text_needs_no_query(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody who is blocked does anything, and for others the class of the action is said."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso = Oso()
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(
        "allow(_: Token{admin: true}, _, _) if cut and false;"
        " allow(u: Token, a: String, d: Doc) if a in u.scopes and may(u, a, d);" + MAY
    )
    blocked = Token(["write"])
    blocked.admin = True

    assert oso.engine.strings("allow", (Token(["write"]), "", Doc()), 1) == {"write"}
    assert oso.engine.strings("allow", (blocked, "", Doc()), 1) == set()


#: The same one in each question: a policy may bind the action to it.
DOC = Doc()
FREE = {
    "attribute": "allow(u: Token, _, _) if u.admin;",
    "named": "allow(u: Token, _action, _: Doc) if u.admin;",
    "passed on": "allow(u, a, d) if may(u, a, d); may(u, _, _) if u.admin;",
    "passed on twice": "allow(u, a, d) if x(u, a, d); x(u, a, d) if y(u, a, d);"
    " y(u, _, _) if u.admin; y(u, a, d) if u.parent != nil and x(u.parent, a, d);",
    "behind a condition": "allow(u, a, d) if u.admin and d.size = 2 and any(a); any(_);",
    "of another class": 'allow(u, _, _: Token) if u.admin; allow(_, "x", _: Doc);',
    "of this class": 'allow(u, _, _: Doc) if u.admin; allow(_, "x", _: Token);',
    "error before": 'allow(_: Token, "x", d: Doc) if d.missing = 1; allow(u, _, _) if u.admin;',
    "error behind": 'allow(u: Token, _, _: Doc) if u.admin; allow(_, "x", d) if d.missing = 1;',
    "error in it": "allow(u, _, d) if u.admin and d.missing = 1;",
    "compared": 'allow(u, a, _) if any(u, a) and a != "x"; any(u, _) if u.admin;',
    "searched": "allow(u, a, _) if a in u.scopes and any(u, a); any(u, _) if u.admin;",
    "said twice": "allow(u, a, a) if u.admin;",
    "in a pattern": "allow(_: Token{admin: a}, a, _);",
    "text": "allow(u, _a: String, _) if u.admin;",
    "star": 'allow(u, _, _) if u.admin; allow(_, "*", d: Doc) if d.size = 2;',
    "negated": "allow(u, a, _) if not banned(u, a); banned(u, _) if not u.admin;",
}


def free_actions(policy: str, is_admin: bool, compiled: bool, allow_wildcard: bool) -> object:
    """Ask for all actions; the error is what it is without the values that it names."""
    oso = Oso(compiled=compiled)
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(policy + ' allow(_: Token, "read", d: Doc) if d.size = 2;')
    token = Token(["read"])
    token.admin = is_admin
    try:
        return oso.authorized_actions(token, DOC, allow_wildcard=allow_wildcard)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("allow_wildcard", [True, False])
@pytest.mark.parametrize("is_admin", [True, False])
@pytest.mark.parametrize("name", FREE)
def test_rules_for_any_action_are_those_of_the_solver(
    name: str, is_admin: bool, allow_wildcard: bool
) -> None:
    """A rule that allows any action does so in compiled code as in the solver."""
    found = free_actions(FREE[name], is_admin, compiled=True, allow_wildcard=allow_wildcard)

    expected = free_actions(FREE[name], is_admin, compiled=False, allow_wildcard=allow_wildcard)
    assert found == expected


@pytest.mark.parametrize(
    "policy",
    [
        "allow(u: Token, _, _: Doc) if u.parent = nil; allow(_, _, d) if d.missing = 1;",
        "allow(u, _, _) if u.parent = nil; allow(_, a, d) if d.missing = 1 and may(a);"
        ' may("edit"); may("write");',
    ],
)
def test_error_behind_a_rule_for_any_action_is_not_met(policy: str) -> None:
    """The search ends where a rule allows any action, in compiled code as in the solver."""
    found = free_actions(policy, False, compiled=True, allow_wildcard=True)

    assert found == free_actions(policy, False, compiled=False, allow_wildcard=True) == {"*"}


QUICK = [*[*FREE][:7], "searched", "said twice", "in a pattern"]
QUERIED = ["compared", "text", "star", "negated"]


@pytest.mark.parametrize(
    ("name", "is_quick"), [*((each, True) for each in QUICK), *((each, False) for each in QUERIED)]
)
def test_rules_for_any_action_need_no_query(
    name: str, is_quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One question asks for all strings that no rule names, or compiled rules for the values."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso = Oso()
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(FREE[name] + ' allow(_: Token, "read", d: Doc) if d.size = 2;')
    token = Token([])
    token.admin = False

    assert (oso.engine.strings("allow", (token, "", Doc()), 1) is not None) == is_quick


#: One that compiled code answers, and one that only a query can.
EITHER_WAY = [
    'allow(_, "read", _: Doc);',
    'allow(_, "read", _: Doc); allow(_, action, d: Doc) if action = d.size and action = "read";',
]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("policy", EITHER_WAY)
@pytest.mark.parametrize("question", [Variable("x"), [Variable("x")], [[Variable("x")]]], ids=str)
def test_question_is_no_actor_and_no_resource(
    question: t.Any, policy: str, *, compiled: bool
) -> None:
    """As in a decision: a value from outside must not match anything."""
    oso = Oso(compiled=compiled)
    oso.register_class(Doc)
    oso.load_str(policy)

    for args in ((question, Doc()), (User(), question)):
        with pytest.raises(PolarTypeError, match="needs values"):
            oso.authorized_actions(*args)
        with pytest.raises(PolarTypeError, match="needs values"):
            oso.authorized_fields(args[0], "read", args[1])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("policy", EITHER_WAY)
@pytest.mark.parametrize("actor", [{(1, 2): 3}, {"id": 1 << 70}, {"a": "\ud800"}], ids=ascii)
def test_entry_that_no_rule_reads_is_no_error(actor: t.Any, policy: str, *, compiled: bool) -> None:
    """As in a decision: what a dictionary has is looked at when a rule reads it."""
    oso = Oso(compiled=compiled)
    oso.register_class(Doc)
    oso.load_str(policy)

    assert oso.is_allowed(actor, "read", Doc())
    assert oso.authorized_actions(actor, Doc()) == {"read"}


EQUATIONS = [
    'allow(u: Token, a, d) if a = "read" and d.size = 1 and u.admin = false;',
    'allow(u: Token, a: String, d) if d.size = 1 and "write" = a and u.admin = false;',
    'allow(u: Token, a, d) if a = "read" and may(u, a, d);',
    'allow(u: Token, a, d) if a = "read" and a = "write" and d.size = u.size;',
]


@pytest.mark.parametrize("policy", EQUATIONS)
def test_action_of_an_equation_is_asked_for_by_itself(
    policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``a = "read"`` names an action, as a text in a head does."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso = Oso()
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(policy + MAY)

    assert oso.engine.strings("allow", (Token([]), "", Doc()), 1) is not None
    assert actions(policy, [], compiled=True) == actions(policy, [], compiled=False)


@pytest.mark.parametrize("count", [MAX_SEARCHED, MAX_SEARCHED + 1, 3 * MAX_SEARCHED])
def test_many_actions_are_searched_by_functions_of_so_many(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many actions there are, none is asked for by itself."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    texts = [f"act{number}" for number in range(count)]
    oso = Oso()
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(
        "".join(f'allow(u: Token, "{text}", _: Doc) if u.admin = false;' for text in texts)
        + 'allow(_: Token, "other", d: Doc) if d.size = 2;'
    )
    token = Token([])

    assert oso.authorized_actions(token, Doc()) == {*texts}
    (search,) = program_of(oso).searches.values()
    assert search(token, "", Doc()) == {*texts}
    token.admin = True
    assert search(token, "", Doc()) == set()


LOOKED_AT = [
    'allow(u: Token, a, d) if a.startswith("r") and a in ["read", "write"] and d.size = u.size;',
    'allow(u: Token, a, d) if a.startswith("r") and a = "read" and d.size = u.size;',
    'allow(u: Token, a, d) if u.scopes.count(a) = 0 and a = "read" and d.size = u.size;',
    'allow(u: Token, a, d) if a + 1 = d.size and a = "read" and d.size = u.size;',
]


@pytest.mark.parametrize("policy", LOOKED_AT)
def test_action_that_is_used_before_it_is_named_is_an_error_of_the_solver(policy: str) -> None:
    """A search for the action has no value for it where the policy calls its methods."""
    assert actions(policy, [], compiled=True) == actions(policy, [], compiled=False)


BOUND_BEFORE = [
    'allow(u: Token, a, d) if a = u.scopes and d.missing = 1 and a = "read";',
    'allow(u: Token, a, d) if u.scopes = a and d.missing = 1 and a in ["read", "write"];',
    'allow(u: Token, a, d) if x = a and x = u.scopes and d.missing = 1 and a = "read";',
    'allow(u: Token, a, d) if a = 1 and d.missing = u.size and a = "read";',
    'allow(u: Token, a, d) if a matches Integer and d.missing = u.size and a = "read";',
    'allow(u: Token, a, d) if a < "b" and d.missing = u.size and a = "read";',
    'allow(u: Token, a, d) if (a = "x" or a = u.scopes) and d.missing = u.size and a = "read";',
]


@pytest.mark.parametrize("policy", BOUND_BEFORE)
def test_action_that_is_something_else_before_it_is_named_is_an_error_of_the_solver(
    policy: str,
) -> None:
    """A search for the action meets an error that no question about a named action meets."""
    assert actions(policy, [], compiled=True) == actions(policy, [], compiled=False)


class Seat:
    """What names a role of somebody."""

    def __init__(self, role: str | None, doc: Doc) -> None:
        self.role, self.doc = role, doc


SEATED = """
allow(user: User, action, doc: Doc) if permits(user, action, doc);
permits(user: User, "read", doc: Doc) if holds(user, "reader", doc);
permits(user: User, "list", doc: Doc) if holds(user, "reader", doc);
permits(user: User, "show", doc: Doc) if holds(user, "reader", doc);
permits(user: User, "edit", doc: Doc) if holds(user, "writer", doc);
holds(user: User, name, doc: Doc) if seat in user.seats and seat.role = name and seat.doc = doc;
"""


def test_roles_are_gone_through_once_for_all_actions_of_a_role() -> None:
    """Three actions of one role, and one of another, are one loop."""
    oso, user, doc = Oso(), User(), Doc()
    oso.register_class(User)
    oso.register_class(Doc)
    oso.load_str(SEATED)
    user.seats = [Seat("writer", Doc()), Seat("reader", doc)]  # type: ignore[attr-defined]

    assert oso.authorized_actions(user, doc) == {"read", "list", "show"}
    (search,) = program_of(oso).searches.values()
    steps = [each.opname for each in dis.get_instructions(search)]
    assert steps.count("FOR_ITER") == 1


LEVELS = """
actor User {}
resource Doc {
  permissions = ["list", "read", "edit", "drop", "pay"];
  roles = ["guest", "reader", "writer", "chief", "owner"];
  "list" if "guest"; "read" if "reader"; "edit" if "writer"; "drop" if "chief"; "pay" if "owner";
  "guest" if "reader"; "reader" if "writer"; "writer" if "chief"; "chief" if "owner";
}
allow(user, action, doc) if has_permission(user, action, doc);
has_role(user: User, name: String, doc: Doc) if CONDITION;
"""


@pytest.mark.parametrize(
    ("condition", "loops"),
    [
        ("seat in user.seats and seat.role = name and seat.doc = doc", 1),
        ("seat in user.seats and seat.doc = doc and seat.role = name", 1),
        ('seat in user.seats and seat.role = name and (seat.doc = doc or name = "guest")', None),
        (
            "seat in user.seats and seat.role = name and seat.doc = doc"
            " and not (s in user.seats and s.doc = nil)",
            None,
        ),
        ("user.role = name and user.name = doc.name", None),
    ],
)
def test_roles_of_a_hierarchy_are_gone_through_once(condition: str, loops: int | None) -> None:
    """Each role gives other actions, whether its name or its document comes first."""
    ours, solver = Oso(), Oso(compiled=False)
    for oso in (ours, solver):
        oso.register_class(User)
        oso.register_class(Doc)
        oso.load_str(LEVELS.replace("CONDITION", condition))
    doc, other = Doc(), Doc()
    doc.name, other.name = "ana", "ben"  # type: ignore[attr-defined]
    names: list[t.Any] = ["guest", "reader", "writer", "chief", "owner", "none", None, 1, 2.5]

    for first in names:
        for second in names:
            user = User()
            user.role = second  # type: ignore[attr-defined]
            user.seats = [Seat(first, doc), Seat(second, other)]  # type: ignore[attr-defined]
            for asked in (doc, other):
                expected = solver.authorized_actions(user, asked)
                assert ours.authorized_actions(user, asked) == expected

    (search,) = program_of(ours).searches.values()
    found = [each.opname for each in dis.get_instructions(search)].count("FOR_ITER")
    assert loops is None or found == loops


def test_tests_that_differ_in_more_than_one_comparison_are_told_apart() -> None:
    """Two attributes of an element, of which each rule wants one or both to be something else."""
    ours, solver = Oso(), Oso(compiled=False)
    wanted = {"read": ("a", "b"), "edit": ("b", "b"), "drop": ("a", "c"), "list": ("b", "a")}
    for oso in (ours, solver):
        oso.register_class(User)
        oso.register_class(Doc)
        oso.load_str(
            "".join(
                f'allow(u: User, "{action}", d: Doc) if s in u.seats and s.doc = d'
                f' and s.role = "{role}" and s.name = "{name}";'
                for action, (role, name) in wanted.items()
            )
            + 'allow(u: User, "one", d: Doc) if s in u.seats and s.doc = d and s.role = "a";'
            'allow(u: User, "two", d: Doc) if s in u.seats and s.doc = d and s.name = "a";'
        )
    doc, user = Doc(), User()

    for role in ("a", "b", "c", None):
        for name in ("a", "b", "c", 1):
            seat = Seat(role, doc)
            seat.name = name  # type: ignore[attr-defined]
            user.seats = [seat]  # type: ignore[attr-defined]
            expected = solver.authorized_actions(user, doc)
            assert ours.authorized_actions(user, doc) == expected


class Member:
    """Who asks, with a method that says what they may do, once a list of documents has them."""

    def __init__(self) -> None:
        self.known: list[object] = []

    def knows(self, doc: object) -> bool:
        if doc is None:
            raise ValueError("no document")
        return doc in self.known

    def may(self, doc: Doc) -> list[str]:
        if doc.size < 0:
            raise ValueError("no size")
        return ["read", "edit"][: doc.size]

    @property
    def admin(self) -> bool:
        return "admin" in self.known


KNOWN = """
allow(member: Member, "read", doc: Doc) if member.knows(doc);
allow(member: Member, "edit", doc: Doc) if member.knows(doc) and doc.size = 1;
allow(member: Member, "drop", doc: Doc) if member.knows(doc.owner);
"""


def asking_members(policy: str = KNOWN, *, compiled: bool) -> Oso:
    oso = Oso(compiled=compiled)
    oso.register_class(Member)
    oso.register_class(Doc)
    oso.load_str(policy)
    return oso


def test_later_questions_about_a_method_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first one, nothing is looked up for each action."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso, member, doc = asking_members(compiled=True), Member(), Doc()
    doc.owner = doc  # type: ignore[attr-defined]
    member.known = [doc]
    first = oso.authorized_actions(member, doc)
    monkeypatch.setattr(program_of(oso), "string_searches", None)

    assert oso.authorized_actions(member, doc) == first == {"read", "edit", "drop"}
    member.known = []
    assert oso.authorized_actions(member, doc) == set()


def test_later_questions_beside_a_rule_for_any_action_are_asked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where that rule holds."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    policy = KNOWN + "allow(member: Member, _, _: Doc) if member.admin;"
    oso, member, doc = asking_members(policy, compiled=True), Member(), Doc()
    doc.owner = doc  # type: ignore[attr-defined]
    member.known = [doc]
    first = oso.authorized_actions(member, doc)
    monkeypatch.setattr(program_of(oso), "string_searches", None)

    assert oso.authorized_actions(member, doc) == first == {"read", "edit", "drop"}
    member.known = ["admin"]
    assert oso.authorized_actions(member, doc, allow_wildcard=True) == {"*"}
    assert oso.authorized_actions_many(member, [doc], allow_wildcard=True) == [{"*"}]
    with pytest.raises(OsoError, match="authorized_actions"):
        oso.authorized_actions_many(member, [doc])


def test_question_that_cannot_be_compiled_now_is_compiled_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where another thread compiles: a query answers it, and none that comes later."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    policy = 'allow(m: Member, "read", d: Doc) if m.knows(d) and m.knows(d.owner);'
    oso, member, doc = asking_members(policy, compiled=True), Member(), Doc()
    doc.owner, member.known = doc, [doc]  # type: ignore[attr-defined]
    program = program_of(oso)
    kinds = (Member, Doc)
    questions = program.string_searches.questions("allow", 3, 1)
    assert questions is not None
    search = questions.search(kinds)
    assert search is not None
    with monkeypatch.context() as patch:
        patch.setattr(program.turns, "attempt", lambda *_args, **_options: NOT_NOW)

        assert search(member, None, doc) is None

    assert search(member, None, doc) == {"read"}


def test_later_error_of_a_method_is_that_of_the_solver() -> None:
    """An error of the application at the second question, with the place of the solver."""
    found = []
    for compiled in (True, False):
        oso, member, doc = asking_members(compiled=compiled), Member(), Doc()
        doc.owner = doc  # type: ignore[attr-defined]
        assert oso.authorized_actions(member, doc) == set()
        doc.owner = None  # type: ignore[attr-defined]
        with pytest.raises(Exception) as caught:
            oso.authorized_actions(member, doc)
        found.append((caught.type, str(caught.value)))

    assert found[0] == found[1]


def actions_of(oso: Oso, known: list[object], size: int) -> object:
    """Give what a member may do, or the class and the text of the error."""
    member, doc = Member(), Doc()
    member.known, doc.size, doc.owner = known, size, doc  # type: ignore[attr-defined]
    try:
        return oso.authorized_actions(member, doc, allow_wildcard=True)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    "policy",
    [
        KNOWN + "allow(member: Member, _, _: Doc) if member.admin;",
        "allow(member: Member, action, doc: Doc) if action in member.may(doc);",
        "allow(member: Member, action, doc: Doc) if action in member.may(doc) and not member.admin;"
        "allow(member: Member, action, _: Doc) if member.admin and action in [1, true, nil];",
        KNOWN + "allow(member: Member, _, doc: Doc) if member.admin and doc.size > 1;"
        'allow(member: Member, "fail", doc: Doc) if member.may(doc) = [];',
    ],
)
def test_later_answers_are_those_of_the_solver(policy: str) -> None:
    """Where a rule allows any action, a method gives the actions, or either fails."""
    ours, solver = (asking_members(policy, compiled=each) for each in (True, False))

    for known in ([], ["admin"]):
        for size in (0, 1, 2, -1, 2):
            assert actions_of(ours, [*known], size) == actions_of(solver, [*known], size)


class Clerk:
    """Who asks, with roles by methods, which note what they are asked."""

    def __init__(self, role: t.Any = "editor", change: t.Callable[[], None] = lambda: None) -> None:
        self.role, self._change, self.calls = role, change, list[tuple[t.Any, ...]]()

    def role_in(self, place: t.Any) -> t.Any:
        self.calls.append(("role_in", place))
        self._change()
        return self.role() if callable(self.role) else self.role

    def is_on(self, day: t.Any) -> bool:
        self.calls.append(("is_on", day))
        return bool(day)


class Page:
    """What clerks ask about."""

    def __init__(self, place: t.Any = "here", *, day: t.Any = True, open: t.Any = True) -> None:
        self.place, self.day, self.open = place, day, open


BY_ROLE = """
allow(c: Clerk, "edit", p: Page) if has(c, "editor", p);
allow(c: Clerk, "read", p: Page) if has(c, "viewer", p);
allow(_: Clerk, "list", p: Page) if p.open;
has(c: Clerk, role: String, p: Page) if role = c.role_in(p.place);
has(c: Clerk, "viewer", p: Page) if has(c, "editor", p);
"""
BY_TWO = 'allow(c: Clerk, "sign", p: Page) if c.is_on(p.day);'


def of_clerk(
    policy: str, role: t.Any, make: t.Callable[[], Page], *, compiled: bool
) -> tuple[t.Any, Clerk]:
    """Give the second answer, or its error, and who asked."""
    oso, clerk = Oso(compiled=compiled), Clerk(role)
    oso.register_class(Clerk)
    oso.register_class(Page)
    oso.load_str(policy)
    oso.authorized_actions(Clerk(), Page(), allow_wildcard=True)
    try:
        return oso.authorized_actions(clerk, make(), allow_wildcard=True), clerk
    except Exception as error:
        return (type(error), str(error)), clerk


def test_role_by_a_method_is_asked_for_once_for_all_actions() -> None:
    """And each other method that comes first in its rules, in the order of the actions."""
    found, clerk = of_clerk(BY_ROLE + BY_TWO, "editor", Page, compiled=True)

    assert found == {"read", "edit", "list", "sign"}
    assert clerk.calls == [("role_in", "here"), ("is_on", True)]


class Same:
    """Is whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def bare() -> Page:
    page = Page()
    del page.place
    return page


def failing() -> str:
    raise ValueError("broken")


def stopping() -> str:
    raise StopIteration


ROLES = ["viewer", "other", None, ["viewer"], 7, Same(), failing, stopping, "w\xe4re"]
PAGES = [Page, bare, lambda: Page(["here"]), lambda: Page({}), lambda: Page(open=1), Page]


@pytest.mark.each(3)
@pytest.mark.parametrize("role", ROLES, ids=lambda role: type(role).__name__)
@pytest.mark.parametrize("wildcard", ["", "allow(_: Clerk, _, p: Page) if p.day = 5;"])
def test_actions_behind_a_method_are_those_of_the_solver(role: t.Any, wildcard: str) -> None:
    """Whatever the method gives, and what it is called with; it is not called more often."""
    policy = BY_ROLE + BY_TWO + wildcard
    for make in [*PAGES, lambda: Page(day=5)]:
        (found, clerk), (expected, solving) = (
            of_clerk(policy, role, make, compiled=each) for each in (True, False)
        )

        assert found == expected
        assert type(found) is tuple or len(clerk.calls) <= len(solving.calls)


def test_outcome_of_a_method_is_given_to_the_rules() -> None:
    """Where the test behind the call gives up, as for an equality of the application."""
    found, clerk = of_clerk(BY_ROLE, Same(), Page, compiled=True)

    assert found == {"read", "edit", "list"}
    assert clerk.calls == [("role_in", "here")]


def test_method_that_takes_too_long_is_an_error() -> None:
    """The time of a question is looked at behind the call."""
    oso = Oso(limits=Limits(timeout_ms=20))
    oso.register_class(Clerk)
    oso.register_class(Page)
    oso.load_str(BY_ROLE)
    oso.authorized_actions(Clerk(), Page())

    with pytest.raises(OsoError, match="timeout"):
        oso.authorized_actions(Clerk(change=lambda: time.sleep(0.03)), Page())


FIELDS = """
allow_field(c: Clerk, "read", p: Page, f) if of_role(c.role_in(p.place), fields) and f in fields;
allow_field(c: Clerk, "edit", p: Page, f) if c.role_in(p.place) = "editor" and f in ["a", "d"];
allow_field(c: Clerk, "edit", p: Page, "e") if p.open and c.role_in(p.place) = "editor";
of_role("editor", ["a", "b", "c"]); of_role("viewer", ["a"]); of_role("guest", []);
"""


def fields_of(role: t.Any, action: str, *, compiled: bool) -> tuple[t.Any, Clerk]:
    """Give the fields at the second question, or its error, and who asked."""
    oso, clerk = Oso(compiled=compiled), Clerk(role)
    oso.register_class(Clerk)
    oso.register_class(Page)
    oso.load_str('allow(_, "read", _);' + FIELDS)
    oso.authorized_fields(Clerk(), action, Page())
    try:
        return oso.authorized_fields(clerk, action, Page()), clerk
    except Exception as error:
        return (type(error), str(error)), clerk


@pytest.mark.each(3)
@pytest.mark.parametrize("role", [*ROLES, "editor", "guest"], ids=lambda role: str(type(role)))
def test_fields_behind_a_method_are_those_of_the_solver(role: t.Any) -> None:
    """For each action that rules name, and for others."""
    for action in ("read", "edit", "other", "\xe4"):
        (found, clerk), (expected, solving) = (
            fields_of(role, action, compiled=each) for each in (True, False)
        )

        assert found == expected
        assert type(found) is tuple or len(clerk.calls) <= len(solving.calls)


@pytest.mark.parametrize(("action", "fields"), [("read", {"a", "b", "c"}), ("other", set())])
def test_role_by_a_method_is_asked_for_once_for_all_fields(action: str, fields: set[str]) -> None:
    """Where the rules for the action come to it before all else, and else not at all."""
    found, clerk = fields_of("editor", action, compiled=True)

    assert found == fields
    assert len(clerk.calls) == bool(fields)


class Counting(User):
    """Who counts how often it is asked."""

    def __init__(self) -> None:
        self.count = 0

    def may(self) -> bool:
        """Say yes."""
        self.count += 1
        return True


BESIDE_A_QUERY = """
allow(user: Counting, "read", _: Doc) if user.may();
allow(_: Counting, "write", doc: Doc) if other.size = 1 and doc.takes(other) and other = doc;
"""


def test_method_is_called_once_beside_a_rule_that_is_left_to_the_solver() -> None:
    """Once it is known that a query answers, no string is asked about in front of it."""
    oso = Oso(compiled=True)
    for cls in (Counting, Doc):
        oso.register_class(cls)
    oso.load_str(BESIDE_A_QUERY)
    user, doc = Counting(), Doc()
    doc.takes = lambda _: True  # type: ignore[attr-defined]
    oso.authorized_actions(user, doc)
    user.count = 0

    assert oso.authorized_actions(user, doc) == {"read", "write"}
    assert user.count == 1


class Placed:
    """Has roles in what a document is in."""

    def role_in(self, place: object) -> str | None:
        """Tell the role."""
        return "editor" if place else None


def test_what_a_call_is_made_with_is_looked_at_once_for_all_actions() -> None:
    """It is read before the call and behind it, and not again for each action."""
    oso, user, doc = Oso(), Placed(), Doc()
    oso.register_class(Placed)
    oso.register_class(Doc)
    oso.load_str(
        'allow(u: Placed, "read", d: Doc) if u.role_in(d.size) = "editor";'
        'allow(u: Placed, "edit", d: Doc) if u.role_in(d.size) = "editor" and d.numbers;'
        'allow(u: Placed, "list", d: Doc) if u.role_in(d.size) = "viewer" and d.size = 1;'
    )
    doc.numbers = True  # type: ignore[misc, assignment]

    assert oso.authorized_actions(user, doc) == {"read", "edit"}
    (search,) = program_of(oso).searches.values()
    steps = dis.get_instructions(search.at_once)  # type: ignore[attr-defined]
    read = [each.argval for each in steps if each.opname == "LOAD_ATTR"]
    assert read.count("size") == 2


@pytest.mark.parametrize(("depth", "notes"), [(0, False), (1, True)])
def test_search_that_a_question_begins_with_notes_nothing(depth: int, *, notes: bool) -> None:
    """Nobody asks again what the question itself is; what a rule asks others may ask, too."""
    oso = Oso()
    oso.register_class(Giving)
    oso.register_class(Doc)
    oso.load_str("allow(user: Giving, action, doc: Doc) if action in user.may_do(doc);")
    oso.authorized_actions(Giving(["read"]), Doc())
    search = program_of(oso).open_function(Variant("allow", 3, (), False, open=(1,)))
    clock = new_clock()
    assert search is not None

    found = [*search(Giving(["read"]), OPEN, Doc(), depth, clock)]

    assert found == [("read",)]
    assert (clock[3] is not None) is notes


class Gift:
    """Is given away by whoever looks whether it may be used."""

    def __init__(self, owner: t.Any) -> None:
        self.owner, self.given_for = owner, list[str]()

    def give_away(self, action: str) -> bool:
        """Leave its owner."""
        self.owner = None
        self.given_for.append(action)
        return True


def test_a_method_that_changes_what_is_read_counts_for_the_actions_asked_after_it() -> None:
    """No action is given whose own question would be a no, while a query reads the owner once."""
    policy = """
        allow(u, a, d: Gift) if d.owner = u and a in ["read", "write"] and d.give_away(a);
    """
    oso = make_oso(policy, Gift)
    solver = make_oso(policy, Gift, compiled=False)
    user = object()
    gifts = [Gift(user) for _ in range(3)]

    found = [oso.authorized_actions(user, gift) for gift in gifts]

    assert found == [{"read"}] * 3
    assert [gift.given_for for gift in gifts] == [["read"]] * 3
    assert solver.authorized_actions(user, Gift(user)) == {"read", "write"}
