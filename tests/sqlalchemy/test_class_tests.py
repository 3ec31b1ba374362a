"""Lists take rows for instances of the classes of a policy as checks do, or are refused.

A class may tell its instances by more than their classes: no row is there to be asked.
"""

from __future__ import annotations

import abc
import decimal
import typing as t
from collections.abc import Hashable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.models import documents
from tests.support.models.documents import Boss, Doc, User


class ByNumber(type):
    """Takes objects with an even number for its instances."""

    def __instancecheck__(cls, instance: t.Any) -> bool:
        return bool(getattr(instance, "id", 1) % 2 == 0)


class Claiming(type):
    """Says that all classes are subclasses, which ``isinstance`` does not ask."""

    def __subclasscheck__(cls, subclass: type) -> bool:
        return True


class Even(metaclass=ByNumber):
    """Tells its instances one by one."""


class Claimed(metaclass=Claiming):
    """Has no instances."""


class Hooked(abc.ABC):  # noqa: B024
    """Takes some classes for its subclasses."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return other in (Doc, User)


@t.runtime_checkable
class Sized(t.Protocol):
    """Has an attribute, which only an object tells."""

    size: int


@t.runtime_checkable
class Iterated(t.Protocol):
    """Has a method that no row has."""

    def iterate(self) -> None:
        """Do nothing."""


class Nobody(abc.ABC):  # noqa: B024
    """Takes nil for its only instance."""


class BossOrNobody(abc.ABC):  # noqa: B024
    """Takes rows of one class for its instances, and nil."""


for cls in (Nobody, BossOrNobody):
    cls.register(type(None))
BossOrNobody.register(Boss)

CLASSES: list[type] = [Even, Claimed, Hooked, Sized, Iterated, Nobody, BossOrNobody]


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database of documents."""
    with documents.open_documents() as session:
        yield session


def make(policy: str) -> Oso:
    """Load a policy about documents, and about these classes."""
    oso = Oso()
    for cls in CLASSES:
        oso.register_class(cls)
    register_models(oso, documents.Base)
    oso.load_str(policy)
    return oso


class Anything(abc.ABC):  # noqa: B024
    """Takes all classes for its subclasses, also that of nil."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return True


class EqualsAll:
    """Equals also lists and dictionaries."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True


class Asker:
    """Has something that is compared."""

    def __init__(self, kept: t.Any) -> None:
        self.kept = kept


def compare(oso: Oso, session: orm.Session) -> list[int]:
    """List the documents of each user, and check each document; give how many are listed."""
    docs, counts = session.scalars(sa.select(Doc)).all(), []
    for user in session.scalars(sa.select(User)).all():
        found = {doc.id for doc in session.scalars(oso.authorized_query(user, "read", Doc))}
        assert found == {doc.id for doc in docs if may_read(oso, user, doc)}
        counts.append(len(found))
    return counts


@pytest.mark.parametrize(
    "policy",
    [
        'allow(_: User, "read", _: {0});',
        'allow(_: User, "read", d: Doc) if not d matches {0};',
        'allow(_: User, "read", d: Doc) if d.owner != nil and not d.owner matches {0};',
        'allow(_: User, "read", d: Doc) if is_known(d); is_known(_: {0});',
        'allow(_: User, "read", d: Doc) if d.id > 0; allow(_: User, "read", _: {0}) if cut;',
    ],
)
@pytest.mark.parametrize("cls", [Even, Sized])
def test_rows_are_not_told_without_them(session: orm.Session, policy: str, cls: type) -> None:
    """The list is refused, and names the class."""
    oso = make(policy.replace("{0}", cls.__name__))
    user = session.get(User, 1)

    with pytest.raises(UnsupportedError, match=f"'{cls.__name__}' has a test of its own"):
        oso.authorized_query(user, "read", Doc)


@pytest.mark.parametrize("cls", [Claimed, Hooked, Iterated])
@pytest.mark.parametrize(
    "policy",
    [
        'allow(_: User, "read", _: {0});',
        'allow(_: User, "read", d: Doc) if not d matches {0};',
        'allow(_: User, "read", d: Doc) if d.owner != nil and not d.owner matches {0};',
    ],
)
def test_rows_are_told_by_their_class(session: orm.Session, policy: str, cls: type) -> None:
    """As ``isinstance`` does it, whatever ``issubclass`` is told."""
    compare(make(policy.replace("{0}", cls.__name__)), session)


