"""Loading as a whole: what ends up in a policy, in which order, and what is refused."""

from __future__ import annotations

import pytest

from flask_oso.polar.exceptions import OsoError, UnrecognizedEOF, ValidationError
from flask_oso.polar.policy.policy import LoadResult, Policy
from flask_oso.polar.sources import Source
from tests.support.models.people import User
from tests.support.policies import load as load_texts
from tests.support.policies import make_host, show_statement


class Page:
    """Something."""


HOST = make_host(User, Page)

ALLOW = "allow(_, _, _);"


def load(*texts: str, base: Policy | None = None) -> Policy:
    return load_texts(*texts, host=HOST, base=base).policy


def fail_to_load(*sources: Source, base: Policy | None = None) -> OsoError:
    with pytest.raises(OsoError) as caught:
        load_texts(*sources, host=HOST, base=base)
    return caught.value


def show(policy: Policy, name: str) -> list[str]:
    return [show_statement(rule) for rule in policy.rules[name]]


# -- contents ------------------------------------------------------------------------


def test_empty_policy_has_no_rules() -> None:
    """A policy begins empty."""
    policy = Policy()

    assert not policy.has_rules
    assert policy.known_actions() is None


def test_load_keeps_rules_of_all_sources_in_order() -> None:
    """Rules of one name stand in the order of the sources."""
    policy = load("f(1); f(2);", "f(3);")

    assert show(policy, "f") == ["f(1);", "f(2);", "f(3);"]


def test_load_puts_generated_rules_last() -> None:
    """Rules made from blocks come after those written by hand, also those of later texts."""
    block = 'resource Page { permissions = ["a", "b"]; "a" if "b"; }'
    policy = load(block, 'has_permission(_: User, "b", _: Page); actor User {}')

    assert show(policy, "has_permission") == [
        'has_permission(_1: User{}, "b", _2: Page{});',
        'has_permission(actor: Actor{}, "a", page: Page{}) if has_permission(actor, "b", page);',
    ]


def test_load_rewrites_rules() -> None:
    """Rules are kept in the form that the solver evaluates."""
    policy = load("f(x) if x.a > 1;")

    assert show(policy, "f") == ["f(x) if x.a = _value_1 and _value_1 > 1;"]


def test_load_lists_members_of_unions_once_in_source_order() -> None:
    """Actors are resources too; a class with two blocks is listed once."""
    policy = load("resource Page {} actor User {} resource Page {} actor User {}")

    assert policy.actors == ("User",)
    assert policy.resources == ("Page", "User")
    assert len(policy.blocks) == 4


def test_load_keeps_inline_queries_for_the_caller() -> None:
    """Inline queries are kept and not run, here one that would fail."""
    policy = load("?= 1 = 2;")

    assert [query.span and query.span.text for query in policy.inline_queries] == ["1 = 2"]


def test_rule_types_do_not_define_a_rule() -> None:
    """A name with types only is still undefined."""
    error = fail_to_load(Source("type g(x); f(1) if g(1);"))

    assert str(error).startswith("Call to undefined rule: g(1) at line 1, column 20:")


# -- several loads -------------------------------------------------------------------


def test_base_types_stay_in_force() -> None:
    """Types of an earlier load without rules bind the rules of a later one."""
    base = load("type f(x: Integer);")

    error = fail_to_load(Source('f("a");'), base=base)

    assert not base.has_rules
    assert str(error).startswith('Invalid rule: f("a"); Must match one of')


def test_base_blocks_stay_in_force() -> None:
    """A class that has a block from an earlier load is still a member of the unions."""
    base = load('actor User { roles = ["r"]; } has_role(_: User, _: String, _: User);')
    base_without_rules = load("actor User {} type f(x: Actor);")

    policy = load("f(_: User);", base=base_without_rules)

    assert base.has_rules
    assert policy.actors == ("User",)


def test_base_types_are_not_generated_twice() -> None:
    """Types made from the blocks of an earlier load are there once."""
    base = load("actor User { relations = {boss: User}; }")

    policy = load("f(1);", base=base)

    assert len(policy.types["has_relation"]) == 1


def test_failed_load_leaves_the_base_as_it_was() -> None:
    """A load that fails changes nothing that others may hold."""
    base = load("type f(x: Integer);")

    fail_to_load(Source('type f(x: String); f(true); g(x) if f("a");'), base=base)

    assert len(base.types["f"]) == 1
    assert not base.has_rules


# -- problems ------------------------------------------------------------------------


