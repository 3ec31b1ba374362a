"""No page asks the database once for each of its rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from example_app.extensions import db
from example_app.models import Issue, Organization, OrganizationRole, Repository, User

from .conftest import People, Visit


@pytest.fixture
def statements(people: People) -> Iterator[list[str]]:
    """Collect the statements that the application executes."""
    found: list[str] = []

    def collect(*args: object) -> None:
        found.append(" ".join(str(args[2]).split()))

    sa.event.listen(db.engine, "before_cursor_execute", collect)
    yield found
    sa.event.remove(db.engine, "before_cursor_execute", collect)


def add_rows(ana: User | None) -> None:
    """Give Ana ten organizations more, and repositories and issues to these and to others."""
    lighthouse = db.session.get_one(Organization, 1)
    for number in range(10):
        new = Organization(name=f"Harbour {number}")
        for organization in (new, lighthouse):
            repository = Repository(name=f"Quay {number}", public=True, organization=organization)
            db.session.add(repository)
        author = User(name=f"Author {number}")
        db.session.add(OrganizationRole(name="owner", user=ana, organization=new))
        db.session.add(Issue(title="One more", repository_id=1, author=author))
    db.session.commit()


@pytest.mark.each(3)
@pytest.mark.parametrize("visitor", ["Ana", "Cleo", "nobody"])
@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 2),
        ("/organizations/", 2),
        ("/organizations/1", 4),
        ("/repositories/", 2),
        ("/repositories/1", 6),
        ("/repositories/1/issues/1", 7),
        ("/repositories/1/edit", 5),
        ("/api/issues", 2),
    ],
)
def test_statements_do_not_grow_with_rows(
    visit: Visit,
    statements: list[str],
    people: People,
    path: str,
    most: int,
    visitor: str,
) -> None:
    """With ten more of everything a page takes as many statements, and few."""
    client = visit(visitor)
    statements.clear()
    client.get(path)
    before = len(statements)
    add_rows(people["Ana"])
    statements.clear()

    client.get(path)

    assert (len(statements), len(statements) <= most) == (before, True), "\n".join(statements)
