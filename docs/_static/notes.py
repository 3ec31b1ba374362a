# The notes of the tutorial, as plain objects in place of rows.
from dataclasses import dataclass, field


@dataclass(eq=False)
class User:
    name: str


@dataclass(eq=False)
class Team:
    name: str
    memberships: "list[Membership]" = field(default_factory=list, repr=False)


@dataclass(eq=False)
class Membership:
    user: User
    team: Team
    role: str


@dataclass(eq=False)
class Note:
    text: str
    author: User
    team: Team | None = None
    public: bool = False


ana, ben, cleo = User("ana"), User("ben"), User("cleo")
keepers = Team("Lighthouse keepers")
keepers.memberships += [
    Membership(ana, keepers, "owner"),
    Membership(ben, keepers, "member"),
]
oil = Note("Buy lamp oil.", ben, keepers)
reef = Note("The reef has moved.", ana, public=True)
diary = Note("Dear diary", cleo)
