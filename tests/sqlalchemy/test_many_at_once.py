"""Many objects at once: the answers of single checks, with a few statements for all of them."""

from __future__ import annotations

import asyncio
import random
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import PolarRuntimeError
from flask_oso.sqlalchemy.mapped import loaded
from tests.support import policies
from tests.support.models.gallery import Base, Member, Org, Project, User, counted, make_oso

POLICY = """
actor User {}
resource Project {
  permissions = ["read", "edit"];
  roles = ["viewer", "editor"];
  relations = { parent: Project };
  "read" if "viewer";
  "edit" if "editor";
  "viewer" if "editor";
  "viewer" if "viewer" on "parent";
}
has_role(user: User, "editor", project: Project) if project.owner = user;
has_role(user: User, "viewer", project: Project) if
  project.owner matches User and m in project.owner.members and m.user = user;
has_role(user: User, "viewer", project: Project) if
  project.org matches Org and project.org.kind = "org" and user.org = project.org;
has_relation(parent: Project, "parent", project: Project) if parent = project.parent;
allow(user: User, action, project: Project) if has_permission(user, action, project);
"""
ROWS = 300


@pytest.fixture(params=["sqlite", "postgresql"])
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open a database of many projects."""
    engine = request.getfixturevalue(request.param)
    Base.metadata.create_all(engine)
    draw = random.Random(13)
    with orm.Session(engine) as session:
        session.add_all(Org(id=n) for n in range(1, 6))
        session.flush()
        session.add_all(User(id=n, org_id=draw.choice([None, 1, 2])) for n in range(1, 31))
        session.flush()
        for n in range(1, ROWS + 1):
            parent = draw.choice([None, draw.randrange(1, n) if n > 1 else None])
            owner, org = draw.choice([None, 1, 2, 3, 9]), draw.choice([None, 1, 2])
            session.add(Project(id=n, owner_id=owner, org_id=org, parent_id=parent))
            session.flush()
        session.add_all(Member(user_id=draw.randrange(1, 6)) for _ in range(40))
        session.commit()
        session.expunge_all()
        yield session
    Base.metadata.drop_all(engine)


def projects_of(session: orm.Session) -> list[Project]:
    return [*session.scalars(sa.select(Project).order_by(Project.id))]


def engine_of(session: orm.Session) -> sa.Engine:
    return t.cast(sa.Engine, session.get_bind())


@pytest.mark.each(3)
@pytest.mark.parametrize("user_id", [1, 2, 9, 20])
@pytest.mark.parametrize("compiled", [True, False])
def test_filter_gives_what_single_checks_allow(
    session: orm.Session, user_id: int, compiled: bool
) -> None:
    """The objects that are allowed, in their order."""
    oso = make_oso(POLICY, compiled=compiled)
    user, projects = session.get_one(User, user_id), projects_of(session)

    found = oso.filter(user, "read", projects)

    assert found == [each for each in projects if oso.is_allowed(user, "read", each)]


def test_filter_loads_each_relation_at_once(session: orm.Session) -> None:
    """The number of statements does not grow with the number of rows."""
    oso = make_oso(POLICY)
    user, projects = session.get_one(User, 1), projects_of(session)

    with counted(engine_of(session)) as statements:
        oso.filter(user, "read", projects)

    assert len(statements) < 20


ON_RELATION = """
actor User {}
resource Org { roles = ["viewer"]; }
resource Project {
  permissions = ["read"];
  roles = ["viewer"];
  relations = { org: Org };
  "viewer" if "viewer" on "org";
  "read" if "viewer";
}
has_role(_: User, "viewer", org: Org) if org.kind = "org";
has_relation(org: Org, "org", project: Project) if org = project.org;
allow(user: User, action, project: Project) if has_permission(user, action, project);
"""


def test_filter_loads_the_relation_of_a_role_at_once(session: orm.Session) -> None:
    """A related row that the policy looks for is not compared with one that it has."""
    oso = make_oso(ON_RELATION)
    for project in projects_of(session):
        project.org_id = project.id % 5 + 1
    session.commit()
    session.expunge_all()
    user, projects = session.get_one(User, 1), projects_of(session)

    with counted(engine_of(session)) as statements:
        found = oso.filter(user, "read", projects)

    assert (len(found), len(statements)) == (ROWS, 1)


OF_THE_ACTOR = """
allow(user: User, "read", project: Project) if
  project.owner matches User{level: 1} and
  has_seat(user);
