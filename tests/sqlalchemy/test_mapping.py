"""What mappers say of classes: which attributes can be compared, and where relations lead."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import Oso, OsoError, Relation
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.polar.residual.algebra.schema import Field, Link, ValueKind
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.mapped.column_types import describe_type
from flask_oso.sqlalchemy.mapped.mapping import MappedSchema
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Lower(sa.types.TypeDecorator[str]):
    """Converts in Python."""

    impl = sa.String
    cache_ok = True


class Owner(Base):
    """Owns items; its key has two columns, one of them under another name."""

    __tablename__ = "owners"
    land: orm.Mapped[str] = orm.mapped_column("country", primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(default="x")
    items: orm.Mapped[list[Item]] = orm.relationship(back_populates="owner")
    by_title: orm.Mapped[dict[str, Item]] = orm.relationship(
        viewonly=True, collection_class=orm.attribute_keyed_dict("title")
    )
    first: orm.Mapped[Item | None] = orm.relationship(viewonly=True, uselist=False)


class Item(Base):
    """Has an attribute of each sort."""

    __tablename__ = "items"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    size: orm.Mapped[int] = orm.mapped_column(default=1)
    data: orm.Mapped[dict[str, t.Any] | None] = orm.mapped_column(sa.JSON)
    lower: orm.Mapped[str | None] = orm.mapped_column(Lower)
    code: orm.Mapped[str | None] = orm.mapped_column(sa.CHAR(3))
    owner_land: orm.Mapped[str | None]
    owner_number: orm.Mapped[int | None]
    owner: orm.Mapped[Owner | None] = orm.relationship(back_populates="items")
    label: orm.Mapped[Label | None] = orm.relationship(back_populates="item")
    heading = orm.synonym("title")
    double: orm.Mapped[int] = orm.column_property(sa.literal_column("items.size * 2", sa.Integer))
    owner_name: AssociationProxy[str] = association_proxy("owner", "name")
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["owner_land", "owner_number"], ["owners.country", "owners.number"]
        ),
    )

    @hybrid_property
    def is_big(self) -> bool:
        """Whether it is big."""
        return self.size > 1

    @is_big.inplace.expression
    @classmethod
    def _is_big(cls) -> sa.ColumnElement[bool]:
        return cls.size > 1

    @hybrid_property
    def is_small(self) -> bool:
        """Whether it is small, without an expression."""
        return self.size < 1

    @property
    def loud(self) -> str:
        """The title in capitals."""
        return self.title.upper()


class Label(Base):
    """Belongs to one item at most."""

    __tablename__ = "labels"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    item_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("items.id"), unique=True)
    item: orm.Mapped[Item] = orm.relationship(back_populates="label")


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database with a few items."""
    with open_session(Base.metadata) as session:
        session.add_all([Owner(land="x", number=1), Owner(land="x", number=2, name="y")])
        session.add(Item(id=1, title="a", size=1, owner_land="x", owner_number=1))
        session.add(Item(id=2, title="b", size=2, owner_land="x", owner_number=2))
        session.add_all([Item(id=3, title="c", size=3), Label(id=1, item_id=2)])
        session.commit()
        yield session


