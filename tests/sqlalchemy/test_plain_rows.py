"""Rows as plain data: loaded attributes are read from dictionaries, and relations are not loaded
only to be compared.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso.sqlalchemy.row_keys import RowKeys
from tests.support.answers import specialized
from tests.support.models.gallery import (
    Base,
    Charity,
    Member,
    Org,
    Pair,
    Project,
    User,
    Word,
    counted,
    make_oso,
)
from tests.support.sizes import combinations_of

#: What an 'allow(u: User, "read", p: Project)' asks.
CONDITIONS = {
    "owner": "p.owner = u",
    "level": "u.level > 1",
    "double": "u.double = 4",
    "list": 'm in u.members and m.role = "admin"',
    "set": 'm in u.member_set and m.role = "admin"',
    "member": "m in u.members and m.project = p",
    "count": "u.members.__len__() > 0 and u.member_set.__len__() > 0",
    "org": "u.org = p.org",
    "parent": "p.parent matches Project and p.parent.owner = u",
    "chain": "owns(u, p)",
    "not": "not p.owner = u",
    "differs": "p.owner != u and u.level != 7",
    "differs from": "u != p.owner",
    "same": "p.owner == u",
    "owners differ": "u.level = u.level and p.parent matches Project and p.owner != p.parent.owner",
    "charity": "o = p.org and o matches Charity and o = u.org",
}
OWNS = """
owns(u: User, p: Project) if p.owner = u;
owns(u: User, p: Project) if p.parent matches Project and owns(u, p.parent);
"""
RULES = {
    name: f'allow(u: User, "read", p: Project) if p = p and {condition}; {OWNS}'
    for name, condition in CONDITIONS.items()
}


@pytest.fixture
def session(sqlite: sa.Engine) -> Iterator[orm.Session]:
    """Open a database with a few rows of each class."""
    Base.metadata.create_all(sqlite)
    with orm.Session(sqlite, expire_on_commit=False) as session:
        session.add_all([Org(id=1), Charity(id=2), User(id=1, level=2, org_id=1)])
        session.add_all([User(id=2, org_id=2), User(id=3)])
        session.add_all([Project(id=1, owner_id=1, org_id=1)])
        session.add_all([Project(id=2, owner_id=2, org_id=2, parent_id=1), Project(id=3)])
        session.add_all([Word(code="a"), Pair(left=1, right="a")])
        session.add_all([Member(id=1, role="admin", user_id=1, project_id=1, shouted=1)])
        session.add_all([Member(id=2, user_id=2, project_id=2, code="a", left=1, right="a")])
        session.commit()
        session.expunge_all()
        yield session


def load_all(session: orm.Session, user: User, project: Project) -> None:
    """Read what the policies here read."""
    here: Project | None = project
    while here is not None:
        _, _, here = here.owner, here.org, here.parent
    _ = user.org, user.level, user.double, user.member_set
    _ = [member.project for member in user.members]


asked = pytest.mark.parametrize(
    ("rule", "user_id", "project_id"), combinations_of(sorted(RULES), [1, 2, 3], [1, 2, 3])
)


@pytest.mark.each(3)
@asked
def test_loaded_rows_are_answered_by_one_function(
    session: orm.Session, rule: str, user_id: int, project_id: int
) -> None:
    """Where all is loaded, a specialization gives the answer of the solver."""
    oso, solver = make_oso(RULES[rule]), make_oso(RULES[rule], compiled=False)
    user, project = session.get_one(User, user_id), session.get_one(Project, project_id)
    load_all(session, user, project)

    answer = specialized(oso.engine, user, "read", project)

    assert answer is solver.is_allowed(user, "read", project)


@pytest.mark.each(3)
@asked
@pytest.mark.parametrize("is_expired", [False, True])
def test_rows_that_are_not_loaded_get_the_same_answer(
    session: orm.Session, rule: str, user_id: int, project_id: int, is_expired: bool
) -> None:
    """Compiled rules and the solver agree on fresh and on expired rows, and answer as for loaded
    ones.
    """
    oso, solver = make_oso(RULES[rule]), make_oso(RULES[rule], compiled=False)
    answers = []
    for asked in (oso, solver, oso):
        if asked is solver or is_expired:
            session.expunge_all()
        user, project = session.get_one(User, user_id), session.get_one(Project, project_id)
        if is_expired:
            session.expire_all()
        answers.append(asked.is_allowed(user, "read", project))
    load_all(session, user, project)

    assert {*answers, oso.is_allowed(user, "read", project)} == {answers[0]}


@pytest.mark.parametrize(
    "name", ["id", "level", "notes", "org", "members", "member_set", "by_id", "double"]
)
def test_columns_and_relations_are_stored(name: str) -> None:
    """The loaded value of a column or relation is in the dictionary of the object."""
    assert RowKeys().stored_attribute(User, name) is vars(User)[name]


@pytest.mark.parametrize(
    "name",
    ["written", "asked", "rank", "place", "projects", "high", "plain", "metadata", "missing"],
)
def test_other_attributes_are_not_stored(name: str) -> None:
    """Synonyms, composites, proxies, hybrids and properties are computed; some are never loaded."""
    assert RowKeys().stored_attribute(User, name) is None


def test_class_that_reads_by_itself_is_not_stored() -> None:
    """A '__getattribute__' may give anything."""

    class Other(orm.DeclarativeBase):
        """A base of its own."""

    class Odd(Other):
        """Computes what is read."""

        __tablename__ = "odd"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

        def __getattribute__(self, name: str) -> t.Any:
            return super().__getattribute__(name)

    assert RowKeys().stored_attribute(Odd, "id") is None


def test_attribute_of_a_subclass_is_stored() -> None:
    """Inherited columns are attributes of the subclass."""
    rows = RowKeys()

    assert [rows.stored_attribute(Charity, name) is None for name in ("kind", "cause")] == [
        False,
        False,
    ]


def test_replaced_attribute_is_read(session: orm.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that puts a property in place of a column is heard."""
    oso = make_oso(RULES["level"])
    user, project = session.get_one(User, 2), session.get_one(Project, 1)
    before = oso.is_allowed(user, "read", project)

    monkeypatch.setattr(User, "level", property(lambda self: 2))

    assert (before, oso.is_allowed(user, "read", project)) == (False, True)


