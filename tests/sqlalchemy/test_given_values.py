"""Values that stand in a statement as parameters: new ones need no search, and no translation."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import itertools
import random
import typing as t
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.polar.residual import templates
from flask_oso.polar.residual.attributes.given_values import made_of
from flask_oso.polar.residual.evaluator import PartialEvaluator
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.statements.kept_clauses import KeptClause
from tests.support.databases import open_session
from tests.support.models import documents
from tests.support.models.documents import Doc, Status, User, make_oso
from tests.support.sizes import each_of


class Word(str):
    """A text of a class of its own."""

    __slots__ = ()


class Folded(str):
    """A text that equals others whatever their case."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    __hash__ = str.__hash__


class Desk:
    """Gives a value, and a list, which may be others each time."""

    def __init__(self) -> None:
        self.value: t.Any = None
        self.values: t.Callable[[], t.Any] = list

    def one(self) -> t.Any:
        """Give the value."""
        return self.value

    def many(self) -> t.Any:
        """Give the list."""
        return self.values()


DESK = Desk()
NOON = datetime.datetime(2024, 5, 1, 12)
#: Values of every kind, of which each comes after each other one.
VALUES = [
    None, True, False, 0, 1, -3, 40_000, 2**40, 2**63, 1.0, 0.5, float("inf"), float("nan"),
    decimal.Decimal("1.50"), decimal.Decimal("1.505"), decimal.Decimal("NaN"), "", "a", "A", "ab",
    "\u00e4", "a\0", "\ud800", "1", Word("a"), Folded("a"), Status.DRAFT, "draft",
    NOON.date(), NOON, NOON.replace(tzinfo=datetime.UTC), NOON.time(), uuid.UUID(int=1), b"a",
    [], [1], (1,), {"a": 1}, object(),
]  # fmt: skip
#: Collections of every kind.
LISTS: list[t.Callable[[], t.Any]] = [
    list, lambda: [1], lambda: [1, 2], lambda: [3, 1, 2, 1], lambda: (1, 4), lambda: {2, 3},
    lambda: [1.0, 2], lambda: [None], lambda: [None, 1], lambda: [True, 1], lambda: ["a", "ab"],
    lambda: ["a", 1, None], lambda: [Word("a"), "b"], lambda: [Folded("a")], lambda: [[1]],
    lambda: [Status.DRAFT, None], lambda: [2**70, 1], lambda: [40_000, 1, 2**40],
    lambda: ["a\0", "a"], lambda: [decimal.Decimal("1.50"), 1], lambda: [float("nan"), 0.5],
    lambda: [NOON.date(), NOON], lambda: [uuid.UUID(int=1)], lambda: iter([1, 2]), lambda: "ab",
    lambda: {"a": 1}, lambda: None, lambda: 1, lambda: [object()],
]  # fmt: skip
CONDITIONS = [
    *(
        template.replace("?", column)
        for column in ("rank", "size", "score", "price", "title", "due", "status", "sort", "flag")
        for template in (
            "d.? = DESK.one()",
            "not d.? = DESK.one()",
            "d.? < DESK.one()",
            "d.? in DESK.many()",
            "not d.? in DESK.many()",
        )
    ),
    "d.title.startswith(DESK.one())",
    "not d.title.lower().endswith(DESK.one())",
    "DESK.one() in d.title",
    "not d.title in DESK.one()",
    "DESK.one().startswith(d.title)",
    "not DESK.one().endswith(d.title)",
    "not DESK.one() in d.title.upper()",
    "d.rank + DESK.one() > 3",
    "DESK.one() * d.size <= 40000",
    "not d.size - DESK.one() < d.rank",
    "d.rank * 2 + DESK.one() = 1",
    "d.size mod DESK.one() = 1",
    "not (d.size - 3) rem DESK.one() = 1",
    "(d.rank * d.size) mod DESK.one() = d.rank",
    "d.rank in DESK.many() or d.size = DESK.one()",
    "x in DESK.many() and d.rank = x",
]


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database of documents."""
    with documents.open_documents() as session:
        yield session


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what is searched and translated for statements."""
    found: list[str] = []
    for cls, name in ((PartialEvaluator, "residual"), (KeptClause, "__init__")):
        monkeypatch.setattr(cls, name, noting(getattr(cls, name), found))
    return found


def noting(original: t.Any, found: list[str]) -> t.Any:
    """Give a function that notes each call."""

    def call(*args: t.Any, **options: t.Any) -> t.Any:
        found.append(original.__qualname__)
        return original(*args, **options)

    return call


def oso_with(condition: str) -> Oso:
    """Give a policy that asks the desk."""
    oso = make_oso("allow(_, _, _: Doc) if 1 = 2;")
    oso.register_constant(DESK, "DESK")
    oso.load_str(f"allow(u: User, _, d: Doc) if u = u and ({condition});", replace=True)
    return oso


