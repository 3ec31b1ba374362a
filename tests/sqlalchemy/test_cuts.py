"""Cuts in lists: those that the actor decides choose rules for all rows, others are refused."""

from __future__ import annotations

import contextlib
import random
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso.polar.exceptions import PolarRuntimeError, UnsupportedError
from flask_oso.polar.residual.evaluator import PartialEvaluator
from tests.support.answers import may_read
from tests.support.models.documents import Doc, User, make_oso
from tests.support.sizes import part_of

#: What the rules behind a cut give.
OTHERS = """
    allow(u: User, _, d: Doc) if d.owner = u;
    allow(_, _, d: Doc) if d.open;
"""

POLICIES = {
    "nothing behind it": "allow(_: User{admin: true}, _, _) if cut and 1 = 2;",
    "everything": "allow(_: User{admin: true}, _, _) if cut;",
    "some rows": "allow(u: User{admin: true}, _, d: Doc) if cut and d.editor = u;",
    "a condition in front of it": "allow(u: User, _, d: Doc) if u.level != nil and"
    " u.level > 2 and cut and d.open;",
    "a comparison with nil": "allow(u: User, _, _: Doc) if u.level = nil and cut;",
    "roles of the actor": "allow(u: User, _, d: Doc) if r in u.roles and r.name = 'x' and cut and"
    " d.rank > 1;",
    "a helper in front of it": "allow(u: User, _, d: Doc) if leads(u) and cut and not d.open;"
    "leads(u: User) if r in u.roles and r.doc != nil;",
    "in a helper": "allow(u: User, _, d: Doc) if may(u, d);"
    "may(u: User, _: Doc) if u.admin and cut and 1 = 2; may(u: User, d: Doc) if d.editor = u;",
    "in a helper of the actor": "allow(u: User, _, d: Doc) if limit(u, n) and d.rank < n;"
    "limit(u: User, 1) if u.admin and cut; limit(_: User, 3);",
    "behind another rule": "allow(u: User, 'read', d: Doc) if d.editor = u;"
    "allow(u: User, 'read', _: Doc) if u.name != 'x' and cut and 1 = 2;",
    "an order that a third rule changes": "allow(_: User{admin: false}, _, d) if d.rank > 1;"
    "allow(_: User{admin: true}, _, _: Doc) if cut;"
    "allow(_: User{admin: false}, _, d: Doc) if cut and d.editor = nil;",
    "a class that has another": "allow(u: User, _, _: Resource) if u.admin and cut and 1 = 2;"
    "resource Doc {}",
}


def ids(session: orm.Session, query: sa.Select[t.Any]) -> list[int]:
    """Give the keys of what a query selects."""
    return sorted(doc.id for doc in session.scalars(query))


@pytest.mark.parametrize("rules", POLICIES.values(), ids=POLICIES.keys())
def test_cut_that_the_actor_decides(session: orm.Session, rules: str) -> None:
    """Such a cut ends the search for all rows, or for none: the list has the rows of checks."""
    oso = make_oso(rules.replace("'", '"') + OTHERS)
    docs = session.scalars(sa.select(Doc)).all()

    for user in session.scalars(sa.select(User)).all():
        expected = sorted(doc.id for doc in docs if oso.is_allowed(user, "read", doc))
        assert ids(session, oso.authorized_query(user, "read", Doc)) == expected
        session.expire_all()
        assert ids(session, oso.authorized_query(user, "read", Doc)) == expected


