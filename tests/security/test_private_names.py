"""Names that begin with an underscore, and what leads to the database, are not for policies."""

from __future__ import annotations

import enum
import typing as t
import weakref
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
import sqlalchemy.orm as orm
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.local import LocalProxy

from flask_oso import Oso
from flask_oso.polar.exceptions import PolarRuntimeError
from flask_oso.sqlalchemy import register_models

BOTH = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solved"])


class Color(enum.Enum):
    """A member has private names that Python documents."""

    RED = 1


class Point(t.NamedTuple):
    """A named tuple has private names that Python documents."""

    x: int


class User:
    """Who asks."""

    def __init__(self) -> None:
        self.name = "ana"
        self._key = 1


class Doc:
    """What is asked about."""

    _shared = 1

    def __init__(self, held: object = None) -> None:
        self._id = 1
        self.point = Point(1)
        self.color = Color.RED
        self.data = {"_id": 1}
        self.held = held
        self.listed = [held]
        self.nested = [[held]]
        self.entries = {"key": held}
        self.pair = (held,)

    def _method(self) -> int:
        return 1

    def get(self) -> object:
        """Give what is held."""
        return self.held

    def take(self, value: object) -> bool:
        """Be given something."""
        return value is not self


def make_oso(policy: str, compiled: bool, private: list[str] | None = None) -> Oso:
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Doc, private=private or [])
    oso.load_str(policy)
    return oso


READS = {
    'allow(_: User, "read", d: Doc) if d._id = 1;': "'_id' of a Doc",
    'allow(_, "read", d) if d._id = 1;': "'_id' of a Doc",
    'allow(_, "read", d) if not d._id = 2;': "'_id' of a Doc",
    'allow(_, "read", d) if forall(x = 1, d._id = x);': "'_id' of a Doc",
    'allow(_, "read", d) if d.("_id") = 1;': "'_id' of a Doc",
    'allow(_, "read", d) if name in ["_id"] and d.(name) = 1;': "'_id' of a Doc",
    'allow(_: User, "read", _: Doc{_id: 1});': "'_id' of a Doc",
    'allow(_, "read", d) if d matches {_id: 1};': "'_id' of a Doc",
    'allow(_, "read", d) if not d matches {_id: 2};': "'_id' of a Doc",
    'allow(_, "read", d) if x in [d] and x._id = 1;': "'_id' of a Doc",
    'allow(_, "read", d) if f(d); f(x) if x._id = 1;': "'_id' of a Doc",
    'allow(_, "read", d) if x.held = d.held and x = d and y = x._id and y = 1;': "'_id' of a Doc",
}
OTHERS = {
    'allow(_, "read", d) if d._method() = 1;': "'_method' of a Doc",
    'allow(_, "read", d) if d.point._fields = 1;': "'_fields' of a Point",
    'allow(_, "read", d) if d.point._asdict() = 1;': "'_asdict' of a Point",
    'allow(_, "read", d) if d.color._value_ = 1;': "'_value_' of a Color",
    'allow(_, "read", d) if d.pair._x = 1;': "'_x' of a tuple",
    'allow(_, "read", d) if d.held._x = 1;': "'_x' of a NoneType",
    'allow(_, "read", _) if Doc._shared = 1;': "'_shared' of a Doc",
    'allow(u: User, "read", d: Doc) if u._key = d.held;': "'_key' of a User",
    'allow(u: User, "read", _: Doc) if u._missing = 1;': "'_missing' of a User",
}


@BOTH
@pytest.mark.parametrize(("policy", "named"), (READS | OTHERS).items())
def test_private_name_is_refused(policy: str, named: str, compiled: bool) -> None:
    """However a private name is written, reading it is an error and not an answer."""
    oso = make_oso(policy, compiled)

    with pytest.raises(PolarRuntimeError) as caught:
        oso.is_allowed(User(), "read", Doc())

    assert f"{named} is not for policies: names that begin with an underscore are private" in str(
        caught.value
    )


