"""Partial results about an element of a collection: of the class that is declared, as in oso."""

from __future__ import annotations

import re
import typing as t

import pytest

import flask_oso
from flask_oso import Oso, Predicate, Relation, Variable
from flask_oso.polar import TypeConstraint
from flask_oso.polar.exceptions import PolarRuntimeError


class Tag:
    """Has posts."""


class Post:
    """Has tags."""


class Other:
    """Neither."""


POLICY = """
f(tag: Tag) if post in tag.posts and check(post);
g(tag: Tag) if posts = tag.posts and post in posts and check(post);
h(tag: Tag) if post in tag.posts and post.id = 1 and check(post);
i(tag: Tag) if post in tag.posts and other in post.tags and check(other);
j(tag: Tag) if post in tag.posts and post matches Post and post.id > 1;
k(tag: Tag) if post in tag.posts and aged(post);
check(_: Tag);
check(post: Post) if post.id = 1;
check(_: Other);
check(_: List);
aged(post) if post.id > 1;
"""


def make_oso(library: t.Any, posts: t.Any, policy: str = POLICY) -> t.Any:
    """Make an Oso of a library, for tags whose posts are declared so."""
    oso = library.Oso()
    oso.register_class(Tag, fields={} if posts is None else {"posts": posts})
    oso.register_class(Post, fields={"id": int})
    oso.register_class(Other)
    oso.load_str(policy)
    return oso


def partials(oso: t.Any, library: t.Any, constraint: t.Any, rule: str) -> list[str]:
    """Give what is left of a rule for a tag that is not known, whatever variables are named."""
    found = oso.query(
        library.Predicate(rule, [library.Variable("x")]),
        bindings={"x": constraint(library.Variable("x"), "Tag")},
        accept_expression=True,
    )
    return sorted(_renamed(repr(each["bindings"]["x"])) for each in found)


def _renamed(text: str) -> str:
    names: dict[str, str] = {}
    return re.sub(r"'_\w+'", lambda m: names.setdefault(m.group(), f"'v{len(names)}'"), text)


def ours(rule: str, posts: t.Any, policy: str = POLICY) -> list[str]:
    """Give the partial results of a rule."""
    return partials(make_oso(flask_oso, posts, policy), flask_oso, TypeConstraint, rule)


@pytest.mark.parametrize("posts", [Post, list, Relation("many", "Post", "id", "tag_id")])
@pytest.mark.parametrize("rule", ["f", "g", "h", "i", "j", "k"])
def test_elements_are_those_of_oso(rule: str, posts: t.Any) -> None:
    """Rules for other classes than the declared one say nothing of an element."""
    upstream: t.Any = pytest.importorskip("oso")
    constraint: t.Any = pytest.importorskip("polar.partial").TypeConstraint
    library: t.Any = pytest.importorskip("polar")
    kind = upstream.Relation("many", "Post", "id", "tag_id") if type(posts) is Relation else posts
    oso = make_oso(upstream, kind)

    assert ours(rule, posts) == partials(oso, library, constraint, rule)


def test_element_of_the_declared_class() -> None:
    """An element is of the declared class, and has one name."""
    assert ours("f", Post) == [
        "Expression(And, [Expression(Isa, [Variable('v0'), Pattern(Tag, {})]),"
        " Expression(In, [Variable('v1'), Expression(Dot, [Variable('v0'), 'posts'])]),"
        " Expression(Isa, [Variable('v1'), Pattern(Post, {})]),"
        " Expression(Unify, [1, Expression(Dot, [Variable('v1'), 'id'])])])"
    ]


def test_element_of_what_is_not_declared() -> None:
    """Where the collection is not declared, the class of an element cannot be told."""
    oso = make_oso(flask_oso, None)
    bindings = {"x": TypeConstraint(Variable("x"), "Tag")}

    with pytest.raises(PolarRuntimeError, match="No field posts on Tag at line 8, column 7"):
        list(oso.query(Predicate("f", [Variable("x")]), bindings=bindings, accept_expression=True))


def test_element_under_a_negation() -> None:
    """There, a rule that says nothing would make a yes: each class stays open, unlike in oso."""
    policy = """
    f(tag: Tag) if post in tag.posts and not check(post);
    check(_: Post);
    """

    (found,) = ours("f", Relation("many", "Post", "id", "tag_id"), policy)

    assert "Not, [Expression(Isa, [Variable('v1'), Pattern(Post, {})])]" in found


def test_known_elements() -> None:
    """Objects that are known are what they are."""
    tag = Tag()
    tag.posts = [Other(), Post()]  # type: ignore[attr-defined]
    oso: Oso = make_oso(flask_oso, list)

    assert oso.query_rule_once("f", tag)
