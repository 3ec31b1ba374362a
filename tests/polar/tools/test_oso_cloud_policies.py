"""Policies that were written for Oso Cloud run their tests as they are."""

from __future__ import annotations

import textwrap

import pytest

from flask_oso.polar.exceptions import ValidationError
from flask_oso.polar.sources import Source
from flask_oso.polar.tools.policy_tests import Outcome, PolicyTestResult, run_policy_tests
from flask_oso.polar.tools.scenes import implied_allow
from flask_oso.polar.tools.stand_in_classes import load_with_stand_ins

REPOSITORIES = """
actor User {}
resource Organization {
  roles = ["member", "owner"];
  permissions = ["read"];
  "member" if "owner";
}
resource Repository {
  roles = ["reader", "member"];
  permissions = ["read"];
  relations = { organization: Organization };
  "reader" if "member" on "organization";
  "read" if "reader";
}
"""
FOLDERS = """
actor User {}
resource Folder {
  roles = ["reader"];
  permissions = ["read"];
  relations = { parent: Folder };
  "reader" if "reader" on "parent";
  "read" if "reader";
}
"""
MEMBER = """
has_role(User{"ana"}, "member", Organization{"acme"});
has_relation(Repository{"anvil"}, "organization", Organization{"acme"});
"""


def run(policy: str, test: str) -> PolicyTestResult:
    """Run a test of a policy, without any application."""
    source = Source(f'{textwrap.dedent(policy)}\ntest "t" {{ {test} }}')
    (result,) = run_policy_tests(load_with_stand_ins([source], for_tests=True).engine)
    return result


def outcome(policy: str, setup: str, assertions: str) -> Outcome:
    """Tell how a test of a policy ends."""
    return run(policy, f"setup {{ {setup} }} {assertions}").outcome


# -- the order of relations --------------------------------------------------------------


def test_related_object_comes_last() -> None:
    """Blocks follow relations as the facts of the test have them."""
    asked = (
        'assert allow(User{"ana"}, "read", Repository{"anvil"});'
        ' assert_not allow(User{"ana"}, "read", Repository{"other"});'
        ' assert_not allow(User{"ben"}, "read", Repository{"anvil"});'
    )

    assert outcome(REPOSITORIES, MEMBER, asked) is Outcome.PASSED


def test_relation_to_the_same_class_has_the_related_object_last() -> None:
    """A role on a folder goes down to those below, and not up."""
    setup = """
        has_role(User{"ana"}, "reader", Folder{"top"});
        has_role(User{"ben"}, "reader", Folder{"leaf"});
        has_relation(Folder{"leaf"}, "parent", Folder{"top"});
    """
    asked = (
        'assert allow(User{"ana"}, "read", Folder{"leaf"});'
        ' assert_not allow(User{"ben"}, "read", Folder{"top"});'
    )

    assert outcome(FOLDERS, setup, asked) is Outcome.PASSED


@pytest.mark.parametrize(
    "rule",
    [
        'has_role(user: User, "reader", repo: Repository) if org matches Organization and'
        ' has_relation(repo, "organization", org) and has_role(user, "owner", org);',
        'has_role(user: User, "reader", repo: Repository) if not (org matches Organization and'
        ' has_relation(repo, "organization", org) and not has_role(user, "owner", org));',
        'resource Repository { "reader" if has_relation(resource, "organization", org) and'
        ' has_role(actor, "owner", org); }',
    ],
    ids=["rule", "negation", "block"],
)
def test_rules_have_the_related_object_last_too(rule: str) -> None:
    """What a rule asks for is in the order of the facts."""
    policy = f"""
    actor User {{}}
    resource Organization {{ roles = ["owner"]; }}
    resource Repository {{
      roles = ["reader"];
      permissions = ["read"];
      relations = {{ organization: Organization }};
      "read" if "reader";
    }}
    {rule}
    """
    setup = """
        has_role(User{"ana"}, "owner", Organization{"acme"});
        has_relation(Repository{"anvil"}, "organization", Organization{"acme"});
    """
    asked = (
        'assert allow(User{"ana"}, "read", Repository{"anvil"});'
        ' assert_not allow(User{"ben"}, "read", Repository{"anvil"});'
        ' assert has_relation(Repository{"anvil"}, "organization", Organization{"acme"});'
    )

    assert outcome(policy, setup, asked) is Outcome.PASSED


def test_one_fact_in_our_order_settles_it() -> None:
    """Then a relation between two objects of a class has the related one first, as in rules."""
    policy = f"""{FOLDERS}
    resource File {{
      permissions = ["read"];
      relations = {{ parent: Folder }};
      "read" if "reader" on "parent";
    }}
    """
    setup = """
        has_role(User{"ana"}, "reader", Folder{"top"});
        has_relation(Folder{"top"}, "parent", Folder{"below"});
        has_relation(Folder{"below"}, "parent", File{"f"});
    """

    assert outcome(policy, setup, 'assert allow(User{"ana"}, "read", File{"f"});') is Outcome.PASSED


def test_rules_of_the_policy_settle_it() -> None:
    """A policy that has rules for relations has them as oso does, and so do its tests."""
    policy = f"""{FOLDERS}
    has_relation(parent: Folder, "parent", folder: Folder) if parent = folder.parent;
    """
    setup = """
        has_role(User{"ana"}, "reader", Folder{"top", parent: nil});
        has_relation(Folder{"top"}, "parent", Folder{"leaf", parent: nil});
    """

    assert (
        outcome(policy, setup, 'assert allow(User{"ana"}, "read", Folder{"leaf"});')
        is Outcome.PASSED
    )


