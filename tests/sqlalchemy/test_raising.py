"""A list raises where every check of a row does, and nowhere else."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import PolarRuntimeError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """Of the models here."""


class Org(Base):
    """Has a plan."""

    __tablename__ = "orgs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    plan: orm.Mapped[str]


class User(Base):
    """May be in an organization."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()
    company: orm.Mapped[Org | None] = orm.synonym("org")

    @property
    def mood(self) -> str:
        """Fail, in a way of its own."""
        raise KeyError("mood")

    def ask(self) -> int:
        """Fail as well."""
        raise ValueError("asked")


class Doc(Base):
    """Is listed."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    public: orm.Mapped[bool]
    plan: orm.Mapped[str]
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()

    @property
    def org_plan(self) -> str:
        """Fail where there is no organization."""
        return self.org.plan


class Guest:
    """No row, and in no organization."""

    id = 1
    org = company = None

    @property
    def mood(self) -> str:
        """Fail, in a way of its own."""
        raise KeyError("mood")

    def ask(self) -> int:
        """Fail as well."""
        raise ValueError("asked")


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database of documents of each kind."""
    kinds = itertools.product((True, False), ("pro", "free"), (None, 1))
    with open_session(Base.metadata) as session:
        session.add_all([Org(id=1, plan="pro"), User(id=1), User(id=2, org_id=1)])
        session.add_all(
            Doc(id=number, public=public, plan=plan, org_id=org)
            for number, (public, plan, org) in enumerate(kinds)
        )
        session.commit()
        yield session


#: Rules that raise for an actor without an organization, and rules that do not.
RULES = [
    "d.public",
    "u.id = 1 and d.public",
    "d.plan = u.org.plan",
    "not u.company.plan = d.plan",
    "d.org.plan = u.org.plan",
    "d.public and d.plan = u.org.plan",
    "u.ask() = d.id",
    'd.plan = "pro" and u.mood = d.plan',
    'x in [u.org.plan, "free"] and d.plan = x',
    'forall(x in ["pro"], x = u.mood or d.public)',
    "helped(u, d)",
]
HELP = """
helped(u, d) if d.public and u.id = 1;
helped(u, d) if u.ask() = d.id;
"""


