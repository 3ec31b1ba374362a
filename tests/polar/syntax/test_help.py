"""Run-time errors of a policy say where they are and what would be right."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

import pytest

from flask_oso import Oso, OsoError
from tests.support.models.world import make_oso

CLOCK = (
    "Both sides of an arithmetic operator are numbers. Let a method of a registered class give the"
    " time: `note.at > Clock.hour_ago()`."
)
ITERABLE = (
    "Behind `in` stands a list, a dictionary, a string or an iterable object. One object stands"
    " behind `=`."
)
REGISTER = (
    "Register the class before the policy is loaded: register_class(Person), or with 'models' of"
    " FlaskOso."
)


class Base:
    """Has a class attribute, a property and a method."""

    kind = "document"

    @property
    def is_shared(self) -> bool:
        return t.cast(bool, self.sharde)  # type: ignore[attr-defined]  # that is the point

    def readable_by(self, user: object) -> bool:
        return user is self


@dataclasses.dataclass(slots=True)
class Document(Base):
    """Has slots; its parent has a dictionary."""

    owner: str = "ann"
    _secret: str = "s3cr3t"


def failure(rule: str) -> str:
    """Ask ``f`` about a document, and give the message of the error."""
    oso = make_oso()
    oso.register_class(Document)
    oso.register_constant(Document(), "document")
    oso.load_str(f"{rule}\nallow(_, _, _);")
    with pytest.raises(OsoError) as caught:
        list(oso.query("f(document)"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("condition", "line"),
    [
        ('d.ownr = "ann"', "Did you mean `owner`?"),
        ('d.Owner = "ann"', "Did you mean `owner`?"),
        ("d.knid = 1", "Did you mean `kind`?"),
        ("d.readableby(1)", "Did you mean `readable_by`?"),
        ("not d.ownr = 1", "Did you mean `owner`?"),
        ('d.owner.uper() = "ANN"', "Did you mean `upper`?"),
        ("Document.knd = 1", "Did you mean `kind`?"),
        ("d.owner() = 1", "It is no method. Write `owner` without parentheses."),
        ("d.readable_by", "This is a method. Call it: write `()` behind its name."),
        ("d.owner", "A condition is true or false. Compare this with something."),
        ("d.owner > 3", "Numbers are compared with numbers, strings with strings."),
        ("d.owner + 1 = 2", "Both sides of an arithmetic operator are numbers."),
        ("Datetime.now() - 1 = d", CLOCK),
        ("x = 2 * new Timedelta(1) and x = d", CLOCK),
        ("1 in d", ITERABLE),
        ("x in 1 and x = d", ITERABLE),
        ("d.owner.isalpha().x = d", "true and false have no attributes."),
        ("x.read() and x = d", "Write what gives the variable a value in front of the call."),
        ('d.owner.contains("a")', "Write `x in y` to ask whether y contains x."),
        ("[1].includes(d)", "Write `x in y` to ask whether y contains x."),
        ("d = new Documnt()", "Did you mean `Document`?"),
        ("d = new Person()", REGISTER),
        ("d matches Documnt", "Did you mean `Document`?"),
    ],
)  # fmt: skip
def test_help_at_run_time(condition: str, line: str) -> None:
    """The error shows the condition with a caret, and says what to write behind it."""
    lines = failure(f"f(d) if {condition} and d = d;").splitlines()

    assert lines[-1] == line
    assert lines[-2].endswith("^")
    assert lines[-3].startswith("\t001: ")


@pytest.mark.parametrize("compiled", [True, False])
def test_entry_of_an_object_that_is_a_dictionary(compiled: bool) -> None:
    """Of another class than ``dict``, an entry is no attribute; the message says how to read it."""
    oso = Oso(compiled=compiled)
    oso.load_str('allow(_, "read", doc) if doc.settings.open = true;')
    settings = collections.OrderedDict(open=True)

    with pytest.raises(OsoError, match="Application error") as caught:
        oso.is_allowed("ana", "read", {"settings": settings})

    assert str(caught.value).splitlines()[-1] == (
        "'OrderedDict' is an object here: write `.get(\"open\")` for its entry."
    )


@pytest.mark.parametrize("compiled", [True, False])
def test_attribute_of_nil(compiled: bool) -> None:
    """Where the value is nil, such as a relation that leads nowhere, a pattern is proposed."""
    oso = Oso(compiled=compiled)
    oso.load_str('allow(u, "read", doc) if doc.folder.owner = u;')

    with pytest.raises(OsoError, match="Application error") as caught:
        oso.is_allowed("ana", "read", {"folder": None})

    assert str(caught.value).splitlines()[-1] == (
        "It is `nil` here, which a pattern asks about without failing: `x matches {owner: y}`."
    )


@pytest.mark.parametrize("name", ["_secre", "_secrets", "is_sharde", "nothing_like_it"])
def test_no_proposal(name: str) -> None:
    """Names that begin with an underscore are not proposed, nor names that are not near."""
    assert "_secret`" not in failure(f"f(d) if d.{name} = 1;")


def test_attribute_missing_inside() -> None:
    """An attribute that is missing inside of a property is not taken for the property."""
    message = failure("f(d) if d.is_shared;")

    assert "has no attribute 'sharde'" in message
    assert "Did you mean" not in message


def test_no_value_in_a_message() -> None:
    """A proposal names attributes, and shows no value."""
    assert "s3cr3t" not in failure("f(d) if d.secret = 1;")
