"""Relations to subclasses, with and without tables of their own, back to the base class too."""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Doc(Base):
    """Leads to a plan and to a memo, which are documents, too."""

    __tablename__ = "docs"
    __mapper_args__ = {
        "polymorphic_on": "type",
        "polymorphic_identity": "doc",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    type: orm.Mapped[str]
    open: orm.Mapped[bool]
    plan_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("plans.id", use_alter=True))
    memo_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("docs.id"))
    tasks: orm.Mapped[list[Task]] = orm.relationship(
        back_populates="doc", foreign_keys="Task.doc_id"
    )
    plan: orm.Mapped[Plan | None] = orm.relationship(
        primaryjoin="foreign(Doc.plan_id) == remote(Plan.id)", post_update=True
    )
    memo: orm.Mapped[Memo | None] = orm.relationship(
        primaryjoin="foreign(Doc.memo_id) == remote(Memo.id)"
    )


class Memo(Doc):
    """Has no table of its own."""

    __mapper_args__ = {"polymorphic_identity": "memo"}
    mood: orm.Mapped[int | None] = orm.mapped_column()
    code: orm.Mapped[str | None] = orm.mapped_column("memo_code")


class Plan(Doc):
    """Has a table of its own."""

    __tablename__ = "plans"
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("docs.id"), primary_key=True)
    goal: orm.Mapped[str | None]
    code: orm.Mapped[str | None]
    lead_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("docs.id"))
    lead: orm.Mapped[Doc | None] = orm.relationship(foreign_keys=[lead_id])
    __mapper_args__ = {
        "polymorphic_identity": "plan",
        "inherit_condition": id == Doc.id,
    }


class Task(Base):
    """Belongs to a document, and to a plan."""

    __tablename__ = "tasks"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    doc_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("docs.id"))
    plan_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("plans.id"))
    doc: orm.Mapped[Doc | None] = orm.relationship(back_populates="tasks", foreign_keys=[doc_id])
    plan: orm.Mapped[Plan | None] = orm.relationship(foreign_keys=[plan_id])


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database in which ids lead to rows of the right class, and of the wrong one."""
    with open_session(Base.metadata) as session:
        for number in range(1, 13):
            kind = [Doc, Memo, Plan][number % 3]
            doc = kind(id=number, open=number % 2 == 0)
            if isinstance(doc, Plan):
                doc.goal = ["a", "b", None][number // 3 % 3]
                doc.code = ["a", None][number // 3 % 2]
            if isinstance(doc, Memo):
                doc.mood = [1, None][number // 3 % 2]
                doc.code = ["a", "b"][number // 3 % 2]
            session.add(doc)
        session.flush()
        for doc in session.scalars(sa.select(Doc)):
            doc.memo_id = [None, 1, 4, 5, 7, 2][doc.id % 6]
            doc.plan_id = [None, 2, 5, 8][doc.id % 4]
            if isinstance(doc, Plan):
                doc.lead_id = [None, 1, 2][doc.id // 3 % 3]
        for number in range(1, 20):
            plan_id = [None, 2, 5, 8, 11][number % 5]
            session.add(Task(id=number, doc_id=number % 13 or None, plan_id=plan_id))
        session.commit()
        yield session


def is_allowed(oso: Oso, row: t.Any) -> bool:
    """Ask for one row; an error is no allow."""
    try:
        return oso.is_allowed("x", "read", row)
    except OsoError:
        return False


@pytest.mark.each(3)
@pytest.mark.parametrize(
    ("cls", "body"),
    [
        (Task, 'x.plan.goal = "a"'),
        (Task, "x.plan.open and not x.plan = nil"),
        (Task, "not x.plan.open"),
        (Task, 'x.plan.goal = "a" and x.doc.open'),
        (Task, "x.doc matches Plan"),
        (Task, "not x.doc matches Memo"),
        (Task, "x.doc = x.plan"),
        (Task, "not x.doc = x.plan"),
        (Doc, 't in x.tasks and t.plan matches Plan{goal: "a"}'),
        (Doc, "t in x.tasks and p = t.plan and p matches Plan and p.open != x.open"),
        (Doc, 'x.plan.goal = "b"'),
        (Doc, "not x.plan.open"),
        (Doc, "x.memo = nil"),
        (Doc, "not x.memo = nil"),
        (Doc, "x.memo.open"),
        (Doc, "not x.memo.open"),
        (Doc, "x.memo = x"),
        (Doc, "x.plan.memo.open = x.open"),
        (Plan, "t in x.tasks and t.plan = x"),
        (Plan, "x.plan.goal != x.goal"),
        (Memo, "x.memo.open or x.plan.open"),
        (Doc, 'x matches Plan{goal: "a"}'),
        (Doc, 'x matches Plan{goal: "a", open: true}'),
        (Doc, "x matches Plan and x.lead = x.memo"),
        (Doc, "x matches Plan and not x.lead = x.plan"),
        (Doc, "x matches Plan and x.lead = x"),
        (Doc, 'x matches Plan and (x.goal = "a" or x.open)'),
        (Task, "x.doc matches Plan{lead: Plan}"),
        (Doc, 'not x matches Plan{goal: "a"}'),
        (Doc, "not x matches {goal: nil}"),
        (Doc, "x matches Memo{mood: 1} or x matches Plan{goal: nil}"),
        (Doc, "not x matches {mood: 1}"),
        (Doc, 'x.goal = "a" or x.open'),
        (Doc, 'x matches Plan and not x.goal = "a"'),
        (Doc, "x matches Plan and not x.lead = nil"),
        (Doc, "x.lead.open"),
        (Doc, "not x matches Plan{lead: Memo}"),
        (Doc, 'x matches Plan{code: "a"} or x matches Memo{code: "b"}'),
        (Task, 'x.doc matches Plan{goal: "a"}'),
        (Task, 'not x.doc matches {goal: "a"}'),
        (Task, "x.doc.mood = 1"),
        (Doc, 'forall(t in x.tasks, not t.doc matches Plan{goal: "b"})'),
        (Doc, "x matches Plan{lead: Plan{lead: nil}}"),
        (Doc, "x matches Memo{memo: Memo{mood: 1}}"),
        (Doc, "not x matches Memo{memo: Memo{mood: 1}}"),
        (Task, "x.doc matches Memo{mood: 1, memo: Memo{mood: nil}} and not x.doc.mood = 2"),
        (Task, "t in x.doc.tasks and t.doc matches Memo{mood: 1} and not x.doc matches {mood: 2}"),
        (Doc, "x matches Memo and (x.mood = nil or x.memo.open)"),
        (Doc, "x matches Memo and not (x.mood = 1 and t in x.tasks and t.plan = nil)"),
    ],
)
def test_row_of_a_hierarchy_stands_for_itself(session: orm.Session, cls: t.Any, body: str) -> None:
    """Each row stands for itself, however many are of one table."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(_, "read", x: {cls.__name__}) if {body};')

    found = sorted(row.id for row in session.scalars(oso.authorized_query("x", "read", cls)))
    other = oso.authorized_query("x", "read", orm.aliased(cls))
    related = orm.aliased(cls)
    of_other = other.join(related, sa.literal(value=True)).where(related.id == 1)

    wanted = sorted(r.id for r in session.scalars(sa.select(cls)) if is_allowed(oso, r))
    assert found == wanted
    assert sorted(row.id for row in session.scalars(other)) == wanted
    assert sorted(row.id for row in session.scalars(of_other)) == (
        wanted if session.get(cls, 1) else []
    )


