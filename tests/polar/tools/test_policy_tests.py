"""Tests that stand in a policy: how they end, and what they say of what does not hold."""

from __future__ import annotations

import abc
import dataclasses
import gc
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso.polar.exceptions import ValidationError
from flask_oso.polar.sources import Span
from flask_oso.polar.tools.policy_tests import (
    Outcome,
    PolicyTestResult,
    RulesReached,
    run_policy_tests,
)
from flask_oso.polar.tools.stubs import make_stub_class
from tests.support.policies import make_engine, make_host


class User:
    """Who acts."""

    limit = 3

    @property
    def is_known(self) -> bool:
        return self.name != ""  # type: ignore[attr-defined,no-any-return]  # the test gives it


class Admin(User):
    """A user with a class of its own."""


@dataclasses.dataclass
class Note:
    """What users write."""

    author: User
    public: bool = False


class Base(orm.DeclarativeBase):
    """The tables of pages."""


class Page(Base):
    """A mapped class."""

    __tablename__ = "pages"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("pages.id"))
    owner: orm.Mapped[Page] = orm.relationship()


class Shape(abc.ABC):
    """An abstract class."""

    @abc.abstractmethod
    def area(self) -> int: ...


CLASSES = (User, Admin, Note, Page, Shape)
HOST = make_host(*CLASSES)
POLICY = """
allow(_: User, "read", note: Note) if note.public;
allow(user: User, action, note: Note) if action in ["read", "edit"] and note.author = user;
allow(user: User, "read", page: Page) if page.title = "x" and has_role(user, "reader", page);
allow(user: User, "wave", _: Note) if user.is_known and user.limit = 3;
allow(_: Admin, "boss", _: Note);
allow(_: User, "any", _);
has_role(_: Admin, "reader", _: Page);
"""
FIXTURE = """
test fixture ana { note: Note{"n", author: User{"ana", name: ""}, public: false}; }
"""


def run(text: str) -> PolicyTestResult:
    """Run the only test of a policy with the rules above."""
    (result,) = run_policy_tests(make_engine(POLICY + FIXTURE + text, host=HOST))
    return result


def failures(inside: str) -> list[str]:
    """Give what a test with this setup and these assertions says."""
    result = run(f'test "t" {{ {inside} }}')
    return [each.message for each in result.failures]


@pytest.mark.parametrize(
    "inside",
    [
        'setup { fixture ana; } assert allow(User{"ana"}, "edit", note);',
        'setup { fixture ana; } assert_not allow(User{"ben"}, "edit", note);',
        'assert_not allow(User{"ben"}, "read", Note{"n", author: User{"ana"}, public: false});',
        'assert allow(User{1}, "read", Note{author: User{2}, public: true});',
        'assert_not allow(User{1}, "read", Note{author: User{"1"}, public: false});',
        'setup { has_role(User{"ana"}, "reader", Page{1, title: "x"}); }'
        ' assert allow(User{"ana"}, "read", Page{1});'
        ' assert_not allow(User{"ben"}, "read", Page{1});',
        'assert allow(Admin{"root"}, "read", Page{1, title: "x"});',
        'assert allow(User{"ana", name: "Ana"}, "wave", Note{1});',
        'assert allow(Admin{1}, "boss", Note{1}); assert_not allow(User{1}, "boss", Note{1});',
        'setup { fixture ana; } assert allow(User{"ana"}, a: String, note) iff'
        ' a in ["read", "edit", "any"];',
        'setup { fixture ana; x: User{"ben"}; } assert allow(u: User, "edit", note) iff'
        ' u = User{"ana"};',
        "setup { fixture ana; } assert allow(u: User, a: String, note) iff"
        ' u in [User{"ana"}] and a in ["read", "edit", "any"];',
        'assert allow(User{1}, a: String, Page{1, title: "y"}) iff a = "any";',
        'setup { now "2030-01-01T00:00:00"; } assert allow(u: User, "any", 1);'
        ' assert has_role(Admin{1}, r: String, Page{1}) iff r in ["reader"];',
    ],
)
def test_what_holds_passes(inside: str) -> None:
    """A test whose assertions hold has passed, and says nothing."""
    assert failures(inside) == []