def test_cut_that_the_actor_decides_is_prepared(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is evaluated once for those who are cut off, and once for all others."""
    oso = make_oso("allow(_: User{admin: true}, _, _) if cut and 1 = 2;" + OTHERS)
    users = session.scalars(sa.select(User)).all()
    for user in users:
        oso.authorized_query(user, "read", Doc)

    monkeypatch.setattr(PartialEvaluator, "residual", None)
    for user in users:
        assert bool(ids(session, oso.authorized_query(user, "read", Doc))) is not user.admin


GIVEN = {
    "of a relation": "allow(u, _, d) if best(u, r) and r.doc = d;"
    "best(u, r) if r in u.roles and cut;",
    "of a column": "allow(u, _, d: Doc) if limit(u, n) and d.rank = n;"
    "limit(u: User, n) if u.level = n and cut; limit(_, 1);",
    "in a list": "allow(u, _, d: Doc) if limit(u, [n]) and d.rank = n;"
    "limit(u: User, [n]) if n in [1, 2] and u.admin and cut; limit(_, [1]);",
    "of a helper": "allow(u, _, d: Doc) if one(u, x) and x = d.editor;"
    "one(u, x) if any(u, x) and cut; any(u, u) if u.admin; any(u, nil) if u.id > 0;",
}


@pytest.mark.parametrize("rules", GIVEN.values(), ids=GIVEN.keys())
def test_value_that_is_given_in_front_of_a_cut(session: orm.Session, rules: str) -> None:
    """What the goals in front of a cut give to the call, the rows are compared with."""
    oso = make_oso(rules)
    docs = session.scalars(sa.select(Doc)).all()
    compared = 0

    for user in session.scalars(sa.select(User)).all():
        with contextlib.suppress(UnsupportedError):
            listed = ids(session, oso.authorized_query(user, "read", Doc))
            assert listed == sorted(doc.id for doc in docs if may_read(oso, user, doc))
            compared += 1
    assert compared


REFUSED = {
    "a row decides it": "allow(_: User, _, d: Doc) if d.open and cut;",
    "the class of a row": "allow(_: User, _, _: Doc{open: true}) if cut;",
    "a row and the actor": "allow(u: User, _, d: Doc) if d.owner = u and cut;",
    "it chooses a value": "allow(u: User, _, d: Doc) if r in u.roles and cut and r.doc = d;",
    "it chooses a value of the head": "allow(_: User{level: n}, _, d: Doc) if cut and d.rank < n;",
    "a row waits for what it gives": "allow(u: User, _, d: Doc) if not is_low(u, d);"
    "is_low(u, d) if d.rank < n and limit(u, n);"
    "limit(u: User, 1) if u.admin and cut; limit(_: User, 3);",
    "whose order a row decides": "allow(_: User, _, _: Doc{open: true}) if 1 = 1;"
    "allow(u: User, _, _: Doc) if u.admin and cut;",
    "in an alternative": "allow(u: User, _, d: Doc) if (u.admin and cut) or d.open;",
}


@pytest.mark.parametrize("rules", REFUSED.values(), ids=REFUSED.keys())
def test_cut_that_rows_decide_is_refused(session: orm.Session, rules: str) -> None:
    """Which rules are tried then differs from row to row, and no statement says it."""
    oso = make_oso(rules + OTHERS)
    admin = session.scalars(sa.select(User).where(User.admin)).first()

    with pytest.raises(UnsupportedError, match="a cut chooses among rules"):
        oso.authorized_query(admin, "read", Doc)


def test_error_in_front_of_a_cut_shows_no_rows(session: orm.Session) -> None:
    """Where every check raises, the list raises the same, and misses no rule that denies."""
    oso = make_oso("allow(u: User, _, _: Doc) if u.nothing and cut and 1 = 2;" + OTHERS)

    with pytest.raises(PolarRuntimeError, match="'User' object has no attribute 'nothing'"):
        oso.authorized_query(session.get_one(User, 1), "read", Doc)


HEADS = ["u: User", "_: User{admin: true}", "u", "u: User{level: nil}", "_: User{admin: false}"]
OF_ACTORS = [
    "u.admin",
    "u.level != nil and u.level > 2",
    "r in u.roles and r.name = 'reader'",
    "u.name = 'x'",
    "leads(u)",
    "not u.admin",
]
OF_ROWS = [
    *("d.open", "d.rank > 1", "d.size = nil", "d.owner != nil and d.owner.admin", "1 = 2"),
    *("d.owner = u", "d.editor = u", "d.folder matches Folder{owner: u}", "pick(u, d)"),
    *("not pick(u, d)", "limit(u, n) and d.rank < n", "d.rank >= n and limit(u, n)"),
    *("given(u, n) and d.rank = n", "best(u, r) and r.doc = d", "not (best(u, r) and r.doc = d)"),
]
HELPERS = """
    limit(u: User, 1) if u.admin and cut; limit(_: User, 3);
    leads(u: User) if r in u.roles and r.doc != nil and cut; leads(_: User) if 1 = 2;
    given(u: User, n) if n = u.level and cut; given(_, 1); best(u, r) if r in u.roles and cut;
"""


def rule(chooser: random.Random, name: str) -> str:
    """Make a rule about an actor and a document, with a cut or without."""
    head = chooser.choice(HEADS)
    is_named, goals = head.startswith("u"), []
    if chooser.random() < 0.5:
        goals = [chooser.choice(OF_ACTORS)] if is_named and chooser.random() < 0.6 else []
        goals.append("cut")
    choices = OF_ROWS if is_named else OF_ROWS[:5]
    goal = chooser.choice(choices if name == "allow" else [c for c in choices if "pick" not in c])
    body = " and ".join([*goals, goal, "d = d", *(["u = u"] if is_named else [])])
    of_row = chooser.choice(["d: Doc", "d"])
    action = "_, " if name == "allow" else ""
    return f"{name}({head}, {action}{of_row}) if {body};"


@pytest.mark.random
def test_lists_of_random_rules_with_cuts_have_the_rows_of_checks(session: orm.Session) -> None:
    """Or they are refused: which rules are tried is never decided for the wrong rows."""
    users, docs = session.scalars(sa.select(User)).all(), session.scalars(sa.select(Doc)).all()
    compared = 0

    for seed in range(part_of(800)):
        chooser = random.Random(seed)
        names = ["allow"] * chooser.randint(1, 3) + ["pick"] * 2
        text = "".join(rule(chooser, name) for name in names) + HELPERS
        oso = make_oso(text.replace("'", '"'))
        for user in users:
            with contextlib.suppress(UnsupportedError):
                listed = ids(session, oso.authorized_query(user, "read", Doc))
                assert listed == sorted(d.id for d in docs if may_read(oso, user, d)), text
                compared += 1
    assert compared > part_of(800)