def test_deferred_column_is_loaded_when_it_is_read(session: orm.Session) -> None:
    """What is not in the dictionary is read as an attribute."""
    oso = make_oso('allow(u: User, "read", _: Project) if u.notes = "";')
    user, project = session.get_one(User, 1), session.get_one(Project, 1)
    first = specialized(oso.engine, user, "read", project)

    assert (first, oso.is_allowed(user, "read", project)) == (None, True)
    assert specialized(oso.engine, user, "read", project) is True


class Memo:
    """No row, but what it belongs to may be one."""

    def __init__(self, owner: t.Any) -> None:
        self.owner = owner


@pytest.mark.parametrize(
    ("owner", "expected"), [(1, True), (2, False), (None, False), ("User 1", False)]
)
def test_row_is_compared_with_what_a_plain_object_has(
    session: orm.Session, owner: int | str | None, expected: bool
) -> None:
    """A function for plain data tells a row from other rows, and from what is none."""
    oso = make_oso("")
    oso.register_class(Memo)
    oso.load_str('allow(u: User, "read", m: Memo) if m.owner = u;')
    user = session.get_one(User, 1)
    memo = Memo(session.get_one(User, owner) if type(owner) is int else owner)

    answer = specialized(oso.engine, user, "read", memo)

    assert answer is expected


def test_pending_changes_count(session: orm.Session) -> None:
    """The dictionary has what was assigned and not flushed yet."""
    oso = make_oso(RULES["level"] + RULES["owner"])
    user, project = session.get_one(User, 3), session.get_one(Project, 1)
    before = oso.is_allowed(user, "read", project)

    with session.no_autoflush:
        project.owner = user

        assert (before, oso.is_allowed(user, "read", project)) == (False, True)


def test_transient_rows_are_only_themselves() -> None:
    """Two objects without a key are two rows, though both keys are missing."""
    oso = make_oso(RULES["owner"])
    one, other = User(), User()

    answers = [oso.is_allowed(user, "read", Project(owner=one)) for user in (one, other)]

    assert answers == [True, False]


