"""Hybrids without an expression of their own, and properties: what their function says of a row."""

from __future__ import annotations

import contextlib
import enum
import importlib
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.mapped.hybrids import formula_of
from tests.support.databases import open_session


class Shelf(enum.Enum):
    """Where a page lies."""

    UPPER = "u"
    LOWER = "l"


class Kind(enum.StrEnum):
    """Members that equal texts."""

    SECRET = "secret"


class Base(orm.DeclarativeBase):
    """The base of these models."""


def doubled(function: t.Any) -> t.Any:
    """Call a function twice."""
    return lambda row: (function(row), function(row))[1]


class Page(Base):
    """Has hybrids that mean one thing of the class, and another of a row."""

    __tablename__ = "hybrid_pages"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    public: orm.Mapped[bool]
    words: orm.Mapped[int | None]
    limit: orm.Mapped[int] = orm.mapped_column(default=3)
    draft: orm.Mapped[bool | None]
    shelf: orm.Mapped[Shelf | None]
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("hybrid_pages.id"))
    parent: orm.Mapped[Page | None] = orm.relationship(remote_side=[id])

    @hybrid_property
    def is_public(self) -> bool:
        """The column by another name."""
        return self.public

    @hybrid_property
    def unless_secret(self) -> bool:
        """Of the class, nothing equals a text."""
        if self.kind == "secret":
            return False
        return self.public

    @hybrid_property
    def below_another(self) -> bool:
        """Of the class, no column is None."""
        if self.parent_id is None:
            return False
        return self.public

    @hybrid_property
    def either(self) -> t.Any:
        """Of the class, it is the last one."""
        return (self.kind == "secret" and self.parent_id) or self.public

    @hybrid_property
    @doubled
    def wrapped(self) -> bool:
        """Another function calls it."""
        return self.public

    @hybrid_property
    def left(self) -> int:
        """Of nil, Python calculates nothing."""
        return self.limit - self.words  # type: ignore[operator]

    @property
    def words_left(self) -> int:
        """The same."""
        return self.limit - self.words  # type: ignore[operator]

    @property
    def is_long(self) -> bool:
        """Python does not compare nil."""
        return self.words > 2  # type: ignore[operator]

    @property
    def is_short(self) -> bool:
        """Does not look at what comes behind."""
        return self.words is None or self.words < 2

    @property
    def is_between(self) -> bool:
        """Two comparisons."""
        return 0 < self.words <= self.limit  # type: ignore[operator]

    @property
    def is_hidden(self) -> bool:
        """Whatever is no true is not."""
        return not self.draft

    @property
    def is_visible(self) -> bool:
        """Calculated of another one."""
        return self.public and not self.is_long

    @property
    def lies_low(self) -> bool:
        """A member of an enumeration."""
        return self.shelf == Shelf.LOWER

    @property
    def is_low(self) -> bool:
        """A member of an enumeration is one object."""
        return self.shelf is Shelf.LOWER

    @property
    def is_not_low(self) -> bool:
        """Nor is nil this object."""
        return self.shelf is not Shelf.LOWER

    @property
    def is_alike(self) -> bool:
        """A text is no member of an enumeration, also of one whose members equal texts."""
        return self.kind is Kind.SECRET

    @property
    def lies_somewhere(self) -> bool:
        """Some of them."""
        return self.shelf in (Shelf.LOWER, Shelf.UPPER)

    @property
    def is_plain(self) -> bool:
        """Not one of some texts."""
        return self.kind not in ("secret", "private")

    @property
    def is_draft(self) -> bool:
        """The object itself, of which there is one."""
        return self.draft is True

    @property
    def is_top(self) -> bool:
        """Of a relation."""
        return self.parent is None

    @property
    def is_below_long(self) -> bool:
        """Of an attribute of a related row."""
        return self.parent.is_long

    @property
    def only_draft(self) -> t.Any:
        """Either may be nil, and then it is."""
        return self.draft and self.public

    @property
    def heading(self) -> str:
        """Texts are not added."""
        return self.kind + "!"

    @property
    def never(self) -> bool:
        """Asks itself."""
        return self.never


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database with a few pages."""
    with open_session(Base.metadata) as session:
        session.add_all([Page(id=1, kind="secret", public=True, words=3, shelf=Shelf.LOWER)])
        session.add_all([Page(id=2, kind="x", public=True, draft=True, words=0)])
        session.add_all([Page(id=4, kind="y", public=False, draft=False, shelf=Shelf.UPPER)])
        session.add_all([Page(id=3, kind="x", public=False, parent_id=1, words=5)])
        session.add_all([Page(id=5, kind="x", public=True, parent_id=4, words=2)])
        session.flush()
        yield session


def make_oso(body: str) -> Oso:
    """Load a rule about pages."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(_, "read", page: Page) if {body};')
    return oso


def assert_agreement(session: orm.Session, body: str, cls: type[t.Any] = Page) -> set[int]:
    """Compare a list with checks; what Python raises is no allow."""
    oso = make_oso(body)
    found = set(session.scalars(oso.authorized_query(None, "read", cls)))
    allowed = set()
    for row in session.scalars(sa.select(cls)):
        with contextlib.suppress(OsoError, TypeError, AttributeError):
            allowed |= {row} if oso.is_allowed(None, "read", row) else set()
    assert found == allowed
    return {row.id for row in found}


