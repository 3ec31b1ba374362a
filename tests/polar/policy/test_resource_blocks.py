"""Resource blocks: the rules and rule types they stand for, and what is refused."""

from __future__ import annotations

import pytest

from flask_oso.polar.exceptions import OperationalError, OsoError
from flask_oso.polar.policy.policy import Policy
from tests.support.models.people import User
from tests.support.policies import Host, make_host, show_statement
from tests.support.policies import load as load_text


class Site:
    """Has pages."""


class Page:
    """Belongs to a site."""


class lower:
    """A class whose name is all lower case."""


CLASSES = (User, Site, Page, lower)
HOST = make_host(*CLASSES)


def load(text: str, host: Host = HOST) -> Policy:
    return load_text(text, host=host).policy


def fail_to_load(text: str) -> OsoError:
    with pytest.raises(OsoError) as caught:
        load(text)
    return caught.value


def generated(policy: Policy) -> list[str]:
    """Give the rules that were made from blocks: those whose head is a string."""
    return [
        show_statement(rule)
        for rule in policy.rules_in_source_order()
        if rule.span is not None and rule.span.text.startswith('"')
    ]


# -- rules ---------------------------------------------------------------------------

PAGE = """
actor User {{}}
resource Site {{ permissions = ["view"]; roles = ["member"]; relations = {{ boss: User }}; }}
resource Page {{
  permissions = ["read", "edit"]; roles = ["reader", "writer"];
  relations = {{ owner: User, site: Site }};
  {}
}}
has_role(_: User, _: String, _: Resource);
has_relation(_: User, "owner", _: Page);
has_relation(_: Site, "site", _: Page);
has_relation(_: User, "boss", _: Site);
has_permission(_: User, "view", _: Site);
"""


@pytest.mark.parametrize(
    ("shorthand", "rule"),
    [
        ('"read" if "edit";', 'P(A, "read", R) if has_permission(actor, "edit", page);'),
        ('"read" if "reader";', 'P(A, "read", R) if has_role(actor, "reader", page);'),
        ('"read" if "owner";', 'P(A, "read", R) if has_relation(actor, "owner", page);'),
        ('"reader" if "edit";', 'L(A, "reader", R) if has_permission(actor, "edit", page);'),
        ('"reader" if "writer";', 'L(A, "reader", R) if has_role(actor, "writer", page);'),
        ('"reader" if "owner";', 'L(A, "reader", R) if has_relation(actor, "owner", page);'),
        ('"read" if "view" on "site";', 'P(A, "read", R) if S has_permission(actor, "view", T);'),
        ('"read" if "member" on "site";', 'P(A, "read", R) if S has_role(actor, "member", T);'),
        ('"read" if "boss" on "site";', 'P(A, "read", R) if S has_relation(actor, "boss", T);'),
        ('"reader" if "member" on "site";', 'L(A, "reader", R) if S has_role(actor, "member", T);'),
    ],
)
def test_shorthand_rule_expands(shorthand: str, rule: str) -> None:
    """What the strings are declared as decides which rules are asked."""
    for short, long in {
        "P(": "has_permission(",
        "L(": "has_role(",
        "A,": "actor: Actor{},",
        "R)": "page: Page{})",
        "S ": 'has_relation(related_site, "site", page) and ',
        "T)": "related_site)",
    }.items():
        rule = rule.replace(short, long)

    assert generated(load(PAGE.format(shorthand))) == [rule]


def test_shorthand_rules_stand_in_source_order() -> None:
    """Rules follow the text, over all blocks, whatever is declared later."""
    policy = load(
        'resource Page { "b" if "a"; permissions = ["a", "b"]; }\n'
        'resource Site { "c" if "d"; permissions = ["c", "d"]; }\n'
        'resource Page { "a" if "b"; }'
    )

    heads = [text.partition(",")[2].partition(",")[0].strip() for text in generated(policy)]
    assert heads == ['"b"', '"c"', '"a"']


def test_generated_rule_has_the_place_of_its_head() -> None:
    """Messages and traces point at the strings of the shorthand rule."""
    policy = load('resource Page { permissions = ["a", "b"];\n  "a" if "b"; }')
    (rule,) = policy.rules["has_permission"]

    assert rule.span is not None
    assert rule.span.place() == "at line 2, column 3"
    assert rule.body is not None and rule.body.span is not None
    assert rule.body.span.text == '"b"'