has_seat(user: User) if member in user.members and member.user = user;
"""


def test_what_is_read_of_the_actor_is_not_loaded_of_others(session: orm.Session) -> None:
    """The owner of each project is a user, of whom nothing else is read."""
    oso = make_oso(OF_THE_ACTOR)
    user, projects = session.get_one(User, 1), projects_of(session)

    found = oso.filter(user, "read", projects)

    owners = {each.owner for each in projects} - {user, None}
    assert found
    assert "members" in vars(user)
    assert owners
    assert not any("members" in vars(each) for each in owners)


def test_rows_with_missing_relations_are_asked_in_the_usual_way(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was missing is loaded for all, and then no row is asked by itself."""
    oso = make_oso(ON_RELATION)
    oso.filter(session.get_one(User, 1), "read", projects_of(session))
    session.expunge_all()
    user, projects = session.get_one(User, 1), projects_of(session)
    monkeypatch.setattr(oso.engine, "allow", lambda *_: pytest.fail("a row was asked by itself"))

    found = oso.filter(user, "read", projects)

    assert found == [each for each in projects if each.org is not None]


def test_rows_that_the_session_has_are_not_loaded_again(session: orm.Session) -> None:
    """A relation to a row of the session is found by its key, as reading it would find it."""
    oso = make_oso(
        'allow(u: User, "read", p: Project) if p.owner matches User{org: o} and o = u.org;'
    )
    users, orgs = session.scalars(sa.select(User)).all(), session.scalars(sa.select(Org)).all()
    projects = projects_of(session)

    with counted(engine_of(session)) as statements:
        found = oso.filter(users[0], "read", projects)

    assert (statements, len(orgs)) == ([], 5)
    assert found == [each for each in projects if oso.is_allowed(users[0], "read", each)]


def test_filter_loads_what_is_expired(session: orm.Session) -> None:
    """Rows of before a commit are read again together."""
    oso = make_oso(POLICY)
    user, projects = session.get_one(User, 1), projects_of(session)
    before = oso.filter(user, "read", projects)
    session.commit()

    with counted(engine_of(session)) as statements:
        after = oso.filter(user, "read", projects)

    assert (after, len(statements) < 30) == (before, True)


def test_filter_keeps_pending_changes(session: orm.Session) -> None:
    """What was assigned and not flushed is neither lost nor overlooked."""
    oso = make_oso(POLICY)
    user, projects = session.get_one(User, 20), projects_of(session)
    session.autoflush = False
    for each in projects[:10]:
        each.owner = user
    projects[10].owner_id = 20

    found = oso.filter(user, "edit", projects)

    assert [each.owner for each in projects[:10]] == [user] * 10
    assert found == [each for each in projects if oso.is_allowed(user, "edit", each)]
    assert projects[10].owner_id == 20


def test_actions_of_many_are_those_of_each(session: orm.Session) -> None:
    """A list of sets, one for each object."""
    oso = make_oso(POLICY)
    user, projects = session.get_one(User, 1), projects_of(session)

    with counted(engine_of(session)) as statements:
        found = oso.authorized_actions_many(user, iter(projects))

    assert len(statements) < 20
    assert found == [oso.authorized_actions(user, each) for each in projects]


FIELDS = """
allow_field(_: User, "read", _: Project, "id");
allow_field(user: User, "read", project: Project, "parent") if user = project.owner;
allow_field(user: User, "read", project: Project, "org") if
  project.owner matches User and m in project.owner.members and m.user = user;
"""


