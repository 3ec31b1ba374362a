"""A clause is made once and copied for each actor: no copy has a value of another actor."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import enum
import itertools
import threading
import time
import types
import typing as t
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import g
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext import serializer
from sqlalchemy.sql import visitors

from flask_oso import Oso, OsoError
from flask_oso.polar.residual.evaluator import PartialEvaluator
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.statements.kept_clauses import KeptClauses
from flask_oso.sqlalchemy.statements.kept_statements import KeptStatements
from flask_oso.sqlalchemy.statements.known_values import another, has_another
from tests.support.answers import may_read
from tests.support.databases import open_session
from tests.support.models import documents
from tests.support.models.documents import Base, Doc, Role, User, make_oso
from tests.support.models.protected_notes import Note, open_notebook
from tests.support.sizes import each_of

#: Each is asked in three ways: a key, keys of a loaded relation, a value.
POLICIES = [
    "d.owner = u",
    "not d.owner = u",
    "r in u.roles and r.doc = d",
    "not (r in u.roles and r.doc = d)",
    "team in u.teams and team in d.teams",
    "d.rank = u.level",
    "not d.rank = u.level",
    "d.rank < u.id and d.owner = u",
    "d.title = u.name or d.owner = u",
    "d.key = u.key",
    "d.sponsor = u",
    "d in u.sponsored",
    "r in u.roles and r.doc.folder = d.folder",
    "d.open or (r in u.roles and r.doc = d and r.name = u.name) or d.editor = u",
]


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database of documents."""
    with documents.open_documents() as session:
        yield session


def users_of(session: orm.Session) -> list[User]:
    """Give all users."""
    return list(session.scalars(sa.select(User).order_by(User.id)))


def allowed_to(oso: Oso, session: orm.Session, user: User) -> list[int]:
    """Give the ids of the documents that a check allows."""
    return sorted(each.id for each in session.scalars(sa.select(Doc)) if may_read(oso, user, each))


def ids(session: t.Any, statement: t.Any) -> list[int]:
    """Give the ids of the documents that a statement finds."""
    return sorted(each.id for each in session.scalars(statement))


#: The actions of columns.
ACTIONS = ["read", "edit", "close"]


def marked(session: orm.Session, columns: dict[str, t.Any]) -> list[tuple[int, ...]]:
    """Give the rows of documents with the columns of actions."""
    rows = session.execute(sa.select(Doc.id, *columns.values()).order_by(Doc.id))
    return [tuple(row) for row in rows]


def allowed_actions(oso: Oso, session: orm.Session, user: User) -> list[tuple[int, ...]]:
    """Give the same, by checks."""
    docs = session.scalars(sa.select(Doc).order_by(Doc.id))
    return [(doc.id, *(oso.is_allowed(user, each, doc) for each in ACTIONS)) for doc in docs]