def test_rows_of_two_sessions_are_one(session: orm.Session) -> None:
    """The key decides, whatever the session."""
    oso = make_oso(RULES["owner"])
    project = session.get_one(Project, 1)
    _ = project.owner
    with orm.Session(session.get_bind()) as another:
        users = [another.get_one(User, number) for number in (1, 2)]

        answers = [specialized(oso.engine, user, "read", project) for user in users]

    assert answers == [True, False]


def test_detached_rows_are_read_while_loaded(session: orm.Session) -> None:
    """A detached row answers from what it has loaded; for the rest SQLAlchemy raises."""
    oso = make_oso(RULES["owner"])
    user, project, other = session.get_one(User, 1), *map(session.get_one, [Project] * 2, [1, 2])
    _ = project.owner
    session.expunge_all()

    assert specialized(oso.engine, user, "read", project) is True
    with pytest.raises(orm.exc.DetachedInstanceError):
        oso.is_allowed(user, "read", other)


# -- relations that are compared ---------------------------------------------------------------


def ask(session: orm.Session, relation: str, member: Member, other: t.Any) -> list[t.Any]:
    """Ask compiled rules and the solver whether a relation leads to a row."""
    rule = f"allow(m: Member, _, other) if m.{relation} = other;"
    answers = []
    for oso in (make_oso(rule), make_oso(rule, compiled=False)):
        answers.append(oso.is_allowed(member, "read", other))
    return answers


@pytest.mark.parametrize("compiled", [True, False])
def test_many_memberships_load_no_project(sqlite: sa.Engine, compiled: bool) -> None:
    """A thousand memberships cost the statement of their list."""
    oso = make_oso(RULES["member"], compiled=compiled)
    Base.metadata.create_all(sqlite)
    with orm.Session(sqlite) as session:
        session.add_all([User(id=1), *(Project(id=n) for n in range(1, 1002))])
        session.add_all([Member(user_id=1, project_id=n) for n in range(1, 1001)])
        session.commit()
        user, last, other = (
            session.get_one(User, 1),
            *session.scalars(sa.select(Project).where(Project.id >= 1000).order_by(Project.id)),
        )

        with counted(sqlite) as statements:
            answers = [oso.is_allowed(user, "read", project) for project in (last, other)]

    assert (answers, len(statements)) == ([True, False], 1)


@pytest.mark.parametrize(
    ("relation", "key", "cls", "answer"),
    [
        ("project", 1, Project, True),
        ("project", 2, Project, False),
        ("strict", 1, Project, True),
        ("strict", 2, Project, False),
        ("word", "a", Word, False),
    ],
)
def test_foreign_key_tells(
    session: orm.Session, relation: str, key: t.Any, cls: type, answer: bool
) -> None:
    """Where the foreign key is the primary key of the other row, no statement runs."""
    member, other = session.get_one(Member, 1), t.cast(t.Any, session.get_one(cls, key))

    with counted(t.cast(sa.Engine, session.get_bind())) as statements:
        answers = ask(session, relation, member, other)

    assert (answers, statements) == ([answer, answer], [])


@pytest.mark.parametrize(
    ("relation", "key", "cls"), [("pair", (1, "a"), Pair), ("word", "a", Word)]
)
def test_keys_of_texts_and_of_several_columns_tell(
    session: orm.Session, relation: str, key: t.Any, cls: type
) -> None:
    """Keys are compared column by column."""
    other: t.Any = session.get_one(cls, key)
    members = [session.get_one(Member, number) for number in (1, 2)]

    with counted(t.cast(sa.Engine, session.get_bind())) as statements:
        answers = [ask(session, relation, member, other) for member in members]

    assert (answers, statements) == ([[False, False], [True, True]], [])


@pytest.mark.parametrize("relation", ["owned", "shout"])
@pytest.mark.parametrize("key", [1, 2])
def test_other_relations_are_read(session: orm.Session, relation: str, key: int) -> None:
    """A relation with a condition, or of a type with code of its own, is read as an attribute."""
    member, project = session.get_one(Member, 1), session.get_one(Project, key)
    answers = ask(session, relation, member, project)

    assert answers == [getattr(member, relation) is project] * 2