def find(session: orm.Session, body: str, actor: t.Any = None) -> list[int]:
    """Give the ids of the items that are listed, after checking each."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f"allow(_actor, _, item: Item) if {body};")
    found = sorted(item.id for item in session.scalars(oso.authorized_query(actor, "x", Item)))
    checked = [i.id for i in session.scalars(sa.select(Item)) if is_allowed(oso, actor, i)]
    assert found == sorted(checked)
    return found


def is_allowed(oso: Oso, actor: t.Any, item: Item) -> bool:
    """Ask for one item; an error is no allow."""
    try:
        return oso.is_allowed(actor, "x", item)
    except OsoError:
        return False


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ('item.heading = "a"', [1]),
        ("item.double = 4", [2]),
        ("item.is_big", [2, 3]),
        ("not item.is_big", [1]),
        ("item.is_small", []),
        ('item.owner_name = "y"', [2]),
        ("not item.is_small", [1, 2, 3]),
        ("item.label = nil", [1, 3]),
        ("item.label.id = 1", [2]),
        ('item.owner.name = "y"', [2]),
        ("item.owner = _actor", [2]),
        ("not item.owner = _actor", [1, 3]),
        ("item in _actor.items", [2]),
        ("item.owner.land = item.owner_land", [1, 2]),
    ],
)
def test_mapped_attributes_are_those_of_a_check(
    session: orm.Session, body: str, ids: list[int]
) -> None:
    """Synonyms, column properties, hybrids and composite keys work as in a check."""
    assert find(session, body, session.get(Owner, ("x", 2))) == ids


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('item.loud = "A"', "it is computed in Python"),
        ("item.data = {}", "the type JSON has no comparison that databases share"),
        ('item.lower = "a"', "Lower converts its values in Python"),
        ('item.code = "a"', "databases fill CHAR with spaces. Use String"),
        ("item.owner.first = item", "the columns it compares are not unique"),
        ("item in item.owner.by_title", "its collection is not a list of its rows"),
    ],
)
def test_attributes_that_need_a_row(session: orm.Session, body: str, reason: str) -> None:
    """What would be computed in Python, or compared otherwise, is refused with the reason."""
    with pytest.raises(UnsupportedError) as caught:
        find(session, body)

    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (sa.Boolean(), Field(ValueKind.BOOLEAN)),
        (sa.DateTime(timezone=True), Field(ValueKind.ZONED)),
        (sa.BigInteger(), Field(ValueKind.INTEGER)),
        (sa.Float(), Field(ValueKind.FLOAT)),
        (sa.Double(), Field(ValueKind.FLOAT)),
        (sa.Numeric(10, 2), Field(ValueKind.DECIMAL, scale=2)),
        (sa.Numeric(scale=2), Field(ValueKind.DECIMAL, scale=None)),
        (sa.Text(), Field(ValueKind.TEXT)),
        (sa.Date(), Field(ValueKind.DATE)),
        (sa.DateTime(), Field(ValueKind.DATETIME)),
        (sa.Time(), Field(ValueKind.TIME)),
        (sa.Uuid(), Field(ValueKind.UUID)),
        (
            sa.Enum("a", "b"),
            Field(ValueKind.ENUM, choices=("a", "b"), stored=(None, None, True, "a", "b")),
        ),
        (sa.String().with_variant(sa.Text(), "mysql"), Field(ValueKind.TEXT)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_column_types_that_compare_as_python_does(kind: t.Any, field: Field) -> None:
    """Types whose values databases compare as Python does can be compared."""
    assert describe_type(kind, True) == field


@pytest.mark.parametrize(
    "kind",
    [
        sa.REAL(),
        sa.Float(precision=24),
        sa.Numeric(10, 2, asdecimal=False),
        sa.Numeric(10, 2, decimal_return_scale=1),
        sa.Time(timezone=True),
        sqlite.DATETIME(truncate_microseconds=True),
        sa.Uuid(as_uuid=False),
        sa.LargeBinary(),
        sa.Interval(),
        sa.PickleType(),
        postgresql.CITEXT(),
        postgresql.JSONB(),
        postgresql.ARRAY(sa.Integer),
        sa.String().with_variant(postgresql.CITEXT(), "postgresql"),
    ],
    ids=lambda kind: type(kind).__name__,
)
def test_types_that_are_opaque(kind: t.Any) -> None:
    """Types that databases compare in ways of their own cannot."""
    field = describe_type(kind, True)

    assert field.kind is ValueKind.OPAQUE
    assert field.reason


def test_reading_annotations_changes_no_type() -> None:
    """What Python keeps of annotations, once they are read, says nothing of values."""
    # As in a module whose annotations Python evaluates when they are read.
    names: dict[str, t.Any] = {"sa": sa, "__name__": __name__}
    text = "class Short(sa.String):\n    limit: int = 3"
    exec(compile(text, "short", "exec", dont_inherit=True), names)
    assert sa.types.TypeEngine.__annotations__

    assert describe_type(names["Short"](), True).tells_nil


def test_types_before_citext(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first versions of SQLAlchemy 2.0 do not know all types that are told apart."""
    monkeypatch.delattr(postgresql, "CITEXT")

    assert describe_type(sa.LargeBinary(), True).kind is ValueKind.OPAQUE


def make_models(**fields: Relation) -> MappedSchema:
    """Make models of a host on which fields of Item are declared."""
    return MappedSchema({Item: fields}, {"Owner": Owner, "Item": Item, "Label": Label})