def parameters(statement: t.Any) -> set[int]:
    """Give the identities of the parameters of a statement."""
    return {id(each) for each in visitors.iterate(statement) if isinstance(each, sa.BindParameter)}


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note of each clause whether it was copied, and not made anew."""
    found: list[bool] = []
    for name in ("clause", "clauses"):
        monkeypatch.setattr(KeptClauses, name, noting_copies(getattr(KeptClauses, name), found))
    monkeypatch.setattr(KeptStatements, "find", noting_statements(KeptStatements.find, found))
    return found


def noting_statements(original: t.Any, found: list[bool]) -> t.Any:
    """Give a method that finds statements, and notes those of which no clause is made."""

    def find(self: KeptStatements, residual: t.Any, entity: type) -> t.Any:
        statement = original(self, residual, entity)
        if statement is not None:
            found.append(True)
        return statement

    return find


def noting_copies(original: t.Any, found: list[bool]) -> t.Any:
    """Give a method that makes clauses, and notes of each whether it was copied."""

    def clause(self: KeptClauses, residual: t.Any, entity: type, make: t.Any) -> t.Any:
        made: list[bool] = []

        def noting(*known: t.Any) -> t.Any:
            made.append(True)
            return make(*known)

        clause = original(self, residual, entity, noting)
        found.append(not made)
        return clause

    return clause


@pytest.mark.parametrize("condition", POLICIES)
@pytest.mark.parametrize("is_loaded", [False, True])
def test_statements_that_wait(
    session: orm.Session, copied: list[bool], condition: str, is_loaded: bool
) -> None:
    """A statement finds the rows of its actor after those of others were made."""
    oso = make_oso(f"allow(u: User, _, d: Doc) if {condition};")
    users = users_of(session)
    relations = ("roles", "teams", "sponsored") if is_loaded else ()
    _ = [getattr(user, name) for user in users for name in relations]

    statements = [oso.authorized_query(user, "read", Doc) for _ in range(3) for user in users]

    for user, statement in zip(users * 3, statements, strict=True):
        assert ids(session, statement) == allowed_to(oso, session, user)
    assert any(copied)


@pytest.mark.each(3)
@pytest.mark.parametrize("condition", POLICIES)
@pytest.mark.parametrize("is_loaded", [False, True])
def test_columns_that_wait(
    session: orm.Session, copied: list[bool], condition: str, is_loaded: bool
) -> None:
    """Columns tell what their actor may do after those of others were made."""
    oso = make_oso(
        f'allow(u: User, "read", d: Doc) if {condition};'
        f'allow(u: User, "edit", d: Doc) if d.open and ({condition});'
        f'allow(u: User, "close", d: Doc) if {condition};'
    )
    users = users_of(session)
    relations = ("roles", "teams", "sponsored") if is_loaded else ()
    _ = [getattr(user, name) for user in users for name in relations]

    waiting = [(user, oso.action_columns(user, Doc, ACTIONS)) for _ in range(3) for user in users]

    for user, columns in waiting:
        assert marked(session, columns) == allowed_actions(oso, session, user)
    assert any(copied)


#: Rules that call themselves, for folders in folders: the actor is at one of the ends, or at each
#: step, or known by a value. And for documents that are related to others.
RECURSIVE = [
    "owns(u: User, f: Folder) if f.owner = u or owns(u, f.parent);",
    "owns(u: User, f: Folder) if f.owner = u;"
    "owns(u: User, f: Folder) if child in f.children and child.owner = u and owns(u, child);",
    "owns(_: User, f: Folder) if f.open; owns(u: User, f: Folder) if"
    " not f.owner = u and owns(u, f.parent);",
    "owns(u: User, f: Folder) if f.name = u.name or (f.name != u.name and owns(u, f.parent));",
    "owns(u: User, f: Folder) if d in f.docs and d.editor = u or owns(u, f.parent);",
]


@pytest.mark.parametrize("rules", RECURSIVE)
def test_rules_that_call_themselves(session: orm.Session, copied: list[bool], rules: str) -> None:
    """A recursive query is copied for each actor, in a list and in columns."""
    allow = 'allow(u: User, "read", d: Doc) if owns(u, d.folder);'
    oso = make_oso(
        allow + 'allow(u: User, "edit", d: Doc) if d.open and owns(u, d.folder);' + rules
    )
    users = users_of(session)

    statements = [oso.authorized_query(user, "read", Doc) for _ in range(3) for user in users]
    lists = copied[:]
    waiting = [(user, oso.action_columns(user, Doc, ACTIONS)) for _ in range(3) for user in users]

    for user, statement in zip(users * 3, statements, strict=True):
        assert ids(session, statement) == allowed_to(oso, session, user)
    for user, columns in waiting:
        assert marked(session, columns) == allowed_actions(oso, session, user)
    assert all(lists[-len(users) :])
    assert all(copied[-len(users) :])


def test_lists_that_are_one_for_one_actor(session: orm.Session, copied: list[bool]) -> None:
    """Two lists that values of one actor make alike stay two for the others."""
    oso = make_oso(
        'allow(u: User, "read", d: Doc) if r in u.roles and r.doc = d and r.weight = u.level;'
        'allow(u: User, "edit", d: Doc) if r in u.roles and r.doc = d and r.weight = u.id;'
    )
    users = users_of(session)
    for number, each in enumerate(session.scalars(sa.select(Role))):
        each.weight = number % 3
    for number, user in enumerate(users):
        user.level = user.id + number
    session.commit()

    waiting = [(user, oso.action_columns(user, Doc, ACTIONS)) for user in users for _ in range(3)]

    for user, columns in waiting:
        assert marked(session, columns) == allowed_actions(oso, session, user)
    assert any(copied)
    assert len({str(sa.select(*columns.values())) for _, columns in waiting}) == 1


def test_columns_that_ask_a_clock(session: orm.Session, copied: list[bool]) -> None:
    """What a method gives for one action is that of this action alone, in each statement."""
    oso, users, clock = make_oso("allow(_, _, _: Doc) if 1 = 2;"), users_of(session), Clock()
    oso.register_class(documents.Status)
    oso.register_constant(clock, "CLOCK")
    oso.load_str(
        'allow(u: User, "read", d: Doc) if d.rank < CLOCK.number() and u.id > 0;'
        'allow(u: User, "edit", d: Doc) if d.rank < CLOCK.number() and d.editor = u;'
        'allow(u: User, "close", d: Doc) if d.status = Status.DONE and u.id > 0;',
        replace=True,
    )
    docs = session.scalars(sa.select(Doc).order_by(Doc.id)).all()

    waiting = []
    for user in users * 3:
        clock.count = user.id % 3
        waiting.append((user, oso.action_columns(user, Doc, ACTIONS)))

    for user, columns in waiting:
        first = user.id % 3
        assert marked(session, columns) == [
            (
                doc.id,
                doc.rank < first + 1,
                doc.rank < first + 2 and doc.editor_id == user.id,
                doc.status is documents.Status.DONE,
            )
            for doc in docs
        ]
    assert all(copied[-len(users) :])


def test_one_column_and_a_list(session: orm.Session) -> None:
    """A column of one action and a list have the same condition, and are two things."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u;")
    user = users_of(session)[0]

    for _ in range(3):
        (column,) = oso.action_columns(user, Doc, ["read"]).values()
        query = oso.authorized_query(user, "read", Doc)

        rows = session.execute(sa.select(Doc.id, column))
        assert ids(session, query) == sorted(row for row, is_allowed in rows if is_allowed)
        assert ids(session, query) == allowed_to(oso, session, user)


