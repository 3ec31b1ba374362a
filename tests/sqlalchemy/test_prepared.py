"""Statements are prepared for a class of actors, and filled in for each: nothing gets stale."""

from __future__ import annotations

import abc
import datetime
import decimal
import itertools
import typing as t
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from werkzeug.local import LocalProxy

from flask_oso import Oso, OsoError, Variable
from flask_oso.polar.exceptions import PolarRuntimeError
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.mapped.mapping import MappedSchema
from tests.support.answers import evaluating_nothing, may_read
from tests.support.models import documents
from tests.support.models.documents import Doc, Folder, Role, User, make_oso


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database of documents that may be changed."""
    with documents.open_documents() as session:
        yield session


def find(oso: Oso, session: orm.Session, actor: t.Any) -> list[int]:
    """Give the ids of the documents that are listed, after checking each."""
    found = sorted(doc.id for doc in session.scalars(oso.authorized_query(actor, "read", Doc)))
    docs = session.scalars(sa.select(Doc)).all()
    assert found == sorted(doc.id for doc in docs if may_read(oso, actor, doc))
    return found


def get_user(session: orm.Session, number: int = 1) -> User:
    """Give a user."""
    user = session.get(User, number)
    assert user is not None
    return user


def test_each_actor_has_rows_of_its_own(session: orm.Session) -> None:
    """What was prepared for one actor is filled in for the next."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u or d.rank = u.level;")

    lists = [find(oso, session, get_user(session, number)) for number in (1, 2, 3)]

    assert lists[0] != lists[1] != lists[2]


def test_an_attribute_of_the_actor_changes(session: orm.Session) -> None:
    """What the actor is counts when the statement is made, stored or not."""
    oso = make_oso("allow(u: User, _, d: Doc) if u.admin and d.open;")
    user = get_user(session)
    counts = []

    for admin in (True, False, True):
        user.admin = admin
        counts.append(len(find(oso, session, user)))

    assert counts[0] == counts[2] > counts[1] == 0


@pytest.mark.parametrize("condition", ["a.owner = d.owner", "d.owner in [a.owner]"])
def test_a_relation_of_an_expired_actor_is_nil(session: orm.Session, condition: str) -> None:
    """Whether the actor is loaded makes no difference to what equals its missing relation."""
    oso = make_oso(f'allow(a: Doc, "read", d: Doc) if {condition};')
    actor, other = session.scalars(sa.select(Doc).order_by(Doc.id).limit(2)).all()
    actor.owner = other.owner = None
    session.flush()
    session.expire(actor)

    statement = oso.authorized_query(actor, "read", Doc)

    found = sorted(doc.id for doc in session.scalars(statement))
    assert found == find(oso, session, actor)
    assert {actor.id, other.id} <= set(found)


def test_a_constant_changes(session: orm.Session) -> None:
    """An object of the application is asked each time."""
    settings = type("Settings", (), {"is_open": True})()
    oso = make_oso("allow(_, _, _: Doc) if 1 = 2;")
    oso.register_constant(settings, "settings")
    oso.load_str("allow(_: User, _, d: Doc) if settings.is_open and d.open;", replace=True)
    user = get_user(session)

    assert find(oso, session, user)
    settings.is_open = False
    assert not find(oso, session, user)


def _docs_of_two_folders(session: orm.Session) -> tuple[Doc, Doc]:
    query = sa.select(Doc).where(Doc.folder_id.is_not(None)).order_by(Doc.id)
    docs = session.scalars(query).all()
    return docs[0], next(doc for doc in docs if doc.folder_id != docs[0].folder_id)


@pytest.mark.parametrize(
    "condition",
    [
        "d in HERE.docs",
        "not d in HERE.docs",
        "d.folder = DOC.folder",
        "d.owner = DOC.folder.owner",
        "r in ANN.roles and r.doc = d",
        "(d in HERE.docs or d in THERE.docs)",
        "(d in HERE.docs or d.owner = u)",
        "(t in ANN.teams or t in BEN.teams) and t in d.teams",
        "(d in ANN.sponsored or d in BEN.sponsored)",
        "(r in ANN.roles or r in BEN.roles) and r.doc = d",
    ],
)
def test_relations_of_constants(session: orm.Session, condition: str) -> None:
    """A row of the application is followed as it is at the moment, and told from another."""
    doc, other = _docs_of_two_folders(session)
    oso = make_oso("allow(_, _, _: Doc) if 1 = 2;")
    oso.register_constant(get_user(session, 1), "ANN")
    oso.register_constant(get_user(session, 2), "BEN")
    oso.register_constant(doc.folder, "HERE")
    oso.register_constant(other.folder, "THERE")
    oso.register_constant(doc, "DOC")
    oso.load_str(f"allow(u: User, _, d: Doc) if {condition} and u = u;", replace=True)

    # The second one comes after checks loaded the relations.
    assert find(oso, session, get_user(session)) == find(oso, session, get_user(session)) != []