@pytest.mark.parametrize(
    ("inside", "messages"),
    [
        ('assert allow(User{1}, "boss", Note{1});', ["It does not hold."]),
        ('assert_not allow(Admin{1}, "boss", Note{1});', ["It holds."]),
        (
            'setup { fixture ana; } assert allow(User{"ana"}, a: String, note) iff a in ["edit"];',
            ['It also holds for a = "read".', 'It also holds for a = "any".'],
        ),
        (
            'setup { fixture ana; } assert allow(u: User, "edit", note) iff u in [User{"ben"}];',
            [
                'It also holds for u = User{"ana"}.',
                'It does not hold for u = User{"ben"}.',
            ],
        ),
        (
            'setup { x: User{1}; } assert allow(u: User, "boss", Note{1});',
            ["It holds for nothing."],
        ),
        (
            'setup { x: User{"ben", name: ""}; fixture ana; }'
            ' assert_not allow(User{"ben"}, _action: String, note);',
            ['It holds for _action = "any".'],
        ),
        (
            'setup { x: User{"ben", name: ""}; fixture ana; }'
            ' assert_not allow(User{"ben"}, _: String, note);',
            ['It holds for _1 = "any".'],
        ),
        (
            'setup { x: User{"ben", name: ""}; } assert_not allow(_: User, _: String, 1);',
            ['It holds for _0 = User{"ben"} and _1 = "any".'],
        ),
    ],
)
def test_what_does_not_hold_is_told(inside: str, messages: list[str]) -> None:
    """A test fails with each answer that is not the asserted one."""
    assert failures(inside) == messages


def test_failure_has_a_proof() -> None:
    """A failed assertion shows the rules that gave the answer."""
    result = run('test "t" { assert_not allow(Admin{1}, "boss", Note{1}); }')

    assert result.outcome is Outcome.FAILED
    assert "ALLOWED" in result.failures[0].proof


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("", "The test asserts nothing."),
        ('assert allow(User{1}, "edit", Note{1});', "no attribute `author` in this test"),
        ('assert allow(User{1}, "read", Note{1});', "no attribute `public` in this test"),
        ('assert allow(User{1}, "read", Page{1});', "no attribute `title` in this test"),
        ('assert allow(User{1}, "wave", Note{1});', "no attribute `name` in this test"),
        ('assert allow(Usr{1}, "edit", 1);', "No class is registered as `Usr`"),
        ('assert allow(anna, "edit", 1);', "`anna` is no object of this test."),
        ("setup { fixture an; } assert allow(1, 2, 3);", "no fixture `an`. Did you mean `ana`?"),
        ("setup { has_rol(1, 2, 3); } assert allow(1, 2, 3);", "Did you mean `has_role`?"),
        ("setup { has_role(1, 2); } assert allow(1, 2, 3);", "asks for `has_role` with 2 values"),
        ('setup { now "noon"; } assert allow(1, 2, 3);', '"noon" is no time.'),
        ("setup { x: User{1}; x: User{2}; } assert allow(1, 2, 3);", "`x` names two objects"),
        ('assert allow(User{1, a: 1}, "any", [User{1, a: 2}]);', "has two values of `a`"),
        ("assert allow(User{1}, 1, 2) iff a in [1];", "this question has none"),
        ('assert allow(User{1}, a: String, 1) iff b in ["x"];', "`b` is no variable"),
        (
            'setup { x: User{1}; } assert allow(u: User, a: String, 1) iff a in ["x"];',
            "does not say what `u` is",
        ),
        ('assert_not allow(User{1}, a: String, 1) iff a in ["x"];', "`assert … iff …;`"),
        ('assert alow(User{1}, "x", 1);', "alow"),
        ('assert_not allow(Admin{1}, "any", n: Note);', "This test has no object of `Note`"),
        ('assert_not allow(User{1}, "any");', "No rule `allow` has 2 parameters."),
        ("assert_not has_role(r: String, Page{1});", "No rule `has_role` has 2 parameters."),
    ],
)
def test_mistaken_test_is_broken(inside: str, message: str) -> None:
    """A test that names what is not there, or reads what it did not say, is broken."""
    result = run(f'test "t" {{ {inside} }}')

    assert result.outcome is Outcome.BROKEN
    assert message in result.failures[0].message