@pytest.mark.parametrize("cls", [Nobody, BossOrNobody])
@pytest.mark.parametrize(
    "policy",
    [
        'allow(_: User, "read", d) if d matches {0};',
        'allow(_: User, "read", d: Doc) if d.owner matches {0};',
        'allow(_: User, "read", d: Doc) if not d.owner matches {0};',
        'allow(_: User, "read", d: Doc) if d.folder != nil and d.folder.owner matches {0};',
        'allow(_: User, "read", d: Doc) if d.editor matches {0};',
        'allow(_: User, "read", d: Doc) if is_known(d.owner); is_known(_: {0});',
        'allow(_: User, "read", d: Doc) if not is_known(d.owner); is_known(_: {0});',
        """
        allow(_: User, "read", d: Doc) if not is_known(d.owner);
        is_known(_: {0}); is_known(u: User) if u.admin;
        """,
    ],
)
def test_nil_is_of_a_class(session: orm.Session, policy: str, cls: type) -> None:
    """A relation that leads to no row matches it, and one that leads to a row does not for that."""
    compare(make(policy.replace("{0}", cls.__name__)), session)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    "policy",
    [
        'allow(_: {0}, "read", d: Doc) if d.id > 1;',
        'allow(u: User, "read", d: Doc) if not u matches {0} and d.id > 1;',
    ],
)
def test_actor_is_asked(session: orm.Session, policy: str, cls: type) -> None:
    """It is there."""
    counts = compare(make(policy.replace("{0}", cls.__name__)), session)

    assert len(set(counts)) == (2 if cls is Even else 1)


@pytest.mark.parametrize("cls", ["Hashable", "Anything", "Object"])
@pytest.mark.parametrize(
    ("row", "condition"),
    [
        ("u: User", "u.level matches {0}"),
        ("u: User", "not u.level matches {0}"),
        ("u: User", "not (d in u.sponsored and d.owner.level matches {0})"),
        ("u: User", "(x = u.level and not x matches {0})"),
        ("u: User", "not is_one(u.level)"),
        ("d: Doc", "d.owner != nil and not d.owner.level matches {0}"),
        ("d: Doc", "not d.owner.level matches {0}"),
    ],
)
def test_columns_without_a_value_are_of_the_classes_of_nil(
    session: orm.Session, row: str, condition: str, cls: str
) -> None:
    """A class that has nil and numbers for its instances has all that a column may be."""
    oso = Oso()
    register_models(oso, documents.Base)
    oso.register_class(Anything)
    oso.register_class(Hashable)
    oso.register_class(object, name="Object")
    text = condition.replace("{0}", cls)
    oso.load_str(f'allow(_, "read", {row}) if {text}; is_one(_: {cls});')
    model: t.Any = Doc if row == "d: Doc" else User
    rows = session.scalars(sa.select(model)).all()
    assert any(user.level is None for user in session.scalars(sa.select(User)))

    listed = session.scalars(oso.authorized_query("ana", "read", model)).all()

    assert {each.id for each in listed} == {each.id for each in rows if may_read(oso, "ana", each)}


@pytest.mark.parametrize("kept", [1, "a", [1], ["a", 1], {"k": 1}, None, (1,), decimal.Decimal(1)])
@pytest.mark.parametrize(
    "condition",
    [
        "not [_, *_] = a.kept",
        "not ([_, *rest] = a.kept and d.id in rest)",
        "not [d.id, *_] = a.kept",
        "not [_] = a.kept",
        "not [d.id] = a.kept",
        "not {k: d.id} = a.kept",
        "not {k: _} = a.kept",
        "d.id = 1 or [_, *_] = a.kept",
    ],
)
@pytest.mark.parametrize("is_equal", [False, True])
def test_object_is_compared_with_a_list_as_by_a_check(
    session: orm.Session, condition: str, kept: t.Any, is_equal: bool
) -> None:
    """What is an error of a check, or what an object answers itself, is no row of a list."""
    actor = Asker(EqualsAll() if is_equal else kept)
    oso = Oso()
    register_models(oso, documents.Base)
    oso.register_class(Asker)
    doc = "d" if "d." in condition else "_"
    oso.load_str(f'allow(a: Asker, "read", {doc}: Doc) if {condition};')
    docs = session.scalars(sa.select(Doc)).all()
    allowed = {doc.id for doc in docs if may_read(oso, actor, doc)}

    for _ in range(2):
        try:
            listed = session.scalars(oso.authorized_query(actor, "read", Doc)).all()
        except OsoError:
            continue
        assert {doc.id for doc in listed} == allowed