def test_columns_of_an_alias(session: orm.Session) -> None:
    """Columns of an alias are made for it, after those of its class were kept."""
    oso = make_oso("allow(u: User, _, d: Doc) if r in u.roles and r.doc = d;")
    user, other = users_of(session)[0], orm.aliased(Doc)
    for _ in range(3):
        oso.action_columns(user, Doc, ["read"])

    (column,) = oso.action_columns(user, other, ["read"]).values()

    found = [row for row, is_allowed in session.execute(sa.select(other.id, column)) if is_allowed]
    assert sorted(found) == allowed_to(oso, session, user)


def test_actions_ask_for_different_objects() -> None:
    """Objects that an actor gives are those of one action, and not of the next."""

    class Own(orm.DeclarativeBase):
        pass

    class Owner(Own):
        __tablename__ = "owners"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

        def next(self) -> t.Any:
            return t.cast(orm.Session, orm.object_session(self)).get(Owner, self.id % 3 + 1)

        def last(self) -> t.Any:
            return t.cast(orm.Session, orm.object_session(self)).get(Owner, 3)

    class Page(Own):
        __tablename__ = "pages"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("owners.id"))
        owner: orm.Mapped[Owner] = orm.relationship()

    oso = Oso()
    register_models(oso, Own)
    oso.load_str(
        'allow(u: Owner, "read", p: Page) if p.owner = u.next();'
        'allow(u: Owner, "edit", p: Page) if p.owner = u.last();'
    )
    found = []

    with open_session(Own.metadata) as session:
        session.add_all([Owner(id=number) for number in (1, 2, 3)])
        session.flush()
        session.add_all([Page(id=number, owner_id=number) for number in (1, 2, 3)])
        session.commit()
        for number in (1, 2, 3, 1, 2, 3):
            columns = oso.action_columns(session.get(Owner, number), Page, ["read", "edit"])
            rows = session.execute(sa.select(Page.id, *columns.values()).order_by(Page.id))
            found.append([tuple(row) for row in rows])

    wanted = [[(n, n == actor % 3 + 1, n == 3) for n in (1, 2, 3)] for actor in (1, 2, 3)]
    assert found == wanted * 2


@pytest.mark.parametrize(
    "rules",
    [
        "allow(u: User, _, d: Doc) if d.owner = u or (r in u.roles and r.doc = d);",
        "allow(u: User, _, d: Doc) if owns(u, d.folder);" + RECURSIVE[0],
    ],
    ids=["roles", "recursion"],
)
def test_two_actors_in_one_statement(session: orm.Session, rules: str) -> None:
    """What one of two actors may read is what either may, in whatever way they are put together."""
    oso = make_oso(rules)
    users = users_of(session)
    for user in users:
        oso.authorized_query(user, "read", Doc)
    first, second = (oso.authorized_query(user, "read", Doc) for user in users[:2])

    wanted = [set(allowed_to(oso, session, user)) for user in users[:2]]
    of_either = sa.select(Doc).where(
        sa.or_(*(Doc.id.in_(each.with_only_columns(Doc.id)) for each in (first, second)))
    )
    united = sa.union(*(each.with_only_columns(Doc.id) for each in (first, second)))
    of_both = sa.intersect(*(each.with_only_columns(Doc.id) for each in (second, first)))

    assert wanted[0] != wanted[1]
    assert ids(session, of_either) == sorted(wanted[0] | wanted[1])
    assert sorted(session.scalars(united)) == sorted(wanted[0] | wanted[1])
    assert sorted(session.scalars(of_both)) == sorted(wanted[0] & wanted[1])