def test_declared_relations_take_the_place_of_attributes() -> None:
    """A ``Relation`` hides an attribute of its name, as in a check."""
    models = make_models(owner=Relation("many", "Label", "id", "item_id"))
    model = models.model(Item)

    assert model is not None
    assert model.members["owner"] == Link(Label, True)


@pytest.mark.parametrize(
    ("relation", "reason"),
    [
        (Relation("one", "Nobody", "id", "id"), "it leads to 'Nobody', which is not registered"),
        (Relation("some", "Label", "id", "id"), "its kind is 'some'"),
        (Relation("many", "Label", "id", "nothing"), "it compares what is no column"),
        (Relation("one", "Owner", "size", "number"), "it leads to one row, but the column"),
    ],
)
def test_declared_relations_that_lead_nowhere(relation: Relation, reason: str) -> None:
    """A relation that a check could not follow is refused with the reason."""
    model = make_models(other=relation).model(Item)

    assert model is not None
    assert model.refused["other"].startswith(reason)


def test_class_without_a_table() -> None:
    """A class that is not mapped has no model."""
    assert make_models().model(int) is None


class Data(orm.MappedAsDataclass, orm.DeclarativeBase):
    """Tables of dataclasses."""


class Point(Data):
    """Equal to another with the same fields, the key among them."""

    __tablename__ = "points"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Twin(Data):
    """Equal to another whatever its key is."""

    __tablename__ = "twins"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, compare=False)
    name: orm.Mapped[str]


@pytest.mark.parametrize(("cls", "own"), [(Item, None), (Point, None), (Twin, Twin)])
def test_equality_that_is_not_of_the_key_is_kept(cls: type, own: type | None) -> None:
    """An equality that does not compare the key is one's own."""
    model = make_models().model(cls)

    assert dataclasses.is_dataclass(cls) is (cls is not Item)
    assert model is not None
    assert model.own_equality is own


class Vehicles(orm.DeclarativeBase):
    """Tables for each class."""


class Vehicle(Vehicles):
    """Has a table."""

    __tablename__ = "vehicles"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Car(Vehicle):
    """Has a table of its own, with all columns."""

    __tablename__ = "cars"
    __mapper_args__ = {"concrete": True}
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


@pytest.mark.parametrize("cls", [Vehicle, Car])
def test_concrete_inheritance_is_refused(cls: type) -> None:
    """Rows of a class that are in several tables have no common column."""
    with pytest.raises(UnsupportedError, match="are in a table for each class"):
        make_models().model(cls)


class Overriding(orm.DeclarativeBase):
    """Subclasses that say something else."""


