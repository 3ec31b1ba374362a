"""``sqlalchemy_oso`` 0.27.2 runs on this package, unchanged, and selects what it selects on oso.

The program of this file runs twice, in processes of its own: with ``install_as_oso``, and with
oso 0.27.3 where that installs.
"""

from __future__ import annotations

import importlib.util
import json
import typing as t

import pytest

from tests.support.children import run_python

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("sqlalchemy_oso") is None, reason="sqlalchemy-oso is not installed"
)

#: Rules for posts, by what they show.
POLICIES = {
    "comparisons": """
        allow(_: User, "read", p: Post) if p.level = "public" and p.id > 2 and p.id <= 8;
        allow(u: User, "read", p: Post) if p.id in [1, u.id];
    """,
    "relation to one": 'allow(u: User, "read", p: Post) if p.author = u;',
    "relation of a relation": """
        allow(u: User, "read", p: Post) if p.author.name = u.name and u.name != "cat";
        allow(_: User, "read", t: Tag) if p in t.posts and p.author.name = "ann";
    """,
    "relation to many": 'allow(_: User, "read", p: Post) if t in p.tags and t.is_public;',
    "collection of the actor": 'allow(u: User, "read", p: Post) if p in u.posts;',
    "class of a field": """
        allow(u: User, "read", p: Post) if p.author matches User and p.author = u;
        allow(_: User, "read", p: Post) if p.author matches Tag;
    """,
    "pattern": """
        allow(u: User, "read", _: Post{level: "public", author: u});
        allow(_: User{name: "cat"}, "read", _: Post);
    """,
    "negation": 'allow(u: User, "read", p: Post) if not p.level = "public" and p.author != u;',
    "every post": "allow(_, _, _: Post);",
    "nobody": 'allow(_: User, "edit", _: Post);',
    "roles": """
        actor User {}
        resource Post {
          roles = ["reader", "owner"];
          permissions = ["read"];
          "read" if "reader";
          "reader" if "owner";
        }
        has_role(u: User, "owner", p: Post) if p.author = u;
        has_role(_: User, "reader", p: Post) if p.level = "public";
        allow(a, b, c) if has_permission(a, b, c);
    """,
    "misspelt column": 'allow(_: User, "read", p: Post) if p.levle = "public";',
    "misspelt relation": 'allow(_: User, "read", p: Post) if p.auhtor matches User;',
    "method of a row": 'allow(_: User, "read", p: Post) if p.level.startswith("p");',
    "universal": 'allow(_: User, "read", p: Post) if forall(t in p.tags, t.is_public);',
    "negated universal": """
        allow(_: User, "read", p: Post) if not (forall(t in p.tags, t.is_public));
    """,
}
#: What oso answers with more than its checks allow.
REFUSED = {
    "negated collection": 'allow(_: User, "read", p: Post) if not p.tags matches List;',
}