def test_parameters_are_its_own(session: orm.Session) -> None:
    """No two statements share a parameter with the value of an object."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u or d.rank = u.level;")
    user = users_of(session)[0]

    statements = [oso.authorized_query(user, "read", Doc) for _ in range(4)]

    found = [parameters(each) for each in statements]
    assert all(found)
    assert len(set.union(*found)) == sum(map(len, found))


class Clock:
    """Tells another time, and number, each time it is asked."""

    def __init__(self) -> None:
        self.count = 0
        self.value: t.Any = None

    def share(self) -> float:
        """Count on, in halves."""
        return self.number() / 2

    def price(self) -> decimal.Decimal:
        """Count on, in cents."""
        return decimal.Decimal(self.number()) / 100

    def number(self) -> int:
        """Count on."""
        self.count += 1
        return self.count

    def same(self, value: t.Any) -> t.Any:
        """Give what it is given."""
        return value

    def date(self) -> datetime.date:
        """Give the day after the one before."""
        return datetime.date(2024, 1, 1) + datetime.timedelta(days=self.number())


def oso_with_clock(condition: str) -> Oso:
    """Give a policy that asks a clock."""
    oso = make_oso("allow(_, _, _: Doc) if 1 = 2;")
    oso.register_constant(Clock(), "CLOCK")
    oso.load_str(f"allow(u: User, _, d: Doc) if u = u and ({condition});", replace=True)
    return oso


#: What is asked anew for each statement, and is no reason to translate the condition anew.
ASKED = [
    "d.rank < CLOCK.number()",
    "d.due < CLOCK.date()",
    "d.made < Datetime.now()",
    "d.due = nil or d.due < Datetime.now().date()",
    "d.open and u.id < CLOCK.number()",
    "d.open and not u.id < CLOCK.number()",
    "d.open and u.id in [1, 2, 3]",
    "d.score < CLOCK.share()",
    "not d.score < CLOCK.share()",
    "d.score = CLOCK.share()",
    "d.price >= CLOCK.price()",
    "not d.price >= CLOCK.price()",
    "d.price != CLOCK.price()",
]


@pytest.mark.parametrize("sign", ["<", "<=", "=", "!=", ">"])
@pytest.mark.parametrize("column", ["score", "price", "rank"])
def test_numbers_of_every_kind(session: orm.Session, column: str, sign: str) -> None:
    """A number is compared as itself after others: exact ones, NaN, infinities, ones of a kind."""
    oso, user = make_oso("allow(_, _, _: Doc) if 1 = 2;"), users_of(session)[0]
    clock = Clock()
    oso.register_constant(clock, "CLOCK")
    oso.load_str(
        f"allow(_: User, _, d: Doc) if d.{column} {sign} CLOCK.value;"
        f'allow(_: User, "no", d: Doc) if not d.{column} {sign} CLOCK.value;',
        replace=True,
    )
    prices = [each for each in session.scalars(sa.select(Doc.price)) if each is not None]
    scores = [each for each in session.scalars(sa.select(Doc.score)) if each is not None]
    kinds = [1, True, 1.5, -0.0, float("inf"), -float("inf"), float("nan"), 1e300, None]
    exact = ["1.50", "1.505", "-0", "1E+2", "1E+400", "Infinity", "-Infinity", "NaN"]
    values = [*kinds, *map(decimal.Decimal, exact), *prices[:3], *scores[:3], 2, 3]
    answered = []

    for value in each_of(values * 2, 2):
        clock.value = value
        for action in ("read", "no"):
            with contextlib.suppress(OsoError):
                found = ids(session, oso.authorized_query(user, action, Doc))
                docs = session.scalars(sa.select(Doc).order_by(Doc.id))
                assert found == [each.id for each in docs if is_allowed(oso, user, action, each)]
                answered.append(value)
    # The others are refused, by columns of some kinds.
    assert len(answered) >= len(values)


@pytest.mark.parametrize("sign", ["<", "<=", "=", "!=", ">", "=="])
@pytest.mark.parametrize(
    ("column", "of_actor"),
    [
        ("rank", "score"),
        ("rank", "price"),
        ("score", "rank"),
        ("price", "rank"),
        ("price", "score"),
        ("big", "score"),
        ("size", "price"),
    ],
)
def test_numbers_of_two_kinds(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch, column: str, of_actor: str, sign: str
) -> None:
    """A number of the actor is compared with a column of another kind, and needs no search."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(
        f'allow(a: Doc, "read", d: Doc) if d.{column} {sign} a.{of_actor};'
        f'allow(a: Doc, "no", d: Doc) if not d.{column} {sign} a.{of_actor};'
    )
    actors = list(session.scalars(sa.select(Doc).order_by(Doc.id)))[:8]
    actors = [each for each in actors if getattr(each, of_actor) is not None]
    asked = list(itertools.product(actors, ("read", "no")))
    wanted = [ids_of_checks(oso, session, actor, action) for actor, action in asked]
    _ = [oso.authorized_query(actor, action, Doc) for actor, action in asked]
    searches = counted_searches(monkeypatch)

    found = [ids(session, oso.authorized_query(actor, action, Doc)) for actor, action in asked]

    assert found == wanted
    assert not searches


