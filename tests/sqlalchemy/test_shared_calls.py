"""What one action of a list has found out of a recursive rule is used for the others."""

from __future__ import annotations

import itertools
import typing as t
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.polar.residual import search
from tests.support.answers import outcome_of
from tests.support.models import documents
from tests.support.models.documents import Doc, User, make_oso

ACTIONS = ("read", "edit", "move")
RECURSION = "owns(u: User, f: Folder) if f.parent matches Folder and owns(u, f.parent);"
#: Rules of a recursion, and what a constant may be.
OWNS: dict[str, tuple[str, list[dict[str, t.Any]]]] = {
    "answered otherwise": (
        'owns(u: User, f: Folder) if settings.mode = "owner" and f.owner = u;'
        'owns(_: User, f: Folder) if settings.mode = "open" and f.open;',
        [{"mode": "owner"}, {"mode": "open"}, {"mode": ""}],
    ),
    "another value": (
        "owns(u: User, f: Folder) if f.owner = u and u.level >= settings.level();"
        "owns(_: User, f: Folder) if f.name = settings.name;",
        [{"level": lambda: 0, "name": "f2"}, {"level": lambda: 9, "name": "f1"}],
    ),
    "a value of another class": (
        "owns(_: User, f: Folder) if f.id < settings.most;",
        [{"most": 3}, {"most": "3"}, {"most": None}, {"most": 2.5}],
    ),
    "a value of another class, of which the condition says nothing": (
        "owns(u: User, f: Folder) if f.owner = u and (f.id < settings.most or 1 = 1);",
        [{"most": 3}, {"most": "3"}, {"most": None}],
    ),
    "elements": (
        "owns(_: User, f: Folder) if kind in settings.kinds and kind.name = f.name;",
        [
            {"kinds": [SimpleNamespace(name="f1")]},
            {"kinds": [SimpleNamespace(name="f2"), SimpleNamespace(name="f3")]},
            {"kinds": []},
        ],
    ),
    "a solution": (
        "owns(_: User, f: Folder) if settings.mode matches Integer and f.open;",
        [{"mode": 1}, {"mode": "1"}],
    ),
    "the time": (
        "owns(_: User, f: Folder) if d in f.docs and d.made != nil and d.made < Datetime.now();",
        [{}],
    ),
}
#: What actions ask in front of the recursion, so that values have other numbers in each of them.
FRONT = """
    allow(u: User, "read", d: Doc) if owns(u, d.folder);
    allow(u: User, "edit", d: Doc) if
        d.rank >= settings.least and settings.least matches Integer and owns(u, d.folder);
    allow(u: User, "move", d: Doc) if
        (d.made = nil or d.made < Datetime.now()) and settings.least = 0 and
        not (d.folder != nil and owns(u, d.folder));
"""


def make(policy: str, settings: t.Any) -> Oso:
    """Give an Oso with a constant."""
    oso = make_oso("allow(_, _, _: Doc) if 1 = 2;")
    oso.register_constant(settings, "settings")
    oso.load_str(policy, replace=True)
    return oso


def listed(oso: Oso, session: orm.Session, user: User, action: str) -> t.Any:
    """Give the ids that are listed, or the class of what is raised."""
    try:
        rows = session.scalars(oso.authorized_query(user, action, Doc))
        return sorted(doc.id for doc in rows)
    except OsoError as error:
        return type(error)


@pytest.mark.parametrize("actions", [ACTIONS, ACTIONS[::-1]], ids="-".join)
@pytest.mark.parametrize("kind", OWNS)
def test_actions_in_any_order_list_what_checks_allow(kind: str, actions: tuple[str, ...]) -> None:
    """Whatever was asked before, and found out, a list is that of an Oso that was asked nothing."""
    rules, states = OWNS[kind]
    policy = FRONT + rules + RECURSION
    settings = SimpleNamespace(least=0)
    oso = make(policy, settings)
    with documents.open_documents() as session:
        user = session.get_one(User, 1)
        docs = session.scalars(sa.select(Doc)).all()
        for action, state in zip(actions * 2, itertools.cycle(states), strict=False):
            vars(settings).update(state)

            found = listed(oso, session, user, action)

            assert found == listed(make(policy, settings), session, user, action)
            allowed = [each.id for each in docs if outcome_of(oso, user, action, each) is True]
            assert sorted(allowed) == found or not isinstance(found, list)


def test_second_action_takes_few_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other actions do not evaluate the rules anew by which roles are inherited."""
    roles = [f"r{number}" for number in range(12)]
    inherits = "".join(
        f'role(u: User, "{one}", f: Folder) if role(u, "{other}", f);'
        for one, other in itertools.pairwise(roles)
    )
    oso = make(
        'allow(u: User, action, d: Doc) if action in ["read", "edit"] and role(u, "r0", d.folder);'
        f'{inherits} role(u: User, "r11", f: Folder) if f.open or role(u, "r11", f.parent);',
        None,
    )
    with documents.open_documents() as session:
        user = session.get_one(User, 1)
        read = listed(oso, session, user, "read")
        monkeypatch.setattr(search, "MAX_RESIDUAL_GOALS", 20)

        edit = listed(oso, session, user, "edit")

    assert edit == read != []
