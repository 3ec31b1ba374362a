"""Properties, hybrids and proxies of rows that give what is stored: one function answers."""

from __future__ import annotations

import datetime
import enum
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.row_keys import RowKeys
from tests.support.answers import specialized
from tests.support.models.gallery import counted


class State(enum.Enum):
    """The state of a record."""

    DRAFT = 1
    SIGNED = 2
    LOCKED = 3


class Told(enum.Enum):
    """Says itself what it equals."""

    YES = 1

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = enum.Enum.__hash__


class Base(orm.DeclarativeBase):
    """The base of these classes."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class SoftDelete:
    """What may be deleted and kept."""

    deleted_at: orm.Mapped[datetime.datetime | None]

    @hybrid_property
    def gone(self) -> bool:
        """Whether it is deleted."""
        return self.deleted_at != None  # noqa: E711


class Skill(Base):
    """What staff know."""

    __tablename__ = "skills"
    staff_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("staff.id"))
    name: orm.Mapped[str]


class Staff(SoftDelete, Base):
    """Who works here."""

    __tablename__ = "staff"
    level: orm.Mapped[int | None]
    boss_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("staff.id"))
    reports: orm.Mapped[list[Staff]] = orm.relationship()
    skills: orm.Mapped[list[Skill]] = orm.relationship()
    skill_names: AssociationProxy[list[str]] = association_proxy("skills", "name")

    @property
    def is_senior(self) -> bool:
        """Whether the level is high."""
        return self.level is not None and self.level > 3


class Record(SoftDelete, Base):
    """What is written down."""

    __tablename__ = "records"
    state: orm.Mapped[State]
    used: orm.Mapped[int]
    limit: orm.Mapped[int]
    told: orm.Mapped[Told | None]
    kind: orm.Mapped[str]
    author_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("staff.id"))
    author: orm.Mapped[Staff | None] = orm.relationship()

    @property
    def is_final(self) -> bool:
        """Whether it stays as it is."""
        return self.state == State.SIGNED or self.state == State.LOCKED

    @property
    def left(self) -> int:
        """What is left."""
        return self.limit - self.used

    @property
    def is_told(self) -> bool:
        """Ask a member with an equality of its own."""
        return self.told == Told.YES

    @property
    def is_mine(self) -> bool:
        """Read a relation."""
        return self.author is None

    @property
    def is_odd(self) -> bool:
        """Call something."""
        return len(self.kind) % 2 == 1

    @property
    def shown(self) -> str:
        """Look at the row of a row."""
        return self.author.id  # type: ignore[return-value]


#: What an 'allow(u: Staff, "read", r: Record)' asks.
CONDITIONS = {
    "property": "r.is_final",
    "not": "not r.is_final",
    "sum": "r.left > 1",
    "hybrid": "not r.gone and not u.gone",
    "of the actor": "u.is_senior",
    "of a related row": "r.author matches Staff and r.author.is_senior",
    "proxy": "r.kind in u.skill_names",
    "text in a proxy": '"icu" in u.skill_names',
    "not in a proxy": "not r.kind in u.skill_names",
    "proxy of a related row": "r.author matches Staff and r.kind in r.author.skill_names",
    "each of a proxy": 'n in u.skill_names and n = r.kind and n.startswith("i")',
    "in a tree": "has_senior(u)",
    "found in a tree": "level_of_senior(u, n) and n > 3",
    "forall": 'forall(n in u.skill_names, n != "psych")',
}
TREE = """
has_senior(s: Staff) if s.is_senior;
has_senior(s: Staff) if x in s.reports and has_senior(x);
level_of_senior(s: Staff, n) if s.is_senior and n = s.level;
level_of_senior(s: Staff, n) if x in s.reports and level_of_senior(x, n);
"""


def make_oso(condition: str, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    register_models(oso, Base)
    oso.load_str(f'allow(u: Staff, "read", r: Record) if u = u and r = r and {condition}; {TREE}')
    return oso


@pytest.fixture
def session(sqlite: sa.Engine) -> Iterator[orm.Session]:
    """Open a database with staff and records."""
    Base.metadata.create_all(sqlite)
    then = datetime.datetime(2026, 1, 1)
    with orm.Session(sqlite, expire_on_commit=False) as session:
        session.add_all([Staff(id=1, level=5), Staff(id=2, level=1, deleted_at=then)])
        session.add_all([Staff(id=3, boss_id=2), Staff(id=4, boss_id=3, level=4)])
        session.add(Staff(id=5, level=1))
        session.add_all([Skill(staff_id=1, name="icu"), Skill(staff_id=1, name="psych")])
        session.add_all([Skill(staff_id=2, name="icu")])
        for number, state in enumerate(State, start=1):
            session.add(
                Record(
                    id=number,
                    state=state,
                    used=number,
                    limit=4,
                    kind="icu" if number < 3 else "x",
                    author_id=number if number < 3 else None,
                    deleted_at=then if number == 1 else None,
                )
            )
        session.commit()
        yield session


def people_and_records(session: orm.Session) -> list[tuple[Staff, Record]]:
    """Load all that the policies here read."""
    loads = orm.selectinload(Staff.skills), orm.selectinload(Staff.reports)
    staff = session.scalars(sa.select(Staff).options(*loads)).all()
    records = session.scalars(sa.select(Record).options(orm.joinedload(Record.author))).all()
    return [(one, record) for one in staff for record in records]


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_one_function_answers_as_the_solver(session: orm.Session, name: str) -> None:
    """Where all is loaded, a specialization reads the attribute, and gives the solver's answer."""
    oso, solver = make_oso(CONDITIONS[name]), make_oso(CONDITIONS[name], compiled=False)
    asked = people_and_records(session)
    # Their classes are learnt.
    assert [oso.is_allowed(staff, "read", record) for staff, record in asked]

    answers = [specialized(oso.engine, staff, "read", record) for staff, record in asked]

    assert answers == [solver.is_allowed(staff, "read", record) for staff, record in asked]