class Animal(Overriding):
    """Has a name."""

    __tablename__ = "animals"
    __mapper_args__ = {
        "polymorphic_on": "type",
        "polymorphic_identity": "animal",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    type: orm.Mapped[str]
    name: orm.Mapped[str]

    @hybrid_property
    def sound(self) -> str:
        """What it says."""
        return self.name

    @sound.inplace.expression
    @classmethod
    def _sound(cls) -> sa.ColumnElement[str]:
        return cls.name  # type: ignore[return-value]


class Dog(Animal):
    """Says something else than animals do."""

    __mapper_args__ = {"polymorphic_identity": "dog"}

    @hybrid_property
    def sound(self) -> str:
        """What it says."""
        return "wow"

    @sound.inplace.expression
    @classmethod
    def _sound(cls) -> sa.ColumnElement[str]:
        return sa.literal("wow")


def test_hybrid_that_a_subclass_overrides() -> None:
    """An expression of the base class says nothing of rows of a subclass with its own."""
    oso = Oso()
    register_models(oso, Overriding)
    oso.load_str('allow(_, _, animal: Animal) if animal.sound = "wow";')

    with pytest.raises(UnsupportedError, match="a subclass says something else"):
        oso.authorized_query(None, "x", Animal)
    assert "wow" in oso.authorized_query(None, "x", Dog).compile().params.values()


@pytest.mark.parametrize(
    ("condition", "where"),
    [("item.is_big", "items.size > :size_1"), ("item.is_big = false", "items.size <= :size_1")],
)
def test_hybrid_that_is_a_condition(condition: str, where: str) -> None:
    """What a condition asks of a column stands alone, so that databases find an index for it."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow("x", "read", item: Item) if {condition};')

    query = oso.authorized_query("x", "read", Item)

    assert str(query.whereclause) == where


class Dynamic(orm.DeclarativeBase):
    """Classes that decide themselves what their attributes are."""


class Answering(Dynamic):
    """Has any attribute."""

    __tablename__ = "answering"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    def __getattr__(self, name: str) -> int:
        return 1


class Deciding(Dynamic):
    """Has the attributes it wants."""

    __tablename__ = "deciding"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    def __getattribute__(self, name: str) -> t.Any:
        return super().__getattribute__(name)


@pytest.mark.parametrize("body", ["row.more = 1", "not row matches {more: 1}"])
def test_attributes_made_by_a_method(body: str) -> None:
    """What a ``__getattr__`` may answer is unknown without a row, in paths and in patterns."""
    oso = Oso()
    register_models(oso, Dynamic)
    oso.load_str(f"allow(_, _, row: Answering) if {body};")

    with pytest.raises(UnsupportedError, match="a '__getattr__' may answer it"):
        oso.authorized_query(None, "x", Answering)


def test_attributes_decided_by_a_method() -> None:
    """A class with a ``__getattribute__`` may say of a column what it wants."""
    with pytest.raises(UnsupportedError, match="'Deciding' decides by a '__getattribute__'"):
        make_models().model(Deciding)


def test_registering_names_what_lists_cannot_compare(caplog: pytest.LogCaptureFixture) -> None:
    """Types and relations are named with the reason, in the result and in the log."""
    caplog.set_level("INFO", logger="flask_oso")

    found = register_models(Oso(), Base)

    assert list(found) == [
        "Item.data", "Item.lower", "Item.code", "Owner.by_title", "Owner.first",
    ]  # fmt: skip
    assert found["Item.data"] == "the type JSON has no comparison that databases share"
    assert caplog.messages[1] == (
        "Lists cannot compare 'Item.lower': Lower converts its values in Python."
    )


def test_registering_names_classes_without_lists() -> None:
    """A class whose rows cannot be listed is named, and the others are registered."""
    oso = Oso()

    found = register_models(oso, Vehicles)

    assert list(found) == ["Car", "Vehicle"]
    assert "Use joined or single-table inheritance." in found["Car"]
    assert oso.get_class("Vehicle") is Vehicle


@pytest.mark.parametrize(
    ("cls", "fact"),
    [(Item, "`item.data` cannot be compared: the type JSON has no"), (Car, "Rows of 'Car' are in")],
)
def test_what_lists_cannot_compare_is_refused_when_it_is_asked(cls: type, fact: str) -> None:
    """The message that was there at registration comes again where a policy needs it."""
    oso = Oso()
    register_models(oso, Base)
    register_models(oso, Vehicles)
    oso.load_str("allow(_, _, item: Item) if item.data = 1; allow(_, _, _: Car);")

    with pytest.raises(UnsupportedError) as caught:
        oso.authorized_query(None, "x", cls)

    assert fact in str(caught.value)


def test_registering_a_relation_to_no_class() -> None:
    """A relation to a class that is not mapped is named by SQLAlchemy, and so by us."""

    class Broken(orm.DeclarativeBase):
        pass

    class Part(Broken):
        __tablename__ = "parts"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        whole = orm.relationship("Nobody")

    with pytest.raises(OsoError, match=r"The models cannot be registered: .*'Nobody'") as caught:
        register_models(Oso(), Broken)
    Broken.registry.dispose()

    assert "Part" in str(caught.value)


def test_registering_a_class_without_a_primary_key() -> None:
    """SQLAlchemy names it when it is mapped; what is left is no model."""

    class Keyless(orm.DeclarativeBase):
        pass

    class Line:
        __tablename__ = "lines"
        text: orm.Mapped[str]

    with pytest.raises(sa.exc.ArgumentError, match="could not assemble any primary key columns"):
        Keyless.registry.mapped(Line)
    Keyless.registry.dispose()
    with pytest.raises(
        OsoError, match=r"'test_\w+\.<locals>\.Line' is not mapped\. Derive it from"
    ):
        register_models(Oso(), [Line])