PROGRAM = """
import json, sys, warnings

warnings.simplefilter("ignore")
if sys.argv[1] == "flask_oso":
    from flask_oso import install_as_oso

    install_as_oso()

import sqlalchemy as sa
from oso import Oso
from sqlalchemy import orm
from sqlalchemy.pool import StaticPool
from sqlalchemy_oso import authorized_sessionmaker, register_models
from sqlalchemy_oso.auth import authorize_model
from sqlalchemy_oso.session import scoped_session

Base = orm.declarative_base()
tagged = sa.Table(
    "tagged",
    Base.metadata,
    sa.Column("post", sa.ForeignKey("posts.id")),
    sa.Column("tag", sa.ForeignKey("tags.id")),
)


class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String)
    posts = orm.relationship("Post", back_populates="author")


class Tag(Base):
    __tablename__ = "tags"
    id = sa.Column(sa.Integer, primary_key=True)
    is_public = sa.Column(sa.Boolean)
    posts = orm.relationship("Post", secondary=tagged, back_populates="tags")


class Post(Base):
    __tablename__ = "posts"
    id = sa.Column(sa.Integer, primary_key=True)
    level = sa.Column(sa.String)
    author_id = sa.Column(sa.ForeignKey("users.id"))
    author = orm.relationship(User, back_populates="posts")
    tags = orm.relationship(Tag, secondary=tagged, back_populates="posts")


database = sa.create_engine("sqlite://", poolclass=StaticPool)
Base.metadata.create_all(database)
plain = orm.Session(database)
users = [User(id=number, name=name) for number, name in enumerate(["ann", "ben", "cat"], 1)]
tags = [Tag(id=number, is_public=number == 1) for number in (1, 2, 3)]
for number in range(1, 11):
    chosen = [tag for bit, tag in enumerate(tags) if number & 1 << bit]
    level = "public" if number % 2 else "private"
    plain.add(Post(id=number, level=level, author=users[number % 3], tags=chosen))
plain.commit()


def outcome(ask):
    try:
        return ask()
    except Exception as error:
        return type(error).__name__


def ids(rows):
    return sorted(row.id for row in rows)


def answers(policy, user):
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(policy)
    options = {
        "get_oso": lambda: oso,
        "get_user": lambda: user,
        "get_checked_permissions": lambda: {Post: "read", Tag: "read"},
        "bind": database,
    }
    make_session, scoped = authorized_sessionmaker(**options), scoped_session(**options)
    only = orm.selectinload(Post.author)
    return {
        "rows": outcome(lambda: ids(make_session().query(Post))),
        "loaded": outcome(lambda: ids(make_session().query(Post).options(only))),
        "count": outcome(lambda: make_session().query(Post).count()),
        "get": outcome(lambda: [bool(make_session().get(Post, key)) for key in (1, 2)]),
        "tags": outcome(lambda: ids(make_session().query(Tag))),
        "scoped": outcome(lambda: ids(scoped.query(Post))),
        "related": outcome(
            lambda: [[post.id, ids(post.tags)] for post in make_session().query(Post)]
        ),
        "filter": outcome(
            lambda: ids(plain.query(Post).filter(authorize_model(oso, user, "read", plain, Post)))
        ),
        "checks": outcome(
            lambda: [oso.is_allowed(user, "read", post) for post in plain.query(Post)]
        ),
    }


policies = json.loads(sys.argv[2])
print(json.dumps({
    name: {user.name: answers(policy, user) for user in users}
    for name, policy in policies.items()
}))
"""

Answers = dict[str, dict[str, t.Any]]


def run_program(oso: str, policies: dict[str, str]) -> Answers:
    """Give the answers of policies, by the name of each."""
    printed = run_python(PROGRAM, oso, json.dumps(policies), POLAR_IGNORE_NO_ALLOW_WARNING="1")
    return t.cast(Answers, json.loads(printed.splitlines()[-1]))


@pytest.fixture(scope="module")
def ours() -> Answers:
    """Run the program with this package, and what it refuses besides."""
    return run_program("flask_oso", {**POLICIES, **REFUSED})


@pytest.fixture(scope="module")
def theirs() -> Answers:
    """Run the program with oso."""
    if importlib.util.find_spec("oso") is None:
        pytest.skip("oso 0.27.3 is not installed")
    return run_program("oso", POLICIES)


@pytest.mark.parametrize("policy", POLICIES)
def test_policy_answers_as_with_oso(ours: Answers, theirs: Answers, policy: str) -> None:
    """Sessions, filters and checks give what they give with oso, errors included."""
    assert ours[policy] == theirs[policy]


def test_negated_collection_is_refused(ours: Answers) -> None:
    """A list that oso makes of all rows, and whose checks are false, is an error here."""
    answers = ours["negated collection"]["ann"]

    assert (answers["rows"], answers["checks"]) == ("UnsupportedError", [False] * 10)


@pytest.mark.parametrize(
    ("policy", "user", "rows"),
    [
        ("comparisons", "ben", [1, 2, 3, 5, 7]),
        ("relation to one", "ann", [3, 6, 9]),
        ("relation to many", "ann", [1, 3, 5, 7, 9]),
        ("class of a field", "ben", [1, 4, 7, 10]),
        ("negation", "cat", [4, 6, 10]),
        ("every post", "ann", [*range(1, 11)]),
        ("nobody", "ann", []),
        ("misspelt relation", "ann", "PolarRuntimeError"),
    ],
)
def test_authorized_session_selects(ours: Answers, policy: str, user: str, rows: t.Any) -> None:
    """The sessions of ``authorized_sessionmaker`` select the rows that the policy allows."""
    assert ours[policy][user]["rows"] == rows
