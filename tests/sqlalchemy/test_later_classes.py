"""Classes that are mapped once lists were made, as by a module that a view imports."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.answers import evaluating_nothing, may_read


class World(t.NamedTuple):
    """Mapped classes of one test, and their database."""

    User: t.Any
    Doc: t.Any
    Memo: t.Any
    session: orm.Session


@pytest.fixture
def world() -> Iterator[World]:
    """Map classes, and add a row of each."""
    registry = orm.registry()

    Base: t.Any = registry.generate_base()

    class User(Base):
        __tablename__ = "users"
        id = orm.mapped_column(sa.Integer, primary_key=True)

    class Doc(Base):
        __tablename__ = "docs"
        id = orm.mapped_column(sa.Integer, primary_key=True)
        kind = orm.mapped_column(sa.String(9))
        owner_id = orm.mapped_column(sa.ForeignKey("users.id"))
        parent_id = orm.mapped_column(sa.ForeignKey("docs.id"))
        owner = orm.relationship(User)
        parent = orm.relationship("Doc", remote_side=[id])
        __mapper_args__: t.ClassVar[t.Any] = {
            "polymorphic_on": "kind",
            "polymorphic_identity": "doc",
        }

        def is_short(self) -> bool:
            """Tell whether it is one of the first."""
            return bool(self.id < 9)

    class Memo(Doc):
        __mapper_args__: t.ClassVar[t.Any] = {"polymorphic_identity": "memo"}

    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    registry.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([User(id=1), Doc(id=1, owner_id=1), Memo(id=2, owner_id=1)])
        session.add(Doc(id=3, parent_id=2))
        session.flush()
        yield World(User, Doc, Memo, session)
    engine.dispose()
    registry.dispose()


def compare(oso: Oso, world: World) -> list[int]:
    """List documents, after checking each."""
    session = world.session
    user, docs = session.get(world.User, 1), session.scalars(sa.select(world.Doc)).all()
    listed = session.scalars(oso.authorized_query(user, "read", world.Doc))
    found = sorted(doc.id for doc in listed)
    columns = oso.action_columns(user, world.Doc, ["read"])
    shown = session.execute(sa.select(world.Doc.id, *columns.values()))
    assert sorted(number for number, is_allowed in shown if is_allowed) == found
    assert found == sorted(doc.id for doc in docs if may_read(oso, user, doc))
    return found


def map_later(world: World) -> None:
    """Map a class that derives from memos, and add rows."""

    class Letter(world.Memo):  # type: ignore[name-defined]
        """Says for itself what is short."""

        __mapper_args__: t.ClassVar[t.Any] = {"polymorphic_identity": "letter"}

        def is_short(self) -> bool:
            """Tell that it is not."""
            return False

    world.session.add(Letter(id=4, owner_id=1))
    world.session.add(world.Doc(id=5, parent_id=4))
    world.session.flush()


@pytest.mark.parametrize(
    ("policy", "before", "after"),
    [
        ('allow(u: User, "read", d: Doc) if d.owner = u and not d matches Memo;', [1], [1]),
        ('allow(u: User, "read", d: Memo) if d.owner = u;', [2], [2, 4]),
        ('allow(_: User, "read", d: Doc) if d.parent matches Memo;', [3], [3, 5]),
        ('allow(_: User, "read", d: Doc) if not d.parent matches Memo;', [1, 2], [1, 2, 4]),
        ('allow(u: User, "read", d: Doc) if d.owner = u or not is_memo(d);'
         " is_memo(_: Memo);", [1, 2, 3], [1, 2, 3, 4, 5]),
    ],
)  # fmt: skip
def test_lists_know_classes_that_are_mapped_later(
    world: World, policy: str, before: list[int], after: list[int]
) -> None:
    """What was prepared for the classes that there were does not count any more."""
    oso = Oso()
    register_models(oso, [world.User, world.Doc, world.Memo])
    oso.load_str(policy)

    assert [compare(oso, world) for _ in range(2)] == [before] * 2
    map_later(world)

    assert [compare(oso, world) for _ in range(2)] == [after] * 2


def test_method_that_a_later_class_replaces_is_refused(world: World) -> None:
    """A list took the method of the class that it knew for that of each row."""
    oso = Oso()
    register_models(oso, [world.User, world.Doc, world.Memo])
    oso.load_str('allow(_: User, "read", d: Doc) if d.is_short();')
    user = world.session.get(world.User, 1)

    assert compare(oso, world) == [1, 2, 3]
    map_later(world)

    with pytest.raises(UnsupportedError, match="is_short"):
        oso.authorized_query(user, "read", world.Doc)


def test_prepared_lists_stay_while_no_class_is_mapped(world: World) -> None:
    """They are made once."""
    oso = Oso()
    register_models(oso, [world.User, world.Doc, world.Memo])
    oso.load_str('allow(u: User, "read", d: Doc) if d.owner = u and not d matches Memo;')
    compare(oso, world)

    with evaluating_nothing(oso):
        assert compare(oso, world) == [1]
