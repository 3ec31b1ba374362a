"""The sample data: four people, two organizations, and one of each case of the policy."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from .extensions import Base, db
from .models import (
    Issue,
    Organization,
    OrganizationRole,
    Repository,
    RepositoryRole,
    Token,
    User,
)

#: The secrets of the sample tokens, which nobody should find in a program of yours.
SECRETS = {"Ben's dashboard": "ben-reads", "Ben's robot": "ben-writes"}


@click.command("init-db")
@with_appcontext
def init_db() -> None:
    """Replace the database by one with the sample data."""
    fill_database()
    click.echo("The database holds the sample data. One click on the first page logs in as")
    for user in db.session.scalars(sa.select(User).order_by(User.id)):
        click.echo(f"  {user.name:5} who {user.about}")
    click.echo("and programs send 'Authorization: Bearer …' to /api/issues with")
    for token in db.session.scalars(sa.select(Token).order_by(Token.id)):
        click.echo(f"  {SECRETS[token.name]:11} which is {token.name}; its scope is {token.scope}")


def fill_database() -> None:
    """Make all tables anew, with the sample data in them."""
    db.drop_all()
    db.create_all()
    db.session.add_all(make_sample())
    db.session.commit()


def make_sample() -> list[Base]:
    """Return new objects, not yet in any session; what they refer to comes along.

    Their ids are given here, so that the welcome page and the tests can link to them.
    """
    ana = User(id=1, name="Ana", about="owns Lighthouse")
    ben = User(id=2, name="Ben", about="is a member of Lighthouse and maintains its beacon")
    cleo = User(id=3, name="Cleo", about="is a guest: she reads one private repository")
    dora = User(id=4, name="Dora", about="owns Driftwood")
    tokens = [
        make_token("Ben's dashboard", ben, scope="read"),
        make_token("Ben's robot", ben, scope="write"),
    ]
    return [*make_lighthouse(ana, ben, cleo), *make_driftwood(dora), *tokens]


def make_token(name: str, user: User, scope: str) -> Token:
    """Make a token with the secret that the sample has for it."""
    return Token(name=name, user=user, scope=scope, digest=Token.digest_of(SECRETS[name]))


def make_lighthouse(ana: User, ben: User, cleo: User) -> list[Base]:
    """The larger organization, with a private and a public repository."""
    lighthouse = Organization(id=1, name="Lighthouse", about="Keeps the lamp lit.")
    beacon = Repository(
        id=1,
        name="beacon",
        about="Firmware of the lamp.",
        organization=lighthouse,
        roles=[
            RepositoryRole(user=ben, name="maintainer"),
            RepositoryRole(user=cleo, name="reader"),
        ],
        issues=[
            Issue(
                id=1,
                title="The lamp flickers at dawn",
                body="Twice this week, for about a minute. The log shows a drop to 11.2 V.",
                author=ana,
            ),
            Issue(
                id=2,
                title="Replace the watchdog",
                body="The new one restarts the lamp within a second.",
                author=cleo,
                closed=True,
            ),
        ],
    )
    charts = Repository(
        id=2,
        name="charts",
        about="Sea charts, free for all.",
        public=True,
        organization=lighthouse,
        issues=[
            Issue(
                id=3,
                title="The reef off the north pier is missing",
                body="It shows at low tide. I have attached nothing, since this is a sample.",
                author=cleo,
            ),
            Issue(
                id=4,
                title="Print legends in two languages",
                body="Visitors ask for it.",
                author=ben,
            ),
        ],
    )
    roles = [
        OrganizationRole(user=ana, organization=lighthouse, name="owner"),
        OrganizationRole(user=ben, organization=lighthouse, name="member"),
    ]
    return [ana, ben, cleo, beacon, charts, *roles]


def make_driftwood(dora: User) -> list[Base]:
    """The smaller organization, closed to all the others."""
    driftwood = Organization(id=2, name="Driftwood", about="Sells what the sea brings.")
    catalogue = Repository(
        id=3,
        name="catalogue",
        about="What the sea brought.",
        organization=driftwood,
        issues=[
            Issue(
                id=5,
                title="Two entries for the same oar",
                body="Numbers 17 and 31.",
                author=dora,
            )
        ],
    )
    owner = OrganizationRole(user=dora, organization=driftwood, name="owner")
    return [dora, catalogue, owner]