def test_variable_of_a_lower_case_class_differs_from_its_name() -> None:
    """A class named like a variable does not become the variable."""
    policy = load('resource lower { permissions = ["a", "b"]; "a" if "b"; }')

    assert generated(policy) == [
        'has_permission(actor: Actor{}, "a", lower_instance: lower{})'
        ' if has_permission(actor, "b", lower_instance);'
    ]


def test_constants_do_not_capture_generated_variables() -> None:
    """A constant named like a generated variable does not break the rule."""
    host = make_host(*CLASSES, actor=1, page=2, related_site=3)
    policy = load(PAGE.format('"read" if "member" on "site";'), host)

    assert generated(policy) == [
        'has_permission(actor_: Actor{}, "read", page_: Page{})'
        ' if has_relation(related_site_, "site", page_) and'
        ' has_role(actor_, "member", related_site_);'
    ]


def test_relation_to_the_own_class_has_two_variables() -> None:
    """The resource and the related resource of one class stay apart."""
    policy = load(
        'resource Page { permissions = ["a"]; relations = {parent: Page}; "a" if "a" on "parent"; }'
        'has_relation(_: Page, "parent", _: Page);'
    )

    assert generated(policy) == [
        'has_permission(actor: Actor{}, "a", page: Page{})'
        ' if has_relation(related_page, "parent", page) and'
        ' has_permission(actor, "a", related_page);'
    ]


# -- rule types ----------------------------------------------------------------------


def test_declarations_make_rule_types() -> None:
    """Relations and roles bring the types of the rules that decide them."""
    policy = load(PAGE.format('"read" if "member" on "site";'))

    types = [t for group in policy.types.values() for t in group]
    assert [(show_statement(t), t.required) for t in types] == [
        ('has_relation(subject: User{}, "boss", object: Site{});', False),
        ('has_relation(subject: User{}, "owner", object: Page{});', False),
        ('has_relation(subject: Site{}, "site", object: Page{});', True),
        ("has_role(actor: Actor{}, role: String{}, resource: Resource{});", True),
    ]


def test_relation_of_a_related_class_is_required_too() -> None:
    """A condition that is a relation of the related class needs its rule."""
    policy = load(PAGE.format('"read" if "boss" on "site";'))

    required = [show_statement(t) for t in policy.types["has_relation"] if t.required]
    assert required == [
        'has_relation(subject: User{}, "boss", object: Site{});',
        'has_relation(subject: Site{}, "site", object: Page{});',
    ]


def test_permissions_alone_make_no_rule_types() -> None:
    """Without roles and relations the rules may have any shape."""
    policy = load('resource Page { permissions = ["a"]; } has_role(1); has_relation(2);')

    assert not policy.types


# -- declarations --------------------------------------------------------------------