@pytest.mark.each(3)
@pytest.mark.parametrize(
    "condition",
    [
        "d.rank + a.rank > 3",
        "not d.rank + a.rank = 4",
        "d.big - a.rank < 5",
        "d.big + a.big > 0",
        "d.rank * a.big > 0",
        "d.big * a.rank = 4",
        "d.rank mod a.rank = 1",
        "d.size rem a.rank = 0",
        "not (d.size mod a.rank = 0)",
        "(d.rank + a.rank) * 2 > a.id",
        "a.rank - d.rank < a.rank",
        "d.rank * a.rank = n and n in [1, 4]",
        "d.open and d.size + a.rank = d.rank",
        "d.rank + CLOCK.same(a.rank) > 3",
        "d.rank * 2 - CLOCK.same(a.rank) = a.id",
    ],
)
def test_databases_calculate_with_the_actor(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    """A column and a number of the actor are calculated with, which needs no search."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_constant(Clock(), "CLOCK")
    oso.load_str(f"allow(a: Doc, _, d: Doc) if {condition};")
    actors = [each for each in session.scalars(sa.select(Doc)) if each.big is not None][:9]
    wanted = [ids_of_checks(oso, session, actor, "read") for actor in actors]
    _ = [oso.authorized_query(actor, "read", Doc) for actor in actors]
    searches = counted_searches(monkeypatch)

    found = [ids(session, oso.authorized_query(actor, "read", Doc)) for actor in actors]

    assert found == wanted
    # A division by zero is an error of each row, which the search decides.
    assert len(searches) <= sum(
        actor.rank == 0 for actor in actors if "mod" in condition or "rem" in condition
    )


def counted_searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the searches for conditions from now on."""
    found: list[str] = []
    original = PartialEvaluator.residual

    def residual(self: PartialEvaluator, name: str, *args: t.Any) -> t.Any:
        found.append(name)
        return original(self, name, *args)

    monkeypatch.setattr(PartialEvaluator, "residual", residual)
    return found


def ids_of_checks(oso: Oso, session: orm.Session, actor: t.Any, action: str) -> list[int]:
    """Give the ids of the documents that a check allows."""
    docs = session.scalars(sa.select(Doc).order_by(Doc.id))
    return [each.id for each in docs if is_allowed(oso, actor, action, each)]


def is_allowed(oso: Oso, user: t.Any, action: str, doc: Doc) -> bool:
    """Tell whether a check allows an action; an error is no allow."""
    try:
        return oso.is_allowed(user, action, doc)
    except OsoError:
        return False


@pytest.mark.parametrize("condition", ASKED)
def test_what_is_asked_anew_is_copied(
    session: orm.Session, copied: list[bool], condition: str
) -> None:
    """However often a value is another one, a condition is translated for few statements."""
    oso, users = oso_with_clock(condition), users_of(session)
    for user in users * 3:
        oso.authorized_query(user, "read", Doc)
    copied.clear()

    for user in users * 3:
        oso.authorized_query(user, "read", Doc)

    assert all(copied)
    assert len(copied) == 3 * len(users)


@pytest.mark.parametrize(
    "condition",
    [
        "d.rank < u.id + 1",
        "d.rank < u.id * 2 - u.code",
        "not d.rank < u.id + 1",
        "d.open and u.id + 1 > 2",
        "d.title = u.name.upper()",
        "d.open or u.name.startswith(u.type)",
        "d.rank < CLOCK.same(u.id)",
        "d.rank < CLOCK.same([u.id + 1, u]).index(u)",
        "d.rank < CLOCK.same(u).id + CLOCK.same(CLOCK.same(u).id)",
        "d.owner = CLOCK.same(CLOCK.same(u))",
        "d.rank < u.level + 1",
    ],
)
def test_python_calculates_with_the_actor(
    session: orm.Session, copied: list[bool], condition: str
) -> None:
    """What Python makes of attributes of the actor is made anew, and no reason to translate."""
    oso, users = oso_with_clock(condition), users_of(session)
    for user in users:
        user.level = user.id % 3
    session.commit()
    for user in users * 3:
        oso.authorized_query(user, "read", Doc)
    copied.clear()

    statements = [oso.authorized_query(user, "read", Doc) for user in users * 2]

    for user, statement in zip(users * 2, statements, strict=True):
        assert ids(session, statement) == allowed_to(oso, session, user)
    assert all(copied)
    assert len(copied) == 2 * len(users)


def test_method_of_the_actor(
    session: orm.Session, copied: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method of the actor is given its attributes, and itself, anew for each statement."""
    above = staticmethod(lambda number, user: number + user.id)
    monkeypatch.setattr(User, "above", above, raising=False)
    oso = make_oso("allow(u: User, _, d: Doc) if d.rank < u.above(u.code, u);")
    users = users_of(session)

    statements = [oso.authorized_query(user, "read", Doc) for user in users * 4]

    for user, statement in zip(users * 4, statements, strict=True):
        assert ids(session, statement) == allowed_to(oso, session, user)
    assert all(copied[len(users) * 3 :])
    assert len(copied) == len(statements)


def test_python_cannot_calculate_with_one_actor(session: orm.Session) -> None:
    """An actor with whom it raises has the error, before and after others who have a list."""
    oso, users = oso_with_clock("d.rank < u.level + 1"), users_of(session)
    users[0].level = None
    for user in users[1:]:
        user.level = 1
    session.commit()

    for user in users[1:] * 2:
        with pytest.raises(OsoError, match="arithmetic"):
            oso.authorized_query(users[0], "read", Doc)
        statement = oso.authorized_query(user, "read", Doc)
        assert ids(session, statement) == allowed_to(oso, session, user)


def test_method_that_takes_too_long(session: orm.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list has the time limit of a query, also where its statement is made again."""
    oso, user = oso_with_clock("d.rank < CLOCK.number()"), users_of(session)[0]
    monkeypatch.setenv("POLAR_TIMEOUT_MS", "1000")
    oso.authorized_query(user, "read", Doc)
    times = itertools.count(step=10)
    monkeypatch.setattr(time, "monotonic", lambda: next(times))

    for _ in range(2):
        with pytest.raises(OsoError, match="Query timeout"):
            oso.authorized_query(user, "read", Doc)


def test_what_values_decide_is_decided_anew(session: orm.Session) -> None:
    """Two values are compared for each statement, of the actor and of the moment."""
    oso, (user, *_) = oso_with_clock("d.open and u.level < CLOCK.number()"), users_of(session)
    found = []

    for level in (0, 9, 3, 3, 4, 9):
        user.level = level
        session.commit()
        found.append(bool(ids(session, oso.authorized_query(user, "read", Doc))))

    # The clock tells 1, 2, 3, and so on.
    assert found == [True, False, False, True, True, False]


def test_value_becomes_nil(session: orm.Session, copied: list[bool]) -> None:
    """A value that is nil, or not nil any more, is compared as such."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.size = u.level;")
    user = users_of(session)[0]
    found = []

    for level in (1, 2, None, 3, None, 100_000, 2):
        user.level = level
        session.commit()
        statement = oso.authorized_query(user, "read", Doc)
        found.append(ids(session, statement) == allowed_to(oso, session, user))

    assert found == [True] * 7


def test_value_is_not_flushed(session: orm.Session) -> None:
    """A value that was changed and not stored is what the actor has."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.rank = u.level;")
    user = users_of(session)[0]
    session.autoflush = False

    for level in (1, 2, 3, 1):
        user.level = level
        statement = oso.authorized_query(user, "read", Doc)
        assert ids(session, statement) == allowed_to(oso, session, user)


def test_rows_of_a_relation_come_and_go(session: orm.Session) -> None:
    """Loaded rows are no row, one, or several."""
    oso = make_oso("allow(u: User, _, d: Doc) if r in u.roles and r.doc = d;")
    user = max(users_of(session), key=lambda each: len(each.roles))

    while user.roles:
        for _ in range(3):
            statement = oso.authorized_query(user, "read", Doc)
            assert ids(session, statement) == allowed_to(oso, session, user)
        session.delete(user.roles[-1])
        session.commit()
        assert user.roles is not None
    assert ids(session, oso.authorized_query(user, "read", Doc)) == []


def test_alias_is_not_the_class(session: orm.Session) -> None:
    """A clause of a class is not the one of its alias."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u;")
    user = users_of(session)[0]
    other = orm.aliased(Doc)
    for _ in range(3):
        of_class = oso.authorized_query(user, "read", Doc)
        of_alias = oso.authorized_query(user, "read", other)

    pairs = (
        sa.select(Doc.id, other.id)
        .join_from(Doc, other, sa.true())
        .where(of_class.whereclause, of_alias.whereclause)
    )

    wanted = allowed_to(oso, session, user)
    assert sorted(session.execute(pairs).all()) == [(a, b) for a in wanted for b in wanted]


def test_serialized_statement(session: orm.Session) -> None:
    """A statement is serialized as any other, made anew or copied."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u or (r in u.roles and r.doc = d);")
    user = users_of(session)[0]

    statements = [oso.authorized_query(user, "read", Doc) for _ in range(3)]

    for each in statements:
        read = serializer.loads(serializer.dumps(each), Base.metadata, session)
        assert ids(session, read) == allowed_to(oso, session, user)


