"""The sample data: four people, two organizations, and one of each case of the policy."""

from __future__ import annotations

from .models import (
    Base,
    Issue,
    Organization,
    OrganizationRole,
    Page,
    PageRole,
    Repository,
    RepositoryRole,
    User,
)


def make_sample() -> list[Base]:
    """Return new objects, not yet in any session; what they refer to comes along.

    Their ids are given here, so that the welcome page and the tests can link to them.
    """
    ana = User(id=1, name="Ana", about="owns Lighthouse")
    ben = User(id=2, name="Ben", about="is a member of Lighthouse and maintains its beacon")
    cleo = User(id=3, name="Cleo", about="is a guest: one repository, one page")
    dora = User(id=4, name="Dora", about="owns Driftwood")
    lighthouse = make_lighthouse(ana, ben, cleo)
    driftwood = make_driftwood(dora, ben)
    return [ana, ben, cleo, dora, lighthouse, driftwood]


def make_lighthouse(ana: User, ben: User, cleo: User) -> Organization:
    """The larger organization, with a private and a public repository and two pages."""
    beacon = Repository(
        id=1,
        name="beacon",
        about="Firmware of the lamp.",
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
                author=ben,
                closed=True,
            ),
        ],
    )
    charts = Repository(
        id=2,
        name="charts",
        about="Sea charts, free for all.",
        public=True,
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
    handbook = Page(
        id=1,
        title="Handbook of the watch",
        body="Light the lamp half an hour before sunset.\n\nWrite down every ship that answers.",
        roles=[PageRole(user=ben, name="editor"), PageRole(user=cleo, name="guest")],
    )
    budget = Page(
        id=2,
        title="Budget",
        body="Oil, glass, paint. Less paint than last year.",
    )
    return Organization(
        id=1,
        name="Lighthouse",
        about="Keeps the lamp lit.",
        roles=[
            OrganizationRole(user=ana, name="owner"),
            OrganizationRole(user=ben, name="member"),
        ],
        repositories=[beacon, charts],
        pages=[handbook, budget],
    )


def make_driftwood(dora: User, ben: User) -> Organization:
    """The smaller organization, closed to all the others but for one page."""
    catalogue = Repository(
        id=3,
        name="catalogue",
        about="What the sea brought.",
        issues=[
            Issue(
                id=5,
                title="Two entries for the same oar",
                body="Numbers 17 and 31.",
                author=dora,
            )
        ],
    )
    fair = Page(
        id=3,
        title="Plan for the spring fair",
        body="Three tables, one by the door.",
        roles=[PageRole(user=ben, name="guest")],
    )
    return Organization(
        id=2,
        name="Driftwood",
        about="Sells what the sea brings.",
        roles=[OrganizationRole(user=dora, name="owner")],
        repositories=[catalogue],
        pages=[fair],
    )