def test_problems_are_reported_together() -> None:
    """One error tells everything; the first problem gives it class and leading words."""
    error = fail_to_load(Source("f(x);"), Source("g("), Source("h(y);"))

    assert [type(problem) for problem in error.problems] == [
        ValidationError,
        UnrecognizedEOF,
        ValidationError,
    ]
    assert str(error).startswith("Singleton variable x is unused or undefined;")
    assert "Singleton variable y" in str(error)
    assert type(error) is ValidationError


def test_problems_stop_at_a_text_that_does_not_parse() -> None:
    """Calls and types are not checked where part of the policy is missing."""
    error = fail_to_load(Source("f(1) if g(1);"), Source("h("))

    assert [type(problem) for problem in error.problems] == [UnrecognizedEOF]


def test_problems_of_rules_stand_in_source_order() -> None:
    """Rules of the wrong shape are reported as the text has them."""
    types = "type f(x: Integer); type g(x: Integer);"
    error = fail_to_load(Source(f'{types}\nf("1"); g("2"); f("3");'))

    assert [str(problem).split(";")[0] for problem in error.problems] == [
        'Invalid rule: f("1")',
        'Invalid rule: g("2")',
        'Invalid rule: f("3")',
    ]


def test_shapes_are_checked_before_calls() -> None:
    """A wrong shape is reported before an undefined call that stands in front of it."""
    error = fail_to_load(Source('f(1) if g(1);\nh("a"); type h(x: Integer);'))

    assert [str(problem).split(":")[0] for problem in error.problems] == [
        "Invalid rule",
        "Call to undefined rule",
    ]


def test_warnings_are_attached_to_the_error() -> None:
    """What a load warns about can be shown even though it fails."""
    error = fail_to_load(Source("allow(_: Nope, _, x);"))

    assert [str(warning)[:24] for warning in vars(error)["warnings"]] == [
        "Unknown specializer Nope"
    ]


# -- files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (("a.polar", "f(1);"), ("a.polar", "f(1);"), "File a.polar has already been loaded."),
        (
            ("a.polar", "f(1);"),
            ("b.polar", "f(1);"),
            "A file with the same contents as b.polar named a.polar has already been loaded.",
        ),
        (
            ("a.polar", "f(1);"),
            ("a.polar", "f(2);"),
            "A file with the name a.polar, but different contents has already been loaded.",
        ),
    ],
    ids=["same", "other-name", "other-contents"],
)
def test_duplicate_files_are_refused(
    first: tuple[str, str], second: tuple[str, str], message: str
) -> None:
    """A file is loaded once, under whatever name."""
    error = fail_to_load(*(Source(text, name) for name, text in (first, second)))

    assert type(error) is ValidationError
    place = f"at line 1, column 1 of file {second[0]}:\n\t001: {second[1]}\n\t     ^\n"
    assert str(error) == f"Problem loading file: {message} {place}"


def test_texts_without_a_name_may_repeat() -> None:
    """Strings are not compared."""
    policy = load("f(1);", "f(1);")

    assert len(policy.rules["f"]) == 2


def test_file_of_an_earlier_load_is_refused() -> None:
    """Files are remembered across loads that added no rules."""
    base = load_texts(Source("type f(x);", "a.polar"), host=HOST).policy

    error = fail_to_load(Source("type f(x);", "a.polar"), base=base)

    assert str(error).startswith("Problem loading file: File a.polar has already been loaded.")


# -- warnings of a load --------------------------------------------------------------


def warnings_of(text: str, *, ignore_missing_allow: bool = False) -> tuple[str, ...]:
    loaded: LoadResult = load_texts(text, host=HOST, ignore_missing_allow=ignore_missing_allow)
    return loaded.warnings


def test_missing_allow_warns() -> None:
    """A policy that allows nothing draws a warning, and so does an empty one."""
    assert warnings_of("") == (
        "Your policy does not contain an allow rule, which usually means\n"
        "that no actions are allowed. Did you mean to add an allow rule to\n"
        "the top of your policy?\n\n"
        "  allow(actor, action, resource) if ...\n\n"
        "You can also suppress this warning by adding an allow_field or allow_request\n"
        "rule.",
    )


@pytest.mark.parametrize("rule", [ALLOW, "allow_field(_, _, _, _);", "allow_request(_, _);"])
def test_any_allow_rule_silences_the_warning(rule: str) -> None:
    """Rules for fields and requests silence the warning that nothing is allowed."""
    assert warnings_of(rule) == ()


def test_missing_allow_can_be_ignored() -> None:
    """The warning can be turned off."""
    assert warnings_of("f(1);", ignore_missing_allow=True) == ()


