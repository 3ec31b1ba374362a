"""What a load learns of classes, where annotations are text and where Python evaluates them."""

from __future__ import annotations

import sys
import types
import typing as t

import pytest

from flask_oso.polar.host.class_facts import codes, declared, facts_of
from tests.support.policies import make_host, warnings_of

#: What modules begin with. Without it Python evaluates annotations when they are read, since 3.14;
#: before, a class could not name what is imported for type checkers only.
BEGINNINGS = [
    "from __future__ import annotations",
    *(["'Deferred.'"] if sys.version_info >= (3, 14) else []),
]
MODULE = """
class User:
    name: str
    team: Team

    @property
    def home(self) -> Team | None:
        return None

class Note:
    owner: User
    size: int
"""


@pytest.fixture(name="module", params=BEGINNINGS)
def fixture_module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """Give a module in which the class ``Team`` exists for type checkers only."""
    module = types.ModuleType("deferred_annotations")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    text = f"{request.param}\n{MODULE}"
    exec(compile(text, module.__name__, "exec", dont_inherit=True), vars(module))
    return module


def test_names_are_declared(module: t.Any) -> None:
    """A class declares the names that have annotations."""
    assert [*declared(module.User)] == ["name", "team"]
    assert [*declared(module.Note)] == ["owner", "size"]


def test_comparison_warns_beside_an_unknown_name(module: t.Any) -> None:
    """One name that is known to type checkers only leaves the others as they are."""
    rule = "f(u: User, n: Note) if n.owner.name = 1 and n.size = u.home;"

    (found,) = warnings_of(rule, host=make_host(module.User, module.Note))

    assert found.startswith("n.owner.name is a string, 1 is a number: they are never equal")


def test_unknown_name_is_found_among_registered_classes(module: t.Any) -> None:
    """What type checkers alone know is looked up by its name, as it is in a text."""
    team = type("Team", (), {"__module__": module.__name__})
    rule = "f(u: User) if u.team = 1 and u.home = 2;"

    found = warnings_of(rule, host=make_host(module.User, team))

    assert [each.partition(":")[0] for each in found] == [
        "u.team is a Team, 1 is a number",
        "u.home is a Team, 2 is a number",
    ]


def test_misspelt_attribute_warns(module: t.Any) -> None:
    """A name that is near a declared one is told of."""
    (found,) = warnings_of("f(u: User) if u.nmae;", host=make_host(module.User))

    assert found.startswith("User has no attribute nmae, did you mean name?")


def test_name_of_a_type_is_no_attribute(module: t.Any) -> None:
    """What annotations mention is not what the code of a class reads."""
    assert [name for code in codes(module.User) for name in code.co_names] == []


def test_facts_stay_when_annotations_are_read(module: t.Any) -> None:
    """The cache of policies knows a class again whose annotations somebody has read."""
    host = make_host(module.Note)
    before = facts_of(module.Note, host)

    assert module.Note.__annotations__["size"] in (int, "int")
    assert facts_of(module.Note, host) == before


if sys.version_info >= (3, 14):

    def test_failing_annotation_says_nothing() -> None:
        """Nobody has evaluated an annotation before, and a load does not fail by it."""
        names: dict[str, t.Any] = {}
        text = "class Note:\n    size: int\n    kind: 1 / 0"
        exec(compile(text, "deferred_annotations", "exec", dont_inherit=True), names)

        assert warnings_of("f(n: Note) if n.size = true;", host=make_host(names["Note"])) == []