@BOTH
@pytest.mark.parametrize(
    "policy", [policy for policy in READS if "not" not in policy and "x.held" not in policy]
)
def test_private_name_is_read_where_its_class_opened_it(policy: str, compiled: bool) -> None:
    """``register_class`` opens the names that it is told of."""
    oso = make_oso(policy, compiled, ["_id"])

    assert oso.is_allowed(User(), "read", Doc()) is True


@BOTH
def test_private_name_is_open_in_subclasses(compiled: bool) -> None:
    """What a class opened is open in the classes that derive from it."""

    class Memo(Doc):
        pass

    oso = make_oso('allow(_, "read", d) if d._id = 1;', compiled, ["_id"])

    assert oso.is_allowed(User(), "read", Memo()) is True


@BOTH
def test_private_name_that_was_not_opened_stays_refused(compiled: bool) -> None:
    """One name is opened and no other."""
    oso = make_oso('allow(_, "read", d) if d._method() = 1;', compiled, ["_id"])

    with pytest.raises(PolarRuntimeError, match="'_method' of a Doc is not for policies"):
        oso.is_allowed(User(), "read", Doc())


def test_private_name_says_how_to_open_it() -> None:
    """The error has the place, and the call that opens the name."""
    oso = make_oso('allow(_, "read", d) if d._id = 1;', compiled=True)

    with pytest.raises(PolarRuntimeError) as caught:
        oso.is_allowed(User(), "read", Doc())

    assert str(caught.value).splitlines()[0] == (
        "'_id' of a Doc is not for policies: names that begin with an underscore are private."
        " Give the class a property with another name, or open this one:"
        " 'register_class(Doc, private=[\"_id\"])'. at line 1, column 24:"
    )


@BOTH
@pytest.mark.parametrize(
    "condition",
    ["d.data._id = 1", "d.data matches {_id: 1}", 'd.data.("_id") = 1', '["_id", 1] in d.data'],
)
def test_key_of_a_dictionary_is_no_name(condition: str, compiled: bool) -> None:
    """A dictionary may have keys that begin with an underscore, as documents of MongoDB do."""
    oso = make_oso(f'allow(_, "read", d) if {condition};', compiled)

    assert oso.is_allowed(User(), "read", Doc()) is True


@pytest.mark.parametrize("name", ["id", "__dict__", "", 1])
def test_name_that_cannot_be_opened_is_refused(name: t.Any) -> None:
    """Names without an underscore are open, and those of Python's own stay closed."""
    with pytest.raises(TypeError) as caught:
        Oso().register_class(Doc, private=[name])

    assert str(caught.value) == (
        f"'private' takes names that begin with one underscore, not {name!r}. Other names"
        " are open anyway, and those with two underscores are Python's own."
    )


def test_one_text_is_no_list_of_private_names() -> None:
    """A string would open a name for each of its letters."""
    with pytest.raises(TypeError) as caught:
        Oso().register_class(Doc, private="_id")

    assert str(caught.value) == "'private' takes a list of names. Write 'private=['_id']'."


# -- sessions, connections, engines ----------------------------------------------------------

ENGINE = sa.create_engine("sqlite://")


class Owner:
    """Keeps a session alive, for a weak proxy."""

    session = orm.Session(ENGINE)


