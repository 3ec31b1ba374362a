"""Classes that are judged where rules are about their objects."""

from __future__ import annotations

import typing as t

import pytest

RULE = 'allow(_, "create", _: Garden);'


@pytest.mark.parametrize(
    ("program", "policy"),
    [
        ('oso.authorize(user, "create", Garden)', RULE),
        ('oso.is_allowed(user, "create", models.Garden)', RULE),
        ("oso.is_allowed(user, action, Garden)", RULE),
        ('oso.authorize(Garden, action="create")', RULE),
        ('authorize(request, Garden, action="create")', 'allow(_, "create", _: app::Garden);'),
        ('@authorize(action="create", resource=Garden)\ndef view(): pass', RULE),
        ("oso.authorized_actions(user, Garden)", RULE),
        ('oso.authorize(user, "create", Garden)', 'allow(_, "create", g) if g matches Garden;'),
        ('oso.authorize(user, "create", Garden)', 'allow(_, "read", Garden); ' + RULE),
        (
            'oso.authorize(user, "create", Garden)',
            'has_permission(_: User, "create", _: Garden); allow(a, b, c) if'
            " has_permission(a, b, c);",
        ),
    ],
)
def test_class_as_resource(places: t.Any, program: str, policy: str) -> None:
    """The finding is at the call, and names the rule."""
    assert places({"app.py": program, "a.polar": policy}) == ["M202 app.py:1"]


@pytest.mark.parametrize(
    ("program", "policy"),
    [
        ('oso.authorize(user, "create", garden)', RULE),
        ('oso.authorize(user, "create", Garden())', RULE),
        ('oso.authorize(user, "create", "Garden")', RULE),
        ('oso.authorize(user, "read", Garden)', RULE),
        ('oso.authorize(user, "create", Garden)', 'allow(_, "create", Garden);'),
        ('oso.authorize(user, "create", Garden)', f'{RULE} allow(_, "create", Garden);'),
        ('oso.authorize(user, "create", Garden)', "allow(_, _, _);"),
        ('@authorize("create", Garden)\ndef view(): pass', RULE),
        ('other.create(user, "create", Garden)', RULE),
        ("authorize()", RULE),
    ],
)
def test_what_is_no_class_as_resource(places: t.Any, program: str, policy: str) -> None:
    """Objects, classes that the rules have, and guards that find an object stay as they are."""
    assert places({"app.py": program, "a.polar": policy}) == []


def test_class_as_resource_says_what_to_write(check: t.Any) -> None:
    """The cure is in the policy."""
    (found,) = check({"app.py": 'oso.authorize(user, "create", Garden)', "a.polar": f"\n{RULE}"})

    assert found.message == (
        "The class 'Garden' is judged here, and the rule 'allow' in a.polar:2 is about its objects,"
        " so it is denied. If the class is meant, write 'Garden' there without a colon."
    )
