"""Who may do what, asked of the policy alone: no request is made."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from example_app.extensions import db, oso
from example_app.models import Issue, Organization, Repository, Token

from .conftest import People


def by_key(cls: type[t.Any], **keys: int) -> dict[str, t.Any]:
    """Give rows of a class under names for the tables below."""
    return {name: db.session.get_one(cls, key) for name, key in keys.items()}


def test_members_read_and_owners_make_repositories(people: People, assert_matrix: t.Any) -> None:
    """Members read, owners make repositories."""
    assert_matrix(
        """
        actor   resource   | read  create_repositories
        -------------------+--------------------------
        Ana     Lighthouse | yes   yes
        Ben     Lighthouse | yes   no
        Cleo    Lighthouse | no    no
        nobody  Lighthouse | no    no
        Ana     Driftwood  | no    no
        Dora    Driftwood  | yes   yes
        """,
        actors=people,
        resources=by_key(Organization, Lighthouse=1, Driftwood=2),
    )


def test_roles_on_a_repository(people: People, assert_matrix: t.Any) -> None:
    """Roles on a repository, roles that its organization gives, and what is public."""
    assert_matrix(
        """
        actor   resource | read  create_issues  edit  delete
        -----------------+----------------------------------
        Ana     beacon   | yes   yes            yes   yes
        Ben     beacon   | yes   yes            yes   no
        Cleo    beacon   | yes   no             no    no
        Dora    beacon   | no    no             no    no
        nobody  beacon   | no    no             no    no
        Ben     charts   | yes   yes            no    no
        Dora    charts   | yes   yes            no    no
        nobody  charts   | yes   no             no    no
        """,
        actors=people,
        resources=by_key(Repository, beacon=1, charts=2),
    )


def test_authors_edit_their_open_issues(people: People, assert_matrix: t.Any) -> None:
    """Authors edit their issues while these are open, maintainers always."""
    assert_matrix(
        """
        actor   resource | read  edit  close  delete
        -----------------+--------------------------
        Ana     watchdog | yes   yes   yes    yes
        Ben     watchdog | yes   yes   yes    yes
        Cleo    watchdog | yes   no    yes    no
        Dora    watchdog | no    no    no     no
        Ben     reef     | yes   no    no     no
        Cleo    reef     | yes   yes   yes    no
        nobody  reef     | yes   no    no     no
        """,
        actors=people,
        resources=by_key(Issue, watchdog=2, reef=3),
    )


@pytest.mark.usefixtures("people")
def test_token_acts_within_its_scope(assert_allowed: t.Any, assert_denied: t.Any) -> None:
    """A token never has more than its user, and may have less."""
    reads, writes = db.session.scalars(sa.select(Token).order_by(Token.id))
    flicker, oar = db.session.get_one(Issue, 1), db.session.get_one(Issue, 5)

    assert_allowed(reads, "read", flicker)
    assert_denied(reads, "close", flicker)
    assert_allowed(writes, "close", flicker)
    assert_denied(writes, "read", oar)


def test_list_agrees_with_checks(people: People) -> None:
    """What Cleo's list holds is what she may read, one by one."""
    statement: sa.Select[t.Any] = oso.scope("read", Issue, actor=people["Cleo"])
    listed = db.session.scalars(statement).all()
    every = db.session.scalars(sa.select(Issue)).all()

    assert {issue.id for issue in listed} == {1, 2, 3, 4}
    assert listed == oso.filter("read", every, actor=people["Cleo"])