HELD: dict[str, t.Callable[[], t.Any]] = {
    "Session": lambda: orm.Session(ENGINE),
    "Connection": ENGINE.connect,
    "Engine": lambda: ENGINE,
    "Transaction": lambda: ENGINE.connect().begin(),
    "sessionmaker": lambda: orm.sessionmaker(ENGINE),
    "scoped_session": lambda: orm.scoped_session(orm.sessionmaker(ENGINE)),
    "AsyncSession": AsyncSession,
    "Pool": lambda: ENGINE.pool,
    "connection of a driver": lambda: ENGINE.raw_connection().driver_connection,
    "cursor of a driver": lambda: ENGINE.raw_connection().cursor(),
    "local proxy": lambda: LocalProxy(lambda: Owner.session),
    "weak proxy": lambda: weakref.proxy(Owner.session),
}
GIVEN = [
    'allow(_: User, "read", d: Doc) if d.held = 1;',
    'allow(_: User, "read", d: Doc) if d.held.bind = 1;',
    'allow(_: User, "read", d: Doc) if not d.held = 1;',
    'allow(_: User, "read", _: Doc{held: _});',
    'allow(_: User, "read", d: Doc) if d.get() = 1;',
    'allow(_: User, "read", d: Doc) if d.take(d.get());',
    'allow(_: User, "read", d: Doc) if _ in d.listed;',
    'allow(_: User, "read", d: Doc) if x in d.listed and x.bind = 1;',
    'allow(_: User, "read", d: Doc) if x in d.listed and d.take(x);',
    'allow(_: User, "read", d: Doc) if x in d.listed and f(x); f(_);',
    'allow(_: User, "read", d: Doc) if [x] = d.listed and d.take(x);',
    'allow(_: User, "read", d: Doc) if [x, *_] = d.listed and d.take(x);',
    'allow(_: User, "read", d: Doc) if forall(x in d.listed, x = 1);',
    'allow(_: User, "read", d: Doc) if x in d.nested and y in x and d.take(y);',
    'allow(_: User, "read", d: Doc) if d.take(d.nested);',
    'allow(_: User, "read", d: Doc) if d.listed.__getitem__(0).bind = 1;',
    'allow(_: User, "read", d: Doc) if x in d.pair and d.take(x);',
    'allow(_: User, "read", d: Doc) if d.pair.__getitem__(0).bind = 1;',
    'allow(_: User, "read", d: Doc) if d.entries.key = 1;',
    'allow(_: User, "read", d: Doc) if d.take(d.entries.key);',
    'allow(_: User, "read", d: Doc) if [_, x] in d.entries and d.take(x);',
]


@pytest.fixture(autouse=True)
def disposed() -> Iterator[None]:
    yield
    ENGINE.dispose()


@pytest.mark.each(4)
@BOTH
@pytest.mark.parametrize("policy", GIVEN)
@pytest.mark.parametrize("make", HELD.values(), ids=HELD)
def test_database_is_never_given_to_a_policy(
    make: t.Callable[[], t.Any], policy: str, compiled: bool
) -> None:
    """No attribute, result, element or item gives a policy a session, connection or engine."""
    oso = make_oso(policy, compiled)
    held = make()

    with pytest.raises(PolarRuntimeError, match="are not for policies: they lead to the whole"):
        oso.is_allowed(User(), "read", Doc(held))


@BOTH
@pytest.mark.parametrize("wrapped", [lambda held: held, lambda held: [held]], ids=["it", "list"])
def test_session_is_no_argument(wrapped: t.Callable[[t.Any], t.Any], compiled: bool) -> None:
    """A session that is asked about is refused, whatever the rules look at."""
    oso = make_oso('allow(_, "read", _);', compiled)

    with pytest.raises(PolarRuntimeError, match="Objects of 'Session' are not for policies"):
        oso.is_allowed(User(), "read", wrapped(orm.Session(ENGINE)))


@pytest.mark.parametrize("make", HELD.values(), ids=HELD)
def test_database_is_no_constant(make: t.Callable[[], t.Any]) -> None:
    """What leads to the database cannot be registered."""
    with pytest.raises(PolarRuntimeError) as caught:
        Oso().register_constant(make(), "db")

    assert str(caught.value).endswith(
        "are not for policies: they lead to the whole database. Give the policy rows, or a method"
        " that answers the question."
    )


