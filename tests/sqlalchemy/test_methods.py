"""What methods, properties and hybrids calculate, and where they raise, read from their source."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import enum
import functools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session


class Level(enum.IntEnum):
    """Of which the first one is false."""

    NONE = 0
    SOME = 1


class Base(orm.DeclarativeBase):
    """Of the models here."""


class Part(Base):
    """Decides whether it is true."""

    __tablename__ = "parts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    def __bool__(self) -> bool:
        return False


class Page(Base):
    """Has attributes of most kinds."""

    __tablename__ = "pages"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str | None]
    number: orm.Mapped[int | None]
    price: orm.Mapped[decimal.Decimal | None] = orm.mapped_column(sa.Numeric(10, 2))
    level: orm.Mapped[Level | None]
    day: orm.Mapped[datetime.date | None]
    public: orm.Mapped[bool]
    data: orm.Mapped[bytes | None]
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("pages.id"))
    parent: orm.Mapped[Page | None] = orm.relationship(remote_side=[id], back_populates="children")
    children: orm.Mapped[list[Page]] = orm.relationship(back_populates="parent")
    asked: orm.DynamicMapped[Page] = orm.relationship(lazy="dynamic", viewonly=True)
    part_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("parts.id"))
    part: orm.Mapped[Part | None] = orm.relationship()

    def is_public(self) -> bool:
        """Compare a column."""
        return self.public is True

    def is_above(self, number: int) -> bool:
        """Compare a column with an argument."""
        return self.id > number

    def is_shown(self) -> bool:
        """Take one way or another."""
        if self.day:
            return False
        elif self.public:
            return bool(self.title)
        else:
            return self.number == 1

    @property
    def is_cheap(self) -> bool:
        """Compare decimals."""
        return self.price < 10  # type: ignore[operator]

    @property
    def has_title(self) -> bool:
        """Ask for the truth of a text."""
        return bool(self.title)

    @property
    def has_no_number(self) -> bool:
        """Ask for that of a number."""
        return not self.number

    @property
    def is_free(self) -> bool:
        """Ask for that of a decimal."""
        return not self.price

    @property
    def has_level(self) -> bool:
        """Ask for that of a member of an enumeration."""
        return self.public if self.level is None else bool(self.level)

    @property
    def is_leaf(self) -> bool:
        """Ask for that of rows."""
        return not self.children

    @property
    def is_never(self) -> bool:
        """Ask for that of a query, which is always true."""
        return not self.asked

    @property
    def is_top(self) -> bool:
        """Ask for that of a row."""
        return not self.parent

    @property
    def has_data(self) -> bool:
        """Ask for that of bytes."""
        return bool(self.data)

    @property
    def has_part(self) -> bool:
        """Ask for that of a row which decides it."""
        return bool(self.part)

    @property
    def above(self) -> Page | None:
        """Give a relation by another name."""
        return self.parent

    @property
    def beside(self) -> list[Page]:
        """Give rows of a row."""
        return self.parent.children

    def below(self) -> list[Page]:
        """Give rows."""
        return self.children

    @hybrid_property
    def cost(self) -> decimal.Decimal:
        """Calculate with what may be nil."""
        return self.price * self.number  # type: ignore[operator, return-value]

    @cost.inplace.expression
    @classmethod
    def _cost(cls) -> sa.ColumnElement[decimal.Decimal | None]:
        return cls.price * cls.number

    @hybrid_property
    def is_numbered(self) -> bool:
        """Compare what may be nil."""
        return self.number > 0  # type: ignore[operator]

    @is_numbered.inplace.expression
    @classmethod
    def _is_numbered(cls) -> sa.ColumnElement[bool]:
        return cls.number > 0

    @hybrid_property
    def year(self) -> int:
        """Read an attribute of what may be nil."""
        return self.day.year

    @year.inplace.expression
    @classmethod
    def _year(cls) -> sa.ColumnElement[int]:
        return sa.extract("year", cls.day)

    @hybrid_property
    def capitals(self) -> str:
        """Call a method of what may be nil."""
        return self.title.upper().replace("A", "X")

    @capitals.inplace.expression
    @classmethod
    def _capitals(cls) -> sa.ColumnElement[str | None]:
        return sa.func.replace(sa.func.upper(cls.title), "A", "X", type_=sa.String())

    @hybrid_property
    def label(self) -> str:
        """Write what may be nil into a text."""
        return "%s" % self.number if not self.title else self.title.strip()  # noqa: UP031  # a text takes nil

    @label.inplace.expression
    @classmethod
    def _label(cls) -> sa.ColumnElement[str | None]:
        return sa.func.trim(cls.title, type_=sa.String())

    @hybrid_property
    def year_above(self) -> int:
        """Read it of a row that need not be there."""
        return self.parent.day.year

    @year_above.inplace.expression
    @classmethod
    def _year_above(cls) -> sa.ColumnElement[int]:
        return sa.extract("year", cls.day)

    @property
    def costs_nothing(self) -> bool:
        """Compare what a hybrid calculates."""
        return self.cost != 5

    @property
    def named(self) -> str:
        """Give one of two values, of which one is no column."""
        return self.title or "page"


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with a few pages."""
    with open_session(Base.metadata) as session:
        cents = decimal.Decimal("9.99")
        session.add_all([Page(id=1, title="a", number=1, price=cents, public=True)])
        session.add_all([Page(id=2, title="", number=0, price=0, level=Level.NONE, public=True)])
        session.add_all([Page(id=3, day=datetime.date(2030, 1, 1), public=True, parent_id=1)])
        session.add_all([Page(id=4, number=1, price=20, level=Level.SOME, public=False)])
        session.add_all([Page(id=5, public=False, parent_id=1)])
        session.flush()
        yield session