def make_oso(*bodies: str) -> Oso:
    """Make an Oso with rules in this order."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_class(Guest)
    rules = (
        f'allow({"u" if "u" in b.replace("public", "") else "_"}, "read", d: Doc) if {b};'
        for b in bodies
    )
    oso.load_str("\n".join(rules) + HELP)
    return oso


def get_actors(session: orm.Session) -> list[t.Any]:
    """Give a user without an organization, one with it, and two who are no rows."""
    return [session.get(User, 1), session.get(User, 2), Guest(), None]


def checked(oso: Oso, actor: t.Any, session: orm.Session) -> list[int] | None:
    """Give the documents that checks allow; nothing if each check raises."""
    answers = {doc.id: answer(oso, actor, doc) for doc in session.scalars(sa.select(Doc))}
    if set(answers.values()) == {None}:
        return None
    return sorted(number for number, is_allowed in answers.items() if is_allowed)


def answer(oso: Oso, actor: t.Any, doc: Doc) -> bool | None:
    """Check a document; nothing comes of a check that raises."""
    try:
        return oso.is_allowed(actor, "read", doc)
    except (OsoError, KeyError, ValueError):
        return None


def listed(oso: Oso, actor: t.Any, session: orm.Session) -> list[int] | None:
    """Give the documents in a list; nothing if it raises."""
    try:
        return sorted(doc.id for doc in session.scalars(oso.authorized_query(actor, "read", Doc)))
    except (OsoError, KeyError, ValueError):
        return None


@pytest.mark.parametrize("second", RULES)
@pytest.mark.parametrize("first", RULES)
def test_rules_in_each_order(session: orm.Session, first: str, second: str) -> None:
    """A rule that raises for the actor leaves the rows that a rule before it allows."""
    oso = make_oso(first, second)
    actors = get_actors(session)

    lists = [listed(oso, actor, session) for actor in actors]

    assert lists == [checked(oso, actor, session) for actor in actors]


@pytest.mark.parametrize(
    ("actor", "doc", "body"),
    [
        ("_", 'Doc{org_plan: "free"}', ""),
        ("_", "Doc{org_plan: 1}", ""),
        ("_", '{org_plan: "pro"}', "if 1 = 2"),
        ("_: {mood: 1}", "Doc", ""),
        ("_: {org: {plan: 1}}", "Doc", ""),
        ("_: User{org: Org, mood: 1}", "Doc", ""),
        ("_: {mood: 1}", "Org", ""),
        ("_: Guest{mood: 1}", "Org{plan: 1}", "if 1 = 2"),
    ],
)
def test_head_of_a_later_rule(session: orm.Session, actor: str, doc: str, body: str) -> None:
    """A head that raises denies what rules before it allow: all are matched before one is tried."""
    oso = make_oso("d.public")
    oso.load_str(
        f"""
        allow(_: User, "read", d: Doc) if d.public;
        allow(_: Guest, "read", d: Doc) if d.public;
        allow({actor}, "read", _: {doc}) {body};
        """,
        replace=True,
    )
    actors = get_actors(session)

    lists = [listed(oso, each, session) for each in actors]

    assert lists == [checked(oso, each, session) for each in actors]


@pytest.mark.parametrize("body", ["not told(u, d)", "told(u, d) or d.public"])
@pytest.mark.parametrize("rules", ["", 'told(_, d: Doc) if d.plan = "pro";'])
def test_head_about_another_class(session: orm.Session, body: str, rules: str) -> None:
    """A head may raise before it comes to the class of the row."""
    oso = make_oso("d.public")
    heads = f"told(_: {{mood: 1}}, _: Org); told(_: {{mood: 2}}, _: Org); {rules}"
    oso.load_str(f'allow(u, "read", d: Doc) if {body}; {heads}', replace=True)
    actors = get_actors(session)

    lists = [listed(oso, each, session) for each in actors]

    assert lists == [checked(oso, each, session) for each in actors]


@pytest.mark.parametrize("body", RULES)
@pytest.mark.parametrize(
    "joined", ["{} or d.public", "d.public or {}", "not ({})", "{} and d.public"]
)
def test_alternatives_and_negations(session: orm.Session, joined: str, body: str) -> None:
    """A list has the rows of the checks where a condition under `or`, `and` or `not` raises."""
    oso = make_oso(joined.format(f"({body})"))
    actors = get_actors(session)

    lists = [listed(oso, actor, session) for actor in actors]

    assert lists == [checked(oso, actor, session) for actor in actors]


@pytest.mark.parametrize(
    ("rules", "body"),
    [
        ("of(u, n) if n := u.id;", "of(u, n) and n = d.id"),
        ("of(u, {id: n}) if n := u.id;", "of(u, {id: n}) and n = d.id"),
        ("any(_n) if 1 = 1;", "any(n) and n := u.id and n = d.id"),
        ("", "n = m and m := u.id and n = d.id"),
        ("", "n := m and m := u.id and n = d.id"),
        ("", "n in [m] and m := u.id and n = d.id"),
        ("", "[n] = [m] and n := u.id and m = d.id"),
    ],
)
def test_assignment_to_an_argument(session: orm.Session, rules: str, body: str) -> None:
    """A variable that was passed on, or made equal to another one, is not assigned to."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(u, "read", d: Doc) if {body}; {rules}')
    user = session.get(User, 1)

    assert (listed(oso, user, session), checked(oso, user, session)) == (None, None)


@pytest.mark.parametrize(
    ("rules", "body"),
    [
        ("of(m, n) if o := n and m = o;", "of(m, d.id) and m = u.id"),
        ("of([m], u) if m := u.id;", "of(n, u) and n = [d.id]"),
        ("", "n = [m] and m := u.id and n = [d.id]"),
    ],
)
def test_assignment_to_a_variable(session: orm.Session, rules: str, body: str) -> None:
    """A list follows what is assigned to a variable that nothing else is equal to."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(u, "read", d: Doc) if {body}; {rules}')

    assert listed(oso, session.get(User, 1), session) == [1]


def test_error_is_that_of_checks(session: orm.Session) -> None:
    """What a list raises has its place in the policy."""
    oso = make_oso("d.plan = u.org.plan")

    with pytest.raises(PolarRuntimeError) as caught:
        oso.authorized_query(session.get(User, 1), "read", Doc)

    assert "'NoneType' object has no attribute 'plan' at line 1, column 38" in str(caught.value)


def test_columns_beside_an_action_that_raises(session: orm.Session) -> None:
    """An action whose rule raises for some rows has a column for the others."""
    oso = make_oso("d.public", "d.plan = u.org.plan")
    columns = oso.action_columns(session.get(User, 1), Doc, ["read"])

    found = session.execute(sa.select(Doc.public, columns["read"])).all()

    assert {(public, bool(is_allowed)) for public, is_allowed in found} == {
        (True, True),
        (False, False),
    }
