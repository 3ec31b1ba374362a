"""Databases run the statement of a policy as they run the one written by hand: by the same indexes.

The policies, the tables and what is written by hand are those of the benchmarks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from benchmarks.lists import POLICIES, Policy
from benchmarks.tables import Base, Repository, User, fill
from flask_oso import Oso
from flask_oso.sqlalchemy import register_models

ROWS = 20_000
BY_TITLE = {policy.title: policy for policy in POLICIES}
#: What every plan has to use; the rest is as by hand. Nothing finds public rows by an index.
INDEXES = {
    "sqlite": {
        "by owner": {"ix_repositories_owner_id"},
        "public or owned": set(),
        "by role": {"PRIMARY KEY", "sqlite_autoindex_repository_roles_1"},
        "by role, inherited": {
            "PRIMARY KEY",
            "ix_repositories_organization_id",
            "sqlite_autoindex_organization_roles_1",
            "sqlite_autoindex_repository_roles_1",
        },
        "in folders, recursive": {
            "ix_folders_owner_id",
            "ix_folders_parent_id",
            "ix_repositories_folder_id",
        },
    },
    "postgresql": {
        "by owner": {"ix_repositories_owner_id"},
        "public or owned": set(),
        "by role": {"repositories_pkey", "repository_roles_pkey"},
        "by role, inherited": {"organization_roles_pkey", "repository_roles_pkey"},
        "in folders, recursive": {"ix_folders_owner_id"},
    },
}


@pytest.fixture(scope="module")
def on_sqlite() -> Iterator[orm.Session]:
    """Open a SQLite with the tables of the benchmarks."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as connection:
        fill(connection, ROWS)
        with orm.Session(connection) as session:
            yield session
    engine.dispose()


@pytest.fixture(scope="module")
def on_postgresql(postgresql: sa.Engine) -> Iterator[orm.Session]:
    """Open a PostgreSQL with the tables of the benchmarks, apart from those of other tests."""
    with postgresql.connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA lists")
        connection.exec_driver_sql("SET search_path TO lists")
        connection.commit()
        fill(connection, ROWS)
        with orm.Session(connection) as session:
            yield session
        connection.exec_driver_sql("DROP SCHEMA lists CASCADE")
        connection.commit()
        # Its search path is not for others.
        connection.invalidate()


@pytest.fixture(params=["sqlite", "postgresql"])
def session(request: pytest.FixtureRequest) -> orm.Session:
    """Give each of the databases."""
    session: orm.Session = request.getfixturevalue(f"on_{request.param}")
    return session


def ours(session: orm.Session, policy: Policy) -> sa.Select[tuple[Repository]]:
    """Make the statement of a policy."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(policy.text)
    query: sa.Select[tuple[Repository]] = oso.authorized_query(
        session.get_one(User, 1), "read", Repository
    )
    return query


def plan(session: orm.Session, statement: sa.Select[tuple[Repository]]) -> list[str]:
    """Give the lines of a plan, without the numbers of aliases and subqueries."""
    connection = session.connection()
    text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
    is_sqlite = connection.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN (COSTS OFF)"
    rows = connection.exec_driver_sql(f"{explain} {text}")
    return [_without_aliases(row[-1]).strip() for row in rows]


def _without_aliases(line: str) -> str:
    """Make one of ``folders``, ``folders_2`` and ``folders folders_2``."""
    return re.sub(r"\b(folders|anon)(_\d+)*( \1(_\d+)*)?\b", r"\1", line)


def accesses(lines: list[str]) -> list[str]:
    """Give how each table is read, but those of which a row is only there or not."""
    read = [line.removeprefix("->").strip() for line in lines]
    reads = re.compile(r"SEARCH|SCAN|.*\bScan\b")
    return sorted(line for line in read if reads.match(line) and "organizations" not in line)


@pytest.mark.parametrize("title", BY_TITLE)
def test_tables_are_read_as_by_hand(session: orm.Session, title: str) -> None:
    """Each table is read by the same index, or not by one, as in the hand-written statement."""
    policy = BY_TITLE[title]

    mine = plan(session, ours(session, policy))
    by_hand = plan(session, policy.write(1))

    assert accesses(mine) == accesses(by_hand)


@pytest.mark.parametrize("title", BY_TITLE)
def test_indexes_are_used(session: orm.Session, title: str) -> None:
    """What can be found by an index is."""
    lines = "\n".join(plan(session, ours(session, BY_TITLE[title])))

    wanted = INDEXES[session.get_bind().dialect.name][title]
    assert {index for index in wanted if index not in lines} == set()


@pytest.mark.parametrize("title", BY_TITLE)
def test_nothing_is_looked_for_row_by_row(session: orm.Session, title: str) -> None:
    """No subquery depends on the row, so that each is run once."""
    lines = plan(session, ours(session, BY_TITLE[title]))

    filters = [line for line in lines if "SubPlan" in line and line.startswith("Filter")]
    assert not any("CORRELATED" in line for line in lines)
    assert all("hashed SubPlan" in line for line in filters)


@pytest.mark.parametrize("title", ["by owner", "public or owned", "in folders, recursive"])
def test_plan_is_that_of_the_statement_by_hand(on_sqlite: orm.Session, title: str) -> None:
    """Where no role is inherited, nothing else is in the plan, either."""
    policy = BY_TITLE[title]

    assert plan(on_sqlite, ours(on_sqlite, policy)) == plan(on_sqlite, policy.write(1))


def test_inherited_roles_look_at_the_parent(on_sqlite: orm.Session) -> None:
    """One look-up for each role is more than by hand: that the organization is still there."""
    policy = BY_TITLE["by role, inherited"]
    mine, by_hand = plan(on_sqlite, ours(on_sqlite, policy)), plan(on_sqlite, policy.write(1))

    more = [line for line in mine if line not in by_hand and "SUBQUERY" not in line]

    assert more == ["SEARCH organizations USING INTEGER PRIMARY KEY (rowid=?)"]
    assert len(mine) == len(by_hand) + 1