def test_a_role_is_added(session: orm.Session) -> None:
    """A relation of the actor that was changed counts, before it is stored and after."""
    oso = make_oso('allow(u, _, d: Doc) if r in u.roles and r.doc = d and r.name = "new";')
    user = get_user(session)
    assert find(oso, session, user) == []

    free = next(n for n in range(1, 25) if session.get(Role, (1, n)) is None)
    user.roles.append(Role(doc=session.get(Doc, free), name="new"))

    assert find(oso, session, user) == [free]
    session.commit()
    assert find(oso, session, user) == [free]


def test_a_value_of_another_kind(session: orm.Session) -> None:
    """An actor whose attribute is not what its column holds is compared as it is."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.rank = u.level;")
    user = get_user(session)

    with session.no_autoflush:
        for level in (1, "1", True, 1.0, None):
            user.level = t.cast(t.Any, level)
            find(oso, session, user)


@pytest.mark.parametrize(
    ("condition", "name", "value"),
    [
        ("not u.name = 1", "name", 1),
        ("not u.name in [1]", "name", 1),
        ("not u matches {name: 1}", "name", 1),
        ("not u.level = true", "level", True),
        ("not u.name = nil", "name", None),
        ('not u.key = "a"', "key", "a"),
    ],
)
def test_value_that_no_column_of_its_kind_has(
    session: orm.Session, condition: str, name: str, value: t.Any
) -> None:
    """A comparison that a column's kind decides is made again for an actor of another kind."""
    oso = make_oso(f"allow(u: User, _, _d: Doc) if {condition};")
    everything = find(oso, session, get_user(session, 2))
    user = get_user(session, 1)

    with session.no_autoflush:
        setattr(user, name, value)
        found = find(oso, session, user)

    assert everything
    assert found == []


@pytest.mark.parametrize("actor", [None, "ann", 1, True, 1.0])
def test_actors_that_are_no_rows(session: orm.Session, actor: t.Any) -> None:
    """Values as actors are kept apart: 1 is not true."""
    oso = make_oso("allow(u, _, d: Doc) if d.rank = u; allow(nil, _, d: Doc) if d.size = nil;")
    for other in (True, 1, None):
        find(oso, session, other)

    find(oso, session, actor)


def test_an_error_of_the_actor_is_seen(session: orm.Session) -> None:
    """What makes the policy raise for each row is no empty list."""
    oso = make_oso("allow(u: User, _, _: Doc) if u.level > 0;")
    user = get_user(session)
    user.level = 1
    assert find(oso, session, user)
    user.level = None

    with pytest.raises(OsoError, match="'NoneType'"):
        oso.authorized_query(user, "read", Doc)


def test_recursion_is_prepared(session: orm.Session) -> None:
    """A recursive query, too, is filled in for each actor."""
    oso = make_oso(
        "allow(u: User, _, d: Doc) if owns(u, d.folder);"
        "owns(u: User, f: Folder) if f.owner = u or owns(u, f.parent);"
    )

    lists = [find(oso, session, get_user(session, number)) for number in (1, 2, 3)]

    assert len({tuple(each) for each in lists}) > 1


@pytest.mark.parametrize(
    "policy",
    [
        "allow(_: User, _, d: Doc) if d.made != nil and d.made <= Datetime.now();",
        "allow(u: User, _, d: Doc) if owns(u, d.folder);"
        "owns(u: User, f: Folder) if r in u.roles and r.doc.folder = f and is_made(r.doc);"
        "owns(u: User, f: Folder) if f.parent matches Folder and owns(u, f.parent);"
        "is_made(d: Doc) if d.rank >= 0 and d.made != nil and d.made <= Datetime.now();",
    ],
    ids=["alone", "in a recursion"],
)
def test_the_time_is_filled_in(session: orm.Session, policy: str) -> None:
    """The current time is not nil, so that no rule that calls itself may fail for it."""
    oso = make_oso(policy)
    user = get_user(session)
    found = find(oso, session, user)

    with evaluating_nothing(oso):
        oso.authorized_query(user, "read", Doc)

    assert found


