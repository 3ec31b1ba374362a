"""The roles of oso 0.15: what they grant, that they come to an end, what is refused."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar import Engine
from flask_oso.polar.exceptions import OsoError, RolesValidationError
from flask_oso.polar.policy.legacy_roles import check_roles, with_role_rules
from tests.support import policies
from tests.support.policies import load, make_host


class Thing:
    """Something that may belong to something else."""

    def __init__(self, name: str, parent: Thing | None = None) -> None:
        self.name = name
        self.parent = parent


class Org(Thing):
    """Has sites."""


class Site(Thing):
    """Has pages."""


class Page(Thing):
    """Has pages too."""


class Grant:
    """A role on a thing."""

    def __init__(self, name: str, resource: Thing) -> None:
        self.name = name
        self.resource = resource


class User:
    """Holds grants."""

    def __init__(self, *grants: Grant) -> None:
        self.grants = grants

    def get_roles(self) -> list[Grant]:
        return list(self.grants)


HOST = make_host(Org, Site, Page, User)

HOOK = """
allow(actor, action, resource) if role_allows(actor, action, resource);
actor_has_role_for_resource(actor, role_name, resource) if
  role in actor.get_roles() and role_name = role.name and resource = role.resource;
"""
QUICKSTART = (
    HOOK
    + """
resource(_type: Page, "page", actions, roles) if
  actions = ["read", "write"] and
  roles = {
    guest: { permissions: ["read"] },
    admin: { permissions: ["write"], implies: ["guest"] }
  };
"""
)
TREE = (
    HOOK
    + """