def test_fact_that_fits_one_way_only_is_taken_so() -> None:
    """Tests may be those of Oso Cloud where the rules are not any more."""
    policy = f"""{REPOSITORIES}
    has_relation(org: Organization, "organization", repo: Repository) if org = repo.org;
    """
    setup = MEMBER.replace('{"anvil"}', '{"anvil", org: nil}')

    assert (
        outcome(policy, setup, 'assert allow(User{"ana"}, "read", Repository{"anvil"});')
        is Outcome.PASSED
    )


def test_name_of_an_object_has_its_class() -> None:
    """The order is told by classes, also where a fact names its objects."""
    setup = """
        acme: Organization{"acme"};
        anvil: Repository{"anvil"};
        has_role(User{"ana"}, "member", acme);
        has_relation(anvil, "organization", acme);
    """

    assert (
        outcome(REPOSITORIES, setup, 'assert allow(User{"ana"}, "read", anvil);') is Outcome.PASSED
    )


def test_class_of_a_test_that_is_misspelt_is_unknown() -> None:
    """A class that rules do not name, and that looks like one of theirs, has no stand-in."""
    asked = 'assert_not allow(User{"ana"}, "read", Repository{"anvil"});'
    result = run(REPOSITORIES, f"setup {{ {MEMBER.replace('User', 'Usr')} }} {asked}")

    assert result.outcome is Outcome.BROKEN
    assert result.failures[0].message == ("No class is registered as `Usr`.\nDid you mean `User`?")


# -- what such a policy leaves out -------------------------------------------------------


def test_permissions_are_allowed_where_no_rule_says_so() -> None:
    """A policy without a rule for ``allow`` is tested with the usual one."""
    engine = load_with_stand_ins([Source(REPOSITORIES)], for_tests=True).engine

    asked = 'assert allow(User{"ana"}, "read", Repository{"anvil"});'

    assert implied_allow(engine.policy) is not None
    assert outcome(REPOSITORIES, MEMBER, asked) is Outcome.PASSED


def test_own_rule_is_all_that_allows() -> None:
    """Nothing is added to a policy that says what is allowed."""
    policy = f'{REPOSITORIES}\nallow(_: User, "wave", _: Repository);'

    result = run(
        policy, f'setup {{ {MEMBER} }} assert allow(User{{"ana"}}, "read", Repository{{1}});'
    )

    assert result.outcome is Outcome.FAILED


def test_facts_need_not_be_declared() -> None:
    """A rule may ask for what no test states: it does not hold, and ``not`` does."""
    policy = f"""{REPOSITORIES}
    has_permission(user: User, "read", repo: Repository) if
      has_role(user, "owner", repo) or is_public(repo) and not is_blocked(user);
    """
    asked = (
        'assert allow(User{"ana"}, "read", Repository{"x"});'
        ' assert_not allow(User{"ben"}, "read", Repository{"x"});'
        ' assert_not allow(User{"ana"}, "read", Repository{"y"});'
    )

    setup = 'is_public(Repository{"x"}); is_blocked(User{"ben"});'
    assert outcome(policy, setup, asked) is Outcome.PASSED


def test_misspelt_rule_is_an_error() -> None:
    """A name that is close to that of a rule is no fact that nobody states."""
    policy = f"""{REPOSITORIES}
    is_public(repo: Repository) if repo matches Repository;
    has_permission(_: User, "read", repo: Repository) if is_publik(repo);
    """

    with pytest.raises(ValidationError, match="Did you mean `is_public`"):
        run(policy, 'assert_not allow(User{"ana"}, "read", Repository{"x"});')


def test_role_may_be_an_object() -> None:
    """Custom roles are facts about objects, and so are what they grant."""
    policy = """
    actor User {}
    resource Role { permissions = ["edit"]; }
    resource Organization { roles = ["admin"]; permissions = ["manage"]; "manage" if "admin"; }
    has_permission(actor: Actor, action: String, org: Organization) if
      role matches Role and has_role(actor, role, org) and grants_permission(role, action);
    """
    setup = """
        has_role(User{"ana"}, Role{"manager"}, Organization{"acme"});
        grants_permission(Role{"manager"}, "manage");
    """
    asked = (
        'assert allow(user: User, "manage", Organization{"acme"}) iff user in [User{"ana"}];'
        ' assert_not allow(User{"ben"}, "manage", Organization{"acme"});'
    )

    assert outcome(policy, setup, asked) is Outcome.PASSED


def test_relation_may_be_to_any_actor() -> None:
    """``Actor`` and ``Resource`` are classes of relations."""
    policy = """
    actor User {}
    resource Note { permissions = ["read"]; relations = { author: Actor }; "read" if "author"; }
    """
    setup = 'has_relation(Note{"n"}, "author", User{"ana"});'
    asked = (
        'assert allow(User{"ana"}, "read", Note{"n"});'
        ' assert_not allow(User{"ben"}, "read", Note{"n"});'
    )

    assert outcome(policy, setup, asked) is Outcome.PASSED


# -- what proofs call them ---------------------------------------------------------------


def test_proof_names_the_objects_of_facts() -> None:
    """A fact that does not apply is told apart by its object."""
    result = run(
        'actor User {} resource Note { permissions = ["read"]; "read" if is_public(resource); }',
        'setup { is_public(Note{"x"}); } assert allow(User{"ana"}, "read", Note{"y"});',
    )

    assert "resource is Note:y, the rule wants Note:x" in result.failures[0].proof
