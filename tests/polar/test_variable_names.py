"""What a rule means does not depend on how its variables are called."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy.orm as orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session

NAMES = [
    *("v", "value_a", "value_1", "value", "_value_a", "_value_1", "_value_2", "_value_3"),
    *("_1", "_2", "_op_1", "_op_2", "_temp_1", "_instance_1", "_rest_1", "_this", "_self", "__1"),
]


class Doc:
    """An object with a number."""

    size = 1


class Base(orm.DeclarativeBase):
    """The models of the lists."""


class Note(Base):
    """A row with a number."""

    __tablename__ = "note"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    size: orm.Mapped[int]


def make_oso(policy: str, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    oso.register_class(Doc)
    oso.register_constant(Doc(), "DOC")
    oso.load_str(f"{policy}\nallow(_, _, _);")
    return oso


def solutions(policy: str, query: str) -> list[dict[str, t.Any]]:
    return [each["bindings"] for each in make_oso(policy).query(query)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("policy", "query"),
    [
        ('f({v}) if {v} != 1 and {v} = "s";', "f(x)"),
        ('f(x) if {v} != 1 and {v} = "s" and x = {v};', "f(x)"),
        ('f(x) if {v} = "s" and DOC.size = 1 and x = {v};', "f(x)"),
        ('f(x) if DOC.size + 1 = 2 and {v} = "s" and x = {v};', "f(x)"),
        ('f(x) if g(_, {v}, _) and x = {v}; g(1, "s", 2);', "f(x)"),
        ('f(x) if y = new Doc() and {v} = "s" and y.size = 1 and x = {v};', "f(x)"),
        ('f(x) if [_, *{v}] = [1, "s"] and [x] = {v};', "f(x)"),
        ("f({v}, DOC.size, {v});", 'f("s", 1, x)'),
        ('g("s");', "DOC.size = 1 and g(x) and {v} = x"),
    ],
)
def test_name_of_a_variable_means_nothing(policy: str, query: str, name: str) -> None:
    """A variable that is called like one that rewriting makes is another one."""
    policy, query = policy.replace("{v}", name), query.replace("{v}", name)

    assert [found["x"] for found in solutions(policy, query)] == ["s"]


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_variable_of_a_query_means_nothing(name: str) -> None:
    """A variable of a query is none that the run made, also where Python gives it back."""
    oso = make_oso("f(x) if DOC.size = x;")
    found = list(oso.query(f"f({name}) and {name} = 1"))

    assert len(found) == 1


@pytest.mark.parametrize("name", NAMES)
def test_constant_may_be_called_like_a_result(name: str) -> None:
    """A constant does not stand for what rewriting computes."""
    oso = Oso()
    oso.register_class(Doc)
    oso.register_constant(5, name)
    oso.load_str('allow(_, "read", d) if d.size = 1 and d.size + 1 = 2 and not d.size = 2;')

    assert oso.is_allowed("ana", "read", Doc()) is True


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solved"])
@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_variable_means_nothing_in_a_decision(name: str, compiled: bool) -> None:
    """A decision by compiled rules, and one of the solver, see no names."""
    oso = Oso(compiled=compiled)
    oso.register_class(Doc)
    oso.load_str(
        f'allow(_, "read", d) if {name} != 1 and d.size = 1 and x = d.size + 1'
        f' and {name} = "s" and x = 2;'
    )

    assert oso.is_allowed("ana", "read", Doc()) is True


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_variable_means_nothing_in_a_list(name: str) -> None:
    """A list sees no names either."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(_, "read", n: Note) if {name} != "s" and {name} = n.size and {name} > 0;')

    with open_session(Base.metadata) as session:
        session.add(Note(id=1, size=1))
        found = [note.id for note in session.scalars(oso.authorized_query("ana", "read", Note))]

    assert found == [1]


@pytest.mark.parametrize("name", NAMES)
def test_what_differs_in_kind_is_refused_under_every_name(name: str) -> None:
    """A value that is known is compared at once, and that is an error under every name."""
    oso = make_oso(f"f({name}) if {name} != 1;")

    with pytest.raises(UnsupportedError, match='Not supported: "s" != 1'):
        list(oso.query('f("s")'))