@pytest.mark.each(3)
@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_rows_that_are_not_loaded_get_the_same_answer(session: orm.Session, name: str) -> None:
    """What is expired is read by the rules, which agree with the solver."""
    oso, solver = make_oso(CONDITIONS[name]), make_oso(CONDITIONS[name], compiled=False)
    asked = people_and_records(session)
    answers = []
    for each in (oso, solver):
        session.expire_all()
        answers.append([each.is_allowed(staff, "read", record) for staff, record in asked])

    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("owner", "name", "rule"),
    [
        (Record, "is_final", "property"),
        (SoftDelete, "gone", "hybrid"),
        (Staff, "gone", "hybrid"),
        (Staff, "is_senior", "in a tree"),
        (Staff, "is_senior", "found in a tree"),
        (Staff, "level", "found in a tree"),
        (Staff, "skill_names", "text in a proxy"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_an_attribute_that_is_replaced_is_heard_at_once(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, rule: str
) -> None:
    """A property that is put in its place, or on a class below, is asked by the next question.

    Functions of rules that call themselves hear it, too.
    """
    oso, solver = make_oso(CONDITIONS[rule]), make_oso(CONDITIONS[rule], compiled=False)
    asked = people_and_records(session)
    before = [oso.is_allowed(staff, "read", record) for staff, record in asked]
    other = {"skill_names": ["icu"], "is_senior": False, "level": 9}.get(name, True)
    monkeypatch.setattr(owner, name, property(lambda self: other), raising=False)

    answers = [oso.is_allowed(staff, "read", record) for staff, record in asked]

    assert answers == [solver.is_allowed(staff, "read", record) for staff, record in asked]
    assert answers != before


def test_a_constant_of_the_module_that_is_replaced_is_heard_at_once(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function of the property is called, and not copied."""
    oso = make_oso(CONDITIONS["property"])
    staff, record = people_and_records(session)[0]
    before = oso.is_allowed(staff, "read", record)
    monkeypatch.setitem(globals(), "State", t.cast(t.Any, enum.Enum("State", {"SIGNED": 1})))
    monkeypatch.setattr(State, "LOCKED", record.state, raising=False)

    assert before is False
    assert oso.is_allowed(staff, "read", record) is True


@pytest.mark.parametrize("name", ["is_told", "is_mine", "is_odd", "shown", "state", "nothing"])
def test_what_does_more_is_no_calculation(name: str) -> None:
    """A property that calls something, asks an equality of its own or reads a relation."""
    assert RowKeys().calculation(Record, name) is None


def test_a_calculation_has_its_columns() -> None:
    """The columns are those that the function reads."""
    found = RowKeys().calculation(Record, "left")

    assert found is not None
    assert sorted(found.columns) == ["limit", "used"]


def test_moments_meet_only_what_asks_no_zone() -> None:
    """A moment may be compared with nil, and not with another moment."""
    hybrid, total = (RowKeys().calculation(Record, name) for name in ("gone", "left"))

    assert hybrid is not None
    assert total is not None
    assert datetime.datetime in hybrid.kinds
    assert datetime.datetime not in total.kinds


@pytest.mark.parametrize(
    ("condition", "most"),
    [
        ('r.author matches Staff and "icu" in r.author.skill_names', 5),
        ("r matches Record{author: u}", 0),
        ("r matches Record{author: Staff{level: 2}}", 5),
        ("r matches Record{author: {skills: []}}", 5),
    ],
    ids=["proxy", "row in a pattern", "pattern in a pattern", "list in a pattern"],
)
def test_many_rows_are_loaded_at_once(
    session: orm.Session, sqlite: sa.Engine, condition: str, most: int
) -> None:
    """What a proxy leads to, and relations in patterns, take no statement for each row."""
    session.add_all(Staff(id=n, level=2) for n in range(10, 30))
    session.flush()
    for n in range(10, 30):
        made = {"state": State.DRAFT, "used": 1, "limit": 2, "kind": "x"}
        session.add(Record(id=n, author_id=n, **made))
    session.commit()
    session.expunge_all()
    oso = make_oso(condition)
    user = session.get_one(Staff, 12)
    records = session.scalars(sa.select(Record).where(Record.id >= 10)).all()

    with counted(sqlite) as statements:
        found = oso.filter(user, "read", records)

    assert found == [each for each in records if oso.is_allowed(user, "read", each)]
    assert len(statements) <= most