resource(_: Org, "org", ["invite", "bill"], {
  member: {permissions: ["invite", "page:read"]},
  owner: {permissions: ["bill"], implies: ["member", "site:editor"]}
});
resource(_: Site, "site", ["edit", "view"], {
  viewer: {permissions: ["view"]},
  editor: {permissions: ["edit"], implies: ["viewer", "page:writer"]}
});
resource(_: Page, "page", ["read", "write"], {
  writer: {permissions: ["write"], implies: ["reader"]},
  reader: {permissions: ["read"]}
});
parent_child(org: Org, site: Site) if site.parent = org;
parent_child(site: Site, page: Page) if page.parent = site;
parent_child(above: Page, page: Page) if page.parent = above;
"""
)

ORG = Org("org")
SITE = Site("site", ORG)
PAGE = Page("page", SITE)
PAGE_BELOW = Page("below", PAGE)
OTHER_ORG = Org("other")
OTHER_PAGE = Page("other page", Site("other site", OTHER_ORG))


def make_engine(text: str) -> Engine:
    policy = load(text, host=HOST, ignore_missing_allow=True, roles=True).policy
    return Engine(policy, HOST)


def allowed(engine: Engine, user: User, thing: Thing) -> list[str]:
    actions = ["invite", "bill", "view", "edit", "read", "write"]
    return [action for action in actions if engine.ask("allow", user, action, thing)]


# -- what roles grant ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "actions"),
    [("guest", ["read"]), ("admin", ["read", "write"]), ("user", []), (None, [])],
)
def test_role_grants_permissions_on_its_page(role: str | None, actions: list[str]) -> None:
    """Roles grant their permissions and those of the roles they imply, on their page only."""
    engine = make_engine(QUICKSTART)
    user = User(*[Grant(role, PAGE)] if role else [])

    assert allowed(engine, user, PAGE) == actions
    assert allowed(engine, user, OTHER_PAGE) == []
    assert check_roles(engine) == ()


@pytest.mark.each(3)
@pytest.mark.parametrize(
    ("role", "thing", "org", "site", "page"),
    [
        ("member", ORG, ["invite"], [], ["read"]),
        ("owner", ORG, ["invite", "bill"], ["view", "edit"], ["read", "write"]),
        ("viewer", SITE, [], ["view"], []),
        ("editor", SITE, [], ["view", "edit"], ["read", "write"]),
        ("writer", PAGE, [], [], ["read", "write"]),
        ("owner", PAGE, [], [], []),
        ("owner", OTHER_ORG, [], [], []),
    ],
)
def test_permission_with_a_namespace_reaches_below(
    role: str, thing: Thing, org: list[str], site: list[str], page: list[str]
) -> None:
    """Permissions and roles with a namespace reach what is below."""
    engine = make_engine(TREE)
    user = User(Grant(role, thing))

    assert allowed(engine, user, ORG) == org
    assert allowed(engine, user, SITE) == site
    assert allowed(engine, user, PAGE) == page


def test_implied_roles_reach_through_several_levels() -> None:
    """A namespace reaches things of its class at any depth."""
    engine = make_engine(TREE)

    assert allowed(engine, User(Grant("member", ORG)), PAGE_BELOW) == ["read"]
    assert allowed(engine, User(Grant("editor", SITE)), PAGE_BELOW) == ["read", "write"]
    assert allowed(engine, User(Grant("writer", PAGE)), PAGE_BELOW) == []


@pytest.mark.parametrize("action", ["page:read", "delete", ""])
def test_undeclared_action_is_denied(action: str) -> None:
    """Only what ``actions`` lists is an action; a namespace makes none."""
    engine = make_engine(TREE)

    assert not engine.ask("allow", User(Grant("owner", ORG)), action, PAGE)


def test_assumed_roles_can_be_asked_for() -> None:
    """``actor_can_assume_role`` answers about roles that others imply."""
    engine = make_engine(TREE)
    user = User(Grant("owner", ORG))

    assert engine.ask("actor_can_assume_role", user, "reader", PAGE)
    assert not engine.ask("actor_can_assume_role", user, "reader", OTHER_PAGE)


def test_actions_can_be_enumerated() -> None:
    """An open action is bound to what the actor may do."""
    oso = Oso()
    for cls in (Org, Site, Page, User):
        oso.register_class(cls)
    oso.load_str(TREE)
    oso.enable_roles()

    assert oso.authorized_actions(User(Grant("editor", SITE)), PAGE) == {"read", "write"}


def test_unbound_roles_and_actions() -> None:
    """Any role grants what is declared; what a role lists is an action."""
    engine = make_engine(
        HOOK + 'resource(_: Page, "page", ["read"], _);'
        'resource(_: Site, "site", _, {viewer: {permissions: ["view"]}});'
    )
    user = User(Grant("any", PAGE), Grant("viewer", SITE))

    assert allowed(engine, user, PAGE) == ["read"]
    assert allowed(engine, user, OTHER_PAGE) == []
    assert allowed(engine, user, SITE) == ["view"]


# -- circles -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "roles",
    [
        '{a: {permissions: ["read"], implies: ["a"]}, b: {permissions: ["write"]}}',
        '{a: {permissions: ["read"], implies: ["b"]}, b: {implies: ["a"]}}',
        '{a: {permissions: ["read"], implies: ["b"]}, b: {implies: ["c"]}, c: {implies: ["a"]}}',
        '{a: {permissions: ["read"], implies: ["page:a"]}, b: {implies: ["page:b", "a"]}}',
    ],
)
def test_roles_in_a_circle_come_to_an_end(roles: str) -> None:
    """Roles that imply each other grant the same, and a stranger is denied."""
    engine = make_engine(
        f'{HOOK} resource(_: Page, "page", ["read"], {roles});'
        "parent_child(above: Page, page: Page) if page.parent = above;"
    )

    assert allowed(engine, User(Grant("a", PAGE)), PAGE) == ["read"]
    assert allowed(engine, User(Grant("a", PAGE)), OTHER_PAGE) == []
    assert allowed(engine, User(), PAGE_BELOW) == []


def test_parents_in_a_circle_come_to_an_end() -> None:
    """Things that contain each other share their roles, and a stranger is denied."""
    first, second = Page("first"), Page("second")
    first.parent, second.parent = second, first
    engine = make_engine(
        HOOK + 'resource(_: Page, "page", ["read"], {r: {permissions: ["page:read"]}});'
        "parent_child(above: Page, page: Page) if page.parent = above;"
    )

    assert allowed(engine, User(Grant("r", second)), first) == ["read"]
    assert allowed(engine, User(), first) == []


def test_thing_that_contains_itself_comes_to_an_end() -> None:
    """A thing that is its own parent is not above itself."""
    loop = Page("loop")
    loop.parent = loop
    engine = make_engine(TREE)

    assert allowed(engine, User(Grant("writer", loop)), loop) == ["read", "write"]
    assert allowed(engine, User(Grant("owner", ORG)), loop) == []


# -- the rules -----------------------------------------------------------------------


def test_policy_loads_without_roles() -> None:
    """A policy may call the built-in rules before roles are enabled; then they are undefined."""
    policy = load(QUICKSTART, host=HOST).policy

    with pytest.raises(OsoError, match="Query for undefined rule `role_allows`"):
        Engine(policy, HOST).ask("allow", User(), "read", PAGE)


def test_rules_can_be_added_later() -> None:
    """``with_role_rules`` makes another policy."""
    before = load(QUICKSTART, host=HOST).policy
    after = with_role_rules(before, HOST)

    assert "role_allows" not in before.rules
    assert Engine(after, HOST).ask("allow", User(Grant("guest", PAGE)), "read", PAGE)


def test_constants_do_not_capture_the_variables_of_the_rules() -> None:
    """A constant named like a variable of a built-in rule does not break it."""
    host = HOST.with_constant(1, "_actor").with_constant(2, "__role")
    policy = with_role_rules(load(QUICKSTART, host=HOST).policy, host)

    assert Engine(policy, host).ask("allow", User(Grant("guest", PAGE)), "read", PAGE)


def test_load_without_rules_adds_none() -> None:
    """A load that brings no rules leaves room for the next one."""
    assert not load("type f(x);", host=HOST, roles=True).policy.has_rules


# -- the configuration ---------------------------------------------------------------

ASSIGNMENTS = "actor_has_role_for_resource(_, _, _);"


def refusal_of(text: str) -> str:
    with pytest.raises(RolesValidationError) as caught:
        check_roles(make_engine(text))
    prefix = "Oso Roles Validation Error: "
    assert str(caught.value).startswith(prefix)
    return str(caught.value).removeprefix(prefix)


def test_assignments_are_required_first() -> None:
    """The rule with three parameters has to be there."""
    assert refusal_of("actor_has_role_for_resource(_, _); resource(1);") == (
        "Need to define `actor_has_role_for_resource(actor, role_name, resource)` predicate to "
        "use Oso Roles.\n    Make sure to load policy before calling Oso.enable_roles()."
    )


@pytest.mark.parametrize(
    "rules", ["", 'resource(_: Page, "page", ["a"]);', 'resource(_: Page, "p", [], {}) if false;']
)
def test_configuration_is_required(rules: str) -> None:
    """No rule, another number of parameters and a rule that fails are all the same."""
    assert refusal_of(ASSIGNMENTS + rules) == (
        "Need to define at least one `resource(type, name, actions, roles)` predicate "
        "to use Oso Roles."
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ('resource(_, "p", [1], {});', "Invalid resource, no type specializer."),
        ('resource("x", "p", ["a"], {});', "Invalid resource, no type specializer."),
        ('resource(_: {a: 1}, "p", ["a"], {});', "Invalid resource, no type specializer."),
        ('resource(_: Page{a: 1}, "p", ["a"], {});', "Invalid resource, no type specializer."),
        (
            'resource(x: Page, "p", ["a"], {}) if x.a = 1;',
            "Invalid resource, no type specializer.",
        ),
        ('resource(_: Page, _, ["a"], {});', "Invalid resource, name is not a string."),
        ('resource(_: Page, 1, ["a"], {});', "Invalid resource, name is not a string."),
        ('resource(_: Page, "p", [1], {});', "Invalid action, not a string."),
        ('resource(_: Page, "p", [_], {});', "Invalid action, not a string."),
        ('resource(_: Page, "p", "a", {});', "Invalid actions."),
        ('resource(_: Page, "p", x, {}) if x > 1;', "Invalid actions."),
        ('resource(_: Page, "p", ["a", "a"], {r: 1});', "Duplicate action a for Page."),
        ('resource(_: Page, "p", ["a"], {r: 1});', "Invalid role definitions"),
        ('resource(_: Page, "p", ["a"], {r: _});', "Invalid role definitions"),
        (
            'resource(_: Page, "p", ["a"], {r: {x: 1, permissions: 2}});',
            "Role definition contains invalid key: x",
        ),
        (
            'resource(_: Page, "p", ["a"], {r: {permissions: 1, implies: 2}});',
            "Invalid actions for role r",
        ),
        (
            'resource(_: Page, "p", ["a"], {r: {permissions: [1]}});',
            "Invalid actions for role r, must be a string.",
        ),
        ('resource(_: Page, "p", ["a"], {r: {implies: 2}});', "Invalid implies for role r"),
        (
            'resource(_: Page, "p", ["a"], {r: {implies: [2]}});',
            "Invalid implies for role r, must be a string.",
        ),
        (
            'resource(_: Page, "p", ["a"], {r: {implies: [], permissions: []}});',
            "Must define actions or implications for a role.",
        ),
        ('resource(_: Page, "p", [], {});', "Must define actions or roles."),
        ('resource(_: Page, "p", _, _);', "Must define actions or roles."),
        ('resource(_: Page, "p", [], [1]);', "Must define actions or roles."),
        (
            'resource(_: Page, "p", ["a"], {}); resource(_: Site, "p", ["b"], {});',
            "Duplicate resource name p.",
        ),
        ('resource(_: Page, x, ["a"], {}) if x in ["p", "p"];', "Duplicate resource name p."),
    ],
)
def test_wrong_configuration_is_refused(rule: str, message: str) -> None:
    """The first mistake in the order of oso 0.15 is reported."""
    assert refusal_of(f"{ASSIGNMENTS} {rule}") == message


def warnings_of(rules: str) -> tuple[str, ...]:
    return check_roles(make_engine(f"{ASSIGNMENTS}\n{rules}"))


@pytest.mark.parametrize(
    ("rules", "warning"),
    [
        (
            'resource(_: Page, "page", ["read"], {user: {permissions: ["read"]},'
            ' admin: {implies: ["guest"]}});',
            'Role "admin" of resource "page" implies the role "guest", which is not declared, '
            'did you mean "user"?',
        ),
        (
            'resource(_: Page, "page", ["read"], {guest: {permissions: ["read"]},'
            ' user: {permissions: ["read"]}, admin: {implies: ["gest"]}});',
            'Role "admin" of resource "page" implies the role "gest", which is not declared, '
            'did you mean "guest"?',
        ),
        (
            'resource(_: Page, "page", ["read", "write"], {r: {permissions: ["wirte"]}});',
            'Role "r" of resource "page" has the permission "wirte", which is not declared, '
            'did you mean "write"?',
        ),
        (
            'resource(_: Org, "org", ["a"], {r: {implies: ["page:reder"]}});'
            'resource(_: Page, "page", ["b"], {reader: {permissions: ["b"]}});',
            'Role "r" of resource "org" implies the role "page:reder", which is not declared '
            'in resource "page", did you mean "reader"?',
        ),
        (
            'resource(_: Org, "org", ["a"], {r: {permissions: ["pages:b"]}});'
            'resource(_: Page, "page", ["b"], {});',
            'Role "r" of resource "org" has the permission "pages:b", but there is no resource '
            '"pages", did you mean "page"?',
        ),
        (
            'resource(_: Page, "page", ["read"], _);',
            'The roles of resource "page" are unbound: whoever has any role there may do '
            "everything that is declared",
        ),
    ],
)
def test_undeclared_names_warn(rules: str, warning: str) -> None:
    """oso 0.15 ignores such names silently; the warning names them and what was meant."""
    (found,) = warnings_of(rules)

    assert found.startswith(f"{warning} at line 2, column 1:\n\t002: resource(_: ")


def test_warning_about_a_class_in_a_body_has_no_place() -> None:
    """The rule is found by the class in its head."""
    (found,) = warnings_of('resource(page, "page", ["read"], _) if page matches Page;')

    assert found == (
        'The roles of resource "page" are unbound: whoever has any role there may do everything '
        "that is declared"
    )


@pytest.mark.parametrize(
    "rules",
    [
        'resource(_: Page, "page", ["a"], {r: {permissions: ["a"]}, s: {implies: ["r", "s"]}});',
        'resource(_: Page, "page", _, {r: {permissions: ["a"]}});',
        'resource(_: Page, "page", ["a"], {r: {permissions: ["page:a"]}});',
        'resource(_: Page, "a", ["a"], {r: {implies: ["s"]}});'
        'resource(_: Page, "b", ["b"], {s: {permissions: ["a", "b"]}});',
        'resource(_: Page, "page", ["a"], [1]);',
    ],
)
def test_declared_names_do_not_warn(rules: str) -> None:
    """Names that are declared under any name of a class, or are open, do not warn."""
    assert warnings_of(rules) == ()


def test_enable_roles_checks_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    """``Oso`` prints the warnings and raises the errors."""
    oso = Oso()
    oso.register_class(Page)
    oso.load_str(QUICKSTART.replace("guest:", "user:"))
    oso.enable_roles()

    assert 'implies the role "guest"' in capsys.readouterr().out


def make_oso(text: str) -> t.Any:
    return policies.make_oso(text, Org, Site, Page, User)


def test_blocks_and_roles_live_side_by_side() -> None:
    """A class may have a block and a role configuration; the rules add up."""
    oso = make_oso(
        QUICKSTART
        + 'actor User {} resource Page { permissions = ["share"]; }'
        + 'has_permission(_: User, "share", _: Page);'
        + "allow(a, b, c) if has_permission(a, b, c);"
    )
    oso.enable_roles()
    user = User(Grant("guest", PAGE))

    assert oso.authorized_actions(user, PAGE) == {"read", "share"}
