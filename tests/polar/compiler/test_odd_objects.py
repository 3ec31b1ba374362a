"""Objects that few applications have: compiled rules answer as the solver does."""

from __future__ import annotations

import decimal
import typing as t

import pytest

from flask_oso import Oso

NAN, LOUD = decimal.Decimal("NaN"), decimal.Decimal("sNaN")


class User:
    """An object with any attributes."""

    def __init__(self, **attributes: t.Any) -> None:
        self.__dict__.update(attributes)


class Doc(User):
    """What a user asks about."""


class Broken(User):
    """An object with a property that fails, whose name is like that of another attribute."""

    part = 1

    @property
    def par(self) -> t.Any:
        raise AttributeError("broken")


def outcomes(policy: str, *args: t.Any, times: int = 1) -> list[str]:
    """Give the answer or the error of the solver, and those of compiled rules."""
    found = []
    for is_compiled in (False, True):
        oso = Oso(compiled=is_compiled)
        for cls in (User, Doc, Broken):
            oso.register_class(cls)
        oso.load_str(policy)
        for _ in range(times):
            try:
                found.append(str(oso.is_allowed(*args)))
            except Exception as error:
                found.append(f"{type(error).__name__}: {error}")
    return found


@pytest.mark.parametrize("item", [NAN, LOUD, float("nan")], ids=str)
@pytest.mark.parametrize("other", [NAN, LOUD, 1], ids=str)
@pytest.mark.parametrize("condition", ["u.x in d.xs", "not u.x in d.xs"])
def test_nan_in_a_list(item: t.Any, other: t.Any, condition: str) -> None:
    """A signalling NaN in a list raises, also where what is searched for is no number itself."""
    policy = f'allow(u: User, "read", d: Doc) if {condition};'

    assert len({*outcomes(policy, User(x=item), "read", Doc(xs=[other]))}) == 1


@pytest.mark.parametrize("value", [NAN, LOUD, float("nan"), 1], ids=str)
def test_value_that_is_passed_twice(value: t.Any) -> None:
    """In the solver one term equals itself, whatever its value says."""
    policy = """
        allow(u: User, "read", d: Doc) if x = u.x and same(x, x, d);
        same(a, b, _) if a = b;
        same(a, b, d) if d.next != nil and same(a, b, d.next);
    """

    assert outcomes(policy, User(x=value), "read", Doc(next=None)) == ["True", "True"]


def test_property_that_fails_is_not_taken_for_a_slip() -> None:
    """No other name is proposed for an attribute that is there, however often it was read.

    Python says whose attribute an ``AttributeError`` is about, but not once the call is fast.
    """
    policy = 'allow(_: User, "read", x: Broken) if x.par = 1;'

    found = outcomes(policy, User(), "read", Broken(), times=30)

    assert len({*found}) == 1
    assert "Did you mean" not in found[0]


def fresh_classes() -> tuple[type, type]:
    """Make classes that a test may change."""
    return type("Person", (User,), {}), type("Paper", (User,), {"name": "a"})


def test_equality_that_a_class_gets_later_is_heard_after_a_load() -> None:
    """How objects compare is learnt with the first question, and forgotten with the policy."""
    person, paper = fresh_classes()
    oso = Oso(compiled=True)
    oso.register_class(person)
    oso.register_class(paper)
    policy = 'allow(u: Person, "read", p: Paper) if p.owner = u;'
    oso.load_str(policy)
    question = person(), "read", paper(owner=person())
    before = oso.is_allowed(*question)
    setattr(person, "__eq__", lambda self, other: True)  # noqa: B010

    oso.clear_rules()
    oso.load_str(policy)

    assert (before, oso.is_allowed(*question)) == (False, True)


@pytest.mark.parametrize("is_compiled", [False, True])
def test_attribute_that_a_class_gets_later_is_heard(is_compiled: bool) -> None:
    """A property in place of an attribute is read, also where it fails."""
    person, paper = fresh_classes()
    oso = Oso(compiled=is_compiled)
    oso.register_class(person)
    oso.register_class(paper)
    oso.load_str('allow(_: Person, "read", p: Paper) if p.name = "a";')
    question = person(), "read", paper()
    before = oso.is_allowed(*question)

    paper.name = property(lambda self: "b")  # type: ignore[attr-defined]
    changed = oso.is_allowed(*question)
    paper.name = property(lambda self: 1 / 0)  # type: ignore[attr-defined]

    assert (before, changed) == (True, False)
    with pytest.raises(ZeroDivisionError):
        oso.is_allowed(*question)


def test_object_that_changes_its_class_is_another_object() -> None:
    """What is known of a class is not known of an object that has left it."""
    person, paper = fresh_classes()
    oso = Oso(compiled=True)
    oso.register_class(person)
    oso.register_class(paper)
    oso.load_str('allow(_: Person, "read", _: Paper);')
    actor, resource = person(), paper()
    before = oso.is_allowed(actor, "read", resource)

    actor.__class__ = paper

    assert (before, oso.is_allowed(actor, "read", resource)) == (True, False)
