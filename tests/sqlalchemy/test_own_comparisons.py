"""Values with comparisons of their own: a list has the rows that checks allow, or is refused."""

from __future__ import annotations

import collections
import datetime
import decimal
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.models import documents
from tests.support.models.documents import Doc, Status


class NeverUnequal:
    """Has a ``!=`` alone."""

    def __ne__(self, other: object) -> bool:
        return False


class TextNeverUnequal(str):
    """The same of a text."""

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False


class NumberNeverUnequal(int):
    """The same of a number."""

    def __ne__(self, other: object) -> bool:
        return False


class EqualsAll:
    """Equals everything, and has a hash of its own."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


class TimeEqualsAll(datetime.datetime):
    """A time that equals everything, whose ``!=`` is that of times."""

    __hash__ = datetime.datetime.__hash__

    def __eq__(self, other: object) -> bool:
        return True


class Folded(str):
    """A text that equals those in other letters, if it is asked itself."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and str.lower(self) == str.lower(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(str.lower(self))


class Quiet(str):
    """A text that compares as any text."""

    __slots__ = ()


class EqualClasses(type):
    """A metaclass whose classes claim to equal all others."""

    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = type.__hash__


class Odd(metaclass=EqualClasses):
    """Is of no class of Python's own."""


class Found(set[t.Any]):
    """Finds what it has as a set does."""


class Asker:
    """Has a value, and collections of it."""

    def __init__(self, kept: t.Any) -> None:
        self.kept = kept
        self.listed = [kept, 9]

    @property
    def some(self) -> t.Any:
        """A set of the value."""
        return {self.kept, 9}

    @property
    def found(self) -> t.Any:
        """A set of a class of its own."""
        return Found([self.kept, 9])

    @property
    def keys(self) -> t.Any:
        """The keys of a dictionary of a class of its own."""
        return collections.Counter([self.kept, 9])


OWN: dict[str, t.Any] = {
    "never unequal": NeverUnequal(),
    "text": TextNeverUnequal("a"),
    "number": NumberNeverUnequal(1),
    "equals all": EqualsAll(),
    "time": TimeEqualsAll(2020, 1, 1),
    "folded": Folded("DRAFT"),
    "odd": Odd(),
}
PLAIN: dict[str, t.Any] = {
    "quiet": Quiet("a"),
    "status": Status.DRAFT,
    "true": True,
    "decimal": decimal.Decimal(1),
    "object": object(),
    "range": range(3),
    "nil": None,
}
CONDITIONS = (
    *("d.{0} != a.kept", "a.kept != d.{0}", "d.{0} == a.kept", "d.{0} = a.kept"),
    *("not a.kept = d.{0}", "not d.{0} = a.kept", "not a.kept in [d.{0}]", "d.{0} in a.listed"),
    *("d.{0} in a.some", "not d.{0} in a.some", "d.{0} in a.found", "not d.{0} in a.found"),
    *("d.{0} in a.keys", "not d.{0} in a.keys"),
)
COLUMNS = ("title", "size", "open", "flag", "status", "sort", "made", "owner", "owner_id")


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database of documents."""
    with documents.open_documents() as session:
        yield session


def make_oso(condition: str) -> Oso:
    """Load a rule about documents."""
    oso = Oso()
    register_models(oso, documents.Base)
    oso.register_class(Asker)
    oso.load_str(f'allow(a: Asker, "read", d: Doc) if {condition};')
    return oso


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("column", COLUMNS)
def test_value_with_own_comparisons(session: orm.Session, column: str, condition: str) -> None:
    """Nothing is listed that the value itself would deny, nor left out that it would allow."""
    oso, docs = make_oso(condition.format(column)), session.scalars(sa.select(Doc)).all()

    for name, kept in {**OWN, **PLAIN}.items():
        asker = Asker(kept)
        try:
            listed = {doc.id for doc in session.scalars(oso.authorized_query(asker, "read", Doc))}
        except OsoError:
            continue
        assert (name, listed) == (name, {doc.id for doc in docs if may_read(oso, asker, doc)})


@pytest.mark.parametrize("kept", [Quiet("a"), Status.DRAFT, True, None])
@pytest.mark.parametrize("column", ["title", "open", "status"])
def test_value_that_compares_as_others_is_listed_by(
    session: orm.Session, column: str, kept: t.Any
) -> None:
    """A value whose comparisons are Python's own is not refused for what others are."""
    for condition in ("a.kept != d.{0}", "d.{0} in a.some", "not d.{0} = a.kept"):
        oso = make_oso(condition.format(column))
        if "!=" in condition and column != "open" and kept is True:
            # A text and a number raise.
            continue
        session.scalars(oso.authorized_query(Asker(kept), "read", Doc)).all()


@pytest.mark.parametrize("column", ["size", "score", "price"])
@pytest.mark.parametrize("condition", ["d.{0} = a.kept", "d.{0} != a.kept", "d.{0} < a.kept"])
def test_signalling_nan_is_the_error_of_a_check(
    session: orm.Session, column: str, condition: str
) -> None:
    """What compares one raises, and a list does so in the same way."""
    oso, asker = make_oso(condition.format(column)), Asker(decimal.Decimal("snan"))
    doc = session.scalars(sa.select(Doc).where(getattr(Doc, column).is_not(None))).first()

    for ask in (lambda: oso.is_allowed(asker, "read", doc), lambda: listed(oso, asker, session)):
        with pytest.raises(decimal.InvalidOperation):
            ask()


def listed(oso: Oso, asker: Asker, session: orm.Session) -> t.Any:
    """List the documents."""
    return session.scalars(oso.authorized_query(asker, "read", Doc)).all()
