"""Each construct of a policy, as oso 0.27.3 took or refused it in a list: row by row.

The rows are those of the table in which the behaviour of oso was written down. Here each works
as in a decision, or is refused before there is a statement, with what it is, where it stands
and what to write instead.
"""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import OsoError
from flask_oso.polar.exceptions import UnsupportedError
from tests.support.models.documents import Doc, User, make_oso

#: What oso did, then a policy about documents; ``u`` is the first user.
WORKING = {
    "no condition: ok": "allow(_, _, _: Doc);",
    "no condition, unspecialized: ok": "allow(_, _, _);",
    "no matching rule: ok": "allow(_, _, _: Team);",
    "field and literal: ok": 'allow(_, _, d) if d.title = "a";',
    "field and field of the actor: ok": "allow(u: User, _, d) if d.owner_id = u.id;",
    "field and nil: ok": "allow(_, _, d) if d.title = nil;",
    "== literal: refused": "allow(_, _, d) if d.rank == 1;",
    "relation == actor: refused": "allow(u, _, d) if d.owner == u;",
    "!= literal: loses NULL": 'allow(_, _, d) if d.title != "a";',
    "!= nil: ok": "allow(_, _, d) if d.title != nil;",
    "<: no rows": "allow(_, _, d) if d.rank < 1;",
    "<=: no rows": "allow(_, _, d) if d.rank <= 1;",
    ">: no rows": "allow(_, _, d) if d.rank > 1;",
    ">=: no rows": "allow(_, _, d) if d.rank >= 1;",
    "< flipped: no rows": "allow(_, _, d) if 1 < d.rank;",
    "< under not: no rows": "allow(_, _, d) if not d.rank < 1;",
    "field and field: ok": "allow(_, _, d) if d.owner_id = d.editor_id;",
    "field != field: ok": "allow(_, _, d) if d.owner_id != d.editor_id;",
    "flag alone: ok": "allow(_, _, d) if d.open;",
    "not flag: refused": "allow(_, _, d: Doc) if not d.open;",
    "not =: ok": 'allow(_, _, d) if not (d.title = "a");',
    "not ==: ok": "allow(_, _, d) if not d.rank == 1;",
    "not !=: ok": "allow(_, _, d) if not d.rank != 1;",
    "not or: ok": 'allow(_, _, d) if not (d.rank = 1 or d.title = "a");',
    "not and: ok": 'allow(_, _, d) if not (d.rank = 1 and d.title = "a");',
    "in literals: ok": 'allow(_, _, d) if d.title in ["a", "b_"];',
    "in a list of the actor: ok": "allow(u: User, _, d) if d.rank in [u.level, u.id];",
    "in an empty list: ok": "allow(_, _, d) if d.title in [];",
    "not in: refused": 'allow(_, _, d: Doc) if not d.title in ["a", "b_"];',
    "literal in field: fails": 'allow(_, _, d) if "a" in d.title;',
    "specializer with fields: ok": "allow(u, _, _: Doc{owner: u, open: true});",
    "dictionary pattern: ok": "allow(_, _, _: {open: true});",
    "resource = actor: ok": "allow(u, _, d: Doc) if d = u;",
    "resource in the head twice: ok": "allow(d, _, d);",
    "resource in instances: ok": "allow(u, _, d) if d in [u, d];",
    "resource in a relation of the actor: ok": "allow(u, _, d) if r in u.roles and d in [r.doc];",
    "one = actor: loses NULL": "allow(u, _, d) if d.owner = u;",
    "one != actor: loses NULL": "allow(u, _, d) if d.owner != u;",
    "not one = actor: loses NULL": "allow(u, _, d) if not d.owner = u;",
    "one = nil: never": "allow(_, _, d) if d.owner = nil;",
    "field of one: ok": "allow(_, _, d) if d.folder.open;",
    "field of one of one: ok": "allow(_, _, d) if d.folder.owner.admin;",
    "element of many: ok": "allow(_, _, d) if t in d.teams and t.open;",
    "any of many: ok": "allow(_, _, d) if _ in d.teams;",
    "instance in many: ok": "allow(u, _, d) if t in d.teams and u in t.users;",
    "one of the actor's in many: ok": "allow(u, _, d) if r in u.roles and r in d.roles;",
    "element of many of one: ok": "allow(_, _, d) if o in d.folder.docs and o.rank = 2;",
    "not instance in many: fails": "allow(u, _, d) if t in d.teams and not u in t.users;",
    "two elements of one relation: merged": (
        'allow(_, _, d) if a in d.roles and b in d.roles and a.name = "reader"'
        ' and b.name = "editor";'
    ),
    "element of many of an element: refused": (
        "allow(_, _, d) if t in d.teams and x in t.users and x.admin;"
    ),
    "forall of literals: ok": "allow(_, _, d) if forall(x in [0, 1], d.rank != x);",
    "forall of a relation: refused": "allow(_, _, d) if forall(t in d.teams, t.open);",
    "not element of many: refused": "allow(_, _, d) if not (t in d.teams and t.open);",
    "matches its class: ok": "allow(_, _, d) if d matches Doc;",
    "one matches: ok": "allow(_, _, d) if d.owner matches User{admin: true};",
    "helper typed on one: ok": "allow(_, _, d) if may(d.folder); may(f: Folder) if f.open;",
    "matches another class: ok": "allow(_, _, d) if d matches Team;",
    "specializer of a subclass: all rows": "allow(_, _, _: Memo);",
    "matches a subclass: all rows": "allow(_, _, d: Doc) if d matches Memo;",
    "not matches: refused": "allow(_, _, d: Doc) if not d matches Memo;",
    "not helper with a specializer: refused": (
        "allow(_, _, d: Doc) if not may(d.folder); may(f: Folder) if f.open;"
    ),
    "helper: ok": "allow(u, _, d) if owns(u, d); owns(u, d: Doc) if d.owner = u;",
    "blocks: ok": (
        'actor User {} resource Doc { roles = ["reader"]; permissions = ["read"];'
        ' "read" if "reader"; }'
        " has_role(u: User, name: String, d: Doc) if"
        "   r in u.roles and r.doc = d and r.name = name;"
        " allow(a, b, c) if has_permission(a, b, c);"
    ),
    "role of the actor: ok": "allow(u, _, d) if r in u.roles and r.doc = d;",
    ":=: ok": 'allow(_, _, d) if t := d.title and t = "a";',
    "list with a field: ok": 'allow(_, _, d) if [d.title] = ["a"];',
    "dictionary with a field: ok": 'allow(_, _, d) if {a: d.title} = {a: "a"};',
    "field by its name: ok": 'allow(_, _, d) if d.("title") = "a";',
    "print: ok": 'allow(_, _, d) if print(d.title) and d.title = "a";',
    "arithmetic: refused": "allow(_, _, d) if d.rank + 1 = 2;",
    "arithmetic of the actor: ok": "allow(u: User, _, d) if d.rank = u.id + 1;",
    "method of a field, faithful: refused": 'allow(_, _, d) if d.label.startswith("a");',
    "letters of both cases: refused": 'allow(_, _, d) if d.title.upper() = "A";',
    "remainder: refused": "allow(_, _, d) if d.rank mod 2 = 1;",
}  # fmt: skip