def test_column_by_another_name(session: orm.Session) -> None:
    """A hybrid that returns a column is this column."""
    assert assert_agreement(session, "page.is_public") == {1, 2, 5}


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ("page.left > 0", {2, 5}),
        ("not page.left > 0", {1, 3}),
        ("page.words_left = 0", {1}),
        ("page.words_left + page.left = 2", {5}),
        ("page matches {words_left: 0}", {1}),
        ("page.is_long", {1, 3}),
        ("not page.is_long", {2, 5}),
        ("page.is_long = false", {2, 5}),
        ("page.is_long = nil", set()),
        ("page.is_short", {2, 4}),
        ("not page.is_short", {1, 3, 5}),
        ("page.is_between", {1, 5}),
        ("not page.is_between", {2, 3}),
        ("page.is_hidden", {1, 3, 4, 5}),
        ("not page.is_hidden", {2}),
        ("page.is_visible", {2, 5}),
        ("not page.is_visible", {1, 3, 4}),
        ("page.lies_low", {1}),
        ("not page.lies_low", {2, 3, 4, 5}),
        ("page.is_low", {1}),
        ("not page.is_low", {2, 3, 4, 5}),
        ("page.is_not_low", {2, 3, 4, 5}),
        ("page.lies_somewhere", {1, 4}),
        ("page.is_plain", {2, 3, 4, 5}),
        ("page.is_draft", {2}),
        ("not page.is_draft", {1, 3, 4, 5}),
        ("page.is_top", {1, 2, 4}),
        ("not page.is_top", {3, 5}),
        ("page.is_below_long", {3}),
        ("not page.is_below_long", set()),
        ("page.parent.is_long", {3}),
        ("page.parent != nil and page.parent.is_short", {5}),
    ],
)
def test_what_is_calculated(session: orm.Session, body: str, numbers: set[int]) -> None:
    """Comparisons and sums of the attributes of a row mean in a list what they mean in Python."""
    assert assert_agreement(session, body) == numbers


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        ("page.either", "'either' calculates more than a comparison or a sum"),
        ("page.only_draft", "'only_draft' calculates more than a comparison or a sum"),
        ('page.heading = "x!"', "databases calculate alike only with integers"),
        ("page.is_alike", "whether values are one object"),
        ("page.never", "'never' calculates itself"),
    ],
)
def test_what_is_calculated_otherwise(body: str, fact: str) -> None:
    """What means another thing in a database is refused, with what to do."""
    with pytest.raises(UnsupportedError, match=fact) as caught:
        make_oso(body).authorized_query(None, "read", Page)

    assert "Say it in the policy, or give the hybrid an expression." in str(caught.value)


class Part(Base):
    """Has a property that a subclass replaces."""

    __tablename__ = "hybrid_parts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "part"}

    @property
    def is_first(self) -> bool:
        """Another one in the subclass."""
        return self.id == 1


class LastPart(Part):
    """Replaces it."""

    __mapper_args__ = {"polymorphic_identity": "last"}

    @property
    def is_first(self) -> bool:
        """Never."""
        return False


def test_property_that_a_subclass_replaces() -> None:
    """What a property means for some classes of rows only is refused for all of them."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str('allow(_, "read", part: Part) if part.is_first;')

    with pytest.raises(UnsupportedError, match="'is_first' of 'Part' is unknown without a row"):
        oso.authorized_query(None, "read", Part)


def test_refusal_of_a_property_says_what_to_write() -> None:
    """As a check of the policy does: columns and relations, or an expression."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str('allow(_, "read", part: Part) if part.is_first;')

    with pytest.raises(UnsupportedError, match=r"relations, or give it an SQL expression\.$"):
        oso.authorized_query(None, "read", Part)


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ("page.unless_secret", {2, 5}),
        ("not page.unless_secret", {1, 3, 4}),
        ("page.below_another", {5}),
        ("not page.below_another", {1, 2, 3, 4}),
    ],
)
def test_hybrid_with_two_ways(session: orm.Session, body: str, numbers: set[int]) -> None:
    """What a hybrid returns of the class says nothing of a row for which it takes another way."""
    assert assert_agreement(session, body) == numbers


def test_hybrid_that_is_wrapped() -> None:
    """What a decorator does is not read."""
    with pytest.raises(UnsupportedError, match="it is a hybrid without an expression"):
        make_oso("page.wrapped").authorized_query(None, "read", Page)


def test_hybrid_whose_source_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that was written after the module was imported does not count."""
    later = "def is_public(self):\n    return self.hidden\n"
    monkeypatch.setattr("inspect.getsource", lambda code: later)

    with pytest.raises(UnsupportedError, match="it is a hybrid without an expression"):
        make_oso("page.is_public").authorized_query(None, "read", Page)


def test_argument_with_an_annotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python evaluates annotations later, they have code of their own beside the function."""
    text = "def is_public(self: 'Page') -> bool:\n    return not self.draft\n"
    (tmp_path / "annotated_page.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("annotated_page")

    formula = formula_of(module.is_public)

    assert formula is not None and formula.row == "self"