def test_blocks_of_a_class_may_repeat_each_other() -> None:
    """A second block may declare the same name as the same thing."""
    policy = load(
        'resource Page { permissions = ["a"]; relations = {p: Page}; }\n'
        'actor Page { permissions = ["a", "b"]; relations = {p: Page}; "a" if "b"; }'
    )

    assert len(generated(policy)) == 1


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("thing Page {}", "Expected 'actor' or 'resource' but found 'thing'.", 1),
        ("Page {}", "Expected 'actor' or 'resource' but found nothing.", 1),
        ("everyone { roles = []; }", "Expected 'actor' or 'resource' but found nothing.", 1),
        ("resource Nope {}", "Unregistered class: Nope", 1),
        ("resource nil {}", "Unregistered class: nil", 1),
        ("resource Actor {}", "Unregistered class: Actor", 1),
        ("resource Page { relations = {a: Nope}; }", "Unregistered class: Nope", 33),
        (
            "resource Page { roles = {a: Page}; }",
            "Expected 'roles' declaration to be a list of strings; found a dictionary",
            25,
        ),
        (
            'resource Page { relations = ["a"]; }',
            "Expected 'relations' declaration to be a dictionary; found a list",
            29,
        ),
        (
            'resource Page { role = ["a"]; }',
            "Unexpected declaration 'role'. Did you mean for this to be 'roles = [ ... ];' or "
            "'permissions = [ ... ];'?",
            24,
        ),
        (
            "resource Page { relation = {a: Page}; }",
            "Unexpected declaration 'relation'. Did you mean for this to be "
            "'relations = { ... };'?",
            28,
        ),
        (
            'actor Page { permissions = ["a"]; permissions = ["b"]; }',
            "Multiple 'permissions' declarations in 'Page' resource block.",
            49,
        ),
        (
            'resource Page { permissions = ["a", "a"]; }',
            'Cannot overwrite existing permission declaration "a" in resource Page with permission',
            37,
        ),
        (
            'resource Page { permissions = ["a"]; relations = {a: Page}; }',
            'Cannot overwrite existing permission declaration "a" in resource Page with relation',
            54,
        ),
        (
            'resource Page { permissions = ["a"]; "b" if "a"; }',
            "Undeclared term \"b\" referenced in rule in 'Page' resource block. Did you mean to "
            "declare it as a role, permission, or relation?",
            38,
        ),
        (
            'resource Page { permissions = ["a"]; "a" if "a" off "c"; }',
            "Unexpected relation keyword 'off'. Did you mean 'on'?",
            49,
        ),
        (
            'resource Page { permissions = ["a"]; relations = {c: Site}; "a" if "a" on "c"; }',
            'Page: Relation "c" in rule body `"a" on "c"` has type \'Site\', but no such resource '
            "block exists. Try declaring one: `resource Site {}`",
            54,
        ),
        (
            'resource Page { permissions = ["a"]; relations = {c: Site}; "a" if "b" on "c"; }'
            " resource Site {}",
            "Page: Term \"b\" not declared in related resource block 'Site'. Did you mean to "
            "declare it as a role, permission, or relation in the 'Site' resource block?",
            68,
        ),
    ],
)
def test_wrong_block_is_refused(text: str, message: str, column: int) -> None:
    """Each mistake has its message, at the word that is wrong."""
    error = fail_to_load(text)

    assert str(error).startswith(f"{message} at line 1, column {column}:\n\t001: ")


def test_on_something_that_is_no_relation_is_refused() -> None:
    """The error has the class and the words of oso, and a place."""
    error = fail_to_load('resource Page { permissions = ["a"]; "a" if "a" on "a"; }')

    assert type(error) is OperationalError
    assert str(error).startswith("Invalid state: Expected Relation; got: Permission at line 1, col")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('resource Page { permissions = ["read"]; "raed" if "read"; }', 'Did you mean "read"?'),
        ("resource Paeg {}", "Did you mean `Page`?"),
        (
            'resource Site { roles = ["member"]; } has_role(_: Resource, "x", _: Site);'
            'resource Page { permissions = ["a"]; relations = {s: Site}; "a" if "membre" on "s"; }',
            'Did you mean "member"?',
        ),
    ],
)
def test_misspelt_word_of_a_block_is_helped(text: str, line: str) -> None:
    """The last line of the message names the word that was probably meant."""
    first = fail_to_load(text).problems[0]

    assert str(first).splitlines()[-1] == line


def test_problems_of_blocks_are_reported_together() -> None:
    """All mistakes of all blocks come in one error, and nothing that only follows from them."""
    error = fail_to_load(
        "thing Page { roles = {a: Page}; }\nresource Site { relations = []; }\nresource Nope {}"
    )

    assert [str(problem).split(" at line")[0] for problem in error.problems] == [
        "Expected 'actor' or 'resource' but found 'thing'.",
        "Expected 'roles' declaration to be a list of strings; found a dictionary",
        "Expected 'relations' declaration to be a dictionary; found a list",
        "Unregistered class: Nope",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'resource Page { roles = ["a"]; }',
            "Missing implementation for required rule "
            "has_role(actor: Actor{}, role: String{}, resource: Resource{});",
        ),
        (
            "actor User {} "
            'resource Page { permissions = ["a"]; relations = {o: User}; "a" if "o"; }',
            "Missing implementation for required rule "
            'has_relation(subject: User{}, "o", object: Page{}); at line 1, column 68:',
        ),
    ],
)
def test_required_rule_is_missed_once(text: str, message: str) -> None:
    """A rule that a block needs is reported as missing, and not as an undefined call."""
    error = fail_to_load(text)

    assert str(error).startswith(message)
    assert len(error.problems) == 1