def test_keys_in_another_case_are_left_to_the_database(session: orm.Session) -> None:
    """Some databases take 'A' for 'a'."""
    member, word = session.get_one(Member, 2), session.get_one(Word, "a")
    session.execute(sa.update(Member).values(code="A").execution_options(synchronize_session=False))
    session.refresh(member)

    with counted(t.cast(sa.Engine, session.get_bind())) as statements:
        answers = ask(session, "word", member, word)

    assert (answers, len(statements)) == ([False, False], 1)


def test_dangling_key_leads_to_nothing(session: orm.Session) -> None:
    """A detached row that is no longer in the table equals nothing."""
    member, project = session.get_one(Member, 1), session.get_one(Project, 1)
    session.expunge(project)
    session.execute(sa.text("DELETE FROM projects WHERE id = 1"))

    assert ask(session, "project", member, project) == [False, False]


def test_row_that_was_deleted_leads_to_nothing(session: orm.Session) -> None:
    """A row that the session deleted is not found by its key."""
    member, project = session.get_one(Member, 1), session.get_one(Project, 1)
    session.delete(project)
    session.flush()

    assert ask(session, "project", member, project) == [False, False]


def test_expired_row_is_looked_for(session: orm.Session) -> None:
    """An expired row may have been deleted meanwhile."""
    member, project = session.get_one(Member, 1), session.get_one(Project, 1)
    session.execute(sa.text("DELETE FROM projects WHERE id = 1"))
    session.expire(project)

    assert ask(session, "project", member, project) == [False, False]


def test_loaded_relation_counts_more_than_its_key(session: orm.Session) -> None:
    """What was assigned and not flushed is what reading gives."""
    member, other = session.get_one(Member, 1), session.get_one(Project, 2)

    with session.no_autoflush:
        member.project = other

        assert ask(session, "project", member, other) == [True, True]
        assert ask(session, "project", member, session.get_one(Project, 1)) == [False, False]


def test_changed_foreign_key_is_read(session: orm.Session) -> None:
    """A foreign key that is not flushed yet leads where reading leads."""
    member, other = session.get_one(Member, 1), session.get_one(Project, 2)
    member.project_id = 2

    assert ask(session, "project", member, other) == [member.project is other] * 2


def test_row_without_a_key_equals_nothing(session: orm.Session) -> None:
    """A new project is no project of a stored membership, also if it will have that key."""
    member = session.get_one(Member, 1)

    assert ask(session, "project", member, Project(id=1)) == [False, False]


def test_missing_foreign_key_leads_to_nil(session: orm.Session) -> None:
    """NULL is nobody, and no row."""
    member, user = session.get_one(Member, 1), session.get_one(User, 1)
    session.execute(sa.update(Member).values(user_id=None))
    session.refresh(member)

    assert ask(session, "user", member, user) == [False, False]
    assert ask(session, "user", member, None) == [True, True]


def test_options_of_a_row_are_kept_to(session: orm.Session) -> None:
    """A relation that was loaded with a condition leads to what that leaves."""
    nobody = orm.selectinload(Member.project.and_(Project.id != 1))
    session.expunge_all()
    member = session.scalars(sa.select(Member).where(Member.id == 1).options(nobody)).one()
    project = session.get_one(Project, 1)
    session.expire(member, ["project"])

    assert ask(session, "project", member, project) == [member.project is project] * 2


def test_row_of_a_subclass_is_told_by_its_key(session: orm.Session) -> None:
    """A relation to a class leads to rows of its subclasses, which are told by their keys."""
    oso = make_oso("allow(u: User, _, o: Org) if u.org = o;")
    user, orgs = session.get_one(User, 2), [session.get_one(Org, number) for number in (1, 2)]

    with counted(t.cast(sa.Engine, session.get_bind())) as statements:
        answers = [oso.is_allowed(user, "read", org) for org in orgs]

    assert (answers, statements) == ([False, True], [])


