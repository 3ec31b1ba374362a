"""Kinds of classes: the owner of a document, and how classes are written."""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import typing as t
from collections.abc import Callable

from .shape import Shape, World, plain, slotted

_POLICY = 'allow(user: User, "read", doc: Doc) if doc.owner = user;'


@dataclasses.dataclass
class _Equal:
    name: str


@dataclasses.dataclass(frozen=True)
class _Frozen:
    name: str


@dataclasses.dataclass(eq=False, slots=True)
class _SlottedData:
    name: str


@dataclasses.dataclass(eq=False)
class _Data:
    name: str


class _OwnEquality:
    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _OwnEquality) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class _Lazy:
    """Gives attributes that nobody set."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> t.Any:
        if name == "name":
            return self._name
        raise AttributeError(name)


class _CachedProperty:
    def __init__(self, name: str) -> None:
        self.first = name

    @functools.cached_property
    def name(self) -> str:
        return self.first


class _ClassAttribute:
    name = "ana"

    def __init__(self, name: str) -> None:
        if name != "ana":
            self.name = name


_Named = collections.namedtuple("_Named", ["name"])  # as older programs have it


def _owned(
    name: str,
    user_cls: t.Any,
    doc_cls: t.Any = None,
    *,
    is_equal: Callable[[t.Any, t.Any], bool] = lambda a, b: a is b,
) -> Shape:
    """Make the shape of ``doc.owner = user`` for a class of users."""

    def make(_size: int) -> World:
        user, other = user_cls("ana"), user_cls("ben")
        docs = doc_cls or plain("Doc", "owner")
        return World(
            _POLICY.replace(": User", f": {user_cls.__name__}"),
            (user_cls, docs),
            [(user, "read", docs(user)), (user, "read", docs(other))],
            lambda user, action, doc: action == "read" and is_equal(doc.owner, user),
        )

    return Shape(name, make)


def _named(name: str, user_cls: t.Any) -> Shape:
    """Make the shape of ``doc.owner = user.name`` for a class of users."""

    def make(_size: int) -> World:
        docs = plain("Doc", "owner")
        user = user_cls("ana")
        return World(
            'allow(user: User, "read", doc: Doc) if doc.owner = user.name;'.replace(
                ": User", f": {user_cls.__name__}"
            ),
            (user_cls, docs),
            [(user, "read", docs(each)) for each in ("ana", "ben")],
            lambda user, action, doc: action == "read" and doc.owner == user.name,
        )

    return Shape(name, make)


def _subclasses(_size: int) -> World:
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "owner")
    memo_cls = plain("Memo", "owner", bases=(doc_cls,))
    ana, ben = user_cls("ana"), user_cls("ben")
    return World(
        _POLICY,
        (user_cls, doc_cls),
        [(ana, "read", memo_cls(ana)), (ana, "read", memo_cls(ben))],
        lambda user, action, doc: action == "read" and doc.owner is user,
    )


def _untyped(_size: int) -> World:
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "owner")
    ana, ben = user_cls("ana"), user_cls("ben")
    return World(
        'allow(user, "read", doc) if doc.owner = user;',
        (),
        [(ana, "read", doc_cls(ana)), (ana, "read", doc_cls(ben))],
        lambda user, action, doc: action == "read" and doc.owner is user,
    )


def _head_pattern(_size: int) -> World:
    user_cls, doc_cls = plain("User", "admin"), plain("Doc", "owner")
    doc = doc_cls(None)
    return World(
        'allow(_: User{admin: true}, "read", _: Doc);',
        (user_cls, doc_cls),
        [(user_cls(each), "read", doc) for each in (True, False)],
        lambda user, action, doc: action == "read" and user.admin is True,
    )


def _about_class(_size: int) -> World:
    user_cls, doc_cls = plain("User", "admin"), plain("Doc", "owner")
    return World(
        'allow(user: User, "create", Doc) if user.admin;',
        (user_cls, doc_cls),
        [(user_cls(each), "create", doc_cls) for each in (True, False)],
        lambda user, action, doc: action == "create" and doc is doc_cls and user.admin,
    )


class Action(enum.Enum):
    READ = 1
    EDIT = 2


def _enum_action(_size: int) -> World:
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "owner")
    ana, ben = user_cls("ana"), user_cls("ben")
    doc = doc_cls(ana)
    return World(
        "allow(user: User, action: Action, doc: Doc) if action = Action.READ and doc.owner = user;",
        (user_cls, doc_cls, Action),
        [(user, action, doc) for user in (ana, ben) for action in Action],
        lambda user, action, doc: action is Action.READ and doc.owner is user,
    )


def _text_actor(_size: int) -> World:
    doc_cls = plain("Doc", "owner")
    doc = doc_cls("ana")
    return World(
        'allow(name: String, "read", doc: Doc) if doc.owner = name;',
        (doc_cls,),
        [(name, "read", doc) for name in ("ana", "ben")],
        lambda name, action, doc: action == "read" and doc.owner == name,
    )


def _number_resource(_size: int) -> World:
    user_cls = plain("User", "ids")
    user = user_cls([1, 2, 3])
    return World(
        'allow(user: User, "read", number: Integer) if number in user.ids;',
        (user_cls,),
        [(user, "read", number) for number in (3, 4)],
        lambda user, action, number: action == "read" and number in user.ids,
    )


def _same(a: t.Any, b: t.Any) -> bool:
    return bool(a == b)


SHAPES = (
    _owned("owner `=`, plain classes", plain("User", "name")),
    _owned("owner `=`, dataclass without `__eq__`", _Data),
    _owned("owner `=`, dataclass with its `__eq__`", _Equal),
    _owned("owner `=`, frozen dataclass", _Frozen),
    _owned("owner `=`, slots", slotted("User", "name"), slotted("Doc", "owner")),
    _owned("owner `=`, dataclass with slots", _SlottedData),
    _owned("owner `=`, an own `__eq__`", _OwnEquality, is_equal=_same),
    _named("`user.name` of a named tuple", _Named),
    _named("`user.name` by `__getattr__`", _Lazy),
    _named("`user.name`, a cached property", _CachedProperty),
    _named("`user.name`, an attribute of the class", _ClassAttribute),
    Shape("owner `=`, a class derived from the registered one", _subclasses),
    Shape("owner `=`, untyped parameters", _untyped),
    Shape("a pattern in the head, `_: User{admin: true}`", _head_pattern),
    Shape("an enum as action", _enum_action),
    Shape("a text as actor", _text_actor),
    Shape("a number as resource", _number_resource),
    Shape("a class as resource", _about_class),
)