@pytest.mark.parametrize(
    ("cls", "body", "where"),
    [
        (
            Doc,
            'x matches Plan{goal: "a"}',
            "docs.type = :type_1 AND (EXISTS (SELECT 1 FROM plans AS plans_1"
            " WHERE docs.id = plans_1.id AND plans_1.goal = :param_1))",
        ),
        (
            Doc,
            'not x matches Plan{goal: "a"}',
            "docs.type != :type_1 OR NOT (EXISTS (SELECT 1"
            " FROM plans AS plans_1 WHERE docs.id = plans_1.id AND plans_1.goal = :param_1))",
        ),
        (
            Task,
            'x.doc matches Plan{goal: "a"}',
            "EXISTS (SELECT 1 FROM docs JOIN plans AS plans_1 ON docs.id = plans_1.id"
            " WHERE tasks.doc_id = docs.id AND docs.type = :type_1"
            " AND plans_1.goal = :param_1)",
        ),
        (
            Doc,
            "x matches Memo{mood: 1}",
            "docs.type = :type_1 AND docs.type = :type_2 AND docs.mood = :mood_1",
        ),
        (
            Doc,
            "not x matches Memo{mood: 1}",
            "docs.type != :type_1 OR docs.type != :type_2 OR docs.mood IS DISTINCT FROM :mood_1",
        ),
    ],
    ids=["row", "negation", "related row", "same table", "same table, negation"],
)
def test_table_of_a_subclass_is_read_alone(cls: t.Any, body: str, where: str) -> None:
    """What is asked of a row as one of a subclass reads no table of its base classes again."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow("x", "read", x: {cls.__name__}) if {body};')

    query = oso.authorized_query("x", "read", cls)

    assert " ".join(str(query).split()).partition(" WHERE ")[2] == where


def test_attribute_of_several_subclasses() -> None:
    """A name that subclasses give to columns of their own is refused, whatever the rows."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str('allow(_, "read", x: Doc) if x.code = "a";')

    with pytest.raises(UnsupportedError, match="'code' is not one column or relation for all"):
        oso.authorized_query("x", "read", Doc)


class Person:
    """Who asks."""


class Owner(Person):
    """A person of a class of its own."""


OWNER = Owner()


@pytest.mark.parametrize("actor", [OWNER, weakref.proxy(OWNER)], ids=["owner", "weak proxy"])
def test_cut_in_a_rule_for_the_class_that_an_actor_claims(actor: t.Any) -> None:
    """A stand-in meets the cut that an object of its class meets, which no list can follow."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_class(Person)
    oso.register_class(Owner)
    oso.load_str(
        'allow(_: Owner, "read", _: Doc); allow(_: Owner, "read", d: Memo) if cut and d.open;'
    )

    assert not oso.is_allowed(actor, "read", Memo(id=2, open=False))
    with pytest.raises(UnsupportedError, match="`cut`"):
        oso.authorized_query(actor, "read", Doc)
