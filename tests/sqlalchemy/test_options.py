"""Options and listeners of a caller: they narrow what the caller selects, and no policy."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.models import documents
from tests.support.models.links import link_table


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


post_tags = link_table(Base, "post_tags", post_id="posts.id", tag_id="tags.id")


class User(Base):
    """Somebody who asks."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    bans: orm.Mapped[list[Ban]] = orm.relationship()


class Tag(Base):
    """A word; some are special, in the same table."""

    __tablename__ = "tags"
    __mapper_args__ = {
        "polymorphic_on": "kind",
        "polymorphic_identity": "tag",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    name: orm.Mapped[str]


class Label(Tag):
    """A tag in the table of tags."""

    __mapper_args__ = {"polymorphic_identity": "label"}


class Folder(Base):
    """Lies in another folder."""

    __tablename__ = "folders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    closed: orm.Mapped[bool] = orm.mapped_column(default=False)
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    parent: orm.Mapped[Folder | None] = orm.relationship(remote_side=[id])
    posts: orm.Mapped[list[Post]] = orm.relationship(back_populates="folder")


class Post(Base):
    """What is listed."""

    __tablename__ = "posts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    folder_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    folder: orm.Mapped[Folder | None] = orm.relationship(back_populates="posts")
    tags: orm.Mapped[list[Tag]] = orm.relationship(secondary=post_tags)
    labels: orm.Mapped[list[Label]] = orm.relationship(secondary=post_tags, viewonly=True)
    remarks: orm.Mapped[list[Remark]] = orm.relationship()
    bans: orm.Mapped[list[Ban]] = orm.relationship()

    @hybrid_property
    def ban_count(self) -> int:
        """How many users may not see it."""
        return len(self.bans)

    @ban_count.inplace.expression
    @classmethod
    def _ban_count(cls) -> sa.ColumnElement[int]:
        counted = sa.select(sa.func.count(Ban.id)).where(Ban.post_id == cls.id)
        return counted.scalar_subquery()


class Ban(Base):
    """Keeps a user from a post."""

    __tablename__ = "bans"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    post_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("posts.id"))


class Remark(Base):
    """Stands on a post."""

    __tablename__ = "remarks"
    __mapper_args__ = {
        "polymorphic_on": "kind",
        "polymorphic_identity": "remark",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    bad: orm.Mapped[bool] = orm.mapped_column(default=False)
    post_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("posts.id"))


class Review(Remark):
    """A remark with a table of its own."""

    __tablename__ = "reviews"
    __mapper_args__ = {"polymorphic_identity": "review"}
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("remarks.id"), primary_key=True)
    stars: orm.Mapped[int]


# What is computed of other rows, as the documentation of SQLAlchemy has it.
Folder.post_count = orm.column_property(
    sa.select(sa.func.count(Post.id))
    .where(Post.folder_id == Folder.id)
    .correlate_except(Post)
    .scalar_subquery()
)

RULES = {
    "to many, by a table between": 'not (t in p.tags and t.name = "secret")',
    "forall": 'forall(t in p.tags, t.name != "secret")',
    "of a subclass": 'not (l in p.labels and l.name = "dark")',
    "as a subclass": 'not (t in p.tags and t matches Label and t.name = "dark")',
    "joined inheritance": "not (r in p.remarks and r matches Review and r.stars = 1)",
    "base of joined inheritance": "forall(r in p.remarks, not r.bad)",
    "to one": "(p.folder = nil or not p.folder.closed)",
    "of an object": "not (b in u.bans and b.post_id = p.id)",
    "list of members": "not (b in p.bans and b.user_id = u.id)",
    "recursion": "not closed(p.folder)",
    "of the same table": "(p.folder = nil or not (o in p.folder.posts and o != p and _ in o.bans))",
    "column property": "p.folder != nil and p.folder.post_count = 1",
    "hybrid": "p.ban_count = 0",
}
HIDDEN: dict[type, Callable[[t.Any], t.Any]] = {
    Tag: lambda cls: cls.name == "",
    Label: lambda cls: cls.name == "",
    Folder: lambda cls: cls.closed.is_(None),
    Ban: lambda cls: cls.id < 0,
    Remark: lambda cls: cls.id < 0,
    Review: lambda cls: cls.stars > 5,
}


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    """Open a database in which each rule keeps some posts from the user."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        user, other = User(id=1), User(id=2)
        top = Folder(closed=True)
        folder = Folder(parent=top)
        session.add_all(
            [
                user, other, Post(), Post(tags=[Tag(name="secret")]), Post(folder=Folder()),
                Post(tags=[Label(name="dark"), Tag(name="fine")]), Post(folder=folder),
                Post(folder=top, bans=[Ban(user_id=1)]), Post(folder=top),
                Post(remarks=[Review(stars=1), Remark()]), Post(remarks=[Remark(bad=True)]),
                Post(tags=[Tag(name="dark")], bans=[Ban(user_id=2)]), Post(folder=folder),
            ]
        )  # fmt: skip
        session.commit()
    yield engine
    engine.dispose()


def listed(oso: Oso, session: orm.Session, *options: t.Any) -> list[int]:
    """List the keys of posts."""
    query = oso.authorized_query(session.get_one(User, 1), "read", Post).options(*options)
    return sorted(post.id for post in session.scalars(query))


def make_oso(rule: str) -> Oso:
    """Make an Oso with a rule about posts."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(
        f'allow(u: User, "read", p: Post) if p.id != u.id + 1000 and {rule};'
        "closed(f: Folder) if f.closed; closed(f: Folder) if closed(f.parent);"
    )
    return oso


