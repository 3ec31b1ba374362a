"""Strings that no block declares draw a warning, where blocks decide."""

from __future__ import annotations

import pytest

from tests.support.models.people import User
from tests.support.policies import load, make_host


class Document:
    """A class with a block."""

    parent: Document


class Report(Document):
    """A class without one, derived from one that has."""


class Site:
    """A class whose block declares no permissions."""


HOST = make_host(User, Document, Report, Site)

POLICY = """
actor User {{}}
resource Document {{
  permissions = ["read", "delete"]; roles = ["owner"]; relations = {{ site: Site }};
  "read" if "owner"; "delete" if "owner";
}}
resource Site {{ roles = ["member"]; }}
has_role(_: User, _: String, _: Resource);
has_relation(_: Site, "site", _: Document);
allow(a, b, c) if has_permission(a, b, c);
{}
"""


def warnings_of(rule: str) -> list[str]:
    loaded = load(POLICY.format(rule), host=HOST)
    return [warning.split(" at line")[0] for warning in loaded.warnings]


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        (
            'has_permission(_: User, "raed", _: Document);',
            'Undeclared permission "raed" for Document, did you mean "read"?',
        ),
        (
            'has_role(_: User, "onwer", _: Document);',
            'Undeclared role "onwer" for Document, did you mean "owner"?',
        ),
        (
            'f(d: Document, s: Site) if has_relation(d, "site", s);',
            'Undeclared relation "site" for Site. It is one of Document, and has_relation has the'
            " related object first: a Site",
        ),
        ('allow(_: User, "foo", _: Document);', 'Undeclared permission "foo" for Document'),
        (
            'allow(_: User, x: "reed", _: Document) if x = x;',
            'Undeclared permission "reed" for Document, did you mean "read"?',
        ),
        (
            'f(a, d: Document) if has_permission(a, "delte", d);',
            'Undeclared permission "delte" for Document, did you mean "delete"?',
        ),
        (
            'f(a, d) if d matches Document and not has_role(a, "ownr", d);',
            'Undeclared role "ownr" for Document, did you mean "owner"?',
        ),
        (
            'f(a, d: Document) if has_relation(a, "sight", d);',
            'Undeclared relation "sight" for Document',
        ),
        (
            'has_permission(_: User, "owner", _: Document);',
            'Undeclared permission "owner" for Document, which is declared as a role',
        ),
        (
            'has_permission(_: User, "raed", _: Report);',
            'Undeclared permission "raed" for Report, did you mean "read"?',
        ),
        (
            'has_permission(_: User, "raed", _: Resource);',
            'Undeclared permission "raed" for Resource, did you mean "read"?',
        ),
        (
            'f(a, d: Document) if has_role(a, "onwer", d.parent);',
            'Undeclared role "onwer" for Document, did you mean "owner"?',
        ),
        (
            'f(a, d: Document) if p = d.parent and has_role(a, "onwer", p);',
            'Undeclared role "onwer" for Document, did you mean "owner"?',
        ),
        (
            'f(a, d) if has_role(a, "onwer", d);',
            'No block declares a role "onwer", did you mean "owner"?',
        ),
        (
            'f(a, d) if has_permission(a, "raed", d);',
            'No block declares a permission "raed", did you mean "read"?',
        ),
        (
            'allow(_: User, action, _: Document) if action in ["read", "delte"];',
            'Undeclared permission "delte" for Document, did you mean "delete"?',
        ),
        (
            'allow(_: User, action, _: Document) if action = "read" or action = "delte";',
            'Undeclared permission "delte" for Document, did you mean "delete"?',
        ),
    ],
)
def test_undeclared_string_warns(rule: str, warning: str) -> None:
    """Heads and calls are looked at, and the blocks of related classes."""
    assert warnings_of(rule) == [warning]


def test_undeclared_string_shows_its_place() -> None:
    """The caret is under the string."""
    text = POLICY.format('has_permission(_: User, "raed", _: Document);')
    (warning,) = load(text, host=HOST).warnings

    assert warning.endswith(
        ' at line 11, column 25:\n\t011: has_permission(_: User, "raed", _: Document);\n'
        "\t                             ^\n"
    )


@pytest.mark.parametrize(
    "rule",
    [
        'has_permission(_: User, "read", _: Document);',
        'has_permission(_: User, "read", _: Report);',
        'has_permission(_: User, "foo", _: Site);',
        'has_role(_: User, "member", _: Resource);',
        'f(a, b) if has_permission(a, "foo", b);',
        'f(a, b) if has_permission(a, "reads", b); has_permission(_: User, "reads", _: User);',
        'f(a, b) if has_permission(a, "reads", b); has_permission("bob", "reads", 1);'
        " type has_permission(_: String, _: String, _: Integer);",
        'f(a, b) if has_role(a, "owners", b); has_role(_: User, _: String, _: User);',
        'allow(_: User, action, _: User) if action in ["raed"];',
        "allow(_: User, action, _: Document) if action != nil;",
        'f(a, b: Nothing) if has_permission(a, "foo", b);',
        'f(a, b: Document) if g(a, "foo", b); g(1, 2, 3);',
        "has_permission(_: User, _: String, _: Document);",
        'f(d: Document, s: Site) if has_relation(s, "site", d);',
        'f(d, s: Site) if has_relation(d, "site", s);',
        'allow(_, "foo", _);',
        'allow(_, "foo", _: User);',
        'has_role(_: User, "read", "foo", 1); type has_role(a, b, c, d);',
    ],
)
def test_undecided_string_does_not_warn(rule: str) -> None:
    """Nothing is said where no block of the class declares anything of the kind."""
    about_strings = "Undeclared", "No block declares"

    assert [each for each in warnings_of(rule) if each.startswith(about_strings)] == []


def test_classes_are_known_under_each_of_their_names() -> None:
    """What the block of one name declares holds for a class that is registered twice."""
    host = HOST.with_class(Document, "Paper", None)
    text = POLICY.format('has_permission(_: User, "raed", _: Paper);')

    (warning,) = load(text, host=host).warnings

    assert warning.startswith('Undeclared permission "raed" for Paper, did you mean "read"?')
