"""Rows by a statement against rows by ``is_allowed``, for policies and data drawn at random."""

from __future__ import annotations

import collections
import contextlib
import datetime
import decimal
import io
import random
import typing as t
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models

from . import documents
from .policies import Writer

#: How many policies are tried on the same rows.
POLICIES_PER_DATABASE = 50


def make_oso(policy: str) -> Oso:
    """Make an Oso that knows the documents."""
    oso = Oso(compiled=False)
    register_models(oso, documents.Base)
    oso.register_constant(documents.Status.DONE, "done")
    oso.register_constant(datetime.date(2024, 1, 1), "new_year")
    oso.register_constant(decimal.Decimal("0.10"), "ten_cents")
    with contextlib.redirect_stdout(io.StringIO()):
        oso.load_str(policy)
    return oso


class Tally(collections.Counter[str]):
    """What came of the pairs: ``agreed``, ``refused``, or something worse.

    ``uncertain`` is a row that a statement leaves out since one of its related rows makes the
    policy raise, while a decision may come upon another one first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.disagreements: list[str] = []


def compare(engine: sa.Engine, seed: int, pairs: int) -> Tally:
    """Try policies on rows, and count."""
    tally = Tally()
    choose = random.Random(seed)
    while tally["pairs"] < pairs:
        documents.Base.metadata.drop_all(engine)
        documents.Base.metadata.create_all(engine)
        with orm.Session(engine) as session:
            documents.fill(session, choose)
            for _ in range(POLICIES_PER_DATABASE):
                policy = Writer(choose).policy()
                oso = make_oso(policy)
                # What is prepared for one user, or document, is used for the other.
                for number in choose.sample([1, 2, 3], 2):
                    user = session.get(documents.User, number)
                    _compare_documents(session, oso, policy, user, tally)
                for number in choose.sample(range(1, 25), 2):
                    doc = session.get(documents.Doc, number)
                    _compare_users(session, oso, policy, doc, tally)
    return tally


def _compare_documents(
    session: orm.Session, oso: Oso, policy: str, user: t.Any, tally: Tally
) -> None:
    """Ask which documents a user may read."""
    query = _query(lambda: oso.authorized_query(user, "read", documents.Doc), tally)
    if query is None:
        return
    found = {doc.id for doc in session.scalars(query)}
    for doc in session.scalars(sa.select(documents.Doc)):
        _count(_judge(oso, user, doc, doc.id in found), user, doc, policy, query, tally)


def _compare_users(session: orm.Session, oso: Oso, policy: str, doc: t.Any, tally: Tally) -> None:
    """Ask which users may read a document."""
    query = _query(lambda: oso.actors_query("read", doc, documents.User), tally)
    if query is None:
        return
    found = {user.id for user in session.scalars(query)}
    for user in session.scalars(sa.select(documents.User)):
        _count(_judge(oso, user, doc, user.id in found), user, doc, policy, query, tally)


def _query(make: Callable[[], t.Any], tally: Tally) -> t.Any:
    tally["pairs"] += 1
    try:
        return make()
    except UnsupportedError:
        tally["refused"] += 1
    except OsoError:
        # What is known makes the policy raise, whatever the row.
        tally["raised"] += 1
    return None


def _count(verdict: str, user: t.Any, doc: t.Any, policy: str, query: t.Any, tally: Tally) -> None:
    tally[verdict] += 1
    if verdict not in ("agreed", "uncertain"):
        shown = f"{verdict}: document {doc.id}, user {user.id}\n{policy}\n{query.whereclause}"
        tally.disagreements.append(shown)


def _judge(oso: Oso, user: t.Any, doc: t.Any, is_found: bool) -> str:
    try:
        is_allowed = oso.is_allowed(user, "read", doc)
    except OsoError:
        return "one too many" if is_found else "agreed"
    if is_found is is_allowed:
        return "agreed"
    if is_found:
        return "one too many"
    try:
        list(oso.query_rule("allow", user, "read", doc))
    except OsoError:
        return "uncertain"
    return "missing"
