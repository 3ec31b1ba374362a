"""Applications of one test run that load the same policy share what is made of it."""

from __future__ import annotations

import gc
import typing as t
import weakref
from collections.abc import Iterator

import pytest

from flask_oso import Oso, OsoError
from flask_oso.testing import shared_policies
from flask_oso.testing.shared_engines import MAX_SHARED

POLICY = """
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "edit", doc: Doc) if doc.owner = user and user.level >= LEAST;
allow(user: User, "visit", doc: Doc) if doc.folder = user.home;
"""


class User:
    """Who asks."""

    def __init__(self, name: str = "ana", level: int = 1) -> None:
        self.name, self.level, self.home = name, level, Folder()


class Doc:
    """What is asked about."""

    def __init__(self, owner: t.Any = None, folder: t.Any = None) -> None:
        self.owner, self.folder = owner, folder


class Folder:
    """A class that nobody registers."""


class Named(User):
    """One who is known by name."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self.name == other.name

    __hash__ = User.__hash__


class Others:
    """Classes of the same names."""

    class User:
        """Who asks."""

        level = 9


@pytest.fixture(autouse=True)
def sharing() -> Iterator[None]:
    """Share policies in each test."""
    with shared_policies():
        yield


def make(policy: str = POLICY, least: t.Any = 1, user: type = User, doc: type = Doc) -> Oso:
    oso = Oso()
    oso.register_class(user, name="User")
    oso.register_class(doc, name="Doc")
    oso.register_constant(least, "LEAST")
    oso.load_str(policy)
    return oso


def equal_names(self: t.Any, other: t.Any) -> bool:
    return isinstance(other, User) and self.name == other.name


def test_second_object_has_what_the_first_one_made() -> None:
    """It loads and compiles nothing."""
    user, first, second = User(), make(), make()

    assert first.is_allowed(user, "read", Doc(user))
    assert second.engine is first.engine
    assert second.engine.specialized["read"]
    assert second.is_allowed(user, "read", Doc(user))
    assert not second.is_allowed(User(), "read", Doc(user))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"policy": POLICY.replace(">=", ">")}, id="one rule"),
        pytest.param({"least": 2}, id="a constant"),
        pytest.param({"least": True}, id="a constant that is equal"),
        pytest.param({"least": 1.0}, id="a number that is equal"),
        pytest.param({"user": Others.User}, id="a class of the same name"),
    ],
)
def test_what_differs_is_not_shared(other: dict[str, t.Any]) -> None:
    """Each has an engine of its own."""
    first, second = make(), make(**other)

    assert second.engine is not first.engine
    assert make(**other).engine is second.engine


def test_objects_are_constants_by_identity() -> None:
    """Two that are equal may answer differently."""
    one, other = User(), User()

    assert make(least=one).engine is make(least=one).engine
    assert make(least=one).engine is not make(least=other).engine


@pytest.mark.parametrize("least", [[1], {"a": 1}], ids=["a list", "a dictionary"])
def test_what_may_change_is_not_shared(least: t.Any) -> None:
    """A dictionary is read when rules read it."""
    assert make(least=least).engine is not make(least=least).engine


def test_another_class_under_the_name_decides() -> None:
    """It is no instance of the first one."""
    user = User()

    assert make().is_allowed(user, "read", Doc(user))
    assert not make(user=Others.User).is_allowed(user, "read", Doc(user))


def test_class_with_another_equality_is_seen_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it changes after the policy was loaded, and changes back."""
    first = make()
    before = first.is_allowed(User(), "read", Doc(User()))
    with monkeypatch.context() as patched:
        patched.setattr(User, "__eq__", equal_names)
        within = (
            first.is_allowed(User(), "read", Doc(User())),
            make().is_allowed(User(), "read", Doc(User())),
        )
    behind = make()

    assert (before, within) == (False, (True, True))
    assert not behind.is_allowed(User(), "read", Doc(User()))


def test_class_that_changed_at_the_first_question_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was found out of the changed class answers nobody else."""
    first = make(user=Named)
    with monkeypatch.context() as patched:
        patched.delattr(Named, "__eq__")
        within = first.is_allowed(Named(), "read", Doc(Named()))

    assert not within
    assert make(user=Named).is_allowed(Named(), "read", Doc(Named()))


def test_class_that_nobody_registered_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine remembers what it saw of classes that objects lead to."""
    first, user, doc = make(), User(), Doc(folder=Folder())
    before, engine = first.is_allowed(user, "visit", doc), first.engine
    monkeypatch.setattr(Folder, "__eq__", lambda *_: True)
    second = make()

    assert not before
    assert second.engine is not engine
    assert second.is_allowed(user, "visit", doc)
    assert first.is_allowed(user, "visit", doc)


def test_class_that_goes_is_not_kept() -> None:
    """An engine about it goes with it."""
    made = type("Made", (), {"level": 1})
    first, second = make(user=made), make(user=made)
    gone = weakref.ref(made)

    assert first.engine is not second.engine
    del made, first, second
    gc.collect()
    assert gone() is None


def test_few_engines_are_kept() -> None:
    """The oldest ones go."""
    first = make()
    kept = weakref.ref(first.engine)
    latest = [make(least=number) for number in range(2, MAX_SHARED + 2)]

    assert make(least=2).engine is latest[0].engine
    assert make().engine is not first.engine
    del first
    gc.collect()
    assert kept() is None


def test_object_registers_for_itself_alone() -> None:
    """Another one keeps the names that it has."""
    first, second = make(), make()
    second.register_constant(9, "LEAST")
    user = User()

    assert first.is_allowed(user, "edit", Doc(user))
    assert not second.is_allowed(user, "edit", Doc(user))


def test_function_for_fields_is_refused() -> None:
    """It would be one for all that share the names."""
    oso = make()

    with pytest.raises(OsoError, match=r"Assign 'get_field' before the policy is loaded\."):
        oso.host.get_field = lambda *_: str


def test_inline_queries_run_at_each_load() -> None:
    """A policy with some is not shared."""
    text = POLICY + "?= 1 = 1;"

    assert make(text).engine is not make(text).engine


def test_warnings_are_printed_at_each_load(capsys: pytest.CaptureFixture[str]) -> None:
    """As if nothing was shared."""
    text = POLICY + 'allow(_: User, "share", doc: Doc) if doc.oner = 1;'
    printed = []
    for _ in range(2):
        make(text)
        printed.append(capsys.readouterr().out)

    assert printed[0] == printed[1] != ""


def test_mistakes_are_told_for_each(caplog: pytest.LogCaptureFixture) -> None:
    """Each application hears of its own."""
    text = """
        actor User {}
        resource Doc { permissions = ["read"]; roles = ["owner"]; "read" if "owner"; }
        has_role(user: User, "owner", doc: Doc) if doc.owner = user;
        allow(user: User, action: String, doc: Doc) if has_permission(user, action, doc);
    """
    told = []
    for _ in range(2):
        make(text).is_allowed(Doc(), "read", User())
        told.append(len(caplog.messages))

    assert told == [1, 2]


def test_nothing_is_shared_behind_the_block() -> None:
    """Nor within, in another block: the outer one goes on."""
    with shared_policies():
        first = make()

    assert make().engine is first.engine