def test_a_missing_entry_is_asked_for_each_time(session: orm.Session) -> None:
    """An entry that a dictionary has not is no error: it is filled in, and may be there later."""
    settings = type("Settings", (), {"entries": {}})()
    oso = make_oso("allow(_, _, _: Doc) if 1 = 2;")
    oso.register_constant(settings, "settings")
    oso.load_str("allow(_: User, _, d: Doc) if d.open = settings.entries.shown;", replace=True)
    user = get_user(session)

    assert not find(oso, session, user)
    with evaluating_nothing(oso):
        oso.authorized_query(user, "read", Doc)
    settings.entries["shown"] = True
    assert find(oso, session, user)
    with evaluating_nothing(oso):
        oso.authorized_query(user, "read", Doc)
    settings.entries = {"other": 1}
    assert not find(oso, session, user)


ROLES = """
allow(u: User, "read", d: Doc) if d.open and has_role(u, "reader");
allow(u: User, "read", d: Doc) if d.rank > 1 and not has_role(u, "writer");
has_role(u: User, "reader") if has_role(u, "writer") or has_role(u, "reviewer");
has_role(u: User, "writer") if has_role(u, "editor");
has_role(u: User, "reviewer") if has_role(u, "editor");
has_role(u: User, "editor") if has_role(u, "admin");
has_role(u: User, "admin") if has_role(u, "owner");
"""


@pytest.mark.parametrize(
    "has_role",
    [
        "has_role(u: User, name: String) if u.name = name;",
        'has_role(u: User, "owner") if u.admin;',
        'has_role(u: User, "owner") if r in u.roles and r.doc.open;',
    ],
    ids=["by name", "by flag", "by rows"],
)
def test_roles_of_the_actor_that_follow_from_each_other(
    session: orm.Session, has_role: str
) -> None:
    """A hierarchy of roles of the actor alone is prepared, however many levels it has."""
    oso = make_oso(ROLES + has_role)
    users = [get_user(session, number) for number in (1, 2, 3)]
    users[0].name, users[1].name, users[2].name = "reviewer", "owner", "nobody"
    users[0].admin, users[1].admin = False, True
    session.flush()
    found = [find(oso, session, user) for user in users]

    with evaluating_nothing(oso):
        again = [
            sorted(doc.id for doc in session.scalars(oso.authorized_query(user, "read", Doc)))
            for user in users
        ]

    assert again == found
    assert any(found)


def test_roles_of_the_actor_that_follow_from_each_other_in_a_circle(session: orm.Session) -> None:
    """A list ends where a check goes round."""
    oso = make_oso(
        'allow(u: User, "read", d: Doc) if d.open and (u.admin or has_role(u, "reader"));'
        'has_role(u: User, "reader") if has_role(u, "writer");'
        'has_role(u: User, "writer") if has_role(u, "reader");'
        'has_role(u: User, "owner") if u.admin;'
    )
    user = get_user(session)
    user.admin = True
    session.flush()

    assert find(oso, session, user)


ACTORS: dict[str, t.Any] = {"Role": Role, "Doc": Doc}


@pytest.mark.parametrize(
    ("actor", "user"),
    [("Role", "a.user"), ("Doc", "a.owner"), ("Doc", "a.folder.owner")],
    ids=["one", "one or none", "two relations"],
)
def test_roles_of_a_row_to_which_the_actor_leads(
    session: orm.Session, actor: str, user: str
) -> None:
    """A list by roles of the user of a token is prepared, as one by roles of the user is."""
    oso = make_oso(
        f'allow(a: {actor}, "read", d: Doc) if has_role({user}, "reader", d);'
        'has_role(u: User, "reader", d: Doc) if has_role(u, "writer", d);'
        'has_role(u: User, "writer", d: Doc) if has_role(u, "editor", d);'
        'has_role(u: User, "editor", d: Doc) if has_role(u, "owner", d);'
        'has_role(u: User, "owner", d: Doc) if d.owner = u or (r in u.roles and r.doc = d);'
        'has_role(nil, "owner", d: Doc) if d.rank = 1;'
    )
    actors = session.scalars(sa.select(ACTORS[actor])).all()
    actors = [each for each in actors if actor == "Role" or each.folder is not None]
    found = [find(oso, session, each) for each in actors]

    with evaluating_nothing(oso):
        again = [
            sorted(doc.id for doc in session.scalars(oso.authorized_query(each, "read", Doc)))
            for each in actors
        ]

    assert again == found
    assert len({*map(tuple, found)}) > 1


