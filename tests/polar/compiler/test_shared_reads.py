"""What many rules read of the same objects is read once, before all of them."""

from __future__ import annotations

import enum
import itertools
import typing as t
from decimal import Decimal

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of, specialized
from tests.support.policies import make_oso
from tests.support.sizes import each_of

pytestmark = pytest.mark.usefixtures("compiling")


class User:
    """Who asks."""

    def __init__(self, **fields: t.Any) -> None:
        vars(self).update(fields)


class Doc(User):
    """What is read."""


class Plan(enum.StrEnum):
    """A member is a text."""

    FREE = "f3"


class Odd:
    """It is compared by code of its own."""

    def __eq__(self, other: object) -> bool:
        return other == "f3"

    def __hash__(self) -> int:
        return hash("f3")


COUNT = 12


def rules(text: str) -> str:
    """Give a rule for each of some numbers."""
    return "\n".join(
        f'allow(u: User, "read", d: Doc) if {text.format(number)};' for number in range(COUNT)
    )


#: What each rule asks.
TEXTS = {
    "a search first": '"f{0}" in u.flags and d.feature = "f{0}"',
    "a search last": 'd.feature = "f{0}" and "f{0}" in u.flags',
    "two searches": '"f{0}" in u.flags and "f{0}" in d.feature',
    "a search and more": '"f{0}" in u.flags and d.feature = "f{0}" and d.owner = u',
    "a search alone": '"f{0}" in u.flags and d.owner = u',
    "no search": '"f{0}" in u.flags and not d.feature = "f{0}"',
    "a flag": 'u.flags = "f{0}" and d.feature = "f{0}"',
    "another text": '"g{0}" in u.flags and d.feature = "f{0}"',
    "a number": '"f{0}" in u.flags and d.feature = {0}',
    "a threshold": "u.flags > {0} and d.feature = {0}",
    "a threshold for texts": 'u.flags <= "f{0}" and d.feature = "f{0}"',
    "a threshold that is not met": "not (u.flags >= {0} and d.feature = {0})",
    "another number": "u.flags != {0} and d.feature = {0}",
    "a threshold before a search": "u.flags > {0} and r in d.feature and r = {0}",
    "a search before a search": '"f{0}" in u.flags and r in d.feature and r = "f{0}"',
    "thresholds": "u.flags > {0} and d.feature < {0}",
}
FLAGS: tuple[t.Any, ...] = (
    *(["f3"], ["f3", "g3"], [], ["x", 3, None], ("f3", "f5"), (), {"f3"}, frozenset({"x"})),
    *({"f3": 1}, {"f3": 1}.keys(), {"f3": 1}.values(), "f3", "f", None, 3, ["f3", 1.5, True]),
    *([Plan.FREE], Plan.FREE, [Odd()], [Odd(), "f3"], ["f3", Odd()], {Odd()}, ["f3", ["f3"]]),
    *(0, 7, 2.5, True, float("nan"), Decimal(3), Decimal("nan"), Decimal("snan"), 2**70),
    *(["f3", 2**70], ["\ud800"], iter(["f3"]), [User()], ["f3", User()], ["f3", {"f3": 1}]),
)
FEATURES: tuple[t.Any, ...] = ("f3", "f99", 3, True, None, Plan.FREE, Odd(), ["f3"], 1.0, "\ud800")


def _oso(policy: str, *, compiled: bool) -> Oso:
    return make_oso(policy, User, Doc, compiled=compiled)


@pytest.mark.each(3)
@pytest.mark.parametrize("text", TEXTS)
def test_rules_for_flags_are_answered_as_by_the_solver(text: str) -> None:
    """Answers and errors, for whatever flags and features there are."""
    osos = [_oso(rules(TEXTS[text]), compiled=each) for each in (True, False)]

    differences = []
    for (number, flags), feature in each_of(itertools.product(enumerate(FLAGS), FEATURES), 7):
        found = []
        for oso in osos:
            # An iterator can be read once.
            user = User(flags=iter(["f3"]) if number == _ITERATOR else flags)
            docs = [Doc(feature=feature, owner=user), Doc(feature=feature), Doc(owner=user)]
            found.append([outcome_of(oso, user, "read", doc) for doc in docs[:1]])
            if number != _ITERATOR:
                found[-1] += [outcome_of(oso, user, "read", doc) for doc in docs[1:]]
        if found[0] != found[1]:
            differences.append((flags, feature, found))

    assert differences == []


_ITERATOR = next(at for at, each in enumerate(FLAGS) if hasattr(each, "__next__"))


def test_flags_are_answered_by_a_specialization() -> None:
    """One function looks at the list once, and the feature up."""
    oso = _oso(rules(TEXTS["a search first"]), compiled=True)
    user = User(flags=["f3", "f5"])

    answers = [specialized(oso.engine, user, "read", Doc(feature=f"f{at}")) for at in range(5)]

    assert answers == [False, False, False, True, False]


def test_rules_for_thresholds_are_answered_by_a_specialization() -> None:
    """What a rule wants of the document is looked up, and one threshold compared."""
    oso = _oso(rules(TEXTS["a threshold"]), compiled=True)

    answers = [
        specialized(oso.engine, User(flags=level), "read", Doc(feature=3)) for level in (2, 3, 4, 9)
    ]

    assert answers == [False, False, True, True]


def test_attribute_that_is_missing_is_an_error() -> None:
    """Also one that a rule reads which a test before it leaves out."""
    oso = _oso(rules('"f{0}" in u.flags and d.feature = "f{0}"'), compiled=True)

    assert oso.is_allowed(User(flags=[]), "read", Doc()) is False
    assert outcome_of(oso, User(flags=["f3"]), "read", Doc())[0].__name__ == "PolarRuntimeError"


def test_attributes_are_read_in_the_order_of_the_policy() -> None:
    """In each process: sets of texts have another order with each seed of hashing."""
    names = [f"field{number}" for number in range(10)]
    asked = " and ".join(["u.name = {0}", *(f"d.{each} = {{0}}" for each in names)])
    oso = make_oso(rules(asked), User, Doc)

    code = oso.generated_code('allow(User, "read", Doc)')

    found = sorted(names, key=lambda each: code.index(f"a2.{each}\n"))
    assert found == names or found == names[::-1]
