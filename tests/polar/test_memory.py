"""What a policy takes of memory: an application has one of them in each of its processes."""

from __future__ import annotations

import ast
import gc
import tracemalloc
import typing as t
import weakref
from collections.abc import Iterator

import pytest

from flask_oso import Oso
from tests.support.policies import make_oso

RULES = 2_000
FACT = 'allow("user{0}", "read", "doc{0}");\n'
CONDITIONS = (
    'allow(user: User, "action{0}", document: Document) if\n'
    '  user.department = "department{0}" and document.level <= {0} and not document.secret;\n'
)
ROLES = (
    'allow(user: User, "action{0}", document: Document) if\n'
    '  has_role(user, "role{0}", document.team) and document.department = user.department;\n'
    'has_role(_: User, "role{0}", _);\n'
)


class User:
    department = "department0"


class Document:
    level = 0
    secret = False
    department = "department0"
    team = "team0"


@pytest.fixture
def _traced() -> Iterator[None]:
    # What a first load imports, and the tables of the parser, are not part of a policy.
    made_with(FACT, 1)
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


def made_with(rule: str, number: int) -> Oso:
    return make_oso("".join(map(rule.format, range(number))), User, Document)


@pytest.mark.each(3)
@pytest.mark.usefixtures("_traced")
@pytest.mark.parametrize(("rule", "bytes_each"), [(FACT, 950), (CONDITIONS, 3_700), (ROLES, 4_500)])
def test_policy_is_small(rule: str, bytes_each: int) -> None:
    """10,000 rules with conditions take 37 megabytes at most, texts and places included."""
    before, _ = tracemalloc.get_traced_memory()

    oso = made_with(rule, RULES)

    after, _ = tracemalloc.get_traced_memory()
    assert oso.host
    assert after - before < bytes_each * RULES


@pytest.mark.full
@pytest.mark.usefixtures("_traced")
def test_load_takes_little_more_than_what_it_makes() -> None:
    """Tokens, and rules as they were parsed, go as soon as they are read."""
    before, _ = tracemalloc.get_traced_memory()

    oso = made_with(CONDITIONS, RULES)

    after, most = tracemalloc.get_traced_memory()
    assert oso.host
    assert most - before < (after - before) * 1.4


def code_that_is_kept() -> int:
    gc.collect()
    return sum(issubclass(type(each), ast.AST) for each in gc.get_objects())


@pytest.mark.parametrize("condition", ["a = 1", "print(a)"], ids=["compiled", "left to the solver"])
def test_code_that_was_written_is_not_kept(condition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions stay, and why there is none; what they were made from goes."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    kept = []
    # What all functions are made from is read with the first one, and stays.
    osos = Oso(), Oso()
    for oso in osos:
        oso.load_str(f"allow(a, _, _) if {condition};")

        assert oso.is_allowed(1, 2, 3)
        kept.append(code_that_is_kept())

    assert kept[0] == kept[1]


@pytest.mark.full
@pytest.mark.usefixtures("_traced")
def test_functions_of_a_policy_are_small() -> None:
    """10,000 rules on 1,000 classes take 60 megabytes at most when all questions were asked."""
    before, _ = tracemalloc.get_traced_memory()
    classes = [type(f"Doc{n}", (), {"owner": None}) for n in range(100)]
    oso = Oso()
    for cls in (User, *classes):
        oso.register_class(cls)
    rule = 'allow(user: User, "action{}", doc: {}) if doc.owner = user;'
    actions = [f"action{n}" for n in range(10)]
    oso.load_str("".join(rule.format(n, cls.__name__) for n in range(10) for cls in classes))

    answers = {oso.is_allowed(User(), action, cls()) for action in actions for cls in classes}

    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    assert answers == {False}
    assert after - before < 6_000 * 1_000


def test_policy_that_was_replaced_is_freed() -> None:
    """What was compiled for it, and what was asked of it, keeps nothing of it alive."""
    oso, user, document = made_with(ROLES, 3), User(), Document()
    old: list[t.Any] = [weakref.ref(oso.engine), weakref.ref(oso.engine.policy)]
    oso.is_allowed(user, "action0", document)
    oso.authorized_actions(user, document)
    oso.filter(user, "action1", [document])

    oso.load_str(CONDITIONS.format(0), replace=True)
    oso.is_allowed(user, "action0", document)
    gc.collect()

    assert [each() for each in old] == [None, None]