def test_relations_to_load_are_found_out_once(
    session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking again does not look again at which relations the classes have."""
    oso = make_oso(POLICY)
    user, projects = session.get_one(User, 1), projects_of(session)
    found = oso.authorized_actions_many(user, projects)
    session.expire_all()
    monkeypatch.delattr(loaded, "_loadable")

    with counted(engine_of(session)) as statements:
        again = oso.authorized_actions_many(user, projects)

    assert again == found
    assert 0 < len(statements) < 20


def test_fields_of_many_are_those_of_each(session: orm.Session) -> None:
    """A list of sets, one for each object, from a few statements for all of them."""
    oso = make_oso(POLICY + FIELDS)
    user, projects = session.get_one(User, 1), projects_of(session)

    with counted(engine_of(session)) as statements:
        found = oso.authorized_fields_many(user, "read", iter(projects))

    assert len(statements) < 20
    assert found == [oso.authorized_fields(user, "read", each) for each in projects]
    assert {"id", "parent", "org"} in found
    assert {"id"} in found


def test_fields_of_many_load_each_relation_at_once(session: orm.Session) -> None:
    """The number of statements does not grow with the number of rows."""
    oso = make_oso("""allow_field(_: User, "read", project: Project, "parent") if
      project.parent matches Project and project.parent.id < 300;""")
    user = session.get_one(User, 1)
    later = [*session.scalars(sa.select(Project).where(Project.id > ROWS // 2))]

    with counted(engine_of(session)) as statements:
        oso.authorized_fields_many(user, "read", later)

    assert len(statements) < 10


def test_fields_of_another_action_are_those_of_each(session: orm.Session) -> None:
    """The action is asked about, whatever is loaded for another one."""
    oso = make_oso(POLICY + FIELDS)
    user, projects = session.get_one(User, 1), projects_of(session)

    assert oso.authorized_fields_many(user, "edit", projects) == [set()] * ROWS


def test_relation_that_raises_is_not_loaded(session: orm.Session) -> None:
    """What forbids loading is heard, as in a single check."""
    oso = make_oso(POLICY)
    user = session.get_one(User, 5)
    strict = sa.select(Project).options(orm.raiseload("*"))
    projects = [*session.scalars(strict.order_by(Project.id))]

    with pytest.raises(sa.exc.InvalidRequestError) as caught:
        oso.filter(user, "read", projects)

    assert "raiseload" in str(caught.value) or "lazy='raise" in str(caught.value)


def test_session_with_a_listener_loads_by_itself(session: orm.Session) -> None:
    """A listener may add conditions to statements, which reading would not have had."""
    oso = make_oso(POLICY)
    user, projects = session.get_one(User, 1), projects_of(session)
    expected = oso.filter(user, "read", projects)
    session.expire_all()
    projects = projects_of(session)
    seen: list[t.Any] = []
    sa.event.listen(session, "do_orm_execute", seen.append)

    found = oso.filter(user, "read", projects)

    assert found == expected
    assert not any(len(each.parameters or ()) > 1 for each in seen)


def test_rows_of_an_asynchronous_session(postgresql: sa.Engine) -> None:
    """Within 'run_sync' relations are loaded at once, too."""
    oso = make_oso(POLICY)

    async def asked() -> tuple[list[int], int]:
        engine = create_async_engine(postgresql.url)
        async with AsyncSession(engine) as session:
            user = await session.get_one(User, 1)
            rows = [*await session.scalars(sa.select(Project).order_by(Project.id))]
            with counted(engine.sync_engine) as statements:
                found = await session.run_sync(lambda _: oso.filter(user, "read", rows))
        await engine.dispose()
        return [each.id for each in found], len(statements)

    Base.metadata.create_all(postgresql)
    with orm.Session(postgresql) as session:
        session.add_all([User(id=1), User(id=2)])
        session.flush()
        session.add_all(Project(id=n, owner_id=n % 2 + 1) for n in range(1, 21))
        session.commit()
    found, statements = asyncio.run(asked())
    Base.metadata.drop_all(postgresql)

    assert (found, statements < 12) == ([*range(2, 21, 2)], True)


# -- other objects -------------------------------------------------------------------------------


class Note:
    """Is no row."""

    def __init__(self, owner: t.Any) -> None:
        self.owner = owner


def notes_oso() -> Oso:
    return policies.make_oso('allow(user, "read", note: Note) if note.owner = user;', Note)


def test_plain_objects_are_filtered() -> None:
    """No database is needed, and an object may be there twice."""
    mine, other = Note("ann"), Note("bob")

    assert notes_oso().filter("ann", "read", [mine, other, mine]) == [mine, mine]


def test_nothing_is_filtered_to_nothing() -> None:
    """No objects, no question."""
    assert notes_oso().filter("ann", "read", []) == []
    assert notes_oso().authorized_actions_many("ann", ()) == []


def test_error_names_the_object() -> None:
    """An error in one check is raised, and nothing is given."""
    broken = Note("ann")
    del broken.owner

    with pytest.raises(PolarRuntimeError) as caught:
        notes_oso().filter("ann", "read", [Note("ann"), broken])

    assert caught.value.__notes__ == ["In 'filter': object 1, of 'Note'."]


def test_error_of_many_actions_names_the_object() -> None:
    """The error of a question about many actions names the object."""
    broken = Note("ann")
    del broken.owner

    with pytest.raises(PolarRuntimeError) as caught:
        notes_oso().authorized_actions_many("ann", [Note("ann"), broken])

    assert caught.value.__notes__ == ["In 'authorized_actions_many': object 1, of 'Note'."]


def test_actions_of_many_with_any_action() -> None:
    """A rule for any action is refused, or shown as a star."""
    oso = Oso()
    oso.register_class(Note)
    oso.load_str("allow(_, _, _: Note);")

    with pytest.raises(OsoError):
        oso.authorized_actions_many("ann", [Note("ann")])
    assert oso.authorized_actions_many("ann", [Note("ann")], allow_wildcard=True) == [{"*"}]


def test_filter_needs_an_allow_rule() -> None:
    """A policy that is not loaded allows nothing and says so, unless nothing is asked."""
    with pytest.raises(PolarRuntimeError):
        Oso().filter("ann", "read", [Note("ann")])


def test_actions_on_many_objects_are_found_by_the_function_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As ``authorized_actions`` finds those on one object, once the function is made."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso, notes = notes_oso(), [Note("ann"), Note("ben")]
    expected = oso.authorized_actions_many("ann", notes)

    monkeypatch.setattr(oso, "_allowed", None)

    assert oso.authorized_actions_many("ann", notes) == expected