def test_declared_default_is_not_given() -> None:
    """A value that a class declares is to be given also where Python evaluates it later."""
    names: dict[str, t.Any] = {}
    text = "class Memo:\n    public: bool = False"
    exec(compile(text, "deferred_annotations", "exec", dont_inherit=True), names)
    policy = 'allow(_, "read", memo: Memo) if memo.public; test "t" { assert_not allow(1, "read", '

    (result,) = run_policy_tests(
        make_engine(policy + "Memo{1}); }", host=make_host(names["Memo"])),
    )

    assert result.outcome is Outcome.BROKEN
    assert "no attribute `public` in this test" in result.failures[0].message


def test_fixtures_of_one_name_are_refused() -> None:
    """None of two fixtures takes the place of the other."""
    result = run(
        f'{FIXTURE} test "t" {{ setup {{ fixture ana; }} assert_not allow(note, "any", 1); }}'
    )

    assert result.outcome is Outcome.BROKEN
    assert result.failures[0].message == "There are 2 fixtures `ana`. Give each its own name."


BLOCKS = """
has_role(_: Admin, "root");
has_role(_: Admin, "reader", _: Page);
has_relation(page: Page, "page", _: Note) if page = 1;
actor User {}
global { roles = ["root"]; permissions = ["rest"]; "rest" if "root"; }
resource Page { roles = ["reader"]; permissions = ["read"]; "read" if "reader"; }
resource Note extends Page {
  relations = { page: Page };
  "reader" if "reader" on "page";
  "read" if global "root";
}
has_permission(user: User, "print", page: Page) if has_role(user, "printer", page);
allow(actor, action, resource) if has_permission(actor, action, resource);
"""


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ('setup { has_role(User{1}, "raeder", Note{1}); }', 'the role "raeder" for it'),
        ('setup { has_role(User{1}, "rot"); }', "Did you mean `root`?"),
        ('setup { has_relation(Page{1}, "paeg", Note{1}); }', "Did you mean `page`?"),
        ('setup { has_relation(Note{1}, "paeg", Page{1}); }', "Did you mean `page`?"),
        ('setup { has_permission(User{1}, "x", Page{1}); }', "it tells nothing."),
        ('assert_not has_role(User{1}, "raeder", Note{1});', "Did you mean `reader`?"),
        ('assert_not allow(User{1}, "raed", Note{1});', 'Did you mean "read"?'),
    ],
)
def test_misspelt_name_is_refused(inside: str, message: str) -> None:
    """What no block declares is no fact, and its absence proves nothing."""
    asked = "" if inside.startswith("assert") else 'assert_not allow(User{1}, "read", Note{1});'
    text = f'{BLOCKS} test "t" {{ {inside} {asked} }}'

    (result,) = run_policy_tests(make_engine(text, host=HOST))

    assert result.outcome is Outcome.BROKEN
    assert message in result.failures[0].message


@pytest.mark.parametrize(
    "inside",
    [
        'has_role(User{1}, "reader", Note{1});',
        'has_role(User{1}, "root");',
        'has_role(User{1}, "printer", Note{1});',
        "has_role(User{1}, 3, Note{1});",
        'has_relation(Page{1}, "page", Note{1}); has_role(User{1}, "reader", Page{1});',
    ],
)
def test_declared_and_asked_names_are_facts(inside: str) -> None:
    """A name of a block, of one that it extends, or one that a rule asks for."""
    asked = 'assert_not allow(User{2}, "read", Note{1});'
    text = f'{BLOCKS} test "t" {{ setup {{ {inside} }} {asked} }}'

    (result,) = run_policy_tests(make_engine(text, host=HOST))

    assert result.failures == ()


def test_facts_are_those_of_one_test() -> None:
    """The facts of a test are not there in the next one, and not in the policy."""
    tests = (
        'test "a" { setup { has_role(User{1}, "reader", Page{1, title: "x"}); }'
        ' assert allow(User{1}, "read", Page{1}); }'
        'test "b" { assert_not allow(User{1}, "read", Page{1, title: "x"}); }'
    )
    engine = make_engine(POLICY + tests, host=HOST)

    outcomes = [each.outcome for each in run_policy_tests(engine)]

    assert outcomes == [Outcome.PASSED, Outcome.PASSED]
    assert len(engine.policy.rules["has_role"]) == 1