def test_list_that_took_too_long_is_prepared_the_next_time(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that was refused once does not have each later one evaluated anew."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u;")
    user = get_user(session)
    with monkeypatch.context() as patched:
        seconds = itertools.count(0, 60).__next__
        patched.setattr("flask_oso.polar.limits.time", SimpleNamespace(monotonic=seconds))
        patched.setattr("flask_oso.polar.limits.thread_time", seconds)
        with pytest.raises(PolarRuntimeError, match=r"^Query timeout: Query running for \d+ms"):
            oso.authorized_query(user, "read", Doc)

    found = find(oso, session, user)

    with evaluating_nothing(oso):
        oso.authorized_query(user, "read", Doc)
    assert found


def test_busy_machine_ends_no_list(session: orm.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is how long the thread works: the clock on the wall stood at minutes."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u;")
    seconds = itertools.count(0, 60).__next__
    monkeypatch.setattr("flask_oso.polar.limits.time", SimpleNamespace(monotonic=seconds))

    assert find(oso, session, get_user(session))


@pytest.mark.parametrize("condition", ["u.slow() = d.rank", "u.slow() in [1, d.rank]"])
def test_method_that_waits_ends_a_list(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    """The time that a method takes counts, also where the thread does nothing meanwhile."""
    oso = make_oso(f"allow(u: User, _, d: Doc) if {condition};")
    now = 0.0

    def wait(user: User) -> int:
        nonlocal now
        now += 3600
        return 1

    monkeypatch.setattr(User, "slow", wait, raising=False)
    monkeypatch.setattr("flask_oso.polar.limits.time", SimpleNamespace(monotonic=lambda: now))

    with pytest.raises(PolarRuntimeError, match=r"^Query timeout: Query running for 3600000ms"):
        oso.authorized_query(get_user(session), "read", Doc)


def test_all_rules_of_a_list_get_one_time(session: orm.Session) -> None:
    """The current time is asked for once, so that equal conditions are one."""
    oso = make_oso(
        "allow(_: User, _, d: Doc) if is_made(d) and d.open;"
        "allow(_: User, _, d: Doc) if is_made(d) and d.rank > 1;"
        "is_made(d: Doc) if d.made != nil and d.made <= Datetime.now();"
    )

    shown = str(oso.residual(get_user(session), "read", Doc))

    assert shown.count("doc.made <=") == 1


def test_the_value_of_a_member_beside_one_that_is_read(session: orm.Session) -> None:
    """A text that is compared with the value of a member decides which template is filled in."""
    settings = type("Settings", (), {"names": ["done"]})()
    oso = make_oso("allow(_, _, _: Doc) if 1 = 2;")
    oso.register_constant(settings, "settings")
    policy = "allow(_: User, _, d: Doc) if d.status != nil and d.status.value in settings.names;"
    oso.load_str(policy, replace=True)
    user = get_user(session)
    found = [find(oso, session, user)]

    with evaluating_nothing(oso):
        oso.authorized_query(user, "read", Doc)
    for names in (["draft"], ["none", 1], ["done"]):
        settings.names = names
        found.append(find(oso, session, user))

    assert found[0]
    assert found[1]
    assert found == [found[0], found[1], [], found[0]]
    assert not {*found[0]} & {*found[1]}


def test_building_reads_nothing(session: orm.Session) -> None:
    """However many roles an actor has, none is read to make the statement."""
    oso = make_oso(
        "allow(u, _, d: Doc) if r in u.roles and r.doc = d and r.user.admin;"
        "allow(u, _, d: Doc) if t in u.teams and t in d.teams and t.open;"
    )
    user = get_user(session)
    _ = user.id
    statements: list[t.Any] = []

    def listen(*args: t.Any) -> None:
        statements.append(args[2])

    engine = session.get_bind()
    sa.event.listen(engine, "before_cursor_execute", listen)
    oso.authorized_query(user, "read", Doc)
    sa.event.remove(engine, "before_cursor_execute", listen)

    assert statements == []


def test_a_policy_is_replaced(session: orm.Session) -> None:
    """What was prepared under one policy is not used under the next."""
    oso = make_oso("allow(_: User, _, d: Doc) if d.open;")
    user = get_user(session)
    first = find(oso, session, user)

    oso.load_str("allow(_: User, _, d: Doc) if not d.open;", replace=True)

    assert not set(first) & set(find(oso, session, user))


def test_many_actions(session: orm.Session) -> None:
    """Actions may come from a request: what is kept for them is bounded."""
    oso = make_oso('allow(_: User, "read", d: Doc) if d.open;')
    user = get_user(session)

    for number in range(1_200):
        oso.residual(user, f"action {number}", Folder)

    assert len(oso.engine._residuals) <= 1_000


@pytest.mark.parametrize(
    "actor", [decimal.Decimal("0.10"), documents.Status.DONE, datetime.date(2024, 1, 1), b"a"]
)
@pytest.mark.parametrize("column", ["price", "status", "due", "title"])
@pytest.mark.parametrize("test", ["d.{} = u", "not d.{} = u", "d.{} != u", "d.{} in [u]"])
def test_objects_that_are_no_rows(
    session: orm.Session, test: str, column: str, actor: t.Any
) -> None:
    """A column may equal an object that is given as the actor, and is compared with it."""
    find(make_oso(f"allow(u, _, d: Doc) if {test.format(column)};"), session, actor)


def test_a_proxy_is_what_it_stands_for(session: orm.Session) -> None:
    """The current user of an extension is usually a proxy."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u;")
    user = get_user(session)
    proxy: t.Any = LocalProxy(lambda: user)

    found = session.scalars(oso.authorized_query(proxy, "read", Doc)).all()

    assert sorted(doc.id for doc in found) == find(oso, session, user) != []


def test_login_equality(session: orm.Session) -> None:
    """Flask-Login compares keys, which is what a list compares; that of others is refused."""
    mixin = type("UserMixin", (), {"__eq__": lambda a, b: True, "get_id": lambda a: "1"})
    own = type("Own", (), {"__eq__": lambda a, b: True})
    mixin.__module__ = "flask_login.mixins"

    class Login(orm.DeclarativeBase):
        pass

    class Member(mixin, Login):  # type: ignore[misc, valid-type]
        __tablename__ = "members_of_login"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    class Other(own, Login):  # type: ignore[misc, valid-type]
        __tablename__ = "others_of_login"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    models = MappedSchema({}, {})
    member, other = models.model(Member), models.model(Other)

    assert member is not None and other is not None
    assert (member.own_equality, member.shares_equality) == (None, True)
    assert other.own_equality is Other


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (Variable("read"), "A decision needs values"),
        (["read", Variable("any")], "A decision needs values"),
        (2**63, "integers have 64 bits"),
        ("\ud800", "surrogate"),
    ],
    ids=["a variable", "a list with a variable", "a long integer", "half a character"],
)
def test_what_a_decision_refuses_is_refused_each_time(
    session: orm.Session, action: t.Any, message: str
) -> None:
    """An action that is no value of Polar has no template, though others of its class have one."""
    oso = make_oso("allow(u: User, _, d: Doc) if d.owner = u;")
    user = get_user(session)
    for known in ("read", 1, ["read"]):
        oso.authorized_query(user, known, Doc)

    for _ in range(2):
        with pytest.raises(OsoError, match=message):
            oso.authorized_query(user, action, Doc)


@pytest.mark.parametrize(
    ("policy", "cls"),
    [
        ('allow(m: Marked, "read", d: Doc) if d.open and m.id = 1;', User),
        ('allow(u: User, "read", d: Doc) if d.owner = u and not u matches Marked;', User),
        ('allow(u: User, "read", d: Doc) if d.owner = u and not d matches Marked;', Doc),
        ('allow(_: User, "read", d: Doc) if d.owner != nil and not d.owner matches Marked;', User),
        (
            'allow(u: User, "read", d: Doc) if d.owner = u and has(d); has(_: Marked);',
            Doc,
        ),
    ],
)
def test_class_is_registered_as_a_subclass(
    session: orm.Session, policy: str, cls: type[t.Any]
) -> None:
    """What was prepared before it matched a class of the policy does not count any more."""

    class Marked(abc.ABC):  # noqa: B024
        """Takes others for its subclasses."""

    oso = Oso()
    oso.register_class(Marked)
    register_models(oso, documents.Base)
    oso.load_str(policy)
    user = get_user(session)
    before = [find(oso, session, user) for _ in range(2)]

    Marked.register(cls)

    assert before[0] == before[1]
    assert find(oso, session, user) != before[0]