@pytest.mark.parametrize("condition", ["p.owner != u", "u != p.owner", "not p.owner == u"])
def test_other_row_is_told_by_its_key(session: orm.Session, condition: str) -> None:
    """To know that a relation leads to another row, no statement runs."""
    oso = make_oso(f'allow(u: User, "read", p: Project) if {condition};')
    user, projects = session.get_one(User, 1), session.scalars(sa.select(Project)).all()

    with counted(t.cast(sa.Engine, session.get_bind())) as statements:
        answers = [oso.is_allowed(user, "read", project) for project in projects]

    assert (answers, statements) == ([False, True, True], [])


class Contrary(Base):
    """Says that it differs from whatever it is compared with."""

    __tablename__ = "contraries"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    other_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("contraries.id"))
    other: orm.Mapped[Contrary | None] = orm.relationship(remote_side=id)

    def __ne__(self, other: object) -> bool:
        return False


@pytest.mark.parametrize("number", [1, 2, 3])
def test_inequality_of_its_own_is_asked(session: orm.Session, number: int) -> None:
    """Where '!=' is not the opposite of '==', the relation is read as the solver reads it."""
    session.add_all([Contrary(id=1), Contrary(id=2, other_id=1), Contrary(id=3, other_id=2)])
    session.commit()
    policy = "allow(one: Contrary, _, c: Contrary) if c.other != one;"
    one, row = session.get_one(Contrary, 1), session.get_one(Contrary, number)
    osos = [make_oso(policy, compiled=compiled) for compiled in (True, False)]

    answers = [oso.is_allowed(one, "read", row) for oso in osos]

    assert answers[0] is answers[1]


# -- two relations -------------------------------------------------------------------------------

SHARED = 'allow(u: User, "read", other: Member) if m in u.members and {} and m.role = "admin";'


@pytest.mark.parametrize("equation", ["m.project = other.project", "other.project = m.project"])
@pytest.mark.parametrize(("role", "answer"), [("admin", True), ("member", False)])
def test_two_relations_are_compared_by_keys(
    sqlite: sa.Engine, equation: str, role: str, answer: bool
) -> None:
    """At most the first of many projects is loaded, and the one that all are compared with."""
    oso = make_oso(SHARED.format(equation))
    Base.metadata.create_all(sqlite)
    with orm.Session(sqlite) as session:
        session.add_all([User(id=1), *(Project(id=n) for n in range(1, 201))])
        session.add_all([Member(user_id=1, project_id=n, role=role) for n in range(1, 201)])
        session.add(Member(id=999, project_id=200))
        session.commit()
        user, other = session.get_one(User, 1), session.get_one(Member, 999)

        with counted(sqlite) as statements:
            found = oso.is_allowed(user, "read", other)

    assert (found, len(statements)) == (answer, 3)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("mine", "other", "answer"),
    [
        (1, 1, True),
        (1, 2, False),
        (None, 1, False),
        (None, None, True),
        (8, 8, True),
        (8, 9, True),
        (8, 1, False),
        (1, 8, False),
        (8, None, True),
    ],
)
def test_missing_rows_are_nil(
    session: orm.Session, compiled: bool, mine: int | None, other: int | None, answer: bool
) -> None:
    """A foreign key to a row that is not there leads to nil, and nil equals nil."""
    oso = make_oso(
        "allow(m: Member, _, other: Member) if m.project = other.project;", compiled=compiled
    )
    session.add_all([Member(id=11, project_id=mine), Member(id=12, project_id=other)])
    session.commit()
    session.expunge_all()
    members = [session.get_one(Member, number) for number in (11, 12)]

    assert oso.is_allowed(members[0], "read", members[1]) is answer


