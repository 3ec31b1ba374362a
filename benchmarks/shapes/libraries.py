"""Classes of ``abc``, collections, protocols, pydantic and ``attrs``; data as JSON gives them."""

from __future__ import annotations

import abc
import typing as t
from collections.abc import Sequence

from ..contenders import is_installed
from .shape import Shape, World, plain


class HasName(t.Protocol):
    name: str


def _of_bases(*bases: type) -> tuple[type, type, type]:
    made = [plain(name, *names, bases=bases) for name, *names in _FIELDS]
    return made[0], made[1], made[2]


_FIELDS = (("User", "name", "team"), ("Doc", "owner", "team"), ("Team", "name"))


class Row(Sequence[t.Any]):
    """A row with named fields, as those that SQLAlchemy's Core gives."""

    def __getitem__(self, place: t.Any) -> t.Any:
        return [*vars(self).values()][place]

    def __len__(self) -> int:
        return len(vars(self))


def _owners(name: str, user_cls: t.Any, doc_cls: t.Any, team_cls: t.Any) -> Shape:
    """Make the shape of an owner by his name, beside a rule for another class."""

    def make(_size: int) -> World:
        team = team_cls(name="a")
        ana, ben = (user_cls(name=each, team=team) for each in ("ana", "ben"))
        return World(
            'allow(user: User, "read", doc: Doc) if doc.owner.name = user.name;'
            'allow(user: User, "read", team: Team) if team.name = user.name;',
            (user_cls, doc_cls, team_cls),
            [(ana, "read", doc_cls(owner=each, team=team)) for each in (ana, ben)],
            lambda user, action, doc: action == "read" and doc.owner.name == user.name,
        )

    return Shape(name, make)


def _teams(name: str, user_cls: t.Any, doc_cls: t.Any, team_cls: t.Any) -> Shape:
    """Make the shape of a team that may be missing, and is another object with the same fields."""

    def make(_size: int) -> World:
        ana = user_cls(name="ana", team=team_cls(name="a"))
        docs = [doc_cls(owner=ana, team=team_cls(name=each)) for each in ("a", "b")]
        return World(
            'allow(user: User, "read", doc: Doc) if doc.team != nil and doc.team = user.team;',
            (user_cls, doc_cls, team_cls),
            [(ana, "read", doc) for doc in docs],
            lambda user, action, doc: (
                action == "read" and doc.team is not None and doc.team == user.team
            ),
        )

    return Shape(name, make)


def _tenants(name: str, user_cls: t.Any, doc_cls: t.Any, team_cls: t.Any) -> Shape:
    """Make the shape of teams that are kept apart, with other names before that of the owner."""

    def make(size: int) -> World:
        users = [user_cls(name=f"u{n}", team=team_cls(name="a")) for n in range(size)]
        docs = [doc_cls(owner=users, team=team_cls(name=each)) for each in ("a", "b")]
        return World(
            """
            allow(user: User, "read", doc: Doc) if not foreign(user, doc) and
                each in doc.owner and each.name = user.name;
            foreign(user: User, doc) if user.team != doc.team;
            """,
            (user_cls, doc_cls, team_cls),
            [(users[-1], "read", doc) for doc in docs],
            _is_listed,
        )

    return Shape(name, make, (10, 100))


def _is_listed(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read" or user.team != doc.team:
        return False
    for each in doc.owner:  # noqa: SIM110 - any() and a generator cost more
        if each.name == user.name:
            return True
    return False


def _data(_size: int) -> World:
    user_cls, doc_cls = plain("User", "settings"), plain("Doc", "settings")
    settings = [{"roles": [{"name": "a"}, {"name": each}], "flags": {"on": True}} for each in "bc"]
    user = user_cls(settings={"roles": [{"name": "a"}, {"name": "b"}], "flags": {"on": True}})
    return World(
        'allow(user: User, "read", doc: Doc) if doc.settings = user.settings;',
        (user_cls, doc_cls),
        [(user, "read", doc_cls(settings=each)) for each in settings],
        lambda user, action, doc: action == "read" and doc.settings == user.settings,
    )


def _of_pydantic() -> tuple[Shape, ...]:
    if not is_installed("pydantic"):
        return ()
    import pydantic

    class Team(pydantic.BaseModel):
        name: str

    class User(pydantic.BaseModel):
        name: str
        team: Team

    class Doc(pydantic.BaseModel):
        owner: User
        team: Team

    classes = User, Doc, Team
    return (
        _owners("models of pydantic, a field of a field", *classes),
        _teams("models of pydantic, `!= nil` and `=`", *classes),
    )


def _of_attrs() -> tuple[Shape, ...]:
    if not is_installed("attrs"):
        return ()
    import attrs

    made = [attrs.make_class(name, fields, order=False) for name, *fields in _FIELDS]
    return (
        _teams("classes of attrs, `!= nil` and `=`", *made),
        _tenants("classes of attrs, `!=` and a list", *made),
    )


SHAPES = (
    _owners("abstract classes, a field of a field", *_of_bases(abc.ABC)),
    _owners("classes that derive from a protocol", *_of_bases(t.cast(type, HasName))),
    _owners("classes that derive from `Sequence`", *_of_bases(Row)),
    Shape("data in data, `=`", _data),
    *_of_pydantic(),
    *_of_attrs(),
)