def test_blocks_without_has_permission_warn() -> None:
    """Blocks have no effect unless something calls has_permission."""
    (warning,) = warnings_of(f"actor User {{}} {ALLOW}")

    assert warning == (
        "Warning: your policy uses resource blocks but does not call the\n"
        "has_permission rule. This means that permissions you define in a\n"
        "resource block will not have any effect. Did you mean to include a\n"
        "call to has_permission in a top-level allow rule?\n\n"
        "  allow(actor, action, resource) if\n"
        "      has_permission(actor, action, resource);"
    )


@pytest.mark.parametrize(
    "caller",
    [
        "allow(a, b, c) if has_permission(a, b, c);",
        f'resource Page {{ permissions = ["a", "b"]; "a" if "b"; }} {ALLOW}',
    ],
    ids=["rule", "shorthand"],
)
def test_calls_of_has_permission_count(caller: str) -> None:
    """A rule or a shorthand rule that asks for a permission is enough."""
    rule = 'has_permission(_: User, "b", _: User);'

    assert warnings_of(f"actor User {{}} {rule} {caller}") == ()


# -- known actions -------------------------------------------------------------------

BLOCK = """
actor User {}
resource Page { permissions = ["read", "edit"]; roles = ["owner"]; "read" if "owner"; }
has_role(_: User, "owner", _: Page);
"""


def test_known_actions_are_found_once() -> None:
    """Each list asks for them, and they take as long as a policy has rules."""
    policy = load('allow(_, "read", _);')

    assert policy.known_actions() is policy.known_actions()


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ('allow(_, "a", _); allow(_, "b", _) if 1 = 1;', {"a", "b"}),
        ('allow(_, x: "a", _) if x = x;', {"a"}),
        ('allow(_, x, _) if x = "a"; allow(_, x, _) if "b" = x;', {"a", "b"}),
        ('allow(_, x, _) if x in ["a", "b"];', {"a", "b"}),
        ('allow(_, x, _) if x = "a" or x in ["b", "c"];', {"a", "b", "c"}),
        ('allow(a, x, _) if a.ok and x == "a";', {"a"}),
        ('allow(_, 1, _); allow(_, "a", _);', {"a"}),
        ('allow(_: User, _, _) if cut and false; allow(_, "a", _);', {"a"}),
        ('allow(a: User, _, _) if a.ok and cut and 1 = 2; allow(_, "a", _);', {"a"}),
        ('allow(_, x, _) if can(x); can("a"); can("b");', {"a", "b"}),
        ('allow(_, x, _) if can(x); can("a"); can(x) if can(x);', {"a"}),
        (f"{BLOCK} allow(a, x, r) if has_permission(a, x, r);", {"read", "edit"}),
        (
            f'{BLOCK} allow(a, x, r) if has_permission(a, x, r); allow(_, "own", _);',
            {"read", "edit", "own"},
        ),
        (
            f"{BLOCK} allow(a, x, r) if has_permission(a, x, r);"
            "has_permission(_: User, _: String, _: Page);",
            {"read", "edit"},
        ),
        (
            "actor User {} allow(a, x, r) if has_permission(a, x, r);"
            'has_permission(_: User, "a", _: User);',
            {"a"},
        ),
        (
            "allow(a, x, r) if role_allows(a, x, r);"
            'resource(_: Page, "page", ["a"], {}); resource(_: User, "user", x, {}) if x = ["b"];',
            {"a", "b"},
        ),
    ],
)
def test_known_actions(text: str, actions: set[str]) -> None:
    """Literals, lists, permissions and the older roles tell which actions there are."""
    assert load(text).known_actions() == actions


@pytest.mark.parametrize(
    "text",
    [
        "f(1);",
        'allow(_, "a", _); allow(_, _, _);',
        'allow(_, "a", _); allow(_, _, _) if cut and true;',
        'allow(_, "a", _); allow(_, _, _) if 1 = 1;',
        'allow(_, "a", _); allow(_, _, _) if 1 = 1.0;',
        'allow(_, "a", _); allow(_, _, _) if false or 1 = 1;',
        'allow(_, "a", _); allow(_, _, _) if not false;',
        "allow(a, x, _) if x in a.actions;",
        'allow(_, x, _) if x = "a" or x = x;',
        'allow(_, x, _) if not x = "a";',
        "allow(a, x, _) if can(a, x); can(_, _);",
        "actor User {} allow(a, x, r) if has_permission(a, x, r);"
        "has_permission(_: User, _: String, _: User);",
    ],
)
def test_unknown_actions(text: str) -> None:
    """One open action is enough not to know them."""
    assert load(text).known_actions() is None