@pytest.mark.parametrize("loaded", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize(("key", "answer"), [(1, True), (2, False), (None, False)])
def test_two_relations_are_compared_by_a_specialization(
    session: orm.Session, loaded: tuple[int, ...], key: int | None, answer: bool
) -> None:
    """Whichever is loaded. Where none is and keys differ, both are: no row may be there."""
    oso = make_oso("allow(m: Member, _, other: Member) if m.project = other.project;")
    session.add_all([Member(id=11, project_id=1), Member(id=12, project_id=key)])
    session.commit()
    session.expunge_all()
    members = [session.get_one(Member, number) for number in (11, 12)]
    for at in loaded:
        assert members[at].project is None or members[at].project.id

    found = specialized(oso.engine, members[0], "read", members[1])

    is_nil = key is None and loaded == (1,)
    assert found is (answer if answer or (loaded and not is_nil) else None)
    assert oso.is_allowed(members[0], "read", members[1]) is answer
    assert specialized(oso.engine, members[0], "read", members[1]) is answer


@pytest.mark.each(3)
@pytest.mark.parametrize("equation", ["m.project = other.project", "other.project = m.project"])
@pytest.mark.parametrize("nil", ["!=", "="])
@pytest.mark.parametrize(("mine", "key"), [(1, 1), (2, 1), (8, 1), (None, 1), (1, None), (8, 8)])
def test_relation_that_is_read_before_is_compared_by_its_row(
    session: orm.Session, equation: str, nil: str, mine: int | None, key: int | None
) -> None:
    """The rules never load the other one: a function that needed it would give up each time."""
    policy = f"allow(m: Member, _, other: Member) if other.project {nil} nil and {equation};"
    oso, solver = make_oso(policy), make_oso(policy, compiled=False)
    session.add_all([Member(id=11, project_id=mine), Member(id=12, project_id=key)])
    session.commit()
    session.expunge_all()
    members = [session.get_one(Member, number) for number in (11, 12)]

    found = oso.is_allowed(members[0], "read", members[1])

    assert specialized(oso.engine, members[0], "read", members[1]) is found
    assert solver.is_allowed(members[0], "read", members[1]) is found


@pytest.mark.parametrize("equation", ["p.owner = m.project.owner", "m.project.owner = p.owner"])
def test_relation_of_a_related_row_is_compared_by_its_key(
    sqlite: sa.Engine, session: orm.Session, equation: str
) -> None:
    """Whichever stands first: the row between is read before either relation is."""
    oso = make_oso(f"allow(p: Project, _, m: Member) if {equation};")
    session.add(Project(id=11, owner_id=1))
    session.commit()
    session.expunge_all()
    project, member = session.get_one(Project, 11), session.get_one(Member, 1)
    assert member.project is not None

    with counted(sqlite) as statements:
        assert specialized(oso.engine, project, "read", member)
        assert oso.is_allowed(project, "read", member)

    assert statements == []


@pytest.mark.parametrize("equation", ["p.owner = m.project.owner", "m.project.owner = p.owner"])
@pytest.mark.parametrize(("mine", "theirs"), [(1, 2), (1, None), (None, 1), (None, None), (8, 9)])
def test_relation_of_a_related_row_is_compared_as_by_the_solver(
    session: orm.Session, equation: str, mine: int | None, theirs: int | None
) -> None:
    """Where the keys do not tell, the rows are read."""
    policy = f"allow(p: Project, _, m: Member) if {equation};"
    session.add_all([Project(id=11, owner_id=mine), Project(id=12, owner_id=theirs)])
    session.add(Member(id=11, project_id=12))
    session.commit()
    answers = []
    for compiled in (True, False):
        session.expunge_all()
        asked = session.get_one(Project, 11), "read", session.get_one(Member, 11)
        oso = make_oso(policy, compiled=compiled)
        answers.append([oso.is_allowed(*asked), oso.is_allowed(*asked)])

    assert answers[0] == answers[1]


def test_two_relations_to_different_classes_are_read(session: orm.Session) -> None:
    """The same number is the key of a user and of a project."""
    oso = make_oso("allow(m: Member, _, other: Member) if m.project = other.user;")
    member = session.get_one(Member, 1)

    assert not oso.is_allowed(member, "read", member)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_databases_agree(request: pytest.FixtureRequest, database: str) -> None:
    """The same rows get the same answers on each database."""
    engine = request.getfixturevalue(database)
    Base.metadata.create_all(engine)
    oso = make_oso(RULES["member"])
    with orm.Session(engine) as session:
        session.add_all([User(id=1), User(id=2), Project(id=1), Project(id=2)])
        session.flush()
        session.add(Member(user_id=1, project_id=1))
        session.commit()
        pairs = [
            (session.get_one(User, u), session.get_one(Project, p))
            for u, p in [(1, 1), (1, 2), (2, 1)]
        ]

        answers = [oso.is_allowed(user, "read", project) for user, project in pairs]
    Base.metadata.drop_all(engine)

    assert answers == [True, False, False]