#: What oso did, a policy, the sub-expression with the fact, and what to write instead.
REFUSED = {
    "field of many: ok, and fails for instances": (
        'allow(_, _, d: Doc) if d.teams.name = "a";',
        "`d.teams.name`: `doc.teams` has no attributes in a list",
        "Bind its elements with `in`.",
    ),
    "relation compared with a list: refused": (
        "allow(_, _, d: Doc) if d.teams = [];",
        "`d.teams`: a relation to many rows cannot be compared",
        "Ask with `in`: `_ in x.rows` where there are rows, and `not _ in x.rows` where there are"
        " none.",
    ),
    "method of the resource: refused": (
        "allow(_, _, d: Doc) if d.publish();",
        "`d.publish()`: the method 'publish' needs a row, and a list has none",
        "Say it with columns and relations. Of a text, `startswith`, `endswith`, `find`, `lower`,"
        " `upper` and `casefold` work, with other texts.",
    ),
    "method of a field: refused": (
        'allow(_, _, d: Doc) if d.title.strip() = "A";',
        "`d.title.strip()`: the method 'strip' needs a row, and a list has none",
        "Say it with columns and relations. Of a text, `startswith`, `endswith`, `find`, `lower`,"
        " `upper` and `casefold` work, with other texts.",
    ),
    "resource given to a method: decides for all rows": (
        "allow(u: User, _, d: Doc) if u.can(d);",
        "`u.can(d)`: a method of an object that is known cannot be asked about rows",
        "Say it with columns and relations of the row.",
    ),
    "cut: applied to all rows at once": (
        "allow(_, _, d: Doc) if d.open and cut; allow(_, _, _: Doc);",
        "`cut`: a cut chooses among rules, which differs from row to row",
        "Have the rules exclude each other by conditions, or ask only the actor in front of the"
        " cut.",
    ),
    "division: refused": (
        "allow(_, _, d: Doc) if d.rank / 2 = 1;",
        "`d.rank / 2`: databases divide integers in different ways",
        "Multiply the other side. `mod` and `rem` work.",
    ),
}


def is_allowed(oso: t.Any, actor: t.Any, row: t.Any) -> bool:
    """Ask for one row; an error is no allow."""
    try:
        return bool(oso.is_allowed(actor, "read", row))
    except OsoError:
        return False


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", WORKING.values(), ids=WORKING)
def test_construct_works(session: orm.Session, policy: str) -> None:
    """The list has the rows of a decision."""
    oso, user = make_oso(policy), session.get(User, 1)

    found = set(session.scalars(oso.authorized_query(user, "read", Doc)))

    assert found == {d for d in session.scalars(sa.select(Doc)) if is_allowed(oso, user, d)}


@pytest.mark.parametrize(("policy", "fact", "remedy"), REFUSED.values(), ids=REFUSED)
def test_construct_is_refused(session: orm.Session, policy: str, fact: str, remedy: str) -> None:
    """The message has the sub-expression, its place and what to write instead."""
    oso = make_oso(policy)

    with pytest.raises(UnsupportedError) as caught:
        oso.authorized_query(session.get(User, 1), "read", Doc)

    first, *_, last = str(caught.value).splitlines()
    assert first.startswith(f"Not supported for a list of rows: {fact}")
    assert " at line 1, column " in first
    assert last == remedy