def criteria(**keywords: t.Any) -> list[t.Any]:
    """Make options that hide all rows of each related class."""
    return [orm.with_loader_criteria(cls, test, **keywords) for cls, test in HIDDEN.items()]


def allowed(oso: Oso, engine: sa.Engine) -> list[int]:
    """Check all posts, row by row."""
    with orm.Session(engine) as session:
        user = session.get_one(User, 1)
        posts = session.scalars(sa.select(Post))
        return sorted(post.id for post in posts if oso.is_allowed(user, "read", post))


@pytest.mark.parametrize(
    "keywords", [{}, {"include_aliases": True}, {"propagate_to_loaders": False}]
)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_options_do_not_reach_a_policy(
    engine: sa.Engine, rule: str, keywords: dict[str, t.Any]
) -> None:
    """Rows that an option hides count in a policy all the same."""
    oso = make_oso(rule)
    expected = allowed(oso, engine)

    with orm.Session(engine) as session:
        found = listed(oso, session, *criteria(**keywords))

    assert found == expected
    assert 0 < len(found) < 11


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_listeners_do_not_reach_a_policy(engine: sa.Engine, rule: str) -> None:
    """Rows that a listener hides from every statement count in a policy all the same."""
    oso = make_oso(rule)
    expected = allowed(oso, engine)

    with orm.Session(engine) as session:
        # What is loaded under the listener has its options: a check reads less of it, too.
        user = session.get_one(User, 1)

        @event.listens_for(session, "do_orm_execute")
        def hide(state: orm.ORMExecuteState) -> None:
            state.statement = state.statement.options(*criteria(include_aliases=True))

        query = oso.authorized_query(user, "read", Post)
        found = sorted(post.id for post in session.scalars(query))

    assert found == expected


def test_actor_that_was_loaded_under_a_listener(engine: sa.Engine) -> None:
    """Relations of such an actor are what a check finds there."""
    oso = make_oso(RULES["of an object"])

    with orm.Session(engine) as session:

        @event.listens_for(session, "do_orm_execute")
        def hide(state: orm.ORMExecuteState) -> None:
            state.statement = state.statement.options(*criteria(include_aliases=True))

        user = session.get_one(User, 1)
        found = set(session.scalars(oso.authorized_query(user, "read", Post)))
        posts = session.scalars(sa.select(Post))

        assert found == {post for post in posts if oso.is_allowed(user, "read", post)}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_options_do_not_reach_columns(engine: sa.Engine, rule: str) -> None:
    """An option that hides rows does not reach columns that say what is allowed."""
    oso = make_oso(rule)
    expected = allowed(oso, engine)

    with orm.Session(engine) as session:
        column = oso.action_columns(session.get_one(User, 1), Post, ["read"])["read"]
        query = sa.select(Post, column).options(*criteria(include_aliases=True))
        found = sorted(post.id for post, is_allowed in session.execute(query) if is_allowed)

    assert found == expected


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_options_do_not_reach_a_policy_on_an_alias(engine: sa.Engine, rule: str) -> None:
    """An option that hides rows does not reach the policy in a list of an alias."""
    oso = make_oso(rule)
    expected = allowed(oso, engine)

    with orm.Session(engine) as session:
        alias = orm.aliased(Post)
        query = oso.authorized_query(session.get_one(User, 1), "read", alias)
        options = criteria(include_aliases=True)
        found = sorted(post.id for post in session.scalars(query.options(*options)))

    assert found == expected


def test_options_narrow_the_list_itself(engine: sa.Engine) -> None:
    """A criterion of the listed class stays what it is: a condition on the list."""
    oso = make_oso("true")

    with orm.Session(engine) as session:
        found = listed(oso, session, orm.with_loader_criteria(Post, Post.id < 3))

    assert found == [1, 2]


def test_rows_of_a_subclass_are_told_from_others(engine: sa.Engine) -> None:
    """A relation to a class in the table of another leads to its rows only."""
    oso = make_oso('l in p.labels and l.name = "dark"')

    with orm.Session(engine) as session:
        found = listed(oso, session)

    assert found == allowed(oso, engine)
    assert len(found) == 1


@pytest.mark.parametrize(
    "condition",
    [
        *("d.open", "d.score < 1.5", "d.price < 1", "d.rank mod 2 = 1", 'd.title = "a"'),
        *('d.title < "b"', 'd.title.startswith("a")', 'd.title.find("a") = 0'),
    ],
)
def test_condition_that_was_compiled_is_adapted(condition: str) -> None:
    """A condition is adapted to an alias, also when a statement had it before."""
    oso = documents.make_oso(f'allow(_, "read", d: Doc) if {condition};')
    clause = oso.authorized_query(None, "read", documents.Doc).whereclause
    dialect = sqlite.dialect()
    sa.select(documents.Doc).where(clause).compile(dialect=dialect)
    docs = documents.Folder.docs.of_type(orm.aliased(documents.Doc))
    only = orm.with_loader_criteria(documents.Doc, clause, include_aliases=True)

    joined = sa.select(documents.Folder.id).join(docs).options(only).compile(dialect=dialect)

    assert "docs." not in str(joined)