@BOTH
def test_session_that_a_rule_makes_is_refused(compiled: bool) -> None:
    """``new`` gives no session either."""
    oso = Oso(compiled=compiled)
    oso.register_class(orm.Session)
    oso.load_str('allow(_, "read", _) if x = new Session() and x.autoflush;')

    with pytest.raises(PolarRuntimeError, match="Objects of 'Session' are not for policies"):
        oso.is_allowed("ana", "read", 1)


@BOTH
@pytest.mark.parametrize(
    "condition", ["x in d.listed and x.maxsize > 0", "x in d.listed and d.take(x)"]
)
def test_module_in_a_list_is_refused(condition: str, compiled: bool) -> None:
    """An element that leads to the whole program is refused as an attribute is."""
    oso = make_oso(f'allow(_, "read", d) if {condition};', compiled)

    with pytest.raises(PolarRuntimeError, match="A module is not for policies"):
        oso.is_allowed(User(), "read", Doc(enum))


def test_models_with_asynchronous_attributes_are_no_sessions() -> None:
    """``AsyncAttrs`` of SQLAlchemy, which models derive from, leads nowhere."""
    from sqlalchemy.ext.asyncio import AsyncAttrs

    class Base(AsyncAttrs, orm.DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "row"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    oso = Oso()
    oso.register_class(Row)
    oso.load_str('allow(_, "read", r: Row) if r.id = 1;')

    assert oso.is_allowed("ana", "read", Row(id=1)) is True


# -- lists ---------------------------------------------------------------------------------


class Base(orm.DeclarativeBase):
    """The models of the lists."""


class Person(Base):
    """Who owns notes."""

    __tablename__ = "person"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    _code: orm.Mapped[str]


class Note(Base):
    """What is listed."""

    __tablename__ = "note"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("person.id"))
    _secret: orm.Mapped[str]
    owner: orm.Mapped[Person] = orm.relationship()


LISTED = [
    'allow(_, "read", n: Note) if n._secret = "s";',
    'allow(_, "read", n: Note) if not n._secret = "t";',
    'allow(_, "read", _: Note{_secret: "s"});',
    'allow(_, "read", n: Note) if n matches {_secret: "s"};',
    'allow(_, "read", n: Note) if n.("_secret") = "s";',
    'allow(_, "read", n: Note) if n.owner._code = "c";',
]
#: Checks of rows with another owner do not raise.
LISTED_FOR_SOME = [
    'allow(_, "read", n: Note) if n.owner matches Person{_code: "c"};',
    'allow(p: Person, "read", n: Note) if n.owner = p and p._code = "c";',
]


def listed(policy: str, private: list[str]) -> list[int]:
    oso = Oso()
    oso.register_class(Person, private=[name for name in private if name == "_code"])
    oso.register_class(Note, private=[name for name in private if name == "_secret"])
    register_models(oso, Base)
    oso.load_str(policy)
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        person = Person(id=1, _code="c")
        session.add_all([person, Note(id=1, owner_id=1, _secret="s")])
        session.commit()
        try:
            return [note.id for note in session.scalars(oso.authorized_query(person, "read", Note))]
        finally:
            session.close()
            engine.dispose()


@pytest.mark.parametrize("policy", LISTED)
def test_private_column_is_refused_in_a_list(policy: str) -> None:
    """A list raises what the check of a row does."""
    with pytest.raises(PolarRuntimeError, match=r"of a (Note|Person) is not for policies"):
        listed(policy, [])


@pytest.mark.parametrize("policy", LISTED_FOR_SOME)
def test_row_whose_check_reads_a_private_column_is_not_listed(policy: str) -> None:
    """A list raises where every check does, and leaves out the rows whose check does."""
    assert listed(policy, []) == []


@pytest.mark.parametrize("policy", [*LISTED, *LISTED_FOR_SOME])
def test_private_column_that_was_opened_is_listed(policy: str) -> None:
    """A column is a condition where its class opened the name."""
    assert listed(policy, ["_secret", "_code"]) == [1]