@functools.cache
def make_oso(body: str) -> Oso:
    """Load a rule about pages."""
    oso = Oso()
    register_models(oso, Base)
    user = "user" if "user" in body else "_user"
    oso.load_str(f'allow({user}, "read", page: Page) if {body};')
    return oso


def is_allowed(oso: Oso, user: Page | None, page: Page) -> bool:
    """Check a page; what Python raises is no allow."""
    with contextlib.suppress(OsoError, TypeError, AttributeError):
        return oso.is_allowed(user, "read", page)
    return False


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ("page.is_public()", {1, 2, 3}),
        ("not page.is_public()", {4, 5}),
        ("page.is_shown()", {1, 4}),
        ("not page.is_shown()", {2, 3, 5}),
        ("page.is_shown() = false", {2, 3, 5}),
        ("page.parent.is_shown()", {3, 5}),
        ("page.is_cheap", {1, 2}),
        ("not page.is_cheap", {4}),
        ("page.has_title", {1}),
        ("page.has_no_number", {2, 3, 5}),
        ("not page.has_no_number", {1, 4}),
        ("page.is_free", {2, 3, 5}),
        ("page.has_level", {1, 3, 4}),
        ("not page.has_level", {2, 5}),
        ("page.is_leaf", {2, 3, 4, 5}),
        ("not page.is_leaf", {1}),
        ("page.is_top", {1, 2, 4}),
        ("page.cost != 5", {1, 2, 4}),
        ("not page.cost = 20", {1, 2}),
        ("page.cost = nil", set()),
        ("page.cost in [user.day, 20]", {4}),
        ("page.parent.cost != 5", {3, 5}),
        ("page matches {cost: nil}", set()),
        ("page.is_numbered", {1, 4}),
        ("page.is_numbered != true", {2}),
        ("page.is_numbered = nil", set()),
        ("page.costs_nothing", {1, 2, 4}),
        ("page.year = 2030", {3}),
        ("page.year != 2031", {3}),
        ("not page.year = 2031", {3}),
        ('page.capitals != "Y"', {1, 2}),
        ('page.label != "b"', {1, 2, 3, 4, 5}),
        ("page.year_above != 2031", set()),
        ("page.above = user", {3, 5}),
        ("page.above = nil", {1, 2, 4}),
        ('page.above.title = "a"', {3, 5}),
        ("page.above matches Page{number: 1}", {3, 5}),
        ("page in page.beside", {3, 5}),
        ("other in page.below() and other.public", {1}),
        ("not (other in page.below() and other.public)", {2, 3, 4, 5}),
    ],
)
def test_list_has_what_checks_allow(session: orm.Session, body: str, numbers: set[int]) -> None:
    """What Python calculates is a condition, or relations, of the rows."""
    oso, user = make_oso(body), session.get(Page, 1)

    found = {page.id for page in session.scalars(oso.authorized_query(user, "read", Page))}

    allowed = {p.id for p in session.scalars(sa.select(Page)) if is_allowed(oso, user, p)}
    assert (found, allowed) == (numbers, numbers)


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        ("page.is_above(3)", "the method 'is_above' needs a row"),
        ("page.has_data", "'has_data' calculates what is neither true nor false"),
        ("page.has_part", "'has_part' calculates whether a row is true, which its class decides"),
        ("page.is_never", "'is_never' calculates whether what is no list is true"),
        ('page.named = "page"', "'named' calculates more than a comparison or a sum"),
        ("page.is_public", "'is_public' of 'Page' is unknown without a row"),
    ],
)
def test_list_is_refused(body: str, fact: str) -> None:
    """What needs more than the source says is refused, and so is a method that is not called."""
    with pytest.raises(UnsupportedError, match=fact):
        make_oso(body).authorized_query(None, "read", Page)