def listed(oso: Oso, session: orm.Session, user: t.Any) -> list[int] | None:
    """Give the ids of the documents that are listed; ``None`` where lists refuse."""
    try:
        found = session.scalars(oso.authorized_query(user, "read", Doc))
        return sorted(doc.id for doc in found)
    except (OsoError, TypeError, ArithmeticError, sa.exc.SQLAlchemyError):
        return None


def checked(oso: Oso, session: orm.Session, user: t.Any) -> list[int]:
    """Give the ids of the documents that a check allows; an error is no allow."""
    found = []
    for doc in session.scalars(sa.select(Doc).order_by(Doc.id)):
        with contextlib.suppress(OsoError, TypeError, ArithmeticError):
            found += [doc.id] if oso.is_allowed(user, "read", doc) else []
    return found


@pytest.mark.each(3)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_values_of_every_kind_after_each_other(session: orm.Session, condition: str) -> None:
    """A statement is never that of a value of another kind, and refused is what a fresh one is."""
    shared, user = oso_with(condition), session.scalars(sa.select(User)).first()
    assert user is not None
    values, lists = list(VALUES), list(LISTS)
    random.Random(condition).shuffle(values)
    random.Random(condition).shuffle(lists)

    for DESK.value, DESK.values in each_of(zip(values, itertools.cycle(lists), strict=False), 3):
        found = listed(shared, session, user)

        assert found == listed(oso_with(condition), session, user)
        assert found is None or found == checked(shared, session, user)


@pytest.mark.parametrize("test", ["d.title != DESK.one()", "d.title == DESK.one()"])
def test_value_of_another_kind_where_no_row_depends_on_it(session: orm.Session, test: str) -> None:
    """What a check raises for is refused, also where the condition says no more of it."""
    oso, user = oso_with(f"({test} or d.id = d.id)"), session.scalars(sa.select(User)).first()
    DESK.value = "a"
    assert listed(oso, session, user) == checked(oso, session, user) != []

    DESK.value = 1

    assert listed(oso, session, user) is None


DAY = datetime.date(2024, 5, 1)
#: Conditions, and a new value for each number.
NEW: list[tuple[str, t.Callable[[int], t.Any]]] = [
    ("d.score < DESK.one()", int),
    ("d.rank <= DESK.one()", lambda n: n / 4),
    ("d.price > DESK.one()", int),
    ("d.price = DESK.one()", lambda n: n / 4),
    ("not d.score = DESK.one()", int),
    ("d.rank + DESK.one() > 7", int),
    ("not d.size - DESK.one() = 7", int),
    ("d.rank * 2 + DESK.one() > d.size", int),
    ("d.size mod DESK.one() = 1", int),
    ("not (d.size - 9) rem DESK.one() = 1", int),
    ("d.title.startswith(DESK.one())", "{:03}".format),
    ("DESK.one().startswith(d.title)", "{:03}".format),
    ("not d.title in DESK.one()", "{:03}".format),
    ("d.title.lower().endswith(DESK.one())", "{:03}".format),
    ("d.rank in DESK.many()", range),
    ("not d.title in DESK.many()", lambda n: [str(each) for each in range(n)]),
    ("d.due in DESK.many()", lambda n: {DAY + datetime.timedelta(each) for each in range(n)}),
    ("d.rank in DESK.many() and d.rank < DESK.one()", lambda n: [n, 70_000]),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "value_of"), NEW)
def test_new_values_need_no_translation(
    session: orm.Session, made: list[str], condition: str, value_of: t.Callable[[int], t.Any]
) -> None:
    """However many values a condition is asked for, it is searched and translated a few times."""
    oso, user = oso_with(condition), session.scalars(sa.select(User)).first()
    assert user is not None

    def ask(number: int) -> None:
        value = value_of(number)
        DESK.values = lambda: value
        DESK.value = number if isinstance(value, list | set | range) else value
        oso.authorized_query(user, "read", Doc)

    for number in range(2, 12):
        ask(number)
    made.clear()

    for number in range(12, 60):
        ask(number)

    assert not made
    assert listed(oso, session, user) == checked(oso, session, user)


#: Conditions that are the same for each integer, and lists of these.
SAME = [
    "d.score < DESK.one()",
    "not d.score = DESK.one()",
    "d.rank + DESK.one() > 7",
    "DESK.one() * d.rank < 7",
    "not d.size - DESK.one() = 7",
    "d.rank * 2 >= DESK.one()",
    "d.rank in DESK.many()",
]