def test_facts_of_undefined_rules_make_the_policy_load() -> None:
    """A policy whose facts come from tests alone loads, and allows nothing."""
    text = (
        'allow(u, "read", n) if is_open(n) and u matches User;'
        'test "t" { setup { is_open(Note{1}); } assert allow(User{1}, "read", Note{1}); }'
    )
    engine = make_engine(text, host=HOST)

    (result,) = run_policy_tests(engine)

    assert result.outcome is Outcome.PASSED
    assert not engine.ask("allow", User(), "read", Note(User()))


@pytest.mark.parametrize(
    "rules",
    [
        'allow(u, "read", _) if not is_banned(u);',
        'allow(u, "read", _) if not (u.name = 1 or is_banned(u));',
        'allow(u, "read", n) if forall(x in n.users, is_banned(x)) and u = u;',
        'allow(u, "read", _) if not is_bad(u);'
        " is_bad(u) if is_worse(u); is_worse(u) if is_banned(u);",
        'allow(u, _, _) if is_banned(u) and cut and false; allow(_, "read", _);',
        'allow(u, _, _) if is_bad(u) and cut and false; allow(_, "read", _);'
        " is_bad(u) if is_banned(u);",
    ],
)
def test_facts_alone_allow_nothing_under_a_negation(rules: str) -> None:
    """A rule that only tests have facts of is no reason for anything to hold outside of them."""
    facts = "setup { is_banned(User{1}); }"
    text = f'{rules} test "t" {{ {facts} assert allow(User{{2}}, "read", 1); }}'

    with pytest.raises(ValidationError, match="facts of `is_banned`, and a negation depends on"):
        make_engine(text, host=HOST)

    assert make_engine(f"declare is_banned(User); {text}", host=HOST).policy.tests


@pytest.mark.parametrize(
    ("time", "holds"), [("2026-01-02T00:00:00+00:00", True), ("2025-12-31T00:00:00+00:00", False)]
)
def test_clock_stands_still(time: str, holds: bool) -> None:
    """``now`` is the time for ``Datetime.now()``, and for the seconds since 1970."""
    word = "assert" if holds else "assert_not"
    text = (
        "allow(u: User, _, _) if @current_unix_time > u.until;"
        f'test "t" {{ setup {{ now "{time}"; u: User{{1, until: 1767225600}}; }}'
        f" {word} allow(u, 1, 1); }}"
    )

    (result,) = run_policy_tests(make_engine(text, host=HOST))

    assert result.failures == ()


def test_only_wanted_tests_run() -> None:
    """Tests are chosen by their names."""
    engine = make_engine('f(1); test "a" { assert f(1); } test "b" { assert f(2); }')

    results = run_policy_tests(engine, lambda name: name == "b")

    assert [(each.name, each.outcome) for each in results] == [("b", Outcome.FAILED)]


def test_lines_that_no_test_reaches_are_known() -> None:
    """Rules and conditions are counted by the lines where they begin."""
    engine = make_engine('f(1);\nf(x) if\n  g(x);\ng(7);\ntest "a" { assert f(1); }')
    reached = RulesReached()

    list(run_policy_tests(engine, reached=reached))

    missed = [line for _, line in reached.missed(engine.policy)]
    assert (missed, reached.counts(engine.policy)) == ([2, 3, 4], (1, 4))


@pytest.mark.parametrize("cls", CLASSES)
def test_stub_is_an_instance_and_no_subclass_anybody_hears_of(cls: type[t.Any]) -> None:
    """A stub passes the class tests of its class; SQLAlchemy maps no further class."""
    mapped = len([*Base.registry.mappers])

    stub: object = object.__new__(make_stub_class(cls))

    assert isinstance(stub, cls)
    assert len([*Base.registry.mappers]) == mapped
    assert not isinstance(7, Shape)


def _missed_anew(reached: RulesReached) -> int:
    """Load a policy, give how many lines are missed, reach them all, and drop it."""
    gc.collect()
    policy = make_engine('allow("ana", "read", "page");').policy
    missed = [*reached.missed(policy)]
    reached.reach(t.cast(Span, policy.rules["allow"][0].span))
    return len(missed)


@pytest.mark.full
def test_lines_of_a_policy_that_is_gone_are_not_those_of_another() -> None:
    """The next text may get its place in memory."""
    reached = RulesReached()

    missed = [_missed_anew(reached) for _ in range(20)]

    assert missed == [1] * 20