def test_threads_give_each_actor_its_own_statement(session: orm.Session) -> None:
    """Threads that make statements at once give each actor its own."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u;")
    users = users_of(session)
    found: dict[int, set[t.Any]] = {user.id: set() for user in users}

    def make(user: User) -> None:
        for _ in range(50):
            compiled = oso.authorized_query(user, "read", Doc).whereclause.compile()
            found[user.id].update(compiled.params.values())

    threads = [threading.Thread(target=make, args=(user,)) for user in users]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert found == {user.id: {user.id} for user in users}


def test_actors_of_a_protected_session(copied: list[bool]) -> None:
    """What a session reads for one actor is copied for the next, whose rows are others."""
    found = []

    with open_notebook() as notebook:
        for number in (1, 2, 1, 2, 1, 2):
            with notebook.request_of(number):
                found.append(ids(notebook.session, sa.select(Note)))

    assert found == [[1, 2, 5], [1, 2, 3, 4]] * 3
    assert any(copied)


def test_expired_actor_of_a_protected_session() -> None:
    """What the condition of a read needs of the actor is read as the policy reads it."""
    found = []

    with open_notebook() as notebook:
        for _ in range(4):
            with notebook.request_of(1):
                notebook.session.expire(g.current_user)
                found.append(ids(notebook.session, sa.select(Note)))

    assert found == [[1, 2, 5]] * 4


class _OtherNames(orm.properties.ColumnProperty.Comparator):  # type: ignore[type-arg]
    """Compares a text with another one than it is given."""

    def operate(self, op: t.Any, *other: t.Any, **keywords: t.Any) -> t.Any:
        return super().operate(op, *(f"{each}-{each}" for each in other), **keywords)


class _NoSecondName(orm.properties.ColumnProperty.Comparator):  # type: ignore[type-arg]
    """Finds nothing for one of the texts."""

    def operate(self, op: t.Any, *other: t.Any, **keywords: t.Any) -> t.Any:
        return sa.false() if "b" in other else super().operate(op, *other, **keywords)


@pytest.mark.parametrize(
    ("comparator", "wanted"),
    [(_OtherNames, [{"a-a"}, {"c-c"}, {"b-b"}]), (_NoSecondName, [{"a"}, {"c"}, set()])],
)
def test_comparator_of_the_application(comparator: type, wanted: list[set[str]]) -> None:
    """What a comparator makes of a value is made for each actor."""

    class Own(orm.DeclarativeBase):
        pass

    class Owner(Own):
        __tablename__ = "owners"
        name: orm.Mapped[str] = orm.mapped_column(primary_key=True)

    class Page(Own):
        __tablename__ = "pages"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        owner_name: orm.Mapped[str] = orm.column_property(
            sa.Column("owner_name", sa.String, sa.ForeignKey("owners.name")),
            comparator_factory=comparator,
        )
        owner: orm.Mapped[Owner] = orm.relationship()

    oso = Oso()
    register_models(oso, Own)
    oso.load_str('allow(u: Owner, "read", p: Page) if p.owner = u;')
    engine = sa.create_engine("sqlite://")
    Own.metadata.create_all(engine)

    with orm.Session(engine) as session:
        owners = [Owner(name=name) for name in "acb"]
        session.add_all(owners)
        session.commit()
        statements = [oso.authorized_query(each, "read", Page) for _ in range(3) for each in owners]
    engine.dispose()

    values = [set(each.compile().params.values()) for each in statements]
    assert values == wanted * 3


class _Chosen(sa.Uuid):  # type: ignore[type-arg]
    """May choose another type for another value."""

    def coerce_compared_value(self, op: t.Any, value: t.Any) -> t.Any:
        return self


@pytest.mark.parametrize(
    ("type_", "wanted"),
    [(sa.Uuid(), True), (_Chosen(), False)],
    ids=["Uuid", "a type that chooses"],
)
def test_keys_that_are_no_numbers(copied: list[bool], type_: t.Any, wanted: bool) -> None:
    """A clause is copied unless the application chooses a type for each value."""

    class Own(orm.DeclarativeBase):
        pass

    class Owner(Own):
        __tablename__ = "owners"
        id: orm.Mapped[uuid.UUID] = orm.mapped_column(type_, primary_key=True)

    class Page(Own):
        __tablename__ = "pages"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        owner_id: orm.Mapped[uuid.UUID] = orm.mapped_column(type_, sa.ForeignKey("owners.id"))
        owner: orm.Mapped[Owner] = orm.relationship()

    oso = Oso()
    register_models(oso, Own)
    oso.load_str("allow(u: Owner, _, p: Page) if p.owner = u;")
    keys = [uuid.UUID(int=number) for number in (1, 3, 5)]

    with open_session(Own.metadata) as session:
        session.add_all([Owner(id=key) for key in keys])
        session.flush()
        session.add_all([Page(id=number, owner_id=key) for number, key in enumerate(keys)])
        session.commit()
        owners = [session.get(Owner, key) for key in keys]
        statements = [oso.authorized_query(each, "read", Page) for _ in range(3) for each in owners]
        found = [ids(session, each) for each in statements]

    assert found == [[0], [1], [2]] * 3
    assert any(copied) is wanted


def test_times_of_utc_are_copied(copied: list[bool]) -> None:
    """A time with a zone is a parameter of a list that was made before."""

    class Own(orm.DeclarativeBase):
        pass

    class Offer(Own):
        __tablename__ = "offers"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        ends: orm.Mapped[datetime.datetime] = orm.mapped_column(sa.DateTime(timezone=True))

    hour = datetime.timedelta(hours=1)
    noon = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
    times = [noon + number * hour for number in range(6)]
    oso, moments = Oso(), iter(times)
    register_models(oso, Own)
    oso.register_constant(types.SimpleNamespace(now=lambda: next(moments)), "clock")
    oso.load_str("allow(u: Offer, _, o: Offer) if o.ends > clock.now() and o.ends >= u.ends;")
    actors = [Offer(id=number, ends=each) for number, each in enumerate(times)]

    statements = [oso.authorized_query(actor, "read", Offer) for actor in actors]

    assert copied[2:] == [True] * 4
    dialect = postgresql.dialect()
    values = [{*each.compile(dialect=dialect).params.values()} for each in statements]
    assert values == [{each} for each in times]


@pytest.mark.parametrize("condition", ["u.ends = NOON", "not u.ends = NOON", "u.ends != NOON"])
def test_times_of_an_actor_equal_a_constant(
    monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    """Python compares the time of an actor with a constant, in whatever zones, without a search."""

    class Own(orm.DeclarativeBase):
        pass

    class Offer(Own):
        __tablename__ = "offers"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        ends: orm.Mapped[datetime.datetime] = orm.mapped_column(sa.DateTime(timezone=True))

    noon, east = datetime.datetime(2024, 5, 1, 12), datetime.timezone(datetime.timedelta(hours=2))
    times = [noon.replace(tzinfo=datetime.UTC), noon.replace(tzinfo=east), noon]
    times += [times[0].astimezone(east), times[0].replace(hour=13)]
    oso = Oso()
    register_models(oso, Own)
    oso.register_constant(times[0], "NOON")
    oso.load_str(f"allow(u: Offer, _, o: Offer) if o.id = 7 and {condition};")
    actors = [Offer(id=number, ends=each) for number, each in enumerate(times)]
    wanted = [oso.is_allowed(actor, "read", Offer(id=7)) for actor in actors]
    _ = [oso.authorized_query(actor, "read", Offer) for actor in actors]
    searches = counted_searches(monkeypatch)

    lists = [oso.authorized_query(actor, "read", Offer) for actor in actors]

    assert [7 in each.compile().params.values() for each in lists] == wanted
    assert len(set(wanted)) == 2
    assert not searches


class Color(enum.Enum):
    """What has members of its own."""

    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    "value",
    [
        *(1, 2**31 - 1, -(2**31), "ana", "", 1.5, uuid.UUID(int=1), ["ana", 1]),
        *(datetime.date.min, datetime.date.max, datetime.datetime.min, datetime.datetime.max),
        *(True, False, b"", 0.0, 1e300, datetime.time.min, datetime.time.max),
        *(datetime.timedelta.min, datetime.timedelta.max, datetime.timedelta()),
        *(decimal.Decimal(0), decimal.Decimal("1.50"), decimal.Decimal("1e50"), Color.RED),
    ],
    ids=repr,
)
def test_clause_is_checked_with_another_value(value: t.Any) -> None:
    """It is of the same class, so that only a value that stayed in the clause is told by it."""
    other = another(value)

    assert other != value
    assert type(other) is type(value)


class Only(enum.Enum):
    """What has one member."""

    ONE = 1


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(None, True), ([], True), ([("a", None)], True), (Only.ONE, False), ([(1, Only.ONE)], False)],
    ids=repr,
)
def test_value_that_no_other_stands_for(value: t.Any, wanted: bool) -> None:
    """A clause is not kept if nobody could tell whether a value stayed in it."""
    assert has_another(value) is wanted
