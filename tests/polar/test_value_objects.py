"""Immutable value objects."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing as t
from collections.abc import Iterator

import pytest

from flask_oso.polar import Projection, Relation, nodes
from flask_oso.polar.host import data_adapter
from flask_oso.polar.nodes import Name, Parameter, Rule, Value, Variable
from flask_oso.polar.solver import clauses
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax import policy_test_nodes
from flask_oso.polar.value_objects import Record, ValueObject


def kinds_of(cls: type[ValueObject] = ValueObject) -> Iterator[type[ValueObject]]:
    for kind in cls.__subclasses__():
        # Of a record there are few, and its constructor is that of all records.
        if kind.__module__ in MODULES and not issubclass(kind, Record):
            yield from [kind] if kind.__match_args__ else []
        yield from kinds_of(kind)


MODULES = {each.__name__ for each in (clauses, nodes, policy_test_nodes, data_adapter)}
KINDS = sorted(set(kinds_of()), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS)
def test_value_object_takes_its_fields_in_their_order(kind: type[ValueObject]) -> None:
    """The parameters are the names that equality and archives go by, in their order."""
    parameters = list(inspect.signature(kind).parameters)

    assert tuple(parameters[: len(kind.__match_args__)]) == kind.__match_args__


@pytest.mark.parametrize("kind", KINDS)
def test_value_object_has_no_other_fields(kind: type[ValueObject]) -> None:
    """Beside that there are the place, the note that there are no variables inside, and a reader.

    The reader is what has the entries of a dictionary of the application.
    """
    parameters = list(inspect.signature(kind).parameters)

    assert set(parameters[len(kind.__match_args__) :]) <= {"span", "ground", "entries"}


@pytest.mark.parametrize("kind", KINDS)
def test_value_object_takes_no_other_attributes(kind: type[ValueObject]) -> None:
    """There are many: none has a dictionary."""
    assert kind.__dictoffset__ == 0


def test_statements_are_equal_if_they_say_the_same() -> None:
    """Where a statement stands is not part of it."""
    parameters = (Parameter(Variable("a")), Parameter(Value(1)))

    left = Rule("f", parameters, span=Source("f(a, 1)").span(0, 7))

    assert left == Rule("f", parameters)
    assert hash(left) == hash(Rule("f", parameters))


@pytest.mark.parametrize(
    "other",
    [Rule("g", ()), Rule("f", (), Value(True)), Rule("f", (Parameter(Value(1)),)), Name("f"), "f"],
)
def test_statements_that_say_something_else_differ(other: object) -> None:
    """Statements differ if one of their parts or their kind does."""
    assert Rule("f", ()) != other


def test_value_object_shows_what_it_says() -> None:
    """The text is the call that makes an equal one."""
    assert repr(Projection(int, "real")) == "Projection(source=<class 'int'>, field='real')"


def test_relation_can_be_changed() -> None:
    """Programs for oso 0.27.3 may do so; it has no hash, as there."""
    relation = Relation("one", "Org", "org_id", "id")

    relation.kind = "many"

    assert relation == Relation("many", "Org", "org_id", "id")
    with pytest.raises(TypeError, match="unhashable"):
        hash(relation)


class Place(Record):
    """A record with a default."""

    file: str
    line: int = 1
    names: list[str] = dataclasses.field(default_factory=list)


class Visit(Record, eq=False, frozen=False):
    """A record that equals itself alone."""

    place: Place


def upper(text: str) -> str:
    return text.upper()


class Sign(Place):
    """A record with more fields, one of which is a function."""

    shown: t.Callable[[str], str] = upper


def test_record_is_made_by_position_by_name_and_by_default() -> None:
    """Fields without a value get their defaults, factories a new one each time."""
    place, other = Place("a", line=2), Place("a", 2)

    assert (place.file, place.line, place.names) == ("a", 2, [])
    assert place.names is not other.names


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), (("a", 1, [], 4), {}), (("a",), {"column": 1}), (("a",), {"file": "b"})],
)
def test_record_refuses_other_values_than_its_fields(
    args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
) -> None:
    """A field without a value, and a value without a field, are mistakes."""
    with pytest.raises(TypeError, match="Place"):
        Place(*args, **kwargs)


def test_record_takes_a_function_for_a_value() -> None:
    """It is no method of the record, whether it is given or the default."""
    sign, other = Sign("a"), Sign("a", 2, [], str.lower)

    assert (sign.shown(sign.file), other.shown("B")) == ("A", "b")
    assert sign.replaced(line=2).shown is upper


def test_record_equals_one_with_equal_fields_unless_it_has_an_identity() -> None:
    """Equality is that of value objects, or that of the object itself."""
    place, visit = Place("a"), Visit(Place("a"))

    assert place == Place("a") != Place("b")
    assert visit == visit != Visit(Place("a"))
    assert len({visit, Visit(Place("a"))}) == 2


def test_record_is_replaced_in_some_fields() -> None:
    """What is not named stays, and the record that was asked has not changed."""
    place = Place("a", 2, ["x"])

    assert place.replaced(line=3) == Place("a", 3, ["x"])
    assert place.replaced(file="b").names is place.names
    assert place == Place("a", 2, ["x"])


class Length(Record):
    """A record with a property that is kept."""

    text: str

    @functools.cached_property
    def count(self) -> int:
        return len(self.text)


def test_replaced_record_keeps_fields_alone() -> None:
    """What was calculated of other values is calculated anew, and names are looked at."""
    length = Length("a")

    assert (length.count, length.replaced(text="ab").count) == (1, 2)
    with pytest.raises(TypeError, match="Length takes"):
        length.replaced(count=3)


def test_rare_node_is_replaced_where_it_stands_or_elsewhere() -> None:
    """The place is no field that equality knows, and is replaced as one."""
    source = Source("ab")
    node = nodes.InlineQuery(Value(True), span=source.span(0, 1))

    assert node.replaced(query=Value(False)).span == source.span(0, 1)
    assert node.replaced(span=source.span(1, 2)).span == source.span(1, 2)
    assert nodes.InlineQuery(Value(True)).replaced(query=Value(False)).span is None


def test_record_shows_its_fields() -> None:
    """A record shows its fields, as a dataclass does."""
    assert repr(Place("a")) == "Place(file='a', line=1, names=[])"