@pytest.mark.parametrize("condition", SAME)
def test_integers_need_no_condition_of_their_own(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    """A new integer is put into the condition that was made of others."""
    oso, user = oso_with(condition), session.scalars(sa.select(User)).first()
    assert user is not None
    DESK.values = lambda: [DESK.value, 1]
    for DESK.value in (2, 3):
        oso.authorized_query(user, "read", Doc)
    made: list[str] = []
    monkeypatch.setattr(templates, "made_of", noting(made_of, made))

    found = [
        (listed(oso, session, user), checked(oso, session, user))
        for DESK.value in (0, 4, 7, -7, 40_000, 2**53)
    ]

    assert not made
    assert all(ours == theirs for ours, theirs in found)


class Base(orm.DeclarativeBase):
    """The table of papers."""


class Paper(Base):
    """Has JSON."""

    __tablename__ = "papers"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    data: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON)


def test_texts_of_an_entry_of_json(made: list[str]) -> None:
    """A new text is compared with an entry of JSON as another one was."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_constant(DESK, "DESK")
    oso.load_str("allow(_, _, p: Paper) if p.data.kind = DESK.one();")
    found = []
    with open_session(Base.metadata) as session:
        session.add_all([Paper(data={"kind": kind}) for kind in ("a", "b", "\u00e4", True)])
        session.flush()
        for DESK.value in ("a", "b", "\u00e4", True, "a", "b", "c", "d"):
            papers = session.scalars(oso.authorized_query("ann", "read", Paper))
            found += [(DESK.value, len(made), *(paper.data["kind"] for paper in papers))]

    assert [each[2:] for each in found] == [
        ("a",),
        ("b",),
        ("\u00e4",),
        (True,),
        ("a",),
        ("b",),
        (),
        (),
    ]
    assert found[-4][1] == found[-1][1]


class Visitor:
    """Asks, and is no row."""

    def __init__(self, rank: t.Any, ranks: t.Any = ()) -> None:
        self.rank = rank
        self.ranks = ranks


#: Rules for actors that are no rows, and such an actor for each number.
ACTORS: list[tuple[str, t.Callable[[int], t.Any]]] = [
    ("allow(u: Visitor, _, d: Doc) if d.rank = u.rank;", Visitor),
    ("allow(u: Visitor, _, d: Doc) if d.rank in u.ranks;", lambda n: Visitor(n, range(n))),
    ("allow(u, _, d: Doc) if d.rank = u;", int),
    ("allow(u: Integer, _, d: Doc) if not d.size = u;", int),
    ("allow(u: String, _, d: Doc) if d.title = u;", "{}".format),
    ("allow(u: Dictionary, _, d: Doc) if d.rank < u.rank;", lambda n: {"rank": n}),
    ("allow(u, _, d: Doc) if d.rank in u;", lambda n: list(range(n))),
]


@pytest.mark.parametrize(("rule", "actor_of"), ACTORS)
def test_actors_that_are_no_rows_have_templates(
    session: orm.Session, made: list[str], rule: str, actor_of: t.Callable[[int], t.Any]
) -> None:
    """A new actor needs no search, whatever it is: an object, a key, the claims of a token."""
    oso = make_oso("allow(_, _, _: Doc) if 1 = 2;")
    oso.register_class(Visitor)
    oso.load_str(rule, replace=True)
    for number in range(1, 4):
        oso.authorized_query(actor_of(number), "read", Doc)
    made.clear()

    found = [listed(oso, session, actor_of(number)) for number in range(4, 9)]

    assert not made
    assert found == [checked(oso, session, actor_of(number)) for number in range(4, 9)]


@pytest.mark.parametrize(
    "condition",
    ["d.title in u.name", "not d.title in u.name", "u.name.startswith(d.title)",
     "not u.name.endswith(d.title)"],
)  # fmt: skip
def test_columns_in_a_text_of_the_actor(
    session: orm.Session, made: list[str], condition: str
) -> None:
    """What is looked for in a text of the actor is one list, however long the text is."""
    oso = make_oso(f"allow(u: User, _, d: Doc) if {condition};")
    user = session.scalars(sa.select(User)).first()
    assert user is not None

    found = []
    for user.name in ("ba", "", "abc", "\u00e4a", "a", "b", "\u00e4b", "bab", "abcd"):
        session.flush()
        found.append((len(made), listed(oso, session, user), checked(oso, session, user)))

    assert found[6][0] == found[-1][0]
    assert [ours for _, ours, _ in found] == [theirs for *_, theirs in found]


def test_actors_that_rules_name(session: orm.Session) -> None:
    """A rule for an actor is for no other, and a wrong actor is refused each time."""
    oso = make_oso('allow("ann", _, d: Doc) if d.open; allow(3, _, d: Doc) if d.rank = 1;')
    open_ones, of_rank = (listed(oso, session, actor) for actor in ("ann", 3))

    others = [listed(oso, session, actor) for actor in ("bob", 4, "ann", 3, "3", 3.0, True)]

    assert others == [[], [], open_ones, of_rank, [], of_rank, []]
    assert open_ones and of_rank
